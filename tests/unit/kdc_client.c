/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kdc_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define ROOM (256u << 10)

struct lw_arena *kc_arena;
unsigned kc_jobs;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "kdc_client: %s\n", what);
		abort();
	}
}

void kc_reset(void)
{
	if (!kc_arena)
		kc_arena = lw_arena_new(256u << 20, false);
	must(kc_arena, "memory");
	lw_arena_reset(kc_arena);
}

static void *take(size_t n)
{
	void *p;

	if (!kc_arena)
		kc_reset();
	p = lw_alloc(kc_arena, n);
	must(p, "memory");
	return p;
}

/* One thing is written at a time; what is finished is copied. */
static struct lw_der_writer writer(void)
{
	static uint8_t room[ROOM];
	struct lw_der_writer w;

	lw_der_writer_init(&w, room, ROOM);
	return w;
}

static struct lw_bytes written(const struct lw_der_writer *w)
{
	struct lw_bytes b = lw_der_written(w);

	must(!w->err, "a message too long");
	return (struct lw_bytes){ memcpy(take(b.n), b.p, b.n), b.n };
}

void kc_name(const char *text, struct krb_name *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->type = KRB_NT_PRINCIPAL;
	for (;;) {
		size_t n = strcspn(text, "/");

		ret->part[ret->n++] = (struct lw_bytes){ (const uint8_t *)text, n };
		if (!text[n])
			return;
		text += n + 1;
	}
}

/* ---- keys ---- */

static struct lw_krbkey *key_of(int32_t etype, struct lw_bytes octets)
{
	static struct lw_krbkey *keys[4];
	static unsigned turn;
	struct lw_krbkey **k = &keys[turn++ % 4];

	if (!*k)
		*k = lw_krbkey_new();
	must(*k && lw_enctype_find(etype) && !lw_krbkey_set(*k, lw_enctype_find(etype), octets.p), "a key");
	return *k;
}

/* String-to-key is dear: each is made once. */
static struct lw_bytes password_key(int32_t etype, const char *password, struct lw_bytes salt)
{
	static struct {
		int32_t etype;
		char password[64], salt[128];
		uint8_t key[32];
	} made[64];
	static unsigned n;
	const struct lw_enctype *e = lw_enctype_find(etype);
	unsigned i;

	must(e && strlen(password) < 64 && salt.n < 128, "a password");
	for (i = 0; i < n; i++)
		if (made[i].etype == etype && !strcmp(made[i].password, password) &&
		        strlen(made[i].salt) == salt.n && !memcmp(made[i].salt, salt.p, salt.n))
			return (struct lw_bytes){ made[i].key, e->key_size };
	must(n < 64, "so many passwords");
	made[i].etype = etype;
	strcpy(made[i].password, password);
	memcpy(made[i].salt, salt.p, salt.n);
	must(!lw_string_to_key(e, lw_str(password), salt, 0, made[i].key), "string to key");
	n++;
	return (struct lw_bytes){ made[i].key, e->key_size };
}

static struct lw_bytes encrypt(struct lw_krbkey *k, uint32_t usage, struct lw_bytes plain)
{
	size_t n = lw_krb_sealed_size(lw_krbkey_type(k), plain.n);
	uint8_t *p = take(n);

	must(!lw_krb_encrypt(k, usage, plain, p), "encryption");
	return (struct lw_bytes){ p, n };
}

static bool decrypt(struct lw_krbkey *k, uint32_t usage, struct lw_bytes cipher, struct lw_bytes *ret)
{
	uint8_t *p = take(cipher.n + 1);

	ret->p = p;
	return lw_krb_decrypt(k, usage, cipher, p, &ret->n) == LW_OK;
}

/* ---- AS ---- */

static const int32_t usual[] = { 18, 17, 0 };
struct kc_as kc_usual = { .realm = "ACME.EXAMPLE", .client = "alice", .password = "alice's password" };

static struct kc_as whole(const struct kc_as *a)
{
	struct kc_as r = *a;

	r.realm = r.realm ? r.realm : kc_usual.realm;
	r.client = r.client ? r.client : kc_usual.client;
	r.password = r.password ? r.password : kc_usual.password;
	return r;
}

static int64_t till(int64_t t)
{
	return t == KC_1970 ? 0 : t ? t : KC_FAR;
}

static void etypes(struct krb_kdc_req *r, const int32_t *list)
{
	for (list = list ? list : usual; *list; list++)
		r->etypes[r->netypes++] = *list;
}

static struct lw_bytes as_salt(const struct kc_as *a)
{
	size_t n = 0;
	char *salt;

