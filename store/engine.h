/* SPDX-License-Identifier: Apache-2.0 */
/* The storage engine: the only code that touches LMDB. Entries, indexes, the change log, the single writer.
 * It knows no access rules: only store/ includes this header, and what it yields passes the access filter before it
 * leaves store/. The layout is described in docs/storage-format.md.
 *
 * Reading: eng_begin … eng_end; the bytes that reads yield live in the map or in the transaction's arena and are gone
 * after eng_end. Writing: eng_submit with a resolve function, which the writer calls inside its write transaction; it
 * reads with the same functions (and sees what earlier operations of the batch did), and puts down effects. */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "base/uuid.h"
#include "store/audit.h"
#include "store/store.h"

#define ENG_KEY_MAX    511  /* octets of a key */
#define ENG_NORM_MAX   400  /* octets of a normalised value in a key; longer: a prefix and SHA-256 */
#define ENG_VALUE_MAX  1900 /* octets of a stored value; longer ones are kept in parts */
#define ENG_ENTRY_MAX  (16u << 20)
#define ENG_BATCH_OPS  64
#define ENG_BATCH_MAX  (64u << 20) /* octets of a log record */
#define ENG_QUEUE_MAX  4096 /* intents waiting; past it LW_EBUSY */

/* ---- the environment (struct store is the engine's own) ---- */

const struct lw_clock *eng_clock(const struct store *);
/* One pointer for each other part of store/ (caches and such); freed by store_close after the writer has stopped. */
enum eng_slot { ENG_SLOT_OPS, ENG_SLOT_TICKET, ENG_SLOT_SEARCH, ENG_SLOT_COUNT };
void *eng_slot(struct store *, enum eng_slot);
void eng_slot_set(struct store *, enum eng_slot, void *, void (*free_fn)(void *));
/* Like store_open with a map of that size and a reserve of free disk octets (tests of the full store). */
int eng_open(const char *dir, enum store_open_mode, const struct lw_clock *, size_t map_size, uint64_t reserve,
	struct store **ret, char err[256]);

/* ---- transactions ---- */

struct eng_txn;
/* A snapshot; cheap (kept by the thread). A thread may hold several. */
int eng_begin(struct store *, struct eng_txn **ret);
void eng_end(struct eng_txn *); /* NULL is fine */
void eng_unshare(void); /* what this thread reads next is not older than now */
struct lw_arena *eng_arena(struct eng_txn *); /* lives until eng_end (in the writer: until resolve returns) */
struct store *eng_store(struct eng_txn *);
uint64_t eng_snapshot(const struct eng_txn *); /* readers with equal numbers see the same; costs nothing */
bool eng_writing(const struct eng_txn *);      /* inside resolve? */
#define ENG_TOUCHED 2
/* The addresses of the values that its last look-ups found, for store/ahead.h; zeros if there were fewer. */
void eng_touched(const struct eng_txn *, uintptr_t ret[ENG_TOUCHED]);
uint64_t eng_applied_seq(struct eng_txn *);
int64_t eng_now(const struct eng_txn *); /* writer: the batch's time, the same in the log; reader: the wall clock */

/* ---- tenants ---- */

enum eng_tenant_flag { ENG_TENANT_DISABLED = 1, ENG_TENANT_SYSTEM = 2, ENG_TENANT_DELETED = 4 };
struct eng_tenant {
	uint32_t id;
	struct lw_uuid uuid;
	uint32_t flags;             /* enum eng_tenant_flag */
	int64_t created;
	struct lw_bytes name, realm; /* canonical */
	struct lw_bytes keys;        /* wrapped keys, opaque */
};
/* LW_ENOTFOUND. A deleted tenant is not found by name. */
int eng_tenant(struct eng_txn *, uint32_t tenant, struct eng_tenant *ret);
int eng_tenant_find(struct eng_txn *, struct lw_bytes canonical_name, uint32_t *ret);
/* The first tenant with a number >= from. */
int eng_tenant_next(struct eng_txn *, uint32_t from, struct eng_tenant *ret);
/* Bumped by every write that can change a decision (eng_fx_authgen). 0 when the tenant is not there. */
uint64_t eng_authgen(struct eng_txn *, uint32_t tenant);
/* Bumped by every write to the tenant: cheap to compare for caches. */
uint64_t eng_changes(struct eng_txn *, uint32_t tenant);

