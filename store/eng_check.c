/* SPDX-License-Identifier: Apache-2.0 */
/* Every table against every other, in one snapshot. From each entry follows what must be in the other tables; that it
 * is there, and that there is no more (by number), makes both equal. */
#include <stdarg.h>
#include <stdio.h>
#include "store/eng_int.h"

#define REPORTS_MAX 1000 /* told one by one; the rest only counted */

struct check {
	struct eng_txn *txn;
	store_report *report;
	void *ctx;
	uint64_t problems;
	uint64_t want[ENG_TABLES], have[ENG_TABLES]; /* records or postings */
	uint64_t applied;
	uint32_t seen;        /* the tenant that of_dead looked at last */
	bool seen_dying;
	struct eng_key chunk; /* the last one seen */
	int err;
};

static void __attribute__((format(printf, 2, 3))) bad(struct check *c, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (++c->problems > REPORTS_MAX || !c->report)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	c->report(c->ctx, line);
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Is this a row of a dead tenant? What is being reclaimed agrees with nothing, and isn't counted. */
static bool of_dead(struct check *c, enum eng_table table, struct lw_bytes key)
{
	struct eng_reclaim r;
	struct eng_tenant t;
	uint32_t tenant = key.n < 4 ? 0 : load32(key.p);

	if (!tenant || !eng_reclaimed_table(table))
		return false;
	if (tenant != c->seen) {
		c->seen = tenant;
		c->seen_dying = eng_reclaim(c->txn, tenant, &r) == LW_OK;
		if (!c->seen_dying && (eng_tenant(c->txn, tenant, &t) || t.flags & ENG_TENANT_DELETED))
			bad(c, "%s: rows of tenant %u, which is not there", eng_table_rows[table].name, tenant);
	}
	return c->seen_dying;
}

typedef void each(struct check *, struct lw_bytes key, struct lw_bytes value);

/* One after the other; the callback may use the arena. */
static void walk(struct check *c, enum eng_table table, each *fn)
{
	struct eng_cur *cur = eng_cur_get(c->txn, table, &c->err);
	struct lw_bytes key = { 0 }, v;
	int err = LW_OK;

	while (cur && !(err = eng_cur_move(c->txn, cur, MDB_NEXT, &key, &v))) {
		if (!of_dead(c, table, key)) {
			c->have[table]++;
			fn(c, key, v);
		}
		lw_arena_reset(c->txn->arena);
	}
	if (err && err != LW_ENOTFOUND)
		bad(c, "%s: cannot be read on", eng_table_rows[table].name);
	eng_cur_put(c->txn, cur);
}

/* Is this a later part of a record? It must then belong to a first one. */
static bool later_part(struct check *c, enum eng_table table, struct lw_bytes key)
{
	struct eng_key k = { 0 };
	struct lw_bytes head;
	unsigned part;

	if (key.n < 2)
		return false;
	part = (unsigned)key.p[key.n - 2] << 8 | key.p[key.n - 1];
	if (!part)
		return false;
	eng_key_raw(&k, (struct lw_bytes){ key.p, key.n - 2 });
	eng_key_u16(&k, 0);
	if (eng_get(c->txn, table, eng_key_bytes(&k), &head) || head.n < ENG_BLOB_HEAD ||
		((unsigned)head.p[0] << 8 | head.p[1]) <= part)
		bad(c, "%s: a part %u that belongs to nothing", eng_table_rows[table].name, part);
	return true;
}

/* Are all its parts there? */
static void check_whole(struct check *c, enum eng_table table, struct lw_bytes key)
{
	struct lw_bytes whole;

	if (!later_part(c, table, key) && (key.n < 2 || eng_blob_get(c->txn, table, (struct lw_bytes){ key.p, key.n - 2 }, &whole)))
		bad(c, "%s: a record is not whole", eng_table_rows[table].name);
}

/* ---- entries, and what follows from them ---- */

static bool listed(struct check *c, enum eng_table table, uint32_t tenant, uint16_t attr, struct lw_bytes term,
	uint64_t id)
{
	struct eng_list_it it;
	uint64_t got;
	bool found;

	if (eng_list_open(c->txn, table, tenant, attr, term, &it))
		return false;
	found = eng_list_seek(&it, id, &got) && got == id;
	eng_cur_put(c->txn, it.cur);
	return found;
}

static bool indexed(struct check *c, unsigned flag, const struct eng_entry *e, uint16_t attr, struct lw_bytes term)
{
	struct eng_key k;
	struct lw_bytes v;
	uint64_t id;

	switch (flag) {
	case SCHEMA_IX_EQ: return listed(c, ENG_EQ, e->tenant, attr, term, e->id);
	case SCHEMA_IX_SUB: return listed(c, ENG_SUB, e->tenant, attr, term, e->id);
	case SCHEMA_IX_ORD:
		k = eng_key_ord(e->tenant, attr, term);
		eng_key_u64(&k, e->id);
		return eng_get(c->txn, ENG_ORD, eng_key_bytes(&k), &v) == LW_OK;
	default: return eng_by_name(c->txn, e->tenant, attr, term, &id) == LW_OK && id == e->id;
	}
}

static void check_index(struct check *c, const struct eng_entry *e, const struct schema_attr *a,
	const struct lw_bytes *values, size_t n)
{
	static const struct { unsigned flag; enum eng_table table; } rows[] = { { SCHEMA_IX_EQ, ENG_EQ },
		{ SCHEMA_IX_SUB, ENG_SUB }, { SCHEMA_IX_ORD, ENG_ORD }, { SCHEMA_UNIQUE, ENG_NAME } };
	struct eng_terms t = { .arena = c->txn->arena };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!(a->flags & rows[i].flag))
			continue;
		if (eng_terms_of(&t, a, rows[i].flag, values, n)) {
			c->err = LW_ENOMEM;
			return;
		}
		c->want[rows[i].table] += t.n;
		for (size_t j = 0; j < t.n; j++)
			if (!indexed(c, rows[i].flag, e, a->id, t.v[j]))
				bad(c, "%s: tenant %u entry %llu: %s is not indexed", eng_table_rows[rows[i].table].name, e->tenant,
					(unsigned long long)e->id, a->names[0]);
	}
}

