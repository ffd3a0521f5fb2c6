/* SPDX-License-Identifier: Apache-2.0 */
#include "base/der.h"

#include <string.h>

/* ---- reading ---- */
void lw_der_init(struct lw_der *d, struct lw_bytes b)
{
	static const uint8_t nothing;

	d->p = b.n ? b.p : &nothing;
	d->end = d->p + b.n;
	d->err = LW_OK;
}

static void fail(struct lw_der *d, int err)
{
	if (!d->err)
		d->err = err;
}

/* lw_der_element for what is not short and right. */
const uint8_t *lw_der_long(struct lw_der *d, uint8_t tag, size_t *ret_n)
{
	const uint8_t *p = d->p;
	size_t left = (size_t)(d->end - p), n, octets;

	if (d->err)
		return NULL;
	if (left < 2 || *p != tag || !(p[1] & 0x80))
		goto bad;
	octets = p[1] & 0x7f;
	p += 2;
	left -= 2;
	if (octets < 1 || octets > 4 || octets > left)
		goto bad;
	n = 0;
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | p[i];
	if (n < 0x80 || !(n >> 8 * (octets - 1)) || n > left - octets)
		goto bad;
	p += octets;
	d->p = p + n;
	*ret_n = n;
	return p;
bad:
	d->err = LW_EINVAL;
	return NULL;
}

struct lw_bytes lw_der_whole(struct lw_der *d, uint8_t tag)
{
	const uint8_t *start = d->p;
	size_t n;

	if (!lw_der_element(d, tag, &n))
		return (struct lw_bytes){ NULL, 0 };
	return (struct lw_bytes){ start, (size_t)(d->p - start) };
}

int64_t lw_der_int(struct lw_der *d, int64_t min, int64_t max)
{
	size_t n;
	const uint8_t *p = lw_der_element(d, LW_DER_INTEGER, &n);
	uint64_t u;

	if (!p)
		return 0;
	if (n == 1) { /* most */
		if ((int8_t)*p < min || (int8_t)*p > max)
			goto bad;
		return (int8_t)*p;
	}
	if (n < 1 || n > 8 || ((*p == 0 || *p == 0xff) && *p >> 7 == p[1] >> 7))
		goto bad;
	u = *p & 0x80 ? UINT64_MAX : 0;
	while (n--)
		u = u << 8 | *p++;
	if ((int64_t)u < min || (int64_t)u > max)
		goto bad;
	return (int64_t)u;
bad:
	fail(d, LW_EINVAL);
	return 0;
}

/* Days from 1970-01-01 to the first of a month, in the Gregorian calendar; years 0 to 9999. */
static int64_t days_before(uint32_t year, uint32_t month)
{
	uint32_t y = year + 400 - (month <= 2); /* a year that begins in March ends with the leap day */
	uint32_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;

	return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + doy - (146097 + 719468);
}

int64_t lw_der_time(struct lw_der *d)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	size_t n;
	const uint8_t *p = lw_der_element(d, LW_DER_GENERALIZED_TIME, &n);
	unsigned v[7], year;
	bool leap;

	if (!p)
		return 0;
	if (n != 15 || p[14] != 'Z')
		goto bad;
	for (unsigned i = 0; i < 7; i++, p += 2) { /* century, year, month, day, hour, minute, second */
		unsigned hi = p[0] - '0', lo = p[1] - '0';

		if (hi > 9 || lo > 9)
			goto bad;
		v[i] = hi * 10 + lo;
	}
	year = v[0] * 100 + v[1];
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (v[2] < 1 || v[2] > 12 || v[3] < 1 || v[3] > (unsigned)days[v[2] - 1] + (v[2] == 2 && leap))
		goto bad;
	if (v[4] > 23 || v[5] > 59 || v[6] > 59)
		goto bad;
	return ((days_before(year, v[2]) + v[3] - 1) * 24 + v[4]) * 3600 + v[5] * 60 + v[6];
bad:
	fail(d, LW_EINVAL);
	return 0;
}

