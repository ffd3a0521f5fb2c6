/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/master.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/log.h"
#include "store/store.h"

static pthread_rwlock_t tenants = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_mutex_t going = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool unfinished;

void master_hold(void)
{
	pthread_rwlock_rdlock(&tenants);
}

void master_release(void)
{
	pthread_rwlock_unlock(&tenants);
}

bool master_unfinished(void)
{
	return atomic_load(&unfinished);
}

/* What another has changed meanwhile, or deleted, the next round sees. */
static int rewrap(struct store *store, struct keys *keys, struct lw_session *s, uint32_t id)
{
	struct lw_arena *arena = lw_arena_new(1u << 20, true);
	struct store_op op = { .kind = STORE_TENANT_REWRAP };
	struct store_result res;
	struct store_tenant t;
	int rc = arena ? store_tenant_by_id(store, arena, id, &t) : LW_ENOMEM;

	if (!rc)
		rc = keys_master_rewrap_tenant(keys, id, arena, &op.tenant_keys);
	if (!rc && op.tenant_keys.n) {
		op.tenant_uuid = t.uuid;
		op.old_tenant_keys = t.keys;
		rc = store_write(s, &op, &res);
	}
	lw_arena_free(arena);
	return rc == LW_ENOTFOUND || rc == LW_EAGAIN ? LW_OK : rc;
}

/* Every tenant once; the first error. */
static int rewrap_all(struct store *store, struct keys *keys, const struct lw_clock *clock, int64_t until)
{
	struct lw_arena *arena = lw_arena_new(64u << 20, false);
	struct lw_session *s = NULL;
	struct store_tenant *v;
	size_t n = 0;
	int rc = arena ? store_tenant_list(store, arena, &v, &n) : LW_ENOMEM;

	for (size_t i = 0; !rc && !s && i < n; i++)
		if (v[i].system)
			rc = store_session_role(store, v[i].id, STORE_ROLE_UPKEEP, &s);
	if (!rc && !s)
		rc = LW_EUNAVAIL;
	for (size_t i = 0; !rc && i < n; i++)
		rc = lw_mono(clock) < until ? rewrap(store, keys, s, v[i].id) : LW_ETIMEOUT;
	store_session_free(s);
	lw_arena_free(arena);
	return rc;
}

static int finish(struct keys *keys, struct keys_master_state *ret, char why[200])
{
	int rc;

	pthread_rwlock_wrlock(&tenants);
	rc = keys_master_state(keys, true, ret, why);
	pthread_rwlock_unlock(&tenants);
	return rc;
}

int master_go(struct store *store, struct keys *keys, const struct lw_clock *clock, int64_t until, struct keys_master_state *ret, char why[200])
{
	int rc;

	pthread_mutex_lock(&going);
	rc = keys_master_state(keys, false, ret, why);
	while (!rc && ret->turning) {
		rc = rewrap_all(store, keys, clock, until);
		if (!rc)
			rc = finish(keys, ret, why);
		if (rc == LW_ETIMEOUT) { /* another time */
			rc = LW_OK;
			break;
		}
		if (rc == LW_EAGAIN) /* somebody made a tenant meanwhile */
			rc = LW_OK;
	}
	atomic_store(&unfinished, rc == LW_EUNAVAIL || rc == LW_ETIMEOUT || (!rc && ret->turning));
	pthread_mutex_unlock(&going);
	return rc;
}
