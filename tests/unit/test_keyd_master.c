/* SPDX-License-Identifier: Apache-2.0 */
/* One master key follows another: what opens when, who may, and what is left after each step in which something may be killed. */
#include "tests/unit/keyd_fix.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "keys/issue.h"
#include "lwd/master.h"

static struct keys_token operator_t;
static struct lw_cap operator_cap;
static uint8_t first[KEYS_MASTER_FILE];
static char why[200];

static const char *in_keys(const char *name)
{
	static char path[4][128];
	static unsigned at;
	char *p = path[at++ % 4];

	snprintf(p, 128, "%s/keys/%s", dir, name);
	return p;
}

static bool there(const char *name)
{
	return access(in_keys(name), F_OK) == 0;
}

static void read_master(const char *name, uint8_t ret[KEYS_MASTER_FILE])
{
	int fd = open(in_keys(name), O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, ret, KEYS_MASTER_FILE), KEYS_MASTER_FILE);
	close(fd);
}

static int begin(void **state)
{
	if (setup(state))
		return -1;
	read_master("master.key", first);
	return keys_operator(keys, acme, &operator_t, &operator_cap);
}

/* directory's part, until it is done. */
static struct keys_master_state go(struct keys *k)
{
	struct lw_clock real = lw_clock_system;
	struct keys_master_state s;

	assert_int_equal(master_go(store, k, &real, lw_mono(&real) + 30 * LW_SECOND, &s, why), LW_OK);
	return s;
}

static int rewrap(struct keys *k, uint32_t tenant, bool stale)
{
	struct store_op op = { .kind = STORE_TENANT_REWRAP };
	struct store_result res;
	struct store_tenant t;
	struct lw_session *s;
	int err;

	assert_int_equal(store_tenant_by_id(store, arena, tenant, &t), LW_OK);
	assert_int_equal(keys_master_rewrap_tenant(k, tenant, arena, &op.tenant_keys), LW_OK);
	if (!op.tenant_keys.n)
		return LW_ENOTFOUND;
	op.tenant_uuid = t.uuid;
	op.old_tenant_keys = stale ? op.tenant_keys : t.keys;
	assert_int_equal(store_session_role(store, acme, STORE_ROLE_UPKEEP, &s), LW_OK);
	err = store_write(s, &op, &res);
	store_session_free(s);
	return err;
}

/* Everybody logs in, and the installation's own keys open. */
static void works(struct keys *k)
{
	struct keys_token t;
	struct lw_cap cap;

	assert_int_equal(keys_verify(k, acme, &alice, LW_LIT("alice's password"), &HERE, &t, &cap), LW_OK);
	assert_int_equal(keys_verify(k, beta, &beta_admin, LW_LIT("beta admin's password"), &HERE, &t, &cap), LW_OK);
	assert_int_equal(keys_ping(k), LW_OK);
}

/* With the first master key nothing of what is there now opens. */
static void the_first_opens_nothing(void)
{
	static const char *const files[][2] = { { "root.key.sealed", KEYD_ROOT_SEAL }, { "installation.key.sealed", KEYD_CA_SEAL },
		{ KEYD_MAC_FILE, KEYD_MAC_SEAL } };
	struct keys_master *m = keys_master_from(first + 8), *now;
	const uint32_t tenants[] = { acme, beta };
	struct store_tenant t;
	struct lw_bytes file, clear;
	uint8_t key[LW_AEAD_KEY];
	char err[256];

	assert_non_null(m);
	assert_int_equal(keys_master_load(dir, &now, err), LW_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_tenant_by_id(store, arena, tenants[i], &t), LW_OK);
		for (int cls = STORE_SECRET_PASSWORD; cls <= STORE_SECRET_SIGNING; cls++) {
			assert_int_equal(keys_master_unwrap(m, &t.uuid, t.keys, (uint8_t)cls, key), LW_EAUTH);
			assert_int_equal(keys_master_unwrap(now, &t.uuid, t.keys, (uint8_t)cls, key), LW_OK);
		}
		assert_true(keys_master_is_newest(now, &t.uuid, t.keys));
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(keyd_read_file(dir, files[i][0], arena, &file, err), LW_OK);
		assert_int_equal(keys_master_open(m, files[i][1], file, arena, &clear), LW_EAUTH);
		assert_int_equal(keys_master_open(now, files[i][1], file, arena, &clear), LW_OK);
	}
	keys_master_free(m);
	keys_master_free(now);
	assert_false(there("master.key.next") || there("master.key.old"));
}

