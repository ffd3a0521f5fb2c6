/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody with a few rights tries in order to have more, to see more or to stop the others. */
#include "tests/unit/ops_fix.h"
#include "store/access.h"

#define SUFFIX "dc=acme,dc=example"
#define PEOPLE "ou=people," SUFFIX
#define GROUPS "ou=groups," SUFFIX
#define GRANTS "ou=grants," SUFFIX
#define HOSTS  "ou=hosts," SUFFIX
#define ADMINS "cn=administrators," GROUPS
#define ALICE  "uid=alice," PEOPLE
#define BOB    "uid=bob," PEOPLE

#define OK(x)       assert_err((x), LW_OK, #x, __LINE__)
#define ERR(x, err) assert_err((x), err, #x, __LINE__)

static void assert_err(int got, int want, const char *what, int line)
{
	if (got != want)
		fail_msg("line %d: %s: %s (%s), not %s", line, what, lw_errname(got), fix.r.text, lw_errname(want));
}

static struct lw_session *login(const char *dn)
{
	struct lw_uuid u = fix_uuid(dn);
	struct lw_session *s = fix_login(fix.acme, &fix.acme_uuid, &u, 0);

	assert_non_null(s);
	return s;
}

static int grant(struct lw_session *s, const char *cn, const char *text)
{
	char ldif[1024];

	snprintf(ldif, sizeof(ldif), "dn: cn=%s," GRANTS "\nobjectClass: lwGrant\ncn: %s\nlwGrantText: %s", cn, cn, text);
	return fix_add(s, ldif);
}

static int group(struct lw_session *s, const char *cn, const char *member)
{
	char ldif[1024];

	snprintf(ldif, sizeof(ldif), "dn: cn=%s," GROUPS "\nobjectClass: groupOfNames\ncn: %s%s%s", cn, cn,
		member ? "\nmember: " : "", member ? member : "");
	return fix_add(s, ldif);
}

static struct lw_session *helper(void)
{
	OK(fix_person(fix.admin, "alice", ""));
	OK(fix_person(fix.admin, "bob", ""));
	return login(ALICE);
}

/* The group is found by its path: nobody may take it from there, or put another in its place. */
static void administrators_stay(void **state)
{
	static const char *const fixed[] = { SUFFIX, PEOPLE, GROUPS, "ou=services," SUFFIX, HOSTS, "ou=applications," SUFFIX,
		GRANTS, "ou=policies," SUFFIX, ADMINS };
	struct lw_session *const who[] = { fix.admin, fix.op };

	OK(fix_add(fix.admin, "dn: ou=aside," SUFFIX "\nobjectClass: organizationalUnit"));
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < sizeof(fixed) / sizeof(fixed[0]); k++) {
			const char *rdn = fixed[k] == fixed[0] ? "dc=other" : fixed[k][0] == 'c' ? "cn=other" : "ou=other";
			char own[64];

			snprintf(own, sizeof(own), "%.*s", (int)strcspn(fixed[k], ","), fixed[k]);
			ERR(fix_moddn(who[i], fixed[k], rdn, true, NULL), LW_EUNWILLING);
			ERR(fix_moddn(who[i], fixed[k], rdn, false, NULL), LW_EUNWILLING);
			ERR(fix_moddn(who[i], fixed[k], own, false, "ou=aside," SUFFIX), LW_EUNWILLING);
			ERR(fix_delete(who[i], fixed[k]), LW_EUNWILLING);
		}
		ERR(fix_modify(who[i], "dn: " ADMINS "\nreplace cn\ncn: other"), LW_ENOTONRDN);
		/* a change of the entry does not loosen it */
		OK(fix_modify(who[i], "dn: " ADMINS "\nreplace description\ndescription: x"));
		ERR(fix_delete(who[i], ADMINS), LW_EUNWILLING);
	}
	ERR(group(fix.admin, "Administrators", NULL), LW_EEXIST);
	/* a name of two parts is another name, and its bearer an ordinary group */
	OK(fix_person(fix.admin, "bob", ""));
	OK(fix_add(fix.admin, "dn: cn=administrators+description=x," GROUPS "\nobjectClass: groupOfNames\ncn: administrators\n"
		"description: x\nmember: " BOB));
	struct lw_session *bob = login(BOB);
	ERR(fix_modify(bob, "dn: " ADMINS "\nadd member\nmember: " BOB), LW_EACCES);
	ERR(fix_delete(bob, "cn=administrators+description=x," GROUPS), LW_EACCES);
	store_session_free(bob);
}

