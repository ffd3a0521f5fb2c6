/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl cert and ca. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/lwctl.h"

#define CSR_MAX  16384
#define ROOT_MAX 8192

/* One field of the one item is for a file or for standard output; the rest is shown. */
static const char *wanted;
static struct lw_bytes got;
static bool quiet; /* show nothing else */

static void item_without(struct lwctl *c, const struct ctl_answer *a)
{
	struct ctl_answer shown = *a;
	bool json = c->format == OUT_JSON;

	shown.fields = lw_allocn(c->arena, a->nfields + 1, sizeof(*shown.fields));
	shown.nfields = 0;
	for (size_t i = 0; i < a->nfields; i++) {
		bool it = lw_eq(a->fields[i].name, lw_str(wanted));
		if (it && a->fields[i].n)
			got = a->fields[i].values[0];
		if (shown.fields && (!it || json))
			shown.fields[shown.nfields++] = a->fields[i];
	}
	if (!quiet && shown.fields)
		print_item(c, &shown);
}

int call_for_text(struct lwctl *c, const struct command *cmd, struct ctl_request *req, const char *field, const char *out, bool always, bool secret)
{
	int status;

	wanted = field;
	quiet = !always && !out && c->format != OUT_JSON;
	if (!quiet)
		print_begin(c, false);
	status = call_control(c, cmd->control, req, item_without);
	if (status)
		return status;
	if (!quiet)
		print_end(c);
	if (out && !strcmp(out, "-"))
		out = NULL;
	else if (!out && !quiet)
		return 0;
	return got.n ? write_out(c, out, got, secret) : fail(c, EX_FAILED, "failed", "lwd gave no %s", field);
}

int cmd_cert_issue(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--profile", "profile", false, false }, { "--subject", "subject", false, false } };
	struct ctl_request req = { 0 };
	const char *out = take_string(c, "--out"), *csr = take_string(c, "--csr");
	struct lw_bytes text;
	int status = take_options(c, options, 2, &req);

	if (status)
		return status;
	if (c->argc || !csr)
		return usage(c, cmd);
	if ((status = read_file(c, csr, CSR_MAX, &text)) != 0)
		return status;
	add_pair(c, &req, "csr", text);
	return call_for_text(c, cmd, &req, "pem", out, false, false);
}

int cmd_cert_show(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	const char *out = take_string(c, "--out");

	if (c->argc != 1)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	return call_for_text(c, cmd, &req, "pem", out, true, false);
}

int cmd_cert_revoke(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--reason", "reason", false, false } };
	struct ctl_request req = { 0 };
	int status = take_options(c, options, 1, &req);

	if (status)
		return status;
	if (c->argc != 1)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	return call_control(c, cmd->control, &req, print_item);
}

/* ca show and ca crl: --root, --installation, else the tenant's. */
int cmd_ca_show(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--root", "root", true, false }, { "--installation", "installation", true, false } };
	struct ctl_request flags = { 0 }, req = { 0 };
	const char *out = take_string(c, "--out");
	int status = take_options(c, options, 2, &flags);

	if (status)
		return status;
	if (c->argc || flags.npairs > 1)
		return usage(c, cmd);
	add_pair(c, &req, "of", flags.npairs ? flags.pairs[0].key : LW_LIT("tenant"));
	return call_for_text(c, cmd, &req, "pem", out, false, false);
}

int cmd_ca_rotate(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--algorithm", "alg", false, false }, { "--now", "now", true, false } };
	struct ctl_request req = { 0 };
	int status = take_options(c, options, 2, &req);

	if (status)
		return status;
	if (c->argc)
		return usage(c, cmd);
	add_pair(c, &req, "kind", LW_LIT("ca"));
	print_begin(c, true);
	status = call_control(c, cmd->control, &req, print_item);
	if (!status)
		print_end(c);
	return status;
}

/* A new file, on the disk before anything goes elsewhere. */
static int keep(struct lwctl *c, const char *path, struct lw_bytes what)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return fail(c, errno == EEXIST ? EX_EXISTS : EX_FAILED, errno == EEXIST ? "exists" : "failed", "cannot write %s: %s", path,
			strerror(errno));
	ok = write(fd, what.p, what.n) == (ssize_t)what.n && fsync(fd) == 0;
	if (close(fd) == 0 && ok)
		return 0;
	unlink(path);
	return fail(c, EX_FAILED, "failed", "cannot write %s", path);
}

static int root_export(struct lwctl *c, const char *path)
{
	struct ctl_request req = { 0 };
	int status = call_control(c, "ca.root.export", &req, item_without);

	if (!status && !got.n)
		status = fail(c, EX_FAILED, "failed", "lwd gave no key");
	if (!status)
		status = keep(c, path, got);
	if (status)
		return status;
	req.npairs = 0;
	add_pair(c, &req, "file", got);
	status = call_control(c, "ca.root.export", &req, item_without);
	if (status)
		unlink(path); /* it is still where it was */
	return status;
}

static int root_import(struct lwctl *c, const char *path)
{
	struct ctl_request req = { 0 };
	struct lw_bytes file;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *buf = lw_alloc(c->arena, ROOT_MAX + 1);
	ssize_t n;

	if (fd < 0 || !buf)
		return fail(c, EX_FAILED, "failed", "cannot read %s: %s", path, strerror(errno));
	n = read(fd, buf, ROOT_MAX + 1);
	close(fd);
	if (n <= 0 || n > ROOT_MAX)
		return fail(c, EX_FAILED, "failed", "%s is not an exported key", path);
	file = (struct lw_bytes){ buf, (size_t)n };
	add_pair(c, &req, "file", file);
	return call_control(c, "ca.root.import", &req, item_without);
}

int cmd_ca_root(struct lwctl *c, const struct command *cmd)
{
	wanted = "file";
	quiet = true;
	if (c->argc == 2 && !strcmp(c->argv[0], "export"))
		return root_export(c, c->argv[1]);
	if (c->argc == 2 && !strcmp(c->argv[0], "import"))
		return root_import(c, c->argv[1]);
	return usage(c, cmd);
}
