/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4178's first token: what is found lies inside the input; the answer to it is one DER element. */
#include <stdlib.h>

#include "base/der.h"
#include "kdc/spnego.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		if (!(x))                                                                                    \
			abort();                                                                             \
	} while (0)

static void inside(struct lw_bytes part, const uint8_t *data, size_t size)
{
	CHECK(part.n > 0 && part.p > data && part.p + part.n <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdc_spnego sp;
	struct lw_arena *arena;
	struct lw_bytes answer;
	struct lw_der d;

	if (kdc_spnego_get((struct lw_bytes){ data, size }, &sp))
		return 0;
	inside(sp.mech, data, size);
	inside(sp.token, data, size);
	arena = lw_arena_new(1 << 20, false);
	CHECK(arena);
	if (kdc_spnego_put(arena, KDC_SPNEGO_COMPLETED, sp.mech, sp.token, &answer) == LW_OK) {
		lw_der_init(&d, answer);
		CHECK(lw_der_get(&d, LW_DER_CONTEXT(1)).n > sp.token.n && lw_der_end(&d) == LW_OK);
	}
	lw_arena_free(arena);
	return 0;
}
