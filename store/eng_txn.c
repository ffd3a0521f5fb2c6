/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and the pool of readers. */
#include <stdlib.h>
#include "store/eng_int.h"

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store *open_stores;
static uint64_t open_count;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;

/* The reader that a thread keeps between requests. */
struct kept {
	uint64_t number;
	struct store *st;
	struct eng_txn *txn;
	bool share;
	bool open; /* its snapshot is that of the next transaction */
};

int eng_txn_new(struct store *st, bool write, struct eng_txn **ret)
{
	struct eng_txn *txn = calloc(1, sizeof(*txn));

	if (!txn)
		return LW_ENOMEM;
	txn->arena = lw_arena_new(ENG_TXN_ARENA, false);
	if (!txn->arena) {
		free(txn);
		return LW_ENOMEM;
	}
	(void)lw_alloc(txn->arena, 64 << 10); /* the block that stays */
	lw_arena_reset(txn->arena);
	lw_writer_init(&txn->w, ENG_BATCH_MAX + ENG_LOG_SUM);
	txn->st = st;
	txn->write = write;
	*ret = txn;
	return LW_OK;
}

void eng_txn_done(struct eng_txn *txn)
{
	if (!txn)
		return;
	eng_curs_close(txn);
	if (txn->mdb)
		mdb_txn_abort(txn->mdb);
	lw_arena_free(txn->arena);
	lw_writer_done(&txn->w);
	free(txn->scratch);
	free(txn);
}

static void thread_exit(void *p)
{
	struct kept *kept = p;

	pthread_mutex_lock(&open_lock);
	for (struct store *st = open_stores; st && kept->txn; st = st->next_open)
		if (st->number == kept->number) {
			if (kept->open)
				mdb_txn_reset(kept->txn->mdb);
			pthread_mutex_lock(&st->pool_lock);
			kept->txn->next_idle = st->idle;
			st->idle = kept->txn;
			pthread_mutex_unlock(&st->pool_lock);
			break;
		}
	pthread_mutex_unlock(&open_lock);
	free(kept);
}

static void thread_init(void)
{
	if (pthread_key_create(&thread_key, thread_exit))
		abort();
}

static struct kept *thread_kept(void)
{
	static __thread struct kept *mine;

	if (!mine) {
		mine = calloc(1, sizeof(*mine));
		if (mine && pthread_setspecific(thread_key, mine)) {
			free(mine);
			mine = NULL;
		}
	}
	return mine;
}

static int pool_take(struct store *st, struct eng_txn **ret)
{
	struct eng_txn *txn;
	int err;

	pthread_mutex_lock(&st->pool_lock);
	txn = st->idle;
	if (txn)
		st->idle = txn->next_idle;
	pthread_mutex_unlock(&st->pool_lock);
	if (!txn) {
		err = eng_txn_new(st, false, &txn);
		if (err)
			return err;
		pthread_mutex_lock(&st->pool_lock);
		txn->next_all = st->all;
		st->all = txn;
		pthread_mutex_unlock(&st->pool_lock);
	}
	*ret = txn;
	return LW_OK;
}

static void pool_give(struct eng_txn *txn)
{
	struct store *st = txn->st;

	pthread_mutex_lock(&st->pool_lock);
	txn->next_idle = st->idle;
	st->idle = txn;
	pthread_mutex_unlock(&st->pool_lock);
}

int eng_begin(struct store *st, struct eng_txn **ret)
{
	struct kept *kept = thread_kept();
	struct eng_txn *txn;
	int err, rc;

	if (kept && kept->txn && kept->number == st->number && !kept->txn->in_use) {
		txn = kept->txn;
	} else {
		err = pool_take(st, &txn);
		if (err)
			return err;
		if (kept && (!kept->txn || kept->number != st->number)) { /* what it kept of another store stays in that one's list */
			eng_unshare();
			*kept = (struct kept){ .number = st->number, .st = st, .txn = txn, .share = kept->share };
		}
	}
	if (kept && kept->txn == txn && kept->open) {
		rc = 0; /* and the time is that of the snapshot */
	} else {
		txn->now = lw_wall(st->clock);
		rc = txn->mdb ? mdb_txn_renew(txn->mdb) : mdb_txn_begin(st->env, NULL, MDB_RDONLY, &txn->mdb);
	}
	if (rc) {
		if (!kept || kept->txn != txn)
			pool_give(txn);
		return eng_mdb_err(st, rc, "begin");
	}
	if (kept && kept->txn == txn)
		kept->open = kept->share;
	txn->snapshot = mdb_txn_id(txn->mdb);
	txn->in_use = true;
	txn->ntouched = 0;
	*ret = txn;
	return LW_OK;
}

