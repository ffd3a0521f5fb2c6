/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

#define FDS_MAX 4 /* room to receive, so that extra descriptors can be closed */

static int socket_error(void)
{
	switch (errno) {
	case EAGAIN:
		return LW_EAGAIN;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
	case ECONNREFUSED:
		return LW_EUNAVAIL;
	case EMSGSIZE:
		return LW_ELIMIT;
	}
	return LW_EIO;
}

int lw_sock_send(int sock, struct lw_bytes msg, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)msg.p, msg.n };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (!msg.n || msg.n > LW_SOCK_MSG_MAX)
		return LW_ELIMIT;
	if (fd >= 0) {
		struct cmsghdr *c;

		h.msg_control = control.buf;
		h.msg_controllen = sizeof control.buf;
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	do
		n = sendmsg(sock, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return socket_error();
	return (size_t)n == msg.n ? LW_OK : LW_EIO;
}

/* Descriptors of h to fds; how many. */
static size_t received_fds(struct msghdr *h, int fds[FDS_MAX])
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t have = c->cmsg_len > CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < have && n < FDS_MAX; i++)
			memcpy(&fds[n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
	return n;
}

int lw_sock_recv(int sock, void *buf, size_t max, size_t *ret_n, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { buf, max };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof control.buf };
	int fds[FDS_MAX];
	size_t nfds;
	unsigned reset = 0;
	ssize_t n;

	/* a peer that ended without reading all makes ECONNRESET come once, before its own last words */
	do
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset++)));
	if (n < 0)
		return socket_error();
	nfds = received_fds(&h, fds);
	if (n == 0 || nfds > 1 || h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		return n == 0 ? LW_EUNAVAIL : LW_EINVAL;
	}
	*ret_n = (size_t)n;
	*ret_fd = nfds ? fds[0] : -1;
	return LW_OK;
}

int lw_sock_pair(int type, int ret_fds[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds))
		return LW_EIO;
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return LW_OK;
}

int lw_sock_peer(int sock, uid_t *ret_uid, gid_t *ret_gid, pid_t *ret_pid)
{
	struct ucred c;
	socklen_t n = sizeof c;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &c, &n) || n != sizeof c || c.uid == (uid_t)-1)
		return LW_EIO;
	*ret_uid = c.uid;
	*ret_gid = c.gid;
	*ret_pid = c.pid;
	return LW_OK;
}

/* After a failed call: LW_OK to try again. */
static int wait_again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return LW_OK;
	if (errno != EAGAIN)
		return socket_error();
	return poll(&p, 1, -1) < 0 && errno != EINTR ? LW_EIO : LW_OK;
}

int lw_write_full(int fd, const void *data, size_t n)
{
	const uint8_t *p = data;
	bool sock = true;

	while (n) {
		ssize_t put = sock ? send(fd, p, n, MSG_NOSIGNAL) : write(fd, p, n);
		int err;

		if (put >= 0) {
			p += put;
			n -= (size_t)put;
		} else if (sock && errno == ENOTSOCK) {
			sock = false;
		} else if ((err = wait_again(fd, POLLOUT))) {
			return err;
		}
	}
	return LW_OK;
}

int lw_read_full(int fd, void *data, size_t n)
{
	uint8_t *p = data;

	while (n) {
		ssize_t got = read(fd, p, n);
		int err;

		if (got > 0) {
			p += got;
			n -= (size_t)got;
		} else if (got == 0) {
			return LW_EUNAVAIL;
		} else if ((err = wait_again(fd, POLLIN))) {
			return err;
		}
	}
	return LW_OK;
}

int lw_fd_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		return LW_EIO;
	return LW_OK;
}

int lw_fd_cloexec(int fd, int on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0)
		return LW_EIO;
	return LW_OK;
}
