/* SPDX-License-Identifier: Apache-2.0 */
/* Kerberos encryption types: RFC 3962 (aes128/256-cts-hmac-sha1-96) and RFC 8009 (aes128-cts-hmac-sha256-128,
 * aes256-cts-hmac-sha384-192). This part: n-fold, key derivation and string-to-key. libkrb5 is the oracle in
 * tests. */
#ifndef BASE_ENCTYPE_H
#define BASE_ENCTYPE_H

#include "base/bytes.h"
#include "base/crypto.h"

/* A row is all that an enctype of these two constructions is. */
struct lw_enctype {
	int32_t etype;
	const char *name;    /* as krb5.conf writes it */
	bool sha2;           /* RFC 8009: HMAC over the cipher text; else RFC 3961's simplified profile */
	enum lw_hash hash;
	size_t key_size;     /* 16 or 32 */
	size_t mac_key;      /* octets of Ki and Kc, at most 32 */
	size_t mac;          /* octets kept of an HMAC, at most LW_KRB_CKSUM */
	int32_t cksumtype;   /* its keyed checksum */
	uint32_t iterations; /* of its string-to-key where nothing is said */
};
#define LW_ENCTYPES_MAX 8
extern const struct lw_enctype lw_enctypes[]; /* strongest first */
extern const size_t lw_nenctypes;             /* at most LW_ENCTYPES_MAX */
const struct lw_enctype *lw_enctype_find(int32_t etype); /* NULL: none */

void lw_nfold(struct lw_bytes in, uint8_t *ret, size_t n); /* RFC 3961 5.1 */
/* RFC 3961 DK for 17/18, RFC 8009 KDF-HMAC-SHA2 for 19/20; n octets of output for 19/20, key_size for 17/18.
 */
int lw_derive_key(
        const struct lw_enctype *, const uint8_t *key, struct lw_bytes constant, uint8_t *ret, size_t n);
/* iterations 0: the default of the enctype. LW_ELIMIT: more than LW_S2K_MAX_ITERATIONS. */
#define LW_S2K_MAX_ITERATIONS 1000000
int lw_string_to_key(const struct lw_enctype *, struct lw_bytes password, struct lw_bytes salt,
        uint32_t iterations, uint8_t *ret /* key_size */);

#endif
