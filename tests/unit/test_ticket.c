/* SPDX-License-Identifier: Apache-2.0 */
/* What the KDC asks the store, the realm's keys, and names that nobody may take. "test_ticket bench" prints what the KDC's
 * questions cost. */
#include "tests/unit/ops_fix.h"
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "store/guard.h"

#define SUFFIX   "dc=acme,dc=example"
#define PEOPLE   "ou=people," SUFFIX
#define SERVICES "ou=services," SUFFIX
#define HOSTS    "ou=hosts," SUFFIX
#define GRANTS   "ou=grants," SUFFIX
#define POLICY   "cn=default,ou=policies," SUFFIX
#define ADMIN    "uid=admin," PEOPLE
#define WEB      "cn=HTTP/web1.acme.example," SERVICES

#define OK(x)       assert_err((x), LW_OK, #x, __LINE__)
#define ERR(x, err) assert_err((x), err, #x, __LINE__)

static void assert_err(int got, int want, const char *what, int line)
{
	if (got != want)
		fail_msg("line %d: %s: %s (%s), not %s", line, what, lw_errname(got), fix.r.text, lw_errname(want));
}

static struct lw_session *kdc, *kdc_beta;
static struct lw_uuid alice, web;
static int64_t life;

static int up(void **state)
{
	fix_up(state);
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_KDC, &kdc));
	OK(store_session_role(fix.store, fix.beta, STORE_ROLE_KDC, &kdc_beta));
	OK(fix_person(fix.op, "alice", ""));
	OK(fix_add(fix.op, "dn: " WEB "\nobjectClass: lwService\ncn: HTTP/web1.acme.example"));
	alice = fix_uuid("uid=alice," PEOPLE);
	web = fix_uuid(WEB);
	return 0;
}

static int down(void **state)
{
	store_session_free(kdc);
	store_session_free(kdc_beta);
	return fix_down(state);
}

static int may_as(struct lw_session *s, const struct lw_uuid *client, const struct lw_uuid *server, int64_t auth_time, bool mfa)
{
	struct store_ticket q = { .client = *client, .auth_time = auth_time, .methods = LW_CAP_KERBEROS, .mfa = mfa };
	struct store_txn *t;
	int err = store_begin(s, STORE_READ, &t);

	if (err)
		return err;
	if (server)
		q.server = *server;
	life = -1;
	err = store_may_ticket(t, &q, &life);
	store_end(t);
	return err;
}

static int may(const struct lw_uuid *client, const struct lw_uuid *server)
{
	int err = may_as(kdc, client, server, lw_wall(&fix.clock), false);

	/* the same again, from memory */
	assert_int_equal(may_as(kdc, client, server, lw_wall(&fix.clock), false), err);
	return err;
}

static void default_grant(void **state)
{
	struct lw_uuid dead = { { 1, 2, 3 } };

	OK(may(&alice, &web));
	assert_true(life == INT64_MAX);
	OK(may(&alice, NULL));
	assert_true(life == INT64_MAX);
	OK(may(&alice, &alice)); /* user to user */
	OK(may(&web, &alice));
	ERR(may(&dead, &web), LW_ENOTFOUND);
	ERR(may(&dead, NULL), LW_ENOTFOUND);
	ERR(may(&alice, &dead), LW_ENOTFOUND);
	/* not a principal */
	struct lw_uuid group = fix_uuid("cn=administrators,ou=groups," SUFFIX);
	ERR(may(&group, &web), LW_ENOTFOUND);
	ERR(may(&alice, &group), LW_EACCES);
	/* default deny once the grant is gone */
	OK(fix_delete(fix.op, "cn=authenticated-ticket," GRANTS));
	ERR(may(&alice, &web), LW_EACCES);
	OK(may(&alice, NULL));
	OK(may(&fix.acme_admin, &web));
}

