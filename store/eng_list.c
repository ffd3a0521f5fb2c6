/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted id lists. A list is a head and chunks:
 *
 *   T attr 0 term               u32 how many ids are in chunks, then the newest ids
 *   T attr 1 length term bound  ids <= bound; the last chunk's bound is all ones
 *
 * Ids are differences in base 128, the first one whole. An id goes into the head; a full head is merged into the
 * chunks. Heads lie side by side, so a batch of writes dirties few pages however many terms it touches. */
#include <stdlib.h>
#include "store/eng_int.h"

#define HEAD_IDS   112 /* octets of ids in a head */
#define CHUNK_IDS  1800

static struct eng_key head_key(uint32_t tenant, uint16_t attr, struct lw_bytes term)
{
	struct eng_key k;

	eng_key_start(&k, tenant);
	eng_key_u16(&k, attr);
	eng_key_u8(&k, ENG_LIST_HEAD);
	eng_key_norm(&k, term);
	return k;
}

/* Without the bound. */
static struct eng_key chunk_prefix(uint32_t tenant, uint16_t attr, struct lw_bytes term)
{
	struct eng_key k;
	uint8_t buf[ENG_NORM_MAX];

	term = eng_shorten(term, buf);
	eng_key_start(&k, tenant);
	eng_key_u16(&k, attr);
	eng_key_u8(&k, ENG_LIST_CHUNK);
	eng_key_u16(&k, (uint16_t)term.n);
	eng_key_raw(&k, term);
	return k;
}

/* ---- coding ---- */

static bool vget(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		uint8_t b = *(*p)++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static size_t vsize(uint64_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

static size_t vput(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

size_t eng_ids_decode(struct lw_bytes b, uint64_t *ret, size_t max)
{
	const uint8_t *p = b.p, *end = b.p + b.n;
	uint64_t at = 0, d;
	size_t n = 0;

	while (p < end) {
		if (n == max || !vget(&p, end, &d) || (n && !d) || d > UINT64_MAX - at)
			return SIZE_MAX;
		at += d;
		ret[n++] = at;
	}
	return n;
}

static size_t encode(const uint64_t *ids, size_t n, uint8_t *ret)
{
	uint64_t last = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		len += vput(ret + len, ids[i] - last);
		last = ids[i];
	}
	return len;
}

static size_t encoded_size(const uint64_t *ids, size_t n)
{
	uint64_t last = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		len += vsize(ids[i] - last);
		last = ids[i];
	}
	return len;
}

/* ---- chunks ---- */

static uint64_t *scratch(struct eng_txn *txn)
{
	if (!txn->scratch)
		txn->scratch = malloc(3 * ENG_LIST_IDS * sizeof(*txn->scratch));
	return txn->scratch;
}

/* The chunk where id is or would be. LW_ENOTFOUND: there is none at or behind it. */
static int chunk_find(struct eng_txn *txn, struct eng_cur *cur, const struct eng_key *prefix, uint64_t id,
	uint64_t *ret_bound, struct lw_bytes *ret)
{
	struct eng_key k = *prefix;
	struct lw_bytes key;
	int err;

	eng_key_u64(&k, id);
	key = eng_key_bytes(&k);
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, ret);
	if (err)
		return err;
	if (key.n != k.n || !eng_has_prefix(key, eng_key_bytes(prefix)))
		return LW_ENOTFOUND;
	*ret_bound = eng_load64(key.p + key.n - 8);
	return LW_OK;
}

/* Writes ids (all <= bound) as one or more chunks, the last of them under bound. grows: they grow at the end, so fill. */
static int chunks_put(struct eng_txn *txn, enum eng_table table, const struct eng_key *prefix, uint64_t bound,
	const uint64_t *ids, size_t n, bool grows)
{
	size_t limit = CHUNK_IDS - prefix->n, total = encoded_size(ids, n), pieces, target, first = 0;
	uint8_t buf[CHUNK_IDS + 16];

	pieces = (total + limit - 1) / limit;
	target = grows ? limit : total / pieces + 16;
	if (target > limit)
		target = limit;
	while (first < n) {
		size_t end = first, len = 0;
		uint64_t last = 0;
		struct eng_key k = *prefix;
		int err;

		while (end < n && len + vsize(ids[end] - last) <= target) {
			len += vsize(ids[end] - last);
			last = ids[end++];
		}
		len = encode(ids + first, end - first, buf);
		eng_key_u64(&k, end == n ? bound : last);
		err = eng_put(txn, table, eng_key_bytes(&k), (struct lw_bytes){ buf, len });
		if (err)
			return err;
		first = end;
	}
	return LW_OK;
}

