/* SPDX-License-Identifier: Apache-2.0 */
/* KDC-REQ, KDC-REP and what they carry encrypted: RFC 4120 sections 5.3 and 5.4, RFC 6806 for
 * encrypted-pa-data. */
#include "kdc/msg_int.h"

/* ---- requests ---- */
static void get_etypes(struct lw_der *d, struct krb_kdc_req *r)
{
	struct lw_der list = krb_f_seq(d, LW_DER_CONTEXT(8));

	r->netypes = 0;
	while (lw_der_more(&list)) {
		int64_t etype = lw_der_int(&list, INT32_MIN, INT32_MAX);

		if (r->netypes < KRB_MAX_ETYPES)
			r->etypes[r->netypes++] = (int32_t)etype;
		else if (!list.err)
			list.err = LW_ELIMIT;
	}
	lw_der_leave(d, &list);
}

static void get_tickets(struct lw_der *d, struct krb_kdc_req *r)
{
	struct lw_der wrap, list;

	r->ntickets = 0;
	if (!krb_f_has(d, 11))
		return;
	wrap = lw_der_enter(d, LW_DER_CONTEXT(11));
	list = lw_der_enter(&wrap, LW_DER_SEQUENCE);
	while (lw_der_more(&list)) {
		if (r->ntickets == KRB_MAX_TICKETS)
			list.err = LW_ELIMIT;
		else
			krb_next_ticket(&list, &r->tickets[r->ntickets++]);
	}
	if (!r->ntickets && !list.err)
		list.err = LW_EINVAL;
	lw_der_leave(&wrap, &list);
	lw_der_leave(d, &wrap);
}

static void get_body(struct lw_der *d, struct krb_kdc_req *r)
{
	r->options = krb_f_flags(d, 0);
	r->has_cname = krb_f_has(d, 1);
	if (r->has_cname)
		krb_f_name(d, 1, &r->cname);
	r->realm = krb_f_string(d, 2, KRB_MAX_NAME);
	r->has_sname = krb_f_has(d, 3);
	if (r->has_sname)
		krb_f_name(d, 3, &r->sname);
	r->from = krb_f_time_opt(d, 4);
	r->till = krb_f_time(d, 5);
	r->rtime = krb_f_time_opt(d, 6);
	r->nonce = krb_f_int(d, 7, INT32_MIN, UINT32_MAX);
	get_etypes(d, r);
	r->has_addrs = krb_f_list_opt(d, 9, KRB_LIST_ADDRS, &r->addrs);
	r->has_authz = krb_f_has(d, 10);
	if (r->has_authz)
		krb_f_enc(d, 10, &r->authz);
	get_tickets(d, r);
}

