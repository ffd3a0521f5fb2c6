/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's part of the audit: it MACs what it has hashed itself, knows its own MACs, and what is not as it was it MACs no more. */
#include "tests/unit/keyd_fix.h"

#include <string.h>
#include "base/log.h"
#include "store/audit.h"
#include "store/eng_int.h"
#include "tests/unit/audit_run.h"

static bool of_beta; /* whose chains it is about */

static uint32_t whose(void)
{
	return of_beta ? beta : acme;
}

static struct keys_audit_chain asked(enum lw_role_id role)
{
	struct keys_audit_chain c = { .tenant = whose(), .role = role };

	assert_int_equal(keys_audit_mac(keys, &c, 1), LW_OK);
	return c;
}

static void append_one(enum lw_role_id role, int64_t time)
{
	uint8_t room[2 + LW_AUDIT_WIRE_MAX];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	struct lw_audit a = { .event = LW_AUDIT_AS, .tenant = whose(), .time = time, .source = LW_LIT("192.0.2.1") };

	audit_run(&w, &a);
	assert_int_equal(store_audit_append(store, role, lw_written(&w)), LW_OK);
}

static void append(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		append_one(LW_ROLE_KDC, 1 + i);
}

static void mac_it(void)
{
	struct keys_audit_chain c = asked(LW_ROLE_KDC);
	struct store_audit_head h;
	struct lw_uuid tenant;

	assert_int_equal(c.state, KEYS_AUDIT_OK);
	assert_int_equal(store_audit_head(store, acme, LW_ROLE_KDC, &h, &tenant), LW_OK);
	assert_int_equal(c.mark.seq, h.end.seq);
	h.maced = c.mark;
	h.mac_time = c.time;
	memcpy(h.mac, c.mac, sizeof(h.mac));
	assert_int_equal(store_audit_mac(store, &h, 1), LW_OK);
}

/* As somebody who can write the files: octets of the head, or of the row that holds record 1. */
static void put_head(const uint8_t *head, size_t n, uint8_t *ret_before)
{
	struct eng_key k = eng_key_audit(acme, LW_ROLE_KDC, 0);
	struct eng_txn *txn;
	struct lw_bytes v;

	pthread_mutex_lock(&store->write_lock);
	assert_int_equal(eng_write_begin(store, &txn), LW_OK);
	assert_int_equal(eng_get(txn, ENG_AUDIT_HEAD, eng_key_bytes(&k), &v), LW_OK);
	if (ret_before)
		memcpy(ret_before, v.p, v.n);
	if (head)
		assert_int_equal(eng_put(txn, ENG_AUDIT_HEAD, eng_key_bytes(&k), (struct lw_bytes){ head, n ? n : v.n }), LW_OK);
	assert_int_equal(eng_write_commit(txn), LW_OK);
	pthread_mutex_unlock(&store->write_lock);
}

static void flip(uint64_t seq)
{
	struct eng_key k = eng_key_audit(acme, LW_ROLE_KDC, seq);
	uint8_t row[ENG_VALUE_MAX];
	struct eng_txn *txn;
	struct lw_bytes v;

	pthread_mutex_lock(&store->write_lock);
	assert_int_equal(eng_write_begin(store, &txn), LW_OK);
	assert_int_equal(eng_get(txn, ENG_AUDIT, eng_key_bytes(&k), &v), LW_OK);
	memcpy(row, v.p, v.n);
	row[v.n - 10] ^= 1;
	assert_int_equal(eng_put(txn, ENG_AUDIT, eng_key_bytes(&k), (struct lw_bytes){ row, v.n }), LW_OK);
	assert_int_equal(eng_write_commit(txn), LW_OK);
	pthread_mutex_unlock(&store->write_lock);
}

static void what_was_done_to_a_chain_is_said(void **state)
{
	uint8_t first[256], now[256], bad[256];

	assert_int_equal(asked(LW_ROLE_WEB).state, KEYS_AUDIT_GONE); /* no such chain */
	append(3);
	mac_it();
	put_head(NULL, 0, first);
	append(3);
	mac_it();
	put_head(NULL, 0, now);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK);

	put_head(first, 0, NULL); /* all set back to an earlier moment, with its own good MAC */
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BACK);
	memcpy(bad, now, sizeof(bad)); /* the mark moved without keyd: its number, its hash, its time, its MAC */
	for (size_t at = 41; at < 41 + 40 + 8 + 32; at += 13) {
		bad[at] ^= 1;
		put_head(bad, 0, NULL);
		assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BAD_MAC);
		bad[at] ^= 1;
	}
	put_head(now, 0, NULL);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK);

	append(2); /* altered before it was MACed: found when it would be */
	flip(7);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BROKEN);
	flip(7);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK);
	mac_it();

	memcpy(bad, now, sizeof(bad)); /* the mark set back to an older good one, to write what is after it anew */
	put_head(NULL, 0, now);
	memcpy(bad, now, sizeof(bad));
	memcpy(bad + 41, first + 41, 40 + 8 + 32);
	put_head(bad, 0, NULL);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK); /* nothing was altered yet */
	flip(5);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BROKEN);
	flip(5);
	put_head(now, 0, NULL);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK);
}

