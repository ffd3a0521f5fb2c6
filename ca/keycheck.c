/* SPDX-License-Identifier: Apache-2.0 */
/* Which public keys are certified. */
#include "ca/ca.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include "base/err.h"
#include "ca/x509.h"

#define RSA_MIN      2048
#define RSA_MAX      8192
#define CLOSE_ROUNDS 100

static const int curves[] = { NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1 };

/* The odd primes up to 167: the product of the first primes that Infineon's library worked with for its
 * smallest keys. */
static const uint8_t primes[] = { 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73,
	79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167 };

/* Its primes are 65537^a modulo that product, so a modulus is a power of 65537 modulo each prime; others are
 * so once in some 2^27. */
bool ca_rsa_roca(const BIGNUM *n)
{
	for (size_t i = 0; i < sizeof(primes); i++) {
		unsigned p = primes[i], left = (unsigned)BN_mod_word(n, p), power = 1;

		do {
			power = power * (65537 % p) % p;
		} while (power != left && power != 1);
		if (power != left)
			return false;
	}
	return true;
}

static bool small_factor(const BIGNUM *n)
{
	for (size_t i = 0; i < sizeof(primes); i++) {
		if (BN_mod_word(n, primes[i]) == 0)
			return true;
	}
	return !BN_is_odd(n);
}

/* The square root of n, rounded down, by Newton's method. */
static bool root(BIGNUM *ret, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *next;
	bool ok;

	BN_CTX_start(ctx);
	next = BN_CTX_get(ctx);
	ok = next && BN_set_word(next, 1) && BN_lshift(next, next, (BN_num_bits(n) + 1) / 2);
	do {
		ok = ok && BN_copy(ret, next) && BN_div(next, NULL, n, ret, ctx) && BN_add(next, next, ret) &&
		     BN_rshift1(next, next);
	} while (ok && BN_cmp(next, ret) < 0);
	BN_CTX_end(ctx);
	return ok;
}

/* n = a^2 - b^2 for an a that is next to the root? */
bool ca_rsa_close(const BIGNUM *n)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *a, *b, *r;
	bool found = false, ok;

	if (!ctx)
		return false;
	BN_CTX_start(ctx);
	a = BN_CTX_get(ctx);
	b = BN_CTX_get(ctx);
	r = BN_CTX_get(ctx);
	ok = r && root(a, n, ctx);
	for (int i = 0; ok && !found && i < CLOSE_ROUNDS; i++) {
		ok = BN_add_word(a, 1) && BN_sqr(b, a, ctx) && BN_sub(b, b, n) && root(r, b, ctx) &&
		     BN_sqr(r, r, ctx);
		found = ok && BN_cmp(r, b) == 0;
	}
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return found;
}

static int check_rsa(EVP_PKEY *key, char why[200])
{
	BIGNUM *n = NULL, *e = NULL;
	int bits = EVP_PKEY_get_bits(key), err = LW_EUNSUPPORTED;

	if (bits < RSA_MIN || bits > RSA_MAX)
		return ca_refuse(
		        err, why, "an RSA key of %d bits: it must have %d to %d", bits, RSA_MIN, RSA_MAX);
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		ca_fail("the RSA key can't be read", why);
	else if (!BN_is_odd(e) || BN_num_bits(e) > 64 || BN_num_bits(e) < 17)
		ca_refuse(err, why, "the RSA key's exponent is even, below 65537 or above 64 bits");
	else if (small_factor(n))
		ca_refuse(err, why, "the RSA key's modulus has a small factor");
	else if (ca_rsa_roca(n))
		ca_refuse(err, why, "the RSA key is of those that CVE-2017-15361 (ROCA) breaks");
	else if (ca_rsa_close(n))
		ca_refuse(err, why, "the RSA key's primes are too close to each other");
	else
		err = LW_OK;
	BN_free(n);
	BN_free(e);
	return err;
}

static int check_ec(EVP_PKEY *key, char why[200])
{
	char group[64];
	size_t n;
	bool known = false;
	EVP_PKEY_CTX *ctx;
	int ok;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1) {
		for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
			known = known || OBJ_sn2nid(group) == curves[i];
	}
	if (!known)
		return ca_refuse(LW_EUNSUPPORTED, why, "the key's curve is not P-256, P-384 or P-521");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	ok = ctx && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return ca_refuse(LW_EUNSUPPORTED, why, "the key's point is not on its curve");
	return LW_OK;
}

int ca_key_check(EVP_PKEY *key, char why[200])
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return check_rsa(key, why);
	if (EVP_PKEY_is_a(key, "EC"))
		return check_ec(key, why);
	return ca_refuse(LW_EUNSUPPORTED, why, "the key is neither ECDSA nor RSA");
}
