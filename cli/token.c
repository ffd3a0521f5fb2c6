/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl token. */
#include "base/err.h"
#include "cli/lwctl.h"

int cmd_token_issue(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--type", "type", false, false }, { "--audience", "audience", false, false },
		{ "--subject", "subject", false, false }, { "--algorithm", "alg", false, false }, { "--life", "life", false, false } };
	struct ctl_request req = { 0 };
	const char *out = take_string(c, "--out");
	int status = take_options(c, options, sizeof(options) / sizeof(options[0]), &req);

	if (status)
		return status;
	if (c->argc)
		return usage(c, cmd);
	return call_for_text(c, cmd, &req, "token", out, false, true);
}
