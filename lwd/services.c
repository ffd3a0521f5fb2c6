/* SPDX-License-Identifier: Apache-2.0 */
/* Where roles and protocols meet: which listener speaks what, and what keyd and directory are made of. The protocols
 * do not know each other; what one needs of another comes from here. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "base/chan.h"
#include "base/err.h"
#include "base/log.h"
#include "ca/ca.h"
#include "keys/guess.h"
#include "keys/issue.h"
#include "kdc/kdc.h"
#include "oidc/issue.h"
#include "saml/issue.h"
#include "ldap/ldapd.h"
#include "lwd/audit.h"
#include "lwd/control.h"
#include "lwd/netrole.h"
#include "lwd/relay.h"
#include "lwd/services.h"
#include "lwd/system.h"
#include "lwd/reclaim.h"
#include "lwd/upkeep.h"
#include "store/store.h"

static const struct lwd_service_row services[] = {
	{ "ldap", LW_ROLE_DIRECTORY, 389, NULL, 0, false, &ldapd_proto, NULL },
	{ "ldaps", LW_ROLE_DIRECTORY, 636, NULL, 0, true, &ldapd_proto, NULL },
	{ "ldapi", LW_ROLE_DIRECTORY, 0, "run/ldapi", 0666, false, &ldapd_proto, NULL },
	{ "control", LW_ROLE_DIRECTORY, 0, "run/control.sock", 0600, false, &control_proto, NULL },
	{ "kerberos", LW_ROLE_KDC, 88, NULL, 0, false, &kdc_proto, &kdc_dgram },
	{ "kpasswd", LW_ROLE_KDC, 464, NULL, 0, false, &kpasswd_proto, &kpasswd_dgram },
	{ "https", LW_ROLE_WEB, 443, NULL, 0, true, NULL, NULL }, /* evhttp's: services_web.c */
	{ "http", LW_ROLE_WEB, 80, NULL, 0, false, NULL, NULL },
};
#define NSERVICES (sizeof(services) / sizeof(*services))

static size_t replays_size(void)
{
	return LWD_REPLAYS_SIZE;
}

static const struct lwd_region_row regions[LWD_REGION_COUNT] = {
	[LWD_REGION_GUESSES] = { "guesses", keys_guesses_size,
		1u << LW_ROLE_KEYD | 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_KDC },
	[LWD_REGION_REPLAYS] = { "replays", replays_size, 1u << LW_ROLE_KDC },
};

/* ---- answering other roles ---- */

struct answering {
	const struct lwd_answers *answers;
	struct lwd_asked asked;
	int fd;
};

static void *answer_main(void *arg)
{
	struct answering *a = arg;

	pthread_setname_np(pthread_self(), "lwd: peer");
	lw_chan_serve(a->fd, a->answers->threads, a->answers->queue, a->answers->handler, a->answers->busy, &a->asked);
	close(a->fd);
	free(a);
	return NULL;
}

void lwd_answer_peer(const struct lwd_answers *answers, void *ctx, enum lw_role_id from, int fd)
{
	struct answering *a = malloc(sizeof(*a));
	pthread_t thread;

	if (a != NULL) {
		*a = (struct answering){ answers, { ctx, from }, fd };
		if (pthread_create(&thread, NULL, answer_main, a) == 0) {
			pthread_detach(thread);
			return;
		}
	}
	lw_log(LW_ERROR, "peer-refused", "why", "no thread for it", NULL);
	free(a);
	close(fd);
}

/* ---- keyd ---- */

#define KDC_THREADS 32 /* of keyd, for the KDC and for web: they have fewer workers than directory */

struct keyd_state {
	struct store *store;
	struct keyd *keyd;
};

static int share_guesses(struct lwd_ctx *ctx, struct keyd_state *s)
{
	struct keys_guesses *g =
		keys_guesses_attach(ctx->regions[LWD_REGION_GUESSES], LW_ROLE_KEYD, ctx->clock, &keys_policy_default);

	if (g == NULL)
		return LW_ENOMEM;
	keyd_guesses(s->keyd, g);
	return LW_OK;
}

