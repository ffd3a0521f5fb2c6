/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "kdc/replay.h"

#define SIZE   65536
#define SECOND INT64_C(1000000)
#define WINDOW (300 * SECOND)
#define START  (INT64_C(1700000000) * SECOND)
#define NOW    (START + 10 * SECOND)
#define DEEP   7 /* entries that a bucket keeps */

static uint8_t *region;

static int fresh_region(void **state)
{
	region = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return region == MAP_FAILED;
}

static int drop_region(void **state)
{
	return munmap(region, SIZE);
}

static struct kdc_replay *opened(int64_t now)
{
	struct kdc_replay *r = kdc_replay_open(region, SIZE, WINDOW, now);

	assert_non_null(r);
	return r;
}

/* Macs with the same place go to the same bucket. */
static const uint8_t *mac(uint32_t place, uint32_t n)
{
	static uint8_t m[16];

	memset(m, 0xa5, sizeof m);
	memcpy(m, &place, 4);
	memcpy(m + 12, &n, 4);
	return m;
}

static int take(struct kdc_replay *r, const uint8_t *m, int64_t ctime, struct kdc_seen *seen)
{
	return kdc_replay_take(r, m, ctime, NOW, seen);
}

static void answer(struct kdc_replay *r, const uint8_t *m, int64_t ctime)
{
	struct kdc_seen seen;

	assert_int_equal(take(r, m, ctime, &seen), LW_OK);
	kdc_replay_answered(r, &seen);
}

static void once_only(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen seen, other;

	assert_int_equal(take(r, mac(1, 1), NOW, &seen), LW_OK);
	assert_int_equal(take(r, mac(1, 1), NOW, &other), LW_EEXIST); /* in work */
	assert_true(kdc_replay_in_work(r, mac(1, 1)));
	assert_false(kdc_replay_in_work(r, mac(1, 2)));
	assert_int_equal(take(r, mac(1, 2), NOW, &other), LW_OK);
	kdc_replay_answered(r, &seen);
	assert_int_equal(take(r, mac(1, 1), NOW, &seen), LW_EEXIST);
	assert_false(kdc_replay_in_work(r, mac(1, 1)));
	kdc_replay_forget(r, &other);
	assert_int_equal(take(r, mac(1, 2), NOW, &other), LW_OK);
	kdc_replay_answered(r, &other);
	kdc_replay_forget(r, &other); /* too late */
	assert_int_equal(take(r, mac(1, 2), NOW, &other), LW_EEXIST);
	kdc_replay_close(r);
	kdc_replay_close(NULL);
}

static void outlives(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen old, seen;

	answer(r, mac(1, 1), NOW);
	assert_int_equal(take(r, mac(1, 2), NOW, &old), LW_OK);
	r = (kdc_replay_close(r), opened(NOW + SECOND)); /* died with the second in work */
	assert_false(kdc_replay_in_work(r, mac(1, 2)));
	assert_int_equal(take(r, mac(1, 1), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(1, 2), NOW, &seen), LW_OK);
	assert_int_equal(take(r, mac(1, 2), NOW, &seen), LW_EEXIST);
	kdc_replay_answered(r, &seen);
	for (int i = 0; i < 300; i++)
		r = (kdc_replay_close(r), opened(NOW + SECOND));
	assert_int_equal(take(r, mac(1, 1), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(1, 2), NOW, &seen), LW_EEXIST);
	assert_int_equal(
	        take(r, mac(1, 3), NOW, &seen), LW_OK); /* older than the opening, not than the region */
	kdc_replay_close(r);
}

static void new_region(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen seen;

	for (uint32_t place = 0; place < UINT32_MAX - 0x1000000; place += 0x1000000) { /* all buckets */
		assert_int_equal(take(r, mac(place, 1), START - 1, &seen), LW_EEXIST);
		assert_int_equal(take(r, mac(place, 2), START, &seen), LW_EEXIST);
		assert_int_equal(take(r, mac(place, 3), START + 1, &seen), LW_OK);
	}
	kdc_replay_close(r);
}

