/* SPDX-License-Identifier: Apache-2.0 */
/* directory's housekeeping, in each tenant: signing keys that are missing or due (keyd makes them, directory writes them), and records that
 * have expired. A thread of its own looks at every tenant at start and once a minute. */
#ifndef LWD_UPKEEP_H
#define LWD_UPKEEP_H

#include "keys/issue.h"
#include "store/store.h"

struct upkeep;
/* Everything outlives it. NULL: out of memory. */
struct upkeep *upkeep_new(struct store *, struct keys *, const struct lw_clock *);
/* Has it been at the first tenant, the installation's own, since it started? Then that one has its keys. */
bool upkeep_begun(const struct upkeep *);
void upkeep_free(struct upkeep *); /* waits for the thread. NULL is fine */

/* keys_want, one at a time: who comes later waits for at most two seconds. LW_EBUSY: ask again later. */
int upkeep_want(struct store *, struct keys *, uint32_t tenant, enum keys_kind);

int upkeep_expire(struct store *, uint32_t tenant); /* records */

#endif
