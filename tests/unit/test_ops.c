/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: tenants, sessions, writes with RFC 4511's results, hidden is absent, no escalation. (Long: a
 * test of one thing each, on one tenant that they all know.) */
#include "tests/unit/ops_fix.h"
#include "store/guard.h"

#define SUFFIX "dc=acme,dc=example"
#define PEOPLE "ou=people," SUFFIX
#define GROUPS "ou=groups," SUFFIX
#define GRANTS "ou=grants," SUFFIX
#define ADMIN  "uid=admin," PEOPLE
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
	struct lw_session *s;

	assert_false(lw_uuid_zero(&u));
	s = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	if (!s)
		s = fix_login(fix.acme, &fix.acme_uuid, &u, 1);
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

/* ---- tables ---- */

static void every_row_has_a_right(void **state)
{
	assert_int_equal(write_row_count, STORE_OP_COUNT);
	for (size_t i = 0; i < write_row_count; i++) {
		assert_int_equal(write_rows[i].kind, i);
		assert_true(write_rows[i].verb > ACCESS_NONE && write_rows[i].verb < ACCESS_VERB_COUNT);
		assert_non_null(write_rows[i].resolve);
		assert_non_null(lw_audit_event_name(write_rows[i].event)); /* no change without a record */
	}
	for (size_t i = 0; i < ops_ncomputed; i++)
		assert_true(ops_is_computed(ops_computed_at(i)));
}

/* ---- tenants ---- */

static int tenant(struct lw_session *s, const char *name)
{
	struct store_op op = { .kind = STORE_TENANT_CREATE, .tenant_name = name };

	return store_write(s, &op, &fix.r);
}

static int tenant_state(struct lw_session *s, const struct lw_uuid *uuid, bool enabled)
{
	struct store_op op = { .kind = STORE_TENANT_STATE, .tenant_uuid = *uuid, .tenant_enabled = enabled };

	return store_write(s, &op, &fix.r);
}

static void tree_of_a_tenant(void **state)
{
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_ONE, "(objectClass=*)"),
		"ou=applications ou=certificates ou=grants ou=groups ou=hosts ou=people ou=policies ou=services ou=tokens ou=trusts");
	assert_string_equal(fix_read(fix.admin, ADMIN, "krbPrincipalName"), "admin@ACME.EXAMPLE");
	assert_string_equal(fix_read(fix.admin, ADMIN, "memberOf"), "cn=administrators," GROUPS);
	assert_string_equal(fix_read(fix.admin, "cn=administrators," GROUPS, "member"), ADMIN);
	assert_string_equal(fix_read(fix.admin, SUFFIX, "o"), "acme.example");
	assert_string_equal(fix_read(fix.admin, SUFFIX, "objectClass"), "top|dcObject|organization");
	assert_string_equal(fix_read(fix.admin, "dc=beta,dc=example", "o"), "ENOTFOUND");
}

static void tenants_are_not_nested(void **state)
{
	struct lw_session *alice;

	OK(tenant(fix.admin, "Gamma.Example"));
	ERR(tenant(fix.admin, "gamma.example"), LW_EEXIST);
	ERR(tenant(fix.admin, "sub.gamma.example"), LW_ECONSTRAINT);
	ERR(tenant(fix.admin, "a.b.acme.example"), LW_ECONSTRAINT);
	OK(tenant(fix.admin, "deep.down.test"));
	ERR(tenant(fix.admin, "down.test"), LW_ECONSTRAINT);
	OK(tenant(fix.admin, "other-deep.down.test"));
	ERR(tenant(fix.admin, "nodots"), LW_EINVAL);
	ERR(tenant(fix.admin, "1.10.in-addr.arpa"), LW_ECONSTRAINT);
	ERR(tenant(fix.other, "delta.example"), LW_EACCES); /* not the system tenant's */
	OK(fix_person(fix.admin, "alice", ""));
	alice = login(ALICE);
	ERR(tenant(alice, "delta.example"), LW_EACCES);
	store_session_free(alice);
}

static void disabled_tenant(void **state)
{
	OK(store_session_check(fix.other));
	ERR(tenant_state(fix.other, &fix.acme_uuid, false), LW_EACCES);
	ERR(tenant_state(fix.admin, &fix.acme_uuid, false), LW_EUNWILLING);
	OK(tenant_state(fix.admin, &fix.beta_uuid, false));
	ERR(store_session_check(fix.other), LW_EDISABLED);
	assert_null(fix_login(fix.beta, &fix.beta_uuid, &fix.beta_admin, 1));
	OK(tenant_state(fix.admin, &fix.beta_uuid, true));
	OK(store_session_check(fix.other));
}

static void tenants_do_not_see_each_other(void **state)
{
	struct lw_session *foreign;
	struct lw_uuid a, b;

	OK(fix_person(fix.admin, "alice", "description: of acme"));
	OK(fix_add(fix.other, "dn: uid=alice,ou=people,dc=beta,dc=example\nobjectClass: inetOrgPerson\nuid: alice\ncn: alice\n"
		"sn: alice\ndescription: of beta"));
	a = fix_uuid(ALICE);
	b = fix_uuid("uid=alice,ou=people,dc=beta,dc=example");
	assert_false(lw_uuid_eq(&a, &b));
	assert_string_equal(fix_read(fix.other, ALICE, "cn"), "ENOTFOUND");
	assert_string_equal(fix_read(fix.admin, "uid=alice,ou=people,dc=beta,dc=example", "cn"), "ENOTFOUND");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(description=of beta)"), "");
	assert_string_equal(fix_search(fix.other, SUFFIX, STORE_SUB, "(uid=*)"), "ENOTFOUND");
	assert_string_equal(fix_search(fix.other, "dc=beta,dc=example", STORE_SUB, "(uid=alice)"), "uid=alice");
	ERR(fix_delete(fix.other, ALICE), LW_ENOTFOUND);
	assert_string_equal(fix.r.matched, "");
	ERR(fix_modify(fix.other, "dn: " ALICE "\nreplace description\ndescription: x"), LW_ENOTFOUND);
	ERR(fix_secret(fix.other, &a, "x"), LW_ENOTFOUND);
	ERR(fix_moddn(fix.admin, ALICE, "uid=alice", false, "ou=people,dc=beta,dc=example"), LW_ENOTFOUND);
	/* a capability of one tenant does not fit another, nor one whose UUID is another's */
	assert_null(fix_login(fix.beta, &fix.beta_uuid, &fix.acme_admin, 1));
	foreign = fix_login(fix.beta, &fix.acme_uuid, &fix.acme_admin, 1);
	assert_null(foreign);
	/* references stay inside */
	ERR(group(fix.other, "x", ALICE), LW_ENOTFOUND);
	ERR(fix_add(fix.other, "dn: cn=x,ou=groups,dc=beta,dc=example\nobjectClass: groupOfNames\ncn: x\nmember: " ALICE),
		LW_ECONSTRAINT);
}

