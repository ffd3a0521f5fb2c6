/* SPDX-License-Identifier: Apache-2.0 */
/* GSS-API accepted for another role. Whose ticket it is, whether it is still good and not shown before is
 * found out by our own code (kdc/own.h), with our own clock, keys and memory of replays; libgssapi then makes
 * the context out of it, from a keytab in memory that holds the one key in question and lives as long as this
 * call. */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "kdc/own.h"
#include "kdc/spnego.h"

static const struct { const char *service; enum kdc_own own; } services[] = {
	{ "ldap", KDC_LDAP },
	{ "HTTP", KDC_HTTP },
};

struct accepting {
	struct kdc_thread *t;
	const struct kdc_accept *q;
	struct krb_ap_req req;
	struct kdc_own_shown shown;
	gss_ctx_id_t ctx;
	OM_uint32 flags;
	struct lw_bytes token; /* for the client; arena */
	const char *why;       /* libgssapi refused it; for the log */
};

static struct lw_bytes take(struct lw_arena *a, gss_buffer_t b)
{
	struct lw_bytes got = { NULL, 0 };
	OM_uint32 minor;

	if (b->length)
		got = lw_dup(a, (struct lw_bytes){ b->value, b->length });
	if (b->value)
		lw_wipe(b->value, b->length);
	gss_release_buffer(&minor, b);
	return got;
}

/* ---- the key, as libgssapi wants it ---- */

static const struct keys_krb_key *key_of(const struct accepting *c, uint32_t *ret_kvno)
{
	const struct kdc_keys *k = c->shown.ticket.server.keys;
	const struct krb_enc *enc = &c->req.ticket.enc;

	for (unsigned i = 0; i < k->nsets; i++) {
		int at = kdc_key_of(&k->set[i], enc->etype);

		if (at < 0 || (enc->has_kvno && k->set[i].kvno != enc->kvno))
			continue;
		*ret_kvno = k->set[i].kvno;
		return &k->set[i].keys[at];
	}
	return NULL;
}

static krb5_error_code principal(krb5_context k, const struct krb_ticket *ticket, krb5_principal *ret)
{
	const struct lw_bytes *realm = &ticket->realm;
	const struct lw_bytes *p = ticket->sname.part; /* an own service: two parts */

	return krb5_build_principal_ext(k, ret, (unsigned)realm->n, (const char *)realm->p, (unsigned)p[0].n,
	        (const char *)p[0].p, (unsigned)p[1].n, (const char *)p[1].p, 0);
}

static krb5_error_code fill(krb5_context k, krb5_keytab keytab, const struct accepting *c)
{
	uint32_t kvno = 0;
	const struct keys_krb_key *key = key_of(c, &kvno);
	krb5_keytab_entry e = { .vno = kvno };
	krb5_error_code r;

	if (!key)
		return KRB5_KT_NOTFOUND;
	e.key = (krb5_keyblock){
		.enctype = key->etype, .length = key->n, .contents = (krb5_octet *)key->key
	};
	r = principal(k, &c->req.ticket, &e.principal);
	if (!r)
		r = krb5_kt_add_entry(k, keytab, &e); /* copies */
	krb5_free_principal(k, e.principal);
	return r;
}

static int with_keytab(krb5_context k, krb5_keytab keytab, struct accepting *c, struct lw_arena *a)
{
	struct gss_channel_bindings_struct cb = {
		.application_data = { c->q->bindings.n, (void *)c->q->bindings.p }
	};
	gss_buffer_desc in = { c->q->token.n, (void *)c->q->token.p }, out = GSS_C_EMPTY_BUFFER;
	gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
	OM_uint32 major, minor;

	if (GSS_ERROR(gss_krb5_import_cred(&minor, NULL, NULL, keytab, &cred)))
		return LW_EINTERNAL;
	major = gss_accept_sec_context(&minor, &c->ctx, cred, &in,
	        c->q->bindings.n ? &cb : GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &out, &c->flags, NULL, NULL);
	c->token = take(a, &out);
	gss_release_cred(&minor, &cred);
	if (major == GSS_S_COMPLETE)
		return LW_OK;
	/* one token each: what needs more (DCE style) is not for us */
	c->why = GSS_ERROR(major) == GSS_S_BAD_BINDINGS ? "bound to another channel"
	                                                : "libgssapi does not take it";
	return LW_EAUTH;
}

