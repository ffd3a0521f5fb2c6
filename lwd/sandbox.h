/* SPDX-License-Identifier: Apache-2.0 */
/* What a role can no longer do once it serves: seccomp lists from a const table, Landlock to the data directory where
 * the kernel has it, no new privileges, no core. Refused calls fail with EPERM. */
#ifndef LWD_SANDBOX_H
#define LWD_SANDBOX_H

#include <stddef.h>
#include "lwd/roles.h"

/* A system call and who may make it. */
struct lwd_syscall {
	const char *name;
	unsigned who;      /* 1 << enum lwd_sandbox */
	enum { LWD_CALL_ANY, LWD_CALL_NO_EXEC_MAP /* argument 2 without PROT_EXEC */, LWD_CALL_THREAD /* clone of a thread */,
		LWD_CALL_SELF /* argument 0 is our process */, LWD_CALL_PRCTL /* names only */ } rule;
};
extern const struct lwd_syscall lwd_syscalls[];
extern const size_t lwd_nsyscalls;

/* For this thread and all that it starts; call it while it is the only one. dir NULL: no
 * files at all may be written. LW_EIO and a line in err. */
int lwd_sandbox_enter(enum lwd_sandbox, const char *dir, char err[256]);
/* Enters a role's sandbox and tries what it must refuse and what it must leave; TAP on standard output, exit status.
 * dir NULL: without the part about files. */
int lwd_sandbox_selftest(const struct lwd_role *, const char *dir);

#endif
