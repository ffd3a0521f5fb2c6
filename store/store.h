/* SPDX-License-Identifier: Apache-2.0 */
/* The directory as every protocol sees it. No data without a transaction, no transaction without a session, no session
 * except from an authentication (a verified capability) or an enumerated role. Only a view — an entry after the access
 * filter — has encoders, and filters see views. No call takes a tenant: the session has it. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/audit.h"
#include "base/cap.h"
#include "base/clock.h"
#include "base/role.h"
#include "store/dn.h"
#include "store/filter.h"
#include "store/verbs.h"

/* ---- the environment ---- */
struct store;
enum store_open_mode { STORE_OPEN_READ, STORE_OPEN_WRITE /* the one writer: takes a lock */, STORE_OPEN_CREATE };
/* dir/db must exist (CREATE: must not). LW_ENOTFOUND, LW_EEXIST, LW_EVERSION, LW_EBUSY (another writer), LW_EIO; err says it in a line. */
int store_open(const char *dir, enum store_open_mode, const struct lw_clock *, struct store **ret, char err[256]);
void store_close(struct store *);

/* ---- tenants: names are public, lists are not ---- */
struct store_tenant {
	uint32_t id;
	struct lw_uuid uuid;
	char name[256];   /* canonical: acme.example */
	char realm[256];  /* ACME.EXAMPLE */
	bool enabled, system;
	int64_t created;
	struct lw_bytes keys; /* wrapped keys, opaque to the store; arena */
};
int store_tenant_by_name(struct store *, struct lw_arena *, struct lw_bytes domain, struct store_tenant *ret); /* any spelling */
int store_tenant_by_id(struct store *, struct lw_arena *, uint32_t id, struct store_tenant *ret);
int store_tenant_of_dn(struct store *, struct lw_arena *, const struct store_dn *, struct store_tenant *ret); /* by suffix; without keys */
/* Those that were deleted and are not gone yet: their names are taken, and nothing else of them is there. Caller checks the right. */
int store_tenant_dying(struct store *, struct lw_arena *, struct store_tenant **ret, size_t *ret_n);
int store_tenant_list(struct store *, struct lw_arena *, struct store_tenant **ret, size_t *ret_n); /* caller checks the right */

/* ---- sessions ---- */
struct lw_session;
int store_session_cap(struct store *, const struct lw_cap *verified, struct lw_session **ret);
int store_session_anonymous(struct store *, uint32_t tenant, struct lw_session **ret);
/* enumerated roles with rule rows of their own (store/access_roles.c) */
enum store_role {
	STORE_ROLE_OPERATOR /* owner of the data directory */,
	STORE_ROLE_AUTH /* keyd and binds: resolve names to principals */,
	STORE_ROLE_INIT /* lwctl init */,
	STORE_ROLE_KDC /* resolve names, read sealed Kerberos keys, ask for tickets in a client's name */,
	STORE_ROLE_UPKEEP /* directory's own housekeeping: tenants' keys, records that have expired */
};
int store_session_role(struct store *, uint32_t tenant, enum store_role, struct lw_session **ret);
/* The same principal in the tenant of a partner: as long as both tenants hold a trust for each other and are enabled, he may
 * there what its grants say of the groups that his own offers. Asked again as often as any session; nothing is kept of `own`.
 * LW_ENOTFOUND: for him there is nothing there, for whichever reason. To read, and to add, modify, delete and move entries. */
int store_session_partner(const struct lw_session *own, uint32_t tenant, struct lw_session **ret);
uint32_t store_session_home(const struct lw_session *); /* the subject's own tenant */
bool store_session_holds(const struct lw_session *, const struct store_dn *); /* is the name in the session's tenant? */
void store_session_free(struct lw_session *);
/* The connection as it is now: enters the decisions (channel.confidential). */
void store_session_channel(struct lw_session *, bool confidential);
/* Where its requests come from, for the audit. addr: cut at LW_AUDIT_SOURCE_MAX; NULL: not known */
void store_session_source(struct lw_session *, enum lw_audit_protocol, const char *addr);
/* After this session changed its own password: go on under the new credential version. */
void store_session_renew(struct lw_session *, uint64_t credential_version);
const struct lw_uuid *store_session_subject(const struct lw_session *); /* zero: anonymous or role */
uint32_t store_session_tenant(const struct lw_session *);
bool store_session_is_anonymous(const struct lw_session *);
/* Is it still good? LW_OK, LW_EREVOKED, LW_EDISABLED, LW_EEXPIRED. store_begin does the same. */
int store_session_check(struct lw_session *);

