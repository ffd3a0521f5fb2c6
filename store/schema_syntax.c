/* SPDX-License-Identifier: Apache-2.0 */
/* Syntaxes: RFC 4517 section 3, with those of RFC 4523, 4530, 2307, 3112 and 1274 that the definitions name.
 */
#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "base/uuid.h"
#include "store/dn.h"
#include "store/schema_int.h"

#define TEXT_MAX  (64u << 10)
#define BLOB_MAX  (4u << 20)
#define SHORT_MAX 512

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_printable(uint8_t c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || is_digit(c) ||
	       (c != 0 && memchr("'()+,-.=/:? ", c, 12) != NULL);
}

static struct lw_bytes part(struct lw_bytes v, size_t from, size_t to)
{
	return (struct lw_bytes){ v.p + from, to - from };
}

/* Up to the next sep or the end; *at moves behind it. */
static struct lw_bytes field(struct lw_bytes v, size_t *at, uint8_t sep)
{
	size_t from = *at, to = from;

	while (to < v.n && v.p[to] != sep)
		to++;
	*at = to + 1;
	return part(v, from, to);
}

static bool check_any(struct lw_bytes v)
{
	return true;
}

static bool check_some(struct lw_bytes v)
{
	return v.n != 0;
}

static bool check_utf8(struct lw_bytes v)
{
	return lw_utf8_valid(v);
}

static bool check_string(struct lw_bytes v)
{
	return v.n != 0 && lw_utf8_valid(v);
}

static bool check_printable(struct lw_bytes v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_printable(v.p[i]))
			return false;
	return v.n != 0;
}

static bool check_ia5(struct lw_bytes v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] > 127)
			return false;
	return true;
}

static bool check_numeric(struct lw_bytes v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!is_digit(v.p[i]) && v.p[i] != ' ')
			return false;
	return v.n != 0;
}

static bool check_integer(struct lw_bytes v)
{
	size_t i = v.n != 0 && v.p[0] == '-';

	if (i == v.n || (v.p[i] == '0' && v.n != 1))
		return false;
	for (; i < v.n; i++)
		if (!is_digit(v.p[i]))
			return false;
	return true;
}

static bool check_boolean(struct lw_bytes v)
{
	return lw_eq(v, LW_LIT("TRUE")) || lw_eq(v, LW_LIT("FALSE"));
}

static bool check_bits(struct lw_bytes v)
{
	if (v.n < 3 || v.p[0] != '\'' || v.p[v.n - 2] != '\'' || v.p[v.n - 1] != 'B')
		return false;
	for (size_t i = 1; i < v.n - 2; i++)
		if (v.p[i] != '0' && v.p[i] != '1')
			return false;
	return true;
}

static bool check_oid(struct lw_bytes v)
{
	return schema_is_oid(v) || schema_is_descr(v);
}

static bool check_uuid(struct lw_bytes v)
{
	struct lw_uuid u;

	return v.n == 36 && lw_uuid_parse(v, &u) == 0;
}

static bool check_country(struct lw_bytes v)
{
	return v.n == 2 && check_printable(v);
}

static bool check_dn(struct lw_bytes v)
{
	struct lw_arena *a = lw_arena_new(1u << 20, false);
	struct store_dn *dn;
	bool ok = a != NULL && dn_parse(a, v, &dn) == 0;

	lw_arena_free(a);
	return ok;
}

bool schema_split_uid(struct lw_bytes v, struct lw_bytes *ret_dn, struct lw_bytes *ret_bits)
{
	size_t i = v.n;

	*ret_dn = v;
	*ret_bits = (struct lw_bytes){ 0 };
	if (v.n < 4 || v.p[v.n - 1] != 'B' || v.p[v.n - 2] != '\'')
		return false;
	for (i = v.n - 2; i > 0 && (v.p[i - 1] == '0' || v.p[i - 1] == '1'); i--)
		continue;
	if (i < 2 || v.p[i - 1] != '\'' || v.p[i - 2] != '#')
		return false;
	*ret_bits = part(v, i - 1, v.n);
	*ret_dn = part(v, 0, i - 2);
	return true;
}

static bool check_name_uid(struct lw_bytes v)
{
	struct lw_bytes dn, bits;

	schema_split_uid(v, &dn, &bits);
	return check_dn(dn);
}

/* line *( "$" line ), with \24 and \5C in the lines */
static bool check_postal(struct lw_bytes v)
{
	for (size_t at = 0; at <= v.n;) {
		struct lw_bytes line = field(v, &at, '$');

		if (line.n == 0)
			return false;
		for (size_t i = 0; i < line.n; i++)
			if (line.p[i] == '\\' &&
			        (i + 2 >= line.n ||
			                !(memcmp(line.p + i + 1, "24", 2) == 0 ||
			                        lw_eq_nocase(part(line, i + 1, i + 3), LW_LIT("5c")))))
				return false;
	}
	return lw_utf8_valid(v);
}

