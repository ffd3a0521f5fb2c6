/* SPDX-License-Identifier: Apache-2.0 */
/* Time is passed in, so that a test can turn it. All times are microseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/bytes.h"

struct lw_clock {
	int64_t (*wall)(const struct lw_clock *); /* since 1970-01-01 UTC */
	int64_t (*mono)(const struct lw_clock *); /* monotonic, for time-outs */
	int64_t test_wall, test_mono;             /* used by lw_clock_test only */
};

extern const struct lw_clock lw_clock_system;
struct lw_clock lw_clock_test(int64_t wall, int64_t mono); /* stands still until its fields are changed */
int64_t lw_wall(const struct lw_clock *);
int64_t lw_mono(const struct lw_clock *);
/* By what a test has turned the system's clock (base/testclock.c); NULL in every build that is not for tests. */
const char *lw_clock_turned(void);

#define LW_SECOND    INT64_C(1000000)
#define LW_TIME_TEXT 32
/* RFC 4517 generalizedTime "20261122235046Z" (fraction of microseconds only when frac) and RFC 3339. */
void lw_time_generalized(int64_t us, bool frac, char ret[LW_TIME_TEXT]);
void lw_time_rfc3339(int64_t us, char ret[LW_TIME_TEXT]); /* 2026-11-22T23:50:46.123Z */
/* RFC 4517 3.3.13: fractions of hour/minute/second, Z or +hhmm differential. LW_EINVAL. */
int lw_time_parse_generalized(struct lw_bytes, int64_t *ret_us);

#endif
