/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of the role web: which status each subject gets. Each of lwd/web_*.c has a paragraph. */
#include "tests/tables/tables.h"

#define LOGIN "POST /api/v1/tenants/{tenant}/login"

const struct line lines_routes[] = {
	/*                        anonymous user         admin           other    installation  operator */
	/* web_health.c: public, and over TLS only */
	{ "GET /livez", "alive", "GET /livez", SAME("200") },
	{ "GET /livez", "in the clear", "GET /livez clear", SAME("403") },
	{ "GET /livez", "whoever says he is somebody", "GET /livez by=bearer token=forged", SAME("200") },
	{ "GET /readyz", "ready", "GET /readyz", SAME("200") },
	{ "GET /readyz", "in the clear", "GET /readyz clear", SAME("403") },
	{ "GET /metrics", "counters", "GET /metrics", SAME("200") },
	{ "GET /metrics", "in the clear", "GET /metrics clear", SAME("403") },

	/* web_login.c: who has a password, in the tenant of the path. All refusals are one. */
	{ LOGIN, "one's own tenant", "POST /api/v1/tenants/~/login", { "401", "200", "200", "200", "200", "401" } },
	{ LOGIN, "beta", "POST /api/v1/tenants/beta.example/login", { "401", "200", "200", "401", "401", "401" } },
	{ LOGIN, "another's password", "POST /api/v1/tenants/~/login password=gamma-password",
	        { "401", "401", "401", "200", "401", "401" } },
	{ LOGIN, "wrong", "POST /api/v1/tenants/~/login password=wrong", SAME("401") },
	{ LOGIN, "no such tenant", "POST /api/v1/tenants/nowhere.example/login", SAME("401") },
	{ LOGIN, "nothing shown", "POST /api/v1/tenants/~/login by=nothing", SAME("401") },
	{ LOGIN, "a token does not make a new one", "POST /api/v1/tenants/~/login by=bearer", SAME("401") },
	{ "POST /api/v1/login", "the system tenant", "POST /api/v1/login", { "401", "401", "401", "401", "200", "401" } },
	{ LOGIN, "in the clear", "POST /api/v1/tenants/~/login clear", SAME("403") },
#include "tests/tables/want_api.h"
	{ NULL, NULL, NULL, { NULL } },
};
