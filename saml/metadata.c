/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata (saml-metadata-2.0-os): a relying party's, read; ours, written. */
#include "saml/saml.h"

#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/text.h"
#include "saml/int.h"
#include "saml/soap.h"

#define MAX_ACS       64
#define MAX_CERTS     16
#define MAX_ENTITY_ID 1024 /* saml-metadata-2.0-os 2.2.1 */
#define MAX_URL       2048
#define HTTP_POST     "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define HTTP_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define FORMAT_PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define FORMAT_EMAIL      "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define NS_WS_TRUST_WSDL  "http://docs.oasis-open.org/ws-sx/ws-trust/200512/wsdl"

/* ---- reading ---- */

static void *fail(struct saml_walk *w, int err, const xmlNode *n, const char *why)
{
	if (w->err == LW_OK) {
		saml_walk_fail(w, n, why);
		w->err = err;
	}
	return NULL;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Is the word in this list of words (xs:list)? */
static bool has_word(struct lw_bytes list, struct lw_bytes word)
{
	size_t from = 0, i;

	for (i = 0; list.p && i <= list.n; i++) {
		if (i < list.n && !is_space(list.p[i]))
			continue;
		if (lw_eq((struct lw_bytes){ list.p + from, i - from }, word))
			return true;
		from = i + 1;
	}
	return false;
}

static bool is_true(struct lw_bytes v)
{
	return lw_eq(v, LW_LIT("true")) || lw_eq(v, LW_LIT("1"));
}

/* What may stand in a URI (RFC 3986); nothing that markup or a header would trip over. */
static bool is_uri(struct lw_bytes v, size_t max)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= 0x20 || v.p[i] >= 0x7f || strchr("\"<>\\^`{|}", v.p[i]))
			return false;
	return v.n > 0 && v.n <= max;
}

static bool begins(struct lw_bytes v, const char *with)
{
	size_t n = strlen(with);

	return v.n > n && lw_eq_nocase((struct lw_bytes){ v.p, n }, (struct lw_bytes){ (const uint8_t *)with, n });
}

static size_t how_many(const xmlNode *parent, const char *ns, const char *name)
{
	size_t n = 0;

	for (const xmlNode *c = saml_first(parent); c; c = saml_next(c))
		n += saml_is(c, ns, name);
	return n;
}

/* The one SPSSODescriptor that speaks SAML 2.0. */
static xmlNode *sp_of(struct saml_walk *w, const xmlNode *entity)
{
	xmlNode *found = NULL;

	for (xmlNode *n = saml_first(entity); n; n = saml_next(n)) {
		if (!saml_is(n, SAML_NS_METADATA, "SPSSODescriptor") ||
			!has_word(saml_attribute(w, n, "protocolSupportEnumeration"), LW_LIT(SAML_NS_PROTOCOL)))
			continue;
		if (found)
			return fail(w, LW_EINVAL, n, "stands twice");
		found = n;
	}
	return found ? found : fail(w, LW_EUNSUPPORTED, entity, "has no SPSSODescriptor for SAML 2.0");
}

/* 2.4.4.1: the first with isDefault true, else the first that does not say isDefault false, else the first. */
static size_t better(struct lw_bytes is_default)
{
	return is_true(is_default) ? 2 : is_default.p ? 0 : 1;
}

