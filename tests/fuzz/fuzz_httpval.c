/* SPDX-License-Identifier: Apache-2.0 */
/* The values that HTTP carries. First octet: 0 a target and its route, 1 an Authorization field, 2 a JSON body. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "http_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void clean(struct lw_bytes b)
{
	must(b.p != NULL && lw_utf8_valid(b) && memchr(b.p, 0, b.n + 0) == NULL);
}

static void target(struct lw_bytes in, struct lw_arena *arena)
{
	struct http_target *t = lw_alloc(arena, sizeof(*t));
	struct http_pair params[HTTP_PARAMS_MAX];
	const struct http_route *row;
	unsigned allow = 0;
	size_t n = 0;
	const uint8_t *mark = in.n > 0 ? memchr(in.p, '?', in.n) : NULL;
	struct lw_bytes path = { in.p, mark == NULL ? in.n : (size_t)(mark - in.p) };
	struct lw_bytes query = { mark == NULL ? NULL : mark + 1, mark == NULL ? 0 : in.n - path.n - 1 };
	int status = http_target_parse(path, query, arena, t);

	if (status != 0) {
		must(status == 400 || status == 404 || status == 500);
		return;
	}
	must(t->nsegments > 0 && t->nsegments <= HTTP_SEGMENTS_MAX && t->nquery <= HTTP_QUERY_MAX);
	for (size_t i = 0; i < t->nsegments; i++) {
		clean(t->segments[i]);
		must(!lw_eq(t->segments[i], LW_LIT("..")) && !lw_eq(t->segments[i], LW_LIT(".")));
	}
	for (size_t i = 0; i < t->nquery; i++) {
		clean(t->query[i].name);
		clean(t->query[i].value);
	}
	row = http_route_find(rig_routes, rig_nroutes, HTTP_GET, t, arena, params, &n, &allow);
	must(row != NULL ? row->method == HTTP_GET : (allow & HTTP_GET) == 0);
	must(n <= HTTP_PARAMS_MAX);
	for (size_t i = 0; i < n; i++)
		must(params[i].value.n > 0 && params[i].name.n > 0);
}

static void authorization(struct lw_bytes in, struct lw_arena *arena)
{
	struct http_credentials c;

	if (http_authorization_parse(in, arena, &c) != LW_OK)
		return;
	must(c.how == HTTP_AUTH_BASIC || c.how == HTTP_AUTH_NEGOTIATE || c.how == HTTP_AUTH_BEARER);
	if (c.how == HTTP_AUTH_BASIC) {
		must(c.user.n > 0 && memchr(c.user.p, ':', c.user.n) == NULL);
		must(lw_utf8_valid(c.user) && lw_utf8_valid(c.password));
	} else {
		must(c.token.n > 0);
	}
}

static void json(struct lw_bytes in)
{
	json_t *o, *again;
	char *text;

	if (http_json_parse(in, &o) != LW_OK)
		return;
	must(json_is_object(o) || json_is_array(o));
	text = json_dumps(o, JSON_COMPACT);
	must(text != NULL && http_json_parse(lw_str(text), &again) == LW_OK);
	must(json_equal(o, again));
	free(text);
	json_decref(again);
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *arena;
	struct lw_bytes in = { data + 1, size - 1 };

	if (size == 0 || size > 1 << 16)
		return 0;
	arena = lw_arena_new(1 << 20, false);
	switch (data[0] % 3) {
	case 0:
		target(in, arena);
		break;
	case 1:
		authorization(in, arena);
		break;
	case 2:
		json(in);
		break;
	}
	lw_arena_free(arena);
	return 0;
}