/* ---- add ---- */

static void add_errors(void **state)
{
#define BASE "dn: cn=x," PEOPLE "\n"
	static const struct {
		int err;
		const char *ldif;
	} rows[] = {
		{ LW_EOBJCLASS, BASE "objectClass: person\ncn: x" },                               /* no sn */
		{ LW_EOBJCLASS, BASE "objectClass: person\ncn: x\nsn: x\nmail: x@x" },             /* not allowed */
		{ LW_EOBJCLASS, BASE "objectClass: noSuchClass\ncn: x" },
		{ LW_EOBJCLASS, BASE "objectClass: posixAccount\ncn: x\nuid: x\nuidNumber: 1\ngidNumber: 1\nhomeDirectory: /x" },
		{ LW_EOBJCLASS, BASE "objectClass: top\ncn: x" },                                  /* no structural one */
		{ LW_EOBJCLASS, BASE "objectClass: person\nobjectClass: groupOfNames\ncn: x\nsn: x" }, /* two */
		{ LW_EOBJCLASS, BASE "cn: x\nsn: x" },
		{ LW_EUNDEFATTR, BASE "objectClass: person\ncn: x\nsn: x\nnoSuchAttr: x" },
		{ LW_ESYNTAX, BASE "objectClass: person\ncn: x\nsn: x\nseeAlso: not a dn" },
		{ LW_ESYNTAX, BASE "objectClass: person\ncn: x\nsn: " },
		{ LW_ESYNTAX, BASE "objectClass: person\ncn: x\nsn: \xff\xfe" },
		{ LW_EVALEXISTS, BASE "objectClass: person\ncn: x\nsn: x\nsn:  X " },              /* equal by caseIgnoreMatch */
		{ LW_ECONSTRAINT, BASE "objectClass: inetOrgPerson\ncn: x\nsn: x\ndisplayName: a\ndisplayName: b" },
		{ LW_ECONSTRAINT, BASE "objectClass: person\ncn: x\nsn: x\ncreateTimestamp: 20200101000000Z" },
		{ LW_ECONSTRAINT, BASE "objectClass: person\ncn: x\nsn: x\nentryUUID: 11111111-1111-1111-1111-111111111111" },
		{ LW_ECONSTRAINT, BASE "objectClass: person\ncn: x\nsn: x\nmemberOf: cn=administrators," GROUPS },
		{ LW_ECONSTRAINT, BASE "objectClass: person\ncn: x\nsn: x\nlwManagedBy: uid=nobody," PEOPLE },
		{ LW_EUNWILLING, BASE "objectClass: person\ncn: x\nsn: x\nuserPassword: secret" },
		{ LW_ENAMING, BASE "objectClass: person\ncn: y\nsn: x" },
		{ LW_EEXIST, "dn: " PEOPLE "\nobjectClass: organizationalUnit\nou: people" },
		{ LW_EEXIST, "dn: " SUFFIX "\nobjectClass: organization\no: x" },
		{ LW_ENOTFOUND, "dn: cn=x,dc=example\nobjectClass: person\ncn: x\nsn: x" },
		{ LW_ECONSTRAINT, BASE "objectClass: inetOrgPerson\ncn: x\nsn: x\nuid: ADMIN" },   /* the name is taken */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (fix_add(fix.admin, rows[i].ldif) != rows[i].err)
			fail_msg("row %zu: %s (%s), not %s", i, lw_errname(fix.r.err), fix.r.text, lw_errname(rows[i].err));
	ERR(fix_add(fix.admin, "dn: cn=x,ou=no,ou=such," SUFFIX "\nobjectClass: person\ncn: x\nsn: x"), LW_ENOTFOUND);
	assert_string_equal(fix.r.matched, SUFFIX);
}

static void add_and_read(void **state)
{
	char uuid[LW_UUID_TEXT];

	OK(fix_person(fix.admin, "alice", "description;lang-de: Hallo\ndescription: Hello\nmail: Alice@Acme.example"));
	lw_uuid_format(&fix.r.uuid, uuid);
	assert_string_equal(fix_read(fix.admin, ALICE, "entryUUID"), uuid);
	assert_int_equal(uuid[14], '7');
	assert_string_equal(fix_read(fix.admin, ALICE, "entryDN"), ALICE);
	assert_string_equal(fix_read(fix.admin, ALICE, "structuralObjectClass"), "inetOrgPerson");
	assert_string_equal(fix_read(fix.admin, ALICE, "createTimestamp"), "20260921141320Z");
	assert_string_equal(fix_read(fix.admin, ALICE, "creatorsName"), ADMIN);
	assert_string_equal(fix_read(fix.admin, ALICE, "krbPrincipalName"), "alice@ACME.EXAMPLE");
	assert_string_equal(fix_read(fix.admin, ALICE, "hasSubordinates"), "FALSE");
	assert_string_equal(fix_read(fix.admin, PEOPLE, "hasSubordinates"), "TRUE");
	assert_string_equal(fix_read(fix.admin, PEOPLE, "numSubordinates"), "2");
	assert_string_equal(fix_read(fix.admin, ALICE, "subschemaSubentry"), "cn=subschema");
	/* the RDN's value is put in where it is not given; values come back as they went in */
	OK(fix_add(fix.admin, "dn: cn=Web 1,ou=services," SUFFIX "\nobjectClass: lwService"));
	assert_string_equal(fix_attrs(fix.admin, "cn=web 1,ou=services," SUFFIX, NULL, false), "objectClass=lwService;cn=Web 1");
	assert_string_equal(fix_read(fix.admin, "cn=web  1,ou=services," SUFFIX, "entryDN"), "cn=Web 1,ou=services," SUFFIX);
}

static void selection(void **state)
{
	OK(fix_person(fix.admin, "alice", "description;lang-de: Hallo\ndescription: Hello"));
	assert_string_equal(fix_attrs(fix.admin, ALICE, "1.1", false), "");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "noSuch", false), "");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "CN 1.1 sn", false), "cn=alice;sn=alice");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "name", false), "cn=alice;sn=alice");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "2.5.4.3", true), "cn");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "description", true), "description;description;lang-de");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "description;lang-de", false), "description;lang-de=Hallo");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "description;lang-fr", false), "");
	assert_string_equal(fix_attrs(fix.admin, ALICE, "@person", true), "objectClass;cn;description;description;lang-de;sn");
	assert_null(strstr(fix_attrs(fix.admin, ALICE, "*", true), "entryUUID"));
	assert_null(strstr(fix_attrs(fix.admin, ALICE, "+", true), "objectClass;"));
	assert_non_null(strstr(fix_attrs(fix.admin, ALICE, "+", true), "entryUUID"));
	assert_non_null(strstr(fix_attrs(fix.admin, ALICE, "+", true), "modifyTimestamp"));
	assert_non_null(strstr(fix_attrs(fix.admin, ADMIN, "memberOf", false), "memberOf=cn=administrators," GROUPS));
}

