/* SPDX-License-Identifier: Apache-2.0 */
/* A filter that parses, printed, parses to the same print; its leaves meet a few values of every sort. */
#include <stdlib.h>
#include "base/err.h"
#include "store/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void meet(struct lw_arena *a, const struct filter *f, struct lw_bytes raw)
{
	static const char *const values[] = { "a", "Alice  Smith", "cn=a,dc=b", "10", "TRUE",
		"20261123000000Z", "" };

	for (; f != NULL; f = f->next) {
		meet(a, f->child, raw);
		if (f->attr == NULL || f->kind <= FILTER_NOT)
			continue;
		check(!(f->attr->flags & SCHEMA_SECRET));
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			filter_value_match(f, f->attr, a, lw_str(values[i]));
		filter_value_match(f, f->attr, a, raw);
		/* a value that is the assertion itself matches */
		if (f->kind == FILTER_EQ && schema_check_value(f->attr, f->value) == 0)
			check(filter_value_match(f, f->attr, a, f->value) == FILTER_TRUE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a = lw_arena_new(32u << 20, false);
	struct lw_bytes in = { data, size };
	struct filter *f = NULL, *again = NULL;
	struct lw_writer w, w2;
	int err = filter_parse(a, in, &f);

	check(err == LW_OK || err == LW_EINVAL || err == LW_ELIMIT);
	if (err == 0) {
		lw_writer_init(&w, 1u << 20);
		lw_writer_init(&w2, 1u << 20);
		filter_put(&w, f);
		check(!w.err);
		if (w.n <= 32768) {
			check(filter_parse(a, lw_written(&w), &again) == 0);
			filter_put(&w2, again);
			check(lw_eq(lw_written(&w), lw_written(&w2)));
		}
		lw_writer_done(&w);
		lw_writer_done(&w2);
		meet(a, f, in);
	}
	lw_arena_free(a);
	return 0;
}
