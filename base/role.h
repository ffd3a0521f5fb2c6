/* SPDX-License-Identifier: Apache-2.0 */
/* The roles that lwd execs itself into. What each may do stands in lwd/roles.c. */
#ifndef BASE_ROLE_H
#define BASE_ROLE_H

enum lw_role_id { LW_ROLE_MONITOR, LW_ROLE_KEYD, LW_ROLE_DIRECTORY, LW_ROLE_KDC, LW_ROLE_WEB, LW_ROLE_COUNT };

#endif