/* ---- modify ---- */

static void modify_results(void **state)
{
#define MOD "dn: " ALICE "\n"
	static const struct {
		int err;
		const char *ldif;
	} rows[] = {
		{ LW_OK, MOD "add description\ndescription: a\ndescription: b" },
		{ LW_EVALEXISTS, MOD "add description\ndescription: A" },
		{ LW_ENOATTR, MOD "delete description\ndescription: c" },
		{ LW_ENOATTR, MOD "delete telephoneNumber" },
		{ LW_OK, MOD "delete description\ndescription: B" },
		{ LW_OK, MOD "replace telephoneNumber" },
		{ LW_OK, MOD "replace description\ndescription: x\nadd description\ndescription: y\ndelete description\ndescription: x" },
		{ LW_ENOTONRDN, MOD "delete uid" },
		{ LW_ENOTONRDN, MOD "replace uid\nuid: other" },
		{ LW_EOBJCLASS, MOD "delete sn" },
		{ LW_EOBJCLASS, MOD "add homeDirectory\nhomeDirectory: /x" },
		{ LW_EOBJCLASSMODS, "dn: cn=role," PEOPLE "\nreplace objectClass\nobjectClass: applicationProcess" },
		{ LW_ESYNTAX, MOD "add seeAlso\nseeAlso: nonsense" },
		{ LW_ESYNTAX, MOD "add description" },
		{ LW_ECONSTRAINT, MOD "replace modifyTimestamp\nmodifyTimestamp: 20200101000000Z" },
		{ LW_EUNWILLING, MOD "replace userPassword\nuserPassword: x" },
		{ LW_EUNDEFATTR, MOD "replace noSuch\nnoSuch: x" },
		{ LW_ECONSTRAINT, MOD "add displayName\ndisplayName: a\ndisplayName: b" },
		{ LW_OK, MOD "add objectClass\nobjectClass: posixAccount\nadd uidNumber\nuidNumber: 10\nadd gidNumber\ngidNumber: 7\n"
			"add homeDirectory\nhomeDirectory: /home/alice" },
		{ LW_OK, MOD "increment uidNumber\nuidNumber: 5\nincrement gidNumber\ngidNumber: -3" },
		{ LW_ENOATTR, MOD "increment shadowMax\nshadowMax: 1" },
		{ LW_ECONSTRAINT, MOD "increment description\ndescription: 1" },
		{ LW_ENOTFOUND, "dn: uid=nobody," PEOPLE "\nreplace description\ndescription: x" },
	};

	OK(fix_person(fix.admin, "alice", ""));
	OK(fix_add(fix.admin, "dn: cn=role," PEOPLE "\nobjectClass: organizationalRole"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (fix_modify(fix.admin, rows[i].ldif) != rows[i].err)
			fail_msg("row %zu: %s (%s), not %s", i, lw_errname(fix.r.err), fix.r.text, lw_errname(rows[i].err));
	assert_string_equal(fix.r.matched, PEOPLE);
	assert_string_equal(fix_read(fix.admin, ALICE, "description"), "y");
	assert_string_equal(fix_read(fix.admin, ALICE, "uidNumber"), "15");
	assert_string_equal(fix_read(fix.admin, ALICE, "gidNumber"), "4");
	/* what failed in the middle left nothing */
	ERR(fix_modify(fix.admin, MOD "replace description\ndescription: z\ndelete sn"), LW_EOBJCLASS);
	assert_string_equal(fix_read(fix.admin, ALICE, "description"), "y");
}

static void stale_precondition(void **state)
{
	struct lw_bytes v = LW_LIT("x");
	struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("description"), &v, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };

	OK(fix_person(fix.admin, "alice", ""));
	op.dn = fix_dn(ALICE);
	op.expect_version = fix.r.version;
	OK(store_write(fix.admin, &op, &fix.r));
	ERR(store_write(fix.admin, &op, &fix.r), LW_EAGAIN);
	op.expect_version = fix.r.version = 0;
	OK(store_write(fix.admin, &op, &fix.r));
}

static void references(void **state)
{
	OK(fix_person(fix.admin, "alice", ""));
	OK(fix_person(fix.admin, "bob", ""));
	OK(group(fix.admin, "team", ALICE));
	OK(group(fix.admin, "empty", NULL));
	ERR(group(fix.admin, "bad", "uid=nobody," PEOPLE), LW_ECONSTRAINT);
	assert_non_null(strstr(fix.r.text, "uid=nobody," PEOPLE));
	ERR(fix_modify(fix.admin, "dn: cn=team," GROUPS "\nadd member\nmember: UID=Alice,ou=People," SUFFIX), LW_EVALEXISTS);
	OK(fix_modify(fix.admin, "dn: cn=team," GROUPS "\nadd member\nmember: " BOB));
	assert_string_equal(fix_read(fix.admin, BOB, "memberOf"), "cn=team," GROUPS);
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(member=" BOB ")"), "cn=team");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(memberOf=cn=team," GROUPS ")"), "uid=alice uid=bob");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(&(objectClass=groupOfNames)(!(member=*)))"), "cn=empty");
	/* renaming shows at once, deleting takes the value along */
	OK(fix_moddn(fix.admin, BOB, "uid=robert", true, NULL));
	assert_string_equal(fix_read(fix.admin, "cn=team," GROUPS, "member"), ALICE "|uid=robert," PEOPLE);
	OK(fix_delete(fix.admin, "uid=robert," PEOPLE));
	assert_string_equal(fix_read(fix.admin, "cn=team," GROUPS, "member"), ALICE);
	ERR(fix_modify(fix.admin, "dn: cn=team," GROUPS "\ndelete member\nmember: " BOB), LW_ENOATTR);
	OK(fix_modify(fix.admin, "dn: cn=team," GROUPS "\nreplace member\nmember: " ADMIN));
	assert_string_equal(fix_read(fix.admin, "cn=team," GROUPS, "member"), ADMIN);
	OK(fix_modify(fix.admin, "dn: cn=team," GROUPS "\ndelete member"));
	assert_string_equal(fix_read(fix.admin, "cn=team," GROUPS, "member"), "ENOATTR");
}

