/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: capabilities on the KDC's word, keytabs, kvno, the realm's keys. */
#include "tests/unit/keyd_fix.h"
#include <string.h>
#include "base/log.h"
#include "keys/keytab.h"
#include "store/issue.h"

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
	bool theirs = lw_uuid_eq(who, &beta_uuid), realm = theirs || lw_uuid_eq(who, &acme_uuid);
	uint32_t tenant = theirs ? beta : acme;
	int err;

	assert_int_equal(keys_kerberos_key(kdc, tenant, key), LW_OK);
	assert_int_equal(keys_kerberos_key(keys, acme, key), LW_EACCES); /* directory */
	assert_int_equal(keys_kerberos_key(kdc, tenant, key), LW_OK);
	assert_int_equal(store_session_role(store, tenant, STORE_ROLE_KDC, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	err = realm ? store_tenant_sealed(txn, schema_attr(LW_LIT("krbPrincipalKey")), &sealed, &generation)
	            : store_sealed(txn, who, schema_attr(LW_LIT("krbPrincipalKey"))->id, STORE_SECRET_KERBEROS, &sealed, &generation);
	if (err)
		assert_int_equal(err, LW_ENOTFOUND);
	else
		assert_int_equal(keys_krb_open(key, theirs ? &beta_uuid : &acme_uuid, who, generation, sealed, arena, ret), LW_OK);
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
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
	struct store_result res = { 0 };
	struct keys_token t, plain, theirs;
	struct lw_cap cap, other;
	struct keys_krb before, krb;
	char text[200];
	size_t n = 0;

	assert_int_equal(stored(&acme_uuid, &before), 1); /* made with the tenant */
	assert_int_equal(before.sets[0].kvno, 1);
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(verify(acme, &alice, "alice's password", &plain, &other), LW_OK);
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &theirs, &other), LW_OK);
	for (uint32_t i = 2; i <= 6; i++) {
		clk = lw_clock_test(NOW + i * LW_SECOND, 1000 * LW_SECOND);
		if (i > 4) { /* tickets under the oldest are good yet */
			assert_int_equal(keys_realm_keys(keys, tok(&t), acme, false, arena, &item, text), LW_EUNWILLING);
			assert_non_null(strstr(text, "--now"));
		}
		assert_int_equal(keys_realm_keys(keys, tok(&t), acme, i > 4, arena, &item, text), LW_OK);
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
		/* followed by the one before it in the list; ten hours of a ticket, five minutes of clocks */
		assert_true(sets[i].needed == (i ? sets[i - 1].set_time + (10 * 3600 + 300) * LW_SECOND : 0));
		assert_true(sets[i].next == (i ? 0 : NOW + 6 * LW_SECOND + 365 * 86400 * LW_SECOND));
	}
	assert_int_equal(keys_realm_keys(keys, tok(&plain), acme, false, arena, &item, text), LW_EACCES);
	assert_int_equal(keys_realm_list(keys, tok(&plain), acme, sets, &n), LW_EACCES);
	assert_int_equal(keys_realm_keys(keys, tok(&theirs), acme, false, arena, &item, text), LW_EACCES);
	assert_int_equal(keys_realm_keys(keys, tok(&theirs), beta, false, arena, &item, text), LW_OK);
	/* sealed for beta: as acme's they would not open */
	item.generation = 7;
	assert_int_equal(write_as(&cap, &op, &res), LW_OK);
	assert_int_equal(keys_realm_keys(keys, tok(&t), acme, false, arena, &item, text), LW_EAUTH);
}

/* By themselves: a year, and a year, and what nobody relies on any more is gone within the hour. */
static void realms_keys_follow(void **state)
{
	static const struct {
		int64_t after; /* seconds */
		unsigned n, kvno;
	} rows[] = { { 0, 1, 1 }, { 365 * 86400 - 60, 1, 1 }, { 365 * 86400, 2, 2 }, { 365 * 86400 + 10 * 3600 + 299, 2, 2 }, { 365 * 86400 + 10 * 3600 + 301, 1, 2 },
		{ 2 * 365 * 86400 - 60, 1, 2 }, { 2 * 365 * 86400 + 3600, 2, 3 } };
	struct store_sealed_item *items;
	struct store_op op = { .kind = STORE_TENANT_KEYS, .nsecrets = 1 };
	struct store_result res = { 0 };
	struct lw_session *s;
	struct keys_krb krb;
	int64_t next, begun = 0;
	size_t n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i == 0) {
			assert_int_equal(stored(&beta_uuid, &krb), 1);
			begun = krb.sets[0].set_time;
		}
		clk = lw_clock_test(begun + rows[i].after * LW_SECOND, 1000 * LW_SECOND);
		assert_int_equal(keys_due(keys, beta, arena, &items, &n, &next), LW_OK);
		for (size_t j = 0; j < n; j++) {
			op.secrets = &items[j];
			assert_int_equal(store_session_role(store, beta, STORE_ROLE_UPKEEP, &s), LW_OK);
			assert_int_equal(store_write(s, &op, &res), LW_OK);
			store_session_free(s);
		}
		assert_int_equal(stored(&beta_uuid, &krb), rows[i].n);
		assert_int_equal(krb.sets[0].kvno, rows[i].kvno);
		assert_true(next > lw_wall(&clk));
	}
}

/* A tenant of a time before there were tickets: it gets its first keys like others their next. */
static void a_realm_without_keys(void **state)
{
	struct keys_tenant kt = { .uuid = lw_uuid_new(&clk), .name = "old.example", .realm = "OLD.EXAMPLE",
		.admin_uuid = lw_uuid_new(&clk), .admin_name = "admin" };
	struct store_op op = { .kind = STORE_TENANT_CREATE, .tenant_name = kt.name, .tenant_uuid = kt.uuid, .admin_name = "admin",
		.admin_uuid = kt.admin_uuid };
	struct store_sealed_item item;
	struct store_op rotate = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
	struct keys_realm_set sets[KEYS_REALM_SETS];
	struct store_result res = { 0 };
	struct keys_token t;
	struct store_tenant tenant;
	struct lw_session *s;
	struct lw_cap cap;
	char text[200];
	size_t n = 9;

	assert_int_equal(keys_operator(keys, 0, &t, &cap), LW_OK);
	assert_int_equal(keys_tenant_new(keys, tok(&t), &kt, LW_LIT("old admin's password"), arena, &op.tenant_keys, &op.secrets,
	                         &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(store_session_role(store, 0, STORE_ROLE_INIT, &s), LW_OK);
	assert_int_equal(store_write(s, &op, &res), LW_OK);
	store_session_free(s);
	assert_int_equal(store_tenant_by_name(store, arena, LW_LIT("old.example"), &tenant), LW_OK);
	assert_int_equal(keys_operator(keys, tenant.id, &t, &cap), LW_OK);
	assert_int_equal(keys_realm_list(keys, tok(&t), tenant.id, sets, &n), LW_OK);
	assert_int_equal(n, 0);
	assert_int_equal(keys_realm_keys(keys, tok(&t), tenant.id, false, arena, &item, text), LW_OK);
	assert_int_equal(item.generation, 1);
	assert_int_equal(write_as(&cap, &rotate, &res), LW_OK);
	assert_int_equal(keys_realm_list(keys, tok(&t), tenant.id, sets, &n), LW_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sets[0].kvno, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(kerberos_caps),
		T(tokens_sent_along),
		T(kdc_sets_a_password),
		T(keytabs),
		T(kvno_grows),
		T(keys_of_the_realm),
		T(a_realm_without_keys),
		T(realms_keys_follow),
	};

	lw_log_level(LW_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
