/* SPDX-License-Identifier: Apache-2.0 */
#include "saml/int.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

void saml_walk_init(struct saml_walk *w, struct lw_arena *arena)
{
	*w = (struct saml_walk){ .arena = arena };
}

static void *fail(struct saml_walk *w, int err, const char *name, const char *why)
{
	if (w->err == LW_OK)
		snprintf(w->why, sizeof(w->why), "%.60s: %s", name, why);
	if (w->err == LW_OK)
		w->err = err;
	return NULL;
}

static const char *name_of(const xmlNode *n)
{
	return n && n->type == XML_ELEMENT_NODE ? (const char *)n->name : "document";
}

void *saml_walk_fail(struct saml_walk *w, const xmlNode *n, const char *why)
{
	return fail(w, LW_EINVAL, name_of(n), why);
}

static struct lw_bytes copy(struct saml_walk *w, const xmlNode *n, struct lw_bytes v)
{
	static const struct lw_bytes nothing;

	if (w->err != LW_OK)
		return nothing;
	v = lw_dup(w->arena, v);
	if (lw_arena_failed(w->arena))
		fail(w, LW_ELIMIT, name_of(n), "too long");
	return w->err == LW_OK ? v : nothing;
}

bool saml_is(const xmlNode *n, const char *ns, const char *name)
{
	return n && n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, BAD_CAST name) && n->ns && xmlStrEqual(n->ns->href, BAD_CAST ns);
}