static void begun_anew(void **state)
{
	for (int i = 0; i < 40; i++) {
		struct kdc_replay *r;
		struct kdc_seen seen;
		uint8_t flip;

		lw_random(&flip, 1);
		if (i % 2) {
			memset(region, 0, SIZE);
			r = opened(START);
			for (uint32_t n = 0; n < 200; n++)
				answer(r, mac(n << 24, n), NOW);
			kdc_replay_close(r);
			region[flip % 16] ^= (uint8_t)(1 << i / 2 % 8); /* its mark or its size */
		} else {
			for (size_t at = 0; at < SIZE; at += 256)
				lw_random(region + at, 256);
		}
		r = opened(NOW);
		for (uint32_t n = 0; n < 200; n++) {
			assert_int_equal(take(r, mac(n << 24, n), NOW, &seen), LW_EEXIST);
			assert_int_equal(take(r, mac(n << 24, n), NOW + 1, &seen), LW_OK);
		}
		kdc_replay_close(r);
	}
}

/* A large region costs memory for what it remembers. */
static void sparse(void **state)
{
	size_t size = 64u << 20, resident = 0;
	uint8_t *big = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	        *vec = malloc(size / 4096);
	struct kdc_replay *r = kdc_replay_open(big, size, WINDOW, START);

	assert_non_null(r);
	for (uint32_t n = 0; n < 64; n++)
		answer(r, mac(n << 26, n), NOW);
	assert_int_equal(mincore(big, size, vec), 0);
	for (size_t i = 0; i < size / 4096; i++)
		resident += vec[i] & 1;
	assert_in_range(resident, 2, 70);
	kdc_replay_close(r);
	free(vec);
	munmap(big, size);
}

/* A clock that was years ahead when the region was new keeps nobody out. */
static void begun_ahead(void **state)
{
	struct kdc_replay *r = opened(START + 31536000 * SECOND);
	struct kdc_seen seen;

	assert_int_equal(take(r, mac(1, 1), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(1, 2), NOW + 1, &seen), LW_OK);
	assert_int_equal(take(r, mac(0x80000000, 3), NOW + 1, &seen), LW_OK);
	kdc_replay_close(r);
}

/* Another size is another region. */
static void other_size(void **state)
{
	struct kdc_seen seen;
	struct kdc_replay *r;
	uint8_t *big = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	r = kdc_replay_open(big, SIZE, WINDOW, START);
	answer(r, mac(1, 1), NOW);
	kdc_replay_close(r);
	r = kdc_replay_open(big, 2 * SIZE, WINDOW, NOW);
	assert_non_null(r);
	assert_int_equal(take(r, mac(1, 1), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(1, 2), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(1, 3), NOW + 1, &seen), LW_OK);
	kdc_replay_close(r);
	assert_null(kdc_replay_open(big, SIZE - 1, WINDOW, NOW));
	assert_null(kdc_replay_open(big + 1, SIZE, WINDOW, NOW));
	munmap(big, 2 * SIZE);
}

static void full(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen seen, first;

	assert_int_equal(take(r, mac(9, 0), NOW, &first), LW_OK);
	for (uint32_t n = 1; n < DEEP; n++)
		answer(r, mac(9, n), NOW + n * SECOND);
	assert_int_equal(take(r, mac(9, 100), NOW - SECOND, &seen), LW_OK); /* the oldest itself: floor */
	kdc_replay_answered(r, &seen);
	assert_int_equal(take(r, mac(9, 100), NOW - SECOND, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(9, 101), NOW - SECOND, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(9, 102), NOW - 1, &seen), LW_OK);
	kdc_replay_forget(r, &seen); /* there is nothing to take back */
	assert_int_equal(take(r, mac(9, 102), NOW - 1, &seen), LW_EEXIST);
	answer(r, mac(9, 7), NOW + 7 * SECOND); /* pushes out the first, in work */
	assert_int_equal(take(r, mac(9, 0), NOW, &seen), LW_EEXIST);
	kdc_replay_forget(r, &first);
	assert_int_equal(take(r, mac(9, 0), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(9, 103), NOW, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(9, 104), NOW + 8 * SECOND, &seen), LW_OK);
	assert_int_equal(take(r, mac(9, 1), NOW + SECOND, &seen), LW_EEXIST);
	assert_int_equal(take(r, mac(0x80000000, 1), NOW - SECOND, &seen), LW_OK); /* another bucket */
	kdc_replay_close(r);
	r = opened(NOW);
	for (uint32_t n = 1; n <= 7; n++)
		assert_int_equal(take(r, mac(9, n), NOW + n * SECOND, &seen), LW_EEXIST);
	kdc_replay_close(r);
}

