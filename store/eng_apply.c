/* SPDX-License-Identifier: Apache-2.0 */
/* Effects onto the tables. Pure: the same effects on the same state give the same octets, whoever applies them and
 * when; neither clock nor randomness nor configuration enters. All index upkeep is here. An entry is opened once,
 * changed in memory by the effects that follow each other on it, and written once. (Long, because it is one machine:
 * the effects' functions share the open entry.) */
#include <stdlib.h>
#include "base/crypto.h"
#include "store/eng_int.h"

struct slot { /* an attribute of the open entry */
	uint16_t id;
	bool ref;
	struct lw_bytes desc;
	struct lw_bytes record; /* as it is stored, head and all */
};

struct apply {
	struct eng_txn *txn;
	uint64_t version;
	int64_t time;
	struct eng_entry head; /* the open entry; id 0: none */
	struct slot *slots;
	size_t nslots, cap;
	uint32_t tenant;       /* whose counters are at hand; 0: none */
	struct eng_counters counters;
};

#define RECORD_HEAD (2 + 1 + 4)

/* ---- counters ---- */

int eng_counters_get(struct eng_txn *txn, uint32_t tenant, struct eng_counters *ret)
{
	struct eng_key k = eng_key_tenant(tenant, 0);
	struct lw_reader r;
	struct lw_bytes v;
	int err;

	*ret = (struct eng_counters){ 0 };
	err = eng_get(txn, ENG_TENANT, eng_key_bytes(&k), &v);
	if (err)
		return err;
	lw_reader_init(&r, v);
	ret->next_id = lw_get_u64(&r);
	ret->authgen = lw_get_u64(&r);
	ret->changes = lw_get_u64(&r);
	return lw_reader_end(&r) ? LW_EIO : LW_OK;
}

static int counters_close(struct apply *ap)
{
	struct eng_key k = eng_key_tenant(ap->tenant, 0);
	uint8_t b[24];

	if (!ap->tenant)
		return LW_OK;
	eng_store64(b, ap->counters.next_id);
	eng_store64(b + 8, ap->counters.authgen);
	eng_store64(b + 16, ap->counters.changes);
	ap->tenant = 0;
	return eng_put(ap->txn, ENG_TENANT, eng_key_bytes(&k), (struct lw_bytes){ b, sizeof(b) });
}

static int counters_open(struct apply *ap, uint32_t tenant)
{
	int err;

	if (ap->tenant == tenant)
		return LW_OK;
	err = counters_close(ap);
	if (err)
		return err;
	err = eng_counters_get(ap->txn, tenant, &ap->counters);
	if (err == LW_ENOTFOUND)
		ap->counters.next_id = 1;
	else if (err)
		return err;
	ap->counters.changes = ap->version;
	ap->tenant = tenant;
	return LW_OK;
}

/* ---- the open entry ---- */

static unsigned slot_class(const struct slot *s)
{
	return eng_attr_class(s->record.n - RECORD_HEAD, s->ref);
}

static int by_place(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	unsigned cx = slot_class(x), cy = slot_class(y);

	if (cx != cy)
		return cx < cy ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return lw_cmp(x->desc, y->desc);
}

static int entry_close(struct apply *ap)
{
	struct lw_writer *w = &ap->txn->w;
	struct eng_key k;

	if (!ap->head.id)
		return LW_OK;
	if (ap->nslots > 1)
		qsort(ap->slots, ap->nslots, sizeof(*ap->slots), by_place);
	lw_writer_reset(w);
	ap->head.version = ap->version;
	eng_head_encode(w, &ap->head);
	for (size_t i = 0; i < ap->nslots; i++)
		lw_put_bytes(w, ap->slots[i].record);
	if (w->err || w->n > ENG_ENTRY_MAX)
		return w->err ? w->err : LW_ELIMIT;
	k = eng_key_entry(ap->head.tenant, ap->head.id);
	ap->head.id = 0;
	return eng_blob_put(ap->txn, ENG_ENTRY, eng_key_bytes(&k), lw_written(w));
}

static int slot_add(struct apply *ap, const struct slot *s)
{
	if (ap->nslots == ap->cap) {
		size_t cap = ap->cap ? 2 * ap->cap : 32;
		struct slot *more = lw_allocn(ap->txn->arena, cap, sizeof(*more));

		if (!more)
			return LW_ENOMEM;
		if (ap->nslots)
			memcpy(more, ap->slots, ap->nslots * sizeof(*more));
		ap->slots = more;
		ap->cap = cap;
	}
	ap->slots[ap->nslots++] = *s;
	return LW_OK;
}

