/* SPDX-License-Identifier: Apache-2.0 */
/* Random effects against a plain model: entries, every index by brute force, check, replay by hash, damage found. (Long,
 * because the model, what checks it and the damage done to it know the same tables.) */
#include "tests/unit/engine_util.h"

#define SLOTS    400 /* entries that may exist at a time */
#define VALUES   5
#define OPS      6000
#define NO_SLOT  SLOTS

struct attr_model {
	uint16_t attr;
	const char *desc;
	unsigned n;
	char *v[VALUES];
	uint64_t refs[SLOTS];
	unsigned nrefs;
};

enum { A_CN, A_CN_DE, A_UID, A_MAIL, A_DESC, A_NUM, A_MEMBER, ATTRS };
static const struct { uint16_t attr; const char *desc; } attr_rows[ATTRS] = { { CN, "cn" }, { CN, "cn;lang-de" },
	{ UID, "uid" }, { MAIL, "mail" }, { DESCRIPTION, "description" }, { UIDNUMBER, "uidNumber" }, { MEMBER, "member" } };

static struct entry_model {
	bool there;
	uint64_t id;
	unsigned parent; /* slot, or NO_SLOT for the suffix */
	char rdn[400];
	struct lw_uuid uuid;
	struct attr_model a[ATTRS];
	char secret[3000];
} model[SLOTS];
static uint64_t seed = 20261122;
static unsigned serial;

static unsigned rnd(unsigned n)
{
	return (unsigned)(next_number(&seed) % n);
}

/* Short alphabets, so that grams and values collide. */
static char *value_for(unsigned a)
{
	static const char *const words[] = { "Ann", "Bo", "Cy", "ann", "De Witt", "Ed", "annabel", "O'Neil", "Bob Ann" };
	char buf[3000];
	size_t n = 0;

	switch (a) {
	case A_CN:
	case A_CN_DE:
		n = (size_t)snprintf(buf, sizeof(buf), "%s %s", words[rnd(9)], words[rnd(9)]);
		break;
	case A_UID: /* unique */
		n = (size_t)snprintf(buf, sizeof(buf), "u%u", ++serial);
		break;
	case A_MAIL:
		n = (size_t)snprintf(buf, sizeof(buf), "m%u@acme.example", ++serial);
		break;
	case A_NUM:
		n = (size_t)snprintf(buf, sizeof(buf), "%u", rnd(2000));
		break;
	default:
		n = rnd(20) ? rnd(60) + 1 : rnd(2900) + 1; /* some of several parts */
		memset(buf, 'a' + (int)rnd(26), n);
		buf[n] = 0;
		if (n > 12)
			snprintf(buf, 12, "%u", ++serial), buf[strlen(buf)] = '.';
		n = strlen(buf);
	}
	(void)n;
	return strdup(buf);
}

static bool same_value(const struct attr_model *m, const char *v)
{
	for (unsigned i = 0; i < m->n; i++)
		if (!strcasecmp(m->v[i], v)) /* equal by the schema's rule, too: values differ in more than case */
			return true;
	return false;
}

static void clear(struct entry_model *e)
{
	for (unsigned a = 0; a < ATTRS; a++)
		for (unsigned i = 0; i < e->a[a].n; i++)
			free(e->a[a].v[i]);
	memset(e, 0, sizeof(*e));
}

/* ---- one random operation: effects and model change alike ---- */

static struct eng_values values_of(const struct attr_model *m, struct lw_bytes *room)
{
	struct eng_values v = { .attr = m->attr, .desc = lw_str(m->desc), .n = m->n };

	for (unsigned i = 0; i < m->n; i++)
		room[i] = lw_str(m->v[i]);
	v.values = room;
	if (m->attr == MEMBER) {
		v.values = NULL;
		v.refs = m->refs;
		v.n = m->nrefs;
	}
	return v;
}