/* What is left of a deleted tenant: until its row is gone the name is taken. */
struct eng_reclaim {
	uint32_t tenant;
	unsigned stage;
	uint64_t removed; /* rows */
	uint64_t seq;     /* the log is looked through up to here */
};
int eng_reclaim(struct eng_txn *, uint32_t tenant, struct eng_reclaim *ret); /* LW_ENOTFOUND: alive, or all gone */
int eng_reclaim_next(struct eng_txn *, uint32_t from, struct eng_reclaim *ret); /* the first with a number >= from */

/* ---- entries ---- */

struct eng_entry {
	uint32_t tenant;
	uint64_t id, parent;      /* the suffix entry has id 1 and parent 0 */
	uint64_t version;         /* change number of its last change; also unique over all entries */
	struct lw_uuid uuid;
	uint16_t structural;      /* schema id of the structural class */
	uint32_t flags;           /* the caller's */
	struct lw_bytes rdn_text, rdn_norm;
	struct lw_bytes attrs;    /* records, read by eng_attr_next */
};
struct eng_attr {
	uint16_t id;              /* schema id of the type */
	bool ref;                 /* SCHEMA_REF: values are entry ids */
	bool options;             /* desc carries options */
	struct lw_bytes desc;     /* as it goes out: "cn", "cn;lang-de" */
	struct lw_bytes ber;      /* the whole RFC 4511 PartialAttribute; empty when ref */
	struct lw_bytes values;   /* contents of its SET; when ref: packed ids, see eng_ref_at */
	size_t nrefs;             /* when ref */
};
/* LW_ENOTFOUND; LW_EIO for a record that does not decode. */
int eng_entry(struct eng_txn *, uint32_t tenant, uint64_t id, struct eng_entry *ret);
/* Parent and version only: for walking up. */
int eng_entry_parent(struct eng_txn *, uint32_t tenant, uint64_t id, uint64_t *ret_parent);
/* At or below base? (walks up; base 1 is always true) */
bool eng_entry_under(struct eng_txn *, uint32_t tenant, uint64_t id, uint64_t base);
bool eng_has_children(struct eng_txn *, uint32_t tenant, uint64_t id);

/* Start with *pos = 0; false at the end. Small attributes come first by id, then large ones, then refs. */
bool eng_attr_next(const struct eng_entry *, size_t *pos, struct eng_attr *ret);
/* Only which attribute stands at pos, and where the next one is. */
bool eng_attr_peek(const struct eng_entry *, size_t pos, uint16_t *ret_id, size_t *ret_next);
/* The same for one type only, with all options. */
bool eng_attr_next_of(const struct eng_entry *, uint16_t id, size_t *pos, struct eng_attr *ret);
/* The attribute without options. */
bool eng_attr_find(const struct eng_entry *, uint16_t id, struct eng_attr *ret);
/* Values of a non-ref attribute: start with *pos = 0. */
bool eng_value_next(const struct eng_attr *, size_t *pos, struct lw_bytes *ret);
bool eng_value_first(const struct eng_attr *, struct lw_bytes *ret);
uint64_t eng_ref_at(const struct eng_attr *, size_t i);

/* A record for stored octets (decodes one in memory; what fuzz_entry feeds). LW_EINVAL. */
int eng_entry_decode(struct lw_bytes record, struct eng_entry *ret);
/* One attribute with its values, as the caller gives it. refs (and values NULL) for SCHEMA_REF types. */
struct eng_values {
	uint16_t attr;
	struct lw_bytes desc; /* canonical name and options; empty: the schema's names[0] */
	const struct lw_bytes *values;
	const uint64_t *refs;
	size_t n;
};
void eng_entry_encode(struct lw_writer *, const struct eng_entry *head /* attrs unused */, const struct eng_values *, size_t n);

/* ---- look-ups: LW_OK or LW_ENOTFOUND (or LW_EIO …) ---- */

int eng_child(struct eng_txn *, uint32_t tenant, uint64_t parent, struct lw_bytes rdn_norm, uint64_t *ret_id);
int eng_by_uuid(struct eng_txn *, uint32_t tenant, const struct lw_uuid *, uint64_t *ret_id);
int eng_by_name(struct eng_txn *, uint32_t tenant, uint16_t kind, struct lw_bytes norm, uint64_t *ret_id);
bool eng_is_tomb(struct eng_txn *, uint32_t tenant, const struct lw_uuid *);
/* Children one by one, in the order of their RDNs. *inout_key is the cursor: empty to start; owned by the caller's
 * arena (a quantum may end between calls). LW_ENOTFOUND at the end. */
