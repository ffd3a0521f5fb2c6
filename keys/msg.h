/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's messages: one table says for each who may send it, what it needs, in which lane it runs and which fields it and its answer
 * have. Request: u8 version, u16 id, the row's fields. Answer: u16 error; when not 0 a counted text, else the row's answer fields.
 * Every field is bounded; what is left over is an error. */
#ifndef KEYS_MSG_H
#define KEYS_MSG_H

#include "keys/issue.h"

#define KEYS_MSG_VERSION    1
#define KEYS_MAX_PASSWORD   4096  /* octets on the wire; the policy's maximum is lower */
#define KEYS_MAX_NAME       1024  /* that somebody logs in by */
#define KEYS_MAX_CSR        16384 /* in PEM, too */
#define KEYS_MAX_BLOB       KEYS_PUBLIC_MAX /* revocation lists grow */
#define KEYS_MAX_SEALED     49152 /* a tenant's signing keys with their certificates */
#define KEYS_MAX_ITEMS      8
#define KEYS_MAX_REQUEST    32768
#define KEYS_MAX_ALG        32
#define KEYS_MAX_PROFILE    64
#define KEYS_MAX_SERIAL     20
#define KEYS_MAX_OCSP       4096
#define KEYS_MAX_LEAF       8192
#define KEYS_MAX_FILE       8192
#define KEYS_MAX_URI        2048
#define KEYS_MAX_TOKEN_ID   256
#define KEYS_MAX_FIELDS     30000 /* of an assertion that comes back */
#define KEYS_MAX_SIGNATURE  512
#define KEYS_MAX_PEM        32768

enum keys_msg_id {
	KEYS_MSG_VERIFY = 1,
	KEYS_MSG_OPERATOR,
	KEYS_MSG_CHECK,
	KEYS_MSG_RENEW,
	KEYS_MSG_SET_PASSWORD,
	KEYS_MSG_UNLOCK,
	KEYS_MSG_TENANT_NEW,
	KEYS_MSG_TLS_CERT,
	KEYS_MSG_CA_PEM,
	KEYS_MSG_PING,
	KEYS_MSG_KERBEROS_KEY,
	KEYS_MSG_KERBEROS_CAP,
	KEYS_MSG_CHECK_FORWARDED,
	KEYS_MSG_KEYTAB,
	KEYS_MSG_REALM_KEYS,
	KEYS_MSG_REALM_LIST,
	KEYS_MSG_LOGIN = 17,
	KEYS_MSG_ADOPT = 18,
	KEYS_MSG_DUE = 20,
	KEYS_MSG_ROTATE = 21,
	KEYS_MSG_LIST = 22,
	KEYS_MSG_CERT = 23,
	KEYS_MSG_CERT_CAP = 24,
	KEYS_MSG_PUBLIC = 25,
	KEYS_MSG_OCSP = 26,
	KEYS_MSG_ROOT_EXPORT = 27,
	KEYS_MSG_ROOT_IMPORT = 28,
	KEYS_MSG_CA_RENEW = 29,
	KEYS_MSG_TOKEN_ISSUE = 30,
	KEYS_MSG_ASSERTION_ACCEPT = 31,
	KEYS_MSG_TENANT_END = 36,
	KEYS_MSG_FORGET = 37,
	KEYS_MSG_AUDIT_TAKE = 32,
	KEYS_MSG_AUDIT_MAC = 33,
	KEYS_MSG_MASTER_ROTATE = 34,
	KEYS_MSG_MASTER_REWRAP = 35,
	KEYS_MSG_WANT = 38
};

/* What must be shown before the handler runs. 0 is refused, so that a row can't be forgotten. */
enum keys_need {
	KEYS_NEED_NOTHING_IS_AN_ERROR = 0,
	KEYS_NEED_PASSWORD,   /* the secret itself, as a reserved guess */
	KEYS_NEED_PEER,       /* the sending role's word (the socket pair says which role) */
	KEYS_NEED_TOKEN,      /* a good token minted for the sending role */
	KEYS_NEED_VERB,       /* that, not asserted where the verb forbids it, and the row's verb in keyd's own decision */
	KEYS_NEED_INSTALLATION, /* the operator, or the row's verb on the system tenant */
	KEYS_NEED_FORWARDED,  /* a good token minted for the KDC or web, which sent it along with a request */
	KEYS_NEED_COUNT
};
enum keys_lane_id { KEYS_LANE_HASH = 1, KEYS_LANE_SIGN };