static void do_add(struct eng_fx *fx, unsigned s)
{
	struct entry_model *e = &model[s];
	struct eng_entry head = { .tenant = 1 };
	struct lw_bytes room[ATTRS][VALUES];
	struct eng_values v[ATTRS];
	size_t n = 0;

	e->there = true;
	e->id = eng_fx_new_id(fx, 1);
	e->parent = NO_SLOT;
	for (unsigned i = 0; i < 3; i++) {
		unsigned p = rnd(SLOTS);

		if (p != s && model[p].there && model[p].parent == NO_SLOT)
			e->parent = p;
	}
	if (rnd(15) == 0)
		memset(e->rdn, 'x', 390);
	snprintf(e->rdn + strlen(e->rdn), sizeof(e->rdn) - strlen(e->rdn), "r%u", ++serial);
	for (unsigned i = 0; i < 16; i++)
		e->uuid.b[i] = (uint8_t)next_number(&seed);
	for (unsigned a = 0; a < ATTRS; a++) {
		struct attr_model *m = &e->a[a];

		m->attr = attr_rows[a].attr;
		m->desc = attr_rows[a].desc;
		for (unsigned i = rnd(3); a != A_MEMBER && i; i--) {
			char *c = value_for(a);

			if (same_value(m, c))
				free(c);
			else
				m->v[m->n++] = c;
		}
		for (unsigned i = rnd(4); a == A_MEMBER && i; i--) {
			unsigned t = rnd(SLOTS);
			bool dup = !model[t].there;

			for (unsigned j = 0; !dup && j < m->nrefs; j++)
				dup = m->refs[j] == model[t].id;
			if (!dup)
				m->refs[m->nrefs++] = model[t].id;
		}
		if (m->n || m->nrefs)
			v[n++] = values_of(m, room[a]);
	}
	head.id = e->id;
	head.parent = e->parent == NO_SLOT ? 1 : model[e->parent].id;
	head.uuid = e->uuid;
	head.rdn_text = head.rdn_norm = lw_str(e->rdn);
	eng_fx_entry_new(fx, &head, v, n);
}

static bool has_children(unsigned s)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (model[i].there && model[i].parent == s)
			return true;
	return false;
}

static void do_delete(struct eng_fx *fx, unsigned s)
{
	uint64_t id = model[s].id;

	eng_fx_entry_del(fx, 1, id);
	clear(&model[s]);
	for (unsigned i = 0; i < SLOTS; i++) {
		struct attr_model *m = &model[i].a[A_MEMBER];

		for (unsigned j = 0; j < m->nrefs; j++)
			if (m->refs[j] == id)
				m->refs[j--] = m->refs[--m->nrefs];
	}
}

static void do_members(struct eng_fx *fx, struct entry_model *e)
{
	struct attr_model *m = &e->a[A_MEMBER];
	struct attr_model change = { .attr = MEMBER, .desc = "member" };
	unsigned t = rnd(SLOTS), at = 0;
	struct lw_bytes room[1];
	struct eng_values v;

	if (!model[t].there)
		return;
	change.refs[change.nrefs++] = model[t].id;
	v = values_of(&change, room);
	while (at < m->nrefs && m->refs[at] != model[t].id)
		at++;
	if (rnd(6) == 0) {
		eng_fx_attr(fx, 1, e->id, ENG_REPLACE, &v);
		*m = change;
	} else if (at < m->nrefs) {
		eng_fx_attr(fx, 1, e->id, ENG_DELETE_VALUES, &v);
		m->refs[at] = m->refs[--m->nrefs];
	} else {
		eng_fx_attr(fx, 1, e->id, ENG_ADD_VALUES, &v);
		m->refs[m->nrefs++] = model[t].id;
	}
}

