/* SPDX-License-Identifier: Apache-2.0 */
/* The environment: opening, transactions and their pool, cursors, single records and records in parts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "store/eng_int.h"

const struct eng_table_row eng_table_rows[ENG_TABLES] = {
	[ENG_META] = { "meta", false },     [ENG_TENANT] = { "tenant", false }, [ENG_TNAME] = { "tname", false },
	[ENG_ENTRY] = { "entry", false },   [ENG_SEALED] = { "sealed", false }, [ENG_DN] = { "dn", false },
	[ENG_UUID] = { "uuid", false },     [ENG_NAME] = { "name", false },     [ENG_EQ] = { "eq", false },
	[ENG_ORD] = { "ord", false },       [ENG_SUB] = { "sub", false },       [ENG_REF] = { "ref", false },
	[ENG_GRANT] = { "grant", false },   [ENG_LOG] = { "log", true },        [ENG_TOMB] = { "tomb", false },
	[ENG_RECLAIM] = { "reclaim", true }, [ENG_IDEM] = { "idem", true },
};

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
};

int eng_mdb_err(struct store *st, int rc, const char *what)
{
	int err = LW_EIO;
	struct statvfs vfs;

	switch (rc) {
	case MDB_SUCCESS: return LW_OK;
	case MDB_NOTFOUND: return LW_ENOTFOUND;
	case MDB_KEYEXIST: return LW_EEXIST;
	case ENOMEM: return LW_ENOMEM;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT: err = LW_EFULL; break;
	case MDB_READERS_FULL: err = LW_EBUSY; break;
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID: err = LW_EVERSION; break;
	case EIO: /* what LMDB makes of a short write */
		if (st && fstatvfs(st->dir_fd, &vfs) == 0 &&
			(uint64_t)vfs.f_bavail * vfs.f_frsize < (st->reserve ? st->reserve : 1u << 20))
			err = LW_EFULL;
		break;
	default: break;
	}
	lw_log(LW_ERROR, "store.lmdb", "what", what, "error", mdb_strerror(rc), NULL);
	return err;
}

/* ---- single records ---- */

static MDB_val val(struct lw_bytes b)
{
	return (MDB_val){ b.n, (void *)(uintptr_t)b.p };
}

int eng_get(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes *ret)
{
	MDB_val k = val(key), v;
	int rc = mdb_get(txn->mdb, txn->st->dbi[table], &k, &v);

	if (rc == MDB_NOTFOUND)
		return LW_ENOTFOUND;
	if (rc)
		return eng_mdb_err(txn->st, rc, "get");
	*ret = (struct lw_bytes){ v.mv_data, v.mv_size };
	return LW_OK;
}

static int put(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value, unsigned flags)
{
	MDB_val k = val(key), v = val(value);

	return eng_mdb_err(txn->st, mdb_put(txn->mdb, txn->st->dbi[table], &k, &v, flags), "put");
}

int eng_put(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value)
{
	return put(txn, table, key, value, 0);
}

int eng_put_new(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value)
{
	return put(txn, table, key, value, MDB_NOOVERWRITE);
}

int eng_del(struct eng_txn *txn, enum eng_table table, struct lw_bytes key)
{
	MDB_val k = val(key);

	return eng_mdb_err(txn->st, mdb_del(txn->mdb, txn->st->dbi[table], &k, NULL), "delete");
}

/* ---- cursors ---- */

struct eng_cur *eng_cur_get(struct eng_txn *txn, enum eng_table table, int *ret_err)
{
	struct eng_cur *cur = txn->idle[table];
	int rc;

	if (cur) {
		txn->idle[table] = cur->next;
		rc = txn->write ? 0 : mdb_cursor_renew(txn->mdb, cur->c);
	} else {
		cur = calloc(1, sizeof(*cur));
		if (!cur) {
			*ret_err = LW_ENOMEM;
			return NULL;
		}
		cur->table = table;
		rc = mdb_cursor_open(txn->mdb, txn->st->dbi[table], &cur->c);
	}
	if (rc) {
		*ret_err = eng_mdb_err(txn->st, rc, "cursor");
		if (cur->c)
			mdb_cursor_close(cur->c);
		free(cur);
		return NULL;
	}
	cur->next = txn->used;
	txn->used = cur;
	return cur;
}

