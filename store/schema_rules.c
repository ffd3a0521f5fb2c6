/* SPDX-License-Identifier: Apache-2.0 */
/* Matching rules: RFC 4517 section 4, with those of RFC 4523, 4530 and 3112 that the definitions name. */
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "base/uuid.h"
#include "store/dn.h"
#include "store/schema_int.h"

#define NORM(name)                                                                                           \
	static int name(                                                                                     \
	        const struct schema_attr *attr, struct lw_arena *a, struct lw_bytes v, struct lw_bytes *ret)
#define PIECE(name)                                                                                          \
	static int name(enum schema_piece kind, struct lw_arena *a, struct lw_bytes v, struct lw_bytes *ret)

static int arena_error(struct lw_arena *a)
{
	return lw_arena_failed(a) ? LW_ELIMIT : LW_ENOMEM;
}

/* ---- strings: RFC 4518 ---- */

static int prep(struct lw_arena *a, struct lw_bytes v, unsigned flags, struct lw_bytes *ret)
{
	int err = lw_prep(a, v, flags, ret);

	return err == LW_EINVAL ? LW_ESYNTAX : err;
}

static unsigned piece_flags(enum schema_piece kind)
{
	static const unsigned flags[] = {
		[SCHEMA_INITIAL] = LW_PREP_SUBSTRING | LW_PREP_INITIAL,
		[SCHEMA_ANY] = LW_PREP_SUBSTRING,
		[SCHEMA_FINAL] = LW_PREP_SUBSTRING | LW_PREP_FINAL,
	};

	return flags[kind];
}

static bool is_ia5(struct lw_bytes v)
{
	uint8_t all = 0;

	for (size_t i = 0; i < v.n; i++)
		all |= v.p[i];
	return all < 0x80;
}

NORM(norm_ignore)
{
	return v.n != 0 ? prep(a, v, LW_PREP_FOLD, ret) : LW_ESYNTAX;
}

NORM(norm_exact)
{
	return v.n != 0 ? prep(a, v, 0, ret) : LW_ESYNTAX;
}

NORM(norm_ignore_ia5)
{
	return is_ia5(v) ? prep(a, v, LW_PREP_FOLD, ret) : LW_ESYNTAX;
}

NORM(norm_exact_ia5)
{
	return is_ia5(v) ? prep(a, v, 0, ret) : LW_ESYNTAX;
}

PIECE(piece_ignore)
{
	return prep(a, v, LW_PREP_FOLD | piece_flags(kind), ret);
}

PIECE(piece_exact)
{
	return prep(a, v, piece_flags(kind), ret);
}

PIECE(piece_ignore_ia5)
{
	return is_ia5(v) ? piece_ignore(kind, a, v, ret) : LW_ESYNTAX;
}

PIECE(piece_exact_ia5)
{
	return is_ia5(v) ? piece_exact(kind, a, v, ret) : LW_ESYNTAX;
}

/* RFC 4518 2.6.2 and 2.6.3: without spaces (and hyphens). drop: the octets to leave out. */
static int squeeze(struct lw_arena *a, struct lw_bytes v, const char *drop, bool fold, struct lw_bytes *ret)
{
	size_t ndrop = strlen(drop), n = 0;
	uint8_t *p = lw_alloc(a, v.n + 1);

	if (p == NULL)
		return arena_error(a);
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (c > 127)
			return LW_ESYNTAX;
		if (memchr(drop, c, ndrop) == NULL)
			p[n++] = fold && c >= 'A' && c <= 'Z' ? c | 32 : c;
	}
	*ret = (struct lw_bytes){ p, n };
	return 0;
}

NORM(norm_telephone)
{
	return v.n != 0 ? squeeze(a, v, " -", true, ret) : LW_ESYNTAX;
}

PIECE(piece_telephone)
{
	return squeeze(a, v, " -", true, ret);
}

NORM(norm_numeric)
{
	for (size_t i = 0; i < v.n; i++)
		if ((v.p[i] < '0' || v.p[i] > '9') && v.p[i] != ' ')
			return LW_ESYNTAX;
	return v.n != 0 ? squeeze(a, v, " ", false, ret) : LW_ESYNTAX;
}

PIECE(piece_numeric)
{
	return norm_numeric(NULL, a, v, ret);
}

/* RFC 4517 3.3.28: $ between the lines, \24 and \5C in them. Normal form: each line prepared, a line feed
 * after it. */
