/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: tenants' signing keys, certificates from intent to revocation, what is public of it, the root's key away and back. (Long:
 * each test is short, and all know the same two tenants and their certificates.) */
#include "tests/unit/keyd_fix.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "base/log.h"
#include "base/text.h"
#include "keys/sign.h"

#define HOUR (3600 * LW_SECOND)
#define DAY  (24 * HOUR)

static struct keys_token admin_t, operator_t;
static struct lw_cap admin_cap, operator_cap;
static struct lw_uuid web1, shop;

/* ---- as directory does it ---- */

static int as_role(uint32_t tenant, enum store_role role, const struct store_op *op)
{
	struct store_result res = { 0 };
	struct lw_session *s;
	int err = store_session_role(store, tenant, role, &s);

	if (err)
		return err;
	err = store_write(s, op, &res);
	store_session_free(s);
	return err;
}

/* What is due, written. How many items of the CA's. */
static size_t upkeep(uint32_t tenant, int64_t *ret_next)
{
	struct store_sealed_item *items;
	size_t n, of_ca = 0;

	assert_int_equal(keys_due(keys, tenant, arena, &items, &n, ret_next), LW_OK);
	for (size_t i = 0; i < n; i++) {
		struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &items[i], .nsecrets = 1 };

		of_ca += items[i].attr == schema_attr(LW_LIT("lwCaKey"))->id;
		assert_int_equal(as_role(tenant, STORE_ROLE_UPKEEP, &op), LW_OK);
	}
	return of_ca;
}

static int rotate(const char *alg)
{
	struct store_sealed_item item;
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
	char why[200];
	int err = keys_rotate(keys, tok(&operator_t), acme, KEYS_CA, alg, false, arena, &item, why);

	return err ? err : as_role(acme, STORE_ROLE_OPERATOR, &op);
}

static struct lw_uuid make(const char *rdn, const char *class, const char *cn)
{
	struct lw_bytes classes[] = { lw_str(class) }, name[] = { lw_str(cn) };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 }, { LW_LIT("cn"), name, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 2 };
	struct store_result res = { 0 };

	assert_int_equal(dn_parse(arena, lw_str(lw_printf(arena, "%s,dc=acme,dc=example", rdn)), &op.dn), LW_OK);
	assert_int_equal(write_as(&admin_cap, &op, &res), LW_OK);
	return res.uuid;
}

static void set(const char *dn, const char *attr, const char *value)
{
	struct lw_bytes v[] = { lw_str(value) };
	struct store_mod mod = { STORE_MOD_REPLACE, { lw_str(attr), v, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res = { 0 };

	assert_int_equal(dn_parse(arena, lw_str(dn), &op.dn), LW_OK);
	assert_int_equal(write_as(&admin_cap, &op, &res), LW_OK);
}

static void grant(const char *name, const char *text)
{
	struct lw_bytes classes[] = { LW_LIT("lwGrant") }, cn[] = { lw_str(name) }, t[] = { lw_str(text) };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 }, { LW_LIT("cn"), cn, 1 }, { LW_LIT("lwGrantText"), t, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 3 };
	struct store_result res = { 0 };

	assert_int_equal(dn_parse(arena, lw_str(lw_printf(arena, "cn=%s,ou=grants,dc=acme,dc=example", name)), &op.dn), LW_OK);
	assert_int_equal(write_as(&admin_cap, &op, &res), LW_OK);
}

static int begin(void **state)
{
	int64_t next;

	if (setup(state))
		return -1;
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &admin_t, &admin_cap), LW_OK);
	assert_int_equal(keys_operator(keys, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(upkeep(acme, &next), 1);
	assert_int_equal(upkeep(beta, &next), 1);
	web1 = make("cn=web1.acme.example,ou=hosts", "lwHost", "web1.acme.example");
	shop = make("cn=HTTP/shop.acme.example,ou=services", "lwService", "HTTP/shop.acme.example");
	set("uid=alice,ou=people,dc=acme,dc=example", "mail", "Alice.A@Acme.EXAMPLE");
	return 0;
}

/* ---- requests ---- */

/* san as in OpenSSL's configuration; NULL: none */
static struct lw_bytes csr(const char *san)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	struct lw_bytes ret;
	int n;

	assert_true(key && req && exts && X509_REQ_set_pubkey(req, key));
	if (san) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);

		assert_non_null(e);
		sk_X509_EXTENSION_push(exts, e);
		assert_int_equal(X509_REQ_add_extensions(req, exts), 1);
	}
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	ret = lw_dup(arena, (struct lw_bytes){ der, (size_t)n });
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return ret;
}

static struct lw_bytes serial_of(uint8_t octet)
{
	uint8_t b[16];

	memset(b, octet, sizeof(b));
	return lw_dup(arena, (struct lw_bytes){ b, sizeof(b) });
}

static int intent(const struct lw_uuid *who, const char *profile, uint8_t octet)
{
	struct store_op op = { .kind = STORE_CERT_INTENT };

	op.record = (struct store_record){ .serial = serial_of(octet), .profile = lw_str(profile), .subject = *who };
	return as_role(acme, STORE_ROLE_OPERATOR, &op);
}

