/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/krb_oracle.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* ---- what libkrb5 has and its headers don't ---- */
#define CODERS(X) \
	X(as_req) X(tgs_req) X(as_rep) X(tgs_rep) X(enc_kdc_rep_part) X(ticket) X(enc_tkt_part) X(ap_req) \
	X(authenticator) X(ap_rep) X(ap_rep_enc_part) X(error) X(priv) X(enc_priv_part) X(enc_data) X(pa_enc_ts) \
	X(padata_sequence) X(authdata) X(etype_info2)
#define X(name) \
	krb5_error_code decode_krb5_##name(const krb5_data *, void **); \
	krb5_error_code encode_krb5_##name(const void *, krb5_data **);
CODERS(X)
#undef X
krb5_error_code decode_krb5_setpw_req(const krb5_data *, krb5_data **password, krb5_principal *target);

#define FREES(X) \
	X(kdc_req) X(kdc_rep) X(enc_kdc_rep_part) X(enc_tkt_part) X(ap_req) X(ap_rep) X(priv) X(priv_enc_part) \
	X(enc_data) X(pa_enc_ts) X(pa_data) X(etype_info)
#define X(name) void krb5_free_##name(krb5_context, void *);
FREES(X)
#undef X
void krb5_free_ap_rep_enc_part(krb5_context, krb5_ap_rep_enc_part *);

struct mit_priv { krb5_magic magic; krb5_enc_data enc_part; };
struct mit_priv_enc_part {
	krb5_magic magic;
	krb5_data user_data;
	krb5_timestamp timestamp;
	krb5_int32 usec;
	krb5_ui_4 seq_number;
	krb5_address *s_address, *r_address;
};
struct mit_pa_enc_ts { krb5_timestamp patimestamp; krb5_int32 pausec; };
struct mit_etype_info_entry {
	krb5_magic magic;
	krb5_enctype etype;
	unsigned int length; /* UINT_MAX: no salt */
	krb5_octet *salt;
	krb5_data s2kparams;
};
struct mit_setpw_req { krb5_principal target; krb5_data password; };

/* ---- the same contents in libkrb5's structs ---- */
static krb5_data data(struct lw_bytes b)
{
	return (krb5_data){ .length = (unsigned)b.n, .data = b.n ? (char *)b.p : NULL };
}

static krb5_timestamp stamp(int64_t t)
{
	return t == KRB_NO_TIME ? 0 : (krb5_timestamp)(uint32_t)t;
}

static krb5_principal principal(struct lw_arena *a, const struct krb_name *name, struct lw_bytes realm)
{
	krb5_principal p = lw_alloc(a, sizeof *p);

	p->realm = data(realm);
	if (!name)
		return p;
	p->type = name->type;
	p->length = (krb5_int32)name->n;
	p->data = lw_allocn(a, name->n, sizeof *p->data);
	for (unsigned i = 0; i < name->n; i++)
		p->data[i] = data(name->part[i]);
	return p;
}

static krb5_enc_data enc_data(const struct krb_enc *e)
{
	return (krb5_enc_data){ .enctype = e->etype, .kvno = e->has_kvno ? e->kvno : 0, .ciphertext = data(e->cipher) };
}

static krb5_keyblock *keyblock(struct lw_arena *a, const struct krb_key *key)
{
	krb5_keyblock *k = lw_alloc(a, sizeof *k);

	*k = (krb5_keyblock){ .enctype = key->etype, .length = (unsigned)key->key.n, .contents = (krb5_octet *)key->key.p };
	return k;
}

/* addresses, padata, authdata and checksums have one layout: magic, type, length, contents */
_Static_assert(sizeof(krb5_address) == sizeof(krb5_pa_data) && sizeof(krb5_address) == sizeof(krb5_authdata) &&
                sizeof(krb5_address) == sizeof(krb5_checksum) &&
                offsetof(krb5_address, contents) == offsetof(krb5_pa_data, contents) &&
                offsetof(krb5_address, length) == offsetof(krb5_authdata, length),
        "one layout");
static void *typed(struct lw_arena *a, const struct krb_typed *t)
{
	krb5_address *p = lw_alloc(a, sizeof *p);

	*p = (krb5_address){ .addrtype = t->type, .length = (unsigned)t->value.n, .contents = (krb5_octet *)t->value.p };
	return p;
}

