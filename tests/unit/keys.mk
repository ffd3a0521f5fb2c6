# SPDX-License-Identifier: Apache-2.0
KEYD_FIX = tests/unit/keyd_fix.c tests/unit/keyd_fix.h tests/unit/tenant_fix.c tests/unit/cheap_hash.c tests/unit/cheap_hash.h tests/unit/tenant_fix.h
check_PROGRAMS += tests/unit/test_keys_msg tests/unit/test_keys_pure tests/unit/test_guess tests/unit/test_ca tests/unit/test_keyd tests/unit/test_keyd_krb tests/unit/test_keyd_audit tests/unit/test_keytab
TESTS += tests/unit/test_keys_msg tests/unit/test_keys_pure tests/unit/test_guess tests/unit/test_ca tests/unit/test_keyd tests/unit/test_keyd_krb tests/unit/test_keyd_audit tests/unit/test_keytab

tests_unit_test_keys_msg_SOURCES = tests/unit/test_keys_msg.c
tests_unit_test_keys_msg_LDADD = libkeys.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_keys_pure_SOURCES = tests/unit/test_keys_pure.c
tests_unit_test_keys_pure_LDADD = libkeys.a libbase.a $(BASE_LIBS) $(KRB5_LIBS) $(CMOCKA_LIBS)

tests_unit_test_guess_SOURCES = tests/unit/test_guess.c
tests_unit_test_guess_LDADD = libkeys.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ca_SOURCES = tests/unit/test_ca.c
tests_unit_test_ca_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_keyd_SOURCES = tests/unit/test_keyd.c $(KEYD_FIX)
tests_unit_test_keyd_LDADD = libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)

tests_unit_test_keyd_audit_SOURCES = tests/unit/test_keyd_audit.c tests/unit/audit_run.h $(KEYD_FIX)
tests_unit_test_keyd_audit_LDADD = libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)
tests_unit_test_keyd_krb_SOURCES = tests/unit/test_keyd_krb.c $(KEYD_FIX)
tests_unit_test_keyd_krb_LDADD = libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)

tests_unit_test_keytab_SOURCES = tests/unit/test_keytab.c
tests_unit_test_keytab_LDADD = libkeys.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(KRB5_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_keyd_login
TESTS += tests/unit/test_keyd_login
tests_unit_test_keyd_login_SOURCES = tests/unit/test_keyd_login.c $(KEYD_FIX)
tests_unit_test_keyd_login_LDADD = libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_keyd_cert
TESTS += tests/unit/test_keyd_cert
tests_unit_test_keyd_cert_SOURCES = tests/unit/test_keyd_cert.c $(KEYD_FIX)
tests_unit_test_keyd_cert_LDADD = libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_keyd_master
TESTS += tests/unit/test_keyd_master
tests_unit_test_keyd_master_SOURCES = tests/unit/test_keyd_master.c $(KEYD_FIX) lwd/master.h lwd/master.c
tests_unit_test_keyd_master_LDADD = libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)
