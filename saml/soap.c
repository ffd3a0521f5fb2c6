/* SPDX-License-Identifier: Apache-2.0 */
#include "saml/soap.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define ANONYMOUS SOAP_NS_WSA "/anonymous"
#define PASSWORD_TEXT \
	"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"

static enum soap_fault refuse(enum soap_fault f, char why[200], const char *text)
{
	snprintf(why, 200, "%s", text);
	return f;
}

/* ---- walking, beyond saml/xml.h ---- */

bool soap_in(const xmlNode *n, const char *ns)
{
	return n->ns != NULL && n->ns->href != NULL && strcmp((const char *)n->ns->href, ns) == 0;
}

bool soap_text(const xmlNode *node, bool trim, struct lw_arena *arena, struct lw_bytes *ret)
{
	struct lw_bytes text;
	struct saml_walk w;

	saml_walk_init(&w, arena);
	text = trim ? saml_token(&w, node) : saml_text(&w, node);
	if (w.err != LW_OK || text.n > SOAP_TEXT_MAX)
		return false;
	*ret = text;
	return true;
}

struct lw_bytes soap_attr(const xmlNode *node, const char *ns, const char *name, struct lw_arena *arena)
{
	struct lw_bytes v = { NULL, 0 };
	xmlChar *text = ns == NULL ? xmlGetNoNsProp(node, BAD_CAST name) : xmlGetNsProp(node, BAD_CAST name, BAD_CAST ns);

	if (text != NULL && strlen((const char *)text) <= SOAP_TEXT_MAX)
		v = lw_dup(arena, lw_str((const char *)text));
	xmlFree(text);
	return v;
}

/* ---- values ---- */

int soap_time(struct lw_bytes in, int64_t *ret)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	char g[64];
	size_t n = 0, i = 0;

	if (in.n < sizeof(shape) || in.n > 40)
		return LW_EINVAL;
	for (; i < sizeof(shape) - 1; i++) {
		if (shape[i] != 'd' ? in.p[i] != (uint8_t)shape[i] : in.p[i] < '0' || in.p[i] > '9')
			return LW_EINVAL;
		if (shape[i] == 'd')
			g[n++] = (char)in.p[i];
	}
	for (; i < in.n; i++) { /* fraction and zone: +hh:mm loses its colon */
		if (in.p[i] == ':' && i == in.n - 3)
			continue;
		if (strchr("0123456789.Z+-", in.p[i]) == NULL || in.p[i] == '\0')
			return LW_EINVAL;
		g[n++] = (char)in.p[i];
	}
	return lw_time_parse_generalized((struct lw_bytes){ (const uint8_t *)g, n }, ret);
}

bool soap_bool(struct lw_bytes in, bool *ret)
{
	bool yes = lw_eq(in, LW_LIT("1")) || lw_eq(in, LW_LIT("true"));

	if (!yes && !lw_eq(in, LW_LIT("0")) && !lw_eq(in, LW_LIT("false")))
		return false;
	*ret = yes;
	return true;
}

/* ---- the Security header ---- */

struct reading {
	int64_t now;
	struct lw_arena *arena;
	struct soap_message *m;
	char *why;
};

/* Created and Expires of a Timestamp, or the Created of a UsernameToken. */
static enum soap_fault check_time(struct reading *r, int64_t created, int64_t expires)
{
	if (created != 0 && created > r->now + SOAP_SKEW)
		return refuse(SOAP_F_MESSAGE_EXPIRED, r->why, "created in the future");
	if (expires != 0 && expires <= r->now - SOAP_SKEW)
		return refuse(SOAP_F_MESSAGE_EXPIRED, r->why, "expired");
	if (created != 0 && expires != 0 && expires <= created)
		return refuse(SOAP_F_SECURITY, r->why, "expires before it is created");
	return SOAP_FINE;
}

static bool read_time(struct reading *r, xmlNode *node, int64_t *ret)
{
	struct lw_bytes text;

	return *ret == 0 && soap_text(node, true, r->arena, &text) && soap_time(text, ret) == LW_OK && *ret > 0;
}

static enum soap_fault read_timestamp(struct reading *r, xmlNode *node)
{
	int64_t created = 0, expires = 0;

	if (r->m->stamped)
		return refuse(SOAP_F_SECURITY, r->why, "two Timestamps");
	r->m->stamped = true;
	for (xmlNode *n = saml_first(node); n != NULL; n = saml_next(n)) {
		int64_t *to = saml_is(n, SOAP_NS_WSU, "Created") ? &created
			    : saml_is(n, SOAP_NS_WSU, "Expires") ? &expires : NULL;

		if (to == NULL || !read_time(r, n, to))
			return refuse(SOAP_F_SECURITY, r->why, "a Timestamp that can't be read");
	}
	return check_time(r, created, expires);
}

