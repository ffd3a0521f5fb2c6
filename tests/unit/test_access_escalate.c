/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever hands out a right must hold it: by hand. */
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

/* ---- no escalation ---- */

static int covers(struct fixture *f, int author, const char *text)
{
	struct access_rights *r = fixture_bind(f, author);
	struct access_rule *rule;
	int err = fixture_compile(f, text, &rule);

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
		fixture_add(f, access_defaults[i].text);
	fixture_add(f, "permit group helpdesk may read,search,write person under ou=people attrs(cn,mail) "
	               "when auth.age<1h;");
	fixture_add(f, "permit group helpdesk may create,delete grant max-life 1h;");
	fixture_add(f, "permit group helpdesk may move service tagged db;");
	fixture_add(f, "permit group helpdesk may move host named h1.acme.example;");
	fixture_add(f, "permit group helpdesk may enrol any profile client names owned;");
	fixture_add(f, "permit group helpdesk may token audience \"https://a\" attrs(sub,groups);");
	for (unsigned i = 0; fixture_examples[i]; i++) {
		assert_int_equal(covers(f, ALICE, fixture_examples[i]), LW_OK);
		/* the first and the one about tickets give no more than what everyone has who logged in */
		assert_int_equal(covers(f, BOB, fixture_examples[i]),
		        i && !strstr(fixture_examples[i], "may ticket") ? LW_EACCES : LW_OK);
	}
	assert_int_equal(covers(f, ALICE, "permit group web may token audience none attrs(*);"), LW_OK);
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "permit user carol may read person under ou=people attrs(mail) when auth.age<5m;", LW_OK },
		{ "permit user carol may read,write person under ou=people attrs(mail,cn) when auth.mfa and "
		  "auth.age<1h;",
		        LW_OK },
		{ "permit user carol may write person under ou=people attrs(mail) when auth.age<2h;",
		        LW_EACCES },
		{ "permit user carol may write person under ou=people attrs(mail);", LW_EACCES },
		{ "permit user carol may write person under ou=people attrs(mail,sn) when auth.age<1h;",
		        LW_EACCES },
		{ "permit user carol may write person attrs(mail) when auth.age<1h;", LW_EACCES },
		{ "permit user carol may write person,host under ou=people attrs(mail) when auth.age<1h;",
		        LW_EACCES },
		{ "permit user carol may write any under ou=people attrs(mail) when auth.age<1h;",
		        LW_EACCES },
		{ "permit user carol may write person under ou=people attrs(*) when auth.age<1h;",
		        LW_EACCES },
		{ "permit user carol may delete person under ou=people when auth.age<1h;", LW_EACCES },
		{ "permit user carol may delete grant max-life 1h;", LW_OK },
		{ "permit user carol may delete grant max-life 2h;", LW_EACCES },
		{ "permit user carol may delete grant;", LW_EACCES },
		{ "permit user carol may read service attrs(ordinary);",
		        LW_OK }, /* by the default for all who logged in */
		{ "permit anonymous may read service attrs(ordinary);", LW_OK },
		/* what self gives is one's own alone */
		{ "permit user carol may write person attrs(mobile);", LW_EACCES },
		{ "permit self may write person attrs(mobile);", LW_EACCES },
		{ "permit user carol may write person named bob attrs(mobile);", LW_OK },
		{ "forbid user carol may read service attrs(ordinary);", LW_OK },
		{ "forbid group administrators may delete person;", LW_EACCES },
		{ "permit user carol may move service tagged db;", LW_OK },
		{ "permit user carol may move service tagged db named sql;", LW_OK },
		{ "permit user carol may move service tagged pci;", LW_EACCES },
		{ "permit user carol may move service;", LW_EACCES },
		{ "permit user carol may move host named h1.acme.example;", LW_OK },
		{ "permit user carol may move host named h2.acme.example;", LW_EACCES },
		{ "permit user carol may move host;", LW_EACCES },
		{ "permit user carol may enrol any profile client names owned;", LW_OK },
		{ "permit user carol may enrol any profile client;", LW_EACCES },
		{ "permit user carol may enrol any profile tls-server names owned;", LW_EACCES },
		{ "permit user carol may token audience \"https://a\" attrs(sub);", LW_OK },
		{ "permit user carol may token audience \"https://b\" attrs(sub);", LW_EACCES },
		{ "permit user carol may token audience none attrs(sub);", LW_EACCES },
		{ "permit user carol may token attrs(sub);", LW_EACCES },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (covers(f, BOB, cases[i].text) != cases[i].err)
			fail_msg("%s", cases[i].text);
	assert_int_equal(covers(f, CAROL, "permit group web may read person attrs(lwDisabled);"), LW_EACCES);
	/* deeper in the tree: only when somebody can say so */
	assert_int_equal(
	        covers(f, BOB,
	                "permit user carol may read person under ou=guests,ou=people attrs(lwDisabled,mail) "
	                "when auth.age<1h;"),
	        LW_EACCES);
	/* what is forbidden to the author he can't give; what is forbidden to all, nobody gets anyway */
	fixture_add(f, forbid);
	assert_int_equal(covers(f, ALICE, "permit group web may delete person;"), LW_OK);
	assert_int_equal(covers(f, ALICE, "permit anonymous may delete person;"), LW_EACCES);
	fixture_add(f, "forbid group administrators may move person;");
	assert_int_equal(covers(f, ALICE, "permit group web may move person;"), LW_EACCES);
	assert_int_equal(covers(f, ALICE, "permit group web may move service;"), LW_OK);
	assert_int_equal(covers(f, ALICE, "permit group administrators may move person;"), LW_OK);
	assert_int_equal(covers(f, ALICE, forbid), LW_OK); /* administrators may take a forbid away */
	fixture_free(f);
}

