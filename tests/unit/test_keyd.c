/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: guesses, passwords, tenants, the dispatcher, names of listeners. */
#include "tests/unit/keyd_fix.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "keys/cap.h"

/* ---- verify ---- */
static void right_and_wrong(void **state)
{
	struct keys_token t;
	struct lw_cap cap, checked;

	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(cap.tenant, acme);
	assert_true(lw_uuid_eq(&cap.tenant_uuid, &acme_uuid) && lw_uuid_eq(&cap.subject, &alice) &&
	            lw_uuid_eq(&cap.actor, &alice));
	assert_int_equal(cap.methods, LW_CAP_PASSWORD);
	assert_int_equal(cap.flags, LW_CAP_CONFIDENTIAL);
	assert_int_equal(cap.auth_time, NOW);
	assert_int_equal(cap.expiry, NOW + INT64_C(43200) * LW_SECOND);
	assert_int_equal(keys_check(keys, tok(&t), &checked), LW_OK);
	assert_memory_equal(checked.id, cap.id, 16);
	clk.test_wall = cap.expiry;
	assert_int_equal(keys_check(keys, tok(&t), &checked), LW_EEXPIRED);
	clk.test_wall = NOW;
	assert_int_equal(verify(acme, &alice, "alice's passwore", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &alice, "", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &alice, "bob's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &NOBODY, "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &acme_uuid, "alice's password", NULL, NULL), LW_EAUTH);
	/* another tenant's account, and a tenant that is not there */
	assert_int_equal(verify(beta, &alice, "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(999, &alice, "alice's password", NULL, NULL), LW_EAUTH);
}

static void disabled(void **state)
{
	struct lw_bytes yes[] = { LW_LIT("TRUE") };
	struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("lwDisabled"), yes, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_op off = {
		.kind = STORE_TENANT_STATE, .tenant_uuid = beta_uuid, .tenant_enabled = false
	};
	struct store_result res;
	struct lw_session *s;
	struct lw_cap admin;

	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", NULL, &admin), LW_OK);
	assert_int_equal(dn_parse(arena, LW_LIT("uid=alice,ou=people,dc=acme,dc=example"), &op.dn), LW_OK);
	assert_int_equal(write_as(&admin, &op, &res), LW_OK);
	assert_int_equal(verify(acme, &alice, "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &bob, "bob's password", NULL, NULL), LW_OK);
	assert_int_equal(store_session_role(store, 0, STORE_ROLE_OPERATOR, &s), LW_OK);
	assert_int_equal(store_write(s, &off, &res), LW_OK);
	store_session_free(s);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", NULL, NULL), LW_EAUTH);
}

static double seconds_of_verify(const struct lw_uuid *who, int want)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(verify(acme, who, "wrong", NULL, NULL), want);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* Only a name that exists is ever locked: an answer without a hash would tell which names do. */
static void locked_is_not_quick(void **state)
{
	static const struct lw_uuid nobody;
	double unknown = 1e9, locked = 1e9;

	for (int i = 0; i < 10; i++)
		assert_int_equal(verify(acme, &alice, "wrong", NULL, NULL), LW_EAUTH);
	for (int i = 0; i < 5; i++) { /* the least of some: what others do on this machine is not measured */
		double u = seconds_of_verify(&nobody, LW_EAUTH), l = seconds_of_verify(&alice, LW_ELOCKED);
		unknown = u < unknown ? u : unknown;
		locked = l < locked ? l : locked;
	}
	assert_true(locked > unknown / 2);
}

static void guesses_are_counted(void **state)
{
	struct keys_token t;
	struct lw_cap cap;

	for (int i = 0; i < 10; i++)
		assert_int_equal(verify(acme, &alice, "wrong", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &alice, "alice's password", NULL, NULL), LW_ELOCKED);
	assert_int_equal(verify(acme, &bob, "bob's password", &t, &cap), LW_OK);
	assert_int_equal(keys_unlock(keys, tok(&t), acme, &alice), LW_EACCES);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &t, &cap), LW_OK);
	assert_int_equal(keys_unlock(keys, tok(&t), acme, &alice), LW_EACCES);
	assert_int_equal(verify(acme, &alice, "alice's password", NULL, NULL), LW_ELOCKED);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(keys_unlock(keys, tok(&t), acme, &alice), LW_OK);
	assert_int_equal(verify(acme, &alice, "alice's password", NULL, NULL), LW_OK);
}

/* ---- set ---- */
static int set_as(const struct keys_token *t, uint32_t tenant, const struct lw_uuid *who, const char *old,
        const char *password, struct store_sealed_item **items, size_t *n)
{
	static char text[200];
	int err = keys_set_password(keys, tok(t), tenant, who, 0, NULL, lw_str(old), lw_str(password), &HERE,
	        arena, items, n, text);

	if (err == LW_EPWPOLICY)
		assert_true(text[0] != '\0');
	return err;
}

static void store_it(const struct lw_cap *cap, const struct lw_uuid *who, const char *uid,
        struct store_sealed_item *items, size_t n, bool proved, struct store_result *res)
{
	struct store_op op = { .kind = STORE_SET_SECRET,
		.uuid = *who,
		.secrets = items,
		.nsecrets = n,
		.old_password_proved = proved };

	assert_int_equal(
	        dn_parse(arena, lw_str(lw_printf(arena, "uid=%s,ou=people,dc=acme,dc=example", uid)), &op.dn),
	        LW_OK);
	assert_int_equal(write_as(cap, &op, res), LW_OK);
}

static void ones_own(void **state)
{
	struct store_sealed_item *items;
	struct store_result res;
	struct keys_token t, t2;
	struct lw_cap cap, cap2;
	size_t n;

	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(keys_renew(keys, tok(&t), &t2, &cap2), LW_EAUTH); /* nothing was changed */
	assert_int_equal(set_as(&t, acme, &alice, "not hers", "a new password", &items, &n), LW_EAUTH);
	assert_int_equal(set_as(&t, acme, &alice, "alice's password", "short", &items, &n), LW_EPWPOLICY);
	assert_int_equal(
	        set_as(&t, acme, &alice, "alice's password", "alice@acme.EXAMPLE", &items, &n), LW_EPWPOLICY);
	assert_int_equal(
	        set_as(&t, acme, &alice, "alice's password", "alice's password", &items, &n), LW_EPWPOLICY);
	assert_int_equal(set_as(&t, acme, &alice, "alice's password", "a new password", &items, &n), LW_OK);
	assert_int_equal(n, 2);
	store_it(&cap, &alice, "alice", items, n, true, &res);
	assert_int_equal(verify(acme, &alice, "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(verify(acme, &alice, "a new password", NULL, NULL), LW_OK);
	assert_int_equal(keys_renew(keys, tok(&t), &t2, &cap2), LW_OK);
	assert_int_equal(cap2.credential_version, res.credential_version);
	assert_int_equal(cap2.auth_time, cap.auth_time);
	assert_int_equal(cap2.expiry, cap.expiry);
	/* the history remembers */
	clk.test_wall += LW_SECOND;
	assert_int_equal(
	        set_as(&t2, acme, &alice, "a new password", "alice's password", &items, &n), LW_EPWPOLICY);
	/* the old token is as good as revoked */
	assert_int_equal(
	        set_as(&t, acme, &alice, "a new password", "another password", &items, &n), LW_EREVOKED);
	clk.test_mono += 61 * LW_SECOND;
	assert_int_equal(keys_renew(keys, tok(&t), &t2, &cap2), LW_EAUTH); /* too late */
}

/* What a new tenant starts with: fifteen minutes, or the old password. */
static void fifteen_minutes(void **state)
{
	struct store_sealed_item *items;
	struct keys_token t;
	size_t n;

	assert_int_equal(verify(acme, &alice, "alice's password", &t, NULL), LW_OK);
	clk.test_wall += 14 * 60 * LW_SECOND;
	assert_int_equal(set_as(&t, acme, &alice, "", "a new password", &items, &n), LW_OK);
	clk.test_wall += 60 * LW_SECOND - 1;
	assert_int_equal(set_as(&t, acme, &alice, "", "a new password", &items, &n), LW_OK);
	clk.test_wall += 1;
	assert_int_equal(set_as(&t, acme, &alice, "", "a new password", &items, &n), LW_EACCES);
	clk.test_wall += 60 * LW_SECOND;
	assert_int_equal(set_as(&t, acme, &alice, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&t, acme, &alice, "not hers", "a new password", &items, &n), LW_EAUTH);
	assert_int_equal(set_as(&t, acme, &alice, "alice's password", "a new password", &items, &n), LW_OK);
}

/* keyd decides by the tenant's own rules, as they are now. */
static void stale_login_needs_the_old_password(void **state)
{
	struct lw_bytes rule[] = { LW_LIT("permit self may set-secret person attrs(userPassword) when "
		                          "auth.age<5m and channel.confidential;") };
	struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("lwGrantText"), rule, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	const struct keys_source clear = { "192.0.2.1:5", false };
	struct store_sealed_item *items;
	struct store_result res;
	struct keys_token t;
	struct lw_cap cap;
	char text[200];
	size_t n;

	assert_int_equal(verify(acme, &alice, "alice's password", &t, NULL), LW_OK);
	clk.test_wall += 600 * LW_SECOND;
	assert_int_equal(set_as(&t, acme, &alice, "", "a new password", &items, &n), LW_OK);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", NULL, &cap), LW_OK);
	assert_int_equal(
	        dn_parse(arena, LW_LIT("cn=self-password,ou=grants,dc=acme,dc=example"), &op.dn), LW_OK);
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
	assert_int_equal(set_as(&t, acme, &alice, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&t, acme, &alice, "not hers", "a new password", &items, &n), LW_EAUTH);
	assert_int_equal(set_as(&t, acme, &alice, "alice's password", "a new password", &items, &n), LW_OK);
	assert_int_equal(keys_set_password(keys, tok(&t), acme, &alice, 0, NULL, LW_LIT("alice's password"),
	                         LW_LIT("a new password"), &clear, arena, &items, &n, text),
	        LW_EACCES);
}

static void somebody_elses(void **state)
{
	struct store_sealed_item *items;
	struct store_result res;
	struct keys_token admin, user, other, op;
	struct lw_cap cap, ignore;
	size_t n;

	assert_int_equal(verify(acme, &bob, "bob's password", &user, &ignore), LW_OK);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &other, &ignore), LW_OK);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &admin, &cap), LW_OK);
	assert_int_equal(set_as(&user, acme, &alice, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(
	        set_as(&user, acme, &alice, "alice's password", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&user, acme, &acme_admin, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&other, acme, &alice, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&other, beta, &alice, "", "a new password", &items, &n), LW_ENOTFOUND);
	assert_int_equal(set_as(&admin, beta, &beta_admin, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&admin, acme, &NOBODY, "", "a new password", &items, &n), LW_EACCES);
	assert_int_equal(set_as(&admin, acme, &alice, "", "a new password", &items, &n), LW_OK);
	store_it(&cap, &alice, "alice", items, n, false, &res);
	assert_int_equal(verify(acme, &alice, "a new password", NULL, NULL), LW_OK);
	/* an administrator may give the same again: scripts do */
	assert_int_equal(set_as(&admin, acme, &alice, "", "a new password", &items, &n), LW_OK);
	assert_int_equal(keys_operator(keys, acme, &op, &ignore), LW_OK);
	assert_int_equal(set_as(&op, acme, &acme_admin, "", "a new password", &items, &n), LW_OK);
	assert_int_equal(set_as(&op, beta, &beta_admin, "", "a new password", &items, &n), LW_EACCES);
}

/* Somebody reset it after one's own change: the old session does not live on. */
static void renewal_ends_with_a_reset(void **state)
{
	struct store_sealed_item *items;
	struct store_result res;
	struct keys_token t, t2, admin;
	struct lw_cap cap, cap2, admin_cap;
	size_t n;

	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &admin, &admin_cap), LW_OK);
	assert_int_equal(set_as(&t, acme, &alice, "alice's password", "a new password", &items, &n), LW_OK);
	store_it(&cap, &alice, "alice", items, n, true, &res);
	assert_int_equal(set_as(&admin, acme, &alice, "", "a third password", &items, &n), LW_OK);
	store_it(&admin_cap, &alice, "alice", items, n, false, &res);
	assert_int_equal(keys_renew(keys, tok(&t), &t2, &cap2), LW_EREVOKED);
}

