/* SPDX-License-Identifier: Apache-2.0 */
/* The log replayed into an empty environment must give the same tables. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/crypto.h"
#include "store/eng_int.h"

#define BATCHES 256 /* to a commit */

/* SHA-256, chained over blocks of what is fed. */
struct chain {
	uint8_t buf[32 + 65536];
	size_t n;
};

static void chain_close(struct chain *c)
{
	uint8_t sum[32];

	lw_hash(LW_SHA256, (struct lw_bytes){ c->buf, c->n }, sum);
	memcpy(c->buf, sum, sizeof(sum));
	c->n = sizeof(sum);
}

static void chain_add(struct chain *c, const void *p, size_t n)
{
	while (n) {
		size_t room = sizeof(c->buf) - c->n, step = n < room ? n : room;

		memcpy(c->buf + c->n, p, step);
		c->n += step;
		p = (const uint8_t *)p + step;
		n -= step;
		if (c->n == sizeof(c->buf))
			chain_close(c);
	}
}

static void chain_counted(struct chain *c, struct lw_bytes b)
{
	uint64_t n = b.n;

	chain_add(c, &n, sizeof(n));
	chain_add(c, b.p, b.n);
}

int eng_hash(struct eng_txn *txn, uint8_t ret[32])
{
	struct chain *c = calloc(1, sizeof(*c));
	struct eng_applied at;
	int err = LW_OK;

	if (!c)
		return LW_ENOMEM;
	c->n = 32;
	if (eng_applied_get(txn, &at))
		err = LW_EIO;
	for (unsigned t = 0; !err && t < ENG_TABLES; t++) {
		struct lw_bytes key = { 0 }, v;
		struct eng_cur *cur;

		if (eng_table_rows[t].local)
			continue;
		chain_counted(c, lw_str(eng_table_rows[t].name));
		cur = eng_cur_get(txn, t, &err);
		while (cur && !(err = eng_cur_move(txn, cur, MDB_NEXT, &key, &v))) {
			if (t == ENG_META && !at.seq && eng_has_prefix(key, LW_LIT("applied")))
				continue; /* the origin of an environment that was never written to */
			chain_counted(c, key);
			chain_counted(c, v);
		}
		if (err == LW_ENOTFOUND)
			err = LW_OK;
		eng_cur_put(txn, cur);
	}
	chain_close(c);
	if (!err)
		memcpy(ret, c->buf, 32);
	free(c);
	return err;
}

static int replay(struct store *from, struct store *to, uint64_t last)
{
	struct eng_txn *r = NULL, *w;
	struct lw_bytes record;
	uint64_t seq = 1;
	int err = LW_OK;

	while (!err && seq <= last) {
		err = eng_write_begin(to, &w);
		if (err)
			break;
		for (unsigned i = 0; !err && i < BATCHES && seq <= last; i++, seq++) {
			err = eng_begin(from, &r);
			if (!err)
				err = eng_log_get(r, seq, &record);
			if (!err)
				err = eng_apply_batch(w, record);
			eng_end(r);
			r = NULL;
		}
		if (err)
			eng_write_abort(w);
		else
			err = eng_write_commit(w);
	}
	return err;
}

int store_replay(struct store *st, const char *into, uint8_t ret_hash[32], char err[256])
{
	struct store *to = NULL;
	struct eng_txn *txn = NULL, *other = NULL;
	uint8_t a[32], b[32];
	int e;

	if (mkdir(into, 0700) && errno != EEXIST) {
		snprintf(err, 256, "%s: %s", into, strerror(errno));
		return LW_EIO;
	}
	e = eng_open(into, STORE_OPEN_CREATE, st->clock, ENG_MAP_SIZE, st->reserve, &to, err);
	if (e)
		return e;
	mdb_env_set_flags(to->env, MDB_NOSYNC, 1);
	e = eng_begin(st, &txn); /* one state of the source: writers may go on */
	if (!e)
		e = replay(st, to, eng_applied_seq(txn));
	mdb_env_set_flags(to->env, MDB_NOSYNC, 0);
	if (!e && mdb_env_sync(to->env, 1))
		e = LW_EIO;
	if (!e)
		e = eng_hash(txn, a);
	if (!e)
		e = eng_begin(to, &other);
	if (!e)
		e = eng_hash(other, b);
	if (e) {
		snprintf(err, 256, "replay: %s", lw_strerror(e));
	} else if (memcmp(a, b, sizeof(a)) != 0) {
		e = LW_EINTERNAL;
		snprintf(err, 256, "the replayed log differs from the store");
	} else {
		memcpy(ret_hash, a, sizeof(a));
	}
	eng_end(other);
	eng_end(txn);
	store_close(to);
	return e;
}
