/* SPDX-License-Identifier: Apache-2.0 */
/* The service described, WSDL 1.1 (and SOAP 1.2's binding of it). One document without imports, because clients that fetch imports do it badly. The schema
 * says what this service takes and gives; its order is that of sts.c's answers. */
#include "saml/sts.h"

#define TRUST SOAP_NS_WST
#define HEAD \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<wsdl:definitions name=\"STSService\" targetNamespace=\"" TRUST "/\" xmlns:tns=\"" TRUST "/\"" \
	" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\"" \
	" xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"" \
	" xmlns:wsaw=\"http://www.w3.org/2006/05/addressing/wsdl\" xmlns:wst=\"" TRUST "\" xmlns:wsu=\"" SOAP_NS_WSU "\"" \
	" xmlns:wsse=\"" SOAP_NS_WSSE "\" xmlns:wsa=\"" SOAP_NS_WSA "\" xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\">\n"

#define SCHEMA(ns) "<xs:schema elementFormDefault=\"qualified\" targetNamespace=\"" ns "\">\n"
#define OPTIONAL(name, type) "<xs:element name=\"" name "\" type=\"" type "\" minOccurs=\"0\"/>\n"
#define TOKEN(name) \
	"<xs:element name=\"" name "\" minOccurs=\"0\"><xs:complexType><xs:sequence>" \
	"<xs:any namespace=\"##other\" processContents=\"lax\"/></xs:sequence></xs:complexType></xs:element>\n"
#define REFERENCE(name) \
	"<xs:element name=\"" name "\" minOccurs=\"0\"><xs:complexType><xs:sequence>" \
	"<xs:element ref=\"wsse:SecurityTokenReference\"/></xs:sequence></xs:complexType></xs:element>\n"

static const char types_of_others[] =
	"<wsdl:types>\n"
	SCHEMA(SOAP_NS_WSU)
	"<xs:element name=\"Created\" type=\"xs:string\"/>\n"
	"<xs:element name=\"Expires\" type=\"xs:string\"/>\n"
	"</xs:schema>\n"
	SCHEMA(SOAP_NS_WSSE)
	"<xs:element name=\"SecurityTokenReference\"><xs:complexType><xs:sequence>"
	"<xs:element name=\"KeyIdentifier\"><xs:complexType><xs:simpleContent><xs:extension base=\"xs:string\">"
	"<xs:attribute name=\"ValueType\" type=\"xs:anyURI\"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>"
	"</xs:sequence><xs:anyAttribute namespace=\"##other\" processContents=\"lax\"/></xs:complexType></xs:element>\n"
	"</xs:schema>\n"
	SCHEMA(SOAP_NS_WSA)
	"<xs:element name=\"EndpointReference\"><xs:complexType><xs:sequence>"
	"<xs:element name=\"Address\" type=\"xs:anyURI\"/></xs:sequence></xs:complexType></xs:element>\n"
	"</xs:schema>\n"
	SCHEMA("http://schemas.xmlsoap.org/ws/2004/09/policy")
	"<xs:element name=\"AppliesTo\"><xs:complexType><xs:sequence>"
	"<xs:element ref=\"wsa:EndpointReference\"/></xs:sequence></xs:complexType></xs:element>\n"
	"</xs:schema>\n";

static const char types[] =
	SCHEMA(TRUST)
	"<xs:complexType name=\"LifetimeType\"><xs:sequence><xs:element ref=\"wsu:Created\" minOccurs=\"0\"/>"
	"<xs:element ref=\"wsu:Expires\" minOccurs=\"0\"/></xs:sequence></xs:complexType>\n"
	"<xs:complexType name=\"RenewingType\"><xs:attribute name=\"Allow\" type=\"xs:boolean\"/>"
	"<xs:attribute name=\"OK\" type=\"xs:boolean\"/></xs:complexType>\n"
	"<xs:complexType name=\"StatusType\"><xs:sequence><xs:element name=\"Code\" type=\"xs:anyURI\"/>"
	"<xs:element name=\"Reason\" type=\"xs:string\" minOccurs=\"0\"/></xs:sequence></xs:complexType>\n"
	"<xs:complexType name=\"RequestedTokenCancelledType\"><xs:sequence/></xs:complexType>\n"
	"<xs:complexType name=\"RequestSecurityTokenType\"><xs:sequence>\n"
	OPTIONAL("TokenType", "xs:anyURI")
	"<xs:element name=\"RequestType\" type=\"xs:anyURI\"/>\n"
	"<xs:element ref=\"wsp:AppliesTo\" minOccurs=\"0\"/>\n"
	OPTIONAL("Lifetime", "wst:LifetimeType")
	OPTIONAL("Renewing", "wst:RenewingType")
	OPTIONAL("Delegatable", "xs:boolean")
	OPTIONAL("KeyType", "xs:anyURI")
	OPTIONAL("SignatureAlgorithm", "xs:anyURI")
	TOKEN("RenewTarget")
	TOKEN("ValidateTarget")
	TOKEN("CancelTarget")
	"</xs:sequence><xs:attribute name=\"Context\" type=\"xs:anyURI\"/></xs:complexType>\n"
	"<xs:element name=\"RequestSecurityToken\" type=\"wst:RequestSecurityTokenType\"/>\n";