static void do_values(struct eng_fx *fx, struct entry_model *e, unsigned a)
{
	struct attr_model *m = &e->a[a];
	struct attr_model change = { .attr = m->attr, .desc = m->desc };
	struct lw_bytes room[VALUES];
	struct eng_values v;
	unsigned what = rnd(3);

	if (what == 0 && m->n < VALUES) {
		char *c = value_for(a);

		if (same_value(m, c)) {
			free(c);
			return;
		}
		change.v[change.n++] = c;
		v = values_of(&change, room);
		eng_fx_attr(fx, 1, e->id, ENG_ADD_VALUES, &v);
		m->v[m->n++] = c;
	} else if (what == 1 && m->n) {
		unsigned at = rnd(m->n);

		change.v[change.n++] = m->v[at];
		v = values_of(&change, room);
		eng_fx_attr(fx, 1, e->id, ENG_DELETE_VALUES, &v);
		free(m->v[at]);
		m->v[at] = m->v[--m->n];
	} else if (what == 2) {
		for (unsigned i = rnd(3); i; i--) {
			char *c = m->n && rnd(2) ? strdup(m->v[rnd(m->n)]) : value_for(a);

			if (rnd(3) == 0 && a == A_CN) /* another spelling of the same */
				c[0] ^= 0x20;
			if (same_value(&change, c))
				free(c);
			else
				change.v[change.n++] = c;
		}
		v = values_of(&change, room);
		eng_fx_attr(fx, 1, e->id, ENG_REPLACE, &v);
		for (unsigned i = 0; i < m->n; i++)
			free(m->v[i]);
		memcpy(m->v, change.v, sizeof(m->v));
		m->n = change.n;
	}
}

static void do_move(struct eng_fx *fx, unsigned s)
{
	struct entry_model *e = &model[s];
	unsigned p = rnd(SLOTS);

	if (p == s || !model[p].there || model[p].parent != NO_SLOT || has_children(s))
		p = e->parent;
	e->parent = p;
	snprintf(e->rdn, sizeof(e->rdn), "moved%u", ++serial);
	eng_fx_move(fx, 1, e->id, p == NO_SLOT ? 1 : model[p].id, lw_str(e->rdn), lw_str(e->rdn));
}

static void do_secret(struct eng_fx *fx, struct entry_model *e)
{
	size_t n = rnd(sizeof(e->secret) - 2) + 1;

	eng_fx_sealed_del(fx, 1, e->id, 700, 1, ENG_ALL_GENERATIONS);
	memset(e->secret, 0, sizeof(e->secret));
	memset(e->secret, 'A' + (int)rnd(26), n);
	eng_fx_sealed_put(fx, 1, e->id, 700, 1, serial++, lw_str(e->secret));
}

static int random_op(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	unsigned s = rnd(SLOTS);
	struct entry_model *e = &model[s];

	if (!e->there) {
		do_add(fx, s);
	} else {
		unsigned what = rnd(20);

		if (what == 0 && !has_children(s))
			do_delete(fx, s);
		else if (what == 1)
			do_move(fx, s);
		else if (what == 2)
			do_secret(fx, e);
		else if (what < 6)
			do_members(fx, e);
		else
			for (unsigned i = 1 + rnd(3); i; i--)
				do_values(fx, e, rnd(A_MEMBER));
		if (what == 7) {
			eng_fx_head(fx, 1, e->there ? e->id : 1, 5, 6);
			eng_fx_authgen(fx, 1);
		}
	}
	return eng_fx_err(fx);
}

/* ---- comparing ---- */

