/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled policies, one per tenant and process, good for one value of the tenant's authgen. */
#include <stdlib.h>
#include "base/log.h"
#include "store/ops.h"

#define CACHE 1024

struct cache {
	pthread_mutex_t lock;
	struct ops_policy *at[CACHE]; /* by tenant % CACHE */
};
static pthread_mutex_t make_lock = PTHREAD_MUTEX_INITIALIZER;

static void policy_free(struct ops_policy *p)
{
	access_policy_unref(p->access);
	ops_trusts_free(p);
	free(p->named);
	free(p->suffix);
	free(p->suffix_text);
	free(p);
}

static void cache_free(void *arg)
{
	struct cache *c = arg;

	for (size_t i = 0; i < CACHE; i++)
		if (c->at[i] && --c->at[i]->refs == 0)
			policy_free(c->at[i]);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct cache *cache_of(struct store *st)
{
	struct cache *c;

	pthread_mutex_lock(&make_lock);
	c = eng_slot(st, ENG_SLOT_OPS);
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (c) {
			pthread_mutex_init(&c->lock, NULL);
			eng_slot_set(st, ENG_SLOT_OPS, c, cache_free);
		}
	}
	pthread_mutex_unlock(&make_lock);
	return c;
}

/* Refused: nothing. The rule was checked when it was written; one that can't be read now must not open a hole by its
 * absence (it may be a forbid), so the policy fails as a whole. */
static int add_rules(struct eng_txn *e, struct ops_policy *p)
{
	struct lw_arena *a = eng_arena(e);
	uint64_t id, from = 1, refs[ACCESS_MAX_REFS];
	struct lw_bytes enc;
	size_t cap = 0;
	int err;

	while ((err = eng_grant_next(e, p->tenant, from, &id, &enc)) == LW_OK) {
		struct access_rule *rule;
		size_t n;

		if ((err = access_policy_add(p->access, id, enc)) || (err = access_rule_decode(a, enc, &rule)))
			return err;
		n = access_rule_refs(rule, refs);
		if (p->nnamed + n > cap) {
			uint64_t *more = realloc(p->named, (cap = 2 * cap + n + 16) * sizeof(*more));
			if (!more)
				return LW_ENOMEM;
			p->named = more;
		}
		for (size_t i = 0; i < n; i++)
			p->named[p->nnamed++] = refs[i];
		from = id + 1;
	}
	return err == LW_ENOTFOUND ? LW_OK : err;
}

static int cmp_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static uint64_t find_admin_group(struct eng_txn *e, uint32_t tenant)
{
	struct lw_arena *a = eng_arena(e);
	static const char *const path[][2] = { { "ou", "groups" }, { "cn", "administrators" } };
	uint64_t id = 1;

	for (size_t i = 0; i < 2; i++) {
		struct dn_rdn rdn;
		if (dn_make_rdn(a, schema_attr(lw_str(path[i][0])), lw_str(path[i][1]), &rdn) ||
			eng_child(e, tenant, id, rdn.norm, &id))
			return 0;
	}
	return id;
}

static int take_suffix(struct eng_txn *e, struct ops_policy *p)
{
	struct lw_arena *a = eng_arena(e);
	struct eng_tenant t;
	struct store_dn *dn;
	struct lw_writer w;
	size_t total = 0, n;
	uint8_t *at;
	int err = eng_tenant(e, p->tenant, &t);

	if (!err)
		err = dn_from_domain(a, (const char *)lw_dup(a, t.name).p, &dn);
	if (err)
		return err;
	for (unsigned i = 0; i < dn->n; i++)
		total += dn->rdn[i].norm.n;
	p->suffix = malloc(dn->n * sizeof(*p->suffix) + total);
	if (!p->suffix)
		return LW_ENOMEM;
	at = (uint8_t *)(p->suffix + dn->n);
	for (unsigned i = 0; i < dn->n; i++) {
		n = dn->rdn[i].norm.n;
		memcpy(at, dn->rdn[i].norm.p, n);
		p->suffix[i] = (struct lw_bytes){ at, n };
		at += n;
	}
	p->nsuffix = dn->n;
	lw_writer_init(&w, DN_MAX_TEXT);
	dn_put(&w, dn);
	lw_put_u8(&w, 0);
	err = w.err;
	p->suffix_text = err ? NULL : (char *)lw_writer_take(&w, &n);
	lw_writer_done(&w);
	return err;
}

static int compile(struct eng_txn *e, uint32_t tenant, uint64_t authgen, struct ops_policy **ret)
{
	struct ops_policy *p = calloc(1, sizeof(*p));
	int err = LW_ENOMEM;

	if (!p)
		return LW_ENOMEM;
	p->tenant = tenant;
	p->authgen = authgen;
	p->refs = 1;
	p->admin_group = find_admin_group(e, tenant);
	p->access = access_policy_new(tenant, p->admin_group);
	if (p->access)
		err = take_suffix(e, p);
	if (!err)
		err = add_rules(e, p);
	if (!err)
		err = ops_trusts_load(e, p);
	if (err) {
		lw_log(LW_ERROR, "policy-unusable", "reason", lw_strerror(err), NULL);
		if (p->access)
			policy_free(p);
		else
			free(p);
		return err;
	}
	if (p->nnamed)
		qsort(p->named, p->nnamed, sizeof(*p->named), cmp_id);
	*ret = p;
	return LW_OK;
}

int ops_policy_get(struct eng_txn *e, uint32_t tenant, struct ops_policy **ret)
{
	struct cache *c = cache_of(eng_store(e));
	uint64_t gen = eng_authgen(e, tenant);
	struct ops_policy *p, *old;
	int err;

	if (!c)
		return LW_ENOMEM;
	pthread_mutex_lock(&c->lock);
	p = c->at[tenant % CACHE];
	if (p && p->tenant == tenant && p->authgen == gen) {
		p->refs++;
		pthread_mutex_unlock(&c->lock);
		*ret = p;
		return LW_OK;
	}
	pthread_mutex_unlock(&c->lock);
	err = compile(e, tenant, gen, &p);
	if (err)
		return err;
	if (!eng_writing(e)) { /* the writer's state may not come to be */
		pthread_mutex_lock(&c->lock);
		old = c->at[tenant % CACHE];
		if (!old || old->tenant != tenant || old->authgen < gen) {
			c->at[tenant % CACHE] = p;
			p->refs++;
			if (old && --old->refs == 0)
				policy_free(old);
		}
		pthread_mutex_unlock(&c->lock);
	}
	*ret = p;
	return LW_OK;
}

void ops_policy_put(struct store *st, struct ops_policy *p)
{
	struct cache *c = p ? cache_of(st) : NULL;
	bool last;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	last = --p->refs == 0;
	pthread_mutex_unlock(&c->lock);
	if (last)
		policy_free(p);
}

bool ops_policy_names(const struct ops_policy *p, uint64_t id)
{
	return p && p->nnamed && bsearch(&id, p->named, p->nnamed, sizeof(id), cmp_id);
}