static bool check_delivery(struct lw_bytes v)
{
	static const char *const methods[] = { "any", "mhs", "physical", "telex", "teletex", "g3fax", "g4fax",
		"ia5", "videotex", "telephone" };
	const size_t n = sizeof(methods) / sizeof(methods[0]);

	for (size_t at = 0; at <= v.n;) {
		struct lw_bytes m = field(v, &at, '$');
		size_t i = 0;

		while (m.n != 0 && m.p[0] == ' ')
			m = part(m, 1, m.n);
		while (m.n != 0 && m.p[m.n - 1] == ' ')
			m.n--;
		while (i < n && !lw_eq_nocase(m, lw_str(methods[i])))
			i++;
		if (i == n)
			return false;
	}
	return true;
}

/* printable *( "$" anything ): fax numbers, teletex terminals, other mailboxes */
static bool check_printable_first(struct lw_bytes v)
{
	size_t at = 0;
	struct lw_bytes first = field(v, &at, '$');

	return check_printable(first) && lw_utf8_valid(v);
}

static bool check_mailbox(struct lw_bytes v)
{
	size_t at = 0;

	return check_printable(field(v, &at, '$')) && at <= v.n && check_ia5(v);
}

static bool check_telex(struct lw_bytes v)
{
	size_t at = 0;

	for (int i = 0; i < 3; i++)
		if (at > v.n || !check_printable(field(v, &at, '$')))
			return false;
	return at == v.n + 1;
}

/* One DER SEQUENCE that is the whole value. */
static bool check_der(struct lw_bytes v)
{
	size_t len = 0, nlen, i;

	if (v.n < 2 || v.p[0] != 0x30)
		return false;
	if (v.p[1] < 0x80)
		return v.n == 2u + v.p[1];
	nlen = v.p[1] & 0x7f;
	if (nlen == 0 || nlen > 4 || v.n < 2 + nlen)
		return false;
	for (i = 0; i < nlen; i++)
		len = len << 8 | v.p[2 + i];
	return len == v.n - 2 - nlen;
}

static bool check_attr_type(struct lw_bytes v)
{
	struct schema_def d;

	return schema_def_attr(v, &d) == 0;
}

static bool check_class(struct lw_bytes v)
{
	struct schema_def d;

	return schema_def_class(v, &d) == 0;
}

static bool check_description(struct lw_bytes v)
{
	return v.n >= 2 && v.p[0] == '(' && v.p[v.n - 1] == ')' && lw_utf8_valid(v);
}

static bool check_gser(struct lw_bytes v)
{
	return v.n >= 2 && v.p[0] == '{' && v.p[v.n - 1] == '}' && lw_utf8_valid(v);
}

/* ---- GeneralizedTime ---- */

static bool two(struct lw_bytes v, size_t *at, int max, int *ret)
{
	if (*at + 2 > v.n || !is_digit(v.p[*at]) || !is_digit(v.p[*at + 1]))
		return false;
	*ret = (v.p[*at] - '0') * 10 + v.p[*at + 1] - '0';
	*at += 2;
	return *ret <= max;
}

static int month_days(int y, int m)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[m - 1] + (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
}

struct gtime {
	int year, month, day, hour, minute, second, offset; /* offset: minutes to take off */
	uint64_t frac, unit;                                /* a fraction frac/unit of the last part given */
	uint64_t scale;                                     /* seconds of that part: 3600, 60, 1 */
};

static bool parse_zone(struct lw_bytes v, size_t at, struct gtime *t)
{
	int h, m = 0;
	uint8_t sign;

	if (at >= v.n)
		return false;
	sign = v.p[at++];
	if (sign == 'Z')
		return at == v.n;
	if ((sign != '+' && sign != '-') || !two(v, &at, 23, &h) || (at < v.n && !two(v, &at, 59, &m)))
		return false;
	t->offset = (h * 60 + m) * (sign == '-' ? -1 : 1);
	return at == v.n;
}

static bool parse_time(struct lw_bytes v, struct gtime *t)
{
	size_t at = 0;
	int century, year;

	*t = (struct gtime){ .unit = 1, .scale = 3600 };
	if (!two(v, &at, 99, &century) || !two(v, &at, 99, &year) || !two(v, &at, 12, &t->month) ||
	        !two(v, &at, 31, &t->day) || !two(v, &at, 23, &t->hour))
		return false;
	t->year = century * 100 + year;
	if (t->month == 0 || t->day == 0 || t->day > month_days(t->year, t->month))
		return false;
	if (at < v.n && is_digit(v.p[at])) {
		t->scale = 60;
		if (!two(v, &at, 59, &t->minute))
			return false;
		if (at < v.n && is_digit(v.p[at])) {
			t->scale = 1;
			if (!two(v, &at, 60, &t->second))
				return false;
		}
	}
	if (at < v.n && (v.p[at] == '.' || v.p[at] == ',')) {
		size_t start = ++at;

		while (at < v.n && is_digit(v.p[at]) && at - start < 15) {
			t->frac = t->frac * 10 + (uint64_t)(v.p[at++] - '0');
			t->unit *= 10;
		}
		if (at == start)
			return false;
	}
	return parse_zone(v, at, t);
}

