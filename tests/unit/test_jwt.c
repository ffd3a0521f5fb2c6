/* SPDX-License-Identifier: Apache-2.0 */
/* JOSE against the examples of RFC 7515 (A), 7638 (3.1) and 8037 (A), and what must be refused. */
#include "tests/unit/unit.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "oidc/oidc.h"
#include "tests/unit/sig_rig.h"

#define NOW (INT64_C(1795392000) * LW_SECOND)
#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" /* RFC 7515 A.1 to A.3, A.5 */
#define JOE_JSON "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"

static struct lw_arena *arena;
static char why[200];

static struct lw_bytes decode(const char *s)
{
	struct lw_bytes b;

	assert_int_equal(lw_unbase64url(arena, lw_str(s), &b), LW_OK);
	return b;
}

static struct oidc_key numbers(enum oidc_alg alg, enum lw_sigkey_type type, const char *x, const char *y)
{
	struct lw_sigkey *k;

	assert_int_equal(lw_sigkey_numbers(type, decode(x), decode(y), &k), LW_OK);
	return (struct oidc_key){ .alg = alg, .key = k };
}

static void done(struct oidc_key *k)
{
	lw_sigkey_free((struct lw_sigkey *)(uintptr_t)k->key);
}

static int verify(const char *token, const struct oidc_key *k, size_t n, struct lw_bytes *ret)
{
	return oidc_jws_verify(lw_str(token), k, n, arena, ret, why);
}

#define A2_N                                                                                                             \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"      \
	"SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"     \
	"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"                 \
	"h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define A2                                                                                                               \
	"eyJhbGciOiJSUzI1NiJ9." JOE                                                                                      \
	".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"                             \
	"lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1" \
	"L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgG" \
	"Y9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define A3_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define A3 "eyJhbGciOiJFUzI1NiJ9." JOE ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED                                                                                                          \
	"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR" \
	"4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

static void vectors(void **state)
{
	struct oidc_key k[3] = { numbers(OIDC_RS256, LW_KEY_RSA, A2_N, "AQAB"), numbers(OIDC_ES256, LW_KEY_P256, A3_X, A3_Y),
		numbers(OIDC_EDDSA, LW_KEY_ED25519, ED_X, "") };
	static const char *const good[][2] = { { A2, JOE_JSON }, { A3, JOE_JSON }, { ED, "Example of Ed25519 signing" } };
	struct lw_bytes payload;
	char text[4096], kid[OIDC_KID];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(verify(good[i][0], &k[i], 1, &payload), LW_OK);
		assert_bytes(payload, good[i][1]);
		assert_int_equal(verify(good[i][0], k, 3, &payload), LW_OK);
		for (size_t j = 0; j < 3; j++) { /* alg belongs to the key */
			if (j != i)
				assert_int_equal(verify(good[i][0], &k[j], 1, &payload), LW_EAUTH);
		}
		assert_int_equal(verify(good[i][0], k, 0, &payload), LW_EAUTH);
		/* each octet counts */
		for (size_t at = 0; at < strlen(good[i][0]); at += 7) {
			snprintf(text, sizeof(text), "%s", good[i][0]);
			text[at] = text[at] == 'A' ? 'B' : 'A';
			assert_int_not_equal(verify(text, k, 3, &payload), LW_OK);
			text[at] = '\0';
			assert_int_not_equal(verify(text, k, 3, &payload), LW_OK);
		}
	}
	assert_int_equal(oidc_thumbprint(k[2].key, kid), LW_OK);
	assert_string_equal(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); /* RFC 8037 A.3 */
	k[0].alg = OIDC_PS256;
	assert_int_equal(verify(A2, k, 1, &payload), LW_EAUTH);
	k[0].alg = OIDC_ES256; /* confused: a key that is not for it */
	assert_int_equal(verify(A3, k, 1, &payload), LW_EAUTH);
	for (size_t i = 0; i < 3; i++)
		done(&k[i]);
	k[0] = numbers(OIDC_RS256, LW_KEY_RSA,
		"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-"
		"5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr"
		"dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
		"AQAB");
	assert_int_equal(oidc_thumbprint(k[0].key, kid), LW_OK);
	assert_string_equal(kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	done(&k[0]);
}

