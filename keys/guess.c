/* SPDX-License-Identifier: Apache-2.0 */
/* The table lies in memory that processes share, and each of them may be killed at any instruction, also
 * while it holds the lock. So the lock is a robust mutex, every change of a record is a row of single stores
 * each of which leaves it sound (a guess may be counted that was not settled, never the other way round), and
 * nobody waits in the table itself: a condition variable does not survive the death of a waiter. Who must
 * wait does so in its own process: its own settles wake it, for those of others it looks again. */
#include "keys/guess.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/crypto.h"
#include "base/err.h"

/* Buckets by a keyed hash, so that nobody can aim at one. In a full bucket the record that says least gives
 * way: first one without a living failure, then the one with the fewest. One that is locked or under
 * evaluation never does. */
#define GUESS_BUCKETS 2048
#define GUESS_WAYS    32
#define GUESS_READY   UINT64_C(0x31737365756777b2) /* the table is made, in this layout */
/* somebody makes it; in the low 16 bits who took over how often */
#define GUESS_MAKING  UINT64_C(0x6d616b696e670000)
#define MAKING_US     LW_SECOND                    /* a maker that takes longer is dead */
#define MOMENT_US     1000
#define LOCK_US       (2 * LW_SECOND) /* a lock that is held so long when a process begins is not a lock */
#define LOOK_AGAIN_US 5000
#define WAIT_US       (30 * LW_SECOND)
#define SANE_MAX      (1u << 20)

/* Between the stores of one change: in this order for whoever comes after us. */
#define STEP() atomic_signal_fence(memory_order_seq_cst)

enum { KIND_FREE, KIND_ACCOUNT, KIND_SOURCE };

