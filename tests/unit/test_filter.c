/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4515: its examples, errors, limits, printing; and RFC 4511's three values for one leaf and one value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/err.h"
#include "store/filter.h"

static struct lw_arena *arena;

static int setup(void **state)
{
	arena = lw_arena_new(16u << 20, false);
	return arena == NULL;
}

static int teardown(void **state)
{
	lw_arena_free(arena);
	return 0;
}

static struct filter *parse(const char *text)
{
	struct filter *f = NULL;
	int err = filter_parse(arena, lw_str(text), &f);

	if (err)
		fail_msg("%s: %s", text, lw_strerror(err));
	return f;
}

static const char *print(const struct filter *f)
{
	struct lw_writer w;
	const char *s;

	lw_writer_init(&w, 1u << 20);
	filter_put(&w, f);
	lw_put_u8(&w, 0);
	s = lw_strdup(arena, (const char *)w.p);
	lw_writer_done(&w);
	return s;
}

static void test_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		/* RFC 4515 section 4; rules and types that nobody knows are Undefined */
		{ "(cn=Babs Jensen)", "(cn=Babs Jensen)" },
		{ "(!(cn=Tim Howes))", "(!(cn=Tim Howes))" },
		{ "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
		        "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))" },
		{ "(o=univ*of*mich*)", "(o=univ*of*mich*)" },
		{ "(seeAlso=)", "(seeAlso=)" },
		{ "(cn:caseExactMatch:=Fred Flintstone)", "(cn:caseExactMatch:=Fred Flintstone)" },
		{ "(cn:=Betty Rubble)", "(cn:caseIgnoreMatch:=Betty Rubble)" },
		{ "(sn:dn:2.4.6.8.10:=Barney Rubble)", "(?=undefined)" },
		{ "(o:dn:=Ace Industry)", "(o:dn:caseIgnoreMatch:=Ace Industry)" },
		{ "(:1.2.3:=Wilma Flintstone)", "(?=undefined)" },
		{ "(:DN:2.4.6.8.10:=Dino)", "(?=undefined)" },
		{ "(:DN:2.5.13.5:=Dino)", "(:dn:caseExactMatch:=Dino)" },
		{ "(o=Parens R Us \\28for all your parenthetical needs\\29)",
		        "(o=Parens R Us \\28for all your parenthetical needs\\29)" },
		{ "(cn=*\\2A*)", "(cn=*\\2a*)" },
		{ "(filename=C:\\5cMyFile)", "(?=undefined)" },
		{ "(bin=\\00\\00\\00\\04)", "(?=undefined)" },
		{ "(sn=Lu\\c4\\8di\\c4\\87)", "(sn=Lu\\c4\\8di\\c4\\87)" },
		{ "(1.3.6.1.4.1.1466.0=\\04\\02\\48\\69)", "(?=undefined)" },
		/* others */
		{ "(2.5.4.3=a)", "(cn=a)" },
		{ "cn=a", "(cn=a)" },
		{ "(&)", "(&)" },
		{ "(|)", "(|)" },
		{ "(cn=*)", "(cn=*)" },
		{ "(cn=*a)", "(cn=*a)" },
		{ "(cn=a*)", "(cn=a*)" },
		{ "(cn=a*b*c*d)", "(cn=a*b*c*d)" },
		{ "(uidNumber>=10)", "(uidNumber>=10)" },
		{ "(uidNumber<=10)", "(uidNumber<=10)" },
		{ "(cn~=a)", "(cn~=a)" },
		{ "(cn>=a)", "(?=undefined)" }, /* name has no ordering rule */
		{ "(uidNumber=x)", "(?=undefined)" },
		{ "(uidNumber=1*)", "(?=undefined)" }, /* no substrings rule */
		{ "(jpegPhoto=x)", "(?=undefined)" },  /* no equality rule */
		{ "(jpegPhoto=*)", "(jpegPhoto=*)" },
		{ "(userPassword=secret)", "(?=undefined)" },
		{ "(userPassword=*)", "(?=undefined)" },
		{ "(userPassword:octetStringMatch:=a)", "(?=undefined)" },
		{ "(nosuch=*)", "(?=undefined)" },
		{ "(?=undefined)", "(?=undefined)" },
		{ "(cn;LANG-de=a)", "(cn;lang-de=a)" },
		{ "(userCertificate=*)", "(userCertificate;binary=*)" },
		{ "(cn:integerMatch:=1)", "(?=undefined)" },
		{ "(objectClass=nosuch)", "(?=undefined)" },
		{ "(member=bad)", "(?=undefined)" },
		{ "(cn=a=b>=c)", "(cn=a=b>=c)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *out = print(parse(rows[i].in));

		assert_string_equal(out, rows[i].out);
		assert_string_equal(print(parse(out)), out);
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = { "", "(", "()", ")", "(cn)", "(=a)", "(cn=a", "(cn=a))",
		"(cn=a)(cn=b)", "(&(cn=a)", "(!)", "(!(cn=a)(cn=b))", "(cn=a\\)", "(cn=a\\2)", "(cn=a\\zz)",
		"(cn=(a)", "(cn=a**b)", "(cn=**)", "(cn>=a*)", "(cn:=a*)", "(:=a)", "(:dn:=a)", "(cn::=a)",
		"(cn:a:b:c:=d)", "(~=a)", "(&cn=a)", "(!cn=a)", "cn=a)", "( cn=a) x", "(c*n=a)" };
	struct filter *f = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (filter_parse(arena, lw_str(rows[i]), &f) != LW_EINVAL || f != NULL)
			fail_msg("%s", rows[i]);
	assert_int_equal(
	        filter_parse(arena, (struct lw_bytes){ (const uint8_t *)"(cn=a\0b)", 8 }, &f), LW_EINVAL);
}