/* ---- reading ---- */
struct store_txn;
struct store_view;
enum store_mode { STORE_READ };
/* Never keep one across socket I/O, hashing or a call to another role. LW_EREVOKED etc. as store_session_check. */
int store_begin(struct lw_session *, enum store_mode, struct store_txn **ret);
void store_end(struct store_txn *); /* all views, cursors and their bytes are gone */
uint64_t store_snapshot(const struct store_txn *); /* as long as it is the same, so is all that the store says */
/* Between share(true) and share(false) this thread's transactions see one snapshot, one after the other, which costs less. It is that of
 * the first: so only for requests all of which had been received before share(true), or somebody would not find what he was told is
 * written. Called again, it begins anew; a write of this thread does that, too. */
void store_share(bool);
struct lw_arena *store_arena(struct store_txn *); /* lives until store_end */

/* LW_EACCES: the subject holds no read/search/compare verb anywhere (said before any look-up). LW_ENOTFOUND: not there or not
 * visible; store_matched is then the deepest visible ancestor (NULL: none). */
int store_get(struct store_txn *, const struct store_dn *, const struct store_view **ret);
int store_get_uuid(struct store_txn *, const struct lw_uuid *, const struct store_view **ret);
/* By unique name: kind is an attribute with SCHEMA_UNIQUE; value any spelling. */
int store_get_name(struct store_txn *, const struct schema_attr *kind, struct lw_bytes value, const struct store_view **ret);
bool store_matched(struct store_txn *, struct lw_writer *dn_text);

enum store_scope { STORE_BASE, STORE_ONE, STORE_SUB, STORE_CHILDREN };
struct store_search {
	const struct store_dn *base;
	enum store_scope scope;
	const struct filter *filter;
	bool types_only;
	bool by_id;     /* in the order in which they were made, so that a cursor has a place: for lists in pages. Not for STORE_ONE */
	uint64_t after; /* by_id: begin behind this place */
};
/* The search as a thing that outlives transactions: quanta. cursor memory is its own (freed by store_cursor_free); filter and base
 * must live as long as the cursor. */
struct store_cursor;
int store_search(struct store_txn *, const struct store_search *, struct store_cursor **ret);
/* Goes on in a later transaction of the same session. */
int store_resume(struct store_txn *, struct store_cursor *);
/* The next visible match. false: look at store_cursor_status: LW_OK (done), LW_EQUANTUM (256 candidates looked at: end the
 * transaction, resume later), LW_EADMINLIMIT or another error. */
bool store_next(struct store_cursor *, const struct store_view **ret);
int store_cursor_status(const struct store_cursor *);
/* by_id: the place behind what was looked at so far, for another cursor's `after`. It tells how many entries there are, hidden ones too:
 * not for clients' eyes. */
uint64_t store_cursor_place(const struct store_cursor *);
void store_cursor_free(struct store_cursor *);

/* ---- views ---- */
struct store_attrsel; /* RFC 4511 4.5.1.8 selection, compiled once per request */
int store_attrsel_new(struct lw_arena *, const struct lw_bytes *descs, size_t n, struct store_attrsel **ret); /* n = 0: all user attributes */
const struct lw_uuid *store_view_uuid(const struct store_view *);
uint64_t store_view_version(const struct store_view *);
void store_view_dn(const struct store_view *, struct lw_writer *);
/* Appends the contents of a PartialAttributeList (a run of BER PartialAttribute), readable attributes only. */
void store_view_attrs(const struct store_view *, const struct store_attrsel *, bool types_only, struct lw_writer *);
/* Values of one readable attribute, in the transaction's arena. LW_ENOATTR: none, or not readable. */
int store_view_values(const struct store_view *, const struct schema_attr *, struct lw_bytes options, const struct lw_bytes **ret, size_t *ret_n);
/* Compare: LW_OK is compareTrue, LW_ENOTFOUND compareFalse, else the error (LW_ENOATTR, LW_EUNDEFATTR, LW_EMATCHING, LW_EACCES, LW_ESYNTAX). */
int store_compare(struct store_txn *, const struct store_dn *, struct lw_bytes desc, struct lw_bytes value);

