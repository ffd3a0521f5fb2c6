# SPDX-License-Identifier: Apache-2.0
ACCESS_TESTS = tests/unit/test_access_text tests/unit/test_access tests/unit/test_access_escalate \
	tests/unit/test_access_random
check_PROGRAMS += $(ACCESS_TESTS)
TESTS += $(ACCESS_TESTS)
ACCESS_TEST_LIBS = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
ACCESS_WORLD = tests/unit/access_world.c tests/unit/access_world.h
ACCESS_FIXTURE = tests/unit/access_fixture.c tests/unit/access_fixture.h $(ACCESS_WORLD)

tests_unit_test_access_text_SOURCES = tests/unit/test_access_text.c $(ACCESS_FIXTURE)
tests_unit_test_access_text_LDADD = $(ACCESS_TEST_LIBS)
tests_unit_test_access_SOURCES = tests/unit/test_access.c $(ACCESS_FIXTURE)
tests_unit_test_access_LDADD = $(ACCESS_TEST_LIBS)
tests_unit_test_access_escalate_SOURCES = tests/unit/test_access_escalate.c $(ACCESS_FIXTURE)
tests_unit_test_access_escalate_LDADD = $(ACCESS_TEST_LIBS)
tests_unit_test_access_random_SOURCES = tests/unit/test_access_random.c tests/unit/access_ref.c $(ACCESS_WORLD)
tests_unit_test_access_random_LDADD = $(ACCESS_TEST_LIBS)
