/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in an assertion, strictly: what our builder writes, and nothing else. */
#include "saml/int.h"

#include "base/err.h"

#define FORMAT_ENTITY "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
#define FORMAT_BASIC  "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
#define METHOD_BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"

static const char *const none[] = { NULL };

static xmlNode *take(xmlNode **at, const char *name)
{
	return saml_take(at, SAML_NS_ASSERTION, name);
}

/* An element that has these attributes, and elements. */
static void frame(struct saml_walk *w, const xmlNode *n, const char *const *names)
{
	saml_only_attributes(w, n, names);
	saml_only_elements(w, n);
}

static int64_t time_of(struct saml_walk *w, const xmlNode *n, const char *name, bool must)
{
	struct lw_bytes v = must ? saml_attribute(w, n, name) : saml_attribute_maybe(w, n, name);
	int64_t us = 0;

	if (v.p && (saml_time(v, &us) != LW_OK || us <= 0))
		saml_walk_fail(w, n, "has a time that is none");
	return us;
}

static void done(struct saml_walk *w, const xmlNode *n, const xmlNode *at)
{
	if (SAML_BAD(FIELDS, at != NULL))
		saml_walk_fail(w, n, "has an element that is not of the profile");
}

static struct lw_bytes bare(struct saml_walk *w, const xmlNode *parent, const xmlNode *n)
{
	if (!n)
		saml_walk_fail(w, parent, "misses an element of the profile");
	saml_only_attributes(w, n, none);
	return saml_text(w, n);
}

static void read_confirmation(struct saml_walk *w, const xmlNode *n, struct saml_assertion *ret)
{
	static const char *const names[] = { "Method", NULL }, *const of_data[] = { "InResponseTo", "NotOnOrAfter", "Recipient", NULL };
	xmlNode *at = saml_first(n), *data = take(&at, "SubjectConfirmationData");

	frame(w, n, names);
	if (n && !lw_eq(saml_attribute(w, n, "Method"), LW_LIT(METHOD_BEARER)))
		saml_walk_fail(w, n, "another confirmation than bearer");
	done(w, n, at);
	if (!data)
		return;
	frame(w, data, of_data);
	done(w, data, saml_first(data));
	ret->in_response_to = saml_attribute_maybe(w, data, "InResponseTo");
	ret->recipient = saml_attribute_maybe(w, data, "Recipient");
	ret->not_on_or_after = time_of(w, data, "NotOnOrAfter", false);
}

static void read_subject(struct saml_walk *w, const xmlNode *n, struct saml_assertion *ret)
{
	static const char *const of_name[] = { "Format", NULL };
	xmlNode *at = saml_first(n), *name = take(&at, "NameID"), *confirmation = take(&at, "SubjectConfirmation");

	frame(w, n, none);
	if (!name || !confirmation)
		saml_walk_fail(w, n, "misses NameID or SubjectConfirmation");
	saml_only_attributes(w, name, of_name);
	ret->name_id = saml_text(w, name);
	ret->name_id_format = saml_attribute_maybe(w, name, "Format");
	if (ret->name_id.n == 0)
		saml_walk_fail(w, name, "is empty");
	read_confirmation(w, confirmation, ret);
	done(w, n, at);
}

static void read_conditions(struct saml_walk *w, const xmlNode *n, struct saml_assertion *ret)
{
	static const char *const names[] = { "NotBefore", "NotOnOrAfter", NULL };
	xmlNode *at = saml_first(n), *restriction = take(&at, "AudienceRestriction"), *of = saml_first(restriction);
	int64_t until = time_of(w, n, "NotOnOrAfter", false);

	frame(w, n, names);
	done(w, n, at);
	ret->not_before = time_of(w, n, "NotBefore", false);
	if (ret->not_on_or_after && until != ret->not_on_or_after)
		saml_walk_fail(w, n, "ends at another time than the confirmation");
	ret->not_on_or_after = until;
	if (!restriction)
		return;
	frame(w, restriction, none);
	ret->audience = bare(w, restriction, take(&of, "Audience"));
	done(w, restriction, of);
}

