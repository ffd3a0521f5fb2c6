/* SPDX-License-Identifier: Apache-2.0 */
/* A search filter, built by the protocol (arena memory) and evaluated on views only, with RFC 4511 4.5.1.7's three values. */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "store/schema.h"

#define FILTER_MAX_DEPTH 32
#define FILTER_MAX_NODES 1024

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_EQ, FILTER_SUBSTR, FILTER_GE, FILTER_LE, FILTER_PRESENT,
	FILTER_APPROX, FILTER_EXTENSIBLE, FILTER_UNDEFINED /* unknown attribute, bad assertion: evaluates to Undefined */ };

struct filter {
	enum filter_kind kind;
	struct filter *child, *next;      /* AND, OR, NOT: list of children (may be empty, RFC 4526) */
	const struct schema_attr *attr;   /* NULL in an extensible match without type */
	struct lw_bytes options;          /* canonical */
	const struct schema_rule *rule;   /* extensible */
	bool dn_attrs;                    /* extensible :dn */
	struct lw_bytes norm;             /* EQ, APPROX, GE, LE, EXTENSIBLE: normalised assertion (ordering key for GE and LE) */
	struct filter_piece *pieces;      /* SUBSTR */
	unsigned npieces;
	struct lw_bytes value;            /* the assertion as it was given (filter_put only) */
};
struct filter_piece {
	enum schema_piece kind;
	struct lw_bytes norm, value;
};

/* Constructors that normalise and turn what RFC 4511 calls Undefined into FILTER_UNDEFINED nodes. NULL only without memory. */
struct filter *filter_set(struct lw_arena *, enum filter_kind, struct filter *children);
struct filter *filter_assert(struct lw_arena *, enum filter_kind, struct lw_bytes desc, struct lw_bytes value); /* EQ APPROX GE LE PRESENT */
struct filter *filter_substr(struct lw_arena *, struct lw_bytes desc, unsigned n, const enum schema_piece *, const struct lw_bytes *values);
struct filter *filter_extensible(struct lw_arena *, struct lw_bytes rule, struct lw_bytes desc, struct lw_bytes value, bool dn_attrs);
/* RFC 4515 text form, for lwctl, logs and tests. LW_EINVAL, LW_ELIMIT. */
int filter_parse(struct lw_arena *, struct lw_bytes text, struct filter **ret);
void filter_put(struct lw_writer *, const struct filter *); /* never prints assertion values of SECRET attributes */

/* One leaf (EQ, SUBSTR, GE, LE, APPROX, EXTENSIBLE, PRESENT) against one stored value of attr (the leaf's own type, a
 * subtype of it, or any type under an EXTENSIBLE without one). Pure; scratch memory from the arena. UNDEF: the leaf is
 * Undefined, the attribute is secret, the rule does not apply, or the stored value is not of its syntax. */
enum filter_truth { FILTER_FALSE, FILTER_TRUE, FILTER_UNDEF };
enum filter_truth filter_value_match(const struct filter *leaf, const struct schema_attr *attr, struct lw_arena *,
	struct lw_bytes stored_value);

#endif
