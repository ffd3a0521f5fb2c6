/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the tables: a right, one of its kind, and every error mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ldap/conn.h"

static bool is_right(unsigned right)
{
	return right > ACCESS_NONE && right <= LDAPD_OWN_CONNECTION;
}

static void test_ops(void **state)
{
	static const struct {
		const char *name;
		uint8_t tag, answer;
		unsigned right;
	} want[] = {
		/* RFC 4511 */
		{ "bind", 0x60, 0x61, LDAPD_OWN_CONNECTION },
		{ "unbind", 0x42, 0, LDAPD_OWN_CONNECTION },
		{ "search", 0x63, 0x65, ACCESS_SEARCH },
		{ "modify", 0x66, 0x67, ACCESS_WRITE },
		{ "add", 0x68, 0x69, ACCESS_CREATE },
		{ "delete", 0x4a, 0x6b, ACCESS_DELETE },
		{ "modifyDN", 0x6c, 0x6d, ACCESS_MOVE },
		{ "compare", 0x6e, 0x6f, ACCESS_COMPARE },
		{ "abandon", 0x50, 0, LDAPD_OWN_CONNECTION },
		{ "extended", 0x77, 0x78, LDAPD_OWN_CONNECTION },
	};
	unsigned bits = 0;

	assert_int_equal(ldapd_nops, sizeof want / sizeof *want);
	for (size_t i = 0; i < ldapd_nops; i++) {
		const struct ldapd_op *op = ldapd_op_find(want[i].tag);

		assert_non_null(op);
		assert_string_equal(op->name, want[i].name);
		assert_int_equal(op->answer, want[i].answer);
		assert_int_equal(op->right, want[i].right);
		assert_non_null(op->handler);
		assert_int_equal(bits & op->bit, 0);
		assert_int_equal(op->bit & (op->bit - 1), 0);
		bits |= op->bit;
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(ldapd_ops[k].tag, ldapd_ops[i].tag);
	}
	assert_null(ldapd_op_find(LDAPD_BIND_ANSWER));
}

static void test_extops(void **state)
{
	for (size_t i = 0; i < ldapd_nextops; i++) {
		assert_true(is_right(ldapd_extops[i].right));
		assert_non_null(ldapd_extops[i].handler);
		assert_ptr_equal(ldapd_extop_find(lw_str(ldapd_extops[i].oid)),
		        &ldapd_extops[i]); /* so it is there once */
	}
	assert_int_equal(ldapd_extop_find(LW_LIT("1.3.6.1.4.1.4203.1.11.1"))->right, ACCESS_SET_SECRET);
	assert_null(ldapd_extop_find(LW_LIT("1.3.6.1.4.1.4203.1.11")));
}

static void test_control_rows(void **state)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ldapd_nops; i++)
		bits |= ldapd_ops[i].bit;
	assert_true(ldapd_ncontrol_rows <= 32);
	for (size_t i = 0; i < ldapd_ncontrol_rows; i++) {
		const struct ldapd_control_row *row = &ldapd_control_rows[i];

		assert_true(is_right(row->right));
		assert_true(row->ops != 0 && (row->ops & ~bits) == 0);
		assert_non_null(row->decode);
		assert_ptr_equal(ldapd_control_find(lw_str(row->oid)), row);
	}
	assert_null(ldapd_control_find(LW_LIT("1.2.3")));
}

