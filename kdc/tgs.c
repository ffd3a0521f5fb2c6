/* SPDX-License-Identifier: Apache-2.0 */
/* The TGS exchange (RFC 4120 3.3). docs/kdc.md lists the checks in their order. */
#include "kdc/int.h"

#include <string.h>

#define AGAIN (KRB_RENEW | KRB_VALIDATE) /* the shown ticket itself is made anew */

/* ---- what is shown ---- */

static int body_checksum(struct kdc_call *c, const struct krb_authenticator *a)
{
	if (!a->has_cksum)
		return KDC_R_INAPP_CKSUM;
	switch (lw_krb_cksum_verify(
	        c->t->session, a->cksum.type, KRB_U_TGS_CKSUM, c->req.body, a->cksum.value)) {
	case LW_OK:
		return LW_OK;
	case LW_EUNSUPPORTED:
		return KDC_R_INAPP_CKSUM;
	case LW_EAUTH:
		return KDC_R_MODIFIED;
	default:
		return LW_EINTERNAL;
	}
}

static int fresh(struct kdc_call *c, const struct krb_authenticator *a, const uint8_t mac[16])
{
	int err = kdc_replay_take(c->s->replay, mac, a->ctime * LW_SECOND + a->cusec, c->now_us, &c->seen);

	if (err == LW_EEXIST) {
		c->in_work = kdc_replay_in_work(c->s->replay, mac);
		return KDC_R_REPEAT;
	}
	c->taken = !err;
	return err;
}

int kdc_pa_tgs_req(struct kdc_call *c, struct lw_bytes value)
{
	struct krb_authenticator a;
	struct krb_ap_req ap;
	uint8_t mac[16];
	int err = krb_get_ap_req(value, &ap);

	if (err)
		return err == LW_EVERSION ? KDC_R_BADVERSION : KDC_R_GENERIC;
	err = kdc_open_ticket(c->t, c->realm, &ap.ticket, KDC_KRBTGT,
	        c->req.options & AGAIN ? KDC_OPEN_ANY : 0, c->now, &c->tgt);
	if (!err)
		err = kdc_ticket_times(&c->tgt, c->now, c->s->skew, c->req.options & KRB_VALIDATE);
	if (!err)
		err = kdc_open_authenticator(
		        c->t, &c->tgt, &ap.authenticator, KRB_U_TGS_AUTH, c->now, c->s->skew, &a, mac);
	if (!err)
		err = body_checksum(c, &a);
	if (!err && !kdc_address_fits(&c->tgt.part, c->q->peer))
		err = KDC_R_BADADDR;
	if (!err)
		err = fresh(c, &a, mac);
	c->has_subkey = !err && a.subkey.key.p;
	return err;
}

/* ---- user to user (RFC 4120 3.3.3) ---- */

static int second_ticket(struct kdc_call *c)
{
	int err;

	if (!(c->req.options & KRB_ENC_TKT_IN_SKEY))
		return LW_OK;
	if (!c->req.ntickets)
		return KDC_R_BADOPTION;
	err = kdc_open_ticket(c->t, c->realm, &c->req.tickets[0], KDC_KRBTGT, 0, c->now, &c->second);
	return err ? err : kdc_ticket_times(&c->second, c->now, c->s->skew, false);
}

/* ---- what is asked for ---- */

static int options(struct kdc_call *c)
{
	uint32_t o = c->req.options;
	int err = kdc_options_check(o, KDC_IN_TGS, c->tgt.part.flags, &c->gives);

	if (!err && o & AGAIN && (o & AGAIN) == AGAIN)
		err = KDC_R_BADOPTION;
	if (!err && o & AGAIN && o & (KRB_FORWARDED | KRB_PROXY | KRB_ENC_TKT_IN_SKEY))
		err = KDC_R_BADOPTION;
	return err;
}

static int find_server(struct kdc_call *c)
{
	const struct krb_name *name = &c->req.sname;
	int err;

	if (!c->req.has_sname) {
		if (!c->second.there)
			return KDC_R_SERVER_UNKNOWN;
		name = &c->second.part.cname;
	}
	if (c->req.options & AGAIN && !krb_name_eq(name, &c->tgt.server.name))
		return KDC_R_SERVER_NOMATCH;
	err = kdc_find_server(c->t, c->realm, name, &c->server);
	if (err == LW_ENOTFOUND || (!err && c->server.disabled))
		return KDC_R_SERVER_UNKNOWN;
	if (err)
		return err;
	if (c->server.own == KDC_CHANGEPW)
		return KDC_R_POLICY; /* the password itself must be shown: AS only */
	if (c->req.options & KRB_PROXY && c->server.own == KDC_KRBTGT)
		return KDC_R_BADOPTION;
	return LW_OK;
}

