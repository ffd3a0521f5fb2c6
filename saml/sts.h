/* SPDX-License-Identifier: Apache-2.0 */
/* WS-Trust 1.3: a RequestSecurityToken is read, its answer written. Pure; who asks and whether he may is the caller's (lwd/web_sts.c).
 * Bearer tokens of SAML 2.0 only. Hints that a client may give and that change nothing here (Claims, KeySize, UseKey, Delegatable, …) are
 * skipped; what would change whom or what the token is for (OnBehalfOf, ActAs, another KeyType, a later beginning, …) is refused. */
#ifndef SAML_STS_H
#define SAML_STS_H

#include "saml/soap.h"

enum sts_op { STS_ISSUE = 1, STS_RENEW, STS_VALIDATE, STS_CANCEL, STS_OP_COUNT };
struct sts_request {
	enum sts_op op;
	struct lw_bytes context;    /* echoed; p NULL: none */
	struct lw_bytes token_type; /* as it was asked for; n 0: not said */
	struct lw_bytes audience;   /* AppliesTo's address; n 0: none */
	int64_t life;               /* us; 0: not said */
	const char *alg;            /* in keys_token_issue's words; "": not said */
	xmlNode *target;            /* an Assertion: of RenewTarget, ValidateTarget, CancelTarget */
};
/* The message's body. why for the log. */
enum soap_fault sts_read(const struct soap_message *, int64_t now, struct lw_arena *, struct sts_request *ret, char why[200]);

struct sts_answer {
	struct lw_bytes token, id;    /* Issue, Renew: the Assertion element and its ID */
	int64_t not_before, not_after;
	bool valid;                   /* Validate */
};
/* The whole envelope. id: 16 random octets. */
void sts_answer_put(struct lw_writer *, const struct soap_message *, const struct sts_request *, const struct sts_answer *,
	const uint8_t id[16], int64_t now);
/* WSDL 1.1 with both bindings; url: where the service is. */
void sts_wsdl_put(struct lw_writer *, struct lw_bytes url);

/* The i-th element of a RequestSecurityToken that is known; NULL: no more. For the table's test. */
const char *sts_op_name(enum sts_op); /* as RequestType ends */
const char *sts_element(size_t i, bool *ret_refused);

#endif