/* Day after day a bucket takes as many as it keeps, however old: nobody is refused. */
static void expiry(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen seen;
	uint32_t n = 0;

	for (int64_t now = START + WINDOW; now < START + 20 * WINDOW; now += 2 * WINDOW)
		for (int i = 0; i < DEEP; i++) {
			int64_t ctime = now - WINDOW + 1 + (i * 3 % 7) * WINDOW / 4;

			assert_int_equal(kdc_replay_take(r, mac(3, ++n), ctime, now, &seen), LW_OK);
			kdc_replay_answered(r, &seen);
			assert_int_equal(kdc_replay_take(r, mac(3, n), ctime, now, &seen), LW_EEXIST);
		}
	kdc_replay_close(r);
}

/* The KDC compares seconds: what it lets in may lie a bit outside the window, and is not forgotten for that.
 */
static void at_the_edge(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen seen;

	for (uint32_t n = 0; n <= DEEP; n++)
		answer(r, mac(6, n), NOW + WINDOW + SECOND - 1 - n);
	for (uint32_t n = 0; n <= DEEP; n++)
		assert_int_equal(take(r, mac(6, n), NOW + WINDOW + SECOND - 1 - n, &seen), LW_EEXIST);
	kdc_replay_close(r);
}

/* A clock that was years ahead and comes back keeps nobody out for longer than a new region would. */
static void clock_back(void **state)
{
	struct kdc_replay *r = opened(START);
	struct kdc_seen seen;
	int64_t year = 31536000 * SECOND, far = START + year;

	answer(r, mac(5, 0), NOW);
	for (uint32_t n = 1; n <= 2 * DEEP; n++)
		assert_int_equal(kdc_replay_take(r, mac(5, n), far + n, far, &seen), LW_OK);
	assert_int_equal(kdc_replay_take(r, mac(5, 0), NOW, NOW, &seen), LW_EEXIST);
	for (uint32_t n = 100; n < 100 + DEEP; n++) {
		assert_int_equal(kdc_replay_take(r, mac(5, n), NOW + 1000 - n, NOW, &seen), LW_OK);
		kdc_replay_answered(r, &seen);
	}
	for (uint32_t n = 100; n < 100 + DEEP; n++)
		assert_int_equal(kdc_replay_take(r, mac(5, n), NOW + 1000 - n, NOW, &seen), LW_EEXIST);
	kdc_replay_close(r);
}

#define THREADS 2
#define ROUNDS  5000
static struct kdc_replay *shared;
static atomic_int winners[ROUNDS], arrived;

static void *race(void *arg)
{
	for (int n = 0; n < ROUNDS; n++) {
		struct kdc_seen seen;
		uint8_t m[16] = { 0 };

		memcpy(m, &n, sizeof n);
		atomic_fetch_add(&arrived, 1);
		for (unsigned spin = 1; atomic_load(&arrived) < (n + 1) * THREADS; spin++) /* together */
			if (spin % 256 == 0)
				sched_yield();
		if (!kdc_replay_take(shared, m, NOW + n, NOW, &seen)) {
			atomic_fetch_add(&winners[n], 1);
			kdc_replay_answered(shared, &seen);
		}
	}
	return NULL;
}

static void threads(void **state)
{
	pthread_t t[THREADS];

	shared = opened(START);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, race, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int n = 0; n < ROUNDS;
	        n++) /* all in one bucket, which overflows: the times rise, so nobody is refused */
		assert_int_equal(atomic_load(&winners[n]), 1);
	kdc_replay_close(shared);
}

/* A process that dies at any instruction leaves nothing answered that would be taken again, and refuses one
 * at most. */
