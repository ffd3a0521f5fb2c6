/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sigkey.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/der.h"
#include "base/err.h"

#define RSA_MIN 2048
#define RSA_MAX (8 * LW_SIG_MAX)
#define KINDS   (LW_SIG_ED25519 + 1)
#define HASHES  (LW_SHA512 + 1)

struct lw_sigkey {
	EVP_PKEY *key;
	enum lw_sigkey_type type;
	size_t half; /* octets of r and of s; 0: not ECDSA */
	size_t size;
	/* Ready to sign and copied for each signature: looking the algorithm up again would cost as much as a signature on P-256. */
	EVP_PKEY_CTX *sign[KINDS][HASHES];
};

static const char *const md_names[HASHES] = { [LW_SHA256] = "SHA256", [LW_SHA384] = "SHA384", [LW_SHA512] = "SHA512" };

static const struct {
	enum lw_sigkey_type type;
	const char *name, *group; /* OpenSSL's; group NULL: it has none */
	size_t half, bits;
} types[] = {
	{ LW_KEY_RSA, "RSA", NULL, 0, 0 },
	{ LW_KEY_P256, "EC", "prime256v1", 32, 256 },
	{ LW_KEY_P384, "EC", "secp384r1", 48, 384 },
	{ LW_KEY_ED25519, "ED25519", NULL, 0, 256 },
};
#define NTYPES (sizeof(types) / sizeof(types[0]))

static bool may(const struct lw_sigkey *k, enum lw_sig sig, enum lw_hash hash)
{
	if (hash >= HASHES || !md_names[hash])
		return false;
	return k->type == LW_KEY_RSA ? sig == LW_SIG_RSA || sig == LW_SIG_PSS : k->half && sig == LW_SIG_ECDSA;
}

/* Takes the reference. */
static int take(EVP_PKEY *key, struct lw_sigkey **ret)
{
	struct lw_sigkey *k;
	char group[32] = "";
	size_t i;

	if (!key) {
		ERR_clear_error();
		return LW_EINVAL;
	}
	EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	for (i = 0; i < NTYPES; i++) {
		if (EVP_PKEY_is_a(key, types[i].name) && (!types[i].group || strcmp(types[i].group, group) == 0))
			break;
	}
	ERR_clear_error();
	if (i == NTYPES || (types[i].type == LW_KEY_RSA && (EVP_PKEY_get_bits(key) < RSA_MIN || EVP_PKEY_get_bits(key) > RSA_MAX))) {
		EVP_PKEY_free(key);
		return LW_EUNSUPPORTED;
	}
	k = calloc(1, sizeof(*k));
	if (!k) {
		EVP_PKEY_free(key);
		return LW_ENOMEM;
	}
	k->key = key;
	k->type = types[i].type;
	k->half = types[i].half;
	k->size = k->half ? 2 * k->half : k->type == LW_KEY_ED25519 ? 64 : (size_t)EVP_PKEY_get_size(key);
	*ret = k;
	return LW_OK;
}

/* NULL: out of memory, or not this key's. */
static EVP_PKEY_CTX *ready(const struct lw_sigkey *k, enum lw_sig sig, enum lw_hash hash, bool to_sign)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
	OSSL_PARAM p[4];
	size_t n = 0;

	p[n++] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)(uintptr_t)md_names[hash], 0);
	if (k->type == LW_KEY_RSA)
		p[n++] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE,
		        (char *)(uintptr_t)(sig == LW_SIG_PSS ? OSSL_PKEY_RSA_PAD_MODE_PSS : OSSL_PKEY_RSA_PAD_MODE_PKCSV15), 0);
	if (sig == LW_SIG_PSS)
		p[n++] = OSSL_PARAM_construct_utf8_string(
		        OSSL_SIGNATURE_PARAM_PSS_SALTLEN, (char *)(uintptr_t)OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, 0);
	p[n] = OSSL_PARAM_construct_end();
	if (c && (to_sign ? EVP_PKEY_sign_init_ex(c, p) : EVP_PKEY_verify_init_ex(c, p)) > 0)
		return c;
	ERR_clear_error();
	EVP_PKEY_CTX_free(c);
	return NULL;
}

