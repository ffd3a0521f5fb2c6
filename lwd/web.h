/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of the role web. Each protocol's table of struct http_route (http/http.h) lies in a file of its own, lwd/web_*.c, as a struct
 * web_table that is named in web_tables (lwd/web.c), and has its lines in tests/tables/want_http.c.
 *
 * To add a route:
 *   1. a handler  int run(void *ctx, struct http_request *q, struct http_response *a)  where ctx is the struct web. It runs straight through
 *      on a worker and may wait; it returns LW_OK, or an LW_E that becomes a problem document. A status of its own goes to a->status with
 *      LW_OK. Memory: q->arena. It writes a->type and a->body, fields with http_put_field.
 *   2. a row: method, pattern, the verb of the access policy that decides behind it (never zero), how its caller may authenticate (never
 *      zero; HTTP_AUTH_NONE for what is public or authenticates in its body), max_body, plain (port 80 too: only what is public), slow where
 *      it waits for a password although it does not take Basic.
 *   3. lines in tests/tables/want_http.c: what each of the six kinds of subject gets.
 * Who asked is web_who(q); NULL where nobody had to. What web knows it asks: keyd about everything that is public, issued or verified, with
 * who->token; directory (relay.h) about entries, with the same; the KDC about tickets, which authenticate does. web has no map of the store. */
#ifndef LWD_WEB_H
#define LWD_WEB_H

#include "base/chan.h"
#include "base/clock.h"
#include "http/http.h"
#include "keys/issue.h"
#include "keys/keys.h"
#include "store/verbs.h"

struct web {
	struct keys *keys;
	struct lw_chan *directory, *kdc;
	const struct lw_clock *clock;
	const char *tenant;       /* the system tenant: of forms without {tenant} */
	/* Public URLs, without a slash at the end; they change with SIGHUP, what was read stays good. */
	const char *_Atomic url;       /* https://idp.acme.example */
	const char *_Atomic plain_url; /* http://idp.acme.example */
	struct http_server *http; /* its counters; NULL: none */
};

/* Who asked, minted for LW_ROLE_WEB. */
struct web_who {
	struct keys_token token;
	struct lw_cap cap;
};
static inline const struct web_who *web_who(const struct http_request *q)
{
	return q->who;
}
static inline struct lw_bytes web_token(const struct http_request *q)
{
	const struct web_who *w = q->who;

	return w == NULL ? (struct lw_bytes){ NULL, 0 } : (struct lw_bytes){ w->token.b, w->token.n };
}
/* The tenant that the path names, else the system tenant. */
struct lw_bytes web_tenant(const struct web *, const struct http_request *);
/* Where a guess comes from. */
struct keys_source web_source(const struct http_request *);
/* The body: this text, of this media type. */
void web_put_text(struct http_response *, const char *type, const char *text);
/* What a tenant that is not there, or is shut, gets on a public route: the answer for a path that is not there. For the handler to return. */
int web_nowhere(struct http_response *);
/* A call of keyd about a tenant's keys answered err. LW_OK: they were not made yet and are there now; ask once more. Else what it means: LW_EBUSY
 * where it takes longer. */
int web_want(struct web *, struct lw_bytes tenant, enum keys_kind, int err);
/* The certificates (DER) of every key that a tenant's assertions are or will be signed with, from keyd. As keys_public. */
#define WEB_SAML_CERTS 16
int web_saml_certs(struct web *, struct lw_bytes tenant, struct lw_arena *, struct lw_bytes ret[WEB_SAML_CERTS], size_t *ret_n, int64_t *ret_until);

struct web_table {
	const char *name;
	const struct http_route *routes;
	size_t n;
};
#define WEB_TABLE(rows) { #rows, rows, sizeof(rows) / sizeof(*(rows)) }
extern const struct web_table *const web_tables[]; /* ended by NULL */
extern const struct web_table web_health, web_login, web_ca, web_api, web_oidc;
extern const struct web_table web_saml;
extern const struct web_table web_sts;
/* All of them in one; the caller frees. NULL: no memory. */
struct http_route *web_routes(size_t *ret_n);

/* http_server_options.authenticate with ctx a struct web: Basic in the path's tenant, Bearer (base64url of a token), Negotiate. */
int web_authenticate(void *ctx, struct http_request *, const struct http_credentials *, void **ret_who, struct lw_bytes *ret_reply);

#endif
