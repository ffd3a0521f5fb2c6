/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/message.h"

#include <unistd.h>

#include "base/err.h"
#include "base/sock.h"

int lwd_msg_send(int sock, const struct lwd_msg *m, int fd)
{
	struct lw_writer w;
	int r;

	lw_writer_init(&w, LW_SOCK_MSG_MAX);
	lw_put_u8(&w, (uint8_t)m->type);
	lw_put_u32(&w, m->a);
	lw_put_u32(&w, m->b);
	lw_put_counted(&w, m->text);
	r = w.err != LW_OK ? w.err : lw_sock_send(sock, lw_written(&w), fd);
	lw_writer_done(&w);
	return r;
}

int lwd_msg_parse(struct lw_bytes b, struct lwd_msg *ret)
{
	struct lwd_msg m;
	struct lw_reader r;

	lw_reader_init(&r, b);
	m.type = (enum lwd_msg_type)lw_get_u8(&r);
	m.a = lw_get_u32(&r);
	m.b = lw_get_u32(&r);
	m.text = lw_get_counted(&r, LWD_MSG_TEXT_MAX);
	if (lw_reader_end(&r) != LW_OK || m.type < LWD_MSG_SETUP || m.type >= LWD_MSG_COUNT)
		return LW_EINVAL;
	*ret = m;
	return LW_OK;
}

int lwd_msg_recv(int sock, uint8_t buf[1024], struct lwd_msg *ret, int *ret_fd)
{
	struct lwd_msg m;
	size_t n;
	int fd, r = lw_sock_recv(sock, buf, 1024, &n, &fd);

	if (r != LW_OK)
		return r;
	r = lwd_msg_parse((struct lw_bytes){ buf, n }, &m);
	if (r == LW_OK && (fd >= 0) != (m.type == LWD_MSG_LISTEN || m.type == LWD_MSG_PEER || m.type == LWD_MSG_REGION))
		r = LW_EINVAL;
	if (r != LW_OK) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	*ret = m;
	*ret_fd = fd;
	return LW_OK;
}

int lwd_msg_send_conf(int sock, struct lw_bytes text)
{
	int r = LW_OK;

	while (text.n > 0 && r == LW_OK) {
		size_t n = text.n < LWD_MSG_TEXT_MAX ? text.n : LWD_MSG_TEXT_MAX;

		r = lwd_msg_send(sock, &(struct lwd_msg){ LWD_MSG_CONF, .text = { text.p, n } }, -1);
		text.p += n;
		text.n -= n;
	}
	return r;
}