/* RFC 4511 appendix A.1 and RFC 4512..4532 as far as they add codes */
static void test_errors(void **state)
{
	static const struct {
		int err;
		uint8_t code;
	} want[] = {
		{ LW_ENOTFOUND, 32 },
		{ LW_EEXIST, 68 },
		{ LW_EACCES, 50 },
		{ LW_EAUTH, 49 },
		{ LW_ELOCKED, 49 },
		{ LW_EDISABLED, 49 },
		{ LW_EEXPIRED, 49 },
		{ LW_EREVOKED, 8 },
		{ LW_ECONFIDENTIAL, 13 },
		{ LW_EPWPOLICY, 19 },
		{ LW_EUNWILLING, 53 },
		{ LW_EUNAVAILCRIT, 12 },
		{ LW_ESIZELIMIT, 4 },
		{ LW_EADMINLIMIT, 11 },
		{ LW_EDNSYNTAX, 34 },
		{ LW_EUNDEFATTR, 17 },
		{ LW_EMATCHING, 18 },
		{ LW_ESYNTAX, 21 },
		{ LW_ECONSTRAINT, 19 },
		{ LW_EOBJCLASS, 65 },
		{ LW_EOBJCLASSMODS, 69 },
		{ LW_ENAMING, 64 },
		{ LW_ENOTLEAF, 66 },
		{ LW_ENOTONRDN, 67 },
		{ LW_EVALEXISTS, 20 },
		{ LW_ENOATTR, 16 },
		{ LW_EBUSY, 51 },
		{ LW_EUNAVAIL, 52 },
		{ LW_ETIMEOUT, 52 },
		{ LW_EINVAL, 2 },
		{ LW_ELIMIT, 11 },
		{ LW_EINTERNAL, 80 },
	};

	for (int err = 1; err < LW_ERR_COUNT; err++)
		if (ldapd_code(err) == LDAPD_SUCCESS)
			fail_msg("%s is not mapped", lw_errname(err));
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		assert_int_equal(ldapd_code(want[i].err), want[i].code);
	assert_int_equal(ldapd_code(LW_OK), 0);
	assert_int_equal(ldapd_code(LW_ERR_COUNT), 80);
	assert_int_equal(ldapd_code(-1), 80);
	/* nothing about accounts, keys or disks is told */
	assert_false(ldapd_errmap[LW_EAUTH].tell || ldapd_errmap[LW_ELOCKED].tell ||
	             ldapd_errmap[LW_EACCES].tell || ldapd_errmap[LW_ENOTFOUND].tell ||
	             ldapd_errmap[LW_EIO].tell || ldapd_errmap[LW_EINTERNAL].tell);
}

static void test_rights(void **state)
{
	struct ldapd_conn c = { 0 };

	assert_false(ldapd_has_right(&c, ACCESS_NONE));
	assert_false(ldapd_has_right(&c, ACCESS_SEARCH));
	assert_true(ldapd_has_right(&c, LDAPD_OWN_CONNECTION));
	c.bound = true;
	assert_false(ldapd_has_right(&c, ACCESS_NONE));
	assert_true(ldapd_has_right(&c, ACCESS_SEARCH));
	assert_false(ldapd_has_right(&c, LDAPD_OWN_CONNECTION + 1));
}

static uint8_t controls(unsigned op, const char *oid, const char *value, bool critical, bool anonymous,
        struct ldapd_ctls *ret)
{
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	struct ldapd_control c[2] = {
		{ .oid = lw_str(oid), .critical = critical, .has_value = value, .value = lw_str(value) }
	};
	struct ldapd_msg m = { .controls = c, .ncontrols = 1 };
	uint8_t code = ldapd_controls(a, &m, op, anonymous, ret);

	lw_arena_free(a);
	return code;
}

static void test_controls(void **state)
{
	struct ldapd_ctls ctls;

	assert_int_equal(controls(LDAPD_ON_SEARCH, "1.2.3", NULL, true, false, &ctls), 12);
	assert_int_equal(controls(LDAPD_ON_SEARCH, "1.2.3", NULL, false, false, &ctls), 0);
	/* not for this operation */
	assert_int_equal(controls(LDAPD_ON_ADD, "1.3.6.1.1.13.1", "\x30", true, false, &ctls), 12);
	assert_int_equal(controls(LDAPD_ON_ADD, "1.3.6.1.1.13.1", "\x30", false, false, &ctls), 0);
	assert_false(ctls.pre_read);
	/* not for this subject */
	assert_int_equal(
	        controls(LDAPD_ON_SEARCH, "1.3.6.1.4.1.4203.1.10.1", "\x01\x01\xff", true, true, &ctls), 12);
	assert_int_equal(
	        controls(LDAPD_ON_SEARCH, "1.3.6.1.4.1.4203.1.10.1", "\x01\x01\xff", true, false, &ctls), 0);
	assert_true(ctls.subentries && ctls.subentries_only);
	/* no criticality where there is no answer */
	assert_int_equal(controls(LDAPD_ON_ABANDON, "1.2.3", NULL, true, true, &ctls), 0);
	assert_int_equal(controls(LDAPD_ON_UNBIND, "1.2.3", NULL, true, true, &ctls), 0);
	/* bad values */
	assert_int_equal(controls(LDAPD_ON_SEARCH, "1.2.840.113556.1.4.319", NULL, false, false, &ctls), 2);
	assert_int_equal(controls(LDAPD_ON_SEARCH, "1.2.840.113556.1.4.319", "junk", true, false, &ctls), 2);
	assert_int_equal(controls(LDAPD_ON_SEARCH, "1.2.840.113556.1.4.319", "\x30\x05\x02\x01\x05\x04", true,
	                         false, &ctls),
	        2);
	assert_int_equal(controls(LDAPD_ON_SEARCH, "2.16.840.1.113730.3.4.2", "x", true, false, &ctls), 2);
}

