/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of evhttp: who they are, caps, and what evhttp 2.1 does not tell, seen at their buffers: when a head begins and ends, and when
 * evhttp refuses a request on its own, whose page of HTML becomes a problem document. */
#include "http/int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"

#define AHEAD (64u << 10) /* octets that may be read ahead of the answer to the request before */

/* ---- slots ---- */

static void on_input(struct evbuffer *, const struct evbuffer_cb_info *, void *slot);
static void on_output(struct evbuffer *, const struct evbuffer_cb_info *, void *slot);

/* Whoever frees a bufferevent takes its callbacks first. */
static bool lives(const struct http_slot *s)
{
	bufferevent_data_cb on_read;
	bufferevent_event_cb on_event;

	bufferevent_getcb(s->bev, &on_read, NULL, &on_event, NULL);
	return on_read != NULL || on_event != NULL;
}

void http_slot_free(struct http_slot *s)
{
	struct http_server *srv = s->loop->srv;
	struct http_slot **at = &s->loop->broken;

	while (*at != NULL && *at != s)
		at = &(*at)->next;
	if (*at == s)
		*at = s->next;
	evbuffer_remove_cb(bufferevent_get_input(s->bev), on_input, s);
	evbuffer_remove_cb(bufferevent_get_output(s->bev), on_output, s);
	bufferevent_decref(s->bev); /* closes, when evhttp has dropped it */
	http_let_go(s);
	if (s->counted)
		atomic_fetch_sub(&srv->addrs[s->addr], 1);
	atomic_fetch_sub(&srv->conns, 1);
	free(s);
}

static struct http_slot **slot_at(struct http_loop *l, int fd)
{
	if (fd < 0)
		return NULL;
	if ((size_t)fd >= l->nslots) {
		size_t n = ((size_t)fd + 64) & ~(size_t)63;
		struct http_slot **v = reallocarray(l->slots, n, sizeof(struct http_slot *));

		if (v == NULL)
			return NULL;
		memset(v + l->nslots, 0, (n - l->nslots) * sizeof(struct http_slot *));
		l->slots = v;
		l->nslots = n;
	}
	return &l->slots[fd];
}

struct http_slot *http_slot_of(struct http_loop *l, struct bufferevent *bev)
{
	int fd = bufferevent_getfd(bev);

	return fd >= 0 && (size_t)fd < l->nslots && l->slots[fd] != NULL && l->slots[fd]->bev == bev ? l->slots[fd] : NULL;
}

void http_cut(struct http_slot *s)
{
	shutdown(s->fd, SHUT_RDWR); /* evhttp sees the end and drops it */
	s->deadline = 0;
}

/* evhttp reads a body whole before it says what it is for. */
void http_hold(struct http_slot *s, size_t n)
{
	struct http_server *srv = s->loop->srv;

	s->held += n;
	if (atomic_fetch_add(&srv->held, n) + n <= (srv->opt.max_held != 0 ? srv->opt.max_held : HTTP_HELD_MAX))
		return;
	lw_log(LW_DEBUG, "connection-refused", "peer", s->peer.addr, "why", "too much that has not come whole", NULL);
	http_let_go(s); /* this one's alone */
	http_cut(s);
}

void http_let_go(struct http_slot *s)
{
	atomic_fetch_sub(&s->loop->srv->held, s->held);
	s->held = 0;
}

/* ---- what passes through the buffers ---- */

/* Where a head ends: the octets after its last line's end, wherever the pieces are cut. */
static void see_head(struct http_slot *s, struct evbuffer *buf, size_t n)
{
	size_t at = evbuffer_get_length(buf) - n;
	struct evbuffer_ptr pos;
	struct evbuffer_iovec v;

	while (n > 0 && s->phase == HTTP_IN_HEAD && evbuffer_ptr_set(buf, &pos, at, EVBUFFER_PTR_SET) == 0 &&
		evbuffer_peek(buf, (ev_ssize_t)n, &pos, &v, 1) > 0) {
		size_t k = v.iov_len < n ? v.iov_len : n;

		for (size_t i = 0; i < k && s->phase == HTTP_IN_HEAD; i++) {
			char c = ((const char *)v.iov_base)[i];

			s->newlines = c == '\n' ? s->newlines + 1 : c == '\r' ? s->newlines : 0;
			if (s->newlines == 2 && !s->first)
				s->phase = HTTP_IN_BODY;
			s->first = s->first && s->newlines > 0; /* empty lines before it */
		}
		at += k;
		n -= k;
	}
	if (s->phase == HTTP_IN_BODY)
		s->deadline = http_now(s->loop) + HTTP_BODY_US;
}

