/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as the access policy sees them, and the views that come out of it. */
#include "store/ops.h"

static int take_tags(struct store_txn *t, const struct eng_entry *e, struct access_object *o)
{
	const struct schema_attr *tag = ops_known()->lwTag;
	struct lw_bytes v, *list;
	struct eng_attr a;
	size_t n = 0, pos = 0;

	if (!eng_attr_find(e, tag->id, &a))
		return LW_OK;
	while (eng_value_next(&a, &pos, &v))
		n++;
	list = lw_allocn(t->arena, n + 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	for (pos = 0, n = 0; eng_value_next(&a, &pos, &v);)
		if (schema_norm(tag, NULL, t->arena, v, &list[n]) == LW_OK)
			n++;
	o->tags = list;
	o->ntags = n;
	return LW_OK;
}

static int take_managers(struct store_txn *t, const struct eng_entry *e, struct access_object *o)
{
	struct eng_attr a;
	uint64_t *list;

	if (!eng_attr_find(e, ops_known()->lwManagedBy->id, &a))
		return LW_OK;
	list = lw_allocn(t->arena, a.nrefs + 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	for (size_t i = 0; i < a.nrefs; i++)
		list[i] = eng_ref_at(&a, i);
	o->managers = list;
	o->nmanagers = a.nrefs;
	return LW_OK;
}

/* The principal that a certificate was issued to, if he is still there. */
static int take_owner(struct store_txn *t, const struct eng_entry *e, struct access_object *o)
{
	struct lw_uuid uuid;
	struct eng_attr a;
	struct lw_bytes v;
	int err;

	if (!eng_attr_find(e, ops_known()->lwSubject->id, &a) || !eng_value_first(&a, &v) || lw_uuid_parse(v, &uuid))
		return LW_OK;
	err = eng_by_uuid(t->eng, t->tenant, &uuid, &o->owner);
	return err == LW_ENOTFOUND ? LW_OK : err;
}

static int take_above(struct store_txn *t, const struct eng_entry *e, struct access_object *o)
{
	const struct ops_place *up = NULL;
	uint64_t *above;
	size_t n = 0;
	int err = e->parent ? ops_place(t, e->parent, &up) : LW_OK;

	if (err)
		return err;
	above = lw_allocn(t->arena, 1 + (up ? up->nabove : 0), sizeof(*above));
	if (!above)
		return LW_ENOMEM;
	if (e->id)
		above[n++] = e->id;
	if (up) {
		memcpy(above + n, up->above, up->nabove * sizeof(*above));
		n += up->nabove;
	}
	o->above = above;
	o->nabove = n;
	return LW_OK;
}

int ops_object_for(struct store_txn *t, const struct eng_entry *e, unsigned needs, struct access_object *o)
{
	int err = LW_OK;

	*o = (struct access_object){ .tenant = e->tenant, .id = e->id, .kind = e->flags & OPS_KIND_MASK };
	if (needs & ACCESS_NEED_ABOVE)
		err = take_above(t, e, o);
	if (!err && e->flags & OPS_TAGS && needs & ACCESS_NEED_TAGS)
		err = take_tags(t, e, o);
	if (!err && e->flags & OPS_MANAGERS && needs & ACCESS_NEED_MANAGERS)
		err = take_managers(t, e, o);
	if (!err && e->flags & ACCESS_CERTIFICATE && needs & ACCESS_NEED_OWNER)
		err = take_owner(t, e, o);
	return err;
}

bool ops_protected(struct store_txn *t, uint64_t id)
{
	const uint64_t *groups;
	size_t n;

	if (!t->session->policy)
		return false;
	if (ops_groups(t->eng, t->tenant, id, false, &groups, &n))
		return true;
	return access_is_protected(t->session->policy->access, id, groups, n);
}

int ops_object(struct store_txn *t, const struct eng_entry *e, struct access_object *ret)
{
	int err = ops_object_for(t, e, ~0u, ret);

	if (!err && e->id)
		ret->is_protected = ops_protected(t, ret->owner ? ret->owner : e->id);
	return err;
}

bool ops_decide(struct store_txn *t, enum access_verb verb, const struct eng_entry *e, const struct schema_attr *attr)
{
	unsigned needs = access_needs(t->session->rights, verb) | (access_verbs[verb].changes ? ACCESS_NEED_OWNER : 0);
	struct access_object o;

	if (t->session->actor_rights)
		needs |= access_needs(t->session->actor_rights, verb);
	if (ops_object_for(t, e, needs, &o))
		return false;
	if (access_verbs[verb].changes && e->id)
		o.is_protected = ops_protected(t, o.owner ? o.owner : e->id);
	return access_decide(t->session->rights, verb, &o, attr, &t->ctx, NULL);
}

bool ops_may_administer(struct store_txn *t)
{
	struct access_object o = { .tenant = t->tenant, .kind = ACCESS_TENANT };

	return access_decide(t->session->rights, ACCESS_ADMINISTER, &o, NULL, &t->ctx, NULL);
}

/* ---- views ---- */

/* Entries of one kind at one place, without tags, managers and rules of their own, are alike to everyone but themselves. */
static bool shared_sets(const struct store_txn *t, const struct eng_entry *e)
{
	const struct lw_session *s = t->session;

	if (e->flags & (OPS_TAGS | OPS_MANAGERS) && t->needs & (ACCESS_NEED_TAGS | ACCESS_NEED_MANAGERS))
		return false;
	if (e->flags & ACCESS_CERTIFICATE && t->needs & ACCESS_NEED_OWNER)
		return false;
	if (s->actor_rights || e->id == s->subject_id)
		return false;
	return !ops_policy_names(s->policy, e->id);
}

static struct ops_sets *sets_for(struct store_txn *t, const struct eng_entry *e)
{
	uint64_t parent = t->needs & ACCESS_NEED_ABOVE ? e->parent : 0;
	uint32_t kind = e->flags & OPS_KIND_MASK;
	bool shared = shared_sets(t, e);
	struct ops_sets *s;

	if (shared)
		for (s = t->sets; s; s = s->next)
			if (s->kind == kind && s->parent == parent)
				return s;
	if (shared && t->cache && t->cache->nsets < OPS_CACHED_SETS)
		s = &t->cache->sets[t->cache->nsets++];
	else
		s = lw_alloc(t->arena, sizeof(*s));
	if (!s)
		return NULL;
	s->parent = parent;
	s->kind = kind;
	s->made = s->any = false;
	if (shared) {
		s->next = t->sets;
		t->sets = s;
	}
	return s;
}

int ops_view_in(struct store_txn *t, uint64_t id, struct store_view *v)
{
	struct ops_sets *s;
	struct access_object o;
	int err = eng_entry(t->eng, t->tenant, id, &v->e);

	if (err)
		return err;
	s = sets_for(t, &v->e);
	if (!s)
		return LW_ENOMEM;
	if (!s->made) {
		err = ops_object_for(t, &v->e, t->needs, &o);
		if (err)
			return err;
		access_attr_set(t->session->rights, ACCESS_READ, &o, &t->ctx, &s->set[0]);
		access_attr_set(t->session->rights, ACCESS_SEARCH, &o, &t->ctx, &s->set[1]);
		s->made = true;
		s->any = !access_set_empty(&s->set[0]) || !access_set_empty(&s->set[1]);
	}
	if (!s->any)
		return LW_ENOTFOUND;
	v->txn = t;
	v->read = &s->set[0];
	v->search = &s->set[1];
	return LW_OK;
}

int ops_view(struct store_txn *t, uint64_t id, struct store_view **ret)
{
	struct store_view *v = lw_alloc(t->arena, sizeof(*v));
	int err = v ? ops_view_in(t, id, v) : LW_ENOMEM;

	if (!err)
		*ret = v;
	return err;
}