/* What the effects before it left must be there: a contradiction is an internal error. */
static int entry_open(struct apply *ap, uint32_t tenant, uint64_t id)
{
	struct eng_key k = eng_key_entry(tenant, id);
	struct lw_bytes record;
	struct eng_attr a;
	size_t pos = 0, at;
	int err;

	if (ap->head.id == id && ap->head.tenant == tenant)
		return LW_OK;
	err = entry_close(ap);
	if (!err)
		err = eng_blob_get(ap->txn, ENG_ENTRY, eng_key_bytes(&k), &record);
	if (err)
		return err == LW_ENOTFOUND ? LW_EINTERNAL : err;
	record = lw_dup(ap->txn->arena, record); /* the map changes under it */
	if (!record.p)
		return LW_ENOMEM;
	if (eng_entry_decode(record, &ap->head))
		return LW_EIO;
	ap->nslots = 0;
	for (at = 0; eng_attr_next(&ap->head, &pos, &a); at = pos) {
		struct slot s = { a.id, a.ref, a.desc, { ap->head.attrs.p + at, pos - at } };

		err = slot_add(ap, &s);
		if (err)
			return err;
	}
	if (pos != ap->head.attrs.n)
		return LW_EIO;
	ap->head.tenant = tenant;
	ap->head.id = id;
	return LW_OK;
}

static bool slot_attr(const struct slot *s, struct eng_attr *ret)
{
	struct eng_entry e = { .attrs = s->record };
	size_t pos = 0;

	return eng_attr_next(&e, &pos, ret);
}

static size_t slot_find(const struct apply *ap, uint16_t id, struct lw_bytes desc)
{
	size_t i = 0;

	while (i < ap->nslots && !(ap->slots[i].id == id && lw_eq(ap->slots[i].desc, desc)))
		i++;
	return i;
}

/* Puts what the attribute holds now in slot i (the end: a new one); nothing: drops the slot. */
static int slot_set(struct apply *ap, size_t i, const struct eng_values *v, bool ref)
{
	struct lw_writer *w = &ap->txn->w;
	struct slot s = { .id = v->attr, .ref = ref };

	if (!v->n) {
		if (i < ap->nslots)
			ap->slots[i] = ap->slots[--ap->nslots];
		return LW_OK;
	}
	lw_writer_reset(w);
	eng_attr_encode(w, v->attr, ref, v->desc, v->values, v->refs, v->n);
	if (w->err)
		return w->err;
	s.record = lw_dup(ap->txn->arena, lw_written(w));
	s.desc = lw_dup(ap->txn->arena, v->desc);
	if (!s.record.p || !s.desc.p)
		return LW_ENOMEM;
	if (i < ap->nslots) {
		ap->slots[i] = s;
		return LW_OK;
	}
	return slot_add(ap, &s);
}

/* ---- values ---- */

struct vec {
	struct lw_bytes *v;
	size_t n, cap;
};

static int vec_push(struct apply *ap, struct vec *t, struct lw_bytes v)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;
		struct lw_bytes *more = lw_allocn(ap->txn->arena, cap, sizeof(*more));

		if (!more)
			return LW_ENOMEM;
		if (t->n)
			memcpy(more, t->v, t->n * sizeof(*more));
		t->v = more;
		t->cap = cap;
	}
	t->v[t->n++] = v;
	return LW_OK;
}

#define FEW 16 /* so many are looked through; more are sorted first */

static int by_octets(const void *a, const void *b)
{
	return lw_cmp(*(const struct lw_bytes *)a, *(const struct lw_bytes *)b);
}

/* For vec_has. NULL: no memory. */
static const struct lw_bytes *vec_lookup(struct apply *ap, const struct lw_bytes *v, size_t n)
{
	static const struct lw_bytes nothing;
	struct lw_bytes *copy;

	if (n <= FEW)
		return v ? v : &nothing;
	copy = lw_allocn(ap->txn->arena, n, sizeof(*copy));
	if (copy) {
		memcpy(copy, v, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), by_octets);
	}
	return copy;
}

