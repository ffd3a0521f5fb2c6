# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkdc.a
libkdc_a_SOURCES = kdc/kdc.h kdc/msg.h kdc/replay.h
