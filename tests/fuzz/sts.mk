# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_soap
TESTS += tests/fuzz/replay_soap
EXTRA_DIST += tests/fuzz/soap.dict tests/fuzz/corpus/soap
tests_fuzz_replay_soap_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_soap.c
tests_fuzz_replay_soap_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_soap
tests_fuzz_fuzz_soap_SOURCES = tests/fuzz/fuzz_soap.c
tests_fuzz_fuzz_soap_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_soap_LDADD = libsaml.a libbase.a $(XML_LIBS) $(BASE_LIBS)
endif