static void read_authn(struct saml_walk *w, const xmlNode *n, struct saml_assertion *ret)
{
	static const char *const names[] = { "AuthnInstant", "SessionIndex", NULL };
	xmlNode *at = saml_first(n), *context = take(&at, "AuthnContext"), *in = saml_first(context);

	frame(w, n, names);
	done(w, n, at);
	frame(w, context, none);
	ret->authn_instant = time_of(w, n, "AuthnInstant", true);
	ret->session_index = saml_attribute_maybe(w, n, "SessionIndex");
	ret->authn_context = bare(w, n, take(&in, "AuthnContextClassRef"));
	done(w, context, in);
}

static size_t elements(const xmlNode *parent)
{
	size_t n = 0;

	for (const xmlNode *c = saml_first(parent); c; c = saml_next(c))
		n++;
	return n;
}

static void read_attribute(struct saml_walk *w, const xmlNode *n, struct saml_attr *ret)
{
	static const char *const names[] = { "Name", "NameFormat", NULL };
	xmlNode *at = saml_first(n), *value;
	size_t room = elements(n);

	frame(w, n, names);
	ret->name = saml_attribute(w, n, "Name");
	ret->name_format = saml_attribute_maybe(w, n, "NameFormat");
	if (lw_eq(ret->name_format, LW_LIT(FORMAT_BASIC)))
		ret->name_format = (struct lw_bytes){ NULL, 0 };
	ret->values = room ? lw_allocn(w->arena, room, sizeof(*ret->values)) : NULL;
	while (ret->values && w->err == LW_OK && (value = take(&at, "AttributeValue"))) {
		saml_only_attributes(w, value, none);
		ret->values[ret->n++] = saml_text(w, value);
	}
	done(w, n, at);
}

static void read_attributes(struct saml_walk *w, const xmlNode *n, struct saml_assertion *ret)
{
	xmlNode *at = saml_first(n), *attribute;
	size_t room = elements(n), values = 0;

	frame(w, n, none);
	if (room == 0 || room > SAML_MAX_ATTRS)
		saml_walk_fail(w, n, "no attribute, or too many");
	ret->attrs = w->err == LW_OK ? lw_allocn(w->arena, room, sizeof(*ret->attrs)) : NULL;
	while (ret->attrs && w->err == LW_OK && (attribute = take(&at, "Attribute"))) {
		read_attribute(w, attribute, &ret->attrs[ret->n_attrs]);
		values += ret->attrs[ret->n_attrs++].n;
	}
	done(w, n, at);
	if (values > SAML_MAX_VALUES)
		saml_walk_fail(w, n, "too many values");
}

void saml_fields(struct saml_walk *w, const xmlNode *n, const xmlNode *sig, struct saml_assertion *ret)
{
	static const char *const names[] = { "ID", "IssueInstant", "Version", NULL }, *const of_issuer[] = { "Format", NULL };
	xmlNode *at = saml_first(n), *issuer = take(&at, "Issuer"), *subject, *conditions, *authn, *attributes;
	struct lw_bytes format = saml_attribute_maybe(w, issuer, "Format");

	frame(w, n, names);
	if (SAML_BAD(PLACE, !issuer || at != sig))
		saml_walk_fail(w, n, "does not begin with Issuer and Signature");
	if (at == sig)
		at = saml_next(sig);
	subject = take(&at, "Subject");
	conditions = take(&at, "Conditions");
	authn = take(&at, "AuthnStatement");
	attributes = take(&at, "AttributeStatement");
	done(w, n, at);
	saml_only_attributes(w, issuer, of_issuer);
	ret->id = saml_attribute(w, n, "ID");
	ret->issue_instant = time_of(w, n, "IssueInstant", true);
	ret->issuer = saml_text(w, issuer);
	if (!lw_eq(saml_attribute(w, n, "Version"), LW_LIT("2.0")) || ret->issuer.n == 0 || (format.p && !lw_eq(format, LW_LIT(FORMAT_ENTITY))))
		saml_walk_fail(w, n, "another version than 2.0, or not a proper issuer");
	if (!subject || !conditions)
		saml_walk_fail(w, n, "misses Subject or Conditions");
	read_subject(w, subject, ret);
	read_conditions(w, conditions, ret);
	if (authn)
		read_authn(w, authn, ret);
	if (attributes)
		read_attributes(w, attributes, ret);
	if (lw_arena_failed(w->arena) && w->err == LW_OK) {
		saml_walk_fail(w, n, "too long");
		w->err = LW_ELIMIT;
	}
}
