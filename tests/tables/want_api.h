/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of lwd/web_api.c, within lines_routes of want_http.c. What the verbs behind the routes answer in all cases stands in
 * want_forwarded.c; here is that each route asks its verb, about the path's tenant, with the caller's capability. */
#define T       "/api/v1/tenants/{tenant}"
#define BETA    "/api/v1/tenants/beta.example"
#define JSON(x) " type=application/json body=" x
/*      who is of another tenant is refused, whatever is there; the operator's word is no login */
#define OWN(user, admin)                                                                                     \
	{                                                                                                    \
		"401", user, admin, "403", "403", "403"                                                      \
	}
#define INSTALLATIONS(x)                                                                                     \
	{                                                                                                    \
		"401", "403", "403", "403", x, "403"                                                         \
	}
/*      nobody has asked anything of a tenant yet */
#define MALFORMED                                                                                            \
	{                                                                                                    \
		"401", "400", "400", "400", "400", "400"                                                     \
	}
/* what every kind of object has */
#define OBJECTS(objects, there, new, read, change, remove)                                             \
	{ "GET " T "/" objects, "a list", "GET " BETA "/" objects, OWN("200", "200") },                      \
	        { "POST " T "/" objects, "one", "POST " BETA "/" objects JSON(new), OWN("403", "201") },     \
	        { "GET " T "/" objects "/{name}", "one", "GET " BETA "/" objects "/" there, read },          \
	        { "GET " T "/" objects "/{name}", "absent", "GET " BETA "/" objects "/nobody",               \
		        OWN("404", "404") },                                                                 \
	        { "PATCH " T "/" objects "/{name}", "one",                                                   \
		        "PATCH " BETA "/" objects "/" there JSON("{\"title\":null,\"description\":\"new\"}"), change }, \
	        { "PATCH " T "/" objects "/{name}", "absent",                                                \
		        "PATCH " BETA "/" objects "/nobody" JSON("{\"description\":\"new\"}"),               \
		        OWN("404", "404") },                                                                 \
	        { "DELETE " T "/" objects "/{name}", "one", "DELETE " BETA "/" objects "/" there, remove },  \
	{                                                                                                    \
		"DELETE " T "/" objects "/{name}", "absent", "DELETE " BETA "/" objects "/nobody",           \
		        OWN("403", "404")                                                                    \
	}
#define PRINCIPALS(objects, there, change)                                                                   \
	{ "PUT " T "/" objects "/{name}/password", "one",                                                    \
		"PUT " BETA "/" objects "/" there "/password" JSON("{\"password\":\"a-new-password\"}"), change }, \
	        { "POST " T "/" objects "/{name}/disable", "one",                                            \
		        "POST " BETA "/" objects "/" there "/disable", change },                             \
	        { "POST " T "/" objects "/{name}/unlock", "one",                                             \
		        "POST " BETA "/" objects "/" there "/unlock", change },                              \
	{                                                                                                    \
		"POST " T "/" objects "/{name}/enable", "one", "POST " BETA "/" objects "/" there "/enable", \
		        change                                                                               \
	}

{ "GET /api/v1/tenants", "", "GET /api/v1/tenants", INSTALLATIONS("200") },
{ "POST /api/v1/tenants", "", "POST /api/v1/tenants" JSON("{\"name\":\"delta.example\",\"password\":\"delta-password\"}"),
	INSTALLATIONS("201") },
{ "POST /api/v1/tenants", "there", "POST /api/v1/tenants" JSON("{\"name\":\"beta.example\",\"password\":\"delta-password\"}"),
	INSTALLATIONS("409") },
{ "GET /api/v1/tenants/{name}", "there", "GET " BETA, INSTALLATIONS("200") },
{ "GET /api/v1/tenants/{name}", "absent", "GET /api/v1/tenants/delta.example", INSTALLATIONS("404") },
{ "DELETE /api/v1/tenants/{name}", "there", "DELETE /api/v1/tenants/gamma.example", { "401", "403", "403", "403", "204", "403" } },
{ "DELETE /api/v1/tenants/{name}", "absent", "DELETE /api/v1/tenants/delta.example", INSTALLATIONS("404") },
{ "DELETE /api/v1/tenants/{name}", "system", "DELETE /api/v1/tenants/acme.example", INSTALLATIONS("403") },
{ "POST /api/v1/tenants/{name}/disable", "there", "POST " BETA "/disable", INSTALLATIONS("204") },
{ "POST /api/v1/tenants/{name}/disable", "system", "POST /api/v1/tenants/acme.example/disable", INSTALLATIONS("403") },
{ "POST /api/v1/tenants/{name}/enable", "there", "POST " BETA "/enable", INSTALLATIONS("204") },

