# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libca.a
libca_a_SOURCES = ca/ca.h ca/x509.h ca/profiles.h ca/x509.c ca/profiles.c ca/names.c ca/keycheck.c ca/csr.c ca/installation.c \
	ca/tenant.c ca/leaf.c ca/build.c ca/identify.c ca/lint.c ca/crl.c ca/ocsp.c ca/issuing.c
