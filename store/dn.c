/* SPDX-License-Identifier: Apache-2.0 */
#include "store/dn.h"

#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "store/schema_int.h"

/* What an octet is in an RFC 4514 string. */
enum {
	C_SPECIAL = 1,   /* may not stand in a value unescaped */
	C_ESCAPABLE = 2, /* may follow a backslash as itself */
	C_HEX = 4,
	C_ODD = 8, /* not printed as it is, or not always */
};
static const uint8_t kinds[256] = {
	[1 ... 31] = C_ODD,
	[127 ... 255] = C_ODD,
	['"'] = C_SPECIAL | C_ESCAPABLE,
	['+'] = C_SPECIAL | C_ESCAPABLE,
	[','] = C_SPECIAL | C_ESCAPABLE,
	[';'] = C_SPECIAL | C_ESCAPABLE,
	['<'] = C_SPECIAL | C_ESCAPABLE,
	['>'] = C_SPECIAL | C_ESCAPABLE,
	['\\'] = C_SPECIAL | C_ESCAPABLE,
	[0] = C_SPECIAL,
	['='] = C_ESCAPABLE,
	[' '] = C_ESCAPABLE,
	['#'] = C_ESCAPABLE,
	['0'] = C_HEX,
	['1'] = C_HEX,
	['2'] = C_HEX,
	['3'] = C_HEX,
	['4'] = C_HEX,
	['5'] = C_HEX,
	['6'] = C_HEX,
	['7'] = C_HEX,
	['8'] = C_HEX,
	['9'] = C_HEX,
	['a'] = C_HEX,
	['b'] = C_HEX,
	['c'] = C_HEX,
	['d'] = C_HEX,
	['e'] = C_HEX,
	['f'] = C_HEX,
	['A'] = C_HEX,
	['B'] = C_HEX,
	['C'] = C_HEX,
	['D'] = C_HEX,
	['E'] = C_HEX,
	['F'] = C_HEX,
};

struct dn_scan {
	struct lw_arena *arena;
	const uint8_t *p, *end;
	bool plain; /* this RDN is written as we would print it */
};

static int arena_error(struct lw_arena *a)
{
	return lw_arena_failed(a) ? LW_ELIMIT : LW_ENOMEM;
}

static unsigned hexval(uint8_t c)
{
	return c <= '9' ? c - (unsigned)'0' : (c | 32u) - 'a' + 10;
}

static bool hexpair(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 2 && (kinds[p[0]] & C_HEX) && (kinds[p[1]] & C_HEX);
}

static void spaces(struct dn_scan *s)
{
	while (s->p < s->end && *s->p == ' ') {
		s->p++;
		s->plain = false;
	}
}

/* The contents of the BER value after '#': a string type, as RFC 4514 2.4 lets a value be written. */
static int hex_value(struct dn_scan *s, struct lw_bytes *ret)
{
	static const uint8_t string_tags[] = { 0x04, 0x0c, 0x12, 0x13, 0x16 };
	uint8_t *b = lw_alloc(s->arena, (size_t)(s->end - s->p) / 2 + 1);
	size_t n = 0, head = 2, len;

	if (b == NULL)
		return arena_error(s->arena);
	for (; hexpair(s->p, s->end); s->p += 2)
		b[n++] = (uint8_t)(hexval(s->p[0]) << 4 | hexval(s->p[1]));
	if (n < 2 || memchr(string_tags, b[0], sizeof(string_tags)) == NULL)
		return LW_EDNSYNTAX;
	len = b[1];
	if (len > 0x80) {
		if (len > 0x82 || n < 2 + (len & 0x7f))
			return LW_EDNSYNTAX;
		head += len & 0x7f;
		len = b[1] == 0x81 ? b[2] : (size_t)b[2] << 8 | b[3];
	} else if (len == 0x80) {
		return LW_EDNSYNTAX;
	}
	if (len != n - head)
		return LW_EDNSYNTAX;
	*ret = (struct lw_bytes){ b + head, len };
	return 0;
}

