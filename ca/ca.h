/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, revocation lists and OCSP answers (RFC 5280, 6960), as pure builders and parsers: no store, no files, no clock.
 *
 *   root (20 years) -> installation CA (5 years) -> listeners (30 days)
 *                                                -> a tenant's intermediate (5 years) -> its leaves (ca/profiles.h)
 *
 * Private keys are PKCS#8 DER, and go into the caller's arena (a wiped one). Certificates are PEM or DER as said. Times are
 * microseconds. Everything returned lives in the arena. `why`: one line for the log; outputs are untouched on an error. */
#ifndef CA_CA_H
#define CA_CA_H

#include "base/uuid.h"
#include "ca/profiles.h"
#include "keys/builders.h"

extern const struct keys_builders ca_builders;   /* for keys_builders() */
extern const struct keys_ca_builders ca_issuing; /* for keys_ca_builders() */

#define CA_BACKDATE_SECONDS 300 /* clocks differ */
#define CA_MAX_CSR          8192
#define CA_MAX_NAMES        64
#define CA_MAX_NAME         253 /* octets of one name */
#define CA_MAX_CHAIN        4
#define CA_SERIAL           16

/* ---- names ---- */
/* In canonical form: DNS as lower-case A-labels, mail with its domain so and all of it in lower case, spiffe://domain/path, user@domain
 * in lower case, a realm in upper case. */
struct ca_name {
	enum ca_name_kind kind;
	const char *text;
};
/* LW_EINVAL: not such a name; wildcards and addresses are none. why says which. */
int ca_name_canon(enum ca_name_kind, struct lw_bytes text, struct lw_arena *, struct ca_name *ret, char why[200]);
const char *ca_name_kind_text(enum ca_name_kind); /* "DNS" */

/* ---- certificate requests (PKCS #10) ---- */
/* The key that a CSR proves possession of, as SubjectPublicKeyInfo DER. LW_EINVAL (not a CSR, trailing octets), LW_EAUTH (signature),
 * LW_EUNSUPPORTED: the key is not RSA of 2048 to 8192 bits or ECDSA on P-256, P-384, P-521 as a named curve and an uncompressed point;
 * or it is known to be bad: RSA exponents below 65537, even or above 64 bits; small factors, primes close to each other (Fermat), ROCA
 * (CVE-2017-15361). Debian's weak keys of 2008 are not looked for (lists of megabytes). */
int ca_csr_key(struct lw_bytes csr, struct lw_arena *, struct lw_bytes *ret_spki, char why[200]);

/* The same, and the names of its subjectAltName in canonical form. The rest of what it asks for (subject, usages …) means nothing.
 * LW_EINVAL as well: a name of another kind, twice the same name, two lists of extensions. LW_ELIMIT: more than CA_MAX_NAMES. */
struct ca_csr {
	struct lw_bytes spki;
	struct ca_name *names;
	size_t n_names;
};
int ca_csr_read(struct lw_bytes csr, struct lw_arena *, struct ca_csr *ret, char why[200]);

/* As it is, or out of PEM ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"). LW_EINVAL. */
#define CA_MAX_CSR_TEXT 16384
int ca_csr_der(struct lw_bytes in, struct lw_arena *, struct lw_bytes *ret, char why[200]);

/* ---- who issues, and where its things are found ---- */
/* pem: its certificate first, then those above it; the root may be among them. */
struct ca_issuer {
	struct lw_bytes key, pem;
};
/* The same, parsed once for many uses; any number of threads may use it at once. LW_EINVAL: they don't belong together. */
struct ca_signer;
int ca_signer_new(const struct ca_issuer *, struct ca_signer **ret, char why[200]);
void ca_signer_free(struct ca_signer *); /* NULL is fine */
/* URLs for what is issued; NULL: none. The issuer's certificate (DER), its revocation list, its responder. */
struct ca_pointers {
	const char *issuer, *crl, *ocsp;
};
/* Below base ("http://ca.acme.example", no slash at its end), as the interface page has them: /ca/TENANT/ca.cer, crl, ocsp. tenant NULL: the
 * installation CA's, for intermediates: /ca/installation.cer and /ca/installation.crl, without OCSP. LW_EINVAL: not http(s), or too long. */
int ca_pointers(const char *base, const char *tenant, struct lw_arena *, struct ca_pointers *ret);
/* The same of one key of the tenant's CA, by its id: cer/KEY and crl/KEY stay when another follows it. */
int ca_key_pointers(const char *base, const char *tenant, const char *key, struct lw_arena *, struct ca_pointers *ret);

/* A new positive serial with 126 random bits. Serials that are handed in have 16 to 20 octets, the first 0x01..0x7f. */
void ca_serial(uint8_t ret[CA_SERIAL]);

