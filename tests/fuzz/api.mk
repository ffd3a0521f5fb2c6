# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_api
TESTS += tests/fuzz/replay_api
EXTRA_DIST += tests/fuzz/api.dict tests/fuzz/corpus/api
tests_fuzz_replay_api_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_api.c
tests_fuzz_replay_api_LDADD = $(fuzz_http_libs)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_api
tests_fuzz_fuzz_api_SOURCES = tests/fuzz/fuzz_api.c
tests_fuzz_fuzz_api_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_api_LDADD = $(fuzz_http_libs)
endif
