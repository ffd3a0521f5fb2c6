/* SPDX-License-Identifier: Apache-2.0 */
/* keys/ without a store: places, capabilities, master key, bundle. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <krb5.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "base/text.h"
#include "keys/cap.h"
#include "keys/master.h"
#include "keys/password.h"
#include "keys/seal.h"

static const struct lw_uuid T1 = { { 1 } }, T2 = { { 2 } }, E1 = { { 3 } }, E2 = { { 4 } };
static const uint8_t KEY[32] = { 9, 8, 7 }, OTHER[32] = { 9, 8, 6 };
static struct lw_arena *arena;

static int setup(void **state)
{
	arena = lw_arena_new(16u << 20, true);
	return arena ? 0 : -1;
}
static int teardown(void **state)
{
	lw_arena_free(arena);
	return 0;
}

/* ---- seal ---- */
static void seal_is_bound_to_its_place(void **state)
{
	const struct keys_place home = { T1, E1, 100, 1, 7 };
	struct keys_place away[5];
	struct lw_bytes sealed, out = { NULL, 0 };

	assert_int_equal(keys_seal(KEY, &home, LW_LIT("secret"), arena, &sealed), LW_OK);
	assert_int_equal(keys_open(KEY, &home, sealed, arena, &out), LW_OK);
	assert_true(lw_eq(out, LW_LIT("secret")));
	for (int i = 0; i < 5; i++)
		away[i] = home;
	away[0].tenant = T2;
	away[1].entry = E2;
	away[2].attr = 101;
	away[3].cls = 2;
	away[4].generation = 8;
	for (int i = 0; i < 5; i++)
		assert_int_equal(keys_open(KEY, &away[i], sealed, arena, &out), LW_EAUTH);
	assert_int_equal(keys_open(OTHER, &home, sealed, arena, &out), LW_EAUTH);
	/* tenant and entry changed for one another */
	away[0] = (struct keys_place){ E1, T1, 100, 1, 7 };
	assert_int_equal(keys_open(KEY, &away[0], sealed, arena, &out), LW_EAUTH);
}

static void seal_refuses_every_flipped_bit(void **state)
{
	const struct keys_place home = { T1, E1, 100, 1, 7 };
	struct lw_bytes sealed, out;
	uint8_t copy[64];

	assert_int_equal(keys_seal(KEY, &home, LW_LIT("x"), arena, &sealed), LW_OK);
	assert_true(sealed.n <= sizeof(copy));
	for (size_t bit = 0; bit < 8 * sealed.n; bit++) {
		memcpy(copy, sealed.p, sealed.n);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(
		        keys_open(KEY, &home, (struct lw_bytes){ copy, sealed.n }, arena, &out), LW_OK);
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_not_equal(
		        keys_open(KEY, &home, (struct lw_bytes){ sealed.p, n }, arena, &out), LW_OK);
}

/* ---- capabilities ---- */
#define NOW (INT64_C(1795392000) * LW_SECOND)

static struct lw_cap some_cap(void)
{
	return (struct lw_cap){ .tenant = 7,
		.tenant_uuid = T1,
		.subject = E1,
		.actor = E1,
		.methods = LW_CAP_PASSWORD,
		.flags = LW_CAP_CONFIDENTIAL,
		.auth_time = NOW,
		.expiry = NOW + 3600 * LW_SECOND,
		.credential_version = 5,
		.role = LW_ROLE_DIRECTORY };
}

static void cap_goes_round(void **state)
{
	struct keys_cap_key k = { { 1 } };
	struct lw_cap cap = some_cap(), got;
	struct keys_token t;

	assert_int_equal(keys_cap_mint(&k, &cap, &t), LW_OK);
	assert_true(t.n <= LW_CAP_MAX);
	assert_int_equal(
	        keys_cap_check(&k, (struct lw_bytes){ t.b, t.n }, LW_ROLE_DIRECTORY, NOW, &got), LW_OK);
	assert_int_equal(got.tenant, 7);
	assert_true(lw_uuid_eq(&got.tenant_uuid, &T1) && lw_uuid_eq(&got.subject, &E1) &&
	            lw_uuid_eq(&got.actor, &E1));
	assert_int_equal(got.methods, LW_CAP_PASSWORD);
	assert_int_equal(got.flags, LW_CAP_CONFIDENTIAL);
	assert_int_equal(got.auth_time, NOW);
	assert_int_equal(got.expiry, NOW + 3600 * LW_SECOND);
	assert_int_equal(got.credential_version, 5);
	assert_memory_equal(got.id, cap.id, 16);
}

static void cap_refuses_what_was_touched(void **state)
{
	struct keys_cap_key k = { { 1 } }, other = { { 2 } };
	struct lw_cap cap = some_cap(), got;
	struct keys_token t, bad;

	assert_int_equal(keys_cap_mint(&k, &cap, &t), LW_OK);
	for (size_t bit = 0; bit < 8 * t.n; bit++) {
		bad = t;
		bad.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		        keys_cap_check(&k, (struct lw_bytes){ bad.b, bad.n }, LW_ROLE_DIRECTORY, NOW, &got),
		        LW_EAUTH);
	}
	for (size_t n = 0; n < t.n; n++)
		assert_int_equal(
		        keys_cap_check(&k, (struct lw_bytes){ t.b, n }, LW_ROLE_DIRECTORY, NOW, &got),
		        LW_EAUTH);
	assert_int_equal(keys_cap_check(&other, (struct lw_bytes){ t.b, t.n }, LW_ROLE_DIRECTORY, NOW, &got),
	        LW_EAUTH);
	/* another role can't use it */
	assert_int_equal(
	        keys_cap_check(&k, (struct lw_bytes){ t.b, t.n }, LW_ROLE_MONITOR, NOW, &got), LW_EAUTH);
}

