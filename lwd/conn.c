/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: octets in, the protocol's machine, octets out. See conn.h for who may touch what when. */
#include "lwd/conn.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <openssl/err.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sock.h"
#include "lwd/tls.h"

#define WORKER_TURNS 64 /* jobs in a row for one connection before others get the thread */

void conn_answer(struct conn *c);

static int64_t now_of(const struct conn *c)
{
	return lw_mono(c->loop->net->clock);
}

static size_t unread(const struct conn *c)
{
	return c->in_n - c->in_off;
}

static size_t in_limit(const struct conn *c)
{
	return c->svc->proto->max_message + CONN_IN_SLACK;
}

static void watch_read(struct conn *c, bool on)
{
	if (on == c->reading)
		return;
	c->reading = on;
	if (on)
		event_add(&c->ev_read, NULL);
	else
		event_del(&c->ev_read);
}

static void watch_write(struct conn *c, bool on)
{
	if (on == c->writing)
		return;
	c->writing = on;
	if (on)
		event_add(&c->ev_write, NULL);
	else
		event_del(&c->ev_write);
}

void conn_close(struct conn *c)
{
	struct lwd_net *net = c->loop->net;

	watch_read(c, false);
	watch_write(c, false);
	if (c->machine != NULL)
		c->svc->proto->conn_free(c->machine);
	SSL_free(c->ssl);
	lwd_tls_peer_done(&c->peer);
	close(c->fd);
	addr_drop(net->addrs, c->addr);
	atomic_fetch_sub(&net->nconns, 1);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->loop->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->loop->nconns--;
	if (c->in != NULL)
		lw_wipe(c->in, c->in_cap);
	free(c->in);
	lw_writer_done(&c->out);
	c->dead = true;
	c->machine = NULL;
	if (!c->queued)
		free(c); /* else the ready list does it */
}

/* ---- octets ---- */

/* What a failed SSL call means; true: nothing is wrong, wait. */
static bool tls_wait(struct conn *c, int r)
{
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return true;
	case SSL_ERROR_WANT_WRITE:
		c->want_write = true;
		c->stalled_since = now_of(c);
		return true;
	case SSL_ERROR_ZERO_RETURN:
		c->eof = true;
		return true;
	default:
		ERR_clear_error();
		return false;
	}
}

bool conn_flush(struct conn *c)
{
	size_t n0 = conn_backlog(c);

	if (c->dead)
		return false;
	while (conn_backlog(c) > 0) {
		const uint8_t *p = c->out.p + c->out_off;
		size_t want = conn_backlog(c);
		ssize_t n;

		if (c->ssl != NULL) {
			ERR_clear_error();
			n = SSL_write(c->ssl, p, (int)(want > 1 << 20 ? 1 << 20 : want));
			if (n <= 0 && tls_wait(c, (int)n))
				break;
		} else {
			n = send(c->fd, p, want, MSG_NOSIGNAL);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
				break;
		}
		if (n <= 0) {
			c->dead = true;
			return false;
		}
		c->out_off += (size_t)n;
	}
	if (conn_backlog(c) == 0) {
		c->out_off = 0;
		if (c->out.cap > CONN_OUT_HIGH) {
			lw_writer_done(&c->out);
			lw_writer_init(&c->out, CONN_OUT_MAX);
		} else if (c->out.n > 0) {
			c->out.n = 0;
		}
	} else {
		if (n0 != conn_backlog(c) || c->stalled_since == 0)
			c->stalled_since = now_of(c);
		if (c->out_off > c->out.n / 2) {
			memmove(c->out.p, c->out.p + c->out_off, conn_backlog(c));
			c->out.n -= c->out_off;
			c->out_off = 0;
		}
	}
	return true;
}

static bool make_room(struct conn *c)
{
	if (c->in_off == c->in_n)
		c->in_off = c->in_n = 0;
	if (c->in_off > 0 && (c->in_n == c->in_cap || unread(c) < c->in_cap / 4)) {
		memmove(c->in, c->in + c->in_off, unread(c));
		c->in_n -= c->in_off;
		c->in_off = 0;
	}
	if (c->in_n == c->in_cap && c->in_cap < in_limit(c)) {
		size_t cap = c->in_cap == 0 ? CONN_IN_FIRST : c->in_cap * 2;
		uint8_t *p;

		if (cap > in_limit(c))
			cap = in_limit(c);
		p = malloc(cap);
		if (p == NULL)
			return false;
		if (c->in_n > 0) {
			memcpy(p, c->in, c->in_n);
			lw_wipe(c->in, c->in_n);
		}
		free(c->in);
		c->in = p;
		c->in_cap = cap;
	}
	return true;
}