/* A rename writes the values of the new name. */
static void renaming_is_writing(void **state)
{
	struct lw_session *alice = helper();

	OK(fix_modify(fix.admin, "dn: " BOB "\nadd objectClass\nobjectClass: posixAccount\nadd uidNumber\nuidNumber: 1000\n"
		"add gidNumber\ngidNumber: 1000\nadd homeDirectory\nhomeDirectory: /"));
	OK(grant(fix.admin, "m", "permit user alice may read,search,move any attrs(*)"));
	OK(grant(fix.admin, "w", "permit user alice may write any attrs(cn)"));
	ERR(fix_moddn(alice, BOB, "uid=bob+employeeType=director", true, NULL), LW_EACCES);
	assert_string_equal(fix_read(fix.admin, BOB, "employeeType"), "ENOATTR");
	/* a value that is there already may become part of the name, but then not be changed with it */
	OK(fix_moddn(alice, BOB, "uid=bob+uidNumber=1000", true, NULL));
	ERR(fix_moddn(alice, "uid=bob+uidNumber=1000," PEOPLE, "uid=bob+uidNumber=0", true, NULL), LW_EACCES);
	ERR(fix_moddn(alice, "uid=bob+uidNumber=1000," PEOPLE, "uid=bob", true, NULL), LW_EACCES);
	OK(fix_moddn(alice, "uid=bob+uidNumber=1000," PEOPLE, "cn=bob", false, NULL));
	OK(fix_moddn(alice, "cn=bob," PEOPLE, "cn=robert", true, NULL));
	OK(fix_moddn(fix.admin, "cn=robert," PEOPLE, "uid=bob", false, NULL));
	store_session_free(alice);
}

/* The text of a grant is what is compiled, whichever way it is written. */
static void grants_are_what_they_say(void **state)
{
	const char *dn = "cn=g," GRANTS;
	const char *text = "permit group administrators may read person attrs(cn)";

	OK(grant(fix.admin, "g", text));
	ERR(fix_moddn(fix.admin, dn, "lwGrantText=permit authenticated may all any attrs(*)", true, NULL), LW_EUNWILLING);
	ERR(fix_moddn(fix.admin, dn, "lwGrantText=permit group administrators may read person attrs(cn)", true, NULL),
		LW_EUNWILLING);
	ERR(fix_add(fix.admin, "dn: lwGrantText=forbid anonymous may read person attrs(cn)," GRANTS
		"\nobjectClass: lwGrant\ncn: h"), LW_EUNWILLING);
	ERR(fix_modify(fix.admin, "dn: cn=g," GRANTS "\nadd lwGrantText;lang-en\nlwGrantText;lang-en: permit everything"),
		LW_EUNDEFATTR);
	assert_string_equal(fix_read(fix.admin, dn, "lwGrantText"), text);
}

/* An option would make a second attribute of what rules look at. */
static void no_options_where_rules_look(void **state)
{
	static const char *const attrs[] = { "lwTag", "lwDisabled", "krbPrincipalName", "uid" };
	static const char *const values[] = { "t", "TRUE", "x@ACME.EXAMPLE", "x" };

	OK(fix_person(fix.admin, "bob", ""));
	for (size_t i = 0; i < 4; i++) {
		char ldif[256];

		snprintf(ldif, sizeof(ldif), "dn: " BOB "\nadd %s;lang-aa\n%s;lang-aa: %s", attrs[i], attrs[i], values[i]);
		ERR(fix_modify(fix.admin, ldif), LW_EUNDEFATTR);
	}
	OK(fix_modify(fix.admin, "dn: " BOB "\nadd description;lang-aa\ndescription;lang-aa: x"));
}

