/* SPDX-License-Identifier: Apache-2.0 */
/* The KDC: requests, pre-authentication, options. By RFC 4120 (7.5.9 has the codes) and the promises of
 * docs/kdc.md: nobody hears anything before he has proved who he is; another realm's ticket shows nothing;
 * what is disabled gets nothing at once; hidden is as not there. The requests are about beta's realm unless
 * they say otherwise. */
#include "tests/tables/tables.h"

const struct line lines_kdc[] = {
	/*                        anonymous user  admin other installation operator */
	{ "AS-REQ", "proves nothing", "as bare", SAME("25") },
	{ "AS-REQ", "a TGT", "as", { "25", "0", "0", "24", "24", "24" } },
	{ "AS-REQ", "a TGT of one's own realm", "as realm=own", { "25", "0", "0", "0", "0", "24" } },
	{ "AS-REQ", "wrong password", "as wrong realm=own", { "25", "24", "24", "24", "24", "24" } },
	{ "AS-REQ", "no such realm", "as realm=NO.WHERE", SAME("68") },
	{ "AS-REQ", "the realm in lower case", "as realm=beta.example", SAME("68") },
	{ "AS-REQ", "disabled", "as realm=own disabled", { "25", "18", "18", "18", "18", "24" } },
	{ "AS-REQ", "disabled, wrong password", "as realm=own disabled wrong",
	        { "25", "24", "24", "24", "24", "24" } },
	{ "AS-REQ", "disabled, proves nothing", "as bare realm=own disabled", SAME("25") },
	{ "AS-REQ", "changepw", "as server=kadmin/changepw", { "25", "0", "0", "24", "24", "24" } },
	{ "AS-REQ", "lwd's LDAP", "as server=ldap/lwd.acme.example", { "25", "0", "0", "24", "24", "24" } },
	{ "AS-REQ", "a host without keys", "as server=host/web1", { "25", "9", "9", "24", "24", "24" } },
	{ "AS-REQ", "a host that is not there", "as server=host/web2", { "25", "7", "7", "24", "24", "24" } },
	{ "AS-REQ", "a person", "as server=carol", { "25", "27", "27", "24", "24", "24" } },
	{ "AS-REQ", "another realm", "as server=krbtgt/GAMMA.EXAMPLE", { "25", "7", "7", "24", "24", "24" } },

	{ "TGS-REQ", "shows nothing", "tgs bare", SAME("16") },
	{ "TGS-REQ", "a TGT", "tgs", { "16", "0", "0", "35", "35", "16" } },
	{ "TGS-REQ", "a TGT of one's own realm", "tgs realm=own", { "16", "0", "0", "0", "0", "16" } },
	{ "TGS-REQ", "no such realm", "tgs realm=NO.WHERE", SAME("68") },
	{ "TGS-REQ", "disabled", "tgs realm=own disabled", { "16", "18", "18", "18", "18", "16" } },
	{ "TGS-REQ", "disabled, a renewal", "tgs realm=own disabled options=renew",
	        { "16", "18", "18", "18", "18", "16" } },
	{ "TGS-REQ", "disabled, elsewhere", "tgs disabled", { "16", "18", "18", "35", "35", "16" } },
	{ "TGS-REQ", "changepw", "tgs server=kadmin/changepw", { "16", "12", "12", "35", "35", "16" } },
	{ "TGS-REQ", "lwd's LDAP", "tgs server=ldap/lwd.acme.example", { "16", "0", "0", "35", "35", "16" } },
	{ "TGS-REQ", "lwd's LDAP of one's own realm", "tgs realm=own server=ldap/lwd.acme.example",
	        { "16", "0", "0", "0", "0", "16" } },
	{ "TGS-REQ", "a host without keys", "tgs server=host/web1", { "16", "9", "9", "35", "35", "16" } },
	{ "TGS-REQ", "a host that is not there", "tgs server=host/web2",
	        { "16", "7", "7", "35", "35", "16" } },
	{ "TGS-REQ", "a person", "tgs server=carol", { "16", "27", "27", "35", "35", "16" } },
	{ "TGS-REQ", "another realm", "tgs server=krbtgt/GAMMA.EXAMPLE",
	        { "16", "7", "7", "35", "35", "16" } },
	{ 0 },
};

const struct line lines_padata[] = {
	{ "PA-ENC-TIMESTAMP", "the right password", "as realm=own", { "25", "0", "0", "0", "0", "24" } },
	{ "PA-ENC-TIMESTAMP", "another password", "as realm=own wrong",
	        { "25", "24", "24", "24", "24", "24" } },
	{ "PA-ENC-TIMESTAMP", "disabled", "as realm=own disabled", { "25", "18", "18", "18", "18", "24" } },
	{ "PA-TGS-REQ", "one's own ticket", "tgs realm=own", { "16", "0", "0", "0", "0", "16" } },
	{ "PA-TGS-REQ", "elsewhere", "tgs", { "16", "0", "0", "35", "35", "16" } },
	{ "PA-TGS-REQ", "disabled", "tgs realm=own disabled", { "16", "18", "18", "18", "18", "16" } },
	{ "PA-REQ-ENC-PA-REP", "with a password", "as realm=own rep",
	        { "25", "0+rep", "0+rep", "0+rep", "0+rep", "24" } },
	{ "PA-REQ-ENC-PA-REP", "disabled", "as realm=own rep disabled",
	        { "25", "18", "18", "18", "18", "24" } },
	{ 0 },
};