static void got(struct conn *c, size_t n)
{
	c->in_n += n;
	c->fresh = true;
}

static void fill_tls(struct conn *c)
{
	c->more_input = false;
	while (c->in_n < c->in_cap) {
		size_t room = c->in_cap - c->in_n;
		int n;

		ERR_clear_error();
		n = SSL_read(c->ssl, c->in + c->in_n, (int)(room > 1 << 20 ? 1 << 20 : room));
		if (n <= 0) {
			if (!tls_wait(c, n))
				c->dead = true;
			return;
		}
		got(c, (size_t)n);
	}
	c->more_input = true;
}

/* One recv; with TLS all that has come. */
static void fill(struct conn *c)
{
	size_t before = c->in_n - c->in_off;
	ssize_t n;

	if (!make_room(c)) {
		c->dead = true;
		return;
	}
	if (c->in_n == c->in_cap)
		return;
	if (c->ssl != NULL) {
		fill_tls(c);
	} else {
		n = recv(c->fd, c->in + c->in_n, c->in_cap - c->in_n, 0);
		if (n > 0)
			got(c, (size_t)n);
		else if (n == 0)
			c->eof = true;
		else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			c->dead = true;
	}
	if (unread(c) == before)
		return;
	c->last_active = now_of(c);
	if (c->svc->proto->seen != NULL)
		c->svc->proto->seen(c->machine, (struct lw_bytes){ c->in + c->in_off, unread(c) });
}

/* ---- the machine ---- */

/* Nothing is left to do for it until more octets come. */
static bool idle(const struct conn *c)
{
	return c->phase == PHASE_OPEN && !c->again && c->held == LW_NEXT_READ &&
		!(c->fresh && unread(c) > 0);
}

enum lw_next conn_step(struct conn *c)
{
	struct lw_reader in;
	enum lw_next next;

	lw_reader_init(&in, (struct lw_bytes){ c->in == NULL ? NULL : c->in + c->in_off, unread(c) });
	next = c->svc->proto->step(c->machine, &in, &c->out);
	if (c->in != NULL)
		c->in_off = (size_t)(in.p - c->in);
	c->fresh = next != LW_NEXT_READ && unread(c) > 0;
	if (c->out.err == LW_OK && c->out.n < c->out_off)
		c->out.err = LW_EINTERNAL; /* the machine took back octets that are on their way */
	if (c->out.err != LW_OK) {
		lw_log(LW_WARN, "connection-dropped", "peer", c->peer.addr, "why", lw_strerror(c->out.err), NULL);
		c->dead = true;
	}
	return next;
}

/* On a worker. */
static void run_job(struct work *work)
{
	struct conn *c = (struct conn *)((char *)work - offsetof(struct conn, work));
	enum lw_next job = c->job, next = LW_NEXT_CLOSE;
	int owner = OWNER_WORKER;

	for (unsigned turn = 0; turn < WORKER_TURNS; turn++) {
		c->svc->proto->job(c->machine, &c->out);
		next = conn_step(c);
		if (!conn_flush(c) || next != job || conn_backlog(c) > CONN_OUT_HIGH)
			break;
	}
	c->last_active = now_of(c);
	c->job = next;
	c->again = false;
	if (next == LW_NEXT_READ && !c->dead && !c->eof && !c->more_input && conn_backlog(c) == 0 &&
		atomic_compare_exchange_strong_explicit(&c->owner, &owner, OWNER_LOOP, memory_order_release,
			memory_order_relaxed))
		return; /* the loop's again: it waits for input as before */
	loop_return(c);
}

