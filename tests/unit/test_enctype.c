/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <krb5.h>

#include "base/crypto.h"
#include "base/enctype.h"
#include "base/err.h"

/* RFC 3961 A.1 */
static void nfold(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "012345", "be072631276b1955" },
		{ "password", "78a07b6caf85fa" },
		{ "Rough Consensus, and Running Code", "bb6ed30870b7f0e0" },
		{ "password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e" },
		{ "MASSACHVSETTS INSTITVTE OF TECHNOLOGY",
		        "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b" },
		{ "Q", "518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15" },
		{ "ba", "fb25d531 ae897449 9f52fd92 ea9857c4 ba24cf29 7e" },
		{ "kerberos", "6b65726265726f73" },
		{ "kerberos", "6b657262 65726f73 7b9b5b2b 93132b93" },
		{ "kerberos", "8372c236 344e5f15 50cd0747 e15d62ca 7a5a3bce a4" },
		{ "kerberos", "6b657262 65726f73 7b9b5b2b 93132b93 5c9bdcda d95c9899 c4cae4de e6d6cae4" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t out[64], want[64];
		size_t n = from_hex(rows[i].out, want).n;

		lw_nfold(lw_str(rows[i].in), out, n);
		assert_memory_equal(out, want, n);
	}
}

static void table(void **state)
{
	static const int order[] = { 20, 19, 18, 17 };

	for (int i = 0; i < 4; i++) {
		krb5_enctype e;

		assert_int_equal(lw_enctypes[i].etype, order[i]);
		assert_ptr_equal(lw_enctype_find(order[i]), &lw_enctypes[i]);
		assert_int_equal(krb5_string_to_enctype((char *)(uintptr_t)lw_enctypes[i].name, &e), 0);
		assert_int_equal(e, order[i]);
		assert_int_equal(lw_enctypes[i].iterations, order[i] >= 19 ? 32768 : 4096);
		assert_int_equal(lw_enctypes[i].key_size, order[i] % 2 ? 16 : 32);
	}
	assert_null(lw_enctype_find(23));
	assert_null(lw_enctype_find(0));
}

#define X64    "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
#define ATHENA "ATHENA.MIT.EDUraeburn"

/* RFC 3962 B */
static void rfc3962(void **state)
{
	static const struct {
		uint32_t iterations;
		const char *password, *salt, *key128, *key256;
	} rows[] = {
		{ 1, "password", ATHENA, "42263c6e89f4fc28b8df68ee09799f15",
		        "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161" },
		{ 2, "password", ATHENA, "c651bf29e2300ac27fa469d693bdda13",
		        "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff" },
		{ 1200, "password", ATHENA, "4c01cd46d632d01e6dbe230a01ed642a",
		        "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a" },
		{ 5, "password", "\x12\x34\x56\x78\x78\x56\x34\x12", "e9b23d52273747dd5c35cb55be619d8e",
		        "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31" },
		{ 1200, X64, "pass phrase equals block size", "59d1bb789a828b1aa54ef9c2883f69ed",
		        "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34" },
		{ 1200, X64 "X", "pass phrase exceeds block size", "cb8005dc5f90179a7f02104c0018751d",
		        "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b" },
		{ 50, "\xf0\x9d\x84\x9e", "EXAMPLE.COMpianist", "f149c1f2e154a73452d43e7fe62a56e5",
		        "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lw_bytes password = lw_str(rows[i].password), salt = lw_str(rows[i].salt);
		uint8_t key[32];

		assert_int_equal(
		        lw_string_to_key(lw_enctype_find(17), password, salt, rows[i].iterations, key),
		        LW_OK);
		assert_hex(key, 16, rows[i].key128);
		assert_int_equal(
		        lw_string_to_key(lw_enctype_find(18), password, salt, rows[i].iterations, key),
		        LW_OK);
		assert_hex(key, 32, rows[i].key256);
	}
}

/* RFC 8009 A */
static void rfc8009(void **state)
{
	static const struct {
		int etype;
		const char *s2k, *base, *constant, *derived;
	} rows[] = {
		{ 19, "089bca48b105ea6ea77ca5d2f39dc5e7", "3705d96080c17728a0e800eab6e0d23c", "0000000299",
		        "b31a018a48f54776f403e9a396325dc3" },
		{ 19, NULL, "3705d96080c17728a0e800eab6e0d23c", "00000002aa",
		        "9b197dd1e8c5609d6e67c3e37c62c72e" },
		{ 19, NULL, "3705d96080c17728a0e800eab6e0d23c", "0000000255",
		        "9fda0e56ab2d85e1569a688696c26a6c" },
		{ 20, "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467",
		        "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", "0000000299",
		        "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d" },
		{ 20, NULL, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", "00000002aa",
		        "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49" },
		{ 20, NULL, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", "0000000255",
		        "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f" },
	};
	uint8_t salt[64];
	size_t n = from_hex("10df9dd783e5bc8acea1730e74355f61", salt).n;

	memcpy(salt + n, ATHENA, sizeof ATHENA - 1);
	n += sizeof ATHENA - 1;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct lw_enctype *e = lw_enctype_find(rows[i].etype);
		uint8_t key[48], base[32], constant[8], want[48];
		size_t len = from_hex(rows[i].derived, want).n;

		if (rows[i].s2k) {
			assert_int_equal(
			        lw_string_to_key(e, LW_LIT("password"), (struct lw_bytes){ salt, n }, 0, key),
			        LW_OK);
			assert_hex(key, e->key_size, rows[i].s2k);
		}
		from_hex(rows[i].base, base);
		assert_int_equal(
		        lw_derive_key(e, base, from_hex(rows[i].constant, constant), key, len), LW_OK);
		assert_memory_equal(key, want, len);
	}
}