static void cap_expires(void **state)
{
	struct keys_cap_key k = { { 1 } };
	struct lw_cap cap = some_cap(), got;
	struct keys_token t;

	assert_int_equal(keys_cap_mint(&k, &cap, &t), LW_OK);
	assert_int_equal(
	        keys_cap_check(&k, (struct lw_bytes){ t.b, t.n }, LW_ROLE_DIRECTORY, cap.expiry - 1, &got),
	        LW_OK);
	assert_int_equal(
	        keys_cap_check(&k, (struct lw_bytes){ t.b, t.n }, LW_ROLE_DIRECTORY, cap.expiry, &got),
	        LW_EEXPIRED);
	cap.expiry = cap.auth_time + INT64_C(12) * 3600 * LW_SECOND + 1; /* twelve hours at most */
	assert_int_equal(keys_cap_mint(&k, &cap, &t), LW_EINVAL);
}

static void cap_key_depends_on_boot_and_secret(void **state)
{
	struct keys_cap_key a, b, c, d;

	keys_cap_key(KEY, LW_LIT("boot one"), &a);
	keys_cap_key(KEY, LW_LIT("boot one"), &b);
	keys_cap_key(KEY, LW_LIT("boot two"), &c);
	keys_cap_key(OTHER, LW_LIT("boot one"), &d);
	assert_memory_equal(a.b, b.b, 32);
	assert_memory_not_equal(a.b, c.b, 32);
	assert_memory_not_equal(a.b, d.b, 32);
}

static void asserted_may_not(void **state)
{
	struct lw_cap cap = some_cap();

	for (int v = 1; v < ACCESS_VERB_COUNT; v++)
		assert_true(keys_cap_may(&cap, (enum access_verb)v));
	cap.flags |= LW_CAP_ASSERTED;
	assert_false(keys_cap_may(&cap, ACCESS_SET_SECRET));
	assert_false(keys_cap_may(&cap, ACCESS_ADMINISTER));
	assert_false(keys_cap_may(&cap, ACCESS_DELEGATE));
	assert_true(keys_cap_may(&cap, ACCESS_READ));
	assert_true(keys_cap_may(&cap, ACCESS_WRITE));
}

