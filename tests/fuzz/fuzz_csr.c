/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include "base/err.h"
#include "ca/ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a = lw_arena_new(1u << 20, false);
	struct lw_bytes spki = { NULL, 0 };
	char why[200];

	if (a && ca_csr_key((struct lw_bytes){ data, size }, a, &spki, why) == LW_OK && spki.n == 0)
		abort();
	lw_arena_free(a);
	return 0;
}
