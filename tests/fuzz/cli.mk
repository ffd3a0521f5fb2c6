# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_ctl
TESTS += tests/fuzz/replay_ctl
EXTRA_DIST += tests/fuzz/ctl.dict tests/fuzz/corpus/ctl
tests_fuzz_replay_ctl_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ctl.c
tests_fuzz_replay_ctl_LDADD = libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ctl
tests_fuzz_fuzz_ctl_SOURCES = tests/fuzz/fuzz_ctl.c
tests_fuzz_fuzz_ctl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ctl_LDADD = libbase.a $(BASE_LIBS)
endif
