/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for requests that may wait. A connection has at most one job and a datagram socket few, so the queues are bounded. Slow jobs (password hashing) have a lane of their own, run by at most half of the
 * threads, so that they cannot starve the writes. */
#include "lwd/conn.h"

#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"

#define WORKER_STACK (256u << 10)

struct lane {
	struct work *first, **last;
	unsigned running, most;
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct lane lanes[2];
	pthread_t *threads;
	unsigned n, idle;
	bool stop;
};

/* With the lock held: a job that may start now. The fast lane goes first; the slow one has its share of threads. */
static struct work *take(struct workers *w, struct lane **ret_lane)
{
	for (int i = 0; i < 2; i++) {
		struct lane *l = &w->lanes[i];
		struct work *k = l->first;

		if (k == NULL || (l->running >= l->most && !w->stop))
			continue;
		l->first = k->next;
		if (l->first == NULL)
			l->last = &l->first;
		l->running++;
		*ret_lane = l;
		return k;
	}
	return NULL;
}

static void *worker_main(void *arg)
{
	struct workers *w = arg;

	pthread_setname_np(pthread_self(), "lwd: worker");
	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct lane *lane;
		struct work *k = take(w, &lane);

		if (k != NULL) {
			pthread_mutex_unlock(&w->lock);
			k->run(k);
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

void workers_submit(struct workers *w, struct work *k)
{
	struct lane *l;
	bool wake;

	pthread_mutex_lock(&w->lock);
	l = &w->lanes[k->slow];
	k->next = NULL;
	*l->last = k;
	l->last = &k->next;
	wake = w->idle > 0 && l->running < l->most;
	pthread_mutex_unlock(&w->lock);
	if (wake)
		pthread_cond_signal(&w->wake);
}

struct workers *workers_new(unsigned n)
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
