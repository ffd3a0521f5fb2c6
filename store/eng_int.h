/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's own files share. Nobody else includes it. */
#ifndef STORE_ENG_INT_H
#define STORE_ENG_INT_H

#include <lmdb.h>
#include <pthread.h>
#include <string.h>
#include "base/err.h"
#include "store/engine.h"

#define ENG_FORMAT      2
#define ENG_READERS     4096
#define ENG_TXN_ARENA   (128u << 20)
#define ENG_HOOKS       8
#define ENG_LOG_SUM     8    /* octets of SHA-256 behind a log record */
#define ENG_IDEM_KEPT   4096 /* batch ids remembered */
#define ENG_RING        64
#ifdef LW_SANITIZERS
#define ENG_MAP_SIZE ((size_t)64 << 30)
#else
#define ENG_MAP_SIZE ((size_t)1 << 40)
#endif
#define ENG_RESERVE (UINT64_C(64) << 20) /* free disk octets below which writes are refused */

enum eng_table { ENG_META, ENG_TENANT, ENG_TNAME, ENG_ENTRY, ENG_SEALED, ENG_DN, ENG_UUID, ENG_NAME, ENG_EQ, ENG_ORD,
	ENG_SUB, ENG_REF, ENG_GRANT, ENG_LOG, ENG_TOMB, ENG_RECLAIM, ENG_IDEM, ENG_AUDIT, ENG_AUDIT_HEAD, ENG_TABLES };
extern const struct eng_table_row {
	const char *name;
	bool local; /* not part of the replicated state: not compared after a replay */
} eng_table_rows[ENG_TABLES];

struct eng_cur { /* a cursor from the transaction's pool */
	MDB_cursor *c;
	enum eng_table table;
	struct eng_cur *next;
};

struct eng_txn {
	struct store *st;
	MDB_txn *mdb;
	struct lw_arena *arena;
	bool write, in_use;
	uint64_t snapshot;
	uintptr_t touched[ENG_TOUCHED]; /* a ring: see eng_touched */
	unsigned ntouched;
	int64_t now;
	struct eng_cur *idle[ENG_TABLES], *used;
	struct lw_writer w; /* records being built */
	uint64_t *scratch; /* 3 * ENG_LIST_IDS, for lists */
	struct eng_txn *next_all, *next_idle;
};

struct eng_intent {
	eng_resolve *resolve;
	void *ctx;
	int err;
	uint32_t ticket;
	_Atomic bool done;
	struct eng_intent *next;
};

struct eng_writer;

struct store {
	MDB_env *env;
	MDB_dbi dbi[ENG_TABLES];
	const struct lw_clock *clock;
	enum store_open_mode mode;
	uint64_t number;   /* of this opening, never used again in the process */
	uint64_t reserve;
	int lock_fd, fill_fd, dir_fd;
	pthread_mutex_t pool_lock;
	struct eng_txn *all, *idle;
	struct store *next_open;
	void *slot[ENG_SLOT_COUNT];
	void (*slot_free[ENG_SLOT_COUNT])(void *);
	eng_commit_hook *hook[ENG_HOOKS];
	void *hook_ctx[ENG_HOOKS];
	unsigned nhooks;
	struct eng_writer *writer;
	struct eng_txn *wtxn;      /* the writer's, in use under write_lock */
	pthread_mutex_t write_lock;
	struct lw_writer log;      /* the record being built */
	_Atomic uint64_t commits;
	int fail_commit;           /* tests: the next commits fail so */
};

/* ---- eng_env.c, eng_txn.c, eng_rec.c ---- */
int eng_mdb_err(struct store *, int rc, const char *what); /* to LW_E…, logs what is not ordinary */
int eng_key_compare(const MDB_val *, const MDB_val *); /* LMDB's own order (memcmp, then the shorter first), faster */
int eng_get(struct eng_txn *, enum eng_table, struct lw_bytes key, struct lw_bytes *ret);
int eng_put(struct eng_txn *, enum eng_table, struct lw_bytes key, struct lw_bytes value);
int eng_put_new(struct eng_txn *, enum eng_table, struct lw_bytes key, struct lw_bytes value); /* LW_EEXIST */
int eng_del(struct eng_txn *, enum eng_table, struct lw_bytes key); /* LW_ENOTFOUND */
/* A pooled cursor; NULL: err set. Given back by eng_cur_put or by the end of the transaction. */
struct eng_cur *eng_cur_get(struct eng_txn *, enum eng_table, int *ret_err);
void eng_cur_put(struct eng_txn *, struct eng_cur *);
/* First key >= inout_key; LW_ENOTFOUND. op MDB_SET_RANGE, MDB_NEXT, MDB_PREV, MDB_LAST. */
int eng_cur_move(struct eng_txn *, struct eng_cur *, MDB_cursor_op, struct lw_bytes *inout_key, struct lw_bytes *ret);
int eng_cur_del(struct eng_txn *, struct eng_cur *); /* MDB_NEXT is then the one after it */
/* Values of any length, in parts: key and u16 part. */
int eng_blob_get(struct eng_txn *, enum eng_table, struct lw_bytes key, struct lw_bytes *ret);
int eng_blob_put(struct eng_txn *, enum eng_table, struct lw_bytes key, struct lw_bytes value);
int eng_blob_del(struct eng_txn *, enum eng_table, struct lw_bytes key); /* LW_ENOTFOUND */
#define ENG_BLOB_HEAD 2 /* octets in front of part 0: how many parts */
void eng_curs_idle(struct eng_txn *);  /* all cursors back into the pool */
void eng_curs_close(struct eng_txn *);
void eng_store_list(struct store *);   /* known to ending threads from now on */
void eng_store_unlist(struct store *);
int eng_txn_new(struct store *, bool write, struct eng_txn **ret);
void eng_txn_done(struct eng_txn *); /* cursors and arena */
int eng_write_begin(struct store *, struct eng_txn **ret);
int eng_write_commit(struct eng_txn *); /* ends the transaction either way */
void eng_write_abort(struct eng_txn *);
int eng_full(struct store *); /* LW_OK or LW_EFULL */

