# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_entry
TESTS += tests/fuzz/replay_entry
EXTRA_DIST += tests/fuzz/entry.dict tests/fuzz/corpus/entry
tests_fuzz_replay_entry_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_entry.c
tests_fuzz_replay_entry_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_entry
tests_fuzz_fuzz_entry_SOURCES = tests/fuzz/fuzz_entry.c
tests_fuzz_fuzz_entry_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_entry_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_batch
TESTS += tests/fuzz/replay_batch
EXTRA_DIST += tests/fuzz/batch.dict tests/fuzz/corpus/batch
tests_fuzz_replay_batch_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_batch.c
tests_fuzz_replay_batch_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_batch
tests_fuzz_fuzz_batch_SOURCES = tests/fuzz/fuzz_batch.c
tests_fuzz_fuzz_batch_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_batch_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_audit
TESTS += tests/fuzz/replay_audit
EXTRA_DIST += tests/fuzz/audit.dict tests/fuzz/corpus/audit
tests_fuzz_replay_audit_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_audit.c
tests_fuzz_replay_audit_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(JANSSON_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_audit
tests_fuzz_fuzz_audit_SOURCES = tests/fuzz/fuzz_audit.c
tests_fuzz_fuzz_audit_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_audit_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(JANSSON_LIBS)
endif
