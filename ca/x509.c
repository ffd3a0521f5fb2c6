/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/x509.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "base/crypto.h"
#include "base/err.h"

int ca_fail(const char *what, char why[200])
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	snprintf(why, 200, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	return LW_EINTERNAL;
}

int ca_refuse(int err, char why[200], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, 200, fmt, ap);
	va_end(ap);
	ERR_clear_error();
	return err;
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

int ca_take(unsigned char *p, int n, struct lw_arena *a, struct lw_bytes *ret)
{
	struct lw_bytes b = { NULL, 0 };

	if (n > 0)
		b = lw_dup(a, (struct lw_bytes){ p, (size_t)n });
	OPENSSL_free(p);
	if (!b.p)
		return LW_ENOMEM;
	*ret = b;
	return LW_OK;
}

int64_t ca_time(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * LW_SECOND : 0;
}

int64_t ca_not_before(const X509 *x)
{
	return ca_time(X509_get0_notBefore(x));
}

int64_t ca_not_after(const X509 *x)
{
	return ca_time(X509_get0_notAfter(x));
}

const EVP_MD *ca_digest(EVP_PKEY *key)
{
	int bits = EVP_PKEY_is_a(key, "EC") ? EVP_PKEY_get_bits(key) : 0;

	return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
}

/* ---- serials: positive, at most 20 octets (RFC 5280 4.1.2.2) ---- */
void ca_serial(uint8_t ret[CA_SERIAL])
{
	lw_random(ret, CA_SERIAL);
	ret[0] = (uint8_t)((ret[0] & 0x7f) | 0x40);
}

bool ca_serial_good(struct lw_bytes s)
{
	return s.n >= CA_SERIAL && s.n <= 20 && s.p[0] >= 1 && s.p[0] <= 0x7f;
}

ASN1_INTEGER *ca_serial_make(struct lw_bytes s)
{
	BIGNUM *n = BN_bin2bn(s.p, (int)s.n, NULL);
	ASN1_INTEGER *i = n ? BN_to_ASN1_INTEGER(n, NULL) : NULL;

	BN_free(n);
	return i;
}

/* ---- an issuer ---- */
void ca_chain_done(struct ca_chain *c)
{
	EVP_PKEY_free(c->key);
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->x[i]);
	*c = (struct ca_chain){ 0 };
}

