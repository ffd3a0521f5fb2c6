/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names: RFC 4514 strings, matched by RFC 4517/4518 rules of their attribute types. */
#ifndef STORE_DN_H
#define STORE_DN_H

#include "base/arena.h"
#include "store/schema.h"

#define DN_MAX_TEXT 8192
#define DN_MAX_RDNS 64
#define DN_MAX_AVAS 8

struct dn_ava {
	const struct schema_attr *attr;
	struct lw_bytes value; /* unescaped */
};
struct dn_rdn {
	unsigned navas;
	struct dn_ava *avas;
	struct lw_bytes text; /* RFC 4514 form as we print it */
	struct lw_bytes norm; /* equal RDNs and only they have equal octets (AVAs sorted by attribute id) */
};
struct store_dn {
	unsigned n; /* 0: the root DSE */
	struct dn_rdn *rdn; /* rdn[0] is the leaf */
};

/* LW_EDNSYNTAX (bad string, unknown type, value not of its syntax), LW_ELIMIT. Everything lives in the arena. */
int dn_parse(struct lw_arena *, struct lw_bytes text, struct store_dn **ret);
int dn_parse_rdn(struct lw_arena *, struct lw_bytes text, struct dn_rdn *ret); /* exactly one RDN */
int dn_make_rdn(struct lw_arena *, const struct schema_attr *, struct lw_bytes value, struct dn_rdn *ret);
void dn_put(struct lw_writer *, const struct store_dn *); /* text */
bool dn_eq(const struct store_dn *, const struct store_dn *);
/* Is dn at or below base? *ret_depth: how many RDNs below. */
bool dn_under(const struct store_dn *dn, const struct store_dn *base, unsigned *ret_depth);
/* dc=acme,dc=example for acme.example, and back (LW_ENOTFOUND: not made of dc only). */
int dn_from_domain(struct lw_arena *, const char *domain, struct store_dn **ret);
int dn_to_domain(struct lw_arena *, const struct store_dn *, char **ret);

#endif
