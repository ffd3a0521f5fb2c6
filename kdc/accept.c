/* SPDX-License-Identifier: Apache-2.0 */
/* GSS-API accepted for another role: none yet. */
#include "kdc/int.h"

int kdc_accept(struct kdc_server *s, const struct kdc_accept *q, struct lw_arena *a, struct kdc_accepted *ret)
{
	return LW_EUNAVAIL;
}
