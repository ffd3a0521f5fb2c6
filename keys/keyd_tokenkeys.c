/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: the keys of a tenant's assertions and JWTs, as kinds of signing keys. RSA keys take long to make, so a few are kept ahead. */
#include "keys/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/err.h"
#include "base/log.h"
#include "base/sigkey.h"
#include "keys/token.h"

#define MINUTE    (60 * LW_SECOND)
#define DAY       (86400 * LW_SECOND)
#define CERT_LIFE (10 * 365 * DAY)
#define OUTLIVES  (2 * DAY) /* what a former key signed has expired then, and been read again by everybody */

static const struct keys_token_builder *saml_, *jwt_;

void keys_token_builders(const struct keys_token_builder *saml, const struct keys_token_builder *jwt)
{
	saml_ = saml;
	jwt_ = jwt;
}

const struct keys_token_builder *keyd_token_builder(enum keys_kind kind)
{
	return kind == KEYS_SAML ? saml_ : kind == KEYS_JWT ? jwt_ : NULL;
}

/* ---- keys kept ahead: RSA-2048 is what a new tenant needs twice ---- */
#define SPARES 4
#define PAUSE  5 /* seconds after the start of the role, when others have more to do */

struct keyd_spares {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running, later, stop;
	struct lw_arena *kept[SPARES]; /* wiped, one for each */
	struct lw_bytes key[SPARES];
	size_t n;
	unsigned urgent; /* requests that make their own just now: one more is made for them, the rest waits */
};

struct keyd_spares *keyd_spares_new(void)
{
	struct keyd_spares *s = calloc(1, sizeof(*s));

	if (s) {
		pthread_condattr_t attr;

		pthread_mutex_init(&s->lock, NULL);
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&s->wake, &attr);
		pthread_condattr_destroy(&attr);
	}
	return s;
}

static void *fill(void *arg)
{
	struct keyd_spares *s = arg;

	pthread_setname_np(pthread_self(), "lwd: spare keys");
	pthread_mutex_lock(&s->lock);
	if (s->later && !s->stop) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += PAUSE;
		pthread_cond_timedwait(&s->wake, &s->lock, &until);
	}
	while (!s->stop) {
		struct lw_arena *a;
		struct lw_bytes key;
		int err;

		if (s->n == SPARES || (s->urgent && s->n)) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		a = lw_arena_new(KEYD_SET_KEY * 2, true);
		err = a ? lw_sigkey_generate(LW_KEY_RSA, 2048, a, &key) : LW_ENOMEM;
		pthread_mutex_lock(&s->lock);
		if (err) { /* who needs one makes it himself */
			lw_arena_free(a);
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		s->kept[s->n] = a;
		s->key[s->n++] = key;
		if (s->n == SPARES)
			lw_log(LW_INFO, "signing keys are made ahead", NULL);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void keyd_spares_free(struct keyd_spares *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (s->running)
		pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->n; i++)
		lw_arena_free(s->kept[i]);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void begin(struct keyd_spares *s)
{
	if (s->running)
		pthread_cond_signal(&s->wake);
	else
		s->running = pthread_create(&s->thread, NULL, fill, s) == 0;
}

void keyd_ahead(struct keyd *k)
{
	pthread_mutex_lock(&k->spares->lock);
	k->spares->later = !k->spares->running;
	begin(k->spares);
	pthread_mutex_unlock(&k->spares->lock);
}

/* Of those kept ahead the last one is for who waits for it. The first to need one asks for others to be made meanwhile: what never needs RSA keys
 * never makes any. gently: LW_EAGAIN rather than that one is made now. */
static int rsa2048(struct keyd_spares *s, bool gently, struct lw_arena *a, struct lw_bytes *ret)
{
	struct lw_arena *kept = NULL;
	struct lw_bytes key;
	int err;

	pthread_mutex_lock(&s->lock);
	if (s->n > (gently ? 1 : 0)) {
		kept = s->kept[--s->n];
		key = s->key[s->n];
	}
	s->urgent += !kept && !gently;
	begin(s);
	pthread_mutex_unlock(&s->lock);
	if (!kept && gently)
		return LW_EAGAIN;
	if (!kept) {
		err = lw_sigkey_generate(LW_KEY_RSA, 2048, a, ret);
		pthread_mutex_lock(&s->lock);
		s->urgent--;
		begin(s);
		pthread_mutex_unlock(&s->lock);
		return err;
	}
	key = lw_dup(a, key);
	err = key.p ? LW_OK : LW_ENOMEM;
	if (!err)
		*ret = key;
	lw_arena_free(kept);
	return err;
}

static const struct {
	const char *name;
	enum lw_sigkey_type type;
	unsigned bits;
} algs[] = { { "p256", LW_KEY_P256, 0 }, { "p384", LW_KEY_P384, 0 }, { "rsa2048", LW_KEY_RSA, 2048 }, { "rsa3072", LW_KEY_RSA, 3072 } };

static int new_key(struct keyd_making *m, const char *alg, struct lw_bytes *ret)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		if (strcmp(algs[i].name, alg) != 0)
			continue;
		return algs[i].bits == 2048 ? rsa2048(m->k->spares, m->gently, m->c->arena, ret) :
			lw_sigkey_generate(algs[i].type, algs[i].bits, m->c->arena, ret);
	}
	snprintf(m->why, sizeof(m->why), "no such kind of key: \"%.60s\"", alg);
	return LW_EINVAL;
}

