/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4514: its examples, escapes, limits; which names are equal; domains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/err.h"
#include "store/dn.h"

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

static struct store_dn *parse(const char *text)
{
	struct store_dn *dn = NULL;
	int err = dn_parse(arena, lw_str(text), &dn);

	if (err)
		fail_msg("%s: %s", text, lw_strerror(err));
	return dn;
}

static const char *text_of(const struct store_dn *dn)
{
	struct lw_writer w;
	const char *s;

	lw_writer_init(&w, 4 * DN_MAX_TEXT);
	dn_put(&w, dn);
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
		{ "", "" },
		{ "   ", "" },
		/* RFC 4514 section 4 */
		{ "UID=jsmith,DC=example,DC=net", "uid=jsmith,dc=example,dc=net" },
		{ "OU=Sales+CN=J.  Smith,DC=example,DC=net", "ou=Sales+cn=J.  Smith,dc=example,dc=net" },
		{ "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net",
		        "cn=James \\\"Jim\\\" Smith\\, III,dc=example,dc=net" },
		{ "CN=Before\\0dAfter,DC=example,DC=net", "cn=Before\\0DAfter,dc=example,dc=net" },
		{ "CN=Lu\\C4\\8Di\\C4\\87", "cn=Lu\xc4\x8di\xc4\x87" },
		/* other spellings */
		{ "2.5.4.3=a,commonName=b", "cn=a,cn=b" },
		{ " cn = a , dc = b ", "cn=a,dc=b" },
		{ "cn=\\ a\\ ,dc=b", "cn=\\ a\\ ,dc=b" },
		{ "cn=a \\ ", "cn=a \\ " },
		{ "cn=\\#a#", "cn=\\#a#" },
		{ "cn=a=b", "cn=a=b" },
		{ "cn=a\\=b", "cn=a=b" },
		{ "cn=\\2c\\2C", "cn=\\,\\," },
		{ "cn=\\<\\>\\;\\+\\\\\\\"", "cn=\\<\\>\\;\\+\\\\\\\"" },
		{ "cn=#0c03666f6f", "cn=foo" },
		{ "cn=#0403666F6F,dc=b", "cn=foo,dc=b" },
		{ "cn=#0c8103666f6f", "cn=foo" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(text_of(parse(rows[i].in)), rows[i].out);
}

static void test_bad(void **state)
{
	static const char *const rows[] = { "cn", "cn=", "=a", ",", "cn=a,", ",cn=a", "cn=a,,dc=b", "cn=a+",
		"+cn=a", "cn=a++sn=b", "cn=a\"b", "\"cn=a\"", "cn=a;dc=b", "cn=a<b", "cn=a>b", "cn=a\\",
		"cn=a\\g", "cn=a\\4", "cn=\\zz", "cn=\\C4", "nosuch=a", "1.3.6.1.4.1.1466.0=#04024869",
		"cn=#", "cn=#0", "cn=#04", "cn=#0402666f6f", "cn=#3003020101", "cn=#04800000",
		"cn=#0403666f6fx", "cn=a+cn=b", "cn=a+CN=a", "cn=a+commonName=b", "uidNumber=x",
		"userPassword=a", "member=cn\\=a", "uniqueMember=cn\\=a", "seeAlso=seeAlso=cn=a",
		"jpegPhoto=a", "c n=a", "cn=\xff" };
	struct store_dn *dn = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (dn_parse(arena, lw_str(rows[i]), &dn) != LW_EDNSYNTAX || dn != NULL)
			fail_msg("%s", rows[i]);
	assert_int_equal(
	        dn_parse(arena, (struct lw_bytes){ (const uint8_t *)"cn=a\0", 5 }, &dn), LW_EDNSYNTAX);
}

static void test_limits(void **state)
{
	static char text[DN_MAX_TEXT + 2];
	struct store_dn *dn = NULL;
	size_t n = 0;

	for (int i = 0; i < DN_MAX_RDNS; i++, n += 5)
		memcpy(text + n, "cn=a,", 5);
	assert_int_equal(dn_parse(arena, (struct lw_bytes){ (uint8_t *)text, n - 1 }, &dn), 0);
	assert_int_equal(dn->n, DN_MAX_RDNS);
	memcpy(text + n, "cn=b", 4);
	assert_int_equal(dn_parse(arena, (struct lw_bytes){ (uint8_t *)text, n + 4 }, &dn), LW_ELIMIT);
	memset(text, 'a', sizeof(text));
	memcpy(text, "cn=", 3);
	assert_int_equal(dn_parse(arena, (struct lw_bytes){ (uint8_t *)text, DN_MAX_TEXT }, &dn), 0);
	assert_int_equal(
	        dn_parse(arena, (struct lw_bytes){ (uint8_t *)text, DN_MAX_TEXT + 1 }, &dn), LW_ELIMIT);
	assert_int_equal(dn_parse(arena, lw_str("cn=a+sn=a+l=a+st=a+o=a+ou=a+title=a+street=a"), &dn), 0);
	assert_int_equal(dn_parse(arena, lw_str("cn=a+sn=a+l=a+st=a+o=a+ou=a+title=a+street=a+uid=a"), &dn),
	        LW_ELIMIT);
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{ "cn=Alice,dc=b", "CN=alice , DC=B", true },
		{ "cn=a+sn=b,dc=c", "SN=B+CN=A,dc=c", true },
		{ "cn=a+sn=b,dc=c", "cn=b+sn=a,dc=c", false },
		{ "cn=a  b", "cn=\\ A B\\ ", true },
		{ "cn=a,dc=b", "cn=a", false },
		{ "cn=a,dc=b", "dc=b", false },
		{ "cn=a,dc=b", "dc=b,cn=a", false },
		{ "cn=a", "sn=a", false },
		{ "cn=#0c0141", "commonName=a", true },
		{ "cn=Lu\\C4\\8Di\\C4\\87", "cn=LU\xc4\x8cI\xc4\x86", true },
		{ "uidNumber=1", "uidNumber=10", false },
		{ "l=a\\,b", "l=a\\2cb", true },
		{ "", " ", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_dn *a = parse(rows[i].a), *b = parse(rows[i].b);

		if (dn_eq(a, b) != rows[i].equal || dn_eq(b, a) != rows[i].equal)
			fail_msg("%s | %s", rows[i].a, rows[i].b);
		/* what is printed means the same */
		assert_true(dn_eq(a, parse(text_of(a))));
	}
}

static void test_under(void **state)
{
	unsigned depth = 99;

	assert_true(dn_under(parse("uid=a,ou=People,dc=b"), parse("OU=people,DC=B"), &depth));
	assert_int_equal(depth, 1);
	assert_true(dn_under(parse("dc=b"), parse("dc=b"), &depth));
	assert_int_equal(depth, 0);
	assert_true(dn_under(parse("cn=a,dc=b"), parse(""), &depth));
	assert_int_equal(depth, 2);
	assert_false(dn_under(parse("dc=b"), parse("cn=a,dc=b"), &depth));
	assert_false(dn_under(parse("cn=a,dc=c"), parse("dc=b"), &depth));
	assert_int_equal(depth, 2);
}

static void test_rdn(void **state)
{
	struct dn_rdn a, b;

	assert_int_equal(dn_parse_rdn(arena, lw_str("CN=Smith\\, J"), &a), 0);
	assert_int_equal(a.navas, 1);
	assert_int_equal(a.avas[0].value.n, 8);
	assert_memory_equal(a.avas[0].value.p, "Smith, J", 8);
	assert_int_equal(dn_make_rdn(arena, schema_attr(lw_str("cn")), lw_str("smith,  j"), &b), 0);
	assert_true(lw_eq(a.norm, b.norm));
	assert_memory_equal(b.text.p, "cn=smith\\,  j", b.text.n);
	assert_int_equal(dn_parse_rdn(arena, lw_str("cn=a,dc=b"), &a), LW_EDNSYNTAX);
	assert_int_equal(dn_parse_rdn(arena, lw_str(""), &a), LW_EDNSYNTAX);
	assert_int_equal(dn_make_rdn(arena, schema_attr(lw_str("uidNumber")), lw_str("x"), &b), LW_EDNSYNTAX);
	assert_int_equal(
	        dn_make_rdn(arena, schema_attr(lw_str("userPassword")), lw_str("x"), &b), LW_EDNSYNTAX);
}

static void test_domains(void **state)
{
	struct store_dn *dn;
	char *domain;

	assert_int_equal(dn_from_domain(arena, "acme.example", &dn), 0);
	assert_string_equal(text_of(dn), "dc=acme,dc=example");
	assert_int_equal(dn_to_domain(arena, parse("DC=Acme,dc=EXAMPLE"), &domain), 0);
	assert_string_equal(domain, "acme.example");
	assert_int_equal(dn_to_domain(arena, parse("ou=x,dc=acme,dc=example"), &domain), LW_ENOTFOUND);
	assert_int_equal(dn_to_domain(arena, parse("dc=acme+o=x"), &domain), LW_ENOTFOUND);
	assert_int_equal(dn_to_domain(arena, parse("dc=a.b,dc=c"), &domain), LW_ENOTFOUND);
	assert_int_equal(dn_to_domain(arena, parse("dc=a\\00b"), &domain), LW_ENOTFOUND);
	assert_int_equal(dn_to_domain(arena, parse(""), &domain), LW_ENOTFOUND);
	assert_int_equal(dn_from_domain(arena, "a..b", &dn), LW_EINVAL);
	assert_int_equal(dn_from_domain(arena, "", &dn), LW_EINVAL);
	assert_int_equal(dn_from_domain(arena, "a.", &dn), LW_EINVAL);
}

static void test_small_arena(void **state)
{
	struct lw_arena *small = lw_arena_new(64, false);
	struct store_dn *dn = NULL;
	int err = dn_parse(small, lw_str("uid=alice,ou=people,dc=acme,dc=example"), &dn);

	assert_true(err == LW_ELIMIT || err == LW_ENOMEM);
	assert_null(dn);
	lw_arena_free(small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_under),
		cmocka_unit_test(test_rdn),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_small_arena),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
