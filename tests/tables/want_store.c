/* SPDX-License-Identifier: Apache-2.0 */
/* The writer, which every protocol's updates end in: it asks everything again. LDAP's lines say more about
 * entries; tenants are made and switched by the system tenant's administrators and by the operator, and by
 * nobody else. */
#include "tests/tables/tables.h"

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
	/* each in the tenant where he is at home */
	{ "realm-keys", "the next ones", "realm-keys 2", { "EACCES", "EACCES", "OK", "OK", "OK", "OK" } },
	{ "realm-keys", "stale", "realm-keys 1",
	        { "EACCES", "EACCES", "EAGAIN", "EAGAIN", "EAGAIN", "EAGAIN" } },
	{ NULL, NULL, NULL, { NULL } },
};
