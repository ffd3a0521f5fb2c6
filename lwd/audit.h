/* SPDX-License-Identifier: Apache-2.0 */
/* How records of the audit get from the roles' rings into the store (docs/audit.md): every role has a thread that looks ten times a second
 * and hands on what is there at least once a second. kdc and web hand theirs to directory; directory asks keyd for its own, writes all, and
 * has keyd MAC the ends of the chains. A record leaves its ring when it is on the disk. */
#ifndef LWD_AUDIT_H
#define LWD_AUDIT_H

#include "keys/keys.h"

struct lwd_audit;
/* directory's. Everything outlives it. NULL: out of memory. */
struct lwd_audit *lwd_audit_writer(struct store *, struct keys *, const struct lw_clock *);
/* What it removes, if keyd agrees: records older than keep (us; 0: none), and those of a tenant above most (0: none). Until then nothing. */
void lwd_audit_bounds(struct lwd_audit *, int64_t keep, uint64_t most);
/* Another role's: over its channel to directory. */
struct lwd_audit *lwd_audit_sender(struct lw_chan *directory);
void lwd_audit_free(struct lwd_audit *); /* hands on what is there, then ends the thread. NULL is fine */

#endif
