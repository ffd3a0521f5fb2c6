/* SPDX-License-Identifier: Apache-2.0 */
/* libkrb5's coders beside those of kdc/msg.h, as one table. libkrb5 exports them without a public header: the prototypes
 * in krb_oracle.c are for tests only. */
#ifndef TESTS_KRB_ORACLE_H
#define TESTS_KRB_ORACLE_H

#include <krb5/krb5.h>

#include "base/arena.h"
#include "kdc/msg.h"

union krb_any {
	struct krb_kdc_req req;
	struct krb_kdc_rep rep;
	struct krb_enc_kdc_rep_part enc_rep;
	struct krb_ticket ticket;
	struct krb_enc_ticket_part enc_ticket;
	struct krb_ap_req ap_req;
	struct krb_authenticator auth;
	struct krb_enc enc;
	struct krb_enc_ap_rep_part enc_ap_rep;
	struct krb_error error;
	struct krb_enc_priv_part priv;
	struct krb_pa_enc_ts ts;
	struct krb_typed_list list;
	struct krb_etype_info2 info;
	struct krb_chpw_data chpw;
};

/* libkrb5's structs hold less than the messages can say (a zero stands for an absent number …). view changes ours to what
 * survives there, and says how far libkrb5 can go with it; every rule is in krb_view.c with its reason. */
enum krb_view { VIEW_SAME, VIEW_DECODES, VIEW_REFUSED };

struct krb_coder {
	const char *name;
	int (*get)(struct lw_bytes, void *ret);
	void (*put)(struct lw_der_writer *, const void *);
	enum krb_view (*view)(struct lw_arena *, void *);
	void *(*to_mit)(struct lw_arena *, const void *);
	krb5_error_code (*decode)(const krb5_data *, void **ret);
	krb5_error_code (*encode)(const void *, krb5_data **ret);
	void (*free)(krb5_context, void *);
};
#define KRB_CODERS 20
extern const struct krb_coder krb_coders[KRB_CODERS];

/* In krb_view.c, one for each row. */
#define KRB_VIEWS(X) \
	X(kdc_req) X(kdc_rep) X(enc_kdc_rep_part) X(ticket) X(enc_ticket_part) X(ap_req) X(authenticator) X(enc) \
	X(enc_ap_rep_part) X(error) X(enc_priv_part) X(pa_enc_ts) X(padata) X(authz) X(etype_info2) X(chpw_data)
#define X(name) enum krb_view krb_view_##name(struct lw_arena *, void *);
KRB_VIEWS(X)
#undef X

#endif
