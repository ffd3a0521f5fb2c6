/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: tenants, sessions, writes with RFC 4511's results, hidden is absent, no escalation. */
#include "tests/unit/ops_fix.h"

#define PEOPLE "ou=people,dc=acme,dc=example"
#define GROUPS "ou=groups,dc=acme,dc=example"
#define ALICE  "uid=alice," PEOPLE
#define BOB    "uid=bob," PEOPLE

static void tree_of_a_tenant(void **state)
{
	assert_string_equal(fix_search(fix.admin, "dc=acme,dc=example", STORE_ONE, "(objectClass=*)"),
		"ou=applications ou=grants ou=groups ou=hosts ou=people ou=policies ou=services");
	assert_string_equal(fix_read(fix.admin, "uid=admin," PEOPLE, "krbPrincipalName"), "admin@ACME.EXAMPLE");
	assert_string_equal(fix_read(fix.admin, "uid=admin," PEOPLE, "memberOf"), "cn=administrators," GROUPS);
	assert_string_equal(fix_read(fix.admin, "cn=administrators," GROUPS, "member"), "uid=admin," PEOPLE);
	assert_string_equal(fix_read(fix.admin, "dc=acme,dc=example", "o"), "acme.example");
	assert_string_equal(fix_read(fix.admin, "dc=beta,dc=example", "o"), "ENOTFOUND");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tree_of_a_tenant, fix_up, fix_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