int lw_sigkey_private(struct lw_bytes pkcs8, struct lw_sigkey **ret)
{
	const unsigned char *p = pkcs8.p;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n);
	EVP_PKEY *key = info && p == pkcs8.p + pkcs8.n ? EVP_PKCS82PKEY(info) : NULL;
	struct lw_sigkey *k = NULL;
	int err;

	PKCS8_PRIV_KEY_INFO_free(info);
	err = take(key, &k);
	for (unsigned sig = LW_SIG_RSA; !err && sig < KINDS; sig++) {
		for (unsigned hash = LW_SHA256; !err && hash < HASHES; hash++) {
			if (!may(k, (enum lw_sig)sig, (enum lw_hash)hash))
				continue;
			k->sign[sig][hash] = ready(k, (enum lw_sig)sig, (enum lw_hash)hash, true);
			if (!k->sign[sig][hash])
				err = LW_ENOMEM;
		}
	}
	if (err)
		lw_sigkey_free(k);
	else
		*ret = k;
	return err;
}

int lw_sigkey_public(struct lw_bytes spki, struct lw_sigkey **ret)
{
	const unsigned char *p = spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.n);

	if (key && p != spki.p + spki.n) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return take(key, ret);
}

int lw_sigkey_cert(struct lw_bytes der, struct lw_sigkey **ret)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	EVP_PKEY *key = x && p == der.p + der.n ? X509_get_pubkey(x) : NULL;

	X509_free(x);
	return take(key, ret);
}

static EVP_PKEY *from_params(const char *name, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *c = params ? EVP_PKEY_CTX_new_from_name(NULL, name, NULL) : NULL;
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_fromdata_init(c) > 0 && EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *rsa_numbers(struct lw_bytes n, struct lw_bytes e)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(e.p, (int)e.n, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key;

	if (b && bn && be && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be))
		params = OSSL_PARAM_BLD_to_param(b);
	key = from_params("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(bn);
	BN_free(be);
	return key;
}

int lw_sigkey_numbers(enum lw_sigkey_type type, struct lw_bytes x, struct lw_bytes y, struct lw_sigkey **ret)
{
	uint8_t point[1 + 2 * 48];
	OSSL_PARAM params[3];

	if (type == LW_KEY_RSA)
		return x.n && y.n && x.n <= LW_SIG_MAX && y.n <= 8 ? take(rsa_numbers(x, y), ret) : LW_EINVAL;
	if (type == LW_KEY_ED25519)
		return x.n == 32 && !y.n ? take(EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x.p, x.n), ret) : LW_EINVAL;
	for (size_t i = 0; i < NTYPES; i++) {
		if (types[i].type != type || x.n != types[i].half || y.n != types[i].half)
			continue;
		point[0] = 4; /* uncompressed */
		memcpy(point + 1, x.p, x.n);
		memcpy(point + 1 + x.n, y.p, y.n);
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)types[i].group, 0);
		params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * x.n);
		params[2] = OSSL_PARAM_construct_end();
		return take(from_params("EC", params), ret);
	}
	return LW_EINVAL;
}

int lw_sigkey_generate(enum lw_sigkey_type type, unsigned bits, struct lw_arena *a, struct lw_bytes *ret)
{
	EVP_PKEY *key = type == LW_KEY_RSA       ? EVP_RSA_gen(bits)
	                : type == LW_KEY_P256    ? EVP_EC_gen("P-256")
	                : type == LW_KEY_P384    ? EVP_EC_gen("P-384")
	                : type == LW_KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
	                                         : NULL;
	PKCS8_PRIV_KEY_INFO *info = key ? EVP_PKEY2PKCS8(key) : NULL;
	unsigned char *der = NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	struct lw_bytes kept = { NULL, 0 };

	ERR_clear_error();
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	if (n > 0)
		kept = lw_dup(a, (struct lw_bytes){ der, (size_t)n });
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	if (n <= 0)
		return LW_EINTERNAL;
	if (!kept.p)
		return LW_ENOMEM;
	*ret = kept;
	return LW_OK;
}

