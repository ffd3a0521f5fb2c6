/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a certificate of a tenant; and what is never one. */
#include "tests/unit/ca_rig.h"

#include <openssl/evp.h>

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

#define UPN "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:"

static int issue(const struct ca_order *o, const char *san, struct ca_issued *ret)
{
	return ca_leaf(&rig.issuer, rig_csr(&rig, rig.key, san), o, &rig_owner, rig.a, ret, rig.why);
}

static void subject_text(X509 *x, char buf[256])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	X509_NAME_print_ex(bio, X509_get_subject_name(x), 0, XN_FLAG_COMPAT | XN_FLAG_SEP_COMMA_PLUS);
	n = BIO_read(bio, buf, 255);
	buf[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static void each_profile(void **state)
{
	static const struct {
		const char *profile, *name, *san, *subject;
		int days;
		uint32_t usage, purpose;
	} want[] = {
		{ "tls-server", "web1.acme.example", "DNS:web1.acme.example,URI:spiffe://acme.example/web",
		        "O=acme.example,serialNumber=" UUID_E ",CN=web1.acme.example", 30,
		        KU_DIGITAL_SIGNATURE, XKU_SSL_SERVER },
		{ "tls-client", "HTTP/web1.acme.example", "DNS:web1.acme.example",
		        "O=acme.example,serialNumber=" UUID_E ",CN=HTTP/web1.acme.example", 30,
		        KU_DIGITAL_SIGNATURE, XKU_SSL_CLIENT },
		{ "tls-client", "backup", NULL, "O=acme.example,serialNumber=" UUID_E ",CN=backup", 30,
		        KU_DIGITAL_SIGNATURE, XKU_SSL_CLIENT },
		{ "user", "alice",
		        "email:alice@acme.example,email:a@mail.acme.example," UPN "alice@acme.example",
		        "O=acme.example,serialNumber=" UUID_E ",CN=alice", 90, KU_DIGITAL_SIGNATURE,
		        XKU_SSL_CLIENT | XKU_SMIME },
		/* OpenSSL would read j.smith as a host outside the tenant */
		{ "user", "j.smith", NULL, "O=acme.example,serialNumber=" UUID_E ",CN=j.smith@acme.example",
		        90, KU_DIGITAL_SIGNATURE, XKU_SSL_CLIENT | XKU_SMIME },
		{ "kdc", "ACME.EXAMPLE", "otherName:1.3.6.1.5.2.2;SEQUENCE:krbtgt",
		        "O=acme.example,serialNumber=" UUID_E ",CN=ACME.EXAMPLE@acme.example", 365,
		        KU_DIGITAL_SIGNATURE, 0 },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct ca_order o = rig_order(&rig, want[i].profile);
		struct ca_issued got;
		char subject[256];
		X509 *x;

		o.name = want[i].name;
		if (issue(&o, want[i].san, &got))
			fail_msg("%s: %s", want[i].profile, rig.why);
		assert_int_equal(rig_verify(&rig, got.pem, NOW), X509_V_OK);
		assert_int_equal(rig_verify(&rig, got.pem, NOW + want[i].days * DAY + LW_SECOND),
		        X509_V_ERR_CERT_HAS_EXPIRED);
		x = rig_x509(got.der);
		subject_text(x, subject);
		assert_string_equal(subject, want[i].subject);
		assert_int_equal(got.not_after, NOW + want[i].days * DAY);
		assert_int_equal(got.not_before, NOW - 300 * LW_SECOND);
		assert_int_equal(X509_get_key_usage(x), want[i].usage);
		assert_int_equal(X509_get_extended_key_usage(x) & ~(uint32_t)XKU_ANYEKU, want[i].purpose);
		assert_int_equal(X509_check_ca(x), 0);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), rig.key), 1);
		assert_memory_equal(ASN1_STRING_get0_data(X509_get0_serialNumber(x)), o.serial.p, CA_SERIAL);
		X509_free(x);
	}
}

