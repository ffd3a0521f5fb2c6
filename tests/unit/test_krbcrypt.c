/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3962's vectors are of the bare cipher, which no function gives: the file itself is in here. */
#include "base/krbcrypt.c"

#include "tests/unit/unit.h"

#include <krb5.h>

#define LONGEST 600

/* RFC 3962 B: AES-128 with cipher text stealing, an initial vector of zeros */
static void stealing(void **state)
{
	static const char all[] = "I would like the General Gau's Chicken, please, and wonton soup.";
	static const struct {
		size_t n;
		const char *out;
	} rows[] = {
		{ 17, "c6353568f2bf8cb4d8a580362da7ff7f 97" },
		{ 31, "fc00783e0efdb2c1d445d4c8eff7ed22 97687268d6ecccc0c07b25e25ecfe5" },
		{ 32, "39312523a78662d5be7fcbcc98ebf5a8 97687268d6ecccc0c07b25e25ecfe584" },
		{ 47, "97687268d6ecccc0c07b25e25ecfe584 b3fffd940c16a18c1b5549d2f838029e "
		      "39312523a78662d5be7fcbcc98ebf5" },
		{ 48, "97687268d6ecccc0c07b25e25ecfe584 9dad8bbb96c4cdc03bc103e1a194bbd8 "
		      "39312523a78662d5be7fcbcc98ebf5a8" },
		{ 64, "97687268d6ecccc0c07b25e25ecfe584 39312523a78662d5be7fcbcc98ebf5a8 "
		      "4807efe836ee89a526730dbc2f7bc840"
		      "9dad8bbb96c4cdc03bc103e1a194bbd8" },
	};
	const uint8_t *key = (const uint8_t *)"chicken teriyaki";
	struct aes enc = { 0 }, dec = { 0 };

	lw_krbkey_free(lw_krbkey_new()); /* fetches the ciphers */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t text[64], plain[64];

		memcpy(text, all, rows[i].n);
		assert_int_equal(aes_start(&enc, cbc[0], key, true), LW_OK);
		assert_true(cts_encrypt(&enc, text, rows[i].n));
		assert_hex(text, rows[i].n, rows[i].out);
		assert_int_equal(aes_start(&dec, cbc[0], key, false), LW_OK);
		assert_true(cts_decrypt(&dec, plain, text, rows[i].n));
		assert_memory_equal(plain, all, rows[i].n);
	}
	EVP_CIPHER_CTX_free(enc.c);
	EVP_CIPHER_CTX_free(dec.c);
}

static uint8_t confounder[16];

static void give_confounder(void *p, size_t n)
{
	assert_int_equal(n, 16);
	memcpy(p, confounder, 16);
}

static const char key128[] = "3705d96080c17728a0e800eab6e0d23c";
static const char key256[] = "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52";

static struct lw_krbkey *with_key(int etype, const char *hex)
{
	struct lw_krbkey *k = lw_krbkey_new();
	uint8_t key[32];

	from_hex(hex, key);
	assert_int_equal(lw_krbkey_set(k, lw_enctype_find(etype), key), LW_OK);
	assert_ptr_equal(lw_krbkey_type(k), lw_enctype_find(etype));
	return k;
}

