/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: the end of a tenant. Which certificates its CA has, for the installation CA's revocation list; and no key of it is kept here. */
#include "keys/sign.h"

#include "base/err.h"
#include "base/log.h"

/* Also of a tenant that is shut: in the session that tends its keys. */
static int sets_of(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_sets *ret, uint64_t *ret_generation)
{
	struct lw_session *s;
	struct store_txn *txn;
	int err = store_session_role(k->store, t->id, STORE_ROLE_UPKEEP, &s);

	if (err)
		return err;
	err = store_begin(s, STORE_READ, &txn);
	if (!err) {
		err = keyd_ca_sets(k, t, txn, c->arena, ret, ret_generation);
		store_end(txn);
	}
	store_session_free(s);
	return err;
}

static void put_one(struct lw_writer *w, const uint8_t *serial, size_t n, int64_t not_after)
{
	lw_put_counted(w, (struct lw_bytes){ serial, n });
	lw_put_u64(w, (uint64_t)not_after);
}

static int put_all(const struct keyd_sets *s, int64_t now, struct lw_writer *w)
{
	const struct keys_ca_builders *b = keyd_ca_builders();

	for (size_t i = 0; i < s->n; i++) {
		uint8_t serial[KEYS_SERIAL_MAX];
		size_t n = b->serial(s->v[i].cert, serial);

		if (!n)
			return LW_EINTERNAL;
		put_one(w, serial, n, b->not_after(s->v[i].cert));
	}
	for (size_t i = 0; i < s->nformer; i++)
		if (s->former[i].not_after >= now)
			put_one(w, s->former[i].serial, s->former[i].n, s->former[i].not_after);
	return w->err;
}

int keyd_tenant_end(struct keyd *k, struct keys_call *c)
{
	struct keyd_sets sets = { .n = 0 };
	struct store_tenant t;
	struct lw_writer w;
	uint64_t generation = 0;
	int err = !k->store || !keyd_ca_builders() ? LW_EUNAVAIL : store_tenant_by_id(k->store, c->arena, c->q.tenant, &t);

	if (!err)
		err = sets_of(k, c, &t, &sets, &generation);
	if (err == LW_EREVOKED) /* deleted meanwhile */
		err = LW_ENOTFOUND;
	lw_writer_init(&w, KEYS_MAX_BLOB);
	lw_put_u64(&w, generation);
	if (!err)
		err = put_all(&sets, lw_wall(k->clock), &w);
	if (!err) {
		c->a.blob = lw_dup(c->arena, lw_written(&w));
		err = c->a.blob.p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	lw_wipe(&sets, sizeof(sets));
	return err;
}

struct forgetting {
	struct keyd *k;
	struct lw_arena *arena;
};

static bool is_gone(void *ctx, uint32_t tenant)
{
	struct forgetting *f = ctx;
	struct store_tenant t;

	return store_tenant_by_id(f->k->store, f->arena, tenant, &t) == LW_ENOTFOUND;
}

int keyd_forget(struct keyd *k, struct keys_call *c)
{
	struct forgetting f = { k, c->arena };

	if (k->store)
		keyd_cache_forget(k, is_gone, &f);
	return LW_OK;
}
