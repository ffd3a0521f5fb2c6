/* SPDX-License-Identifier: Apache-2.0 */
/* The access policy: the grants language, its compiled form, and the decision. Pure: no database, no clock,
 * no I/O. Default deny, forbid beats permit, the order of rules says nothing. docs/access.md has model and
 * grammar.
 *
 * Life of a rule: text --access_parse--> ast --access_compile (names become entry ids)--> rule
 * --access_rule_encode--> octets of the `grant` table --access_policy_add--> policy --access_bind (one
 * subject)--> rights, kept in the session. Entry ids are never used again within a tenant, so an id is an
 * identity. */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/cap.h"
#include "store/schema.h"
#include "store/verbs.h"

#define ACCESS_MAX_TEXT  4096 /* octets of one rule's text */
#define ACCESS_MAX_NAME  512  /* of one name in it */
#define ACCESS_MAX_ATTRS 128  /* names in attrs() */
#define ACCESS_MAX_CONDS 8    /* conditions of `when` */
#define ACCESS_MAX_RULES 4096 /* of one policy */
#define ACCESS_MAX_REFS  (3 + ACCESS_MAX_CONDS)
#define ACCESS_ERR       200 /* a one-line message */

/* ---- verbs: one row each ---- */
struct access_verb_row {
	const char *name;
	bool attrs;    /* decided per attribute: a rule must say attrs() */
	bool changes;  /* on a protected object only administrators may */
	bool asserted; /* may be done with an asserted capability (a certificate that keyd did not see proved)
	                */
};
extern const struct access_verb_row access_verbs[ACCESS_VERB_COUNT];
enum access_verb access_verb_find(struct lw_bytes name); /* ACCESS_NONE: no such verb */

/* ---- what an object can be (a bit each; an entry has exactly one) ---- */
#define ACCESS_KINDS(X)                                                                                      \
	X(PERSON, "person")                                                                                  \
	X(GROUP, "group") X(SERVICE, "service") X(HOST, "host") X(GRANT, "grant") X(POLICY, "policy")        \
	        X(APPLICATION, "application") X(ENTRY, "entry") X(TENANT, "tenant") X(CERTIFICATE, "certificate") \
	        X(TRUST, "trust")
enum access_kind_nr {
#define X(id, text) ACCESS_NR_##id,
	ACCESS_KINDS(X)
#undef X
	        ACCESS_KIND_COUNT
};
enum access_kind {
#define X(id, text) ACCESS_##id = 1 << ACCESS_NR_##id,
	ACCESS_KINDS(X)
#undef X
	        ACCESS_ANY = (1 << ACCESS_KIND_COUNT) - 1
};
extern const char *const access_kind_names[ACCESS_KIND_COUNT];
/* ENTRY is every entry that is none of the others (suffix, containers, …). TENANT is a tenant as a thing to
 * administer: its object's tenant is the system tenant for the making and switching of tenants (installation
 * administrators), else the tenant itself. CERTIFICATE is the record of anything issued: of a certificate, or of a
 * cancelled token. TRUST is one side of the trust between two tenants. */
enum access_kind access_kind_of(const struct schema_class *const *classes, size_t n);

/* ---- text ---- */
struct access_ast; /* store/access_ast.h, for those who walk it */
/* LW_EINVAL, LW_ELIMIT with "at N: why" in err (N: octet, from 1). One rule; the last ';' may be missing. */
int access_parse(struct lw_arena *, struct lw_bytes text, struct access_ast **ret, char err[ACCESS_ERR]);
void access_format(struct lw_writer *, const struct access_ast *); /* the canonical text, with ';' */

