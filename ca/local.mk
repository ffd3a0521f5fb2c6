# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libca.a
libca_a_SOURCES = ca/ca.h ca/x509.h ca/x509.c ca/csr.c ca/installation.c
