/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant's intermediate issues. */
#include "ca/ca.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>
#include "base/err.h"
#include "base/text.h"
#include "ca/x509.h"

static int64_t life_of(const struct ca_order *o)
{
	int64_t most = (int64_t)o->profile->days * 86400 * LW_SECOND;

	return o->life > 0 && o->life < most ? o->life : most;
}

/* ---- names ---- */
/* The domain that a name hangs on, in lower case: what the tenant must be or be above of. */
static void domain_of(const struct ca_name *n, char ret[CA_MAX_NAME + 1])
{
	const char *s = n->text, *at = strchr(s, '@'), *uri = strstr(s, "://");

	if (n->kind == CA_NAME_URI && uri)
		s = uri + 3;
	else if ((n->kind == CA_NAME_EMAIL || n->kind == CA_NAME_UPN) && at)
		s = at + 1;
	snprintf(ret, CA_MAX_NAME + 1, "%.*s", (int)strcspn(s, "/"), s);
	for (char *c = ret; n->kind == CA_NAME_REALM && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
}

static bool reserved(const struct ca_owner *w, const char *host)
{
	for (size_t i = 0; i < w->n_reserved; i++) {
		if (strcmp(w->reserved[i], host) == 0)
			return true;
	}
	return false;
}

static int check_name(
        const struct ca_order *o, const struct ca_owner *w, const struct ca_name *n, char why[200])
{
	const char *kind = ca_name_kind_text(n->kind), *tenant = o->tenant.name;
	char domain[CA_MAX_NAME + 1];
	bool host = n->kind == CA_NAME_DNS;

	domain_of(n, domain);
	if (!(n->kind & o->profile->names))
		return ca_refuse(LW_EACCES, why, "profile %s has no %s names", o->profile->name, kind);
	if (n->kind == CA_NAME_REALM ? strcmp(domain, tenant) != 0 : !ca_domain_within(domain, tenant))
		return ca_refuse(LW_EACCES, why, "\"%.100s\" is not in the tenant", n->text);
	if (host && (strcmp(domain, tenant) == 0 || reserved(w, domain)))
		return ca_refuse(LW_EACCES, why, "\"%.100s\" is reserved", n->text);
	if (!w->owns || !w->owns(w->ctx, n))
		return ca_refuse(LW_EACCES, why, "\"%.100s\" is not the subject's %s name", n->text, kind);
	return LW_OK;
}

int ca_names_check(
        const struct ca_order *o, const struct ca_owner *w, const struct ca_name *v, size_t n, char why[200])
{
	const struct ca_profile *p = o->profile;
	unsigned seen = 0;

	if (p < &ca_profiles[CA_TLS_SERVER] || p >= &ca_profiles[CA_PROFILES] ||
	        __builtin_popcount(o->who) != 1 || !(p->who & o->who))
		return ca_refuse(LW_EACCES, why, "the profile is not for this subject");
	for (size_t i = 0; i < n; i++) {
		int err = check_name(o, w, &v[i], why);

		if (err)
			return err;
		seen |= v[i].kind;
	}
	if (p->needs && !(seen & p->needs))
		return ca_refuse(LW_EACCES, why, "profile %s needs a %s name", p->name,
		        ca_name_kind_text((enum ca_name_kind)p->needs));
	return LW_OK;
}

/* ---- the subject's common name ---- */
static bool reads_as_dns(const char *s)
{
	return strchr(s, '.') &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(s);
}

static bool within_nocase(const char *s, const char *tenant)
{
	size_t n = strlen(s), t = strlen(tenant);

	return n > t && s[n - t - 1] == '.' && strcasecmp(s + n - t, tenant) == 0;
}

const char *ca_common_name(const struct ca_order *o, char buf[65])
{
	const char *s = o->name ? o->name : "";
	int n;

	for (const char *c = s; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return NULL;
	}
	if (!*s || !lw_utf8_valid(lw_str(s)))
		return NULL;
	if (reads_as_dns(s) && !within_nocase(s, o->tenant.name))
		n = snprintf(buf, 65, "%s@%s", s, o->tenant.name);
	else
		n = snprintf(buf, 65, "%s", s);
	return n <= 64 ? buf : NULL;
}

/* ---- issuing ---- */
/* Is this the tenant's intermediate? */
static bool is_tenants(const struct ca_chain *c, const struct ca_tenant *t)
{
	X509_NAME *name = ca_tenant_subject(t);
	bool is = name && X509_NAME_cmp(name, X509_get_subject_name(c->x[0])) == 0;

	X509_NAME_free(name);
	return is;
}

/* A leaf with an issuer's key could sign as that issuer. */
static bool issuers_key(const struct ca_chain *c, EVP_PKEY *key)
{
	for (size_t i = 0; i < c->n; i++) {
		if (EVP_PKEY_eq(X509_get0_pubkey(c->x[i]), key) == 1)
			return true;
	}
	return false;
}

static X509 *build(const struct ca_chain *c, const struct ca_order *o, const struct ca_csr *csr,
        EVP_PKEY *key, X509_NAME *subject, char why[200])
{
	GENERAL_NAMES *alt = ca_general_names(csr->names, csr->n_names);
	X509 *x = NULL;

	if (alt)
		x = ca_make(&(struct ca_spec){ .profile = o->profile,
		                    .key = key,
		                    .subject = subject,
		                    .alt = csr->n_names ? alt : NULL,
		                    .pointers = o->pointers,
		                    .serial = o->serial,
		                    .issuer = c->x[0],
		                    .issuer_key = c->key,
		                    .now = o->now,
		                    .life = life_of(o) },
		        why);
	else
		ca_fail("names", why);
	GENERAL_NAMES_free(alt);
	return x;
}

static int put(X509 *x, const struct ca_chain *c, struct lw_arena *a, struct ca_issued *ret)
{
	struct ca_issued got = { .not_before = ca_not_before(x), .not_after = ca_not_after(x) };
	X509 *chain[CA_MAX_CHAIN + 1] = { x };
	unsigned char *der = NULL;
	size_t n = 1;
	int len = i2d_X509(x, &der), err = ca_take(der, len, a, &got.der);

	for (size_t i = 0; i < c->n; i++) {
		if (!(X509_get_extension_flags(c->x[i]) & EXFLAG_SS)) /* the root is not sent along */
			chain[n++] = c->x[i];
	}
	if (!err)
		err = ca_put_pem(chain, n, a, &got.pem);
	if (!err)
		*ret = got;
	return err;
}

static struct ca_expect expect(const struct ca_order *o, struct lw_bytes spki, const struct ca_name *names,
        size_t n, const X509_NAME *subject)
{
	return (struct ca_expect){ o->profile, .spki = spki, .serial = o->serial, .subject = subject,
		.names = names, .n_names = n, .pointers = o->pointers, .now = o->now, .life = life_of(o) };
}

static int issue(const struct ca_chain *c, const struct ca_csr *csr, const struct ca_order *o,
        struct lw_arena *a, struct ca_issued *ret, char why[200])
{
	const unsigned char *p = csr->spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)csr->spki.n);
	char cn[65];
	X509_NAME *subject = ca_subject(&o->tenant, &o->subject, ca_common_name(o, cn));
	struct ca_issued got;
	struct ca_expect want;
	enum ca_lint_rule rule;
	X509 *x = NULL;
	int err = LW_EINTERNAL;

	if (!key || !subject) {
		ca_fail("the leaf's key or subject", why);
		goto out;
	}
	if (issuers_key(c, key)) {
		err = ca_refuse(LW_EUNSUPPORTED, why, "this is the key of a CA");
		goto out;
	}
	x = build(c, o, csr, key, subject, why);
	if (!x)
		goto out;
	err = put(x, c, a, &got);
	if (err) {
		ca_refuse(err, why, "%s", lw_strerror(err));
		goto out;
	}
	want = expect(o, csr->spki, csr->names, csr->n_names, subject);
	if (ca_lint_against(got.der, c, &want, &rule, why))
		err = LW_EINTERNAL;
	else
		*ret = got;
