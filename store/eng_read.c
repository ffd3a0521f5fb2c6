/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups: by id, name, UUID, place, reference. */
#include "base/crypto.h"
#include "store/eng_int.h"

#define CACHE_LINE 64

/* The record is read from one end to the other, and mostly comes from memory: its lines are asked for all at once. */
static void prefetch(struct lw_bytes record)
{
	for (size_t at = CACHE_LINE; at < record.n; at += CACHE_LINE)
		__builtin_prefetch(record.p + at);
}

int eng_entry(struct eng_txn *txn, uint32_t tenant, uint64_t id, struct eng_entry *ret)
{
	struct eng_key k = eng_key_entry(tenant, id);
	struct lw_bytes record;
	int err = eng_blob_get(txn, ENG_ENTRY, eng_key_bytes(&k), &record);

	if (err)
		return err;
	prefetch(record);
	if (eng_entry_decode(record, ret))
		return LW_EIO;
	ret->tenant = tenant;
	ret->id = id;
	return LW_OK;
}

int eng_entry_parent(struct eng_txn *txn, uint32_t tenant, uint64_t id, uint64_t *ret_parent)
{
	struct eng_key k = eng_key_entry(tenant, id);
	struct lw_bytes v;
	const size_t at = ENG_BLOB_HEAD + 1 + 1 + 2 + 4 + 8;
	int err;

	eng_key_u16(&k, 0);
	err = eng_get(txn, ENG_ENTRY, eng_key_bytes(&k), &v);
	if (err)
		return err;
	if (v.n < at + 8 || v.p[ENG_BLOB_HEAD] != ENG_FORMAT)
		return LW_EIO;
	*ret_parent = eng_load64(v.p + at);
	return LW_OK;
}

bool eng_entry_under(struct eng_txn *txn, uint32_t tenant, uint64_t id, uint64_t base)
{
	for (unsigned depth = 0; depth < 2 * DN_MAX_RDNS; depth++) {
		if (id == base)
			return true;
		if (!id || eng_entry_parent(txn, tenant, id, &id))
			return false;
	}
	return false;
}

static int id_of(struct eng_txn *txn, enum eng_table table, const struct eng_key *k, uint64_t *ret_id)
{
	struct lw_bytes v;
	int err = eng_get(txn, table, eng_key_bytes(k), &v);

	if (err)
		return err;
	if (v.n != 8)
		return LW_EIO;
	*ret_id = eng_load64(v.p);
	return LW_OK;
}

int eng_child(struct eng_txn *txn, uint32_t tenant, uint64_t parent, struct lw_bytes rdn_norm, uint64_t *ret_id)
{
	struct eng_key k = eng_key_dn(tenant, parent, rdn_norm);

	return id_of(txn, ENG_DN, &k, ret_id);
}

int eng_by_uuid(struct eng_txn *txn, uint32_t tenant, const struct lw_uuid *uuid, uint64_t *ret_id)
{
	struct eng_key k = eng_key_uuid(tenant, uuid);

	return id_of(txn, ENG_UUID, &k, ret_id);
}

int eng_by_name(struct eng_txn *txn, uint32_t tenant, uint16_t kind, struct lw_bytes norm, uint64_t *ret_id)
{
	struct eng_key k = eng_key_name(tenant, kind, norm);

	return id_of(txn, ENG_NAME, &k, ret_id);
}

bool eng_is_tomb(struct eng_txn *txn, uint32_t tenant, const struct lw_uuid *uuid)
{
	struct eng_key k = eng_key_uuid(tenant, uuid);
	struct lw_bytes v;

	return eng_get(txn, ENG_TOMB, eng_key_bytes(&k), &v) == LW_OK;
}

/* The first record of table at or after from that starts with prefix. The cursor goes back at once. */
static int first_at(struct eng_txn *txn, enum eng_table table, const struct eng_key *from, struct lw_bytes prefix,
	struct lw_bytes *ret_key, struct lw_bytes *ret)
{
	struct eng_cur *cur;
	struct lw_bytes key = eng_key_bytes(from), v;
	int err = LW_OK;

