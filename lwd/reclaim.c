/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/reclaim.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pause.h"

#define LOOK_MS   500 /* is there anything to do? */
#define BREATH_MS 5   /* between steps */
#define RETRY_MS  5000

struct reclaim {
	struct store *store;
	pthread_t thread;
	struct lw_pause pause;
};

/* How many tenants are being reclaimed. */
static size_t dying(struct reclaim *r)
{
	struct lw_arena *arena = lw_arena_new(16u << 20, false);
	struct store_tenant *t;
	size_t n = 0;

	if (arena && store_tenant_dying(r->store, arena, &t, &n))
		n = 0;
	lw_arena_free(arena);
	return n;
}

static int step(struct reclaim *r)
{
	const struct store_op op = { .kind = STORE_TENANT_RECLAIM };
	struct store_result res;
	struct lw_session *s;
	int rc = store_session_role(r->store, 0, STORE_ROLE_UPKEEP, &s);

	if (rc)
		return rc;
	rc = store_write(s, &op, &res);
	store_session_free(s);
	return rc;
}

/* Milliseconds to wait. */
static int64_t look(struct reclaim *r)
{
	size_t before = dying(r);
	int rc = LW_OK;

	if (!before)
		return LOOK_MS;
	while (!(rc = step(r)) && lw_pause_ms(&r->pause, BREATH_MS))
		;
	if (rc != LW_ENOTFOUND && rc)
		lw_log(LW_WARN, "reclaim", "result", lw_errname(rc), "note", "of a deleted tenant; tried again", NULL);
	else if (rc)
		lw_log(LW_INFO, "reclaim", "note", "nothing is left of deleted tenants", NULL);
	return rc == LW_ENOTFOUND ? LOOK_MS : RETRY_MS;
}

static void *reclaim_main(void *arg)
{
	struct reclaim *r = arg;

	pthread_setname_np(pthread_self(), "lwd: reclaim");
	while (lw_pause_ms(&r->pause, look(r)))
		;
	return NULL;
}

struct reclaim *reclaim_new(struct store *store)
{
	struct reclaim *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->store = store;
	lw_pause_init(&r->pause);
	if (pthread_create(&r->thread, NULL, reclaim_main, r) == 0)
		return r;
	lw_pause_done(&r->pause);
	free(r);
	return NULL;
}

void reclaim_free(struct reclaim *r)
{
	if (!r)
		return;
	lw_pause_stop(&r->pause);
	pthread_join(r->thread, NULL);
	lw_pause_done(&r->pause);
	free(r);
}
