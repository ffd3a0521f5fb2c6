/* SPDX-License-Identifier: Apache-2.0 */
/* An assertion's signature, by xmlsec1 and the recipe of docs/saml.md: first the form, exactly; then the node that the reference means; then xmlsec1, which
 * may do no more than the form needs; then the fields of that node. */
#include "saml/int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <libxml/xmlerror.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/keys.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>

#include "base/err.h"

#define MIN_RSA   2048
#define MAX_RSA   8192 /* a verification must stay cheap */
#define MAX_CERTS 16

static const struct method {
	enum saml_alg alg;
	int key; /* EVP_PKEY_… */
	const char *digest;
} methods[] = {
	{ SAML_RSA_SHA256, EVP_PKEY_RSA, "http://www.w3.org/2001/04/xmlenc#sha256" },
	{ SAML_RSA_SHA384, EVP_PKEY_RSA, "http://www.w3.org/2001/04/xmldsig-more#sha384" },
	{ SAML_RSA_SHA512, EVP_PKEY_RSA, "http://www.w3.org/2001/04/xmlenc#sha512" },
	{ SAML_ECDSA_SHA256, EVP_PKEY_EC, "http://www.w3.org/2001/04/xmlenc#sha256" },
	{ SAML_ECDSA_SHA384, EVP_PKEY_EC, "http://www.w3.org/2001/04/xmldsig-more#sha384" },
};

/* ---- xmlsec1 ---- */

static _Thread_local char said[120]; /* its first complaint */

static void complaint(const char *file, int line, const char *func, const char *object, const char *subject, int reason, const char *msg)
{
	if (!*said)
		snprintf(said, sizeof(said), "%.40s: %.40s", func ? func : "", subject ? subject : "");
}

#if LIBXML_VERSION >= 21200
static void quiet(void *ctx, const xmlError *error)
#else
static void quiet(void *ctx, xmlError *error)
#endif
{
}

void saml_xmlsec_init(void)
{
	/* OpenSSL reads its configuration now; xmlsec1 would have it read at the first signature */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 || xmlSecInit() < 0 || xmlSecOpenSSLInit() < 0)
		abort();
	xmlSecErrorsSetCallback(complaint);
	xmlSecIOCleanupCallbacks(); /* files, HTTP, FTP */
	xmlSecIORegisterCallbacks(saml_no_match, NULL, NULL, NULL);
}

/* xmlsec1 may follow no URI but "#…", do no transform but ours, and take no key from the document. */
static int limit(xmlSecDSigCtx *c)
{
	const xmlSecTransformId both[] = { xmlSecTransformExclC14NId };
	const xmlSecTransformId reference[] = { xmlSecTransformEnvelopedId, xmlSecOpenSSLTransformSha256Id, xmlSecOpenSSLTransformSha384Id,
		xmlSecOpenSSLTransformSha512Id };
	const xmlSecTransformId signature[] = { xmlSecOpenSSLTransformRsaSha256Id, xmlSecOpenSSLTransformRsaSha384Id, xmlSecOpenSSLTransformRsaSha512Id,
		xmlSecOpenSSLTransformEcdsaSha256Id, xmlSecOpenSSLTransformEcdsaSha384Id };
	int bad = 0;

	c->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
	c->keyInfoReadCtx.retrievalMethodCtx.enabledUris = xmlSecTransformUriTypeNone;
	/* an empty list would be all there are */
	bad |= xmlSecPtrListAdd(&c->keyInfoReadCtx.enabledKeyData, (void *)xmlSecOpenSSLKeyDataRsaId) < 0;
	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++)
		bad |= xmlSecDSigCtxEnableReferenceTransform(c, both[i]) < 0 || xmlSecDSigCtxEnableSignatureTransform(c, both[i]) < 0;
	for (size_t i = 0; i < sizeof(reference) / sizeof(*reference); i++)
		bad |= xmlSecDSigCtxEnableReferenceTransform(c, reference[i]) < 0;
	for (size_t i = 0; i < sizeof(signature) / sizeof(*signature); i++)
		bad |= xmlSecDSigCtxEnableSignatureTransform(c, signature[i]) < 0;
	return bad ? LW_ENOMEM : LW_OK;
}