/* RFC 8009 A */
static void rfc8009(void **state)
{
	static const struct {
		int etype;
		size_t n; /* of 00 01 02 ... */
		const char *confounder, *out;
	} rows[] = {
		{ 19, 0, "7e5895eaf2672435bad817f545a37148",
		        "ef85fb890bb8472f4dab20394dca781d ad877eda39d50c870c0d5a0a8e48c718" },
		{ 19, 6, "7bca285e2fd4130fb55b1a5c83bc5b24",
		        "84d7f30754ed987bab0bf3506beb09cf b55402cef7e6 877ce99e247e52d16ed4421dfdf8976c" },
		{ 19, 16, "56ab21713ff62c0a1457200f6fa9948f",
		        "3517d640f50ddc8ad3628722b3569d2a e07493fa8263254080ea65c1008e8fc2"
		        "95fb4852e7d83e1e7c48c37eebe6b0d3" },
		{ 19, 21, "a7a4e29a4728ce10664fb64e49ad3fac",
		        "720f73b18d9859cd6ccb4346115cd336 c70f58edc0c4437c5573544c31c813bc e1e6d072c1"
		        "86b39a413c2f92ca9b8334a287ffcbfc" },
		{ 20, 0, "f764e9fa15c276478b2c7d0c4e5f58e4",
		        "41f53fa5bfe7026d91faf9be959195a0 58707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c" },
		{ 20, 6, "b80d3251c1f6471494256ffe712d0b9a",
		        "4ed7b37c2bcac8f74f23c1cf07e62bc7 b75fb3f637b9 "
		        "f559c7f664f69eab7b6092237526ea0d1f61cb20d69d10f2" },
		{ 20, 16, "53bf8a0d105265d4e276428624ce5e63",
		        "bc47ffec7998eb91e8115cf8d19dac4b bbe2e163e87dd37f49beca92027764f6"
		        "8cf51f14d798c2273f35df574d1f932e40c4ff255b36a266" },
		{ 20, 21, "763e65367e864f02f55153c7e3b58af1",
		        "40013e2df58e8751957d2878bcd2d6fe 101ccfd556cb1eae79db3c3ee86429f2 b2a602ac86"
		        "fef6ecb647d6295fae077a1feb517508d2c16b4192e01f62" },
	};
	uint8_t text[32], out[80], back[80], sum[LW_KRB_CKSUM];
	size_t n;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lw_krbkey *k = with_key(rows[i].etype, rows[i].etype == 19 ? key128 : key256);
		struct lw_bytes plain = { text, rows[i].n };

		from_hex(rows[i].confounder, confounder);
		lw_random_test(give_confounder);
		assert_int_equal(lw_krb_encrypt(k, 2, plain, out), LW_OK);
		lw_random_test(NULL);
		n = lw_krb_sealed_size(lw_krbkey_type(k), rows[i].n);
		assert_hex(out, n, rows[i].out);
		assert_int_equal(lw_krb_decrypt(k, 2, (struct lw_bytes){ out, n }, back, &n), LW_OK);
		assert_int_equal(n, rows[i].n);
		assert_memory_equal(back, text, n);
		assert_int_equal(lw_krb_cksum(k, 2, (struct lw_bytes){ text, 21 }, sum), LW_OK);
		if (rows[i].etype == 19)
			assert_hex(sum, 16, "d78367186643d67b411cba9139fc1dee");
		else
			assert_hex(sum, 24, "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a");
		lw_krbkey_free(k);
	}
}

static krb5_data data(struct lw_bytes b)
{
	return (krb5_data){ .length = (unsigned)b.n, .data = (char *)(uintptr_t)b.p };
}

static krb5_context ctx;

static int start_krb5(void **state)
{
	setenv("KRB5_CONFIG", "/dev/null", 1);
	return krb5_init_context(&ctx);
}

static int stop_krb5(void **state)
{
	krb5_free_context(ctx);
	return 0;
}

static void one_exchange(
        struct lw_krbkey *k, const krb5_keyblock *theirs, uint32_t usage, struct lw_bytes plain)
{
	const struct lw_enctype *e = lw_krbkey_type(k);
	uint8_t cipher[LONGEST + LW_KRB_OVERHEAD], out[sizeof cipher], sum[LW_KRB_CKSUM];
	size_t n = lw_krb_sealed_size(e, plain.n), got = 0, want_n;
	krb5_data in = data(plain), to = { .length = sizeof out, .data = (char *)out };
	krb5_enc_data enc = { .enctype = e->etype,
		.ciphertext = { .length = sizeof cipher, .data = (char *)cipher } };
	krb5_checksum check;
	krb5_boolean valid = 0;

	assert_int_equal(krb5_c_encrypt_length(ctx, e->etype, plain.n, &want_n), 0);
	assert_int_equal(n, want_n);
	/* theirs opens here, also where it stands */
	assert_int_equal(krb5_c_encrypt(ctx, theirs, (krb5_keyusage)usage, NULL, &in, &enc), 0);
	assert_int_equal(lw_krb_decrypt(k, usage, (struct lw_bytes){ cipher, n }, out, &got), LW_OK);
	assert_int_equal(got, plain.n);
	assert_memory_equal(out, plain.p, plain.n);
	assert_int_equal(lw_krb_decrypt(k, usage, (struct lw_bytes){ cipher, n }, cipher, &got), LW_OK);
	assert_int_equal(got, plain.n);
	assert_memory_equal(cipher, plain.p, plain.n);
	/* ours opens there */
	assert_int_equal(lw_krb_encrypt(k, usage, plain, cipher), LW_OK);
	enc.ciphertext.length = (unsigned)n;
	assert_int_equal(krb5_c_decrypt(ctx, theirs, (krb5_keyusage)usage, NULL, &enc, &to), 0);
	assert_int_equal(to.length, plain.n);
	assert_memory_equal(to.data, plain.p, plain.n);

