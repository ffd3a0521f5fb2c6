# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_kpasswd
TESTS += tests/fuzz/replay_kpasswd
EXTRA_DIST += tests/fuzz/kpasswd.dict tests/fuzz/corpus/kpasswd
tests_fuzz_replay_kpasswd_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_kpasswd.c
tests_fuzz_replay_kpasswd_LDADD = libkdc.a libkeys.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_kpasswd
tests_fuzz_fuzz_kpasswd_SOURCES = tests/fuzz/fuzz_kpasswd.c
tests_fuzz_fuzz_kpasswd_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_kpasswd_LDADD = libkdc.a libkeys.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
endif
check_PROGRAMS += tests/fuzz/replay_spnego
TESTS += tests/fuzz/replay_spnego
EXTRA_DIST += tests/fuzz/spnego.dict tests/fuzz/corpus/spnego
tests_fuzz_replay_spnego_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_spnego.c
tests_fuzz_replay_spnego_LDADD = libkdc.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_spnego
tests_fuzz_fuzz_spnego_SOURCES = tests/fuzz/fuzz_spnego.c
tests_fuzz_fuzz_spnego_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_spnego_LDADD = libkdc.a libbase.a $(BASE_LIBS)
endif
