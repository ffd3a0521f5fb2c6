/* SPDX-License-Identifier: Apache-2.0 */
/* Searches: candidates from an index or by walking the tree, looked at in quanta. */
#include <stdlib.h>
#include "store/ops.h"

#define POOL      64               /* cursors kept for the next search */
#define SCRATCH   ((size_t)64 << 20)
#define WALK_KEYS ((size_t)1 << 20)

enum walk { WALK_BASE, WALK_IDS, WALK_TREE };

struct level {
	uint64_t parent;
	struct lw_bytes key; /* of the last child seen */
};
struct store_cursor {
	struct store *store;
	uint32_t tenant;
	struct store_search what;
	struct ops_query query;
	struct store_txn *txn; /* NULL between transactions */
	enum walk walk;
	bool planned;          /* WALK_IDS comes from an index: the scope is still to be checked */
	struct eng_ids *ids;
	uint64_t base, next;   /* next: the least id not looked at */
	bool base_done;
	unsigned looked;
	int status;
	unsigned depth;
	struct level levels[OPS_MAX_DEPTH];
	struct lw_arena *keys[2], *scratch; /* made when first needed, kept with the cursor */
	struct store_cursor *pooled;
};

/* ---- cursors are kept: a search allocates nothing in steady state ---- */

struct pool {
	pthread_mutex_t lock;
	struct store_cursor *free;
	unsigned n;
};
static pthread_mutex_t make_lock = PTHREAD_MUTEX_INITIALIZER;

static void cursor_done(struct store_cursor *c)
{
	lw_arena_free(c->keys[0]);
	lw_arena_free(c->keys[1]);
	lw_arena_free(c->scratch);
	free(c);
}

