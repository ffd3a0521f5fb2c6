# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_attack_store
TESTS += tests/unit/test_attack_store
tests_unit_test_attack_store_SOURCES = tests/unit/test_attack_store.c $(OPS_FIX)
tests_unit_test_attack_store_LDADD = $(OPS_LIBS)
