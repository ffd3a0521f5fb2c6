/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, octets, arena, BER, UUIDs and capabilities. */
#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/ber.h"
#include "base/cap.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/uuid.h"

static void error_table(void **state)
{
	assert_string_equal(lw_errname(LW_OK), "OK");
	assert_string_equal(lw_errname(LW_ENOMEM), "ENOMEM");
	assert_string_equal(lw_strerror(LW_EACCES), "refused by the access policy");
	assert_string_equal(lw_errname(-1), "EUNKNOWN");
	assert_string_equal(lw_errname(LW_ERR_COUNT), "EUNKNOWN");
	assert_non_null(lw_strerror(LW_ERR_COUNT));
	for (int i = 0; i < LW_ERR_COUNT; i++) {
		assert_true(lw_errname(i) && *lw_errname(i) && lw_strerror(i) && *lw_strerror(i));
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(lw_errname(i), lw_errname(k));
			assert_string_not_equal(lw_strerror(i), lw_strerror(k));
		}
	}
}

static void comparing(void **state)
{
	struct lw_bytes none = { NULL, 0 };

	assert_true(lw_eq(none, LW_LIT("")));
	assert_true(lw_eq(lw_str(NULL), none));
	assert_true(lw_eq(lw_str("ab"), LW_LIT("ab")));
	assert_false(lw_eq(LW_LIT("ab"), LW_LIT("aB")));
	assert_true(lw_eq_nocase(LW_LIT("aZ["), LW_LIT("Az[")));
	assert_false(lw_eq_nocase(LW_LIT("["), LW_LIT("{")));
	assert_true(lw_eq_secret(LW_LIT("ab"), LW_LIT("ab")));
	assert_false(lw_eq_secret(LW_LIT("ab"), LW_LIT("ac")));
	assert_false(lw_eq_secret(LW_LIT("ab"), LW_LIT("abc")));
	assert_true(lw_cmp(LW_LIT("a"), LW_LIT("b")) < 0);
	assert_true(lw_cmp(LW_LIT("b"), LW_LIT("ab")) > 0);
	assert_true(lw_cmp(LW_LIT("a"), LW_LIT("ab")) < 0);
	assert_true(lw_cmp(LW_LIT("\xff"), LW_LIT("a")) > 0);
	assert_int_equal(lw_cmp(none, LW_LIT("")), 0);
}

static void reading(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 0x80, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 2, 'h',
		'i' };
	struct lw_reader r;

	lw_reader_init(&r, (struct lw_bytes){ data, sizeof data });
	assert_int_equal(lw_get_u8(&r), 1);
	assert_int_equal(lw_get_u16(&r), 0x203);
	assert_int_equal(lw_get_u32(&r), 0x80000004);
	assert_int_equal(lw_get_u64(&r), 0x102030405060708);
	assert_int_equal(lw_reader_left(&r), 6);
	assert_bytes(lw_get_counted(&r, 2), "hi");
	assert_int_equal(lw_reader_end(&r), LW_OK);
	assert_int_equal(lw_get_u8(&r), 0);
	assert_int_equal(r.err, LW_EINVAL);
	assert_int_equal(lw_get_raw(&r, 0).n, 0);

	lw_reader_init(&r, (struct lw_bytes){ data + 15, 6 });
	assert_int_equal(lw_get_counted(&r, 1).n, 0);
	assert_int_equal(r.err, LW_ELIMIT);
	assert_int_equal(lw_get_u8(&r), 0);
	assert_int_equal(lw_reader_end(&r), LW_ELIMIT);

	lw_reader_init(&r, (struct lw_bytes){ data, 3 });
	assert_int_equal(lw_get_u32(&r), 0);
	assert_int_equal(lw_reader_end(&r), LW_EINVAL);
	lw_reader_init(&r, (struct lw_bytes){ data, 3 });
	lw_get_u16(&r);
	assert_int_equal(lw_reader_end(&r), LW_EINVAL); /* one left over */
	lw_reader_init(&r, (struct lw_bytes){ NULL, 0 });
	assert_int_equal(lw_reader_end(&r), LW_OK);
}

