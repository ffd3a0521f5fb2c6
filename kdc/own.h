/* SPDX-License-Identifier: Apache-2.0 */
/* lwd's own services (ldap, HTTP, kadmin/changepw) are shown a ticket: everything that they check alike, and
 * the framing of the two protocols that carry AP-REQs to them. */
#ifndef KDC_OWN_H
#define KDC_OWN_H

#include "kdc/int.h"

#define KRB_U_AP_REP 12
#define KRB_U_PRIV   13
#define KRB_AP_USE_SESSION_KEY KRB_BIT(1) /* AP options */

/* An AP-REQ that was found good; borrows from the thread's arena and from the request. */
struct kdc_own_shown {
	struct kdc_realm *realm;
	struct kdc_shown ticket;
	/* its subkey, when there is one, is in t->subkey; the session key in t->session */
	struct krb_authenticator auth;
	struct kdc_princ client;
	uint8_t mac[16]; /* for kdc_replay_take, which is the caller's */
};
/* Ticket for the service, times, authenticator, client still there and enabled; a read transaction is open
 * then. An error of kdc/int.h; LW_EAGAIN: it may block. */
int kdc_own_ap_req(struct kdc_thread *, enum kdc_own, const struct krb_ap_req *, int64_t now_us,
        bool may_block, struct kdc_own_shown *ret);

/* RFC 4121 4.1 (RFC 2743 3.1): the AP-REQ in an initiator's first token. LW_EINVAL. */
int kdc_gss_unframe(struct lw_bytes token, struct lw_bytes *ret_ap_req);
/* KRB-ERROR framed as the acceptor's answer. LW_ENOMEM. */
int kdc_gss_error(struct lw_arena *, struct lw_bytes krb_error, struct lw_bytes *ret);

/* RFC 3244 section 2. */
struct kdc_chpw_frame { uint16_t version; struct lw_bytes ap_req, priv; };
enum { KDC_CHPW_CHANGE = 1, KDC_CHPW_SET = 0xff80 };
/* LW_EINVAL: lengths that don't fit; LW_EVERSION. */
int kdc_chpw_unframe(struct lw_bytes in, struct kdc_chpw_frame *ret);

#endif