	assert_int_equal(krb5_c_make_checksum(
	                         ctx, 0 /* the mandatory one */, theirs, (krb5_keyusage)usage, &in, &check),
	        0);
	assert_int_equal(lw_krb_cksumtype(e), check.checksum_type);
	assert_int_equal(lw_krb_cksum_size(e), check.length);
	assert_int_equal(lw_krb_cksum(k, usage, plain, sum), LW_OK);
	assert_memory_equal(sum, check.contents, check.length);
	assert_int_equal(lw_krb_cksum_verify(k, check.checksum_type, usage, plain,
	                         (struct lw_bytes){ check.contents, check.length }),
	        LW_OK);
	assert_int_equal(krb5_c_verify_checksum(ctx, theirs, (krb5_keyusage)usage, &in, &check, &valid), 0);
	assert_true(valid);
	krb5_free_checksum_contents(ctx, &check);
}

/* One object takes key after key, of every type, each with more usages than an object remembers. */
static void oracle(void **state)
{
	struct lw_krbkey *k = lw_krbkey_new();
	uint8_t text[LONGEST + 1], key[32];

	for (int i = 0; i < 240; i++) {
		const struct lw_enctype *e = &lw_enctypes[i % 7 % 4];
		krb5_keyblock theirs = {
			.enctype = e->etype, .length = (unsigned)e->key_size, .contents = key
		};

		lw_random(key, sizeof key);
		assert_int_equal(lw_krbkey_set(k, e, key), LW_OK);
		for (int j = 0; j < 30; j++) {
			uint16_t draw[2];
			uint32_t usage;

			lw_random(draw, sizeof draw);
			lw_random(text, sizeof text);
			usage = j == 29   ? 0x7fff0000u + draw[1]
			        : j == 28 ? 1024
			                  : 1u + draw[1] % (j < 20 ? 12u : 60u);
			one_exchange(k, &theirs, usage,
			        (struct lw_bytes){ text, draw[0] % (j < 10 ? 50 : LONGEST + 1) });
		}
	}
	lw_krbkey_free(k);
}

/* Every length, in one key. */
static void lengths(void **state)
{
	uint8_t text[LONGEST], key[32];

	lw_random(text, sizeof text);
	for (int i = 0; i < 4; i++) {
		const struct lw_enctype *e = &lw_enctypes[i];
		krb5_keyblock theirs = {
			.enctype = e->etype, .length = (unsigned)e->key_size, .contents = key
		};
		struct lw_krbkey *k = lw_krbkey_new();

		lw_random(key, sizeof key);
		assert_int_equal(lw_krbkey_set(k, e, key), LW_OK);
		for (size_t n = 0; n <= LONGEST; n++)
			one_exchange(k, &theirs, 2, (struct lw_bytes){ text, n });
		lw_krbkey_free(k);
	}
}

