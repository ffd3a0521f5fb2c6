/* SPDX-License-Identifier: Apache-2.0 */
/* AP-REQ, AP-REP, KRB-PRIV, KRB-ERROR: RFC 4120 sections 5.5, 5.7 and 5.9; ChangePasswdData: RFC 3244
 * section 2. */
#include "kdc/msg_int.h"

/* ---- AP-REQ ---- */
int krb_get_ap_req(struct lw_bytes in, struct krb_ap_req *r)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(KRB_AP_REQ));

	krb_f_version_type(&seq, 0, KRB_AP_REQ);
	r->options = krb_f_flags(&seq, 2);
	krb_f_ticket(&seq, 3, &r->ticket);
	krb_f_enc(&seq, 4, &r->authenticator);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_ap_req(struct lw_der_writer *w, const struct krb_ap_req *r)
{
	size_t mark = lw_der_mark(w);

	krb_p_enc(w, 4, &r->authenticator);
	krb_p_ticket(w, 3, &r->ticket);
	krb_p_flags(w, 2, r->options);
	krb_p_int(w, 1, KRB_AP_REQ);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, LW_DER_APP(KRB_AP_REQ), mark);
}

static void get_key_opt(struct lw_der *d, unsigned n, struct krb_key *key)
{
	*key = (struct krb_key){ 0 };
	if (krb_f_has(d, n))
		krb_f_key(d, n, key);
}

static void get_seq_opt(struct lw_der *d, unsigned n, bool *has, uint32_t *seq)
{
	*has = krb_f_has(d, n);
	*seq = *has ? krb_f_uint32(d, n) : 0;
}

static bool get_usec_opt(struct lw_der *d, unsigned n, uint32_t *usec)
{
	bool has = krb_f_has(d, n);

	*usec = has ? krb_f_usec(d, n) : 0;
	return has;
}

int krb_get_authenticator(struct lw_bytes in, struct krb_authenticator *r)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(2));

	krb_f_version(&seq, 0);
	r->crealm = krb_f_string(&seq, 1, KRB_MAX_NAME);
	krb_f_name(&seq, 2, &r->cname);
	r->has_cksum = krb_f_has(&seq, 3);
	if (r->has_cksum)
		krb_f_typed(&seq, 3, &r->cksum);
	r->cusec = krb_f_usec(&seq, 4);
	r->ctime = krb_f_time(&seq, 5);
	get_key_opt(&seq, 6, &r->subkey);
	get_seq_opt(&seq, 7, &r->has_seq, &r->seq);
	krb_f_list_opt(&seq, 8, KRB_LIST_AD, &r->authz);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_authenticator(struct lw_der_writer *w, const struct krb_authenticator *r)
{
	size_t mark = lw_der_mark(w);

	if (r->authz.n)
		krb_p_list(w, 8, KRB_LIST_AD, &r->authz);
	if (r->has_seq)
		krb_p_int(w, 7, r->seq);
	if (r->subkey.key.p)
		krb_p_key(w, 6, &r->subkey);
	krb_p_time(w, 5, r->ctime);
	krb_p_int(w, 4, r->cusec);
	if (r->has_cksum)
		krb_p_typed(w, 3, &r->cksum);
	krb_p_name(w, 2, &r->cname);
	krb_p_string(w, 1, r->crealm);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, LW_DER_APP(2), mark);
}

/* ---- AP-REP ---- */
int krb_get_ap_rep(struct lw_bytes in, struct krb_enc *ret)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(KRB_AP_REP));

	krb_f_version_type(&seq, 0, KRB_AP_REP);
	krb_f_enc(&seq, 2, ret);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_ap_rep(struct lw_der_writer *w, const struct krb_enc *enc)
{
	size_t mark = lw_der_mark(w);

	krb_p_enc(w, 2, enc);
	krb_p_int(w, 1, KRB_AP_REP);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, LW_DER_APP(KRB_AP_REP), mark);
}

