/* SPDX-License-Identifier: Apache-2.0 */
/* Every KDC request, option and kind of pre-authentication, one row each; and the one way that a request
 * goes. Every row names the right it leans on: a row without one is refused to everyone. */
#include "kdc/int.h"

#include <string.h>

const struct kdc_op kdc_ops[] = {
	{ LW_DER_APP(KRB_AS_REQ), "AS-REQ", ACCESS_TICKET, KDC_IN_AS, kdc_as },
	{ LW_DER_APP(KRB_TGS_REQ), "TGS-REQ", ACCESS_TICKET, KDC_IN_TGS, kdc_tgs },
};
const size_t kdc_nops = sizeof kdc_ops / sizeof *kdc_ops;

#define BOTH (KDC_IN_AS | KDC_IN_TGS)
const struct kdc_option kdc_option_rows[] = {
	{ KRB_FORWARDABLE, "forwardable", ACCESS_TICKET, BOTH, 0, KRB_FORWARDABLE, KRB_FORWARDABLE },
	{ KRB_FORWARDED, "forwarded", ACCESS_TICKET, KDC_IN_TGS, KDC_R_BADOPTION, KRB_FORWARDABLE,
	        KRB_FORWARDED },
	{ KRB_PROXIABLE, "proxiable", ACCESS_TICKET, BOTH, 0, KRB_PROXIABLE, KRB_PROXIABLE },
	{ KRB_PROXY, "proxy", ACCESS_TICKET, KDC_IN_TGS, KDC_R_BADOPTION, KRB_PROXIABLE, KRB_PROXY },
	{ KRB_MAY_POSTDATE, "allow-postdate", ACCESS_TICKET, 0, KDC_R_CANNOT_POSTDATE, 0, 0 },
	{ KRB_POSTDATED, "postdated", ACCESS_TICKET, 0, KDC_R_CANNOT_POSTDATE, 0, 0 },
	{ KRB_RENEWABLE, "renewable", ACCESS_TICKET, BOTH, 0, KRB_RENEWABLE,
	        0 }, /* kdc_lives gives the flag */
	{ KRB_CNAME_IN_ADDL, "cname-in-addl-tkt", ACCESS_TICKET, 0, KDC_R_BADOPTION, 0, 0 },
	{ KRB_CANONICALIZE, "canonicalize", ACCESS_TICKET, BOTH, 0, 0, 0 },
	{ KRB_ANONYMOUS, "request-anonymous", ACCESS_TICKET, 0, KDC_R_BADOPTION, 0, 0 },
	{ KRB_NO_TRANSITED, "disable-transited-check", ACCESS_TICKET, BOTH, 0, 0, 0 },
	{ KRB_RENEWABLE_OK, "renewable-ok", ACCESS_TICKET, BOTH, 0, 0, 0 },
	{ KRB_ENC_TKT_IN_SKEY, "enc-tkt-in-skey", ACCESS_TICKET, KDC_IN_TGS, KDC_R_BADOPTION, 0, 0 },
	{ KRB_RENEW, "renew", ACCESS_TICKET, KDC_IN_TGS, KDC_R_BADOPTION, KRB_RENEWABLE, 0 },
	{ KRB_VALIDATE, "validate", ACCESS_TICKET, KDC_IN_TGS, KDC_R_BADOPTION, KRB_INVALID, 0 },
};
const size_t kdc_noptions = sizeof kdc_option_rows / sizeof *kdc_option_rows;

const struct kdc_pa kdc_pas[] = {
	{ KRB_PA_TGS_REQ, "PA-TGS-REQ", ACCESS_TICKET, KDC_IN_TGS, kdc_pa_tgs_req },
	{ KRB_PA_REQ_ENC_PA_REP, "PA-REQ-ENC-PA-REP", ACCESS_TICKET, KDC_IN_AS, kdc_pa_req_enc_pa_rep },
	{ KRB_PA_ENC_TIMESTAMP, "PA-ENC-TIMESTAMP", ACCESS_TICKET, KDC_IN_AS, kdc_pa_enc_timestamp },
};
const size_t kdc_npas = sizeof kdc_pas / sizeof *kdc_pas;

int kdc_options_check(uint32_t options, enum kdc_where where, uint32_t flags, uint32_t *ret_gives)
{
	uint32_t gives = 0;

	for (const struct kdc_option *o = kdc_option_rows; o < kdc_option_rows + kdc_noptions; o++) {
		if (!(options & o->bit))
			continue;
		if (o->right == ACCESS_NONE)
			return KDC_R_POLICY;
		if (!(o->where & where))
			return o->refused;
		if ((flags & o->needs) != o->needs)
			return KDC_R_BADOPTION;
		gives |= o->gives;
	}
	*ret_gives = gives;
	return LW_OK;
}

int kdc_padata(struct kdc_call *c)
{
	const struct krb_typed_list *list = &c->req.padata;
	int err = LW_OK;

	for (const struct kdc_pa *pa = kdc_pas; pa < kdc_pas + kdc_npas && !err; pa++) {
		if (!(pa->where & c->op->where))
			continue;
		for (unsigned i = 0; i < list->n; i++)
			if (list->v[i].type == pa->type) {
				err = pa->right == ACCESS_NONE ? KDC_R_POLICY
				                               : pa->handler(c, list->v[i].value);
				break;
			}
	}
	return err;
}

/* ---- one request ---- */

static const struct kdc_op *op_find(uint8_t tag)
{
	for (size_t i = 0; i < kdc_nops; i++)
		if (kdc_ops[i].tag == tag)
			return &kdc_ops[i];
	return NULL;
}

