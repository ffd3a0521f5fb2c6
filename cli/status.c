/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl status [--wait SECONDS] */
#include <stdio.h>
#include <poll.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/lwctl.h"

static bool all_ready;

static void item(struct lwctl *c, const struct ctl_answer *a)
{
	for (size_t i = 0; i < a->nfields; i++)
		if (lw_eq(a->fields[i].name, LW_LIT("ready")) && a->fields[i].n && !lw_eq(a->fields[i].values[0], LW_LIT("true")))
			all_ready = false;
	print_item(c, a);
}

int cmd_status(struct lwctl *c, const struct command *cmd)
{
	const char *wait = take_string(c, "--wait");
	uint64_t seconds = 0;
	int64_t until;
	int status;

	if (c->argc || (wait && lw_parse_u64(lw_str(wait), 86400, &seconds)))
		return usage(c, cmd);
	until = lw_mono(&lw_clock_system) + (int64_t)seconds * LW_SECOND;
	for (;;) {
		struct ctl_request req = { 0 };
		bool last = lw_mono(&lw_clock_system) >= until;
		all_ready = true;
		print_begin(c, true);
		c->quiet = !last;
		status = call_control(c, cmd->control, &req, item);
		c->quiet = false;
		if ((!status && all_ready) || last || status == EX_REFUSED)
			break;
		poll(NULL, 0, 50);
	}
	if (!status)
		print_end(c);
	return status ? status : all_ready ? EX_DONE : EX_TRYAGAIN;
}
