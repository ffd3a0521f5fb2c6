/* SPDX-License-Identifier: Apache-2.0 */
/* Filter nodes, and one leaf against one value. The text form is in filter_text.c. */
#include "store/filter.h"

#include <string.h>
#include "base/err.h"
#include "store/schema_int.h"

static struct filter *node(struct lw_arena *a, enum filter_kind kind)
{
	struct filter *f = lw_alloc(a, sizeof(*f));

	if (f != NULL)
		f->kind = kind;
	return f;
}

/* What evaluates to Undefined keeps nothing of what was asked. */
static struct filter *undefined(struct filter *f)
{
	*f = (struct filter){ .kind = FILTER_UNDEFINED };
	return f;
}

/* Unknown types, and secrets for everyone, are Undefined. */
static bool describe(struct lw_arena *a, struct filter *f, struct lw_bytes desc)
{
	return schema_desc(a, desc, &f->attr, &f->options) == 0 && !(f->attr->flags & SCHEMA_SECRET);
}

/* A copy, and its normal form by the rule (or the type's rule of that kind). The outcome of schema.h. */
static int assertion(
        struct lw_arena *a, struct filter *f, const struct schema_rule *rule, struct lw_bytes value)
{
	f->value = lw_dup(a, value);
	if (f->value.p == NULL)
		return LW_ENOMEM;
	if (rule == NULL)
		return LW_EMATCHING;
	return rule->norm(f->attr, a, f->value, &f->norm);
}

static struct filter *settle(struct lw_arena *a, struct filter *f, int err)
{
	if (err == 0)
		return f;
	return err == LW_ENOMEM || lw_arena_failed(a) ? NULL : undefined(f);
}

struct filter *filter_set(struct lw_arena *a, enum filter_kind kind, struct filter *children)
{
	struct filter *f = node(a, kind);

	if (f != NULL)
		f->child = children;
	return f;
}

struct filter *filter_assert(
        struct lw_arena *a, enum filter_kind kind, struct lw_bytes desc, struct lw_bytes value)
{
	struct filter *f = node(a, kind);

	if (f == NULL)
		return NULL;
	if (!describe(a, f, desc))
		return lw_arena_failed(a) ? NULL : undefined(f);
	if (kind == FILTER_PRESENT)
		return f;
	if (kind == FILTER_GE || kind == FILTER_LE)
		return settle(a, f, assertion(a, f, f->attr->ordering, value));
	return settle(a, f, assertion(a, f, f->attr->equality, value));
}

struct filter *filter_substr(struct lw_arena *a, struct lw_bytes desc, unsigned n,
        const enum schema_piece *kinds, const struct lw_bytes *values)
{
	struct filter *f = node(a, FILTER_SUBSTR);

	if (f == NULL)
		return NULL;
	if (!describe(a, f, desc) || n == 0)
		return lw_arena_failed(a) ? NULL : undefined(f);
	f->pieces = lw_allocn(a, n, sizeof(*f->pieces));
	if (f->pieces == NULL)
		return NULL;
	f->npieces = n;
	for (unsigned i = 0; i < n; i++) {
		struct filter_piece *p = &f->pieces[i];
		int err;

		/* initial only first, final only last */
		if ((kinds[i] == SCHEMA_INITIAL && i != 0) || (kinds[i] == SCHEMA_FINAL && i != n - 1))
			return undefined(f);
		p->kind = kinds[i];
		p->value = lw_dup(a, values[i]);
		if (p->value.p == NULL)
			return NULL;
		err = schema_sub_piece(f->attr, p->kind, a, p->value, &p->norm);
		if (err)
			return settle(a, f, err);
	}
	return f;
}

struct filter *filter_extensible(
        struct lw_arena *a, struct lw_bytes rule, struct lw_bytes desc, struct lw_bytes value, bool dn_attrs)
{
	struct filter *f = node(a, FILTER_EXTENSIBLE);

