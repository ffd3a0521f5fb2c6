/* SPDX-License-Identifier: Apache-2.0 */
/* Building one certificate with OpenSSL: the pieces that every profile shares. Only ca/ includes this. */
#ifndef CA_X509_H
#define CA_X509_H

#include <openssl/x509v3.h>
#include "base/arena.h"
#include "base/sigkey.h"
#include "base/clock.h"
#include "ca/ca.h"

/* One line about the last OpenSSL error of this thread, which is taken off its queue. LW_EINTERNAL. */
int ca_fail(const char *what, char why[200]);
/* One line of our own, and err; OpenSSL's queue is emptied. */
int ca_refuse(int err, char why[200], const char *fmt, ...) __attribute__((format(printf, 3, 4)));

EVP_PKEY *ca_new_key(void); /* ECDSA P-256 */
/* Key as PKCS#8 DER, certificate as PEM, into the arena; and back. NULL / an error for what does not parse whole. */
int ca_put_key(EVP_PKEY *, struct lw_arena *, struct lw_bytes *ret);
EVP_PKEY *ca_get_key(struct lw_bytes der);
int ca_put_pem(X509 *const *, size_t n, struct lw_arena *, struct lw_bytes *ret);
X509 *ca_get_pem(struct lw_bytes pem); /* the first certificate */
/* What OpenSSL allocated (n octets, or an error when n <= 0), into the arena; p is freed. */
int ca_take(unsigned char *p, int n, struct lw_arena *, struct lw_bytes *ret);

int64_t ca_time(const ASN1_TIME *); /* 0: none */
int64_t ca_not_before(const X509 *);
int64_t ca_not_after(const X509 *);
const EVP_MD *ca_digest(EVP_PKEY *); /* that this key signs with: SHA-256, for P-384 and P-521 SHA-384 and SHA-512 */
bool ca_serial_good(struct lw_bytes);
ASN1_INTEGER *ca_serial_make(struct lw_bytes); /* NULL: out of memory */

/* An issuer, loaded: its key belongs to the first of its certificates. */
struct ca_chain {
	EVP_PKEY *key;
	X509 *x[CA_MAX_CHAIN];
	size_t n;
};
struct ca_signer {
	struct ca_chain c;
	/* ca/build.c: what the leaves of one issuer have in common, in DER */
	struct lw_arena *arena;
	struct lw_sigkey *key;
	enum lw_hash hash;
	struct lw_bytes algorithm, name, key_id;      /* AlgorithmIdentifier, issuer, the extension authorityKeyIdentifier */
	struct lw_bytes constant[CA_PROFILES_MAX][2];     /* basicConstraints, keyUsage, extKeyUsage; [1]: of an RSA key */
	struct lw_bytes spki[CA_MAX_CHAIN];           /* the issuers' */
	struct lw_bytes chain;                        /* PEM, without the root */
	int64_t end;                                  /* of its life, us */
};
/* For s->c, which is loaded with this key. */
int ca_signer_prepare(struct ca_signer *, struct lw_bytes key, char why[200]);
/* One leaf's certificate, signed. spki: canonical DER; common_name: ca_common_name's, NULL: none. */
struct ca_built {
	struct lw_bytes der;
	int64_t not_before, not_after;
};
int ca_build(const struct ca_signer *, const struct ca_order *, struct lw_bytes spki, const struct ca_name *, size_t n_names, const char *common_name,
	int64_t life, struct lw_arena *, struct ca_built *ret);
int ca_chain_load(const struct ca_issuer *, struct ca_chain *ret, char why[200]); /* LW_EINVAL */
int ca_chain_certs(struct lw_bytes pem, struct ca_chain *ret, char why[200]);     /* the same without a key */
void ca_chain_done(struct ca_chain *);

/* Usage of a key of this type under the profile. */
const char *ca_key_usage(const struct ca_profile *, EVP_PKEY *);

/* ---- names ---- */
GENERAL_NAMES *ca_general_names(const struct ca_name *, size_t n); /* NULL: out of memory */
/* A name of a request or a certificate. LW_EINVAL: not of our kinds, or not in a form that we know. */
int ca_name_read(const GENERAL_NAME *, struct lw_arena *, struct ca_name *ret, char why[200]);
/* All of them; LW_EINVAL also for a name that is there twice. */
int ca_names_read(const GENERAL_NAMES *, struct lw_arena *, struct ca_name **ret, size_t *ret_n, char why[200]);
bool ca_domain_within(const char *name, const char *domain); /* the domain itself, or below it */
bool ca_names_equal(const struct ca_name *, const struct ca_name *);

/* O=TENANT, serialNumber=UUID, CN=COMMON NAME; for a tenant's name of more than 64 octets O is its UUID. common_name NULL: none. */
X509_NAME *ca_subject(const struct ca_tenant *, const struct lw_uuid *, const char *common_name);
X509_NAME *ca_tenant_subject(const struct ca_tenant *); /* its intermediate's */
/* What binds everything below a tenant's intermediate. */
NAME_CONSTRAINTS *ca_tenant_constraints(const struct ca_tenant *);
bool ca_tenant_good(const struct ca_tenant *); /* a canonical name of two labels or more, a UUID that is not zero */
/* The common name that a leaf gets, or NULL. OpenSSL holds one that reads as a DNS name against the constraints, so that "j.smith" becomes
 * "j.smith@TENANT". */
const char *ca_common_name(const struct ca_order *, char buf[65]);
/* Whether a serial, the time and the issuer's own life allow to issue. LW_EINVAL, LW_EEXPIRED. */
int ca_may_issue(const struct ca_chain *, struct lw_bytes serial, int64_t now, char why[200]);

/* ---- keys ---- */
/* Is this key one that we certify? LW_EUNSUPPORTED. */
int ca_key_check(EVP_PKEY *, char why[200]);
bool ca_rsa_roca(const BIGNUM *modulus);
bool ca_rsa_close(const BIGNUM *modulus); /* primes so close that Fermat's method finds them at once */

/* ---- one certificate ---- */
struct ca_spec {
	const struct ca_profile *profile;
	EVP_PKEY *key;
	const X509_NAME *subject;
	GENERAL_NAMES *alt;                 /* NULL: none */
	NAME_CONSTRAINTS *constraints;      /* NULL: none */
	const struct ca_pointers *pointers; /* NULL: none */
	struct lw_bytes serial;             /* empty: a new one */
	X509 *issuer;                       /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	int64_t now, life; /* life 0: the profile's */
};
/* Never outlives the issuer. NULL with why. */
X509 *ca_make(const struct ca_spec *, char why[200]);

/* ---- lint ---- */
struct ca_expect {
	const struct ca_profile *profile;
	struct lw_bytes spki, serial;
	const X509_NAME *subject;
	const struct ca_name *names;
	size_t n_names;
	const NAME_CONSTRAINTS *constraints; /* NULL: it has none of its own */
	const struct ca_pointers *pointers;  /* NULL: none */
	int64_t now, life;                   /* life 0: the profile's */
};
int ca_lint_against(struct lw_bytes der, const struct ca_chain *, const struct ca_expect *, enum ca_lint_rule *ret_rule, char why[200]);

#endif
