/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: a snapshot seen by one session; finding entries in it. */
#include <stdlib.h>
#include "store/ops.h"

/* Takes up what the session remembers of this snapshot, or starts to remember. */
static void take_cache(struct store_txn *t)
{
	struct lw_session *s = t->session;
	struct ops_cache *c = s->cache;
	uint64_t snapshot;

	if (eng_writing(t->eng) || (!c && !(c = s->cache = calloc(1, sizeof(*c)))) || c->busy)
		return;
	snapshot = eng_snapshot(t->eng);
	if (!c->valid || c->snapshot != snapshot || c->confidential != s->confidential || t->ctx.now < c->at ||
		t->ctx.now - c->at >= OPS_CACHED_US) {
		c->valid = true;
		c->confidential = s->confidential;
		c->snapshot = snapshot;
		c->base = 0;
		c->at = t->ctx.now;
		c->nsets = c->nplaces = 0;
	}
	c->busy = true;
	t->cache = c;
	for (unsigned i = 0; i < c->nsets; i++) {
		c->sets[i].next = t->sets;
		t->sets = &c->sets[i];
	}
	for (unsigned i = 0; i < c->nplaces; i++) {
		c->places[i].place.next = t->places;
		t->places = &c->places[i].place;
	}
}

int ops_txn_start(struct lw_session *s, struct eng_txn *eng, struct store_txn **ret)
{
	struct store_txn *t = lw_alloc(eng_arena(eng), sizeof(*t));

	if (!t)
		return LW_ENOMEM;
	t->session = s;
	t->eng = eng;
	t->arena = eng_arena(eng);
	t->tenant = s->tenant;
	t->ctx = (struct access_ctx){
		.now = eng_now(eng), .auth_time = s->auth_time, .methods = s->methods,
		.mfa = (s->flags & LW_CAP_MFA) != 0, .asserted = (s->flags & LW_CAP_ASSERTED) != 0,
		.confidential = s->confidential, .actor = s->actor_rights,
	};
	t->needs = access_needs(s->rights, ACCESS_READ) | access_needs(s->rights, ACCESS_SEARCH);
	if (s->actor_rights)
		t->needs |= access_needs(s->actor_rights, ACCESS_READ) | access_needs(s->actor_rights, ACCESS_SEARCH);
	t->can_see = access_any(s->rights, ACCESS_READ) || access_any(s->rights, ACCESS_SEARCH) ||
		access_any(s->rights, ACCESS_COMPARE);
	take_cache(t);
	*ret = t;
	return LW_OK;
}

int store_begin(struct lw_session *s, enum store_mode mode, struct store_txn **ret)
{
	struct eng_txn *e;
	int err = eng_begin(s->store, &e);

	if (err)
		return err;
	err = ops_session_refresh(s, e);
	if (!err)
		err = ops_txn_start(s, e, ret);
	if (err)
		eng_end(e);
	return err;
}

void store_end(struct store_txn *t)
{
	if (!t)
		return;
	if (t->cache)
		t->cache->busy = false;
	eng_end(t->eng); /* t lives in its arena */
}

uint64_t store_snapshot(const struct store_txn *t)
{
	return eng_snapshot(t->eng);
}

struct lw_arena *store_arena(struct store_txn *t)
{
	return t->arena;
}

/* ---- finding ---- */

int ops_locate(struct store_txn *t, const struct store_dn *dn, uint64_t *ret_id)
{
	const struct lw_session *s = t->session;
	uint64_t id = 1;
	int err;

	t->nchain = 0;
	if (!t->tenant || dn->n < s->nsuffix || dn->n > DN_MAX_RDNS)
		return LW_ENOTFOUND;
	for (size_t i = 0; i < s->nsuffix; i++)
		if (!lw_eq(dn->rdn[dn->n - s->nsuffix + i].norm, s->suffix[i]))
			return LW_ENOTFOUND;
	t->chain[t->nchain++] = id;
	for (size_t i = dn->n - s->nsuffix; i-- > 0;) {
		err = eng_child(t->eng, t->tenant, id, dn->rdn[i].norm, &id);
		if (err)
			return err;
		t->chain[t->nchain++] = id;
	}
	*ret_id = id;
	return LW_OK;
}

