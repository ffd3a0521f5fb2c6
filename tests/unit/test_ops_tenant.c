/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a tenant in the store: who may, what is dead at once, the steps, a stop in the middle, replay, the name. */
#include "store/guard.h"
#include "tests/unit/ops_fix.h"

#define OK(call)       assert_int_equal(call, LW_OK)
#define ERR(call, err) assert_int_equal(call, err)
#define DAY            (INT64_C(24) * 3600 * LW_SECOND)

static int end(struct lw_session *s, const struct lw_uuid *tenant, const struct store_revoked *revoked, size_t n, uint64_t generation)
{
	struct store_op op = { .kind = STORE_TENANT_DELETE, .tenant_uuid = *tenant, .revoked = revoked, .nrevoked = n,
		.ca_generation = generation };

	return store_write(s, &op, &fix.r);
}

static int step_as(struct lw_session *s)
{
	struct store_op op = { .kind = STORE_TENANT_RECLAIM };

	return store_write(s, &op, &fix.r);
}

static struct lw_session *upkeep(void)
{
	struct lw_session *s = NULL;

	OK(store_session_role(fix.store, 0, STORE_ROLE_UPKEEP, &s));
	return s;
}

static int step(void)
{
	struct lw_session *s = upkeep();
	int err = step_as(s);

	store_session_free(s);
	return err;
}

static int small(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct eng_reclaim left;
	int err = eng_reclaim_next(txn, 1, &left);

	if (!err)
		eng_fx_reclaim(fx, left.tenant, *(const uint32_t *)ctx);
	return err;
}

/* One of so many rows. */
static int small_step(uint32_t max)
{
	return eng_submit(fix.store, small, &max);
}

static int create_as(struct lw_session *s, const char *name, const struct lw_uuid *uuid)
{
	struct store_sealed_item secret = { .attr = schema_attr(LW_LIT("userPassword"))->id, .cls = STORE_SECRET_PASSWORD,
		.generation = 1, .sealed = LW_LIT("sealed") };
	struct store_op op = { .kind = STORE_TENANT_CREATE, .tenant_name = name, .tenant_keys = LW_LIT("newkeys"), .secrets = &secret,
		.nsecrets = 1, .tenant_uuid = *uuid, .admin_uuid = lw_uuid_new(&fix.clock) };

	return store_write(s, &op, &fix.r);
}

static int create(const char *name)
{
	struct lw_uuid uuid = lw_uuid_new(&fix.clock);

	return create_as(fix.op, name, &uuid);
}

/* People enough for more than one step. */
static void fill_beta(unsigned n)
{
	char ldif[400];

	for (unsigned i = 0; i < n; i++) {
		snprintf(ldif, sizeof(ldif), "dn: uid=p%u,ou=people,dc=beta,dc=example\nobjectClass: inetOrgPerson\nuid: p%u\ncn: Person %u\n"
			"sn: Person%u\nmail: p%u@beta.example\ndescription: whoever it is, number %u of them", i, i, i, i, i, i * 7919);
		OK(fix_add(fix.other, ldif));
	}
}

static uint64_t problems(void)
{
	uint64_t n = 1;

	OK(store_check(fix.store, NULL, NULL, &n));
	return n;
}

static void replay_is_equal(void)
{
	char into[80], cmd[200], err[256] = "";
	uint8_t hash[32];
	int rc;

	snprintf(into, sizeof(into), "%s-replay", fix.dir);
	rc = store_replay(fix.store, into, hash, err);
	if (rc)
		fail_msg("%s", err);
	for (const char *const *f = (const char *const[]){ "db/data.mdb", "db/lock.mdb", "db/write.lock", "db/writer.lock", "db", "", NULL }; *f; f++) {
		snprintf(cmd, sizeof(cmd), "%s/%s", into, *f);
		if (unlink(cmd))
			rmdir(cmd);
	}
}

static size_t dying(void)
{
	struct store_tenant *t;
	size_t n;

	OK(store_tenant_dying(fix.store, fix.arena, &t, &n));
	return n;
}

/* Rows of beta's number in the tables that go, and how often the log says its keys. */
static size_t rows_left(void)
{
	struct eng_txn *txn;
	size_t n = 0;

	OK(eng_begin(fix.store, &txn));
	for (uint64_t id = 1; id < 5000; id++) {
		struct eng_entry e;
		uint64_t generation;
		struct lw_bytes v;

		n += eng_entry(txn, fix.beta, id, &e) == LW_OK;
		n += eng_sealed(txn, fix.beta, id, schema_attr(LW_LIT("userPassword"))->id, STORE_SECRET_PASSWORD, &v, &generation) == LW_OK;
	}
	eng_end(txn);
	return n;
}

