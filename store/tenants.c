/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants: looking them up, making them, switching them off. */
#include "store/guard.h"

/* ---- looking up ---- */

static int copy_text(struct lw_bytes v, char *ret, size_t size)
{
	if (v.n >= size)
		return LW_EIO;
	memcpy(ret, v.p, v.n);
	ret[v.n] = 0;
	return LW_OK;
}

static int export(struct lw_arena *a, const struct eng_tenant *from, struct store_tenant *ret)
{
	struct store_tenant t = { .id = from->id, .uuid = from->uuid, .created = from->created };
	int err = copy_text(from->name, t.name, sizeof(t.name));

	if (!err)
		err = copy_text(from->realm, t.realm, sizeof(t.realm));
	if (err)
		return err;
	t.enabled = !(from->flags & (ENG_TENANT_DISABLED | ENG_TENANT_DELETED));
	t.system = (from->flags & ENG_TENANT_SYSTEM) != 0;
	if (from->keys.n) {
		t.keys = lw_dup(a, from->keys);
		if (!t.keys.p)
			return LW_ENOMEM;
	}
	*ret = t;
	return LW_OK;
}

static int by_id(struct eng_txn *e, struct lw_arena *a, uint32_t id, struct store_tenant *ret)
{
	struct eng_tenant t;
	int err = eng_tenant(e, id, &t);

	if (!err && t.flags & ENG_TENANT_DELETED)
		err = LW_ENOTFOUND;
	return err ? err : export(a, &t, ret);
}

int store_tenant_by_id(struct store *st, struct lw_arena *a, uint32_t id, struct store_tenant *ret)
{
	struct eng_txn *e;
	int err = eng_begin(st, &e);

	if (err)
		return err;
	err = by_id(e, a, id, ret);
	eng_end(e);
	return err;
}

int store_tenant_by_name(struct store *st, struct lw_arena *a, struct lw_bytes domain, struct store_tenant *ret)
{
	struct eng_txn *e;
	uint32_t id;
	char *name;
	int err;

	if (lw_domain_canon(a, domain, &name))
		return LW_ENOTFOUND;
	if ((err = eng_begin(st, &e)))
		return err;
	err = eng_tenant_find(e, lw_str(name), &id);
	if (!err)
		err = by_id(e, a, id, ret);
	eng_end(e);
	return err;
}

/* The trailing dc RDNs, tried from the shortest: tenants are never nested, so at most one fits. */
int store_tenant_of_dn(struct store *st, struct lw_arena *a, const struct store_dn *dn, struct store_tenant *ret)
{
	struct eng_txn *e;
	int err = eng_begin(st, &e);

	if (err)
		return err;
	err = LW_ENOTFOUND;
	for (unsigned n = 2; err == LW_ENOTFOUND && n <= dn->n; n++) {
		struct store_dn tail = { n, dn->rdn + (dn->n - n) };
		uint32_t id;
		char *name, *canon;
		if (dn_to_domain(a, &tail, &name))
			break;
		if (lw_domain_canon(a, lw_str(name), &canon))
			continue;
		err = eng_tenant_find(e, lw_str(canon), &id);
		if (!err)
			err = by_id(e, a, id, ret);
	}
	eng_end(e);
	return err;
}

int store_tenant_list(struct store *st, struct lw_arena *a, struct store_tenant **ret, size_t *ret_n)
{
	struct store_tenant *list = NULL, *more;
	struct eng_tenant t;
	struct eng_txn *e;
	size_t n = 0, cap = 0;
	int err = eng_begin(st, &e);

	if (err)
		return err;
	for (uint32_t from = 1; (err = eng_tenant_next(e, from, &t)) == LW_OK; from = t.id + 1) {
		if (t.flags & ENG_TENANT_DELETED)
			continue;
		if (n == cap) {
			more = lw_allocn(a, cap = 2 * cap + 8, sizeof(*more));
			if (!more)
				break;
			if (n)
				memcpy(more, list, n * sizeof(*more));
			list = more;
		}
		err = export(a, &t, &list[n]);
		if (err)
			break;
		n++;
	}
	eng_end(e);
	if (err != LW_ENOTFOUND)
		return err ? err : LW_ENOMEM;
	*ret = list;
	*ret_n = n;
	return LW_OK;
}

/* ---- who may ---- */

