/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on views: RFC 4511 4.5.1.7 with its three values. What the subject may not search in an entry is Undefined there. */
#include "store/ops.h"

/* ---- DN assertions on references ---- */

static bool names_entry(const struct filter *f)
{
	const struct ops_known *k = ops_known();

	return f->kind == FILTER_EQ && f->attr &&
		(f->attr->flags & SCHEMA_REF || f->attr == k->memberOf || f->attr == k->entryDN);
}

static size_t count_named(const struct filter *f)
{
	size_t n = names_entry(f);

	for (const struct filter *c = f->child; c; c = c->next)
		n += count_named(c);
	return n;
}

static void bind_named(struct store_txn *t, const struct filter *f, struct ops_query *q)
{
	struct store_view seen;
	struct store_dn *dn;
	uint64_t id = 0;

	if (names_entry(f)) {
		if (dn_parse(t->arena, f->value, &dn) || ops_locate(t, dn, &id))
			id = 0;
		/* a hidden group has no members that one could find */
		if (id && f->attr == ops_known()->memberOf && ops_view_in(t, id, &seen))
			id = 0;
		q->leaves[q->nleaves++] = (struct ops_leaf){ f, id };
	}
	for (const struct filter *c = f->child; c; c = c->next)
		bind_named(t, c, q);
}

int ops_query_bind(struct store_txn *t, struct lw_arena *a, const struct filter *f, struct ops_query *ret)
{
	struct ops_query q = { .filter = f };
	size_t n = count_named(f);

	if (n && !(q.leaves = lw_allocn(a, n, sizeof(*q.leaves))))
		return LW_ENOMEM;
	if (n)
		bind_named(t, f, &q);
	*ret = q;
	return LW_OK;
}

uint64_t ops_query_id(const struct ops_query *q, const struct filter *leaf)
{
	for (size_t i = 0; i < q->nleaves; i++)
		if (q->leaves[i].leaf == leaf)
			return q->leaves[i].id;
	return 0;
}

/* ---- leaves ---- */

static bool searchable(const struct store_view *v, const struct schema_attr *a)
{
	return !(a->flags & SCHEMA_SECRET) && access_set_has(v->search, a);
}

static enum filter_truth match_class(const struct filter *f, struct lw_bytes value)
{
	const struct schema_class *want = schema_class(f->value), *have = schema_class(value);

	return want && have && schema_class_isa(have, want) ? FILTER_TRUE : FILTER_FALSE;
}

static enum filter_truth match_value(const struct filter *f, const struct schema_attr *attr, struct lw_arena *a,
	struct lw_bytes value)
{
	if (f->kind == FILTER_PRESENT)
		return FILTER_TRUE;
	if (f->kind == FILTER_EQ && attr == ops_known()->objectClass && match_class(f, value) == FILTER_TRUE)
		return FILTER_TRUE;
	return filter_value_match(f, attr, a, value);
}

static enum filter_truth either(enum filter_truth a, enum filter_truth b)
{
	if (a == FILTER_TRUE || b == FILTER_TRUE)
		return FILTER_TRUE;
	return a == FILTER_UNDEF || b == FILTER_UNDEF ? FILTER_UNDEF : FILTER_FALSE;
}

static enum filter_truth match_list(const struct filter *f, const struct ops_values *values, struct lw_arena *a)
{
	enum filter_truth r = FILTER_FALSE;

	for (size_t i = 0; i < values->n && r != FILTER_TRUE; i++)
		r = either(r, match_value(f, values->attr, a, values->v[i]));
	return r;
}

static enum filter_truth match_ref(const struct store_view *v, const struct ops_query *q, const struct filter *f,
	const struct eng_attr *ea, const struct schema_attr *attr, struct lw_arena *a)
{
	struct ops_values values;
	uint64_t id;

	if (f->kind == FILTER_PRESENT)
		return ea->nrefs ? FILTER_TRUE : FILTER_FALSE;
	if (names_entry(f)) {
		id = ops_query_id(q, f);
		return id && eng_is_ref(v->txn->eng, v->txn->tenant, id, ea->id, v->e.id) ? FILTER_TRUE : FILTER_FALSE;
	}
	if (ops_ref_values(v->txn, ea, &values))
		return FILTER_UNDEF;
	return match_list(f, &values, a);
}

static enum filter_truth match_stored(const struct store_view *v, const struct ops_query *q, const struct filter *f,
	const struct eng_attr *ea, const struct schema_attr *attr, struct lw_arena *a)
{
	enum filter_truth r = FILTER_FALSE;
	struct lw_bytes value;
	size_t pos = 0;

	if (ea->ref)
		return match_ref(v, q, f, ea, attr, a);
	while (r != FILTER_TRUE && eng_value_next(ea, &pos, &value))
		r = either(r, match_value(f, attr, a, value));
	return r;
}

