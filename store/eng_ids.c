/* SPDX-License-Identifier: Apache-2.0 */
/* Id sets: lists of the indexes, arrays, key ranges that end in an id, and sets of those. All are walked by seek(),
 * so an intersection jumps from candidate to candidate without building anything. */
#include <stdlib.h>
#include "store/eng_int.h"

enum kind { LIST, ARRAY, RANGE, AND, OR };
#define SUB_GRAMS   6    /* of a piece: the rarest ones */
#define SUB_HEADS   4096 /* of a two-octet piece */
#define COUNT_KEYS  256
#define MANY        1000000

struct eng_ids {
	enum kind kind;
	struct eng_txn *txn;
	uint64_t estimate;
	int err;
	struct eng_list_it list;
	uint64_t *ids; /* ARRAY; OR: where each member stands */
	size_t n, pos;
	struct eng_ids **of; /* AND, OR */
	bool *ended;
	/* RANGE: keys of table under prefix, id at offset off */
	enum eng_table table;
	struct eng_key *prefix;
	size_t off;
	struct eng_cur *cur;
	uint64_t at;
	bool have, done;
};

static struct eng_ids *ids_new(struct eng_txn *txn, enum kind kind)
{
	struct eng_ids *s = lw_alloc(txn->arena, sizeof(*s));

	if (s) {
		s->kind = kind;
		s->txn = txn;
	}
	return s;
}

static int ids_empty(struct eng_txn *txn, struct eng_ids **ret)
{
	struct eng_ids *s = ids_new(txn, ARRAY);

	if (!s)
		return LW_ENOMEM;
	*ret = s;
	return LW_OK;
}

static int ids_term(struct eng_txn *txn, enum eng_table table, uint32_t tenant, uint16_t attr, struct lw_bytes term,
	struct eng_ids **ret)
{
	struct eng_ids *s = ids_new(txn, LIST);
	int err;

	if (!s)
		return LW_ENOMEM;
	err = eng_list_open(txn, table, tenant, attr, term, &s->list);
	if (err == LW_ENOTFOUND)
		s->kind = ARRAY;
	else if (err)
		return err;
	else
		s->estimate = s->list.chunked + s->list.ntail;
	*ret = s;
	return LW_OK;
}

int eng_ids_eq(struct eng_txn *txn, uint32_t tenant, uint16_t attr, struct lw_bytes norm, struct eng_ids **ret)
{
	const struct schema_attr *a = schema_attr_id(attr);

	if (!a || !(a->flags & SCHEMA_IX_EQ) || a->flags & SCHEMA_REF) { /* references: eng_ids_refs */
		*ret = NULL;
		return LW_OK;
	}
	return ids_term(txn, ENG_EQ, tenant, attr, norm, ret);
}

/* A piece of two octets: every list whose gram starts so. */
static int sub_two(struct eng_txn *txn, uint32_t tenant, uint16_t attr, struct lw_bytes two, struct eng_ids **ret)
{
	struct eng_key k;
	struct lw_bytes key, v;
	struct eng_cur *cur;
	struct eng_ids **of = lw_allocn(txn->arena, SUB_HEADS, sizeof(*of));
	size_t n = 0, skip;
	int err = LW_OK;

	if (!of)
		return LW_ENOMEM;
	eng_key_start(&k, tenant);
	eng_key_u16(&k, attr);
	eng_key_u8(&k, ENG_LIST_HEAD);
	skip = k.n;
	eng_key_raw(&k, two);
	cur = eng_cur_get(txn, ENG_SUB, &err);
	if (!cur)
		return err;
	key = eng_key_bytes(&k);
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
	while (!err && eng_has_prefix(key, eng_key_bytes(&k))) {
		if (n == SUB_HEADS) {
			*ret = NULL;
			goto out;
		}
		err = ids_term(txn, ENG_SUB, tenant, attr, (struct lw_bytes){ key.p + skip, key.n - skip }, &of[n++]);
		if (!err)
			err = eng_cur_move(txn, cur, MDB_NEXT, &key, &v);
	}
	if (err == LW_OK || err == LW_ENOTFOUND)
		err = eng_ids_or(txn, of, n, ret);
out:
	eng_cur_put(txn, cur);
	return err;
}