NORM(norm_list)
{
	struct lw_writer w;
	size_t at = 0;
	int err = 0;

	lw_writer_init(&w, 16 * v.n + 64);
	while (err == 0 && at <= v.n) {
		uint8_t *line = lw_alloc(a, v.n + 1);
		size_t n = 0;
		struct lw_bytes out;

		if (line == NULL) {
			err = arena_error(a);
			break;
		}
		for (; at < v.n && v.p[at] != '$'; at++) {
			uint8_t c = v.p[at];

			if (c == '\\' && at + 2 < v.n) {
				c = v.p[at + 1] == '2' ? '$' : '\\';
				at += 2;
			}
			line[n++] = c;
		}
		at++;
		err = prep(a, (struct lw_bytes){ line, n }, LW_PREP_FOLD, &out);
		if (err == 0) {
			lw_put_bytes(&w, out);
			lw_put_u8(&w, '\n');
		}
	}
	if (err == 0)
		err = w.err;
	if (err == 0) {
		struct lw_bytes copy = lw_dup(a, lw_written(&w));

		if (copy.p == NULL)
			err = arena_error(a);
		else
			*ret = copy;
	}
	lw_writer_done(&w);
	return err;
}

/* A final piece has to end where the last line does. */
PIECE(piece_list)
{
	struct lw_bytes out;
	uint8_t *p;
	int err = piece_ignore(kind, a, v, &out);

	if (err == 0 && kind == SCHEMA_FINAL) {
		p = lw_alloc(a, out.n + 1);
		if (p == NULL)
			return arena_error(a);
		memcpy(p, out.p, out.n);
		p[out.n] = '\n';
		out = (struct lw_bytes){ p, out.n + 1 };
	}
	if (err == 0)
		*ret = out;
	return err;
}

/* ---- others ---- */

NORM(norm_octets)
{
	*ret = v;
	return 0;
}

PIECE(piece_octets)
{
	*ret = v;
	return 0;
}

/* DER as it is; the component assertions of RFC 4523 are not understood. */
NORM(norm_der)
{
	if (v.n == 0 || v.p[0] == '{')
		return LW_ESYNTAX;
	*ret = v;
	return 0;
}

static int checked(const char *syntax, struct lw_bytes v, struct lw_bytes *ret)
{
	if (!schema_syntax(lw_str(syntax))->check(v))
		return LW_ESYNTAX;
	*ret = v;
	return 0;
}

#define LDAP "1.3.6.1.4.1.1466.115.121.1."

NORM(norm_bits)
{
	return checked(LDAP "6", v, ret);
}

NORM(norm_boolean)
{
	return checked(LDAP "7", v, ret);
}

/* Canonical already; the ordering key is: sign, number of digits, digits (complemented when negative). */
NORM(norm_integer)
{
	struct lw_bytes text;
	bool neg;
	uint8_t *p;
	size_t n;
	int err = checked(LDAP "27", v, &text);

	if (err)
		return err;
	neg = text.p[0] == '-';
	n = text.n - neg;
	if (n > 60000)
		return LW_ELIMIT;
	p = lw_alloc(a, n + 3);
	if (p == NULL)
		return arena_error(a);
	p[0] = neg ? 0 : 1;
	p[1] = (uint8_t)(n >> 8);
	p[2] = (uint8_t)n;
	memcpy(p + 3, text.p + neg, n);
	for (size_t i = 1; neg && i < n + 3; i++)
		p[i] = (uint8_t)~p[i];
	*ret = (struct lw_bytes){ p, n + 3 };
	return 0;
}

NORM(norm_time)
{
	char norm[64];
	struct lw_bytes copy;

	if (!schema_check_time(v, norm))
		return LW_ESYNTAX;
	copy = lw_dup(a, lw_str(norm));
	if (copy.p == NULL)
		return arena_error(a);
	*ret = copy;
	return 0;
}

NORM(norm_uuid)
{
	struct lw_uuid u;
	struct lw_bytes copy;

	if (v.n != 36 || lw_uuid_parse(v, &u) != 0)
		return LW_ESYNTAX;
	copy = lw_dup(a, (struct lw_bytes){ u.b, sizeof(u.b) });
	if (copy.p == NULL)
		return arena_error(a);
	*ret = copy;
	return 0;
}