/* "It is a new entry" is no way around the check of an existing one. */
static void new_means_new(void **state)
{
	struct keys_new_entry as_new = { "alice", "alice@ACME.EXAMPLE", true };
	struct store_sealed_item *items;
	struct keys_token t;
	struct lw_cap cap;
	char text[200];
	size_t n;

	assert_int_equal(verify(acme, &bob, "bob's password", &t, &cap), LW_OK);
	assert_int_equal(keys_set_password(keys, tok(&t), acme, &alice, 0, &as_new, NONE,
	                         LW_LIT("a new password"), &HERE, arena, &items, &n, text),
	        LW_EEXIST);
}

static void version_precondition(void **state)
{
	struct store_sealed_item *items;
	struct store_principal p;
	struct store_txn *txn;
	struct lw_session *s;
	struct keys_token t;
	struct lw_cap cap;
	char text[200];
	size_t n;

	assert_int_equal(store_session_role(store, acme, STORE_ROLE_AUTH, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	assert_int_equal(store_principal_uuid(txn, &alice, &p), LW_OK);
	store_end(txn);
	store_session_free(s);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(keys_set_password(keys, tok(&t), acme, &alice, p.version + 1, NULL, NONE,
	                         LW_LIT("a new password"), &HERE, arena, &items, &n, text),
	        LW_EAGAIN);
	assert_int_equal(keys_set_password(keys, tok(&t), acme, &alice, p.version, NULL, NONE,
	                         LW_LIT("a new password"), &HERE, arena, &items, &n, text),
	        LW_OK);
}

/* What lies in the store opens with the master key at its place only, and holds what it should. */
static void sealed_items(void **state)
{
	struct keys_place at = { .tenant = acme_uuid, .entry = alice, .cls = STORE_SECRET_KERBEROS };
	struct keys_master *m;
	struct store_tenant st;
	struct store_txn *txn;
	struct lw_session *s;
	struct lw_bytes sealed, clear;
	struct keys_krb krb;
	uint8_t key[32];
	char err[256];

	assert_int_equal(keys_master_load(dir, &m, err), LW_OK);
	assert_int_equal(store_tenant_by_id(store, arena, acme, &st), LW_OK);
	at.attr = schema_attr(LW_LIT("krbPrincipalKey"))->id;
	assert_int_equal(store_session_role(store, acme, STORE_ROLE_AUTH, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	assert_int_equal(
	        store_sealed(txn, &alice, at.attr, STORE_SECRET_KERBEROS, &sealed, &at.generation), LW_OK);
	assert_int_equal(keys_master_unwrap(m, &acme_uuid, st.keys, STORE_SECRET_KERBEROS, key), LW_OK);
	assert_int_equal(keys_open(key, &at, sealed, arena, &clear), LW_OK);
	assert_int_equal(keys_krb_get(clear, &krb), LW_OK);
	assert_int_equal(krb.sets[0].kvno, 1);
	assert_int_equal(krb.sets[0].nkeys, 4);
	assert_true(lw_eq(krb.sets[0].salt, LW_LIT("ACME.EXAMPLEalice")));
	at.entry = bob;
	assert_int_equal(keys_open(key, &at, sealed, arena, &clear), LW_EAUTH);
	store_end(txn);
	store_session_free(s);
	keys_master_free(m);
}

/* ---- tenants ---- */
static void grant(uint32_t tenant, const struct lw_uuid *admin, const char *password, const char *suffix,
        const char *rule)
{
	struct lw_bytes classes[] = { LW_LIT("lwGrant") }, cn[] = { LW_LIT("made-by-test") },
	                text[] = { lw_str(rule) };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 }, { LW_LIT("cn"), cn, 1 },
		{ LW_LIT("lwGrantText"), text, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 3 };
	struct store_result res = { 0 };
	struct lw_cap cap;

	assert_int_equal(verify(tenant, admin, password, NULL, &cap), LW_OK);
	assert_int_equal(
	        dn_parse(arena, lw_str(lw_printf(arena, "cn=made-by-test,ou=grants,%s", suffix)), &op.dn),
	        LW_OK);
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
}

static void who_may_make_a_tenant(void **state)
{
	struct keys_tenant kt = { .uuid = lw_uuid_new(&clk),
		.name = "gamma.example",
		.realm = "GAMMA.EXAMPLE",
		.admin_uuid = lw_uuid_new(&clk),
		.admin_name = "admin" };
	struct store_sealed_item *items;
	struct lw_bytes wrapped;
	struct keys_token t;
	struct lw_cap cap;
	char text[200];
	size_t n;

	/* acme is the system tenant: it was first */
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(
	        keys_tenant_new(keys, tok(&t), &kt, LW_LIT("a password"), arena, &wrapped, &items, &n, text),
	        LW_OK);
	assert_int_equal(
	        keys_tenant_new(keys, tok(&t), &kt, LW_LIT("short"), arena, &wrapped, &items, &n, text),
	        LW_EPWPOLICY);
	assert_true(text[0] != '\0');
	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(
	        keys_tenant_new(keys, tok(&t), &kt, LW_LIT("a password"), arena, &wrapped, &items, &n, text),
	        LW_EACCES);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &t, &cap), LW_OK);
	assert_int_equal(
	        keys_tenant_new(keys, tok(&t), &kt, LW_LIT("a password"), arena, &wrapped, &items, &n, text),
	        LW_EACCES);
	/* it is a right that can be given, in the system tenant; the same rule in another gives nothing */
	grant(acme, &acme_admin, "acme admin's password", "dc=acme,dc=example",
	        "permit user alice may administer tenant;");
	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(
	        keys_tenant_new(keys, tok(&t), &kt, LW_LIT("a password"), arena, &wrapped, &items, &n, text),
	        LW_OK);
	grant(beta, &beta_admin, "beta admin's password", "dc=beta,dc=example",
	        "permit user admin may administer tenant;");
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &t, &cap), LW_OK);
	assert_int_equal(
	        keys_tenant_new(keys, tok(&t), &kt, LW_LIT("a password"), arena, &wrapped, &items, &n, text),
	        LW_EACCES);
	assert_int_equal(keys_tenant_new(keys, LW_LIT("no token"), &kt, LW_LIT("a password"), arena, &wrapped,
	                         &items, &n, text),
	        LW_EAUTH);
}