/* ---- delete, modify DN ---- */

static void delete_results(void **state)
{
	ERR(fix_delete(fix.admin, SUFFIX), LW_EUNWILLING);
	ERR(fix_delete(fix.admin, GRANTS), LW_EUNWILLING);
	ERR(fix_delete(fix.admin, "cn=administrators," GROUPS), LW_EUNWILLING);
	ERR(fix_delete(fix.admin, "uid=x," PEOPLE), LW_ENOTFOUND);
	OK(fix_add(fix.admin, "dn: ou=a," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.admin, "dn: ou=b,ou=a," SUFFIX "\nobjectClass: organizationalUnit"));
	ERR(fix_delete(fix.admin, "ou=a," SUFFIX), LW_ENOTLEAF);
	OK(fix_delete(fix.admin, "ou=b,ou=a," SUFFIX));
	OK(fix_delete(fix.admin, "ou=a," SUFFIX));
	ERR(fix_delete(fix.admin, "ou=a," SUFFIX), LW_ENOTFOUND);
}

static void recreated_inherits_nothing(void **state)
{
	struct lw_session *old;
	struct lw_uuid first, again;
	struct store_op op = { .kind = STORE_ADD };
	struct lw_bytes v[] = { LW_LIT("person"), LW_LIT("x") };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), &v[0], 1 }, { LW_LIT("sn"), &v[1], 1 } };

	OK(fix_person(fix.admin, "alice", ""));
	first = fix.r.uuid;
	OK(group(fix.admin, "team", ALICE));
	OK(grant(fix.admin, "team-write", "permit group team may write person attrs(description)"));
	old = login(ALICE);
	OK(fix_person(fix.admin, "bob", ""));
	OK(fix_modify(old, "dn: " BOB "\nreplace description\ndescription: x"));
	OK(fix_delete(fix.admin, ALICE));
	ERR(store_session_check(old), LW_EREVOKED);
	OK(fix_person(fix.admin, "alice", ""));
	again = fix.r.uuid;
	assert_false(lw_uuid_eq(&first, &again));
	ERR(store_session_check(old), LW_EREVOKED);
	ERR(fix_modify(old, "dn: " BOB "\nreplace description\ndescription: y"), LW_EREVOKED);
	store_session_free(old);
	assert_null(fix_login(fix.acme, &fix.acme_uuid, &first, 0));
	assert_string_equal(fix_read(fix.admin, ALICE, "memberOf"), "ENOATTR");
	old = login(ALICE);
	ERR(fix_modify(old, "dn: " BOB "\nreplace description\ndescription: y"), LW_EACCES);
	store_session_free(old);
	/* a dead UUID can't be brought back */
	op.attrs = attrs;
	op.nattrs = 2;
	op.uuid = first;
	op.dn = fix_dn("cn=zombie," PEOPLE);
	ERR(store_write(fix.admin, &op, &fix.r), LW_ECONSTRAINT);
	op.uuid = again; /* nor one that lives be doubled */
	ERR(store_write(fix.admin, &op, &fix.r), LW_ECONSTRAINT);
}

static void moving(void **state)
{
	OK(fix_add(fix.admin, "dn: ou=a," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.admin, "dn: ou=b," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.admin, "dn: ou=c,ou=a," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.admin, "dn: uid=deep,ou=c,ou=a," SUFFIX "\nobjectClass: account"));
	ERR(fix_moddn(fix.admin, "ou=a," SUFFIX, "ou=a", true, "ou=c,ou=a," SUFFIX), LW_EUNWILLING);
	ERR(fix_moddn(fix.admin, "ou=a," SUFFIX, "ou=a", true, "ou=a," SUFFIX), LW_EUNWILLING);
	ERR(fix_moddn(fix.admin, "ou=a," SUFFIX, "ou=B", true, NULL), LW_EEXIST);
	ERR(fix_moddn(fix.admin, "ou=a," SUFFIX, "ou=a", true, "ou=none," SUFFIX), LW_ENOTFOUND);
	assert_string_equal(fix.r.matched, SUFFIX);
	ERR(fix_moddn(fix.admin, "ou=a," SUFFIX, "cn=a", true, NULL), LW_EOBJCLASS);
	ERR(fix_moddn(fix.admin, PEOPLE, "ou=folk", true, NULL), LW_EUNWILLING);
	OK(fix_moddn(fix.admin, "ou=a," SUFFIX, "ou=A2", true, "ou=b," SUFFIX));
	assert_string_equal(fix_search(fix.admin, "ou=b," SUFFIX, STORE_SUB, "(objectClass=*)"), "ou=A2 ou=b ou=c uid=deep");
	assert_string_equal(fix_read(fix.admin, "uid=deep,ou=c,ou=a2,ou=b," SUFFIX, "entryDN"), "uid=deep,ou=c,ou=A2,ou=b," SUFFIX);
	assert_string_equal(fix_read(fix.admin, "ou=a," SUFFIX, "ou"), "ENOTFOUND");
	assert_string_equal(fix_read(fix.admin, "ou=A2,ou=b," SUFFIX, "ou"), "A2");
	OK(fix_moddn(fix.admin, "ou=A2,ou=b," SUFFIX, "ou=A3", false, NULL));
	assert_string_equal(fix_read(fix.admin, "ou=A3,ou=b," SUFFIX, "ou"), "A2|A3");
	/* only the spelling changes */
	OK(fix_moddn(fix.admin, "ou=A3,ou=b," SUFFIX, "ou=a3", true, NULL));
	assert_string_equal(fix_read(fix.admin, "ou=A3,ou=b," SUFFIX, "entryDN"), "ou=a3,ou=b," SUFFIX);
}