/* false: a worker has the connection now. */
static bool apply(struct conn *c, enum lw_next next)
{
	c->again = next == LW_NEXT_MORE;
	switch (next) {
	case LW_NEXT_READ:
	case LW_NEXT_MORE:
		break;
	case LW_NEXT_JOB:
	case LW_NEXT_SLOW_JOB:
		if (!conn_flush(c))
			break;
		c->job = next;
		c->work = (struct work){ .slow = next == LW_NEXT_SLOW_JOB, .run = run_job };
		/* with its event off, and when lwd stops, the loop has to have it back */
		atomic_store_explicit(&c->owner, c->reading && !c->loop->draining ? OWNER_WORKER : OWNER_WANTED, memory_order_release);
		workers_submit(c->loop->net->workers, &c->work);
		return false;
	case LW_NEXT_STARTTLS:
		/* octets that came in the clear must not count as protected */
		c->phase = unread(c) == 0 && c->loop->net->tls != NULL ? PHASE_STARTTLS : PHASE_CLOSING;
		break;
	case LW_NEXT_CLOSE:
		c->phase = PHASE_CLOSING;
		break;
	}
	return true;
}

/* One turn of the machine when it has something to do. false: a worker has the connection now. */
static bool run(struct conn *c)
{
	enum lw_next next = c->held;

	if (c->phase != PHASE_OPEN || c->dead || conn_backlog(c) > CONN_OUT_HIGH || idle(c))
		return true;
	c->held = LW_NEXT_READ;
	return apply(c, next != LW_NEXT_READ ? next : conn_step(c));
}

void conn_pump(struct conn *c)
{
	if (run(c))
		conn_answer(c);
}

bool conn_ask(struct conn *c)
{
	if (c->phase == PHASE_OPEN && c->more_input && !c->eof) {
		fill(c);
		loop_batch(c->loop, LWD_BATCH_ASKS);
	}
	return run(c);
}

void conn_returned(struct conn *c)
{
	if ((c->job == LW_NEXT_JOB || c->job == LW_NEXT_SLOW_JOB) && conn_backlog(c) > CONN_OUT_HIGH)
		c->held = c->job;
	else if (!c->dead && !apply(c, c->job))
		return;
	conn_answer(c);
}

/* ---- phases ---- */

static void handshake(struct conn *c)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(c->ssl);
	if (r == 1) {
		lwd_tls_peer(c->ssl, &c->peer);
		c->phase = PHASE_OPEN;
		c->last_active = now_of(c);
		c->more_input = true; /* octets may have come along with the last flight */
		if (c->machine == NULL) {
			c->machine = c->svc->proto->conn_new(c->svc->server, &c->peer);
			c->dead = c->machine == NULL;
		}
		watch_write(c, false);
		if (!c->dead) {
			watch_read(c, true);
			loop_ready(c);
			return;
		}
	} else {
		switch (SSL_get_error(c->ssl, r)) {
		case SSL_ERROR_WANT_READ:
			watch_write(c, false);
			watch_read(c, true);
			return;
		case SSL_ERROR_WANT_WRITE:
			watch_write(c, true);
			return;
		default:
			lw_log(LW_DEBUG, "tls-handshake-failed", "peer", c->peer.addr, "why",
				ERR_reason_error_string(ERR_peek_error()) != NULL ?
					ERR_reason_error_string(ERR_peek_error()) : "closed", NULL);
			ERR_clear_error();
			c->dead = true;
		}
	}
	conn_close(c);
}

static void start_tls(struct conn *c)
{
	c->ssl = lwd_tls_accept(c->loop->net->tls, c->fd);
	if (c->ssl == NULL) {
		lw_log(LW_WARN, "tls-unavailable", "peer", c->peer.addr, NULL);
		conn_close(c);
		return;
	}
	c->phase = PHASE_HANDSHAKE;
	c->phase_end = now_of(c) + CONN_HANDSHAKE_US;
	handshake(c);
}

/* Everything is sent. With unread input a plain close would make the system throw away what is on its way. */
static void linger(struct conn *c)
{
	char sink[4096];
	ssize_t n;

	if (c->phase != PHASE_LINGER) {
		if (c->ssl != NULL) {
			ERR_clear_error();
			SSL_shutdown(c->ssl);
			ERR_clear_error();
		}
		shutdown(c->fd, SHUT_WR);
		c->phase = PHASE_LINGER;
		c->phase_end = now_of(c) + (c->loop->draining ? CONN_LINGER_DRAIN_US : CONN_LINGER_US);
	}
	do
		n = c->eof ? 0 : recv(c->fd, sink, sizeof(sink), 0);
	while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		conn_close(c);
		return;
	}
	watch_write(c, false);
	watch_read(c, true);
}

