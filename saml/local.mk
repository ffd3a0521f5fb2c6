# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsaml.a
libsaml_a_SOURCES = saml/saml.h saml/int.h saml/xml.h saml/doc.c saml/xml.c saml/verify.c