/* keyd's own reading of the configuration: what stands in certificates and tokens. */
static int read_conf(struct keyd *keyd, const struct lwd_config *conf)
{
	char https[LWD_URL_MAX], http[LWD_URL_MAX];
	int r = keyd_names(keyd, conf->hostname, conf->listen);

	keyd_ca_algorithm(keyd, conf->ca_algorithm);
	keyd_rotation(keyd, &(struct keys_rotation){ conf->rotate_overlap,
				    { conf->rotate_kerberos, [KEYS_CA] = conf->rotate_ca, [KEYS_SAML] = conf->rotate_saml, [KEYS_JWT] = conf->rotate_jwt } });
	keyd_audit_bounds(keyd, conf->audit_keep, conf->audit_max << 10);
	lwd_config_urls(conf, https, http);
	return r != LW_OK ? r : keyd_urls(keyd, https, http);
}

static int keyd_role_open(struct lwd_ctx *ctx, char err[256])
{
	struct keyd_state *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return LW_ENOMEM;
	ctx->state = s;
	keys_builders(&ca_builders);
	keys_ca_builders(&ca_issuing);
	keys_token_builders(&saml_issuing, &oidc_issuing);
	r = store_open(ctx->dir, STORE_OPEN_READ, ctx->clock, &s->store, err);
	if (r == LW_OK)
		r = keyd_new(ctx->dir, s->store, ctx->clock, (struct lw_bytes){ ctx->boot_id, ctx->boot_id_n }, err,
			&s->keyd);
	if (r == LW_OK)
		r = share_guesses(ctx, s);
	if (r == LW_OK)
		r = lw_audit_start(LW_ROLE_KEYD, ctx->clock);
	return r != LW_OK ? r : read_conf(s->keyd, &ctx->conf);
}

static int keyd_role_start(struct lwd_ctx *ctx, char err[256])
{
	const struct keyd_state *s = ctx->state;

	lw_wipe(ctx->boot_id, sizeof(ctx->boot_id));
	keyd_ahead(s->keyd);
	lwd_ctx_ready(ctx);
	return LW_OK;
}

static void keyd_request(void *arg, struct lw_bytes request, struct lw_writer *answer)
{
	struct lwd_asked *asked = arg;

	keyd_handle(asked->ctx, asked->from, request, answer);
}

static void keyd_request_busy(void *arg, struct lw_bytes request, struct lw_writer *answer)
{
	keyd_busy(answer);
}

static const struct lwd_answers keyd_answers = { KEYD_THREADS, KEYD_QUEUE, keyd_request, keyd_request_busy },
				kdc_keyd_answers = { KDC_THREADS, KEYD_QUEUE, keyd_request, keyd_request_busy };

static void keyd_role_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	struct keyd_state *s = ctx->state;

	lwd_answer_peer(role == LW_ROLE_DIRECTORY ? &keyd_answers : &kdc_keyd_answers, s->keyd, role, fd);
}

static void keyd_role_reload(struct lwd_ctx *ctx, const struct lwd_config *old)
{
	struct keyd_state *s = ctx->state;

	read_conf(s->keyd, &ctx->conf);
}

static const struct lwd_role_ops keyd_ops = {
	.open = keyd_role_open,
	.start = keyd_role_start,
	.peer = keyd_role_peer,
	.reload = keyd_role_reload,
};

/* ---- directory ---- */

#define WEB_SILENT_US (4 * LW_SECOND) /* after so long it counts as gone */

struct directory_state {
	struct store *store;
	struct lw_chan *keyd, *kdc;
	struct keys *keys;
	struct relay_server relay;
	struct ldapd_server *ldapd;
	struct control_server *control;
	struct control_service services[LWD_SERVICES_MAX];
	size_t nservices;
	struct lwd_netrole *net;
	struct upkeep *upkeep;
	struct reclaim *reclaim;
	struct lwd_audit *audit;
	const struct lw_clock *clock;
	_Atomic int64_t web_heard; /* when web said last that it serves; 0: never */
	struct lwd_keeper *_Atomic keeper;        /* NULL: not yet */
	_Atomic uint32_t tls_wanted, web_renewed; /* lwctl key rotate tls */
	_Atomic int64_t web_end;                  /* of its certificate */
};

/* A writer that was killed a moment ago may still hold its lock. */
static int open_for_writing(struct lwd_ctx *ctx, struct store **ret, char err[256])
{
	static const struct timespec moment = { 0, 50 * 1000 * 1000 };
	int64_t until = lw_mono(ctx->clock) + 3 * LW_SECOND;
	int r;

	while ((r = store_open(ctx->dir, STORE_OPEN_WRITE, ctx->clock, ret, err)) == LW_EBUSY &&
		lw_mono(ctx->clock) < until)
		nanosleep(&moment, NULL);
	return r;
}

