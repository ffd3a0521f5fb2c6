/* SPDX-License-Identifier: Apache-2.0 */
/* The single writer: intents in a queue, as many as wait share one commit, and while one commit syncs the next batch
 * gathers. A submitter sleeps on a futex word that it shares with its neighbours in the queue, so that a batch is
 * woken by one or two calls. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "store/eng_int.h"

struct eng_writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct eng_intent *first, **last;
	unsigned queued;
	uint32_t tickets;
	bool running, stop;
	_Atomic uint32_t word[ENG_RING];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static unsigned ring(uint32_t ticket)
{
	return ticket / ENG_BATCH_OPS % ENG_RING;
}

/* ---- one batch ---- */

/* Resolves and applies one intent. Its refusal stays in it; what is returned fails the batch. */
static int one_op(struct eng_txn *txn, struct eng_intent *in, uint64_t version, int64_t time, bool *ret_effects)
{
	struct lw_writer *w = &txn->st->log;
	struct eng_fx fx = { .w = w, .txn = txn, .version = version };
	size_t mark = w->n;
	uint32_t len;
	int err;

	*ret_effects = false;
	lw_put_u32(w, 0);
	fx.start = w->n;
	in->err = in->resolve(in->ctx, txn, &fx);
	if (!in->err)
		in->err = eng_fx_err(&fx);
	if (in->err || w->n == mark + 4) {
		w->n = mark;
		w->err = LW_OK;
		return LW_OK;
	}
	len = __builtin_bswap32((uint32_t)(w->n - mark - 4));
	memcpy(w->p + mark, &len, sizeof(len));
	err = eng_apply_op(txn, version, time, (struct lw_bytes){ w->p + mark + 4, w->n - mark - 4 });
	*ret_effects = true;
	return err;
}

static void hooks(struct store *st, const struct eng_batch *b)
{
	struct eng_commit c = { b->seq, b->time, lw_written(&st->log) };

	for (unsigned i = 0; i < st->nhooks; i++)
		st->hook[i](st->hook_ctx[i], &c);
}

/* One transaction. *ret_single: the batch failed by what is in it, so its operations may be tried one by one. */
static int batch(struct store *st, struct eng_intent *const *in, size_t n, bool *ret_single)
{
	struct eng_applied at;
	struct eng_batch b = { 0 };
	struct eng_txn *txn;
	uint32_t nops = 0;
	bool effects;
	int err = eng_full(st);

	*ret_single = false;
	if (err)
		return err;
	err = eng_write_begin(st, &txn);
	if (err)
		return err;
	err = eng_applied_get(txn, &at);
	if (err)
		goto out;
	b = (struct eng_batch){ .seq = at.seq + 1, .prev_seq = at.seq, .epoch = at.epoch, .origin = at.origin,
		.id = lw_uuid_new(st->clock), .time = txn->now };
	lw_writer_reset(&st->log);
	eng_batch_start(&st->log, &b);
	for (size_t i = 0; i < n; i++) {
		err = one_op(txn, in[i], b.seq << ENG_SEQ_OPS | (nops + 1), b.time, &effects);
		if (err) {
			*ret_single = err != LW_EFULL;
			goto out;
		}
		nops += effects;
		lw_arena_reset(txn->arena);
	}
	if (!nops)
		goto out;
	eng_batch_finish(&st->log, nops);
	b.nops = nops;
	err = st->log.err ? st->log.err : eng_apply_log(txn, &b, lw_written(&st->log));
	if (err)
		goto out;
	err = eng_write_commit(txn);
	if (err)
		return err;
	st->commits++;
	hooks(st, &b);
	return LW_OK;
out:
	eng_write_abort(txn);
	return err;
}

static void run(struct store *st, struct eng_intent *const *in, size_t n)
{
	bool single;
	int err;

	pthread_mutex_lock(&st->write_lock);
	err = batch(st, in, n, &single);
	if (err) {
		lw_log(LW_ERROR, "store.batch", "error", lw_errname(err), NULL);
		for (size_t i = 0; i < n; i++) {
			in[i]->err = err;
			if (single && n > 1) { /* so that only the guilty one fails */
				int alone = batch(st, &in[i], 1, &(bool){ false });

				if (alone)
					in[i]->err = alone;
			}
		}
	}
	pthread_mutex_unlock(&st->write_lock);
}

/* ---- the thread ---- */

static void *writer_main(void *arg)
{
	struct store *st = arg;
	struct eng_writer *w = st->writer;
	struct eng_intent *in[ENG_BATCH_OPS];

	for (;;) {
		uint32_t tickets[ENG_BATCH_OPS];
		size_t n = 0;

		pthread_mutex_lock(&w->lock);
		while (!w->first && !w->stop)
			pthread_cond_wait(&w->more, &w->lock);
		while (w->first && n < ENG_BATCH_OPS) {
			in[n++] = w->first;
			w->first = w->first->next;
		}
		if (!w->first)
			w->last = &w->first;
		w->queued -= (unsigned)n;
		pthread_mutex_unlock(&w->lock);
		if (!n)
			return NULL;
		run(st, in, n);
		for (size_t i = 0; i < n; i++) { /* once done is set, the intent may be gone */
			tickets[i] = in[i]->ticket;
			atomic_store(&in[i]->done, true);
		}
		for (size_t i = 0; i < n; i++)
			if (i + 1 == n || ring(tickets[i]) != ring(tickets[i + 1])) {
				_Atomic uint32_t *word = &w->word[ring(tickets[i])];

				atomic_fetch_add(word, 1);
				futex_wake_all(word);
			}
	}
}

