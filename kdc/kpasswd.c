/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords changed and set by RFC 3244, over UDP and TCP 464. A request that shows no good ticket is
 * answered inline, so that nobody without one takes a worker's time; the rest is a slow job: keyd checks the
 * right and seals, the writer puts it down. Who shows a good AP-REQ hears the result sealed, anybody else in
 * a KRB-ERROR. */
#include "kdc/own.h"

#include <string.h>

#include "base/crypto.h"
#include "base/log.h"

#define TRIES 5

/* RFC 3244 section 2 */
enum result { SUCCESS, MALFORMED, HARDERROR, AUTHERROR, SOFTERROR, ACCESSDENIED, BAD_VERSION,
	INITIAL_NEEDED };
static const struct { const char *name, *text; } results[] = {
	[SUCCESS] = { "SUCCESS", "" },
	[MALFORMED] = { "MALFORMED", "The request is malformed" },
	[HARDERROR] = { "HARDERROR", "The server can't do it now: try again later" },
	[AUTHERROR] = { "AUTHERROR", "Authentication failed" },
	[SOFTERROR] = { "SOFTERROR", "The password was refused" },
	[ACCESSDENIED] = { "ACCESSDENIED", "You may not set this password" },
	[BAD_VERSION] = { "BAD_VERSION", "This version of the protocol is not known" },
	[INITIAL_NEEDED] = { "INITIAL_FLAG_NEEDED", "A ticket got with the present password is needed" },
};

struct chpw {
	struct kdc_thread *t;
	struct kdc_server *s;
	const struct lw_peer *peer;
	bool udp, may_block;
	int64_t now;
	struct lw_bytes in;
	struct kdc_chpw_frame frame;
	struct krb_ap_req req;
	struct kdc_own_shown shown;
	bool authentic, taken, silent;
	struct kdc_seen seen;
	struct lw_krbkey *key; /* of the KRB-PRIVs */
	struct lw_bytes password;
	struct lw_uuid target;
	char text[200]; /* why keyd or the writer refused; empty: results[] */
	int err;        /* why it was refused, for the log */
	int32_t code;   /* of a KRB-ERROR */
	uint8_t *out;
	size_t out_max, out_n;
};

/* ---- what is asked ---- */

static int subkey(struct chpw *c)
{
	/* RFC 3244: a subkey there must be */
	c->key = c->shown.auth.subkey.key.p ? c->t->subkey : c->t->session;
	return c->key == c->t->subkey ? SUCCESS : MALFORMED;
}

/* The AP-REQ. LW_OK with a result; LW_EAGAIN. */
static int authenticate(struct chpw *c, int *ret_result)
{
	int err = krb_get_ap_req(c->frame.ap_req, &c->req);

	*ret_result = MALFORMED;
	c->code = 60;
	if (err) {
		memset(&c->req, 0, sizeof c->req);
		return LW_OK;
	}
	err = kdc_own_ap_req(c->t, KDC_CHANGEPW, &c->req, c->now, c->may_block, &c->shown);
	if (!err && !kdc_address_fits(&c->shown.ticket.part, c->peer))
		err = KDC_R_BADADDR;
	if (err == LW_EAGAIN)
		return err;
	c->err = err;
	c->code = kdc_reason_row(err)->code;
	*ret_result = !err ? SUCCESS : err > KDC_R_BASE ? AUTHERROR : HARDERROR;
	if (err)
		return LW_OK;
	c->authentic = true;
	*ret_result = subkey(c);
	if (!*ret_result && !(c->shown.ticket.part.flags & KRB_INITIAL))
		*ret_result = INITIAL_NEEDED;
	return LW_OK;
}

static int replay(struct chpw *c)
{
	int64_t ctime = c->shown.auth.ctime * LW_SECOND + c->shown.auth.cusec;

	c->taken = kdc_replay_take(c->s->replay, c->shown.mac, ctime, c->now, &c->seen) == LW_OK;
	if (c->taken)
		return SUCCESS;
	/* a datagram again: its answer is on its way, or was (kdc/aside.h) */
	c->silent = c->udp;
	c->authentic = false;
	c->code = kdc_reason_row(KDC_R_REPEAT)->code;
	return AUTHERROR;
}

/* RFC 4120 5.7.1: the subkey is this authenticator's alone, so what it opens belongs to it; a number or a
 * time must fit. */
