/* SPDX-License-Identifier: Apache-2.0 */
/* The client has no thread of its own: one of the waiting callers leads, that is, it polls the socket, sends
 * what is queued and hands every answer to its caller; when its own answer is there, another waiter takes the
 * lead. So a lone call costs one send, one poll and one receive. Sends never block: what does not fit into
 * the socket waits in the queue, so that the two ends cannot wait for each other. */
#include "base/chan.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sock.h"

#define HEAD          12 /* u32 length of the body, u64 id */
#define IN_FLIGHT_MAX 1024

struct call {
	struct call *next, *next_send; /* pending; waiting to be sent */
	pthread_cond_t wake;
	uint8_t head[HEAD];
	struct lw_bytes request, answer;
	size_t sent;    /* octets of head and request */
	unsigned tries; /* sockets it was sent on */
	bool queued, done;
	int err;
	uint64_t id;
	int64_t start, deadline;
	struct lw_arena *arena;
};

struct lw_chan {
	pthread_mutex_t lock;
	char name[32];
	int fd, wake_fd; /* fd < 0: no peer */
	uint64_t gen;    /* changes whenever fd does */
	uint64_t next_id;
	int64_t dead_since;
	bool leading; /* a caller leads */
	int poll_fd;  /* what it polls without the lock, or -1; if dropped meanwhile, it closes it */
	unsigned in_flight;
	struct call *pending, *send_first, **send_last;
	uint8_t *tail; /* rest of a frame whose caller has given up */
	size_t tail_at, tail_n;
	/* the frame being received */
	uint8_t head[HEAD];
	size_t head_n, body_n, body_got;
	struct call *to; /* NULL: nobody waits for it any more */
	uint8_t *body;
	uint8_t buf[16384];
};

static int64_t now(void)
{
	return lw_mono(&lw_clock_system);
}

static void head_make(uint8_t head[HEAD], size_t n, uint64_t id)
{
	for (int i = 0; i < 4; i++)
		head[i] = (uint8_t)(n >> (24 - 8 * i));
	for (int i = 0; i < 8; i++)
		head[4 + i] = (uint8_t)(id >> (56 - 8 * i));
}

static void head_read(const uint8_t head[HEAD], size_t *ret_n, uint64_t *ret_id)
{
	struct lw_reader r;

	lw_reader_init(&r, (struct lw_bytes){ head, HEAD });
	*ret_n = lw_get_u32(&r);
	*ret_id = lw_get_u64(&r);
}

struct lw_chan *lw_chan_new(const char *peer_name)
{
	struct lw_chan *ch = calloc(1, sizeof *ch);

	if (!ch)
		return NULL;
	ch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ch->wake_fd < 0) {
		free(ch);
		return NULL;
	}
	pthread_mutex_init(&ch->lock, NULL);
	snprintf(ch->name, sizeof ch->name, "%s", peer_name);
	ch->fd = ch->poll_fd = -1;
	ch->send_last = &ch->send_first;
	ch->dead_since = now();
	return ch;
}

static void finish(struct call *c, int err)
{
	c->err = err;
	c->done = true;
	pthread_cond_signal(&c->wake);
}

/* The peer is gone. A leader that is polling the descriptor is woken by shutdown and closes it. */
static void drop(struct lw_chan *ch)
{
	if (ch->fd < 0)
		return;
	shutdown(ch->fd, SHUT_RDWR);
	if (ch->fd != ch->poll_fd)
		close(ch->fd);
	ch->fd = -1;
	ch->gen++;
	ch->dead_since = now();
	for (struct call *c = ch->send_first; c; c = c->next_send)
		c->queued = false;
	ch->send_first = NULL;
	ch->send_last = &ch->send_first;
	if (ch->tail)
		lw_wipe(ch->tail, ch->tail_n);
	free(ch->tail);
	ch->tail = NULL;
	ch->head_n = 0;
	ch->to = NULL;
	ch->body = NULL;
	for (struct call *c = ch->pending; c; c = c->next)
		pthread_cond_signal(&c->wake); /* their deadline may have come nearer */
}

static void enqueue(struct lw_chan *ch, struct call *c)
{
	c->sent = 0;
	c->tries++;
	c->queued = true;
	c->next_send = NULL;
	*ch->send_last = c;
	ch->send_last = &c->next_send;
}

/* What send_some could put into the socket: octets, 0 when it is full, or -1 when the peer is gone. */
static ssize_t send_some(int fd, struct iovec *iov, size_t niov)
{
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = niov };
	ssize_t n;

	do
		n = sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/* Sends what is queued, as far as the socket takes it. */
