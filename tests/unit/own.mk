# SPDX-License-Identifier: Apache-2.0
OWN_FIX = tests/unit/own_fix.c tests/unit/own_fix.h $(LDAP_RIG) tests/unit/gss_forge.c
check_PROGRAMS += tests/unit/test_kdc_own
TESTS += tests/unit/test_kdc_own
tests_unit_test_kdc_own_SOURCES = tests/unit/test_kdc_own.c $(OWN_FIX)
tests_unit_test_kdc_own_LDADD = libkdc.a $(LDAP_TEST_LIBS) $(KRB5_LIBS)
check_PROGRAMS += tests/unit/test_kpasswd
TESTS += tests/unit/test_kpasswd
tests_unit_test_kpasswd_SOURCES = tests/unit/test_kpasswd.c $(OWN_FIX)
tests_unit_test_kpasswd_LDADD = libkdc.a $(LDAP_TEST_LIBS) $(KRB5_LIBS)
check_PROGRAMS += tests/unit/test_spnego
TESTS += tests/unit/test_spnego
tests_unit_test_spnego_SOURCES = tests/unit/test_spnego.c
tests_unit_test_spnego_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)
