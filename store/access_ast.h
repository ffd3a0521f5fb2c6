/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed grant: names are still text. Values live in the arena that access_parse was given. */
#ifndef STORE_ACCESS_AST_H
#define STORE_ACCESS_AST_H

#include "store/access.h"

enum access_subj {
	ACCESS_SUBJ_GROUP,
	ACCESS_SUBJ_USER,
	ACCESS_SUBJ_SERVICE,
	ACCESS_SUBJ_HOST,
	ACCESS_SUBJ_CLIENT,
	ACCESS_SUBJ_SELF,
	ACCESS_SUBJ_MANAGER,
	ACCESS_SUBJ_CLASS,
	ACCESS_SUBJ_AUTHENTICATED,
	ACCESS_SUBJ_ANONYMOUS,
	ACCESS_SUBJ_PARTNER /* a group of another tenant */,
	ACCESS_SUBJ_ROLE /* never in text: a row of access_roles.c */,
	ACCESS_SUBJ_COUNT
};
/* GROUP to CLIENT are followed by a name, CLASS by a word of access_classes, PARTNER by a domain, "group" and a name. */
extern const char *const access_subj_words[ACCESS_SUBJ_ROLE];

enum access_cond_kind {
	ACCESS_COND_AGE,
	ACCESS_COND_MFA,
	ACCESS_COND_METHOD,
	ACCESS_COND_CONFIDENTIAL,
	ACCESS_COND_IN,
	ACCESS_COND_NOT_IN,
	ACCESS_COND_COUNT
};
struct access_cond_row {
	const char *word, *op; /* op NULL: stands alone */
};
extern const struct access_cond_row access_cond_rows[ACCESS_COND_COUNT];
struct access_method_row {
	const char *word;
	uint32_t method;
};
extern const struct access_method_row access_methods[]; /* ended by a NULL word */
struct access_class_row {
	const char *word;
	enum access_who who;
};
extern const struct access_class_row access_classes[]; /* ended by a NULL word */

/* Letters, digits and what else may stand in a word, bare name or DN without quotes. */
bool access_word_octet(uint8_t, const char *more);
#define ACCESS_KEYWORD_OCTETS "-._"
#define ACCESS_NAME_OCTETS    "-._@/+:=$~"
#define ACCESS_DN_OCTETS      ACCESS_NAME_OCTETS ","

struct access_ast_cond {
	enum access_cond_kind kind;
	int64_t age;           /* AGE, us */
	uint32_t method;       /* METHOD: enum lw_cap_method */
	bool is_protected;     /* IN, NOT_IN: the protected principals, no group by name */
	struct lw_bytes group; /* IN, NOT_IN */
};

enum access_audience { ACCESS_AUD_UNSAID, ACCESS_AUD_NONE, ACCESS_AUD_URL };

struct access_ast {
	bool forbid;
	enum access_subj subject;
	enum access_who who;                        /* CLASS */
	struct lw_bytes subject_name;               /* GROUP to CLIENT, PARTNER */
	struct lw_bytes partner;                    /* PARTNER: a domain */
	uint32_t verbs;                             /* 1 << enum access_verb */
	unsigned kinds;                             /* enum access_kind; 0: no object was said */
	struct lw_bytes under, tag, named, profile; /* empty: unsaid */
	bool names_owned, names_theirs;
	enum access_audience audience;
	struct lw_bytes url;
	bool attrs_said, star, ordinary;
	unsigned nattrs;
	struct lw_bytes *attrs;
	unsigned nconds;
	struct access_ast_cond conds[ACCESS_MAX_CONDS];
	int64_t max_life; /* us; 0: unsaid */
};

#define ACCESS_VERBS_ALL ((1u << ACCESS_VERB_COUNT) - 2)
#define ACCESS_V(name)   (1u << ACCESS_##name)

#endif
