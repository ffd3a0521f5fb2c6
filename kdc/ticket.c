/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket and the reply around it: how long it lives, which keys, what it says. */
#include "kdc/int.h"

#include <string.h>

#define FAR (INT64_MAX / 4)

/* ---- lives ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Absent or 1970: as long as may be. */
static int64_t asked(int64_t time)
{
	return time == KRB_NO_TIME || time <= 0 ? FAR : time;
}

/* Rules and policy: the longest life from now, and the longest renewal. What is refused is as if it were not
 * there. */
static int limits(struct kdc_call *c, int64_t authtime, int64_t *ret_life, int64_t *ret_renew)
{
	struct store_ticket q = { .client = c->client.uuid,
		.server = c->server.uuid,
		.auth_time = authtime * LW_SECOND,
		.methods = LW_CAP_KERBEROS };
	int64_t by_rule, life, renew;
	int err = store_may_ticket(c->t->txn, &q, &by_rule);

	if (err == LW_EACCES || err == LW_ENOTFOUND || err == LW_EDISABLED)
		return KDC_R_SERVER_UNKNOWN;
	if (!err)
		err = store_ticket_policy(c->t->txn, &life, &renew);
	if (err)
		return err;
	*ret_life = least(life, by_rule / LW_SECOND);
	*ret_renew = renew;
	if (c->server.own == KDC_CHANGEPW) { /* as good as the password */
		*ret_life = least(*ret_life, KDC_CHANGEPW_LIFE);
		*ret_renew = 0;
	}
	return LW_OK;
}

static int renewed(struct kdc_call *c, const struct krb_enc_ticket_part *old, int64_t life)
{
	int64_t start = old->starttime == KRB_NO_TIME ? old->authtime : old->starttime;
	struct kdc_grant *g = &c->g;

	g->renew_till = old->renew_till;
	if (c->req.options & KRB_VALIDATE) {
		g->starttime = start;
		g->endtime = old->endtime;
		return LW_OK;
	}
	if (old->renew_till == KRB_NO_TIME || old->renew_till <= c->now)
		return KDC_R_TKT_EXPIRED;
	g->starttime = c->now;
	g->endtime = least(least(c->now + (old->endtime - start), old->renew_till), c->now + life);
	return LW_OK;
}

static void renewable(struct kdc_call *c, const struct krb_enc_ticket_part *tgt, int64_t renew)
{
	struct kdc_grant *g = &c->g;
	int64_t till = asked(c->req.till), want = KRB_NO_TIME;

	if (c->req.options & KRB_RENEWABLE)
		want = asked(c->req.rtime);
	else if (c->req.options & KRB_RENEWABLE_OK && till > g->endtime &&
	         (!tgt || tgt->flags & KRB_RENEWABLE))
		want = till;
	g->flags &= ~KRB_RENEWABLE;
	g->renew_till = KRB_NO_TIME;
	if (want == KRB_NO_TIME)
		return;
	want = least(want, c->now + renew);
	if (tgt)
		want = tgt->renew_till == KRB_NO_TIME ? KRB_NO_TIME : least(want, tgt->renew_till);
	if (want <= g->endtime)
		return;
	g->renew_till = want;
	g->flags |= KRB_RENEWABLE;
}

int kdc_lives(struct kdc_call *c, const struct krb_enc_ticket_part *tgt)
{
	struct kdc_grant *g = &c->g;
	int64_t life, renew;
	int err;

	g->authtime = tgt ? tgt->authtime : c->now;
	err = limits(c, g->authtime, &life, &renew);
	if (err)
		return err; /* before anything that a server which is not there would not be told */
	if (c->req.from != KRB_NO_TIME && c->req.from > c->now + c->s->skew)
		return KDC_R_CANNOT_POSTDATE;
	if (c->req.options & (KRB_RENEW | KRB_VALIDATE))
		return renewed(c, tgt, life);
	g->starttime = c->now;
	g->endtime = least(asked(c->req.till), c->now + life);
	if (tgt)
		g->endtime = least(g->endtime, tgt->endtime);
	if (g->endtime <= c->now)
		return KDC_R_NEVER_VALID;
	renewable(c, tgt, renew);
	return LW_OK;
}

/* ---- keys ---- */

