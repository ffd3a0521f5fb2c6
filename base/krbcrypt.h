/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3961 encryption and checksums for the enctypes of base/enctype.h: the simplified profile of RFC 3962
 * (17, 18) and that of RFC 8009 (19, 20), on OpenSSL contexts that are kept. libkrb5 is the oracle in tests.
 *
 * A key object keeps what it derived, by key usage, so that a key that is used again costs no derivation;
 * n-folds of usages are computed once. One thread at a time may use an object. */
#ifndef BASE_KRBCRYPT_H
#define BASE_KRBCRYPT_H

#include "base/enctype.h"

struct lw_krbkey;
#define LW_KRB_OVERHEAD 40 /* most octets that encryption adds: confounder and checksum */
#define LW_KRB_CKSUM    24 /* most octets of a checksum */

struct lw_krbkey *lw_krbkey_new(void); /* no key in it yet; NULL without memory */
void lw_krbkey_free(struct lw_krbkey *); /* wiped; NULL is fine */
/* Another key into the object (its OpenSSL contexts stay): cheap, for session keys. key has e->key_size
 * octets. */
int lw_krbkey_set(struct lw_krbkey *, const struct lw_enctype *e, const uint8_t *key);
const struct lw_enctype *lw_krbkey_type(const struct lw_krbkey *); /* NULL: none set */

size_t lw_krb_sealed_size(const struct lw_enctype *, size_t plain); /* octets of the cipher text */
/* ret has lw_krb_sealed_size octets and does not overlap plain; the confounder is drawn by lw_random. */
int lw_krb_encrypt(struct lw_krbkey *, uint32_t usage, struct lw_bytes plain, uint8_t *ret);
/* ret has at least cipher.n octets and may be cipher.p. LW_EAUTH: does not open (too short likewise); ret is
 * lost then. */
int lw_krb_decrypt(struct lw_krbkey *, uint32_t usage, struct lw_bytes cipher, uint8_t *ret, size_t *ret_n);

/* Keyed checksums: 15, 16 (RFC 3962), 19, 20 (RFC 8009). */
int32_t lw_krb_cksumtype(const struct lw_enctype *);
size_t lw_krb_cksum_size(const struct lw_enctype *);
int lw_krb_cksum(struct lw_krbkey *, uint32_t usage, struct lw_bytes data, uint8_t ret[LW_KRB_CKSUM]);
/* LW_EAUTH: wrong; LW_EUNSUPPORTED: not the keyed type of this key. Constant time. */
int lw_krb_cksum_verify(
        struct lw_krbkey *, int32_t cksumtype, uint32_t usage, struct lw_bytes data, struct lw_bytes cksum);

#endif
