/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams. A turn of a socket is one batch: one receive, one call of the protocol, one send; what is left makes the
 * next turn, so that the loop's other sockets get theirs in between. What may block is copied and goes to a worker. Nothing waits for
 * room to send, nor for a worker where too many wait already: a client that hears nothing asks again. */
#include "lwd/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"

#define BATCH      32
#define LATER_MAX  64 /* of one socket with the workers */
#define LAST_TURNS 64 /* when lwd stops */

/* Where an answer goes, and from which of this machine's addresses. */
struct route {
	struct sockaddr_storage peer;
	socklen_t peer_n;
	size_t control_n;
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
};

struct dgram_batch {
	size_t max_in, max_out;
	uint8_t *in, *out;
	struct lw_datagram v[BATCH];
	struct lw_peer peers[BATCH];
	struct route routes[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
};

struct later {
	struct work work;
	struct dgram *sock;
	struct lw_datagram d;
	struct lw_peer peer;
	struct route route;
	uint8_t octets[]; /* in, then room for out */
};

static uint16_t port_of(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET ? ((const struct sockaddr_in *)sa)->sin_port :
		sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)sa)->sin6_port : 0;
}

/* What the system said about the way in, made into what it is told about the way out. */
static void turn_round(struct route *r, const struct msghdr *h, struct lw_peer *peer)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	r->control_n = 0;
	peer->here_n = 0;
	if (c == NULL)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo pi;

		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		pi = (struct in_pktinfo){ .ipi_spec_dst = pi.ipi_spec_dst };
		memcpy(CMSG_DATA(c), &pi, sizeof(pi));
		addr_here(&pi.ipi_spec_dst, AF_INET, peer);
		r->control_n = CMSG_SPACE(sizeof(pi));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo pi;

		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		if (IN6_IS_ADDR_MULTICAST(&pi.ipi6_addr))
			return;
		if (!IN6_IS_ADDR_LINKLOCAL(&pi.ipi6_addr))
			pi.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &pi, sizeof(pi));
		addr_here(&pi.ipi6_addr, AF_INET6, peer);
		r->control_n = CMSG_SPACE(sizeof(pi));
	}
}

static void address(struct msghdr *h, struct route *r, struct iovec *iov)
{
	*h = (struct msghdr){ .msg_name = &r->peer,
		.msg_namelen = r->peer_n,
		.msg_iov = iov,
		.msg_iovlen = 1,
		.msg_control = r->control_n > 0 ? r->control.room : NULL,
		.msg_controllen = r->control_n };
}

/* ---- put off ---- */

static void run_later(struct work *work)
{
	struct later *l = (struct later *)((char *)work - offsetof(struct later, work));
	struct dgram *s = l->sock;

	s->svc.dgram->job(s->svc.server, &l->d);
	if (l->d.out_n > 0 && l->d.out_n <= l->d.out_max) {
		struct iovec iov = { l->d.out, l->d.out_n };
		struct msghdr h;

		address(&h, &l->route, &iov);
		sendmsg(s->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	free(l);
	atomic_fetch_sub(&s->later, 1);
}

static void put_off(struct dgram *s, const struct lw_datagram *d, const struct route *route)
{
	size_t out_max = s->svc.dgram->max_out;
	struct later *l;

	if (atomic_load(&s->later) >= LATER_MAX)
		return;
	l = malloc(sizeof(*l) + d->in.n + out_max);
	if (l == NULL)
		return;
	memcpy(l->octets, d->in.p, d->in.n);
	l->work = (struct work){ .slow = s->svc.dgram->slow, .run = run_later };
	l->sock = s;
	l->peer = *d->peer;
	l->route = *route;
	l->d = (struct lw_datagram){ .peer = &l->peer,
		.in = { l->octets, d->in.n },
		.out = l->octets + d->in.n,
		.out_max = out_max,
		.later = true };
	atomic_fetch_add(&s->later, 1);
	workers_submit(s->loop->net->workers, &l->work);
}

/* ---- a batch ---- */

static int receive(struct dgram *s, struct dgram_batch *b)
{
	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->in + i * b->max_in, s->svc.dgram->max_in };
		b->routes[i].peer_n = sizeof(b->routes[i].peer);
		b->routes[i].control_n = sizeof(b->routes[i].control.room);
		address(&b->msgs[i].msg_hdr, &b->routes[i], &b->iov[i]);
	}
	return recvmmsg(s->fd, b->msgs, BATCH, MSG_DONTWAIT, NULL);
}

