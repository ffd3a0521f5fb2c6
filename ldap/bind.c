/* SPDX-License-Identifier: Apache-2.0 */
/* Binds. A name is resolved to a principal by the AUTH role; whether it is there or not, keyd is asked (with
 * a zero UUID when not), so that all failures take the same path and the same time. A warm bind (credcache.h)
 * is answered inline. */
#include "ldap/conn.h"
#include "ldap/credcache.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static int look_up(struct store_txn *txn, const struct store_dn *dn, struct lw_bytes local, const char *realm,
        struct store_principal *ret)
{
	const struct schema_attr *uid, *krb;
	struct lw_bytes full;
	char *text;
	int err;

	if (dn)
		return store_principal_dn(txn, dn, ret);
	uid = schema_attr(LW_LIT("uid"));
	krb = schema_attr(LW_LIT("krbPrincipalName"));
	err = uid ? store_principal_name(txn, uid, local, ret) : LW_ENOTFOUND;
	if (err != LW_ENOTFOUND || !krb)
		return err;
	text = lw_printf(store_arena(txn), "%.*s@%s", (int)local.n, (const char *)local.p, realm);
	if (!text)
		return LW_ENOMEM;
	full = lw_str(text);
	return store_principal_name(txn, krb, full, ret);
}

int ldapd_resolver_take(struct ldapd_server *s, uint32_t tenant, struct lw_session **ret)
{
	struct lw_session **slot = &s->resolvers[tenant % LDAPD_RESOLVERS], *role = NULL;

	pthread_mutex_lock(&s->resolvers_lock);
	if (*slot && store_session_tenant(*slot) == tenant) {
		role = *slot;
		*slot = NULL;
	}
	pthread_mutex_unlock(&s->resolvers_lock);
	if (!role)
		return store_session_role(s->store, tenant, STORE_ROLE_AUTH, ret);
	*ret = role;
	return LW_OK;
}

void ldapd_resolver_give(struct ldapd_server *s, struct lw_session *role)
{
	struct lw_session **slot = &s->resolvers[store_session_tenant(role) % LDAPD_RESOLVERS], *old;

	pthread_mutex_lock(&s->resolvers_lock);
	old = *slot;
	*slot = role;
	pthread_mutex_unlock(&s->resolvers_lock);
	if (old)
		store_session_free(old);
}

/* LW_OK also for an unknown name (known is false then); LW_EDNSYNTAX; LW_EIO and its like. */
int ldapd_resolve(struct ldapd_conn *c, struct lw_bytes name, struct ldapd_who *ret)
{
	struct store *store = c->server->store;
	const uint8_t *at = name.n ? memrchr(name.p, '@', name.n) : NULL;
	struct lw_session *role = NULL;
	struct store_txn *txn = NULL;
	struct store_dn *dn = NULL;
	int err = LW_OK;

	ret->known = false;
	if (name.n > DN_MAX_TEXT)
		return LW_EDNSYNTAX;
	if (memchr(name.p, '=', name.n)) {
		err = dn_parse(c->held, name, &dn);
		if (err == LW_ENOMEM)
			return err;
		if (err)
			return LW_EDNSYNTAX;
		err = store_tenant_of_dn(store, c->held, dn, &ret->tenant);
	} else if (at) {
		struct lw_bytes domain = { at + 1, (size_t)(name.p + name.n - at - 1) };

		name.n = (size_t)(at - name.p);
		err = store_tenant_by_name(store, c->held, domain, &ret->tenant);
	} else {
		err = ldapd_tenant(c);
		ret->tenant = c->tenant;
	}
	if (err == LW_OK)
		err = ldapd_resolver_take(c->server, ret->tenant.id, &role);
	if (err == LW_OK)
		err = store_begin(role, STORE_READ, &txn);
	if (err == LW_OK) {
		err = look_up(txn, dn, name, ret->tenant.realm, &ret->p);
		if (c->slot)
			store_ahead_keep(c->server->ahead, c->slot, txn);
		store_end(txn);
		ldapd_resolver_give(c->server, role);
	} else if (role) {
		store_session_free(role);
	}
	ret->tenant.keys = (struct lw_bytes){ NULL, 0 };
	ret->known = err == LW_OK;
	if (err == LW_EIO || err == LW_ENOMEM || err == LW_EINTERNAL || err == LW_EVERSION)
		return err;
	return LW_OK;
}