static int sign_by(struct keys *by, const struct keys_token *t, const struct lw_uuid *who, const char *profile, uint8_t octet, struct lw_bytes request,
        struct keys_cert *ret, char why[200])
{
	struct keys_cert_order o = { .tenant = acme, .subject = *who, .profile = profile, .serial = serial_of(octet), .csr = request };

	return keys_cert(by, tok(t), &o, arena, ret, why);
}

static int record(enum store_op_kind kind, uint8_t octet, const struct keys_cert *c)
{
	struct store_op op = { .kind = kind };

	op.record = (struct store_record){ .serial = serial_of(octet), .reason = 1 };
	if (c) {
		op.record.der = c->der;
		op.record.not_before = c->not_before;
		op.record.not_after = c->not_after;
	}
	return as_role(acme, STORE_ROLE_OPERATOR, &op);
}

static struct keys_cert issue(const struct lw_uuid *who, const char *profile, uint8_t octet, const char *san)
{
	struct keys_cert c;
	char why[200] = "";

	assert_int_equal(intent(who, profile, octet), LW_OK);
	if (sign_by(keys, &operator_t, who, profile, octet, csr(san), &c, why))
		fail_msg("%s", why);
	assert_int_equal(record(STORE_CERT_ISSUED, octet, &c), LW_OK);
	return c;
}

static struct lw_bytes published(enum keys_public what, const char *tenant)
{
	struct lw_bytes b;
	int64_t until;

	assert_int_equal(keys_public(keys, what, lw_str(tenant), arena, &b, &until), LW_OK);
	assert_true(until > lw_wall(&clk));
	return b;
}

/* The i-th certificate of a PEM text. */
static X509 *nth(struct lw_bytes pem, int i)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = NULL;

	for (; i >= 0; i--) {
		X509_free(x);
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	}
	BIO_free(bio);
	ERR_clear_error();
	return x;
}

/* ---- the sets ---- */

static void sets_go_round(void **state)
{
	static const uint8_t wire[] = { 2, 1, 0, 0, 0, 2, 'i', 'd', 0, 0, 0, 4, 'p', '2', '5', '6', 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0,
		0, 0, 0, 0, 1, 3, 0, 0, 0, 1, 'k', 0, 0, 0, 2, 'c', 'c', 0, 0, 0, 1, 'x' };
	static const uint8_t before[] = { 1, 1, 0, 0, 0, 2, 'i', 'd', 0, 0, 0, 4, 'p', '2', '5', '6', 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0,
		0, 1, 'k', 0, 0, 0, 2, 'c', 'c' };
	uint8_t bad[sizeof(wire) + 1];
	struct keyd_sets s;
	struct lw_writer w;
	struct lw_arena *a = lw_arena_new(1u << 16, true);

	assert_int_equal(keyd_sets_get((struct lw_bytes){ wire, sizeof(wire) }, a, &s), LW_OK);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.v[0].id, "id");
	assert_string_equal(s.v[0].alg, "p256");
	assert_true(s.v[0].created == 258 && s.v[0].not_after == 3 && s.v[0].use_from == 259);
	assert_true(lw_eq(s.v[0].key, LW_LIT("k")) && lw_eq(s.v[0].cert, LW_LIT("cc")) && lw_eq(s.v[0].cross, LW_LIT("x")));
	lw_writer_init(&w, 1000);
	keyd_sets_put(&w, &s);
	assert_true(lw_eq(lw_written(&w), (struct lw_bytes){ wire, sizeof(wire) }));
	lw_writer_done(&w);
	for (size_t n = 0; n < sizeof(wire); n++)
		assert_int_not_equal(keyd_sets_get((struct lw_bytes){ wire, n }, a, &s), LW_OK);
	memcpy(bad, wire, sizeof(wire));
	bad[sizeof(wire)] = 0;
	assert_int_equal(keyd_sets_get((struct lw_bytes){ bad, sizeof(bad) }, a, &s), LW_EINVAL);
	bad[0] = 3;
	assert_int_equal(keyd_sets_get((struct lw_bytes){ bad, sizeof(wire) }, a, &s), LW_EVERSION);
	bad[0] = 2;
	bad[1] = KEYD_SETS + 1;
	assert_int_equal(keyd_sets_get((struct lw_bytes){ bad, sizeof(wire) }, a, &s), LW_EINVAL);
	/* those of version 1 have been in use since they were made */
	assert_int_equal(keyd_sets_get((struct lw_bytes){ before, sizeof(before) }, a, &s), LW_OK);
	assert_true(s.n == 1 && s.v[0].created == 258 && s.v[0].use_from == 258 && s.v[0].not_after == 3 && s.v[0].cross.n == 0);
	assert_true(lw_eq(s.v[0].key, LW_LIT("k")) && lw_eq(s.v[0].cert, LW_LIT("cc")));
	for (size_t n = 0; n < sizeof(before); n++)
		assert_int_not_equal(keyd_sets_get((struct lw_bytes){ before, n }, a, &s), LW_OK);
	/* the newest is the first, and the oldest goes */
	s.n = 0;
	for (int i = 0; i < KEYD_SETS + 2; i++)
		keyd_sets_front(&s)->created = i;
	assert_true(s.n == KEYD_SETS && s.v[0].created == KEYD_SETS + 1 && s.v[KEYD_SETS - 1].created == 2);
	lw_arena_free(a);
}