static bool vec_has(const struct lw_bytes *v, size_t n, struct lw_bytes one)
{
	if (n > FEW)
		return bsearch(&one, v, n, sizeof(one), by_octets) != NULL;
	for (size_t i = 0; i < n; i++)
		if (lw_eq(v[i], one))
			return true;
	return false;
}

static int vec_slot(struct apply *ap, struct vec *t, const struct slot *s)
{
	struct eng_attr a;
	struct lw_bytes v;
	size_t pos = 0;
	int err = LW_OK;

	if (!slot_attr(s, &a) || a.ref)
		return LW_EIO;
	while (!err && eng_value_next(&a, &pos, &v))
		err = vec_push(ap, t, v);
	return err ? err : pos == a.values.n ? LW_OK : LW_EIO;
}

static int change_values(struct apply *ap, enum eng_change change, const struct eng_values *given)
{
	const struct schema_attr *a = schema_attr_id(given->attr);
	struct vec old = { 0 }, gone = { 0 }, came = { 0 }, after = { 0 }, others = { 0 };
	size_t i = slot_find(ap, given->attr, given->desc);
	struct eng_values now = *given;
	const struct lw_bytes *in_given = vec_lookup(ap, given->values, given->n), *in_old = NULL;
	int err = i < ap->nslots ? vec_slot(ap, &old, &ap->slots[i]) : LW_OK;

	if (!err && (!in_given || !(in_old = vec_lookup(ap, old.v, old.n))))
		err = LW_ENOMEM;
	for (size_t j = 0; !err && j < old.n; j++) {
		bool stays = change == ENG_ADD_VALUES || vec_has(in_given, given->n, old.v[j]) == (change == ENG_REPLACE);

		err = vec_push(ap, stays ? &after : &gone, old.v[j]);
	}
	others = after;
	for (size_t j = 0; !err && change != ENG_DELETE_VALUES && j < given->n; j++)
		if (!vec_has(in_old, old.n, given->values[j])) {
			err = vec_push(ap, &came, given->values[j]);
			if (!err)
				err = vec_push(ap, &after, given->values[j]);
		}
	if (err)
		return err;
	if (a && a->flags & (SCHEMA_IX_EQ | SCHEMA_IX_SUB | SCHEMA_IX_ORD | SCHEMA_UNIQUE)) {
		struct vec all = { 0 };

		for (size_t j = 0; !err && j < others.n; j++)
			err = vec_push(ap, &all, others.v[j]);
		for (size_t j = 0; !err && j < ap->nslots; j++)
			if (j != i && ap->slots[j].id == given->attr && !ap->slots[j].ref)
				err = vec_slot(ap, &all, &ap->slots[j]);
		if (!err)
			err = eng_index_change(ap->txn, ap->head.tenant, ap->head.id, given->attr, gone.v, gone.n, came.v, came.n,
				all.v, all.n);
		if (err)
			return err;
	}
	now.values = after.v;
	now.refs = NULL;
	now.n = after.n;
	return slot_set(ap, i, &now, false);
}

/* ---- references ---- */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t *sorted(struct apply *ap, const uint64_t *ids, size_t n)
{
	uint64_t *copy = lw_allocn(ap->txn->arena, n ? n : 1, sizeof(*copy));

	if (copy && n) {
		memcpy(copy, ids, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), by_number);
	}
	return copy;
}

static int ref_set(struct apply *ap, uint16_t attr, uint64_t target, bool there)
{
	struct eng_key k = eng_key_ref(ap->head.tenant, target, attr, ap->head.id);
	int err;

	if (there)
		return eng_put(ap->txn, ENG_REF, eng_key_bytes(&k), (struct lw_bytes){ (const uint8_t *)"", 0 });
	err = eng_del(ap->txn, ENG_REF, eng_key_bytes(&k));
	return err == LW_ENOTFOUND ? LW_EIO : err;
}

