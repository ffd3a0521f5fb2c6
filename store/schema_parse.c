/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4512 4.1.1 and 4.1.2: object class and attribute type descriptions. */
#include <string.h>
#include "base/err.h"
#include "store/schema_int.h"

enum keyword_arg { ARG_NONE, ARG_NAMES, ARG_TEXT, ARG_OID, ARG_OIDS, ARG_SYNTAX, ARG_USAGE };
enum { IN_ATTR = 1, IN_CLASS = 2 };

struct keyword {
	const char *name;
	unsigned where;
	enum keyword_arg arg;
	size_t field;   /* of the struct schema_def, where the argument goes */
	unsigned value; /* ARG_NONE: the flag (attributes) or kind (classes) */
};
#define FIELD(f) offsetof(struct schema_def, f)
static const struct keyword keywords[] = {
	{ "NAME", IN_ATTR | IN_CLASS, ARG_NAMES, FIELD(names), 0 },
	{ "DESC", IN_ATTR | IN_CLASS, ARG_TEXT, FIELD(desc), 0 },
	{ "OBSOLETE", IN_ATTR | IN_CLASS, ARG_NONE, FIELD(flags), SCHEMA_OBSOLETE },
	{ "SUP", IN_ATTR | IN_CLASS, ARG_OIDS, FIELD(sups), 0 },
	{ "EQUALITY", IN_ATTR, ARG_OID, FIELD(equality), 0 },
	{ "ORDERING", IN_ATTR, ARG_OID, FIELD(ordering), 0 },
	{ "SUBSTR", IN_ATTR, ARG_OID, FIELD(substr), 0 },
	{ "SYNTAX", IN_ATTR, ARG_SYNTAX, FIELD(syntax), 0 },
	{ "SINGLE-VALUE", IN_ATTR, ARG_NONE, FIELD(flags), SCHEMA_SINGLE },
	{ "COLLECTIVE", IN_ATTR, ARG_NONE, FIELD(flags), SCHEMA_COLLECTIVE },
	{ "NO-USER-MODIFICATION", IN_ATTR, ARG_NONE, FIELD(flags), SCHEMA_NO_USER_MOD },
	{ "USAGE", IN_ATTR, ARG_USAGE, FIELD(flags), 0 },
	{ "ABSTRACT", IN_CLASS, ARG_NONE, FIELD(kind), SCHEMA_ABSTRACT },
	{ "STRUCTURAL", IN_CLASS, ARG_NONE, FIELD(kind), SCHEMA_STRUCTURAL },
	{ "AUXILIARY", IN_CLASS, ARG_NONE, FIELD(kind), SCHEMA_AUXILIARY },
	{ "MUST", IN_CLASS, ARG_OIDS, FIELD(must), 0 },
	{ "MAY", IN_CLASS, ARG_OIDS, FIELD(may), 0 },
};
#define NKEYWORDS (sizeof(keywords) / sizeof(keywords[0]))
#define KIND_KEYWORDS                                                                                        \
	((1u << 12) | (1u << 13) | (1u << 14)) /* at most one of ABSTRACT, STRUCTURAL, AUXILIARY */

static const struct {
	const char *name;
	unsigned flags;
} usages[] = {
	{ "userApplications", 0 },
	{ "directoryOperation", SCHEMA_OPERATIONAL },
	{ "distributedOperation", SCHEMA_OPERATIONAL },
	{ "dSAOperation", SCHEMA_OPERATIONAL },
};

struct scan {
	const uint8_t *p, *end;
	int err; /* sticky */
};

