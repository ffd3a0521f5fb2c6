/* SPDX-License-Identifier: Apache-2.0 */
/* The assertion, written in the form that exc-C14N would give it: namespace where it is first used, attributes in order, no empty tags, the
 * escapes of Canonical XML 2.3. Its ds:Signature has a length that is known beforehand, so that room is left for it, and what lies
 * before and behind the room is what gets digested (the enveloped-signature transform takes it out). */
#include "saml/saml.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/sigkey.h"
#include "base/text.h"

#define NS_SAML "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_DS   "http://www.w3.org/2000/09/xmldsig#"
#define BASIC   "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
#define BEARER  "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define YEAR_10000 (INT64_C(253402300800) * LW_SECOND)

struct saml_signer {
	struct lw_sigkey *key;
	struct lw_bytes cert; /* base64 */
};

/* ---- algorithms: RFC 6931 ---- */
static const struct saml_alg_row {
	const char *uri, *digest_uri;
	enum lw_sig sig;
	enum lw_hash hash;
} algs[SAML_ALG_COUNT] = {
	[SAML_RSA_SHA256] = { "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", LW_SIG_RSA, LW_SHA256 },
	[SAML_RSA_SHA384] = { "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384", LW_SIG_RSA, LW_SHA384 },
	[SAML_RSA_SHA512] = { "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512", LW_SIG_RSA, LW_SHA512 },
	[SAML_ECDSA_SHA256] = { "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", LW_SIG_ECDSA, LW_SHA256 },
	[SAML_ECDSA_SHA384] = { "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384", LW_SIG_ECDSA,
		LW_SHA384 },
};

const char *saml_alg_uri(enum saml_alg alg)
{
	return alg > 0 && alg < SAML_ALG_COUNT ? algs[alg].uri : NULL;
}

enum saml_alg saml_alg_find(struct lw_bytes uri)
{
	for (unsigned i = 1; i < SAML_ALG_COUNT; i++) {
		if (lw_eq(lw_str(algs[i].uri), uri))
			return (enum saml_alg)i;
	}
	return (enum saml_alg)0;
}

static const struct saml_alg_row *alg_of(enum saml_alg alg, const struct lw_sigkey *key)
{
	bool rsa = lw_sigkey_type(key) == LW_KEY_RSA;

	return alg > 0 && alg < SAML_ALG_COUNT && (algs[alg].sig == LW_SIG_RSA) == rsa ? &algs[alg] : NULL;
}

/* ---- the signer ---- */
int saml_signer_new(struct lw_bytes pkcs8, struct lw_bytes cert, struct saml_signer **ret)
{
	struct saml_signer *s = calloc(1, sizeof(*s));
	struct lw_sigkey *public = NULL;
	struct lw_writer w;
	int err = s ? LW_OK : LW_ENOMEM;

	lw_writer_init(&w, 65536);
	if (!err)
		err = lw_sigkey_private(pkcs8, &s->key);
	if (!err)
		err = lw_sigkey_cert(cert, &public);
	if (!err && (!lw_sigkey_same(s->key, public) || lw_sigkey_type(public) == LW_KEY_ED25519))
		err = LW_EINVAL;
	lw_base64_put(&w, cert);
	if (!err)
		err = w.err;
	lw_sigkey_free(public);
	if (err) {
		lw_writer_done(&w);
		saml_signer_free(s);
		return err;
	}
	s->cert.p = lw_writer_take(&w, &s->cert.n);
	*ret = s;
	return LW_OK;
}

void saml_signer_free(struct saml_signer *s)
{
	if (!s)
		return;
	lw_sigkey_free(s->key);
	free((void *)(uintptr_t)s->cert.p);
	free(s);
}

/* ---- text ---- */
#define LIT(w, s) lw_put_raw(w, s, sizeof(s) - 1)

/* What must not stand as it is. 1: in neither; 2: only not in an attribute's value; 3: '>', not in text; 4: not in XML, or the beginning of
 * U+FFFE and U+FFFF. */
static const uint8_t special[256] = {
	[0x00 ... 0x08] = 4, ['\t'] = 2, ['\n'] = 2, [0x0b ... 0x0c] = 4, ['\r'] = 1, [0x0e ... 0x1f] = 4,
	['&'] = 1, ['<'] = 1, ['>'] = 3, ['"'] = 2, [0xef] = 4,
};

