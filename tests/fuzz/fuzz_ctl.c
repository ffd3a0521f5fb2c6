/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's messages: what decodes as a request encodes to the same octets; answers only decode. */
#include <stdlib.h>

#include "base/ctl.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes in = { data, size };
	struct lw_arena *arena = lw_arena_new(1u << 22, false);
	struct ctl_request req;
	struct ctl_answer answer;
	struct lw_writer w;

	if (!arena)
		return 0;
	lw_writer_init(&w, CTL_MAX + 4);
	if (ctl_request_get(arena, in, &req) == LW_OK) {
		ctl_request_put(&w, &req);
		struct lw_bytes out = lw_written(&w);
		if (w.err || out.n != size + 4 || !lw_eq((struct lw_bytes){ out.p + 4, out.n - 4 }, in))
			abort();
	}
	ctl_answer_get(arena, in, &answer);
	lw_writer_done(&w);
	lw_arena_free(arena);
	return 0;
}
