/* SPDX-License-Identifier: Apache-2.0 */
/* OpenID Connect, as far as it goes: the keys that verify a tenant's JWTs, and the document that says where they are. */
#include "lwd/web.h"

#include <stdio.h>

#include "base/err.h"
#include "base/text.h"

/* ret: the set, which tells as well that the tenant is there. until: a few seconds for who keeps it. */
static int key_set(struct web *w, struct http_request *q, struct http_response *a, struct lw_bytes *ret)
{
	int64_t until = 0, now = lw_wall(w->clock);
	char text[48];
	int err = keys_public(w->keys, KEYS_JWKS, web_tenant(w, q), q->arena, ret, &until);

	if (err && (err = web_want(w, web_tenant(w, q), KEYS_JWT, err)) == LW_OK)
		err = keys_public(w->keys, KEYS_JWKS, web_tenant(w, q), q->arena, ret, &until);
	if (err)
		return err;
	snprintf(text, sizeof(text), "public, max-age=%lld", until > now ? (long long)((until - now) / LW_SECOND) : 0LL);
	http_put_field(a, "Cache-Control", lw_str(text));
	http_put_field(a, "Access-Control-Allow-Origin", LW_LIT("*")); /* public: browsers' clients verify too */
	return LW_OK;
}

static int jwks(void *ctx, struct http_request *q, struct http_response *a)
{
	struct lw_bytes set;
	int err = key_set(ctx, q, a, &set);

	if (err)
		return err == LW_ENOTFOUND ? web_nowhere(a) : err;
	a->type = "application/jwk-set+json";
	lw_put_bytes(&a->body, set);
	return a->body.err;
}

/* OpenID Connect Discovery 1.0, section 3, with what there is: no flows yet, so that no response types and no endpoints are claimed. */
static int discovery(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web *w = ctx;
	struct lw_bytes set;
	const char *url = w->url;
	char *tenant, *issuer, *keys;
	json_t *doc;
	int err = key_set(w, q, a, &set);

	if (!err && !url)
		err = LW_EUNAVAIL;
	if (err)
		return err == LW_ENOTFOUND ? web_nowhere(a) : err;
	/* in the issuer the name has the form that tokens have it in */
	err = lw_domain_canon(q->arena, web_tenant(w, q), &tenant);
	if (err)
		return err == LW_EINVAL ? web_nowhere(a) : err;
	issuer = lw_printf(q->arena, "%s/openidconnect/%s", url, tenant);
	keys = lw_printf(q->arena, "%s/openidconnect/jwks/%s", url, tenant);
	if (!issuer || !keys)
		return LW_ENOMEM;
	doc = json_pack("{s:s, s:s, s:[], s:[s], s:[ss], s:[sssssssss]}", "issuer", issuer, "jwks_uri", keys, "response_types_supported",
		"subject_types_supported", "public", "id_token_signing_alg_values_supported", "ES256", "RS256", "claims_supported", "iss", "sub", "aud", "jti", "iat", "nbf", "exp", "auth_time", "amr");
	if (!doc)
		return LW_ENOMEM;
	http_put_json(a, doc);
	return LW_OK;
}

#define PUBLIC(p, r) { .method = HTTP_GET, .pattern = p, .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .run = r }
static const struct http_route oidc[] = {
	PUBLIC("/openidconnect/jwks", jwks),
	PUBLIC("/openidconnect/jwks/{tenant}", jwks),
	PUBLIC("/openidconnect/.well-known/openid-configuration", discovery),
	PUBLIC("/openidconnect/{tenant}/.well-known/openid-configuration", discovery),
};
const struct web_table web_oidc = WEB_TABLE(oidc);