int ops_child(struct store_txn *t, uint64_t parent, const struct schema_attr *attr, const char *name, uint64_t *ret)
{
	struct dn_rdn rdn;
	int err = dn_make_rdn(t->arena, attr, lw_str(name), &rdn);

	return err ? err : eng_child(t->eng, t->tenant, parent, rdn.norm, ret);
}

void ops_set_matched(struct store_txn *t, size_t from)
{
	struct store_view v;

	t->matched = 0;
	if (from > t->nchain)
		from = t->nchain;
	for (size_t i = from; i-- > 0 && !t->matched;)
		if (ops_view_in(t, t->chain[i], &v) == LW_OK)
			t->matched = t->chain[i];
}

/* What is not there takes as long as what is hidden: for each level that is missing, another look-up and another view. */
static void look_elsewhere(struct store_txn *t, const struct store_dn *dn)
{
	size_t deep = dn->n - t->session->nsuffix + 1;
	struct store_view v;
	uint64_t id;

	if (t->result)
		t->sets = NULL; /* the writer has decided about none of its places yet */
	for (size_t i = t->nchain; i && i < deep; i++) {
		if (i + 1 < deep)
			(void)eng_child(t->eng, t->tenant, t->chain[t->nchain - 1], dn->rdn[0].norm, &id);
		(void)ops_view_in(t, t->chain[t->nchain - 1], &v);
	}
}

int ops_find(struct store_txn *t, const struct store_dn *dn, struct store_view **ret)
{
	uint64_t id;
	int err;

	t->matched = 0;
	if (!t->can_see)
		return LW_EACCES;
	err = ops_locate(t, dn, &id);
	if (err == LW_ENOTFOUND) {
		look_elsewhere(t, dn);
		ops_set_matched(t, t->nchain);
		return err;
	}
	if (!err)
		err = ops_view(t, id, ret);
	if (err == LW_ENOTFOUND)
		ops_set_matched(t, t->nchain - 1);
	return err;
}

int store_get(struct store_txn *t, const struct store_dn *dn, const struct store_view **ret)
{
	struct store_view *v;
	int err = ops_find(t, dn, &v);

	if (!err)
		*ret = v;
	return err;
}

static int get_id(struct store_txn *t, int err, uint64_t id, const struct store_view **ret)
{
	struct store_view *v;

	t->matched = 0;
	if (!t->can_see)
		return LW_EACCES;
	if (!err)
		err = ops_view(t, id, &v);
	if (!err)
		*ret = v;
	return err;
}

int store_get_uuid(struct store_txn *t, const struct lw_uuid *uuid, const struct store_view **ret)
{
	uint64_t id = 0;
	int err = eng_by_uuid(t->eng, t->tenant, uuid, &id);

	return get_id(t, err, id, ret);
}

int store_get_name(struct store_txn *t, const struct schema_attr *kind, struct lw_bytes value,
	const struct store_view **ret)
{
	struct lw_bytes norm;
	uint64_t id = 0;
	int err;

	if (!(kind->flags & SCHEMA_UNIQUE))
		return LW_EINVAL;
	if (schema_norm(kind, NULL, t->arena, value, &norm))
		err = LW_ENOTFOUND;
	else
		err = eng_by_name(t->eng, t->tenant, kind->id, norm, &id);
	return get_id(t, err, id, ret);
}

bool store_matched(struct store_txn *t, struct lw_writer *dn_text)
{
	struct lw_bytes text;

	if (!t->matched || ops_dn_text(t, t->matched, &text))
		return false;
	lw_put_bytes(dn_text, text);
	return true;
}

/* ---- places ---- */

