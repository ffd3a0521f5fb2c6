/* SPDX-License-Identifier: Apache-2.0 */
/* The verified-credential cache: what opens a line, what closes it, what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ldap/credcache.h"

static struct lw_clock clk;

static struct ldapd_credkey key(void)
{
	return (struct ldapd_credkey){ 1, { { 1, 2, 3 } }, 7, true, LW_LIT("secret") };
}

static bool hit(struct ldapd_credcache *c, struct ldapd_credkey k)
{
	struct keys_token token;
	struct lw_cap cap;

	return ldapd_credcache_get(c, &k, &token, &cap);
}

static void put(struct ldapd_credcache *c, struct ldapd_credkey k)
{
	struct keys_token token = { "token", 5 };
	struct lw_cap cap;

	memset(&cap, 0, sizeof cap);
	cap.tenant = k.tenant;
	ldapd_credcache_put(c, &k, ldapd_credcache_begin(c, &k), &token, &cap);
}

static int setup(void **state)
{
	clk = lw_clock_test(0, LW_SECOND);
	*state = ldapd_credcache_new(64, 300 * LW_SECOND, &clk);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	ldapd_credcache_free(*state);
	return 0;
}

static void test_opens(void **state)
{
	struct ldapd_credcache *c = *state;
	struct ldapd_credkey k = key(), other;
	struct keys_token token;
	struct lw_cap cap;

	assert_false(hit(c, k));
	put(c, k);
	assert_true(ldapd_credcache_get(c, &k, &token, &cap));
	assert_int_equal(token.n, 5);
	assert_memory_equal(token.b, "token", 5);
	assert_int_equal(cap.tenant, 1);
	/* every part of the key counts */
	other = k;
	other.tenant = 2;
	assert_false(hit(c, other));
	other = k;
	other.subject.b[15] = 1;
	assert_false(hit(c, other));
	other = k;
	other.credential_version = 8;
	assert_false(hit(c, other));
	other = k;
	other.confidential = false;
	assert_false(hit(c, other));
	other = k;
	other.password = LW_LIT("secreT");
	assert_false(hit(c, other));
	other.password = LW_LIT("");
	assert_false(hit(c, other));
	assert_true(hit(c, k));
}

static void test_ends(void **state)
{
	struct ldapd_credcache *c = *state;
	struct ldapd_credkey k = key();

	put(c, k);
	clk.test_mono += 300 * LW_SECOND - 1;
	assert_true(hit(c, k));
	clk.test_mono += 1;
	assert_false(hit(c, k));
}

/* A verification that began before keyd said no to another leaves nothing behind. */
static void test_drop(void **state)
{
	struct ldapd_credcache *c = *state;
	struct ldapd_credkey k = key(), plain = key();
	struct keys_token token = { "token", 5 };
	struct lw_cap cap;
	uint64_t begun;

	memset(&cap, 0, sizeof cap);
	plain.confidential = false;
	put(c, k);
	put(c, plain);
	ldapd_credcache_drop(c, 2, &k.subject); /* the same UUID elsewhere is another */
	assert_true(hit(c, k));
	put(c, k);
	begun = ldapd_credcache_begin(c, &k);
	ldapd_credcache_drop(c, 1, &k.subject);
	assert_false(hit(c, k));
	assert_false(hit(c, plain)); /* all of the account's */
	ldapd_credcache_put(c, &k, begun, &token, &cap);
	assert_false(hit(c, k));
	put(c, k);
	assert_true(hit(c, k));
}

static void test_bounded(void **state)
{
	struct ldapd_credcache *c = *state;
	struct ldapd_credkey k = key();
	unsigned kept = 0;

	for (unsigned i = 0; i < 1000; i++) {
		memcpy(k.subject.b, &i, sizeof i);
		put(c, k);
		clk.test_mono++;
		assert_true(hit(c, k)); /* the newest is always kept */
	}
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(k.subject.b, &i, sizeof i);
		kept += hit(c, k);
	}
	assert_true(kept > 32 && kept <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
