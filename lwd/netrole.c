/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/netrole.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/log.h"
#include "lwd/message.h"
#include "lwd/tls.h"

#define ALIVE_US    (20 * LW_SECOND)
#define LOOP_FILES  6  /* descriptors of a loop */
#define SPARE_FILES 32 /* and for what comes later: a channel to a role that was started anew must have one */
#define FEW_CONNS   4

struct lwd_netrole {
	struct lwd_ctx *ctx;
	const struct lwd_netrole_ops *ops;
	void *arg;
	struct lwd_tls *tls;
	struct lwd_net *net;
	struct lwd_keeper *keeper;
};

void lwd_netrole_prepare(void)
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct lw_bytes csr;
	EVP_PKEY *key = NULL;
	SSL_CTX *ctx;

	OPENSSL_init_ssl(0, NULL);
	ctx = SSL_CTX_new(TLS_server_method());
	if (arena != NULL && lwd_tls_request(arena, &key, &csr) == LW_OK)
		EVP_PKEY_free(key);
	SSL_CTX_free(ctx);
	lw_arena_free(arena);
}

size_t lwd_conns_cap(const struct lwd_config *conf, enum lw_role_id role)
{
	static size_t in_use; /* before the first connection */
	struct rlimit rl;
	size_t kept;

	if (in_use == 0) {
		int fd = fcntl(LWD_MONITOR_FD, F_DUPFD_CLOEXEC, 0); /* the lowest that is free */

		if (fd >= 0)
			close(fd);
		in_use = fd >= 0 ? (size_t)fd : SPARE_FILES;
		in_use += LOOP_FILES * lwd_loops(conf, role);
	}
	kept = in_use + SPARE_FILES;
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur == RLIM_INFINITY || conf->max_conns + kept <= rl.rlim_cur)
		return conf->max_conns;
	return rl.rlim_cur > kept + FEW_CONNS ? rl.rlim_cur - kept : FEW_CONNS;
}

static int issue(void *arg, struct lw_bytes csr, struct lw_arena *arena, struct lw_bytes *ret_pem,
	int64_t *ret_not_after)
{
	struct lwd_netrole *n = arg;

	return n->ops->issue(n->arg, csr, arena, ret_pem, ret_not_after);
}

static void serve(void *arg)
{
	struct lwd_netrole *n = arg;

	if (lwd_net_start(n->net) != LW_OK) {
		lw_log(LW_ERROR, "cannot-start-threads", NULL);
		_exit(1);
	}
	lwd_ctx_ready(n->ctx);
}

static const struct lwd_keeper_ops keeper_ops = { issue, serve };

int lwd_netrole_start(struct lwd_ctx *ctx, const struct lwd_netrole_ops *ops, void *arg, struct lwd_netrole **ret,
	char err[256])
{
	struct lwd_netrole *n = calloc(1, sizeof(*n));
	struct lwd_net_options opt = { .loops = lwd_loops(&ctx->conf, ctx->role->id),
		.workers = lwd_workers(&ctx->conf, ctx->role->id),
		.max_conns = lwd_conns_cap(&ctx->conf, ctx->role->id),
		.max_conns_per_addr = ctx->conf.max_conns_per_addr,
		.owner = ctx->owner,
		.batch = ops->batch };
	int r;

	if (n == NULL)
		return LW_ENOMEM;
	n->ctx = ctx;
	n->ops = ops;
	n->arg = arg;
	if (ops->issue != NULL)
		n->tls = lwd_tls_new();
	if (n->tls != NULL)
		lwd_tls_ask(n->tls);
	r = ops->issue != NULL && n->tls == NULL ? LW_ENOMEM : lwd_net_new(&opt, n->tls, ctx->clock, &n->net);
	for (size_t i = 0; r == LW_OK && i < ctx->nlisteners; i++) {
		const struct lwd_handed *h = &ctx->listeners[i];
		const struct lwd_service_row *row = &ctx->program->services[h->service];
		struct lwd_service svc = { row->name, row->proto, ops->server(arg, row), row->tls, row->dgram };

		r = lwd_net_listen(n->net, h->loop, h->fd, &svc);
	}
	if (r == LW_OK && ops->issue == NULL) {
		*ret = n;
		serve(n);
		return LW_OK;
	}
	if (r == LW_OK) {
		n->keeper = lwd_keeper_new(n->tls, ctx->clock, &keeper_ops, n);
		r = n->keeper == NULL ? LW_ENOMEM : LW_OK;
	}
	if (r != LW_OK) {
		snprintf(err, 256, "cannot set up the listeners: %s", lw_strerror(r));
		return r; /* the process ends */
	}
	*ret = n;
	return LW_OK;
}

void lwd_netrole_reload(struct lwd_netrole *n, const struct lwd_config *conf)
{
	lwd_net_limits(n->net, lwd_conns_cap(conf, n->ctx->role->id), conf->max_conns_per_addr);
}

struct lwd_keeper *lwd_netrole_keeper(struct lwd_netrole *n)
{
	return n->keeper;
}

bool lwd_netrole_alive(const struct lwd_netrole *n)
{
	return lwd_net_alive(n->net, ALIVE_US);
}

void lwd_netrole_drain(struct lwd_netrole *n, int64_t limit_us)
{
	if (!lwd_net_drain(n->net, limit_us))
		lw_log(LW_WARN, "drain-cut", "why", "some connections did not finish in time", NULL);
}
