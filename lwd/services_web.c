/* SPDX-License-Identifier: Apache-2.0 */
/* The role web: HTTP over TLS and in the clear. It has no map; what it knows of tenants it asks. */
#include "lwd/services.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "lwd/audit.h"
#include "lwd/conn.h"
#include "lwd/keeper.h"
#include "lwd/netrole.h"
#include "lwd/relay.h"
#include "lwd/tls.h"
#include "lwd/web.h"
#include "saml/saml.h"

#define ALIVE_US (20 * LW_SECOND)

/* What handlers may still read. */
struct old_url {
	struct old_url *next;
	char text[];
};
struct web_state {
	struct lwd_ctx *ctx;
	struct web web;            /* what routes see */
	struct lw_chan *keyd;
	struct http_route *routes;
	struct lwd_tls *tls;
	struct lwd_keeper *keeper;
	struct workers *workers;
	struct old_url *old_urls;
	struct lwd_audit *audit;
	sem_t serving; /* twice: it serves, and there is the keeper */
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

	return keys_tls_cert(s->web.keys, csr, arena, ret_pem, ret_not_after);
}

static void serve(void *arg)
{
	struct web_state *s = arg;

	if (http_server_start(s->web.http) != LW_OK) {
		lw_log(LW_ERROR, "cannot-start-threads", NULL);
		_exit(1);
	}
	lwd_ctx_ready(s->ctx);
	sem_post(&s->serving);
}

static const struct lwd_keeper_ops keeper_ops = { issue, serve };

#define BEAT_MS 1000
#define SOON_MS 50

/* Directory wants a new certificate, and then hears of it. The first answer only says where directory's counting stands. */
struct renewal {
	bool counted;
	uint32_t wanted;
	unsigned made; /* before */
	bool waits;
};

static void renew(struct web_state *s, struct renewal *r, uint32_t wanted)
{
	int64_t end;

	if (r->counted && wanted != r->wanted && wanted != 0) {
		r->made = lwd_keeper_made(s->keeper, &end);
		r->waits = true;
		lwd_keeper_renew(s->keeper);
	}
	r->counted = true;
	r->wanted = wanted;
}

