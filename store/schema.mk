# SPDX-License-Identifier: Apache-2.0
libstore_a_SOURCES += store/schema.h store/dn.h store/filter.h store/dn.c store/filter.c store/filter_text.c \
	store/schema.c store/schema_cert.c store/schema_int.h store/schema_parse.c store/schema_publish.c \
	store/schema_rules.c store/schema_syntax.c \
	store/schema_defs_core.c store/schema_defs_cosine.c store/schema_defs_inet.c store/schema_defs_krb.c \
	store/schema_defs_lwd.c store/schema_defs_misc.c store/schema_defs_nis.c store/schema_defs_pki.c \
	store/schema_defs_ppolicy.c
