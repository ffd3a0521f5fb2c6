/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's chains. A chain is a tenant's and a role's; docs/audit.md has the octets.
 *
 * Table audit: T, u8 role, u64 number of the first record -> a row of records: u8 version, the hash of the record before the first, and for
 * each u16 length, u32 number, 4 octets of its hash, its octets. Number and hash by each record are not needed to read the chain: they tell
 * which one was touched.
 * Table audit.head: T, u8 role -> the head (struct store_audit_head). Effects carry records alone; number and hash are made here, from state
 * and effect alone. */
#include "base/audit.h"
#include "base/crypto.h"
#include "store/eng_int.h"

#define HEAD_VERSION 1
#define HEAD_OCTETS  (1 + 40 + 40 + 8 + 32 + 40 + 8 + 32)
#define ROW_VERSION  1
#define RECORD_HEAD  (2 + 4 + CHECK)
#define CHECK        4
#define ROW_MAX      4080 /* with its header, a page of its own */

struct eng_key eng_key_audit(uint32_t tenant, uint8_t role, uint64_t seq)
{
	struct eng_key k;

	eng_key_start(&k, tenant);
	eng_key_u8(&k, role);
	if (seq)
		eng_key_u64(&k, seq);
	return k;
}

static uint32_t tenant_of(struct lw_bytes key)
{
	return (uint32_t)key.p[0] << 24 | (uint32_t)key.p[1] << 16 | (uint32_t)key.p[2] << 8 | key.p[3];
}

/* ---- effects ---- */

static size_t start(struct eng_fx *fx, enum eng_audit_what what, uint32_t tenant, uint8_t role)
{
	size_t at = eng_effect_start(fx, ENG_FX_AUDIT, tenant, 0);

	lw_put_u8(fx->w, (uint8_t)what);
	lw_put_u8(fx->w, role);
	return at;
}

void eng_fx_audit(struct eng_fx *fx, uint32_t tenant, uint8_t role, struct lw_bytes records)
{
	size_t at = start(fx, ENG_AUDIT_RECORDS, tenant, role);

	lw_put_counted(fx->w, records);
	eng_effect_end(fx, at);
}

static void put_mark(struct lw_writer *w, const struct store_audit_mark *m)
{
	lw_put_u64(w, m->seq);
	lw_put_raw(w, m->hash, sizeof(m->hash));
}

static void fx_mark(struct eng_fx *fx, enum eng_audit_what what, uint32_t tenant, uint8_t role, const struct store_audit_mark *m,
	int64_t time, const uint8_t mac[32])
{
	size_t at = start(fx, what, tenant, role);

	put_mark(fx->w, m);
	lw_put_u64(fx->w, (uint64_t)time);
	lw_put_raw(fx->w, mac, 32);
	eng_effect_end(fx, at);
}

void eng_fx_audit_mac(struct eng_fx *fx, uint32_t tenant, uint8_t role, const struct store_audit_mark *m, int64_t time,
	const uint8_t mac[32])
{
	fx_mark(fx, ENG_AUDIT_MAC, tenant, role, m, time, mac);
}

void eng_fx_audit_trim(struct eng_fx *fx, uint32_t tenant, uint8_t role, const struct store_audit_mark *m, int64_t time,
	const uint8_t mac[32])
{
	fx_mark(fx, ENG_AUDIT_TRIM, tenant, role, m, time, mac);
}

static void get_raw(struct lw_reader *r, uint8_t *ret, size_t n)
{
	struct lw_bytes b = lw_get_raw(r, n);

	if (b.n == n)
		memcpy(ret, b.p, n);
}

static void get_mark(struct lw_reader *r, struct store_audit_mark *ret)
{
	ret->seq = lw_get_u64(r);
	get_raw(r, ret->hash, sizeof(ret->hash));
}