/* header.payload under this key, whatever the header says. */
static char *forge(const char *header, const char *payload, struct rig_signer *r, enum lw_sig sig)
{
	struct lw_writer w;
	uint8_t digest[32], value[LW_SIG_MAX];
	char *text;

	lw_writer_init(&w, 65536);
	lw_base64url_put(&w, lw_str(header));
	lw_put_u8(&w, '.');
	lw_base64url_put(&w, lw_str(payload));
	lw_hash(LW_SHA256, lw_written(&w), digest);
	assert_int_equal(lw_sigkey_sign(r->key, sig, LW_SHA256, digest, value), LW_OK);
	lw_put_u8(&w, '.');
	lw_base64url_put(&w, (struct lw_bytes){ value, lw_sigkey_size(r->key) });
	lw_put_u8(&w, 0);
	text = lw_strdup(arena, (const char *)w.p);
	lw_writer_done(&w);
	return text;
}

static void headers(void **state)
{
	struct rig_signer *r = sig_rig(RIG_P256), *rsa = sig_rig(RIG_RSA2048);
	struct oidc_key k = { .alg = OIDC_ES256, .kid = LW_LIT("k1"), .key = r->key };
	struct oidc_key two[2] = { { .alg = OIDC_RS256, .kid = LW_LIT("k"), .key = rsa->key }, { .alg = OIDC_PS256, .kid = LW_LIT("k"), .key = rsa->key } };
	static const char *const good[] = { "{\"alg\":\"ES256\"}", "{\"alg\":\"ES256\",\"kid\":\"k1\"}", "{\"typ\":\"jwt\",\"alg\":\"ES256\",\"cty\":\"x\"}" };
	static const char *const bad[] = { "{}", "[]", "\"alg\"", "", "{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":null}", "{\"alg\":[\"ES256\"]}",
		"{\"alg\":\"HS256\"}", "{\"alg\":\"ES512\"}", "{\"alg\":\"es256\"}", "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"ES256\",\"b64\":false}", "{\"alg\":\"ES256\",\"jku\":\"https://evil.example/\"}", "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}",
		"{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/\"}", "{\"alg\":\"ES256\",\"x5c\":[]}", "{\"alg\":\"ES256\",\"zip\":\"DEF\"}",
		"{\"alg\":\"ES256\",\"kid\":1}", "{\"alg\":\"ES256\",\"typ\":\"JOSE+JSON\"}", "{\"alg\":\"ES256\"} x", "{\"alg\":\"ES256\"" };
	struct lw_bytes payload;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(verify(forge(good[i], "p", r, LW_SIG_ECDSA), &k, 1, &payload), LW_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(verify(forge(bad[i], "p", r, LW_SIG_ECDSA), &k, 1, &payload), LW_EINVAL);
	assert_int_equal(verify(forge("{\"alg\":\"ES256\",\"kid\":\"k2\"}", "p", r, LW_SIG_ECDSA), &k, 1, &payload), LW_EAUTH);
	/* One kid, two algorithms: the key's says how it is verified. */
	assert_int_equal(verify(forge("{\"alg\":\"RS256\",\"kid\":\"k\"}", "p", rsa, LW_SIG_RSA), two, 2, &payload), LW_OK);
	assert_int_equal(verify(forge("{\"alg\":\"PS256\",\"kid\":\"k\"}", "p", rsa, LW_SIG_PSS), two, 2, &payload), LW_OK);
	assert_int_equal(verify(forge("{\"alg\":\"PS256\",\"kid\":\"k\"}", "p", rsa, LW_SIG_RSA), two, 2, &payload), LW_EAUTH);
	assert_int_equal(verify(forge("{\"alg\":\"RS256\",\"kid\":\"k\"}", "p", rsa, LW_SIG_PSS), two, 2, &payload), LW_EAUTH);
	assert_int_equal(verify("eyJhbGciOiJub25lIn0." JOE ".", &k, 1, &payload), LW_EINVAL); /* RFC 7515 A.5 */
	assert_int_equal(verify("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &k, 1, &payload),
		LW_EINVAL); /* A.1 */
	assert_int_equal(verify("a.b", &k, 1, &payload), LW_EINVAL);
	assert_int_equal(verify("..", &k, 1, &payload), LW_EINVAL);
	assert_int_equal(verify("a.b.c.d", &k, 1, &payload), LW_EINVAL);
	assert_int_equal(verify("", &k, 1, &payload), LW_EINVAL);
	assert_int_equal(verify(A3 "=", &k, 1, &payload), LW_EINVAL);
	assert_int_equal(verify(" " A3, &k, 1, &payload), LW_EINVAL);
}

static struct lw_bytes mails[] = { { (const uint8_t *)"alice@acme.example", 18 } };
static struct lw_bytes groups[] = { { (const uint8_t *)"staff", 5 }, { (const uint8_t *)"a\"b\\c\n\x01", 7 }, { (const uint8_t *)"\xf0\x9f\x94\x91</x>", 8 } };
static const struct oidc_claim claims[] = { { "email", mails, 1, false }, { "groups", groups, 3, true }, { "none", NULL, 0, true } };
static const char *const amr[] = { "pwd", "mfa" };

static struct oidc_token example(void)
{
	return (struct oidc_token){
		.iss = LW_LIT("https://idp.acme.example/openidconnect/acme.example"),
		.sub = LW_LIT("0193576e-2222-7000-8000-000000000002"),
		.aud = LW_LIT("https://api.acme.example"),
		.jti = LW_LIT("j1"),
		.iat = NOW,
		.nbf = NOW,
		.exp = NOW + 3600 * LW_SECOND + 999999,
		.auth_time = NOW - 5 * LW_SECOND,
		.amr = amr,
		.n_amr = 2,
		.claims = claims,
		.n_claims = 3,
	};
}

/* jansson reads back what was written by hand. */
static void built(void **state)
{
	static const struct {
		enum rig_key key;
		enum oidc_alg alg;
	} rows[] = { { RIG_P256, OIDC_ES256 }, { RIG_RSA2048, OIDC_RS256 }, { RIG_RSA3072, OIDC_RS256 }, { RIG_RSA2048, OIDC_PS256 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig_signer *r = sig_rig(rows[i].key);
		struct oidc_signer *s = NULL;
		struct oidc_token t = example();
		struct oidc_key k = { .alg = rows[i].alg, .key = r->key };
		struct lw_bytes payload, sub;
		struct lw_writer w;
		json_t *got, *want;

		assert_int_equal(oidc_signer_new(r->pkcs8, rows[i].alg, &s), LW_OK);
		k.kid = lw_str(oidc_signer_kid(s));
		lw_writer_init(&w, OIDC_MAX);
		assert_int_equal(oidc_token_build(&t, s, &w), LW_OK);
		assert_int_equal(oidc_jws_verify(lw_written(&w), &k, 1, arena, &payload, why), LW_OK);
		got = json_loadb((const char *)payload.p, payload.n, JSON_REJECT_DUPLICATES, NULL);
		want = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:[ss], s:s, s:[sss], s:[]}", "iss",
			"https://idp.acme.example/openidconnect/acme.example", "sub", "0193576e-2222-7000-8000-000000000002", "aud", "https://api.acme.example",
			"jti", "j1", "iat", (json_int_t)1795392000, "nbf", (json_int_t)1795392000, "exp", (json_int_t)1795395600, "auth_time",
			(json_int_t)1795391995, "amr", "pwd", "mfa", "email", "alice@acme.example", "groups", "staff", "a\"b\\c\n\x01",
			"\xf0\x9f\x94\x91</x>", "none");
		assert_non_null(got);
		assert_non_null(want);
		assert_int_equal(json_equal(got, want), 1);
		json_decref(got);
		json_decref(want);
		assert_int_equal(oidc_token_verify(lw_written(&w), &k, 1, t.iss, t.aud, NOW, arena, &sub, why), LW_OK);
		assert_true(lw_eq(sub, t.sub));
		k.kid = LW_LIT("other");
		assert_int_equal(oidc_token_verify(lw_written(&w), &k, 1, t.iss, t.aud, NOW, arena, &sub, why), LW_EAUTH);
		lw_writer_done(&w);
		oidc_signer_free(s);
	}
}

static void verified(void **state)
{
	struct rig_signer *r = sig_rig(RIG_P256);
	struct oidc_key k = { .alg = OIDC_ES256, .key = r->key };
	struct oidc_token t = example();
	struct oidc_signer *s = NULL;
	struct lw_writer w;
	struct lw_bytes sub, iss = t.iss, aud = t.aud;

#define SHOWN(i, a, now) oidc_token_verify(lw_written(&w), &k, 1, i, a, now, arena, &sub, why)
#define CLAIMS(json) oidc_token_verify(lw_str(forge("{\"alg\":\"ES256\"}", json, r, LW_SIG_ECDSA)), &k, 1, LW_LIT("i"), LW_LIT("a"), 0, arena, &sub, why)
	(void)state;
	assert_int_equal(oidc_signer_new(r->pkcs8, OIDC_ES256, &s), LW_OK);
	k.kid = lw_str(oidc_signer_kid(s));
	lw_writer_init(&w, OIDC_MAX);
	assert_int_equal(oidc_token_build(&t, s, &w), LW_OK);
	assert_int_equal(SHOWN(iss, aud, NOW), LW_OK);
	assert_int_equal(SHOWN(iss, aud, NOW + 3659 * LW_SECOND), LW_OK);
	assert_int_equal(SHOWN(iss, aud, NOW + 3660 * LW_SECOND), LW_EEXPIRED);
	assert_int_equal(SHOWN(iss, aud, NOW - 61 * LW_SECOND), LW_EAUTH);
	assert_int_equal(SHOWN(LW_LIT("https://idp.acme.example/openidconnect/other"), aud, NOW), LW_EAUTH);
	assert_int_equal(SHOWN(iss, LW_LIT("https://api.acme.example/"), NOW), LW_EAUTH);
	assert_int_equal(SHOWN(iss, LW_LIT(""), NOW), LW_EAUTH);
	lw_writer_reset(&w);
	t.aud.n = 0;
	assert_int_equal(oidc_token_build(&t, s, &w), LW_OK);
	assert_int_equal(SHOWN(iss, aud, NOW), LW_EAUTH);
	assert_int_equal(SHOWN(iss, LW_LIT(""), NOW), LW_EAUTH);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1,\"sub\":\"s\"}"), LW_OK);
	assert_bytes(sub, "s");
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":[\"b\",1,\"a\"],\"exp\":1,\"sub\":\"s\"}"), LW_OK);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":[\"b\",[\"a\"]],\"exp\":1,\"sub\":\"s\"}"), LW_EAUTH);
	assert_int_equal(CLAIMS("{\"iss\":[\"i\"],\"aud\":\"a\",\"exp\":1,\"sub\":\"s\"}"), LW_EAUTH);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"s\"}"), LW_EINVAL);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":\"1\",\"sub\":\"s\"}"), LW_EINVAL);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":9223372036854775807,\"sub\":\"s\"}"), LW_EINVAL);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1,\"nbf\":-1,\"sub\":\"s\"}"), LW_EINVAL);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1}"), LW_EINVAL);
	assert_int_equal(CLAIMS("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1,\"exp\":2,\"sub\":\"s\"}"), LW_EINVAL);
	assert_int_equal(CLAIMS("[]"), LW_EINVAL);
	assert_int_equal(CLAIMS(""), LW_EINVAL);
	lw_writer_done(&w);
	oidc_signer_free(s);
}