static void test_limits(void **state)
{
	static char text[70000];
	struct filter *f = NULL;
	size_t n = 0;

	/* depth: 31 times ! around a leaf is 32 deep */
	for (int extra = 0; extra < 2; extra++) {
		n = 0;
		for (int i = 0; i < FILTER_MAX_DEPTH - 1 + extra; i++, n += 2)
			memcpy(text + n, "(!", 2);
		memcpy(text + n, "(cn=a)", 6);
		n += 6;
		for (int i = 0; i < FILTER_MAX_DEPTH - 1 + extra; i++)
			text[n++] = ')';
		assert_int_equal(filter_parse(arena, (struct lw_bytes){ (uint8_t *)text, n }, &f),
		        extra ? LW_ELIMIT : 0);
	}
	for (int extra = 0; extra < 2; extra++) {
		n = 2;
		memcpy(text, "(|", 2);
		for (int i = 0; i < FILTER_MAX_NODES - 1 + extra; i++, n += 6)
			memcpy(text + n, "(cn=a)", 6);
		text[n++] = ')';
		assert_int_equal(filter_parse(arena, (struct lw_bytes){ (uint8_t *)text, n }, &f),
		        extra ? LW_ELIMIT : 0);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "(cn=", 4);
	assert_int_equal(
	        filter_parse(arena, (struct lw_bytes){ (uint8_t *)text, sizeof(text) }, &f), LW_ELIMIT);
}