static void check_refs(struct check *c, const struct eng_entry *e, const struct eng_attr *a)
{
	uint64_t parent;

	c->want[ENG_REF] += a->nrefs;
	for (size_t i = 0; i < a->nrefs; i++) {
		uint64_t target = eng_ref_at(a, i);

		if (eng_entry_parent(c->txn, e->tenant, target, &parent))
			bad(c, "entry: tenant %u entry %llu refers to %llu, which is not there", e->tenant,
				(unsigned long long)e->id, (unsigned long long)target);
		if (!eng_is_ref(c->txn, e->tenant, target, a->id, e->id))
			bad(c, "ref: tenant %u: %llu holds %llu, and no record says so", e->tenant, (unsigned long long)e->id,
				(unsigned long long)target);
	}
}

/* All values of a type over its options, for its index. */
static void check_attrs(struct check *c, const struct eng_entry *e)
{
	struct eng_attr a, b;
	size_t pos = 0, n;

	while (eng_attr_next(e, &pos, &a)) {
		const struct schema_attr *s = schema_attr_id(a.id);
		struct lw_bytes *values, v;
		size_t other = 0, room = 0, at;
		bool first = true;

		if (a.ref) {
			check_refs(c, e, &a);
			continue;
		}
		if (!s) {
			bad(c, "entry: tenant %u entry %llu: attribute %u is not in the schema", e->tenant,
				(unsigned long long)e->id, a.id);
			continue;
		}
		while (eng_attr_next(e, &other, &b)) {
			if (b.id != a.id || b.ref)
				continue;
			if (b.ber.p < a.ber.p)
				first = false;
			room += b.values.n / 2;
		}
		if (!first || !(s->flags & (SCHEMA_IX_EQ | SCHEMA_IX_SUB | SCHEMA_IX_ORD | SCHEMA_UNIQUE)))
			continue;
		values = lw_allocn(c->txn->arena, room + 1, sizeof(*values));
		if (!values) {
			c->err = LW_ENOMEM;
			return;
		}
		for (other = 0, n = 0; eng_attr_next(e, &other, &b);)
			for (at = 0; b.id == a.id && !b.ref && n < room && eng_value_next(&b, &at, &v);)
				values[n++] = v;
		check_index(c, e, s, values, n);
	}
}

