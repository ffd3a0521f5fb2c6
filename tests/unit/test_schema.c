/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, the definition parser, syntaxes, matching rules and the check of an entry. Expectations by
 * hand, from the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/err.h"
#include "store/schema_int.h"

static struct lw_arena *arena;

static int setup(void **state)
{
	arena = lw_arena_new(4u << 20, false);
	return arena == NULL;
}

static int teardown(void **state)
{
	lw_arena_free(arena);
	return 0;
}

static const struct schema_attr *attr(const char *name)
{
	const struct schema_attr *a = schema_attr(lw_str(name));

	if (a == NULL)
		fail_msg("no attribute %s", name);
	return a;
}

static const struct schema_class *class(const char *name)
{
	const struct schema_class *c = schema_class(lw_str(name));

	if (c == NULL)
		fail_msg("no class %s", name);
	return c;
}

/* ---- tables ---- */

static void test_ids(void **state)
{
	static bool used[SCHEMA_ID_MAX + 1], used_class[SCHEMA_ID_MAX + 1];

	for (size_t s = 0; schema_sources[s] != NULL; s++) {
		const struct schema_source *src = schema_sources[s];

		for (size_t o = 0; o < s; o++)
			assert_true(
			        src->first > schema_sources[o]->last || src->last < schema_sources[o]->first);
		for (size_t i = 0; i < src->nattrs; i++) {
			assert_in_range(src->attrs[i].id, src->first, src->last);
			assert_false(used[src->attrs[i].id]);
			used[src->attrs[i].id] = true;
		}
		for (size_t i = 0; i < src->nclasses; i++) {
			assert_in_range(src->classes[i].id, src->first, src->last);
			assert_false(used_class[src->classes[i].id]);
			used_class[src->classes[i].id] = true;
		}
	}
	/* ids are on disk: these may never change */
	assert_int_equal(attr("objectClass")->id, SCHEMA_ID_CLASS);
	assert_int_equal(attr("structuralObjectClass")->id, SCHEMA_ID_STRUCTURAL);
	assert_int_equal(attr("cn")->id, 37);
	assert_int_equal(attr("uid")->id, 38);
	assert_int_equal(attr("mail")->id, 300);
	assert_int_equal(attr("uidNumber")->id, 450);
	assert_int_equal(attr("krbPrincipalName")->id, 550);
	assert_int_equal(attr("lwDisabled")->id, 900);
}

static void test_attr_table(void **state)
{
	const struct schema_attr *a;
	size_t n;

	for (n = 0; (a = schema_attr_at(n)) != NULL; n++) {
		assert_non_null(a->syntax);
		assert_true(a->max_len > 0);
		assert_ptr_equal(schema_attr_id(a->id), a);
		assert_ptr_equal(schema_attr(lw_str(a->oid)), a);
		for (size_t i = 0; a->names[i] != NULL; i++)
			assert_ptr_equal(schema_attr(lw_str(a->names[i])), a);
		/* every rule it names can be applied to its syntax */
		if (a->equality != NULL)
			assert_int_equal(a->equality->kind, RULE_EQUALITY);
		if (a->flags & SCHEMA_SECRET)
			assert_false(a->flags & (SCHEMA_ORDINARY | SCHEMA_IX_EQ | SCHEMA_IX_SUB |
			                                SCHEMA_IX_ORD | SCHEMA_UNIQUE));
		if (a->flags & (SCHEMA_IX_EQ | SCHEMA_UNIQUE))
			assert_non_null(a->equality);
		if (a->flags & SCHEMA_IX_SUB)
			assert_non_null(a->substr);
		if (a->flags & SCHEMA_IX_ORD)
			assert_non_null(a->ordering);
		if (a->flags & SCHEMA_COMPUTED)
			assert_int_equal(
			        a->flags & (SCHEMA_IX_EQ | SCHEMA_IX_SUB | SCHEMA_IX_ORD | SCHEMA_UNIQUE), 0);
	}
	assert_true(n > 250);
	assert_null(schema_attr(lw_str("nosuch")));
	assert_null(schema_attr(lw_str("")));
	assert_null(schema_attr_id(0));
	assert_null(schema_attr_id(65535));
}

