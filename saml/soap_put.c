/* SPDX-License-Identifier: Apache-2.0 */
/* SOAP answers and faults. */
#include "saml/soap.h"

#include <string.h>

#include "base/err.h"
#include "base/uuid.h"

static const struct soap_fault_row rows[SOAP_FAULT_COUNT] = {
	[SOAP_FINE] = { "S", "Receiver", true, "The service failed." },
#define X(id, prefix, code, server, text) [SOAP_F_##id] = { prefix, code, server, text },
	SOAP_FAULTS(X)
#undef X
};

const struct soap_fault_row *soap_fault_row(enum soap_fault f)
{
	return &rows[(unsigned)f < SOAP_FAULT_COUNT ? f : SOAP_FINE];
}

const char *soap_media_type(enum soap_version v)
{
	return v == SOAP_12 ? "application/soap+xml; charset=utf-8" : "text/xml; charset=utf-8";
}

void soap_put(struct lw_writer *w, const char *markup)
{
	lw_put_raw(w, markup, strlen(markup));
}

void soap_put_text(struct lw_writer *w, struct lw_bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		switch (c) {
		case '&':
			soap_put(w, "&amp;");
			break;
		case '<':
			soap_put(w, "&lt;");
			break;
		case '>':
			soap_put(w, "&gt;");
			break;
		case '"':
			soap_put(w, "&quot;");
			break;
		case '\r':
			soap_put(w, "&#13;");
			break;
		case '\n':
			soap_put(w, "&#10;");
			break;
		case '\t':
			soap_put(w, "&#9;");
			break;
		default:
			lw_put_u8(w, c < 0x20 || c == 0x7f ? '?' : c);
		}
	}
}

void soap_put_element(struct lw_writer *w, const char *name, struct lw_bytes text)
{
	soap_put(w, "<");
	soap_put(w, name);
	soap_put(w, ">");
	soap_put_text(w, text);
	soap_put(w, "</");
	soap_put(w, name);
	soap_put(w, ">");
}

void soap_put_time(struct lw_writer *w, const char *name, int64_t us)
{
	char text[LW_TIME_TEXT];

	lw_time_rfc3339(us, text);
	soap_put_element(w, name, lw_str(text));
}

static void put_addressing(struct lw_writer *w, const struct soap_message *m, const char *action, const uint8_t id[16])
{
	struct lw_uuid uuid;
	char text[LW_UUID_TEXT];

	memcpy(uuid.b, id, 16);
	uuid.b[6] = (uint8_t)((uuid.b[6] & 0x0f) | 0x40); /* RFC 4122 4.4: random */
	uuid.b[8] = (uint8_t)((uuid.b[8] & 0x3f) | 0x80);
	lw_uuid_format(&uuid, text);
	soap_put(w, "<wsa:Action xmlns:wsa=\"" SOAP_NS_WSA "\">");
	soap_put_text(w, lw_str(action));
	soap_put(w, "</wsa:Action><wsa:MessageID xmlns:wsa=\"" SOAP_NS_WSA "\">urn:uuid:");
	soap_put(w, text);
	soap_put(w, "</wsa:MessageID><wsa:RelatesTo xmlns:wsa=\"" SOAP_NS_WSA "\">");
	soap_put_text(w, m->message_id);
	soap_put(w, "</wsa:RelatesTo><wsa:To xmlns:wsa=\"" SOAP_NS_WSA "\">" SOAP_NS_WSA "/anonymous</wsa:To>");
}

static void put_stamp(struct lw_writer *w, int64_t now)
{
	soap_put(w, "<wsse:Security xmlns:wsse=\"" SOAP_NS_WSSE "\"><wsu:Timestamp xmlns:wsu=\"" SOAP_NS_WSU "\">");
	soap_put_time(w, "wsu:Created", now);
	soap_put_time(w, "wsu:Expires", now + SOAP_SKEW);
	soap_put(w, "</wsu:Timestamp></wsse:Security>");
}

static void put_envelope(struct lw_writer *w, enum soap_version v)
{
	soap_put(w, "<S:Envelope xmlns:S=\"");
	soap_put(w, v == SOAP_12 ? SOAP_NS_12 : SOAP_NS_11);
	soap_put(w, "\">");
}

void soap_begin(struct lw_writer *w, const struct soap_message *m, const char *action, const uint8_t id[16], int64_t now)
{
	put_envelope(w, m->version);
	if (m->message_id.n > 0 || m->stamped) {
		soap_put(w, "<S:Header>");
		if (m->message_id.n > 0)
			put_addressing(w, m, action, id);
		if (m->stamped)
			put_stamp(w, now);
		soap_put(w, "</S:Header>");
	}
	soap_put(w, "<S:Body>");
}

