/* SPDX-License-Identifier: Apache-2.0 */
/* What decodes encodes to the same octets. */
#include <stdlib.h>

#include "base/cap.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_reader r;
	struct lw_writer w;
	struct lw_cap cap;

	lw_reader_init(&r, (struct lw_bytes){ data, size });
	if (lw_cap_get(&r, &cap))
		return 0;
	lw_writer_init(&w, LW_CAP_MAX);
	lw_cap_put(&w, &cap);
	if (w.err || !lw_eq(lw_written(&w), (struct lw_bytes){ data, size - lw_reader_left(&r) }))
		abort();
	lw_writer_done(&w);
	return 0;
}