static void say_farewell(struct conn *c)
{
	if (c->svc->proto->farewell != NULL)
		c->svc->proto->farewell(c->machine, &c->out);
	c->phase = PHASE_CLOSING;
}

/* Sends what there is and decides what to wait for. May close. */
void conn_answer(struct conn *c)
{
	bool low;

	if (c->loop->draining && !c->dead && idle(c))
		say_farewell(c);
	if (!conn_flush(c)) {
		conn_close(c);
		return;
	}
	if (conn_backlog(c) == 0) {
		if (c->phase == PHASE_STARTTLS) {
			start_tls(c);
			return;
		}
		if (c->phase == PHASE_CLOSING || c->phase == PHASE_LINGER) {
			linger(c);
			return;
		}
		if (c->eof && (idle(c) || c->phase != PHASE_OPEN)) {
			conn_close(c);
			return;
		}
	}
	if (idle(c) && unread(c) >= in_limit(c)) {
		lw_log(LW_WARN, "connection-dropped", "peer", c->peer.addr, "why", "message too long", NULL);
		conn_close(c);
		return;
	}
	low = conn_backlog(c) <= CONN_OUT_HIGH;
	watch_write(c, conn_backlog(c) > 0 || c->want_write);
	watch_read(c, !c->eof && c->phase == PHASE_OPEN && low && unread(c) < in_limit(c));
	if (c->phase == PHASE_OPEN && low && (!idle(c) || (c->more_input && !c->eof)))
		loop_ready(c);
}

/* ---- events ---- */

/* What is to be sent waits until the others that have input have been asked, but not long: sends that follow each other
 * wake the peers' side once, where one after each request has it take the processor again and again. */
static void answer_soon(struct conn *c)
{
	struct loop *l = c->loop;

	if (l->ready == NULL)
		l->waiting_since = c->last_active;
	loop_ready(c);
	if (c->last_active - l->waiting_since > LOOP_BURST_US)
		loop_run_ready(l);
}

static void input(struct conn *c)
{
	switch (c->phase) {
	case PHASE_HANDSHAKE:
		handshake(c);
		return;
	case PHASE_LINGER:
		linger(c);
		return;
	case PHASE_OPEN:
		fill(c);
		if (c->dead)
			conn_answer(c);
		else if (!c->queued)
			answer_soon(c);
		return;
	case PHASE_STARTTLS:
	case PHASE_CLOSING:
		watch_read(c, false);
		return;
	}
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	int owner = OWNER_WORKER;

	if (atomic_load_explicit(&c->owner, memory_order_acquire) != OWNER_LOOP &&
		(atomic_compare_exchange_strong_explicit(&c->owner, &owner, OWNER_WANTED, memory_order_acquire,
			 memory_order_acquire) ||
			owner == OWNER_WANTED)) {
		watch_read(c, false); /* until the worker returns it */
		return;
	}
	input(c);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	if (atomic_load_explicit(&c->owner, memory_order_acquire) != OWNER_LOOP) {
		watch_write(c, false); /* the worker sends, and returns what is left */
		return;
	}
	if (c->want_write) {
		c->want_write = false;
		c->more_input = true;
	}
	if (c->phase == PHASE_HANDSHAKE)
		handshake(c);
	else
		conn_answer(c);
}