static void *typed_list(struct lw_arena *a, const struct krb_typed_list *list)
{
	void **v = lw_allocn(a, list->n + 1, sizeof *v);

	for (unsigned i = 0; i < list->n; i++)
		v[i] = typed(a, &list->v[i]);
	return v;
}

static krb5_ticket *ticket(struct lw_arena *a, const struct krb_ticket *t)
{
	krb5_ticket *p = lw_alloc(a, sizeof *p);

	p->server = principal(a, &t->sname, t->realm);
	p->enc_part = enc_data(&t->enc);
	return p;
}

static void *mit_kdc_req(struct lw_arena *a, const void *ours)
{
	const struct krb_kdc_req *r = ours;
	krb5_kdc_req *p = lw_alloc(a, sizeof *p);

	p->msg_type = (krb5_msgtype)r->msg_type;
	p->padata = typed_list(a, &r->padata);
	p->kdc_options = (krb5_flags)r->options;
	p->client = r->has_cname ? principal(a, &r->cname, r->realm) : NULL;
	p->server = r->has_sname ? principal(a, &r->sname, r->realm) : NULL;
	p->from = stamp(r->from);
	p->till = stamp(r->till);
	p->rtime = stamp(r->rtime);
	p->nonce = (krb5_int32)r->nonce;
	p->nktypes = (int)r->netypes;
	p->ktype = lw_allocn(a, r->netypes + 1, sizeof *p->ktype);
	for (unsigned i = 0; i < r->netypes; i++)
		p->ktype[i] = r->etypes[i];
	p->addresses = r->has_addrs ? typed_list(a, &r->addrs) : NULL;
	if (r->has_authz)
		p->authorization_data = enc_data(&r->authz);
	p->second_ticket = lw_allocn(a, r->ntickets + 1, sizeof *p->second_ticket);
	for (unsigned i = 0; i < r->ntickets; i++)
		p->second_ticket[i] = ticket(a, &r->tickets[i]);
	return p;
}

static void *mit_kdc_rep(struct lw_arena *a, const void *ours)
{
	const struct krb_kdc_rep *r = ours;
	krb5_kdc_rep *p = lw_alloc(a, sizeof *p);
	struct krb_ticket t;

	if (krb_get_ticket(r->ticket, &t))
		abort();
	p->msg_type = (krb5_msgtype)r->msg_type;
	p->padata = typed_list(a, &r->padata);
	p->client = principal(a, &r->cname, r->crealm);
	p->ticket = ticket(a, &t);
	p->enc_part = enc_data(&r->enc);
	return p;
}

static void *mit_enc_kdc_rep_part(struct lw_arena *a, const void *ours)
{
	const struct krb_enc_kdc_rep_part *r = ours;
	krb5_enc_kdc_rep_part *p = lw_alloc(a, sizeof *p);

	p->session = keyblock(a, &r->key);
	p->last_req = lw_allocn(a, r->nlast_req + 1, sizeof *p->last_req);
	for (unsigned i = 0; i < r->nlast_req; i++) {
		p->last_req[i] = lw_alloc(a, sizeof **p->last_req);
		*p->last_req[i] = (krb5_last_req_entry){ .lr_type = r->last_req[i].type, .value = stamp(r->last_req[i].time) };
	}
	p->nonce = (krb5_int32)r->nonce;
	p->key_exp = stamp(r->key_expiration);
	p->flags = (krb5_flags)r->flags;
	p->times = (krb5_ticket_times){ stamp(r->authtime), stamp(r->starttime), stamp(r->endtime), stamp(r->renew_till) };
	p->server = principal(a, &r->sname, r->srealm);
	p->caddrs = r->has_addrs ? typed_list(a, &r->caddr) : NULL;
	p->enc_padata = typed_list(a, &r->enc_padata);
	return p;
}

static void *mit_ticket(struct lw_arena *a, const void *ours)
{
	return ticket(a, ours);
}