/* A string value up to an unescaped comma or plus; without escapes it is a slice of the text. */
static int string_value(struct dn_scan *s, struct lw_bytes *ret)
{
	const uint8_t *start = s->p,
	              *solid = s->p; /* solid: behind the last octet that is no trailing space */
	uint8_t *out, *o, seen = 0;

	while (s->p < s->end && !(kinds[*s->p] & C_SPECIAL)) {
		seen |= kinds[*s->p];
		if (*s->p != ' ')
			solid = s->p + 1;
		s->p++;
	}
	if ((seen & C_ODD) || solid != s->p)
		s->plain = false;
	if (s->p == s->end || *s->p != '\\') {
		*ret = (struct lw_bytes){ start, (size_t)(solid - start) };
		return 0;
	}
	s->plain = false;
	out = lw_alloc(s->arena, (size_t)(s->end - start) + 1);
	if (out == NULL)
		return arena_error(s->arena);
	memcpy(out, start, (size_t)(s->p - start));
	o = out + (s->p - start);
	solid = out + (solid - start);
	for (; s->p < s->end; s->p++) {
		if (*s->p == '\\') {
			s->p++;
			if (hexpair(s->p, s->end)) {
				*o++ = (uint8_t)(hexval(s->p[0]) << 4 | hexval(s->p[1]));
				s->p++;
			} else if (s->p < s->end && (kinds[*s->p] & C_ESCAPABLE)) {
				*o++ = *s->p;
			} else {
				return LW_EDNSYNTAX;
			}
			solid = o;
			continue;
		}
		if (kinds[*s->p] & C_SPECIAL)
			break;
		*o++ = *s->p;
		if (*s->p != ' ')
			solid = o;
	}
	*ret = (struct lw_bytes){ out, (size_t)(solid - out) };
	return 0;
}

/* May it stand in a DN? No secrets, no binary values, and no DNs in DNs: those would nest without a bound. */
static bool names(const struct schema_attr *attr)
{
	return !(attr->flags & SCHEMA_SECRET) && !(attr->syntax->flags & (SYNTAX_NOT_TEXT | SYNTAX_HAS_DN));
}

static int parse_ava(struct dn_scan *s, struct dn_ava *ava)
{
	struct lw_bytes type;
	int err;

	spaces(s);
	type.p = s->p;
	while (s->p < s->end && *s->p != '=' && *s->p != ' ' && !(kinds[*s->p] & C_SPECIAL))
		s->p++;
	type.n = (size_t)(s->p - type.p);
	spaces(s);
	if (s->p == s->end || *s->p++ != '=')
		return LW_EDNSYNTAX;
	ava->attr = schema_attr(type);
	if (ava->attr == NULL || !names(ava->attr))
		return LW_EDNSYNTAX;
	if (!lw_eq(type, lw_str(ava->attr->names[0])))
		s->plain = false;
	spaces(s);
	if (s->p < s->end && *s->p == '#') {
		s->plain = false;
		s->p++;
		err = hex_value(s, &ava->value);
	} else {
		err = string_value(s, &ava->value);
	}
	spaces(s);
	if (err == 0 && schema_check_value(ava->attr, ava->value) != 0)
		return LW_EDNSYNTAX;
	return err;
}

/* ---- text ---- */

/* How many octets c takes when printed at place i of n; at least 1. */
static unsigned printed(struct lw_bytes v, size_t i, bool utf8)
{
	uint8_t c = v.p[i];

	if (c == 0 || c < ' ' || c == 127 || (c > 127 && !utf8))
		return 3;
	if ((kinds[c] & C_SPECIAL) || (c == ' ' && (i == 0 || i == v.n - 1)) || (c == '#' && i == 0))
		return 2;
	return 1;
}

static size_t value_len(struct lw_bytes v, bool utf8)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		n += printed(v, i, utf8);
	return n;
}

static uint8_t *put_value(uint8_t *o, struct lw_bytes v, bool utf8)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < v.n; i++) {
		unsigned w = printed(v, i, utf8);

		if (w > 1)
			*o++ = '\\';
		if (w == 3) {
			*o++ = (uint8_t)digits[v.p[i] >> 4];
			*o++ = (uint8_t)digits[v.p[i] & 15];
		} else {
			*o++ = v.p[i];
		}
	}
	return o;
}

static int make_text(struct lw_arena *a, struct dn_rdn *r)
{
	size_t n = r->navas;
	bool utf8[DN_MAX_AVAS];
	uint8_t *p, *o;

	for (unsigned i = 0; i < r->navas; i++) {
		utf8[i] = lw_utf8_valid(r->avas[i].value);
		n += strlen(r->avas[i].attr->names[0]) + 1 + value_len(r->avas[i].value, utf8[i]);
	}
	o = p = lw_alloc(a, n + 1);
	if (p == NULL)
		return arena_error(a);
	for (unsigned i = 0; i < r->navas; i++) {
		const char *name = r->avas[i].attr->names[0];
		size_t len = strlen(name);

		if (i != 0)
			*o++ = '+';
		memcpy(o, name, len);
		o += len;
		*o++ = '=';
		o = put_value(o, r->avas[i].value, utf8[i]);
	}
	r->text = (struct lw_bytes){ p, (size_t)(o - p) };
	return 0;
}

/* ---- normal form: (id, length, normal value)*, by id ---- */

