/* SPDX-License-Identifier: Apache-2.0 */
/* EXTERNAL with certificates, over a real store and keyd; the handshake is what the peer's fields say. */
#include "tests/unit/ldap_rig.h"

#include <stdio.h>
#include <string.h>

#include "ca/x509.h"
#include "keys/sign.h"
#include "tests/unit/cert_fix.h"
#include "tests/unit/ldap_asm.h"
#include "tests/unit/tenant_fix.h"

#define WEB1     "cn=web1.acme.example,ou=hosts,dc=acme,dc=example"
#define B_ADMIN  "uid=admin,ou=people,dc=beta,dc=example"
#define EXTERNAL "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 0400 ) ) )"
#define WHOAMI   "30( 020102 77( 80('1.3.6.1.4.1.4203.1.11.3') ) )"
#define HOUR     (3600 * LW_SECOND)
#define DAY      (24 * HOUR)

static struct lw_arena *arena;
static EVP_PKEY *key;
static struct cert_fix acme, beta;

static struct lw_uuid uuid_of(const struct cert_fix *f, const char *text)
{
	struct lw_arena *a = lw_arena_new(1 << 16, false);
	struct store_principal p = { 0 };
	struct store_dn *dn;
	struct lw_session *s;
	struct store_txn *txn;

	assert_int_equal(dn_parse(a, lw_str(text), &dn), LW_OK);
	assert_int_equal(store_session_role(rig.store, f->tenant, STORE_ROLE_AUTH, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	assert_int_equal(store_principal_dn(txn, dn, &p), LW_OK);
	store_end(txn);
	store_session_free(s);
	lw_arena_free(a);
	return p.uuid;
}

static uint32_t tenant_named(const char *name)
{
	struct store_tenant t;

	assert_int_equal(store_tenant_by_name(rig.store, arena, lw_str(name), &t), LW_OK);
	return t.id;
}

static struct lw_bytes issue(const struct cert_fix *f, const char *dn, const char *profile, const char *dns, uint8_t serial[16])
{
	struct lw_uuid uuid = uuid_of(f, dn);
	struct keys_cert cert;
	uint8_t unused[16];

	assert_int_equal(cert_fix_issue(f, &uuid, profile, dns, key, &cert, serial ? serial : unused), LW_OK);
	return cert.der;
}

/* A connection over TLS whose client has shown this. */
static void open_with(struct client *c, struct lw_bytes cert)
{
	client_open(c, "10.0.0.1:5");
	c->peer.tls = true;
	c->peer.cert = cert;
}

static int bind_with(struct client *c, struct lw_bytes cert)
{
	open_with(c, cert);
	SEND(c, EXTERNAL);
	return client_code(c);
}

static int code_with(struct lw_bytes cert)
{
	struct client c;
	int code = bind_with(&c, cert);

	client_close(&c);
	return code;
}

static bool offered(struct client *c)
{
	SEND(c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( 04('supportedSASLMechanisms') ) ) )");
	return client_saw(c, "EXTERNAL");
}

static void set_disabled(const char *attr_value)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, ADMIN, "admin's password"), 0);
	SEND(&c, "30( 020109 66( 04( %b ) 30( 30( 0a0102 30( 04('lwDisabled') 31( 04( %b ) ) ) ) ) ) )", lw_str(ALICE),
	        lw_str(attr_value));
	assert_int_equal(client_code(&c), 0);
	client_close(&c);
}

/* ---- what works ---- */

static void who_is_it(void **state)
{
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, NULL);
	struct client c;

	assert_int_equal(bind_with(&c, cert), 0);
	assert_int_equal(c.jobs, 1);
	SEND(&c, WHOAMI);
	assert_true(client_saw(&c, "dn:" ALICE));
	client_close(&c);
	/* in two steps, for clients without an initial response */
	open_with(&c, cert);
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') ) ) )");
	EXPECT(&c, "30( 020101 61( 0a010e 0400 0400 8700 ) )");
	SEND(&c, EXTERNAL);
	assert_int_equal(client_code(&c), 0);
	client_close(&c);
	/* a host's */
	assert_int_equal(bind_with(&c, issue(&acme, WEB1, "tls-client", "web1.acme.example", NULL)), 0);
	SEND(&c, WHOAMI);
	assert_true(client_saw(&c, WEB1) || client_saw(&c, "u:"));
	client_close(&c);
}

