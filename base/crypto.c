/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <argon2.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#define HASHES (LW_SHA512 + 1)

static const struct {
	const char *name;
	size_t size;
} hashes[HASHES] = {
	[LW_SHA1] = { "SHA1", 20 },
	[LW_SHA256] = { "SHA256", 32 },
	[LW_SHA384] = { "SHA384", 48 },
	[LW_SHA512] = { "SHA512", 64 },
};

static struct {
	EVP_MD *md[HASHES];
	EVP_MAC *hmac;
	EVP_CIPHER *gcm, *ecb128, *ecb256;
} algs;

/* Contexts that a thread keeps, and its randomness. */
struct own {
	EVP_MD_CTX *md;
	EVP_MAC_CTX *mac[HASHES];
	EVP_CIPHER_CTX *gcm, *ecb;
	unsigned fork_count;
	size_t left;
	uint8_t random[512];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t own_key;
static __thread struct own *own_cached;
static atomic_uint fork_count;
static void (*test_source)(void *, size_t);

/* Without these algorithms or memory for a context nothing can go on safely. */
static void *must(void *p)
{
	if (!p) {
		lw_log(LW_ERROR, "crypto-failed", NULL);
		abort();
	}
	return p;
}

static void must_ok(int ok)
{
	must(ok > 0 ? &algs : NULL);
}

static void own_free(void *p)
{
	struct own *o = p;

	EVP_MD_CTX_free(o->md);
	for (int i = 0; i < HASHES; i++)
		EVP_MAC_CTX_free(o->mac[i]);
	EVP_CIPHER_CTX_free(o->gcm);
	EVP_CIPHER_CTX_free(o->ecb);
	lw_wipe(o, sizeof *o);
	free(o);
	own_cached = NULL;
}

static void after_fork(void)
{
	atomic_fetch_add(&fork_count, 1);
}

static void fetch_all(void)
{
	for (int i = 0; i < HASHES; i++)
		algs.md[i] = must(EVP_MD_fetch(NULL, hashes[i].name, NULL));
	algs.hmac = must(EVP_MAC_fetch(NULL, "HMAC", NULL));
	algs.gcm = must(EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL));
	algs.ecb128 = must(EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL));
	algs.ecb256 = must(EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL));
	must_ok(!pthread_key_create(&own_key, own_free));
	must_ok(!pthread_atfork(NULL, NULL, after_fork));
}

static EVP_MAC_CTX *mac_new(enum lw_hash h)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)hashes[h].name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *c = must(EVP_MAC_CTX_new(algs.hmac));

	must_ok(EVP_MAC_CTX_set_params(c, params));
	return c;
}

static struct own *own(void)
{
	struct own *o = own_cached;

	if (o)
		return o;
	pthread_once(&once, fetch_all);
	o = must(calloc(1, sizeof *o));
	o->md = must(EVP_MD_CTX_new());
	for (int i = 0; i < HASHES; i++)
		o->mac[i] = mac_new((enum lw_hash)i);
	o->gcm = must(EVP_CIPHER_CTX_new());
	o->ecb = must(EVP_CIPHER_CTX_new());
	must_ok(!pthread_setspecific(own_key, o));
	own_cached = o;
	return o;
}