	if (a->salt)
		return lw_str(a->salt);
	salt = take(strlen(a->realm) + strlen(a->client) + 1);
	strcpy(salt, a->realm);
	n = strlen(salt);
	for (const char *c = a->client; *c; c++)
		if (*c != '/')
			salt[n++] = *c;
	return lw_str(salt);
}

static struct lw_krbkey *as_key(const struct kc_as *a, int32_t etype)
{
	if (a->key)
		return key_of(a->key->etype, a->key->key);
	return key_of(etype, password_key(etype, a->password, as_salt(a)));
}

static struct krb_typed timestamp(const struct kc_as *a, int64_t now_us)
{
	int32_t etype = a->key ? a->key->etype : a->etypes ? *a->etypes : *usual;
	struct krb_pa_enc_ts ts = {
		.time = now_us / LW_SECOND + a->skew, .has_usec = true, .usec = (uint32_t)(now_us % LW_SECOND)
	};
	struct lw_der_writer w = writer();
	struct krb_enc enc = { .etype = etype };

	krb_put_pa_enc_ts(&w, &ts);
	enc.cipher = encrypt(as_key(a, etype), 1, written(&w));
	w = writer();
	krb_put_enc(&w, &enc);
	return (struct krb_typed){ KRB_PA_ENC_TIMESTAMP, written(&w) };
}

struct lw_bytes kc_as_make(const struct kc_as *short_, int64_t now_us)
{
	struct kc_as filled = whole(short_);
	const struct kc_as *a = &filled;
	struct krb_kdc_req r = { .msg_type = KRB_AS_REQ,
		.options = a->options,
		.realm = lw_str(a->realm),
		.has_cname = true,
		.from = a->from ? a->from : KRB_NO_TIME,
		.till = till(a->till),
		.rtime = a->rtime ? a->rtime : KRB_NO_TIME,
		.nonce = a->nonce ? a->nonce : 4711,
		.padata = a->padata };
	struct lw_der_writer w = writer();

	kc_name(a->client, &r.cname);
	if (a->client_type)
		r.cname.type = a->client_type;
	if (a->client_type == KRB_NT_ENTERPRISE) {
		r.cname.n = 1;
		r.cname.part[0] = lw_str(a->client);
	}
	r.has_sname = !a->server || *a->server;
	if (a->server && *a->server)
		kc_name(a->server, &r.sname);
	else if (r.has_sname)
		r.sname = (struct krb_name){
			.type = KRB_NT_SRV_INST, .n = 2, .part = { LW_LIT("krbtgt"), lw_str(a->realm) }
		};
	etypes(&r, a->etypes);
	if (!a->bare)
		r.padata.v[r.padata.n++] = timestamp(a, now_us);
	if (a->want_rep)
		r.padata.v[r.padata.n++] = (struct krb_typed){ KRB_PA_REQ_ENC_PA_REP, LW_LIT("") };
	r.has_addrs = a->addrs.n > 0;
	r.addrs = a->addrs;
	if (a->change)
		a->change(&r);
	krb_put_kdc_req(&w, &r);
	return written(&w);
}

/* ---- TGS ---- */

static struct krb_typed checksum(const struct kc_tgs *q, struct lw_krbkey *key, struct lw_bytes body)
{
	const struct lw_enctype *e = lw_krbkey_type(key);
	uint8_t *sum = take(32);
	struct krb_typed ret = { lw_krb_cksumtype(e), { sum, lw_krb_cksum_size(e) } };

	if (q->cksum == KC_UNKEYED) { /* RSA-MD5's number */
		ret.type = 7;
		ret.value.n = 16;
		return ret;
	}
	if (q->cksum == KC_OTHER_BODY)
		body.n--;
	must(!lw_krb_cksum(key, 6, body, sum), "checksum");
	if (q->cksum == KC_OTHER_TYPE)
		ret.type = ret.type == 16 ? 15 : 16;
	return ret;
}

static struct lw_bytes authenticator(const struct kc_tgs *q, struct lw_bytes body, int64_t now_us)
{
	struct lw_krbkey *key = key_of(q->tgt->part.key.etype, q->tgt->part.key.key);
	static uint64_t count;
	struct krb_authenticator a = { .crealm = q->tgt->rep.crealm,
		.cname = q->tgt->rep.cname,
		.has_cksum = q->cksum != KC_NONE,
		.ctime = now_us / LW_SECOND + q->skew,
		.cusec = (uint32_t)(q->cusec ? q->cusec : (int64_t)(++count % 999983)) };
	struct lw_der_writer w = writer();

