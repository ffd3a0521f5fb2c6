/* SPDX-License-Identifier: Apache-2.0 */
/* Change records: one that decodes can be walked to its last octet, and all it yields lies within it. */
#include <stdlib.h>
#include "base/err.h"
#include "store/eng_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	static struct lw_arena *arena;
	struct eng_effect e = { 0 };
	struct eng_fx_args args;
	struct eng_batch b;
	struct lw_bytes op;
	uint64_t ids[64];
	uint32_t nops = 0;
	size_t effects = 0, walked = 0, pos;

	(void)eng_ids_decode((struct lw_bytes){ data, size }, ids, 64);
	if (eng_batch_decode((struct lw_bytes){ data, size }, &b))
		return 0;
	if (!arena)
		arena = lw_arena_new(16u << 20, false);
	for (pos = 0; eng_batch_op(&b, &pos, &op); nops++) {
		size_t in = 0;

		while (eng_op_next(op, &in, &e)) {
			int err = eng_fx_decode(&e, arena, &args);

			need(err == LW_OK || err == LW_ENOMEM);
			effects++;
			for (size_t i = 0; err == LW_OK && args.values && i < args.nvalues; i++) {
				within(args.values[i].desc, data, size);
				for (size_t j = 0; args.values[i].values && j < args.values[i].n; j++)
					within(args.values[i].values[j], data, size);
			}
		}
		need(in == op.n);
		lw_arena_reset(arena);
	}
	need(pos == b.ops.n && nops == b.nops);
	if (b.nops < 64) {
		for (pos = 0; eng_batch_next(&b, &pos, &e); walked++)
			need(e.op < b.nops);
		need(walked == effects);
	}
	return 0;
}
