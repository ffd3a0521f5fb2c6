/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "lwd/relay.h"

const struct web_table *const web_tables[] = {
	&web_health,
	&web_login,
	&web_ca,
	&web_api,
	&web_oidc,
	&web_saml,
	&web_sts,
	NULL,
};

struct http_route *web_routes(size_t *ret_n)
{
	struct http_route *all;
	size_t n = 0;

	for (size_t i = 0; web_tables[i] != NULL; i++)
		n += web_tables[i]->n;
	all = calloc(n, sizeof(*all));
	if (all == NULL)
		return NULL;
	*ret_n = n;
	n = 0;
	for (size_t i = 0; web_tables[i] != NULL; i++) {
		memcpy(all + n, web_tables[i]->routes, web_tables[i]->n * sizeof(*all));
		n += web_tables[i]->n;
	}
	return all;
}

struct lw_bytes web_tenant(const struct web *w, const struct http_request *q)
{
	struct lw_bytes name = http_param(q, "tenant");

	return name.p != NULL ? name : lw_str(w->tenant);
}

struct keys_source web_source(const struct http_request *q)
{
	struct keys_source s = { .confidential = q->peer->tls };

	snprintf(s.addr, sizeof(s.addr), "%s", q->peer->addr);
	return s;
}

void web_put_text(struct http_response *a, const char *type, const char *text)
{
	a->type = type;
	lw_put_raw(&a->body, text, strlen(text));
}

int web_want(struct web *w, struct lw_bytes tenant, enum keys_kind kind, int err)
{
	int r = err == LW_EAGAIN ? relay_want(w->directory, tenant, kind) : err;

	return r == LW_ETIMEOUT || r == LW_EAGAIN ? LW_EBUSY : r;
}

int web_nowhere(struct http_response *a)
{
	a->status = 404;
	a->type = "application/problem+json";
	lw_writer_reset(&a->body);
	http_problem_put(&a->body, a->status, NULL, NULL);
	return a->body.err;
}
