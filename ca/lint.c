/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a certificate that was just built and compares it with what was ordered, rule by rule
 * (CA_LINT_RULES). What two rules would catch is caught by the first. */
#include "ca/ca.h"

#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include "base/der.h"
#include "base/err.h"
#include "ca/x509.h"

struct lint {
	X509 *x;
	struct lw_bytes der;
	const struct ca_chain *c;
	const struct ca_expect *want;
	EVP_PKEY *key;
	struct lw_arena *a;
};

static struct lw_bytes octets(const ASN1_STRING *s)
{
	return (struct lw_bytes){ s ? ASN1_STRING_get0_data(s) : NULL,
		s ? (size_t)ASN1_STRING_length(s) : 0 };
}

/* Does what OpenSSL encoded (p, n; freed here) equal b? */
static bool encodes(unsigned char *p, int n, struct lw_bytes b)
{
	bool same = n > 0 && lw_eq((struct lw_bytes){ p, (size_t)n }, b);

	OPENSSL_free(p);
	return same;
}

static X509_EXTENSION *find(const struct lint *l, int nid)
{
	int i = X509_get_ext_by_NID(l->x, nid, -1);

	return i >= 0 ? X509_get_ext(l->x, i) : NULL;
}

static struct lw_bytes value(const struct lint *l, int nid)
{
	X509_EXTENSION *e = find(l, nid);

	return octets(e ? X509_EXTENSION_get_data(e) : NULL);
}

/* ---- the fields ---- */
/* What we read and write again is what was there. */
static bool encoding(struct lint *l)
{
	struct lw_der d, in;
	struct lw_bytes tbs;
	unsigned char *again = NULL, *whole = NULL;
	int n;
	bool ok;

	lw_der_init(&d, l->der);
	in = lw_der_enter(&d, LW_DER_SEQUENCE);
	tbs = lw_der_whole(&in, LW_DER_SEQUENCE);
	n = i2d_re_X509_tbs(l->x, &again); /* not what was kept from reading, now and later */
	ok = encodes(again, n, tbs);
	n = i2d_X509(l->x, &whole);
	ok = encodes(whole, n, l->der) && ok;
	return ok;
}

static bool version(struct lint *l)
{
	return X509_get_version(l->x) == X509_VERSION_3;
}

static bool serial(struct lint *l)
{
	const ASN1_INTEGER *i = X509_get0_serialNumber(l->x);

	return ASN1_STRING_type(i) == V_ASN1_INTEGER && lw_eq(octets(i), l->want->serial) &&
	       ca_serial_good(l->want->serial);
}

static bool signature(struct lint *l)
{
	EVP_PKEY *k = X509_get0_pubkey(l->c->x[0]);
	int md, nid;

	return X509_NAME_cmp(X509_get_issuer_name(l->x), X509_get_subject_name(l->c->x[0])) == 0 &&
	       OBJ_find_sigid_algs(X509_get_signature_nid(l->x), &md, &nid) == 1 &&
	       md == EVP_MD_get_type(ca_digest(k)) && X509_verify(l->x, k) == 1;
}

static bool validity(struct lint *l)
{
	int64_t now = l->want->now - l->want->now % LW_SECOND, end = ca_not_after(l->c->x[0]);
	int64_t profile = (int64_t)l->want->profile->days * 86400 * LW_SECOND;
	int64_t life = l->want->life && l->want->life < profile ? l->want->life : profile;

	life -= life % LW_SECOND;
	return ca_not_before(l->x) == now - CA_BACKDATE_SECONDS * LW_SECOND &&
	       ca_not_after(l->x) == (now + life < end ? now + life : end);
}

static bool subject(struct lint *l)
{
	const unsigned char *p, *q;
	size_t n, m;

	return X509_NAME_get0_der(X509_get_subject_name(l->x), &p, &n) == 1 &&
	       X509_NAME_get0_der(l->want->subject, &q, &m) == 1 && n == m && memcmp(p, q, n) == 0;
}

static bool key(struct lint *l)
{
	unsigned char *p = NULL;
	char why[200];
	int n = i2d_PUBKEY(l->key, &p);

	return encodes(p, n, l->want->spki) && ca_key_check(l->key, why) == LW_OK;
}

/* ---- extensions ---- */
static bool has_names(const struct ca_expect *w)
{
	return w->n_names > 0;
}

static bool has_constraints(const struct ca_expect *w)
{
	return w->constraints != NULL;
}

static bool has_purpose(const struct ca_expect *w)
{
	return w->profile->ext_key_usage != NULL;
}

static bool has_access(const struct ca_expect *w)
{
	return w->pointers && (w->pointers->issuer || w->pointers->ocsp);
}

static bool has_crl(const struct ca_expect *w)
{
	return w->pointers && w->pointers->crl;
}

static bool always(const struct ca_expect *w)
{
	return w != NULL;
}

