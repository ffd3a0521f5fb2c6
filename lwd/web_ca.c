/* SPDX-License-Identifier: Apache-2.0 */
/* What the certificate authorities publish: certificates, revocation lists, OCSP. keyd makes all of it; over plain HTTP too, because a
 * client that verifies a certificate must not need one for that. */
#include "lwd/web.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"
#include "ca/ca.h"

#define MAX_AGE_US (24 * 3600 * LW_SECOND)

/* ---- files ---- */

/* RFC 9110 5.6.7 */
static void http_date(int64_t us, char ret[40])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" },
				 *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)(us / LW_SECOND);
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(ret, 40, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
		tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* "…" of the octets' hash. */
static void etag_of(struct lw_bytes b, char ret[40])
{
	uint8_t hash[32];
	char hex[65];

	lw_hash(LW_SHA256, b, hash);
	lw_hex((struct lw_bytes){ hash, 16 }, hex);
	snprintf(ret, 40, "\"%.32s\"", hex);
}

/* RFC 9110 13.1.2, by strong comparison or weak: our tags are hashes. */
static bool has_it(const struct http_request *q, const char *etag)
{
	struct lw_bytes v = http_field(q, "if-none-match");

	return v.n > 0 && (lw_eq(v, LW_LIT("*")) || memmem(v.p, v.n, etag, strlen(etag)) != NULL);
}

static void answer(struct web *w, struct http_request *q, struct http_response *a, struct lw_bytes b, int64_t until, const char *type)
{
	int64_t now = lw_wall(w->clock), end;
	char text[64], etag[40], expires[40];

	end = until < now ? now : until > now + MAX_AGE_US ? now + MAX_AGE_US : until;
	etag_of(b, etag);
	http_date(end, expires);
	snprintf(text, sizeof(text), "public, max-age=%lld", (long long)((end - now) / LW_SECOND));
	http_put_field(a, "Cache-Control", lw_str(text));
	http_put_field(a, "Expires", lw_str(expires));
	http_put_field(a, "ETag", lw_str(etag));
	a->type = type;
	if (has_it(q, etag))
		a->status = 304;
	else
		lw_put_bytes(&a->body, b);
}

static int publish_named(struct web *w, struct http_request *q, struct http_response *a, enum keys_public what, struct lw_bytes tenant,
	const char *type)
{
	struct lw_bytes b;
	int64_t until = 0;
	int r = keys_public(w->keys, what, tenant, q->arena, &b, &until);

	if (r == LW_ENOTFOUND)
		return web_nowhere(a);
	if (r == LW_OK)
		answer(w, q, a, b, until, type);
	return r;
}

/* A slash that came as %2F is part of a name that nothing has: it must not separate a tenant from a key. */
static bool whole(struct lw_bytes name)
{
	return name.n == 0 || memchr(name.p, '/', name.n) == NULL;
}

static int publish(struct web *w, struct http_request *q, struct http_response *a, enum keys_public what, const char *type)
{
	struct lw_bytes tenant = http_param(q, "tenant");

	if (!whole(tenant))
		return web_nowhere(a);
	return publish_named(w, q, a, what, tenant.p == NULL ? LW_LIT("") : tenant, type);
}

#define PEM  "application/x-pem-file"
#define CERT "application/pkix-cert" /* RFC 2585 4 */
#define CRL  "application/pkix-crl"

#define FILE_ROUTE(name, what, type)                                                 \
	static int name(void *ctx, struct http_request *q, struct http_response *a)  \
	{                                                                            \
		return publish(ctx, q, a, what, type);                               \
	}
FILE_ROUTE(root_pem, KEYS_ROOT_PEM, PEM)
FILE_ROUTE(root_crl, KEYS_ROOT_CRL, CRL)
FILE_ROUTE(installation_cer, KEYS_INSTALLATION_DER, CERT)
FILE_ROUTE(installation_crl, KEYS_INSTALLATION_CRL, CRL)
FILE_ROUTE(tenant_pem, KEYS_CA_PEM, PEM)
FILE_ROUTE(tenant_cer, KEYS_CA_DER, CERT)
FILE_ROUTE(tenant_crl, KEYS_CA_CRL, CRL)

/* The lists of what is above the tenants' CAs, in one file: the root's first, then the installation CA's. */
static int root_lists(void *ctx, struct http_request *q, struct http_response *a)
{
	static const enum keys_public lists[] = { KEYS_ROOT_CRL, KEYS_INSTALLATION_CRL };
	struct web *w = ctx;
	struct lw_bytes der;
	struct lw_writer pem;
	int64_t until, first = INT64_MAX;
	int r = LW_OK;

	lw_writer_init(&pem, 3 * KEYS_PUBLIC_MAX);
	for (size_t i = 0; r == LW_OK && i < 2; i++) {
		r = keys_public(w->keys, lists[i], LW_LIT(""), q->arena, &der, &until);
		if (r != LW_OK)
			break;
		lw_pem_put(&pem, "X509 CRL", der);
		first = until < first ? until : first;
		r = pem.err;
	}
	if (r == LW_OK)
		answer(w, q, a, lw_written(&pem), first, PEM);
	lw_writer_done(&pem);
	return r;
}

/* Of one key, current or former: what pointers in certificates name. */
static int of_key(struct web *w, struct http_request *q, struct http_response *a, enum keys_public what, const char *type)
{
	struct lw_bytes tenant = http_param(q, "tenant"), key = http_param(q, "key");
	const char *both = lw_printf(q->arena, "%.*s/%.*s", (int)tenant.n, (const char *)tenant.p, (int)key.n, (const char *)key.p);

	if (!whole(tenant) || !whole(key))
		return web_nowhere(a);
	return both == NULL ? LW_ENOMEM : publish_named(w, q, a, what, lw_str(both), type);
}

static int key_cer(void *ctx, struct http_request *q, struct http_response *a)
{
	return of_key(ctx, q, a, KEYS_CA_DER, CERT);
}

static int key_crl(void *ctx, struct http_request *q, struct http_response *a)
{
	return of_key(ctx, q, a, KEYS_CA_CRL, CRL);
}

/* ---- OCSP: RFC 6960 appendix A ---- */

/* A revocation is said at once, so that nobody may keep an answer: no-store, as everywhere. */
static int ocsp(struct web *w, struct http_request *q, struct http_response *a, struct lw_bytes request)
{
	struct lw_bytes answer;
	int r = keys_ocsp(w->keys, http_param(q, "tenant"), request, q->arena, &answer);

	if (r == LW_ENOTFOUND)
		return web_nowhere(a);
	if (r != LW_OK)
		r = ca_ocsp_error(r, q->arena, &answer);
	if (r != LW_OK)
		return r;
	a->type = "application/ocsp-response";
	lw_put_bytes(&a->body, answer);
	return LW_OK;
}

static int ocsp_get(void *ctx, struct http_request *q, struct http_response *a)
{
	struct lw_bytes der = { NULL, 0 };
	int r = ca_ocsp_path(http_param(q, "request"), q->arena, &der);

	if (r != LW_OK && r != LW_EINVAL)
		return r;
	return ocsp(ctx, q, a, r == LW_OK ? der : LW_LIT("")); /* the empty one is malformed */
}

static int ocsp_post(void *ctx, struct http_request *q, struct http_response *a)
{
	if (!http_type_is(q, "application/ocsp-request")) {
		snprintf(a->detail, sizeof(a->detail), "not an application/ocsp-request");
		return LW_EINVAL;
	}
	return ocsp(ctx, q, a, q->body);
}

#define PUBLIC(path, handler) \
	{ .method = HTTP_GET, .pattern = path, .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .plain = true, .run = handler }

static const struct http_route ca[] = {
	PUBLIC("/ca/root.pem", root_pem),
	PUBLIC("/ca/root.crl", root_crl),
	PUBLIC("/ca/root.crl.pem", root_lists),
	PUBLIC("/ca/installation.cer", installation_cer),
	PUBLIC("/ca/installation.crl", installation_crl),
	PUBLIC("/ca/{tenant}/ca.pem", tenant_pem),
	PUBLIC("/ca/{tenant}/ca.cer", tenant_cer),
	PUBLIC("/ca/{tenant}/crl", tenant_crl),
	PUBLIC("/ca/{tenant}/cer/{key}", key_cer),
	PUBLIC("/ca/{tenant}/crl/{key}", key_crl),
	PUBLIC("/ca/{tenant}/ocsp/{request...}", ocsp_get),
	{ .method = HTTP_POST, .pattern = "/ca/{tenant}/ocsp", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .plain = true,
		.max_body = CA_OCSP_MAX_REQUEST, .run = ocsp_post },
};
const struct web_table web_ca = WEB_TABLE(ca);
