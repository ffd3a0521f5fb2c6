/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: tokens. Who asks, about whom, for which relying party, what may stand in it: then one is built and signed. And one of our own that
 * comes back is built again from its fields and compared. */
#include "keys/sign.h"

#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "keys/token.h"

#define BEARER_LIFE (3600 * LW_SECOND)
#define BACKDATED   (300 * LW_SECOND) /* a client's clock */
#define ID_RANDOM   16

static const struct type {
	enum keys_kind kind;
	const char *issuer; /* below the public URL */
	const char *id;     /* before the random digits: an xs:ID may not begin with one */
	bool registered;    /* the audience must be */
} types[] = {
	[KEYS_SAML2] = { KEYS_SAML, "/websso/SAML2/Metadata/", "_", true },
	[KEYS_JWT_TOKEN] = { KEYS_JWT, "/openidconnect/", "", false },
};

static int issuer_of(struct keyd *k, struct lw_arena *arena, const struct type *type, const struct store_tenant *t, struct lw_bytes *ret)
{
	const char *url = keyd_https_url(k, arena), *text = url ? lw_printf(arena, "%s%s%s", url, type->issuer, t->name) : NULL;

	if (!text)
		return url ? LW_ENOMEM : LW_EUNAVAIL;
	*ret = lw_str(text);
	return LW_OK;
}

/* ---- about whom, and for whom ---- */

/* What was read before the asker's own session decides. Octets live in the call's arena. */
struct order {
	const struct type *type;
	struct store_tenant tenant;
	struct lw_uuid subject, app; /* app zero: not registered */
	struct keys_facts facts;
	struct keyd_loaded *keys;
	const void *signer;
};

/* uid or cn, a Kerberos name, user@domain. */
static int named(struct keyd *k, struct keys_call *c, struct store_txn *txn, const struct store_tenant *t, struct lw_uuid *ret)
{
	static const char *const kinds[] = { "uid", "krbPrincipalName", "cn" };
	struct lw_bytes name = c->q.user;
	const uint8_t *at = memrchr(name.p, '@', name.n);
	struct store_principal p;
	struct store_tenant other;
	int err = LW_ENOTFOUND;

	if (at) {
		struct lw_bytes domain = { at + 1, (size_t)(name.p + name.n - at - 1) };

		if (store_tenant_by_name(k->store, c->arena, domain, &other) || other.id != t->id)
			return LW_ENOTFOUND;
		name.n = (size_t)(at - name.p);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && err == LW_ENOTFOUND && name.n; i++) {
		const struct schema_attr *attr = schema_attr(lw_str(kinds[i]));
		struct lw_bytes text = name;

		if (i == 1)
			text = lw_str(lw_printf(c->arena, "%.*s@%s", (int)name.n, (const char *)name.p, t->realm));
		err = attr && text.n ? store_principal_name(txn, attr, text, &p) : LW_ENOTFOUND;
		if (err == LW_EINVAL || err == LW_EUNSUPPORTED) /* not a name of this kind */
			err = LW_ENOTFOUND;
	}
	if (!err)
		*ret = p.uuid;
	return err;
}

static int about(struct keyd *k, struct keys_call *c, struct store_txn *txn, struct order *o)
{
	if (c->q.user.n && !lw_uuid_zero(&c->q.subject))
		return LW_EINVAL;
	if (c->q.user.n) {
		int err = named(k, c, txn, &o->tenant, &o->subject);

		if (err == LW_ENOTFOUND) { /* somebody whom nobody is, so that the decision goes as for one who is hidden */
			memset(&o->subject, 0xff, sizeof(o->subject));
			err = LW_OK;
		}
		return err;
	}
	o->subject = lw_uuid_zero(&c->q.subject) ? c->cap.subject : c->q.subject;
	if (!lw_uuid_zero(&o->subject))
		return LW_OK;
	keyd_say(c, "about whom? --subject says it");
	return LW_EINVAL;
}

