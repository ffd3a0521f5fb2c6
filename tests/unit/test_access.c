/* SPDX-License-Identifier: Apache-2.0 */
/* The access policy by hand: language, tables, defaults, decisions and the no-escalation checks. */
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
#include "tests/unit/access_world.h"

/* ---- a plain world: nobody is in anything until a test says so ---- */

enum { PEOPLE = 1, ADMINS = WORLD_ADMINS, OPS, HELPDESK, WEB, DEV, PROTECTED, ALICE = 14, BOB, CAROL, ERIN = 18, WEB1 = 20,
	HTTP_SHOP, SQL, H1, H2, SHOP, WIKI, R1, GINA = 32, TENANT };
#define BIT(node) (UINT64_C(1) << (node))

struct fixture {
	struct world w;
	struct lw_arena *arena;
	struct access_policy *policy;
	char err[ACCESS_ERR];
};

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	world_init(&f->w, 1);
	for (int i = 0; i < WORLD_NODES; i++) {
		f->w.node[i].in = f->w.node[i].managers = 0;
		f->w.node[i].tags = 0;
	}
	f->arena = lw_arena_new(1 << 20, false);
	f->policy = access_policy_new(1, f->w.node[ADMINS].id);
	return f;
}

static void fixture_free(struct fixture *f)
{
	access_policy_unref(f->policy);
	lw_arena_free(f->arena);
	world_done(&f->w);
	free(f);
}

static int compile(struct fixture *f, const char *text, struct access_rule **ret)
{
	struct access_resolver resolver = { &f->w, world_resolver_base.resolve };
	struct access_ast *ast;
	int err = access_parse(f->arena, lw_str(text), &ast, f->err);

	return err ? err : access_compile(f->arena, ast, &resolver, ret, f->err);
}

static struct access_rule *add(struct fixture *f, const char *text)
{
	struct access_rule *rule = NULL;
	struct lw_writer out;
	int err = compile(f, text, &rule);

	if (err)
		fail_msg("%s: %s", text, f->err);
	lw_writer_init(&out, ACCESS_MAX_ENCODED);
	access_rule_encode(&out, rule);
	assert_int_equal(out.err, LW_OK);
	err = access_policy_add(f->policy, 100 + access_policy_count(f->policy), lw_written(&out));
	assert_int_equal(err, LW_OK);
	lw_writer_done(&out);
	return rule;
}

static struct access_rights *bind(struct fixture *f, int node)
{
	struct access_subject s = world_subject(&f->w, node, 1);
	struct access_rights *r = access_bind(f->policy, &s);

	assert_non_null(r);
	return r;
}

static const struct access_ctx plain = { .now = WORLD_NOW, .auth_time = WORLD_NOW - LW_SECOND, .methods = LW_CAP_PASSWORD };

/* subject, verb, object, attribute under the plain context */
static bool may(struct fixture *f, int subject, enum access_verb verb, int object, const char *attr,
	struct access_why *why)
{
	struct access_rights *r = bind(f, subject);
	struct access_object o = world_object(&f->w, object, 1);
	const struct schema_attr *a = attr ? schema_attr(lw_str(attr)) : NULL;
	bool yes;

	assert_true(!attr || a);
	yes = access_decide(r, verb, &o, a, &plain, why);
	access_rights_free(r);
	return yes;
}

/* ---- language ---- */

static const char *const examples[] = {
	"permit group helpdesk may read,search person under ou=people attrs(cn,mail,telephoneNumber);",
	"permit self may set-secret person attrs(userPassword) when auth.age<5m and channel.confidential;",
	"permit group web may ticket service tagged db max-life 1h;",
	"permit service http/shop may delegate service tagged db when delegated.group!=protected;",
	"permit client shop may token audience \"https://api.acme.example\" attrs(sub,groups) when auth.mfa max-life 10m;",
	"permit class host may enrol profile tls-server names owned max-life 1d;",
};

static void formatted(struct lw_arena *a, const char *text, char *ret, size_t size)
{
	struct access_ast *ast;
	struct lw_writer w;
	char err[ACCESS_ERR];

	if (access_parse(a, lw_str(text), &ast, err))
		fail_msg("%s: %s", text, err);
	lw_writer_init(&w, size - 1);
	access_format(&w, ast);
	assert_int_equal(w.err, LW_OK);
	memcpy(ret, w.p, w.n);
	ret[w.n] = 0;
	lw_writer_done(&w);
}