void eng_cur_put(struct eng_txn *txn, struct eng_cur *cur)
{
	struct eng_cur **at = &txn->used;

	if (!cur)
		return;
	while (*at && *at != cur)
		at = &(*at)->next;
	if (*at)
		*at = cur->next;
	cur->next = txn->idle[cur->table];
	txn->idle[cur->table] = cur;
}

int eng_cur_move(struct eng_txn *txn, struct eng_cur *cur, MDB_cursor_op op, struct lw_bytes *inout_key,
	struct lw_bytes *ret)
{
	MDB_val k = { 0 }, v;
	int rc;

	if (op == MDB_SET_RANGE)
		k = val(*inout_key);
	rc = mdb_cursor_get(cur->c, &k, &v, op);
	if (rc == MDB_NOTFOUND)
		return LW_ENOTFOUND;
	if (rc)
		return eng_mdb_err(txn->st, rc, "cursor get");
	*inout_key = (struct lw_bytes){ k.mv_data, k.mv_size };
	*ret = (struct lw_bytes){ v.mv_data, v.mv_size };
	return LW_OK;
}

static void curs_idle(struct eng_txn *txn)
{
	while (txn->used)
		eng_cur_put(txn, txn->used);
}

static void curs_close(struct eng_txn *txn)
{
	curs_idle(txn);
	for (unsigned t = 0; t < ENG_TABLES; t++)
		while (txn->idle[t]) {
			struct eng_cur *cur = txn->idle[t];

			txn->idle[t] = cur->next;
			mdb_cursor_close(cur->c);
			free(cur);
		}
}

/* ---- records in parts ---- */

static struct eng_key part_key(struct lw_bytes key, unsigned part)
{
	struct eng_key k = { 0 };

	eng_key_raw(&k, key);
	eng_key_u16(&k, (uint16_t)part);
	return k;
}

/* Octets of part 0, without the count. */
static int part0(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, unsigned *ret_parts,
	struct lw_bytes *ret)
{
	struct eng_key k = part_key(key, 0);
	struct lw_bytes v;
	int err = eng_get(txn, table, eng_key_bytes(&k), &v);
	unsigned n;

	if (err)
		return err;
	n = v.n < ENG_BLOB_HEAD ? 0 : (unsigned)v.p[0] << 8 | v.p[1];
	if (!n)
		return LW_EIO;
	*ret_parts = n;
	*ret = (struct lw_bytes){ v.p + ENG_BLOB_HEAD, v.n - ENG_BLOB_HEAD };
	return LW_OK;
}

int eng_blob_get(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes *ret)
{
	struct lw_bytes v;
	unsigned parts;
	uint8_t *all;
	size_t n;
	int err = part0(txn, table, key, &parts, &v);

	if (err)
		return err;
	if (parts == 1) {
		*ret = v;
		return LW_OK;
	}
	all = lw_alloc(txn->arena, (size_t)parts * ENG_VALUE_MAX);
	if (!all)
		return LW_ENOMEM;
	for (unsigned i = 0;;) {
		if (v.n > ENG_VALUE_MAX)
			return LW_EIO;
		if (i == 0)
			n = 0;
		memcpy(all + n, v.p, v.n);
		n += v.n;
		if (++i == parts)
			break;
		struct eng_key k = part_key(key, i);

		err = eng_get(txn, table, eng_key_bytes(&k), &v);
		if (err)
			return err == LW_ENOTFOUND ? LW_EIO : err;
	}
	*ret = (struct lw_bytes){ all, n };
	return LW_OK;
}

int eng_blob_put(struct eng_txn *txn, enum eng_table table, struct lw_bytes key, struct lw_bytes value)
{
	const size_t step = ENG_VALUE_MAX - ENG_BLOB_HEAD;
	size_t parts = value.n ? (value.n + step - 1) / step : 1;
	uint8_t buf[ENG_VALUE_MAX];
	unsigned old = 0;
	struct lw_bytes v;
	int err;

	if (parts > UINT16_MAX)
		return LW_ELIMIT;
	err = part0(txn, table, key, &old, &v);
	if (err && err != LW_ENOTFOUND)
		return err;
	for (unsigned i = 0; i < parts; i++) {
		struct eng_key k = part_key(key, i);
		struct lw_bytes piece = { value.p + i * step, i + 1 < parts ? step : value.n - i * step };

		if (i == 0) {
			buf[0] = (uint8_t)(parts >> 8);
			buf[1] = (uint8_t)parts;
			if (piece.n)
				memcpy(buf + ENG_BLOB_HEAD, piece.p, piece.n);
			piece = (struct lw_bytes){ buf, piece.n + ENG_BLOB_HEAD };
		} else if (i < old && eng_get(txn, table, eng_key_bytes(&k), &v) == LW_OK && lw_eq(v, piece)) {
			continue;
		}
		err = eng_put(txn, table, eng_key_bytes(&k), piece);
		if (err)
			return err;
	}
	for (unsigned i = (unsigned)parts; i < old; i++) {
		struct eng_key k = part_key(key, i);

		err = eng_del(txn, table, eng_key_bytes(&k));
		if (err)
			return err == LW_ENOTFOUND ? LW_EIO : err;
	}
	return LW_OK;
}