static void flush(struct lw_chan *ch)
{
	while (ch->fd >= 0 && (ch->tail || ch->send_first)) {
		struct call *c = ch->send_first;
		struct iovec iov[2];
		size_t niov = 0;
		ssize_t n;

		if (ch->tail) {
			iov[niov++] = (struct iovec){ ch->tail + ch->tail_at, ch->tail_n - ch->tail_at };
		} else {
			size_t body = c->sent > HEAD ? c->sent - HEAD : 0;

			if (c->sent < HEAD)
				iov[niov++] = (struct iovec){ c->head + c->sent, HEAD - c->sent };
			iov[niov++] = (struct iovec){ (void *)(c->request.p + body), c->request.n - body };
		}
		n = send_some(ch->fd, iov, niov);
		if (n < 0)
			drop(ch);
		if (n <= 0)
			return;
		if (ch->tail) {
			ch->tail_at += (size_t)n;
			if (ch->tail_at == ch->tail_n) {
				lw_wipe(ch->tail, ch->tail_n);
				free(ch->tail);
				ch->tail = NULL;
			}
			continue;
		}
		c->sent += (size_t)n;
		if (c->sent == HEAD + c->request.n) {
			c->queued = false;
			ch->send_first = c->next_send;
			if (!ch->send_first)
				ch->send_last = &ch->send_first;
		}
	}
}

/* The head of an answer is complete: make room for the body. */
static int begin_body(struct lw_chan *ch)
{
	uint64_t id;

	head_read(ch->head, &ch->body_n, &id);
	if (ch->body_n > LW_CHAN_MAX) {
		lw_log(LW_ERROR, "chan-bad-frame", "peer", ch->name, NULL);
		return LW_EINVAL;
	}
	ch->body_got = 0;
	ch->to = ch->pending;
	while (ch->to && (ch->to->id != id || ch->to->done))
		ch->to = ch->to->next;
	ch->body = ch->to ? lw_alloc(ch->to->arena, ch->body_n) : NULL;
	if (ch->to && !ch->body) {
		finish(ch->to, LW_ELIMIT);
		ch->to = NULL;
	}
	return LW_OK;
}

static void end_body(struct lw_chan *ch)
{
	if (ch->to) {
		ch->to->answer = (struct lw_bytes){ ch->body, ch->body_n };
		finish(ch->to, LW_OK);
	}
	ch->to = NULL;
	ch->body = NULL;
	ch->head_n = 0;
}

static int consume(struct lw_chan *ch, const uint8_t *p, size_t n)
{
	while (n || (ch->head_n == HEAD && ch->body_got == ch->body_n)) {
		size_t part;

		if (ch->head_n < HEAD) {
			part = n < HEAD - ch->head_n ? n : HEAD - ch->head_n;
			memcpy(ch->head + ch->head_n, p, part);
			ch->head_n += part;
			if (ch->head_n == HEAD && begin_body(ch))
				return LW_EINVAL;
		} else {
			part = n < ch->body_n - ch->body_got ? n : ch->body_n - ch->body_got;
			if (part && ch->body)
				memcpy(ch->body + ch->body_got, p, part);
			ch->body_got += part;
			if (ch->body_got == ch->body_n)
				end_body(ch);
		}
		p += part;
		n -= part;
	}
	return LW_OK;
}

/* Takes what the socket holds. */
static void receive(struct lw_chan *ch)
{
	while (ch->fd >= 0) {
		bool direct = ch->body && ch->body_n - ch->body_got >= sizeof ch->buf;
		size_t room = direct ? ch->body_n - ch->body_got : sizeof ch->buf;
		uint8_t *to = direct ? ch->body + ch->body_got : ch->buf;
		ssize_t n = recv(ch->fd, to, room, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			drop(ch);
			return;
		}
		if (direct) {
			ch->body_got += (size_t)n;
			if (ch->body_got == ch->body_n)
				end_body(ch);
		} else {
			if (consume(ch, to, (size_t)n))
				drop(ch);
			lw_wipe(to, (size_t)n);
		}
		if ((size_t)n < room)
			return;
	}
}

/* When the call has to give up: its own deadline, or sooner while there is no peer. */
static int64_t limit(const struct lw_chan *ch, const struct call *c)
{
	int64_t dead;

	if (ch->fd >= 0)
		return c->deadline;
	dead = (ch->dead_since > c->start ? ch->dead_since : c->start) + LW_CHAN_DEAD_US;
	return dead < c->deadline ? dead : c->deadline;
}

