/* SPDX-License-Identifier: Apache-2.0 */
/* Entry records and change records: written, read back, cut short. */
#include "tests/unit/engine_util.h"

static const struct eng_entry head = { .version = 77, .parent = 5, .structural = 12, .flags = 3,
	.uuid = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } }, .rdn_text = { (const uint8_t *)"uid=Al", 6 },
	.rdn_norm = { (const uint8_t *)"al", 2 } };

static void test_round_trip(void **state)
{
	/* RFC 4511 4.1.7: PartialAttribute ::= SEQUENCE { type, vals SET OF OCTET STRING } */
	static const uint8_t cn_ber[] = { 0x30, 0x0c, 0x04, 0x02, 'c', 'n', 0x31, 0x06, 0x04, 0x01, 'A', 0x04, 0x01, 'B' };
	struct lw_bytes cns[] = { LW_LIT("A"), LW_LIT("B") }, de[] = { LW_LIT("Ah") };
	uint64_t ids[] = { 9, 3 };
	struct eng_values v[] = { { .attr = MEMBER, .refs = ids, .n = 2 }, { .attr = CN, .values = cns, .n = 2 },
		{ .attr = CN, .desc = LW_LIT("cn;lang-de"), .values = de, .n = 1 } };
	struct eng_entry e;
	struct eng_attr a;
	struct lw_bytes one;
	struct lw_writer w;
	size_t pos = 0, at = 0;

	lw_writer_init(&w, 1 << 16);
	eng_entry_encode(&w, &head, v, 3);
	assert_int_equal(w.err, LW_OK);
	assert_int_equal(eng_entry_decode(lw_written(&w), &e), LW_OK);
	assert_int_equal(eng_entry_verify(&e), LW_OK);
	assert_int_equal(e.version, 77);
	assert_int_equal(e.parent, 5);
	assert_int_equal(e.structural, 12);
	assert_int_equal(e.flags, 3);
	assert_memory_equal(e.uuid.b, head.uuid.b, 16);
	assert_true(lw_eq(e.rdn_text, head.rdn_text));
	assert_true(lw_eq(e.rdn_norm, head.rdn_norm));

	assert_true(eng_attr_next(&e, &pos, &a)); /* by id and description, references last */
	assert_int_equal(a.id, CN);
	assert_false(a.options);
	assert_int_equal(a.ber.n, sizeof(cn_ber));
	assert_memory_equal(a.ber.p, cn_ber, sizeof(cn_ber));
	assert_true(eng_value_next(&a, &at, &one));
	assert_true(lw_eq(one, cns[0]));
	assert_true(eng_value_next(&a, &at, &one));
	assert_true(lw_eq(one, cns[1]));
	assert_false(eng_value_next(&a, &at, &one));
	assert_true(eng_attr_next(&e, &pos, &a));
	assert_true(a.options);
	assert_true(lw_eq(a.desc, LW_LIT("cn;lang-de")));
	assert_true(eng_attr_next(&e, &pos, &a));
	assert_true(a.ref);
	assert_int_equal(a.nrefs, 2);
	assert_int_equal(eng_ref_at(&a, 0), 9);
	assert_int_equal(eng_ref_at(&a, 1), 3);
	assert_int_equal(eng_ref_at(&a, 2), 0);
	assert_false(eng_attr_next(&e, &pos, &a));

	assert_true(eng_attr_find(&e, CN, &a));
	assert_true(lw_eq(a.desc, LW_LIT("cn")));
	assert_false(eng_attr_find(&e, MAIL, &a));
	lw_writer_done(&w);
}

static void test_long_value(void **state)
{
	size_t n = 70000; /* three length octets */
	uint8_t *big = malloc(n);
	struct lw_bytes v = { big, n }, got;
	struct eng_values val = { .attr = DESCRIPTION, .values = &v, .n = 1 };
	struct eng_entry e;
	struct eng_attr a;
	struct lw_writer w;

	assert_non_null(big);
	memset(big, 'x', n);
	lw_writer_init(&w, 1 << 20);
	eng_entry_encode(&w, &head, &val, 1);
	assert_int_equal(w.err, LW_OK);
	assert_int_equal(eng_entry_decode(lw_written(&w), &e), LW_OK);
	assert_int_equal(eng_entry_verify(&e), LW_OK);
	assert_true(eng_attr_find(&e, DESCRIPTION, &a));
	assert_true(eng_value_first(&a, &got));
	assert_true(lw_eq(got, v));
	lw_writer_done(&w);
	free(big);
}