static void where_it_is_offered(void **state)
{
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, NULL), none = { NULL, 0 };
	struct client c;

	open_with(&c, cert);
	assert_true(offered(&c));
	client_close(&c);
	open_with(&c, none);
	assert_false(offered(&c));
	SEND(&c, EXTERNAL);
	assert_int_equal(client_code(&c), 7);
	client_close(&c);
	open_with(&c, cert);
	c.peer.tls = false;
	assert_false(offered(&c));
	SEND(&c, EXTERNAL);
	assert_int_equal(client_code(&c), 7);
	client_close(&c);
}

static void authorization_identity(void **state)
{
	static const struct {
		const char *authzid;
		int code;
	} all[] = { { "dn:" ALICE, 0 }, { "dn:UID=Alice, ou=people,dc=acme,dc=example", 0 }, { "u:alice", 0 },
		{ "u:alice@acme.example", 0 }, { "dn:" BOB, 49 }, { "u:bob", 49 }, { "u:alice@beta.example", 49 },
		{ "dn:", 49 }, { "u:operator", 49 }, { "dn:" ADMIN, 49 }, { "alice", 49 }, { "dn:not a name", 49 } };
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, NULL);

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct client c;

		open_with(&c, cert);
		SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 04( %b ) ) ) )", lw_str(all[i].authzid));
		if (client_code(&c) != all[i].code)
			fail_msg("%s: %d", all[i].authzid, client_code(&c));
		SEND(&c, WHOAMI);
		assert_int_equal(client_saw(&c, ALICE), all[i].code == 0);
		client_close(&c);
	}
}

static void what_keyd_gives(void **state)
{
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, NULL);
	struct lw_uuid alice = uuid_of(&acme, ALICE);
	struct keys_token token;
	struct lw_cap cap;

	assert_int_equal(keys_cert_cap(rig.keys, 0, cert, true, &token, &cap), LW_OK);
	assert_int_equal(cap.tenant, acme.tenant);
	assert_true(lw_uuid_eq(&cap.subject, &alice) && lw_uuid_eq(&cap.actor, &alice));
	assert_int_equal(cap.methods, LW_CAP_CERT);
	assert_int_equal(cap.flags, LW_CAP_ASSERTED | LW_CAP_CONFIDENTIAL);
	assert_int_equal(cap.role, LW_ROLE_DIRECTORY);
	assert_int_equal(cap.expiry - cap.auth_time, 12 * HOUR);
	assert_int_equal(keys_cert_cap(rig.keys, 0, cert, false, &token, &cap), LW_OK);
	assert_int_equal(cap.flags, LW_CAP_ASSERTED);
	assert_int_equal(keys_cert_cap(rig.keys, acme.tenant, cert, true, &token, &cap), LW_OK);
	assert_int_equal(keys_cert_cap(rig.keys, beta.tenant, cert, true, &token, &cap), LW_EAUTH);
	assert_int_equal(keys_cert_cap(rig.kdc_keys, 0, cert, true, &token, &cap), LW_EACCES); /* the KDC ends no TLS */
}

/* Nothing that a proof of one's own would be needed for (design 2: asserted). */
static void what_it_may_not(void **state)
{
	struct client c;

	assert_int_equal(bind_with(&c, issue(&acme, ALICE, "user", NULL, NULL)), 0);
	SEND(&c, "30( 020103 77( 80('1.3.6.1.4.1.4203.1.11.1') 81( 30( 81('alice' 27 's password') 82('another password') ) ) ) )");
	assert_int_equal(client_code(&c), 50);
	SEND(&c, "30( 020104 66( 04( %b ) 30( 30( 0a0102 30( 04('userPassword') 31( 04('another password') ) ) ) ) ) )", lw_str(ALICE));
	assert_int_equal(client_code(&c), 50);
	client_close(&c);
	/* with a password it could */
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, ALICE, "alice's password"), 0);
	SEND(&c, "30( 020103 77( 80('1.3.6.1.4.1.4203.1.11.1') 81( 30( 81('alice' 27 's password') 82('another password') ) ) ) )");
	assert_int_equal(client_code(&c), 0);
	client_close(&c);
}