/* ---- sessions ---- */

static void sessions_end(void **state)
{
	struct lw_session *alice, *renewed;
	struct lw_uuid u;

	OK(fix_person(fix.admin, "alice", ""));
	u = fix.r.uuid;
	alice = login(ALICE);
	OK(store_session_check(alice));
	OK(fix_modify(fix.admin, "dn: " ALICE "\nreplace lwDisabled\nlwDisabled: TRUE"));
	ERR(store_session_check(alice), LW_EDISABLED);
	assert_null(fix_login(fix.acme, &fix.acme_uuid, &u, 0));
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(uid=alice)"), "EDISABLED");
	OK(fix_modify(fix.admin, "dn: " ALICE "\nreplace lwDisabled\nlwDisabled: FALSE"));
	OK(store_session_check(alice));
	/* somebody changes the password */
	OK(fix_secret(fix.admin, &u, "new"));
	assert_int_equal(fix.r.credential_version, 1);
	ERR(store_session_check(alice), LW_EREVOKED);
	renewed = fix_login(fix.acme, &fix.acme_uuid, &u, 1);
	assert_non_null(renewed);
	/* its own change: it goes on after store_session_renew */
	OK(fix_secret(renewed, &u, "newer"));
	ERR(store_session_check(renewed), LW_EREVOKED);
	store_session_renew(renewed, fix.r.credential_version);
	OK(store_session_check(renewed));
	fix.clock.test_wall += 3601 * LW_SECOND;
	ERR(store_session_check(renewed), LW_EEXPIRED);
	store_session_free(alice);
	store_session_free(renewed);
}

static void membership_counts_at_once(void **state)
{
	struct lw_session *alice;

	OK(fix_person(fix.admin, "alice", ""));
	OK(fix_person(fix.admin, "bob", ""));
	OK(group(fix.admin, "inner", NULL));
	OK(group(fix.admin, "outer", "cn=inner," GROUPS));
	OK(grant(fix.admin, "g", "permit group outer may write person attrs(description)"));
	alice = login(ALICE);
	ERR(fix_modify(alice, "dn: " BOB "\nreplace description\ndescription: 1"), LW_EACCES);
	OK(fix_modify(fix.admin, "dn: cn=inner," GROUPS "\nadd member\nmember: " ALICE));
	OK(fix_modify(alice, "dn: " BOB "\nreplace description\ndescription: 1"));
	OK(fix_modify(fix.admin, "dn: cn=outer," GROUPS "\ndelete member"));
	ERR(fix_modify(alice, "dn: " BOB "\nreplace description\ndescription: 2"), LW_EACCES);
	OK(fix_modify(fix.admin, "dn: cn=outer," GROUPS "\nadd member\nmember: " ALICE));
	OK(fix_modify(alice, "dn: " BOB "\nreplace description\ndescription: 2"));
	OK(fix_delete(fix.admin, "cn=g," GRANTS));
	ERR(fix_modify(alice, "dn: " BOB "\nreplace description\ndescription: 3"), LW_EACCES);
	/* a group in itself does no harm */
	OK(fix_modify(fix.admin, "dn: cn=inner," GROUPS "\nadd member\nmember: cn=outer," GROUPS));
	OK(fix_modify(fix.admin, "dn: cn=outer," GROUPS "\nadd member\nmember: cn=inner," GROUPS));
	OK(store_session_check(alice));
	store_session_free(alice);
}

/* ---- hidden is absent ---- */

static void hidden_is_absent(void **state)
{
#define SAFE "ou=safe," SUFFIX
	static const char *const names[] = { "cn=there," SAFE, "cn=missing," SAFE };
	struct lw_session *alice, *anonymous;
	char ldif[300], matched[2][512];

	OK(fix_add(fix.admin, "dn: " SAFE "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.admin, "dn: cn=there," SAFE "\nobjectClass: person\nsn: x"));
	OK(fix_person(fix.admin, "alice", ""));
	OK(grant(fix.admin, "hide", "forbid authenticated may read,search,compare any under ou=safe attrs(*)"));
	OK(grant(fix.admin, "work", "permit user alice may write,create,delete,move,compare any attrs(*)"));
	alice = login(ALICE);
	for (int i = 0; i < 2; i++) {
		const char *dn = names[i];
		struct store_txn *t;
		struct lw_writer w;
		struct lw_uuid u = i ? lw_uuid_new(&fix.clock) : fix_uuid(dn);
		const struct store_view *v;

		assert_string_equal(fix_read(alice, dn, "cn"), "ENOTFOUND");
		assert_string_equal(fix_search(alice, dn, STORE_SUB, "(objectClass=*)"), "ENOTFOUND");
		ERR(fix_delete(alice, dn), LW_ENOTFOUND);
		snprintf(matched[i], sizeof(matched[i]), "%s", fix.r.matched);
		snprintf(ldif, sizeof(ldif), "dn: %s\nreplace sn\nsn: y", dn);
		ERR(fix_modify(alice, ldif), LW_ENOTFOUND);
		assert_string_equal(matched[i], fix.r.matched);
		ERR(fix_moddn(alice, dn, "cn=other", true, NULL), LW_ENOTFOUND);
		assert_string_equal(matched[i], fix.r.matched);
		/* nor can a reference feel for it */
		snprintf(ldif, sizeof(ldif), "dn: " ALICE "\nadd lwManagedBy\nlwManagedBy: %s", dn);
		ERR(fix_modify(alice, ldif), LW_ECONSTRAINT);
		snprintf(ldif, sizeof(ldif), "dn: cn=below,%s\nobjectClass: person\nsn: y", dn);
		ERR(fix_add(alice, ldif), LW_ENOTFOUND);
		assert_string_equal(matched[i], fix.r.matched);
		ERR(fix_moddn(alice, ALICE, "uid=alice", true, dn), LW_ENOTFOUND);
		assert_string_equal(matched[i], fix.r.matched);
		ERR(fix_secret(alice, &u, "x"), LW_ENOTFOUND);
		OK(store_begin(alice, STORE_READ, &t));
		ERR(store_compare(t, fix_dn(dn), LW_LIT("sn"), LW_LIT("x")), LW_ENOTFOUND);
		ERR(store_get_uuid(t, &u, &v), LW_ENOTFOUND);
		ERR(store_may(t, ACCESS_READ, &u, NULL), LW_ENOTFOUND);
		lw_writer_init(&w, DN_MAX_TEXT);
		ERR(store_get(t, fix_dn(dn), &v), LW_ENOTFOUND);
		assert_true(store_matched(t, &w));
		assert_true(lw_eq(lw_written(&w), LW_LIT(SUFFIX)));
		lw_writer_done(&w);
		store_end(t);
	}
	assert_string_equal(matched[0], SUFFIX);
	assert_string_equal(matched[1], SUFFIX);
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(cn=there)"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(!(cn=nothing))"),
		fix_search(alice, SUFFIX, STORE_SUB, "(!(cn=other thing))"));
	assert_null(strstr(fix_search(alice, SUFFIX, STORE_SUB, "(objectClass=*)"), "safe"));
	store_session_free(alice);
	/* anonymous holds no verb at all: refused before any look-up, for what is there and what is not */
	OK(store_session_anonymous(fix.store, fix.acme, &anonymous));
	assert_string_equal(fix_read(anonymous, ALICE, "cn"), "EACCES");
	assert_string_equal(fix_read(anonymous, "uid=none," PEOPLE, "cn"), "EACCES");
	assert_string_equal(fix_read(anonymous, "dc=none", "cn"), "EACCES");
	ERR(fix_delete(anonymous, ALICE), LW_EACCES);
	ERR(fix_delete(anonymous, "uid=none," PEOPLE), LW_EACCES);
	store_session_free(anonymous);
}