/* ---- master key ---- */
static void data_keys_are_bound_to_tenant_and_class(void **state)
{
	struct keys_master *m = keys_master_from(KEY), *o = keys_master_from(OTHER);
	struct lw_bytes w1, w2;
	uint8_t a[32], b[32];

	assert_int_equal(keys_master_wrap_new(m, &T1, arena, &w1), LW_OK);
	assert_int_equal(keys_master_wrap_new(m, &T2, arena, &w2), LW_OK);
	assert_int_equal(keys_master_unwrap(m, &T1, w1, STORE_SECRET_PASSWORD, a), LW_OK);
	assert_int_equal(keys_master_unwrap(m, &T1, w1, STORE_SECRET_KERBEROS, b), LW_OK);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(keys_master_unwrap(m, &T2, w2, STORE_SECRET_PASSWORD, b), LW_OK);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(keys_master_unwrap(m, &T2, w1, STORE_SECRET_PASSWORD, b), LW_EAUTH);
	assert_int_equal(keys_master_unwrap(o, &T1, w1, STORE_SECRET_PASSWORD, b), LW_EAUTH);
	assert_int_equal(keys_master_unwrap(m, &T1, w1, 99, b), LW_ENOTFOUND);
	for (size_t n = 0; n < w1.n; n++)
		assert_int_not_equal(
		        keys_master_unwrap(m, &T1, (struct lw_bytes){ w1.p, n }, STORE_SECRET_PASSWORD, b),
		        LW_OK);
	keys_master_free(m);
	keys_master_free(o);
}

static char dir[] = "/tmp/lwd-keys-XXXXXX";
static char path[128], keydir[128];

static void put_master(mode_t mode, const void *what, size_t n)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, what, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void master_file_is_strict(void **state)
{
	struct keys_master *m = NULL;
	uint8_t file[KEYS_MASTER_FILE];
	char err[256];

	assert_non_null(mkdtemp(dir));
	snprintf(keydir, sizeof(keydir), "%s/keys", dir);
	snprintf(path, sizeof(path), "%s/keys/master.key", dir);
	assert_int_equal(keys_master_load(dir, &m, err), LW_ENOTFOUND);
	assert_int_equal(mkdir(keydir, 0700), 0);
	assert_int_equal(keys_master_load(dir, &m, err), LW_ENOTFOUND);
	keys_master_encode(KEY, file);
	put_master(0600, file, sizeof(file));
	assert_int_equal(keys_master_load(dir, &m, err), LW_OK);
	keys_master_free(m);
	m = NULL;
	const mode_t open_modes[] = { 0640, 0604, 0660, 0601 };
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		put_master(open_modes[i], file, sizeof(file));
		assert_int_equal(keys_master_load(dir, &m, err), LW_EACCES);
		assert_non_null(strstr(err, "chmod 600"));
		assert_null(strchr(err, '\n'));
	}
	put_master(0600, file, sizeof(file) - 1);
	assert_int_equal(keys_master_load(dir, &m, err), LW_EINVAL);
	for (size_t i = 0; i < sizeof(file); i++) {
		file[i] ^= 1;
		put_master(0600, file, sizeof(file));
		assert_int_not_equal(keys_master_load(dir, &m, err), LW_OK);
		file[i] ^= 1;
	}
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(keys_master_load(dir, &m, err), LW_EACCES);
	unlink(path);
	if (geteuid() == 0) { /* only root can give a file away */
		put_master(0600, file, sizeof(file));
		assert_int_equal(chown(path, 12345, -1), 0);
		assert_int_equal(keys_master_load(dir, &m, err), LW_EACCES);
		assert_non_null(strstr(err, "12345"));
		unlink(path);
	}
	put_master(0600, file, sizeof(file));
	assert_int_equal(chmod(keydir, 0770), 0);
	assert_int_equal(keys_master_load(dir, &m, err), LW_EACCES);
	assert_null(m);
	unlink(path);
	rmdir(keydir);
	rmdir(dir);
}