/* ---- asked by several at once ---- */

static _Atomic bool grown;

static void *ask_on(void *ret_alarms)
{
	while (!grown)
		*(unsigned *)ret_alarms += asked(LW_ROLE_KDC).state != KEYS_AUDIT_OK;
	return NULL;
}

static void a_chain_that_grows_meanwhile_is_no_alarm(void **state)
{
	unsigned alarms[4] = { 0 };
	pthread_t threads[4];

	append(1);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &alarms[i]), 0);
	append(1000);
	grown = true;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(alarms[i], 0);
	}
}

/* ---- what is old ---- */

#define DAY (INT64_C(86400) * LW_SECOND)

static void append_at(enum lw_role_id role, int64_t time, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		append_one(role, time);
}

static void mac_of(enum lw_role_id role)
{
	struct keys_audit_chain c = asked(role);
	struct store_audit_head h;
	struct lw_uuid tenant;

	assert_int_equal(c.state, KEYS_AUDIT_OK);
	assert_int_equal(store_audit_head(store, whose(), role, &h, &tenant), LW_OK);
	h.maced = c.mark;
	h.mac_time = c.time;
	memcpy(h.mac, c.mac, sizeof(h.mac));
	assert_int_equal(store_audit_mac(store, &h, 1), LW_OK);
}

static enum keys_audit_state may_trim(enum lw_role_id role, uint64_t upto, struct keys_audit_chain *ret)
{
	struct keys_audit_chain c = { .tenant = whose(), .role = role, .trim = upto };

	assert_int_equal(keys_audit_mac(keys, &c, 1), LW_OK);
	if (c.state == KEYS_AUDIT_OK)
		assert_int_equal(c.mark.seq, upto);
	if (ret)
		*ret = c;
	return c.state;
}

static int trim_to(uint64_t upto)
{
	struct store_audit_head h;
	struct keys_audit_chain c;
	struct lw_uuid tenant;

	assert_int_equal(may_trim(LW_ROLE_KDC, upto, &c), KEYS_AUDIT_OK);
	assert_int_equal(store_audit_head(store, whose(), LW_ROLE_KDC, &h, &tenant), LW_OK);
	h.gone = c.mark;
	h.gone_time = c.time;
	memcpy(h.gone_mac, c.mac, sizeof(h.gone_mac));
	assert_int_equal(store_audit_trim(store, &h, 1), LW_OK);
	assert_int_equal(store_audit_trim(store, &h, 1), LW_EINVAL); /* not again */
	return LW_OK;
}

static struct keyd *bounded(struct keys **ret_usual)
{
	struct keyd *k = second("boot");

	*ret_usual = keys;
	keys = keys_around(k, LW_ROLE_DIRECTORY);
	return k;
}

static void unbounded(struct keyd *k, struct keys *usual)
{
	keys_free(keys);
	keyd_free(k);
	keys = usual;
}

#define GONE_AT (1 + 40 + 40 + 8 + 32)

