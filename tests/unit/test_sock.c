/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sock.h"

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void passing(void **state)
{
	int before = open_fds(), s[2], pipes[2], got = -2;
	uint8_t buf[64];
	size_t n = 0;

	assert_int_equal(lw_sock_pair(SOCK_SEQPACKET, s), LW_OK);
	assert_true(fcntl(s[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(lw_sock_send(s[0], LW_LIT("listener ldap"), pipes[1]), LW_OK);
	assert_int_equal(lw_sock_send(s[0], LW_LIT("plain"), -1), LW_OK);
	assert_int_equal(lw_sock_recv(s[1], buf, sizeof buf, &n, &got), LW_OK);
	assert_bytes((struct lw_bytes){ buf, n }, "listener ldap");
	assert_true(got >= 0 && got != pipes[1]);
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(read(pipes[0], buf, 1), 1);
	close(got);
	assert_int_equal(lw_sock_recv(s[1], buf, sizeof buf, &n, &got), LW_OK);
	assert_bytes((struct lw_bytes){ buf, n }, "plain");
	assert_int_equal(got, -1);

	/* a cut message: its descriptor is not left open */
	assert_int_equal(lw_sock_send(s[0], LW_LIT("longer than four"), pipes[1]), LW_OK);
	got = -2;
	assert_int_equal(lw_sock_recv(s[1], buf, 4, &n, &got), LW_EINVAL);
	assert_int_equal(got, -2);
	assert_int_equal(lw_sock_send(s[0], LW_LIT(""), -1), LW_ELIMIT);

	assert_int_equal(lw_fd_nonblock(s[1], 1), LW_OK);
	assert_int_equal(lw_sock_recv(s[1], buf, sizeof buf, &n, &got), LW_EAGAIN);
	close(s[0]);
	assert_int_equal(lw_sock_recv(s[1], buf, sizeof buf, &n, &got), LW_EUNAVAIL);
	assert_int_equal(lw_sock_send(s[1], LW_LIT("x"), -1), LW_EUNAVAIL);
	close(s[1]);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(open_fds(), before);
}

/* Two descriptors in one message, which we never send. */
static void two_descriptors(void **state)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t) "x", 1 };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof control.buf };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	int before = open_fds(), s[2], got = -2, fds[2] = { 0, 0 };
	uint8_t buf[4];
	size_t n;

	assert_int_equal(lw_sock_pair(SOCK_SEQPACKET, s), LW_OK);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	assert_int_equal(sendmsg(s[0], &h, 0), 1);
	assert_int_equal(lw_sock_recv(s[1], buf, sizeof buf, &n, &got), LW_EINVAL);
	close(s[0]);
	close(s[1]);
	assert_int_equal(open_fds(), before);
}

static void peer(void **state)
{
	uid_t uid = 0;
	gid_t gid = 0;
	pid_t pid = 0;
	int s[2], pipes[2];

	assert_int_equal(lw_sock_pair(SOCK_STREAM, s), LW_OK);
	assert_int_equal(lw_sock_peer(s[0], &uid, &gid, &pid), LW_OK);
	assert_int_equal(uid, geteuid());
	assert_int_equal(gid, getegid());
	assert_int_equal(pid, getpid());
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(lw_sock_peer(pipes[0], &uid, &gid, &pid), LW_EIO);
	close(s[0]);
	close(s[1]);
	close(pipes[0]);
	close(pipes[1]);
}

#define BIG (3 << 20)

static void *drain(void *p)
{
	uint8_t *got = malloc(BIG);

	assert_int_equal(lw_read_full(*(int *)p, got, BIG), LW_OK);
	return got;
}

/* More than a socket or a pipe holds, through nonblocking ends. */
static void whole(void **state)
{
	uint8_t *data = malloc(BIG);

	for (size_t i = 0; i < BIG; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (int kind = 0; kind < 2; kind++) {
		int fds[2];
		pthread_t t;
		void *got;

		assert_int_equal(kind ? pipe(fds) : lw_sock_pair(SOCK_STREAM, fds), 0);
		assert_int_equal(lw_fd_nonblock(fds[0], 1), LW_OK);
		assert_int_equal(lw_fd_nonblock(fds[1], 1), LW_OK);
		assert_int_equal(pthread_create(&t, NULL, drain, &fds[0]), 0);
		assert_int_equal(lw_write_full(fds[1], data, BIG), LW_OK);
		pthread_join(t, &got);
		assert_memory_equal(got, data, BIG);
		free(got);
		assert_int_equal(lw_write_full(fds[1], "abc", 3), LW_OK);
		close(fds[1]);
		assert_int_equal(lw_read_full(fds[0], data, 4), LW_EUNAVAIL);
		if (!kind)
			assert_int_equal(lw_write_full(fds[0], "x", 1), LW_EUNAVAIL); /* and no SIGPIPE */
		close(fds[0]);
	}
	free(data);
}

static void flags(void **state)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(lw_fd_cloexec(fds[0], 1), LW_OK);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lw_fd_cloexec(fds[0], 0), LW_OK);
	assert_false(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lw_fd_nonblock(fds[0], 1), LW_OK);
	assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(lw_fd_nonblock(fds[0], 0), LW_OK);
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(lw_fd_cloexec(fds[0], 1), LW_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passing),
		cmocka_unit_test(two_descriptors),
		cmocka_unit_test(peer),
		cmocka_unit_test(whole),
		cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
