/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's chains in the engine: numbered and linked, read from any place, the same after a replay; and every alteration of what lies
 * in the database is found: a record altered, dropped, swapped, cut off at the end, a chain written anew, a head set back. */
#include "base/audit.h"
#include "base/crypto.h"
#include "tests/unit/engine_util.h"

#define ROLE LW_ROLE_KDC
#define MANY 300

struct batch {
	unsigned n, from;
	uint32_t tenant;
};

static int put_records(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	const struct batch *b = ctx;
	struct lw_writer w;

	lw_writer_init(&w, 1 << 20);
	for (unsigned i = 0; i < b->n; i++) {
		char name[32];
		struct lw_audit a = { .event = LW_AUDIT_AS, .protocol = LW_AUDIT_KRB, .time = eng_now(txn), .source = LW_LIT("192.0.2.1") };

		snprintf(name, sizeof(name), "user-%u", b->from + i);
		a.target_name = lw_str(name);
		lw_audit_keep(&w, &a);
	}
	eng_fx_audit(fx, b->tenant, ROLE, lw_written(&w));
	lw_writer_done(&w);
	return LW_OK;
}

static int put_mac(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	static const uint8_t mac[32] = { 0xaa };
	struct store_audit_head h;

	assert_int_equal(eng_audit_head(txn, 1, ROLE, &h), LW_OK);
	eng_fx_audit_mac(fx, 1, ROLE, &h.end, 7, mac);
	return LW_OK;
}

static void fill(struct box *b)
{
	struct batch one = { 1, 0, 1 }, many = { MANY - 1, 1, 1 };

	box_open(b);
	assert_int_equal(box_do(b, make_tenant, NULL), LW_OK);
	assert_int_equal(box_do(b, put_records, &one), LW_OK);
	assert_int_equal(box_do(b, put_records, &many), LW_OK);
}

/* ---- reading ---- */

struct seen {
	uint64_t from, n;
	uint8_t hash[32];
};

static int look(void *ctx, const struct eng_audit_record *r)
{
	struct seen *s = ctx;
	struct lw_audit a;
	char expect[64];

	assert_int_equal(r->seq, s->from + s->n);
	assert_int_equal(lw_audit_kept(r->octets, &a), LW_OK);
	snprintf(expect, sizeof(expect), "user-%u", (unsigned)r->seq - 1);
	assert_true(lw_eq(a.target_name, lw_str(expect)));
	if (s->n)
		assert_memory_equal(r->prev, s->hash, 32);
	eng_audit_link(r->prev, r->seq, r->octets, s->hash);
	s->n++;
	return LW_OK;
}

static void a_chain_is_read_from_any_place(void **state)
{
	static const uint64_t places[] = { 1, 2, 7, MANY / 2, MANY, MANY + 1 };
	struct eng_txn *txn;
	struct box b;

	fill(&b);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct seen s = { places[i], 0, { 0 } };

		assert_int_equal(eng_audit_records(txn, 1, ROLE, places[i], look, &s), LW_ENOTFOUND);
		assert_int_equal(s.n, MANY + 1 - places[i]);
	}
	assert_int_equal(eng_audit_records(txn, 1, LW_ROLE_WEB, 1, look, &(struct seen){ .from = 1 }), LW_ENOTFOUND);
	assert_int_equal(eng_audit_records(txn, 2, ROLE, 1, look, &(struct seen){ .from = 1 }), LW_ENOTFOUND);
	eng_end(txn);
	assert_int_equal(box_problems(&b, true), 0);
	box_close(&b);
}

/* Writing records is no change of the tenant: what others remember of it stays good. */
static void records_change_no_counter(void **state)
{
	struct batch one = { 1, MANY, 1 };
	uint64_t before, after;
	struct eng_txn *txn;
	struct box b;

	fill(&b);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	before = eng_changes(txn, 1);
	eng_end(txn);
	assert_int_equal(box_do(&b, put_records, &one), LW_OK);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	after = eng_changes(txn, 1);
	eng_end(txn);
	assert_int_equal(before, after);
	box_close(&b);
}

