/* SPDX-License-Identifier: Apache-2.0 */
/* SOAP and WS-Trust as they are read and written: envelopes by hand. */
#include "unit.h"

#include "base/err.h"
#include "saml/sts.h"

#define NOW (INT64_C(1795417200) * LW_SECOND) /* 2026-11-23T07:00:00Z */
#define S11 "http://schemas.xmlsoap.org/soap/envelope/"
#define S12 "http://www.w3.org/2003/05/soap-envelope"
#define WST "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
#define WSSE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define WSU "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define WSA "http://www.w3.org/2005/08/addressing"
#define UT "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
#define DECL " xmlns:t='" WST "' xmlns:o='" WSSE "' xmlns:u='" WSU "' xmlns:a='" WSA "' xmlns:p='http://schemas.xmlsoap.org/ws/2004/09/policy'" \
	" xmlns:s='urn:oasis:names:tc:SAML:2.0:assertion'"
#define ENV(ns, header, body) "<e:Envelope xmlns:e='" ns "'" DECL "><e:Header>" header "</e:Header><e:Body>" body "</e:Body></e:Envelope>"
#define SEC(x) "<o:Security>" x "</o:Security>"
#define USER "<o:UsernameToken><o:Username>alice</o:Username><o:Password>p&amp;w </o:Password></o:UsernameToken>"
#define STAMP(created, expires) "<u:Timestamp><u:Created>" created "</u:Created><u:Expires>" expires "</u:Expires></u:Timestamp>"
#define RST(x) "<t:RequestSecurityToken>" x "</t:RequestSecurityToken>"
#define TYPE(op) "<t:RequestType>" WST "/" op "</t:RequestType>"
#define ISSUE(x) RST(TYPE("Issue") x)
#define GOOD(header) ENV(S11, header SEC(USER), ISSUE(""))
#define SECURED(x) ENV(S11, SEC(x), ISSUE(""))
#define ASKED(x) ENV(S11, SEC(USER), RST(x))

struct rig {
	struct lw_arena *arena;
	struct saml_doc *doc;
	struct soap_message m;
	struct sts_request q;
	char why[200];
};

static void rig_done(struct rig *r)
{
	saml_doc_free(r->doc);
	lw_arena_free(r->arena);
}

/* As lwd/web_sts.c does it. */
static enum soap_fault read_all(struct rig *r, const char *xml)
{
	enum soap_fault f;

	*r = (struct rig){ .arena = lw_arena_new(1 << 20, true), .m.version = SOAP_11 };
	if (saml_doc_parse(lw_str(xml), &r->doc, r->why) != LW_OK)
		return SOAP_F_MALFORMED;
	f = soap_read(saml_doc_root(r->doc), NOW, r->arena, &r->m, r->why);
	return f != SOAP_FINE ? f : sts_read(&r->m, NOW, r->arena, &r->q, r->why);
}