static void test_examples(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rule *rule;
	char out[1024];

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		formatted(f->arena, examples[i], out, sizeof(out));
		assert_string_equal(out, examples[i]);
		assert_int_equal(compile(f, examples[i], &rule), LW_OK);
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
		{ "forbid group \"Dev Team\" may all any attrs(*);", "forbid group \"Dev Team\" may all any attrs(*);" },
		{ "permit user \"alice\" may delete person named \"bob\";", "permit user alice may delete person named bob;" },
		{ "permit user alice may delete any named \"cn=a\\\\,b \\\" c,ou=groups\";",
			"permit user alice may delete any named \"cn=a\\\\,b \\\" c,ou=groups\";" },
		{ "permit manager may move person max-life 90s when auth.mfa under \"ou=people,dc=acme,dc=example\" tagged db;",
			"permit manager may move person under ou=people,dc=acme,dc=example tagged db when auth.mfa "
			"max-life 90s;" },
		{ "permit service x may delegate service when delegated.group = \"protected\" and auth.method = otp;",
			"permit service x may delegate service when delegated.group=\"protected\" and auth.method=otp;" },
		{ "permit client c may token audience none;", "permit client c may token audience none;" },
		{ "permit client c may token audience \"none\";", "permit client c may token audience \"none\";" },
		{ "permit anonymous may read entry,tenant attrs(2.5.4.3);",
			"permit anonymous may read entry,tenant attrs(2.5.4.3);" },
		{ "permit host h may create,read,search,compare,write,delete,move,set-secret,ticket,delegate,impersonate,"
		  "token,enrol,revoke,export,administer person,group,service,host,grant,policy,application,entry,tenant "
		  "attrs(*);",
			"permit host h may all any attrs(*);" },
	};
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	char out[1024], again[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		formatted(a, cases[i].in, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
		formatted(a, out, again, sizeof(again));
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
		{ "allow self may read person attrs(cn)", LW_EINVAL, "at 1: permit or forbid expected, not allow" },
		{ "permit all may read person attrs(cn)", LW_EINVAL, "at 8: a subject expected" },
		{ "permit any may read person attrs(cn)", LW_EINVAL, "at 12: 'authenticated' expected, not may" },
		{ "permit group", LW_EINVAL, "at 13: a name expected, not the end" },
		{ "permit group ; may", LW_EINVAL, "at 14: a name expected" },
		{ "permit group \"a may read", LW_EINVAL, "at 14: the quote is not closed" },
		{ "permit group \"\" may read", LW_EINVAL, "at 14: a name expected" },
		{ "permit group \"a\nb\" may read", LW_EINVAL, "at 16: a control character" },
		{ "permit group \"\xff\" may read", LW_EINVAL, "at 14: a name is not UTF-8" },
		{ "permit group x read person", LW_EINVAL, "at 16: 'may' expected, not read" },
		{ "permit class group may read", LW_EINVAL, "at 14: person, service or host expected, not group" },
		{ "permit self may", LW_EINVAL, "at 16: a verb expected, not the end" },
		{ "permit self may browse person attrs(cn)", LW_EINVAL, "at 17: a verb expected, not browse" },
		{ "permit self may read,read person attrs(cn)", LW_EINVAL, "at 22: 'read' is said twice" },
		{ "permit self may read, person attrs(cn)", LW_EINVAL, "at 23: a verb expected, not person" },
		{ "permit self may read person", LW_EINVAL, "attrs() must be said" },
		{ "permit self may set-secret person", LW_EINVAL, "attrs() must be said" },
		{ "permit self may delete person attrs(cn)", LW_EINVAL, "attrs() says nothing" },
		{ "permit self may delete", LW_EINVAL, "a kind of object must be said" },
		{ "permit self may delete person,people", LW_EINVAL, "at 31: a kind of object expected, not people" },
		{ "permit self may delete person,person", LW_EINVAL, "a kind of object is said twice" },
		{ "permit self may delete person,any", LW_EINVAL, "a kind of object is said twice" },
		{ "permit self may read person attrs", LW_EINVAL, "at 34: '(' expected, not the end" },
		{ "permit self may read person attrs()", LW_EINVAL, "at 35: an attribute's name" },
		{ "permit self may read person attrs(cn", LW_EINVAL, "at 37: ')' expected" },
		{ "permit self may read person attrs(cn;lang-de)", LW_EINVAL, "at 37: ')' expected" },
		{ "permit self may read person attrs(cn,CN)", LW_EINVAL, "at 38: 'CN' is said twice" },
		{ "permit self may read person attrs(cn) attrs(sn)", LW_EINVAL, "at 39: 'attrs' is said twice" },
		{ "permit self may delete person under", LW_EINVAL, "a DN expected" },
		{ "permit self may delete person tagged", LW_EINVAL, "a tag expected" },
		{ "permit self may delete person named", LW_EINVAL, "a name expected" },
		{ "permit self may delete any named bob", LW_EINVAL, "'named' needs one kind" },
		{ "permit self may delete person,group named bob", LW_EINVAL, "'named' needs one kind" },
		{ "permit self may delete person when", LW_EINVAL, "a condition expected, not the end" },
		{ "permit self may delete person when auth.agee<5m", LW_EINVAL, "at 36: a condition expected, not auth.agee<5m" },
		{ "permit self may delete person when auth.age=5m", LW_EINVAL, "at 44: '<', '=' or '!=' expected after auth.age" },
		{ "permit self may delete person when auth.age<5", LW_EINVAL, "at 45: a duration" },
		{ "permit self may delete person when auth.age<0s", LW_EINVAL, "at 45: a duration" },
		{ "permit self may delete person when auth.age<4000d", LW_ELIMIT, "longer than 3650d" },
		{ "permit self may delete person when auth.method=fax", LW_EINVAL, "at 48: a method" },
		{ "permit self may delete person when auth.mfa or auth.mfa", LW_EINVAL, "at 45: a clause or the end expected, not or" },
		{ "permit self may delete person when auth.mfa and", LW_EINVAL, "at 48: a condition expected" },
		{ "permit self may delete person when delegated.group!=x", LW_EINVAL, "delegated.group goes with" },
		{ "permit self may delete person max-life", LW_EINVAL, "a duration" },
		{ "permit self may delete person max-life 5y", LW_EINVAL, "a duration" },
		{ "permit self may delete person; permit self", LW_EINVAL, "at 32: a clause or the end expected, not permit" },
		{ "permit self may token audience https://x", LW_EINVAL, "an audience stands in quotes" },
		{ "permit self may token,ticket any audience none", LW_EINVAL, "an audience goes with the verb token" },
		{ "permit self may enrol,revoke any names owned", LW_EINVAL, "profile and names go with the verb enrol" },
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
		{ "permit self may delete person under ou=nowhere", LW_ENOTFOUND, "there is no entry 'ou=nowhere'" },
		{ "permit self may delete person named x", LW_ENOTFOUND, "there is no user 'x'" },
		{ "permit self may delete grant named x", LW_ENOTFOUND, "there is no grant 'x'" },
		{ "permit self may delete any named cn=x", LW_ENOTFOUND, "there is no entry 'cn=x'" },
		{ "permit self may ticket service when delegated.group=x", LW_ENOTFOUND, "there is no group 'x'" },
		{ "permit self may read person attrs(nonsense)", LW_EUNDEFATTR, "there is no attribute 'nonsense'" },
		{ "permit self may read person attrs(sub)", LW_EUNDEFATTR, "there is no attribute 'sub'" },
		{ "permit self may read person attrs(userPassword)", LW_EINVAL, "'userPassword' is secret" },
		{ "permit self may search,compare,write person attrs(krbPrincipalKey)", LW_EINVAL, "is secret" },
		{ "permit self may set-secret person attrs(mail)", LW_EINVAL, "is not secret" },
		{ "permit self may token attrs(userPassword)", LW_EINVAL, "is secret" },
	};
	struct fixture *f = fixture_new();
	struct access_rule *rule = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(compile(f, cases[i].text, &rule), cases[i].err);
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

	assert_int_equal(compile(f, "permit group web may ticket service under ou=services named sql "
				    "when delegated.group=web and delegated.group!=ops and delegated.group!=protected",
				 &rule),
		LW_OK);
	assert_int_equal(access_rule_refs(rule, ids), 4);
	assert_int_equal(ids[0], f->w.node[WEB].id);
	assert_int_equal(ids[1], f->w.node[3].id);
	assert_int_equal(ids[2], f->w.node[SQL].id);
	assert_int_equal(ids[3], f->w.node[OPS].id);
	assert_int_equal(compile(f, "permit self may delete person", &rule), LW_OK);
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
			snprintf(text, sizeof(text), "%s", examples[i]);
		else
			world_grant(&f->w, text, sizeof(text));
		lw_arena_reset(f->arena);
		lw_writer_reset(&a);
		lw_writer_reset(&b);
		assert_int_equal(compile(f, text, &rule), LW_OK);
		access_rule_encode(&a, rule);
		assert_int_equal(access_rule_decode(f->arena, lw_written(&a), &back), LW_OK);
		access_rule_encode(&b, back);
		assert_true(lw_eq(lw_written(&a), lw_written(&b)));
		for (size_t n = 0; n < a.n; n++) /* cut anywhere, or with a tail: refused */
			assert_int_not_equal(access_rule_decode(f->arena, (struct lw_bytes){ a.p, n }, &back), LW_OK);
		lw_put_u8(&a, 0);
		assert_int_equal(access_rule_decode(f->arena, lw_written(&a), &back), LW_EINVAL);
		a.p[0] = 2;
		assert_int_equal(access_rule_decode(f->arena, lw_written(&a), &back), LW_EVERSION);
	}
	lw_writer_done(&a);
	lw_writer_done(&b);
	fixture_free(f);
}