/* An audience that is an ACS URL stands for its relying party. LW_ENOTFOUND: it is not registered. */
static int audience(struct keys_call *c, struct store_txn *txn, struct order *o)
{
	struct store_application app;
	int err = store_application(txn, c->q.audience, &app);

	if (err)
		return err;
	o->app = app.uuid;
	o->facts.audience = lw_dup(c->arena, app.entity_id);
	o->facts.name_id_format = lw_dup(c->arena, app.name_id_format);
	for (size_t i = 0; i < app.n_acs; i++) {
		if (i == 0 || lw_eq(app.acs[i], c->q.audience))
			o->facts.recipient = lw_dup(c->arena, app.acs[i]);
	}
	return lw_arena_failed(c->arena) ? LW_ENOMEM : LW_OK;
}

static int pick(struct keyd *k, struct keys_call *c, struct store_txn *txn, struct order *o)
{
	const struct keyd_signers *s;
	int64_t now = lw_wall(k->clock);
	int err = keyd_load(k, &o->tenant, txn, o->type->kind, &o->keys);

	if (err)
		return err == LW_ENOTFOUND ? LW_EAGAIN : err; /* no keys yet */
	s = o->keys->it;
	for (size_t i = 0; i < s->n && !o->signer; i++) {
		/* only keys in use; the default is what the newest key can */
		if (keyd_set_current(keyd_kind(o->type->kind), &o->keys->sets, i, now) && s->builder->fits(s->v[i], c->q.alg))
			o->signer = s->v[i];
	}
	if (o->signer)
		return LW_OK;
	if (!keyd_kind(o->type->kind)->whole(&o->keys->sets))
		return LW_EAGAIN;
	keyd_say(c, "the tenant has no key for this algorithm");
	return LW_EUNSUPPORTED;
}

static int prepare(struct keyd *k, struct keys_call *c, struct order *o)
{
	struct keyd_reading r;
	int err = c->q.tenant == c->cap.tenant ? keyd_tenant(k, c->arena, c->q.tenant, &o->tenant) : LW_EACCES;

	if (!err && !lw_uuid_eq(&o->tenant.uuid, &c->cap.tenant_uuid))
		err = LW_EACCES;
	if (!err)
		err = keyd_begin(k, o->tenant.id, &r);
	if (err)
		return err;
	err = about(k, c, r.txn, o);
	o->facts.audience = c->q.audience;
	if (!err && c->q.audience.n) {
		err = audience(c, r.txn, o);
		if (err == LW_ENOTFOUND) /* what that means comes last: no hint whether it is hidden or not there */
			err = LW_OK;
	}
	if (!err)
		err = pick(k, c, r.txn, o);
	keyd_end(&r);
	return err;
}

/* ---- what it says ---- */

static int copy_claims(struct keys_call *c, const struct store_token *t, struct keys_facts *f)
{
	struct store_claim *list = lw_allocn(c->arena, t->n_claims + 1, sizeof(*list));

	for (size_t i = 0; list && i < t->n_claims; i++) {
		const struct store_claim *from = &t->claims[i];

		list[i] = (struct store_claim){ lw_strdup(c->arena, from->name), lw_allocn(c->arena, from->n + 1, sizeof(struct lw_bytes)), from->n };
		for (size_t v = 0; list[i].values && v < from->n; v++)
			list[i].values[v] = lw_dup(c->arena, from->values[v]);
	}
	f->claims = list;
	f->n_claims = t->n_claims;
	return lw_arena_failed(c->arena) ? LW_ENOMEM : LW_OK;
}

/* The asker's own session decides. */
static int decide(struct keyd *k, struct keys_call *c, struct order *o, int64_t *ret_life)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	struct store_token t;
	bool himself = lw_uuid_eq(&c->cap.subject, &o->subject);
	int err = himself || keys_cap_may(&c->cap, ACCESS_IMPERSONATE) ? keyd_session(k, c, &c->cap, &s) : LW_EACCES;

	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_may_token(txn, &o->subject, o->facts.audience, &o->app, &t);
	if (!err && o->type->registered && c->q.audience.n && lw_uuid_zero(&o->app))
		err = LW_EACCES;
	if (!err)
		err = copy_claims(c, &t, &o->facts);
	if (!err)
		o->facts.credential_version = t.subject.credential_version;
	if (!err)
		*ret_life = t.max_life;
	store_end(txn);
	store_session_free(s);
	return err;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void times(struct keyd *k, struct keys_call *c, int64_t max_life, struct keys_facts *f)
{
	int64_t now = lw_wall(k->clock), life = c->q.life > 0 ? c->q.life : BEARER_LIFE, from = c->q.not_before;

	f->issued = now;
	f->not_before = !from ? now : from < now - BACKDATED ? now - BACKDATED : least(from, now + BEARER_LIFE);
	f->not_after = f->not_before + least(life, least(max_life, BEARER_LIFE));
}