static unsigned log_says(struct lw_bytes what)
{
	struct eng_txn *txn;
	struct lw_bytes v;
	unsigned n = 0;

	OK(eng_begin(fix.store, &txn));
	for (uint64_t seq = 1; seq <= eng_applied_seq(txn); seq++) {
		OK(eng_log_get(txn, seq, &v));
		n += memmem(v.p, v.n, what.p, what.n) != NULL;
	}
	eng_end(txn);
	return n;
}

static void who_may(void **state)
{
	struct lw_uuid nobody = lw_uuid_new(&fix.clock);
	struct lw_session *s;

	ERR(end(fix.other, &fix.beta_uuid, NULL, 0, 0), LW_EACCES); /* its own administrator */
	ERR(end(fix.other, &fix.acme_uuid, NULL, 0, 0), LW_EACCES);
	OK(store_session_anonymous(fix.store, fix.beta, &s));
	ERR(end(s, &fix.beta_uuid, NULL, 0, 0), LW_EACCES);
	ERR(step_as(s), LW_EACCES);
	store_session_free(s);
	ERR(end(fix.admin, &fix.acme_uuid, NULL, 0, 0), LW_EUNWILLING); /* the system tenant */
	ERR(end(fix.admin, &nobody, NULL, 0, 0), LW_ENOTFOUND);
	ERR(step(), LW_ENOTFOUND);
	OK(end(fix.admin, &fix.beta_uuid, NULL, 0, 0));
	ERR(end(fix.admin, &fix.beta_uuid, NULL, 0, 0), LW_ENOTFOUND);
	ERR(step_as(fix.admin), LW_EACCES); /* an administrator holds `delete`, but is no role */
	ERR(step_as(fix.op), LW_OK);
}

static void dead_at_once(void **state)
{
	struct store_tenant t;
	struct lw_session *s = NULL;
	struct lw_session *old = fix_login(fix.beta, &fix.beta_uuid, &fix.beta_admin, 1);
	struct lw_uuid uuid = lw_uuid_new(&fix.clock);

	assert_non_null(old);
	OK(end(fix.op, &fix.beta_uuid, NULL, 0, 0));
	ERR(store_session_check(old), LW_EREVOKED);
	store_session_free(old);
	assert_null(fix_login(fix.beta, &fix.beta_uuid, &fix.beta_admin, 1));
	for (int role = STORE_ROLE_OPERATOR; role <= STORE_ROLE_UPKEEP; role++)
		ERR(store_session_role(fix.store, fix.beta, (enum store_role)role, &s), LW_EREVOKED);
	ERR(store_session_anonymous(fix.store, fix.beta, &s), LW_EREVOKED);
	ERR(store_tenant_by_name(fix.store, fix.arena, LW_LIT("beta.example"), &t), LW_ENOTFOUND);
	ERR(store_tenant_by_id(fix.store, fix.arena, fix.beta, &t), LW_ENOTFOUND);
	ERR(fix_add(fix.other, "dn: uid=x,ou=people,dc=beta,dc=example\nobjectClass: inetOrgPerson\nuid: x\ncn: x\nsn: x"), LW_EREVOKED);
	assert_int_equal(dying(), 1);
	/* the name is taken, and what is above and below it; the UUID is for ever */
	ERR(create("beta.example"), LW_EAGAIN);
	ERR(create("BETA.example"), LW_EAGAIN);
	ERR(create("a.beta.example"), LW_EAGAIN);
	ERR(create_as(fix.op, "delta.example", &fix.beta_uuid), LW_EEXIST);
	ERR(create_as(fix.op, "delta.example", &fix.acme_uuid), LW_EEXIST);
	OK(create_as(fix.op, "delta.example", &uuid));
	while (!step())
		;
	ERR(create_as(fix.op, "beta.example", &fix.beta_uuid), LW_EEXIST);
	OK(create("beta.example"));
	OK(store_tenant_by_name(fix.store, fix.arena, LW_LIT("beta.example"), &t));
	assert_true(t.id != fix.beta && !lw_uuid_eq(&t.uuid, &fix.beta_uuid));
	/* who knows the new number and an old name of somebody gets nowhere */
	assert_null(fix_login(t.id, &fix.beta_uuid, &fix.beta_admin, 1));
	assert_null(fix_login(t.id, &t.uuid, &fix.beta_admin, 1));
	ERR(store_session_check(fix.other), LW_EREVOKED);
	assert_int_equal(dying(), 0);
}