static const struct {
	const char *name, *xml;
	enum soap_fault want;
} envelopes[] = {
	{ "the least", GOOD(""), SOAP_FINE },
	{ "1.2", ENV(S12, SEC(USER), ISSUE("")), SOAP_FINE },
	{ "not XML", "<e:Envelope", SOAP_F_MALFORMED },
	{ "a DTD", "<!DOCTYPE e []><e:Envelope xmlns:e='" S11 "'/>", SOAP_F_MALFORMED },
	{ "another root", "<Env xmlns='" S11 "'/>", SOAP_F_MALFORMED },
	{ "another version", "<e:Envelope xmlns:e='urn:soap'/>", SOAP_F_VERSION },
	{ "no namespace", "<Envelope/>", SOAP_F_VERSION },
	{ "no body", "<e:Envelope xmlns:e='" S11 "'/>", SOAP_F_MALFORMED },
	{ "an empty body", ENV(S11, SEC(USER), ""), SOAP_F_MALFORMED },
	{ "a full body", ENV(S11, SEC(USER), ISSUE("") ISSUE("")), SOAP_F_MALFORMED },
	{ "two bodies", "<e:Envelope xmlns:e='" S11 "'" DECL "><e:Body>" ISSUE("") "</e:Body><e:Body/></e:Envelope>", SOAP_F_MALFORMED },
	{ "the body of the other version", "<e:Envelope xmlns:e='" S11 "' xmlns:f='" S12 "'" DECL "><f:Body>" ISSUE("") "</f:Body></e:Envelope>",
	  SOAP_F_MALFORMED },
	/* header blocks */
	{ "an unknown header", GOOD("<x:y xmlns:x='urn:x'/>"), SOAP_FINE },
	{ "one that must be understood", GOOD("<x:y xmlns:x='urn:x' e:mustUnderstand='1'/>"), SOAP_F_NOT_UNDERSTOOD },
	{ "one that need not", GOOD("<x:y xmlns:x='urn:x' e:mustUnderstand='0'/>"), SOAP_FINE },
	{ "one that may", GOOD("<x:y xmlns:x='urn:x' e:mustUnderstand='maybe'/>"), SOAP_F_MALFORMED },
	{ "one for somebody else", GOOD("<x:y xmlns:x='urn:x' e:mustUnderstand='1' e:actor='urn:else'/>"), SOAP_FINE },
	{ "one for the next", GOOD("<x:y xmlns:x='urn:x' e:mustUnderstand='1' e:actor='http://schemas.xmlsoap.org/soap/actor/next'/>"),
	  SOAP_F_NOT_UNDERSTOOD },
	{ "1.2: true", ENV(S12, "<x:y xmlns:x='urn:x' e:mustUnderstand='true'/>" SEC(USER), ISSUE("")), SOAP_F_NOT_UNDERSTOOD },
	{ "1.2: another role", ENV(S12, "<x:y xmlns:x='urn:x' e:mustUnderstand='true' e:role='urn:else'/>" SEC(USER), ISSUE("")), SOAP_FINE },
	{ "Security that must be understood", ENV(S11, "<o:Security e:mustUnderstand='1'>" USER "</o:Security>", ISSUE("")), SOAP_FINE },
	/* addressing */
	{ "addressed", GOOD("<a:Action>" WST "/RST/Issue</a:Action><a:MessageID>urn:uuid:1</a:MessageID><a:To>https://x/</a:To><a:ReplyTo><a:Address>"
			    WSA "/anonymous</a:Address></a:ReplyTo>"), SOAP_FINE },
	{ "two actions", GOOD("<a:Action>x</a:Action><a:Action>x</a:Action>"), SOAP_F_ADDRESSING },
	{ "an empty MessageID", GOOD("<a:MessageID/>"), SOAP_F_ADDRESSING },
	{ "another action", GOOD("<a:Action>" WST "/RST/Renew</a:Action>"), SOAP_F_ACTION },
	{ "a foreign action", GOOD("<a:Action>urn:x</a:Action>"), SOAP_F_ACTION },
	{ "an answer to elsewhere", GOOD("<a:ReplyTo><a:Address>http://10.0.0.1/</a:Address></a:ReplyTo>"), SOAP_F_REPLY },
	{ "a fault to elsewhere", GOOD("<a:FaultTo><a:Address>http://10.0.0.1/</a:Address></a:FaultTo>"), SOAP_F_REPLY },
	{ "an answer to nowhere", GOOD("<a:ReplyTo/>"), SOAP_F_ADDRESSING },
	{ "unknown addressing", GOOD("<a:Foo/>"), SOAP_F_ADDRESSING },
	/* security */
	{ "nobody", ENV(S11, "", ISSUE("")), SOAP_FINE },
	{ "two Security headers", ENV(S11, SEC(USER) SEC(""), ISSUE("")), SOAP_F_SECURITY },
	{ "two names", SECURED(USER USER), SOAP_F_SECURITY },
	{ "a name and an assertion", SECURED(USER "<s:Assertion/>"), SOAP_F_SECURITY },
	{ "an assertion and a name", SECURED("<s:Assertion/>" USER), SOAP_F_SECURITY },
	{ "two assertions", SECURED("<s:Assertion/><s:Assertion/>"), SOAP_F_SECURITY },
	{ "a certificate", SECURED("<o:BinarySecurityToken/>"), SOAP_F_TOKEN_KIND },
	{ "a signature", SECURED(USER "<d:Signature xmlns:d='http://www.w3.org/2000/09/xmldsig#'/>"), SOAP_F_TOKEN_KIND },
	{ "text, said", SECURED("<o:UsernameToken><o:Username>a</o:Username><o:Password Type='" UT "#PasswordText'>b</o:Password></o:UsernameToken>"),
	  SOAP_FINE },
	{ "a digest", SECURED("<o:UsernameToken><o:Username>a</o:Username><o:Password Type='" UT "#PasswordDigest'>b</o:Password><o:Nonce>c</o:Nonce>"
			      "<u:Created>2026-11-23T07:00:00Z</u:Created></o:UsernameToken>"), SOAP_F_TOKEN_KIND },
	{ "no password", SECURED("<o:UsernameToken><o:Username>a</o:Username></o:UsernameToken>"), SOAP_F_TOKEN_INVALID },
	{ "no name", SECURED("<o:UsernameToken><o:Password>a</o:Password></o:UsernameToken>"), SOAP_F_TOKEN_INVALID },
	{ "an empty name", SECURED("<o:UsernameToken><o:Username/><o:Password>a</o:Password></o:UsernameToken>"), SOAP_F_TOKEN_INVALID },
	{ "two passwords", SECURED("<o:UsernameToken><o:Username>a</o:Username><o:Password>a</o:Password><o:Password>b</o:Password></o:UsernameToken>"),
	  SOAP_F_TOKEN_INVALID },
	{ "a comment in the name", SECURED("<o:UsernameToken><o:Username>a<!-- -->b</o:Username><o:Password>a</o:Password></o:UsernameToken>"),
	  SOAP_F_TOKEN_INVALID },
	{ "an element in the password", SECURED("<o:UsernameToken><o:Username>a</o:Username><o:Password>a<b/></o:Password></o:UsernameToken>"),
	  SOAP_F_TOKEN_INVALID },
	{ "an old name token", SECURED("<o:UsernameToken><o:Username>a</o:Username><o:Password>a</o:Password><u:Created>2026-11-23T06:49:59Z</u:Created>"
				       "</o:UsernameToken>"), SOAP_F_MESSAGE_EXPIRED },
	{ "now", SECURED(STAMP("2026-11-23T07:00:00.000Z", "2026-11-23T07:01:00.000Z") USER), SOAP_FINE },
	{ "now, in India", SECURED(STAMP("2026-11-23T12:30:00+05:30", "2026-11-23T12:31:00+05:30") USER), SOAP_FINE },
	{ "a slow clock", SECURED(STAMP("2026-11-23T06:54:10Z", "2026-11-23T06:55:10Z") USER), SOAP_FINE },
	{ "expired", SECURED(STAMP("2026-11-23T06:50:00Z", "2026-11-23T06:55:00Z") USER), SOAP_F_MESSAGE_EXPIRED },
	{ "a fast clock", SECURED(STAMP("2026-11-23T07:05:00Z", "2026-11-23T07:06:00Z") USER), SOAP_FINE },
	{ "from the future", SECURED(STAMP("2026-11-23T07:05:00.001Z", "2026-11-23T07:06:00Z") USER), SOAP_F_MESSAGE_EXPIRED },
	{ "expires before", SECURED(STAMP("2026-11-23T07:00:00Z", "2026-11-23T06:59:59Z") USER), SOAP_F_SECURITY },
	{ "no zone", SECURED(STAMP("2026-11-23T07:00:00", "2026-11-23T07:01:00") USER), SOAP_F_SECURITY },
	{ "no time", SECURED(STAMP("now", "2026-11-23T07:01:00Z") USER), SOAP_F_SECURITY },
	{ "two timestamps", SECURED(STAMP("2026-11-23T07:00:00Z", "2026-11-23T07:01:00Z") STAMP("2026-11-23T07:00:00Z", "2026-11-23T07:01:00Z") USER),
	  SOAP_F_SECURITY },
	{ "two Createds", SECURED("<u:Timestamp><u:Created>2026-11-23T07:00:00Z</u:Created><u:Created>2026-11-23T07:00:00Z</u:Created></u:Timestamp>" USER),
	  SOAP_F_SECURITY },
	/* requests */
	{ "something else", ENV(S11, SEC(USER), "<t:Foo/>"), SOAP_F_INVALID_REQUEST },
	{ "another namespace", ENV(S11, SEC(USER), "<RequestSecurityToken xmlns='http://schemas.xmlsoap.org/ws/2005/02/trust'/>"), SOAP_F_INVALID_REQUEST },
	{ "no RequestType", ASKED(""), SOAP_F_BAD_REQUEST },
	{ "an unknown RequestType", ASKED(TYPE("Brew")), SOAP_F_BAD_REQUEST },
	{ "two RequestTypes", ASKED(TYPE("Issue") TYPE("Issue")), SOAP_F_BAD_REQUEST },
	{ "SAML 2.0", ASKED(TYPE("Issue") "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType>"), SOAP_FINE },
	{ "SAML 2.0 by profile", ASKED(TYPE("Issue") "<t:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0</t:TokenType>"),
	  SOAP_FINE },
	{ "SAML 1.1", ASKED(TYPE("Issue") "<t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>"), SOAP_F_INVALID_REQUEST },
	{ "a bearer's", ASKED(TYPE("Issue") "<t:KeyType>" WST "/Bearer</t:KeyType>"), SOAP_FINE },
	{ "holder of key", ASKED(TYPE("Issue") "<t:KeyType>" WST "/PublicKey</t:KeyType>"), SOAP_F_INVALID_REQUEST },
	{ "a shared key", ASKED(TYPE("Issue") "<t:KeyType>" WST "/SymmetricKey</t:KeyType>"), SOAP_F_INVALID_REQUEST },
	{ "SHA-1", ASKED(TYPE("Issue") "<t:SignatureAlgorithm>http://www.w3.org/2000/09/xmldsig#rsa-sha1</t:SignatureAlgorithm>"), SOAP_F_INVALID_REQUEST },
	{ "on behalf of", ASKED(TYPE("Issue") "<t:OnBehalfOf/>"), SOAP_F_BAD_REQUEST },
	{ "acting as", ASKED(TYPE("Issue") "<ActAs xmlns='http://docs.oasis-open.org/ws-sx/ws-trust/200802'/>"), SOAP_F_BAD_REQUEST },
	{ "an unknown wish", ASKED(TYPE("Issue") "<t:Pony/>"), SOAP_F_BAD_REQUEST },
	{ "somebody's extension", ASKED(TYPE("Issue") "<x:Pony xmlns:x='urn:x'/>"), SOAP_FINE },
	{ "later", ASKED(TYPE("Issue") "<t:Lifetime><u:Created>2026-11-23T08:00:00Z</u:Created><u:Expires>2026-11-23T09:00:00Z</u:Expires></t:Lifetime>"),
	  SOAP_F_TIME_RANGE },
	{ "over", ASKED(TYPE("Issue") "<t:Lifetime><u:Expires>2026-11-23T07:00:00Z</u:Expires></t:Lifetime>"), SOAP_F_TIME_RANGE },
	{ "backwards", ASKED(TYPE("Issue") "<t:Lifetime><u:Created>2026-11-23T07:01:00Z</u:Created><u:Expires>2026-11-23T07:00:30Z</u:Expires></t:Lifetime>"),
	  SOAP_F_TIME_RANGE },
	{ "no lifetime", ASKED(TYPE("Issue") "<t:Lifetime><u:Expires>soon</u:Expires></t:Lifetime>"), SOAP_F_BAD_REQUEST },
	{ "AppliesTo nothing", ASKED(TYPE("Issue") "<p:AppliesTo/>"), SOAP_F_BAD_REQUEST },
	{ "AppliesTo no address", ASKED(TYPE("Issue") "<p:AppliesTo><a:EndpointReference/></p:AppliesTo>"), SOAP_F_BAD_REQUEST },
	{ "AppliesTo an empty address", ASKED(TYPE("Issue") "<p:AppliesTo><a:EndpointReference><a:Address/></a:EndpointReference></p:AppliesTo>"),
	  SOAP_F_BAD_REQUEST },
	{ "renewing what", ASKED(TYPE("Renew")), SOAP_F_BAD_REQUEST },
	{ "renewing text", ASKED(TYPE("Renew") "<t:RenewTarget>x</t:RenewTarget>"), SOAP_F_BAD_REQUEST },
	{ "renewing something", ASKED(TYPE("Renew") "<t:RenewTarget><x/></t:RenewTarget>"), SOAP_F_INVALID_TOKEN },
	{ "renewing two", ASKED(TYPE("Renew") "<t:RenewTarget><s:Assertion/><s:Assertion/></t:RenewTarget>"), SOAP_F_BAD_REQUEST },
	{ "renewing", ASKED(TYPE("Renew") "<t:RenewTarget><s:Assertion/></t:RenewTarget>"), SOAP_FINE },
	{ "the wrong target", ASKED(TYPE("Renew") "<t:CancelTarget><s:Assertion/></t:CancelTarget>"), SOAP_F_BAD_REQUEST },
	{ "renewing for another", ASKED(TYPE("Renew") "<p:AppliesTo><a:EndpointReference><a:Address>x</a:Address></a:EndpointReference></p:AppliesTo>"
					"<t:RenewTarget><s:Assertion/></t:RenewTarget>"), SOAP_F_BAD_REQUEST },
	{ "cancelling", ASKED(TYPE("Cancel") "<t:CancelTarget><s:Assertion/></t:CancelTarget>"), SOAP_FINE },
	{ "cancelling what is in the header", ENV(S11, SEC("<s:Assertion ID='_1'/>"), RST(TYPE("Cancel") "<t:CancelTarget><o:SecurityTokenReference>"
		"<o:KeyIdentifier ValueType='http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID'>_1</o:KeyIdentifier>"
		"</o:SecurityTokenReference></t:CancelTarget>")), SOAP_FINE },
	{ "cancelling what is not", ENV(S11, SEC("<s:Assertion ID='_1'/>"), RST(TYPE("Cancel") "<t:CancelTarget><o:SecurityTokenReference>"
		"<o:KeyIdentifier ValueType='http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID'>_2</o:KeyIdentifier>"
		"</o:SecurityTokenReference></t:CancelTarget>")), SOAP_F_INVALID_TOKEN },
	{ "validating", ASKED(TYPE("Validate") "<t:TokenType>" WST "/RSTR/Status</t:TokenType><t:ValidateTarget><s:Assertion/></t:ValidateTarget>"), SOAP_FINE },
	{ "validating for a token", ASKED(TYPE("Validate") "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType><t:ValidateTarget><s:Assertion/>"
					  "</t:ValidateTarget>"), SOAP_F_INVALID_REQUEST },
};

