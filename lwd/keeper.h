/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the listeners' certificate good: makes a key, asks for a certificate, and does so again when two thirds of its
 * life are over, or the clock was turned back before its beginning. A thread of its own; asks again every so often while nobody answers. */
#ifndef LWD_KEEPER_H
#define LWD_KEEPER_H

#include "base/arena.h"
#include "base/clock.h"

struct lwd_tls;
struct lwd_keeper;

struct lwd_keeper_ops {
	/* a certificate for this request: PEM chain in the arena, its end. LW_E */
	int (*issue)(void *arg, struct lw_bytes csr, struct lw_arena *, struct lw_bytes *ret_pem, int64_t *ret_not_after);
	void (*first)(void *arg); /* on the keeper's thread, once the first certificate is in place */
};

/* When to renew a certificate got at `got` that ends at `end` (wall clock). */
int64_t lwd_keeper_due(int64_t got, int64_t end);
/* tls, clock and arg outlive it. NULL: no memory or no thread. */
struct lwd_keeper *lwd_keeper_new(struct lwd_tls *, const struct lw_clock *, const struct lwd_keeper_ops *, void *arg);
/* Any thread. A new key and its certificate at once; if that fails, with the next try. Connections that are open keep theirs. */
void lwd_keeper_renew(struct lwd_keeper *);
unsigned lwd_keeper_made(const struct lwd_keeper *, int64_t *ret_end); /* how many there were, and the end of the one in use */
void lwd_keeper_free(struct lwd_keeper *); /* waits for a request that is under way */

#endif
