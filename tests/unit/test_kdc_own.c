/* SPDX-License-Identifier: Apache-2.0 */
/* lwd's own services shown tickets: GSS-API accepted for other roles (libgssapi is the client, and takes part in the context that comes
 * out), and kpasswd (libkrb5 makes the requests and opens the answers). Tickets are forged with the keys of the real store. */
#include "tests/unit/ldap_rig.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kdc/own.h"
#include "tests/unit/gss_forge.h"
#include "tests/unit/ldap_asm.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_REPLAY_FLAG | GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG)
#define INITIAL KRB_INITIAL

static struct kdc_server *kdc;
static struct lw_arena *arena;
static const struct lw_bytes nothing = { (const uint8_t *)"", 0 }, none = { NULL, 0 };

/* ---- the store's keys, and tickets with them ---- */

struct world { /* what a tenant is, for the forger */
	struct lw_uuid tenant, alice, bob, admin;
	struct keys_krb krbtgt;
};
static struct world acme, beta;

static void look_in(uint32_t tenant, struct world *w)
{
	struct store_tenant t;
	struct lw_session *s;
	struct store_txn *txn;
	struct store_principal p;
	struct lw_bytes sealed;
	uint64_t generation;
	uint8_t key[32];

	assert_int_equal(store_tenant_by_id(rig.store, arena, tenant, &t), LW_OK);
	w->tenant = t.uuid;
	assert_int_equal(keys_kerberos_key(rig.kdc_keys, tenant, key), LW_OK);
	assert_int_equal(store_session_role(rig.store, tenant, STORE_ROLE_KDC, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	assert_int_equal(store_realm_sealed(txn, &sealed, &generation), LW_OK);
	assert_int_equal(keys_krb_open(key, &t.uuid, &t.uuid, generation, sealed, arena, &w->krbtgt), LW_OK);
	if (store_principal_name(txn, schema_attr(LW_LIT("uid")), LW_LIT("alice"), &p) == LW_OK)
		w->alice = p.uuid;
	if (store_principal_name(txn, schema_attr(LW_LIT("uid")), LW_LIT("bob"), &p) == LW_OK)
		w->bob = p.uuid;
	if (store_principal_name(txn, schema_attr(LW_LIT("uid")), LW_LIT("admin"), &p) == LW_OK)
		w->admin = p.uuid;
	store_end(txn);
	store_session_free(s);
}

struct ask { /* a ticket: zeros are alice's good one of acme */
	const struct world *of;                /* whose keys */
	const char *realm, *client, *service, *host;
	const char *derive;                    /* key of which service; NULL: service */
	const struct lw_uuid *uuid, *tenant;   /* in the private data */
	int etype;
	bool no_ad, bad_key, krbtgt;
	unsigned kvno;
	uint32_t flags;
	long from_now, life;
};

static void forge_ask(const struct ask *a, struct forge *f)
{
	const struct world *w = a->of ? a->of : &acme;
	const char *service = a->service ? a->service : "ldap";
	const struct keys_krb_set *set = &w->krbtgt.sets[0];
	struct kdc_ad ad = { .tenant = a->tenant ? *a->tenant : w->tenant, .client = a->uuid ? *a->uuid : w->alice };
	struct krb_typed_list list = { .n = 1 };
	struct keys_krb_key key = { 0 };
	struct lw_der_writer der;
	uint8_t authz[256];
	struct forge_ticket t = { .realm = a->realm ? a->realm : "ACME.EXAMPLE",
		.client = a->client ? a->client : "alice",
		.service = service,
		.host = a->host ? a->host : "lwd.acme.example",
		.etype = a->etype ? a->etype : 20,
		.kvno = a->kvno ? a->kvno : set->kvno,
		.flags = a->flags,
		.from_now = a->from_now ? a->from_now : -60,
		.life = a->life ? a->life : 3600 };
	const char *derive = a->derive ? a->derive : strcmp(service, "kadmin") == 0 ? "changepw" : service;

	for (unsigned i = 0; i < set->nkeys; i++)
		if (set->keys[i].etype == t.etype) {
			key = set->keys[i];
			if (!a->krbtgt)
				keys_krb_own(&set->keys[i], derive, &key);
		}
	assert_int_not_equal(key.n, 0);
	if (a->bad_key)
		key.key[5] ^= 1;
	t.key = (struct lw_bytes){ key.key, key.n };
	assert_int_equal(kdc_ad_make(arena, &ad, &list.v[0]), LW_OK);
	lw_der_writer_init(&der, authz, sizeof authz);
	krb_put_authz(&der, &list);
	if (!a->no_ad)
		t.authz = lw_der_written(&der);
	forge_init(f, &t);
}

/* ---- GSS-API ---- */

static struct lw_bytes token_of(struct forge *f, gss_ctx_id_t *ctx, OM_uint32 flags, struct lw_bytes bindings)
{
	gss_buffer_desc t = GSS_C_EMPTY_BUFFER;
	struct lw_bytes got;
	OM_uint32 minor;

	assert_false(GSS_ERROR(forge_step(f, ctx, flags, bindings, nothing, &t)));
	got = lw_dup(arena, (struct lw_bytes){ t.value, t.length });
	gss_release_buffer(&minor, &t);
	return got;
}

/* The code of the KRB-ERROR in a token; -1: there is none. */
static int error_of(struct lw_bytes token)
{
	static const uint8_t head[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03, 0x00 };
	const uint8_t *p = token.n ? memmem(token.p, token.n, head, sizeof head) : NULL;
	struct krb_error e;

	if (!p || token.p[0] != 0x60)
		return -1;
	p += sizeof head;
	return krb_get_error((struct lw_bytes){ p, (size_t)(token.p + token.n - p) }, &e) ? -1 : e.code;
}

static int accept_token(struct lw_bytes token, struct lw_bytes bindings, struct kdc_accepted *ret)
{
	struct kdc_accept q = { .service = "ldap", .token = token, .bindings = bindings, .role = LW_ROLE_DIRECTORY };

	memset(ret, 0, sizeof *ret);
	return kdc_accept(kdc, &q, arena, ret);
}

/* 0: accepted; else the code of the KRB-ERROR that came, or -1 when none did. */
static int accept_ask(const struct ask *a)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	struct kdc_accepted got;
	struct forge f;
	OM_uint32 minor;
	int err;

	forge_ask(a, &f);
	err = accept_token(token_of(&f, &ctx, FLAGS, none), none, &got);
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	forge_done(&f);
	if (err == LW_OK)
		return 0;
	assert_int_equal(err, LW_EAUTH);
	assert_int_equal(got.context.n + got.cap.n, 0);
	return error_of(got.token);
}

/* What came out is a context that the client can talk to, and a capability for who it is. */
static void accepted(void **state)
{
	static const int etypes[] = { 20, 19, 18, 17 };

	for (int i = 0; i < 4; i++) {
		gss_ctx_id_t ctx = GSS_C_NO_CONTEXT, mine = GSS_C_NO_CONTEXT;
		gss_buffer_desc more = GSS_C_EMPTY_BUFFER, in, out, clear;
		struct kdc_accepted got;
		struct lw_cap cap;
		struct forge f;
		OM_uint32 minor;
		int conf;

		forge_ask(&(struct ask){ .etype = etypes[i] }, &f);
		assert_int_equal(accept_token(token_of(&f, &ctx, FLAGS, none), none, &got), LW_OK);
		assert_int_equal(forge_step(&f, &ctx, FLAGS, none, got.token, &more), GSS_S_COMPLETE);
		in = (gss_buffer_desc){ got.context.n, (void *)got.context.p };
		assert_int_equal(gss_import_sec_context(&minor, &in, &mine), GSS_S_COMPLETE);
		in = (gss_buffer_desc){ 5, (void *)"hello" };
		assert_int_equal(gss_wrap(&minor, ctx, 1, GSS_C_QOP_DEFAULT, &in, &conf, &out), GSS_S_COMPLETE);
		assert_int_equal(gss_unwrap(&minor, mine, &out, &clear, &conf, NULL), GSS_S_COMPLETE);
		assert_int_equal(clear.length, 5);
		assert_memory_equal(clear.value, "hello", 5);
		gss_release_buffer(&minor, &out);
		gss_release_buffer(&minor, &clear);
		assert_int_equal(got.tenant, 1);
		assert_true(lw_uuid_eq(&got.subject, &acme.alice));
		assert_false(got.bound);
		assert_int_equal(keys_check(rig.keys, (struct lw_bytes){ got.cap.b, got.cap.n }, &cap), LW_OK);
		assert_true(lw_uuid_eq(&cap.subject, &acme.alice));
		assert_true(lw_uuid_eq(&cap.tenant_uuid, &acme.tenant));
		assert_int_equal(cap.methods, LW_CAP_KERBEROS);
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
		gss_delete_sec_context(&minor, &mine, GSS_C_NO_BUFFER);
		forge_done(&f);
	}
}

static void refused(void **state)
{
	const struct {
		const char *what;
		struct ask ask;
		int code;
	} rows[] = {
		{ "good", { 0 }, 0 },
		{ "another spelling of the host", { .host = "LWD.acme.EXAMPLE" }, 0 },
		{ "another host", { .host = "elsewhere.acme.example" }, 35 },
		{ "for HTTP", { .service = "HTTP" }, 35 },
		{ "for HTTP with the key of ldap", { .service = "HTTP", .derive = "ldap" }, 35 },
		{ "with the key of HTTP", { .derive = "HTTP" }, 31 },
		{ "with the krbtgt's key itself", { .krbtgt = true }, 31 },
		{ "for kpasswd", { .service = "kadmin", .host = "changepw" }, 35 },
		{ "a TGT", { .service = "krbtgt", .host = "ACME.EXAMPLE", .krbtgt = true }, 35 },
		{ "for alice", { .service = "alice", .host = NULL, .derive = "ldap" }, 35 },
		{ "another key", { .bad_key = true }, 31 },
		{ "a key version that is not", { .kvno = 77 }, 44 },
		{ "expired", { .from_now = -7200 }, 32 },
		{ "not yet", { .from_now = 1200 }, 33 },
		{ "within the skew", { .from_now = 200 }, 0 },
		{ "invalid", { .flags = KRB_INVALID }, 33 },
		{ "without private data", { .no_ad = true }, 31 },
		{ "bob's UUID under alice's name", { .uuid = &acme.bob }, 20 },
		{ "nobody's name", { .client = "carol" }, 20 },
		{ "another tenant in it", { .tenant = &beta.tenant }, 35 },
		{ "beta's", { .of = &beta, .realm = "BETA.EXAMPLE", .client = "admin", .uuid = &beta.admin }, 0 },
		{ "beta's key in acme's realm", { .of = &beta, .client = "alice", .uuid = &acme.alice, .tenant = &acme.tenant }, 31 },
		{ "acme's client in beta's realm", { .of = &beta, .realm = "BETA.EXAMPLE", .client = "alice", .uuid = &acme.alice }, 20 },
		{ "a realm that is not", { .realm = "GAMMA.EXAMPLE" }, 35 },
		{ "a realm in lower case", { .realm = "acme.example" }, 35 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int code = accept_ask(&rows[i].ask);

		if (code != rows[i].code)
			fail_msg("%s: %d, not %d", rows[i].what, code, rows[i].code);
	}
}

static void replayed(void **state)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	struct kdc_accepted got;
	struct lw_bytes token;
	struct forge f;
	OM_uint32 minor;

	forge_ask(&(struct ask){ 0 }, &f);
	token = token_of(&f, &ctx, FLAGS, none);
	assert_int_equal(accept_token(token, none, &got), LW_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(accept_token(token, none, &got), LW_EAUTH);
		assert_int_equal(error_of(got.token), 34);
	}
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	forge_done(&f);
}

/* Eight threads show the same forty tokens at once: each token is accepted once. */
#define THREADS 8
#define TOKENS  40
static struct lw_bytes shared[TOKENS];
static _Atomic unsigned won[TOKENS], lost;

static void *show_all(void *arg)
{
	struct lw_arena *a = lw_arena_new(8u << 20, true);
	size_t from = (size_t)arg * TOKENS / THREADS;

	for (size_t i = 0; i < TOKENS; i++) {
		size_t k = (from + i) % TOKENS;
		struct kdc_accept q = { .service = "ldap", .token = shared[k], .role = LW_ROLE_DIRECTORY };
		struct kdc_accepted got = { 0 };

		if (kdc_accept(kdc, &q, a, &got) == LW_OK && lw_uuid_eq(&got.subject, &acme.alice))
			atomic_fetch_add(&won[k], 1);
		else if (error_of(got.token) == 34)
			atomic_fetch_add(&lost, 1);
	}
	lw_arena_free(a);
	return NULL;
}

static void at_once(void **state)
{
	gss_ctx_id_t ctx[TOKENS] = { GSS_C_NO_CONTEXT };
	pthread_t t[THREADS];
	struct forge f;
	OM_uint32 minor;

	forge_ask(&(struct ask){ 0 }, &f);
	for (size_t i = 0; i < TOKENS; i++)
		shared[i] = token_of(&f, &ctx[i], FLAGS, none);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, show_all, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (size_t i = 0; i < TOKENS; i++) {
		assert_int_equal(atomic_load(&won[i]), 1);
		gss_delete_sec_context(&minor, &ctx[i], GSS_C_NO_BUFFER);
	}
	assert_int_equal(atomic_load(&lost), (THREADS - 1) * TOKENS);
	forge_done(&f);
}

static void bindings(void **state)
{
	const struct {
		struct lw_bytes client, here;
		int err;
		bool bound;
	} rows[] = {
		{ LW_LIT("tls-server-end-point:one"), LW_LIT("tls-server-end-point:one"), LW_OK, true },
		{ LW_LIT("tls-server-end-point:one"), LW_LIT("tls-server-end-point:two"), LW_EAUTH, false },
		{ { NULL, 0 }, LW_LIT("tls-server-end-point:two"), LW_OK, false },
		{ { NULL, 0 }, { NULL, 0 }, LW_OK, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
		struct kdc_accepted got;
		struct forge f;
		OM_uint32 minor;

		forge_ask(&(struct ask){ 0 }, &f);
		assert_int_equal(accept_token(token_of(&f, &ctx, FLAGS, rows[i].client), rows[i].here, &got), rows[i].err);
		assert_int_equal(got.bound, rows[i].bound);
		if (rows[i].err)
			assert_int_equal(got.context.n + got.cap.n, 0);
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
		forge_done(&f);
	}
}

/* Every prefix, and every octet changed: refused, or (where the change means nothing) accepted as the one it is. */
static void damaged(void **state)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	struct kdc_accepted got;
	struct lw_bytes token;
	uint8_t *bent;
	struct forge f;
	OM_uint32 minor;

	forge_ask(&(struct ask){ 0 }, &f);
	token = token_of(&f, &ctx, FLAGS, none);
	for (size_t n = 0; n < token.n; n++) {
		struct lw_bytes part = { malloc(n + 1), n };

		memcpy((void *)part.p, token.p, n);
		assert_int_equal(accept_token(part, none, &got), LW_EAUTH);
		free((void *)part.p);
	}
	bent = malloc(token.n);
	for (size_t i = 0; i < token.n; i += i < 120 ? 1 : 7) {
		memcpy(bent, token.p, token.n);
		bent[i] ^= 0x10;
		if (accept_token((struct lw_bytes){ bent, token.n }, none, &got) == LW_OK)
			assert_true(lw_uuid_eq(&got.subject, &acme.alice));
	}
	free(bent);
	/* two tokens' worth of talk is not for us */
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	token = token_of(&f, &ctx, FLAGS | GSS_C_DCE_STYLE, none);
	assert_int_equal(accept_token(token, none, &got), LW_EAUTH);
	assert_int_equal(got.context.n + got.cap.n, 0);
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	forge_done(&f);
}

static void unframed(void **state)
{
	static const struct {
		const char *hex;
		int n;
	} rows[] = {
		{ "60( 0609 2a864886f712010202 0100 6e00 )", 2 },
		{ "60( 0609 2a864886f712010202 0100 )", -1 },
		{ "60( 0609 2a864886f712010202 0200 6e00 )", -1 },
		{ "60( 0609 2a864886f712010203 0100 6e00 )", -1 },
		{ "60( 0606 2b0601050502 0100 6e00 )", -1 },
		{ "60( 0609 2a864886f712010202 0100 6e00 ) 00", -1 },
		{ "6e00", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lw_bytes in = asm_(rows[i].hex), got = none;

		assert_int_equal(kdc_gss_unframe(in, &got), rows[i].n < 0 ? LW_EINVAL : LW_OK);
		assert_int_equal((int)got.n, rows[i].n < 0 ? 0 : rows[i].n);
		free((void *)in.p);
	}
}

/* ---- kpasswd ---- */

static struct directory { /* what the other role does with a change */
	int fail, times;
	unsigned calls;
	bool old_proved;
} directory;

static int set_secret(void *ctx, const struct kdc_secret *k, char text[200])
{
	struct store_op op = { .kind = STORE_SET_SECRET,
		.uuid = k->target,
		.expect_version = k->expect_version,
		.secrets = k->items,
		.nsecrets = k->nitems,
		.old_password_proved = k->old_proved };
	struct directory *my = ctx;
	struct store_result res = { 0 };
	struct lw_session *s;
	struct lw_cap cap;
	int err;

	my->calls++;
	my->old_proved = k->old_proved;
	if (my->times > 0 && my->times-- > 0)
		return my->fail;
	assert_int_equal(keys_check_forwarded(rig.keys, k->token, LW_ROLE_KDC, &cap), LW_OK);
	assert_int_equal(cap.tenant, k->tenant);
	err = store_session_cap(rig.store, &cap, &s);
	if (err)
		return err;
	store_session_channel(s, true);
	err = store_write(s, &op, &res);
	store_session_free(s);
	return err;
}

struct change { /* a request, and what became of it */
	struct ask ask;
	const char *password;
	const char *target;      /* a name: version 0xff80 */
	int version;             /* 0: as target says */
	bool no_subkey, wrong_seq, udp, v6;
	/* in the frame */
	int add_length;
	size_t cut, bend;        /* the last so many octets are missing; that octet of the whole is changed */
	/* out */
	bool authentic;          /* the answer was sealed */
	int code;                /* else: of the KRB-ERROR */
	bool silent, later;
	char text[256];
	struct lw_bytes request, answer;
};

static const uint8_t here4[] = { 127, 0, 0, 1 }, here6[16] = { [15] = 1 };

/* One message to the machine, over UDP or TCP. */
static void deliver(struct change *c)
{
	static uint8_t out[KDC_UDP_OUT];
	struct lw_peer peer = { .addr = "127.0.0.1:4711", .loopback = true, .here_n = c->v6 ? 16 : 4 };
	struct lw_datagram d = { .peer = &peer, .in = c->request, .out = out, .out_max = sizeof out };
	struct lw_writer in, answer;
	struct lw_reader r;
	enum lw_next next;
	void *conn;

	memcpy(peer.here, c->v6 ? here6 : here4, peer.here_n);
	c->answer = nothing;
	if (c->udp) {
		kpasswd_dgram.answer(kdc, &d, 1);
		c->later = d.later;
		if (d.later)
			kpasswd_dgram.job(kdc, &d);
		c->answer = lw_dup(arena, (struct lw_bytes){ out, d.out_n });
		c->silent = d.out_n == 0;
		return;
	}
	lw_writer_init(&in, 1 << 20);
	lw_writer_init(&answer, 1 << 20);
	lw_put_u32(&in, (uint32_t)c->request.n);
	lw_put_bytes(&in, c->request);
	conn = kpasswd_proto.conn_new(kdc, &peer);
	lw_reader_init(&r, lw_written(&in));
	next = kpasswd_proto.step(conn, &r, &answer);
	c->later = next == LW_NEXT_SLOW_JOB;
	if (c->later) {
		kpasswd_proto.job(conn, &answer);
		next = kpasswd_proto.step(conn, &r, &answer);
	}
	c->silent = answer.n == 0;
	assert_int_equal(next, c->silent ? LW_NEXT_CLOSE : LW_NEXT_READ);
	if (answer.n) {
		lw_reader_init(&r, lw_written(&answer));
		c->answer = lw_dup(arena, lw_get_counted(&r, 65536));
		assert_int_equal(lw_reader_end(&r), LW_OK);
	}
	kpasswd_proto.conn_free(conn);
	lw_writer_done(&in);
	lw_writer_done(&answer);
}

static krb5_data data_of(struct lw_bytes b)
{
	return (krb5_data){ .data = (char *)b.p, .length = (unsigned)b.n };
}

static struct lw_bytes chpw_data(const struct change *c)
{
	struct krb_chpw_data d = { .password = lw_str(c->password), .has_target = true, .target = { .type = 1, .n = 1 },
		.realm = LW_LIT("ACME.EXAMPLE") };
	uint8_t *buf = lw_alloc(arena, 1024);
	struct lw_der_writer w;
	const char *at = strchr(c->target, '@');

	d.target.part[0] = at ? (struct lw_bytes){ (const uint8_t *)c->target, (size_t)(at - c->target) } : lw_str(c->target);
	if (at)
		d.realm = lw_str(at + 1);
	d.has_target = c->target[0] != 0;
	if (!d.has_target)
		d.realm = none;
	lw_der_writer_init(&w, buf, 1024);
	krb_put_chpw_data(&w, &d);
	return lw_der_written(&w);
}

/* The request as a client of libkrb5 makes it. */
static void compose(struct change *c, struct forge *f, krb5_auth_context *ac)
{
	krb5_address me = { .addrtype = ADDRTYPE_INET, .length = 4, .contents = (krb5_octet *)here4 };
	int version = c->version ? c->version : c->target ? 0xff80 : 1;
	krb5_data ap, priv, user = data_of(c->target ? chpw_data(c) : lw_str(c->password));
	krb5_replay_data replay;
	uint8_t head[6];
	size_t total;

	assert_int_equal(krb5_auth_con_init(f->k, ac), 0);
	assert_int_equal(krb5_auth_con_setflags(f->k, *ac, KRB5_AUTH_CONTEXT_DO_SEQUENCE), 0);
	assert_int_equal(krb5_mk_req_extended(f->k, ac, c->no_subkey ? 0 : AP_OPTS_USE_SUBKEY, NULL, &f->creds, &ap), 0);
	assert_int_equal(krb5_auth_con_setaddrs(f->k, *ac, &me, NULL), 0);
	if (c->wrong_seq) {
		assert_int_equal(krb5_mk_priv(f->k, *ac, &user, &priv, &replay), 0);
		krb5_free_data_contents(f->k, &priv); /* the next has the next number */
	}
	assert_int_equal(krb5_mk_priv(f->k, *ac, &user, &priv, &replay), 0);
	total = 6 + ap.length + priv.length + (size_t)c->add_length;
	head[0] = (uint8_t)(total >> 8);
	head[1] = (uint8_t)total;
	head[2] = (uint8_t)(version >> 8);
	head[3] = (uint8_t)version;
	head[4] = (uint8_t)(ap.length >> 8);
	head[5] = (uint8_t)ap.length;
	{
		struct lw_bytes all = asm_("%b %b %b", (struct lw_bytes){ head, 6 }, (struct lw_bytes){ (uint8_t *)ap.data, ap.length },
			(struct lw_bytes){ (uint8_t *)priv.data, priv.length });

		c->request = lw_dup(arena, all);
		free((void *)all.p);
	}
	c->request.n -= c->cut;
	if (c->bend)
		((uint8_t *)c->request.p)[c->bend == SIZE_MAX ? c->request.n - 1 : c->bend] ^= 1;
	krb5_free_data_contents(f->k, &ap);
	krb5_free_data_contents(f->k, &priv);
}

/* The result of the answer, opened as libkrb5's client does. */
static int result(struct change *c, struct forge *f, krb5_auth_context ac)
{
	krb5_address server = { .addrtype = c->v6 ? ADDRTYPE_INET6 : ADDRTYPE_INET,
		.length = c->v6 ? 16 : 4,
		.contents = (krb5_octet *)(c->v6 ? here6 : here4) };
	struct lw_bytes say;
	struct krb_error e;
	struct lw_reader r;
	struct lw_bytes ap;
	krb5_data data, clear = { 0 };
	krb5_ap_rep_enc_part *part;
	krb5_replay_data replay;
	krb5_keyblock *key;
	int n;

	lw_reader_init(&r, c->answer);
	assert_int_equal(lw_get_u16(&r), c->answer.n);
	assert_int_equal(lw_get_u16(&r), 1);
	ap = lw_get_raw(&r, lw_get_u16(&r));
	assert_int_equal(r.err, 0);
	c->authentic = ap.n > 0;
	if (!ap.n) {
		assert_int_equal(krb_get_error((struct lw_bytes){ r.p, lw_reader_left(&r) }, &e), LW_OK);
		c->code = e.code;
		say = e.e_data;
	} else {
		data = data_of(ap);
		assert_int_equal(krb5_rd_rep(f->k, ac, &data, &part), 0);
		krb5_free_ap_rep_enc_part(f->k, part);
		assert_int_equal(krb5_auth_con_getsendsubkey(f->k, ac, &key), 0);
		assert_int_equal(krb5_auth_con_setrecvsubkey(f->k, ac, key), 0);
		krb5_free_keyblock(f->k, key);
		assert_int_equal(krb5_auth_con_setaddrs(f->k, ac, NULL, &server), 0);
		data = data_of((struct lw_bytes){ r.p, lw_reader_left(&r) });
		assert_int_equal(krb5_rd_priv(f->k, ac, &data, &clear, &replay), 0);
		say = (struct lw_bytes){ (uint8_t *)clear.data, clear.length };
	}
	assert_true(say.n >= 2 && say.n < sizeof c->text);
	memcpy(c->text, say.p + 2, say.n - 2);
	c->text[say.n - 2] = 0;
	n = say.p[0] << 8 | say.p[1];
	krb5_free_data_contents(f->k, &clear);
	return n;
}

static int change(struct change *c)
{
	krb5_auth_context ac = NULL;
	struct forge f;
	int n = -1;

	c->ask.service = c->ask.service ? c->ask.service : "kadmin";
	c->ask.host = c->ask.host ? c->ask.host : "changepw";
	forge_ask(&c->ask, &f);
	compose(c, &f, &ac);
	deliver(c);
	if (!c->silent)
		n = result(c, &f, ac);
	krb5_auth_con_free(f.k, ac);
	forge_done(&f);
	return n;
}

static int verify(const struct lw_uuid *who, const char *password)
{
	struct keys_source from = { .addr = "127.0.0.1", .confidential = true };
	struct keys_token token;
	struct lw_cap cap;

	return keys_verify(rig.keys, 1, who, lw_str(password), &from, &token, &cap);
}

static void changed(void **state)
{
	struct change c = { .ask = { .flags = INITIAL }, .password = "correct horse battery" };

	assert_int_equal(change(&c), 0);
	assert_true(c.authentic && c.later);
	assert_true(directory.old_proved);
	assert_int_equal(verify(&acme.alice, "correct horse battery"), LW_OK);
	assert_int_equal(verify(&acme.alice, "alice's password"), LW_EAUTH);
	c = (struct change){ .ask = { .flags = INITIAL, .etype = 17 }, .password = "staple, correct", .udp = true };
	assert_int_equal(change(&c), 0);
	assert_true(c.authentic && c.later);
	assert_int_equal(verify(&acme.alice, "staple, correct"), LW_OK);
	/* 0xff80 without a target is one's own; and with oneself as the target; the server asked by IPv6 */
	c = (struct change){ .ask = { .flags = INITIAL, .etype = 18 }, .password = "horse battery staple", .target = "", .v6 = true };
	assert_int_equal(change(&c), 0);
	assert_int_equal(verify(&acme.alice, "horse battery staple"), LW_OK);
	c = (struct change){ .ask = { .flags = INITIAL, .etype = 19 }, .password = "alice's password", .target = "alice" };
	assert_int_equal(change(&c), 4); /* it was hers, before */
	assert_non_null(strstr(c.text, "last"));
	c.password = "quite another one";
	assert_int_equal(change(&c), 0);
	assert_int_equal(verify(&acme.alice, "quite another one"), LW_OK);
}

static void policy(void **state)
{
	struct change c = { .ask = { .flags = INITIAL }, .password = "short" };

	assert_int_equal(change(&c), 4);
	assert_true(c.authentic);
	assert_true(strlen(c.text) > 10);
	assert_string_not_equal(c.text, "The password was refused"); /* keyd says why */
	assert_int_equal(verify(&acme.alice, "short"), LW_EAUTH);
}

static void others(void **state)
{
	const struct {
		const char *what;
		struct change c;
		int result;
	} rows[] = {
		{ "the administrator sets bob's", { .ask = { .client = "admin", .uuid = &acme.admin, .flags = INITIAL }, .target = "bob" }, 0 },
		{ "bob his own", { .ask = { .client = "bob", .uuid = &acme.bob, .flags = INITIAL } }, 0 },
		{ "alice bob's", { .ask = { .flags = INITIAL }, .target = "bob" }, 5 },
		{ "alice the administrator's", { .ask = { .flags = INITIAL }, .target = "admin" }, 5 },
		{ "alice nobody's", { .ask = { .flags = INITIAL }, .target = "nobody" }, 5 },
		{ "alice another realm's", { .ask = { .flags = INITIAL }, .target = "alice@BETA.EXAMPLE" }, 5 },
		{ "alice the krbtgt's", { .ask = { .flags = INITIAL }, .target = "krbtgt" }, 5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct change c = rows[i].c;
		char password[40];
		int n;

		snprintf(password, sizeof password, "row %zu of the table", i);
		c.password = password;
		directory.old_proved = false;
		n = change(&c);
		if (n != rows[i].result || !c.authentic)
			fail_msg("%s: %d", rows[i].what, n);
		assert_int_equal(verify(&acme.bob, password), i < 2 ? LW_OK : LW_EAUTH);
		assert_int_equal(directory.old_proved, i == 1);
	}
}

static void kpasswd_refused(void **state)
{
	const struct {
		const char *what;
		struct change c;
		int result, code; /* code 0: sealed */
		bool later;
	} rows[] = {
		{ "not INITIAL", { .ask = { .flags = 0 } }, 7, 0, false },
		{ "no subkey", { .ask = { .flags = INITIAL }, .no_subkey = true }, 1, 0, false },
		{ "another number", { .ask = { .flags = INITIAL }, .wrong_seq = true }, 3, 0, true },
		{ "bent data", { .ask = { .flags = INITIAL }, .bend = SIZE_MAX }, 3, 0, true },
		{ "version 2", { .ask = { .flags = INITIAL }, .version = 2 }, 6, 60, false },
		{ "no ChangePasswdData", { .ask = { .flags = INITIAL }, .version = 0xff80 }, 1, 0, true },
		{ "a longer length", { .ask = { .flags = INITIAL }, .add_length = 1 }, 1, 60, false },
		{ "cut", { .ask = { .flags = INITIAL }, .cut = 1 }, 1, 60, false },
		{ "bent AP-REQ", { .ask = { .flags = INITIAL }, .bend = 6 }, 1, 60, false },
		{ "bent ticket", { .ask = { .flags = INITIAL }, .bend = 200 }, 3, 31, false },
		{ "a ticket for ldap", { .ask = { .flags = INITIAL, .service = "ldap", .host = "lwd.acme.example" } }, 3, 35, false },
		{ "a TGT", { .ask = { .flags = INITIAL, .service = "krbtgt", .host = "ACME.EXAMPLE", .krbtgt = true } }, 3, 35, false },
		{ "expired", { .ask = { .flags = INITIAL, .from_now = -7200 } }, 3, 32, false },
		{ "invalid", { .ask = { .flags = INITIAL | KRB_INVALID } }, 3, 33, false },
		{ "another key", { .ask = { .flags = INITIAL, .bad_key = true } }, 3, 31, false },
		{ "bob as alice", { .ask = { .flags = INITIAL, .uuid = &acme.bob } }, 3, 20, false },
		{ "no private data", { .ask = { .flags = INITIAL, .no_ad = true } }, 3, 31, false },
	};
	unsigned calls = directory.calls;

	for (int udp = 0; udp < 2; udp++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct change c = rows[i].c;
			int n;

			c.password = "never to be one";
			c.udp = udp;
			n = change(&c);
			if (n != rows[i].result || c.code != rows[i].code || c.authentic != !rows[i].code || c.later != rows[i].later)
				fail_msg("%s: result %d, code %d, later %d", rows[i].what, n, c.code, c.later);
			assert_true(c.text[0] != 0);
		}
	assert_int_equal(directory.calls, calls);
	assert_int_equal(verify(&acme.alice, "never to be one"), LW_EAUTH);
}

static void kpasswd_again(void **state)
{
	struct change c = { .ask = { .flags = INITIAL }, .password = "said twice by UDP", .udp = true }, again;
	unsigned calls;
	struct krb_error e;

	/* the same datagram: the same answer, once done */
	assert_int_equal(change(&c), 0);
	calls = directory.calls;
	again = c;
	deliver(&again);
	assert_false(again.later);
	assert_true(lw_eq(again.answer, c.answer));
	assert_int_equal(directory.calls, calls);
	/* the same octets in another way: a replay */
	again.udp = false;
	deliver(&again);
	assert_true(again.later);
	assert_int_equal(again.answer.p[4] | again.answer.p[5], 0);
	assert_int_equal(krb_get_error((struct lw_bytes){ again.answer.p + 6, again.answer.n - 6 }, &e), LW_OK);
	assert_int_equal(e.code, 34);
	assert_int_equal(directory.calls, calls);
	c = (struct change){ .ask = { .flags = INITIAL }, .password = "said twice by TCP" };
	assert_int_equal(change(&c), 0);
	again = c;
	deliver(&again);
	assert_int_equal(krb_get_error((struct lw_bytes){ again.answer.p + 6, again.answer.n - 6 }, &e), LW_OK);
	assert_int_equal(e.code, 34);
	/* over UDP there is an answer on its way: nothing is said */
	again.udp = true;
	deliver(&again);
	assert_true(again.silent);
}

static void kpasswd_writer(void **state)
{
	static const struct {
		int fail, times, result;
		unsigned calls;
	} rows[] = {
		{ LW_EAGAIN, 2, 0, 3 },
		{ LW_EAGAIN, 100, 2, 5 },
		{ LW_EUNAVAIL, 1, 2, 1 },
		{ LW_EFULL, 1, 2, 1 },
		{ LW_EACCES, 1, 5, 1 },
		{ LW_EPWPOLICY, 1, 4, 1 },
		{ LW_EREVOKED, 1, 3, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct change c = { .ask = { .flags = INITIAL } };
		unsigned calls = directory.calls;
		char password[40];

		snprintf(password, sizeof password, "for writer number %zu", i);
		c.password = password;
		directory.fail = rows[i].fail;
		directory.times = rows[i].times;
		if (change(&c) != rows[i].result)
			fail_msg("row %zu", i);
		assert_true(c.authentic);
		assert_int_equal(directory.calls - calls, rows[i].calls);
		directory.times = 0;
		assert_int_equal(verify(&acme.alice, password), rows[i].result ? LW_EAUTH : LW_OK);
	}
}

/* Nothing is said to what may be an answer itself, or to nothing at all. */
static void kpasswd_silent(void **state)
{
	struct change c = { .udp = true };
	static const char *const hex[] = { "", "00", "0006 0001 00", "0006 0001 0000", "0008 0001 0000 7e00", "7e06 000100 000000" };

	for (size_t i = 0; i < sizeof hex / sizeof *hex; i++)
		for (int udp = 0; udp < 2; udp++) {
			struct lw_bytes in = asm_(hex[i]);

			c.udp = udp;
			c.request = in;
			deliver(&c);
			assert_true(c.silent);
			assert_false(c.later);
			free((void *)in.p);
		}
	for (size_t n = 6; n < 300; n += 3) {
		uint8_t junk[300];

		for (size_t i = 0; i < n; i++)
			junk[i] = (uint8_t)(n * 7 + i * 13);
		c.request = (struct lw_bytes){ junk, n };
		c.udp = true;
		deliver(&c);
		assert_false(c.later);
	}
}

/* Whoever is disabled gets nothing, from the next request on. */
static void disabled(void **state)
{
	struct change c = { .ask = { .flags = INITIAL, .client = "bob", .uuid = &acme.bob }, .password = "from the other side" };
	struct client admin;

	client_open(&admin, "127.0.0.1:1");
	assert_int_equal(client_bind(&admin, ADMIN, "admin's password"), 0);
	assert_int_equal(accept_ask(&(struct ask){ .client = "bob", .uuid = &acme.bob }), 0);
	SEND(&admin, "30( 020105 66( 04( %b ) 30( 30( 0a0102 30( 04('lwDisabled') 31( 04('TRUE') ) ) ) ) ) )", lw_str(BOB));
	assert_int_equal(client_code(&admin), 0);
	assert_int_equal(accept_ask(&(struct ask){ .client = "bob", .uuid = &acme.bob }), 18);
	assert_int_equal(change(&c), 3);
	assert_int_equal(c.code, 18);
	client_close(&admin);
}

static int setup(void **state)
{
	struct kdc_options o = { .names = "other.example,lwd.acme.example", .set_secret = set_secret, .ctx = &directory };

	forge_environment();
	if (rig_setup(state))
		return -1;
	rig.clock.test_wall = (int64_t)time(NULL) * LW_SECOND; /* libgssapi looks at the system's */
	arena = lw_arena_new(64u << 20, false);
	look_in(1, &acme);
	look_in(2, &beta);
	return kdc_server_new(rig.store, rig.kdc_keys, &o, &rig.clock, &kdc);
}

static int teardown(void **state)
{
	kdc_server_free(kdc);
	lw_arena_free(arena);
	return rig_teardown(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unframed),
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(replayed),
		cmocka_unit_test(at_once),
		cmocka_unit_test(bindings),
		cmocka_unit_test(damaged),
		cmocka_unit_test(changed),
		cmocka_unit_test(policy),
		cmocka_unit_test(others),
		cmocka_unit_test(kpasswd_refused),
		cmocka_unit_test(kpasswd_again),
		cmocka_unit_test(kpasswd_writer),
		cmocka_unit_test(kpasswd_silent),
		cmocka_unit_test(disabled),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
