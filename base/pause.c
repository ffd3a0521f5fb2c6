/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pause.h"

#include <time.h>

void lw_pause_init(struct lw_pause *p)
{
	pthread_condattr_t attr;

	p->stop = p->now = false;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
}

void lw_pause_done(struct lw_pause *p)
{
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
}

bool lw_pause_ms(struct lw_pause *p, int64_t ms)
{
	struct timespec until;
	bool go;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&p->lock);
	while (!p->stop && !p->now && pthread_cond_timedwait(&p->wake, &p->lock, &until) == 0)
		;
	p->now = false;
	go = !p->stop;
	pthread_mutex_unlock(&p->lock);
	return go;
}

bool lw_pause_stopped(struct lw_pause *p)
{
	bool stopped;

	pthread_mutex_lock(&p->lock);
	stopped = p->stop;
	pthread_mutex_unlock(&p->lock);
	return stopped;
}

void lw_pause_stop(struct lw_pause *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_signal(&p->wake);
}

void lw_pause_end(struct lw_pause *p)
{
	pthread_mutex_lock(&p->lock);
	p->now = true;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_signal(&p->wake);
}
