/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API's JSON. First octet: 255, the octets of an item, which becomes an object and an item again; else a row and the body of
 * its request: what is taken comes out of lwctl's side the same. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/api.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void body(const struct api_row *row, struct lw_bytes in, struct lw_arena *arena)
{
	struct ctl_request q = { .verb = lw_str(row->verb), .tenant = LW_LIT("acme.example") }, again = { .verb = q.verb, .tenant = q.tenant };
	json_t *o, *b, *c;
	char why[256] = "";
	int r;

	if (http_json_parse(in, &o) != LW_OK)
		return;
	r = json_is_object(o) ? http_api_take(row, o, arena, &q, why) : LW_EINVAL;
	must(memchr(why, 0, sizeof(why)) != NULL && q.npairs <= CTL_MAX_PAIRS);
	if (r == LW_OK) {
		for (size_t i = 0; i < q.npairs; i++) {
			char key[64];

			must(q.pairs[i].key.n < sizeof(key) && q.pairs[i].value.n > 0);
			memcpy(key, q.pairs[i].key.p, q.pairs[i].key.n);
			key[q.pairs[i].key.n] = '\0';
			must(api_member(row, key) != NULL);
		}
		must(http_api_body(row, &q, &b) == LW_OK);
		if (b != NULL) {
			must(http_api_take(row, b, arena, &again, why) == LW_OK && again.npairs == q.npairs);
			must(http_api_body(row, &again, &c) == LW_OK && json_equal(b, c));
			json_decref(c);
		}
		json_decref(b);
	}
	json_decref(o);
}

static void item(struct lw_bytes in, struct lw_arena *arena)
{
	struct ctl_answer a, again;
	json_t *o, *p;

	if (ctl_answer_get(arena, in, &a) != LW_OK || a.kind != CTL_ITEM)
		return;
	o = http_api_object(&api_rows[0], &a);
	if (o != NULL && http_api_item(&api_rows[0], o, arena, &again) == LW_OK) {
		p = http_api_object(&api_rows[0], &again);
		must(p != NULL && json_equal(o, p));
		json_decref(p);
	}
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes in = { data + 1, size - 1 };
	struct lw_arena *arena;
	size_t n = 0;

	if (size == 0 || size > 1 << 16)
		return 0;
	arena = lw_arena_new(1 << 22, false);
	while (api_rows[n].path != NULL)
		n++;
	if (data[0] == 255)
		item(in, arena);
	else
		body(&api_rows[data[0] % n], in, arena);
	lw_arena_free(arena);
	return 0;
}