int ca_chain_certs(struct lw_bytes pem, struct ca_chain *ret, char why[200])
{
	BIO *bio = pem.n > 0 && pem.n <= 65536 ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	struct ca_chain c = { 0 };
	X509 *x;

	while (bio && c.n < CA_MAX_CHAIN && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		c.x[c.n++] = x;
	BIO_free(bio);
	ERR_clear_error(); /* the end of the text is an error to OpenSSL */
	if (c.n == 0)
		return ca_refuse(LW_EINVAL, why, "the issuer's certificate does not load");
	*ret = c;
	return LW_OK;
}

int ca_chain_load(const struct ca_issuer *from, struct ca_chain *ret, char why[200])
{
	struct ca_chain c;
	int err = ca_chain_certs(from->pem, &c, why);

	if (err)
		return err;
	c.key = ca_get_key(from->key);
	if (!c.key || X509_check_private_key(c.x[0], c.key) != 1) {
		ca_fail("the issuer's key and certificate do not load, or do not belong together", why);
		ca_chain_done(&c);
		return LW_EINVAL;
	}
	*ret = c;
	return LW_OK;
}

const char *ca_key_usage(const struct ca_profile *p, EVP_PKEY *key)
{
	return p->rsa_usage && EVP_PKEY_is_a(key, "RSA") ? p->rsa_usage : p->key_usage;
}

/* ---- one certificate ---- */
static bool set_serial(X509 *x, struct lw_bytes serial)
{
	uint8_t b[CA_SERIAL];
	ASN1_INTEGER *i;
	bool ok;

	if (serial.n == 0) {
		ca_serial(b);
		serial = (struct lw_bytes){ b, sizeof(b) };
	}
	i = ca_serial_make(serial);
	ok = i && X509_set_serialNumber(x, i) == 1;
	ASN1_INTEGER_free(i);
	return ok;
}

static bool set_times(X509 *x, const X509 *issuer, int64_t now, int64_t life)
{
	time_t from = (time_t)(now / LW_SECOND) - CA_BACKDATE_SECONDS;
	time_t to = (time_t)(now / LW_SECOND) + (time_t)(life / LW_SECOND);

	if (!ASN1_TIME_set(X509_getm_notBefore(x), from) || !ASN1_TIME_set(X509_getm_notAfter(x), to))
		return false;
	if (issuer && X509_cmp_time(X509_get0_notAfter(issuer), &to) < 0)
		return X509_set1_notAfter(x, X509_get0_notAfter(issuer)) == 1;
	return true;
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

static GENERAL_NAME *url_name(const char *url)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	if (g && s && ASN1_STRING_set(s, url, -1)) {
		GENERAL_NAME_set0_value(g, GEN_URI, s);
		return g;
	}
	ASN1_IA5STRING_free(s);
	GENERAL_NAME_free(g);
	return NULL;
}

static bool push_access(AUTHORITY_INFO_ACCESS *aia, int method, const char *url)
{
	ACCESS_DESCRIPTION *d;
	GENERAL_NAME *g;

	if (!url)
		return true;
	d = ACCESS_DESCRIPTION_new();
	g = url_name(url);
	if (d && g) {
		ASN1_OBJECT_free(d->method);
		GENERAL_NAME_free(d->location);
		d->method = OBJ_nid2obj(method);
		d->location = g;
		if (sk_ACCESS_DESCRIPTION_push(aia, d) > 0)
			return true;
		g = NULL;
	}
	GENERAL_NAME_free(g);
	ACCESS_DESCRIPTION_free(d);
	return false;
}

static bool add_access(X509 *x, const struct ca_pointers *p)
{
	AUTHORITY_INFO_ACCESS *aia;
	bool ok;

	if (!p->issuer && !p->ocsp)
		return true;
	aia = AUTHORITY_INFO_ACCESS_new();
	ok = aia && push_access(aia, NID_ad_OCSP, p->ocsp) &&
	     push_access(aia, NID_ad_ca_issuers, p->issuer) &&
	     X509_add1_ext_i2d(x, NID_info_access, aia, 0, 0) == 1;
	AUTHORITY_INFO_ACCESS_free(aia);
	return ok;
}

static bool add_crl(X509 *x, const char *url)
{
	CRL_DIST_POINTS *points;
	DIST_POINT *d;
	GENERAL_NAME *g;
	bool ok = false;

	if (!url)
		return true;
	points = CRL_DIST_POINTS_new();
	d = DIST_POINT_new();
	g = url_name(url);
	if (d && (d->distpoint = DIST_POINT_NAME_new())) {
		d->distpoint->type = 0; /* fullName */
		d->distpoint->name.fullname = GENERAL_NAMES_new();
		ok = g && points && d->distpoint->name.fullname &&
		     sk_GENERAL_NAME_push(d->distpoint->name.fullname, g) > 0;
		if (ok)
			g = NULL;
	}
	ok = ok && sk_DIST_POINT_push(points, d) > 0;
	if (ok)
		d = NULL;
	ok = ok && X509_add1_ext_i2d(x, NID_crl_distribution_points, points, 0, 0) == 1;
	GENERAL_NAME_free(g);
	DIST_POINT_free(d);
	CRL_DIST_POINTS_free(points);
	return ok;
}

static bool add_exts(X509 *x, const struct ca_spec *s)
{
	const struct ca_profile *p = s->profile;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, s->issuer ? s->issuer : x, x, NULL, NULL, 0);
	return add_ext(x, &ctx, NID_basic_constraints, p->basic_constraints) &&
	       add_ext(x, &ctx, NID_key_usage, ca_key_usage(p, s->key)) &&
	       add_ext(x, &ctx, NID_ext_key_usage, p->ext_key_usage) &&
	       add_ext(x, &ctx, NID_subject_key_identifier, "hash") &&
	       add_ext(x, &ctx, NID_authority_key_identifier, "keyid:always") &&
	       (!s->alt || X509_add1_ext_i2d(x, NID_subject_alt_name, s->alt,
	                           X509_NAME_entry_count(s->subject) == 0, 0) == 1) &&
	       (!s->constraints || X509_add1_ext_i2d(x, NID_name_constraints, s->constraints, 1, 0) == 1) &&
	       (!s->pointers || (add_access(x, s->pointers) && add_crl(x, s->pointers->crl)));
}

X509 *ca_make(const struct ca_spec *s, char why[200])
{
	X509 *x = X509_new();
	int64_t life = s->life ? s->life : (int64_t)s->profile->days * 86400 * LW_SECOND;
	EVP_PKEY *signer = s->issuer ? s->issuer_key : s->key;

	if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x, s->serial) &&
	        set_times(x, s->issuer, s->now, life) && X509_set_subject_name(x, s->subject) &&
	        X509_set_issuer_name(x, s->issuer ? X509_get_subject_name(s->issuer) : s->subject) &&
	        X509_set_pubkey(x, s->key) && add_exts(x, s) && X509_sign(x, signer, ca_digest(signer)) > 0)
		return x;
	ca_fail(s->profile->name, why);
	X509_free(x);
	return NULL;
}