static int establish(struct accepting *c, struct lw_arena *a)
{
	static _Atomic unsigned long number;
	krb5_keytab keytab = NULL;
	krb5_context k = NULL;
	char name[64];
	int err = LW_EINTERNAL;

	snprintf(name, sizeof name, "MEMORY:lwd-%lu", atomic_fetch_add(&number, 1));
	if (krb5_init_context(&k))
		return LW_ENOMEM;
	if (!krb5_kt_resolve(k, name, &keytab) && !fill(k, keytab, c))
		err = with_keytab(k, keytab, c, a);
	if (keytab)
		krb5_kt_close(k, keytab); /* the last one to hold it: its key is wiped */
	krb5_free_context(k);
	return err;
}

/* ---- in order ---- */

/* A realm is its tenant's name in upper case. */
static bool of_tenant(const struct accepting *c)
{
	char *name;

	return !c->q->tenant.n || (lw_domain_canon(c->t->arena, c->q->tenant, &name) == LW_OK &&
	                                  lw_eq_nocase(lw_str(name), lw_str(c->shown.realm->name)));
}

static int look(struct accepting *c, int64_t now)
{
	enum kdc_own own = KDC_ENTRY;
	struct lw_bytes der;
	int err;

	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (strcmp(c->q->service, services[i].service) == 0)
			own = services[i].own;
	if (own == KDC_ENTRY)
		return LW_EINTERNAL;
	if (kdc_gss_unframe(c->q->token, &der) || krb_get_ap_req(der, &c->req))
		return LW_EINVAL;
	err = kdc_own_ap_req(c->t, own, &c->req, now, true, &c->shown);
	return !err && !of_tenant(c) ? KDC_R_NOT_US : err;
}

/* The client gets a context and we a capability, or neither. */
static int grant(struct accepting *c, struct lw_arena *a, struct kdc_accepted *ret)
{
	struct keys_kerberos who = { .tenant = c->shown.realm->tenant,
		.subject = c->shown.ticket.ad.client,
		.auth_time = c->shown.ticket.part.authtime * LW_SECOND,
		.confidential = c->q->confidential,
		.role = c->q->role };
	struct kdc_accepted got = { .subject = who.subject, .tenant = who.tenant };
	gss_buffer_desc exported = GSS_C_EMPTY_BUFFER;
	struct lw_cap cap;
	OM_uint32 minor;
	int err = establish(c, a);

	if (!err)
		err = keys_kerberos_cap(c->t->server->keys, &who, &got.cap, &cap);
	if (!err && gss_export_sec_context(&minor, &c->ctx, &exported) != GSS_S_COMPLETE)
		err = LW_EINTERNAL;
	if (!err) {
		got.token = c->token;
		got.context = take(a, &exported);
		got.bound = c->flags & GSS_C_CHANNEL_BOUND_FLAG;
		if (got.context.p)
			*ret = got;
		else
			err = LW_ENOMEM;
	}
	lw_wipe(&got.cap, sizeof got.cap);
	return err;
}

/* Is it the token's fault? */
static bool refused(int err)
{
	return err > KDC_R_BASE || err == LW_EAUTH || err == LW_EINVAL || err == LW_EVERSION ||
	       err == LW_ELIMIT || err == LW_EDISABLED || err == LW_EEXPIRED || err == LW_ENOTFOUND;
}