static void other_tenants(void **state)
{
	int64_t now = lw_wall(&fix.clock);

	ERR(may_as(kdc_beta, &alice, &web, now, false), LW_ENOTFOUND);
	ERR(may_as(kdc_beta, &fix.beta_admin, &web, now, false), LW_ENOTFOUND);
	ERR(may_as(kdc_beta, &alice, NULL, now, false), LW_ENOTFOUND);
	ERR(may_as(kdc, &fix.beta_admin, &web, now, false), LW_ENOTFOUND);
	ERR(may_as(kdc, &fix.beta_admin, NULL, now, false), LW_ENOTFOUND);
	/* nobody but the KDC asks */
	ERR(may_as(fix.op, &alice, &web, now, false), LW_EACCES);
	ERR(may_as(fix.admin, &alice, &web, now, false), LW_EACCES);
	/* a disabled tenant hands out nothing */
	struct store_op op = { .kind = STORE_TENANT_STATE, .tenant_uuid = fix.beta_uuid };
	OK(may_as(kdc_beta, &fix.beta_admin, NULL, now, false));
	OK(store_write(fix.op, &op, &fix.r));
	ERR(may_as(kdc_beta, &fix.beta_admin, NULL, now, false), LW_EDISABLED);
}

/* Everything that a remembered answer rests on: it must be forgotten with the commit. */
static void what_is_remembered_ends(void **state)
{
	OK(may(&alice, &web));
	OK(fix_modify(fix.op, "dn: uid=alice," PEOPLE "\nreplace lwDisabled\nlwDisabled: TRUE"));
	ERR(may(&alice, &web), LW_EDISABLED);
	ERR(may(&alice, NULL), LW_EDISABLED);
	OK(fix_modify(fix.op, "dn: uid=alice," PEOPLE "\nreplace lwDisabled"));
	OK(may(&alice, &web));
	OK(fix_modify(fix.op, "dn: " WEB "\nreplace lwDisabled\nlwDisabled: TRUE"));
	ERR(may(&alice, &web), LW_EDISABLED);
	OK(may(&alice, NULL));
	OK(fix_modify(fix.op, "dn: " WEB "\nreplace lwDisabled"));
	OK(may(&alice, &web));
	OK(fix_add(fix.op, "dn: cn=no," GRANTS "\nobjectClass: lwGrant\nlwGrantText: forbid user alice may ticket service tagged db;"));
	OK(may(&alice, &web));
	OK(fix_modify(fix.op, "dn: " WEB "\nadd lwTag\nlwTag: db"));
	ERR(may(&alice, &web), LW_EACCES);
	OK(fix_delete(fix.op, "cn=no," GRANTS));
	OK(may(&alice, &web));
	/* through a group, and by place */
	OK(fix_add(fix.op, "dn: cn=out,ou=groups," SUFFIX "\nobjectClass: groupOfNames\ncn: out"));
	OK(fix_add(fix.op, "dn: cn=no," GRANTS "\nobjectClass: lwGrant\nlwGrantText: forbid group out may ticket any under ou=hosts;"));
	OK(fix_modify(fix.op, "dn: cn=out,ou=groups," SUFFIX "\nadd member\nmember: uid=alice," PEOPLE));
	OK(may(&alice, &web));
	OK(fix_moddn(fix.op, WEB, "cn=HTTP/web1.acme.example", false, HOSTS));
	ERR(may(&alice, &web), LW_EACCES);
	OK(fix_modify(fix.op, "dn: cn=out,ou=groups," SUFFIX "\ndelete member\nmember: uid=alice," PEOPLE));
	OK(may(&alice, &web));
	OK(fix_delete(fix.op, "cn=HTTP/web1.acme.example," HOSTS));
	ERR(may(&alice, &web), LW_ENOTFOUND);
	OK(fix_delete(fix.op, "uid=alice," PEOPLE));
	ERR(may(&alice, NULL), LW_ENOTFOUND);
	/* made again under its old name it is another */
	OK(fix_person(fix.op, "alice", ""));
	ERR(may(&alice, NULL), LW_ENOTFOUND);
}

