/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are not to be accepted any more. web asks it for whoever showed one that keyd accepted (lwd/web_sts.c). */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "lwd/control_kind.h"

/* id; until: microseconds since 1970, when it expires anyway. Cancelled twice is cancelled. */
int control_token_cancel(struct control_call *call)
{
	struct store_op op = { .kind = STORE_TOKEN_CANCEL };
	struct store_result result = { 0 };
	struct lw_bytes until;
	uint64_t us = 0;
	int rc = control_need(call, "id", &op.record.id);

	if (!rc)
		rc = control_need(call, "until", &until);
	if (!rc)
		rc = lw_parse_u64(until, INT64_MAX, &us);
	if (rc)
		return rc;
	op.record.until = (int64_t)us;
	rc = store_write(call->session, &op, &result);
	return rc == LW_EEXIST ? LW_OK : rc;
}
