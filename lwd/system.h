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

/* The sockets of all services. A port: one for each loop of its role, address and kind (TCP, UDP), the first loop's first, sharing
 * the port; unix: one. LW_EIO and one line with a remedy. */
struct lwd_bound {
	unsigned service, loop;
	int fd;
};
struct lwd_bounds {
	struct lwd_bound *v;
	size_t n;
};
int lwd_bind(const struct lwd_program *, const struct lwd_config *, const char *dir, struct lwd_bounds *ret, char err[256]);
void lwd_unbind(const struct lwd_program *, const char *dir, struct lwd_bounds *); /* closes, unlinks unix sockets */

/* The addresses of `listen`, without spaces, brackets and "*": their number, 0 when one is none. */
#define LWD_ADDRS_MAX 16
size_t lwd_addrs(const char *listen, char ret[LWD_ADDRS_MAX][46]);

/* The program's regions, as descriptors of sealed memory. LW_EIO. */
int lwd_regions(const struct lwd_program *, int ret[LWD_REGIONS_MAX], char err[256]);
/* One of them mapped; NULL: it is not what it should be. */
void *lwd_region_map(const struct lwd_region_row *, int fd, char err[256]);

/* Under root, where the users lwd and lwd-keyd exist: gives DIR's parts to them. *ret_on: roles change their uid. */
int lwd_privsep(const char *dir, bool *ret_on, char err[256]);
int lwd_become(const char *user); /* in the child; LW_EIO */

#endif
