# SPDX-License-Identifier: Apache-2.0
KDCREQ = tests/fuzz/fuzz_kdcreq.c tests/unit/kdc_client.c tests/unit/kdc_client.h tests/unit/tenant_fix.c tests/unit/cheap_hash.c tests/unit/cheap_hash.h tests/unit/tenant_fix.h
KDCREQ_LIBS = libkdc.a libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(GSSAPI_LIBS)
check_PROGRAMS += tests/fuzz/replay_kdcreq
TESTS += tests/fuzz/replay_kdcreq
EXTRA_DIST += tests/fuzz/kdcreq.dict tests/fuzz/corpus/kdcreq
tests_fuzz_replay_kdcreq_SOURCES = tests/fuzz/replay.c $(KDCREQ)
tests_fuzz_replay_kdcreq_LDADD = $(KDCREQ_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_kdcreq
tests_fuzz_fuzz_kdcreq_SOURCES = $(KDCREQ)
tests_fuzz_fuzz_kdcreq_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_kdcreq_LDADD = $(KDCREQ_LIBS)
endif
