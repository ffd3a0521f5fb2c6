/* SPDX-License-Identifier: Apache-2.0 */
/* The AS exchange (RFC 4120 3.1). Until the client has proved its password, every answer is one that an
 * unknown name would get, and as much work is done for it. */
#include "kdc/int.h"

#include <stdio.h>
#include <string.h>

/* ---- who ---- */

static bool is_local_domain(const struct kdc_realm *r, struct lw_bytes domain)
{
	return lw_eq_nocase((struct lw_bytes){ (const uint8_t *)r->name, r->n }, domain);
}

/* "alice@beta.example" asked of another realm: where to go. Names of tenants are public. */
static int refer(struct kdc_call *c, struct lw_bytes domain)
{
	struct store_tenant *tenant = lw_alloc(c->t->arena, sizeof *tenant);

	if (!tenant)
		return LW_ENOMEM;
	if (store_tenant_by_name(c->s->store, c->t->arena, domain, tenant) || !tenant->enabled)
		return LW_ENOTFOUND;
	c->crealm = lw_str(tenant->realm);
	return KDC_R_WRONG_REALM;
}

/* RFC 6806 section 5. */
static int find_enterprise(struct kdc_call *c)
{
	struct lw_bytes name = c->req.cname.part[0], domain;
	const uint8_t *at = name.n ? memrchr(name.p, '@', name.n) : NULL;

	if (!at)
		return kdc_find_login(c->t, c->realm, name, &c->client);
	domain = (struct lw_bytes){ at + 1, (size_t)(name.p + name.n - at - 1) };
	name.n = (size_t)(at - name.p);
	if (!is_local_domain(c->realm, domain))
		return refer(c, domain);
	return kdc_find_login(c->t, c->realm, name, &c->client);
}

/* Looks up somebody else, so that it takes as long as if there were such a client. */
static void nobody(struct kdc_call *c, bool there)
{
	const struct lw_uuid *other = &c->realm->somebody;
	const struct kdc_keys *keys;
	struct store_principal p;

	if (!lw_uuid_zero(other) && (there || store_principal_uuid(c->t->txn, other, &p) == LW_OK))
		(void)kdc_keys_get(c->t, c->realm, KDC_ENTRY, other, &keys);
	c->client = (struct kdc_princ){ .keys = c->t->dummy };
}

static int find_client(struct kdc_call *c)
{
	const struct krb_name *name = &c->req.cname;
	int err;

	if (name->type == KRB_NT_ENTERPRISE && name->n == 1) {
		err = find_enterprise(c);
	} else {
		err = kdc_find_entry(c->t, c->realm, name, &c->client);
		if (!err && c->req.options & KRB_CANONICALIZE && name->n == 1)
			c->client.name.type = KRB_NT_PRINCIPAL;
		else if (err == LW_ENOTFOUND && c->req.options & KRB_CANONICALIZE && name->n == 1)
			err = kdc_find_login(c->t, c->realm, name->part[0], &c->client);
	}
	if (!err)
		err = kdc_princ_keys(c->t, c->realm, &c->client);
	if (err && err != LW_ENOTFOUND)
		return err;
	if (err || !c->client.keys || !c->client.keys->set[0].nkeys)
		nobody(c, !err);
	else
		c->realm->somebody = c->client.uuid;
	return LW_OK;
}

/* What the salt of an unknown name would be: RFC 4120 4. */
static int find_salt(struct kdc_call *c)
{
	const struct krb_name *name = c->client.known ? &c->client.name : &c->req.cname;
	struct krb_name login = c->req.cname;
	const uint8_t *at;

	if (c->client.known && c->client.keys->set[0].salt.n) {
		c->salt = c->client.keys->set[0].salt;
		return LW_OK;
	}
	if (!c->client.known && login.type == KRB_NT_ENTERPRISE && login.n == 1) {
		at = login.part[0].n ? memrchr(login.part[0].p, '@', login.part[0].n) : NULL;
		if (at)
			login.part[0].n = (size_t)(at - login.part[0].p);
		name = &login;
	}
	/* logins are found in any case, and only they */
	return kdc_default_salt(c->t, c->realm, name,
	        !c->client.known && name->n == 1 &&
	                (c->req.options & KRB_CANONICALIZE || login.type == KRB_NT_ENTERPRISE),
	        &c->salt);
}

static int find_etypes(struct kdc_call *c)
{
	const struct keys_krb_set *set = &c->client.keys->set[0];

	for (unsigned i = 0; i < c->req.netypes && c->netypes < KDC_ETYPES; i++) {
		bool had = false;

		for (unsigned k = 0; k < c->netypes; k++)
			had |= c->etypes[k] == c->req.etypes[i];
		if (!had && kdc_key_of(set, c->req.etypes[i]) >= 0)
			c->etypes[c->netypes++] = c->req.etypes[i];
	}
	return c->netypes ? LW_OK : KDC_R_ETYPE_NOSUPP;
}

/* ---- pre-authentication ---- */