/* An administrator with a certificate: what needs no proof of one's own is done; nothing that would hand on what is out of reach. */
static void administrator(void **state)
{
	struct client c;

	assert_int_equal(bind_with(&c, issue(&acme, ADMIN, "user", NULL, NULL)), 0);
	SEND(&c, "30( 020103 66( 04( %b ) 30( 30( 0a0102 30( 04('description') 31( 04('seen') ) ) ) ) ) )", lw_str(BOB));
	assert_int_equal(client_code(&c), 0);
	SEND(&c, "30( 020104 68( 04('cn=own,ou=grants,dc=acme,dc=example') 30( 30( 04('objectClass') 31( 04('lwGrant') ) ) 30( 04('cn') "
	         "31( 04('own') ) ) 30( 04('lwGrantText') 31( 04('permit user bob may set-secret person attrs(userPassword);') ) ) ) ) )");
	assert_int_equal(client_code(&c), 50);
	SEND(&c, "30( 020104 68( 04('cn=harmless,ou=grants,dc=acme,dc=example') 30( 30( 04('objectClass') 31( 04('lwGrant') ) ) 30( 04('cn') "
	         "31( 04('harmless') ) ) 30( 04('lwGrantText') 31( 04('permit user bob may read person attrs(mail);') ) ) ) ) )");
	assert_int_equal(client_code(&c), 0);
	SEND(&c, "30( 020105 66( 04('cn=administrators,ou=groups,dc=acme,dc=example') 30( 30( 0a0100 30( 04('member') 31( 04( %b ) ) ) ) ) ) )",
	        lw_str(BOB));
	assert_int_equal(client_code(&c), 50);
	SEND(&c, "30( 020106 66( 04( %b ) 30( 30( 0a0102 30( 04('userPassword') 31( 04('another password') ) ) ) ) ) )", lw_str(BOB));
	assert_int_equal(client_code(&c), 50);
	client_close(&c);
}

/* ---- what does not ---- */

static struct keyd_loaded *load(const struct cert_fix *f)
{
	struct keyd_reading r;
	struct keyd_loaded *l;
	struct store_tenant t;

	assert_int_equal(store_tenant_by_id(rig.store, arena, f->tenant, &t), LW_OK);
	assert_int_equal(keyd_begin(rig.keyd, f->tenant, &r), LW_OK);
	assert_int_equal(keyd_load(rig.keyd, &t, r.txn, KEYS_CA, &l), LW_OK);
	keyd_end(&r);
	return l;
}

/* Names and serial of `like`, signed by the current issuer of `by`, or, NULL, by its own key. */
static struct lw_bytes forge(struct lw_bytes like, const struct cert_fix *by, const uint8_t serial[16])
{
	const unsigned char *p = like.p;
	X509 *x = d2i_X509(NULL, &p, (long)like.n);
	struct keyd_loaded *l = by ? load(by) : NULL;
	EVP_PKEY *signer = by ? ca_get_key(l->sets.v[0].key) : key;
	unsigned char *der = NULL;
	struct lw_bytes ret;
	int n;

