/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in the store: each operation right and refused, what is read back, other tenants, upkeep,
 * replay. */
#include <pthread.h>
#include <stdatomic.h>
#include "store/guard.h"
#include "tests/unit/issue_fix.h"

/* ---- a certificate's life ---- */

static void life(void **state)
{
	const int64_t now = lw_wall(&fix.clock);
	struct store_cert c;
	uint64_t g = generation(auth);

	ERR(cert_in(auth, "0a0b", &c), LW_ENOTFOUND);
	OK(intent(alice_s, "0a0b", &alice, "user"));
	assert_string_equal(fix_read(fix.admin, "cn=0a0b," CERTS, "lwCertState"), "intent");
	OK(cert_in(auth, "0a0b", &c));
	assert_int_equal(c.state, STORE_CERT_IS_INTENT);
	assert_true(lw_uuid_eq(&c.subject, &alice) && lw_eq(c.profile, LW_LIT("user")));
	assert_true(!c.not_before && !c.not_after && !c.der.p && !c.revoked_at);
	ERR(intent(alice_s, "0a0b", &alice, "user"), LW_EEXIST);
	ERR(intent(fix.admin, "000a0b", &bob, "user"), LW_EEXIST); /* as DER would have it */
	OK(issued(alice_s, "0a0b", DAY));
	ERR(issued(alice_s, "0a0b", DAY), LW_EAGAIN);
	ERR(drop(alice_s, "0a0b"), LW_EAGAIN);
	OK(cert_in(auth, "000a0b", &c));
	assert_int_equal(c.state, STORE_CERT_IS_ISSUED);
	assert_true(lw_eq(c.der, DER) && c.not_before == now && c.not_after == now + DAY);
	assert_true(lw_eq(c.serial, serial("0a0b")));
	assert_string_equal(revoked(auth, 0), "");
	assert_true(generation(auth) == g);

	ERR(cert_revoke(alice_s, "0a0b", 7), LW_EINVAL);
	ERR(cert_revoke(alice_s, "0a0b", 11), LW_EINVAL);
	ERR(cert_revoke(alice_s, "0a0b", -1), LW_EINVAL);
	OK(cert_revoke(alice_s, "0a0b", 1));
	ERR(cert_revoke(fix.admin, "0a0b", 1), LW_EEXIST);
	OK(cert_in(auth, "0a0b", &c));
	assert_int_equal(c.state, STORE_CERT_IS_REVOKED);
	assert_int_equal(c.reason, 1);
	assert_true(c.revoked_at == now && lw_eq(c.der, DER));
	assert_string_equal(revoked(auth, 0), "0a0b");
	assert_string_equal(revoked(auth, now + DAY), "0a0b");
	assert_string_equal(revoked(auth, now + DAY + LW_SECOND), "");
	assert_true(generation(auth) != g); /* in the same second as well */
	g = generation(auth);
	ERR(issued(alice_s, "0a0b", DAY), LW_EAGAIN);

	/* an intent for which nothing was signed; one for which nobody knows */
	OK(intent(alice_s, "0c", &alice, "user"));
	OK(drop(alice_s, "0c"));
	ERR(drop(alice_s, "0c"), LW_EAGAIN);
	ERR(cert_in(auth, "0c", &c), LW_ENOTFOUND);
	assert_true(generation(auth) == g);
	OK(intent(alice_s, "0d", &alice, "user"));
	OK(cert_revoke(fix.admin, "0d", 0));
	assert_string_equal(revoked(auth, 0), "0a0b 0d");
	assert_string_equal(revoked(auth, now + 700 * DAY), "0d");
	assert_true(generation(auth) != g);
}