/* ---- making ---- */
static bool same_family(const char *a, const char *b)
{
	return strncmp(a, b, 3) == 0; /* "rsa", "p25", "p38" */
}

static const char *current_alg(const struct keyd_sets *s, const char *family)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!family || same_family(s->v[i].alg, family))
			return s->v[i].alg;
	}
	return NULL;
}

static int certify(struct keyd_making *m, const struct keys_token_builder *b, struct keyd_set *set)
{
	int64_t now = lw_wall(m->k->clock);
	int err = b->certify(set->key, m->tenant->name, now, CERT_LIFE, m->c->arena, &set->id, &set->cert);

	if (err)
		snprintf(m->why, sizeof(m->why), "a key of kind %.20s is not for these tokens", set->alg);
	else
		m->changed = true;
	if (!err && set->cert.n)
		set->not_after = now + CERT_LIFE;
	return err == LW_EUNSUPPORTED ? LW_EINVAL : err;
}

/* The first of its algorithm is used at once: nothing was signed before that. */
static int new_set(struct keyd_making *m, const struct keys_token_builder *b, const char *alg)
{
	int64_t now = lw_wall(m->k->clock);
	bool first = !current_alg(m->sets, m->kind->per_alg ? alg : NULL);
	struct keyd_set set = { .alg = alg, .created = now, .use_from = first || m->at_once ? now : now + keyd_rotation_now(m->k).overlap };
	int err = LW_OK;

	if (m->sets->n == KEYD_SETS) {
		snprintf(m->why, sizeof(m->why), "there are as many keys as can be kept; wait until what the oldest one signed has expired");
		return LW_EUNWILLING;
	}
	err = new_key(m, alg, &set.key);
	if (!err)
		err = certify(m, b, &set);
	if (!err)
		*keyd_sets_front(m->sets) = set;
	return err;
}

/* What is left for another time may come in a minute. */
static int later(struct keyd_making *m, int err)
{
	if (err != LW_EAGAIN || !m->gently)
		return err;
	m->next = lw_wall(m->k->clock) + MINUTE;
	return LW_OK;
}

/* By its age, unless there is no room. */
static bool due(struct keyd_making *m, const char *alg)
{
	int64_t next = KEYD_NEVER;

	for (size_t i = 0; i < m->sets->n && next == KEYD_NEVER; i++) {
		if (!alg || same_family(m->sets->v[i].alg, alg))
			next = keyd_set_next(m->k, m->kind, m->sets, i);
	}
	if (next <= lw_wall(m->k->clock))
		return m->sets->n < KEYD_SETS;
	if (next < m->next)
		m->next = next;
	return false;
}

