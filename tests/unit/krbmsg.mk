# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_der tests/unit/test_krbmsg tests/unit/test_krbmsg_bad
TESTS += tests/unit/test_der tests/unit/test_krbmsg tests/unit/test_krbmsg_bad
tests_unit_test_der_SOURCES = tests/unit/test_der.c
tests_unit_test_der_LDADD = libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_krbmsg_SOURCES = tests/unit/test_krbmsg.c tests/unit/krb_oracle.c tests/unit/krb_oracle.h tests/unit/krb_view.c
tests_unit_test_krbmsg_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(KRB5_LIBS) $(CMOCKA_LIBS)
tests_unit_test_krbmsg_bad_SOURCES = tests/unit/test_krbmsg_bad.c
tests_unit_test_krbmsg_bad_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)