/* ---- tables ---- */

static void test_tables(void **state)
{
	static const struct {
		const char *name;
		enum access_verb verb;
	} some[] = { { "read", ACCESS_READ }, { "Set-Secret", ACCESS_SET_SECRET }, { "administer", ACCESS_ADMINISTER },
		{ "all", ACCESS_NONE }, { "", ACCESS_NONE } };
	struct access_role_row bad = { STORE_ROLE_OPERATOR, ACCESS_READ, ACCESS_ANY, true };
	unsigned have = 0;

	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
		assert_int_equal(access_verb_find(lw_str(access_verbs[v].name)), v);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_int_equal(access_verb_find(lw_str(some[i].name)), some[i].verb);
	for (unsigned k = 0; k < ACCESS_KIND_COUNT; k++)
		assert_non_null(access_kind_names[k]);
	for (unsigned r = 0; r < ACCESS_BY_COUNT; r++)
		assert_true(strlen(access_reason_text((enum access_reason)r)) > 3);
	assert_int_equal(access_role_count, STORE_ROLE_INIT + 1);
	for (size_t i = 0; i < access_role_row_count; i++) {
		assert_true(access_role_row_ok(&access_role_rows[i]));
		have |= 1u << access_role_rows[i].role;
	}
	assert_int_equal(have, 7);
	assert_true(access_role_row_ok(&bad));
	bad.verb = ACCESS_NONE; /* a zero right */
	assert_false(access_role_row_ok(&bad));
	bad.verb = ACCESS_VERB_COUNT;
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_OPERATOR, ACCESS_READ, 0, true };
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_OPERATOR, ACCESS_READ, ACCESS_ANY, false };
	assert_false(access_role_row_ok(&bad));
	bad = (struct access_role_row){ STORE_ROLE_INIT + 1, ACCESS_READ, ACCESS_ANY, true };
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

/* ---- decisions ---- */

static void test_default_deny_forbid_wins(void **state)
{
	struct fixture *f = fixture_new();
	struct access_why why;

	f->w.node[ALICE].in = BIT(OPS);
	assert_false(may(f, ALICE, ACCESS_READ, BOB, "cn", &why));
	assert_int_equal(why.reason, ACCESS_BY_DEFAULT);
	add(f, "permit group ops may read,delete person attrs(cn,mail);");
	assert_true(may(f, ALICE, ACCESS_READ, BOB, "cn", &why));
	assert_int_equal(why.reason, ACCESS_BY_PERMIT);
	assert_int_equal(why.grant_id, 100);
	assert_true(why.max_life == INT64_MAX);
	assert_false(may(f, ALICE, ACCESS_READ, BOB, "sn", NULL));
	assert_false(may(f, ALICE, ACCESS_WRITE, BOB, "cn", NULL));
	assert_false(may(f, CAROL, ACCESS_READ, BOB, "cn", NULL));
	assert_false(may(f, ALICE, ACCESS_READ, SQL, "cn", NULL));
	assert_false(may(f, -1, ACCESS_READ, BOB, "cn", NULL));
	add(f, "forbid authenticated may read,delete person named bob attrs(cn);");
	assert_false(may(f, ALICE, ACCESS_READ, BOB, "cn", &why));
	assert_int_equal(why.reason, ACCESS_BY_FORBID);
	assert_int_equal(why.rule, 1);
	assert_int_equal(why.grant_id, 101);
	assert_true(why.max_life == 0);
	assert_true(may(f, ALICE, ACCESS_READ, BOB, "mail", NULL));
	assert_true(may(f, ALICE, ACCESS_READ, BOB, NULL, NULL));
	assert_true(may(f, ALICE, ACCESS_READ, CAROL, "cn", NULL));
	assert_false(may(f, ALICE, ACCESS_DELETE, BOB, NULL, &why));
	assert_int_equal(why.reason, ACCESS_BY_FORBID);
	add(f, "permit group ops may read person attrs(cn);"); /* a later permit changes nothing */
	assert_false(may(f, ALICE, ACCESS_READ, BOB, "cn", NULL));
	add(f, "forbid group ops may read person attrs(mail);");
	assert_false(may(f, ALICE, ACCESS_READ, BOB, NULL, &why)); /* nothing is left */
	assert_int_equal(why.reason, ACCESS_BY_FORBID);
	fixture_free(f);
}

static void test_subjects(void **state)
{
	struct fixture *f = fixture_new();

	add(f, "permit user alice may delete group;");
	add(f, "permit service sql may delete host;");
	add(f, "permit host h1.acme.example may delete policy;");
	add(f, "permit client shop may delete application;");
	add(f, "permit class service may move person;");
	add(f, "permit self may move service,person;");
	add(f, "permit manager may move host;");
	add(f, "permit anonymous may read entry attrs(ou);");
	assert_true(may(f, ALICE, ACCESS_DELETE, OPS, NULL, NULL));
	assert_false(may(f, BOB, ACCESS_DELETE, OPS, NULL, NULL));
	assert_true(may(f, SQL, ACCESS_DELETE, H1, NULL, NULL));
	assert_true(may(f, H1, ACCESS_DELETE, 30, NULL, NULL));
	assert_false(may(f, H2, ACCESS_DELETE, 30, NULL, NULL));
	assert_true(may(f, SHOP, ACCESS_DELETE, WIKI, NULL, NULL));
	assert_true(may(f, SQL, ACCESS_MOVE, BOB, NULL, NULL));
	assert_true(may(f, SQL, ACCESS_MOVE, SQL, NULL, NULL));
	assert_false(may(f, SQL, ACCESS_MOVE, WEB1, NULL, NULL));
	assert_true(may(f, BOB, ACCESS_MOVE, BOB, NULL, NULL));
	assert_false(may(f, BOB, ACCESS_MOVE, ALICE, NULL, NULL));
	assert_true(may(f, -1, ACCESS_READ, PEOPLE, "ou", NULL));
	assert_false(may(f, BOB, ACCESS_READ, PEOPLE, "ou", NULL)); /* anonymous means nobody else */
	assert_false(may(f, BOB, ACCESS_MOVE, H1, NULL, NULL));
	f->w.node[H1].managers = BIT(WEB);
	assert_false(may(f, BOB, ACCESS_MOVE, H1, NULL, NULL));
	f->w.node[BOB].in = BIT(DEV); /* bob in dev in web */
	f->w.node[DEV].in = BIT(WEB);
	assert_true(may(f, BOB, ACCESS_MOVE, H1, NULL, NULL));
	fixture_free(f);
}

