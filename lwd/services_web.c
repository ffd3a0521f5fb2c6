/* SPDX-License-Identifier: Apache-2.0 */
/* The role web: HTTP over TLS and in the clear. It has no map; what it knows of tenants it asks. */
#include "lwd/services.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "http/http.h"
#include "keys/keys.h"
#include "lwd/conn.h"
#include "lwd/keeper.h"
#include "lwd/netrole.h"
#include "lwd/relay.h"
#include "lwd/tls.h"
#include "store/verbs.h"

#define ALIVE_US (20 * LW_SECOND)

struct web_state {
	struct lwd_ctx *ctx;
	struct lw_chan *keyd, *directory, *kdc;
	struct keys *keys;
	struct lwd_tls *tls;
	struct lwd_keeper *keeper;
	struct workers *workers;
	struct http_server *http;
	sem_t serving;
};

/* ---- routes ---- */

static void put_text(struct http_response *a, const char *type, const char *text)
{
	a->type = type;
	lw_put_raw(&a->body, text, strlen(text));
}

static int livez(void *ctx, struct http_request *q, struct http_response *a)
{
	put_text(a, "text/plain", "ok\n");
	return LW_OK;
}

/* keyd opens a sealed record, directory has its store open. */
static int readyz(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web_state *s = ctx;

	if (keys_ping(s->keys) != LW_OK || relay_ping(s->directory) != LW_OK || relay_ping(s->kdc) != LW_OK) {
		snprintf(a->detail, sizeof(a->detail), "a part of lwd does not answer");
		return LW_EUNAVAIL;
	}
	put_text(a, "text/plain", "ok\n");
	return LW_OK;
}

static void put_up(struct http_response *a, const char *role, bool up)
{
	char line[64];

	snprintf(line, sizeof(line), "lwd_up{role=\"%s\"} %d\n", role, up);
	put_text(a, a->type, line);
}

static int metrics(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web_state *s = ctx;

	put_text(a, "text/plain; version=0.0.4", "# HELP lwd_up Does the role answer?\n# TYPE lwd_up gauge\n");
	put_up(a, "keyd", keys_ping(s->keys) == LW_OK);
	put_up(a, "directory", relay_ping(s->directory) == LW_OK);
	put_up(a, "kdc", relay_ping(s->kdc) == LW_OK);
	put_up(a, "web", true);
	http_metrics(s->http, &a->body);
	return LW_OK;
}

static const struct http_route routes[] = {
	{ .method = HTTP_GET, .pattern = "/livez", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .quick = true, .run = livez },
	{ .method = HTTP_GET, .pattern = "/readyz", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .run = readyz },
	{ .method = HTTP_GET, .pattern = "/metrics", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .run = metrics },
};

/* ---- what the server borrows ---- */

static void run_work(struct work *w)
{
	struct http_work *h = (struct http_work *)((char *)w - offsetof(struct http_work, room));

	h->run(h);
}

static void submit(void *host, struct http_work *h)
{
	struct web_state *s = host;
	struct work *w = (struct work *)h->room;

	_Static_assert(sizeof(struct work) <= sizeof(h->room), "room for a worker's job");
	*w = (struct work){ .slow = h->slow, .run = run_work };
	workers_submit(s->workers, w);
}

static SSL *new_ssl(void *host)
{
	struct web_state *s = host;

	return lwd_tls_ssl(s->tls);
}

static void tls_peer(void *host, SSL *ssl, struct lw_peer *peer)
{
	lwd_tls_peer(ssl, peer);
}

/* ---- the certificate; then it serves ---- */

static int issue(void *arg, struct lw_bytes csr, struct lw_arena *arena, struct lw_bytes *ret_pem, int64_t *ret_not_after)
{
	struct web_state *s = arg;

	return keys_tls_cert(s->keys, csr, arena, ret_pem, ret_not_after);
}

static void serve(void *arg)
{
	struct web_state *s = arg;

	if (http_server_start(s->http) != LW_OK) {
		lw_log(LW_ERROR, "cannot-start-threads", NULL);
		_exit(1);
	}
	lwd_ctx_ready(s->ctx);
	sem_post(&s->serving);
}

static const struct lwd_keeper_ops keeper_ops = { issue, serve };

