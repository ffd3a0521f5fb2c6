# SPDX-License-Identifier: Apache-2.0
TOKEN_TESTS = tests/unit/test_saml_build tests/unit/test_jwt
SIG_RIG = tests/unit/sig_rig.c tests/unit/sig_rig.h
check_PROGRAMS += $(TOKEN_TESTS)
TESTS += $(TOKEN_TESTS)
tests_unit_test_saml_build_SOURCES = tests/unit/test_saml_build.c $(SIG_RIG)
tests_unit_test_saml_build_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_jwt_SOURCES = tests/unit/test_jwt.c $(SIG_RIG)
tests_unit_test_jwt_LDADD = liboidc.a libsaml.a libhttp.a libbase.a $(LIBEVENT_LIBS) $(JANSSON_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_keyd_token
TESTS += tests/unit/test_keyd_token
tests_unit_test_keyd_token_SOURCES = tests/unit/test_keyd_token.c $(KEYD_FIX)
tests_unit_test_keyd_token_LDADD = libsaml.a liboidc.a libhttp.a libkeys.a libca.a libstore.a libbase.a $(LMDB_LIBS) $(LIBEVENT_LIBS) $(XML_LIBS) \
	$(JANSSON_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