int eng_child_next(struct eng_txn *, uint32_t tenant, uint64_t parent, struct lw_arena *, struct lw_bytes *inout_key,
	uint64_t *ret_id);
/* Is holder's attribute attr a reference to target? */
bool eng_is_ref(struct eng_txn *, uint32_t tenant, uint64_t target, uint16_t attr, uint64_t holder);
/* Sealed secrets: the newest generation. ret in the arena. */
int eng_sealed(struct eng_txn *, uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, struct lw_bytes *ret,
	uint64_t *ret_generation);
/* Every sealed record of an entry: *pos = 0 to start; LW_ENOTFOUND at the end. */
struct eng_sealed_key { uint16_t attr; uint8_t cls; uint64_t generation; };
int eng_sealed_next(struct eng_txn *, uint32_t tenant, uint64_t id, struct eng_sealed_key *inout /* zero to start */,
	struct lw_bytes *ret);
/* Compiled grants of a tenant: the first with id >= from. */
int eng_grant_next(struct eng_txn *, uint32_t tenant, uint64_t from, uint64_t *ret_id, struct lw_bytes *ret);
int eng_meta(struct eng_txn *, const char *name, struct lw_bytes *ret);

/* ---- sorted id sets: candidates, to be re-checked on the entry ---- */

/* Lives in the transaction's arena; gone with it. A later quantum makes it anew and seeks past the last id. */
struct eng_ids;
/* NULL (with LW_OK): no index can say; take another way. Each also fails with LW_EIO, LW_ENOMEM. */
int eng_ids_eq(struct eng_txn *, uint32_t tenant, uint16_t attr, struct lw_bytes norm, struct eng_ids **ret);
/* One substring piece in its normal form. NULL when it is too short to say anything. */
int eng_ids_sub(struct eng_txn *, uint32_t tenant, uint16_t attr, enum schema_piece, struct lw_bytes norm,
	struct eng_ids **ret);
/* lo <= ordering key <= hi; an empty bound is open. NULL when there are more than max. */
int eng_ids_ord(struct eng_txn *, uint32_t tenant, uint16_t attr, struct lw_bytes lo, struct lw_bytes hi, size_t max,
	struct eng_ids **ret);
/* The first max with an ordering key <= hi; what comes after them in that order is left out. */
int eng_ids_ord_first(struct eng_txn *, uint32_t tenant, uint16_t attr, struct lw_bytes hi, size_t max, struct eng_ids **ret);
/* Who refers to target (attr 0: by any attribute). */
int eng_ids_refs(struct eng_txn *, uint32_t tenant, uint64_t target, uint16_t attr, struct eng_ids **ret);
/* Who refers to target, with the attribute: for all refs, *inout_attr = *inout_holder = 0 to start. LW_ENOTFOUND. */
int eng_ref_next(struct eng_txn *, uint32_t tenant, uint64_t target, uint16_t *inout_attr, uint64_t *inout_holder);
int eng_ids_all(struct eng_txn *, uint32_t tenant, struct eng_ids **ret); /* every entry */
int eng_ids_list(struct eng_txn *, const uint64_t *ids, size_t n, struct eng_ids **ret); /* any order; copied */
/* Sets of sets; the members belong to the result. n = 0: the empty set. */
int eng_ids_and(struct eng_txn *, struct eng_ids *const *, size_t n, struct eng_ids **ret);
int eng_ids_or(struct eng_txn *, struct eng_ids *const *, size_t n, struct eng_ids **ret);
/* The first id >= at_least. false: none, or an error (eng_ids_err). at_least must not go backwards. */
bool eng_ids_seek(struct eng_ids *, uint64_t at_least, uint64_t *ret_id);
int eng_ids_err(const struct eng_ids *);
uint64_t eng_ids_estimate(const struct eng_ids *); /* an upper bound, mostly exact */

/* ---- effects: what resolve puts down. Sticky: eng_fx_err is looked at by the writer ---- */

struct eng_fx;
/* Numbers, decided now: the next entry id of a tenant, the next tenant. A tenant made in this operation starts at 1. */
uint64_t eng_fx_new_id(struct eng_fx *, uint32_t tenant);
uint32_t eng_fx_new_tenant(struct eng_fx *);
uint64_t eng_fx_version(const struct eng_fx *); /* what this operation's entries will carry as version */
int eng_fx_err(const struct eng_fx *);