static int check_administer(struct store_txn *t)
{
	struct eng_tenant own;

	if (t->session->role == OPS_NO_ROLE &&
		(eng_tenant(t->eng, t->tenant, &own) || !(own.flags & ENG_TENANT_SYSTEM)))
		return ops_say(t, LW_EACCES, "tenants are managed by the system tenant's administrators");
	return ops_may_administer(t) ? LW_OK : LW_EACCES;
}

/* ---- state ---- */

int write_tenant_state(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct eng_tenant found;
	int err = check_administer(t);

	if (err)
		return err;
	for (uint32_t from = 1; (err = eng_tenant_next(t->eng, from, &found)) == LW_OK; from = found.id + 1)
		if (lw_uuid_eq(&found.uuid, &op->tenant_uuid))
			break;
	if (err || found.flags & ENG_TENANT_DELETED)
		return err ? err : LW_ENOTFOUND;
	if (found.flags & ENG_TENANT_SYSTEM && !op->tenant_enabled)
		return ops_say(t, LW_EUNWILLING, "the system tenant can't be disabled");
	if (op->tenant_enabled)
		found.flags &= ~(uint32_t)ENG_TENANT_DISABLED;
	else
		found.flags |= ENG_TENANT_DISABLED;
	eng_fx_tenant_put(fx, &found);
	eng_fx_authgen(fx, found.id);
	t->result->uuid = found.uuid;
	return eng_fx_err(fx);
}

/* ---- names ---- */

static bool ends_with(struct lw_bytes name, struct lw_bytes tail)
{
	return name.n > tail.n && name.p[name.n - tail.n - 1] == '.' &&
		memcmp(name.p + name.n - tail.n, tail.p, tail.n) == 0;
}

static bool is_reserved(struct lw_bytes name)
{
	static const char *const tops[] = { "arpa", "localhost", "invalid", "onion", "alt" };

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		if (lw_eq(name, lw_str(tops[i])) || ends_with(name, lw_str(tops[i])))
			return true;
	return false;
}

static int check_name(struct store_txn *t, struct lw_bytes name, bool *ret_first)
{
	struct eng_tenant other;
	int err;

	if (is_reserved(name))
		return ops_say(t, LW_ECONSTRAINT, "this name is reserved");
	*ret_first = true;
	for (uint32_t from = 1; (err = eng_tenant_next(t->eng, from, &other)) == LW_OK; from = other.id + 1) {
		*ret_first = false;
		if (other.flags & ENG_TENANT_DELETED)
			continue;
		if (lw_eq(other.name, name))
			return ops_say(t, LW_EEXIST, "there is a tenant of this name");
		if (ends_with(other.name, name) || ends_with(name, other.name))
			return ops_say(t, LW_ECONSTRAINT, "a tenant may not be above or below another (%.*s)",
				(int)other.name.n, other.name.p);
	}
	return err == LW_ENOTFOUND ? LW_OK : err;
}

/* ---- making one: store/tenant_make.c puts the tree down ---- */

int tenant_make_tree(struct store_txn *, const struct store_op *, const struct eng_tenant *, struct eng_fx *);

int write_tenant_create(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct eng_tenant new = { 0 };
	char *name, *realm;
	bool first;
	int err = check_administer(t);

	if (err)
		return err;
	if (!op->tenant_name || lw_domain_canon(t->arena, lw_str(op->tenant_name), &name))
		return ops_say(t, LW_EINVAL, "a tenant's name is a domain name of at least two labels");
	err = check_name(t, lw_str(name), &first);
	if (err)
		return err;
	realm = lw_strdup(t->arena, name);
	if (!realm)
		return LW_ENOMEM;
	for (char *c = realm; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	new.uuid = lw_uuid_zero(&op->tenant_uuid) ? lw_uuid_new(eng_clock(t->session->store)) : op->tenant_uuid;
	new.id = eng_fx_new_tenant(fx);
	new.flags = first ? ENG_TENANT_SYSTEM : 0;
	new.created = eng_now(t->eng);
	new.name = lw_str(name);
	new.realm = lw_str(realm);
	new.keys = op->tenant_keys;
	eng_fx_tenant_put(fx, &new);
	err = tenant_make_tree(t, op, &new, fx);
	if (err)
		return err;
	eng_fx_authgen(fx, new.id);
	t->result->uuid = new.uuid;
	t->result->version = eng_fx_version(fx);
	return eng_fx_err(fx);
}
