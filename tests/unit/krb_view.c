/* SPDX-License-Identifier: Apache-2.0 */
/* Where libkrb5's structs can't hold what a message says, and what becomes of it there. */
#include "tests/unit/krb_oracle.h"

static void worse(enum krb_view *v, enum krb_view than)
{
	if (*v < than)
		*v = than;
}

/* krb5_timestamp has 32 bits. */
static void time_fits(enum krb_view *v, int64_t t)
{
	if (t != KRB_NO_TIME && (t < 0 || t > UINT32_MAX))
		worse(v, VIEW_REFUSED);
}

/* A time of 0 is an absent one. */
static void time_opt(enum krb_view *v, int64_t *t)
{
	time_fits(v, *t);
	if (*t == 0)
		*t = KRB_NO_TIME;
}

/* krb5_kvno is read as a signed number, and 0 is none. */
static void enc(struct krb_enc *e)
{
	if (e->kvno == 0)
		e->has_kvno = false;
}

/* A present but empty list is written as an absent one. */
static void list_opt(bool *has, const struct krb_typed_list *list)
{
	*has = *has && list->n;
}

/* A sequence number of 0 is an absent one. */
static void seq_opt(bool *has, uint32_t seq)
{
	*has = *has && seq;
}

static void ticket(struct krb_ticket *t)
{
	enc(&t->enc);
	t->der = (struct lw_bytes){ 0 }; /* write it anew */
}

enum krb_view krb_view_kdc_req(struct lw_arena *a, void *p)
{
	enum { ENC_TKT_IN_SKEY = 1 << (31 - 28) };
	struct krb_kdc_req *r = p;
	enum krb_view v = VIEW_SAME;

	for (unsigned i = 0; i < r->ntickets; i++)
		ticket(&r->tickets[i]);
	/* the realm lives in the server's name, or the ticket's */
	if (r->options & ENC_TKT_IN_SKEY) {
		if (!r->ntickets)
			worse(&v, VIEW_DECODES);
		else
			r->realm = r->tickets[0].realm;
	} else if (!r->has_sname) {
		worse(&v, VIEW_DECODES);
	}
	time_opt(&v, &r->from);
	time_fits(&v, r->till);
	time_opt(&v, &r->rtime);
	if (r->nonce > INT32_MAX) /* an Int32 there */
		worse(&v, VIEW_REFUSED);
	list_opt(&r->has_addrs, &r->addrs);
	if (r->has_authz) {
		enc(&r->authz);
		r->has_authz = r->authz.cipher.n; /* none where there is no ciphertext */
	}
	return v;
}

enum krb_view krb_view_kdc_rep(struct lw_arena *a, void *p)
{
	struct krb_kdc_rep *r = p;
	struct lw_der_writer w;
	struct krb_ticket t;
	uint8_t *buf = lw_alloc(a, KRB_MAX_MESSAGE);

	if (!krb_get_ticket(r->ticket, &t)) {
		ticket(&t);
		lw_der_writer_init(&w, buf, KRB_MAX_MESSAGE);
		krb_put_ticket(&w, &t);
		r->ticket = lw_der_written(&w);
	}
	enc(&r->enc);
	return VIEW_SAME;
}

enum krb_view krb_view_enc_kdc_rep_part(struct lw_arena *a, void *p)
{
	enum { RENEWABLE = 1 << (31 - 8) };
	struct krb_enc_kdc_rep_part *r = p;
	enum krb_view v = VIEW_SAME;

	r->tag = 26; /* what is written there whatever the message */
	for (unsigned i = 0; i < r->nlast_req; i++) {
		time_fits(&v, r->last_req[i].time);
		if (r->last_req[i].type >= 128 && r->last_req[i].type <= 255) /* read as 8-bit negative numbers */
			r->last_req[i].type -= 256;
	}
	if (r->nonce > INT32_MAX)
		worse(&v, VIEW_REFUSED);
	time_opt(&v, &r->key_expiration);
	time_fits(&v, r->authtime);
	if (r->starttime == KRB_NO_TIME) /* filled in when read */
		r->starttime = r->authtime;
	time_opt(&v, &r->starttime);
	time_fits(&v, r->endtime);
	time_fits(&v, r->renew_till);
	if (!(r->flags & RENEWABLE)) /* the flag decides */
		r->renew_till = KRB_NO_TIME;
	else if (r->renew_till == KRB_NO_TIME)
		r->renew_till = 0;
	list_opt(&r->has_addrs, &r->caddr);
	return v;
}