static void read_acs(struct saml_walk *w, const xmlNode *sp, struct saml_rp *ret)
{
	size_t n = how_many(sp, SAML_NS_METADATA, "AssertionConsumerService"), best = 0, first = 0, k = 0;

	if (n > MAX_ACS)
		fail(w, LW_ELIMIT, sp, "too many AssertionConsumerServices");
	ret->acs = w->err == LW_OK && n ? lw_allocn(w->arena, n, sizeof(*ret->acs)) : NULL;
	for (xmlNode *c = saml_first(sp); ret->acs && c; c = saml_next(c)) {
		struct lw_bytes url, is_default;

		if (!saml_is(c, SAML_NS_METADATA, "AssertionConsumerService") || !lw_eq(saml_attribute(w, c, "Binding"), LW_LIT(HTTP_POST)))
			continue;
		url = saml_attribute(w, c, "Location");
		is_default = saml_attribute_maybe(w, c, "isDefault");
		if (w->err == LW_OK && (!is_uri(url, MAX_URL) || !(begins(url, "https://") || begins(url, "http://"))))
			fail(w, LW_EINVAL, c, "its Location is not a URL of http or https");
		if (k == 0 || better(is_default) > best) {
			best = better(is_default);
			first = k;
		}
		ret->acs[k++] = url;
	}
	if (w->err == LW_OK && k == 0)
		fail(w, LW_EUNSUPPORTED, sp, "has no AssertionConsumerService with HTTP-POST");
	if (w->err != LW_OK)
		return;
	ret->n_acs = k;
	for (struct lw_bytes url = ret->acs[first]; first > 0; first--) {
		ret->acs[first] = ret->acs[first - 1];
		ret->acs[first - 1] = url;
	}
}

static bool is_certificate(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	bool is = x && p == der.p + der.n && X509_get0_pubkey(x);

	X509_free(x);
	ERR_clear_error();
	return is;
}

static void add_cert(struct saml_walk *w, const xmlNode *n, struct saml_rp *ret)
{
	struct lw_bytes der = saml_base64(w, n);

	for (size_t i = 0; i < ret->n_certs; i++)
		if (lw_eq(ret->certs[i], der))
			return;
	if (w->err == LW_OK && !is_certificate(der))
		fail(w, LW_EINVAL, n, "is not a certificate");
	if (w->err == LW_OK && ret->n_certs == MAX_CERTS)
		fail(w, LW_ELIMIT, n, "too many certificates");
	if (w->err == LW_OK)
		ret->certs[ret->n_certs++] = der;
}

static void read_certs(struct saml_walk *w, const xmlNode *sp, struct saml_rp *ret)
{
	ret->certs = lw_allocn(w->arena, MAX_CERTS, sizeof(*ret->certs));
	for (xmlNode *k = saml_first(sp); k && w->err == LW_OK && ret->certs; k = saml_next(k)) {
		struct lw_bytes use;

		if (!saml_is(k, SAML_NS_METADATA, "KeyDescriptor"))
			continue;
		use = saml_attribute_maybe(w, k, "use");
		if (use.p && !lw_eq(use, LW_LIT("signing")))
			continue;
		for (xmlNode *d = saml_first(saml_one(w, k, SAML_NS_DSIG, "KeyInfo")); d; d = saml_next(d))
			for (xmlNode *c = saml_is(d, SAML_NS_DSIG, "X509Data") ? saml_first(d) : NULL; c; c = saml_next(c))
				if (saml_is(c, SAML_NS_DSIG, "X509Certificate"))
					add_cert(w, c, ret);
	}
}

/* The first that we can give, or else the first. */
static void read_format(struct saml_walk *w, const xmlNode *sp, struct saml_rp *ret)
{
	for (xmlNode *n = saml_first(sp); n && w->err == LW_OK; n = saml_next(n)) {
		struct lw_bytes v;

		if (!saml_is(n, SAML_NS_METADATA, "NameIDFormat"))
			continue;
		v = saml_token(w, n);
		if (w->err == LW_OK && !is_uri(v, MAX_ENTITY_ID))
			fail(w, LW_EINVAL, n, "is not a URI");
		if (ret->name_id_format.n == 0)
			ret->name_id_format = v;
		if (!lw_eq(v, LW_LIT(FORMAT_PERSISTENT)) && !lw_eq(v, LW_LIT(FORMAT_EMAIL)))
			continue;
		ret->name_id_format = v;
		return;
	}
}

