/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: logins by name, for a role that knows no names, and tokens that such a role sends along. */
#include "keys/keyd.h"

#include <string.h>
#include "base/err.h"
#include "base/log.h"

/* The name's own realm is the tenant's, in any case and spelling. */
static bool same_tenant(struct keyd *k, struct keys_call *c, uint32_t tenant, struct lw_bytes domain)
{
	struct store_tenant t;

	return store_tenant_by_name(k->store, c->arena, domain, &t) == LW_OK && t.id == tenant;
}

/* `alice`, `alice@acme.example`, `HTTP/web1.acme.example`: uid first, then Kerberos names. */
static int look_up(struct keyd *k, struct keys_call *c, struct store_txn *txn, const struct store_tenant *t,
        struct store_principal *ret)
{
	const struct schema_attr *uid = schema_attr(LW_LIT("uid")), *krb = schema_attr(LW_LIT("krbPrincipalName"));
	struct lw_bytes user = c->q.user;
	const uint8_t *at = user.n ? memrchr(user.p, '@', user.n) : NULL;
	char *text;
	int err;

	if (at) {
		if (!same_tenant(k, c, t->id, (struct lw_bytes){ at + 1, (size_t)(user.p + user.n - at - 1) }))
			return LW_ENOTFOUND;
		user.n = (size_t)(at - user.p);
	}
	if (!user.n || !uid || !krb)
		return LW_ENOTFOUND;
	err = store_principal_name(txn, uid, user, ret);
	if (err != LW_ENOTFOUND)
		return err;
	text = lw_printf(c->arena, "%.*s@%s", (int)user.n, (const char *)user.p, t->realm);
	return text ? store_principal_name(txn, krb, lw_str(text), ret) : LW_ENOMEM;
}

/* Whom the names mean: what is not there is nobody, and everything after takes the same way. */
static int resolve(struct keyd *k, struct keys_call *c)
{
	struct store_principal p;
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	struct store_tenant t;
	int err;

	c->q.tenant = 0;
	memset(&c->q.subject, 0, sizeof(c->q.subject));
	err = k->store ? store_tenant_by_name(k->store, c->arena, c->q.name, &t) : LW_EUNAVAIL;
	if (!err)
		c->q.tenant = t.id;
	if (!err)
		err = store_session_role(k->store, t.id, STORE_ROLE_AUTH, &s);
	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = look_up(k, c, txn, &t, &p);
	if (!err)
		c->q.subject = p.uuid;
	store_end(txn);
	store_session_free(s);
	return err == LW_EIO || err == LW_ENOMEM || err == LW_EUNAVAIL || err == LW_EVERSION ? err : LW_OK;
}

int keyd_login(struct keyd *k, struct keys_call *c)
{
	int err = resolve(k, c);

	if (!err)
		err = keyd_verify(k, c);
	keyd_log(k, "login", c, err);
	return err == LW_ELOCKED || err == LW_ENOTFOUND || err == LW_EDISABLED ? LW_EAUTH : err;
}

/* The gate has seen that web's token is good. */
int keyd_adopt(struct keyd *k, struct keys_call *c)
{
	struct lw_cap cap = c->cap;

	if (c->q.role != LW_ROLE_WEB || (cap.flags & LW_CAP_OPERATOR)) /* who is on this machine, by sockets alone */
		return LW_EACCES;
	return keyd_mint(k, c, &cap);
}
