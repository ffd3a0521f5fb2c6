/* SPDX-License-Identifier: Apache-2.0 */
/* The grants language, its compiled form and the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/err.h"
#include "store/access_roles.h"
#include "store/store.h"
#include "store/access_rule.h"
#include "tests/unit/access_fixture.h"

/* ---- language ---- */

static void test_examples(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rule *rule;
	char out[1024];

	for (size_t i = 0; fixture_examples[i]; i++) {
		fixture_formatted(f->arena, fixture_examples[i], out, sizeof(out));
		assert_string_equal(out, fixture_examples[i]);
		assert_int_equal(fixture_compile(f, fixture_examples[i], &rule), LW_OK);
		assert_false(access_rule_forbids(rule));
	}
	fixture_free(f);
}

static void test_canonical(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "permit class host may enrol profile tls-server names owned max-life 24h",
		        "permit class host may enrol profile tls-server names owned max-life 1d;" },
		{ "PERMIT any authenticated MAY compare , read\n Group,PERSON attrs( ordinary,* , cn )  ;\n",
		        "permit authenticated may read,compare person,group attrs(*,ordinary,cn);" },
		{ "forbid group \"Dev Team\" may all any attrs(*);",
		        "forbid group \"Dev Team\" may all any attrs(*);" },
		{ "permit user \"alice\" may delete person named \"bob\";",
		        "permit user alice may delete person named bob;" },
		{ "permit user alice may delete any named \"cn=a\\\\,b \\\" c,ou=groups\";",
		        "permit user alice may delete any named \"cn=a\\\\,b \\\" c,ou=groups\";" },
		{ "permit manager may move person max-life 90s when auth.mfa under "
		  "\"ou=people,dc=acme,dc=example\" tagged db;",
		        "permit manager may move person under ou=people,dc=acme,dc=example tagged db when "
		        "auth.mfa "
		        "max-life 90s;" },
		{ "permit service x may delegate service when delegated.group = \"protected\" and "
		  "auth.method = otp;",
		        "permit service x may delegate service when delegated.group=\"protected\" and "
		        "auth.method=otp;" },
		{ "permit client c may token audience none;", "permit client c may token audience none;" },
		{ "permit client c may token audience \"none\";",
		        "permit client c may token audience \"none\";" },
		{ "permit anonymous may read entry,tenant attrs(2.5.4.3);",
		        "permit anonymous may read entry,tenant attrs(2.5.4.3);" },
		{ "permit host h may "
		  "create,read,search,compare,write,delete,move,set-secret,ticket,delegate,impersonate,"
		  "token,enrol,revoke,export,administer "
		  "person,group,service,host,grant,policy,application,entry,tenant,certificate,trust "
		  "attrs(*);",
		        "permit host h may all any attrs(*);" },
		{ "permit PARTNER Beta.Example  group \"Dev Team\" may search person attrs(cn)",
		        "permit partner Beta.Example group \"Dev Team\" may search person attrs(cn);" },
		{ "forbid partner \"b x\" group g may all any attrs(*)", "forbid partner \"b x\" group g may all any attrs(*);" },
	};
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	char out[1024], again[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_formatted(a, cases[i].in, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
		fixture_formatted(a, out, again, sizeof(again));
		assert_string_equal(again, out);
	}
	lw_arena_free(a);
}

