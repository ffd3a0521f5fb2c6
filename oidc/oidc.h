/* SPDX-License-Identifier: Apache-2.0 */
/* A small fixed JOSE profile (RFC 7515, 7517, 7518, 7519, 8037): compact JWS, the algorithms below, each bound to its key and never chosen by
 * a token. No store, no clock. Times are microseconds, written as whole seconds. JSON is written here by hand; it is read only in
 * oidc/verify.c (jansson by http/), which never runs in keyd. */
#ifndef OIDC_OIDC_H
#define OIDC_OIDC_H

#include "base/arena.h"
#include "base/sigkey.h"

#define OIDC_MAX        65536 /* octets of a token */
#define OIDC_MAX_CLAIMS 64
#define OIDC_MAX_VALUES 4096
#define OIDC_KID        44    /* RFC 7638 thumbprint (SHA-256) in base64url, with its NUL */

enum oidc_alg { OIDC_ES256 = 1, OIDC_RS256, OIDC_PS256, OIDC_EDDSA, OIDC_ALG_COUNT }; /* EdDSA: only to verify */
const char *oidc_alg_name(enum oidc_alg);
enum oidc_alg oidc_alg_find(struct lw_bytes name); /* 0: not one of ours */
bool oidc_alg_fits(enum oidc_alg, enum lw_sigkey_type);

/* ---- writing JSON ---- */
void oidc_put_string(struct lw_writer *, struct lw_bytes); /* quoted and escaped; not UTF-8: LW_EINVAL */

/* ---- signing: a private key with its algorithm, loaded once and used by many threads ---- */
struct oidc_signer;
int oidc_signer_new(struct lw_bytes pkcs8, enum oidc_alg, struct oidc_signer **ret); /* LW_EINVAL: not for this key */
void oidc_signer_free(struct oidc_signer *);
const char *oidc_signer_kid(const struct oidc_signer *);
enum oidc_alg oidc_signer_alg(const struct oidc_signer *);
/* RFC 7638, as a kid. */
int oidc_thumbprint(const struct lw_sigkey *, char ret[OIDC_KID]);

struct oidc_claim { const char *name; const struct lw_bytes *values; size_t n; bool list; }; /* list: an array also of one */
struct oidc_token {
	struct lw_bytes iss, sub, aud, jti; /* aud n 0: left out */
	int64_t iat, nbf, exp, auth_time;   /* auth_time 0: left out */
	const char *const *amr;             /* RFC 8176 */
	size_t n_amr;
	const struct oidc_claim *claims;
	size_t n_claims;
};
/* Is this a name that only the fields above may have, or another that protocols give a meaning (cnf, scope, act …)? */
bool oidc_claim_reserved(const char *name);
/* The compact JWS, appended. After an error ret is as it was. LW_EINVAL: a text that is not UTF-8, a reserved or a second claim of a name;
 * LW_ELIMIT. */
int oidc_token_build(const struct oidc_token *, const struct oidc_signer *, struct lw_writer *ret);
/* Any payload under the signer's header. */
int oidc_jws_build(struct lw_bytes payload, const struct oidc_signer *, struct lw_writer *ret);
/* {"keys":[...]}: the public parts (RFC 7517). */
int oidc_jwks_put(struct lw_writer *, const struct oidc_signer *const *, size_t n);

/* ---- verifying (oidc/verify.c) ---- */
struct oidc_key { enum oidc_alg alg; struct lw_bytes kid; const struct lw_sigkey *key; };
/* The payload's octets, in the arena, if one of the keys signed it: the one with the header's kid, or without a kid every one with its alg.
 * The header has alg (the key's), and may have kid, typ "JWT" and cty, nothing else: no crit, b64, jku, jwk, x5u, x5c.
 * LW_EINVAL: not such a JWS; LW_EAUTH: no such key, or the signature is wrong; LW_ELIMIT. why: one line for the log. */
int oidc_jws_verify(struct lw_bytes token, const struct oidc_key *, size_t n, struct lw_arena *, struct lw_bytes *ret_payload, char why[200]);
/* And that it is a JWT of this issuer for this audience, at this time; a token without aud is for nobody. LW_EAUTH, LW_EEXPIRED.
 * ret_sub lives in the arena. */
int oidc_token_verify(struct lw_bytes token, const struct oidc_key *, size_t n, struct lw_bytes iss, struct lw_bytes aud, int64_t now,
	struct lw_arena *, struct lw_bytes *ret_sub, char why[200]);

#endif
