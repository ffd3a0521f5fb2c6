/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests: the proven key, and the names that are asked for. */
#include "ca/ca.h"

#include <string.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "base/err.h"
#include "ca/x509.h"

int ca_csr_der(struct lw_bytes in, struct lw_arena *a, struct lw_bytes *ret, char why[200])
{
	char *name = NULL, *header = NULL;
	unsigned char *p = NULL;
	long n = 0;
	BIO *bio;
	bool ok;
	int err;

	if (in.n > 0 && in.p[0] == 0x30) { /* a SEQUENCE; no text begins with "0" here */
		*ret = in;
		return LW_OK;
	}
	bio = in.n > 0 && in.n <= CA_MAX_CSR_TEXT ? BIO_new_mem_buf(in.p, (int)in.n) : NULL;
	ok = bio && PEM_read_bio(bio, &name, &header, &p, &n) == 1 && n > 0 && *header == '\0' &&
	     (strcmp(name, PEM_STRING_X509_REQ) == 0 || strcmp(name, PEM_STRING_X509_REQ_OLD) == 0);
	err = ok ? ca_take(p, (int)n, a, ret) : ca_refuse(LW_EINVAL, why, "not a certificate request, neither DER nor PEM");
	if (!ok)
		OPENSSL_free(p);
	OPENSSL_free(name);
	OPENSSL_free(header);
	BIO_free(bio);
	return err;
}

/* A curve stands in the key by its name only (RFC 5480 2.1.1), its point uncompressed. */
static bool plain_form(X509_PUBKEY *k)
{
	const unsigned char *p;
	X509_ALGOR *alg;
	int type, n;

	if (X509_PUBKEY_get0_param(NULL, &p, &n, &alg, k) != 1)
		return false;
	X509_ALGOR_get0(NULL, &type, NULL, alg);
	return type == V_ASN1_NULL || /* RSA's */
	       (type == V_ASN1_OBJECT && n > 1 && p[0] == POINT_CONVERSION_UNCOMPRESSED);
}

static int open_csr(struct lw_bytes csr, X509_REQ **ret, char why[200])
{
	const unsigned char *p = csr.p;
	X509_REQ *req;
	EVP_PKEY *key;
	int err = LW_EINVAL;

	if (csr.n == 0 || csr.n > CA_MAX_CSR)
		return ca_refuse(err, why, "the certificate request is empty or too long");
	req = d2i_X509_REQ(NULL, &p, (long)csr.n);
	if (!req || p != csr.p + csr.n) {
		ca_fail("not a certificate request", why);
		goto out;
	}
	key = X509_REQ_get0_pubkey(req);
	if (!key || !plain_form(X509_REQ_get_X509_PUBKEY(req))) {
		ca_fail("neither an RSA key nor an ECDSA key with a named curve and an uncompressed point",
		        why);
		err = LW_EUNSUPPORTED;
		goto out;
	}
	err = ca_key_check(key, why);
	if (err)
		goto out;
	if (X509_REQ_verify(req, key) != 1) {
		ca_fail("the certificate request is not signed with its key", why);
		err = LW_EAUTH;
		goto out;
	}
	*ret = req;
	req = NULL;
out:
	X509_REQ_free(req);
	return err;
}

/* How many lists of extensions? OpenSSL would look at the first only. */
static int lists(const X509_REQ *req)
{
	int n = 0;

	for (int i = 0; i < X509_REQ_get_attr_count(req); i++) {
		X509_ATTRIBUTE *at = X509_REQ_get_attr(req, i);
		int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object(at));

		if (nid == NID_ext_req || nid == NID_ms_ext_req)
			n += X509_ATTRIBUTE_count(at);
	}
	return n;
}

static int read_names(X509_REQ *req, struct lw_arena *a, struct ca_csr *ret, char why[200])
{
	STACK_OF(X509_EXTENSION) *exts = NULL;
	GENERAL_NAMES *names = NULL;
	int n = lists(req), crit, err = LW_EINVAL;

	if (n == 0)
		return LW_OK;
	if (n == 1)
		exts = X509_REQ_get_extensions(req);
	if (!exts)
		return ca_refuse(err, why, "the certificate request's extensions can't be read");
	names = X509V3_get_d2i(exts, NID_subject_alt_name, &crit, NULL);
	if (names)
		err = ca_names_read(names, a, &ret->names, &ret->n_names, why);
	else if (crit == -1)
		err = LW_OK; /* none */
	else
		ca_fail("the certificate request's subjectAltName can't be read, or is there twice", why);
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return err;
}

static int put_key(X509_REQ *req, struct lw_arena *a, struct lw_bytes *ret)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(X509_REQ_get0_pubkey(req), &der);

	return ca_take(der, n, a, ret);
}

int ca_csr_key(struct lw_bytes csr, struct lw_arena *a, struct lw_bytes *ret, char why[200])
{
	X509_REQ *req;
	int err = open_csr(csr, &req, why);

	if (err)
		return err;
	err = put_key(req, a, ret);
	X509_REQ_free(req);
	return err;
}

int ca_csr_read(struct lw_bytes csr, struct lw_arena *a, struct ca_csr *ret, char why[200])
{
	struct ca_csr got = { 0 };
	X509_REQ *req;
	int err = open_csr(csr, &req, why);

	if (err)
		return err;
	err = read_names(req, a, &got, why);
	if (!err)
		err = put_key(req, a, &got.spki);
	if (!err)
		*ret = got;
	X509_REQ_free(req);
	return err;
}
