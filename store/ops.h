/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the operations: sessions, transactions, views, search and the resolvers of writes. Only store/ops files
 * include it. What stands here sees entries before the access filter; what leaves through store.h does not. */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include <pthread.h>
#include <string.h>
#include "base/audit.h"
#include "base/err.h"
#include "store/access.h"
#include "base/text.h"
#include "store/engine.h"
#include "store/issue.h"

#define OPS_MAX_GROUPS 4096 /* groups of one principal, transitively */
#define OPS_MAX_DEPTH  (DN_MAX_RDNS + 2)
#define OPS_QUANTUM    256  /* candidates looked at before others run */

/* ---- attributes and classes that the code knows by name ---- */
#define OPS_ATTRS(X)                                                                                        \
	X(objectClass) X(structuralObjectClass) X(createTimestamp) X(modifyTimestamp) X(creatorsName)       \
	X(modifiersName) X(hasSubordinates) X(subschemaSubentry) X(entryDN) X(entryUUID) X(numSubordinates) \
	X(memberOf) X(member) X(uniqueMember) X(cn) X(uid) X(ou) X(dc) X(o) X(sn) X(description)            \
	X(lwDisabled) X(lwTag) X(lwManagedBy) X(lwCredentialVersion) X(lwGrantText) X(krbPrincipalName)     \
	X(pwdChangedTime) X(userPassword) X(krbPrincipalKey) X(krbMaxTicketLife) X(krbMaxRenewableAge)      \
	X(mail) X(userCertificate) X(lwSubject) X(lwProfile) X(lwCertState) X(lwNotBefore) X(lwNotAfter)    \
	X(lwRevokedAt) X(lwRevokeReason) X(lwExpires) X(lwEntityId) X(lwAcsUrl) X(lwNameIdFormat)           \
	X(lwCaKey) X(lwSamlKey) X(lwJwtKey) X(lwTrustTenant) X(lwTrustGroup)
struct ops_known {
#define X(name) const struct schema_attr *name;
	OPS_ATTRS(X)
#undef X
	const struct schema_class *person, *account;
	bool subtypes[ACCESS_ATTR_BITS]; /* has the attribute with this id subtypes? */
};
const struct ops_known *ops_known(void);
bool ops_has_subtypes(const struct schema_attr *);
extern const char ops_subschema_dn[];

#define OPS_SUFFIX_ID 1 /* the suffix entry of every tenant */

/* ---- the caller's flags of an entry (struct eng_entry) ---- */
enum ops_flag {
	OPS_KIND_MASK = 0xffff, /* one bit of enum access_kind */
	OPS_DISABLED = 1 << 16, /* lwDisabled is TRUE */
	OPS_TAGS = 1 << 17,     /* it has lwTag values */
	OPS_MANAGERS = 1 << 18, /* it has lwManagedBy values */
	OPS_FIXED = 1 << 19,    /* made with the tenant: is not deleted, moved or renamed */
	OPS_USER = 1 << 20,     /* a principal that is a user (person or account) */
	OPS_RECORDS = 1 << 21,  /* ou=certificates, ou=tokens: only typed operations write below */
};
#define OPS_HOLDERS    (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST) /* of tickets, certificates, tokens */
#define OPS_PRINCIPALS (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST | ACCESS_APPLICATION)

/* ---- a tenant's policy, compiled ---- */
struct ops_trust { /* its side of one */
	struct lw_uuid tenant; /* the partner */
	bool disabled;
	uint64_t *groups;      /* that are offered */
	size_t ngroups;
};
struct ops_policy {
	struct access_policy *access;
	uint64_t *named; /* entries that rules name, ascending */
	size_t nnamed;
	uint32_t tenant;
	uint64_t authgen, admin_group;
	unsigned refs;
	size_t nsuffix;
	struct lw_bytes *suffix; /* normal forms of the tenant's suffix, leaf first */
	char *suffix_text;
	struct ops_trust *trusts;
	size_t ntrusts;
};
/* Of the transaction's state; from the cache where that is allowed. Ended by ops_policy_put. */
int ops_policy_get(struct eng_txn *, uint32_t tenant, struct ops_policy **ret);
void ops_policy_put(struct store *, struct ops_policy *); /* NULL is fine */
bool ops_policy_names(const struct ops_policy *, uint64_t id);
int ops_trusts_load(struct eng_txn *, struct ops_policy *);
void ops_trusts_free(struct ops_policy *);
const struct ops_trust *ops_trust_with(const struct ops_policy *, const struct lw_uuid *tenant); /* NULL: none that is enabled */

