# SPDX-License-Identifier: Apache-2.0
lwd_test_libs = liblwd.a libbase.a $(LWD_LIBS) $(BASE_LIBS)
check_PROGRAMS += tests/unit/lwd_echod

tests_unit_lwd_echod_SOURCES = tests/unit/lwd_echod.c tests/unit/lwd_echo.c tests/unit/lwd_echo.h tests/unit/lwd_sign.c \
	tests/unit/lwd_sign.h
tests_unit_lwd_echod_LDADD = $(lwd_test_libs)

check_PROGRAMS += tests/unit/test_lwd_tables tests/unit/test_lwd_loop tests/unit/test_lwd_dgram tests/unit/test_lwd_relay
TESTS += tests/unit/test_lwd_tables tests/unit/test_lwd_loop tests/unit/test_lwd_dgram tests/unit/test_lwd_relay
tests_unit_test_lwd_tables_SOURCES = tests/unit/test_lwd_tables.c
tests_unit_test_lwd_tables_LDADD = $(lwd_test_libs) $(CMOCKA_LIBS)
tests_unit_test_lwd_loop_SOURCES = tests/unit/test_lwd_loop.c tests/unit/lwd_echo.c tests/unit/lwd_echo.h tests/unit/lwd_sign.c \
	tests/unit/lwd_sign.h
tests_unit_test_lwd_loop_LDADD = $(lwd_test_libs) $(CMOCKA_LIBS)
tests_unit_test_lwd_dgram_SOURCES = tests/unit/test_lwd_dgram.c tests/unit/lwd_echo.c tests/unit/lwd_echo.h
tests_unit_test_lwd_dgram_LDADD = $(lwd_test_libs) $(CMOCKA_LIBS)
tests_unit_test_lwd_relay_SOURCES = tests/unit/test_lwd_relay.c tests/unit/audit_run.h
tests_unit_test_lwd_relay_LDADD = $(lwd_test_libs) $(CMOCKA_LIBS)

# PROGRAM is found beside it in the build folder, where make check runs.
dist_check_SCRIPTS += tests/unit/lwd_monitor.py
TESTS += tests/unit/lwd_monitor.py

check_PROGRAMS += tests/unit/test_lwd_tls
TESTS += tests/unit/test_lwd_tls
tests_unit_test_lwd_tls_SOURCES = tests/unit/test_lwd_tls.c tests/unit/lwd_sign.c tests/unit/lwd_sign.h
tests_unit_test_lwd_tls_LDADD = $(lwd_test_libs) $(CMOCKA_LIBS)
