/* SPDX-License-Identifier: Apache-2.0 */
/* The machines of UDP and TCP, 88 and 464 alike: framing, batches, and what is put off. */
#include "kdc/int.h"

#include <stdlib.h>

#define IDLE_US (60 * LW_SECOND)

struct kind {
	int (*request)(struct kdc_thread *, struct kdc_question *);
	size_t max;        /* the longest message over TCP */
	bool tells_length; /* a longer one is answered */
	enum lw_next put_off;
};
static const struct kind tickets = { kdc_request, KRB_MAX_MESSAGE, true, LW_NEXT_JOB };
static const struct kind passwords = {
	kpasswd_request, 65535 /* what the frame inside can say */, false, LW_NEXT_SLOW_JOB
};

/* ---- UDP ---- */

static int datagram(const struct kind *k, struct kdc_thread *t, struct lw_datagram *d, bool may_block)
{
	struct kdc_question q = { .peer = d->peer,
		.in = d->in,
		.udp = true,
		.may_block = may_block,
		.out = d->out,
		.out_max = d->out_max };
	int err;

	if (q.out_max > KDC_UDP_OUT)
		q.out_max = KDC_UDP_OUT;
	err = k->request(t, &q);
	d->out_n = err ? 0 : q.out_n;
	return err;
}

static void answer(const struct kind *k, void *server, struct lw_datagram *d, size_t n)
{
	struct kdc_thread *t = kdc_thread(server);

	for (size_t i = 0; i < n; i++) {
		d[i].out_n = 0;
		d[i].later = t && datagram(k, t, &d[i], false) == LW_EAGAIN;
	}
	if (t)
		kdc_thread_end(t);
}

static void answer_late(const struct kind *k, void *server, struct lw_datagram *d)
{
	struct kdc_thread *t = kdc_thread(server);

	d->out_n = 0;
	d->later = false;
	if (!t)
		return;
	datagram(k, t, d, true);
	kdc_thread_end(t);
}

static void kdc_answer(void *server, struct lw_datagram *d, size_t n)
{
	answer(&tickets, server, d, n);
}

static void kdc_job(void *server, struct lw_datagram *d)
{
	answer_late(&tickets, server, d);
}

static void kpasswd_answer(void *server, struct lw_datagram *d, size_t n)
{
	answer(&passwords, server, d, n);
}

static void kpasswd_job(void *server, struct lw_datagram *d)
{
	answer_late(&passwords, server, d);
}

const struct lw_dgram_proto kdc_dgram = {
	.name = "kerberos",
	.max_in = KDC_UDP_IN,
	.max_out = KDC_UDP_OUT,
	.answer = kdc_answer,
	.job = kdc_job,
};
const struct lw_dgram_proto kpasswd_dgram = {
	.name = "kpasswd",
	.max_in = KDC_UDP_IN,
	.max_out = KDC_UDP_OUT,
	.slow = true,
	.answer = kpasswd_answer,
	.job = kpasswd_job,
};

/* ---- TCP: a length of four octets in front ---- */

struct conn {
	const struct kind *kind;
	struct kdc_server *server;
	const struct lw_peer *peer;
	struct lw_bytes pending; /* for job: still in the input */
	bool closing;
};

static void *conn_new(const struct kind *k, void *server, const struct lw_peer *peer)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->kind = k;
	c->server = server;
	c->peer = peer;
	return c;
}

static void *kdc_conn_new(void *server, const struct lw_peer *peer)
{
	return conn_new(&tickets, server, peer);
}

static void *kpasswd_conn_new(void *server, const struct lw_peer *peer)
{
	return conn_new(&passwords, server, peer);
}

static void put_answer(struct conn *c, struct lw_writer *out, const struct kdc_question *q)
{
	if (!q->out_n) { /* that was no such message */
		c->closing = true;
		return;
	}
	lw_put_u32(out, (uint32_t)q->out_n);
	lw_put_raw(out, q->out, q->out_n);
}

/* LW_OK, or LW_EAGAIN: for a job. */
static int message(
        struct conn *c, struct kdc_thread *t, struct lw_bytes in, bool may_block, struct lw_writer *out)
{
	struct kdc_question q = {
		.peer = c->peer, .in = in, .may_block = may_block, .out = t->out, .out_max = KRB_MAX_MESSAGE
	};
	int err = c->kind->request(t, &q);

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

	if (c->kind->tells_length)
		kdc_refuse_unread(t, &q, KDC_R_TOOLONG);
	put_answer(c, out, &q);
	c->closing = true;
}

/* RFC 4120 7.2.2. LW_EAGAIN: not all there; LW_ELIMIT. */
static int next_message(struct lw_reader *in, size_t max, struct lw_bytes *ret)
{
	struct lw_reader r = *in;
	uint32_t n;

	if (lw_reader_left(&r) < 4)
		return LW_EAGAIN;
	n = lw_get_u32(&r);
	if (n > max)
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
		switch (next_message(in, c->kind->max, &m)) {
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
			return c->kind->put_off;
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
		return c->kind->put_off;
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
	.conn_new = kdc_conn_new,
	.step = step,
	.job = job,
	.conn_free = conn_free,
};
const struct lw_proto kpasswd_proto = {
	.name = "kpasswd",
	.max_message = KRB_MAX_MESSAGE + 4,
	.idle_us = IDLE_US,
	.conn_new = kpasswd_conn_new,
	.step = step,
	.job = job,
	.conn_free = conn_free,
};
