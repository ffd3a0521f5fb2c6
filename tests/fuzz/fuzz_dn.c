/* SPDX-License-Identifier: Apache-2.0 */
/* A DN that parses, printed, parses to an equal one, printed the same; RDNs alone mean what they mean in it.
 */
#include <stdlib.h>
#include "base/err.h"
#include "store/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void put(struct lw_writer *w, const struct store_dn *dn)
{
	lw_writer_init(w, 4 * DN_MAX_TEXT);
	dn_put(w, dn);
	check(!w->err);
}

static void round_trip(struct lw_arena *a, const struct store_dn *dn)
{
	struct store_dn *again;
	struct lw_writer w, w2;
	unsigned depth;

	put(&w, dn);
	if (w.n <= DN_MAX_TEXT) { /* escapes may make it longer than what may be parsed */
		check(dn_parse(a, lw_written(&w), &again) == 0);
		check(dn_eq(dn, again) && dn_under(again, dn, &depth) && depth == 0);
		put(&w2, again);
		check(lw_eq(lw_written(&w), lw_written(&w2)));
		lw_writer_done(&w2);
	}
	lw_writer_done(&w);
	for (unsigned i = 0; i < dn->n; i++) {
		struct dn_rdn r;

		if (dn->rdn[i].text.n > DN_MAX_TEXT)
			continue;
		check(dn_parse_rdn(a, dn->rdn[i].text, &r) == 0);
		check(lw_eq(r.norm, dn->rdn[i].norm) && lw_eq(r.text, dn->rdn[i].text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a = lw_arena_new(8u << 20, false);
	struct lw_bytes in = { data, size };
	struct store_dn *dn = NULL;
	struct dn_rdn r;
	char *domain;
	int err = dn_parse(a, in, &dn);

	check(err == LW_OK || err == LW_EDNSYNTAX || err == LW_ELIMIT);
	check((err == 0) == (dn != NULL));
	if (err == 0) {
		round_trip(a, dn);
		if (dn_to_domain(a, dn, &domain) == 0)
			check(domain[0] != 0);
	}
	if (dn_parse_rdn(a, in, &r) == 0)
		check(err == 0 && dn->n == 1 && lw_eq(dn->rdn[0].norm, r.norm));
	schema_check_value(schema_attr(LW_LIT("uniqueMember")), in);
	lw_arena_free(a);
	return 0;
}
