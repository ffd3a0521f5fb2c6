/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509v3.h>
#include "base/err.h"
#include "ca/x509.h"

static const int curves[] = { NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1 };

static bool good_key(EVP_PKEY *key)
{
	char group[64];
	size_t n;
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= 2048 && bits <= 8192;
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof(group), &n) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (OBJ_sn2nid(group) == curves[i])
			return true;
	}
	return false;
}

int ca_csr_key(struct lw_bytes csr, struct lw_arena *a, struct lw_bytes *ret, char why[200])
{
	const unsigned char *p = csr.p;
	unsigned char *der = NULL;
	X509_REQ *req = NULL;
	EVP_PKEY *key;
	int n, err = LW_EINVAL;

	if (csr.n == 0 || csr.n > CA_MAX_CSR) {
		ca_fail("the certificate request is empty or too long", why);
		return LW_EINVAL;
	}
	req = d2i_X509_REQ(NULL, &p, (long)csr.n);
	if (!req || p != csr.p + csr.n) {
		ca_fail("not a certificate request", why);
		goto out;
	}
	key = X509_REQ_get0_pubkey(req);
	if (!key || !good_key(key)) {
		ca_fail("the key is neither ECDSA on P-256, P-384 or P-521 nor RSA of 2048 to 8192 bits",
		        why);
		err = LW_EUNSUPPORTED;
		goto out;
	}
	if (X509_REQ_verify(req, key) != 1) {
		ca_fail("the certificate request is not signed with its key", why);
		err = LW_EAUTH;
		goto out;
	}
	n = i2d_PUBKEY(key, &der);
	if (n <= 0) {
		err = ca_fail("public key", why);
		goto out;
	}
	*ret = lw_dup(a, (struct lw_bytes){ der, (size_t)n });
	err = ret->p ? LW_OK : LW_ENOMEM;
out:
	OPENSSL_free(der);
	X509_REQ_free(req);
	return err;
}