void eng_audit_parse(struct lw_reader *r, struct eng_audit_args *ret)
{
	struct lw_reader records;
	struct lw_audit a;

	ret->what = lw_get_u8(r);
	ret->role = lw_get_u8(r);
	if (!r->err && (!lw_audit_role_name(ret->role) || ret->what < ENG_AUDIT_RECORDS || ret->what > ENG_AUDIT_TRIM))
		r->err = LW_EINVAL;
	if (ret->what != ENG_AUDIT_RECORDS) {
		get_mark(r, &ret->mark);
		ret->time = (int64_t)lw_get_u64(r);
		get_raw(r, ret->mac, sizeof(ret->mac));
		return;
	}
	ret->records = lw_get_counted(r, ENG_BATCH_MAX);
	if (r->err)
		return;
	lw_reader_init(&records, ret->records);
	while (!records.err && lw_reader_left(&records)) {
		struct lw_bytes octets = lw_get_raw(&records, lw_get_u16(&records));

		if (records.err || lw_audit_kept(octets, &a))
			records.err = LW_EINVAL;
	}
	if (records.err)
		r->err = LW_EINVAL;
}

/* ---- heads ---- */

static int head_get(struct lw_bytes key, struct lw_bytes v, struct store_audit_head *ret)
{
	struct store_audit_head h = { 0 };
	struct lw_reader r;

	if (key.n != 5)
		return LW_EIO;
	h.tenant = tenant_of(key);
	h.role = key.p[4];
	lw_reader_init(&r, v);
	if (lw_get_u8(&r) != HEAD_VERSION)
		return LW_EIO;
	get_mark(&r, &h.end);
	get_mark(&r, &h.maced);
	h.mac_time = (int64_t)lw_get_u64(&r);
	get_raw(&r, h.mac, sizeof(h.mac));
	get_mark(&r, &h.gone);
	h.gone_time = (int64_t)lw_get_u64(&r);
	get_raw(&r, h.gone_mac, sizeof(h.gone_mac));
	if (lw_reader_end(&r))
		return LW_EIO;
	*ret = h;
	return LW_OK;
}

int eng_audit_head(struct eng_txn *txn, uint32_t tenant, uint8_t role, struct store_audit_head *ret)
{
	struct eng_key k = eng_key_audit(tenant, role, 0);
	struct lw_bytes v;
	int err = eng_get(txn, ENG_AUDIT_HEAD, eng_key_bytes(&k), &v);

	return err ? err : head_get(eng_key_bytes(&k), v, ret);
}

int eng_audit_head_next(struct eng_txn *txn, uint32_t tenant, uint8_t role, struct store_audit_head *ret)
{
	struct eng_key k = eng_key_audit(tenant, role, 0);
	struct lw_bytes key = eng_key_bytes(&k), v;
	struct eng_cur *cur;
	int err = LW_OK;

	cur = eng_cur_get(txn, ENG_AUDIT_HEAD, &err);
	if (!cur)
		return err;
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
	if (!err)
		err = head_get(key, v, ret);
	eng_cur_put(txn, cur);
	return err;
}

static int head_put(struct eng_txn *txn, const struct store_audit_head *h)
{
	struct eng_key k = eng_key_audit(h->tenant, h->role, 0);
	uint8_t room[HEAD_OCTETS];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	lw_put_u8(&w, HEAD_VERSION);
	put_mark(&w, &h->end);
	put_mark(&w, &h->maced);
	lw_put_u64(&w, (uint64_t)h->mac_time);
	lw_put_raw(&w, h->mac, sizeof(h->mac));
	put_mark(&w, &h->gone);
	lw_put_u64(&w, (uint64_t)h->gone_time);
	lw_put_raw(&w, h->gone_mac, sizeof(h->gone_mac));
	return w.err ? w.err : eng_put(txn, ENG_AUDIT_HEAD, eng_key_bytes(&k), lw_written(&w));
}