static enum soap_fault read_password(struct reading *r, xmlNode *node)
{
	struct lw_bytes type = soap_attr(node, NULL, "Type", r->arena);

	if (r->m->password.p != NULL)
		return refuse(SOAP_F_TOKEN_INVALID, r->why, "two Passwords");
	if (type.p != NULL && !lw_eq(type, LW_LIT(PASSWORD_TEXT)))
		return refuse(SOAP_F_TOKEN_KIND, r->why, "a password that is not PasswordText");
	if (!soap_text(node, false, r->arena, &r->m->password))
		return refuse(SOAP_F_TOKEN_INVALID, r->why, "a Password that can't be read");
	if (node->children != NULL) /* the arena is wiped, a document is not */
		lw_wipe(node->children->content, strlen((char *)node->children->content));
	return SOAP_FINE;
}

static enum soap_fault read_username_token(struct reading *r, xmlNode *node)
{
	enum soap_fault f = SOAP_FINE;
	int64_t created = 0;

	if (r->m->user.p != NULL || r->m->assertion != NULL)
		return refuse(SOAP_F_SECURITY, r->why, "two security tokens");
	for (xmlNode *n = saml_first(node); f == SOAP_FINE && n != NULL; n = saml_next(n)) {
		if (saml_is(n, SOAP_NS_WSSE, "Username")) {
			if (r->m->user.p != NULL || !soap_text(n, false, r->arena, &r->m->user))
				f = refuse(SOAP_F_TOKEN_INVALID, r->why, "a Username that can't be read");
		} else if (saml_is(n, SOAP_NS_WSSE, "Password")) {
			f = read_password(r, n);
		} else if (saml_is(n, SOAP_NS_WSU, "Created")) {
			if (!read_time(r, n, &created))
				f = refuse(SOAP_F_TOKEN_INVALID, r->why, "a Created that can't be read");
		} else if (!saml_is(n, SOAP_NS_WSSE, "Nonce")) {
			f = refuse(SOAP_F_TOKEN_KIND, r->why, "an unknown part of a UsernameToken");
		}
	}
	if (f != SOAP_FINE)
		return f;
	if (r->m->user.p == NULL || r->m->user.n == 0 || r->m->password.p == NULL)
		return refuse(SOAP_F_TOKEN_INVALID, r->why, "a UsernameToken without name or password");
	return check_time(r, created, created == 0 ? 0 : created + SOAP_SKEW);
}

static enum soap_fault read_security(struct reading *r, xmlNode *node)
{
	enum soap_fault f = SOAP_FINE;

	for (xmlNode *n = saml_first(node); f == SOAP_FINE && n != NULL; n = saml_next(n)) {
		if (saml_is(n, SOAP_NS_WSU, "Timestamp")) {
			f = read_timestamp(r, n);
		} else if (saml_is(n, SOAP_NS_WSSE, "UsernameToken")) {
			f = read_username_token(r, n);
		} else if (saml_is(n, SAML_NS_ASSERTION, "Assertion")) {
			if (r->m->user.p != NULL || r->m->assertion != NULL)
				return refuse(SOAP_F_SECURITY, r->why, "two security tokens");
			r->m->assertion = n;
		} else {
			f = refuse(SOAP_F_TOKEN_KIND, r->why, "an unsupported part of the Security header");
		}
	}
	return f;
}

/* ---- WS-Addressing ---- */

static enum soap_fault once(struct reading *r, xmlNode *node, struct lw_bytes *to)
{
	if (to->p != NULL || !soap_text(node, true, r->arena, to) || to->n == 0)
		return refuse(SOAP_F_ADDRESSING, r->why, "an addressing header twice, empty or too long");
	return SOAP_FINE;
}

static enum soap_fault read_reply(struct reading *r, xmlNode *node)
{
	struct lw_bytes text;
	xmlNode *n = saml_first(node);

	if (n == NULL || !saml_is(n, SOAP_NS_WSA, "Address") || !soap_text(n, true, r->arena, &text))
		return refuse(SOAP_F_ADDRESSING, r->why, "an endpoint without Address");
	if (!lw_eq(text, LW_LIT(ANONYMOUS)))
		return refuse(SOAP_F_REPLY, r->why, "an answer to somewhere else");
	return SOAP_FINE;
}

static enum soap_fault read_addressing(struct reading *r, xmlNode *node, struct lw_bytes *to)
{
	const char *name = (const char *)node->name;