int store_writer_start(struct store *st)
{
	struct eng_writer *w = st->writer;
	sigset_t all, old;
	int rc;

	if (st->mode == STORE_OPEN_READ)
		return LW_EINVAL;
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return LW_ENOMEM;
		pthread_mutex_init(&w->lock, NULL);
		pthread_cond_init(&w->more, NULL);
		w->last = &w->first;
		st->writer = w;
	}
	if (w->running)
		return LW_OK;
	w->stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&w->thread, NULL, writer_main, st);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return LW_ENOMEM;
	pthread_mutex_lock(&w->lock);
	w->running = true;
	pthread_mutex_unlock(&w->lock);
	return LW_OK;
}

void store_writer_stop(struct store *st)
{
	struct eng_writer *w = st->writer;

	if (!w || !w->running)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_mutex_lock(&w->lock);
	w->running = false;
	pthread_mutex_unlock(&w->lock);
}

void eng_writer_free(struct store *st)
{
	struct eng_writer *w = st->writer;

	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	free(w);
	st->writer = NULL;
}

int eng_submit(struct store *st, eng_resolve *resolve, void *ctx)
{
	struct eng_writer *w = st->writer;
	struct eng_intent in = { .resolve = resolve, .ctx = ctx };
	_Atomic uint32_t *word;
	int err = LW_OK;

	if (!w)
		return LW_EUNAVAIL;
	pthread_mutex_lock(&w->lock);
	if (!w->running || w->stop) {
		err = LW_EUNAVAIL;
	} else if (w->queued >= ENG_QUEUE_MAX) {
		err = LW_EBUSY;
	} else {
		in.ticket = w->tickets++;
		if (!w->first)
			pthread_cond_signal(&w->more);
		*w->last = &in;
		w->last = &in.next;
		w->queued++;
	}
	pthread_mutex_unlock(&w->lock);
	if (err)
		return err;
	word = &w->word[ring(in.ticket)];
	while (!atomic_load(&in.done)) {
		uint32_t seen = atomic_load(word);

		if (!atomic_load(&in.done))
			futex_wait(word, seen);
	}
	eng_unshare();
	return in.err;
}

int eng_submit_now(struct store *st, eng_resolve *const *resolve, void *const *ctx, size_t n, int *ret_errs)
{
	struct eng_intent *all, **in;
	int err = LW_OK;

	if (!n || n >= 1u << ENG_SEQ_OPS || st->mode == STORE_OPEN_READ)
		return LW_EINVAL;
	all = calloc(n, sizeof(*all));
	in = calloc(n, sizeof(struct eng_intent *));
	if (!all || !in) {
		err = LW_ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		all[i].resolve = resolve[i];
		all[i].ctx = ctx[i];
		in[i] = &all[i];
	}
	run(st, in, n);
	eng_unshare();
	for (size_t i = 0; i < n; i++) {
		if (ret_errs)
			ret_errs[i] = all[i].err;
		if (!err)
			err = all[i].err;
	}
out:
	free(all);
	free(in);
	return err;
}

int eng_on_commit(struct store *st, eng_commit_hook *hook, void *ctx)
{
	if (st->nhooks == ENG_HOOKS)
		return LW_ELIMIT;
	st->hook[st->nhooks] = hook;
	st->hook_ctx[st->nhooks++] = ctx;
	return LW_OK;
}

/* ---- records made elsewhere ---- */

enum eng_appended eng_log_append(struct store *st, struct lw_bytes record, uint64_t expected_seq)
{
	enum eng_appended ret = ENG_UNKNOWN;
	struct eng_applied at;
	struct eng_batch b;
	struct eng_txn *txn;
	struct lw_bytes v;

	if (eng_batch_decode(record, &b) || b.seq != b.prev_seq + 1)
		return ENG_CONFLICT;
	pthread_mutex_lock(&st->write_lock);
	if (eng_full(st) || eng_write_begin(st, &txn))
		goto out;
	if (eng_get(txn, ENG_IDEM, (struct lw_bytes){ b.id.b, sizeof(b.id.b) }, &v) == LW_OK) {
		eng_write_abort(txn);
		ret = ENG_COMMITTED;
		goto out;
	}
	if (eng_applied_get(txn, &at)) {
		eng_write_abort(txn);
		goto out;
	}
	if (at.seq != expected_seq || b.prev_seq != expected_seq || b.epoch < at.epoch) {
		eng_write_abort(txn);
		ret = ENG_CONFLICT;
		goto out;
	}
	if (eng_apply_batch(txn, record)) {
		eng_write_abort(txn);
		goto out;
	}
	if (eng_write_commit(txn) == LW_OK) {
		st->commits++;
		ret = ENG_COMMITTED;
	}
out:
	pthread_mutex_unlock(&st->write_lock);
	return ret;
}
