/* SPDX-License-Identifier: Apache-2.0 */
/* Audit records as roles hand them on and as they are read: names for ever, one wire form, JSON whatever is in them, and a ring
 * that neither waits nor grows. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "base/audit.h"
#include "base/err.h"

static void names_are_unique_and_kept(void **state)
{
	/* what stands in records of years ago: a row may be added, none changed */
	static const struct { int number; const char *name; } kept[] = { { 1, "audit.lost" }, { 3, "auth.password" }, { 8, "ldap.bind" },
		{ 9, "kerberos.as" }, { 12, "access.denied" }, { 16, "entry.add" }, { 20, "secret.set" }, { 30, "store.change" },
		{ 35, "token.issue" }, { 36, "capability.mint" } };

	for (int e = 1; e < LW_AUDIT_EVENT_COUNT; e++) {
		assert_non_null(lw_audit_event_name((enum lw_audit_event)e));
		for (int o = 1; o < e; o++)
			assert_string_not_equal(lw_audit_event_name((enum lw_audit_event)e), lw_audit_event_name((enum lw_audit_event)o));
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_string_equal(lw_audit_event_name((enum lw_audit_event)kept[i].number), kept[i].name);
	assert_null(lw_audit_event_name(LW_AUDIT_NONE));
	assert_null(lw_audit_event_name(LW_AUDIT_EVENT_COUNT));
	assert_true(LW_ERR_COUNT <= 256); /* one octet */
}

static json_t *text_of(const struct lw_audit *a)
{
	char text[LW_AUDIT_TEXT_MAX + 3] = "{";
	struct lw_writer w;
	json_error_t e;
	json_t *j;

	lw_writer_init(&w, LW_AUDIT_TEXT_MAX);
	lw_audit_text(a, LW_LIT("acme.example"), "kdc", &w);
	assert_int_equal(w.err, LW_OK);
	memcpy(text + 1, w.p, w.n);
	text[w.n + 1] = '}';
	text[w.n + 2] = 0;
	lw_writer_done(&w);
	j = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	if (!j)
		fail_msg("%s: %s", e.text, text);
	return j;
}

