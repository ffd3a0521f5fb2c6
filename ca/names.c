/* SPDX-License-Identifier: Apache-2.0 */
/* Names in certificates: canonical forms, and to and from GeneralName. */
#include "ca/ca.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <openssl/objects.h>
#include "base/der.h"
#include "base/err.h"
#include "base/text.h"
#include "ca/x509.h"

#define OID_UPN "1.3.6.1.4.1.311.20.2.3"
#define OID_KRB "1.3.6.1.5.2.2"
#define SCHEME  "spiffe://"

static int canon_dns(struct lw_bytes in, struct lw_arena *a, char **ret)
{
	char *s;
	int err = lw_domain_canon(a, in, &s);

	if (!err && !strchr(s, '.'))
		err = LW_EINVAL; /* one label belongs to nobody */
	if (!err)
		*ret = s;
	return err;
}

/* RFC 5322 dot-atom of at most 64 octets, in lower case. */
static char *canon_local(struct lw_bytes in, struct lw_arena *a)
{
	char *s = in.n >= 1 && in.n <= 64 ? (char *)lw_dup(a, in).p : NULL;

	if (!s || s[0] == '.' || s[in.n - 1] == '.' || strlen(s) != in.n || strstr(s, ".."))
		return NULL;
	for (char *c = s; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
		else if (!(*c >= 'a' && *c <= 'z') && !strchr("0123456789.!#$%&'*+-/=?^_`{|}~", *c))
			return NULL;
	}
	return s;
}

static int canon_at(struct lw_bytes in, struct lw_arena *a, char **ret)
{
	const uint8_t *at = in.n ? memrchr(in.p, '@', in.n) : NULL;
	char *local, *domain, *s;
	int err;

	if (!at)
		return LW_EINVAL;
	local = canon_local((struct lw_bytes){ in.p, (size_t)(at - in.p) }, a);
	err = local ? canon_dns((struct lw_bytes){ at + 1, in.n - (size_t)(at + 1 - in.p) }, a, &domain)
	            : LW_EINVAL;
	if (err)
		return err;
	s = lw_printf(a, "%s@%s", local, domain);
	if (!s)
		return LW_ELIMIT;
	*ret = s;
	return LW_OK;
}

/* The SPIFFE ID of a workload: a trust domain and at least one segment of letters, digits, '.', '-', '_'. */
static int canon_uri(struct lw_bytes in, struct lw_arena *a, char **ret)
{
	size_t skip = sizeof(SCHEME) - 1, n;
	const uint8_t *slash;
	char *domain, *path, *s;
	int err;

	if (in.n <= skip || strncasecmp((const char *)in.p, SCHEME, skip) != 0)
		return LW_EINVAL;
	slash = memchr(in.p + skip, '/', in.n - skip);
	if (!slash)
		return LW_EINVAL;
	err = canon_dns((struct lw_bytes){ in.p + skip, (size_t)(slash - in.p) - skip }, a, &domain);
	if (err)
		return err;
	n = in.n - (size_t)(slash - in.p);
	path = (char *)lw_dup(a, (struct lw_bytes){ slash, n }).p;
	if (!path)
		return LW_ELIMIT;
	if (strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/") != n)
		return LW_EINVAL;
	for (char *seg = path + 1;; seg += strcspn(seg, "/") + 1) {
		size_t len = strcspn(seg, "/");

		if (len == 0 || (len <= 2 && strspn(seg, ".") >= len))
			return LW_EINVAL;
		if (!seg[len])
			break;
	}
	s = lw_printf(a, SCHEME "%s%s", domain, path);
	if (!s)
		return LW_ELIMIT;
	*ret = s;
	return LW_OK;
}

static int canon_realm(struct lw_bytes in, struct lw_arena *a, char **ret)
{
	char *s;
	int err = canon_dns(in, a, &s);

	if (err)
		return err;
	for (char *c = s; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
	*ret = s;
	return LW_OK;
}

static const struct kind {
	enum ca_name_kind kind;
	const char *text;
	int (*canon)(struct lw_bytes, struct lw_arena *, char **);
} kinds[] = {
	{ CA_NAME_DNS, "DNS", canon_dns },
	{ CA_NAME_EMAIL, "e-mail", canon_at },
	{ CA_NAME_URI, "URI", canon_uri },
	{ CA_NAME_UPN, "UPN", canon_at },
	{ CA_NAME_REALM, "realm", canon_realm },
};

static const struct kind *find(enum ca_name_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == kind)
			return &kinds[i];
	}
	return NULL;
}

const char *ca_name_kind_text(enum ca_name_kind kind)
{
	const struct kind *k = find(kind);

	return k ? k->text : "unknown";
}

/* What a log may show of a name that somebody sent. */
static const char *printable(struct lw_bytes in, char buf[101])
{
	size_t n = in.n < 100 ? in.n : 100;

	for (size_t i = 0; i < n; i++)
		buf[i] = in.p[i] >= 0x20 && in.p[i] < 0x7f ? (char)in.p[i] : '?';
	buf[n] = '\0';
	return buf;
}

