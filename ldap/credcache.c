/* SPDX-License-Identifier: Apache-2.0 */
#include "ldap/credcache.h"

#include "base/crypto.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WAYS    8
#define STRIPES 64 /* locks */

struct line {
	int64_t until; /* mono; 0: empty */
	uint8_t mac[32];
	uint32_t tenant;
	struct lw_uuid subject;
	struct keys_token token;
	struct lw_cap cap;
};
struct set {
	uint64_t epoch; /* counts drops */
	uint32_t tag[WAYS]; /* of each line's subject, so that the others' need not be looked at; 0: empty */
	struct line way[WAYS];
};
struct ldapd_credcache {
	const struct lw_clock *clock;
	int64_t life;
	uint8_t key[32];
	size_t nsets;
	struct set *sets;
	pthread_mutex_t lock[STRIPES];
};

struct ldapd_credcache *ldapd_credcache_new(uint32_t lines, int64_t life_us, const struct lw_clock *clock)
{
	struct ldapd_credcache *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->clock = clock;
	c->life = life_us;
	c->nsets = (lines + WAYS - 1) / WAYS;
	if (c->nsets == 0)
		c->nsets = 1;
	c->sets = calloc(c->nsets, sizeof *c->sets);
	if (!c->sets) {
		free(c);
		return NULL;
	}
	lw_random(c->key, sizeof c->key);
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_init(&c->lock[i], NULL);
	return c;
}

void ldapd_credcache_free(struct ldapd_credcache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&c->lock[i]);
	lw_wipe(c->sets, c->nsets * sizeof *c->sets);
	lw_wipe(c->key, sizeof c->key);
	free(c->sets);
	free(c);
}

/* UUIDs are not chosen by a peer, so any even spread will do. */
static struct set *set_of(
        struct ldapd_credcache *c, uint32_t tenant, const struct lw_uuid *u, pthread_mutex_t **ret_lock)
{
	uint64_t a, b;
	size_t i;

	memcpy(&a, u->b, 8);
	memcpy(&b, u->b + 8, 8);
	i = (size_t)(((a ^ b * UINT64_C(0x9e3779b97f4a7c15)) + tenant) * UINT64_C(0xff51afd7ed558ccd) >> 20) %
	    c->nsets;
	*ret_lock = &c->lock[i % STRIPES];
	return &c->sets[i];
}

static uint32_t tag_of(const struct lw_uuid *u)
{
	uint32_t tag;

	memcpy(&tag, u->b + 12, sizeof tag); /* the random end */
	return tag ? tag : 1;
}

static bool same(const struct set *s, size_t i, uint32_t tenant, const struct lw_uuid *u)
{
	const struct line *l = &s->way[i];

	return s->tag[i] == tag_of(u) && l->until && l->tenant == tenant && lw_uuid_eq(&l->subject, u);
}

#define PASSWORD_WHOLE 256

static void mac(const struct ldapd_credcache *c, const struct ldapd_credkey *k, uint8_t ret[32])
{
	/* What has a fixed shape goes first, so that nothing runs into the password. A long password goes in as its
	 * own HMAC, so that the whole needs no buffer of any length. */
	struct {
		struct lw_uuid subject;
		uint64_t version;
		uint32_t tenant;
		uint16_t confidential, hashed;
		uint8_t password[PASSWORD_WHOLE];
	} m = { 0 };
	struct lw_bytes key = { c->key, sizeof c->key }, password = k->password;

	m.subject = k->subject;
	m.version = k->credential_version;
	m.tenant = k->tenant;
	m.confidential = k->confidential;
	m.hashed = password.n > sizeof m.password;
	if (m.hashed) {
		lw_hmac(LW_SHA256, key, password, m.password);
		password.n = 32;
	} else if (password.n) {
		memcpy(m.password, password.p, password.n);
	}
	lw_hmac(LW_SHA256, key, (struct lw_bytes){ (uint8_t *)&m, offsetof(__typeof__(m), password) + password.n }, ret);
	lw_wipe(&m, sizeof m);
}

bool ldapd_credcache_get(struct ldapd_credcache *c, const struct ldapd_credkey *k,
        struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	pthread_mutex_t *lock;
	struct set *s = set_of(c, k->tenant, &k->subject, &lock);
	int64_t now = lw_mono(c->clock);
	bool hit = false;
	uint8_t m[32];

	mac(c, k, m);
	pthread_mutex_lock(lock);
	for (size_t i = 0; i < WAYS && !hit; i++) {
		const struct line *l = &s->way[i];

		if (!same(s, i, k->tenant, &k->subject) || l->until <= now ||
		        !lw_eq_secret((struct lw_bytes){ l->mac, 32 }, (struct lw_bytes){ m, 32 }))
			continue;
		*ret_token = l->token;
		*ret_cap = l->cap;
		hit = true;
	}
	pthread_mutex_unlock(lock);
	lw_wipe(m, sizeof m);
	return hit;
}

uint64_t ldapd_credcache_begin(struct ldapd_credcache *c, const struct ldapd_credkey *k)
{
	pthread_mutex_t *lock;
	struct set *s = set_of(c, k->tenant, &k->subject, &lock);
	uint64_t epoch;

	pthread_mutex_lock(lock);
	epoch = s->epoch;
	pthread_mutex_unlock(lock);
	return epoch;
}

void ldapd_credcache_put(struct ldapd_credcache *c, const struct ldapd_credkey *k, uint64_t begun,
        const struct keys_token *token, const struct lw_cap *cap)
{
	pthread_mutex_t *lock;
	struct set *s = set_of(c, k->tenant, &k->subject, &lock);
	struct line *to = &s->way[0];
	uint8_t m[32];

	mac(c, k, m);
	pthread_mutex_lock(lock);
	if (s->epoch == begun) {
		/* the same credential's line, else the one that ends first */
		for (size_t i = 0; i < WAYS; i++) {
			if (same(s, i, k->tenant, &k->subject) && memcmp(s->way[i].mac, m, 32) == 0) {
				to = &s->way[i];
				break;
			}
			if (s->way[i].until < to->until)
				to = &s->way[i];
		}
		to->until = lw_mono(c->clock) + c->life;
		s->tag[to - s->way] = tag_of(&k->subject);
		to->tenant = k->tenant;
		to->subject = k->subject;
		to->token = *token;
		to->cap = *cap;
		memcpy(to->mac, m, 32);
	}
	pthread_mutex_unlock(lock);
	lw_wipe(m, sizeof m);
}

void ldapd_credcache_drop(struct ldapd_credcache *c, uint32_t tenant, const struct lw_uuid *u)
{
	pthread_mutex_t *lock;
	struct set *s = set_of(c, tenant, u, &lock);

	pthread_mutex_lock(lock);
	s->epoch++;
	for (size_t i = 0; i < WAYS; i++)
		if (same(s, i, tenant, u)) {
			lw_wipe(&s->way[i], sizeof s->way[i]);
			s->tag[i] = 0;
		}
	pthread_mutex_unlock(lock);
}