static void test_control_twice(void **state)
{
	struct ldapd_control c[2] = { { .oid = LW_LIT("2.16.840.1.113730.3.4.2") },
		{ .oid = LW_LIT("2.16.840.1.113730.3.4.2") } };
	struct ldapd_msg m = { .controls = c, .ncontrols = 2 };
	struct ldapd_ctls ctls;

	assert_int_equal(ldapd_controls(NULL, &m, LDAPD_ON_SEARCH, false, &ctls), 2);
	m.ncontrols = 1;
	assert_int_equal(ldapd_controls(NULL, &m, LDAPD_ON_SEARCH, false, &ctls), 0);
}

static void test_hash_forms(void **state)
{
	assert_true(ldapd_secret_is_hash(LW_LIT("{SSHA}abc")));
	assert_true(ldapd_secret_is_hash(LW_LIT("{PBKDF2-SHA512}x")));
	assert_false(ldapd_secret_is_hash(LW_LIT("{}x")));
	assert_false(ldapd_secret_is_hash(LW_LIT("{not a scheme}x")));
	assert_false(ldapd_secret_is_hash(LW_LIT("{SSHA")));
	assert_false(ldapd_secret_is_hash(LW_LIT("secret")));
}

static void test_secret_mods(void **state)
{
	struct lw_bytes old = LW_LIT("old"), new_ = LW_LIT("new"), two[2] = { LW_LIT("a"), LW_LIT("b") };
	struct store_mod sn = { STORE_MOD_REPLACE, { LW_LIT("sn"), two, 1 } };
	struct store_mod del = { STORE_MOD_DELETE, { LW_LIT("userPassword"), &old, 1 } };
	struct store_mod del_all = { STORE_MOD_DELETE, { LW_LIT("userPassword"), NULL, 0 } };
	struct store_mod add = { STORE_MOD_ADD, { LW_LIT("userpassword"), &new_, 1 } };
	struct store_mod both = { STORE_MOD_REPLACE, { LW_LIT("2.5.4.35"), two, 2 } };
	const char *why;

#define TRY(err, ...)                                                                                        \
	do {                                                                                                 \
		struct store_mod mods[] = { __VA_ARGS__ };                                                   \
		size_t n = sizeof mods / sizeof *mods;                                                       \
		memset(&s, 0, sizeof s);                                                                     \
		assert_int_equal(ldapd_secret_of_mods(mods, &n, &s, &why), err);                             \
		left = n;                                                                                    \
	} while (0)
	struct ldapd_secret s;
	size_t left;

	TRY(LW_OK, del, sn, add);
	assert_int_equal(left, 1);
	assert_true(s.set && s.has_old && lw_eq(s.old, old) && lw_eq(s.password, new_));
	TRY(LW_OK, del_all, add);
	assert_true(s.set && !s.has_old);
	TRY(LW_OK, sn);
	assert_true(left == 1 && !s.set);
	TRY(LW_EUNWILLING, del);
	TRY(LW_EUNWILLING, del_all);
	TRY(LW_EUNWILLING, add, del);
	TRY(LW_ECONSTRAINT, both);
	TRY(LW_ECONSTRAINT, add, add);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ops),
		cmocka_unit_test(test_extops),
		cmocka_unit_test(test_control_rows),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_control_twice),
		cmocka_unit_test(test_hash_forms),
		cmocka_unit_test(test_secret_mods),
	};

	schema_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