struct record {
	int64_t since;        /* first of the wrong ones */
	int64_t locked_until; /* 0: not locked */
	uint32_t wrong;
	uint16_t pending[LW_ROLE_COUNT]; /* under evaluation, by who evaluates */
	uint8_t kind;
	uint8_t id[20];       /* tenant and UUID, or address */
};
struct table {
	_Atomic uint64_t state;
	uint64_t size;
	pthread_mutex_t lock;
	uint64_t whole;       /* GUESS_READY again: what is before it is as it was made */
	uint8_t secret[32];
	struct record bucket[GUESS_BUCKETS][GUESS_WAYS];
};
struct keys_guesses {
	struct table *t;
	bool owns_table;
	enum lw_role_id me;
	const struct lw_clock *clock;
	struct keys_policy policy;
	pthread_mutex_t wait_lock;
	pthread_cond_t settled;
	_Atomic uint64_t settles;
	_Atomic unsigned waiters;
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

static const struct timespec moment = { 0, MOMENT_US * 1000 };

/* ---- the table ---- */

static unsigned pending(const struct record *r)
{
	unsigned n = 0;

	for (int i = 0; i < LW_ROLE_COUNT; i++)
		n += r->pending[i];
	return n;
}

static bool sane(const struct record *r)
{
	return r->kind <= KIND_SOURCE && r->wrong <= SANE_MAX && pending(r) <= SANE_MAX && r->since >= 0 &&
	       r->locked_until >= 0;
}

/* What somebody who died in the middle may have left. */
static void mend(struct table *t)
{
	for (unsigned i = 0; i < GUESS_BUCKETS; i++)
		for (unsigned j = 0; j < GUESS_WAYS; j++)
			if (!sane(&t->bucket[i][j]))
				memset(&t->bucket[i][j], 0, sizeof(t->bucket[i][j]));
}

/* With the lock held, or r: what the lock said. */
static bool locked(struct table *t, int r)
{
	if (r == EOWNERDEAD) {
		mend(t);
		r = pthread_mutex_consistent(&t->lock);
	}
	return r == 0;
}

static bool lock(struct keys_guesses *g)
{
	return locked(g->t, pthread_mutex_lock(&g->t->lock));
}

static void unlock(struct keys_guesses *g)
{
	pthread_mutex_unlock(&g->t->lock);
}

static void deadline(struct timespec *ret, int64_t us)
{
	clock_gettime(CLOCK_MONOTONIC, ret);
	ret->tv_sec += us / LW_SECOND;
	ret->tv_nsec += us % LW_SECOND * 1000;
	if (ret->tv_nsec >= 1000000000) {
		ret->tv_sec++;
		ret->tv_nsec -= 1000000000;
	}
}

static void make(struct table *t)
{
	pthread_mutexattr_t attr;

	memset((uint8_t *)t + sizeof(t->state), 0, sizeof(*t) - sizeof(t->state));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&t->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	t->size = sizeof(*t);
	t->whole = GUESS_READY;
	lw_random(t->secret, sizeof(t->secret));
	atomic_store(&t->state, GUESS_READY);
}

/* Until the table is made, by this process or another that came at the same time. */
static void make_once(struct table *t)
{
	uint64_t was = atomic_load(&t->state);
	int64_t waited = 0;

	while (was != GUESS_READY || t->size != sizeof(*t)) {
		bool making = was >> 16 == GUESS_MAKING >> 16;
		uint64_t mine = making ? GUESS_MAKING | ((was + 1) & 0xffff) : GUESS_MAKING;

		if (making && waited < MAKING_US) {
			nanosleep(&moment, NULL);
			waited += MOMENT_US;
		} else if (atomic_compare_exchange_strong(&t->state, &was, mine)) {
			make(t);
			return;
		} else {
			waited = 0;
		}
		was = atomic_load(&t->state);
	}
}

/* Drops what this role's former process left open. false: that is no table. */
static bool enter(struct keys_guesses *g)
{
	int r = g->t->whole == GUESS_READY ? EBUSY : EINVAL;

	for (int64_t waited = 0; r == EBUSY && waited < LOCK_US; waited += MOMENT_US) {
		r = pthread_mutex_trylock(&g->t->lock);
		if (r == EBUSY)
			nanosleep(&moment, NULL);
	}
	if (!locked(g->t, r))
		return false;
	mend(g->t);
	for (unsigned i = 0; i < GUESS_BUCKETS; i++)
		for (unsigned j = 0; j < GUESS_WAYS; j++)
			g->t->bucket[i][j].pending[g->me] = 0;
	unlock(g);
	return true;
}

size_t keys_guesses_size(void)
{
	return sizeof(struct table);
}

static struct keys_guesses *attach(
        struct table *t, enum lw_role_id me, const struct lw_clock *clock, const struct keys_policy *policy)
{
	struct keys_guesses *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->t = t;
	g->me = me;
	g->clock = clock;
	g->policy = *policy;
	pthread_mutex_init(&g->wait_lock, NULL);
	pthread_cond_init(&g->settled, NULL);
	make_once(t);
	if (!enter(g)) {
		make(t);
		enter(g);
	}
	return g;
}

struct keys_guesses *keys_guesses_attach(
        void *region, enum lw_role_id me, const struct lw_clock *clock, const struct keys_policy *policy)
{
	return region ? attach(region, me, clock, policy) : NULL;
}

struct keys_guesses *keys_guesses_new(const struct lw_clock *clock, const struct keys_policy *policy)
{
	struct table *t = calloc(1, sizeof(*t));
	struct keys_guesses *g = t ? attach(t, LW_ROLE_KEYD, clock, policy) : NULL;

	if (g)
		g->owns_table = true;
	else
		free(t);
	return g;
}

void keys_guesses_free(struct keys_guesses *g)
{
	if (!g)
		return;
	if (g->owns_table) {
		pthread_mutex_destroy(&g->t->lock);
		free(g->t);
	}
	pthread_cond_destroy(&g->settled);
	pthread_mutex_destroy(&g->wait_lock);
	free(g);
}

/* ---- records: the lock is held ---- */

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
		r->wrong = 0;
		STEP();
		r->locked_until = 0;
	}
	if (r->wrong && now - r->since >= g->policy.window)
		r->wrong = 0;
}

