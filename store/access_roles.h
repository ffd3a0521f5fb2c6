/* SPDX-License-Identifier: Apache-2.0 */
/* The enumerated roles: sessions that no principal stands behind. Each verb they hold is a row; there is no
 * other way for code to read or write without a principal, and no rule of a tenant gives them anything. */
#ifndef STORE_ACCESS_ROLES_H
#define STORE_ACCESS_ROLES_H

#include "store/access.h"

struct access_role {
	const char *name;
	bool admin;     /* counts as an administrator */
	bool passes;    /* `protected` does not stop it: administrators have to log in as well */
	bool hands_out; /* may write any grant, membership or secret: no escalation check */
};
struct access_role_row {
	unsigned role; /* enum store_role */
	enum access_verb verb;
	unsigned kinds;
	bool attrs; /* all that are fit for the verb: no secrets in read, search, compare, write and create */
	const char *attr; /* or this one alone; NULL: all */
};
extern const struct access_role access_role_table[];
extern const size_t access_role_count;
extern const struct access_role_row access_role_rows[];
extern const size_t access_role_row_count;
/* A row with a zero right, kind or role, or attrs where the verb knows none: false. */
bool access_role_row_ok(const struct access_role_row *);

#endif