static void compare_entry(struct eng_txn *txn, const struct entry_model *e)
{
	struct eng_entry got;
	struct eng_attr a;
	unsigned present = 0, seen = 0;
	uint64_t id, generation;
	struct lw_bytes v;
	size_t pos = 0;

	assert_int_equal(eng_entry(txn, 1, e->id, &got), LW_OK);
	assert_int_equal(got.parent, e->parent == NO_SLOT ? 1 : model[e->parent].id);
	assert_true(lw_eq(got.rdn_text, lw_str(e->rdn)));
	assert_true(lw_uuid_eq(&got.uuid, &e->uuid));
	assert_int_equal(eng_by_uuid(txn, 1, &e->uuid, &id), LW_OK);
	assert_int_equal(id, e->id);
	assert_int_equal(eng_child(txn, 1, got.parent, lw_str(e->rdn), &id), LW_OK);
	assert_int_equal(id, e->id);
	assert_true(eng_entry_under(txn, 1, e->id, got.parent));
	if (e->secret[0]) {
		assert_int_equal(eng_sealed(txn, 1, e->id, 700, 1, &v, &generation), LW_OK);
		assert_true(lw_eq(v, lw_str(e->secret)));
	} else {
		assert_int_equal(eng_sealed(txn, 1, e->id, 700, 1, &v, &generation), LW_ENOTFOUND);
	}
	for (unsigned i = 0; i < ATTRS; i++)
		present += e->a[i].n || e->a[i].nrefs;
	while (eng_attr_next(&got, &pos, &a)) {
		const struct attr_model *m = NULL;
		unsigned n = 0;

		for (unsigned i = 0; i < ATTRS; i++)
			if (lw_eq(a.desc, lw_str(attr_rows[i].desc)))
				m = &e->a[i];
		assert_non_null(m);
		seen++;
		for (size_t at = 0; eng_value_next(&a, &at, &v); n++) {
			bool found = false;

			for (unsigned i = 0; i < m->n; i++)
				found = found || lw_eq(v, lw_str(m->v[i]));
			assert_true(found);
		}
		assert_int_equal(n, m->n);
		assert_int_equal(a.nrefs, m->nrefs);
		for (unsigned i = 0; i < m->nrefs; i++) {
			bool found = false;

			for (size_t j = 0; j < a.nrefs; j++)
				found = found || eng_ref_at(&a, j) == m->refs[i];
			assert_true(found);
			assert_true(eng_is_ref(txn, 1, m->refs[i], MEMBER, e->id));
		}
	}
	assert_int_equal(seen, present);
}

/* Does the entry hold a value of one of the cn slots (or mail) for which test says so? */
typedef bool value_test(const char *value, const void *with);

static bool is_equal(const char *value, const void *with)
{
	return !strcasecmp(value, with);
}

static bool contains(const char *value, const void *with)
{
	return strcasestr(value, with) != NULL;
}

static bool starts(const char *value, const void *with)
{
	return !strncasecmp(value, with, strlen(with));
}

static bool ends(const char *value, const void *with)
{
	size_t n = strlen(value), m = strlen(with);

	return n >= m && !strcasecmp(value + n - m, with);
}

static bool matches(const struct entry_model *e, uint16_t attr, value_test *test, const void *with)
{
	for (unsigned a = 0; a < ATTRS; a++)
		for (unsigned i = 0; attr_rows[a].attr == attr && i < e->a[a].n; i++)
			if (test(e->a[a].v[i], with))
				return true;
	return false;
}

/* exact: the set is just the matches; else it may hold more candidates. */
static void compare_set(struct eng_ids *set, uint16_t attr, value_test *test, const void *with, bool exact)
{
	static bool in[OPS * 4];
	uint64_t got, n = 0;

	if (!set)
		return;
	memset(in, 0, sizeof(in));
	for (uint64_t at = 0; eng_ids_seek(set, at, &got); at = got + 1, n++) {
		assert_true(got < OPS * 4);
		in[got] = true;
	}
	assert_int_equal(eng_ids_err(set), LW_OK);
	assert_true(n <= eng_ids_estimate(set));
	for (unsigned s = 0; s < SLOTS; s++) {
		if (!model[s].there)
			continue;
		bool want = matches(&model[s], attr, test, with);

		if (want && !in[model[s].id])
			fail_msg("attr %u, %s: entry %llu is missing", attr, (const char *)with, (unsigned long long)model[s].id);
		if (exact && !want && in[model[s].id])
			fail_msg("attr %u, %s: entry %llu is too much", attr, (const char *)with, (unsigned long long)model[s].id);
		n -= in[model[s].id];
	}
	assert_int_equal(n, 0); /* nothing of entries that are gone */
}

