/* SPDX-License-Identifier: Apache-2.0 */
/* The hashing lane: so many at once, a bounded number waiting (in all and per tenant), and of the tenants that wait the one that was
 * served longest ago goes next. */
#ifndef KEYS_LANE_H
#define KEYS_LANE_H

#include <stddef.h>
#include <stdint.h>

struct keys_lane;

struct keys_lane *keys_lane_new(unsigned slots, unsigned max_waiting, unsigned max_waiting_tenant);
void keys_lane_free(struct keys_lane *); /* nobody is in it any more */
/* Never blocks. LW_EBUSY: too many here already (also of this tenant). Every admission is ended by keys_lane_leave. */
int keys_lane_admit(struct keys_lane *, uint32_t tenant);
/* After admission: waits for a slot. */
void keys_lane_run(struct keys_lane *, uint32_t tenant);
void keys_lane_leave(struct keys_lane *, uint32_t tenant, int ran);
unsigned keys_lane_waiting(struct keys_lane *); /* for a slot, now */

#endif
