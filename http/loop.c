/* SPDX-License-Identifier: Apache-2.0 */
/* Loops with evhttp on them: deadlines, answers, listeners, drain, life. */
#include "http/int.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"

#define METHODS                                                                                                    \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | \
		EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

/* ---- time ---- */

static void look_at(struct http_slot *s, int64_t now, bool draining)
{
	if (s->phase == HTTP_SHAKING && SSL_is_init_finished(bufferevent_openssl_get_ssl(s->bev))) {
		s->phase = HTTP_WAITING;
		s->deadline = now + HTTP_HEAD_US;
	}
	if (s->deadline != 0 && now > s->deadline)
		http_cut(s);
	else if (draining && s->phase == HTTP_WAITING)
		http_cut(s);
}

static void look_around(struct http_loop *l)
{
	int64_t now = http_now(l), end = atomic_load(&l->srv->drain_end);
	bool any = false;

	http_reap(l);
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
	atomic_store(&l->came_round, http_now(l));
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
		s->deadline = http_now(l) + HTTP_HEAD_US;
		http_hold(s, evbuffer_get_length(bufferevent_get_input(bev)));
	}
	bufferevent_enable(bev, EV_READ);
}

/* ---- listeners, threads, life ---- */

static _Thread_local struct http_loop *here; /* the callback's argument is evhttp's */

/* Others wait in the kernel meanwhile. */
void http_rest(struct http_loop *l)
{
	static const struct timeval moment = { 0, 100000 };

	for (struct http_listener *li = l->listeners; li != NULL; li = li->next)
		evconnlistener_disable(li->lev);
	event_add(&l->ev_backoff, &moment);
}

static void on_accept_error(struct evconnlistener *lev, void *arg)
{
	lw_log(LW_WARN, "connection-refused", "why", strerror(errno), NULL);
	http_rest(here);
}

static void on_backoff(evutil_socket_t fd, short what, void *arg)
{
	struct http_loop *l = arg;

	http_reap(l);
	if (http_full(l->srv)) {
		http_rest(l);
		return;
	}
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
	l->plain = new_evhttp(l, http_new_plain);
	l->tls = new_evhttp(l, http_new_tls);
	event_assign(&l->ev_wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	event_assign(&l->ev_tick, l->base, -1, 0, on_tick, l);
	event_assign(&l->ev_fresh, l->base, -1, 0, http_on_fresh, l);
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
			http_slot_free(l->slots[i]);
	while (l->fresh != NULL) {
		struct http_slot *s = l->fresh;

		l->fresh = s->next;
		http_slot_free(s);
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
	here = l;
	event_add(&l->ev_wake, NULL);
	event_add(&l->ev_tick, &now);
	event_base_dispatch(l->base);
	atomic_store(&l->ended, true);
	return NULL;
}

int http_server_start(struct http_server *s)
{
	for (unsigned i = 0; i < s->opt.loops; i++) {
		atomic_store(&s->loops[i].came_round, http_now(&s->loops[i]));
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
		if (s->loops[i].started && http_now(&s->loops[i]) - atomic_load(&s->loops[i].came_round) > within_us)
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
