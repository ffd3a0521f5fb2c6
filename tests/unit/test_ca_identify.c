/* SPDX-License-Identifier: Apache-2.0 */
/* A leaf that somebody shows: what it says, who made it, and the ones that only look so. */
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

static struct ca_issued issue(const char *profile, const char *san)
{
	struct ca_order o = rig_order(&rig, profile);
	struct ca_issued got;

	if (ca_leaf(&rig.issuer, rig_csr(&rig, rig.key, san), &o, &rig_owner, rig.a, &got, rig.why))
		fail_msg("%s: %s", profile, rig.why);
	return got;
}

static struct lw_bytes der_of(X509 *x)
{
	unsigned char *der = NULL;
	struct lw_bytes b;
	int n = i2d_X509(x, &der);

	assert_int_equal(ca_take(der, n, rig.a, &b), LW_OK);
	return b;
}

/* What a plant differs in from a good certificate of the tenant. */
struct plant {
	const char *name;
	const struct ca_tenant *subject_tenant, *issuer_tenant; /* NULL: the rig's */
	const struct lw_uuid *subject;
	enum ca_profile_id profile;
	struct lw_bytes key; /* that signs; p NULL: the tenant's issuer's */
	int64_t now;         /* 0: NOW */
	struct lw_bytes serial;
	const char *purposes; /* NULL: the profile's; "": none */
	int extra;            /* an extension more, critical; 0: none */
	bool self;            /* its own issuer */
	const char *why;      /* it is refused */
};

/* A certificate with the issuer's name and key identifier, whoever signs it. */
static struct lw_bytes forge(const struct plant *p)
{
	const struct ca_tenant *of = p->subject_tenant ? p->subject_tenant : &rig.tenant;
	const struct lw_uuid *uuid = p->subject ? p->subject : &rig.other.uuid;
	struct ca_profile profile = ca_profiles[p->profile];
	X509_NAME *subject = ca_subject(of, uuid, "alice"), *issuer;
	EVP_PKEY *key = p->self ? rig.key : ca_get_key(p->key.p ? p->key : rig.issuer.key);
	X509 *up = ca_get_pem(rig.issuer.pem), *x;
	struct lw_bytes der;

	if (p->purposes)
		profile.ext_key_usage = *p->purposes ? p->purposes : NULL;
	x = ca_make(&(struct ca_spec){ .profile = &profile,
	                    .key = rig.key,
	                    .subject = subject,
	                    .serial = p->serial,
	                    .issuer = p->self ? NULL : up,
	                    .issuer_key = key,
	                    .now = p->now ? p->now : NOW },
	        rig.why);
	assert_non_null(x);
	if (p->issuer_tenant) {
		issuer = ca_tenant_subject(p->issuer_tenant);
		X509_set_issuer_name(x, issuer);
		X509_NAME_free(issuer);
	}
	if (p->extra) {
		ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
		X509_EXTENSION *e;

		ASN1_OCTET_STRING_set(s, (const unsigned char *)"\x05", 2);
		e = X509_EXTENSION_create_by_NID(NULL, p->extra, 1, s);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
		ASN1_OCTET_STRING_free(s);
	}
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	der = der_of(x);
	X509_free(x);
	X509_free(up);
	X509_NAME_free(subject);
	if (!p->self)
		EVP_PKEY_free(key);
	return der;
}