static void the_replay_gives_the_same_chains(void **state)
{
	char err[256] = "", into[80];
	uint8_t hash[32];
	struct box b;

	fill(&b);
	assert_int_equal(box_do(&b, put_mac, NULL), LW_OK);
	snprintf(into, sizeof(into), "%s/again", b.dir);
	if (store_replay(b.st, into, hash, err))
		fail_msg("%s", err);
	box_close(&b);
}

/* ---- tampering: through LMDB, as whoever owns the files can ---- */

static struct eng_audit_walk verify(struct box *b)
{
	struct eng_audit_walk w = { 0 };
	struct store_audit_head h;
	struct eng_txn *txn;
	int err = LW_EQUANTUM;

	while (err == LW_EQUANTUM) { /* in small pieces, as a server does */
		assert_int_equal(eng_begin(b->st, &txn), LW_OK);
		assert_int_equal(eng_audit_head(txn, 1, ROLE, &h), LW_OK);
		if (!w.until.seq) {
			w.at = h.gone;
			w.until = h.end;
			w.maced = h.maced;
		}
		err = eng_audit_verify(txn, 1, ROLE, 7, &w);
		eng_end(txn);
	}
	assert_int_equal(err, LW_OK);
	return w;
}

struct one { /* a record, with what a row says of it */
	uint32_t number;
	uint8_t prev[32], hash[32];
	uint8_t octets[LW_AUDIT_WIRE_MAX];
	size_t n;
};
struct rows { /* all of the chain */
	size_t n;
	struct one one[MANY + 8];
};

static int collect(void *ctx, const struct eng_audit_record *record)
{
	struct rows *r = ctx;
	struct one *o = &r->one[r->n++];

	o->number = (uint32_t)record->seq;
	memcpy(o->prev, record->prev, 32);
	memcpy(o->octets, record->octets.p, record->octets.n);
	o->n = record->octets.n;
	eng_audit_link(o->prev, record->seq, record->octets, o->hash);
	return LW_OK;
}

static struct lw_bytes octets_of(const struct one *o)
{
	return (struct lw_bytes){ o->octets, o->n };
}

/* Puts the chain down anew, `together` records to a row, numbered as they come; the head stays. */
static size_t together = 1;

static void rewrite(struct box *b, const struct rows *r, const uint64_t *numbers)
{
	struct eng_txn *txn;
	struct eng_key first = eng_key_audit(1, ROLE, 0);

	assert_int_equal(eng_write_begin(b->st, &txn), LW_OK);
	for (;;) {
		struct lw_bytes key = eng_key_bytes(&first), v;
		struct eng_key k = { 0 };
		int err = LW_OK;
		struct eng_cur *cur = eng_cur_get(txn, ENG_AUDIT, &err);

		assert_non_null(cur);
		err = eng_cur_move(txn, cur, MDB_SET_RANGE, &key, &v);
		if (!err)
			eng_key_raw(&k, key);
		eng_cur_put(txn, cur);
		if (err)
			break;
		assert_int_equal(eng_del(txn, ENG_AUDIT, eng_key_bytes(&k)), LW_OK);
	}
	for (size_t i = 0; i < r->n;) {
		struct eng_key k = eng_key_audit(1, ROLE, numbers ? numbers[i] : i + 1);
		uint8_t row[4080];
		struct lw_writer w = { .p = row, .cap = sizeof(row), .max = sizeof(row) };

		lw_put_u8(&w, 1);
		lw_put_raw(&w, r->one[i].prev, 32);
		for (size_t n = 0; n < together && i < r->n; n++, i++) {
			lw_put_u16(&w, (uint16_t)r->one[i].n);
			lw_put_u32(&w, r->one[i].number);
			lw_put_raw(&w, r->one[i].hash, 4);
			lw_put_bytes(&w, octets_of(&r->one[i]));
		}
		assert_int_equal(w.err, LW_OK);
		assert_int_equal(eng_put(txn, ENG_AUDIT, eng_key_bytes(&k), lw_written(&w)), LW_OK);
	}
	assert_int_equal(eng_write_commit(txn), LW_OK);
}

static struct rows *records_of(struct box *b)
{
	struct rows *r = calloc(1, sizeof(*r));
	struct eng_txn *txn;

