/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions by hand, and the grants of a new tenant. */
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
#include "tests/unit/access_fixture.h"

/* ---- decisions ---- */

static void test_default_deny_forbid_wins(void **state)
{
	struct fixture *f = fixture_new();
	struct access_why why;

	f->w.node[ALICE].in = BIT(OPS);
	assert_false(fixture_may(f, ALICE, ACCESS_READ, BOB, "cn", &why));
	assert_int_equal(why.reason, ACCESS_BY_DEFAULT);
	fixture_add(f, "permit group ops may read,delete person attrs(cn,mail);");
	assert_true(fixture_may(f, ALICE, ACCESS_READ, BOB, "cn", &why));
	assert_int_equal(why.reason, ACCESS_BY_PERMIT);
	assert_int_equal(why.grant_id, 100);
	assert_true(why.max_life == INT64_MAX);
	assert_false(fixture_may(f, ALICE, ACCESS_READ, BOB, "sn", NULL));
	assert_false(fixture_may(f, ALICE, ACCESS_WRITE, BOB, "cn", NULL));
	assert_false(fixture_may(f, CAROL, ACCESS_READ, BOB, "cn", NULL));
	assert_false(fixture_may(f, ALICE, ACCESS_READ, SQL, "cn", NULL));
	assert_false(fixture_may(f, -1, ACCESS_READ, BOB, "cn", NULL));
	fixture_add(f, "forbid authenticated may read,delete person named bob attrs(cn);");
	assert_false(fixture_may(f, ALICE, ACCESS_READ, BOB, "cn", &why));
	assert_int_equal(why.reason, ACCESS_BY_FORBID);
	assert_int_equal(why.rule, 1);
	assert_int_equal(why.grant_id, 101);
	assert_true(why.max_life == 0);
	assert_true(fixture_may(f, ALICE, ACCESS_READ, BOB, "mail", NULL));
	assert_true(fixture_may(f, ALICE, ACCESS_READ, BOB, NULL, NULL));
	assert_true(fixture_may(f, ALICE, ACCESS_READ, CAROL, "cn", NULL));
	assert_false(fixture_may(f, ALICE, ACCESS_DELETE, BOB, NULL, &why));
	assert_int_equal(why.reason, ACCESS_BY_FORBID);
	fixture_add(f, "permit group ops may read person attrs(cn);"); /* a later permit changes nothing */
	assert_false(fixture_may(f, ALICE, ACCESS_READ, BOB, "cn", NULL));
	fixture_add(f, "forbid group ops may read person attrs(mail);");
	assert_false(fixture_may(f, ALICE, ACCESS_READ, BOB, NULL, &why)); /* nothing is left */
	assert_int_equal(why.reason, ACCESS_BY_FORBID);
	fixture_free(f);
}