static void check_place(struct check *c, const struct eng_entry *e)
{
	struct eng_counters n;
	uint64_t id;

	if (e->id == 1 ? e->parent != 0 : !eng_entry_under(c->txn, e->tenant, e->parent, 1))
		bad(c, "entry: tenant %u entry %llu hangs under nothing", e->tenant, (unsigned long long)e->id);
	if (eng_child(c->txn, e->tenant, e->parent, e->rdn_norm, &id) || id != e->id)
		bad(c, "dn: tenant %u entry %llu is not found by its name", e->tenant, (unsigned long long)e->id);
	if (eng_by_uuid(c->txn, e->tenant, &e->uuid, &id) || id != e->id)
		bad(c, "uuid: tenant %u entry %llu is not found by its UUID", e->tenant, (unsigned long long)e->id);
	if (eng_is_tomb(c->txn, e->tenant, &e->uuid))
		bad(c, "tomb: tenant %u entry %llu is alive", e->tenant, (unsigned long long)e->id);
	if (eng_counters_get(c->txn, e->tenant, &n) || n.next_id <= e->id)
		bad(c, "tenant: %u would give out id %llu again", e->tenant, (unsigned long long)e->id);
}

static void on_entry(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	struct eng_entry e;
	uint32_t tenant;
	uint64_t id;
	int err;

	if (key.n != 14) {
		bad(c, "entry: a key of %zu octets", key.n);
		return;
	}
	tenant = load32(key.p);
	id = eng_load64(key.p + 4);
	if (later_part(c, ENG_ENTRY, key))
		return;
	err = eng_entry(c->txn, tenant, id, &e);
	if (err || eng_entry_verify(&e)) {
		bad(c, "entry: tenant %u entry %llu does not decode", tenant, (unsigned long long)id);
		return;
	}
	c->want[ENG_DN]++;
	c->want[ENG_UUID]++;
	check_place(c, &e);
	check_attrs(c, &e);
}

/* ---- the other way round ---- */

static void on_count(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
}

static uint64_t ids[ENG_LIST_IDS];

/* Heads and chunks: what they hold is sorted and within bounds; the head counts what its chunks hold. */
static void check_list(struct check *c, enum eng_table table, struct lw_bytes key, struct lw_bytes v)
{
	const char *name = eng_table_rows[table].name;
	struct eng_list_it it;
	struct lw_bytes term;
	uint64_t bound;
	size_t n, len;

	c->have[table]--; /* postings are counted, not records */
	if (key.n < 7) {
		bad(c, "%s: a key of %zu octets", name, key.n);
		return;
	}
	if (key.p[6] == ENG_LIST_HEAD) {
		n = v.n < 4 ? SIZE_MAX : eng_ids_decode((struct lw_bytes){ v.p + 4, v.n - 4 }, ids, ENG_LIST_IDS);
		if (n == SIZE_MAX || (!n && !load32(v.p)))
			bad(c, "%s: a head does not decode", name);
		else
			c->have[table] += n + load32(v.p);
		return;
	}
	n = eng_ids_decode(v, ids, ENG_LIST_IDS);
	len = key.n < 9 ? SIZE_MAX : (size_t)key.p[7] << 8 | key.p[8];
	if (n == SIZE_MAX || !n || key.p[6] != ENG_LIST_CHUNK || key.n != 9 + len + 8) {
		bad(c, "%s: a chunk does not decode", name);
		return;
	}
	bound = eng_load64(key.p + key.n - 8);
	if (ids[n - 1] > bound)
		bad(c, "%s: a chunk goes past its bound", name);
	if (c->chunk.n == key.n && memcmp(c->chunk.b, key.p, key.n - 8) == 0 && ids[0] <= eng_load64(c->chunk.b + key.n - 8))
		bad(c, "%s: a chunk holds what belongs in the one before", name);
	c->chunk.n = 0;
	eng_key_raw(&c->chunk, key);
	term = (struct lw_bytes){ key.p + 9, len };
	if (eng_list_open(c->txn, table, load32(key.p), (uint16_t)(key.p[4] << 8 | key.p[5]), term, &it) || !it.chunked) {
		bad(c, "%s: a chunk without a head", name);
		return;
	}
	if (bound != UINT64_MAX) /* the last one adds up below */
		return;
	it.ntail = 0;
	for (uint64_t id = 0, count = 0;; id++, count++)
		if (!eng_list_seek(&it, id, &id)) {
			if (count != it.chunked || it.err)
				bad(c, "%s: a head counts %llu, its chunks hold %llu", name, (unsigned long long)it.chunked,
					(unsigned long long)count);
			break;
		}
	eng_cur_put(c->txn, it.cur);
}

