/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants' own keys, relying parties and tokens in the store. */
#include <time.h>
#include "tests/unit/issue_fix.h"

/* ---- a tenant's own keys ---- */

static const char *get_key(struct lw_session *s, const char *attr)
{
	struct lw_bytes got;
	struct store_txn *t;
	const char *out;
	uint64_t gen;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_tenant_sealed(t, schema_attr(lw_str(attr)), &got, &gen);
	out = err ? lw_errname(err)
	          : lw_printf(fix.arena, "%llu %.*s", (unsigned long long)gen, (int)got.n, got.p);
	store_end(t);
	return out;
}

static void tenant_keys(void **state)
{
	static const char *const signing[] = { "lwCaKey", "lwSamlKey", "lwJwtKey" };
	const enum store_secret_class sign = STORE_SECRET_SIGNING;
	struct lw_session *kdc;

	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_KDC, &kdc));
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(get_key(auth, signing[i]), "ENOTFOUND");
		ERR(put_key(upkeep, signing[i], sign, 2, "x"), LW_EAGAIN);
		OK(put_key(upkeep, signing[i], sign, 1, signing[i]));
		ERR(put_key(upkeep, signing[i], sign, 1, "x"), LW_EAGAIN);
		ERR(put_key(upkeep, signing[i], STORE_SECRET_KERBEROS, 2, "x"), LW_EINVAL);
		ERR(put_key(alice_s, signing[i], sign, 2, "x"), LW_EACCES);
		ERR(put_key(auth, signing[i], sign, 2, "x"), LW_EACCES);
		ERR(put_key(kdc, signing[i], sign, 2, "x"), LW_EACCES);
		OK(put_key(fix.admin, signing[i], sign, 2, "second"));
		OK(put_key(fix.op, signing[i], sign, 3, signing[i]));
		assert_string_equal(get_key(auth, signing[i]), lw_printf(fix.arena, "3 %s", signing[i]));
		assert_string_equal(get_key(auth_beta, signing[i]), "ENOTFOUND");
		assert_string_equal(get_key(kdc, signing[i]), "EACCES");
		assert_string_equal(get_key(upkeep, signing[i]), i ? "EACCES" : "3 lwCaKey"); /* when a tenant ends */
		assert_string_equal(get_key(fix.op, signing[i]), "EACCES");
		assert_string_equal(get_key(fix.admin, signing[i]), "EACCES");
	}
	OK(put_key(upkeep, "krbPrincipalKey", STORE_SECRET_KERBEROS, 1, "x")); /* the krbtgt's, too, follow each other by age */
	ERR(put_key(fix.admin, "userPassword", STORE_SECRET_PASSWORD, 1, "x"), LW_EINVAL);
	assert_string_equal(get_key(auth, "userPassword"), "EACCES");
	assert_string_equal(get_key(auth, "cn"), "EACCES");
	/* upkeep is for nothing else */
	ERR(fix_secret(upkeep, &alice, "x"), LW_ENOTFOUND);
	ERR(fix_delete(upkeep, ALICE), LW_EACCES);
	ERR(fix_add(upkeep, "dn: cn=x," SUFFIX "\nobjectClass: device\ncn: x"), LW_EACCES);
	struct store_op off = { .kind = STORE_TENANT_STATE, .tenant_uuid = fix.beta_uuid };
	ERR(store_write(upkeep, &off, &fix.r), LW_EACCES);
	store_session_free(kdc);
}

/* ---- relying parties ---- */

static const char *app(struct lw_session *s, const char *name)
{
	struct store_application a;
	const char *out;
	struct store_txn *t;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_application(t, lw_str(name), &a);
	out = err ? lw_errname(err)
	          : lw_printf(fix.arena, "%.*s %.*s acs=%zu certs=%zu%s", (int)a.name.n, a.name.p,
	                    (int)a.entity_id.n, a.entity_id.p, a.n_acs, a.n_certs,
	                    a.disabled ? " disabled" : "");
	store_end(t);
	return out;
}

