/* SPDX-License-Identifier: Apache-2.0 */
/* Trust between tenants: what opens the fence, for whom and for what, and that everything else is as if it were not there.
 * Acme has the data, beta's people come for it. */
#include "tests/unit/ops_fix.h"
#include "store/guard.h"

#define ACME  "dc=acme,dc=example"
#define BETA  "dc=beta,dc=example"
#define ALICE "uid=alice,ou=people," ACME
#define CAROL "uid=carol,ou=people," BETA
#define DESK  "cn=support,ou=groups," BETA
#define OK(x)       assert_err((x), LW_OK, #x, __LINE__)
#define ERR(x, err) assert_err((x), err, #x, __LINE__)

static void assert_err(int got, int want, const char *what, int line)
{
	if (got != want)
		fail_msg("line %d: %s: %s (%s), not %s", line, what, lw_errname(got), fix.r.text, lw_errname(want));
}

static struct lw_session *carol, *dave, *erin; /* in the group; not; in it by another group */

static int person(struct lw_session *s, const char *uid, const char *suffix)
{
	return fix_add(s, lw_printf(fix.arena, "dn: uid=%s,ou=people,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\n"
		"telephoneNumber: +1-%s\nemployeeNumber: 7", uid, suffix, uid, uid, uid, uid));
}

static int group(struct lw_session *s, const char *cn, const char *suffix, const char *member)
{
	return fix_add(s, lw_printf(fix.arena, "dn: cn=%s,ou=groups,%s\nobjectClass: groupOfNames\ncn: %s\nmember: %s", cn, suffix, cn,
		member));
}

static int grant(struct lw_session *s, const char *cn, const char *suffix, const char *text)
{
	return fix_add(s, lw_printf(fix.arena, "dn: cn=%s,ou=grants,%s\nobjectClass: lwGrant\ncn: %s\nlwGrantText: %s", cn, suffix, cn, text));
}

static int trust(struct lw_session *s, const char *partner, const char *suffix, const char *groups)
{
	return fix_add(s, lw_printf(fix.arena, "dn: cn=%s,ou=trusts,%s\nobjectClass: lwTrust\ncn: %s%s", partner, suffix, partner, groups));
}

static int one(struct lw_session *s, const char *dn, const char *how, const char *attr, const char *value)
{
	return fix_modify(s, lw_printf(fix.arena, "dn: %s\n%s %s%s%s%s%s", dn, how, attr, value ? "\n" : "", value ? attr : "",
		value ? ": " : "", value ? value : ""));
}

static struct lw_session *beta(const char *uid)
{
	struct lw_uuid u = fix_uuid(lw_printf(fix.arena, "uid=%s,ou=people," BETA, uid));
	struct lw_session *s = fix_login(fix.beta, &fix.beta_uuid, &u, 0);

	assert_non_null(s);
	return s;
}

#define READS "permit partner beta.example group support may read,search,compare person under ou=people attrs(cn,uid,telephoneNumber);"
#define TRUST_ACME "cn=beta.example,ou=trusts," ACME
#define TRUST_BETA "cn=acme.example,ou=trusts," BETA

static int up(void **state)
{
	fix_up(state);
	OK(person(fix.admin, "alice", ACME));
	OK(person(fix.admin, "bob", ACME));
	OK(person(fix.other, "carol", BETA));
	OK(person(fix.other, "dave", BETA));
	OK(person(fix.other, "erin", BETA));
	OK(group(fix.other, "second", BETA, "uid=erin,ou=people," BETA));
	OK(group(fix.other, "support", BETA, CAROL));
	OK(one(fix.other, DESK, "add", "member", "cn=second,ou=groups," BETA));
	OK(grant(fix.admin, "desk", ACME, READS));
	OK(trust(fix.admin, "beta.example", ACME, ""));
	OK(trust(fix.other, "acme.example", BETA, "\nlwTrustGroup: " DESK));
	carol = beta("carol");
	dave = beta("dave");
	erin = beta("erin");
	return 0;
}

static int down(void **state)
{
	store_session_free(carol);
	store_session_free(dave);
	store_session_free(erin);
	return fix_down(state);
}

