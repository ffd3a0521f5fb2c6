/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/guess.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/err.h"

/* Buckets by a keyed hash, so that nobody can aim at one. In a full bucket the record that says least gives
 * way: first one without a living failure, then the one with the fewest. One that is locked or under
 * evaluation never does. */
#define GUESS_BUCKETS 2048
#define GUESS_WAYS    32

enum { KIND_FREE, KIND_ACCOUNT, KIND_SOURCE };

struct record {
	uint8_t kind;
	uint8_t id[20]; /* tenant and UUID, or address */
	unsigned wrong, pending, waiting;
	int64_t since;        /* first of the wrong ones */
	int64_t locked_until; /* 0: not locked */
};
struct keys_guesses {
	pthread_mutex_t lock;
	pthread_cond_t settled;
	const struct lw_clock *clock;
	struct keys_policy policy;
	uint8_t secret[32];
	struct record bucket[GUESS_BUCKETS][GUESS_WAYS];
};

const struct keys_policy keys_policy_default = {
	.min_length = 8,
	.max_length = 1024,
	.history = 5,
	.account_guesses = 10,
	.source_guesses = 300,
	.window = 600 * LW_SECOND,
	.lock_account = 300 * LW_SECOND,
	.lock_source = 60 * LW_SECOND,
};

struct keys_guesses *keys_guesses_new(const struct lw_clock *clock, const struct keys_policy *policy)
{
	struct keys_guesses *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->settled, NULL);
	g->clock = clock;
	g->policy = *policy;
	lw_random(g->secret, sizeof(g->secret));
	return g;
}

size_t keys_guesses_size(void)
{
	return sizeof(struct keys_guesses);
}

void keys_guesses_free(struct keys_guesses *g)
{
	if (!g)
		return;
	pthread_cond_destroy(&g->settled);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static unsigned limit(const struct keys_guesses *g, const struct record *r)
{
	return r->kind == KIND_ACCOUNT ? g->policy.account_guesses : g->policy.source_guesses;
}

/* Lets go of what time has healed. */
static void age(const struct keys_guesses *g, struct record *r, int64_t now)
{
	if (r->locked_until) {
		if (now < r->locked_until)
			return;
		r->locked_until = 0;
		r->wrong = 0;
	}
	if (r->wrong && now - r->since >= g->policy.window)
		r->wrong = 0;
}

static bool may_go(const struct record *r)
{
	return !r->locked_until && !r->pending && !r->waiting;
}

/* The lock is held. NULL: there is none, and (make) no room for one. */
static struct record *find(struct keys_guesses *g, uint8_t kind, const uint8_t id[20], bool make, int64_t now)
{
	struct record *b, *victim = NULL;
	uint8_t in[21], tag[32];

	in[0] = kind;
	memcpy(in + 1, id, 20);
	lw_hmac(LW_SHA256, (struct lw_bytes){ g->secret, sizeof(g->secret) },
	        (struct lw_bytes){ in, sizeof(in) }, tag);
	b = g->bucket[(tag[0] | (unsigned)tag[1] << 8) % GUESS_BUCKETS];
	for (unsigned i = 0; i < GUESS_WAYS; i++) {
		if (b[i].kind == kind && memcmp(b[i].id, id, 20) == 0) {
			age(g, &b[i], now);
			return &b[i];
		}
	}
	if (!make)
		return NULL;
	for (unsigned i = 0; i < GUESS_WAYS; i++) {
		age(g, &b[i], now);
		if (may_go(&b[i]) && (!victim || b[i].wrong < victim->wrong))
			victim = &b[i];
	}
	if (!victim)
		return NULL;
	memset(victim, 0, sizeof(*victim));
	victim->kind = kind;
	memcpy(victim->id, id, 20);
	return victim;
}

static void account_id(uint32_t tenant, const struct lw_uuid *u, uint8_t ret[20])
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(tenant >> (24 - 8 * i));
	memcpy(ret + 4, u->b, 16);
}

