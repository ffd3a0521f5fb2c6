/* SPDX-License-Identifier: Apache-2.0 */
/* The installation that the tables are asked about: a real store, a real keyd and the real protocol machines
 * in a temporary directory. Tenants: acme.example (the system tenant), beta.example (whose data the requests
 * are about) and gamma.example. It is made once; every test and every mutant works on a copy. */
#ifndef TESTS_TABLES_WORLD_H
#define TESTS_TABLES_WORLD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "keys/keys.h"
#include "ldap/ldapd.h"
#include "lwd/control.h"

#define WORLD_FILLERS 300 /* people in beta, so that a search takes more than one quantum */

/* Who asks. The other tenant's administrator is gamma's, the installation's is acme's; the operator owns the
 * directory. */
enum column { ANONYMOUS, USER, ADMIN, OTHER, INSTALLATION, OPERATOR, COLUMNS };
extern const char *const column_names[COLUMNS];
struct subject {
	const char *dn, *password;
};
extern const struct subject subjects[COLUMNS];

struct keyd;
struct world {
	char dir[64];
	struct lw_clock clock;
	struct store *store;
	struct keys *keys;
	struct ldapd_server *ldap;
	struct control_server *control;
	struct keyd *keyd;
	struct lw_arena *arena; /* of one cell */
	bool dirty;             /* a request has changed something: a fresh copy is due before the next */
	uint32_t acme, beta, gamma;
};
extern struct world world;

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void check(int err, const char *what); /* dies */

/* What beta's administrator adds at the end, NULL-ended; before world_prepare. */
extern const char *const *world_more;
/* Makes the directory that world_open copies. Its name goes to ret. */
void world_prepare(char ret[64]);
/* The same in a process of its own, so that this one may fork: an open database must not be. */
void world_prepare_apart(char ret[64]);
void world_remove(const char *dir);
void world_open(const char *prepared);
void world_close(void);
void world_fresh(
        const char *prepared); /* a new copy of the database where dirty; an empty arena in any case */
/* What keyd would give the subject after its password (the operator after his word); not for ANONYMOUS. */
uint32_t world_tenant(enum column); /* where the subject is at home; beta for those without */
void world_cap(enum column, struct lw_cap *ret);
/* Beta has a trust with gamma and a grant for its administrators; gamma has none with beta, and so nothing comes of it. A request
 * with "trusted " in front is asked after gamma's administrator has made the other half: he is a partner then. What is behind it. */
const char *world_trusting(const char *request);
/* The id of an entry, absent ones too: those get one that nobody has. */
struct lw_uuid world_uuid(uint32_t tenant, const char *dn);

/* "$" is beta's suffix, "%" is acme's, "^" is gamma's. In the arena. */
char *expand(const char *text);
/* Words of a request, in the arena; "_" in a value of an add is a space. */
size_t words(char *text, char **ret, size_t max);

#endif
