/* SPDX-License-Identifier: Apache-2.0 */
/* The self-signed certificate in which relying parties are given the signing key. */
#include "saml/saml.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/err.h"

#define BACKDATE (300 * LW_SECOND) /* clocks differ */

static bool extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool done = e && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return done;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *name, int64_t now, int64_t life)
{
	uint8_t serial[16];
	BIGNUM *bn;
	bool done;

	lw_random(serial, sizeof(serial));
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	bn = BN_bin2bn(serial, sizeof(serial), NULL);
	done = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) && X509_set_version(x, X509_VERSION_3) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), (time_t)((now - BACKDATE) / LW_SECOND)) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)((now + life) / LW_SECOND)) &&
	       X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 && X509_set_pubkey(x, key) == 1 &&
	       extension(x, NID_basic_constraints, "critical,CA:FALSE") && extension(x, NID_key_usage, "critical,digitalSignature");
	BN_free(bn);
	return done;
}

int saml_certificate(struct lw_bytes pkcs8, const char *name, int64_t now, int64_t life, struct lw_arena *a, struct lw_bytes *ret)
{
	const unsigned char *p = pkcs8.p;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n);
	EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
	X509 *x = X509_new();
	unsigned char *der = NULL;
	struct lw_bytes kept = { NULL, 0 };
	int n = 0, err = LW_EINTERNAL;

	PKCS8_PRIV_KEY_INFO_free(info);
	if (!key)
		err = LW_EINVAL;
	else if (x && fill(x, key, name, now, life) &&
	         X509_sign(x, key, EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 256 ? EVP_sha384() : EVP_sha256()))
		n = i2d_X509(x, &der);
	if (n > 0) {
		kept = lw_dup(a, (struct lw_bytes){ der, (size_t)n });
		err = kept.p ? LW_OK : LW_ENOMEM;
	}
	if (!err)
		*ret = kept;
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}
