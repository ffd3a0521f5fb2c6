# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	base/api.c base/api.h \
	base/arena.c base/arena.h \
	base/audit.c base/audit.h \
	base/ber.c base/ber.h \
	base/bytes.c base/bytes.h \
	base/cap.c base/cap.h \
	base/chan.c base/chan.h base/chan_serve.c \
	base/clock.c base/clock.h \
	base/conf.c base/conf.h \
	base/crypto.c base/crypto.h \
	base/ctl.c base/ctl.h \
	base/der.c base/der.h \
	base/enctype.c base/enctype.h \
	base/err.c base/err.h \
	base/krbcrypt.c base/krbcrypt.h \
	base/log.c base/log.h \
	base/opaque.c \
	base/pause.c base/pause.h \
	base/proto.h base/role.h \
	base/sigkey.c base/sigkey.h \
	base/sock.c base/sock.h \
	base/text.c base/text.h \
	base/uuid.c base/uuid.h
if TEST_CLOCK
libbase_a_SOURCES += base/testclock.c
endif
# What a program that links libbase.a needs behind it.
BASE_LIBS = $(OPENSSL_LIBS) $(ARGON2_LIBS) $(IDN_LIBS) $(UTF8PROC_LIBS)
