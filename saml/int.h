/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that read inbound XML. */
#ifndef SAML_INT_H
#define SAML_INT_H

#include <libxml/tree.h>
#include "saml/saml.h"
#include "saml/xml.h"

/* The checks of the recipe (docs/saml.md) by name. The test of attacks compiles doc.c, xml.c, verify.c and fields.c with SAML_WEAK and takes some away, to see that
 * the attack then passes, and so that it is this check that refuses it. */
enum saml_check {
	SAML_CHECK_DOCTYPE, SAML_CHECK_PI, SAML_CHECK_XMLID, SAML_CHECK_IDS, SAML_CHECK_NAMESPACES,
	SAML_CHECK_TEXT,       /* an element read as text has nothing but text */
	SAML_CHECK_COMMENT,    /* anywhere in the assertion */
	SAML_CHECK_ONE,        /* one ds:Signature in all of it */
	SAML_CHECK_PLACE,      /* as a direct child, right behind Issuer */
	SAML_CHECK_SIGNATURE,  /* of SignedInfo, SignatureValue, KeyInfo */
	SAML_CHECK_C14N,       /* exclusive, without comments, without parameters */
	SAML_CHECK_METHOD,     /* RSA or ECDSA with SHA-2, without parameters */
	SAML_CHECK_REFERENCE,  /* one */
	SAML_CHECK_URI,        /* to this assertion's ID */
	SAML_CHECK_TRANSFORMS, /* enveloped-signature and exclusive canonicalisation */
	SAML_CHECK_DIGEST,     /* SHA-2, the method's */
	SAML_CHECK_NODE,       /* the ID leads to this very node */
	SAML_CHECK_LIMITS,     /* what xmlsec1 may do on top of it */
	SAML_CHECK_KEY,        /* size and curve of the key */
	SAML_CHECK_FIELDS      /* nothing that is not of the profile */
};
#ifdef SAML_WEAK
extern uint32_t saml_weak;
#define SAML_BAD(check, condition) (!(saml_weak >> SAML_CHECK_##check & 1) && (condition))
#else
#define SAML_BAD(check, condition) (condition)
#endif

int saml_refuse(int err, char why[200], const char *text); /* err; why gets the text */
/* How often libxml2 or xmlsec1 asked for something to be opened, which is refused: 0, or a test fails. */
unsigned saml_loads(void);
int saml_no_match(const char *name); /* an I/O callback: counts, matches nothing */
void saml_xmlsec_init(void);         /* verify.c; by saml_prepare */
xmlDoc *saml_doc_xml(struct saml_doc *);
/* fields.c: what stands in the assertion, whose signature is right and stands where sig is. Errors in the walk. */
void saml_fields(struct saml_walk *, const xmlNode *assertion, const xmlNode *sig, struct saml_assertion *ret);

#endif
