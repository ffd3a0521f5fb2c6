/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/ctl.h"
#include "base/err.h"

static void request_octets(void **state)
{
	/* by hand: length 35, version 1, "show", tenant "a.b", one pair name=x */
	static const uint8_t want[] = "\x00\x00\x00\x21\x01\x00\x00\x00\x04show\x00\x00\x00\x03"
				      "a.b\x00\x00\x00\x01\x00\x00\x00\x04name\x00\x00\x00\x01x";
	struct ctl_pair pair = { LW_LIT("name"), LW_LIT("x") };
	struct ctl_request req = { LW_LIT("show"), LW_LIT("a.b"), &pair, 1 };
	struct lw_writer w;

	lw_writer_init(&w, 1000);
	ctl_request_put(&w, &req);
	assert_int_equal(w.n, sizeof(want) - 1);
	assert_memory_equal(w.p, want, sizeof(want) - 1);
	lw_writer_done(&w);
}

static void request_limits(void **state)
{
	struct lw_arena *arena = lw_arena_new(1u << 20, false);
	struct ctl_request req = { .npairs = 77 };

	assert_int_equal(ctl_request_get(arena, LW_LIT(""), &req), LW_EINVAL);
	assert_int_equal(ctl_request_get(arena, LW_LIT("\x02"), &req), LW_EINVAL);
	/* a count that the message can't hold */
	assert_int_equal(ctl_request_get(arena, LW_LIT("\x01\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"), &req), LW_ELIMIT);
	/* octets left over */
	assert_int_equal(ctl_request_get(arena, LW_LIT("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00!"), &req), LW_EINVAL);
	assert_int_equal(req.npairs, 77);
	lw_arena_free(arena);
}

static void answers(void **state)
{
	struct lw_arena *arena = lw_arena_new(1u << 20, false);
	struct lw_bytes values[] = { LW_LIT("a"), LW_LIT("b") };
	struct ctl_answer a;
	struct lw_writer w;

	lw_writer_init(&w, 1000);
	size_t at = ctl_item_begin(&w);
	ctl_item_field(&w, "member", CTL_STRING, true, values, 2);
	ctl_item_bool(&w, "disabled", true);
	ctl_item_int(&w, "n", -5);
	ctl_item_end(&w, at);
	size_t item = w.n;
	ctl_end(&w, "not-found", "not there", false);
	assert_int_equal(w.err, 0);
	assert_int_equal(ctl_answer_get(arena, (struct lw_bytes){ w.p + 4, item - 4 }, &a), LW_OK);
	assert_int_equal(a.kind, CTL_ITEM);
	assert_int_equal(a.nfields, 3);
	assert_true(a.fields[0].multi);
	assert_int_equal(a.fields[0].n, 2);
	assert_true(lw_eq(a.fields[0].values[1], LW_LIT("b")));
	assert_true(lw_eq(a.fields[1].values[0], LW_LIT("true")));
	assert_true(lw_eq(a.fields[2].values[0], LW_LIT("-5")));
	assert_int_equal(ctl_answer_get(arena, (struct lw_bytes){ w.p + item + 4, w.n - item - 4 }, &a), LW_OK);
	assert_int_equal(a.kind, CTL_END);
	assert_true(lw_eq(a.code, LW_LIT("not-found")));
	lw_writer_done(&w);
	lw_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(request_octets), cmocka_unit_test(request_limits), cmocka_unit_test(answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