/* ---- keys ---- */
struct eng_key {
	uint16_t n;
	uint8_t b[ENG_KEY_MAX + 1];
};
void eng_key_start(struct eng_key *, uint32_t tenant);
void eng_key_u8(struct eng_key *, uint8_t);
void eng_key_u16(struct eng_key *, uint16_t);
void eng_key_u64(struct eng_key *, uint64_t);
void eng_key_raw(struct eng_key *, struct lw_bytes);
void eng_key_norm(struct eng_key *, struct lw_bytes norm); /* shortened with a hash when too long */
static inline struct lw_bytes eng_key_bytes(const struct eng_key *k)
{
	return (struct lw_bytes){ k->b, k->n };
}
struct eng_key eng_key_entry(uint32_t tenant, uint64_t id);
struct eng_key eng_key_dn(uint32_t tenant, uint64_t parent, struct lw_bytes norm);
struct eng_key eng_key_uuid(uint32_t tenant, const struct lw_uuid *);
struct eng_key eng_key_name(uint32_t tenant, uint16_t kind, struct lw_bytes norm);
struct eng_key eng_key_ord(uint32_t tenant, uint16_t attr, struct lw_bytes key);
struct eng_key eng_key_ref(uint32_t tenant, uint64_t target, uint16_t attr, uint64_t holder);
struct eng_key eng_key_sealed(uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, uint64_t generation);
struct eng_key eng_key_tenant(uint32_t tenant, uint8_t kind); /* 0 counters, 1 record */
static inline bool eng_has_prefix(struct lw_bytes key, struct lw_bytes prefix)
{
	return key.n >= prefix.n && memcmp(key.p, prefix.p, prefix.n) == 0;
}
static inline void eng_store64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, 8);
}
static inline uint64_t eng_load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

/* ---- eng_list.c: sorted id lists; term is the attribute's normal form or a gram ---- */
int eng_list_add(struct eng_txn *, enum eng_table, uint32_t tenant, uint16_t attr, struct lw_bytes term, uint64_t id);
int eng_list_del(struct eng_txn *, enum eng_table, uint32_t tenant, uint16_t attr, struct lw_bytes term, uint64_t id);
struct eng_list_it {
	struct eng_txn *txn;
	enum eng_table table;
	struct eng_key *prefix;  /* of the chunks; NULL: there are none */
	uint64_t *tail;
	size_t ntail, tpos;
	uint64_t chunked;        /* ids in chunks */
	struct eng_cur *cur;
	uint64_t bound;          /* of the chunk at hand */
	const uint8_t *p, *end;  /* what is left of it */
	uint64_t at;             /* last id decoded from it */
	bool have, done;
	int err;
};
int eng_list_open(struct eng_txn *, enum eng_table, uint32_t tenant, uint16_t attr, struct lw_bytes term,
	struct eng_list_it *ret); /* LW_ENOTFOUND: empty */
bool eng_list_seek(struct eng_list_it *, uint64_t at_least, uint64_t *ret);
/* Decodes a head or chunk; SIZE_MAX when it is malformed or longer than max. */
size_t eng_ids_decode(struct lw_bytes, uint64_t *ret, size_t max);
#define ENG_LIST_HEAD 0
#define ENG_LIST_CHUNK 1
#define ENG_LIST_IDS 2048 /* more than a head or chunk can hold */

/* ---- eng_index.c ---- */
#define ENG_GRAM 3
#define ENG_GRAM_BEGIN 1
#define ENG_GRAM_END 2
struct eng_terms { /* sorted, without doubles */
	struct lw_bytes *v;
	size_t n;
	struct lw_arena *arena;
	size_t cap;
};
int eng_terms_of(struct eng_terms *, const struct schema_attr *, unsigned index_flag, const struct lw_bytes *values,
	size_t n);