struct keys_request {
	uint16_t id;
	struct lw_bytes token;
	uint32_t tenant;
	struct lw_uuid subject;     /* or target */
	struct lw_bytes password, old;
	struct lw_bytes addr;
	bool confidential;
	uint64_t version;
	bool is_new, new_user;
	struct lw_bytes name, krb_name;
	struct lw_uuid tenant_uuid, admin_uuid;
	struct lw_bytes realm;      /* of a new tenant, whose name is in name */
	struct lw_bytes admin_name;
	struct lw_bytes csr;
	struct lw_bytes leaf;       /* a certificate that was shown */
	bool root;
	uint8_t role;               /* enum lw_role_id: whom a token is, or was, minted for */
	int64_t auth_time;
	bool rotate;
	bool at_once;
	struct lw_bytes user;       /* as its owner writes it; the tenant's name is in name */
	uint8_t kind;               /* enum keys_kind */
	struct lw_bytes alg;
	struct lw_bytes profile, serial;
	uint8_t what;               /* enum keys_public */
	struct lw_bytes ocsp, file;
	uint8_t token_type;         /* enum keys_token_type; what is ordered is about subject, or about user */
	struct lw_bytes audience, request_id;
	int64_t life, not_before;
	struct lw_bytes fields, signature; /* of an assertion that is shown */
	uint8_t as;                 /* enum keys_accept */
	int64_t renewable;
};
struct keys_answer {
	struct lw_bytes token;
	struct store_sealed_item items[KEYS_MAX_ITEMS];
	size_t nitems;
	struct lw_bytes blob, pem;
	int64_t time, from;
	struct lw_bytes token_id;
	char text[200];             /* with LW_EPWPOLICY: for the user */
};

enum keys_field {
	KEYS_F_END = 0,
	KEYS_F_TOKEN,
	KEYS_F_TENANT,
	KEYS_F_SUBJECT,
	KEYS_F_PASSWORD,
	KEYS_F_OLD,
	KEYS_F_SOURCE,
	KEYS_F_VERSION,
	KEYS_F_NEW,
	KEYS_F_NEW_TENANT,
	KEYS_F_CSR,
	KEYS_F_ROOT,
	KEYS_F_ROLE,
	KEYS_F_AUTH_TIME,
	KEYS_F_CONFIDENTIAL,
	KEYS_F_ROTATE,
	KEYS_F_LOGIN,
	KEYS_F_KIND,
	KEYS_F_ALG,
	KEYS_F_PROFILE,
	KEYS_F_SERIAL,
	KEYS_F_TENANT_NAME,
	KEYS_F_PUBLIC,
	KEYS_F_OCSP,
	KEYS_F_FILE,
	KEYS_F_LEAF,
	KEYS_F_ORDER,
	KEYS_F_ASSERTION,
	KEYS_F_NOW,
	KEYS_F_COUNT
};
enum keys_answer_field { KEYS_A_END = 0, KEYS_A_TOKEN, KEYS_A_ITEMS, KEYS_A_BLOB, KEYS_A_TIME, KEYS_A_PEM, KEYS_A_FROM, KEYS_A_TOKEN_ID, KEYS_A_COUNT };

struct keys_row {
	uint16_t id;
	const char *name;
	unsigned from;              /* 1 << enum lw_role_id */
	enum keys_need need;
	enum access_verb verb;      /* with NEED_VERB and NEED_INSTALLATION */
	enum keys_lane_id lane;
	uint8_t fields[10];         /* enum keys_field, ended by KEYS_F_END */
	uint8_t answer[6];
};
extern const struct keys_row keys_rows[]; /* what runs stands in keys/keyd.c */
extern const size_t keys_nrows;
const struct keys_row *keys_row(uint16_t id); /* NULL: unknown */

void keys_request_put(struct lw_writer *, const struct keys_row *, const struct keys_request *);
/* LW_EINVAL, LW_ELIMIT, LW_EVERSION, LW_EUNSUPPORTED (no such message). Bytes are borrowed from in. */
int keys_request_get(struct lw_bytes in, const struct keys_row **ret_row, struct keys_request *ret);
void keys_answer_put(struct lw_writer *, const struct keys_row *, int err, const struct keys_answer *);
/* The answer's own error, or LW_EINTERNAL when it does not decode. */
int keys_answer_get(struct lw_bytes in, const struct keys_row *, struct keys_answer *ret);

#endif