static void on_input(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
	struct http_slot *s = arg;

	if (info->n_added == 0)
		return;
	if (s->phase == HTTP_BUSY) {
		if (evbuffer_get_length(buf) > AHEAD)
			bufferevent_disable(s->bev, EV_READ);
		return;
	}
	http_hold(s, info->n_added);
	if (s->phase == HTTP_SHAKING || s->phase == HTTP_WAITING) {
		s->phase = HTTP_IN_HEAD;
		s->newlines = 0;
		s->first = true;
		if (s->deadline == 0 || s->tls)
			s->deadline = http_now(s->loop) + HTTP_HEAD_US;
	}
	if (s->phase == HTTP_IN_HEAD)
		see_head(s, buf, info->n_added);
}

/* Octets that go out while no answer of ours does are evhttp's own: 100 (Continue), or a refusal. */
static void on_output(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
	struct http_slot *s = arg;
	char line[13] = "";

	if (info->n_added == 0 || s->phase == HTTP_BUSY)
		return;
	if (s->broken == 0) {
		if (evbuffer_copyout(buf, line, 12) < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[9] == '1')
			return;
		s->broken = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
		s->next = s->loop->broken;
		s->loop->broken = s;
		event_active(&s->loop->ev_fresh, EV_TIMEOUT, 0);
	}
	evbuffer_drain(buf, evbuffer_get_length(buf));
}

/* evhttp has said what it had to say and closes when that is sent. */
static void mend(struct http_slot *s)
{
	struct evbuffer *out = bufferevent_get_output(s->bev);
	int status = s->broken == 501 ? 501 : s->broken >= 400 ? s->broken : 400;
	struct lw_writer w;

	s->phase = HTTP_BUSY;
	s->deadline = http_now(s->loop) + HTTP_HEAD_US;
	lw_writer_init(&w, 4096);
	http_problem_put(&w, status, NULL, status == 400 ? "malformed request" : "");
	evbuffer_add_printf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
		status, http_reason(status), w.n);
	evbuffer_add(out, w.p, w.n);
	lw_writer_done(&w);
	http_count(s->loop->srv, NULL, status, 0);
}

/* ---- connections ---- */

/* evhttp asks for a bufferevent before it knows the socket: ours is looked at when this callback has returned, before any I/O. */
static struct bufferevent *new_bev(struct http_loop *l, bool tls)
{
	struct http_server *srv = l->srv;
	struct http_slot *s = calloc(1, sizeof(*s));
	SSL *ssl = tls ? srv->opt.tls(srv->opt.host) : NULL;
	struct bufferevent *bev = NULL;

