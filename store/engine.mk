# SPDX-License-Identifier: Apache-2.0
libstore_a_SOURCES += store/engine.h store/eng_int.h store/eng_env.c store/eng_txn.c store/eng_rec.c store/eng_key.c store/eng_entry.c store/eng_list.c \
	store/eng_ids.c store/eng_read.c store/eng_index.c store/eng_fx.c store/eng_apply.c store/eng_writer.c \
	store/eng_tenant.c store/eng_audit.c store/eng_check.c store/eng_replay.c store/eng_reclaim.c