static void test_subjects(void **state)
{
	struct fixture *f = fixture_new();

	fixture_add(f, "permit user alice may delete group;");
	fixture_add(f, "permit service sql may delete host;");
	fixture_add(f, "permit host h1.acme.example may delete policy;");
	fixture_add(f, "permit client shop may delete application;");
	fixture_add(f, "permit class service may move person;");
	fixture_add(f, "permit self may move service,person;");
	fixture_add(f, "permit manager may move host;");
	fixture_add(f, "permit anonymous may read entry attrs(ou);");
	assert_true(fixture_may(f, ALICE, ACCESS_DELETE, OPS, NULL, NULL));
	assert_false(fixture_may(f, BOB, ACCESS_DELETE, OPS, NULL, NULL));
	assert_true(fixture_may(f, SQL, ACCESS_DELETE, H1, NULL, NULL));
	assert_true(fixture_may(f, H1, ACCESS_DELETE, 30, NULL, NULL));
	assert_false(fixture_may(f, H2, ACCESS_DELETE, 30, NULL, NULL));
	assert_true(fixture_may(f, SHOP, ACCESS_DELETE, WIKI, NULL, NULL));
	assert_true(fixture_may(f, SQL, ACCESS_MOVE, BOB, NULL, NULL));
	assert_true(fixture_may(f, SQL, ACCESS_MOVE, SQL, NULL, NULL));
	assert_false(fixture_may(f, SQL, ACCESS_MOVE, WEB1, NULL, NULL));
	assert_true(fixture_may(f, BOB, ACCESS_MOVE, BOB, NULL, NULL));
	assert_false(fixture_may(f, BOB, ACCESS_MOVE, ALICE, NULL, NULL));
	assert_true(fixture_may(f, -1, ACCESS_READ, PEOPLE, "ou", NULL));
	assert_false(fixture_may(f, BOB, ACCESS_READ, PEOPLE, "ou", NULL)); /* anonymous means nobody else */
	assert_false(fixture_may(f, BOB, ACCESS_MOVE, H1, NULL, NULL));
	f->w.node[H1].managers = BIT(WEB);
	assert_false(fixture_may(f, BOB, ACCESS_MOVE, H1, NULL, NULL));
	f->w.node[BOB].in = BIT(DEV); /* bob in dev in web */
	f->w.node[DEV].in = BIT(WEB);
	assert_true(fixture_may(f, BOB, ACCESS_MOVE, H1, NULL, NULL));
	fixture_free(f);
}

static void test_objects(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *r;

	fixture_add(f, "permit user alice may delete person under ou=guests,ou=people;");
	fixture_add(f, "permit user alice may move any tagged \"FRONT  end\";");
	fixture_add(f, "permit user alice may revoke service named sql;");
	assert_true(fixture_may(f, ALICE, ACCESS_DELETE, ERIN, NULL, NULL));
	assert_true(fixture_may(f, ALICE, ACCESS_DELETE, GINA, NULL, NULL)); /* deeper */
	assert_false(fixture_may(f, ALICE, ACCESS_DELETE, BOB, NULL, NULL));
	assert_false(fixture_may(f, ALICE, ACCESS_DELETE, 13, NULL, NULL)); /* the container is no person */
	assert_false(fixture_may(f, ALICE, ACCESS_MOVE, SQL, NULL, NULL));
	f->w.node[SQL].tags = 1;
	assert_false(fixture_may(f, ALICE, ACCESS_MOVE, SQL, NULL, NULL));
	f->w.node[SQL].tags = 3;
	assert_true(fixture_may(f, ALICE, ACCESS_MOVE, SQL, NULL, NULL));
	assert_true(fixture_may(f, ALICE, ACCESS_REVOKE, SQL, NULL, NULL));
	assert_false(fixture_may(f, ALICE, ACCESS_REVOKE, WEB1, NULL, NULL));
	r = fixture_bind(f, ALICE);
	assert_int_equal(access_needs(r, ACCESS_DELETE), ACCESS_NEED_ABOVE);
	assert_int_equal(access_needs(r, ACCESS_MOVE), ACCESS_NEED_TAGS);
	assert_int_equal(access_needs(r, ACCESS_REVOKE), 0);
	assert_true(access_any(r, ACCESS_REVOKE));
	assert_false(access_any(r, ACCESS_READ));
	access_rights_free(r);
	r = fixture_bind(f, BOB);
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
	fixture_add(f, "permit group administrators may all any attrs(*);");
	r = fixture_bind(f, ALICE);
	o = world_object(&f->w, BOB, 2); /* the same numbers in another tenant */
	assert_false(access_decide(r, ACCESS_READ, &o, schema_attr(LW_LIT("cn")), &fixture_plain, &why));
	assert_int_equal(why.reason, ACCESS_BY_FENCE);
	assert_false(access_visible(r, &o, &fixture_plain));
	access_rights_free(r);
	s = world_subject(&f->w, ALICE, 2); /* of another tenant, bound to this policy */
	r = access_bind(f->policy, &s);
	for (uint32_t tenant = 0; tenant < 3; tenant++) {
		o.tenant = tenant;
		assert_false(
		        access_decide(r, ACCESS_READ, &o, schema_attr(LW_LIT("cn")), &fixture_plain, &why));
		assert_int_equal(why.reason, ACCESS_BY_FENCE);
	}
	assert_false(access_any(r, ACCESS_READ));
	assert_false(access_is_admin(r));
	access_rights_free(r);
	fixture_free(f);
}