	if (serial)
		assert_int_equal(ASN1_STRING_set(X509_get_serialNumber(x), serial, 16), 1);
	assert_true(X509_sign(x, signer, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	assert_int_equal(ca_take(der, n, arena, &ret), LW_OK);
	if (by)
		EVP_PKEY_free(signer);
	keyd_unload(rig.keyd, l);
	X509_free(x);
	return ret;
}

static void only_look_so(void **state)
{
	struct lw_bytes good = issue(&acme, ALICE, "user", NULL, NULL), bytes;
	struct lw_uuid alice = uuid_of(&acme, ALICE), bob = uuid_of(&acme, BOB);
	uint8_t new[16] = { 0x41, 2, 3 }, serial[16], *p;
	struct client c;

	assert_int_equal(code_with(good), 0);
	assert_int_equal(code_with(forge(good, &acme, new)), 49);  /* our issuer, and no record of it */
	assert_int_equal(code_with(forge(good, &acme, NULL)), 49); /* a second one with that serial */
	assert_int_equal(code_with(forge(good, &beta, NULL)), 49); /* another tenant's issuer */
	assert_int_equal(code_with(forge(good, &beta, new)), 49);
	assert_int_equal(code_with(forge(good, NULL, NULL)), 49);  /* its own */
	/* an intent alone; and records that directory made of what keyd has never signed */
	assert_int_equal(cert_fix_intent(&acme, &alice, "user", serial), LW_OK);
	assert_int_equal(code_with(forge(good, &acme, serial)), 49);
	bytes = forge(good, &beta, serial);
	assert_int_equal(cert_fix_issued(&acme, serial, bytes), LW_OK);
	assert_int_equal(code_with(bytes), 49);
	assert_int_equal(cert_fix_intent(&acme, &alice, "user", serial), LW_OK);
	bytes = forge(good, NULL, serial);
	assert_int_equal(cert_fix_issued(&acme, serial, bytes), LW_OK);
	assert_int_equal(code_with(bytes), 49);
	assert_int_equal(cert_fix_intent(&acme, &alice, "user", serial), LW_OK);
	bytes = forge(good, &acme, serial);
	assert_int_equal(cert_fix_issued(&acme, serial, bytes), LW_OK);
	assert_int_equal(code_with(bytes), 0); /* the same by the right issuer */
	/* the record is another subject's, or of another profile */
	assert_int_equal(cert_fix_intent(&acme, &bob, "user", serial), LW_OK);
	bytes = forge(good, &acme, serial);
	assert_int_equal(cert_fix_issued(&acme, serial, bytes), LW_OK);
	assert_int_equal(code_with(bytes), 49);
	assert_int_equal(cert_fix_intent(&acme, &alice, "tls-client", serial), LW_OK);
	bytes = forge(good, &acme, serial);
	assert_int_equal(cert_fix_issued(&acme, serial, bytes), LW_OK);
	assert_int_equal(code_with(bytes), 49);
	assert_int_equal(code_with(LW_LIT("0")), 49);
	assert_int_equal(code_with((struct lw_bytes){ good.p, good.n - 1 }), 49);
	bytes = lw_dup(arena, good);
	p = (uint8_t *)(uintptr_t)bytes.p;
	p[bytes.n - 1] ^= 1;
	assert_int_equal(code_with(bytes), 49);
	p = lw_alloc(arena, 9000);
	memcpy(p, good.p, good.n);
	assert_int_equal(code_with((struct lw_bytes){ p, 9000 }), 49); /* too long to be ours */
	/* a profile that is not for clients */
	assert_int_equal(code_with(issue(&acme, WEB1, "tls-server", "web1.acme.example", NULL)), 49);
	/* another tenant is meant */
	open_with(&c, good);
	snprintf(c.peer.sni, sizeof c.peer.sni, "ldap.beta.example");
	SEND(&c, EXTERNAL);
	assert_int_equal(client_code(&c), 49);
	client_close(&c);
	/* where the listeners have their names every tenant's clients come */
	assert_int_equal(code_with(issue(&beta, B_ADMIN, "user", NULL, NULL)), 0);
}

/* In its certificates stands its UUID instead. */
static void long_tenant_name(void **state)
{
	struct tenant_fix t = { rig.store, rig.keys, arena, "a-company-with-a-name.that-its-founders-were-fond-of.and-wrote-out.example",
		"A-COMPANY-WITH-A-NAME.THAT-ITS-FOUNDERS-WERE-FOND-OF.AND-WROTE-OUT.EXAMPLE", "admin's password",
		.uuid = lw_uuid_new(&rig.clock),
		.admin = lw_uuid_new(&rig.clock) };
	struct cert_fix f = acme;
	struct keys_cert cert;
	uint8_t serial[16];

	assert_int_equal(tenant_fix(&t), LW_OK);
	f.tenant = tenant_named(t.name);
	assert_int_equal(cert_fix_keys(&f), LW_OK);
	assert_int_equal(cert_fix_issue(&f, &t.admin, "user", NULL, key, &cert, serial), LW_OK);
	assert_int_equal(code_with(cert.der), 0);
	assert_int_equal(code_with(forge(cert.der, &acme, NULL)), 49);
}

static void revoked(void **state)
{
	uint8_t serial[16], other[16];
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, serial), stays = issue(&acme, ALICE, "user", NULL, other);
	struct client c, d, e;

	assert_int_equal(bind_with(&c, cert), 0);
	assert_int_equal(bind_with(&d, cert), 0);
	assert_int_equal(bind_with(&e, stays), 0);
	assert_int_equal(cert_fix_revoke(&acme, serial), LW_OK);
	assert_int_equal(code_with(cert), 49);
	rig.clock.test_mono += LW_SECOND;
	/* busy or idle, the connections end */
	SEND(&c, WHOAMI);
	assert_true(client_saw(&c, "1.3.6.1.4.1.1466.20036"));
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	d.seen = d.out.n;
	assert_true(ldapd_proto.tick(d.conn, &d.out));
	assert_true(client_saw(&d, "1.3.6.1.4.1.1466.20036"));
	assert_false(ldapd_proto.tick(e.conn, &e.out));
	SEND(&e, WHOAMI);
	assert_true(client_saw(&e, ALICE));
	client_close(&c);
	client_close(&d);
	client_close(&e);
}

static void disabled(void **state)
{
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, NULL);