int ldapd_resolve_uuid(
        struct ldapd_conn *c, uint32_t tenant, const struct lw_uuid *uuid, struct ldapd_who *ret)
{
	struct lw_session *role;
	struct store_txn *txn;
	int err;

	ret->known = false;
	err = store_tenant_by_id(c->server->store, c->held, tenant, &ret->tenant);
	if (err == LW_OK)
		err = ldapd_resolver_take(c->server, tenant, &role);
	if (err)
		return err;
	err = store_begin(role, STORE_READ, &txn);
	if (err == LW_OK) {
		err = store_principal_uuid(txn, uuid, &ret->p);
		store_end(txn);
		ldapd_resolver_give(c->server, role);
	} else {
		store_session_free(role);
	}
	ret->tenant.keys = (struct lw_bytes){ NULL, 0 };
	ret->known = err == LW_OK;
	return err;
}

int ldapd_may_act_as(struct ldapd_conn *c, const struct ldapd_who *me, struct lw_bytes authzid)
{
	struct ldapd_who who = { 0 };
	struct lw_bytes name;
	char *full;
	int err;

	if (authzid.n == 0)
		return LW_OK;
	if (authzid.n < 3 || authzid.n > DN_MAX_TEXT || memchr(authzid.p, 0, authzid.n))
		return LW_EAUTH;
	if (memcmp(authzid.p, "dn:", 3) == 0) {
		name = (struct lw_bytes){ authzid.p + 3, authzid.n - 3 };
		if (!memchr(name.p, '=', name.n))
			return LW_EAUTH;
	} else if (memcmp(authzid.p, "u:", 2) == 0) {
		name = (struct lw_bytes){ authzid.p + 2, authzid.n - 2 };
		if (memchr(name.p, '=', name.n))
			return LW_EAUTH;
		if (!memchr(name.p, '@', name.n)) { /* in the tenant of the credentials, not of the connection */
			full = lw_printf(
			        c->held, "%.*s@%s", (int)name.n, (const char *)name.p, me->tenant.name);
			if (!full)
				return LW_ENOMEM;
			name = lw_str(full);
		}
	} else {
		return LW_EAUTH;
	}
	err = ldapd_resolve(c, name, &who);
	if (err == LW_EDNSYNTAX)
		return LW_EAUTH;
	if (err)
		return err;
	return who.known && who.tenant.id == me->tenant.id && lw_uuid_eq(&who.p.uuid, &me->p.uuid) ? LW_OK :
	                                                                                           LW_EAUTH;
}

/* ---- who is it now ---- */

int ldapd_established(struct ldapd_conn *c, const struct store_tenant *tenant, const char *user,
        const struct keys_token *token, const struct lw_cap *cap)
{
	struct lw_session *s;
	int err = store_session_cap(c->server->store, cap, &s);

	if (err)
		return err;
	ldapd_partner_end(c);
	if (c->session)
		store_session_free(c->session);
	c->session = s;
	store_session_channel(s, ldapd_confidential(c));
	store_session_source(s, LW_AUDIT_LDAP, c->peer->addr);
	c->bound = true;
	c->token = *token;
	c->tenant = *tenant;
	c->has_tenant = true;
	snprintf(c->user, sizeof c->user, "%s", user);
	return LW_OK;
}