void eng_audit_link(const uint8_t prev[32], uint64_t seq, struct lw_bytes octets, uint8_t ret[32])
{
	uint8_t room[32 + 8 + LW_AUDIT_WIRE_MAX];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	lw_put_raw(&w, prev, 32);
	lw_put_u64(&w, seq);
	lw_put_bytes(&w, octets);
	if (w.err) /* longer than any: no hash of any record */
		memset(ret, 0, 32);
	else
		lw_hash(LW_SHA256, lw_written(&w), ret);
}

/* ---- applying ---- */

struct row { /* being filled */
	uint64_t first;
	struct lw_writer w;
	uint8_t room[ROW_MAX];
};

static int row_put(struct eng_txn *txn, const struct store_audit_head *h, struct row *row)
{
	struct eng_key k = eng_key_audit(h->tenant, h->role, row->first);
	struct lw_bytes v = lw_written(&row->w);

	if (!v.n)
		return LW_OK;
	lw_writer_reset(&row->w);
	return eng_put(txn, ENG_AUDIT, eng_key_bytes(&k), v); /* the head says what there is, whatever somebody left behind it */
}

static int append(struct eng_txn *txn, struct store_audit_head *h, struct lw_bytes octets, struct row *row)
{
	int err = row->w.n + RECORD_HEAD + octets.n > ROW_MAX ? row_put(txn, h, row) : LW_OK;

	if (err)
		return err;
	h->end.seq++;
	if (!row->w.n) {
		row->first = h->end.seq;
		lw_put_u8(&row->w, ROW_VERSION);
		lw_put_raw(&row->w, h->end.hash, 32);
	}
	eng_audit_link(h->end.hash, h->end.seq, octets, h->end.hash);
	lw_put_u16(&row->w, (uint16_t)octets.n);
	lw_put_u32(&row->w, (uint32_t)h->end.seq);
	lw_put_raw(&row->w, h->end.hash, CHECK);
	lw_put_bytes(&row->w, octets);
	return row->w.err;
}

/* One record as it lies in a row. */
struct stored {
	uint32_t said; /* its number, the lower half */
	struct lw_bytes check, octets;
};

static bool next_stored(struct lw_reader *row, struct stored *ret)
{
	size_t n = lw_reader_left(row) && !row->err ? lw_get_u16(row) : 0;

	if (!n)
		return false;
	ret->said = lw_get_u32(row);
	ret->check = lw_get_raw(row, CHECK);
	ret->octets = lw_get_raw(row, n);
	return !row->err;
}

/* *ret: at its first record. */
static int row_start(struct lw_bytes v, struct lw_reader *ret, const uint8_t **ret_prev)
{
	lw_reader_init(ret, v);
	if (lw_get_u8(ret) != ROW_VERSION)
		return LW_EIO;
	*ret_prev = lw_get_raw(ret, 32).p;
	return ret->err || !lw_reader_left(ret) ? LW_EIO : LW_OK;
}

static size_t records_of(struct lw_bytes v)
{
	const uint8_t *prev;
	struct lw_reader row;
	struct stored one;
	size_t n = 0;

	if (row_start(v, &row, &prev) == LW_OK)
		while (next_stored(&row, &one))
			n++;
	return n;
}

static int trim(struct eng_txn *txn, const struct store_audit_head *h, uint64_t upto)
{
	struct eng_key k = eng_key_audit(h->tenant, h->role, 1), prefix = eng_key_audit(h->tenant, h->role, 0);

	for (;;) {
		struct lw_bytes key = eng_key_bytes(&k), v;
		struct eng_key found = { 0 };
		size_t n = 0;
		int err = LW_OK;
		struct eng_cur *cur = eng_cur_get(txn, ENG_AUDIT, &err);

		if (!cur)
			return err;
		err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
		if (!err) {
			eng_key_raw(&found, key);
			n = records_of(v);
		}
		eng_cur_put(txn, cur);
		if (err == LW_ENOTFOUND || (!err && (!eng_has_prefix(eng_key_bytes(&found), eng_key_bytes(&prefix)) || found.n != 13 ||
			eng_load64(found.b + 5) + (n ? n - 1 : 0) > upto)))
			return LW_OK; /* a row that is partly kept stays */
		if (!err)
			err = eng_del(txn, ENG_AUDIT, eng_key_bytes(&found));
		if (err)
			return err;
	}
}