static int user_to_user(struct kdc_call *c)
{
	const struct krb_key *k = &c->second.part.key;
	const struct lw_enctype *e = lw_enctype_find(k->etype);
	bool common = false;

	for (unsigned i = 0; i < c->req.netypes; i++)
		common |= c->req.etypes[i] == k->etype;
	if (!e || !common)
		return KDC_R_ETYPE_NOSUPP;
	if (k->key.n != e->key_size)
		return KDC_R_BAD_INTEGRITY;
	c->g.session = e;
	c->g.server_key = c->t->other;
	c->g.has_kvno = false;
	return lw_krbkey_set(c->t->other, e, k->key.p);
}

int kdc_server_key(struct kdc_call *c)
{
	const struct keys_krb_set *set;

	if (c->second.there)
		return user_to_user(c);
	if (!c->server.keys || !c->server.keys->set[0].nkeys)
		return KDC_R_NULL_KEY;
	set = &c->server.keys->set[0];
	for (unsigned i = 0; i < c->req.netypes && !c->g.session; i++)
		if (kdc_key_of(set, c->req.etypes[i]) >= 0)
			c->g.session = lw_enctype_find(c->req.etypes[i]);
	if (!c->g.session)
		return KDC_R_ETYPE_NOSUPP;
	c->g.server_key = kdc_prepared(c->t, c->server.keys, set, 0);
	c->g.has_kvno = true;
	c->g.kvno = set->kvno;
	return c->g.server_key ? LW_OK : LW_ENOMEM;
}

/* ---- the ticket ---- */

/* Ours in front, then what came along. */
static int authorization(struct kdc_call *c, struct krb_typed_list *ret)
{
	struct kdc_ad ad = { .tenant = c->realm->uuid, .client = c->client.uuid };
	int err = kdc_ad_make(c->t->arena, &ad, &ret->v[0]);

	if (err)
		return err;
	if (c->g.authz.n + 1 > KRB_MAX_AD)
		return KDC_R_POLICY;
	memcpy(&ret->v[1], c->g.authz.v, c->g.authz.n * sizeof ret->v[0]);
	ret->n = c->g.authz.n + 1;
	return LW_OK;
}

/* Encrypts what w has, which is wiped, into t->cipher. */
static int seal(struct kdc_thread *t, const struct lw_der_writer *w, struct lw_krbkey *key, uint32_t usage,
        struct krb_enc *ret)
{
	struct lw_bytes plain = lw_der_written(w);
	const struct lw_enctype *e = lw_krbkey_type(key);
	int err = w->err;

	if (!err) {
		ret->etype = e->etype;
		ret->cipher = (struct lw_bytes){ t->cipher, lw_krb_sealed_size(e, plain.n) };
		err = lw_krb_encrypt(key, usage, plain, t->cipher);
	}
	lw_wipe(t->plain + w->at, w->size - w->at);
	return err;
}

static int make_ticket(struct kdc_call *c, struct lw_bytes key, struct lw_bytes *ret)
{
	const struct kdc_grant *g = &c->g;
	struct krb_enc_ticket_part part = { .flags = g->flags,
		.key = { g->session->etype, key },
		.crealm = c->req.realm,
		.cname = c->client.name,
		.transited = g->transited,
		.authtime = g->authtime,
		.starttime = g->starttime,
		.endtime = g->endtime,
		.renew_till = g->renew_till };
	struct krb_ticket ticket = { .realm = c->req.realm, .sname = c->server.name };
	struct lw_der_writer w;
	size_t size;
	uint8_t *p;
	int err = authorization(c, &part.authz);

	if (err)
		return err;
	part.has_addrs = g->caddr && g->caddr->n;
	if (part.has_addrs)
		part.caddr = *g->caddr;
	lw_der_writer_init(&w, c->t->plain, KRB_MAX_MESSAGE);
	krb_put_enc_ticket_part(&w, &part);
	err = seal(c->t, &w, g->server_key, KRB_U_TICKET, &ticket.enc);
	if (err)
		return err;
	ticket.enc.has_kvno = g->has_kvno;
	ticket.enc.kvno = g->kvno;
	size = ticket.enc.cipher.n + 2 * KRB_MAX_NAME + 256;
	p = lw_alloc(c->t->arena, size);
	if (!p)
		return LW_ENOMEM;
	lw_der_writer_init(&w, p, size);
	krb_put_ticket(&w, &ticket);
	*ret = lw_der_written(&w);
	return w.err;
}