int eng_blob_del(struct eng_txn *txn, enum eng_table table, struct lw_bytes key)
{
	struct lw_bytes v;
	unsigned parts;
	int err = part0(txn, table, key, &parts, &v);

	for (unsigned i = 0; !err && i < parts; i++) {
		struct eng_key k = part_key(key, i);

		err = eng_del(txn, table, eng_key_bytes(&k));
		if (err == LW_ENOTFOUND)
			err = LW_EIO;
	}
	return err;
}

/* ---- transactions ---- */

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
	curs_close(txn);
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
		if (kept && (!kept->txn || kept->number != st->number)) /* what it kept of another store stays in that one's list */
			*kept = (struct kept){ st->number, st, txn };
	}
	rc = txn->mdb ? mdb_txn_renew(txn->mdb) : mdb_txn_begin(st->env, NULL, MDB_RDONLY, &txn->mdb);
	if (rc) {
		if (!kept || kept->txn != txn)
			pool_give(txn);
		return eng_mdb_err(st, rc, "begin");
	}
	txn->in_use = true;
	txn->now = lw_wall(st->clock);
	*ret = txn;
	return LW_OK;
}

void eng_end(struct eng_txn *txn)
{
	struct kept *kept;

	if (!txn || txn->write)
		return;
	kept = thread_kept();
	curs_idle(txn);
	mdb_txn_reset(txn->mdb);
	lw_arena_reset(txn->arena);
	txn->in_use = false;
	if (!kept || kept->txn != txn)
		pool_give(txn);
}

struct lw_arena *eng_arena(struct eng_txn *txn)
{
	return txn->arena;
}

struct store *eng_store(struct eng_txn *txn)
{
	return txn->st;
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
	*ret = st->wtxn;
	return LW_OK;
}

int eng_write_commit(struct eng_txn *txn)
{
	struct store *st = txn->st;
	int rc;

	curs_close(txn);
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
	curs_close(txn);
	lw_arena_reset(txn->arena);
	mdb_txn_abort(txn->mdb);
	txn->mdb = NULL;
}

int eng_full(struct store *st)
{
	struct statvfs vfs;

	if (st->reserve && fstatvfs(st->dir_fd, &vfs) == 0 && (uint64_t)vfs.f_bavail * vfs.f_frsize < st->reserve)
		return LW_EFULL;
	return LW_OK;
}

/* ---- opening ---- */

static int say(char err[256], int code, const char *dir, const char *why)
{
	snprintf(err, 256, "%s/db: %s", dir, why);
	return code;
}

static int open_tables(struct store *st, bool create)
{
	MDB_txn *mdb;
	int rc = mdb_txn_begin(st->env, NULL, create ? 0 : MDB_RDONLY, &mdb);

	for (unsigned t = 0; !rc && t < ENG_TABLES; t++) {
		rc = mdb_dbi_open(mdb, eng_table_rows[t].name, create ? MDB_CREATE : 0, &st->dbi[t]);
		if (rc) {
			mdb_txn_abort(mdb);
			return rc;
		}
	}
	return rc ? rc : mdb_txn_commit(mdb);
}

/* What stands in a new environment before anything else. */
static int first_records(struct store *st)
{
	struct eng_txn *txn;
	struct eng_key k = { 0 };
	uint8_t format[4] = { 0, 0, 0, ENG_FORMAT };
	struct lw_uuid origin = lw_uuid_new(st->clock);
	struct lw_writer w;
	int err = eng_write_begin(st, &txn);

	if (err)
		return err;
	lw_writer_init(&w, 64);
	lw_put_u64(&w, 0); /* applied: seq, epoch, origin */
	lw_put_u64(&w, 1);
	lw_put_raw(&w, origin.b, sizeof(origin.b));
	eng_key_raw(&k, LW_LIT("applied"));
	err = w.err;
	if (!err)
		err = eng_blob_put(txn, ENG_META, eng_key_bytes(&k), lw_written(&w));
	if (!err)
		err = eng_blob_put(txn, ENG_META, LW_LIT("format"), (struct lw_bytes){ format, sizeof(format) });
	if (!err)
		err = eng_blob_put(txn, ENG_META, LW_LIT("unicode"), lw_str(lw_unicode_version()));
	lw_writer_done(&w);
	if (err) {
		eng_write_abort(txn);
		return err;
	}
	return eng_write_commit(txn);
}