/* ---- decisions for those who issue or set secrets (keyd, kdc, ca, saml) ---- */
struct store_principal {
	uint64_t id;
	struct lw_uuid uuid;
	uint64_t version, credential_version;
	bool disabled, user /* else service or host */;
	char name[256];       /* uid or cn */
	char krb_name[320];   /* first krbPrincipalName */
};
/* Who is this? For roles only (STORE_ROLE_AUTH, STORE_ROLE_OPERATOR, STORE_ROLE_INIT): others get LW_EACCES. */
int store_principal_dn(struct store_txn *, const struct store_dn *, struct store_principal *ret);
int store_principal_uuid(struct store_txn *, const struct lw_uuid *, struct store_principal *ret);
int store_principal_name(struct store_txn *, const struct schema_attr *kind, struct lw_bytes value, struct store_principal *ret);
/* Sealed secrets as they lie, for keyd's role session (opens nothing by itself). LW_ENOTFOUND. */
enum store_secret_class { STORE_SECRET_PASSWORD = 1, STORE_SECRET_KERBEROS, STORE_SECRET_OTP, STORE_SECRET_SIGNING };
int store_sealed(struct store_txn *, const struct lw_uuid *, uint16_t attr, enum store_secret_class, struct lw_bytes *ret, uint64_t *ret_generation);
/* May this client have a ticket for this server, now? The one decision for `ticket` on behalf of the client,
 * cached while the tenant's authgen stands where no rule has a condition. server zero: one of lwd's own
 * services (krbtgt, kadmin/changepw, its ldap and HTTP), for which every enabled principal may have one. For
 * STORE_ROLE_KDC only. LW_OK, LW_EACCES, LW_EDISABLED, LW_ENOTFOUND (no such client any more). max_life: us,
 * INT64_MAX: the rules say none. */
struct store_ticket { struct lw_uuid client, server; int64_t auth_time; uint32_t methods; bool mfa; };
int store_may_ticket(struct store_txn *, const struct store_ticket *, int64_t *ret_max_life);
/* krbMaxTicketLife and krbMaxRenewableAge of the tenant's policy cn=default, in seconds (absent: ten hours,
 * seven days). */
int store_ticket_policy(struct store_txn *, int64_t *ret_life, int64_t *ret_renew);
/* The decision for one verb and target by the session's own rights (the same code path as everything). LW_OK or LW_EACCES / LW_ENOTFOUND.
 * target NULL: the tenant as a thing to administer (of the system tenant: the installation's tenants). */
int store_may(struct store_txn *, enum access_verb, const struct lw_uuid *target_or_null, const struct schema_attr *attr_or_null);
/* explain WHO VERB WHAT: text of the deciding rule; the decision is *ret_permit. For sessions with `administer`. */
int store_explain(struct store_txn *, const struct lw_uuid *who, enum access_verb, const struct store_dn *what, const struct schema_attr *attr_or_null,
	bool *ret_permit, struct lw_writer *text);
/* The same for whoever is in a partner's group of that name: whether there is one is not said. LW_ENOTFOUND: no such tenant. */
int store_explain_partner(struct store_txn *, struct lw_bytes domain, struct lw_bytes group, enum access_verb verb,
	const struct store_dn *what, const struct schema_attr *attr_or_null, bool *ret_permit, struct lw_writer *text);

/* ---- writing: a typed operation and a session; the writer decides everything else ---- */
enum store_op_kind {
	STORE_ADD,
	STORE_MODIFY,
	STORE_DELETE,
	STORE_MODDN,
	STORE_SET_SECRET,
	STORE_TENANT_CREATE,
	STORE_TENANT_STATE,
	STORE_TENANT_KEYS /* the next generation of one of the session's tenant's own keys; this and what follows: store/issue.h */,
	STORE_CERT_INTENT,
	STORE_CERT_ISSUED,
	STORE_CERT_DROP,
	STORE_CERT_REVOKE,
	STORE_TOKEN_CANCEL,
	STORE_EXPIRE,
	STORE_TENANT_DELETE,
	STORE_TENANT_RECLAIM /* the next step of what is left of deleted tenants */,
	STORE_TENANT_REWRAP /* a tenant's data keys, wrapped with another master key: by upkeep */,
	STORE_OP_COUNT
};
enum store_mod_kind { STORE_MOD_ADD, STORE_MOD_DELETE, STORE_MOD_REPLACE, STORE_MOD_INCREMENT };
struct store_attr_values { struct lw_bytes desc; struct lw_bytes *values; size_t n; };
struct store_mod { enum store_mod_kind kind; struct store_attr_values attr; };
/* One secret that keyd sealed; the store never looks inside. */
struct store_sealed_item { uint16_t attr; enum store_secret_class cls; uint64_t generation; struct lw_bytes sealed; };

