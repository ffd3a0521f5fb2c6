/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's chains. A chain is a tenant's and a role's; a record is a line of JSON:
 *
 *   {"seq":7,"prev":"SHA-256 of line 6",…}
 *
 * Table audit: T, u8 role, u64 seq of the first line -> lines, each with a newline, at most ENG_VALUE_MAX octets.
 * Table audit.head: T, u8 role -> the head (struct store_audit_head). Effects carry records in their short form; number, hash and text are
 * made here, from state and effect alone. */
#include "base/audit.h"
#include "base/crypto.h"
#include "store/eng_int.h"

#define HEAD_VERSION 1
#define HEAD_OCTETS  (1 + 40 + 40 + 8 + 32 + 40 + 8 + 32)
#define LINE_MAX     (LW_AUDIT_TEXT_MAX + 120)

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
	while (lw_audit_next(&records, &a))
		;
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

/* {"seq":7,"prev":"…", : the beginning of a line; its length. room: START_MAX octets */
#define START_MAX 128
static size_t put_start(char *room, uint64_t seq, const uint8_t prev[32])
{
	static const char digits[] = "0123456789abcdef";
	char number[20], *p = room;
	size_t n = 0;

	memcpy(p, "{\"seq\":", 7);
	p += 7;
	do
		number[n++] = (char)('0' + seq % 10);
	while ((seq /= 10) != 0);
	while (n)
		*p++ = number[--n];
	memcpy(p, ",\"prev\":\"", 9);
	p += 9;
	for (size_t i = 0; i < 32; i++) {
		*p++ = digits[prev[i] >> 4];
		*p++ = digits[prev[i] & 15];
	}
	memcpy(p, "\",", 2);
	return (size_t)(p + 2 - room);
}

/* ---- applying ---- */

struct row { /* being filled */
	uint64_t first;
	size_t n;
	uint8_t p[ENG_VALUE_MAX];
};

static int row_put(struct eng_txn *txn, const struct store_audit_head *h, struct row *row)
{
	struct eng_key k = eng_key_audit(h->tenant, h->role, row->first);
	struct lw_bytes v = { row->p, row->n };

	if (!row->n)
		return LW_OK;
	row->n = 0;
	return eng_put(txn, ENG_AUDIT, eng_key_bytes(&k), v); /* the head says what there is, whatever somebody left behind it */
}

static int append(struct eng_txn *txn, struct store_audit_head *h, const struct lw_audit *a, struct lw_bytes tenant, struct row *row)
{
	char line[LINE_MAX];
	struct lw_writer w = { .p = (uint8_t *)line, .cap = LINE_MAX, .max = LINE_MAX };
	int err;

	w.n = put_start(line, ++h->end.seq, h->end.hash);
	lw_audit_text(a, tenant, lw_audit_role_name(h->role), &w);
	lw_put_u8(&w, '}');
	if (w.err)
		return LW_EINTERNAL;
	lw_hash(LW_SHA256, lw_written(&w), h->end.hash);
	if (row->n && row->n + w.n + 1 > sizeof(row->p)) {
		err = row_put(txn, h, row);
		if (err)
			return err;
	}
	if (!row->n)
		row->first = h->end.seq;
	memcpy(row->p + row->n, w.p, w.n);
	row->n += w.n;
	row->p[row->n++] = '\n';
	return LW_OK;
}

