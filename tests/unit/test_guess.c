/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses and the hashing lane. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "base/err.h"
#include "keys/guess.h"
#include "keys/lane.h"

static const struct lw_uuid ALICE = { { 1 } }, BOB = { { 2 } }, NOBODY = { { 0 } };
static struct lw_clock clock_;
static struct keys_guesses *g;

static int setup(void **state)
{
	clock_ = lw_clock_test(0, 1000 * LW_SECOND);
	g = keys_guesses_new(&clock_, &keys_policy_default);
	return g ? 0 : -1;
}
static int teardown(void **state)
{
	keys_guesses_free(g);
	return 0;
}

static int guess(uint32_t tenant, const struct lw_uuid *who, const char *from, enum keys_outcome how)
{
	struct keys_guess q;
	int err = keys_guess_reserve(g, tenant, who, lw_str(from), &q);

	if (!err)
		keys_guess_settle(g, &q, how);
	return err;
}

static void ten_wrong_ones_lock_for_five_minutes(void **state)
{
	for (int i = 0; i < 10; i++)
		assert_int_equal(guess(1, &ALICE, "unix", KEYS_GUESS_WRONG), LW_OK);
	assert_int_equal(guess(1, &ALICE, "unix", KEYS_GUESS_RIGHT), LW_ELOCKED);
	/* nobody else is */
	assert_int_equal(guess(1, &BOB, "unix", KEYS_GUESS_RIGHT), LW_OK);
	assert_int_equal(guess(2, &ALICE, "unix", KEYS_GUESS_RIGHT), LW_OK);
	clock_.test_mono += 300 * LW_SECOND - 1;
	assert_int_equal(guess(1, &ALICE, "unix", KEYS_GUESS_RIGHT), LW_ELOCKED);
	clock_.test_mono += 1;
	assert_int_equal(guess(1, &ALICE, "unix", KEYS_GUESS_RIGHT), LW_OK);
}

static void success_clears(void **state)
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 9; i++)
			assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_WRONG), LW_OK);
		assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_RIGHT), LW_OK);
	}
}

static void what_was_not_evaluated_does_not_count(void **state)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_VOID), LW_OK);
	assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_RIGHT), LW_OK);
}

static void the_window_passes(void **state)
{
	for (int i = 0; i < 9; i++)
		assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_WRONG), LW_OK);
	clock_.test_mono += 600 * LW_SECOND;
	for (int i = 0; i < 9; i++)
		assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_WRONG), LW_OK);
	assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_WRONG), LW_OK);
	assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_WRONG), LW_ELOCKED);
}

static void unlock_forgets(void **state)
{
	for (int i = 0; i < 10; i++)
		guess(1, &ALICE, "", KEYS_GUESS_WRONG);
	keys_guess_forget(g, 1, &BOB);
	assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_RIGHT), LW_ELOCKED);
	keys_guess_forget(g, 1, &ALICE);
	assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_RIGHT), LW_OK);
}

static void a_source_is_counted_over_all_accounts(void **state)
{
	char from[64];

	for (unsigned i = 0; i < keys_policy_default.source_guesses; i++) {
		snprintf(from, sizeof(from), "192.0.2.1:%u", 1024 + i); /* another port is no other source */
		assert_int_equal(guess(1, &NOBODY, from, KEYS_GUESS_WRONG), LW_OK);
	}
	assert_int_equal(guess(1, &ALICE, "192.0.2.1:9", KEYS_GUESS_RIGHT), LW_ELOCKED);
	assert_int_equal(guess(1, &ALICE, "::ffff:192.0.2.1", KEYS_GUESS_RIGHT), LW_ELOCKED);
	assert_int_equal(guess(1, &ALICE, "192.0.2.2:9", KEYS_GUESS_RIGHT), LW_OK);
	for (unsigned i = 0; i < keys_policy_default.source_guesses; i++) {
		snprintf(from, sizeof(from), "[2001:db8:1:2::%x]:389", i + 1); /* one network */
		assert_int_equal(guess(1, &NOBODY, from, KEYS_GUESS_WRONG), LW_OK);
	}
	assert_int_equal(guess(1, &ALICE, "2001:db8:1:2::ffff", KEYS_GUESS_RIGHT), LW_ELOCKED);
	assert_int_equal(guess(1, &ALICE, "2001:db8:1:3::1", KEYS_GUESS_RIGHT), LW_OK);
	clock_.test_mono += keys_policy_default.lock_source;
	assert_int_equal(guess(1, &ALICE, "192.0.2.1:9", KEYS_GUESS_RIGHT), LW_OK);
	/* this machine itself is not counted */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		        guess(1, &NOBODY, i % 2 ? "127.0.0.1:5" : "[::1]:5", KEYS_GUESS_WRONG), LW_OK);
}

