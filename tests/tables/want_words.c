/* SPDX-License-Identifier: Apache-2.0 */
/* What roles ask each other, and the words that requests carry (ask_words.c). */
#include "tests/tables/tables.h"

/* The subject's token counts where one is shown; which role asks is known from the socket pair. bob's password is beta's to set. */
const struct line lines_relay[] = {
	/*                                    anonymous user     admin    other    installation operator */
	{ "ping", "by kdc", "ping from=kdc", SAME("OK") },
	{ "ping", "by web", "ping from=web", SAME("OK") },
	{ "ping", "by keyd, who asks nobody", "ping from=keyd", SAME("EACCES") },
	{ "ping", "of the KDC", "ping from=directory at=kdc", SAME("OK") },
	{ "set-secret", "by kdc", "set-secret from=kdc", { "EAUTH", "OK", "OK", "EACCES", "EACCES", "OK" } },
	{ "set-secret", "by web", "set-secret from=web", { "EAUTH", "OK", "OK", "EACCES", "EACCES", "OK" } },
	{ "set-secret", "by keyd", "set-secret from=keyd", SAME("EACCES") },
	{ "set-secret", "of the KDC", "set-secret from=web at=kdc", SAME("EACCES") },
	{ "accept", "junk", "accept from=web at=kdc", SAME("EAUTH") },
	{ "accept", "by keyd", "accept from=keyd at=kdc", SAME("EACCES") },
	{ "accept", "of directory", "accept from=web", SAME("EACCES") },
	{ "control", "by web, in beta", "control from=web", { "EAUTH", "OK", "OK", "OK", "OK", "EACCES" } },
	{ "control", "by kdc", "control from=kdc", SAME("EACCES") },
	{ "control", "of the KDC", "control from=web at=kdc", SAME("EACCES") },
	{ "audit", "by kdc", "audit from=kdc", SAME("OK") },
	{ "audit", "by keyd", "audit from=keyd", SAME("EACCES") },
	{ "audit", "of the KDC", "audit from=web at=kdc", SAME("EACCES") },
	{ "want", "by web", "want from=web", SAME("OK") },
	{ "want", "by kdc", "want from=kdc", SAME("EACCES") },
	{ "want", "of the KDC", "want from=web at=kdc", SAME("EACCES") },
	{ NULL, NULL, NULL, { NULL } },
};

/* EXTERNAL is for who shows a certificate, and for the owner of the socket; nobody here holds Kerberos keys for GSSAPI. */
const struct line lines_mechanism[] = {
	{ "EXTERNAL", "without a certificate", "external \"\"", { "7", "7", "7", "7", "7", "0" } },
	{ "EXTERNAL", "as another", "external dn:uid=admin,ou=people,$", { "7", "7", "7", "7", "7", "49" } },
	{ "GSSAPI", "junk", "sasl GSSAPI junk", SAME("7") },
	{ NULL, NULL, NULL, { NULL } },
};

/* At home, for oneself: by the default grants administrators alone have tokens for an audience that is not registered, and assertions are for
 * relying parties. */
const struct line lines_token_type[] = {
	{ "saml2", "for nobody", "token.issue @ type=saml2", { "EAUTH", "refused", "ok+1", "ok+1", "ok+1", "EACCES" } },
	{ "saml2", "for no relying party", "token.issue @ type=saml2 audience=urn:api", { "EAUTH", "refused", "refused", "refused", "refused", "EACCES" } },
	{ "jwt", "", "token.issue @ type=jwt audience=urn:api", { "EAUTH", "refused", "ok+1", "ok+1", "ok+1", "EACCES" } },
	{ NULL, NULL, NULL, { NULL } },
};

/* At home, for oneself, a person: what is not for leaves is no profile's name. */
#define PERSON(x)                                                                                            \
	{                                                                                                    \
		"EAUTH", "refused", x, x, x, "EACCES"                                                        \
	}
#define NONE                                                                                                 \
	{                                                                                                    \
		"EAUTH", "usage", "usage", "usage", "usage", "EACCES"                                        \
	}
const struct line lines_profile[] = {
	{ "root certificate", "", "cert.issue @ csr=CSR profile=root_certificate", NONE },
	{ "installation CA certificate", "", "cert.issue @ csr=CSR profile=installation_CA_certificate", NONE },
	{ "listener certificate", "", "cert.issue @ csr=CSR profile=listener_certificate", NONE },
	{ "ca-tenant", "", "cert.issue @ csr=CSR profile=ca-tenant", NONE },
	{ "tls-server", "", "cert.issue @ csr=CSR profile=tls-server", PERSON("refused") },
	{ "tls-client", "", "cert.issue @ csr=CSR profile=tls-client", PERSON("ok+1") },
	{ "user", "", "cert.issue @ csr=CSR profile=user", { "EAUTH", "ok+1", "ok+1", "ok+1", "ok+1", "EACCES" } },
	{ "kdc", "", "cert.issue @ csr=CSR profile=kdc", PERSON("refused") },
	{ NULL, NULL, NULL, { NULL } },
};

/* A good login, and an assertion that nobody made: Validate says that it is not valid, the others refuse. */
const struct line lines_ws_trust[] = {
	{ "Issue", "at home", "POST /sts/STSService/~ rst=issue", { "500", "500", "200", "200", "200", "500" } },
	{ "Renew", "", "POST /sts/STSService/~ rst=Renew", SAME("500") },
	{ "Validate", "", "POST /sts/STSService/~ rst=Validate", { "500", "200", "200", "200", "200", "500" } },
	{ "Validate", "in beta", "POST /sts/STSService/beta.example rst=Validate", { "500", "200", "200", "500", "500", "500" } },
	{ "Cancel", "", "POST /sts/STSService/~ rst=Cancel", SAME("500") },
	{ NULL, NULL, NULL, { NULL } },
};
