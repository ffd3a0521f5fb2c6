# SPDX-License-Identifier: Apache-2.0
SAML_TESTS = tests/unit/test_saml_doc tests/unit/test_saml_attack tests/unit/test_saml_weak tests/unit/test_saml_metadata
SAML_IN_LIBS = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(SAML_TESTS)
TESTS += $(SAML_TESTS)
EXTRA_DIST += tests/unit/saml_attacks.py
tests_unit_test_saml_doc_SOURCES = tests/unit/test_saml_doc.c
tests_unit_test_saml_doc_LDADD = $(SAML_IN_LIBS)
tests_unit_test_saml_attack_SOURCES = tests/unit/test_saml_attack.c tests/unit/saml_certs.h tests/unit/sig_rig.c tests/unit/sig_rig.h
tests_unit_test_saml_attack_LDADD = $(SAML_IN_LIBS) $(SECCOMP_LIBS)
# The same table, and these files once more, with checks that can be taken away.
tests_unit_test_saml_weak_SOURCES = tests/unit/test_saml_attack.c saml/doc.c saml/xml.c saml/verify.c saml/fields.c
tests_unit_test_saml_weak_CPPFLAGS = $(AM_CPPFLAGS) -DSAML_WEAK
tests_unit_test_saml_weak_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_saml_metadata_SOURCES = tests/unit/test_saml_metadata.c
tests_unit_test_saml_metadata_LDADD = $(SAML_IN_LIBS)
