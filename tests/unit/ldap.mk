# SPDX-License-Identifier: Apache-2.0
LDAP_TESTS = tests/unit/test_ldap_codec tests/unit/test_ldap_tables tests/unit/test_ldap_conn tests/unit/test_ldap_store \
	tests/unit/test_ldap_credcache tests/unit/test_ldap_sasl
LDAP_TEST_LIBS = libldapd.a libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(LDAP_LIBS) $(GSSAPI_LIBS) $(CMOCKA_LIBS)
LDAP_RIG = tests/unit/ldap_rig.c tests/unit/ldap_rig.h tests/unit/tenant_fix.c tests/unit/cheap_hash.c tests/unit/cheap_hash.h tests/unit/tenant_fix.h
check_PROGRAMS += $(LDAP_TESTS)
TESTS += $(LDAP_TESTS)
EXTRA_DIST += tests/unit/ldap_asm.h tests/unit/gss_forge.h
tests_unit_test_ldap_codec_SOURCES = tests/unit/test_ldap_codec.c
tests_unit_test_ldap_codec_LDADD = $(LDAP_TEST_LIBS)
tests_unit_test_ldap_tables_SOURCES = tests/unit/test_ldap_tables.c
tests_unit_test_ldap_tables_LDADD = $(LDAP_TEST_LIBS)
tests_unit_test_ldap_conn_SOURCES = tests/unit/test_ldap_conn.c $(LDAP_RIG)
tests_unit_test_ldap_conn_LDADD = $(LDAP_TEST_LIBS)
tests_unit_test_ldap_store_SOURCES = tests/unit/test_ldap_store.c $(LDAP_RIG)
tests_unit_test_ldap_store_LDADD = $(LDAP_TEST_LIBS)
tests_unit_test_ldap_credcache_SOURCES = tests/unit/test_ldap_credcache.c
tests_unit_test_ldap_credcache_LDADD = $(LDAP_TEST_LIBS)
tests_unit_test_ldap_sasl_SOURCES = tests/unit/test_ldap_sasl.c $(LDAP_RIG) tests/unit/gss_forge.c
tests_unit_test_ldap_sasl_LDADD = $(LDAP_TEST_LIBS) $(KRB5_LIBS)
check_PROGRAMS += tests/unit/test_ldap_external
TESTS += tests/unit/test_ldap_external
tests_unit_test_ldap_external_SOURCES = tests/unit/test_ldap_external.c $(LDAP_RIG) tests/unit/cert_fix.c tests/unit/cert_fix.h
tests_unit_test_ldap_external_LDADD = $(LDAP_TEST_LIBS)