/* What a session finds in acme: its own way, and as a partner. */
static const char *sees(struct lw_session *home)
{
	struct lw_session *s;
	const char *got;

	assert_string_equal(fix_search(home, ACME, STORE_SUB, "(objectClass=*)"), "ENOTFOUND");
	if (store_session_partner(home, fix.acme, &s))
		return "nothing";
	got = fix_search(s, "ou=people," ACME, STORE_SUB, "(uid=*)");
	store_session_free(s);
	return got;
}

#define ALL "uid=admin uid=alice uid=bob"

static struct lw_session *partner(struct lw_session *home)
{
	struct lw_session *s = NULL;

	OK(store_session_partner(home, fix.acme, &s));
	return s;
}

/* ---- who is let in ---- */

static void members_of_an_offered_group(void **state)
{
	struct lw_session *s = partner(carol);

	assert_string_equal(sees(carol), "ENOTFOUND"); /* the base is not hers to see: only people are */
	OK(grant(fix.admin, "base", ACME, "permit partner BETA.example group Support may search entry attrs(ou);"));
	assert_string_equal(sees(carol), ALL);
	assert_string_equal(sees(erin), ALL);
	assert_string_equal(sees(dave), "nothing");
	assert_string_equal(sees(fix.other), "nothing"); /* beta's administrator is in no offered group */
	assert_string_equal(fix_attrs(s, ALICE, "* +", false), "cn=alice;uid=alice;telephoneNumber=+1-alice");
	assert_string_equal(fix_read(s, ALICE, "employeeNumber"), "ENOATTR");
	assert_string_equal(fix_search(s, "", STORE_SUB, "(uid=*)"), "ENOTFOUND");
	assert_string_equal(fix_search(s, CAROL, STORE_BASE, "(uid=*)"), "ENOTFOUND"); /* there he is in acme alone */
	assert_int_equal(store_session_tenant(s), fix.acme);
	assert_int_equal(store_session_home(s), fix.beta);
	store_session_free(s);
}

static void both_sides_and_nothing_less(void **state)
{
	struct lw_session *s = partner(carol), *none = NULL, *of_acme = fix_login(fix.acme, &fix.acme_uuid, &fix.acme_admin, 1);

	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	/* it is one way: beta's grants say nothing of acme's groups */
	ERR(store_session_partner(of_acme, fix.beta, &none), LW_ENOTFOUND);
	OK(fix_delete(fix.admin, TRUST_ACME));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND"); /* on the session that was open */
	ERR(store_session_partner(carol, fix.acme, &none), LW_ENOTFOUND);
	OK(trust(fix.admin, "beta.example", ACME, ""));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	OK(fix_delete(fix.other, TRUST_BETA));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(trust(fix.other, "acme.example", BETA, "")); /* offers nobody */
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(one(fix.other, TRUST_BETA, "add", "lwTrustGroup", DESK));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	OK(one(fix.admin, TRUST_ACME, "replace", "lwDisabled", "TRUE"));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(one(fix.admin, TRUST_ACME, "replace", "lwDisabled", NULL));
	OK(fix_delete(fix.admin, "cn=desk,ou=grants," ACME));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	store_session_free(of_acme);
	store_session_free(s);
}

static int tenant_state(const struct lw_uuid *uuid, bool enabled)
{
	struct store_op op = { .kind = STORE_TENANT_STATE, .tenant_uuid = *uuid, .tenant_enabled = enabled };

	return store_write(fix.admin, &op, &fix.r);
}