static void a_flood_of_accounts_frees_no_lock(void **state)
{
	struct lw_uuid u = { { 0 } };

	for (int i = 0; i < 10; i++)
		guess(1, &ALICE, "", KEYS_GUESS_WRONG);
	for (int i = 0; i < 9; i++)
		guess(1, &BOB, "", KEYS_GUESS_WRONG);
	for (uint32_t i = 1; i < 200000; i++) { /* three times the table */
		memcpy(u.b + 8, &i, 4);
		assert_int_equal(guess(1, &u, "", KEYS_GUESS_WRONG), LW_OK);
	}
	assert_int_equal(guess(1, &ALICE, "", KEYS_GUESS_RIGHT), LW_ELOCKED);
	assert_int_equal(guess(1, &BOB, "", KEYS_GUESS_WRONG), LW_OK);
	assert_int_equal(guess(1, &BOB, "", KEYS_GUESS_WRONG), LW_ELOCKED);
}

/* ---- many at once ---- */
static atomic_int evaluated, refused, let_in;
static pthread_barrier_t start;

static void *wrong_guess(void *arg)
{
	struct keys_guess q;

	pthread_barrier_wait(&start);
	if (keys_guess_reserve(g, 1, &ALICE, LW_LIT(""), &q) == LW_OK) {
		atomic_fetch_add(&evaluated, 1);
		sched_yield();
		keys_guess_settle(g, &q, KEYS_GUESS_WRONG);
	} else {
		atomic_fetch_add(&refused, 1);
	}
	return NULL;
}

static void *right_guess(void *arg)
{
	struct keys_guess q;

	pthread_barrier_wait(&start);
	if (keys_guess_reserve(g, 1, &BOB, LW_LIT(""), &q) == LW_OK) {
		sched_yield();
		keys_guess_settle(g, &q, KEYS_GUESS_RIGHT);
		atomic_fetch_add(&let_in, 1);
	}
	return NULL;
}

static void two_hundred(void *(*what)(void *))
{
	pthread_t t[200];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	pthread_barrier_init(&start, NULL, 200);
	for (int i = 0; i < 200; i++)
		assert_int_equal(pthread_create(&t[i], &attr, what, NULL), 0);
	for (int i = 0; i < 200; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&start);
	pthread_attr_destroy(&attr);
}

static void of_two_hundred_at_once_ten_are_evaluated(void **state)
{
	evaluated = refused = 0;
	two_hundred(wrong_guess);
	assert_int_equal(evaluated, 10);
	assert_int_equal(refused, 190);
}

static void two_hundred_right_ones_all_get_in(void **state)
{
	let_in = 0;
	two_hundred(right_guess);
	assert_int_equal(let_in, 200);
}

/* ---- a table that two roles share ---- */

#define ACCOUNTS 400

/* What a test's processes share besides the table. */
static struct counts {
	atomic_int evaluated[ACCOUNTS], go;
} *counts;
static void *region;
static struct keys_guesses *keyd, *kdc;