static void *mit_enc_ticket_part(struct lw_arena *a, const void *ours)
{
	const struct krb_enc_ticket_part *r = ours;
	krb5_enc_tkt_part *p = lw_alloc(a, sizeof *p);

	p->flags = (krb5_flags)r->flags;
	p->session = keyblock(a, &r->key);
	p->client = principal(a, &r->cname, r->crealm);
	p->transited = (krb5_transited){ .tr_type = (krb5_octet)r->transited.type, .tr_contents = data(r->transited.value) };
	p->times = (krb5_ticket_times){ stamp(r->authtime), stamp(r->starttime), stamp(r->endtime), stamp(r->renew_till) };
	p->caddrs = r->has_addrs ? typed_list(a, &r->caddr) : NULL;
	p->authorization_data = typed_list(a, &r->authz);
	return p;
}

static void *mit_ap_req(struct lw_arena *a, const void *ours)
{
	const struct krb_ap_req *r = ours;
	krb5_ap_req *p = lw_alloc(a, sizeof *p);

	p->ap_options = (krb5_flags)r->options;
	p->ticket = ticket(a, &r->ticket);
	p->authenticator = enc_data(&r->authenticator);
	return p;
}

static void *mit_authenticator(struct lw_arena *a, const void *ours)
{
	const struct krb_authenticator *r = ours;
	krb5_authenticator *p = lw_alloc(a, sizeof *p);

	p->client = principal(a, &r->cname, r->crealm);
	p->checksum = r->has_cksum ? typed(a, &r->cksum) : NULL;
	p->cusec = (krb5_int32)r->cusec;
	p->ctime = stamp(r->ctime);
	p->subkey = r->subkey.key.p ? keyblock(a, &r->subkey) : NULL;
	p->seq_number = r->has_seq ? r->seq : 0;
	p->authorization_data = typed_list(a, &r->authz);
	return p;
}

static void *mit_enc_data(struct lw_arena *a, const void *ours)
{
	krb5_enc_data *p = lw_alloc(a, sizeof *p);

	*p = enc_data(ours);
	return p;
}

static void *mit_ap_rep(struct lw_arena *a, const void *ours)
{
	krb5_ap_rep *p = lw_alloc(a, sizeof *p);

	p->enc_part = enc_data(ours);
	return p;
}

static void *mit_priv(struct lw_arena *a, const void *ours)
{
	struct mit_priv *p = lw_alloc(a, sizeof *p);

	p->enc_part = enc_data(ours);
	return p;
}

static void *mit_enc_ap_rep_part(struct lw_arena *a, const void *ours)
{
	const struct krb_enc_ap_rep_part *r = ours;
	krb5_ap_rep_enc_part *p = lw_alloc(a, sizeof *p);

	p->ctime = stamp(r->ctime);
	p->cusec = (krb5_int32)r->cusec;
	p->subkey = r->subkey.key.p ? keyblock(a, &r->subkey) : NULL;
	p->seq_number = r->has_seq ? r->seq : 0;
	return p;
}

static void *mit_error(struct lw_arena *a, const void *ours)
{
	const struct krb_error *r = ours;
	krb5_error *p = lw_alloc(a, sizeof *p);

	p->ctime = stamp(r->ctime);
	p->cusec = r->has_cusec ? (krb5_int32)r->cusec : 0;
	p->stime = stamp(r->stime);
	p->susec = (krb5_int32)r->susec;
	p->error = (krb5_ui_4)r->code;
	p->client = r->has_cname ? principal(a, &r->cname, r->crealm) : NULL;
	p->server = principal(a, &r->sname, r->realm);
	p->text = data(r->e_text);
	p->e_data = data(r->e_data);
	return p;
}

static void *mit_enc_priv_part(struct lw_arena *a, const void *ours)
{
	const struct krb_enc_priv_part *r = ours;
	struct mit_priv_enc_part *p = lw_alloc(a, sizeof *p);

	p->user_data = data(r->user_data);
	p->timestamp = stamp(r->timestamp);
	p->usec = r->has_usec ? (krb5_int32)r->usec : 0;
	p->seq_number = r->has_seq ? r->seq : 0;
	p->s_address = typed(a, &r->s_address);
	p->r_address = r->has_r_address ? typed(a, &r->r_address) : NULL;
	return p;
}

static void *mit_pa_enc_ts(struct lw_arena *a, const void *ours)
{
	const struct krb_pa_enc_ts *r = ours;
	struct mit_pa_enc_ts *p = lw_alloc(a, sizeof *p);

	*p = (struct mit_pa_enc_ts){ stamp(r->time), r->has_usec ? (krb5_int32)r->usec : 0 };
	return p;
}