static void test_objects(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *r;

	add(f, "permit user alice may delete person under ou=guests,ou=people;");
	add(f, "permit user alice may move any tagged \"FRONT  end\";");
	add(f, "permit user alice may revoke service named sql;");
	assert_true(may(f, ALICE, ACCESS_DELETE, ERIN, NULL, NULL));
	assert_true(may(f, ALICE, ACCESS_DELETE, GINA, NULL, NULL)); /* deeper */
	assert_false(may(f, ALICE, ACCESS_DELETE, BOB, NULL, NULL));
	assert_false(may(f, ALICE, ACCESS_DELETE, 13, NULL, NULL)); /* the container is no person */
	assert_false(may(f, ALICE, ACCESS_MOVE, SQL, NULL, NULL));
	f->w.node[SQL].tags = 1;
	assert_false(may(f, ALICE, ACCESS_MOVE, SQL, NULL, NULL));
	f->w.node[SQL].tags = 3;
	assert_true(may(f, ALICE, ACCESS_MOVE, SQL, NULL, NULL));
	assert_true(may(f, ALICE, ACCESS_REVOKE, SQL, NULL, NULL));
	assert_false(may(f, ALICE, ACCESS_REVOKE, WEB1, NULL, NULL));
	r = bind(f, ALICE);
	assert_int_equal(access_needs(r, ACCESS_DELETE), ACCESS_NEED_ABOVE);
	assert_int_equal(access_needs(r, ACCESS_MOVE), ACCESS_NEED_TAGS);
	assert_int_equal(access_needs(r, ACCESS_REVOKE), 0);
	assert_true(access_any(r, ACCESS_REVOKE));
	assert_false(access_any(r, ACCESS_READ));
	access_rights_free(r);
	r = bind(f, BOB);
	assert_false(access_any(r, ACCESS_REVOKE));
	access_rights_free(r);
	fixture_free(f);
}

static void test_fence(void **state)
{
	struct fixture *f = fixture_new();
	struct access_subject s;
	struct access_rights *r;
	struct access_object o;
	struct access_why why;

	f->w.node[ALICE].in = BIT(ADMINS);
	add(f, "permit group administrators may all any attrs(*);");
	r = bind(f, ALICE);
	o = world_object(&f->w, BOB, 2); /* the same numbers in another tenant */
	assert_false(access_decide(r, ACCESS_READ, &o, schema_attr(LW_LIT("cn")), &plain, &why));
	assert_int_equal(why.reason, ACCESS_BY_FENCE);
	assert_false(access_visible(r, &o, &plain));
	access_rights_free(r);
	s = world_subject(&f->w, ALICE, 2); /* of another tenant, bound to this policy */
	r = access_bind(f->policy, &s);
	for (uint32_t tenant = 0; tenant < 3; tenant++) {
		o.tenant = tenant;
		assert_false(access_decide(r, ACCESS_READ, &o, schema_attr(LW_LIT("cn")), &plain, &why));
		assert_int_equal(why.reason, ACCESS_BY_FENCE);
	}
	assert_false(access_any(r, ACCESS_READ));
	assert_false(access_is_admin(r));
	access_rights_free(r);
	fixture_free(f);
}

static void test_secrets(void **state)
{
	static const char *const secret[] = { "userPassword", "krbPrincipalKey", "lwScram", "lwTotpSeed", "pwdHistory",
		"authPassword" };
	static const enum access_verb never[] = { ACCESS_READ, ACCESS_SEARCH, ACCESS_COMPARE, ACCESS_WRITE, ACCESS_CREATE,
		ACCESS_TOKEN };
	struct fixture *f = fixture_new();
	struct access_rights *r, *op;
	struct access_object o;
	struct access_why why;

	f->w.node[ALICE].in = BIT(ADMINS);
	add(f, "permit group administrators may all any attrs(*);");
	r = bind(f, ALICE);
	op = access_bind_role(STORE_ROLE_OPERATOR, 1);
	o = world_object(&f->w, BOB, 1);
	o.audience = LW_LIT("x");
	for (size_t s = 0; s < sizeof(secret) / sizeof(secret[0]); s++) {
		const struct schema_attr *a = schema_attr(lw_str(secret[s]));
		struct access_set set;

		assert_non_null(a);
		for (size_t v = 0; v < sizeof(never) / sizeof(never[0]); v++) {
			assert_false(access_decide(r, never[v], &o, a, &plain, &why));
			assert_int_equal(why.reason, ACCESS_BY_SECRET);
			assert_false(access_decide(op, never[v], &o, a, &plain, NULL));
			access_attr_set(r, never[v], &o, &plain, &set);
			assert_false(access_set_has(&set, a));
			assert_true(access_set_has(&set, schema_attr(LW_LIT("mail"))));
			access_attr_set(op, never[v], &o, &plain, &set);
			assert_false(access_set_has(&set, a));
		}
		assert_true(access_decide(r, ACCESS_SET_SECRET, &o, a, &plain, NULL));
		assert_true(access_decide(op, ACCESS_SET_SECRET, &o, a, &plain, NULL));
	}
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, schema_attr(LW_LIT("mail")), &plain, &why));
	assert_int_equal(why.reason, ACCESS_BY_SECRET);
	access_rights_free(r);
	access_rights_free(op);
	fixture_free(f);
}

static void test_protected(void **state)
{
	struct fixture *f = fixture_new();
	struct access_why why;

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[CAROL].in = BIT(DEV); /* carol in dev in administrators */
	f->w.node[DEV].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	add(f, "permit group helpdesk may all any attrs(*);");
	add(f, "permit group administrators may set-secret,write any attrs(*);");
	for (int node = 0; node < WORLD_NODES; node++) {
		bool is = node == ALICE || node == CAROL || node == DEV || node == ADMINS;

		assert_int_equal(may(f, BOB, ACCESS_SET_SECRET, node, "userPassword", &why), !is);
		if (is)
			assert_int_equal(why.reason, ACCESS_BY_PROTECTED);
		assert_int_equal(may(f, BOB, ACCESS_WRITE, node, "description", NULL), !is);
		assert_int_equal(may(f, BOB, ACCESS_DELETE, node, NULL, NULL), !is);
		assert_int_equal(may(f, BOB, ACCESS_IMPERSONATE, node, NULL, NULL), !is);
		assert_true(may(f, BOB, ACCESS_READ, node, "cn", NULL));
		assert_true(may(f, CAROL, ACCESS_SET_SECRET, node, "userPassword", NULL));
	}
	fixture_free(f);
}