/* The resolver has checked that parent, DN, UUID, unique names and refs are as they should be: apply doesn't fail on
 * them (a contradiction fails the whole batch with LW_EINTERNAL). Indexes follow from the schema's flags. */
void eng_fx_entry_new(struct eng_fx *, const struct eng_entry *head /* tenant id parent uuid structural flags rdn */,
	const struct eng_values *, size_t n);
enum eng_change { ENG_ADD_VALUES, ENG_DELETE_VALUES /* octets as stored */, ENG_REPLACE /* n = 0: remove */ };
void eng_fx_attr(struct eng_fx *, uint32_t tenant, uint64_t id, enum eng_change, const struct eng_values *);
void eng_fx_head(struct eng_fx *, uint32_t tenant, uint64_t id, uint16_t structural, uint32_t flags);
void eng_fx_move(struct eng_fx *, uint32_t tenant, uint64_t id, uint64_t new_parent, struct lw_bytes rdn_text,
	struct lw_bytes rdn_norm);
/* Also its index records, secrets and grant, and its value in every attribute that refers to it; leaves a tombstone. */
void eng_fx_entry_del(struct eng_fx *, uint32_t tenant, uint64_t id);
void eng_fx_sealed_put(struct eng_fx *, uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, uint64_t generation,
	struct lw_bytes sealed);
#define ENG_ALL_GENERATIONS UINT64_MAX
void eng_fx_sealed_del(struct eng_fx *, uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, uint64_t generation);
void eng_fx_tenant_put(struct eng_fx *, const struct eng_tenant *); /* makes or changes; the name never changes */
/* The tenant is dead from here on: no keys, a tombstone (of tenant 0), its rows and its name are left to eng_fx_reclaim. */
void eng_fx_tenant_del(struct eng_fx *, uint32_t tenant);
/* At most max of its rows go; with the last of them its name. Only for one that eng_reclaim_next says. */
void eng_fx_reclaim(struct eng_fx *, uint32_t tenant, uint32_t max);
void eng_fx_authgen(struct eng_fx *, uint32_t tenant);
void eng_fx_grant_put(struct eng_fx *, uint32_t tenant, uint64_t id, struct lw_bytes compiled);
void eng_fx_grant_del(struct eng_fx *, uint32_t tenant, uint64_t id);
void eng_fx_meta_put(struct eng_fx *, const char *name, struct lw_bytes value); /* empty: removes */
bool eng_fx_empty(const struct eng_fx *); /* has this operation put down nothing yet? */
uint32_t eng_fx_tenant(const struct eng_fx *); /* the tenant that it makes or changes; 0: none */
void eng_fx_note(struct eng_fx *, struct lw_bytes); /* for the audit: stands in the log with the operation */

/* ---- the audit's chains, one for each tenant and role (docs/audit.md) ---- */
/* records: as lw_audit_keep writes them. */
void eng_fx_audit(struct eng_fx *, uint32_t tenant, uint8_t role, struct lw_bytes records);
void eng_fx_audit_mac(struct eng_fx *, uint32_t tenant, uint8_t role, const struct store_audit_mark *, int64_t time, const uint8_t mac[32]);
/* Everything up to it is removed. */
void eng_fx_audit_trim(struct eng_fx *, uint32_t tenant, uint8_t role, const struct store_audit_mark *, int64_t time, const uint8_t mac[32]);
int eng_audit_head(struct eng_txn *, uint32_t tenant, uint8_t role, struct store_audit_head *ret); /* LW_ENOTFOUND */
/* The first chain at or after (tenant, role). */
int eng_audit_head_next(struct eng_txn *, uint32_t tenant, uint8_t role, struct store_audit_head *ret);
struct eng_audit_record {
	uint64_t seq;            /* by its place */
	const uint8_t *prev;     /* 32 octets: the hash of the one before, as what stands in the row gives it */
	struct lw_bytes octets;  /* the kept form of base/audit.h, not looked at; good as long as the transaction */
};
/* The records from a place on. fn returns LW_OK to go on. LW_ENOTFOUND at the end; LW_EIO: a row that is none. */
typedef int eng_audit_fn(void *ctx, const struct eng_audit_record *);
int eng_audit_records(struct eng_txn *, uint32_t tenant, uint8_t role, uint64_t from, eng_audit_fn *, void *ctx);
/* SHA-256 of prev, u64 seq and the octets: what links a record to the one before. */
void eng_audit_link(const uint8_t prev[32], uint64_t seq, struct lw_bytes octets, uint8_t ret[32]);
/* One chain from the last removed record to end, hashed anew. *ret_bad: the first record that is not as it was written; 0: all are. */
struct eng_audit_walk {
	struct store_audit_mark at;    /* verified up to here; zero or a known mark to start */
	struct store_audit_mark until; /* what is expected at the end */
	struct store_audit_mark maced; /* … and on the way; seq 0: nothing */
	uint64_t bad;
	const char *why;             /* "altered", "dropped", "swapped", "truncated", "rewritten" */
};
/* At most `most` records a call. LW_OK: done (look at bad); LW_EQUANTUM: call again, in another transaction. */
int eng_audit_verify(struct eng_txn *, uint32_t tenant, uint8_t role, size_t most, struct eng_audit_walk *);