static int open_priv(struct chpw *c, struct krb_enc_priv_part *ret)
{
	const struct lw_enctype *e = lw_krbkey_type(c->key);
	struct krb_enc enc;
	uint8_t *p;
	size_t n;
	int64_t now = c->now / LW_SECOND;

	if (krb_get_priv(c->frame.priv, &enc))
		return MALFORMED;
	p = lw_alloc(c->t->arena, enc.cipher.n + 1);
	if (!p)
		return HARDERROR;
	if (!e || enc.etype != e->etype || lw_krb_decrypt(c->key, KRB_U_PRIV, enc.cipher, p, &n))
		return AUTHERROR;
	if (krb_get_enc_priv_part((struct lw_bytes){ p, n }, ret))
		return MALFORMED;
	if (ret->has_seq && c->shown.auth.has_seq && ret->seq != c->shown.auth.seq)
		return AUTHERROR;
	if (ret->timestamp != KRB_NO_TIME &&
	        (ret->timestamp > now + c->s->skew || ret->timestamp < now - c->s->skew))
		return AUTHERROR;
	return SUCCESS;
}

/* Whose password; a name that is not there is no other than one that may not be touched. */
static int find_target(struct chpw *c, const struct krb_chpw_data *d)
{
	struct kdc_realm *r = c->shown.realm;
	struct kdc_princ p;
	int err;

	c->target = c->shown.ticket.ad.client;
	if (!d->has_target)
		return SUCCESS;
	if (d->realm.p && !lw_eq(d->realm, (struct lw_bytes){ (const uint8_t *)r->name, r->n }))
		return ACCESSDENIED;
	err = kdc_find_entry(c->t, r, &d->target, &p);
	if (err)
		return err == LW_ENOTFOUND ? ACCESSDENIED : HARDERROR;
	c->target = p.uuid;
	return SUCCESS;
}

static int understand(struct chpw *c)
{
	struct krb_enc_priv_part part;
	struct krb_chpw_data d = { 0 };
	int result = open_priv(c, &part);

	if (result)
		return result;
	if (c->frame.version == KDC_CHPW_CHANGE)
		d.password = part.user_data;
	else if (krb_get_chpw_data(part.user_data, &d))
		return MALFORMED;
	if (!d.password.n)
		return MALFORMED;
	c->password = d.password;
	return find_target(c, &d);
}

/* ---- doing it ---- */

static int result_of(const struct chpw *c, int err)
{
	switch (err) {
	case LW_OK:
		return SUCCESS;
	case LW_EPWPOLICY:
	case LW_ECONSTRAINT:
	case LW_EUNWILLING:
		return SOFTERROR;
	case LW_EACCES:
	case LW_ENOTFOUND:
	case LW_EDISABLED:
	case LW_ECONFIDENTIAL:
		return ACCESSDENIED;
	case LW_EAUTH:
	case LW_EEXPIRED:
	case LW_EREVOKED:
	case LW_ELOCKED:
		return AUTHERROR;
	default:
		return HARDERROR;
	}
}

static int version_of(struct chpw *c, uint64_t *ret)
{
	struct store_principal p;
	int err = kdc_realm_open(c->t, c->req.ticket.realm, true, &c->shown.realm);

	if (!err)
		err = store_principal_uuid(c->t->txn, &c->target, &p);
	if (!err)
		*ret = p.version;
	kdc_thread_end(c->t); /* keyd and the writer come next */
	return err;
}

static struct keys_source source(const struct lw_peer *peer)
{
	struct keys_source s = { .confidential = true }; /* sealed with the subkey */
	const char *port = strrchr(peer->addr, ':');
	size_t n = port ? (size_t)(port - peer->addr) : strlen(peer->addr);

	memcpy(s.addr, peer->addr, n < sizeof s.addr ? n : sizeof s.addr - 1);
	return s;
}

static int once(struct chpw *c, const struct keys_token *token)
{
	struct keys_source from = source(c->peer);
	struct kdc_secret secret = { .token = { token->b, token->n },
		.tenant = c->shown.realm->tenant,
		.target = c->target,
		.old_proved = lw_uuid_eq(&c->target, &c->shown.ticket.ad.client) };
	int err = version_of(c, &secret.expect_version);

	if (!err)
		err = keys_set_password(c->s->keys, secret.token, secret.tenant, &c->target,
		        secret.expect_version, NULL, (struct lw_bytes){ NULL, 0 }, c->password, &from,
		        c->t->arena, &secret.items, &secret.nitems, c->text);
	if (!err)
		err = c->s->options.set_secret ? c->s->options.set_secret(c->s->options.ctx, &secret, c->text)
		                               : LW_EUNAVAIL;
	return err;
}

static int set(struct chpw *c)
{
	struct keys_kerberos who = { .tenant = c->shown.realm->tenant,
		.subject = c->shown.ticket.ad.client,
		.auth_time = c->shown.ticket.part.authtime * LW_SECOND,
		.confidential = true,
		.role = LW_ROLE_KDC };
	struct keys_token token;
	struct lw_cap cap;
	int err;

	kdc_thread_end(c->t);
	err = keys_kerberos_cap(c->s->keys, &who, &token, &cap);
	for (unsigned i = 0; !err && i < TRIES; i++) {
		c->text[0] = 0;
		err = once(c, &token);
		if (err != LW_EAGAIN)
			break;
		err = i + 1 < TRIES ? LW_OK : LW_EBUSY;
	}
	lw_wipe(&token, sizeof token);
	return err;
}