enum krb_view krb_view_ticket(struct lw_arena *a, void *p)
{
	ticket(p);
	return VIEW_SAME;
}

enum krb_view krb_view_enc_ticket_part(struct lw_arena *a, void *p)
{
	struct krb_enc_ticket_part *r = p;
	enum krb_view v = VIEW_SAME;

	if (r->transited.type < 0 || r->transited.type > 255) /* one octet there */
		worse(&v, VIEW_REFUSED);
	time_fits(&v, r->authtime);
	if (r->starttime == KRB_NO_TIME)
		r->starttime = r->authtime;
	time_opt(&v, &r->starttime);
	time_fits(&v, r->endtime);
	time_opt(&v, &r->renew_till);
	list_opt(&r->has_addrs, &r->caddr);
	return v;
}

enum krb_view krb_view_ap_req(struct lw_arena *a, void *p)
{
	struct krb_ap_req *r = p;

	ticket(&r->ticket);
	enc(&r->authenticator);
	return VIEW_SAME;
}

enum krb_view krb_view_authenticator(struct lw_arena *a, void *p)
{
	struct krb_authenticator *r = p;
	enum krb_view v = VIEW_SAME;

	time_fits(&v, r->ctime);
	seq_opt(&r->has_seq, r->seq);
	return v;
}

enum krb_view krb_view_enc(struct lw_arena *a, void *p)
{
	enc(p);
	return VIEW_SAME;
}

enum krb_view krb_view_enc_ap_rep_part(struct lw_arena *a, void *p)
{
	struct krb_enc_ap_rep_part *r = p;
	enum krb_view v = VIEW_SAME;

	time_fits(&v, r->ctime);
	seq_opt(&r->has_seq, r->seq);
	return v;
}

enum krb_view krb_view_error(struct lw_arena *a, void *p)
{
	struct krb_error *r = p;
	enum krb_view v = VIEW_SAME;

	time_opt(&v, &r->ctime);
	r->has_cusec = r->has_cusec && r->cusec;
	time_fits(&v, r->stime);
	if (r->code < 0) /* unsigned there */
		worse(&v, VIEW_REFUSED);
	if (r->has_cname != (r->crealm.p != NULL)) /* one principal there */
		worse(&v, VIEW_DECODES);
	if (!r->e_text.n)
		r->e_text.p = NULL;
	if (!r->e_data.n)
		r->e_data.p = NULL;
	return v;
}

enum krb_view krb_view_enc_priv_part(struct lw_arena *a, void *p)
{
	struct krb_enc_priv_part *r = p;
	enum krb_view v = VIEW_SAME;

	time_opt(&v, &r->timestamp);
	r->has_usec = r->timestamp != KRB_NO_TIME; /* both or none */
	seq_opt(&r->has_seq, r->seq);
	return v;
}

enum krb_view krb_view_pa_enc_ts(struct lw_arena *a, void *p)
{
	struct krb_pa_enc_ts *r = p;
	enum krb_view v = VIEW_SAME;

	time_fits(&v, r->time);
	r->has_usec = r->has_usec && r->usec;
	return v;
}

enum krb_view krb_view_padata(struct lw_arena *a, void *p)
{
	return VIEW_SAME;
}

enum krb_view krb_view_authz(struct lw_arena *a, void *p)
{
	return VIEW_SAME;
}

enum krb_view krb_view_etype_info2(struct lw_arena *a, void *p)
{
	struct krb_etype_info2 *r = p;

	for (unsigned i = 0; i < r->n; i++)
		if (!r->v[i].s2kparams.n)
			r->v[i].s2kparams.p = NULL;
	return VIEW_SAME;
}

enum krb_view krb_view_chpw_data(struct lw_arena *a, void *p)
{
	struct krb_chpw_data *r = p;

	return r->has_target && r->realm.p ? VIEW_SAME : VIEW_REFUSED; /* both are needed there */
}
