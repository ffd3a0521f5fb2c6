/* SPDX-License-Identifier: Apache-2.0 */
/* Inbound XML. What libxml2 never gets to see is refused first, on the octets; then it parses, once; then the tree is looked at. */
#include "saml/saml.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxml/parser.h>
#include <libxml/xmlIO.h>

#include "base/err.h"
#include "base/text.h"
#include "saml/int.h"

#define MAX_NODES      16384 /* elements, texts and comments of a document */
#define MAX_ATTRS      8192  /* of a document, with namespace declarations */
#define MAX_TAG_ATTRS  48    /* of one element */
#define MAX_NAMESPACES 256   /* declarations of a document */
#define MAX_IDS        512

struct saml_doc {
	xmlDoc *xml;
};

int saml_refuse(int err, char why[200], const char *text)
{
	snprintf(why, 200, "%s", text);
	return err;
}

/* ---- nothing is ever loaded ---- */

static atomic_uint loads;

unsigned saml_loads(void)
{
	return atomic_load(&loads);
}

static xmlParserInput *no_entity(const char *url, const char *id, xmlParserCtxt *ctxt)
{
	atomic_fetch_add(&loads, 1);
	return NULL;
}

int saml_no_match(const char *name)
{
	atomic_fetch_add(&loads, 1);
	return 0;
}

static void *no_open(const char *name)
{
	return NULL;
}

static void once(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(no_entity);
	xmlCleanupInputCallbacks(); /* and one of ours, or libxml2 would register its own again */
	xmlRegisterInputCallbacks(saml_no_match, no_open, NULL, NULL);
	xmlCleanupOutputCallbacks();
	saml_xmlsec_init();
}

void saml_prepare(void)
{
	static pthread_once_t done = PTHREAD_ONCE_INIT;

	pthread_once(&done, once);
}

/* ---- on the octets ---- */

struct scan {
	const char *p, *end;
	size_t depth, nodes, attrs, namespaces;
	bool closed; /* the tag ended with "/>" */
};

static bool at(const struct scan *s, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(s->end - s->p) >= n && !memcmp(s->p, word, n);
}

/* To behind the next occurrence of the word. */
static bool skip(struct scan *s, const char *word)
{
	const char *hit = memmem(s->p, (size_t)(s->end - s->p), word, strlen(word));

	if (!hit)
		return false;
	s->p = hit + strlen(word);
	return true;
}

/* A tag, from its '<' to behind its '>'. A '<' inside is not well-formed, not even between quotes. */
static int scan_tag(struct scan *s, char why[200])
{
	const char *word = NULL; /* the attribute's name */
	size_t n = 0;
	char quote = 0;

	for (s->p++; s->p < s->end; s->p++) {
		char c = *s->p;

		if (c == '<')
			return saml_refuse(LW_EINVAL, why, "'<' inside a tag");
		if (quote) {
			if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			s->closed = s->p[-1] == '/';
			s->p++;
			return LW_OK;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			word = NULL;
		} else if (c == '=') {
			s->namespaces += word && s->p - word >= 5 && !memcmp(word, "xmlns", 5);
			if (++n > MAX_TAG_ATTRS || ++s->attrs > MAX_ATTRS || s->namespaces > MAX_NAMESPACES)
				return saml_refuse(LW_ELIMIT, why, "too many attributes or namespaces");
			word = NULL;
		} else if (!word) {
			word = s->p;
		}
	}
	return saml_refuse(LW_EINVAL, why, "a tag does not end");
}

/* <?xml version="1.0" encoding="UTF-8"?> and nothing of that kind later. */
static int scan_declaration(struct scan *s, char why[200])
{
	static const char word[] = "encoding", utf8[] = "utf-8";
	const char *from = s->p, *enc;

	if (!at(s, "<?xml") || s->end - s->p < 6 || !strchr(" \t\r\n", s->p[5]))
		return LW_OK;
	if (!skip(s, "?>") || s->p - from > 160)
		return saml_refuse(LW_EINVAL, why, "the XML declaration does not end");
	enc = memmem(from, (size_t)(s->p - from), word, sizeof(word) - 1);
	if (!enc)
		return LW_OK;
	enc += sizeof(word) - 1;
	enc += strspn(enc, " \t\r\n="); /* "?>" follows at the latest */
	if (s->p - enc < 9 || enc[0] != enc[6] || strncasecmp(enc + 1, utf8, sizeof(utf8) - 1) != 0)
		return saml_refuse(LW_EINVAL, why, "another encoding than UTF-8");
	return LW_OK;
}

