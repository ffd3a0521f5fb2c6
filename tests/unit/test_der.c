/* SPDX-License-Identifier: Apache-2.0 */
/* base/der.h; expectations by hand after X.690. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/der.h"
#include "base/err.h"

static struct lw_der over(const char *hex)
{
	static uint8_t buf[1024];
	struct lw_der d;

	lw_der_init(&d, from_hex(hex, buf));
	return d;
}

static void test_lengths(void **state)
{
	static const struct { const char *hex; bool ok; } rows[] = {
		{ "04 00", true }, { "04 01 41", true }, { "04 7f 41", false }, { "04", false }, { "", false },
		{ "04 01", false }, { "04 02 41", false }, { "04 03 41", false },
		{ "04 80 00 00", false },            /* indefinite */
		{ "04 81 01 41", false },            /* not minimal */
		{ "04 82 00 01 41", false }, { "04 84 00 00 00 01 41", false },
		{ "04 85 00 00 00 00 01 41", false }, { "04 ff", false }, { "04 84 ff ff ff ff 41", false }, { "04 82 01", false },
		{ "24 01 41", false }, { "05 01 41", false }, { "1f 04 01 41", false },
	};
	static uint8_t buf[70000] = { 4, 0x82, 0xff, 0xff };
	struct lw_der d;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		d = over(rows[i].hex);
		assert_int_equal(lw_der_get(&d, LW_DER_OCTET_STRING).p != NULL, rows[i].ok);
		assert_int_equal(lw_der_end(&d), rows[i].ok ? LW_OK : LW_EINVAL);
	}
	lw_der_init(&d, (struct lw_bytes){ (const uint8_t[128 + 4]){ 4, 0x82, 0, 0x80 }, 128 + 4 }); /* 81 80 would do */
	assert_null(lw_der_get(&d, LW_DER_OCTET_STRING).p);
	lw_der_init(&d, (struct lw_bytes){ (const uint8_t[128 + 3]){ 4, 0x81, 0x80 }, 128 + 3 });
	assert_int_equal(lw_der_get(&d, LW_DER_OCTET_STRING).n, 128);
	lw_der_init(&d, (struct lw_bytes){ buf, 65535 + 4 });
	assert_int_equal(lw_der_get(&d, LW_DER_OCTET_STRING).n, 65535);
	assert_int_equal(lw_der_end(&d), LW_OK);
	memcpy(buf, "\x04\x83\x01\x00\x00", 5);
	lw_der_init(&d, (struct lw_bytes){ buf, 65536 + 5 });
	assert_int_equal(lw_der_get(&d, LW_DER_OCTET_STRING).n, 65536);
	assert_int_equal(lw_der_end(&d), LW_OK);
}

static void test_cursor(void **state)
{
	struct lw_der d = over("30 06 02 01 05 04 01 41  04 00"), in, again;
	struct lw_bytes b;

	assert_true(lw_der_more(&d) && lw_der_at(&d, LW_DER_SEQUENCE) && !lw_der_at(&d, LW_DER_INTEGER));
	in = lw_der_enter(&d, LW_DER_SEQUENCE);
	assert_int_equal(lw_der_int(&in, 0, 10), 5);
	again = in;
	assert_int_equal(lw_der_end(&in), LW_EINVAL); /* not used up */
	b = lw_der_whole(&in, LW_DER_OCTET_STRING);
	assert_hex(b.p, b.n, "04 01 41");
	assert_int_equal(lw_der_end(&in), LW_OK);
	lw_der_leave(&d, &in);
	b = lw_der_get(&d, LW_DER_OCTET_STRING);
	assert_true(b.p && b.n == 0); /* there, and empty */
	assert_int_equal(lw_der_end(&d), LW_OK);
	assert_false(lw_der_more(&d) || lw_der_at(&d, LW_DER_OCTET_STRING));

	d = over("30 00");
	lw_der_leave(&d, &again); /* with something left over */
	assert_int_equal(d.err, LW_EINVAL);
	/* nothing more after an error */
	assert_null(lw_der_get(&d, LW_DER_SEQUENCE).p);
	assert_null(lw_der_whole(&d, LW_DER_SEQUENCE).p);
	assert_false(lw_der_more(&d) || lw_der_at(&d, LW_DER_SEQUENCE));
	in = lw_der_enter(&d, LW_DER_SEQUENCE);
	assert_int_equal(in.err, LW_EINVAL);
	assert_int_equal(lw_der_int(&in, INT64_MIN, INT64_MAX), 0);
	assert_int_equal(lw_der_time(&in), 0);
	assert_int_equal(lw_der_flags(&in), 0);
	d.err = LW_ELIMIT; /* an outer error is not covered by an inner one */
	lw_der_leave(&d, &in);
	assert_int_equal(lw_der_end(&d), LW_ELIMIT);
	lw_der_init(&d, (struct lw_bytes){ NULL, 0 });
	assert_int_equal(lw_der_end(&d), LW_OK);
}

