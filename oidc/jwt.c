/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/oidc.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

#define LIT(w, s) lw_put_raw(w, s, sizeof(s) - 1)

struct oidc_signer {
	struct lw_sigkey *key;
	enum oidc_alg alg;
	char kid[OIDC_KID];
	struct lw_bytes header; /* base64url, with the dot behind it */
};

static const struct {
	const char *name;
	enum lw_sigkey_type key;
	enum lw_sig sig;
} algs[OIDC_ALG_COUNT] = {
	[OIDC_ES256] = { "ES256", LW_KEY_P256, LW_SIG_ECDSA },
	[OIDC_RS256] = { "RS256", LW_KEY_RSA, LW_SIG_RSA },
	[OIDC_PS256] = { "PS256", LW_KEY_RSA, LW_SIG_PSS },
	[OIDC_EDDSA] = { "EdDSA", LW_KEY_ED25519, LW_SIG_ED25519 },
};

const char *oidc_alg_name(enum oidc_alg alg)
{
	return alg > 0 && alg < OIDC_ALG_COUNT ? algs[alg].name : NULL;
}

enum oidc_alg oidc_alg_find(struct lw_bytes name)
{
	for (unsigned i = 1; i < OIDC_ALG_COUNT; i++) {
		if (lw_eq(lw_str(algs[i].name), name))
			return (enum oidc_alg)i;
	}
	return (enum oidc_alg)0;
}

bool oidc_alg_fits(enum oidc_alg alg, enum lw_sigkey_type type)
{
	return alg > 0 && alg < OIDC_ALG_COUNT && algs[alg].key == type;
}

/* ---- JSON ---- */
void oidc_put_string(struct lw_writer *w, struct lw_bytes s)
{
	static const char digit[] = "0123456789abcdef";
	size_t from = 0;

	if (!w->err && !lw_utf8_valid(s))
		w->err = LW_EINVAL;
	LIT(w, "\"");
	for (size_t i = 0; i < s.n && !w->err; i++) {
		uint8_t c = s.p[i];
		const char code[6] = { '\\', 'u', '0', '0', digit[c >> 4], digit[c & 15] };

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		lw_put_raw(w, s.p + from, i - from);
		lw_put_raw(w, code, sizeof(code));
		from = i + 1;
	}
	lw_put_raw(w, s.p + from, s.n - from);
	LIT(w, "\"");
}

static void put_text(struct lw_writer *w, const char *s)
{
	lw_put_raw(w, s, strlen(s));
}

/* "name": with a comma before it, but for the first member of an object. */
static void put_name(struct lw_writer *w, const char *name)
{
	if (w->n && w->p[w->n - 1] != '{')
		LIT(w, ",");
	oidc_put_string(w, lw_str(name));
	LIT(w, ":");
}

static void put_member(struct lw_writer *w, const char *name, struct lw_bytes value)
{
	put_name(w, name);
	oidc_put_string(w, value);
}

static void put_octets(struct lw_writer *w, const char *name, struct lw_bytes value)
{
	put_name(w, name);
	LIT(w, "\"");
	lw_base64url_put(w, value);
	LIT(w, "\"");
}

static void put_time(struct lw_writer *w, const char *name, int64_t us)
{
	char text[24], *p = text + sizeof(text);
	int64_t s = us / LW_SECOND;

	if (us < 0 && !w->err)
		w->err = LW_EINVAL;
	put_name(w, name);
	do
		*--p = (char)('0' + s % 10);
	while (s /= 10);
	lw_put_raw(w, p, (size_t)(text + sizeof(text) - p));
}

static void put_values(struct lw_writer *w, const struct oidc_claim *c)
{
	put_name(w, c->name);
	if (c->list)
		LIT(w, "[");
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			LIT(w, ",");
		oidc_put_string(w, c->values[i]);
	}
	if (c->list)
		LIT(w, "]");
}