static int shared_setup(void **state)
{
	clock_ = lw_clock_test(0, 1000 * LW_SECOND);
	region = mmap(NULL, keys_guesses_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return region != MAP_FAILED && counts != MAP_FAILED ? 0 : -1;
}
static int shared_teardown(void **state)
{
	keys_guesses_free(keyd);
	keys_guesses_free(kdc);
	keyd = kdc = NULL;
	munmap(region, keys_guesses_size());
	munmap(counts, sizeof(*counts));
	return 0;
}

static struct keys_guesses *attach(enum lw_role_id me)
{
	struct keys_guesses *t = keys_guesses_attach(region, me, &clock_, &keys_policy_default);

	assert_non_null(t);
	return t;
}

static struct lw_uuid account(int i)
{
	return (struct lw_uuid){ { 9, (uint8_t)i, (uint8_t)(i >> 8) } };
}

static int wrong_by(struct keys_guesses *t, const struct lw_uuid *who, const char *from)
{
	struct keys_guess q;
	int err = keys_guess_try(t, 1, who, lw_str(from), &q);

	if (!err)
		keys_guess_settle(t, &q, KEYS_GUESS_WRONG);
	return err;
}

static void two_roles_count_together(void **state)
{
	keyd = attach(LW_ROLE_KEYD);
	kdc = attach(LW_ROLE_KDC);
	for (int i = 0; i < 10; i++)
		assert_int_equal(wrong_by(i % 2 ? keyd : kdc, &ALICE, "192.0.2.1:5"), LW_OK);
	assert_int_equal(wrong_by(keyd, &ALICE, ""), LW_ELOCKED);
	assert_int_equal(wrong_by(kdc, &ALICE, ""), LW_ELOCKED);
	/* a role that is started anew forgets nothing */
	keys_guesses_free(keyd);
	keyd = attach(LW_ROLE_KEYD);
	assert_int_equal(wrong_by(keyd, &ALICE, ""), LW_ELOCKED);
	keys_guess_forget(keyd, 1, &ALICE);
	assert_int_equal(wrong_by(kdc, &ALICE, ""), LW_OK);
	for (int i = 11; i < 300; i++)
		assert_int_equal(wrong_by(i % 2 ? keyd : kdc, &NOBODY, "192.0.2.1:5"), LW_OK);
	assert_int_equal(wrong_by(keyd, &NOBODY, "192.0.2.1:5"), LW_OK);
	assert_int_equal(wrong_by(kdc, &BOB, "192.0.2.1:6"), LW_ELOCKED);
}

/* Reservations use up what is left, and those of a process that died are free again for its successor. */
static void reservations_of_the_dead(void **state)
{
	struct keys_guess held[10], q;

	keyd = attach(LW_ROLE_KEYD);
	kdc = attach(LW_ROLE_KDC);
	for (int i = 0; i < 10; i++)
		assert_int_equal(keys_guess_try(i < 3 ? kdc : keyd, 1, &ALICE, LW_LIT("192.0.2.1"), &held[i]), LW_OK);
	assert_int_equal(keys_guess_try(kdc, 1, &ALICE, LW_LIT(""), &q), LW_EBUSY); /* does not wait */
	assert_int_equal(keys_guess_try(keyd, 1, &ALICE, LW_LIT(""), &q), LW_EBUSY);
	keys_guesses_free(kdc);
	kdc = attach(LW_ROLE_KDC); /* three are free */
	for (int i = 0; i < 3; i++)
		assert_int_equal(keys_guess_try(kdc, 1, &ALICE, LW_LIT(""), &held[i]), LW_OK);
	assert_int_equal(keys_guess_try(kdc, 1, &ALICE, LW_LIT(""), &q), LW_EBUSY);
	for (int i = 0; i < 10; i++)
		keys_guess_settle(i < 3 ? kdc : keyd, &held[i], KEYS_GUESS_WRONG);
	assert_int_equal(keys_guess_try(kdc, 1, &ALICE, LW_LIT(""), &q), LW_ELOCKED);
}

/* Who waits for another process's guess goes on when that is settled. */
static void waits_for_the_other(void **state)
{
	struct keys_guess held[10];
	pid_t pid;

	keyd = attach(LW_ROLE_KEYD);
	pid = fork();
	if (pid == 0) {
		kdc = keys_guesses_attach(region, LW_ROLE_KDC, &clock_, &keys_policy_default);
		for (int i = 0; i < 10; i++)
			if (keys_guess_try(kdc, 1, &ALICE, LW_LIT(""), &held[i]) != LW_OK)
				_exit(1);
		counts->go = 1;
		while (counts->go != 2)
			sched_yield();
		for (int i = 0; i < 1000; i++)
			sched_yield(); /* the other one waits now, or will; either is well */
		for (int i = 0; i < 10; i++)
			keys_guess_settle(kdc, &held[i], KEYS_GUESS_RIGHT);
		_exit(0);
	}
	while (counts->go != 1)
		sched_yield();
	counts->go = 2;
	assert_int_equal(keys_guess_reserve(keyd, 1, &ALICE, LW_LIT(""), &held[0]), LW_OK);
	keys_guess_settle(keyd, &held[0], KEYS_GUESS_WRONG);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void *wrong_by_keyd(void *arg)
{
	struct keys_guess q;

	pthread_barrier_wait(&start);
	if (keys_guess_reserve(keyd, 1, &ALICE, LW_LIT(""), &q) == LW_OK) {
		atomic_fetch_add(&evaluated, 1);
		sched_yield();
		keys_guess_settle(keyd, &q, KEYS_GUESS_WRONG);
	}
	return NULL;
}

/* 200 in each of two processes, at once; one does not wait. */
static void of_many_in_two_processes_ten_are_evaluated(void **state)
{
	pid_t pid;

	for (int round = 0; round < 5; round++) {
		memset(region, 0, keys_guesses_size()); /* so that both come to a new table at once */
		counts->evaluated[0] = 0;
		evaluated = 0;
		pid = fork();
		kdc = NULL;
		keyd = attach(pid == 0 ? LW_ROLE_KDC : LW_ROLE_KEYD);
		if (pid == 0) {
			int err;

			while ((err = wrong_by(keyd, &ALICE, "")) != LW_ELOCKED)
				if (!err)
					atomic_fetch_add(&counts->evaluated[0], 1);
			_exit(0);
		}
		two_hundred(wrong_by_keyd);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(evaluated + counts->evaluated[0], 10);
		keys_guesses_free(keyd);
		keyd = NULL;
	}
}

/* Guesses at every account until all are locked, or until it is killed. */
static void hammer(enum lw_role_id me)
{
	struct keys_guesses *t = keys_guesses_attach(region, me, &clock_, &keys_policy_default);

	for (int open = 1; open;) {
		open = 0;
		for (int i = 0; i < ACCOUNTS; i++) {
			struct lw_uuid u = account(i);
			struct keys_guess q;
			int err = keys_guess_try(t, 1, &u, LW_LIT(""), &q);

			if (!err) {
				atomic_fetch_add(&counts->evaluated[i], 1);
				keys_guess_settle(t, &q, KEYS_GUESS_WRONG);
			}
			open |= err != LW_ELOCKED;
		}
	}
	keys_guesses_free(t);
}

/* One of two is killed wherever it happens to be, and started anew: each account still gets its ten, and at most the one guess that
 * was in work each time is had twice. */
static void killed_anywhere(void **state)
{
	static const int kills = 60;
	unsigned seed = 4711;
	int total = 0, killed = 0;
	pid_t keyd_pid = fork(), pid;

	if (keyd_pid == 0) {
		hammer(LW_ROLE_KEYD);
		_exit(0);
	}
	for (int i = 0; i < kills; i++) {
		int status, until = rand_r(&seed) % 200;

		pid = fork();
		if (pid == 0) {
			hammer(LW_ROLE_KDC);
			_exit(0);
		}
		for (int j = 0; j < until; j++)
			sched_yield();
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		killed += WIFSIGNALED(status);
	}
	assert_int_equal(waitpid(keyd_pid, NULL, 0), keyd_pid);
	hammer(LW_ROLE_KDC);
	for (int i = 0; i < ACCOUNTS; i++) {
		assert_in_range(counts->evaluated[i], 10, 10 + killed);
		total += counts->evaluated[i];
	}
	assert_in_range(total, 10 * ACCOUNTS, 10 * ACCOUNTS + killed);
}

/* Whoever dies with the lock in hand: the next one goes on, with what the table says. */
static void killed_under_the_lock(void **state)
{
	unsigned seed = 42;

	keyd = attach(LW_ROLE_KEYD);
	for (int i = 0; i < 9; i++)
		assert_int_equal(wrong_by(keyd, &ALICE, ""), LW_OK);
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();
		struct keys_guess q;

		if (pid == 0) {
			counts->go = i + 1;
			for (;;) { /* mostly within the lock: whoever comes looks through the whole table */
				kdc = keys_guesses_attach(region, LW_ROLE_KDC, &clock_, &keys_policy_default);
				if (keys_guess_try(kdc, 1, &BOB, LW_LIT(""), &q) == LW_OK)
					keys_guess_settle(kdc, &q, KEYS_GUESS_VOID);
				keys_guesses_free(kdc);
			}
		}
		while (counts->go != i + 1)
			sched_yield();
		for (int j = rand_r(&seed) % 50; j > 0; j--)
			sched_yield();
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(keys_guess_reserve(keyd, 1, &BOB, LW_LIT(""), &q), LW_OK);
		keys_guess_settle(keyd, &q, KEYS_GUESS_VOID);
	}
	assert_int_equal(wrong_by(keyd, &ALICE, ""), LW_OK);
	assert_int_equal(wrong_by(keyd, &ALICE, ""), LW_ELOCKED);
}

/* A region that is no table, or no longer: begun anew. */
static void foreign_regions(void **state)
{
	static const uint8_t fills[] = { 0, 0xff, 0x5a };

	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(region, fills[i], keys_guesses_size());
		keyd = attach(LW_ROLE_KEYD);
		for (int j = 0; j < 10; j++)
			assert_int_equal(wrong_by(keyd, &ALICE, "192.0.2.1"), LW_OK);
		assert_int_equal(wrong_by(keyd, &ALICE, "192.0.2.1"), LW_ELOCKED);
		keys_guesses_free(keyd);
		/* its head is whole, the rest is not */
		memset((uint8_t *)region + 16, fills[i], keys_guesses_size() - 16);
		keyd = attach(LW_ROLE_KEYD);
		for (int j = 0; j < 10; j++)
			assert_int_equal(wrong_by(keyd, &ALICE, "192.0.2.1"), LW_OK);
		assert_int_equal(wrong_by(keyd, &ALICE, "192.0.2.1"), LW_ELOCKED);
		keys_guesses_free(keyd);
		keyd = NULL;
	}
	assert_null(keys_guesses_attach(NULL, LW_ROLE_KEYD, &clock_, &keys_policy_default));
}

