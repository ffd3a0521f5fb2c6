/* SPDX-License-Identifier: Apache-2.0 */
/* The audit: a row of records, and a record by itself. What can be read is JSON, and the same again when it is kept anew. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/audit.h"
#include "base/err.h"
#include "store/eng_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void is_json(const struct lw_audit *a)
{
	uint8_t room[LW_AUDIT_TEXT_MAX + 2];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	json_t *j;

	lw_put_u8(&w, '{');
	lw_audit_text(a, LW_LIT("acme.example"), "kdc", &w);
	lw_put_u8(&w, '}');
	need(!w.err);
	j = json_loadb((const char *)w.p, w.n, JSON_REJECT_DUPLICATES, NULL);
	need(j != NULL);
	json_decref(j);
}

static void one(struct lw_bytes octets)
{
	uint8_t first[LW_AUDIT_WIRE_MAX], again[LW_AUDIT_WIRE_MAX];
	struct lw_writer w = { .p = first, .cap = sizeof(first), .max = sizeof(first) };
	struct lw_writer w2 = { .p = again, .cap = sizeof(again), .max = sizeof(again) };
	struct lw_audit a;

	if (lw_audit_kept(octets, &a))
		return;
	is_json(&a);
	lw_audit_keep(&w, &a);
	need(!w.err && !lw_audit_kept((struct lw_bytes){ first + 2, w.n - 2 }, &a));
	lw_audit_keep(&w2, &a);
	need(!w2.err && w2.n == w.n && memcmp(first, again, w.n) == 0);
}

static int each(void *ctx, const struct eng_audit_record *r)
{
	const struct lw_bytes *all = ctx;

	need(r->octets.p >= all->p && r->octets.p + r->octets.n <= all->p + all->n);
	one(r->octets);
	return LW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes all = { data, size };

	one(all);
	(void)eng_audit_row(7, all, each, &all);
	return 0;
}