out:
	X509_NAME_free(subject);
	EVP_PKEY_free(key);
	X509_free(x);
	return err;
}

int ca_leaf_by(const struct ca_signer *signer, const struct ca_csr *csr, const struct ca_order *o, const struct ca_owner *owner,
        struct lw_arena *a, struct ca_issued *ret, char why[200])
{
	const struct ca_chain *c = &signer->c;
	int err;

	if (!ca_tenant_good(&o->tenant) || lw_uuid_zero(&o->subject))
		return ca_refuse(LW_EINVAL, why, "the tenant's or the subject's name or UUID");
	err = ca_names_check(o, owner, csr->names, csr->n_names, why);
	if (err)
		return err;
	if (!is_tenants(c, &o->tenant))
		return ca_refuse(LW_EINVAL, why, "the issuer is not the tenant's");
	err = ca_may_issue(c, o->serial, o->now, why);
	return err ? err : issue(c, csr, o, a, ret, why);
}

int ca_leaf(const struct ca_issuer *issuer, struct lw_bytes der, const struct ca_order *o,
        const struct ca_owner *owner, struct lw_arena *a, struct ca_issued *ret, char why[200])
{
	struct ca_signer s = { .c = { 0 } };
	struct ca_csr csr;
	int err = ca_csr_read(der, a, &csr, why);

	if (!err)
		err = ca_chain_load(issuer, &s.c, why);
	if (err)
		return err;
	err = ca_leaf_by(&s, &csr, o, owner, a, ret, why);
	ca_chain_done(&s.c);
	return err;
}

int ca_lint(struct lw_bytes der, struct lw_bytes pem, const struct ca_order *o, struct lw_bytes spki,
        const struct ca_name *names, size_t n, enum ca_lint_rule *ret_rule, char why[200])
{
	char cn[65];
	X509_NAME *subject = ca_subject(&o->tenant, &o->subject, ca_common_name(o, cn));
	struct ca_expect want;
	struct ca_chain c = { 0 };
	int err = subject ? ca_chain_certs(pem, &c, why) : ca_refuse(LW_ENOMEM, why, "out of memory");

	if (!err) {
		want = expect(o, spki, names, n, subject);
		err = ca_lint_against(der, &c, &want, ret_rule, why);
	}
	X509_NAME_free(subject);
	ca_chain_done(&c);
	return err;
}
