/* SPDX-License-Identifier: Apache-2.0 */
/* Keytabs, octet by octet and as libkrb5 reads and writes them; Kerberos keys: random sets, lwd's own services. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "keys/keytab.h"
#include "keys/krbkeys.h"
#include "store/store.h"

static struct lw_arena *arena;

static int setup(void **state)
{
	schema_init();
	arena = lw_arena_new(16u << 20, true);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	lw_arena_free(arena);
	return 0;
}

static struct keys_krb_set set_of(uint32_t kvno, int64_t seconds)
{
	struct keys_krb_set s = { .kvno = kvno, .set_time = seconds * LW_SECOND + 999999, .nkeys = 2 };

	s.keys[0] = (struct keys_krb_key){ .etype = 18, .n = 32 };
	s.keys[1] = (struct keys_krb_key){ .etype = 17, .n = 16 };
	for (int i = 0; i < 32; i++)
		s.keys[0].key[i] = (uint8_t)(kvno + (unsigned)i);
	for (int i = 0; i < 16; i++)
		s.keys[1].key[i] = (uint8_t)(0xa0 + i);
	return s;
}

static struct lw_bytes make(const char *principal, uint32_t kvno)
{
	struct keys_krb_set s = set_of(kvno, 1795392000);
	struct lw_writer w;
	struct lw_bytes ret;

	lw_writer_init(&w, 65536);
	keys_keytab_begin(&w);
	assert_int_equal(keys_keytab_put(&w, lw_str(principal), &s), LW_OK);
	ret = lw_dup(arena, lw_written(&w));
	lw_writer_done(&w);
	return ret;
}

/* By hand from the format's description. */
static void octets(void **state)
{
	static const uint8_t want[] = { 5, 2,
		/* two components, realm "R.X", "HTTP", "a" */
		0, 0, 0, 65, 0, 2, 0, 3, 'R', '.', 'X', 0, 4, 'H', 'T', 'T', 'P', 0, 1, 'a',
		/* NT-PRINCIPAL, 2026-11-23T00:00:00Z, kvno 258 */
		0, 0, 0, 1, 0x6b, 0x03, 0x82, 0x00, 2, 0, 18, 0, 32, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 0, 0, 1, 2,
		0, 0, 0, 49, 0, 2, 0, 3, 'R', '.', 'X', 0, 4, 'H', 'T', 'T', 'P', 0, 1, 'a',
		0, 0, 0, 1, 0x6b, 0x03, 0x82, 0x00, 2, 0, 17, 0, 16, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9,
		0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0, 0, 1, 2 };
	struct lw_bytes got = make("HTTP/a@R.X", 258);

	assert_int_equal(got.n, sizeof(want));
	assert_memory_equal(got.p, want, sizeof(want));
}

static char *to_file(struct lw_bytes data)
{
	static char path[64];
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "/tmp/lwd-keytab-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "wb");
	assert_int_equal(fwrite(data.p, 1, data.n, f), data.n);
	fclose(f);
	return path;
}

static struct lw_bytes from_file(const char *path)
{
	uint8_t *buf = lw_alloc(arena, 65536);
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, 65536, f);
	fclose(f);
	return (struct lw_bytes){ buf, n };
}

static void libkrb5_reads_it(void **state)
{
	static const char *const names[] = { "HTTP/web1.acme.example@ACME.EXAMPLE", "web@ACME.EXAMPLE",
		"host/h1.acme.example@ACME.EXAMPLE", "a\\/b/c\\@d\\\\e@R\\@X", "tab\\there/nul\\0and\\nline@R", "x/y/z@A\\/B" };
	struct lw_writer w;
	struct keys_krb_set old = set_of(7, 1795000000), new = set_of(300, 1795392000);
	krb5_context ctx;
	krb5_keytab kt;
	char name[80];

	lw_writer_init(&w, 65536);
	keys_keytab_begin(&w);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(keys_keytab_put(&w, lw_str(names[i]), &new), LW_OK);
		assert_int_equal(keys_keytab_put(&w, lw_str(names[i]), &old), LW_OK);
	}
	assert_int_equal(krb5_init_context(&ctx), 0);
	snprintf(name, sizeof(name), "FILE:%s", to_file(lw_written(&w)));
	assert_int_equal(krb5_kt_resolve(ctx, name, &kt), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct { krb5_kvno kvno; krb5_enctype etype; const struct keys_krb_set *s; int key; int want; } asks[] = {
			{ 300, 18, &new, 0, 0 }, { 300, 17, &new, 1, 0 }, { 7, 18, &old, 0, 0 }, { 0, 18, &new, 0, 0 },
			{ 300, 20, NULL, 0, KRB5_KT_NOTFOUND }, { 8, 18, NULL, 0, KRB5_KT_KVNONOTFOUND },
		};
		krb5_principal p;

		assert_int_equal(krb5_parse_name(ctx, names[i], &p), 0);
		for (size_t j = 0; j < sizeof(asks) / sizeof(asks[0]); j++) {
			krb5_keytab_entry e;
			krb5_error_code code = krb5_kt_get_entry(ctx, kt, p, asks[j].kvno, asks[j].etype, &e);

			if (code != asks[j].want)
				fail_msg("%s, %zu: %s", names[i], j, error_message(code));
			if (code)
				continue;
			assert_int_equal(e.vno, asks[j].s->kvno);
			assert_int_equal(e.timestamp, asks[j].s->set_time / LW_SECOND);
			assert_int_equal(e.key.enctype, asks[j].etype);
			assert_int_equal(e.key.length, asks[j].s->keys[asks[j].key].n);
			assert_memory_equal(e.key.contents, asks[j].s->keys[asks[j].key].key, e.key.length);
			krb5_free_keytab_entry_contents(ctx, &e);
		}
		krb5_free_principal(ctx, p);
	}
	krb5_kt_close(ctx, kt);
	krb5_free_context(ctx);
	unlink(name + 5);
	lw_writer_done(&w);
}