static void read_entity(struct saml_walk *w, const xmlNode *root, struct saml_rp *ret)
{
	xmlNode *sp;

	if (saml_is(root, SAML_NS_METADATA, "EntitiesDescriptor"))
		fail(w, LW_EUNSUPPORTED, root, "give the EntityDescriptor of one relying party");
	else if (!saml_is(root, SAML_NS_METADATA, "EntityDescriptor"))
		fail(w, LW_EINVAL, root, "not metadata of SAML 2.0");
	ret->entity_id = saml_attribute(w, root, "entityID");
	if (w->err == LW_OK && !is_uri(ret->entity_id, MAX_ENTITY_ID))
		fail(w, LW_EINVAL, root, "its entityID is not a URI");
	sp = w->err == LW_OK ? sp_of(w, root) : NULL;
	if (!sp)
		return;
	ret->wants_assertions_signed = is_true(saml_attribute_maybe(w, sp, "WantAssertionsSigned"));
	read_acs(w, sp, ret);
	read_certs(w, sp, ret);
	read_format(w, sp, ret);
	if (w->err == LW_OK && lw_arena_failed(w->arena))
		fail(w, LW_ELIMIT, root, "too long");
}

int saml_rp_read(struct lw_bytes xml, struct lw_arena *arena, struct saml_rp *ret, char why[200])
{
	struct saml_rp rp = { .n_acs = 0 };
	struct saml_doc *doc = NULL;
	struct saml_walk w;
	int err = saml_doc_parse(xml, &doc, why);

	if (err != LW_OK)
		return err;
	saml_walk_init(&w, arena);
	read_entity(&w, saml_doc_root(doc), &rp);
	saml_doc_free(doc);
	if (w.err != LW_OK)
		return saml_refuse(w.err, why, w.why);
	*ret = rp;
	return LW_OK;
}

/* ---- writing ---- */

/* The URL of one of the tenant's services. */
static void put_url(struct lw_writer *w, struct lw_bytes web, const char *path, struct lw_bytes tenant)
{
	soap_put_text(w, web);
	soap_put(w, path);
	soap_put_text(w, tenant);
}

int saml_metadata_put(struct lw_writer *w, struct lw_bytes web, struct lw_bytes tenant, const struct lw_bytes *certs, size_t n)
{
	static const char *const bindings[] = { HTTP_REDIRECT, HTTP_POST }, *const formats[] = { FORMAT_PERSISTENT, FORMAT_EMAIL };

	if (!web.n || !tenant.n || !n)
		return LW_EINVAL;
	soap_put(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" xmlns:ds=\"" SAML_NS_DSIG
		    "\" cacheDuration=\"PT1H\" entityID=\"");
	put_url(w, web, "/websso/SAML2/Metadata/", tenant);
	soap_put(w, "\">\n <md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">\n");
	for (size_t i = 0; i < n; i++) {
		soap_put(w, "  <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
		lw_base64_put(w, certs[i]);
		soap_put(w, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\n");
	}
	for (size_t i = 0; i < 2; i++) {
		soap_put(w, "  <md:NameIDFormat>");
		soap_put(w, formats[i]);
		soap_put(w, "</md:NameIDFormat>\n");
	}
	for (size_t i = 0; i < 2; i++) {
		soap_put(w, "  <md:SingleSignOnService Binding=\"");
		soap_put(w, bindings[i]);
		soap_put(w, "\" Location=\"");
		put_url(w, web, "/websso/SAML2/SSO/", tenant);
		soap_put(w, "\"/>\n");
	}
	soap_put(w, " </md:IDPSSODescriptor>\n <md:AdditionalMetadataLocation namespace=\"" NS_WS_TRUST_WSDL "\">");
	put_url(w, web, "/sts/STSService/", tenant);
	soap_put(w, "?wsdl</md:AdditionalMetadataLocation>\n</md:EntityDescriptor>\n");
	return w->err;
}
