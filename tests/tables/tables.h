/* SPDX-License-Identifier: Apache-2.0 */
/* What every row of every operation table answers to each kind of subject, written by hand. */
#ifndef TESTS_TABLES_TABLES_H
#define TESTS_TABLES_TABLES_H

#include "tests/tables/world.h"

struct line {
	const char *row;  /* of the table */
	const char *what; /* which request, and about what */
	const char *request;
	const char *want[COLUMNS];
};
#define SAME(x)                                                                                              \
	{                                                                                                    \
		x, x, x, x, x, x                                                                             \
	}

/* A field of a row that says who may: the mutants write there. */
struct right {
	const char *field;
	void *at;
	size_t size;
	unsigned now;
};
struct table {
	const char *name;
	size_t (*rows)(void);
	const char *(*row)(size_t);
	unsigned (*rights)(size_t row, struct right ret[4]);
	const char *(*ask)(enum column, const char *request); /* the outcome, in world.arena */
	/* something was done or shown */
	bool (*granted)(const struct line *, const char *outcome);
	const struct line *lines; /* ended by a NULL row */
};
extern const struct table table_operations, table_extended, table_controls, table_verbs, table_messages,
        table_forwarded, table_writes, table_kdc, table_padata, table_options, table_routes,
        table_relay, table_mechanism, table_token_type, table_profile, table_ws_trust;
extern const struct table *const tables[];
extern const size_t ntables;

struct lw_bytes table_csr(void); /* P-256, without names */

/* A leaf that somebody shows: of beta's "bob", of "acme"'s, a "revoked" one, "none". In world.arena (ask_leaf.c). */
struct lw_bytes leaf_named(const char *);

/* What a mutant is: this right gets that value, and the lines of the row must not come out as they should.
 * strict: they must all be refused, too. */
struct mutant {
	const struct table *table;
	const char *row;
	struct right right;
	unsigned value;
	bool strict;
};
/* Every zero right of the tables, and those of mutants.c. Returns how many. */
size_t list_mutants(struct mutant *ret, size_t max);

extern const struct line lines_operations[], lines_extended[], lines_controls[], lines_verbs[],
        lines_messages[], lines_forwarded[], lines_writes[], lines_kdc[], lines_padata[], lines_options[], lines_routes[],
        lines_relay[], lines_mechanism[], lines_token_type[], lines_profile[], lines_ws_trust[];

#endif
