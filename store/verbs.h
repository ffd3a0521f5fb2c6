/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the access policy. Every operation row of every protocol names one. */
#ifndef STORE_VERBS_H
#define STORE_VERBS_H

#define ACCESS_VERBS(X)                                                                                     \
	X(READ, "read") X(SEARCH, "search") X(COMPARE, "compare") X(WRITE, "write") X(CREATE, "create")     \
	X(DELETE, "delete") X(MOVE, "move") X(SET_SECRET, "set-secret") X(TICKET, "ticket")                 \
	X(DELEGATE, "delegate") X(IMPERSONATE, "impersonate") X(TOKEN, "token") X(ENROL, "enrol")           \
	X(REVOKE, "revoke") X(EXPORT, "export") X(ADMINISTER, "administer")

enum access_verb {
	ACCESS_NONE = 0, /* a zero right: no row may have it */
#define X(id, text) ACCESS_##id,
	ACCESS_VERBS(X)
#undef X
	ACCESS_VERB_COUNT
};

#endif
