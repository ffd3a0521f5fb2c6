/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API, as one table: which HTTP request is which verb of lwctl's (base/ctl.h, lwd/control.h). Web makes its routes of it
 * (lwd/web_api.c), lwctl --server reads it the other way round. docs/api.md is for those who use it.
 *
 * To add something: the verb in lwd/control.c; a row in API_ROWS and, where none of the sets of members fits, a set in API_SETS and its
 * members in base/api.c; its lines in tests/tables/want_forwarded.c and want_http.c. No code: a command of lwctl whose verb and kind have a
 * row works with --server as well.
 *
 * A row: method, path, the right that decides behind it, verb, kind (NULL: none), set of members, what it answers with. A {parameter} of the
 * path is the argument of that name, all but {tenant}. Members come in the body, those of GET and DELETE in the query. */
#ifndef BASE_API_H
#define BASE_API_H

#include "base/bytes.h"

struct ctl_request;

#define API_TENANTS "/api/v1/tenants" /* the installation's: asked in the system tenant */
#define API_TENANT  API_TENANTS "/{tenant}"

/* name, octets of a body, does it wait for password hashing? */
#define API_SETS(X)                                                                                                                    \
	X(NONE, 0, false) X(PAGE, 0, false) X(EXPLAIN, 0, false) X(CA, 0, false) X(USER, 65536, true) X(ACCOUNT, 65536, true)          \
	X(GROUP, 65536, false) X(GRANT, 65536, false) X(DEFAULTS, 65536, false) X(SET, 1 << 20, false) X(PASSWORD, 8192, true) X(MEMBERS, 1 << 20, false)          \
	X(TENANT, 8192, true) X(KEYTAB, 1024, false) X(CSR, 65536, false) X(REVOKE, 1024, false) X(DISABLE, 1024, false)                  \
	X(TRUST, 65536, false) X(ROTATE, 1024, false) X(RP, 1 << 20, false) X(RP_SET, 1 << 20, false) X(TOKEN, 4096, false)

#define API_OBJECTS(X, objects, kind, create)                                                                                          \
	X(GET, API_TENANT "/" objects, SEARCH, "object.list", kind, PAGE, API_LIST)                                                     \
	X(POST, API_TENANT "/" objects, CREATE, "object.create", kind, create, API_MADE)                                                \
	X(GET, API_TENANT "/" objects "/{name}", READ, "object.show", kind, NONE, API_ONE)                                              \
	X(PATCH, API_TENANT "/" objects "/{name}", WRITE, "object.set", kind, SET, API_ONE)                                             \
	X(DELETE, API_TENANT "/" objects "/{name}", DELETE, "object.delete", kind, NONE, API_NOTHING)
#define API_PRINCIPALS(X, objects, kind)                                                                                               \
	X(PUT, API_TENANT "/" objects "/{name}/password", SET_SECRET, "object.passwd", kind, PASSWORD, API_NOTHING)                     \
	X(POST, API_TENANT "/" objects "/{name}/disable", WRITE, "object.disable", kind, DISABLE, API_NOTHING)                          \
	X(POST, API_TENANT "/" objects "/{name}/enable", WRITE, "object.enable", kind, NONE, API_NOTHING)                               \
	X(POST, API_TENANT "/" objects "/{name}/unlock", SET_SECRET, "object.unlock", kind, NONE, API_NOTHING)