/* Tells directory that it serves: lwctl status asks there. */
static void *beat(void *arg)
{
	static const struct timespec second = { 1, 0 };
	struct web_state *s = arg;

	pthread_setname_np(pthread_self(), "lwd: beat");
	while (sem_wait(&s->serving) != 0)
		;
	for (;;) {
		relay_ping(s->directory);
		nanosleep(&second, NULL);
	}
	return NULL;
}

/* ---- the role ---- */

static int web_open(struct lwd_ctx *ctx, char err[256])
{
	struct web_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return LW_ENOMEM;
	ctx->state = s;
	s->ctx = ctx;
	lwd_netrole_prepare();
	return LW_OK;
}

static int make_server(struct lwd_ctx *ctx, struct web_state *s)
{
	struct http_server_options opt = { .routes = routes,
		.nroutes = sizeof(routes) / sizeof(*routes),
		.ctx = s,
		.clock = ctx->clock,
		.loops = lwd_loops(&ctx->conf, LW_ROLE_WEB),
		.max_conns = lwd_conns_cap(&ctx->conf, LW_ROLE_WEB),
		.max_conns_per_addr = ctx->conf.max_conns_per_addr,
		.host = s,
		.submit = submit,
		.tls = new_ssl,
		.tls_peer = tls_peer };
	int r = http_server_new(&opt, &s->http);

	for (size_t i = 0; r == LW_OK && i < ctx->nlisteners; i++) {
		const struct lwd_handed *h = &ctx->listeners[i];

		r = http_server_listen(s->http, h->loop, h->fd, ctx->program->services[h->service].tls);
	}
	return r;
}

static int web_start(struct lwd_ctx *ctx, char err[256])
{
	struct web_state *s = ctx->state;
	pthread_t thread;
	int r;

	sem_init(&s->serving, 0, 0);
	s->keyd = lw_chan_new(lwd_roles[LW_ROLE_KEYD].name);
	s->directory = lw_chan_new(lwd_roles[LW_ROLE_DIRECTORY].name);
	s->kdc = lw_chan_new(lwd_roles[LW_ROLE_KDC].name);
	s->keys = s->keyd == NULL ? NULL : keys_over_chan(s->keyd, LW_ROLE_WEB);
	s->tls = lwd_tls_new();
	s->workers = workers_new(lwd_workers(&ctx->conf, LW_ROLE_WEB));
	if (s->keys == NULL || s->directory == NULL || s->kdc == NULL || s->tls == NULL || s->workers == NULL)
		return LW_ENOMEM;
	r = make_server(ctx, s);
	if (r != LW_OK) {
		snprintf(err, 256, "cannot set up the listeners: %s", lw_strerror(r));
		return r;
	}
	if (pthread_create(&thread, NULL, beat, s) != 0)
		return LW_EIO;
	pthread_detach(thread);
	s->keeper = lwd_keeper_new(s->tls, ctx->clock, &keeper_ops, s);
	return s->keeper == NULL ? LW_ENOMEM : LW_OK;
}

static void web_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	struct web_state *s = ctx->state;

	if (side != LWD_PEER_ANSWERS)
		close(fd); /* nobody asks it */
	else
		lw_chan_connect(role == LW_ROLE_KEYD ? s->keyd : role == LW_ROLE_KDC ? s->kdc : s->directory, fd);
}

static void web_reload(struct lwd_ctx *ctx, const struct lwd_config *old)
{
	struct web_state *s = ctx->state;

	http_server_limits(s->http, lwd_conns_cap(&ctx->conf, LW_ROLE_WEB), ctx->conf.max_conns_per_addr);
}

static bool web_alive(struct lwd_ctx *ctx)
{
	struct web_state *s = ctx->state;

	return http_server_alive(s->http, ALIVE_US);
}

static void web_drain(struct lwd_ctx *ctx)
{
	struct web_state *s = ctx->state;

	if (!http_server_drain(s->http, ctx->conf.shutdown_time))
		lw_log(LW_WARN, "drain-cut", "why", "some connections did not finish in time", NULL);
}

const struct lwd_role_ops lwd_web_ops = {
	.open = web_open,
	.start = web_start,
	.peer = web_peer,
	.reload = web_reload,
	.alive = web_alive,
	.drain = web_drain,
};
