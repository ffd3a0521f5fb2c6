/* SPDX-License-Identifier: Apache-2.0 */
/* A plain world for tests by hand: nobody is in anything until a test says so. */
#ifndef TESTS_UNIT_ACCESS_FIXTURE_H
#define TESTS_UNIT_ACCESS_FIXTURE_H

#include "tests/unit/access_world.h"

enum {
	PEOPLE = 1,
	ADMINS = WORLD_ADMINS,
	OPS,
	HELPDESK,
	WEB,
	DEV,
	PROTECTED,
	ALICE = 14,
	BOB,
	CAROL,
	ERIN = 18,
	WEB1 = 20,
	HTTP_SHOP,
	SQL,
	H1,
	H2,
	SHOP,
	WIKI,
	R1,
	GINA = 32,
	TENANT
};
#define BIT(node) (UINT64_C(1) << (node))

struct fixture {
	struct world w;
	struct lw_arena *arena;
	struct access_policy *policy;
	char err[ACCESS_ERR];
};

struct fixture *fixture_new(void);
void fixture_free(struct fixture *);
int fixture_compile(struct fixture *, const char *text, struct access_rule **ret);
struct access_rule *fixture_add(
        struct fixture *, const char *text); /* to the policy; its grant_id is 100 + index */
struct access_rights *fixture_bind(struct fixture *, int node);
/* One decision: subject, verb, object, attribute, under the plain context. */
bool fixture_may(
        struct fixture *, int subject, enum access_verb, int object, const char *attr, struct access_why *);
void fixture_formatted(struct lw_arena *, const char *text, char *ret, size_t size);
extern const struct access_ctx fixture_plain; /* by password, a second ago, in the clear */
extern const char *const fixture_examples[];  /* the design's, in canonical form; NULL-ended */

#endif
