# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_kdc_own
TESTS += tests/unit/test_kdc_own
tests_unit_test_kdc_own_SOURCES = tests/unit/test_kdc_own.c tests/unit/ldap_rig.c tests/unit/gss_forge.c
tests_unit_test_kdc_own_LDADD = libkdc.a $(LDAP_TEST_LIBS) $(KRB5_LIBS)