int eng_audit_apply(struct eng_txn *txn, uint32_t tenant, const struct eng_audit_args *a)
{
	struct store_audit_head h = { 0 };
	struct lw_reader r;
	struct row row = { .w = { .p = row.room, .cap = ROW_MAX, .max = ROW_MAX } };
	int err = eng_audit_head(txn, tenant, a->role, &h);

	if (err && err != LW_ENOTFOUND)
		return err;
	h.tenant = tenant;
	h.role = a->role;
	switch (a->what) {
	case ENG_AUDIT_MAC:
		h.maced = a->mark;
		h.mac_time = a->time;
		memcpy(h.mac, a->mac, sizeof(h.mac));
		return head_put(txn, &h);
	case ENG_AUDIT_TRIM:
		h.gone = a->mark;
		h.gone_time = a->time;
		memcpy(h.gone_mac, a->mac, sizeof(h.gone_mac));
		err = trim(txn, &h, a->mark.seq);
		return err ? err : head_put(txn, &h);
	default:
		break;
	}
	lw_reader_init(&r, a->records);
	for (err = LW_OK; !err && lw_reader_left(&r);)
		err = append(txn, &h, lw_get_raw(&r, lw_get_u16(&r)), &row);
	if (!err)
		err = row_put(txn, &h, &row);
	return err ? err : head_put(txn, &h);
}

/* ---- reading ---- */

/* The row that holds record `from`, or the first after it. */
static int row_at(struct eng_txn *txn, struct eng_cur *cur, struct lw_bytes prefix, uint64_t from, struct lw_bytes *ret_key,
	struct lw_bytes *ret)
{
	struct eng_key k = { 0 };
	int err;

	eng_key_raw(&k, prefix);
	eng_key_u64(&k, from + 1);
	*ret_key = eng_key_bytes(&k);
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, ret_key, ret);
	if (!err || err == LW_ENOTFOUND)
		err = eng_cur_move(txn, cur, err ? MDB_LAST : MDB_PREV, ret_key, ret);
	if (!err && eng_has_prefix(*ret_key, prefix))
		return LW_OK;
	k.n = 0;
	eng_key_raw(&k, prefix);
	*ret_key = eng_key_bytes(&k);
	return eng_cur_move(txn, cur, MDB_SET_RANGE, ret_key, ret);
}

/* Each record of a row, with what it says of itself, and the hash that it has behind those before it in the row. */
typedef int row_fn(void *ctx, uint64_t seq, const uint8_t prev[32], const uint8_t hash[32], const struct stored *);

static int row_each(uint64_t seq, struct lw_bytes v, row_fn *fn, void *ctx)
{
	const uint8_t *start;
	struct lw_reader row;
	struct stored one;
	uint8_t prev[32], hash[32];
	int err = row_start(v, &row, &start);

	if (err)
		return err;
	memcpy(prev, start, sizeof(prev));
	for (; !err && next_stored(&row, &one); seq++) {
		eng_audit_link(prev, seq, one.octets, hash);
		err = fn(ctx, seq, prev, hash, &one);
		memcpy(prev, hash, sizeof(prev));
	}
	return err ? err : lw_reader_end(&row) ? LW_EIO : LW_OK;
}

static int each(struct eng_txn *txn, uint32_t tenant, uint8_t role, uint64_t from, row_fn *fn, void *ctx)
{
	struct eng_key k = eng_key_audit(tenant, role, 0);
	struct lw_bytes prefix = eng_key_bytes(&k), key, v;
	struct eng_cur *cur;
	int err = LW_OK;

	cur = eng_cur_get(txn, ENG_AUDIT, &err);
	if (!cur)
		return err;
	err = row_at(txn, cur, prefix, from, &key, &v);
	while (!err && eng_has_prefix(key, prefix)) {
		err = key.n != 13 ? LW_EIO : row_each(eng_load64(key.p + 5), v, fn, ctx);
		if (!err)
			err = eng_cur_move(txn, cur, MDB_NEXT, &key, &v);
	}
	eng_cur_put(txn, cur);
	return err ? err : LW_ENOTFOUND;
}

