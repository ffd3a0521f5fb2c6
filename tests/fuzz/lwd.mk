# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_lwdmsg
TESTS += tests/fuzz/replay_lwdmsg
EXTRA_DIST += tests/fuzz/lwdmsg.dict tests/fuzz/corpus/lwdmsg
tests_fuzz_replay_lwdmsg_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_lwdmsg.c
tests_fuzz_replay_lwdmsg_LDADD = liblwd.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_lwdmsg
tests_fuzz_fuzz_lwdmsg_SOURCES = tests/fuzz/fuzz_lwdmsg.c
tests_fuzz_fuzz_lwdmsg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_lwdmsg_LDADD = liblwd.a libbase.a $(BASE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_relay
TESTS += tests/fuzz/replay_relay
EXTRA_DIST += tests/fuzz/relay.dict tests/fuzz/corpus/relay
tests_fuzz_replay_relay_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_relay.c
tests_fuzz_replay_relay_LDADD = liblwd.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_relay
tests_fuzz_fuzz_relay_SOURCES = tests/fuzz/fuzz_relay.c
tests_fuzz_fuzz_relay_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_relay_LDADD = liblwd.a libbase.a $(BASE_LIBS)
endif
