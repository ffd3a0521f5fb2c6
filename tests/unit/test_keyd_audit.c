/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's part of the audit: it MACs what it has hashed itself, knows its own MACs, and what is not as it was it MACs no more. */
#include "tests/unit/keyd_fix.h"

#include <string.h>
#include "base/log.h"
#include "store/audit.h"
#include "store/eng_int.h"

static struct keys_audit_chain asked(enum lw_role_id role)
{
	struct keys_audit_chain c = { .tenant = acme, .role = role };

	assert_int_equal(keys_audit_mac(keys, &c, 1), LW_OK);
	return c;
}

static void append(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct lw_audit a = { .event = LW_AUDIT_AS, .tenant = acme, .role = LW_ROLE_KDC, .time = 1 + i, .source = LW_LIT("192.0.2.1") };

		assert_int_equal(store_audit_append(store, &a, 1), LW_OK);
	}
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
		cmocka_unit_test_setup_teardown(its_own_records_wait_until_they_are_done, setup, teardown),
	};

	lw_log_level(LW_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