static void authentication(struct keys_call *c, struct order *o)
{
	if (!lw_uuid_eq(&c->cap.subject, &o->subject)) /* somebody else's word */
		return;
	o->facts.auth_time = c->cap.auth_time;
	o->facts.methods = c->cap.methods;
	o->facts.mfa = (c->cap.flags & LW_CAP_MFA) != 0;
	o->facts.confidential = (c->cap.flags & LW_CAP_CONFIDENTIAL) != 0;
}

static int new_id(struct keys_call *c, const struct type *type, struct lw_bytes *ret)
{
	uint8_t random[ID_RANDOM];
	char hex[2 * ID_RANDOM + 1];
	const char *text;

	lw_random(random, sizeof(random));
	lw_hex((struct lw_bytes){ random, sizeof(random) }, hex);
	text = lw_printf(c->arena, "%s%s", type->id, hex);
	if (!text)
		return LW_ENOMEM;
	*ret = lw_str(text);
	return LW_OK;
}

static int build(struct keyd *k, struct keys_call *c, struct order *o)
{
	const struct keys_token_builder *b = keyd_token_builder(o->type->kind);
	char why[200] = "";
	struct lw_writer w;
	int err = new_id(c, o->type, &o->facts.id);

	if (!err)
		err = issuer_of(k, c->arena, o->type, &o->tenant, &o->facts.issuer);
	if (err)
		return err;
	o->facts.subject = o->subject;
	o->facts.request_id = c->q.request_id;
	o->facts.alg = c->q.alg;
	/* whoever speaks as somebody else may not go on as he: what he asks for himself, he needs the right to himself */
	o->facts.credential = lw_uuid_eq(&c->cap.subject, &o->subject) && (!o->facts.audience.n || lw_eq(o->facts.audience, o->facts.issuer));
	authentication(c, o);
	lw_writer_init(&w, KEYS_MAX_BLOB);
	err = b->build(o->signer, &o->facts, c->arena, &w, why);
	if (!err) {
		c->a.blob = lw_dup(c->arena, lw_written(&w));
		c->a.token_id = o->facts.id;
		c->a.from = o->facts.not_before;
		c->a.time = o->facts.not_after;
		err = c->a.blob.p ? LW_OK : LW_ENOMEM;
	} else if (why[0]) {
		keyd_say(c, why);
	}
	lw_writer_done(&w);
	return err;
}

int keyd_token_issue(struct keyd *k, struct keys_call *c)
{
	struct order o = { .type = &types[c->q.token_type] };
	char subject[LW_UUID_TEXT], actor[LW_UUID_TEXT];
	int64_t max_life = 0;
	int err = prepare(k, c, &o);

	if (!err)
		err = decide(k, c, &o, &max_life);
	if (err == LW_EACCES)
		keyd_say(c, c->q.audience.n ? "no grant lets you have this token: token audience \"…\"" : "no grant lets you have this token: token audience none");
	c->q.subject = o.subject; /* for the audit: a name said whom */
	times(k, c, max_life, &o.facts);
	if (!err)
		err = build(k, c, &o);
	keyd_unload(k, o.keys);
	lw_uuid_format(&o.subject, subject);
	lw_uuid_format(&c->cap.actor, actor);
	lw_log(err ? LW_WARN : LW_INFO, "token", "tenant", o.tenant.name, "type", keyd_kind(o.type->kind)->name, "actor", actor, "subject", subject, "id",
		err ? "" : (const char *)o.facts.id.p, "result", err ? lw_errname(err) : "OK", NULL);
	return err;
}

/* ---- one that comes back ---- */

