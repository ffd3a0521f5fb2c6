# SPDX-License-Identifier: Apache-2.0
lwd_test_libs = liblwd.a libbase.a $(LWD_LIBS) $(BASE_LIBS)
check_PROGRAMS += tests/unit/lwd_echod

tests_unit_lwd_echod_SOURCES = tests/unit/lwd_echod.c tests/unit/lwd_echo.c tests/unit/lwd_echo.h tests/unit/lwd_sign.c \
	tests/unit/lwd_sign.h
tests_unit_lwd_echod_LDADD = $(lwd_test_libs)
