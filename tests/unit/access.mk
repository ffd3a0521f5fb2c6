# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_access tests/unit/test_access_random
TESTS += tests/unit/test_access tests/unit/test_access_random
ACCESS_TEST_LIBS = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_access_SOURCES = tests/unit/test_access.c tests/unit/access_world.c tests/unit/access_world.h
tests_unit_test_access_LDADD = $(ACCESS_TEST_LIBS)
tests_unit_test_access_random_SOURCES = tests/unit/test_access_random.c tests/unit/access_ref.c \
	tests/unit/access_world.c tests/unit/access_world.h
tests_unit_test_access_random_LDADD = $(ACCESS_TEST_LIBS)