static void pool_free(void *arg)
{
	struct pool *p = arg;
	struct store_cursor *c;

	while ((c = p->free) != NULL) {
		p->free = c->pooled;
		cursor_done(c);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Before the first search, with the first session: from then on the slot is only read. */
int ops_search_prepare(struct store *st)
{
	struct pool *p;

	pthread_mutex_lock(&make_lock);
	p = eng_slot(st, ENG_SLOT_SEARCH);
	if (!p && (p = calloc(1, sizeof(*p))) != NULL) {
		pthread_mutex_init(&p->lock, NULL);
		eng_slot_set(st, ENG_SLOT_SEARCH, p, pool_free);
	}
	pthread_mutex_unlock(&make_lock);
	return p ? LW_OK : LW_ENOMEM;
}

static struct pool *pool_of(struct store *st)
{
	return eng_slot(st, ENG_SLOT_SEARCH);
}

static struct store_cursor *cursor_get(struct store *st)
{
	struct pool *p = pool_of(st);
	struct store_cursor *c = NULL;

	pthread_mutex_lock(&p->lock);
	if (p->free) {
		c = p->free;
		p->free = c->pooled;
		p->n--;
	}
	pthread_mutex_unlock(&p->lock);
	if (!c)
		c = calloc(1, sizeof(*c));
	if (c && !c->scratch && !(c->scratch = lw_arena_new(SCRATCH, false))) {
		free(c);
		return NULL;
	}
	return c;
}

void store_cursor_free(struct store_cursor *c)
{
	struct pool *p;

	if (!c)
		return;
	p = pool_of(c->store);
	pthread_mutex_lock(&p->lock);
	if (p->n < POOL) {
		c->pooled = p->free;
		p->free = c;
		p->n++;
		c = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (c)
		cursor_done(c);
}

int store_cursor_status(const struct store_cursor *c)
{
	return c->status;
}

uint64_t store_cursor_place(const struct store_cursor *c)
{
	return c->next;
}

/* ---- starting, and going on in another transaction ---- */

/* The keys of the walk outlive the quantum; what it used up besides does not. */
static int keep_keys(struct store_cursor *c)
{
	struct lw_arena *old;

	for (int i = 0; i < 2; i++)
		if (!c->keys[i] && !(c->keys[i] = lw_arena_new(WALK_KEYS, false)))
			return LW_ENOMEM;
	old = c->keys[0];
	c->keys[0] = c->keys[1];
	c->keys[1] = old;
	lw_arena_reset(c->keys[0]);
	for (unsigned i = 0; i < c->depth; i++)
		if (c->levels[i].key.n)
			c->levels[i].key = lw_dup(c->keys[0], c->levels[i].key);
	lw_arena_reset(old);
	return lw_arena_failed(c->keys[0]) ? LW_ENOMEM : LW_OK;
}

static int bind(struct store_txn *t, struct store_cursor *c)
{
	struct eng_ids *ids = NULL;
	int err = ops_query_bind(t, t->arena, c->what.filter, &c->query);

	if (err || c->what.scope == STORE_BASE)
		return err;
	if (c->walk != WALK_TREE && !(err = ops_plan(t, &c->query, &ids)) && ids) {
		c->planned = true;
	} else if (!err && c->walk != WALK_TREE && (c->base == 1 || c->what.by_id) && c->what.scope != STORE_ONE) {
		c->planned = false;
		err = eng_ids_all(t->eng, t->tenant, &ids);
	}
	if (err)
		return err;
	if (ids) {
		c->walk = WALK_IDS;
		c->ids = ids;
		return LW_OK;
	}
	if (c->next && c->walk == WALK_IDS)
		return LW_EADMINLIMIT; /* the index gave up between two quanta */
	if (c->walk != WALK_TREE) {
		c->walk = WALK_TREE;
		c->depth = 1;
		c->levels[0] = (struct level){ .parent = c->base };
	}
	return keep_keys(c);
}

/* The octets that tell a DN from every other; 0: too long to be remembered. */
static size_t dn_octets(const struct store_dn *dn, uint8_t ret[OPS_CACHED_TEXT])
{
	size_t at = 0;

	for (unsigned i = 0; i < dn->n; i++) {
		struct lw_bytes norm = dn->rdn[i].norm;

		if (norm.n + 2 > OPS_CACHED_TEXT - at)
			return 0;
		ret[at++] = (uint8_t)(norm.n >> 8);
		ret[at++] = (uint8_t)norm.n;
		memcpy(ret + at, norm.p, norm.n);
		at += norm.n;
	}
	return at;
}

/* The base must be there and visible; one that was so in this snapshot still is. */
static int find_base(struct store_txn *t, const struct store_dn *dn, uint64_t *ret)
{
	struct ops_cache *c = t->cache;
	uint8_t octets[OPS_CACHED_TEXT];
	size_t n = c ? dn_octets(dn, octets) : 0;
	struct store_view *base;
	int err;

	if (n && t->can_see && c->base && c->nbase == n && memcmp(c->base_octets, octets, n) == 0) {
		*ret = c->base;
		return LW_OK;
	}
	err = ops_find(t, dn, &base);
	if (err)
		return err;
	*ret = base->e.id;
	if (n) {
		c->base = base->e.id;
		c->nbase = n;
		memcpy(c->base_octets, octets, n);
	}
	return LW_OK;
}

int store_search(struct store_txn *t, const struct store_search *what, struct store_cursor **ret)
{
	struct store_cursor *c;
	uint64_t base;
	int err = find_base(t, what->base, &base);

	if (err)
		return err;
	c = cursor_get(t->session->store);
	if (!c)
		return LW_ENOMEM;
	c->store = t->session->store;
	c->tenant = t->tenant;
	c->what = *what;
	c->walk = WALK_BASE;
	c->planned = false;
	c->ids = NULL;
	c->base = base;
	c->next = what->by_id ? what->after : 0;
	c->base_done = what->scope == STORE_ONE || what->scope == STORE_CHILDREN;
	c->looked = 0;
	c->status = LW_OK;
	c->depth = 0;
	c->txn = t;
	err = bind(t, c);
	if (err) {
		store_cursor_free(c);
		return err;
	}
	if (c->walk == WALK_IDS)
		c->base_done = true; /* the base is among the candidates */
	*ret = c;
	return LW_OK;
}

int store_resume(struct store_txn *t, struct store_cursor *c)
{
	struct store_view v;
	int err = !t->can_see ? LW_EACCES : c->tenant != t->tenant ? LW_ENOTFOUND : ops_view_in(t, c->base, &v);

	if (!err) {
		c->txn = t;
		c->ids = NULL;
		c->looked = 0;
		err = bind(t, c);
	}
	c->status = err;
	return err;
}

/* ---- candidates ---- */

static int next_id(struct store_cursor *c, uint64_t *ret)
{
	if (!eng_ids_seek(c->ids, c->next, ret))
		return eng_ids_err(c->ids) ? eng_ids_err(c->ids) : LW_ENOTFOUND;
	c->next = *ret + 1;
	return LW_OK;
}

static int next_in_tree(struct store_cursor *c, uint64_t *ret)
{
	struct store_txn *t = c->txn;
	int err;

	while (c->depth) {
		struct level *l = &c->levels[c->depth - 1];
		err = eng_child_next(t->eng, t->tenant, l->parent, c->keys[0], &l->key, ret);
		if (err == LW_ENOTFOUND) {
			c->depth--;
			continue;
		}
		if (err)
			return err;
		if (c->what.scope != STORE_ONE) {
			if (c->depth == OPS_MAX_DEPTH)
				return LW_EADMINLIMIT;
			c->levels[c->depth++] = (struct level){ .parent = *ret };
		}
		return LW_OK;
	}
	return LW_ENOTFOUND;
}

static bool in_scope(struct store_cursor *c, const struct eng_entry *e)
{
	struct store_txn *t = c->txn;
	bool below = e->parent == c->base; /* mostly */

	switch (c->what.scope) {
	case STORE_ONE:
		return below;
	case STORE_SUB:
		if (c->base == 1 || e->id == c->base)
			return true;
		/* fall through */
	case STORE_CHILDREN:
		return e->id != c->base && (below || eng_entry_under(t->eng, t->tenant, e->parent, c->base));
	default:
		return e->id == c->base;
	}
}

static int next_candidate(struct store_cursor *c, uint64_t *ret)
{
	if (!c->base_done) {
		c->base_done = true;
		*ret = c->base;
		return LW_OK;
	}
	if (c->walk == WALK_IDS)
		return next_id(c, ret);
	return c->walk == WALK_TREE ? next_in_tree(c, ret) : LW_ENOTFOUND;
}

/* Is it a visible match? LW_ENOTFOUND: no. */
static int look_at(struct store_cursor *c, uint64_t id, struct store_view *v)
{
	int err = ops_view_in(c->txn, id, v);

	if (err)
		return err;
	if (c->walk == WALK_IDS && !in_scope(c, &v->e))
		return LW_ENOTFOUND;
	lw_arena_reset(c->scratch);
	return ops_eval(v, &c->query, c->scratch) == FILTER_TRUE ? LW_OK : LW_ENOTFOUND;
}

bool store_next(struct store_cursor *c, const struct store_view **ret)
{
	struct store_view v, *copy;
	uint64_t id;

	while (c->status == LW_OK) {
		int err;
		if (c->looked == OPS_QUANTUM) {
			c->status = LW_EQUANTUM;
			return false;
		}
		err = next_candidate(c, &id);
		if (err) {
			if (!c->looked++) /* nothing found takes as long as something hidden */
				(void)ops_view_in(c->txn, c->base, &v);
			c->status = err == LW_ENOTFOUND ? LW_OK : err;
			return false;
		}
		c->looked++;
		err = look_at(c, id, &v);
		if (err == LW_ENOTFOUND)
			continue;
		copy = err ? NULL : lw_alloc(c->txn->arena, sizeof(*copy));
		if (!copy) {
			c->status = err ? err : LW_ENOMEM;
			return false;
		}
		*copy = v;
		*ret = copy;
		return true;
	}
	return false;
}
