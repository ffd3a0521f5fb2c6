/* SPDX-License-Identifier: Apache-2.0 */
/* A relying party's metadata; what is taken keeps its promises. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "saml/int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *arena = lw_arena_new(4u << 20, false);
	struct saml_rp rp = { .n_acs = 0 };
	char why[200] = "";
	int r = arena ? saml_rp_read((struct lw_bytes){ data, size }, arena, &rp, why) : LW_ENOMEM;

	if (r == LW_OK && (rp.n_acs == 0 || rp.entity_id.n == 0 || rp.entity_id.n > 1024))
		abort();
	for (size_t i = 0; i < rp.n_acs; i++)
		if (strncasecmp((const char *)rp.acs[i].p, "http", 4) != 0 || strlen((const char *)rp.acs[i].p) != rp.acs[i].n)
			abort();
	if (arena && r != LW_OK && (rp.n_acs || !*why || strchr(why, '\n')))
		abort();
	if (saml_loads() != 0)
		abort();
	lw_arena_free(arena);
	return 0;
}