static void test_class_table(void **state)
{
	const struct schema_class *c, *top = class("top");
	size_t n;

	for (n = 0; (c = schema_class_at(n)) != NULL; n++) {
		assert_ptr_equal(schema_class(lw_str(c->oid)), c);
		if (c != top && strcmp(c->names[0], "subschema") != 0)
			assert_true(schema_class_isa(c, top));
	}
	assert_true(n > 80);
	assert_true(schema_class_isa(class("inetOrgPerson"), class("person")));
	assert_false(schema_class_isa(class("person"), class("inetOrgPerson")));
}

static void test_flags(void **state)
{
	static const char *const ordinary[] = { "cn", "sn", "givenName", "displayName", "mail",
		"telephoneNumber", "uid", "title", "ou", "o", "description", "objectClass", "member",
		"uidNumber", "gidNumber", "homeDirectory", "loginShell", "gecos", "memberUid", "sshPublicKey",
		"entryUUID", "entryDN", "memberOf", "createTimestamp", "modifyTimestamp", "krbPrincipalName",
		NULL };
	static const char *const secret[] = { "userPassword", "krbPrincipalKey", "authPassword", "pwdHistory",
		"lwScram", "lwTotpSeed", NULL };

	for (size_t i = 0; ordinary[i] != NULL; i++)
		assert_true(attr(ordinary[i])->flags & SCHEMA_ORDINARY);
	for (size_t i = 0; secret[i] != NULL; i++)
		assert_true(attr(secret[i])->flags & SCHEMA_SECRET);
	assert_false(attr("userPassword")->flags & SCHEMA_OPERATIONAL);
	assert_true(attr("krbPrincipalName")->flags & SCHEMA_OPERATIONAL);
	assert_true(attr("uid")->flags & SCHEMA_UNIQUE);
	assert_true(attr("mail")->flags & SCHEMA_UNIQUE);
	assert_true(attr("member")->flags & SCHEMA_REF);
	assert_true(attr("lwManagedBy")->flags & SCHEMA_OPERATIONAL);
	assert_false(attr("manager")->flags & SCHEMA_REF);
	assert_true(attr("displayName")->flags & SCHEMA_SINGLE);
	assert_false(attr("cn")->flags & SCHEMA_SINGLE);
	assert_true(attr("createTimestamp")->flags & SCHEMA_NO_USER_MOD);
	assert_true(attr("memberOf")->flags & SCHEMA_COMPUTED);
	assert_ptr_equal(attr("cn")->sup, attr("name"));
	assert_ptr_equal(attr("cn")->equality, schema_rule(lw_str("caseIgnoreMatch")));
	assert_ptr_equal(attr("seeAlso")->equality, schema_rule(lw_str("2.5.13.1")));
	assert_true(schema_attr_isa(attr("cn"), attr("name")));
	assert_false(schema_attr_isa(attr("name"), attr("cn")));
	assert_true(schema_attr_is_dn(attr("member")));
	assert_false(schema_attr_is_dn(attr("uniqueMember")));
	assert_ptr_equal(attr("COMMONNAME"), attr("cn"));
	assert_ptr_equal(attr("2.5.4.3"), attr("cn"));
}

static void test_lists(void **state)
{
	const char *const *l = schema_list_rule_uses();
	struct schema_def d;
	size_t n = 0;
	bool seen = false;

	for (; l[n] != NULL; n++) {
		assert_null(strstr(l[n], "userPassword"));
		seen |= strncmp(l[n], "( 2.5.13.23 NAME 'uniqueMemberMatch' APPLIES ( uniqueMember ) )",
		                63) == 0;
	}
	assert_true(n > 20 && seen);
	for (l = schema_list_attributes(), n = 0; l[n] != NULL; n++)
		assert_int_equal(schema_def_attr(lw_str(l[n]), &d), 0);
	assert_true(n > 250);
	for (l = schema_list_classes(), n = 0; l[n] != NULL; n++)
		assert_int_equal(schema_def_class(lw_str(l[n]), &d), 0);
	assert_true(n > 80);
	l = schema_list_syntaxes();
	assert_string_equal(l[0], "( 1.3.6.1.4.1.1466.115.121.1.3 DESC 'Attribute Type Description' )");
	l = schema_list_rules();
	assert_string_equal(
	        l[0], "( 2.5.13.0 NAME 'objectIdentifierMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )");
}

/* ---- the definition parser ---- */