static int dn_norm(struct lw_arena *a, struct lw_bytes v, struct lw_bytes bits, struct lw_bytes *ret)
{
	struct store_dn *dn;
	size_t n = bits.n != 0 ? 2 + bits.n : 0;
	uint8_t *p;
	int err = dn_parse(a, v, &dn);

	if (err)
		return err == LW_EDNSYNTAX ? LW_ESYNTAX : err;
	for (unsigned i = 0; i < dn->n; i++)
		n += 2 + dn->rdn[i].norm.n;
	p = lw_alloc(a, n + 1);
	if (p == NULL)
		return arena_error(a);
	n = 0;
	for (unsigned i = dn->n; i-- > 0;) { /* from the root: what is below has it as a prefix */
		struct lw_bytes r = dn->rdn[i].norm;

		p[n] = (uint8_t)(r.n >> 8);
		p[n + 1] = (uint8_t)r.n;
		memcpy(p + n + 2, r.p, r.n);
		n += 2 + r.n;
	}
	if (bits.n != 0) {
		p[n] = p[n + 1] = 0; /* no RDN is empty */
		memcpy(p + n + 2, bits.p, bits.n);
		n += 2 + bits.n;
	}
	*ret = (struct lw_bytes){ p, n };
	return 0;
}

NORM(norm_dn)
{
	return dn_norm(a, v, (struct lw_bytes){ 0 }, ret);
}

NORM(norm_name_uid)
{
	struct lw_bytes dn, bits;

	schema_split_uid(v, &dn, &bits);
	return dn_norm(a, dn, bits, ret);
}

/* An OID in dotted form. A name is looked up: of a class in objectClass, else of anything we know. */
NORM(norm_oid)
{
	const struct schema_attr *t = NULL;
	const struct schema_class *c = NULL;
	const struct schema_rule *r;
	bool of_class;

	if (v.n != 0 && v.p[0] >= '0' && v.p[0] <= '9') {
		if (!schema_is_oid(v))
			return LW_ESYNTAX;
		*ret = v;
		return 0;
	}
	of_class = attr != NULL && (attr->id == SCHEMA_ID_CLASS || attr->id == SCHEMA_ID_STRUCTURAL);
	if (!of_class)
		t = schema_attr(v);
	if (t == NULL)
		c = schema_class(v);
	if (t != NULL || c != NULL) {
		*ret = lw_str(t != NULL ? t->oid : c->oid);
		return 0;
	}
	r = of_class ? NULL : schema_rule(v);
	if (r == NULL)
		return LW_ESYNTAX;
	*ret = lw_str(r->oid);
	return 0;
}

/* What follows the parenthesis of a description; an assertion is that component itself. */
static struct lw_bytes first_component(struct lw_bytes v)
{
	size_t i = 0, n;

	if (v.n == 0 || v.p[0] != '(')
		return v;
	for (i = 1; i < v.n && v.p[i] == ' '; i++)
		continue;
	for (n = 0; i + n < v.n && v.p[i + n] != ' ' && v.p[i + n] != ')'; n++)
		continue;
	return (struct lw_bytes){ v.p + i, n };
}

NORM(norm_oid_first)
{
	return norm_oid(NULL, a, first_component(v), ret);
}

NORM(norm_integer_first)
{
	return norm_integer(NULL, a, first_component(v), ret);
}

static const char *const any_string[] = { LDAP "15", LDAP "11", LDAP "26", LDAP "44", LDAP "50", LDAP "42",
	LDAP "43", NULL };
static const char *const ia5[] = { LDAP "26", NULL };
static const char *const telephone[] = { LDAP "50", NULL };
static const char *const numeric[] = { LDAP "36", NULL };
static const char *const postal[] = { LDAP "41", NULL };
static const char *const octets[] = { LDAP "40", NULL };
static const char *const bits[] = { LDAP "6", NULL };
static const char *const boolean[] = { LDAP "7", NULL };
static const char *const integer[] = { LDAP "27", NULL };
static const char *const gtime[] = { LDAP "24", NULL };
static const char *const dn[] = { LDAP "12", NULL };
static const char *const name_uid[] = { LDAP "34", NULL };
static const char *const oid[] = { LDAP "38", NULL };
static const char *const oid_first[] = { LDAP "3", LDAP "16", LDAP "30", LDAP "31", LDAP "35", LDAP "37",
	LDAP "54", NULL };
