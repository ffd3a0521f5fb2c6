/* SPDX-License-Identifier: Apache-2.0 */
/* SAML 2.0, as far as it goes: a tenant's metadata. */
#include "lwd/web.h"

#include <stdio.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/err.h"
#include "base/text.h"
#include "saml/saml.h"

int web_saml_certs(struct web *w, struct lw_bytes tenant, struct lw_arena *arena, struct lw_bytes ret[WEB_SAML_CERTS], size_t *ret_n, int64_t *ret_until)
{
	struct lw_bytes pem = { NULL, 0 };
	int err = keys_public(w->keys, KEYS_SAML_CERTS, tenant, arena, &pem, ret_until);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	BIO *bio;
	long len;
	size_t n = 0;

	if (err && (err = web_want(w, tenant, KEYS_SAML, err)) == LW_OK)
		err = keys_public(w->keys, KEYS_SAML_CERTS, tenant, arena, &pem, ret_until);
	bio = err ? NULL : BIO_new_mem_buf(pem.p, (int)pem.n);
	while (bio && n < WEB_SAML_CERTS && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		ret[n++] = lw_dup(arena, (struct lw_bytes){ data, (size_t)len });
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (!err && (!bio || lw_arena_failed(arena)))
		err = LW_ENOMEM;
	if (!err)
		*ret_n = n;
	return err;
}

/* Every key that signs or will; what it says may be kept as long as keyd says so. */
static int metadata(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web *w = ctx;
	struct lw_bytes certs[WEB_SAML_CERTS];
	int64_t until = 0, now = lw_wall(w->clock);
	char age[48], *tenant;
	size_t n = 0;
	int err = lw_domain_canon(q->arena, web_tenant(w, q), &tenant); /* in the entityID the name has the form that tokens have it in */

	if (!err)
		err = web_saml_certs(w, lw_str(tenant), q->arena, certs, &n, &until);
	if (err)
		return err == LW_ENOTFOUND || err == LW_EINVAL ? web_nowhere(a) : err;
	snprintf(age, sizeof(age), "public, max-age=%lld", until > now ? (long long)((until - now) / LW_SECOND) : 0LL);
	http_put_field(a, "Cache-Control", lw_str(age));
	a->type = "application/samlmetadata+xml";
	return saml_metadata_put(&a->body, lw_str(w->url), lw_str(tenant), certs, n);
}

#define PUBLIC(p, r) { .method = HTTP_GET, .pattern = p, .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .run = r }
static const struct http_route saml[] = {
	PUBLIC("/websso/SAML2/Metadata", metadata),
	PUBLIC("/websso/SAML2/Metadata/{tenant}", metadata),
};
const struct web_table web_saml = WEB_TABLE(saml);