/* ---- principals ---- */
struct ops_who { /* everything in the transaction's arena */
	struct eng_entry e;
	struct access_subject subject;
};
/* The entry of a UUID. LW_ENOTFOUND. */
int ops_by_uuid(struct eng_txn *, uint32_t tenant, const struct lw_uuid *, struct eng_entry *ret);
/* Somebody who may act at all: LW_ENOTFOUND, LW_EDISABLED; disabled_too: does not look at lwDisabled. */
int ops_actor(struct eng_txn *, uint32_t tenant, const struct lw_uuid *, bool disabled_too, struct eng_entry *ret);
/* The same, with his groups: also LW_ELIMIT (too many groups). */
int ops_who(struct eng_txn *, uint32_t tenant, const struct lw_uuid *, bool disabled_too, struct ops_who *ret);
int ops_principal(const struct eng_entry *, struct store_principal *ret); /* LW_ENOTFOUND: it is none */
/* Every group that id is in, transitively, ascending. */
int ops_groups(struct eng_txn *, uint32_t tenant, uint64_t id, bool itself, const uint64_t **ret, size_t *ret_n);
bool ops_manages(struct eng_txn *, uint32_t tenant, uint64_t id, const uint64_t *groups, size_t n);
enum access_who ops_who_kind(unsigned kind); /* ANONYMOUS: no principal */
uint64_t ops_credential_version(const struct eng_entry *);
unsigned ops_kind(const struct lw_bytes *classes, size_t n, bool *ret_user);

/* ---- what transactions and sessions remember ---- */
struct ops_place { /* an entry as others' ancestor */
	uint64_t id;
	struct lw_bytes text;  /* its DN */
	size_t nabove;
	const uint64_t *above; /* itself and its ancestors */
	struct ops_place *next;
};
struct ops_sets { /* read and search sets for a kind of entries at a place */
	uint64_t parent;
	uint32_t kind;
	bool made, any;
	struct access_set set[2]; /* read, search */
	struct ops_sets *next;
};
/* What one snapshot showed a session, kept for its next transaction on the same snapshot. */
#define OPS_CACHED_SETS   4
#define OPS_CACHED_PLACES 6
#define OPS_CACHED_TEXT   200
#define OPS_CACHED_DEPTH  8
#define OPS_CACHED_US     LW_SECOND /* conditions on time are asked again after this */
struct ops_cache {
	bool busy; /* a transaction has it */
	bool valid, confidential;
	uint64_t snapshot;
	uint64_t base;       /* of the last search, a visible entry; 0: none */
	size_t nbase;
	uint8_t base_octets[OPS_CACHED_TEXT];
	int64_t at;
	unsigned nsets, nplaces;
	struct ops_sets sets[OPS_CACHED_SETS];
	struct {
		struct ops_place place;
		uint8_t text[OPS_CACHED_TEXT];
		uint64_t above[OPS_CACHED_DEPTH];
	} places[OPS_CACHED_PLACES];
};

/* ---- sessions ---- */
#define OPS_NO_ROLE (-1)
struct lw_session {
	struct store *store;
	uint32_t tenant;
	struct lw_uuid tenant_uuid, subject, actor; /* zero subject: anonymous or role */
	int role;                                   /* enum store_role, or OPS_NO_ROLE */
	uint32_t methods, flags;                    /* enum lw_cap_method, lw_cap_flag */
	int64_t auth_time, expiry;                  /* expiry 0: never */
	uint64_t credential_version;
	bool confidential;
	uint8_t protocol;                           /* enum lw_audit_protocol, and where the requests come from */
	char source[LW_AUDIT_SOURCE_MAX + 1];
	/* in a partner's tenant (store_session_partner): the subject's own, and his entry there. home 0: it is `tenant` */
	uint32_t home;
	struct lw_uuid home_uuid;
	uint64_t home_authgen, home_id;
	/* what the generation below said */
	bool valid;
	uint64_t authgen, snapshot; /* snapshot: where authgen was looked at last; 0: nowhere */
	int status;
	uint64_t subject_id;
	struct ops_cache *cache; /* NULL: nothing remembered yet */
	struct ops_policy *policy;
	struct access_rights *rights, *actor_rights;
	uint64_t ticket_snapshot; /* where the two were read; 0: nowhere */
	int64_t ticket_life, ticket_renew;
	/* the tenant's suffix, for resolving DNs: the policy's */
	size_t nsuffix;
	const struct lw_bytes *suffix;
	const char *suffix_text;
};
/* Brings s up to the transaction's state; the session's status. */
int ops_session_refresh(struct lw_session *s, struct eng_txn *);
/* Does what s remembers still hold in the transaction's state? (but for its expiry) */
bool ops_session_current(const struct lw_session *s, struct eng_txn *);
int ops_partner_bind(struct lw_session *s, struct eng_txn *); /* LW_ENOTFOUND: there is nothing here for him */
/* A copy that holds nothing yet: for the writer, which must not change what the connection's session remembers. */
void ops_session_fork(const struct lw_session *, struct lw_session *ret);
void ops_session_drop(struct lw_session *); /* rights and policy */