void conn_tick(struct conn *c, int64_t now)
{
	const struct lw_proto *proto = c->svc->proto;

	if (atomic_load_explicit(&c->owner, memory_order_acquire) != OWNER_LOOP)
		return;
	if ((c->phase == PHASE_HANDSHAKE || c->phase == PHASE_LINGER) && now > c->phase_end) {
		conn_close(c);
		return;
	}
	if ((conn_backlog(c) > 0 || c->want_write) && now - c->stalled_since > CONN_STALLED_US) {
		lw_log(LW_INFO, "connection-dropped", "peer", c->peer.addr, "why", "takes no answers", NULL);
		conn_close(c);
		return;
	}
	if (!idle(c))
		return;
	if (proto->tick != NULL && proto->tick(c->machine, &c->out)) {
		c->phase = PHASE_CLOSING;
		conn_answer(c);
		return;
	}
	if (proto->idle_us > 0 && now - c->last_active > proto->idle_us) {
		say_farewell(c);
		conn_answer(c);
		return;
	}
	if (unread(c) == 0 && c->in != NULL && now - c->last_active > CONN_KEEP_BUF_US) {
		lw_wipe(c->in, c->in_cap);
		free(c->in);
		c->in = NULL;
		c->in_cap = c->in_off = c->in_n = 0;
	}
	if (conn_backlog(c) > 0 && !c->writing)
		conn_answer(c);
}

void conn_farewell(struct conn *c)
{
	int owner = OWNER_WORKER;

	if (atomic_load_explicit(&c->owner, memory_order_acquire) != OWNER_LOOP &&
		(atomic_compare_exchange_strong_explicit(&c->owner, &owner, OWNER_WANTED, memory_order_acquire,
			 memory_order_acquire) ||
			owner == OWNER_WANTED))
		return; /* said when the worker returns it */
	if (c->phase == PHASE_OPEN) {
		if (!c->eof)
			fill(c); /* what has arrived before is answered */
		if (!c->queued || c->dead)
			conn_pump(c);
	} else if (c->phase == PHASE_HANDSHAKE) {
		conn_close(c);
	}
}

/* ---- beginning ---- */

static void name_peer(struct conn *c, const struct sockaddr_storage *sa)
{
	if (sa->ss_family == AF_INET || sa->ss_family == AF_INET6) {
		struct sockaddr_storage here = { 0 };
		socklen_t n = sizeof(here);

		addr_name(sa, &c->peer);
		if (getsockname(c->fd, (struct sockaddr *)&here, &n) == 0 && here.ss_family == AF_INET)
			addr_here(&((struct sockaddr_in *)&here)->sin_addr, AF_INET, &c->peer);
		else if (here.ss_family == AF_INET6)
			addr_here(&((struct sockaddr_in6 *)&here)->sin6_addr, AF_INET6, &c->peer);
	} else {
		gid_t gid;
		pid_t pid;

		snprintf(c->peer.addr, sizeof(c->peer.addr), "unix");
		c->peer.local = true;
		c->peer.uid = (uid_t)-1;
		if (lw_sock_peer(c->fd, &c->peer.uid, &gid, &pid) == LW_OK)
			c->peer.owner = c->peer.uid == 0 || c->peer.uid == c->loop->net->opt.owner;
	}
}

void conn_open(struct loop *l, const struct lwd_service *svc, int fd, const struct sockaddr_storage *sa,
	struct addr_count *addr)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		addr_drop(l->net->addrs, addr);
		close(fd);
		return;
	}
	c->loop = l;
	c->svc = svc;
	c->fd = fd;
	c->addr = addr;
	lw_writer_init(&c->out, CONN_OUT_MAX);
	event_assign(&c->ev_read, l->base, fd, EV_READ | EV_PERSIST, on_read, c);
	event_assign(&c->ev_write, l->base, fd, EV_WRITE | EV_PERSIST, on_write, c);
	name_peer(c, sa);
	c->next = l->conns;
	if (l->conns != NULL)
		l->conns->prev = c;
	l->conns = c;
	l->nconns++;
	atomic_fetch_add(&l->net->nconns, 1);
	c->last_active = now_of(c);
	if (svc->tls) {
		if (l->net->tls == NULL) {
			conn_close(c);
			return;
		}
		c->ssl = lwd_tls_accept(l->net->tls, fd);
		if (c->ssl == NULL) {
			conn_close(c);
			return;
		}
		c->phase = PHASE_HANDSHAKE;
		c->phase_end = now_of(c) + CONN_HANDSHAKE_US;
		watch_read(c, true);
		return;
	}
	c->phase = PHASE_OPEN;
	c->machine = svc->proto->conn_new(svc->server, &c->peer);
	if (c->machine == NULL)
		conn_close(c);
	else
		watch_read(c, true);
}