static void system_random(void *p, size_t n)
{
	uint8_t *at = p;

	while (n) {
		ssize_t got = getrandom(at, n < 256 ? n : 256, 0);

		if (got < 0 && errno != EINTR)
			must(NULL);
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

void lw_random(void *p, size_t n)
{
	struct own *o = own();
	unsigned forks = atomic_load(&fork_count);

	if (test_source) {
		test_source(p, n);
		return;
	}
	if (n >= sizeof o->random) {
		system_random(p, n);
		return;
	}
	if (o->left < n || o->fork_count != forks) {
		system_random(o->random, sizeof o->random);
		o->left = sizeof o->random;
		o->fork_count = forks;
	}
	o->left -= n;
	memcpy(p, o->random + o->left, n);
	lw_wipe(o->random + o->left, n);
}

void lw_random_test(void (*source)(void *, size_t))
{
	test_source = source;
}

size_t lw_hash_size(enum lw_hash h)
{
	return hashes[h].size;
}

void lw_hash(enum lw_hash h, struct lw_bytes in, uint8_t *ret)
{
	struct own *o = own();

	must_ok(EVP_DigestInit_ex(o->md, algs.md[h], NULL));
	must_ok(EVP_DigestUpdate(o->md, in.p, in.n));
	must_ok(EVP_DigestFinal_ex(o->md, ret, NULL));
}

void lw_hash_parts(enum lw_hash h, const struct lw_bytes *parts, size_t n, uint8_t *ret)
{
	struct own *o = own();

	must_ok(EVP_DigestInit_ex(o->md, algs.md[h], NULL));
	for (size_t i = 0; i < n; i++)
		must_ok(EVP_DigestUpdate(o->md, parts[i].p, parts[i].n));
	must_ok(EVP_DigestFinal_ex(o->md, ret, NULL));
}

static const uint8_t nothing[1];

void lw_hmac(enum lw_hash h, struct lw_bytes key, struct lw_bytes data, uint8_t *ret)
{
	EVP_MAC_CTX *c = own()->mac[h];
	size_t n;

	must_ok(EVP_MAC_init(c, key.n ? key.p : nothing, key.n, NULL));
	if (data.n)
		must_ok(EVP_MAC_update(c, data.p, data.n));
	must_ok(EVP_MAC_final(c, ret, &n, hashes[h].size));
}

/* RFC 5869 */
void lw_hkdf(struct lw_bytes key, struct lw_bytes salt, struct lw_bytes info, uint8_t *ret, size_t n)
{
	EVP_MAC_CTX *c = own()->mac[LW_SHA256];
	uint8_t prk[32], t[32], counter = 0;
	size_t len;

	must_ok(n <= 255 * sizeof t);
	lw_hmac(LW_SHA256, salt, key, prk);
	while (n) {
		size_t part = n < sizeof t ? n : sizeof t;

		must_ok(EVP_MAC_init(c, prk, sizeof prk, NULL));
		if (counter++)
			must_ok(EVP_MAC_update(c, t, sizeof t));
		if (info.n)
			must_ok(EVP_MAC_update(c, info.p, info.n));
		must_ok(EVP_MAC_update(c, &counter, 1));
		must_ok(EVP_MAC_final(c, t, &len, sizeof t));
		memcpy(ret, t, part);
		ret += part;
		n -= part;
	}
	lw_wipe(prk, sizeof prk);
	lw_wipe(t, sizeof t);
}

void lw_pbkdf2(enum lw_hash h, struct lw_bytes password, struct lw_bytes salt, uint32_t iterations,
        uint8_t *ret, size_t n)
{
	own();
	must_ok(password.n <= INT_MAX && salt.n <= INT_MAX && n <= INT_MAX && iterations &&
	        iterations <= INT_MAX);
	must_ok(PKCS5_PBKDF2_HMAC(password.n ? (const char *)password.p : "", (int)password.n,
	        salt.n ? salt.p : nothing, (int)salt.n, (int)iterations, algs.md[h], (int)n, ret));
}

int lw_aes_blocks(const uint8_t *key, size_t key_size, struct lw_bytes in, uint8_t *ret)
{
	struct own *o = own();
	int n;

	if ((key_size != 16 && key_size != 32) || in.n % 16 || in.n > INT_MAX)
		return LW_EINVAL;
	must_ok(EVP_EncryptInit_ex(o->ecb, key_size == 16 ? algs.ecb128 : algs.ecb256, NULL, key, NULL));
	EVP_CIPHER_CTX_set_padding(o->ecb, 0);
	must_ok(EVP_EncryptUpdate(o->ecb, ret, &n, in.p, (int)in.n));
	return LW_OK;
}

#define NONCE 12
#define TAG   16

int lw_seal(const uint8_t key[LW_AEAD_KEY], struct lw_bytes ad, struct lw_bytes in, uint8_t *ret)
{
	EVP_CIPHER_CTX *c = own()->gcm;
	int n;

	if (in.n > INT_MAX - LW_AEAD_OVERHEAD || ad.n > INT_MAX)
		return LW_ELIMIT;
	lw_random(ret, NONCE);
	must_ok(EVP_EncryptInit_ex(c, algs.gcm, NULL, key, ret));
	if (ad.n)
		must_ok(EVP_EncryptUpdate(c, NULL, &n, ad.p, (int)ad.n));
	if (in.n)
		must_ok(EVP_EncryptUpdate(c, ret + NONCE, &n, in.p, (int)in.n));
	must_ok(EVP_EncryptFinal_ex(c, ret + NONCE + in.n, &n));
	must_ok(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, ret + NONCE + in.n));
	return LW_OK;
}

int lw_open(const uint8_t key[LW_AEAD_KEY], struct lw_bytes ad, struct lw_bytes in, uint8_t *ret)
{
	EVP_CIPHER_CTX *c = own()->gcm;
	size_t body;
	int n;

	if (in.n < LW_AEAD_OVERHEAD || in.n > INT_MAX || ad.n > INT_MAX)
		return LW_EAUTH;
	body = in.n - LW_AEAD_OVERHEAD;
	must_ok(EVP_DecryptInit_ex(c, algs.gcm, NULL, key, in.p));
	if (ad.n)
		must_ok(EVP_DecryptUpdate(c, NULL, &n, ad.p, (int)ad.n));
	if (body)
		must_ok(EVP_DecryptUpdate(c, ret, &n, in.p + NONCE, (int)body));
	must_ok(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(in.p + NONCE + body)));
	if (EVP_DecryptFinal_ex(c, ret + body, &n) > 0)
		return LW_OK;
	lw_wipe(ret, body);
	return LW_EAUTH;
}

