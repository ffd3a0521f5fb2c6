/* SPDX-License-Identifier: Apache-2.0 */
/* signbench SECONDS: how often a second of one core's time keyd's builders make an assertion, a certificate, a JWT, with signers at hand; and how
 * often xmlsec1 signs the same assertion. One line each: KEY, what, octets, number a second of CPU time. */
#include "tests/unit/ca_rig.h"

#include <time.h>

#include <libxml/parser.h>
#include <xmlsec/crypto.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "oidc/oidc.h"
#include "tests/unit/sig_rig.h"

static double seconds = 1;
static struct rig_signer *signer;
static struct oidc_signer *jwt;
static struct saml_assertion assertion;
static struct oidc_token token;
static struct lw_writer out;
static struct ca_rig rig;
static struct ca_signer *issuer;
static struct ca_order order;
static struct lw_bytes csr;
static struct ca_csr parsed;
static struct lw_arena *scratch;
static char *template;
static xmlSecKeyPtr xml_key;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "signbench: %s\n", what);
		exit(1);
	}
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const char *key, const char *what, size_t (*once)(void))
{
	double begin, end;
	size_t n = 0, octets = once();

	begin = end = cpu();
	while (end - begin < seconds) {
		for (int i = 0; i < 16; i++, n++)
			once();
		end = cpu();
	}
	printf("%s\t%s\t%zu\t%.0f\n", key, what, octets, (double)n / (end - begin));
	fflush(stdout);
}

/* ---- what is made ---- */
static size_t one_assertion(void)
{
	lw_writer_reset(&out);
	must(saml_assertion_build(&assertion, signer->signer, &out) == LW_OK, "assertion");
	return out.n;
}

static size_t one_jwt(void)
{
	lw_writer_reset(&out);
	must(oidc_token_build(&token, jwt, &out) == LW_OK, "JWT");
	return out.n;
}

/* The certificate alone: subject, DER, signature. */
static size_t one_build(void)
{
	struct ca_built built;
	char cn[65];

	lw_arena_reset(scratch);
	must(ca_build(issuer, &order, parsed.spki, parsed.names, parsed.n_names, ca_common_name(&order, cn), 30 * DAY, scratch, &built) == LW_OK, "certificate");
	return built.der.n;
}

/* With the check of names, the PEM of the chain, and the lint, which verifies the signature and the path. */
static size_t one_leaf(void)
{
	struct ca_issued got;

	lw_arena_reset(scratch);
	must(ca_leaf_by(issuer, &parsed, &order, &rig_owner, scratch, &got, rig.why) == LW_OK, rig.why);
	return got.der.n;
}

/* And with the request: its signature and its key are checked. */
static size_t one_order(void)
{
	struct ca_issued got;
	struct ca_csr request;

	lw_arena_reset(scratch);
	must(ca_csr_read(csr, scratch, &request, rig.why) == LW_OK, rig.why);
	must(ca_leaf_by(issuer, &request, &order, &rig_owner, scratch, &got, rig.why) == LW_OK, rig.why);
	return got.der.n;
}

static size_t one_xmlsec(void)
{
	static const xmlChar *const ids[] = { BAD_CAST "ID", NULL };
	xmlDocPtr d = xmlReadMemory(template, (int)strlen(template), NULL, NULL, XML_PARSE_NONET);
	xmlSecDSigCtxPtr c = xmlSecDSigCtxCreate(NULL);
	xmlChar *text = NULL;
	int n = 0;

	must(d && c, "xmlsec1");
	xmlSecAddIDs(d, xmlDocGetRootElement(d), (const xmlChar **)(uintptr_t)ids);
	c->signKey = xmlSecKeyDuplicate(xml_key);
	must(xmlSecDSigCtxSign(c, xmlSecFindNode(xmlDocGetRootElement(d), xmlSecNodeSignature, xmlSecDSigNs)) == 0, "xmlsec1 signs");
	xmlSecDSigCtxDestroy(c);
	xmlDocDumpMemory(d, &text, &n);
	xmlFree(text);
	xmlFreeDoc(d);
	return (size_t)n;
}

/* ---- with what ---- */
static char *without(char *s, const char *open, const char *close)
{
	char *from = strstr(s, open) + strlen(open), *to = strstr(from, close);

	memmove(from, to, strlen(to) + 1);
	return s;
}

