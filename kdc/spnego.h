/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4178, as far as one round needs it: a client that prefers Kerberos sends its token along, and hears how it went. Nothing is
 * negotiated: whoever prefers another mechanism, or sends none of its token, is refused. So the list of mechanisms needs no MIC
 * (section 5: the mechanism is the initiator's first). */
#ifndef KDC_SPNEGO_H
#define KDC_SPNEGO_H

#include "base/arena.h"
#include "base/bytes.h"

#define KDC_SPNEGO_MECHS 16

enum kdc_spnego_state { KDC_SPNEGO_COMPLETED = 0, KDC_SPNEGO_REJECT = 2 };
struct kdc_spnego {
	struct lw_bytes mech;  /* contents of the preferred mechanism's OID: Kerberos, or Windows 2000's name for it */
	struct lw_bytes token; /* the mechanism's */
};
/* A NegTokenInit in its RFC 2743 frame. LW_ENOTFOUND: no SPNEGO (a bare Kerberos token, perhaps); LW_EINVAL: malformed;
 * LW_EUNSUPPORTED: another mechanism is preferred, or its token is missing. Borrows. */
int kdc_spnego_get(struct lw_bytes in, struct kdc_spnego *ret);
/* NegTokenResp. mech n 0: left out; token n 0: left out. LW_ENOMEM. */
int kdc_spnego_put(struct lw_arena *, enum kdc_spnego_state, struct lw_bytes mech, struct lw_bytes token, struct lw_bytes *ret);

#endif
