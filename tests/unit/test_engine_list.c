/* SPDX-License-Identifier: Apache-2.0 */
/* Id lists against a plain bitmap: random and rising ids, removals, seeks, sets of sets. */
#include "tests/unit/engine_util.h"

#define TERMS 3
#define MAX_ID 40000

static bool model[TERMS][MAX_ID];
static const char *const terms[TERMS] = { "abc", "abcd", "ab" }; /* prefixes of each other */

struct step {
	uint64_t *seed;
	unsigned ops, mode;
};

/* Applied directly: lists are below effects. The transaction is committed by the caller. */
static void play(struct eng_txn *txn, struct step *s)
{
	static uint64_t rising[TERMS];

	for (unsigned i = 0; i < s->ops; i++) {
		unsigned t = (unsigned)(next_number(s->seed) % TERMS);
		uint64_t id = 1 + next_number(s->seed) % (MAX_ID - 1);
		struct lw_bytes term = lw_str(terms[t]);

		if (s->mode == 0 && rising[t] + 4 < MAX_ID) /* as entries are added */
			id = rising[t] += 1 + id % 3;
		if (s->mode == 2 || (s->mode == 1 && next_number(s->seed) % 2)) { /* remove the next that is there */
			while (id < MAX_ID && !model[t][id])
				id++;
			if (id == MAX_ID)
				continue;
			assert_int_equal(eng_list_del(txn, ENG_SUB, 7, 37, term, id), LW_OK);
			model[t][id] = false;
		} else if (!model[t][id]) {
			assert_int_equal(eng_list_add(txn, ENG_SUB, 7, 37, term, id), LW_OK);
			model[t][id] = true;
		}
	}
}

static void compare(struct eng_txn *txn, unsigned t)
{
	struct eng_list_it it;
	uint64_t id = 0, got, n = 0, want = 0;
	int err = eng_list_open(txn, ENG_SUB, 7, 37, lw_str(terms[t]), &it);

	for (unsigned i = 0; i < MAX_ID; i++)
		want += model[t][i];
	if (!want) {
		assert_int_equal(err, LW_ENOTFOUND);
		return;
	}
	assert_int_equal(err, LW_OK);
	assert_int_equal(it.chunked + it.ntail, want);
	for (; eng_list_seek(&it, id, &got); id = got + 1, n++)
		if (got >= MAX_ID || !model[t][got])
			fail_msg("%s: %llu is not in it", terms[t], (unsigned long long)got);
	assert_int_equal(it.err, LW_OK);
	assert_int_equal(n, want);
}

static void compare_seeks(struct eng_txn *txn, unsigned t, uint64_t *seed)
{
	struct eng_list_it it;
	uint64_t id = 0, got;

	if (eng_list_open(txn, ENG_SUB, 7, 37, lw_str(terms[t]), &it))
		return;
	while (id < MAX_ID) {
		uint64_t want = id;
		bool found;

		while (want < MAX_ID && !model[t][want])
			want++;
		found = eng_list_seek(&it, id, &got);
		assert_int_equal(found, want < MAX_ID);
		if (found)
			assert_int_equal(got, want);
		if (next_number(seed) % 4)
			id += next_number(seed) % 300; /* also to the same or a nearer one than was found */
		else
			id += next_number(seed) % 5000;
	}
}

static void test_lists(void **state)
{
	uint64_t seed = 4711;
	struct box b;
	struct eng_txn *txn;

	box_open(&b);
	memset(model, 0, sizeof(model));
	for (unsigned round = 0; round < 40; round++) {
		struct step s = { &seed, round < 30 ? 1500 : 6000, round < 10 ? 0 : round < 30 ? 1 + round % 2 * 8 : 2 };

		assert_int_equal(eng_write_begin(b.st, &txn), LW_OK);
		play(txn, &s);
		for (unsigned t = 0; t < TERMS; t++)
			compare(txn, t); /* within the write transaction */
		assert_int_equal(eng_write_commit(txn), LW_OK);
		assert_int_equal(eng_begin(b.st, &txn), LW_OK);
		for (unsigned t = 0; t < TERMS; t++) {
			compare(txn, t);
			compare_seeks(txn, t, &seed);
		}
		eng_end(txn);
	}
	box_close(&b);
}

static void test_codec(void **state)
{
	uint64_t ids[64];
	static const uint8_t good[] = { 5, 1, 0x80, 1 }; /* 5, 6, 134 */
	static const uint8_t doubled[] = { 5, 0 }, cut[] = { 5, 0x80 };
	static const uint8_t over[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1 };

	assert_int_equal(eng_ids_decode((struct lw_bytes){ good, 4 }, ids, 64), 3);
	assert_int_equal(ids[0], 5);
	assert_int_equal(ids[1], 6);
	assert_int_equal(ids[2], 134);
	assert_true(eng_ids_decode((struct lw_bytes){ good, 4 }, ids, 2) == SIZE_MAX);
	assert_true(eng_ids_decode((struct lw_bytes){ doubled, 2 }, ids, 64) == SIZE_MAX);
	assert_true(eng_ids_decode((struct lw_bytes){ cut, 2 }, ids, 64) == SIZE_MAX);
	assert_true(eng_ids_decode((struct lw_bytes){ over, sizeof(over) }, ids, 64) == SIZE_MAX);
}

/* Intersections and unions of arrays against membership. */
static void test_sets(void **state)
{
	uint64_t seed = 99, ids[3][200], got;
	bool in[3][600];
	struct box b;
	struct eng_txn *txn;

	box_open(&b);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	for (unsigned round = 0; round < 200; round++) {
		struct eng_ids *of[3], *set, *inner[2];
		unsigned shape = round % 3;

		memset(in, 0, sizeof(in));
		for (unsigned i = 0; i < 3; i++) {
			size_t n = next_number(&seed) % 200;

			for (size_t j = 0; j < n; j++) {
				ids[i][j] = 1 + next_number(&seed) % 500;
				in[i][ids[i][j]] = true;
			}
			assert_int_equal(eng_ids_list(txn, ids[i], n, &of[i]), LW_OK);
		}
		if (shape == 0) {
			assert_int_equal(eng_ids_and(txn, of, 3, &set), LW_OK);
		} else if (shape == 1) {
			assert_int_equal(eng_ids_or(txn, of, 3, &set), LW_OK);
		} else { /* 0 and (1 or 2) */
			assert_int_equal(eng_ids_or(txn, of + 1, 2, &inner[0]), LW_OK);
			inner[1] = of[0];
			assert_int_equal(eng_ids_and(txn, inner, 2, &set), LW_OK);
		}
		uint64_t at = 0;

		for (unsigned id = 0; id < 600; id++) {
			bool want = shape == 0 ? in[0][id] && in[1][id] && in[2][id] :
				shape == 1 ? in[0][id] || in[1][id] || in[2][id] :
				in[0][id] && (in[1][id] || in[2][id]);

			if (!want)
				continue;
			assert_true(eng_ids_seek(set, at, &got));
			assert_int_equal(got, id);
			at = got + 1;
		}
		assert_false(eng_ids_seek(set, at, &got));
		assert_int_equal(eng_ids_err(set), LW_OK);
	}
	eng_end(txn);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_codec), cmocka_unit_test(test_lists),
		cmocka_unit_test(test_sets) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