static int run(struct kdc_call *c)
{
	const struct kdc_keys *krbtgt;
	int err;

	if (c->op->right == ACCESS_NONE)
		return KDC_R_POLICY;
	err = kdc_realm_open(c->t, c->req.realm, c->q->may_block, &c->realm);
	if (err)
		return err == LW_ENOTFOUND ? KDC_R_WRONG_REALM : err;
	err = kdc_keys_get(c->t, c->realm, KDC_KRBTGT, NULL, &krbtgt);
	if (err)
		return err == LW_ENOTFOUND ? LW_EUNAVAIL : err;
	return c->op->handler(c);
}

#define HELD 64 /* no more wait for their answers to leave */
static __thread struct {
	bool on;
	unsigned n;
	struct held {
		struct kdc_replay *replay;
		struct kdc_seen seen;
	} v[HELD];
} held;

void kdc_hold(bool on)
{
	held.on = on;
	while (!on && held.n) {
		const struct held *h = &held.v[--held.n];

		kdc_replay_answered(h->replay, &h->seen);
	}
}

/* What was refused gave nothing away: its client may ask once more (over TCP, say). */
static void settle(struct kdc_call *c, int err)
{
	if (c->taken && err)
		kdc_replay_forget(c->s->replay, &c->seen);
	else if (c->taken && held.on && held.n < HELD)
		held.v[held.n++] = (struct held){ c->s->replay, c->seen };
	else if (c->taken)
		kdc_replay_answered(c->s->replay, &c->seen);
}

/* A datagram that was sent again before it was answered: the answer is on its way, or there by now. */
static bool answered_elsewhere(struct kdc_call *c, int err)
{
	if (err != KDC_R_REPEAT || !c->q->udp)
		return false;
	if (!c->in_work)
		c->q->out_n = kdc_aside_find(c->s->aside, c->q->peer->addr, c->q->in, lw_mono(c->s->clock),
		        c->q->out, c->q->out_max);
	return c->in_work || c->q->out_n;
}

static struct lw_bytes known_name(struct kdc_call *c, const struct kdc_princ *p)
{
	struct lw_writer *w = &c->t->text;

	if (!p->known)
		return (struct lw_bytes){ NULL, 0 };
	lw_writer_reset(w);
	krb_name_text(w, &p->name);
	return w->err ? (struct lw_bytes){ NULL, 0 } : lw_dup(c->t->arena, lw_written(w));
}

/* Every ticket, and every refusal but those that only ask for more. Names that are nobody's are not written down. */
static void record(struct kdc_call *c, int err)
{
	struct lw_audit a = { .event = c->op->where == KDC_IN_AS ? LW_AUDIT_AS : LW_AUDIT_TGS, .protocol = LW_AUDIT_KRB,
		.time = c->now_us, .source = lw_str(c->q->peer->addr) };

	if (err == KDC_R_PREAUTH_REQUIRED || err == KDC_R_TOO_BIG || err == KDC_R_REPEAT || err == KDC_R_UNAVAILABLE || err == LW_EAGAIN)
		return;
	if (err > KDC_R_BASE) {
		a.err = err == KDC_R_PREAUTH_FAILED || err == KDC_R_BAD_INTEGRITY || err == KDC_R_CLIENT_UNKNOWN ? LW_EAUTH : LW_EACCES;
		a.detail = lw_str(kdc_reason_row(err)->name);
	} else if (err) {
		a.err = err;
		if (!lw_audit_is_denial(err))
			return;
	}
	a.tenant = c->realm ? c->realm->tenant : 0;
	if (c->client.known) {
		a.actor = c->client.uuid;
		a.actor_name = known_name(c, &c->client);
	}
	a.target = c->server.uuid;
	a.target_name = known_name(c, &c->server);
	lw_audit(&a);
}

static int answer(struct kdc_call *c)
{
	int err = krb_get_kdc_req(c->q->in, &c->req);

	if (err)
		memset(&c->req, 0, sizeof c->req);
	else
		err = run(c);
	if (err == LW_EAGAIN && !c->q->may_block) {
		settle(c, err);
		return err;
	}
	if (answered_elsewhere(c, err))
		return LW_OK;
	record(c, err);
	if (err)
		kdc_put_error(c, err);
	if (c->remember && c->q->udp && c->q->out_n)
		kdc_aside_keep(c->s->aside, c->q->peer->addr, c->q->in, lw_mono(c->s->clock),
		        (struct lw_bytes){ c->q->out, c->q->out_n });
	settle(c, err); /* after it is kept: whoever finds it answered finds the answer */
	return LW_OK;
}

int kdc_request(struct kdc_thread *t, struct kdc_question *q)
{
	struct kdc_server *s = t->server;
	struct kdc_call c = { .t = t, .s = s, .q = q, .now_us = lw_wall(s->clock) };
	uint8_t tag = q->in.n ? q->in.p[0] : 0;
	int err;

	q->out_n = 0;
	c.now = c.now_us / LW_SECOND;
	c.op = op_find(tag);
	if (!c.op) {
		if (tag >= LW_DER_APP(KRB_AS_REQ) && tag < LW_DER_APP(KRB_ERROR))
			kdc_refuse_unread(t, q, KDC_R_MSG_TYPE);
		return LW_OK;
	}
	if (q->udp)
		q->out_n =
		        kdc_aside_find(s->aside, q->peer->addr, q->in, lw_mono(s->clock), q->out, q->out_max);
	if (q->out_n)
		return LW_OK;
	err = answer(&c);
	lw_arena_reset(t->arena);
	return err;
}