/* ---- lane ---- */
static struct keys_lane *lane;
static uint32_t order[8];
static atomic_uint norder;

static void *wait_in_lane(void *arg)
{
	uint32_t tenant = (uint32_t)(uintptr_t)arg;

	keys_lane_run(lane, tenant);
	order[atomic_fetch_add(&norder, 1)] = tenant;
	keys_lane_leave(lane, tenant, 1);
	return NULL;
}

static void lane_is_bounded(void **state)
{
	lane = keys_lane_new(1, 3, 2);
	assert_int_equal(keys_lane_admit(lane, 1), LW_OK);
	assert_int_equal(keys_lane_admit(lane, 1), LW_OK);
	assert_int_equal(keys_lane_admit(lane, 1), LW_OK);
	assert_int_equal(keys_lane_admit(lane, 1), LW_EBUSY); /* one tenant's share */
	assert_int_equal(keys_lane_admit(lane, 2), LW_OK);
	assert_int_equal(keys_lane_admit(lane, 3), LW_EBUSY); /* all of it */
	keys_lane_leave(lane, 1, 0);
	assert_int_equal(keys_lane_admit(lane, 3), LW_OK);
	keys_lane_leave(lane, 1, 0);
	keys_lane_leave(lane, 1, 0);
	keys_lane_leave(lane, 2, 0);
	keys_lane_leave(lane, 3, 0);
	keys_lane_free(lane);
}

