/* SPDX-License-Identifier: Apache-2.0 */
/* The table of profiles, names in canonical form, keys that are refused, and what a request says. */
#include "tests/unit/ca_rig.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

static struct ca_rig rig;

static int setup(void **state)
{
	rig_new(&rig, "p256", NOW);
	return 0;
}
static int teardown(void **state)
{
	rig_done(&rig);
	return 0;
}

/* ---- the table ---- */
static void profiles(void **state)
{
	static const struct {
		const char *name, *purpose;
		int days;
		unsigned names, needs, who;
	} want[] = {
		{ "tls-server", "serverAuth", 30, CA_NAME_DNS | CA_NAME_URI, CA_NAME_DNS,
		        CA_WHO_SERVICE | CA_WHO_HOST },
		{ "tls-client", "clientAuth", 30, CA_NAME_DNS | CA_NAME_URI, 0,
		        CA_WHO_PERSON | CA_WHO_SERVICE | CA_WHO_HOST },
		{ "user", "clientAuth,emailProtection,1.3.6.1.5.2.3.4", 90,
		        CA_NAME_EMAIL | CA_NAME_UPN | CA_NAME_URI, 0, CA_WHO_PERSON },
		{ "kdc", "1.3.6.1.5.2.3.5", 365, CA_NAME_DNS | CA_NAME_REALM, CA_NAME_REALM, CA_WHO_KDC },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct ca_profile *p = ca_profile(want[i].name);

		assert_non_null(p);
		assert_string_equal(p->ext_key_usage, want[i].purpose);
		assert_string_equal(p->basic_constraints, "critical,CA:FALSE");
		assert_non_null(strstr(p->key_usage, "critical,digitalSignature"));
		assert_int_equal(p->days, want[i].days);
		assert_int_equal(p->names, want[i].names);
		assert_int_equal(p->needs, want[i].needs);
		assert_int_equal(p->who, want[i].who);
	}
	for (int i = 0; i < ca_nprofiles; i++) {
		const struct ca_profile *p = &ca_profiles[i];

		assert_true(p->name && p->days > 0 && p->basic_constraints && p->key_usage && p->who);
		assert_int_equal(p->needs & ~p->names, 0);
		/* a CA's certificate never comes by name, a leaf never may sign certificates */
		assert_ptr_equal(ca_profile(p->name), i >= CA_TLS_SERVER ? p : NULL);
		assert_int_equal(
		        strstr(p->key_usage, "keyCertSign") != NULL, i < CA_TLS_SERVER && i != CA_LISTENER);
	}
	assert_string_equal(ca_profiles[CA_TENANT].basic_constraints, "critical,CA:TRUE,pathlen:0");
	assert_int_equal(ca_profiles[CA_TENANT].days, 1826);
	assert_null(ca_profile("server"));
}

/* ---- names ---- */
static void canonical_names(void **state)
{
	static const struct {
		enum ca_name_kind kind;
		const char *in, *out; /* NULL: refused */
	} want[] = {
		{ CA_NAME_DNS, "WEB1.Acme.Example", "web1.acme.example" },
		{ CA_NAME_DNS,
		        "b\xc3\xbc"
		        "cher.acme.example",
		        "xn--bcher-kva.acme.example" },
		{ CA_NAME_DNS, "*.acme.example", NULL },
		{ CA_NAME_DNS, "w*.acme.example", NULL },
		{ CA_NAME_DNS, "localhost", NULL },
		{ CA_NAME_DNS, "10.0.0.1", NULL },
		{ CA_NAME_DNS, "web1.acme.example.", NULL },
		{ CA_NAME_DNS, ".acme.example", NULL },
		{ CA_NAME_DNS, "a b.acme.example", NULL },
		{ CA_NAME_DNS, "", NULL },
		{ CA_NAME_EMAIL, "Alice.Smith+x@ACME.example", "alice.smith+x@acme.example" },
		{ CA_NAME_EMAIL, "acme.example", NULL },
		{ CA_NAME_EMAIL, "@acme.example", NULL },
		{ CA_NAME_EMAIL, "a@b@acme.example", NULL },
		{ CA_NAME_EMAIL, "\"a b\"@acme.example", NULL },
		{ CA_NAME_EMAIL, "a..b@acme.example", NULL },
		{ CA_NAME_EMAIL, ".a@acme.example", NULL },
		{ CA_NAME_EMAIL, "a@[10.0.0.1]", NULL },
		{ CA_NAME_URI, "spiffe://Acme.Example/ns/Web", "spiffe://acme.example/ns/Web" },
		{ CA_NAME_URI, "spiffe://acme.example", NULL },
		{ CA_NAME_URI, "spiffe://acme.example/", NULL },
		{ CA_NAME_URI, "spiffe://acme.example/a//b", NULL },
		{ CA_NAME_URI, "spiffe://acme.example/../b", NULL },
		{ CA_NAME_URI, "spiffe://acme.example/a/.", NULL },
		{ CA_NAME_URI, "spiffe://acme.example/a?x", NULL },
		{ CA_NAME_URI, "spiffe://u@acme.example/a", NULL },
		{ CA_NAME_URI, "spiffe://acme.example:443/a", NULL },
		{ CA_NAME_URI, "https://acme.example/a", NULL },
		{ CA_NAME_URI, "urn:uuid:" UUID_E, NULL },
		{ CA_NAME_UPN, "Alice@ACME.EXAMPLE", "alice@acme.example" },
		{ CA_NAME_UPN, "alice", NULL },
		{ CA_NAME_REALM, "ACME.EXAMPLE", "ACME.EXAMPLE" },
		{ CA_NAME_REALM, "ACME", NULL },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct ca_name got = { want[i].kind, "untouched" };
		int err = ca_name_canon(want[i].kind, lw_str(want[i].in), rig.a, &got, rig.why);

		if (err != (want[i].out ? LW_OK : LW_EINVAL))
			fail_msg("\"%s\": %s", want[i].in, lw_errname(err));
		assert_string_equal(got.text, want[i].out ? want[i].out : "untouched");
	}
	/* a NUL does not end a name */
	struct ca_name got;

	assert_int_equal(
	        ca_name_canon(CA_NAME_DNS, LW_LIT("web1.acme.example\0.evil.example"), rig.a, &got, rig.why),
	        LW_EINVAL);
}