/* ---- the dispatcher ---- */
static int ask(struct keyd *k, enum lw_role_id from, const struct keys_request *q, struct keys_answer *a)
{
	static struct lw_writer r, w;
	int err;

	lw_writer_done(&w);
	lw_writer_init(&r, KEYS_MAX_REQUEST);
	lw_writer_init(&w, LW_CHAN_MAX);
	keys_request_put(&r, keys_row(q->id), q);
	keyd_handle(k, from, lw_written(&r), &w);
	lw_writer_done(&r);
	err = keys_answer_get(lw_written(&w), keys_row(q->id), a);
	return err;
}

static void every_message_is_in_the_audit_or_says_why_not(void **state)
{
	for (size_t i = 0; i < keys_nrows; i++) {
		const struct keyd_audit_row *r = keyd_audit_row(keys_rows[i].id);

		if (!r)
			fail_msg("%s: no row in keys/keyd_audit.c", keys_rows[i].name);
		assert_true((r->event == LW_AUDIT_NONE) == (r->why_not != NULL));
		assert_true(r->event == LW_AUDIT_NONE || lw_audit_event_name(r->event));
	}
	assert_null(keyd_audit_row(0));
}

static void only_the_rows_roles(void **state)
{
	struct keyd *k = second("boot");
	struct keys_answer a;

	for (size_t i = 0; i < keys_nrows; i++) {
		struct keys_request q = { .id = keys_rows[i].id, .role = LW_ROLE_KDC, .kind = KEYS_CA, .what = KEYS_ROOT_PEM,
			.token_type = KEYS_SAML2, .as = KEYS_AS_TARGET };

		for (unsigned role = 0; role < LW_ROLE_COUNT; role++) {
			int err = ask(k, (enum lw_role_id)role, &q, &a);

			if (!(keys_rows[i].from & 1u << role))
				assert_int_equal(err, LW_EACCES);
			else if (keys_rows[i].need >= KEYS_NEED_TOKEN)
				assert_int_equal(err, LW_EAUTH); /* no token */
			else
				assert_int_not_equal(err, LW_EINTERNAL); /* it has a handler */
		}
	}
	keyd_free(k);
}

