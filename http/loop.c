/* SPDX-License-Identifier: Apache-2.0 */
/* Loops with evhttp on them: accepting, caps, deadlines, drain. What evhttp 2.1 does not tell is seen at its buffers: when a head begins
 * and ends, and when it refuses a request on its own, whose page of HTML becomes a problem document. */
#include "http/int.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"

#define METHODS                                                                                                    \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | \
		EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)
#define AHEAD (64u << 10) /* octets that may be read ahead of the answer to the request before */

static int64_t now_of(const struct http_loop *l)
{
	return lw_mono(l->srv->opt.clock);
}

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

static void slot_free(struct http_slot *s)
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

static void cut(struct http_slot *s)
{
	shutdown(s->fd, SHUT_RDWR); /* evhttp sees the end and drops it */
	s->deadline = 0;
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
		s->deadline = now_of(s->loop) + HTTP_BODY_US;
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
	if (s->phase == HTTP_SHAKING || s->phase == HTTP_WAITING) {
		s->phase = HTTP_IN_HEAD;
		s->newlines = 0;
		s->first = true;
		if (s->deadline == 0 || s->tls)
			s->deadline = now_of(s->loop) + HTTP_HEAD_US;
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
	s->deadline = now_of(s->loop) + HTTP_HEAD_US;
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
	s->deadline = now_of(l) + (s->tls ? HTTP_HANDSHAKE_US : HTTP_HEAD_US);
	evbuffer_add_cb(bufferevent_get_input(bev), on_input, s);
	evbuffer_add_cb(bufferevent_get_output(bev), on_output, s);
	s->next = l->fresh;
	l->fresh = s;
	atomic_fetch_add(&srv->conns, 1);
	atomic_fetch_add(&srv->accepted, 1);
	event_active(&l->ev_fresh, EV_TIMEOUT, 0);
	return bev;
}

static struct bufferevent *new_plain(struct event_base *base, void *arg)
{
	return new_bev(arg, false);
}

static struct bufferevent *new_tls(struct event_base *base, void *arg)
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

static void reap(struct http_loop *l)
{
	for (size_t i = 0; i < l->nslots; i++)
		if (l->slots[i] != NULL && !lives(l->slots[i])) {
			slot_free(l->slots[i]);
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
		slot_free(s);
		return;
	}
	*at = s;
	getpeername(s->fd, (struct sockaddr *)&sa, &n);
	name_peer(s, &sa);
	if (admit(s))
		return;
	reap(l); /* some may be gone without our knowing */
	atomic_fetch_sub(&l->srv->addrs[s->addr], 1);
	if (!admit(s)) {
		lw_log(LW_DEBUG, "connection-refused", "peer", s->peer.addr, "why", "too many connections", NULL);
		cut(s);
	}
}

static void on_fresh(evutil_socket_t fd, short what, void *arg)
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

/* ---- time ---- */

static void look_at(struct http_slot *s, int64_t now, bool draining)
{
	if (s->phase == HTTP_SHAKING && SSL_is_init_finished(bufferevent_openssl_get_ssl(s->bev))) {
		s->phase = HTTP_WAITING;
		s->deadline = now + HTTP_HEAD_US;
	}
	if (s->deadline != 0 && now > s->deadline)
		cut(s);
	else if (draining && s->phase == HTTP_WAITING)
		cut(s);
}

static void look_around(struct http_loop *l)
{
	int64_t now = now_of(l), end = atomic_load(&l->srv->drain_end);
	bool any = false;

	reap(l);
	for (size_t i = 0; i < l->nslots; i++)
		if (l->slots[i] != NULL) {
			look_at(l->slots[i], now, end != 0);
			any = true;
		}
	if (end == 0)
		return;
	for (struct http_listener *li = l->listeners; li != NULL; li = li->next)
		evconnlistener_disable(li->lev);
	if (any && now > end)
		atomic_store(&l->srv->cut, true);
	if ((!any && l->nbusy == 0) || now > end)
		event_base_loopbreak(l->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_loop *l = arg;
	struct timeval next = { 1, 0 };

	if (atomic_load(&l->srv->drain_end) != 0)
		next = (struct timeval){ 0, 20000 };
	atomic_store(&l->came_round, now_of(l));
	look_around(l);
	event_add(&l->ev_tick, &next);
}

/* ---- answers come back ---- */

static void wake(struct http_loop *l)
{
	uint64_t one = 1;

	while (write(l->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void http_return(struct http_exchange *x)
{
	struct http_loop *l = x->loop;
	bool first;

	pthread_mutex_lock(&l->lock);
	first = l->done == NULL;
	x->next = l->done;
	l->done = x;
	pthread_mutex_unlock(&l->lock);
	if (first)
		wake(l);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct http_loop *l = arg;
	struct http_exchange *x, *next;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&l->lock);
	x = l->done;
	l->done = NULL;
	pthread_mutex_unlock(&l->lock);
	for (; x != NULL; x = next) {
		next = x->next;
		l->nbusy--;
		http_reply(x);
	}
	if (atomic_load(&l->srv->drain_end) != 0)
		event_active(&l->ev_tick, EV_TIMEOUT, 0);
}

/* After an answer was sent evhttp goes on reading: from here on it is the next request's time. */
void http_sent(struct evhttp_request *ev, void *arg)
{
	struct http_loop *l = arg;
	struct evhttp_connection *c = evhttp_request_get_connection(ev);
	struct bufferevent *bev = c == NULL ? NULL : evhttp_connection_get_bufferevent(c);
	struct http_slot *s = bev == NULL ? NULL : http_slot_of(l, bev);

	if (s == NULL)
		return;
	s->phase = HTTP_WAITING;
	s->deadline = 0;
	s->first = true;
	if (evbuffer_get_length(bufferevent_get_input(bev)) > 0) { /* pipelined: head and body together */
		s->phase = HTTP_IN_BODY;
		s->deadline = now_of(l) + HTTP_HEAD_US;
	}
	bufferevent_enable(bev, EV_READ);
}

/* ---- listeners, threads, life ---- */

static void on_accept_error(struct evconnlistener *lev, void *arg)
{
	static const struct timeval moment = { 0, 100000 };
	struct http_loop *l = arg;

	lw_log(LW_WARN, "connection-refused", "why", strerror(errno), NULL);
	for (struct http_listener *li = l->listeners; li != NULL; li = li->next)
		evconnlistener_disable(li->lev);
	event_add(&l->ev_backoff, &moment);
}

static void on_backoff(evutil_socket_t fd, short what, void *arg)
{
	struct http_loop *l = arg;

	for (struct http_listener *li = l->listeners; li != NULL && atomic_load(&l->srv->drain_end) == 0; li = li->next)
		evconnlistener_enable(li->lev);
}

static struct evhttp *new_evhttp(struct http_loop *l, struct bufferevent *(*bev)(struct event_base *, void *))
{
	struct evhttp *h = evhttp_new(l->base);

	if (h == NULL)
		return NULL;
	evhttp_set_bevcb(h, bev, l);
	evhttp_set_gencb(h, http_take, l);
	evhttp_set_allowed_methods(h, METHODS);
	evhttp_set_max_headers_size(h, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(h, HTTP_BODY_MAX);
	evhttp_set_timeout(h, (int)(HTTP_IDLE_US / LW_SECOND));
	return h;
}

static bool loop_init(struct http_loop *l, struct http_server *srv)
{
	struct event_config *cfg = event_config_new();

	l->srv = srv;
	pthread_mutex_init(&l->lock, NULL);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cfg != NULL) {
		event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
		l->base = event_base_new_with_config(cfg);
		event_config_free(cfg);
	}
	if (l->base == NULL || l->wake_fd < 0)
		return false;
	l->plain = new_evhttp(l, new_plain);
	l->tls = new_evhttp(l, new_tls);
	event_assign(&l->ev_wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	event_assign(&l->ev_tick, l->base, -1, 0, on_tick, l);
	event_assign(&l->ev_fresh, l->base, -1, 0, on_fresh, l);
	event_assign(&l->ev_backoff, l->base, -1, 0, on_backoff, l);
	return l->plain != NULL && l->tls != NULL;
}

static void loop_done(struct http_loop *l)
{
	if (l->srv == NULL)
		return;
	if (l->plain != NULL)
		evhttp_free(l->plain); /* with its listeners and connections */
	if (l->tls != NULL)
		evhttp_free(l->tls);
	for (size_t i = 0; i < l->nslots; i++)
		if (l->slots[i] != NULL)
			slot_free(l->slots[i]);
	while (l->fresh != NULL) {
		struct http_slot *s = l->fresh;

		l->fresh = s->next;
		slot_free(s);
	}
	while (l->listeners != NULL) {
		struct http_listener *li = l->listeners;

		l->listeners = li->next;
		free(li);
	}
	free(l->slots);
	if (l->base != NULL)
		event_base_free(l->base);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
}

static void libevent_says(int severity, const char *text)
{
	lw_log(severity >= EVENT_LOG_WARN ? LW_WARN : LW_DEBUG, "libevent", "text", text, NULL);
}

/* Passwords and tokens pass through jansson's strings. */
static void wiping_free(void *p)
{
	if (p != NULL)
		lw_wipe(p, malloc_usable_size(p));
	free(p);
}

int http_server_new(const struct http_server_options *opt, struct http_server **ret)
{
	struct http_server *s;

	if (http_routes_wrong(opt->routes, opt->nroutes) != NULL || opt->loops == 0)
		return LW_EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return LW_ENOMEM;
	json_set_alloc_funcs(malloc, wiping_free);
	event_set_log_callback(libevent_says);
	s->opt = *opt;
	lw_random(&s->seed, sizeof(s->seed));
	http_server_limits(s, opt->max_conns, opt->max_conns_per_addr);
	s->counts = calloc(opt->nroutes + 1, sizeof(*s->counts));
	s->addrs = calloc(HTTP_ADDRS, sizeof(*s->addrs));
	s->loops = calloc(opt->loops, sizeof(*s->loops));
	for (unsigned i = 0; s->counts != NULL && s->addrs != NULL && s->loops != NULL; i++) {
		if (i == opt->loops) {
			*ret = s;
			return LW_OK;
		}
		if (!loop_init(&s->loops[i], s))
			break;
	}
	http_server_free(s);
	return LW_ENOMEM;
}

int http_server_listen(struct http_server *s, unsigned loop, int fd, bool tls)
{
	struct http_loop *l = &s->loops[loop % s->opt.loops];
	struct http_listener *li = calloc(1, sizeof(*li));

	evutil_make_socket_nonblocking(fd);
	if (li != NULL)
		li->lev = evconnlistener_new(l->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 0, fd);
	if (li == NULL || li->lev == NULL || evhttp_bind_listener(tls ? l->tls : l->plain, li->lev) == NULL) {
		free(li);
		return LW_ENOMEM;
	}
	evconnlistener_set_error_cb(li->lev, on_accept_error);
	li->next = l->listeners;
	l->listeners = li;
	return LW_OK;
}

static void *loop_main(void *arg)
{
	static const struct timeval now = { 0, 0 };
	struct http_loop *l = arg;

	pthread_setname_np(pthread_self(), "lwd: http");
	event_add(&l->ev_wake, NULL);
	event_add(&l->ev_tick, &now);
	event_base_dispatch(l->base);
	atomic_store(&l->ended, true);
	return NULL;
}

int http_server_start(struct http_server *s)
{
	for (unsigned i = 0; i < s->opt.loops; i++) {
		atomic_store(&s->loops[i].came_round, now_of(&s->loops[i]));
		if (pthread_create(&s->loops[i].thread, NULL, loop_main, &s->loops[i]) != 0)
			return LW_EIO;
		s->loops[i].started = true;
	}
	return LW_OK;
}

void http_server_limits(struct http_server *s, size_t max_conns, size_t max_conns_per_addr)
{
	atomic_store(&s->max_conns, max_conns);
	atomic_store(&s->max_conns_per_addr, max_conns_per_addr);
}

size_t http_server_conns(const struct http_server *s)
{
	return atomic_load(&s->conns);
}

bool http_server_alive(const struct http_server *s, int64_t within_us)
{
	for (unsigned i = 0; i < s->opt.loops; i++)
		if (s->loops[i].started && now_of(&s->loops[i]) - atomic_load(&s->loops[i].came_round) > within_us)
			return false;
	return true;
}

bool http_server_drain(struct http_server *s, int64_t limit_us)
{
	atomic_store(&s->drain_end, lw_mono(s->opt.clock) + limit_us + 1);
	for (unsigned i = 0; i < s->opt.loops; i++)
		wake(&s->loops[i]);
	for (unsigned i = 0; i < s->opt.loops; i++)
		if (s->loops[i].started) {
			pthread_join(s->loops[i].thread, NULL);
			s->loops[i].started = false;
		}
	return !atomic_load(&s->cut);
}

void http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; s->loops != NULL && i < s->opt.loops; i++)
		loop_done(&s->loops[i]);
	free(s->loops);
	free(s->addrs);
	free(s->counts);
	free(s);
}
