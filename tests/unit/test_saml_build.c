/* SPDX-License-Identifier: Apache-2.0 */
/* The assertion that saml/ writes, against libxml2's canonicaliser and xmlsec1. */
#include "tests/unit/unit.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <openssl/evp.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "base/clock.h"
#include "base/err.h"
#include "tests/unit/sig_rig.h"

#define T0 (INT64_C(1795392000) * LW_SECOND + 7000) /* 2026-11-23T00:00:00.007Z */
#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define PASSWORD "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

static struct lw_bytes mail_values[] = { { (const uint8_t *)"alice@acme.example", 18 } };
static struct lw_bytes group_values[] = { { (const uint8_t *)"staff", 5 }, { (const uint8_t *)"R&D <all>", 9 } };

static struct saml_attr attrs[] = {
	{ .values = mail_values, .n = 1 },
	{ .values = group_values, .n = 2 },
};

static struct saml_assertion example(enum saml_alg alg)
{
	attrs[0].name = LW_LIT("mail");
	attrs[1].name = LW_LIT("groups");
	attrs[1].name_format = LW_LIT("urn:oasis:names:tc:SAML:2.0:attrname-format:uri");
	return (struct saml_assertion){
		.id = LW_LIT("_0123456789abcdef0123456789abcdef"),
		.issuer = LW_LIT("https://idp.acme.example/websso/SAML2/Metadata/acme.example"),
		.issue_instant = T0,
		.not_before = T0 - 300 * LW_SECOND,
		.not_on_or_after = T0 + 3600 * LW_SECOND,
		.authn_instant = T0 - LW_SECOND,
		.name_id_format = LW_LIT(PERSISTENT),
		.name_id = LW_LIT("0193576e-2222-7000-8000-000000000002"),
		.audience = LW_LIT("https://shop.acme.example/saml?a=1&b=\"2\""),
		.recipient = LW_LIT("https://shop.acme.example/acs?x=1&y=2"),
		.in_response_to = LW_LIT("_req1"),
		.authn_context = LW_LIT(PASSWORD),
		.session_index = LW_LIT("_s1"),
		.attrs = attrs,
		.n_attrs = 2,
		.alg = alg,
	};
}

/* ---- oracles ---- */
static xmlDocPtr parse(struct lw_bytes xml)
{
	xmlDocPtr d = xmlReadMemory((const char *)xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOERROR);

	assert_non_null(d);
	return d;
}

static void assert_canonical(xmlDocPtr d, struct lw_bytes xml)
{
	xmlChar *out = NULL;
	int n = xmlC14NDocDumpMemory(d, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 1, &out);

	assert_int_equal(n, (int)xml.n);
	assert_memory_equal(out, xml.p, xml.n);
	xmlFree(out);
}

static xmlNodePtr find(xmlDocPtr d, const char *path)
{
	xmlXPathContextPtr c = xmlXPathNewContext(d);
	xmlXPathObjectPtr o;
	xmlNodePtr n;

	xmlXPathRegisterNs(c, BAD_CAST "saml2", BAD_CAST "urn:oasis:names:tc:SAML:2.0:assertion");
	xmlXPathRegisterNs(c, BAD_CAST "ds", BAD_CAST "http://www.w3.org/2000/09/xmldsig#");
	o = xmlXPathEvalExpression(BAD_CAST path, c);
	n = o && o->nodesetval && o->nodesetval->nodeNr ? o->nodesetval->nodeTab[0] : NULL;
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(c);
	return n;
}

static void assert_content(xmlDocPtr d, const char *path, struct lw_bytes want)
{
	xmlNodePtr n = find(d, path);
	xmlChar *text;

	assert_non_null(n);
	text = xmlNodeGetContent(n);
	assert_int_equal(strlen((const char *)text), want.n);
	if (want.n)
		assert_memory_equal(text, want.p, want.n);
	xmlFree(text);
}

