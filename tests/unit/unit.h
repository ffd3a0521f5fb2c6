/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests share: cmocka in its order of includes, and comparisons of octets. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

/* b is what the hexadecimal digits in hex say (spaces are skipped). */
static inline void assert_hex(const void *p, size_t n, const char *hex)
{
	const uint8_t *b = p;
	size_t i = 0;

	for (; *hex; hex++) {
		char pair[3] = { hex[0], hex[1], 0 };

		if (*hex == ' ')
			continue;
		assert_true(i < n);
		assert_int_equal(b[i++], strtoul(pair, NULL, 16));
		hex++;
	}
	assert_int_equal(i, n);
}

/* The octets that hex says, to buf; how many. */
static inline struct lw_bytes from_hex(const char *hex, uint8_t *buf)
{
	size_t n = 0;

	for (; *hex; hex++) {
		char pair[3] = { hex[0], hex[1], 0 };

		if (*hex == ' ')
			continue;
		buf[n++] = (uint8_t)strtoul(pair, NULL, 16);
		hex++;
	}
	return (struct lw_bytes){ buf, n };
}

static inline void assert_bytes(struct lw_bytes b, const char *want)
{
	assert_int_equal(b.n, strlen(want));
	if (b.n)
		assert_memory_equal(b.p, want, b.n);
}

#endif