/* A file that libkrb5 made, with a hole in it; and back. */
static void what_libkrb5_wrote_is_kept(void **state)
{
	struct lw_bytes add = make("HTTP/a@R.X", 2), file, again;
	krb5_context ctx;
	krb5_keytab kt;
	krb5_principal p;
	krb5_keytab_entry e = { 0 };
	uint8_t key[16] = { 1 };
	struct keys_keytab_reader r;
	struct keys_keytab_entry got;
	struct lw_writer w;
	char name[80];
	unsigned n = 0;

	assert_int_equal(krb5_init_context(&ctx), 0);
	snprintf(name, sizeof(name), "WRFILE:%s", to_file(LW_LIT("")));
	unlink(name + 7);
	assert_int_equal(krb5_kt_resolve(ctx, name, &kt), 0);
	assert_int_equal(krb5_parse_name(ctx, "HTTP/a@R.X", &p), 0);
	e.principal = p;
	e.key.enctype = 17;
	e.key.length = 16;
	e.key.contents = key;
	for (e.vno = 1; e.vno <= 3; e.vno++)
		assert_int_equal(krb5_kt_add_entry(ctx, kt, &e), 0);
	e.vno = 1;
	assert_int_equal(krb5_kt_remove_entry(ctx, kt, &e), 0);
	e.vno = 2;
	file = from_file(name + 7);
	lw_writer_init(&w, 65536);
	assert_int_equal(keys_keytab_merge(file, add, &w), LW_OK);
	/* kvno 2 with enctype 17 is there and stays what it was; 18 is new */
	again = lw_dup(arena, lw_written(&w));
	lw_writer_reset(&w);
	assert_int_equal(keys_keytab_open(again, &r), LW_OK);
	for (n = 0; keys_keytab_next(&r, &got) == LW_OK; n++) {
		static const struct { uint32_t kvno; uint16_t etype; uint8_t first; } want[] = { { 2, 17, 1 }, { 3, 17, 1 }, { 2, 18, 2 } };

		assert_true(n < 3);
		assert_int_equal(got.kvno, want[n].kvno);
		assert_int_equal(got.etype, want[n].etype);
		assert_int_equal(got.key.p[0], want[n].first);
	}
	assert_int_equal(n, 3);
	assert_int_equal(keys_keytab_merge(again, add, &w), LW_OK);
	assert_true(lw_eq(lw_written(&w), again)); /* nothing new */
	unlink(name + 7);
	krb5_kt_close(ctx, kt);
	krb5_free_principal(ctx, p);
	krb5_free_context(ctx);
	lw_writer_done(&w);
}

static void others_are_refused(void **state)
{
	static const char *const names[] = { "", "@", "alice", "alice@", "@R", "a@b@c", "a@b/c", "a\\", "/a@R",
		"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17@R" };
	struct keys_krb_set s = set_of(1, 1);
	struct lw_bytes good = make("a@R", 1);
	const size_t first = 2 + 4 + 2 + 3 + 3 + 4 + 4 + 1 + 2 + 2 + 32 + 4; /* the end of its first entry */
	struct keys_keytab_reader r;
	struct keys_keytab_entry e;
	struct lw_writer w;

	lw_writer_init(&w, 65536);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (keys_keytab_put(&w, lw_str(names[i]), &s) != LW_EINVAL)
			fail_msg("%s", names[i]);
	assert_int_equal(w.n, 0);
	assert_int_equal(keys_keytab_open(LW_LIT(""), &r), LW_EINVAL);
	assert_int_equal(keys_keytab_open(LW_LIT("\5"), &r), LW_EINVAL);
	assert_int_equal(keys_keytab_open(LW_LIT("\5\1"), &r), LW_EINVAL);
	assert_int_equal(keys_keytab_merge(LW_LIT("text"), good, &w), LW_EINVAL);
	for (size_t n = 3; n < good.n; n++) { /* cut anywhere but between entries */
		int err;

		assert_int_equal(keys_keytab_open((struct lw_bytes){ good.p, n }, &r), LW_OK);
		while ((err = keys_keytab_next(&r, &e)) == LW_OK)
			;
		assert_int_equal(err, n == first ? LW_ENOTFOUND : LW_EINVAL);
	}
	lw_writer_done(&w);
}

