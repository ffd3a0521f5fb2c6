/* SPDX-License-Identifier: Apache-2.0 */
#include "kdc/own.h"

#include <string.h>

int kdc_own_ap_req(struct kdc_thread *t, enum kdc_own own, const struct krb_ap_req *req, int64_t now_us,
        bool may_block, struct kdc_own_shown *ret)
{
	int64_t now = now_us / LW_SECOND, skew = t->server->skew;
	int err;

	memset(ret, 0, sizeof *ret);
	if (req->options & KRB_AP_USE_SESSION_KEY)
		return KDC_R_NOT_US;
	err = kdc_realm_open(t, req->ticket.realm, may_block, &ret->realm);
	if (err == LW_ENOTFOUND)
		return KDC_R_NOT_US;
	if (!err)
		err = kdc_open_ticket(t, ret->realm, &req->ticket, own, 0, now, &ret->ticket);
	if (!err)
		err = kdc_ticket_times(&ret->ticket, now, skew, false);
	if (!err)
		err = kdc_open_authenticator(
		        t, &ret->ticket, &req->authenticator, KRB_U_AP_AUTH, now, skew, &ret->auth, ret->mac);
	if (!err)
		err = kdc_shown_client(t, ret->realm, &ret->ticket, &ret->client);
	return err;
}

/* ---- RFC 4121 ---- */

/* 1.2.840.113554.1.2.2 */
static const uint8_t krb5_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 };

int kdc_gss_unframe(struct lw_bytes token, struct lw_bytes *ret_ap_req)
{
	struct lw_bytes body, oid;
	struct lw_der d, in;

	lw_der_init(&d, token);
	body = lw_der_get(&d, LW_DER_APP(0));
	if (lw_der_end(&d))
		return LW_EINVAL;
	lw_der_init(&in, body);
	oid = lw_der_get(&in, LW_DER_OID);
	if (in.err || !lw_eq(oid, (struct lw_bytes){ krb5_oid, sizeof krb5_oid }) || in.end - in.p < 3 ||
	        in.p[0] != 1 || in.p[1] != 0)
		return LW_EINVAL;
	*ret_ap_req = (struct lw_bytes){ in.p + 2, (size_t)(in.end - in.p) - 2 };
	return LW_OK;
}

int kdc_gss_error(struct lw_arena *a, struct lw_bytes krb_error, struct lw_bytes *ret)
{
	static const uint8_t tok_id[] = { 3, 0 };
	size_t room = krb_error.n + 32, mark;
	uint8_t *buf = lw_alloc(a, room);
	struct lw_der_writer w;

	if (!buf)
		return LW_ENOMEM;
	lw_der_writer_init(&w, buf, room);
	mark = lw_der_mark(&w);
	lw_der_put_raw(&w, krb_error);
	lw_der_put_raw(&w, (struct lw_bytes){ tok_id, sizeof tok_id });
	lw_der_put(&w, LW_DER_OID, (struct lw_bytes){ krb5_oid, sizeof krb5_oid });
	lw_der_wrap(&w, LW_DER_APP(0), mark);
	*ret = lw_der_written(&w);
	return w.err ? LW_ENOMEM : LW_OK;
}

/* ---- RFC 3244 ---- */

int kdc_chpw_unframe(struct lw_bytes in, struct kdc_chpw_frame *ret)
{
	struct kdc_chpw_frame f;
	struct lw_reader r;
	uint16_t total, n;

	lw_reader_init(&r, in);
	total = lw_get_u16(&r);
	f.version = lw_get_u16(&r);
	n = lw_get_u16(&r);
	if (r.err || total != in.n)
		return LW_EINVAL;
	if (f.version != KDC_CHPW_CHANGE && f.version != KDC_CHPW_SET)
		return LW_EVERSION;
	f.ap_req = lw_get_raw(&r, n);
	f.priv = lw_get_raw(&r, lw_reader_left(&r));
	if (r.err || !f.ap_req.n || !f.priv.n)
		return LW_EINVAL;
	*ret = f;
	return LW_OK;
}