/* ---- a tenant's intermediate ---- */
struct ca_tenant {
	const char *name; /* canonical */
	struct lw_uuid uuid;
};
/* "p256" (the default), "p384", "rsa2048", "rsa3072". LW_EINVAL: no such kind; LW_EINTERNAL. */
int ca_new_private(const char *kind, struct lw_arena *, struct lw_bytes *ret_key, char why[200]);
/* The certificate for a tenant's key. Renewal: the same key with another serial; what it issued goes on being valid with either. A new key
 * (rotation) has the same name: the old certificate and list stay in place until the last leaf below it has expired. Lasts no longer than its
 * issuer. LW_EEXPIRED: the issuer has. LW_EINVAL: the issuer's key and certificate, the serial or the tenant's name. */
int ca_tenant_cert(const struct ca_issuer *installation, const struct ca_tenant *, struct lw_bytes key, struct lw_bytes serial,
	const struct ca_pointers *, int64_t now, struct lw_arena *, struct lw_bytes *ret_pem, char why[200]);
int ca_tenant_cert_by(const struct ca_signer *installation, const struct ca_tenant *, struct lw_bytes key, struct lw_bytes serial,
	const struct ca_pointers *, int64_t now, struct lw_arena *, struct lw_bytes *ret_pem, char why[200]);
/* When two thirds of its life are over; 0: not a certificate. */
int64_t ca_renew_at(struct lw_bytes pem);

/* ---- leaves ---- */
/* Whose names? `owns` says yes to a name that is within the tenant and not reserved. NULL: it owns nothing. */
struct ca_owner {
	bool (*owns)(void *ctx, const struct ca_name *);
	void *ctx;
	const char *const *reserved; /* the installation's host names, canonical; the tenant's apex is reserved anyway */
	size_t n_reserved;
};
struct ca_order {
	const struct ca_profile *profile; /* a leaf's */
	struct lw_bytes serial;           /* the intent's */
	struct ca_tenant tenant;
	struct lw_uuid subject; /* the entry */
	const char *name;       /* its common name: left out when longer than 64 characters */
	unsigned who;           /* CA_WHO_*, one bit */
	int64_t life;           /* 0: the profile's; longer than that is cut to it */
	const struct ca_pointers *pointers;
	int64_t now;
};
struct ca_issued {
	struct lw_bytes der;
	struct lw_bytes pem; /* the leaf, then its issuers without the root */
	int64_t not_before, not_after;
};
/* Are these names this owner's to have under this order? LW_EACCES with why: reserved, outside the tenant, not owned, of a kind that the profile
 * does not have, none where it needs one, or the profile is not for such a subject. */
int ca_names_check(const struct ca_order *, const struct ca_owner *, const struct ca_name *, size_t n, char why[200]);
/* Reads the request, checks its key (refused as well: one of the issuers' keys) and names, builds, signs, and lints what it has built. What
 * fails the lint leaves nothing (LW_EINTERNAL). Errors of ca_csr_read, ca_names_check, ca_tenant_cert. */
int ca_leaf(const struct ca_issuer *, struct lw_bytes csr, const struct ca_order *, const struct ca_owner *, struct lw_arena *,
	struct ca_issued *ret, char why[200]);

/* The same for a request that ca_csr_read has read, by an issuer at hand: what costs little more than the signature and its lint. */
int ca_leaf_by(const struct ca_signer *, const struct ca_csr *, const struct ca_order *, const struct ca_owner *, struct lw_arena *,
	struct ca_issued *ret, char why[200]);

/* ---- lint: does a certificate say what was ordered, and nothing else? ---- */
#define CA_LINT_RULES(X)                                                                                                        \
	X(ENCODING, "DER, whole, one form") X(VERSION, "version 3") X(SERIAL, "the intent's serial") X(SIGNATURE, "issuer and signature") \
	X(VALIDITY, "validity") X(SUBJECT, "subject") X(KEY, "the key that was proven") X(EXTENSIONS, "no other extension")        \
	X(CRITICALITY, "criticality") X(BASIC, "basicConstraints") X(USAGE, "keyUsage") X(PURPOSE, "extKeyUsage")                  \
	X(NAMES, "subjectAltName") X(KEYID, "key identifiers") X(POINTERS, "AIA and CRL pointers") X(CONSTRAINTS, "name constraints") \
	X(PATH, "verifies below its issuers")
