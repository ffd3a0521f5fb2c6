/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: the Password Modify operation (RFC 3062), and userPassword in add and modify. keyd hashes,
 * derives and seals; here a clear-text password only passes through, in the wiped arena. */
#include "ldap/conn.h"
#include "ldap/credcache.h"

#include "base/crypto.h"
#include "base/text.h"

#include <string.h>

/* ---- userPassword in updates ---- */

bool ldapd_secret_is(struct lw_bytes desc)
{
	const struct schema_attr *a = schema_attr(LW_LIT("userPassword")), *d;
	const uint8_t *semi = desc.n ? memchr(desc.p, ';', desc.n) : NULL;

	d = schema_attr((struct lw_bytes){ desc.p, semi ? (size_t)(semi - desc.p) : desc.n });
	return d && a && schema_attr_isa(d, a);
}

bool ldapd_secret_is_hash(struct lw_bytes v)
{
	const uint8_t *end = v.n > 2 && v.p[0] == '{' ? memchr(v.p, '}', v.n) : NULL;

	if (!end || end == v.p + 1)
		return false;
	for (const uint8_t *p = v.p + 1; p < end; p++)
		if (!((*p | 32) >= 'a' && (*p | 32) <= 'z') && !(*p >= '0' && *p <= '9') &&
		        !strchr("-_/.", *p))
			return false;
	return true;
}

static int take_new(struct ldapd_secret *s, const struct store_attr_values *a, const char **ret_why)
{
	if (s->set || a->n != 1) {
		*ret_why = "an entry has one password";
		return LW_ECONSTRAINT;
	}
	if (a->values[0].n == 0 || ldapd_secret_is_hash(a->values[0])) {
		*ret_why = "a password is given in the clear, over a protected connection";
		return LW_ECONSTRAINT;
	}
	s->set = true;
	s->password = a->values[0];
	return LW_OK;
}

int ldapd_secret_of_mods(
        struct store_mod *mods, size_t *inout_n, struct ldapd_secret *s, const char **ret_why)
{
	size_t kept = 0, n = *inout_n;
	bool seen = false;
	int err = LW_OK;

	for (size_t i = 0; i < n && err == LW_OK; i++) {
		const struct store_attr_values *a = &mods[i].attr;

		if (!ldapd_secret_is(a->desc)) {
			mods[kept++] = mods[i];
			continue;
		}
		seen = true;
		switch (mods[i].kind) {
		case STORE_MOD_DELETE:
			/* delete: old, add: new. Who deletes all values proves nothing, which is what `add`
			 * alone does too. */
			if (s->has_old || s->set || a->n > 1)
				err = LW_EUNWILLING;
			else if (a->n) {
				s->has_old = true;
				s->old = a->values[0];
			}
			break;
		case STORE_MOD_ADD:
		case STORE_MOD_REPLACE:
			if (a->n == 0)
				err = LW_EUNWILLING;
			else
				err = take_new(s, a, ret_why);
			break;
		default:
			err = LW_EUNWILLING;
		}
	}
	if (err == LW_OK && seen && !s->set)
		err = LW_EUNWILLING;
	if (err == LW_EUNWILLING)
		*ret_why = "a password is replaced, not taken away";
	if (err == LW_OK)
		*inout_n = kept;
	return err;
}

int ldapd_secret_of_attrs(
        struct store_attr_values *attrs, size_t *inout_n, struct ldapd_secret *s, const char **ret_why)
{
	size_t kept = 0, n = *inout_n;
	int err = LW_OK;

	for (size_t i = 0; i < n && err == LW_OK; i++) {
		if (ldapd_secret_is(attrs[i].desc))
			err = take_new(s, &attrs[i], ret_why);
		else
			attrs[kept++] = attrs[i];
	}
	if (err == LW_OK)
		*inout_n = kept;
	return err;
}

int ldapd_secret_seal(struct ldapd_conn *c, const struct ldapd_secret *s, const struct lw_uuid *target,
        uint64_t expect_version, const struct keys_new_entry *new_entry, struct store_op *op, char text[200])
{
	struct keys_source source = ldapd_source(c);
	uint32_t tenant = store_session_tenant(c->session);
	int err;

	text[0] = 0;
	err = keys_set_password(c->server->keys, (struct lw_bytes){ c->token.b, c->token.n }, tenant, target,
	        expect_version, new_entry, s->has_old ? s->old : (struct lw_bytes){ NULL, 0 }, s->password,
	        &source, c->held, &op->secrets, &op->nsecrets, text);
	op->old_password_proved = s->has_old;
	if (err && s->has_old) /* a guess was counted: see credcache.h */
		ldapd_credcache_drop(c->server->cache, tenant, target);
	return err;
}

/* ---- RFC 3062 ---- */

struct passmod {
	bool has_user, generate;
	struct lw_bytes user;
	struct ldapd_secret secret;
};

static int parse(const struct ldapd_msg *m, struct passmod *ret)
{
	struct lw_reader r, s;

	if (m->extended.has_value) {
		lw_reader_init(&r, m->extended.value);
		lw_reader_init(&s, ldapd_ber_get(&r, LW_BER_SEQUENCE));
		if (lw_reader_end(&r))
			return LW_EINVAL;
		if ((ret->has_user = ldapd_ber_tag(&s) == 0x80))
			ret->user = ldapd_ber_get(&s, 0x80);
		if ((ret->secret.has_old = ldapd_ber_tag(&s) == 0x81))
			ret->secret.old = ldapd_ber_get(&s, 0x81);
		if ((ret->secret.set = ldapd_ber_tag(&s) == 0x82))
			ret->secret.password = ldapd_ber_get(&s, 0x82);
		if (lw_reader_end(&s))
			return LW_EINVAL;
	}
	ret->generate = !ret->secret.set;
	return LW_OK;
}