static void on_eq(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	check_list(c, ENG_EQ, key, v);
}

static void on_sub(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	check_list(c, ENG_SUB, key, v);
}

static void on_owned(struct check *c, const char *table, struct lw_bytes key)
{
	uint64_t parent;

	if (key.n < 12 || eng_entry_parent(c->txn, load32(key.p), eng_load64(key.p + 4), &parent))
		bad(c, "%s: a record of an entry that is not there", table);
}

static void on_sealed(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	on_owned(c, "sealed", key);
	if (key.n != 4 + 8 + 2 + 1 + 8 + 2)
		bad(c, "sealed: a key of %zu octets", key.n);
	check_whole(c, ENG_SEALED, key);
}

static void on_grant(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	on_owned(c, "grant", key);
	if (key.n != 4 + 8 + 2)
		bad(c, "grant: a key of %zu octets", key.n);
	check_whole(c, ENG_GRANT, key);
}

static void on_meta(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	check_whole(c, ENG_META, key);
}

static void on_log(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	if (key.n != 8 + 2 || eng_load64(key.p) > c->applied)
		bad(c, "log: a record that was never applied");
	later_part(c, ENG_LOG, key);
}

static void on_tomb(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	if (key.n != 4 + 16 || v.n != 8)
		bad(c, "tomb: a malformed record");
}

static void on_tname(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	struct eng_tenant t;

	if (v.n != 4 || eng_tenant(c->txn, load32(v.p), &t) || !lw_eq(t.name, key))
		bad(c, "tname: %.*s is not the name of its tenant", (int)key.n, (const char *)key.p);
}

static void on_tenant(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	struct eng_reclaim r;
	struct eng_tenant t;
	uint32_t id, found;

	if (key.n == 5 && key.p[4] == 0 && v.n == 24)
		return;
	if (key.n != 7 || key.p[4] != 1) {
		bad(c, "tenant: a malformed record");
		return;
	}
	id = load32(key.p);
	if (later_part(c, ENG_TENANT, key))
		return;
	if (eng_tenant(c->txn, id, &t))
		bad(c, "tenant: %u does not decode", id);
	else if (((t.flags & ENG_TENANT_DELETED) != 0) != eng_is_tomb(c->txn, 0, &t.uuid))
		bad(c, "tomb: tenant %u is dead without one, or alive with one", id);
	else if (t.flags & ENG_TENANT_DELETED && t.keys.n)
		bad(c, "tenant: %u is dead and has keys", id);
	else if (t.flags & ENG_TENANT_DELETED && eng_reclaim(c->txn, id, &r))
		return; /* its name is free */
	else if (eng_tenant_find(c->txn, t.name, &found) || found != id)
		bad(c, "tenant: %u is not found by its name", id);
}

static void on_audit_head(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	struct eng_audit_walk w = { 0 };
	struct store_audit_head h;

	if (key.n != 5 || eng_audit_head(c->txn, load32(key.p), key.p[4], &h)) {
		bad(c, "audit.head: a malformed record");
		return;
	}
	w.at = h.gone;
	w.until = h.end;
	w.maced = h.maced;
	if (eng_audit_verify(c->txn, h.tenant, h.role, SIZE_MAX, &w))
		bad(c, "audit: tenant %u role %u cannot be read", h.tenant, h.role);
	else if (w.bad)
		bad(c, "audit: tenant %u role %u: record %llu: %s", h.tenant, h.role, (unsigned long long)w.bad, w.why);
}

