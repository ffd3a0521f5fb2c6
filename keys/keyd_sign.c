/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: a tenant's own signing keys. What there is of each kind, sealed; what is due; new ones; the loaded ones at hand. */
#include "keys/sign.h"

#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"

#define MINUTE       (60 * LW_SECOND)
#define DAY          (86400 * LW_SECOND)
#define LATEST       (3600 * LW_SECOND) /* ask again after so long in any case */

static const struct keys_ca_builders *ca_builders_;

void keys_ca_builders(const struct keys_ca_builders *b)
{
	ca_builders_ = b;
}

const struct keys_ca_builders *keyd_ca_builders(void)
{
	return ca_builders_;
}

/* ---- the kinds ---- */
const struct keyd_kind keyd_kinds[] = {
	{ KEYS_CA, "ca", "lwCaKey", false, keyd_ca_make, keyd_any_whole, keyd_ca_outlives, keyd_ca_load, keyd_ca_unload },
	{ KEYS_SAML, "saml", "lwSamlKey", false, keyd_saml_make, keyd_any_whole, keyd_token_outlives, keyd_saml_load, keyd_signers_unload },
	{ KEYS_JWT, "jwt", "lwJwtKey", true, keyd_jwt_make, keyd_jwt_whole, keyd_token_outlives, keyd_jwt_load, keyd_signers_unload },
};
const size_t keyd_nkinds = sizeof(keyd_kinds) / sizeof(keyd_kinds[0]);

const struct keyd_kind *keyd_kind(enum keys_kind id)
{
	for (size_t i = 0; i < keyd_nkinds; i++) {
		if (keyd_kinds[i].id == id)
			return &keyd_kinds[i];
	}
	return NULL;
}

/* ---- which of them signs, and until when the others matter ---- */
static bool together(const struct keyd_kind *kind, const struct keyd_sets *s, size_t i, size_t j)
{
	return !kind->per_alg || strncmp(s->v[i].alg, s->v[j].alg, 3) == 0; /* "rsa", "p25", "p38" */
}

bool keyd_set_current(const struct keyd_kind *kind, const struct keyd_sets *s, size_t i, int64_t now)
{
	size_t used = i;

	for (size_t j = 0; j < s->n; j++) {
		if (!together(kind, s, i, j))
			continue;
		used = j;
		if (s->v[j].use_from <= now)
			break;
	}
	return used == i;
}

int64_t keyd_set_followed(const struct keyd_kind *kind, const struct keyd_sets *s, size_t i)
{
	int64_t when = KEYD_NEVER;

	for (size_t j = 0; j < i; j++) {
		if (together(kind, s, i, j) && s->v[j].use_from < when)
			when = s->v[j].use_from;
	}
	return when;
}

int64_t keyd_set_needed(const struct keyd_kind *kind, const struct keyd_sets *s, size_t i)
{
	int64_t when = keyd_set_followed(kind, s, i);

	if (when == KEYD_NEVER)
		return when;
	return (when > s->v[i].use_from ? when : s->v[i].use_from) + kind->outlives(); /* its own time may never have come; a clock may have been turned */
}

int64_t keyd_set_next(struct keyd *k, const struct keyd_kind *kind, const struct keyd_sets *s, size_t i)
{
	int64_t age = keyd_rotation_now(k).age[kind->id];

	return age && keyd_set_followed(kind, s, i) == KEYD_NEVER ? s->v[i].created + age : KEYD_NEVER;
}

static enum keys_state state_of(const struct keyd_kind *kind, const struct keyd_sets *s, size_t i, int64_t now)
{
	if (keyd_set_current(kind, s, i, now))
		return KEYS_STATE_CURRENT;
	return s->v[i].use_from > now && keyd_set_followed(kind, s, i) > s->v[i].use_from ? KEYS_STATE_NEXT : KEYS_STATE_FORMER;
}

