/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the control socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/remote.h"

int status_of_code(struct lw_bytes code)
{
	static const struct {
		const char *code;
		int status;
	} rows[] = { { "", EX_DONE }, { "usage", EX_USAGE_ }, { "not-found", EX_NOTFOUND }, { "exists", EX_EXISTS },
		{ "try-again", EX_TRYAGAIN }, { "refused", EX_REFUSED }, { "unsupported", EX_CONF } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lw_eq(code, lw_str(rows[i].code)))
			return rows[i].status;
	return EX_FAILED;
}

static int dial(struct lwctl *c, int *ret)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/run/control.sock", c->data), fd;

	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return fail(c, EX_CONF, "configuration", "the path of %s is too long for a socket", c->data);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return fail(c, EX_FAILED, "failed", "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0) {
		*ret = fd;
		return 0;
	}
	int e = errno;
	close(fd);
	if (e == EACCES || e == EPERM)
		return fail(c, EX_REFUSED, "refused", "only the owner of %s and root may administer it", c->data);
	if (e == ENOENT && access(c->data, F_OK) != 0)
		return fail(c, EX_CONF, "configuration", "there is no %s; make it with lwctl init, or name another with --data", c->data);
	return fail(c, EX_TRYAGAIN, "try-again", "lwd does not run on %s; start it with lwd --data %s", c->data, c->data);
}

static int read_all(int fd, uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = read(fd, p, n);
		if (got <= 0) {
			if (got < 0 && errno == EINTR)
				continue;
			return LW_EIO;
		}
		p += got;
		n -= (size_t)got;
	}
	return LW_OK;
}

static int read_answer(struct lwctl *c, int fd, struct ctl_answer *ret)
{
	uint8_t head[4];
	struct lw_reader r;

	if (read_all(fd, head, 4))
		return LW_EIO;
	lw_reader_init(&r, (struct lw_bytes){ head, 4 });
	uint32_t n = lw_get_u32(&r);
	uint8_t *body = n <= CTL_MAX ? lw_alloc(c->arena, n + 1) : NULL;
	if (!body || read_all(fd, body, n))
		return LW_EIO;
	return ctl_answer_get(c->arena, (struct lw_bytes){ body, n }, ret);
}

static int send_request(int fd, struct ctl_request *req)
{
	struct lw_writer w;
	size_t done = 0;
	ssize_t put = 0;

	lw_writer_init(&w, CTL_MAX);
	w.wipe = true;
	ctl_request_put(&w, req);
	while (!w.err && done < w.n && (put = send(fd, w.p + done, w.n - done, MSG_NOSIGNAL)) > 0)
		done += (size_t)put;
	int rc = w.err || put < 0 ? LW_EIO : LW_OK;
	lw_writer_done(&w);
	return rc;
}

static int exchange(struct lwctl *c, int fd, struct ctl_request *req, void (*item)(struct lwctl *, const struct ctl_answer *))
{
	struct ctl_answer a;

	do {
		if (send_request(fd, req))
			goto lost;
		do {
			if (read_answer(c, fd, &a))
				goto lost;
			if (a.kind == CTL_ITEM)
				item(c, &a);
		} while (a.kind != CTL_END);
		req->verb = LW_LIT("next");
		req->npairs = 0;
	} while (a.more);
	if (a.code.n)
		return fail(c, status_of_code(a.code), (const char *)lw_dup(c->arena, a.code).p, "%.*s", (int)a.text.n, (const char *)a.text.p);
	return 0;
lost:
	return fail(c, EX_TRYAGAIN, "try-again", "the connection to lwd was lost; try again");
}

int call_control(struct lwctl *c, const char *verb, struct ctl_request *req, void (*item)(struct lwctl *, const struct ctl_answer *))
{
	int fd = -1, status;

	req->verb = lw_str(verb);
	if (remote_is(c, req))
		return remote_call(c, req, item);
	if ((status = dial(c, &fd)) != 0)
		return status;
	req->tenant = lw_str(c->tenant);
	status = exchange(c, fd, req, item);
	close(fd);
	return status;
}
