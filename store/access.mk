# SPDX-License-Identifier: Apache-2.0
libstore_a_SOURCES += store/access.h store/access_ast.h store/access_rule.h store/access_roles.h \
	store/access_words.c store/access_parse.c store/access_compile.c store/access_decide.c store/access_escalate.c \
	store/access_roles.c store/access_defaults.c
EXTRA_DIST += docs/access.md
