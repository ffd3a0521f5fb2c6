/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants that died. Their end is one effect: the wrapped keys are gone, a tombstone holds the UUID, a row of `reclaim`
 * says what is left to do. Then the rows go in steps, each an effect of its own in the log; what a step takes follows
 * from the tables alone, so a replay takes the same. At last the log forgets the wrapped keys, too, and the name is free. */
#include <stdlib.h>
#include "base/crypto.h"
#include "store/eng_int.h"

#define FORMAT      1
#define LOG_STEP    512          /* log records looked at in a step */
#define LOG_OCTETS  (8u << 20)   /* … and octets of them */

/* In this order: what is secret first, the entries, which say what there was, last. */
static const enum eng_table order[] = { ENG_SEALED, ENG_GRANT, ENG_NAME, ENG_UUID, ENG_DN, ENG_REF, ENG_EQ, ENG_SUB,
	ENG_ORD, ENG_ENTRY, ENG_TOMB };
#define NORDER (sizeof(order) / sizeof(order[0]))

bool eng_reclaimed_table(enum eng_table table)
{
	for (size_t i = 0; i < NORDER; i++)
		if (order[i] == table)
			return true;
	return false;
}

static void key_of(struct eng_key *k, uint32_t tenant)
{
	eng_key_start(k, tenant);
}

int eng_reclaim(struct eng_txn *txn, uint32_t tenant, struct eng_reclaim *ret)
{
	struct eng_reclaim r = { .tenant = tenant };
	struct lw_reader in;
	struct lw_bytes v;
	struct eng_key k;
	uint8_t format;
	int err;

	key_of(&k, tenant);
	err = eng_get(txn, ENG_RECLAIM, eng_key_bytes(&k), &v);
	if (err)
		return err;
	lw_reader_init(&in, v);
	format = lw_get_u8(&in);
	r.stage = lw_get_u8(&in);
	r.removed = lw_get_u64(&in);
	r.seq = lw_get_u64(&in);
	if (lw_reader_end(&in) || format != FORMAT || r.stage > NORDER)
		return LW_EIO;
	*ret = r;
	return LW_OK;
}

int eng_reclaim_next(struct eng_txn *txn, uint32_t from, struct eng_reclaim *ret)
{
	struct lw_bytes key, v;
	struct eng_key k;
	struct eng_cur *cur;
	int err = LW_OK;

	key_of(&k, from);
	key = eng_key_bytes(&k);
	cur = eng_cur_get(txn, ENG_RECLAIM, &err);
	if (!cur)
		return err;
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
	eng_cur_put(txn, cur);
	if (err)
		return err;
	if (key.n != 4)
		return LW_EIO;
	return eng_reclaim(txn, (uint32_t)key.p[0] << 24 | (uint32_t)key.p[1] << 16 | (uint32_t)key.p[2] << 8 | key.p[3], ret);
}

static int put(struct eng_txn *txn, const struct eng_reclaim *r)
{
	uint8_t b[18] = { FORMAT, (uint8_t)r->stage };
	struct eng_key k;

	eng_store64(b + 2, r->removed);
	eng_store64(b + 10, r->seq);
	key_of(&k, r->tenant);
	return eng_put(txn, ENG_RECLAIM, eng_key_bytes(&k), (struct lw_bytes){ b, sizeof(b) });
}

/* ---- the end of a tenant ---- */

int eng_apply_tenant_del(struct eng_txn *txn, uint32_t tenant, int64_t time)
{
	const struct eng_reclaim r = { .tenant = tenant };
	struct eng_key k = eng_key_tenant(tenant, 1);
	struct eng_tenant t;
	struct lw_writer w;
	uint8_t when[8];
	int err = eng_tenant(txn, tenant, &t);

	if (err || t.flags & (ENG_TENANT_DELETED | ENG_TENANT_SYSTEM))
		return err && err != LW_ENOTFOUND ? err : LW_EINTERNAL;
	t.flags |= ENG_TENANT_DELETED;
	t.keys = (struct lw_bytes){ NULL, 0 };
	lw_writer_init(&w, 4096);
	eng_tenant_encode(&w, &t); /* copies what lies in the map */
	err = w.err ? w.err : eng_blob_put(txn, ENG_TENANT, eng_key_bytes(&k), lw_written(&w));
	if (!err) {
		eng_store64(when, (uint64_t)time);
		k = eng_key_uuid(0, &t.uuid);
		err = eng_put(txn, ENG_TOMB, eng_key_bytes(&k), (struct lw_bytes){ when, sizeof(when) });
	}
	lw_writer_done(&w);
	return err ? err : put(txn, &r);
}