static int member(struct fixture *f, int author, int group, bool enters)
{
	struct access_rights *r = fixture_bind(f, author);
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
		fixture_add(f, access_defaults[i].text);
	fixture_add(f, "permit group helpdesk may write group attrs(*);");
	fixture_add(f, "permit group ops may delete person;");
	fixture_add(f, "forbid group web may read person attrs(mail);");
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
	fixture_add(f, "forbid group web may read person attrs(lwDisabled);");
	assert_int_equal(member(f, BOB, WEB, false), LW_EACCES); /* out of a forbid: gives what he lacks */
	/* a forbid is no excuse for whom it binds: neither may he take others out, nor himself */
	f->w.node[BOB].in |= BIT(WEB);
	assert_int_equal(member(f, BOB, WEB, false), LW_EACCES);
	fixture_add(f, "permit group helpdesk may read person attrs(lwDisabled);");
	assert_int_equal(member(f, BOB, WEB, false), LW_EACCES);
	f->w.node[BOB].in &= ~BIT(WEB);
	assert_int_equal(member(f, BOB, WEB, false), LW_OK);
	/* groups that manage something give what managers get */
	f->w.node[H1].managers = BIT(PROTECTED);
	assert_int_equal(member(f, BOB, PROTECTED, true), LW_OK);
	fixture_add(f, "permit manager may delete host;");
	assert_int_equal(member(f, BOB, PROTECTED, true), LW_EACCES);
	assert_int_equal(member(f, ALICE, PROTECTED, true), LW_OK);
	fixture_free(f);
}

static void test_delegation_groups(void **state)
{
	struct fixture *f = fixture_new();

	f->w.node[BOB].in = BIT(HELPDESK);
	fixture_add(f, "permit group helpdesk may write group attrs(*);");
	fixture_add(f, "permit service web1 may delegate service when delegated.group=web;");
	fixture_add(f, "permit service web1 may ticket service when delegated.group!=ops;");
	assert_int_equal(member(f, BOB, WEB, true), LW_EACCES); /* web1 could act for the new member */
	assert_int_equal(member(f, BOB, WEB, false), LW_OK);
	assert_int_equal(member(f, BOB, OPS, true), LW_OK);
	assert_int_equal(member(f, BOB, OPS, false), LW_EACCES);
	fixture_free(f);
}

/* Taking the last grant away. */
static int removal(struct fixture *f, int author)
{
	struct access_rights *r = fixture_bind(f, author);
	int err = access_check_removal(r, 100 + access_policy_count(f->policy) - 1, NULL, NULL);

	access_rights_free(r);
	return err;
}

static void test_removal(void **state)
{
	struct fixture *f = fixture_new();

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	f->w.node[CAROL].in = BIT(OPS);
	fixture_add(f, "permit group helpdesk may delete,ticket any max-life 1h;");
	fixture_add(f, "permit group helpdesk may move any;");
	fixture_add(f, "forbid group ops may move person;");
	assert_int_equal(removal(f, BOB), LW_OK);
	assert_int_equal(removal(f, CAROL), LW_EACCES); /* holds nothing, and is bound by it */
	f->w.node[BOB].in |= BIT(OPS); /* bound by it himself: that is what it is for */
	assert_int_equal(removal(f, BOB), LW_EACCES);
	f->w.node[BOB].in = BIT(HELPDESK);
	assert_int_equal(removal(f, ALICE), LW_OK);
	/* what a forbid says of its own life is not how long others' permits are good */
	fixture_add(f, "forbid group ops may ticket person max-life 5m;");
	assert_int_equal(removal(f, BOB), LW_EACCES);
	/* every audience and none: no permit gives both */
	fixture_add(f, "permit group helpdesk may token any attrs(*);");
	fixture_add(f, "forbid group ops may token any attrs(mail);");
	assert_int_equal(removal(f, BOB), LW_EACCES);
	fixture_add(f, "forbid group ops may token any audience \"https://a\" attrs(mail);");
	assert_int_equal(removal(f, BOB), LW_OK);
	fixture_free(f);
}