static void lane_takes_turns(void **state)
{
	/* tenant 1 came first, four times; 2 and 3 once each: they need not wait for all of 1's */
	static const uint32_t came[6] = { 1, 1, 1, 1, 2, 3 };
	pthread_t t[6];

	norder = 0;
	lane = keys_lane_new(1, 16, 16);
	assert_int_equal(keys_lane_admit(lane, 9), LW_OK);
	keys_lane_run(lane, 9); /* occupies the slot */
	for (int i = 0; i < 6; i++) {
		assert_int_equal(keys_lane_admit(lane, came[i]), LW_OK);
		assert_int_equal(pthread_create(&t[i], NULL, wait_in_lane, (void *)(uintptr_t)came[i]), 0);
		while (keys_lane_waiting(lane) != (unsigned)i + 1)
			sched_yield();
	}
	keys_lane_leave(lane, 9, 1);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(order[0], 1);
	assert_true((order[1] == 2 && order[2] == 3) || (order[1] == 3 && order[2] == 2));
	assert_int_equal(order[3], 1);
	keys_lane_free(lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ten_wrong_ones_lock_for_five_minutes, setup, teardown),
		cmocka_unit_test_setup_teardown(success_clears, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_not_evaluated_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(the_window_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(unlock_forgets, setup, teardown),
		cmocka_unit_test_setup_teardown(a_source_is_counted_over_all_accounts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_accounts_frees_no_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(of_two_hundred_at_once_ten_are_evaluated, setup, teardown),
		cmocka_unit_test_setup_teardown(two_hundred_right_ones_all_get_in, setup, teardown),
		cmocka_unit_test_setup_teardown(two_roles_count_together, shared_setup, shared_teardown),
		cmocka_unit_test_setup_teardown(reservations_of_the_dead, shared_setup, shared_teardown),
		cmocka_unit_test_setup_teardown(waits_for_the_other, shared_setup, shared_teardown),
		cmocka_unit_test_setup_teardown(of_many_in_two_processes_ten_are_evaluated, shared_setup, shared_teardown),
		cmocka_unit_test_setup_teardown(killed_anywhere, shared_setup, shared_teardown),
		cmocka_unit_test_setup_teardown(killed_under_the_lock, shared_setup, shared_teardown),
		cmocka_unit_test_setup_teardown(foreign_regions, shared_setup, shared_teardown),
		cmocka_unit_test(lane_is_bounded),
		cmocka_unit_test(lane_takes_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