static void from_one_to_the_other(void **state)
{
	struct keys_token t, admin;
	struct keys_master_state s;
	uint8_t next[KEYS_MASTER_FILE], now[KEYS_MASTER_FILE];
	struct lw_cap cap;

	assert_int_equal(verify(acme, &alice, "alice's password", &t, &cap), LW_OK);
	/* beta administers itself alone */
	assert_int_equal(verify(beta, &beta_admin, "beta admin's password", &admin, &cap), LW_OK);
	assert_int_equal(keys_master_rotate(keys, tok(&admin), why), LW_EACCES);
	assert_int_equal(keys_master_rotate(keys, tok(&t), why), LW_EACCES);
	assert_int_equal(keys_master_rotate(keys, NONE, why), LW_EAUTH);
	assert_false(there("master.key.next"));
	assert_int_equal(keys_master_rewrap_tenant(keys, 0, arena, &(struct lw_bytes){ 0 }), LW_EINVAL);
	assert_int_equal(rewrap(keys, acme, false), LW_ENOTFOUND); /* nothing to be done */

	assert_int_equal(keys_master_rotate(keys, tok(&operator_t), why), LW_OK);
	read_master("master.key.next", next);
	read_master("master.key", now);
	assert_memory_equal(now, first, sizeof(now));
	assert_memory_not_equal(next, first, sizeof(next));
	assert_int_equal(keys_master_rotate(keys, tok(&operator_t), why), LW_OK); /* it goes on */
	read_master("master.key.next", now);
	assert_memory_equal(now, next, sizeof(now));
	works(keys);
	/* not before the last tenant */
	assert_int_equal(rewrap(keys, acme, true), LW_EAGAIN);
	assert_int_equal(rewrap(keys, acme, false), LW_OK);
	assert_int_equal(rewrap(keys, acme, false), LW_ENOTFOUND);
	works(keys);
	assert_int_equal(keys_master_state(keys, true, &s, why), LW_EAGAIN);
	assert_true(there("master.key.next"));
	assert_int_equal(rewrap(keys, beta, false), LW_OK);
	assert_int_equal(keys_master_state(keys, false, &s, why), LW_OK);
	assert_true(s.turning && s.root_here);
	assert_int_equal(keys_master_state(keys, true, &s, why), LW_OK);
	assert_false(s.turning);
	read_master("master.key", now);
	assert_memory_equal(now, next, sizeof(now));
	the_first_opens_nothing();
	works(keys);
	/* sessions go on, also with a keyd that begins now */
	assert_int_equal(keys_check(keys, tok(&t), &cap), LW_OK);
	assert_true(lw_uuid_eq(&cap.subject, &alice));
	assert_int_equal(keys_master_state(keys, true, &s, why), LW_OK); /* and once more is nothing */
}