static void compare_indexes(struct eng_txn *txn)
{
	static const char *const values[] = { "Ann Ann", "ann bo", "Bob Ann Cy", "De Witt Ed", "nobody" };
	static const struct { enum schema_piece kind; const char *piece; value_test *test; } pieces[] = {
		{ SCHEMA_ANY, "nna", contains }, { SCHEMA_INITIAL, "ann", starts }, { SCHEMA_INITIAL, "b", starts },
		{ SCHEMA_FINAL, "witt", ends }, { SCHEMA_FINAL, "d", ends }, { SCHEMA_ANY, "e wit", contains },
		{ SCHEMA_ANY, "nn", contains }, { SCHEMA_ANY, "xyz", contains } };
	const struct schema_attr *cn = schema_attr_id(CN), *mail = schema_attr_id(MAIL);
	struct eng_ids *set;
	struct lw_bytes norm;
	uint64_t id;

	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		assert_int_equal(schema_norm(cn, NULL, eng_arena(txn), lw_str(values[i]), &norm), LW_OK);
		assert_int_equal(eng_ids_eq(txn, 1, CN, norm, &set), LW_OK);
		assert_non_null(set);
		compare_set(set, CN, is_equal, values[i], true);
	}
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		assert_int_equal(schema_sub_piece(cn, pieces[i].kind, eng_arena(txn), lw_str(pieces[i].piece), &norm), LW_OK);
		assert_int_equal(eng_ids_sub(txn, 1, CN, pieces[i].kind, norm, &set), LW_OK);
		compare_set(set, CN, pieces[i].test, pieces[i].piece, false);
	}
	assert_int_equal(schema_sub_piece(mail, SCHEMA_INITIAL, eng_arena(txn), LW_LIT("m1"), &norm), LW_OK);
	assert_int_equal(eng_ids_sub(txn, 1, MAIL, SCHEMA_INITIAL, norm, &set), LW_OK);
	assert_non_null(set);
	compare_set(set, MAIL, starts, "m1", false);
	assert_int_equal(eng_ids_eq(txn, 1, DESCRIPTION, norm, &set), LW_OK);
	assert_null(set); /* not indexed: can't say */
	for (unsigned s = 0; s < SLOTS; s++)
		for (unsigned i = 0; i < model[s].a[A_UID].n; i++) {
			assert_int_equal(schema_norm(schema_attr_id(UID), NULL, eng_arena(txn), lw_str(model[s].a[A_UID].v[i]), &norm),
				LW_OK);
			assert_int_equal(eng_by_name(txn, 1, UID, norm, &id), LW_OK);
			assert_int_equal(id, model[s].id);
		}
}

static unsigned range_lo, range_hi;

static bool in_range(const char *value, const void *with)
{
	unsigned long v = strtoul(value, NULL, 10);

	return v >= range_lo && v <= range_hi;
}

static void compare_ranges(struct eng_txn *txn)
{
	static const unsigned bounds[][2] = { { 0, 5000 }, { 100, 300 }, { 255, 256 }, { 1500, 1500 }, { 9, 100 } };
	const struct schema_attr *num = schema_attr_id(UIDNUMBER);
	struct eng_ids *set;
	struct lw_bytes lo, hi;
	char text[16];

	for (unsigned i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		range_lo = bounds[i][0];
		range_hi = bounds[i][1];
		snprintf(text, sizeof(text), "%u", range_lo);
		assert_int_equal(schema_ordkey(num, NULL, eng_arena(txn), lw_str(text), &lo), LW_OK);
		snprintf(text, sizeof(text), "%u", range_hi);
		assert_int_equal(schema_ordkey(num, NULL, eng_arena(txn), lw_str(text), &hi), LW_OK);
		assert_int_equal(eng_ids_ord(txn, 1, UIDNUMBER, lo, hi, 10000, &set), LW_OK);
		assert_non_null(set);
		compare_set(set, UIDNUMBER, in_range, "range", true);
	}
	assert_int_equal(eng_ids_ord(txn, 1, UIDNUMBER, (struct lw_bytes){ 0 }, (struct lw_bytes){ 0 }, 1, &set), LW_OK);
	assert_null(set); /* too many */
}