/* Every prefix and every single changed octet: decoded or refused, never read past the end (run under ASan). */
static void test_damage(void **state)
{
	struct lw_bytes cns[] = { LW_LIT("Alice"), LW_LIT("Alice Liddell") };
	uint64_t ids[] = { 9, 3, 70000 };
	struct eng_values v[] = { { .attr = CN, .values = cns, .n = 2 }, { .attr = MEMBER, .refs = ids, .n = 3 } };
	struct lw_writer w;
	struct eng_entry e;
	struct eng_attr a;
	size_t accepted = 0;

	lw_writer_init(&w, 1 << 16);
	eng_entry_encode(&w, &head, v, 2);
	for (size_t n = 0; n < w.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);

		memcpy(copy, w.p, n);
		if (eng_entry_decode((struct lw_bytes){ copy, n }, &e) == LW_OK && eng_entry_verify(&e) == LW_OK)
			for (size_t pos = accepted = 0; eng_attr_next(&e, &pos, &a);)
				accepted++;
		assert_true(n < w.n && accepted < 2);
		free(copy);
	}
	for (size_t i = 0; i < w.n; i++)
		for (unsigned x = 1; x < 256; x += 37) {
			uint8_t *copy = malloc(w.n);
			struct lw_bytes one;

			memcpy(copy, w.p, w.n);
			copy[i] ^= (uint8_t)x;
			if (eng_entry_decode((struct lw_bytes){ copy, w.n }, &e) == LW_OK)
				for (size_t pos = 0; eng_attr_next(&e, &pos, &a);)
					for (size_t at = 0; eng_value_next(&a, &at, &one);)
						assert_true(one.p >= copy && one.p + one.n <= copy + w.n);
			free(copy);
		}
	assert_int_equal(eng_entry_decode((struct lw_bytes){ NULL, 0 }, &e), LW_EINVAL);
	lw_writer_done(&w);
}

static void test_batch(void **state)
{
	struct eng_batch in = { .seq = 8, .prev_seq = 7, .epoch = 2, .time = -5 }, out;
	struct lw_bytes cns[] = { LW_LIT("Alice") };
	struct eng_values v = { .attr = CN, .values = cns, .n = 1 };
	uint64_t ids[] = { 4 };
	struct eng_values m = { .attr = MEMBER, .refs = ids, .n = 1 };
	struct eng_effect e = { 0 };
	struct eng_fx_args args;
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	struct lw_writer w;
	struct eng_fx fx = { .w = &w };
	size_t mark, pos = 0;
	uint32_t len;

	lw_writer_init(&w, 1 << 16);
	eng_batch_start(&w, &in);
	for (unsigned op = 0; op < 2; op++) {
		mark = w.n;
		lw_put_u32(&w, 0);
		if (op == 0) {
			eng_fx_attr(&fx, 3, 99, ENG_DELETE_VALUES, &v);
			eng_fx_attr(&fx, 3, 99, ENG_ADD_VALUES, &m);
		} else {
			eng_fx_sealed_put(&fx, 3, 99, 700, 1, 12, LW_LIT("secret"));
			eng_fx_meta_put(&fx, "boot", LW_LIT("x"));
			eng_fx_note(&fx, LW_LIT("why"));
			eng_fx_authgen(&fx, 3);
		}
		len = __builtin_bswap32((uint32_t)(w.n - mark - 4));
		memcpy(w.p + mark, &len, 4);
	}
	eng_batch_finish(&w, 2);
	assert_int_equal(w.err, LW_OK);
	assert_int_equal(eng_batch_decode(lw_written(&w), &out), LW_OK);
	assert_int_equal(out.seq, 8);
	assert_int_equal(out.prev_seq, 7);
	assert_int_equal(out.epoch, 2);
	assert_int_equal(out.time, -5);
	assert_int_equal(out.nops, 2);

	static const struct { uint32_t op; enum eng_fx_kind kind; } want[] = { { 0, ENG_FX_ATTR }, { 0, ENG_FX_ATTR },
		{ 1, ENG_FX_SEALED_PUT }, { 1, ENG_FX_META_PUT }, { 1, ENG_FX_NOTE }, { 1, ENG_FX_AUTHGEN } };

	for (unsigned i = 0; i < 6; i++) {
		assert_true(eng_batch_next(&out, &pos, &e));
		assert_int_equal(e.op, want[i].op);
		assert_int_equal(e.kind, want[i].kind);
		assert_int_equal(eng_fx_decode(&e, arena, &args), LW_OK);
		if (i == 0) {
			assert_int_equal(args.change, ENG_DELETE_VALUES);
			assert_int_equal(args.head.id, 99);
			assert_true(lw_eq(args.values->values[0], cns[0]));
			assert_true(lw_eq(args.values->desc, LW_LIT("cn")));
		} else if (i == 1) {
			assert_int_equal(args.values->refs[0], 4);
		} else if (i == 2) {
			assert_int_equal(args.number, 12);
			assert_true(lw_eq(args.value, LW_LIT("secret")));
		}
	}
	assert_false(eng_batch_next(&out, &pos, &e));
	for (size_t n = 0; n < w.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);

		memcpy(copy, w.p, n);
		assert_int_equal(eng_batch_decode((struct lw_bytes){ copy, n }, &out), LW_EINVAL);
		free(copy);
	}
	w.p[0] = 9;
	assert_int_equal(eng_batch_decode(lw_written(&w), &out), LW_EVERSION);
	lw_writer_done(&w);
	lw_arena_free(arena);
}