static void test_match(void **state)
{
	static const struct {
		const char *filter, *attr, *value;
		enum filter_truth truth;
	} rows[] = {
		{ "(cn=alice)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=alice)", "cn", "bob", FILTER_FALSE },
		{ "(name=alice)", "cn", "Alice", FILTER_TRUE }, /* a subtype's value */
		{ "(cn~=alice)", "cn", "ALICE", FILTER_TRUE },
		{ "(cn=*)", "cn", "x", FILTER_TRUE },
		{ "(uidNumber>=9)", "uidNumber", "10", FILTER_TRUE },
		{ "(uidNumber>=10)", "uidNumber", "10", FILTER_TRUE },
		{ "(uidNumber>=11)", "uidNumber", "10", FILTER_FALSE },
		{ "(uidNumber<=9)", "uidNumber", "10", FILTER_FALSE },
		{ "(uidNumber<=-1)", "uidNumber", "-2", FILTER_TRUE },
		{ "(uidNumber=10)", "uidNumber", "bad", FILTER_UNDEF },
		{ "(createTimestamp>=20261123000000Z)", "createTimestamp", "20261123010000+0100",
		        FILTER_TRUE },
		{ "(cn=al*)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=*ce)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=*lic*)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=a*e)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=a*i*e)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=a*e*i)", "cn", "Alice", FILTER_FALSE },
		{ "(cn=ab*ba)", "cn", "aba", FILTER_FALSE },
		{ "(cn=ab*ba)", "cn", "abba", FILTER_TRUE },
		{ "(cn=*ab*ab*)", "cn", "xabx", FILTER_FALSE },
		{ "(cn=*ab*ab*)", "cn", "abab", FILTER_TRUE },
		{ "(cn=alice*)", "cn", "Alice", FILTER_TRUE },
		{ "(cn=li*)", "cn", "Alice", FILTER_FALSE },
		{ "(cn=*li)", "cn", "Alice", FILTER_FALSE },
		{ "(cn=a b*)", "cn", "A  B c", FILTER_TRUE },
		{ "(cn=*b  c*)", "cn", "a b c d", FILTER_TRUE },
		{ "(cn=*a b*)", "cn", "ab", FILTER_FALSE },
		{ "(cn=a *)", "cn", "ab", FILTER_FALSE },
		{ "(cn=a *)", "cn", "a b", FILTER_TRUE },
		{ "(telephoneNumber=*512-315*)", "telephoneNumber", "+1 (512) 315", FILTER_FALSE },
		{ "(telephoneNumber=*512-315*)", "telephoneNumber", "+1 51 2315 0280", FILTER_TRUE },
		{ "(postalAddress=*main*)", "postalAddress", "1 Main St$Anytown", FILTER_TRUE },
		{ "(postalAddress=*town)", "postalAddress", "1 Main St$Anytown", FILTER_TRUE },
		{ "(postalAddress=*st)", "postalAddress", "1 Main St$Anytown", FILTER_FALSE },
		{ "(postalAddress=*a$b*)", "postalAddress", "1$A\\24B", FILTER_TRUE },
		{ "(postalAddress=*a\\5cb*)", "postalAddress", "1$A\\5cB", FILTER_TRUE },
		{ "(postalAddress=*st any*)", "postalAddress", "1 Main St$Anytown", FILTER_FALSE },
		{ "(mail=*@acme.example)", "mail", "Alice@ACME.example", FILTER_TRUE },
		{ "(member=CN=a , dc=B)", "member", "cn=A,dc=b", FILTER_TRUE },
		{ "(objectClass=person)", "objectClass", "2.5.6.6", FILTER_TRUE },
		{ "(objectClass=person)", "objectClass", "inetOrgPerson", FILTER_FALSE },
		{ "(cn:caseExactMatch:=Alice)", "cn", "alice", FILTER_FALSE },
		{ "(cn:caseExactMatch:=Alice)", "cn", "Alice", FILTER_TRUE },
		{ "(:caseIgnoreMatch:=Alice)", "sn", "alice", FILTER_TRUE },
		{ "(:caseIgnoreMatch:=1)", "uidNumber", "1", FILTER_UNDEF },
		{ "(cn:caseIgnoreOrderingMatch:=b)", "cn", "A", FILTER_TRUE },
		{ "(cn:caseIgnoreOrderingMatch:=b)", "cn", "B", FILTER_FALSE },
		{ "(:octetStringMatch:=a)", "userPassword", "a", FILTER_UNDEF },
		{ "(uidNumber=x)", "uidNumber", "1", FILTER_UNDEF },
		{ "(nosuch=x)", "cn", "x", FILTER_UNDEF },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct schema_attr *a = schema_attr(lw_str(rows[i].attr));

		if (filter_value_match(parse(rows[i].filter), a, arena, lw_str(rows[i].value)) !=
		        rows[i].truth)
			fail_msg("%s: %s=%s", rows[i].filter, rows[i].attr, rows[i].value);
	}
}

static void test_constructors(void **state)
{
	const enum schema_piece late[] = { SCHEMA_ANY, SCHEMA_INITIAL },
	                        early[] = { SCHEMA_FINAL, SCHEMA_ANY };
	const struct lw_bytes two[] = { LW_LIT("a"), LW_LIT("b") };
	struct filter *f;

	assert_int_equal(filter_substr(arena, lw_str("cn"), 2, late, two)->kind, FILTER_UNDEFINED);
	assert_int_equal(filter_substr(arena, lw_str("cn"), 2, early, two)->kind, FILTER_UNDEFINED);
	assert_int_equal(filter_substr(arena, lw_str("cn"), 0, late, two)->kind, FILTER_UNDEFINED);
	f = filter_assert(arena, FILTER_EQ, lw_str("member"), lw_str("bad"));
	assert_int_equal(f->kind, FILTER_UNDEFINED);
	assert_null(f->value.p); /* nothing of what was asked */
}

/* However little memory there is: the filter that was meant or none, never Undefined. */
static void test_memory(void **state)
{
	unsigned none = 0, made = 0;

	for (size_t max = 16; max < 1024; max += 16) {
		struct lw_arena *small = lw_arena_new(max, false);
		struct filter *f = filter_assert(small, FILTER_EQ, lw_str("cn;lang-de"), lw_str("alice"));

		assert_true(f == NULL || f->kind == FILTER_EQ);
		none += f == NULL;
		made += f != NULL;
		lw_arena_free(small);
	}
	assert_true(none > 0 && made > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_constructors),
		cmocka_unit_test(test_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
