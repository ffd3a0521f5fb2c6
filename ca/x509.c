/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/x509.h"

#include <stdio.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "base/crypto.h"
#include "base/err.h"
#include "ca/ca.h"

int ca_fail(const char *what, char why[200])
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	snprintf(why, 200, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	return LW_EINTERNAL;
}

EVP_PKEY *ca_new_key(void)
{
	return EVP_EC_gen("P-256");
}

int ca_put_key(EVP_PKEY *key, struct lw_arena *a, struct lw_bytes *ret)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int n = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	int err = LW_ENOMEM;

	if (n > 0) {
		struct lw_bytes b = lw_dup(a, (struct lw_bytes){ der, (size_t)n });

		if (b.p) {
			*ret = b;
			err = LW_OK;
		}
		OPENSSL_clear_free(der, (size_t)n);
	}
	PKCS8_PRIV_KEY_INFO_free(p8);
	return err;
}

EVP_PKEY *ca_get_key(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
	EVP_PKEY *key = p8 && p == der.p + der.n ? EVP_PKCS82PKEY(p8) : NULL;

	PKCS8_PRIV_KEY_INFO_free(p8);
	return key;
}

int ca_put_pem(X509 *const *certs, size_t n, struct lw_arena *a, struct lw_bytes *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct lw_bytes b = { NULL, 0 };
	bool ok = bio != NULL;
	char *p = NULL;
	long len;

	for (size_t i = 0; i < n && ok; i++)
		ok = PEM_write_bio_X509(bio, certs[i]) == 1;
	if (ok && (len = BIO_get_mem_data(bio, &p)) > 0)
		b = lw_dup(a, (struct lw_bytes){ (const uint8_t *)p, (size_t)len });
	BIO_free(bio);
	if (!b.p)
		return LW_ENOMEM;
	*ret = b;
	return LW_OK;
}

X509 *ca_get_pem(struct lw_bytes pem)
{
	BIO *bio = pem.n <= 65536 ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x;
}

/* Positive, never zero, 127 random bits: RFC 5280 4.1.2.2 allows 20 octets. */
static bool set_serial(X509 *x)
{
	uint8_t b[16];
	BIGNUM *n;
	bool ok;

	lw_random(b, sizeof(b));
	b[0] = (uint8_t)((b[0] & 0x7f) | 0x40);
	n = BN_bin2bn(b, sizeof(b), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool set_times(X509 *x, const X509 *issuer, int64_t now, int days)
{
	time_t from = (time_t)(now / LW_SECOND) - CA_BACKDATE_SECONDS;
	time_t to = (time_t)(now / LW_SECOND) + (time_t)days * 86400;

	if (!ASN1_TIME_set(X509_getm_notBefore(x), from) || !ASN1_TIME_set(X509_getm_notAfter(x), to))
		return false;
	if (issuer && X509_cmp_time(X509_get0_notAfter(issuer), &to) < 0)
		return X509_set1_notAfter(x, X509_get0_notAfter(issuer)) == 1;
	return true;
}

static bool set_subject(X509_NAME *name, const char *organization, const char *common_name)
{
	/* upper bounds of RFC 5280: 64 characters; the names that count stand in subjectAltName */
	return (!organization || X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
	                                 (const unsigned char *)organization, -1, -1, 0)) &&
	       (!common_name || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                                (const unsigned char *)common_name, -1, -1, 0));
}

static bool add_ext(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e;
	bool ok;

	if (!value)
		return true;
	e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

X509 *ca_build_for(const struct ca_profile *p, EVP_PKEY *subject_key, const X509_NAME *subject,
        GENERAL_NAMES *alt, X509 *issuer, EVP_PKEY *issuer_key, int64_t now, char why[200])
{
	X509 *x = X509_new();
	X509V3_CTX ctx;
	bool ok;

	ok = x && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	     set_times(x, issuer, now, p->days) && X509_set_subject_name(x, subject) &&
	     X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x)) &&
	     X509_set_pubkey(x, subject_key);
	if (ok) {
		X509V3_set_ctx(&ctx, issuer ? issuer : x, x, NULL, NULL, 0);
		ok = add_ext(x, &ctx, NID_basic_constraints, p->basic_constraints) &&
		     add_ext(x, &ctx, NID_key_usage, p->key_usage) &&
		     add_ext(x, &ctx, NID_ext_key_usage, p->ext_key_usage) &&
		     add_ext(x, &ctx, NID_subject_key_identifier, "hash") &&
		     add_ext(x, &ctx, NID_authority_key_identifier, "keyid:always") &&
		     (!alt || X509_add1_ext_i2d(x, NID_subject_alt_name, alt,
		                      X509_NAME_entry_count(X509_get_subject_name(x)) == 0, 0));
	}
	if (!ok || X509_sign(x, issuer ? issuer_key : subject_key, EVP_sha256()) <= 0) {
		ca_fail(p->name, why);
		X509_free(x);
		return NULL;
	}
	return x;
}

X509 *ca_build(const struct ca_profile *p, EVP_PKEY *subject_key, const char *organization,
        const char *common_name, GENERAL_NAMES *alt, X509 *issuer, EVP_PKEY *issuer_key, int64_t now,
        char why[200])
{
	X509_NAME *name = X509_NAME_new();
	X509 *x = NULL;

	if (name && set_subject(name, organization, common_name))
		x = ca_build_for(p, subject_key, name, alt, issuer, issuer_key, now, why);
	else
		ca_fail("subject", why);
	X509_NAME_free(name);
	return x;
}