static void conditions_and_lives(void **state)
{
	int64_t now = lw_wall(&fix.clock);

	OK(fix_delete(fix.op, "cn=authenticated-ticket," GRANTS));
	OK(fix_add(fix.op, "dn: cn=a," GRANTS "\nobjectClass: lwGrant\nlwGrantText: permit user alice may ticket service "
		"when auth.age<5m max-life 1h;"));
	OK(may_as(kdc, &alice, &web, now - 60 * LW_SECOND, false));
	assert_true(life == 3600 * LW_SECOND);
	ERR(may_as(kdc, &alice, &web, now - 301 * LW_SECOND, false), LW_EACCES);
	OK(may_as(kdc, &alice, &web, now - 60 * LW_SECOND, false));
	ERR(may_as(kdc, &alice, &alice, now, false), LW_EACCES);
	OK(fix_add(fix.op, "dn: cn=b," GRANTS "\nobjectClass: lwGrant\nlwGrantText: permit user alice may ticket service "
		"when auth.mfa max-life 2h;"));
	OK(may_as(kdc, &alice, &web, now, true));
	assert_true(life == 7200 * LW_SECOND);
	OK(may_as(kdc, &alice, &web, now, false));
	assert_true(life == 3600 * LW_SECOND);
	OK(may_as(kdc, &alice, &web, now - 301 * LW_SECOND, true));
	OK(fix_add(fix.op, "dn: cn=c," GRANTS "\nobjectClass: lwGrant\nlwGrantText: permit user alice may ticket person "
		"when auth.method=kerberos and channel.confidential;"));
	OK(may_as(kdc, &alice, &alice, now, false));
}

static void policy(void **state)
{
	struct lw_session *who[] = { kdc, fix.admin };
	const struct { const char *change; int64_t life, renew; } rows[] = {
		{ NULL, 36000, 604800 },
		{ "dn: " POLICY "\nreplace krbMaxTicketLife\nkrbMaxTicketLife: 3600", 3600, 604800 },
		{ "dn: " POLICY "\nreplace krbMaxRenewableAge\nkrbMaxRenewableAge: 86400", 3600, 86400 },
		{ "dn: " POLICY "\nreplace krbMaxRenewableAge\nkrbMaxRenewableAge: 0", 3600, 0 },
		{ "dn: " POLICY "\nreplace krbMaxTicketLife\nkrbMaxTicketLife: 0", 36000, 0 },
		{ "dn: " POLICY "\nreplace krbMaxTicketLife\nkrbMaxTicketLife: -5", 36000, 0 },
		{ "dn: " POLICY "\nreplace krbMaxTicketLife", 36000, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_txn *t;
		int64_t l = 0, r = 0;

		if (rows[i].change)
			OK(fix_modify(fix.op, rows[i].change));
		for (int again = 0; again < 2; again++) {
			OK(store_begin(who[0], STORE_READ, &t));
			OK(store_ticket_policy(t, &l, &r));
			store_end(t);
			assert_int_equal(l, rows[i].life);
			assert_int_equal(r, rows[i].renew);
		}
		OK(store_begin(who[1], STORE_READ, &t));
		ERR(store_ticket_policy(t, &l, &r), LW_EACCES);
		store_end(t);
	}
}

/* Threads with sessions of their own share what is remembered. What was forbidden before a transaction began is never
 * granted in it. */
#define BETWEEN UINT_MAX /* either answer is right */
static atomic_uint forbidden, done;

static void *ask_often(void *arg)
{
	struct lw_session *s;
	struct store_ticket q = { .client = alice, .server = web };
	uintptr_t wrong = store_session_role(fix.store, fix.acme, STORE_ROLE_KDC, &s) != LW_OK;

	while (!wrong && !atomic_load(&done)) {
		unsigned before = atomic_load(&forbidden);
		struct store_txn *t;
		int64_t max;

		if (store_begin(s, STORE_READ, &t))
			return (void *)(uintptr_t)1;
		int err = store_may_ticket(t, &q, &max);
		store_end(t);
		/* even: permitted before and after; odd: forbidden */
		if (before != BETWEEN && before == atomic_load(&forbidden) && err != (before % 2 ? LW_EDISABLED : LW_OK))
			wrong = 1;
	}
	store_session_free(s);
	return (void *)wrong;
}

static void many_threads(void **state)
{
	pthread_t thread[4];

	atomic_store(&forbidden, 0);
	atomic_store(&done, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask_often, NULL), 0);
	for (unsigned i = 0; i < 40; i++) {
		atomic_store(&forbidden, BETWEEN);
		OK(fix_modify(fix.op, i % 2 ? "dn: " WEB "\nreplace lwDisabled" : "dn: " WEB "\nreplace lwDisabled\nlwDisabled: TRUE"));
		atomic_store(&forbidden, i % 2 ? 2 * i : 2 * i + 1);
	}
	atomic_store(&done, 1);
	for (int i = 0; i < 4; i++) {
		void *wrong;
		pthread_join(thread[i], &wrong);
		assert_null(wrong);
	}
}

