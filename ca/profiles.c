/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/profiles.h"

#include <string.h>

#define SIGN_ALL "critical,keyCertSign,cRLSign,digitalSignature" /* digitalSignature: OCSP answers */
#define SIGN     "critical,digitalSignature"
#define SIGN_ENC "critical,digitalSignature,keyEncipherment" /* mail, and PKINIT's RSA key transport */
#define LEAF     "critical,CA:FALSE"
#define ANYONE   (CA_WHO_PERSON | CA_WHO_SERVICE | CA_WHO_HOST)

/* 1.3.6.1.5.2.3.4, .5: id-pkinit-KPClientAuth, id-pkinit-KPKdc (RFC 4556 3.2.2, 3.2.4).
 * The installation CA's pathLen is 1: tenants' intermediates come below it. */
const struct ca_profile ca_profiles[] = {
	[CA_ROOT] = { "root certificate", 7300, "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL,
	        NULL, 0, 0, CA_WHO_SELF },
	[CA_INSTALLATION] = { "installation CA certificate", 1826, "critical,CA:TRUE,pathlen:1", SIGN_ALL,
	        NULL, NULL, 0, 0, CA_WHO_SELF },
	[CA_LISTENER] = { "listener certificate", 30, LEAF, SIGN, NULL, "serverAuth", CA_NAME_DNS,
	        CA_NAME_DNS, CA_WHO_SELF },
	[CA_TENANT] = { "ca-tenant", 1826, "critical,CA:TRUE,pathlen:0", SIGN_ALL, NULL, NULL, 0, 0,
	        CA_WHO_SELF },
	[CA_TLS_SERVER] = { "tls-server", 30, LEAF, SIGN, NULL, "serverAuth", CA_NAME_DNS | CA_NAME_URI,
	        CA_NAME_DNS, CA_WHO_SERVICE | CA_WHO_HOST },
	[CA_TLS_CLIENT] = { "tls-client", 30, LEAF, SIGN, NULL, "clientAuth", CA_NAME_DNS | CA_NAME_URI, 0,
	        ANYONE },
	[CA_USER] = { "user", 90, LEAF, SIGN, SIGN_ENC, "clientAuth,emailProtection,1.3.6.1.5.2.3.4",
	        CA_NAME_EMAIL | CA_NAME_UPN | CA_NAME_URI, 0, CA_WHO_PERSON },
	[CA_KDC] = { "kdc", 365, LEAF, SIGN, NULL, "1.3.6.1.5.2.3.5", CA_NAME_DNS | CA_NAME_REALM,
	        CA_NAME_REALM, CA_WHO_KDC },
};
const int ca_nprofiles = sizeof(ca_profiles) / sizeof(*ca_profiles);
_Static_assert(sizeof(ca_profiles) / sizeof(*ca_profiles) <= CA_PROFILES_MAX, "rows");

const struct ca_profile *ca_profile(const char *name)
{
	for (int i = CA_TLS_SERVER; i < ca_nprofiles; i++) {
		if (strcmp(ca_profiles[i].name, name) == 0)
			return &ca_profiles[i];
	}
	return NULL;
}