/* ---- bundle ---- */
static void salts(void **state)
{
	static const struct {
		const char *name, *salt;
	} rows[] = {
		{ "alice@ACME.EXAMPLE", "ACME.EXAMPLEalice" },
		{ "HTTP/web1.acme.example@ACME.EXAMPLE", "ACME.EXAMPLEHTTPweb1.acme.example" },
		{ "a\\/b/c\\@d@R", "Ra/bc@d" },
		{ "alice", NULL },
		{ "alice@", NULL },
		{ "@R", NULL },
		{ "", NULL },
		{ "a@b@c", NULL },
		{ "a@b\\", NULL },
	};
	struct lw_bytes salt;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = keys_krb_salt(arena, lw_str(rows[i].name), &salt);

		assert_int_equal(err, rows[i].salt ? LW_OK : LW_EINVAL);
		if (rows[i].salt)
			assert_true(lw_eq(salt, lw_str(rows[i].salt)));
	}
}

static void kerberos_keys_are_libkrb5s(void **state)
{
	static const char *const names[] = { "alice@ACME.EXAMPLE", "HTTP/web1.acme.example@ACME.EXAMPLE",
		"wei\\/rd@BETA.EXAMPLE" };
	static const char *const passwords[] = { "correct horse", "p\xc3\xa4ssw\xc3\xb6rt \xe2\x82\xac",
		"x" };
	static const int32_t etypes[] = { 20, 19, 18, 17 };
	krb5_context ctx;

	assert_int_equal(krb5_init_context(&ctx), 0);
	for (int i = 0; i < 3; i++) {
		krb5_data pw = { 0, (unsigned)strlen(passwords[i]), (char *)(uintptr_t)passwords[i] }, salt;
		struct keys_krb krb;
		krb5_principal p;

		assert_int_equal(krb5_parse_name(ctx, names[i], &p), 0);
		assert_int_equal(krb5_principal2salt(ctx, p, &salt), 0);
		assert_int_equal(
		        keys_krb_make(arena, lw_str(passwords[i]), lw_str(names[i]), 3, NOW, &krb), LW_OK);
		assert_int_equal(krb.nsets, 1);
		assert_int_equal(krb.sets[0].kvno, 3);
		assert_int_equal(krb.sets[0].nkeys, 4);
		for (int e = 0; e < 4; e++) {
			krb5_keyblock want;

			assert_int_equal(krb.sets[0].keys[e].etype, etypes[e]);
			assert_int_equal(krb5_c_string_to_key(ctx, etypes[e], &pw, &salt, &want), 0);
			assert_int_equal(krb.sets[0].keys[e].n, want.length);
			assert_memory_equal(krb.sets[0].keys[e].key, want.contents, want.length);
			krb5_free_keyblock_contents(ctx, &want);
		}
		krb5_free_data_contents(ctx, &salt);
		krb5_free_principal(ctx, p);
	}
	krb5_free_context(ctx);
}