enum ca_lint_rule {
#define X(id, text) CA_LINT_##id,
	CA_LINT_RULES(X)
#undef X
	CA_LINT_COUNT
};
/* LW_OK, or LW_EINVAL with the first rule it breaks (untouched otherwise) and why. names: exactly these. pem: the issuer's, as in struct ca_issuer. */
int ca_lint(struct lw_bytes der, struct lw_bytes pem, const struct ca_order *, struct lw_bytes spki, const struct ca_name *names, size_t n,
	enum ca_lint_rule *ret_rule, char why[200]);

/* ---- a leaf that somebody shows ---- */
#define CA_MAX_LEAF 8192 /* octets */
/* What it says of itself; nothing is verified. LW_EINVAL: not in the form that ca_leaf makes: a leaf without critical extensions
 * that are unknown, O and serialNumber in issuer and subject, with the same O, a serial of ours, the purposes of a profile. */
int ca_leaf_read(struct lw_bytes der, struct lw_arena *, struct keys_shown *ret, char why[200]);
/* Was it made by one of these (PEM, in any order: all that the tenant has, and nobody else), and is it good now? Path building, root
 * and revocation play no part: whose they are says who hands them in. LW_EAUTH; LW_EEXPIRED: it or its issuer; LW_EINVAL. */
int ca_leaf_verify(struct lw_bytes der, struct lw_bytes issuers_pem, int64_t now, char why[200]);

/* ---- revocation: one full list per issuer, no deltas ---- */
struct ca_revoked {
	struct lw_bytes serial;
	int64_t when;
	int reason; /* ca_reason() */
};
/* RFC 5280 5.3.1 by name ("keyCompromise", "superseded" …; "unspecified" is 0). -1: none, or one that could be taken back (certificateHold). */
int ca_reason(const char *name);
const char *ca_reason_text(int); /* NULL: no such number */
/* DER. number grows with every list. LW_EINVAL: twice the same serial, a bad one, a bad reason, next not after now. */
int ca_crl(const struct ca_issuer *, uint64_t number, const struct ca_revoked *, size_t n, int64_t now, int64_t next, struct lw_arena *,
	struct lw_bytes *ret_der, char why[200]);

int ca_crl_by(const struct ca_signer *, uint64_t number, const struct ca_revoked *, size_t n, int64_t now, int64_t next, struct lw_arena *,
	struct lw_bytes *ret_der, char why[200]);

/* ---- OCSP (RFC 6960, 8954); the issuer signs the answers itself ---- */
#define CA_OCSP_MAX_REQUEST 4096
#define CA_OCSP_MAX_IDS     16
#define CA_OCSP_MAX_NONCE   32
/* GET: what follows /ocsp/ in the path, base64 and maybe percent-encoded, as DER. LW_EINVAL. */
int ca_ocsp_path(struct lw_bytes path, struct lw_arena *, struct lw_bytes *ret_der);
struct ca_ocsp_query {
	struct lw_bytes serial[CA_OCSP_MAX_IDS]; /* magnitude; empty: none that anybody has (negative, too long): "unknown" */
	size_t n;
	struct lw_bytes der;
};
/* What is asked of the issuer whose certificate this is (SHA-1 or SHA-256 over its name and key). LW_EINVAL (malformedRequest): not a
 * request, more than CA_OCSP_MAX_IDS or none, a nonce that is empty or too long, a critical extension that we don't know. LW_EACCES
 * (unauthorized): something in it is about another issuer, for which this one may not speak (RFC 6960 4.2.2.2). */
int ca_ocsp_read(struct lw_bytes der, struct lw_bytes issuer_pem, struct lw_arena *, struct ca_ocsp_query *ret);
enum ca_ocsp_state { CA_OCSP_UNKNOWN, CA_OCSP_GOOD, CA_OCSP_REVOKED };
struct ca_ocsp_status {
	enum ca_ocsp_state state;
	int64_t when; /* of the revocation */
	int reason;
};
/* The signed answer: one status for each of the query's serials; its nonce comes back. */
int ca_ocsp_answer(const struct ca_issuer *, const struct ca_ocsp_query *, const struct ca_ocsp_status *, int64_t now, int64_t next,
	struct lw_arena *, struct lw_bytes *ret_der, char why[200]);
int ca_ocsp_read_by(struct lw_bytes der, const struct ca_signer *, struct lw_arena *, struct ca_ocsp_query *ret);
int ca_ocsp_answer_by(const struct ca_signer *, const struct ca_ocsp_query *, const struct ca_ocsp_status *, int64_t now, int64_t next,
	struct lw_arena *, struct lw_bytes *ret_der, char why[200]);
/* The unsigned answer to a failure: LW_EINVAL malformedRequest, LW_EACCES unauthorized, LW_EINTERNAL internalError, all else tryLater. */
int ca_ocsp_error(int err, struct lw_arena *, struct lw_bytes *ret_der);

#endif