static void refused(void **state)
{
	static const struct lw_bytes one[] = { { (const uint8_t *)"v", 1 }, { (const uint8_t *)"w", 1 } }, bad[] = { { (const uint8_t *)"\xff", 1 } };
	const struct oidc_claim wrong[][2] = { { { "sub", one, 1, false } }, { { "cnf", one, 1, true } }, { { "", one, 1, false } }, { { "x", one, 2, false } },
		{ { "x", one, 0, false } }, { { "x", bad, 1, true } }, { { "x", one, 1, false }, { "x", one, 1, true } } };
	static struct oidc_claim many[OIDC_MAX_CLAIMS + 1];
	static uint8_t big[OIDC_MAX];
	struct lw_bytes bigs = { big, sizeof(big) };
	const struct oidc_claim huge = { "x", &bigs, 1, false };
	struct oidc_token t;
	struct oidc_signer *s = NULL;
	struct lw_writer w;

	(void)state;
	assert_int_equal(oidc_signer_new(sig_rig(RIG_P256)->pkcs8, OIDC_RS256, &s), LW_EINVAL);
	assert_int_equal(oidc_signer_new(sig_rig(RIG_P384)->pkcs8, OIDC_ES256, &s), LW_EINVAL);
	assert_int_equal(oidc_signer_new(sig_rig(RIG_RSA2048)->pkcs8, OIDC_EDDSA, &s), LW_EINVAL);
	assert_int_equal(oidc_signer_new(sig_rig(RIG_RSA2048)->pkcs8, (enum oidc_alg)0, &s), LW_EINVAL);
	assert_null(s);
	assert_int_equal(oidc_signer_new(sig_rig(RIG_P256)->pkcs8, OIDC_ES256, &s), LW_OK);
	lw_writer_init(&w, 2 * OIDC_MAX);
	lw_put_u8(&w, 'x');
#define BAD(want)                                               \
	assert_int_equal(oidc_token_build(&t, s, &w), want);    \
	assert_int_equal(w.n, 1);                               \
	assert_int_equal(w.err, LW_OK)
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		t = example();
		t.claims = wrong[i];
		t.n_claims = wrong[i][1].name ? 2 : 1;
		BAD(LW_EINVAL);
	}
	t = example(), t.iss.n = 0;
	BAD(LW_EINVAL);
	t = example(), t.sub.n = 0;
	BAD(LW_EINVAL);
	t = example(), t.jti.n = 0;
	BAD(LW_EINVAL);
	t = example(), t.exp = -1;
	BAD(LW_EINVAL);
	t = example(), t.claims = many, t.n_claims = OIDC_MAX_CLAIMS + 1;
	BAD(LW_EINVAL);
	memset(big, 'x', sizeof(big));
	t = example(), t.claims = &huge, t.n_claims = 1;
	BAD(LW_ELIMIT);
	lw_writer_done(&w);
	oidc_signer_free(s);
	for (unsigned i = 1; i < OIDC_ALG_COUNT; i++)
		assert_int_equal(oidc_alg_find(lw_str(oidc_alg_name((enum oidc_alg)i))), i);
	assert_int_equal(oidc_alg_find(LW_LIT("none")), 0);
	assert_int_equal(oidc_alg_find(LW_LIT("")), 0);
	assert_null(oidc_alg_name((enum oidc_alg)0));
	assert_null(oidc_alg_name(OIDC_ALG_COUNT));
}

