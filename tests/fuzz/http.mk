# SPDX-License-Identifier: Apache-2.0
fuzz_http_libs = libhttp.a libbase.a $(LIBEVENT_LIBS) $(BASE_LIBS) $(JANSSON_LIBS)
check_PROGRAMS += tests/fuzz/replay_httpval
TESTS += tests/fuzz/replay_httpval
EXTRA_DIST += tests/fuzz/httpval.dict tests/fuzz/corpus/httpval
tests_fuzz_replay_httpval_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_httpval.c tests/unit/http_rig.c
tests_fuzz_replay_httpval_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_fuzz_replay_httpval_LDADD = $(fuzz_http_libs)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_httpval
tests_fuzz_fuzz_httpval_SOURCES = tests/fuzz/fuzz_httpval.c tests/unit/http_rig.c
tests_fuzz_fuzz_httpval_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_fuzz_fuzz_httpval_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_httpval_LDADD = $(fuzz_http_libs)
endif