static void faults(void **state)
{
	for (size_t i = 0; i < sizeof(envelopes) / sizeof(*envelopes); i++) {
		struct rig r;
		enum soap_fault got = read_all(&r, envelopes[i].xml);

		if (got != envelopes[i].want)
			fail_msg("%s: %s, not %s (%s)", envelopes[i].name, soap_fault_row(got)->code, soap_fault_row(envelopes[i].want)->code, r.why);
		assert_true(got == SOAP_FINE || r.why[0] != '\0');
		rig_done(&r);
	}
}

static void fields(void **state)
{
	struct rig r;

	assert_int_equal(read_all(&r, ENV(S12, "<a:MessageID> urn:uuid:1 </a:MessageID><a:Action>" WST "/RST/Issue</a:Action>" SEC(
		STAMP("2026-11-23T07:00:00.000Z", "2026-11-23T07:01:00.000Z") USER),
		"<t:RequestSecurityToken Context='c1'>" TYPE("Issue") "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType>"
		"<p:AppliesTo><a:EndpointReference><a:Address>https://shop/sp</a:Address></a:EndpointReference></p:AppliesTo>"
		"<t:Lifetime><u:Created>2026-11-23T06:59:58Z</u:Created><u:Expires>2026-11-23T07:10:00.5Z</u:Expires></t:Lifetime>"
		"<t:SignatureAlgorithm>http://www.w3.org/2001/04/xmldsig-more#rsa-sha512</t:SignatureAlgorithm></t:RequestSecurityToken>")), SOAP_FINE);
	assert_int_equal(r.m.version, SOAP_12);
	assert_bytes(r.m.message_id, "urn:uuid:1");
	assert_bytes(r.m.action, WST "/RST/Issue");
	assert_true(r.m.stamped);
	assert_bytes(r.m.user, "alice");
	assert_bytes(r.m.password, "p&w ");
	assert_null(r.m.assertion);
	assert_int_equal(r.q.op, STS_ISSUE);
	assert_bytes(r.q.context, "c1");
	assert_bytes(r.q.audience, "https://shop/sp");
	assert_int_equal(r.q.life, 600500000);
	assert_string_equal(r.q.alg, "rsa-sha512");
	rig_done(&r);
	assert_int_equal(read_all(&r, ENV(S11, SEC("<s:Assertion ID='_1'/>"), RST(TYPE("Validate") "<t:ValidateTarget><s:Assertion ID='_2'/></t:ValidateTarget>"))), SOAP_FINE);
	assert_int_equal(r.q.op, STS_VALIDATE);
	assert_non_null(r.m.assertion);
	assert_non_null(r.q.target);
	assert_ptr_not_equal(r.m.assertion, r.q.target);
	assert_null(r.m.user.p);
	assert_int_equal(r.q.life, 0);
	assert_string_equal(r.q.alg, "");
	rig_done(&r);
}