/* ---- keys ---- */
/* The required members in the order of RFC 7638; the same octets begin a JWK. */
static int put_key(struct lw_writer *w, const struct lw_sigkey *key)
{
	struct lw_arena *a = lw_arena_new(8192, false);
	struct lw_bytes x, y;
	int err = a ? lw_sigkey_public_numbers(key, a, &x, &y) : LW_ENOMEM;

	if (err)
		goto out;
	LIT(w, "{");
	switch (lw_sigkey_type(key)) {
	case LW_KEY_RSA:
		put_octets(w, "e", y);
		put_member(w, "kty", LW_LIT("RSA"));
		put_octets(w, "n", x);
		break;
	case LW_KEY_ED25519:
		put_member(w, "crv", LW_LIT("Ed25519"));
		put_member(w, "kty", LW_LIT("OKP"));
		put_octets(w, "x", x);
		break;
	default:
		put_member(w, "crv", lw_sigkey_type(key) == LW_KEY_P384 ? LW_LIT("P-384") : LW_LIT("P-256"));
		put_member(w, "kty", LW_LIT("EC"));
		put_octets(w, "x", x);
		put_octets(w, "y", y);
	}
	err = w->err;
out:
	lw_arena_free(a);
	return err;
}

int oidc_thumbprint(const struct lw_sigkey *key, char ret[OIDC_KID])
{
	struct lw_writer w;
	uint8_t digest[32];
	int err;

	lw_writer_init(&w, 4096);
	err = put_key(&w, key);
	LIT(&w, "}");
	if (!err)
		err = w.err;
	if (!err) {
		lw_hash(LW_SHA256, lw_written(&w), digest);
		lw_writer_reset(&w);
		lw_base64url_put(&w, (struct lw_bytes){ digest, sizeof(digest) });
		err = w.err;
	}
	if (!err) {
		memcpy(ret, w.p, OIDC_KID - 1);
		ret[OIDC_KID - 1] = '\0';
	}
	lw_writer_done(&w);
	return err;
}

static int put_header(struct oidc_signer *s)
{
	struct lw_writer json, w;
	int err;

	lw_writer_init(&json, 256);
	lw_writer_init(&w, 512);
	LIT(&json, "{");
	put_member(&json, "alg", lw_str(algs[s->alg].name));
	put_member(&json, "typ", LW_LIT("JWT"));
	put_member(&json, "kid", lw_str(s->kid));
	LIT(&json, "}");
	lw_base64url_put(&w, lw_written(&json));
	LIT(&w, ".");
	err = json.err ? json.err : w.err;
	if (!err)
		s->header.p = lw_writer_take(&w, &s->header.n);
	lw_writer_done(&json);
	lw_writer_done(&w);
	return err;
}

int oidc_signer_new(struct lw_bytes pkcs8, enum oidc_alg alg, struct oidc_signer **ret)
{
	struct oidc_signer *s = calloc(1, sizeof(*s));
	int err = s ? lw_sigkey_private(pkcs8, &s->key) : LW_ENOMEM;

	if (!err && (!oidc_alg_fits(alg, lw_sigkey_type(s->key)) || alg == OIDC_EDDSA))
		err = LW_EINVAL;
	if (!err) {
		s->alg = alg;
		err = oidc_thumbprint(s->key, s->kid);
	}
	if (!err)
		err = put_header(s);
	if (err)
		oidc_signer_free(s);
	else
		*ret = s;
	return err;
}

void oidc_signer_free(struct oidc_signer *s)
{
	if (!s)
		return;
	lw_sigkey_free(s->key);
	free((void *)(uintptr_t)s->header.p);
	free(s);
}

const char *oidc_signer_kid(const struct oidc_signer *s)
{
	return s->kid;
}

enum oidc_alg oidc_signer_alg(const struct oidc_signer *s)
{
	return s->alg;
}

