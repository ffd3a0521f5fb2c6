/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4515: filters as text. */
#include <string.h>
#include "base/err.h"
#include "store/filter.h"
#include "store/schema_int.h"

#define MAX_TEXT   (64u << 10)
#define MAX_PIECES 64

struct ftext {
	struct lw_arena *arena;
	const uint8_t *p, *end;
	unsigned nodes;
};

static int arena_error(struct lw_arena *a)
{
	return lw_arena_failed(a) ? LW_ELIMIT : LW_ENOMEM;
}

static int hexval(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The assertion value from..to: \xx are octets. */
static int unescape(struct ftext *t, const uint8_t *from, const uint8_t *to, struct lw_bytes *ret)
{
	uint8_t *out = lw_alloc(t->arena, (size_t)(to - from) + 1);
	size_t n = 0;

	if (out == NULL)
		return arena_error(t->arena);
	while (from < to) {
		uint8_t c = *from++;

		if (c == 0 || c == '(')
			return LW_EINVAL;
		if (c == '\\') {
			int high, low;

			if (to - from < 2)
				return LW_EINVAL;
			high = hexval(from[0]);
			low = hexval(from[1]);
			if (high < 0 || low < 0)
				return LW_EINVAL;
			c = (uint8_t)(high << 4 | low);
			from += 2;
		}
		out[n++] = c;
	}
	*ret = (struct lw_bytes){ out, n };
	return 0;
}

static int built(struct ftext *t, struct filter *f, struct filter **ret)
{
	if (f == NULL)
		return arena_error(t->arena);
	*ret = f;
	return 0;
}

/* attr=a*b*c */
static int substrings(
        struct ftext *t, struct lw_bytes desc, const uint8_t *from, const uint8_t *to, struct filter **ret)
{
	enum schema_piece kinds[MAX_PIECES];
	struct lw_bytes values[MAX_PIECES];
	const uint8_t *start = from;
	unsigned n = 0;

	for (;;) {
		const uint8_t *star = memchr(from, '*', (size_t)(to - from));
		const uint8_t *stop = star != NULL ? star : to;

		if (stop > from) {
			int err;

			if (n == MAX_PIECES)
				return LW_ELIMIT;
			kinds[n] = from == start ? SCHEMA_INITIAL : star == NULL ? SCHEMA_FINAL : SCHEMA_ANY;
			err = unescape(t, from, stop, &values[n++]);
			if (err)
				return err;
		} else if (from != start && star != NULL) {
			return LW_EINVAL; /* two stars in a row */
		}
		if (star == NULL)
			break;
		from = star + 1;
	}
	return built(t, filter_substr(t->arena, desc, n, kinds, values), ret);
}

/* [type] [":dn"] [":" rule] ":=" value; head is what stands before ":=" */
static int extensible(struct ftext *t, struct lw_bytes head, struct lw_bytes value, struct filter **ret)
{
	struct lw_bytes part[3] = { { 0 } };
	unsigned n = 0;
	bool dn = false;
	size_t i = 0;

	while (i <= head.n) {
		size_t from = i;

		while (i < head.n && head.p[i] != ':')
			i++;
		if (n == 3)
			return LW_EINVAL;
		part[n++] = (struct lw_bytes){ head.p + from, i++ - from };
	}
	if (n > 1 && lw_eq_nocase(part[1], LW_LIT("dn"))) {
		dn = true;
		part[1] = part[2];
		n--;
	}
	if (n > 2 || (n == 2 && part[1].n == 0) || (part[0].n == 0 && n != 2))
		return LW_EINVAL;
	return built(t,
	        filter_extensible(t->arena, n == 2 ? part[1] : (struct lw_bytes){ 0 }, part[0], value, dn),
	        ret);
}

static int item(struct ftext *t, struct filter **ret)
{
	const uint8_t *start = t->p, *eq, *to;
	struct lw_bytes desc, value;
	enum filter_kind kind = FILTER_EQ;
	int err;

	while (t->p < t->end && *t->p != ')')
		t->p++;
	to = t->p;
	eq = memchr(start, '=', (size_t)(to - start));
	if (eq == NULL || eq == start)
		return LW_EINVAL;
	desc = (struct lw_bytes){ start, (size_t)(eq - start) };
	if (memchr(desc.p, '(', desc.n) != NULL || memchr(desc.p, '*', desc.n) != NULL ||
	        memchr(desc.p, 0, desc.n) != NULL || memchr(desc.p, '\\', desc.n) != NULL)
		return LW_EINVAL;
	eq++;
	switch (desc.p[desc.n - 1]) {
	case '~':
		kind = FILTER_APPROX;
		break;
	case '>':
		kind = FILTER_GE;
		break;
	case '<':
		kind = FILTER_LE;
		break;
	case ':':
		kind = FILTER_EXTENSIBLE;
		break;
	}
	if (kind != FILTER_EQ)
		desc.n--;
	if (desc.n == 0)
		return LW_EINVAL;
	if (memchr(eq, '*', (size_t)(to - eq)) != NULL) {
		if (kind != FILTER_EQ)
			return LW_EINVAL;
		if (to - eq == 1)
			return built(t, filter_assert(t->arena, FILTER_PRESENT, desc, (struct lw_bytes){ 0 }),
			        ret);
		return substrings(t, desc, eq, to, ret);
	}
	err = unescape(t, eq, to, &value);
	if (err)
		return err;
	if (kind == FILTER_EXTENSIBLE)
		return extensible(t, desc, value, ret);
	return built(t, filter_assert(t->arena, kind, desc, value), ret);
}

static int filter_in(struct ftext *t, unsigned depth, struct filter **ret);

/* & | !: t->p behind the sign */
static int set(struct ftext *t, unsigned depth, enum filter_kind kind, struct filter **ret)
{
	struct filter *children = NULL, **tail = &children;
	unsigned n = 0;

	while (t->p < t->end && *t->p == '(') {
		int err = filter_in(t, depth + 1, tail);

		if (err)
			return err;
		tail = &(*tail)->next;
		n++;
	}
	if (kind == FILTER_NOT && n != 1)
		return LW_EINVAL;
	return built(t, filter_set(t->arena, kind, children), ret);
}

static int filter_in(struct ftext *t, unsigned depth, struct filter **ret)
{
	struct filter *f = NULL;
	int err;

	if (depth > FILTER_MAX_DEPTH || ++t->nodes > FILTER_MAX_NODES)
		return LW_ELIMIT;
	if (t->p == t->end || *t->p++ != '(' || t->p == t->end)
		return LW_EINVAL;
	switch (*t->p) {
	case '&':
		t->p++;
		err = set(t, depth, FILTER_AND, &f);
		break;
	case '|':
		t->p++;
		err = set(t, depth, FILTER_OR, &f);
		break;
	case '!':
		t->p++;
		err = set(t, depth, FILTER_NOT, &f);
		break;
	default:
		err = item(t, &f);
	}
	if (err)
		return err;
	if (t->p == t->end || *t->p++ != ')')
		return LW_EINVAL;
	*ret = f;
	return 0;
}

int filter_parse(struct lw_arena *a, struct lw_bytes text, struct filter **ret)
{
	const uint8_t *p = text.n != 0 ? text.p : (const uint8_t *)"";
	struct ftext t = { a, p, p + text.n, 0 };
	struct filter *f = NULL;
	int err;

	if (text.n > MAX_TEXT)
		return LW_ELIMIT;
	if (text.n != 0 && text.p[0] != '(') /* a lone item, as ldapsearch takes it */
		err = item(&t, &f);
	else
		err = filter_in(&t, 1, &f);
	if (err == 0 && t.p != t.end)
		err = LW_EINVAL;
	if (err == 0)
		*ret = f;
	return err;
}

/* ---- printing ---- */

static void put_lit(struct lw_writer *w, const char *s)
{
	lw_put_raw(w, s, strlen(s));
}

static void put_value(struct lw_writer *w, struct lw_bytes v)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (c < ' ' || c >= 127 || c == '(' || c == ')' || c == '*' || c == '\\') {
			lw_put_u8(w, '\\');
			lw_put_u8(w, (uint8_t)digits[c >> 4]);
			lw_put_u8(w, (uint8_t)digits[c & 15]);
		} else {
			lw_put_u8(w, c);
		}
	}
}