static int trim(struct eng_txn *txn, const struct store_audit_head *h, uint64_t upto)
{
	struct eng_key k = eng_key_audit(h->tenant, h->role, 1), prefix = eng_key_audit(h->tenant, h->role, 0);

	for (;;) {
		struct lw_bytes key = eng_key_bytes(&k), v;
		struct eng_key found = { 0 };
		size_t lines = 0;
		int err = LW_OK;
		struct eng_cur *cur = eng_cur_get(txn, ENG_AUDIT, &err);

		if (!cur)
			return err;
		err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
		if (!err) {
			eng_key_raw(&found, key);
			for (size_t i = 0; i < v.n; i++)
				lines += v.p[i] == '\n';
		}
		eng_cur_put(txn, cur);
		if (err == LW_ENOTFOUND || (!err && (!eng_has_prefix(eng_key_bytes(&found), eng_key_bytes(&prefix)) || found.n != 13 ||
			eng_load64(found.b + 5) + lines - 1 > upto)))
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
	struct eng_tenant t = { 0 };
	struct lw_reader r;
	struct lw_audit one;
	struct row row;
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
	err = eng_tenant(txn, tenant, &t);
	if (err && err != LW_ENOTFOUND)
		return err;
	if (t.name.n) {
		t.name = lw_dup(txn->arena, t.name); /* the map moves under what is put into it */
		if (!t.name.p)
			return LW_ENOMEM;
	}
	row.n = 0;
	lw_reader_init(&r, a->records);
	for (err = LW_OK; !err && lw_audit_next(&r, &one);)
		err = append(txn, &h, &one, t.name, &row);
	if (!err)
		err = row_put(txn, &h, &row);
	if (!err)
		err = r.err;
	return err ? err : head_put(txn, &h);
}

/* ---- reading ---- */

/* The row that holds line `from`, or the first after it. */
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

static int row_lines(uint64_t first, struct lw_bytes row, uint64_t from, eng_audit_fn *fn, void *ctx)
{
	uint64_t seq = first;
	int err = LW_OK;

	if (!row.n || row.p[row.n - 1] != '\n')
		return LW_EIO;
	for (size_t at = 0; !err && at < row.n; seq++) {
		const uint8_t *end = memchr(row.p + at, '\n', row.n - at);
		size_t n = (size_t)(end - (row.p + at));

		if (seq >= from)
			err = fn(ctx, seq, (struct lw_bytes){ row.p + at, n });
		at += n + 1;
	}
	return err;
}

int eng_audit_lines(struct eng_txn *txn, uint32_t tenant, uint8_t role, uint64_t from, eng_audit_fn *fn, void *ctx)
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
		err = key.n != 13 ? LW_EIO : row_lines(eng_load64(key.p + 5), v, from, fn, ctx);
		if (!err)
			err = eng_cur_move(txn, cur, MDB_NEXT, &key, &v);
	}
	eng_cur_put(txn, cur);
	return err ? err : LW_ENOTFOUND;
}

/* ---- verifying ---- */

struct verify {
	struct eng_audit_walk *w;
	size_t left;
};

static int bad(struct eng_audit_walk *w, uint64_t seq, const char *why)
{
	w->bad = seq;
	w->why = why;
	return LW_EINTERNAL; /* ends the walk */
}

static bool number(struct lw_bytes line, uint64_t *ret)
{
	static const char head[] = "{\"seq\":";
	size_t i = sizeof(head) - 1;
	uint64_t n = 0;

	if (line.n < i + 2 || memcmp(line.p, head, i) != 0)
		return false;
	for (; i < line.n && line.p[i] >= '0' && line.p[i] <= '9' && n < UINT64_MAX / 16; i++)
		n = n * 10 + (uint64_t)(line.p[i] - '0');
	*ret = n;
	return i < line.n && line.p[i] == ',';
}

/* A line says its number and the hash of the one before: what was changed in one shows in the next, or in the head. */
static int verify_line(void *ctx, uint64_t seq, struct lw_bytes line)
{
	struct verify *v = ctx;
	struct eng_audit_walk *w = v->w;
	uint64_t expect = w->at.seq + 1, said;
	char start[START_MAX];
	size_t n;

	if (expect > w->until.seq)
		return LW_ENOTFOUND; /* came meanwhile */
	if (!v->left--)
		return LW_EQUANTUM;
	if (!number(line, &said))
		return bad(w, seq, "altered");
	if (seq > expect)
		return bad(w, expect, "dropped");
	if (seq != expect || said != expect)
		return bad(w, expect, "swapped");
	n = put_start(start, expect, w->at.hash);
	if (line.n < n || memcmp(line.p, start, n) != 0)
		return bad(w, w->at.seq ? w->at.seq : 1, "altered");
	w->at.seq = expect;
	lw_hash(LW_SHA256, line, w->at.hash);
	if (expect == w->maced.seq && memcmp(w->at.hash, w->maced.hash, 32) != 0)
		return bad(w, expect, "rewritten");
	return LW_OK;
}

int eng_audit_verify(struct eng_txn *txn, uint32_t tenant, uint8_t role, size_t most, struct eng_audit_walk *w)
{
	struct verify v = { w, most };
	int err;

	w->bad = 0;
	w->why = NULL;
	err = w->at.seq < w->until.seq ? eng_audit_lines(txn, tenant, role, w->at.seq + 1, verify_line, &v) : LW_ENOTFOUND;
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