/* Those that nobody relies on any more; the next time that there is one. */
static void drop(struct keyd_making *m)
{
	int64_t now = lw_wall(m->k->clock);
	struct keyd_sets *s = m->sets, all = *s;

	s->n = 0;
	for (size_t i = 0; i < all.n; i++) {
		int64_t needed = keyd_set_needed(m->kind, &all, i);

		if (needed < now && !keyd_set_current(m->kind, &all, i, now)) {
			if (m->kind->id == KEYS_CA)
				keyd_sets_retire(s, &all.v[i], now);
			m->changed = true;
			continue;
		}
		s->v[s->n++] = all.v[i];
		if (needed < m->next && needed > now)
			m->next = needed;
	}
	lw_wipe(&all, sizeof(all));
}

/* A relying party may hold an assertion's certificate in its hand: those keys wait for somebody. */
const struct keys_rotation keys_rotation_default = {
	.overlap = DAY,
	.age = { 365 * DAY, [KEYS_CA] = 1095 * DAY, [KEYS_SAML] = 0, [KEYS_JWT] = 90 * DAY },
};

void keyd_rotation(struct keyd *k, const struct keys_rotation *r)
{
	pthread_mutex_lock(&k->lock);
	k->rotation = *r;
	pthread_mutex_unlock(&k->lock);
}

struct keys_rotation keyd_rotation_now(struct keyd *k)
{
	struct keys_rotation r;

	pthread_mutex_lock(&k->lock);
	r = k->rotation;
	pthread_mutex_unlock(&k->lock);
	return r;
}

/* ---- reading ---- */
int keyd_begin(struct keyd *k, uint32_t tenant, struct keyd_reading *ret)
{
	struct keyd_reading r = { NULL, NULL };
	int err = k->store ? store_session_role(k->store, tenant, STORE_ROLE_AUTH, &r.session) : LW_EUNAVAIL;

	if (!err)
		err = store_begin(r.session, STORE_READ, &r.txn);
	if (err)
		store_session_free(r.session);
	else
		*ret = r;
	return err;
}

void keyd_end(struct keyd_reading *r)
{
	store_end(r->txn);
	store_session_free(r->session);
	*r = (struct keyd_reading){ NULL, NULL };
}

static int enabled(int err, const struct store_tenant *t)
{
	return err == LW_EINVAL || (!err && !t->enabled) ? LW_ENOTFOUND : err;
}

int keyd_tenant(struct keyd *k, struct lw_arena *arena, uint32_t id, struct store_tenant *ret)
{
	return enabled(k->store ? store_tenant_by_id(k->store, arena, id, ret) : LW_EUNAVAIL, ret);
}

int keyd_tenant_named(struct keyd *k, struct lw_arena *arena, struct lw_bytes name, struct store_tenant *ret)
{
	return enabled(k->store ? store_tenant_by_name(k->store, arena, name, ret) : LW_EUNAVAIL, ret);
}

/* *ret_generation 0: none yet, and no sets. */
static int read_sets(struct keyd *k, const struct store_tenant *t, struct store_txn *txn, const struct keyd_kind *kind,
        struct lw_arena *arena, struct keyd_sets *ret, uint64_t *ret_generation)
{
	const struct schema_attr *attr = schema_attr(lw_str(kind->attr));
	struct keys_place at = { .tenant = t->uuid, .entry = t->uuid, .cls = STORE_SECRET_SIGNING };
	struct lw_bytes sealed, clear;
	uint8_t key[LW_AEAD_KEY];
	int err;

	if (!attr)
		return LW_EINTERNAL;
	at.attr = attr->id;
	err = store_tenant_sealed(txn, attr, &sealed, &at.generation);
	if (err == LW_ENOTFOUND) {
		*ret = (struct keyd_sets){ .n = 0 };
		*ret_generation = 0;
		return LW_OK;
	}
	if (!err)
		err = keys_master_unwrap(k->master, &t->uuid, t->keys, STORE_SECRET_SIGNING, key);
	if (err)
		return err;
	err = keys_open(key, &at, sealed, arena, &clear);
	lw_wipe(key, sizeof(key));
	if (!err)
		err = keyd_sets_get(clear, arena, ret);
	if (!err)
		*ret_generation = at.generation;
	else
		lw_log(LW_ERROR, "signing keys do not open", "tenant", t->name, "kind", kind->name, "error", lw_errname(err), NULL);
	return err;
}