static void test_secrets(void **state)
{
	static const char *const secret[] = { "userPassword", "krbPrincipalKey", "lwScram", "lwTotpSeed",
		"pwdHistory", "authPassword" };
	static const enum access_verb never[] = { ACCESS_READ, ACCESS_SEARCH, ACCESS_COMPARE, ACCESS_WRITE,
		ACCESS_CREATE, ACCESS_TOKEN };
	struct fixture *f = fixture_new();
	struct access_rights *r, *op;
	struct access_object o;
	struct access_why why;

	f->w.node[ALICE].in = BIT(ADMINS);
	fixture_add(f, "permit group administrators may all any attrs(*);");
	r = fixture_bind(f, ALICE);
	op = access_bind_role(STORE_ROLE_OPERATOR, 1);
	o = world_object(&f->w, BOB, 1);
	o.audience = LW_LIT("x");
	for (size_t s = 0; s < sizeof(secret) / sizeof(secret[0]); s++) {
		const struct schema_attr *a = schema_attr(lw_str(secret[s]));
		struct access_set set;

		assert_non_null(a);
		for (size_t v = 0; v < sizeof(never) / sizeof(never[0]); v++) {
			assert_false(access_decide(r, never[v], &o, a, &fixture_plain, &why));
			assert_int_equal(why.reason, ACCESS_BY_SECRET);
			assert_false(access_decide(op, never[v], &o, a, &fixture_plain, NULL));
			access_attr_set(r, never[v], &o, &fixture_plain, &set);
			assert_false(access_set_has(&set, a));
			assert_true(access_set_has(&set, schema_attr(LW_LIT("mail"))));
			access_attr_set(op, never[v], &o, &fixture_plain, &set);
			assert_false(access_set_has(&set, a));
		}
		assert_true(access_decide(r, ACCESS_SET_SECRET, &o, a, &fixture_plain, NULL));
		assert_true(access_decide(op, ACCESS_SET_SECRET, &o, a, &fixture_plain, NULL));
	}
	assert_false(
	        access_decide(r, ACCESS_SET_SECRET, &o, schema_attr(LW_LIT("mail")), &fixture_plain, &why));
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
	fixture_add(f, "permit group helpdesk may all any attrs(*);");
	fixture_add(f, "permit group administrators may set-secret,write any attrs(*);");
	for (int node = 0; node < WORLD_NODES; node++) {
		bool is = node == ALICE || node == CAROL || node == DEV || node == ADMINS || f->w.node[node].owner == ALICE;

		assert_int_equal(fixture_may(f, BOB, ACCESS_SET_SECRET, node, "userPassword", &why), !is);
		if (is)
			assert_int_equal(why.reason, ACCESS_BY_PROTECTED);
		assert_int_equal(fixture_may(f, BOB, ACCESS_WRITE, node, "description", NULL), !is);
		assert_int_equal(fixture_may(f, BOB, ACCESS_DELETE, node, NULL, NULL), !is);
		assert_int_equal(fixture_may(f, BOB, ACCESS_IMPERSONATE, node, NULL, NULL), !is);
		assert_true(fixture_may(f, BOB, ACCESS_READ, node, "cn", NULL));
		assert_true(fixture_may(f, CAROL, ACCESS_SET_SECRET, node, "userPassword", NULL));
	}
	fixture_free(f);
}

