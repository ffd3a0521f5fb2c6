# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkdc.a
libkdc_a_SOURCES = \
	kdc/accept.c \
	kdc/ad.c kdc/ad.h \
	kdc/apreq.c \
	kdc/as.c \
	kdc/aside.c kdc/aside.h \
	kdc/error.c \
	kdc/int.h \
	kdc/kdc.h \
	kdc/keys.c \
	kdc/kpasswd.c \
	kdc/msg.c kdc/msg.h kdc/msg_int.h kdc/msg_ap.c kdc/msg_req.c \
	kdc/ops.c \
	kdc/own.c kdc/own.h \
	kdc/princ.c \
	kdc/realm.c \
	kdc/replay.c kdc/replay.h \
	kdc/server.c \
	kdc/spnego.c kdc/spnego.h \
	kdc/tgs.c \
	kdc/ticket.c \
	kdc/wire.c
