/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: a principal with its secrets opened, and secrets sealed anew. */
#include "keys/keyd.h"

#include <string.h>
#include "base/err.h"
#include "base/log.h"

static int open_item(struct keyd *k, struct keys_call *c, struct store_txn *txn, struct keyd_account *a,
        const struct schema_attr *attr, enum store_secret_class cls, uint64_t *ret_gen, struct lw_bytes *ret)
{
	struct keys_place at = {
		.tenant = a->tenant.uuid, .entry = a->who.uuid, .attr = attr->id, .cls = (uint8_t)cls
	};
	struct lw_bytes sealed;
	uint8_t key[LW_AEAD_KEY];
	int err;

	err = store_sealed(txn, &a->who.uuid, attr->id, cls, &sealed, &at.generation);
	if (err)
		return err;
	err = keys_master_unwrap(k->master, &a->tenant.uuid, a->tenant.keys, (uint8_t)cls, key);
	if (!err)
		err = keys_open(key, &at, sealed, c->arena, ret);
	lw_wipe(key, sizeof(key));
	*ret_gen = at.generation;
	return err;
}

static int read_secrets(struct keyd *k, struct keys_call *c, struct store_txn *txn, struct keyd_account *a)
{
	struct lw_bytes clear;
	int err;

	err = open_item(k, c, txn, a, k->password, STORE_SECRET_PASSWORD, &a->password_gen, &clear);
	if (!err)
		err = keys_bundle_get(clear, &a->bundle);
	if (err && err != LW_ENOTFOUND)
		return err;
	a->has_password = !err;
	err = open_item(k, c, txn, a, k->krb_key, STORE_SECRET_KERBEROS, &a->krb_gen, &clear);
	if (!err)
		err = keys_krb_get(clear, &a->krb);
	if (err && err != LW_ENOTFOUND)
		return err;
	a->has_krb = !err;
	return LW_OK;
}

/* LW_OK also when there is no such account: a->there says so. */
int keyd_account(struct keyd *k, struct keys_call *c, uint32_t tenant, const struct lw_uuid *uuid,
        struct keyd_account *a)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	int err;

	memset(a, 0, sizeof(*a));
	if (!k->store)
		return LW_EUNAVAIL;
	err = store_tenant_by_id(k->store, c->arena, tenant, &a->tenant);
	if (err)
		return err == LW_ENOTFOUND ? LW_OK : err;
	err = store_session_role(k->store, tenant, STORE_ROLE_AUTH, &s);
	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_principal_uuid(txn, uuid, &a->who);
	if (!err) {
		a->there = true;
		a->usable = a->tenant.enabled && !a->who.disabled;
		err = read_secrets(k, c, txn, a);
		if (err)
			lw_log(LW_ERROR, "sealed secret does not open", "principal", a->who.name, "error",
			        lw_errname(err), NULL);
	}
	store_end(txn);
	store_session_free(s);
	if (err == LW_ENOTFOUND || err == LW_EDISABLED)
		return LW_OK;
	return err;
}

int keyd_seal(struct keyd *k, struct keys_call *c, const struct lw_uuid *tenant,
        struct lw_bytes wrapped, const struct lw_uuid *entry, const struct schema_attr *attr,
        enum store_secret_class cls, uint64_t generation, struct lw_bytes clear)
{
	struct keys_place at = { .tenant = *tenant,
		.entry = *entry,
		.attr = attr->id,
		.cls = (uint8_t)cls,
		.generation = generation };
	struct store_sealed_item *item = &c->a.items[c->a.nitems];
	uint8_t key[LW_AEAD_KEY];
	int err;

	err = keys_master_unwrap(k->master, tenant, wrapped, (uint8_t)cls, key);
	if (!err)
		err = keys_seal(key, &at, clear, c->arena, &item->sealed);
	lw_wipe(key, sizeof(key));
	if (err)
		return err;
	item->attr = attr->id;
	item->cls = cls;
	item->generation = generation;
	c->a.nitems++;
	return LW_OK;
}