static int check_format(struct store *st, const char *dir, char err[256])
{
	struct lw_bytes v;
	struct eng_txn *txn;
	int e = eng_begin(st, &txn);

	if (e)
		return say(err, e, dir, lw_strerror(e));
	e = eng_blob_get(txn, ENG_META, LW_LIT("format"), &v);
	if (e || v.n != 4 || v.p[3] != ENG_FORMAT || v.p[0] || v.p[1] || v.p[2]) {
		e = say(err, LW_EVERSION, dir, "made by another version of lwd");
		goto out;
	}
	e = eng_blob_get(txn, ENG_META, LW_LIT("unicode"), &v);
	if (e || !lw_eq(v, lw_str(lw_unicode_version())))
		e = say(err, LW_EVERSION, dir,
			"indexed with another Unicode version: restore it from a backup, which indexes anew");
out:
	eng_end(txn);
	return e;
}

static void unlist(struct store *st)
{
	pthread_mutex_lock(&open_lock);
	for (struct store **at = &open_stores; *at; at = &(*at)->next_open)
		if (*at == st) {
			*at = st->next_open;
			break;
		}
	pthread_mutex_unlock(&open_lock);
}

void store_close(struct store *st)
{
	if (!st)
		return;
	store_writer_stop(st);
	for (unsigned i = ENG_SLOT_COUNT; i-- > 0;)
		if (st->slot[i] && st->slot_free[i])
			st->slot_free[i](st->slot[i]);
	unlist(st);
	while (st->all) {
		struct eng_txn *txn = st->all;

		st->all = txn->next_all;
		eng_txn_done(txn);
	}
	eng_txn_done(st->wtxn);
	eng_writer_free(st);
	lw_writer_done(&st->log);
	if (st->env)
		mdb_env_close(st->env);
	if (st->lock_fd >= 0)
		close(st->lock_fd);
	if (st->dir_fd >= 0)
		close(st->dir_fd);
	pthread_mutex_destroy(&st->pool_lock);
	pthread_mutex_destroy(&st->write_lock);
	free(st);
}

static int open_env(struct store *st, const char *path, size_t map_size)
{
	int rc = mdb_env_create(&st->env);

	if (!rc)
		rc = mdb_env_set_maxdbs(st->env, ENG_TABLES + 8);
	if (!rc)
		rc = mdb_env_set_maxreaders(st->env, ENG_READERS);
	if (!rc)
		rc = mdb_env_set_mapsize(st->env, map_size);
	if (!rc)
		rc = mdb_env_open(st->env, path, MDB_NOTLS | (st->mode == STORE_OPEN_READ ? MDB_RDONLY : 0), 0660);
	return rc;
}