static const uint8_t ID[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void fault_texts(void **state)
{
	struct soap_message m = { .version = SOAP_11 };
	struct lw_writer w;

	lw_writer_init(&w, 65536);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_FAILED_AUTH, ID), 500);
	assert_bytes(lw_written(&w), "<S:Envelope xmlns:S=\"" S11 "\"><S:Body><S:Fault><faultcode xmlns:wst=\"" WST "\">wst:FailedAuthentication</faultcode>"
				     "<faultstring>Authentication failed.</faultstring></S:Fault></S:Body></S:Envelope>");
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_MALFORMED, ID), 500);
	assert_bytes(lw_written(&w), "<S:Envelope xmlns:S=\"" S11 "\"><S:Body><S:Fault><faultcode>S:Client</faultcode>"
				     "<faultstring>The message is not well-formed SOAP.</faultstring></S:Fault></S:Body></S:Envelope>");
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_BUSY, ID), 500);
	assert_non_null(strstr((char *)w.p, "<faultcode>S:Server</faultcode>"));
	m.version = SOAP_12;
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_SECURITY, ID), 400);
	assert_bytes(lw_written(&w), "<S:Envelope xmlns:S=\"" S12 "\"><S:Body><S:Fault><S:Code><S:Value>S:Sender</S:Value><S:Subcode>"
				     "<S:Value xmlns:wsse=\"" WSSE "\">wsse:InvalidSecurity</S:Value></S:Subcode></S:Code><S:Reason><S:Text xml:lang=\"en\">"
				     "The security header is missing or not valid.</S:Text></S:Reason></S:Fault></S:Body></S:Envelope>");
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_MALFORMED, ID), 400);
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_BUSY, ID), 500);
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_VERSION, ID), 500);
	lw_put_u8(&w, 0);
	assert_non_null(strstr((char *)w.p, "<S:Upgrade><S:SupportedEnvelope qname=\"S:Envelope\"/>"));
	m.unknown_ns = LW_LIT("urn:\"x\"");
	m.unknown_name = LW_LIT("y");
	m.message_id = LW_LIT("a<b");
	lw_writer_reset(&w);
	assert_int_equal(soap_fault_put(&w, &m, SOAP_F_NOT_UNDERSTOOD, ID), 500);
	lw_put_u8(&w, 0);
	assert_non_null(strstr((char *)w.p, "<S:NotUnderstood xmlns:n=\"urn:&quot;x&quot;\" qname=\"n:y\"/>"));
	assert_non_null(strstr((char *)w.p, ">urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0f</wsa:MessageID><wsa:RelatesTo xmlns:wsa=\"" WSA "\">a&lt;b</wsa:RelatesTo>"));
	assert_non_null(strstr((char *)w.p, WSA "/soap/fault</wsa:Action>"));
	lw_writer_done(&w);
}