/* Whatever ends the principal, his membership, his group or a tenant ends it here, on open sessions. */
static void it_ends_at_once(void **state)
{
	struct lw_session *s = partner(carol), *nested = partner(erin);

	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	OK(one(fix.other, CAROL, "replace", "lwDisabled", "TRUE"));
	assert_string_equal(fix_read(s, ALICE, "cn"), "EDISABLED");
	OK(one(fix.other, CAROL, "replace", "lwDisabled", NULL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	OK(one(fix.other, DESK, "delete", "member", CAROL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(one(fix.other, DESK, "add", "member", CAROL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	assert_string_equal(fix_read(nested, ALICE, "cn"), "alice");
	OK(one(fix.other, "cn=second,ou=groups," BETA, "delete", "member", "uid=erin,ou=people," BETA));
	assert_string_equal(fix_read(nested, ALICE, "cn"), "ENOTFOUND");
	OK(tenant_state(&fix.beta_uuid, false));
	assert_string_equal(fix_read(s, ALICE, "cn"), "EDISABLED");
	OK(tenant_state(&fix.beta_uuid, true));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	/* another name is not the rule's */
	OK(fix_moddn(fix.other, DESK, "cn=service desk", true, NULL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(fix_moddn(fix.other, "cn=service desk,ou=groups," BETA, "cn=SUPPORT", true, NULL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	/* a group of the old name is another one, which nobody offers */
	OK(fix_delete(fix.other, DESK));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(group(fix.other, "support", BETA, CAROL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "ENOTFOUND");
	OK(one(fix.other, TRUST_BETA, "add", "lwTrustGroup", DESK));
	assert_string_equal(fix_read(s, ALICE, "cn"), "alice");
	OK(fix_delete(fix.other, CAROL));
	assert_string_equal(fix_read(s, ALICE, "cn"), "EREVOKED");
	store_session_free(s);
	store_session_free(nested);
}

static void a_second_name_of_a_group_is_none(void **state)
{
	OK(group(fix.other, "others", BETA, "uid=dave,ou=people," BETA));
	OK(one(fix.other, TRUST_BETA, "add", "lwTrustGroup", "cn=others,ou=groups," BETA));
	OK(one(fix.other, "cn=others,ou=groups," BETA, "add", "cn", "support"));
	assert_string_equal(sees(dave), "nothing");
}

/* Rules of acme's own are for acme's own, whatever the numbers of the entries. */
static void no_other_rule_is_for_them(void **state)
{
	struct lw_session *s;
	uint64_t alike[2];
	struct ops_who w;
	struct eng_txn *e;

	OK(grant(fix.admin, "all", ACME, "permit authenticated may read,search,compare,write person attrs(*);"));
	OK(grant(fix.admin, "class", ACME, "permit class person may read,write person attrs(*);"));
	OK(grant(fix.admin, "self", ACME, "permit self may write person attrs(*);"));
	OK(grant(fix.admin, "manager", ACME, "permit manager may write person attrs(*);"));
	OK(grant(fix.admin, "forbid", ACME, "forbid authenticated may read person attrs(cn);"));
	/* the entry of acme that has carol's number, and the group that has her group's */
	OK(eng_begin(fix.store, &e));
	struct lw_uuid u = fix_uuid(CAROL);
	OK(ops_who(e, fix.beta, &u, false, &w));
	alike[0] = w.subject.id;
	alike[1] = w.subject.groups[0];
	for (int i = 0; i < 2; i++) {
		struct eng_entry there;
		OK(eng_entry(e, fix.acme, alike[i], &there));
	}
	eng_end(e);
	s = partner(carol);
	assert_string_equal(fix_attrs(s, ALICE, "* +", false), "cn=alice;uid=alice;telephoneNumber=+1-alice");
	ERR(one(s, ALICE, "replace", "description", "x"), LW_EACCES);
	store_session_free(s);
}

/* ---- what they may ---- */

static void only_what_can_be_given(void **state)
{
	static const char *const refused[] = {
		"permit partner beta.example group support may all any attrs(*);",
		"permit partner beta.example group support may ticket service;",
		"permit partner beta.example group support may token audience none;",
		"permit partner beta.example group support may enrol person;",
		"permit partner beta.example group support may set-secret person attrs(userPassword);",
		"permit partner beta.example group support may administer tenant;",
		"permit partner beta.example group support may delegate,impersonate person;",
		"permit partner beta.example group support may revoke certificate;",
		"permit partner beta.example group support may export service attrs(krbPrincipalKey);",
		"permit partner beta.example group support may write any attrs(*);",
		"permit partner beta.example group support may create grant attrs(*);",
		"permit partner beta.example group support may write trust attrs(*);",
		"permit partner beta.example group support may delete policy;",
		"permit partner beta.example group support may move certificate;",
		"permit partner beta.example group support may read person attrs(userPassword);",
		"permit partner acme.example group staff may read person attrs(cn);",
		"permit partner nowhere.example group staff may read person attrs(cn);",
		"permit partner beta.example may read person attrs(cn);",
		"permit partner beta.example user carol may read person attrs(cn);",
		"permit partner group support may read person attrs(cn);",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ERR(grant(fix.admin, "no", ACME, refused[i]), LW_ECONSTRAINT);
	OK(grant(fix.admin, "any", ACME, "permit partner \"beta.example\" group \"no such group\" may read any attrs(*);"));
}

static void they_write_what_a_grant_says(void **state)
{
	struct lw_session *s;

	OK(grant(fix.admin, "make", ACME,
		"permit partner beta.example group support may create,delete,move person under ou=people attrs(*);"));
	OK(grant(fix.admin, "see", ACME, "permit partner beta.example group support may read,search any attrs(*);"));
	OK(grant(fix.admin, "write", ACME, "permit partner beta.example group support may write person attrs(description,uid);"));
	s = partner(carol);
	OK(one(s, ALICE, "replace", "description", "by carol"));
	assert_string_equal(fix_read(s, ALICE, "modifiersName"), CAROL);
	ERR(one(s, ALICE, "replace", "title", "boss"), LW_EACCES);
	ERR(one(s, ALICE, "replace", "lwDisabled", "TRUE"), LW_EACCES);
	/* administrators are protected */
	ERR(one(s, "uid=admin,ou=people," ACME, "replace", "description", "x"), LW_EACCES);
	OK(person(s, "eve", ACME));
	assert_string_equal(fix_read(s, "uid=eve,ou=people," ACME, "creatorsName"), CAROL);
	assert_string_equal(fix_read(s, "uid=eve,ou=people," ACME, "krbPrincipalName"), "eve@ACME.EXAMPLE");
	OK(fix_moddn(s, "uid=eve,ou=people," ACME, "uid=eva", true, NULL));
	OK(fix_delete(s, "uid=eva,ou=people," ACME));
	ERR(group(s, "mine", ACME, ALICE), LW_EACCES);
	ERR(fix_secret(s, &(struct lw_uuid){ 0 }, "x"), LW_EACCES);
	/* and at home as before */
	ERR(one(carol, ALICE, "replace", "description", "x"), LW_ENOTFOUND);
	OK(fix_delete(fix.other, TRUST_BETA));
	ERR(one(s, ALICE, "replace", "description", "late"), LW_ENOTFOUND);
	store_session_free(s);
}

/* A partner who may write members gives no more than he holds. */
static void they_escalate_nothing(void **state)
{
	struct lw_session *s;

	OK(group(fix.admin, "staff", ACME, ALICE));
	OK(group(fix.admin, "plain", ACME, ALICE));
	OK(grant(fix.admin, "staff", ACME, "permit group staff may write person attrs(title);"));
	OK(grant(fix.admin, "members", ACME, "permit partner beta.example group support may write group attrs(member);"));
	OK(grant(fix.admin, "see", ACME, "permit partner beta.example group support may read,search any attrs(*);"));
	s = partner(carol);
	OK(one(s, "cn=plain,ou=groups," ACME, "add", "member", "uid=bob,ou=people," ACME));
	ERR(one(s, "cn=staff,ou=groups," ACME, "add", "member", "uid=bob,ou=people," ACME), LW_EACCES);
	ERR(one(s, "cn=administrators,ou=groups," ACME, "add", "member", "uid=bob,ou=people," ACME), LW_EACCES);
	/* nobody of beta can become a member: there are no such names in acme */
	ERR(one(s, "cn=plain,ou=groups," ACME, "add", "member", CAROL), LW_ECONSTRAINT);
	ERR(grant(s, "mine", ACME, READS), LW_EACCES);
	ERR(fix_delete(s, "cn=desk,ou=grants," ACME), LW_EACCES);
	ERR(fix_delete(s, TRUST_ACME), LW_EACCES);
	store_session_free(s);
}

/* ---- who writes trusts, and what is offered ---- */

static void trusts_are_administrators(void **state)
{
	struct lw_uuid alice_uuid = fix_uuid(ALICE);
	struct lw_session *alice, *asserted = NULL;
	char uuid[LW_UUID_TEXT];
	struct lw_cap cap = { .tenant = fix.acme, .tenant_uuid = fix.acme_uuid, .subject = fix.acme_admin, .actor = fix.acme_admin,
		.methods = LW_CAP_CERT, .flags = LW_CAP_CONFIDENTIAL | LW_CAP_ASSERTED, .auth_time = lw_wall(&fix.clock),
		.expiry = lw_wall(&fix.clock) + 60 * LW_SECOND, .credential_version = 1 };

	OK(grant(fix.admin, "alice", ACME, "permit user alice may read,search,create,write,delete,move any attrs(*);"));
	alice = fix_login(fix.acme, &fix.acme_uuid, &alice_uuid, 0);
	OK(store_session_cap(fix.store, &cap, &asserted));
	struct lw_session *const no[] = { alice, asserted };
	for (int i = 0; i < 2; i++) {
		ERR(one(no[i], TRUST_ACME, "replace", "description", "x"), LW_EACCES);
		ERR(fix_delete(no[i], TRUST_ACME), LW_EACCES);
	}
	OK(fix_delete(fix.admin, TRUST_ACME));
	for (int i = 0; i < 2; i++)
		ERR(trust(no[i], "beta.example", ACME, ""), LW_EACCES);
	ERR(trust(fix.other, "beta.example", ACME, ""), LW_ENOTFOUND);
	ERR(trust(fix.admin, "nowhere.example", ACME, ""), LW_ECONSTRAINT);
	ERR(trust(fix.admin, "acme.example", ACME, ""), LW_ECONSTRAINT);
	ERR(trust(fix.admin, "not a domain", ACME, ""), LW_ENAMING);
	ERR(fix_add(fix.admin, "dn: cn=beta.example,ou=people," ACME "\nobjectClass: lwTrust\ncn: beta.example"), LW_ENAMING);
	ERR(fix_add(fix.admin, "dn: cn=b,ou=trusts," ACME "\nobjectClass: lwTrust\ncn: b\ncn: beta.example"), LW_ECONSTRAINT);
	ERR(fix_add(fix.admin, "dn: cn=beta.example+description=x,ou=trusts," ACME "\nobjectClass: lwTrust"), LW_ENAMING);
	ERR(fix_add(fix.admin, "dn: description=beta.example,ou=trusts," ACME "\nobjectClass: lwTrust\ncn: beta.example"), LW_ENAMING);
	ERR(trust(fix.admin, "beta.example", ACME, "\nlwTrustGroup: " ALICE), LW_ECONSTRAINT);
	ERR(trust(fix.admin, "beta.example", ACME, "\nlwTrustTenant: 00000000-0000-4000-8000-000000000001"), LW_ECONSTRAINT);
	OK(trust(fix.op, "BETA.example", ACME, "")); /* the operator too */
	ERR(trust(fix.admin, "beta.example", ACME, ""), LW_EEXIST);
	ERR(one(fix.admin, TRUST_ACME, "add", "lwTrustGroup", ALICE), LW_ECONSTRAINT);
	ERR(one(fix.admin, TRUST_ACME, "replace", "lwTrustTenant", "00000000-0000-4000-8000-000000000001"), LW_ECONSTRAINT);
	ERR(fix_moddn(fix.admin, TRUST_ACME, "cn=gamma.example", true, NULL), LW_EUNWILLING);
	lw_uuid_format(&fix.beta_uuid, uuid);
	assert_string_equal(fix_read(fix.admin, TRUST_ACME, "lwTrustTenant"), uuid);
	store_session_free(alice);
	store_session_free(asserted);
}

/* Who puts somebody into an offered group, or becomes somebody in it, gives what he can't see: he must be in it himself. */
static void an_offered_group_is_not_given_away(void **state)
{
	struct lw_session *writer;
	struct lw_uuid d = fix_uuid("uid=dave,ou=people," BETA), c = fix_uuid(CAROL);

	OK(grant(fix.other, "dave", BETA, "permit user dave may read,search,write,move,create,delete person,group attrs(*);"));
	OK(grant(fix.other, "carol", BETA, "permit user carol may read,search,write person,group attrs(*);"));
	OK(grant(fix.other, "secrets", BETA, "permit user dave may set-secret person attrs(userPassword);"));
	writer = fix_login(fix.beta, &fix.beta_uuid, &d, 0);
	OK(one(writer, "cn=second,ou=groups," BETA, "replace", "description", "harmless"));
	ERR(one(writer, DESK, "add", "member", "uid=dave,ou=people," BETA), LW_EACCES);
	ERR(one(writer, DESK, "delete", "member", CAROL), LW_EACCES);
	ERR(one(writer, "cn=second,ou=groups," BETA, "add", "member", "uid=dave,ou=people," BETA), LW_EACCES);
	ERR(fix_secret(writer, &c, "blob"), LW_EACCES);
	ERR(fix_delete(writer, DESK), LW_EACCES);
	ERR(fix_moddn(writer, DESK, "cn=other", true, NULL), LW_EACCES);
	ERR(one(writer, TRUST_BETA, "add", "lwTrustGroup", "cn=second,ou=groups," BETA), LW_ENOTFOUND);
	/* carol is in it */
	OK(one(carol, DESK, "add", "member", "uid=dave,ou=people," BETA));
	assert_string_equal(fix_read(writer, CAROL, "cn"), "carol");
	OK(fix_secret(writer, &c, "blob")); /* now he holds what she has */
	store_session_free(writer);
}

/* A rule for a partner's group is a rule like any: its author holds what it gives. */
static void authors_hold_what_they_give(void **state)
{
	struct lw_uuid u = fix_uuid(ALICE);
	struct lw_session *alice;

	OK(grant(fix.admin, "alice", ACME, "permit user alice may read,search,create,write grant attrs(*);"));
	OK(grant(fix.admin, "tel", ACME, "permit user alice may read person attrs(telephoneNumber,cn);"));
	alice = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	OK(grant(alice, "one", ACME, "permit partner beta.example group support may read person under ou=people attrs(telephoneNumber);"));
	ERR(grant(alice, "two", ACME, "permit partner beta.example group support may write person attrs(telephoneNumber);"), LW_EACCES);
	/* what is forbidden to everybody of acme is forbidden to alice, and would not be to a partner */
	OK(grant(fix.admin, "forbid", ACME, "forbid authenticated may read person attrs(cn);"));
	ERR(grant(alice, "three", ACME, "permit partner beta.example group support may read person attrs(cn);"), LW_EACCES);
	store_session_free(alice);
}

static const char *explain(struct lw_session *s, const char *domain, const char *name, enum access_verb verb, const char *attr)
{
	struct lw_writer w;
	struct store_txn *t;
	bool permit = false;
	char *ret;
	int err;

	OK(store_begin(s, STORE_READ, &t));
	lw_writer_init(&w, 4096);
	err = store_explain_partner(t, lw_str(domain), lw_str(name), verb, fix_dn(ALICE), attr ? schema_attr(lw_str(attr)) : NULL, &permit, &w);
	ret = err ? lw_strdup(fix.arena, lw_errname(err)) :
		lw_printf(fix.arena, "%s %.*s", permit ? "yes" : "no", (int)w.n, (const char *)w.p);
	lw_writer_done(&w);
	store_end(t);
	return ret;
}

static void explained(void **state)
{
	assert_string_equal(explain(fix.admin, "beta.example", "SUPPORT", ACCESS_READ, "cn"),
		"yes permitted by a rule: cn=desk,ou=grants," ACME ": " READS
		" (if the partner holds a trust with this tenant too, and offers the group)");
	assert_string_equal(explain(fix.admin, "beta.example", "support", ACCESS_READ, "title"), "no no rule permits it");
	assert_string_equal(explain(fix.admin, "beta.example", "no such", ACCESS_READ, "cn"), "no no rule permits it");
	assert_string_equal(explain(fix.admin, "beta.example", "support", ACCESS_TICKET, NULL), "no not to be had by a partner tenant's people");
	assert_string_equal(explain(fix.admin, "nowhere.example", "support", ACCESS_READ, "cn"), "ENOTFOUND");
	assert_string_equal(explain(fix.admin, "acme.example", "support", ACCESS_READ, "cn"), "EINVAL");
	OK(fix_delete(fix.admin, TRUST_ACME));
	assert_string_equal(explain(fix.admin, "beta.example", "support", ACCESS_READ, "cn"), "no there is no trust with this tenant here");
	assert_string_equal(explain(carol, "acme.example", "support", ACCESS_READ, "cn"), "EACCES");
}

/* Nobody but a person who acts for himself comes as a partner. */
static void who_has_no_partner_session(void **state)
{
	struct lw_cap cap = { .tenant = fix.beta, .tenant_uuid = fix.beta_uuid, .subject = fix_uuid(CAROL), .actor = fix_uuid("uid=dave,ou=people," BETA),
		.methods = LW_CAP_PASSWORD, .auth_time = lw_wall(&fix.clock), .expiry = lw_wall(&fix.clock) + 60 * LW_SECOND };
	struct lw_session *delegated = NULL, *nobody = NULL, *operator_ = NULL, *s = NULL, *guest = partner(carol);

	OK(store_session_cap(fix.store, &cap, &delegated));
	OK(store_session_anonymous(fix.store, fix.beta, &nobody));
	OK(store_session_role(fix.store, fix.beta, STORE_ROLE_OPERATOR, &operator_));
	struct lw_session *const all[] = { delegated, nobody, operator_, guest };
	for (int i = 0; i < 4; i++) {
		ERR(store_session_partner(all[i], fix.acme, &s), LW_ENOTFOUND);
		ERR(store_session_partner(all[i], fix.beta, &s), LW_ENOTFOUND);
		ERR(store_session_partner(all[i], 0, &s), LW_ENOTFOUND);
		ERR(store_session_partner(all[i], 77, &s), LW_ENOTFOUND);
	}
	store_session_free(delegated);
	store_session_free(nobody);
	store_session_free(operator_);
	/* of the writer's operations none but the four on entries */
	for (enum store_op_kind k = STORE_SET_SECRET; k < STORE_OP_COUNT; k++) {
		struct store_op op = { .kind = k };
		ERR(store_write(guest, &op, &fix.r), LW_EACCES);
	}
	store_session_free(guest);
}

static void the_container_stays(void **state)
{
	ERR(fix_moddn(fix.op, "ou=trusts," ACME, "ou=x", true, NULL), LW_EUNWILLING);
	ERR(fix_delete(fix.admin, "ou=trusts," ACME), LW_EUNWILLING);
}

/* Its name is not free yet: whoever has it next is another. */
static void a_dying_tenant_is_no_partner(void **state)
{
	struct store_op op = { .kind = STORE_TENANT_DELETE, .tenant_uuid = fix.beta_uuid };

	OK(fix_delete(fix.admin, TRUST_ACME));
	OK(store_write(fix.op, &op, &fix.r));
	ERR(trust(fix.admin, "beta.example", ACME, ""), LW_ECONSTRAINT);
	assert_string_equal(fix.r.text, "there is no tenant beta.example");
	ERR(grant(fix.admin, "late", ACME, READS), LW_ECONSTRAINT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
	const struct CMUnitTest tests[] = {
		T(members_of_an_offered_group), T(both_sides_and_nothing_less), T(it_ends_at_once), T(a_second_name_of_a_group_is_none),
		T(no_other_rule_is_for_them), T(only_what_can_be_given), T(they_write_what_a_grant_says), T(they_escalate_nothing),
		T(trusts_are_administrators), T(an_offered_group_is_not_given_away), T(authors_hold_what_they_give), T(explained),
		T(who_has_no_partner_session), T(the_container_stays), T(a_dying_tenant_is_no_partner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