/* ---- the reply ---- */

/* RFC 6806 section 11: what we understood the request to be. */
static int request_checksum(struct kdc_call *c)
{
	const struct lw_enctype *e = lw_krbkey_type(c->g.reply_key);
	uint8_t sum[LW_KRB_CKSUM], *p = lw_alloc(c->t->arena, 64);
	struct lw_der_writer w;
	size_t mark, inner;
	int err;

	if (!p)
		return LW_ENOMEM;
	err = lw_krb_cksum(c->g.reply_key, KRB_U_AS_REQ, c->q->in, sum);
	if (err)
		return err;
	lw_der_writer_init(&w, p, 64);
	mark = inner = lw_der_mark(&w);
	lw_der_put(&w, LW_DER_OCTET_STRING, (struct lw_bytes){ sum, lw_krb_cksum_size(e) });
	lw_der_wrap(&w, LW_DER_CONTEXT(1), inner);
	inner = lw_der_mark(&w);
	lw_der_put_int(&w, lw_krb_cksumtype(e));
	lw_der_wrap(&w, LW_DER_CONTEXT(0), inner);
	lw_der_wrap(&w, LW_DER_SEQUENCE, mark);
	c->g.enc_padata.n = 1;
	c->g.enc_padata.v[0] = (struct krb_typed){ KRB_PA_REQ_ENC_PA_REP, lw_der_written(&w) };
	return w.err;
}

static int make_reply(struct kdc_call *c, struct lw_bytes key, struct lw_bytes ticket, struct lw_bytes *ret)
{
	const struct kdc_grant *g = &c->g;
	struct krb_enc_kdc_rep_part part = { .tag = c->op->where == KDC_IN_AS ? 25 : 26,
		.key = { g->session->etype, key },
		.nlast_req = 1,
		.nonce = c->req.nonce,
		.key_expiration = KRB_NO_TIME,
		.flags = g->flags,
		.authtime = g->authtime,
		.starttime = g->starttime,
		.endtime = g->endtime,
		.renew_till = g->renew_till,
		.srealm = c->req.realm,
		.sname = c->server.name,
		.enc_padata = g->enc_padata };
	struct krb_kdc_rep rep = { .msg_type = c->op->where == KDC_IN_AS ? KRB_AS_REP : KRB_TGS_REP,
		.padata = g->padata,
		.crealm = c->req.realm,
		.cname = c->client.name,
		.ticket = ticket };
	struct lw_der_writer w;
	int err;

	part.has_addrs = g->caddr && g->caddr->n;
	if (part.has_addrs)
		part.caddr = *g->caddr;
	lw_der_writer_init(&w, c->t->plain, KRB_MAX_MESSAGE);
	krb_put_enc_kdc_rep_part(&w, &part);
	err = seal(c->t, &w, g->reply_key, g->reply_usage, &rep.enc);
	if (err)
		return err;
	rep.enc.has_kvno = g->reply_has_kvno;
	rep.enc.kvno = g->reply_kvno;
	lw_der_writer_init(&w, c->t->reply, KRB_MAX_MESSAGE);
	krb_put_kdc_rep(&w, &rep);
	*ret = lw_der_written(&w);
	return w.err;
}

int kdc_reply(struct kdc_call *c)
{
	struct lw_bytes ticket, reply;
	uint8_t key[32];
	int err = c->want_rep ? request_checksum(c) : LW_OK;

	if (err)
		return err;
	lw_random(key, c->g.session->key_size);
	err = make_ticket(c, (struct lw_bytes){ key, c->g.session->key_size }, &ticket);
	if (!err)
		err = make_reply(c, (struct lw_bytes){ key, c->g.session->key_size }, ticket, &reply);
	lw_wipe(key, sizeof key);
	if (err)
		return err;
	if (reply.n > c->q->out_max)
		return c->q->udp ? KDC_R_TOO_BIG : KDC_R_TOOLONG;
	memcpy(c->q->out, reply.p, reply.n);
	c->q->out_n = reply.n;
	return LW_OK;
}