/* ---- keys ---- */
static EVP_PKEY *rsa_of(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *p;

	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e);
	p = OSSL_PARAM_BLD_to_param(b);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, p), 1);
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static int check_rsa(const BIGNUM *n, unsigned long e)
{
	BIGNUM *x = BN_new();
	EVP_PKEY *key;
	int err;

	BN_set_word(x, e);
	key = rsa_of(n, x);
	err = ca_key_check(key, rig.why);
	EVP_PKEY_free(key);
	BN_free(x);
	return err;
}

static BIGNUM *good_modulus(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	EVP_PKEY_free(key);
	return n;
}

static void rsa_exponents(void **state)
{
	BIGNUM *n = good_modulus(), *e = BN_new();
	EVP_PKEY *key;

	assert_int_equal(check_rsa(n, 65537), LW_OK);
	assert_int_equal(check_rsa(n, 65539), LW_OK);
	assert_int_equal(check_rsa(n, 1), LW_EUNSUPPORTED);
	assert_int_equal(check_rsa(n, 3), LW_EUNSUPPORTED);
	assert_int_equal(check_rsa(n, 65535), LW_EUNSUPPORTED);
	assert_int_equal(check_rsa(n, 65538), LW_EUNSUPPORTED);
	BN_set_word(e, 1);
	BN_lshift(e, e, 64);
	BN_add_word(e, 1);
	key = rsa_of(n, e);
	assert_int_equal(ca_key_check(key, rig.why), LW_EUNSUPPORTED);
	EVP_PKEY_free(key);
	BN_free(e);
	BN_free(n);
}

