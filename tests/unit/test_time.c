/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <time.h>

#include "base/clock.h"
#include "base/err.h"

#define DAY (86400 * LW_SECOND)

/* RFC 4517 3.3.13. Seconds since 1970 by date(1). */
static void parsing(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
		{ "19700101000000Z", 0 },
		{ "20261122235046Z", INT64_C(1795391446) * LW_SECOND },
		{ "199412161032Z", INT64_C(787573920) * LW_SECOND },
		{ "199412160532-0500", INT64_C(787573920) * LW_SECOND },
		{ "1994121610Z", INT64_C(787572000) * LW_SECOND },
		{ "1994121611+01", INT64_C(787572000) * LW_SECOND },
		{ "1994121610.5Z", INT64_C(787573800) * LW_SECOND },
		{ "199412161032,25Z", INT64_C(787573935) * LW_SECOND },
		{ "19941216103200.123456789Z", INT64_C(787573920123456) },
		{ "20000229000000Z", INT64_C(951782400) * LW_SECOND },
		{ "19691231235959.75Z", -250000 },
		{ "00000101000000Z", INT64_C(-62167219200) * LW_SECOND },
		{ "99991231235959Z", INT64_C(253402300799) * LW_SECOND },
		/* a leap second is counted as the first of the next minute */
		{ "20161231235960Z", INT64_C(1483228800) * LW_SECOND },
		{ "20161231235960.5Z", INT64_C(1483228800) * LW_SECOND + 500000 },
		{ "20170101005960+0100", INT64_C(1483228800) * LW_SECOND },
		{ "19700101000000.0000000000000000000000000001Z", 0 },
	};
	static const char *const bad[] = { "", "Z", "1970", "19700101", "19700101Z", "1970010100",
		"19700101000000", "19700101000000z", "19701301000000Z", "19700001000000Z", "19700100000000Z",
		"19700230000000Z", "19000229000000Z", "20230229000000Z", "19700101240000Z", "19700101006000Z",
		"19700101000061Z", "19700101000000.Z", "19700101000000,Z", "19700101000000Z ",
		"19700101000000ZZ", "19700101000000+24", "19700101000000+0160", "19700101000000+1",
		"19700101000000+010", "19700101000000+01000", "1970010100000Z", "197001010000.5.5Z",
		"+9700101000000Z", "19700101 00000Z" };
	int64_t us = 42;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		us = 42;
		assert_int_equal(lw_time_parse_generalized(lw_str(good[i].text), &us), LW_OK);
		assert_true(us == good[i].us);
	}
	us = 42;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(lw_time_parse_generalized(lw_str(bad[i]), &us), LW_EINVAL);
	assert_int_equal(us, 42);
}

static void formatting(void **state)
{
	char text[LW_TIME_TEXT];

	lw_time_generalized(INT64_C(1795391446123456), false, text);
	assert_string_equal(text, "20261122235046Z");
	lw_time_generalized(INT64_C(1795391446123456), true, text);
	assert_string_equal(text, "20261122235046.123456Z");
	lw_time_rfc3339(INT64_C(1795391446123456), text);
	assert_string_equal(text, "2026-11-22T23:50:46.123Z");
	lw_time_rfc3339(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
	lw_time_rfc3339(INT64_MAX, text); /* what four digits cannot say stays at their end */
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	lw_time_rfc3339(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* Every day of the 400-year cycle, against the length of months. */
static void calendar(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t day = -719528; /* 0000-01-01 */

	for (int year = 0; year < 2400; year += year == 0 ? 1600 : 1) {
		if (year == 1600)
			day = -719528 + 4 * INT64_C(146097);
		for (int month = 0; month < 12; month++) {
			int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			int last = days[month] + (month == 1 && leap);

			for (int d = 1; d <= last; d++, day++) {
				char want[32], text[LW_TIME_TEXT];
				int64_t us;

				snprintf(want, sizeof want, "%04d%02d%02d120000Z", year, month + 1, d);
				lw_time_generalized(day * DAY + DAY / 2, false, text);
				assert_string_equal(text, want);
				assert_int_equal(lw_time_parse_generalized(lw_str(want), &us), LW_OK);
				assert_true(us == day * DAY + DAY / 2);
			}
		}
	}
}

static void clocks(void **state)
{
	struct lw_clock c = lw_clock_test(5, 6);
	int64_t m = lw_mono(&lw_clock_system);

	assert_int_equal(lw_wall(&c), 5);
	assert_int_equal(lw_mono(&c), 6);
	c.test_wall = 7;
	assert_int_equal(lw_wall(&c), 7);
	assert_true(lw_mono(&lw_clock_system) >= m);
	assert_true(lw_wall(&lw_clock_system) > INT64_C(1700000000) * LW_SECOND);
}

/* The environment turns the clock in builds for tests, and in no other. In a program of its own, because it is read before main. */
#define TURNED "157680000"

static void turned(void **state)
{
	time_t before = time(NULL), ahead = 0;
	FILE *f;

#ifdef LW_TEST_CLOCK
	ahead = atoll(TURNED);
#endif
	f = popen("LWD_TEST_CLOCK_OFFSET=" TURNED " /proc/$PPID/exe --wall", "r");
	assert_non_null(f);
	for (int i = 0; i < 2; i++) {
		long long at = 0;

		assert_int_equal(fscanf(f, "%lld", &at), 1);
		assert_true(at >= before + ahead && at <= before + ahead + 60);
	}
	pclose(f);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--wall") == 0) {
		printf("%lld %lld\n", (long long)(lw_wall(&lw_clock_system) / LW_SECOND), (long long)time(NULL));
		return 0;
	}

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),
		cmocka_unit_test(formatting),
		cmocka_unit_test(calendar),
		cmocka_unit_test(clocks),
		cmocka_unit_test(turned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