static void bad_requests(void **state)
{
	struct store_cert c;

	ERR(intent(alice_s, "", &alice, "user"), LW_EINVAL);
	ERR(intent(alice_s, "00", &alice, "user"), LW_EINVAL);
	ERR(intent(alice_s, "010203040506070809101112131415161718192021", &alice, "user"), LW_EINVAL);
	ERR(intent(alice_s, "01", &alice, ""), LW_EINVAL);
	ERR(intent(alice_s, "01", &alice, "User"), LW_EINVAL);
	OK(intent(alice_s, "0102030405060708091011121314151617181920", &alice, "user"));
	OK(intent(alice_s, "01", &alice, "user"));
	ERR(issued(alice_s, "01", 0), LW_EINVAL);
	ERR(issued(alice_s, "01", INT64_C(9000) * 365 * DAY), LW_EINVAL);
	ERR(write_record(alice_s, STORE_CERT_ISSUED,
	            &(struct store_record){ .serial = serial("01"),
	                    .der = LW_LIT("no DER"),
	                    .not_before = 1,
	                    .not_after = DAY }),
	        LW_ESYNTAX);
	ERR(cert_in(auth, "00", &c), LW_ENOTFOUND);
	ERR(cert_in(auth, "010203040506070809101112131415161718192021", &c), LW_ENOTFOUND);
}

/* How many certificates of his are not revoked, by pages of one. */
static int certs_of(struct lw_session *s, const struct lw_uuid *subject, size_t *ret)
{
	struct store_txn *t;
	struct store_cert c;
	uint64_t after = 0;
	size_t n = 0, got = 1;
	int err;

	OK(store_begin(s, STORE_READ, &t));
	while (got == 1 && (err = store_certs_of(t, subject, lw_wall(&fix.clock), &after, &c, 1, &got)) == LW_OK)
		n += got;
	store_end(t);
	*ret = n;
	return err;
}