/* The order of ids is theirs in time, but the last takes the place of a removed one: few parts are rewritten. */
static int change_refs(struct apply *ap, enum eng_change change, const struct eng_values *given)
{
	size_t i = slot_find(ap, given->attr, given->desc), n = 0, kept = 0;
	struct eng_values now = *given;
	struct eng_attr a = { 0 };
	uint64_t *ids, *in_given, *in_old;
	int err = LW_OK;

	if (i < ap->nslots && (!slot_attr(&ap->slots[i], &a) || !a.ref))
		return LW_EIO;
	ids = lw_allocn(ap->txn->arena, a.nrefs + given->n + 1, sizeof(*ids));
	if (!ids)
		return LW_ENOMEM;
	for (; n < a.nrefs; n++)
		ids[n] = eng_ref_at(&a, n);
	in_given = sorted(ap, given->refs, given->n);
	in_old = sorted(ap, ids, n);
	if (!in_given || !in_old)
		return LW_ENOMEM;
	kept = n;
	for (size_t j = kept; change != ENG_ADD_VALUES && !err && j-- > 0;) {
		bool named = given->n && bsearch(&ids[j], in_given, given->n, sizeof(*ids), by_number);

		if (named == (change == ENG_REPLACE))
			continue;
		err = ref_set(ap, given->attr, ids[j], false);
		ids[j] = ids[--kept];
	}
	for (size_t j = 0; change != ENG_DELETE_VALUES && !err && j < given->n; j++) {
		bool twice = false;

		if (n && bsearch(&given->refs[j], in_old, n, sizeof(*ids), by_number))
			continue;
		for (size_t m = 0; m < j && given->n <= 64; m++)
			twice = twice || given->refs[m] == given->refs[j];
		if (twice)
			continue;
		err = ref_set(ap, given->attr, given->refs[j], true);
		ids[kept++] = given->refs[j];
	}
	if (err)
		return err;
	now.refs = ids;
	now.values = NULL;
	now.n = kept;
	return slot_set(ap, i, &now, true);
}

static int change_attr(struct apply *ap, enum eng_change change, const struct eng_values *v, bool ref)
{
	return ref ? change_refs(ap, change, v) : change_values(ap, change, v);
}

/* A removal names no values: the schema, or what is there, says what kind they are. */
static bool is_ref(const struct apply *ap, const struct eng_values *v)
{
	const struct schema_attr *a = schema_attr_id(v->attr);
	size_t i;

	if (v->n)
		return v->refs != NULL;
	i = slot_find(ap, v->attr, v->desc);
	return i < ap->nslots ? ap->slots[i].ref : a && a->flags & SCHEMA_REF;
}

/* ---- the effects ---- */

static int fx_entry_new(struct apply *ap, const struct eng_fx_args *a)
{
	struct eng_key k = eng_key_entry(a->head.tenant, a->head.id);
	struct lw_bytes v;
	uint8_t id[8];
	int err = entry_close(ap);

	if (err)
		return err;
	if (!a->head.id || !a->head.tenant || eng_blob_get(ap->txn, ENG_ENTRY, eng_key_bytes(&k), &v) != LW_ENOTFOUND)
		return LW_EINTERNAL;
	eng_store64(id, a->head.id);
	v = (struct lw_bytes){ id, sizeof(id) };
	k = eng_key_dn(a->head.tenant, a->head.parent, a->head.rdn_norm);
	err = eng_put_new(ap->txn, ENG_DN, eng_key_bytes(&k), v);
	if (!err) {
		k = eng_key_uuid(a->head.tenant, &a->head.uuid);
		err = eng_put_new(ap->txn, ENG_UUID, eng_key_bytes(&k), v);
	}
	if (err)
		return err == LW_EEXIST ? LW_EINTERNAL : err;
	ap->head = a->head;
	ap->nslots = 0;
	if (ap->counters.next_id <= a->head.id)
		ap->counters.next_id = a->head.id + 1;
	for (size_t i = 0; !err && i < a->nvalues; i++)
		if (a->values[i].n)
			err = change_attr(ap, ENG_ADD_VALUES, &a->values[i], a->values[i].refs != NULL);
	return err;
}

static int fx_attr(struct apply *ap, const struct eng_fx_args *a)
{
	int err = entry_open(ap, a->head.tenant, a->head.id);

	return err ? err : change_attr(ap, a->change, a->values, is_ref(ap, a->values));
}

static int fx_head(struct apply *ap, const struct eng_fx_args *a)
{
	int err = entry_open(ap, a->head.tenant, a->head.id);

	ap->head.structural = a->head.structural;
	ap->head.flags = a->head.flags;
	return err;
}