void lw_sigkey_free(struct lw_sigkey *k)
{
	if (!k)
		return;
	for (unsigned sig = 0; sig < KINDS; sig++) {
		for (unsigned hash = 0; hash < HASHES; hash++)
			EVP_PKEY_CTX_free(k->sign[sig][hash]);
	}
	EVP_PKEY_free(k->key);
	free(k);
}

enum lw_sigkey_type lw_sigkey_type(const struct lw_sigkey *k)
{
	return k->type;
}

size_t lw_sigkey_size(const struct lw_sigkey *k)
{
	return k->size;
}

bool lw_sigkey_same(const struct lw_sigkey *a, const struct lw_sigkey *b)
{
	bool same = a->type == b->type && EVP_PKEY_eq(a->key, b->key) == 1;

	ERR_clear_error();
	return same;
}

static int number(const struct lw_sigkey *k, const char *name, size_t size, struct lw_arena *a, struct lw_bytes *ret)
{
	BIGNUM *bn = NULL;
	size_t n;
	uint8_t *p;
	int err = LW_EINTERNAL;

	if (EVP_PKEY_get_bn_param(k->key, name, &bn) == 1) {
		n = size ? size : (size_t)BN_num_bytes(bn);
		p = lw_alloc(a, n);
		err = !p ? LW_ENOMEM : BN_bn2binpad(bn, p, (int)n) == (int)n ? LW_OK : LW_EINTERNAL;
		if (!err)
			*ret = (struct lw_bytes){ p, n };
	}
	BN_free(bn);
	ERR_clear_error();
	return err;
}

int lw_sigkey_public_numbers(const struct lw_sigkey *k, struct lw_arena *a, struct lw_bytes *ret_x, struct lw_bytes *ret_y)
{
	struct lw_bytes x = { NULL, 0 }, y = { NULL, 0 };
	uint8_t *raw;
	size_t n = 32;
	int err;

	if (k->type == LW_KEY_ED25519) {
		raw = lw_alloc(a, n);
		err = raw && EVP_PKEY_get_raw_public_key(k->key, raw, &n) == 1 ? LW_OK : LW_EINTERNAL;
		x = (struct lw_bytes){ raw, n };
	} else {
		err = number(k, k->half ? OSSL_PKEY_PARAM_EC_PUB_X : OSSL_PKEY_PARAM_RSA_N, k->half, a, &x);
		if (!err)
			err = number(k, k->half ? OSSL_PKEY_PARAM_EC_PUB_Y : OSSL_PKEY_PARAM_RSA_E, k->half, a, &y);
	}
	if (!err) {
		*ret_x = x;
		*ret_y = y;
	}
	return err;
}

/* ---- r and s ---- */
static bool raw_of(struct lw_bytes der, size_t half, uint8_t *ret)
{
	struct lw_der d, in;

	lw_der_init(&d, der);
	in = lw_der_enter(&d, LW_DER_SEQUENCE);
	for (size_t i = 0; i < 2; i++) {
		struct lw_bytes b = lw_der_get(&in, LW_DER_INTEGER);

		while (b.n && !b.p[0])
			b = (struct lw_bytes){ b.p + 1, b.n - 1 };
		if (!b.p || b.n > half)
			return false;
		memset(ret + i * half, 0, half - b.n);
		memcpy(ret + (i + 1) * half - b.n, b.p, b.n);
	}
	lw_der_leave(&d, &in);
	return lw_der_end(&d) == LW_OK;
}