static void what_it_says(void **state)
{
	static const struct {
		const char *profile, *san;
		bool client;
		int days;
	} want[] = { { "tls-server", "DNS:web1.acme.example", false, 30 }, { "tls-client", NULL, true, 30 },
		{ "user", "email:alice@acme.example", true, 90 },
		{ "kdc", "otherName:1.3.6.1.5.2.2;SEQUENCE:krbtgt", false, 365 } };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct ca_issued got = issue(want[i].profile, want[i].san);
		char tenant[LW_UUID_TEXT], subject[LW_UUID_TEXT];
		struct keys_shown l;
		X509 *x = rig_x509(got.der);

		if (ca_leaf_read(got.der, rig.a, &l, rig.why))
			fail_msg("%s: %s", want[i].profile, rig.why);
		lw_uuid_format(&l.tenant, tenant);
		lw_uuid_format(&l.subject, subject);
		assert_string_equal(tenant, UUID_T);
		assert_string_equal(subject, UUID_E);
		assert_bytes(l.organization, TENANT);
		assert_string_equal(l.profile, want[i].profile);
		assert_int_equal(l.client, want[i].client);
		assert_int_equal(l.not_before, NOW - 300 * LW_SECOND);
		assert_int_equal(l.not_after, NOW + want[i].days * DAY);
		assert_int_equal(l.serial.n, 16);
		assert_memory_equal(l.serial.p, ASN1_STRING_get0_data(X509_get0_serialNumber(x)), 16);
		assert_int_equal(ca_leaf_verify(got.der, rig.issuer.pem, NOW, rig.why), LW_OK);
		X509_free(x);
	}
}

/* In a name that is too long for O stands the UUID. */
static void long_name(void **state)
{
	struct ca_tenant t = { "a-name-of-a-tenant-that-is-quite-a-bit-longer-than-sixty-four-octets.example",
		rig.tenant.uuid };
	struct lw_bytes der = forge(&(struct plant){ .subject_tenant = &t, .issuer_tenant = &t, .profile = CA_USER });
	struct keys_shown l;

	assert_int_equal(ca_leaf_read(der, rig.a, &l, rig.why), LW_OK);
	assert_bytes(l.organization, UUID_T);
}

static void not_in_our_form(void **state)
{
	static const uint8_t few[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const struct lw_uuid zero;
	const struct plant no[] = {
		{ "the O of another tenant", .subject_tenant = &rig.other, .profile = CA_USER, .why = "form" },
		{ "an issuer with another O", .issuer_tenant = &rig.other, .profile = CA_USER, .why = "form" },
		{ "nobody's UUID", .subject = &zero, .profile = CA_USER, .why = "form" },
		{ "purposes of no profile", .profile = CA_USER, .purposes = "clientAuth,serverAuth", .why = "purposes" },
		{ "one purpose too few", .profile = CA_USER, .purposes = "clientAuth,emailProtection", .why = "purposes" },
		{ "no purposes", .profile = CA_USER, .purposes = "", .why = "purposes" },
		{ "a CA", .profile = CA_ROOT, .why = "not a leaf" },
		{ "a short serial", .profile = CA_USER, .serial = { few, 8 }, .why = "serial" },
		{ "an unknown critical extension", .profile = CA_USER, .extra = NID_sinfo_access, .why = "not a leaf" },
	};
	struct keys_shown l = { .client = true };

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		int err = ca_leaf_read(forge(&no[i]), rig.a, &l, rig.why);

		if (err != LW_EINVAL)
			fail_msg("%s: %s", no[i].name, lw_errname(err));
		if (!strstr(rig.why, no[i].why))
			fail_msg("%s: %s", no[i].name, rig.why);
	}
	assert_int_equal(ca_leaf_read(LW_LIT(""), rig.a, &l, rig.why), LW_EINVAL);
	assert_int_equal(ca_leaf_read(LW_LIT("x"), rig.a, &l, rig.why), LW_EINVAL);
	assert_int_equal(ca_leaf_read(rig_join(&rig, forge(&(struct plant){ .profile = CA_USER }), LW_LIT("x")), rig.a,
	                         &l, rig.why),
	        LW_EINVAL);
	assert_true(l.client); /* untouched */
}