static int directory_open(struct lwd_ctx *ctx, char err[256])
{
	struct directory_state *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return LW_ENOMEM;
	ctx->state = s;
	lwd_netrole_prepare();
	r = open_for_writing(ctx, &s->store, err);
	if (r != LW_OK)
		return r;
	store_reap_readers(s->store);
	return LW_OK;
}

/* Reading a large database from a cold disk takes longer than anyone wants to wait for the first answer. */
static void *warm(void *store)
{
	pthread_setname_np(pthread_self(), "lwd: warm");
	store_warm(store);
	return NULL;
}

/* What the configuration makes of the table of services: another role's listeners are not to be seen from here. */
static void describe(const struct lwd_config *conf, struct directory_state *s)
{
	char addrs[LWD_ADDRS_MAX][46];
	size_t naddrs = lwd_addrs(conf->listen, addrs);

	for (size_t i = 0; i < NSERVICES; i++) {
		const struct lwd_service_row *row = &services[i];

		for (size_t a = 0; a < (row->port == 0 ? 1 : naddrs) && s->nservices < LWD_SERVICES_MAX; a++) {
			struct control_service *cs = &s->services[s->nservices++];
			bool v6 = row->port != 0 && strchr(addrs[a], ':') != NULL;

			cs->name = row->name;
			if (row->port == 0)
				snprintf(cs->address, sizeof(cs->address), "%s", row->path);
			else
				snprintf(cs->address, sizeof(cs->address), "%s%.45s%s:%u%s", v6 ? "[" : "", addrs[a], v6 ? "]" : "",
					row->port + (unsigned)conf->port_offset, row->dgram != NULL ? " udp+tcp" : "");
		}
	}
}

static int system_tenant(struct lwd_ctx *ctx, struct store *store, uint32_t *ret, char err[256])
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct store_tenant tenant;
	int r = arena == NULL ? LW_ENOMEM : store_tenant_by_name(store, arena, lw_str(ctx->conf.domain), &tenant);

	if (r == LW_OK)
		*ret = tenant.id;
	else
		snprintf(err, 256, "the database has no tenant %.120s: mend domain in lwd.conf (%s)", ctx->conf.domain,
			lw_strerror(r));
	lw_arena_free(arena);
	return r;
}

static void *directory_server(void *arg, const struct lwd_service_row *row)
{
	struct directory_state *s = arg;

	return row->proto == &control_proto ? (void *)s->control : (void *)s->ldapd;
}

static int directory_issue(void *arg, struct lw_bytes csr, struct lw_arena *arena, struct lw_bytes *ret_pem,
	int64_t *ret_not_after)
{
	struct directory_state *s = arg;

	return keys_tls_cert(s->keys, csr, arena, ret_pem, ret_not_after);
}

static void directory_batch(enum lwd_batch at)
{
	store_share(at == LWD_BATCH_ASKS);
}

static const struct lwd_netrole_ops directory_net = { directory_server, directory_issue, directory_batch };

/* ---- what the KDC asks, and what it is asked ---- */

static void kdc_asks(void *arg, struct lw_bytes request, struct lw_writer *answer)
{
	struct lwd_asked *asked = arg;
	struct directory_state *s = asked->ctx;

	relay_handle(&s->relay, asked->from, request, answer);
}

static void kdc_asks_busy(void *arg, struct lw_bytes request, struct lw_writer *answer)
{
	relay_busy(request, answer);
}

/* web is about to publish keys, or to sign with them. */
static int want(void *ctx, struct lw_arena *arena, const struct relay_want *q)
{
	struct directory_state *s = ctx;
	struct store_tenant t;
	int r = store_tenant_by_name(s->store, arena, q->tenant, &t);

	return r != LW_OK ? r : upkeep_want(s->store, s->keys, t.id, q->kind);
}

/* Nobody asks web anything: it says that it serves, about once a second. */
static uint32_t heard(void *ctx, enum lw_role_id from, const struct relay_beat *beat)
{
	struct directory_state *s = ctx;

	if (from != LW_ROLE_WEB)
		return 0;
	atomic_store(&s->web_heard, lw_mono(s->clock));
	if (beat->end != 0) {
		atomic_store(&s->web_end, beat->end);
		atomic_store(&s->web_renewed, beat->renewed);
	}
	return atomic_load(&s->tls_wanted);
}

#define TLS_WAIT (5 * LW_SECOND) /* web hears of it within a second */