/* Who may what. */
static void rights(void **state)
{
	size_t n;
	struct lw_uuid gone = lw_uuid_new(&fix.clock);
	struct store_cert c;

	ERR(intent(anonymous, "01", &alice, "user"), LW_EACCES);
	ERR(intent(alice_s, "01", &bob, "user"), LW_EACCES);
	ERR(intent(alice_s, "01", &web, "tls-server"), LW_ENOTFOUND); /* hosts are hidden from her */
	ERR(intent(alice_s, "01", &gone, "user"), LW_ENOTFOUND);
	ERR(intent(alice_s, "01", &alice, "tls-server"), LW_EACCES);
	ERR(intent(web_s, "01", &web, "user"), LW_EACCES);
	ERR(intent(auth, "01", &alice, "user"), LW_EACCES);
	ERR(intent(upkeep, "01", &alice, "user"), LW_EACCES);
	ERR(intent(fix.other, "01", &alice, "user"), LW_ENOTFOUND);
	ERR(intent(fix.admin, "01", &fix.beta_admin, "user"), LW_ENOTFOUND);
	OK(intent(web_s, "01", &web, "tls-server"));
	OK(intent(web_s, "02", &web, "tls-client"));
	OK(intent(fix.admin, "03", &bob, "user"));
	OK(intent(fix.op, "04", &bob, "user"));
	OK(intent(fix.other, "04", &fix.beta_admin, "user")); /* beta's own, of the same serial */
	OK(cert_in(auth_beta, "04", &c));
	assert_true(lw_uuid_eq(&c.subject, &fix.beta_admin));
	/* another's intent is as if it were not there */
	ERR(issued(alice_s, "03", DAY), LW_EAGAIN);
	ERR(drop(alice_s, "03"), LW_EAGAIN);
	ERR(issued(fix.other, "03", DAY), LW_EAGAIN);
	OK(issued(bob_s, "03", DAY)); /* his */
	OK(issued(fix.op, "04", DAY));
	OK(drop(fix.admin, "02"));
	OK(issued(web_s, "01", DAY));
	/* whose are what: by the right on him, whatever one may see */
	ERR(certs_of(alice_s, &bob, &n), LW_EACCES);
	ERR(certs_of(bob_s, &bob, &n), LW_EACCES); /* his certificates, not himself */
	ERR(certs_of(fix.other, &bob, &n), LW_ENOTFOUND);
	ERR(certs_of(anonymous, &bob, &n), LW_EACCES);
	OK(certs_of(fix.admin, &bob, &n));
	assert_int_equal(n, 2);
	OK(certs_of(fix.op, &bob, &n));
	assert_int_equal(n, 2);
	OK(certs_of(fix.op, &web, &n));
	assert_int_equal(n, 1);
	OK(certs_of(fix.op, &alice, &n));
	assert_int_equal(n, 0);
	/* revoking */
	ERR(cert_revoke(alice_s, "03", 0), LW_ENOTFOUND);
	ERR(cert_revoke(alice_s, "99", 0), LW_ENOTFOUND);
	ERR(cert_revoke(fix.other, "03", 0), LW_ENOTFOUND);
	ERR(cert_revoke(anonymous, "03", 0), LW_EACCES);
	ERR(cert_revoke(upkeep, "03", 0), LW_EACCES);
	OK(grant("helpdesk", "permit user alice may revoke person under ou=people;"));
	OK(certs_of(alice_s, &bob, &n));
	assert_int_equal(n, 2);
	OK(cert_revoke(alice_s, "03", 0)); /* by the right on him */
	OK(certs_of(alice_s, &bob, &n));
	assert_int_equal(n, 1); /* the revoked one is done */
	ERR(certs_of(alice_s, &fix.acme_admin, &n), LW_EACCES);
	ERR(cert_revoke(alice_s, "01", 0), LW_ENOTFOUND);
	/* administrators are protected, and so is what they have */
	OK(intent(fix.admin, "05", &fix.acme_admin, "user"));
	ERR(cert_revoke(alice_s, "05", 0), LW_ENOTFOUND);
	OK(grant("certificates", "permit user alice may revoke certificate;"));
	ERR(cert_revoke(alice_s, "05", 0), LW_ENOTFOUND);
	OK(cert_revoke(alice_s, "01", 0));
	OK(cert_revoke(fix.admin, "05", 0));
	/* the records, seen by him whom they are about and by administrators */
	assert_string_equal(
	        fix_search(bob_s, CERTS, STORE_ONE, "(objectClass=lwCertificate)"), "cn=03 cn=04");
	assert_string_equal(fix_search(bob_s, CERTS, STORE_ONE, "(lwCertState=revoked)"), "cn=03");
	assert_string_equal(fix_search(alice_s, CERTS, STORE_ONE, "(objectClass=*)"), "");
	assert_string_equal(fix_search(fix.admin, CERTS, STORE_ONE, "(objectClass=lwCertificate)"),
	        "cn=01 cn=03 cn=04 cn=05");
	assert_string_equal(fix_read(bob_s, "cn=03," CERTS, "lwProfile"), "user");
	assert_string_equal(fix_read(alice_s, "cn=03," CERTS, "lwProfile"), "ENOTFOUND");
	/* keyd's role alone, and each in its tenant */
	ERR(cert_in(alice_s, "03", &c), LW_EACCES);
	ERR(cert_in(fix.admin, "03", &c), LW_EACCES);
	ERR(cert_in(upkeep, "03", &c), LW_EACCES);
	ERR(cert_in(auth_beta, "03", &c), LW_ENOTFOUND);
	assert_string_equal(revoked(auth, 0), "01 03 05");
	assert_string_equal(revoked(auth_beta, 0), "");
	/* who goes leaves them to the administrators, revoked */
	OK(fix_delete(fix.admin, BOB));
	OK(cert_in(auth, "04", &c));
	assert_string_equal(fix_search(fix.admin, CERTS, STORE_ONE, "(objectClass=lwCertificate)"),
	        "cn=01 cn=03 cn=04 cn=05");
	assert_int_equal(c.state, STORE_CERT_IS_REVOKED);
	ERR(cert_revoke(fix.admin, "04", 5), LW_EEXIST);
	/* and his name's next bearer sees nothing of them */
	OK(fix_person(fix.admin, "bob", ""));
	struct lw_uuid second = fix_uuid(BOB);
	struct lw_session *s = fix_login(fix.acme, &fix.acme_uuid, &second, 0);
	assert_string_equal(fix_search(s, CERTS, STORE_ONE, "(objectClass=*)"), "");
	store_session_free(s);
}

