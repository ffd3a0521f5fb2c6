/* SPDX-License-Identifier: Apache-2.0 */
/* keyd with a real store: two tenants, their administrators, alice and bob. Each test starts from the same
 * state. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "base/log.h"
#include "ca/ca.h"
#include "keys/cap.h"
#include "keys/keyd.h"
#include "keys/keytab.h"

#define NOW (INT64_C(1795392000) * LW_SECOND)

static char dir[64];
static struct lw_clock clk;
static struct store *store;
static struct keys *keys;
static struct lw_arena *arena;
static struct lw_uuid acme_uuid, beta_uuid, acme_admin, beta_admin, alice, bob;
static uint32_t acme, beta;
static const struct keys_source HERE = { "127.0.0.1:4711", true };
static const struct lw_uuid NOBODY = { { 0 } };
static const struct lw_bytes NONE = { NULL, 0 };

static struct lw_bytes tok(const struct keys_token *t)
{
	return (struct lw_bytes){ t->b, t->n };
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static struct lw_uuid make_tenant(
        const char *name, const char *realm, const char *password, struct lw_uuid *ret_admin)
{
	struct store_sealed_item realm_keys;
	struct keys_tenant kt = { .uuid = lw_uuid_new(&clk),
		.ret_realm = &realm_keys,
		.name = name,
		.realm = realm,
		.admin_uuid = lw_uuid_new(&clk),
		.admin_name = "admin" };
	struct store_op op = { .kind = STORE_TENANT_CREATE,
		.tenant_name = name,
		.tenant_uuid = kt.uuid,
		.realm_keys = &realm_keys,
		.admin_name = "admin",
		.admin_uuid = kt.admin_uuid };
	struct store_result res = { 0 };
	struct lw_session *s;
	struct keys_token t;
	struct lw_cap cap;
	char text[200];

	assert_int_equal(keys_operator(keys, 0, &t, &cap), LW_OK);
	assert_int_equal(keys_tenant_new(keys, tok(&t), &kt, lw_str(password), arena, &op.tenant_keys,
	                         &op.secrets, &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(op.nsecrets, 2);
	assert_int_equal(store_session_role(store, 0, STORE_ROLE_INIT, &s), LW_OK);
	assert_int_equal(store_write(s, &op, &res), LW_OK);
	store_session_free(s);
	*ret_admin = kt.admin_uuid;
	return kt.uuid;
}

static int write_as(const struct lw_cap *cap, const struct store_op *op, struct store_result *res)
{
	struct lw_session *s;
	int err = store_session_cap(store, cap, &s);

	if (err)
		return err;
	store_session_channel(s, true);
	err = store_write(s, op, res);
	store_session_free(s);
	return err;
}

static struct lw_uuid make_user(const struct keys_token *t, const struct lw_cap *cap, uint32_t tenant,
        const char *uid, const char *suffix, const char *krb, const char *password)
{
	struct lw_uuid uuid = lw_uuid_new(&clk);
	struct keys_new_entry n = { uid, krb, true };
	struct lw_bytes classes[] = { LW_LIT("inetOrgPerson") }, name[] = { lw_str(uid) };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 },
		{ LW_LIT("uid"), name, 1 }, { LW_LIT("cn"), name, 1 }, { LW_LIT("sn"), name, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 4, .uuid = uuid };
	struct store_result res = { 0 };
	char text[200];

	assert_int_equal(
	        dn_parse(arena, lw_str(lw_printf(arena, "uid=%s,ou=people,%s", uid, suffix)), &op.dn), LW_OK);
	assert_int_equal(keys_set_password(keys, tok(t), tenant, &uuid, 0, &n, NONE, lw_str(password), &HERE,
	                         arena, &op.secrets, &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(op.nsecrets, 2);
	assert_int_equal(write_as(cap, &op, &res), LW_OK);
	return uuid;
}

static int verify(uint32_t tenant, const struct lw_uuid *who, const char *password, struct keys_token *t,
        struct lw_cap *cap)
{
	struct keys_token t2;
	struct lw_cap c2;

	return keys_verify(keys, tenant, who, lw_str(password), &HERE, t ? t : &t2, cap ? cap : &c2);
}

static int setup(void **state)
{
	char err[256];
	struct store_tenant st;
	struct keys_token t;
	struct lw_cap cap;

	clk = lw_clock_test(NOW, 1000 * LW_SECOND);
	snprintf(dir, sizeof(dir), "/tmp/lwd-keyd-XXXXXX");
	arena = lw_arena_new(8u << 20, true);
	if (!arena || !mkdtemp(dir))
		return -1;
	keys_builders(&ca_builders);
	if (keys_bootstrap(dir, "lwd.acme.example", &clk, err) ||
	        store_open(dir, STORE_OPEN_CREATE, &clk, &store, err) || store_writer_start(store) ||
	        keys_in_process(dir, store, &clk, &keys, err)) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	acme_uuid = make_tenant("acme.example", "ACME.EXAMPLE", "acme admin's password", &acme_admin);
	beta_uuid = make_tenant("beta.example", "BETA.EXAMPLE", "beta admin's password", &beta_admin);
	assert_int_equal(store_tenant_by_name(store, arena, LW_LIT("acme.example"), &st), LW_OK);
	acme = st.id;
	assert_true(lw_uuid_eq(&st.uuid, &acme_uuid));
	assert_int_equal(store_tenant_by_name(store, arena, LW_LIT("beta.example"), &st), LW_OK);
	beta = st.id;
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	alice = make_user(
	        &t, &cap, acme, "alice", "dc=acme,dc=example", "alice@ACME.EXAMPLE", "alice's password");
	bob = make_user(&t, &cap, acme, "bob", "dc=acme,dc=example", "bob@ACME.EXAMPLE", "bob's password");
	return 0;
}

static int teardown(void **state)
{
	keys_free(keys);
	store_writer_stop(store);
	store_close(store);
	lw_arena_free(arena);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

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
	clk.test_wall += 3600 * LW_SECOND;
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
static struct keyd *second(const char *boot)
{
	struct keyd *k;
	char err[256];

	assert_int_equal(keyd_new(dir, store, &clk, lw_str(boot), err, &k), LW_OK);
	return k;
}

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

static void only_the_rows_roles(void **state)
{
	struct keyd *k = second("boot");
	struct keys_answer a;

	for (size_t i = 0; i < keys_nrows; i++) {
		struct keys_request q = { .id = keys_rows[i].id, .role = LW_ROLE_KDC };

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

/* ---- Kerberos ---- */