static void writing(void **state)
{
	struct lw_writer w;
	uint8_t *p, *taken;
	size_t n;

	lw_writer_init(&w, 1000);
	w.wipe = true;
	lw_put_u8(&w, 1);
	lw_put_u16(&w, 0x203);
	lw_put_u32(&w, 0x4050607);
	lw_put_u64(&w, 0x8090a0b0c0d0e0f);
	lw_put_str(&w, "hi");
	lw_put_counted(&w, (struct lw_bytes){ NULL, 0 });
	assert_hex(w.p, w.n, "01 0203 04050607 08090a0b0c0d0e0f 000000026869 00000000");
	p = lw_put_space(&w, 700); /* grows */
	assert_non_null(p);
	memset(p, 'x', 700);
	assert_hex(w.p, 3, "010203");
	assert_null(lw_put_space(&w, 276));
	assert_int_equal(w.err, LW_ELIMIT);
	lw_put_u8(&w, 1);
	assert_int_equal(w.n, 725);
	lw_writer_reset(&w);
	assert_int_equal(w.err, LW_OK);
	lw_put_space(&w, 1000);
	assert_int_equal(w.err, LW_OK);
	assert_non_null(lw_put_space(&w, 0));
	lw_put_u8(&w, 1);
	assert_int_equal(w.err, LW_ELIMIT);
	taken = lw_writer_take(&w, &n);
	assert_int_equal(n, 1000);
	free(taken);
	lw_writer_done(&w);
}

static void arena(void **state)
{
	struct lw_arena *a = lw_arena_new(10000, true);
	char *p, *q;

	p = lw_alloc(a, 1);
	q = lw_alloc(a, 1);
	assert_true(p && q && p != q);
	assert_int_equal((uintptr_t)q % _Alignof(max_align_t), 0);
	assert_string_equal(lw_printf(a, "%s-%d", "x", 7), "x-7");
	assert_string_equal(lw_strdup(a, "copy"), "copy");
	assert_int_equal(lw_dup(a, LW_LIT("ab\0c")).n, 4);
	assert_int_equal(lw_dup(a, LW_LIT("ab")).p[2], 0);
	p = lw_alloc(a, 5000);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(p[i], 0);
	assert_false(lw_arena_failed(a));
	assert_null(lw_alloc(a, 9000));
	assert_true(lw_arena_failed(a));
	assert_null(lw_alloc(a, 1)); /* sticky */
	assert_null(lw_strdup(a, "x"));
	lw_arena_reset(a);
	assert_false(lw_arena_failed(a));
	memset(lw_alloc(a, 100), 'x', 100);
	lw_arena_reset(a);
	p = lw_alloc(a, 100); /* the same block: zeroed again */
	assert_int_equal(p[50], 0);
	assert_null(lw_allocn(a, SIZE_MAX / 2, 4));
	assert_true(lw_arena_failed(a));
	lw_arena_reset(a);
	assert_null(lw_alloc(a, SIZE_MAX));
	lw_arena_free(a);
	lw_arena_free(NULL);
}

