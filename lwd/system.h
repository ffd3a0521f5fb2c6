/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor asks of the system: process titles, systemd's notifications, listening sockets, users. */
#ifndef LWD_SYSTEM_H
#define LWD_SYSTEM_H

#include "lwd/roles.h"

/* Before anything else keeps pointers into argv or environ: what lwd_title may overwrite. */
void lwd_title_init(int argc, char **argv);
void lwd_title(const char *title); /* for ps; the first 15 octets for the thread's name too */

/* sd_notify(3)'s protocol; nothing happens when systemd does not listen. */
void lwd_notify(const char *state);
int64_t lwd_watchdog_us(void); /* how often WATCHDOG=1 is due; 0: never */

/* Listening sockets of one service. TCP: `loops` sockets for each address, the first loop's first, sharing the port;
 * unix: one. LW_EIO and one line with a remedy. */
struct lwd_bound {
	unsigned service, loop;
	int fd;
};
struct lwd_bounds {
	struct lwd_bound *v;
	size_t n;
};
int lwd_bind(const struct lwd_program *, const struct lwd_config *, const char *dir, unsigned loops,
	struct lwd_bounds *ret, char err[256]);
void lwd_unbind(const struct lwd_program *, const char *dir, struct lwd_bounds *); /* closes, unlinks unix sockets */

/* Under root, where the users lwd and lwd-keyd exist: gives DIR's parts to them. *ret_on: roles change their uid. */
int lwd_privsep(const char *dir, bool *ret_on, char err[256]);
int lwd_become(const char *user); /* in the child; LW_EIO */

#endif