static void make_assertion(enum saml_alg alg)
{
	static struct lw_bytes values[] = { { (const uint8_t *)"alice@acme.example", 18 }, { (const uint8_t *)"engineering", 11 } };
	static struct saml_attr attrs[12];
	struct lw_bytes der = signer->pkcs8;
	int64_t now = NOW;

	for (size_t i = 0; i < 12; i++)
		attrs[i] = (struct saml_attr){ .name = LW_LIT("urn:oid:0.9.2342.19200300.100.1.3"), .values = values, .n = 2 };
	assertion = (struct saml_assertion){
		.id = LW_LIT("_0123456789abcdef0123456789abcdef"),
		.issuer = LW_LIT("https://idp.acme.example/websso/SAML2/Metadata/acme.example"),
		.issue_instant = now,
		.not_before = now,
		.not_on_or_after = now + 3600 * LW_SECOND,
		.authn_instant = now,
		.name_id_format = LW_LIT("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
		.name_id = LW_LIT(UUID_E),
		.audience = LW_LIT("https://shop.acme.example/metadata"),
		.recipient = LW_LIT("https://shop.acme.example/acs"),
		.authn_context = LW_LIT("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
		.session_index = LW_LIT("_0123456789abcdef0123456789abcdef"),
		.attrs = attrs,
		.n_attrs = 12,
		.alg = alg,
	};
	one_assertion();
	free(template);
	lw_put_u8(&out, 0);
	template = strdup((const char *)out.p);
	must(template != NULL, "memory");
	without(template, "<ds:DigestValue>", "</ds:DigestValue>");
	without(template, "<ds:SignatureValue>", "</ds:SignatureValue>");
	if (xml_key)
		xmlSecKeyDestroy(xml_key);
	xml_key = xmlSecCryptoAppKeyLoadMemory(der.p, (xmlSecSize)der.n, xmlSecKeyDataFormatDer, NULL, NULL, NULL);
	must(xml_key != NULL, "xmlsec1's key");
}

static void make_jwt(enum oidc_alg alg)
{
	static struct lw_bytes values[] = { { (const uint8_t *)"alice@acme.example", 18 }, { (const uint8_t *)"engineering", 11 } };
	static const struct oidc_claim claims[] = { { "email", values, 1, false }, { "groups", values, 2, true } };
	static const char *const amr[] = { "pwd" };

	oidc_signer_free(jwt);
	must(oidc_signer_new(signer->pkcs8, alg, &jwt) == LW_OK, "JWT signer");
	token = (struct oidc_token){ .iss = LW_LIT("https://idp.acme.example/openidconnect/acme.example"), .sub = LW_LIT(UUID_E),
		.aud = LW_LIT("https://api.acme.example"), .jti = LW_LIT("0123456789abcdef0123456789abcdef"), .iat = NOW, .nbf = NOW, .exp = NOW + DAY,
		.auth_time = NOW, .amr = amr, .n_amr = 1, .claims = claims, .n_claims = 2 };
}

static void make_ca(const char *kind)
{
	ca_signer_free(issuer);
	if (rig.a)
		rig_done(&rig);
	rig_new(&rig, kind, NOW);
	must(ca_signer_new(&rig.issuer, &issuer, rig.why) == LW_OK, rig.why);
	csr = rig_csr(&rig, rig.key, "DNS:web1.acme.example,URI:spiffe://acme.example/host/web1");
	must(ca_csr_read(csr, rig.a, &parsed, rig.why) == LW_OK, rig.why);
	order = rig_order(&rig, "tls-server");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *ca;
		enum rig_key key;
		enum saml_alg saml;
		enum oidc_alg jwt;
	} keys[] = { { "P-256", "p256", RIG_P256, SAML_ECDSA_SHA256, OIDC_ES256 }, { "RSA-2048", "rsa2048", RIG_RSA2048, SAML_RSA_SHA256, OIDC_RS256 } };

	if (argc > 1)
		seconds = strtod(argv[1], NULL);
	xmlInitParser();
	must(xmlSecInit() >= 0 && xmlSecCryptoAppInit(NULL) >= 0 && xmlSecCryptoInit() >= 0, "xmlsec1");
	lw_writer_init(&out, SAML_MAX);
	scratch = lw_arena_new(1u << 20, true);
	must(scratch != NULL, "memory");
	for (size_t i = 0; i < 2; i++) {
		signer = sig_rig(keys[i].key);
		make_assertion(keys[i].saml);
		make_jwt(keys[i].jwt);
		make_ca(keys[i].ca);
		measure(keys[i].name, "assertion", one_assertion);
		measure(keys[i].name, "assertion, xmlsec1", one_xmlsec);
		measure(keys[i].name, "certificate", one_build);
		measure(keys[i].name, "certificate, linted", one_leaf);
		measure(keys[i].name, "certificate, whole order", one_order);
		measure(keys[i].name, "JWT", one_jwt);
	}
	return 0;
}
