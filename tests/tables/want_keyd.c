/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: what each message answers to the holder of each kind of token. A message from a role that its row
 * does not name is refused before its token is looked at; without a token, or with one that is not whole,
 * nothing is said but EAUTH. */
#include "tests/tables/tables.h"

#define BOB    "uid=bob,ou=people,$"
#define CAROL  "uid=carol,ou=people,$"
#define HIDDEN "cn=web1,ou=hosts,$"
#define ABSENT "cn=web2,ou=hosts,$"
#define CELLAR "uid=dave,ou=cellar,$"
#define ALICE  "uid=alice,ou=people,%"

const struct line lines_messages[] = {
	/*                        anonymous user         admin           other    installation  operator */
	{ "verify", "right", "verify target=" BOB " password=bobs-password", SAME("OK") },
	{ "verify", "wrong", "verify target=" CAROL " password=wrong", SAME("EAUTH") },
	{ "verify", "absent", "verify target=" ABSENT " password=wrong", SAME("EAUTH") },
	{ "verify", "hidden, without a password", "verify target=" CELLAR " password=wrong", SAME("EAUTH") },
	{ "verify", "in another tenant", "verify target=" BOB " tenant=acme password=bobs-password",
	        SAME("EAUTH") },
	{ "verify", "no tenant", "verify target=" BOB " tenant=none password=bobs-password", SAME("EAUTH") },
	{ "verify", "from the monitor", "verify target=" BOB " password=bobs-password from=monitor",
	        SAME("EACCES") },
	{ "verify", "from keyd", "verify target=" BOB " password=bobs-password from=keyd", SAME("EACCES") },

	/* directory's word is that the peer owns the data directory */
	{ "operator", "tenant", "operator", SAME("OK") },
	{ "operator", "no tenant", "operator tenant=none", SAME("ENOTFOUND") },
	{ "operator", "from the monitor", "operator from=monitor", SAME("EACCES") },
	{ "operator", "from keyd", "operator from=keyd", SAME("EACCES") },

	{ "check", "good", "check", { "EAUTH", "OK", "OK", "OK", "OK", "OK" } },
	{ "check", "forged", "check token=forged", SAME("EAUTH") },
	{ "check", "minted for another role", "check token=monitor", SAME("EAUTH") },
	{ "check", "of another boot", "check token=other-boot", SAME("EAUTH") },
	{ "check", "expired", "check token=expired",
	        { "EAUTH", "EEXPIRED", "EEXPIRED", "EEXPIRED", "EEXPIRED", "EEXPIRED" } },
	{ "check", "from the monitor", "check from=monitor", SAME("EACCES") },

	{ "renew", "nothing was changed", "renew", SAME("EAUTH") },
	{ "renew", "own password was changed", "renew changed",
	        { "EAUTH", "OK", "OK", "OK", "OK", "EAUTH" } },
	{ "renew", "forged", "renew token=forged", SAME("EAUTH") },
	{ "renew", "from the monitor", "renew changed from=monitor", SAME("EACCES") },

	{ "set-password", "own", "set-password tenant=own target=own",
	        { "EAUTH", "OK", "OK", "OK", "OK", "EACCES" } },
	{ "set-password", "own, old one wrong", "set-password tenant=own target=own old=wrong",
	        { "EAUTH", "EAUTH", "EAUTH", "EAUTH", "EAUTH", "EACCES" } },
	{ "set-password", "own, too short", "set-password tenant=own target=own password=short",
	        { "EAUTH", "EPWPOLICY", "EPWPOLICY", "EPWPOLICY", "EPWPOLICY", "EACCES" } },
	{ "set-password", "another's", "set-password target=" CAROL,
	        { "EAUTH", "EACCES", "OK", "EACCES", "EACCES", "OK" } },
	{ "set-password", "administrator's", "set-password target=uid=admin,ou=people,$",
	        { "EAUTH", "EACCES", "OK", "EACCES", "EACCES", "OK" } },
	{ "set-password", "hidden", "set-password target=" HIDDEN,
	        { "EAUTH", "ENOTFOUND", "OK", "EACCES", "EACCES", "OK" } },
	{ "set-password", "hidden subtree", "set-password target=" CELLAR,
	        { "EAUTH", "ENOTFOUND", "OK", "EACCES", "EACCES", "OK" } },
	{ "set-password", "absent", "set-password target=" ABSENT,
	        { "EAUTH", "ENOTFOUND", "ENOTFOUND", "EACCES", "EACCES", "ENOTFOUND" } },
	{ "set-password", "another tenant's, by the own", "set-password tenant=own target=" ALICE,
	        { "EAUTH", "ENOTFOUND", "ENOTFOUND", "ENOTFOUND", "OK", "ENOTFOUND" } },
	{ "set-password", "another tenant's", "set-password tenant=acme target=" ALICE,
	        { "EAUTH", "EACCES", "EACCES", "EACCES", "OK", "EACCES" } },
	{ "set-password", "asserted", "set-password target=own tenant=own token=asserted",
	        { "EAUTH", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES" } },
	{ "set-password", "asserted, for a new entry", "set-password target=" ABSENT " new token=asserted",
	        { "EAUTH", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES" } },
	{ "set-password", "for a new entry", "set-password target=" ABSENT " new",
	        { "EAUTH", "OK", "OK", "EACCES", "EACCES",
	                "OK" } }, /* that it may be made is the writer's to check */
	{ "set-password", "forged", "set-password target=" BOB " token=forged", SAME("EAUTH") },
	{ "set-password", "from the monitor", "set-password target=" BOB " from=monitor", SAME("EACCES") },

	{ "unlock", "own", "unlock tenant=own target=own", { "EAUTH", "OK", "OK", "OK", "OK", "ENOTFOUND" } },
	{ "unlock", "another's", "unlock target=" CAROL,
	        { "EAUTH", "EACCES", "OK", "EACCES", "EACCES", "OK" } },
	{ "unlock", "hidden", "unlock target=" HIDDEN,
	        { "EAUTH", "ENOTFOUND", "OK", "EACCES", "EACCES", "OK" } },
	{ "unlock", "absent", "unlock target=" ABSENT,
	        { "EAUTH", "ENOTFOUND", "ENOTFOUND", "EACCES", "EACCES", "ENOTFOUND" } },
	{ "unlock", "asserted", "unlock target=" CAROL " token=asserted",
	        { "EAUTH", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES" } },
	{ "unlock", "from the monitor", "unlock target=" CAROL " from=monitor", SAME("EACCES") },

	{ "tenant-new", "new", "tenant-new", { "EAUTH", "EACCES", "EACCES", "EACCES", "OK", "OK" } },
	{ "tenant-new", "weak password", "tenant-new password=short",
	        { "EAUTH", "EACCES", "EACCES", "EACCES", "EPWPOLICY", "EPWPOLICY" } },
	{ "tenant-new", "asserted", "tenant-new token=asserted",
	        { "EAUTH", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES" } },
	{ "tenant-new", "from the monitor", "tenant-new from=monitor", SAME("EACCES") },

	{ "tls-cert", "key", "tls-cert", SAME("OK") },
	{ "tls-cert", "from the monitor", "tls-cert from=monitor", SAME("EACCES") },
	{ "ca-pem", "from directory", "ca-pem", SAME("OK") },
	{ "ca-pem", "from the monitor", "ca-pem from=monitor", SAME("OK") },
	{ "ca-pem", "from keyd", "ca-pem from=keyd", SAME("EACCES") },
	{ "ping", "from directory", "ping", SAME("OK") },
	{ "ping", "from the monitor", "ping from=monitor", SAME("OK") },
	{ "ping", "from keyd", "ping from=keyd", SAME("EACCES") },
	{ NULL, NULL, NULL, { NULL } },
};
