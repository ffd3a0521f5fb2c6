/* SPDX-License-Identifier: Apache-2.0 */
/* The machines of UDP and TCP 88: framing, batches, and what each thread keeps. */
#include "kdc/int.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_US (60 * LW_SECOND)

/* ---- the server ---- */

static void thread_free(struct kdc_thread *t)
{
	lw_arena_free(t->arena);
	if (t->out)
		lw_wipe(t->out, KRB_MAX_MESSAGE);
	free(t->out);
	lw_wipe(t, sizeof *t);
	free(t);
}

/* A thread ends before its server. */
static void thread_gone(void *arg)
{
	struct kdc_thread *t = arg;
	struct kdc_server *s = t->server;

	pthread_mutex_lock(&s->lock);
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	pthread_mutex_unlock(&s->lock);
	thread_free(t);
}

int kdc_server_new(struct store *store, struct keys *keys, const struct kdc_options *options, const struct lw_clock *clock,
	struct kdc_server **ret)
{
	struct kdc_server *s = calloc(1, sizeof *s);

	if (!s)
		return LW_ENOMEM;
	if (pthread_key_create(&s->key, thread_gone)) {
		free(s);
		return LW_ENOMEM;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->store = store;
	s->keys = keys;
	s->clock = clock;
	s->options = *options;
	s->options.names = strdup(options->names ? options->names : "");
	if (!s->options.skew_us)
		s->options.skew_us = 300 * LW_SECOND;
	if (!s->options.names) {
		kdc_server_free(s);
		return LW_ENOMEM;
	}
	*ret = s;
	return LW_OK;
}

/* No thread is in it any more. */
void kdc_server_free(struct kdc_server *s)
{
	if (!s)
		return;
	pthread_key_delete(s->key);
	while (s->threads) {
		struct kdc_thread *t = s->threads;

		s->threads = t->next;
		thread_free(t);
	}
	pthread_mutex_destroy(&s->lock);
	free((char *)s->options.names);
	free(s);
}

/* ---- threads ---- */

struct kdc_thread *kdc_thread(struct kdc_server *s)
{
	struct kdc_thread *t = pthread_getspecific(s->key);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->server = s;
	t->arena = lw_arena_new(KDC_ARENA, true);
	t->out = malloc(KRB_MAX_MESSAGE);
	if (!t->arena || !t->out || pthread_setspecific(s->key, t)) {
		thread_free(t);
		return NULL;
	}
	pthread_mutex_lock(&s->lock);
	t->next = s->threads;
	t->prev = &s->threads;
	if (t->next)
		t->next->prev = &t->next;
	s->threads = t;
	pthread_mutex_unlock(&s->lock);
	return t;
}

void kdc_thread_end(struct kdc_thread *t)
{
}

/* ---- UDP ---- */

static int datagram(struct kdc_thread *t, struct lw_datagram *d, bool may_block)
{
	struct kdc_question q = { .peer = d->peer, .in = d->in, .udp = true, .may_block = may_block, .out = d->out, .out_max = d->out_max };
	int err;

	if (q.out_max > KDC_UDP_OUT)
		q.out_max = KDC_UDP_OUT;
	err = kdc_request(t, &q);
	d->out_n = err ? 0 : q.out_n;
	return err;
}

static void dgram_answer(void *server, struct lw_datagram *d, size_t n)
{
	struct kdc_thread *t = kdc_thread(server);

	for (size_t i = 0; i < n; i++) {
		d[i].out_n = 0;
		d[i].later = t && datagram(t, &d[i], false) == LW_EAGAIN;
	}
	if (t)
		kdc_thread_end(t);
}

static void dgram_job(void *server, struct lw_datagram *d)
{
	struct kdc_thread *t = kdc_thread(server);

	d->out_n = 0;
	d->later = false;
	if (!t)
		return;
	datagram(t, d, true);
	kdc_thread_end(t);
}

const struct lw_dgram_proto kdc_dgram = {
	.name = "kerberos",
	.max_in = KDC_UDP_IN,
	.max_out = KDC_UDP_OUT,
	.answer = dgram_answer,
	.job = dgram_job,
};

/* ---- TCP ---- */

struct conn {
	struct kdc_server *server;
	const struct lw_peer *peer;
	struct lw_bytes pending; /* for job: still in the input */
	bool closing;
};

static void *conn_new(void *server, const struct lw_peer *peer)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->server = server;
	c->peer = peer;
	return c;
}