	cur = eng_cur_get(txn, table, &err);
	if (!cur)
		return err;
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
	eng_cur_put(txn, cur);
	if (!err && !eng_has_prefix(key, prefix))
		err = LW_ENOTFOUND;
	if (err)
		return err;
	*ret_key = key;
	*ret = v;
	return LW_OK;
}

bool eng_has_children(struct eng_txn *txn, uint32_t tenant, uint64_t id)
{
	struct eng_key k = eng_key_entry(tenant, id);
	struct lw_bytes key, v;

	return first_at(txn, ENG_DN, &k, eng_key_bytes(&k), &key, &v) == LW_OK;
}

int eng_child_next(struct eng_txn *txn, uint32_t tenant, uint64_t parent, struct lw_arena *arena,
	struct lw_bytes *inout_key, uint64_t *ret_id)
{
	struct eng_key prefix = eng_key_entry(tenant, parent), k = prefix;
	struct lw_bytes key, v, copy;
	int err;

	eng_key_raw(&k, *inout_key);
	if (inout_key->n)
		eng_key_u8(&k, 0); /* the key right after it */
	err = first_at(txn, ENG_DN, &k, eng_key_bytes(&prefix), &key, &v);
	if (err)
		return err;
	if (v.n != 8)
		return LW_EIO;
	key = (struct lw_bytes){ key.p + prefix.n, key.n - prefix.n };
	if (key.n <= inout_key->n && inout_key->n) { /* the caller's old room will do */
		memcpy((uint8_t *)(uintptr_t)inout_key->p, key.p, key.n);
		inout_key->n = key.n;
	} else {
		copy = lw_dup(arena, key);
		if (!copy.p)
			return LW_ENOMEM;
		*inout_key = copy;
	}
	*ret_id = eng_load64(v.p);
	return LW_OK;
}

bool eng_is_ref(struct eng_txn *txn, uint32_t tenant, uint64_t target, uint16_t attr, uint64_t holder)
{
	struct eng_key k = eng_key_ref(tenant, target, attr, holder);
	struct lw_bytes v;

	return eng_get(txn, ENG_REF, eng_key_bytes(&k), &v) == LW_OK;
}

int eng_ref_next(struct eng_txn *txn, uint32_t tenant, uint64_t target, uint16_t *inout_attr, uint64_t *inout_holder)
{
	struct eng_key prefix = eng_key_entry(tenant, target);
	struct eng_key k = eng_key_ref(tenant, target, *inout_attr, *inout_holder + 1);
	struct lw_bytes key, v;
	int err = first_at(txn, ENG_REF, &k, eng_key_bytes(&prefix), &key, &v);

	if (err)
		return err;
	if (key.n != (size_t)prefix.n + 2 + 8)
		return LW_EIO;
	*inout_attr = (uint16_t)(key.p[prefix.n] << 8 | key.p[prefix.n + 1]);
	*inout_holder = eng_load64(key.p + prefix.n + 2);
	return LW_OK;
}

/* ---- secrets, grants, meta ---- */

static bool sealed_key(struct lw_bytes key, struct eng_sealed_key *ret)
{
	const size_t at = 4 + 8;

	if (key.n != at + 2 + 1 + 8 + 2) /* the part too */
		return false;
	ret->attr = (uint16_t)(key.p[at] << 8 | key.p[at + 1]);
	ret->cls = key.p[at + 2];
	ret->generation = eng_load64(key.p + at + 3);
	return true;
}

/* The first sealed record at or after k. */
static int sealed_from(struct eng_txn *txn, uint32_t tenant, uint64_t id, const struct eng_key *k,
	struct eng_sealed_key *ret_key, struct lw_bytes *ret)
{
	struct eng_key prefix = eng_key_entry(tenant, id), whole;
	struct eng_sealed_key at;
	struct lw_bytes key, v;
	int err = first_at(txn, ENG_SEALED, k, eng_key_bytes(&prefix), &key, &v);

	if (err)
		return err;
	if (!sealed_key(key, &at))
		return LW_EIO;
	whole = eng_key_sealed(tenant, id, at.attr, at.cls, at.generation);
	err = eng_blob_get(txn, ENG_SEALED, eng_key_bytes(&whole), ret);
	if (err)
		return err == LW_ENOTFOUND ? LW_EIO : err;
	*ret_key = at;
	return LW_OK;
}

