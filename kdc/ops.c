/* SPDX-License-Identifier: Apache-2.0 */
/* Every KDC request, one row each. */
#include "kdc/int.h"

int kdc_request(struct kdc_thread *t, struct kdc_question *q)
{
	q->out_n = 0;
	return LW_OK;
}

void kdc_refuse_unread(struct kdc_server *s, struct kdc_question *q, int32_t code)
{
	q->out_n = 0;
}