static void put_answer(struct conn *c, struct lw_writer *out, const struct kdc_question *q)
{
	if (!q->out_n) { /* that was no Kerberos */
		c->closing = true;
		return;
	}
	lw_put_u32(out, (uint32_t)q->out_n);
	lw_put_raw(out, q->out, q->out_n);
}

/* LW_OK, or LW_EAGAIN: for a job. */
static int message(struct conn *c, struct kdc_thread *t, struct lw_bytes in, bool may_block, struct lw_writer *out)
{
	struct kdc_question q = { .peer = c->peer, .in = in, .may_block = may_block, .out = t->out, .out_max = KRB_MAX_MESSAGE };
	int err = kdc_request(t, &q);

	if (err == LW_EAGAIN && !may_block)
		return err;
	if (err)
		q.out_n = 0;
	put_answer(c, out, &q);
	return LW_OK;
}

/* RFC 4120 7.2.2, RFC 5021: the highest bit of the length is an extension nobody has yet. */
static void too_long(struct conn *c, struct kdc_thread *t, struct lw_writer *out)
{
	struct kdc_question q = { .peer = c->peer, .out = t->out, .out_max = KRB_MAX_MESSAGE };

	kdc_refuse_unread(c->server, &q, 61 /* KRB_ERR_FIELD_TOOLONG */);
	put_answer(c, out, &q);
	c->closing = true;
}

/* The next whole message; LW_EAGAIN: not all there; LW_ELIMIT. */
static int next_message(struct lw_reader *in, struct lw_bytes *ret)
{
	struct lw_reader r = *in;
	uint32_t n;

	if (lw_reader_left(&r) < 4)
		return LW_EAGAIN;
	n = lw_get_u32(&r);
	if (n > KRB_MAX_MESSAGE)
		return LW_ELIMIT;
	if (n > lw_reader_left(&r))
		return LW_EAGAIN;
	*ret = lw_get_raw(&r, n);
	in->p = r.p;
	return LW_OK;
}

static enum lw_next batch(struct conn *c, struct kdc_thread *t, struct lw_reader *in, struct lw_writer *out)
{
	int64_t began = lw_mono(c->server->clock);
	struct lw_bytes m;

	for (unsigned n = 0; n < KDC_BATCH && !c->closing; n++) {
		if (n && lw_mono(c->server->clock) - began > KDC_BATCH_US)
			return LW_NEXT_MORE;
		switch (next_message(in, &m)) {
		case LW_OK:
			break;
		case LW_EAGAIN:
			return LW_NEXT_READ;
		default:
			too_long(c, t, out);
			return LW_NEXT_CLOSE;
		}
		if (message(c, t, m, false, out) == LW_EAGAIN) {
			c->pending = m;
			return LW_NEXT_JOB;
		}
	}
	return c->closing ? LW_NEXT_CLOSE : LW_NEXT_MORE;
}

static enum lw_next step(void *conn, struct lw_reader *in, struct lw_writer *out)
{
	struct conn *c = conn;
	struct kdc_thread *t = kdc_thread(c->server);
	enum lw_next next = LW_NEXT_CLOSE;

	if (c->closing || !t)
		return LW_NEXT_CLOSE;
	if (c->pending.p)
		return LW_NEXT_JOB;
	next = batch(c, t, in, out);
	kdc_thread_end(t);
	if (out->err) {
		c->closing = true;
		next = LW_NEXT_CLOSE;
	}
	return next;
}

static void job(void *conn, struct lw_writer *out)
{
	struct conn *c = conn;
	struct kdc_thread *t = kdc_thread(c->server);

	if (!c->pending.p)
		return;
	if (t) {
		message(c, t, c->pending, true, out);
		kdc_thread_end(t);
	} else {
		c->closing = true;
	}
	c->pending.p = NULL;
}

static void conn_free(void *conn)
{
	free(conn);
}

const struct lw_proto kdc_proto = {
	.name = "kerberos",
	.max_message = KRB_MAX_MESSAGE + 4,
	.idle_us = IDLE_US,
	.conn_new = conn_new,
	.step = step,
	.job = job,
	.conn_free = conn_free,
};
