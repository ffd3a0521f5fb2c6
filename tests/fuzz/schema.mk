# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_dn tests/fuzz/replay_filter tests/fuzz/replay_schema
TESTS += tests/fuzz/replay_dn tests/fuzz/replay_filter tests/fuzz/replay_schema
EXTRA_DIST += tests/fuzz/dn.dict tests/fuzz/corpus/dn tests/fuzz/filter.dict tests/fuzz/corpus/filter \
	tests/fuzz/schema.dict tests/fuzz/corpus/schema
tests_fuzz_replay_dn_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_dn.c
tests_fuzz_replay_dn_LDADD = libstore.a libbase.a $(BASE_LIBS)
tests_fuzz_replay_filter_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_filter.c
tests_fuzz_replay_filter_LDADD = libstore.a libbase.a $(BASE_LIBS)
tests_fuzz_replay_schema_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_schema.c
tests_fuzz_replay_schema_LDADD = libstore.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_dn tests/fuzz/fuzz_filter tests/fuzz/fuzz_schema
tests_fuzz_fuzz_dn_SOURCES = tests/fuzz/fuzz_dn.c
tests_fuzz_fuzz_dn_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_dn_LDADD = libstore.a libbase.a $(BASE_LIBS)
tests_fuzz_fuzz_filter_SOURCES = tests/fuzz/fuzz_filter.c
tests_fuzz_fuzz_filter_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_filter_LDADD = libstore.a libbase.a $(BASE_LIBS)
tests_fuzz_fuzz_schema_SOURCES = tests/fuzz/fuzz_schema.c
tests_fuzz_fuzz_schema_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_schema_LDADD = libstore.a libbase.a $(BASE_LIBS)
endif