/* Every bind, good or bad, with or without asking keyd. */
static void bind_record(const struct ldapd_conn *c, const struct ldapd_who *who, const char *how, int err)
{
	struct lw_audit a = { .event = LW_AUDIT_BIND, .protocol = LW_AUDIT_LDAP, .err = err, .source = lw_str(c->peer->addr), .detail = lw_str(how) };

	if (err && !lw_audit_is_denial(err))
		return;
	a.tenant = who ? who->tenant.id : c->has_tenant ? c->tenant.id : 0;
	if (who && who->known) {
		a.target = who->p.uuid;
		a.target_name = lw_str(who->p.name);
	} else if (c->operator_ || (!who && !err && c->bound)) {
		a.target_name = lw_str(c->user);
	}
	lw_audit(&a);
}

void ldapd_bind_note(const struct ldapd_conn *c, const struct ldapd_who *who, const char *how, int err)
{
	char subject[LW_UUID_TEXT] = "unknown";

	bind_record(c, who, how, err);
	if (who && who->known)
		lw_uuid_format(&who->p.uuid, subject);
	lw_log(err ? LW_INFO : LW_DEBUG, "ldap.bind", "how", how, "from", c->peer->addr, "tenant",
	        who ? who->tenant.name : "", "subject", subject, "result", err ? lw_errname(err) : "OK",
	        NULL);
}

/* ---- simple ---- */

static struct ldapd_credkey credkey(
        const struct ldapd_conn *c, const struct ldapd_who *who, struct lw_bytes password)
{
	return (struct ldapd_credkey){ who->tenant.id, who->p.uuid, who->p.credential_version,
		ldapd_confidential(c), password };
}

/* Everything that a warm bind looks at: the tenant's and the principal's state, the cache, the session. */
static bool warm(struct ldapd_conn *c, const struct ldapd_who *who, struct lw_bytes password)
{
	struct ldapd_credkey key = credkey(c, who, password);
	struct keys_token token;
	struct lw_cap cap;
	bool ok;

	if (!who->known || who->p.disabled || !who->tenant.enabled)
		return false;
	if (!ldapd_credcache_get(c->server->cache, &key, &token, &cap))
		return false;
	if (c->server->options.guesses &&
	        keys_guess_locked(c->server->options.guesses, who->tenant.id, &who->p.uuid)) {
		lw_wipe(&token, sizeof token);
		return false;
	}
	ok = ldapd_established(c, &who->tenant, who->p.krb_name[0] ? who->p.krb_name : who->p.name, &token, &cap) ==
	     LW_OK;
	lw_wipe(&token, sizeof token);
	return ok;
}

static int cold(struct ldapd_conn *c, struct ldapd_who *who, struct lw_bytes password)
{
	static const struct lw_uuid nobody;
	struct keys_source source = ldapd_source(c);
	struct ldapd_credkey key;
	struct keys_token token;
	struct lw_cap cap;
	uint64_t begun;
	int err;

	if (!who->known)
		who->p.uuid = nobody;
	key = credkey(c, who, password);
	begun = ldapd_credcache_begin(c->server->cache, &key);
	err = keys_verify(c->server->keys, who->tenant.id, &who->p.uuid, password, &source, &token, &cap);
	if (err == LW_OK && !who->known)
		err = LW_EAUTH;
	if (err == LW_OK) {
		key.credential_version = cap.credential_version;
		ldapd_credcache_put(c->server->cache, &key, begun, &token, &cap);
		err = ldapd_established(
		        c, &who->tenant, who->p.krb_name[0] ? who->p.krb_name : who->p.name, &token, &cap);
	}
	if (err)
		ldapd_credcache_drop(c->server->cache, who->tenant.id, &who->p.uuid);
	lw_wipe(&token, sizeof token);
	return err;
}

enum ldapd_outcome ldapd_bind_failed(struct lw_writer *out, const struct ldapd_msg *m, int err)
{
	/* a session that can't be made is no more than wrong credentials; nothing here may end the connection
	 */
	uint8_t code =
	        err == LW_EREVOKED || err == LW_ENOTFOUND ? LDAPD_INVALID_CREDENTIALS : ldapd_code(err);

	return ldapd_answer(out, m, code, NULL);
}

static enum ldapd_outcome simple(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_writer *out)
{
	struct lw_bytes name = m->bind.name, password = m->bind.password;
	struct ldapd_who who = { 0 };
	int err;