static void applications(void **state)
{
	assert_string_equal(app(auth, SP), "ENOTFOUND");
	make_shop();
	assert_string_equal(app(auth, SP), "shop " SP " acs=2 certs=0");
	assert_string_equal(app(auth, ACS), "shop " SP " acs=2 certs=0");
	assert_string_equal(app(auth, ACS "2"), "shop " SP " acs=2 certs=0");
	assert_string_equal(app(auth, ACS "3"), "ENOTFOUND");
	assert_string_equal(app(auth, ACS " "), "ENOTFOUND"); /* octet by octet */
	assert_string_equal(app(auth, "HTTPS://shop.acme.example/metadata"), "ENOTFOUND");
	assert_string_equal(app(auth, ""), "ENOTFOUND");
	assert_string_equal(app(auth_beta, SP), "ENOTFOUND");
	assert_string_equal(app(alice_s, SP), "EACCES");
	assert_string_equal(app(upkeep, SP), "EACCES");
	ERR(fix_add(fix.admin, "dn: cn=copy,ou=applications," SUFFIX
	                       "\nobjectClass: lwApplication\ncn: copy\nlwEntityId: " SP),
	        LW_ECONSTRAINT);
	/* beta's own of the same name is another */
	OK(fix_add(fix.other,
	        "dn: cn=theirs,ou=applications,dc=beta,dc=example\nobjectClass: lwApplication\ncn: theirs\n"
	        "lwEntityId: " SP));
	assert_string_equal(app(auth_beta, SP), "theirs " SP " acs=0 certs=0");
	assert_string_equal(app(auth, SP), "shop " SP " acs=2 certs=0");
	/* two with the same address: neither */
	OK(fix_add(fix.admin, "dn: cn=two,ou=applications," SUFFIX
	                      "\nobjectClass: lwApplication\ncn: two\nlwEntityId: urn:two\n"
	                      "lwAcsUrl: " ACS));
	assert_string_equal(app(auth, ACS), "ENOTFOUND");
	assert_string_equal(app(auth, ACS "2"), "shop " SP " acs=2 certs=0");
	OK(fix_modify(fix.admin, "dn: " SHOP "\nreplace lwDisabled\nlwDisabled: TRUE"));
	assert_string_equal(app(auth, SP), "shop " SP " acs=2 certs=0 disabled");
}

/* ---- tokens ---- */

/* "life name=value|value …" */
static const char *token(
        struct lw_session *s, const struct lw_uuid *who, const char *audience, const struct lw_uuid *which)
{
	static const struct lw_uuid none;
	struct store_token k;
	const char *out;
	struct store_txn *t;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_may_token(t, who, lw_str(audience), which ? which : &none, &k);
	if (err)
		out = lw_errname(err);
	else
		out = k.max_life == INT64_MAX
		              ? "-"
		              : lw_printf(fix.arena, "%llds", (long long)(k.max_life / LW_SECOND));
	for (size_t i = 0; !err && i < k.n_claims; i++) {
		out = lw_printf(fix.arena, "%s %s=", out, k.claims[i].name);
		for (size_t j = 0; j < k.claims[i].n; j++)
			out = lw_printf(fix.arena, "%s%s%.*s", out, j ? "|" : "",
			        (int)k.claims[i].values[j].n, k.claims[i].values[j].p);
	}
	store_end(t);
	return out;
}

