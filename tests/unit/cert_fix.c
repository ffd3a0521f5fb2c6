/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cert_fix.h"

#include <stdio.h>
#include <string.h>
#include <openssl/x509v3.h>

#include "base/crypto.h"
#include "base/err.h"
#include "ca/x509.h"

int cert_fix_keys(const struct cert_fix *f)
{
	struct store_op op = { .kind = STORE_TENANT_KEYS };
	struct store_result res = { 0 };
	struct lw_session *s;
	int64_t next;
	size_t n;
	int err = keys_due(f->keys, f->tenant, f->arena, &op.secrets, &n, &next);

	if (!err)
		err = store_session_role(f->store, f->tenant, STORE_ROLE_UPKEEP, &s);
	if (err)
		return err;
	op.nsecrets = 1;
	for (size_t i = 0; !err && i < n; i++, op.secrets++)
		err = store_write(s, &op, &res);
	store_session_free(s);
	return err;
}

static int as_operator(const struct cert_fix *f, struct store_op *op, struct keys_token *ret)
{
	struct store_result res = { 0 };
	struct lw_session *s;
	struct lw_cap cap;
	int err = keys_operator(f->keys, f->tenant, ret, &cap);

	if (!err)
		err = store_session_cap(f->store, &cap, &s);
	if (err)
		return err;
	err = store_write(s, op, &res);
	store_session_free(s);
	return err;
}

int cert_fix_intent(const struct cert_fix *f, const struct lw_uuid *subject, const char *profile, uint8_t ret_serial[16])
{
	struct store_op op = { .kind = STORE_CERT_INTENT,
		.record = { .serial = { ret_serial, 16 }, .profile = lw_str(profile), .subject = *subject } };
	struct keys_token token;

	lw_random(ret_serial, 16);
	ret_serial[0] = (uint8_t)((ret_serial[0] & 0x3f) | 0x40);
	return as_operator(f, &op, &token);
}

struct lw_bytes cert_fix_csr(EVP_PKEY *key, const char *dns, struct lw_arena *arena)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	struct lw_bytes ret = { NULL, 0 };
	char san[300];
	int n;

	X509_REQ_set_version(req, 0);
	X509_REQ_set_pubkey(req, key);
	if (dns) {
		snprintf(san, sizeof san, "DNS:%s", dns);
		sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
		X509_REQ_add_extensions(req, exts);
	}
	if (X509_REQ_sign(req, key, EVP_sha256()) > 0 && (n = i2d_X509_REQ(req, &der)) > 0)
		ret = lw_dup(arena, (struct lw_bytes){ der, (size_t)n });
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_REQ_free(req);
	return ret;
}

int cert_fix_issued(const struct cert_fix *f, const uint8_t serial[16], struct lw_bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	struct store_op op = { .kind = STORE_CERT_ISSUED, .record = { .serial = { serial, 16 }, .der = der } };
	struct keys_token token;

	op.record.not_before = ca_not_before(x);
	op.record.not_after = ca_not_after(x);
	X509_free(x);
	return as_operator(f, &op, &token);
}

int cert_fix_issue(const struct cert_fix *f, const struct lw_uuid *subject, const char *profile, const char *dns, EVP_PKEY *key,
        struct keys_cert *ret, uint8_t ret_serial[16])
{
	struct keys_cert_order order = { .tenant = f->tenant,
		.subject = *subject,
		.profile = profile,
		.serial = { ret_serial, 16 },
		.csr = cert_fix_csr(key, dns, f->arena) };
	struct keys_token token;
	struct lw_cap cap;
	char why[200] = "";
	int err = cert_fix_intent(f, subject, profile, ret_serial);

	if (!err)
		err = keys_operator(f->keys, f->tenant, &token, &cap);
	if (!err)
		err = keys_cert(f->keys, (struct lw_bytes){ token.b, token.n }, &order, f->arena, ret, why);
	if (err) {
		fprintf(stderr, "%s: %s\n", lw_errname(err), why);
		return err;
	}
	return cert_fix_issued(f, ret_serial, ret->der);
}

int cert_fix_revoke(const struct cert_fix *f, const uint8_t serial[16])
{
	struct store_op op = { .kind = STORE_CERT_REVOKE, .record = { .serial = { serial, 16 }, .reason = 4 } };
	struct keys_token token;

	return as_operator(f, &op, &token);
}
