/* SPDX-License-Identifier: Apache-2.0 */
/* The role kdc: the Kerberos server over the store's map, keyd and the writer's role. */
#include "lwd/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "kdc/kdc.h"
#include "keys/guess.h"
#include "keys/keys.h"
#include "lwd/audit.h"
#include "lwd/netrole.h"
#include "lwd/relay.h"
#include "store/store.h"

struct kdc_state {
	struct store *store;
	struct lw_chan *keyd, *directory;
	struct keys *keys;
	struct keys_guesses *guesses;
	struct kdc_server *kdc;
	struct relay_server relay;
	struct lwd_netrole *net;
	struct lwd_audit *audit;
};

/* ---- what directory asks ---- */

static void answer(void *arg, struct lw_bytes request, struct lw_writer *out)
{
	struct lwd_asked *asked = arg;
	struct kdc_state *s = asked->ctx;

	relay_handle(&s->relay, asked->from, request, out);
}

static void busy(void *arg, struct lw_bytes request, struct lw_writer *out)
{
	relay_busy(request, out);
}

static const struct lwd_answers answers = { RELAY_THREADS, RELAY_QUEUE, answer, busy };

/* ---- what it asks directory ---- */

static int set_secret(void *ctx, const struct kdc_secret *secret, char text[200])
{
	struct kdc_state *s = ctx;

	return relay_set_secret(s->directory, secret, text);
}

/* ---- the role ---- */

static int kdc_open(struct lwd_ctx *ctx, char err[256])
{
	struct kdc_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return LW_ENOMEM;
	ctx->state = s;
	lwd_netrole_prepare();
	return store_open(ctx->dir, STORE_OPEN_READ, ctx->clock, &s->store, err);
}

static void *kdc_server(void *arg, const struct lwd_service_row *row)
{
	struct kdc_state *s = arg;

	return s->kdc;
}

static void kdc_batch(enum lwd_batch at)
{
	store_share(at == LWD_BATCH_ASKS);
	if (at != LWD_BATCH_ASKED)
		kdc_hold(at == LWD_BATCH_ASKS);
}

static const struct lwd_netrole_ops kdc_net = { kdc_server, NULL, kdc_batch };

static int make_server(struct lwd_ctx *ctx, struct kdc_state *s)
{
	struct kdc_options opt = { .replays = ctx->regions[LWD_REGION_REPLAYS],
		.replays_size = LWD_REPLAYS_SIZE,
		.guesses = s->guesses,
		.set_secret = set_secret,
		.ctx = s };
	struct lw_writer names;
	int r;

	lw_writer_init(&names, 8192);
	r = keys_listener_names(ctx->conf.hostname, ctx->conf.listen, false, &names);
	if (r == LW_OK) {
		opt.names = (const char *)names.p;
		r = kdc_server_new(s->store, s->keys, &opt, ctx->clock, &s->kdc);
	}
	lw_writer_done(&names);
	return r;
}

static int kdc_start(struct lwd_ctx *ctx, char err[256])
{
	struct kdc_state *s = ctx->state;
	int r;

	s->guesses = keys_guesses_attach(ctx->regions[LWD_REGION_GUESSES], LW_ROLE_KDC, ctx->clock, &keys_policy_default);
	s->keyd = lw_chan_new(lwd_roles[LW_ROLE_KEYD].name);
	s->directory = lw_chan_new(lwd_roles[LW_ROLE_DIRECTORY].name);
	s->keys = s->keyd == NULL ? NULL : keys_over_chan(s->keyd, LW_ROLE_KDC);
	if (s->guesses == NULL || s->keys == NULL || s->directory == NULL)
		return LW_ENOMEM;
	r = lw_audit_start(LW_ROLE_KDC, ctx->clock);
	if (r == LW_OK)
		r = make_server(ctx, s);
	s->relay = (struct relay_server){ .me = LW_ROLE_KDC, .store = s->store, .kdc = s->kdc };
	if (r == LW_OK && (s->audit = lwd_audit_sender(s->directory)) == NULL)
		r = LW_ENOMEM;
	return r != LW_OK ? r : lwd_netrole_start(ctx, &kdc_net, s, &s->net, err);
}

static void kdc_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	struct kdc_state *s = ctx->state;

	if (side == LWD_PEER_ANSWERS && role == LW_ROLE_KEYD)
		lw_chan_connect(s->keyd, fd);
	else if (side == LWD_PEER_ANSWERS && role == LW_ROLE_DIRECTORY)
		lw_chan_connect(s->directory, fd);
	else
		lwd_answer_peer(&answers, s, role, fd);
}

static void kdc_reload(struct lwd_ctx *ctx, const struct lwd_config *old)
{
	struct kdc_state *s = ctx->state;

	lwd_netrole_reload(s->net, &ctx->conf);
}

static bool kdc_alive(struct lwd_ctx *ctx)
{
	struct kdc_state *s = ctx->state;

	return lwd_netrole_alive(s->net);
}

static void kdc_drain(struct lwd_ctx *ctx)
{
	struct kdc_state *s = ctx->state;

	lwd_netrole_drain(s->net, ctx->conf.shutdown_time);
	lwd_audit_free(s->audit);
}

const struct lwd_role_ops lwd_kdc_ops = {
	.open = kdc_open,
	.start = kdc_start,
	.peer = kdc_peer,
	.reload = kdc_reload,
	.alive = kdc_alive,
	.drain = kdc_drain,
};