static void garbage_is_answered(void **state)
{
	struct keyd *k = second("boot");
	struct lw_writer w;
	struct keys_answer a;

	lw_writer_init(&w, 1024);
	keyd_handle(k, LW_ROLE_DIRECTORY, LW_LIT("\1\0\1xyz"), &w);
	assert_int_equal(keys_answer_get(lw_written(&w), keys_row(KEYS_MSG_PING), &a), LW_EINVAL);
	lw_writer_reset(&w);
	keyd_busy(&w);
	assert_int_equal(keys_answer_get(lw_written(&w), keys_row(KEYS_MSG_PING), &a), LW_EBUSY);
	lw_writer_done(&w);
	keyd_free(k);
}

static void a_token_dies_with_its_boot_not_with_keyd(void **state)
{
	struct keyd *k = second("boot one"), *again = second("boot one"), *other = second("boot two");
	struct keys_request q = { .id = KEYS_MSG_VERIFY,
		.tenant = acme,
		.subject = alice,
		.password = LW_LIT("alice's password") };
	struct keys_request check = { .id = KEYS_MSG_CHECK };
	struct keys_answer a;

	assert_int_equal(ask(k, LW_ROLE_DIRECTORY, &q, &a), LW_OK);
	check.token = lw_dup(arena, a.token);
	assert_int_equal(ask(again, LW_ROLE_DIRECTORY, &check, &a), LW_OK);
	assert_int_equal(ask(other, LW_ROLE_DIRECTORY, &check, &a), LW_EAUTH);
	keyd_free(k);
	keyd_free(again);
	keyd_free(other);
}