/* LDAP's own operations: never, whoever asks. */
static void plain_writes(void **state)
{
	OK(intent(fix.admin, "01", &alice, "user"));
	OK(cancel(alice_s, "_id", lw_wall(&fix.clock) + DAY));
	struct lw_session *all[] = { fix.admin, fix.op };

	for (size_t i = 0; i < 2; i++) {
		struct lw_session *s = all[i];
		ERR(fix_add(s, "dn: cn=02," CERTS "\nobjectClass: device\ncn: 02"), LW_EUNWILLING);
		ERR(fix_add(s, "dn: cn=02," TOKENS "\nobjectClass: lwToken\ncn: 02"), LW_EUNWILLING);
		ERR(fix_add(s, "dn: cn=02,cn=01," CERTS "\nobjectClass: device\ncn: 02"), LW_EUNWILLING);
		ERR(fix_add(s, "dn: cn=02,ou=people," SUFFIX "\nobjectClass: lwToken\ncn: 02"),
		        LW_EUNWILLING);
		ERR(fix_add(s,
		            "dn: cn=02,ou=people," SUFFIX "\nobjectClass: lwCertificate\ncn: 02\nlwSubject: "
		            "018f0000-0000-7000-8000-000000000000\nlwProfile: user\nlwCertState: issued"),
		        LW_EUNWILLING);
		ERR(fix_modify(s, "dn: cn=01," CERTS "\nreplace lwCertState\nlwCertState: issued"),
		        LW_EUNWILLING);
		ERR(fix_modify(s, "dn: cn=01," CERTS "\nreplace lwTag\nlwTag: x"), LW_EUNWILLING);
		ERR(fix_modify(s, "dn: cn=_id," TOKENS "\nreplace lwTag\nlwTag: x"), LW_EUNWILLING);
		ERR(fix_delete(s, "cn=01," CERTS), LW_EUNWILLING);
		ERR(fix_delete(s, "cn=_id," TOKENS), LW_EUNWILLING);
		ERR(fix_delete(s, CERTS), LW_EUNWILLING);
		ERR(fix_delete(s, TOKENS), LW_EUNWILLING);
		ERR(fix_moddn(s, "cn=01," CERTS, "cn=02", true, NULL), LW_EUNWILLING);
		ERR(fix_moddn(s, "cn=01," CERTS, "cn=01", true, "ou=people," SUFFIX), LW_EUNWILLING);
		ERR(fix_moddn(s, ALICE, "uid=alice", true, CERTS), LW_EUNWILLING);
		ERR(fix_moddn(s, CERTS, "ou=other", true, NULL), LW_EUNWILLING);
		ERR(fix_modify(s, "dn: " ALICE "\nreplace lwExpires\nlwExpires: 20300101000000Z"),
		        LW_ECONSTRAINT);
	}
	ERR(fix_delete(alice_s, "cn=01," CERTS), LW_EACCES);
	ERR(fix_add(anonymous, "dn: cn=02," CERTS "\nobjectClass: device\ncn: 02"), LW_EACCES);
	/* the container itself may be described */
	OK(fix_modify(fix.admin, "dn: " CERTS "\nreplace description\ndescription: issued here"));
	ERR(fix_delete(fix.admin, CERTS), LW_EUNWILLING);
}

/* ---- a tenant of before: no containers ---- */

static int take_away(void *ctx, struct eng_txn *e, struct eng_fx *fx)
{
	static const char *const names[] = { "certificates", "tokens" };
	struct dn_rdn rdn;
	uint64_t id;

	for (size_t i = 0; i < 2; i++) {
		OK(dn_make_rdn(eng_arena(e), ops_known()->ou, lw_str(names[i]), &rdn));
		OK(eng_child(e, fix.acme, OPS_SUFFIX_ID, rdn.norm, &id));
		eng_fx_entry_del(fx, fix.acme, id);
	}
	return eng_fx_err(fx);
}

static void older_tenant(void **state)
{
	struct store_cert c;

	OK(eng_submit(fix.store, take_away, NULL));
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_ONE, "(|(ou=certificates)(ou=tokens))"), "");
	assert_int_equal(generation(auth), 0);
	ERR(cert_in(auth, "01", &c), LW_ENOTFOUND);
	ERR(cert_revoke(fix.admin, "01", 0), LW_ENOTFOUND);
	OK(intent(alice_s, "01", &alice, "user"));
	OK(cert_in(auth, "01", &c));
	OK(cert_revoke(alice_s, "01", 0));
	assert_true(generation(auth) != 0);
	ERR(fix_delete(fix.admin, CERTS), LW_EUNWILLING);
	/* somebody's own becomes ours */
	OK(fix_add(
	        fix.admin, "dn: " TOKENS "\nobjectClass: organizationalUnit\nou: tokens\ndescription: mine"));
	OK(cancel(alice_s, "_id", lw_wall(&fix.clock) + DAY));
	ERR(fix_delete(fix.admin, TOKENS), LW_EUNWILLING);
	ERR(fix_add(fix.admin, "dn: cn=02," TOKENS "\nobjectClass: device\ncn: 02"), LW_EUNWILLING);
	assert_string_equal(fix_read(fix.admin, TOKENS, "description"), "mine");
}