/* ---- the realm's keys ---- */

static int realm_keys(struct lw_session *s, uint64_t generation, const char *sealed)
{
	struct store_sealed_item item = { .attr = schema_attr(LW_LIT("krbPrincipalKey"))->id, .cls = STORE_SECRET_KERBEROS,
		.generation = generation, .sealed = lw_str(sealed) };
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };

	return store_write(s, &op, &fix.r);
}

static int realm_get(struct lw_session *s, const char *want, uint64_t want_generation)
{
	struct store_txn *t;
	struct lw_bytes got = { 0 };
	uint64_t generation = 0;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_tenant_sealed(t, schema_attr(LW_LIT("krbPrincipalKey")), &got, &generation);
	if (!err) {
		assert_int_equal(generation, want_generation);
		assert_true(lw_eq(got, lw_str(want)));
	}
	store_end(t);
	return err;
}

static void realm(void **state)
{
	struct lw_session *auth = NULL, *anonymous = NULL, *plain;
	struct store_op op = { .kind = STORE_TENANT_KEYS };

	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_AUTH, &auth));
	OK(store_session_anonymous(fix.store, fix.acme, &anonymous));
	plain = fix_login(fix.acme, &fix.acme_uuid, &alice, 0);
	assert_non_null(plain);
	ERR(realm_get(kdc, "", 0), LW_ENOTFOUND);
	ERR(store_write(fix.op, &op, &fix.r), LW_EINVAL);
	ERR(realm_keys(fix.op, 2, "first"), LW_EAGAIN);
	OK(realm_keys(fix.op, 1, "first"));
	OK(realm_get(kdc, "first", 1));
	OK(realm_get(auth, "first", 1));
	ERR(realm_keys(fix.op, 1, "again"), LW_EAGAIN);
	OK(realm_keys(fix.admin, 2, "second"));
	OK(realm_get(kdc, "second", 2));
	ERR(realm_get(kdc_beta, "", 0), LW_ENOTFOUND); /* its own, and it has none */
	/* who may not */
	ERR(realm_keys(plain, 3, "x"), LW_EACCES);
	ERR(realm_keys(anonymous, 3, "x"), LW_EACCES);
	ERR(realm_keys(kdc, 3, "x"), LW_EACCES);
	ERR(realm_keys(auth, 3, "x"), LW_EACCES);
	ERR(realm_get(fix.op, "", 0), LW_EACCES);
	ERR(realm_get(fix.admin, "", 0), LW_EACCES);
	ERR(realm_get(plain, "", 0), LW_EACCES);
	OK(realm_keys(fix.other, 1, "beta's"));
	OK(realm_get(kdc_beta, "beta's", 1));
	OK(realm_get(kdc, "second", 2));
	store_session_free(auth);
	store_session_free(anonymous);
	store_session_free(plain);
}