static const char *const integer_first[] = { LDAP "17", NULL };
static const char *const uuid[] = { "1.3.6.1.1.16.1", NULL };
static const char *const csn[] = { "1.3.6.1.4.1.4203.666.11.2.1", NULL };
static const char *const cert[] = { LDAP "8", NULL };
static const char *const certlist[] = { LDAP "9", NULL };
static const char *const certpair[] = { LDAP "10", NULL };
static const char *const algorithm[] = { LDAP "49", NULL };
static const char *const presentation[] = { LDAP "43", NULL };
static const char *const protocol[] = { LDAP "42", NULL };
static const char *const authpw[] = { "1.3.6.1.4.1.4203.1.1.2", NULL };

#define EQ  RULE_EQUALITY
#define ORD RULE_ORDERING
#define SUB RULE_SUBSTR
const struct schema_rule schema_rules[] = {
	{ "2.5.13.0", "objectIdentifierMatch", LDAP "38", EQ, norm_oid, NULL, oid },
	{ "2.5.13.1", "distinguishedNameMatch", LDAP "12", EQ, norm_dn, NULL, dn },
	{ "2.5.13.2", "caseIgnoreMatch", LDAP "15", EQ, norm_ignore, NULL, any_string },
	{ "2.5.13.3", "caseIgnoreOrderingMatch", LDAP "15", ORD, norm_ignore, NULL, any_string },
	{ "2.5.13.4", "caseIgnoreSubstringsMatch", LDAP "58", SUB, norm_ignore, piece_ignore, any_string },
	{ "2.5.13.5", "caseExactMatch", LDAP "15", EQ, norm_exact, NULL, any_string },
	{ "2.5.13.6", "caseExactOrderingMatch", LDAP "15", ORD, norm_exact, NULL, any_string },
	{ "2.5.13.7", "caseExactSubstringsMatch", LDAP "58", SUB, norm_exact, piece_exact, any_string },
	{ "2.5.13.8", "numericStringMatch", LDAP "36", EQ, norm_numeric, NULL, numeric },
	{ "2.5.13.9", "numericStringOrderingMatch", LDAP "36", ORD, norm_numeric, NULL, numeric },
	{ "2.5.13.10", "numericStringSubstringsMatch", LDAP "58", SUB, norm_numeric, piece_numeric, numeric },
	{ "2.5.13.11", "caseIgnoreListMatch", LDAP "41", EQ, norm_list, NULL, postal },
	{ "2.5.13.12", "caseIgnoreListSubstringsMatch", LDAP "58", SUB, norm_list, piece_list, postal },
	{ "2.5.13.13", "booleanMatch", LDAP "7", EQ, norm_boolean, NULL, boolean },
	{ "2.5.13.14", "integerMatch", LDAP "27", EQ, norm_integer, NULL, integer },
	{ "2.5.13.15", "integerOrderingMatch", LDAP "27", ORD, norm_integer, NULL, integer },
	{ "2.5.13.16", "bitStringMatch", LDAP "6", EQ, norm_bits, NULL, bits },
	{ "2.5.13.17", "octetStringMatch", LDAP "40", EQ, norm_octets, NULL, octets },
	{ "2.5.13.18", "octetStringOrderingMatch", LDAP "40", ORD, norm_octets, NULL, octets },
	{ "2.5.13.19", "octetStringSubstringsMatch", LDAP "58", SUB, norm_octets, piece_octets, octets },
	{ "2.5.13.20", "telephoneNumberMatch", LDAP "50", EQ, norm_telephone, NULL, telephone },
	{ "2.5.13.21", "telephoneNumberSubstringsMatch", LDAP "58", SUB, norm_telephone, piece_telephone,
	        telephone },
	{ "2.5.13.22", "presentationAddressMatch", LDAP "43", EQ, norm_ignore, NULL, presentation },
	{ "2.5.13.23", "uniqueMemberMatch", LDAP "34", EQ, norm_name_uid, NULL, name_uid },
	{ "2.5.13.24", "protocolInformationMatch", LDAP "42", EQ, norm_ignore, NULL, protocol },
	{ "2.5.13.27", "generalizedTimeMatch", LDAP "24", EQ, norm_time, NULL, gtime },
	{ "2.5.13.28", "generalizedTimeOrderingMatch", LDAP "24", ORD, norm_time, NULL, gtime },
	{ "2.5.13.29", "integerFirstComponentMatch", LDAP "27", EQ, norm_integer_first, NULL, integer_first },
	{ "2.5.13.30", "objectIdentifierFirstComponentMatch", LDAP "38", EQ, norm_oid_first, NULL,
	        oid_first },
	{ "2.5.13.34", "certificateExactMatch", "1.3.6.1.1.15.1", EQ, schema_norm_cert, NULL, cert },
	{ "2.5.13.36", "certificatePairExactMatch", "1.3.6.1.1.15.3", EQ, norm_der, NULL, certpair },
	{ "2.5.13.38", "certificateListExactMatch", "1.3.6.1.1.15.5", EQ, norm_der, NULL, certlist },
	{ "2.5.13.40", "algorithmIdentifierMatch", "1.3.6.1.1.15.7", EQ, norm_der, NULL, algorithm },
	{ "1.3.6.1.4.1.1466.109.114.1", "caseExactIA5Match", LDAP "26", EQ, norm_exact_ia5, NULL, ia5 },
	{ "1.3.6.1.4.1.1466.109.114.2", "caseIgnoreIA5Match", LDAP "26", EQ, norm_ignore_ia5, NULL, ia5 },
	{ "1.3.6.1.4.1.1466.109.114.3", "caseIgnoreIA5SubstringsMatch", LDAP "58", SUB, norm_ignore_ia5,
	        piece_ignore_ia5, ia5 },
	{ "1.3.6.1.4.1.4203.1.2.1", "caseExactIA5SubstringsMatch", LDAP "58", SUB, norm_exact_ia5,
	        piece_exact_ia5, ia5 },
	{ "1.3.6.1.1.16.2", "UUIDMatch", "1.3.6.1.1.16.1", EQ, norm_uuid, NULL, uuid },
	{ "1.3.6.1.1.16.3", "UUIDOrderingMatch", "1.3.6.1.1.16.1", ORD, norm_uuid, NULL, uuid },
	{ "1.3.6.1.4.1.4203.666.11.2.2", "CSNMatch", "1.3.6.1.4.1.4203.666.11.2.1", EQ, norm_exact_ia5, NULL,
	        csn },
	{ "1.3.6.1.4.1.4203.666.11.2.3", "CSNOrderingMatch", "1.3.6.1.4.1.4203.666.11.2.1", ORD,
	        norm_exact_ia5, NULL, csn },
	{ "1.3.6.1.4.1.4203.1.2.2", "authPasswordExactMatch", "1.3.6.1.4.1.4203.1.1.2", EQ, norm_octets, NULL,
	        authpw },
	{ NULL, NULL, NULL, EQ, NULL, NULL, NULL },
};