static void put_desc(struct lw_writer *w, const struct filter *f)
{
	put_lit(w, f->attr->names[0]);
	lw_put_bytes(w, f->options);
}

static void put_substr(struct lw_writer *w, const struct filter *f)
{
	lw_put_u8(w, '=');
	for (unsigned i = 0; i < f->npieces; i++) {
		if (f->pieces[i].kind != SCHEMA_INITIAL)
			lw_put_u8(w, '*');
		put_value(w, f->pieces[i].value);
	}
	if (f->pieces[f->npieces - 1].kind != SCHEMA_FINAL)
		lw_put_u8(w, '*');
}

static void put_item(struct lw_writer *w, const struct filter *f)
{
	static const char *const signs[] = { [FILTER_EQ] = "=",
		[FILTER_GE] = ">=",
		[FILTER_LE] = "<=",
		[FILTER_APPROX] = "~=",
		[FILTER_EXTENSIBLE] = ":=" };

	if (f->attr != NULL)
		put_desc(w, f);
	if (f->kind == FILTER_PRESENT) {
		put_lit(w, "=*");
		return;
	}
	if (f->kind == FILTER_SUBSTR) {
		put_substr(w, f);
		return;
	}
	if (f->kind == FILTER_EXTENSIBLE) {
		if (f->dn_attrs)
			put_lit(w, ":dn");
		if (f->rule != NULL) {
			lw_put_u8(w, ':');
			put_lit(w, f->rule->name);
		}
	}
	put_lit(w, signs[f->kind]);
	put_value(w, f->attr != NULL && (f->attr->flags & SCHEMA_SECRET) ? LW_LIT("secret") : f->value);
}

static void put(struct lw_writer *w, const struct filter *f, unsigned depth)
{
	if (depth > FILTER_MAX_DEPTH) {
		w->err = w->err ? w->err : LW_ELIMIT;
		return;
	}
	lw_put_u8(w, '(');
	if (f->kind <= FILTER_NOT) {
		lw_put_u8(w, (uint8_t) "&|!"[f->kind]);
		for (const struct filter *c = f->child; c != NULL; c = c->next)
			put(w, c, depth + 1);
	} else if (f->kind == FILTER_UNDEFINED) {
		put_lit(w, "?=undefined");
	} else {
		put_item(w, f);
	}
	lw_put_u8(w, ')');
}

void filter_put(struct lw_writer *w, const struct filter *f)
{
	put(w, f, 1);
}