static void test_int(void **state)
{
	static const struct { const char *hex; int64_t v; bool ok; } rows[] = {
		{ "02 01 00", 0, true }, { "02 01 7f", 127, true }, { "02 02 00 80", 128, true }, { "02 01 80", -128, true },
		{ "02 02 ff 7f", -129, true }, { "02 04 7f ff ff ff", INT32_MAX, true }, { "02 04 80 00 00 00", INT32_MIN, true },
		{ "02 05 00 ff ff ff ff", UINT32_MAX, true }, { "02 08 7f ff ff ff ff ff ff ff", INT64_MAX, true },
		{ "02 08 80 00 00 00 00 00 00 00", INT64_MIN, true },
		{ "02 00", 0, false }, { "02 02 00 7f", 0, false }, { "02 02 ff 80", 0, false }, { "02 02 00 00", 0, false },
		{ "02 09 00 80 00 00 00 00 00 00 00", 0, false }, { "0a 01 00", 0, false },
	};
	static uint8_t buf[64];
	struct lw_der_writer w;
	struct lw_der d;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		d = over(rows[i].hex);
		assert_int_equal(lw_der_int(&d, INT64_MIN, INT64_MAX), rows[i].v);
		assert_int_equal(lw_der_end(&d), rows[i].ok ? LW_OK : LW_EINVAL);
		if (!rows[i].ok)
			continue;
		lw_der_writer_init(&w, buf, sizeof buf);
		lw_der_put_int(&w, rows[i].v);
		assert_hex(lw_der_written(&w).p, lw_der_written(&w).n, rows[i].hex);
	}
	d = over("02 01 0b");
	assert_int_equal(lw_der_int(&d, 11, 11), 11);
	d = over("02 01 0b");
	assert_int_equal(lw_der_int(&d, 0, 10), 0);
	assert_int_equal(lw_der_end(&d), LW_EINVAL);
	d = over("02 01 0b");
	lw_der_int(&d, 12, 20);
	assert_int_equal(lw_der_end(&d), LW_EINVAL);
}

static int time_of(const char *text, int64_t *ret)
{
	uint8_t buf[64] = { LW_DER_GENERALIZED_TIME, (uint8_t)strlen(text) };
	struct lw_der d;

	memcpy(buf + 2, text, strlen(text));
	lw_der_init(&d, (struct lw_bytes){ buf, strlen(text) + 2 });
	*ret = lw_der_time(&d);
	return lw_der_end(&d);
}

static void test_time(void **state)
{
	static const struct { const char *text; int64_t t; } good[] = {
		{ "19700101000000Z", 0 }, { "19691231235959Z", -1 }, { "20000229000000Z", 951782400 }, { "20240229235959Z", 1709251199 },
		{ "20370913024805Z", 2136422885 }, { "20380119031408Z", INT64_C(2147483648) }, { "21060207062816Z", INT64_C(4294967296) },
		{ "99991231235959Z", INT64_C(253402300799) }, { "00000101000000Z", INT64_C(-62167219200) },
		{ "20010909014640Z", 1000000000 }, { "00000301000000Z", INT64_C(-62162035200) },
	};
	static const char *const bad[] = { "20260229000000Z", "19000229000000Z", "21000229000000Z", "20260001000000Z", "20261301000000Z",
		"20260100000000Z", "20260132000000Z", "20260431000000Z", "20260101240000Z", "20260101006000Z", "20260101000060Z",
		"2026010100000Z", "202601010000000Z", "20260101000000", "20260101000000.0Z", "20260101000000+0000", " 0260101000000Z",
		"2026010100000aZ", "20260101000000z", "260101000000Z", "", "2026-1-1 00:00Z" };
	static uint8_t buf[32];
	struct lw_der_writer w;
	char text[LW_TIME_TEXT];
	int64_t t;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(time_of(good[i].text, &t), LW_OK);
		assert_int_equal(t, good[i].t);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(time_of(bad[i], &t), LW_EINVAL);
	/* every day of 400 years and some, against the other calendar in base */
	for (int64_t s = -86400 * 40000L + 1; s < 86400 * 140000L; s += 86400 + 61) {
		lw_der_writer_init(&w, buf, sizeof buf);
		lw_der_put_time(&w, s);
		assert_int_equal(w.err, LW_OK);
		lw_time_generalized(s * LW_SECOND, false, text);
		assert_memory_equal(lw_der_written(&w).p + 2, text, 15);
		assert_int_equal(time_of(text, &t), LW_OK);
		assert_int_equal(t, s);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		lw_der_writer_init(&w, buf, sizeof buf);
		lw_der_put_time(&w, good[i].t);
		assert_memory_equal(lw_der_written(&w).p + 2, good[i].text, 15);
	}
	for (int i = 0; i < 4; i++) {
		static const int64_t out[] = { INT64_C(253402300800), INT64_C(-62167219201), INT64_MAX, INT64_MIN };

		lw_der_writer_init(&w, buf, sizeof buf);
		lw_der_put_time(&w, out[i]);
		assert_int_equal(w.err, LW_EINVAL);
		assert_null(lw_der_written(&w).p);
	}
}

