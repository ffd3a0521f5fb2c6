/* SPDX-License-Identifier: Apache-2.0 */
/* The server side of base/chan.h. There are nthreads + 1 threads. One of them reads; having read a request,
 * it handles it itself and leaves the reading to another, so that a request is not handed from thread to
 * thread. Only when nthreads are busy already is it put into the queue. */
#include "base/chan.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/sock.h"

#define HEAD 12

struct job {
	struct job *next;
	uint64_t id;
	size_t n;
	uint8_t request[];
};

struct server {
	int fd;
	unsigned nthreads, queue_max;
	lw_chan_handler *handler, *busy;
	void *ctx;
	pthread_mutex_t lock, write_lock;
	pthread_cond_t idle, gone;
	unsigned helpers; /* threads beside the caller's */
	struct job *first, **last;
	unsigned queued, active;
	bool reading, closed;
};

static void job_free(struct job *j)
{
	lw_wipe(j->request, j->n);
	free(j);
}

/* The next request; NULL when the peer is gone or does not speak our frames. */
static struct job *read_job(int fd)
{
	uint8_t head[HEAD];
	struct lw_reader r;
	struct job *j;
	size_t n;

	if (lw_read_full(fd, head, sizeof head))
		return NULL;
	lw_reader_init(&r, (struct lw_bytes){ head, sizeof head });
	n = lw_get_u32(&r);
	if (n > LW_CHAN_MAX)
		return NULL;
	j = malloc(sizeof *j + n);
	if (!j)
		return NULL;
	j->next = NULL;
	j->id = lw_get_u64(&r);
	j->n = n;
	if (lw_read_full(fd, j->request, n)) {
		job_free(j);
		return NULL;
	}
	return j;
}

static void answer(struct server *s, uint64_t id, struct lw_bytes body)
{
	uint8_t head[HEAD];

	for (int i = 0; i < 4; i++)
		head[i] = (uint8_t)(body.n >> (24 - 8 * i));
	for (int i = 0; i < 8; i++)
		head[4 + i] = (uint8_t)(id >> (56 - 8 * i));
	pthread_mutex_lock(&s->write_lock);
	if (body.n <= 4096) { /* in one piece */
		uint8_t all[HEAD + 4096];
		struct lw_writer w = { .p = all, .cap = sizeof all, .max = sizeof all };

		lw_put_raw(&w, head, sizeof head);
		lw_put_bytes(&w, body);
		lw_write_full(s->fd, all, w.n);
		lw_wipe(all, w.n);
	} else if (!lw_write_full(s->fd, head, sizeof head)) {
		lw_write_full(s->fd, body.p, body.n);
	}
	pthread_mutex_unlock(&s->write_lock);
}

/* An answer that outgrew its limit is sent empty. A peer that is gone is found by the reader. */
static void run(struct server *s, struct job *j, lw_chan_handler *handler, struct lw_writer *w)
{
	handler(s->ctx, (struct lw_bytes){ j->request, j->n }, w);
	answer(s, j->id, w->err ? (struct lw_bytes){ NULL, 0 } : lw_written(w));
	lw_writer_reset(w);
	job_free(j);
}

/* As the reader, with the lock held: one request is read and handled, queued or refused. */
static void read_one(struct server *s, struct lw_writer *w)
{
	struct job *j;

	s->reading = true;
	pthread_mutex_unlock(&s->lock);
	j = read_job(s->fd);
	pthread_mutex_lock(&s->lock);
	s->reading = false;
	if (!j) {
		s->closed = true;
		pthread_cond_broadcast(&s->idle);
		return;
	}
	if (s->active < s->nthreads && !s->first) {
		s->active++;
		pthread_cond_signal(&s->idle); /* the next reader */
		pthread_mutex_unlock(&s->lock);
		run(s, j, s->handler, w);
		pthread_mutex_lock(&s->lock);
		s->active--;
	} else if (s->queued < s->queue_max) {
		*s->last = j;
		s->last = &j->next;
		s->queued++;
	} else {
		s->reading = true; /* nobody else may read meanwhile, so that refusals are bounded too */
		pthread_mutex_unlock(&s->lock);
		run(s, j, s->busy, w);
		pthread_mutex_lock(&s->lock);
		s->reading = false;
	}
}

static void work(struct server *s)
{
	struct lw_writer w;

	lw_writer_init(&w, LW_CHAN_MAX);
	w.wipe = true;
	pthread_mutex_lock(&s->lock);
	while (!s->closed) {
		struct job *j = s->first;

		if (j && s->active < s->nthreads) {
			s->first = j->next;
			if (!s->first)
				s->last = &s->first;
			s->queued--;
			s->active++;
			if (!s->reading)
				pthread_cond_signal(&s->idle);
			pthread_mutex_unlock(&s->lock);
			run(s, j, s->handler, &w);
			pthread_mutex_lock(&s->lock);
			s->active--;
		} else if (!s->reading) {
			read_one(s, &w);
		} else {
			pthread_cond_wait(&s->idle, &s->lock);
		}
	}
	pthread_mutex_unlock(&s->lock);
	lw_writer_done(&w);
}

/* Detached, so that a process that ends meanwhile leaves none behind that waits to be joined. */
static void *helper(void *p)
{
	struct server *s = p;

	work(s);
	pthread_mutex_lock(&s->lock);
	if (--s->helpers == 0)
		pthread_cond_signal(&s->gone);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static bool start_helper(struct server *s)
{
	pthread_attr_t attr;
	pthread_t t;
	bool ok;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&s->lock);
	ok = pthread_create(&t, &attr, helper, s) == 0;
	s->helpers += ok;
	pthread_mutex_unlock(&s->lock);
	pthread_attr_destroy(&attr);
	return ok;
}

int lw_chan_serve(int fd, unsigned nthreads, unsigned queue_max, lw_chan_handler *handler,
        lw_chan_handler *busy, void *ctx)
{
	struct server s = { .fd = fd,
		.nthreads = nthreads,
		.queue_max = queue_max,
		.handler = handler,
		.busy = busy,
		.ctx = ctx };
	unsigned started = 0;
	int err = LW_OK;

	if (!nthreads)
		return LW_EINVAL;
	s.last = &s.first;
	pthread_mutex_init(&s.lock, NULL);
	pthread_mutex_init(&s.write_lock, NULL);
	pthread_cond_init(&s.idle, NULL);
	pthread_cond_init(&s.gone, NULL);
	while (started < nthreads && start_helper(&s))
		started++;
	if (started < nthreads) {
		err = LW_ENOMEM;
		shutdown(fd, SHUT_RD); /* those that have started read the end of file */
	}
	work(&s);
	pthread_mutex_lock(&s.lock);
	while (s.helpers)
		pthread_cond_wait(&s.gone, &s.lock);
	pthread_mutex_unlock(&s.lock);
	while (s.first) {
		struct job *j = s.first;

		s.first = j->next;
		job_free(j);
	}
	pthread_cond_destroy(&s.gone);
	pthread_cond_destroy(&s.idle);
	pthread_mutex_destroy(&s.write_lock);
	pthread_mutex_destroy(&s.lock);
	return err;
}