static void on_audit(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	struct store_audit_head h;

	if (key.n != 13 || eng_audit_head(c->txn, load32(key.p), key.p[4], &h) || eng_load64(key.p + 5) > h.end.seq)
		bad(c, "audit: a row that belongs to no chain");
}

static void on_reclaim(struct check *c, struct lw_bytes key, struct lw_bytes v)
{
	struct eng_reclaim r;
	struct eng_tenant t;

	if (key.n != 4 || eng_reclaim(c->txn, load32(key.p), &r))
		bad(c, "reclaim: a malformed record");
	else if (eng_tenant(c->txn, r.tenant, &t) || !(t.flags & ENG_TENANT_DELETED))
		bad(c, "reclaim: tenant %u is alive", r.tenant);
}

static void check_log(struct check *c)
{
	struct eng_applied at;
	struct eng_batch b;
	struct lw_bytes v;

	if (eng_applied_get(c->txn, &at)) {
		bad(c, "meta: the applied position is not there");
		return;
	}
	c->applied = at.seq;
	walk(c, ENG_LOG, on_log);
	walk(c, ENG_IDEM, on_count);
	c->want[ENG_IDEM] = at.seq < ENG_IDEM_KEPT ? at.seq : ENG_IDEM_KEPT;
	for (uint64_t seq = at.seq; seq; seq--) {
		if (eng_log_get(c->txn, seq, &v) || eng_batch_decode(v, &b) || b.seq != seq || b.prev_seq != seq - 1)
			bad(c, "log: record %llu is missing or does not decode", (unsigned long long)seq);
		else if (at.seq - seq < ENG_IDEM_KEPT - 1 &&
			(eng_get(c->txn, ENG_IDEM, (struct lw_bytes){ b.id.b, sizeof(b.id.b) }, &v) || v.n != 8 ||
				eng_load64(v.p) != seq))
			bad(c, "idem: record %llu is not known by its id", (unsigned long long)seq);
		lw_arena_reset(c->txn->arena);
	}
}

int store_check(struct store *st, store_report *report, void *ctx, uint64_t *ret_problems)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* ids[] */
	static const enum eng_table counted[] = { ENG_DN, ENG_UUID, ENG_NAME, ENG_EQ, ENG_ORD, ENG_SUB, ENG_REF,
		ENG_IDEM };
	struct check c = { .report = report, .ctx = ctx };
	int err = eng_begin(st, &c.txn);

	if (err)
		return err;
	pthread_mutex_lock(&one);
	walk(&c, ENG_ENTRY, on_entry);
	walk(&c, ENG_DN, on_count);
	walk(&c, ENG_UUID, on_count);
	walk(&c, ENG_NAME, on_count);
	walk(&c, ENG_ORD, on_count);
	walk(&c, ENG_REF, on_count);
	walk(&c, ENG_EQ, on_eq);
	c.chunk.n = 0;
	walk(&c, ENG_SUB, on_sub);
	walk(&c, ENG_SEALED, on_sealed);
	walk(&c, ENG_GRANT, on_grant);
	walk(&c, ENG_TOMB, on_tomb);
	walk(&c, ENG_TNAME, on_tname);
	walk(&c, ENG_TENANT, on_tenant);
	walk(&c, ENG_META, on_meta);
	walk(&c, ENG_AUDIT_HEAD, on_audit_head);
	walk(&c, ENG_AUDIT, on_audit);
	walk(&c, ENG_RECLAIM, on_reclaim);
	check_log(&c);
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++)
		if (c.want[counted[i]] != c.have[counted[i]])
			bad(&c, "%s: holds %llu records, the entries give %llu", eng_table_rows[counted[i]].name,
				(unsigned long long)c.have[counted[i]], (unsigned long long)c.want[counted[i]]);
	pthread_mutex_unlock(&one);
	eng_end(c.txn);
	if (c.err)
		return c.err;
	*ret_problems = c.problems;
	return LW_OK;
}