static void what_is_past_keep_goes_and_no_more(void **state)
{
	uint8_t early[256], before[256], after[256], bad[256];
	struct store_audit_mark none = { 0 }, at;
	struct store_audit_head h;
	struct lw_uuid tenant;
	char why[64];
	struct keys *usual;
	struct keyd *k = bounded(&usual);

	append_at(LW_ROLE_KDC, NOW - 401 * DAY, 10);
	mac_of(LW_ROLE_KDC);
	put_head(NULL, 0, early);
	append_at(LW_ROLE_KDC, NOW - 399 * DAY, 10);
	assert_int_equal(may_trim(LW_ROLE_KDC, 5, NULL), KEYS_AUDIT_KEPT); /* keyd was told of no bound */
	keyd_audit_bounds(k, 400 * DAY, 0);
	assert_int_equal(may_trim(LW_ROLE_KDC, 10, NULL), KEYS_AUDIT_KEPT); /* the last that is MACed */
	mac_of(LW_ROLE_KDC);
	assert_int_equal(may_trim(LW_ROLE_KDC, 5, NULL), KEYS_AUDIT_OK);
	assert_int_equal(may_trim(LW_ROLE_KDC, 10, NULL), KEYS_AUDIT_OK);
	assert_int_equal(may_trim(LW_ROLE_KDC, 11, NULL), KEYS_AUDIT_KEPT); /* recent */
	assert_int_equal(may_trim(LW_ROLE_WEB, 1, NULL), KEYS_AUDIT_GONE);
	flip(7);
	assert_int_equal(may_trim(LW_ROLE_KDC, 9, NULL), KEYS_AUDIT_BROKEN);
	assert_int_equal(may_trim(LW_ROLE_KDC, 7, NULL), KEYS_AUDIT_BROKEN); /* the one that stays is not linked to it */
	flip(7);

	trim_to(5);
	put_head(NULL, 0, before);
	trim_to(10);
	put_head(NULL, 0, after);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK);
	assert_int_equal(store_audit_head(store, acme, LW_ROLE_KDC, &h, &tenant), LW_OK);
	assert_int_equal(h.gone.seq, 10);
	assert_int_equal(store_audit_extends(store, acme, LW_ROLE_KDC, &h.gone, &none, 1000, &at, why), LW_OK);
	assert_int_equal(at.seq, 20);
	assert_int_equal(store_audit_extends(store, acme, LW_ROLE_KDC, &none, &none, 1000, &at, why), LW_EAGAIN); /* 1 to 10 were removed */
	h.end.hash[0] ^= 1;
	assert_int_equal(store_audit_extends(store, acme, LW_ROLE_KDC, &h.gone, &h.end, 1000, &at, why), LW_EINTERNAL);
	assert_string_equal(why, "record 20: rewritten");
	assert_int_equal(store_audit_head(store, acme, LW_ROLE_DIRECTORY, &h, &tenant), LW_OK); /* each has its record */
	for (size_t i = GONE_AT; i < GONE_AT + 40 + 8 + 32; i += 13) { /* forged */
		memcpy(bad, after, sizeof(bad));
		bad[i] ^= 1;
		put_head(bad, 0, NULL);
		assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BAD_GONE);
		assert_int_equal(may_trim(LW_ROLE_KDC, 12, NULL), KEYS_AUDIT_BAD_GONE);
	}
	put_head(before, 0, NULL); /* moved back, with the good MAC of that time */
	assert_int_equal(store_audit_head(store, acme, LW_ROLE_KDC, &h, &tenant), LW_OK);
	assert_int_equal(store_audit_extends(store, acme, LW_ROLE_KDC, &h.gone, &none, 1000, &at, why), LW_EINTERNAL);
	assert_string_equal(why, "record 6: dropped");
	memcpy(bad, after, sizeof(bad)); /* moved on, over what is recent: the MACed end put there */
	memcpy(bad + GONE_AT, after + 41, 40 + 8 + 32);
	put_head(bad, 0, NULL);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BAD_GONE);
	put_head(after, 0, NULL);
	assert_int_equal(store_audit_head(store, acme, LW_ROLE_KDC, &h, &tenant), LW_OK); /* exchanged after keyd looked at it */
	h.maced.hash[0] ^= 1;
	assert_int_equal(store_audit_past(store, &h, &(struct store_audit_bounds){ .excess = 5 }, &at, why), LW_EAGAIN);
	h.maced.hash[0] ^= 1;
	h.gone.hash[31] ^= 1;
	assert_int_equal(store_audit_past(store, &h, &(struct store_audit_bounds){ .excess = 5 }, &at, why), LW_EAGAIN);
	h.gone.hash[31] ^= 1;
	assert_int_equal(store_audit_past(store, &h, &(struct store_audit_bounds){ .excess = 5 }, &at, why), LW_OK);
	assert_int_equal(at.seq, 15);
	memcpy(bad, after, sizeof(bad)); /* the MACed mark set back behind what was removed, with its good MAC of then */
	memcpy(bad + 41, early + 41, 40 + 8 + 32);
	put_head(bad, 0, NULL);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_BAD_GONE);
	put_head(after, 0, NULL);

	assert_int_equal(may_trim(LW_ROLE_KDC, 12, NULL), KEYS_AUDIT_KEPT);
	clk.test_wall += 2 * DAY;
	assert_int_equal(may_trim(LW_ROLE_KDC, 19, NULL), KEYS_AUDIT_OK);
	assert_int_equal(may_trim(LW_ROLE_KDC, 20, NULL), KEYS_AUDIT_KEPT); /* the one that was MACed stays */
	append_at(LW_ROLE_KDC, NOW - 401 * DAY, 3);
	assert_int_equal(may_trim(LW_ROLE_KDC, 21, NULL), KEYS_AUDIT_KEPT); /* behind it */
	unbounded(k, usual);
}

