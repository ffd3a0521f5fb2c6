/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant's intermediate, and what its name means in certificates. */
#include "ca/ca.h"

#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"
#include "ca/x509.h"

#define UB 64 /* RFC 5280 appendix A: ub-organization-name, ub-common-name */

/* ---- keys ---- */
static EVP_PKEY *ec_key(unsigned bits)
{
	return EVP_EC_gen(bits == 384 ? "P-384" : "P-256");
}

static EVP_PKEY *rsa_key(unsigned bits)
{
	return EVP_RSA_gen(bits);
}

static const struct {
	const char *name;
	EVP_PKEY *(*make)(unsigned bits);
	unsigned bits;
} kinds[] = {
	{ "p256", ec_key, 256 },
	{ "p384", ec_key, 384 },
	{ "rsa2048", rsa_key, 2048 },
	{ "rsa3072", rsa_key, 3072 },
};

int ca_new_private(const char *kind, struct lw_arena *a, struct lw_bytes *ret_key, char why[200])
{
	EVP_PKEY *key;
	int err;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, kind) != 0)
			continue;
		key = kinds[i].make(kinds[i].bits);
		err = key ? ca_put_key(key, a, ret_key) : LW_EINTERNAL;
		if (err)
			ca_fail("new key", why);
		EVP_PKEY_free(key);
		return err;
	}
	return ca_refuse(LW_EINVAL, why, "no such kind of key: \"%.60s\"", kind);
}