static xmlNode *element_from(xmlNode *n)
{
	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

xmlNode *saml_first(const xmlNode *parent)
{
	return parent ? element_from(parent->children) : NULL;
}

xmlNode *saml_next(const xmlNode *n)
{
	return n ? element_from(n->next) : NULL;
}

xmlNode *saml_maybe(struct saml_walk *w, const xmlNode *parent, const char *ns, const char *name)
{
	xmlNode *found = NULL;

	if (w->err != LW_OK)
		return NULL;
	for (xmlNode *n = saml_first(parent); n; n = saml_next(n)) {
		if (!saml_is(n, ns, name))
			continue;
		if (found)
			return fail(w, LW_EINVAL, name, "stands twice");
		found = n;
	}
	return found;
}

xmlNode *saml_one(struct saml_walk *w, const xmlNode *parent, const char *ns, const char *name)
{
	xmlNode *n = saml_maybe(w, parent, ns, name);

	return n ? n : fail(w, LW_EINVAL, name, "is missing");
}

xmlNode *saml_take(xmlNode **at, const char *ns, const char *name)
{
	xmlNode *n = *at;

	if (!saml_is(n, ns, name))
		return NULL;
	*at = saml_next(n);
	return n;
}

/* No element, no comment: a comment in a name would cut it for whoever reads the first text only. libxml2 joins neighbouring texts. */
static struct lw_bytes bare_text(struct saml_walk *w, const xmlNode *n)
{
	struct lw_bytes v = { (const uint8_t *)"", 0 };

	if (!n || w->err != LW_OK)
		return v;
	if (SAML_BAD(TEXT, n->children && (n->children->type != XML_TEXT_NODE || n->children->next)))
		saml_walk_fail(w, n, "has more than text");
	else if (n->children)
		v = lw_str((const char *)n->children->content);
	return v;
}

struct lw_bytes saml_text(struct saml_walk *w, const xmlNode *n)
{
	return copy(w, n, bare_text(w, n));
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct lw_bytes saml_token(struct saml_walk *w, const xmlNode *n)
{
	struct lw_bytes v = bare_text(w, n);

	while (v.n && is_space(v.p[0]))
		v = (struct lw_bytes){ v.p + 1, v.n - 1 };
	while (v.n && is_space(v.p[v.n - 1]))
		v.n--;
	return copy(w, n, v);
}

struct lw_bytes saml_base64(struct saml_walk *w, const xmlNode *n)
{
	struct lw_bytes v = bare_text(w, n), out = { NULL, 0 };
	uint8_t *q;
	size_t k = 0;
	int r;

	if (!n || w->err != LW_OK)
		return out;
	q = lw_alloc(w->arena, v.n + 1);
	for (size_t i = 0; q && i < v.n; i++)
		if (!is_space(v.p[i]))
			q[k++] = v.p[i];
	r = q ? lw_unbase64(w->arena, (struct lw_bytes){ q, k }, &out) : LW_ELIMIT;
	if (r == LW_OK)
		return out;
	fail(w, r, name_of(n), r == LW_EINVAL ? "is not base64" : "too long");
	return (struct lw_bytes){ NULL, 0 };
}

struct lw_bytes saml_attribute_maybe(struct saml_walk *w, const xmlNode *n, const char *name)
{
	static const struct lw_bytes nothing;
	const xmlAttr *a = n && w->err == LW_OK ? xmlHasNsProp(n, BAD_CAST name, NULL) : NULL;

	if (!a)
		return nothing;
	return copy(w, n, lw_str(a->children ? (const char *)a->children->content : ""));
}

struct lw_bytes saml_attribute(struct saml_walk *w, const xmlNode *n, const char *name)
{
	struct lw_bytes v = saml_attribute_maybe(w, n, name);

	if (!v.p && n)
		fail(w, LW_EINVAL, name, "this attribute is missing");
	return v;
}

int saml_time(struct lw_bytes v, int64_t *ret_us)
{
	char plain[40];
	size_t k = 0;

	/* as generalizedTime, that is without the separators at their places */
	if (v.n < 20 || v.n > sizeof(plain) || v.p[4] != '-' || v.p[7] != '-' || v.p[10] != 'T' || v.p[13] != ':' || v.p[16] != ':')
		return LW_EINVAL;
	for (size_t i = 0; i < v.n; i++) {
		bool zone = v.n - i == 3 && v.p[i] == ':' && (v.p[i - 3] == '+' || v.p[i - 3] == '-');

		if (i == 4 || i == 7 || i == 10 || i == 13 || i == 16 || zone)
			continue;
		if (i < 19 && (v.p[i] < '0' || v.p[i] > '9'))
			return LW_EINVAL;
		if (v.p[i] == ',')
			return LW_EINVAL;
		plain[k++] = (char)v.p[i];
	}
	return lw_time_parse_generalized((struct lw_bytes){ (uint8_t *)plain, k }, ret_us);
}

bool saml_only_elements(struct saml_walk *w, const xmlNode *n)
{
	for (const xmlNode *c = n ? n->children : NULL; c && w->err == LW_OK; c = c->next)
		if (SAML_BAD(FIELDS, c->type != XML_ELEMENT_NODE && !(c->type == XML_TEXT_NODE && xmlIsBlankNode(c))))
			saml_walk_fail(w, n, "has text or a comment between its elements");
	return w->err == LW_OK;
}

bool saml_only_attributes(struct saml_walk *w, const xmlNode *n, const char *const *names)
{
	for (const xmlAttr *a = n ? n->properties : NULL; a && w->err == LW_OK; a = a->next) {
		const char *const *known = names;

		while (*known && strcmp(*known, (const char *)a->name) != 0)
			known++;
		if (SAML_BAD(FIELDS, a->ns || !*known))
			saml_walk_fail(w, n, "has an attribute that is not of the profile");
	}
	return w->err == LW_OK;
}

static bool has_id(const xmlNode *n, const char *ns, const char *attr, struct lw_bytes value)
{
	const xmlAttr *a = ns ? xmlHasNsProp(n, BAD_CAST attr, BAD_CAST ns) : xmlHasNsProp(n, BAD_CAST attr, NULL);

	return a && a->children && lw_eq(lw_str((const char *)a->children->content), value);
}

xmlNode *saml_by_id(const xmlNode *root, const char *ns, const char *attr, struct lw_bytes value)
{
	xmlNode *n = (xmlNode *)root;

	while (n) {
		xmlNode *next = saml_first(n);

		if (has_id(n, ns, attr, value))
			return n;
		while (!next && n && n != root) {
			next = saml_next(n);
			n = n->parent;
		}
		n = next;
	}
	return NULL;
}
