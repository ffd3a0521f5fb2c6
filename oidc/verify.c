/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what somebody shows as a token. Not for keyd: JSON is parsed here. */
#include "oidc/oidc.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "http/http.h"

#define LEEWAY (60 * LW_SECOND) /* clocks differ */

static int refuse(int err, char why[200], const char *text)
{
	snprintf(why, 200, "%s", text);
	return err;
}

/* The three parts. */
static bool split(struct lw_bytes token, struct lw_bytes part[3])
{
	struct lw_bytes left = token;

	for (size_t i = 0; i < 2; i++) {
		const uint8_t *dot = left.n ? memchr(left.p, '.', left.n) : NULL;

		if (!dot)
			return false;
		part[i] = (struct lw_bytes){ left.p, (size_t)(dot - left.p) };
		left = (struct lw_bytes){ dot + 1, left.n - part[i].n - 1 };
	}
	part[2] = left;
	return !left.n || !memchr(left.p, '.', left.n);
}

static int header(json_t *h, enum oidc_alg *ret_alg, struct lw_bytes *ret_kid, char why[200])
{
	struct lw_bytes alg, kid = { NULL, 0 }, typ;
	const char *name;
	json_t *value;

	if (!json_is_object(h) || http_json_string(h, "alg", &alg) || http_json_string(h, "kid", &kid) || http_json_string(h, "typ", &typ))
		return refuse(LW_EINVAL, why, "the header is not of the profile");
	json_object_foreach(h, name, value) {
		if (strcmp(name, "alg") != 0 && strcmp(name, "kid") != 0 && strcmp(name, "typ") != 0 && strcmp(name, "cty") != 0)
			return refuse(LW_EINVAL, why, "a header parameter that is not of the profile");
	}
	if (typ.p && !lw_eq_nocase(typ, LW_LIT("JWT")))
		return refuse(LW_EINVAL, why, "typ is not JWT");
	*ret_alg = alg.p ? oidc_alg_find(alg) : (enum oidc_alg)0;
	if (!*ret_alg)
		return refuse(LW_EINVAL, why, "alg is not of the profile");
	*ret_kid = kid;
	return LW_OK;
}

static int check(const struct oidc_key *k, struct lw_bytes input, struct lw_bytes signature)
{
	static const enum lw_sig sigs[OIDC_ALG_COUNT] = { [OIDC_ES256] = LW_SIG_ECDSA, [OIDC_RS256] = LW_SIG_RSA, [OIDC_PS256] = LW_SIG_PSS };
	uint8_t digest[32];

	if (!oidc_alg_fits(k->alg, lw_sigkey_type(k->key)))
		return LW_EAUTH;
	if (k->alg == OIDC_EDDSA)
		return lw_sigkey_verify_ed25519(k->key, input, signature);
	lw_hash(LW_SHA256, input, digest);
	return lw_sigkey_verify(k->key, sigs[k->alg], LW_SHA256, digest, signature);
}

int oidc_jws_verify(struct lw_bytes token, const struct oidc_key *keys, size_t n, struct lw_arena *a, struct lw_bytes *ret, char why[200])
{
	struct lw_bytes part[3], head, payload, signature, kid;
	enum oidc_alg alg;
	json_t *h = NULL;
	int err;

	if (token.n > OIDC_MAX)
		return refuse(LW_ELIMIT, why, "too long");
	if (!split(token, part) || lw_unbase64url(a, part[0], &head) || lw_unbase64url(a, part[1], &payload) || lw_unbase64url(a, part[2], &signature))
		return refuse(LW_EINVAL, why, "not a compact JWS");
	err = http_json_parse(head, &h) ? refuse(LW_EINVAL, why, "the header is not JSON") : header(h, &alg, &kid, why);
	if (err)
		goto out;
	err = refuse(LW_EAUTH, why, "no such key");
	for (size_t i = 0; i < n && err; i++) {
		if (keys[i].alg != alg || (kid.p && !lw_eq(kid, keys[i].kid)))
			continue;
		err = check(&keys[i], (struct lw_bytes){ token.p, part[0].n + 1 + part[1].n }, signature);
		if (err)
			err = refuse(LW_EAUTH, why, "the signature is wrong");
	}
	if (!err)
		*ret = payload;
out:
	json_decref(h);
	return err;
}

static bool has_audience(json_t *aud, struct lw_bytes want)
{
	json_t *one;
	size_t i;

	if (json_is_string(aud))
		return lw_eq((struct lw_bytes){ (const uint8_t *)json_string_value(aud), json_string_length(aud) }, want);
	json_array_foreach(aud, i, one) {
		if (json_is_string(one) && has_audience(one, want))
			return true;
	}
	return false;
}

/* NumericDate as microseconds. */
static bool date(json_t *claims, const char *name, bool must, int64_t *ret)
{
	json_t *v = json_object_get(claims, name);

	if (!v)
		return !must;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > INT64_MAX / LW_SECOND - 86400)
		return false;
	*ret = json_integer_value(v) * LW_SECOND;
	return true;
}

int oidc_token_verify(struct lw_bytes token, const struct oidc_key *keys, size_t n, struct lw_bytes iss, struct lw_bytes aud, int64_t now,
	struct lw_arena *a, struct lw_bytes *ret_sub, char why[200])
{
	struct lw_bytes payload, value;
	int64_t exp = 0, nbf = 0;
	json_t *c = NULL;
	int err = oidc_jws_verify(token, keys, n, a, &payload, why);

	if (err)
		return err;
	if (http_json_parse(payload, &c) || !json_is_object(c))
		err = refuse(LW_EINVAL, why, "the claims are not a JSON object");
	else if (http_json_string(c, "iss", &value) || !lw_eq(value, iss) || !iss.n)
		err = refuse(LW_EAUTH, why, "another issuer");
	else if (!aud.n || !has_audience(json_object_get(c, "aud"), aud))
		err = refuse(LW_EAUTH, why, "another audience");
	else if (!date(c, "exp", true, &exp) || !date(c, "nbf", false, &nbf))
		err = refuse(LW_EINVAL, why, "bad times");
	else if (now >= exp + LEEWAY)
		err = refuse(LW_EEXPIRED, why, "expired");
	else if (now < nbf - LEEWAY)
		err = refuse(LW_EAUTH, why, "not valid yet");
	else if (http_json_string(c, "sub", &value) || !value.n)
		err = refuse(LW_EINVAL, why, "no sub");
	else {
		value = lw_dup(a, value);
		err = value.p ? LW_OK : LW_ENOMEM;
	}
	if (!err)
		*ret_sub = value;
	json_decref(c);
	return err;
}
