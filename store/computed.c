/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes that are not stored as text: made from the entry's head, the tree and the reference table. */
#include "store/ops.h"

#define MAX_LOOK 256   /* children looked at for a visible one */
#define MAX_COUNT 4096 /* visible children counted */

typedef int compute(struct store_txn *, const struct eng_entry *, struct ops_values *);

static int one(struct store_txn *t, struct lw_bytes value, struct ops_values *ret)
{
	ret->v = lw_alloc(t->arena, sizeof(*ret->v));
	if (!ret->v)
		return LW_ENOMEM;
	ret->v[0] = value;
	ret->n = 1;
	return LW_OK;
}

static int entry_dn(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	struct lw_bytes dn;
	int err = ops_dn_of(t, e, &dn);

	return err ? err : one(t, dn, ret);
}

static int subschema(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	return one(t, lw_str(ops_subschema_dn), ret);
}

static int entry_uuid(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	char *text = lw_alloc(t->arena, LW_UUID_TEXT);

	if (!text)
		return LW_ENOMEM;
	lw_uuid_format(&e->uuid, text);
	return one(t, lw_str(text), ret);
}

static int structural(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	const struct schema_class *c;

	for (size_t i = 0; (c = schema_class_at(i)) != NULL; i++)
		if (c->id == e->structural)
			return one(t, lw_str(c->names[0]), ret);
	return LW_ENOATTR;
}

/* Counts visible children, up to max; false: there were too many to tell. */
static bool count_children(struct store_txn *t, const struct eng_entry *e, size_t max, size_t look, size_t *ret)
{
	struct lw_bytes key = { 0 };
	struct store_view v;
	uint64_t id;

	*ret = 0;
	while (look-- > 0) {
		if (eng_child_next(t->eng, t->tenant, e->id, t->arena, &key, &id))
			return true;
		if (ops_view_in(t, id, &v) == LW_OK && ++*ret == max)
			return true;
	}
	return false;
}

static int has_subordinates(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	size_t n;

	count_children(t, e, 1, MAX_LOOK, &n);
	return one(t, n ? LW_LIT("TRUE") : LW_LIT("FALSE"), ret);
}

static int num_subordinates(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	size_t n;

	if (!count_children(t, e, MAX_COUNT, MAX_COUNT, &n) || n == MAX_COUNT)
		return LW_ENOATTR;
	return one(t, lw_str(lw_printf(t->arena, "%zu", n)), ret);
}

static int member_of(struct store_txn *t, const struct eng_entry *e, struct ops_values *ret)
{
	const uint16_t attrs[] = { ops_known()->member->id, ops_known()->uniqueMember->id };
	struct store_view v;
	struct eng_ids *ids;
	size_t cap = 0;
	int err;

	ret->n = 0;
	for (size_t i = 0; i < 2; i++) {
		uint64_t next = 0, holder;
		err = eng_ids_refs(t->eng, t->tenant, e->id, attrs[i], &ids);
		if (err)
			return err;
		for (; ids && eng_ids_seek(ids, next, &holder); next = holder + 1) {
			if (i && eng_is_ref(t->eng, t->tenant, e->id, attrs[0], holder))
				continue; /* seen */
			if (ret->n == cap) {
				struct lw_bytes *more = lw_allocn(t->arena, 2 * cap + 8, sizeof(*more));
				if (!more)
					return LW_ENOMEM;
				if (cap)
					memcpy(more, ret->v, ret->n * sizeof(*more));
				ret->v = more;
				cap = 2 * cap + 8;
			}
			err = ops_view_in(t, holder, &v);
			if (err == LW_ENOTFOUND)
				continue; /* hidden */
			if (!err)
				err = ops_dn_of(t, &v.e, &ret->v[ret->n]);
			if (err)
				return err;
			ret->n++;
		}
	}
	return ret->n ? LW_OK : LW_ENOATTR;
}

/* in the order they are printed */
#define COMPUTED(X)                                                                                         \
	X(structuralObjectClass, structural) X(entryUUID, entry_uuid) X(entryDN, entry_dn)                  \
	X(subschemaSubentry, subschema) X(hasSubordinates, has_subordinates)                                \
	X(numSubordinates, num_subordinates) X(memberOf, member_of)

static compute *const functions[] = {
#define X(name, fn) fn,
	COMPUTED(X)
#undef X
};
const size_t ops_ncomputed = sizeof(functions) / sizeof(functions[0]);

const struct schema_attr *ops_computed_at(size_t i)
{
	const struct ops_known *k = ops_known();
	const struct schema_attr *const attrs[] = {
#define X(name, fn) k->name,
		COMPUTED(X)
#undef X
	};
	return attrs[i];
}

bool ops_is_computed(const struct schema_attr *a)
{
	const struct ops_known *k = ops_known();

	return a->flags & SCHEMA_COMPUTED || a == k->entryUUID || a == k->structuralObjectClass;
}

int ops_computed(struct store_txn *t, const struct eng_entry *e, const struct schema_attr *attr, struct ops_values *ret)
{
	for (size_t i = 0; i < ops_ncomputed; i++)
		if (ops_computed_at(i) == attr) {
			ret->attr = attr;
			return functions[i](t, e, ret);
		}
	return LW_ENOATTR;
}

int ops_ref_values(struct store_txn *t, const struct eng_attr *a, struct ops_values *ret)
{
	struct ops_values v = { .attr = schema_attr_id(a->id) };
	int err;

	v.v = lw_allocn(t->arena, a->nrefs + 1, sizeof(*v.v));
	if (!v.v)
		return LW_ENOMEM;
	for (size_t i = 0; i < a->nrefs; i++) {
		err = ops_dn_text(t, eng_ref_at(a, i), &v.v[v.n]);
		if (err && err != LW_ENOTFOUND)
			return err;
		v.n += !err;
	}
	*ret = v;
	return LW_OK;
}
