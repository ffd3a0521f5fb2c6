# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_schema tests/unit/test_dn tests/unit/test_filter
TESTS += tests/unit/test_schema tests/unit/test_dn tests/unit/test_filter
tests_unit_test_schema_SOURCES = tests/unit/test_schema.c
tests_unit_test_schema_LDADD = libstore.a libbase.a $(CMOCKA_LIBS) $(BASE_LIBS)
tests_unit_test_dn_SOURCES = tests/unit/test_dn.c
tests_unit_test_dn_LDADD = libstore.a libbase.a $(CMOCKA_LIBS) $(BASE_LIBS)
tests_unit_test_filter_SOURCES = tests/unit/test_filter.c
tests_unit_test_filter_LDADD = libstore.a libbase.a $(CMOCKA_LIBS) $(BASE_LIBS)