static const char types_of_answers[] =
	"<xs:complexType name=\"RequestSecurityTokenResponseType\"><xs:sequence>\n"
	OPTIONAL("TokenType", "xs:anyURI")
	OPTIONAL("Status", "wst:StatusType")
	OPTIONAL("RequestedTokenCancelled", "wst:RequestedTokenCancelledType")
	TOKEN("RequestedSecurityToken")
	"<xs:element ref=\"wsp:AppliesTo\" minOccurs=\"0\"/>\n"
	REFERENCE("RequestedAttachedReference")
	REFERENCE("RequestedUnattachedReference")
	OPTIONAL("Lifetime", "wst:LifetimeType")
	OPTIONAL("Renewing", "wst:RenewingType")
	OPTIONAL("Delegatable", "xs:boolean")
	OPTIONAL("KeyType", "xs:anyURI")
	"</xs:sequence><xs:attribute name=\"Context\" type=\"xs:anyURI\"/></xs:complexType>\n"
	"<xs:element name=\"RequestSecurityTokenResponse\" type=\"wst:RequestSecurityTokenResponseType\"/>\n"
	"<xs:complexType name=\"RequestSecurityTokenResponseCollectionType\"><xs:sequence>"
	"<xs:element ref=\"wst:RequestSecurityTokenResponse\" maxOccurs=\"unbounded\"/></xs:sequence></xs:complexType>\n"
	"<xs:element name=\"RequestSecurityTokenResponseCollection\" type=\"wst:RequestSecurityTokenResponseCollectionType\"/>\n"
	"</xs:schema>\n</wsdl:types>\n"
	"<wsdl:message name=\"RequestSecurityTokenMsg\"><wsdl:part name=\"request\" element=\"wst:RequestSecurityToken\"/></wsdl:message>\n"
	"<wsdl:message name=\"ResponseMsg\"><wsdl:part name=\"response\" element=\"wst:RequestSecurityTokenResponse\"/></wsdl:message>\n"
	"<wsdl:message name=\"CollectionMsg\"><wsdl:part name=\"responseCollection\" element=\"wst:RequestSecurityTokenResponseCollection\"/>"
	"</wsdl:message>\n";

#define ABSTRACT(name, message, answer) \
	"<wsdl:operation name=\"" name "\">" \
	"<wsdl:input wsaw:Action=\"" TRUST "/RST/" name "\" message=\"tns:RequestSecurityTokenMsg\"/>" \
	"<wsdl:output wsaw:Action=\"" TRUST answer "\" message=\"tns:" message "\"/></wsdl:operation>\n"
#define BOUND(soap, name) \
	"<wsdl:operation name=\"" name "\"><" soap ":operation soapAction=\"" TRUST "/RST/" name "\" style=\"document\"/>" \
	"<wsdl:input><" soap ":body use=\"literal\"/></wsdl:input><wsdl:output><" soap ":body use=\"literal\"/></wsdl:output></wsdl:operation>\n"
#define BINDING(soap, name) \
	"<wsdl:binding name=\"" name "\" type=\"tns:STSService\"><" soap \
	":binding transport=\"http://schemas.xmlsoap.org/soap/http\" style=\"document\"/>\n" \
	BOUND(soap, "Issue") BOUND(soap, "Renew") BOUND(soap, "Validate") BOUND(soap, "Cancel") "</wsdl:binding>\n"

static const char operations[] =
	"<wsdl:portType name=\"STSService\">\n"
	ABSTRACT("Issue", "CollectionMsg", "/RSTRC/IssueFinal")
	ABSTRACT("Renew", "ResponseMsg", "/RSTR/RenewFinal")
	ABSTRACT("Validate", "ResponseMsg", "/RSTR/ValidateFinal")
	ABSTRACT("Cancel", "ResponseMsg", "/RSTR/CancelFinal")
	"</wsdl:portType>\n"
	BINDING("soap", "STSServiceBinding")
	BINDING("soap12", "STSServiceBinding12");

void sts_wsdl_put(struct lw_writer *w, struct lw_bytes url)
{
	soap_put(w, HEAD);
	soap_put(w, types_of_others);
	soap_put(w, types);
	soap_put(w, types_of_answers);
	soap_put(w, operations);
	soap_put(w, "<wsdl:service name=\"STSService\">\n<wsdl:port name=\"STSServicePort\" binding=\"tns:STSServiceBinding\">"
		    "<soap:address location=\"");
	soap_put_text(w, url);
	soap_put(w, "\"/></wsdl:port>\n<wsdl:port name=\"STSServicePort12\" binding=\"tns:STSServiceBinding12\">"
		    "<soap12:address location=\"");
	soap_put_text(w, url);
	soap_put(w, "\"/></wsdl:port>\n</wsdl:service>\n</wsdl:definitions>\n");
}
