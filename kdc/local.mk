# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkdc.a
libkdc_a_SOURCES = kdc/kdc.h kdc/msg.h kdc/replay.h kdc/int.h kdc/server.c kdc/ops.c kdc/kpasswd.c kdc/accept.c
