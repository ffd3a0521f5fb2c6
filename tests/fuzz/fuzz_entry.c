/* SPDX-License-Identifier: Apache-2.0 */
/* Stored entries: whatever the octets, everything yielded lies within them; a whole entry encodes to one that is equal. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "store/eng_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ATTRS  64
#define VALUES 1024

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void within(struct lw_bytes b, const uint8_t *data, size_t size)
{
	need(!b.n || (b.p >= data && b.p + b.n <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lw_bytes values[VALUES];
	static uint64_t refs[VALUES];
	struct eng_values out[ATTRS];
	struct eng_entry e, again;
	struct eng_attr a, b;
	struct lw_writer w;
	size_t n = 0, used = 0, used_refs = 0;
	bool fits = true;

	if (eng_entry_decode((struct lw_bytes){ data, size }, &e))
		return 0;
	within(e.rdn_text, data, size);
	within(e.rdn_norm, data, size);
	for (size_t pos = 0, at; eng_attr_next(&e, &pos, &a);) {
		struct lw_bytes v;

		within(a.desc, data, size);
		within(a.ber, data, size);
		within(a.values, data, size);
		fits = fits && n < ATTRS && a.desc.n;
		if (fits)
			out[n] = (struct eng_values){ .attr = a.id, .desc = a.desc, .values = values + used };
		if (fits && a.ref)
			out[n] = (struct eng_values){ .attr = a.id, .desc = a.desc, .refs = refs + used_refs };
		for (at = 0; eng_value_next(&a, &at, &v); fits ? out[n].n++ : 0) {
			within(v, data, size);
			fits = fits && used < VALUES;
			if (fits)
				values[used++] = v;
		}
		for (size_t i = 0; i < a.nrefs; i++) {
			fits = fits && used_refs < VALUES;
			if (fits) {
				refs[used_refs++] = eng_ref_at(&a, i);
				out[n].n++;
			}
		}
		for (size_t i = 0; fits && i < n; i++) /* of two alike the encoder takes one */
			fits = out[i].attr != a.id || !lw_eq(out[i].desc, a.desc);
		n++;
	}
	eng_attr_find(&e, 37, &a);
	if (!fits || eng_entry_verify(&e))
		return 0;
	lw_writer_init(&w, ENG_ENTRY_MAX);
	eng_entry_encode(&w, &e, out, n);
	if (!w.err) {
		need(eng_entry_decode(lw_written(&w), &again) == LW_OK && eng_entry_verify(&again) == LW_OK);
		need(again.version == e.version && again.parent == e.parent && lw_eq(again.rdn_norm, e.rdn_norm));
		for (size_t i = 0; i < n; i++) {
			bool found = false;

			for (size_t pos = 0; !found && eng_attr_next(&again, &pos, &b);)
				found = b.id == out[i].attr && lw_eq(b.desc, out[i].desc) && b.ref == (out[i].refs != NULL);
			need(found);
		}
	}
	lw_writer_done(&w);
	return 0;
}
