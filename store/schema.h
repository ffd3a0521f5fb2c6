/* SPDX-License-Identifier: Apache-2.0 */
/* The schema: a table compiled from RFC 4512 definitions (store/schema_*.c), syntaxes and matching rules.
 * Attribute ids are small, fixed numbers written in the definitions: they are on disk. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdbool.h>
#include "base/arena.h"

enum schema_attr_flag {
	SCHEMA_SINGLE = 1,        /* SINGLE-VALUE */
	SCHEMA_NO_USER_MOD = 2,   /* NO-USER-MODIFICATION */
	SCHEMA_OPERATIONAL = 4,   /* not returned by "*"; needs no object class */
	SCHEMA_SECRET = 8,        /* sealed; unreadable, incomparable, unfilterable for everyone */
	SCHEMA_ORDINARY = 16,     /* the harmless ones: attrs(ordinary) in grants */
	SCHEMA_REF = 32,          /* DN whose target must exist; stored as entry id; member, managedBy … */
	SCHEMA_COLLECTIVE = 64, SCHEMA_OBSOLETE = 128,
	SCHEMA_IX_EQ = 256, SCHEMA_IX_SUB = 512, SCHEMA_IX_ORD = 1024, /* which indexes hold it */
	SCHEMA_UNIQUE = 2048,     /* held unique in the name table (uid, mail, krbPrincipalName) */
	SCHEMA_COMPUTED = 4096,   /* made by the view (entryDN, memberOf, subschemaSubentry, hasSubordinates…), never stored */
};

struct schema_rule;   /* a matching rule */
struct schema_syntax;

struct schema_attr {
	uint16_t id;
	const char *oid;
	const char *const *names;       /* NULL-ended; names[0] is the one we print */
	const struct schema_attr *sup;
	const struct schema_syntax *syntax;
	const struct schema_rule *equality, *ordering, *substr; /* inherited ones filled in; NULL: none */
	unsigned flags;
	size_t max_len;                 /* of one value; never 0 */
	const char *definition;         /* as the subschema shows it */
};

enum schema_class_kind { SCHEMA_ABSTRACT, SCHEMA_STRUCTURAL, SCHEMA_AUXILIARY };
struct schema_class {
	uint16_t id;
	const char *oid;
	const char *const *names;
	const struct schema_class *const *sups; /* NULL-ended */
	enum schema_class_kind kind;
	const struct schema_attr *const *must, *const *may; /* NULL-ended, own ones only */
	const char *definition;
};

/* Compiles the tables once (thread-safe, called by store_open too). Aborts with a log line on a broken definition. */
void schema_init(void);

/* By name or OID, any case; without options. NULL: not known. */
const struct schema_attr *schema_attr(struct lw_bytes name);
const struct schema_attr *schema_attr_id(uint16_t id);
const struct schema_class *schema_class(struct lw_bytes name);
const struct schema_rule *schema_rule(struct lw_bytes name);
const struct schema_attr *schema_attr_at(size_t i); /* iterate: NULL at the end; also classes */
const struct schema_class *schema_class_at(size_t i);

/* RFC 4512 2.5 attribute description: type and options. *ret_options is canonical (lower case, sorted, ";a;b"), empty
 * when there are none. LW_EINVAL: not a description; LW_EUNDEFATTR: unknown type (*ret_attr NULL). */
int schema_desc(struct lw_arena *, struct lw_bytes desc, const struct schema_attr **ret_attr, struct lw_bytes *ret_options);
bool schema_attr_isa(const struct schema_attr *, const struct schema_attr *sup); /* itself or a subtype */
bool schema_class_isa(const struct schema_class *, const struct schema_class *sup);

/* A value against its syntax (RFC 4517) and max_len: LW_ESYNTAX, LW_ELIMIT. */
int schema_check_value(const struct schema_attr *, struct lw_bytes value);
/* Equality normal form: equal values and only they have equal octets (RFC 4518 for strings; DNs by dn.h).
 * LW_ESYNTAX: not a value of the assertion syntax; LW_EMATCHING: no equality rule. rule NULL: the attribute's own.
 * Here and below *ret may be (a part of) value itself: it lives as long as the arena and value do. */
int schema_norm(const struct schema_attr *, const struct schema_rule *rule, struct lw_arena *, struct lw_bytes value, struct lw_bytes *ret);
/* Ordering key: memcmp order is the rule's order. LW_EMATCHING: no ordering rule. */
int schema_ordkey(const struct schema_attr *, const struct schema_rule *rule, struct lw_arena *, struct lw_bytes value, struct lw_bytes *ret);
/* Substrings: the normal form to search in, and the normal form of each piece. LW_EMATCHING: no substrings rule. */
int schema_sub_value(const struct schema_attr *, struct lw_arena *, struct lw_bytes value, struct lw_bytes *ret);
enum schema_piece { SCHEMA_INITIAL, SCHEMA_ANY, SCHEMA_FINAL };
int schema_sub_piece(const struct schema_attr *, enum schema_piece, struct lw_arena *, struct lw_bytes value, struct lw_bytes *ret);
/* Does a rule (extensible match) apply to this attribute? */
bool schema_rule_applies(const struct schema_rule *, const struct schema_attr *);
bool schema_attr_is_dn(const struct schema_attr *); /* its syntax is DN */

/* An entry's object class values and present attributes (RFC 4512 2.4): at least one structural chain, every MUST there,
 * nothing that is not allowed; operational attributes need no class. *ret_structural: the most derived structural class.
 * LW_EOBJCLASS with what is wrong in err (which attribute or class). Unknown class: LW_EOBJCLASS. */
int schema_check_entry(const struct lw_bytes *classes, size_t nclasses, const struct schema_attr *const *attrs, size_t nattrs,
	const struct schema_class **ret_structural, char err[160]);

/* The subschema subentry's values, NULL-ended tables of definitions. */
const char *const *schema_list_attributes(void);
const char *const *schema_list_classes(void);
const char *const *schema_list_syntaxes(void);
const char *const *schema_list_rules(void);
const char *const *schema_list_rule_uses(void);

#endif