static void test_conditions(void **state)
{
	struct fixture *f = fixture_new();
	struct access_object o;
	struct access_rights *r;
	struct access_ctx c = plain;
	struct access_subject d;

	add(f, "permit user alice may delete person when auth.age<5m;");
	add(f, "permit user alice may move person when auth.mfa and channel.confidential;");
	add(f, "permit user alice may revoke person when auth.method=otp;");
	add(f, "permit user alice may ticket person when delegated.group=web;");
	add(f, "permit user alice may delegate person when delegated.group!=protected;");
	r = bind(f, ALICE);
	o = world_object(&f->w, BOB, 1);
	c.auth_time = WORLD_NOW - 300 * LW_SECOND + 1;
	assert_true(access_decide(r, ACCESS_DELETE, &o, NULL, &c, NULL));
	c.auth_time = WORLD_NOW - 300 * LW_SECOND;
	assert_false(access_decide(r, ACCESS_DELETE, &o, NULL, &c, NULL));
	c.auth_time = 0;
	assert_false(access_decide(r, ACCESS_DELETE, &o, NULL, &c, NULL));
	c.auth_time = WORLD_NOW + LW_SECOND; /* the clock jumped back */
	assert_false(access_decide(r, ACCESS_DELETE, &o, NULL, &c, NULL));
	for (int i = 0; i < 4; i++) {
		c.mfa = i & 1;
		c.confidential = i & 2;
		assert_int_equal(access_decide(r, ACCESS_MOVE, &o, NULL, &c, NULL), i == 3);
	}
	assert_false(access_decide(r, ACCESS_REVOKE, &o, NULL, &c, NULL));
	c.methods = LW_CAP_PASSWORD | LW_CAP_OTP;
	assert_true(access_decide(r, ACCESS_REVOKE, &o, NULL, &c, NULL));
	/* nobody delegated: neither = nor != holds */
	assert_false(access_decide(r, ACCESS_TICKET, &o, NULL, &c, NULL));
	assert_false(access_decide(r, ACCESS_DELEGATE, &o, NULL, &c, NULL));
	d = world_subject(&f->w, CAROL, 1);
	c.delegated = &d;
	assert_false(access_decide(r, ACCESS_TICKET, &o, NULL, &c, NULL));
	assert_true(access_decide(r, ACCESS_DELEGATE, &o, NULL, &c, NULL));
	f->w.node[CAROL].in = BIT(WEB) | BIT(ADMINS);
	d = world_subject(&f->w, CAROL, 1);
	assert_true(access_decide(r, ACCESS_TICKET, &o, NULL, &c, NULL));
	assert_false(access_decide(r, ACCESS_DELEGATE, &o, NULL, &c, NULL));
	d.tenant = 2; /* somebody of another tenant with the same numbers */
	assert_false(access_decide(r, ACCESS_TICKET, &o, NULL, &c, NULL));
	assert_false(access_decide(r, ACCESS_DELEGATE, &o, NULL, &c, NULL));
	access_rights_free(r);
	fixture_free(f);
}

static void test_asserted_and_actor(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *alice, *web1;
	struct access_object o;
	struct access_ctx c = plain;
	struct access_why why;
	const struct schema_attr *cn = schema_attr(LW_LIT("cn")), *pw = schema_attr(LW_LIT("userPassword"));
	struct access_set set;

	add(f, "permit user alice may all any attrs(*) max-life 1h;");
	add(f, "permit service web1 may read,delete any attrs(cn) max-life 10m;");
	alice = bind(f, ALICE);
	web1 = bind(f, WEB1);
	o = world_object(&f->w, BOB, 1);
	c.asserted = true;
	assert_false(access_decide(alice, ACCESS_SET_SECRET, &o, pw, &c, &why));
	assert_int_equal(why.reason, ACCESS_BY_ASSERTED);
	assert_false(access_decide(alice, ACCESS_ADMINISTER, &o, NULL, &c, NULL));
	assert_false(access_decide(alice, ACCESS_DELEGATE, &o, NULL, &c, NULL));
	assert_true(access_decide(alice, ACCESS_READ, &o, cn, &c, NULL));
	c.asserted = false;
	c.actor = web1;
	assert_true(access_decide(alice, ACCESS_READ, &o, cn, &c, &why));
	assert_true(why.max_life == 600 * LW_SECOND); /* the shorter of the two */
	assert_false(access_decide(alice, ACCESS_READ, &o, schema_attr(LW_LIT("mail")), &c, &why));
	assert_true(why.of_actor);
	access_attr_set(alice, ACCESS_READ, &o, &c, &set);
	assert_true(access_set_has(&set, cn));
	assert_false(access_set_has(&set, schema_attr(LW_LIT("mail"))));
	assert_false(access_decide(alice, ACCESS_MOVE, &o, NULL, &c, NULL));
	assert_true(access_decide(alice, ACCESS_DELETE, &o, NULL, &c, NULL));
	access_rights_free(alice);
	access_rights_free(web1);
	fixture_free(f);
}

static void test_tokens_and_certificates(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *r;
	struct access_object o;
	struct access_why why;

	add(f, "permit client shop may token audience \"https://a\" attrs(sub,groups,mail) max-life 10m;");
	add(f, "permit client shop may token audience \"https://a\" max-life 1h;");
	add(f, "permit class host may enrol profile tls-server names owned max-life 24h;");
	r = bind(f, SHOP);
	o = world_object(&f->w, SHOP, 1);
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL));
	o.audience = LW_LIT("https://b");
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL));
	o.audience = LW_LIT("https://a");
	assert_true(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, &why));
	assert_true(why.max_life == 3600 * LW_SECOND); /* the longest permit's */
	assert_true(access_decide_claim(r, &o, LW_LIT("groups"), &plain, NULL));
	assert_true(access_decide_claim(r, &o, LW_LIT("mail"), &plain, NULL));
	assert_true(access_decide_claim(r, &o, LW_LIT("sub"), &plain, NULL));
	assert_false(access_decide_claim(r, &o, LW_LIT("phone_number"), &plain, NULL));
	assert_false(access_decide_claim(r, &o, LW_LIT("nonsense"), &plain, NULL));
	add(f, "forbid client shop may token attrs(groups);");
	access_rights_free(r);
	r = bind(f, SHOP);
	assert_true(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL));
	assert_false(access_decide_claim(r, &o, LW_LIT("groups"), &plain, NULL));
	add(f, "forbid client shop may token;");
	access_rights_free(r);
	r = bind(f, SHOP);
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL));
	access_rights_free(r);
	r = bind(f, WIKI);
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL));
	access_rights_free(r);
	add(f, "permit client wiki may token;");
	r = bind(f, WIKI);
	assert_true(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL));
	assert_true(access_decide_claim(r, &o, LW_LIT("sub"), &plain, NULL)); /* no attrs: the name alone */
	assert_false(access_decide_claim(r, &o, LW_LIT("name"), &plain, NULL));
	o.audience = (struct lw_bytes){ NULL, 0 };
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &plain, NULL)); /* none must be said */
	access_rights_free(r);
	r = bind(f, H1);
	o = world_object(&f->w, H1, 1);
	o.profile = LW_LIT("tls-server");
	assert_false(access_decide(r, ACCESS_ENROL, &o, NULL, &plain, NULL));
	o.names_owned = true;
	assert_true(access_decide(r, ACCESS_ENROL, &o, NULL, &plain, &why));
	assert_true(why.max_life == 86400 * LW_SECOND);
	o.profile = LW_LIT("client");
	assert_false(access_decide(r, ACCESS_ENROL, &o, NULL, &plain, NULL));
	access_rights_free(r);
	fixture_free(f);
}

