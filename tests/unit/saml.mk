# SPDX-License-Identifier: Apache-2.0
SAML_IN_LIBS = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_saml_doc
TESTS += tests/unit/test_saml_doc
tests_unit_test_saml_doc_SOURCES = tests/unit/test_saml_doc.c
tests_unit_test_saml_doc_LDADD = $(SAML_IN_LIBS)