/* ---- a step ---- */

static int sweep(struct eng_txn *txn, enum eng_table table, struct lw_bytes prefix, uint64_t max, uint64_t *inout_n)
{
	struct lw_bytes key = prefix, v;
	int err = LW_OK;
	struct eng_cur *cur = eng_cur_get(txn, table, &err);

	if (!cur)
		return err;
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
	while (!err && eng_has_prefix(key, prefix)) {
		if (*inout_n == max) {
			err = LW_EAGAIN;
			break;
		}
		err = eng_cur_del(txn, cur);
		if (!err) {
			++*inout_n;
			err = eng_cur_move(txn, cur, MDB_NEXT, &key, &v);
		}
	}
	eng_cur_put(txn, cur);
	return err == LW_ENOTFOUND ? LW_OK : err;
}

/* The wrapped keys in what the log says of this tenant. */
static bool wipe_keys(uint8_t *record, size_t n, uint32_t tenant)
{
	struct eng_effect e;
	struct eng_tenant t;
	struct eng_batch b;
	struct lw_reader r;
	struct lw_bytes op;
	size_t pos = 0, at;
	bool wiped = false;

	if (eng_batch_decode((struct lw_bytes){ record, n }, &b))
		return false;
	while (eng_batch_op(&b, &pos, &op))
		for (at = 0, e = (struct eng_effect){ 0 }; eng_op_next(op, &at, &e);) {
			if (e.kind != ENG_FX_TENANT_PUT || e.tenant != tenant)
				continue;
			lw_reader_init(&r, e.body);
			eng_tenant_parse(&r, &t);
			for (size_t i = 0; !r.err && i < t.keys.n; i++)
				wiped = wiped || t.keys.p[i];
			if (!r.err && t.keys.n)
				memset(record + (t.keys.p - record), 0, t.keys.n);
		}
	return wiped;
}

static int forget(struct eng_txn *txn, struct eng_reclaim *r, bool *ret_done)
{
	uint64_t last = eng_applied_seq(txn);
	struct lw_bytes record;
	size_t octets = 0;
	int err = LW_OK;

	for (unsigned i = 0; !err && i < LOG_STEP && octets < LOG_OCTETS && r->seq < last; i++) {
		err = eng_log_get(txn, r->seq + 1, &record);
		if (err && err != LW_ENOTFOUND)
			return err;
		r->seq++;
		if (err) {
			err = LW_OK;
			continue;
		}
		octets += record.n;
		if (record.n + ENG_LOG_SUM <= ENG_VALUE_MAX) /* it may lie in the map; a longer one does not */
			record = lw_dup(txn->arena, record);
		if (!record.p)
			return LW_ENOMEM;
		if (wipe_keys((uint8_t *)record.p, record.n, r->tenant))
			err = eng_log_put(txn, r->seq, record);
	}
	*ret_done = r->seq >= last;
	return err;
}

static int finish(struct eng_txn *txn, uint32_t tenant)
{
	struct eng_tenant t;
	struct eng_key k;
	uint32_t named;
	int err = eng_tenant(txn, tenant, &t);

	if (!err) {
		err = eng_tenant_find(txn, t.name, &named);
		if (!err && named == tenant) {
			k.n = 0;
			eng_key_raw(&k, t.name);
			err = eng_del(txn, ENG_TNAME, eng_key_bytes(&k));
		}
		if (err == LW_ENOTFOUND)
			err = LW_OK;
	}
	key_of(&k, tenant);
	return err ? err : eng_del(txn, ENG_RECLAIM, eng_key_bytes(&k));
}

int eng_apply_reclaim(struct eng_txn *txn, uint32_t tenant, uint32_t max)
{
	struct eng_reclaim r;
	struct eng_key prefix;
	uint64_t n = 0;
	bool done = false;
	int err = eng_reclaim(txn, tenant, &r);

	if (err)
		return err == LW_ENOTFOUND ? LW_EINTERNAL : err;
	key_of(&prefix, tenant);
	while (!err && r.stage < NORDER && !(err = sweep(txn, order[r.stage], eng_key_bytes(&prefix), max, &n)))
		r.stage++;
	r.removed += n;
	if (err == LW_EAGAIN)
		return put(txn, &r);
	if (!err)
		err = forget(txn, &r, &done);
	if (err)
		return err;
	return done ? finish(txn, tenant) : put(txn, &r);
}