/* Makes the batch of those that can be answered; their number. */
static size_t sort(struct dgram *s, struct dgram_batch *b, size_t got)
{
	size_t n = 0;

	for (size_t i = 0; i < got; i++) {
		const struct msghdr *h = &b->msgs[i].msg_hdr;
		struct route *r = &b->routes[i];

		if ((h->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || port_of(&r->peer) == 0)
			continue;
		r->peer_n = h->msg_namelen;
		turn_round(r, h, &b->peers[n]);
		if (n != i)
			b->routes[n] = *r;
		addr_name(&r->peer, &b->peers[n]);
		b->v[n] = (struct lw_datagram){ .peer = &b->peers[n],
			.in = { b->in + i * b->max_in, b->msgs[i].msg_len },
			.out = b->out + n * b->max_out,
			.out_max = s->svc.dgram->max_out };
		n++;
	}
	return n;
}

static void send_all(struct dgram *s, struct dgram_batch *b, size_t n)
{
	unsigned m = 0, sent = 0;

	for (size_t i = 0; i < n; i++) {
		struct lw_datagram *d = &b->v[i];

		if (d->later) {
			put_off(s, d, &b->routes[i]);
		} else if (d->out_n > 0 && d->out_n <= d->out_max) {
			b->iov[m] = (struct iovec){ d->out, d->out_n };
			address(&b->msgs[m].msg_hdr, &b->routes[i], &b->iov[m]);
			m++;
		}
	}
	while (sent < m) {
		int r = sendmmsg(s->fd, b->msgs + sent, m - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r > 0)
			sent += (unsigned)r;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		else if (errno != EINTR)
			sent++; /* there is no way to that one */
	}
}

/* Was the batch full? */
static bool turn(struct dgram *s)
{
	struct dgram_batch *b = s->loop->batch;
	int got = receive(s, b);
	size_t n;

	if (got <= 0)
		return false;
	n = sort(s, b, (size_t)got);
	if (n > 0) {
		loop_batch(s->loop, LWD_BATCH_ASKS);
		s->svc.dgram->answer(s->svc.server, b->v, n);
		loop_batch(s->loop, LWD_BATCH_ASKED);
		send_all(s, b, n);
		loop_batch(s->loop, LWD_BATCH_SENT);
	}
	return got == BATCH;
}

static void on_datagrams(evutil_socket_t fd, short what, void *arg)
{
	turn(arg);
}

/* ---- sockets ---- */

static int make_room(struct loop *l, const struct lw_dgram_proto *p)
{
	struct dgram_batch *b = l->batch;

	if (b == NULL)
		b = l->batch = calloc(1, sizeof(*b));
	if (b == NULL)
		return LW_ENOMEM;
	if (p->max_in > b->max_in) {
		free(b->in);
		b->max_in = p->max_in;
		b->in = calloc(BATCH, b->max_in);
	}
	if (p->max_out > b->max_out) {
		free(b->out);
		b->max_out = p->max_out;
		b->out = calloc(BATCH, b->max_out);
	}
	return b->in == NULL || b->out == NULL ? LW_ENOMEM : LW_OK;
}

int dgram_new(struct loop *l, int fd, const struct lwd_service *svc)
{
	struct dgram *s = svc->dgram == NULL ? NULL : calloc(1, sizeof(*s));

	if (s == NULL || make_room(l, svc->dgram) != LW_OK) {
		free(s);
		close(fd);
		return svc->dgram == NULL ? LW_EINTERNAL : LW_ENOMEM;
	}
	s->loop = l;
	s->svc = *svc;
	s->fd = fd;
	event_assign(&s->ev, l->base, fd, EV_READ | EV_PERSIST, on_datagrams, s);
	s->next = l->dgrams;
	l->dgrams = s;
	return LW_OK;
}

void dgram_watch(struct loop *l)
{
	for (struct dgram *s = l->dgrams; s != NULL; s = s->next)
		event_add(&s->ev, NULL);
}

void dgram_stop(struct loop *l)
{
	for (struct dgram *s = l->dgrams; s != NULL; s = s->next) {
		for (int i = 0; i < LAST_TURNS && turn(s); i++)
			;
		event_del(&s->ev);
	}
}

bool dgram_busy(const struct loop *l)
{
	for (const struct dgram *s = l->dgrams; s != NULL; s = s->next)
		if (atomic_load(&s->later) > 0)
			return true;
	return false;
}

void dgram_free(struct loop *l)
{
	while (l->dgrams != NULL) {
		struct dgram *s = l->dgrams;

		l->dgrams = s->next;
		close(s->fd);
		free(s);
	}
	if (l->batch != NULL) {
		free(l->batch->in);
		free(l->batch->out);
	}
	free(l->batch);
	l->batch = NULL;
}
