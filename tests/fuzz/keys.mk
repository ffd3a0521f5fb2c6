# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_keymsg
TESTS += tests/fuzz/replay_keymsg
EXTRA_DIST += tests/fuzz/keymsg.dict tests/fuzz/corpus/keymsg
tests_fuzz_replay_keymsg_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_keymsg.c
tests_fuzz_replay_keymsg_LDADD = libkeys.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_keymsg
tests_fuzz_fuzz_keymsg_SOURCES = tests/fuzz/fuzz_keymsg.c
tests_fuzz_fuzz_keymsg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_keymsg_LDADD = libkeys.a libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_bundle
TESTS += tests/fuzz/replay_bundle
EXTRA_DIST += tests/fuzz/bundle.dict tests/fuzz/corpus/bundle
tests_fuzz_replay_bundle_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_bundle.c
tests_fuzz_replay_bundle_LDADD = libkeys.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_bundle
tests_fuzz_fuzz_bundle_SOURCES = tests/fuzz/fuzz_bundle.c
tests_fuzz_fuzz_bundle_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_bundle_LDADD = libkeys.a libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_csr
TESTS += tests/fuzz/replay_csr
EXTRA_DIST += tests/fuzz/csr.dict tests/fuzz/corpus/csr
tests_fuzz_replay_csr_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_csr.c
tests_fuzz_replay_csr_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_csr
tests_fuzz_fuzz_csr_SOURCES = tests/fuzz/fuzz_csr.c
tests_fuzz_fuzz_csr_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_csr_LDADD = libca.a libkeys.a libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_keytab
TESTS += tests/fuzz/replay_keytab
EXTRA_DIST += tests/fuzz/keytab.dict tests/fuzz/corpus/keytab
tests_fuzz_replay_keytab_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_keytab.c
tests_fuzz_replay_keytab_LDADD = libkeys.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_keytab
tests_fuzz_fuzz_keytab_SOURCES = tests/fuzz/fuzz_keytab.c
tests_fuzz_fuzz_keytab_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_keytab_LDADD = libkeys.a libbase.a $(BASE_LIBS)
endif