/* "10.1.2.3:4711", "[2001:db8::1]:636", "2001:db8::1" -> 16 octets; false: not counted. */
static bool source_id(struct lw_bytes source, uint8_t ret[20])
{
	char text[64];
	char *p = text, *end;
	struct in_addr v4;
	struct in6_addr v6;

	if (source.n == 0 || source.n >= sizeof(text))
		return false;
	memcpy(text, source.p, source.n);
	text[source.n] = '\0';
	memset(ret, 0, 20);
	if (*p == '[') {
		p++;
		end = strchr(p, ']');
		if (end)
			*end = '\0';
	} else if ((end = strchr(p, ':')) && !strchr(end + 1, ':')) {
		*end = '\0';
	}
	if (inet_pton(AF_INET, p, &v4) == 1) {
		memcpy(ret + 16, &v4, 4);
		return ret[16] != 127;
	}
	if (inet_pton(AF_INET6, p, &v6) != 1 || IN6_IS_ADDR_LOOPBACK(&v6))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6)) {
		memcpy(ret + 16, v6.s6_addr + 12, 4);
		return ret[16] != 127;
	}
	memcpy(ret, v6.s6_addr, 8);
	ret[8] = 6;
	return true;
}

/* Waits while the answer depends on guesses that are under evaluation. */
static int reserve_one(struct keys_guesses *g, uint8_t kind, const uint8_t id[20], struct record **ret)
{
	struct record *r = find(g, kind, id, true, lw_mono(g->clock));
	int err = LW_OK;

	if (!r)
		return LW_EBUSY;
	for (;;) {
		age(g, r, lw_mono(g->clock));
		if (r->locked_until || r->wrong >= limit(g, r)) {
			err = LW_ELOCKED;
			break;
		}
		if (r->wrong + r->pending < limit(g, r))
			break;
		r->waiting++;
		pthread_cond_wait(&g->settled, &g->lock);
		r->waiting--;
	}
	if (err)
		return err;
	r->pending++;
	*ret = r;
	return LW_OK;
}

static void settle_one(struct keys_guesses *g, struct record *r, enum keys_outcome how)
{
	int64_t now = lw_mono(g->clock);

	age(g, r, now);
	r->pending--;
	if (how == KEYS_GUESS_RIGHT && r->kind == KIND_ACCOUNT && !r->locked_until) {
		r->wrong = 0;
	} else if (how == KEYS_GUESS_WRONG) {
		if (r->wrong++ == 0)
			r->since = now;
		if (r->wrong >= limit(g, r) && !r->locked_until)
			r->locked_until = now + (r->kind == KIND_ACCOUNT ? g->policy.lock_account
			                                                 : g->policy.lock_source);
	}
}

int keys_guess_reserve(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account,
        struct lw_bytes source, struct keys_guess *ret)
{
	struct record *a = NULL, *s = NULL;
	uint8_t id[20];
	int err = LW_OK;

	pthread_mutex_lock(&g->lock);
	if (source_id(source, id))
		err = reserve_one(g, KIND_SOURCE, id, &s);
	if (!err && !lw_uuid_zero(account)) {
		account_id(tenant, account, id);
		err = reserve_one(g, KIND_ACCOUNT, id, &a);
		if (err && s) {
			settle_one(g, s, KEYS_GUESS_VOID);
			pthread_cond_broadcast(&g->settled);
		}
	}
	pthread_mutex_unlock(&g->lock);
	if (!err)
		*ret = (struct keys_guess){ a, s };
	return err;
}

void keys_guess_settle(struct keys_guesses *g, struct keys_guess *q, enum keys_outcome how)
{
	pthread_mutex_lock(&g->lock);
	if (q->account)
		settle_one(g, q->account, how);
	if (q->source)
		settle_one(g, q->source, how);
	*q = (struct keys_guess){ 0 };
	pthread_cond_broadcast(&g->settled);
	pthread_mutex_unlock(&g->lock);
}

void keys_guess_forget(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account)
{
	struct record *r;
	uint8_t id[20];

	account_id(tenant, account, id);
	pthread_mutex_lock(&g->lock);
	r = find(g, KIND_ACCOUNT, id, false, lw_mono(g->clock));
	if (r) {
		r->wrong = 0;
		r->locked_until = 0;
	}
	pthread_cond_broadcast(&g->settled);
	pthread_mutex_unlock(&g->lock);
}