static bool may_go(const struct record *r)
{
	return !r->locked_until && !pending(r);
}

static struct record *bucket(struct keys_guesses *g, uint8_t kind, const uint8_t id[20])
{
	uint8_t in[32 + 21], tag[32]; /* always so long, so that the secret in front makes it a keyed hash */

	memcpy(in, g->t->secret, 32);
	in[32] = kind;
	memcpy(in + 33, id, 20);
	lw_hash(LW_SHA256, (struct lw_bytes){ in, sizeof(in) }, tag);
	return g->t->bucket[(tag[0] | (unsigned)tag[1] << 8) % GUESS_BUCKETS];
}

/* In bucket b. NULL: there is none, and (make) no room for one. */
static struct record *find(struct keys_guesses *g, struct record *b, uint8_t kind, const uint8_t id[20],
        bool make_one, int64_t now)
{
	struct record *victim = NULL;

	for (unsigned i = 0; i < GUESS_WAYS; i++) {
		if (b[i].kind == kind && memcmp(b[i].id, id, 20) == 0) {
			age(g, &b[i], now);
			return &b[i];
		}
	}
	if (!make_one)
		return NULL;
	for (unsigned i = 0; i < GUESS_WAYS; i++) {
		age(g, &b[i], now);
		if (may_go(&b[i]) && (!victim || b[i].wrong < victim->wrong))
			victim = &b[i];
	}
	if (!victim)
		return NULL;
	victim->kind = KIND_FREE;
	STEP();
	victim->wrong = 0;
	victim->since = 0;
	memcpy(victim->id, id, 20);
	STEP();
	victim->kind = kind;
	return victim;
}

static void account_id(uint32_t tenant, const struct lw_uuid *u, uint8_t ret[20])
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(tenant >> (24 - 8 * i));
	memcpy(ret + 4, u->b, 16);
}

