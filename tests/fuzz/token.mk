# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_samlmsg tests/fuzz/replay_jws
TESTS += tests/fuzz/replay_samlmsg tests/fuzz/replay_jws
EXTRA_DIST += tests/fuzz/samlmsg.dict tests/fuzz/corpus/samlmsg tests/fuzz/jws.dict tests/fuzz/corpus/jws
tests_fuzz_replay_samlmsg_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_samlmsg.c
tests_fuzz_replay_samlmsg_LDADD = libsaml.a libbase.a $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_samlmsg
tests_fuzz_fuzz_samlmsg_SOURCES = tests/fuzz/fuzz_samlmsg.c
tests_fuzz_fuzz_samlmsg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_samlmsg_LDADD = libsaml.a libbase.a $(BASE_LIBS)
endif

tests_fuzz_replay_jws_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_jws.c
tests_fuzz_replay_jws_LDADD = liboidc.a libhttp.a libbase.a $(LIBEVENT_LIBS) $(JANSSON_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_jws
tests_fuzz_fuzz_jws_SOURCES = tests/fuzz/fuzz_jws.c
tests_fuzz_fuzz_jws_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_jws_LDADD = liboidc.a libhttp.a libbase.a $(LIBEVENT_LIBS) $(JANSSON_LIBS) $(BASE_LIBS)
endif