/* LW_OK; LW_EAUTH: the signature is not of this key; LW_EINVAL: xmlsec1 can't come so far as to say. Eats the key. */
static int verify_with(xmlNode *sig, EVP_PKEY *key, char why[200])
{
	xmlSecDSigCtx *c = xmlSecDSigCtxCreate(NULL);
	xmlSecKeyData *data = xmlSecOpenSSLEvpKeyAdopt(key);
	xmlSecKey *k = xmlSecKeyCreate();
	int err = LW_ENOMEM;

	if (!data)
		EVP_PKEY_free(key);
	if (!c || !data || !k || xmlSecKeySetValue(k, data) < 0)
		goto out;
	data = NULL;
	c->signKey = k; /* so KeyInfo is never looked at */
	k = NULL;
	c->flags |= XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS | XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK; /* the latter: by xmlGetID, without XPointer */
	if (SAML_BAD(LIMITS, limit(c) != LW_OK))
		goto out;
	*said = '\0';
	if (xmlSecDSigCtxVerify(c, sig) < 0) {
		snprintf(why, 200, "xmlsec1 can't verify the signature: %s", said);
		err = LW_EINVAL;
	} else if (c->status != xmlSecDSigStatusSucceeded) {
		err = saml_refuse(LW_EAUTH, why, "the signature is wrong");
	} else if (SAML_BAD(REFERENCE, xmlSecPtrListGetSize(&c->signedInfoReferences) != 1)) {
		err = saml_refuse(LW_EINVAL, why, "not one reference");
	} else {
		err = LW_OK;
	}
out:
	if (err == LW_ENOMEM)
		saml_refuse(err, why, "out of memory");
	if (data)
		xmlSecKeyDataDestroy(data);
	if (k)
		xmlSecKeyDestroy(k);
	if (c)
		xmlSecDSigCtxDestroy(c);
	ERR_clear_error();
	return err;
}

/* What was read of a signature whose form is right. */
struct form {
	xmlNode *sig;
	const struct method *method;
	struct lw_bytes value;
};

/* ---- keys ---- */

static bool strong(EVP_PKEY *key, const struct method *m)
{
	char curve[32] = "";

	if (m->key == EVP_PKEY_RSA)
		return EVP_PKEY_get_bits(key) >= MIN_RSA && EVP_PKEY_get_bits(key) <= MAX_RSA;
	return EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 && (!strcmp(curve, "prime256v1") || !strcmp(curve, "secp384r1"));
}

/* Has its signature this length? ECDSA's is r and s. */
static bool fits(EVP_PKEY *key, const struct method *m, size_t n)
{
	size_t bits = (size_t)EVP_PKEY_get_bits(key);

	return EVP_PKEY_get_base_id(key) == m->key && n == (bits + 7) / 8 * (m->key == EVP_PKEY_EC ? 2 : 1);
}

/* The public key of a certificate, if it is one for this method and a signature of that length. NULL: another. */
static EVP_PKEY *key_of(struct lw_bytes cert, const struct method *m, size_t n)
{
	const unsigned char *p = cert.p;
	X509 *x = d2i_X509(NULL, &p, (long)cert.n);
	EVP_PKEY *key = x && p == cert.p + cert.n ? X509_get_pubkey(x) : NULL;

	X509_free(x);
	ERR_clear_error();
	if (key && (!fits(key, m, n) || SAML_BAD(KEY, !strong(key, m)))) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static int verify_with_any(const struct form *f, const struct lw_bytes *certs, size_t n, char why[200])
{
	int err = saml_refuse(LW_EAUTH, why, "no certificate with a key for this signature");

	for (size_t i = 0; i < n && i < MAX_CERTS && err == LW_EAUTH; i++) {
		EVP_PKEY *key = key_of(certs[i], f->method, f->value.n);

		if (key)
			err = verify_with(f->sig, key, why);
	}
	return err;
}

/* ---- the form ---- */

/* Of all the nodes of the assertion: how many signatures and how many comments? */
static void count(const xmlNode *top, size_t *signatures, size_t *comments)
{
	const xmlNode *n = top, *up;

	while (n) {
		*comments += n->type == XML_COMMENT_NODE;
		*signatures += n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, BAD_CAST "Signature");
		if (n->type == XML_ELEMENT_NODE && n->children) {
			n = n->children;
			continue;
		}
		for (up = n; up != top && !up->next; up = up->parent)
			;
		n = up == top ? NULL : up->next;
	}
}