/* ETYPE-INFO2 for these types; parameters only where they are not the type's default. */
static int etype_info(struct kdc_call *c, const int32_t *etypes, unsigned n, struct krb_typed *ret)
{
	const struct keys_krb_set *set = &c->client.keys->set[0];
	size_t size = 64 + n * (c->salt.n + 48);
	uint8_t *p = lw_alloc(c->t->arena, size + 4 * n);
	struct krb_etype_info2 info = { .n = n };
	struct lw_der_writer w;

	if (!p)
		return LW_ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		const struct lw_enctype *e = lw_enctype_find(etypes[i]);
		int key = kdc_key_of(set, etypes[i]);
		uint32_t times = key >= 0 ? set->keys[key].iterations : 0;

		info.v[i].etype = etypes[i];
		info.v[i].has_salt = true;
		info.v[i].salt = c->salt;
		if (e && times && times != e->iterations) {
			uint8_t *be = p + size + 4 * i;

			for (int k = 0; k < 4; k++)
				be[k] = (uint8_t)(times >> (24 - 8 * k));
			info.v[i].s2kparams = (struct lw_bytes){ be, 4 };
		}
	}
	lw_der_writer_init(&w, p, size);
	krb_put_etype_info2(&w, &info);
	*ret = (struct krb_typed){ KRB_PA_ETYPE_INFO2, lw_der_written(&w) };
	return w.err;
}

/* METHOD-DATA, the same for everybody. */
static int methods(struct kdc_call *c)
{
	struct krb_typed_list list = { .n = 2 };
	struct lw_der_writer w;
	size_t size;
	uint8_t *p;
	int err = etype_info(c, c->etypes, c->netypes, &list.v[0]);

	if (err)
		return err;
	list.v[1] = (struct krb_typed){ KRB_PA_ENC_TIMESTAMP, LW_LIT("") };
	size = list.v[0].value.n + 64;
	p = lw_alloc(c->t->arena, size);
	if (!p)
		return LW_ENOMEM;
	lw_der_writer_init(&w, p, size);
	krb_put_padata(&w, &list);
	c->e_data = lw_der_written(&w);
	return w.err;
}

/* The address that a datagram comes from is anybody's word. It is counted apart, and where it has guessed too
 * much, its client must come over TCP, where it can show that it is there. */
static int reserve_by(struct kdc_call *c, bool wait, const struct lw_uuid *account, struct keys_guess *ret)
{
	int (*by)(struct keys_guesses *, uint32_t, const struct lw_uuid *, struct lw_bytes,
	        struct keys_guess *) = wait ? keys_guess_reserve : keys_guess_try;
	static const struct lw_uuid nobody;
	struct keys_guesses *guesses = c->s->options.guesses;
	char source[sizeof c->q->peer->addr + sizeof KEYS_GUESS_UNPROVED];
	struct keys_guess from;
	int err;

	if (!c->q->udp)
		return by(guesses, c->realm->tenant, account, lw_str(c->q->peer->addr), ret);
	snprintf(source, sizeof source, KEYS_GUESS_UNPROVED "%s", c->q->peer->addr);
	err = by(guesses, c->realm->tenant, &nobody, lw_str(source), &from);
	if (err)
		return err == LW_ELOCKED ? KDC_R_TOO_BIG : err;
	err = by(guesses, c->realm->tenant, account, LW_LIT(""), ret);
	if (err)
		keys_guess_settle(guesses, &from, KEYS_GUESS_VOID);
	else
		ret->source = from.source;
	return err;
}

/* Waits, without a transaction, and looks up the client again. */
static int reserve_waiting(struct kdc_call *c, const struct lw_uuid *account, struct keys_guess *ret)
{
	struct keys_guesses *guesses = c->s->options.guesses;
	struct lw_uuid who = *account;
	int err;

	kdc_thread_end(c->t);
	err = reserve_by(c, true, &who, ret);
	if (err)
		return err;
	err = kdc_realm_open(c->t, c->req.realm, true, &c->realm);
	if (!err)
		err = find_client(c);
	if (!err)
		err = find_salt(c); /* the former went with its keys */
	if (!err && !lw_uuid_eq(&who, &c->client.uuid))
		err = LW_EAGAIN;
	if (err)
		keys_guess_settle(guesses, ret, KEYS_GUESS_VOID);
	return err;
}

/* Reserves a guess. LW_EAGAIN: others are under evaluation; LW_ELOCKED; a reason. */
static int reserve(struct kdc_call *c, const struct lw_uuid *account, struct keys_guess *ret)
{
	int err = reserve_by(c, false, account, ret);

	if (err != LW_EBUSY)
		return err;
	return c->q->may_block ? reserve_waiting(c, account, ret) : LW_EAGAIN;
}