#define AS_GOOD                                                                                              \
	{                                                                                                    \
		"25", "0", "0", "24", "24", "24"                                                             \
	}
#define TGS_GOOD                                                                                             \
	{                                                                                                    \
		"16", "0", "0", "35", "35", "16"                                                             \
	}
#define TGS_NOT(code)                                                                                        \
	{                                                                                                    \
		"16", code, code, "35", "35", "16"                                                           \
	}
const struct line lines_options[] = {
	{ "forwardable", "of a TGT", "as options=forwardable", AS_GOOD },
	{ "forwardable", "of a forwardable one", "tgs options=forwardable", TGS_GOOD },
	{ "forwardable", "of one that is not", "tgs options=forwardable tgt=proxiable", TGS_NOT("13") },
	{ "forwarded", "at once", "as options=forwarded", SAME("13") },
	{ "forwarded", "a forwardable one", "tgs options=forwarded", TGS_GOOD },
	{ "forwarded", "one that is not", "tgs options=forwarded tgt=proxiable", TGS_NOT("13") },
	{ "forwarded", "disabled", "tgs options=forwarded disabled", { "16", "18", "18", "35", "35", "16" } },
	{ "proxiable", "of a TGT", "as options=proxiable", AS_GOOD },
	{ "proxiable", "of a proxiable one", "tgs options=proxiable", TGS_GOOD },
	{ "proxiable", "of one that is not", "tgs options=proxiable tgt=forwardable", TGS_NOT("13") },
	{ "proxy", "at once", "as options=proxy", SAME("13") },
	{ "proxy", "of a proxiable one", "tgs options=proxy server=ldap/lwd.acme.example", TGS_GOOD },
	{ "proxy", "of one that is not", "tgs options=proxy server=ldap/lwd.acme.example tgt=forwardable",
	        TGS_NOT("13") },
	{ "proxy", "a TGT", "tgs options=proxy", TGS_NOT("13") },
	{ "allow-postdate", "of a TGT", "as options=allow-postdate", SAME("10") },
	{ "allow-postdate", "of a ticket", "tgs options=allow-postdate", TGS_NOT("10") },
	{ "postdated", "a TGT", "as options=postdated", SAME("10") },
	{ "postdated", "a ticket", "tgs options=postdated", TGS_NOT("10") },
	{ "renewable", "of a TGT", "as options=renewable", AS_GOOD },
	{ "renewable", "of a renewable one", "tgs options=renewable", TGS_GOOD },
	{ "renewable", "of one that is not", "tgs options=renewable tgt=forwardable", TGS_NOT("13") },
	{ "cname-in-addl-tkt", "of a TGT", "as options=cname-in-addl-tkt", SAME("13") },
	{ "cname-in-addl-tkt", "delegation",
	        "tgs options=cname-in-addl-tkt second server=ldap/lwd.acme.example", TGS_NOT("13") },
	{ "canonicalize", "of a TGT", "as options=canonicalize", AS_GOOD },
	{ "canonicalize", "of a ticket", "tgs options=canonicalize", TGS_GOOD },
	{ "request-anonymous", "a TGT", "as options=request-anonymous", SAME("13") },
	{ "request-anonymous", "a ticket", "tgs options=request-anonymous", TGS_NOT("13") },
	{ "disable-transited-check", "of a TGT", "as options=disable-transited-check", AS_GOOD },
	{ "disable-transited-check", "of a ticket", "tgs options=disable-transited-check", TGS_GOOD },
	{ "renewable-ok", "of a TGT", "as options=renewable-ok", AS_GOOD },
	{ "renewable-ok", "of a ticket", "tgs options=renewable-ok", TGS_GOOD },
	{ "enc-tkt-in-skey", "at once", "as options=enc-tkt-in-skey", SAME("13") },
	{ "enc-tkt-in-skey", "with oneself", "tgs options=enc-tkt-in-skey second server=self", TGS_GOOD },
	{ "enc-tkt-in-skey", "without a second ticket", "tgs options=enc-tkt-in-skey server=self",
	        TGS_NOT("13") },
	{ "enc-tkt-in-skey", "with another's ticket", "tgs options=enc-tkt-in-skey second server=carol",
	        TGS_NOT("26") },
	{ "renew", "at once", "as options=renew", SAME("13") },
	{ "renew", "a renewable one", "tgs options=renew", TGS_GOOD },
	{ "renew", "one that is not", "tgs options=renew tgt=forwardable", TGS_NOT("13") },
	{ "renew", "into another", "tgs options=renew server=ldap/lwd.acme.example", TGS_NOT("26") },
	{ "renew", "disabled", "tgs options=renew disabled", { "16", "18", "18", "35", "35", "16" } },
	{ "validate", "at once", "as options=validate", SAME("13") },
	{ "validate", "what is valid", "tgs options=validate", TGS_NOT("13") },
	{ 0 },
};
