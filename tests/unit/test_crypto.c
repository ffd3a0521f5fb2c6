/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"

#define B(p) ((struct lw_bytes){ (p), sizeof(p) })

/* FIPS 180 examples, RFC 4231 and RFC 2202 test case 2. */
static void hashes(void **state)
{
	static const struct {
		enum lw_hash hash;
		size_t size;
		const char *abc, *jefe;
	} rows[] = {
		{ LW_SHA1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d",
		        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		{ LW_SHA256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ LW_SHA384, 48,
		        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358ba"
		        "eca134c825a7",
		        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b32"
		        "39ecfab21649" },
		{ LW_SHA512, 64,
		        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	};
	uint8_t out[64], empty[64];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(lw_hash_size(rows[i].hash), rows[i].size);
		for (int again = 0; again < 2; again++) { /* contexts are used again */
			lw_hash(rows[i].hash, LW_LIT("abc"), out);
			assert_hex(out, rows[i].size, rows[i].abc);
			lw_hmac(rows[i].hash, LW_LIT("Jefe"), LW_LIT("what do ya want for nothing?"), out);
			assert_hex(out, rows[i].size, rows[i].jefe);
			lw_hmac(rows[i].hash, lw_str(NULL), lw_str(NULL), empty); /* not the key of before */
			assert_memory_not_equal(out, empty, rows[i].size);
		}
	}
	/* an empty key is a block of zeros, and so is a key of one zero octet */
	lw_hmac(LW_SHA256, lw_str(NULL), LW_LIT("x"), out);
	lw_hmac(LW_SHA256, LW_LIT("\0"), LW_LIT("x"), empty);
	assert_memory_equal(out, empty, 32);
}

/* RFC 5869 A.1 and A.3; RFC 6070 for PBKDF2. */
static void derivation(void **state)
{
	uint8_t ikm[22], salt[13], info[10], out[42];

	memset(ikm, 0x0b, sizeof ikm);
	for (uint8_t i = 0; i < sizeof salt; i++)
		salt[i] = i;
	for (uint8_t i = 0; i < sizeof info; i++)
		info[i] = 0xf0 | i;
	lw_hkdf(B(ikm), B(salt), B(info), out, sizeof out);
	assert_hex(out, sizeof out,
	        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	lw_hkdf(B(ikm), lw_str(NULL), lw_str(NULL), out, sizeof out);
	assert_hex(out, sizeof out,
	        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
	lw_pbkdf2(LW_SHA1, LW_LIT("password"), LW_LIT("salt"), 2, out, 20);
	assert_hex(out, 20, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
}

/* FIPS 197 C.1 and C.3 */
static void aes(void **state)
{
	uint8_t key[32], in[16], out[16];

	for (unsigned i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	for (unsigned i = 0; i < 16; i++)
		in[i] = (uint8_t)(i * 0x11);
	assert_int_equal(lw_aes_blocks(key, 16, B(in), out), LW_OK);
	assert_hex(out, 16, "69c4e0d86a7b0430d8cdb78070b4c55a");
	assert_int_equal(lw_aes_blocks(key, 32, B(in), out), LW_OK);
	assert_hex(out, 16, "8ea2b7ca516745bfeafc49904b496089");
	assert_int_equal(lw_aes_blocks(key, 24, B(in), out), LW_EINVAL);
	assert_int_equal(lw_aes_blocks(key, 16, (struct lw_bytes){ in, 15 }, out), LW_EINVAL);
}

static void gcm_nonce(void *p, size_t n)
{
	assert_int_equal(n, 12);
	from_hex("cafebabefacedbaddecaf888", p);
}

/* Test case 16 of the GCM specification. */
static void gcm_vector(void **state)
{
	uint8_t key[32], ad[20], in[60], out[60 + LW_AEAD_OVERHEAD];

	from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key);
	from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", ad);
	from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	         "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	        in);
	lw_random_test(gcm_nonce);
	assert_int_equal(lw_seal(key, B(ad), B(in), out), LW_OK);
	lw_random_test(NULL);
	assert_hex(out, sizeof out,
	        "cafebabefacedbaddecaf888"
	        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	        "76fc6ece0f4e1768cddf8853bb2d551b");
}

static void sealing(void **state)
{
	uint8_t key[32] = { 1 }, other[32] = { 2 }, out[10 + LW_AEAD_OVERHEAD], again[sizeof out], back[10];
	struct lw_bytes in = LW_LIT("ten octets"), ad = LW_LIT("tenant 1|entry 2"), none = { NULL, 0 };

	assert_int_equal(lw_seal(key, ad, in, out), LW_OK);
	assert_int_equal(lw_seal(key, ad, in, again), LW_OK);
	assert_memory_not_equal(out, again, 12); /* a nonce is not used twice */
	assert_int_equal(lw_open(key, ad, B(out), back), LW_OK);
	assert_memory_equal(back, "ten octets", 10);
	assert_int_equal(lw_open(other, ad, B(out), back), LW_EAUTH);
	assert_int_equal(lw_open(key, LW_LIT("tenant 1|entry 3"), B(out), back), LW_EAUTH);
	assert_memory_not_equal(back, "ten octets", 10); /* nothing is left of what did not verify */
	assert_int_equal(lw_open(key, none, B(out), back), LW_EAUTH);
	for (size_t i = 0; i < sizeof out; i++) {
		out[i] ^= 1;
		assert_int_equal(lw_open(key, ad, B(out), back), LW_EAUTH);
		out[i] ^= 1;
		assert_int_equal(lw_open(key, ad, (struct lw_bytes){ out, i }, back), LW_EAUTH);
	}
	assert_int_equal(lw_seal(key, none, none, out), LW_OK);
	assert_int_equal(lw_open(key, none, (struct lw_bytes){ out, LW_AEAD_OVERHEAD }, back), LW_OK);
	assert_int_equal(lw_open(key, ad, (struct lw_bytes){ out, LW_AEAD_OVERHEAD }, back), LW_EAUTH);
}

static void *draw(void *p)
{
	lw_random(p, 16);
	return NULL;
}

static void randomness(void **state)
{
	uint8_t a[16], b[16], big[2000], child[16];
	size_t zeros = 0;
	pthread_t t;
	int fds[2];
	pid_t pid;

	lw_random(a, sizeof a);
	assert_int_equal(pthread_create(&t, NULL, draw, b), 0);
	pthread_join(t, NULL);
	assert_memory_not_equal(a, b, 16);
	lw_random(big, sizeof big);
	for (size_t i = 0; i < sizeof big; i++)
		zeros += big[i] == 0;
	assert_true(zeros < 50);        /* 7.8 expected */
	for (int i = 0; i < 200; i++) { /* across refills */
		lw_random(b, sizeof b);
		assert_memory_not_equal(a, b, 16);
		memcpy(a, b, 16);
	}
	/* a child does not repeat what its parent draws next */
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		lw_random(child, sizeof child);
		_exit(write(fds[1], child, sizeof child) != sizeof child);
	}
	lw_random(a, sizeof a);
	assert_int_equal(read(fds[0], child, sizeof child), sizeof child);
	assert_memory_not_equal(a, child, 16);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	close(fds[1]);
}

/* The reference implementation's own test vector, then what must be refused before any memory is spent. */
static void argon2(void **state)
{
	static const char vector[] =
	        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
	static const char *const bad[] = {
		"",
		"x",
		"$argon2id$",
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=9,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=5$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=99999999999999999999,t=2,p=1$c29tZXNhbHQ$"
		"CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$t=2,m=65536,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
		"$argon2id$v=19$m=65536,t=2,p=1$$",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$!!!!",
	};
	char phc[LW_PHC_MAX], other[LW_PHC_MAX];

	assert_int_equal(lw_argon2_verify(vector, LW_LIT("password")), LW_OK);
	assert_int_equal(lw_argon2_verify(vector, LW_LIT("Password")), LW_EAUTH);
	assert_int_equal(lw_argon2_hash(LW_LIT("secret"), phc), LW_OK);
	assert_int_equal(strncmp(phc, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	assert_int_equal(lw_argon2_verify(phc, LW_LIT("secret")), LW_OK);
	assert_int_equal(lw_argon2_verify(phc, LW_LIT("secret ")), LW_EAUTH);
	assert_int_equal(lw_argon2_verify(phc, lw_str(NULL)), LW_EAUTH);
	assert_int_equal(lw_argon2_hash(LW_LIT("secret"), other), LW_OK);
	assert_string_not_equal(phc, other); /* salted */
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(lw_argon2_verify(bad[i], LW_LIT("password")), LW_EINVAL);
}

/* The exchange of RFC 7677 section 3: our keys must explain its proof and its signature. */
static void scram(void **state)
{
	static const char auth[] =
	        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
	        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
	        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
	struct lw_arena *a = lw_arena_new(4096, false);
	struct lw_scram s = { .hash = LW_SHA256, .iterations = 4096 };
	struct lw_bytes salt, proof, signature;
	uint8_t mac[32], key[32], stored[32];

	assert_int_equal(lw_unbase64(a, LW_LIT("W22ZaJ0SNY7soEsUEjb6gQ=="), &salt), LW_OK);
	assert_int_equal(
	        lw_unbase64(a, LW_LIT("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), &proof), LW_OK);
	assert_int_equal(
	        lw_unbase64(a, LW_LIT("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), &signature), LW_OK);
	memcpy(s.salt, salt.p, 16);
	assert_int_equal(lw_scram_derive(LW_LIT("pencil"), &s), LW_OK);
	lw_hmac(LW_SHA256, (struct lw_bytes){ s.server_key, 32 }, LW_LIT(auth), mac);
	assert_memory_equal(mac, signature.p, 32);
	lw_hmac(LW_SHA256, (struct lw_bytes){ s.stored_key, 32 }, LW_LIT(auth), mac);
	for (int i = 0; i < 32; i++)
		key[i] = mac[i] ^ proof.p[i];
	lw_hash(LW_SHA256, B(key), stored);
	assert_memory_equal(stored, s.stored_key, 32);
	s.iterations = 4095;
	assert_int_equal(lw_scram_derive(LW_LIT("pencil"), &s), LW_EINVAL);
	s.iterations = 4096;
	s.hash = LW_SHA1;
	assert_int_equal(lw_scram_derive(LW_LIT("pencil"), &s), LW_EINVAL);
	lw_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test(derivation),
		cmocka_unit_test(aes),
		cmocka_unit_test(gcm_vector),
		cmocka_unit_test(sealing),
		cmocka_unit_test(randomness),
		cmocka_unit_test(argon2),
		cmocka_unit_test(scram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
