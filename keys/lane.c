/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/lane.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/err.h"

/* Tenants share a class by number; a collision costs fairness between those two, nothing else. */
#define LANE_CLASSES 1024

struct waiter {
	struct waiter *next;
	uint32_t class;
	bool go;
	pthread_cond_t cond;
};
struct keys_lane {
	pthread_mutex_t lock;
	unsigned slots, running, inside, max_inside, max_tenant;
	uint64_t turn;
	uint64_t served[LANE_CLASSES]; /* the turn in which a tenant last got a slot */
	unsigned admitted[LANE_CLASSES];
	struct waiter *first, **last; /* in order of arrival */
};

struct keys_lane *keys_lane_new(unsigned slots, unsigned max_waiting, unsigned max_waiting_tenant)
{
	struct keys_lane *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->slots = slots ? slots : 1;
	l->max_inside = l->slots + max_waiting;
	l->max_tenant = l->slots + max_waiting_tenant;
	l->last = &l->first;
	return l;
}

void keys_lane_free(struct keys_lane *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int keys_lane_admit(struct keys_lane *l, uint32_t tenant)
{
	uint32_t class = tenant % LANE_CLASSES;
	int err = LW_EBUSY;

	pthread_mutex_lock(&l->lock);
	if (l->inside < l->max_inside && l->admitted[class] < l->max_tenant) {
		l->inside++;
		l->admitted[class]++;
		err = LW_OK;
	}
	pthread_mutex_unlock(&l->lock);
	return err;
}

/* Hands free slots to those who wait; the lock is held. */
static void hand_out(struct keys_lane *l)
{
	while (l->running < l->slots && l->first) {
		struct waiter **best = &l->first, *w;

		for (struct waiter **p = &l->first->next; *p; p = &(*p)->next) {
			if (l->served[(*p)->class] < l->served[(*best)->class])
				best = p;
		}
		w = *best;
		*best = w->next;
		if (!w->next)
			l->last = best;
		l->running++;
		l->served[w->class] = ++l->turn;
		w->go = true;
		pthread_cond_signal(&w->cond);
	}
}

void keys_lane_run(struct keys_lane *l, uint32_t tenant)
{
	struct waiter w = { .class = tenant % LANE_CLASSES };

	pthread_cond_init(&w.cond, NULL);
	pthread_mutex_lock(&l->lock);
	*l->last = &w;
	l->last = &w.next;
	hand_out(l);
	while (!w.go)
		pthread_cond_wait(&w.cond, &l->lock);
	pthread_mutex_unlock(&l->lock);
	pthread_cond_destroy(&w.cond);
}

void keys_lane_leave(struct keys_lane *l, uint32_t tenant, int ran)
{
	pthread_mutex_lock(&l->lock);
	l->inside--;
	l->admitted[tenant % LANE_CLASSES]--;
	if (ran) {
		l->running--;
		hand_out(l);
	}
	pthread_mutex_unlock(&l->lock);
}

unsigned keys_lane_waiting(struct keys_lane *l)
{
	unsigned n = 0;

	pthread_mutex_lock(&l->lock);
	for (const struct waiter *w = l->first; w; w = w->next)
		n++;
	pthread_mutex_unlock(&l->lock);
	return n;
}
