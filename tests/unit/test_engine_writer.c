/* SPDX-License-Identifier: Apache-2.0 */
/* The single writer: group commit, refusals without a trace, full store, failed commits, killed processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "base/err.h"
#include "tests/unit/engine_util.h"

#define THREADS 64
#define EACH    40

struct job {
	struct box *b;
	unsigned n;
	unsigned acked, refused;
	uint64_t size; /* of a description that comes along */
};

static struct lw_uuid uuid_of(unsigned n)
{
	struct lw_uuid u = { { 0x55 } };

	memcpy(u.b + 1, &n, sizeof(n));
	return u;
}

struct add {
	unsigned n;
	bool refuse;      /* after putting down effects */
	bool contradict;  /* effects that can't be applied */
	size_t size;
	uint64_t after;   /* an id that must be there already */
};

static int add_entry(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct add *a = ctx;
	struct eng_entry e = { .tenant = 1, .parent = 1, .uuid = uuid_of(a->n) };
	char rdn[32];
	uint8_t big[1 << 16];
	struct lw_bytes text = { big, a->size };
	struct eng_values v = { .attr = DESCRIPTION, .values = &text, .n = 1 };
	uint64_t dup;

	snprintf(rdn, sizeof(rdn), "cn=%u", a->n);
	e.id = eng_fx_new_id(fx, 1);
	e.rdn_text = e.rdn_norm = lw_str(rdn);
	if (a->after && eng_entry_parent(txn, 1, a->after, &dup))
		return LW_ENOTFOUND;
	if (a->contradict)
		eng_fx_entry_del(fx, 1, 999999);
	else if (eng_child(txn, 1, 1, e.rdn_norm, &dup) != LW_ENOTFOUND)
		return LW_EEXIST;
	memset(big, 'x', a->size);
	eng_fx_entry_new(fx, &e, &v, a->size != 0);
	return a->refuse ? LW_EACCES : LW_OK;
}

static bool is_there(struct box *b, unsigned n)
{
	struct lw_uuid u = uuid_of(n);
	struct eng_txn *txn;
	uint64_t id;
	int err;

	assert_int_equal(eng_begin(b->st, &txn), LW_OK);
	err = eng_by_uuid(txn, 1, &u, &id);
	eng_end(txn);
	return err == LW_OK;
}

static void *submitter(void *arg)
{
	struct job *j = arg;

	for (unsigned i = 0; i < EACH; i++) {
		struct add a = { .n = j->n * EACH + i, .refuse = i % 5 == 3 };
		int err = eng_submit(j->b->st, add_entry, &a);

		/* an acknowledged one is seen by a new reader at once, a refused one never */
		if (err == LW_OK && is_there(j->b, a.n))
			j->acked++;
		else if (err == LW_EACCES && !is_there(j->b, a.n))
			j->refused++;
	}
	return NULL;
}

struct hooked {
	uint64_t batches, ops, last;
	bool order;
};

static void on_commit(void *ctx, const struct eng_commit *c)
{
	struct hooked *h = ctx;
	struct eng_batch b;

	h->batches++;
	h->order = h->order && (!h->last || c->seq == h->last + 1);
	h->last = c->seq;
	if (eng_batch_decode(c->batch, &b) == LW_OK)
		h->ops += b.nops;
}

static void test_group_commit(void **state)
{
	pthread_t threads[THREADS];
	struct job jobs[THREADS];
	struct hooked h = { .order = true };
	uint64_t seq, commits;
	char into[80], err[256];
	uint8_t hash[32];
	struct box b;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	assert_int_equal(eng_on_commit(b.st, on_commit, &h), LW_OK);
	assert_int_equal(eng_submit(b.st, add_entry, &(struct add){ .n = 1 }), LW_EUNAVAIL); /* no writer yet */
	assert_int_equal(store_writer_start(b.st), LW_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ &b, i, 0, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, submitter, &jobs[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].acked, EACH * 4 / 5);
		assert_int_equal(jobs[i].refused, EACH / 5);
	}
	store_writer_stop(b.st);
	assert_int_equal(eng_submit(b.st, add_entry, &(struct add){ .n = 1 }), LW_EUNAVAIL);
	assert_true(h.order);
	assert_int_equal(h.ops, THREADS * EACH * 4 / 5);
	assert_true(h.batches < h.ops / 4); /* commits were shared */
	assert_int_equal(store_checkpoint_info(b.st, &seq, &commits), LW_OK);
	assert_int_equal(seq, h.last);
	assert_int_equal(commits, h.batches + 1);
	assert_int_equal(box_problems(&b, true), 0);
	snprintf(into, sizeof(into), "%s/replay", b.dir);
	assert_int_equal(store_replay(b.st, into, hash, err), LW_OK);
	box_close(&b);
}

