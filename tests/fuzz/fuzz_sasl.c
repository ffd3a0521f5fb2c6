/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as the buffers of a SASL security layer (RFC 4422 3.7): the first octet says in what portions they
 * come; whatever the portions, the same buffers must come out, inside the input and within the limit. */
#include <stdlib.h>

#include "base/err.h"
#include "ldap/sasl.h"

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		if (!(x))                                                                                    \
			abort();                                                                             \
	} while (0)

/* Octets of buffers taken, and where it ended. */
static size_t take(struct lw_bytes all, size_t portion, size_t *ret_at, int *ret_err)
{
	size_t got = portion < all.n ? portion : all.n, at = 0, sum = 0;
	struct lw_bytes frame;
	struct lw_reader r;
	int err;

	for (;;) {
		lw_reader_init(&r, (struct lw_bytes){ all.p + at, got - at });
		err = ldapd_layer_frame(&r, &frame);
		CHECK(r.p >= all.p + at && r.p <= all.p + got);
		if (err == LW_OK) {
			CHECK(frame.n > 0 && frame.n <= LDAPD_LAYER_MAX && frame.p == all.p + at + 4);
			CHECK(r.p == frame.p + frame.n);
			at += 4 + frame.n;
			sum += frame.n;
		} else {
			CHECK(r.p == all.p + at);
			if (err != LW_EAGAIN || got == all.n)
				break;
			got = all.n - got > portion ? got + portion : all.n;
		}
	}
	*ret_at = at;
	*ret_err = err;
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes all;
	size_t at, once, portion;
	int err, err_once;

	if (size == 0)
		return 0;
	all = (struct lw_bytes){ data + 1, size - 1 };
	portion = data[0] + 1u;
	CHECK(take(all, portion, &at, &err) == take(all, all.n, &once, &err_once));
	CHECK(at == once && err == err_once);
	return 0;
}
