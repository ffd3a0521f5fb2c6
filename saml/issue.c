/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions as keyd issues them and takes them back. */
#include "saml/issue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/cap.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"
#include "saml/saml.h"

#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define EMAIL      "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define UPN        "http://schemas.xmlsoap.org/claims/UPN"
#define ENTRY_UUID "entryUUID" /* the attribute that says whom a NameID of another format means */
#define CONTEXT    "urn:oasis:names:tc:SAML:2.0:ac:classes:"

struct signer {
	struct saml_signer *saml;
	bool rsa;
};

/* ---- keys ---- */
static int pem_of(struct lw_bytes der, struct lw_arena *a, struct lw_bytes *ret)
{
	char *text = lw_base64(a, der);
	struct lw_writer w;
	struct lw_bytes pem;
	int err;

	if (!text)
		return LW_ENOMEM;
	lw_writer_init(&w, 65536);
	lw_put_raw(&w, "-----BEGIN CERTIFICATE-----\n", 28);
	for (size_t n = strlen(text); n;) {
		size_t line = n < 64 ? n : 64;

		lw_put_raw(&w, text, line);
		lw_put_raw(&w, "\n", 1);
		text += line;
		n -= line;
	}
	lw_put_raw(&w, "-----END CERTIFICATE-----\n", 26);
	pem = w.err ? (struct lw_bytes){ NULL, 0 } : lw_dup(a, lw_written(&w));
	err = w.err ? w.err : pem.p ? LW_OK : LW_ENOMEM;
	lw_writer_done(&w);
	if (!err)
		*ret = pem;
	return err;
}

static int certify(struct lw_bytes key, const char *tenant, int64_t now, int64_t life, struct lw_arena *a, const char **ret_id, struct lw_bytes *ret_pem)
{
	char name[65], hex[2 * 8 + 1];
	uint8_t digest[32];
	struct lw_bytes der, pem;
	const char *id;
	int err;

	snprintf(name, sizeof(name), "%s", tenant);
	err = saml_certificate(key, name, now, life, a, &der);
	if (!err)
		err = pem_of(der, a, &pem);
	if (err)
		return err;
	lw_hash(LW_SHA256, der, digest);
	lw_hex((struct lw_bytes){ digest, 8 }, hex);
	id = lw_strdup(a, hex);
	if (!id)
		return LW_ENOMEM;
	*ret_id = id;
	*ret_pem = pem;
	return LW_OK;
}

static int load(struct lw_bytes key, struct lw_bytes pem, void **ret)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *public = x ? X509_get0_pubkey(x) : NULL;
	struct signer *s = calloc(1, sizeof(*s));
	unsigned char *der = NULL;
	int n = x ? i2d_X509(x, &der) : -1;
	int err = !s ? LW_ENOMEM : n < 0 || !public ? LW_EINVAL : saml_signer_new(key, (struct lw_bytes){ der, (size_t)n }, &s->saml);

	if (!err)
		s->rsa = EVP_PKEY_is_a(public, "RSA");
	OPENSSL_free(der);
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	if (err)
		free(s);
	else
		*ret = s;
	return err;
}

static void unload(void *it)
{
	struct signer *s = it;

	saml_signer_free(s->saml);
	free(s);
}

/* ---- algorithms: what follows the '#' of their URI ---- */
static enum saml_alg alg_named(const struct signer *s, struct lw_bytes name)
{
	if (!name.n)
		return s->rsa ? SAML_RSA_SHA256 : SAML_ECDSA_SHA256;
	for (unsigned i = 1; i < SAML_ALG_COUNT; i++) {
		const char *uri = saml_alg_uri((enum saml_alg)i);

		if (lw_eq(name, lw_str(strchr(uri, '#') + 1)) && s->rsa == (i < SAML_ECDSA_SHA256))
			return (enum saml_alg)i;
	}
	return (enum saml_alg)0;
}

static bool fits(const void *it, struct lw_bytes alg)
{
	return alg_named(it, alg) != 0;
}

/* ---- what it says ---- */
static const char *context_of(const struct keys_facts *f)
{
	return f->methods & LW_CAP_CERT       ? CONTEXT "X509"
	       : f->methods & LW_CAP_KERBEROS ? CONTEXT "Kerberos"
	       : f->methods & LW_CAP_PASSWORD ? f->confidential ? CONTEXT "PasswordProtectedTransport" : CONTEXT "Password"
	       : f->methods & LW_CAP_TOKEN    ? CONTEXT "PreviousSession"
	                                      : CONTEXT "unspecified";
}

/* The first value of the first of these claims that was released. */
static struct lw_bytes released(const struct keys_facts *f, const char *const *names)
{
	for (; *names; names++) {
		for (size_t i = 0; i < f->n_claims; i++) {
			if (strcasecmp(f->claims[i].name, *names) == 0 && f->claims[i].n && saml_text_ok(f->claims[i].values[0]))
				return f->claims[i].values[0];
		}
	}
	return (struct lw_bytes){ NULL, 0 };
}

/* Formats besides the persistent one, and what they are taken from: it must have been released to the audience anyway. */
static const struct {
	const char *format;
	const char *const claims[3];
} formats[] = {
	{ EMAIL, { "email", "mail" } },
	{ UPN, { "upn", "krbPrincipalName" } },
};

static int name_of(const struct keys_facts *f, const char *uuid, struct saml_assertion *a, char why[200])
{
	a->name_id_format = LW_LIT(PERSISTENT);
	a->name_id = lw_str(uuid);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!lw_eq(f->name_id_format, lw_str(formats[i].format)))
			continue;
		a->name_id_format = f->name_id_format;
		a->name_id = released(f, formats[i].claims);
		if (!a->name_id.n) {
			snprintf(why, 200, "the relying party wants a NameID from %s, which no grant releases or the subject lacks", formats[i].claims[0]);
			return LW_EUNWILLING;
		}
	}
	return LW_OK;
}