static int kerberos_cap(struct keys *kdc, uint32_t tenant, const struct lw_uuid *who, int64_t auth_time, enum lw_role_id role,
        struct keys_token *t, struct lw_cap *cap)
{
	struct keys_kerberos q = {
		.tenant = tenant, .subject = *who, .auth_time = auth_time, .confidential = true, .role = role
	};

	return keys_kerberos_cap(kdc, &q, t, cap);
}

static struct lw_uuid make_named(const struct lw_cap *cap, const char *rdn, const char *class)
{
	struct lw_bytes classes[] = { lw_str(class) };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 1 };
	struct store_result res = { 0 };

	assert_int_equal(dn_parse(arena, lw_str(lw_printf(arena, "%s,dc=acme,dc=example", rdn)), &op.dn), LW_OK);
	assert_int_equal(write_as(cap, &op, &res), LW_OK);
	return res.uuid;
}

static void kerberos_caps(void **state)
{
	const int64_t HOUR = 3600 * LW_SECOND;
	struct keyd *k = second("boot");
	struct keys *kdc = keys_around(k, LW_ROLE_KDC), *here = keys_around(k, LW_ROLE_DIRECTORY);
	struct lw_bytes yes[] = { LW_LIT("TRUE") };
	struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("lwDisabled"), yes, 1 } };
	struct store_op off = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res = { 0 };
	struct lw_session *s;
	struct keys_token t;
	struct lw_cap cap, admin;

	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW - HOUR, LW_ROLE_DIRECTORY, &t, &cap), LW_OK);
	assert_int_equal(cap.methods, LW_CAP_KERBEROS);
	assert_int_equal(cap.flags, LW_CAP_CONFIDENTIAL);
	assert_true(cap.auth_time == NOW - HOUR && cap.expiry == NOW + KEYS_CAP_LIFE);
	assert_true(lw_uuid_eq(&cap.subject, &alice) && lw_uuid_eq(&cap.actor, &alice) && cap.tenant == acme);
	assert_true(lw_uuid_eq(&cap.tenant_uuid, &acme_uuid));
	/* it is directory's, who can use it, and not the KDC's */
	assert_int_equal(keys_check(here, tok(&t), &cap), LW_OK);
	assert_int_equal(keys_check_forwarded(here, tok(&t), LW_ROLE_KDC, &cap), LW_EAUTH);
	assert_int_equal(store_session_cap(store, &cap, &s), LW_OK);
	store_session_free(s);
	/* ahead by less than clocks may differ: as of now; a renewed ticket: seven days, by the policy */
	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW + 299 * LW_SECOND, LW_ROLE_DIRECTORY, &t, &cap), LW_OK);
	assert_true(cap.auth_time == NOW);
	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW + 301 * LW_SECOND, LW_ROLE_DIRECTORY, &t, &cap), LW_EAUTH);
	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW - 7 * 24 * HOUR, LW_ROLE_DIRECTORY, &t, &cap), LW_OK);
	assert_true(cap.expiry == NOW + KEYS_CAP_LIFE);
	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW - 7 * 24 * HOUR - 301 * LW_SECOND, LW_ROLE_DIRECTORY, &t, &cap), LW_EEXPIRED);
	/* whom it does not know, where it is not at home, and for whom it may not speak */
	assert_int_equal(kerberos_cap(kdc, beta, &alice, NOW, LW_ROLE_DIRECTORY, &t, &cap), LW_EAUTH);
	assert_int_equal(kerberos_cap(kdc, 99, &alice, NOW, LW_ROLE_DIRECTORY, &t, &cap), LW_EAUTH);
	assert_int_equal(kerberos_cap(kdc, acme, &NOBODY, NOW, LW_ROLE_DIRECTORY, &t, &cap), LW_EAUTH);
	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW, LW_ROLE_MONITOR, &t, &cap), LW_EACCES);
	assert_int_equal(kerberos_cap(here, acme, &alice, NOW, LW_ROLE_DIRECTORY, &t, &cap), LW_EACCES);
	/* disabled between the ticket and now */
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", NULL, &admin), LW_OK);
	assert_int_equal(dn_parse(arena, LW_LIT("uid=alice,ou=people,dc=acme,dc=example"), &off.dn), LW_OK);
	assert_int_equal(write_as(&admin, &off, &res), LW_OK);
	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW, LW_ROLE_DIRECTORY, &t, &cap), LW_EAUTH);
	keys_free(kdc);
	keys_free(here);
	keyd_free(k);
}

