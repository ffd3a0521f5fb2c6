/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <string.h>

#include "base/crypto.h"
#include "base/err.h"

/* RFC 9562 5.7: 48 bits of milliseconds; the 12 bits of rand_a hold the fraction of the millisecond (6.2
 * method 3). */
struct lw_uuid lw_uuid_new(const struct lw_clock *clock)
{
	int64_t us = lw_wall(clock);
	uint64_t t = us > 0 ? (uint64_t)us : 0;
	uint64_t ms = t / 1000, frac = t % 1000 * 4096 / 1000;
	struct lw_uuid u;

	for (int i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	u.b[6] = (uint8_t)(0x70 | frac >> 8);
	u.b[7] = (uint8_t)frac;
	lw_random(u.b + 8, 8);
	u.b[8] = (uint8_t)(0x80 | (u.b[8] & 0x3f));
	return u;
}

void lw_uuid_format(const struct lw_uuid *u, char ret[LW_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *p = ret;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[u->b[i] >> 4];
		*p++ = digits[u->b[i] & 15];
	}
	*p = 0;
}

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int lw_uuid_parse(struct lw_bytes in, struct lw_uuid *ret)
{
	struct lw_uuid u;
	size_t at = 0;

	if (in.n != LW_UUID_TEXT - 1)
		return LW_EINVAL;
	for (int i = 0; i < 16; i++) {
		int hi, lo;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && in.p[at++] != '-')
			return LW_EINVAL;
		hi = nibble(in.p[at++]);
		lo = nibble(in.p[at++]);
		if (hi < 0 || lo < 0)
			return LW_EINVAL;
		u.b[i] = (uint8_t)(hi << 4 | lo);
	}
	*ret = u;
	return LW_OK;
}

bool lw_uuid_eq(const struct lw_uuid *a, const struct lw_uuid *b)
{
	return !memcmp(a->b, b->b, sizeof a->b);
}

bool lw_uuid_zero(const struct lw_uuid *u)
{
	static const struct lw_uuid zero;

	return lw_uuid_eq(u, &zero);
}