/* ---- names ---- */
bool ca_tenant_good(const struct ca_tenant *t)
{
	size_t n = strlen(t->name);

	return n > 0 && n <= CA_MAX_NAME && strchr(t->name, '.') &&
	       strspn(t->name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n && t->name[0] != '.' &&
	       !lw_uuid_zero(&t->uuid);
}

static bool add(X509_NAME *name, int nid, const char *text)
{
	return !text || X509_NAME_add_entry_by_NID(
	                        name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static const char *organization(const struct ca_tenant *t, char uuid[LW_UUID_TEXT])
{
	lw_uuid_format(&t->uuid, uuid);
	return strlen(t->name) <= UB ? t->name : uuid;
}

X509_NAME *ca_subject(const struct ca_tenant *t, const struct lw_uuid *uuid, const char *common_name)
{
	X509_NAME *name = X509_NAME_new();
	char org[LW_UUID_TEXT], serial[LW_UUID_TEXT];

	lw_uuid_format(uuid, serial);
	if (name && add(name, NID_organizationName, organization(t, org)) &&
	        add(name, NID_serialNumber, serial) && add(name, NID_commonName, common_name))
		return name;
	X509_NAME_free(name);
	return NULL;
}

X509_NAME *ca_tenant_subject(const struct ca_tenant *t)
{
	char cn[CA_MAX_NAME + 4], org[LW_UUID_TEXT];

	snprintf(cn, sizeof(cn), "%s CA", t->name);
	if (strlen(cn) > UB)
		snprintf(cn, sizeof(cn), "%s CA", organization(t, org));
	if (strlen(cn) > UB) /* a name of 62 to 64 octets */
		snprintf(cn, sizeof(cn), "CA");
	return ca_subject(t, &t->uuid, cn);
}

/* ---- constraints ---- */
/* Takes the name, also when it fails. */
static bool push(STACK_OF(GENERAL_SUBTREE) * list, GENERAL_NAME *g)
{
	GENERAL_SUBTREE *s = g ? GENERAL_SUBTREE_new() : NULL;

	if (!s) {
		GENERAL_NAME_free(g);
		return false;
	}
	GENERAL_NAME_free(s->base);
	s->base = g;
	if (sk_GENERAL_SUBTREE_push(list, s) > 0)
		return true;
	GENERAL_SUBTREE_free(s);
	return false;
}

static GENERAL_NAME *string_name(int type, const void *p, int n)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *s = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	if (g && s && ASN1_STRING_set(s, p, n)) {
		GENERAL_NAME_set0_value(g, type, s);
		return g;
	}
	ASN1_STRING_free(s);
	GENERAL_NAME_free(g);
	return NULL;
}

static GENERAL_NAME *directory_name(const struct ca_tenant *t)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	X509_NAME *name = X509_NAME_new();
	char org[LW_UUID_TEXT];

	if (g && name && add(name, NID_organizationName, organization(t, org))) {
		GENERAL_NAME_set0_value(g, GEN_DIRNAME, name);
		return g;
	}
	X509_NAME_free(name);
	GENERAL_NAME_free(g);
	return NULL;
}

NAME_CONSTRAINTS *ca_tenant_constraints(const struct ca_tenant *t)
{
	static const uint8_t everywhere[32]; /* address and mask, all zero: every address */
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	char below[CA_MAX_NAME + 2];

	snprintf(below, sizeof(below), ".%s", t->name);
	if (nc && (nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null()) &&
	        (nc->excludedSubtrees = sk_GENERAL_SUBTREE_new_null()) &&
	        push(nc->permittedSubtrees, string_name(GEN_DNS, t->name, -1)) &&
	        push(nc->permittedSubtrees, string_name(GEN_EMAIL, t->name, -1)) &&
	        push(nc->permittedSubtrees, string_name(GEN_EMAIL, below, -1)) &&
	        push(nc->permittedSubtrees, string_name(GEN_URI, t->name, -1)) &&
	        push(nc->permittedSubtrees, string_name(GEN_URI, below, -1)) &&
	        push(nc->permittedSubtrees, directory_name(t)) &&
	        push(nc->excludedSubtrees, string_name(GEN_IPADD, everywhere, 8)) &&
	        push(nc->excludedSubtrees, string_name(GEN_IPADD, everywhere, 32)))
		return nc;
	NAME_CONSTRAINTS_free(nc);
	return NULL;
}

/* ---- the certificate ---- */
int ca_may_issue(const struct ca_chain *c, struct lw_bytes serial, int64_t now, char why[200])
{
	if (!ca_serial_good(serial))
		return ca_refuse(LW_EINVAL, why, "a serial of %zu octets, or not positive", serial.n);
	if (now >= ca_not_after(c->x[0]))
		return ca_refuse(LW_EEXPIRED, why, "the issuer's certificate has expired");
	return LW_OK;
}

static int make(const struct ca_spec *s, const struct ca_chain *c, struct lw_arena *a,
        struct lw_bytes *ret_pem, char why[200])
{
	struct ca_expect want = { s->profile, .serial = s->serial, .subject = s->subject,
		.constraints = s->constraints, .pointers = s->pointers, .now = s->now };
	X509 *x = ca_make(s, why);
	unsigned char *der = NULL, *spki = NULL;
	enum ca_lint_rule rule;
	int n, m, err = LW_EINTERNAL;

	if (!x)
		return err;
	n = i2d_X509(x, &der);
	m = i2d_PUBKEY(s->key, &spki);
	if (n <= 0 || m <= 0) {
		ca_fail("certificate", why);
		goto out;
	}
	want.spki = (struct lw_bytes){ spki, (size_t)m };
	err = ca_lint_against((struct lw_bytes){ der, (size_t)n }, c, &want, &rule, why);
	if (err)
		err = LW_EINTERNAL;
	else
		err = ca_put_pem(&x, 1, a, ret_pem);
out:
	OPENSSL_free(der);
	OPENSSL_free(spki);
	X509_free(x);
	return err;
}

int ca_tenant_cert_by(const struct ca_signer *installation, const struct ca_tenant *t, struct lw_bytes key, struct lw_bytes serial,
        const struct ca_pointers *pointers, int64_t now, struct lw_arena *a, struct lw_bytes *ret_pem, char why[200])
{
	const struct ca_chain *c = &installation->c;
	EVP_PKEY *k = NULL;
	X509_NAME *subject = NULL;
	NAME_CONSTRAINTS *nc = NULL;
	int err;

	if (!ca_tenant_good(t))
		return ca_refuse(LW_EINVAL, why, "the tenant's name is not canonical, or its UUID is zero");
	err = ca_may_issue(c, serial, now, why);
	if (err)
		return err;
	k = ca_get_key(key);
	subject = ca_tenant_subject(t);
	nc = ca_tenant_constraints(t);
	if (!k || !subject || !nc) {
		ca_fail("the tenant's key, name or constraints", why);
		err = k ? LW_ENOMEM : LW_EINVAL;
		goto out;
	}
	err = ca_key_check(k, why);
	if (!err)
		err = make(&(struct ca_spec){ .profile = &ca_profiles[CA_TENANT],
		                   .key = k,
		                   .subject = subject,
		                   .constraints = nc,
		                   .pointers = pointers,
		                   .serial = serial,
		                   .issuer = c->x[0],
		                   .issuer_key = c->key,
		                   .now = now },
		        c, a, ret_pem, why);
out:
	NAME_CONSTRAINTS_free(nc);
	X509_NAME_free(subject);
	EVP_PKEY_free(k);
	return err;
}

int ca_tenant_cert(const struct ca_issuer *installation, const struct ca_tenant *t, struct lw_bytes key,
        struct lw_bytes serial, const struct ca_pointers *pointers, int64_t now, struct lw_arena *a,
        struct lw_bytes *ret_pem, char why[200])
{
	struct ca_signer s = { .c = { 0 } };
	int err = ca_chain_load(installation, &s.c, why);

	if (!err)
		err = ca_tenant_cert_by(&s, t, key, serial, pointers, now, a, ret_pem, why);
	ca_chain_done(&s.c);
	return err;
}

int64_t ca_renew_at(struct lw_bytes pem)
{
	X509 *x = ca_get_pem(pem);
	int64_t end, ret = 0;

	if (x) {
		end = ca_not_after(x);
		ret = end - (end - ca_not_before(x)) / 3;
	}
	X509_free(x);
	return ret;
}

static bool good_base(const char *base)
{
	size_t n = strlen(base);

	return n > 8 && n <= 512 && base[n - 1] != '/' &&
	       (strncmp(base, "http://", 7) == 0 || strncmp(base, "https://", 8) == 0) &&
	       strspn(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/[]~") == n;
}

int ca_pointers(const char *base, const char *tenant, struct lw_arena *a, struct ca_pointers *ret)
{
	struct ca_pointers p = { 0 };

	if (!good_base(base))
		return LW_EINVAL;
	if (tenant) {
		p.issuer = lw_printf(a, "%s/ca/%s/ca.cer", base, tenant);
		p.crl = lw_printf(a, "%s/ca/%s/crl", base, tenant);
		p.ocsp = lw_printf(a, "%s/ca/%s/ocsp", base, tenant);
	} else {
		p.issuer = lw_printf(a, "%s/ca/installation.cer", base);
		p.crl = lw_printf(a, "%s/ca/installation.crl", base);
	}
	if (!p.issuer || !p.crl || (tenant && !p.ocsp))
		return LW_ENOMEM;
	*ret = p;
	return LW_OK;
}

int ca_key_pointers(const char *base, const char *tenant, const char *key, struct lw_arena *a, struct ca_pointers *ret)
{
	struct ca_pointers p;
	int err = ca_pointers(base, tenant, a, &p);

	if (err)
		return err;
	p.issuer = lw_printf(a, "%s/ca/%s/cer/%s", base, tenant, key);
	p.crl = lw_printf(a, "%s/ca/%s/crl/%s", base, tenant, key);
	if (!p.issuer || !p.crl)
		return LW_ENOMEM;
	*ret = p;
	return LW_OK;
}