int eng_sealed_next(struct eng_txn *txn, uint32_t tenant, uint64_t id, struct eng_sealed_key *inout,
	struct lw_bytes *ret)
{
	struct eng_key k = eng_key_sealed(tenant, id, inout->attr, inout->cls, inout->generation);

	if (inout->attr || inout->cls || inout->generation)
		eng_key_u16(&k, UINT16_MAX); /* past its parts */
	return sealed_from(txn, tenant, id, &k, inout, ret);
}

int eng_sealed(struct eng_txn *txn, uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, struct lw_bytes *ret,
	uint64_t *ret_generation)
{
	struct eng_key k = eng_key_sealed(tenant, id, attr, cls, 0);
	struct eng_sealed_key at;
	struct lw_bytes v;
	bool found = false;
	int err;

	while (!(err = sealed_from(txn, tenant, id, &k, &at, &v)) && at.attr == attr && at.cls == cls) {
		*ret = v;
		*ret_generation = at.generation;
		found = true;
		k = eng_key_sealed(tenant, id, attr, cls, at.generation);
		eng_key_u16(&k, UINT16_MAX);
	}
	if (err && err != LW_ENOTFOUND)
		return err;
	return found ? LW_OK : LW_ENOTFOUND;
}

int eng_grant_next(struct eng_txn *txn, uint32_t tenant, uint64_t from, uint64_t *ret_id, struct lw_bytes *ret)
{
	struct eng_key prefix, k = eng_key_entry(tenant, from);
	struct lw_bytes key, v;
	uint64_t id;
	int err;

	eng_key_start(&prefix, tenant);
	err = first_at(txn, ENG_GRANT, &k, eng_key_bytes(&prefix), &key, &v);
	if (err)
		return err;
	if (key.n != 4 + 8 + 2)
		return LW_EIO;
	id = eng_load64(key.p + 4);
	k = eng_key_entry(tenant, id);
	err = eng_blob_get(txn, ENG_GRANT, eng_key_bytes(&k), ret);
	if (err)
		return err == LW_ENOTFOUND ? LW_EIO : err;
	*ret_id = id;
	return LW_OK;
}

int eng_meta(struct eng_txn *txn, const char *name, struct lw_bytes *ret)
{
	return eng_blob_get(txn, ENG_META, lw_str(name), ret);
}

int store_meta_get(struct store *st, struct lw_arena *arena, const char *name, struct lw_bytes *ret)
{
	struct eng_txn *txn;
	struct lw_bytes v;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	err = eng_meta(txn, name, &v);
	if (!err) {
		v = lw_dup(arena, v);
		if (v.p)
			*ret = v;
		else
			err = LW_ENOMEM;
	}
	eng_end(txn);
	return err;
}

int eng_applied_get(struct eng_txn *txn, struct eng_applied *ret)
{
	struct eng_applied a;
	struct lw_bytes v, uuid;
	struct lw_reader r;
	int err = eng_meta(txn, "applied", &v);

	if (err)
		return err;
	lw_reader_init(&r, v);
	a.seq = lw_get_u64(&r);
	a.epoch = lw_get_u64(&r);
	uuid = lw_get_raw(&r, sizeof(a.origin.b));
	if (lw_reader_end(&r))
		return LW_EIO;
	memcpy(a.origin.b, uuid.p, sizeof(a.origin.b));
	*ret = a;
	return LW_OK;
}

uint64_t eng_applied_seq(struct eng_txn *txn)
{
	struct eng_applied a;

	return eng_applied_get(txn, &a) ? 0 : a.seq;
}

int eng_log_get(struct eng_txn *txn, uint64_t seq, struct lw_bytes *ret)
{
	uint8_t key[8], sum[32];
	struct lw_bytes v;
	int err;

	eng_store64(key, seq);
	err = eng_blob_get(txn, ENG_LOG, (struct lw_bytes){ key, sizeof(key) }, &v);
	if (err)
		return err;
	if (v.n < ENG_LOG_SUM)
		return LW_EIO;
	v.n -= ENG_LOG_SUM;
	lw_hash(LW_SHA256, v, sum);
	if (memcmp(sum, v.p + v.n, ENG_LOG_SUM) != 0)
		return LW_EIO;
	*ret = v;
	return LW_OK;
}
