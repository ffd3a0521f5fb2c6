# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboidc.a
# jwt.c and issue.c run in keyd; verify.c, which parses JSON, does not.
liboidc_a_SOURCES = oidc/oidc.h oidc/issue.h oidc/jwt.c oidc/issue.c oidc/verify.c
