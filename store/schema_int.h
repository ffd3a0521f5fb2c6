/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the schema: the definition parser, the tables of definitions, syntaxes and matching rules. */
#ifndef STORE_SCHEMA_INT_H
#define STORE_SCHEMA_INT_H

#include "store/schema.h"

/* ---- the definitions, one table per source; ids are on disk and never reused ---- */
enum schema_class_flag {
	CLASS_EXTENSIBLE = 1, /* allows every user attribute (RFC 4512 4.3) */
	CLASS_ALONE = 2, /* auxiliary, yet may stand without a structural class (posixGroup, RFC 2307 and its
	                    successor) */
};
struct schema_row {
	uint16_t id;
	unsigned flags; /* schema_attr_flag beyond those the text gives, or schema_class_flag */
	const char *text;
};
struct schema_source {
	const char *name;
	uint16_t first, last; /* the block of ids */
	const struct schema_row *attrs;
	size_t nattrs;
	const struct schema_row *classes;
	size_t nclasses;
};
extern const struct schema_source schema_src_core, schema_src_pki, schema_src_cosine, schema_src_inet,
        schema_src_nis, schema_src_krb, schema_src_ppolicy, schema_src_misc, schema_src_lwd;
extern const struct schema_source *const schema_sources[]; /* NULL-ended */
#define SCHEMA_ID_MAX 1023
enum { SCHEMA_ID_CLASS = 1 /* objectClass */, SCHEMA_ID_STRUCTURAL = 2 /* structuralObjectClass */ };

/* ---- RFC 4512 4.1 descriptions ---- */
#define SCHEMA_DEF_MAX_TEXT 16384
#define SCHEMA_DEF_NAMES    8
#define SCHEMA_DEF_ATTRS    256
struct schema_list {
	unsigned n;
	struct lw_bytes v[SCHEMA_DEF_ATTRS];
};
struct schema_def {
	struct lw_bytes oid;
	struct schema_list names, sups, must, may;
	struct lw_bytes equality, ordering, substr, syntax, desc;
	uint32_t syntax_len; /* 0: none said */
	unsigned flags;      /* schema_attr_flag */
	enum schema_class_kind kind;
};
/* Slices of text. Fields in any order, each once; LW_EINVAL, LW_ELIMIT (ret is undefined then). */
int schema_def_attr(struct lw_bytes text, struct schema_def *ret);
int schema_def_class(struct lw_bytes text, struct schema_def *ret);
bool schema_is_oid(struct lw_bytes);   /* numericoid */
bool schema_is_descr(struct lw_bytes); /* descr: a letter, then letters, digits, hyphens */

/* ---- syntaxes ---- */
enum {
	SYNTAX_BINARY_TRANSFER = 1 /* descriptions carry ;binary (RFC 4522) */,
	SYNTAX_NOT_TEXT = 2,
	SYNTAX_HAS_DN = 4
};
struct schema_syntax {
	const char *oid, *desc;
	size_t max_len;
	unsigned flags;
	bool (*check)(struct lw_bytes);
};
extern const struct schema_syntax schema_syntaxes[]; /* ended by an oid of NULL */
const struct schema_syntax *schema_syntax(struct lw_bytes oid);
bool schema_check_time(
        struct lw_bytes, char ret_norm[64]); /* GeneralizedTime to UTC: digits, '.' and a fraction if any */
bool schema_split_uid(
        struct lw_bytes value, struct lw_bytes *ret_dn, struct lw_bytes *ret_bits); /* NameAndOptionalUID */

/* ---- matching rules ---- */
enum schema_rule_kind { RULE_EQUALITY, RULE_ORDERING, RULE_SUBSTR };
struct schema_rule {
	const char *oid, *name;
	const char *syntax; /* of the assertion */
	enum schema_rule_kind kind;
	/* The normal form of a value: for EQUALITY compared, for ORDERING by memcmp, for SUBSTR searched in.
	 */
	int (*norm)(const struct schema_attr *, struct lw_arena *, struct lw_bytes, struct lw_bytes *ret);
	int (*piece)(enum schema_piece, struct lw_arena *, struct lw_bytes, struct lw_bytes *ret);
	const char *const *applies; /* OIDs of the attribute syntaxes it can be used with, NULL-ended */
};
extern const struct schema_rule schema_rules[]; /* ended by an oid of NULL */

/* DER certificate or RFC 4523 CertificateExactAssertion to serial and issuer (store/schema_cert.c) */
int schema_norm_cert(const struct schema_attr *, struct lw_arena *, struct lw_bytes, struct lw_bytes *ret);

#endif