static void tokens_sent_along(void **state)
{
	struct keyd *k = second("boot"), *other = second("another boot");
	struct keys *kdc = keys_around(k, LW_ROLE_KDC), *here = keys_around(k, LW_ROLE_DIRECTORY),
	            *there = keys_around(other, LW_ROLE_DIRECTORY);
	struct keys_token t;
	struct lw_cap cap;

	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW, LW_ROLE_KDC, &t, &cap), LW_OK);
	assert_int_equal(cap.role, LW_ROLE_KDC);
	memset(&cap, 0, sizeof(cap));
	assert_int_equal(keys_check_forwarded(here, tok(&t), LW_ROLE_KDC, &cap), LW_OK);
	assert_true(lw_uuid_eq(&cap.subject, &alice));
	assert_int_equal(keys_check(here, tok(&t), &cap), LW_EAUTH); /* not directory's own */
	assert_int_equal(keys_check_forwarded(here, tok(&t), LW_ROLE_DIRECTORY, &cap), LW_EACCES);
	assert_int_equal(keys_check_forwarded(kdc, tok(&t), LW_ROLE_KDC, &cap), LW_EACCES);
	assert_int_equal(keys_check_forwarded(there, tok(&t), LW_ROLE_KDC, &cap), LW_EAUTH);
	t.b[t.n - 1] ^= 1;
	assert_int_equal(keys_check_forwarded(here, tok(&t), LW_ROLE_KDC, &cap), LW_EAUTH);
	t.b[t.n - 1] ^= 1;
	clk = lw_clock_test(NOW + KEYS_CAP_LIFE, 2000 * LW_SECOND);
	assert_int_equal(keys_check_forwarded(here, tok(&t), LW_ROLE_KDC, &cap), LW_EEXPIRED);
	keys_free(kdc);
	keys_free(here);
	keys_free(there);
	keyd_free(k);
	keyd_free(other);
}