/* U+FFFE or U+FFFF, in valid UTF-8. */
static bool noncharacter(const uint8_t *p)
{
	return p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe;
}

bool saml_text_ok(struct lw_bytes text)
{
	if (text.n > SAML_MAX_TEXT || !lw_utf8_valid(text))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (special[text.p[i]] == 4 && (text.p[i] != 0xef || noncharacter(text.p + i)))
			return false;
	}
	return true;
}

static const char *escape(uint8_t c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\t': return "&#x9;";
	case '\n': return "&#xA;";
	default: return "&#xD;";
	}
}

static void put_text(struct lw_writer *w, struct lw_bytes text, bool attr)
{
	size_t from = 0;

	if (!w->err && !saml_text_ok(text))
		w->err = text.n > SAML_MAX_TEXT ? LW_ELIMIT : LW_EINVAL;
	for (size_t i = 0; i < text.n && !w->err; i++) {
		uint8_t c = text.p[i], kind = special[c];

		if (!kind || kind == 4 || kind == (attr ? 3 : 2))
			continue;
		lw_put_raw(w, text.p + from, i - from);
		lw_put_raw(w, escape(c), strlen(escape(c)));
		from = i + 1;
	}
	lw_put_raw(w, text.p + from, text.n - from);
}

/* name is ` Name="` with the space before it. */
#define ATTR(w, name, value)           \
	do {                           \
		LIT(w, name);          \
		put_text(w, value, true); \
		LIT(w, "\"");          \
	} while (0)

static void put_time(struct lw_writer *w, int64_t us)
{
	char text[LW_TIME_TEXT];

	if (us < 0 || us >= YEAR_10000) {
		w->err = w->err ? w->err : LW_EINVAL;
		return;
	}
	lw_time_rfc3339(us, text);
	lw_put_raw(w, text, strlen(text));
}
#define TIME(w, name, us)        \
	do {                     \
		LIT(w, name);    \
		put_time(w, us); \
		LIT(w, "\"");    \
	} while (0)

/* xs:NCName, of what is ASCII. */
static bool nc_name(struct lw_bytes b)
{
	if (!b.n || b.n > 256)
		return false;
	for (size_t i = 0; i < b.n; i++) {
		uint8_t c = b.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.')))
			return false;
	}
	return true;
}

/* ---- the assertion ---- */
static void put_head(struct lw_writer *w, const struct saml_assertion *a)
{
	LIT(w, "<saml2:Assertion xmlns:saml2=\"" NS_SAML "\"");
	ATTR(w, " ID=\"", a->id);
	TIME(w, " IssueInstant=\"", a->issue_instant);
	LIT(w, " Version=\"2.0\"><saml2:Issuer>");
	put_text(w, a->issuer, false);
	LIT(w, "</saml2:Issuer>");
}

static void put_subject(struct lw_writer *w, const struct saml_assertion *a)
{
	LIT(w, "<saml2:Subject><saml2:NameID");
	if (a->name_id_format.n)
		ATTR(w, " Format=\"", a->name_id_format);
	LIT(w, ">");
	put_text(w, a->name_id, false);
	LIT(w, "</saml2:NameID><saml2:SubjectConfirmation Method=\"" BEARER "\"><saml2:SubjectConfirmationData");
	if (a->in_response_to.n)
		ATTR(w, " InResponseTo=\"", a->in_response_to);
	if (a->not_on_or_after)
		TIME(w, " NotOnOrAfter=\"", a->not_on_or_after);
	if (a->recipient.n)
		ATTR(w, " Recipient=\"", a->recipient);
	LIT(w, "></saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>");
}

static void put_conditions(struct lw_writer *w, const struct saml_assertion *a)
{
	LIT(w, "<saml2:Conditions");
	if (a->not_before)
		TIME(w, " NotBefore=\"", a->not_before);
	if (a->not_on_or_after)
		TIME(w, " NotOnOrAfter=\"", a->not_on_or_after);
	LIT(w, ">");
	if (a->audience.n) {
		LIT(w, "<saml2:AudienceRestriction><saml2:Audience>");
		put_text(w, a->audience, false);
		LIT(w, "</saml2:Audience></saml2:AudienceRestriction>");
	}
	LIT(w, "</saml2:Conditions>");
}