	set_disabled("TRUE");
	assert_int_equal(code_with(cert), 49);
	set_disabled("FALSE");
	assert_int_equal(code_with(cert), 0);
}

/* The last of all: it turns the clock. */
static void expired(void **state)
{
	struct lw_bytes cert = issue(&acme, ALICE, "user", NULL, NULL);
	struct keys_token token;
	struct client c;
	struct lw_cap cap;

	rig.clock.test_wall += 90 * DAY - HOUR;
	assert_int_equal(bind_with(&c, cert), 0);
	assert_int_equal(keys_cert_cap(rig.keys, 0, cert, true, &token, &cap), LW_OK);
	assert_int_equal(cap.expiry - cap.auth_time, HOUR);
	rig.clock.test_wall += HOUR;
	assert_int_equal(code_with(cert), 49);
	SEND(&c, WHOAMI);
	c.seen = c.out.n;
	assert_true(c.last == LW_NEXT_CLOSE || ldapd_proto.tick(c.conn, &c.out));
	client_close(&c);
}

static int setup(void **state)
{
	struct client c;

	if (rig_setup(state))
		return -1;
	keys_ca_builders(&ca_issuing);
	arena = lw_arena_new(16u << 20, false);
	key = EVP_EC_gen("P-256");
	acme = (struct cert_fix){ rig.store, rig.keys, tenant_named("acme.example"), arena };
	beta = (struct cert_fix){ rig.store, rig.keys, tenant_named("beta.example"), arena };
	assert_int_equal(keyd_names(rig.keyd, "lwd.acme.example", "127.0.0.1"), LW_OK);
	assert_int_equal(cert_fix_keys(&acme), LW_OK);
	assert_int_equal(cert_fix_keys(&beta), LW_OK);
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, ADMIN, "admin's password"), 0);
	SEND(&c, "30( 020105 68( 04('" WEB1 "') 30( 30( 04('objectClass') 31( 04('lwHost') ) ) 30( 04('cn') 31( "
	         "04('web1.acme.example') ) ) ) ) )");
	assert_int_equal(client_code(&c), 0);
	client_close(&c);
	return 0;
}

static int teardown(void **state)
{
	lw_arena_free(arena);
	EVP_PKEY_free(key);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_it),
		cmocka_unit_test(where_it_is_offered),
		cmocka_unit_test(authorization_identity),
		cmocka_unit_test(what_keyd_gives),
		cmocka_unit_test(what_it_may_not),
		cmocka_unit_test(administrator),
		cmocka_unit_test(only_look_so),
		cmocka_unit_test(long_tenant_name),
		cmocka_unit_test(revoked),
		cmocka_unit_test(disabled),
		cmocka_unit_test(expired),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