int ca_name_canon(
        enum ca_name_kind kind, struct lw_bytes text, struct lw_arena *a, struct ca_name *ret, char why[200])
{
	const struct kind *k = find(kind);
	char show[101], *s;
	int err;

	if (!k || text.n == 0 || text.n > CA_MAX_NAME || memchr(text.p, 0, text.n))
		return ca_refuse(LW_EINVAL, why, "an empty name, one that is too long, or with a NUL");
	if (text.n > 1 && text.p[0] == '*')
		return ca_refuse(
		        LW_EINVAL, why, "wildcards are not certified: \"%s\"", printable(text, show));
	err = k->canon(text, a, &s);
	if (!err && strlen(s) > CA_MAX_NAME)
		err = LW_EINVAL;
	if (err)
		return ca_refuse(err, why, "\"%s\" is no %s name to certify", printable(text, show), k->text);
	*ret = (struct ca_name){ kind, s };
	return LW_OK;
}

bool ca_domain_within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && strcmp(name + n - d, domain) == 0 && (n == d || name[n - d - 1] == '.');
}

bool ca_names_equal(const struct ca_name *a, const struct ca_name *b)
{
	return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

/* ---- to GeneralName ---- */
/* KRB5PrincipalName of krbtgt/REALM@REALM (RFC 4556 3.2.2), as DER: { [0] realm, [1] { [0] name-type 2, [1] {
 * krbtgt, REALM } } } */
static struct lw_bytes krbtgt_der(const char *realm, uint8_t *buf, size_t size)
{
	struct lw_der_writer w;
	size_t all, name, strings, m;

	lw_der_writer_init(&w, buf, size);
	all = name = strings = lw_der_mark(&w);
	lw_der_put(&w, LW_DER_GENERAL_STRING, lw_str(realm));
	lw_der_put(&w, LW_DER_GENERAL_STRING, LW_LIT("krbtgt"));
	lw_der_wrap(&w, LW_DER_SEQUENCE, strings);
	lw_der_wrap(&w, LW_DER_CONTEXT(1), strings);
	m = lw_der_mark(&w);
	lw_der_put_int(&w, 2);
	lw_der_wrap(&w, LW_DER_CONTEXT(0), m);
	lw_der_wrap(&w, LW_DER_SEQUENCE, name);
	lw_der_wrap(&w, LW_DER_CONTEXT(1), name);
	m = lw_der_mark(&w);
	lw_der_put(&w, LW_DER_GENERAL_STRING, lw_str(realm));
	lw_der_wrap(&w, LW_DER_CONTEXT(0), m);
	lw_der_wrap(&w, LW_DER_SEQUENCE, all);
	return lw_der_written(&w);
}

static GENERAL_NAME *other_name(const char *oid, ASN1_TYPE *value)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);

	if (g && o && value && GENERAL_NAME_set0_othername(g, o, value) == 1)
		return g;
	GENERAL_NAME_free(g);
	ASN1_OBJECT_free(o);
	ASN1_TYPE_free(value);
	return NULL;
}

static GENERAL_NAME *realm_name(const char *realm)
{
	uint8_t buf[2 * CA_MAX_NAME + 64];
	struct lw_bytes der = krbtgt_der(realm, buf, sizeof(buf));
	const unsigned char *p = der.p;

	return other_name(OID_KRB, der.p ? d2i_ASN1_TYPE(NULL, &p, (long)der.n) : NULL);
}

static GENERAL_NAME *upn_name(const char *text)
{
	ASN1_TYPE *t = ASN1_TYPE_new();
	ASN1_UTF8STRING *s = ASN1_UTF8STRING_new();

	if (t && s && ASN1_STRING_set(s, text, -1)) {
		ASN1_TYPE_set(t, V_ASN1_UTF8STRING, s);
	} else {
		ASN1_UTF8STRING_free(s);
		ASN1_TYPE_free(t);
		t = NULL;
	}
	return other_name(OID_UPN, t);
}

static GENERAL_NAME *general_name(const struct ca_name *n)
{
	GENERAL_NAME *g;
	ASN1_IA5STRING *s;

	if (n->kind == CA_NAME_UPN)
		return upn_name(n->text);
	if (n->kind == CA_NAME_REALM)
		return realm_name(n->text);
	g = GENERAL_NAME_new();
	s = ASN1_IA5STRING_new();
	if (g && s && ASN1_STRING_set(s, n->text, -1)) {
		GENERAL_NAME_set0_value(g,
		        n->kind == CA_NAME_DNS     ? GEN_DNS
		        : n->kind == CA_NAME_EMAIL ? GEN_EMAIL
		                                   : GEN_URI,
		        s);
		return g;
	}
	ASN1_IA5STRING_free(s);
	GENERAL_NAME_free(g);
	return NULL;
}

