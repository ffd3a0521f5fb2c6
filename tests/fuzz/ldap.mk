# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += tests/fuzz/replay_ldapmsg
TESTS += tests/fuzz/replay_ldapmsg
EXTRA_DIST += tests/fuzz/ldapmsg.dict tests/fuzz/corpus/ldapmsg
tests_fuzz_replay_ldapmsg_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ldapmsg.c
tests_fuzz_replay_ldapmsg_LDADD = libldapd.a libstore.a libbase.a $(BASE_LIBS) $(LDAP_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ldapmsg
tests_fuzz_fuzz_ldapmsg_SOURCES = tests/fuzz/fuzz_ldapmsg.c
tests_fuzz_fuzz_ldapmsg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ldapmsg_LDADD = libldapd.a libstore.a libbase.a $(BASE_LIBS) $(LDAP_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_ldapctl
TESTS += tests/fuzz/replay_ldapctl
EXTRA_DIST += tests/fuzz/ldapctl.dict tests/fuzz/corpus/ldapctl
tests_fuzz_replay_ldapctl_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ldapctl.c
tests_fuzz_replay_ldapctl_LDADD = libldapd.a libkeys.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(LDAP_LIBS) $(GSSAPI_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ldapctl
tests_fuzz_fuzz_ldapctl_SOURCES = tests/fuzz/fuzz_ldapctl.c
tests_fuzz_fuzz_ldapctl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ldapctl_LDADD = libldapd.a libkeys.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(LDAP_LIBS) $(GSSAPI_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_sasl
TESTS += tests/fuzz/replay_sasl
EXTRA_DIST += tests/fuzz/sasl.dict tests/fuzz/corpus/sasl
tests_fuzz_replay_sasl_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_sasl.c
tests_fuzz_replay_sasl_LDADD = libldapd.a libbase.a $(BASE_LIBS) $(GSSAPI_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_sasl
tests_fuzz_fuzz_sasl_SOURCES = tests/fuzz/fuzz_sasl.c
tests_fuzz_fuzz_sasl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sasl_LDADD = libldapd.a libbase.a $(BASE_LIBS) $(GSSAPI_LIBS)
endif