/* What the client hears: a KRB-ERROR, once an AP-REQ could be read. */
static void complain(struct accepting *c, int err, int64_t now, struct lw_arena *a)
{
	struct krb_error e = { .code = kdc_reason_row(err)->code,
		.ctime = KRB_NO_TIME,
		.stime = now / LW_SECOND,
		.susec = (uint32_t)(now % LW_SECOND),
		.realm = c->req.ticket.realm,
		.sname = c->req.ticket.sname };
	struct lw_der_writer w;

	if (c->token.n || !c->req.ticket.realm.p || err <= KDC_R_BASE)
		return;
	lw_der_writer_init(&w, c->t->out, KRB_MAX_MESSAGE);
	krb_put_error(&w, &e);
	if (!w.err)
		kdc_gss_error(a, lw_der_written(&w), &c->token);
}

static int accept_once(struct accepting *c, int64_t now, struct lw_arena *a, struct kdc_accepted *ret)
{
	struct kdc_server *s = c->t->server;
	struct kdc_seen seen;
	int err = look(c, now);

	kdc_thread_end(c->t); /* keyd is asked next */
	if (err)
		return err;
	if (kdc_replay_take(s->replay, c->shown.mac, c->shown.auth.ctime * LW_SECOND + c->shown.auth.cusec,
	            now, &seen))
		return KDC_R_REPEAT;
	err = grant(c, a, ret);
	if (err)
		kdc_replay_forget(s->replay, &seen);
	else
		kdc_replay_answered(s->replay, &seen);
	return err;
}

static int accept_krb5(struct kdc_server *s, const struct kdc_accept *q, struct lw_arena *a, struct kdc_accepted *ret)
{
	struct accepting c = { .t = kdc_thread(s), .q = q };
	int64_t now = lw_wall(s->clock);
	OM_uint32 minor;
	int err;

	if (!c.t)
		return LW_ENOMEM;
	lw_arena_reset(c.t->arena);
	err = accept_once(&c, now, a, ret);
	if (refused(err)) /* what is accepted keyd records, with the capability */
		lw_audit(&(struct lw_audit){ .event = LW_AUDIT_KERBEROS, .protocol = LW_AUDIT_KRB, .err = LW_EAUTH, .time = now,
			.tenant = c.shown.realm ? c.shown.realm->tenant : 0, .detail = lw_str(q->service) });
	if (err && kdc_may_log(c.t, now / LW_SECOND))
		lw_log(LW_INFO, "gss-api refused", "service", q->service, "code",
		        c.why ? "GSS" : kdc_reason_row(err)->name, "why",
		        c.why ? c.why : kdc_reason_row(err)->text, "realm",
		        c.shown.realm ? c.shown.realm->name : "-", NULL);
	if (refused(err)) {
		complain(&c, err, now, a);
		ret->token = c.token;
		err = LW_EAUTH;
	}
	gss_delete_sec_context(&minor, &c.ctx, GSS_C_NO_BUFFER);
	lw_arena_reset(c.t->arena);
	return err;
}

/* HTTP's Negotiate (RFC 4559) is SPNEGO; a bare Kerberos token goes too. */
static int accept_spnego(struct kdc_server *s, const struct kdc_accept *q, struct lw_arena *a, struct kdc_accepted *ret)
{
	struct kdc_accept in = *q;
	struct kdc_spnego sp = { 0 };
	int err = kdc_spnego_get(q->token, &sp), r;

	if (err == LW_ENOTFOUND)
		return accept_krb5(s, q, a, ret);
	in.token = sp.token;
	err = err ? LW_EAUTH : accept_krb5(s, &in, a, ret);
	if (err && err != LW_EAUTH)
		return err;
	r = kdc_spnego_put(a, err ? KDC_SPNEGO_REJECT : KDC_SPNEGO_COMPLETED, err ? (struct lw_bytes){ NULL, 0 } : sp.mech, ret->token,
	        &ret->token);
	if (r)
		lw_wipe(&ret->cap, sizeof ret->cap);
	return r ? r : err;
}

int kdc_accept(struct kdc_server *s, const struct kdc_accept *q, struct lw_arena *a, struct kdc_accepted *ret)
{
	return strcmp(q->service, "HTTP") == 0 ? accept_spnego(s, q, a, ret) : accept_krb5(s, q, a, ret);
}
