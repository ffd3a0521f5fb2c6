/* SPDX-License-Identifier: Apache-2.0 */
/* JWTs as keyd issues them. */
#include "oidc/issue.h"

#include <string.h>

#include "base/cap.h"
#include "base/err.h"
#include "base/text.h"
#include "oidc/oidc.h"

static int load(struct lw_bytes key, struct lw_bytes pem, void **ret)
{
	struct oidc_signer *s = NULL;
	int err = oidc_signer_new(key, OIDC_ES256, &s);

	(void)pem;
	if (err == LW_EINVAL)
		err = oidc_signer_new(key, OIDC_RS256, &s);
	if (!err)
		*ret = s;
	return err;
}

static void unload(void *it)
{
	oidc_signer_free(it);
}

static bool fits(const void *it, struct lw_bytes alg)
{
	return oidc_signer_alg(it) == (alg.n ? oidc_alg_find(alg) : OIDC_ES256);
}

static int certify(struct lw_bytes key, const char *tenant, int64_t now, int64_t life, struct lw_arena *a, const char **ret_id, struct lw_bytes *ret_pem)
{
	struct lw_sigkey *k;
	char kid[OIDC_KID];
	const char *id;
	int err = lw_sigkey_private(key, &k);

	(void)tenant, (void)now, (void)life;
	if (err)
		return err;
	err = oidc_thumbprint(k, kid);
	if (!err && !oidc_alg_fits(OIDC_ES256, lw_sigkey_type(k)) && !oidc_alg_fits(OIDC_RS256, lw_sigkey_type(k)))
		err = LW_EUNSUPPORTED;
	lw_sigkey_free(k);
	if (err)
		return err;
	id = lw_strdup(a, kid);
	if (!id)
		return LW_ENOMEM;
	*ret_id = id;
	*ret_pem = (struct lw_bytes){ NULL, 0 };
	return LW_OK;
}

/* RFC 8176. */
static size_t amr_of(const struct keys_facts *f, const char *ret[4])
{
	static const struct {
		uint32_t method;
		const char *name;
	} names[] = { { LW_CAP_PASSWORD, "pwd" }, { LW_CAP_KERBEROS, "wia" }, { LW_CAP_CERT, "swk" }, { LW_CAP_OTP, "otp" } };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && n < 3; i++) {
		if (f->methods & names[i].method)
			ret[n++] = names[i].name;
	}
	if (f->mfa)
		ret[n++] = "mfa";
	return n;
}

/* Claims that OpenID Connect gives one value; of others, and of groups, there is a list. */
static bool single(const char *name)
{
	static const char *const names[] = { "name", "given_name", "family_name", "preferred_username", "website", "email", "locale", "phone_number", "upn",
		"tenant" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* Octets that are no text are for no JWT. */
static int claims_of(const struct keys_facts *f, struct lw_arena *a, struct oidc_token *t)
{
	struct oidc_claim *list = lw_allocn(a, f->n_claims + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return LW_ENOMEM;
	for (size_t i = 0; i < f->n_claims && n < OIDC_MAX_CLAIMS; i++) {
		const struct store_claim *c = &f->claims[i];
		struct lw_bytes *values = lw_allocn(a, c->n, sizeof(*values));
		bool list_of = !single(c->name);
		size_t have = 0;

		if (!values)
			return LW_ENOMEM;
		for (size_t v = 0; v < c->n && (list_of || have == 0); v++) {
			if (lw_utf8_valid(c->values[v]))
				values[have++] = c->values[v];
		}
		if (!oidc_claim_reserved(c->name) && (list_of || have))
			list[n++] = (struct oidc_claim){ c->name, values, have, list_of };
	}
	t->claims = list;
	t->n_claims = n;
	return LW_OK;
}

static int build(const void *it, const struct keys_facts *f, struct lw_arena *a, struct lw_writer *ret, char why[200])
{
	const char *amr[4];
	char sub[LW_UUID_TEXT];
	struct oidc_token t = {
		.iss = f->issuer,
		.aud = f->audience,
		.jti = f->id,
		.iat = f->issued,
		.nbf = f->not_before,
		.exp = f->not_after,
		.auth_time = f->auth_time,
		.amr = amr,
		.n_amr = amr_of(f, amr),
	};
	int err;

	(void)why;
	lw_uuid_format(&f->subject, sub);
	t.sub = lw_str(sub);
	err = claims_of(f, a, &t);
	return err ? err : oidc_token_build(&t, it, ret);
}

static int publish(const void *const *signers, const struct lw_bytes *pems, size_t n, struct lw_writer *w)
{
	(void)pems;
	return oidc_jwks_put(w, (const struct oidc_signer *const *)signers, n);
}

const struct keys_token_builder oidc_issuing = { load, unload, fits, build, certify, publish, NULL };