static void who_made_it(void **state)
{
	struct ca_issued good = issue("tls-client", NULL);
	struct lw_bytes key, pem, both;
	const struct plant theirs = { .profile = CA_USER, .key = rig.others.key }, up = { .profile = CA_USER, .key = rig.ca_key },
			   self = { .profile = CA_USER, .self = true };
	uint8_t *p;

	/* the plant that lacks nothing */
	assert_int_equal(
	        ca_leaf_verify(forge(&(struct plant){ .profile = CA_USER }), rig.issuer.pem, NOW, rig.why), LW_OK);
	/* the right names and key identifier, the wrong key */
	assert_int_equal(ca_leaf_verify(forge(&theirs), rig.issuer.pem, NOW, rig.why), LW_EAUTH);
	assert_int_equal(ca_leaf_verify(forge(&up), rig.issuer.pem, NOW, rig.why), LW_EAUTH);
	assert_int_equal(ca_leaf_verify(forge(&self), rig.issuer.pem, NOW, rig.why), LW_EAUTH);
	/* another tenant's issuer, which the installation CA has signed like ours */
	assert_int_equal(ca_leaf_verify(good.der, rig.others.pem, NOW, rig.why), LW_EAUTH);
	assert_int_equal(ca_leaf_verify(good.der, LW_LIT(""), NOW, rig.why), LW_EAUTH);
	/* an issuer of the same name with a key of its own; then both, in either order */
	assert_int_equal(ca_new_private("p256", rig.a, &key, rig.why), LW_OK);
	assert_int_equal(ca_tenant_cert(&rig.installation, &rig.tenant, key, rig_serial(&rig), &rig.up, NOW, rig.a, &pem,
	                         rig.why),
	        LW_OK);
	assert_int_equal(ca_leaf_verify(good.der, pem, NOW, rig.why), LW_EAUTH);
	both = rig_join(&rig, pem, rig.issuer.pem);
	assert_int_equal(ca_leaf_verify(good.der, both, NOW, rig.why), LW_OK);
	both = rig_join(&rig, rig.issuer.pem, pem);
	assert_int_equal(ca_leaf_verify(good.der, both, NOW, rig.why), LW_OK);
	/* one octet of the signature */
	both = rig_join(&rig, good.der, LW_LIT(""));
	p = (uint8_t *)(uintptr_t)both.p;
	p[both.n - 1] ^= 1;
	assert_int_equal(ca_leaf_verify(both, rig.issuer.pem, NOW, rig.why), LW_EAUTH);
}

static void when(void **state)
{
	struct ca_issued good = issue("tls-client", NULL);
	struct lw_bytes last = forge(&(struct plant){ .profile = CA_USER, .now = NOW + 1825 * DAY }), pem;

	assert_int_equal(ca_leaf_verify(good.der, rig.issuer.pem, NOW - 301 * LW_SECOND, rig.why), LW_EEXPIRED);
	assert_int_equal(ca_leaf_verify(good.der, rig.issuer.pem, NOW - 300 * LW_SECOND, rig.why), LW_OK);
	assert_int_equal(ca_leaf_verify(good.der, rig.issuer.pem, NOW + 30 * DAY - 1, rig.why), LW_OK);
	assert_int_equal(ca_leaf_verify(good.der, rig.issuer.pem, NOW + 30 * DAY, rig.why), LW_EEXPIRED);
	/* with its issuer */
	assert_int_equal(ca_leaf_verify(last, rig.issuer.pem, NOW + 1826 * DAY - 1, rig.why), LW_OK);
	assert_int_equal(ca_leaf_verify(last, rig.issuer.pem, NOW + 1826 * DAY, rig.why), LW_EEXPIRED);
	assert_int_equal(ca_leaf_verify(last, rig.issuer.pem, NOW, rig.why), LW_EAUTH);
	/* that was renewed: the old certificate does not matter then */
	struct ca_issuer top = { rig.ca_key, rig.ca_pem };

	assert_int_equal(ca_tenant_cert(&top, &rig.tenant, rig.issuer.key, rig_serial(&rig), &rig.up, NOW + DAY, rig.a,
	                         &pem, rig.why),
	        LW_OK);
	assert_int_equal(ca_leaf_verify(good.der, rig_join(&rig, rig.issuer.pem, pem), NOW + 2 * DAY, rig.why), LW_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(long_name),
		cmocka_unit_test(not_in_our_form),
		cmocka_unit_test(who_made_it),
		cmocka_unit_test(when),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
