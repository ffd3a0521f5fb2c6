/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: the keys of tenants' certificate authorities, as a kind of signing keys. */
#include "keys/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#define DEFAULT_ALG "p256"
#define GRACE       (86400 * LW_SECOND)

struct lw_bytes keyd_installation_pem(struct keyd *k, unsigned *ret_epoch)
{
	struct lw_bytes pem;

	pthread_mutex_lock(&k->lock);
	pem = k->ca_pem; /* a former one stays where it is */
	*ret_epoch = k->ca_epoch;
	pthread_mutex_unlock(&k->lock);
	return pem;
}

int keyd_installation(struct keyd *k, struct lw_arena *arena, struct ca_signer **ret, char why[200])
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct lw_bytes key;
	unsigned epoch;
	int err = b ? keyd_ca_key(k, arena, &key) : LW_EUNAVAIL;

	return err ? err : b->load(key, keyd_installation_pem(k, &epoch), ret, why);
}

/* ---- making ---- */

/* When there is no room, the one that ends first makes it. */
void keyd_sets_retire(struct keyd_sets *s, const struct keyd_set *set, int64_t now)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct keyd_former f = { .not_after = b->not_after(set->cert) };
	size_t n = 0, first = 0;

	for (size_t i = 0; i < s->nformer; i++)
		if (s->former[i].not_after >= now)
			s->former[n++] = s->former[i];
	s->nformer = n;
	f.n = (uint8_t)b->serial(set->cert, f.serial);
	if (!f.n || f.not_after < now)
		return;
	if (n == KEYD_FORMER) {
		for (size_t i = 1; i < n; i++)
			if (s->former[i].not_after < s->former[first].not_after)
				first = i;
		s->former[first] = f;
		return;
	}
	s->former[s->nformer++] = f;
}

#define WAITS (60 * LW_SECOND)
#define ENDED "the installation CA's certificate has ended, and its renewal waits for the root's key: lwctl ca root import"

/* Its certificate ends, and a new one would last longer; or it has not begun, because the clock was turned back. */
static bool due(const struct keyd_making *m, struct lw_bytes pem)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	int64_t now = lw_wall(m->k->clock);
	unsigned epoch;

	return b->not_before(pem) > now || (b->renew_at(pem) <= now && b->not_after(keyd_installation_pem(m->k, &epoch)) > b->not_after(pem));
}

/* A certificate for the key of this set. */
static int certify(struct keyd_making *m, struct keyd_set *set)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct keys_ca_tenant t = { .name = m->tenant->name,
		.uuid = m->tenant->uuid,
		.key = set->key,
		.url = keyd_http_url(m->k, m->c->arena),
		.now = lw_wall(m->k->clock) };
	struct ca_signer *installation;
	uint8_t serial[KEYS_SERIAL];
	struct lw_bytes pem;
	char *id = lw_alloc(m->c->arena, 2 * sizeof(serial) + 1);
	int64_t end;
	unsigned epoch;
	int err = LW_ENOMEM;

	if (b->not_after(keyd_installation_pem(m->k, &epoch)) <= t.now) {
		memcpy(m->why, ENDED, sizeof(ENDED));
		return LW_EAGAIN;
	}
	if (id)
		err = keyd_installation(m->k, m->c->arena, &installation, m->why);
	if (err)
		return err;
	err = b->tenant(installation, &t, m->c->arena, &pem, serial, &end, m->why);
	b->unload(installation);
	if (err)
		return err;
	lw_hex((struct lw_bytes){ serial, sizeof(serial) }, id);
	if (!set->id) /* the key's, for ever */
		set->id = id;
	if (set->cert.n)
		keyd_sets_retire(m->sets, set, t.now);
	set->cert = pem;
	set->not_after = end;
	m->changed = true;
	return LW_OK;
}

void keyd_ca_algorithm(struct keyd *k, const char *alg)
{
	pthread_mutex_lock(&k->lock);
	snprintf(k->ca_alg, sizeof(k->ca_alg), "%s", alg);
	pthread_mutex_unlock(&k->lock);
}

static const char *configured_alg(struct keyd *k, struct lw_arena *arena)
{
	const char *alg;

	pthread_mutex_lock(&k->lock);
	alg = k->ca_alg[0] ? lw_strdup(arena, k->ca_alg) : DEFAULT_ALG;
	pthread_mutex_unlock(&k->lock);
	return alg;
}

static int concat(struct lw_arena *arena, struct lw_bytes a, struct lw_bytes b, struct lw_bytes *ret)
{
	uint8_t *p = lw_alloc(arena, a.n + b.n);

	if (!p)
		return LW_ENOMEM;
	memcpy(p, a.p, a.n);
	memcpy(p + a.n, b.p, b.n);
	*ret = (struct lw_bytes){ p, a.n + b.n };
	return LW_OK;
}