static void *mit_list(struct lw_arena *a, const void *ours)
{
	return typed_list(a, ours);
}

static void *mit_etype_info2(struct lw_arena *a, const void *ours)
{
	const struct krb_etype_info2 *r = ours;
	struct mit_etype_info_entry **p = lw_allocn(a, r->n + 1, sizeof *p);

	for (unsigned i = 0; i < r->n; i++) {
		p[i] = lw_alloc(a, sizeof *p[i]);
		p[i]->etype = r->v[i].etype;
		p[i]->length = r->v[i].has_salt ? (unsigned)r->v[i].salt.n : UINT32_MAX;
		p[i]->salt = (krb5_octet *)r->v[i].salt.p;
		p[i]->s2kparams = data(r->v[i].s2kparams);
	}
	return p;
}

static void *mit_chpw_data(struct lw_arena *a, const void *ours)
{
	const struct krb_chpw_data *r = ours;
	struct mit_setpw_req *p = lw_alloc(a, sizeof *p);

	p->target = principal(a, &r->target, r->realm);
	p->password = data(r->password);
	return p;
}

/* ---- functions of one type ---- */
#define GET(name) \
	static int get_##name(struct lw_bytes in, void *ret) \
	{ \
		return krb_get_##name(in, ret); \
	}
#define PUT(name) \
	static void put_##name(struct lw_der_writer *w, const void *p) \
	{ \
		krb_put_##name(w, p); \
	}
#define MESSAGES(X) \
	X(enc_kdc_rep_part) X(ticket) X(enc_ticket_part) X(ap_req) X(authenticator) X(ap_rep) X(enc_ap_rep_part) \
	X(error) X(priv) X(enc_priv_part) X(enc) X(pa_enc_ts) X(padata) X(authz) X(etype_info2) X(chpw_data)
MESSAGES(GET)
MESSAGES(PUT)
PUT(kdc_req)
PUT(kdc_rep)

