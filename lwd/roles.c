/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/roles.h"

#include <string.h>
#include <unistd.h>

#define MAY_CALL(role) (1u << (role))

const struct lwd_role lwd_roles[LW_ROLE_COUNT] = {
	[LW_ROLE_MONITOR] = { LW_ROLE_MONITOR, "monitor", "lwd: monitor", NULL, 0, LWD_SANDBOX_NONE, 9 },
	[LW_ROLE_KEYD] = { LW_ROLE_KEYD, "keyd", "lwd: keyd", "lwd-keyd", 0, LWD_SANDBOX_KEYD, 2 },
	[LW_ROLE_DIRECTORY] = { LW_ROLE_DIRECTORY, "directory", "lwd: directory", "lwd",
		MAY_CALL(LW_ROLE_KEYD) | MAY_CALL(LW_ROLE_KDC), LWD_SANDBOX_NETWORK, 1 },
	[LW_ROLE_KDC] = { LW_ROLE_KDC, "kdc", "lwd: kdc", "lwd", MAY_CALL(LW_ROLE_KEYD) | MAY_CALL(LW_ROLE_DIRECTORY),
		LWD_SANDBOX_NETWORK, 1 },
	[LW_ROLE_WEB] = { LW_ROLE_WEB, "web", "lwd: web", "lwd",
		MAY_CALL(LW_ROLE_KEYD) | MAY_CALL(LW_ROLE_DIRECTORY) | MAY_CALL(LW_ROLE_KDC), LWD_SANDBOX_WEB, 0 },
};

const struct lwd_role *lwd_role_find(const char *name)
{
	for (int i = 0; i < LW_ROLE_COUNT; i++)
		if (i != LW_ROLE_MONITOR && strcmp(lwd_roles[i].name, name) == 0)
			return &lwd_roles[i];
	return NULL;
}

unsigned lwd_loops(const struct lwd_config *conf, enum lw_role_id role)
{
	uint64_t set = role == LW_ROLE_KDC ? conf->kdc_loops : role == LW_ROLE_WEB ? conf->web_loops : conf->directory_loops;
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (set != 0)
		return (unsigned)set;
	return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

unsigned lwd_workers(const struct lwd_config *conf, enum lw_role_id role)
{
	return (unsigned)(role == LW_ROLE_KDC ? conf->kdc_workers : role == LW_ROLE_WEB ? conf->web_workers : conf->directory_workers);
}