static void asserted_sets_no_secret(void **state)
{
	struct keyd *k = second("boot");
	struct lw_cap cap = { .tenant = acme,
		.tenant_uuid = acme_uuid,
		.subject = acme_admin,
		.actor = acme_admin,
		.methods = LW_CAP_CERT,
		.flags = LW_CAP_ASSERTED | LW_CAP_CONFIDENTIAL,
		.auth_time = NOW,
		.expiry = NOW + LW_SECOND,
		.role = LW_ROLE_DIRECTORY };
	struct keys_request q = { .id = KEYS_MSG_SET_PASSWORD,
		.tenant = acme,
		.subject = alice,
		.password = LW_LIT("a new password") };
	struct keys_token t;
	struct keys_answer a;

	assert_int_equal(keys_cap_mint(&k->cap_key, &cap, &t), LW_OK);
	q.token = tok(&t);
	assert_int_equal(ask(k, LW_ROLE_DIRECTORY, &q, &a), LW_EACCES);
	q.id = KEYS_MSG_UNLOCK;
	assert_int_equal(ask(k, LW_ROLE_DIRECTORY, &q, &a), LW_EACCES);
	q.id = KEYS_MSG_TENANT_NEW;
	assert_int_equal(ask(k, LW_ROLE_DIRECTORY, &q, &a), LW_EACCES);
	keyd_free(k);
}