int krb_get_enc_ap_rep_part(struct lw_bytes in, struct krb_enc_ap_rep_part *r)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(27));

	r->ctime = krb_f_time(&seq, 0);
	r->cusec = krb_f_usec(&seq, 1);
	get_key_opt(&seq, 2, &r->subkey);
	get_seq_opt(&seq, 3, &r->has_seq, &r->seq);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_enc_ap_rep_part(struct lw_der_writer *w, const struct krb_enc_ap_rep_part *r)
{
	size_t mark = lw_der_mark(w);

	if (r->has_seq)
		krb_p_int(w, 3, r->seq);
	if (r->subkey.key.p)
		krb_p_key(w, 2, &r->subkey);
	krb_p_int(w, 1, r->cusec);
	krb_p_time(w, 0, r->ctime);
	krb_p_seq(w, LW_DER_APP(27), mark);
}

/* ---- KRB-PRIV ---- */
int krb_get_priv(struct lw_bytes in, struct krb_enc *ret)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(KRB_PRIV));

	krb_f_version_type(&seq, 0, KRB_PRIV);
	krb_f_enc(&seq, 3, ret);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_priv(struct lw_der_writer *w, const struct krb_enc *enc)
{
	size_t mark = lw_der_mark(w);

	krb_p_enc(w, 3, enc);
	krb_p_int(w, 1, KRB_PRIV);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, LW_DER_APP(KRB_PRIV), mark);
}

int krb_get_enc_priv_part(struct lw_bytes in, struct krb_enc_priv_part *r)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(28));

	r->user_data = krb_f_octets(&seq, 0);
	r->timestamp = krb_f_time_opt(&seq, 1);
	r->has_usec = get_usec_opt(&seq, 2, &r->usec);
	get_seq_opt(&seq, 3, &r->has_seq, &r->seq);
	krb_f_typed(&seq, 4, &r->s_address);
	r->has_r_address = krb_f_has(&seq, 5);
	if (r->has_r_address)
		krb_f_typed(&seq, 5, &r->r_address);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_enc_priv_part(struct lw_der_writer *w, const struct krb_enc_priv_part *r)
{
	size_t mark = lw_der_mark(w);

	if (r->has_r_address)
		krb_p_typed(w, 5, &r->r_address);
	krb_p_typed(w, 4, &r->s_address);
	if (r->has_seq)
		krb_p_int(w, 3, r->seq);
	if (r->has_usec)
		krb_p_int(w, 2, r->usec);
	krb_p_time_opt(w, 1, r->timestamp);
	krb_p_octets(w, 0, r->user_data);
	krb_p_seq(w, LW_DER_APP(28), mark);
}

/* ---- KRB-ERROR ---- */
int krb_get_error(struct lw_bytes in, struct krb_error *r)
{
	struct lw_der d = krb_f_start(in), seq = krb_f_seq(&d, LW_DER_APP(KRB_ERROR));

	krb_f_version_type(&seq, 0, KRB_ERROR);
	r->ctime = krb_f_time_opt(&seq, 2);
	r->has_cusec = get_usec_opt(&seq, 3, &r->cusec);
	r->stime = krb_f_time(&seq, 4);
	r->susec = krb_f_usec(&seq, 5);
	r->code = krb_f_int32(&seq, 6);
	r->crealm = krb_f_has(&seq, 7) ? krb_f_string(&seq, 7, KRB_MAX_NAME) : (struct lw_bytes){ 0 };
	r->has_cname = krb_f_has(&seq, 8);
	if (r->has_cname)
		krb_f_name(&seq, 8, &r->cname);
	r->realm = krb_f_string(&seq, 9, KRB_MAX_NAME);
	krb_f_name(&seq, 10, &r->sname);
	r->e_text = krb_f_has(&seq, 11) ? krb_f_string(&seq, 11, KRB_MAX_MESSAGE) : (struct lw_bytes){ 0 };
	r->e_data = krb_f_has(&seq, 12) ? krb_f_octets(&seq, 12) : (struct lw_bytes){ 0 };
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_error(struct lw_der_writer *w, const struct krb_error *r)
{
	size_t mark = lw_der_mark(w);

	krb_p_octets_opt(w, 12, r->e_data);
	krb_p_string_opt(w, 11, r->e_text);
	krb_p_name(w, 10, &r->sname);
	krb_p_string(w, 9, r->realm);
	if (r->has_cname)
		krb_p_name(w, 8, &r->cname);
	krb_p_string_opt(w, 7, r->crealm);
	krb_p_int(w, 6, r->code);
	krb_p_int(w, 5, r->susec);
	krb_p_time(w, 4, r->stime);
	if (r->has_cusec)
		krb_p_int(w, 3, r->cusec);
	krb_p_time_opt(w, 2, r->ctime);
	krb_p_int(w, 1, KRB_ERROR);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, LW_DER_APP(KRB_ERROR), mark);
}

