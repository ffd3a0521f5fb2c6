/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's own records: of every accepted operation one, with the change or not at all; of every refused one, through the ring; who
 * may read them; that no value gets in. */
#include "tests/unit/ops_fix.h"
#include <jansson.h>
#include "store/audit.h"
#include "tests/unit/audit_run.h"

#define PEOPLE "ou=people,dc=acme,dc=example"
#define CANARY "canary-4711-value"

static struct lw_arena *arena;

/* The newest records of the session's tenant, as one text. */
static size_t tail(struct lw_session *s, size_t n, struct lw_bytes **ret)
{
	struct store_audit_place p;
	size_t got = 0;

	lw_arena_reset(arena);
	assert_int_equal(store_audit_last(s, n, &p), LW_OK);
	assert_int_equal(store_audit_tail(s, arena, &p, 10000, ret, &got), LW_OK);
	return got;
}

static json_t *last(struct lw_session *s)
{
	struct lw_bytes *lines;
	size_t n = tail(s, 1, &lines);
	json_t *j;

	assert_int_equal(n, 1);
	j = json_loadb((const char *)lines[0].p, lines[0].n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	return j;
}

static void is(const json_t *j, const char *name, const char *value)
{
	const char *v = json_string_value(json_object_get(j, name));

	if (!v || strcmp(v, value) != 0)
		fail_msg("%s is %s, not %s: %s", name, v ? v : "missing", value, json_dumps(j, 0));
}

static void accepted_operations_are_recorded(void **state)
{
	char uuid[LW_UUID_TEXT];
	struct lw_uuid u;
	json_t *j;

	store_session_source(fix.admin, LW_AUDIT_LDAP, "192.0.2.9");
	assert_int_equal(fix_person(fix.admin, "rita", "description: " CANARY), LW_OK);
	u = fix_uuid("uid=rita," PEOPLE);
	lw_uuid_format(&u, uuid);
	j = last(fix.admin);
	is(j, "event", "entry.add");
	is(j, "outcome", "ok");
	is(j, "tenant", "acme.example");
	is(j, "role", "directory");
	is(j, "target", uuid);
	is(j, "targetName", "uid=rita," PEOPLE);
	is(j, "actorName", "admin");
	is(j, "source", "192.0.2.9");
	is(j, "protocol", "ldap");
	lw_uuid_format(&fix.acme_admin, uuid);
	is(j, "actor", uuid);
	json_decref(j);
	assert_int_equal(fix_modify(fix.admin, "dn: uid=rita," PEOPLE "\nreplace description\ndescription: " CANARY "-2"), LW_OK);
	j = last(fix.admin);
	is(j, "event", "entry.modify");
	is(j, "detail", "description");
	json_decref(j);
	assert_int_equal(fix_secret(fix.op, &u, CANARY), LW_OK);
	j = last(fix.admin);
	is(j, "event", "secret.set");
	is(j, "actorName", "operator");
	is(j, "targetName", "uid=rita," PEOPLE);
	json_decref(j);
	assert_int_equal(fix_delete(fix.admin, "uid=rita," PEOPLE), LW_OK);
	j = last(fix.admin);
	is(j, "event", "entry.delete");
	is(j, "targetName", "uid=rita," PEOPLE);
	json_decref(j);
}

/* What the ring has, taken out; the newest is in *ret, whose octets live in the arena. */
static size_t from_ring(struct lw_audit *ret)
{
	struct lw_writer w;
	struct lw_reader r;
	uint64_t upto;
	size_t n = 0;

	lw_writer_init(&w, LW_AUDIT_RING);
	lw_audit_peek(&w, LW_AUDIT_RING, &upto);
	lw_audit_done(upto);
	lw_reader_init(&r, lw_dup(arena, lw_written(&w)));
	lw_writer_done(&w);
	for (; lw_reader_left(&r); n++) {
		struct lw_reader one;

		lw_reader_init(&one, lw_get_raw(&r, lw_get_u16(&r)));
		assert_int_equal(lw_audit_get(&one, ret), LW_OK);
	}
	return n;
}

static void refused_operations_go_through_the_ring(void **state)
{
	struct lw_session *s;
	struct lw_bytes *lines;
	struct lw_audit a;
	struct lw_uuid u;
	size_t n = tail(fix.admin, 1000, &lines), after;

	assert_int_equal(lw_audit_start(LW_ROLE_DIRECTORY, &fix.clock), LW_OK);
	assert_int_equal(fix_person(fix.admin, "paul", ""), LW_OK);
	assert_int_equal(from_ring(&a), 0); /* it is in the chain already */
	u = fix_uuid("uid=paul," PEOPLE);
	s = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	assert_non_null(s);
	assert_int_equal(fix_delete(s, "uid=admin," PEOPLE), LW_EACCES);
	assert_int_equal(from_ring(&a), 1);
	assert_int_equal(a.event, LW_AUDIT_DELETE);
	assert_int_equal(a.err, LW_EACCES);
	assert_int_equal(a.tenant, fix.acme);
	assert_true(lw_uuid_eq(&a.actor, &u));
	assert_int_equal(fix_person(fix.admin, "paul", ""), LW_EEXIST);
	assert_int_equal(from_ring(&a), 1);
	assert_int_equal(a.event, LW_AUDIT_ADD);
	assert_int_equal(fix_delete(fix.admin, "uid=paul," PEOPLE), LW_OK); /* a session whose subject is gone */
	assert_int_equal(fix_delete(s, "uid=admin," PEOPLE), LW_EREVOKED);
	assert_int_equal(from_ring(&a), 1);
	assert_int_equal(a.err, LW_EREVOKED);
	after = tail(fix.admin, 1000, &lines);
	assert_int_equal(after, n + 2);
	store_session_free(s);
	lw_audit_stop();
}

static void others_read_nothing(void **state)
{
	struct store_audit_report report;
	struct store_audit_place p;
	struct lw_bytes *lines;
	struct lw_session *s;
	struct lw_uuid u;
	size_t n;

	assert_int_equal(fix_person(fix.admin, "carl", ""), LW_OK);
	u = fix_uuid("uid=carl," PEOPLE);
	s = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	assert_int_equal(store_audit_last(s, 5, &p), LW_EACCES);
	memset(&p, 0, sizeof(p));
	assert_int_equal(store_audit_tail(s, arena, &p, 5, &lines, &n), LW_EACCES);
	assert_int_equal(store_audit_verify(s, LW_ROLE_DIRECTORY, &report), LW_EACCES);
	store_session_free(s);
	assert_int_equal(store_session_anonymous(fix.store, fix.acme, &s), LW_OK);
	assert_int_equal(store_audit_tail(s, arena, &p, 5, &lines, &n), LW_EACCES);
	store_session_free(s);
	n = tail(fix.other, 1000, &lines); /* beta's administrator: beta's chains */
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		assert_non_null(memmem(lines[i].p, lines[i].n, "\"tenant\":\"beta.example\"", 23));
}

static void chains_are_merged_by_time_and_paged(void **state)
{
	struct lw_audit a[3] = { { .event = LW_AUDIT_AS, .tenant = fix.acme }, { .event = LW_AUDIT_TOKEN, .tenant = fix.acme },
		{ .event = LW_AUDIT_AS, .tenant = 4711 } };
	struct lw_writer w;
	struct store_audit_place p;
	struct lw_bytes *lines;
	char before[28] = "";
	size_t n, all = 0;

	lw_writer_init(&w, 3 * LW_AUDIT_WIRE_MAX);
	for (int i = 0; i < 3; i++) { /* the third is nobody's: it stands with the system tenant's */
		a[i].time = lw_wall(&fix.clock) + 3 - i;
		audit_run(&w, &a[i]);
	}
	assert_int_equal(store_audit_append(fix.store, LW_ROLE_KDC, (struct lw_bytes){ w.p, w.n - 1 }), LW_EINVAL);
	assert_int_equal(store_audit_append(fix.store, LW_ROLE_KDC, lw_written(&w)), LW_OK);
	assert_int_equal(store_audit_append(fix.store, LW_ROLE_WEB, lw_written(&w)), LW_OK);
	lw_writer_done(&w);
	assert_int_equal(fix_person(fix.admin, "dora", ""), LW_OK);
	assert_int_equal(store_audit_last(fix.admin, 1000, &p), LW_OK);
	for (;; all += n) {
		assert_int_equal(store_audit_tail(fix.admin, arena, &p, 2, &lines, &n), LW_OK);
		if (!n)
			break;
		for (size_t i = 0; i < n; i++) {
			const char *t = memmem(lines[i].p, lines[i].n, "\"time\":\"", 8);

			assert_non_null(memmem(lines[i].p, lines[i].n, "\"tenant\":\"acme.example\"", 23));
			if (!memmem(lines[i].p, lines[i].n, "\"role\":\"kdc\"", 12)) /* within a chain the order is its own */
				continue;
			snprintf(before, sizeof(before), "%.27s", t + 8);
		}
	}
	assert_int_equal(all, tail(fix.admin, 1000, &lines));
	assert_true(before[0]);
}

static void chains_hold_and_say_when_not(void **state)
{
	struct store_audit_head due[8];
	struct store_audit_mark none = { 0 }, mark, wrong = { .seq = 1, .hash = { 1 } };
	struct store_audit_report report;
	char why[64];
	uint64_t place = 0;
	size_t n;

	assert_int_equal(store_audit_verify(fix.admin, LW_ROLE_DIRECTORY, &report), LW_OK);
	assert_int_equal(report.bad, 0);
	assert_true(report.records > 3);
	assert_true(lw_uuid_eq(&report.tenant, &fix.acme_uuid));
	assert_int_equal(store_audit_verify(fix.admin, LW_ROLE_MONITOR, &(struct store_audit_report){ 0 }), LW_ENOTFOUND);
	assert_int_equal(store_audit_due(fix.store, &place, due, 8, &n), LW_OK);
	assert_true(n >= 2 && !place);
	for (size_t i = 0, one; i < n; i++) { /* one after the other, though the first is still due */
		struct store_audit_head h;

		assert_int_equal(store_audit_due(fix.store, &place, &h, 1, &one), LW_OK);
		assert_int_equal(one, 1);
		assert_int_equal(h.tenant, due[i].tenant);
		assert_int_equal(h.role, due[i].role);
	}
	place = 0;
	assert_int_equal(store_audit_extends(fix.store, fix.acme, LW_ROLE_DIRECTORY, &none, &none, 2, &mark, why), LW_OK);
	assert_int_equal(mark.seq, 2);
	assert_int_equal(store_audit_extends(fix.store, fix.acme, LW_ROLE_DIRECTORY, &mark, &none, SIZE_MAX, &mark, why), LW_OK);
	assert_int_equal(mark.seq, report.head.end.seq);
	assert_memory_equal(mark.hash, report.head.end.hash, 32);
	assert_int_equal(store_audit_extends(fix.store, fix.acme, LW_ROLE_DIRECTORY, &wrong, &none, SIZE_MAX, &mark, why), LW_EINTERNAL);
	assert_string_equal(why, "record 1: altered");
	for (size_t i = 0; i < n; i++)
		due[i].maced = due[i].end;
	assert_int_equal(store_audit_mac(fix.store, due, n), LW_OK);
	assert_int_equal(store_audit_due(fix.store, &place, due, 8, &n), LW_OK);
	assert_int_equal(n, 0);
}

static void no_value_gets_in(void **state)
{
	struct lw_bytes *lines;
	size_t n;

	n = tail(fix.admin, 1000, &lines);
	for (size_t i = 0; i < n; i++)
		assert_null(memmem(lines[i].p, lines[i].n, "canary", 6));
	assert_true(n > 5);
}

static int up(void **state)
{
	arena = lw_arena_new(16 << 20, false);
	return arena ? fix_up(state) : -1;
}

static int down(void **state)
{
	lw_arena_free(arena);
	return fix_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_operations_are_recorded),
		cmocka_unit_test(refused_operations_go_through_the_ring),
		cmocka_unit_test(others_read_nothing),
		cmocka_unit_test(chains_are_merged_by_time_and_paged),
		cmocka_unit_test(chains_hold_and_say_when_not),
		cmocka_unit_test(no_value_gets_in),
	};

	return cmocka_run_group_tests(tests, up, down);
}