/* In one batch: what comes later sees what came before; what is refused or contradicts itself leaves nothing. */
static void test_one_batch(void **state)
{
	struct add a[] = { { .n = 1 }, { .n = 2, .refuse = true }, { .n = 1 }, { .n = 3, .after = 2 }, { .n = 4, .contradict = true },
		{ .n = 5, .after = 3 } };
	static const int clean[] = { LW_OK, LW_EACCES, LW_EEXIST, LW_OK }, mixed[] = { LW_OK, LW_EINTERNAL, LW_OK };
	eng_resolve *fns[] = { add_entry, add_entry, add_entry, add_entry };
	void *first[] = { &a[0], &a[1], &a[2], &a[3] }, *second[] = { &a[3], &a[4], &a[5] };
	uint64_t seq, commits, before;
	struct eng_txn *txn;
	struct box b;
	int errs[4];

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	assert_int_equal(eng_submit_now(b.st, fns, first, 4, errs), LW_EACCES);
	assert_memory_equal(errs, clean, sizeof(clean));
	assert_true(is_there(&b, 1));
	assert_false(is_there(&b, 2));
	assert_true(is_there(&b, 3));
	assert_int_equal(store_checkpoint_info(b.st, &seq, &commits), LW_OK);
	assert_int_equal(commits, 2);
	/* ids of refused ones are given out again: nothing of them stayed */
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	before = eng_applied_seq(txn);
	uint64_t id;
	struct lw_uuid u = uuid_of(3);

	assert_int_equal(eng_by_uuid(txn, 1, &u, &id), LW_OK);
	assert_int_equal(id, 3);
	eng_end(txn);
	a[3] = (struct add){ .n = 6 };
	assert_int_equal(eng_submit_now(b.st, fns, second, 3, errs), LW_EINTERNAL);
	assert_memory_equal(errs, mixed, sizeof(mixed));
	assert_true(is_there(&b, 6));
	assert_false(is_there(&b, 4));
	assert_true(is_there(&b, 5));
	/* a refused operation alone makes no record */
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	before = eng_applied_seq(txn);
	eng_end(txn);
	assert_int_equal(box_do(&b, add_entry, &a[0]), LW_EEXIST);
	assert_int_equal(store_checkpoint_info(b.st, &seq, &commits), LW_OK);
	assert_int_equal(seq, before);
	assert_int_equal(box_problems(&b, true), 0);
	box_close(&b);
}

static void test_full(void **state)
{
	struct box b;
	unsigned n = 0;
	int err = LW_OK;

	box_open_size(&b, (size_t)2 << 20, 0);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	assert_int_equal(store_writer_start(b.st), LW_OK);
	while (err == LW_OK && n < 1000) {
		struct add a = { .n = n, .size = 20000 };

		err = eng_submit(b.st, add_entry, &a);
		n++;
	}
	assert_int_equal(err, LW_EFULL);
	assert_true(n > 5);
	assert_false(is_there(&b, n - 1));
	assert_true(is_there(&b, n - 2));                     /* reading goes on */
	assert_int_equal(eng_submit(b.st, add_entry, &(struct add){ .n = 5000, .size = 60000 }), LW_EFULL);
	assert_int_equal(eng_submit(b.st, add_entry, &(struct add){ .n = 5001 }), LW_OK); /* and what fits is written */
	store_writer_stop(b.st);
	assert_int_equal(box_problems(&b, true), 0);
	box_close(&b);

	box_open_size(&b, (size_t)1 << 30, 0);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	b.st->reserve = UINT64_MAX; /* no disk has that much */
	assert_int_equal(box_do(&b, add_entry, &(struct add){ .n = 1 }), LW_EFULL);
	assert_false(is_there(&b, 1));
	b.st->reserve = 0;
	assert_int_equal(box_do(&b, add_entry, &(struct add){ .n = 1 }), LW_OK);
	box_close(&b);
}