static enum filter_truth match_computed(const struct store_view *v, const struct ops_query *q, const struct filter *f,
	const struct schema_attr *attr, struct lw_arena *a)
{
	const struct ops_known *k = ops_known();
	struct store_txn *t = v->txn;
	struct ops_values values;
	uint64_t id;

	if (f->options.n)
		return FILTER_FALSE;
	if (names_entry(f)) {
		id = ops_query_id(q, f);
		if (attr == k->entryDN)
			return id == v->e.id ? FILTER_TRUE : FILTER_FALSE;
		return id && (eng_is_ref(t->eng, t->tenant, v->e.id, k->member->id, id) ||
			eng_is_ref(t->eng, t->tenant, v->e.id, k->uniqueMember->id, id)) ? FILTER_TRUE : FILTER_FALSE;
	}
	if (ops_computed(t, &v->e, attr, &values))
		return FILTER_FALSE;
	return match_list(f, &values, a);
}

/* RFC 4511: with :dn the AVAs of the entry's DN count as well. */
static enum filter_truth match_dn(const struct store_view *v, const struct filter *f, struct lw_arena *a)
{
	enum filter_truth r = FILTER_FALSE;
	struct lw_bytes text;
	struct store_dn *dn;

	if (ops_dn_of(v->txn, &v->e, &text) || dn_parse(a, text, &dn))
		return FILTER_UNDEF;
	for (unsigned i = 0; i < dn->n; i++)
		for (unsigned j = 0; j < dn->rdn[i].navas; j++) {
			const struct dn_ava *ava = &dn->rdn[i].avas[j];
			if (!searchable(v, ava->attr) || (f->attr && !schema_attr_isa(ava->attr, f->attr)))
				continue;
			if (!f->attr && f->rule && !schema_rule_applies(f->rule, ava->attr))
				continue;
			r = either(r, match_value(f, ava->attr, a, ava->value));
		}
	return r;
}

static enum filter_truth eval_leaf(const struct store_view *v, const struct ops_query *q, const struct filter *f,
	struct lw_arena *a)
{
	enum filter_truth r = FILTER_FALSE;
	bool many = !f->attr || ops_has_subtypes(f->attr);
	struct eng_attr ea;
	size_t pos = 0;

	if (f->kind == FILTER_UNDEFINED || (f->attr && !searchable(v, f->attr)))
		return FILTER_UNDEF;
	if (f->attr && ops_is_computed(f->attr)) {
		r = match_computed(v, q, f, f->attr, a);
		return f->dn_attrs ? either(r, match_dn(v, f, a)) : r;
	}
	if (!many && !f->options.n && f->kind == FILTER_PRESENT && eng_attr_find(&v->e, f->attr->id, &ea))
		return FILTER_TRUE;
	while (r != FILTER_TRUE && (many ? eng_attr_next(&v->e, &pos, &ea) :
		eng_attr_next_of(&v->e, f->attr->id, &pos, &ea))) {
		const struct schema_attr *attr = f->attr;
		if (many) {
			attr = schema_attr_id(ea.id);
			if (!attr || (f->attr && !schema_attr_isa(attr, f->attr)) || !searchable(v, attr))
				continue;
			if (!f->attr && f->rule && !schema_rule_applies(f->rule, attr))
				continue;
		}
		if (f->options.n && !ops_options_match(ea.desc, f->options))
			continue;
		r = either(r, match_stored(v, q, f, &ea, attr, a));
	}
	return f->dn_attrs ? either(r, match_dn(v, f, a)) : r;
}

/* ---- sets ---- */

static enum filter_truth eval(const struct store_view *v, const struct ops_query *q, const struct filter *f,
	struct lw_arena *a, unsigned depth)
{
	static const enum filter_truth negated[] = {
		[FILTER_FALSE] = FILTER_TRUE, [FILTER_TRUE] = FILTER_FALSE, [FILTER_UNDEF] = FILTER_UNDEF };
	bool undef = false;
	enum filter_truth stop;

	if (depth > FILTER_MAX_DEPTH)
		return FILTER_UNDEF;
	if (f->kind == FILTER_NOT)
		return f->child ? negated[eval(v, q, f->child, a, depth + 1)] : FILTER_UNDEF;
	if (f->kind != FILTER_AND && f->kind != FILTER_OR)
		return eval_leaf(v, q, f, a);
	stop = f->kind == FILTER_AND ? FILTER_FALSE : FILTER_TRUE;
	for (const struct filter *c = f->child; c; c = c->next) {
		enum filter_truth r = eval(v, q, c, a, depth + 1);
		if (r == stop)
			return r;
		undef |= r == FILTER_UNDEF;
	}
	return undef ? FILTER_UNDEF : f->kind == FILTER_AND ? FILTER_TRUE : FILTER_FALSE;
}

enum filter_truth ops_eval(const struct store_view *v, const struct ops_query *q, struct lw_arena *scratch)
{
	return eval(v, q, q->filter, scratch, 0);
}
