/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants' records: by number, by name, by the suffix of a DN. */
#include <stdlib.h>
#include "base/text.h"
#include "store/eng_int.h"

int eng_tenant(struct eng_txn *txn, uint32_t tenant, struct eng_tenant *ret)
{
	struct eng_key k = eng_key_tenant(tenant, 1);
	struct eng_tenant t = { .id = tenant };
	struct lw_reader r;
	struct lw_bytes v;
	int err = eng_blob_get(txn, ENG_TENANT, eng_key_bytes(&k), &v);

	if (err)
		return err;
	lw_reader_init(&r, v);
	eng_tenant_parse(&r, &t);
	if (lw_reader_end(&r))
		return LW_EIO;
	*ret = t;
	return LW_OK;
}

int eng_tenant_find(struct eng_txn *txn, struct lw_bytes name, uint32_t *ret)
{
	struct lw_bytes v;
	int err;

	if (!name.n || name.n > 255)
		return LW_ENOTFOUND;
	err = eng_get(txn, ENG_TNAME, name, &v);
	if (err)
		return err;
	if (v.n != 4)
		return LW_EIO;
	*ret = (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
	return LW_OK;
}

int eng_tenant_next(struct eng_txn *txn, uint32_t from, struct eng_tenant *ret)
{
	struct lw_bytes v, next;
	uint32_t end;
	int err;

	err = eng_meta(txn, "tenant.next", &next);
	if (err)
		return err;
	if (next.n != 4)
		return LW_EIO;
	end = (uint32_t)next.p[0] << 24 | (uint32_t)next.p[1] << 16 | (uint32_t)next.p[2] << 8 | next.p[3];
	for (uint32_t t = from ? from : 1; t < end;) {
		struct eng_key k = eng_key_tenant(t, 1);
		struct lw_bytes key = eng_key_bytes(&k);
		struct eng_cur *cur = eng_cur_get(txn, ENG_TENANT, &err);

		if (!cur)
			return err;
		err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
		eng_cur_put(txn, cur);
		if (err)
			return err;
		if (key.n < 5)
			return LW_EIO;
		t = (uint32_t)key.p[0] << 24 | (uint32_t)key.p[1] << 16 | (uint32_t)key.p[2] << 8 | key.p[3];
		err = eng_tenant(txn, t, ret);
		if (err != LW_ENOTFOUND)
			return err;
		t++;
	}
	return LW_ENOTFOUND;
}

uint64_t eng_authgen(struct eng_txn *txn, uint32_t tenant)
{
	struct eng_counters c;

	return eng_counters_get(txn, tenant, &c) ? 0 : c.authgen;
}

uint64_t eng_changes(struct eng_txn *txn, uint32_t tenant)
{
	struct eng_counters c;

	return eng_counters_get(txn, tenant, &c) ? 0 : c.changes;
}

/* ---- what the other parts of lwd see ---- */

/* arena NULL: without its keys, which most don't need. */
static int fill(const struct eng_tenant *t, struct lw_arena *arena, struct store_tenant *ret)
{
	struct store_tenant out = { .id = t->id, .uuid = t->uuid, .created = t->created };

	if (t->name.n >= sizeof(out.name) || t->realm.n >= sizeof(out.realm))
		return LW_EIO;
	memcpy(out.name, t->name.p, t->name.n);
	if (t->realm.n)
		memcpy(out.realm, t->realm.p, t->realm.n);
	out.enabled = !(t->flags & (ENG_TENANT_DISABLED | ENG_TENANT_DELETED));
	out.system = t->flags & ENG_TENANT_SYSTEM;
	if (t->keys.n && arena) {
		out.keys = lw_dup(arena, t->keys);
		if (!out.keys.p)
			return LW_ENOMEM;
	}
	*ret = out;
	return LW_OK;
}

static int by_id(struct eng_txn *txn, struct lw_arena *arena, uint32_t id, struct store_tenant *ret)
{
	struct eng_tenant t;
	int err = eng_tenant(txn, id, &t);

	if (!err && t.flags & ENG_TENANT_DELETED)
		err = LW_ENOTFOUND;
	return err ? err : fill(&t, arena, ret);
}

int store_tenant_by_id(struct store *st, struct lw_arena *arena, uint32_t id, struct store_tenant *ret)
{
	struct eng_txn *txn;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	err = by_id(txn, arena, id, ret);
	eng_end(txn);
	return err;
}

int store_tenant_by_name(struct store *st, struct lw_arena *arena, struct lw_bytes domain, struct store_tenant *ret)
{
	struct eng_txn *txn;
	uint32_t id;
	char *name;
	int err;

	err = lw_domain_canon(arena, domain, &name);
	if (err)
		return err == LW_ENOMEM ? err : LW_ENOTFOUND;
	err = eng_begin(st, &txn);
	if (err)
		return err;
	err = eng_tenant_find(txn, lw_str(name), &id);
	if (!err)
		err = by_id(txn, arena, id, ret);
	eng_end(txn);
	return err;
}

static int find_suffix(struct eng_txn *txn, struct lw_arena *arena, const struct store_dn *dn, uint32_t *ret)
{
	struct store_dn suffix = { 0 };
	char *domain, *name;
	int err = LW_ENOTFOUND;

	while (suffix.n < dn->n && !dn_to_domain(arena, &(struct store_dn){ 1, dn->rdn + (dn->n - suffix.n - 1) }, &domain))
		suffix.n++;
	for (; suffix.n && err == LW_ENOTFOUND; suffix.n--) { /* tenants are not nested, so at most one fits */
		suffix.rdn = dn->rdn + (dn->n - suffix.n);
		err = dn_to_domain(arena, &suffix, &domain);
		if (!err)
			err = lw_domain_canon(arena, lw_str(domain), &name);
		if (!err)
			err = eng_tenant_find(txn, lw_str(name), ret);
		else if (err != LW_ENOMEM)
			err = LW_ENOTFOUND;
	}
	return err;
}

int store_tenant_of_dn(struct store *st, struct lw_arena *arena, const struct store_dn *dn, struct store_tenant *ret)
{
	struct eng_txn *txn;
	uint32_t id;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	err = find_suffix(txn, arena, dn, &id);
	if (!err)
		err = by_id(txn, NULL, id, ret);
	eng_end(txn);
	return err;
}

static int list(struct store *st, struct lw_arena *arena, bool dying, struct store_tenant **ret, size_t *ret_n)
{
	struct eng_reclaim left;
	struct store_tenant *all = NULL, *more;
	struct eng_tenant t;
	struct eng_txn *txn;
	size_t n = 0, cap = 0;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	for (uint32_t at = 1; !(err = eng_tenant_next(txn, at, &t)); at = t.id + 1) {
		if (dying != ((t.flags & ENG_TENANT_DELETED) != 0) || (dying && eng_reclaim(txn, t.id, &left)))
			continue;
		if (n == cap) {
			cap = cap ? 2 * cap : 16;
			more = lw_allocn(arena, cap, sizeof(*more));
			if (!more) {
				err = LW_ENOMEM;
				goto out;
			}
			if (n)
				memcpy(more, all, n * sizeof(*more));
			all = more;
		}
		err = fill(&t, arena, &all[n]);
		if (err)
			goto out;
		n++;
	}
	if (err == LW_ENOTFOUND)
		err = LW_OK;
out:
	eng_end(txn);
	if (err)
		return err;
	*ret = all;
	*ret_n = n;
	return LW_OK;
}

int store_tenant_list(struct store *st, struct lw_arena *arena, struct store_tenant **ret, size_t *ret_n)
{
	return list(st, arena, false, ret, ret_n);
}

int store_tenant_dying(struct store *st, struct lw_arena *arena, struct store_tenant **ret, size_t *ret_n)
{
	return list(st, arena, true, ret, ret_n);
}
