/* SPDX-License-Identifier: Apache-2.0 */
/* directory's part while one master key follows another: it writes the tenants' data keys as keyd has wrapped them anew
 * (keys/keyd_master.c has the steps). */
#ifndef LWD_MASTER_H
#define LWD_MASTER_H

#include "base/clock.h"
#include "keys/issue.h"

/* Whoever makes a tenant holds, from before its keys are wrapped until they are written: the former key isn't destroyed between. */
void master_hold(void);
void master_release(void);
/* As far as one gets until then (monotonic), one caller at a time. LW_OK: ret->turning says whether something is left to do. May be called at any
 * time, and again after whatever was killed. */
int master_go(struct store *, struct keys *, const struct lw_clock *, int64_t until, struct keys_master_state *ret, char why[200]);
bool master_unfinished(void); /* did the last call leave something to do that is worth another try soon? */

#endif