/* An entry of any kind may have members; its end is theirs too, at once. */
static void groups_of_other_kinds(void **state)
{
	struct lw_session *alice = helper();

	OK(grant(fix.admin, "d", "permit user alice may read,search,delete any attrs(*)"));
	OK(fix_add(fix.admin, "dn: ou=odd," SUFFIX "\nobjectClass: organizationalUnit\nobjectClass: extensibleObject\nmember: " BOB));
	OK(group(fix.admin, "power", "ou=odd," SUFFIX));
	OK(group(fix.admin, "weak", "ou=odd," SUFFIX));
	OK(grant(fix.admin, "p", "permit group power may write person attrs(description)"));
	struct lw_session *bob = login(BOB);
	OK(fix_modify(bob, "dn: " ALICE "\nreplace description\ndescription: 1"));
	/* out of a group that is forbidden something gets only whom he who deletes could let */
	OK(grant(fix.admin, "f", "forbid group weak may enrol profile x"));
	ERR(fix_delete(alice, "ou=odd," SUFFIX), LW_EACCES);
	OK(fix_delete(fix.admin, "ou=odd," SUFFIX));
	ERR(fix_modify(bob, "dn: " ALICE "\nreplace description\ndescription: 2"), LW_EACCES);
	store_session_free(bob);
	store_session_free(alice);
}

static int add_host(struct lw_session *s, const char *secret)
{
	struct store_sealed_item item = { .cls = STORE_SECRET_PASSWORD, .generation = 1, .sealed = LW_LIT("sealed") };
	struct lw_bytes v[] = { LW_LIT("lwHost"), LW_LIT("h1") };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), &v[0], 1 }, { LW_LIT("cn"), &v[1], 1 } };
	struct store_op op = { .kind = STORE_ADD, .dn = fix_dn("cn=h1," HOSTS), .attrs = attrs, .nattrs = 2 };

	item.attr = schema_attr(LW_LIT("userPassword"))->id;
	op.secrets = &item;
	op.nsecrets = secret != NULL;
	if (secret)
		op.uuid = lw_uuid_new(&fix.clock);
	return store_write(s, &op, &fix.r);
}

/* Who makes a principal and its password can become it, as well as with one that was there. */
static void a_new_ones_secret(void **state)
{
	struct lw_session *alice = helper();
	struct lw_uuid host;

	OK(grant(fix.admin, "c", "permit user alice may read,search,create,write host,entry attrs(*)"));
	OK(grant(fix.admin, "s", "permit user alice may set-secret host attrs(userPassword)"));
	OK(add_host(alice, "x"));
	OK(fix_delete(fix.admin, "cn=h1," HOSTS));
	OK(grant(fix.admin, "e", "permit class host may enrol profile tls-server"));
	OK(add_host(alice, NULL));
	host = fix.r.uuid;
	ERR(fix_secret(alice, &host, "x"), LW_EACCES);
	OK(fix_delete(fix.admin, "cn=h1," HOSTS));
	ERR(add_host(alice, "x"), LW_EACCES);
	OK(add_host(fix.admin, "x"));
	store_session_free(alice);
}

/* Names that one can log in with are identity names of all that can log in. */
static void login_names(void **state)
{
	struct lw_session *alice = helper();

	OK(add_host(fix.admin, NULL));
	OK(grant(fix.admin, "w", "permit user alice may read,search,write host attrs(*)"));
	ERR(fix_modify(alice, "dn: cn=h1," HOSTS "\nadd uid\nuid: director"), LW_EACCES);
	store_session_free(alice);
}

/* What a hidden group is called, and that it is there, is nobody's to see who can't see the group. */
static void hidden_groups(void **state)
{
	struct lw_session *alice = helper();

	OK(group(fix.admin, "open", ALICE));
	OK(group(fix.admin, "covert", ALICE));
	OK(grant(fix.admin, "h", "forbid authenticated may read,search,compare group named covert attrs(*)"));
	assert_string_equal(fix_read(alice, "cn=covert," GROUPS, "cn"), "ENOTFOUND");
	assert_string_equal(fix_read(alice, ALICE, "memberOf"), "cn=open," GROUPS);
	assert_string_equal(fix_search(alice, PEOPLE, STORE_SUB, "(memberOf=cn=open," GROUPS ")"), "uid=alice");
	assert_string_equal(fix_search(alice, PEOPLE, STORE_SUB, "(memberOf=cn=covert," GROUPS ")"), "");
	assert_string_equal(fix_search(alice, PEOPLE, STORE_SUB, "(!(memberOf=cn=covert," GROUPS "))"),
		fix_search(alice, PEOPLE, STORE_SUB, "(!(memberOf=cn=missing," GROUPS "))"));
	OK(fix_modify(fix.admin, "dn: cn=open," GROUPS "\ndelete member"));
	assert_string_equal(fix_read(alice, ALICE, "memberOf"), "ENOATTR");
	assert_string_equal(fix_search(alice, PEOPLE, STORE_SUB, "(memberOf=*)"), "uid=admin");
	assert_string_equal(fix_read(fix.op, ALICE, "memberOf"), "cn=covert," GROUPS);
	store_session_free(alice);
}