static void test_conditions(void **state)
{
	struct fixture *f = fixture_new();
	struct access_object o;
	struct access_rights *r;
	struct access_ctx c = fixture_plain;
	struct access_subject d;

	fixture_add(f, "permit user alice may delete person when auth.age<5m;");
	fixture_add(f, "permit user alice may move person when auth.mfa and channel.confidential;");
	fixture_add(f, "permit user alice may revoke person when auth.method=otp;");
	fixture_add(f, "permit user alice may ticket person when delegated.group=web;");
	fixture_add(f, "permit user alice may delegate person when delegated.group!=protected;");
	r = fixture_bind(f, ALICE);
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
	struct access_ctx c = fixture_plain;
	struct access_why why;
	const struct schema_attr *cn = schema_attr(LW_LIT("cn")), *pw = schema_attr(LW_LIT("userPassword"));
	struct access_set set;

	fixture_add(f, "permit user alice may all any attrs(*) max-life 1h;");
	fixture_add(f, "permit service web1 may read,delete any attrs(cn) max-life 10m;");
	alice = fixture_bind(f, ALICE);
	web1 = fixture_bind(f, WEB1);
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

	fixture_add(f,
	        "permit client shop may token audience \"https://a\" attrs(sub,groups,mail) max-life 10m;");
	fixture_add(f, "permit client shop may token audience \"https://a\" max-life 1h;");
	fixture_add(f, "permit class host may enrol profile tls-server names owned max-life 24h;");
	r = fixture_bind(f, SHOP);
	o = world_object(&f->w, SHOP, 1);
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL));
	o.audience = LW_LIT("https://b");
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL));
	o.audience = LW_LIT("https://a");
	assert_true(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, &why));
	assert_true(why.max_life == 3600 * LW_SECOND); /* the longest permit's */
	assert_true(access_decide_claim(r, &o, LW_LIT("groups"), &fixture_plain, NULL));
	assert_true(access_decide_claim(r, &o, LW_LIT("mail"), &fixture_plain, NULL));
	assert_true(access_decide_claim(r, &o, LW_LIT("sub"), &fixture_plain, NULL));
	assert_false(access_decide_claim(r, &o, LW_LIT("phone_number"), &fixture_plain, NULL));
	assert_false(access_decide_claim(r, &o, LW_LIT("nonsense"), &fixture_plain, NULL));
	fixture_add(f, "forbid client shop may token attrs(groups);");
	access_rights_free(r);
	r = fixture_bind(f, SHOP);
	assert_true(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL));
	assert_false(access_decide_claim(r, &o, LW_LIT("groups"), &fixture_plain, NULL));
	fixture_add(f, "forbid client shop may token;");
	access_rights_free(r);
	r = fixture_bind(f, SHOP);
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL));
	access_rights_free(r);
	r = fixture_bind(f, WIKI);
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL));
	access_rights_free(r);
	fixture_add(f, "permit client wiki may token;");
	r = fixture_bind(f, WIKI);
	assert_true(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL));
	assert_true(access_decide_claim(
	        r, &o, LW_LIT("sub"), &fixture_plain, NULL)); /* no attrs: the name alone */
	assert_false(access_decide_claim(r, &o, LW_LIT("name"), &fixture_plain, NULL));
	o.audience = (struct lw_bytes){ NULL, 0 };
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL)); /* none must be said */
	access_rights_free(r);
	r = fixture_bind(f, H1);
	o = world_object(&f->w, H1, 1);
	o.profile = LW_LIT("tls-server");
	assert_false(access_decide(r, ACCESS_ENROL, &o, NULL, &fixture_plain, NULL));
	o.names_theirs = true;
	assert_false(access_decide(r, ACCESS_ENROL, &o, NULL, &fixture_plain, NULL));
	o.names_owned = true;
	assert_true(access_decide(r, ACCESS_ENROL, &o, NULL, &fixture_plain, &why));
	assert_true(why.max_life == 86400 * LW_SECOND);
	o.profile = LW_LIT("client");
	assert_false(access_decide(r, ACCESS_ENROL, &o, NULL, &fixture_plain, NULL));
	access_rights_free(r);
	fixture_free(f);
}

