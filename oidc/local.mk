# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboidc.a
# jwt.c runs in keyd; verify.c, which parses JSON, does not.
liboidc_a_SOURCES = oidc/oidc.h oidc/jwt.c oidc/verify.c
