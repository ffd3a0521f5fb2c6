# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_ldap_codec
TESTS += tests/unit/test_ldap_codec
EXTRA_DIST += tests/unit/ldap_asm.h
tests_unit_test_ldap_codec_SOURCES = tests/unit/test_ldap_codec.c
tests_unit_test_ldap_codec_LDADD = libldapd.a libstore.a libbase.a $(BASE_LIBS) $(LDAP_LIBS) $(CMOCKA_LIBS)