{ "GET " T "/whoami", "at home", "GET /api/v1/tenants/~/whoami", { "401", "200", "200", "200", "200", "403" } },
{ "GET " T "/whoami", "in beta", "GET " BETA "/whoami", OWN("200", "200") },
{ "GET " T "/whoami", "in a tenant that is not there", "GET /api/v1/tenants/delta.example/whoami", OWN("403", "403") },
{ "GET " T "/whoami", "by password", "GET " BETA "/whoami by=basic", SAME("401") },
{ "GET " T "/whoami", "forged", "GET " BETA "/whoami token=forged", SAME("401") },
{ "GET " T "/whoami", "expired", "GET " BETA "/whoami token=expired", SAME("401") },
{ "GET " T "/whoami", "another role's token", "GET " BETA "/whoami token=directory", SAME("401") },
{ "GET " T "/whoami", "in the clear", "GET " BETA "/whoami clear", SAME("403") },
{ "GET " T "/audit", "", "GET " BETA "/audit?limit=2", OWN("403", "200") },
{ "GET " T "/audit", "no place", "GET " BETA "/audit?after=1.2", OWN("400", "400") },
{ "GET " T "/audit/verify", "", "GET " BETA "/audit/verify", OWN("403", "200") },
{ "GET " T "/explain", "", "GET " BETA "/explain?who=bob&verb=read&what=carol&attr=cn", OWN("403", "200") },
{ "GET " T "/explain", "half", "GET " BETA "/explain?who=bob", MALFORMED },
{ "GET " T "/ca", "", "GET " BETA "/ca?of=root", OWN("200", "200") },
{ "GET " T "/ca", "another parameter", "GET " BETA "/ca?foot=true", MALFORMED },

{ "GET " T "/ca/crl", "", "GET " BETA "/ca/crl?of=root", OWN("200", "200") },
{ "GET " T "/certificates", "", "GET " BETA "/certificates", OWN("200", "200") },
{ "POST " T "/certificates", "no request", "POST " BETA "/certificates" JSON("{\"csr\":\"AAAA\"}"), OWN("400", "400") },
{ "POST " T "/certificates", "nothing", "POST " BETA "/certificates" JSON("{}"), MALFORMED },
{ "POST " T "/certificates", "one", "POST " BETA "/certificates" JSON("{\"csr\":\"CSR\"}"), OWN("201", "201") },
{ "POST " T "/certificates", "another's", "POST " BETA "/certificates" JSON("{\"csr\":\"AAAA\",\"subject\":\"carol\"}"), OWN("403", "400") },
{ "GET " T "/certificates/{name}", "one's own", "GET " BETA "/certificates/42424242424242424242424242424242", OWN("200", "200") },
{ "GET " T "/certificates/{name}", "another's", "GET " BETA "/certificates/46464646464646464646464646464646", OWN("404", "200") },
{ "GET " T "/certificates/{name}", "another tenant's", "GET " BETA "/certificates/45454545454545454545454545454545", OWN("404", "404") },
{ "POST " T "/certificates/{name}/revoke", "another's",
	"POST " BETA "/certificates/46464646464646464646464646464646/revoke" JSON("{\"reason\":\"superseded\"}"), OWN("404", "204") },
{ "POST " T "/certificates/{name}/revoke", "absent", "POST " BETA "/certificates/00/revoke", OWN("404", "404") },

