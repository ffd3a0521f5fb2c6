/* SPDX-License-Identifier: Apache-2.0 */
/* The installation's own certificates. */
#include "ca/ca.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"
#include "ca/x509.h"

static const char *organization(const char *hostname)
{
	return *hostname && strlen(hostname) <= 64 && lw_utf8_valid(lw_str(hostname)) ? hostname : "lwd";
}

/* A name of its own for every key, so that two installations' roots are told apart in one trust store. */
static void unique_name(const char *what, char ret[64])
{
	uint8_t b[6];
	char hex[2 * sizeof(b) + 1];

	lw_random(b, sizeof(b));
	lw_hex((struct lw_bytes){ b, sizeof(b) }, hex);
	snprintf(ret, 64, "lwd %s %s", what, hex);
}

static bool add_text(X509_NAME *name, const char *field, const char *text)
{
	return !text || X509_NAME_add_entry_by_txt(
	                        name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

/* The spec with this subject. NULL with why. */
static X509 *build(const struct ca_spec *s, const char *org, const char *common_name, char why[200])
{
	X509_NAME *name = X509_NAME_new();
	struct ca_spec with = *s;
	X509 *x = NULL;

	with.subject = name;
	/* upper bounds of RFC 5280: 64 characters; the names that count stand in subjectAltName */
	if (name && add_text(name, "O", org) && add_text(name, "CN", common_name))
		x = ca_make(&with, why);
	else
		ca_fail("subject", why);
	X509_NAME_free(name);
	return x;
}

static int make_ca(enum ca_profile_id profile, const char *what, const char *hostname, X509 *issuer,
        EVP_PKEY *issuer_key, int64_t now, struct lw_arena *a, struct lw_bytes *ret_key,
        struct lw_bytes *ret_pem, char why[200])
{
	EVP_PKEY *key = ca_new_key();
	struct lw_bytes der, pem;
	X509 *x = NULL;
	char name[64];
	int err = LW_EINTERNAL;

	if (!key) {
		ca_fail("key", why);
		return err;
	}
	unique_name(what, name);
	x = build(&(struct ca_spec){ .profile = &ca_profiles[profile],
	                  .key = key,
	                  .issuer = issuer,
	                  .issuer_key = issuer_key,
	                  .now = now },
	        organization(hostname), name, why);
	if (!x)
		goto out;
	err = ca_put_key(key, a, &der);
	if (!err)
		err = ca_put_pem(&x, 1, a, &pem);
	if (err) {
		snprintf(why, 200, "%s", lw_strerror(err));
		goto out;
	}
	*ret_key = der;
	*ret_pem = pem;
out:
	X509_free(x);
	EVP_PKEY_free(key);
	return err;
}

static int build_root(const char *hostname, int64_t now, struct lw_arena *a, struct lw_bytes *ret_key,
        struct lw_bytes *ret_pem, char why[200])
{
	return make_ca(CA_ROOT, "root CA", hostname, NULL, NULL, now, a, ret_key, ret_pem, why);
}

static int load_issuer(
        struct lw_bytes key, struct lw_bytes pem, EVP_PKEY **ret_key, X509 **ret_x, char why[200])
{
	EVP_PKEY *k = ca_get_key(key);
	X509 *x = ca_get_pem(pem);

	if (k && x && X509_check_private_key(x, k) == 1) {
		*ret_key = k;
		*ret_x = x;
		return LW_OK;
	}
	ca_fail("the issuer's key and certificate do not load, or do not belong together", why);
	EVP_PKEY_free(k);
	X509_free(x);
	return LW_EINVAL;
}

static int build_installation(struct lw_bytes root_key, struct lw_bytes root_pem, const char *hostname,
        int64_t now, struct lw_arena *a, struct lw_bytes *ret_key, struct lw_bytes *ret_pem, char why[200])
{
	EVP_PKEY *rk;
	X509 *rx;
	int err = load_issuer(root_key, root_pem, &rk, &rx, why);

	if (err)
		return err;
	err = make_ca(CA_INSTALLATION, "installation CA", hostname, rx, rk, now, a, ret_key, ret_pem, why);
	EVP_PKEY_free(rk);
	X509_free(rx);
	return err;
}

/* One DNS name (an A-label form) or IP address. */
static bool add_name(GENERAL_NAMES *names, const char *text)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	uint8_t addr[16];
	size_t n = inet_pton(AF_INET, text, addr) == 1 ? 4 : inet_pton(AF_INET6, text, addr) == 1 ? 16 : 0;
	ASN1_STRING *s = n ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	bool ok =
	        g && s &&
	        ASN1_STRING_set(s, n ? (const void *)addr : (const void *)text, (int)(n ? n : strlen(text)));

	if (ok) {
		GENERAL_NAME_set0_value(g, n ? GEN_IPADD : GEN_DNS, s);
		s = NULL;
		ok = sk_GENERAL_NAME_push(names, g) > 0;
		if (ok)
			g = NULL;
	}
	ASN1_STRING_free(s);
	GENERAL_NAME_free(g);
	return ok;
}

static bool good_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 253)
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:") == n;
}

