# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_replay
TESTS += tests/unit/test_replay
tests_unit_test_replay_SOURCES = tests/unit/test_replay.c
tests_unit_test_replay_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)

KDC_TESTS = tests/unit/test_kdc_as tests/unit/test_kdc_tgs tests/unit/test_kdc_wire tests/unit/test_kdc_attack
KDC_RIG = tests/unit/kdc_rig.c tests/unit/kdc_rig.h tests/unit/kdc_client.c tests/unit/kdc_client.h \
	tests/unit/ops_fix.c tests/unit/ops_fix.h tests/unit/tenant_fix.c tests/unit/cheap_hash.c tests/unit/cheap_hash.h tests/unit/tenant_fix.h
KDC_LIBS = libkdc.a libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(KDC_TESTS)
TESTS += $(KDC_TESTS)
tests_unit_test_kdc_as_SOURCES = tests/unit/test_kdc_as.c $(KDC_RIG)
tests_unit_test_kdc_as_LDADD = $(KDC_LIBS)
tests_unit_test_kdc_tgs_SOURCES = tests/unit/test_kdc_tgs.c $(KDC_RIG)
tests_unit_test_kdc_tgs_LDADD = $(KDC_LIBS)
tests_unit_test_kdc_wire_SOURCES = tests/unit/test_kdc_wire.c $(KDC_RIG)
tests_unit_test_kdc_wire_LDADD = $(KDC_LIBS)
tests_unit_test_kdc_attack_SOURCES = tests/unit/test_kdc_attack.c $(KDC_RIG)
tests_unit_test_kdc_attack_LDADD = $(KDC_LIBS)