static int still_good(struct keyd *k, struct keys_call *c, struct store_txn *txn, const struct keys_shown_token *t, struct store_principal *ret)
{
	int64_t now = lw_wall(k->clock);
	int err;

	if (now < t->not_before)
		return LW_EAUTH;
	if (t->not_after <= 0 || now >= t->not_after) {
		if (t->not_after <= 0 || c->q.renewable <= 0 || now - t->not_after >= c->q.renewable)
			return LW_EEXPIRED;
	}
	if (store_token_cancelled(txn, t->id))
		return LW_EREVOKED;
	err = store_principal_uuid(txn, &t->subject, ret);
	if (!err && t->credential && t->credential_version != ret->credential_version)
		err = LW_EREVOKED; /* there is another password now */
	return err == LW_ENOTFOUND ? LW_EAUTH : err ? err : ret->disabled ? LW_EDISABLED : LW_OK;
}

/* A credential is a capability; what is only shown tells whose it is. */
static int result(struct keyd *k, struct keys_call *c, const struct store_tenant *t, const struct keys_shown_token *shown, const struct store_principal *p)
{
	int64_t now = lw_wall(k->clock);
	struct lw_cap cap = {
		.tenant = t->id,
		.tenant_uuid = t->uuid,
		.subject = shown->subject,
		.actor = shown->subject,
		.methods = LW_CAP_TOKEN | (shown->asserted ? LW_CAP_CERT : 0),
		.flags = LW_CAP_CONFIDENTIAL | (shown->asserted ? LW_CAP_ASSERTED : 0), /* credentials come over TLS alone */
		.auth_time = shown->auth_time,
		.expiry = least(shown->auth_time + KEYS_CAP_LIFE, shown->not_after > now ? shown->not_after : now + BACKDATED),
		.credential_version = p->credential_version,
	};
	struct lw_writer w;
	int err;

	if (c->q.as == KEYS_AS_CREDENTIAL)
		return cap.expiry > now ? keyd_mint(k, c, &cap) : LW_EEXPIRED;
	lw_writer_init(&w, LW_CAP_MAX);
	lw_cap_put(&w, &cap);
	c->a.blob = w.err ? (struct lw_bytes){ NULL, 0 } : lw_dup(c->arena, lw_written(&w));
	err = c->a.blob.p ? LW_OK : LW_ENOMEM;
	lw_writer_done(&w);
	return err;
}

static int accept_in(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct store_txn *txn, struct keyd_loaded *keys)
{
	const struct keyd_signers *s = keys->it;
	struct keys_shown_token shown;
	struct store_principal p;
	struct lw_bytes issuer;
	int err = issuer_of(k, c->arena, &types[KEYS_SAML2], t, &issuer);

	if (!err)
		err = s->builder->read(c->q.fields, c->q.signature, s->v, s->n, c->arena, &shown);
	if (err)
		return err;
	if (!lw_eq(shown.issuer, issuer))
		return LW_EAUTH;
	if (c->q.as == KEYS_AS_CREDENTIAL && (!shown.credential || (shown.audience.n && !lw_eq(shown.audience, issuer))))
		return LW_EAUTH;
	c->q.subject = shown.subject; /* for the log */
	err = still_good(k, c, txn, &shown, &p);
	return err ? err : result(k, c, t, &shown, &p);
}

int keyd_assertion_accept(struct keyd *k, struct keys_call *c)
{
	struct keyd_reading r = { NULL, NULL };
	struct keyd_loaded *keys = NULL;
	struct store_tenant t;
	int err = keyd_tenant_named(k, c->arena, c->q.name, &t);

	if (!err) {
		c->q.tenant = t.id;
		err = keyd_begin(k, t.id, &r);
	}
	if (!err)
		err = keyd_load(k, &t, r.txn, KEYS_SAML, &keys);
	if (!err)
		err = accept_in(k, c, &t, r.txn, keys);
	keyd_unload(k, keys);
	keyd_end(&r);
	keyd_log(k, "assertion shown", c, err);
	switch (err) {
	case LW_ENOTFOUND:
	case LW_EREVOKED:
	case LW_EDISABLED:
	case LW_EINVAL:
		return LW_EAUTH;
	default:
		return err;
	}
}
