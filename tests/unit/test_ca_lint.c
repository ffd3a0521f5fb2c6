/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule of the lint finds what is planted for it: a good certificate is changed in one place and signed
 * again by its issuer. */
#include "tests/unit/ca_rig.h"

#include <openssl/evp.h>

static struct ca_rig rig;
static struct ca_order order;
static struct ca_issued good;
static struct ca_csr csr;

static int setup(void **state)
{
	struct lw_bytes der;

	rig_new(&rig, "p256", NOW);
	order = rig_order(&rig, "tls-server");
	der = rig_csr(&rig, rig.key, "DNS:web1.acme.example,URI:spiffe://acme.example/web");
	assert_int_equal(ca_csr_read(der, rig.a, &csr, rig.why), LW_OK);
	assert_int_equal(ca_leaf(&rig.issuer, der, &order, &rig_owner, rig.a, &good, rig.why), LW_OK);
	return 0;
}
static int teardown(void **state)
{
	rig_done(&rig);
	return 0;
}

/* ---- changes ---- */
static void drop(X509 *x, int nid)
{
	int i = X509_get_ext_by_NID(x, nid, -1);

	assert_true(i >= 0);
	X509_EXTENSION_free(X509_delete_ext(x, i));
}

static void add(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!e)
		fail_msg("the test's own extension: %s", value);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void change(X509 *x, int nid, const char *value)
{
	drop(x, nid);
	add(x, nid, value);
}

