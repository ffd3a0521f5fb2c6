/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8265 OpaqueString. */
#include "base/text.h"

#include <stdlib.h>
#include <utf8proc.h>
#include "base/err.h"

int lw_opaque_string(struct lw_arena *a, struct lw_bytes raw, struct lw_bytes *ret)
{
	utf8proc_uint8_t *nfc = NULL;
	struct lw_writer w;
	utf8proc_ssize_t n, at = 0;
	int err = LW_EINVAL;

	if (!lw_utf8_valid(raw) || raw.n > 65536)
		return LW_EINVAL;
	lw_writer_init(&w, raw.n * 3 + 16); /* NFC's longest expansion */
	w.wipe = true;
	n = utf8proc_map(raw.p, (utf8proc_ssize_t)raw.n, &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (n < 0)
		goto out;
	while (at < n) {
		utf8proc_int32_t c;
		utf8proc_ssize_t step = utf8proc_iterate(nfc + at, n - at, &c);
		utf8proc_category_t cat;

		if (step <= 0)
			goto out;
		cat = utf8proc_category(c);
		if (cat == UTF8PROC_CATEGORY_CC || cat == UTF8PROC_CATEGORY_CN || cat == UTF8PROC_CATEGORY_CS
			|| cat == UTF8PROC_CATEGORY_CO || cat == UTF8PROC_CATEGORY_ZL || cat == UTF8PROC_CATEGORY_ZP)
			goto out;
		if (cat == UTF8PROC_CATEGORY_ZS)
			lw_put_u8(&w, ' ');
		else
			lw_put_raw(&w, nfc + at, (size_t)step);
		at += step;
	}
	*ret = lw_dup(a, lw_written(&w));
	err = w.err ? w.err : ret->p ? LW_OK : LW_ELIMIT;
out:
	if (nfc) {
		if (n > 0)
			lw_wipe(nfc, (size_t)n);
		free(nfc);
	}
	lw_writer_done(&w);
	return err;
}