/* The one of two messages that share a struct. */
#define ONE_OF(name, base, field, want) \
	static int get_##name(struct lw_bytes in, void *ret) \
	{ \
		int err = krb_get_##base(in, ret); \
		return err ? err : ((const struct krb_##base *)ret)->field == (want) ? LW_OK : LW_EINVAL; \
	}
ONE_OF(as_req, kdc_req, msg_type, KRB_AS_REQ)
ONE_OF(tgs_req, kdc_req, msg_type, KRB_TGS_REQ)
ONE_OF(as_rep, kdc_rep, msg_type, KRB_AS_REP)
ONE_OF(tgs_rep, kdc_rep, msg_type, KRB_TGS_REP)

#define FREE(name) \
	static void free_##name(krb5_context ctx, void *p) \
	{ \
		krb5_free_##name(ctx, p); \
	}
FREE(ticket)
FREE(authenticator)
FREE(ap_rep_enc_part)
FREE(error)
FREE(authdata)

/* 1.20's decoder leaks a struct of its own. */
#ifdef __has_feature
#define ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#else
#define ASAN 0
#endif
#if ASAN
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable()
#define __lsan_enable()
#endif

static krb5_error_code decode_setpw(const krb5_data *in, void **ret)
{
	krb5_data *password;
	krb5_principal target;
	krb5_error_code err;
	struct mit_setpw_req *r;

	__lsan_disable();
	err = decode_krb5_setpw_req(in, &password, &target);
	__lsan_enable();
	if (err)
		return err;
	r = calloc(1, sizeof *r);
	if (!r)
		abort();
	*r = (struct mit_setpw_req){ target, *password };
	free(password);
	*ret = r;
	return 0;
}

/* libkrb5 does not export its encoder: ours, of what libkrb5's decoder says (test_krbmsg_bad.c has one by hand). */
static krb5_error_code encode_setpw(const void *p, krb5_data **ret)
{
	const struct mit_setpw_req *r = p;
	struct krb_chpw_data d = { .password = { (uint8_t *)r->password.data, r->password.length }, .has_target = true };
	struct lw_bytes realm = { (uint8_t *)r->target->realm.data, r->target->realm.length };
	uint8_t *buf = malloc(KRB_MAX_MESSAGE);
	struct lw_der_writer w;

	*ret = calloc(1, sizeof **ret);
	if (!*ret || !buf || r->target->length > KRB_MAX_PARTS)
		abort();
	d.realm = realm.p ? realm : LW_LIT("");
	d.target = (struct krb_name){ .type = r->target->type, .n = (unsigned)r->target->length };
	for (unsigned i = 0; i < d.target.n; i++)
		d.target.part[i] = (struct lw_bytes){ (uint8_t *)r->target->data[i].data, r->target->data[i].length };
	lw_der_writer_init(&w, buf, KRB_MAX_MESSAGE);
	krb_put_chpw_data(&w, &d);
	memmove(buf, lw_der_written(&w).p, lw_der_written(&w).n);
	(*ret)->data = (char *)buf;
	(*ret)->length = (unsigned)lw_der_written(&w).n;
	return 0;
}

static void free_setpw(krb5_context ctx, void *p)
{
	struct mit_setpw_req *r = p;

	krb5_free_principal(ctx, r->target);
	free(r->password.data);
	free(r);
}

#define ROW(text, get, put, view, mit, coder, release) \
	{ text, get_##get, put_##put, krb_view_##view, mit_##mit, decode_krb5_##coder, encode_krb5_##coder, release }
const struct krb_coder krb_coders[KRB_CODERS] = {
	ROW("AS-REQ", as_req, kdc_req, kdc_req, kdc_req, as_req, krb5_free_kdc_req),
	ROW("TGS-REQ", tgs_req, kdc_req, kdc_req, kdc_req, tgs_req, krb5_free_kdc_req),
	ROW("AS-REP", as_rep, kdc_rep, kdc_rep, kdc_rep, as_rep, krb5_free_kdc_rep),
	ROW("TGS-REP", tgs_rep, kdc_rep, kdc_rep, kdc_rep, tgs_rep, krb5_free_kdc_rep),
	ROW("EncKDCRepPart", enc_kdc_rep_part, enc_kdc_rep_part, enc_kdc_rep_part, enc_kdc_rep_part, enc_kdc_rep_part,
	        krb5_free_enc_kdc_rep_part),
	ROW("Ticket", ticket, ticket, ticket, ticket, ticket, free_ticket),
	ROW("EncTicketPart", enc_ticket_part, enc_ticket_part, enc_ticket_part, enc_ticket_part, enc_tkt_part,
	        krb5_free_enc_tkt_part),
	ROW("AP-REQ", ap_req, ap_req, ap_req, ap_req, ap_req, krb5_free_ap_req),
	ROW("Authenticator", authenticator, authenticator, authenticator, authenticator, authenticator, free_authenticator),
	ROW("AP-REP", ap_rep, ap_rep, enc, ap_rep, ap_rep, krb5_free_ap_rep),
	ROW("EncAPRepPart", enc_ap_rep_part, enc_ap_rep_part, enc_ap_rep_part, enc_ap_rep_part, ap_rep_enc_part,
	        free_ap_rep_enc_part),
	ROW("KRB-ERROR", error, error, error, error, error, free_error),
	ROW("KRB-PRIV", priv, priv, enc, priv, priv, krb5_free_priv),
	ROW("EncKrbPrivPart", enc_priv_part, enc_priv_part, enc_priv_part, enc_priv_part, enc_priv_part,
	        krb5_free_priv_enc_part),
	ROW("EncryptedData", enc, enc, enc, enc_data, enc_data, krb5_free_enc_data),
	ROW("PA-ENC-TS-ENC", pa_enc_ts, pa_enc_ts, pa_enc_ts, pa_enc_ts, pa_enc_ts, krb5_free_pa_enc_ts),
	ROW("METHOD-DATA", padata, padata, padata, list, padata_sequence, krb5_free_pa_data),
	ROW("AuthorizationData", authz, authz, authz, list, authdata, free_authdata),
	ROW("ETYPE-INFO2", etype_info2, etype_info2, etype_info2, etype_info2, etype_info2, krb5_free_etype_info),
	{ "ChangePasswdData", get_chpw_data, put_chpw_data, krb_view_chpw_data, mit_chpw_data, decode_setpw,
	        encode_setpw, free_setpw },
};
