/* SPDX-License-Identifier: Apache-2.0 */
/* The environment: opening and closing, errors, upkeep. */
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

#define MIN_FILE 8192 /* two pages, of the smallest that are in use: the heads */

const struct eng_table_row eng_table_rows[ENG_TABLES] = {
	[ENG_META] = { "meta", false },     [ENG_TENANT] = { "tenant", false }, [ENG_TNAME] = { "tname", false },
	[ENG_ENTRY] = { "entry", false },   [ENG_SEALED] = { "sealed", false }, [ENG_DN] = { "dn", false },
	[ENG_UUID] = { "uuid", false },     [ENG_NAME] = { "name", false },     [ENG_EQ] = { "eq", false },
	[ENG_ORD] = { "ord", false },       [ENG_SUB] = { "sub", false },       [ENG_REF] = { "ref", false },
	[ENG_GRANT] = { "grant", false },   [ENG_LOG] = { "log", true },        [ENG_TOMB] = { "tomb", false },
	[ENG_AUDIT] = { "audit", false },   [ENG_AUDIT_HEAD] = { "audit.head", false },
	[ENG_RECLAIM] = { "reclaim", false }, [ENG_IDEM] = { "idem", true },
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
		if (!rc)
			rc = mdb_set_compare(mdb, st->dbi[t], eng_key_compare);
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

void store_close(struct store *st)
{
	if (!st)
		return;
	store_writer_stop(st);
	for (unsigned i = ENG_SLOT_COUNT; i-- > 0;)
		if (st->slot[i] && st->slot_free[i])
			st->slot_free[i](st->slot[i]);
	eng_store_unlist(st);
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
	if (st->fill_fd >= 0)
		close(st->fill_fd);
	if (st->lock_fd >= 0)
		close(st->lock_fd);
	if (st->dir_fd >= 0)
		close(st->dir_fd);
	pthread_mutex_destroy(&st->pool_lock);
	pthread_mutex_destroy(&st->write_lock);
	free(st);
}

/* LMDB makes its lock file with holes and maps it: on a full disk, a process that takes a reader's slot in a hole
 * dies of SIGBUS. Room is made for all of them now; what cannot be had now is asked for at the next start. The
 * descriptor stays open: closing one takes LMDB's own locks on the file away. */
static void fill_lock_file(struct store *st)
{
	struct stat sb;

	st->fill_fd = openat(st->dir_fd, "lock.mdb", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (st->fill_fd < 0 || fstat(st->fill_fd, &sb) != 0 || (uint64_t)sb.st_blocks * 512 >= (uint64_t)sb.st_size)
		return;
	if (fallocate(st->fill_fd, 0, 0, sb.st_size) != 0 && errno != EOPNOTSUPP)
		lw_log(LW_WARN, "store.lock-file", "why", strerror(errno), NULL);
}

/* Pages that the file ought to have. One may be missing at the end when it was freed before it was ever written; any
 * other was cut off, and reading it would be SIGBUS. */
static int check_length(struct store *st, bool *ret_cut)
{
	size_t size, whole, missing, free_ones = 0;
	MDB_cursor *cur;
	MDB_envinfo info;
	MDB_val k, v;
	MDB_stat ms;
	MDB_txn *txn;
	struct stat sb;
	int fd, rc;

	*ret_cut = false;
	if (mdb_env_info(st->env, &info) || mdb_env_stat(st->env, &ms) || mdb_env_get_fd(st->env, &fd) || fstat(fd, &sb))
		return MDB_SUCCESS;
	size = (size_t)sb.st_size / ms.ms_psize;
	whole = info.me_last_pgno + 1;
	if (size >= whole)
		return MDB_SUCCESS;
	missing = whole - size;
	fd = openat(st->dir_fd, "data.mdb", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	/* holes can be looked at; grows only, whoever else writes meanwhile */
	rc = fallocate(fd, 0, sb.st_size, (off_t)(whole * ms.ms_psize) - sb.st_size) ? errno : MDB_SUCCESS;
	close(fd);
	if (!rc)
		rc = mdb_txn_begin(st->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return rc;
	rc = mdb_cursor_open(txn, 0, &cur); /* 0: the table of free pages */
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	for (int op = MDB_FIRST; !rc && (rc = mdb_cursor_get(cur, &k, &v, (MDB_cursor_op)op)) == MDB_SUCCESS; op = MDB_NEXT) {
		const size_t *ids = v.mv_data;

		for (size_t i = 1; i <= ids[0] && (i + 1) * sizeof(*ids) <= v.mv_size; i++)
			free_ones += ids[i] >= size && ids[i] < whole;
	}
	mdb_cursor_close(cur);
	mdb_txn_abort(txn);
	*ret_cut = free_ones < missing;
	return MDB_SUCCESS;
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
	if (!rc)
		fill_lock_file(st);
	return rc;
}

int eng_open(const char *dir, enum store_open_mode mode, const struct lw_clock *clock, size_t map_size,
	uint64_t reserve, struct store **ret, char err[256])
{
	char path[4096], file[4096 + 16];
	struct store *st;
	bool made = false, cut = false;
	struct stat sb;
	int e = LW_OK, rc;

	if (snprintf(path, sizeof(path), "%s/db", dir) >= (int)sizeof(path))
		return say(err, LW_ELIMIT, dir, "the path is too long");
	schema_init();
	st = calloc(1, sizeof(*st));
	if (!st)
		return say(err, LW_ENOMEM, dir, lw_strerror(LW_ENOMEM));
	st->clock = clock;
	st->mode = mode;
	st->reserve = reserve;
	st->lock_fd = st->dir_fd = st->fill_fd = -1;
	pthread_mutex_init(&st->pool_lock, NULL);
	pthread_mutex_init(&st->write_lock, NULL);
	lw_writer_init(&st->log, ENG_BATCH_MAX);
	eng_store_list(st);

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
		e = errno == ENOENT || errno == ENOTDIR ? say(err, LW_ENOTFOUND, dir, "there is no database: restore it from a backup") :
			say(err, LW_EIO, dir, strerror(errno));
		goto out;
	}
	if (mode != STORE_OPEN_CREATE && faccessat(st->dir_fd, "data.mdb", F_OK, 0)) {
		e = say(err, LW_ENOTFOUND, dir, "there is no database: restore it from a backup");
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
	if (mode != STORE_OPEN_CREATE && fstatat(st->dir_fd, "data.mdb", &sb, 0) == 0 && sb.st_size < MIN_FILE) {
		e = say(err, LW_EVERSION, dir, "data.mdb is cut short: restore it from a backup");
		goto out;
	}
	rc = open_env(st, path, map_size);
	if (!rc && mode != STORE_OPEN_CREATE)
		rc = check_length(st, &cut);
	if (!rc && cut) {
		e = say(err, LW_EVERSION, dir, "data.mdb is cut short: restore it from a backup");
		goto out;
	}
	if (!rc)
		rc = open_tables(st, mode == STORE_OPEN_CREATE);
	if (rc) {
		e = rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_NOTFOUND || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INCOMPATIBLE ?
			say(err, LW_EVERSION, dir, "is not a database of lwd, or is damaged: restore it from a backup") : say(err, LW_EIO, dir, mdb_strerror(rc));
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

int eng_full(struct store *st)
{
	struct statvfs vfs;

	if (st->reserve && fstatvfs(st->dir_fd, &vfs) == 0 && (uint64_t)vfs.f_bavail * vfs.f_frsize < st->reserve)
		return LW_EFULL;
	return LW_OK;
}

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
