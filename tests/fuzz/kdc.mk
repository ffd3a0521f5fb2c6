# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_krbmsg tests/fuzz/replay_krbdiff
TESTS += tests/fuzz/replay_krbmsg tests/fuzz/replay_krbdiff
EXTRA_DIST += tests/fuzz/krbmsg.dict tests/fuzz/corpus/krbmsg tests/fuzz/krbdiff.dict tests/fuzz/corpus/krbdiff
tests_fuzz_replay_krbmsg_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_krbmsg.c
tests_fuzz_replay_krbmsg_LDADD = libkdc.a libbase.a $(BASE_LIBS)
tests_fuzz_replay_krbdiff_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_krbdiff.c tests/unit/krb_oracle.c tests/unit/krb_oracle.h \
	tests/unit/krb_view.c
tests_fuzz_replay_krbdiff_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(KRB5_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_krbmsg tests/fuzz/fuzz_krbdiff
tests_fuzz_fuzz_krbmsg_SOURCES = tests/fuzz/fuzz_krbmsg.c
tests_fuzz_fuzz_krbmsg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_krbmsg_LDADD = libkdc.a libbase.a $(BASE_LIBS)
tests_fuzz_fuzz_krbdiff_SOURCES = tests/fuzz/fuzz_krbdiff.c tests/unit/krb_oracle.c tests/unit/krb_oracle.h tests/unit/krb_view.c
tests_fuzz_fuzz_krbdiff_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_krbdiff_LDADD = libkdc.a libbase.a $(BASE_LIBS) $(KRB5_LIBS)
endif