/* … with what is in it. */
static void older_tenants_own(void **state)
{
	struct store_cert c;

	OK(eng_submit(fix.store, take_away, NULL));
	OK(fix_add(fix.admin, "dn: " CERTS "\nobjectClass: organizationalUnit\nou: certificates"));
	OK(fix_add(fix.admin, "dn: cn=07," CERTS "\nobjectClass: device\ncn: 07"));
	ERR(intent(alice_s, "07", &alice, "user"), LW_EEXIST);
	ERR(cert_in(auth, "07", &c), LW_ENOTFOUND);
	OK(intent(alice_s, "08", &alice, "user"));
	OK(fix_delete(fix.admin, "cn=07," CERTS));
}

/* ---- who asks, by which names ---- */

static const char *holder(struct lw_session *s, const struct lw_uuid *who)
{
	static const char *const kinds[] = { "", "person", "service", "host" }, *const names[] = { "", "cn",
		"krb", "mail" };
	struct store_holder h;
	const char *out;
	struct store_txn *t;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_holder(t, who, &h);
	out = err ? lw_errname(err) : lw_printf(fix.arena, "%s %s", kinds[h.kind], h.who.name);
	for (size_t i = 0; !err && i < h.n_names; i++)
		out = lw_printf(fix.arena, "%s %s=%.*s", out, names[h.names[i].kind], (int)h.names[i].text.n,
		        h.names[i].text.p);
	store_end(t);
	return out;
}

static int may_enrol(
        struct lw_session *s, const struct lw_uuid *who, const char *profile, bool owned, int64_t *ret)
{
	struct store_txn *t;
	int64_t max = -1;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_may_enrol(t, who, lw_str(profile), owned, &max);
	store_end(t);
	if (ret)
		*ret = max;
	return err;
}

