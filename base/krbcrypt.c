/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's SHA functions below EVP: their states are plain structs, so that keeping and copying an HMAC's
 * inner and outer state costs no allocation. An HMAC of a ticket takes 0.3 us with them and 0.5 with copies
 * of an EVP_MD_CTX (OpenSSL 3.0). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/krbcrypt.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/crypto.h"
#include "base/err.h"

#define BLOCK      16
#define SLOTS      8
#define HASH_BLOCK 128 /* the largest */

union hash {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512; /* SHA-384 too */
};

#define HASH(NAME, MEMBER, FUNC)                                                                             \
	static void NAME##_init(union hash *h)                                                               \
	{                                                                                                    \
		FUNC##_Init(&h->MEMBER);                                                                     \
	}                                                                                                    \
	static void NAME##_add(union hash *h, const void *p, size_t n)                                       \
	{                                                                                                    \
		FUNC##_Update(&h->MEMBER, p, n);                                                             \
	}                                                                                                    \
	static void NAME##_final(union hash *h, uint8_t *ret)                                                \
	{                                                                                                    \
		FUNC##_Final(ret, &h->MEMBER);                                                               \
	}
HASH(sha1, sha1, SHA1)
HASH(sha256, sha256, SHA256)
HASH(sha384, sha512, SHA384)
HASH(sha512, sha512, SHA512)

enum kind { SEAL, SUM, KINDS }; /* keyed with Ki, with Kc */
enum { CONST_E = 0xaa, CONST_I = 0x55, CONST_C = 0x99 };

struct digest {
	size_t block, size;
	void (*init)(union hash *);
	void (*add)(union hash *, const void *, size_t);
	void (*final)(union hash *, uint8_t *ret);
};

static const struct digest digests[] = {
	[LW_SHA1] = { 64, 20, sha1_init, sha1_add, sha1_final },
	[LW_SHA256] = { 64, 32, sha256_init, sha256_add, sha256_final },
	[LW_SHA384] = { 128, 48, sha384_init, sha384_add, sha384_final },
	[LW_SHA512] = { 128, 64, sha512_init, sha512_add, sha512_final },
};

/* An HMAC's key: the hash's state after the inner and after the outer pad. */
struct mac {
	union hash inner, outer;
};

/* A CBC or ECB context and what is in it. To start a CBC context afresh costs as much as to decrypt a ticket
 * (150 ns in OpenSSL 3.0), so it never is: chain is the block that it chains the next one to, which callers
 * take out again. */
struct aes {
	EVP_CIPHER_CTX *c;
	const EVP_CIPHER *cipher;
	bool ready; /* holds the key that it should */
	uint8_t chain[BLOCK];
};

/* What one usage derives, as far as it was needed. */
struct slot {
	uint32_t usage;
	bool used, have_ke, have_mac[KINDS];
	uint8_t ke[32];
	struct aes enc, dec;
	struct mac mac[KINDS];
};

struct lw_krbkey {
	const struct lw_enctype *e;
	const struct digest *p;
	uint8_t key[32];
	struct aes base;     /* of RFC 3961's derivation */
	struct mac base_mac; /* of RFC 8009's */
	bool base_mac_ready;
	unsigned next; /* the slot to replace */
	struct slot *slot[SLOTS];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *cbc[2], *ecb[2]; /* 128, 256 */
#define FOLDED 64 /* usages below this have their n-folds kept: the KDC needs 1 to 25 and 56 */
static const uint8_t consts[3] = { CONST_E, CONST_I, CONST_C };
static uint8_t folded[FOLDED][3][BLOCK];

static void fold(uint32_t usage, uint8_t what, uint8_t ret[BLOCK])
{
	uint8_t in[5] = { (uint8_t)(usage >> 24), (uint8_t)(usage >> 16), (uint8_t)(usage >> 8),
		(uint8_t)usage, what };

	lw_nfold((struct lw_bytes){ in, sizeof in }, ret, BLOCK);
}

static void start(void)
{
	cbc[0] = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	cbc[1] = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	ecb[0] = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	ecb[1] = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	for (uint32_t u = 0; u < FOLDED; u++)
		for (size_t i = 0; i < sizeof consts; i++)
			fold(u, consts[i], folded[u][i]);
}

struct lw_krbkey *lw_krbkey_new(void)
{
	pthread_once(&once, start);
	if (!cbc[0] || !cbc[1] || !ecb[0] || !ecb[1])
		return NULL;
	return calloc(1, sizeof(struct lw_krbkey));
}

void lw_krbkey_free(struct lw_krbkey *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = k->slot[i];

		if (!s)
			continue;
		EVP_CIPHER_CTX_free(s->enc.c);
		EVP_CIPHER_CTX_free(s->dec.c);
		lw_wipe(s, sizeof *s);
		free(s);
	}
	EVP_CIPHER_CTX_free(k->base.c);
	lw_wipe(k, sizeof *k);
	free(k);
}