static int by_estimate(const void *a, const void *b)
{
	uint64_t x = (*(struct eng_ids *const *)a)->estimate, y = (*(struct eng_ids *const *)b)->estimate;

	return (x > y) - (x < y);
}

int eng_ids_sub(struct eng_txn *txn, uint32_t tenant, uint16_t attr, enum schema_piece piece, struct lw_bytes norm,
	struct eng_ids **ret)
{
	const struct schema_attr *a = schema_attr_id(attr);
	size_t n = norm.n + (piece != SCHEMA_ANY), grams;
	struct eng_ids **of;
	uint8_t *b;
	int err;

	if (!a || !(a->flags & SCHEMA_IX_SUB) || n < ENG_GRAM - 1) {
		*ret = NULL;
		return LW_OK;
	}
	b = lw_alloc(txn->arena, n);
	if (!b)
		return LW_ENOMEM;
	if (piece == SCHEMA_INITIAL)
		b[0] = ENG_GRAM_BEGIN;
	if (norm.n)
		memcpy(b + (piece == SCHEMA_INITIAL), norm.p, norm.n);
	if (piece == SCHEMA_FINAL)
		b[n - 1] = ENG_GRAM_END;
	if (n < ENG_GRAM)
		return sub_two(txn, tenant, attr, (struct lw_bytes){ b, n }, ret);
	grams = n - ENG_GRAM + 1;
	if (grams > 64)
		grams = 64;
	of = lw_allocn(txn->arena, grams, sizeof(*of));
	if (!of)
		return LW_ENOMEM;
	for (size_t i = 0; i < grams; i++) {
		err = ids_term(txn, ENG_SUB, tenant, attr, (struct lw_bytes){ b + i, ENG_GRAM }, &of[i]);
		if (err)
			return err;
		if (!of[i]->estimate)
			return ids_empty(txn, ret);
	}
	qsort(of, grams, sizeof(*of), by_estimate);
	return eng_ids_and(txn, of, grams < SUB_GRAMS ? grams : SUB_GRAMS, ret);
}

/* ---- arrays ---- */

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int eng_ids_list(struct eng_txn *txn, const uint64_t *ids, size_t n, struct eng_ids **ret)
{
	struct eng_ids *s = ids_new(txn, ARRAY);
	size_t kept = 0;

	if (!s || !(s->ids = lw_allocn(txn->arena, n ? n : 1, sizeof(*ids))))
		return LW_ENOMEM;
	if (n)
		memcpy(s->ids, ids, n * sizeof(*ids));
	qsort(s->ids, n, sizeof(*s->ids), by_id);
	for (size_t i = 0; i < n; i++)
		if (!kept || s->ids[kept - 1] != s->ids[i])
			s->ids[kept++] = s->ids[i];
	s->n = kept;
	s->estimate = kept;
	*ret = s;
	return LW_OK;
}

/* cut: more than max are not refused, but left out */
static int ids_ord(struct eng_txn *txn, uint32_t tenant, uint16_t attr, struct lw_bytes lo, struct lw_bytes hi, size_t max,
	bool cut, struct eng_ids **ret)
{
	const struct schema_attr *a = schema_attr_id(attr);
	struct eng_key from = eng_key_ord(tenant, attr, lo), to = eng_key_ord(tenant, attr, hi);
	const size_t fixed = 4 + 2;
	struct lw_bytes key, v;
	struct eng_cur *cur;
	uint64_t *ids;
	size_t n = 0, cap = 64;
	int err = LW_OK;

	*ret = NULL;
	if (!a || !(a->flags & SCHEMA_IX_ORD))
		return LW_OK;
	ids = malloc(cap * sizeof(*ids));
	cur = ids ? eng_cur_get(txn, ENG_ORD, &err) : NULL;
	if (!cur) {
		free(ids);
		return err ? err : LW_ENOMEM;
	}
	if (hi.n) /* past every id of that key */
		for (unsigned i = 0; i < 8; i++)
			eng_key_u8(&to, 0xff);
	key = eng_key_bytes(&from);
	err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
	while (!err && key.n >= fixed + 8 && memcmp(key.p, from.b, fixed) == 0) {
		if (hi.n && lw_cmp(key, eng_key_bytes(&to)) > 0)
			break;
		if (n == max && cut)
			break;
		if (n == max)
			goto out;
		if (n == cap) {
			uint64_t *more = realloc(ids, 2 * cap * sizeof(*ids));

			if (!more) {
				err = LW_ENOMEM;
				goto out;
			}
			ids = more;
			cap *= 2;
		}
		ids[n++] = eng_load64(key.p + key.n - 8);
		err = eng_cur_move(txn, cur, MDB_NEXT, &key, &v);
	}
	if (err == LW_ENOTFOUND)
		err = LW_OK;
	if (!err)
		err = eng_ids_list(txn, ids, n, ret);
out:
	eng_cur_put(txn, cur);
	free(ids);
	return err;
}

