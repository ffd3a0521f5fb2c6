/* SPDX-License-Identifier: Apache-2.0 */
/* /livez, /readyz, /metrics. */
#include "lwd/web.h"

#include <stdio.h>

#include "base/err.h"
#include "lwd/relay.h"

static int livez(void *ctx, struct http_request *q, struct http_response *a)
{
	web_put_text(a, "text/plain", "ok\n");
	return LW_OK;
}

/* keyd opens a sealed record, directory and KDC read the store. */
static int readyz(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web *w = ctx;

	if (keys_ping(w->keys) != LW_OK || relay_ping(w->directory) != LW_OK || relay_ping(w->kdc) != LW_OK) {
		snprintf(a->detail, sizeof(a->detail), "a part of lwd does not answer");
		return LW_EUNAVAIL;
	}
	web_put_text(a, "text/plain", "ok\n");
	return LW_OK;
}

static void put_up(struct http_response *a, const char *role, bool up)
{
	char line[64];

	snprintf(line, sizeof(line), "lwd_up{role=\"%s\"} %d\n", role, up);
	web_put_text(a, a->type, line);
}

static int metrics(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web *w = ctx;

	web_put_text(a, "text/plain; version=0.0.4", "# HELP lwd_up Does the role answer?\n# TYPE lwd_up gauge\n");
	put_up(a, "keyd", keys_ping(w->keys) == LW_OK);
	put_up(a, "directory", relay_ping(w->directory) == LW_OK);
	put_up(a, "kdc", relay_ping(w->kdc) == LW_OK);
	put_up(a, "web", true);
	if (w->http != NULL)
		http_metrics(w->http, &a->body);
	return LW_OK;
}

static const struct http_route health[] = {
	{ .method = HTTP_GET, .pattern = "/livez", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .quick = true, .run = livez },
	{ .method = HTTP_GET, .pattern = "/readyz", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .run = readyz },
	{ .method = HTTP_GET, .pattern = "/metrics", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .run = metrics },
};
const struct web_table web_health = WEB_TABLE(health);
