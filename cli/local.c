/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands that need no running lwd: check, schema. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "cli/lwctl.h"
#include "store/store.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void problem(void *ctx, const char *text)
{
	fprintf(stderr, "lwctl: check: %s\n", text);
}

/* The change log, replayed into an empty environment, must give the same tables. */
static int replay(struct lwctl *c, struct store *store)
{
	char into[] = "/tmp/lwd-replay-XXXXXX", err[256] = "";
	uint8_t hash[32];
	int rc;

	if (!mkdtemp(into))
		return fail(c, EX_FAILED, "failed", "cannot make a folder in /tmp: %s", strerror(errno));
	rc = store_replay(store, into, hash, err);
	nftw(into, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc ? fail(c, EX_FAILED, "failed", "the log does not replay to the same tables: %s", err[0] ? err : lw_strerror(rc)) : 0;
}

int cmd_check(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--replay", "replay", true, false } };
	struct ctl_request req = { 0 };
	struct store *store;
	uint64_t problems = 0;
	char err[256];
	int rc = take_options(c, options, 1, &req);

	if (rc)
		return rc;
	if (c->argc)
		return usage(c, cmd);
	if ((rc = store_open(c->data, STORE_OPEN_READ, &lw_clock_system, &store, err)) != 0)
		return fail(c, EX_CONF, "configuration", "%s", err);
	rc = store_check(store, problem, NULL, &problems);
	if (rc)
		rc = fail(c, EX_FAILED, "failed", "the check could not be finished: %s", lw_strerror(rc));
	else if (problems)
		rc = fail(c, EX_FAILED, "failed", "%" PRIu64 " problems", problems);
	else if (req.npairs)
		rc = replay(c, store);
	store_close(store);
	if (!rc)
		puts("clean");
	return rc;
}

int cmd_schema(struct lwctl *c, const struct command *cmd)
{
	bool list = !strcmp(cmd->verb, "list");
	const struct schema_attr *a;
	const struct schema_class *k;

	if (c->argc != (list ? 0 : 1))
		return usage(c, cmd);
	schema_init();
	if (!list) {
		if ((a = schema_attr(lw_str(c->argv[0]))) != NULL)
			puts(a->definition);
		else if ((k = schema_class(lw_str(c->argv[0]))) != NULL)
			puts(k->definition);
		else
			return fail(c, EX_NOTFOUND, "not-found", "neither an attribute type nor an object class");
		return 0;
	}
	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++)
		printf("attribute  %s\n", a->names[0]);
	for (size_t i = 0; (k = schema_class_at(i)) != NULL; i++)
		printf("class      %s\n", k->names[0]);
	return 0;
}
