/* SPDX-License-Identifier: Apache-2.0 */
/* lwd --role-selftest ROLE: what the role's sandbox refuses, and that it leaves what the role needs. */
#include "lwd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/crypto.h"
#include "base/err.h"

static int sock = -1, pair[2] = { -1, -1 }; /* made before; the pair for datagrams */
static const char *data_dir;

static long try_connect(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(sock, (struct sockaddr *)&a, sizeof(a));
}

static long try_bind(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return bind(sock, (struct sockaddr *)&a, sizeof(a));
}

static long try_execve(void)
{
	char *args[] = { (char *)(uintptr_t)"true", NULL };

	return execve("/bin/true", args, args + 1);
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_kill_parent(void)
{
	return kill(getppid(), 0);
}

static long try_kill_one(void)
{
	return kill(1, 0);
}

static long try_tkill(void)
{
	return syscall(SYS_tkill, getppid(), 0);
}

static long try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_vm(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

#ifndef LW_SANITIZERS
static long try_tgkill(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long try_clone(void)
{
	long r = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (r == 0)
		_exit(0);
	return r;
}

static long try_exec_map(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
/* What is there, in the clear and under no lock of its own. */
static long try_read_data(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/lwd.conf", data_dir);
	return open(path, O_RDONLY | O_CLOEXEC) >= 0 ? 0 : open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 ? 0 : -1;
}

static long try_read_etc(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_read_proc(void)
{
	return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
}

static long try_rename(void)
{
	return rename("/tmp/lwd-selftest-a", "/tmp/lwd-selftest-b");
}

static long try_write_outside(void)
{
	return open("/tmp", O_RDWR | O_TMPFILE, 0600) >= 0 ? 0 : open("/tmp", O_RDONLY | O_DIRECTORY) >= 0 ? 0 : -1;
}
#endif

static long try_epoll(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

/* A batch of them, as lwd/dgram.c does. */
static long try_datagrams(void)
{
	char out = 'x', in = 0;
	struct iovec to = { &out, 1 }, from = { &in, 1 };
	struct mmsghdr there = { .msg_hdr = { .msg_iov = &to, .msg_iovlen = 1 } },
		       back = { .msg_hdr = { .msg_iov = &from, .msg_iovlen = 1 } };

	if (sendmmsg(pair[0], &there, 1, MSG_DONTWAIT) != 1 || recvmmsg(pair[1], &back, 1, MSG_DONTWAIT, NULL) != 1)
		return -1;
	return in == 'x' ? 0 : -1;
}

static void *nothing(void *arg)
{
	return arg;
}

static long use_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, nothing, NULL) != 0)
		return -1;
	return pthread_join(t, NULL) == 0 ? 0 : -1;
}

static long use_argon2(void)
{
	char phc[LW_PHC_MAX];

	return lw_argon2_hash(LW_LIT("x"), phc) == LW_OK ? 0 : -1;
}

static long use_random(void)
{
	char b[16];

	return getentropy(b, sizeof(b));
}

static long use_file(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/selftest.tmp", data_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || fdatasync(fd) != 0)
		return -1;
	close(fd);
	return unlink(path);
}

enum want { REFUSED, REFUSED_EACCES, WORKS };

static const struct attempt {
	const char *name;
	long (*run)(void);
	enum want want;
	unsigned who; /* 1 << enum lwd_sandbox; 0: all */
} attempts[] = {
	{ "connect", try_connect, REFUSED, 0 },
	{ "bind", try_bind, REFUSED, 0 },
	{ "execve", try_execve, REFUSED, 0 },
	{ "ptrace", try_ptrace, REFUSED, 0 },
	{ "kill of the parent", try_kill_parent, REFUSED, 0 },
	{ "kill of init", try_kill_one, REFUSED, 0 },
	{ "tkill", try_tkill, REFUSED, 0 },
	{ "socket", try_socket, REFUSED, 0 },
	{ "process_vm_readv", try_vm, REFUSED, 0 },
#ifndef LW_SANITIZERS
	{ "tgkill of another process", try_tgkill, REFUSED, 0 },
	{ "clone of a process", try_clone, REFUSED, 0 },
	{ "executable memory", try_exec_map, REFUSED, 0 },
	{ "epoll", try_epoll, REFUSED, 1u << LWD_SANDBOX_KEYD },
	{ "batches of datagrams", try_datagrams, REFUSED, 1u << LWD_SANDBOX_KEYD },
	{ "batches of datagrams", try_datagrams, REFUSED, 1u << LWD_SANDBOX_WEB },
	{ "rename", try_rename, REFUSED, 1u << LWD_SANDBOX_WEB },
	{ "files outside the data directory", try_write_outside, REFUSED_EACCES, 0 },
	{ "the data directory", try_read_data, REFUSED_EACCES, 1u << LWD_SANDBOX_WEB },
	{ "/etc/passwd", try_read_etc, REFUSED_EACCES, 1u << LWD_SANDBOX_WEB },
	{ "/proc", try_read_proc, REFUSED_EACCES, 1u << LWD_SANDBOX_WEB },
#endif
	{ "epoll", try_epoll, WORKS, 1u << LWD_SANDBOX_NETWORK | 1u << LWD_SANDBOX_WEB },
	{ "batches of datagrams", try_datagrams, WORKS, 1u << LWD_SANDBOX_NETWORK },
	{ "threads", use_thread, WORKS, 0 },
	{ "argon2", use_argon2, WORKS, 0 },
	{ "randomness", use_random, WORKS, 0 },
	{ "files in the data directory", use_file, WORKS, 1u << LWD_SANDBOX_KEYD | 1u << LWD_SANDBOX_NETWORK },
};

int lwd_sandbox_selftest(const struct lwd_role *role, const char *dir)
{
	bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */) > 0;
	char err[256] = "";
	int n = 0, bad = 0;

	data_dir = dir;
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0)
		printf("# no socket pair: %s\n", strerror(errno));
	if (lwd_sandbox_enter(role->sandbox, dir, err) != LW_OK) {
		printf("Bail out! %s\n", err);
		return 1;
	}
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		const struct attempt *a = &attempts[i];
		const char *skip = a->want == REFUSED_EACCES && !landlock ? " # SKIP no Landlock here" :
			(a->run == use_file || strcmp(a->name, "the data directory") == 0) && dir == NULL ? " # SKIP no data directory" :
									    NULL;
		bool ok;
		long r;

		if (a->who != 0 && !(a->who & (1u << role->sandbox)))
			continue;
		errno = 0;
		r = skip != NULL ? -1 : a->run();
		ok = a->want == WORKS ? r >= 0 : r < 0 && errno == (a->want == REFUSED ? EPERM : EACCES);
		printf("%s %d - %s: %s %s%s\n", ok || skip != NULL ? "ok" : "not ok", ++n, role->name, a->name,
			a->want == WORKS ? "works" : "is refused", skip != NULL ? skip : "");
		if (!ok && skip == NULL) {
			printf("# returned %ld, %s\n", r, strerror(errno));
			bad++;
		}
	}
	printf("1..%d\n", n);
	fflush(stdout);
	_exit(bad != 0); /* leak checkers trace their process, which is refused now */
}
