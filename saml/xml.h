/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a parsed document (saml_doc_parse of saml.h) strictly: made by the services of saml/, not to be seen outside of it. Nothing here parses. */
#ifndef SAML_XML_H
#define SAML_XML_H

#include <libxml/tree.h>
#include "saml/saml.h"

#define SAML_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAML_NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define SAML_NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define SAML_NS_DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define SAML_NS_EXC_C14N  "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SAML_NS_XS        "http://www.w3.org/2001/XMLSchema"
#define SAML_NS_XSI       "http://www.w3.org/2001/XMLSchema-instance"

/* A walk's error is sticky: after the first one every call gives NULL, false or nothing, so make the calls and look at err once. LW_EINVAL, or LW_ELIMIT when
 * the arena is full. why says what was wrong with which element. Texts and attribute values are copies in the arena. */
struct saml_walk {
	struct lw_arena *arena;
	int err;
	char why[200];
};
void saml_walk_init(struct saml_walk *, struct lw_arena *);
/* The walk fails for this reason (unless it has failed already); node may be NULL. Always NULL. */
void *saml_walk_fail(struct saml_walk *, const xmlNode *node, const char *why);

bool saml_is(const xmlNode *, const char *ns, const char *name); /* an element of this namespace (exact) and local name; NULL is nothing */
/* The first element child and the next element sibling, whatever stands between (comments, text). NULL: none. */
xmlNode *saml_first(const xmlNode *parent);
xmlNode *saml_next(const xmlNode *);
/* The child of that name: exactly one, at most one (NULL when there is none). Elsewhere in the tree does not count. */
xmlNode *saml_one(struct saml_walk *, const xmlNode *parent, const char *ns, const char *name);
xmlNode *saml_maybe(struct saml_walk *, const xmlNode *parent, const char *ns, const char *name);
/* A sequence: the element at *at when it is of that name, and *at moves on to the next one; else NULL and *at stays. */
xmlNode *saml_take(xmlNode **at, const char *ns, const char *name);
/* The text of an element that has nothing but text (no element, no comment), as it stands and without white space around it. */
struct lw_bytes saml_text(struct saml_walk *, const xmlNode *);
struct lw_bytes saml_token(struct saml_walk *, const xmlNode *);
struct lw_bytes saml_base64(struct saml_walk *, const xmlNode *); /* decoded; white space within is skipped */
/* An attribute in no namespace. Must be there; or {NULL, 0} when it is not. */
struct lw_bytes saml_attribute(struct saml_walk *, const xmlNode *, const char *name);
struct lw_bytes saml_attribute_maybe(struct saml_walk *, const xmlNode *, const char *name);
/* xs:dateTime in UTC: YYYY-MM-DDTHH:MM:SS[.fraction]Z, to microseconds (more digits are cut). LW_EINVAL. */
int saml_time(struct lw_bytes, int64_t *ret_us);
/* Nothing but elements and white space among the children. */
bool saml_only_elements(struct saml_walk *, const xmlNode *);
/* No attributes but these (NULL at the end), all in no namespace; namespace declarations do not count. */
bool saml_only_attributes(struct saml_walk *, const xmlNode *, const char *const *names);
/* The element whose attribute of that local name (say "Id" of wss-utility, namespace ns; NULL: none) has this value. Unique, since no ID repeats. */
xmlNode *saml_by_id(const xmlNode *root, const char *ns, const char *attr, struct lw_bytes value);

#endif
