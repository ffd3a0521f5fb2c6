/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl audit: records as lwd keeps them, a line of JSON each, and whether they are all there as they were written. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/lwctl.h"

static char place[128];
static unsigned bad;

static struct lw_bytes field(const struct ctl_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nfields; i++)
		if (lw_eq(a->fields[i].name, lw_str(name)) && a->fields[i].n)
			return a->fields[i].values[0];
	return (struct lw_bytes){ NULL, 0 };
}

static void put_record(struct lwctl *c, const struct ctl_answer *a)
{
	struct lw_bytes record = field(a, "record"), at = field(a, "place");

	(void)c;
	if (at.n < sizeof(place))
		snprintf(place, sizeof(place), "%.*s", (int)at.n, (const char *)at.p);
	printf("%.*s\n", (int)record.n, (const char *)record.p);
}

/* One look, with memory of its own: there may be very many. */
static int look(struct lwctl *c, const struct command *cmd, struct lw_bytes limit)
{
	struct lw_arena *all = c->arena;
	struct ctl_request req = { 0 };
	int status;

	c->arena = lw_arena_new(64u << 20, true);
	if (!c->arena) {
		c->arena = all;
		return fail(c, EX_FAILED, "failed", "out of memory");
	}
	add_pair(c, &req, "limit", place[0] ? LW_LIT("1000") : limit);
	if (place[0])
		add_pair(c, &req, "after", lw_str(place));
	status = call_control(c, cmd->control, &req, put_record);
	lw_arena_free(c->arena);
	c->arena = all;
	fflush(stdout);
	return status;
}

int cmd_audit_tail(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "-f", "follow", true, false } };
	const struct timespec pause = { 0, 500 * 1000 * 1000 };
	const char *n = take_string(c, "-n");
	struct ctl_request follow = { 0 };
	int status = take_options(c, options, 1, &follow);

	if (status)
		return status;
	if (c->argc)
		return usage(c, cmd);
	place[0] = 0;
	while (!(status = look(c, cmd, lw_str(n ? n : "20"))) && follow.npairs && !ferror(stdout))
		nanosleep(&pause, NULL);
	return status;
}

static void put_chain(struct lwctl *c, const struct ctl_answer *a)
{
	struct lw_bytes good = field(a, "good");

	bad += !lw_eq(good, LW_LIT("true"));
	print_item(c, a);
}

int cmd_audit_verify(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	int status;

	if (c->argc)
		return usage(c, cmd);
	bad = 0;
	print_begin(c, true);
	status = call_control(c, cmd->control, &req, put_chain);
	if (!status)
		print_end(c);
	if (!status && bad)
		return fail(c, EX_FAILED, "failed", "the audit is not as it was written (%u chain%s)", bad, bad == 1 ? "" : "s");
	return status;
}
