/* SPDX-License-Identifier: Apache-2.0 */
/* LDAP: operations, extended operations, controls. By RFC 4511 and the promises of docs/access.md:
 * no such verb anywhere: 50 before any look-up; invisible: 32 with the deepest visible entry, exactly as for "not there";
 * another tenant's: 32 and nothing. $ is beta's suffix, which the requests are about, % acme's.
 * Bob may not see hosts, grants and policies (no rule says so), nor ou=cellar (a rule forbids it). */
#include "tests/tables/tables.h"

#define BOB     "uid=bob,ou=people,$"
#define CAROL   "uid=carol,ou=people,$"
#define HIDDEN  "cn=web1,ou=hosts,$"
#define ABSENT  "cn=web2,ou=hosts,$"
#define CELLAR  "uid=dave,ou=cellar,$"
#define NO_SUCH "uid=dave,ou=cellos,$"
#define ALICE   "uid=alice,ou=people,%"
#define PERSON  " objectClass=inetOrgPerson uid=new cn=new sn=new"

const struct line lines_operations[] = {
	/*                                     anonymous user             admin           other   installation operator */
	{ "search", "own entry", "search base " BOB " (uid=bob) *", { "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "search", "another's", "search base " CAROL " (uid=carol) cn", { "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "search", "hidden", "search base " HIDDEN " (objectClass=*)", { "50", "32@ou=hosts,$", "0+1", "32", "32", "0+1" } },
	{ "search", "absent", "search base " ABSENT " (objectClass=*)",
		{ "50", "32@ou=hosts,$", "32@ou=hosts,$", "32", "32", "32@ou=hosts,$" } },
	{ "search", "hidden subtree", "search sub " CELLAR " (objectClass=*)", { "50", "32@$", "0+1", "32", "32", "0+1" } },
	{ "search", "absent subtree", "search sub " NO_SUCH " (objectClass=*)", { "50", "32@$", "32@$", "32", "32", "32@$" } },
	{ "search", "hidden among others", "search sub $ (|(uid=dave)(cn=web1)(uid=carol))",
		{ "50", "0+1", "0+3", "32", "32", "0+3" } },
	{ "search", "attribute that may not be searched", "search sub $ (&(uid=carol)(homePhone=+1-7))",
		{ "50", "0+0", "0+1", "32", "32", "0+1" } },
	{ "search", "its negation", "search sub $ (&(uid=carol)(!(homePhone=+1-8)))", { "50", "0+0", "0+1", "32", "32", "0+1" } },
	{ "search", "own non-ordinary attribute", "search sub $ (&(uid=bob)(krbPrincipalName=bob@BETA.EXAMPLE))",
		{ "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "search", "installation's tenant", "search base " ALICE " (objectClass=*)", { "50", "32", "32", "32", "0+1", "32" } },
	{ "search", "no tenant", "search sub dc=example (objectClass=*)", { "50", "32", "32", "32", "32", "32" } },
	{ "search", "below the root", "search sub \"\" (objectClass=*)", { "50", "32", "32", "32", "32", "32" } },
	{ "search", "root DSE", "search base \"\" (objectClass=*) +", SAME("0+1") },
	{ "search", "subschema", "search base cn=Subschema (objectClass=subschema) +", SAME("0+1") },
	{ "search", "bad name", "search base no-name (objectClass=*)", { "50", "34", "34", "34", "34", "34" } },

	{ "compare", "own entry", "compare " BOB " sn=bob", { "50", "6", "6", "32", "32", "6" } },
	{ "compare", "another's", "compare " CAROL " sn=carole", { "50", "5", "5", "32", "32", "5" } },
	{ "compare", "attribute that may not be compared", "compare " CAROL " homePhone=+1-7",
		{ "50", "50", "6", "32", "32", "6" } },
	{ "compare", "absent attribute", "compare " CAROL " title=x", { "50", "16", "16", "32", "32", "16" } },
	{ "compare", "unknown attribute", "compare " CAROL " noSuchThing=x", { "50", "17", "17", "32", "32", "17" } },
	{ "compare", "hidden", "compare " HIDDEN " cn=web1", { "50", "32@ou=hosts,$", "6", "32", "32", "6" } },
	{ "compare", "absent", "compare " ABSENT " cn=web2",
		{ "50", "32@ou=hosts,$", "32@ou=hosts,$", "32", "32", "32@ou=hosts,$" } },
	{ "compare", "hidden subtree", "compare " CELLAR " uid=dave", { "50", "32@$", "6", "32", "32", "6" } },
	{ "compare", "installation's tenant", "compare " ALICE " uid=alice", { "50", "32", "32", "32", "6", "32" } },
	{ "compare", "root DSE", "compare \"\" vendorName=lwd", { "50", "32", "32", "32", "32", "32" } },

	{ "modify", "own harmless attribute", "modify " BOB " replace:description=new", { "50", "0", "0", "32", "32", "0" } },
	{ "modify", "own name", "modify " BOB " replace:sn=new", { "50", "50", "0", "32", "32", "0" } },
	{ "modify", "another's", "modify " CAROL " replace:description=new", { "50", "50", "0", "32", "32", "0" } },
	{ "modify", "nothing that may be written", "modify " CAROL " replace:entryUUID=x", { "50", "50", "19", "32", "32", "19" } },
	{ "modify", "administrator's", "modify uid=admin,ou=people,$ replace:description=new",
		{ "50", "50", "0", "32", "32", "0" } },
	{ "modify", "makes himself administrator", "modify cn=administrators,ou=groups,$ add:member=" BOB,
		{ "50", "50", "0", "32", "32", "0" } },
	{ "modify", "member who is not there", "modify cn=staff,ou=groups,$ add:member=uid=nobody,ou=people,$",
		{ "50", "50", "19", "32", "32", "19" } },
	{ "modify", "member of another tenant", "modify cn=staff,ou=groups,$ add:member=" ALICE,
		{ "50", "50", "19", "32", "32", "19" } },
	{ "modify", "hidden", "modify " HIDDEN " replace:description=new", { "50", "32@ou=hosts,$", "0", "32", "32", "0" } },
	{ "modify", "absent", "modify " ABSENT " replace:description=new",
		{ "50", "32@ou=hosts,$", "32@ou=hosts,$", "32", "32", "32@ou=hosts,$" } },
	{ "modify", "hidden subtree", "modify " CELLAR " replace:description=new", { "50", "32@$", "0", "32", "32", "0" } },
	{ "modify", "installation's tenant", "modify " ALICE " replace:description=new", { "50", "32", "32", "32", "0", "32" } },
	{ "modify", "own password", "modify " BOB " replace:userPassword=a-new-password", { "50", "0", "0", "32", "32", "0" } },
	{ "modify", "another's password", "modify " CAROL " replace:userPassword=a-new-password",
		{ "50", "50", "0", "32", "32", "0" } },
	{ "modify", "hidden one's password", "modify " HIDDEN " replace:userPassword=a-new-password",
		{ "50", "32@ou=hosts,$", "0", "32", "32", "0" } },
	{ "modify", "root DSE", "modify \"\" replace:description=new", { "50", "53", "53", "53", "53", "53" } },

	{ "add", "a person", "add uid=new,ou=people,$" PERSON, { "50", "50", "0", "32", "32", "0" } },
	{ "add", "one that is there", "add " CAROL " objectClass=inetOrgPerson uid=carol cn=carol sn=carol",
		{ "50", "50", "68", "32", "32", "68" } },
	{ "add", "below a hidden entry", "add uid=new,ou=cellar,$" PERSON, { "50", "50", "0", "32", "32", "0" } },
	{ "add", "below an absent entry", "add uid=new,ou=cellos,$" PERSON, { "50", "50", "32@$", "32", "32", "32@$" } },
	{ "add", "a grant", "add cn=mine,ou=grants,$ objectClass=lwGrant cn=mine "
		"lwGrantText=permit_user_bob_may_read_any_attrs(*);", { "50", "50", "0", "32", "32", "0" } },
	{ "add", "in the installation's tenant", "add uid=new,ou=people,%" PERSON, { "50", "50", "32", "32", "0", "32" } },
	{ "add", "the root DSE", "add \"\"" PERSON, { "50", "53", "53", "53", "53", "53" } },
	{ "add", "another suffix", "add dc=new,dc=example objectClass=dcObject objectClass=organization dc=new o=new",
		{ "50", "50", "32", "32", "32", "32" } },

	{ "delete", "own entry", "delete " BOB, { "50", "50", "0", "32", "32", "0" } },
	{ "delete", "another's", "delete " CAROL, { "50", "50", "0", "32", "32", "0" } },
	{ "delete", "administrator's", "delete uid=admin,ou=people,$", { "50", "50", "0", "32", "32", "0" } },
	{ "delete", "hidden", "delete " HIDDEN, { "50", "50", "0", "32", "32", "0" } },
	{ "delete", "absent", "delete " ABSENT, { "50", "50", "32@ou=hosts,$", "32", "32", "32@ou=hosts,$" } },
	{ "delete", "one with others below", "delete ou=cellar,$", { "50", "50", "53", "32", "32", "53" } },
	{ "delete", "installation's tenant", "delete " ALICE, { "50", "50", "32", "32", "0", "32" } },
	{ "delete", "root DSE", "delete \"\"", { "50", "53", "53", "53", "53", "53" } },
	{ "delete", "suffix", "delete $", { "50", "50", "53", "32", "32", "53" } },

	{ "modifyDN", "own entry", "moddn " BOB " uid=rob", { "50", "50", "0", "32", "32", "0" } },
	{ "modifyDN", "another's", "moddn " CAROL " uid=caroline", { "50", "50", "0", "32", "32", "0" } },
	{ "modifyDN", "to a place", "moddn " CAROL " uid=carol ou=cellar,$", { "50", "50", "0", "32", "32", "0" } },
	{ "modifyDN", "to an absent place", "moddn " CAROL " uid=carol ou=cellos,$",
		{ "50", "50", "32@$", "32", "32", "32@$" } },
	{ "modifyDN", "to the installation's tenant", "moddn " CAROL " uid=carol ou=people,%",
		{ "50", "50", "32", "32", "32", "32" } },
	{ "modifyDN", "out of it", "moddn " ALICE " uid=alice ou=people,$", { "50", "50", "32", "32", "32", "32" } },
	{ "modifyDN", "a name that is taken", "moddn " CAROL " uid=bob", { "50", "50", "68", "32", "32", "68" } },
	{ "modifyDN", "hidden", "moddn " HIDDEN " cn=web3", { "50", "50", "0", "32", "32", "0" } },
	{ "modifyDN", "absent", "moddn " ABSENT " cn=web3", { "50", "50", "32@ou=hosts,$", "32", "32", "32@ou=hosts,$" } },

	{ "modifyDN", "root DSE", "moddn \"\" cn=web3", { "50", "53", "53", "53", "53", "53" } },

	/* whoever the connection was before */
	{ "bind", "right", "bind " BOB " bobs-password ; whoami", SAME("0 ; 0") },
	{ "bind", "by name", "bind bob@beta.example bobs-password", SAME("0") },
	{ "bind", "by name in the other tenant", "bind bob@acme.example bobs-password", SAME("49") },
	{ "bind", "wrong", "bind " CAROL " wrong", SAME("49") },
	{ "bind", "absent", "bind uid=nobody,ou=people,$ wrong", SAME("49") },
	{ "bind", "hidden, without a password", "bind " CELLAR " wrong", SAME("49") },
	{ "bind", "no principal", "bind ou=people,$ wrong", SAME("49") },
	{ "bind", "no tenant", "bind uid=bob,ou=people,dc=nowhere,dc=example wrong", SAME("49") },
	{ "bind", "no password", "bind " BOB, SAME("53") },
	{ "bind", "anonymous, and then nothing is left", "bind \"\" ; search base $ (objectClass=*)", SAME("0 ; 50") },
	{ "bind", "failed, and then nothing is left", "bind " CAROL " ; search base $ (objectClass=*)", SAME("53 ; 50") },
	{ "bind", "as the operator", "external \"\" ; whoami", { "7 ; 0", "7 ; 0", "7 ; 0", "7 ; 0", "7 ; 0", "0 ; 0" } },

	{ "unbind", "at once", "unbind ; whoami", SAME("- ; - closed") },

	/* 300 candidates take two quanta: the abandon comes between them */
	{ "abandon", "a search that runs", "search sub $ (description=no-one) ; abandon 2 ; whoami",
		{ "50 ; - ; 0", "- ; - ; 0", "- ; - ; 0", "32 ; - ; 0", "32 ; - ; 0", "- ; - ; 0" } },
	{ "abandon", "another id", "search sub $ (description=no-one) ; abandon 9 ; whoami",
		{ "50 ; - ; 0", "0+0 ; - ; 0", "0+0 ; - ; 0", "32 ; - ; 0", "32 ; - ; 0", "0+0 ; - ; 0" } },

	{ "extended", "no such operation", "extended 1.2.3.4", SAME("2") },
	{ NULL, NULL, NULL, { NULL } },
};

const struct line lines_extended[] = {
	/* ldapi needs no TLS */
	{ "StartTLS", "in the clear", "starttls", { "0", "0", "0", "0", "0", "52" } },
	{ "StartTLS", "with more behind it", "starttls ; whoami", { "2 ; - closed", "2 ; - closed", "2 ; - closed", "2 ; - closed",
		"2 ; - closed", "52 ; 0" } },
	{ "WhoAmI", "alone", "whoami", SAME("0") },
	{ "PasswordModify", "own, old one given", "passmod - bobs-password a-new-password",
		{ "50", "0", "49", "49", "49", "53" } },
	{ "PasswordModify", "own, old one wrong", "passmod - wrong-password a-new-password",
		{ "50", "49", "49", "49", "49", "53" } },
	{ "PasswordModify", "own by name", "passmod " BOB " - a-new-password", { "50", "0", "0", "32", "32", "0" } },
	{ "PasswordModify", "another's", "passmod " CAROL " - a-new-password", { "50", "50", "0", "32", "32", "0" } },
	{ "PasswordModify", "another's with his old one", "passmod " CAROL " carols-password a-new-password",
		{ "50", "50", "0", "32", "32", "0" } },
	{ "PasswordModify", "administrator's", "passmod uid=admin,ou=people,$ - a-new-password",
		{ "50", "50", "0", "32", "32", "0" } },
	{ "PasswordModify", "hidden", "passmod " HIDDEN " - a-new-password", { "50", "32@ou=hosts,$", "0", "32", "32", "0" } },
	{ "PasswordModify", "absent", "passmod " ABSENT " - a-new-password",
		{ "50", "32@ou=hosts,$", "32@ou=hosts,$", "32", "32", "32@ou=hosts,$" } },
	{ "PasswordModify", "no principal", "passmod ou=people,$ - a-new-password", { "50", "50", "53", "32", "32", "53" } },
	{ "PasswordModify", "installation's tenant", "passmod " ALICE " - a-new-password",
		{ "50", "32", "32", "32", "0", "32" } },
	{ "PasswordModify", "by name in the other tenant", "passmod alice@acme.example - a-new-password",
		{ "50", "32", "32", "32", "0", "32" } },
	{ "Cancel", "nothing that runs", "cancel 99", SAME("119") },
	{ "Cancel", "a search that runs", "search sub $ (description=no-one) ; cancel 2 ; whoami",
		{ "50 ; 119 ; 0", "118 ; 0 ; 0", "118 ; 0 ; 0", "32 ; 119 ; 0", "32 ; 119 ; 0", "118 ; 0 ; 0" } },
	{ NULL, NULL, NULL, { NULL } },
};

/* Refused ones are critical: 12. The last line of each is for an operation that it is not for. */
const struct line lines_controls[] = {
	{ "pagedResults", "a page", "search base " BOB " (uid=bob) cn !paged:5",
		{ "50", "0+1[paged]", "0+1[paged]", "32", "32", "0+1[paged]" } },
	{ "pagedResults", "root DSE", "search base \"\" (objectClass=*) !paged:5", SAME("0+1[paged]") },
	{ "pagedResults", "compare", "compare " BOB " sn=bob !paged:5", { "50", "12", "12", "12", "12", "12" } },

	{ "assertion", "true", "compare " BOB " sn=bob !assert:(cn=bob)", { "50", "6", "6", "32", "32", "6" } },
	{ "assertion", "false", "search base " BOB " (uid=bob) !assert:(cn=rob)", { "50", "122", "122", "32", "32", "122" } },
	{ "assertion", "what may not be searched", "compare " CAROL " sn=carol !assert:(homePhone=+1-7)",
		{ "50", "122", "6", "32", "32", "6" } },
	{ "assertion", "hidden", "modify " HIDDEN " replace:description=x !assert:(cn=web1)",
		{ "50", "32@ou=hosts,$", "0", "32", "32", "0" } },
	{ "assertion", "add", "add uid=new,ou=people,$" PERSON " !assert:(cn=new)", { "50", "12", "12", "12", "12", "12" } },

	{ "preRead", "own", "modify " BOB " replace:description=new !pre:description",
		{ "50", "0[pre]", "0[pre]", "32", "32", "0[pre]" } },
	{ "preRead", "of what may not be written", "modify " CAROL " replace:description=new !pre:description",
		{ "50", "50", "0[pre]", "32", "32", "0[pre]" } },
	{ "preRead", "hidden", "modify " HIDDEN " replace:description=new !pre:description",
		{ "50", "32@ou=hosts,$", "0[pre]", "32", "32", "0[pre]" } },
	{ "preRead", "add", "add uid=new,ou=people,$" PERSON " !pre:cn", { "50", "12", "12", "12", "12", "12" } },

	{ "postRead", "own", "modify " BOB " replace:description=new !post:description",
		{ "50", "0[post]", "0[post]", "32", "32", "0[post]" } },
	{ "postRead", "of what may not be made", "add uid=new,ou=people,$" PERSON " !post:*",
		{ "50", "50", "0[post]", "32", "32", "0[post]" } },
	{ "postRead", "delete", "delete " CAROL " !post:cn", { "50", "12", "12", "12", "12", "12" } },

	{ "manageDsaIT", "search", "search base " BOB " (uid=bob) !manage", { "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "manageDsaIT", "root DSE", "search base \"\" (objectClass=*) !manage", SAME("0+1") },
	{ "manageDsaIT", "whoami", "whoami !manage", SAME("12") },

	{ "subentries", "search", "search base " BOB " (uid=bob) !subentries", { "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "subentries", "compare", "compare " BOB " sn=bob !subentries", { "50", "12", "12", "12", "12", "12" } },

	{ "dontUseCopy", "search", "search base " BOB " (uid=bob) !nocopy", { "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "dontUseCopy", "modify", "modify " BOB " replace:description=new !nocopy", { "50", "12", "12", "12", "12", "12" } },

	{ "passwordPolicy", "bind", "bind \"\" !ppolicy", SAME("0") },
	{ "passwordPolicy", "search", "search base " BOB " (uid=bob) !ppolicy", { "50", "0+1", "0+1", "32", "32", "0+1" } },
	{ "passwordPolicy", "whoami", "whoami !ppolicy", SAME("0") },
	{ "passwordPolicy", "abandon: criticality means nothing", "abandon 9 !manage ; whoami !ppolicy", SAME("- ; 0") },
	{ NULL, NULL, NULL, { NULL } },
};