/* X.690 8.1.3, 8.3 */
static void ber_writing(void **state)
{
	static const struct {
		int64_t v;
		const char *hex;
	} ints[] = {
		{ 0, "020100" },
		{ 127, "02017f" },
		{ 128, "02020080" },
		{ 255, "020200ff" },
		{ 256, "02020100" },
		{ -1, "0201ff" },
		{ -128, "020180" },
		{ -129, "0202ff7f" },
		{ INT64_MAX, "02087fffffffffffffff" },
		{ INT64_MIN, "02088000000000000000" },
		{ 32768, "0203008000" },
	};
	static const uint8_t zeros[70000];
	struct lw_writer w;
	size_t outer, inner;

	lw_writer_init(&w, 200000);
	for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
		lw_writer_reset(&w);
		lw_ber_int(&w, LW_BER_INTEGER, ints[i].v);
		assert_hex(w.p, w.n, ints[i].hex);
	}
	lw_writer_reset(&w);
	outer = lw_ber_start(&w, LW_BER_SEQUENCE);
	lw_ber_put(&w, LW_BER_OCTETS, LW_LIT("ab"));
	inner = lw_ber_start(&w, LW_BER_CTX(3) | LW_BER_CONS);
	lw_ber_bool(&w, LW_BER_BOOLEAN, true);
	lw_ber_end(&w, inner);
	lw_ber_end(&w, outer);
	assert_hex(w.p, w.n, "3009 0402 6162 a303 0101ff");
	for (size_t n = 126; n <= 130; n++) {
		lw_writer_reset(&w);
		outer = lw_ber_start(&w, LW_BER_SET);
		lw_put_raw(&w, zeros, n);
		lw_ber_end(&w, outer);
		assert_int_equal(w.n, n + (n < 128 ? 2 : 3));
		assert_int_equal(w.n, lw_ber_size(n));
	}
	lw_writer_reset(&w);
	outer = lw_ber_start(&w, LW_BER_SEQUENCE);
	lw_put_raw(&w, zeros, 300);
	lw_put_u8(&w, 0xee);
	lw_ber_end(&w, outer);
	assert_hex(w.p, 5, "3082012d00");
	assert_int_equal(w.p[w.n - 1], 0xee);
	lw_writer_reset(&w);
	lw_ber_put(&w, LW_BER_OCTETS, (struct lw_bytes){ zeros, sizeof zeros });
	assert_hex(w.p, 6, "048301117000");
	lw_writer_done(&w);

	lw_writer_init(&w, 130);
	outer = lw_ber_start(&w, LW_BER_SEQUENCE);
	lw_put_raw(&w, zeros, 128); /* full; the second length octet no longer fits */
	assert_int_equal(w.err, LW_OK);
	lw_ber_end(&w, outer);
	assert_int_equal(w.err, LW_ELIMIT);
	lw_writer_done(&w);
}

static void ber_framing(void **state)
{
	static const struct {
		const char *hex;
		int err;
		size_t total;
	} rows[] = {
		{ "", LW_EAGAIN },
		{ "30", LW_EAGAIN },
		{ "3082", LW_EAGAIN },
		{ "308201", LW_EAGAIN },
		{ "3000", LW_OK, 2 },
		{ "300c", LW_OK, 14 },
		{ "308201ff", LW_OK, 515 },
		{ "30840000000a", LW_OK, 16 },
		{ "3080", LW_EINVAL },
		{ "3085", LW_EINVAL },
		{ "30ff", LW_EINVAL },
		{ "1f", LW_EINVAL },
		{ "bf8101", LW_EINVAL },
		{ "308203e4", LW_OK, 1000 },
		{ "308203e5", LW_ELIMIT },
		{ "3084ffffffff", LW_ELIMIT },
	};
	uint8_t buf[16];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t total = 77;

		assert_int_equal(lw_ber_frame(from_hex(rows[i].hex, buf), 1000, &total), rows[i].err);
		assert_int_equal(total, rows[i].err ? 77 : rows[i].total);
	}
}

static void fives(void *p, size_t n)
{
	memset(p, 0x55, n);
}