static void test_flags(void **state)
{
	static const struct { const char *hex; uint32_t v; bool ok; } rows[] = {
		{ "03 05 00 40 81 00 10", 0x40810010, true }, { "03 05 00 ff ff ff ff", UINT32_MAX, true },
		{ "03 06 00 40 81 00 10 ff", 0x40810010, true }, { "03 06 04 40 81 00 10 f0", 0x40810010, true },
		{ "03 06 04 40 81 00 10 f8", 0, false }, { "03 05 01 40 81 00 10", 0, false }, { "03 04 00 40 81 00", 0, false },
		{ "03 06 08 40 81 00 10 00", 0, false }, { "03 01 00", 0, false }, { "03 00", 0, false }, { "04 05 00 40 81 00 10", 0, false },
	};
	static uint8_t buf[16];
	struct lw_der_writer w;
	struct lw_der d;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		d = over(rows[i].hex);
		assert_int_equal(lw_der_flags(&d), rows[i].v);
		assert_int_equal(lw_der_end(&d), rows[i].ok ? LW_OK : LW_EINVAL);
	}
	lw_der_writer_init(&w, buf, sizeof buf);
	lw_der_put_flags(&w, 0x40810010);
	assert_hex(lw_der_written(&w).p, lw_der_written(&w).n, "03 05 00 40 81 00 10");
}

static void test_writer(void **state)
{
	static const struct { size_t n; const char *head; } rows[] = {
		{ 0, "04 00" }, { 127, "04 7f" }, { 128, "04 81 80" }, { 255, "04 81 ff" }, { 256, "04 82 01 00" }, { 65535, "04 82 ff ff" },
		{ 65536, "04 83 01 00 00" },
	};
	static uint8_t buf[70000], zeros[70000];
	struct lw_der_writer w;
	size_t mark;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		lw_der_writer_init(&w, buf, sizeof buf);
		lw_der_put(&w, LW_DER_OCTET_STRING, (struct lw_bytes){ zeros, rows[i].n });
		assert_hex(lw_der_written(&w).p, lw_der_written(&w).n - rows[i].n, rows[i].head);
	}
	/* SEQUENCE { [1] INTEGER 5, raw NULL } in a buffer of each size */
	for (size_t size = 0; size <= 12; size++) {
		lw_der_writer_init(&w, buf, size);
		lw_der_put_raw(&w, LW_LIT("\x05\x00"));
		mark = lw_der_mark(&w);
		lw_der_put_int(&w, 5);
		lw_der_wrap(&w, LW_DER_CONTEXT(1), mark);
		lw_der_wrap(&w, LW_DER_SEQUENCE, size);
		if (size < 9) {
			assert_int_equal(w.err, LW_ELIMIT);
			assert_null(lw_der_written(&w).p);
		} else {
			assert_hex(lw_der_written(&w).p, lw_der_written(&w).n, "30 07 a1 03 02 01 05 05 00");
		}
	}
	lw_der_writer_init(&w, buf, 1);
	lw_der_put_time(&w, 0);
	lw_der_put_flags(&w, 0);
	lw_der_put_raw(&w, (struct lw_bytes){ NULL, 0 });
	assert_int_equal(w.err, LW_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