OBJECTS("users", "carol", "{\"name\":\"new\",\"surname\":\"n\"}", OWN("200", "200"), OWN("403", "200"), OWN("403", "204")),
PRINCIPALS("users", "carol", OWN("403", "204")),
{ "GET " T "/users", "a page", "GET " BETA "/users?limit=2", OWN("200", "200") },
{ "GET " T "/users", "no page", "GET " BETA "/users?limit=none", OWN("400", "400") },
{ "GET " T "/users", "said twice", "GET " BETA "/users?limit=1&limit=2", MALFORMED },
{ "POST " T "/users", "there", "POST " BETA "/users" JSON("{\"name\":\"bob\"}"), OWN("403", "409") },
{ "POST " T "/users", "no JSON", "POST " BETA "/users body={\"name\":\"new\"}", MALFORMED },
{ "POST " T "/users", "an unknown member", "POST " BETA "/users" JSON("{\"name\":\"new\",\"nom\":\"x\"}"), MALFORMED },
{ "PATCH " T "/users/{name}", "one's own", "PATCH " BETA "/users/bob" JSON("{\"description\":\"new\"}"), OWN("200", "200") },
{ "PUT " T "/users/{name}/password", "one's own", "PUT " BETA "/users/bob/password" JSON("{\"password\":\"a-new-password\"}"),
	OWN("204", "204") },
{ "POST " T "/users/{name}/disable", "absent", "POST " BETA "/users/nobody/disable", OWN("404", "404") },
{ "POST " T "/users/{name}/disable", "with certificates",
	"POST " BETA "/users/carol/disable" JSON("{\"revoke\":true,\"reason\":\"superseded\"}"), OWN("403", "204") },
{ "POST " T "/users/{name}/disable", "a reason for nothing", "POST " BETA "/users/carol/disable" JSON("{\"revoke\":false,\"reason\":\"superseded\"}"),
	OWN("400", "400") },
{ "POST " T "/users/{name}/disable", "revoke, or not?", "POST " BETA "/users/carol/disable" JSON("{\"revoke\":\"yes\"}"), MALFORMED },
OBJECTS("services", "absent", "{\"name\":\"HTTP/new\"}", OWN("404", "404"), OWN("404", "404"), OWN("403", "404")),
PRINCIPALS("services", "absent", OWN("404", "404")),
OBJECTS("hosts", "web1", "{\"name\":\"new\"}", OWN("404", "200"), OWN("404", "200"), OWN("403", "204")),
PRINCIPALS("hosts", "web1", OWN("404", "204")),
OBJECTS("groups", "staff", "{\"name\":\"new\"}", OWN("200", "200"), OWN("403", "200"), OWN("403", "403")), /* a grant names it */
{ "POST " T "/groups/{name}/members", "user", "POST " BETA "/groups/staff/members" JSON("{\"members\":[\"carol\"]}"), OWN("403", "204") },
{ "POST " T "/groups/{name}/members", "none", "POST " BETA "/groups/staff/members" JSON("{\"members\":\"carol\"}"), MALFORMED },
{ "POST " T "/groups/{name}/members/remove", "user", "POST " BETA "/groups/staff/members/remove" JSON("{\"members\":[\"bob\"]}"),
	OWN("403", "204") },
{ "DELETE " T "/groups/{name}/members/{member}", "user", "DELETE " BETA "/groups/staff/members/bob", OWN("403", "204") },
{ "DELETE " T "/groups/{name}/members/{member}", "absent", "DELETE " BETA "/groups/stuff/members/bob", OWN("404", "404") },
OBJECTS("grants", "cellar", "{\"text\":\"permit_user_bob_may_read_any_attrs(*);\"}", OWN("404", "200"), OWN("404", "200"),
	OWN("403", "204")),
{ "POST " T "/grants/defaults", "the roles", "POST " BETA "/grants/defaults", OWN("403", "200") },
{ "POST " T "/grants/defaults", "no such", "POST " BETA "/grants/defaults" JSON("{\"names\":[\"cellar\"]}"), OWN("400", "400") },
{ "POST " T "/grants/defaults", "of no type", "POST " BETA "/grants/defaults" JSON("{\"names\":true}"), MALFORMED },
OBJECTS("relying-parties", "absent", "{\"name\":\"new\",\"entityId\":\"urn:new\",\"acsUrls\":[\"https://new.example/acs\"]}", OWN("404", "404"), OWN("404", "404"),
	OWN("403", "404")),
{ "POST " T "/relying-parties", "without an entityID", "POST " BETA "/relying-parties" JSON("{\"name\":\"new\"}"), MALFORMED },
{ "POST " T "/relying-parties", "no certificate", "POST " BETA "/relying-parties" JSON("{\"name\":\"new\",\"entityId\":\"urn:new\",\"certificates\":[\"!\"]}"),
	OWN("400", "400") },
OBJECTS("trusts", "gamma.example", "{\"name\":\"acme.example\",\"groups\":[\"staff\"]}", OWN("404", "200"), OWN("404", "200"), OWN("403", "204")),
{ "POST " T "/trusts", "with nobody", "POST " BETA "/trusts" JSON("{\"name\":\"nobody.example\"}"), OWN("403", "400") },
{ "GET " T "/users/{name}", "as a partner", "trusted GET " BETA "/users/carol", { "401", "200", "200", "200", "403", "403" } },
{ "PUT " T "/users/{name}/password", "as a partner", "trusted PUT " BETA "/users/carol/password" JSON("{\"password\":\"a-new-password\"}"),
	{ "401", "403", "204", "403", "403", "403" } },
OBJECTS("policies", "default", "{\"name\":\"new\"}", OWN("404", "200"), OWN("404", "200"), OWN("403", "403")), /* it stays */
{ "POST " T "/tokens", "one's own", "POST " BETA "/tokens" JSON("{\"type\":\"jwt\",\"audience\":\"urn:api\"}"), OWN("403", "200") },
{ "POST " T "/tokens", "of no type", "POST " BETA "/tokens" JSON("{\"audience\":\"urn:api\"}"), MALFORMED },
{ "POST " T "/keytabs", "host", "POST " BETA "/keytabs" JSON("{\"name\":\"web1\"}"), OWN("404", "200") },
{ "GET " T "/keys", "", "GET " BETA "/keys", OWN("403", "200") },
{ "POST " T "/keys/{kind}/rotate", "kerberos", "POST " BETA "/keys/kerberos/rotate", OWN("403", "200") },
{ "POST " T "/keys/{kind}/rotate", "master, of a tenant", "POST " BETA "/keys/master/rotate", OWN("403", "403") },
{ "POST " T "/keys/{kind}/rotate", "tls, of a tenant", "POST " BETA "/keys/tls/rotate", OWN("403", "403") },
{ "POST " T "/keys/{kind}/rotate", "no kind", "POST " BETA "/keys/cellar/rotate", OWN("400", "400") },
#undef T
#undef BETA
#undef JSON
#undef OWN
#undef INSTALLATIONS
#undef MALFORMED
#undef OBJECTS
#undef PRINCIPALS
