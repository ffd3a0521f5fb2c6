/* SPDX-License-Identifier: Apache-2.0 */
#include "saml/sts.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define SAML2_PROFILE "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"
#define SAML_ID       "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID"
#define STATUS_TYPE   SOAP_NS_WST "/RSTR/Status"

static const struct operation {
	const char *name, *target, *answer; /* of RequestType, the element that holds the token, the answer's action */
} operations[STS_OP_COUNT] = {
	[STS_ISSUE] = { "Issue", NULL, SOAP_NS_WST "/RSTRC/IssueFinal" },
	[STS_RENEW] = { "Renew", "RenewTarget", SOAP_NS_WST "/RSTR/RenewFinal" },
	[STS_VALIDATE] = { "Validate", "ValidateTarget", SOAP_NS_WST "/RSTR/ValidateFinal" },
	[STS_CANCEL] = { "Cancel", "CancelTarget", SOAP_NS_WST "/RSTR/CancelFinal" },
};

static const struct { const char *uri, *name; } algorithms[] = {
	{ "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "rsa-sha256" },
	{ "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "rsa-sha384" },
	{ "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "rsa-sha512" },
	{ "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "ecdsa-sha256" },
	{ "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "ecdsa-sha384" },
};

/* ---- reading: every element of the request has a row ---- */

struct reading {
	const struct soap_message *m;
	int64_t now;
	struct lw_arena *arena;
	struct sts_request *q;
	char *why;
};

static enum soap_fault refuse(struct reading *r, enum soap_fault f, const char *text)
{
	snprintf(r->why, 200, "%s", text);
	return f;
}

static bool text_of(struct reading *r, const xmlNode *node, struct lw_bytes *ret)
{
	return soap_text(node, true, r->arena, ret);
}

static bool is_str(struct lw_bytes b, const char *s)
{
	return lw_eq(b, lw_str(s));
}

static enum soap_fault read_token_type(struct reading *r, xmlNode *node)
{
	if (!text_of(r, node, &r->q->token_type))
		return refuse(r, SOAP_F_BAD_REQUEST, "TokenType");
	return SOAP_FINE;
}

static enum soap_fault read_key_type(struct reading *r, xmlNode *node)
{
	struct lw_bytes t;

	if (!text_of(r, node, &t) || !is_str(t, SOAP_NS_WST "/Bearer"))
		return refuse(r, SOAP_F_INVALID_REQUEST, "a KeyType that is not Bearer");
	return SOAP_FINE;
}

static enum soap_fault read_algorithm(struct reading *r, xmlNode *node)
{
	struct lw_bytes t;

	if (text_of(r, node, &t)) {
		for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
			if (is_str(t, algorithms[i].uri)) {
				r->q->alg = algorithms[i].name;
				return SOAP_FINE;
			}
		}
	}
	return refuse(r, SOAP_F_INVALID_REQUEST, "an unknown SignatureAlgorithm");
}

static enum soap_fault read_renewing(struct reading *r, xmlNode *node)
{
	static const char *const names[] = { "Allow", "OK" };
	bool yes;

	for (size_t i = 0; i < 2; i++) {
		struct lw_bytes v = soap_attr(node, NULL, names[i], r->arena);

		if (v.p != NULL && !soap_bool(v, &yes))
			return refuse(r, SOAP_F_BAD_REQUEST, "Renewing");
	}
	return SOAP_FINE;
}

static enum soap_fault read_lifetime(struct reading *r, xmlNode *node)
{
	int64_t created = 0, expires = 0, begin;

	for (xmlNode *n = saml_first(node); n != NULL; n = saml_next(n)) {
		int64_t *to = saml_is(n, SOAP_NS_WSU, "Created") ? &created
			    : saml_is(n, SOAP_NS_WSU, "Expires") ? &expires : NULL;
		struct lw_bytes t;

		if (to == NULL || *to != 0 || !text_of(r, n, &t) || soap_time(t, to) != LW_OK)
			return refuse(r, SOAP_F_BAD_REQUEST, "Lifetime");
	}
	begin = created > r->now ? created : r->now;
	if (created > r->now + SOAP_SKEW)
		return refuse(r, SOAP_F_TIME_RANGE, "Lifetime begins later");
	if (expires != 0 && (expires <= begin || expires <= created))
		return refuse(r, SOAP_F_TIME_RANGE, "Lifetime ends before it begins");
	if (expires != 0)
		r->q->life = expires - begin;
	return SOAP_FINE;
}

static enum soap_fault read_applies_to(struct reading *r, xmlNode *node)
{
	static const char *const addressing[] = { SOAP_NS_WSA, "http://schemas.xmlsoap.org/ws/2004/08/addressing" };
	xmlNode *epr = saml_first(node), *address;

	for (size_t i = 0; i < 2; i++) {
		if (epr == NULL || saml_next(epr) != NULL || !saml_is(epr, addressing[i], "EndpointReference"))
			continue;
		address = saml_first(epr);
		if (address != NULL && saml_is(address, addressing[i], "Address") && text_of(r, address, &r->q->audience) &&
		    r->q->audience.n > 0)
			return SOAP_FINE;
	}
	return refuse(r, SOAP_F_BAD_REQUEST, "AppliesTo without an EndpointReference's Address");
}

/* An Assertion, or a reference to the one in the Security header. */
static enum soap_fault read_target(struct reading *r, xmlNode *node)
{
	xmlNode *n = saml_first(node);
	struct lw_bytes said, id;

	if (n == NULL || saml_next(n) != NULL)
		return refuse(r, SOAP_F_BAD_REQUEST, "a target that is not one token");
	if (saml_is(n, SAML_NS_ASSERTION, "Assertion")) {
		r->q->target = n;
		return SOAP_FINE;
	}
	if (saml_is(n, SOAP_NS_WSSE, "SecurityTokenReference") && r->m->assertion != NULL) {
		n = saml_first(n);
		id = soap_attr(r->m->assertion, NULL, "ID", r->arena);
		if (n != NULL && saml_next(n) == NULL && saml_is(n, SOAP_NS_WSSE, "KeyIdentifier") &&
		    is_str(soap_attr(n, NULL, "ValueType", r->arena), SAML_ID) && text_of(r, n, &said) && id.n > 0 && lw_eq(said, id)) {
			r->q->target = r->m->assertion;
			return SOAP_FINE;
		}
	}
	return refuse(r, SOAP_F_INVALID_TOKEN, "a target that is no SAML 2.0 assertion");
}

static enum soap_fault not_offered(struct reading *r, xmlNode *node)
{
	snprintf(r->why, 200, "%.60s is not offered", (const char *)node->name);
	return SOAP_F_BAD_REQUEST;
}

/* run NULL: changes nothing here. RequestType has been read before. */
static const struct element {
	const char *ns, *name;
	enum soap_fault (*run)(struct reading *, xmlNode *node);
	enum sts_op only; /* 0: of every operation */
} elements[] = {
	{ SOAP_NS_WST, "RequestType", NULL },
	{ SOAP_NS_WST, "TokenType", read_token_type },
	{ SOAP_NS_WST, "KeyType", read_key_type },
	{ SOAP_NS_WST, "SignatureAlgorithm", read_algorithm },
	{ SOAP_NS_WST, "Lifetime", read_lifetime },
	{ SOAP_NS_WST, "Renewing", read_renewing },
	{ SOAP_NS_WST, "RenewTarget", read_target, STS_RENEW },
	{ SOAP_NS_WST, "ValidateTarget", read_target, STS_VALIDATE },
	{ SOAP_NS_WST, "CancelTarget", read_target, STS_CANCEL },
	{ "http://schemas.xmlsoap.org/ws/2004/09/policy", "AppliesTo", read_applies_to, STS_ISSUE },
	{ "http://www.w3.org/ns/ws-policy", "AppliesTo", read_applies_to, STS_ISSUE },
	{ SOAP_NS_WST, "AuthenticationType", NULL },
	{ SOAP_NS_WST, "AllowPostdating", NULL },
	{ SOAP_NS_WST, "CanonicalizationAlgorithm", NULL },
	{ SOAP_NS_WST, "Claims", NULL },
	{ SOAP_NS_WST, "ComputedKeyAlgorithm", NULL },
	{ SOAP_NS_WST, "Delegatable", NULL },
	{ SOAP_NS_WST, "EncryptWith", NULL },
	{ SOAP_NS_WST, "EncryptionAlgorithm", NULL },
	{ SOAP_NS_WST, "Entropy", NULL },
	{ SOAP_NS_WST, "Forwardable", NULL },
	{ SOAP_NS_WST, "Issuer", NULL },
	{ SOAP_NS_WST, "KeySize", NULL },
	{ SOAP_NS_WST, "KeyWrapAlgorithm", NULL },
	{ SOAP_NS_WST, "SignWith", NULL },
	{ SOAP_NS_WST, "UseKey", NULL }, /* names a key for KeyTypes that are refused */
	{ SOAP_NS_WST, "Authenticator", not_offered },
	{ SOAP_NS_WST, "BinaryExchange", not_offered },
	{ SOAP_NS_WST, "DelegateTo", not_offered },
	{ SOAP_NS_WST, "Encryption", not_offered },
	{ SOAP_NS_WST, "OnBehalfOf", not_offered },
	{ SOAP_NS_WST, "Participants", not_offered },
	{ SOAP_NS_WST, "ProofEncryption", not_offered },
	{ SOAP_NS_WST, "RequestKET", not_offered },
	{ SOAP_NS_WST, "SignChallenge", not_offered },
	{ "http://docs.oasis-open.org/ws-sx/ws-trust/200802", "ActAs", not_offered },
};
#define NELEMENTS (sizeof(elements) / sizeof(*elements))

static enum soap_fault read_elements(struct reading *r, xmlNode *rst)
{
	uint8_t seen[NELEMENTS] = { 0 };
	enum soap_fault f = SOAP_FINE;

	for (xmlNode *n = saml_first(rst); f == SOAP_FINE && n != NULL; n = saml_next(n)) {
		size_t i = 0;

		while (i < NELEMENTS && !saml_is(n, elements[i].ns, elements[i].name))
			i++;
		if (i == NELEMENTS) {
			if (soap_in(n, SOAP_NS_WST))
				f = not_offered(r, n);
			continue; /* extensions of others may be skipped */
		}
		if (seen[i]++ > 0)
			f = refuse(r, SOAP_F_BAD_REQUEST, "an element twice");
		else if (elements[i].only != 0 && elements[i].only != r->q->op)
			f = refuse(r, SOAP_F_BAD_REQUEST, "an element of another operation");
		else if (elements[i].run != NULL)
			f = elements[i].run(r, n);
	}
	return f;
}

static enum soap_fault read_request_type(struct reading *r, xmlNode *rst)
{
	static const char uri[] = SOAP_NS_WST "/";
	struct lw_bytes t, action = r->m->action;

	for (xmlNode *n = saml_first(rst); n != NULL; n = saml_next(n)) {
		if (!saml_is(n, SOAP_NS_WST, "RequestType"))
			continue;
		if (!text_of(r, n, &t) || t.n < sizeof(uri) || memcmp(t.p, uri, sizeof(uri) - 1) != 0)
			break;
		t.p += sizeof(uri) - 1;
		t.n -= sizeof(uri) - 1;
		for (enum sts_op op = STS_ISSUE; op < STS_OP_COUNT; op++)
			if (is_str(t, operations[op].name))
				r->q->op = op;
		break;
	}
	if (r->q->op == 0)
		return refuse(r, SOAP_F_BAD_REQUEST, "no RequestType of ours");
	if (action.n > 0) {
		static const char rst_action[] = SOAP_NS_WST "/RST/";
		size_t k = sizeof(rst_action) - 1;

		if (action.n <= k || memcmp(action.p, rst_action, k) != 0 ||
		    !is_str((struct lw_bytes){ action.p + k, action.n - k }, operations[r->q->op].name))
			return refuse(r, SOAP_F_ACTION, "the action is not that of the RequestType");
	}
	return SOAP_FINE;
}

static enum soap_fault check_token_type(struct reading *r)
{
	struct lw_bytes t = r->q->token_type;
	bool saml = is_str(t, SAML_NS_ASSERTION) || is_str(t, SAML2_PROFILE);

	if (t.n == 0 || (r->q->op == STS_VALIDATE ? is_str(t, STATUS_TYPE) : saml))
		return SOAP_FINE;
	return refuse(r, SOAP_F_INVALID_REQUEST, "a TokenType that is not offered");
}

enum soap_fault sts_read(const struct soap_message *m, int64_t now, struct lw_arena *arena, struct sts_request *ret, char why[200])
{
	struct sts_request q = { .alg = "" };
	struct reading r = { m, now, arena, &q, why };
	enum soap_fault f;

	if (!saml_is(m->body, SOAP_NS_WST, "RequestSecurityToken"))
		return refuse(&r, SOAP_F_INVALID_REQUEST, "the Body is no RequestSecurityToken");
	q.context = soap_attr(m->body, NULL, "Context", arena);
	f = read_request_type(&r, m->body);
	if (f == SOAP_FINE)
		f = read_elements(&r, m->body);
	if (f == SOAP_FINE)
		f = check_token_type(&r);
	if (f == SOAP_FINE && operations[q.op].target != NULL && q.target == NULL)
		f = refuse(&r, SOAP_F_BAD_REQUEST, "no target");
	if (f == SOAP_FINE)
		*ret = q;
	return f;
}

const char *sts_op_name(enum sts_op op)
{
	return operations[op].name;
}

const char *sts_element(size_t i, bool *ret_refused)
{
	if (i >= NELEMENTS)
		return NULL;
	*ret_refused = elements[i].run == not_offered;
	return elements[i].name;
}

/* ---- writing, in the order of the WSDL's schema ---- */

static void put_reference(struct lw_writer *w, const char *name, struct lw_bytes id)
{
	soap_put(w, "<wst:");
	soap_put(w, name);
	soap_put(w, "><wsse:SecurityTokenReference xmlns:wsse=\"" SOAP_NS_WSSE "\" xmlns:wsse11=\"" SOAP_NS_WSSE11
		    "\" wsse11:TokenType=\"" SAML2_PROFILE "\"><wsse:KeyIdentifier ValueType=\"" SAML_ID "\">");
	soap_put_text(w, id);
	soap_put(w, "</wsse:KeyIdentifier></wsse:SecurityTokenReference></wst:");
	soap_put(w, name);
	soap_put(w, ">");
}

static void put_token(struct lw_writer *w, const struct sts_request *q, const struct sts_answer *a)
{
	soap_put(w, "<wst:RequestedSecurityToken>");
	lw_put_bytes(w, a->token);
	soap_put(w, "</wst:RequestedSecurityToken>");
	if (q->audience.n > 0 && q->op == STS_ISSUE) {
		soap_put(w, "<wsp:AppliesTo xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\">"
			    "<wsa:EndpointReference xmlns:wsa=\"" SOAP_NS_WSA "\">");
		soap_put_element(w, "wsa:Address", q->audience);
		soap_put(w, "</wsa:EndpointReference></wsp:AppliesTo>");
	}
	put_reference(w, "RequestedAttachedReference", a->id);
	put_reference(w, "RequestedUnattachedReference", a->id);
	soap_put(w, "<wst:Lifetime xmlns:wsu=\"" SOAP_NS_WSU "\">");
	soap_put_time(w, "wsu:Created", a->not_before);
	soap_put_time(w, "wsu:Expires", a->not_after);
	soap_put(w, "</wst:Lifetime><wst:Renewing Allow=\"true\" OK=\"false\"/><wst:Delegatable>false</wst:Delegatable>"
		    "<wst:KeyType>" SOAP_NS_WST "/Bearer</wst:KeyType>");
}

static void put_response(struct lw_writer *w, const struct sts_request *q, const struct sts_answer *a, const char *xmlns)
{
	soap_put(w, "<wst:RequestSecurityTokenResponse");
	soap_put(w, xmlns);
	if (q->context.p != NULL) {
		soap_put(w, " Context=\"");
		soap_put_text(w, q->context);
		soap_put(w, "\"");
	}
	soap_put(w, ">");
	if (q->op == STS_VALIDATE) {
		soap_put(w, "<wst:TokenType>" STATUS_TYPE "</wst:TokenType><wst:Status><wst:Code>" SOAP_NS_WST "/status/");
		soap_put(w, a->valid ? "valid" : "invalid");
		soap_put(w, "</wst:Code></wst:Status>");
	} else if (q->op == STS_CANCEL) {
		soap_put(w, "<wst:RequestedTokenCancelled/>");
	} else {
		soap_put_element(w, "wst:TokenType", q->token_type.n > 0 ? q->token_type : LW_LIT(SAML_NS_ASSERTION));
		put_token(w, q, a);
	}
	soap_put(w, "</wst:RequestSecurityTokenResponse>");
}

void sts_answer_put(struct lw_writer *w, const struct soap_message *m, const struct sts_request *q, const struct sts_answer *a,
	const uint8_t id[16], int64_t now)
{
	soap_begin(w, m, operations[q->op].answer, id, now);
	if (q->op == STS_ISSUE) {
		soap_put(w, "<wst:RequestSecurityTokenResponseCollection xmlns:wst=\"" SOAP_NS_WST "\">");
		put_response(w, q, a, "");
		soap_put(w, "</wst:RequestSecurityTokenResponseCollection>");
	} else {
		put_response(w, q, a, " xmlns:wst=\"" SOAP_NS_WST "\"");
	}
	soap_end(w, m);
}
