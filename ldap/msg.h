/* SPDX-License-Identifier: Apache-2.0 */
/* One LDAPMessage (RFC 4511 4.1.1), decoded: everything is borrowed from the octets it was decoded from, or
 * lies in the arena. */
#ifndef LDAP_MSG_H
#define LDAP_MSG_H

#include "base/ber.h"
#include "store/store.h"

/* Tags of requests and of what answers them. */
enum ldapd_tag {
	LDAPD_BIND = 0x60,
	LDAPD_BIND_ANSWER = 0x61,
	LDAPD_UNBIND = 0x42,
	LDAPD_SEARCH = 0x63,
	LDAPD_ENTRY = 0x64,
	LDAPD_SEARCH_DONE = 0x65,
	LDAPD_MODIFY = 0x66,
	LDAPD_MODIFY_ANSWER = 0x67,
	LDAPD_ADD = 0x68,
	LDAPD_ADD_ANSWER = 0x69,
	LDAPD_DELETE = 0x4a,
	LDAPD_DELETE_ANSWER = 0x6b,
	LDAPD_MODDN = 0x6c,
	LDAPD_MODDN_ANSWER = 0x6d,
	LDAPD_COMPARE = 0x6e,
	LDAPD_COMPARE_ANSWER = 0x6f,
	LDAPD_ABANDON = 0x50,
	LDAPD_EXTENDED = 0x77,
	LDAPD_EXTENDED_ANSWER = 0x78,
};

/* Result codes: RFC 4511 appendix A, RFC 3909, RFC 4528. */
enum ldapd_code {
	LDAPD_SUCCESS = 0,
	LDAPD_OPERATIONS_ERROR = 1,
	LDAPD_PROTOCOL_ERROR = 2,
	LDAPD_TIME_LIMIT = 3,
	LDAPD_SIZE_LIMIT = 4,
	LDAPD_COMPARE_FALSE = 5,
	LDAPD_COMPARE_TRUE = 6,
	LDAPD_AUTH_METHOD = 7,
	LDAPD_STRONGER_AUTH = 8,
	LDAPD_ADMIN_LIMIT = 11,
	LDAPD_UNAVAIL_CRITICAL = 12,
	LDAPD_CONFIDENTIALITY = 13,
	LDAPD_SASL_IN_PROGRESS = 14,
	LDAPD_NO_SUCH_ATTRIBUTE = 16,
	LDAPD_UNDEFINED_TYPE = 17,
	LDAPD_INAPPROPRIATE_MATCHING = 18,
	LDAPD_CONSTRAINT = 19,
	LDAPD_VALUE_EXISTS = 20,
	LDAPD_INVALID_SYNTAX = 21,
	LDAPD_NO_SUCH_OBJECT = 32,
	LDAPD_INVALID_DN = 34,
	LDAPD_INAPPROPRIATE_AUTH = 48,
	LDAPD_INVALID_CREDENTIALS = 49,
	LDAPD_INSUFFICIENT_ACCESS = 50,
	LDAPD_BUSY = 51,
	LDAPD_UNAVAILABLE = 52,
	LDAPD_UNWILLING = 53,
	LDAPD_NAMING = 64,
	LDAPD_OBJECT_CLASS = 65,
	LDAPD_NOT_ON_NON_LEAF = 66,
	LDAPD_NOT_ON_RDN = 67,
	LDAPD_ENTRY_EXISTS = 68,
	LDAPD_CLASS_MODS = 69,
	LDAPD_OTHER = 80,
	LDAPD_CANCELED = 118,
	LDAPD_NO_SUCH_OPERATION = 119,
	LDAPD_ASSERTION_FAILED = 122,
};

#define LDAPD_MAX_CONTROLS 32
#define LDAPD_MAX_ITEMS    65536      /* attributes of an add, modifications, attributes of a selection */
#define LDAPD_MAX_VALUES   (1u << 20) /* values in one request */

struct ldapd_control {
	struct lw_bytes oid, value;
	bool critical, has_value;
};

