/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object per event and line on stderr: time, level, role, pid, event, then the given fields.
 * Thread-safe; one write(2) a line; values are escaped, a line is at most 4 KiB (longer values are cut).
 * Never pass a secret. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum lw_level { LW_DEBUG, LW_INFO, LW_WARN, LW_ERROR };

void lw_log_role(const char *role);     /* the "role" field of every later line */
void lw_log_level(enum lw_level least); /* default LW_INFO */
/* Fields: name, value pairs of C strings, ended by NULL: lw_log(LW_INFO, "bind", "dn", dn, "result", "0",
 * NULL) */
void lw_log(enum lw_level, const char *event, ...) __attribute__((sentinel));

#endif