static void tokens(void **state)
{
	struct lw_uuid shop, gone = lw_uuid_new(&fix.clock);
	char sub[LW_UUID_TEXT];
	const char *own;

	make_shop();
	shop = fix_uuid(SHOP);
	lw_uuid_format(&alice, sub);
	own = lw_printf(fix.arena, "600s sub=%s", sub);
	OK(fix_add(fix.admin,
	        "dn: cn=staff,ou=groups," SUFFIX "\nobjectClass: groupOfNames\ncn: staff\nmember: " ALICE));
	OK(fix_add(fix.admin, "dn: cn=all,ou=groups," SUFFIX "\nobjectClass: groupOfNames\ncn: all\n"
	                      "member: cn=staff,ou=groups," SUFFIX));
	/* called like another one, by a second cn or elsewhere in the tree */
	OK(fix_add(fix.admin, "dn: cn=fools,ou=groups," SUFFIX "\nobjectClass: groupOfNames\ncn: administrators\ncn: fools\nmember: " BOB));
	OK(fix_add(fix.admin, "dn: ou=far,ou=groups," SUFFIX "\nobjectClass: organizationalUnit\nou: far"));
	OK(fix_add(fix.admin, "dn: cn=administrators,ou=far,ou=groups," SUFFIX "\nobjectClass: groupOfNames\ncn: administrators\nmember: " BOB));
	/* nothing by default */
	assert_string_equal(token(alice_s, &alice, SP, &shop), "EACCES");
	assert_string_equal(token(alice_s, &alice, "", NULL), "EACCES");
	assert_string_equal(token(anonymous, &alice, SP, &shop), "EACCES");
	/* what a rule releases, and no more; for registered ones */
	OK(grant("t1", "permit authenticated may token application max-life 10m;"));
	assert_string_equal(token(alice_s, &alice, SP, &shop), own);
	assert_string_equal(token(alice_s, &alice, SP, NULL), own);
	assert_string_equal(token(alice_s, &alice, "https://nobody.example", NULL), "EACCES");
	assert_string_equal(token(alice_s, &alice, "https://nobody.example", &shop), "EACCES");
	assert_string_equal(token(alice_s, &alice, "", NULL), "EACCES");
	assert_string_equal(token(alice_s, &alice, SP "x", &shop), "EACCES");
	OK(grant("t2", "permit authenticated may token audience \"" SP
	               "\" attrs(groups,email,tenant,amr,employeeNumber,upn) max-life 5m;"));
	assert_string_equal(
	        token(alice_s, &alice, SP, &shop), lw_printf(fix.arena,
	                                                   "600s sub=%s groups=staff|all "
	                                                   "email=alice@acme.example tenant=acme.example "
	                                                   "upn=alice@ACME.EXAMPLE amr= employeeNumber=7",
	                                                   sub));
	assert_non_null(strstr(token(bob_s, &bob, SP, &shop), " groups=fools|cn=administrators,ou=far,ou=groups," SUFFIX));
	OK(grant("t3", "forbid user alice may token attrs(email,upn);"));
	assert_string_equal(
	        token(alice_s, &alice, SP, &shop), lw_printf(fix.arena,
	                                                   "600s sub=%s groups=staff|all "
	                                                   "tenant=acme.example amr= employeeNumber=7",
	                                                   sub));
	/* the URI alone, registered nowhere; none */
	OK(grant("t4", "permit user alice may token audience \"https://api.example\" attrs(name);"));
	assert_string_equal(token(alice_s, &alice, "https://api.example", NULL), "- name=alice");
	assert_string_equal(token(alice_s, &alice, "https://api.example", &shop), "EACCES"); /* that is not shop */
	OK(grant("t5", "permit user alice may token audience none;"));
	assert_string_equal(token(alice_s, &alice, "", NULL), lw_printf(fix.arena, "- sub=%s", sub));
	assert_string_equal(token(bob_s, &bob, "", NULL), "EACCES");
	/* another's: only with the right to speak as he */
	assert_string_equal(token(bob_s, &alice, SP, &shop), "EACCES");
	assert_string_equal(token(bob_s, &web, SP, &shop), "ENOTFOUND");
	assert_string_equal(token(bob_s, &gone, SP, &shop), "ENOTFOUND");
	assert_string_equal(token(fix.other, &alice, SP, &shop), "ENOTFOUND");
	OK(grant("t6", "permit user bob may impersonate person under ou=people;"));
	assert_string_equal(
	        token(bob_s, &alice, SP, NULL), lw_printf(fix.arena,
	                                                "600s sub=%s groups=staff|all "
	                                                "email=alice@acme.example tenant=acme.example "
	                                                "upn=alice@ACME.EXAMPLE amr= employeeNumber=7",
	                                                sub)); /* his forbids */
	assert_string_equal(token(bob_s, &fix.acme_admin, SP, NULL), "EACCES");
	/* beta's relying party of the same name is another */
	OK(fix_add(fix.other,
	        "dn: cn=theirs,ou=applications,dc=beta,dc=example\nobjectClass: lwApplication\ncn: theirs\n"
	        "lwEntityId: urn:beta"));
	struct lw_uuid theirs = fix_uuid("cn=theirs,ou=applications,dc=beta,dc=example");
	assert_string_equal(token(alice_s, &alice, "urn:beta", &theirs), "EACCES");
	assert_string_equal(token(alice_s, &alice, SP, &theirs), "EACCES");
	/* the operator for relying parties that are named; administrators for none, too */
	assert_non_null(strstr(token(fix.op, &alice, SP, &shop), "givenName=Alice"));
	assert_non_null(strstr(token(fix.op, &alice, "urn:any", NULL), "sub="));
	assert_string_equal(token(fix.op, &alice, "", NULL), "EACCES");
	assert_non_null(strstr(token(fix.admin, &fix.acme_admin, "", NULL), "groups=administrators"));
	assert_null(strstr(token(fix.admin, &fix.acme_admin, "", NULL), "Credential"));
	assert_null(strstr(token(fix.admin, &fix.acme_admin, "", NULL), "objectClass"));
	assert_null(strstr(token(fix.admin, &fix.acme_admin, "", NULL), "assword"));
	assert_string_equal(token(auth, &alice, SP, &shop), "EACCES");
	assert_string_equal(token(upkeep, &alice, SP, &shop), "EACCES");
	/* who is not there and who is disabled: alike */
	OK(fix_modify(fix.admin, "dn: " SHOP "\nreplace lwDisabled\nlwDisabled: TRUE"));
	assert_string_equal(token(alice_s, &alice, SP, &shop), "EACCES");
	OK(fix_modify(fix.admin, "dn: " ALICE "\nreplace lwDisabled\nlwDisabled: TRUE"));
	assert_string_equal(token(bob_s, &alice, "urn:any", NULL), "ENOTFOUND");
	assert_string_equal(token(fix.op, &alice, "urn:any", NULL), "ENOTFOUND");
}

