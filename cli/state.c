/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a login leaves behind. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/remote.h"

const char *state_server(struct lwctl *c, const char *said)
{
	const char *host = strncmp(said, "https://", 8) ? said : said + 8;
	size_t n = strlen(host);

	while (n && host[n - 1] == '/')
		n--;
	if (!n || strstr(host, "://"))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)host[i] <= ' ' || strchr("@?#\\\"", host[i]))
			return NULL;
	return lw_printf(c->arena, "https://%.*s", (int)n, host);
}

/* As one file name: what is not of a host's name is encoded. */
static const char *file_name(struct lwctl *c, const char *text)
{
	struct lw_writer w;
	const char *ret;
	char hex[4];

	lw_writer_init(&w, NAME_MAX);
	for (const char *p = text; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || (*p == '.' && p > text);

		snprintf(hex, sizeof(hex), plain ? "%c" : "%%%02X", (unsigned char)*p);
		lw_put_bytes(&w, lw_str(hex));
	}
	ret = w.err ? NULL : (const char *)lw_dup(c->arena, lw_written(&w)).p;
	lw_writer_done(&w);
	return ret;
}

static const char *base(struct lwctl *c)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return lw_printf(c->arena, "%s/lwctl", state);
	return home && *home == '/' ? lw_printf(c->arena, "%s/.local/state/lwctl", home) : NULL;
}

const char *state_path(struct lwctl *c, const char *server, const char *name)
{
	const char *dir = base(c), *host = server ? file_name(c, server + strlen("https://")) : "", *file = file_name(c, name);

	if (!dir || !host || !file)
		return NULL;
	return lw_printf(c->arena, "%s/%s%s%s", dir, host, server ? "/" : "", file);
}

struct lw_bytes state_read(struct lwctl *c, const char *server, const char *name)
{
	const char *path = state_path(c, server, name);
	uint8_t *buf = path ? lw_alloc(c->arena, STATE_SECRET_MAX + 1) : NULL;
	int fd = buf ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return (struct lw_bytes){ NULL, 0 };
	while (n < STATE_SECRET_MAX && (got = read(fd, buf + n, STATE_SECRET_MAX - n)) > 0)
		n += (size_t)got;
	close(fd);
	buf[n] = 0;
	return got < 0 || !n ? (struct lw_bytes){ NULL, 0 } : (struct lw_bytes){ buf, n };
}

/* The folders above the file, each 0700 where it is new. */
static int make_folders(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = 0;
		int rc = mkdir(path, 0700);
		*p = '/';
		if (rc && errno != EEXIST)
			return LW_EIO;
	}
	return LW_OK;
}

int state_write(struct lwctl *c, const char *server, const char *name, struct lw_bytes data)
{
	const char *path = state_path(c, server, name);
	char *temp = path ? lw_printf(c->arena, "%s.XXXXXX", path) : NULL;
	int fd;

	if (!temp)
		return fail(c, EX_CONF, "configuration", "there is no folder to keep a login in: set HOME or XDG_STATE_HOME");
	if (make_folders(temp) || (fd = mkostemp(temp, O_CLOEXEC)) < 0) /* 0600 */
		return fail(c, EX_FAILED, "failed", "cannot write %s: %s", path, strerror(errno));
	bool ok = write(fd, data.p, data.n) == (ssize_t)data.n;
	if (close(fd) != 0 || !ok || rename(temp, path) != 0) {
		int e = errno;
		unlink(temp);
		return fail(c, EX_FAILED, "failed", "cannot write %s: %s", path, strerror(e));
	}
	return 0;
}

void state_remove(struct lwctl *c, const char *server, const char *name)
{
	const char *path = state_path(c, server, name);

	if (path)
		unlink(path);
}