GENERAL_NAMES *ca_general_names(const struct ca_name *v, size_t n)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	for (size_t i = 0; names && i < n; i++) {
		GENERAL_NAME *g = general_name(&v[i]);

		if (!g || sk_GENERAL_NAME_push(names, g) <= 0) {
			GENERAL_NAME_free(g);
			GENERAL_NAMES_free(names);
			names = NULL;
		}
	}
	return names;
}

/* ---- and back ---- */
/* The realm, if this is krbtgt/REALM@REALM. */
static struct lw_bytes krbtgt_realm(struct lw_bytes der)
{
	struct lw_der d, all, in, name, strings;
	struct lw_bytes realm, first, second;

	lw_der_init(&d, der);
	all = lw_der_enter(&d, LW_DER_SEQUENCE);
	in = lw_der_enter(&all, LW_DER_CONTEXT(0));
	realm = lw_der_get(&in, LW_DER_GENERAL_STRING);
	lw_der_leave(&all, &in);
	in = lw_der_enter(&all, LW_DER_CONTEXT(1));
	name = lw_der_enter(&in, LW_DER_SEQUENCE);
	strings = lw_der_enter(&name, LW_DER_CONTEXT(0));
	lw_der_int(&strings, 2, 2);
	lw_der_leave(&name, &strings);
	struct lw_der last = lw_der_enter(&name, LW_DER_CONTEXT(1));
	strings = lw_der_enter(&last, LW_DER_SEQUENCE);
	first = lw_der_get(&strings, LW_DER_GENERAL_STRING);
	second = lw_der_get(&strings, LW_DER_GENERAL_STRING);
	lw_der_leave(&last, &strings);
	lw_der_leave(&name, &last);
	lw_der_leave(&in, &name);
	lw_der_leave(&all, &in);
	lw_der_leave(&d, &all);
	if (lw_der_end(&d) || !lw_eq(first, LW_LIT("krbtgt")) || !lw_eq(realm, second))
		return (struct lw_bytes){ NULL, 0 };
	return realm;
}

static struct lw_bytes octets(const ASN1_STRING *s)
{
	return (struct lw_bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

static int read_other(const OTHERNAME *o, struct lw_arena *a, struct ca_name *ret, char why[200])
{
	char oid[64] = "";

	OBJ_obj2txt(oid, sizeof(oid), o->type_id, 1);
	if (strcmp(oid, OID_UPN) == 0 && o->value->type == V_ASN1_UTF8STRING)
		return ca_name_canon(CA_NAME_UPN, octets(o->value->value.utf8string), a, ret, why);
	if (strcmp(oid, OID_KRB) == 0 && o->value->type == V_ASN1_SEQUENCE)
		return ca_name_canon(
		        CA_NAME_REALM, krbtgt_realm(octets(o->value->value.sequence)), a, ret, why);
	return ca_refuse(LW_EINVAL, why, "another name of type %s is not certified", oid);
}

int ca_name_read(const GENERAL_NAME *g, struct lw_arena *a, struct ca_name *ret, char why[200])
{
	switch (g->type) {
	case GEN_DNS:
		return ca_name_canon(CA_NAME_DNS, octets(g->d.dNSName), a, ret, why);
	case GEN_EMAIL:
		return ca_name_canon(CA_NAME_EMAIL, octets(g->d.rfc822Name), a, ret, why);
	case GEN_URI:
		return ca_name_canon(CA_NAME_URI, octets(g->d.uniformResourceIdentifier), a, ret, why);
	case GEN_OTHERNAME:
		return read_other(g->d.otherName, a, ret, why);
	case GEN_IPADD:
		return ca_refuse(LW_EINVAL, why, "IP addresses are not certified");
	default:
		return ca_refuse(LW_EINVAL, why, "a kind of name that is not certified (%d)", g->type);
	}
}

int ca_names_read(
        const GENERAL_NAMES *names, struct lw_arena *a, struct ca_name **ret, size_t *ret_n, char why[200])
{
	int n = sk_GENERAL_NAME_num(names);
	struct ca_name *v;

	if (n > CA_MAX_NAMES)
		return ca_refuse(LW_ELIMIT, why, "more than %d names", CA_MAX_NAMES);
	v = lw_allocn(a, n > 0 ? (size_t)n : 1, sizeof(*v));
	if (!v)
		return ca_refuse(LW_ENOMEM, why, "out of memory");
	for (int i = 0; i < n; i++) {
		int err = ca_name_read(sk_GENERAL_NAME_value(names, i), a, &v[i], why);

		if (err)
			return err;
		for (int j = 0; j < i; j++) {
			if (ca_names_equal(&v[i], &v[j]))
				return ca_refuse(LW_EINVAL, why, "\"%.100s\" is there twice", v[i].text);
		}
	}
	*ret = v;
	*ret_n = n > 0 ? (size_t)n : 0;
	return LW_OK;
}