/* ---- compiled ---- */
enum access_name {
	ACCESS_NAME_GROUP,
	ACCESS_NAME_USER,
	ACCESS_NAME_SERVICE,
	ACCESS_NAME_HOST,
	ACCESS_NAME_CLIENT,
	ACCESS_NAME_GRANT,
	ACCESS_NAME_POLICY,
	ACCESS_NAME_ENTRY /* a DN, or relative to the tenant's suffix ("ou=people") */
};
struct access_resolver {
	void *ctx;
	/* A name as written (uid, cn, or a DN when it has a '='), in the rule's tenant only. LW_ENOTFOUND. */
	int (*resolve)(void *ctx, enum access_name, struct lw_bytes name, uint64_t *ret_id);
	/* A partner's domain, any spelling; LW_ENOTFOUND, LW_EINVAL (it is the rule's own). NULL: there are no others. */
	int (*tenant)(void *ctx, struct lw_bytes domain, struct lw_uuid *ret);
};
struct access_rule;
/* LW_ENOTFOUND (a name does not resolve), LW_EUNDEFATTR, LW_EINVAL (a secret attribute that is to be read …);
 * says why in err. */
int access_compile(struct lw_arena *, const struct access_ast *, const struct access_resolver *,
        struct access_rule **ret, char err[ACCESS_ERR]);
#define ACCESS_MAX_ENCODED 4096
void access_rule_encode(struct lw_writer *, const struct access_rule *);
/* LW_EINVAL, LW_EVERSION, LW_ELIMIT. The rule lives in the arena and needs nothing of the octets. */
int access_rule_decode(struct lw_arena *, struct lw_bytes, struct access_rule **ret);
/* Entries that the rule names (never zero, each once): they can't be deleted while the rule is there. */
size_t access_rule_refs(const struct access_rule *, uint64_t ret[ACCESS_MAX_REFS]);
bool access_rule_forbids(const struct access_rule *);

/* ---- a tenant's policy: counted, immutable once bound ---- */
struct access_policy;
/* admin_group: entry id of cn=administrators (0: none). NULL without memory. */
struct access_policy *access_policy_new(uint32_t tenant, uint64_t admin_group);
int access_policy_add(
        struct access_policy *, uint64_t grant_id, struct lw_bytes encoded); /* LW_EINVAL…, LW_ELIMIT */
struct access_policy *access_policy_ref(const struct access_policy *);
void access_policy_unref(struct access_policy *); /* NULL is fine */
size_t access_policy_count(const struct access_policy *);
/* The tenant offers this group to a partner: who makes somebody its member gives what he can't see. LW_ENOMEM. */
int access_policy_offer(struct access_policy *, uint64_t group);
bool access_policy_offers(const struct access_policy *, uint64_t group);

/* ---- who ---- */
enum access_who {
	ACCESS_WHO_ANONYMOUS,
	ACCESS_WHO_PERSON,
	ACCESS_WHO_SERVICE,
	ACCESS_WHO_HOST,
	ACCESS_WHO_CLIENT,
	ACCESS_WHO_ROLE /* an enumerated role: see access_bind_role */
};
/* Somebody of another tenant, for as long as the two trust each other: who checks that is who makes the session. Rules
 * for these groups of his tenant concern him, and no others. */
struct access_partner {
	struct lw_uuid tenant;
	const struct lw_bytes *groups; /* those he is in that his tenant offers; normal forms of their names */
	size_t ngroups;
};
/* What a partner can be permitted at all, and what he may change. */
#define ACCESS_PARTNER_VERBS                                                                                 \
	(1u << ACCESS_READ | 1u << ACCESS_SEARCH | 1u << ACCESS_COMPARE | ACCESS_PARTNER_CHANGES)
#define ACCESS_PARTNER_CHANGES                                                                               \
	(1u << ACCESS_WRITE | 1u << ACCESS_CREATE | 1u << ACCESS_DELETE | 1u << ACCESS_MOVE)
#define ACCESS_PARTNER_CHANGES_KINDS                                                                         \
	((unsigned)(ACCESS_PERSON | ACCESS_GROUP | ACCESS_SERVICE | ACCESS_HOST | ACCESS_APPLICATION | ACCESS_ENTRY))