/* RFC 7677 section 3: the client's proof must fit StoredKey, and the server's signature ServerKey. */
static void scram_is_rfc_7677s(void **state)
{
	static const char auth[] =
	        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	        "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$"
	        "k0";
	struct lw_scram s = { .hash = LW_SHA256, .iterations = 4096 };
	struct lw_bytes salt, proof, signature;
	uint8_t sig[32], key[32];

	assert_int_equal(lw_unbase64(arena, LW_LIT("W22ZaJ0SNY7soEsUEjb6gQ=="), &salt), LW_OK);
	assert_int_equal(
	        lw_unbase64(arena, LW_LIT("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), &proof), LW_OK);
	assert_int_equal(
	        lw_unbase64(arena, LW_LIT("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), &signature),
	        LW_OK);
	memcpy(s.salt, salt.p, 16);
	assert_int_equal(lw_scram_derive(LW_LIT("pencil"), &s), LW_OK);
	lw_hmac(LW_SHA256, (struct lw_bytes){ s.stored_key, 32 }, LW_LIT(auth), sig);
	for (int i = 0; i < 32; i++)
		key[i] = sig[i] ^ proof.p[i];
	lw_hash(LW_SHA256, (struct lw_bytes){ key, 32 }, sig);
	assert_memory_equal(sig, s.stored_key, 32);
	lw_hmac(LW_SHA256, (struct lw_bytes){ s.server_key, 32 }, LW_LIT(auth), sig);
	assert_memory_equal(sig, signature.p, 32);
}

static void bundle_goes_round(void **state)
{
	struct keys_bundle first, b, got;
	struct lw_writer w;

	assert_int_equal(
	        keys_bundle_make(LW_LIT("first password"), NULL, &keys_policy_default, NOW - 1, &first),
	        LW_OK);
	assert_int_equal(first.nhistory, 0);
	assert_int_equal(
	        keys_bundle_make(LW_LIT("correct horse"), &first, &keys_policy_default, NOW, &b), LW_OK);
	assert_int_equal(strncmp(b.phc, "$argon2id$", 10), 0);
	assert_int_equal(lw_argon2_verify(b.phc, LW_LIT("correct horse")), LW_OK);
	assert_int_equal(lw_argon2_verify(b.phc, LW_LIT("correct horsf")), LW_EAUTH);
	for (int i = 0; i < 2; i++) {
		struct lw_scram s = { .hash = i ? LW_SHA512 : LW_SHA256,
			.iterations = b.scram[i].iterations };

		assert_true(s.iterations >= 4096);
		memcpy(s.salt, b.scram[i].salt, 16);
		assert_int_equal(lw_scram_derive(LW_LIT("correct horse"), &s), LW_OK);
		assert_memory_equal(s.stored_key, b.scram[i].stored_key, i ? 64 : 32);
		assert_memory_equal(s.server_key, b.scram[i].server_key, i ? 64 : 32);
	}
	assert_memory_not_equal(b.scram[0].salt, b.scram[1].salt, 16);
	lw_writer_init(&w, 8192);
	keys_bundle_put(&w, &b);
	assert_int_equal(w.err, LW_OK);
	assert_int_equal(keys_bundle_get(lw_written(&w), &got), LW_OK);
	assert_string_equal(got.phc, b.phc);
	assert_int_equal(got.nhistory, 1);
	assert_string_equal(got.history[0], first.phc);
	assert_int_equal(got.set_time, NOW);
	assert_memory_equal(got.scram[1].server_key, b.scram[1].server_key, 64);
	for (size_t n = 0; n < lw_written(&w).n; n++)
		assert_int_not_equal(keys_bundle_get((struct lw_bytes){ w.p, n }, &got), LW_OK);
	lw_put_u8(&w, 0);
	assert_int_not_equal(keys_bundle_get(lw_written(&w), &got), LW_OK);
	lw_writer_done(&w);
}

static void krb_item_goes_round(void **state)
{
	struct keys_krb k, got;
	struct lw_writer w;

	assert_int_equal(keys_krb_make(arena, LW_LIT("correct horse"), LW_LIT("a@R"), 9, NOW, &k), LW_OK);
	lw_writer_init(&w, 8192);
	keys_krb_put(&w, &k);
	assert_int_equal(keys_krb_get(lw_written(&w), &got), LW_OK);
	assert_int_equal(got.nsets, 1);
	assert_int_equal(got.sets[0].kvno, 9);
	assert_int_equal(got.sets[0].nkeys, 4);
	assert_true(lw_eq(got.sets[0].salt, LW_LIT("Ra")));
	for (int i = 0; i < 4; i++)
		assert_memory_equal(&got.sets[0].keys[i], &k.sets[0].keys[i], sizeof(k.sets[0].keys[0]));
	for (size_t n = 0; n < lw_written(&w).n; n++)
		assert_int_not_equal(keys_krb_get((struct lw_bytes){ w.p, n }, &got), LW_OK);
	lw_writer_done(&w);
}

static void history_keeps_five(void **state)
{
	static const char *const pw[] = { "password-0", "password-1", "password-2", "password-3",
		"password-4", "password-5" };
	struct keys_bundle b[6];

	for (int i = 0; i < 6; i++)
		assert_int_equal(keys_bundle_make(lw_str(pw[i]), i ? &b[i - 1] : NULL, &keys_policy_default,
		                         NOW + i, &b[i]),
		        LW_OK);
	assert_int_equal(b[5].nhistory, 4); /* with the present one, five */
	for (int i = 1; i < 6; i++)
		assert_true(keys_password_used(&b[5], &keys_policy_default, lw_str(pw[i])));
	assert_false(keys_password_used(&b[5], &keys_policy_default, lw_str(pw[0])));
	assert_false(keys_password_used(&b[5], &keys_policy_default, LW_LIT("password-6")));
}

static void quality(void **state)
{
	const char *names[] = { "alice.liddell", "alice.liddell@ACME.EXAMPLE", NULL };
	char text[200], longest[1026];

	memset(longest, 'x', sizeof(longest));
	assert_int_equal(
	        keys_password_quality(&keys_policy_default, LW_LIT("1234567"), names, text), LW_EPWPOLICY);
	assert_non_null(strstr(text, "8"));
	assert_int_equal(keys_password_quality(&keys_policy_default, LW_LIT("12345678"), names, text), LW_OK);
	assert_int_equal(keys_password_quality(&keys_policy_default,
	                         (struct lw_bytes){ (uint8_t *)longest, 1024 }, names, text),
	        LW_OK);
	assert_int_equal(keys_password_quality(&keys_policy_default,
	                         (struct lw_bytes){ (uint8_t *)longest, 1025 }, names, text),
	        LW_EPWPOLICY);
	assert_int_equal(keys_password_quality(&keys_policy_default, LW_LIT("Alice.Liddell"), names, text),
	        LW_EPWPOLICY);
	assert_int_equal(keys_password_quality(
	                         &keys_policy_default, LW_LIT("ALICE.LIDDELL@acme.example"), names, text),
	        LW_EPWPOLICY);
	assert_int_equal(
	        keys_password_quality(&keys_policy_default, LW_LIT("Alice.Liddell2"), names, text), LW_OK);
}

/* RFC 4013 section 3, RFC 8265 section 4.3, and one that Unicode 3.2 did not know. */
static void preparation(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "I\xc2\xadX", "IX" },
		{ "user", "user" },
		{ "\xc2\xaa", "a" },
		{ "\xe2\x85\xa8", "IX" },
		{ "correct horse battery staple", "correct horse battery staple" },
		{ "\xcf\x80\xc3\x9f\xc3\xa5", "\xcf\x80\xc3\x9f\xc3\xa5" },
		{ "a\xc2\xa0"
		  "b",
		        "a b" },
		{ "\xf0\x9f\x90\xb4 a\xcc\x88",
		        "\xf0\x9f\x90\xb4 \xc3\xa4" }, /* a horse, and a combining diaeresis */
		{ "bad\x07"
		  "bell",
		        NULL },
		{ "\xff\xfe", NULL },
		{ "\xed\xa0\x80", NULL },
	};
	struct lw_bytes out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = keys_password_prep(arena, lw_str(rows[i].in), &out);

		assert_int_equal(err, rows[i].out ? LW_OK : LW_EINVAL);
		if (rows[i].out)
			assert_true(lw_eq(out, lw_str(rows[i].out)));
	}
	assert_int_equal(
	        keys_password_prep(arena, (struct lw_bytes){ (const uint8_t *)"a\0b", 3 }, &out), LW_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(seal_is_bound_to_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(seal_refuses_every_flipped_bit, setup, teardown),
		cmocka_unit_test(cap_goes_round),
		cmocka_unit_test(cap_refuses_what_was_touched),
		cmocka_unit_test(cap_expires),
		cmocka_unit_test(cap_key_depends_on_boot_and_secret),
		cmocka_unit_test(asserted_may_not),
		cmocka_unit_test_setup_teardown(data_keys_are_bound_to_tenant_and_class, setup, teardown),
		cmocka_unit_test_setup_teardown(master_file_is_strict, setup, teardown),
		cmocka_unit_test_setup_teardown(salts, setup, teardown),
		cmocka_unit_test_setup_teardown(kerberos_keys_are_libkrb5s, setup, teardown),
		cmocka_unit_test_setup_teardown(scram_is_rfc_7677s, setup, teardown),
		cmocka_unit_test_setup_teardown(bundle_goes_round, setup, teardown),
		cmocka_unit_test_setup_teardown(krb_item_goes_round, setup, teardown),
		cmocka_unit_test_setup_teardown(history_keeps_five, setup, teardown),
		cmocka_unit_test(quality),
		cmocka_unit_test_setup_teardown(preparation, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
