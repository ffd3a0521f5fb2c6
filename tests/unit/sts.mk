# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_sts
TESTS += tests/unit/test_sts
tests_unit_test_sts_SOURCES = tests/unit/test_sts.c tests/unit/unit.h
tests_unit_test_sts_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/conform/sts.py tests/conform/sts_client