static int make_norm(struct lw_arena *a, struct dn_rdn *r)
{
	struct lw_bytes norm[DN_MAX_AVAS];
	unsigned order[DN_MAX_AVAS];
	size_t n = 0;
	uint8_t *p;

	for (unsigned i = 0; i < r->navas; i++) {
		const struct dn_ava *v = &r->avas[i];
		unsigned k = i;
		int err = schema_norm(v->attr, NULL, a, v->value, &norm[i]);

		if (err == LW_EMATCHING) { /* no rule: the octets */
			norm[i] = v->value;
			err = 0;
		}
		if (err)
			return err == LW_ESYNTAX ? LW_EDNSYNTAX : err;
		if (norm[i].n > 0xffff)
			return LW_ELIMIT;
		n += 4 + norm[i].n;
		for (; k > 0 && r->avas[order[k - 1]].attr->id >= v->attr->id; k--) {
			if (r->avas[order[k - 1]].attr == v->attr)
				return LW_EDNSYNTAX; /* RFC 4512 2.3: of each type one */
			order[k] = order[k - 1];
		}
		order[k] = i;
	}
	p = lw_alloc(a, n + 1);
	if (p == NULL)
		return arena_error(a);
	n = 0;
	for (unsigned i = 0; i < r->navas; i++) {
		struct lw_bytes v = norm[order[i]];
		uint16_t id = r->avas[order[i]].attr->id;

		p[n++] = (uint8_t)(id >> 8);
		p[n++] = (uint8_t)id;
		p[n++] = (uint8_t)(v.n >> 8);
		p[n++] = (uint8_t)v.n;
		if (v.n != 0)
			memcpy(p + n, v.p, v.n);
		n += v.n;
	}
	if (n > 0xffff)
		return LW_ELIMIT;
	r->norm = (struct lw_bytes){ p, n };
	return 0;
}

static int finish_rdn(struct lw_arena *a, struct dn_rdn *r)
{
	int err = make_norm(a, r);

	return err || r->text.n != 0 ? err : make_text(a, r);
}

/* One RDN; stops behind it, at the end or at a comma. */
static int parse_rdn(struct dn_scan *s, struct dn_rdn *ret)
{
	struct dn_ava avas[DN_MAX_AVAS];
	struct dn_rdn r = { 0 };
	const uint8_t *from = s->p;
	int err;

	s->plain = true;
	for (;;) {
		if (r.navas == DN_MAX_AVAS)
			return LW_ELIMIT;
		err = parse_ava(s, &avas[r.navas]);
		if (err)
			return err;
		r.navas++;
		if (s->p == s->end || *s->p != '+')
			break;
		s->p++;
	}
	if (s->p != s->end && *s->p != ',')
		return LW_EDNSYNTAX;
	r.avas = lw_allocn(s->arena, r.navas, sizeof(avas[0]));
	if (r.avas == NULL)
		return arena_error(s->arena);
	memcpy(r.avas, avas, r.navas * sizeof(avas[0]));
	if (s->plain)
		r.text = (struct lw_bytes){ from, (size_t)(s->p - from) };
	err = finish_rdn(s->arena, &r);
	if (err == 0)
		*ret = r;
	return err;
}

static int start(struct lw_arena *a, struct lw_bytes text, struct dn_scan *s)
{
	struct lw_bytes copy;

	if (text.n > DN_MAX_TEXT)
		return LW_ELIMIT;
	copy = lw_dup(a, text);
	if (copy.p == NULL)
		return arena_error(a);
	*s = (struct dn_scan){ a, copy.p, copy.p + copy.n, false };
	return 0;
}

/* At least as many RDNs as there are commas, and one more. */
static unsigned count_rdns(struct lw_bytes text)
{
	unsigned n = 1;

	for (size_t i = 0; i < text.n && n < DN_MAX_RDNS; i++)
		n += text.p[i] == ',';
	return n;
}

int dn_parse(struct lw_arena *a, struct lw_bytes text, struct store_dn **ret)
{
	struct dn_scan s;
	struct store_dn *dn;
	unsigned room = count_rdns(text);
	int err = start(a, text, &s);

	if (err)
		return err;
	dn = lw_alloc(a, sizeof(*dn));
	if (dn == NULL)
		return arena_error(a);
	spaces(&s);
	if (s.p == s.end) {
		*ret = dn;
		return 0;
	}
	dn->rdn = lw_allocn(a, room, sizeof(dn->rdn[0]));
	if (dn->rdn == NULL)
		return arena_error(a);
	for (;;) {
		if (dn->n == room)
			return LW_ELIMIT;
		err = parse_rdn(&s, &dn->rdn[dn->n]);
		if (err)
			return err;
		dn->n++;
		if (s.p == s.end)
			break;
		s.p++; /* the comma */
	}
	*ret = dn;
	return 0;
}