int eng_open(const char *dir, enum store_open_mode mode, const struct lw_clock *clock, size_t map_size,
	uint64_t reserve, struct store **ret, char err[256])
{
	char path[4096], file[4096 + 16];
	struct store *st;
	bool made = false;
	int e = LW_OK, rc;

	if (snprintf(path, sizeof(path), "%s/db", dir) >= (int)sizeof(path))
		return say(err, LW_ELIMIT, dir, "the path is too long");
	pthread_once(&thread_once, thread_init);
	schema_init();
	st = calloc(1, sizeof(*st));
	if (!st)
		return say(err, LW_ENOMEM, dir, lw_strerror(LW_ENOMEM));
	st->clock = clock;
	st->mode = mode;
	st->reserve = reserve;
	st->lock_fd = st->dir_fd = -1;
	pthread_mutex_init(&st->pool_lock, NULL);
	pthread_mutex_init(&st->write_lock, NULL);
	lw_writer_init(&st->log, ENG_BATCH_MAX);
	pthread_mutex_lock(&open_lock);
	st->number = ++open_count;
	st->next_open = open_stores;
	open_stores = st;
	pthread_mutex_unlock(&open_lock);

	if (mode == STORE_OPEN_CREATE) {
		if (mkdir(path, 0770) == 0)
			made = true;
		else
			e = errno == EEXIST ? say(err, LW_EEXIST, dir, "is there already") :
				say(err, errno == ENOENT ? LW_ENOTFOUND : LW_EIO, dir, strerror(errno));
		if (e)
			goto out;
	}
	st->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (st->dir_fd < 0) {
		e = say(err, errno == ENOENT || errno == ENOTDIR ? LW_ENOTFOUND : LW_EIO, dir, strerror(errno));
		goto out;
	}
	if (mode != STORE_OPEN_CREATE && faccessat(st->dir_fd, "data.mdb", F_OK, 0)) {
		e = say(err, LW_ENOTFOUND, dir, "there is no database");
		goto out;
	}
	if (mode != STORE_OPEN_READ) {
		st->lock_fd = openat(st->dir_fd, "writer.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
		if (st->lock_fd < 0 || flock(st->lock_fd, LOCK_EX | LOCK_NB)) {
			e = errno == EWOULDBLOCK ? say(err, LW_EBUSY, dir, "another process writes to it") :
				say(err, LW_EIO, dir, strerror(errno));
			goto out;
		}
	}
	rc = open_env(st, path, map_size);
	if (!rc)
		rc = open_tables(st, mode == STORE_OPEN_CREATE);
	if (rc) {
		e = rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_NOTFOUND ?
			say(err, LW_EVERSION, dir, "is not a database of lwd") : say(err, LW_EIO, dir, mdb_strerror(rc));
		goto out;
	}
	if (made) {
		e = first_records(st);
		if (e)
			say(err, e, dir, lw_strerror(e));
	} else {
		e = check_format(st, dir, err);
	}
out:
	if (e) {
		store_close(st);
		if (made) {
			static const char *const names[] = { "data.mdb", "lock.mdb", "writer.lock" };

			for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
				snprintf(file, sizeof(file), "%s/%s", path, names[i]);
				unlink(file);
			}
			rmdir(path);
		}
		return e;
	}
	*ret = st;
	return LW_OK;
}

int store_open(const char *dir, enum store_open_mode mode, const struct lw_clock *clock, struct store **ret,
	char err[256])
{
	return eng_open(dir, mode, clock, ENG_MAP_SIZE, ENG_RESERVE, ret, err);
}

/* ---- small things ---- */

const struct lw_clock *eng_clock(const struct store *st)
{
	return st->clock;
}

void *eng_slot(struct store *st, enum eng_slot slot)
{
	return st->slot[slot];
}

void eng_slot_set(struct store *st, enum eng_slot slot, void *p, void (*free_fn)(void *))
{
	st->slot[slot] = p;
	st->slot_free[slot] = free_fn;
}

void store_reap_readers(struct store *st)
{
	int dead = 0;
	int rc = mdb_reader_check(st->env, &dead);
	char n[16];

	if (rc) {
		eng_mdb_err(st, rc, "reader check");
	} else if (dead) {
		snprintf(n, sizeof(n), "%d", dead);
		lw_log(LW_INFO, "store.reaped", "readers", n, NULL);
	}
}

void store_warm(struct store *st)
{
	MDB_envinfo info;
	MDB_stat stat;
	volatile uint8_t sum = 0;
	const size_t most = (size_t)8 << 30; /* more would only push out what was read first */
	size_t n;

	if (mdb_env_info(st->env, &info) || mdb_env_stat(st->env, &stat))
		return;
	int fd;

	if (mdb_env_get_fd(st->env, &fd))
		return;
	n = (info.me_last_pgno + 1) * stat.ms_psize;
	if (n > most)
		n = most;
	uint8_t buf[64 << 10];

	for (size_t at = 0; at < n; at += sizeof(buf)) { /* through the file: a page past a truncated end would be SIGBUS */
		ssize_t got = pread(fd, buf, sizeof(buf), (off_t)at);

		if (got <= 0)
			break;
		sum = (uint8_t)(sum + buf[0]);
	}
	(void)sum;
}

int store_checkpoint_info(struct store *st, uint64_t *ret_applied_seq, uint64_t *ret_commits)
{
	struct eng_txn *txn;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	*ret_applied_seq = eng_applied_seq(txn);
	*ret_commits = st->commits;
	eng_end(txn);
	return LW_OK;
}