/* Moves ids (sorted) into the chunks. *ret_new: how many were not there before. */
static int merge(struct eng_txn *txn, enum eng_table table, const struct eng_key *prefix, const uint64_t *ids, size_t n,
	size_t *ret_new)
{
	uint64_t *old = scratch(txn), *all = old + ENG_LIST_IDS;
	struct eng_cur *cur;
	size_t fresh = 0, i = 0;
	int err = LW_OK;

	if (!old)
		return LW_ENOMEM;
	cur = eng_cur_get(txn, table, &err);
	if (!cur)
		return err;
	while (i < n && !err) {
		uint64_t bound = UINT64_MAX;
		struct lw_bytes v = { 0 };
		size_t nold = 0, nall = 0, o = 0;

		err = chunk_find(txn, cur, prefix, ids[i], &bound, &v);
		if (err == LW_OK)
			nold = eng_ids_decode(v, old, ENG_LIST_IDS);
		else if (err != LW_ENOTFOUND)
			break;
		err = LW_OK;
		if (nold == SIZE_MAX) {
			err = LW_EIO;
			break;
		}
		bool grows = !nold || ids[i] > old[nold - 1];

		while (o < nold || (i < n && ids[i] <= bound)) {
			if (i == n || ids[i] > bound || (o < nold && old[o] < ids[i])) {
				all[nall++] = old[o++];
			} else {
				if (o < nold && old[o] == ids[i])
					o++;
				else
					fresh++;
				all[nall++] = ids[i++];
			}
		}
		err = chunks_put(txn, table, prefix, bound, all, nall, grows);
	}
	eng_cur_put(txn, cur);
	*ret_new = fresh;
	return err;
}

/* LW_ENOTFOUND: it isn't in the chunks. */
static int chunk_remove(struct eng_txn *txn, enum eng_table table, const struct eng_key *prefix, uint64_t id)
{
	uint64_t *ids = scratch(txn), bound;
	struct eng_key k = *prefix;
	struct eng_cur *cur;
	struct lw_bytes v;
	size_t n, at = 0;
	int err = LW_OK;

	if (!ids)
		return LW_ENOMEM;
	cur = eng_cur_get(txn, table, &err);
	if (!cur)
		return err;
	err = chunk_find(txn, cur, prefix, id, &bound, &v);
	eng_cur_put(txn, cur);
	if (err)
		return err;
	n = eng_ids_decode(v, ids, ENG_LIST_IDS);
	if (n == SIZE_MAX)
		return LW_EIO;
	while (at < n && ids[at] < id)
		at++;
	if (at == n || ids[at] != id)
		return LW_ENOTFOUND;
	memmove(ids + at, ids + at + 1, (n - at - 1) * sizeof(*ids));
	eng_key_u64(&k, bound);
	return n == 1 ? eng_del(txn, table, eng_key_bytes(&k)) : chunks_put(txn, table, prefix, bound, ids, n - 1, true);
}

/* ---- heads ---- */

struct head {
	uint32_t chunked;
	uint64_t ids[HEAD_IDS + 2];
	size_t n;
};