/* Takes the offset off, a day at most. */
static bool to_utc(struct gtime *t)
{
	int minutes = t->hour * 60 + t->minute - t->offset;

	if (minutes < 0) {
		minutes += 1440;
		if (--t->day == 0) {
			if (--t->month == 0) {
				t->month = 12;
				t->year--;
			}
			t->day = month_days(t->year, t->month);
		}
	} else if (minutes >= 1440) {
		minutes -= 1440;
		if (++t->day > month_days(t->year, t->month)) {
			t->day = 1;
			if (++t->month == 13) {
				t->month = 1;
				t->year++;
			}
		}
	}
	t->hour = minutes / 60;
	t->minute = minutes % 60;
	return t->year >= 0 && t->year <= 9999;
}

bool schema_check_time(struct lw_bytes v, char ret_norm[64])
{
	struct gtime t;
	uint64_t part_seconds;
	size_t n;
	int digits = 0;

	if (!parse_time(v, &t) || !to_utc(&t))
		return false;
	part_seconds = t.frac * t.scale / t.unit;
	t.frac = t.frac * t.scale % t.unit;
	t.second += (int)(part_seconds % 60);
	t.minute += (int)(part_seconds / 60);
	t.hour += t.minute / 60; /* an offset of half an hour and a fraction of an hour may pass the hour */
	t.minute %= 60;
	if (t.hour > 23) {
		t.offset = -60;
		t.hour -= 1;
		if (!to_utc(&t))
			return false;
	}
	snprintf(
	        ret_norm, 64, "%04d%02d%02d%02d%02d%02d", t.year, t.month, t.day, t.hour, t.minute, t.second);
	for (uint64_t u = t.unit; u > 1; u /= 10)
		digits++;
	if (t.frac != 0) {
		n = 14 + (size_t)snprintf(ret_norm + 14, 50, ".%0*llu", digits, (unsigned long long)t.frac);
		while (ret_norm[n - 1] == '0')
			ret_norm[--n] = 0;
	}
	return true;
}

static bool check_time(struct lw_bytes v)
{
	char norm[64];

	return schema_check_time(v, norm);
}

/* YYMMDDhhmm[ss](Z|+hhmm): the same with a century before it */
static bool check_utctime(struct lw_bytes v)
{
	uint8_t full[24] = "20";

	if (v.n < 11 || v.n > 17 || !is_digit(v.p[9]))
		return false;
	memcpy(full + 2, v.p, v.n);
	return memchr(v.p, '.', v.n) == NULL && memchr(v.p, ',', v.n) == NULL &&
	       check_time((struct lw_bytes){ full, v.n + 2 });
}

