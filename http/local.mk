# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES = http/http.h http/api.h http/api.c http/int.h http/auth.c http/conns.c http/json.c http/loop.c http/metrics.c http/problem.c http/route.c http/run.c http/server.c \
	http/target.c