static void limits(void **state)
{
	uint8_t key[64] = { 0 }, out[64];

	assert_int_equal(
	        lw_string_to_key(&lw_enctypes[0], LW_LIT("x"), LW_LIT("y"), LW_S2K_MAX_ITERATIONS + 1, out),
	        LW_ELIMIT);
	assert_int_equal(lw_derive_key(lw_enctype_find(17), key, LW_LIT("x"), out, 32), LW_EINVAL);
	assert_int_equal(lw_derive_key(lw_enctype_find(17), key, lw_str(NULL), out, 16), LW_EINVAL);
	assert_int_equal(lw_derive_key(lw_enctype_find(19), key, LW_LIT("x"), out, 33), LW_EINVAL);
	assert_int_equal(lw_derive_key(lw_enctype_find(20), key, LW_LIT("x"), out, 49), LW_EINVAL);
}

static krb5_data data(struct lw_bytes b)
{
	return (krb5_data){ .length = (unsigned)b.n, .data = (char *)(uintptr_t)b.p };
}

/* libkrb5 says the same, byte for byte, for whatever password, salt and count (it takes none below the
 * default). */
static void oracle(void **state)
{
	uint8_t password[200], salt[200];
	krb5_context ctx;

	setenv("KRB5_CONFIG", "/dev/null", 1);
	assert_int_equal(krb5_init_context(&ctx), 0);
	for (int i = 0; i < 300; i++) {
		/* 20 and 19 are slow */
		const struct lw_enctype *e = &lw_enctypes[i % 20 < 2 ? i % 20 : 2 + i % 2];
		struct lw_bytes p = { password, 0 }, s = { salt, 0 };
		uint8_t count[4], draw[3], key[32];
		uint32_t n;
		krb5_data pd, sd, params = { .length = 4, .data = (char *)count };
		krb5_keyblock want;

		lw_random(draw, sizeof draw);
		p.n = draw[0] % (i < 150 ? 20 : sizeof password);
		s.n = draw[1] % (i < 150 ? 40 : sizeof salt);
		lw_random(password, p.n);
		lw_random(salt, s.n);
		n = e->iterations + draw[2];
		for (int k = 0; k < 4; k++)
			count[k] = (uint8_t)(n >> (24 - 8 * k));
		pd = data(p);
		sd = data(s);
		assert_int_equal(
		        krb5_c_string_to_key_with_params(ctx, e->etype, &pd, &sd, &params, &want), 0);
		assert_int_equal(lw_string_to_key(e, p, s, n, key), LW_OK);
		assert_int_equal(want.length, e->key_size);
		assert_memory_equal(key, want.contents, e->key_size);
		krb5_free_keyblock_contents(ctx, &want);
	}
	for (int i = 0; i < 4; i++) { /* and by default */
		krb5_data pd = data(LW_LIT("password")), sd = data(LW_LIT(ATHENA));
		krb5_keyblock want;
		uint8_t key[32];

		assert_int_equal(krb5_c_string_to_key(ctx, lw_enctypes[i].etype, &pd, &sd, &want), 0);
		assert_int_equal(
		        lw_string_to_key(&lw_enctypes[i], LW_LIT("password"), LW_LIT(ATHENA), 0, key), LW_OK);
		assert_memory_equal(key, want.contents, lw_enctypes[i].key_size);
		krb5_free_keyblock_contents(ctx, &want);
	}
	krb5_free_context(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nfold),
		cmocka_unit_test(table),
		cmocka_unit_test(rfc3962),
		cmocka_unit_test(rfc8009),
		cmocka_unit_test(limits),
		cmocka_unit_test(oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