/* Whoever showed no good ticket must not fill the log. */
static void note(const struct chpw *c, int result)
{
	char client[LW_UUID_TEXT] = "-", target[LW_UUID_TEXT] = "-";

	if (c->shown.ticket.there)
		lw_uuid_format(&c->shown.ticket.ad.client, client);
	if (c->password.n)
		lw_uuid_format(&c->target, target);
	if (c->shown.ticket.there && (!c->err || c->err > KDC_R_BASE || lw_audit_is_denial(c->err)))
		lw_audit(&(struct lw_audit){ .event = LW_AUDIT_KPASSWD, .protocol = LW_AUDIT_KRB,
			.err = !result ? LW_OK : c->err && c->err < KDC_R_BASE ? c->err : LW_EACCES,
			.tenant = c->shown.realm ? c->shown.realm->tenant : 0, .actor = c->shown.ticket.ad.client,
			.target = c->password.n ? c->target : c->shown.ticket.ad.client, .source = lw_str(c->peer->addr),
			.detail = lw_str(results[result].name) });
	lw_log(result && c->authentic ? LW_INFO : LW_DEBUG, "kpasswd", "realm",
	        c->shown.realm ? c->shown.realm->name : "-", "client", client, "target", target, "peer",
	        c->peer->addr, "result", results[result].name, "why",
	        c->err > KDC_R_BASE ? kdc_reason_row(c->err)->text : c->err ? lw_strerror(c->err) : "-",
	        NULL);
}

/* ---- the answer ---- */

static int seal(
        struct lw_krbkey *key, uint32_t usage, struct lw_bytes plain, struct lw_arena *a, struct krb_enc *ret)
{
	const struct lw_enctype *e = lw_krbkey_type(key);
	size_t n = e ? lw_krb_sealed_size(e, plain.n) : 0;
	uint8_t *p = e ? lw_alloc(a, n) : NULL;
	int err = p ? lw_krb_encrypt(key, usage, plain, p) : LW_ENOMEM;

	*ret = (struct krb_enc){ .etype = e ? e->etype : 0, .cipher = { p, n } };
	return err;
}

/* Its octets stay where a writer put them, in the arena. */
static int writer(struct chpw *c, size_t room, struct lw_der_writer *ret)
{
	uint8_t *buf = lw_alloc(c->t->arena, room);

	lw_der_writer_init(ret, buf, buf ? room : 0);
	return buf ? LW_OK : LW_ENOMEM;
}

static int put_ap_rep(struct chpw *c, uint32_t seq, struct lw_bytes *ret)
{
	struct krb_enc_ap_rep_part part = {
		.ctime = c->shown.auth.ctime, .cusec = c->shown.auth.cusec, .has_seq = true, .seq = seq
	};
	struct lw_der_writer w;
	struct krb_enc enc;
	int err = writer(c, 256, &w);

	if (!err) {
		krb_put_enc_ap_rep_part(&w, &part);
		err = w.err ? w.err
		            : seal(c->t->session, KRB_U_AP_REP, lw_der_written(&w), c->t->arena, &enc);
	}
	if (!err)
		err = writer(c, 512, &w);
	if (!err) {
		krb_put_ap_rep(&w, &enc);
		*ret = lw_der_written(&w);
		err = w.err;
	}
	return err;
}

static int put_priv(struct chpw *c, uint32_t seq, struct lw_bytes say, struct lw_bytes *ret)
{
	struct krb_enc_priv_part part = {
		.user_data = say, .timestamp = KRB_NO_TIME, .has_seq = true, .seq = seq
	};
	struct lw_der_writer w;
	struct krb_enc enc;
	int err = writer(c, say.n + 256, &w);

	/* clients compare it with the address that they sent to (RFC 4120 7.5.3) */
	part.s_address = (struct krb_typed){ c->peer->here_n == 16 ? 24 : 2,
		{ c->peer->here, c->peer->here_n == 16 ? 16 : 4 } };
	if (!err) {
		krb_put_enc_priv_part(&w, &part);
		err = w.err ? w.err : seal(c->key, KRB_U_PRIV, lw_der_written(&w), c->t->arena, &enc);
	}
	if (!err)
		err = writer(c, say.n + 512, &w);
	if (!err) {
		krb_put_priv(&w, &enc);
		*ret = lw_der_written(&w);
		err = w.err;
	}
	return err;
}

