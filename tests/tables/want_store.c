/* SPDX-License-Identifier: Apache-2.0 */
/* The writer, which every protocol's updates end in: it asks everything again. LDAP's lines say more about
 * entries; tenants are made and switched by the system tenant's administrators and by the operator, and by
 * nobody else. */
#include "tests/tables/tables.h"

#define BOB    "uid=bob,ou=people,$"
#define CAROL  "uid=carol,ou=people,$"
#define HIDDEN "cn=web1,ou=hosts,$"
#define ABSENT "cn=web2,ou=hosts,$"
#define ALICE  "uid=alice,ou=people,%"
#define HOSTS  "ENOTFOUND@ou=hosts,dc=beta,dc=example"

const struct line lines_writes[] = {
	/*                          anonymous  user  administrator  other  installation  operator */
	{ "add", "a person", "add uid=new,ou=people,$",
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "add", "in the installation's tenant", "add uid=new,ou=people,%",
	        { "EACCES", "EACCES", "ENOTFOUND", "ENOTFOUND", "OK", "ENOTFOUND" } },
	{ "modify", "another's", "modify " CAROL,
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "modify", "own", "modify uid=bob,ou=people,$",
	        { "EACCES", "OK", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "modify", "hidden", "modify " HIDDEN, { "EACCES", HOSTS, "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "modify", "absent", "modify " ABSENT, { "EACCES", HOSTS, HOSTS, "ENOTFOUND", "ENOTFOUND", HOSTS } },
	{ "delete", "another's", "delete " CAROL,
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "delete", "absent", "delete " ABSENT,
	        { "EACCES", "EACCES", HOSTS, "ENOTFOUND", "ENOTFOUND", HOSTS } },
	{ "moddn", "another's", "moddn " CAROL " uid=new",
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "moddn", "absent", "moddn " ABSENT " cn=new",
	        { "EACCES", "EACCES", HOSTS, "ENOTFOUND", "ENOTFOUND", HOSTS } },
	{ "set-secret", "another's", "set-secret " CAROL,
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "set-secret", "own", "set-secret uid=bob,ou=people,$",
	        { "EACCES", "OK", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "set-secret", "hidden", "set-secret " HIDDEN,
	        { "EACCES", "ENOTFOUND", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "set-secret", "absent", "set-secret " ABSENT,
	        { "EACCES", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND" } },
	{ "set-secret", "installation's tenant", "set-secret " ALICE,
	        { "EACCES", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "OK", "ENOTFOUND" } },
	{ "tenant-create", "new", "tenant-create delta.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "OK", "OK" } },
	{ "tenant-create", "there", "tenant-create gamma.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "EEXIST", "EEXIST" } },
	{ "tenant-create", "nested", "tenant-create a.gamma.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "ECONSTRAINT", "ECONSTRAINT" } },
	{ "tenant-state", "off", "tenant-state gamma.example off",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "OK", "OK" } },
	{ "tenant-state", "on", "tenant-state gamma.example on",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "OK", "OK" } },
	{ "tenant-state", "system", "tenant-state acme.example off",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "EUNWILLING", "EUNWILLING" } },
	{ "tenant-state", "absent", "tenant-state delta.example off",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "ENOTFOUND", "ENOTFOUND" } },
	{ "tenant-delete", "one", "tenant-delete gamma.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "OK", "OK" } },
	{ "tenant-delete", "one's own", "tenant-delete beta.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "OK", "OK" } },
	{ "tenant-delete", "system", "tenant-delete acme.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "EUNWILLING", "EUNWILLING" } },
	{ "tenant-delete", "absent", "tenant-delete delta.example",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "ENOTFOUND", "ENOTFOUND" } },
	/* of no use to anybody but upkeep, and a right of roles alone */
	{ "tenant-reclaim", "of one that is deleted", "tenant-reclaim gamma.example",
	        { "EACCES", "EACCES", "EACCES", "EREVOKED", "EACCES", "OK" } },
	{ "tenant-reclaim", "nothing", "tenant-reclaim",
	        { "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "ENOTFOUND" } },
	/* a right of roles alone */
	{ "tenant-rewrap", "one", "tenant-rewrap gamma.example", { "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "OK" } },
	{ "tenant-rewrap", "changed meanwhile", "tenant-rewrap gamma.example stale", { "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EAGAIN" } },
	{ "tenant-rewrap", "absent", "tenant-rewrap delta.example", { "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "ENOTFOUND" } },
	/* each in the tenant where he is at home */
	{ "tenant-keys", "the next ones", "tenant-keys 2", { "EACCES", "EACCES", "OK", "OK", "OK", "OK" } },
	{ "tenant-keys", "stale", "tenant-keys 1",
	        { "EACCES", "EACCES", "EAGAIN", "EAGAIN", "EAGAIN", "EAGAIN" } },
	/* for oneself where the default grants say so; administrators and the operator for everybody of their tenant */
	{ "cert-intent", "own", "cert-intent 01 " BOB " user",
	        { "EACCES", "OK", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "cert-intent", "own, another profile", "cert-intent 01 " BOB " tls-server",
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "cert-intent", "another's", "cert-intent 01 " CAROL " user",
	        { "EACCES", "EACCES", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "cert-intent", "hidden", "cert-intent 01 " HIDDEN " user",
	        { "EACCES", "ENOTFOUND", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "cert-intent", "absent", "cert-intent 01 " ABSENT " user",
	        { "EACCES", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND" } },
	{ "cert-issued", "own", "cert-issued 01 " BOB, { "EACCES", "OK", "OK", "EAGAIN", "EAGAIN", "OK" } },
	{ "cert-issued", "another's", "cert-issued 01 " CAROL,
	        { "EACCES", "EAGAIN", "OK", "EAGAIN", "EAGAIN", "OK" } },
	{ "cert-issued", "absent", "cert-issued 01 " CAROL " -",
	        { "EACCES", "EAGAIN", "EAGAIN", "EAGAIN", "EAGAIN", "EAGAIN" } },
	{ "cert-drop", "own", "cert-drop 01 " BOB, { "EACCES", "OK", "OK", "EAGAIN", "EAGAIN", "OK" } },
	{ "cert-drop", "another's", "cert-drop 01 " CAROL,
	        { "EACCES", "EAGAIN", "OK", "EAGAIN", "EAGAIN", "OK" } },
	{ "cert-revoke", "own", "cert-revoke 01 " BOB,
	        { "EACCES", "OK", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "cert-revoke", "another's", "cert-revoke 01 " CAROL,
	        { "EACCES", "ENOTFOUND", "OK", "ENOTFOUND", "ENOTFOUND", "OK" } },
	{ "cert-revoke", "absent", "cert-revoke 01 " CAROL " -",
	        { "EACCES", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND" } },
	/* whose token it was, keyd has asked */
	{ "token-cancel", "one", "token-cancel _0123abcd", { "EACCES", "OK", "OK", "OK", "OK", "OK" } },
	/* nothing has expired */
	{ "expire", "nothing", "expire",
	        { "EACCES", "EACCES", "OK", "OK", "OK", "OK" } },
	{ NULL, NULL, NULL, { NULL } },
};
