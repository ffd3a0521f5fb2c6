/* SPDX-License-Identifier: Apache-2.0 */
/* Single records, cursors, and records in parts. */
#include <stdlib.h>
#include <string.h>
#include "store/eng_int.h"

/* ---- single records ---- */

static MDB_val val(struct lw_bytes b)
{
	return (MDB_val){ b.n, (void *)(uintptr_t)b.p };
}

int eng_get(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes *ret)
{
	MDB_val k = val(key), v;
	int rc = mdb_get(txn->mdb, txn->st->dbi[table], &k, &v);

	if (rc == MDB_NOTFOUND)
		return LW_ENOTFOUND;
	if (rc)
		return eng_mdb_err(txn->st, rc, "get");
	*ret = (struct lw_bytes){ v.mv_data, v.mv_size };
	txn->touched[txn->ntouched++ % ENG_TOUCHED] = (uintptr_t)v.mv_data;
	return LW_OK;
}

static int put(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value, unsigned flags)
{
	MDB_val k = val(key), v = val(value);

	return eng_mdb_err(txn->st, mdb_put(txn->mdb, txn->st->dbi[table], &k, &v, flags), "put");
}

int eng_put(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value)
{
	return put(txn, table, key, value, 0);
}

int eng_put_new(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value)
{
	return put(txn, table, key, value, MDB_NOOVERWRITE);
}

int eng_del(struct eng_txn *txn, enum eng_table table, struct lw_bytes key)
{
	MDB_val k = val(key);

	return eng_mdb_err(txn->st, mdb_del(txn->mdb, txn->st->dbi[table], &k, NULL), "delete");
}

/* ---- cursors ---- */

struct eng_cur *eng_cur_get(struct eng_txn *txn, enum eng_table table, int *ret_err)
{
	struct eng_cur *cur = txn->idle[table];
	int rc;

	if (cur) {
		txn->idle[table] = cur->next;
		rc = txn->write ? 0 : mdb_cursor_renew(txn->mdb, cur->c);
	} else {
		cur = calloc(1, sizeof(*cur));
		if (!cur) {
			*ret_err = LW_ENOMEM;
			return NULL;
		}
		cur->table = table;
		rc = mdb_cursor_open(txn->mdb, txn->st->dbi[table], &cur->c);
	}
	if (rc) {
		*ret_err = eng_mdb_err(txn->st, rc, "cursor");
		if (cur->c)
			mdb_cursor_close(cur->c);
		free(cur);
		return NULL;
	}
	cur->next = txn->used;
	txn->used = cur;
	return cur;
}

void eng_cur_put(struct eng_txn *txn, struct eng_cur *cur)
{
	struct eng_cur **at = &txn->used;

	if (!cur)
		return;
	while (*at && *at != cur)
		at = &(*at)->next;
	if (*at)
		*at = cur->next;
	cur->next = txn->idle[cur->table];
	txn->idle[cur->table] = cur;
}

int eng_cur_move(struct eng_txn *txn, struct eng_cur *cur, MDB_cursor_op op, struct lw_bytes *inout_key,
	struct lw_bytes *ret)
{
	MDB_val k = { 0 }, v;
	int rc;

	if (op == MDB_SET_RANGE)
		k = val(*inout_key);
	rc = mdb_cursor_get(cur->c, &k, &v, op);
	if (rc == MDB_NOTFOUND)
		return LW_ENOTFOUND;
	if (rc)
		return eng_mdb_err(txn->st, rc, "cursor get");
	*inout_key = (struct lw_bytes){ k.mv_data, k.mv_size };
	*ret = (struct lw_bytes){ v.mv_data, v.mv_size };
	return LW_OK;
}

int eng_cur_del(struct eng_txn *txn, struct eng_cur *cur)
{
	int rc = mdb_cursor_del(cur->c, 0);

	return rc ? eng_mdb_err(txn->st, rc, "cursor del") : LW_OK;
}

void eng_curs_idle(struct eng_txn *txn)
{
	while (txn->used)
		eng_cur_put(txn, txn->used);
}

void eng_curs_close(struct eng_txn *txn)
{
	eng_curs_idle(txn);
	for (unsigned t = 0; t < ENG_TABLES; t++)
		while (txn->idle[t]) {
			struct eng_cur *cur = txn->idle[t];

			txn->idle[t] = cur->next;
			mdb_cursor_close(cur->c);
			free(cur);
		}
}

