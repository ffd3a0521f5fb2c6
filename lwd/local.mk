# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liblwd.a
liblwd_a_SOURCES = \
	lwd/config.c lwd/config.h