/* An element with nothing but this Algorithm. */
static bool algorithm_is(struct saml_walk *w, const xmlNode *n, const char *uri)
{
	static const char *const names[] = { "Algorithm", NULL };

	return saml_only_attributes(w, n, names) && !n->children && lw_eq(saml_attribute(w, n, "Algorithm"), lw_str(uri));
}

static const struct method *method_of(struct saml_walk *w, const xmlNode *n)
{
	for (size_t i = 0; n && i < sizeof(methods) / sizeof(*methods); i++)
		if (algorithm_is(w, n, saml_alg_uri(methods[i].alg)))
			return &methods[i];
	return NULL;
}

static bool transforms_are_ours(struct saml_walk *w, const xmlNode *transforms)
{
	static const char *const ours[] = { SAML_NS_DSIG "enveloped-signature", SAML_NS_EXC_C14N };
	xmlNode *at = saml_first(transforms);

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		xmlNode *t = saml_take(&at, SAML_NS_DSIG, "Transform");

		if (!t || !algorithm_is(w, t, ours[i]))
			return false;
	}
	return !at && !transforms->properties;
}

static void read_reference(struct saml_walk *w, const xmlNode *ref, const struct method *m, struct lw_bytes id)
{
	static const char *const names[] = { "URI", NULL };
	xmlNode *at = saml_first(ref), *transforms = saml_take(&at, SAML_NS_DSIG, "Transforms");
	xmlNode *digest = saml_take(&at, SAML_NS_DSIG, "DigestMethod"), *value = saml_take(&at, SAML_NS_DSIG, "DigestValue");
	struct lw_bytes uri = saml_attribute(w, ref, "URI");

	saml_only_attributes(w, ref, names);
	saml_only_elements(w, ref);
	if (SAML_BAD(URI, uri.n != id.n + 1 || uri.p[0] != '#' || !lw_eq((struct lw_bytes){ uri.p + 1, uri.n - 1 }, id)))
		saml_walk_fail(w, ref, "refers to something else than the assertion");
	if (SAML_BAD(TRANSFORMS, !transforms || !transforms_are_ours(w, transforms)))
		saml_walk_fail(w, ref, "other transforms than enveloped-signature and exc-c14n");
	if (SAML_BAD(DIGEST, !digest || !algorithm_is(w, digest, m->digest)))
		saml_walk_fail(w, ref, "another digest than the signature method's");
	if (!value || at || saml_base64(w, value).n == 0)
		saml_walk_fail(w, ref, "is not of a digest");
}

static void read_info(struct saml_walk *w, const xmlNode *info, struct lw_bytes id, struct form *f)
{
	xmlNode *at = saml_first(info), *c14n = saml_take(&at, SAML_NS_DSIG, "CanonicalizationMethod");
	xmlNode *method = saml_take(&at, SAML_NS_DSIG, "SignatureMethod"), *ref = saml_take(&at, SAML_NS_DSIG, "Reference");

	saml_only_elements(w, info);
	if (SAML_BAD(C14N, !c14n || !algorithm_is(w, c14n, SAML_NS_EXC_C14N)))
		saml_walk_fail(w, info, "another canonicalisation than exc-c14n");
	f->method = method_of(w, method);
	if (SAML_BAD(METHOD, !f->method))
		saml_walk_fail(w, info, "another signature method than RSA or ECDSA with SHA-2");
	if (!f->method)
		f->method = methods;
	if (SAML_BAD(REFERENCE, !ref || at))
		saml_walk_fail(w, info, "not one reference");
	if (ref)
		read_reference(w, ref, f->method, id);
}