/* Every fault in both versions is a document that our own parser takes, with its code in it; pyVmomi wants exactly two texts in 1.1. */
static void fault_rows(void **state)
{
	for (enum soap_fault f = SOAP_FINE; f < SOAP_FAULT_COUNT; f++) {
		const struct soap_fault_row *row = soap_fault_row(f);

		assert_true(row->text[0] != '\0' && row->code[0] != '\0');
		for (enum soap_version v = SOAP_11; v <= SOAP_12; v++) {
			struct soap_message m = { .version = v };
			struct saml_doc *doc = NULL;
			struct lw_writer w;
			char why[200];
			int status;

			lw_writer_init(&w, 65536);
			status = soap_fault_put(&w, &m, f, ID);
			assert_true(status == 500 || (v == SOAP_12 && status == 400));
			assert_int_equal(saml_doc_parse(lw_written(&w), &doc, why), LW_OK);
			saml_doc_free(doc);
			lw_writer_done(&w);
		}
	}
}

static xmlNode *down(xmlNode *n, const char *ns, const char *name)
{
	for (n = saml_first(n); n != NULL; n = saml_next(n))
		if (saml_is(n, ns, name))
			return n;
	fail_msg("no %s", name);
	return NULL;
}

static xmlNode *answer(struct rig *r, struct lw_writer *w, const struct sts_answer *a)
{
	static const char *const names[] = { NULL, "RequestSecurityTokenResponseCollection", "RequestSecurityTokenResponse",
		"RequestSecurityTokenResponse", "RequestSecurityTokenResponse" };
	xmlNode *n;

	lw_writer_init(w, 65536);
	sts_answer_put(w, &r->m, &r->q, a, ID, NOW);
	assert_int_equal(w->err, LW_OK);
	saml_doc_free(r->doc);
	r->doc = NULL;
	assert_int_equal(saml_doc_parse(lw_written(w), &r->doc, r->why), LW_OK);
	n = down(down(saml_doc_root(r->doc), S11, "Body"), WST, names[r->q.op]);
	return r->q.op == STS_ISSUE ? down(n, WST, "RequestSecurityTokenResponse") : n;
}