static void test_roles(void **state)
{
	struct fixture *f = fixture_new();
	struct access_rights *r = access_bind_role(STORE_ROLE_OPERATOR, 1);
	struct access_object o = world_object(&f->w, BOB, 1);
	struct access_why why;
	const struct schema_attr *mail = schema_attr(LW_LIT("mail")),
	                         *pw = schema_attr(LW_LIT("userPassword")),
	                         *key = schema_attr(LW_LIT("krbPrincipalKey"));

	assert_true(access_is_admin(r));
	assert_true(access_decide(r, ACCESS_WRITE, &o, mail, &fixture_plain, &why));
	assert_true(why.of_role);
	assert_int_equal(access_role_rows[why.rule].verb, ACCESS_WRITE);
	o.is_protected = true;
	assert_true(access_decide(r, ACCESS_WRITE, &o, mail, &fixture_plain, NULL));
	assert_true(access_decide(r, ACCESS_IMPERSONATE, &o, NULL, &fixture_plain, NULL)); /* he sets passwords as well */
	assert_true(access_decide(r, ACCESS_ENROL, &o, NULL, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_DELEGATE, &o, NULL, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_TOKEN, &o, NULL, &fixture_plain, NULL)); /* for an audience, not for a person */
	assert_false(access_decide(r, ACCESS_EXPORT, &o, pw, &fixture_plain, NULL));
	o.tenant = 2;
	assert_false(access_decide(r, ACCESS_WRITE, &o, mail, &fixture_plain, NULL));
	access_rights_free(r);
	o.tenant = 1;
	r = access_bind_role(STORE_ROLE_AUTH, 1);
	assert_false(access_is_admin(r));
	assert_true(access_decide(r, ACCESS_READ, &o, mail, &fixture_plain, NULL));
	assert_true(access_decide(r, ACCESS_SEARCH, &o, mail, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_READ, &o, pw, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_WRITE, &o, mail, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, pw, &fixture_plain, NULL));
	assert_true(access_decide(
	        r, ACCESS_EXPORT, &o, pw, &fixture_plain, NULL)); /* administrators log in too */
	assert_false(access_decide(r, ACCESS_EXPORT, &o, mail, &fixture_plain, NULL));
	access_rights_free(r);
	r = access_bind_role(STORE_ROLE_INIT, 1);
	assert_false(access_decide(r, ACCESS_READ, &o, mail, &fixture_plain, NULL));
	assert_true(access_decide(r, ACCESS_CREATE, &o, NULL, &fixture_plain, NULL));
	access_rights_free(r);
	/* the KDC: keys of Kerberos and nothing else of what is secret; the operator: those of services and hosts */
	r = access_bind_role(STORE_ROLE_KDC, 1);
	assert_false(access_is_admin(r));
	assert_true(access_decide(r, ACCESS_EXPORT, &o, key, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_EXPORT, &o, pw, &fixture_plain, NULL));
	assert_true(access_decide(r, ACCESS_READ, &o, mail, &fixture_plain, NULL));
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
		if (v != ACCESS_READ && v != ACCESS_SEARCH && v != ACCESS_EXPORT)
			assert_false(access_any(r, (enum access_verb)v));
	o.tenant = 2;
	assert_false(access_decide(r, ACCESS_EXPORT, &o, key, &fixture_plain, NULL));
	o.tenant = 1;
	access_rights_free(r);
	r = access_bind_role(STORE_ROLE_OPERATOR, 1);
	assert_false(access_decide(r, ACCESS_EXPORT, &o, key, &fixture_plain, NULL)); /* a person's */
	o.kind = ACCESS_SERVICE;
	assert_true(access_decide(r, ACCESS_EXPORT, &o, key, &fixture_plain, NULL));
	assert_false(access_decide(r, ACCESS_EXPORT, &o, pw, &fixture_plain, NULL));
	o.kind = ACCESS_HOST;
	assert_true(access_decide(r, ACCESS_EXPORT, &o, key, &fixture_plain, NULL));
	o.kind = ACCESS_ENTRY;
	assert_false(access_decide(r, ACCESS_EXPORT, &o, key, &fixture_plain, NULL));
	access_rights_free(r);
	assert_null(access_bind_role(STORE_ROLE_UPKEEP + 1, 1));
	fixture_free(f);
}

