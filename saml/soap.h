/* SPDX-License-Identifier: Apache-2.0 */
/* SOAP 1.1 and 1.2 envelopes with WS-Addressing 1.0 and WS-Security 1.1 headers, as far as WS-Trust needs them: read from a document that
 * saml_doc_parse made, written with escapes. Pure: the clock and randomness are arguments. Texts live in the arena; nodes live in the
 * document.
 *
 * Header blocks for another actor or role are skipped. An unknown block is skipped unless it says mustUnderstand. Of the Security header
 * one Timestamp, and one UsernameToken with its password as text or one SAML assertion; anything else in it is refused: what is not
 * checked must not be thought to be. Answers go to the caller alone (anonymous ReplyTo and FaultTo). MessageIDs are not remembered: a
 * repeated request is answered again. */
#ifndef SAML_SOAP_H
#define SAML_SOAP_H

#include "base/clock.h"
#include "saml/xml.h"

#define SOAP_MAX      131072 /* octets of a request */
#define SOAP_TEXT_MAX 4096   /* octets of a text in it */
#define SOAP_SKEW     (300 * LW_SECOND)

#define SOAP_NS_11   "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_NS_12   "http://www.w3.org/2003/05/soap-envelope"
#define SOAP_NS_WSA  "http://www.w3.org/2005/08/addressing"
#define SOAP_NS_WSSE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define SOAP_NS_WSSE11 "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
#define SOAP_NS_WSU  "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define SOAP_NS_WST  "http://docs.oasis-open.org/ws-sx/ws-trust/200512"

enum soap_version { SOAP_11 = 1, SOAP_12 };

/* id, prefix ("S": SOAP's own), code, is it the server's fault?, what the peer reads. SOAP's own codes are named as 1.2 does. */
#define SOAP_FAULTS(X)                                                                                                           \
	X(VERSION, "S", "VersionMismatch", false, "The envelope is neither SOAP 1.1 nor SOAP 1.2.")                              \
	X(NOT_UNDERSTOOD, "S", "MustUnderstand", false, "A header that must be understood is not known here.")                   \
	X(MALFORMED, "S", "Sender", false, "The message is not well-formed SOAP.")                                               \
	X(BUSY, "S", "Receiver", true, "The service can't answer now. Try again.")                                               \
	X(INTERNAL, "S", "Receiver", true, "The service failed.")                                                                \
	X(ADDRESSING, "wsa", "InvalidAddressingHeader", false, "An addressing header is not valid.")                             \
	X(ACTION, "wsa", "ActionNotSupported", false, "The action is not that of the request.")                                  \
	X(REPLY, "wsa", "OnlyAnonymousAddressSupported", false, "Answers go to the anonymous address only.")                     \
	X(SECURITY, "wsse", "InvalidSecurity", false, "The security header is missing or not valid.")                            \
	X(TOKEN_KIND, "wsse", "UnsupportedSecurityToken", false, "This kind of security token is not supported.")                \
	X(TOKEN_INVALID, "wsse", "InvalidSecurityToken", false, "The security token is not valid.")                              \
	X(MESSAGE_EXPIRED, "wsu", "MessageExpired", false, "The message has expired, or its time is in the future.")             \
	X(FAILED_AUTH, "wst", "FailedAuthentication", false, "Authentication failed.")                                           \
	X(INVALID_REQUEST, "wst", "InvalidRequest", false, "The request was invalid or malformed.")                              \
	X(BAD_REQUEST, "wst", "BadRequest", false, "The RequestSecurityToken is not understood.")                                \
	X(REQUEST_FAILED, "wst", "RequestFailed", false, "The request failed.")                                                  \
	X(INVALID_TOKEN, "wst", "InvalidSecurityToken", false, "The security token is not valid.")                               \
	X(TIME_RANGE, "wst", "InvalidTimeRange", false, "The requested time range is not valid.")                                \
	X(NO_RENEWAL, "wst", "UnableToRenew", false, "The token can't be renewed.")

enum soap_fault {
	SOAP_FINE = 0,
#define X(id, prefix, code, server, text) SOAP_F_##id,
	SOAP_FAULTS(X)
#undef X
	SOAP_FAULT_COUNT
};
struct soap_fault_row {
	const char *prefix, *code;
	bool server;
	const char *text;
};
const struct soap_fault_row *soap_fault_row(enum soap_fault); /* never NULL */

struct soap_message {
	enum soap_version version;                 /* of the answer; what the media type said until the envelope is read */
	struct lw_bytes action, message_id;        /* WS-Addressing; n 0: none */
	struct lw_bytes unknown_ns, unknown_name;  /* of NOT_UNDERSTOOD */
	bool stamped;                              /* had a Timestamp */
	struct lw_bytes user, password;            /* of a UsernameToken; p NULL: none */
	xmlNode *assertion;                        /* a SAML 2.0 Assertion in the Security header; NULL: none */
	xmlNode *body;                             /* the one child of the Body */
};
/* inout->version is what to answer in if nothing better is found. At a fault what was read before it stays, for the answer's headers; why for the log. */
enum soap_fault soap_read(xmlNode *root, int64_t now, struct lw_arena *, struct soap_message *inout, char why[200]);

/* An answer's envelope around the body that is written in between. Addressing headers if the request had a MessageID, a Timestamp if it had
 * one. id: 16 random octets. */
void soap_begin(struct lw_writer *, const struct soap_message *, const char *action, const uint8_t id[16], int64_t now);
void soap_end(struct lw_writer *, const struct soap_message *);
/* A whole fault. Returns its HTTP status: 500 in SOAP 1.1; in 1.2 400 for the sender's. */
int soap_fault_put(struct lw_writer *, const struct soap_message *, enum soap_fault, const uint8_t id[16]);
const char *soap_media_type(enum soap_version);

/* ---- what else is read and written in bodies ---- */
void soap_put(struct lw_writer *, const char *markup);           /* as it is */
void soap_put_text(struct lw_writer *, struct lw_bytes);         /* escaped for content and attributes */
void soap_put_element(struct lw_writer *, const char *name, struct lw_bytes text);
void soap_put_time(struct lw_writer *, const char *name, int64_t us); /* .mmmZ */
bool soap_in(const xmlNode *, const char *ns);
/* The text of an element that has nothing but text, at most SOAP_TEXT_MAX octets; trim: white space around it goes. */
bool soap_text(const xmlNode *, bool trim, struct lw_arena *, struct lw_bytes *ret);
/* An attribute without namespace (ns NULL) or with one. p NULL: none, or too long. */
struct lw_bytes soap_attr(const xmlNode *, const char *ns, const char *name, struct lw_arena *);
/* xs:dateTime with a time zone. LW_EINVAL. */
int soap_time(struct lw_bytes, int64_t *ret_us);
bool soap_bool(struct lw_bytes, bool *ret);

#endif