/* Roles and what is sealed: the KDC the Kerberos keys alone, the operator those of services and hosts. */
static void sealed(void **state)
{
	const uint16_t key = schema_attr(LW_LIT("krbPrincipalKey"))->id, pw = schema_attr(LW_LIT("userPassword"))->id;
	struct store_sealed_item items[] = { { key, STORE_SECRET_KERBEROS, 1, LW_LIT("keys") },
		{ pw, STORE_SECRET_PASSWORD, 1, LW_LIT("password") } };
	struct store_op op = { .kind = STORE_SET_SECRET, .secrets = items, .nsecrets = 2 };
	struct lw_session *auth;
	const struct { struct lw_session **who; struct lw_uuid *of; uint16_t attr; int want; } rows[] = {
		{ &kdc, &alice, key, LW_OK }, { &kdc, &web, key, LW_OK }, { &kdc, &alice, pw, LW_EACCES }, { &kdc, &web, pw, LW_EACCES },
		{ &fix.op, &alice, key, LW_EACCES }, { &fix.op, &web, key, LW_OK }, { &fix.op, &web, pw, LW_EACCES },
		{ &auth, &alice, key, LW_OK }, { &auth, &alice, pw, LW_OK }, { &fix.admin, &web, key, LW_EACCES },
		{ &kdc_beta, &alice, key, LW_ENOTFOUND },
	};

	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_AUTH, &auth));
	op.uuid = alice;
	OK(store_write(fix.op, &op, &fix.r));
	op.uuid = web;
	OK(store_write(fix.op, &op, &fix.r));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_txn *t;
		struct lw_bytes got;
		uint64_t g;

		OK(store_begin(*rows[i].who, STORE_READ, &t));
		int err = store_sealed(t, rows[i].of, rows[i].attr,
			rows[i].attr == key ? STORE_SECRET_KERBEROS : STORE_SECRET_PASSWORD, &got, &g);
		store_end(t);
		if (err != rows[i].want)
			fail_msg("row %zu: %s, not %s", i, lw_errname(err), lw_errname(rows[i].want));
	}
	store_session_free(auth);
}

