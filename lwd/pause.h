/* SPDX-License-Identifier: Apache-2.0 */
/* How a thread that looks after something waits for its next round, and is told to stop meanwhile. */
#ifndef LWD_PAUSE_H
#define LWD_PAUSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct lwd_pause {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};
void lwd_pause_init(struct lwd_pause *);
void lwd_pause_done(struct lwd_pause *);
bool lwd_pause_ms(struct lwd_pause *, int64_t ms); /* false: told to stop */
bool lwd_pause_stopped(struct lwd_pause *);
void lwd_pause_stop(struct lwd_pause *); /* any thread */

#endif