static void test_syntax_errors(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *says;
	} cases[] = {
		{ "", LW_EINVAL, "at 1: permit or forbid expected, not the end" },
		{ "allow self may read person attrs(cn)", LW_EINVAL,
		        "at 1: permit or forbid expected, not allow" },
		{ "permit all may read person attrs(cn)", LW_EINVAL, "at 8: a subject expected" },
		{ "permit partner may read person attrs(cn)", LW_EINVAL, "at 20: 'group' expected" },
		{ "permit partner b.example may read person attrs(cn)", LW_EINVAL, "at 26: 'group' expected" },
		{ "permit partner b.example group g may read,ticket person attrs(cn)", LW_EINVAL, "a partner may read, search" },
		{ "permit partner b.example group g may all any attrs(*)", LW_EINVAL, "a partner may read, search" },
		{ "permit partner b.example group g may write any attrs(*)", LW_EINVAL, "a partner may change person, group" },
		{ "permit partner b.example group g may delete trust", LW_EINVAL, "a partner may change person, group" },
		{ "permit any may read person attrs(cn)", LW_EINVAL,
		        "at 12: 'authenticated' expected, not may" },
		{ "permit group", LW_EINVAL, "at 13: a name expected, not the end" },
		{ "permit group ; may", LW_EINVAL, "at 14: a name expected" },
		{ "permit group \"a may read", LW_EINVAL, "at 14: the quote is not closed" },
		{ "permit group \"\" may read", LW_EINVAL, "at 14: a name expected" },
		{ "permit group \"a\nb\" may read", LW_EINVAL, "at 16: a control character" },
		{ "permit group \"\xff\" may read", LW_EINVAL, "at 14: a name is not UTF-8" },
		{ "permit group x read person", LW_EINVAL, "at 16: 'may' expected, not read" },
		{ "permit class group may read", LW_EINVAL,
		        "at 14: person, service or host expected, not group" },
		{ "permit self may", LW_EINVAL, "at 16: a verb expected, not the end" },
		{ "permit self may browse person attrs(cn)", LW_EINVAL,
		        "at 17: a verb expected, not browse" },
		{ "permit self may read,read person attrs(cn)", LW_EINVAL, "at 22: 'read' is said twice" },
		{ "permit self may read, person attrs(cn)", LW_EINVAL, "at 23: a verb expected, not person" },
		{ "permit self may read person", LW_EINVAL, "attrs() must be said" },
		{ "permit self may set-secret person", LW_EINVAL, "attrs() must be said" },
		{ "permit self may delete person attrs(cn)", LW_EINVAL, "attrs() says nothing" },
		{ "permit self may delete", LW_EINVAL, "a kind of object must be said" },
		{ "permit self may delete person,people", LW_EINVAL,
		        "at 31: a kind of object expected, not people" },
		{ "permit self may delete person,person", LW_EINVAL, "a kind of object is said twice" },
		{ "permit self may delete person,any", LW_EINVAL, "a kind of object is said twice" },
		{ "permit self may read person attrs", LW_EINVAL, "at 34: '(' expected, not the end" },
		{ "permit self may read person attrs()", LW_EINVAL, "at 35: an attribute's name" },
		{ "permit self may read person attrs(cn", LW_EINVAL, "at 37: ')' expected" },
		{ "permit self may read person attrs(cn;lang-de)", LW_EINVAL, "at 37: ')' expected" },
		{ "permit self may read person attrs(cn,CN)", LW_EINVAL, "at 38: 'CN' is said twice" },
		{ "permit self may read person attrs(cn) attrs(sn)", LW_EINVAL,
		        "at 39: 'attrs' is said twice" },
		{ "permit self may delete person under", LW_EINVAL, "a DN expected" },
		{ "permit self may delete person tagged", LW_EINVAL, "a tag expected" },
		{ "permit self may delete person named", LW_EINVAL, "a name expected" },
		{ "permit self may delete any named bob", LW_EINVAL, "'named' needs one kind" },
		{ "permit self may delete person,group named bob", LW_EINVAL, "'named' needs one kind" },
		{ "permit self may delete person when", LW_EINVAL, "a condition expected, not the end" },
		{ "permit self may delete person when auth.agee<5m", LW_EINVAL,
		        "at 36: a condition expected, not auth.agee<5m" },
		{ "permit self may delete person when auth.age=5m", LW_EINVAL,
		        "at 44: '<', '=' or '!=' expected after auth.age" },
		{ "permit self may delete person when auth.age<5", LW_EINVAL, "at 45: a duration" },
		{ "permit self may delete person when auth.age<0s", LW_EINVAL, "at 45: a duration" },
		{ "permit self may delete person when auth.age<4000d", LW_ELIMIT, "longer than 3650d" },
		{ "permit self may delete person when auth.method=fax", LW_EINVAL, "at 48: a method" },
		{ "permit self may delete person when auth.mfa or auth.mfa", LW_EINVAL,
		        "at 45: a clause or the end expected, not or" },
		{ "permit self may delete person when auth.mfa and", LW_EINVAL,
		        "at 48: a condition expected" },
		{ "permit self may delete person when delegated.group!=x", LW_EINVAL,
		        "delegated.group goes with" },
		{ "permit self may delete person max-life", LW_EINVAL, "a duration" },
		{ "permit self may delete person max-life 5y", LW_EINVAL, "a duration" },
		{ "permit self may delete person; permit self", LW_EINVAL,
		        "at 32: a clause or the end expected, not permit" },
		{ "permit self may token audience https://x", LW_EINVAL, "an audience stands in quotes" },
		{ "permit self may token,ticket any audience none", LW_EINVAL,
		        "an audience goes with the verb token" },
		{ "permit self may enrol,revoke any names owned", LW_EINVAL,
		        "profile and names go with the verb enrol" },
		{ "permit self may enrol names", LW_EINVAL, "'owned' expected" },
		{ "permit self may enrol profile", LW_EINVAL, "a profile expected" },
	};
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	char err[ACCESS_ERR];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct access_ast *ast = NULL;

		assert_int_equal(access_parse(a, lw_str(cases[i].text), &ast, err), cases[i].err);
		assert_null(ast);
		if (!strstr(err, cases[i].says))
			fail_msg("'%s': '%s' instead of '%s'", cases[i].text, err, cases[i].says);
		assert_null(strchr(err, '\n'));
	}
	lw_arena_free(a);
}

