# SPDX-License-Identifier: Apache-2.0
OPS_TESTS = tests/unit/test_ops tests/unit/test_ops_search tests/unit/test_ops_issue tests/unit/test_ops_token tests/unit/test_ticket
OPS_FIX = tests/unit/ops_fix.c tests/unit/ops_fix.h
OPS_LIBS = libstore.a libbase.a $(LMDB_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(OPS_TESTS)
TESTS += $(OPS_TESTS)
tests_unit_test_ops_SOURCES = tests/unit/test_ops.c $(OPS_FIX)
tests_unit_test_ops_LDADD = $(OPS_LIBS)
tests_unit_test_ops_search_SOURCES = tests/unit/test_ops_search.c $(OPS_FIX)
tests_unit_test_ops_search_LDADD = $(OPS_LIBS)
ISSUE_FIX = tests/unit/issue_fix.c tests/unit/issue_fix.h $(OPS_FIX)
tests_unit_test_ops_issue_SOURCES = tests/unit/test_ops_issue.c $(ISSUE_FIX)
tests_unit_test_ops_issue_LDADD = $(OPS_LIBS)
tests_unit_test_ops_token_SOURCES = tests/unit/test_ops_token.c $(ISSUE_FIX)
tests_unit_test_ops_token_LDADD = $(OPS_LIBS)
tests_unit_test_ticket_SOURCES = tests/unit/test_ticket.c $(OPS_FIX)
tests_unit_test_ticket_LDADD = $(OPS_LIBS)