/* RSA keys of people may also encipher. Intermediates of each kind of key. */
static void kinds_of_keys(void **state)
{
	static const struct {
		const char *kind;
		int signature;
	} want[] = { { "p384", NID_ecdsa_with_SHA384 }, { "rsa2048", NID_sha256WithRSAEncryption },
		{ "rsa3072", NID_sha256WithRSAEncryption } };
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	struct lw_bytes none = { NULL, 3 };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct ca_rig r;
		struct ca_order o;
		struct ca_issued got;
		X509 *x;

		rig_new(&r, want[i].kind, NOW);
		o = rig_order(&r, "user");
		if (ca_leaf(&r.issuer, rig_csr(&r, rsa, NULL), &o, &rig_owner, r.a, &got, r.why))
			fail_msg("%s", r.why);
		assert_int_equal(rig_verify(&r, got.pem, NOW), X509_V_OK);
		x = rig_x509(got.der);
		assert_int_equal(X509_get_signature_nid(x), want[i].signature);
		assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
		X509_free(x);
		rig_done(&r);
	}
	EVP_PKEY_free(rsa);
	assert_int_equal(ca_new_private("rsa1024", rig.a, &none, rig.why), LW_EINVAL);
	assert_int_equal(none.n, 3);
}

static void lives(void **state)
{
	struct ca_order o = rig_order(&rig, "tls-client");
	struct ca_issued got;
	int64_t end;
	X509 *ca = ca_get_pem(rig.issuer.pem);

	end = ca_not_after(ca);
	assert_int_equal(end, NOW + 1826 * DAY);
	o.life = DAY;
	assert_int_equal(issue(&o, NULL, &got), LW_OK);
	assert_int_equal(got.not_after, NOW + DAY);
	o.life = 1000 * DAY; /* no more than the profile gives */
	assert_int_equal(issue(&o, NULL, &got), LW_OK);
	assert_int_equal(got.not_after, NOW + 30 * DAY);
	o.now = end - DAY; /* no leaf outlives its issuer */
	assert_int_equal(issue(&o, NULL, &got), LW_OK);
	assert_int_equal(got.not_after, end);
	o.now = end;
	assert_int_equal(issue(&o, NULL, &got), LW_EEXPIRED);
	X509_free(ca);
}

static bool only_web1(void *ctx, const struct ca_name *n)
{
	return strcmp(n->text, ctx) == 0;
}

static void names_that_are_not_given(void **state)
{
	static const struct {
		const char *profile, *san;
	} no[] = {
		{ "tls-server", NULL },                            /* it needs a DNS name */
		{ "tls-server", "URI:spiffe://acme.example/web" }, /* as well */
		{ "tls-server", "DNS:acme.example" },              /* the apex */
		{ "tls-server", "DNS:ldap.acme.example" },         /* the installation's host */
		{ "tls-server", "DNS:LDAP.acme.example" },
		{ "tls-server", "DNS:web1.other.example" },
		{ "tls-server", "DNS:acme.example.evil.example" },
		{ "tls-server", "DNS:evilacme.example" },
		{ "tls-server", "DNS:web1.acme.example,DNS:web1.other.example" },
		{ "tls-server", "DNS:web1.acme.example,email:alice@acme.example" },
		{ "tls-client", "URI:spiffe://other.example/web" },
		{ "tls-client", UPN "alice@acme.example" },
		{ "user", "email:alice@other.example" },
		{ "user", "email:alice@evilacme.example" },
		{ "user", UPN "alice@other.example" },
		{ "user", "DNS:web1.acme.example" },
		{ "user", "otherName:1.3.6.1.5.2.2;SEQUENCE:krbtgt" },
		{ "kdc", "DNS:kdc.acme.example" },
	};
	struct ca_owner web1 = { only_web1, (void *)(uintptr_t) "web1.acme.example", NULL, 0 };
	struct ca_issued got = { .not_after = 42 };
	struct ca_order o;

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		o = rig_order(&rig, no[i].profile);
		if (issue(&o, no[i].san, &got) != LW_EACCES)
			fail_msg("%s %s: %s", no[i].profile, no[i].san, rig.why);
	}
	o = rig_order(&rig, "tls-server");
	assert_int_equal(
	        ca_leaf(&rig.issuer, rig_csr(&rig, rig.key, "DNS:web1.acme.example,DNS:web2.acme.example"),
	                &o, &web1, rig.a, &got, rig.why),
	        LW_EACCES);
	assert_non_null(strstr(rig.why, "web2"));
	web1.owns = NULL;
	assert_int_equal(ca_leaf(&rig.issuer, rig_csr(&rig, rig.key, "DNS:web1.acme.example"), &o, &web1,
	                         rig.a, &got, rig.why),
	        LW_EACCES);
	o.who = CA_WHO_PERSON; /* no servers among people */
	assert_int_equal(issue(&o, "DNS:web1.acme.example", &got), LW_EACCES);
	o.who = CA_WHO_PERSON | CA_WHO_HOST;
	assert_int_equal(issue(&o, "DNS:web1.acme.example", &got), LW_EACCES);
	o.who = CA_WHO_SELF;
	o.profile = &ca_profiles[CA_TENANT]; /* nobody orders a CA */
	assert_int_equal(issue(&o, NULL, &got), LW_EACCES);
	assert_int_equal(got.not_after, 42);
}