int oidc_jwks_put(struct lw_writer *w, const struct oidc_signer *const *keys, size_t n)
{
	int err = LW_OK;

	LIT(w, "{\"keys\":[");
	for (size_t i = 0; i < n && !err; i++) {
		if (i)
			LIT(w, ",");
		err = put_key(w, keys[i]->key);
		put_member(w, "use", LW_LIT("sig"));
		put_member(w, "alg", lw_str(algs[keys[i]->alg].name));
		put_member(w, "kid", lw_str(keys[i]->kid));
		LIT(w, "}");
	}
	LIT(w, "]}");
	return err ? err : w->err;
}

/* ---- tokens ---- */
int oidc_jws_build(struct lw_bytes payload, const struct oidc_signer *s, struct lw_writer *ret)
{
	size_t start = ret->n;
	uint8_t digest[32], signature[LW_SIG_MAX];
	int err = ret->err;

	if (err)
		return err;
	lw_put_bytes(ret, s->header);
	lw_base64url_put(ret, payload);
	err = ret->err;
	if (!err) {
		lw_hash(LW_SHA256, (struct lw_bytes){ ret->p + start, ret->n - start }, digest);
		err = lw_sigkey_sign(s->key, algs[s->alg].sig, LW_SHA256, digest, signature);
	}
	if (!err) {
		LIT(ret, ".");
		lw_base64url_put(ret, (struct lw_bytes){ signature, lw_sigkey_size(s->key) });
		err = ret->err ? ret->err : ret->n - start > OIDC_MAX ? LW_ELIMIT : LW_OK;
	}
	if (err) {
		ret->n = start;
		ret->err = LW_OK;
	}
	return err;
}

bool oidc_claim_reserved(const char *name)
{
	static const char *const names[] = { "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "amr", "acr", "azp", "nonce", "at_hash", "c_hash",
		"s_hash", "sid", "cnf", "act", "may_act", "scope", "client_id", "events", "toe", "txn", "sub_jwk", "_claim_names", "_claim_sources" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int good(const struct oidc_token *t)
{
	size_t values = 0;

	if (!t->iss.n || !t->sub.n || !t->jti.n || t->n_claims > OIDC_MAX_CLAIMS || t->n_amr > 8)
		return LW_EINVAL;
	for (size_t i = 0; i < t->n_claims; i++) {
		const struct oidc_claim *c = &t->claims[i];

		if (!c->name[0] || oidc_claim_reserved(c->name) || (!c->list && c->n != 1))
			return LW_EINVAL;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(t->claims[j].name, c->name) == 0)
				return LW_EINVAL;
		}
		if (c->n > OIDC_MAX_VALUES || (values += c->n) > OIDC_MAX_VALUES)
			return LW_ELIMIT;
	}
	return LW_OK;
}

int oidc_token_build(const struct oidc_token *t, const struct oidc_signer *s, struct lw_writer *ret)
{
	struct lw_writer w;
	int err = good(t);

	if (err)
		return err;
	lw_writer_init(&w, OIDC_MAX);
	LIT(&w, "{");
	put_member(&w, "iss", t->iss);
	put_member(&w, "sub", t->sub);
	if (t->aud.n)
		put_member(&w, "aud", t->aud);
	put_member(&w, "jti", t->jti);
	put_time(&w, "iat", t->iat);
	put_time(&w, "nbf", t->nbf);
	put_time(&w, "exp", t->exp);
	if (t->auth_time)
		put_time(&w, "auth_time", t->auth_time);
	if (t->n_amr) {
		put_name(&w, "amr");
		for (size_t i = 0; i < t->n_amr; i++) {
			put_text(&w, i ? "," : "[");
			oidc_put_string(&w, lw_str(t->amr[i]));
		}
		LIT(&w, "]");
	}
	for (size_t i = 0; i < t->n_claims; i++)
		put_values(&w, &t->claims[i]);
	LIT(&w, "}");
	err = w.err ? w.err : oidc_jws_build(lw_written(&w), s, ret);
	lw_writer_done(&w);
	return err;
}