static void holders(void **state)
{
	struct lw_uuid gone = lw_uuid_new(&fix.clock), shop;
	int64_t max;

	assert_string_equal(
	        holder(auth, &alice), "person alice cn=alice krb=alice@ACME.EXAMPLE mail=alice@acme.example");
	assert_string_equal(holder(fix.op, &web),
	        "host web1.acme.example cn=web1.acme.example cn=www.acme.example cn=web1 "
	        "krb=host/web1.acme.example@ACME.EXAMPLE");
	assert_string_equal(holder(auth_beta, &alice), "ENOTFOUND");
	assert_string_equal(holder(auth, &gone), "ENOTFOUND");
	assert_string_equal(holder(alice_s, &alice), "EACCES");
	assert_string_equal(holder(upkeep, &alice), "EACCES");
	OK(fix_add(fix.admin, "dn: " SHOP "\nobjectClass: lwApplication\ncn: shop"));
	shop = fix_uuid(SHOP);
	assert_string_equal(holder(auth, &shop), "ENOTFOUND");

	OK(may_enrol(alice_s, &alice, "user", true, &max));
	assert_true(max == 30 * DAY);
	ERR(may_enrol(alice_s, &alice, "user", false, NULL), LW_EACCES);
	ERR(may_enrol(alice_s, &alice, "kdc", true, NULL), LW_EACCES);
	ERR(may_enrol(alice_s, &bob, "user", true, NULL), LW_EACCES);
	ERR(may_enrol(alice_s, &web, "tls-server", true, NULL), LW_ENOTFOUND);
	OK(may_enrol(web_s, &web, "tls-server", true, &max));
	assert_true(max == 90 * DAY);
	OK(may_enrol(fix.admin, &web, "tls-server", false, &max));
	assert_true(max == INT64_MAX);
	ERR(may_enrol(fix.admin, &web, "", false, NULL), LW_EACCES);
	ERR(may_enrol(fix.other, &alice, "user", true, NULL), LW_ENOTFOUND);
	ERR(may_enrol(fix.admin, &shop, "tls-server", true, NULL), LW_EACCES);
	ERR(may_enrol(anonymous, &alice, "user", true, NULL), LW_EACCES);
	/* `names owned` is about oneself: it is no way to another's names */
	OK(grant("hosts", "permit class host may enrol profile tls-server names owned max-life 24h;"));
	OK(fix_add(fix.admin,
	        "dn: cn=web2.acme.example,ou=hosts," SUFFIX "\nobjectClass: lwHost\ncn: web2.acme.example"));
	struct lw_uuid web2 = fix_uuid("cn=web2.acme.example,ou=hosts," SUFFIX);
	ERR(may_enrol(web_s, &web2, "tls-server", true, NULL), LW_ENOTFOUND);
	OK(grant("desk", "permit user bob may enrol host profile tls-server max-life 1h;"));
	OK(may_enrol(bob_s, &web, "tls-server", false, &max));
	assert_true(max == DAY / 24);
	ERR(may_enrol(bob_s, &web, "tls-client", false, NULL), LW_ENOTFOUND);
	/* nobody enrols an administrator but administrators, and nobody who is disabled */
	OK(grant("all", "permit user bob may enrol person;"));
	OK(may_enrol(bob_s, &alice, "user", false, NULL));
	ERR(may_enrol(bob_s, &fix.acme_admin, "user", false, NULL), LW_EACCES);
	OK(fix_modify(fix.admin, "dn: " WEB "\nreplace lwDisabled\nlwDisabled: TRUE"));
	ERR(may_enrol(fix.admin, &web, "tls-server", true, NULL), LW_EACCES);
	ERR(intent(fix.admin, "01", &web, "tls-server"), LW_EACCES);
}

/* ---- upkeep ---- */

static void again(struct lw_session **s, const struct lw_uuid *who)
{
	store_session_free(*s);
	*s = fix_login(fix.acme, &fix.acme_uuid, who, 0);
	assert_non_null(*s);
}

static void expiring(void **state)
{
	const int64_t start = lw_wall(&fix.clock);
	struct store_cert c;

	assert_int_equal(expire(upkeep), 0);
	assert_int_equal(expire(alice_s), -LW_EACCES);
	assert_int_equal(expire(auth), -LW_EACCES);
	OK(cancel(alice_s, "_1", start + 60 * LW_SECOND));
	OK(cancel(alice_s, "_2", start + 120 * LW_SECOND));
	OK(intent(alice_s, "01", &alice, "user"));
	OK(intent(alice_s, "02", &alice, "user"));
	OK(issued(alice_s, "02", 2 * DAY));
	OK(intent(alice_s, "03", &alice, "user"));
	OK(cert_revoke(alice_s, "03", 0));
	assert_int_equal(expire(upkeep), 0);
	fix.clock.test_wall = start + 60 * LW_SECOND;
	assert_int_equal(expire(upkeep), 1);
	assert_int_equal(expire(upkeep), 0);
	assert_false(cancelled(auth, "_1"));
	assert_true(cancelled(auth, "_2"));
	fix.clock.test_wall = start + 7 * DAY - LW_SECOND;
	assert_int_equal(expire(upkeep), 1); /* _2 */
	OK(cert_in(auth, "01", &c));
	fix.clock.test_wall = start + 7 * DAY;
	assert_int_equal(expire(upkeep), 1);
	ERR(cert_in(auth, "01", &c), LW_ENOTFOUND);
	fix.clock.test_wall = start + 9 * DAY - LW_SECOND;
	assert_int_equal(expire(upkeep), 0);
	fix.clock.test_wall = start + 9 * DAY;
	assert_int_equal(expire(upkeep), 1);
	ERR(cert_in(auth, "02", &c), LW_ENOTFOUND);
	/* nobody knows what was signed: kept for as long as a certificate may be */
	fix.clock.test_wall = start + 1000 * DAY;
	assert_int_equal(expire(upkeep), 0);
	assert_string_equal(revoked(auth, fix.clock.test_wall), "03");
	fix.clock.test_wall = start + 3650 * DAY;
	assert_int_equal(expire(upkeep), 1);
	assert_string_equal(revoked(auth, 0), "");
	/* in portions */
	again(&alice_s, &alice);
	for (unsigned i = 1; i <= 300; i++)
		OK(cancel(alice_s, lw_printf(fix.arena, "_%u", i), fix.clock.test_wall + i * LW_SECOND));
	fix.clock.test_wall += 300 * LW_SECOND;
	assert_int_equal(expire(upkeep), 256);
	assert_false(cancelled(auth, "_256"));
	assert_true(cancelled(auth, "_257"));
	assert_int_equal(expire(upkeep), 44);
	assert_int_equal(expire(upkeep), 0);
	assert_false(cancelled(auth, "_300"));
}

