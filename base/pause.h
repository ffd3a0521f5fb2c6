/* SPDX-License-Identifier: Apache-2.0 */
/* How a thread that looks after something waits for its next round, and is told to stop meanwhile. */
#ifndef BASE_PAUSE_H
#define BASE_PAUSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct lw_pause {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop, now;
};
void lw_pause_init(struct lw_pause *);
void lw_pause_done(struct lw_pause *);
bool lw_pause_ms(struct lw_pause *, int64_t ms); /* false: told to stop */
void lw_pause_end(struct lw_pause *); /* any thread: the next round is now */
bool lw_pause_stopped(struct lw_pause *);
void lw_pause_stop(struct lw_pause *); /* any thread */

#endif
