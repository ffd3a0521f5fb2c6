/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, by xmlsec1 and the recipe of docs/saml.md. */
#include "saml/int.h"

#include <stdlib.h>
#include <libxml/tree.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>

void saml_xmlsec_init(void)
{
	if (xmlSecInit() < 0 || xmlSecOpenSSLAppInit(NULL) < 0 || xmlSecOpenSSLInit() < 0)
		abort();
	xmlSecErrorsSetCallback(NULL);
	xmlSecIOCleanupCallbacks();
	xmlSecIORegisterCallbacks(saml_no_match, NULL, NULL, NULL);
}