/* Does the value decrypt to a time? The time goes to ret. */
static int evaluate(struct kdc_call *c, const struct krb_enc *enc, const struct kdc_keys *keys, int64_t *ret)
{
	const struct keys_krb_set *set = &keys->set[0];
	int at = kdc_key_of(set, enc->etype);
	struct lw_krbkey *key = kdc_prepared(c->t, keys, set, at < 0 ? 0 : (unsigned)at);
	uint8_t *plain = lw_alloc(c->t->arena, enc->cipher.n + 1);
	struct krb_pa_enc_ts ts;
	size_t n;

	if (!key || !plain)
		return LW_ENOMEM;
	if (lw_krb_decrypt(key, KRB_U_ENC_TS, enc->cipher, plain, &n) || at < 0)
		return KDC_R_PREAUTH_FAILED;
	if (krb_get_pa_enc_ts((struct lw_bytes){ plain, n }, &ts))
		return KDC_R_GENERIC;
	*ret = ts.time;
	return LW_OK;
}

int kdc_pa_enc_timestamp(struct kdc_call *c, struct lw_bytes value)
{
	struct keys_guess guess;
	struct krb_enc enc;
	bool counted = c->s->options.guesses != NULL, locked = false, known;
	int64_t time = 0;
	int err = krb_get_enc(value, &enc);

	if (err)
		return KDC_R_GENERIC;
	if (counted) {
		err = reserve(c, &c->client.uuid, &guess); /* zero: nobody's */
		locked = err == LW_ELOCKED;
		if (err && !locked)
			return err;
		counted = !locked;
	}
	known = c->client.known;
	err = evaluate(c, &enc, known && !locked ? c->client.keys : c->t->dummy, &time);
	if (!err && (time > c->now + c->s->skew || time < c->now - c->s->skew))
		err = KDC_R_SKEW; /* maybe somebody else's, from long ago: it forgives no guesses */
	if (counted)
		keys_guess_settle(c->s->options.guesses, &guess,
		        err == LW_OK                  ? KEYS_GUESS_RIGHT
		        : err == KDC_R_PREAUTH_FAILED ? KEYS_GUESS_WRONG
		                                      : KEYS_GUESS_VOID);
	if (!err && (!known || locked))
		err = KDC_R_PREAUTH_FAILED;
	if (err == KDC_R_PREAUTH_FAILED)
		c->remember = true; /* the same octets are not a second guess */
	if (err)
		return err;
	c->proven = true;
	c->proof_etype = enc.etype;
	return LW_OK;
}

int kdc_pa_req_enc_pa_rep(struct kdc_call *c, struct lw_bytes value)
{
	c->want_rep = true;
	return LW_OK;
}

/* ---- the exchange ---- */

static int who(struct kdc_call *c)
{
	int err;

	if (!c->req.has_cname || !c->req.cname.n)
		return KDC_R_CLIENT_UNKNOWN;
	err = find_client(c);
	if (!err)
		err = find_salt(c);
	return err ? err : find_etypes(c);
}

static int prove(struct kdc_call *c)
{
	int err = kdc_padata(c), more;

	if (!err && !c->proven)
		err = KDC_R_PREAUTH_REQUIRED;
	if (err == KDC_R_PREAUTH_REQUIRED || err == KDC_R_PREAUTH_FAILED) {
		more = methods(c);
		if (more)
			return more;
	}
	if (!err && c->client.disabled)
		err = KDC_R_CLIENT_REVOKED;
	return err;
}

/* The client has proved who it is: from here on it may hear what is wrong. */
static int server(struct kdc_call *c)
{
	int err =
	        c->req.has_sname ? kdc_find_server(c->t, c->realm, &c->req.sname, &c->server) : LW_ENOTFOUND;

	if (err == LW_ENOTFOUND || (!err && c->server.disabled))
		return KDC_R_SERVER_UNKNOWN;
	if (!err)
		err = kdc_lives(c, NULL);
	if (!err && c->server.user)
		err = KDC_R_MUST_USE_U2U;
	if (!err)
		err = kdc_princ_keys(c->t, c->realm, &c->server);
	return err ? err : kdc_server_key(c);
}

static int reply_key(struct kdc_call *c)
{
	const struct keys_krb_set *set = &c->client.keys->set[0];
	int at = kdc_key_of(set, c->proof_etype);

	c->g.reply_key = at < 0 ? NULL : kdc_prepared(c->t, c->client.keys, set, (unsigned)at);
	c->g.reply_usage = KRB_U_AS_REP;
	c->g.reply_has_kvno = true;
	c->g.reply_kvno = set->kvno;
	if (!c->g.reply_key)
		return LW_ENOMEM;
	c->g.padata.n = 1;
	return etype_info(c, &c->proof_etype, 1, &c->g.padata.v[0]);
}

int kdc_as(struct kdc_call *c)
{
	int err = who(c);

	if (!err)
		err = kdc_options_check(c->req.options, KDC_IN_AS, ~UINT32_C(0), &c->gives);
	if (!err)
		err = prove(c);
	if (err)
		return err;
	c->g.flags = c->gives | KRB_INITIAL | KRB_PRE_AUTHENT | (c->want_rep ? KRB_ENC_PA_REP : 0);
	c->g.transited = (struct krb_typed){ 1, LW_LIT("") };
	c->g.caddr = c->req.has_addrs ? &c->req.addrs : NULL;
	err = server(c);
	if (!err)
		err = reply_key(c);
	return err ? err : kdc_reply(c);
}
