/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for requests that may wait. A connection has at most one job, so the queues are bounded by the number of
 * connections and need no memory. Slow jobs (password hashing) have a lane of their own, run by at most half of the
 * threads, so that they cannot starve the writes. */
#include "lwd/conn.h"

#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"

#define WORKER_STACK (256u << 10)
#define WORKER_TURNS 64 /* jobs in a row for one connection before others get the thread */

struct lane {
	struct conn *first, **last;
	unsigned running, most;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct lane lanes[2];
	const struct lw_clock *clock;
	pthread_t *threads;
	unsigned n, idle;
	bool stop;
};

static struct lane *lane_of(struct workers *w, const struct conn *c)
{
	return &w->lanes[c->job == LW_NEXT_SLOW_JOB];
}

/* With the lock held: a job that may start now. The fast lane goes first; the slow one has its share of threads. */
static struct conn *take(struct workers *w, struct lane **ret_lane)
{
	for (int i = 0; i < 2; i++) {
		struct lane *l = &w->lanes[i];
		struct conn *c = l->first;

		if (c == NULL || (l->running >= l->most && !w->stop))
			continue;
		l->first = c->link;
		if (l->first == NULL)
			l->last = &l->first;
		l->running++;
		*ret_lane = l;
		return c;
	}
	return NULL;
}

static void run(struct workers *w, struct conn *c)
{
	enum lw_next job = c->job, next = LW_NEXT_CLOSE;
	int owner = OWNER_WORKER;

	for (unsigned turn = 0; turn < WORKER_TURNS; turn++) {
		c->svc->proto->job(c->machine, &c->out);
		next = conn_step(c);
		if (!conn_flush(c) || next != job || conn_backlog(c) > CONN_OUT_HIGH)
			break;
	}
	c->last_active = lw_mono(w->clock);
	c->job = next;
	c->again = false;
	if (next == LW_NEXT_READ && !c->dead && !c->eof && !c->more_input && conn_backlog(c) == 0 &&
		atomic_compare_exchange_strong_explicit(&c->owner, &owner, OWNER_LOOP, memory_order_release,
			memory_order_relaxed))
		return; /* the loop's again: it waits for input as before */
	loop_return(c);
}

static void *worker_main(void *arg)
{
	struct workers *w = arg;

	pthread_setname_np(pthread_self(), "lwd: worker");
	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct lane *lane;
		struct conn *c = take(w, &lane);

		if (c != NULL) {
			pthread_mutex_unlock(&w->lock);
			run(w, c);
			pthread_mutex_lock(&w->lock);
			lane->running--;
			continue;
		}
		if (w->stop && w->lanes[0].first == NULL && w->lanes[1].first == NULL)
			break;
		w->idle++;
		pthread_cond_wait(&w->wake, &w->lock);
		w->idle--;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void workers_submit(struct workers *w, struct conn *c)
{
	struct lane *l;
	bool wake;

	pthread_mutex_lock(&w->lock);
	l = lane_of(w, c);
	c->link = NULL;
	*l->last = c;
	l->last = &c->link;
	wake = w->idle > 0 && l->running < l->most;
	pthread_mutex_unlock(&w->lock);
	if (wake)
		pthread_cond_signal(&w->wake);
}

struct workers *workers_new(unsigned n, const struct lw_clock *clock)
{
	struct workers *w = calloc(1, sizeof(*w));
	pthread_attr_t attr;
	size_t stack = WORKER_STACK;

	if (w == NULL)
		return NULL;
#ifdef LW_SANITIZERS
	stack = 2u << 20; /* their frames are larger */
#endif
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->clock = clock;
	for (int i = 0; i < 2; i++)
		w->lanes[i].last = &w->lanes[i].first;
	w->threads = calloc(n, sizeof(*w->threads));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	while (w->threads != NULL && w->n < n && pthread_create(&w->threads[w->n], &attr, worker_main, w) == 0)
		w->n++;
	pthread_attr_destroy(&attr);
	pthread_mutex_lock(&w->lock);
	w->lanes[0].most = w->n;
	w->lanes[1].most = w->n > 1 ? w->n / 2 : 1;
	pthread_mutex_unlock(&w->lock);
	if (w->n == 0) {
		workers_free(w);
		return NULL;
	}
	if (w->n < n)
		lw_log(LW_WARN, "fewer-workers", "why", "the system gives no more threads", NULL);
	return w;
}

void workers_free(struct workers *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_mutex_unlock(&w->lock);
	pthread_cond_broadcast(&w->wake);
	for (unsigned i = 0; i < w->n; i++)
		pthread_join(w->threads[i], NULL);
	free(w->threads);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