	if (q->cname)
		kc_name(q->cname, &a.cname);
	if (a.has_cksum)
		a.cksum = checksum(q, key, body);
	if (q->subkey) {
		const struct lw_enctype *e = lw_enctype_find(q->subkey);
		uint8_t *p = take(32);

		memset(p, 0x5a, 32);
		a.subkey = (struct krb_key){ q->subkey, { p, e ? e->key_size : 16 } };
	}
	krb_put_authenticator(&w, &a);
	return encrypt(key, q->usage ? q->usage : 7, written(&w));
}

static struct krb_typed ap_req(const struct kc_tgs *q, struct lw_bytes body, int64_t now_us)
{
	struct krb_ap_req ap = { .authenticator = { .etype = q->tgt->part.key.etype } };
	struct lw_der_writer w = writer();

	ap.ticket.der = q->ticket.p ? q->ticket : q->tgt->rep.ticket;
	if (q->spoilt) {
		uint8_t *p = take(ap.ticket.der.n);

		memcpy(p, ap.ticket.der.p, ap.ticket.der.n);
		p[ap.ticket.der.n - 1] ^= 1;
		ap.ticket.der.p = p;
	}
	ap.authenticator.cipher = authenticator(q, body, now_us);
	if (q->change_ap)
		q->change_ap(&ap);
	krb_put_ap_req(&w, &ap);
	return (struct krb_typed){ KRB_PA_TGS_REQ, written(&w) };
}

static struct krb_enc encrypted_authz(const struct kc_tgs *q)
{
	uint8_t fixed[32];
	struct lw_der_writer w = writer();
	struct lw_krbkey *key;

	memset(fixed, 0x5a, 32);
	key = q->subkey ? key_of(q->subkey, (struct lw_bytes){ fixed, 32 })
	                : key_of(q->tgt->part.key.etype, q->tgt->part.key.key);
	krb_put_authz(&w, &q->authz);
	return (struct krb_enc){ .etype = lw_krbkey_type(key)->etype,
		.cipher = encrypt(key, q->subkey ? 5 : 4, written(&w)) };
}

struct lw_bytes kc_tgs_make(const struct kc_tgs *q, int64_t now_us)
{
	struct krb_kdc_req r = { .msg_type = KRB_TGS_REQ,
		.options = q->options,
		.realm = q->realm ? lw_str(q->realm) : q->tgt->part.srealm,
		.from = q->from ? q->from : KRB_NO_TIME,
		.till = till(q->till),
		.rtime = q->rtime ? q->rtime : KRB_NO_TIME,
		.nonce = q->nonce ? q->nonce : 4712 };
	struct lw_der_writer w = writer();

	r.has_sname = q->server && *q->server;
	if (r.has_sname)
		kc_name(q->server, &r.sname);
	etypes(&r, q->etypes);
	r.has_addrs = q->addrs.n > 0;
	r.addrs = q->addrs;
	r.has_authz = q->authz.n > 0;
	if (r.has_authz)
		r.authz = encrypted_authz(q);
	if (q->second) {
		must(!krb_get_ticket(q->second->rep.ticket, &r.tickets[0]), "a ticket");
		r.ntickets = 1;
	}
	if (q->change)
		q->change(&r);
	krb_put_kdc_req_body(&w, &r);
	if (!q->bare)
		r.padata.v[r.padata.n++] = ap_req(q, written(&w), now_us);
	w = writer();
	krb_put_kdc_req(&w, &r);
	return written(&w);
}

/* ---- what came back ---- */

static void open_reply(struct lw_bytes answer, struct lw_krbkey *key, uint32_t usage, struct kc_reply *ret)
{
	struct lw_bytes plain;

	memset(ret, 0, sizeof *ret);
	ret->octets = answer;
	ret->code = -2;
	if (!answer.n)
		ret->code = -1;
	else if (krb_get_error(answer, &ret->err) == LW_OK)
		ret->code = ret->err.code;
	else if (krb_get_kdc_rep(answer, &ret->rep) == LW_OK && key &&
	         lw_krbkey_type(key)->etype == ret->rep.enc.etype &&
	         decrypt(key, usage, ret->rep.enc.cipher, &plain) &&
	         krb_get_enc_kdc_rep_part(plain, &ret->part) == LW_OK)
		ret->code = 0;
}

void kc_as_open(const struct kc_as *short_, struct lw_bytes answer, struct kc_reply *ret)
{
	struct kc_as filled = whole(short_), *a = &filled;
	struct krb_kdc_rep rep;
	struct lw_krbkey *key = NULL;

	if (answer.n && answer.p[0] == LW_DER_APP(KRB_AS_REP) && krb_get_kdc_rep(answer, &rep) == LW_OK &&
	        lw_enctype_find(rep.enc.etype))
		key = as_key(a, rep.enc.etype);
	open_reply(answer, key, 3, ret);
}