int keyd_ca_sets(struct keyd *k, const struct store_tenant *t, struct store_txn *txn, struct lw_arena *arena, struct keyd_sets *ret,
        uint64_t *ret_generation)
{
	return read_sets(k, t, txn, keyd_kind(KEYS_CA), arena, ret, ret_generation);
}

/* ---- what is due, and what is asked for ---- */
static int seal_sets(struct keyd *k, struct keys_call *c, const struct store_tenant *t, const struct keyd_kind *kind,
        const struct keyd_sets *sets, uint64_t generation)
{
	struct lw_writer w;
	int err;

	if (c->a.nitems == KEYS_MAX_ITEMS)
		return LW_ELIMIT;
	lw_writer_init(&w, KEYS_MAX_SEALED - 64);
	w.wipe = true;
	keyd_sets_put(&w, sets);
	err = w.err;
	if (!err)
		err = keyd_seal(k, c, &t->uuid, t->keys, &t->uuid, schema_attr(lw_str(kind->attr)), STORE_SECRET_SIGNING, generation,
		        lw_written(&w));
	lw_writer_done(&w);
	return err;
}

/* One more item in c->a where something has changed. */
static int make(struct keyd_making *m, const struct keyd_kind *kind)
{
	struct keyd_sets sets;
	struct keyd_reading r;
	uint64_t generation;
	int err = keyd_begin(m->k, m->tenant->id, &r);

	if (err)
		return err;
	err = read_sets(m->k, m->tenant, r.txn, kind, m->c->arena, &sets, &generation);
	keyd_end(&r); /* none is open while keys are made */
	m->kind = kind;
	m->sets = &sets;
	m->changed = false;
	if (!err) {
		drop(m);
		err = kind->make(m);
	}
	if (!err && m->changed)
		err = seal_sets(m->k, m->c, m->tenant, kind, &sets, generation + 1);
	if (err || m->changed)
		lw_log(err ? LW_ERROR : LW_INFO, "signing keys", "tenant", m->tenant->name, "kind", kind->name, "result",
		        err ? m->why[0] ? m->why : lw_errname(err) : m->rotate ? "rotated" : "made", NULL);
	lw_wipe(&sets, sizeof(sets));
	return err;
}

/* What can't be made is said in the log, and does not keep the other kinds from being. */
int keyd_due(struct keyd *k, struct keys_call *c)
{
	int64_t now = lw_wall(k->clock), next = now + LATEST;
	struct store_tenant t;
	int err = keyd_tenant(k, c->arena, c->q.tenant, &t);

	for (size_t i = 0; !err && i < keyd_nkinds; i++) {
		struct keyd_making m = { .k = k, .c = c, .tenant = &t, .gently = true, .next = KEYD_NEVER };

		if (make(&m, &keyd_kinds[i]))
			m.next = now + MINUTE;
		if (m.next < next)
			next = m.next;
	}
	if (!err && keyd_realm_due(k, c, &t, &next))
		next = now + MINUTE;
	c->a.time = next > now ? next : now + MINUTE;
	return err == LW_ENOTFOUND ? LW_OK : err; /* of a tenant that is shut nothing is due */
}

/* Somebody waits for them. */
int keyd_want(struct keyd *k, struct keys_call *c)
{
	struct store_tenant t;
	struct keyd_making m = { .k = k, .c = c, .tenant = &t, .next = KEYD_NEVER };
	int err = keyd_tenant(k, c->arena, c->q.tenant, &t);

	return err ? err : make(&m, keyd_kind((enum keys_kind)c->q.kind));
}

static int administered(struct keyd *k, struct keys_call *c, struct store_tenant *ret)
{
	int err = c->q.tenant == c->cap.tenant ? keyd_may(k, c, c->row->verb, NULL, NULL) : LW_EACCES;

	if (!err)
		err = keyd_tenant(k, c->arena, c->q.tenant, ret);
	if (!err && !lw_uuid_eq(&ret->uuid, &c->cap.tenant_uuid))
		err = LW_EACCES;
	return err;
}

