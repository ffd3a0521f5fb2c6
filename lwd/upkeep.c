/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/upkeep.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pause.h"
#include "lwd/master.h"
#include "store/issue.h"

#define FIRST_MS   200
#define ROUND_MS   60000
#define GLANCE_MS  5000               /* at the wall clock: when it has jumped, the round is now */
#define JUMP_US    (60 * LW_SECOND)
#define EXPIRE_US  (3600 * LW_SECOND)

/* When to look at a tenant again, in the order of store_tenant_list. */
struct plan {
	uint32_t tenant;
	int64_t keys, expire;
};
struct upkeep {
	struct store *store;
	struct keys *keys;
	const struct lw_clock *clock;
	struct plan *plan;
	size_t n;
	pthread_t thread;
	struct lw_pause pause;
	atomic_bool begun;
};

static int write_op(struct store *store, uint32_t tenant, const struct store_op *op, struct store_result *res)
{
	struct lw_session *s;
	int rc = store_session_role(store, tenant, STORE_ROLE_UPKEEP, &s);

	if (rc)
		return rc;
	rc = store_write(s, op, res);
	store_session_free(s);
	return rc;
}

int upkeep_expire(struct store *store, uint32_t tenant)
{
	const struct store_op op = { .kind = STORE_EXPIRE };
	struct store_result res = { 0 };
	int rc;

	do
		rc = write_op(store, tenant, &op, &res);
	while (!rc && res.version == STORE_EXPIRE_AT_ONCE);
	return rc;
}

/* One after the other: they are made on processors that others need, and the second one to ask for the same finds it there. */
#define WANTING 6 /* of directory's threads, with the one that makes */
#define PATIENCE 2 /* seconds */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint wanting;

int upkeep_want(struct store *store, struct keys *keys, uint32_t tenant, enum keys_kind kind)
{
	struct timespec until;
	int rc = LW_EBUSY;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE;
	if (atomic_fetch_add(&wanting, 1) < WANTING && pthread_mutex_clocklock(&making, CLOCK_MONOTONIC, &until) == 0) {
		rc = keys_want(keys, store, tenant, kind);
		pthread_mutex_unlock(&making);
	}
	atomic_fetch_sub(&wanting, 1);
	return rc;
}

/* ---- the thread ---- */

bool upkeep_begun(const struct upkeep *u)
{
	return atomic_load(&u->begun);
}

static struct plan *planned(struct upkeep *u, uint32_t tenant)
{
	struct plan *more;

	for (size_t i = 0; i < u->n; i++)
		if (u->plan[i].tenant == tenant)
			return &u->plan[i];
	more = realloc(u->plan, (u->n + 1) * sizeof(*more));
	if (!more)
		return NULL;
	u->plan = more;
	more[u->n] = (struct plan){ .tenant = tenant };
	return &more[u->n++];
}

static int look_at(struct upkeep *u, const struct store_tenant *t)
{
	int64_t now = lw_wall(u->clock);
	struct plan *p = planned(u, t->id);
	int rc = p ? LW_OK : LW_ENOMEM, rc2;

	if (rc || !t->enabled)
		return rc;
	if (p->keys <= now || p->keys > now + 2 * EXPIRE_US) /* the clock was turned back */
		rc = keys_upkeep(u->keys, u->store, t->id, &p->keys);
	if (p->expire <= now || p->expire > now + EXPIRE_US) {
		rc2 = upkeep_expire(u->store, t->id);
		if (!rc2)
			p->expire = now + EXPIRE_US;
		rc = rc ? rc : rc2;
	}
	if (rc)
		lw_log(LW_WARN, "upkeep", "tenant", t->name, "result", lw_errname(rc), NULL);
	return rc;
}

#define MASTER_AT_ONCE (20 * LW_SECOND)

/* A rotation of the master key that was cut short, or has too many tenants for who asked to wait. */
static void master(struct upkeep *u)
{
	struct keys_master_state s;
	char why[200];
	int rc = master_go(u->store, u->keys, u->clock, lw_mono(u->clock) + MASTER_AT_ONCE, &s, why);

	if (rc && rc != LW_EUNAVAIL)
		lw_log(LW_WARN, "upkeep", "what", "master key", "result", why[0] ? why : lw_errname(rc), NULL);
}

/* The first error. */
static int look(struct upkeep *u)
{
	struct lw_arena *arena = lw_arena_new(64u << 20, false);
	struct store_tenant *t;
	size_t n = 0;
	int rc = arena ? store_tenant_list(u->store, arena, &t, &n) : LW_ENOMEM;

	for (size_t i = 0; i < n && !rc; i++) {
		rc = lw_pause_stopped(&u->pause) ? LW_EUNAVAIL : LW_OK;
		if (!rc)
			rc = look_at(u, &t[i]) == LW_EUNAVAIL ? LW_EUNAVAIL : LW_OK; /* of keyd; what is wrong with one tenant is its own */
		if (!rc)
			atomic_store(&u->begun, true);
	}
	lw_arena_free(arena);
	return rc;
}

static int64_t drift(const struct upkeep *u)
{
	return lw_wall(u->clock) - lw_mono(u->clock);
}

/* Until the next round. false: told to stop. */
static bool rest(struct upkeep *u)
{
	int64_t before = drift(u);
	int ms = 0;
	bool go;

	do
		go = lw_pause_ms(&u->pause, GLANCE_MS);
	while (go && (ms += GLANCE_MS) < ROUND_MS && !master_unfinished() && llabs(drift(u) - before) < JUMP_US);
	return go;
}

static void *upkeep_main(void *arg)
{
	struct upkeep *u = arg;
	int rc;

	pthread_setname_np(pthread_self(), "lwd: upkeep");
	do {
		rc = look(u);
		if (!rc)
			master(u);
	} while (rc ? lw_pause_ms(&u->pause, FIRST_MS) : rest(u));
	return NULL;
}

struct upkeep *upkeep_new(struct store *store, struct keys *keys, const struct lw_clock *clock)
{
	struct upkeep *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->store = store;
	u->keys = keys;
	u->clock = clock;
	lw_pause_init(&u->pause);
	if (pthread_create(&u->thread, NULL, upkeep_main, u) == 0)
		return u;
	lw_pause_done(&u->pause);
	free(u);
	return NULL;
}

void upkeep_free(struct upkeep *u)
{
	if (!u)
		return;
	lw_pause_stop(&u->pause);
	pthread_join(u->thread, NULL);
	lw_pause_done(&u->pause);
	free(u->plan);
	free(u);
}