static void sessions_outlive_keyd_and_its_master_key(void **state)
{
	struct keyd *k = second("the same boot");
	struct keys *one = keys_around(k, LW_ROLE_DIRECTORY);
	struct keys_token t;
	struct lw_cap cap;

	assert_int_equal(keys_verify(one, acme, &alice, LW_LIT("alice's password"), &HERE, &t, &cap), LW_OK);
	assert_int_equal(keys_operator(one, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(keys_master_rotate(one, tok(&operator_t), why), LW_OK);
	assert_false(go(one).turning);
	keys_free(one);
	keyd_free(k);
	k = second("the same boot");
	one = keys_around(k, LW_ROLE_DIRECTORY);
	assert_int_equal(keys_check(one, tok(&t), &cap), LW_OK);
	works(one);
	keys_free(one);
	keyd_free(k);
}

/* keyd is gone after each step, and another one goes on. */
static void killed_after_each_step(void **state)
{
	for (int step = 0; step < 6; step++) {
		struct keyd *k = second("boot");
		struct keys *one = keys_around(k, LW_ROLE_DIRECTORY);
		struct keys_master *m;
		struct lw_bytes file, clear, anew;
		char err[256];

		read_master("master.key", first);
		assert_int_equal(keys_operator(one, acme, &operator_t, &operator_cap), LW_OK);
		assert_int_equal(keys_master_rotate(one, tok(&operator_t), why), LW_OK);
		if (step >= 1)
			assert_int_equal(rewrap(one, beta, false), LW_OK);
		if (step >= 2)
			assert_int_equal(rewrap(one, acme, false), LW_OK);
		keys_free(one);
		keyd_free(k);
		if (step >= 3) { /* one of the files was sealed anew */
			assert_int_equal(keys_master_load(dir, &m, err), LW_OK);
			assert_int_equal(keyd_read_file(dir, "installation.key.sealed", arena, &file, err), LW_OK);
			assert_int_equal(keys_master_open(m, KEYD_CA_SEAL, file, arena, &clear), LW_OK);
			assert_int_equal(keys_master_seal(m, KEYD_CA_SEAL, clear, arena, &anew), LW_OK);
			assert_int_equal(keyd_replace_file(dir, "installation.key.sealed", 0600, anew, err), LW_OK);
			keys_master_free(m);
		}
		if (step >= 4) /* the second name was given */
			assert_int_equal(link(in_keys("master.key"), in_keys("master.key.old")), 0);
		k = second("boot");
		one = keys_around(k, LW_ROLE_DIRECTORY);
		works(one);
		assert_true(there("master.key.next") && !there("master.key.old"));
		assert_false(go(one).turning);
		works(one);
		the_first_opens_nothing();
		keys_free(one);
		keyd_free(k);
		if (step == 5) { /* all but the end of the old one */
			int fd = open(in_keys("master.key.old"), O_WRONLY | O_CREAT | O_EXCL, 0600);

			assert_int_equal(write(fd, first, sizeof(first)), sizeof(first));
			close(fd);
			k = second("boot");
			assert_false(there("master.key.old"));
			keyd_free(k);
		}
	}
}

/* A tenant that is made meanwhile has its keys under the new one; one whose making began before holds the end up (lwd/master.h). */
static void a_tenant_made_meanwhile(void **state)
{
	struct keys_tenant kt = { .uuid = lw_uuid_new(&clk), .name = "delta.example", .realm = "DELTA.EXAMPLE", .admin_uuid = lw_uuid_new(&clk), .admin_name = "admin" };
	struct store_op op = { .kind = STORE_TENANT_CREATE, .tenant_name = "delta.example", .tenant_uuid = kt.uuid, .admin_name = "admin", .admin_uuid = kt.admin_uuid };
	struct store_result res;
	struct lw_session *s;

	for (int before = 0; before < 2; before++) {
		if (before)
			assert_int_equal(keys_tenant_new(keys, tok(&operator_t), &kt, LW_LIT("delta's password"), arena, &op.tenant_keys, &op.secrets, &op.nsecrets, why), LW_OK);
		assert_int_equal(keys_master_rotate(keys, tok(&operator_t), why), LW_OK);
		if (!before) {
			assert_int_equal(keys_tenant_new(keys, tok(&operator_t), &kt, LW_LIT("delta's password"), arena, &op.tenant_keys, &op.secrets, &op.nsecrets, why), LW_OK);
			assert_false(go(keys).turning);
		}
		assert_int_equal(store_session_role(store, acme, STORE_ROLE_OPERATOR, &s), LW_OK);
		op.tenant_name = before ? "epsilon.example" : "delta.example";
		assert_int_equal(store_write(s, &op, &res), LW_OK);
		store_session_free(s);
		assert_false(go(keys).turning);
		works(keys);
		kt = (struct keys_tenant){ .uuid = lw_uuid_new(&clk), .name = "epsilon.example", .realm = "EPSILON.EXAMPLE", .admin_uuid = lw_uuid_new(&clk), .admin_name = "admin" };
		op.tenant_uuid = kt.uuid;
		op.admin_uuid = kt.admin_uuid;
	}
	the_first_opens_nothing();
}

static void not_while_the_roots_key_is_away(void **state)
{
	struct lw_bytes file, none;

	assert_int_equal(keys_root_export(keys, tok(&operator_t), NONE, arena, &file, why), LW_OK);
	assert_int_equal(keys_master_rotate(keys, tok(&operator_t), why), LW_OK);
	/* nor does it go while the other key follows */
	assert_int_equal(keys_root_export(keys, tok(&operator_t), file, arena, &none, why), LW_EAGAIN);
	assert_false(go(keys).turning);
	assert_int_equal(keys_root_export(keys, tok(&operator_t), file, arena, &none, why), LW_EINVAL); /* it is sealed otherwise now */
	assert_int_equal(keys_root_export(keys, tok(&operator_t), NONE, arena, &file, why), LW_OK);
	assert_int_equal(keys_root_export(keys, tok(&operator_t), file, arena, &none, why), LW_OK);
	assert_int_equal(keys_master_rotate(keys, tok(&operator_t), why), LW_EAGAIN);
	assert_non_null(strstr(why, "lwctl ca root import"));
	assert_false(there("master.key.next"));
	assert_int_equal(keys_root_import(keys, tok(&operator_t), file, why), LW_OK);
	assert_int_equal(keys_master_rotate(keys, tok(&operator_t), why), LW_OK);
	/* taken away by hand: what opens it is not destroyed */
	assert_int_equal(rename(in_keys("root.key.sealed"), in_keys("away")), 0);
	assert_int_equal(rewrap(keys, acme, false), LW_OK);
	assert_int_equal(rewrap(keys, beta, false), LW_OK);
	assert_int_equal(keys_master_state(keys, true, &(struct keys_master_state){ 0 }, why), LW_EUNWILLING);
	assert_true(there("master.key.next"));
	assert_int_equal(rename(in_keys("away"), in_keys("root.key.sealed")), 0);
	assert_false(go(keys).turning);
	the_first_opens_nothing();
}

/* What a request had in hand before still opens for it, and is forgotten with the last such request. */
static void requests_under_way(void **state)
{
	struct keyd *k = second("boot");
	struct keys *one = keys_around(k, LW_ROLE_DIRECTORY);
	struct store_tenant before;
	uint8_t key[LW_AEAD_KEY];
	unsigned turn;

	assert_int_equal(keys_operator(one, acme, &operator_t, &operator_cap), LW_OK);
	assert_int_equal(store_tenant_by_id(store, arena, acme, &before), LW_OK);
	turn = keyd_enter(k);
	assert_int_equal(keys_master_rotate(one, tok(&operator_t), why), LW_OK);
	assert_false(go(one).turning);
	assert_int_equal(keys_master_unwrap(k->master, &before.uuid, before.keys, STORE_SECRET_PASSWORD, key), LW_OK);
	assert_int_equal(keys_master_rotate(one, tok(&operator_t), why), LW_EAGAIN); /* not yet another */
	keyd_leave(k, turn);
	assert_int_equal(keys_master_unwrap(k->master, &before.uuid, before.keys, STORE_SECRET_PASSWORD, key), LW_EAUTH);
	assert_int_equal(keys_master_rotate(one, tok(&operator_t), why), LW_OK);
	assert_false(go(one).turning);
	works(one);
	keys_free(one);
	keyd_free(k);
}

static void older_data_get_the_secret(void **state)
{
	struct keyd *k;
	struct stat st;

	assert_int_equal(unlink(in_keys(KEYD_MAC_FILE)), 0);
	k = second("boot");
	assert_int_equal(stat(in_keys(KEYD_MAC_FILE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	keyd_free(k);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, teardown)
	const struct CMUnitTest tests[] = {
		T(from_one_to_the_other),
		T(sessions_outlive_keyd_and_its_master_key),
		T(killed_after_each_step),
		T(a_tenant_made_meanwhile),
		T(not_while_the_roots_key_is_away),
		T(requests_under_way),
		T(older_data_get_the_secret),
	};

	lw_log_level(LW_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
