/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that sign what lwd issues, loaded once and used by many threads. Signatures are raw: RSA's octets, for ECDSA r and s of the curve's
 * size behind each other (RFC 7518 3.4, XMLDSig 1.1 6.4.3). Which algorithms a key may be used with is decided here, by the key. */
#ifndef BASE_SIGKEY_H
#define BASE_SIGKEY_H

#include "base/arena.h"
#include "base/crypto.h"

enum lw_sigkey_type { LW_KEY_RSA = 1, LW_KEY_P256, LW_KEY_P384, LW_KEY_ED25519 };
enum lw_sig { LW_SIG_RSA = 1 /* PKCS #1 v1.5 */, LW_SIG_PSS /* salt as long as the digest */, LW_SIG_ECDSA, LW_SIG_ED25519 };
#define LW_SIG_MAX 512 /* octets; RSA keys have 2048 to 4096 bits */

struct lw_sigkey;
/* PKCS#8 DER, nothing behind it. LW_EINVAL: no such key; LW_EUNSUPPORTED: of another type or size; LW_ENOMEM. */
int lw_sigkey_private(struct lw_bytes pkcs8, struct lw_sigkey **ret);
int lw_sigkey_public(struct lw_bytes spki, struct lw_sigkey **ret);   /* SubjectPublicKeyInfo DER */
int lw_sigkey_cert(struct lw_bytes cert_der, struct lw_sigkey **ret); /* the public key in it; nothing else is looked at */
/* RSA from modulus and exponent, or a curve's x and y (y n 0 for Ed25519): big-endian octets, of the exact size for curves. */
int lw_sigkey_numbers(enum lw_sigkey_type, struct lw_bytes n_or_x, struct lw_bytes e_or_y, struct lw_sigkey **ret);
/* A new private key, as PKCS#8. bits for RSA only. It takes 0.1 to 1 s of one core for RSA. */
int lw_sigkey_generate(enum lw_sigkey_type, unsigned bits, struct lw_arena *, struct lw_bytes *ret_pkcs8);
void lw_sigkey_free(struct lw_sigkey *); /* NULL is fine */

enum lw_sigkey_type lw_sigkey_type(const struct lw_sigkey *);
size_t lw_sigkey_size(const struct lw_sigkey *); /* octets of a signature */
bool lw_sigkey_same(const struct lw_sigkey *, const struct lw_sigkey *); /* the same public key */
/* As in lw_sigkey_numbers, without leading zeros for RSA. */
int lw_sigkey_public_numbers(const struct lw_sigkey *, struct lw_arena *, struct lw_bytes *ret_n_or_x, struct lw_bytes *ret_e_or_y);

/* Over a digest of lw_hash_size(hash) octets; ret has lw_sigkey_size. LW_EINVAL: not an algorithm of this key; SHA-1 is none. */
int lw_sigkey_sign(const struct lw_sigkey *, enum lw_sig, enum lw_hash, const uint8_t *digest, uint8_t *ret);
/* As X.509 has them: ECDSA's as DER. ret has LW_SIG_MAX octets. */
int lw_sigkey_sign_x509(const struct lw_sigkey *, enum lw_sig, enum lw_hash, const uint8_t *digest, uint8_t *ret, size_t *ret_n);
int lw_sigkey_verify(const struct lw_sigkey *, enum lw_sig, enum lw_hash, const uint8_t *digest, struct lw_bytes signature); /* LW_EAUTH */
/* Ed25519 has no digest of its own. */
int lw_sigkey_verify_ed25519(const struct lw_sigkey *, struct lw_bytes message, struct lw_bytes signature);

#endif