/* ---- writing ---- */

/* Reads, checks, puts down effects; must not block. An error refuses this operation and nothing of it stays. */
/* After another operation of its batch has failed it may be called again, in a new transaction. */
typedef int eng_resolve(void *ctx, struct eng_txn *, struct eng_fx *);
/* Blocks until the effects are on the disk: LW_OK, resolve's error, or LW_EBUSY, LW_EFULL, LW_EIO, LW_EUNAVAIL (no
 * writer thread), LW_EINTERNAL. Never call it from resolve or a commit hook. */
int eng_submit(struct store *, eng_resolve *, void *ctx);
/* Without a writer thread (init, tests, loading): one batch, in the calling thread, one commit; errs[i] is each one's. */
int eng_submit_now(struct store *, eng_resolve *const *, void *const *ctx, size_t n, int *ret_errs);
/* store_writer_start and store_writer_stop are the engine's. */

/* Called in the writer's thread after a batch is on the disk and before its submitters wake. */
struct eng_commit {
	uint64_t seq;
	int64_t time;
	struct lw_bytes batch; /* the log record: eng_batch_decode */
};
typedef void eng_commit_hook(void *ctx, const struct eng_commit *);
int eng_on_commit(struct store *, eng_commit_hook *, void *ctx); /* before the writer starts; at most 8 */

/* ---- the log ---- */

enum eng_fx_kind { ENG_FX_ENTRY_NEW = 1, ENG_FX_ATTR, ENG_FX_HEAD, ENG_FX_MOVE, ENG_FX_ENTRY_DEL, ENG_FX_SEALED_PUT,
	ENG_FX_SEALED_DEL, ENG_FX_TENANT_PUT, ENG_FX_AUTHGEN, ENG_FX_GRANT_PUT, ENG_FX_GRANT_DEL, ENG_FX_META_PUT,
	ENG_FX_NOTE, ENG_FX_AUDIT, ENG_FX_TENANT_DEL, ENG_FX_RECLAIM, ENG_FX_COUNT };
struct eng_batch {
	uint64_t seq, prev_seq, epoch;
	struct lw_uuid origin, id;
	int64_t time;
	uint32_t nops;
	struct lw_bytes ops;
};
/* Everything borrowed from record. LW_EINVAL, LW_EVERSION. Checks the whole record, effects too. */
int eng_batch_decode(struct lw_bytes record, struct eng_batch *ret);
struct eng_effect {
	uint32_t op;              /* index of the operation in the batch */
	enum eng_fx_kind kind;
	uint32_t tenant;
	uint64_t id;
	struct lw_bytes body;     /* per kind */
};
/* Start with *pos = 0 and ret zeroed; false at the end. */
bool eng_batch_next(const struct eng_batch *, size_t *pos, struct eng_effect *ret);
int eng_log_get(struct eng_txn *, uint64_t seq, struct lw_bytes *ret); /* LW_ENOTFOUND */
enum eng_appended { ENG_COMMITTED, ENG_CONFLICT, ENG_UNKNOWN };
/* Appends and applies a record made elsewhere: restore, replay, later the other nodes. A record that is already there
 * (by its id) is COMMITTED; one that does not follow expected_seq is a CONFLICT; UNKNOWN: ask again. */
enum eng_appended eng_log_append(struct store *, struct lw_bytes record, uint64_t expected_seq);

#endif