int keyd_rotate(struct keyd *k, struct keys_call *c)
{
	const struct keyd_kind *kind = keyd_kind((enum keys_kind)c->q.kind);
	struct keyd_making m = { .k = k, .c = c, .rotate = true, .at_once = c->q.at_once, .next = KEYD_NEVER };
	struct store_tenant t;
	int err = administered(k, c, &t);

	if (!err && !kind)
		err = LW_EUNSUPPORTED;
	if (!err && c->q.alg.n) {
		m.alg = (const char *)lw_dup(c->arena, c->q.alg).p;
		err = m.alg ? LW_OK : LW_ENOMEM;
	}
	m.tenant = &t;
	if (!err)
		err = make(&m, kind);
	if (err && m.why[0])
		keyd_say(c, m.why);
	return err;
}

static void put_set(struct keyd *k, struct lw_writer *w, const struct keyd_kind *kind, const struct keyd_sets *s, size_t i, int64_t now)
{
	int64_t needed = keyd_set_needed(kind, s, i), next = keyd_set_next(k, kind, s, i);

	lw_put_u8(w, (uint8_t)kind->id);
	lw_put_str(w, s->v[i].id);
	lw_put_str(w, s->v[i].alg);
	lw_put_u64(w, (uint64_t)s->v[i].created);
	lw_put_u64(w, (uint64_t)s->v[i].use_from);
	lw_put_u64(w, (uint64_t)s->v[i].not_after);
	lw_put_u64(w, needed == KEYD_NEVER ? 0 : (uint64_t)needed);
	lw_put_u64(w, next == KEYD_NEVER ? 0 : (uint64_t)next);
	lw_put_u8(w, state_of(kind, s, i, now));
}