	if (f == NULL)
		return NULL;
	f->dn_attrs = dn_attrs;
	if (desc.n != 0 && !describe(a, f, desc))
		return lw_arena_failed(a) ? NULL : undefined(f);
	if (rule.n != 0) {
		f->rule = schema_rule(rule);
		if (f->rule == NULL || f->rule->kind == RULE_SUBSTR)
			return undefined(f);
		if (f->attr != NULL && !schema_rule_applies(f->rule, f->attr))
			return undefined(f);
	} else if (f->attr != NULL) {
		f->rule = f->attr->equality;
	}
	return settle(a, f, assertion(a, f, f->rule, value));
}

/* ---- matching ---- */

static enum filter_truth truth(bool b)
{
	return b ? FILTER_TRUE : FILTER_FALSE;
}

static bool starts(struct lw_bytes v, struct lw_bytes piece)
{
	return piece.n <= v.n && memcmp(v.p, piece.p, piece.n) == 0;
}

/* RFC 4511 4.5.1.7.2: the pieces in order, without overlap. */
static bool match_pieces(const struct filter *f, struct lw_bytes v)
{
	for (unsigned i = 0; i < f->npieces; i++) {
		struct lw_bytes piece = f->pieces[i].norm;
		size_t skip = 0;

		if (piece.n > v.n)
			return false;
		if (f->pieces[i].kind == SCHEMA_FINAL)
			return piece.n == 0 || memcmp(v.p + v.n - piece.n, piece.p, piece.n) == 0;
		if (f->pieces[i].kind == SCHEMA_ANY && piece.n != 0) {
			const uint8_t *at = memmem(v.p, v.n, piece.p, piece.n);

			if (at == NULL)
				return false;
			skip = (size_t)(at - v.p);
		} else if (!starts(v, piece)) {
			return false;
		}
		v.p += skip + piece.n;
		v.n -= skip + piece.n;
	}
	return true;
}

static enum filter_truth compare(const struct filter *f, const struct schema_rule *rule,
        const struct schema_attr *attr, struct lw_arena *a, struct lw_bytes stored)
{
	struct lw_bytes norm;
	int cmp;

	if (rule == NULL || rule->norm(attr, a, stored, &norm) != 0)
		return FILTER_UNDEF;
	if (f->kind == FILTER_EQ || f->kind == FILTER_APPROX ||
	        (f->kind == FILTER_EXTENSIBLE && rule->kind == RULE_EQUALITY))
		return truth(lw_eq(norm, f->norm));
	cmp = lw_cmp(norm, f->norm);
	if (f->kind == FILTER_GE)
		return truth(cmp >= 0);
	if (f->kind == FILTER_LE)
		return truth(cmp <= 0);
	return truth(cmp < 0); /* an ordering rule in an extensible match: stored before asserted */
}

enum filter_truth filter_value_match(
        const struct filter *f, const struct schema_attr *attr, struct lw_arena *a, struct lw_bytes stored)
{
	struct lw_bytes v;

	if (attr->flags & SCHEMA_SECRET)
		return FILTER_UNDEF;
	switch (f->kind) {
	case FILTER_PRESENT:
		return FILTER_TRUE;
	case FILTER_EQ:
	case FILTER_APPROX:
		return compare(f, f->attr->equality, attr, a, stored);
	case FILTER_GE:
	case FILTER_LE:
		return compare(f, f->attr->ordering, attr, a, stored);
	case FILTER_SUBSTR:
		if (schema_sub_value(f->attr, a, stored, &v) != 0)
			return FILTER_UNDEF;
		return truth(match_pieces(f, v));
	case FILTER_EXTENSIBLE:
		if (f->rule == NULL || !schema_rule_applies(f->rule, attr))
			return FILTER_UNDEF;
		return compare(f, f->rule, attr, a, stored);
	default:
		return FILTER_UNDEF;
	}
}