void kc_tgs_open(const struct kc_tgs *q, struct lw_bytes answer, struct kc_reply *ret)
{
	uint8_t fixed[32];
	struct lw_krbkey *key;

	memset(fixed, 0x5a, 32);
	key = q->subkey && lw_enctype_find(q->subkey) ? key_of(q->subkey, (struct lw_bytes){ fixed, 32 })
	                                              : key_of(q->tgt->part.key.etype, q->tgt->part.key.key);
	open_reply(answer, key, q->subkey ? 9 : 8, ret);
}

/* ---- the wire ---- */

static void peer_of(const char *addr, struct lw_peer *ret)
{
	memset(ret, 0, sizeof *ret);
	snprintf(ret->addr, sizeof ret->addr, "%s", addr);
	ret->loopback = !strncmp(addr, "127.", 4);
}

struct lw_bytes kc_udp(struct kdc_server *s, const char *addr, struct lw_bytes request)
{
	struct lw_peer peer;
	struct lw_datagram d = {
		.peer = &peer, .in = request, .out = take(kdc_dgram.max_out), .out_max = kdc_dgram.max_out
	};

	peer_of(addr, &peer);
	kdc_dgram.answer(s, &d, 1);
	if (d.later) {
		kc_jobs++;
		must(d.out_n == 0, "put off and answered");
		kdc_dgram.job(s, &d);
	}
	return (struct lw_bytes){ d.out, d.out_n };
}

struct lw_bytes kc_framed(struct lw_bytes request)
{
	uint8_t *p = take(request.n + 4);

	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(request.n >> (24 - 8 * i));
	memcpy(p + 4, request.p, request.n);
	return (struct lw_bytes){ p, request.n + 4 };
}

struct lw_bytes kc_tcp(struct kdc_server *s, const char *addr, struct lw_bytes octets, bool *ret_closed)
{
	struct lw_peer peer;
	struct lw_reader in;
	struct lw_writer out;
	struct lw_bytes ret;
	enum lw_next next;
	void *conn;

	peer_of(addr, &peer);
	lw_reader_init(&in, octets);
	lw_writer_init(&out, 16u << 20);
	conn = kdc_proto.conn_new(s, &peer);
	must(conn, "connection");
	while ((next = kdc_proto.step(conn, &in, &out)) != LW_NEXT_READ && next != LW_NEXT_CLOSE)
		if (next == LW_NEXT_JOB) {
			kc_jobs++;
			kdc_proto.job(conn, &out);
		}
	kdc_proto.conn_free(conn);
	if (ret_closed)
		*ret_closed = next == LW_NEXT_CLOSE;
	ret = lw_dup(kc_arena, lw_written(&out));
	lw_writer_done(&out);
	return ret;
}

int kc_as(struct kdc_server *s, const char *addr, const struct kc_as *a, struct kc_reply *ret)
{
	struct kc_reply unused;

	if (!ret)
		ret = &unused;
	kc_as_open(a, kc_udp(s, addr, kc_as_make(a, lw_wall(s->clock))), ret);
	return ret->code;
}

int kc_tgs(struct kdc_server *s, const char *addr, const struct kc_tgs *q, struct kc_reply *ret)
{
	struct kc_reply unused;

	if (!ret)
		ret = &unused;
	kc_tgs_open(q, kc_udp(s, addr, kc_tgs_make(q, lw_wall(s->clock))), ret);
	return ret->code;
}

/* ---- tickets ---- */

bool kc_open_ticket(const struct krb_key *key, struct lw_bytes ticket, struct krb_enc_ticket_part *ret)
{
	struct krb_ticket t;
	struct lw_bytes plain;

	return krb_get_ticket(ticket, &t) == LW_OK && t.enc.etype == key->etype &&
	       decrypt(key_of(key->etype, key->key), 2, t.enc.cipher, &plain) &&
	       krb_get_enc_ticket_part(plain, ret) == LW_OK;
}

struct lw_bytes kc_make_ticket(const struct krb_key *key, uint32_t kvno, const char *realm,
        const char *server, const struct krb_enc_ticket_part *part)
{
	struct lw_der_writer w = writer();
	struct krb_ticket t = { .realm = lw_str(realm),
		.enc = { .etype = key->etype, .has_kvno = true, .kvno = kvno } };

	kc_name(server, &t.sname);
	krb_put_enc_ticket_part(&w, part);
	t.enc.cipher = encrypt(key_of(key->etype, key->key), 2, written(&w));
	w = writer();
	krb_put_ticket(&w, &t);
	return written(&w);
}