	if (strcmp(name, "Action") == 0)
		return once(r, node, &r->m->action);
	if (strcmp(name, "MessageID") == 0)
		return once(r, node, &r->m->message_id);
	if (strcmp(name, "To") == 0)
		return once(r, node, to); /* a proxy may have another name than we: not compared */
	if (strcmp(name, "ReplyTo") == 0 || strcmp(name, "FaultTo") == 0)
		return read_reply(r, node);
	if (strcmp(name, "From") == 0 || strcmp(name, "RelatesTo") == 0)
		return SOAP_FINE;
	return refuse(SOAP_F_ADDRESSING, r->why, "an unknown addressing header");
}

/* ---- the envelope ---- */

static const char *ns_of(enum soap_version v)
{
	return v == SOAP_12 ? SOAP_NS_12 : SOAP_NS_11;
}

static bool for_us(struct reading *r, xmlNode *block)
{
	bool v12 = r->m->version == SOAP_12;
	struct lw_bytes who = soap_attr(block, ns_of(r->m->version), v12 ? "role" : "actor", r->arena);

	return who.p == NULL || who.n == 0 || (v12 ? lw_eq(who, LW_LIT(SOAP_NS_12 "/role/next")) ||
	       lw_eq(who, LW_LIT(SOAP_NS_12 "/role/ultimateReceiver")) : lw_eq(who, LW_LIT("http://schemas.xmlsoap.org/soap/actor/next")));
}

static enum soap_fault unknown_block(struct reading *r, xmlNode *block)
{
	struct lw_bytes must = soap_attr(block, ns_of(r->m->version), "mustUnderstand", r->arena);
	bool yes = false;

	if (must.p != NULL && !soap_bool(must, &yes))
		return refuse(SOAP_F_MALFORMED, r->why, "mustUnderstand is not a boolean");
	if (!yes)
		return SOAP_FINE;
	r->m->unknown_name = lw_dup(r->arena, lw_str((const char *)block->name));
	if (block->ns != NULL)
		r->m->unknown_ns = lw_dup(r->arena, lw_str((const char *)block->ns->href));
	return refuse(SOAP_F_NOT_UNDERSTOOD, r->why, "an unknown header that must be understood");
}

/* First what is for us at all, then the Security header: faults that need no secrets come before those that look at them. */
static enum soap_fault read_header(struct reading *r, xmlNode *header)
{
	struct lw_bytes to = { NULL, 0 };
	xmlNode *security = NULL;
	enum soap_fault f = SOAP_FINE;

	for (xmlNode *n = saml_first(header); f == SOAP_FINE && n != NULL; n = saml_next(n)) {
		if (!for_us(r, n))
			continue;
		if (soap_in(n, SOAP_NS_WSA)) {
			f = read_addressing(r, n, &to);
		} else if (!saml_is(n, SOAP_NS_WSSE, "Security")) {
			f = unknown_block(r, n);
		} else if (security != NULL) {
			f = refuse(SOAP_F_SECURITY, r->why, "two Security headers");
		} else {
			security = n;
		}
	}
	return f == SOAP_FINE && security != NULL ? read_security(r, security) : f;
}

enum soap_fault soap_read(xmlNode *root, int64_t now, struct lw_arena *arena, struct soap_message *inout, char why[200])
{
	struct reading r = { now, arena, inout, why };
	enum soap_fault f = SOAP_FINE;
	const char *ns;
	xmlNode *n;

	if (strcmp((const char *)root->name, "Envelope") != 0)
		return refuse(SOAP_F_MALFORMED, why, "no Envelope");
	if (soap_in(root, SOAP_NS_11)) {
		inout->version = SOAP_11;
	} else if (soap_in(root, SOAP_NS_12)) {
		inout->version = SOAP_12;
	} else {
		inout->version = SOAP_12; /* whose fault says which there are */
		return refuse(SOAP_F_VERSION, why, "an unknown version of SOAP");
	}
	ns = ns_of(inout->version);
	n = saml_first(root);
	if (n != NULL && saml_is(n, ns, "Header")) {
		f = read_header(&r, n);
		n = saml_next(n);
	}
	if (f != SOAP_FINE)
		return f;
	if (n == NULL || !saml_is(n, ns, "Body") || saml_next(n) != NULL)
		return refuse(SOAP_F_MALFORMED, why, "the envelope's children are not Header and Body");
	inout->body = saml_first(n);
	if (inout->body == NULL || saml_next(inout->body) != NULL)
		return refuse(SOAP_F_MALFORMED, why, "the Body has not one child");
	return SOAP_FINE;
}