static void test_table(void **state)
{
	for (unsigned t = 0; t < ENG_TABLES; t++) {
		assert_non_null(eng_table_rows[t].name);
		for (unsigned u = 0; u < t; u++)
			assert_string_not_equal(eng_table_rows[t].name, eng_table_rows[u].name);
	}
}

static void test_keys(void **state)
{
	uint8_t a[600], b[600];
	struct eng_key x, y;

	memset(a, 'a', sizeof(a));
	memcpy(b, a, sizeof(b));
	b[599] = 'b'; /* differs where a key no longer reaches */
	x = eng_key_dn(1, 2, (struct lw_bytes){ a, sizeof(a) });
	y = eng_key_dn(1, 2, (struct lw_bytes){ b, sizeof(b) });
	assert_true(x.n <= ENG_KEY_MAX);
	assert_int_not_equal(lw_cmp(eng_key_bytes(&x), eng_key_bytes(&y)), 0);
	x = eng_key_entry(1, 2);
	y = eng_key_entry(1, 256);
	assert_true(lw_cmp(eng_key_bytes(&x), eng_key_bytes(&y)) < 0); /* big-endian */
	assert_memory_equal(x.b, "\0\0\0\1\0\0\0\0\0\0\0\2", 12);
}

static int sign(int d)
{
	return (d > 0) - (d < 0);
}

/* Exactly as LMDB does it by itself: memcmp, then the shorter one first. */
static void test_order(void **state)
{
	uint8_t a[40], b[40];
	int want;

	for (unsigned round = 0; round < 20000; round++) {
		MDB_val x = { round % 41, a }, y = { round / 41 % 41, b };

		for (size_t i = 0; i < sizeof(a); i++) /* few different octets, so that many begin alike */
			a[i] = (uint8_t)((round * 2654435761u >> (i % 24)) & 0x81);
		memcpy(b, a, sizeof(b));
		if (round % 3)
			b[round * 7 % sizeof(b)] ^= round % 2 ? 0x80 : 0x01;
		want = memcmp(a, b, x.mv_size < y.mv_size ? x.mv_size : y.mv_size);
		if (!want)
			want = (x.mv_size > y.mv_size) - (x.mv_size < y.mv_size);
		assert_int_equal(sign(eng_key_compare(&x, &y)), sign(want));
		assert_int_equal(sign(eng_key_compare(&y, &x)), -sign(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip), cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_batch), cmocka_unit_test(test_table),
		cmocka_unit_test(test_keys), cmocka_unit_test(test_order) };

	schema_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