/* The listeners' certificates: directory's own and web's, which is told with the answer to its next beat. */
static int listeners(void *arg, bool renew, struct control_listener ret[CONTROL_LISTENERS])
{
	static const struct timespec moment = { 0, 20 * 1000 * 1000 };
	struct directory_state *s = arg;
	struct lwd_keeper *keeper = atomic_load(&s->keeper);
	int64_t until = lw_mono(s->clock) + TLS_WAIT, end;
	unsigned before;
	uint32_t wanted = 0;

	if (keeper == NULL)
		return LW_EUNAVAIL;
	before = lwd_keeper_made(keeper, &end);
	if (renew) {
		wanted = atomic_fetch_add(&s->tls_wanted, 1) + 1;
		lwd_keeper_renew(keeper);
	}
	while (renew && lw_mono(s->clock) < until &&
		(lwd_keeper_made(keeper, &end) == before || (int32_t)(atomic_load(&s->web_renewed) - wanted) < 0))
		nanosleep(&moment, NULL);
	ret[0] = (struct control_listener){ "directory", !renew || lwd_keeper_made(keeper, &end) != before, 0 };
	lwd_keeper_made(keeper, &ret[0].end);
	ret[1] = (struct control_listener){ "web", !renew || (int32_t)(atomic_load(&s->web_renewed) - wanted) >= 0, atomic_load(&s->web_end) };
	return ret[0].done && ret[1].done ? LW_OK : LW_ETIMEOUT;
}

/* The admin API. */
static int forwarded(void *ctx, const struct keys_token *token, const struct lw_cap *cap, const struct relay_control *q, struct lw_writer *out)
{
	struct directory_state *s = ctx;
	const struct control_from from = { token, cap, q->addr };

	return control_forwarded(s->control, &from, q->request, out);
}

/* What happened at kdc or web. */
static int told(void *ctx, struct lw_arena *arena, enum lw_role_id from, struct lw_bytes records)
{
	struct directory_state *s = ctx;

	return store_audit_append(s->store, from, records);
}

static const struct lwd_answers kdc_answers = { RELAY_THREADS, RELAY_QUEUE, kdc_asks, kdc_asks_busy };

static int others_ready(void *arg)
{
	struct directory_state *s = arg;
	int64_t last = atomic_load(&s->web_heard);

	if (last == 0 || lw_mono(s->clock) - last > WEB_SILENT_US || !upkeep_begun(s->upkeep))
		return LW_EUNAVAIL;
	return relay_ping(s->kdc);
}

/* LDAP's GSSAPI: the KDC alone holds the keys for ldap/NAME. */
static int accept_gss(void *arg, const struct ldapd_accept *q, struct lw_arena *arena, struct ldapd_accepted *ret)
{
	struct directory_state *s = arg;
	struct kdc_accept a = { .service = "ldap",
		.token = q->token,
		.bindings = q->bindings,
		.confidential = q->confidential,
		.role = LW_ROLE_DIRECTORY };
	struct kdc_accepted got = { 0 };
	int r = relay_accept(s->kdc, &a, arena, &got);

	*ret = (struct ldapd_accepted){ .token = got.token, .context = got.context, .cap = got.cap };
	return r;
}