#define ARGON2_M 19456
#define ARGON2_T 2
#define ARGON2_P 1

static int argon2_error(int code)
{
	switch (code) {
	case ARGON2_OK:
		return LW_OK;
	case ARGON2_VERIFY_MISMATCH:
		return LW_EAUTH;
	case ARGON2_MEMORY_ALLOCATION_ERROR:
	case ARGON2_THREAD_FAIL:
		return LW_ENOMEM;
	}
	return LW_EINVAL;
}

int lw_argon2_hash(struct lw_bytes password, char ret[LW_PHC_MAX])
{
	uint8_t salt[16];
	char out[LW_PHC_MAX];
	int err;

	if (password.n > UINT32_MAX)
		return LW_ELIMIT;
	lw_random(salt, sizeof salt);
	err = argon2_error(argon2id_hash_encoded(ARGON2_T, ARGON2_M, ARGON2_P,
	        password.n ? password.p : nothing, password.n, salt, sizeof salt, 32, out, sizeof out));
	if (!err)
		memcpy(ret, out, sizeof out);
	return err;
}

/* The number behind "name" at *at, 1..max, and what ends it; *at moves on. */
static int phc_number(const char **at, const char *name, char end, uint64_t max)
{
	size_t n = strlen(name), len;
	const char *stop;
	uint64_t v;

	if (strncmp(*at, name, n))
		return LW_EINVAL;
	stop = strchr(*at + n, end);
	if (!stop)
		return LW_EINVAL;
	len = (size_t)(stop - (*at + n));
	if (lw_parse_u64((struct lw_bytes){ (const uint8_t *)*at + n, len }, max, &v) || !v)
		return LW_EINVAL;
	*at = stop + 1;
	return LW_OK;
}

int lw_argon2_verify(const char *phc, struct lw_bytes password)
{
	static const char prefix[] = "$argon2id$v=19$";
	const char *at = phc + sizeof prefix - 1;

	if (strnlen(phc, 512) == 512 || strncmp(phc, prefix, sizeof prefix - 1) ||
	        phc_number(&at, "m=", ',', 65536) || phc_number(&at, "t=", ',', 8) ||
	        phc_number(&at, "p=", '$', 4) || password.n > UINT32_MAX)
		return LW_EINVAL;
	return argon2_error(argon2id_verify(phc, password.n ? password.p : nothing, password.n));
}

int lw_scram_derive(struct lw_bytes password, struct lw_scram *s)
{
	uint8_t salted[64], client[64];
	size_t n;

	if ((s->hash != LW_SHA256 && s->hash != LW_SHA512) || s->iterations < 4096 || s->iterations > 1000000)
		return LW_EINVAL;
	n = lw_hash_size(s->hash);
	lw_pbkdf2(s->hash, password, (struct lw_bytes){ s->salt, sizeof s->salt }, s->iterations, salted, n);
	lw_hmac(s->hash, (struct lw_bytes){ salted, n }, LW_LIT("Client Key"), client);
	lw_hash(s->hash, (struct lw_bytes){ client, n }, s->stored_key);
	lw_hmac(s->hash, (struct lw_bytes){ salted, n }, LW_LIT("Server Key"), s->server_key);
	lw_wipe(salted, sizeof salted);
	lw_wipe(client, sizeof client);
	return LW_OK;
}
