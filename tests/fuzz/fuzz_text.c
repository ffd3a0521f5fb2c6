/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet says which function gets the rest. What has come out canonical must stay so. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "base/uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void prep(struct lw_arena *a, struct lw_bytes in, unsigned flags)
{
	struct lw_bytes once, twice;

	if (lw_prep(a, in, flags, &once))
		return;
	check(lw_utf8_valid(once) && once.n && !once.p[once.n]);
	check(!lw_prep(a, once, flags, &twice));
	if (!(flags & LW_PREP_SUBSTRING)) /* a piece that is one space stays one */
		check(lw_eq(once, twice));
}

static void saslprep(struct lw_arena *a, struct lw_bytes in)
{
	struct lw_bytes stored, query;

	if (lw_saslprep(a, in, true, &stored))
		return;
	check(lw_utf8_valid(stored));
	check(!lw_saslprep(a, in, false, &query) && lw_eq(stored, query));
}

static void domain(struct lw_arena *a, struct lw_bytes in)
{
	char *once, *twice;

	if (lw_domain_canon(a, in, &once))
		return;
	check(strlen(once) <= 253);
	check(!lw_domain_canon(a, lw_str(once), &twice) && !strcmp(once, twice));
}

static void base64(struct lw_arena *a, struct lw_bytes in)
{
	struct lw_bytes out;
	char *again = lw_base64(a, in);

	check(again && !lw_unbase64(a, lw_str(again), &out) && lw_eq(in, out));
	if (!lw_unbase64(a, in, &out))
		check(lw_eq(in, lw_str(lw_base64(a, out))));
}

static void times(struct lw_arena *a, struct lw_bytes in)
{
	static const int64_t low = INT64_C(-62167219200) * LW_SECOND,
	                     high = INT64_C(253402300800) * LW_SECOND;
	char text[LW_TIME_TEXT];
	int64_t us, again;

	if (!lw_parse_duration(in, &us))
		check(us >= 0);
	if (lw_time_parse_generalized(in, &us))
		return;
	lw_time_generalized(us, true, text);
	check(!lw_time_parse_generalized(lw_str(text), &again));
	check(again == us || us < low ||
	        us >= high); /* a differential may lead out of the four digits of year */
}

static void others(struct lw_arena *a, struct lw_bytes in)
{
	char text[LW_UUID_TEXT];
	struct lw_uuid u, v;
	struct lw_bytes out;
	uint64_t n;

	if (!lw_uuid_parse(in, &u)) {
		lw_uuid_format(&u, text);
		check(!lw_uuid_parse(lw_str(text), &v) && lw_uuid_eq(&u, &v) &&
		        lw_eq_nocase(in, lw_str(text)));
	}
	if (!lw_unhex(a, in, &out)) {
		char *hex = lw_alloc(a, in.n + 1);

		lw_hex(out, hex);
		check(lw_eq_nocase(in, lw_str(hex)));
	}
	if (!lw_parse_u64(in, 1000, &n))
		check(n <= 1000);
	if (!lw_opaque_string(a, in, &out))
		check(lw_utf8_valid(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a;
	struct lw_bytes in = { data + 1, size - 1 };

	if (!size || !(a = lw_arena_new(16 << 20, false)))
		return 0;
	switch (data[0] >> 4 & 7) {
	case 0:
	case 1:
		prep(a, in, data[0] & 1);
		break;
	case 2:
		prep(a, in, LW_PREP_SUBSTRING | (data[0] & 13));
		break;
	case 3:
		saslprep(a, in);
		break;
	case 4:
		domain(a, in);
		break;
	case 5:
		base64(a, in);
		break;
	case 6:
		times(a, in);
		break;
	default:
		others(a, in);
	}
	lw_arena_free(a);
	return 0;
}