static void test_roles(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *r = access_bind_role(STORE_ROLE_OPERATOR, 1);
	struct access_object o = world_object(&f->w, BOB, 1);
	struct access_why why;
	const struct schema_attr *mail = schema_attr(LW_LIT("mail")), *pw = schema_attr(LW_LIT("userPassword"));

	assert_true(access_is_admin(r));
	assert_true(access_decide(r, ACCESS_WRITE, &o, mail, &plain, &why));
	assert_true(why.of_role);
	assert_int_equal(access_role_rows[why.rule].verb, ACCESS_WRITE);
	o.is_protected = true;
	assert_true(access_decide(r, ACCESS_WRITE, &o, mail, &plain, NULL));
	assert_false(access_decide(r, ACCESS_IMPERSONATE, &o, NULL, &plain, NULL));
	assert_false(access_decide(r, ACCESS_EXPORT, &o, pw, &plain, NULL));
	o.tenant = 2;
	assert_false(access_decide(r, ACCESS_WRITE, &o, mail, &plain, NULL));
	access_rights_free(r);
	o.tenant = 1;
	r = access_bind_role(STORE_ROLE_AUTH, 1);
	assert_false(access_is_admin(r));
	assert_true(access_decide(r, ACCESS_READ, &o, mail, &plain, NULL));
	assert_true(access_decide(r, ACCESS_SEARCH, &o, mail, &plain, NULL));
	assert_false(access_decide(r, ACCESS_READ, &o, pw, &plain, NULL));
	assert_false(access_decide(r, ACCESS_WRITE, &o, mail, &plain, NULL));
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, pw, &plain, NULL));
	assert_true(access_decide(r, ACCESS_EXPORT, &o, pw, &plain, NULL)); /* administrators log in too */
	assert_false(access_decide(r, ACCESS_EXPORT, &o, mail, &plain, NULL));
	access_rights_free(r);
	r = access_bind_role(STORE_ROLE_INIT, 1);
	assert_false(access_decide(r, ACCESS_READ, &o, mail, &plain, NULL));
	assert_true(access_decide(r, ACCESS_CREATE, &o, NULL, &plain, NULL));
	access_rights_free(r);
	assert_null(access_bind_role(3, 1));
	fixture_free(f);
}

/* ---- the grants of a new tenant ---- */

static void test_defaults(void **state)
{
	struct fixture *f = fixture_new();
	struct access_ctx c = plain;
	struct access_object o;
	struct access_rights *r;
	const struct schema_attr *pw = schema_attr(LW_LIT("userPassword"));
	char out[1024];

	f->w.node[ALICE].in = BIT(ADMINS);
	for (unsigned i = 0; access_defaults[i].cn; i++) {
		add(f, access_defaults[i].text);
		formatted(f->arena, access_defaults[i].text, out, sizeof(out));
		assert_string_equal(out, access_defaults[i].text);
	}
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++) { /* administrators: everything; anonymous: nothing */
		r = bind(f, ALICE);
		assert_true(access_any(r, (enum access_verb)v));
		access_rights_free(r);
		r = bind(f, -1);
		assert_false(access_any(r, (enum access_verb)v));
		access_rights_free(r);
		assert_true(v == ACCESS_TOKEN || may(f, ALICE, (enum access_verb)v, R1, NULL, NULL));
	}
	assert_true(may(f, ALICE, ACCESS_TOKEN, SHOP, NULL, NULL)); /* without audience */
	assert_true(may(f, BOB, ACCESS_READ, CAROL, "cn", NULL));
	assert_true(may(f, BOB, ACCESS_SEARCH, PEOPLE, "ou", NULL));
	assert_true(may(f, BOB, ACCESS_COMPARE, OPS, "cn", NULL));
	assert_true(may(f, SQL, ACCESS_READ, WEB1, "cn", NULL));
	assert_false(may(f, BOB, ACCESS_READ, CAROL, "lwDisabled", NULL));
	assert_true(may(f, BOB, ACCESS_READ, BOB, "lwDisabled", NULL));
	assert_false(may(f, BOB, ACCESS_READ, H1, "cn", NULL));
	assert_true(may(f, H1, ACCESS_READ, H1, "cn", NULL));
	assert_false(may(f, BOB, ACCESS_READ, R1, "cn", NULL));
	assert_false(may(f, BOB, ACCESS_READ, TENANT, NULL, NULL));
	assert_true(may(f, BOB, ACCESS_WRITE, BOB, "telephoneNumber", NULL));
	assert_false(may(f, BOB, ACCESS_WRITE, CAROL, "telephoneNumber", NULL));
	static const char *const never[] = { "uid", "cn", "sn", "mail", "krbPrincipalName", "lwTag", "lwManagedBy",
		"objectClass", "lwDisabled", "uidNumber", "gidNumber", "homeDirectory", "loginShell", "sshPublicKey",
		"employeeNumber", "manager" };
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_false(may(f, BOB, ACCESS_WRITE, BOB, never[i], NULL));
	r = bind(f, BOB);
	o = world_object(&f->w, BOB, 1);
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, pw, &c, NULL));
	c.confidential = true;
	assert_true(access_decide(r, ACCESS_SET_SECRET, &o, pw, &c, NULL));
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, schema_attr(LW_LIT("krbPrincipalKey")), &c, NULL));
	o = world_object(&f->w, CAROL, 1);
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, pw, &c, NULL));
	access_rights_free(r);
	fixture_free(f);
}

/* ---- no escalation ---- */

static int covers(struct fixture *f, int author, const char *text)
{
	struct access_rights *r = bind(f, author);
	struct access_rule *rule;
	int err = compile(f, text, &rule);

	assert_int_equal(err, LW_OK);
	err = access_covers(r, rule, NULL, NULL);
	access_rights_free(r);
	return err;
}