static void names_of_listeners(void **state)
{
	static const struct {
		const char *host, *listen, *want;
	} rows[] = {
		{ "h.example", "127.0.0.1,::1", "h.example,127.0.0.1,::1,localhost" },
		{ "h.example", "0.0.0.0", "h.example,127.0.0.1,::1,localhost" },
		{ "h.example", "192.0.2.1", "h.example,192.0.2.1" },
		{ "localhost", "[::1]", "localhost,::1" },
		{ "my_pc", "192.0.2.1", "localhost,192.0.2.1" },
	};
	struct keyd *k = second("boot");
	char machine[256] = "";

	gethostname(machine, sizeof(machine) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].want);

		assert_int_equal(keyd_names(k, rows[i].host, rows[i].listen), LW_OK);
		assert_int_equal(strncmp(k->names, rows[i].want, n), 0);
		/* nothing more, or on loopback this machine's own name */
		if (k->names[n]) {
			assert_int_not_equal(strncmp(rows[i].listen, "192", 3), 0);
			assert_string_equal(k->names + n + 1, machine);
		}
	}
	keyd_free(k);
}

/* ---- at once ---- */
static atomic_int wrong, locked, elsewhere;

static void *guess_wrong(void *arg)
{
	struct keys_token t;
	struct lw_cap cap;
	int err = keys_verify(keys, acme, &bob, LW_LIT("wrong password"), &HERE, &t, &cap);

	atomic_fetch_add(err == LW_EAUTH ? &wrong : err == LW_ELOCKED ? &locked : &elsewhere, 1);
	return NULL;
}