	assert_non_null(r);
	assert_int_equal(eng_begin(b->st, &txn), LW_OK);
	assert_int_equal(eng_audit_records(txn, 1, ROLE, 1, collect, r), LW_ENOTFOUND);
	eng_end(txn);
	assert_int_equal(r->n, MANY);
	return r;
}

/* Hashes from a record on, as somebody would who can count; ret_end is what the head would have to say. */
static void link_anew(struct rows *r, size_t from, uint8_t ret_end[32])
{
	for (size_t i = from; i < r->n; i++) {
		if (i)
			memcpy(r->one[i].prev, r->one[i - 1].hash, 32);
		eng_audit_link(r->one[i].prev, i + 1, octets_of(&r->one[i]), r->one[i].hash);
	}
	memcpy(ret_end, r->one[r->n - 1].hash, 32);
}

static void set_head(struct box *b, uint64_t seq, const uint8_t hash[32], bool mac_too)
{
	struct eng_key k = eng_key_audit(1, ROLE, 0);
	struct lw_bytes v;
	struct eng_txn *txn;
	uint8_t head[256];

	assert_int_equal(eng_write_begin(b->st, &txn), LW_OK);
	assert_int_equal(eng_get(txn, ENG_AUDIT_HEAD, eng_key_bytes(&k), &v), LW_OK);
	memcpy(head, v.p, v.n);
	eng_store64(head + 1, seq);
	memcpy(head + 9, hash, 32);
	if (mac_too)
		memcpy(head + 41, head + 1, 40);
	assert_int_equal(eng_put(txn, ENG_AUDIT_HEAD, eng_key_bytes(&k), (struct lw_bytes){ head, v.n }), LW_OK);
	assert_int_equal(eng_write_commit(txn), LW_OK);
}

static void whole(struct box *b)
{
	struct eng_audit_walk w = verify(b);

	assert_int_equal(w.bad, 0);
	assert_int_equal(w.at.seq, MANY);
	assert_int_equal(box_problems(b, true), 0);
}

static void found(struct box *b, uint64_t seq, const char *why)
{
	struct eng_audit_walk w = verify(b);

	assert_int_equal(w.bad, seq);
	assert_string_equal(w.why, why);
	assert_int_not_equal(box_problems(b, false), 0);
}

static void found_in(struct box *b, const struct rows *r, uint64_t seq, const char *why)
{
	rewrite(b, r, NULL);
	found(b, seq, why);
}

static void alterations_are_found(void **state)
{
	static const size_t places[] = { 0, 1, MANY / 2, MANY - 2, MANY - 1 }, rows[] = { 1, 7 };
	struct rows *r;
	struct box b;

	fill(&b);
	r = records_of(&b);
	for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
		together = rows[j];
		rewrite(&b, r, NULL); /* what the test does by itself alters nothing */
		whole(&b);
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			struct one *o = &r->one[places[i]];
			char *c = memmem(o->octets, o->n, "192.0.2.1", 9);

			assert_non_null(c);
			c[8] = '2';
			rewrite(&b, r, NULL);
			found(&b, places[i] + 1, "altered");
			c[8] = '1';
		}
		rewrite(&b, r, NULL);
		whole(&b);
	}
	together = 1;
	free(r);
	box_close(&b);
}

static void drops_and_swaps_are_found(void **state)
{
	uint64_t numbers[MANY + 8];
	struct rows *r, *all;
	struct box b;

	fill(&b);
	all = records_of(&b);
	r = malloc(sizeof(*r));
	assert_non_null(r);
	for (uint64_t gone = 1; gone < MANY; gone += 97) { /* dropped, with a gap */
		*r = *all;
		memmove(&r->one[gone - 1], &r->one[gone], (MANY - gone) * sizeof(r->one[0]));
		r->n--;
		for (uint64_t i = 0; i < r->n; i++)
			numbers[i] = i + 1 < gone ? i + 1 : i + 2;
		rewrite(&b, r, numbers);
		found(&b, gone, "dropped");
		rewrite(&b, r, NULL); /* … and moved up */
		found(&b, gone, "swapped");
	}
	*r = *all;
	r->one[10] = all->one[20];
	r->one[20] = all->one[10];
	rewrite(&b, r, NULL);
	found(&b, 11, "swapped");
	*r = *all; /* numbers exchanged as well: the hashes tell */
	r->one[10] = all->one[20];
	r->one[10].number = 11;
	rewrite(&b, r, NULL);
	found(&b, 10, "altered");
	memcpy(r->one[10].prev, all->one[10].prev, 32); /* … its own, once it says what was before it */
	rewrite(&b, r, NULL);
	found(&b, 11, "altered");
	together = 9; /* in the midst of a row */
	found_in(&b, r, 11, "altered");
	*r = *all;
	memmove(&r->one[30], &r->one[31], (MANY - 31) * sizeof(r->one[0]));
	r->n--;
	found_in(&b, r, 31, "swapped");
	together = 1;
	free(r);
	free(all);
	box_close(&b);
}