static bool xmlsec_accepts(xmlDocPtr d, struct lw_bytes cert)
{
	static const xmlChar *const ids[] = { BAD_CAST "ID", NULL };
	xmlSecDSigCtxPtr c = xmlSecDSigCtxCreate(NULL);
	bool ok;

	xmlSecAddIDs(d, xmlDocGetRootElement(d), (const xmlChar **)(uintptr_t)ids);
	c->signKey = xmlSecCryptoAppKeyLoadMemory(cert.p, (xmlSecSize)cert.n, xmlSecKeyDataFormatCertDer, NULL, NULL, NULL);
	assert_non_null(c->signKey);
	ok = xmlSecDSigCtxVerify(c, find(d, "/saml2:Assertion/ds:Signature")) == 0 && c->status == xmlSecDSigStatusSucceeded;
	xmlSecDSigCtxDestroy(c);
	return ok;
}

/* ret: SignatureValue. */
static struct lw_bytes signature_of(xmlDocPtr d, uint8_t buf[600])
{
	xmlChar *text = xmlNodeGetContent(find(d, "//ds:SignatureValue"));
	size_t n = strlen((const char *)text), pad = n && text[n - 1] == '=' ? text[n - 2] == '=' ? 2 : 1 : 0;
	int got = EVP_DecodeBlock(buf, text, (int)n);

	xmlFree(text);
	assert_true(got > 0);
	return (struct lw_bytes){ buf, (size_t)got - pad };
}

static void check_whole(const struct saml_assertion *a, struct rig_signer *k)
{
	struct lw_writer w;
	uint8_t buf[600];
	xmlDocPtr d;
	struct lw_bytes sig;

	lw_writer_init(&w, SAML_MAX);
	assert_int_equal(saml_assertion_build(a, k->signer, &w), LW_OK);
	d = parse(lw_written(&w));
	assert_canonical(d, lw_written(&w));
	assert_true(xmlsec_accepts(d, k->cert));
	sig = signature_of(d, buf);
	assert_int_equal(saml_assertion_check(a, sig, k->signer), LW_OK);
	buf[sig.n / 2] ^= 1;
	assert_int_equal(saml_assertion_check(a, sig, k->signer), LW_EAUTH);
	xmlFreeDoc(d);
	lw_writer_done(&w);
}

/* ---- tests ---- */