void eng_end(struct eng_txn *txn)
{
	struct kept *kept;

	if (!txn || txn->write)
		return;
	kept = thread_kept();
	eng_curs_idle(txn);
	if (!kept || kept->txn != txn || !kept->open)
		mdb_txn_reset(txn->mdb);
	lw_arena_reset(txn->arena);
	txn->in_use = false;
	if (!kept || kept->txn != txn)
		pool_give(txn);
}

void eng_unshare(void)
{
	struct kept *kept = thread_kept();

	if (!kept || !kept->open)
		return;
	kept->open = false;
	if (!kept->txn->in_use)
		mdb_txn_reset(kept->txn->mdb);
}

void store_share(bool on)
{
	struct kept *kept = thread_kept();

	eng_unshare();
	if (kept)
		kept->share = on;
}

struct lw_arena *eng_arena(struct eng_txn *txn)
{
	return txn->arena;
}

struct store *eng_store(struct eng_txn *txn)
{
	return txn->st;
}

uint64_t eng_snapshot(const struct eng_txn *txn)
{
	return txn->snapshot;
}

void eng_touched(const struct eng_txn *txn, uintptr_t ret[ENG_TOUCHED])
{
	unsigned n = txn->ntouched < ENG_TOUCHED ? txn->ntouched : ENG_TOUCHED;

	memset(ret, 0, ENG_TOUCHED * sizeof(*ret));
	memcpy(ret, txn->touched, n * sizeof(*ret));
}

bool eng_writing(const struct eng_txn *txn)
{
	return txn->write;
}

int64_t eng_now(const struct eng_txn *txn)
{
	return txn->now;
}

int eng_write_begin(struct store *st, struct eng_txn **ret)
{
	int err, rc;

	if (!st->wtxn) {
		err = eng_txn_new(st, true, &st->wtxn);
		if (err)
			return err;
	}
	rc = mdb_txn_begin(st->env, NULL, 0, &st->wtxn->mdb);
	if (rc) {
		st->wtxn->mdb = NULL;
		return eng_mdb_err(st, rc, "begin write");
	}
	st->wtxn->now = lw_wall(st->clock);
	st->wtxn->snapshot = mdb_txn_id(st->wtxn->mdb);
	*ret = st->wtxn;
	return LW_OK;
}

int eng_write_commit(struct eng_txn *txn)
{
	struct store *st = txn->st;
	int rc;

	eng_curs_close(txn);
	lw_arena_reset(txn->arena);
	if (st->fail_commit) { /* as a full or broken disk does: the transaction is gone */
		mdb_txn_abort(txn->mdb);
		rc = st->fail_commit;
	} else {
		rc = mdb_txn_commit(txn->mdb);
	}
	txn->mdb = NULL;
	return eng_mdb_err(st, rc, "commit");
}

void eng_write_abort(struct eng_txn *txn)
{
	eng_curs_close(txn);
	lw_arena_reset(txn->arena);
	mdb_txn_abort(txn->mdb);
	txn->mdb = NULL;
}

/* ---- the open stores: a thread that ends gives its reader back, if the store is still there ---- */

void eng_store_list(struct store *st)
{
	pthread_once(&thread_once, thread_init);
	pthread_mutex_lock(&open_lock);
	st->number = ++open_count;
	st->next_open = open_stores;
	open_stores = st;
	pthread_mutex_unlock(&open_lock);
}

void eng_store_unlist(struct store *st)
{
	pthread_mutex_lock(&open_lock);
	for (struct store **at = &open_stores; *at; at = &(*at)->next_open)
		if (*at == st) {
			*at = st->next_open;
			break;
		}
	pthread_mutex_unlock(&open_lock);
}
