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

	if (p < &ca_profiles[CA_TLS_SERVER] || p >= &ca_profiles[ca_nprofiles] ||
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

/* A leaf with an issuer's key could sign as that issuer. Both are canonical DER. */
static bool issuers_key(const struct ca_signer *s, struct lw_bytes spki)
{
	for (size_t i = 0; i < s->c.n; i++) {
		if (lw_eq(s->spki[i], spki))
			return true;
	}
	return false;
}

/* The root is not sent along. */
static int put_pem(const struct ca_signer *s, struct lw_bytes der, struct lw_arena *a, struct lw_bytes *ret)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "-----END CERTIFICATE-----\n";
	const char *text = lw_base64(a, der);
	size_t n = text ? strlen(text) : 0;
	char *pem = text ? lw_alloc(a, sizeof(begin) + n + n / 64 + 1 + sizeof(end) + s->chain.n) : NULL, *p = pem;

	if (!pem)
		return LW_ENOMEM;
	p = mempcpy(p, begin, sizeof(begin) - 1);
	for (size_t at = 0; at < n; at += 64) {
		p = mempcpy(p, text + at, n - at < 64 ? n - at : 64);
		*p++ = '\n';
	}
	p = mempcpy(p, end, sizeof(end) - 1);
	p = mempcpy(p, s->chain.p, s->chain.n);
	*ret = (struct lw_bytes){ (const uint8_t *)pem, (size_t)(p - pem) };
	return LW_OK;
}

static struct ca_expect expect(const struct ca_order *o, struct lw_bytes spki, const struct ca_name *names,
        size_t n, const X509_NAME *subject)
{
	return (struct ca_expect){ o->profile, .spki = spki, .serial = o->serial, .subject = subject,
		.names = names, .n_names = n, .pointers = o->pointers, .now = o->now, .life = life_of(o) };
}

static int issue(const struct ca_signer *s, const struct ca_csr *csr, const struct ca_order *o,
        struct lw_arena *a, struct ca_issued *ret, char why[200])
{
	char cn[65];
	const char *name = ca_common_name(o, cn);
	X509_NAME *subject = ca_subject(&o->tenant, &o->subject, name); /* for the lint */
	struct ca_built built;
	struct ca_expect want;
	struct lw_bytes pem;
	enum ca_lint_rule rule;
	int err;

	if (!subject)
		return ca_fail("the leaf's subject", why);
	if (issuers_key(s, csr->spki)) {
		err = ca_refuse(LW_EUNSUPPORTED, why, "this is the key of a CA");
		goto out;
	}
	err = ca_build(s, o, csr->spki, csr->names, csr->n_names, name, life_of(o), a, &built);
	if (!err)
		err = put_pem(s, built.der, a, &pem);
	if (err) {
		ca_refuse(err, why, "%s", lw_strerror(err));
		goto out;
	}
	want = expect(o, csr->spki, csr->names, csr->n_names, subject);
	if (ca_lint_against(built.der, &s->c, &want, &rule, why))
		err = LW_EINTERNAL;
	else
		*ret = (struct ca_issued){ built.der, pem, built.not_before, built.not_after };
out:
	X509_NAME_free(subject);
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
	return err ? err : issue(signer, csr, o, a, ret, why);
}

int ca_leaf(const struct ca_issuer *issuer, struct lw_bytes der, const struct ca_order *o,
        const struct ca_owner *owner, struct lw_arena *a, struct ca_issued *ret, char why[200])
{
	struct ca_signer *s;
	struct ca_csr csr;
	int err = ca_csr_read(der, a, &csr, why);

	if (!err)
		err = ca_signer_new(issuer, &s, why);
	if (err)
		return err;
	err = ca_leaf_by(s, &csr, o, owner, a, ret, why);
	ca_signer_free(s);
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