/* By hand, from saml-core 2.0 and Exclusive XML Canonicalization. */
static void octets(void **state)
{
	static const char head[] = "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_0123456789abcdef0123456789abcdef\""
	                           " IssueInstant=\"2026-11-23T00:00:00.007Z\" Version=\"2.0\">"
	                           "<saml2:Issuer>https://idp.acme.example/websso/SAML2/Metadata/acme.example</saml2:Issuer>"
	                           "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>"
	                           "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>"
	                           "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod>"
	                           "<ds:Reference URI=\"#_0123456789abcdef0123456789abcdef\"><ds:Transforms>"
	                           "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>"
	                           "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>"
	                           "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>";
	static const char tail[] =
	        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
	        "<saml2:Subject><saml2:NameID Format=\"" PERSISTENT "\">0193576e-2222-7000-8000-000000000002</saml2:NameID>"
	        "<saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml2:SubjectConfirmationData"
	        " InResponseTo=\"_req1\" NotOnOrAfter=\"2026-11-23T01:00:00.007Z\" Recipient=\"https://shop.acme.example/acs?x=1&amp;y=2\">"
	        "</saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>"
	        "<saml2:Conditions NotBefore=\"2026-11-22T23:55:00.007Z\" NotOnOrAfter=\"2026-11-23T01:00:00.007Z\"><saml2:AudienceRestriction>"
	        "<saml2:Audience>https://shop.acme.example/saml?a=1&amp;b=\"2\"</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
	        "<saml2:AuthnStatement AuthnInstant=\"2026-11-22T23:59:59.007Z\" SessionIndex=\"_s1\"><saml2:AuthnContext>"
	        "<saml2:AuthnContextClassRef>" PASSWORD "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
	        "<saml2:AttributeStatement><saml2:Attribute Name=\"mail\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">"
	        "<saml2:AttributeValue>alice@acme.example</saml2:AttributeValue></saml2:Attribute>"
	        "<saml2:Attribute Name=\"groups\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">"
	        "<saml2:AttributeValue>staff</saml2:AttributeValue><saml2:AttributeValue>R&amp;D &lt;all&gt;</saml2:AttributeValue></saml2:Attribute>"
	        "</saml2:AttributeStatement></saml2:Assertion>";
	struct saml_assertion a = example(SAML_ECDSA_SHA256);
	struct lw_writer w;

	(void)state;
	lw_writer_init(&w, SAML_MAX);
	assert_int_equal(saml_assertion_build(&a, sig_rig(RIG_P256)->signer, &w), LW_OK);
	assert_true(w.n > sizeof(head) + sizeof(tail));
	assert_memory_equal(w.p, head, sizeof(head) - 1);
	assert_memory_equal(w.p + w.n - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	lw_writer_done(&w);
}

static void keys_and_algorithms(void **state)
{
	(void)state;
	for (unsigned key = 0; key < RIG_KEYS; key++) {
		struct rig_signer *k = sig_rig((enum rig_key)key);
		bool rsa = key == RIG_RSA2048 || key == RIG_RSA3072;

		for (unsigned alg = 0; alg <= SAML_ALG_COUNT; alg++) {
			struct saml_assertion a = example((enum saml_alg)alg);
			struct lw_writer w;

			if (alg && alg < SAML_ALG_COUNT && rsa == (alg < SAML_ECDSA_SHA256)) {
				check_whole(&a, k);
				continue;
			}
			lw_writer_init(&w, SAML_MAX);
			assert_int_equal(saml_assertion_build(&a, k->signer, &w), LW_EINVAL);
			assert_int_equal(w.n, 0);
			lw_writer_done(&w);
		}
	}
	for (unsigned alg = 1; alg < SAML_ALG_COUNT; alg++)
		assert_int_equal(saml_alg_find(lw_str(saml_alg_uri((enum saml_alg)alg))), alg);
	assert_int_equal(saml_alg_find(LW_LIT("http://www.w3.org/2000/09/xmldsig#rsa-sha1")), 0);
	assert_int_equal(saml_alg_find(LW_LIT("http://www.w3.org/2000/09/xmldsig#hmac-sha1")), 0);
	assert_null(saml_alg_uri((enum saml_alg)0));
	assert_null(saml_alg_uri(SAML_ALG_COUNT));
}

static void left_out(void **state)
{
	struct saml_assertion a = { .id = LW_LIT("_1"), .issuer = LW_LIT("i"), .issue_instant = T0, .name_id = LW_LIT("n"), .alg = SAML_ECDSA_SHA256 };
	static const char tail[] = "<saml2:Subject><saml2:NameID>n</saml2:NameID><saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
	                           "<saml2:SubjectConfirmationData></saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>"
	                           "<saml2:Conditions></saml2:Conditions></saml2:Assertion>";
	struct lw_writer w;

	(void)state;
	check_whole(&a, sig_rig(RIG_P256));
	lw_writer_init(&w, SAML_MAX);
	lw_put_raw(&w, "before", 6); /* it appends */
	assert_int_equal(saml_assertion_build(&a, sig_rig(RIG_P256)->signer, &w), LW_OK);
	assert_memory_equal(w.p, "before<saml2:Assertion ", 23);
	assert_memory_equal(w.p + w.n - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	lw_writer_done(&w);
}

static void evil_texts(void **state)
{
	static const char *const texts[] = { "\"", "'", "<", ">", "]]>", "&amp;", "&", "\r", "\n", "\t", " lead and trail ", "\r\n\r", "<!-- x -->", "<![CDATA[x]]>",
		"&#xD;", "\xf0\x9f\x94\x91", "\xe2\x80\xa8 \xc2\x85", "\x7f", "e\xcc\x81", "\xef\xbf\xbd", "\xef\xbb\xbf" "bom", "\xed\x9f\xbf\xee\x80\x80",
		"\xf4\x8f\xbf\xbf", "</saml2:NameID>", "alice<!-- -->@evil", "a=\"b\" c='d'" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct saml_assertion a = example(SAML_ECDSA_SHA256);
		struct lw_bytes t = lw_str(texts[i]);
		struct saml_attr one = { .name = t, .name_format = t, .values = &t, .n = 1 };
		struct lw_writer w;
		xmlDocPtr d;

		a.issuer = a.name_id = a.name_id_format = a.audience = a.recipient = a.authn_context = a.session_index = t;
		a.attrs = &one;
		a.n_attrs = 1;
		check_whole(&a, sig_rig(RIG_P256));
		lw_writer_init(&w, SAML_MAX);
		assert_int_equal(saml_assertion_build(&a, sig_rig(RIG_P256)->signer, &w), LW_OK);
		d = parse(lw_written(&w));
		assert_content(d, "/saml2:Assertion/saml2:Issuer", t);
		assert_content(d, "//saml2:NameID", t);
		assert_content(d, "//saml2:NameID/@Format", t);
		assert_content(d, "//saml2:Audience", t);
		assert_content(d, "//@Recipient", t);
		assert_content(d, "//@SessionIndex", t);
		assert_content(d, "//saml2:Attribute/@Name", t);
		assert_content(d, "//saml2:Attribute/@NameFormat", t);
		assert_content(d, "//saml2:AttributeValue", t);
		xmlFreeDoc(d);
		lw_writer_done(&w);
	}
}

static int build(const struct saml_assertion *a)
{
	struct lw_writer w;
	int err;

	lw_writer_init(&w, 2 * SAML_MAX);
	lw_put_raw(&w, "x", 1);
	err = saml_assertion_build(a, sig_rig(RIG_P256)->signer, &w);
	if (err) {
		assert_int_equal(w.n, 1);
		assert_int_equal(w.err, LW_OK);
	}
	lw_writer_done(&w);
	return err;
}

static void refused(void **state)
{
	static const char *const texts[] = { "\x01", "a\x0b", "\x1f", "\x80", "\xc0\x80", "\xed\xa0\x80", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xf4\x90\x80\x80", "\xc3" };
	static const char *const ids[] = { "", "1", "-a", ".a", "a b", "a:b", "a\"b", "a&b", "\xc3\xa9" };
	struct saml_assertion a;
	struct lw_bytes nul = { (const uint8_t *)"a\0b", 3 };

	(void)state;
	for (size_t i = 0; i <= sizeof(texts) / sizeof(texts[0]); i++) {
		struct lw_bytes t = i < sizeof(texts) / sizeof(texts[0]) ? lw_str(texts[i]) : nul;
		struct saml_attr one = { .name = t };

#define BAD(field)                                      \
	a = example(SAML_ECDSA_SHA256);                 \
	a.field = t;                                    \
	assert_int_equal(build(&a), LW_EINVAL)
		BAD(id);
		BAD(issuer);
		BAD(name_id_format);
		BAD(name_id);
		BAD(audience);
		BAD(recipient);
		BAD(in_response_to);
		BAD(authn_context);
		BAD(session_index);
		a = example(SAML_ECDSA_SHA256);
		a.attrs = &one;
		a.n_attrs = 1;
		assert_int_equal(build(&a), LW_EINVAL);
		one = (struct saml_attr){ .name = LW_LIT("a"), .name_format = t };
		assert_int_equal(build(&a), LW_EINVAL);
		one = (struct saml_attr){ .name = LW_LIT("a"), .values = &t, .n = 1 };
		assert_int_equal(build(&a), LW_EINVAL);
	}
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct lw_bytes t = lw_str(ids[i]);

		BAD(id);
		if (t.n) {
			BAD(in_response_to);
		}
	}
#define WRONG(field, value)                \
	a = example(SAML_ECDSA_SHA256);    \
	a.field = value;                   \
	assert_int_equal(build(&a), LW_EINVAL)
	WRONG(issue_instant, 0);
	WRONG(issue_instant, -1);
	WRONG(not_before, -1);
	WRONG(not_on_or_after, INT64_MAX);
	WRONG(authn_context, LW_LIT(""));
	WRONG(name_id, LW_LIT(""));
	WRONG(issuer, LW_LIT(""));
}

static void limits(void **state)
{
	static uint8_t text[SAML_MAX_TEXT + 1];
	static struct lw_bytes values[SAML_MAX_VALUES + 1];
	static struct saml_attr many[SAML_MAX_ATTRS + 1];
	struct saml_assertion a = example(SAML_ECDSA_SHA256);
	struct saml_attr one = { .name = LW_LIT("a"), .values = values };

	(void)state;
	memset(text, 'x', sizeof(text));
	a.name_id = (struct lw_bytes){ text, SAML_MAX_TEXT };
	assert_int_equal(build(&a), LW_OK);
	a.name_id.n++;
	assert_int_equal(build(&a), LW_ELIMIT);
	a = example(SAML_ECDSA_SHA256);
	for (size_t i = 0; i <= SAML_MAX_VALUES; i++)
		values[i] = LW_LIT("v");
	a.attrs = &one;
	a.n_attrs = 1;
	one.n = SAML_MAX_VALUES;
	assert_int_equal(build(&a), LW_OK);
	one.n++;
	assert_int_equal(build(&a), LW_ELIMIT);
	for (size_t i = 0; i <= SAML_MAX_ATTRS; i++)
		many[i] = (struct saml_attr){ .name = LW_LIT("a") };
	a.attrs = many;
	a.n_attrs = SAML_MAX_ATTRS;
	assert_int_equal(build(&a), LW_OK);
	a.n_attrs++;
	assert_int_equal(build(&a), LW_ELIMIT);
	for (size_t i = 0; i < 5; i++)
		values[i] = (struct lw_bytes){ text, SAML_MAX_TEXT };
	one.n = 5;
	a.attrs = &one;
	a.n_attrs = 1;
	assert_int_equal(build(&a), LW_ELIMIT); /* SAML_MAX */
}

/* Each field is under the signature. */
static void check_binds(void **state)
{
	struct rig_signer *k = sig_rig(RIG_P256);
	struct saml_assertion a = example(SAML_ECDSA_SHA256), b;
	struct lw_writer w;
	uint8_t buf[600];
	struct lw_bytes sig;
	xmlDocPtr d;

	(void)state;
	lw_writer_init(&w, SAML_MAX);
	assert_int_equal(saml_assertion_build(&a, k->signer, &w), LW_OK);
	d = parse(lw_written(&w));
	sig = signature_of(d, buf);
	assert_int_equal(saml_assertion_check(&a, sig, k->signer), LW_OK);
	assert_int_equal(saml_assertion_check(&a, sig, sig_rig(RIG_P256_OTHER)->signer), LW_EAUTH);
	assert_int_equal(saml_assertion_check(&a, sig, sig_rig(RIG_RSA2048)->signer), LW_EAUTH);
	assert_int_equal(saml_assertion_check(&a, (struct lw_bytes){ sig.p, sig.n - 1 }, k->signer), LW_EAUTH);
	assert_int_equal(saml_assertion_check(&a, (struct lw_bytes){ sig.p, 0 }, k->signer), LW_EAUTH);
#define OTHER(field, value)                                                \
	b = a;                                                             \
	b.field = value;                                                   \
	assert_int_equal(saml_assertion_check(&b, sig, k->signer), LW_EAUTH)
	OTHER(id, LW_LIT("_1"));
	OTHER(issuer, LW_LIT("x"));
	OTHER(issue_instant, T0 + 1000);
	OTHER(not_before, 0);
	OTHER(not_on_or_after, T0 + 7200 * LW_SECOND);
	OTHER(authn_instant, T0);
	OTHER(name_id_format, LW_LIT(""));
	OTHER(name_id, LW_LIT("bob"));
	OTHER(audience, LW_LIT(""));
	OTHER(recipient, LW_LIT(""));
	OTHER(in_response_to, LW_LIT(""));
	OTHER(authn_context, LW_LIT("x"));
	OTHER(session_index, LW_LIT(""));
	OTHER(n_attrs, 1);
	OTHER(alg, SAML_ECDSA_SHA384);
	OTHER(alg, SAML_RSA_SHA256);
	b = a;
	b.issue_instant += 999; /* below the millisecond: the same text */
	assert_int_equal(saml_assertion_check(&b, sig, k->signer), LW_OK);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(saml_assertion_check(&a, sig, k->signer), LW_EAUTH);
	xmlFreeDoc(d);
	lw_writer_done(&w);
}

/* ---- random ones ---- */
static uint64_t seed;
static unsigned rnd(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % below;
}

static struct lw_bytes random_text(struct lw_arena *arena, unsigned max)
{
	static const char *const pieces[] = { "a", "Z", "0", " ", "&", "<", ">", "\"", "'", "\r", "\n", "\t", "&amp;", "]]>", "<!--", "\xc3\xa4", "\xe2\x82\xac",
		"\xf0\x9f\x94\x91", "\xef\xbb\xbf", "\xc2\x85", "\xe2\x80\xa8", "xmlns=", "\xef\xbf\xbd", "\xef\xbe\xbf", "/>", "%00" };
	unsigned n = 1 + rnd(max);
	uint8_t *p = lw_alloc(arena, n * 6);
	size_t at = 0;

	assert_non_null(p);
	for (unsigned i = 0; i < n; i++) {
		const char *s = pieces[rnd(sizeof(pieces) / sizeof(pieces[0]))];

		memcpy(p + at, s, strlen(s));
		at += strlen(s);
	}
	return (struct lw_bytes){ p, at };
}

static struct saml_assertion random_assertion(struct lw_arena *arena)
{
	struct saml_assertion a = example(rnd(2) ? SAML_ECDSA_SHA256 : SAML_ECDSA_SHA384);
	struct lw_bytes *texts[] = { &a.issuer, &a.name_id, &a.name_id_format, &a.audience, &a.recipient, &a.authn_context, &a.session_index };
	int64_t *times[] = { &a.issue_instant, &a.not_before, &a.not_on_or_after, &a.authn_instant };

	for (size_t i = 0; i < 7; i++)
		*texts[i] = i > 1 && i != 5 && !rnd(4) ? (struct lw_bytes){ NULL, 0 } : random_text(arena, 40);
	for (size_t i = 0; i < 4; i++)
		*times[i] = i && !rnd(4) ? 0 : (int64_t)rnd(1u << 30) * 7 * LW_SECOND + 1 + rnd(1000000);
	if (!rnd(3))
		a.in_response_to.n = 0;
	a.n_attrs = rnd(6);
	a.attrs = lw_allocn(arena, 6, sizeof(*a.attrs));
	for (size_t i = 0; i < a.n_attrs; i++) {
		a.attrs[i] = (struct saml_attr){ .name = random_text(arena, 12), .n = rnd(5) };
		if (rnd(2))
			a.attrs[i].name_format = random_text(arena, 12);
		a.attrs[i].values = lw_allocn(arena, 5, sizeof(struct lw_bytes));
		for (size_t v = 0; v < a.attrs[i].n; v++)
			a.attrs[i].values[v] = rnd(8) ? random_text(arena, 60) : (struct lw_bytes){ NULL, 0 };
	}
	return a;
}

static void random_ones(void **state)
{
	struct lw_arena *arena = lw_arena_new(1u << 20, false);

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		struct saml_assertion a, b;
		struct lw_writer w, v;

		seed = i;
		lw_arena_reset(arena);
		a = random_assertion(arena);
		check_whole(&a, sig_rig(i % 2 ? RIG_P256 : RIG_P384));
		/* and over the channel */
		lw_writer_init(&w, SAML_MAX);
		lw_writer_init(&v, SAML_MAX);
		saml_assertion_put(&w, &a);
		assert_int_equal(saml_assertion_get(lw_written(&w), arena, &b), LW_OK);
		saml_assertion_put(&v, &b);
		assert_true(lw_eq(lw_written(&w), lw_written(&v)));
		check_whole(&b, sig_rig(RIG_P256));
		lw_writer_done(&w);
		lw_writer_done(&v);
	}
	lw_arena_free(arena);
}

static void message(void **state)
{
	struct lw_arena *arena = lw_arena_new(1u << 20, false);
	struct saml_assertion a = example(SAML_RSA_SHA512), b = { .n_attrs = 7 };
	struct lw_writer w;

	(void)state;
	lw_writer_init(&w, SAML_MAX);
	saml_assertion_put(&w, &a);
	assert_int_equal(saml_assertion_get(lw_written(&w), arena, &b), LW_OK);
	assert_int_equal(b.alg, SAML_RSA_SHA512);
	assert_int_equal(b.authn_instant, a.authn_instant);
	assert_true(lw_eq(b.session_index, a.session_index));
	assert_int_equal(b.n_attrs, 2);
	assert_true(lw_eq(b.attrs[1].values[1], a.attrs[1].values[1]));
	for (size_t n = 0; n < w.n; n++)
		assert_int_equal(saml_assertion_get((struct lw_bytes){ w.p, n }, arena, &b), LW_EINVAL);
	lw_put_u8(&w, 0);
	assert_int_equal(saml_assertion_get(lw_written(&w), arena, &b), LW_EINVAL);
	w.n--;
	w.p[1] = SAML_ALG_COUNT;
	assert_int_equal(saml_assertion_get(lw_written(&w), arena, &b), LW_EINVAL);
	w.p[1] = 0;
	assert_int_equal(saml_assertion_get(lw_written(&w), arena, &b), LW_EINVAL);
	w.p[0]++;
	assert_int_equal(saml_assertion_get(lw_written(&w), arena, &b), LW_EVERSION);
	lw_writer_done(&w);
	lw_arena_free(arena);
}

static void signer(void **state)
{
	struct rig_signer *k = sig_rig(RIG_P256);
	struct saml_signer *s = NULL;

	(void)state;
	assert_int_equal(saml_signer_new(k->pkcs8, sig_rig(RIG_P256_OTHER)->cert, &s), LW_EINVAL);
	assert_int_equal(saml_signer_new(k->pkcs8, sig_rig(RIG_RSA2048)->cert, &s), LW_EINVAL);
	assert_int_equal(saml_signer_new(k->pkcs8, LW_LIT("x"), &s), LW_EINVAL);
	assert_int_equal(saml_signer_new(LW_LIT("x"), k->cert, &s), LW_EINVAL);
	assert_int_equal(saml_signer_new((struct lw_bytes){ k->pkcs8.p, k->pkcs8.n - 1 }, k->cert, &s), LW_EINVAL);
	assert_null(s);
}

static int teardown(void **state)
{
	(void)state;
	sig_rig_done();
	xmlSecCryptoShutdown();
	xmlSecCryptoAppShutdown();
	xmlSecShutdown();
	xmlCleanupParser();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets),
		cmocka_unit_test(keys_and_algorithms),
		cmocka_unit_test(left_out),
		cmocka_unit_test(evil_texts),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(check_binds),
		cmocka_unit_test(random_ones),
		cmocka_unit_test(message),
		cmocka_unit_test(signer),
	};

	xmlInitParser();
	if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0)
		return 1;
	return cmocka_run_group_tests_name("saml_build", tests, NULL, teardown);
}
