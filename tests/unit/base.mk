# SPDX-License-Identifier: Apache-2.0
BASE_TESTS = tests/unit/test_bytes tests/unit/test_text tests/unit/test_time tests/unit/test_conf tests/unit/test_log \
	tests/unit/test_crypto tests/unit/test_audit tests/unit/test_enctype tests/unit/test_krbcrypt tests/unit/test_chan tests/unit/test_sock
BASE_TEST_LIBS = libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
tests_unit_test_bytes_SOURCES = tests/unit/test_bytes.c tests/unit/unit.h
tests_unit_test_bytes_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_time_SOURCES = tests/unit/test_time.c
tests_unit_test_time_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_conf_SOURCES = tests/unit/test_conf.c
tests_unit_test_conf_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(BASE_TEST_LIBS) $(JANSSON_LIBS)
tests_unit_test_audit_SOURCES = tests/unit/test_audit.c tests/unit/unit.h
tests_unit_test_audit_LDADD = $(BASE_TEST_LIBS) $(JANSSON_LIBS)
tests_unit_test_crypto_SOURCES = tests/unit/test_crypto.c
tests_unit_test_crypto_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_enctype_SOURCES = tests/unit/test_enctype.c
tests_unit_test_enctype_LDADD = $(BASE_TEST_LIBS) $(KRB5_LIBS)
tests_unit_test_krbcrypt_SOURCES = tests/unit/test_krbcrypt.c
tests_unit_test_krbcrypt_LDADD = $(BASE_TEST_LIBS) $(KRB5_LIBS)
tests_unit_test_chan_SOURCES = tests/unit/test_chan.c
tests_unit_test_chan_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_sock_SOURCES = tests/unit/test_sock.c
tests_unit_test_sock_LDADD = $(BASE_TEST_LIBS)
