/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of the role web: which status each subject gets. Each of lwd/web_*.c has a paragraph. */
#include "tests/tables/tables.h"

#define STS "GET /sts/STSService"
#define LOGIN "POST /api/v1/tenants/{tenant}/login"

const struct line lines_routes[] = {
	/*                        anonymous user         admin           other    installation  operator */
	/* web_health.c: public, and over TLS only */
	{ "GET /livez", "alive", "GET /livez", SAME("200") },
	{ "GET /livez", "in the clear", "GET /livez clear", SAME("403") },
	{ "GET /livez", "whoever says he is somebody", "GET /livez by=bearer token=forged", SAME("200") },
	{ "GET /readyz", "ready", "GET /readyz", SAME("200") },
	{ "GET /readyz", "in the clear", "GET /readyz clear", SAME("403") },
	{ "GET /metrics", "counters", "GET /metrics", SAME("200") },
	{ "GET /metrics", "in the clear", "GET /metrics clear", SAME("403") },

	/* web_login.c: who has a password, in the tenant of the path. All refusals are one. */
	{ LOGIN, "one's own tenant", "POST /api/v1/tenants/~/login", { "401", "200", "200", "200", "200", "401" } },
	{ LOGIN, "beta", "POST /api/v1/tenants/beta.example/login", { "401", "200", "200", "401", "401", "401" } },
	{ LOGIN, "another's password", "POST /api/v1/tenants/~/login password=gamma-password",
	        { "401", "401", "401", "200", "401", "401" } },
	{ LOGIN, "wrong", "POST /api/v1/tenants/~/login password=wrong", SAME("401") },
	{ LOGIN, "no such tenant", "POST /api/v1/tenants/nowhere.example/login", SAME("401") },
	{ LOGIN, "nothing shown", "POST /api/v1/tenants/~/login by=nothing", SAME("401") },
	{ LOGIN, "a token does not make a new one", "POST /api/v1/tenants/~/login by=bearer", SAME("401") },
	{ "POST /api/v1/login", "the system tenant", "POST /api/v1/login", { "401", "401", "401", "401", "200", "401" } },
	{ LOGIN, "in the clear", "POST /api/v1/tenants/~/login clear", SAME("403") },

	/* web_oidc.c: public; a tenant that is not there is a path that is not there */
	{ "GET /openidconnect/jwks", "the system tenant's", "GET /openidconnect/jwks", SAME("200") },
	{ "GET /openidconnect/jwks", "in the clear", "GET /openidconnect/jwks clear", SAME("403") },
	{ "GET /openidconnect/jwks/{tenant}", "beta's", "GET /openidconnect/jwks/beta.example", SAME("200") },
	{ "GET /openidconnect/jwks/{tenant}", "nobody's", "GET /openidconnect/jwks/delta.example", SAME("404") },
	{ "GET /openidconnect/jwks/{tenant}", "no name", "GET /openidconnect/jwks/a%20b", SAME("404") },
	{ "GET /openidconnect/.well-known/openid-configuration", "the system tenant's", "GET /openidconnect/.well-known/openid-configuration",
	        SAME("200") },
	{ "GET /openidconnect/{tenant}/.well-known/openid-configuration", "beta's",
	        "GET /openidconnect/BETA.example/.well-known/openid-configuration", SAME("200") },
	{ "GET /openidconnect/{tenant}/.well-known/openid-configuration", "nobody's",
	        "GET /openidconnect/delta.example/.well-known/openid-configuration", SAME("404") },
	{ "GET /openidconnect/{tenant}/.well-known/openid-configuration", "in the clear",
	        "GET /openidconnect/beta.example/.well-known/openid-configuration clear", SAME("403") },

	/* web_saml.c: public; a tenant that is not there is a path that is not there */
	{ "GET /websso/SAML2/Metadata", "the system tenant's", "GET /websso/SAML2/Metadata", SAME("200") },
	{ "GET /websso/SAML2/Metadata", "in the clear", "GET /websso/SAML2/Metadata clear", SAME("403") },
	{ "GET /websso/SAML2/Metadata/{tenant}", "beta's", "GET /websso/SAML2/Metadata/BETA.example", SAME("200") },
	{ "GET /websso/SAML2/Metadata/{tenant}", "nobody's", "GET /websso/SAML2/Metadata/delta.example", SAME("404") },
	{ "GET /websso/SAML2/Metadata/{tenant}", "no name", "GET /websso/SAML2/Metadata/a%20b", SAME("404") },
#include "tests/tables/want_api.h"

	/* web_ca.c: public, and in the clear as well, for those who verify a certificate with it. A tenant that is not there is a path that is not. */
	{ "GET /ca/root.pem", "the root", "GET /ca/root.pem", SAME("200") },
	{ "GET /ca/root.pem", "in the clear", "GET /ca/root.pem clear", SAME("200") },
	{ "GET /ca/root.crl", "its list", "GET /ca/root.crl clear", SAME("200") },
	{ "GET /ca/root.crl.pem", "with the installation CA's", "GET /ca/root.crl.pem clear", SAME("200") },
	{ "GET /ca/installation.cer", "the installation's", "GET /ca/installation.cer clear", SAME("200") },
	{ "GET /ca/installation.crl", "its list", "GET /ca/installation.crl clear", SAME("200") },
	{ "GET /ca/{tenant}/ca.pem", "a tenant's", "GET /ca/beta.example/ca.pem clear", SAME("200") },
	{ "GET /ca/{tenant}/ca.pem", "no such tenant", "GET /ca/nowhere.example/ca.pem clear", SAME("404") },
	{ "GET /ca/{tenant}/ca.cer", "a tenant's", "GET /ca/Beta.Example/ca.cer clear", SAME("200") },
	{ "GET /ca/{tenant}/ca.cer", "no such tenant", "GET /ca/nowhere.example/ca.cer", SAME("404") },
	{ "GET /ca/{tenant}/crl", "a tenant's", "GET /ca/beta.example/crl clear", SAME("200") },
	{ "GET /ca/{tenant}/crl", "no such tenant", "GET /ca/nowhere.example/crl", SAME("404") },
	{ "GET /ca/{tenant}/crl/{key}", "no such key", "GET /ca/beta.example/crl/0123 clear", SAME("404") },
	{ "GET /ca/{tenant}/crl/{key}", "no such tenant", "GET /ca/nowhere.example/crl/0123", SAME("404") },
	{ "GET /ca/{tenant}/cer/{key}", "no such key", "GET /ca/beta.example/cer/0123", SAME("404") },
	{ "GET /ca/{tenant}/crl", "not a name", "GET /ca/.../crl", SAME("404") },
	{ "GET /ca/{tenant}/ocsp/{request...}", "nonsense is answered by OCSP", "GET /ca/beta.example/ocsp/AAAA clear", SAME("200") },
	{ "GET /ca/{tenant}/ocsp/{request...}", "no such tenant", "GET /ca/nowhere.example/ocsp/AAAA", SAME("404") },
	{ "POST /ca/{tenant}/ocsp", "nonsense is answered by OCSP", "POST /ca/beta.example/ocsp clear type=application/ocsp-request body=x", SAME("200") },
	{ "POST /ca/{tenant}/ocsp", "something else", "POST /ca/beta.example/ocsp type=text/plain body=x", SAME("400") },
	{ "POST /ca/{tenant}/ocsp", "no such tenant", "POST /ca/nowhere.example/ocsp type=application/ocsp-request body=x", SAME("404") },
	/* web_sts.c: what it does and who may is in tests/conform/sts.py; its credentials are in the body. 400 is SOAP 1.2's fault of the sender */
	{ STS, "the WSDL", "GET /sts/STSService?wsdl", SAME("200") },
	{ STS, "not the WSDL", "GET /sts/STSService", SAME("404") },
	{ STS, "in the clear", "GET /sts/STSService?wsdl clear", SAME("403") },
	{ STS "/{tenant}", "the WSDL", "GET /sts/STSService/~?wsdl", SAME("200") },
	{ STS "/{tenant}", "of what can't be a tenant", "GET /sts/STSService/a..b?wsdl", SAME("404") },
	{ "POST /sts/STSService", "no SOAP", "POST /sts/STSService type=application/soap+xml body=x", SAME("400") },
	{ "POST /sts/STSService", "no SOAP, 1.1", "POST /sts/STSService type=text/xml body=x", SAME("500") },
	{ "POST /sts/STSService", "in the clear", "POST /sts/STSService clear type=text/xml body=x", SAME("403") },
	{ "POST /sts/STSService", "a token for no audience", "POST /sts/STSService rst=issue", { "500", "500", "500", "500", "200", "500" } },
	{ "POST /sts/STSService/{tenant}", "a token for no audience", "POST /sts/STSService/~ rst=issue", { "500", "500", "200", "200", "200", "500" } },
	{ "POST /sts/STSService/{tenant}", "in beta", "POST /sts/STSService/BETA.example rst=issue", { "500", "500", "200", "500", "500", "500" } },
	{ "POST /sts/STSService/{tenant}", "wrong", "POST /sts/STSService/~ rst=issue password=wrong", SAME("500") },
	{ "POST /sts/STSService/{tenant}", "no such tenant", "POST /sts/STSService/nowhere.example rst=issue", SAME("500") },
	{ "POST /sts/STSService/{tenant}", "what WS-Trust does not know", "POST /sts/STSService/~ rst=Brew", SAME("500") },
	{ "POST /sts/STSService/{tenant}", "no SOAP", "POST /sts/STSService/~ type=application/soap+xml body=x", SAME("400") },
	{ "POST /sts/STSService/{tenant}", "in the clear", "POST /sts/STSService/~ clear type=text/xml body=x", SAME("403") },
	{ NULL, NULL, NULL, { NULL } },
};
