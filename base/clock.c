/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/err.h"

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * LW_SECOND + ts.tv_nsec / 1000;
}

static int64_t system_wall(const struct lw_clock *c)
{
	return read_clock(CLOCK_REALTIME);
}

static int64_t system_mono(const struct lw_clock *c)
{
	return read_clock(CLOCK_MONOTONIC);
}

static int64_t test_wall(const struct lw_clock *c)
{
	return c->test_wall;
}

static int64_t test_mono(const struct lw_clock *c)
{
	return c->test_mono;
}

const struct lw_clock lw_clock_system = { .wall = system_wall, .mono = system_mono };

struct lw_clock lw_clock_test(int64_t wall, int64_t mono)
{
	return (struct lw_clock){
		.wall = test_wall, .mono = test_mono, .test_wall = wall, .test_mono = mono
	};
}

int64_t lw_wall(const struct lw_clock *c)
{
	return c->wall(c);
}

int64_t lw_mono(const struct lw_clock *c)
{
	return c->mono(c);
}

#ifdef LW_TEST_CLOCK /* what uses a clock has base/testclock.c with it, also where a sanitizer has these calls */
__attribute__((used)) static const char *(*const linked)(void) = lw_clock_turned;
#else
const char *lw_clock_turned(void)
{
	return NULL;
}
#endif

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; years are counted from March, so that
 * the leap day is the last of its year, in eras of 400 years that all have 146097 days. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
	int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

struct civil {
	int year, month, day, hour, minute, second, micro;
};

#define YEAR_MAX 9999

static struct civil civil_of(int64_t us)
{
	int64_t low = days_of(0, 1, 1) * 86400 * LW_SECOND;
	int64_t high = (days_of(YEAR_MAX + 1, 1, 1) * 86400) * LW_SECOND - 1;
	int64_t days, rest, era, in_era, y, in_year, mp;
	struct civil c;

	us = us < low ? low : us > high ? high : us; /* four digits of year are all that the formats have */
	days = us / (86400 * LW_SECOND);
	rest = us % (86400 * LW_SECOND);
	if (rest < 0) {
		rest += 86400 * LW_SECOND;
		days--;
	}
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	in_era = days - era * 146097;
	y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	in_year = in_era - (365 * y + y / 4 - y / 100);
	mp = (5 * in_year + 2) / 153;
	c.day = (int)(in_year - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = (int)(y + era * 400 + (c.month <= 2));
	c.micro = (int)(rest % LW_SECOND);
	rest /= LW_SECOND;
	c.second = (int)(rest % 60);
	c.minute = (int)(rest / 60 % 60);
	c.hour = (int)(rest / 3600);
	return c;
}

/* n decimal digits at p; what is behind them. */
static char *put_digits(char *p, int v, int n)
{
	for (int i = n; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n;
}

void lw_time_generalized(int64_t us, bool frac, char ret[LW_TIME_TEXT])
{
	struct civil c = civil_of(us);
	char *p = put_digits(ret, c.year, 4);

	p = put_digits(p, c.month, 2);
	p = put_digits(p, c.day, 2);
	p = put_digits(p, c.hour, 2);
	p = put_digits(p, c.minute, 2);
	p = put_digits(p, c.second, 2);
	if (frac) {
		*p++ = '.';
		p = put_digits(p, c.micro, 6);
	}
	*p++ = 'Z';
	*p = 0;
}

void lw_time_rfc3339(int64_t us, char ret[LW_TIME_TEXT])
{
	struct civil c = civil_of(us);

	char *p = put_digits(ret, c.year, 4);

	*p++ = '-';
	p = put_digits(p, c.month, 2);
	*p++ = '-';
	p = put_digits(p, c.day, 2);
	*p++ = 'T';
	p = put_digits(p, c.hour, 2);
	*p++ = ':';
	p = put_digits(p, c.minute, 2);
	*p++ = ':';
	p = put_digits(p, c.second, 2);
	*p++ = '.';
	p = put_digits(p, c.micro / 1000, 3);
	*p++ = 'Z';
	*p = 0;
}

/* n digits (more than n: only the first n are eaten) as a number in low..high, or -1. */
static int digits(struct lw_reader *r, int n, int low, int high)
{
	int v = 0;

	if (lw_reader_left(r) < (size_t)n)
		return -1;
	for (int i = 0; i < n; i++) {
		uint8_t c = lw_get_u8(r);

		if (c < '0' || c > '9')
			return -1;
		v = v * 10 + (c - '0');
	}
	return v >= low && v <= high ? v : -1;
}

static bool next_is_digit(const struct lw_reader *r)
{
	return lw_reader_left(r) && *r->p >= '0' && *r->p <= '9';
}

/* ("." / ",") 1*digit as a part of unit microseconds, cut to a microsecond. 0 when there is none, -1
 * malformed. */
static int64_t fraction(struct lw_reader *r, int64_t unit)
{
	uint64_t v = 0, scale = 1;

	if (!lw_reader_left(r) || (*r->p != '.' && *r->p != ','))
		return 0;
	lw_get_u8(r);
	if (!next_is_digit(r))
		return -1;
	while (next_is_digit(r)) {
		uint8_t c = lw_get_u8(r);

		if (scale < 1000000000) { /* finer digits are below a microsecond of an hour */
			v = v * 10 + (uint64_t)(c - '0');
			scale *= 10;
		}
	}
	return (int64_t)(v * (uint64_t)unit / scale);
}

/* Z or (+|-)hh[mm]: microseconds to take off. */
static int zone(struct lw_reader *r, int64_t *ret)
{
	uint8_t sign = lw_get_u8(r);
	int hour, minute = 0;

	if (sign == 'Z') {
		*ret = 0;
		return LW_OK;
	}
	if (sign != '+' && sign != '-')
		return LW_EINVAL;
	hour = digits(r, 2, 0, 23);
	if (hour >= 0 && lw_reader_left(r))
		minute = digits(r, 2, 0, 59);
	if (hour < 0 || minute < 0)
		return LW_EINVAL;
	*ret = (sign == '+' ? 1 : -1) * (hour * 3600 + minute * 60) * LW_SECOND;
	return LW_OK;
}

static int month_days(int year, int month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int lw_time_parse_generalized(struct lw_bytes in, int64_t *ret_us)
{
	struct lw_reader r;
	int year, month, day, hour, minute = 0, second = 0;
	int64_t unit = 3600 * LW_SECOND, frac, off;

	lw_reader_init(&r, in);
	year = digits(&r, 4, 0, YEAR_MAX);
	month = digits(&r, 2, 1, 12);
	if (year < 0 || month < 0)
		return LW_EINVAL;
	day = digits(&r, 2, 1, month_days(year, month));
	hour = digits(&r, 2, 0, 23);
	if (next_is_digit(&r)) {
		minute = digits(&r, 2, 0, 59);
		unit = 60 * LW_SECOND;
		if (next_is_digit(&r)) {
			second = digits(&r, 2, 0, 60); /* a leap second is the next minute's first */
			unit = LW_SECOND;
		}
	}
	if (day < 0 || hour < 0 || minute < 0 || second < 0)
		return LW_EINVAL;
	frac = fraction(&r, unit);
	if (frac < 0 || zone(&r, &off) || lw_reader_end(&r))
		return LW_EINVAL;
	*ret_us = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * LW_SECOND +
	          frac - off;
	return LW_OK;
}
