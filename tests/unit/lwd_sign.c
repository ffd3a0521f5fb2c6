/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd_sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/err.h"

int sign_request(struct lw_bytes csr, struct lw_arena *arena, struct lw_bytes *ret_pem)
{
	const unsigned char *p = csr.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)csr.n);
	EVP_PKEY *ca = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;
	int r = LW_EINVAL;

	if (req == NULL || ca == NULL || cert == NULL || bio == NULL ||
		X509_REQ_verify(req, X509_REQ_get0_pubkey(req)) != 1)
		goto out;
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"ca", -1, -1, 0);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, X509_REQ_get0_pubkey(req));
	if (X509_sign(cert, ca, EVP_sha256()) <= 0 || PEM_write_bio_X509(bio, cert) != 1)
		goto out;
	n = BIO_get_mem_data(bio, &text);
	*ret_pem = lw_dup(arena, (struct lw_bytes){ (const uint8_t *)text, (size_t)n });
	r = ret_pem->p == NULL ? LW_ENOMEM : LW_OK;
out:
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(ca);
	X509_REQ_free(req);
	return r;
}
