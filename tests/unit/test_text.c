/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

static struct lw_arena *a;

static int setup(void **state)
{
	a = lw_arena_new(1 << 20, false);
	return !a;
}

static int teardown(void **state)
{
	lw_arena_free(a);
	return 0;
}

static void utf8(void **state)
{
	static const char *const good[] = { "", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "abc\xfe" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(lw_utf8_valid(lw_str(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(lw_utf8_valid(lw_str(bad[i])));
	assert_true(lw_utf8_valid(LW_LIT("a\0b")));
}

struct prep {
	const char *in;
	unsigned flags;
	const char *want; /* NULL: refused */
};

#define F    LW_PREP_FOLD
#define SUB  LW_PREP_SUBSTRING
#define INIT (LW_PREP_SUBSTRING | LW_PREP_INITIAL)
#define FIN  (LW_PREP_SUBSTRING | LW_PREP_FINAL)

/* By RFC 4518: section 2.2 (map), 2.3 (NFKC), 2.4 (prohibit), 2.6.1 (insignificant spaces). */
static const struct prep preps[] = {
	{ "", 0, "  " },
	{ " ", 0, "  " },
	{ "     ", F, "  " },
	{ "foo bar  ", 0, " foo  bar " },
	{ "foo bar  ", INIT, " foo  bar " },
	{ "foo bar  ", SUB, "foo  bar " },
	{ "foo bar  ", FIN, "foo  bar " },
	{ "  foo", SUB, " foo" },
	{ "  foo", FIN, " foo " },
	{ "foo", SUB, "foo" },
	{ "foo", INIT, " foo" },
	{ "foo", FIN, "foo " },
	{ "", SUB, " " },
	{ "   ", SUB, " " },
	{ "   ", INIT, " " },
	{ "Foo", F, " foo " },
	{ "Foo", 0, " Foo " },
	{ "a\tb\r\nc", 0, " a  b  c " },
	{ "a\x01z\x7f", 0, " az " },
	/* U+00AD, U+200B, U+FEFF, U+034F, U+FE0F, U+180B, U+E0020 are mapped to nothing */
	{ "a\xc2\xad\xe2\x80\x8b\xef\xbb\xbf\xcd\x8f\xef\xb8\x8f\xe1\xa0\x8b\xf3\xa0\x80\xa0z", 0, " az " },
	/* U+0085, U+00A0, U+2003, U+3000, U+2028 to SPACE */
	{ "a\xc2\x85z", 0, " a  z " },
	{ "a\xc2\xa0z", 0, " a  z " },
	{ "a\xe2\x80\x83\xe3\x80\x80z", 0, " a  z " },
	{ "a\xe2\x80\xa8z", SUB, "a  z" },
	/* A + U+030A composes to U+00C5; the ligature ffi, the Roman numeral nine and full width letters
	   decompose */
	{ "A\xcc\x8a", 0, " \xc3\x85 " },
	{ "A\xcc\x8a", F, " \xc3\xa5 " },
	{ "\xef\xac\x83", 0, " ffi " },
	{ "\xe2\x85\xa8", F, " ix " },
	{ "\xef\xbc\xa1", F, " a " },
	/* sharp s folds to ss, final sigma to sigma, dotted capital I to i + U+0307 */
	{ "Stra\xc3\x9f"
	  "e",
	        F, " strasse " },
	{ "\xcf\x82", F, " \xcf\x83 " },
	{ "\xc4\xb0", F, " i\xcc\x87 " },
	/* a space followed by a combining mark is not a space of 2.6.1 */
	{ "a  \xcc\x81z", 0, " a   \xcc\x81z " },
	/* first character combining; private use; U+FFFD; non-character; unassigned; not UTF-8 */
	{ "\xcc\x81z", 0, NULL },
	{ "\xc2\xad\xcc\x81z", 0, NULL },
	{ "\xee\x80\x80", 0, NULL },
	{ "\xef\xbf\xbd", 0, NULL },
	{ "\xef\xbf\xbe", 0, NULL },
	{ "\xcd\xb8", 0, NULL },
	{ "\xff", 0, NULL },
	{ "\xed\xa0\x80", F, NULL },
};

static void prep(void **state)
{
	for (size_t i = 0; i < sizeof preps / sizeof *preps; i++) {
		const struct prep *p = &preps[i];
		struct lw_bytes out = { NULL, 99 };
		int err = lw_prep(a, lw_str(p->in), p->flags, &out);

		if (p->want) {
			assert_int_equal(err, LW_OK);
			assert_bytes(out, p->want);
		} else {
			assert_int_equal(err, LW_EINVAL);
			assert_int_equal(out.n, 99);
		}
	}
}

/* The fast path and the long way agree: a combining mark behind sends the same ASCII through the long way. */
static void prep_paths(void **state)
{
	for (unsigned c = 1; c < 128; c++) {
		char plain[] = { 'x', (char)c, 'Y', ' ', 0 },
		     marked[] = { 'x', (char)c, 'Y', ' ', (char)0xc2, (char)0xad, 0 };

		for (unsigned flags = 0; flags < 16; flags++) {
			struct lw_bytes one, two;

			assert_int_equal(lw_prep(a, lw_str(plain), flags, &one), LW_OK);
			assert_int_equal(lw_prep(a, lw_str(marked), flags, &two), LW_OK);
			assert_true(lw_eq(one, two));
		}
		lw_arena_reset(a);
	}
}

static void prep_limits(void **state)
{
	struct lw_arena *small = lw_arena_new(100, false);
	struct lw_bytes out = { NULL, 99 };
	static const char sixty[] =
	        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9";

	assert_int_equal(lw_prep(small, (struct lw_bytes){ (const uint8_t *)sixty, 64 }, 0, &out), LW_ELIMIT);
	lw_arena_reset(small);
	assert_int_equal(lw_prep(small, LW_LIT(sixty), 0, &out), LW_ELIMIT);
	assert_int_equal(out.n, 99);
	lw_arena_free(small);
	assert_true(lw_unicode_version()[0] >= '1' && strchr(lw_unicode_version(), '.'));
}

/* RFC 4013 section 3, and unassigned code points in the two kinds of string (RFC 3454 section 7). */
static void saslprep(void **state)
{
	static const struct {
		const char *in, *stored, *query;
	} rows[] = {
		{ "I\xc2\xadX", "IX", "IX" },
		{ "user", "user", "user" },
		{ "USER", "USER", "USER" },
		{ "\xc2\xaa", "a", "a" },
		{ "\xe2\x85\xa8", "IX", "IX" },
		{ "\x07", NULL, NULL },
		{ "\xd8\xa7"
		  "1",
		        NULL, NULL },
		{ "a\xc2\xa0z", "a z", "a z" },
		{ "\xc3\xa9\x07", NULL, NULL },
		{ "\xc8\xa1", NULL, "\xc8\xa1" },
		{ "\xff", NULL, NULL },
		{ "", "", "" },
	};
	struct lw_bytes out;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (int stored = 0; stored < 2; stored++) {
			const char *want = stored ? rows[i].stored : rows[i].query;
			int err = lw_saslprep(a, lw_str(rows[i].in), stored, &out);

			assert_int_equal(err, want ? LW_OK : LW_EINVAL);
			if (want)
				assert_bytes(out, want);
		}
	}
	assert_int_equal(lw_saslprep(a, LW_LIT("\xc3\xa9\0x"), true, &out), LW_EINVAL);
	assert_int_equal(lw_saslprep(a, LW_LIT("a\0x"), true, &out), LW_EINVAL);
}

#define LABEL63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void domain(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "acme.example", "acme.example" }, { "WWW.Acme.EXAMPLE", "www.acme.example" },
		{ "localhost", "localhost" },
		{ "b\xc3\xbc"
		  "cher.example",
		        "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
		        "xn--bcher-kva.example" },
		{ "XN--Bcher-KVA.example", "xn--bcher-kva.example" }, { "a-1.b2", "a-1.b2" },
		{ "1a.2b", "1a.2b" },
		{ "acme\xe3\x80\x82"
		  "example",
		        "acme.example" },
		{ LABEL63 ".x", LABEL63 ".x" }, { "", NULL }, { ".", NULL }, { "acme.example.", NULL },
		{ ".acme", NULL }, { "a..b", NULL }, { "-a.b", NULL }, { "a-.b", NULL }, { "a_b.c", NULL },
		{ "a b.c", NULL }, { "127.0.0.1", NULL }, { "a.b.7", NULL }, { LABEL63 "x.y", NULL },
		{ "xn--a.example", NULL }, { "xN--a.example", NULL }, { "XN--A", NULL },
		{ "xn--.example", NULL }, { "\xff.example", NULL },
		{ LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, NULL }, /* 255 octets */
	};
	char *out;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int err = lw_domain_canon(a, lw_str(rows[i].in), &out);

		assert_int_equal(err, rows[i].want ? LW_OK : LW_EINVAL);
		if (rows[i].want)
			assert_string_equal(out, rows[i].want);
	}
	assert_int_equal(lw_domain_canon(a, LW_LIT("acme\0.example"), &out), LW_EINVAL);
}

