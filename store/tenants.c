/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants: making them, switching them off; store/tenant_end.c deletes them. Looking them up is the engine's. */
#include "store/guard.h"

/* ---- who may ---- */

int guard_tenants(struct store_txn *t)
{
	struct eng_tenant own;

	if (t->session->role == OPS_NO_ROLE &&
		(eng_tenant(t->eng, t->tenant, &own) || !(own.flags & ENG_TENANT_SYSTEM)))
		return ops_say(t, LW_EACCES, "tenants are managed by the system tenant's administrators");
	return ops_may_administer(t) ? LW_OK : LW_EACCES;
}

/* ---- state ---- */

int guard_tenant(struct store_txn *t, const struct lw_uuid *uuid, struct eng_tenant *ret)
{
	struct eng_tenant found;
	int err;

	for (uint32_t from = 1; (err = eng_tenant_next(t->eng, from, &found)) == LW_OK; from = found.id + 1)
		if (lw_uuid_eq(&found.uuid, uuid))
			break;
	if (err || found.flags & ENG_TENANT_DELETED)
		return err ? err : LW_ENOTFOUND;
	*ret = found;
	return LW_OK;
}

int write_tenant_state(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct eng_tenant found;
	int err = guard_tenants(t);

	if (!err)
		err = guard_tenant(t, &op->tenant_uuid, &found);
	if (err)
		return err;
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

/* Only how the data keys are wrapped changes: whatever was decided or sealed with them stays as it is. */
int write_tenant_rewrap(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct access_object o = { .tenant = t->tenant, .kind = ACCESS_TENANT };
	struct eng_tenant found;
	int err;

	if (!ops_is_role(t) || !access_decide(t->session->rights, ACCESS_MOVE, &o, NULL, &t->ctx, NULL))
		return LW_EACCES;
	err = guard_tenant(t, &op->tenant_uuid, &found);
	if (err)
		return err;
	if (!found.keys.n || found.keys.n != op->tenant_keys.n)
		return ops_say(t, LW_EUNWILLING, "these are not that tenant's data keys");
	if (!lw_eq(found.keys, op->old_tenant_keys))
		return LW_EAGAIN;
	found.keys = op->tenant_keys;
	eng_fx_tenant_put(fx, &found);
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
	struct eng_reclaim left;
	struct eng_tenant other;
	int err;

	if (is_reserved(name))
		return ops_say(t, LW_ECONSTRAINT, "this name is reserved");
	*ret_first = true;
	for (uint32_t from = 1; (err = eng_tenant_next(t->eng, from, &other)) == LW_OK; from = other.id + 1) {
		*ret_first = false;
		if (other.flags & ENG_TENANT_DELETED) {
			if (eng_reclaim(t->eng, other.id, &left))
				continue;
			if (lw_eq(other.name, name) || ends_with(other.name, name) || ends_with(name, other.name))
				return ops_say(t, LW_EAGAIN, "%.*s is still being deleted; try again", (int)other.name.n, other.name.p);
			continue;
		}
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
	struct eng_tenant new = { 0 }, other;
	char *name, *realm;
	bool first;
	int err = guard_tenants(t);

	if (err)
		return err;
	if (!op->tenant_name || lw_domain_canon(t->arena, lw_str(op->tenant_name), &name) ||
		!strchr(name, '.'))
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
	if (guard_tenant(t, &new.uuid, &other) == LW_OK || eng_is_tomb(t->eng, 0, &new.uuid))
		return ops_say(t, LW_EEXIST, "that UUID is or was another tenant's");
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
