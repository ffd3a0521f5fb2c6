/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl keytab and key. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/lwctl.h"
#include "keys/keytab.h"

#define KEYTAB_MAX (16u << 20)

/* The file that is added to: a keytab, or nothing yet. */
struct keytab_file {
	char path[PATH_MAX], temp[PATH_MAX + 16]; /* path: links resolved */
	int fd;                                   /* of temp; standard output for "-" */
	struct lw_bytes old;
};

static int read_old(struct lwctl *c, const char *name, struct keytab_file *f)
{
	struct keys_keytab_reader r;
	struct keys_keytab_entry e;
	struct stat st;
	uint8_t *buf;
	ssize_t got = 0;
	size_t n = 0;
	int fd, rc;

	if (!realpath(name, f->path)) {
		if (errno != ENOENT || snprintf(f->path, sizeof(f->path), "%s", name) >= (int)sizeof(f->path))
			return fail(c, EX_FAILED, "failed", "cannot write %s: %s", name, strerror(errno));
		return 0;
	}
	fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		rc = fail(c, EX_FAILED, "failed", "cannot read %s: %s", name, fd < 0 ? strerror(errno) : "it is no file");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	buf = lw_alloc(c->arena, KEYTAB_MAX + 1);
	while (buf && n <= KEYTAB_MAX && (got = read(fd, buf + n, KEYTAB_MAX + 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	if (!buf || got < 0 || n > KEYTAB_MAX)
		return fail(c, EX_FAILED, "failed", "cannot read %s", name);
	f->old = (struct lw_bytes){ buf, n };
	if (!n)
		return 0;
	rc = keys_keytab_open(f->old, &r);
	while (!rc)
		rc = keys_keytab_next(&r, &e);
	return rc == LW_ENOTFOUND ? 0 : fail(c, EX_FAILED, "failed", "%s is no keytab of version 0x0502; it was left as it is", name);
}

/* The new file is open before any key is made, beside the old one: it takes its place as a whole. */
static int open_new(struct lwctl *c, const char *name, struct keytab_file *f)
{
	struct stat st;

	if (snprintf(f->temp, sizeof(f->temp), "%s.XXXXXX", f->path) >= (int)sizeof(f->temp) || (f->fd = mkostemp(f->temp, O_CLOEXEC)) < 0) {
		f->temp[0] = 0;
		return fail(c, EX_FAILED, "failed", "cannot write %s: %s", name, strerror(errno));
	}
	/* a service's keytab stays the service's */
	if (f->old.n && stat(f->path, &st) == 0 &&
		((st.st_uid != geteuid() || st.st_gid != getegid()) && fchown(f->fd, st.st_uid, st.st_gid) != 0))
		return fail(c, EX_FAILED, "failed", "cannot keep the owner of %s: %s", name, strerror(errno));
	return 0;
}

static int put_new(struct lwctl *c, const char *name, struct keytab_file *f, struct lw_bytes keytab)
{
	struct lw_writer w;
	size_t done = 0;
	ssize_t put = 0;
	int status = 0, rc = LW_OK;

	lw_writer_init(&w, 2 * KEYTAB_MAX);
	w.wipe = true;
	if (f->old.n)
		rc = keys_keytab_merge(f->old, keytab, &w);
	else
		lw_put_bytes(&w, keytab);
	while (!rc && !w.err && done < w.n && (put = write(f->fd, w.p + done, w.n - done)) > 0)
		done += (size_t)put;
	if (rc || w.err || done < w.n || (f->temp[0] && (fsync(f->fd) != 0 || rename(f->temp, f->path) != 0)))
		status = fail(c, EX_FAILED, "failed", "cannot write %s: %s", name, rc ? lw_strerror(rc) : strerror(errno));
	else
		f->temp[0] = 0;
	lw_writer_done(&w);
	return status;
}

static struct lw_bytes keytab;
static bool keytab_alone; /* it goes to standard output */

/* Everything but the keys themselves is shown. */
static void keytab_item(struct lwctl *c, const struct ctl_answer *a)
{
	struct ctl_answer shown = *a;

	for (size_t i = 0; i < a->nfields; i++)
		if (lw_eq(a->fields[i].name, LW_LIT("keytab")) && a->fields[i].n)
			keytab = a->fields[i].values[0];
	if (keytab_alone)
		return;
	shown.fields = lw_allocn(c->arena, a->nfields + 1, sizeof(*shown.fields));
	shown.nfields = 0;
	for (size_t i = 0; i < a->nfields && shown.fields; i++)
		if (!lw_eq(a->fields[i].name, LW_LIT("keytab")))
			shown.fields[shown.nfields++] = a->fields[i];
	print_item(c, &shown);
}

int cmd_keytab_get(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--rotate", "rotate", true, false } };
	struct ctl_request req = { 0 };
	struct keytab_file f = { .fd = -1 };
	const char *out = take_string(c, "--out");
	int status = take_options(c, options, 1, &req);

	if (status)
		return status;
	if (c->argc != 1 || !out)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	keytab_alone = !strcmp(out, "-");
	if (keytab_alone)
		f.fd = STDOUT_FILENO;
	else if ((status = read_old(c, out, &f)) == 0)
		status = open_new(c, out, &f);
	if (status)
		goto out;
	print_begin(c, false);
	status = call_control(c, cmd->control, &req, keytab_item);
	if (!status)
		status = keytab.n ? put_new(c, out, &f, keytab) : fail(c, EX_FAILED, "failed", "lwd gave no keytab");
	if (!status && !keytab_alone)
		print_end(c);
out:
	if (f.temp[0])
		unlink(f.temp);
	if (f.fd >= 0 && f.fd != STDOUT_FILENO)
		close(f.fd);
	return status;
}

int cmd_key_rotate(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--algorithm", "alg", false, false }, { "--now", "now", true, false } };
	struct ctl_request req = { 0 };
	int status = take_options(c, options, 2, &req);

	if (status)
		return status;
	if (c->argc != 1)
		return usage(c, cmd);
	add_pair(c, &req, "kind", lw_str(c->argv[0]));
	print_begin(c, true);
	status = call_control(c, cmd->control, &req, print_item);
	if (!status)
		print_end(c);
	return status;
}
