/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: RFC 7617 passwords, RFC 6750 tokens, RFC 4559 tickets; and the login that turns the first and the last into a token. */
#include "lwd/web.h"

#include <string.h>

#include "base/audit.h"
#include "base/err.h"
#include "base/text.h"
#include "lwd/relay.h"

static int by_password(struct web *w, struct http_request *q, const struct http_credentials *c, struct web_who *who, struct lw_bytes *ret_reply)
{
	struct keys_source source = web_source(q);

	return keys_login(w->keys, web_tenant(w, q), c->user, c->password, &source, &who->token, &who->cap);
}

static int by_token(struct web *w, struct http_request *q, const struct http_credentials *c, struct web_who *who, struct lw_bytes *ret_reply)
{
	struct lw_bytes token;

	if (lw_unbase64url(q->arena, c->token, &token) != LW_OK || token.n > LW_CAP_MAX)
		return LW_EAUTH;
	memcpy(who->token.b, token.p, token.n);
	who->token.n = token.n;
	return keys_check(w->keys, token, &who->cap);
}

/* RFC 5929 4: what a client may have bound its ticket to. */
#define ENDPOINT "tls-server-end-point:"
static struct lw_bytes bindings(struct http_request *q)
{
	size_t n = sizeof(ENDPOINT) - 1;
	uint8_t *p = q->peer->tls_endpoint_n > 0 ? lw_alloc(q->arena, n + q->peer->tls_endpoint_n) : NULL;

	if (p == NULL)
		return (struct lw_bytes){ NULL, 0 };
	memcpy(p, ENDPOINT, n);
	memcpy(p + n, q->peer->tls_endpoint, q->peer->tls_endpoint_n);
	return (struct lw_bytes){ p, n + q->peer->tls_endpoint_n };
}

static int by_ticket(struct web *w, struct http_request *q, const struct http_credentials *c, struct web_who *who, struct lw_bytes *ret_reply)
{
	struct kdc_accept ask = { .service = "HTTP",
		.token = c->token,
		.bindings = bindings(q),
		.tenant = web_tenant(w, q),
		.confidential = q->peer->tls,
		.role = LW_ROLE_WEB };
	struct kdc_accepted got = { 0 };
	int r;

	if (q->peer->tls_endpoint_n > 0 && ask.bindings.n == 0)
		return LW_ENOMEM;
	r = relay_accept(w->kdc, &ask, q->arena, &got);
	*ret_reply = got.token;
	if (r == LW_OK) {
		who->token = got.cap;
		r = keys_check(w->keys, (struct lw_bytes){ got.cap.b, got.cap.n }, &who->cap);
	}
	lw_wipe(&got.cap, sizeof(got.cap));
	return r;
}

static const struct {
	enum http_auth how;
	int (*run)(struct web *, struct http_request *, const struct http_credentials *, struct web_who *, struct lw_bytes *ret_reply);
} ways[] = { { HTTP_AUTH_BASIC, by_password }, { HTTP_AUTH_BEARER, by_token }, { HTTP_AUTH_NEGOTIATE, by_ticket } };

/* keyd records passwords itself, with their source. A good token was made by a login that is recorded. */
static void record(struct http_request *q, const struct http_credentials *c, const struct web_who *who, int err)
{
	struct lw_audit a = { .event = c->how == HTTP_AUTH_NEGOTIATE ? LW_AUDIT_KERBEROS : LW_AUDIT_TOKEN, .protocol = LW_AUDIT_HTTP, .err = err,
		.source = lw_str(q->peer->addr), .detail = lw_str(q->route->pattern) };

	if (c->how == HTTP_AUTH_BASIC || (err == LW_OK && c->how != HTTP_AUTH_NEGOTIATE) || (err && !lw_audit_is_denial(err)))
		return;
	if (err == LW_OK) {
		a.tenant = who->cap.tenant;
		a.target = who->cap.subject;
	}
	lw_audit(&a);
}

int web_authenticate(void *ctx, struct http_request *q, const struct http_credentials *c, void **ret_who, struct lw_bytes *ret_reply)
{
	struct web_who *who = lw_alloc(q->arena, sizeof(*who)); /* the arena is wiped */
	int r = LW_EINTERNAL;

	if (who == NULL)
		return LW_ENOMEM;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (ways[i].how == c->how)
			r = ways[i].run(ctx, q, c, who, ret_reply);
	if (r == LW_OK)
		*ret_who = who;
	record(q, c, who, r);
	return r == LW_ELOCKED || r == LW_EEXPIRED || r == LW_EREVOKED || r == LW_EDISABLED ? LW_EAUTH : r;
}

/* {"token","expires","tenant"}: the token is base64url, for Authorization: Bearer. */
static int login(void *ctx, struct http_request *q, struct http_response *a)
{
	const struct web_who *who = web_who(q);
	struct lw_bytes tenant = web_tenant(ctx, q);
	char *text = lw_base64url(q->arena, web_token(q)), expires[LW_TIME_TEXT];

	if (who == NULL || text == NULL)
		return who == NULL ? LW_EAUTH : LW_ENOMEM;
	lw_time_rfc3339(who->cap.expiry, expires);
	http_put_json(a, json_pack("{s:s,s:s,s:s%}", "token", text, "expires", expires, "tenant", (const char *)tenant.p, tenant.n));
	return LW_OK;
}

static const struct http_route logins[] = {
	{ .method = HTTP_POST, .pattern = "/api/v1/tenants/{tenant}/login", .right = ACCESS_READ, .auth = HTTP_AUTH_BASIC | HTTP_AUTH_NEGOTIATE,
		.max_body = 1024, .run = login },
	{ .method = HTTP_POST, .pattern = "/api/v1/login", .right = ACCESS_READ, .auth = HTTP_AUTH_BASIC | HTTP_AUTH_NEGOTIATE, .max_body = 1024,
		.run = login }, /* in the system tenant */
};
const struct web_table web_login = WEB_TABLE(logins);