static void cancelling(void **state)
{
	static const char long_id[] = "_123456789012345678901234567890123456789012345678901234567890123";
	const int64_t until = lw_wall(&fix.clock) + 600 * LW_SECOND;

	assert_false(cancelled(auth, "_a.b-C9"));
	OK(cancel(alice_s, "_a.b-C9", until));
	assert_true(cancelled(auth, "_a.b-C9"));
	assert_false(cancelled(auth, "_a.b-C8"));
	assert_false(cancelled(auth_beta, "_a.b-C9"));
	assert_true(cancelled(alice_s, "_other")); /* no business of hers */
	ERR(cancel(bob_s, "_a.b-C9", until), LW_EEXIST);
	ERR(cancel(anonymous, "_x", until), LW_EACCES);
	ERR(cancel(upkeep, "_x", until), LW_EACCES);
	ERR(cancel(alice_s, "", until), LW_EINVAL);
	ERR(cancel(alice_s, "a b", until), LW_EINVAL);
	ERR(cancel(alice_s, "a,ou=people", until), LW_EINVAL);
	ERR(cancel(alice_s, "_x", lw_wall(&fix.clock)), LW_EINVAL);
	ERR(cancel(alice_s, "_x", lw_wall(&fix.clock) + 500 * DAY), LW_EINVAL);
	OK(cancel(alice_s, long_id, until));
	assert_int_equal(strlen(long_id), 64);
	ERR(cancel(alice_s, lw_printf(fix.arena, "%sx", long_id), until), LW_EINVAL);
	assert_true(cancelled(auth, lw_printf(fix.arena, "%sx", long_id))); /* can't be one of ours */
	assert_string_equal(fix_search(alice_s, TOKENS, STORE_ONE, "(objectClass=*)"), "");
	assert_string_equal(fix_search(fix.admin, TOKENS, STORE_ONE, "(objectClass=*)"),
	        lw_printf(fix.arena, "cn=%s cn=_a.b-C9", long_id));
}

/* ---- how long it takes: --bench ---- */

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

#define N 100000
#define COST(name, call)                                                                                     \
	do {                                                                                                 \
		double from_ = now_us();                                                                     \
		for (int i_ = 0; i_ < N; i_++)                                                               \
			(void)(call);                                                                        \
		print_message("%-28s %.3f us\n", name, (now_us() - from_) / N);                              \
	} while (0)

static int once(struct lw_session *s, int what)
{
	static const struct lw_uuid none;
	struct store_application a;
	struct store_holder h;
	struct store_token k;
	struct store_cert c;
	struct store_txn *t;
	int64_t max;
	int err = store_begin(s, STORE_READ, &t);

	if (err)
		return err;
	switch (what) {
	case 1:
		err = store_may_token(t, &alice, LW_LIT(SP), &none, &k);
		break;
	case 2:
		err = store_cert(t, LW_LIT("\x01\x02\x03\x04\x05\x06\x07\x08"), &c);
		break;
	case 3:
		err = store_application(t, LW_LIT(SP), &a);
		break;
	case 4:
		err = store_holder(t, &alice, &h);
		break;
	case 5:
		err = store_may_enrol(t, &alice, LW_LIT("user"), true, &max);
		break;
	case 6:
		err = store_token_cancelled(t, LW_LIT("_0123456789abcdef0123456789abcdef"));
		break;
	}
	store_end(t);
	return err;
}

static void bench(void **state)
{
	make_shop();
	OK(grant("t", "permit authenticated may token application attrs(sub,groups,email) max-life 10m;"));
	for (int i = 0; i < 2000; i++) {
		char hex[20];
		snprintf(hex, sizeof(hex), "%016x", 0x1000000 + i);
		OK(intent(alice_s, hex, &alice, "user"));
		OK(issued(alice_s, hex, DAY));
	}
	OK(intent(alice_s, "0102030405060708", &alice, "user"));
	OK(issued(alice_s, "0102030405060708", DAY));
	OK(once(alice_s, 1));
	OK(once(auth, 2));
	OK(once(auth, 3));
	OK(once(auth, 4));
	OK(once(alice_s, 5));
	COST("begin, end", once(alice_s, 0));
	COST("… may token", once(alice_s, 1));
	COST("… certificate", once(auth, 2));
	COST("… application", once(auth, 3));
	COST("… holder", once(auth, 4));
	COST("… may enrol", once(alice_s, 5));
	COST("… token cancelled?", once(auth, 6));
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, issue_up, issue_down)
	const struct CMUnitTest tests[] = { T(tenant_keys), T(applications), T(tokens), T(cancelling) };
	const struct CMUnitTest benches[] = { T(bench) };

	if (argc > 1 && !strcmp(argv[1], "--bench"))
		return cmocka_run_group_tests(benches, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