static void test_covers(void **state)
{
	struct fixture *f = fixture_new();
	const char *forbid = "forbid authenticated may delete person named bob;";

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	for (unsigned i = 0; access_defaults[i].cn; i++)
		add(f, access_defaults[i].text);
	add(f, "permit group helpdesk may read,search,write person under ou=people attrs(cn,mail) when auth.age<1h;");
	add(f, "permit group helpdesk may create,delete grant max-life 1h;");
	for (unsigned i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		assert_int_equal(covers(f, ALICE, examples[i]), LW_OK);
		/* the first gives no more than what everyone has who logged in */
		assert_int_equal(covers(f, BOB, examples[i]), i ? LW_EACCES : LW_OK);
	}
	assert_int_equal(covers(f, ALICE, "permit group web may token audience none attrs(*);"), LW_OK);
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "permit user carol may read person under ou=people attrs(mail) when auth.age<5m;", LW_OK },
		{ "permit user carol may read,write person under ou=people attrs(mail,cn) when auth.mfa and auth.age<1h;", LW_OK },
		{ "permit user carol may write person under ou=people attrs(mail) when auth.age<2h;", LW_EACCES },
		{ "permit user carol may write person under ou=people attrs(mail);", LW_EACCES },
		{ "permit user carol may write person under ou=people attrs(mail,sn) when auth.age<1h;", LW_EACCES },
		{ "permit user carol may write person attrs(mail) when auth.age<1h;", LW_EACCES },
		{ "permit user carol may write person,host under ou=people attrs(mail) when auth.age<1h;", LW_EACCES },
		{ "permit user carol may write any under ou=people attrs(mail) when auth.age<1h;", LW_EACCES },
		{ "permit user carol may write person under ou=people attrs(*) when auth.age<1h;", LW_EACCES },
		{ "permit user carol may delete person under ou=people when auth.age<1h;", LW_EACCES },
		{ "permit user carol may delete grant max-life 1h;", LW_OK },
		{ "permit user carol may delete grant max-life 2h;", LW_EACCES },
		{ "permit user carol may delete grant;", LW_EACCES },
		{ "permit user carol may read service attrs(ordinary);", LW_OK }, /* by the default for all who logged in */
		{ "permit anonymous may read service attrs(ordinary);", LW_OK },
		/* what self gives is one's own alone */
		{ "permit user carol may write person attrs(mobile);", LW_EACCES },
		{ "permit self may write person attrs(mobile);", LW_EACCES },
		{ "permit user carol may write person named bob attrs(mobile);", LW_OK },
		{ "forbid user carol may read service attrs(ordinary);", LW_OK },
		{ "forbid group administrators may delete person;", LW_EACCES },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (covers(f, BOB, cases[i].text) != cases[i].err)
			fail_msg("%s", cases[i].text);
	assert_int_equal(covers(f, CAROL, "permit group web may read person attrs(lwDisabled);"), LW_EACCES);
	/* deeper in the tree: only when somebody can say so */
	assert_int_equal(covers(f, BOB, "permit user carol may read person under ou=guests,ou=people attrs(lwDisabled,mail) "
					"when auth.age<1h;"),
		LW_EACCES);
	/* what is forbidden to the author he can't give; what is forbidden to all, nobody gets anyway */
	add(f, forbid);
	assert_int_equal(covers(f, ALICE, "permit group web may delete person;"), LW_OK);
	assert_int_equal(covers(f, ALICE, "permit anonymous may delete person;"), LW_EACCES);
	add(f, "forbid group administrators may move person;");
	assert_int_equal(covers(f, ALICE, "permit group web may move person;"), LW_EACCES);
	assert_int_equal(covers(f, ALICE, "permit group web may move service;"), LW_OK);
	assert_int_equal(covers(f, ALICE, "permit group administrators may move person;"), LW_OK);
	assert_int_equal(covers(f, ALICE, forbid), LW_OK); /* administrators may take a forbid away */
	fixture_free(f);
}

static int member(struct fixture *f, int author, int group, bool enters)
{
	struct access_rights *r = bind(f, author);
	struct access_subject g = world_subject(&f->w, group, 1);
	uint64_t ids[WORLD_NODES];
	size_t n = 0;
	bool placed = false;
	int err;

	for (size_t i = 0; i < g.ngroups; i++) {
		if (!placed && g.groups[i] >= g.id) {
			if (g.groups[i] != g.id)
				ids[n++] = g.id;
			placed = true;
		}
		ids[n++] = g.groups[i];
	}
	if (!placed)
		ids[n++] = g.id;
	err = access_check_member(r, ids, n, g.manages, enters, NULL, NULL);
	access_rights_free(r);
	return err;
}

static void test_member(void **state)
{
	struct fixture *f = fixture_new();

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	f->w.node[DEV].in = BIT(OPS);
	for (unsigned i = 0; access_defaults[i].cn; i++)
		add(f, access_defaults[i].text);
	add(f, "permit group helpdesk may write group attrs(*);");
	add(f, "permit group ops may delete person;");
	add(f, "forbid group web may read person attrs(mail);");
	assert_int_equal(member(f, ALICE, ADMINS, true), LW_OK);
	assert_int_equal(member(f, ALICE, ADMINS, false), LW_OK);
	assert_int_equal(member(f, BOB, ADMINS, true), LW_EACCES);
	assert_int_equal(member(f, BOB, ADMINS, false), LW_EACCES);
	assert_int_equal(member(f, BOB, HELPDESK, true), LW_OK);  /* gives what he has */
	assert_int_equal(member(f, BOB, PROTECTED, true), LW_OK); /* gives nothing */
	assert_int_equal(member(f, BOB, OPS, true), LW_EACCES);
	assert_int_equal(member(f, BOB, DEV, true), LW_EACCES); /* is in ops */
	assert_int_equal(member(f, BOB, OPS, false), LW_OK);
	assert_int_equal(member(f, BOB, WEB, true), LW_OK);
	assert_int_equal(member(f, BOB, WEB, false), LW_OK); /* he may read mail himself */
	add(f, "forbid group web may read person attrs(lwDisabled);");
	assert_int_equal(member(f, BOB, WEB, false), LW_EACCES); /* out of a forbid: gives what he lacks */
	/* groups that manage something give what managers get */
	f->w.node[H1].managers = BIT(PROTECTED);
	assert_int_equal(member(f, BOB, PROTECTED, true), LW_OK);
	add(f, "permit manager may delete host;");
	assert_int_equal(member(f, BOB, PROTECTED, true), LW_EACCES);
	assert_int_equal(member(f, ALICE, PROTECTED, true), LW_OK);
	fixture_free(f);
}