static void test_definitions(void **state)
{
	static const struct {
		const char *text;
		int err;
	} attrs[] = {
		{ "( 1.2.3 NAME 'a' SYNTAX 1.2.4 )", 0 },
		{ "(1.2.3 NAME ('a' 'b') SUP name)", 0 },
		{ "( 1.2.3 SYNTAX 1.2.4{64} SINGLE-VALUE X-ORIGIN 'x' X-Y ( 'a' 'b' ) )", 0 },
		{ "( 1.2.3 NAME 'a' SYNTAX 1.2.4 USAGE dSAOperation NO-USER-MODIFICATION )", 0 },
		{ "( 1.2.3 NAME 'a' )", LW_EINVAL }, /* neither SUP nor SYNTAX */
		{ "( 1.2.3 NAME 'a' SYNTAX 1.2.4 NO-USER-MODIFICATION )",
		        LW_EINVAL }, /* of an operational type only */
		{ "( 1.2.3 NAME 'a' SYNTAX 1.2.4 COLLECTIVE SINGLE-VALUE )", LW_EINVAL },
		{ "( 1.2.3 NAME 'a' NAME 'b' SYNTAX 1.2.4 )", LW_EINVAL },
		{ "( 1.2.3 NAME ( 'a' 'A' ) SYNTAX 1.2.4 )", LW_EINVAL },
		{ "( 1.02.3 SYNTAX 1.2.4 )", LW_EINVAL },
		{ "( foo SYNTAX 1.2.4 )", LW_EINVAL },
		{ "( 1.2.3 NAME '1a' SYNTAX 1.2.4 )", LW_EINVAL },
		{ "( 1.2.3 SYNTAX 1.2.4 MUST cn )", LW_EINVAL },
		{ "( 1.2.3 SYNTAX 1.2.4", LW_EINVAL },
		{ "( 1.2.3 SYNTAX 1.2.4 ) x", LW_EINVAL },
		{ "( 1.2.3 SYNTAX 1.2.4{} )", LW_EINVAL },
		{ "( 1.2.3 NAME 'a SYNTAX 1.2.4 )", LW_EINVAL },
		{ "( 1.2.3 SYNTAX 1.2.4 USAGE other )", LW_EINVAL },
		{ "( 1.2.3 NAME ( 'a' 'b' 'c' 'd' 'e' 'f' 'g' 'h' 'i' ) SYNTAX 1.2.4 )", LW_ELIMIT },
		{ "", LW_EINVAL },
	};
	struct schema_def d;

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (schema_def_attr(lw_str(attrs[i].text), &d) != attrs[i].err)
			fail_msg("%s", attrs[i].text);
	assert_int_equal(
	        schema_def_attr(
	                lw_str("( 1.2.3 NAME ( 'a' 'b' ) SUP c EQUALITY e SYNTAX 1.2{9} SINGLE-VALUE )"), &d),
	        0);
	assert_int_equal(d.names.n, 2);
	assert_memory_equal(d.names.v[1].p, "b", 1);
	assert_int_equal(d.syntax_len, 9);
	assert_int_equal(d.flags, SCHEMA_SINGLE);
	assert_int_equal(schema_def_class(lw_str("( 1.2.3 NAME 'a' SUP ( b $ c ) AUXILIARY MUST ( d ) MAY ( "
	                                         "e $ f $ 2.5.4.3 ) )"),
	                         &d),
	        0);
	assert_int_equal(d.kind, SCHEMA_AUXILIARY);
	assert_int_equal(d.sups.n, 2);
	assert_int_equal(d.must.n, 1);
	assert_int_equal(d.may.n, 3);
	assert_int_equal(schema_def_class(lw_str("( 1.2.3 NAME 'a' ABSTRACT AUXILIARY )"), &d), LW_EINVAL);
	assert_int_equal(schema_def_class(lw_str("( 1.2.3 NAME 'a' MAY ( b c ) )"), &d), LW_EINVAL);
	assert_int_equal(schema_def_class(lw_str("( 1.2.3 NAME 'a' )"), &d), 0);
	assert_int_equal(d.kind, SCHEMA_STRUCTURAL);
}

/* ---- values ---- */

