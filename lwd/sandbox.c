/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/log.h"

#define K   (1u << LWD_SANDBOX_KEYD)
#define N   (1u << LWD_SANDBOX_NETWORK)
#define W   (1u << LWD_SANDBOX_WEB)
#define KN  (K | N) /* who has files to write */
#define NW  (N | W)
#define ALL (K | N | W)

const struct lwd_syscall lwd_syscalls[] = {
	/* memory, threads, time */
	{ "brk", ALL }, { "mmap", ALL, LWD_CALL_NO_EXEC_MAP }, { "mprotect", ALL, LWD_CALL_NO_EXEC_MAP },
	{ "munmap", ALL }, { "mremap", ALL }, { "madvise", ALL }, { "mincore", ALL }, { "msync", KN }, { "mlock", ALL },
	{ "mlock2", ALL }, { "munlock", ALL }, { "membarrier", ALL }, { "clone", ALL, LWD_CALL_THREAD }, { "futex", ALL },
	{ "set_robust_list", ALL }, { "get_robust_list", ALL }, { "rseq", ALL }, { "set_tid_address", ALL },
	{ "exit", ALL }, { "exit_group", ALL }, { "gettid", ALL }, { "getpid", ALL }, { "getppid", ALL },
	{ "getuid", ALL }, { "geteuid", ALL }, { "getgid", ALL }, { "getegid", ALL }, { "getrandom", ALL },
	{ "clock_gettime", ALL }, { "clock_getres", ALL }, { "clock_nanosleep", ALL }, { "nanosleep", ALL },
	{ "gettimeofday", ALL }, { "time", ALL }, { "sched_yield", ALL }, { "sched_getaffinity", ALL },
	{ "sched_getparam", ALL }, { "sched_getscheduler", ALL }, { "getcpu", ALL }, { "getrusage", ALL },
	{ "sysinfo", ALL }, { "uname", ALL }, { "prctl", ALL, LWD_CALL_PRCTL }, { "restart_syscall", ALL },
	{ "getrlimit", ALL }, { "prlimit64", ALL, LWD_CALL_SELF },
	/* signals of its own (abort) */
	{ "rt_sigaction", ALL }, { "rt_sigprocmask", ALL }, { "rt_sigreturn", ALL }, { "sigaltstack", ALL },
	{ "tgkill", ALL, LWD_CALL_SELF },
	/* descriptors and files; Landlock says which */
	{ "read", ALL }, { "write", ALL }, { "readv", ALL }, { "writev", ALL }, { "pread64", ALL }, { "pwrite64", KN },
	{ "preadv", KN }, { "pwritev", KN }, { "close", ALL }, { "fcntl", ALL }, { "dup", ALL }, { "lseek", ALL },
	{ "fstat", ALL }, { "newfstatat", ALL }, { "stat", ALL }, { "lstat", ALL }, { "statx", ALL }, { "statfs", KN },
	{ "fstatfs", KN }, { "open", ALL }, { "openat", ALL }, { "access", ALL }, { "faccessat", ALL },
	{ "faccessat2", ALL }, { "readlink", ALL }, { "readlinkat", ALL }, { "getcwd", ALL }, { "getdents64", ALL },
	{ "flock", KN }, { "fsync", KN }, { "fdatasync", KN }, { "ftruncate", KN }, { "fallocate", KN },
	{ "rename", KN }, { "renameat", KN }, { "renameat2", KN }, { "unlink", KN }, { "unlinkat", KN },
	{ "link", KN }, { "linkat", KN }, { "mkdir", KN }, { "mkdirat", KN }, { "rmdir", KN }, { "fchmod", KN },
	{ "umask", KN }, { "poll", ALL }, { "ppoll", ALL }, { "eventfd2", ALL }, { "pipe2", ALL },
	/* sockets that it was handed */
	{ "recvmsg", ALL }, { "sendmsg", ALL }, { "recvfrom", ALL }, { "sendto", ALL }, { "shutdown", ALL },
	{ "getsockopt", ALL }, { "setsockopt", ALL }, { "getsockname", ALL }, { "getpeername", ALL },
	/* listeners and loops */
	{ "recvmmsg", N }, { "sendmmsg", N }, { "accept4", NW }, { "epoll_create1", NW }, { "epoll_ctl", NW }, { "epoll_wait", NW }, { "epoll_pwait", NW },
	{ "epoll_pwait2", NW }, { "timerfd_create", NW }, { "timerfd_settime", NW },
};
const size_t lwd_nsyscalls = sizeof(lwd_syscalls) / sizeof(*lwd_syscalls);