	if (name.n == 0 && password.n == 0)
		return ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
	if (!ldapd_password_allowed(c)) {
		bind_record(c, NULL, "simple", LW_ECONFIDENTIAL);
		return ldapd_answer(out, m, LDAPD_CONFIDENTIALITY, "use TLS");
	}
	if (password.n == 0)
		return ldapd_answer(
		        out, m, LDAPD_UNWILLING, "a name without a password"); /* RFC 4513 5.1.2 */
	if (name.n == 0)
		return ldapd_answer(out, m, LDAPD_INVALID_CREDENTIALS, NULL);
	err = ldapd_resolve(c, name, &who);
	if (err)
		bind_record(c, NULL, "simple", err);
	if (err)
		return ldapd_bind_failed(out, m, err);
	if (!in_job) {
		if (!warm(c, &who, password))
			return LDAPD_SLOW_JOB;
		bind_record(c, &who, "simple", LW_OK);
		return ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
	}
	/* an unknown tenant's guesses count somewhere too */
	if (!who.tenant.id && ldapd_tenant(c) == LW_OK)
		who.tenant = c->tenant;
	err = cold(c, &who, password);
	ldapd_bind_note(c, &who, "simple", err);
	return err ? ldapd_bind_failed(out, m, err) : ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
}

/* ---- SASL ---- */

struct mech {
	const char *name;
	bool (*offered)(const struct ldapd_conn *);  /* in the root DSE */
	bool (*possible)(const struct ldapd_conn *); /* else authMethodNotSupported */
	enum ldapd_outcome (*bind)(struct ldapd_conn *, struct ldapd_msg *, bool in_job, struct lw_writer *);
};

static bool has_acceptor(const struct ldapd_conn *c)
{
	return c->server->options.accept != NULL;
}

static const struct mech mechs[] = {
	{ "EXTERNAL", ldapd_external_usable, ldapd_external_possible, ldapd_external },
	{ "GSSAPI", has_acceptor, has_acceptor, ldapd_gssapi },
};

const char *ldapd_mech_name(size_t i)
{
	return i < sizeof mechs / sizeof *mechs ? mechs[i].name : NULL;
}

const char *ldapd_sasl_mech(const struct ldapd_conn *c, size_t i)
{
	for (size_t k = 0; k < sizeof mechs / sizeof *mechs; k++)
		if (mechs[k].offered(c) && i-- == 0)
			return mechs[k].name;
	return NULL;
}

int ldapd_bind(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	bool started = c->sasl_started;

	if (!in_job) {
		ldapd_anonymous(c); /* RFC 4513 4: whatever comes of it */
		c->sasl_started = false;
	}
	if (!started)
		ldapd_gss_end(c);
	if (m->bind.version != 3)
		return ldapd_answer(out, m, LDAPD_PROTOCOL_ERROR, "only LDAPv3");
	if (m->bind.method == LDAPD_SIMPLE)
		return simple(c, m, in_job, out);
	if (m->bind.method == LDAPD_SASL) {
		for (unsigned k = 0; k < sizeof mechs / sizeof *mechs; k++)
			if (lw_eq_nocase(m->bind.mech, lw_str(mechs[k].name)) && mechs[k].possible(c)) {
				c->sasl_started = in_job || (started && c->sasl_mech == k);
				c->sasl_mech = k;
				return mechs[k].bind(c, m, in_job, out);
			}
	}
	return ldapd_answer(out, m, LDAPD_AUTH_METHOD, NULL);
}

void ldapd_renew(struct ldapd_conn *c, const struct lw_uuid *target, uint64_t credential_version)
{
	struct keys_token token;
	struct lw_cap cap;

	if (!c->bound || c->operator_ || !lw_uuid_eq(target, store_session_subject(c->session)))
		return;
	if (keys_renew(c->server->keys, (struct lw_bytes){ c->token.b, c->token.n }, &token, &cap) == LW_OK)
		c->token = token;
	store_session_renew(c->session, credential_version);
	lw_wipe(&token, sizeof token);
}