static GENERAL_NAMES *alt_names(const char *list, char first[254], char why[200])
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	char *copy = strdup(list), *at = copy, *one;
	bool ok = names && copy;

	first[0] = '\0';
	while (ok && (one = strsep(&at, ","))) {
		ok = good_name(one) && sk_GENERAL_NAME_num(names) < CA_MAX_NAMES && add_name(names, one);
		if (ok && !first[0])
			snprintf(first, 254, "%s", one);
		if (!ok)
			snprintf(why, 200, "\"%.100s\" can't be a certificate's name", one);
	}
	free(copy);
	if (ok && first[0])
		return names;
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return NULL;
}

static int build_listener(struct lw_bytes ca_key, struct lw_bytes ca_pem, struct lw_bytes csr,
        const char *list, int64_t now, struct lw_arena *a, struct lw_bytes *ret_pem, int64_t *ret_not_after,
        char why[200])
{
	EVP_PKEY *ik = NULL, *key = NULL;
	X509 *issuer = NULL, *x = NULL;
	GENERAL_NAMES *alt = NULL;
	struct lw_bytes spki;
	const unsigned char *p;
	char first[254];
	int err = ca_csr_key(csr, a, &spki, why);

	if (err)
		return err;
	err = load_issuer(ca_key, ca_pem, &ik, &issuer, why);
	if (err)
		return err;
	err = LW_EINVAL;
	alt = alt_names(list, first, why);
	if (!alt)
		goto out;
	p = spki.p;
	key = d2i_PUBKEY(NULL, &p, (long)spki.n);
	if (!key) {
		err = ca_fail("public key", why);
		goto out;
	}
	x = build(&(struct ca_spec){ .profile = &ca_profiles[CA_LISTENER],
	                  .key = key,
	                  .alt = alt,
	                  .issuer = issuer,
	                  .issuer_key = ik,
	                  .now = now },
	        NULL, strlen(first) <= 64 ? first : NULL, why);
	if (!x) {
		err = LW_EINTERNAL;
		goto out;
	}
	err = ca_put_pem((X509 *[]){ x, issuer }, 2, a, ret_pem);
	if (!err)
		*ret_not_after = ca_not_after(x);
out:
	GENERAL_NAMES_free(alt);
	EVP_PKEY_free(key);
	X509_free(x);
	EVP_PKEY_free(ik);
	X509_free(issuer);
	return err;
}

static bool due(const X509 *x, int64_t now)
{
	int64_t life = ca_not_after(x) - ca_not_before(x);

	return now >= ca_not_after(x) - life / 3 || (now > 0 && now < ca_not_before(x));
}

static int build_root_again(struct lw_bytes key, struct lw_bytes pem, int64_t now, struct lw_arena *a, struct lw_bytes *ret_pem, char why[200])
{
	X509 *old = ca_get_pem(pem), *same = NULL, *x = NULL;
	EVP_PKEY *k = NULL;
	int err = LW_EINVAL;

	if (!old) {
		ca_fail("root certificate", why);
		return err;
	}
	err = due(old, now) ? load_issuer(key, pem, &k, &same, why) : LW_EAGAIN;
	if (err)
		goto out;
	x = ca_make(&(struct ca_spec){ .profile = &ca_profiles[CA_ROOT], .key = k, .subject = X509_get_subject_name(old), .now = now }, why);
	err = x ? ca_put_pem(&x, 1, a, ret_pem) : LW_EINTERNAL;
out:
	X509_free(x);
	X509_free(same);
	EVP_PKEY_free(k);
	X509_free(old);
	return err;
}

/* Same key and name: what it issued goes on being valid. */
static int build_again(struct lw_bytes root_key, struct lw_bytes root_pem, struct lw_bytes ca_pem, bool early,
        int64_t now, struct lw_arena *a, struct lw_bytes *ret_pem, char why[200])
{
	X509 *old = ca_get_pem(ca_pem), *rx = NULL, *x = NULL;
	EVP_PKEY *rk = NULL;
	int err = LW_EINVAL;

	if (!old) {
		ca_fail("installation CA certificate", why);
		return err;
	}
	err = !early && !due(old, now) ? LW_EAGAIN : load_issuer(root_key, root_pem, &rk, &rx, why);
	if (err)
		goto out;
	x = ca_make(&(struct ca_spec){ .profile = &ca_profiles[CA_INSTALLATION],
	                    .key = X509_get0_pubkey(old),
	                    .subject = X509_get_subject_name(old),
	                    .issuer = rx,
	                    .issuer_key = rk,
	                    .now = now },
	        why);
	err = x ? ca_put_pem(&x, 1, a, ret_pem) : LW_EINTERNAL;
out:
	X509_free(x);
	X509_free(rx);
	EVP_PKEY_free(rk);
	X509_free(old);
	return err;
}

static int build_renewed(struct lw_bytes root_key, struct lw_bytes root_pem, struct lw_bytes ca_pem,
        int64_t now, struct lw_arena *a, struct lw_bytes *ret_pem, char why[200])
{
	return build_again(root_key, root_pem, ca_pem, false, now, a, ret_pem, why);
}

static int build_anew(struct lw_bytes root_key, struct lw_bytes root_pem, struct lw_bytes ca_pem,
        int64_t now, struct lw_arena *a, struct lw_bytes *ret_pem, char why[200])
{
	return build_again(root_key, root_pem, ca_pem, true, now, a, ret_pem, why);
}

const struct keys_builders ca_builders = { build_root, build_installation, build_listener, build_renewed,
	.anew = build_anew, .renew_root = build_root_again, .leaf_read = ca_leaf_read, .leaf_verify = ca_leaf_verify };