static void orders_that_are_refused(void **state)
{
	static const uint8_t negative[16] = { 0x80, 1 }, zero[16] = { 0, 1 };
	struct ca_order o = rig_order(&rig, "tls-client");
	struct ca_issuer mixed = { rig.others.key, rig.issuer.pem };
	struct lw_bytes csr = rig_csr(&rig, rig.key, NULL), sig;
	struct ca_issued got = { .not_after = 42 };
	EVP_PKEY *key = ca_get_key(rig.issuer.key), *top = ca_get_key(rig.ca_key);
	uint8_t *p;

	/* a key of a CA */
	assert_int_equal(ca_leaf(&rig.issuer, rig_csr(&rig, key, NULL), &o, &rig_owner, rig.a, &got, rig.why),
	        LW_EUNSUPPORTED);
	assert_int_equal(ca_leaf(&rig.issuer, rig_csr(&rig, top, NULL), &o, &rig_owner, rig.a, &got, rig.why),
	        LW_EUNSUPPORTED);
	/* another tenant's CA; a key that is not the certificate's */
	assert_int_equal(ca_leaf(&rig.others, csr, &o, &rig_owner, rig.a, &got, rig.why), LW_EINVAL);
	assert_int_equal(ca_leaf(&rig.installation, csr, &o, &rig_owner, rig.a, &got, rig.why), LW_EINVAL);
	assert_int_equal(ca_leaf(&mixed, csr, &o, &rig_owner, rig.a, &got, rig.why), LW_EINVAL);
	/* serials */
	o.serial.n = 15;
	assert_int_equal(issue(&o, NULL, &got), LW_EINVAL);
	o.serial = (struct lw_bytes){ negative, 16 };
	assert_int_equal(issue(&o, NULL, &got), LW_EINVAL);
	o.serial = (struct lw_bytes){ zero, 16 };
	assert_int_equal(issue(&o, NULL, &got), LW_EINVAL);
	o = rig_order(&rig, "tls-client");
	o.subject = (struct lw_uuid){ { 0 } };
	assert_int_equal(issue(&o, NULL, &got), LW_EINVAL);
	/* the proof of possession: the last octet of the signature */
	o = rig_order(&rig, "tls-client");
	sig = rig_join(&rig, csr, LW_LIT(""));
	p = (uint8_t *)(uintptr_t)sig.p;
	p[sig.n - 1] ^= 1;
	assert_int_equal(ca_leaf(&rig.issuer, sig, &o, &rig_owner, rig.a, &got, rig.why), LW_EAUTH);
	assert_int_equal(got.not_after, 42);
	EVP_PKEY_free(key);
	EVP_PKEY_free(top);
}