static void what_is_over_max_goes_where_there_is_most(void **state)
{
	struct keys *usual;
	struct keyd *k = bounded(&usual);

	keyd_audit_bounds(k, 0, 15);
	append_at(LW_ROLE_KDC, NOW, 20);
	append_at(LW_ROLE_WEB, NOW, 5);
	mac_of(LW_ROLE_KDC);
	assert_int_equal(may_trim(LW_ROLE_KDC, 5, NULL), KEYS_AUDIT_OK); /* 20 MACed, 15 may be */
	assert_int_equal(may_trim(LW_ROLE_KDC, 6, NULL), KEYS_AUDIT_KEPT);
	mac_of(LW_ROLE_WEB);
	assert_int_equal(may_trim(LW_ROLE_KDC, 10, NULL), KEYS_AUDIT_OK); /* 25 of both */
	assert_int_equal(may_trim(LW_ROLE_KDC, 11, NULL), KEYS_AUDIT_KEPT);
	assert_int_equal(may_trim(LW_ROLE_WEB, 1, NULL), KEYS_AUDIT_KEPT); /* the shorter one loses nothing to the longer */
	trim_to(10);
	assert_int_equal(may_trim(LW_ROLE_KDC, 11, NULL), KEYS_AUDIT_KEPT);
	unbounded(k, usual);
}

static int kill_beta(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	eng_fx_tenant_del(fx, beta);
	return LW_OK;
}

static int reclaim_beta(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct eng_reclaim r;

	if (eng_reclaim(txn, beta, &r))
		return LW_ENOTFOUND;
	eng_fx_reclaim(fx, beta, 1000);
	return LW_OK;
}

static void a_deleted_tenants_go_as_well(void **state)
{
	struct store_audit_head h;
	struct keys *usual;
	struct keyd *k = bounded(&usual);
	struct lw_uuid tenant;
	int err;

	of_beta = true;
	keyd_audit_bounds(k, 400 * DAY, 0);
	append_at(LW_ROLE_KDC, NOW - 399 * DAY, 10);
	assert_int_equal(eng_submit(store, kill_beta, NULL), LW_OK);
	do
		err = eng_submit(store, reclaim_beta, NULL);
	while (err == LW_OK);
	assert_int_equal(err, LW_ENOTFOUND);
	mac_of(LW_ROLE_KDC);
	assert_int_equal(may_trim(LW_ROLE_KDC, 4, NULL), KEYS_AUDIT_KEPT);
	clk.test_wall += 2 * DAY;
	trim_to(4);
	assert_int_equal(asked(LW_ROLE_KDC).state, KEYS_AUDIT_OK);
	assert_int_equal(store_audit_head(store, beta, LW_ROLE_KDC, &h, &tenant), LW_OK);
	assert_int_equal(h.gone.seq, 4);
	of_beta = false;
	unbounded(k, usual);
}

static void its_own_records_wait_until_they_are_done(void **state)
{
	struct lw_bytes records;
	uint64_t upto;

	assert_int_equal(lw_audit_start(LW_ROLE_KEYD, &lw_clock_system), LW_OK);
	lw_audit(&(struct lw_audit){ .event = LW_AUDIT_KEY_USE, .tenant = acme });
	assert_int_equal(keys_audit_take(keys, 0, arena, &records, &upto), LW_OK);
	assert_true(records.n > 0);
	assert_int_equal(keys_audit_take(keys, 4711, arena, &records, &upto), LW_OK); /* another life's place */
	assert_true(records.n > 0);
	assert_int_equal(keys_audit_take(keys, upto, arena, &records, &upto), LW_OK);
	assert_int_equal(records.n, 0);
	lw_audit_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_done_to_a_chain_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(a_chain_that_grows_meanwhile_is_no_alarm, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_past_keep_goes_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_over_max_goes_where_there_is_most, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deleted_tenants_go_as_well, setup, teardown),
		cmocka_unit_test_setup_teardown(its_own_records_wait_until_they_are_done, setup, teardown),
	};

	lw_log_level(LW_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
