/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords at a thousandth of their cost, for the programs that this is linked into: they set hundreds, and are their own clients. What
 * the real cost gives is shown by test_crypto, test_enctype, test_keys_pure and everything that talks to a running lwd. */
#include "tests/unit/cheap_hash.h"

#include <argon2.h>
#include <dlfcn.h>
#include <openssl/evp.h>

bool hash_cheaply = true;

static int (*pbkdf2)(const char *, int, const unsigned char *, int, int, const EVP_MD *, int, unsigned char *);

__attribute__((constructor)) static void find(void)
{
	*(void **)&pbkdf2 = dlsym(RTLD_NEXT, "PKCS5_PBKDF2_HMAC");
}

int PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen, int iter, const EVP_MD *digest, int keylen,
	unsigned char *out)
{
	return pbkdf2(pass, passlen, salt, saltlen, hash_cheaply ? iter / 1024 + 1 : iter, digest, keylen, out);
}

int argon2id_hash_encoded(const uint32_t t_cost, const uint32_t m_cost, const uint32_t parallelism, const void *pwd, const size_t pwdlen,
	const void *salt, const size_t saltlen, const size_t hashlen, char *encoded, const size_t encodedlen)
{
	return argon2_hash(hash_cheaply ? 1 : t_cost, hash_cheaply ? 8 * parallelism : m_cost, parallelism, pwd, pwdlen, salt, saltlen, NULL, hashlen, encoded, encodedlen, Argon2_id,
		ARGON2_VERSION_NUMBER);
}