	if (s != NULL && ssl != NULL) {
		SSL_set_read_ahead(ssl, 0); /* libevent asks SSL_pending alone */
		bev = bufferevent_openssl_socket_new(l->base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
		if (bev == NULL)
			SSL_free(ssl);
		else
			bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	} else if (s != NULL) {
		bev = bufferevent_socket_new(l->base, -1, BEV_OPT_CLOSE_ON_FREE);
	}
	if (bev == NULL) {
		free(s);
		return NULL; /* evhttp takes a plain one of its own, which has no slot: nothing is answered there */
	}
	bufferevent_incref(bev);
	*s = (struct http_slot){ .loop = l, .bev = bev, .fd = -1, .tls = ssl != NULL, .phase = ssl != NULL ? HTTP_SHAKING : HTTP_WAITING };
	s->deadline = http_now(l) + (s->tls ? HTTP_HANDSHAKE_US : HTTP_HEAD_US);
	evbuffer_add_cb(bufferevent_get_input(bev), on_input, s);
	evbuffer_add_cb(bufferevent_get_output(bev), on_output, s);
	s->next = l->fresh;
	l->fresh = s;
	atomic_fetch_add(&srv->conns, 1);
	atomic_fetch_add(&srv->accepted, 1);
	if (http_full(srv))
		http_rest(l); /* it would take all that wait before anybody is let go */
	event_active(&l->ev_fresh, EV_TIMEOUT, 0);
	return bev;
}

struct bufferevent *http_new_plain(struct event_base *base, void *arg)
{
	return new_bev(arg, false);
}

struct bufferevent *http_new_tls(struct event_base *base, void *arg)
{
	return new_bev(arg, true);
}

static void name_peer(struct http_slot *s, const struct sockaddr_storage *sa)
{
	struct http_server *srv = s->loop->srv;
	char text[INET6_ADDRSTRLEN] = "?";
	uint8_t key[24] = { 0 }, hash[32];
	unsigned port = 0;

	memcpy(key, &srv->seed, 4);
	if (sa->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		memcpy(key + 4, &in->sin_addr, 4);
		port = ntohs(in->sin_port);
		s->peer.loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
	} else if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		memcpy(key + 4, &in6->sin6_addr, 8); /* a host owns its /64 */
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			memcpy(key + 4, in6->sin6_addr.s6_addr + 12, 4);
		port = ntohs(in6->sin6_port);
		s->peer.loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	}
	snprintf(s->peer.addr, sizeof(s->peer.addr), "%s%s%s:%u", sa->ss_family == AF_INET6 ? "[" : "", text,
		sa->ss_family == AF_INET6 ? "]" : "", port);
	lw_hash(LW_SHA256, (struct lw_bytes){ key, sizeof(key) }, hash);
	s->addr = (uint32_t)(hash[0] | hash[1] << 8) % HTTP_ADDRS;
}

/* false: one too many */
static bool admit(struct http_slot *s)
{
	struct http_server *srv = s->loop->srv;

	s->counted = true;
	return atomic_fetch_add(&srv->addrs[s->addr], 1) < atomic_load(&srv->max_conns_per_addr) &&
		atomic_load(&srv->conns) <= atomic_load(&srv->max_conns);
}

void http_reap(struct http_loop *l)
{
	for (size_t i = 0; i < l->nslots; i++)
		if (l->slots[i] != NULL && !lives(l->slots[i])) {
			http_slot_free(l->slots[i]);
			l->slots[i] = NULL;
		}
}

static void settle_fresh(struct http_slot *s)
{
	struct http_loop *l = s->loop;
	struct sockaddr_storage sa = { 0 };
	socklen_t n = sizeof(sa);
	struct http_slot **at;

	s->next = NULL;
	s->fd = bufferevent_getfd(s->bev);
	at = slot_at(l, s->fd);
	if (at == NULL) {
		if (s->fd >= 0)
			shutdown(s->fd, SHUT_RDWR);
		http_slot_free(s);
		return;
	}
	*at = s;
	getpeername(s->fd, (struct sockaddr *)&sa, &n);
	name_peer(s, &sa);
	if (admit(s))
		return;
	http_reap(l); /* some may be gone without our knowing */
	atomic_fetch_sub(&l->srv->addrs[s->addr], 1);
	if (!admit(s)) {
		lw_log(LW_DEBUG, "connection-refused", "peer", s->peer.addr, "why", "too many connections", NULL);
		http_cut(s);
	}
}

void http_on_fresh(evutil_socket_t fd, short what, void *arg)
{
	struct http_loop *l = arg;

	while (l->broken != NULL) {
		struct http_slot *s = l->broken;

		l->broken = s->next;
		s->next = NULL;
		if (lives(s))
			mend(s);
	}
	while (l->fresh != NULL) {
		struct http_slot *s = l->fresh;

		l->fresh = s->next;
		settle_fresh(s);
	}
}
