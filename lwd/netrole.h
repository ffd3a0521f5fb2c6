/* SPDX-License-Identifier: Apache-2.0 */
/* What every role with listeners does: TLS, certificate, loops, readiness, drain. */
#ifndef LWD_NETROLE_H
#define LWD_NETROLE_H

#include "lwd/keeper.h"
#include "lwd/loop.h"
#include "lwd/roles.h"

struct lwd_netrole;

struct lwd_netrole_ops {
	/* what the protocol of this service gets as its server */
	void *(*server)(void *arg, const struct lwd_service_row *);
	/* a certificate from keyd, see keeper.h. NULL: none of the services speaks TLS */
	int (*issue)(void *arg, struct lw_bytes csr, struct lw_arena *, struct lw_bytes *ret_pem, int64_t *ret_not_after);
	void (*batch)(enum lwd_batch); /* see lwd_net_options */
};

/* How many connections a role may have: never the last descriptors. */
size_t lwd_conns_cap(const struct lwd_config *, enum lw_role_id);
/* Before the sandbox: OpenSSL reads its files now. */
void lwd_netrole_prepare(void);
/* Takes the listeners of ctx. Serves, and says that it is ready, as soon as there is a certificate (if it needs one). */
int lwd_netrole_start(struct lwd_ctx *, const struct lwd_netrole_ops *, void *arg, struct lwd_netrole **ret, char err[256]);
void lwd_netrole_reload(struct lwd_netrole *, const struct lwd_config *);
struct lwd_keeper *lwd_netrole_keeper(struct lwd_netrole *); /* NULL: none of its services speaks TLS */
bool lwd_netrole_alive(const struct lwd_netrole *);
void lwd_netrole_drain(struct lwd_netrole *, int64_t limit_us);

#endif