static void test_failed_commit(void **state)
{
	struct add a[2] = { { .n = 1 }, { .n = 2 } };
	eng_resolve *fns[] = { add_entry, add_entry };
	void *ctx[] = { &a[0], &a[1] };
	struct box b;
	int errs[2];

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	b.st->fail_commit = ENOSPC;
	assert_int_equal(eng_submit_now(b.st, fns, ctx, 2, errs), LW_EFULL);
	assert_int_equal(errs[1], LW_EFULL);
	b.st->fail_commit = EIO;
	assert_int_equal(eng_submit_now(b.st, fns, ctx, 2, errs), LW_EIO);
	b.st->fail_commit = 0;
	assert_false(is_there(&b, 1));
	assert_int_equal(eng_submit_now(b.st, fns, ctx, 2, errs), LW_OK);
	assert_true(is_there(&b, 1) && is_there(&b, 2));
	assert_int_equal(box_problems(&b, true), 0);
	box_close(&b);
}

/* Records made elsewhere: in order, once. */
static void test_log_append(void **state)
{
	struct box from, to;
	struct eng_txn *txn;
	struct lw_bytes r1, r2;

	box_open(&from);
	box_open(&to);
	assert_int_equal(box_do(&from, make_tenant, NULL), LW_OK);
	assert_int_equal(box_do(&from, add_entry, &(struct add){ .n = 1, .size = 9000 }), LW_OK);
	assert_int_equal(eng_begin(from.st, &txn), LW_OK);
	assert_int_equal(eng_log_get(txn, 1, &r1), LW_OK);
	assert_int_equal(eng_log_get(txn, 2, &r2), LW_OK);
	assert_int_equal(eng_log_append(to.st, r2, 1), ENG_CONFLICT);
	assert_int_equal(eng_log_append(to.st, r1, 0), ENG_COMMITTED);
	assert_int_equal(eng_log_append(to.st, r1, 0), ENG_COMMITTED); /* a retry */
	assert_int_equal(eng_log_append(to.st, r2, 0), ENG_CONFLICT);
	assert_int_equal(eng_log_append(to.st, r2, 1), ENG_COMMITTED);
	assert_true(is_there(&to, 1));
	assert_int_equal(eng_log_append(to.st, (struct lw_bytes){ r2.p, r2.n - 1 }, 2), ENG_CONFLICT);
	eng_end(txn);
	assert_int_equal(box_problems(&to, true), 0);
	box_close(&from);
	box_close(&to);
}

/* ---- other processes: made before this one opens the environment, as lwd's roles are ---- */

static const char self_path[] = "/proc/self/exe";

static pid_t child(const char *what, const char *dir, int *ret_fd)
{
	int p[2];
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl(self_path, "test_engine_writer", what, dir, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	close(p[1]);
	*ret_fd = p[0];
	return pid;
}

/* Writes until it is killed, and says each number that was acknowledged. */
static int writer_child(const char *dir)
{
	struct store *st;
	char err[256];

	if (eng_open(dir, STORE_OPEN_WRITE, &lw_clock_system, (size_t)1 << 32, 0, &st, err))
		return 1;
	for (unsigned n = 0; n < 100000; n++) {
		struct add a = { .n = n, .size = n % 3000 };
		eng_resolve *fn = add_entry;
		void *ctx = &a;

		if (eng_submit_now(st, &fn, &ctx, 1, NULL) || write(1, &n, sizeof(n)) != sizeof(n))
			return 1;
	}
	return 0;
}

static int reader_child(const char *dir)
{
	struct store *st;
	struct eng_txn *txn;
	char err[256];

	if (eng_open(dir, STORE_OPEN_READ, &lw_clock_system, (size_t)1 << 32, 0, &st, err) || eng_begin(st, &txn))
		return 1;
	if (write(1, "r", 1) != 1)
		return 1;
	pause();
	return 0;
}

static void test_killed_writer(void **state)
{
	struct store *other;
	char err[256];
	unsigned n, last = 0, status;
	struct box b;
	pid_t pid;
	int fd;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	store_close(b.st);
	pid = child("--writer", b.dir, &fd);
	while (last < 150 && read(fd, &n, sizeof(n)) == sizeof(n))
		last = n;
	assert_int_equal(last, 150);
	assert_int_equal(eng_open(b.dir, STORE_OPEN_WRITE, &b.clock, (size_t)1 << 32, 0, &other, err), LW_EBUSY);
	kill(pid, SIGKILL);
	while (read(fd, &n, sizeof(n)) == sizeof(n)) /* what it could still say */
		last = n;
	close(fd);
	assert_int_equal(waitpid(pid, (int *)&status, 0), pid);
	assert_int_equal(eng_open(b.dir, STORE_OPEN_WRITE, &b.clock, (size_t)1 << 32, 0, &b.st, err), LW_OK);
	for (n = 0; n <= last; n++)
		assert_true(is_there(&b, n));
	assert_int_equal(box_problems(&b, true), 0);
	assert_int_equal(box_do(&b, add_entry, &(struct add){ .n = 200000 }), LW_OK);
	box_close(&b);
}

static int count_lines(const char *msg, void *ctx)
{
	if (strstr(msg, ctx))
		((char *)ctx)[15]++; /* behind the text */
	return 0;
}

static unsigned readers_of(struct store *st, pid_t pid)
{
	char text[16] = { 0 };

	snprintf(text, 15, "%d ", (int)pid);
	mdb_reader_list(st->env, count_lines, text);
	return (unsigned)text[15];
}

static void test_dead_reader(void **state)
{
	struct box b;
	pid_t pid;
	char c;
	int fd, status;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	pid = child("--reader", b.dir, &fd);
	assert_int_equal(read(fd, &c, 1), 1);
	store_reap_readers(b.st);
	assert_int_equal(readers_of(b.st, pid), 1); /* alive: stays */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fd);
	store_reap_readers(b.st);
	assert_int_equal(readers_of(b.st, pid), 0);
	box_close(&b);
}

