/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ber.h"

#include <string.h>

#include "base/err.h"

/* Octets that follow the first length octet. */
static unsigned length_octets(size_t n)
{
	return n < 0x80 ? 0 : n <= 0xff ? 1 : n <= 0xffff ? 2 : n <= 0xffffff ? 3 : 4;
}

/* Writes the length to p, which has 1 + length_octets(n) octets. */
static void put_length(uint8_t *p, size_t n, unsigned octets)
{
	if (!octets) {
		*p = (uint8_t)n;
		return;
	}
	*p++ = (uint8_t)(0x80 | octets);
	while (octets--)
		*p++ = (uint8_t)(n >> 8 * octets);
}

void lw_ber_head(struct lw_writer *w, uint8_t tag, size_t n)
{
	unsigned octets = length_octets(n);
	uint8_t *p;

	if (n > UINT32_MAX && !w->err)
		w->err = LW_ELIMIT;
	p = lw_put_space(w, 2 + octets);
	if (!p)
		return;
	p[0] = tag;
	put_length(p + 1, n, octets);
}

void lw_ber_put(struct lw_writer *w, uint8_t tag, struct lw_bytes content)
{
	lw_ber_head(w, tag, content.n);
	lw_put_bytes(w, content);
}

void lw_ber_int(struct lw_writer *w, uint8_t tag, int64_t v)
{
	size_t n = 8;

	while (n > 1 && v >> (8 * n - 9) == (v < 0 ? -1 : 0)) /* the first nine bits are all alike */
		n--;
	lw_ber_head(w, tag, n);
	while (n--)
		lw_put_u8(w, (uint8_t)(v >> 8 * n));
}

void lw_ber_bool(struct lw_writer *w, uint8_t tag, bool v)
{
	lw_ber_head(w, tag, 1);
	lw_put_u8(w, v ? 0xff : 0);
}

size_t lw_ber_start(struct lw_writer *w, uint8_t tag)
{
	lw_put_u8(w, tag);
	lw_put_u8(w, 0);
	return w->n;
}

void lw_ber_end(struct lw_writer *w, size_t start)
{
	size_t n = w->n - start;
	unsigned octets = length_octets(n);

	if (n > UINT32_MAX && !w->err)
		w->err = LW_ELIMIT;
	if (octets)
		lw_put_space(w, octets);
	if (w->err)
		return;
	if (octets)
		memmove(w->p + start + octets, w->p + start, n);
	put_length(w->p + start - 1, n, octets);
}

size_t lw_ber_size(size_t n)
{
	return 2 + length_octets(n) + n;
}

int lw_ber_frame(struct lw_bytes in, size_t max, size_t *ret_total)
{
	size_t head = 2, n;

	if (!in.n)
		return LW_EAGAIN;
	if ((in.p[0] & 0x1f) == 0x1f)
		return LW_EINVAL;
	if (in.n < 2)
		return LW_EAGAIN;
	n = in.p[1];
	if (n & 0x80) {
		size_t octets = n & 0x7f;

		if (!octets || octets > 4)
			return LW_EINVAL;
		head += octets;
		if (in.n < head)
			return LW_EAGAIN;
		n = 0;
		for (size_t i = 2; i < head; i++)
			n = n << 8 | in.p[i];
	}
	if (head > max || n > max - head)
		return LW_ELIMIT;
	*ret_total = head + n;
	return LW_OK;
}