static int fx_move(struct apply *ap, const struct eng_fx_args *a)
{
	int err = entry_open(ap, a->head.tenant, a->head.id);
	struct eng_key k;
	uint8_t id[8];

	if (err)
		return err;
	k = eng_key_dn(ap->head.tenant, ap->head.parent, ap->head.rdn_norm);
	err = eng_del(ap->txn, ENG_DN, eng_key_bytes(&k));
	if (err)
		return err == LW_ENOTFOUND ? LW_EIO : err;
	ap->head.parent = a->head.parent;
	ap->head.rdn_text = a->head.rdn_text;
	ap->head.rdn_norm = a->head.rdn_norm;
	eng_store64(id, ap->head.id);
	k = eng_key_dn(ap->head.tenant, ap->head.parent, ap->head.rdn_norm);
	err = eng_put_new(ap->txn, ENG_DN, eng_key_bytes(&k), (struct lw_bytes){ id, sizeof(id) });
	return err == LW_EEXIST ? LW_EINTERNAL : err;
}

static int sealed_drop(struct apply *ap, uint32_t tenant, uint64_t id, const struct eng_sealed_key *only)
{
	struct eng_sealed_key at = { 0 };
	struct lw_bytes v;
	int err;

	while (!(err = eng_sealed_next(ap->txn, tenant, id, &at, &v))) {
		struct eng_key k = eng_key_sealed(tenant, id, at.attr, at.cls, at.generation);

		if (only && (at.attr != only->attr || at.cls != only->cls ||
				(only->generation != ENG_ALL_GENERATIONS && at.generation != only->generation)))
			continue;
		err = eng_blob_del(ap->txn, ENG_SEALED, eng_key_bytes(&k));
		if (err)
			return err;
	}
	return err == LW_ENOTFOUND ? LW_OK : err;
}

struct referrer {
	uint16_t attr;
	uint64_t holder;
	struct referrer *next;
};

/* Takes the id of a deleted entry out of everything that refers to it. */
static int refs_drop(struct apply *ap, uint32_t tenant, uint64_t id)
{
	struct referrer *list = NULL, **last = &list;
	uint64_t holder = 0;
	uint16_t attr = 0;
	int err;

	while (!(err = eng_ref_next(ap->txn, tenant, id, &attr, &holder))) {
		struct referrer *one = lw_alloc(ap->txn->arena, sizeof(*one));

		if (!one)
			return LW_ENOMEM;
		*one = (struct referrer){ attr, holder, NULL };
		*last = one;
		last = &one->next;
	}
	if (err != LW_ENOTFOUND)
		return err;
	for (const struct referrer *one = list; one; one = one->next) {
		struct eng_values v = { .attr = one->attr, .refs = &id, .n = 1 };
		size_t i = 0;

		err = entry_open(ap, tenant, one->holder);
		if (err)
			return err == LW_EINTERNAL ? LW_EIO : err;
		while (i < ap->nslots && !(ap->slots[i].id == one->attr && ap->slots[i].ref))
			i++;
		if (i == ap->nslots)
			return LW_EIO;
		v.desc = ap->slots[i].desc;
		err = change_refs(ap, ENG_DELETE_VALUES, &v);
		if (err)
			return err;
	}
	return LW_OK;
}

static int fx_entry_del(struct apply *ap, const struct eng_fx_args *a)
{
	int err = entry_open(ap, a->head.tenant, a->head.id);
	uint32_t tenant = a->head.tenant;
	uint64_t id = a->head.id;
	struct eng_key k;
	uint8_t when[8];

	if (err)
		return err;
	if (eng_has_children(ap->txn, tenant, id))
		return LW_EINTERNAL;
	while (!err && ap->nslots) {
		struct slot *s = &ap->slots[ap->nslots - 1];
		struct eng_values none = { .attr = s->id, .desc = s->desc };

		err = change_attr(ap, ENG_REPLACE, &none, s->ref);
	}
	if (!err) {
		k = eng_key_dn(tenant, ap->head.parent, ap->head.rdn_norm);
		err = eng_del(ap->txn, ENG_DN, eng_key_bytes(&k));
	}
	if (!err) {
		k = eng_key_uuid(tenant, &ap->head.uuid);
		err = eng_del(ap->txn, ENG_UUID, eng_key_bytes(&k));
	}
	if (!err) {
		eng_store64(when, (uint64_t)ap->time);
		err = eng_put(ap->txn, ENG_TOMB, eng_key_bytes(&k), (struct lw_bytes){ when, sizeof(when) });
	}
	if (!err)
		err = sealed_drop(ap, tenant, id, NULL);
	k = eng_key_entry(tenant, id);
	if (!err) {
		err = eng_blob_del(ap->txn, ENG_GRANT, eng_key_bytes(&k));
		if (err == LW_ENOTFOUND)
			err = LW_OK;
	}
	ap->head.id = 0; /* not to be written */
	if (!err)
		err = eng_blob_del(ap->txn, ENG_ENTRY, eng_key_bytes(&k));
	if (err)
		return err == LW_ENOTFOUND ? LW_EIO : err;
	return refs_drop(ap, tenant, id);
}

