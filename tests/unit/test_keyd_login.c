/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: logins by name, and web's tokens adopted by directory. */
#include "tests/unit/keyd_fix.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "keys/issue.h"

static struct keys *web, *here;
static struct keyd *other;

static int begin(void **state)
{
	if (setup(state))
		return -1;
	other = second("boot");
	web = keys_around(other, LW_ROLE_WEB);
	here = keys_around(other, LW_ROLE_DIRECTORY);
	return 0;
}

static int begin_dear(void **state)
{
	hash_cheaply = false;
	return begin(state);
}

static int end(void **state)
{
	keys_free(web);
	keys_free(here);
	keyd_free(other);
	return teardown(state);
}

static int login(const char *tenant, const char *user, const char *password, struct keys_token *t, struct lw_cap *cap)
{
	struct keys_token token;
	struct lw_cap c;

	return keys_login(web, lw_str(tenant), lw_str(user), lw_str(password), &HERE, t ? t : &token, cap ? cap : &c);
}

static void names(void **state)
{
	struct lw_cap cap, checked;
	struct keys_token t;
	static char big[5000];

	assert_int_equal(login("acme.example", "alice", "alice's password", &t, &cap), LW_OK);
	assert_int_equal(cap.tenant, acme);
	assert_true(lw_uuid_eq(&cap.subject, &alice) && lw_uuid_eq(&cap.tenant_uuid, &acme_uuid));
	assert_int_equal(cap.role, LW_ROLE_WEB);
	assert_int_equal(cap.methods, LW_CAP_PASSWORD);
	assert_int_equal(cap.expiry, NOW + INT64_C(43200) * LW_SECOND);
	assert_int_equal(keys_check(web, tok(&t), &checked), LW_OK);
	assert_int_equal(keys_check(here, tok(&t), &checked), LW_EAUTH); /* web's alone */
	assert_int_equal(login("ACME.Example", "Alice", "alice's password", NULL, NULL), LW_OK);
	assert_int_equal(login("acme.example", "alice@Acme.EXAMPLE", "alice's password", NULL, NULL), LW_OK);
	assert_int_equal(login("acme.example", "alice@beta.example", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "alice@", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "alice@alice@acme.example", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("beta.example", "alice", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("beta.example", "alice@acme.example", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("nowhere.example", "alice", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("", "alice", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "nobody", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "uid=alice,ou=people,dc=acme,dc=example", "alice's password", NULL, NULL), LW_EAUTH);
	memset(big, 'a', sizeof(big) - 1);
	assert_int_equal(login(big, "alice", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", big, "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "alice", big, NULL, NULL), LW_EAUTH);
}

static double took(const char *tenant, const char *user)
{
	double least = 1e9;

	for (int i = 0; i < 3; i++) { /* what others do on this machine is not measured */
		struct timespec a, b;
		double s;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		assert_int_equal(login(tenant, user, "wrong", NULL, NULL), LW_EAUTH);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
		least = s < least ? s : least;
	}
	return least;
}

static void the_same_work(void **state)
{
	double wrong = took("acme.example", "alice");

	assert_true(took("acme.example", "nobody") > wrong / 2);
	assert_true(took("nowhere.example", "alice") > wrong / 2);
}

/* Counted with all other guesses at the account; a lock looks like a wrong password. */
static void guesses(void **state)
{
	for (int i = 0; i < 10; i++)
		assert_int_equal(login("acme.example", "alice", "wrong", NULL, NULL), LW_EAUTH);
	assert_int_equal(login("acme.example", "alice", "alice's password", NULL, NULL), LW_EAUTH);
	assert_int_equal(keys_verify(web, acme, &alice, LW_LIT("alice's password"), &HERE, &(struct keys_token){ { 0 }, 0 }, &(struct lw_cap){ 0 }), LW_ELOCKED);
	assert_int_equal(login("acme.example", "bob", "bob's password", NULL, NULL), LW_OK);
}

static void adopted(void **state)
{
	struct keys_token t, mine;
	struct lw_cap cap, now, checked;

	assert_int_equal(login("acme.example", "alice", "alice's password", &t, &cap), LW_OK);
	clk.test_wall += 60 * LW_SECOND;
	assert_int_equal(keys_adopt(web, tok(&t), LW_ROLE_WEB, &mine, &now), LW_EACCES);
	assert_int_equal(keys_adopt(here, tok(&t), LW_ROLE_WEB, &mine, &now), LW_OK);
	assert_int_equal(now.role, LW_ROLE_DIRECTORY);
	assert_true(lw_uuid_eq(&now.subject, &alice) && lw_uuid_eq(&now.tenant_uuid, &acme_uuid));
	assert_int_equal(now.tenant, acme);
	assert_int_equal(now.methods, cap.methods);
	assert_int_equal(now.flags, cap.flags);
	assert_int_equal(now.auth_time, cap.auth_time);
	assert_int_equal(now.expiry, cap.expiry); /* no longer life by it */
	assert_int_equal(keys_check(here, tok(&mine), &checked), LW_OK);
	assert_int_equal(keys_check(web, tok(&mine), &checked), LW_EAUTH);
	assert_int_equal(keys_adopt(here, tok(&mine), LW_ROLE_DIRECTORY, &t, &now), LW_EACCES);
	assert_int_equal(keys_adopt(here, tok(&mine), LW_ROLE_WEB, &t, &now), LW_EAUTH);
	assert_int_equal(keys_adopt(here, LW_LIT(""), LW_ROLE_WEB, &t, &now), LW_EAUTH);
	clk.test_wall = cap.expiry;
	assert_int_equal(login("acme.example", "bob", "bob's password", &t, NULL), LW_OK);
	assert_int_equal(keys_adopt(here, tok(&t), LW_ROLE_WEB, &mine, &now), LW_OK);
	clk.test_wall += KEYS_CAP_LIFE;
	assert_int_equal(keys_adopt(here, tok(&t), LW_ROLE_WEB, &mine, &now), LW_EEXPIRED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = { T(names), cmocka_unit_test_setup_teardown(the_same_work, begin_dear, end), T(guesses), T(adopted) };

	lw_log_level(LW_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