/* Builds with sanitizers need calls of their own: everything but these. */
static const char *const refused[] = { "connect", "bind", "listen", "execve", "execveat", "ptrace", "kill", "tkill",
	"process_vm_readv", "process_vm_writev", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "socket",
	"socketpair", "fork", "vfork", "io_uring_setup", "bpf", "userfaultfd", "mount", "unshare", "setns" };

static int add_row(scmp_filter_ctx f, const struct lwd_syscall *row)
{
	static const int names[] = { PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, 0x53564d41 /* PR_SET_VMA */ };
	int r = 0, nr = seccomp_syscall_resolve_name(row->name);

	if (nr == __NR_SCMP_ERROR)
		return 0; /* not on this architecture */
	switch (row->rule) {
	case LWD_CALL_ANY:
		return seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);
	case LWD_CALL_NO_EXEC_MAP:
		return seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	case LWD_CALL_THREAD:
		return seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNS, CLONE_THREAD));
	case LWD_CALL_SELF:
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
		if (r == 0 && strcmp(row->name, "prlimit64") == 0)
			r = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, 0));
		return r;
	case LWD_CALL_PRCTL:
		for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(*names); i++)
			r = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)names[i]));
		return r;
	}
	return -EINVAL;
}

static int enter_seccomp(enum lwd_sandbox which, char err[256])
{
	bool relaxed = false;
	scmp_filter_ctx f;
	int r = 0;

#ifdef LW_SANITIZERS
	relaxed = true;
#endif
	f = seccomp_init(relaxed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	if (f == NULL)
		return LW_ENOMEM;
	if (relaxed) {
		for (size_t i = 0; r == 0 && i < sizeof(refused) / sizeof(*refused); i++) {
			int nr = seccomp_syscall_resolve_name(refused[i]);

			if (nr != __NR_SCMP_ERROR)
				r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), nr, 0);
		}
	} else {
		for (size_t i = 0; r == 0 && i < lwd_nsyscalls; i++)
			if (lwd_syscalls[i].who & (1u << which))
				r = add_row(f, &lwd_syscalls[i]);
		/* its flags cannot be looked at: the C library falls back to clone */
		if (r == 0)
			r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	}
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	if (r == 0)
		return LW_OK;
	snprintf(err, 256, "seccomp: %s; lwd needs a kernel with seccomp filters", strerror(-r));
	return LW_EIO;
}

/* ---- Landlock ---- */

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                              \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |   \
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define OTHERS                                                                                              \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |         \
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static int allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr a = { .allowed_access = access };
	int r;

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return errno == ENOENT ? 0 : -1;
	r = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	close(a.parent_fd);
	return r;
}

static int enter_landlock(enum lwd_sandbox which, const char *dir, char err[256])
{
	/* web has opened nothing and opens nothing: what is left is what libraries look for */
	static const char *const readable[] = { "/lib", "/lib64", "/usr/lib", "/usr/share/zoneinfo", "/sys/devices/system/cpu", "/etc",
		"/usr", "/proc" };
	size_t n = which == LWD_SANDBOX_WEB ? 5 : sizeof(readable) / sizeof(*readable);
	struct landlock_ruleset_attr attr = { .handled_access_fs = READS | WRITES | OTHERS };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	int r = 0;

	if (rules < 0) {
		if (errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
			goto failed;
		lw_log(LW_INFO, "no-landlock", "why", "the kernel has none: only seccomp confines this role", NULL);
		return LW_OK;
	}
	r = dir == NULL || which == LWD_SANDBOX_WEB ? 0 : allow(rules, dir, READS | WRITES);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = allow(rules, readable[i], READS);
#ifdef LW_SANITIZERS
	if (r == 0)
		r = allow(rules, "/", READS | WRITES); /* their reports */
#endif
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	if (r == 0)
		return LW_OK;
failed:
	snprintf(err, 256, "landlock: %s", strerror(errno));
	return LW_EIO;
}

int lwd_sandbox_enter(enum lwd_sandbox which, const char *dir, char err[256])
{
	int r;

	if (which == LWD_SANDBOX_NONE)
		return LW_OK;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		snprintf(err, 256, "prctl: %s", strerror(errno));
		return LW_EIO;
	}
	r = enter_landlock(which, dir, err);
	return r != LW_OK ? r : enter_seccomp(which, err);
}