/* A value of the attribute went (gone) or came; others: all that stay, over all options. */
int eng_index_change(struct eng_txn *, uint32_t tenant, uint64_t id, uint16_t attr, const struct lw_bytes *gone,
	size_t ngone, const struct lw_bytes *came, size_t ncame, const struct lw_bytes *others, size_t nothers);
struct lw_bytes eng_shorten(struct lw_bytes norm, uint8_t buf[ENG_NORM_MAX]);

/* ---- eng_fx.c ---- */
struct eng_fx {
	struct lw_writer *w;
	struct eng_txn *txn;
	uint64_t version;
	size_t start; /* of its effects in w */
	int err;
	uint32_t new_tenants;
	size_t nnext;
	struct { uint32_t tenant; uint64_t next; } next[8];
};
void eng_batch_start(struct lw_writer *, const struct eng_batch *head); /* nops 0, patched by eng_batch_finish */
void eng_batch_finish(struct lw_writer *, uint32_t nops);
enum eng_audit_what { ENG_AUDIT_RECORDS = 1, ENG_AUDIT_MAC, ENG_AUDIT_TRIM };
struct eng_audit_args {
	enum eng_audit_what what;
	uint8_t role;
	struct lw_bytes records;
	struct store_audit_mark mark;
	int64_t time;
	uint8_t mac[32];
};
struct eng_fx_args { /* a decoded effect */
	struct eng_effect e;
	struct eng_entry head;
	uint8_t change, cls;
	uint16_t attr;
	uint64_t number; /* generation */
	struct eng_tenant tenant;
	struct lw_bytes name, value;
	struct eng_audit_args audit;
	size_t nvalues;
	struct eng_values *values;
};
int eng_fx_decode(const struct eng_effect *, struct lw_arena *, struct eng_fx_args *ret);
bool eng_op_next(struct lw_bytes effects, size_t *pos, struct eng_effect *ret);   /* the effects of one operation */
bool eng_batch_op(const struct eng_batch *, size_t *pos, struct lw_bytes *ret);   /* the operations of a batch */
void eng_tenant_encode(struct lw_writer *, const struct eng_tenant *);
void eng_tenant_parse(struct lw_reader *, struct eng_tenant *ret);
#define ENG_SEQ_OPS 16 /* bits of a version that number the operation in its batch */

/* ---- eng_apply.c ---- */
struct eng_counters {
	uint64_t next_id, authgen, changes;
};
int eng_counters_get(struct eng_txn *, uint32_t tenant, struct eng_counters *ret); /* LW_ENOTFOUND: all zero */
/* The effects of one operation; pure. */
int eng_apply_op(struct eng_txn *, uint64_t version, int64_t time, struct lw_bytes effects);
/* The whole record, with log, idem and applied_seq. */
int eng_apply_batch(struct eng_txn *, struct lw_bytes record);
int eng_log_put(struct eng_txn *, uint64_t seq, struct lw_bytes record);
int eng_apply_log(struct eng_txn *, const struct eng_batch *, struct lw_bytes record);
struct eng_applied {
	uint64_t seq, epoch;
	struct lw_uuid origin;
};
int eng_applied_get(struct eng_txn *, struct eng_applied *ret);

/* ---- eng_audit.c ---- */
void eng_audit_parse(struct lw_reader *, struct eng_audit_args *ret);
int eng_audit_apply(struct eng_txn *, uint32_t tenant, const struct eng_audit_args *);
struct eng_key eng_key_audit(uint32_t tenant, uint8_t role, uint64_t seq);
int eng_audit_row(uint64_t first, struct lw_bytes row, eng_audit_fn *, void *ctx); /* its records; as eng_audit_records */
size_t eng_effect_start(struct eng_fx *, enum eng_fx_kind, uint32_t tenant, uint64_t id);
void eng_effect_end(struct eng_fx *, size_t start);
/* ---- eng_reclaim.c ---- */
int eng_apply_tenant_del(struct eng_txn *, uint32_t tenant, int64_t time);
int eng_apply_reclaim(struct eng_txn *, uint32_t tenant, uint32_t max);
bool eng_reclaimed_table(enum eng_table); /* do its rows go with their tenant? */

/* ---- eng_replay.c ---- */
int eng_hash(struct eng_txn *, uint8_t ret[32]); /* over all tables that are not local */

/* ---- eng_writer.c ---- */
void eng_writer_free(struct store *);

/* ---- eng_entry.c ---- */
unsigned eng_attr_class(size_t body, bool ref); /* the sort class of a record */
void eng_attr_encode(struct lw_writer *, uint16_t id, bool ref, struct lw_bytes desc, const struct lw_bytes *values,
	const uint64_t *refs, size_t n);
void eng_head_encode(struct lw_writer *, const struct eng_entry *head);
struct lw_bytes eng_values_desc(const struct eng_values *);
int eng_entry_verify(const struct eng_entry *); /* everything, to the last octet */

#endif
