/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of store/access_*.c: the compiled rule, the policy and the bound rights. */
#ifndef STORE_ACCESS_RULE_H
#define STORE_ACCESS_RULE_H

#include <stdatomic.h>
#include "store/access_ast.h"

struct access_cond {
	enum access_cond_kind kind;
	int64_t age;
	uint32_t method;
	uint64_t group; /* 0: the protected principals */
};

struct access_rule {
	bool forbid, names_owned, names_theirs, attrs_said, star, ordinary;
	enum access_subj subject;
	enum access_who who;
	enum access_audience audience;
	uint64_t subject_id; /* GROUP to CLIENT */
	struct lw_uuid partner;        /* PARTNER: whose group … */
	struct lw_bytes partner_group; /* … of which name, in normal form; it need not be there */
	uint32_t verbs;
	unsigned kinds; /* never 0 */
	uint64_t under, named;
	struct lw_bytes tag, url, profile;
	unsigned nattrs;
	const uint16_t *attrs; /* schema ids, ascending */
	uint64_t claims;       /* rows of access_claims that were named */
	unsigned nconds;
	struct access_cond conds[ACCESS_MAX_CONDS];
	int64_t max_life; /* INT64_MAX: unsaid */
	/* made from the above by access_rule_finish */
	struct access_set open, secret;
	uint64_t grant_id;
	uint32_t index;
};

/* The schema's sets, made once. */
struct access_masks {
	struct access_set open /* every attribute that is no secret */, secret, ordinary;
};
const struct access_masks *access_masks(void);
uint64_t access_claims_all(void);
int access_claim_find(struct lw_bytes); /* row, or -1 */
void access_rule_finish(struct access_rule *);

/* What the rule speaks about for one verb: attributes and claims. Verbs of this mask are decided by sets. */
#define ACCESS_SET_VERBS                                                                                     \
	(ACCESS_V(READ) | ACCESS_V(SEARCH) | ACCESS_V(COMPARE) | ACCESS_V(WRITE) | ACCESS_V(CREATE) |        \
	        ACCESS_V(SET_SECRET) | ACCESS_V(EXPORT) | ACCESS_V(TOKEN))
void access_rule_set(const struct access_rule *, enum access_verb, struct access_set *ret);
void access_set_or(struct access_set *, const struct access_set *);
void access_set_and(struct access_set *, const struct access_set *);
void access_set_minus(struct access_set *, const struct access_set *);
bool access_set_meets(const struct access_set *, const struct access_set *);

struct access_policy {
	atomic_uint refs;
	uint32_t tenant;
	uint64_t admin_group;
	size_t n, cap;
	struct access_rule **rules;
	uint64_t *offered; /* groups, ascending */
	size_t noffered;
	struct lw_arena *arena;
};

struct access_rights {
	struct access_policy *policy; /* NULL: a role */
	uint32_t tenant;
	bool fenced; /* subject and policy are of two tenants: nothing at all */
	bool admin, passes /* what is protected doesn't stop it */, hands_out;
	bool partner;  /* of another tenant: its id and groups are not in the subject below */
	bool asserted; /* the verbs that no asserted capability may are not his to give either */
	struct access_subject subject; /* groups are a copy */
	uint8_t needs[ACCESS_VERB_COUNT];
	/* per verb: forbids from first[v], permits from permit[v], up to first[v + 1] */
	uint32_t first[ACCESS_VERB_COUNT + 1], permit[ACCESS_VERB_COUNT];
	const struct access_rule *const *rules;
};

bool access_ids_have(const uint64_t *ids, size_t n, uint64_t id);        /* any order */
bool access_ids_have_sorted(const uint64_t *ids, size_t n, uint64_t id); /* ascending */
/* Can the rule ever concern this subject (self: whenever it has an entry)? */
bool access_rule_concerns(const struct access_rule *, const struct access_subject *);
/* Is the object in the rule's scope: kind, under, named, tag; self and manager of this subject? */
bool access_rule_matches(
        const struct access_rule *, const struct access_subject *, const struct access_object *);
/* The scope alone, whoever the subject. */
bool access_rule_scope(const struct access_rule *, const struct access_object *);
bool access_rule_conditions(const struct access_rule *, const struct access_policy *, enum access_verb,
        const struct access_object *, const struct access_ctx *);

/* Rights over a given list of rules (those that concern the subject are picked). */
struct access_rights *access_rights_new(const struct access_policy *, const struct access_subject *,
        struct access_rule *const *rules, size_t n);

#endif