#define LDAP "1.3.6.1.4.1.1466.115.121.1."
#define CERT (SYNTAX_BINARY_TRANSFER | SYNTAX_NOT_TEXT)
const struct schema_syntax schema_syntaxes[] = {
	{ LDAP "3", "Attribute Type Description", SCHEMA_DEF_MAX_TEXT, 0, check_attr_type },
	{ LDAP "4", "Audio", BLOB_MAX, SYNTAX_NOT_TEXT, check_any },
	{ LDAP "5", "Binary", BLOB_MAX, SYNTAX_NOT_TEXT, check_any },
	{ LDAP "6", "Bit String", TEXT_MAX, 0, check_bits },
	{ LDAP "7", "Boolean", SHORT_MAX, 0, check_boolean },
	{ LDAP "8", "Certificate", BLOB_MAX, CERT, check_der },
	{ LDAP "9", "Certificate List", BLOB_MAX, CERT, check_der },
	{ LDAP "10", "Certificate Pair", BLOB_MAX, CERT, check_der },
	{ LDAP "11", "Country String", SHORT_MAX, 0, check_country },
	{ LDAP "12", "DN", DN_MAX_TEXT, SYNTAX_HAS_DN, check_dn },
	{ LDAP "13", "Data Quality", TEXT_MAX, 0, check_string },
	{ LDAP "14", "Delivery Method", SHORT_MAX, 0, check_delivery },
	{ LDAP "15", "Directory String", TEXT_MAX, 0, check_string },
	{ LDAP "16", "DIT Content Rule Description", SCHEMA_DEF_MAX_TEXT, 0, check_description },
	{ LDAP "17", "DIT Structure Rule Description", SCHEMA_DEF_MAX_TEXT, 0, check_description },
	{ LDAP "19", "DSA Quality", TEXT_MAX, 0, check_string },
	{ LDAP "21", "Enhanced Guide", TEXT_MAX, 0, check_string },
	{ LDAP "22", "Facsimile Telephone Number", SHORT_MAX, 0, check_printable_first },
	{ LDAP "23", "Fax", BLOB_MAX, SYNTAX_NOT_TEXT, check_any },
	{ LDAP "24", "Generalized Time", SHORT_MAX, 0, check_time },
	{ LDAP "25", "Guide", TEXT_MAX, 0, check_string },
	{ LDAP "26", "IA5 String", TEXT_MAX, 0, check_ia5 },
	{ LDAP "27", "INTEGER", SHORT_MAX, 0, check_integer },
	{ LDAP "28", "JPEG", BLOB_MAX, SYNTAX_NOT_TEXT, check_some },
	{ LDAP "30", "Matching Rule Description", SCHEMA_DEF_MAX_TEXT, 0, check_description },
	{ LDAP "31", "Matching Rule Use Description", BLOB_MAX, 0, check_description },
	{ LDAP "34", "Name And Optional UID", DN_MAX_TEXT, SYNTAX_HAS_DN, check_name_uid },
	{ LDAP "35", "Name Form Description", SCHEMA_DEF_MAX_TEXT, 0, check_description },
	{ LDAP "36", "Numeric String", TEXT_MAX, 0, check_numeric },
	{ LDAP "37", "Object Class Description", SCHEMA_DEF_MAX_TEXT, 0, check_class },
	{ LDAP "38", "OID", SHORT_MAX, 0, check_oid },
	{ LDAP "39", "Other Mailbox", TEXT_MAX, 0, check_mailbox },
	{ LDAP "40", "Octet String", BLOB_MAX, 0, check_any },
	{ LDAP "41", "Postal Address", TEXT_MAX, 0, check_postal },
	{ LDAP "42", "Protocol Information", TEXT_MAX, 0, check_string },
	{ LDAP "43", "Presentation Address", TEXT_MAX, 0, check_string },
	{ LDAP "44", "Printable String", TEXT_MAX, 0, check_printable },
	{ LDAP "45", "Subtree Specification", TEXT_MAX, 0, check_gser },
	{ LDAP "49", "Supported Algorithm", BLOB_MAX, CERT, check_der },
	{ LDAP "50", "Telephone Number", SHORT_MAX, 0, check_printable },
	{ LDAP "51", "Teletex Terminal Identifier", TEXT_MAX, 0, check_printable_first },
	{ LDAP "52", "Telex Number", SHORT_MAX, 0, check_telex },
	{ LDAP "53", "UTC Time", SHORT_MAX, 0, check_utctime },
	{ LDAP "54", "LDAP Syntax Description", SCHEMA_DEF_MAX_TEXT, 0, check_description },
	{ LDAP "58", "Substring Assertion", TEXT_MAX, 0, check_utf8 },
	{ "1.3.6.1.1.15.1", "X.509 Certificate Exact Assertion", TEXT_MAX, 0, check_gser },
	{ "1.3.6.1.1.15.3", "X.509 Certificate Pair Exact Assertion", TEXT_MAX, 0, check_gser },
	{ "1.3.6.1.1.15.5", "X.509 Certificate List Exact Assertion", TEXT_MAX, 0, check_gser },
	{ "1.3.6.1.1.15.7", "X.509 Algorithm Identifier", TEXT_MAX, 0, check_gser },
	{ "1.3.6.1.1.16.1", "UUID", SHORT_MAX, 0, check_uuid },
	{ "1.3.6.1.1.1.0.0", "NIS Netgroup Triple", TEXT_MAX, 0, check_ia5 },
	{ "1.3.6.1.1.1.0.1", "Boot Parameter", TEXT_MAX, 0, check_ia5 },
	{ "1.3.6.1.4.1.4203.1.1.2", "Authentication Password", TEXT_MAX, 0, check_ia5 },
	{ "1.3.6.1.4.1.4203.666.11.2.1", "Change Sequence Number", SHORT_MAX, 0, check_ia5 },
	{ "1.2.840.113549.1.8.1.1", "PKCS #8 Private Key", BLOB_MAX, SYNTAX_NOT_TEXT, check_der },
	{ NULL, NULL, 0, 0, NULL },
};

const struct schema_syntax *schema_syntax(struct lw_bytes oid)
{
	for (const struct schema_syntax *s = schema_syntaxes; s->oid != NULL; s++)
		if (lw_eq(oid, lw_str(s->oid)))
			return s;
	return NULL;
}