/* kpasswd: the KDC's own token for whoever showed a fresh ticket; directory takes it with the write. */
static void kdc_sets_a_password(void **state)
{
	struct keyd *k = second("boot");
	struct keys *kdc = keys_around(k, LW_ROLE_KDC), *here = keys_around(k, LW_ROLE_DIRECTORY);
	struct store_op op = { .kind = STORE_SET_SECRET, .uuid = alice };
	struct store_result res = { 0 };
	struct keys_token t, mine;
	struct lw_cap cap;
	char text[200];

	assert_int_equal(kerberos_cap(kdc, acme, &alice, NOW, LW_ROLE_KDC, &t, &cap), LW_OK);
	assert_int_equal(keys_set_password(kdc, tok(&t), acme, &bob, 0, NULL, NONE, LW_LIT("bob's new one"), &HERE, arena, &op.secrets,
	                         &op.nsecrets, text),
	        LW_EACCES);
	assert_int_equal(keys_set_password(kdc, tok(&t), acme, &alice, 0, NULL, NONE, LW_LIT("alice's new one"), &HERE, arena, &op.secrets,
	                         &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(keys_check_forwarded(here, tok(&t), LW_ROLE_KDC, &cap), LW_OK);
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
	assert_int_equal(verify(acme, &alice, "alice's new one", NULL, NULL), LW_OK);
	/* a token of directory's is none in the KDC's hands */
	assert_int_equal(keys_verify(here, acme, &bob, LW_LIT("bob's password"), &HERE, &mine, &cap), LW_OK);
	assert_int_equal(keys_set_password(kdc, tok(&mine), acme, &bob, 0, NULL, NONE, LW_LIT("bob's new one"), &HERE, arena, &op.secrets,
	                         &op.nsecrets, text),
	        LW_EAUTH);
	keys_free(kdc);
	keys_free(here);
	keyd_free(k);
}

/* What lies in the store, opened with the key that the KDC gets. */
static unsigned stored(const struct lw_uuid *who, struct keys_krb *ret)
{
	struct keyd *k = second("boot");
	struct keys *kdc = keys_around(k, LW_ROLE_KDC);
	struct lw_session *s;
	struct store_txn *txn;
	struct lw_bytes sealed;
	uint64_t generation;
	uint8_t key[32];
	bool realm = lw_uuid_eq(who, &acme_uuid);
	int err;

	assert_int_equal(keys_kerberos_key(kdc, acme, key), LW_OK);
	assert_int_equal(keys_kerberos_key(keys, acme, key), LW_EACCES); /* directory */
	assert_int_equal(keys_kerberos_key(kdc, acme, key), LW_OK);
	assert_int_equal(store_session_role(store, acme, STORE_ROLE_KDC, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	err = realm ? store_realm_sealed(txn, &sealed, &generation)
	            : store_sealed(txn, who, schema_attr(LW_LIT("krbPrincipalKey"))->id, STORE_SECRET_KERBEROS, &sealed, &generation);
	if (err)
		assert_int_equal(err, LW_ENOTFOUND);
	else
		assert_int_equal(keys_krb_open(key, &acme_uuid, who, generation, sealed, arena, ret), LW_OK);
	store_end(txn);
	store_session_free(s);
	keys_free(kdc);
	keyd_free(k);
	return err ? 0 : ret->nsets;
}

struct kept { uint32_t kvno; uint16_t etype; };

static void assert_keytab(struct lw_bytes keytab, const struct kept *want, size_t n)
{
	struct keys_keytab_reader r;
	struct keys_keytab_entry e;

	assert_int_equal(keys_keytab_open(keytab, &r), LW_OK);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(keys_keytab_next(&r, &e), LW_OK);
		assert_int_equal(e.kvno, want[i].kvno);
		assert_int_equal(e.etype, want[i].etype);
	}
	assert_int_equal(keys_keytab_next(&r, &e), LW_ENOTFOUND);
}

static void keytabs(void **state)
{
	static const struct kept first[] = { { 1, 20 }, { 1, 19 }, { 1, 18 }, { 1, 17 } };
	static const struct kept both[] = { { 2, 20 }, { 2, 19 }, { 2, 18 }, { 2, 17 }, { 1, 20 }, { 1, 19 }, { 1, 18 }, { 1, 17 } };
	static const struct kept later[] = { { 3, 20 }, { 3, 19 }, { 3, 18 }, { 3, 17 }, { 2, 20 }, { 2, 19 }, { 2, 18 }, { 2, 17 } };
	struct store_op op = { .kind = STORE_SET_SECRET };
	struct store_result res = { 0 };
	struct lw_bytes keytab, again;
	struct keys_keytab_reader r;
	struct keys_keytab_entry e;
	struct keys_token t, operator, beta_token;
	struct lw_cap cap, other;
	struct lw_uuid web;
	struct keys_krb krb;

	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &beta_token, &other), LW_OK);
	assert_int_equal(keys_operator(keys, acme, &operator, &other), LW_OK);
	web = make_named(&cap, "cn=HTTP/web1.acme.example,ou=services", "lwService");
	op.uuid = web;
	/* no keys yet: the first ones are made, and are nobody's before they are written */
	assert_int_equal(keys_keytab(keys, tok(&t), acme, &web, false, arena, &op.secrets, &op.nsecrets, &keytab), LW_OK);
	assert_int_equal(op.nsecrets, 1);
	assert_keytab(keytab, first, 4);
	assert_int_equal(stored(&web, &krb), 0);
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
	assert_int_equal(stored(&web, &krb), 1);
	assert_int_equal(keys_keytab_open(keytab, &r), LW_OK);
	assert_int_equal(keys_keytab_next(&r, &e), LW_OK);
	assert_true(lw_eq(e.who, LW_LIT("\0\2\0\14ACME.EXAMPLE\0\4HTTP\0\21web1.acme.example")));
	assert_true(lw_eq(e.key, (struct lw_bytes){ krb.sets[0].keys[0].key, 32 }));
	/* as they are, to the operator as well */
	assert_int_equal(keys_keytab(keys, tok(&operator), acme, &web, false, arena, &op.secrets, &op.nsecrets, &again), LW_OK);
	assert_int_equal(op.nsecrets, 0);
	assert_true(lw_eq(keytab, again));
	/* new ones in front of the old; the old ones as long as a ticket may live under them, which ends with seven days and ten hours */
	assert_int_equal(keys_keytab(keys, tok(&operator), acme, &web, true, arena, &op.secrets, &op.nsecrets, &keytab), LW_OK);
	assert_int_equal(op.nsecrets, 1);
	assert_keytab(keytab, both, 8);
	assert_int_equal(write_as(&other, &op, &res), LW_OK);
	assert_int_equal(stored(&web, &krb), 2);
	clk = lw_clock_test(NOW + (7 * 24 + 11) * 3600 * LW_SECOND, 2000 * LW_SECOND);
	assert_int_equal(keys_operator(keys, acme, &operator, &other), LW_OK);
	assert_int_equal(keys_keytab(keys, tok(&operator), acme, &web, false, arena, &op.secrets, &op.nsecrets, &keytab), LW_OK);
	assert_keytab(keytab, both, 4);
	assert_int_equal(keys_keytab(keys, tok(&operator), acme, &web, true, arena, &op.secrets, &op.nsecrets, &keytab), LW_OK);
	assert_keytab(keytab, later, 8);
	/* whose are not given, and to whom */
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(keys_keytab(keys, tok(&t), acme, &alice, false, arena, &op.secrets, &op.nsecrets, &keytab), LW_EUNWILLING);
	assert_int_equal(keys_keytab(keys, tok(&operator), acme, &alice, true, arena, &op.secrets, &op.nsecrets, &keytab), LW_EACCES);
	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(keys_keytab(keys, tok(&t), acme, &web, false, arena, &op.secrets, &op.nsecrets, &keytab), LW_EACCES);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &beta_token, &other), LW_OK);
	assert_int_equal(keys_keytab(keys, tok(&beta_token), beta, &web, false, arena, &op.secrets, &op.nsecrets, &keytab), LW_ENOTFOUND);
	assert_int_equal(keys_keytab(keys, tok(&beta_token), acme, &web, false, arena, &op.secrets, &op.nsecrets, &keytab), LW_EACCES);
}