static void reserved_names(void **state)
{
	static const struct { const char *ldif; int want; } rows[] = {
		{ "dn: cn=krbtgt/ACME.EXAMPLE," SERVICES "\nobjectClass: lwService", LW_ECONSTRAINT },
		{ "dn: cn=Kadmin/changepw," HOSTS "\nobjectClass: lwHost", LW_ECONSTRAINT },
		{ "dn: cn=x," SERVICES "\nobjectClass: lwService\nkrbPrincipalName: krbtgt/OTHER@ACME.EXAMPLE", LW_ECONSTRAINT },
		{ "dn: cn=x," SERVICES "\nobjectClass: lwService\nkrbPrincipalName: x@ACME.EXAMPLE\n"
		  "krbPrincipalName: kadmin/changepw@ACME.EXAMPLE", LW_ECONSTRAINT },
		{ "dn: cn=x," SERVICES "\nobjectClass: lwService\nkrbPrincipalName: k\\rbtgt/OTHER@ACME.EXAMPLE", LW_ECONSTRAINT },
		{ "dn: uid=krbtgt/X," PEOPLE "\nobjectClass: inetOrgPerson\ncn: x\nsn: x", LW_ECONSTRAINT },
		{ "dn: cn=WellKnown/ANONYMOUS," SERVICES "\nobjectClass: lwService", LW_ECONSTRAINT },
		{ "dn: uid=x," PEOPLE "\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nkrbPrincipalName: WELLKNOWN/ANONYMOUS@ACME.EXAMPLE",
			LW_ECONSTRAINT },
		{ "dn: cn=wellknown," SERVICES "\nobjectClass: lwService", LW_OK },
		{ "dn: cn=krbtgt," SERVICES "\nobjectClass: lwService", LW_OK },
		{ "dn: cn=krbtgtx/y," SERVICES "\nobjectClass: lwService", LW_OK },
		{ "dn: cn=kadmin/x,ou=groups," SUFFIX "\nobjectClass: groupOfNames", LW_OK },
	};
	static const struct { const char *dn, *principal; } names[] = {
		{ WEB, "HTTP/web1.acme.example@ACME.EXAMPLE" },
		{ "cn=web," SERVICES, "web@ACME.EXAMPLE" },
		{ "cn=h1.acme.example," HOSTS, "host/h1.acme.example@ACME.EXAMPLE" },
		{ "uid=alice," PEOPLE, "alice@ACME.EXAMPLE" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int op = fix_add(fix.op, rows[i].ldif), admin = rows[i].want ? fix_add(fix.admin, rows[i].ldif) : LW_OK;
		if (op != rows[i].want || admin != rows[i].want)
			fail_msg("%s: %s, %s", rows[i].ldif, lw_errname(op), lw_errname(admin));
	}
	ERR(fix_modify(fix.op, "dn: " WEB "\nadd krbPrincipalName\nkrbPrincipalName: krbtgt/ACME.EXAMPLE@ACME.EXAMPLE"), LW_ECONSTRAINT);
	ERR(fix_modify(fix.op, "dn: " WEB "\nadd cn\ncn: kadmin/admin"), LW_ECONSTRAINT);
	ERR(fix_moddn(fix.op, WEB, "cn=krbtgt/BETA.EXAMPLE", true, NULL), LW_ECONSTRAINT);
	/* what entries are called without being told */
	OK(fix_add(fix.op, "dn: cn=web," SERVICES "\nobjectClass: lwService"));
	OK(fix_add(fix.op, "dn: cn=h1.acme.example," HOSTS "\nobjectClass: lwHost"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(fix_read(fix.op, names[i].dn, "krbPrincipalName"), names[i].principal);
}

/* Names are of the tenant's own realm. */
static void own_realm(void **state)
{
	static const struct { const char *name; int want; } rows[] = {
		{ "dave@ACME.EXAMPLE", LW_OK },
		{ "d\\@ve@ACME.EXAMPLE", LW_OK },
		{ "dave", LW_ECONSTRAINT },
		{ "dave@", LW_ECONSTRAINT },
		{ "dave@BETA.EXAMPLE", LW_ECONSTRAINT },
		{ "dave@acme.example", LW_ECONSTRAINT },
		{ "dave@ACME.EXAMPLE ", LW_ECONSTRAINT },
		{ "dave@ACME.EXAMPLE@BETA.EXAMPLE", LW_ECONSTRAINT },
		{ "dave@BETA.EXAMPLE@ACME.EXAMPLE", LW_ECONSTRAINT },
		{ "dave\\@ACME.EXAMPLE", LW_ECONSTRAINT },
		{ "dave@ACME.EXAMPL", LW_ECONSTRAINT },
		{ "dave@SUB.ACME.EXAMPLE", LW_ECONSTRAINT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char ldif[300];
		int add, change;

		snprintf(ldif, sizeof(ldif), "dn: uid=dave," PEOPLE "\nobjectClass: inetOrgPerson\ncn: d\nsn: d\nkrbPrincipalName: %s",
			rows[i].name);
		add = fix_add(fix.admin, ldif);
		if (!add)
			OK(fix_delete(fix.admin, "uid=dave," PEOPLE));
		snprintf(ldif, sizeof(ldif), "dn: uid=alice," PEOPLE "\nreplace krbPrincipalName\nkrbPrincipalName: %s", rows[i].name);
		change = fix_modify(fix.op, ldif);
		if (add != rows[i].want || change != rows[i].want)
			fail_msg("%s: %s, %s", rows[i].name, lw_errname(add), lw_errname(change));
	}
	/* what is no name for Kerberos gives none */
	OK(fix_add(fix.admin, "dn: uid=d\\\\ave," PEOPLE "\nobjectClass: inetOrgPerson\ncn: d\nsn: d"));
	assert_string_equal(fix_read(fix.op, "uid=d\\\\ave," PEOPLE, "krbPrincipalName"), "ENOATTR");
}

/* ---- what it costs ---- */

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

#define ROUNDS 200000
#define COST(what, call)                                                                                    \
	do {                                                                                                \
		double from = now_us();                                                                     \
		for (int i = 0; i < ROUNDS; i++)                                                            \
			if (call)                                                                           \
				abort();                                                                    \
		print_message("%-28s %.3f us\n", what, (now_us() - from) / ROUNDS);                         \
	} while (0)

static int begin_end(void)
{
	struct store_txn *t;
	int err = store_begin(kdc, STORE_READ, &t);

	store_end(t);
	return err;
}

static void bench(void **state)
{
	const struct schema_attr *name = schema_attr(LW_LIT("krbPrincipalName")), *key = schema_attr(LW_LIT("krbPrincipalKey"));
	struct store_sealed_item item = { key->id, STORE_SECRET_KERBEROS, 1, LW_LIT("0123456789012345678901234567890123456789") };
	struct store_op op = { .kind = STORE_SET_SECRET, .secrets = &item, .nsecrets = 1, .uuid = web };
	struct store_ticket q = { .client = alice, .server = web, .auth_time = lw_wall(&fix.clock) };
	struct store_principal p;
	struct store_txn *t;
	struct lw_bytes b;
	uint64_t g;
	int64_t l, r;

	OK(store_write(fix.op, &op, &fix.r));
	OK(realm_keys(fix.op, 1, "first"));
	for (int i = 0; i < 1000; i++) {
		char uid[16];
		snprintf(uid, sizeof(uid), "u%d", i);
		OK(fix_person(fix.op, uid, ""));
	}
	COST("begin, end", begin_end());
	OK(store_begin(kdc, STORE_READ, &t));
	COST("principal by name", store_principal_name(t, name, LW_LIT("HTTP/web1.acme.example@ACME.EXAMPLE"), &p));
	store_end(t);
	OK(store_begin(kdc, STORE_READ, &t));
	COST("principal by uuid", store_principal_uuid(t, &alice, &p));
	COST("sealed", store_sealed(t, &web, key->id, STORE_SECRET_KERBEROS, &b, &g));
	COST("realm sealed", store_tenant_sealed(t, key, &b, &g));
	COST("may ticket", store_may_ticket(t, &q, &l));
	COST("ticket policy", store_ticket_policy(t, &l, &r));
	store_end(t);
	double from = now_us();
	for (int i = 0; i < 1000; i++) {
		char uid[64];
		snprintf(uid, sizeof(uid), "u%d@ACME.EXAMPLE", i);
		OK(store_begin(kdc, STORE_READ, &t));
		OK(store_principal_name(t, name, lw_str(uid), &p));
		q.client = p.uuid;
		OK(store_may_ticket(t, &q, &l));
		store_end(t);
	}
	print_message("%-28s %.3f us\n", "by name and decided, cold", (now_us() - from) / 1000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(default_grant, up, down),
		cmocka_unit_test_setup_teardown(other_tenants, up, down),
		cmocka_unit_test_setup_teardown(what_is_remembered_ends, up, down),
		cmocka_unit_test_setup_teardown(conditions_and_lives, up, down),
		cmocka_unit_test_setup_teardown(policy, up, down),
		cmocka_unit_test_setup_teardown(many_threads, up, down),
		cmocka_unit_test_setup_teardown(realm, up, down),
		cmocka_unit_test_setup_teardown(sealed, up, down),
		cmocka_unit_test_setup_teardown(reserved_names, up, down),
		cmocka_unit_test_setup_teardown(own_realm, up, down),
	};
	const struct CMUnitTest costs[] = { cmocka_unit_test_setup_teardown(bench, up, down) };

	if (argc > 1)
		return cmocka_run_group_tests(costs, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
