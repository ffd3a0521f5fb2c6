# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_ocspreq
TESTS += tests/fuzz/replay_ocspreq
EXTRA_DIST += tests/fuzz/ocspreq.dict tests/fuzz/corpus/ocspreq
tests_fuzz_replay_ocspreq_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ocspreq.c
tests_fuzz_replay_ocspreq_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ocspreq
tests_fuzz_fuzz_ocspreq_SOURCES = tests/fuzz/fuzz_ocspreq.c
tests_fuzz_fuzz_ocspreq_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ocspreq_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
endif
check_PROGRAMS += tests/fuzz/replay_leaf
TESTS += tests/fuzz/replay_leaf
EXTRA_DIST += tests/fuzz/leaf.dict tests/fuzz/corpus/leaf
tests_fuzz_replay_leaf_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_leaf.c
tests_fuzz_replay_leaf_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_leaf
tests_fuzz_fuzz_leaf_SOURCES = tests/fuzz/fuzz_leaf.c
tests_fuzz_fuzz_leaf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_leaf_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
endif