static int change(struct fixture *f, int author, struct access_object before, int node)
{
	struct access_rights *r = fixture_bind(f, author);
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
		fixture_add(f, access_defaults[i].text);
	fixture_add(f, "permit group helpdesk may write,move,create any attrs(*);");
	fixture_add(f, "permit group web may delegate service tagged db;");
	fixture_add(f, "forbid group web may write any tagged pci attrs(*);");
	fixture_add(f, "forbid group web may export any tagged pci attrs(*);");
	fixture_add(f, "permit manager may write host attrs(description);");
	fixture_add(f, "permit group ops may delete person under ou=guests,ou=people;");

	before = world_object(&f->w, SQL, 1);
	f->w.node[SQL].tags = 1; /* db: web may act for others there */
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

	/* who makes a thing may be its manager, as far as he may fill it; nobody else by his word */
	f->w.node[SQL].tags = 0;
	fixture_add(f, "permit group ops may create service attrs(cn,description);");
	fixture_add(f, "permit manager may read,write,delete service attrs(cn,description);");
	f->w.node[ERIN].in = BIT(OPS);
	f->w.node[SQL].managers = BIT(ERIN);
	assert_int_equal(change(f, ERIN, none, SQL), LW_OK);
	f->w.node[SQL].managers = BIT(ERIN) | BIT(CAROL);
	assert_int_equal(change(f, ERIN, none, SQL), LW_EACCES);
	f->w.node[SQL].managers = BIT(CAROL);
	assert_int_equal(change(f, ERIN, none, SQL), LW_EACCES);
	f->w.node[SQL].managers = BIT(ERIN);
	before = world_object(&f->w, SQL, 1);
	f->w.node[SQL].managers = BIT(ERIN) | BIT(CAROL); /* his by now, to share */
	assert_int_equal(change(f, ERIN, before, SQL), LW_OK);
	f->w.node[SQL].managers = BIT(ERIN);
	fixture_add(f, "forbid authenticated may create service attrs(description);");
	assert_int_equal(change(f, ERIN, none, SQL), LW_EACCES); /* what he may not put in, he may not write later either */
	fixture_add(f, "permit manager may write service attrs(mail);"); /* more than he may put in */
	assert_int_equal(change(f, ERIN, none, SQL), LW_EACCES);
	f->w.node[SQL].managers = 0;
	f->w.node[ERIN].in = 0;

	before = world_object(&f->w, H1, 1);
	f->w.node[H1].managers = BIT(CAROL); /* she may write what bob may write */
	assert_int_equal(change(f, BOB, before, H1), LW_OK);
	fixture_add(f, "permit manager may set-secret host attrs(krbPrincipalKey);");
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
	assert_true(access_is_identity(ACCESS_APPLICATION, schema_attr(LW_LIT("lwEntityId"))));
	assert_false(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("lwEntityId"))));
	assert_false(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("cn"))));
	assert_false(access_is_identity(ACCESS_PERSON, schema_attr(LW_LIT("description"))));
	assert_false(access_is_identity(ACCESS_ENTRY, schema_attr(LW_LIT("cn"))));

	f->w.node[ALICE].in = BIT(ADMINS);
	f->w.node[BOB].in = BIT(HELPDESK);
	f->w.node[CAROL].in = BIT(OPS);
	for (unsigned i = 0; access_defaults[i].cn; i++)
		fixture_add(f, access_defaults[i].text);
	fixture_add(f, "permit group helpdesk may set-secret,write person attrs(*);");
	fixture_add(f, "permit group ops may delete service;");
	/* names: whoever may make such an entry there */
	r = fixture_bind(f, BOB);
	o = world_object(&f->w, ERIN, 1);
	assert_int_equal(access_check_name(r, &o, &fixture_plain, &why), LW_EACCES);
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
	/* tickets and tokens say who one is; what one may see and do is another matter */
	f->w.node[ERIN].in = BIT(DEV);
	fixture_add(f, "permit group \"Dev Team\" may ticket,token any attrs(*);");
	s = world_subject(&f->w, ERIN, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_OK);
	fixture_add(f, "permit group \"Dev Team\" may read person attrs(lwDisabled);");
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_EACCES);
	f->w.node[ERIN].in = 0;
	s = world_subject(&f->w, BOB, 1);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_OK);
	s = world_subject(&f->w, ERIN, 2);
	assert_int_equal(access_check_secret(r, &s, false, NULL, NULL), LW_EACCES);
	access_rights_free(r);
	/* leave to make this very entry says nothing about names */
	fixture_add(f, "permit group helpdesk may create person named erin;");
	r = fixture_bind(f, BOB);
	assert_int_equal(access_check_name(r, &o, &fixture_plain, NULL), LW_EACCES);
	access_rights_free(r);
	fixture_add(f, "permit group helpdesk may create person under ou=guests,ou=people;");
	r = fixture_bind(f, BOB);
	assert_int_equal(access_check_name(r, &o, &fixture_plain, NULL), LW_OK);
	o = world_object(&f->w, CAROL, 1);
	assert_int_equal(access_check_name(r, &o, &fixture_plain, NULL), LW_EACCES);
	access_rights_free(r);
	r = fixture_bind(f, ALICE);
	assert_int_equal(access_check_name(r, &o, &fixture_plain, NULL), LW_OK);
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
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_delegation_groups),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_names_and_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