static void test_limits(void **state)
{
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	struct access_ast *ast;
	char err[ACCESS_ERR], text[8192];
	int n;

	n = snprintf(text, sizeof(text), "permit self may delete person tagged %0*d", ACCESS_MAX_NAME, 1);
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_OK);
	text[n++] = '1';
	text[n] = 0;
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_ELIMIT);

	n = snprintf(text, sizeof(text), "permit self may delete person%*s", ACCESS_MAX_TEXT - 29, ";");
	assert_int_equal(n, ACCESS_MAX_TEXT);
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_OK);
	memcpy(text + n, " ", 2);
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_ELIMIT);

	n = snprintf(text, sizeof(text), "permit self may read person attrs(*");
	for (int i = 0; i < ACCESS_MAX_ATTRS; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ",a%d", i);
	text[n] = ')';
	text[n + 1] = 0;
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_OK);
	memcpy(text + n, ",b)", 4);
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_ELIMIT);

	n = snprintf(text, sizeof(text), "permit self may delete person when auth.mfa");
	for (int i = 1; i < ACCESS_MAX_CONDS; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " and auth.mfa");
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_OK);
	snprintf(text + n, sizeof(text) - (size_t)n, " and auth.mfa");
	assert_int_equal(access_parse(a, lw_str(text), &ast, err), LW_ELIMIT);
	lw_arena_free(a);
}

static void test_resolve_errors(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *says;
	} cases[] = {
		{ "permit group nobody may delete person", LW_ENOTFOUND, "there is no group 'nobody'" },
		{ "permit user helpdesk may delete person", LW_ENOTFOUND, "there is no user 'helpdesk'" },
		{ "permit service x may delete person", LW_ENOTFOUND, "there is no service 'x'" },
		{ "permit host x may delete person", LW_ENOTFOUND, "there is no host 'x'" },
		{ "permit client x may delete person", LW_ENOTFOUND, "there is no client 'x'" },
		{ "permit self may delete person under ou=nowhere", LW_ENOTFOUND,
		        "there is no entry 'ou=nowhere'" },
		{ "permit self may delete person named x", LW_ENOTFOUND, "there is no user 'x'" },
		{ "permit self may delete grant named x", LW_ENOTFOUND, "there is no grant 'x'" },
		{ "permit self may delete any named cn=x", LW_ENOTFOUND, "there is no entry 'cn=x'" },
		{ "permit self may ticket service when delegated.group=x", LW_ENOTFOUND,
		        "there is no group 'x'" },
		{ "permit self may read person attrs(nonsense)", LW_EUNDEFATTR,
		        "there is no attribute 'nonsense'" },
		{ "permit self may read person attrs(sub)", LW_EUNDEFATTR, "there is no attribute 'sub'" },
		{ "permit self may read person attrs(userPassword)", LW_EINVAL, "'userPassword' is secret" },
		{ "permit self may search,compare,write person attrs(krbPrincipalKey)", LW_EINVAL,
		        "is secret" },
		{ "permit self may set-secret person attrs(mail)", LW_EINVAL, "is not secret" },
		{ "permit self may token attrs(userPassword)", LW_EINVAL, "is secret" },
	};
	struct fixture *f = fixture_new();
	struct access_rule *rule = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(fixture_compile(f, cases[i].text, &rule), cases[i].err);
		assert_null(rule);
		if (!strstr(f->err, cases[i].says))
			fail_msg("'%s': '%s' instead of '%s'", cases[i].text, f->err, cases[i].says);
	}
	fixture_free(f);
}