static void truncation_is_found(void **state)
{
	uint8_t end[32];
	struct rows *r;
	struct box b;

	fill(&b);
	assert_int_equal(box_do(&b, put_mac, NULL), LW_OK);
	r = records_of(&b);
	r->n = MANY - 5;
	rewrite(&b, r, NULL);
	found(&b, MANY - 4, "truncated");
	link_anew(r, r->n, end); /* the head set back as well: keyd's mark tells */
	set_head(&b, r->n, end, false);
	found(&b, MANY - 4, "truncated");
	r->n = 0; /* everything gone */
	rewrite(&b, r, NULL);
	memset(end, 0, sizeof(end));
	set_head(&b, 0, end, false);
	found(&b, 1, "truncated");
	free(r);
	box_close(&b);
}

static void a_chain_written_anew_is_found(void **state)
{
	uint8_t end[32];
	struct rows *r;
	struct box b;
	char *c;

	fill(&b);
	assert_int_equal(box_do(&b, put_mac, NULL), LW_OK);
	r = records_of(&b);
	c = memmem(r->one[4].octets, r->one[4].n, "192.0.2.1", 9);
	c[8] = '9';
	link_anew(r, 4, end);
	rewrite(&b, r, NULL);
	found(&b, MANY, "rewritten"); /* every link holds; the MACed one is another */
	set_head(&b, MANY, end, false);
	found(&b, MANY, "rewritten");
	set_head(&b, MANY, end, true); /* and now only the MAC can tell: keyd's part */
	whole(&b);
	free(r);
	box_close(&b);
}

static int put_trim(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	static const uint8_t mac[32] = { 0xbb };

	eng_fx_audit_trim(fx, 1, ROLE, ctx, 8, mac);
	return LW_OK;
}

static int keep_mark(void *ctx, const struct eng_audit_record *r)
{
	struct store_audit_mark *m = ctx;

	if (r->seq != m->seq)
		return LW_OK;
	eng_audit_link(r->prev, r->seq, r->octets, m->hash);
	return LW_EQUANTUM;
}

static void trimming_keeps_the_rest_whole(void **state)
{
	struct store_audit_mark m = { .seq = MANY / 3 };
	struct seen s = { .from = MANY / 3 + 1 };
	struct eng_txn *txn;
	uint8_t hash[32];
	char err[256] = "", into[80];
	struct box b;

	fill(&b);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(eng_audit_records(txn, 1, ROLE, m.seq, keep_mark, &m), LW_EQUANTUM);
	eng_end(txn);
	assert_int_equal(box_do(&b, put_trim, &m), LW_OK);
	whole(&b);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(eng_audit_records(txn, 1, ROLE, m.seq + 1, look, &s), LW_ENOTFOUND);
	assert_int_equal(s.n, MANY - m.seq);
	eng_end(txn);
	snprintf(into, sizeof(into), "%s/again", b.dir);
	assert_int_equal(store_replay(b.st, into, hash, err), LW_OK);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_read_from_any_place),
		cmocka_unit_test(records_change_no_counter),
		cmocka_unit_test(the_replay_gives_the_same_chains),
		cmocka_unit_test(alterations_are_found),
		cmocka_unit_test(drops_and_swaps_are_found),
		cmocka_unit_test(truncation_is_found),
		cmocka_unit_test(a_chain_written_anew_is_found),
		cmocka_unit_test(trimming_keeps_the_rest_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