static void answers(void **state)
{
	struct sts_answer a = { .token = LW_LIT("<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_7\"></saml2:Assertion>"),
		.id = LW_LIT("_7"), .not_before = NOW, .not_after = NOW + 60 * LW_SECOND };
	struct lw_writer w;
	struct lw_bytes t;
	struct rig r;
	xmlNode *n;

	assert_int_equal(read_all(&r, ENV(S11, "<a:MessageID>urn:m</a:MessageID>" SEC(USER), "<t:RequestSecurityToken Context='&lt;&quot;'>" TYPE("Issue")
		"<p:AppliesTo><a:EndpointReference><a:Address>urn:a&amp;b</a:Address></a:EndpointReference></p:AppliesTo></t:RequestSecurityToken>")), SOAP_FINE);
	n = answer(&r, &w, &a);
	assert_bytes(soap_attr(n, NULL, "Context", r.arena), "<\"");
	assert_true(soap_text(down(n, WST, "TokenType"), true, r.arena, &t));
	assert_bytes(t, "urn:oasis:names:tc:SAML:2.0:assertion");
	down(down(n, WST, "RequestedSecurityToken"), "urn:oasis:names:tc:SAML:2.0:assertion", "Assertion");
	assert_true(soap_text(down(down(down(n, "http://schemas.xmlsoap.org/ws/2004/09/policy", "AppliesTo"), WSA, "EndpointReference"), WSA, "Address"), false,
		r.arena, &t));
	assert_bytes(t, "urn:a&b");
	assert_true(soap_text(down(down(n, WST, "Lifetime"), WSU, "Created"), false, r.arena, &t));
	assert_bytes(t, "2026-11-23T07:00:00.000Z");
	assert_true(soap_text(down(down(n, WST, "Lifetime"), WSU, "Expires"), false, r.arena, &t));
	assert_bytes(t, "2026-11-23T07:01:00.000Z");
	assert_true(soap_text(down(down(down(n, WST, "RequestedAttachedReference"), WSSE, "SecurityTokenReference"), WSSE, "KeyIdentifier"), false, r.arena, &t));
	assert_bytes(t, "_7");
	n = down(saml_doc_root(r.doc), S11, "Header");
	assert_true(soap_text(down(n, WSA, "RelatesTo"), false, r.arena, &t));
	assert_bytes(t, "urn:m");
	assert_true(soap_text(down(n, WSA, "Action"), false, r.arena, &t));
	assert_bytes(t, WST "/RSTRC/IssueFinal");
	lw_writer_done(&w);
	rig_done(&r);

	for (int valid = 0; valid < 2; valid++) {
		assert_int_equal(read_all(&r, ASKED(TYPE("Validate") "<t:ValidateTarget><s:Assertion/></t:ValidateTarget>")), SOAP_FINE);
		a.valid = valid;
		n = answer(&r, &w, &a);
		assert_true(soap_text(down(down(n, WST, "Status"), WST, "Code"), false, r.arena, &t));
		assert_bytes(t, valid ? WST "/status/valid" : WST "/status/invalid");
		lw_writer_done(&w);
		rig_done(&r);
	}
	assert_int_equal(read_all(&r, ASKED(TYPE("Cancel") "<t:CancelTarget><s:Assertion/></t:CancelTarget>")), SOAP_FINE);
	down(answer(&r, &w, &a), WST, "RequestedTokenCancelled");
	lw_writer_done(&w);
	rig_done(&r);
	assert_int_equal(read_all(&r, ASKED(TYPE("Renew") "<t:RenewTarget><s:Assertion/></t:RenewTarget>")), SOAP_FINE);
	down(down(answer(&r, &w, &a), WST, "RequestedSecurityToken"), "urn:oasis:names:tc:SAML:2.0:assertion", "Assertion");
	lw_writer_done(&w);
	rig_done(&r);
}