static void tampered(void **state)
{
	static const size_t sizes[] = { 0, 1, 16, 17, 40 };
	uint8_t text[40] = "some text that nobody shall change", key[32];

	lw_random(key, sizeof key);
	for (size_t i = 0; i < 4 * sizeof sizes / sizeof *sizes; i++) {
		const struct lw_enctype *e = &lw_enctypes[i % 4];
		struct lw_bytes plain = { text, sizes[i / 4] };
		size_t n = lw_krb_sealed_size(e, plain.n), got = 77;
		uint8_t cipher[sizeof text + LW_KRB_OVERHEAD], out[sizeof cipher], sum[LW_KRB_CKSUM];
		struct lw_krbkey *k = lw_krbkey_new();

		assert_int_equal(lw_krbkey_set(k, e, key), LW_OK);
		assert_int_equal(lw_krb_encrypt(k, 3, plain, cipher), LW_OK);
		for (size_t at = 0; at < n; at++) {
			cipher[at] ^= (uint8_t)(1 << at % 8);
			assert_int_equal(
			        lw_krb_decrypt(k, 3, (struct lw_bytes){ cipher, n }, out, &got), LW_EAUTH);
			cipher[at] ^= (uint8_t)(1 << at % 8);
		}
		for (size_t less = 0; less < n; less++) /* cut at either end */
			for (int end = 0; end < 2; end++)
				assert_int_equal(
				        lw_krb_decrypt(k, 3,
				                (struct lw_bytes){ cipher + (end ? n - less : 0), less }, out,
				                &got),
				        LW_EAUTH);
		assert_int_equal(lw_krb_decrypt(k, 4, (struct lw_bytes){ cipher, n }, out, &got), LW_EAUTH);
		assert_int_equal(got, 77);
		assert_int_equal(lw_krb_decrypt(k, 3, (struct lw_bytes){ cipher, n }, out, &got), LW_OK);

		assert_int_equal(lw_krb_cksum(k, 6, plain, sum), LW_OK);
		n = lw_krb_cksum_size(e);
		for (size_t at = 0; at < n; at++) {
			sum[at] ^= 0x80;
			assert_int_equal(lw_krb_cksum_verify(k, lw_krb_cksumtype(e), 6, plain,
			                         (struct lw_bytes){ sum, n }),
			        LW_EAUTH);
			sum[at] ^= 0x80;
		}
		for (size_t less = 0; less < n; less++)
			assert_int_equal(lw_krb_cksum_verify(k, lw_krb_cksumtype(e), 6, plain,
			                         (struct lw_bytes){ sum, less }),
			        LW_EAUTH);
		assert_int_equal(
		        lw_krb_cksum_verify(k, lw_krb_cksumtype(e), 7, plain, (struct lw_bytes){ sum, n }),
		        LW_EAUTH);
		assert_int_equal(lw_krb_cksum_verify(
		                         k, lw_krb_cksumtype(e) + 1, 6, plain, (struct lw_bytes){ sum, n }),
		        LW_EUNSUPPORTED);
		assert_int_equal(
		        lw_krb_cksum_verify(k, 7, 6, plain, (struct lw_bytes){ sum, n }), LW_EUNSUPPORTED);
		assert_int_equal(
		        lw_krb_cksum_verify(k, lw_krb_cksumtype(e), 6, plain, (struct lw_bytes){ sum, n }),
		        LW_OK);
		lw_krbkey_free(k);
	}
}

static void no_key(void **state)
{
	struct lw_krbkey *k = lw_krbkey_new();
	static const struct lw_enctype rc4 = { 23, "arcfour-hmac", 16, 1 };
	uint8_t buf[64] = { 0 };
	size_t n;

	assert_null(lw_krbkey_type(k));
	assert_int_equal(lw_krb_encrypt(k, 1, LW_LIT("x"), buf), LW_EINVAL);
	assert_int_equal(lw_krb_decrypt(k, 1, (struct lw_bytes){ buf, 64 }, buf, &n), LW_EINVAL);
	assert_int_equal(lw_krb_cksum(k, 1, LW_LIT("x"), buf), LW_EINVAL);
	assert_int_equal(
	        lw_krb_cksum_verify(k, 16, 1, LW_LIT("x"), (struct lw_bytes){ buf, 12 }), LW_EUNSUPPORTED);
	assert_int_equal(lw_krbkey_set(k, &rc4, buf), LW_EINVAL);
	assert_int_equal(lw_krbkey_set(k, NULL, buf), LW_EINVAL);
	assert_null(lw_krbkey_type(k));
	lw_krbkey_free(k);
	lw_krbkey_free(NULL);
}

/* What an object costs in allocations: none after the first key's usages. */
static void reused(void **state)
{
	struct lw_krbkey *k = lw_krbkey_new();
	uint8_t key[32], cipher[LW_KRB_OVERHEAD + 1], out[sizeof cipher];
	struct slot *slots[SLOTS];
	EVP_CIPHER_CTX *c;
	size_t n;

	for (int round = 0; round < 3; round++) {
		lw_random(key, sizeof key);
		assert_int_equal(lw_krbkey_set(k, &lw_enctypes[round], key), LW_OK);
		for (uint32_t usage = 1; usage <= SLOTS + 3; usage++) {
			assert_int_equal(lw_krb_encrypt(k, usage, LW_LIT("x"), cipher), LW_OK);
			n = lw_krb_sealed_size(lw_krbkey_type(k), 1);
			assert_int_equal(
			        lw_krb_decrypt(k, usage, (struct lw_bytes){ cipher, n }, out, &n), LW_OK);
		}
		if (round) {
			assert_memory_equal(slots, k->slot, sizeof slots);
			assert_ptr_equal(c, k->slot[0]->enc.c);
		}
		memcpy(slots, k->slot, sizeof slots);
		c = k->slot[0]->enc.c;
	}
	lw_krbkey_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stealing),
		cmocka_unit_test(rfc8009),
		cmocka_unit_test(oracle),
		cmocka_unit_test(lengths),
		cmocka_unit_test(tampered),
		cmocka_unit_test(no_key),
		cmocka_unit_test(reused),
	};

	return cmocka_run_group_tests(tests, start_krb5, stop_krb5);
}