struct reading {
	uint64_t from;
	eng_audit_fn *fn;
	void *ctx;
};

static int read_one(void *ctx, uint64_t seq, const uint8_t prev[32], const uint8_t hash[32], const struct stored *s)
{
	const struct reading *r = ctx;
	struct eng_audit_record record = { .seq = seq, .prev = prev, .octets = s->octets };

	return seq < r->from ? LW_OK : r->fn(r->ctx, &record);
}

int eng_audit_row(uint64_t first, struct lw_bytes row, eng_audit_fn *fn, void *ctx)
{
	struct reading r = { 0, fn, ctx };

	return row_each(first, row, read_one, &r);
}

int eng_audit_records(struct eng_txn *txn, uint32_t tenant, uint8_t role, uint64_t from, eng_audit_fn *fn, void *ctx)
{
	struct reading r = { from, fn, ctx };

	return each(txn, tenant, role, from, read_one, &r);
}

/* ---- verifying ---- */

struct verify {
	struct eng_audit_walk *w;
	size_t left;
	bool begun;
};

static int bad(struct eng_audit_walk *w, uint64_t seq, const char *why)
{
	w->bad = seq;
	w->why = why;
	return LW_EINTERNAL; /* ends the walk */
}

/* Everything from the mark on: each by its number, behind the one before, and with the hash that it was given. */
static int verify_one(void *ctx, uint64_t seq, const uint8_t prev[32], const uint8_t hash[32], const struct stored *s)
{
	struct verify *v = ctx;
	struct eng_audit_walk *w = v->w;
	uint64_t expect = w->at.seq + 1;

	if (seq <= w->at.seq && !v->begun)
		return LW_OK; /* of the row that it began in */
	v->begun = true;
	if (expect > w->until.seq)
		return LW_ENOTFOUND; /* came meanwhile */
	if (!v->left--)
		return LW_EQUANTUM;
	if (seq > expect)
		return bad(w, expect, "dropped");
	if (seq != expect || s->said != (uint32_t)expect)
		return bad(w, expect, "swapped");
	if (memcmp(prev, w->at.hash, 32) != 0)
		return bad(w, w->at.seq ? w->at.seq : 1, "altered");
	if (memcmp(hash, s->check.p, CHECK) != 0)
		return bad(w, expect, "altered");
	w->at.seq = expect;
	memcpy(w->at.hash, hash, 32);
	if (expect == w->maced.seq && memcmp(w->at.hash, w->maced.hash, 32) != 0)
		return bad(w, expect, "rewritten");
	return LW_OK;
}

int eng_audit_verify(struct eng_txn *txn, uint32_t tenant, uint8_t role, size_t most, struct eng_audit_walk *w)
{
	struct verify v = { w, most, false };
	int err;

	w->bad = 0;
	w->why = NULL;
	err = w->at.seq < w->until.seq ? each(txn, tenant, role, w->at.seq + 1, verify_one, &v) : LW_ENOTFOUND;
	if (w->bad)
		return LW_OK;
	if (err == LW_EIO) {
		(void)bad(w, w->at.seq + 1, "altered");
		return LW_OK;
	}
	if (err != LW_ENOTFOUND)
		return err;
	if (w->at.seq < w->until.seq || w->at.seq < w->maced.seq)
		(void)bad(w, w->at.seq + 1, "truncated");
	else if (w->at.seq > w->until.seq)
		(void)bad(w, w->until.seq + 1, "truncated");
	else if (memcmp(w->at.hash, w->until.hash, 32) != 0)
		(void)bad(w, w->at.seq, "altered");
	return LW_OK;
}