/* A policy that is too large could not be loaded any more, not even to take something away. */
static void too_many_grants(void **state)
{
	int err = LW_OK;
	unsigned n;

	if (!getenv("LW_LONG"))
		return; /* half a minute of commits: stage attack-long */

	for (n = 0; !err && n < ACCESS_MAX_RULES + 10; n++) {
		char cn[32];

		snprintf(cn, sizeof(cn), "n%u", n);
		err = grant(fix.op, cn, "permit authenticated may ticket service");
		if (n % 256 == 0)
			lw_arena_reset(fix.arena);
	}
	assert_int_equal(err, LW_EADMINLIMIT);
	OK(store_session_check(fix.admin));
	OK(fix_delete(fix.admin, "cn=n1," GRANTS));
	OK(grant(fix.admin, "again", "permit authenticated may ticket service"));
}

/* Ordinary users write lists; the writer, which is everybody's, must not look at each value for each other one. */
static void long_lists(void **state)
{
	enum { N = 20000 };
	struct lw_session *alice = helper();
	struct lw_bytes *v = lw_allocn(fix.arena, N + 1, sizeof(*v)), some[3];
	struct store_mod mods[2] = { { STORE_MOD_REPLACE, { LW_LIT("description"), v, N } } };
	struct store_op op = { .kind = STORE_MODIFY, .dn = fix_dn(ALICE), .mods = mods, .nmods = 1 };

	for (unsigned i = 0; i <= N; i++)
		v[i] = lw_str(lw_printf(fix.arena, "number %u", i));
	OK(store_write(alice, &op, &fix.r));
	mods[0].kind = STORE_MOD_ADD;
	mods[0].attr.n = 1;
	v[0] = LW_LIT("NUMBER  7");
	ERR(store_write(alice, &op, &fix.r), LW_EVALEXISTS);
	v[0] = LW_LIT("number 20000");
	OK(store_write(alice, &op, &fix.r));
	/* half of them away, in another spelling; what is gone can come again, what is there can't */
	mods[0].kind = STORE_MOD_DELETE;
	mods[0].attr.n = N / 2;
	for (unsigned i = 0; i < N / 2; i++)
		v[i] = lw_str(lw_printf(fix.arena, "Number  %u", 2 * i));
	some[0] = LW_LIT("number 4");
	mods[1] = (struct store_mod){ STORE_MOD_ADD, { LW_LIT("description"), some, 1 } };
	op.nmods = 2;
	OK(store_write(alice, &op, &fix.r));
	op.nmods = 1;
	mods[0] = mods[1];
	some[0] = LW_LIT("number 5");
	ERR(store_write(alice, &op, &fix.r), LW_EVALEXISTS);
	some[0] = LW_LIT("number 4");
	ERR(store_write(alice, &op, &fix.r), LW_EVALEXISTS);
	mods[0].kind = STORE_MOD_DELETE;
	some[0] = LW_LIT("number 6");
	ERR(store_write(alice, &op, &fix.r), LW_ENOATTR);
	assert_string_equal(fix_search(alice, PEOPLE, STORE_SUB, "(description=number 6)"), "");
	assert_string_equal(fix_search(alice, PEOPLE, STORE_SUB, "(description=number 19999)"), "uid=alice");
	store_session_free(alice);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fix_up, fix_down)
int main(void)
{
	const struct CMUnitTest tests[] = { T(administrators_stay), T(renaming_is_writing), T(grants_are_what_they_say),
		T(no_options_where_rules_look), T(groups_of_other_kinds), T(a_new_ones_secret), T(login_names), T(hidden_groups),
		T(too_many_grants), T(long_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