int dn_parse_rdn(struct lw_arena *a, struct lw_bytes text, struct dn_rdn *ret)
{
	struct dn_scan s;
	struct dn_rdn r;
	int err = start(a, text, &s);

	if (err == 0)
		err = parse_rdn(&s, &r);
	if (err == 0 && s.p != s.end)
		err = LW_EDNSYNTAX;
	if (err == 0)
		*ret = r;
	return err;
}

int dn_make_rdn(struct lw_arena *a, const struct schema_attr *attr, struct lw_bytes value, struct dn_rdn *ret)
{
	struct dn_rdn r = { .navas = 1 };
	struct lw_bytes copy;
	int err;

	if (!names(attr) || schema_check_value(attr, value) != 0)
		return LW_EDNSYNTAX;
	copy = lw_dup(a, value);
	r.avas = lw_alloc(a, sizeof(r.avas[0]));
	if (copy.p == NULL || r.avas == NULL)
		return arena_error(a);
	r.avas[0] = (struct dn_ava){ attr, copy };
	err = finish_rdn(a, &r);
	if (err == 0)
		*ret = r;
	return err;
}

void dn_put(struct lw_writer *w, const struct store_dn *dn)
{
	for (unsigned i = 0; i < dn->n; i++) {
		if (i != 0)
			lw_put_u8(w, ',');
		lw_put_bytes(w, dn->rdn[i].text);
	}
}

bool dn_under(const struct store_dn *dn, const struct store_dn *base, unsigned *ret_depth)
{
	if (dn->n < base->n)
		return false;
	for (unsigned i = 1; i <= base->n; i++)
		if (!lw_eq(dn->rdn[dn->n - i].norm, base->rdn[base->n - i].norm))
			return false;
	if (ret_depth != NULL)
		*ret_depth = dn->n - base->n;
	return true;
}

bool dn_eq(const struct store_dn *a, const struct store_dn *b)
{
	return a->n == b->n && dn_under(a, b, NULL);
}

/* ---- domains ---- */

int dn_from_domain(struct lw_arena *a, const char *domain, struct store_dn **ret)
{
	const struct schema_attr *dc = schema_attr(LW_LIT("dc"));
	struct lw_bytes text = lw_str(domain);
	struct store_dn *dn = lw_alloc(a, sizeof(*dn));
	size_t i = 0;

	if (dn == NULL)
		return arena_error(a);
	if (text.n == 0 || text.n > 255)
		return LW_EINVAL;
	dn->rdn = lw_allocn(a, DN_MAX_RDNS, sizeof(dn->rdn[0]));
	if (dn->rdn == NULL)
		return arena_error(a);
	while (i <= text.n) {
		struct lw_bytes label = { text.p + i, 0 };
		int err;

		while (i < text.n && text.p[i] != '.')
			i++;
		label.n = (size_t)(text.p + i++ - label.p);
		if (dn->n == DN_MAX_RDNS)
			return LW_ELIMIT;
		if (label.n == 0)
			return LW_EINVAL;
		err = dn_make_rdn(a, dc, label, &dn->rdn[dn->n]);
		if (err)
			return err == LW_EDNSYNTAX ? LW_EINVAL : err;
		dn->n++;
	}
	*ret = dn;
	return 0;
}

int dn_to_domain(struct lw_arena *a, const struct store_dn *dn, char **ret)
{
	const struct schema_attr *dc = schema_attr(LW_LIT("dc"));
	size_t n = 0;
	char *p;

	if (dn->n == 0)
		return LW_ENOTFOUND;
	for (unsigned i = 0; i < dn->n; i++) {
		const struct dn_rdn *r = &dn->rdn[i];

		if (r->navas != 1 || r->avas[0].attr != dc || r->avas[0].value.n == 0 ||
		        memchr(r->avas[0].value.p, '.', r->avas[0].value.n) != NULL ||
		        memchr(r->avas[0].value.p, 0, r->avas[0].value.n) != NULL)
			return LW_ENOTFOUND;
		n += r->avas[0].value.n + 1;
	}
	p = lw_alloc(a, n);
	if (p == NULL)
		return arena_error(a);
	n = 0;
	for (unsigned i = 0; i < dn->n; i++) {
		struct lw_bytes v = dn->rdn[i].avas[0].value;

		if (i != 0)
			p[n++] = '.';
		for (size_t k = 0; k < v.n; k++)
			p[n++] = (char)(v.p[k] >= 'A' && v.p[k] <= 'Z' ? v.p[k] | 32 : v.p[k]);
	}
	p[n] = 0;
	*ret = p;
	return 0;
}