/* ---- keys ---- */

static void random_sets(void **state)
{
	static const struct { int32_t etype; uint8_t n; } want[] = { { 20, 32 }, { 19, 16 }, { 18, 32 }, { 17, 16 } };
	struct keys_krb k[6];

	assert_int_equal(keys_krb_random(arena, NULL, 1000, &k[0]), LW_OK);
	for (int i = 1; i < 6; i++)
		assert_int_equal(keys_krb_random(arena, &k[i - 1], 1000 + i, &k[i]), LW_OK);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(k[i].nsets, i < 4 ? i + 1 : 4);
		assert_int_equal(k[i].sets[0].kvno, i + 1);
		assert_int_equal(k[i].sets[0].set_time, 1000 + i);
		assert_int_equal(k[i].sets[0].nkeys, 4);
		for (unsigned j = 0; j < 4; j++) {
			assert_int_equal(k[i].sets[0].keys[j].etype, want[j].etype);
			assert_int_equal(k[i].sets[0].keys[j].n, want[j].n);
		}
		/* the former stand behind it as they were */
		for (unsigned j = 1; j < k[i].nsets; j++)
			assert_memory_equal(&k[i].sets[j], &k[i - 1].sets[j - 1], sizeof(k[i].sets[j]));
		if (i)
			assert_memory_not_equal(k[i].sets[0].keys[0].key, k[i - 1].sets[0].keys[0].key, 32);
	}
	k[0].sets[0].kvno = UINT32_MAX; /* does not begin again */
	assert_int_equal(keys_krb_random(arena, &k[0], 1, &k[1]), LW_ELIMIT);
}

/* HKDF-SHA-256 (RFC 5869) without salt: python's hmac gave the octets. */
static void own_services(void **state)
{
	static const uint8_t changepw[32] = { 0xdf, 0xb3, 0x98, 0xd5, 0xdb, 0x73, 0x36, 0x13, 0x94, 0x03, 0xbc, 0x48, 0x46, 0x1f, 0xa9, 0xca,
		0xbe, 0x4f, 0xf2, 0x7f, 0x39, 0xd2, 0x60, 0x12, 0x06, 0xcb, 0x93, 0xfd, 0x8e, 0x8b, 0x44, 0xc6 };
	static const uint8_t ldap[16] = { 0xad, 0xe4, 0xda, 0x51, 0x59, 0xf0, 0x40, 0x44, 0x17, 0x76, 0xc6, 0xb6, 0xb6, 0x6d, 0x1d, 0x6c };
	struct keys_krb_key krbtgt = { .etype = 20, .iterations = 9, .n = 32 }, got;

	for (int i = 0; i < 32; i++)
		krbtgt.key[i] = (uint8_t)i;
	keys_krb_own(&krbtgt, "changepw", &got);
	assert_int_equal(got.etype, 20);
	assert_int_equal(got.n, 32);
	assert_memory_equal(got.key, changepw, 32);
	krbtgt.etype = 19;
	krbtgt.n = 16;
	keys_krb_own(&krbtgt, "ldap", &got);
	assert_int_equal(got.etype, 19);
	assert_int_equal(got.n, 16);
	assert_memory_equal(got.key, ldap, 16);
}

static void open_at_its_place(void **state)
{
	static const struct lw_uuid tenant = { { 1 } }, entry = { { 2 } };
	static const uint8_t key[32] = { 3 };
	struct keys_place at = { tenant, entry, 0, STORE_SECRET_KERBEROS, 5 };
	struct keys_krb made, got;
	struct lw_bytes sealed;
	struct lw_writer w;

	at.attr = schema_attr(LW_LIT("krbPrincipalKey"))->id;
	assert_int_equal(keys_krb_random(arena, NULL, 77, &made), LW_OK);
	lw_writer_init(&w, 8192);
	keys_krb_put(&w, &made);
	assert_int_equal(keys_seal(key, &at, lw_written(&w), arena, &sealed), LW_OK);
	assert_int_equal(keys_krb_open(key, &tenant, &entry, 5, sealed, arena, &got), LW_OK);
	assert_int_equal(got.sets[0].set_time, 77);
	assert_memory_equal(got.sets[0].keys, made.sets[0].keys, sizeof(made.sets[0].keys));
	assert_int_equal(keys_krb_open(key, &tenant, &entry, 6, sealed, arena, &got), LW_EAUTH);
	assert_int_equal(keys_krb_open(key, &tenant, &tenant, 5, sealed, arena, &got), LW_EAUTH);
	assert_int_equal(keys_krb_open(key, &entry, &entry, 5, sealed, arena, &got), LW_EAUTH);
	lw_writer_done(&w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(octets),
		T(libkrb5_reads_it),
		T(what_libkrb5_wrote_is_kept),
		T(others_are_refused),
		T(random_sets),
		T(own_services),
		T(open_at_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