/* What a CA of a tenant that has gone bad signs beyond its tenant is refused by whoever verifies. */
static void constraints_bind(void **state)
{
	static const struct {
		const char *san, *cn;
		int want;
	} no[] = {
		{ "DNS:web1.acme.example", "web1", X509_V_OK },
		{ "DNS:www.other.example", "web1", X509_V_ERR_PERMITTED_VIOLATION },
		{ "DNS:web1.acme.example,DNS:www.other.example", "web1", X509_V_ERR_PERMITTED_VIOLATION },
		{ "email:ceo@other.example", "web1", X509_V_ERR_PERMITTED_VIOLATION },
		{ "URI:spiffe://other.example/x", "web1", X509_V_ERR_PERMITTED_VIOLATION },
		{ "IP:10.0.0.1", "web1", X509_V_ERR_EXCLUDED_VIOLATION },
		{ "IP:2001:db8::1", "web1", X509_V_ERR_EXCLUDED_VIOLATION },
		{ NULL, "www.other.example", X509_V_ERR_PERMITTED_VIOLATION },
	};
	EVP_PKEY *key = ca_get_key(rig.issuer.key);
	X509 *ca = ca_get_pem(rig.issuer.pem);

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		X509_EXTENSION *e =
		        no[i].san ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, no[i].san) : NULL;
		GENERAL_NAMES *alt = e ? X509V3_EXT_d2i(e) : NULL;
		X509_NAME *name = ca_subject(&rig.tenant, &rig.tenant.uuid, no[i].cn);
		struct lw_bytes pem;
		X509 *x = ca_make(&(struct ca_spec){ .profile = &ca_profiles[CA_TLS_CLIENT],
		                          .key = rig.key,
		                          .subject = name,
		                          .alt = alt,
		                          .issuer = ca,
		                          .issuer_key = key,
		                          .now = NOW },
		        rig.why);

		assert_int_equal(ca_put_pem(&x, 1, rig.a, &pem), LW_OK);
		assert_int_equal(rig_verify(&rig, rig_join(&rig, pem, rig.issuer.pem), NOW), no[i].want);
		X509_free(x);
		X509_NAME_free(name);
		X509_EXTENSION_free(e);
		GENERAL_NAMES_free(alt);
	}
	/* a subject in another organization */
	X509_NAME *name = ca_subject(&rig.other, &rig.other.uuid, "web1");
	struct lw_bytes pem;
	X509 *x = ca_make(&(struct ca_spec){ .profile = &ca_profiles[CA_TLS_CLIENT],
	                          .key = rig.key,
	                          .subject = name,
	                          .issuer = ca,
	                          .issuer_key = key,
	                          .now = NOW },
	        rig.why);

	assert_int_equal(ca_put_pem(&x, 1, rig.a, &pem), LW_OK);
	assert_int_equal(
	        rig_verify(&rig, rig_join(&rig, pem, rig.issuer.pem), NOW), X509_V_ERR_PERMITTED_VIOLATION);
	X509_free(x);
	X509_NAME_free(name);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void the_intermediate_says(void **state)
{
	X509 *ca = ca_get_pem(rig.issuer.pem);
	NAME_CONSTRAINTS *nc;
	char subject[256];
	int crit;

	subject_text(ca, subject);
	assert_string_equal(subject, "O=acme.example,serialNumber=" UUID_T ",CN=acme.example CA");
	assert_int_equal(X509_check_ca(ca), 1);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN | KU_DIGITAL_SIGNATURE);
	nc = X509_get_ext_d2i(ca, NID_name_constraints, &crit, NULL);
	assert_non_null(nc);
	assert_int_equal(crit, 1);
	assert_int_equal(sk_GENERAL_SUBTREE_num(nc->permittedSubtrees), 6);
	assert_int_equal(sk_GENERAL_SUBTREE_num(nc->excludedSubtrees), 2);
	NAME_CONSTRAINTS_free(nc);
	X509_free(ca);
}

/* The same key again: leaves of before verify below the new certificate, new ones below the old. Another key:
 * each below its own. */