/* What libxml2 shall not even begin with: document types, processing instructions, depth and numbers beyond the limits. */
static int scan(struct lw_bytes xml, char why[200])
{
	struct scan s = { .p = (const char *)xml.p, .end = (const char *)xml.p + xml.n };
	int err;

	if (at(&s, "\xef\xbb\xbf"))
		s.p += 3;
	err = scan_declaration(&s, why);
	while (err == LW_OK && s.p < s.end) {
		if (*s.p != '<') {
			const char *lt = memchr(s.p, '<', (size_t)(s.end - s.p));

			s.p = lt ? lt : s.end;
			s.nodes++;
		} else if (at(&s, "<!--") || at(&s, "<![CDATA[")) {
			const char *until = s.p[2] == '-' ? "-->" : "]]>";

			s.p += s.p[2] == '-' ? 4 : 9;
			s.nodes++;
			if (!skip(&s, until))
				err = saml_refuse(LW_EINVAL, why, "a comment or CDATA section does not end");
		} else if (SAML_BAD(DOCTYPE, at(&s, "<!"))) {
			err = saml_refuse(LW_EINVAL, why, "a document type declaration");
		} else if (SAML_BAD(PI, at(&s, "<?"))) {
			err = saml_refuse(LW_EINVAL, why, "a processing instruction");
		} else {
			bool closing = at(&s, "</");

			err = scan_tag(&s, why);
			s.nodes++;
			if (closing)
				s.depth -= s.depth > 0;
			else if (!s.closed)
				s.depth++;
			if (err == LW_OK && s.depth + (!closing && s.closed) > SAML_MAX_DEPTH)
				err = saml_refuse(LW_ELIMIT, why, "too deep");
		}
		if (err == LW_OK && s.nodes > 2 * MAX_NODES)
			err = saml_refuse(LW_ELIMIT, why, "too many elements");
	}
	return err;
}

/* ---- on the tree ---- */

struct tree {
	const xmlChar *ids[MAX_IDS];
	size_t n_ids, nodes;
	char *why;
};

/* Whatever somebody may take for an identifier: ID, Id, id in any namespace, and AssertionID of SAML 1. */
static bool is_id(const xmlAttr *a)
{
	return !xmlStrcasecmp(a->name, BAD_CAST "id") || xmlStrEqual(a->name, BAD_CAST "AssertionID");
}

/* Of the attributes xml:…, xml:lang and xml:space mean nothing to us; xml:id and xml:base would to libxml2. */
static bool is_xml(const xmlAttr *a)
{
	return a->ns && xmlStrEqual(a->ns->href, XML_XML_NAMESPACE) && !xmlStrEqual(a->name, BAD_CAST "lang") &&
		!xmlStrEqual(a->name, BAD_CAST "space");
}

static int look_at_attributes(struct tree *t, const xmlNode *n)
{
	for (const xmlAttr *a = n->properties; a; a = a->next) {
		const xmlChar *value = a->children ? a->children->content : BAD_CAST "";

		if (a->children && (a->children->type != XML_TEXT_NODE || a->children->next))
			return saml_refuse(LW_EINVAL, t->why, "an entity in an attribute");
		if (SAML_BAD(XMLID, is_xml(a)))
			return saml_refuse(LW_EINVAL, t->why, "xml:id or xml:base");
		if (!is_id(a))
			continue;
		if (t->n_ids == MAX_IDS)
			return saml_refuse(LW_ELIMIT, t->why, "too many identifiers");
		t->ids[t->n_ids++] = value;
	}
	return LW_OK;
}