/* Threads come and go: the reader that each kept goes to the next one. */
static void *reads_once(void *arg)
{
	struct box *b = arg;
	struct eng_txn *one, *two;

	assert_int_equal(eng_begin(b->st, &one), LW_OK);
	assert_int_equal(eng_begin(b->st, &two), LW_OK); /* several at a time */
	eng_end(one);
	eng_end(two);
	return NULL;
}

static void test_readers_kept(void **state)
{
	struct box b;
	unsigned n = 0;

	box_open(&b);
	for (unsigned i = 0; i < 200; i++) {
		pthread_t t;

		assert_int_equal(pthread_create(&t, NULL, reads_once, &b), 0);
		pthread_join(t, NULL);
	}
	for (const struct eng_txn *t = b.st->all; t; t = t->next_all)
		n++;
	assert_true(n <= 4);
	box_close(&b);
}

static void *other_writes(void *arg)
{
	struct job *j = arg;
	struct add a = { .n = j->n };

	j->refused = box_do(j->b, add_entry, &a) != LW_OK;
	return NULL;
}

static void by_another(struct box *b, unsigned n)
{
	struct job j = { .b = b, .n = n };
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, other_writes, &j), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(j.refused, 0);
}

/* One snapshot for a batch of requests: never one that began before store_share(true), nor before a write of this thread. */
static void test_shared_snapshot(void **state)
{
	struct add own = { .n = 4 };
	struct eng_txn *txn;
	struct box b;

	box_open(&b);
	assert_int_equal(box_do(&b, make_tenant, NULL), LW_OK);
	by_another(&b, 1);
	store_share(true);
	assert_true(is_there(&b, 1));
	by_another(&b, 2);
	assert_false(is_there(&b, 2)); /* it is shared */
	store_share(true);            /* more requests were received */
	assert_true(is_there(&b, 2));
	by_another(&b, 3);
	assert_false(is_there(&b, 3));
	assert_int_equal(box_do(&b, add_entry, &own), LW_OK);
	assert_true(is_there(&b, 3) && is_there(&b, 4));
	by_another(&b, 5);
	assert_false(is_there(&b, 5));
	store_share(false);
	assert_true(is_there(&b, 5));
	by_another(&b, 6);
	assert_true(is_there(&b, 6));

	store_share(true); /* ended while one is open: that one stays what it is, the next is new */
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	by_another(&b, 7);
	store_share(false);
	eng_end(txn);
	assert_true(is_there(&b, 7));
	store_share(true); /* a second one beside the first */
	assert_int_equal(eng_begin(b.st, &txn), LW_OK);
	by_another(&b, 8);
	assert_true(is_there(&b, 8));
	eng_end(txn);
	store_share(false);
	assert_int_equal(box_problems(&b, true), 0);
	box_close(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_group_commit), cmocka_unit_test(test_one_batch),
		cmocka_unit_test(test_full), cmocka_unit_test(test_failed_commit), cmocka_unit_test(test_log_append),
		cmocka_unit_test(test_killed_writer), cmocka_unit_test(test_dead_reader), cmocka_unit_test(test_readers_kept),
		cmocka_unit_test(test_shared_snapshot) };

	if (argc == 3)
		return strcmp(argv[1], "--writer") ? reader_child(argv[2]) : writer_child(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