struct access_subject {
	uint32_t tenant;
	enum access_who who;
	uint64_t id; /* of its entry; 0: anonymous, role */
	const uint64_t *groups;
	size_t ngroups; /* every group it is in, transitively, ascending */
	bool manages;   /* it or one of its groups stands in some lwManagedBy */
	const struct access_partner *partner; /* not NULL: id and groups, which are another tenant's, count for nothing */
};
/* ---- what ---- */
struct access_object {
	uint32_t tenant;
	uint64_t id;   /* 0: to be created */
	unsigned kind; /* one bit of enum access_kind */
	const uint64_t *above;
	size_t nabove; /* its own id (when it has one) and those of all its ancestors, any order */
	const uint64_t *managers;
	size_t nmanagers; /* lwManagedBy */
	uint64_t owner;   /* certificate: whom it is for (`self` holds for him); 0: nobody who is there */
	const struct lw_bytes *tags;
	size_t ntags;             /* lwTag, normal form (schema_norm) */
	bool is_protected;        /* access_is_protected; needed for verbs with `changes` */
	struct lw_bytes audience; /* token: the relying party; empty: none was named */
	struct lw_bytes profile;  /* enrol: the certificate profile */
	bool names_owned;         /* enrol: the subject asks for itself, and for no name but its own */
	bool names_theirs;        /* enrol: whoever asks, for no name but those of the one it is for */
};
/* ---- how ---- */
struct access_rights;
struct access_ctx {
	int64_t now, auth_time; /* wall clock, us; auth_time 0: never authenticated */
	uint32_t methods;       /* enum lw_cap_method */
	bool mfa, confidential, asserted;
	const struct access_subject *delegated; /* delegate, ticket: whom it is done for; else NULL */
	const struct access_rights
	        *actor; /* a delegated act needs the actor's right as well; NULL: subject acts itself */
};

/* ---- rights: the rules of a policy that can concern one subject; holds a reference on the policy ---- */
struct access_rights *access_bind(
        const struct access_policy *, const struct access_subject *); /* NULL: no memory */
/* They were earned with an asserted capability: what such a one may not do, it may not hand out. */
void access_bind_asserted(struct access_rights *);
/* role: enum store_role. Rule rows of its own (store/access_roles.c), no rule of a tenant touches it. */
struct access_rights *access_bind_role(unsigned role, uint32_t tenant);
void access_rights_free(struct access_rights *);    /* NULL is fine */
bool access_is_admin(const struct access_rights *); /* in the administrators group, or operator or init */
/* Which parts of an object these rights look at: what is not needed may be left empty (not for escalation
 * checks). */
enum access_need { ACCESS_NEED_ABOVE = 1, ACCESS_NEED_MANAGERS = 2, ACCESS_NEED_TAGS = 4, ACCESS_NEED_OWNER = 8 };
unsigned access_needs(const struct access_rights *, enum access_verb);

enum access_reason {
	ACCESS_BY_DEFAULT,
	ACCESS_BY_PERMIT,
	ACCESS_BY_FORBID,
	ACCESS_BY_FENCE,
	ACCESS_BY_PROTECTED,
	ACCESS_BY_SECRET,
	ACCESS_BY_ASSERTED,
	ACCESS_BY_PARTNER,
	ACCESS_BY_COUNT
};
struct access_why {
	enum access_reason reason;
	bool of_actor;     /* it is the actor who lacks it */
	bool of_role;      /* rule is a row of the role's table */
	uint32_t rule;     /* index in the policy, for PERMIT and FORBID */
	uint64_t grant_id; /* its entry */
	int64_t max_life;  /* us; INT64_MAX: no limit said. 0 when denied */
};
const char *access_reason_text(enum access_reason);

/* Says no to other tenants' objects first, whatever the rules are. attr NULL: for verbs with attrs "at least
 * one attribute", otherwise the entry as such. Secret attributes are never given by read, search, compare,
 * write or create, and only they by set-secret and export. Options don't matter; a right on an attribute says
 * nothing about its sub- or supertypes. why may be NULL. */
bool access_decide(const struct access_rights *, enum access_verb, const struct access_object *,
        const struct schema_attr *attr, const struct access_ctx *, struct access_why *why);
/* May a token carry this claim ("sub", or an attribute's name)? */
bool access_decide_claim(const struct access_rights *, const struct access_object *, struct lw_bytes claim,
        const struct access_ctx *, struct access_why *why);