/* RFC 4648 section 10; section 3.5 for the bits under the padding. */
/* RFC 7515 appendix C, RFC 4648 section 10 without its padding. */
static void base64url(void **state)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" },
		{ "\x03\xec\xff\xe0\xc1", "A-z_4ME" } };
	static const char *const bad[] = { "A", "Zg==", "Zh", "Zm9", "Zm8=", "A+z/4ME", "Zg\n", " Zg", "AAAAA" };
	struct lw_writer w;
	struct lw_bytes out;

	(void)state;
	lw_writer_init(&w, 64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lw_writer_reset(&w);
		lw_base64url_put(&w, lw_str(rows[i][0]));
		assert_bytes(lw_written(&w), rows[i][1]);
		assert_int_equal(lw_unbase64url(a, lw_str(rows[i][1]), &out), LW_OK);
		assert_true(lw_eq(out, lw_str(rows[i][0])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(lw_unbase64url(a, lw_str(bad[i]), &out), LW_EINVAL);
	lw_writer_reset(&w);
	lw_base64_put(&w, LW_LIT("\xff\xef\xbe\xff"));
	assert_bytes(lw_written(&w), "/+++/w==");
	lw_writer_done(&w);
}

static void base64(void **state)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm9v\n",
		"Zm-_", "=g==", "Z===" };
	struct lw_bytes out;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(lw_base64(a, lw_str(rows[i][0])), rows[i][1]);
		assert_int_equal(lw_unbase64(a, lw_str(rows[i][1]), &out), LW_OK);
		assert_bytes(out, rows[i][0]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(lw_unbase64(a, lw_str(bad[i]), &out), LW_EINVAL);
	assert_string_equal(lw_base64(a, LW_LIT("\xff\xef\xbe")), "/+++");
	/* RFC 4648 5 */
	assert_string_equal(lw_base64url(a, LW_LIT("\xff\xef\xbe\xff")), "_---_w");
	assert_int_equal(lw_unbase64url(a, LW_LIT("_---_w"), &out), LW_OK);
	assert_true(lw_eq(out, LW_LIT("\xff\xef\xbe\xff")));
	assert_int_equal(lw_unbase64url(a, LW_LIT(""), &out), LW_OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(lw_unbase64url(a, LW_LIT("_---_w=="), &out), LW_EINVAL);
	assert_int_equal(lw_unbase64url(a, LW_LIT("_---_x"), &out), LW_EINVAL); /* bits left over */
	assert_int_equal(lw_unbase64url(a, LW_LIT("/+++"), &out), LW_EINVAL);
	assert_int_equal(lw_unbase64url(a, LW_LIT("_---_"), &out), LW_EINVAL);
}

static void hex(void **state)
{
	struct lw_bytes out;
	char text[9];

	lw_hex(LW_LIT("\x00\xde\xad\xff"), text);
	assert_string_equal(text, "00deadff");
	assert_int_equal(lw_unhex(a, LW_LIT("00DEadff"), &out), LW_OK);
	assert_hex(out.p, out.n, "00deadff");
	assert_int_equal(lw_unhex(a, LW_LIT("0"), &out), LW_EINVAL);
	assert_int_equal(lw_unhex(a, LW_LIT("0g"), &out), LW_EINVAL);
	assert_int_equal(lw_unhex(a, LW_LIT(""), &out), LW_OK);
	assert_int_equal(out.n, 0);
}

static void numbers(void **state)
{
	static const char *const bad[] = { "", "s", "5", "-5s", "5x", "5 s", "5ms", "1.5h" };
	uint64_t n = 9;
	int64_t us = 9;

	assert_int_equal(lw_parse_u64(LW_LIT("18446744073709551615"), UINT64_MAX, &n), LW_OK);
	assert_true(n == UINT64_MAX);
	assert_int_equal(lw_parse_u64(LW_LIT("18446744073709551616"), UINT64_MAX, &n), LW_ELIMIT);
	assert_int_equal(lw_parse_u64(LW_LIT("11"), 10, &n), LW_ELIMIT);
	assert_int_equal(lw_parse_u64(LW_LIT("99999999999999999999x"), 10, &n), LW_EINVAL);
	assert_true(n == UINT64_MAX);
	assert_int_equal(lw_parse_u64(LW_LIT("10"), 10, &n), LW_OK);
	assert_int_equal(n, 10);
	assert_int_equal(lw_parse_u64(LW_LIT(""), 10, &n), LW_EINVAL);
	assert_int_equal(lw_parse_u64(LW_LIT("-1"), 10, &n), LW_EINVAL);
	assert_int_equal(lw_parse_u64(LW_LIT("+1"), 10, &n), LW_EINVAL);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(lw_parse_duration(lw_str(bad[i]), &us), LW_EINVAL);
	assert_int_equal(us, 9);
	assert_int_equal(lw_parse_duration(LW_LIT("5s"), &us), LW_OK);
	assert_int_equal(us, 5000000);
	assert_int_equal(lw_parse_duration(LW_LIT("10m"), &us), LW_OK);
	assert_int_equal(us, 600 * LW_SECOND);
	assert_int_equal(lw_parse_duration(LW_LIT("1h"), &us), LW_OK);
	assert_int_equal(us, 3600 * LW_SECOND);
	assert_int_equal(lw_parse_duration(LW_LIT("30d"), &us), LW_OK);
	assert_int_equal(us, INT64_C(2592000) * LW_SECOND);
	assert_int_equal(
	        lw_parse_duration(LW_LIT("106751992d"), &us), LW_EINVAL); /* over 2^63 microseconds */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8),
		cmocka_unit_test(prep),
		cmocka_unit_test(prep_paths),
		cmocka_unit_test(prep_limits),
		cmocka_unit_test(saslprep),
		cmocka_unit_test(domain),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64url),
		cmocka_unit_test(hex),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