static void test_refs(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rule *rule;
	uint64_t ids[ACCESS_MAX_REFS];

	assert_int_equal(
	        fixture_compile(f,
	                "permit group web may ticket service under ou=services named sql "
	                "when delegated.group=web and delegated.group!=ops and delegated.group!=protected",
	                &rule),
	        LW_OK);
	assert_int_equal(access_rule_refs(rule, ids), 4);
	assert_int_equal(ids[0], f->w.node[WEB].id);
	assert_int_equal(ids[1], f->w.node[3].id);
	assert_int_equal(ids[2], f->w.node[SQL].id);
	assert_int_equal(ids[3], f->w.node[OPS].id);
	assert_int_equal(fixture_compile(f, "permit self may delete person", &rule), LW_OK);
	assert_int_equal(access_rule_refs(rule, ids), 0);
	fixture_free(f);
}

static void test_octets(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rule *rule, *back;
	struct lw_writer a, b;

	lw_writer_init(&a, ACCESS_MAX_ENCODED);
	lw_writer_init(&b, ACCESS_MAX_ENCODED);
	for (unsigned i = 0; i < 300; i++) {
		char text[600];

		if (i < 6)
			snprintf(text, sizeof(text), "%s", fixture_examples[i]);
		else
			world_grant(&f->w, text, sizeof(text));
		lw_arena_reset(f->arena);
		lw_writer_reset(&a);
		lw_writer_reset(&b);
		assert_int_equal(fixture_compile(f, text, &rule), LW_OK);
		access_rule_encode(&a, rule);
		assert_int_equal(access_rule_decode(f->arena, lw_written(&a), &back), LW_OK);
		access_rule_encode(&b, back);
		assert_true(lw_eq(lw_written(&a), lw_written(&b)));
		for (size_t n = 0; n < a.n; n++) /* cut anywhere, or with a tail: refused */
			assert_int_not_equal(
			        access_rule_decode(f->arena, (struct lw_bytes){ a.p, n }, &back), LW_OK);
		lw_put_u8(&a, 0);
		assert_int_equal(access_rule_decode(f->arena, lw_written(&a), &back), LW_EINVAL);
		a.p[0] = 4;
		assert_int_equal(access_rule_decode(f->arena, lw_written(&a), &back), LW_EVERSION);
	}
	lw_writer_done(&a);
	lw_writer_done(&b);
	fixture_free(f);
}

/* What was written before there were certificates: `any` is any, and what named kinds names those. */
static void test_octets_of_version_1(void **state)
{
	static const struct { const char *text; unsigned bits, want; } rows[] = {
		{ "permit user alice may read any attrs(cn);", 0x1ff, ACCESS_ANY },
		{ "permit user alice may read person,group attrs(cn);", 3, 3 },
	};
	struct fixture *f = fixture_new();
	struct access_rule *rule, *back;
	struct lw_writer w;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lw_writer_init(&w, ACCESS_MAX_ENCODED);
		assert_int_equal(fixture_compile(f, rows[i].text, &rule), LW_OK);
		access_rule_encode(&w, rule);
		assert_int_equal(w.p[9] << 24 | w.p[10] << 16 | w.p[11] << 8 | w.p[12], rows[i].want == ACCESS_ANY ? 0 : rows[i].want);
		w.p[0] = 1;
		w.p[11] = (uint8_t)(rows[i].bits >> 8);
		w.p[12] = (uint8_t)rows[i].bits;
		assert_int_equal(access_rule_decode(f->arena, lw_written(&w), &back), LW_OK);
		assert_int_equal(back->kinds, rows[i].want);
		w.p[0] = 2; /* now those nine are nine */
		assert_int_equal(access_rule_decode(f->arena, lw_written(&w), &back), LW_OK);
		assert_int_equal(back->kinds, rows[i].bits);
		w.p[11] = ACCESS_ANY >> 8; /* all there are, which is `any` and said otherwise */
		w.p[12] = 0xff;
		assert_int_equal(access_rule_decode(f->arena, lw_written(&w), &back), LW_EINVAL);
		lw_writer_done(&w);
	}
	fixture_free(f);
}

