# SPDX-License-Identifier: Apache-2.0
CA_TESTS = tests/unit/test_ca_request tests/unit/test_ca_leaf tests/unit/test_ca_lint tests/unit/test_ca_status
CA_RIG = tests/unit/ca_rig.c tests/unit/ca_rig.h tests/unit/unit.h
CA_TEST_LIBS = libca.a libkeys.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(CA_TESTS)
TESTS += $(CA_TESTS)
tests_unit_test_ca_request_SOURCES = tests/unit/test_ca_request.c $(CA_RIG)
tests_unit_test_ca_request_LDADD = $(CA_TEST_LIBS)
tests_unit_test_ca_leaf_SOURCES = tests/unit/test_ca_leaf.c $(CA_RIG)
tests_unit_test_ca_leaf_LDADD = $(CA_TEST_LIBS)
tests_unit_test_ca_lint_SOURCES = tests/unit/test_ca_lint.c $(CA_RIG)
tests_unit_test_ca_lint_LDADD = $(CA_TEST_LIBS)
check_PROGRAMS += tests/unit/test_ca_identify
TESTS += tests/unit/test_ca_identify
tests_unit_test_ca_identify_SOURCES = tests/unit/test_ca_identify.c $(CA_RIG)
tests_unit_test_ca_identify_LDADD = $(CA_TEST_LIBS)
tests_unit_test_ca_status_SOURCES = tests/unit/test_ca_status.c $(CA_RIG)
tests_unit_test_ca_status_LDADD = $(CA_TEST_LIBS)

check_PROGRAMS += tests/unit/ca_make
tests_unit_ca_make_SOURCES = tests/unit/ca_make.c
tests_unit_ca_make_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
TESTS += tests/unit/ca_tools.sh
EXTRA_DIST += tests/unit/ca_tools.sh