static const char *member(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static void a_record_is_json(void **state)
{
	struct lw_audit a = { .event = LW_AUDIT_AS, .protocol = LW_AUDIT_KRB, .err = LW_EAUTH,
		.time = INT64_C(1767225600) * LW_SECOND + 42, .tenant = 2, .target_name = LW_LIT("a\"l\\i\nce\xc3\xa4\xff"),
		.source = LW_LIT("192.0.2.7"), .detail = LW_LIT("\0\x7f") };
	json_t *j;

	a.target.b[15] = 1;
	j = text_of(&a);
	assert_string_equal(member(j, "time"), "2026-01-01T00:00:00.000042Z");
	assert_string_equal(member(j, "tenant"), "acme.example");
	assert_string_equal(member(j, "role"), "kdc");
	assert_string_equal(member(j, "event"), "kerberos.as");
	assert_string_equal(member(j, "outcome"), "refused");
	assert_string_equal(member(j, "code"), "EAUTH");
	assert_string_equal(member(j, "target"), "00000000-0000-0000-0000-000000000001");
	assert_string_equal(member(j, "targetName"), "a\"l\\i?ce\xc3\xa4?");
	assert_string_equal(member(j, "detail"), "??");
	assert_null(member(j, "actor"));
	json_decref(j);
}

static void the_longest_fits(void **state)
{
	uint8_t quotes[1000];
	struct lw_audit a = { .event = LW_AUDIT_TENANT_CREATE, .err = LW_EOBJCLASSMODS, .time = 1 }, b;
	char tenant[254];
	struct lw_writer w;
	struct lw_reader r;

	memset(quotes, '"', sizeof(quotes));
	memset(tenant, 'x', 253);
	tenant[253] = 0;
	memset(&a.actor, 1, sizeof(a.actor));
	memset(&a.target, 1, sizeof(a.target));
	a.actor_name = a.target_name = a.source = a.detail = (struct lw_bytes){ quotes, sizeof(quotes) };
	json_decref(text_of(&a));
	lw_writer_init(&w, LW_AUDIT_WIRE_MAX);
	lw_audit_put(&w, &a);
	assert_int_equal(w.err, LW_OK);
	lw_reader_init(&r, lw_written(&w));
	assert_int_equal(lw_audit_get(&r, &b), LW_OK);
	assert_int_equal(lw_reader_end(&r), LW_OK);
	assert_int_equal(b.detail.n, LW_AUDIT_DETAIL_MAX);
	lw_writer_reset(&w);
	w.max = LW_AUDIT_TEXT_MAX;
	lw_audit_text(&a, lw_str(tenant), "directory", &w);
	assert_int_equal(w.err, LW_OK);
	assert_int_equal(w.p[w.n - 1], '"');
	assert_true(w.n < LW_AUDIT_TEXT_MAX); /* nothing was left out for want of room */
	lw_writer_done(&w);
}

static void a_character_is_not_cut(void **state)
{
	char name[LW_AUDIT_NAME_MAX + 2];
	struct lw_audit a = { .event = LW_AUDIT_AS, .time = 1, .target_name = { (const uint8_t *)name, LW_AUDIT_NAME_MAX + 1 } }, b;
	struct lw_writer w;
	struct lw_reader r;

	memset(name, 'x', sizeof(name));
	memcpy(name + LW_AUDIT_NAME_MAX - 1, "\xc3\xa4", 2);
	lw_writer_init(&w, LW_AUDIT_WIRE_MAX);
	lw_audit_put(&w, &a);
	lw_reader_init(&r, lw_written(&w));
	assert_int_equal(lw_audit_get(&r, &b), LW_OK);
	assert_int_equal(b.target_name.n, LW_AUDIT_NAME_MAX - 1);
	lw_writer_done(&w);
}

/* The octets that docs/audit.md says, by hand: what is hashed. What is no text is so before it is hashed, so that JSON says all of it. */
static void the_kept_form(void **state)
{
	static const uint8_t expect[] = { 0, 49, /* length */
		9, 2, 13, 0, 0, 0, 0, 0, 0, 1, 2, 2, /* event, protocol, error, time, has a target */
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		0, 8, 'a', '?', 0xc3, 0xa4, '?', '?', 'z', '"', 9, '1', '9', '2', '.', '0', '.', '2', '.', '1', 0 };
	struct lw_audit a = { .event = LW_AUDIT_AS, .protocol = LW_AUDIT_KRB, .err = 13, .time = 258, .tenant = 7,
		.target_name = LW_LIT("a\n\xc3\xa4\xff\xc3z\""), .source = LW_LIT("192.0.2.1") }, b;
	struct lw_writer w;

	memset(&a.target, 1, sizeof(a.target));
	lw_writer_init(&w, LW_AUDIT_WIRE_MAX);
	lw_audit_keep(&w, &a);
	assert_int_equal(w.n, sizeof(expect));
	assert_memory_equal(w.p, expect, sizeof(expect));
	assert_int_equal(lw_audit_kept((struct lw_bytes){ w.p + 2, w.n - 2 }, &b), LW_OK);
	assert_true(lw_uuid_eq(&b.target, &a.target) && lw_uuid_zero(&b.actor) && b.time == 258 && b.err == 13);
	assert_int_equal(lw_audit_kept((struct lw_bytes){ w.p + 2, w.n - 3 }, &b), LW_EINVAL);
	lw_put_u8(&w, 0);
	assert_int_equal(lw_audit_kept((struct lw_bytes){ w.p + 2, w.n - 2 }, &b), LW_EINVAL);
	lw_writer_done(&w);
}

static void bad_records_are_refused(void **state)
{
	struct lw_audit a = { .event = LW_AUDIT_AS, .time = 1, .source = LW_LIT("::1") }, b;
	struct lw_writer w;
	struct lw_reader r;
	static const size_t places[] = { 4, 5, 6, 7, 15 }; /* event, protocol, error, time, which UUIDs there are */
	uint8_t bad[LW_AUDIT_WIRE_MAX];

	lw_writer_init(&w, LW_AUDIT_WIRE_MAX);
	lw_audit_put(&w, &a);
	for (size_t n = 0; n < w.n; n++) {
		lw_reader_init(&r, (struct lw_bytes){ w.p, n });
		assert_int_equal(lw_audit_get(&r, &b), LW_EINVAL);
	}
	memcpy(bad, w.p, w.n);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bad[places[i]] = 255;
		lw_reader_init(&r, (struct lw_bytes){ bad, w.n });
		assert_int_equal(lw_audit_get(&r, &b), LW_EINVAL);
		bad[places[i]] = w.p[places[i]];
	}
	lw_writer_done(&w);
}

/* ---- the ring ---- */

static size_t take(char *last_detail, unsigned *ret_lost)
{
	struct lw_audit a;
	struct lw_writer w;
	struct lw_reader r;
	uint64_t upto;
	size_t n = 0;

	*ret_lost = 0;
	lw_writer_init(&w, 2 * LW_AUDIT_RING);
	lw_audit_peek(&w, 2 * LW_AUDIT_RING, &upto);
	lw_reader_init(&r, lw_written(&w));
	while (lw_reader_left(&r)) {
		struct lw_reader one;

		lw_reader_init(&one, lw_get_raw(&r, lw_get_u16(&r)));
		assert_int_equal(lw_audit_get(&one, &a), LW_OK);
		assert_int_equal(lw_reader_end(&one), LW_OK);
		if (a.event == LW_AUDIT_LOST) {
			sscanf((const char *)a.detail.p, "%u", ret_lost);
			continue;
		}
		n++;
		snprintf(last_detail, 64, "%.*s", (int)a.detail.n, (const char *)a.detail.p);
	}
	lw_writer_done(&w);
	lw_audit_done(upto);
	return n;
}