/* Does the entry exist for this subject: read or search of anything in it. */
bool access_visible(const struct access_rights *, const struct access_object *, const struct access_ctx *);
/* Does the subject hold the verb on anything at all? Said before any look-up. */
bool access_any(const struct access_rights *, enum access_verb);
/* … and for this attribute? (verbs decided per attribute) */
bool access_any_attr(const struct access_rights *, enum access_verb, const struct schema_attr *);

/* All attributes at once, for one object: the same decision as access_decide for each. */
#define ACCESS_ATTR_BITS 1024
struct access_set {
	uint64_t bits[ACCESS_ATTR_BITS / 64]; /* by schema id */
	uint64_t claims;                      /* token only: by row of access_claims */
	bool rest;                            /* ids past ACCESS_ATTR_BITS */
};
void access_attr_set(const struct access_rights *, enum access_verb, const struct access_object *,
        const struct access_ctx *, struct access_set *ret);
static inline bool access_set_has(const struct access_set *s, const struct schema_attr *a)
{
	if (a->id >= ACCESS_ATTR_BITS)
		return s->rest && !(a->flags & SCHEMA_SECRET);
	return s->bits[a->id / 64] >> (a->id % 64) & 1;
}
bool access_set_empty(const struct access_set *);
extern const char *const access_claims[]; /* NULL-ended */

/* ---- no escalation: whoever hands out a right must hold it ---- */
/* LW_OK or LW_EACCES; why (may be NULL) names the rule that the author does not cover (reason DEFAULT or
 * FORBID), or PROTECTED. They say nothing about the write itself: decide that first, by write, create,
 * set-secret …. Conservative: what can't be shown to be covered is refused. */
struct access_above { /* is entry `id` at or below `base`? NULL function: only when equal */
	void *ctx;
	bool (*under)(void *ctx, uint64_t id, uint64_t base);
};
/* Does the author hold everything the rule would give to somebody (a forbid: would take)? To write any grant. */
int access_covers(const struct access_rights *author, const struct access_rule *, const struct access_above *,
        struct access_why *);
/* The rule of this grant goes away (or changes): whom it forbade something gets that. LW_OK too where the policy has none. */
int access_check_removal(
        const struct access_rights *author, uint64_t grant_id, const struct access_above *, struct access_why *);
/* A member enters (or leaves) a group. groups: this group and all that it is in, transitively, ascending;
 * manages: one of them stands in some lwManagedBy. */
int access_check_member(const struct access_rights *author, const uint64_t *groups, size_t n, bool manages,
        bool enters, const struct access_above *, struct access_why *);
/* An object changes its tags, managers, place or kind: what do rules give on it that they didn't before?
 * before NULL: it is being created (compared with the same without tags and managers; its author may name himself
 * its manager, where that lets him read, change and delete no more than he may put into it). */
int access_check_change(const struct access_rights *author, const struct access_object *before,
        const struct access_object *after, struct access_why *);
/* An identity name of an existing principal or group is written: names are handed out by those who may create
 * such an object at that place. */
int access_check_name(const struct access_rights *author, const struct access_object *,
        const struct access_ctx *, struct access_why *);
bool access_is_identity(
        unsigned kind, const struct schema_attr *); /* uid, krbPrincipalName, mail, lwEntityId; cn where it names */
/* Somebody else's secret is written: the author can act as its owner from now on. One's own: always fine. What the owner may do with
 * his own entry, and the tickets and tokens that say who he is, go with his secret and are asked of nobody. */
int access_check_secret(const struct access_rights *author, const struct access_subject *owner,
        bool owner_protected, const struct access_above *, struct access_why *);
/* The administrators group, and who and what is in it, transitively. */
bool access_is_protected(const struct access_policy *, uint64_t id, const uint64_t *groups, size_t n);

/* ---- the grants a new tenant starts with: NULL-ended by cn; written as entries under ou=grants ---- */
struct access_default {
	const char *cn, *text;
};
extern const struct access_default access_defaults[];
/* Delegated administration: groups (text: what they are for), empty in a new tenant, and what they may. */
extern const struct access_default access_default_groups[], access_delegated[];

#endif
