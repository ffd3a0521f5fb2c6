/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the resolvers: what a writer must hold beyond the verb, and the operations' table. */
#ifndef STORE_GUARD_H
#define STORE_GUARD_H

#include "store/image.h"

/* The target of a write: visible (an init session sees nothing and needs not to). LW_ENOTFOUND with txn->matched. */
int guard_target(struct store_txn *, const struct store_dn *, struct eng_entry *ret);
/* The new entry's object, for create and for what rules will give on it. */
int guard_object(const struct image *, struct access_object *ret);
/* Who writes attributes that hand out rights must hold those. before NULL: the entry is being created. */
int guard_change(const struct eng_entry *before, const struct image *after);
/* The rule that the image carries: parsed, compiled, covered by its author. */
int guard_grant(const struct image *, struct lw_bytes *ret_encoded);
/* A forbid that goes away (or changes) gives what it took. */
int guard_grant_removed(struct store_txn *, const struct eng_entry *grant);
int guard_group_removed(struct store_txn *, const struct eng_entry *group);
/* owner: with id 0 while it is being made */
int guard_secret(struct store_txn *, const struct eng_entry *owner);
struct access_above guard_above(struct store_txn *);
/* Why a decision says no, for the log. Returns LW_EACCES. */
int guard_refuse(struct store_txn *, const struct access_why *, const char *what);
/* May a user's request carry this attribute? */
int guard_attr(struct store_txn *, const struct schema_attr *);
/* May it be named so? A grant's text is compiled where it is written, and only there. */
int guard_names(struct store_txn *, const struct dn_rdn *);
/* Records of what was issued are made and changed by operations of their own, whoever asks: LW_EUNWILLING. */
int guard_no_record(struct store_txn *, const struct eng_entry *target_or_parent);
/* Rules refer to it, or it holds the tenant together. */
int guard_removable(struct store_txn *, const struct eng_entry *);
/* Trusts (store/trust.c) are administrators' to write. _new: says whom it is with; _fixed: is not renamed, and an offered
 * group by nobody else; _groups: what is offered. */
int guard_trust(struct store_txn *, const struct eng_entry *);
int guard_trust_new(struct image *, const struct store_dn *);
int guard_trust_fixed(struct store_txn *, const struct eng_entry *);
int guard_trust_groups(const struct image *);
int guard_partner_domain(void *txn, struct lw_bytes domain, struct lw_uuid *ret); /* of a rule: see struct access_resolver */

/* ---- the operations ---- */
typedef int write_resolve(struct store_txn *, const struct store_op *, struct eng_fx *);
struct write_row {
	enum store_op_kind kind;
	enum access_verb verb; /* held somewhere, or it ends before any look-up */
	write_resolve *resolve;
	enum lw_audit_event event; /* what it is in the audit: every operation is in it */
};
extern const struct write_row write_rows[];
extern const size_t write_row_count;
write_resolve write_add, write_modify, write_delete, write_moddn, write_secret, write_tenant_create, write_tenant_state, write_tenant_rewrap,
	write_tenant_delete, write_tenant_reclaim, write_tenant_keys, write_cert_intent, write_cert_issued, write_cert_drop, write_cert_revoke,
	write_token_cancel, write_expire;

/* May the session make, switch and delete the installation's tenants? */
int guard_tenants(struct store_txn *);
/* The living tenant of a UUID. LW_ENOTFOUND. */
int guard_tenant(struct store_txn *, const struct lw_uuid *, struct eng_tenant *ret);

/* A plain modify of a record (LDAP): lwCertState set to revoked, and lwRevokeReason, is a revocation; else LW_EUNWILLING. */
int write_cert_modify(struct store_txn *, const struct store_op *, const struct eng_entry *, struct eng_fx *);
/* May the session set the operation's secrets on this entry (id 0: the one it makes)? Then they are put down with their
 * entry's new credential version. */
int write_may_set(struct store_txn *, const struct eng_entry *, const struct access_object *, const struct store_op *);
int write_stamp_secrets(struct image *, const struct store_op *, uint64_t credential_version);
int write_put_secrets(struct store_txn *, uint64_t id, const struct store_op *, struct eng_fx *);
/* Every certificate of a subject that is deleted and what was begun of them; asks nobody. */
int write_revoke_all(struct store_txn *, const struct lw_uuid *subject, struct eng_fx *);
bool write_has_password(const struct store_op *);
int write_default_names(struct image *);
/* One of a tenant's own keys onto its suffix entry: an item of the generation that comes next. */
int write_put_tenant_key(struct store_txn *, uint32_t tenant, const struct store_sealed_item *,
	uint64_t generation, struct eng_fx *);

/* ---- the audit of the writer (store/audit_write.c) ---- */
/* The record of an operation that is accepted: the last of its effects, so that both are on the disk or neither. */
void audit_accepted(struct store_txn *, const struct store_op *, struct eng_fx *);
/* The record of one that is refused, in its wire form, for the ring once the batch is over. t: NULL when the session is no good. */
void audit_refused(struct store_txn *, const struct lw_session *, const struct store_op *, int err, struct lw_writer *);

#endif