void soap_end(struct lw_writer *w, const struct soap_message *m)
{
	soap_put(w, "</S:Body></S:Envelope>");
}

/* ---- faults ---- */

static const char *namespace_of(const struct soap_fault_row *f)
{
	return strcmp(f->prefix, "wsa") == 0 ? SOAP_NS_WSA : strcmp(f->prefix, "wsse") == 0 ? SOAP_NS_WSSE
		: strcmp(f->prefix, "wsu") == 0 ? SOAP_NS_WSU : SOAP_NS_WST;
}

static void put_code(struct lw_writer *w, const char *element, const struct soap_fault_row *f)
{
	soap_put(w, "<");
	soap_put(w, element);
	if (strcmp(f->prefix, "S") != 0) {
		soap_put(w, " xmlns:");
		soap_put(w, f->prefix);
		soap_put(w, "=\"");
		soap_put(w, namespace_of(f));
		soap_put(w, "\"");
	}
	soap_put(w, ">");
	soap_put(w, f->prefix);
	soap_put(w, ":");
	soap_put(w, f->code);
	soap_put(w, "</");
	soap_put(w, element);
	soap_put(w, ">");
}

/* SOAP 1.1 4.4: SOAP's own codes have other names there; a code of somebody else stands alone. */
static void put_fault_11(struct lw_writer *w, const struct soap_fault_row *f)
{
	struct soap_fault_row named = *f;

	if (strcmp(f->code, "Sender") == 0)
		named.code = "Client";
	else if (strcmp(f->code, "Receiver") == 0)
		named.code = "Server";
	soap_put(w, "<S:Fault>");
	put_code(w, "faultcode", &named);
	soap_put_element(w, "faultstring", lw_str(f->text));
	soap_put(w, "</S:Fault>");
}

static void put_fault_12(struct lw_writer *w, const struct soap_fault_row *f)
{
	soap_put(w, "<S:Fault><S:Code>");
	if (strcmp(f->prefix, "S") == 0) {
		put_code(w, "S:Value", f);
	} else {
		soap_put(w, f->server ? "<S:Value>S:Receiver</S:Value>" : "<S:Value>S:Sender</S:Value>");
		soap_put(w, "<S:Subcode>");
		put_code(w, "S:Value", f);
		soap_put(w, "</S:Subcode>");
	}
	soap_put(w, "</S:Code><S:Reason><S:Text xml:lang=\"en\">");
	soap_put_text(w, lw_str(f->text));
	soap_put(w, "</S:Text></S:Reason></S:Fault>");
}

/* SOAP 1.2 part 1, 5.4.7 and 5.4.8 */
static void put_header_12(struct lw_writer *w, const struct soap_message *m, enum soap_fault fault)
{
	if (fault == SOAP_F_VERSION)
		soap_put(w, "<S:Upgrade><S:SupportedEnvelope qname=\"S:Envelope\"/><S:SupportedEnvelope xmlns:old=\"" SOAP_NS_11
			    "\" qname=\"old:Envelope\"/></S:Upgrade>");
	if (fault == SOAP_F_NOT_UNDERSTOOD && m->unknown_ns.n > 0) {
		soap_put(w, "<S:NotUnderstood xmlns:n=\"");
		soap_put_text(w, m->unknown_ns);
		soap_put(w, "\" qname=\"n:");
		soap_put_text(w, m->unknown_name);
		soap_put(w, "\"/>");
	}
}

int soap_fault_put(struct lw_writer *w, const struct soap_message *m, enum soap_fault fault, const uint8_t id[16])
{
	const struct soap_fault_row *f = soap_fault_row(fault);
	bool v12 = m->version == SOAP_12, own = strcmp(f->prefix, "S") == 0;

	put_envelope(w, m->version);
	if (m->message_id.n > 0 || (v12 && (fault == SOAP_F_VERSION || fault == SOAP_F_NOT_UNDERSTOOD))) {
		soap_put(w, "<S:Header>");
		if (m->message_id.n > 0)
			put_addressing(w, m, strcmp(f->prefix, "wsa") == 0 ? SOAP_NS_WSA "/fault" : SOAP_NS_WSA "/soap/fault", id);
		if (v12)
			put_header_12(w, m, fault);
		soap_put(w, "</S:Header>");
	}
	soap_put(w, "<S:Body>");
	if (v12)
		put_fault_12(w, f);
	else
		put_fault_11(w, f);
	soap_end(w, m);
	return !v12 || f->server || (own && strcmp(f->code, "Sender") != 0) ? 500 : 400;
}