/* Tells directory that it serves: lwctl status asks there. */
static void *beat(void *arg)
{
	struct web_state *s = arg;
	struct relay_beat beat = { 0 };
	struct renewal r = { 0 };
	uint32_t wanted;

	pthread_setname_np(pthread_self(), "lwd: beat");
	for (int i = 0; i < 2; i++)
		while (sem_wait(&s->serving) != 0)
			;
	for (;;) {
		struct timespec rest = { 0 };

		r.waits = r.waits && lwd_keeper_made(s->keeper, &beat.end) == r.made;
		lwd_keeper_made(s->keeper, &beat.end);
		beat.renewed = r.waits ? r.wanted - 1 : r.wanted;
		if (relay_beat(s->web.directory, &beat, &wanted) == LW_OK)
			renew(s, &r, wanted);
		rest.tv_sec = r.waits ? 0 : BEAT_MS / 1000;
		rest.tv_nsec = r.waits ? SOON_MS * 1000000L : 0;
		nanosleep(&rest, NULL);
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
	saml_prepare();
	return LW_OK;
}

static void set_url(struct web_state *s, const char *_Atomic *at, const char *text)
{
	const char *now = atomic_load(at);
	size_t n = strlen(text) + 1;
	struct old_url *u;

	if (now != NULL && strcmp(now, text) == 0)
		return;
	u = malloc(sizeof(*u) + n);
	if (u == NULL)
		return;
	memcpy(u->text, text, n);
	u->next = s->old_urls;
	s->old_urls = u;
	atomic_store(at, u->text);
}

static void set_urls(struct web_state *s, const struct lwd_config *conf)
{
	char https[LWD_URL_MAX], http[LWD_URL_MAX];

	lwd_config_urls(conf, https, http);
	set_url(s, &s->web.url, https);
	set_url(s, &s->web.plain_url, http);
}

static int make_server(struct lwd_ctx *ctx, struct web_state *s)
{
	struct http_server_options opt = { .ctx = &s->web,
		.authenticate = web_authenticate,
		.clock = ctx->clock,
		.loops = lwd_loops(&ctx->conf, LW_ROLE_WEB),
		.max_conns = lwd_conns_cap(&ctx->conf, LW_ROLE_WEB),
		.max_conns_per_addr = ctx->conf.max_conns_per_addr,
		.host = s,
		.submit = submit,
		.tls = new_ssl,
		.tls_peer = tls_peer };
	const char *wrong;
	int r;

	opt.routes = s->routes = web_routes(&opt.nroutes);
	if (s->routes == NULL)
		return LW_ENOMEM;
	wrong = http_routes_wrong(opt.routes, opt.nroutes);
	if (wrong != NULL)
		lw_log(LW_ERROR, "routes", "why", wrong, NULL);
	r = http_server_new(&opt, &s->web.http);
	for (size_t i = 0; r == LW_OK && i < ctx->nlisteners; i++) {
		const struct lwd_handed *h = &ctx->listeners[i];

		r = http_server_listen(s->web.http, h->loop, h->fd, ctx->program->services[h->service].tls);
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
	s->web.directory = lw_chan_new(lwd_roles[LW_ROLE_DIRECTORY].name);
	s->web.kdc = lw_chan_new(lwd_roles[LW_ROLE_KDC].name);
	s->web.keys = s->keyd == NULL ? NULL : keys_over_chan(s->keyd, LW_ROLE_WEB);
	s->tls = lwd_tls_new();
	s->workers = workers_new(lwd_workers(&ctx->conf, LW_ROLE_WEB));
	if (s->web.keys == NULL || s->web.directory == NULL || s->web.kdc == NULL || s->tls == NULL || s->workers == NULL)
		return LW_ENOMEM;
	s->web.clock = ctx->clock;
	s->web.tenant = ctx->conf.domain;
	set_urls(s, &ctx->conf);
	if (s->web.url == NULL || s->web.plain_url == NULL)
		return LW_ENOMEM;
	r = make_server(ctx, s);
	if (r != LW_OK) {
		snprintf(err, 256, "cannot set up the listeners: %s", lw_strerror(r));
		return r;
	}
	r = lw_audit_start(LW_ROLE_WEB, ctx->clock);
	if (r != LW_OK || (s->audit = lwd_audit_sender(s->web.directory)) == NULL)
		return LW_ENOMEM;
	if (pthread_create(&thread, NULL, beat, s) != 0)
		return LW_EIO;
	pthread_detach(thread);
	s->keeper = lwd_keeper_new(s->tls, ctx->clock, &keeper_ops, s);
	sem_post(&s->serving);
	return s->keeper == NULL ? LW_ENOMEM : LW_OK;
}

static void web_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	struct web_state *s = ctx->state;

	if (side != LWD_PEER_ANSWERS)
		close(fd); /* nobody asks it */
	else
		lw_chan_connect(role == LW_ROLE_KEYD ? s->keyd : role == LW_ROLE_KDC ? s->web.kdc : s->web.directory, fd);
}

static void web_reload(struct lwd_ctx *ctx, const struct lwd_config *old)
{
	struct web_state *s = ctx->state;

	set_urls(s, &ctx->conf);
	http_server_limits(s->web.http, lwd_conns_cap(&ctx->conf, LW_ROLE_WEB), ctx->conf.max_conns_per_addr);
}

static bool web_alive(struct lwd_ctx *ctx)
{
	struct web_state *s = ctx->state;

	return http_server_alive(s->web.http, ALIVE_US);
}

static void web_drain(struct lwd_ctx *ctx)
{
	struct web_state *s = ctx->state;

	if (!http_server_drain(s->web.http, ctx->conf.shutdown_time))
		lw_log(LW_WARN, "drain-cut", "why", "some connections did not finish in time", NULL);
	lwd_audit_free(s->audit);
}

const struct lwd_role_ops lwd_web_ops = {
	.open = web_open,
	.start = web_start,
	.peer = web_peer,
	.reload = web_reload,
	.alive = web_alive,
	.drain = web_drain,
};