/* The new key certified by the one before it. A rotation does not fail for want of it. */
static void certify_across(struct keyd_making *m, const struct keyd_set *before, struct keyd_set *set)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct keys_ca_tenant t = { .name = m->tenant->name,
		.uuid = m->tenant->uuid,
		.key = set->key,
		.url = keyd_http_url(m->k, m->c->arena),
		.now = lw_wall(m->k->clock) };
	struct ca_signer *signer = NULL;
	char why[200] = "";
	struct lw_bytes pem;
	unsigned epoch;
	int err = concat(m->c->arena, before->cert, keyd_installation_pem(m->k, &epoch), &pem);

	if (!err)
		err = b->load(before->key, pem, &signer, why);
	if (!err)
		err = b->cross(signer, before->id, &t, m->c->arena, &set->cross, why);
	if (signer)
		b->unload(signer);
	if (err)
		lw_log(LW_WARN, "no cross certificate", "tenant", t.name, "why", why[0] ? why : lw_errname(err), NULL);
}

static int new_set(struct keyd_making *m)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct keyd_set set = { .alg = m->alg ? m->alg : m->sets->n ? m->sets->v[0].alg : configured_alg(m->k, m->c->arena),
		.created = lw_wall(m->k->clock) };
	int err;

	set.use_from = set.created; /* its leaves bring its certificate along */
	err = set.alg ? b->new_key(set.alg, m->c->arena, &set.key, m->why) : LW_ENOMEM;
	if (!err)
		err = certify(m, &set);
	if (!err && m->sets->n)
		certify_across(m, &m->sets->v[0], &set);
	if (!err)
		*keyd_sets_front(m->sets) = set;
	return err;
}

/* Until the last leaf has expired. */
int64_t keyd_ca_outlives(void)
{
	return keyd_ca_builders()->longest() + GRACE;
}

int keyd_ca_make(struct keyd_making *m)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	int64_t now = lw_wall(m->k->clock), next = KEYD_NEVER, renewal;
	int err = LW_OK;

	if (!b)
		return LW_EUNAVAIL;
	keyd_installation_upkeep(m->k, m->c->arena); /* nothing outlives its issuer */
	if (m->sets->n)
		next = keyd_set_next(m->k, m->kind, m->sets, 0);
	if (m->rotate && m->sets->n == KEYD_SETS) {
		memcpy(m->why, "there are as many keys as can be kept; wait until the oldest one's certificates have expired",
		        sizeof("there are as many keys as can be kept; wait until the oldest one's certificates have expired"));
		return LW_EUNWILLING;
	}
	if (m->rotate || !m->sets->n || (next <= now && m->sets->n < KEYD_SETS))
		err = new_set(m);
	else if (due(m, m->sets->v[0].cert))
		err = certify(m, &m->sets->v[0]);
	if (err)
		return err;
	renewal = b->renew_at(m->sets->v[0].cert);
	if (next > now && next < renewal)
		renewal = next;
	if (renewal <= now) /* it waits for the installation CA's, which waits for the root's key */
		renewal = now + WAITS;
	if (renewal < m->next)
		m->next = renewal;
	return LW_OK;
}

/* ---- loading ---- */

void keyd_ca_unload(void *it)
{
	struct keyd_ca *ca = it;

	for (size_t i = 0; i < ca->n; i++) {
		if (ca->signer[i])
			keyd_ca_builders()->unload(ca->signer[i]);
	}
	for (size_t i = 0; i < KEYD_SETS; i++)
		lw_arena_free(ca->list[i].arena);
	pthread_mutex_destroy(&ca->lock);
	free(ca);
}

int keyd_ca_load(struct keyd *k, const struct store_tenant *t, const struct keyd_sets *sets, void **ret, char why[200])
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct keyd_ca *ca = calloc(1, sizeof(*ca));
	struct lw_arena *scratch = lw_arena_new(1u << 18, true);
	struct lw_bytes above, pem;
	unsigned epoch;
	int err = ca && scratch && b ? LW_OK : LW_ENOMEM;

	(void)t;
	if (ca)
		pthread_mutex_init(&ca->lock, NULL);
	above = keyd_installation_pem(k, &epoch);
	for (size_t i = 0; !err && i < sets->n; i++, ca->n++) {
		err = concat(scratch, sets->v[i].cert, above, &pem);
		if (!err)
			err = b->load(sets->v[i].key, pem, &ca->signer[i], why);
	}
	if (!err)
		*ret = ca;
	else if (ca)
		keyd_ca_unload(ca);
	lw_arena_free(scratch);
	return err;
}
