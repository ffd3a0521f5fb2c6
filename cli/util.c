/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/lwctl.h"

int read_file(struct lwctl *c, const char *path, size_t max, struct lw_bytes *ret)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	uint8_t *buf = lw_alloc(c->arena, max + 2);
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return fail(c, EX_FAILED, "failed", "cannot read %s: %s", path, strerror(errno));
	if (!buf)
		return fail(c, EX_FAILED, "failed", "out of memory");
	while (n <= max && (got = read(fd, buf + n, max + 1 - n)) > 0)
		n += (size_t)got;
	int saved = errno;
	if (fd != STDIN_FILENO)
		close(fd);
	if (got < 0)
		return fail(c, EX_FAILED, "failed", "cannot read %s: %s", path, strerror(saved));
	if (n > max)
		return fail(c, EX_FAILED, "failed", "%s is longer than %zu octets", path, max);
	if (n && buf[n - 1] == '\n')
		n--;
	if (n && buf[n - 1] == '\r')
		n--;
	buf[n] = 0;
	*ret = (struct lw_bytes){ buf, n };
	return 0;
}

int write_out(struct lwctl *c, const char *path, struct lw_bytes data, bool secret)
{
	if (!path) {
		fwrite(data.p, 1, data.n, stdout);
		return 0;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, secret ? 0600 : 0644);
	if (fd < 0)
		return fail(c, EX_FAILED, "failed", "cannot write %s: %s", path, strerror(errno));
	size_t n = 0;
	ssize_t put = 0;
	if (secret && fchmod(fd, 0600) != 0) /* it may have been there */
		put = -1;
	while (put >= 0 && n < data.n && (put = write(fd, data.p + n, data.n - n)) > 0)
		n += (size_t)put;
	if (close(fd) != 0 || put < 0)
		return fail(c, EX_FAILED, "failed", "cannot write %s: %s", path, strerror(errno));
	return 0;
}

void add_pair(struct lwctl *c, struct ctl_request *req, const char *key, struct lw_bytes value)
{
	if (req->npairs % 32 == 0) {
		struct ctl_pair *p = lw_allocn(c->arena, req->npairs + 32, sizeof(*p));
		if (!p)
			exit(fail(c, EX_FAILED, "failed", "out of memory"));
		if (req->npairs)
			memcpy(p, req->pairs, req->npairs * sizeof(*p));
		req->pairs = p;
	}
	req->pairs[req->npairs++] = (struct ctl_pair){ lw_str(key), value };
}

static void drop_args(struct lwctl *c, int at, int n)
{
	memmove(&c->argv[at], &c->argv[at + n], (size_t)(c->argc - at - n) * sizeof(*c->argv));
	c->argc -= n;
}

const char *take_string(struct lwctl *c, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < c->argc; i++) {
		const char *v = c->argv[i];
		if (!strncmp(v, name, n) && v[n] == '=') {
			drop_args(c, i, 1);
			return v + n + 1;
		}
		if (!strcmp(v, name) && i + 1 < c->argc) {
			const char *ret = c->argv[i + 1];
			drop_args(c, i, 2);
			return ret;
		}
	}
	return NULL;
}

int take_options(struct lwctl *c, const struct option_row *rows, size_t n, struct ctl_request *req)
{
	for (size_t r = 0; r < n; r++) {
		const char *v;
		struct lw_bytes value;
		int status;
		if (rows[r].flag) {
			for (int i = 0; i < c->argc; i++)
				if (!strcmp(c->argv[i], rows[r].name)) {
					drop_args(c, i, 1);
					add_pair(c, req, rows[r].key, LW_LIT("1"));
					break;
				}
			continue;
		}
		if (!(v = take_string(c, rows[r].name)))
			continue;
		value = lw_str(v);
		if (rows[r].file && (status = read_file(c, v, 4096, &value)) != 0)
			return status;
		if (rows[r].file && !value.n)
			return fail(c, EX_FAILED, "failed", "%s is empty", v);
		add_pair(c, req, rows[r].key, value);
	}
	for (int i = 0; i < c->argc; i++)
		if (!strncmp(c->argv[i], "--", 2) && c->argv[i][2])
			return fail(c, EX_USAGE_, "usage", "%s is not known here, or lacks its value; see lwctl --help", c->argv[i]);
	return 0;
}