static void killed(void **state)
{
	enum { MOST = 40000 };
	struct {
		atomic_uint started, answered;
	} *log = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t next = 0;

	for (int round = 0; round < 60 && next < MOST; round++) {
		struct kdc_replay *r;
		struct kdc_seen seen;
		uint32_t first = next, stop = next + 20 + (uint32_t)round * 13 % 97;
		pid_t pid = fork();

		if (!pid) {
			r = kdc_replay_open(region, SIZE, WINDOW, START);
			for (uint32_t n = next; r && n < MOST;
			        n++) { /* four buckets, so that they overflow */
				atomic_store(&log->started, n + 1);
				if (!kdc_replay_take(r, mac(n << 30, n), START + 1 + n, NOW, &seen)) {
					kdc_replay_answered(r, &seen);
					atomic_store(&log->answered, n + 1);
				}
			}
			for (;;)
				pause();
		}
		assert_true(pid > 0);
		while (atomic_load(&log->answered) < stop && atomic_load(&log->answered) < MOST)
			sched_yield();
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(atomic_load(&log->started) - atomic_load(&log->answered) <= 1);
		next = atomic_load(&log->answered);
		r = opened(NOW);
		for (uint32_t n = first; n < next; n++)
			assert_int_equal(take(r, mac(n << 30, n), START + 1 + n, &seen), LW_EEXIST);
		next = atomic_load(&log->started);
		assert_int_equal(take(r, mac(next << 30, next), START + 1 + next, &seen), LW_OK);
		kdc_replay_forget(r, &seen);
		kdc_replay_close(r);
	}
	assert_true(next > 60);
	munmap(log, 4096);
}

struct known {
	uint32_t place, n;
	int64_t ctime;
	struct kdc_seen seen;
	enum { WORK, DONE, GONE, LEFT } is; /* gone: forgotten; left: by a process that died */
};

/* Whatever comes: nothing in work or answered is taken, and who is refused without that came to a bucket that
 * had taken eight that were not older. */
static void anything(void **state)
{
	enum { N = 4000 };
	static struct known all[N];
	uint32_t known = 0, refused = 0;
	struct kdc_replay *r = opened(START);

	for (int step = 0; step < 2 * N && known < N; step++) {
		uint32_t draw[4], younger = 0;
		bool again, barred = false;
		struct known *k = &all[known], *old;
		int err;

		lw_random(draw, sizeof draw);
		old = known ? &all[known - 1 - draw[1] % (known < 200 ? known : 200)] : NULL;
		if (draw[0] % 211 == 0) {
			kdc_replay_close(r);
			r = opened(NOW);
			for (uint32_t i = 0; i < known; i++)
				if (all[i].is == WORK)
					all[i].is = LEFT;
			continue;
		}
		if (old && old->is == WORK && draw[0] % 3) {
			(draw[0] % 3 == 1 ? kdc_replay_answered : kdc_replay_forget)(r, &old->seen);
			old->is = draw[0] % 3 == 1 ? DONE : GONE;
			continue;
		}
		again = old && draw[0] % 5 == 0;
		*k = again ? *old : (struct known){ .place = draw[2] % 16 << 28, .n = (uint32_t)step };
		if (!again)
			k->ctime = START + draw[3] % WINDOW + step * SECOND;
		for (uint32_t i = 0; i < known; i++) {
			const struct known *o = &all[i];

			barred |= o->place == k->place && o->n == k->n && (o->is == WORK || o->is == DONE);
			younger += o->place == k->place && o->ctime >= k->ctime;
		}
		err = kdc_replay_take(r, mac(k->place, k->n), k->ctime, START + step * SECOND, &k->seen);
		if (barred)
			assert_int_equal(err, LW_EEXIST);
		else if (err) {
			refused++;
			assert_true(younger >= DEEP + 1 || k->ctime <= START);
		}
		if (!err) {
			k->is = WORK;
			known++;
		}
	}
	assert_in_range(refused, 1, N / 2);
	kdc_replay_close(r);
}

#define WITH_REGION(f) cmocka_unit_test_setup_teardown(f, fresh_region, drop_region)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REGION(once_only),
		WITH_REGION(outlives),
		WITH_REGION(new_region),
		WITH_REGION(begun_anew),
		WITH_REGION(sparse),
		WITH_REGION(begun_ahead),
		WITH_REGION(other_size),
		WITH_REGION(full),
		WITH_REGION(expiry),
		WITH_REGION(at_the_edge),
		WITH_REGION(clock_back),
		WITH_REGION(threads),
		WITH_REGION(killed),
		WITH_REGION(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
