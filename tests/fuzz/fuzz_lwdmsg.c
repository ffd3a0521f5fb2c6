/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between monitor and role: what parses is within its limits. */
#include <stdlib.h>

#include "base/err.h"
#include "lwd/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lwd_msg m;

	if (lwd_msg_parse((struct lw_bytes){ data, size }, &m) != LW_OK)
		return 0;
	if (m.type < LWD_MSG_SETUP || m.type >= LWD_MSG_COUNT || m.text.n > LWD_MSG_TEXT_MAX || 13 + m.text.n != size)
		abort();
	if (m.text.n > 0 && m.text.p != data + 13)
		abort();
	return 0;
}
