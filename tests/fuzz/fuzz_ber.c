/* SPDX-License-Identifier: Apache-2.0 */
/* The frame's length is the same however many octets behind the header are there already; what the writer
 * makes of the contents is framed as written. */
#include <stdlib.h>

#include "base/ber.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 100000

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void rewrite(uint8_t tag, struct lw_bytes content)
{
	struct lw_writer flat, nested;
	size_t start, total;

	lw_writer_init(&flat, MAX);
	lw_writer_init(&nested, MAX);
	lw_ber_put(&flat, tag, content);
	start = lw_ber_start(&nested, tag);
	lw_put_bytes(&nested, content);
	lw_ber_end(&nested, start);
	check(!flat.err && !nested.err && lw_eq(lw_written(&flat), lw_written(&nested)));
	check(flat.n == lw_ber_size(content.n));
	check(!lw_ber_frame(lw_written(&flat), MAX, &total) && total == flat.n);
	lw_writer_done(&flat);
	lw_writer_done(&nested);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes in = { data, size };
	size_t total, again, head = 0;
	int err = lw_ber_frame(in, MAX, &total);

	check(err == LW_OK || err == LW_EAGAIN || err == LW_EINVAL || err == LW_ELIMIT);
	check(err != LW_EAGAIN || size < 6);
	if (err)
		return 0;
	check(total >= 2 && total <= MAX);
	while (lw_ber_frame((struct lw_bytes){ data, head }, MAX, &again))
		head++;
	check(head <= size && head >= 2 && head <= 6 && again == total);
	if (total <= size)
		rewrite(data[0], (struct lw_bytes){ data + head, total - head });
	return 0;
}
