# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_grant
TESTS += tests/fuzz/replay_grant
EXTRA_DIST += tests/fuzz/grant.dict tests/fuzz/corpus/grant
tests_fuzz_replay_grant_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_grant.c
tests_fuzz_replay_grant_LDADD = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_grant
tests_fuzz_fuzz_grant_SOURCES = tests/fuzz/fuzz_grant.c
tests_fuzz_fuzz_grant_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_grant_LDADD = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_rule
TESTS += tests/fuzz/replay_rule
EXTRA_DIST += tests/fuzz/rule.dict tests/fuzz/corpus/rule
tests_fuzz_replay_rule_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_rule.c
tests_fuzz_replay_rule_LDADD = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_rule
tests_fuzz_fuzz_rule_SOURCES = tests/fuzz/fuzz_rule.c
tests_fuzz_fuzz_rule_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_rule_LDADD = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS)
endif