static int head_get(struct eng_txn *txn, enum eng_table table, const struct eng_key *key, struct head *ret)
{
	struct lw_bytes v;
	int err = eng_get(txn, table, eng_key_bytes(key), &v);

	if (err)
		return err;
	if (v.n < 4)
		return LW_EIO;
	ret->chunked = (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
	ret->n = eng_ids_decode((struct lw_bytes){ v.p + 4, v.n - 4 }, ret->ids, HEAD_IDS);
	return ret->n == SIZE_MAX ? LW_EIO : LW_OK;
}

static int head_put(struct eng_txn *txn, enum eng_table table, const struct eng_key *key, const struct head *h)
{
	uint8_t buf[4 + 10 * (HEAD_IDS + 2)];

	if (!h->chunked && !h->n)
		return eng_del(txn, table, eng_key_bytes(key));
	buf[0] = (uint8_t)(h->chunked >> 24);
	buf[1] = (uint8_t)(h->chunked >> 16);
	buf[2] = (uint8_t)(h->chunked >> 8);
	buf[3] = (uint8_t)h->chunked;
	return eng_put(txn, table, eng_key_bytes(key), (struct lw_bytes){ buf, 4 + encode(h->ids, h->n, buf + 4) });
}

int eng_list_add(struct eng_txn *txn, enum eng_table table, uint32_t tenant, uint16_t attr, struct lw_bytes term,
	uint64_t id)
{
	struct eng_key key = head_key(tenant, attr, term);
	struct head h = { 0 };
	size_t at, fresh = 0;
	int err = head_get(txn, table, &key, &h);

	if (err && err != LW_ENOTFOUND)
		return err;
	for (at = h.n; at && h.ids[at - 1] >= id; at--)
		if (h.ids[at - 1] == id)
			return LW_OK;
	memmove(h.ids + at + 1, h.ids + at, (h.n - at) * sizeof(*h.ids));
	h.ids[at] = id;
	h.n++;
	if (encoded_size(h.ids, h.n) > HEAD_IDS) {
		struct eng_key prefix = chunk_prefix(tenant, attr, term);

		err = merge(txn, table, &prefix, h.ids, h.n, &fresh);
		if (err)
			return err;
		h.chunked += (uint32_t)fresh;
		h.n = 0;
	}
	return head_put(txn, table, &key, &h);
}

int eng_list_del(struct eng_txn *txn, enum eng_table table, uint32_t tenant, uint16_t attr, struct lw_bytes term,
	uint64_t id)
{
	struct eng_key key = head_key(tenant, attr, term), prefix;
	struct head h = { 0 };
	int err = head_get(txn, table, &key, &h);

	if (err)
		return err;
	for (size_t at = 0; at < h.n; at++)
		if (h.ids[at] == id) {
			memmove(h.ids + at, h.ids + at + 1, (h.n - at - 1) * sizeof(*h.ids));
			h.n--;
			return head_put(txn, table, &key, &h);
		}
	prefix = chunk_prefix(tenant, attr, term);
	err = chunk_remove(txn, table, &prefix, id);
	if (err)
		return err;
	h.chunked--;
	return head_put(txn, table, &key, &h);
}

/* ---- reading ---- */

int eng_list_open(struct eng_txn *txn, enum eng_table table, uint32_t tenant, uint16_t attr, struct lw_bytes term,
	struct eng_list_it *ret)
{
	struct eng_key key = head_key(tenant, attr, term);
	struct head h;
	int err = head_get(txn, table, &key, &h);

	if (err)
		return err;
	*ret = (struct eng_list_it){ .txn = txn, .table = table, .chunked = h.chunked, .ntail = h.n };
	if (h.chunked) {
		ret->prefix = lw_alloc(txn->arena, sizeof(*ret->prefix));
		if (!ret->prefix)
			return LW_ENOMEM;
		*ret->prefix = chunk_prefix(tenant, attr, term);
	}
	if (h.n) {
		ret->tail = lw_allocn(txn->arena, h.n, sizeof(*h.ids));
		if (!ret->tail)
			return LW_ENOMEM;
		memcpy(ret->tail, h.ids, h.n * sizeof(*h.ids));
	}
	ret->done = !h.chunked;
	return LW_OK;
}

/* The first id >= at_least in the chunks. */
static bool chunks_seek(struct eng_list_it *it, uint64_t at_least, uint64_t *ret)
{
	uint64_t d;

	if (it->have && it->at >= at_least) {
		*ret = it->at;
		return true;
	}
	while (!it->done) {
		struct lw_bytes v;

		if (it->cur && at_least <= it->bound) {
			while (it->p < it->end) {
				if (!vget(&it->p, it->end, &d)) {
					it->err = LW_EIO;
					it->done = true;
					return false;
				}
				it->at += d;
				it->have = true;
				if (it->at >= at_least) {
					*ret = it->at;
					return true;
				}
			}
			it->have = false;
			if (it->bound == UINT64_MAX)
				break;
			at_least = it->bound + 1;
		}
		if (!it->cur)
			it->cur = eng_cur_get(it->txn, it->table, &it->err);
		if (!it->cur)
			break;
		it->have = false;
		it->err = chunk_find(it->txn, it->cur, it->prefix, at_least, &it->bound, &v);
		if (it->err) {
			if (it->err == LW_ENOTFOUND)
				it->err = LW_OK;
			break;
		}
		it->p = v.p;
		it->end = v.p + v.n;
		it->at = 0;
	}
	it->done = true;
	it->have = false;
	return false;
}

bool eng_list_seek(struct eng_list_it *it, uint64_t at_least, uint64_t *ret)
{
	uint64_t id;
	bool found = chunks_seek(it, at_least, &id);

	while (it->tpos < it->ntail && it->tail[it->tpos] < at_least)
		it->tpos++;
	if (it->tpos < it->ntail && (!found || it->tail[it->tpos] < id)) {
		id = it->tail[it->tpos];
		found = true;
	}
	if (found)
		*ret = id;
	return found && !it->err;
}
