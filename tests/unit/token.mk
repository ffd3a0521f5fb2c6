# SPDX-License-Identifier: Apache-2.0
TOKEN_TESTS = tests/unit/test_saml_build
TOKEN_TEST_LIBS = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(TOKEN_TESTS)
TESTS += $(TOKEN_TESTS)
tests_unit_test_saml_build_SOURCES = tests/unit/test_saml_build.c tests/unit/sig_rig.c tests/unit/sig_rig.h
tests_unit_test_saml_build_LDADD = $(TOKEN_TEST_LIBS)
