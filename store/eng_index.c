/* SPDX-License-Identifier: Apache-2.0 */
/* Which index records follow from an attribute's values, and what changes when values come and go. */
#include <stdlib.h>
#include "store/eng_int.h"

#define TRUST_EQ 64 /* more values than this: equality forms of distinct values are taken to be distinct */

static bool push(struct eng_terms *t, struct lw_bytes v)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct lw_bytes *more = lw_allocn(t->arena, cap, sizeof(*more));

		if (!more)
			return false;
		if (t->n)
			memcpy(more, t->v, t->n * sizeof(*more));
		t->v = more;
		t->cap = cap;
	}
	t->v[t->n++] = v;
	return true;
}

static int by_octets(const void *a, const void *b)
{
	return lw_cmp(*(const struct lw_bytes *)a, *(const struct lw_bytes *)b);
}

static bool push_grams(struct eng_terms *t, struct lw_bytes norm)
{
	size_t n = norm.n + 2;
	uint8_t *b = lw_alloc(t->arena, n);

	if (!b)
		return false;
	b[0] = ENG_GRAM_BEGIN;
	if (norm.n)
		memcpy(b + 1, norm.p, norm.n);
	b[n - 1] = ENG_GRAM_END;
	for (size_t i = 0; i + ENG_GRAM <= n; i++)
		if (!push(t, (struct lw_bytes){ b + i, ENG_GRAM }))
			return false;
	return true;
}

int eng_terms_of(struct eng_terms *t, const struct schema_attr *attr, unsigned flag, const struct lw_bytes *values,
	size_t n)
{
	size_t kept = 0;

	t->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct lw_bytes v;
		int err;

		if (flag == SCHEMA_IX_SUB)
			err = schema_sub_value(attr, t->arena, values[i], &v);
		else if (flag == SCHEMA_IX_ORD)
			err = schema_ordkey(attr, NULL, t->arena, values[i], &v);
		else
			err = schema_norm(attr, NULL, t->arena, values[i], &v);
		if (err == LW_ENOMEM || lw_arena_failed(t->arena))
			return LW_ENOMEM;
		if (err) /* not a value of its syntax: no index finds it */
			continue;
		if (flag == SCHEMA_IX_ORD && v.n > ENG_NORM_MAX)
			v.n = ENG_NORM_MAX;
		if (!(flag == SCHEMA_IX_SUB ? push_grams(t, v) : push(t, v)))
			return LW_ENOMEM;
	}
	if (t->n > 1)
		qsort(t->v, t->n, sizeof(*t->v), by_octets);
	for (size_t i = 0; i < t->n; i++)
		if (!kept || !lw_eq(t->v[kept - 1], t->v[i]))
			t->v[kept++] = t->v[i];
	t->n = kept;
	return LW_OK;
}

static bool has(const struct eng_terms *t, struct lw_bytes v)
{
	return t->n && bsearch(&v, t->v, t->n, sizeof(v), by_octets);
}

static int put_one(struct eng_txn *txn, unsigned flag, uint32_t tenant, uint16_t attr, struct lw_bytes term, uint64_t id)
{
	struct eng_key k;
	struct lw_bytes v;
	uint8_t b[8];
	int err;

	switch (flag) {
	case SCHEMA_IX_EQ: return eng_list_add(txn, ENG_EQ, tenant, attr, term, id);
	case SCHEMA_IX_SUB: return eng_list_add(txn, ENG_SUB, tenant, attr, term, id);
	case SCHEMA_IX_ORD:
		k = eng_key_ord(tenant, attr, term);
		eng_key_u64(&k, id);
		return eng_put(txn, ENG_ORD, eng_key_bytes(&k), (struct lw_bytes){ b, 0 });
	default:
		k = eng_key_name(tenant, attr, term);
		eng_store64(b, id);
		err = eng_put_new(txn, ENG_NAME, eng_key_bytes(&k), (struct lw_bytes){ b, sizeof(b) });
		if (err == LW_EEXIST && eng_get(txn, ENG_NAME, eng_key_bytes(&k), &v) == LW_OK && v.n == 8)
			err = eng_load64(v.p) == id ? LW_OK : LW_EINTERNAL;
		return err;
	}
}

static int del_one(struct eng_txn *txn, unsigned flag, uint32_t tenant, uint16_t attr, struct lw_bytes term, uint64_t id)
{
	struct eng_key k;

	switch (flag) {
	case SCHEMA_IX_EQ: return eng_list_del(txn, ENG_EQ, tenant, attr, term, id);
	case SCHEMA_IX_SUB: return eng_list_del(txn, ENG_SUB, tenant, attr, term, id);
	case SCHEMA_IX_ORD:
		k = eng_key_ord(tenant, attr, term);
		eng_key_u64(&k, id);
		return eng_del(txn, ENG_ORD, eng_key_bytes(&k));
	default:
		k = eng_key_name(tenant, attr, term);
		return eng_del(txn, ENG_NAME, eng_key_bytes(&k));
	}
}

int eng_index_change(struct eng_txn *txn, uint32_t tenant, uint64_t id, uint16_t attr, const struct lw_bytes *gone,
	size_t ngone, const struct lw_bytes *came, size_t ncame, const struct lw_bytes *others, size_t nothers)
{
	static const unsigned flags[] = { SCHEMA_IX_EQ, SCHEMA_IX_SUB, SCHEMA_IX_ORD, SCHEMA_UNIQUE };
	const struct schema_attr *a = schema_attr_id(attr);
	struct eng_terms g = { .arena = txn->arena }, c = g, o = g;

	for (size_t f = 0; a && f < sizeof(flags) / sizeof(*flags); f++) {
		unsigned flag = flags[f];
		int err;

		if (!(a->flags & flag))
			continue;
		o.n = 0;
		err = eng_terms_of(&g, a, flag, gone, ngone);
		if (!err)
			err = eng_terms_of(&c, a, flag, came, ncame);
		if (!err && (nothers <= TRUST_EQ || flag == SCHEMA_IX_SUB || flag == SCHEMA_IX_ORD))
			err = eng_terms_of(&o, a, flag, others, nothers);
		for (size_t i = 0; !err && i < g.n; i++)
			if (!has(&c, g.v[i]) && !has(&o, g.v[i])) {
				err = del_one(txn, flag, tenant, attr, g.v[i], id);
				if (err == LW_ENOTFOUND) /* the index does not say what the entry says */
					err = LW_EIO;
			}
		for (size_t i = 0; !err && i < c.n; i++)
			if (!has(&g, c.v[i]) && !has(&o, c.v[i]))
				err = put_one(txn, flag, tenant, attr, c.v[i], id);
		if (err)
			return err;
	}
	return LW_OK;
}
