/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where OpenSSL's digests, MACs and ciphers and libargon2 are called from. Algorithms are
 * fetched once. Every function that can fail returns 0 or an LW_E error; key material in outputs is the
 * caller's to wipe. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/arena.h"
#include "base/bytes.h"

void lw_random(void *, size_t); /* buffered per thread, from the system; aborts if there is none */
/* Tests may replace the source (NULL restores it). Not for threads. */
void lw_random_test(void (*source)(void *, size_t));

enum lw_hash {
	LW_SHA1,
	LW_SHA256,
	LW_SHA384,
	LW_SHA512
}; /* SHA1 only inside RFC 3962 and old import formats */
size_t lw_hash_size(enum lw_hash);
void lw_hash(enum lw_hash, struct lw_bytes, uint8_t *ret);
void lw_hash_parts(enum lw_hash, const struct lw_bytes *, size_t n, uint8_t *ret); /* as if they were one */
void lw_hmac(enum lw_hash, struct lw_bytes key, struct lw_bytes data, uint8_t *ret);
void lw_hkdf(struct lw_bytes key, struct lw_bytes salt, struct lw_bytes info, uint8_t *ret,
        size_t n); /* SHA-256 */
void lw_pbkdf2(enum lw_hash, struct lw_bytes password, struct lw_bytes salt, uint32_t iterations,
        uint8_t *ret, size_t n);

/* AES-128 or AES-256, block by block without chaining: only for RFC 3961's key derivation. LW_EINVAL: sizes.
 */
int lw_aes_blocks(const uint8_t *key, size_t key_size, struct lw_bytes in, uint8_t *ret);

#define LW_AEAD_KEY      32
#define LW_AEAD_OVERHEAD (12 + 16) /* nonce in front, tag behind */
/* AES-256-GCM with a fresh random nonce. ret has in.n + LW_AEAD_OVERHEAD octets. */
int lw_seal(const uint8_t key[LW_AEAD_KEY], struct lw_bytes ad, struct lw_bytes in, uint8_t *ret);
/* ret has in.n - LW_AEAD_OVERHEAD octets. LW_EAUTH when it does not open. */
int lw_open(const uint8_t key[LW_AEAD_KEY], struct lw_bytes ad, struct lw_bytes in, uint8_t *ret);

/* argon2id m=19456 t=2 p=1 as a PHC string. Verification takes any argon2id PHC string with m <= 65536, t <=
 * 8, p <= 4. */
#define LW_PHC_MAX 160
int lw_argon2_hash(struct lw_bytes password, char ret[LW_PHC_MAX]);
int lw_argon2_verify(
        const char *phc, struct lw_bytes password); /* LW_OK or LW_EAUTH; LW_EINVAL: not such a string */

/* SCRAM (RFC 5802, RFC 7677): {salt, iterations} -> StoredKey, ServerKey. hash: LW_SHA256 or LW_SHA512;
 * 4096 to 1,000,000 iterations. LW_EINVAL. */
struct lw_scram {
	enum lw_hash hash;
	uint32_t iterations;
	uint8_t salt[16];
	uint8_t stored_key[64], server_key[64]; /* lw_hash_size(hash) octets each */
};
int lw_scram_derive(struct lw_bytes password, struct lw_scram *inout); /* takes hash, iterations, salt */

#endif