/* ---- the grants of a new tenant ---- */

static void test_defaults(void **state)
{
	struct fixture *f = fixture_new();
	struct access_ctx c = fixture_plain;
	struct access_object o;
	struct access_rights *r;
	const struct schema_attr *pw = schema_attr(LW_LIT("userPassword"));
	char out[1024];

	f->w.node[ALICE].in = BIT(ADMINS);
	for (unsigned i = 0; access_defaults[i].cn; i++) {
		fixture_add(f, access_defaults[i].text);
		fixture_formatted(f->arena, access_defaults[i].text, out, sizeof(out));
		assert_string_equal(out, access_defaults[i].text);
	}
	for (unsigned i = 0; access_delegated[i].cn; i++) {
		fixture_formatted(f->arena, access_delegated[i].text, out, sizeof(out));
		assert_string_equal(out, access_delegated[i].text);
	}
	for (unsigned v = 1; v < ACCESS_VERB_COUNT;
	        v++) { /* administrators: everything; anonymous: nothing */
		r = fixture_bind(f, ALICE);
		assert_true(access_any(r, (enum access_verb)v));
		access_rights_free(r);
		r = fixture_bind(f, -1);
		assert_false(access_any(r, (enum access_verb)v));
		access_rights_free(r);
		assert_true(v == ACCESS_TOKEN || fixture_may(f, ALICE, (enum access_verb)v, R1, NULL, NULL));
	}
	assert_true(fixture_may(f, ALICE, ACCESS_TOKEN, SHOP, NULL, NULL)); /* without audience */
	assert_true(fixture_may(f, BOB, ACCESS_READ, CAROL, "cn", NULL));
	assert_true(fixture_may(f, BOB, ACCESS_SEARCH, PEOPLE, "ou", NULL));
	assert_true(fixture_may(f, BOB, ACCESS_COMPARE, OPS, "cn", NULL));
	assert_true(fixture_may(f, SQL, ACCESS_READ, WEB1, "cn", NULL));
	assert_false(fixture_may(f, BOB, ACCESS_READ, CAROL, "lwDisabled", NULL));
	assert_true(fixture_may(f, BOB, ACCESS_READ, BOB, "lwDisabled", NULL));
	assert_false(fixture_may(f, BOB, ACCESS_READ, H1, "cn", NULL));
	assert_true(fixture_may(f, H1, ACCESS_READ, H1, "cn", NULL));
	assert_false(fixture_may(f, BOB, ACCESS_READ, R1, "cn", NULL));
	assert_false(fixture_may(f, BOB, ACCESS_READ, TENANT, NULL, NULL));
	assert_true(fixture_may(f, BOB, ACCESS_WRITE, BOB, "telephoneNumber", NULL));
	assert_false(fixture_may(f, BOB, ACCESS_WRITE, CAROL, "telephoneNumber", NULL));
	static const char *const never[] = { "uid", "cn", "sn", "mail", "krbPrincipalName", "lwTag",
		"lwManagedBy", "objectClass", "lwDisabled", "uidNumber", "gidNumber", "homeDirectory",
		"loginShell", "sshPublicKey", "employeeNumber", "manager" };
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_false(fixture_may(f, BOB, ACCESS_WRITE, BOB, never[i], NULL));
	r = fixture_bind(f, BOB);
	o = world_object(&f->w, BOB, 1);
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, pw, &c, NULL));
	c.confidential = true;
	assert_true(access_decide(r, ACCESS_SET_SECRET, &o, pw, &c, NULL));
	assert_false(
	        access_decide(r, ACCESS_SET_SECRET, &o, schema_attr(LW_LIT("krbPrincipalKey")), &c, NULL));
	o = world_object(&f->w, CAROL, 1);
	assert_false(access_decide(r, ACCESS_SET_SECRET, &o, pw, &c, NULL));
	access_rights_free(r);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