static void secrets_give_nothing(void **state)
{
	static const char *const filters[] = { "(userPassword=sealed)", "(userPassword=*)", "(userPassword=s*)",
		"(userPassword>=a)", "(userPassword<=z)", "(userPassword~=sealed)", "(userPassword:octetStringMatch:=sealed)",
		"(!(userPassword=x))", "(!(userPassword=*))", "(krbPrincipalKey=*)", "(!(lwScram=*))", "(lwTotpSeed=*)",
		"(pwdHistory=*)", "(authPassword=*)", "(|(userPassword=sealed)(krbPrincipalKey=*))",
		"(&(!(userPassword=*))(uid=*))" };
	struct lw_session *who[] = { fix.admin, fix.op };
	struct store_txn *t;
	const struct schema_attr *a;

	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
			assert_string_equal(fix_search(who[s], SUFFIX, STORE_SUB, filters[i]), "");
		assert_string_equal(fix_read(who[s], ADMIN, "userPassword"), "ENOATTR");
		assert_string_equal(fix_attrs(who[s], ADMIN, "userPassword krbPrincipalKey lwScram", false), "");
		assert_null(strstr(fix_attrs(who[s], ADMIN, "* +", true), "userPassword"));
		OK(store_begin(who[s], STORE_READ, &t));
		for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++)
			if (a->flags & SCHEMA_SECRET)
				ERR(store_compare(t, fix_dn(ADMIN), lw_str(a->names[0]), LW_LIT("sealed")), LW_EACCES);
		store_end(t);
	}
}

/* Secrets that ride along with an add or a modify need their own right. */
static void secrets_ride_along(void **state)
{
	struct store_sealed_item secret = { .cls = STORE_SECRET_PASSWORD, .generation = 1, .sealed = LW_LIT("first") };
	struct lw_bytes v[] = { LW_LIT("inetOrgPerson"), LW_LIT("x"), LW_LIT("carol") };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), &v[0], 1 }, { LW_LIT("sn"), &v[1], 1 },
		{ LW_LIT("cn"), &v[1], 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 3, .secrets = &secret, .nsecrets = 1 };
	struct lw_session *alice, *carol, *auth;
	struct lw_bytes sealed;
	struct store_txn *t;
	uint64_t generation;

	secret.attr = schema_attr(LW_LIT("userPassword"))->id;
	OK(fix_person(fix.admin, "alice", ""));
	OK(grant(fix.admin, "c", "permit user alice may create person attrs(*)"));
	alice = login(ALICE);
	op.dn = fix_dn("uid=carol," PEOPLE);
	op.uuid = lw_uuid_new(&fix.clock);
	ERR(store_write(alice, &op, &fix.r), LW_EACCES);
	OK(grant(fix.admin, "s", "permit user alice may set-secret person attrs(userPassword)"));
	OK(store_write(alice, &op, &fix.r));
	assert_true(lw_uuid_eq(&fix.r.uuid, &op.uuid));
	assert_int_equal(fix.r.credential_version, 1);
	assert_string_equal(fix_read(fix.admin, "uid=carol," PEOPLE, "pwdChangedTime"), "20260921141320Z");
	carol = fix_login(fix.acme, &fix.acme_uuid, &op.uuid, 1);
	assert_non_null(carol);
	op.kind = STORE_MODIFY;
	op.nattrs = 0;
	secret.sealed = LW_LIT("second");
	secret.generation = 2;
	OK(store_write(fix.admin, &op, &fix.r));
	assert_int_equal(fix.r.credential_version, 2);
	ERR(store_session_check(carol), LW_EREVOKED);
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_AUTH, &auth));
	OK(store_begin(auth, STORE_READ, &t));
	OK(store_sealed(t, &op.uuid, secret.attr, STORE_SECRET_PASSWORD, &sealed, &generation));
	assert_true(lw_eq(sealed, LW_LIT("second")));
	assert_int_equal(generation, 2);
	store_end(t);
	/* only principals have secrets, and only what is secret is sealed */
	op.dn = fix_dn(PEOPLE);
	ERR(store_write(fix.admin, &op, &fix.r), LW_EUNWILLING);
	op.dn = fix_dn("uid=carol," PEOPLE);
	secret.attr = schema_attr(LW_LIT("cn"))->id;
	ERR(store_write(fix.admin, &op, &fix.r), LW_EINVAL);
	store_session_free(auth);
	store_session_free(carol);
	store_session_free(alice);
}