/* ---- why? ---- */

static const char *explain(const struct lw_uuid *who, enum access_verb verb, const char *what)
{
	struct lw_writer w;
	struct store_txn *t;
	const char *out;
	bool yes;

	lw_writer_init(&w, 4096);
	OK(store_begin(fix.admin, STORE_READ, &t));
	OK(store_explain(t, who, verb, fix_dn(what), NULL, &yes, &w));
	store_end(t);
	out = lw_printf(fix.arena, "%s %.*s", yes ? "yes" : "no", (int)w.n, w.p);
	lw_writer_done(&w);
	return strchr(out, ',') ? lw_printf(fix.arena, "%.*s", (int)(strchr(out, ',') - out), out) : out;
}

static void explained(void **state)
{
	make_shop();
	OK(intent(alice_s, "01", &alice, "user"));
	assert_string_equal(
	        explain(&alice, ACCESS_ENROL, ALICE), "yes permitted by a rule: cn=self-enrol-user");
	assert_string_equal(
	        explain(&web, ACCESS_ENROL, WEB), "yes permitted by a rule: cn=self-enrol-tls-server");
	assert_string_equal(explain(&alice, ACCESS_ENROL, BOB), "no no rule permits it");
	assert_string_equal(explain(&alice, ACCESS_REVOKE, "cn=01," CERTS),
	        "yes permitted by a rule: cn=self-certificates");
	assert_string_equal(explain(&bob, ACCESS_REVOKE, "cn=01," CERTS), "no no rule permits it");
	assert_string_equal(explain(&alice, ACCESS_TOKEN, SHOP), "no no rule permits it");
	OK(grant("t", "permit user alice may token audience \"" SP "\";"));
	assert_string_equal(explain(&alice, ACCESS_TOKEN, SHOP), "yes permitted by a rule: cn=t");
	assert_string_equal(explain(&bob, ACCESS_TOKEN, SHOP), "no no rule permits it");
}

/* What a rule names stays. Nobody's session is worked out again for a certificate. */
static void alone(void **state)
{
	struct store_cert c;
	uint64_t before;
	struct eng_txn *e;

	OK(intent(alice_s, "01", &alice, "user"));
	OK(grant("named", "permit user bob may read certificate named \"cn=01,ou=certificates\" attrs(cn);"));
	assert_string_equal(fix_read(bob_s, "cn=01," CERTS, "cn"), "01");
	fix.clock.test_wall += 8 * DAY;
	assert_int_equal(expire(upkeep), 0);
	OK(cert_in(auth, "01", &c));
	again(&alice_s, &alice);
	OK(eng_begin(fix.store, &e));
	before = eng_authgen(e, fix.acme);
	eng_end(e);
	OK(intent(alice_s, "02", &alice, "user"));
	OK(issued(alice_s, "02", DAY));
	OK(cert_revoke(alice_s, "02", 0));
	OK(intent(alice_s, "03", &alice, "user"));
	OK(drop(alice_s, "03"));
	OK(cancel(alice_s, "_1", fix.clock.test_wall + DAY));
	OK(eng_begin(fix.store, &e));
	assert_true(before == eng_authgen(e, fix.acme));
	eng_end(e);
}