/* The time stamp and its fields are RFC 9562 A.6's. */
static void uuids(void **state)
{
	struct lw_clock clock = lw_clock_test(INT64_C(1645557742000) * 1000 + 500, 0);
	struct lw_uuid u, v;
	char text[LW_UUID_TEXT];

	lw_random_test(fives);
	u = lw_uuid_new(&clock);
	lw_random_test(NULL);
	lw_uuid_format(&u, text);
	assert_string_equal(
	        text, "017f22e2-79b0-7800-9555-555555555555"); /* half a millisecond is 0x800 of 0x1000 */
	clock.test_wall++;
	v = lw_uuid_new(&clock);
	assert_true(memcmp(u.b, v.b, 16) < 0);
	assert_int_equal(lw_uuid_parse(LW_LIT("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &v), LW_OK);
	assert_hex(v.b, 16, "017f22e279b07cc398c4dc0c0c07398f");
	assert_false(lw_uuid_eq(&u, &v));
	u = v;
	assert_int_equal(lw_uuid_parse(LW_LIT("017F22E2-79B0-7CC3-98C4-DC0C0C07398"), &v), LW_EINVAL);
	assert_int_equal(lw_uuid_parse(LW_LIT("017F22E2-79B0-7CC3-98C4-DC0C0C07398FF"), &v), LW_EINVAL);
	assert_int_equal(lw_uuid_parse(LW_LIT("017F22E2-79B0-7CC3-98C4+DC0C0C07398F"), &v), LW_EINVAL);
	assert_int_equal(lw_uuid_parse(LW_LIT("017F22E2-79B0-7CC3-98C4-DC0C0C07398g"), &v), LW_EINVAL);
	assert_int_equal(lw_uuid_parse((struct lw_bytes){ NULL, 0 }, &v), LW_EINVAL);
	assert_true(lw_uuid_eq(&u, &v)); /* untouched */
	assert_false(lw_uuid_zero(&u));
	memset(&u, 0, sizeof u);
	assert_true(lw_uuid_zero(&u));
}

static void capability(void **state)
{
	struct lw_cap in, out, before;
	struct lw_writer w;
	struct lw_reader r;

	memset(&in, 0, sizeof in);
	in.tenant = 7;
	memset(in.tenant_uuid.b, 1, 16);
	memset(in.subject.b, 2, 16);
	memset(in.actor.b, 3, 16);
	in.methods = LW_CAP_PASSWORD | LW_CAP_OTP;
	in.flags = LW_CAP_MFA;
	in.auth_time = 5;
	in.expiry = -6;
	in.credential_version = 8;
	in.role = 2;
	memset(in.id, 4, 16);
	memset(&out, 0, sizeof out);
	lw_writer_init(&w, LW_CAP_MAX);
	lw_cap_put(&w, &in);
	assert_int_equal(w.err, LW_OK);
	assert_true(w.n + 32 <= LW_CAP_MAX); /* room for a MAC */
	lw_reader_init(&r, lw_written(&w));
	assert_int_equal(lw_cap_get(&r, &out), LW_OK);
	assert_int_equal(lw_reader_end(&r), LW_OK);
	assert_memory_equal(&in, &out, sizeof in);

	memset(&before, 9, sizeof before);
	out = before;
	for (size_t n = 0; n < w.n; n++) {
		lw_reader_init(&r, (struct lw_bytes){ w.p, n });
		assert_int_equal(lw_cap_get(&r, &out), LW_EINVAL);
	}
	w.p[0]++;
	lw_reader_init(&r, lw_written(&w));
	assert_int_equal(lw_cap_get(&r, &out), LW_EVERSION);
	w.p[0]--;
	w.p[53] |= 0x80; /* an unknown method */
	lw_reader_init(&r, lw_written(&w));
	assert_int_equal(lw_cap_get(&r, &out), LW_EINVAL);
	assert_memory_equal(&out, &before, sizeof out);
	lw_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_table),
		cmocka_unit_test(comparing),
		cmocka_unit_test(reading),
		cmocka_unit_test(writing),
		cmocka_unit_test(arena),
		cmocka_unit_test(ber_writing),
		cmocka_unit_test(ber_framing),
		cmocka_unit_test(uuids),
		cmocka_unit_test(capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