static void parallel_guesses(void **state)
{
	pthread_t t[60];

	for (int i = 0; i < 60; i++)
		assert_int_equal(pthread_create(&t[i], NULL, guess_wrong, NULL), 0);
	for (int i = 0; i < 60; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(elsewhere, 0);
	assert_int_equal(wrong, 10);
	assert_int_equal(locked, 50);
}

/* ---- over a channel ---- */
static void handle(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	keyd_handle(ctx, LW_ROLE_DIRECTORY, request, answer);
}
static void busy(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	keyd_busy(answer);
}
static int server_fd;
static void *serve(void *k)
{
	lw_chan_serve(server_fd, 4, 8, handle, busy, k);
	return NULL;
}

static void over_a_channel(void **state)
{
	struct keyd *k = second("boot");
	struct lw_chan *chan = lw_chan_new("keyd");
	struct keys *far = keys_over_chan(chan, LW_ROLE_DIRECTORY);
	struct lw_bytes root, ca;
	struct keys_token t;
	struct lw_cap cap;
	pthread_t thread;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	server_fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, serve, k), 0);
	lw_chan_connect(chan, fds[0]);
	assert_int_equal(keys_ping(far), LW_OK);
	assert_int_equal(keys_ca_pem(far, true, arena, &root), LW_OK);
	assert_int_equal(keys_ca_pem(far, false, arena, &ca), LW_OK);
	assert_true(lw_eq((struct lw_bytes){ root.p, 27 }, LW_LIT("-----BEGIN CERTIFICATE-----")));
	assert_false(lw_eq(root, ca));
	assert_int_equal(keys_verify(far, acme, &alice, LW_LIT("alice's password"), &HERE, &t, &cap), LW_OK);
	assert_int_equal(keys_check(far, tok(&t), &cap), LW_OK);
	assert_int_equal(keys_verify(far, acme, &alice, LW_LIT("wrong"), &HERE, &t, &cap), LW_EAUTH);
	lw_chan_free(chan);
	pthread_join(thread, NULL);
	close(fds[1]);
	keys_free(far);
	keyd_free(k);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(right_and_wrong),
		T(disabled),
		cmocka_unit_test_setup_teardown(locked_is_not_quick, setup_dear, teardown),
		T(guesses_are_counted),
		T(ones_own),
		T(fifteen_minutes),
		T(stale_login_needs_the_old_password),
		T(somebody_elses),
		T(renewal_ends_with_a_reset),
		T(new_means_new),
		T(version_precondition),
		T(sealed_items),
		T(who_may_make_a_tenant),
		T(every_message_is_in_the_audit_or_says_why_not),
		T(only_the_rows_roles),
		T(garbage_is_answered),
		T(a_token_dies_with_its_boot_not_with_keyd),
		T(asserted_sets_no_secret),
		T(names_of_listeners),
		T(parallel_guesses),
		T(over_a_channel),
	};

	lw_log_level(LW_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