static void in_steps(void **state)
{
	unsigned steps = 0;
	char err[256];

	fill_beta(300);
	assert_true(log_says(LW_LIT("keys")) >= 2); /* acme's and beta's */
	OK(end(fix.op, &fix.beta_uuid, NULL, 0, 0));
	assert_int_equal(problems(), 0);
	replay_is_equal();
	OK(small_step(1));
	OK(small_step(700)); /* in the middle of a table */
	assert_int_equal(dying(), 1);
	assert_true(rows_left() >= 300);
	assert_int_equal(problems(), 0);
	replay_is_equal();

	/* stopped in the middle: the next writer goes on */
	store_session_free(fix.op);
	store_session_free(fix.admin);
	store_session_free(fix.other);
	fix.other = NULL;
	store_writer_stop(fix.store);
	store_close(fix.store);
	OK(store_open(fix.dir, STORE_OPEN_WRITE, &fix.clock, &fix.store, err));
	OK(store_writer_start(fix.store));
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_OPERATOR, &fix.op));
	fix.admin = fix_login(fix.acme, &fix.acme_uuid, &fix.acme_admin, 1);
	assert_int_equal(dying(), 1);
	while (small_step(500) == LW_OK) {
		assert_true(++steps < 100);
		if (steps == 5)
			replay_is_equal();
		OK(fix_person(fix.admin, (char[]){ 'q', (char)('a' + steps % 26), (char)('a' + steps / 26), 0 }, "")); /* others go on */
	}
	assert_true(steps > 5);
	assert_int_equal(dying(), 0);
	assert_int_equal(rows_left(), 0);
	assert_int_equal(log_says(LW_LIT("keys")), 1); /* acme's */
	assert_int_equal(problems(), 0);
	replay_is_equal();
	OK(create("beta.example"));
	assert_int_equal(problems(), 0);
}

static int ca_keys(uint64_t generation)
{
	struct store_sealed_item item = { .attr = schema_attr(LW_LIT("lwCaKey"))->id, .cls = STORE_SECRET_SIGNING,
		.generation = generation, .sealed = LW_LIT("sealed ca") };
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
	struct lw_session *s = NULL;
	int err;

	OK(store_session_role(fix.store, fix.beta, STORE_ROLE_UPKEEP, &s));
	err = store_write(s, &op, &fix.r);
	store_session_free(s);
	return err;
}

static void listed(void **state)
{
	struct store_revoked r[2] = { { .serial = { 7, 8 }, .n_serial = 2, .not_after = lw_wall(&fix.clock) + DAY, .reason = 5 },
		{ .serial = { 9 }, .n_serial = 1, .not_after = lw_wall(&fix.clock) + 300 * DAY, .reason = 5 } }, *all, bad = { .n_serial = 21 };
	uint64_t generation = 99, next;
	struct store_tenant t;
	size_t n = 99;

	OK(store_revoked(fix.store, fix.arena, &all, &n, &generation));
	assert_true(n == 0 && generation == 0);
	OK(ca_keys(1));
	OK(ca_keys(2));
	ERR(end(fix.op, &fix.beta_uuid, NULL, 0, 0), LW_EAGAIN); /* it has certificates */
	ERR(end(fix.op, &fix.beta_uuid, NULL, 0, 2), LW_EAGAIN);
	ERR(end(fix.op, &fix.beta_uuid, r, 1, 1), LW_EAGAIN); /* … and others by now */
	ERR(end(fix.op, &fix.beta_uuid, &bad, 1, 2), LW_EINVAL);
	OK(store_session_check(fix.other));
	OK(end(fix.op, &fix.beta_uuid, r, 2, 2));
	OK(store_revoked(fix.store, fix.arena, &all, &n, &generation));
	assert_int_equal(n, 2);
	assert_true(generation && all[0].n_serial == 2 && !memcmp(all[0].serial, "\7\10", 2) && all[0].reason == 5 &&
		all[0].when == lw_wall(&fix.clock) && all[1].not_after == r[1].not_after);
	while (!step())
		;
	/* the next one's; what has ended is not listed any longer */
	fix.clock.test_wall += 3 * DAY;
	OK(create("beta.example"));
	OK(store_tenant_by_name(fix.store, fix.arena, LW_LIT("beta.example"), &t));
	fix.beta = t.id;
	OK(ca_keys(1));
	r[0].serial[0] = 77;
	r[0].not_after = lw_wall(&fix.clock) + DAY;
	OK(end(fix.op, &t.uuid, r, 1, 1));
	OK(store_revoked(fix.store, fix.arena, &all, &n, &next));
	assert_int_equal(n, 2);
	assert_true(next != generation && all[0].serial[0] == 9 && all[1].serial[0] == 77);
}

static void switched_off_first(void **state)
{
	struct store_op op = { .kind = STORE_TENANT_STATE, .tenant_uuid = fix.beta_uuid };

	OK(store_write(fix.op, &op, &fix.r));
	OK(end(fix.admin, &fix.beta_uuid, NULL, 0, 0));
	op.tenant_enabled = true;
	ERR(store_write(fix.op, &op, &fix.r), LW_ENOTFOUND); /* nobody switches it on again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_may, fix_up, fix_down),
		cmocka_unit_test_setup_teardown(dead_at_once, fix_up, fix_down),
		cmocka_unit_test_setup_teardown(in_steps, fix_up, fix_down),
		cmocka_unit_test_setup_teardown(listed, fix_up, fix_down),
		cmocka_unit_test_setup_teardown(switched_off_first, fix_up, fix_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