#define API_ROWS(X)                                                                                                                    \
	X(GET, API_TENANTS, ADMINISTER, "tenant.list", NULL, NONE, API_LIST)                                                            \
	X(POST, API_TENANTS, ADMINISTER, "tenant.create", NULL, TENANT, API_MADE)                                                       \
	X(GET, API_TENANTS "/{name}", ADMINISTER, "tenant.show", NULL, NONE, API_ONE)                                                   \
	X(DELETE, API_TENANTS "/{name}", ADMINISTER, "tenant.delete", NULL, NONE, API_NOTHING)                                         \
	X(POST, API_TENANTS "/{name}/disable", ADMINISTER, "tenant.disable", NULL, NONE, API_NOTHING)                                   \
	X(POST, API_TENANTS "/{name}/enable", ADMINISTER, "tenant.enable", NULL, NONE, API_NOTHING)                                     \
	X(GET, API_TENANT "/whoami", READ, "whoami", NULL, NONE, API_ONE)                                                               \
	X(GET, API_TENANT "/audit", ADMINISTER, "audit.tail", NULL, PAGE, API_LIST)                                                     \
	X(GET, API_TENANT "/audit/verify", ADMINISTER, "audit.verify", NULL, NONE, API_LIST)                                            \
	X(GET, API_TENANT "/explain", ADMINISTER, "explain", NULL, EXPLAIN, API_ONE)                                                    \
	X(GET, API_TENANT "/ca", READ, "ca.show", NULL, CA, API_ONE)                                                                    \
	X(GET, API_TENANT "/ca/crl", READ, "ca.crl", NULL, CA, API_ONE)                                                                 \
	X(GET, API_TENANT "/certificates", SEARCH, "object.list", "cert", PAGE, API_LIST)                                               \
	X(POST, API_TENANT "/certificates", ENROL, "cert.issue", NULL, CSR, API_MADE)                                                   \
	X(GET, API_TENANT "/certificates/{name}", READ, "cert.show", NULL, NONE, API_ONE)                                               \
	X(POST, API_TENANT "/certificates/{name}/revoke", REVOKE, "cert.revoke", NULL, REVOKE, API_NOTHING)                             \
	API_OBJECTS(X, "users", "user", USER)                                                                                           \
	API_PRINCIPALS(X, "users", "user")                                                                                              \
	API_OBJECTS(X, "services", "service", ACCOUNT)                                                                                  \
	API_PRINCIPALS(X, "services", "service")                                                                                        \
	API_OBJECTS(X, "hosts", "host", ACCOUNT)                                                                                        \
	API_PRINCIPALS(X, "hosts", "host")                                                                                              \
	API_OBJECTS(X, "groups", "group", GROUP)                                                                                        \
	X(POST, API_TENANT "/groups/{name}/members", WRITE, "group.add", "group", MEMBERS, API_NOTHING)                                 \
	X(POST, API_TENANT "/groups/{name}/members/remove", WRITE, "group.remove", "group", MEMBERS, API_NOTHING)                       \
	X(DELETE, API_TENANT "/groups/{name}/members/{member}", WRITE, "group.remove", "group", NONE, API_NOTHING)                      \
	API_OBJECTS(X, "grants", "grant", GRANT)                                                                                        \
	X(POST, API_TENANT "/grants/defaults", CREATE, "grant.defaults", NULL, DEFAULTS, API_LIST)                                       \
	X(GET, API_TENANT "/relying-parties", SEARCH, "object.list", "rp", PAGE, API_LIST)                                               \
	X(POST, API_TENANT "/relying-parties", CREATE, "object.create", "rp", RP, API_MADE)                                             \
	X(GET, API_TENANT "/relying-parties/{name}", READ, "object.show", "rp", NONE, API_ONE)                                          \
	X(PATCH, API_TENANT "/relying-parties/{name}", WRITE, "object.set", "rp", RP_SET, API_ONE)                                      \
	X(DELETE, API_TENANT "/relying-parties/{name}", DELETE, "object.delete", "rp", NONE, API_NOTHING)                               \
	X(POST, API_TENANT "/tokens", TOKEN, "token.issue", NULL, TOKEN, API_ONE)                                                       \
	API_OBJECTS(X, "trusts", "trust", TRUST)                                                                                        \
	API_OBJECTS(X, "policies", "policy", GROUP)                                                                                     \
	X(POST, API_TENANT "/keytabs", EXPORT, "keytab.get", NULL, KEYTAB, API_ONE)                                                     \
	X(GET, API_TENANT "/keys", ADMINISTER, "key.list", NULL, NONE, API_LIST)                                                        \
	X(POST, API_TENANT "/keys/{kind}/rotate", ADMINISTER, "key.rotate", NULL, ROTATE, API_LIST)

enum api_method { API_GET = 1, API_POST, API_PUT, API_PATCH, API_DELETE };
enum api_answer {
	API_ONE,    /* 200, an object */
	API_MADE,   /* 201, an object, Location */
	API_LIST,   /* 200, {"items":[…]}; with members limit and after in pages: "next" where there is more */
	API_NOTHING /* 204 */
};
enum api_type {
	API_STRING = 1,
	API_FLAG,    /* true or false */
	API_NUMBER,  /* or a string */
	API_STRINGS, /* a list; the argument repeats */
	API_OCTETS,  /* base64 */
	API_PEM,     /* as text, or base64 of what is no PEM */
	API_CHANGES  /* a list of ATTR=V, ATTR+=V, ATTR-=V; and every other member is an attribute: its new value, values, or null */
};
struct api_member {
	const char *name, *key; /* in JSON; of the argument */
	enum api_type type;
	bool needed;
};
struct api_row {
	enum api_method method;
	const char *path, *verb, *kind;
	const struct api_member *members; /* ended by a NULL name */
	enum api_answer answer;
};
extern const struct api_row api_rows[]; /* ended by a NULL path */

/* The row of a request of lwctl's: verb and kind fit, the path's parameters are there, and every argument is a parameter or a member.
 * NULL: not over the API. */
const struct api_row *api_row_for(const struct ctl_request *);
const struct api_member *api_member(const struct api_row *, const char *key); /* of that argument; NULL: none */
bool api_in_path(const struct api_row *, struct lw_bytes key); /* is it one of {parameters}? */
/* Path and query with the request's tenant and arguments in them, percent-encoded. */
void api_target(struct lw_writer *, const struct api_row *, const struct ctl_request *);
/* What lwctl's stable words are in HTTP: "not-found" is 404 … Unknown words are 500. */
int api_status(struct lw_bytes code);

#endif
