/* SPDX-License-Identifier: Apache-2.0 */
/* What the KDC writes into its tickets for itself: who the client is, beyond names. An AD-IF-RELEVANT around
 * a private type, so that services that don't know it pass over it. */
#ifndef KDC_AD_H
#define KDC_AD_H

#include "base/arena.h"
#include "base/uuid.h"
#include "kdc/msg.h"

#define KDC_AD_IF_RELEVANT 1
#define KDC_AD_LWD         (-1279)
#define KDC_AD_DEPTH       4 /* containers within containers that a client may send */

struct kdc_ad {
	struct lw_uuid tenant, client;
	uint32_t flags; /* none yet */
};
/* One element for EncTicketPart's authorization-data; octets in the arena. LW_ENOMEM. */
int kdc_ad_make(struct lw_arena *, const struct kdc_ad *, struct krb_typed *ret);
/* The first one. LW_ENOTFOUND; LW_EINVAL, LW_EVERSION: there is one, but not of a form that we know. */
int kdc_ad_find(const struct krb_typed_list *, struct kdc_ad *ret);
/* Is this element (not) one that is or holds the private data? */
bool kdc_ad_is_own(const struct krb_typed *);
/* What a client wants put into its ticket: nothing that only a KDC may say, also not within containers.
 * LW_EACCES; LW_EINVAL. */
int kdc_ad_check(const struct krb_typed_list *);

#endif