static int look_at(struct tree *t, const xmlNode *n)
{
	if (++t->nodes > MAX_NODES)
		return saml_refuse(LW_ELIMIT, t->why, "too many nodes");
	switch (n->type) {
	case XML_ELEMENT_NODE:
		return look_at_attributes(t, n);
	case XML_TEXT_NODE:
	case XML_COMMENT_NODE: /* saml_text and the assertion's reader refuse it */
		return LW_OK;
	case XML_DTD_NODE:
		return SAML_BAD(DOCTYPE, true) ? saml_refuse(LW_EINVAL, t->why, "a document type declaration") : LW_OK;
	case XML_PI_NODE:
		return SAML_BAD(PI, true) ? saml_refuse(LW_EINVAL, t->why, "a processing instruction") : LW_OK;
	default:
		return saml_refuse(LW_EINVAL, t->why, "a node that is neither element nor text");
	}
}

static int by_value(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int look(xmlDoc *xml, char why[200])
{
	struct tree t = { .why = why };
	xmlNode *n = xml->children, *up;
	int err;

	if (!xmlStrEqual(xml->version, BAD_CAST "1.0"))
		return saml_refuse(LW_EINVAL, why, "another version than XML 1.0");
	while (n) {
		err = look_at(&t, n);
		if (err != LW_OK)
			return err;
		if (n->type == XML_ELEMENT_NODE && n->children) {
			n = n->children;
			continue;
		}
		for (up = n; up && !up->next; up = up->parent)
			;
		n = up ? up->next : NULL;
	}
	qsort(t.ids, t.n_ids, sizeof(*t.ids), by_value);
	for (size_t i = 1; i < t.n_ids; i++)
		if (SAML_BAD(IDS, xmlStrEqual(t.ids[i - 1], t.ids[i])))
			return saml_refuse(LW_EINVAL, why, "an identifier stands twice");
	return LW_OK;
}

/* ---- together ---- */

static int give_up(xmlParserCtxt *ctxt, char why[200])
{
	const char *text = ctxt->lastError.message ? ctxt->lastError.message : "not well-formed";
	size_t n = strcspn(text, "\r\n");

	if (ctxt->lastError.code == XML_ERR_NO_MEMORY)
		return saml_refuse(LW_ENOMEM, why, "out of memory");
	snprintf(why, 200, "line %d: %.*s", ctxt->lastError.line, (int)(n < 150 ? n : 150), text);
	return LW_EINVAL;
}

int saml_doc_parse(struct lw_bytes xml, struct saml_doc **ret, char why[200])
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;
	xmlParserCtxt *ctxt = NULL;
	struct saml_doc *doc = NULL;
	int err;

	saml_prepare();
	if (xml.n == 0 || xml.n > SAML_MAX_DOC)
		return saml_refuse(xml.n ? LW_ELIMIT : LW_EINVAL, why, "empty or too long");
	if (memchr(xml.p, 0, xml.n) || !lw_utf8_valid(xml))
		return saml_refuse(LW_EINVAL, why, "not UTF-8");
	err = scan(xml, why);
	if (err != LW_OK)
		return err;
	err = saml_refuse(LW_ENOMEM, why, "out of memory");
	ctxt = xmlNewParserCtxt();
	doc = calloc(1, sizeof(*doc));
	if (!ctxt || !doc)
		goto out;
	doc->xml = xmlCtxtReadMemory(ctxt, (const char *)xml.p, (int)xml.n, NULL, "UTF-8", options);
	err = !doc->xml || !ctxt->wellFormed || SAML_BAD(NAMESPACES, !ctxt->nsWellFormed) ? give_up(ctxt, why) : look(doc->xml, why);
	if (err != LW_OK)
		goto out;
	*ret = doc;
	doc = NULL;
out:
	xmlFreeParserCtxt(ctxt);
	saml_doc_free(doc);
	return err;
}

void saml_doc_free(struct saml_doc *doc)
{
	if (!doc)
		return;
	xmlFreeDoc(doc->xml);
	free(doc);
}

void *saml_doc_root(struct saml_doc *doc)
{
	return xmlDocGetRootElement(doc->xml);
}

xmlDoc *saml_doc_xml(struct saml_doc *doc)
{
	return doc->xml;
}