static bool is_name(struct lw_bytes v) /* of NCName what assertions are called */
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		bool digit = (c >= '0' && c <= '9') || c == '-' || c == '.';

		if (!(c == '_' || ((c | 32) >= 'a' && (c | 32) <= 'z') || (i && digit)))
			return false;
	}
	return v.n > 0 && v.n <= 256;
}

static void read_form(struct saml_walk *w, const xmlNode *assertion, struct lw_bytes id, struct form *f)
{
	xmlNode *sig = saml_one(w, assertion, SAML_NS_ASSERTION, "Issuer"), *at, *info, *value;
	size_t signatures = 0, comments = 0;

	count(assertion, &signatures, &comments);
	if (SAML_BAD(COMMENT, comments > 0))
		saml_walk_fail(w, assertion, "a comment");
	if (SAML_BAD(ONE, signatures > 1))
		saml_walk_fail(w, assertion, "more than one Signature");
	sig = saml_next(sig);
	if (SAML_BAD(PLACE, !saml_is(sig, SAML_NS_DSIG, "Signature")))
		saml_walk_fail(w, assertion, "no Signature behind its Issuer");
	if (!saml_is(sig, SAML_NS_DSIG, "Signature"))
		sig = saml_one(w, assertion, SAML_NS_DSIG, "Signature");
	at = saml_first(sig);
	info = saml_take(&at, SAML_NS_DSIG, "SignedInfo");
	value = saml_take(&at, SAML_NS_DSIG, "SignatureValue");
	saml_take(&at, SAML_NS_DSIG, "KeyInfo");
	if (SAML_BAD(SIGNATURE, !info || !value || at || sig->properties || info->properties || value->properties))
		saml_walk_fail(w, sig, "is not of SignedInfo, SignatureValue and KeyInfo");
	f->sig = sig;
	f->value = saml_base64(w, value);
	if (f->value.n == 0)
		saml_walk_fail(w, value, "is empty");
	read_info(w, info, id, f);
	if (!is_name(id))
		saml_walk_fail(w, assertion, "its ID is not a name");
}

/* ---- together ---- */

int saml_assertion_verify(struct saml_doc *doc, void *assertion, const struct lw_bytes *certs, size_t n_certs, struct lw_arena *arena,
	struct saml_assertion *ret, struct lw_bytes *ret_signature, char why[200])
{
	xmlNode *node = assertion;
	xmlDoc *xml = saml_doc_xml(doc);
	struct saml_assertion a = { .alg = 0 };
	struct form f = { .sig = NULL };
	struct lw_bytes id;
	struct saml_walk w;
	xmlAttr *attr, *found;
	int err;

	saml_walk_init(&w, arena);
	if (!saml_is(node, SAML_NS_ASSERTION, "Assertion") || node->doc != xml)
		return saml_refuse(LW_EINVAL, why, "not an Assertion of SAML 2.0");
	xmlSetStructuredErrorFunc(NULL, quiet); /* of this thread */
	attr = xmlHasNsProp(node, BAD_CAST "ID", NULL);
	id = saml_attribute(&w, node, "ID");
	read_form(&w, node, id, &f);
	if (w.err != LW_OK)
		return saml_refuse(w.err, why, w.why);
	if (SAML_BAD(NODE, !xmlAddID(NULL, xml, BAD_CAST id.p, attr)))
		return saml_refuse(LW_EINVAL, why, "its ID is taken");
	found = xmlGetID(xml, BAD_CAST id.p);
	if (SAML_BAD(NODE, !found || found->parent != node))
		err = saml_refuse(LW_EINVAL, why, "its ID leads to another element");
	else
		err = verify_with_any(&f, certs, n_certs, why);
	xmlRemoveID(xml, attr);
	if (err != LW_OK)
		return err;
	saml_fields(&w, node, f.sig, &a);
	if (w.err != LW_OK)
		return saml_refuse(w.err, why, w.why);
	a.alg = f.method->alg;
	*ret = a;
	*ret_signature = f.value;
	return LW_OK;
}
