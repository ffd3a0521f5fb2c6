/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons and domain errors to KRB-ERROR codes (RFC 4120 7.5.9): the one place. A peer hears the code and
 * nothing else: no text, and the same for what is hidden and what is not there. */
#include "kdc/int.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const struct kdc_reason_row reasons[] = {
#define X(name, code, text) { #name, code, text },
	KDC_REASONS(X)
#undef X
};

/* What LW_E… means here; the rest is an internal error. */
static const struct {
	int err, reason;
} mapped[] = {
	{ LW_ENOMEM, KDC_R_UNAVAILABLE },
	{ LW_EIO, KDC_R_UNAVAILABLE },
	{ LW_EFULL, KDC_R_UNAVAILABLE },
	{ LW_EBUSY, KDC_R_UNAVAILABLE },
	{ LW_EUNAVAIL, KDC_R_UNAVAILABLE },
	{ LW_ETIMEOUT, KDC_R_UNAVAILABLE },
	{ LW_EAGAIN, KDC_R_UNAVAILABLE },
	{ LW_EINVAL, KDC_R_GENERIC },
	{ LW_ELIMIT, KDC_R_TOOLONG },
	{ LW_EVERSION, KDC_R_BAD_PVNO },
	{ LW_ENOTFOUND, KDC_R_SERVER_UNKNOWN },
	{ LW_EACCES, KDC_R_SERVER_UNKNOWN },
	{ LW_EAUTH, KDC_R_BAD_INTEGRITY },
	{ LW_ELOCKED, KDC_R_PREAUTH_FAILED },
	{ LW_EDISABLED, KDC_R_CLIENT_REVOKED },
};

const struct kdc_reason_row *kdc_reason_row(int err)
{
	int reason = KDC_R_GENERIC;

	if (err > KDC_R_BASE && err < KDC_R_END)
		reason = err;
	for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++)
		if (mapped[i].err == err)
			reason = mapped[i].reason;
	return &reasons[reason - KDC_R_BASE - 1];
}

static void put(struct kdc_thread *t, struct kdc_question *q, struct krb_error *e)
{
	static const struct krb_name tgs = {
		.type = KRB_NT_SRV_INST, .n = 1, .part = { { (const uint8_t *)"krbtgt", 6 } }
	};
	int64_t now = lw_wall(t->server->clock);
	bool unread = !e->realm.p;
	struct lw_der_writer w;
	struct lw_bytes out;

	e->ctime = KRB_NO_TIME;
	e->stime = now / LW_SECOND;
	e->susec = (uint32_t)(now % LW_SECOND);
	if (!e->realm.p)
		e->realm = LW_LIT("");
	if (!e->sname.n)
		e->sname = tgs;
	lw_der_writer_init(&w, t->reply, KRB_MAX_MESSAGE);
	krb_put_error(&w, e);
	out = lw_der_written(&w);
	q->out_n = 0;
	if (w.err || out.n > q->out_max)
		return;
	if (q->udp && unread && out.n > q->in.n)
		return; /* perhaps from a forged address: nobody else is sent more than was sent to us */
	memcpy(q->out, out.p, out.n);
	q->out_n = out.n;
}

void kdc_refuse_unread(struct kdc_thread *t, struct kdc_question *q, int err)
{
	struct krb_error e = { .code = kdc_reason_row(err)->code };

	put(t, q, &e);
}

/* ---- the log ---- */

bool kdc_may_log(struct kdc_thread *t, int64_t now)
{
	if (t->log_second != now) {
		t->log_second = now;
		t->logged = 0;
	}
	return t->logged++ < KDC_LOG_RATE;
}

static const char *text(struct kdc_thread *t, const struct kdc_princ *p)
{
	char *s;

	if (!p->known)
		return "-";
	lw_writer_reset(&t->text);
	krb_name_text(&t->text, &p->name);
	lw_put_u8(&t->text, 0);
	s = t->text.err ? NULL : lw_strdup(t->arena, (const char *)t->text.p);
	return s ? s : "-";
}

/* Names that are not ours are not written down. */
static void log_refused(struct kdc_call *c, const struct kdc_reason_row *row)
{
	if (!kdc_may_log(c->t, c->now))
		return;
	lw_log(row->code == 60 || row->code == 29 ? LW_WARN : LW_INFO, "ticket refused", "request",
	        c->op ? c->op->name : "-", "code", row->name, "why", row->text, "realm",
	        c->realm ? c->realm->name : "-", "client", text(c->t, &c->client), "server",
	        text(c->t, &c->server), "peer", c->q->peer->addr, NULL);
}

void kdc_put_error(struct kdc_call *c, int err)
{
	const struct kdc_reason_row *row = kdc_reason_row(err);
	struct krb_error e = { .code = row->code, .realm = c->req.realm, .e_data = c->e_data };

	if (c->req.has_sname) {
		e.sname = c->req.sname;
	} else if (c->req.realm.p) {
		e.sname = (struct krb_name){
			.type = KRB_NT_SRV_INST, .n = 2, .part = { LW_LIT("krbtgt"), c->req.realm }
		};
	}
	if (c->crealm.p && c->req.has_cname) { /* a referral to the client's realm */
		e.crealm = c->crealm;
		e.has_cname = true;
		e.cname = c->req.cname;
	}
	put(c->t, c->q, &e);
	if (err != KDC_R_PREAUTH_REQUIRED && err != KDC_R_TOO_BIG)
		log_refused(c, row);
}
