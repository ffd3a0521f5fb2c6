/* SPDX-License-Identifier: Apache-2.0 */
/* SAML 2.0 assertions (saml-core-2.0-os): built canonical from templates (exc-C14N by construction, so that nothing has to be canonicalised
 * to sign), and read back. No store, no clock, no keys kept. Times are microseconds, written with exactly three decimals. */
#ifndef SAML_SAML_H
#define SAML_SAML_H

#include "base/arena.h"

#define SAML_MAX_ATTRS   128
#define SAML_MAX_VALUES  4096
#define SAML_MAX_TEXT    65536  /* octets of one value */
#define SAML_MAX         262144 /* octets of an assertion */

enum saml_alg { SAML_RSA_SHA256 = 1, SAML_RSA_SHA384, SAML_RSA_SHA512, SAML_ECDSA_SHA256, SAML_ECDSA_SHA384, SAML_ALG_COUNT };
const char *saml_alg_uri(enum saml_alg);
enum saml_alg saml_alg_find(struct lw_bytes uri); /* 0: not one of ours */

struct saml_attr { struct lw_bytes name, name_format; struct lw_bytes *values; size_t n; }; /* name_format n 0: basic */
/* Every text is UTF-8 without characters that XML 1.0 forbids; the builder escapes. n 0 (texts) or 0 (times): left out. */
struct saml_assertion {
	struct lw_bytes id, issuer;           /* "_" and hex; the entityID */
	int64_t issue_instant, not_before, not_on_or_after, authn_instant;
	struct lw_bytes name_id_format, name_id;
	struct lw_bytes audience;
	struct lw_bytes recipient, in_response_to; /* of the bearer SubjectConfirmationData */
	struct lw_bytes authn_context, session_index;
	struct saml_attr *attrs;
	size_t n_attrs;
	enum saml_alg alg;
};
bool saml_text_ok(struct lw_bytes); /* can it stand in an assertion? */
/* A private key and its certificate, loaded once and used by many threads. */
struct saml_signer;
int saml_signer_new(struct lw_bytes pkcs8, struct lw_bytes cert_der, struct saml_signer **ret);
void saml_signer_free(struct saml_signer *);
/* The self-signed certificate that carries a signing key to relying parties: CN=name (64 octets at most), SHA-256 (P-384: SHA-384). */
int saml_certificate(struct lw_bytes pkcs8, const char *name, int64_t now, int64_t life, struct lw_arena *, struct lw_bytes *ret_der);
/* The signed Assertion element: prefixes saml2 and ds, self-contained, ds:Signature after Issuer, enveloped + exc-c14n, one Reference to its ID, KeyInfo
 * with the certificate. After an error ret is as it was. LW_EINVAL: a text that XML can't have, no id, issuer, name_id or issue_instant, an authn_instant without authn_context, a time outside
 * the years 1970 to 9999, an algorithm that the key is not for. LW_ELIMIT. */
int saml_assertion_build(const struct saml_assertion *, const struct saml_signer *, struct lw_writer *ret);
/* The same octets rebuilt, digested, and this signature value checked over the rebuilt SignedInfo. LW_OK, LW_EAUTH. */
int saml_assertion_check(const struct saml_assertion *, struct lw_bytes signature, const struct saml_signer *);
/* Between web and keyd: a bounded encoding of the struct, no XML. LW_EINVAL, LW_ELIMIT; octets are borrowed, lists lie in the arena. */
void saml_assertion_put(struct lw_writer *, const struct saml_assertion *);
int saml_assertion_get(struct lw_bytes, struct lw_arena *, struct saml_assertion *ret);

/* ---- inbound XML, only by the recipe (saml/verify.c; for the roles web and for lwctl, never in keyd or directory) ---- */
#define SAML_MAX_DEPTH 64
#define SAML_MAX_DOC   524288 /* octets of a document */
/* Once, before the sandbox is entered: libxml2 and xmlsec1 get ready, and can open nothing from then on. Every function below does it when it was forgotten. */
void saml_prepare(void);
struct saml_doc; /* a parsed document: no DTD, no entities, no network, no xml:id, no repeated IDs, bounded depth and size, UTF-8 */
int saml_doc_parse(struct lw_bytes xml, struct saml_doc **ret, char why[200]); /* LW_EINVAL, LW_ELIMIT */
void saml_doc_free(struct saml_doc *);
void *saml_doc_root(struct saml_doc *); /* xmlNode; the document stays saml's */
/* Verifies the one Signature that is a direct child of this Assertion element (a node of the document) with one of these certificates (DER; KeyInfo is ignored), by
 * xmlsec1, and gives the fields of exactly the node that was verified. ret and its texts live in the arena; signature: the raw SignatureValue.
 * LW_EINVAL: not of the profile (any of the recipe's refusals), LW_EAUTH: the signature is wrong. why for the log. */
int saml_assertion_verify(struct saml_doc *, void *assertion, const struct lw_bytes *certs, size_t n_certs, struct lw_arena *,
	struct saml_assertion *ret, struct lw_bytes *ret_signature, char why[200]);

/* ---- relying party metadata (saml-metadata-2.0-os) ---- */
struct saml_rp {
	struct lw_bytes entity_id, name_id_format;
	struct lw_bytes *acs; size_t n_acs;     /* HTTP-POST AssertionConsumerService locations, the default first */
	struct lw_bytes *certs; size_t n_certs; /* signing certificates, DER */
	bool wants_assertions_signed;
};
int saml_rp_read(struct lw_bytes xml, struct lw_arena *, struct saml_rp *ret, char why[200]); /* LW_EINVAL, LW_ELIMIT, LW_EUNSUPPORTED (no SPSSODescriptor for SAML 2.0) */
/* Our own metadata: IDPSSODescriptor and the STS, for /websso/SAML2/Metadata/{tenant}. certs: DER, every one that signs or will. */
int saml_metadata_put(struct lw_writer *, struct lw_bytes web_url, struct lw_bytes tenant, const struct lw_bytes *certs, size_t n_certs);

#endif
