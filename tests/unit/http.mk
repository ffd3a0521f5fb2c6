# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_http
TESTS += tests/unit/test_http
tests_unit_test_http_SOURCES = tests/unit/test_http.c tests/unit/http_rig.c tests/unit/http_rig.h tests/unit/lwd_sign.c tests/unit/lwd_sign.h
tests_unit_test_http_LDADD = liblwd.a libhttp.a libbase.a $(LWD_LIBS) $(BASE_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
