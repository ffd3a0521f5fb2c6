# SPDX-License-Identifier: Apache-2.0
libstore_a_SOURCES += store/store.h store/issue.h store/verbs.h store/ops.h store/image.h store/guard.h store/attrsel.h store/ahead.h store/ahead.c store/known.c store/who.c \
	store/policy.c store/session.c store/txn.c store/object.c store/attrsel.c store/view.c store/computed.c \
	store/eval.c store/plan.c store/search.c store/compare.c store/image.c store/image_check.c store/guard.c \
	store/write.c store/audit.h store/audit.c store/audit_trim.c store/audit_write.c store/add.c store/modify.c store/delete.c store/secret.c store/ticket.c store/issue.c store/token.c store/record.c store/tenants.c store/tenant_make.c store/tenant_end.c store/trust.c