/* Works for all callers until c is done, its time is over, or the peer is gone. */
static void lead(struct lw_chan *ch, struct call *c)
{
	uint64_t gen = ch->gen;

	while (!c->done && ch->gen == gen) {
		int64_t left = c->deadline - now();
		struct pollfd p[2] = {
			{ .fd = ch->fd,
			        .events = (short)(POLLIN | (ch->tail || ch->send_first ? POLLOUT : 0)) },
			{ .fd = ch->wake_fd, .events = POLLIN },
		};
		struct timespec ts = { left / LW_SECOND, left % LW_SECOND * 1000 };
		uint64_t count;

		if (left <= 0)
			return;
		ch->poll_fd = ch->fd;
		pthread_mutex_unlock(&ch->lock);
		ppoll(p, 2, &ts, NULL);
		pthread_mutex_lock(&ch->lock);
		ch->poll_fd = -1;
		if (ch->gen != gen) {
			close(p[0].fd);
			return;
		}
		if (p[1].revents && read(ch->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
			return;
		flush(ch);
		receive(ch);
	}
}

/* Somebody has to lead while there are calls. */
static void promote(struct lw_chan *ch)
{
	if (ch->leading || ch->fd < 0)
		return;
	for (struct call *c = ch->pending; c; c = c->next) {
		if (!c->done) {
			pthread_cond_signal(&c->wake);
			return;
		}
	}
}

/* A call that was begun on the wire and then given up: the rest of its frame has to follow. */
static void keep_tail(struct lw_chan *ch, struct call *c)
{
	size_t body = c->sent > HEAD ? c->sent - HEAD : 0, head = c->sent < HEAD ? HEAD - c->sent : 0;

	ch->tail = malloc(head + c->request.n - body);
	if (!ch->tail) {
		drop(ch);
		return;
	}
	memcpy(ch->tail, c->head + HEAD - head, head);
	if (c->request.n > body)
		memcpy(ch->tail + head, c->request.p + body, c->request.n - body);
	ch->tail_at = 0;
	ch->tail_n = head + c->request.n - body;
}

static void forget(struct lw_chan *ch, struct call *c)
{
	struct call **at = &ch->pending;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	ch->in_flight--;
	if (ch->to == c) {
		ch->to = NULL;
		ch->body = NULL;
	}
	if (!c->queued)
		return;
	for (at = &ch->send_first; *at != c; at = &(*at)->next_send)
		;
	*at = c->next_send;
	ch->send_last = &ch->send_first;
	while (*ch->send_last)
		ch->send_last = &(*ch->send_last)->next_send;
	if (c->sent)
		keep_tail(ch, c);
}

void lw_chan_connect(struct lw_chan *ch, int fd)
{
	pthread_mutex_lock(&ch->lock);
	drop(ch);
	ch->fd = fd;
	ch->gen++;
	for (struct call *c = ch->pending; c; c = c->next) {
		if (c->done)
			continue;
		if (c->tries < LW_CHAN_TRIES)
			enqueue(ch, c);
		else
			finish(c, LW_EUNAVAIL);
	}
	flush(ch);
	promote(ch);
	pthread_mutex_unlock(&ch->lock);
}

void lw_chan_free(struct lw_chan *ch)
{
	if (!ch)
		return;
	drop(ch);
	close(ch->wake_fd);
	pthread_mutex_destroy(&ch->lock);
	free(ch);
}

static void start(struct lw_chan *ch, struct call *c)
{
	struct call **last = &ch->pending;

	while (*last)
		last = &(*last)->next;
	*last = c;
	ch->in_flight++;
	c->id = ++ch->next_id;
	head_make(c->head, c->request.n, c->id);
	if (ch->fd < 0)
		return;
	enqueue(ch, c);
	flush(ch);
	if (c->queued && ch->poll_fd >= 0) { /* the leader does not wait for room yet */
		uint64_t one = 1;

		if (write(ch->wake_fd, &one, sizeof one) < 0)
			drop(ch);
	}
}

int lw_chan_call(struct lw_chan *ch, struct lw_bytes request, int64_t timeout_us, struct lw_arena *arena,
        struct lw_bytes *ret)
{
	struct call c = { .request = request, .arena = arena, .start = now() };
	pthread_condattr_t attr;

	if (request.n > LW_CHAN_MAX)
		return LW_ELIMIT;
	c.deadline = c.start + timeout_us;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c.wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&ch->lock);
	if (ch->in_flight >= IN_FLIGHT_MAX) {
		c.err = LW_EBUSY;
		goto out;
	}
	start(ch, &c);
	while (!c.done) {
		int64_t until = limit(ch, &c);
		struct timespec ts = { until / LW_SECOND, until % LW_SECOND * 1000 };

		if (now() >= until) {
			finish(&c, ch->fd < 0 ? LW_EUNAVAIL : LW_ETIMEOUT);
		} else if (!ch->leading && ch->fd >= 0) {
			ch->leading = true;
			lead(ch, &c);
			ch->leading = false;
		} else {
			pthread_cond_timedwait(&c.wake, &ch->lock, &ts);
		}
	}
	forget(ch, &c);
	promote(ch);
out:
	pthread_mutex_unlock(&ch->lock);
	pthread_cond_destroy(&c.wake);
	if (!c.err)
		*ret = c.answer;
	return c.err;
}
