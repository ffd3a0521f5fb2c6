/* SPDX-License-Identifier: Apache-2.0 */
/* Principals: what kind of thing an entry is, and the groups it is in. */
#include <stdlib.h>
#include "store/ops.h"

unsigned ops_kind(const struct lw_bytes *classes, size_t n, bool *ret_user)
{
	const struct schema_class *c[64];
	size_t nc = 0;
	bool user = false;

	for (size_t i = 0; i < n && nc < 64; i++) {
		c[nc] = schema_class(classes[i]);
		if (!c[nc])
			continue;
		if ((ops_known()->person && schema_class_isa(c[nc], ops_known()->person)) ||
			(ops_known()->account && schema_class_isa(c[nc], ops_known()->account)))
			user = true;
		nc++;
	}
	*ret_user = user;
	return access_kind_of(c, nc);
}

static int cmp_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

#define FEW  64 /* so many are searched one by one; more get a table */
#define SEEN (4 * OPS_MAX_GROUPS)
struct closure {
	struct eng_txn *eng;
	uint32_t tenant;
	uint64_t *ids; /* in the order of finding; ids[0] is where it starts */
	size_t n;
	uint64_t *seen; /* open hash; NULL: not yet */
};

static bool seen_add(struct closure *c, uint64_t id)
{
	size_t at = (id * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SEEN;

	for (; c->seen[at]; at = (at + 1) % SEEN)
		if (c->seen[at] == id)
			return false;
	c->seen[at] = id;
	return true;
}

static bool closure_many(struct closure *c)
{
	uint64_t *ids = lw_allocn(eng_arena(c->eng), OPS_MAX_GROUPS + 1, sizeof(*ids));

	c->seen = calloc(SEEN, sizeof(*c->seen));
	if (!ids || !c->seen)
		return false;
	memcpy(ids, c->ids, c->n * sizeof(*ids));
	c->ids = ids;
	for (size_t i = 0; i < c->n; i++)
		seen_add(c, ids[i]);
	return true;
}

static int closure_add(struct closure *c, uint64_t id)
{
	for (size_t i = 0; !c->seen && i < c->n; i++)
		if (c->ids[i] == id)
			return LW_OK;
	if (c->n == FEW && !c->seen && !closure_many(c))
		return LW_ENOMEM;
	if (c->seen && !seen_add(c, id))
		return LW_OK;
	if (c->n == OPS_MAX_GROUPS + 1)
		return LW_ELIMIT;
	c->ids[c->n++] = id;
	return LW_OK;
}

static int closure_holders(struct closure *c, uint64_t id, uint16_t attr)
{
	uint64_t next = 0, holder;
	struct eng_ids *ids;
	int err = eng_ids_refs(c->eng, c->tenant, id, attr, &ids);

	if (err || !ids)
		return err;
	for (; eng_ids_seek(ids, next, &holder); next = holder + 1)
		if ((err = closure_add(c, holder)))
			return err;
	return eng_ids_err(ids);
}

/* The common case, a principal in a few groups that are in none, needs no table. */
static bool in_nothing(struct eng_txn *e, uint32_t tenant, uint64_t id)
{
	uint16_t attr = 0;
	uint64_t holder = 0;

	return eng_ref_next(e, tenant, id, &attr, &holder) == LW_ENOTFOUND;
}

int ops_groups(struct eng_txn *e, uint32_t tenant, uint64_t id, bool itself, const uint64_t **ret, size_t *ret_n)
{
	struct closure c = { .eng = e, .tenant = tenant };
	struct lw_arena *a = eng_arena(e);
	const struct ops_known *k = ops_known();
	int err = LW_OK;

	if (in_nothing(e, tenant, id)) {
		uint64_t *one = lw_alloc(a, sizeof(*one));
		if (!one)
			return LW_ENOMEM;
		*one = id;
		*ret = one;
		*ret_n = itself;
		return LW_OK;
	}
	c.ids = lw_allocn(a, FEW, sizeof(*c.ids));
	if (!c.ids)
		return LW_ENOMEM;
	err = closure_add(&c, id);
	for (size_t i = 0; !err && i < c.n; i++) {
		err = closure_holders(&c, c.ids[i], k->member->id);
		if (!err)
			err = closure_holders(&c, c.ids[i], k->uniqueMember->id);
	}
	if (err)
		goto out;
	if (!itself) {
		c.ids++;
		c.n--;
	}
	qsort(c.ids, c.n, sizeof(*c.ids), cmp_id);
	*ret = c.ids;
	*ret_n = c.n;
out:
	free(c.seen);
	return err;
}

static bool manages_one(struct eng_txn *e, uint32_t tenant, uint64_t id)
{
	struct eng_ids *ids;
	uint64_t holder;

	return eng_ids_refs(e, tenant, id, ops_known()->lwManagedBy->id, &ids) == LW_OK && ids &&
		eng_ids_seek(ids, 0, &holder);
}

bool ops_manages(struct eng_txn *e, uint32_t tenant, uint64_t id, const uint64_t *groups, size_t n)
{
	if (id && manages_one(e, tenant, id))
		return true;
	for (size_t i = 0; i < n; i++)
		if (manages_one(e, tenant, groups[i]))
			return true;
	return false;
}

uint64_t ops_credential_version(const struct eng_entry *e)
{
	struct eng_attr a;
	struct lw_bytes v;
	uint64_t n;

	if (!eng_attr_find(e, ops_known()->lwCredentialVersion->id, &a) || !eng_value_first(&a, &v) ||
		lw_parse_u64(v, UINT64_MAX, &n))
		return 0;
	return n;
}

enum access_who ops_who_kind(unsigned kind)
{
	static const struct {
		unsigned kind;
		enum access_who who;
	} rows[] = { { ACCESS_PERSON, ACCESS_WHO_PERSON }, { ACCESS_SERVICE, ACCESS_WHO_SERVICE },
		{ ACCESS_HOST, ACCESS_WHO_HOST }, { ACCESS_APPLICATION, ACCESS_WHO_CLIENT } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kind & rows[i].kind)
			return rows[i].who;
	return ACCESS_WHO_ANONYMOUS;
}

int ops_by_uuid(struct eng_txn *e, uint32_t tenant, const struct lw_uuid *uuid, struct eng_entry *ret)
{
	uint64_t id;
	int err = eng_by_uuid(e, tenant, uuid, &id);

	return err ? err : eng_entry(e, tenant, id, ret);
}

int ops_actor(struct eng_txn *e, uint32_t tenant, const struct lw_uuid *uuid, bool disabled_too, struct eng_entry *ret)
{
	struct eng_entry entry;
	int err = ops_by_uuid(e, tenant, uuid, &entry);

	if (err)
		return err;
	if (!(entry.flags & OPS_PRINCIPALS))
		return LW_ENOTFOUND;
	if (entry.flags & OPS_DISABLED && !disabled_too)
		return LW_EDISABLED;
	*ret = entry;
	return LW_OK;
}

int ops_who(struct eng_txn *e, uint32_t tenant, const struct lw_uuid *uuid, bool disabled_too, struct ops_who *ret)
{
	struct ops_who w = { 0 };
	int err = ops_actor(e, tenant, uuid, disabled_too, &w.e);

	if (err)
		return err;
	w.subject.tenant = tenant;
	w.subject.id = w.e.id;
	w.subject.who = ops_who_kind(w.e.flags);
	err = ops_groups(e, tenant, w.e.id, false, &w.subject.groups, &w.subject.ngroups);
	if (err)
		return err;
	w.subject.manages = ops_manages(e, tenant, w.e.id, w.subject.groups, w.subject.ngroups);
	*ret = w;
	return LW_OK;
}