int keyd_saml_make(struct keyd_making *m)
{
	const struct keys_token_builder *b = keyd_token_builder(KEYS_SAML);
	const char *now_used = current_alg(m->sets, NULL);
	struct keyd_set *first = &m->sets->v[0];
	int err = LW_OK;

	if (!b)
		return m->rotate ? LW_EUNAVAIL : LW_OK;
	if (m->rotate || !m->sets->n || due(m, NULL))
		err = later(m, new_set(m, b, m->alg ? m->alg : now_used ? now_used : "rsa2048"));
	else if (first->not_after - CERT_LIFE / 3 <= lw_wall(m->k->clock))
		err = certify(m, b, first); /* for the same key: who pins it sees no difference */
	if (!err && m->sets->n && first->not_after - CERT_LIFE / 3 < m->next)
		m->next = first->not_after - CERT_LIFE / 3;
	return err;
}

static const char *const jwt_algs[] = { "rsa2048", "p256" }; /* the last is the newest: ES256 comes first in the set */
#define NJWT (sizeof(jwt_algs) / sizeof(jwt_algs[0]))

int keyd_jwt_make(struct keyd_making *m)
{
	const struct keys_token_builder *b = keyd_token_builder(KEYS_JWT);
	bool first = !m->sets->n;
	int err = LW_OK;

	if (!b)
		return m->rotate ? LW_EUNAVAIL : LW_OK;
	if (m->alg)
		return new_set(m, b, m->alg);
	for (size_t i = 0; !err && i < NJWT; i++) {
		const char *used = current_alg(m->sets, jwt_algs[i]);

		if (m->rotate && !first ? used != NULL : !used || due(m, used))
			err = later(m, new_set(m, b, used ? used : jwt_algs[i]));
	}
	return err;
}

int64_t keyd_token_outlives(void)
{
	return OUTLIVES;
}

bool keyd_jwt_whole(const struct keyd_sets *s)
{
	bool whole = true;

	for (size_t i = 0; i < NJWT; i++)
		whole &= current_alg(s, jwt_algs[i]) != NULL;
	return whole;
}

bool keyd_any_whole(const struct keyd_sets *s)
{
	return s->n > 0;
}

/* ---- loading ---- */
static void signers_free(struct keyd_signers *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->builder->unload((void *)(uintptr_t)s->v[i]);
	free(s);
}

void keyd_signers_unload(void *it)
{
	signers_free(it);
}

static int load(enum keys_kind kind, const struct keyd_sets *sets, void **ret, char why[200])
{
	struct keyd_signers *s = calloc(1, sizeof(*s));
	int err = s ? LW_OK : LW_ENOMEM;

	if (err)
		return err;
	s->builder = keyd_token_builder(kind);
	if (!s->builder)
		err = LW_EUNAVAIL;
	for (size_t i = 0; !err && i < sets->n; i++) {
		void *one;

		err = s->builder->load(sets->v[i].key, sets->v[i].cert, &one);
		if (!err) {
			s->pem[s->n] = sets->v[i].cert;
			s->v[s->n++] = one;
		} else {
			snprintf(why, 200, "%.60s: %s", sets->v[i].id, lw_errname(err));
		}
	}
	if (err)
		signers_free(s);
	else
		*ret = s;
	return err;
}

int keyd_saml_load(struct keyd *k, const struct store_tenant *t, const struct keyd_sets *sets, void **ret, char why[200])
{
	(void)k, (void)t;
	return load(KEYS_SAML, sets, ret, why);
}

int keyd_jwt_load(struct keyd *k, const struct store_tenant *t, const struct keyd_sets *sets, void **ret, char why[200])
{
	(void)k, (void)t;
	return load(KEYS_JWT, sets, ret, why);
}
