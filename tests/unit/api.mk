# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_api
TESTS += tests/unit/test_api
tests_unit_test_api_SOURCES = tests/unit/test_api.c $(CONTROL)
tests_unit_test_api_LDADD = libhttp.a libkeys.a libca.a libstore.a libbase.a $(LIBEVENT_LIBS) $(LMDB_LIBS) $(XCRYPT_LIBS) $(BASE_LIBS) \
	$(JANSSON_LIBS) $(CMOCKA_LIBS)