/* All of it again from the log: the same tables. */
static void replay(void **state)
{
	char into[80], err[256] = "", cmd[128];
	uint8_t hash[32];

	OK(put_key(upkeep, "lwCaKey", STORE_SECRET_SIGNING, 1, "sealed"));
	OK(intent(alice_s, "01", &alice, "user"));
	OK(issued(alice_s, "01", DAY));
	OK(cert_revoke(alice_s, "01", 4));
	OK(intent(web_s, "02", &web, "tls-server"));
	OK(drop(web_s, "02"));
	OK(cancel(alice_s, "_1", lw_wall(&fix.clock) + 60 * LW_SECOND));
	fix.clock.test_wall += 60 * LW_SECOND;
	assert_int_equal(expire(upkeep), 1);
	snprintf(into, sizeof(into), "%s-replay", fix.dir);
	if (store_replay(fix.store, into, hash, err))
		fail_msg("replay: %s", err);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", into);
	assert_int_equal(system(cmd), 0);
}

/* Who is deleted leaves no certificate behind that anybody would accept; another of the name has none of them. */
static void deleted_subject(void **state)
{
	struct lw_uuid old = alice;
	struct store_cert c;
	uint64_t g;

	OK(intent(alice_s, "01", &alice, "user"));
	OK(issued(alice_s, "01", DAY));
	OK(intent(alice_s, "02", &alice, "user"));
	OK(intent(alice_s, "03", &alice, "user"));
	OK(issued(alice_s, "03", DAY));
	OK(cert_revoke(alice_s, "03", 1));
	OK(intent(bob_s, "04", &bob, "user"));
	OK(issued(bob_s, "04", DAY));
	g = generation(auth);
	OK(fix_delete(fix.admin, ALICE));
	assert_true(generation(auth) != g);
	assert_string_equal(revoked(auth, 0), "01 02 03");
	OK(cert_in(auth, "01", &c));
	assert_int_equal(c.reason, 5);
	OK(cert_in(auth, "03", &c));
	assert_int_equal(c.reason, 1); /* as it was */
	OK(cert_in(auth, "04", &c));
	assert_int_equal(c.state, STORE_CERT_IS_ISSUED);
	OK(fix_person(fix.admin, "alice", ""));
	alice = fix_uuid(ALICE);
	assert_false(lw_uuid_eq(&alice, &old));
	OK(cert_in(auth, "01", &c));
	assert_true(lw_uuid_eq(&c.subject, &old));
	ERR(store_session_check(alice_s), LW_EREVOKED);
	ERR(issued(fix.admin, "02", DAY), LW_EAGAIN);
	g = generation(auth);
	OK(fix_delete(fix.admin, ALICE)); /* who has none */
	assert_true(generation(auth) == g);
}

#define CROWD 16
static atomic_uint next_one;

/* Together, so that one commit is for many. */
static void *certificates(void *arg)
{
	const unsigned upto = *(const unsigned *)arg;
	struct lw_session *s = fix_login(fix.acme, &fix.acme_uuid, &alice, 0);
	uint8_t number[4] = { 1 };
	struct store_result res;

	for (unsigned i; (i = atomic_fetch_add(&next_one, 1)) < upto;) {
		struct store_op op = { .kind = STORE_CERT_INTENT,
			.record = { .serial = { number, sizeof(number) }, .subject = alice, .profile = LW_LIT("user") } };

		number[2] = (uint8_t)(i >> 8);
		number[3] = (uint8_t)i;
		if (store_write(s, &op, &res))
			abort();
	}
	store_session_free(s);
	return NULL;
}

/* However many somebody has had made, the writer is not long at it, and he is deleted. */
static void many(void **state)
{
	unsigned upto = 1001;
	pthread_t threads[CROWD];

	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, certificates, &upto), 0);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	ERR(fix_delete(fix.admin, ALICE), LW_EUNWILLING);
	assert_non_null(strstr(fix.r.text, "--revoke"));
	assert_string_equal(revoked(auth, 0), "");
	OK(cert_revoke(fix.admin, "01000000", 0));
	OK(fix_delete(fix.admin, ALICE));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, issue_up, issue_down)
	const struct CMUnitTest tests[] = { T(life), T(bad_requests), T(rights), T(plain_writes),
		T(older_tenant), T(older_tenants_own), T(holders), T(expiring), T(explained), T(alone), T(deleted_subject), T(many),
		T(replay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