/* Primes as Infineon's library made them: k * M + 65537^a mod M, M the product of the first 126 primes. */
static BIGNUM *roca_prime(BN_CTX *ctx)
{
	BIGNUM *m = BN_new(), *p = BN_new(), *k = BN_new(), *x = BN_new(), *e = BN_new(), *low = BN_new(),
	       *span = BN_new();
	unsigned found = 0;

	BN_one(m);
	for (BN_ULONG c = 2; found < 126; c++) {
		BN_ULONG d = 2;

		while (d * d <= c && c % d)
			d++;
		if (d * d > c) {
			BN_mul_word(m, c);
			found++;
		}
	}
	BN_set_word(x, 65537);
	BN_one(low);
	BN_lshift(low, low, 1024); /* k between 3/4 and 1 of 2^1024 / M, so that the product of two primes has
	                              2048 bits */
	BN_div(low, NULL, low, m, ctx);
	BN_rshift(span, low, 2);
	BN_sub(low, low, span);
	BN_sub_word(span, 1);
	do {
		BN_rand(e, 200, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
		BN_mod_exp(p, x, e, m, ctx);
		BN_rand_range(k, span);
		BN_add(k, k, low);
		BN_mul(k, k, m, ctx);
		BN_add(p, p, k);
	} while (BN_num_bits(p) != 1024 || BN_check_prime(p, ctx, NULL) != 1);
	BN_free(m);
	BN_free(k);
	BN_free(x);
	BN_free(e);
	BN_free(low);
	BN_free(span);
	return p;
}

static void known_bad_rsa(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = roca_prime(ctx), *q = roca_prime(ctx), *n = BN_new();

	BN_mul(n, p, q, ctx);
	assert_int_equal(BN_num_bits(n), 2048);
	assert_int_equal(check_rsa(n, 65537), LW_EUNSUPPORTED);
	assert_non_null(strstr(rig.why, "ROCA"));
	assert_true(ca_rsa_roca(n));
	/* close primes */
	BN_generate_prime_ex(p, 1024, 0, NULL, NULL, NULL);
	BN_set_bit(p, 1022);
	BN_copy(q, p);
	do {
		BN_add_word(p, 2);
	} while (BN_check_prime(p, ctx, NULL) != 1);
	BN_copy(q, p);
	do {
		BN_add_word(q, 2);
	} while (BN_check_prime(q, ctx, NULL) != 1);
	BN_mul(n, p, q, ctx);
	assert_false(ca_rsa_roca(n));
	assert_true(ca_rsa_close(n));
	assert_int_equal(check_rsa(n, 65537), LW_EUNSUPPORTED);
	assert_non_null(strstr(rig.why, "close"));
	/* a small factor: 2^2047 + 2^1000 + 1 made a multiple of 101 */
	BN_zero(n);
	BN_set_bit(n, 2047);
	BN_set_bit(n, 1000);
	BN_set_bit(n, 0);
	while (BN_mod_word(n, 101) != 0)
		BN_add_word(n, 2);
	assert_int_equal(check_rsa(n, 65537), LW_EUNSUPPORTED);
	assert_non_null(strstr(rig.why, "small factor"));
	for (int i = 0; i < 3; i++) {
		BIGNUM *good = good_modulus();

		assert_false(ca_rsa_roca(good));
		assert_false(ca_rsa_close(good));
		BN_free(good);
	}
	BN_free(p);
	BN_free(q);
	BN_free(n);
	BN_CTX_free(ctx);
}

/* The place of some octets in others. */
static uint8_t *place(struct lw_bytes in, const void *what, size_t n)
{
	return memmem((void *)(uintptr_t)in.p, in.n, what, n);
}

static void curves_and_points(void **state)
{
	static const char *const no[] = { "P-224", "secp256k1", "brainpoolP256r1", "P-192" };
	static const char *const yes[] = { "P-256", "P-384", "P-521" };
	struct lw_bytes spki = { NULL, 7 }, csr;
	EVP_PKEY *key;
	uint8_t *p;

	for (int i = 0; i < 3; i++) {
		key = EVP_EC_gen(yes[i]);
		assert_int_equal(ca_csr_key(rig_csr(&rig, key, NULL), rig.a, &spki, rig.why), LW_OK);
		EVP_PKEY_free(key);
	}
	for (int i = 0; i < 4; i++) {
		key = EVP_EC_gen(no[i]);
		if (!key)
			continue; /* OpenSSL was built without it */
		assert_int_equal(
		        ca_csr_key(rig_csr(&rig, key, NULL), rig.a, &spki, rig.why), LW_EUNSUPPORTED);
		EVP_PKEY_free(key);
	}
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_int_equal(ca_key_check(key, rig.why), LW_EUNSUPPORTED);
	EVP_PKEY_free(key);
	/* compressed, and with the curve's parameters spelled out */
	key = EVP_EC_gen("P-256");
	EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
	assert_int_equal(ca_csr_key(rig_csr(&rig, key, NULL), rig.a, &spki, rig.why), LW_EUNSUPPORTED);
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-256");
	EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
	assert_int_equal(ca_csr_key(rig_csr(&rig, key, NULL), rig.a, &spki, rig.why), LW_EUNSUPPORTED);
	EVP_PKEY_free(key);
	/* a point beside the curve: the last octet of y */
	csr = rig_csr(&rig, rig.key, NULL);
	p = place(csr, "\x03\x42\x00\x04", 4);
	assert_non_null(p);
	p[4 + 63] ^= 1;
	assert_int_equal(ca_csr_key(csr, rig.a, &spki, rig.why), LW_EUNSUPPORTED);
}

/* ---- requests ---- */
#define UPN "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:"

static void names_of_a_request(void **state)
{
	struct ca_csr csr;

	assert_int_equal(ca_csr_read(rig_csr(&rig, rig.key, NULL), rig.a, &csr, rig.why), LW_OK);
	assert_int_equal(csr.n_names, 0);
	if (ca_csr_read(rig_csr(&rig, rig.key,
	                        "DNS:Web1.Acme.Example,email:Alice@acme.example,URI:spiffe://acme.example/"
	                        "web," UPN "alice@acme.example,otherName:1.3.6.1.5.2.2;SEQUENCE:krbtgt"),
	            rig.a, &csr, rig.why))
		fail_msg("%s", rig.why);
	assert_int_equal(csr.n_names, 5);
	assert_int_equal(csr.names[0].kind, CA_NAME_DNS);
	assert_string_equal(csr.names[0].text, "web1.acme.example");
	assert_int_equal(csr.names[1].kind, CA_NAME_EMAIL);
	assert_string_equal(csr.names[1].text, "alice@acme.example");
	assert_int_equal(csr.names[2].kind, CA_NAME_URI);
	assert_string_equal(csr.names[2].text, "spiffe://acme.example/web");
	assert_int_equal(csr.names[3].kind, CA_NAME_UPN);
	assert_string_equal(csr.names[3].text, "alice@acme.example");
	assert_int_equal(csr.names[4].kind, CA_NAME_REALM);
	assert_string_equal(csr.names[4].text, "ACME.EXAMPLE");
}

static void names_that_are_refused(void **state)
{
	static const char *const san[] = {
		"IP:10.0.0.1",
		"IP:::1",
		"RID:1.2.3.4",
		"dirName:dir",
		"DNS:*.acme.example",
		"DNS:a.b.example,DNS:A.B.EXAMPLE",
		"otherName:1.2.3.4;UTF8:x",
		UPN "alice",
		"otherName:1.3.6.1.4.1.311.20.2.3;IA5:alice@acme.example",
		"otherName:1.3.6.1.5.2.2;SEQUENCE:kadmin",
		"otherName:1.3.6.1.5.2.2;UTF8:krbtgt",
		"URI:https://acme.example/",
		"DNS:web1.acme.example,IP:10.0.0.1",
	};
	struct ca_csr csr = { .n_names = 99 };
	char many[8192] = "";
	EVP_PKEY *key = rig.key;

	for (size_t i = 0; i < sizeof(san) / sizeof(san[0]); i++) {
		int err = ca_csr_read(rig_csr(&rig, key, san[i]), rig.a, &csr, rig.why);

		if (err != LW_EINVAL)
			fail_msg("%s: %s", san[i], lw_errname(err));
	}
	for (int i = 0; i < CA_MAX_NAMES + 1; i++) {
		size_t n = strlen(many);

		snprintf(many + n, sizeof(many) - n, "%sDNS:h%d.acme.example", i ? "," : "", i);
	}
	assert_int_equal(ca_csr_read(rig_csr(&rig, key, many), rig.a, &csr, rig.why), LW_ELIMIT);
	assert_int_equal(csr.n_names, 99);
}

/* Two lists of extensions, of which OpenSSL would see one. */
static void two_lists(void **state)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct ca_csr csr;
	struct lw_bytes b;

	X509_REQ_set_pubkey(req, rig.key);
	for (int i = 0; i < 2; i++) {
		STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();

		sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
		                                     i ? "DNS:b.acme.example" : "DNS:a.acme.example"));
		X509_REQ_add_extensions_nid(req, exts, i ? NID_ms_ext_req : NID_ext_req);
		sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	}
	assert_true(X509_REQ_sign(req, rig.key, EVP_sha256()) > 0);
	int n = i2d_X509_REQ(req, &der);

	assert_int_equal(ca_take(der, n, rig.a, &b), LW_OK);
	assert_int_equal(ca_csr_read(b, rig.a, &csr, rig.why), LW_EINVAL);
	X509_REQ_free(req);
}

static void pointers(void **state)
{
	static const char *const bad[] = { "", "http://", "ftp://ca.acme.example", "http://ca.acme.example/",
		"http://ca.acme.example/a b", "http://ca.acme.example/a,b", "http://x\n.example" };
	struct ca_pointers p;

	assert_string_equal(rig.down.issuer, "http://ca.acme.example/ca/acme.example/ca.cer");
	assert_string_equal(rig.down.crl, "http://ca.acme.example/ca/acme.example/crl");
	assert_string_equal(rig.down.ocsp, "http://ca.acme.example/ca/acme.example/ocsp");
	assert_string_equal(rig.up.crl, "http://ca.acme.example/ca/installation.crl");
	assert_null(rig.up.ocsp);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ca_pointers(bad[i], TENANT, rig.a, &p), LW_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles),
		cmocka_unit_test(canonical_names),
		cmocka_unit_test(rsa_exponents),
		cmocka_unit_test(known_bad_rsa),
		cmocka_unit_test(curves_and_points),
		cmocka_unit_test(names_of_a_request),
		cmocka_unit_test(names_that_are_refused),
		cmocka_unit_test(two_lists),
		cmocka_unit_test(pointers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
