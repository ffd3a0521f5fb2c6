# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_samldoc
TESTS += tests/fuzz/replay_samldoc
EXTRA_DIST += tests/fuzz/samldoc.dict tests/fuzz/corpus/samldoc
tests_fuzz_replay_samldoc_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_samldoc.c
tests_fuzz_replay_samldoc_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_samldoc
tests_fuzz_fuzz_samldoc_SOURCES = tests/fuzz/fuzz_samldoc.c
tests_fuzz_fuzz_samldoc_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_samldoc_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_assertion
TESTS += tests/fuzz/replay_assertion
EXTRA_DIST += tests/fuzz/assertion.dict tests/fuzz/corpus/assertion
tests_fuzz_replay_assertion_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_assertion.c
tests_fuzz_replay_assertion_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_assertion
tests_fuzz_fuzz_assertion_SOURCES = tests/fuzz/fuzz_assertion.c
tests_fuzz_fuzz_assertion_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_assertion_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_metadata
TESTS += tests/fuzz/replay_metadata
EXTRA_DIST += tests/fuzz/metadata.dict tests/fuzz/corpus/metadata
tests_fuzz_replay_metadata_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_metadata.c
tests_fuzz_replay_metadata_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_metadata
tests_fuzz_fuzz_metadata_SOURCES = tests/fuzz/fuzz_metadata.c
tests_fuzz_fuzz_metadata_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_metadata_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
endif
