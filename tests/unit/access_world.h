/* SPDX-License-Identifier: Apache-2.0 */
/* A small made-up tenant for the tests of the access policy, a source of random grants, and an evaluator that
 * was written from docs/access.md alone: it walks the trees of the grants and compares names. */
#ifndef TESTS_UNIT_ACCESS_WORLD_H
#define TESTS_UNIT_ACCESS_WORLD_H

#include "store/access_ast.h"

#define WORLD_NODES 38
#define WORLD_TAGS  3

struct world_node {
	uint64_t id;
	uint32_t tenant;
	const char *name, *dn; /* dn relative to the suffix */
	unsigned kind;
	int parent;        /* -1: the suffix */
	uint64_t in;       /* direct memberships: 1 << node */
	uint64_t managers; /* 1 << node */
	unsigned tags;     /* 1 << tag */
	int owner;         /* of a certificate: a node; 0: nobody who is there */
};

struct world {
	struct world_node node[WORLD_NODES];
	uint64_t seed;
	/* what the policy code is given */
	struct lw_arena *arena;
	struct lw_bytes tag_norm[WORLD_TAGS];
};
extern const char *const world_tags[WORLD_TAGS];
#define WORLD_ADMINS 7 /* the node of cn=administrators */

void world_init(struct world *, uint64_t seed);
void world_done(struct world *);
void world_shuffle(struct world *); /* other memberships, managers, tags */
uint64_t world_random(struct world *);
unsigned world_below(struct world *, unsigned n);                         /* 0 … n-1 */
int world_find(const struct world *, enum access_name, const char *name); /* node, or -1 */
extern const struct access_resolver world_resolver_base;                  /* its ctx is to be the world */
bool world_in_group(const struct world *, int node, int group);           /* transitively */
bool world_manages_any(const struct world *, int node);
enum access_who world_who(const struct world *, int node);

/* What the policy code sees of a node; memory of the world's arena. node -1: anonymous. */
struct access_subject world_subject(struct world *, int node, uint32_t tenant);
struct access_object world_object(struct world *, int node, uint32_t tenant);
bool world_is_protected(const struct world *, int node);

/* One random act. */
struct world_act {
	int subject, actor, delegated, object; /* nodes; -1: anonymous, none, none */
	uint32_t subject_tenant, object_tenant;
	enum access_verb verb;
	const char *what; /* attribute or claim; NULL: the whole */
	bool claim;
	const char *audience, *profile;
	bool names_owned, names_theirs; /* the first never without the second */
	int64_t auth_time;
	uint32_t methods;
	bool mfa, confidential, asserted;
	int partner;             /* 1, 2: the subject is of that partner, which the world trusts and is trusted by; 0: of none */
	unsigned partner_groups; /* 1 << row of world_partner_groups: those he is in that are offered */
};
extern const char *const world_partners[2], *const world_partner_groups[3];
#define WORLD_NOW INT64_C(1800000000000000)
void world_act(struct world *, struct world_act *);
struct access_subject world_act_subject(struct world *, const struct world_act *); /* with his partner */
void world_grant(struct world *, char *ret, size_t size); /* the text of a random grant; it compiles */
extern const char *const world_attrs[]; /* NULL-ended; every kind of attribute is there at least once */

struct ref_result {
	bool permit;
	int64_t max_life;
};
struct ref_result ref_decide(
        const struct world *, struct access_ast *const *policy, size_t n, const struct world_act *);
bool ref_any(const struct world *, struct access_ast *const *policy, size_t n, const struct world_act *);

#endif
