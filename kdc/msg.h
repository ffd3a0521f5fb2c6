/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of RFC 4120 (and RFC 3244's data) as structs. Numbers are as in RFC 4120 section 7.5.
 * get: strict and bounded, borrows from the octets; on failure *ret is undefined. LW_EINVAL: malformed;
 * LW_ELIMIT: more than the bounds below; LW_EVERSION: pvno or msg-type other than the message's. Unknown
 * trailing fields are refused; a name has at least one part; authorization data, LastReq and additional
 * tickets have an item; names, realms, salts and e-text hold no NUL. More is accepted than DER and RFC 4120
 * have in two places: UInt32 as a negative Int32, and flags of more than 32 bits, cut off.
 * put: appends (in front) to a backward writer.
 *
 * Times are seconds since 1970; KRB_NO_TIME: absent. Absent octets have p == NULL. */
#ifndef KDC_MSG_H
#define KDC_MSG_H

#include "base/der.h"
#include "base/err.h"

#define KRB_MAX_MESSAGE 65536
#define KRB_MAX_PARTS   8
#define KRB_MAX_NAME    512 /* octets of a realm, and of all parts of a name together */
#define KRB_MAX_SALT    1024
#define KRB_MAX_PADATA  24
#define KRB_MAX_ETYPES  32
#define KRB_MAX_ADDRS   16
#define KRB_MAX_TICKETS 2
#define KRB_MAX_AD      16
#define KRB_MAX_LASTREQ 8
#define KRB_NO_TIME     INT64_MIN

enum krb_msg_type { KRB_AS_REQ = 10, KRB_AS_REP, KRB_TGS_REQ, KRB_TGS_REP, KRB_AP_REQ, KRB_AP_REP,
	KRB_TGT_REQ, KRB_TGT_REP, KRB_SAFE = 20, KRB_PRIV, KRB_CRED, KRB_ERROR = 30 };
enum krb_name_type { KRB_NT_UNKNOWN = 0, KRB_NT_PRINCIPAL = 1, KRB_NT_SRV_INST = 2, KRB_NT_SRV_HST = 3,
	KRB_NT_ENTERPRISE = 10, KRB_NT_WELLKNOWN = 11 };
/* KDCOptions and TicketFlags share their numbers: bit n is 1 << (31 - n) */
#define KRB_BIT(n) (UINT32_C(1) << (31 - (n)))
enum krb_pa { KRB_PA_TGS_REQ = 1, KRB_PA_ENC_TIMESTAMP = 2, KRB_PA_ETYPE_INFO = 11, KRB_PA_ETYPE_INFO2 = 19,
	KRB_PA_PAC_REQUEST = 128, KRB_PA_FOR_USER = 129, KRB_PA_FX_COOKIE = 133, KRB_PA_FX_FAST = 136,
	KRB_PA_REQ_ENC_PA_REP = 149 };

struct krb_name { int32_t type; unsigned n; struct lw_bytes part[KRB_MAX_PARTS]; };
struct krb_enc { int32_t etype; bool has_kvno; uint32_t kvno; struct lw_bytes cipher; }; /* EncryptedData */
struct krb_key { int32_t etype; struct lw_bytes key; };      /* EncryptionKey; key.p NULL: absent */
/* HostAddress, PA-DATA, one of AuthorizationData, Checksum, transited */
struct krb_typed { int32_t type; struct lw_bytes value; };
/* n of addresses <= KRB_MAX_ADDRS, of AD <= KRB_MAX_AD */
struct krb_typed_list { unsigned n; struct krb_typed v[KRB_MAX_PADATA]; };
/* der: the whole, for copying */
struct krb_ticket { struct lw_bytes der; struct lw_bytes realm; struct krb_name sname; struct krb_enc enc; };

struct krb_kdc_req { /* AS-REQ and TGS-REQ */
	int msg_type;
	struct krb_typed_list padata;
	struct lw_bytes body; /* the KDC-REQ-BODY as sent: what the authenticator's checksum covers */
	uint32_t options;
	bool has_cname, has_sname;
	struct krb_name cname, sname;
	struct lw_bytes realm;
	int64_t from, till, rtime; /* from and rtime may be absent */
	int64_t nonce; /* -2^31 .. 2^32-1, to be sent back as it came: some have it signed, some unsigned */
	unsigned netypes;
	int32_t etypes[KRB_MAX_ETYPES];
	bool has_addrs;
	struct krb_typed_list addrs;
	bool has_authz;
	struct krb_enc authz;
	unsigned ntickets;
	struct krb_ticket tickets[KRB_MAX_TICKETS];
};
struct krb_kdc_rep { /* AS-REP and TGS-REP */
	int msg_type;
	struct krb_typed_list padata;
	struct lw_bytes crealm;
	struct krb_name cname;
	struct lw_bytes ticket; /* DER of the Ticket */
	struct krb_enc enc;
};
struct krb_enc_kdc_rep_part {
	int tag; /* application tag: 25 (EncASRepPart) or 26 (EncTGSRepPart) */
	struct krb_key key;
	unsigned nlast_req;
	struct { int32_t type; int64_t time; } last_req[KRB_MAX_LASTREQ];
	int64_t nonce;
	int64_t key_expiration; /* may be absent */
	uint32_t flags;
	int64_t authtime, starttime, endtime, renew_till; /* starttime and renew_till may be absent */
	struct lw_bytes srealm;
	struct krb_name sname;
	bool has_addrs;
	struct krb_typed_list caddr;
	struct krb_typed_list enc_padata; /* n 0: absent (RFC 6806) */
};
struct krb_enc_ticket_part {
	uint32_t flags;
	struct krb_key key;
	struct lw_bytes crealm;
	struct krb_name cname;
	struct krb_typed transited;
	int64_t authtime, starttime, endtime, renew_till;
	bool has_addrs;
	struct krb_typed_list caddr;
	struct krb_typed_list authz; /* n 0: absent */
};
struct krb_ap_req { uint32_t options; struct krb_ticket ticket; struct krb_enc authenticator; };
struct krb_authenticator {
	struct lw_bytes crealm;
	struct krb_name cname;
	bool has_cksum;
	struct krb_typed cksum;
	uint32_t cusec; /* 0..999999 */
	int64_t ctime;
	struct krb_key subkey;
	bool has_seq;
	uint32_t seq;
	struct krb_typed_list authz;
};
struct krb_enc_ap_rep_part {
	int64_t ctime;
	uint32_t cusec;
	struct krb_key subkey;
	bool has_seq;
	uint32_t seq;
};
struct krb_error {
	int64_t ctime; uint32_t cusec; bool has_cusec;
	int64_t stime; uint32_t susec;
	int32_t code;
	struct lw_bytes crealm; /* with cname; may be absent */
	bool has_cname;
	struct krb_name cname;
	struct lw_bytes realm;
	struct krb_name sname;
	struct lw_bytes e_text, e_data; /* may be absent */
};
struct krb_enc_priv_part {
	struct lw_bytes user_data;
	int64_t timestamp; bool has_usec; uint32_t usec;
	bool has_seq; uint32_t seq;
	struct krb_typed s_address;
	bool has_r_address; struct krb_typed r_address;
};
struct krb_pa_enc_ts { int64_t time; bool has_usec; uint32_t usec; };
/* salt, s2kparams may be absent */
struct krb_etype_info2 {
	unsigned n;
	struct {
		int32_t etype;
		bool has_salt;
		struct lw_bytes salt, s2kparams;
	} v[8];
};
/* RFC 3244 ChangePasswdData; realm may be absent */
struct krb_chpw_data {
	struct lw_bytes password;
	bool has_target;
	struct krb_name target;
	struct lw_bytes realm;
};

int krb_get_kdc_req(struct lw_bytes, struct krb_kdc_req *ret);  /* either: msg_type says which */
int krb_get_kdc_rep(struct lw_bytes, struct krb_kdc_rep *ret);
int krb_get_enc_kdc_rep_part(struct lw_bytes, struct krb_enc_kdc_rep_part *ret); /* tag 25 or 26 */
int krb_get_ticket(struct lw_bytes, struct krb_ticket *ret);
int krb_get_enc_ticket_part(struct lw_bytes, struct krb_enc_ticket_part *ret);
int krb_get_ap_req(struct lw_bytes, struct krb_ap_req *ret);
int krb_get_authenticator(struct lw_bytes, struct krb_authenticator *ret);
int krb_get_ap_rep(struct lw_bytes, struct krb_enc *ret);
int krb_get_enc_ap_rep_part(struct lw_bytes, struct krb_enc_ap_rep_part *ret);
int krb_get_error(struct lw_bytes, struct krb_error *ret);
int krb_get_priv(struct lw_bytes, struct krb_enc *ret);
int krb_get_enc_priv_part(struct lw_bytes, struct krb_enc_priv_part *ret);
/* EncryptedData by itself: PA-ENC-TIMESTAMP's value */
int krb_get_enc(struct lw_bytes, struct krb_enc *ret);
int krb_get_pa_enc_ts(struct lw_bytes, struct krb_pa_enc_ts *ret);
int krb_get_padata(struct lw_bytes, struct krb_typed_list *ret); /* METHOD-DATA: SEQUENCE OF PA-DATA */
/* AuthorizationData: also the contents of AD-IF-RELEVANT */
int krb_get_authz(struct lw_bytes, struct krb_typed_list *ret);
int krb_get_etype_info2(struct lw_bytes, struct krb_etype_info2 *ret);
int krb_get_chpw_data(struct lw_bytes, struct krb_chpw_data *ret);

/* from the fields, not from body (tickets: from der where set) */
void krb_put_kdc_req(struct lw_der_writer *, const struct krb_kdc_req *);
void krb_put_kdc_req_body(struct lw_der_writer *, const struct krb_kdc_req *);
void krb_put_kdc_rep(struct lw_der_writer *, const struct krb_kdc_rep *);
void krb_put_enc_kdc_rep_part(struct lw_der_writer *, const struct krb_enc_kdc_rep_part *);
void krb_put_ticket(struct lw_der_writer *, const struct krb_ticket *);
void krb_put_enc_ticket_part(struct lw_der_writer *, const struct krb_enc_ticket_part *);
void krb_put_ap_req(struct lw_der_writer *, const struct krb_ap_req *); /* ticket.der is copied, if set */
void krb_put_authenticator(struct lw_der_writer *, const struct krb_authenticator *);
void krb_put_ap_rep(struct lw_der_writer *, const struct krb_enc *);
void krb_put_enc_ap_rep_part(struct lw_der_writer *, const struct krb_enc_ap_rep_part *);
void krb_put_error(struct lw_der_writer *, const struct krb_error *);
void krb_put_priv(struct lw_der_writer *, const struct krb_enc *);
void krb_put_enc_priv_part(struct lw_der_writer *, const struct krb_enc_priv_part *);
void krb_put_enc(struct lw_der_writer *, const struct krb_enc *);
void krb_put_pa_enc_ts(struct lw_der_writer *, const struct krb_pa_enc_ts *);
void krb_put_padata(struct lw_der_writer *, const struct krb_typed_list *);
void krb_put_authz(struct lw_der_writer *, const struct krb_typed_list *);
void krb_put_etype_info2(struct lw_der_writer *, const struct krb_etype_info2 *);
void krb_put_chpw_data(struct lw_der_writer *, const struct krb_chpw_data *);

/* parts alone: name types are hints (RFC 4120 6.2) */
bool krb_name_eq(const struct krb_name *, const struct krb_name *);
/* "krbtgt", realm; second.p NULL: one part */
bool krb_name_is(const struct krb_name *, const char *first, struct lw_bytes second);
/* "alice", "HTTP/web1" with / @ \ and NUL, tab, newline, backspace in parts escaped as MIT prints them. */
void krb_name_text(struct lw_writer *, const struct krb_name *);

#endif
