/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries can match a filter: candidates from the indexes, a superset that is evaluated afterwards. A leaf on what
 * the subject may search nowhere is never True: it gives the empty set, and the index is not looked at. */
#include "store/ops.h"

#define MAX_UNION  64   /* subtypes or subclasses of one leaf */
#define MAX_ORD    8192 /* ids that an ordering range may yield */
#define FEW        64   /* an AND's smallest set of so many is good enough alone */

static int plan(struct store_txn *, const struct ops_query *, const struct filter *, unsigned depth, struct eng_ids **ret);

static int plan_pieces(struct store_txn *t, const struct filter *f, const struct schema_attr *a, struct eng_ids **ret)
{
	struct eng_ids *sets[16];
	size_t n = 0;
	int err;

	if (!(a->flags & SCHEMA_IX_SUB))
		return LW_OK;
	for (unsigned i = 0; i < f->npieces && n < 16; i++) {
		sets[n] = NULL;
		err = eng_ids_sub(t->eng, t->tenant, a->id, f->pieces[i].kind, f->pieces[i].norm, &sets[n]);
		if (err)
			return err;
		n += sets[n] != NULL;
	}
	return n ? eng_ids_and(t->eng, sets, n, ret) : LW_OK;
}

/* One attribute type (no subtypes) */
static int plan_type(struct store_txn *t, const struct filter *f, const struct schema_attr *a, struct eng_ids **ret)
{
	struct lw_bytes none = { 0 };
	uint64_t id;

	switch (f->kind) {
	case FILTER_EQ:
		if (a->flags & SCHEMA_IX_EQ)
			return eng_ids_eq(t->eng, t->tenant, a->id, f->norm, ret);
		if (!(a->flags & SCHEMA_UNIQUE))
			return LW_OK;
		return eng_ids_list(t->eng, &id, !eng_by_name(t->eng, t->tenant, a->id, f->norm, &id), ret);
	case FILTER_SUBSTR:
		return plan_pieces(t, f, a, ret);
	case FILTER_GE:
	case FILTER_LE:
		if (!(a->flags & SCHEMA_IX_ORD))
			return LW_OK;
		return eng_ids_ord(t->eng, t->tenant, a->id, f->kind == FILTER_GE ? f->norm : none,
			f->kind == FILTER_LE ? f->norm : none, MAX_ORD, ret);
	default:
		return LW_OK;
	}
}

static int plan_subtypes(struct store_txn *t, const struct filter *f, struct eng_ids **ret)
{
	struct eng_ids *sets[MAX_UNION], *one;
	const struct schema_attr *a;
	size_t n = 0;
	int err;

	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++) {
		if (!schema_attr_isa(a, f->attr))
			continue;
		one = NULL;
		err = a->flags & SCHEMA_REF ? LW_OK : plan_type(t, f, a, &one);
		if (err || !one || n == MAX_UNION)
			return err; /* one without an index: no index */
		sets[n++] = one;
	}
	return eng_ids_or(t->eng, sets, n, ret);
}

/* A class and its subclasses: entries need not list the superclasses. */
static int plan_class(struct store_txn *t, const struct filter *f, struct eng_ids **ret)
{
	const struct schema_class *want = schema_class(f->value), *c;
	struct eng_ids *sets[MAX_UNION];
	struct lw_bytes norm;
	size_t n = 0;
	int err;

	if (!want)
		return LW_OK;
	for (size_t i = 0; (c = schema_class_at(i)) != NULL; i++) {
		if (!schema_class_isa(c, want))
			continue;
		if (n == MAX_UNION)
			return LW_OK;
		sets[n] = NULL;
		err = schema_norm(f->attr, NULL, t->arena, lw_str(c->names[0]), &norm);
		if (!err)
			err = eng_ids_eq(t->eng, t->tenant, f->attr->id, norm, &sets[n]);
		if (err || !sets[n])
			return err;
		n++;
	}
	return eng_ids_or(t->eng, sets, n, ret);
}

static int plan_members(struct store_txn *t, uint64_t group, struct eng_ids **ret)
{
	const uint16_t attrs[] = { ops_known()->member->id, ops_known()->uniqueMember->id };
	struct eng_ids *sets[2];
	struct eng_entry e;
	struct eng_attr a;
	size_t n = 0;
	int err = eng_entry(t->eng, t->tenant, group, &e);

	if (err)
		return err == LW_ENOTFOUND ? eng_ids_list(t->eng, NULL, 0, ret) : err;
	for (size_t i = 0; i < 2; i++) {
		uint64_t *ids;
		if (!eng_attr_find(&e, attrs[i], &a))
			continue;
		ids = lw_allocn(t->arena, a.nrefs + 1, sizeof(*ids));
		if (!ids)
			return LW_ENOMEM;
		for (size_t j = 0; j < a.nrefs; j++)
			ids[j] = eng_ref_at(&a, j);
		err = eng_ids_list(t->eng, ids, a.nrefs, &sets[n++]);
		if (err)
			return err;
	}
	return eng_ids_or(t->eng, sets, n, ret);
}