static void compare_refs(struct eng_txn *txn)
{
	struct eng_ids *set;
	uint64_t got, at;

	for (unsigned t = 0; t < SLOTS; t++) {
		unsigned want = 0, n = 0;

		if (!model[t].there)
			continue;
		for (unsigned s = 0; s < SLOTS; s++)
			for (unsigned j = 0; model[s].there && j < model[s].a[A_MEMBER].nrefs; j++)
				want += model[s].a[A_MEMBER].refs[j] == model[t].id;
		assert_int_equal(eng_ids_refs(txn, 1, model[t].id, MEMBER, &set), LW_OK);
		for (at = 0; eng_ids_seek(set, at, &got); at = got + 1)
			n++;
		assert_int_equal(n, want);
		assert_int_equal(eng_ids_refs(txn, 1, model[t].id, 0, &set), LW_OK);
		for (n = 0, at = 0; eng_ids_seek(set, at, &got); at = got + 1)
			n++;
		assert_int_equal(n, want);
	}
}

static void compare_all(struct box *b)
{
	struct eng_txn *txn;
	struct eng_ids *set;
	uint64_t got, at, n = 0, want = 1;
	struct lw_bytes key = { 0 };
	struct lw_arena *arena = lw_arena_new(1 << 20, false);

	assert_int_equal(eng_begin(b->st, &txn), LW_OK);
	for (unsigned s = 0; s < SLOTS; s++)
		if (model[s].there) {
			compare_entry(txn, &model[s]);
			want++;
		}
	assert_int_equal(eng_ids_all(txn, 1, &set), LW_OK);
	for (at = 0; eng_ids_seek(set, at, &got); at = got + 1)
		n++;
	assert_int_equal(n, want);
	compare_indexes(txn);
	compare_ranges(txn);
	compare_refs(txn);
	want = n = 0;
	for (unsigned s = 0; s < SLOTS; s++)
		want += model[s].there && model[s].parent == NO_SLOT;
	while (eng_child_next(txn, 1, 1, arena, &key, &got) == LW_OK)
		n++;
	assert_int_equal(n, want);
	eng_end(txn);
	lw_arena_free(arena);
}

static void clear_model(void)
{
	for (unsigned s = 0; s < SLOTS; s++)
		clear(&model[s]);
}

static void fill(struct box *b, unsigned ops)
{
	static eng_resolve *fns[64];
	static void *ctx[64];

	for (unsigned done = 0; done < ops;) {
		unsigned n = 1 + rnd(64);

		for (unsigned i = 0; i < n; i++)
			fns[i] = random_op;
		b->clock.test_wall += 1000;
		assert_int_equal(eng_submit_now(b->st, fns, ctx, n, NULL), LW_OK);
		done += n;
	}
}

static void test_random(void **state)
{
	char into[80], err[256] = "";
	uint8_t hash[32];
	struct box b;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	for (unsigned round = 0; round < 8; round++) {
		fill(&b, OPS / 8);
		compare_all(&b);
		assert_int_equal(box_problems(&b, true), 0);
	}
	snprintf(into, sizeof(into), "%s/replay", b.dir);
	if (store_replay(b.st, into, hash, err))
		fail_msg("%s", err);
	/* the hash sees a change */
	struct eng_txn *txn;
	uint8_t other[32];

	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(eng_hash(txn, other), LW_OK);
	eng_end(txn);
	assert_memory_equal(hash, other, 32);
	fill(&b, 1);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(eng_hash(txn, other), LW_OK);
	eng_end(txn);
	assert_memory_not_equal(hash, other, 32);

	/* closed and opened again, everything is there */
	store_close(b.st);
	assert_int_equal(eng_open(b.dir, STORE_OPEN_WRITE, &b.clock, (size_t)1 << 32, 0, &b.st, err), LW_OK);
	compare_all(&b);
	clear_model();
	box_close(&b);
}