static void put(uint32_t tenant, int err, unsigned number)
{
	char text[32];
	struct lw_audit a = { .event = LW_AUDIT_AS, .tenant = tenant, .err = err };

	snprintf(text, sizeof(text), "%u", number);
	a.detail = lw_str(text);
	lw_audit(&a);
}

static void the_ring_keeps_order_and_tells_what_it_lost(void **state)
{
	struct lw_clock clock = lw_clock_test(INT64_C(1767225600) * LW_SECOND, 1);
	unsigned lost, n = 0;
	char last[64];

	put(1, LW_OK, 1); /* nobody collects yet: nothing happens */
	assert_int_equal(lw_audit_start(LW_ROLE_KDC, &clock), LW_OK);
	assert_int_equal(lw_audit_waiting(), 0);
	for (unsigned round = 0; round < 40; round++) { /* several times around */
		for (unsigned i = 0; i < 2000; i++)
			put(1, LW_OK, n++);
		assert_int_equal(take(last, &lost), 2000);
		assert_int_equal(lost, 0);
		assert_int_equal(atoi(last), n - 1);
	}
	for (unsigned i = 0; i < 400000; i++)
		put(1, LW_OK, i);
	n = (unsigned)take(last, &lost);
	assert_true(n > 10000 && lost > 0);
	assert_int_equal(n + lost, 400000);
	assert_int_equal(lw_audit_waiting(), 0);
	lw_audit_stop();
}

static void a_flood_of_refusals_is_bounded_by_tenant(void **state)
{
	struct lw_clock clock = lw_clock_test(INT64_C(1767225600) * LW_SECOND, 1);
	unsigned lost;
	char last[64];

	assert_int_equal(lw_audit_start(LW_ROLE_KDC, &clock), LW_OK);
	for (unsigned i = 0; i < 100000; i++)
		put(1, LW_EAUTH, i);
	put(2, LW_EAUTH, 7);
	put(1, LW_OK, 8);
	assert_int_equal(take(last, &lost), LW_AUDIT_BURST + 2);
	assert_int_equal(lost, 100000 - LW_AUDIT_BURST);
	clock.test_mono += LW_SECOND;
	for (unsigned i = 0; i < 1000; i++)
		put(1, LW_EAUTH, i);
	assert_int_equal(take(last, &lost), LW_AUDIT_RATE);
	assert_int_equal(lost, 1000 - LW_AUDIT_RATE);
	lw_audit_stop();
}

/* Whatever the tenants' numbers have in common, each has its own; and were they many more than the places, they get no more than those. */
static void a_flood_is_its_own_tenants(void **state)
{
	static const uint32_t others[] = { 0, 2, 65, 129, 1 + 4096, 1 + 2 * 4096 };
	struct lw_clock clock = lw_clock_test(INT64_C(1767225600) * LW_SECOND, 1);
	unsigned lost;
	char last[64];

	assert_int_equal(lw_audit_start(LW_ROLE_KDC, &clock), LW_OK);
	for (unsigned i = 0; i < 10000; i++)
		put(1, LW_EAUTH, i);
	assert_int_equal(take(last, &lost), LW_AUDIT_BURST);
	for (size_t t = 0; t < sizeof(others) / sizeof(others[0]); t++) {
		for (unsigned i = 0; i < 3000; i++)
			put(others[t], LW_EAUTH, i);
		assert_int_equal(take(last, &lost), LW_AUDIT_BURST);
		put(1, LW_EAUTH, 7); /* the first one's is still used up */
		assert_int_equal(take(last, &lost), 0);
		assert_int_equal(lost, 1);
	}
	lw_audit_stop();

	assert_int_equal(lw_audit_start(LW_ROLE_KDC, &clock), LW_OK);
	for (unsigned t = 0, all = 0; t < 40; t++) {
		for (unsigned i = 0; i < 2500; i++)
			put(1 + 4096 * t, LW_EAUTH, i);
		all += (unsigned)take(last, &lost);
		if (t == 15)
			assert_int_equal(all, 16 * LW_AUDIT_BURST);
		assert_true(all <= 16 * LW_AUDIT_BURST);
	}
	lw_audit_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique_and_kept),
		cmocka_unit_test(a_record_is_json),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(a_character_is_not_cut),
		cmocka_unit_test(the_kept_form),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(the_ring_keeps_order_and_tells_what_it_lost),
		cmocka_unit_test(a_flood_of_refusals_is_bounded_by_tenant),
		cmocka_unit_test(a_flood_is_its_own_tenants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