int eng_ids_ord(struct eng_txn *txn, uint32_t tenant, uint16_t attr, struct lw_bytes lo, struct lw_bytes hi, size_t max,
	struct eng_ids **ret)
{
	return ids_ord(txn, tenant, attr, lo, hi, max, false, ret);
}

int eng_ids_ord_first(struct eng_txn *txn, uint32_t tenant, uint16_t attr, struct lw_bytes hi, size_t max,
	struct eng_ids **ret)
{
	return ids_ord(txn, tenant, attr, (struct lw_bytes){ NULL, 0 }, hi, max, true, ret);
}

/* ---- ranges of keys ---- */

static int range_new(struct eng_txn *txn, enum eng_table table, const struct eng_key *prefix, struct eng_ids **ret)
{
	struct eng_ids *s = ids_new(txn, RANGE);

	if (!s)
		return LW_ENOMEM;
	s->table = table;
	s->prefix = lw_alloc(txn->arena, sizeof(*s->prefix));
	if (!s->prefix)
		return LW_ENOMEM;
	*s->prefix = *prefix;
	s->off = prefix->n;
	*ret = s;
	return LW_OK;
}

static bool range_seek(struct eng_ids *s, uint64_t at_least, uint64_t *ret)
{
	struct eng_key k = *s->prefix;
	struct lw_bytes key, v;

	if (s->have && s->at >= at_least) {
		*ret = s->at;
		return true;
	}
	if (s->done)
		return false;
	if (!s->cur)
		s->cur = eng_cur_get(s->txn, s->table, &s->err);
	if (s->cur) {
		eng_key_u64(&k, at_least);
		key = eng_key_bytes(&k);
		s->err = eng_cur_move(s->txn, s->cur, MDB_SET_RANGE, &key, &v);
		if (!s->err && eng_has_prefix(key, eng_key_bytes(s->prefix)) && key.n >= s->off + 8) {
			s->have = true;
			*ret = s->at = eng_load64(key.p + s->off);
			return true;
		}
		if (s->err == LW_ENOTFOUND)
			s->err = LW_OK;
	}
	s->have = false;
	s->done = true;
	return false;
}

int eng_ids_all(struct eng_txn *txn, uint32_t tenant, struct eng_ids **ret)
{
	struct eng_counters c;
	struct eng_key k;
	int err = eng_counters_get(txn, tenant, &c);

	if (err == LW_ENOTFOUND)
		return ids_empty(txn, ret);
	if (err)
		return err;
	eng_key_start(&k, tenant);
	err = range_new(txn, ENG_ENTRY, &k, ret);
	if (!err)
		(*ret)->estimate = c.next_id;
	return err;
}

int eng_ids_refs(struct eng_txn *txn, uint32_t tenant, uint64_t target, uint16_t attr, struct eng_ids **ret)
{
	struct eng_key k = eng_key_entry(tenant, target);
	uint64_t *ids, id = 0;
	size_t n = 0, cap = 64;
	uint16_t at = attr;
	int err;

	if (attr) {
		eng_key_u16(&k, attr);
		err = range_new(txn, ENG_REF, &k, ret);
		for (n = 0; !err && n < COUNT_KEYS && eng_ref_next(txn, tenant, target, &at, &id) == LW_OK && at == attr; n++)
			;
		if (!err)
			(*ret)->estimate = n < COUNT_KEYS ? n : MANY;
		return err;
	}
	ids = malloc(cap * sizeof(*ids));
	if (!ids)
		return LW_ENOMEM;
	while (!(err = eng_ref_next(txn, tenant, target, &at, &id))) {
		if (n == cap) {
			uint64_t *more = realloc(ids, 2 * cap * sizeof(*ids));

			if (!more) {
				err = LW_ENOMEM;
				break;
			}
			ids = more;
			cap *= 2;
		}
		ids[n++] = id;
	}
	if (err == LW_ENOTFOUND)
		err = eng_ids_list(txn, ids, n, ret);
	free(ids);
	return err;
}

