# SPDX-License-Identifier: Apache-2.0
ENGINE_TEST_LIBS = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_engine_codec tests/unit/test_engine_list tests/unit/test_engine_apply \
	tests/unit/test_engine_writer tests/unit/test_engine_audit
TESTS += tests/unit/test_engine_codec tests/unit/test_engine_list tests/unit/test_engine_apply \
	tests/unit/test_engine_writer tests/unit/test_engine_audit
tests_unit_test_engine_codec_SOURCES = tests/unit/test_engine_codec.c tests/unit/engine_util.h
tests_unit_test_engine_codec_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_engine_list_SOURCES = tests/unit/test_engine_list.c tests/unit/engine_util.h
tests_unit_test_engine_list_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_engine_apply_SOURCES = tests/unit/test_engine_apply.c tests/unit/engine_util.h
tests_unit_test_engine_apply_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_engine_writer_SOURCES = tests/unit/test_engine_writer.c tests/unit/engine_util.h
tests_unit_test_engine_writer_LDADD = $(ENGINE_TEST_LIBS)
tests_unit_test_engine_audit_SOURCES = tests/unit/test_engine_audit.c tests/unit/engine_util.h
tests_unit_test_engine_audit_LDADD = $(ENGINE_TEST_LIBS)
EXTRA_PROGRAMS += tests/bench/storebench
tests_bench_storebench_SOURCES = tests/bench/storebench.c
tests_bench_storebench_LDADD = libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS)
