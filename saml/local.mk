# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsaml.a
# assertion*.c, certificate.c and issue.c run in keyd: no libxml2 there.
libsaml_a_SOURCES = saml/saml.h saml/assertion.c saml/assertion_msg.c saml/certificate.c saml/issue.h saml/issue.c \
	saml/int.h saml/xml.h saml/doc.c saml/xml.c saml/verify.c saml/fields.c saml/metadata.c \
	saml/soap.h saml/soap.c saml/soap_put.c saml/sts.h saml/sts.c saml/sts_wsdl.c
