/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own with two tenants, acme.example (the system tenant) and beta.example, for the tests of
 * the operations. The clock stands still until a test turns it. */
#ifndef TESTS_UNIT_OPS_FIX_H
#define TESTS_UNIT_OPS_FIX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/err.h"
#include "store/store.h"

struct fix {
	char dir[64];
	struct lw_clock clock;
	struct store *store;
	struct lw_arena *arena;
	uint32_t acme, beta;
	struct lw_uuid acme_uuid, beta_uuid, acme_admin, beta_admin;
	struct lw_session *op, *admin, *other; /* operator and administrator of acme, administrator of beta */
	struct store_result r;
};
extern struct fix fix;

int fix_up(void **state);
int fix_down(void **state);

struct lw_session *fix_login(uint32_t tenant, const struct lw_uuid *tenant_uuid, const struct lw_uuid *subject, uint64_t cv);
struct store_dn *fix_dn(const char *text);
/* "attr: value" lines; the first is "dn: …". Returns the error; fix.r has the rest. */
int fix_add(struct lw_session *, const char *ldif);
/* "dn: …" and then "add|delete|replace|increment ATTR" and "ATTR: value" lines */
int fix_modify(struct lw_session *, const char *ldif);
int fix_delete(struct lw_session *, const char *dn);
int fix_moddn(struct lw_session *, const char *dn, const char *rdn, bool delete_old, const char *superior);
int fix_secret(struct lw_session *, const struct lw_uuid *target, const char *blob);
int fix_person(struct lw_session *, const char *uid, const char *more); /* under acme's ou=people; more: further lines */
struct lw_uuid fix_uuid(const char *dn); /* asked as the operator of the DN's tenant */
/* The search's result as "rdn rdn …" of the entries' first RDNs, sorted; an error as its name. */
const char *fix_search(struct lw_session *, const char *base, enum store_scope, const char *filter);
/* store_get and one attribute: its values joined by '|', or the error's name. */
const char *fix_read(struct lw_session *, const char *dn, const char *attr);
/* All that store_view_attrs gives, as text "type=value|value;type=…". sel: space-separated; NULL: none said */
const char *fix_attrs(struct lw_session *, const char *dn, const char *sel, bool types_only);

#endif