static int plan_computed(struct store_txn *t, const struct ops_query *q, const struct filter *f, struct eng_ids **ret)
{
	const struct ops_known *k = ops_known();
	struct lw_uuid uuid;
	uint64_t id;

	if (f->kind != FILTER_EQ)
		return LW_OK;
	if (f->attr == k->entryDN) {
		id = ops_query_id(q, f);
		return eng_ids_list(t->eng, &id, id != 0, ret);
	}
	if (f->attr == k->memberOf)
		return plan_members(t, ops_query_id(q, f), ret);
	if (f->attr == k->entryUUID && !lw_uuid_parse(f->value, &uuid))
		return eng_ids_list(t->eng, &id, !eng_by_uuid(t->eng, t->tenant, &uuid, &id), ret);
	return LW_OK;
}

static bool may_search(const struct store_txn *t, const struct schema_attr *a)
{
	const struct lw_session *s = t->session;

	return !(a->flags & SCHEMA_SECRET) && access_any_attr(s->rights, ACCESS_SEARCH, a) &&
		(!s->actor_rights || access_any_attr(s->actor_rights, ACCESS_SEARCH, a));
}

static int plan_leaf(struct store_txn *t, const struct ops_query *q, const struct filter *f, struct eng_ids **ret)
{
	uint64_t id;

	if (f->kind == FILTER_UNDEFINED || (f->attr && !may_search(t, f->attr)))
		return eng_ids_list(t->eng, NULL, 0, ret);
	if (!f->attr || f->kind == FILTER_EXTENSIBLE)
		return LW_OK;
	if (ops_is_computed(f->attr))
		return plan_computed(t, q, f, ret);
	if (f->attr->flags & SCHEMA_REF) {
		if (f->kind != FILTER_EQ)
			return LW_OK;
		id = ops_query_id(q, f);
		return id ? eng_ids_refs(t->eng, t->tenant, id, f->attr->id, ret) : eng_ids_list(t->eng, NULL, 0, ret);
	}
	if (f->attr == ops_known()->objectClass && f->kind == FILTER_EQ)
		return plan_class(t, f, ret);
	if (ops_has_subtypes(f->attr))
		return plan_subtypes(t, f, ret);
	return plan_type(t, f, f->attr, ret);
}

static int plan_and(struct store_txn *t, const struct ops_query *q, const struct filter *f, unsigned depth,
	struct eng_ids **ret)
{
	struct eng_ids *sets[16], *best = NULL;
	size_t n = 0;
	int err;

	for (const struct filter *c = f->child; c && n < 16; c = c->next) {
		sets[n] = NULL;
		err = plan(t, q, c, depth + 1, &sets[n]);
		if (err)
			return err;
		if (!sets[n])
			continue;
		if (!best || eng_ids_estimate(sets[n]) < eng_ids_estimate(best))
			best = sets[n];
		n++;
		if (eng_ids_estimate(best) <= 1)
			break;
	}
	if (!best || n == 1 || eng_ids_estimate(best) <= FEW) {
		*ret = best;
		return LW_OK;
	}
	return eng_ids_and(t->eng, sets, n, ret);
}

static int plan_or(struct store_txn *t, const struct ops_query *q, const struct filter *f, unsigned depth,
	struct eng_ids **ret)
{
	struct eng_ids **sets;
	size_t n = 0;
	int err;

	for (const struct filter *c = f->child; c; c = c->next)
		n++;
	sets = lw_allocn(t->arena, n + 1, sizeof(*sets));
	if (!sets)
		return LW_ENOMEM;
	n = 0;
	for (const struct filter *c = f->child; c; c = c->next, n++) {
		err = plan(t, q, c, depth + 1, &sets[n]);
		if (err || !sets[n])
			return err;
	}
	return eng_ids_or(t->eng, sets, n, ret);
}

static int plan(struct store_txn *t, const struct ops_query *q, const struct filter *f, unsigned depth,
	struct eng_ids **ret)
{
	if (depth > FILTER_MAX_DEPTH)
		return LW_OK;
	if (f->kind == FILTER_AND)
		return plan_and(t, q, f, depth, ret);
	if (f->kind == FILTER_OR)
		return plan_or(t, q, f, depth, ret);
	return f->kind == FILTER_NOT ? LW_OK : plan_leaf(t, q, f, ret);
}

int ops_plan(struct store_txn *t, const struct ops_query *q, struct eng_ids **ret)
{
	*ret = NULL;
	return plan(t, q, q->filter, 0, ret);
}