int krb_get_kdc_req(struct lw_bytes in, struct krb_kdc_req *r)
{
	struct lw_der d = krb_f_start(in), seq, wrap, body;

	r->msg_type = lw_der_at(&d, LW_DER_APP(KRB_AS_REQ)) ? KRB_AS_REQ : KRB_TGS_REQ;
	seq = krb_f_seq(&d, (uint8_t)LW_DER_APP(r->msg_type));
	krb_f_version_type(&seq, 1, r->msg_type);
	krb_f_list_opt(&seq, 3, KRB_LIST_PADATA, &r->padata);
	wrap = lw_der_enter(&seq, LW_DER_CONTEXT(4));
	r->body = (struct lw_bytes){ wrap.p, (size_t)(wrap.end - wrap.p) };
	body = lw_der_enter(&wrap, LW_DER_SEQUENCE);
	get_body(&body, r);
	lw_der_leave(&wrap, &body);
	lw_der_leave(&seq, &wrap);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_kdc_req_body(struct lw_der_writer *w, const struct krb_kdc_req *r)
{
	size_t body = lw_der_mark(w), list = body;

	if (r->ntickets) {
		for (unsigned i = r->ntickets; i-- > 0;)
			krb_ticket_append(w, &r->tickets[i]);
		krb_p_seq(w, LW_DER_CONTEXT(11), list);
	}
	if (r->has_authz)
		krb_p_enc(w, 10, &r->authz);
	if (r->has_addrs)
		krb_p_list(w, 9, KRB_LIST_ADDRS, &r->addrs);
	list = lw_der_mark(w);
	for (unsigned i = r->netypes; i-- > 0;)
		lw_der_put_int(w, r->etypes[i]);
	krb_p_seq(w, LW_DER_CONTEXT(8), list);
	krb_p_int(w, 7, r->nonce);
	krb_p_time_opt(w, 6, r->rtime);
	krb_p_time(w, 5, r->till);
	krb_p_time_opt(w, 4, r->from);
	if (r->has_sname)
		krb_p_name(w, 3, &r->sname);
	krb_p_string(w, 2, r->realm);
	if (r->has_cname)
		krb_p_name(w, 1, &r->cname);
	krb_p_flags(w, 0, r->options);
	lw_der_wrap(w, LW_DER_SEQUENCE, body);
}

void krb_put_kdc_req(struct lw_der_writer *w, const struct krb_kdc_req *r)
{
	size_t mark = lw_der_mark(w);

	krb_put_kdc_req_body(w, r);
	lw_der_wrap(w, LW_DER_CONTEXT(4), mark);
	if (r->padata.n)
		krb_p_list(w, 3, KRB_LIST_PADATA, &r->padata);
	krb_p_int(w, 2, r->msg_type);
	krb_p_int(w, 1, 5);
	krb_p_seq(w, (uint8_t)LW_DER_APP(r->msg_type), mark);
}

/* ---- answers ---- */
int krb_get_kdc_rep(struct lw_bytes in, struct krb_kdc_rep *r)
{
	struct lw_der d = krb_f_start(in), seq;
	struct krb_ticket ticket;

	r->msg_type = lw_der_at(&d, LW_DER_APP(KRB_AS_REP)) ? KRB_AS_REP : KRB_TGS_REP;
	seq = krb_f_seq(&d, (uint8_t)LW_DER_APP(r->msg_type));
	krb_f_version_type(&seq, 0, r->msg_type);
	krb_f_list_opt(&seq, 2, KRB_LIST_PADATA, &r->padata);
	r->crealm = krb_f_string(&seq, 3, KRB_MAX_NAME);
	krb_f_name(&seq, 4, &r->cname);
	krb_f_ticket(&seq, 5, &ticket);
	r->ticket = ticket.der;
	krb_f_enc(&seq, 6, &r->enc);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_kdc_rep(struct lw_der_writer *w, const struct krb_kdc_rep *r)
{
	size_t mark = lw_der_mark(w);

	krb_p_enc(w, 6, &r->enc);
	krb_p_raw(w, 5, r->ticket);
	krb_p_name(w, 4, &r->cname);
	krb_p_string(w, 3, r->crealm);
	if (r->padata.n)
		krb_p_list(w, 2, KRB_LIST_PADATA, &r->padata);
	krb_p_int(w, 1, r->msg_type);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, (uint8_t)LW_DER_APP(r->msg_type), mark);
}

static void get_last_req(struct lw_der *d, struct krb_enc_kdc_rep_part *r)
{
	struct lw_der list = krb_f_seq(d, LW_DER_CONTEXT(1));

	r->nlast_req = 0;
	while (lw_der_more(&list)) {
		struct lw_der item = lw_der_enter(&list, LW_DER_SEQUENCE);

		if (r->nlast_req == KRB_MAX_LASTREQ) {
			item.err = LW_ELIMIT;
		} else {
			r->last_req[r->nlast_req].type = krb_f_int32(&item, 0);
			r->last_req[r->nlast_req++].time = krb_f_time(&item, 1);
		}
		lw_der_leave(&list, &item);
	}
	if (!r->nlast_req && !list.err)
		list.err = LW_EINVAL;
	lw_der_leave(d, &list);
}

int krb_get_enc_kdc_rep_part(struct lw_bytes in, struct krb_enc_kdc_rep_part *r)
{
	struct lw_der d = krb_f_start(in), seq;

	r->tag = lw_der_at(&d, LW_DER_APP(25)) ? 25 : 26;
	seq = krb_f_seq(&d, (uint8_t)LW_DER_APP(r->tag));
	krb_f_key(&seq, 0, &r->key);
	get_last_req(&seq, r);
	r->nonce = krb_f_int(&seq, 2, INT32_MIN, UINT32_MAX);
	r->key_expiration = krb_f_time_opt(&seq, 3);
	r->flags = krb_f_flags(&seq, 4);
	r->authtime = krb_f_time(&seq, 5);
	r->starttime = krb_f_time_opt(&seq, 6);
	r->endtime = krb_f_time(&seq, 7);
	r->renew_till = krb_f_time_opt(&seq, 8);
	r->srealm = krb_f_string(&seq, 9, KRB_MAX_NAME);
	krb_f_name(&seq, 10, &r->sname);
	r->has_addrs = krb_f_list_opt(&seq, 11, KRB_LIST_ADDRS, &r->caddr);
	krb_f_list_opt(&seq, 12, KRB_LIST_PADATA, &r->enc_padata);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_enc_kdc_rep_part(struct lw_der_writer *w, const struct krb_enc_kdc_rep_part *r)
{
	size_t mark = lw_der_mark(w), list, item;

	if (r->enc_padata.n)
		krb_p_list(w, 12, KRB_LIST_PADATA, &r->enc_padata);
	if (r->has_addrs)
		krb_p_list(w, 11, KRB_LIST_ADDRS, &r->caddr);
	krb_p_name(w, 10, &r->sname);
	krb_p_string(w, 9, r->srealm);
	krb_p_time_opt(w, 8, r->renew_till);
	krb_p_time(w, 7, r->endtime);
	krb_p_time_opt(w, 6, r->starttime);
	krb_p_time(w, 5, r->authtime);
	krb_p_flags(w, 4, r->flags);
	krb_p_time_opt(w, 3, r->key_expiration);
	krb_p_int(w, 2, r->nonce);
	list = lw_der_mark(w);
	for (unsigned i = r->nlast_req; i-- > 0;) {
		item = lw_der_mark(w);
		krb_p_time(w, 1, r->last_req[i].time);
		krb_p_int(w, 0, r->last_req[i].type);
		lw_der_wrap(w, LW_DER_SEQUENCE, item);
	}
	krb_p_seq(w, LW_DER_CONTEXT(1), list);
	krb_p_key(w, 0, &r->key);
	krb_p_seq(w, (uint8_t)LW_DER_APP(r->tag), mark);
}

/* ---- what a ticket says ---- */
int krb_get_enc_ticket_part(struct lw_bytes in, struct krb_enc_ticket_part *r)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(3));

	r->flags = krb_f_flags(&seq, 0);
	krb_f_key(&seq, 1, &r->key);
	r->crealm = krb_f_string(&seq, 2, KRB_MAX_NAME);
	krb_f_name(&seq, 3, &r->cname);
	krb_f_typed(&seq, 4, &r->transited);
	r->authtime = krb_f_time(&seq, 5);
	r->starttime = krb_f_time_opt(&seq, 6);
	r->endtime = krb_f_time(&seq, 7);
	r->renew_till = krb_f_time_opt(&seq, 8);
	r->has_addrs = krb_f_list_opt(&seq, 9, KRB_LIST_ADDRS, &r->caddr);
	krb_f_list_opt(&seq, 10, KRB_LIST_AD, &r->authz);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_enc_ticket_part(struct lw_der_writer *w, const struct krb_enc_ticket_part *r)
{
	size_t mark = lw_der_mark(w);

	if (r->authz.n)
		krb_p_list(w, 10, KRB_LIST_AD, &r->authz);
	if (r->has_addrs)
		krb_p_list(w, 9, KRB_LIST_ADDRS, &r->caddr);
	krb_p_time_opt(w, 8, r->renew_till);
	krb_p_time(w, 7, r->endtime);
	krb_p_time_opt(w, 6, r->starttime);
	krb_p_time(w, 5, r->authtime);
	krb_p_typed(w, 4, &r->transited);
	krb_p_name(w, 3, &r->cname);
	krb_p_string(w, 2, r->crealm);
	krb_p_key(w, 1, &r->key);
	krb_p_flags(w, 0, r->flags);
	krb_p_seq(w, LW_DER_APP(3), mark);
}
