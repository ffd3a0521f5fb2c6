/* SPDX-License-Identifier: Apache-2.0 */
/* gSOAP's WS-Trust client: ENDPOINT CAFILE USER PASSWORDFILE APPLIESTO(or "") 11|12 OUT. Gets a token by its own types and plugins, checks the
 * token's signature with its own code, and leaves what the server sent in OUT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soapH.h"
#include "plugin/wstapi.h"
#include "wst.nsmap"

extern struct Namespace soap11_namespaces[], soap12_namespaces[];
static FILE *out;
static size_t (*receive)(struct soap *, char *, size_t);

static size_t tee(struct soap *soap, char *p, size_t n)
{
	n = receive(soap, p, n);
	fwrite(p, 1, n, out);
	return n;
}

static int call(struct soap *soap, char **a, char *password)
{
	struct wst__RequestSecurityTokenResponseCollectionType got = { 0 };
	struct wst__RequestSecurityTokenType ask;
	struct saml2__AssertionType *token;

	soap_default_wst__RequestSecurityTokenType(soap, &ask);
	ask.TokenType = "urn:oasis:names:tc:SAML:2.0:assertion";
	ask.RequestType = SOAP_NAMESPACE_OF_wst "/Issue";
	ask.KeyType = SOAP_NAMESPACE_OF_wst "/Bearer";
	if (a[5][0] != '\0') {
		ask.wsp__AppliesTo = soap_malloc(soap, sizeof(*ask.wsp__AppliesTo));
		soap_default__wsp__AppliesTo_(soap, ask.wsp__AppliesTo);
		ask.wsp__AppliesTo->wsa5__EndpointReference = soap_malloc(soap, sizeof(struct wsa5__EndpointReferenceType));
		soap_default_wsa5__EndpointReferenceType(soap, ask.wsp__AppliesTo->wsa5__EndpointReference);
		ask.wsp__AppliesTo->wsa5__EndpointReference->Address = a[5];
	}
	soap_wsa_request(soap, soap_wsa_rand_uuid(soap), a[1], soap_wst_rst_action);
	soap_wsse_add_Timestamp(soap, "Time", 60);
	soap_wsse_add_UsernameTokenText(soap, "User", a[3], password);
	soap_wsse_verify_init(soap);
	if (soap_call___lwd__Issue(soap, a[1], soap_wst_rst_action, &ask, &got) != SOAP_OK)
		return soap->error;
	if (got.__sizeRequestSecurityTokenResponse != 1 || got.RequestSecurityTokenResponse->RequestedSecurityToken == NULL)
		return SOAP_TAG_MISMATCH;
	token = got.RequestSecurityTokenResponse->RequestedSecurityToken->saml2__Assertion;
	if (token == NULL || soap_wsse_verify_with_signature(soap, token->ds__Signature) != SOAP_OK)
		return soap->error != SOAP_OK ? soap->error : SOAP_TAG_MISMATCH;
	printf("%s %s %s\n", token->ID, got.RequestSecurityTokenResponse->TokenType, got.RequestSecurityTokenResponse->Lifetime->wsu__Expires);
	return SOAP_OK;
}

int main(int argc, char **argv)
{
	struct soap *soap = soap_new1(SOAP_XML_CANONICAL | SOAP_XML_INDENT);
	char password[256] = "";
	FILE *f = argc == 8 ? fopen(argv[4], "r") : NULL;

	if (f == NULL || (out = fopen(argv[7], "w")) == NULL)
		return 2;
	password[fread(password, 1, sizeof(password) - 1, f)] = '\0';
	fclose(f);
	soap_register_plugin(soap, soap_wsa);
	soap_register_plugin(soap, soap_wsse);
	soap_set_namespaces(soap, strcmp(argv[6], "12") == 0 ? soap12_namespaces : soap11_namespaces);
	soap->connect_timeout = soap->recv_timeout = soap->send_timeout = 60;
	if (soap_ssl_client_context(soap, SOAP_SSL_DEFAULT, NULL, NULL, argv[2], NULL, NULL) != SOAP_OK) {
		soap_print_fault(soap, stderr);
		return 1;
	}
	receive = soap->frecv;
	soap->frecv = tee;
	if (call(soap, argv, password) != SOAP_OK) {
		soap_print_fault(soap, stderr);
		return 1;
	}
	fclose(out);
	return 0;
}
