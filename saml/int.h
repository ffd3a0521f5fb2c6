/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that read inbound XML. */
#ifndef SAML_INT_H
#define SAML_INT_H

#include "saml/saml.h"

int saml_refuse(int err, char why[200], const char *text); /* err; why gets the text */
/* How often libxml2 or xmlsec1 asked for something to be opened, which is refused: 0, or a test fails. */
unsigned saml_loads(void);
int saml_no_match(const char *name); /* an I/O callback: counts, matches nothing */
void saml_xmlsec_init(void);         /* verify.c; by saml_prepare */

#endif