/* A record changed behind the engine's back, in each table, is found. */
static void damage(struct box *b, enum eng_table table, unsigned how)
{
	struct eng_txn *txn;
	struct eng_cur *cur;
	struct lw_bytes key = { 0 }, v;
	uint8_t kb[ENG_KEY_MAX], vb[4096];
	int err;

	assert_int_equal(eng_write_begin(b->st, &txn), LW_OK);
	cur = eng_cur_get(txn, table, &err);
	assert_non_null(cur);
	assert_int_equal(eng_cur_move(txn, cur, table == ENG_META || table == ENG_ENTRY ? MDB_FIRST : MDB_LAST, &key, &v), LW_OK);
	memcpy(kb, key.p, key.n);
	memcpy(vb, v.p, v.n);
	key.p = kb;
	if (how == 0) {
		assert_int_equal(eng_del(txn, table, key), LW_OK);
	} else if (how == 1) { /* a key nobody wrote */
		kb[key.n - 1] ^= 0x55;
		assert_int_equal(eng_put(txn, table, key, (struct lw_bytes){ vb, v.n }), LW_OK);
	} else { /* a changed value */
		assert_true(v.n);
		vb[v.n / 2] ^= 0x55;
		vb[0] ^= 0x11;
		assert_int_equal(eng_put(txn, table, key, (struct lw_bytes){ vb, v.n }), LW_OK);
	}
	assert_int_equal(eng_write_commit(txn), LW_OK);
}

static void test_damage(void **state)
{
	/* for each table: 0 removed, 1 an unknown key, 2 a changed value */
	static const struct { enum eng_table table; unsigned how; } rows[] = { { ENG_META, 0 }, { ENG_TENANT, 0 },
		{ ENG_TNAME, 0 }, { ENG_TNAME, 1 }, { ENG_TNAME, 2 }, { ENG_ENTRY, 0 }, { ENG_ENTRY, 1 }, { ENG_ENTRY, 2 },
		{ ENG_SEALED, 1 }, { ENG_DN, 0 }, { ENG_DN, 1 }, { ENG_DN, 2 }, { ENG_UUID, 0 }, { ENG_UUID, 1 },
		{ ENG_UUID, 2 }, { ENG_NAME, 0 }, { ENG_NAME, 1 }, { ENG_NAME, 2 }, { ENG_EQ, 0 }, { ENG_EQ, 1 },
		{ ENG_EQ, 2 }, { ENG_ORD, 0 }, { ENG_ORD, 1 }, { ENG_SUB, 0 }, { ENG_SUB, 1 }, { ENG_SUB, 2 },
		{ ENG_REF, 0 }, { ENG_REF, 1 }, { ENG_LOG, 0 }, { ENG_LOG, 1 }, { ENG_LOG, 2 },
		{ ENG_IDEM, 0 } };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct box b;

		box_open(&b);
		assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
		fill(&b, 300);
		assert_int_equal(box_problems(&b, true), 0);
		damage(&b, rows[i].table, rows[i].how);
		if (!box_problems(&b, false))
			fail_msg("%s: damage %u is not found", eng_table_rows[rows[i].table].name, rows[i].how);
		clear_model();
		box_close(&b);
	}
}

/* Adding a value to an attribute that no index holds writes the entry's page and the log, no index. */
static int set_description(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct lw_bytes text = lw_str(ctx);
	struct eng_values v = { .attr = DESCRIPTION, .values = &text, .n = 1 };

	eng_fx_attr(fx, 1, 1, ENG_REPLACE, &v);
	return LW_OK;
}

static void test_unindexed(void **state)
{
	struct box b;
	MDB_stat before, after;
	struct eng_txn *txn;
	uint64_t version, changes;
	struct eng_entry e;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(eng_entry(txn, 1, 1, &e), LW_OK);
	version = e.version;
	changes = eng_changes(txn, 1);
	assert_int_equal(mdb_stat(txn->mdb, b.st->dbi[ENG_EQ], &before), 0);
	eng_end(txn);
	assert_int_equal(box_do(&b, set_description, (void *)(uintptr_t)"hello"), LW_OK);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(mdb_stat(txn->mdb, b.st->dbi[ENG_EQ], &after), 0);
	assert_int_equal(before.ms_entries, after.ms_entries);
	assert_int_equal(eng_entry(txn, 1, 1, &e), LW_OK);
	assert_true(e.version > version);
	assert_true(eng_changes(txn, 1) > changes);
	eng_end(txn);
	box_close(&b);
}