/* Octets that are no text are for no assertion. */
static int attributes(const struct keys_facts *f, struct lw_bytes *uuid, struct lw_arena *arena, struct saml_assertion *a)
{
	a->attrs = lw_allocn(arena, f->n_claims + 1, sizeof(*a->attrs));
	if (!a->attrs)
		return LW_ENOMEM;
	if (uuid->n)
		a->attrs[a->n_attrs++] = (struct saml_attr){ .name = LW_LIT(ENTRY_UUID), .values = uuid, .n = 1 };
	for (size_t i = 0; i < f->n_claims; i++) {
		const struct store_claim *c = &f->claims[i];
		struct saml_attr *t = &a->attrs[a->n_attrs];

		if (strcasecmp(c->name, ENTRY_UUID) == 0 || strcmp(c->name, "acr") == 0 || strcmp(c->name, "amr") == 0 || strcmp(c->name, "sub") == 0)
			continue;
		*t = (struct saml_attr){ .name = lw_str(c->name), .values = lw_allocn(arena, c->n, sizeof(struct lw_bytes)) };
		if (!t->values)
			return LW_ENOMEM;
		for (size_t v = 0; v < c->n; v++) {
			if (saml_text_ok(c->values[v]))
				t->values[t->n++] = c->values[v];
		}
		a->n_attrs += t->n > 0;
	}
	return LW_OK;
}

static int build(const void *it, const struct keys_facts *f, struct lw_arena *arena, struct lw_writer *ret, char why[200])
{
	const struct signer *s = it;
	struct saml_assertion a = {
		.id = f->id,
		.issuer = f->issuer,
		.issue_instant = f->issued,
		.not_before = f->not_before,
		.not_on_or_after = f->not_after,
		.authn_instant = f->auth_time ? f->auth_time : f->issued,
		.audience = f->audience,
		.recipient = f->recipient,
		.in_response_to = f->request_id,
		.authn_context = lw_str(context_of(f)),
		.session_index = f->id,
		.alg = alg_named(s, f->alg),
	};
	char *text = lw_alloc(arena, LW_UUID_TEXT);
	const char *session = !f->credential ? "" : lw_printf(arena, "%.*s.%" PRIu64, (int)f->id.n, (const char *)f->id.p, f->credential_version);
	struct lw_bytes *uuid = lw_alloc(arena, sizeof(*uuid));
	int err = text && uuid && session ? LW_OK : LW_ENOMEM;

	if (err)
		return err;
	if (f->credential)
		a.session_index = lw_str(session);
	lw_uuid_format(&f->subject, text);
	err = name_of(f, text, &a, why);
	if (!err && a.name_id.p != (const uint8_t *)text)
		*uuid = lw_str(text);
	if (!err)
		err = attributes(f, uuid, arena, &a);
	return err ? err : saml_assertion_build(&a, s->saml, ret);
}

static int publish(const void *const *signers, const struct lw_bytes *pems, size_t n, struct lw_writer *w)
{
	(void)signers;
	for (size_t i = 0; i < n; i++)
		lw_put_bytes(w, pems[i]);
	return w->err;
}

/* ---- one that comes back ---- */
static int subject_of(const struct saml_assertion *a, struct lw_uuid *ret)
{
	if (lw_eq(a->name_id_format, LW_LIT(PERSISTENT)))
		return lw_uuid_parse(a->name_id, ret);
	if (a->n_attrs && lw_eq(a->attrs[0].name, LW_LIT(ENTRY_UUID)) && a->attrs[0].n == 1)
		return lw_uuid_parse(a->attrs[0].values[0], ret);
	return LW_EINVAL;
}

/* The SessionIndex of a credential is ID.VERSION: with the subject's next password it ends, as a login does. */
static int version_of(const struct saml_assertion *a, struct keys_shown_token *ret)
{
	struct lw_bytes s = a->session_index;

	if (s.n <= a->id.n + 1 || memcmp(s.p, a->id.p, a->id.n) != 0 || s.p[a->id.n] != '.')
		return LW_OK;
	ret->credential = true;
	return lw_parse_u64((struct lw_bytes){ s.p + a->id.n + 1, s.n - a->id.n - 1 }, UINT64_MAX, &ret->credential_version);
}

static int read_back(struct lw_bytes fields, struct lw_bytes signature, const void *const *signers, size_t n, struct lw_arena *arena,
	struct keys_shown_token *ret)
{
	struct keys_shown_token shown;
	struct saml_assertion a;
	int err = LW_EAUTH;

	if (saml_assertion_get(fields, arena, &a))
		return LW_EAUTH;
	for (size_t i = 0; i < n && err; i++)
		err = saml_assertion_check(&a, signature, ((const struct signer *)signers[i])->saml);
	if (err)
		return LW_EAUTH;
	shown = (struct keys_shown_token){ .id = a.id,
		.issuer = a.issuer,
		.audience = a.audience,
		.not_before = a.not_before,
		.not_after = a.not_on_or_after,
		.auth_time = a.authn_instant,
		.asserted = lw_eq(a.authn_context, LW_LIT(CONTEXT "X509")) };
	if (subject_of(&a, &shown.subject) || version_of(&a, &shown))
		return LW_EAUTH;
	*ret = shown;
	return LW_OK;
}

const struct keys_token_builder saml_issuing = { load, unload, fits, build, certify, publish, read_back };