/* ---- transactions ---- */
struct store_txn {
	struct lw_session *session;
	struct eng_txn *eng;
	struct lw_arena *arena;
	uint32_t tenant;
	struct access_ctx ctx;
	struct ops_cache *cache; /* the session's, for this snapshot; NULL: none */
	unsigned needs; /* of read and search together */
	bool can_see;   /* holds read or search or compare anywhere */
	struct ops_place *places;
	struct ops_sets *sets;
	uint64_t chain[OPS_MAX_DEPTH]; /* the last ops_locate: ids found, suffix first */
	unsigned nchain;
	uint64_t matched; /* 0: none */
	struct store_result *result; /* writer: where texts go */
};
struct store_view {
	struct store_txn *txn;
	struct eng_entry e;
	const struct access_set *read, *search;
};
static inline bool ops_is_role(const struct store_txn *t) /* … or somebody's session? */
{
	return t->session->role != OPS_NO_ROLE;
}
/* On a session that is up to date; eng stays the caller's. */
int ops_txn_start(struct lw_session *, struct eng_txn *eng, struct store_txn **ret);
/* DN to id, without any access check. LW_ENOTFOUND: txn->chain is what was found of it. */
int ops_locate(struct store_txn *, const struct store_dn *, uint64_t *ret_id);
/* DN to a visible entry; on LW_ENOTFOUND txn->matched is set. LW_EACCES: see store_get. */
int ops_find(struct store_txn *, const struct store_dn *, struct store_view **ret);
void ops_set_matched(struct store_txn *, size_t from); /* the deepest visible of chain[0 … from) */
int ops_place(struct store_txn *, uint64_t id, const struct ops_place **ret);
/* The entry attr=name below another, without any access check. LW_ENOTFOUND. */
int ops_child(struct store_txn *, uint64_t parent, const struct schema_attr *attr, const char *name,
	uint64_t *ret);
int ops_dn_text(struct store_txn *, uint64_t id, struct lw_bytes *ret);
int ops_dn_of(struct store_txn *, const struct eng_entry *, struct lw_bytes *ret);
/* The view of an entry, visible or not: LW_ENOTFOUND when not. */
int ops_view(struct store_txn *, uint64_t id, struct store_view **ret);
int ops_view_in(struct store_txn *, uint64_t id, struct store_view *into);
/* The whole object for one decision. */
int ops_object(struct store_txn *, const struct eng_entry *, struct access_object *ret);
/* Only what rights need (access_needs); nothing about `protected`. */
int ops_object_for(struct store_txn *, const struct eng_entry *, unsigned needs, struct access_object *ret);
/* protected and identity of what a verb with `changes` is done to */
bool ops_protected(struct store_txn *, uint64_t id);
bool ops_decide(struct store_txn *, enum access_verb, const struct eng_entry *, const struct schema_attr *);
/* May the session administer the installation's tenants (or its own, when tenant is its own)? */
bool ops_may_administer(struct store_txn *);

/* ---- what is issued ---- */
/* The class that an attribute of the suffix entry is sealed under; 0: it is none of the tenant's own keys. */
enum store_secret_class ops_tenant_key(const struct schema_attr *);
/* May the session enrol this entry? LW_EACCES. */
int ops_may_enrol(struct store_txn *, const struct eng_entry *, struct lw_bytes profile, bool names_owned,
	int64_t *ret_max_life);
#define OPS_RECORD_NAME 65 /* cn of a record, with the NUL */
/* The serial's octets as the record's cn. LW_EINVAL. */
int ops_serial_name(struct lw_bytes serial, char ret[OPS_RECORD_NAME]);
/* A token's id as its record's cn. LW_EINVAL. */
int ops_token_name(struct lw_bytes id, char ret[OPS_RECORD_NAME]);
/* cn=name,ou=container,SUFFIX. LW_ENOTFOUND. */
int ops_record(struct store_txn *, const char *container, const char *name, struct eng_entry *ret);
/* … of a certificate, decoded. LW_EIO. */
int ops_cert(struct store_txn *, const struct eng_entry *, struct store_cert *ret);

/* ---- values as the view computes them ---- */
struct ops_values {
	const struct schema_attr *attr;
	struct lw_bytes *v;
	size_t n;
};
/* LW_ENOATTR: the entry has none. Values are text in the transaction's arena. */
int ops_computed(struct store_txn *, const struct eng_entry *, const struct schema_attr *, struct ops_values *ret);
bool ops_is_computed(const struct schema_attr *); /* COMPUTED, or kept in the entry's head */
extern const size_t ops_ncomputed;
const struct schema_attr *ops_computed_at(size_t i);
int ops_ref_values(struct store_txn *, const struct eng_attr *, struct ops_values *ret);
bool ops_options_match(struct lw_bytes desc, struct lw_bytes wanted); /* has desc all the options wanted? */

/* ---- filters ---- */
struct ops_leaf { /* what a leaf's DN assertion names */
	const struct filter *leaf;
	uint64_t id;
};
struct ops_query {
	const struct filter *filter;
	struct ops_leaf *leaves;
	size_t nleaves;
};
int ops_query_bind(struct store_txn *, struct lw_arena *, const struct filter *, struct ops_query *ret);
uint64_t ops_query_id(const struct ops_query *, const struct filter *leaf);
enum filter_truth ops_eval(const struct store_view *, const struct ops_query *, struct lw_arena *scratch);
int ops_search_prepare(struct store *); /* what searches share; made with the first session */
int ops_ticket_prepare(struct store *); /* what the KDC's sessions share; made with the first of them */
/* Candidates by the indexes; NULL with LW_OK: no index helps. */
int ops_plan(struct store_txn *, const struct ops_query *, struct eng_ids **ret);

#endif
