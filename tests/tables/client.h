/* SPDX-License-Identifier: Apache-2.0 */
/* An LDAP client for the tables: encodes and decodes with OpenLDAP's libraries and hands the octets to
 * ldapd_proto. */
#ifndef TESTS_TABLES_CLIENT_H
#define TESTS_TABLES_CLIENT_H

#include "tests/tables/world.h"

/* One request, or several sent together with " ; " between them:
 *   search base|one|sub|children BASE FILTER [ATTR…]     compare DN ATTR=VALUE
 *   modify DN add|delete|replace:ATTR=VALUE…             add DN ATTR=VALUE…
 *   delete DN        moddn DN NEWRDN [SUPERIOR]          bind NAME [PASSWORD]    external [CREDENTIALS]    sasl MECHANISM CREDENTIALS
 *   unbind           abandon ID                          extended OID
 *   starttls         whoami       cancel ID              passmod -|USER -|OLD -|NEW
 * "" stands for an empty DN; the first request has the id 2. A word with "!" or "?" in front is a control,
 * critical or not: paged:N  assert:FILTER  pre:ATTR,…  post:ATTR,…  manage  subentries  nocopy  ppolicy
 * sort:ATTR  OID */

struct ldap_answer {
	int code; /* -1: none came */
	unsigned entries;
	struct lw_bytes matched, text, value;
	bool paged, pre, post; /* controls that came */
	bool closed;           /* the connection */
	char *attrs;           /* names of all attributes of all entries, in controls too: " cn sn" */
};

/* In the arena: for each request CODE[+ENTRIES][@MATCHED][paged][pre][post] or "-" (no answer), then
 * "closed". $ and % as in expand(). Sets world.dirty when something was changed. */
const char *ldap_ask(enum column who, const char *request);
/* The same for one request, with all that came back, undecoded and decoded. */
struct lw_bytes ldap_raw(enum column who, const char *request, struct ldap_answer *ret);

/* One request's octets. */
void ldap_encode(struct lw_writer *out, int id, const char *request);

/* A connection for many requests. */
struct ldap_client;
struct ldap_client *ldap_open(enum column who); /* NULL: the bind failed */
struct lw_bytes ldap_send(struct ldap_client *, const char *request);
void ldap_close(struct ldap_client *);

#endif
