# SPDX-License-Identifier: Apache-2.0
# A fuzzer X is four things: fuzz_X.c, X.dict, corpus/X/ and the lines below. replay_X is always built and fed by
# `make check` with every file of corpus/X (it finds the directory by its own name); fuzz_X is the libFuzzer program:
#   ../configure CC=clang --enable-fuzzers --enable-sanitizers=address,undefined && make
#   tests/fuzz/fuzz_X -dict=SRC/tests/fuzz/X.dict SRC/tests/fuzz/corpus/X
check_PROGRAMS += tests/fuzz/replay_conf
TESTS += tests/fuzz/replay_conf
EXTRA_DIST += tests/fuzz/conf.dict tests/fuzz/corpus/conf
tests_fuzz_replay_conf_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_conf.c
tests_fuzz_replay_conf_LDADD = libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c
tests_fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_conf_LDADD = libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_text
TESTS += tests/fuzz/replay_text
EXTRA_DIST += tests/fuzz/text.dict tests/fuzz/corpus/text
tests_fuzz_replay_text_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_text.c
tests_fuzz_replay_text_LDADD = libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_text
tests_fuzz_fuzz_text_SOURCES = tests/fuzz/fuzz_text.c
tests_fuzz_fuzz_text_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_text_LDADD = libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_cap
TESTS += tests/fuzz/replay_cap
EXTRA_DIST += tests/fuzz/cap.dict tests/fuzz/corpus/cap
tests_fuzz_replay_cap_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_cap.c
tests_fuzz_replay_cap_LDADD = libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_cap
tests_fuzz_fuzz_cap_SOURCES = tests/fuzz/fuzz_cap.c
tests_fuzz_fuzz_cap_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_cap_LDADD = libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_ber
TESTS += tests/fuzz/replay_ber
EXTRA_DIST += tests/fuzz/ber.dict tests/fuzz/corpus/ber
tests_fuzz_replay_ber_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ber.c
tests_fuzz_replay_ber_LDADD = libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ber
tests_fuzz_fuzz_ber_SOURCES = tests/fuzz/fuzz_ber.c
tests_fuzz_fuzz_ber_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ber_LDADD = libbase.a $(BASE_LIBS)
endif
