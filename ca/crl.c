/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists. */
#include "ca/ca.h"

#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include "base/err.h"
#include "ca/x509.h"

/* certificateHold (6) and removeFromCRL (8) take a revocation back: there is no such thing here. */
static const struct {
	int number;
	const char *name;
} reasons[] = {
	{ 0, "unspecified" },
	{ 1, "keyCompromise" },
	{ 2, "cACompromise" },
	{ 3, "affiliationChanged" },
	{ 4, "superseded" },
	{ 5, "cessationOfOperation" },
	{ 9, "privilegeWithdrawn" },
	{ 10, "aACompromise" },
};
#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

int ca_reason(const char *name)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].number;
	}
	return -1;
}

const char *ca_reason_text(int number)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (reasons[i].number == number)
			return reasons[i].name;
	}
	return NULL;
}

static bool add_reason(X509_REVOKED *r, int reason)
{
	ASN1_ENUMERATED *e;
	bool ok;

	if (reason == 0) /* RFC 5280 5.3.1: better left out */
		return true;
	e = ASN1_ENUMERATED_new();
	ok = e && ASN1_ENUMERATED_set(e, reason) &&
	     X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, e, 0, 0) == 1;
	ASN1_ENUMERATED_free(e);
	return ok;
}

static bool add(X509_CRL *crl, const struct ca_revoked *from)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *serial = ca_serial_make(from->serial);
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(from->when / LW_SECOND));
	bool ok = r && serial && when && X509_REVOKED_set_serialNumber(r, serial) == 1 &&
	          X509_REVOKED_set_revocationDate(r, when) == 1 && add_reason(r, from->reason) &&
	          X509_CRL_add0_revoked(crl, r) == 1;

	if (!ok)
		X509_REVOKED_free(r);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	return ok;
}

static bool set_time(X509_CRL *crl, int (*set)(X509_CRL *, const ASN1_TIME *), int64_t at)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)(at / LW_SECOND));
	bool ok = t && set(crl, t) == 1;

	ASN1_TIME_free(t);
	return ok;
}

static bool add_exts(X509_CRL *crl, X509 *issuer, uint64_t number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	X509_EXTENSION *e;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	ok = e && n && X509_CRL_add_ext(crl, e, -1) == 1 && ASN1_INTEGER_set_uint64(n, number) == 1 &&
	     X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;
	X509_EXTENSION_free(e);
	ASN1_INTEGER_free(n);
	return ok;
}

/* After sorting, equal serials are neighbours. */
static bool repeated(X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

	for (int i = 1; i < sk_X509_REVOKED_num(list); i++) {
		if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(list, i - 1)),
		            X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(list, i))) == 0)
			return true;
	}
	return false;
}

static int fill(X509_CRL *crl, const struct ca_chain *c, const struct ca_revoked *v, size_t n, char why[200])
{
	for (size_t i = 0; i < n; i++) {
		if (!ca_serial_good(v[i].serial) || !ca_reason_text(v[i].reason))
			return ca_refuse(LW_EINVAL, why, "revocation list: a bad serial or reason");
		if (!add(crl, &v[i]))
			return ca_fail("revocation list", why);
	}
	if (X509_CRL_sort(crl) != 1)
		return ca_fail("revocation list", why);
	if (repeated(crl))
		return ca_refuse(LW_EINVAL, why, "revocation list: a serial is there twice");
	if (X509_CRL_sign(crl, c->key, ca_digest(c->key)) <= 0)
		return ca_fail("revocation list", why);
	return LW_OK;
}

int ca_crl_by(const struct ca_signer *signer, uint64_t number, const struct ca_revoked *v, size_t n, int64_t now,
        int64_t next, struct lw_arena *a, struct lw_bytes *ret_der, char why[200])
{
	const struct ca_chain *c = &signer->c;
	X509_CRL *crl;
	unsigned char *der = NULL;
	int len, err;

	if (next / LW_SECOND <= now / LW_SECOND)
		return ca_refuse(LW_EINVAL, why, "revocation list: the next one must come later");
	crl = X509_CRL_new();
	if (!crl || !X509_CRL_set_version(crl, X509_CRL_VERSION_2) ||
	        !X509_CRL_set_issuer_name(crl, X509_get_subject_name(c->x[0])) ||
	        !set_time(crl, X509_CRL_set1_lastUpdate, now) ||
	        !set_time(crl, X509_CRL_set1_nextUpdate, next) || !add_exts(crl, c->x[0], number)) {
		err = ca_fail("revocation list", why);
		goto out;
	}
	err = fill(crl, c, v, n, why);
	if (err)
		goto out;
	len = i2d_X509_CRL(crl, &der);
	err = ca_take(der, len, a, ret_der);
out:
	X509_CRL_free(crl);
	return err;
}

int ca_crl(const struct ca_issuer *issuer, uint64_t number, const struct ca_revoked *v, size_t n, int64_t now,
        int64_t next, struct lw_arena *a, struct lw_bytes *ret_der, char why[200])
{
	struct ca_signer s = { .c = { 0 } };
	int err = ca_chain_load(issuer, &s.c, why);

	if (!err)
		err = ca_crl_by(&s, number, v, n, now, next, a, ret_der, why);
	ca_chain_done(&s.c);
	return err;
}