static int fx_sealed(struct apply *ap, const struct eng_fx_args *a)
{
	struct eng_key k = eng_key_sealed(a->head.tenant, a->head.id, a->attr, a->cls, a->number);
	struct eng_sealed_key only = { a->attr, a->cls, a->number };

	if (a->e.kind == ENG_FX_SEALED_PUT)
		return eng_blob_put(ap->txn, ENG_SEALED, eng_key_bytes(&k), a->value);
	return sealed_drop(ap, a->head.tenant, a->head.id, &only);
}

static int fx_tenant(struct apply *ap, const struct eng_fx_args *a)
{
	const struct eng_tenant *t = &a->tenant;
	struct eng_key k = eng_key_tenant(t->id, 1);
	struct lw_writer *w = &ap->txn->w;
	struct lw_bytes v;
	uint32_t next = 1;
	uint8_t id[4] = { (uint8_t)(t->id >> 24), (uint8_t)(t->id >> 16), (uint8_t)(t->id >> 8), (uint8_t)t->id };
	int err;

	lw_writer_reset(w);
	eng_tenant_encode(w, t);
	err = w->err ? w->err : eng_blob_put(ap->txn, ENG_TENANT, eng_key_bytes(&k), lw_written(w));
	if (err)
		return err;
	if (t->flags & ENG_TENANT_DELETED) {
		err = eng_del(ap->txn, ENG_TNAME, t->name);
		if (err == LW_ENOTFOUND)
			err = LW_OK;
	} else {
		err = eng_put(ap->txn, ENG_TNAME, t->name, (struct lw_bytes){ id, sizeof(id) });
	}
	if (err)
		return err;
	err = eng_meta(ap->txn, "tenant.next", &v);
	if (err && err != LW_ENOTFOUND)
		return err;
	if (!err && v.n == 4)
		next = (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
	if (t->id < next)
		return LW_OK;
	next = __builtin_bswap32(t->id + 1);
	return eng_blob_put(ap->txn, ENG_META, LW_LIT("tenant.next"), (struct lw_bytes){ (const uint8_t *)&next, 4 });
}

static int fx_authgen(struct apply *ap, const struct eng_fx_args *a)
{
	ap->counters.authgen++;
	return LW_OK;
}

static int fx_grant(struct apply *ap, const struct eng_fx_args *a)
{
	struct eng_key k = eng_key_entry(a->head.tenant, a->head.id);
	int err;

	if (a->e.kind == ENG_FX_GRANT_PUT)
		return eng_blob_put(ap->txn, ENG_GRANT, eng_key_bytes(&k), a->value);
	err = eng_blob_del(ap->txn, ENG_GRANT, eng_key_bytes(&k));
	return err == LW_ENOTFOUND ? LW_OK : err;
}

static int fx_meta(struct apply *ap, const struct eng_fx_args *a)
{
	int err;

	if (a->value.n)
		return eng_blob_put(ap->txn, ENG_META, a->name, a->value);
	err = eng_blob_del(ap->txn, ENG_META, a->name);
	return err == LW_ENOTFOUND ? LW_OK : err;
}

static int fx_tenant_del(struct apply *ap, const struct eng_fx_args *a)
{
	int err = entry_close(ap);

	ap->counters.authgen++;
	return err ? err : eng_apply_tenant_del(ap->txn, a->e.tenant, ap->time);
}

static int fx_reclaim(struct apply *ap, const struct eng_fx_args *a)
{
	int err = entry_close(ap);

	return err ? err : eng_apply_reclaim(ap->txn, a->e.tenant, (uint32_t)a->number);
}

static int fx_note(struct apply *ap, const struct eng_fx_args *a)
{
	return LW_OK;
}

static int fx_audit(struct apply *ap, const struct eng_fx_args *a)
{
	return eng_audit_apply(ap->txn, a->e.tenant, &a->audit);
}

static int (*const appliers[ENG_FX_COUNT])(struct apply *, const struct eng_fx_args *) = {
	[ENG_FX_ENTRY_NEW] = fx_entry_new, [ENG_FX_ATTR] = fx_attr,         [ENG_FX_HEAD] = fx_head,
	[ENG_FX_MOVE] = fx_move,           [ENG_FX_ENTRY_DEL] = fx_entry_del, [ENG_FX_SEALED_PUT] = fx_sealed,
	[ENG_FX_SEALED_DEL] = fx_sealed,   [ENG_FX_TENANT_PUT] = fx_tenant, [ENG_FX_AUTHGEN] = fx_authgen,
	[ENG_FX_GRANT_PUT] = fx_grant,     [ENG_FX_GRANT_DEL] = fx_grant,   [ENG_FX_META_PUT] = fx_meta,
	[ENG_FX_NOTE] = fx_note,           [ENG_FX_AUDIT] = fx_audit,
	[ENG_FX_TENANT_DEL] = fx_tenant_del, [ENG_FX_RECLAIM] = fx_reclaim,
};

int eng_apply_op(struct eng_txn *txn, uint64_t version, int64_t time, struct lw_bytes effects)
{
	struct apply ap = { .txn = txn, .version = version, .time = time };
	struct eng_effect e = { 0 };
	struct eng_fx_args args;
	size_t pos = 0;
	int err = LW_OK;

	while (!err && eng_op_next(effects, &pos, &e)) {
		err = eng_fx_decode(&e, txn->arena, &args);
		if (!err && e.tenant && e.kind != ENG_FX_AUDIT) /* no change of the tenant: caches need not look again */
			err = counters_open(&ap, e.tenant);
		if (!err)
			err = appliers[e.kind](&ap, &args);
	}
	if (!err && pos != effects.n)
		err = LW_EINVAL;
	if (!err)
		err = entry_close(&ap);
	if (!err)
		err = counters_close(&ap);
	return err;
}

/* ---- batches ---- */

int eng_log_put(struct eng_txn *txn, uint64_t seq, struct lw_bytes record)
{
	struct lw_writer *w = &txn->w;
	uint8_t key[8], sum[32];

	eng_store64(key, seq);
	lw_hash(LW_SHA256, record, sum);
	lw_writer_reset(w);
	lw_put_bytes(w, record);
	lw_put_raw(w, sum, ENG_LOG_SUM);
	return w->err ? w->err : eng_blob_put(txn, ENG_LOG, (struct lw_bytes){ key, sizeof(key) }, lw_written(w));
}

int eng_apply_log(struct eng_txn *txn, const struct eng_batch *b, struct lw_bytes record)
{
	struct lw_writer *w = &txn->w;
	struct eng_batch old;
	struct lw_bytes v;
	uint8_t key[8];
	int err = eng_log_put(txn, b->seq, record);

	eng_store64(key, b->seq);
	if (!err)
		err = eng_put(txn, ENG_IDEM, (struct lw_bytes){ b->id.b, sizeof(b->id.b) }, (struct lw_bytes){ key, sizeof(key) });
	if (!err && b->seq > ENG_IDEM_KEPT && eng_log_get(txn, b->seq - ENG_IDEM_KEPT, &v) == LW_OK &&
		eng_batch_decode(v, &old) == LW_OK) {
		err = eng_del(txn, ENG_IDEM, (struct lw_bytes){ old.id.b, sizeof(old.id.b) });
		if (err == LW_ENOTFOUND)
			err = LW_OK;
	}
	if (err)
		return err;
	lw_writer_reset(w);
	lw_put_u64(w, b->seq);
	lw_put_u64(w, b->epoch);
	lw_put_raw(w, b->origin.b, sizeof(b->origin.b));
	return w->err ? w->err : eng_blob_put(txn, ENG_META, LW_LIT("applied"), lw_written(w));
}

int eng_apply_batch(struct eng_txn *txn, struct lw_bytes record)
{
	struct eng_batch b;
	struct lw_bytes op;
	size_t pos = 0;
	uint64_t n = 0;
	int err = eng_batch_decode(record, &b);

	while (!err && eng_batch_op(&b, &pos, &op)) {
		err = eng_apply_op(txn, b.seq << ENG_SEQ_OPS | ++n, b.time, op);
		lw_arena_reset(txn->arena);
	}
	return err ? err : eng_apply_log(txn, &b, record);
}