int lw_krbkey_set(struct lw_krbkey *k, const struct lw_enctype *e, const uint8_t *key)
{
	if (!e || !lw_enctype_find(e->etype))
		return LW_EINVAL;
	k->e = e;
	k->p = &digests[e->hash];
	memcpy(k->key, key, e->key_size);
	k->base.ready = k->base_mac_ready = false;
	k->next = 0;
	for (size_t i = 0; i < SLOTS && k->slot[i]; i++)
		k->slot[i]->used = false;
	return LW_OK;
}

const struct lw_enctype *lw_krbkey_type(const struct lw_krbkey *k)
{
	return k->e;
}

/* ---- HMAC (RFC 2104) on kept states ---- */

static void mac_set(struct mac *m, const struct digest *p, const uint8_t *key, size_t n)
{
	uint8_t pad[HASH_BLOCK];

	memset(pad, 0x36, p->block);
	for (size_t i = 0; i < n; i++)
		pad[i] ^= key[i];
	p->init(&m->inner);
	p->add(&m->inner, pad, p->block);
	for (size_t i = 0; i < p->block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	p->init(&m->outer);
	p->add(&m->outer, pad, p->block);
	lw_wipe(pad, sizeof pad);
}

static void mac_run(
        const struct mac *m, const struct digest *p, struct lw_bytes a, struct lw_bytes b, uint8_t ret[64])
{
	union hash h = m->inner;

	if (a.n)
		p->add(&h, a.p, a.n);
	if (b.n)
		p->add(&h, b.p, b.n);
	p->final(&h, ret);
	h = m->outer;
	p->add(&h, ret, p->size);
	p->final(&h, ret);
	lw_wipe(&h, sizeof h);
}

/* ---- AES ---- */

static const uint8_t zero[BLOCK];

static int aes_start(struct aes *a, const EVP_CIPHER *cipher, const uint8_t *key, bool encrypt)
{
	bool other = a->cipher != cipher;

	if (a->ready)
		return LW_OK;
	if (!a->c && !(a->c = EVP_CIPHER_CTX_new()))
		return LW_ENOMEM;
	a->cipher = NULL;
	if (EVP_CipherInit_ex(a->c, other ? cipher : NULL, NULL, key, zero, encrypt) <= 0)
		return LW_EINTERNAL;
	memset(a->chain, 0, BLOCK);
	a->cipher = cipher;
	a->ready = true;
	return LW_OK;
}

/* Whole blocks, which EVP_Cipher passes on as they are: without its padding, whose settings make each new key
 * dearer by a third. */
static bool aes_run(struct aes *a, uint8_t *to, const uint8_t *from, size_t n)
{
	a->ready &= EVP_Cipher(a->c, to, from, (unsigned)n) > 0;
	return a->ready;
}

static void xor_block(uint8_t *to, const uint8_t *with)
{
	for (size_t i = 0; i < BLOCK; i++)
		to[i] ^= with[i];
}

/* RFC 3962 5: CBC from zeros whose last two blocks are swapped and whose last is cut to the length of the
 * text; n >= BLOCK, in place. */
static bool cts_encrypt(struct aes *a, uint8_t *text, size_t n)
{
	size_t tail = (n - 1) % BLOCK + 1, body = n - tail;
	uint8_t last[BLOCK] = { 0 };

	xor_block(text, a->chain);
	if (!body) {
		if (!aes_run(a, text, text, n))
			return false;
		memcpy(a->chain, text, BLOCK);
		return true;
	}
	memcpy(last, text + body, tail);
	if (!aes_run(a, text, text, body) || !aes_run(a, last, last, BLOCK))
		return false;
	memcpy(text + body, text + body - BLOCK, tail);
	memcpy(text + body - BLOCK, last, BLOCK);
	memcpy(a->chain, last, BLOCK);
	return true;
}

/* to may be from. */
static bool cts_decrypt(struct aes *a, uint8_t *to, const uint8_t *from, size_t n)
{
	size_t tail = (n - 1) % BLOCK + 1, body = n - tail;
	uint8_t before[BLOCK] = { 0 }, swapped[BLOCK], cut[BLOCK], last[BLOCK];

	memcpy(cut, from + body, tail);
	if (!body) {
		if (!aes_run(a, to, from, n))
			return false;
		xor_block(to, a->chain);
		memcpy(a->chain, cut, BLOCK);
		return true;
	}
	if (body > BLOCK)
		memcpy(before, from + body - 2 * BLOCK, BLOCK);
	memcpy(swapped, from + body - BLOCK, BLOCK);
	if (!aes_run(a, to, from, body))
		return false;
	xor_block(to, a->chain);
	/* The swapped block stands in the place of the one that was cut, and so was chained to the block
	 * before that. What it opens to is the last of the text, padded with zeros, over the cut block: so it
	 * has the rest of that. */
	memcpy(last, to + body - BLOCK, BLOCK);
	xor_block(last, before);
	memcpy(cut + tail, last + tail, BLOCK - tail);
	xor_block(last, cut);
	if (!aes_run(a, to + body - BLOCK, cut, BLOCK))
		return false;
	xor_block(to + body - BLOCK, swapped); /* which it was chained to */
	xor_block(to + body - BLOCK, before);
	memcpy(to + body, last, tail);
	memcpy(a->chain, cut, BLOCK);
	lw_wipe(last, sizeof last);
	return true;
}

/* ---- keys of a usage ---- */

/* RFC 3961 5.1 and 5.3 */
static int derive_aes(struct lw_krbkey *k, uint32_t usage, size_t what, uint8_t *ret)
{
	uint8_t own[BLOCK];
	const uint8_t *from = usage < FOLDED ? folded[usage][what] : own;
	int err = aes_start(&k->base, ecb[k->e->key_size == 32], k->key, true);

	if (usage >= FOLDED)
		fold(usage, consts[what], own);
	for (size_t at = 0; at < k->e->key_size && !err; at += BLOCK) {
		if (!aes_run(&k->base, ret + at, from, BLOCK))
			err = LW_EINTERNAL;
		from = ret + at;
	}
	return err;
}

/* RFC 8009 3 and 5: the counter 1, the usage and its constant, 0, the length in bits. */
static void derive_sha2(struct lw_krbkey *k, uint32_t usage, size_t what, uint8_t *ret, size_t n)
{
	uint8_t in[14] = { 0, 0, 0, 1, (uint8_t)(usage >> 24), (uint8_t)(usage >> 16), (uint8_t)(usage >> 8),
		(uint8_t)usage, consts[what], 0, 0, 0, (uint8_t)(n * 8 >> 8), (uint8_t)(n * 8) };
	uint8_t mac[64];

	if (!k->base_mac_ready) {
		mac_set(&k->base_mac, k->p, k->key, k->e->key_size);
		k->base_mac_ready = true;
	}
	mac_run(&k->base_mac, k->p, (struct lw_bytes){ in, sizeof in }, (struct lw_bytes){ NULL, 0 }, mac);
	memcpy(ret, mac, n);
	lw_wipe(mac, sizeof mac);
}

static int derive(struct lw_krbkey *k, uint32_t usage, size_t what, uint8_t *ret, size_t n)
{
	if (!k->e->sha2)
		return derive_aes(k, usage, what, ret);
	derive_sha2(k, usage, what, ret, n);
	return LW_OK;
}

static int slot_of(struct lw_krbkey *k, uint32_t usage, struct slot **ret)
{
	struct slot *s;

	if (!k->e)
		return LW_EINVAL;
	for (size_t i = 0; i < SLOTS && k->slot[i]; i++)
		if (k->slot[i]->used && k->slot[i]->usage == usage) {
			*ret = k->slot[i];
			return LW_OK;
		}
	s = k->slot[k->next];
	if (!s && !(s = k->slot[k->next] = calloc(1, sizeof *s)))
		return LW_ENOMEM;
	k->next = (k->next + 1) % SLOTS;
	s->usage = usage;
	s->used = true;
	s->have_ke = s->have_mac[SEAL] = s->have_mac[SUM] = s->enc.ready = s->dec.ready = false;
	*ret = s;
	return LW_OK;
}

static int cipher_of(struct lw_krbkey *k, struct slot *s, bool encrypt)
{
	int err = LW_OK;

	if (!s->have_ke)
		err = derive(k, s->usage, 0, s->ke, k->e->key_size);
	s->have_ke = !err;
	return err ? err : aes_start(encrypt ? &s->enc : &s->dec, cbc[k->e->key_size == 32], s->ke, encrypt);
}

static int mac_of(struct lw_krbkey *k, struct slot *s, enum kind kind)
{
	uint8_t key[32];
	int err;

	if (s->have_mac[kind])
		return LW_OK;
	err = derive(k, s->usage, kind == SEAL ? 1 : 2, key, k->e->mac_key);
	if (!err)
		mac_set(&s->mac[kind], k->p, key, k->e->mac_key);
	s->have_mac[kind] = !err;
	lw_wipe(key, sizeof key);
	return err;
}

/* ---- what callers see ---- */

size_t lw_krb_sealed_size(const struct lw_enctype *e, size_t plain)
{
	return BLOCK + plain + e->mac;
}

int lw_krb_encrypt(struct lw_krbkey *k, uint32_t usage, struct lw_bytes plain, uint8_t *ret)
{
	size_t n = BLOCK + plain.n;
	struct lw_bytes text = { ret, n }, iv = { zero, sizeof zero }, none = { NULL, 0 };
	uint8_t mac[64];
	struct slot *s;
	int err;

	if (plain.n > INT_MAX - LW_KRB_OVERHEAD)
		return LW_ELIMIT;
	err = slot_of(k, usage, &s);
	if (!err)
		err = mac_of(k, s, SEAL);
	if (!err)
		err = cipher_of(k, s, true);
	if (err)
		return err;
	lw_random(ret, BLOCK);
	if (plain.n)
		memcpy(ret + BLOCK, plain.p, plain.n);
	if (!k->e->sha2)
		mac_run(&s->mac[SEAL], k->p, text, none, mac);
	if (!cts_encrypt(&s->enc, ret, n)) {
		lw_wipe(ret, n);
		return LW_EINTERNAL;
	}
	if (k->e->sha2)
		mac_run(&s->mac[SEAL], k->p, iv, text, mac);
	memcpy(ret + n, mac, k->e->mac);
	return LW_OK;
}

int lw_krb_decrypt(struct lw_krbkey *k, uint32_t usage, struct lw_bytes cipher, uint8_t *ret, size_t *ret_n)
{
	struct lw_bytes iv = { zero, sizeof zero }, none = { NULL, 0 }, text, tag;
	uint8_t mac[64];
	struct slot *s;
	int err;

	err = slot_of(k, usage, &s);
	if (!err && (cipher.n < BLOCK + k->e->mac || cipher.n > INT_MAX))
		err = LW_EAUTH;
	if (!err)
		err = mac_of(k, s, SEAL);
	if (!err)
		err = cipher_of(k, s, false);
	if (err)
		return err;
	text = (struct lw_bytes){ cipher.p, cipher.n - k->e->mac };
	tag = (struct lw_bytes){ cipher.p + text.n, k->e->mac };
	if (k->e->sha2) {
		mac_run(&s->mac[SEAL], k->p, iv, text, mac);
		if (!lw_eq_secret(tag, (struct lw_bytes){ mac, tag.n }))
			return LW_EAUTH;
	}
	if (!cts_decrypt(&s->dec, ret, text.p, text.n)) {
		err = LW_EINTERNAL;
	} else if (!k->e->sha2) {
		mac_run(&s->mac[SEAL], k->p, (struct lw_bytes){ ret, text.n }, none, mac);
		if (!lw_eq_secret(tag, (struct lw_bytes){ mac, tag.n }))
			err = LW_EAUTH;
	}
	if (err) {
		lw_wipe(ret, text.n);
		return err;
	}
	memmove(ret, ret + BLOCK, text.n - BLOCK);
	*ret_n = text.n - BLOCK;
	return LW_OK;
}

int32_t lw_krb_cksumtype(const struct lw_enctype *e)
{
	return e->cksumtype;
}

size_t lw_krb_cksum_size(const struct lw_enctype *e)
{
	return e->mac;
}

int lw_krb_cksum(struct lw_krbkey *k, uint32_t usage, struct lw_bytes data, uint8_t ret[LW_KRB_CKSUM])
{
	uint8_t mac[64];
	struct slot *s;
	int err = slot_of(k, usage, &s);

	if (!err)
		err = mac_of(k, s, SUM);
	if (err)
		return err;
	mac_run(&s->mac[SUM], k->p, data, (struct lw_bytes){ NULL, 0 }, mac);
	memcpy(ret, mac, k->e->mac);
	return LW_OK;
}

int lw_krb_cksum_verify(
        struct lw_krbkey *k, int32_t cksumtype, uint32_t usage, struct lw_bytes data, struct lw_bytes cksum)
{
	uint8_t want[LW_KRB_CKSUM];
	int err;

	if (!k->e || cksumtype != k->e->cksumtype)
		return LW_EUNSUPPORTED;
	if (cksum.n != k->e->mac)
		return LW_EAUTH;
	err = lw_krb_cksum(k, usage, data, want);
	if (!err && !lw_eq_secret(cksum, (struct lw_bytes){ want, k->e->mac }))
		err = LW_EAUTH;
	return err;
}