static void test_delegation_groups(void **state)
{
	struct fixture *f = fixture_new();

	f->w.node[BOB].in = BIT(HELPDESK);
	add(f, "permit group helpdesk may write group attrs(*);");
	add(f, "permit service web1 may delegate service when delegated.group=web;");
	add(f, "permit service web1 may ticket service when delegated.group!=ops;");
	assert_int_equal(member(f, BOB, WEB, true), LW_EACCES);  /* web1 could act for the new member */
	assert_int_equal(member(f, BOB, WEB, false), LW_OK);
	assert_int_equal(member(f, BOB, OPS, true), LW_OK);
	assert_int_equal(member(f, BOB, OPS, false), LW_EACCES);
	fixture_free(f);
}

static int change(struct fixture *f, int author, struct access_object before, int node)
{
	struct access_rights *r = bind(f, author);
	struct access_object after = world_object(&f->w, node, 1);
	int err = access_check_change(r, before.tenant ? &before : NULL, &after, NULL);

	access_rights_free(r);
	return err;
}

static void test_change(void **state)
{
	struct fixture *f = fixture_new();
	struct access_object before;
	const struct access_object none = { 0 };

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	for (unsigned i = 0; access_defaults[i].cn; i++)
		add(f, access_defaults[i].text);
	add(f, "permit group helpdesk may write,move,create any attrs(*);");
	add(f, "permit group web may ticket service tagged db;");
	add(f, "forbid group web may write any tagged pci attrs(*);");
	add(f, "forbid group web may export any tagged pci attrs(*);");
	add(f, "permit manager may write host attrs(description);");
	add(f, "permit group ops may delete person under ou=guests,ou=people;");

	before = world_object(&f->w, SQL, 1);
	f->w.node[SQL].tags = 1; /* db: web may get tickets for it */
	assert_int_equal(change(f, BOB, before, SQL), LW_EACCES);
	assert_int_equal(change(f, BOB, none, SQL), LW_EACCES); /* made with the tag */
	assert_int_equal(change(f, ALICE, before, SQL), LW_OK);
	f->w.node[SQL].tags = 2; /* a tag that no rule knows */
	assert_int_equal(change(f, BOB, before, SQL), LW_OK);
	f->w.node[SQL].tags = 4;
	before = world_object(&f->w, SQL, 1);
	f->w.node[SQL].tags = 0; /* out of two forbids: bob may write, but not export */
	assert_int_equal(change(f, BOB, before, SQL), LW_EACCES);
	assert_int_equal(change(f, ALICE, before, SQL), LW_OK);

	before = world_object(&f->w, H1, 1);
	f->w.node[H1].managers = BIT(CAROL); /* she may write what bob may write */
	assert_int_equal(change(f, BOB, before, H1), LW_OK);
	add(f, "permit manager may set-secret host attrs(krbPrincipalKey);");
	assert_int_equal(change(f, BOB, before, H1), LW_EACCES);
	assert_int_equal(change(f, ALICE, before, H1), LW_OK);
	before = world_object(&f->w, H1, 1);
	f->w.node[H1].managers = 0;
	assert_int_equal(change(f, BOB, before, H1), LW_OK);

	before = world_object(&f->w, CAROL, 1);
	f->w.node[CAROL].parent = 13; /* into guests: ops may delete her */
	assert_int_equal(change(f, BOB, before, CAROL), LW_EACCES);
	assert_int_equal(change(f, ALICE, before, CAROL), LW_OK);
	before = world_object(&f->w, CAROL, 1);
	f->w.node[CAROL].parent = 1;
	assert_int_equal(change(f, BOB, before, CAROL), LW_OK);

	before = world_object(&f->w, ALICE, 1);
	f->w.node[ALICE].tags = 2; /* harmless, but she is protected */
	assert_int_equal(change(f, BOB, before, ALICE), LW_EACCES);
	before.tenant = 2;
	assert_int_equal(change(f, ALICE, before, ALICE), LW_EACCES);
	fixture_free(f);
}

static void test_names_and_secrets(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *r;
	struct access_object o;
	struct access_subject s;
	struct access_why why;

	assert_true(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("uid"))));
	assert_true(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("mail"))));
	assert_true(access_is_identity(ACCESS_SERVICE, schema_attr(LW_LIT("cn"))));
	assert_true(access_is_identity(ACCESS_HOST, schema_attr(LW_LIT("krbPrincipalName"))));
	assert_false(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("cn"))));
	assert_false(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("description"))));
	assert_false(access_is_identity(ACCESS_ENTRY, schema_attr(LW_LIT("cn"))));

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	f->w.node[CAROL].in = BIT(OPS);
	for (unsigned i = 0; access_defaults[i].cn; i++)
		add(f, access_defaults[i].text);
	add(f, "permit group helpdesk may set-secret,write person attrs(*);");
	add(f, "permit group ops may delete service;");
	/* names: whoever may make such an entry there */
	r = bind(f, BOB);
	o = world_object(&f->w, ERIN, 1);
	assert_int_equal(access_check_name(r, &o, &plain, &why), LW_EACCES);
	assert_int_equal(why.reason, ACCESS_BY_DEFAULT);
	/* secrets: erin holds what everyone holds, carol is in ops, alice an administrator */
	s = world_subject(&f->w, ERIN, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_OK);
	s = world_subject(&f->w, CAROL, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, &why), LW_EACCES);
	assert_int_equal(why.grant_id, 100 + access_policy_count(f->policy) - 1);
	s = world_subject(&f->w, ALICE, 1);
	assert_int_equal(access_check_secret(r, &s, true, NULL, &why), LW_EACCES);
	assert_int_equal(why.reason, ACCESS_BY_PROTECTED);
	s = world_subject(&f->w, BOB, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_OK);
	s = world_subject(&f->w, ERIN, 2);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_EACCES);
	access_rights_free(r);
	add(f, "permit group helpdesk may create person under ou=guests,ou=people;");
	r = bind(f, BOB);
	assert_int_equal(access_check_name(r, &o, &plain, NULL), LW_OK);
	o = world_object(&f->w, CAROL, 1);
	assert_int_equal(access_check_name(r, &o, &plain, NULL), LW_EACCES);
	access_rights_free(r);
	r = bind(f, ALICE);
	assert_int_equal(access_check_name(r, &o, &plain, NULL), LW_OK);
	s = world_subject(&f->w, CAROL, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_OK);
	access_rights_free(r);
	/* the roles */
	r = access_bind_role(STORE_ROLE_OPERATOR, 1);
	assert_int_equal(access_check_secret(r, &s, true, NULL, NULL), LW_OK);
	access_rights_free(r);
	r = access_bind_role(STORE_ROLE_AUTH, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_EACCES);
	access_rights_free(r);
	fixture_free(f);
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
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_kind_of),
		cmocka_unit_test(test_default_deny_forbid_wins),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_fence),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_asserted_and_actor),
		cmocka_unit_test(test_tokens_and_certificates),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_delegation_groups),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_names_and_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