static void test_syntaxes(void **state)
{
	static const struct {
		const char *attr, *value;
		bool good;
	} rows[] = {
		{ "cn", "a", true },
		{ "cn", "", false },
		{ "cn", "\xc3\xa4", true },
		{ "cn", "\xc3", false },
		{ "cn", "\xc0\x80", false },
		{ "mail", "a@b", true },
		{ "mail", "\xc3\xa4@b", false },
		{ "mail", "", true },
		{ "c", "DE", true },
		{ "c", "DEU", false },
		{ "c", "D_", false },
		{ "serialNumber", "a b-c/d=e:f?", true },
		{ "serialNumber", "a_b", false },
		{ "serialNumber", "", false },
		{ "telephoneNumber", "+1 512 315 0280", true },
		{ "telephoneNumber", "", false },
		{ "telephoneNumber", "1*2", false },
		{ "uidNumber", "0", true },
		{ "uidNumber", "-1", true },
		{ "uidNumber", "01", false },
		{ "uidNumber", "-0", false },
		{ "uidNumber", "-", false },
		{ "uidNumber", "", false },
		{ "uidNumber", "1 ", false },
		{ "uidNumber", "+1", false },
		{ "pwdReset", "TRUE", true },
		{ "pwdReset", "FALSE", true },
		{ "pwdReset", "true", false },
		{ "x500UniqueIdentifier", "'0101'B", true },
		{ "x500UniqueIdentifier", "''B", true },
		{ "x500UniqueIdentifier", "'02'B", false },
		{ "x500UniqueIdentifier", "B", false },
		{ "x121Address", "15 079 672 281", true },
		{ "x121Address", "", false },
		{ "x121Address", "1-2", false },
		{ "objectClass", "2.5.6.6", true },
		{ "objectClass", "person", true },
		{ "objectClass", "2.5.", false },
		{ "objectClass", "a_b", false },
		{ "createTimestamp", "199412160532Z", true },
		{ "createTimestamp", "1994121605.5-0500", true },
		{ "createTimestamp", "19941216053260Z", true },
		{ "createTimestamp", "1994121605", false },
		{ "createTimestamp", "19941316053200Z", false },
		{ "createTimestamp", "19940230053200Z", false },
		{ "createTimestamp", "20000229053200Z", true },
		{ "createTimestamp", "19000229053200Z", false },
		{ "createTimestamp", "19941216053200.Z", false },
		{ "createTimestamp", "19941216243200Z", false },
		{ "createTimestamp", "19941216053200+2400", false },
		{ "createTimestamp", "19941216053200Z0", false },
		{ "member", "cn=a,dc=b", true },
		{ "member", "", true },
		{ "member", "cn", false },
		{ "member", "nosuch=a", false },
		{ "uniqueMember", "1.3.6.1.4.1.1466.0=#04024869,o=Test,c=GB#'0101'B",
		        false }, /* a type that we do not know */
		{ "uniqueMember", "o=Test,c=GB#'0101'B", true },
		{ "uniqueMember", "o=Test,c=GB", true },
		{ "postalAddress", "1234 Main St.$Anytown, CA 12345$USA", true },
		{ "postalAddress", "\\241,000,000 Sweepstakes$PO Box 1000000", true },
		{ "postalAddress", "a$$b", false },
		{ "postalAddress", "a\\b", false },
		{ "postalAddress", "a\\5c", true },
		{ "facsimileTelephoneNumber", "+49 1$fineResolution", true },
		{ "facsimileTelephoneNumber", "$x", false },
		{ "telexNumber", "1$de$x", true },
		{ "telexNumber", "1$de", false },
		{ "preferredDeliveryMethod", "telephone $ videotex", true },
		{ "preferredDeliveryMethod", "pigeon", false },
		{ "entryUUID", "597ae2f6-16a6-1027-98f4-d28b5365dc14", true },
		{ "entryUUID", "597ae2f616a6102798f4d28b5365dc14", false },
		{ "otherMailbox", "x400$a", true },
		{ "otherMailbox", "x400", false },
		{ "userCertificate", "\x30\x03\x02\x01\x01", true },
		{ "userCertificate", "\x30\x03\x02\x01", false },
		{ "userCertificate", "abc", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((schema_check_value(attr(rows[i].attr), lw_str(rows[i].value)) == 0) != rows[i].good)
			fail_msg("%s: %s", rows[i].attr, rows[i].value);
	assert_int_equal(
	        schema_check_value(attr("uidNumber"), (struct lw_bytes){ (const uint8_t *)"1", 100000 }),
	        LW_ELIMIT);
	assert_int_equal(schema_check_value(attr("c"), lw_str("DEU")), LW_ESYNTAX);
}

static int norm(const char *a, const char *value, struct lw_bytes *ret)
{
	return schema_norm(attr(a), NULL, arena, lw_str(value), ret);
}

static void test_equality(void **state)
{
	static const struct {
		const char *attr, *a, *b;
		bool equal;
	} rows[] = {
		{ "cn", "Alice", "aLICE", true },
		{ "cn", "Alice  Smith", " alice smith ", true },
		{ "cn", "ab", "a b", false },
		{ "cn", "STRASSE",
		        "stra\xc3\x9f"
		        "e",
		        true },
		{ "cn", "\xc3\x84", "a\xcc\x88", true },
		{ "cn", "a", "\xc3\xa4", false },
		{ "cn", "a\tb", "A b", true },
		{ "cn",
		        "a\xc2\xad"
		        "b",
		        "ab", true },
		{ "labeledURI", "http://a", "HTTP://a", false },
		{ "labeledURI", "http://a  b", "http://a b", true },
		{ "mail", "A@B.c", "a@b.C", true },
		{ "mail", "a@b", "a@c", false },
		{ "homeDirectory", "/home/a", "/home/A", false },
		{ "telephoneNumber", "+1 512 315-0280", "+15123150280", true },
		{ "telephoneNumber", "1", "2", false },
		{ "x121Address", "1 23", "123", true },
		{ "x121Address", "123", "124", false },
		{ "uidNumber", "10", "10", true },
		{ "uidNumber", "10", "100", false },
		{ "uidNumber", "1", "-1", false },
		{ "pwdReset", "TRUE", "TRUE", true },
		{ "pwdReset", "TRUE", "FALSE", false },
		{ "objectClass", "person", "PERSON", true },
		{ "objectClass", "person", "2.5.6.6", true },
		{ "objectClass", "person", "inetOrgPerson", false },
		{ "pwdAttribute", "userPassword", "2.5.4.35", true },
		{ "createTimestamp", "20261123000000Z", "20261123010000+0100", true },
		{ "createTimestamp", "2026112300Z", "20261123000000.000Z", true },
		{ "createTimestamp", "2026112300.25Z", "202611230015Z", true },
		{ "createTimestamp", "202611230000.5Z", "20261123000030Z", true },
		{ "createTimestamp", "20261231233000-0100", "20270101003000Z", true },
		{ "createTimestamp", "20270101003000+0100", "20261231233000Z", true },
		{ "createTimestamp", "20240229233000-0100", "20240301003000Z", true },
		{ "createTimestamp", "2026123123.75+0030", "20261231231500Z", true },
		{ "createTimestamp", "2026123123.75-0030", "20270101001500Z", true },
		{ "createTimestamp", "20261123000000Z", "20261123000001Z", false },
		{ "createTimestamp", "20261123000000,10Z", "20261123000000.1Z", true },
		{ "member", "CN=Alice , DC=Acme", "cn=alice,dc=acme", true },
		{ "member", "cn=a,dc=b", "cn=a", false },
		{ "member", "cn=a+sn=b,dc=c", "SN=B+CN=A,dc=c", true },
		{ "uniqueMember", "cn=a#'01'B", "CN=A#'01'B", true },
		{ "uniqueMember", "cn=a#'01'B", "cn=a", false },
		{ "uniqueMember", "cn=a#'01'B", "cn=a#'010'B", false },
		{ "postalAddress", "A  b$C", "a B$c", true },
		{ "postalAddress", "a$b", "a b", false },
		{ "postalAddress", "a\\24b", "a$b", false },
		{ "postalAddress", "a\\24b", "A\\24B", true },
		{ "entryUUID", "597AE2F6-16a6-1027-98f4-d28b5365dc14", "597ae2f6-16a6-1027-98f4-d28b5365dc14",
		        true },
		{ "sshPublicKey", "ssh-ed25519 A", "ssh-ed25519 a", false },
		{ "attributeTypes", "( 2.5.4.3 NAME 'cn' SUP name )", "2.5.4.3", true },
		{ "attributeTypes", "( 2.5.4.3 NAME 'cn' SUP name )", "cn", true },
		{ "attributeTypes", "( 2.5.4.3 NAME 'cn' SUP name )", "sn", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lw_bytes a, b;

		if (norm(rows[i].attr, rows[i].a, &a) != 0 || norm(rows[i].attr, rows[i].b, &b) != 0)
			fail_msg("%s: %s or %s is refused", rows[i].attr, rows[i].a, rows[i].b);
		if (lw_eq(a, b) != rows[i].equal)
			fail_msg("%s: %s, %s", rows[i].attr, rows[i].a, rows[i].b);
	}
}

static void test_norm_errors(void **state)
{
	struct lw_bytes out;

	assert_int_equal(norm("jpegPhoto", "x", &out), LW_EMATCHING);
	assert_int_equal(norm("uidNumber", "x", &out), LW_ESYNTAX);
	assert_int_equal(norm("member", "x", &out), LW_ESYNTAX);
	assert_int_equal(norm("cn", "\xff", &out), LW_ESYNTAX);
	assert_int_equal(norm("cn", "", &out), LW_ESYNTAX);
	assert_int_equal(norm("cn", "a\xee\x80\x80", &out), LW_ESYNTAX); /* U+E000, private use: prohibited */
	assert_int_equal(norm("objectClass", "nosuch", &out), LW_ESYNTAX);
	assert_int_equal(norm("objectClass", "cn", &out), LW_ESYNTAX); /* an attribute is no class */
	assert_int_equal(schema_ordkey(attr("cn"), NULL, arena, lw_str("a"), &out), LW_EMATCHING);
	assert_int_equal(schema_sub_value(attr("uidNumber"), arena, lw_str("1"), &out), LW_EMATCHING);
	assert_int_equal(
	        schema_sub_piece(attr("uidNumber"), SCHEMA_ANY, arena, lw_str("1"), &out), LW_EMATCHING);
	assert_int_equal(
	        schema_norm(attr("cn"), schema_rule(lw_str("caseExactMatch")), arena, lw_str("A"), &out), 0);
	assert_memory_equal(out.p, " A ", 3);
	assert_int_equal(schema_norm(attr("cn"), schema_rule(lw_str("caseExactOrderingMatch")), arena,
	                         lw_str("A"), &out),
	        LW_EMATCHING);
}

static void test_order(void **state)
{
	static const char *const integers[] = { "-100000000000000000000", "-101", "-100", "-99", "-2", "-1",
		"0", "1", "2", "9", "10", "11", "99", "100", "18446744073709551616",
		"100000000000000000000000", NULL };
	static const char *const times[] = { "00000101000000Z", "19991231235959Z", "19991231235959.9Z",
		"20000101000000Z", "20000101000000.05Z", "20000101000000.1Z", "20000101005959-0001",
		"20000101000200-0100", NULL };
	struct lw_bytes a, b;

	for (size_t i = 0; integers[i + 1] != NULL; i++) {
		assert_int_equal(schema_ordkey(attr("uidNumber"), NULL, arena, lw_str(integers[i]), &a), 0);
		assert_int_equal(
		        schema_ordkey(attr("uidNumber"), NULL, arena, lw_str(integers[i + 1]), &b), 0);
		assert_true(lw_cmp(a, b) < 0);
	}
	for (size_t i = 0; times[i + 1] != NULL; i++) {
		assert_int_equal(
		        schema_ordkey(attr("createTimestamp"), NULL, arena, lw_str(times[i]), &a), 0);
		assert_int_equal(
		        schema_ordkey(attr("createTimestamp"), NULL, arena, lw_str(times[i + 1]), &b), 0);
		assert_true(lw_cmp(a, b) < 0);
	}
}

/* A self-signed certificate: serial 17, issuer CN=Test CA,O=Acme (only what comes before the issuer's end
 * matters). */
static const uint8_t cert[] = {
	0x30,
	0x36,
	0x30,
	0x34,
	0xa0,
	0x03,
	0x02,
	0x01,
	0x02,
	0x02,
	0x01,
	0x11,
	0x30,
	0x05,
	0x06,
	0x03,
	0x2a,
	0x03,
	0x04,
	0x30,
	0x21,
	0x31,
	0x0d,
	0x30,
	0x0b,
	0x06,
	0x03,
	0x55,
	0x04,
	0x0a,
	0x0c,
	0x04,
	'A',
	'c',
	'm',
	'e',
	0x31,
	0x10,
	0x30,
	0x0e,
	0x06,
	0x03,
	0x55,
	0x04,
	0x03,
	0x13,
	0x07,
	'T',
	'e',
	's',
	't',
	' ',
	'C',
	'A',
	0x30,
	0x00,
};

static void test_certificate(void **state)
{
	struct lw_bytes a, b;

	assert_int_equal(
	        schema_check_value(attr("userCertificate"), (struct lw_bytes){ cert, sizeof(cert) }), 0);
	assert_int_equal(schema_norm(attr("userCertificate"), NULL, arena,
	                         (struct lw_bytes){ cert, sizeof(cert) }, &a),
	        0);
	assert_int_equal(
	        norm("userCertificate", "{ serialNumber 17, issuer rdnSequence:\"cn=test ca,O=ACME\" }", &b),
	        0);
	assert_true(lw_eq(a, b));
	assert_int_equal(
	        norm("userCertificate", "{ serialNumber 18, issuer rdnSequence:\"cn=test ca,O=ACME\" }", &b),
	        0);
	assert_false(lw_eq(a, b));
	assert_int_equal(
	        norm("userCertificate", "{ serialNumber 17, issuer rdnSequence:\"cn=test ca\" }", &b), 0);
	assert_false(lw_eq(a, b));
	assert_int_equal(norm("userCertificate", "{ serialNumber 17 }", &b), LW_ESYNTAX);
	assert_int_equal(norm("userCertificate", "\x30\x00", &b), LW_ESYNTAX);
	/* 128 needs a leading zero octet, -128 none */
	assert_int_equal(norm("userCertificate", "{ serialNumber 128, issuer rdnSequence:\"\" }", &b), 0);
	assert_memory_equal(b.p, "\x02\x00\x80", 3);
	assert_int_equal(norm("userCertificate", "{ serialNumber -128, issuer rdnSequence:\"\" }", &b), 0);
	assert_memory_equal(b.p, "\x01\x80", 2);
}

/* ---- descriptions ---- */

static void test_desc(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *attr, *options;
	} rows[] = {
		{ "cn", 0, "cn", "" },
		{ "2.5.4.3", 0, "cn", "" },
		{ "CN;Lang-DE", 0, "cn", ";lang-de" },
		{ "cn;x-b;lang-de;x-a;LANG-de", 0, "cn", ";lang-de;x-a;x-b" },
		{ "userCertificate", 0, "userCertificate", ";binary" },
		{ "userCertificate;binary", 0, "userCertificate", ";binary" },
		{ "cn;binary", LW_EUNDEFATTR, NULL, NULL },
		{ "cn;foo", LW_EUNDEFATTR, NULL, NULL },
		{ "nosuch", LW_EUNDEFATTR, NULL, NULL },
		{ "1.2.3.4", LW_EUNDEFATTR, NULL, NULL },
		{ "userPassword;x-a", LW_EUNDEFATTR, NULL, NULL },
		{ "member;x-a", LW_EUNDEFATTR, NULL, NULL },
		{ "uid;lang-de", LW_EUNDEFATTR, NULL, NULL },
		{ "objectClass;x-a", LW_EUNDEFATTR, NULL, NULL },
		{ "cn;", LW_EINVAL, NULL, NULL },
		{ ";x-a", LW_EINVAL, NULL, NULL },
		{ "", LW_EINVAL, NULL, NULL },
		{ "cn;x-a;;x-b", LW_EINVAL, NULL, NULL },
		{ "cn;x_a", LW_EINVAL, NULL, NULL },
		{ "c n", LW_EINVAL, NULL, NULL },
		{ "cn;x-1;x-2;x-3;x-4;x-5;x-6;x-7;x-8;x-9", LW_EINVAL, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct schema_attr *a = attr("sn");
		struct lw_bytes o;
		int err = schema_desc(arena, lw_str(rows[i].text), &a, &o);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].text, err);
		if (err == LW_EUNDEFATTR)
			assert_null(a);
		if (err)
			continue;
		assert_string_equal(a->names[0], rows[i].attr);
		assert_int_equal(o.n, strlen(rows[i].options));
		if (o.n != 0)
			assert_memory_equal(o.p, rows[i].options, o.n);
	}
}

static void test_applies(void **state)
{
	assert_true(schema_rule_applies(schema_rule(lw_str("caseExactMatch")), attr("cn")));
	assert_true(schema_rule_applies(schema_rule(lw_str("caseIgnoreMatch")), attr("mail")));
	assert_false(schema_rule_applies(schema_rule(lw_str("integerMatch")), attr("cn")));
	assert_true(schema_rule_applies(schema_rule(lw_str("2.5.13.14")), attr("uidNumber")));
	assert_null(schema_rule(lw_str("nosuch")));
}

/* ---- entries ---- */

static int check_entry(const char *classes, const char *attrs, const char **ret_structural)
{
	struct lw_bytes c[16];
	const struct schema_attr *a[32];
	const struct schema_class *st;
	size_t nc = 0, na = 0;
	char *copy = lw_strdup(arena, classes), *save, *w, err[160] = "";
	int res;

	for (w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		c[nc++] = lw_str(w);
	copy = lw_strdup(arena, attrs);
	for (w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		a[na++] = attr(w);
	res = schema_check_entry(c, nc, a, na, &st, err);
	assert_true((res != 0) == (err[0] != 0));
	*ret_structural = res == 0 ? st->names[0] : lw_strdup(arena, err);
	return res;
}

static void test_entries(void **state)
{
	static const struct {
		const char *classes, *attrs;
		int err;
		const char *says; /* the structural class, or what err has to name */
	} rows[] = {
		{ "top person", "objectClass cn sn", 0, "person" },
		{ "person", "objectClass cn sn userPassword telephoneNumber", 0, "person" },
		{ "inetOrgPerson", "objectClass cn sn mail uid", 0, "inetOrgPerson" },
		{ "person top inetOrgPerson organizationalPerson", "objectClass cn sn mail", 0,
		        "inetOrgPerson" },
		{ "INETORGPERSON posixAccount", "objectClass cn sn uid uidNumber gidNumber homeDirectory", 0,
		        "inetOrgPerson" },
		{ "inetOrgPerson", "objectClass cn sn telephoneNumber title", 0, "inetOrgPerson" },
		{ "2.5.6.6", "objectClass cn sn", 0, "person" },
		{ "person", "objectClass cn", LW_EOBJCLASS, "sn" },
		{ "person", "objectClass cn sn mail", LW_EOBJCLASS, "mail" },
		{ "inetOrgPerson posixAccount", "objectClass cn sn uid", LW_EOBJCLASS, "required" },
		{ "person nosuch", "objectClass cn sn", LW_EOBJCLASS, "nosuch" },
		{ "top", "objectClass", LW_EOBJCLASS, "no structural" },
		{ "top posixAccount", "objectClass cn uid uidNumber gidNumber homeDirectory", LW_EOBJCLASS,
		        "no structural" },
		{ "", "", LW_EOBJCLASS, "no structural" },
		{ "inetOrgPerson account", "objectClass cn sn uid", LW_EOBJCLASS, "account" },
		{ "person krbService", "objectClass cn sn", LW_EOBJCLASS, "abstract" },
		{ "krbKdcService krbService", "objectClass cn krbHostServer", 0, "krbKdcService" },
		/* operational ones need no class */
		{ "person", "objectClass cn sn lwTag lwDisabled krbPrincipalName createTimestamp", 0,
		        "person" },
		/* a group may be empty */
		{ "groupOfNames", "objectClass cn", 0, "groupOfNames" },
		{ "groupOfNames posixGroup", "objectClass cn member gidNumber memberUid", 0, "groupOfNames" },
		{ "posixGroup", "objectClass cn gidNumber memberUid", 0, "posixGroup" },
		{ "extensibleObject device", "objectClass cn mail jpegPhoto", 0, "device" },
		{ "organization dcObject", "objectClass o dc", 0, "organization" },
		{ "domain", "objectClass dc", 0, "domain" },
		{ "account simpleSecurityObject", "objectClass uid", LW_EOBJCLASS, "userPassword" },
		{ "lwService", "objectClass cn description", 0, "lwService" },
		{ "lwHost ipHost ieee802Device", "objectClass cn ipHostNumber macAddress", 0, "lwHost" },
		{ "lwGrant", "objectClass cn", LW_EOBJCLASS, "lwGrantText" },
		{ "lwPolicy", "objectClass cn pwdMinLength pwdMaxFailure", 0, "lwPolicy" },
		{ "person pwdPolicy", "objectClass cn sn pwdAttribute pwdMaxAge", 0, "person" },
		{ "person ldapPublicKey", "objectClass cn sn sshPublicKey", 0, "person" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *says;
		int err = check_entry(rows[i].classes, rows[i].attrs, &says);

		if (err != rows[i].err ||
		        (err ? strstr(says, rows[i].says) == NULL : strcmp(says, rows[i].says) != 0))
			fail_msg("%s | %s: %d %s", rows[i].classes, rows[i].attrs, err, says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_attr_table),
		cmocka_unit_test(test_class_table),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_syntaxes),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_norm_errors),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_desc),
		cmocka_unit_test(test_applies),
		cmocka_unit_test(test_entries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