static int directory_start(struct lwd_ctx *ctx, char err[256])
{
	static const enum ldapd_cleartext cleartext[] = {
		[LWD_CLEAR_LOOPBACK] = LDAPD_CLEARTEXT_LOOPBACK,
		[LWD_CLEAR_ALWAYS] = LDAPD_CLEARTEXT_ALWAYS,
		[LWD_CLEAR_NEVER] = LDAPD_CLEARTEXT_NEVER,
	};
	struct directory_state *s = ctx->state;
	struct ldapd_options ldap = { .vendor_version = ctx->program->version,
		.default_tenant = ctx->conf.domain,
		.cleartext = cleartext[ctx->conf.cleartext],
		.starttls = true,
		.size_limit = (uint32_t)ctx->conf.search_size_limit,
		.time_limit = (uint32_t)(ctx->conf.search_time_limit / LW_SECOND),
		.accept = accept_gss,
		.accept_ctx = s };
	struct control_options control = { .services = s->services, .ready = others_ready, .ready_ctx = s, .listeners = listeners };
	pthread_t warmer;
	int r = system_tenant(ctx, s->store, &control.system_tenant, err);

	s->clock = ctx->clock;
	if (r != LW_OK)
		return r;
	if (pthread_create(&warmer, NULL, warm, s->store) == 0)
		pthread_detach(warmer);
	describe(&ctx->conf, s);
	control.nservices = s->nservices;
	ldap.guesses = keys_guesses_attach(ctx->regions[LWD_REGION_GUESSES], LW_ROLE_DIRECTORY, ctx->clock, &keys_policy_default);
	s->keyd = lw_chan_new(lwd_roles[LW_ROLE_KEYD].name);
	s->kdc = lw_chan_new(lwd_roles[LW_ROLE_KDC].name);
	s->keys = s->keyd == NULL ? NULL : keys_over_chan(s->keyd, LW_ROLE_DIRECTORY);
	if (s->keys == NULL || s->kdc == NULL || ldap.guesses == NULL)
		return LW_ENOMEM;
	s->relay = (struct relay_server){ .me = LW_ROLE_DIRECTORY, .store = s->store, .keys = s->keys, .control = forwarded, .want = want, .heard = heard, .audit = told,
		.ctx = s };
	r = lw_audit_start(LW_ROLE_DIRECTORY, ctx->clock);
	if (r == LW_OK)
		r = store_writer_start(s->store);
	if (r == LW_OK)
		r = ldapd_server_new(s->store, s->keys, &ldap, ctx->clock, &s->ldapd);
	if (r == LW_OK && (s->control = control_server_new(s->store, s->keys, ctx->clock, &control)) == NULL)
		r = LW_ENOMEM;
	if (r == LW_OK && (s->upkeep = upkeep_new(s->store, s->keys, ctx->clock)) == NULL)
		r = LW_ENOMEM;
	if (r == LW_OK && (s->reclaim = reclaim_new(s->store)) == NULL)
		r = LW_ENOMEM;
	if (r == LW_OK && (s->audit = lwd_audit_writer(s->store, s->keys, ctx->clock)) == NULL)
		r = LW_ENOMEM;
	if (r == LW_OK)
		lwd_audit_bounds(s->audit, ctx->conf.audit_keep, ctx->conf.audit_max << 10);
	if (r == LW_OK)
		r = lwd_netrole_start(ctx, &directory_net, s, &s->net, err);
	if (r == LW_OK)
		atomic_store(&s->keeper, lwd_netrole_keeper(s->net));
	return r;
}

static void directory_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	struct directory_state *s = ctx->state;

	store_reap_readers(s->store); /* the former one is dead */
	if (side == LWD_PEER_ASKS)
		lwd_answer_peer(&kdc_answers, s, role, fd);
	else
		lw_chan_connect(role == LW_ROLE_KEYD ? s->keyd : s->kdc, fd);
}

static void directory_reload(struct lwd_ctx *ctx, const struct lwd_config *old)
{
	struct directory_state *s = ctx->state;

	lwd_audit_bounds(s->audit, ctx->conf.audit_keep, ctx->conf.audit_max << 10);
	lwd_netrole_reload(s->net, &ctx->conf);
}

static void directory_second(struct lwd_ctx *ctx)
{
	struct directory_state *s = ctx->state;

	store_reap_readers(s->store);
}

static bool directory_alive(struct lwd_ctx *ctx)
{
	struct directory_state *s = ctx->state;

	return lwd_netrole_alive(s->net);
}

static void directory_drain(struct lwd_ctx *ctx)
{
	struct directory_state *s = ctx->state;

	lwd_netrole_drain(s->net, ctx->conf.shutdown_time);
	upkeep_free(s->upkeep);
	reclaim_free(s->reclaim);
	lwd_audit_free(s->audit);
	store_writer_stop(s->store);
}

static const struct lwd_role_ops directory_ops = {
	.open = directory_open,
	.start = directory_start,
	.peer = directory_peer,
	.reload = directory_reload,
	.second = directory_second,
	.alive = directory_alive,
	.drain = directory_drain,
};

int main(int argc, char **argv)
{
	static const struct lwd_program program = {
		.services = services,
		.nservices = NSERVICES,
		.regions = regions,
		.nregions = LWD_REGION_COUNT,
		.ops = { [LW_ROLE_KEYD] = &keyd_ops, [LW_ROLE_DIRECTORY] = &directory_ops, [LW_ROLE_KDC] = &lwd_kdc_ops,
			[LW_ROLE_WEB] = &lwd_web_ops },
		.version = PACKAGE_VERSION,
	};

	return lwd_main(argc, argv, &program);
}