/* Room for a place: the session's, or the transaction's. */
static struct ops_place *place_room(struct store_txn *t, size_t text, size_t depth, uint8_t **ret_text,
	uint64_t **ret_above)
{
	struct ops_cache *c = t->cache;
	struct ops_place *p;

	if (c && c->nplaces < OPS_CACHED_PLACES && text <= OPS_CACHED_TEXT && depth <= OPS_CACHED_DEPTH) {
		unsigned i = c->nplaces++;
		*ret_text = c->places[i].text;
		*ret_above = c->places[i].above;
		return &c->places[i].place;
	}
	p = lw_alloc(t->arena, sizeof(*p));
	*ret_text = lw_alloc(t->arena, text);
	*ret_above = lw_allocn(t->arena, depth, sizeof(**ret_above));
	return *ret_text && *ret_above ? p : NULL;
}

static int place_make(struct store_txn *t, uint64_t id, const struct ops_place *parent, const struct eng_entry *e,
	struct ops_place **ret)
{
	size_t n = parent ? parent->nabove : 0;
	size_t tn = e->rdn_text.n + (parent ? 1 + parent->text.n : 0);
	uint64_t *above;
	uint8_t *text;
	struct ops_place *p = place_room(t, tn, n + 1, &text, &above);

	if (!p)
		return LW_ENOMEM;
	above[0] = id;
	memcpy(text, e->rdn_text.p, e->rdn_text.n);
	if (parent) {
		memcpy(above + 1, parent->above, n * sizeof(*above));
		text[e->rdn_text.n] = ',';
		memcpy(text + e->rdn_text.n + 1, parent->text.p, parent->text.n);
	}
	*p = (struct ops_place){ .id = id, .text = { text, tn }, .nabove = n + 1, .above = above };
	*ret = p;
	return LW_OK;
}

static const struct ops_place *place_cached(const struct store_txn *t, uint64_t id)
{
	const struct ops_place *p = t->places;

	while (p && p->id != id)
		p = p->next;
	return p;
}

int ops_place(struct store_txn *t, uint64_t id, const struct ops_place **ret)
{
	uint64_t path[OPS_MAX_DEPTH];
	struct eng_entry entry[1];
	const struct ops_place *up = NULL;
	struct ops_place *p;
	size_t n = 0;
	int err;

	if (!id)
		return LW_ENOTFOUND;
	for (uint64_t at = id; at && !(up = place_cached(t, at));) {
		if (n == OPS_MAX_DEPTH)
			return LW_EIO;
		path[n++] = at;
		err = eng_entry_parent(t->eng, t->tenant, at, &at);
		if (err)
			return err;
	}
	while (n-- > 0) {
		err = eng_entry(t->eng, t->tenant, path[n], entry);
		if (!err)
			err = place_make(t, path[n], up, entry, &p);
		if (err)
			return err;
		p->next = t->places;
		t->places = p;
		up = p;
	}
	*ret = up;
	return LW_OK;
}

int ops_dn_of(struct store_txn *t, const struct eng_entry *e, struct lw_bytes *ret)
{
	const struct ops_place *up;
	uint8_t *p;
	int err;

	if (!e->parent) {
		*ret = e->rdn_text;
		return LW_OK;
	}
	err = ops_place(t, e->parent, &up);
	if (err)
		return err;
	p = lw_alloc(t->arena, e->rdn_text.n + 1 + up->text.n);
	if (!p)
		return LW_ENOMEM;
	memcpy(p, e->rdn_text.p, e->rdn_text.n);
	p[e->rdn_text.n] = ',';
	memcpy(p + e->rdn_text.n + 1, up->text.p, up->text.n);
	*ret = (struct lw_bytes){ p, e->rdn_text.n + 1 + up->text.n };
	return LW_OK;
}

int ops_dn_text(struct store_txn *t, uint64_t id, struct lw_bytes *ret)
{
	struct eng_entry e;
	int err = eng_entry(t->eng, t->tenant, id, &e);

	return err ? err : ops_dn_of(t, &e, ret);
}