/* ---- tables ---- */

static void test_tables(void **state)
{
	static const struct {
		const char *name;
		enum access_verb verb;
	} some[] = { { "read", ACCESS_READ }, { "Set-Secret", ACCESS_SET_SECRET },
		{ "administer", ACCESS_ADMINISTER }, { "all", ACCESS_NONE }, { "", ACCESS_NONE } };
	struct access_role_row bad = { STORE_ROLE_OPERATOR, ACCESS_READ, ACCESS_ANY, true, NULL };
	unsigned have = 0;

	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
		assert_int_equal(access_verb_find(lw_str(access_verbs[v].name)), v);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_int_equal(access_verb_find(lw_str(some[i].name)), some[i].verb);
	for (unsigned k = 0; k < ACCESS_KIND_COUNT; k++)
		assert_non_null(access_kind_names[k]);
	for (unsigned r = 0; r < ACCESS_BY_COUNT; r++)
		assert_true(strlen(access_reason_text((enum access_reason)r)) > 3);
	assert_int_equal(access_role_count, STORE_ROLE_UPKEEP + 1);
	for (size_t i = 0; i < access_role_row_count; i++) {
		assert_true(access_role_row_ok(&access_role_rows[i]));
		have |= 1u << access_role_rows[i].role;
	}
	assert_int_equal(have, 31);
	assert_true(access_role_row_ok(&bad));
	bad.verb = ACCESS_NONE; /* a zero right */
	assert_false(access_role_row_ok(&bad));
	bad.verb = ACCESS_VERB_COUNT;
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_OPERATOR, ACCESS_READ, 0, true, NULL };
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_OPERATOR, ACCESS_READ, ACCESS_ANY, false, NULL };
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_KDC, ACCESS_EXPORT, ACCESS_ANY, true, "noSuchAttribute" };
	assert_false(access_role_row_ok(&bad));
	bad.attr = "krbPrincipalKey";
	assert_true(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_KDC, ACCESS_ADMINISTER, ACCESS_ANY, false, "krbPrincipalKey" };
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_UPKEEP + 1, ACCESS_READ, ACCESS_ANY, true, NULL };
	assert_false(access_role_row_ok(&bad));
}

static void test_kind_of(void **state)
{
	static const struct {
		const char *classes[3];
		unsigned kind;
	} cases[] = {
		{ { "inetOrgPerson", "posixAccount" }, ACCESS_PERSON },
		{ { "person" }, ACCESS_PERSON },
		{ { "account" }, ACCESS_PERSON },
		{ { "groupOfNames" }, ACCESS_GROUP },
		{ { "groupOfUniqueNames" }, ACCESS_GROUP },
		{ { "lwService" }, ACCESS_SERVICE },
		{ { "lwHost" }, ACCESS_HOST },
		{ { "lwGrant" }, ACCESS_GRANT },
		{ { "lwPolicy" }, ACCESS_POLICY },
		{ { "lwTrust" }, ACCESS_TRUST },
		{ { "organizationalUnit" }, ACCESS_ENTRY },
		{ { "domain" }, ACCESS_ENTRY },
		{ { NULL }, ACCESS_ENTRY },
	};

	schema_init();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schema_class *c[3];
		size_t n = 0;

		while (n < 3 && cases[i].classes[n]) {
			c[n] = schema_class(lw_str(cases[i].classes[n]));
			assert_non_null(c[n]);
			n++;
		}
		assert_int_equal(access_kind_of(c, n), cases[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_resolve_errors),
		cmocka_unit_test(test_refs),
		cmocka_unit_test(test_octets), cmocka_unit_test(test_octets_of_version_1),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_kind_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