/* ---- PA-ENC-TS-ENC ---- */
int krb_get_pa_enc_ts(struct lw_bytes in, struct krb_pa_enc_ts *r)
{
	struct lw_der d = krb_f_start(in), seq = lw_der_enter(&d, LW_DER_SEQUENCE);

	r->time = krb_f_time(&seq, 0);
	r->has_usec = get_usec_opt(&seq, 1, &r->usec);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_pa_enc_ts(struct lw_der_writer *w, const struct krb_pa_enc_ts *r)
{
	size_t mark = lw_der_mark(w);

	if (r->has_usec)
		krb_p_int(w, 1, r->usec);
	krb_p_time(w, 0, r->time);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

/* ---- ETYPE-INFO2 ---- */
int krb_get_etype_info2(struct lw_bytes in, struct krb_etype_info2 *r)
{
	struct lw_der d = krb_f_start(in), list = lw_der_enter(&d, LW_DER_SEQUENCE);

	r->n = 0;
	while (lw_der_more(&list)) {
		struct lw_der item = lw_der_enter(&list, LW_DER_SEQUENCE);

		if (r->n == sizeof r->v / sizeof r->v[0]) {
			list.err = LW_ELIMIT;
			break;
		}
		r->v[r->n].etype = krb_f_int32(&item, 0);
		r->v[r->n].has_salt = krb_f_has(&item, 1);
		r->v[r->n].salt =
		        r->v[r->n].has_salt ? krb_f_string(&item, 1, KRB_MAX_SALT) : (struct lw_bytes){ 0 };
		r->v[r->n].s2kparams = krb_f_has(&item, 2) ? krb_f_octets(&item, 2) : (struct lw_bytes){ 0 };
		r->n++;
		lw_der_leave(&list, &item);
	}
	lw_der_leave(&d, &list);
	return lw_der_end(&d);
}

void krb_put_etype_info2(struct lw_der_writer *w, const struct krb_etype_info2 *r)
{
	size_t mark = lw_der_mark(w);

	for (unsigned i = r->n; i-- > 0;) {
		size_t item = lw_der_mark(w);

		krb_p_octets_opt(w, 2, r->v[i].s2kparams);
		if (r->v[i].has_salt)
			krb_p_string(w, 1, r->v[i].salt);
		krb_p_int(w, 0, r->v[i].etype);
		lw_der_wrap(w, LW_DER_SEQUENCE, item);
	}
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

/* ---- ChangePasswdData ---- */
int krb_get_chpw_data(struct lw_bytes in, struct krb_chpw_data *r)
{
	struct lw_der d = krb_f_start(in), seq = lw_der_enter(&d, LW_DER_SEQUENCE);

	r->password = krb_f_octets(&seq, 0);
	r->has_target = krb_f_has(&seq, 1);
	if (r->has_target)
		krb_f_name(&seq, 1, &r->target);
	r->realm = krb_f_has(&seq, 2) ? krb_f_string(&seq, 2, KRB_MAX_NAME) : (struct lw_bytes){ 0 };
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_put_chpw_data(struct lw_der_writer *w, const struct krb_chpw_data *r)
{
	size_t mark = lw_der_mark(w);

	krb_p_string_opt(w, 2, r->realm);
	if (r->has_target)
		krb_p_name(w, 1, &r->target);
	krb_p_octets(w, 0, r->password);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}
