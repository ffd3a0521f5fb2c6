# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkdc.a
libkdc_a_SOURCES = \
	kdc/accept.c \
	kdc/int.h \
	kdc/kdc.h \
	kdc/kpasswd.c \
	kdc/msg.c kdc/msg.h kdc/msg_int.h kdc/msg_ap.c kdc/msg_req.c \
	kdc/ops.c \
	kdc/replay.c kdc/replay.h \
	kdc/server.c