/* What the operations on records of certificates and tokens are told: store/issue.h */
struct store_record {
	struct lw_bytes serial, profile, der, id;
	struct lw_uuid subject;
	int64_t not_before, not_after, until;
	int reason;
};

/* A CA certificate of a tenant that was deleted, for the list of the CA that signed it. */
struct store_revoked {
	uint8_t serial[20], n_serial;
	int64_t when, not_after;
	int reason;
};
/* All of them; the generation changes with the list (0: none yet). */
int store_revoked(struct store *, struct lw_arena *, struct store_revoked **ret, size_t *ret_n, uint64_t *ret_generation);

struct store_op {
	enum store_op_kind kind;
	struct store_dn *dn;                       /* target (not for TENANT_*) */
	struct store_attr_values *attrs; size_t nattrs;      /* ADD; never SECRET attributes (LW_EUNWILLING) */
	struct store_mod *mods; size_t nmods;                /* MODIFY; likewise */
	struct dn_rdn *new_rdn; bool delete_old; struct store_dn *new_superior; /* MODDN; new_superior NULL: stays */
	struct lw_uuid uuid;                       /* SET_SECRET: target. ADD with secrets: the UUID they were sealed for (else zero) */
	uint64_t expect_version;                   /* precondition on the entry version; 0: none. LW_EAGAIN when stale */
	struct store_sealed_item *secrets; size_t nsecrets;  /* SET_SECRET; ADD and MODIFY may carry them along */
	bool old_password_proved;                  /* SET_SECRET: keyd verified the old one in the same message */
	/* TENANT_CREATE: name, wrapped keys, first administrator */
	const char *tenant_name; struct lw_uuid tenant_uuid; struct lw_bytes tenant_keys;
	struct lw_bytes old_tenant_keys;           /* TENANT_REWRAP, by tenant_uuid: what they are; LW_EAGAIN when they are others by now */
	 const char *admin_name; struct lw_uuid admin_uuid;
	/* TENANT_CREATE: one item, the krbtgt's keys; NULL: none yet */
	struct store_sealed_item *realm_keys;
	bool tenant_enabled;                       /* TENANT_STATE, by tenant_uuid */
	/* TENANT_DELETE, by tenant_uuid: serials and ends of its CA certificates, as they stand in lwCaKey of this generation (0: it has
	 * none; LW_EAGAIN when it is another by now). TENANT_RECLAIM: LW_ENOTFOUND when nothing is left to do. */
	const struct store_revoked *revoked; size_t nrevoked; uint64_t ca_generation;
	struct store_record record;                /* CERT_*, TOKEN_CANCEL */
};
struct store_result {
	int err;
	struct lw_uuid uuid;          /* of the entry made or changed */
	uint64_t version, credential_version;
	char matched[512];            /* deepest visible ancestor for LW_ENOTFOUND */
	char text[200];               /* diagnostic for the log and, where harmless (schema), for the client */
};
/* Blocks until the change is on the disk (or refused). The session's rights are checked in the writer's transaction.
 * Everything in op must live until it returns. Needs STORE_OPEN_WRITE/CREATE and store_writer_start. */
int store_write(struct lw_session *, const struct store_op *, struct store_result *ret);
int store_writer_start(struct store *); /* the writer thread */
void store_writer_stop(struct store *);  /* what was submitted is finished first */

/* ---- upkeep ---- */
typedef void store_report(void *ctx, const char *problem);
/* Verifies every table against every other; the number of problems, each reported as a line. */
int store_check(struct store *, store_report *, void *ctx, uint64_t *ret_problems);
/* Replays the change log into a new environment in `into` and compares by hash. LW_OK: equal. */
int store_replay(struct store *, const char *into, uint8_t ret_hash[32], char err[256]);
/* Reader slots of dead processes; call when a role died and every second. */
void store_reap_readers(struct store *);
/* Touch the pages of the map once, so that no loop waits for the disk. */
void store_warm(struct store *);
int store_checkpoint_info(struct store *, uint64_t *ret_applied_seq, uint64_t *ret_commits);
/* small installation-wide records: "boot", "unicode", "tenant.default" … LW_ENOTFOUND */
int store_meta_get(struct store *, struct lw_arena *, const char *name, struct lw_bytes *ret);

#endif
