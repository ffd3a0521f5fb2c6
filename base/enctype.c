/* SPDX-License-Identifier: Apache-2.0 */
#include "base/enctype.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"

const struct lw_enctype lw_enctypes[] = {
	{ 20, "aes256-cts-hmac-sha384-192", true, LW_SHA384, 32, 24, 24, 20, 32768 },
	{ 19, "aes128-cts-hmac-sha256-128", true, LW_SHA256, 16, 16, 16, 19, 32768 },
	{ 18, "aes256-cts-hmac-sha1-96", false, LW_SHA1, 32, 32, 12, 16, 4096 },
	{ 17, "aes128-cts-hmac-sha1-96", false, LW_SHA1, 16, 16, 12, 15, 4096 },
};
const size_t lw_nenctypes = sizeof lw_enctypes / sizeof *lw_enctypes;
_Static_assert(sizeof lw_enctypes / sizeof *lw_enctypes <= LW_ENCTYPES_MAX, "rows");

const struct lw_enctype *lw_enctype_find(int32_t etype)
{
	for (size_t i = 0; i < lw_nenctypes; i++)
		if (lw_enctypes[i].etype == etype)
			return &lw_enctypes[i];
	return NULL;
}

/* Bit at of the in.n * 8 bits, most significant first, of the copy-th rotated copy of in. */
static unsigned rotated_bit(struct lw_bytes in, size_t copy, size_t at)
{
	size_t bits = in.n * 8, turn = copy % bits * (13 % bits) % bits;
	size_t from = (at + bits - turn) % bits;

	return in.p[from / 8] >> (7 - from % 8) & 1;
}

void lw_nfold(struct lw_bytes in, uint8_t *ret, size_t n)
{
	size_t a = in.n, b = n, lcm;
	unsigned carry = 0;

	memset(ret, 0, n);
	if (!in.n || !n)
		return;
	while (b) {
		size_t t = a % b;

		a = b;
		b = t;
	}
	lcm = in.n / a * n;
	/* One's complement sum of lcm / n rows of n octets, added octet by octet from the right; what
	 * overflows the leftmost octet comes in again on the right. */
	for (size_t i = lcm; i-- > 0;) {
		unsigned octet = 0;

		for (size_t bit = 0; bit < 8; bit++)
			octet = octet << 1 | rotated_bit(in, i / in.n, i % in.n * 8 + bit);
		carry += octet + ret[i % n];
		ret[i % n] = (uint8_t)carry;
		carry >>= 8;
	}
	for (size_t i = n; carry; i = i ? i : n) {
		carry += ret[--i];
		ret[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

#define BLOCK 16

/* RFC 3961 5.1: DR by encrypting the folded constant again and again. */
static int derive_aes(
        const struct lw_enctype *e, const uint8_t *key, struct lw_bytes constant, uint8_t *ret, size_t n)
{
	uint8_t block[BLOCK];
	int err = LW_OK;

	if (n != e->key_size || !constant.n)
		return LW_EINVAL;
	if (constant.n == BLOCK)
		memcpy(block, constant.p, BLOCK);
	else
		lw_nfold(constant, block, BLOCK);
	for (size_t at = 0; at < n && !err; at += BLOCK) {
		err = lw_aes_blocks(key, e->key_size, (struct lw_bytes){ block, BLOCK }, block);
		memcpy(ret + at, block, BLOCK);
	}
	lw_wipe(block, sizeof block);
	return err;
}

/* RFC 8009 3: one round of SP 800-108 in counter mode, which is enough for every key here. */
static int derive_sha2(
        const struct lw_enctype *e, const uint8_t *key, struct lw_bytes label, uint8_t *ret, size_t n)
{
	uint8_t mac[64];
	struct lw_writer w;
	int err;

	if (n > lw_hash_size(e->hash))
		return LW_EINVAL;
	lw_writer_init(&w, 1024);
	lw_put_u32(&w, 1);
	lw_put_bytes(&w, label);
	lw_put_u8(&w, 0);
	lw_put_u32(&w, (uint32_t)n * 8);
	err = w.err;
	if (!err) {
		lw_hmac(e->hash, (struct lw_bytes){ key, e->key_size }, lw_written(&w), mac);
		memcpy(ret, mac, n);
		lw_wipe(mac, sizeof mac);
	}
	lw_writer_done(&w);
	return err;
}

int lw_derive_key(
        const struct lw_enctype *e, const uint8_t *key, struct lw_bytes constant, uint8_t *ret, size_t n)
{
	return e->sha2 ? derive_sha2(e, key, constant, ret, n) : derive_aes(e, key, constant, ret, n);
}

int lw_string_to_key(const struct lw_enctype *e, struct lw_bytes password, struct lw_bytes salt,
        uint32_t iterations, uint8_t *ret)
{
	struct lw_writer salted;
	uint8_t key[32];
	int err;

	if (!iterations)
		iterations = e->iterations;
	if (iterations > LW_S2K_MAX_ITERATIONS || password.n > INT32_MAX)
		return LW_ELIMIT;
	lw_writer_init(&salted, 65536);
	if (e->sha2) {
		lw_put_bytes(&salted, lw_str(e->name));
		lw_put_u8(&salted, 0);
	}
	lw_put_bytes(&salted, salt);
	err = salted.err;
	if (!err) {
		lw_pbkdf2(e->hash, password, lw_written(&salted), iterations, key, e->key_size);
		err = lw_derive_key(e, key, LW_LIT("kerberos"), ret, e->key_size);
	}
	lw_writer_done(&salted);
	lw_wipe(key, sizeof key);
	return err;
}