static size_t list(struct keys_set *ret, size_t max)
{
	struct keys_set *sets;
	size_t n, ca = 0;

	assert_int_equal(keys_list(keys, tok(&operator_t), acme, arena, &sets, &n), LW_OK);
	for (size_t i = 0; i < n; i++) {
		if (sets[i].kind == KEYS_CA && ca < max)
			ret[ca++] = sets[i];
	}
	return ca;
}

/* Made once, renewed for the same key at two thirds of its life, kept until what it signed has expired. */
/* Is this certificate among those that go with the tenant? -1: they can't be said. */
static int goes_with_tenant(X509 *x, size_t *ret_n)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	struct lw_arena *a = lw_arena_new(1u << 20, true);
	struct store_revoked *v;
	uint64_t generation;
	int found = -1;

	if (!keys_tenant_end(keys, (struct lw_bytes){ operator_t.b, operator_t.n }, acme, a, &v, ret_n, &generation))
		found = 0;
	for (size_t i = 0; !found && i < *ret_n; i++)
		found = v[i].n_serial == ASN1_STRING_length(serial) && !memcmp(v[i].serial, ASN1_STRING_get0_data(serial), v[i].n_serial) &&
			v[i].reason == 5 && v[i].not_after > clk.test_wall;
	lw_arena_free(a);
	return found;
}