static void put_authn(struct lw_writer *w, const struct saml_assertion *a)
{
	LIT(w, "<saml2:AuthnStatement");
	TIME(w, " AuthnInstant=\"", a->authn_instant);
	if (a->session_index.n)
		ATTR(w, " SessionIndex=\"", a->session_index);
	LIT(w, "><saml2:AuthnContext><saml2:AuthnContextClassRef>");
	put_text(w, a->authn_context, false);
	LIT(w, "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>");
}

static void put_attrs(struct lw_writer *w, const struct saml_assertion *a)
{
	size_t values = 0;

	LIT(w, "<saml2:AttributeStatement>");
	for (size_t i = 0; i < a->n_attrs; i++) {
		const struct saml_attr *t = &a->attrs[i];

		values += t->n;
		if (t->n > SAML_MAX_VALUES || values > SAML_MAX_VALUES)
			w->err = w->err ? w->err : LW_ELIMIT;
		if (w->err)
			return;
		LIT(w, "<saml2:Attribute");
		ATTR(w, " Name=\"", t->name);
		ATTR(w, " NameFormat=\"", t->name_format.n ? t->name_format : LW_LIT(BASIC));
		LIT(w, ">");
		for (size_t v = 0; v < t->n; v++) {
			LIT(w, "<saml2:AttributeValue>");
			put_text(w, t->values[v], false);
			LIT(w, "</saml2:AttributeValue>");
		}
		LIT(w, "</saml2:Attribute>");
	}
	LIT(w, "</saml2:AttributeStatement>");
}

static void put_tail(struct lw_writer *w, const struct saml_assertion *a)
{
	put_subject(w, a);
	put_conditions(w, a);
	if (a->authn_instant)
		put_authn(w, a);
	if (a->n_attrs)
		put_attrs(w, a);
	LIT(w, "</saml2:Assertion>");
}

static int good(const struct saml_assertion *a)
{
	if (!nc_name(a->id) || !a->issuer.n || !a->issue_instant || !a->name_id.n || (a->in_response_to.n && !nc_name(a->in_response_to)))
		return LW_EINVAL;
	if (a->authn_instant && !a->authn_context.n)
		return LW_EINVAL;
	for (size_t i = 0; i < a->n_attrs && i < SAML_MAX_ATTRS; i++) {
		if (!a->attrs[i].name.n)
			return LW_EINVAL;
	}
	return a->n_attrs > SAML_MAX_ATTRS ? LW_ELIMIT : LW_OK;
}

/* ---- its signature ---- */
#define INFO_OPEN      "<ds:SignedInfo>"
#define INFO_OPEN_C14N "<ds:SignedInfo xmlns:ds=\"" NS_DS "\">" /* as it is digested, without its parent */
#define TRANSFORM(alg) "<ds:Transform Algorithm=\"" alg "\"></ds:Transform>"
#define EXC            "http://www.w3.org/2001/10/xml-exc-c14n#"
#define DIGEST_MAX     64