static bool is_alpha(uint8_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool schema_is_oid(struct lw_bytes v)
{
	size_t i = 0, arcs = 0;

	while (i < v.n) {
		size_t start = i;

		while (i < v.n && is_digit(v.p[i]))
			i++;
		if (i == start || (v.p[start] == '0' && i - start > 1))
			return false;
		arcs++;
		if (i == v.n)
			return arcs >= 2;
		if (v.p[i++] != '.')
			return false;
	}
	return false;
}

bool schema_is_descr(struct lw_bytes v)
{
	if (v.n == 0 || !is_alpha(v.p[0]))
		return false;
	for (size_t i = 1; i < v.n; i++)
		if (!is_alpha(v.p[i]) && !is_digit(v.p[i]) && v.p[i] != '-')
			return false;
	return true;
}

static void scan_fail(struct scan *s, int err)
{
	if (s->err == 0)
		s->err = err;
	s->p = s->end;
}

static void scan_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* Eats c (after spaces) if it is next. */
static bool scan_is(struct scan *s, uint8_t c)
{
	scan_space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static void scan_need(struct scan *s, uint8_t c)
{
	if (!scan_is(s, c))
		scan_fail(s, LW_EINVAL);
}

static struct lw_bytes scan_word(struct scan *s)
{
	struct lw_bytes w;

	scan_space(s);
	w.p = s->p;
	while (s->p < s->end &&
	        (is_alpha(*s->p) || is_digit(*s->p) || *s->p == '-' || *s->p == '.' || *s->p == '_'))
		s->p++;
	w.n = (size_t)(s->p - w.p);
	if (w.n == 0)
		scan_fail(s, LW_EINVAL);
	return w;
}

static struct lw_bytes scan_oid(struct scan *s)
{
	struct lw_bytes w = scan_word(s);

	if (s->err == 0 && !schema_is_oid(w) && !schema_is_descr(w))
		scan_fail(s, LW_EINVAL);
	return w;
}

static struct lw_bytes scan_quoted(struct scan *s)
{
	struct lw_bytes w = { 0 };

	scan_need(s, '\'');
	w.p = s->p;
	while (s->p < s->end && *s->p != '\'')
		s->p++;
	w.n = (size_t)(s->p - w.p);
	scan_need(s, '\'');
	return w;
}

/* A name twice is an error; an attribute twice in a list is not, even RFC 4519 has one. */
static void list_add(struct scan *s, struct schema_list *l, struct lw_bytes w, unsigned max)
{
	if (s->err)
		return;
	for (unsigned i = 0; i < l->n; i++)
		if (lw_eq_nocase(l->v[i], w)) {
			if (max == SCHEMA_DEF_NAMES)
				scan_fail(s, LW_EINVAL);
			return;
		}
	if (l->n == max)
		scan_fail(s, LW_ELIMIT);
	else
		l->v[l->n++] = w;
}

static void scan_names(struct scan *s, struct schema_list *l)
{
	bool many = scan_is(s, '(');

	while (s->err == 0) {
		struct lw_bytes w;

		if (many && scan_is(s, ')'))
			return;
		w = scan_quoted(s);
		if (s->err == 0 && !schema_is_descr(w))
			scan_fail(s, LW_EINVAL);
		if (w.n > 64)
			scan_fail(s, LW_ELIMIT);
		list_add(s, l, w, SCHEMA_DEF_NAMES);
		if (!many)
			return;
	}
}

static void scan_oids(struct scan *s, struct schema_list *l)
{
	if (!scan_is(s, '(')) {
		list_add(s, l, scan_oid(s), SCHEMA_DEF_ATTRS);
		return;
	}
	do
		list_add(s, l, scan_oid(s), SCHEMA_DEF_ATTRS);
	while (s->err == 0 && scan_is(s, '$'));
	scan_need(s, ')');
}

static void scan_syntax(struct scan *s, struct schema_def *def)
{
	bool quoted = scan_is(s, '\''); /* some vendors quote it */

	def->syntax = scan_word(s);
	if (s->err == 0 && !schema_is_oid(def->syntax))
		scan_fail(s, LW_EINVAL);
	if (s->p < s->end && *s->p == '{') {
		s->p++;
		while (s->p < s->end && is_digit(*s->p) && def->syntax_len < 100000000)
			def->syntax_len = def->syntax_len * 10 + (uint32_t)(*s->p++ - '0');
		scan_need(s, '}');
		if (s->err == 0 && def->syntax_len == 0)
			scan_fail(s, LW_EINVAL);
	}
	if (quoted)
		scan_need(s, '\'');
}

static void scan_usage(struct scan *s, struct schema_def *def)
{
	struct lw_bytes w = scan_word(s);

	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (lw_eq(w, lw_str(usages[i].name))) {
			def->flags |= usages[i].flags;
			return;
		}
	scan_fail(s, LW_EINVAL);
}

/* X-…: a quoted string or a list of them, which nobody reads. */
static void scan_extension(struct scan *s)
{
	bool many = scan_is(s, '(');

	do {
		if (many && scan_is(s, ')'))
			return;
		scan_quoted(s);
	} while (many && s->err == 0);
}

static void scan_argument(struct scan *s, const struct keyword *k, unsigned where, struct schema_def *def)
{
	void *field = (char *)def + k->field;

	switch (k->arg) {
	case ARG_NONE:
		if (k->field == FIELD(kind))
			def->kind = (enum schema_class_kind)k->value;
		else
			def->flags |= k->value;
		break;
	case ARG_NAMES:
		scan_names(s, field);
		break;
	case ARG_TEXT:
		*(struct lw_bytes *)field = scan_quoted(s);
		break;
	case ARG_OID:
		*(struct lw_bytes *)field = scan_oid(s);
		break;
	case ARG_OIDS:
		scan_oids(s, field);
		if (where == IN_ATTR && def->sups.n > 1)
			scan_fail(s, LW_EINVAL);
		break;
	case ARG_SYNTAX:
		scan_syntax(s, def);
		break;
	case ARG_USAGE:
		scan_usage(s, def);
		break;
	}
}

static int parse(struct lw_bytes text, unsigned where, struct schema_def *ret)
{
	const uint8_t *p = text.n != 0 ? text.p : (const uint8_t *)"";
	struct scan s = { p, p + text.n, 0 };
	unsigned seen = 0;

	memset(ret, 0, sizeof(*ret));
	ret->kind = SCHEMA_STRUCTURAL;
	if (text.n > SCHEMA_DEF_MAX_TEXT)
		return LW_ELIMIT;
	scan_need(&s, '(');
	ret->oid = scan_word(&s);
	if (s.err == 0 && !schema_is_oid(ret->oid))
		return LW_EINVAL;
	while (s.err == 0 && !scan_is(&s, ')')) {
		struct lw_bytes w = scan_word(&s);
		size_t i;

		if (w.n > 2 && w.p[0] == 'X' && w.p[1] == '-') {
			scan_extension(&s);
			continue;
		}
		for (i = 0; i < NKEYWORDS; i++)
			if ((keywords[i].where & where) && lw_eq(w, lw_str(keywords[i].name)))
				break;
		if (s.err == 0 && (i == NKEYWORDS || (seen & 1u << i)))
			return LW_EINVAL;
		if (s.err)
			break;
		if ((1u << i & KIND_KEYWORDS) && (seen & KIND_KEYWORDS))
			return LW_EINVAL;
		seen |= 1u << i;
		scan_argument(&s, &keywords[i], where, ret);
	}
	scan_space(&s);
	if (s.err == 0 && s.p != s.end)
		return LW_EINVAL;
	return s.err;
}

int schema_def_attr(struct lw_bytes text, struct schema_def *ret)
{
	int err = parse(text, IN_ATTR, ret);

	/* RFC 4512 4.1.2: a supertype or a syntax; what users may not modify is operational; collective is
	 * neither */
	if (err == 0 && ret->sups.n == 0 && ret->syntax.n == 0)
		err = LW_EINVAL;
	if (err == 0 && (ret->flags & SCHEMA_NO_USER_MOD) && !(ret->flags & SCHEMA_OPERATIONAL))
		err = LW_EINVAL;
	if (err == 0 && (ret->flags & SCHEMA_COLLECTIVE) &&
	        (ret->flags & (SCHEMA_SINGLE | SCHEMA_OPERATIONAL)))
		err = LW_EINVAL;
	return err;
}

int schema_def_class(struct lw_bytes text, struct schema_def *ret)
{
	return parse(text, IN_CLASS, ret);
}