static const struct {
	int nid, critical;
	bool (*there)(const struct ca_expect *);
} known[] = {
	{ NID_basic_constraints, 1, always },
	{ NID_key_usage, 1, always },
	{ NID_ext_key_usage, 0, has_purpose },
	{ NID_subject_key_identifier, 0, always },
	{ NID_authority_key_identifier, 0, always },
	{ NID_subject_alt_name, 0, has_names },
	{ NID_name_constraints, 1, has_constraints },
	{ NID_info_access, 0, has_access },
	{ NID_crl_distribution_points, 0, has_crl },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static bool extensions(struct lint *l)
{
	int n = 0;

	for (size_t i = 0; i < N_KNOWN; i++) {
		int at = X509_get_ext_by_NID(l->x, known[i].nid, -1);

		if ((at >= 0) != known[i].there(l->want))
			return false;
		n += at >= 0;
	}
	return n == X509_get_ext_count(l->x); /* one that is there twice, or unknown, makes it more */
}

static bool criticality(struct lint *l)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		X509_EXTENSION *e = find(l, known[i].nid);

		if (e && X509_EXTENSION_get_critical(e) != known[i].critical)
			return false;
	}
	return true;
}

/* Is the extension what the profile's text means? */
static bool as_profile(const struct lint *l, int nid, const char *text)
{
	X509_EXTENSION *e = text ? X509V3_EXT_conf_nid(NULL, NULL, nid, text) : NULL;
	bool same = e ? lw_eq(octets(X509_EXTENSION_get_data(e)), value(l, nid)) : !find(l, nid);

	X509_EXTENSION_free(e);
	return same;
}

static bool basic(struct lint *l)
{
	return as_profile(l, NID_basic_constraints, l->want->profile->basic_constraints);
}

static bool usage(struct lint *l)
{
	return as_profile(l, NID_key_usage, ca_key_usage(l->want->profile, l->key));
}

static bool purpose(struct lint *l)
{
	return as_profile(l, NID_ext_key_usage, l->want->profile->ext_key_usage);
}

/* Exactly the names that were granted, in their order and canonical form, in a form that we read ourselves.
 */
static bool names(struct lint *l)
{
	GENERAL_NAMES *is = X509_get_ext_d2i(l->x, NID_subject_alt_name, NULL, NULL);
	GENERAL_NAMES *should = ca_general_names(l->want->names, l->want->n_names);
	unsigned char *p = NULL;
	struct ca_name *v;
	char why[200];
	size_t n = 0;
	bool ok = should && (is != NULL) == (l->want->n_names > 0);

	if (ok && is) {
		ok = ca_names_read(is, l->a, &v, &n, why) == LW_OK && n == l->want->n_names;
		for (size_t i = 0; ok && i < n; i++)
			ok = ca_names_equal(&v[i], &l->want->names[i]);
		n = (size_t)i2d_GENERAL_NAMES(should, &p);
		ok = encodes(p, (int)n, value(l, NID_subject_alt_name)) && ok;
	}
	GENERAL_NAMES_free(is);
	GENERAL_NAMES_free(should);
	return ok;
}

static bool key_ids(struct lint *l)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(l->x);
	const ASN1_OCTET_STRING *up = X509_get0_authority_key_id(l->x);
	const ASN1_OCTET_STRING *issuers = X509_get0_subject_key_id(l->c->x[0]);
	unsigned char sha1[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	return own && up && issuers && X509_pubkey_digest(l->x, EVP_sha1(), sha1, &n) == 1 &&
	       lw_eq(octets(own), (struct lw_bytes){ sha1, n }) && ASN1_OCTET_STRING_cmp(up, issuers) == 0 &&
	       !X509_get0_authority_issuer(l->x) && !X509_get0_authority_serial(l->x);
}

/* ---- pointers ---- */
static bool is_url(const GENERAL_NAME *g, const char *url)
{
	return url && g->type == GEN_URI && lw_eq(octets(g->d.uniformResourceIdentifier), lw_str(url));
}

static bool access_good(struct lint *l)
{
	AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(l->x, NID_info_access, NULL, NULL);
	const struct ca_pointers *p = l->want->pointers;
	int n = 0;
	bool ok = true;

	if (!aia)
		return !has_access(l->want);
	for (int i = 0; p && i < sk_ACCESS_DESCRIPTION_num(aia) && ok; i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(aia, i);

		ok = is_url(d->location, OBJ_obj2nid(d->method) == NID_ad_OCSP ? p->ocsp : p->issuer) &&
		     (OBJ_obj2nid(d->method) == NID_ad_OCSP || OBJ_obj2nid(d->method) == NID_ad_ca_issuers);
		n++;
	}
	ok = ok && p && n == (p->ocsp != NULL) + (p->issuer != NULL);
	AUTHORITY_INFO_ACCESS_free(aia);
	return ok;
}

