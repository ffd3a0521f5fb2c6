/* SPDX-License-Identifier: Apache-2.0 */
/* Relying parties' metadata in the shapes that are met, and ours. */
#include "tests/unit/unit.h"

#include <openssl/x509.h>

#include "base/arena.h"
#include "base/err.h"
#include "saml/int.h"
#include "tests/unit/saml_certs.h"

#define POST "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define HEAD "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" xmlns:ds=\"" SAML_NS_DSIG "\" entityID=\"urn:sp\">"
#define SP   "<md:SPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">"
#define ACS  "<md:AssertionConsumerService Binding=\"" POST "\" Location=\"https://sp.example/acs\" index=\"0\"/>"
#define TAIL "</md:SPSSODescriptor></md:EntityDescriptor>"

static struct lw_arena *arena;

static int setup(void **state)
{
	arena = lw_arena_new(1 << 20, false);
	return arena == NULL;
}

static int teardown(void **state)
{
	lw_arena_free(arena);
	return 0;
}

static struct lw_bytes load(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[1024];
	uint8_t *all = lw_alloc(arena, 1 << 16);
	struct lw_bytes b = { all, 0 };
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/metadata/%s.xml", srcdir ? srcdir : ".", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	b.n = fread(all, 1, 1 << 16, f);
	fclose(f);
	return b;
}

static void is_named(struct lw_bytes der, const char *cn)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	char name[64] = "";

	assert_non_null(x);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));
	assert_string_equal(name, cn);
	X509_free(x);
}

static void shapes(void **state)
{
	static const struct {
		const char *file, *entity, *format, *acs[3], *certs[3];
		bool signed_ones;
	} row[] = {
		{ "shibboleth", "https://sp.acme.example/shibboleth", "", { "https://sp.acme.example/Shibboleth.sso/SAML2/POST" }, { "rsa" }, false },
		{ "simplesamlphp", "https://wiki.acme.example/simplesaml/module.php/saml/sp/metadata.php/default-sp",
			"urn:oasis:names:tc:SAML:2.0:nameid-format:transient", { "https://wiki.acme.example/simplesaml/module.php/saml/sp/saml2-acs.php/default-sp" },
			{ "rsa", "ec256" }, true },
		{ "mellon", "https://shop.acme.example:8443/mellon/metadata", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
			{ "https://shop.acme.example:8443/mellon/postResponse?a=1&b=2", "https://shop.acme.example:8443/mellon/postResponse2" }, { "ec256" }, true },
		{ "vcenter", "https://vc.acme.example/websso/SAML2/Metadata/vsphere.local", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
			{ "https://vc.acme.example/websso/SAML2/SSO/vsphere.local", "https://vc.acme.example/websso/SAML2/SSOSSL/vsphere.local" }, { "rsa" }, true },
		{ "least", "urn:example:sp", "", { "https://sp.example/acs" }, { NULL }, false },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct saml_rp rp;
		char why[200] = "";
		size_t n = 0;

		if (saml_rp_read(load(row[i].file), arena, &rp, why) != LW_OK)
			fail_msg("%s: %s", row[i].file, why);
		assert_bytes(rp.entity_id, row[i].entity);
		assert_bytes(rp.name_id_format, row[i].format);
		assert_int_equal(rp.wants_assertions_signed, row[i].signed_ones);
		while (n < 3 && row[i].acs[n])
			n++;
		assert_int_equal(rp.n_acs, n);
		for (size_t k = 0; k < n; k++)
			assert_bytes(rp.acs[k], row[i].acs[k]);
		for (n = 0; n < 3 && row[i].certs[n];)
			n++;
		assert_int_equal(rp.n_certs, n);
		for (size_t k = 0; k < n; k++)
			is_named(rp.certs[k], row[i].certs[k]);
	}
}