static void keys_in_time(void **state)
{
	static const struct keys_rotation by_hand = { .overlap = 24 * HOUR };
	struct keyd *k = second("boot");
	struct keys *usual = keys;
	struct keys_set s[KEYD_SETS], t[KEYD_SETS];
	X509 *first = nth(published(KEYS_CA_PEM, "acme.example"), 0), *second, *third;
	int64_t next, end;
	size_t n;

	keys = keys_around(k, LW_ROLE_DIRECTORY);
	keyd_rotation(k, &by_hand);
	assert_int_equal(keys_operator(keys, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(upkeep(acme, &next), 0);
	assert_true(next > NOW);
	assert_int_equal(list(s, KEYD_SETS), 1);
	assert_true(s[0].state == KEYS_STATE_CURRENT && s[0].created == NOW);
	assert_string_equal(s[0].alg, "p256");
	end = s[0].not_after;
	assert_true(end > NOW + 4 * 365 * DAY);
	clk.test_wall = end - (end - NOW) / 3 - 2 * HOUR;
	assert_int_equal(upkeep(acme, &next), 0);
	clk.test_wall += 4 * HOUR; /* the installation CA is as old: it lasts no longer */
	assert_int_equal(keys_operator(keys, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(upkeep(acme, &next), 1);
	assert_int_equal(list(t, KEYD_SETS), 1);
	assert_true(t[0].created == NOW && t[0].not_after > s[0].not_after - DAY);
	assert_string_equal(t[0].id, s[0].id); /* the key is the same */
	second = nth(published(KEYS_CA_PEM, "acme.example"), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(second)), 1);
	assert_int_not_equal(X509_cmp(first, second), 0);
	assert_int_equal(rotate("rsa2048"), LW_OK);
	assert_int_equal(rotate("p384"), LW_OK);
	assert_int_equal(rotate(""), LW_OK); /* like the last one */
	assert_int_equal(list(t, KEYD_SETS), 4);
	assert_string_equal(t[0].alg, "p384");
	assert_string_equal(t[2].alg, "rsa2048");
	assert_true(t[0].state == KEYS_STATE_CURRENT && t[1].state == KEYS_STATE_FORMER && t[3].state == KEYS_STATE_FORMER);
	third = nth(published(KEYS_CA_PEM, "acme.example"), 0);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(first), X509_get_subject_name(third)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(third)), 0);
	assert_int_equal(goes_with_tenant(first, &n), 1); /* of the same key as the second */
	assert_int_equal(goes_with_tenant(second, &n), 1);
	assert_int_equal(goes_with_tenant(third, &n), 1);
	assert_int_equal(n, 5);
	assert_int_equal(rotate("rsa1024"), LW_EINVAL);
	assert_int_equal(rotate("p256"), LW_OK);
	assert_int_equal(rotate("p256"), LW_OK);
	assert_int_equal(rotate("p256"), LW_EUNWILLING); /* none is lost that somebody may need */
	clk.test_wall += 365 * DAY;
	assert_int_equal(upkeep(acme, &next), 0);
	clk.test_wall += 2 * DAY; /* past the longest leaf of the last */
	assert_int_equal(upkeep(acme, &next), 1);
	assert_int_equal(keys_operator(keys, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(list(t, KEYD_SETS), 1);
	keys_free(keys);
	keyd_free(k);
	keys = usual;
	X509_free(first);
	X509_free(second);
	X509_free(third);
}

static void the_configured_algorithm(void **state)
{
	static const struct {
		const char *alg;
		int bits;
	} rows[] = { { NULL, 256 }, { "p384", 384 }, { "rsa2048", 2048 }, { "rsa3072", 3072 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct keyd *k;
		X509 *cert;
		int64_t next;

		assert_int_equal(setup(state), 0); /* a tenant without keys */
		k = second("boot");
		if (rows[i].alg)
			keyd_ca_algorithm(k, rows[i].alg);
		keys_free(keys);
		keys = keys_around(k, LW_ROLE_DIRECTORY);
		assert_int_equal(upkeep(acme, &next), 1);
		cert = nth(published(KEYS_CA_PEM, "acme.example"), 0);
		assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), rows[i].bits);
		X509_free(cert);
		assert_int_equal(teardown(state), 0);
		keyd_free(k);
	}
}

static void nothing_is_due_where_nothing_is(void **state)
{
	struct store_op off = { .kind = STORE_TENANT_STATE, .tenant_uuid = beta_uuid };
	struct store_sealed_item *items;
	struct lw_bytes b;
	int64_t next;
	size_t n = 1;

	assert_int_equal(keys_public(keys, KEYS_CA_PEM, LW_LIT("Beta.Example"), arena, &b, &next), LW_OK);
	assert_int_equal(keys_due(keys, 99, arena, &items, &n, &next), LW_OK);
	assert_int_equal(n, 0);
	assert_int_equal(as_role(beta, STORE_ROLE_OPERATOR, &off), LW_OK);
	n = 1;
	assert_int_equal(keys_due(keys, beta, arena, &items, &n, &next), LW_OK);
	assert_int_equal(n, 0);
	assert_int_equal(keys_public(keys, KEYS_CA_PEM, LW_LIT("beta.example"), arena, &b, &next), LW_ENOTFOUND);
	assert_int_equal(keys_public(keys, KEYS_CA_PEM, LW_LIT("gamma.example"), arena, &b, &next), LW_ENOTFOUND);
	assert_int_equal(keys_ocsp(keys, LW_LIT("beta.example"), LW_LIT("x"), arena, &b), LW_ENOTFOUND);
}

/* ---- whose names ---- */

static void names(void **state)
{
	static const struct {
		const struct lw_uuid *who;
		const char *profile, *san;
		int err;
	} rows[] = {
		{ &web1, "tls-server", "DNS:web1.acme.example", LW_OK },
		{ &web1, "tls-server", "DNS:WEB1.Acme.Example,URI:spiffe://acme.example/host/web1.acme.example", LW_OK },
		{ &web1, "tls-client", NULL, LW_OK },
		{ &web1, "tls-server", NULL, LW_EACCES },
		{ &web1, "tls-server", "DNS:shop.acme.example", LW_EACCES },
		{ &web1, "tls-server", "DNS:web1.acme.example,DNS:shop.acme.example", LW_EACCES },
		{ &web1, "tls-server", "DNS:web1.acme.example,URI:spiffe://acme.example/service/web1.acme.example", LW_EACCES },
		{ &web1, "tls-server", "DNS:a.web1.acme.example", LW_EACCES },
		{ &web1, "tls-server", "DNS:*.acme.example", LW_EINVAL },
		{ &web1, "tls-server", "DNS:web1.acme.example,IP:10.0.0.1", LW_EINVAL },
		{ &web1, "user", NULL, LW_EACCES },
		{ &shop, "tls-server", "DNS:shop.acme.example", LW_OK },
		{ &shop, "tls-client", "URI:spiffe://acme.example/service/HTTP/shop.acme.example", LW_OK },
		{ &shop, "tls-server", "DNS:web1.acme.example", LW_EACCES },
		{ &alice, "user", "email:alice.a@acme.example", LW_OK },
		{ &alice, "user", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ALICE@acme.example", LW_OK },
		{ &alice, "user", "email:alice@acme.example", LW_EACCES }, /* not her mail address */
		{ &bob, "user", "email:alice.a@acme.example", LW_EACCES },
		{ &bob, "user", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example", LW_EACCES },
		{ &bob, "tls-server", "DNS:bob.acme.example", LW_EACCES },
		{ &bob, "tls-client", NULL, LW_OK },
		{ &bob, "kdc", NULL, LW_EACCES },
	};
	struct keys_cert c;
	char why[200];

	for (uint8_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lw_bytes request = csr(rows[i].san);
		int err;

		memset(why, 0, sizeof(why));
		assert_int_equal(intent(rows[i].who, rows[i].profile, (uint8_t)(0x40 + i)), LW_OK);
		err = sign_by(keys, &operator_t, rows[i].who, rows[i].profile, (uint8_t)(0x40 + i), request, &c, why);
		if (err != rows[i].err)
			fail_msg("%s %s: %s, %s", rows[i].profile, rows[i].san, lw_errname(err), why);
		assert_true(!err || (*why && !strchr(why, '\n')));
	}
}

static int add_value(const char *dn, const char *attr, struct lw_bytes value)
{
	struct store_mod mod = { STORE_MOD_ADD, { lw_str(attr), &value, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res = { 0 };

	assert_int_equal(dn_parse(arena, lw_str(dn), &op.dn), LW_OK);
	return write_as(&admin_cap, &op, &res);
}

/* A name with a NUL in it is nobody's: least of all is it what stands before the NUL. What the directory doesn't take, keyd doesn't certify. */
static void names_with_nul(void **state)
{
#define NUL(s) { (const uint8_t *)s, sizeof(s) - 1 }
	static const struct {
		const struct lw_uuid *who;
		const char *dn, *attr;
		struct lw_bytes value;
		const char *profile, *san;
	} rows[] = {
		{ &bob, "uid=bob,ou=people,dc=acme,dc=example", "uid", NUL("alice\0x"), "user",
		        "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example" },
		{ &bob, "uid=bob,ou=people,dc=acme,dc=example", "mail", NUL("alice.a@acme.example\0x"), "user", "email:alice.a@acme.example" },
		{ &web1, "cn=web1.acme.example,ou=hosts,dc=acme,dc=example", "cn", NUL("shop.acme.example\0x"), "tls-server", "DNS:shop.acme.example" },
		{ &web1, "cn=web1.acme.example,ou=hosts,dc=acme,dc=example", "krbPrincipalName", NUL("host/shop.acme.example\0x@ACME.EXAMPLE"),
		        "tls-server", "DNS:shop.acme.example" },
	};
	struct keys_cert c;
	char why[200];

	for (uint8_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(add_value(rows[i].dn, rows[i].attr, rows[i].value), LW_ECONSTRAINT);
		assert_int_equal(intent(rows[i].who, rows[i].profile, (uint8_t)(0x60 + i)), LW_OK);
		if (sign_by(keys, &operator_t, rows[i].who, rows[i].profile, (uint8_t)(0x60 + i), csr(rows[i].san), &c, why) != LW_EACCES)
			fail_msg("%s", rows[i].san);
	}
}

/* An administrator's grant says so: any name in the tenant, but never a reserved one. */
static void names_by_grant(void **state)
{
	struct keys_token t;
	struct lw_cap cap;
	struct keys_cert c;
	char why[200];

	struct keyd *k = second("boot");
	struct keys *here = keys_around(k, LW_ROLE_DIRECTORY);

	assert_int_equal(keyd_names(k, "lwd.acme.example", "127.0.0.1"), LW_OK);
	assert_int_equal(keys_verify(here, acme, &bob, LW_LIT("bob's password"), &HERE, &t, &cap), LW_OK);
	assert_int_equal(intent(&web1, "tls-server", 0x41), LW_OK);
	assert_int_equal(sign_by(here, &t, &web1, "tls-server", 0x41, csr("DNS:x.acme.example"), &c, why), LW_ENOTFOUND);
	grant("bob", "permit user bob may enrol host profile tls-server max-life 1h;");
	assert_int_equal(sign_by(here, &t, &web1, "tls-server", 0x41, csr("DNS:acme.example"), &c, why), LW_EACCES);
	assert_int_equal(sign_by(here, &t, &web1, "tls-server", 0x41, csr("DNS:x.beta.example"), &c, why), LW_EACCES);
	assert_int_equal(sign_by(here, &t, &web1, "tls-server", 0x41, csr("DNS:lwd.acme.example"), &c, why), LW_EACCES);
	assert_non_null(strstr(why, "reserved"));
	assert_int_equal(sign_by(here, &t, &web1, "tls-server", 0x41, csr("DNS:x.acme.example"), &c, why), LW_OK);
	assert_true(c.not_after == NOW + HOUR); /* the grant's life */
	assert_int_equal(intent(&web1, "tls-client", 0x44), LW_OK);
	assert_int_equal(sign_by(here, &t, &web1, "tls-client", 0x44, csr(NULL), &c, why), LW_ENOTFOUND);
	keys_free(here);
	keyd_free(k);
}

/* For oneself, by the default grants; not when disabled meanwhile. */
static void for_oneself(void **state)
{
	struct keys_cert_order o = { .tenant = beta, .profile = "user", .serial = serial_of(0x41), .csr = csr(NULL) };
	struct keys_token t;
	struct lw_cap cap;
	struct keys_cert c;
	char why[200];

	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	assert_int_equal(intent(&alice, "user", 0x41), LW_OK);
	assert_int_equal(intent(&bob, "user", 0x42), LW_OK);
	assert_int_equal(sign_by(keys, &t, &bob, "user", 0x42, csr(NULL), &c, why), LW_EACCES);
	assert_int_equal(sign_by(keys, &t, &alice, "tls-client", 0x41, csr(NULL), &c, why), LW_EAGAIN); /* the intent says user */
	assert_int_equal(sign_by(keys, &t, &alice, "user", 0x41, csr("email:alice.a@acme.example"), &c, why), LW_OK);
	assert_true(c.not_after <= NOW + 30 * DAY);
	o.subject = alice;
	assert_int_equal(keys_cert(keys, tok(&t), &o, arena, &c, why), LW_EACCES); /* another tenant */
	assert_int_equal(intent(&alice, "user", 0x43), LW_OK);
	set("uid=alice,ou=people,dc=acme,dc=example", "lwDisabled", "TRUE");
	assert_int_not_equal(sign_by(keys, &t, &alice, "user", 0x43, csr(NULL), &c, why), LW_OK);
	assert_int_equal(sign_by(keys, &operator_t, &alice, "user", 0x43, csr(NULL), &c, why), LW_EACCES);
}

/* ---- what became of it ---- */

#define REFUSED (-1) /* OCSP's unauthorized */

/* V_OCSP_CERTSTATUS_*, REFUSED, or another response status negated. The answer is verified with the issuer's certificate. */
static int ocsp(const char *tenant, X509 *issuer, uint8_t octet)
{
	struct lw_bytes serial = serial_of(octet), der;
	BIGNUM *bn = BN_bin2bn(serial.p, (int)serial.n, NULL);
	ASN1_INTEGER *no = BN_to_ASN1_INTEGER(bn, NULL);
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer), no);
	unsigned char *p = NULL;
	const unsigned char *q;
	OCSP_RESPONSE *r;
	OCSP_BASICRESP *b;
	STACK_OF(X509) *by = sk_X509_new_null();
	int n, status = -100, reason;

	OCSP_request_add0_id(req, id);
	OCSP_request_add1_nonce(req, NULL, 16);
	n = i2d_OCSP_REQUEST(req, &p);
	assert_int_equal(keys_ocsp(keys, lw_str(tenant), (struct lw_bytes){ p, (size_t)n }, arena, &der), LW_OK);
	OPENSSL_free(p);
	q = der.p;
	r = d2i_OCSP_RESPONSE(NULL, &q, (long)der.n);
	assert_non_null(r);
	if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		status = OCSP_response_status(r) == OCSP_RESPONSE_STATUS_UNAUTHORIZED ? REFUSED : -OCSP_response_status(r) - 1;
	} else {
		b = OCSP_response_get1_basic(r);
		sk_X509_push(by, issuer);
		assert_int_equal(OCSP_basic_verify(b, by, NULL, OCSP_TRUSTOTHER), 1);
		assert_int_equal(OCSP_check_nonce(req, b), 1);
		assert_int_equal(OCSP_resp_find_status(b, id, &status, &reason, NULL, NULL, NULL), 1);
		OCSP_BASICRESP_free(b);
	}
	sk_X509_free(by);
	OCSP_RESPONSE_free(r);
	OCSP_REQUEST_free(req);
	ASN1_INTEGER_free(no);
	BN_free(bn);
	return status;
}

static enum store_cert_state state_of(uint8_t octet)
{
	struct store_cert c = { .state = 0 };
	struct lw_session *s;
	struct store_txn *txn;

	assert_int_equal(store_session_role(store, acme, STORE_ROLE_AUTH, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	store_cert(txn, serial_of(octet), &c);
	store_end(txn);
	store_session_free(s);
	return c.state;
}

/* Stopped dead after each step: what has a serial is in the store, and what OCSP says of it is known. */
static void after_each_step(void **state)
{
	X509 *ca = nth(published(KEYS_CA_PEM, "acme.example"), 0);
	struct lw_bytes request = csr("DNS:web1.acme.example");
	struct keys_cert c, again;
	struct keyd *k;
	struct keys *restarted;
	struct keys_token t;
	struct lw_cap cap;
	char why[200];

	/* before the intent nothing is signed */
	assert_int_equal(sign_by(keys, &operator_t, &web1, "tls-server", 0x41, request, &c, why), LW_EAGAIN);
	assert_int_equal(ocsp("acme.example", ca, 0x41), V_OCSP_CERTSTATUS_UNKNOWN);
	/* the intent is there */
	assert_int_equal(intent(&web1, "tls-server", 0x41), LW_OK);
	assert_int_equal(intent(&web1, "tls-server", 0x41), LW_EEXIST);
	assert_int_equal(state_of(0x41), STORE_CERT_IS_INTENT);
	assert_int_equal(ocsp("acme.example", ca, 0x41), V_OCSP_CERTSTATUS_UNKNOWN);
	/* signed, and nobody has it: a serial is signed once */
	assert_int_equal(sign_by(keys, &operator_t, &web1, "tls-server", 0x41, request, &c, why), LW_OK);
	assert_int_equal(sign_by(keys, &operator_t, &web1, "tls-server", 0x41, request, &again, why), LW_EAGAIN);
	assert_int_equal(state_of(0x41), STORE_CERT_IS_INTENT);
	assert_int_equal(ocsp("acme.example", ca, 0x41), V_OCSP_CERTSTATUS_UNKNOWN);
	/* keyd died with its answer, and is asked again */
	k = second("boot");
	restarted = keys_around(k, LW_ROLE_DIRECTORY);
	assert_int_equal(keys_operator(restarted, acme, &t, &cap), LW_OK);
	assert_int_equal(sign_by(restarted, &t, &web1, "tls-server", 0x41, request, &c, why), LW_OK);
	keys_free(restarted);
	keyd_free(k);
	/* stored */
	assert_int_equal(record(STORE_CERT_ISSUED, 0x41, &c), LW_OK);
	assert_int_equal(state_of(0x41), STORE_CERT_IS_ISSUED);
	assert_int_equal(ocsp("acme.example", ca, 0x41), V_OCSP_CERTSTATUS_GOOD);
	assert_int_equal(record(STORE_CERT_REVOKE, 0x41, NULL), LW_OK);
	assert_int_equal(ocsp("acme.example", ca, 0x41), V_OCSP_CERTSTATUS_REVOKED);
	/* refused: no record of it */
	assert_int_equal(intent(&web1, "tls-server", 0x42), LW_OK);
	assert_int_equal(sign_by(keys, &operator_t, &web1, "tls-server", 0x42, csr("DNS:x.acme.example"), &c, why), LW_EACCES);
	assert_int_equal(record(STORE_CERT_DROP, 0x42, NULL), LW_OK);
	assert_int_equal(ocsp("acme.example", ca, 0x42), V_OCSP_CERTSTATUS_UNKNOWN);
	X509_free(ca);
}

static X509_CRL *crl(enum keys_public what, const char *tenant, X509 *issuer)
{
	struct lw_bytes der = published(what, tenant);
	const unsigned char *p = der.p;
	X509_CRL *c = d2i_X509_CRL(NULL, &p, (long)der.n);

	assert_non_null(c);
	assert_int_equal(X509_CRL_verify(c, X509_get0_pubkey(issuer)), 1);
	return c;
}

static uint64_t number_of(X509_CRL *c)
{
	ASN1_INTEGER *n = X509_CRL_get_ext_d2i(c, NID_crl_number, NULL, NULL);
	uint64_t ret = 0;

	ASN1_INTEGER_get_uint64(&ret, n);
	ASN1_INTEGER_free(n);
	return ret;
}

static int entries_of(X509_CRL *c)
{
	STACK_OF(X509_REVOKED) *list_ = X509_CRL_get_REVOKED(c);

	return list_ ? sk_X509_REVOKED_num(list_) : 0;
}

static void ocsp_by_issuer(void **state)
{
	X509 *old = nth(published(KEYS_CA_PEM, "acme.example"), 0), *other = nth(published(KEYS_CA_PEM, "beta.example"), 0), *new;
	struct lw_bytes der;
	struct keys_set s[KEYD_SETS];
	OCSP_RESPONSE *r;
	const unsigned char *p;
	int64_t until;
	X509 *x;

	issue(&web1, "tls-server", 0x41, "DNS:web1.acme.example");
	assert_int_equal(ocsp("acme.example", old, 0x41), V_OCSP_CERTSTATUS_GOOD);
	assert_int_equal(ocsp("beta.example", other, 0x41), V_OCSP_CERTSTATUS_UNKNOWN); /* another tenant's serial */
	assert_int_equal(ocsp("acme.example", other, 0x41), REFUSED);
	assert_int_equal(ocsp("beta.example", old, 0x41), REFUSED);
	assert_int_equal(rotate("p256"), LW_OK);
	new = nth(published(KEYS_CA_PEM, "acme.example"), 0);
	issue(&web1, "tls-server", 0x42, "DNS:web1.acme.example");
	assert_int_equal(ocsp("acme.example", old, 0x41), V_OCSP_CERTSTATUS_GOOD);
	assert_int_equal(ocsp("acme.example", new, 0x42), V_OCSP_CERTSTATUS_GOOD);
	assert_int_equal(ocsp("acme.example", new, 0x41), V_OCSP_CERTSTATUS_UNKNOWN);
	assert_int_equal(ocsp("acme.example", old, 0x42), V_OCSP_CERTSTATUS_UNKNOWN);
	/* each key signs a list, and has its certificate, as long as it is there */
	assert_int_equal(record(STORE_CERT_REVOKE, 0x41, NULL), LW_OK);
	assert_int_equal(list(s, KEYD_SETS), 2);
	for (int i = 0; i < 2; i++) {
		X509 *by = i ? old : new;
		X509_CRL *c = crl(KEYS_CA_CRL, lw_printf(arena, "acme.example/%s", s[i].id), by);

		assert_int_equal(entries_of(c), 1);
		X509_CRL_free(c);
		der = published(KEYS_CA_DER, lw_printf(arena, "ACME.example/%s", s[i].id));
		p = der.p;
		x = d2i_X509(NULL, &p, (long)der.n);
		assert_int_equal(X509_cmp(x, by), 0);
		X509_free(x);
	}
	assert_int_equal(keys_public(keys, KEYS_CA_CRL, lw_str(lw_printf(arena, "beta.example/%s", s[0].id)), arena, &der, &until), LW_ENOTFOUND);
	assert_int_equal(keys_public(keys, KEYS_CA_DER, LW_LIT("acme.example/"), arena, &der, &until), LW_ENOTFOUND);
	assert_int_equal(keys_public(keys, KEYS_CA_PEM, lw_str(lw_printf(arena, "acme.example/%s", s[0].id)), arena, &der, &until), LW_ENOTFOUND);
	assert_int_equal(keys_ocsp(keys, LW_LIT("acme.example"), LW_LIT("junk"), arena, &der), LW_OK);
	p = der.p;
	r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
	assert_int_equal(OCSP_response_status(r), OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
	OCSP_RESPONSE_free(r);
	X509_free(old);
	X509_free(other);
	X509_free(new);
}

static void lists(void **state)
{
	X509 *ca = nth(published(KEYS_CA_PEM, "acme.example"), 0);
	X509_CRL *a = crl(KEYS_CA_CRL, "acme.example", ca), *b;

	assert_int_equal(entries_of(a), 0);
	assert_true(number_of(a) == (uint64_t)NOW);
	issue(&web1, "tls-server", 0x41, "DNS:web1.acme.example");
	issue(&bob, "user", 0x42, NULL);
	clk.test_wall += LW_SECOND;
	b = crl(KEYS_CA_CRL, "acme.example", ca);
	assert_true(number_of(b) == (uint64_t)NOW); /* the same one: nothing was revoked */
	X509_CRL_free(b);
	assert_int_equal(record(STORE_CERT_REVOKE, 0x41, NULL), LW_OK);
	b = crl(KEYS_CA_CRL, "acme.example", ca);
	assert_true(number_of(b) == (uint64_t)NOW + LW_SECOND);
	assert_int_equal(entries_of(b), 1);
	X509_CRL_free(b);
	clk.test_wall = NOW + LW_SECOND + 12 * HOUR - 1;
	b = crl(KEYS_CA_CRL, "acme.example", ca);
	assert_true(number_of(b) == (uint64_t)NOW + LW_SECOND);
	X509_CRL_free(b);
	clk.test_wall += 1; /* half its life */
	b = crl(KEYS_CA_CRL, "acme.example", ca);
	assert_true(number_of(b) == (uint64_t)clk.test_wall);
	assert_int_equal(entries_of(b), 1);
	X509_CRL_free(b);
	clk.test_wall = NOW + 33 * DAY; /* it has expired, and was listed a day longer */
	b = crl(KEYS_CA_CRL, "acme.example", ca);
	assert_int_equal(entries_of(b), 0);
	X509_CRL_free(b);
	X509_CRL_free(a);
	X509_free(ca);
}

/* ---- the root ---- */

static bool there(const char *name)
{
	struct stat st;
	char path[128];

	snprintf(path, sizeof(path), "%s/keys/%s", dir, name);
	return stat(path, &st) == 0;
}

static void root_away_and_back(void **state)
{
	X509 *root = nth(published(KEYS_ROOT_PEM, ""), 0), *installation;
	struct lw_bytes file, none, der = published(KEYS_INSTALLATION_DER, "");
	const unsigned char *p = der.p;
	struct keys_token t;
	struct lw_cap cap;
	X509_CRL *c;
	char why[200];
	time_t later;

	installation = d2i_X509(NULL, &p, (long)der.n);
	assert_int_equal(X509_verify(installation, X509_get0_pubkey(root)), 1);
	c = crl(KEYS_ROOT_CRL, "", root);
	assert_int_equal(entries_of(c), 0);
	X509_CRL_free(c);
	X509_CRL_free(crl(KEYS_INSTALLATION_CRL, "", installation));
	/* only the operator's; and it goes when its new owner shows that he has it */
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	assert_int_equal(keys_root_export(keys, tok(&t), NONE, arena, &file, why), LW_EACCES);
	assert_int_equal(keys_root_export(keys, tok(&operator_t), NONE, arena, &file, why), LW_OK);
	assert_true(there("root.key.sealed"));
	assert_int_equal(keys_root_export(keys, tok(&operator_t), LW_LIT("x"), arena, &none, why), LW_EINVAL);
	assert_true(there("root.key.sealed"));
	assert_int_equal(keys_root_export(keys, tok(&operator_t), file, arena, &none, why), LW_OK);
	assert_false(there("root.key.sealed"));
	assert_int_equal(keys_root_export(keys, tok(&operator_t), NONE, arena, &none, why), LW_ENOTFOUND);
	/* its list stays good as long as the installation CA */
	clk.test_wall += 4 * 365 * DAY;
	c = crl(KEYS_ROOT_CRL, "", root);
	later = (time_t)(clk.test_wall / LW_SECOND);
	assert_int_equal(X509_cmp_time(X509_CRL_get0_nextUpdate(c), &later), 1);
	X509_CRL_free(c);
	assert_int_equal(keys_operator(keys, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(keys_root_import(keys, tok(&operator_t), LW_LIT("x"), why), LW_EINVAL);
	assert_int_equal(keys_root_import(keys, tok(&operator_t), NONE, why), LW_EINVAL);
	assert_int_equal(keys_root_import(keys, tok(&operator_t), file, why), LW_OK);
	assert_true(there("root.key.sealed"));
	c = crl(KEYS_ROOT_CRL, "", root);
	later += 31 * 86400;
	assert_int_equal(X509_cmp_time(X509_CRL_get0_nextUpdate(c), &later), -1);
	X509_CRL_free(c);
	X509_free(root);
	X509_free(installation);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_go_round),
		T(keys_in_time),
		cmocka_unit_test(the_configured_algorithm),
		T(nothing_is_due_where_nothing_is),
		T(names),
		T(names_with_nul),
		T(names_by_grant),
		T(for_oneself),
		T(after_each_step),
		T(ocsp_by_issuer),
		T(lists),
		T(root_away_and_back),
	};

	lw_log_level(LW_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