/* 20 characters of 32: 100 bits, nothing that is easily misread. */
static int generate(struct lw_arena *a, struct lw_bytes *ret)
{
	static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789-";
	uint8_t *text = lw_alloc(a, 21);

	if (!text)
		return LW_ENOMEM;
	lw_random(text, 20);
	for (size_t i = 0; i < 20; i++)
		text[i] = (uint8_t)alphabet[text[i] & 31];
	*ret = (struct lw_bytes){ text, 20 };
	return LW_OK;
}

/* userIdentity: a DN or an authzId; none: the one who asks. Found with the session's own rights. */
static int find_user(
        struct ldapd_conn *c, const struct passmod *p, struct lw_uuid *ret_uuid, uint64_t *ret_version)
{
	const struct schema_attr *uid = schema_attr(LW_LIT("uid"));
	const struct store_view *v = NULL;
	struct lw_bytes name = p->user;
	struct store_txn *txn;
	struct store_dn *dn;
	bool plain = false;
	int err = ldapd_read(c, &txn);

	if (err)
		return err;
	if (!p->has_user || name.n == 0) {
		if (c->operator_)
			return LW_EUNWILLING; /* has no password */
		*ret_uuid = *store_session_subject(c->session);
		err = store_get_uuid(txn, ret_uuid, &v);
		*ret_version = err ? 0 : store_view_version(v);
		return LW_OK;
	}
	if (name.n > 3 && lw_eq_nocase((struct lw_bytes){ name.p, 3 }, LW_LIT("dn:"))) {
		name = (struct lw_bytes){ name.p + 3, name.n - 3 };
	} else if (name.n > 2 && lw_eq_nocase((struct lw_bytes){ name.p, 2 }, LW_LIT("u:"))) {
		name = (struct lw_bytes){ name.p + 2, name.n - 2 };
		plain = true;
	}
	if (!plain && memchr(name.p, '=', name.n)) {
		err = dn_parse(c->held, name, &dn);
		if (err == LW_OK)
			err = dn->n ? store_get(txn, dn, &v) : LW_ENOTFOUND;
	} else {
		const uint8_t *at = memrchr(name.p, '@', name.n);
		char *domain;

		/* only one's own tenant's people can be meant */
		if (at &&
		        (lw_domain_canon(c->held,
		                 (struct lw_bytes){ at + 1, (size_t)(name.p + name.n - at - 1) }, &domain) ||
		                strcmp(domain, c->tenant.name) != 0))
			return LW_ENOTFOUND;
		if (at)
			name.n = (size_t)(at - name.p);
		err = uid ? store_get_name(txn, uid, name, &v) : LW_ENOTFOUND;
	}
	if (err)
		return err;
	*ret_uuid = *store_view_uuid(v);
	*ret_version = store_view_version(v);
	return LW_OK;
}

static int change(struct ldapd_conn *c, struct passmod *p, struct store_result *res, char text[200])
{
	struct store_op op = { .kind = STORE_SET_SECRET };
	int err = LW_EAGAIN;

	for (unsigned i = 0; err == LW_EAGAIN && i < LDAPD_TRIES; i++) {
		err = find_user(c, p, &op.uuid, &op.expect_version);
		if (err)
			return err; /* with the transaction, for matchedDN */
		ldapd_read_end(c);
		err = ldapd_secret_seal(c, &p->secret, &op.uuid, op.expect_version, NULL, &op, text);
		if (err == LW_OK)
			err = store_write(c->session, &op, res);
	}
	if (err == LW_OK)
		ldapd_renew(c, &op.uuid, res->credential_version);
	return err;
}

static void put_generated(struct ldapd_msg *m, struct lw_bytes password, struct lw_writer *out)
{
	struct ldapd_result res = { .code = LDAPD_SUCCESS };
	struct lw_writer w;

	lw_writer_init(&w, 256);
	w.wipe = true;
	lw_ber_head(&w, LW_BER_SEQUENCE, lw_ber_size(password.n));
	lw_ber_put(&w, LW_BER_CTX(0), password);
	res.value = lw_written(&w);
	ldapd_answer_result(out, m, &res);
	lw_writer_done(&w);
}

int ldapd_passmod(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct store_result res = { 0 };
	struct passmod p = { 0 };
	char text[200] = "";
	int err = parse(m, &p);

	if (err)
		return ldapd_answer(out, m, LDAPD_PROTOCOL_ERROR, NULL);
	if (!ldapd_password_allowed(c))
		return ldapd_answer(out, m, LDAPD_CONFIDENTIALITY, "use TLS");
	if (!p.generate && (p.secret.password.n == 0 || ldapd_secret_is_hash(p.secret.password)))
		return ldapd_answer(out, m, LDAPD_CONSTRAINT,
		        "a password is given in the clear, over a protected connection");
	if (p.generate)
		err = generate(c->held, &p.secret.password);
	if (err == LW_OK)
		err = change(c, &p, &res, text);
	if (err == LW_EAUTH || err == LW_ELOCKED)
		return ldapd_answer(out, m, LDAPD_INVALID_CREDENTIALS, NULL);
	if (err && (ldapd_session_over(err) || c->txn))
		return ldapd_answer_err(c, out, m, err);
	if (err)
		return ldapd_answer(
		        out, m, ldapd_code(err), ldapd_errmap[err].tell ? text[0] ? text : res.text : NULL);
	if (p.generate)
		put_generated(m, p.secret.password, out);
	else
		ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
	return LDAPD_DONE;
}