/* "10.1.2.3:4711", "[2001:db8::1]:636", "2001:db8::1" -> 20 octets; false: not counted. */
static bool source_id(struct lw_bytes source, uint8_t ret[20])
{
	const size_t mark = sizeof(KEYS_GUESS_UNPROVED) - 1;
	char text[64];
	char *p = text, *end;
	struct in_addr v4;
	struct in6_addr v6;

	memset(ret, 0, 20);
	if (source.n > mark && memcmp(source.p, KEYS_GUESS_UNPROVED, mark) == 0) {
		source.p += mark;
		source.n -= mark;
		ret[9] = 1;
	}
	if (source.n == 0 || source.n >= sizeof(text))
		return false;
	memcpy(text, source.p, source.n);
	text[source.n] = '\0';
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

/* ---- guesses ---- */

static void wait_settled(struct keys_guesses *g, uint64_t seen)
{
	struct timespec until;

	deadline(&until, LOOK_AGAIN_US);
	pthread_mutex_lock(&g->wait_lock);
	atomic_fetch_add(&g->waiters, 1);
	if (atomic_load(&g->settles) == seen)
		pthread_cond_clockwait(&g->settled, &g->wait_lock, CLOCK_MONOTONIC, &until);
	atomic_fetch_sub(&g->waiters, 1);
	pthread_mutex_unlock(&g->wait_lock);
}

static void wake(struct keys_guesses *g)
{
	atomic_fetch_add(&g->settles, 1);
	if (atomic_load(&g->waiters) == 0)
		return;
	pthread_mutex_lock(&g->wait_lock);
	pthread_cond_broadcast(&g->settled);
	pthread_mutex_unlock(&g->wait_lock);
}

/* LW_EAGAIN: the answer depends on guesses that are under evaluation. */
static int take(
        struct keys_guesses *g, struct record *b, uint8_t kind, const uint8_t id[20], struct record **ret)
{
	struct record *r = find(g, b, kind, id, true, lw_mono(g->clock));

	if (!r)
		return LW_EBUSY;
	if (r->locked_until || r->wrong >= limit(g, r))
		return LW_ELOCKED;
	if (r->wrong + pending(r) >= limit(g, r))
		return LW_EAGAIN;
	r->pending[g->me]++;
	*ret = r;
	return LW_OK;
}

static int reserve_one(
        struct keys_guesses *g, uint8_t kind, const uint8_t id[20], bool may_wait, struct record **ret)
{
	struct record *b = bucket(g, kind, id);
	const struct lw_clock *real = &lw_clock_system;
	int64_t end = lw_mono(real) + WAIT_US;
	int err;

	for (;;) {
		uint64_t seen = atomic_load(&g->settles);

		if (!lock(g))
			return LW_EBUSY;
		err = take(g, b, kind, id, ret);
		unlock(g);
		if (err != LW_EAGAIN)
			return err;
		if (!may_wait || lw_mono(real) >= end)
			return LW_EBUSY;
		wait_settled(g, seen);
	}
}

static void settle_one(struct keys_guesses *g, struct record *r, enum keys_outcome how)
{
	int64_t now = lw_mono(g->clock);

	age(g, r, now);
	if (how == KEYS_GUESS_RIGHT && r->kind == KIND_ACCOUNT && !r->locked_until) {
		r->wrong = 0;
	} else if (how == KEYS_GUESS_WRONG) {
		if (r->wrong == 0)
			r->since = now;
		STEP();
		r->wrong++;
		STEP();
		if (r->wrong >= limit(g, r) && !r->locked_until)
			r->locked_until = now + (r->kind == KIND_ACCOUNT ? g->policy.lock_account
			                                                 : g->policy.lock_source);
	}
	STEP();
	if (r->pending[g->me])
		r->pending[g->me]--;
}

static int reserve(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account,
        struct lw_bytes source, bool may_wait, struct keys_guess *ret)
{
	struct record *a = NULL, *s = NULL;
	uint8_t id[20];
	int err = LW_OK;

	if (source_id(source, id))
		err = reserve_one(g, KIND_SOURCE, id, may_wait, &s);
	if (!err && !lw_uuid_zero(account)) {
		account_id(tenant, account, id);
		err = reserve_one(g, KIND_ACCOUNT, id, may_wait, &a);
		if (err && s)
			keys_guess_settle(g, &(struct keys_guess){ NULL, s }, KEYS_GUESS_VOID);
	}
	if (!err)
		*ret = (struct keys_guess){ a, s };
	return err;
}

int keys_guess_reserve(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account,
        struct lw_bytes source, struct keys_guess *ret)
{
	return reserve(g, tenant, account, source, true, ret);
}

int keys_guess_try(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account,
        struct lw_bytes source, struct keys_guess *ret)
{
	return reserve(g, tenant, account, source, false, ret);
}

void keys_guess_settle(struct keys_guesses *g, struct keys_guess *q, enum keys_outcome how)
{
	if ((q->account || q->source) && lock(g)) {
		if (q->account)
			settle_one(g, q->account, how);
		if (q->source)
			settle_one(g, q->source, how);
		unlock(g);
		wake(g);
	}
	*q = (struct keys_guess){ 0 };
}

bool keys_guess_locked(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account)
{
	struct record *r, *b;
	uint8_t id[20];
	bool is;

	account_id(tenant, account, id);
	b = bucket(g, KIND_ACCOUNT, id);
	if (!lock(g))
		return true;
	r = find(g, b, KIND_ACCOUNT, id, false, lw_mono(g->clock));
	is = r && (r->locked_until || r->wrong >= limit(g, r));
	unlock(g);
	return is;
}

void keys_guess_forget(struct keys_guesses *g, uint32_t tenant, const struct lw_uuid *account)
{
	struct record *r, *b;
	uint8_t id[20];

	account_id(tenant, account, id);
	b = bucket(g, KIND_ACCOUNT, id);
	if (!lock(g))
		return;
	r = find(g, b, KIND_ACCOUNT, id, false, lw_mono(g->clock));
	if (r) {
		r->wrong = 0;
		STEP();
		r->locked_until = 0;
	}
	unlock(g);
	wake(g);
}
