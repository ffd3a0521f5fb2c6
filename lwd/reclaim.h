/* SPDX-License-Identifier: Apache-2.0 */
/* directory takes away what deleted tenants left behind: a thread that submits one bounded step after the other to the writer, with a pause
 * in between, so that nobody's write waits for more than one. What it was at stands in the store: after a restart it goes on. */
#ifndef LWD_RECLAIM_H
#define LWD_RECLAIM_H

#include "store/store.h"

struct reclaim;
struct reclaim *reclaim_new(struct store *); /* which outlives it. NULL: out of memory */
void reclaim_free(struct reclaim *);         /* waits for the thread. NULL is fine */

#endif