static bool crl_good(struct lint *l)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(l->x, NID_crl_distribution_points, NULL, NULL);
	const DIST_POINT *d = points ? sk_DIST_POINT_value(points, 0) : NULL;
	bool ok;

	if (!points)
		return !has_crl(l->want);
	ok = has_crl(l->want) && sk_DIST_POINT_num(points) == 1 && !d->CRLissuer && !d->reasons &&
	     d->distpoint && d->distpoint->type == 0 &&
	     sk_GENERAL_NAME_num(d->distpoint->name.fullname) == 1 &&
	     is_url(sk_GENERAL_NAME_value(d->distpoint->name.fullname, 0), l->want->pointers->crl);
	CRL_DIST_POINTS_free(points);
	return ok;
}

static bool pointers(struct lint *l)
{
	return access_good(l) && crl_good(l);
}

/* ---- the whole ---- */
static bool within(struct lint *l, X509 *ca)
{
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
	bool ok = true, dns = false;

	for (size_t i = 0; i < l->want->n_names; i++)
		dns = dns || l->want->names[i].kind == CA_NAME_DNS;
	if (nc)
		ok = NAME_CONSTRAINTS_check(l->x, nc) == X509_V_OK &&
		     (dns || NAME_CONSTRAINTS_check_CN(l->x, nc) == X509_V_OK);
	NAME_CONSTRAINTS_free(nc);
	return ok;
}

/* Its own are those ordered; and it keeps to those of each that is above it. */
static bool constraints(struct lint *l)
{
	X509_EXTENSION *e = NULL;
	bool ok = true;

	if (l->want->constraints) {
		e = X509V3_EXT_i2d(NID_name_constraints, 1, (void *)(uintptr_t)l->want->constraints);
		ok = e && lw_eq(octets(X509_EXTENSION_get_data(e)), value(l, NID_name_constraints));
		X509_EXTENSION_free(e);
	}
	for (size_t i = 0; i < l->c->n && ok; i++)
		ok = within(l, l->c->x[i]);
	return ok;
}

/* Only the last of the issuers is trusted. */
static bool path(struct lint *l)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509_VERIFY_PARAM *p;
	bool ok = store && ctx && between && X509_STORE_add_cert(store, l->c->x[l->c->n - 1]) == 1;

	for (size_t i = 0; ok && i + 1 < l->c->n; i++)
		ok = sk_X509_push(between, l->c->x[i]) > 0;
	if (ok && X509_STORE_CTX_init(ctx, store, l->x, between) == 1) {
		p = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(p, (time_t)(l->want->now / LW_SECOND));
		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_auth_level(p, 2); /* 112 bits */
		ok = X509_verify_cert(ctx) == 1;
	} else {
		ok = false;
	}
	sk_X509_free(between);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

static bool (*const checks[CA_LINT_COUNT])(struct lint *) = {
	[CA_LINT_ENCODING] = encoding,
	[CA_LINT_VERSION] = version,
	[CA_LINT_SERIAL] = serial,
	[CA_LINT_SIGNATURE] = signature,
	[CA_LINT_VALIDITY] = validity,
	[CA_LINT_SUBJECT] = subject,
	[CA_LINT_KEY] = key,
	[CA_LINT_EXTENSIONS] = extensions,
	[CA_LINT_CRITICALITY] = criticality,
	[CA_LINT_BASIC] = basic,
	[CA_LINT_USAGE] = usage,
	[CA_LINT_PURPOSE] = purpose,
	[CA_LINT_NAMES] = names,
	[CA_LINT_KEYID] = key_ids,
	[CA_LINT_POINTERS] = pointers,
	[CA_LINT_CONSTRAINTS] = constraints,
	[CA_LINT_PATH] = path,
};

static const char *const texts[CA_LINT_COUNT] = {
#define X(id, text) [CA_LINT_##id] = text,
	CA_LINT_RULES(X)
#undef X
};

int ca_lint_against(struct lw_bytes der, const struct ca_chain *c, const struct ca_expect *want,
        enum ca_lint_rule *ret_rule, char why[200])
{
	const unsigned char *p = der.p;
	struct lint l = { .der = der, .c = c, .want = want };
	int rule = CA_LINT_ENCODING;

	l.x = d2i_X509(NULL, &p, (long)der.n);
	l.key = l.x ? X509_get0_pubkey(l.x) : NULL;
	l.a = lw_arena_new(1u << 18, false);
	if (l.x && l.a && p == der.p + der.n) {
		for (; rule < CA_LINT_COUNT; rule++) {
			if ((rule == CA_LINT_KEY && !l.key) || !checks[rule](&l))
				break;
		}
	}
	X509_free(l.x);
	lw_arena_free(l.a);
	if (rule == CA_LINT_COUNT)
		return LW_OK;
	*ret_rule = (enum ca_lint_rule)rule;
	return ca_refuse(LW_EINVAL, why, "%s: refused by the rule \"%s\"", want->profile->name, texts[rule]);
}