/* A delegated session reads what both may, and writes nothing. */
static void delegated(void **state)
{
	struct lw_cap cap = { .tenant = fix.acme, .tenant_uuid = fix.acme_uuid, .subject = fix.acme_admin,
		.methods = LW_CAP_PASSWORD, .auth_time = lw_wall(&fix.clock), .credential_version = 1 };
	struct lw_session *s;

	OK(fix_person(fix.admin, "alice", "employeeNumber: 7"));
	OK(fix_person(fix.admin, "bob", ""));
	cap.actor = fix.r.uuid;
	OK(grant(fix.admin, "hide", "forbid user bob may read,search,compare person attrs(employeeNumber)"));
	OK(store_session_cap(fix.store, &cap, &s));
	assert_string_equal(fix_read(fix.admin, ALICE, "employeeNumber"), "7");
	assert_string_equal(fix_read(s, ALICE, "employeeNumber"), "ENOATTR");
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	assert_string_equal(fix_search(s, SUFFIX, STORE_SUB, "(employeeNumber=7)"), "");
	ERR(fix_modify(s, "dn: " ALICE "\nreplace description\ndescription: x"), LW_EACCES);
	ERR(fix_delete(fix.admin, BOB), LW_EUNWILLING); /* the rule names it */
	OK(fix_delete(fix.admin, "cn=hide," GRANTS));
	OK(fix_delete(fix.admin, BOB));
	ERR(store_session_check(s), LW_EREVOKED);
	store_session_free(s);
}

static void roles_see_principals(void **state)
{
	struct lw_session *auth;
	struct store_principal p;
	struct store_txn *t;
	struct lw_bytes sealed;
	uint64_t generation;
	uint16_t attr = schema_attr(LW_LIT("userPassword"))->id;

	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_AUTH, &auth));
	OK(store_begin(auth, STORE_READ, &t));
	OK(store_principal_name(t, schema_attr(LW_LIT("uid")), LW_LIT("ADMIN"), &p));
	assert_true(lw_uuid_eq(&p.uuid, &fix.acme_admin));
	assert_string_equal(p.name, "admin");
	assert_string_equal(p.krb_name, "admin@ACME.EXAMPLE");
	assert_int_equal(p.credential_version, 1);
	assert_true(p.user && !p.disabled);
	OK(store_principal_dn(t, fix_dn(ADMIN), &p));
	ERR(store_principal_dn(t, fix_dn(PEOPLE), &p), LW_ENOTFOUND);
	ERR(store_principal_uuid(t, &fix.beta_admin, &p), LW_ENOTFOUND);
	OK(store_sealed(t, &fix.acme_admin, attr, STORE_SECRET_PASSWORD, &sealed, &generation));
	assert_true(lw_eq(sealed, LW_LIT("sealed")));
	ERR(store_sealed(t, &fix.acme_admin, schema_attr(LW_LIT("cn"))->id, STORE_SECRET_PASSWORD, &sealed, &generation), LW_EACCES);
	store_end(t);
	store_session_free(auth);
	OK(store_begin(fix.admin, STORE_READ, &t));
	ERR(store_principal_dn(t, fix_dn(ADMIN), &p), LW_EACCES);
	ERR(store_sealed(t, &fix.acme_admin, attr, STORE_SECRET_PASSWORD, &sealed, &generation), LW_EACCES);
	store_end(t);
	OK(store_begin(fix.op, STORE_READ, &t));
	ERR(store_sealed(t, &fix.acme_admin, attr, STORE_SECRET_PASSWORD, &sealed, &generation), LW_EACCES);
	store_end(t);
}

static void comparing(void **state)
{
	struct store_txn *t;
	struct lw_session *alice;

	OK(fix_person(fix.admin, "alice", "description: a"));
	OK(group(fix.admin, "team", ALICE));
	OK(store_begin(fix.admin, STORE_READ, &t));
	OK(store_compare(t, fix_dn(ALICE), LW_LIT("CN"), LW_LIT("ALICE")));
	ERR(store_compare(t, fix_dn(ALICE), LW_LIT("cn"), LW_LIT("bob")), LW_ENOTFOUND);
	ERR(store_compare(t, fix_dn(ALICE), LW_LIT("title"), LW_LIT("x")), LW_ENOATTR);
	ERR(store_compare(t, fix_dn(ALICE), LW_LIT("nope"), LW_LIT("x")), LW_EUNDEFATTR);
	OK(store_compare(t, fix_dn("cn=team," GROUPS), LW_LIT("member"), LW_LIT(ALICE)));
	ERR(store_compare(t, fix_dn("cn=team," GROUPS), LW_LIT("member"), LW_LIT(BOB)), LW_ENOTFOUND);
	OK(store_compare(t, fix_dn(ALICE), LW_LIT("memberOf"), LW_LIT("cn=team," GROUPS)));
	OK(store_compare(t, fix_dn(ALICE), LW_LIT("objectClass"), LW_LIT("person"))); /* a superclass */
	store_end(t);
	alice = login(ALICE);
	OK(store_begin(alice, STORE_READ, &t));
	ERR(store_compare(t, fix_dn(ADMIN), LW_LIT("lwCredentialVersion"), LW_LIT("1")), LW_EACCES);
	store_end(t);
	store_session_free(alice);
}

/* ---- no escalation ---- */