/* From behind the opening tag of SignedInfo to its end. */
static void put_info(struct lw_writer *w, const struct saml_alg_row *alg, struct lw_bytes id, const uint8_t *digest)
{
	LIT(w, "<ds:CanonicalizationMethod Algorithm=\"" EXC "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"");
	lw_put_raw(w, alg->uri, strlen(alg->uri));
	LIT(w, "\"></ds:SignatureMethod><ds:Reference URI=\"#");
	lw_put_bytes(w, id);
	LIT(w, "\"><ds:Transforms>" TRANSFORM(NS_DS "enveloped-signature") TRANSFORM(EXC) "</ds:Transforms><ds:DigestMethod Algorithm=\"");
	lw_put_raw(w, alg->digest_uri, strlen(alg->digest_uri));
	LIT(w, "\"></ds:DigestMethod><ds:DigestValue>");
	lw_base64_put(w, (struct lw_bytes){ digest, lw_hash_size(alg->hash) });
	LIT(w, "</ds:DigestValue></ds:Reference></ds:SignedInfo>");
}

static void put_signature(struct lw_writer *w, const struct saml_signer *s, struct lw_bytes info, struct lw_bytes value)
{
	LIT(w, "<ds:Signature xmlns:ds=\"" NS_DS "\">" INFO_OPEN);
	lw_put_bytes(w, info);
	LIT(w, "<ds:SignatureValue>");
	lw_base64_put(w, value);
	LIT(w, "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
	lw_put_bytes(w, s->cert);
	LIT(w, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
}

/* How long that is, by writing it once with nothing in it. */
static size_t signature_size(const struct saml_signer *s, struct lw_bytes info, struct lw_writer *scratch)
{
	static const uint8_t nothing[LW_SIG_MAX];
	size_t n;

	put_signature(scratch, s, info, (struct lw_bytes){ nothing, lw_sigkey_size(s->key) });
	n = scratch->n;
	lw_writer_reset(scratch);
	return n;
}

static void digest_parts(enum lw_hash hash, struct lw_bytes one, struct lw_bytes two, uint8_t *ret)
{
	struct lw_bytes parts[2] = { one, two };

	lw_hash_parts(hash, parts, 2, ret);
}

static void info_digest(const struct saml_alg_row *alg, struct lw_bytes info, uint8_t *ret)
{
	digest_parts(alg->hash, LW_LIT(INFO_OPEN_C14N), info, ret);
}

/* A writer that has room for what is to be expected. */
static void sized(struct lw_writer *w, size_t max, size_t n)
{
	lw_writer_init(w, max);
	lw_put_space(w, n);
	lw_writer_reset(w);
}

int saml_assertion_build(const struct saml_assertion *a, const struct saml_signer *s, struct lw_writer *ret)
{
	const struct saml_alg_row *alg = alg_of(a->alg, s->key);
	uint8_t digest[DIGEST_MAX] = { 0 }, value[LW_SIG_MAX];
	size_t start = ret->n, room_at, room_n;
	struct lw_writer info, sig;
	int err = alg ? good(a) : LW_EINVAL;

	if (ret->err || err)
		return ret->err ? ret->err : err;
	sized(&info, 8192, 2048);
	sized(&sig, 131072, 4096 + s->cert.n);
	put_info(&info, alg, a->id, digest);
	room_n = signature_size(s, lw_written(&info), &sig);
	put_head(ret, a);
	room_at = ret->n;
	lw_put_space(ret, room_n);
	put_tail(ret, a);
	err = ret->err ? ret->err : info.err ? info.err : sig.err;
	if (!err && ret->n - start > SAML_MAX)
		err = LW_ELIMIT;
	if (err)
		goto out;
	digest_parts(alg->hash, (struct lw_bytes){ ret->p + start, room_at - start },
		(struct lw_bytes){ ret->p + room_at + room_n, ret->n - room_at - room_n }, digest);
	lw_writer_reset(&info);
	put_info(&info, alg, a->id, digest);
	info_digest(alg, lw_written(&info), digest);
	err = lw_sigkey_sign(s->key, alg->sig, alg->hash, digest, value);
	if (err)
		goto out;
	put_signature(&sig, s, lw_written(&info), (struct lw_bytes){ value, lw_sigkey_size(s->key) });
	err = info.err ? info.err : sig.err ? sig.err : sig.n == room_n ? LW_OK : LW_EINTERNAL;
	if (!err)
		memcpy(ret->p + room_at, sig.p, room_n);
out:
	if (err) {
		ret->n = start;
		ret->err = LW_OK;
	}
	lw_writer_done(&info);
	lw_writer_done(&sig);
	return err;
}

int saml_assertion_check(const struct saml_assertion *a, struct lw_bytes signature, const struct saml_signer *s)
{
	const struct saml_alg_row *alg = alg_of(a->alg, s->key);
	uint8_t digest[DIGEST_MAX];
	struct lw_writer w, info;
	int err = LW_EAUTH;

	if (!alg || good(a))
		return LW_EAUTH;
	lw_writer_init(&w, SAML_MAX);
	lw_writer_init(&info, 8192);
	put_head(&w, a);
	put_tail(&w, a);
	if (w.err)
		goto out;
	lw_hash(alg->hash, lw_written(&w), digest);
	put_info(&info, alg, a->id, digest);
	if (info.err)
		goto out;
	info_digest(alg, lw_written(&info), digest);
	err = lw_sigkey_verify(s->key, alg->sig, alg->hash, digest, signature) ? LW_EAUTH : LW_OK;
out:
	lw_writer_done(&w);
	lw_writer_done(&info);
	return err;
}