/* ---- sets of sets ---- */

int eng_ids_and(struct eng_txn *txn, struct eng_ids *const *of, size_t n, struct eng_ids **ret)
{
	struct eng_ids *s;

	if (!n)
		return ids_empty(txn, ret);
	if (n == 1) {
		*ret = of[0];
		return LW_OK;
	}
	s = ids_new(txn, AND);
	if (!s || !(s->of = lw_allocn(txn->arena, n, sizeof(*of))))
		return LW_ENOMEM;
	memcpy(s->of, of, n * sizeof(*of));
	qsort(s->of, n, sizeof(*s->of), by_estimate);
	s->n = n;
	s->estimate = s->of[0]->estimate;
	*ret = s;
	return LW_OK;
}

int eng_ids_or(struct eng_txn *txn, struct eng_ids *const *of, size_t n, struct eng_ids **ret)
{
	struct eng_ids *s;

	if (!n)
		return ids_empty(txn, ret);
	if (n == 1) {
		*ret = of[0];
		return LW_OK;
	}
	s = ids_new(txn, OR);
	if (!s || !(s->of = lw_allocn(txn->arena, n, sizeof(*of))) || !(s->ids = lw_allocn(txn->arena, n, sizeof(*s->ids))) ||
		!(s->ended = lw_allocn(txn->arena, n, sizeof(*s->ended))))
		return LW_ENOMEM;
	memcpy(s->of, of, n * sizeof(*of));
	s->n = n;
	for (size_t i = 0; i < n; i++)
		s->estimate += of[i]->estimate;
	*ret = s;
	return LW_OK;
}

static bool and_seek(struct eng_ids *s, uint64_t at_least, uint64_t *ret)
{
	uint64_t id = at_least, got;
	size_t agree = 0;

	for (size_t i = 0; agree < s->n; i = i + 1 == s->n ? 0 : i + 1) {
		if (!eng_ids_seek(s->of[i], id, &got)) {
			s->err = s->of[i]->err;
			return false;
		}
		agree = got == id && agree ? agree + 1 : 1;
		id = got;
	}
	*ret = id;
	return true;
}

static bool or_seek(struct eng_ids *s, uint64_t at_least, uint64_t *ret)
{
	bool found = false;
	uint64_t least = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->ended[i])
			continue;
		if (!s->have || s->ids[i] < at_least) {
			if (!eng_ids_seek(s->of[i], at_least, &s->ids[i])) {
				s->ended[i] = true;
				if (s->of[i]->err) {
					s->err = s->of[i]->err;
					return false;
				}
				continue;
			}
		}
		if (!found || s->ids[i] < least)
			least = s->ids[i];
		found = true;
	}
	s->have = true;
	if (found)
		*ret = least;
	return found;
}

bool eng_ids_seek(struct eng_ids *s, uint64_t at_least, uint64_t *ret)
{
	bool found;

	if (s->err)
		return false;
	switch (s->kind) {
	case LIST:
		found = eng_list_seek(&s->list, at_least, ret);
		s->err = s->list.err;
		return found;
	case ARRAY:
		while (s->pos < s->n && s->ids[s->pos] < at_least)
			s->pos++;
		if (s->pos < s->n)
			*ret = s->ids[s->pos];
		return s->pos < s->n;
	case RANGE: return range_seek(s, at_least, ret);
	case AND: return and_seek(s, at_least, ret);
	case OR: return or_seek(s, at_least, ret);
	}
	return false;
}

int eng_ids_err(const struct eng_ids *s)
{
	return s->err;
}

uint64_t eng_ids_estimate(const struct eng_ids *s)
{
	return s->estimate;
}