static int put_error(struct chpw *c, struct lw_bytes say, struct lw_bytes *ret)
{
	static const struct krb_name changepw = { .type = KRB_NT_PRINCIPAL, .n = 2,
		.part = { { (const uint8_t *)"kadmin", 6 }, { (const uint8_t *)"changepw", 8 } } };
	struct krb_error e = { .code = c->code ? c->code : 60,
		.ctime = KRB_NO_TIME,
		.stime = c->now / LW_SECOND,
		.susec = (uint32_t)(c->now % LW_SECOND),
		.realm = c->req.ticket.realm.p ? c->req.ticket.realm : LW_LIT(""),
		.sname = changepw,
		.e_data = say };
	struct lw_der_writer w;
	int err = writer(c, say.n + 1024, &w);

	if (!err) {
		krb_put_error(&w, &e);
		*ret = lw_der_written(&w);
		err = w.err;
	}
	return err;
}

/* Length, version 1, length of the AP-REP (none: a KRB-ERROR follows), the two. */
static void put_frame(struct chpw *c, struct lw_bytes ap_rep, struct lw_bytes rest)
{
	size_t n = 6 + ap_rep.n + rest.n;
	uint8_t *p = c->out;

	if (n > c->out_max || n > 65535)
		return;
	*p++ = (uint8_t)(n >> 8);
	*p++ = (uint8_t)n;
	*p++ = 0;
	*p++ = 1;
	*p++ = (uint8_t)(ap_rep.n >> 8);
	*p++ = (uint8_t)ap_rep.n;
	if (ap_rep.n)
		memcpy(p, ap_rep.p, ap_rep.n);
	memcpy(p + ap_rep.n, rest.p, rest.n);
	c->out_n = n;
}

static void answer(struct chpw *c, int result)
{
	const char *why = c->text[0] ? c->text : results[result].text;
	struct lw_bytes say, ap_rep = { NULL, 0 }, rest;
	uint8_t data[2 + sizeof c->text] = { 0, (uint8_t)result };
	uint32_t seq;
	int err;

	say = (struct lw_bytes){ data, 2 + strnlen(why, sizeof c->text - 1) };
	memcpy(data + 2, why, say.n - 2);
	lw_random(&seq, sizeof seq);
	seq &= 0x3fffffff; /* some take it for a signed one */
	if (c->authentic) {
		err = put_ap_rep(c, seq, &ap_rep);
		if (!err)
			err = put_priv(c, seq, say, &rest);
	} else {
		err = put_error(c, say, &rest);
	}
	if (!err)
		put_frame(c, ap_rep, rest);
	if (c->udp && !c->authentic && c->out_n > c->in.n)
		c->out_n = 0; /* perhaps a forged address: nobody else is sent more than was sent to us */
	if (c->udp && c->out_n && c->authentic)
		kdc_aside_keep(c->s->aside, c->peer->addr, c->in, lw_mono(c->s->clock),
		        (struct lw_bytes){ c->out, c->out_n });
}

/* ---- in order ---- */

/* LW_OK with a result, or LW_EAGAIN: it may block. */
static int run(struct chpw *c, int *ret_result)
{
	int err = kdc_chpw_unframe(c->in, &c->frame), result;

	c->code = 60;
	*ret_result = err == LW_EVERSION ? BAD_VERSION : MALFORMED;
	if (err) {
		/* no answers to answers */
		c->silent = c->in.n < 6 || c->in.p[0] == LW_DER_APP(KRB_ERROR) || !(c->in.p[4] | c->in.p[5]);
		return LW_OK;
	}
	err = authenticate(c, &result);
	*ret_result = result;
	if (err || result)
		return err;
	if (!c->may_block)
		return LW_EAGAIN;
	result = replay(c);
	if (!result)
		result = understand(c);
	if (!result) {
		c->err = set(c);
		result = result_of(c, c->err);
	}
	*ret_result = result;
	return LW_OK;
}

static int request(struct chpw *c)
{
	int result, err;

	lw_arena_reset(c->t->arena);
	if (c->udp)
		c->out_n = kdc_aside_find(
		        c->s->aside, c->peer->addr, c->in, lw_mono(c->s->clock), c->out, c->out_max);
	if (c->out_n)
		return LW_OK;
	err = run(c, &result);
	if (!err && !c->silent) {
		answer(c, result);
		note(c, result);
	}
	if (c->taken) /* right before it leaves */
		kdc_replay_answered(c->s->replay, &c->seen);
	kdc_thread_end(c->t);
	lw_arena_reset(c->t->arena);
	return err;
}

int kpasswd_request(struct kdc_thread *t, struct kdc_question *q)
{
	struct chpw c = { .t = t,
		.s = t->server,
		.peer = q->peer,
		.udp = q->udp,
		.may_block = q->may_block,
		.now = lw_wall(t->server->clock),
		.in = q->in,
		.out = q->out,
		.out_max = q->out_max };
	int err = request(&c);

	q->out_n = c.out_n;
	return err;
}
