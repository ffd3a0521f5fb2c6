/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562). New ones are version 7: ordered by time, so that index pages fill in order. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include "base/bytes.h"
#include "base/clock.h"

struct lw_uuid {
	uint8_t b[16];
};
#define LW_UUID_TEXT 37 /* with the NUL */

struct lw_uuid lw_uuid_new(const struct lw_clock *); /* version 7; randomness from lw_random */
void lw_uuid_format(const struct lw_uuid *, char ret[LW_UUID_TEXT]); /* lower case, with hyphens */
int lw_uuid_parse(struct lw_bytes, struct lw_uuid *ret);             /* LW_EINVAL */
bool lw_uuid_eq(const struct lw_uuid *, const struct lw_uuid *);
bool lw_uuid_zero(const struct lw_uuid *);

#endif