/* A group of 3,000 members: one more or one less rewrites few parts. */
static int big_group(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	static uint64_t ids[3001];
	struct eng_entry e = { .tenant = 1, .parent = 1 };
	char rdn[32];

	for (unsigned i = 0; i < 3001; i++) {
		e.id = ids[i] = eng_fx_new_id(fx, 1);
		e.uuid.b[0] = (uint8_t)i, e.uuid.b[1] = (uint8_t)(i >> 8);
		snprintf(rdn, sizeof(rdn), "cn=%u", i);
		e.rdn_text = e.rdn_norm = lw_str(rdn);
		struct eng_values v = { .attr = MEMBER, .refs = ids, .n = 2999 };

		eng_fx_entry_new(fx, &e, &v, i == 3000);
	}
	*(uint64_t *)ctx = e.id;
	return LW_OK;
}

static int one_member(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	uint64_t group = *(uint64_t *)ctx, id = group - 1;
	struct eng_values v = { .attr = MEMBER, .refs = &id, .n = 1 };

	eng_fx_attr(fx, 1, group, ENG_ADD_VALUES, &v);
	return LW_OK;
}

static void test_big_group(void **state)
{
	struct eng_entry e;
	struct eng_attr a;
	struct eng_txn *txn;
	uint64_t group;
	struct box b;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	assert_int_equal(box_do(&b, big_group, &group), LW_OK);
	assert_int_equal(box_do(&b, one_member, &group), LW_OK);
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	assert_int_equal(eng_entry(txn, 1, group, &e), LW_OK);
	assert_true(eng_attr_find(&e, MEMBER, &a));
	assert_int_equal(a.nrefs, 3000);
	assert_int_equal(eng_ref_at(&a, 2999), group - 1);
	eng_end(txn);
	assert_int_equal(box_problems(&b, true), 0);
	box_close(&b);
}

static void test_open_errors(void **state)
{
	char err[256], path[128];
	struct store *st;
	struct box b;

	box_open(&b);
	assert_int_equal(store_open("/nonexistent/dir", STORE_OPEN_READ, &lw_clock_system, &st, err), LW_ENOTFOUND);
	assert_int_equal(store_open("/nonexistent/dir", STORE_OPEN_CREATE, &lw_clock_system, &st, err), LW_ENOTFOUND);
	assert_int_equal(store_open(b.dir, STORE_OPEN_CREATE, &lw_clock_system, &st, err), LW_EEXIST);
	store_close(b.st);
	snprintf(path, sizeof(path), "%s/db/data.mdb", b.dir);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (unsigned i = 0; i < 1000; i++)
		fputs("this is not a database\n", f);
	fclose(f);
	assert_int_equal(store_open(b.dir, STORE_OPEN_WRITE, &lw_clock_system, &st, err), LW_EVERSION);
	assert_non_null(strstr(err, "not a database"));
	b.st = NULL;
	box_close(&b);
}

static void test_tenants(void **state)
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct store_tenant t, *list;
	struct box b;
	size_t n;

	box_open(&b);
	assert_int_equal(store_tenant_list(b.st, arena, &list, &n), LW_OK);
	assert_int_equal(n, 0);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	assert_int_equal(store_tenant_by_name(b.st, arena, LW_LIT("ACME.example"), &t), LW_OK);
	assert_int_equal(t.id, 1);
	assert_string_equal(t.realm, "ACME.EXAMPLE");
	assert_true(t.enabled);
	assert_true(lw_eq(t.keys, LW_LIT("wrapped")));
	assert_int_equal(store_tenant_by_name(b.st, arena, LW_LIT("beta.example"), &t), LW_ENOTFOUND);
	assert_int_equal(store_tenant_by_id(b.st, arena, 2, &t), LW_ENOTFOUND);
	assert_int_equal(store_tenant_list(b.st, arena, &list, &n), LW_OK);
	assert_int_equal(n, 1);
	lw_arena_free(arena);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_unindexed), cmocka_unit_test(test_big_group), cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_tenants) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