/* INTEGER of a positive number: no zeros in front but one where the first bit is set. */
static void put_number(struct lw_der_writer *w, const uint8_t *p, size_t n)
{
	static const uint8_t zero;
	size_t mark = lw_der_mark(w);

	while (n > 1 && !p[0]) {
		p++;
		n--;
	}
	lw_der_put_raw(w, (struct lw_bytes){ p, n });
	if (p[0] & 0x80)
		lw_der_put_raw(w, (struct lw_bytes){ &zero, 1 });
	lw_der_wrap(w, LW_DER_INTEGER, mark);
}

static struct lw_bytes der_of(struct lw_bytes raw, uint8_t *buf, size_t size)
{
	struct lw_der_writer w;
	size_t mark, half = raw.n / 2;

	lw_der_writer_init(&w, buf, size);
	mark = lw_der_mark(&w);
	put_number(&w, raw.p + half, half);
	put_number(&w, raw.p, half);
	lw_der_wrap(&w, LW_DER_SEQUENCE, mark);
	return lw_der_written(&w);
}

int lw_sigkey_sign_x509(const struct lw_sigkey *k, enum lw_sig sig, enum lw_hash hash, const uint8_t *digest, uint8_t *ret, size_t *ret_n)
{
	size_t n = LW_SIG_MAX;
	EVP_PKEY_CTX *c;
	bool done;

	if (!may(k, sig, hash) || !k->sign[sig][hash])
		return LW_EINVAL;
	c = EVP_PKEY_CTX_dup(k->sign[sig][hash]);
	done = c && EVP_PKEY_sign(c, ret, &n, digest, lw_hash_size(hash)) > 0;
	ERR_clear_error();
	EVP_PKEY_CTX_free(c);
	if (!done)
		return LW_EINTERNAL;
	*ret_n = n;
	return LW_OK;
}

int lw_sigkey_sign(const struct lw_sigkey *k, enum lw_sig sig, enum lw_hash hash, const uint8_t *digest, uint8_t *ret)
{
	uint8_t out[LW_SIG_MAX];
	size_t n;
	int err = lw_sigkey_sign_x509(k, sig, hash, digest, out, &n);

	if (err)
		return err;
	if (k->half)
		return raw_of((struct lw_bytes){ out, n }, k->half, ret) ? LW_OK : LW_EINTERNAL;
	if (n != k->size)
		return LW_EINTERNAL;
	memcpy(ret, out, n);
	return LW_OK;
}

int lw_sigkey_verify(const struct lw_sigkey *k, enum lw_sig sig, enum lw_hash hash, const uint8_t *digest, struct lw_bytes signature)
{
	uint8_t der[2 * 48 + 16];
	EVP_PKEY_CTX *c;
	int err;

	if (!may(k, sig, hash))
		return LW_EINVAL;
	if (signature.n != k->size)
		return LW_EAUTH;
	c = ready(k, sig, hash, false);
	if (!c)
		return LW_EINTERNAL;
	if (k->half)
		signature = der_of(signature, der, sizeof(der));
	err = signature.p && EVP_PKEY_verify(c, signature.p, signature.n, digest, lw_hash_size(hash)) == 1 ? LW_OK : LW_EAUTH;
	ERR_clear_error();
	EVP_PKEY_CTX_free(c);
	return err;
}

int lw_sigkey_verify_ed25519(const struct lw_sigkey *k, struct lw_bytes message, struct lw_bytes signature)
{
	EVP_MD_CTX *c;
	int err;

	if (k->type != LW_KEY_ED25519)
		return LW_EINVAL;
	c = EVP_MD_CTX_new();
	err = c && EVP_DigestVerifyInit_ex(c, NULL, NULL, NULL, NULL, k->key, NULL) == 1 &&
	                      EVP_DigestVerify(c, signature.p, signature.n, message.p, message.n) == 1
	              ? LW_OK
	              : LW_EAUTH;
	ERR_clear_error();
	EVP_MD_CTX_free(c);
	return err;
}