/* The set's numbers make keys that verify (RFC 7517 4, RFC 7518 6). */
static void key_set(void **state)
{
	struct oidc_signer *s[2] = { NULL, NULL };
	struct lw_writer w;
	json_t *set, *ec, *rsa;

	(void)state;
	assert_int_equal(oidc_signer_new(sig_rig(RIG_P256)->pkcs8, OIDC_ES256, &s[0]), LW_OK);
	assert_int_equal(oidc_signer_new(sig_rig(RIG_RSA2048)->pkcs8, OIDC_RS256, &s[1]), LW_OK);
	lw_writer_init(&w, 65536);
	assert_int_equal(oidc_jwks_put(&w, (const struct oidc_signer *const *)s, 2), LW_OK);
	set = json_loadb((const char *)w.p, w.n, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_array_size(json_object_get(set, "keys")), 2);
	ec = json_array_get(json_object_get(set, "keys"), 0);
	rsa = json_array_get(json_object_get(set, "keys"), 1);
	assert_int_equal(json_object_size(ec), 7);
	assert_int_equal(json_object_size(rsa), 6);
	for (int i = 0; i < 2; i++) {
		static const char *const want[2][5] = { { "EC", "ES256", "P-256", "x", "y" }, { "RSA", "RS256", NULL, "n", "e" } };
		json_t *j = i ? rsa : ec;
		struct oidc_key k = numbers(i ? OIDC_RS256 : OIDC_ES256, i ? LW_KEY_RSA : LW_KEY_P256, json_string_value(json_object_get(j, want[i][3])),
			json_string_value(json_object_get(j, want[i][4])));
		struct lw_bytes payload;
		struct lw_writer t;
		char kid[OIDC_KID];

		assert_string_equal(json_string_value(json_object_get(j, "kty")), want[i][0]);
		assert_string_equal(json_string_value(json_object_get(j, "alg")), want[i][1]);
		assert_string_equal(json_string_value(json_object_get(j, "use")), "sig");
		assert_string_equal(json_string_value(json_object_get(j, "kid")), oidc_signer_kid(s[i]));
		if (want[i][2])
			assert_string_equal(json_string_value(json_object_get(j, "crv")), want[i][2]);
		assert_int_equal(oidc_thumbprint(k.key, kid), LW_OK);
		assert_string_equal(kid, oidc_signer_kid(s[i]));
		k.kid = lw_str(kid);
		lw_writer_init(&t, OIDC_MAX);
		assert_int_equal(oidc_jws_build(LW_LIT("p"), s[i], &t), LW_OK);
		assert_int_equal(oidc_jws_verify(lw_written(&t), &k, 1, arena, &payload, why), LW_OK);
		lw_writer_done(&t);
		done(&k);
	}
	json_decref(set);
	lw_writer_reset(&w);
	assert_int_equal(oidc_jwks_put(&w, NULL, 0), LW_OK);
	assert_bytes(lw_written(&w), "{\"keys\":[]}");
	lw_writer_done(&w);
	oidc_signer_free(s[0]);
	oidc_signer_free(s[1]);
}

static int setup(void **state)
{
	(void)state;
	arena = lw_arena_new(8u << 20, false);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	lw_arena_free(arena);
	sig_rig_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(headers),
		cmocka_unit_test(built),
		cmocka_unit_test(verified),
		cmocka_unit_test(refused),
		cmocka_unit_test(key_set),
	};

	return cmocka_run_group_tests_name("jwt", tests, setup, teardown);
}