static int server(struct kdc_call *c)
{
	int err = find_server(c);

	if (!err)
		err = kdc_lives(c, &c->tgt.part);
	if (err)
		return err;
	if (c->second.there && !lw_uuid_eq(&c->second.ad.client, &c->server.uuid))
		return KDC_R_SERVER_NOMATCH;
	if (c->server.user && !c->second.there)
		return KDC_R_MUST_USE_U2U;
	err = c->second.there ? LW_OK : kdc_princ_keys(c->t, c->realm, &c->server);
	return err ? err : kdc_server_key(c);
}

/* ---- what goes along ---- */

static int add_authz(struct kdc_call *c, const struct krb_typed_list *from, bool ours)
{
	struct krb_typed_list *to = &c->g.authz;

	for (unsigned i = 0; i < from->n; i++) {
		if (ours && kdc_ad_is_own(&from->v[i]))
			continue;
		if (to->n == KRB_MAX_AD - 1)
			return KDC_R_POLICY;
		to->v[to->n++] = from->v[i];
	}
	return LW_OK;
}

static int authz(struct kdc_call *c)
{
	struct lw_krbkey *key = c->has_subkey ? c->t->subkey : c->t->session;
	struct krb_typed_list wanted;
	struct lw_bytes plain;
	uint8_t *p;
	int err = add_authz(c, &c->tgt.part.authz, true);

	if (err || !c->req.has_authz)
		return err;
	p = lw_alloc(c->t->arena, c->req.authz.cipher.n + 1);
	if (!p)
		return LW_ENOMEM;
	if (c->req.authz.etype != lw_krbkey_type(key)->etype ||
	        lw_krb_decrypt(key, c->has_subkey ? KRB_U_AUTHZ_SUBKEY : KRB_U_AUTHZ_SESSION,
	                c->req.authz.cipher, p, &plain.n))
		return KDC_R_BAD_INTEGRITY;
	plain.p = p;
	if (krb_get_authz(plain, &wanted))
		return KDC_R_GENERIC;
	if (kdc_ad_check(&wanted))
		return KDC_R_POLICY;
	return add_authz(c, &wanted, false);
}

/* The new ticket's flags: those that options give (each needs its own on the shown one), and those that stay
 * with a ticket's offspring. */
static void flags(struct kdc_call *c)
{
	uint32_t old = c->tgt.part.flags;

	if (c->req.options & AGAIN)
		c->g.flags = old & ~(KRB_INVALID | KRB_INITIAL);
	else
		c->g.flags = c->gives |
		             (old & (KRB_FORWARDED | KRB_PROXY | KRB_PRE_AUTHENT | KRB_HW_AUTHENT)) |
		             (c->req.options & KRB_NO_TRANSITED ? 0 : KRB_TRANSITED_OK);
	if (!(c->req.options & (KRB_FORWARDED | KRB_PROXY)))
		c->g.caddr = c->tgt.part.has_addrs ? &c->tgt.part.caddr : NULL;
	else
		c->g.caddr = c->req.has_addrs ? &c->req.addrs : NULL;
	c->g.transited = c->tgt.part.transited;
}

int kdc_tgs(struct kdc_call *c)
{
	int err = kdc_padata(c);

	if (!err && !c->tgt.there)
		err = KDC_R_PADATA_NOSUPP;
	if (!err)
		err = kdc_shown_client(c->t, c->realm, &c->tgt, &c->client);
	if (!err)
		err = options(c);
	if (!err)
		err = second_ticket(c);
	if (err)
		return err;
	flags(c);
	err = server(c);
	if (!err)
		err = authz(c);
	if (err)
		return err;
	c->g.reply_key = c->has_subkey ? c->t->subkey : c->t->session;
	c->g.reply_usage = c->has_subkey ? KRB_U_TGS_REP_SUBKEY : KRB_U_TGS_REP_SESSION;
	err = kdc_reply(c);
	c->remember = !err;
	return err;
}