/* ---- records in parts ---- */

static struct eng_key part_key(struct lw_bytes key, unsigned part)
{
	struct eng_key k;

	k.n = 0;
	eng_key_raw(&k, key);
	eng_key_u16(&k, (uint16_t)part);
	return k;
}

/* Octets of part 0, without the count. */
static int part0(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, unsigned *ret_parts,
	struct lw_bytes *ret)
{
	struct eng_key k = part_key(key, 0);
	struct lw_bytes v;
	int err = eng_get(txn, table, eng_key_bytes(&k), &v);
	unsigned n;

	if (err)
		return err;
	n = v.n < ENG_BLOB_HEAD ? 0 : (unsigned)v.p[0] << 8 | v.p[1];
	if (!n)
		return LW_EIO;
	*ret_parts = n;
	*ret = (struct lw_bytes){ v.p + ENG_BLOB_HEAD, v.n - ENG_BLOB_HEAD };
	return LW_OK;
}

int eng_blob_get(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes *ret)
{
	struct lw_bytes v;
	unsigned parts;
	uint8_t *all;
	size_t n;
	int err = part0(txn, table, key, &parts, &v);

	if (err)
		return err;
	if (parts == 1) {
		*ret = v;
		return LW_OK;
	}
	all = lw_alloc(txn->arena, (size_t)parts * ENG_VALUE_MAX);
	if (!all)
		return LW_ENOMEM;
	for (unsigned i = 0;;) {
		if (v.n > ENG_VALUE_MAX)
			return LW_EIO;
		if (i == 0)
			n = 0;
		memcpy(all + n, v.p, v.n);
		n += v.n;
		if (++i == parts)
			break;
		struct eng_key k = part_key(key, i);

		err = eng_get(txn, table, eng_key_bytes(&k), &v);
		if (err)
			return err == LW_ENOTFOUND ? LW_EIO : err;
	}
	*ret = (struct lw_bytes){ all, n };
	return LW_OK;
}

int eng_blob_put(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value)
{
	const size_t step = ENG_VALUE_MAX - ENG_BLOB_HEAD;
	size_t parts = value.n ? (value.n + step - 1) / step : 1;
	uint8_t buf[ENG_VALUE_MAX];
	unsigned old = 0;
	struct lw_bytes v;
	int err;

	if (parts > UINT16_MAX)
		return LW_ELIMIT;
	err = part0(txn, table, key, &old, &v);
	if (err && err != LW_ENOTFOUND)
		return err;
	for (unsigned i = 0; i < parts; i++) {
		struct eng_key k = part_key(key, i);
		struct lw_bytes piece = { value.p + i * step, i + 1 < parts ? step : value.n - i * step };

		if (i == 0) {
			buf[0] = (uint8_t)(parts >> 8);
			buf[1] = (uint8_t)parts;
			if (piece.n)
				memcpy(buf + ENG_BLOB_HEAD, piece.p, piece.n);
			piece = (struct lw_bytes){ buf, piece.n + ENG_BLOB_HEAD };
		} else if (i < old && eng_get(txn, table, eng_key_bytes(&k), &v) == LW_OK && lw_eq(v, piece)) {
			continue;
		}
		err = eng_put(txn, table, eng_key_bytes(&k), piece);
		if (err)
			return err;
	}
	for (unsigned i = (unsigned)parts; i < old; i++) {
		struct eng_key k = part_key(key, i);

		err = eng_del(txn, table, eng_key_bytes(&k));
		if (err)
			return err == LW_ENOTFOUND ? LW_EIO : err;
	}
	return LW_OK;
}

int eng_blob_del(struct eng_txn *txn, enum eng_table table, struct lw_bytes key)
{
	struct lw_bytes v;
	unsigned parts;
	int err = part0(txn, table, key, &parts, &v);

	for (unsigned i = 0; !err && i < parts; i++) {
		struct eng_key k = part_key(key, i);

		err = eng_del(txn, table, eng_key_bytes(&k));
		if (err == LW_ENOTFOUND)
			err = LW_EIO;
	}
	return err;
}