static void renewal_and_rotation(void **state)
{
	int64_t late = NOW + 1300 * DAY; /* two thirds of 1826 days are 1217 and a third */
	struct ca_order o = rig_order(&rig, "tls-client");
	struct ca_issuer again = rig.issuer, fresh;
	struct ca_issued before, after;
	struct lw_bytes leaf, pem, installation;

	assert_int_equal(ca_builders.renew(
	                         rig.root_key, rig.root_pem, rig.ca_pem, late, rig.a, &installation, rig.why),
	        LW_OK);
	assert_true(ca_renew_at(rig.issuer.pem) > NOW + 1217 * DAY - 300 * LW_SECOND);
	assert_true(ca_renew_at(rig.issuer.pem) < NOW + 1218 * DAY);
	assert_int_equal(ca_renew_at(LW_LIT("x")), 0);
	o.now = late;
	assert_int_equal(issue(&o, NULL, &before), LW_OK);
	struct ca_issuer up = { rig.ca_key, rig_join(&rig, installation, rig.root_pem) };

	assert_int_equal(ca_tenant_cert(&up, &rig.tenant, rig.issuer.key, rig_serial(&rig), &rig.up, late,
	                         rig.a, &pem, rig.why),
	        LW_OK);
	again.pem = rig_join(&rig, pem, up.pem);
	X509 *old = ca_get_pem(rig.issuer.pem), *new = ca_get_pem(pem), *x = rig_x509(before.der);

	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(old), X509_get_subject_name(new)), 0);
	assert_int_equal(ca_not_after(new), late + 1826 * DAY);
	assert_int_equal(ca_put_pem(&x, 1, rig.a, &leaf), LW_OK);
	assert_int_equal(rig_verify(&rig, rig_join(&rig, leaf, again.pem), late), X509_V_OK);
	o = rig_order(&rig, "tls-client");
	o.now = late;
	assert_int_equal(
	        ca_leaf(&again, rig_csr(&rig, rig.key, NULL), &o, &rig_owner, rig.a, &after, rig.why), LW_OK);
	assert_int_equal(rig_verify(&rig, after.pem, late), X509_V_OK);
	X509_free(x);
	x = rig_x509(after.der);
	assert_int_equal(ca_put_pem(&x, 1, rig.a, &leaf), LW_OK);
	assert_int_equal(rig_verify(&rig, rig_join(&rig, leaf, rig.issuer.pem), late), X509_V_OK);
	X509_free(x);
	/* rotation */
	assert_int_equal(ca_new_private("p256", rig.a, &fresh.key, rig.why), LW_OK);
	assert_int_equal(ca_tenant_cert(&up, &rig.tenant, fresh.key, rig_serial(&rig), &rig.up, late, rig.a,
	                         &pem, rig.why),
	        LW_OK);
	fresh.pem = rig_join(&rig, pem, up.pem);
	o = rig_order(&rig, "tls-client");
	o.now = late;
	assert_int_equal(
	        ca_leaf(&fresh, rig_csr(&rig, rig.key, NULL), &o, &rig_owner, rig.a, &after, rig.why), LW_OK);
	assert_int_equal(rig_verify(&rig, after.pem, late), X509_V_OK);
	assert_int_equal(rig_verify(&rig, before.pem, late), X509_V_OK);
	/* both in one chain: the right one is found by its key's identifier */
	assert_int_equal(rig_verify(&rig, rig_join(&rig, after.pem, rig.issuer.pem), late), X509_V_OK);
	X509_free(old);
	X509_free(new);
}

/* O and CN hold 64 characters; names of tenants 253 octets. */
static void long_names(void **state)
{
	static const size_t sizes[] = { 61, 62, 64, 65, 200 };
	struct ca_order o;
	struct ca_issued got;
	char name[256], host[300];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ca_issuer is;

		for (size_t k = 0; k < sizes[i]; k++)
			name[k] = k % 50 == 49 ? '.' : 'a';
		memcpy(name + sizes[i] - 8, ".example", 8);
		name[sizes[i]] = '\0';
		rig.other.name = name;
		assert_int_equal(ca_new_private("p256", rig.a, &is.key, rig.why), LW_OK);
		if (ca_tenant_cert(&rig.installation, &rig.other, is.key, rig_serial(&rig), &rig.up, NOW,
		            rig.a, &is.pem, rig.why))
			fail_msg("%s", rig.why);
		is.pem = rig_join(&rig, is.pem, rig.installation.pem);
		o = rig_order(&rig, "tls-server");
		o.tenant = rig.other;
		snprintf(host, sizeof(host), "DNS:web1.%s", name);
		o.name = host + 4;
		if (ca_leaf(&is, rig_csr(&rig, rig.key, host), &o, &rig_owner, rig.a, &got, rig.why))
			fail_msg("%s", rig.why);
		assert_int_equal(rig_verify(&rig, got.pem, NOW), X509_V_OK);
	}
	rig.other.name = "Other.example";
	struct lw_bytes pem;

	assert_int_equal(ca_tenant_cert(&rig.installation, &rig.other, rig.others.key, rig_serial(&rig),
	                         &rig.up, NOW, rig.a, &pem, rig.why),
	        LW_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_profile),
		cmocka_unit_test(kinds_of_keys),
		cmocka_unit_test(lives),
		cmocka_unit_test(names_that_are_not_given),
		cmocka_unit_test(orders_that_are_refused),
		cmocka_unit_test(constraints_bind),
		cmocka_unit_test(the_intermediate_says),
		cmocka_unit_test(renewal_and_rotation),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