static void refused(void **state)
{
	static const struct {
		int want;
		const char *xml, *says;
	} row[] = {
		{ LW_EINVAL, "<!DOCTYPE x>" HEAD SP ACS TAIL, "document type" },
		{ LW_EINVAL, "<EntityDescriptor/>", "not metadata" },
		{ LW_EINVAL, "<md:EntityDescriptor xmlns:md='urn:x' entityID='urn:sp'/>", "not metadata" },
		{ LW_EUNSUPPORTED, "<md:EntitiesDescriptor xmlns:md='" SAML_NS_METADATA "'/>", "one relying party" },
		{ LW_EINVAL, "<md:EntityDescriptor xmlns:md='" SAML_NS_METADATA "'>" SP ACS TAIL, "entityID" },
		{ LW_EINVAL, "<md:EntityDescriptor xmlns:md='" SAML_NS_METADATA "' entityID='a b'>" SP ACS TAIL, "not a URI" },
		{ LW_EINVAL, "<md:EntityDescriptor xmlns:md='" SAML_NS_METADATA "' entityID=''>" SP ACS TAIL, "not a URI" },
		{ LW_EUNSUPPORTED, HEAD "</md:EntityDescriptor>", "no SPSSODescriptor" },
		{ LW_EUNSUPPORTED, HEAD "<md:IDPSSODescriptor/></md:EntityDescriptor>", "no SPSSODescriptor" },
		{ LW_EUNSUPPORTED, HEAD "<md:SPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:1.1:protocol'>" ACS TAIL, "no SPSSODescriptor" },
		{ LW_EUNSUPPORTED, HEAD "<md:SPSSODescriptor protocolSupportEnumeration='x" SAML_NS_PROTOCOL "'>" ACS TAIL, "no SPSSODescriptor" },
		{ LW_EINVAL, HEAD "<md:SPSSODescriptor>" ACS TAIL, "protocolSupportEnumeration" },
		{ LW_EINVAL, HEAD SP ACS "</md:SPSSODescriptor>" SP ACS TAIL, "twice" },
		{ LW_EUNSUPPORTED, HEAD SP TAIL, "HTTP-POST" },
		{ LW_EUNSUPPORTED, HEAD SP "<x>" ACS "</x>" TAIL, "HTTP-POST" },
		{ LW_EINVAL, HEAD SP "<md:AssertionConsumerService Binding='" POST "'/>" TAIL, "Location" },
		{ LW_EINVAL, HEAD SP "<md:AssertionConsumerService Binding='" POST "' Location='javascript:alert(1)'/>" TAIL, "Location" },
		{ LW_EINVAL, HEAD SP "<md:AssertionConsumerService Binding='" POST "' Location='/acs'/>" TAIL, "Location" },
		{ LW_EINVAL, HEAD SP "<md:AssertionConsumerService Binding='" POST "' Location='https://x/&quot;&gt;'/>" TAIL, "Location" },
		{ LW_EINVAL, HEAD SP ACS "<md:NameIDFormat>a<!-- -->b</md:NameIDFormat>" TAIL, "more than text" },
		{ LW_EINVAL, HEAD SP ACS "<md:NameIDFormat>a b</md:NameIDFormat>" TAIL, "not a URI" },
		{ LW_EINVAL, HEAD SP ACS "<md:KeyDescriptor/>" TAIL, "KeyInfo" },
		{ LW_EINVAL, HEAD SP ACS "<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
				 "</md:KeyDescriptor>" TAIL, "not a certificate" },
		{ LW_EINVAL, HEAD SP ACS "<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>!</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
				 "</md:KeyDescriptor>" TAIL, "base64" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct saml_rp rp = { .n_acs = 7 };
		char why[200] = "";
		int r = saml_rp_read(lw_str(row[i].xml), arena, &rp, why);

		if (r != row[i].want || !strstr(why, row[i].says))
			fail_msg("row %zu: %s (%s)", i, lw_errname(r), why);
		assert_int_equal(rp.n_acs, 7);
	}
}

static void ours(void **state)
{
	const struct lw_bytes certs[] = { { cert_rsa, sizeof(cert_rsa) }, { cert_ec256, sizeof(cert_ec256) } };
	struct saml_doc *doc;
	struct saml_walk w;
	struct lw_writer out;
	xmlNode *root, *idp, *key;
	char why[200] = "";

	lw_writer_init(&out, 1 << 16);
	assert_int_equal(saml_metadata_put(&out, LW_LIT("https://idp.acme.example/a&b"), LW_LIT("acme.example"), certs, 2), LW_OK);
	assert_int_equal(saml_doc_parse(lw_written(&out), &doc, why), LW_OK);
	saml_walk_init(&w, arena);
	root = saml_doc_root(doc);
	assert_true(saml_is(root, SAML_NS_METADATA, "EntityDescriptor"));
	assert_bytes(saml_attribute(&w, root, "entityID"), "https://idp.acme.example/a&b/websso/SAML2/Metadata/acme.example");
	assert_bytes(saml_text(&w, saml_one(&w, root, SAML_NS_METADATA, "AdditionalMetadataLocation")), "https://idp.acme.example/a&b/sts/STSService/acme.example?wsdl");
	idp = saml_one(&w, root, SAML_NS_METADATA, "IDPSSODescriptor");
	key = saml_first(idp);
	for (size_t i = 0; i < 2; i++, key = saml_next(key)) {
		struct lw_bytes der = saml_base64(&w, saml_one(&w, saml_one(&w, saml_one(&w, key, SAML_NS_DSIG, "KeyInfo"), SAML_NS_DSIG, "X509Data"),
			SAML_NS_DSIG, "X509Certificate"));

		assert_true(lw_eq(der, certs[i]));
		assert_bytes(saml_attribute(&w, key, "use"), "signing");
	}
	assert_int_equal(w.err, LW_OK);
	saml_doc_free(doc);
	lw_writer_done(&out);
	lw_writer_init(&out, 1 << 16);
	assert_int_equal(saml_metadata_put(&out, LW_LIT("https://x"), LW_LIT("acme.example"), certs, 0), LW_EINVAL);
	assert_int_equal(out.n, 0);
	lw_writer_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(shapes, setup, teardown), cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(ours, setup, teardown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