uint32_t lw_der_flags(struct lw_der *d)
{
	size_t n;
	const uint8_t *p = lw_der_element(d, LW_DER_BIT_STRING, &n);

	if (!p)
		return 0;
	if (n < 5 || *p > 7 || (n == 5 && *p) || (p[n - 1] & ((1u << *p) - 1))) {
		fail(d, LW_EINVAL);
		return 0;
	}
	return (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
}

int lw_der_end(const struct lw_der *d)
{
	return d->err ? d->err : d->p == d->end ? LW_OK : LW_EINVAL;
}

/* ---- writing ---- */
void lw_der_writer_init(struct lw_der_writer *w, uint8_t *buf, size_t size)
{
	*w = (struct lw_der_writer){ .buf = buf, .size = size, .at = size };
}

/* Room for n octets in front of what is written; NULL: none. */
static uint8_t *room(struct lw_der_writer *w, size_t n)
{
	if (w->err)
		return NULL;
	if (n > w->at) {
		w->err = LW_ELIMIT;
		return NULL;
	}
	w->at -= n;
	return w->buf + w->at;
}

/* lw_der_wrap for what is not short, or has no room. */
void lw_der_wrap_long(struct lw_der_writer *w, uint8_t tag, size_t n)
{
	size_t octets = n < 0x80 ? 0 : n <= 0xff ? 1 : n <= 0xffff ? 2 : n <= 0xffffff ? 3 : 4;
	uint8_t *p;

	if (n > UINT32_MAX && !w->err)
		w->err = LW_ELIMIT;
	p = room(w, 2 + octets);
	if (!p)
		return;
	p[0] = tag;
	p[1] = (uint8_t)(octets ? 0x80 | octets : n);
	for (; octets; octets--, n >>= 8)
		p[1 + octets] = (uint8_t)n;
}

void lw_der_put_raw(struct lw_der_writer *w, struct lw_bytes b)
{
	uint8_t *p = room(w, b.n);

	if (p && b.n)
		memcpy(p, b.p, b.n);
}

void lw_der_put(struct lw_der_writer *w, uint8_t tag, struct lw_bytes contents)
{
	size_t mark = w->at;

	lw_der_put_raw(w, contents);
	lw_der_wrap(w, tag, mark);
}

void lw_der_put_int(struct lw_der_writer *w, int64_t v)
{
	size_t n = 1;
	uint8_t *p;

	/* until the first nine bits are not all alike */
	while (n < 8 && v >> (8 * n - 1) != (v < 0 ? -1 : 0))
		n++;
	p = room(w, 2 + n);
	if (!p)
		return;
	p[0] = LW_DER_INTEGER;
	p[1] = (uint8_t)n;
	for (; n; n--, v >>= 8)
		p[1 + n] = (uint8_t)v;
}

static void two_digits(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)('0' + v / 10);
	p[1] = (uint8_t)('0' + v % 10);
}

void lw_der_put_time(struct lw_der_writer *w, int64_t seconds)
{
	/* the years 0 to 9999 */
	static const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799);
	uint32_t day, sec, era, doe, yoe, doy, mp, year, month;
	uint8_t *p;

	if ((seconds < first || seconds > last) && !w->err)
		w->err = LW_EINVAL;
	p = room(w, 17);
	if (!p)
		return;
	seconds -= first;
	day = (uint32_t)(seconds / 86400) + 146097 - 60; /* since the first of March of the year -400 */
	sec = (uint32_t)(seconds % 86400);
	era = day / 146097;
	doe = day % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	month = mp < 10 ? mp + 3 : mp - 9;
	year = yoe + era * 400 - 400 + (month <= 2);
	p[0] = LW_DER_GENERALIZED_TIME;
	p[1] = 15;
	two_digits(p + 2, year / 100);
	two_digits(p + 4, year % 100);
	two_digits(p + 6, month);
	two_digits(p + 8, doy - (153 * mp + 2) / 5 + 1);
	two_digits(p + 10, sec / 3600);
	two_digits(p + 12, sec / 60 % 60);
	two_digits(p + 14, sec % 60);
	p[16] = 'Z';
}

void lw_der_put_flags(struct lw_der_writer *w, uint32_t flags)
{
	const uint8_t b[5] = { 0, (uint8_t)(flags >> 24), (uint8_t)(flags >> 16), (uint8_t)(flags >> 8),
		(uint8_t)flags };

	lw_der_put(w, LW_DER_BIT_STRING, (struct lw_bytes){ b, sizeof b });
}

struct lw_bytes lw_der_written(const struct lw_der_writer *w)
{
	return w->err ? (struct lw_bytes){ NULL, 0 } : (struct lw_bytes){ w->buf + w->at, w->size - w->at };
}