static void element_rows(void **state)
{
	const char *name;
	bool refused;
	size_t n = 0;

	for (size_t i = 0; (name = sts_element(i, &refused)) != NULL; i++)
		n += refused;
	assert_int_equal(n, 10);
}

static void times(void **state)
{
	static const struct { const char *text; int64_t want; } rows[] = {
		{ "2026-11-23T07:00:00Z", NOW }, { "2026-11-23T07:00:00.25Z", NOW + 250000 }, { "2026-11-23T09:00:00+02:00", NOW },
		{ "2026-11-23T02:00:00-05:00", NOW }, { "2026-11-23T07:00:00", 0 }, { "2026-11-23 07:00:00Z", 0 }, { "2026-11-23T07:00Z", 0 },
		{ "2026-13-23T07:00:00Z", 0 }, { "2026-11-23T25:00:00Z", 0 }, { "20261123070000Z", 0 }, { "", 0 }, { "2026-11-23T07:00:00+02:00:00", 0 },
		{ "2026-11-23T07:00:00ZZ", 0 }, { "2026-11-23T07:00:00\n", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t got = 0;
		int r = soap_time(lw_str(rows[i].text), &got);

		if (r != (rows[i].want ? LW_OK : LW_EINVAL) || got != rows[i].want)
			fail_msg("%s: %d %lld", rows[i].text, r, (long long)got);
	}
}

static void wsdl(void **state)
{
	struct saml_doc *doc = NULL;
	struct lw_writer w;
	char why[200];

	lw_writer_init(&w, 65536);
	sts_wsdl_put(&w, LW_LIT("https://localhost:1/sts/STSService/a&b"));
	assert_int_equal(w.err, LW_OK);
	assert_int_equal(saml_doc_parse(lw_written(&w), &doc, why), LW_OK);
	saml_doc_free(doc);
	lw_put_u8(&w, 0);
	assert_non_null(strstr((char *)w.p, "<soap12:address location=\"https://localhost:1/sts/STSService/a&amp;b\"/>"));
	lw_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults), cmocka_unit_test(fields), cmocka_unit_test(fault_texts), cmocka_unit_test(fault_rows),
		cmocka_unit_test(answers), cmocka_unit_test(element_rows), cmocka_unit_test(times), cmocka_unit_test(wsdl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