static void v1(X509 *x)
{
	X509_set_version(x, X509_VERSION_1);
}
static void other_serial(X509 *x)
{
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 4711);
}
static void negative_serial(X509 *x)
{
	X509_get_serialNumber(x)->type = V_ASN1_NEG_INTEGER;
}
static void other_issuer(X509 *x)
{
	X509_set_issuer_name(x, X509_get_subject_name(x));
}
static void shorter(X509 *x)
{
	X509_gmtime_adj(X509_getm_notAfter(x), 0);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)((NOW + 29 * DAY) / LW_SECOND));
}
static void longer(X509 *x)
{
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)((NOW + 30 * DAY) / LW_SECOND) + 1);
}
static void earlier(X509 *x)
{
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)((NOW - DAY) / LW_SECOND));
}
static void more_subject(X509 *x)
{
	X509_NAME_add_entry_by_txt(
	        X509_get_subject_name(x), "OU", MBSTRING_UTF8, (const unsigned char *)"x", -1, -1, 0);
}
static void upper_subject(X509 *x) /* equal to X509_NAME_cmp */
{
	X509_NAME *n = X509_get_subject_name(x);

	X509_NAME_ENTRY_free(X509_NAME_delete_entry(n, 0));
	X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8, (const unsigned char *)"ACME.EXAMPLE", -1, 0, 0);
}
static void other_key(X509 *x)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");

	X509_set_pubkey(x, k);
	EVP_PKEY_free(k);
}
static void one_more(X509 *x)
{
	add(x, NID_netscape_comment, "hello");
}
static void twice(X509 *x)
{
	add(x, NID_subject_key_identifier, "hash");
}
static void no_names(X509 *x)
{
	drop(x, NID_subject_alt_name);
}
static void no_usage(X509 *x)
{
	drop(x, NID_key_usage);
}
static void uncritical(X509 *x)
{
	change(x, NID_key_usage, "digitalSignature");
}
static void critical(X509 *x)
{
	change(x, NID_ext_key_usage, "critical,serverAuth");
}
static void is_ca(X509 *x)
{
	change(x, NID_basic_constraints, "critical,CA:TRUE");
}
static void more_usage(X509 *x)
{
	change(x, NID_key_usage, "critical,digitalSignature,keyCertSign");
}
static void more_purpose(X509 *x)
{
	change(x, NID_ext_key_usage, "serverAuth,clientAuth");
}
static void any_purpose(X509 *x)
{
	change(x, NID_ext_key_usage, "anyExtendedKeyUsage");
}
static void more_names(X509 *x)
{
	change(x, NID_subject_alt_name,
	        "DNS:web1.acme.example,URI:spiffe://acme.example/web,DNS:web2.acme.example");
}
static void fewer_names(X509 *x)
{
	change(x, NID_subject_alt_name, "DNS:web1.acme.example");
}
static void upper_names(X509 *x) /* equal in canonical form */
{
	change(x, NID_subject_alt_name, "DNS:WEB1.acme.example,URI:spiffe://acme.example/web");
}
static void an_address(X509 *x)
{
	change(x, NID_subject_alt_name, "DNS:web1.acme.example,IP:10.0.0.1");
}
static void other_key_id(X509 *x)
{
	change(x, NID_subject_key_identifier, "00112233");
}
static void other_authority(X509 *x)
{
	X509 *up = ca_get_pem(rig.ca_pem);
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	drop(x, NID_authority_key_identifier);
	X509V3_set_ctx(&ctx, up, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	X509_free(up);
}
static void other_crl(X509 *x)
{
	change(x, NID_crl_distribution_points, "URI:http://evil.example/crl");
}
static void other_ocsp(X509 *x)
{
	change(x, NID_info_access,
	        "OCSP;URI:http://evil.example/ocsp,caIssuers;URI:http://ca.acme.example/ca/acme.example/"
	        "ca.cer");
}
static void no_ocsp(X509 *x)
{
	change(x, NID_info_access, "caIssuers;URI:http://ca.acme.example/ca/acme.example/ca.cer");
}
static void nothing(X509 *x)
{
	X509_set_version(x, X509_get_version(x));
}

static struct lw_bytes planted(void (*how)(X509 *), const EVP_MD *md, EVP_PKEY *signer)
{
	X509 *x = rig_x509(good.der);
	unsigned char *der = NULL;
	struct lw_bytes b;
	int n;

	how(x);
	assert_true(X509_sign(x, signer, md) > 0);
	n = i2d_X509(x, &der);
	assert_int_equal(ca_take(der, n, rig.a, &b), LW_OK);
	X509_free(x);
	return b;
}

/* The rule that refuses it; CA_LINT_COUNT: none. */
static enum ca_lint_rule lint(
        struct lw_bytes der, struct lw_bytes pem, const struct ca_order *o, const struct ca_csr *c)
{
	enum ca_lint_rule rule = CA_LINT_COUNT;
	int err = ca_lint(der, pem, o, c->spki, c->names, c->n_names, &rule, rig.why);

	assert_int_equal(err, rule == CA_LINT_COUNT ? LW_OK : LW_EINVAL);
	return rule;
}

static const struct {
	enum ca_lint_rule rule;
	void (*how)(X509 *);
} plants[] = {
	{ CA_LINT_VERSION, v1 },
	{ CA_LINT_SERIAL, other_serial },
	{ CA_LINT_SERIAL, negative_serial },
	{ CA_LINT_SIGNATURE, other_issuer },
	{ CA_LINT_VALIDITY, shorter },
	{ CA_LINT_VALIDITY, longer },
	{ CA_LINT_VALIDITY, earlier },
	{ CA_LINT_SUBJECT, more_subject },
	{ CA_LINT_SUBJECT, upper_subject },
	{ CA_LINT_KEY, other_key },
	{ CA_LINT_EXTENSIONS, one_more },
	{ CA_LINT_EXTENSIONS, twice },
	{ CA_LINT_EXTENSIONS, no_names },
	{ CA_LINT_EXTENSIONS, no_usage },
	{ CA_LINT_CRITICALITY, uncritical },
	{ CA_LINT_CRITICALITY, critical },
	{ CA_LINT_BASIC, is_ca },
	{ CA_LINT_USAGE, more_usage },
	{ CA_LINT_PURPOSE, more_purpose },
	{ CA_LINT_PURPOSE, any_purpose },
	{ CA_LINT_NAMES, more_names },
	{ CA_LINT_NAMES, fewer_names },
	{ CA_LINT_NAMES, upper_names },
	{ CA_LINT_NAMES, an_address },
	{ CA_LINT_KEYID, other_key_id },
	{ CA_LINT_KEYID, other_authority },
	{ CA_LINT_POINTERS, other_crl },
	{ CA_LINT_POINTERS, other_ocsp },
	{ CA_LINT_POINTERS, no_ocsp },
};
#define N_PLANTS (sizeof(plants) / sizeof(plants[0]))

static void planted_violations(void **state)
{
	EVP_PKEY *key = ca_get_key(rig.issuer.key);

	assert_int_equal(lint(good.der, rig.issuer.pem, &order, &csr), CA_LINT_COUNT);
	assert_int_equal(
	        lint(planted(nothing, EVP_sha256(), key), rig.issuer.pem, &order, &csr), CA_LINT_COUNT);
	for (size_t i = 0; i < N_PLANTS; i++) {
		enum ca_lint_rule found =
		        lint(planted(plants[i].how, EVP_sha256(), key), rig.issuer.pem, &order, &csr);

		if (found != plants[i].rule)
			fail_msg("plant %zu: found by rule %d, not %d", i, found, plants[i].rule);
	}
	EVP_PKEY_free(key);
}

static void planted_octets(void **state)
{
	EVP_PKEY *key = ca_get_key(rig.issuer.key), *evil = EVP_EC_gen("P-256");
	struct lw_bytes longer_der = rig_join(&rig, good.der, LW_LIT("x")),
	                b = rig_join(&rig, good.der, LW_LIT(""));
	uint8_t *p = (uint8_t *)(uintptr_t)b.p;
	struct lw_bytes ber;
	size_t n;

	assert_int_equal(lint(longer_der, rig.issuer.pem, &order, &csr), CA_LINT_ENCODING);
	assert_int_equal(lint(LW_LIT("hello"), rig.issuer.pem, &order, &csr), CA_LINT_ENCODING);
	/* BER: the length of the whole, and of what is signed, in one octet more than needed */
	assert_memory_equal(p, "\x30\x82", 2);
	assert_memory_equal(p + 4, "\x30\x82", 2);
	ber = rig_join(&rig, rig_join(&rig, LW_LIT("\x30\x83\x00"), (struct lw_bytes){ p + 2, 2 }),
	        (struct lw_bytes){ p + 4, b.n - 4 });
	assert_int_equal(lint(ber, rig.issuer.pem, &order, &csr), CA_LINT_ENCODING);
	ber = rig_join(&rig, rig_join(&rig, (struct lw_bytes){ p, 4 }, LW_LIT("\x30\x83\x00")),
	        (struct lw_bytes){ p + 6, b.n - 6 });
	n = (size_t)p[2] << 8 | p[3];
	((uint8_t *)(uintptr_t)ber.p)[2] = (uint8_t)((n + 1) >> 8);
	((uint8_t *)(uintptr_t)ber.p)[3] = (uint8_t)(n + 1);
	assert_int_equal(lint(ber, rig.issuer.pem, &order, &csr), CA_LINT_ENCODING);
	p[b.n - 1] ^= 1;
	assert_int_equal(lint(b, rig.issuer.pem, &order, &csr), CA_LINT_SIGNATURE);
	assert_int_equal(
	        lint(planted(nothing, EVP_sha256(), evil), rig.issuer.pem, &order, &csr), CA_LINT_SIGNATURE);
	assert_int_equal(
	        lint(planted(nothing, EVP_sha1(), key), rig.issuer.pem, &order, &csr), CA_LINT_SIGNATURE);
	EVP_PKEY_free(key);
	EVP_PKEY_free(evil);
}

/* Rules that hold only because somebody else made a mistake before: an order beyond the constraints, a chain
 * that does not end where it should. */
static void orders_against_the_chain(void **state)
{
	struct ca_name outside = { CA_NAME_DNS, "www.other.example" };
	EVP_PKEY *key = ca_get_key(rig.issuer.key);
	X509 *ca = ca_get_pem(rig.issuer.pem), *x;
	X509_NAME *name = ca_subject(&order.tenant, &order.subject, "web1.acme.example");
	GENERAL_NAMES *alt = ca_general_names(&outside, 1);
	struct ca_csr beyond = { csr.spki, &outside, 1 };
	unsigned char *der = NULL;
	struct lw_bytes b, root, pem;
	int n;

	x = ca_make(&(struct ca_spec){ .profile = order.profile,
	                    .key = rig.key,
	                    .subject = name,
	                    .alt = alt,
	                    .pointers = order.pointers,
	                    .serial = order.serial,
	                    .issuer = ca,
	                    .issuer_key = key,
	                    .now = NOW },
	        rig.why);
	n = i2d_X509(x, &der);
	assert_int_equal(ca_take(der, n, rig.a, &b), LW_OK);
	assert_int_equal(lint(b, rig.issuer.pem, &order, &beyond), CA_LINT_CONSTRAINTS);
	/* an unrelated root at the end */
	assert_int_equal(ca_builders.root(HOST, NOW, rig.a, &root, &pem, rig.why), LW_OK);
	assert_int_equal(ca_put_pem(&ca, 1, rig.a, &b), LW_OK);
	assert_int_equal(lint(good.der, rig_join(&rig, b, pem), &order, &csr), CA_LINT_PATH);
	GENERAL_NAMES_free(alt);
	X509_NAME_free(name);
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(key);
}

/* The other side of the comparison: each field of the order matters. */
static void other_orders(void **state)
{
	struct ca_order o = order;
	struct ca_csr c = csr;
	struct ca_pointers none = { NULL, NULL, NULL };

	o.serial = rig_serial(&rig);
	assert_int_equal(lint(good.der, rig.issuer.pem, &o, &csr), CA_LINT_SERIAL);
	o = order;
	o.subject.b[3] ^= 1;
	assert_int_equal(lint(good.der, rig.issuer.pem, &o, &csr), CA_LINT_SUBJECT);
	o = order;
	o.now += LW_SECOND;
	assert_int_equal(lint(good.der, rig.issuer.pem, &o, &csr), CA_LINT_VALIDITY);
	o = order;
	o.profile = &ca_profiles[CA_TLS_CLIENT];
	assert_int_equal(lint(good.der, rig.issuer.pem, &o, &csr), CA_LINT_PURPOSE);
	o = order;
	o.pointers = &none;
	assert_int_equal(lint(good.der, rig.issuer.pem, &o, &csr), CA_LINT_EXTENSIONS);
	o = order;
	o.tenant = rig.other;
	assert_int_equal(lint(good.der, rig.issuer.pem, &o, &csr), CA_LINT_SUBJECT);
	c.n_names = 1;
	assert_int_equal(lint(good.der, rig.issuer.pem, &order, &c), CA_LINT_NAMES);
	assert_int_equal(lint(good.der, rig.others.pem, &order, &csr), CA_LINT_SIGNATURE);
}

/* Nothing of the list without a plant. */
static void every_rule_has_a_plant(void **state)
{
	static const enum ca_lint_rule others[] = { CA_LINT_ENCODING, CA_LINT_CONSTRAINTS, CA_LINT_PATH };
	bool seen[CA_LINT_COUNT] = { false };

	for (size_t i = 0; i < N_PLANTS; i++)
		seen[plants[i].rule] = true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		seen[others[i]] = true;
	for (int i = 0; i < CA_LINT_COUNT; i++)
		assert_true(seen[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_violations),
		cmocka_unit_test(planted_octets),
		cmocka_unit_test(orders_against_the_chain),
		cmocka_unit_test(other_orders),
		cmocka_unit_test(every_rule_has_a_plant),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