struct ldapd_msg {
	int32_t id;
	uint8_t tag;    /* enum ldapd_tag */
	uint8_t refuse; /* not 0: well-formed, but to be answered with this code and `why` */
	const char *why;
	struct lw_bytes body; /* contents of the operation */
	struct ldapd_control *controls;
	size_t ncontrols;
	union {
		struct {
			int64_t version;
			struct lw_bytes name;
			uint8_t method; /* tag of the choice: LDAPD_SIMPLE, LDAPD_SASL or what came */
			struct lw_bytes password;
			struct lw_bytes mech, creds;
			bool has_creds;
		} bind;
		struct {
			struct lw_bytes base;
			enum store_scope scope;
			uint32_t size_limit, time_limit;
			bool types_only;
			struct filter *filter;
			struct lw_bytes *attrs;
			size_t nattrs;
			struct lw_bytes selection; /* the octets of the two */
		} search;
		struct {
			struct lw_bytes dn;
			struct store_mod *mods;
			size_t n;
		} modify;
		struct {
			struct lw_bytes dn;
			struct store_attr_values *attrs;
			size_t n;
		} add;
		struct lw_bytes delete_dn;
		struct {
			struct lw_bytes dn, new_rdn, new_superior;
			bool delete_old, has_superior;
		} moddn;
		struct {
			struct lw_bytes dn, desc, value;
		} compare;
		int32_t abandon;
		struct {
			struct lw_bytes oid, value;
			bool has_value;
		} extended;
	};
};
enum { LDAPD_SIMPLE = 0x80, LDAPD_SASL = 0xa3 };

/* Message id and operation tag only: of a whole LDAPMessage or the beginning of one. LW_EINVAL. */
int ldapd_peek(struct lw_bytes pdu, int32_t *ret_id, uint8_t *ret_tag, struct lw_bytes *ret_body);
/* A whole LDAPMessage. LW_EINVAL: not one, or not a request (RFC 4511 4.1.1: disconnect); LW_ENOMEM: the
 * arena is full. */
int ldapd_decode(struct lw_arena *, struct lw_bytes pdu, struct ldapd_msg *ret);
/* A Filter alone (values of controls). LW_EINVAL; LW_ELIMIT: too deep or too many; LW_ENOMEM. */
int ldapd_decode_filter(struct lw_arena *, struct lw_bytes ber, struct filter **ret);

/* Reading BER: errors stick in the reader. */
uint8_t ldapd_ber_tag(const struct lw_reader *);                     /* of the next element; 0: none */
struct lw_bytes ldapd_ber_any(struct lw_reader *, uint8_t *ret_tag); /* contents of the next element */
struct lw_bytes ldapd_ber_get(
        struct lw_reader *, uint8_t tag); /* contents; LW_EINVAL when the tag is another */
int64_t ldapd_ber_int(struct lw_reader *, uint8_t tag);
bool ldapd_ber_bool(struct lw_reader *, uint8_t tag);

/* ---- answers ---- */

struct ldapd_result {
	uint8_t code; /* enum ldapd_code */
	struct lw_bytes matched;
	struct lw_bytes text;       /* diagnosticMessage: nothing that the client could not know */
	struct lw_bytes sasl;       /* bind: serverSaslCreds, when sasl.p is set */
	struct lw_bytes oid, value; /* extended: responseName and responseValue, when their p is set */
	struct lw_bytes controls;   /* encoded Controls without the outer header; empty: none */
};
void ldapd_put_result(struct lw_writer *, int32_t id, uint8_t tag, const struct ldapd_result *);
/* One response control, appended to what goes into ldapd_result.controls. */
void ldapd_put_control(struct lw_writer *, const char *oid, struct lw_bytes value);
/* SearchResultEntry. */
void ldapd_put_entry(struct lw_writer *, int32_t id, const struct store_view *, const struct store_attrsel *,
        bool types_only);
/* Only objectName and attributes of it (RFC 4527 controls). */
void ldapd_put_entry_body(struct lw_writer *, uint8_t tag, const struct store_view *,
        const struct store_attrsel *, bool types_only);
/* Notice of Disconnection (RFC 4511 4.4.1). */
#define LDAPD_OID_DISCONNECT "1.3.6.1.4.1.1466.20036"
void ldapd_put_notice(struct lw_writer *, uint8_t code, const char *text);

#endif