int keyd_list(struct keyd *k, struct keys_call *c)
{
	struct keyd_reading r;
	struct keyd_sets s;
	struct store_tenant t;
	struct lw_writer w;
	uint64_t generation;
	int64_t now = lw_wall(k->clock);
	int err = administered(k, c, &t);

	if (!err)
		err = keyd_begin(k, t.id, &r);
	if (err)
		return err;
	lw_writer_init(&w, KEYS_MAX_BLOB);
	for (size_t i = 0; !err && i < keyd_nkinds; i++) {
		err = read_sets(k, &t, r.txn, &keyd_kinds[i], c->arena, &s, &generation);
		for (size_t j = 0; !err && j < s.n; j++)
			put_set(k, &w, &keyd_kinds[i], &s, j, now);
	}
	keyd_end(&r);
	if (!err)
		err = w.err;
	if (!err && w.n) {
		c->a.blob = lw_dup(c->arena, lw_written(&w));
		err = c->a.blob.p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	lw_wipe(&s, sizeof(s));
	return err;
}

/* ---- the cache of loaded keys ---- */
#define CACHE 256

struct keyd_cache {
	pthread_mutex_t lock;
	struct keyd_loaded *v[CACHE];
	uint64_t clock; /* of uses */
};

struct keyd_cache *keyd_cache_new(void)
{
	struct keyd_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

static void loaded_free(struct keyd_loaded *l)
{
	if (l->kind->unload && l->it)
		l->kind->unload(l->it);
	lw_arena_free(l->arena);
	lw_wipe(l, sizeof(*l));
	free(l);
}

void keyd_cache_free(struct keyd_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < CACHE; i++) {
		if (cache->v[i])
			loaded_free(cache->v[i]);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static void release(struct keyd_loaded *l)
{
	if (l && --l->refs == 0)
		loaded_free(l);
}

void keyd_unload(struct keyd *k, struct keyd_loaded *l)
{
	pthread_mutex_lock(&k->cache->lock);
	release(l);
	pthread_mutex_unlock(&k->cache->lock);
}

/* Who uses one at the moment gives it back as ever. */
void keyd_cache_forget(struct keyd *k, bool (*gone)(void *ctx, uint32_t tenant), void *ctx)
{
	pthread_mutex_lock(&k->cache->lock);
	for (size_t i = 0; i < CACHE; i++)
		if (k->cache->v[i] && gone(ctx, k->cache->v[i]->tenant)) {
			release(k->cache->v[i]);
			k->cache->v[i] = NULL;
		}
	pthread_mutex_unlock(&k->cache->lock);
}

/* Where it is, or where it goes: the place of its predecessor, an empty one, the one used longest ago. Under the lock. */
static size_t place(const struct keyd_cache *cache, uint32_t tenant, const struct keyd_kind *kind)
{
	size_t best = 0;

	for (size_t i = 0; i < CACHE; i++) {
		const struct keyd_loaded *l = cache->v[i], *b = cache->v[best];

		if (l && l->tenant == tenant && l->kind == kind)
			return i;
		if (b && (!l || l->used < b->used))
			best = i;
	}
	return best;
}

static struct keyd_loaded *find(
        struct keyd_cache *cache, uint32_t tenant, const struct keyd_kind *kind, uint64_t generation, const uint8_t *tag, unsigned epoch)
{
	struct keyd_loaded *l;

	pthread_mutex_lock(&cache->lock);
	l = cache->v[place(cache, tenant, kind)];
	if (l && l->tenant == tenant && l->kind == kind && l->generation == generation && l->epoch == epoch &&
	        memcmp(l->tag, tag, sizeof(l->tag)) == 0) {
		l->refs++;
		l->used = ++cache->clock;
	} else {
		l = NULL;
	}
	pthread_mutex_unlock(&cache->lock);
	return l;
}

static void keep(struct keyd_cache *cache, struct keyd_loaded *l)
{
	size_t i;

	pthread_mutex_lock(&cache->lock);
	i = place(cache, l->tenant, l->kind);
	release(cache->v[i]);
	cache->v[i] = l;
	l->refs = 2; /* the cache's and the caller's */
	l->used = ++cache->clock;
	pthread_mutex_unlock(&cache->lock);
}

/* No transaction may be open while keys are parsed for long: they are a few kilobytes, and parsed once. */
static int load(struct keyd *k, const struct store_tenant *t, struct store_txn *txn, const struct keyd_kind *kind, const uint8_t *tag,
        unsigned epoch, struct keyd_loaded **ret)
{
	struct keyd_loaded *l = calloc(1, sizeof(*l));
	char why[200] = "";
	int err = LW_ENOMEM;

	if (!l)
		return err;
	*l = (struct keyd_loaded){ .kind = kind, .tenant = t->id, .epoch = epoch, .arena = lw_arena_new(KEYD_ARENA, true) };
	memcpy(l->tag, tag, sizeof(l->tag));
	if (l->arena)
		err = read_sets(k, t, txn, kind, l->arena, &l->sets, &l->generation);
	if (!err && !l->sets.n)
		err = LW_ENOTFOUND;
	if (!err && kind->load)
		err = kind->load(k, t, &l->sets, &l->it, why);
	if (err) {
		if (why[0])
			lw_log(LW_ERROR, "signing keys do not load", "tenant", t->name, "kind", kind->name, "why", why, NULL);
		loaded_free(l);
		return err;
	}
	keep(k->cache, l);
	*ret = l;
	return LW_OK;
}

int keyd_load(struct keyd *k, const struct store_tenant *t, struct store_txn *txn, enum keys_kind id, struct keyd_loaded **ret)
{
	const struct keyd_kind *kind = keyd_kind(id);
	const struct schema_attr *attr = kind ? schema_attr(lw_str(kind->attr)) : NULL;
	struct keyd_loaded *l;
	struct lw_bytes sealed;
	uint64_t generation;
	const uint8_t *tag;
	unsigned epoch;
	int err = attr ? store_tenant_sealed(txn, attr, &sealed, &generation) : LW_EUNSUPPORTED;

	if (!err && sealed.n < KEYD_TAG)
		err = LW_EINTERNAL;
	if (err)
		return err;
	tag = sealed.p + sealed.n - KEYD_TAG;
	keyd_installation_pem(k, &epoch);
	l = find(k->cache, t->id, kind, generation, tag, epoch);
	if (!l)
		return load(k, t, txn, kind, tag, epoch, ret);
	*ret = l;
	return LW_OK;
}