static void set_as_admin(const struct lw_uuid *who, const char *password)
{
	struct store_op op = { .kind = STORE_SET_SECRET, .uuid = *who };
	struct store_result res = { 0 };
	struct keys_token t;
	struct lw_cap cap;
	char text[200];

	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(keys_set_password(keys, tok(&t), acme, who, 0, NULL, NONE, lw_str(password), &HERE, arena, &op.secrets,
	                         &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
}

/* One more with each password. A person's old keys are gone with the old password; tickets for a service outlive it. */
static void kvno_grows(void **state)
{
	struct lw_uuid web;
	struct keys_krb krb;
	struct lw_cap cap;

	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", NULL, &cap), LW_OK);
	web = make_named(&cap, "cn=web,ou=services", "lwService");
	for (uint32_t i = 1; i <= 3; i++) {
		set_as_admin(&web, lw_printf(arena, "web's password %u", i));
		assert_int_equal(stored(&web, &krb), i);
		assert_int_equal(krb.sets[0].kvno, i);
		assert_int_equal(krb.sets[i - 1].kvno, 1);
		assert_true(lw_eq(krb.sets[0].salt, LW_LIT("ACME.EXAMPLEweb")));
		set_as_admin(&alice, lw_printf(arena, "alice's password %u", i));
		assert_int_equal(stored(&alice, &krb), 1);
		assert_int_equal(krb.sets[0].kvno, i + 1); /* she had one before */
	}
}

static void keys_of_the_realm(void **state)
{
	struct keys_realm_set sets[KEYS_REALM_SETS];
	struct store_sealed_item item;
	struct store_op op = { .kind = STORE_REALM_KEYS, .secrets = &item, .nsecrets = 1 };
	struct store_result res = { 0 };
	struct keys_token t, plain, theirs;
	struct lw_cap cap, other;
	struct keys_krb before, krb;
	size_t n = 0;

	assert_int_equal(stored(&acme_uuid, &before), 1); /* made with the tenant */
	assert_int_equal(before.sets[0].kvno, 1);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(verify(acme, &alice, "alice's password", &plain, &other), LW_OK);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &theirs, &other), LW_OK);
	for (uint32_t i = 2; i <= 6; i++) {
		clk = lw_clock_test(NOW + i * LW_SECOND, 1000 * LW_SECOND);
		assert_int_equal(keys_realm_keys(keys, tok(&t), acme, arena, &item), LW_OK);
		assert_int_equal(write_as(&cap, &op, &res), LW_OK);
		assert_int_equal(write_as(&cap, &op, &res), LW_EAGAIN); /* not twice */
		assert_int_equal(stored(&acme_uuid, &krb), i < 4 ? i : 4);
		assert_int_equal(krb.sets[0].kvno, i);
		assert_int_equal(krb.sets[0].keys[0].etype, 20);
		assert_memory_equal(krb.sets[1].keys, before.sets[0].keys, sizeof(krb.sets[1].keys));
		before = krb;
	}
	assert_int_equal(keys_realm_list(keys, tok(&t), acme, sets, &n), LW_OK);
	assert_int_equal(n, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(sets[i].kvno, 6 - i);
		assert_true(sets[i].set_time == NOW + (6 - i) * LW_SECOND);
	}
	assert_int_equal(keys_realm_keys(keys, tok(&plain), acme, arena, &item), LW_EACCES);
	assert_int_equal(keys_realm_list(keys, tok(&plain), acme, sets, &n), LW_EACCES);
	assert_int_equal(keys_realm_keys(keys, tok(&theirs), acme, arena, &item), LW_EACCES);
	assert_int_equal(keys_realm_keys(keys, tok(&theirs), beta, arena, &item), LW_OK);
	/* sealed for beta: as acme's they would not open */
	item.generation = 7;
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
	assert_int_equal(keys_realm_keys(keys, tok(&t), acme, arena, &item), LW_EAUTH);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(right_and_wrong),
		T(disabled),
		T(locked_is_not_quick), T(guesses_are_counted),
		T(ones_own),
		T(stale_login_needs_the_old_password),
		T(somebody_elses),
		T(renewal_ends_with_a_reset),
		T(new_means_new),
		T(version_precondition),
		T(sealed_items),
		T(who_may_make_a_tenant),
		T(only_the_rows_roles),
		T(garbage_is_answered),
		T(a_token_dies_with_its_boot_not_with_keyd),
		T(asserted_sets_no_secret),
		T(names_of_listeners),
		T(parallel_guesses),
		T(over_a_channel),
		T(kerberos_caps),
		T(tokens_sent_along),
		T(kdc_sets_a_password),
		T(keytabs),
		T(kvno_grows),
		T(keys_of_the_realm),
	};

	lw_log_level(LW_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
