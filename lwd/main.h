/* SPDX-License-Identifier: Apache-2.0 */
/* Between main.c, monitor.c and role.c. */
#ifndef LWD_MAIN_H
#define LWD_MAIN_H

#include "lwd/roles.h"

#define LWD_EXIT_CONFIG 78

int lwd_exit_status(int err); /* LW_E -> exit status of the interface page */
int lwd_role_main(const struct lwd_role *, const struct lwd_program *);

/* Runs until it is told to stop; the exit status. What is wrong is said in one line on stderr. dir is absolute. */
struct lwd_monitor_args {
	const char *dir;
	char *self; /* the program's path, where there is no /proc */
	const struct lwd_program *program;
	struct lwd_config conf;
	struct lw_writer conf_text; /* what conf was parsed from */
	int lock_fd; /* of run/lwd.pid */
	uid_t owner;
};
int lwd_monitor_main(struct lwd_monitor_args *);

#endif
