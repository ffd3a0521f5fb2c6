/* SPDX-License-Identifier: Apache-2.0 */
/* Between services.c and services_*.c: what the roles are made of. */
#ifndef LWD_SERVICES_H
#define LWD_SERVICES_H

#include "base/chan.h"
#include "lwd/roles.h"

/* Rows of the table of regions. */
enum { LWD_REGION_GUESSES, LWD_REGION_REPLAYS, LWD_REGION_COUNT };
#define LWD_REPLAYS_SIZE (64u << 20) /* used as far as there is something to remember */

extern const struct lwd_role_ops lwd_kdc_ops, lwd_web_ops;

/* Answers what another role asks over fd, on threads of its own, until that role is gone. Takes the fd. */
struct lwd_answers {
	unsigned threads, queue;
	lw_chan_handler *handler, *busy;
};
void lwd_answer_peer(const struct lwd_answers *, void *ctx, enum lw_role_id from, int fd);
/* What the handlers get as their ctx. */
struct lwd_asked {
	void *ctx;
	enum lw_role_id from;
};

#endif
