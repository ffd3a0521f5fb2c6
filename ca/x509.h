/* SPDX-License-Identifier: Apache-2.0 */
/* Building one certificate with OpenSSL: the pieces that every profile shares. Only ca/ includes this. */
#ifndef CA_X509_H
#define CA_X509_H

#include <openssl/x509v3.h>
#include "base/arena.h"
#include "base/clock.h"

/* What kind of certificate: a row of const tables. */
struct ca_profile {
	const char *name;
	int days;
	const char *basic_constraints, *key_usage, *ext_key_usage; /* X.509v3 configuration syntax; NULL: none */
};

/* One line about the last OpenSSL error of this thread, which is taken off its queue. LW_EINTERNAL. */
int ca_fail(const char *what, char why[200]);

EVP_PKEY *ca_new_key(void); /* ECDSA P-256 */
/* Key as PKCS#8 DER, certificate as PEM, into the arena; and back. NULL / an error for what does not parse whole. */
int ca_put_key(EVP_PKEY *, struct lw_arena *, struct lw_bytes *ret);
EVP_PKEY *ca_get_key(struct lw_bytes der);
int ca_put_pem(X509 *const *, size_t n, struct lw_arena *, struct lw_bytes *ret);
X509 *ca_get_pem(struct lw_bytes pem); /* the first certificate */

/* The same with a subject that is there already. */
X509 *ca_build_for(const struct ca_profile *, EVP_PKEY *subject_key, const X509_NAME *subject, GENERAL_NAMES *alt, X509 *issuer,
	EVP_PKEY *issuer_key, int64_t now, char why[200]);
/* issuer NULL: self-signed. alt: subjectAltName, or NULL. Serials have 127 random bits. Never outlives the issuer. NULL with why. */
X509 *ca_build(const struct ca_profile *, EVP_PKEY *subject_key, const char *organization, const char *common_name, GENERAL_NAMES *alt,
	X509 *issuer, EVP_PKEY *issuer_key, int64_t now, char why[200]);

#endif