static void no_escalation(void **state)
{
	struct lw_session *helper;
	struct lw_uuid bob;

	OK(fix_person(fix.admin, "helper", ""));
	OK(fix_person(fix.admin, "bob", ""));
	bob = fix.r.uuid;
	OK(group(fix.admin, "plain", NULL));
	OK(group(fix.admin, "power", NULL));
	OK(grant(fix.admin, "power", "permit group power may delete any"));
	OK(grant(fix.admin, "h1", "permit user helper may write person,group,grant attrs(*)"));
	OK(grant(fix.admin, "h2", "permit user helper may create grant,person attrs(*)"));
	OK(grant(fix.admin, "h3", "permit user helper may set-secret person attrs(userPassword)"));
	OK(grant(fix.admin, "h4", "permit user helper may read,search any attrs(*)"));
	OK(grant(fix.admin, "h5", "permit user helper may delete person"));
	helper = login("uid=helper," PEOPLE);
	/* a group that gives nothing, and two that give what the helper has not */
	OK(fix_modify(helper, "dn: cn=plain," GROUPS "\nadd member\nmember: " BOB));
	ERR(fix_modify(helper, "dn: cn=power," GROUPS "\nadd member\nmember: uid=helper," PEOPLE), LW_EACCES);
	ERR(fix_modify(helper, "dn: cn=administrators," GROUPS "\nadd member\nmember: uid=helper," PEOPLE), LW_EACCES);
	ERR(fix_modify(helper, "dn: cn=administrators," GROUPS "\ndelete member"), LW_EACCES);
	/* a grant of what one holds, and of more */
	ERR(grant(helper, "mine", "permit user helper may administer any"), LW_EACCES);
	ERR(grant(helper, "mine", "permit user helper may delete group"), LW_EACCES);
	ERR(fix_modify(helper, "dn: cn=h1," GRANTS "\nreplace lwGrantText\nlwGrantText: permit user helper may all any attrs(*);"),
		LW_EACCES);
	/* administrators are protected */
	ERR(fix_secret(helper, &fix.acme_admin, "x"), LW_EACCES);
	ERR(fix_modify(helper, "dn: " ADMIN "\nreplace description\ndescription: x"), LW_EACCES);
	ERR(fix_delete(helper, ADMIN), LW_EACCES);
	ERR(fix_modify(helper, "dn: " ADMIN "\nreplace lwDisabled\nlwDisabled: TRUE"), LW_EACCES);
	/* the password of one with more rights */
	OK(fix_modify(fix.admin, "dn: cn=power," GROUPS "\nadd member\nmember: " BOB));
	ERR(fix_secret(helper, &bob, "x"), LW_EACCES);
	OK(fix_modify(fix.admin, "dn: cn=power," GROUPS "\ndelete member"));
	/* rules that don't parse or name nobody fail the write that carries them */
	ERR(grant(fix.admin, "bad", "permit everything"), LW_ECONSTRAINT);
	ERR(grant(fix.admin, "bad", "permit group nosuch may delete any"), LW_ECONSTRAINT);
	/* what a rule names is not deleted under it */
	ERR(fix_delete(fix.admin, "cn=power," GROUPS), LW_EUNWILLING);
	OK(fix_delete(fix.admin, "cn=power," GRANTS));
	OK(fix_delete(fix.admin, "cn=power," GROUPS));
	store_session_free(helper);
}

static void deciding_and_explaining(void **state)
{
	struct lw_session *alice;
	struct lw_uuid u;
	struct store_txn *t;
	struct lw_writer w;
	bool permit = true;

	OK(fix_person(fix.admin, "alice", ""));
	u = fix.r.uuid;
	OK(grant(fix.admin, "can", "permit user alice may delete group"));
	OK(group(fix.admin, "team", NULL));
	struct lw_uuid team = fix.r.uuid;
	alice = login(ALICE);
	OK(store_begin(alice, STORE_READ, &t));
	OK(store_may(t, ACCESS_DELETE, &team, NULL));
	ERR(store_may(t, ACCESS_DELETE, &fix.acme_admin, NULL), LW_EACCES);
	ERR(store_may(t, ACCESS_IMPERSONATE, &fix.acme_admin, NULL), LW_EACCES);
	ERR(store_explain(t, &u, ACCESS_DELETE, fix_dn("cn=team," GROUPS), NULL, &permit, NULL), LW_EACCES);
	store_end(t);
	store_session_free(alice);
	OK(store_begin(fix.admin, STORE_READ, &t));
	lw_writer_init(&w, 4096);
	OK(store_explain(t, &u, ACCESS_DELETE, fix_dn("cn=team," GROUPS), NULL, &permit, &w));
	lw_put_u8(&w, 0);
	assert_true(permit);
	assert_non_null(strstr((const char *)lw_written(&w).p, "cn=can," GRANTS));
	lw_writer_reset(&w);
	OK(store_explain(t, &u, ACCESS_DELETE, fix_dn(ADMIN), NULL, &permit, &w));
	assert_false(permit);
	lw_writer_done(&w);
	store_end(t);
}

/* The keys of one with more rights are no more given out than set. */
static void exporting(void **state)
{
	const struct schema_attr *key = schema_attr(LW_LIT("krbPrincipalKey"));
	struct lw_session *alice;
	struct store_txn *t;
	struct lw_uuid web;

	OK(fix_person(fix.admin, "alice", ""));
	OK(fix_add(fix.admin, "dn: cn=web,ou=services," SUFFIX "\nobjectClass: lwService\ncn: web"));
	web = fix.r.uuid;
	OK(grant(fix.admin, "can", "permit user alice may export service attrs(krbPrincipalKey)"));
	alice = login(ALICE);
	OK(store_begin(alice, STORE_READ, &t));
	OK(store_may(t, ACCESS_EXPORT, &web, key));
	store_end(t);
	OK(fix_modify(fix.admin, "dn: cn=administrators," GROUPS "\nadd member\nmember: cn=web,ou=services," SUFFIX));
	OK(store_begin(alice, STORE_READ, &t));
	ERR(store_may(t, ACCESS_EXPORT, &web, key), LW_EACCES);
	store_end(t);
	store_session_free(alice);
	OK(store_begin(fix.admin, STORE_READ, &t));
	OK(store_may(t, ACCESS_EXPORT, &web, key));
	store_end(t);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fix_up, fix_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_row_has_a_right), T(tree_of_a_tenant), T(tenants_are_not_nested), T(disabled_tenant),
		T(tenants_do_not_see_each_other), T(add_errors), T(add_and_read), T(selection), T(modify_results),
		T(stale_precondition), T(references), T(delete_results), T(recreated_inherits_nothing), T(moving),
		T(sessions_end), T(membership_counts_at_once), T(hidden_is_absent), T(secrets_give_nothing),
		T(secrets_ride_along), T(delegated), T(roles_see_principals), T(comparing), T(no_escalation), T(deciding_and_explaining),
		T(exporting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