/* ---- the calls of schema.h ---- */

int schema_check_value(const struct schema_attr *attr, struct lw_bytes value)
{
	if (value.n > attr->max_len)
		return LW_ELIMIT;
	return attr->syntax->check(value) ? 0 : LW_ESYNTAX;
}

static int apply(const struct schema_attr *attr, const struct schema_rule *rule, enum schema_rule_kind kind,
        struct lw_arena *a, struct lw_bytes v, struct lw_bytes *ret)
{
	if (rule == NULL || rule->kind != kind)
		return LW_EMATCHING;
	return rule->norm(attr, a, v, ret);
}

int schema_norm(const struct schema_attr *attr, const struct schema_rule *rule, struct lw_arena *a,
        struct lw_bytes value, struct lw_bytes *ret)
{
	return apply(attr, rule != NULL ? rule : attr->equality, RULE_EQUALITY, a, value, ret);
}

int schema_ordkey(const struct schema_attr *attr, const struct schema_rule *rule, struct lw_arena *a,
        struct lw_bytes value, struct lw_bytes *ret)
{
	return apply(attr, rule != NULL ? rule : attr->ordering, RULE_ORDERING, a, value, ret);
}

int schema_sub_value(
        const struct schema_attr *attr, struct lw_arena *a, struct lw_bytes value, struct lw_bytes *ret)
{
	return apply(attr, attr->substr, RULE_SUBSTR, a, value, ret);
}

int schema_sub_piece(const struct schema_attr *attr, enum schema_piece kind, struct lw_arena *a,
        struct lw_bytes value, struct lw_bytes *ret)
{
	if (attr->substr == NULL)
		return LW_EMATCHING;
	return value.n != 0 ? attr->substr->piece(kind, a, value, ret) : LW_ESYNTAX;
}

bool schema_rule_applies(const struct schema_rule *rule, const struct schema_attr *attr)
{
	if (rule == attr->equality || rule == attr->ordering || rule == attr->substr)
		return true;
	for (size_t i = 0; rule->applies[i] != NULL; i++)
		if (strcmp(rule->applies[i], attr->syntax->oid) == 0)
			return true;
	return false;
}
