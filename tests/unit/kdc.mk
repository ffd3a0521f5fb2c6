# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/unit/test_replay
TESTS += tests/unit/test_replay
tests_unit_test_replay_SOURCES = tests/unit/test_replay.c
tests_unit_test_replay_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(CMOCKA_LIBS)
