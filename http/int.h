/* SPDX-License-Identifier: Apache-2.0 */
/* Between conns.c, loop.c, server.c and metrics.c. */
#ifndef HTTP_INT_H
#define HTTP_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "http/http.h"

#define HTTP_STATUSES 40    /* room in the table of counters; all others are counted as the last */
#define HTTP_BUCKETS  8
#define HTTP_ADDRS    16384 /* counters of connections by address; two addresses may share one */

struct evhttp;
struct evhttp_request;
struct bufferevent;
struct http_loop;

struct http_counts { /* of a route; of what had none */
	_Atomic uint64_t statuses[HTTP_STATUSES];
	_Atomic uint64_t buckets[HTTP_BUCKETS + 1];
	_Atomic uint64_t sum_us;
};

/* What is known of a connection beside evhttp's own. evhttp tells nobody when it drops one, so we hold a reference
 * to its bufferevent, whose callbacks are gone when evhttp has freed it. Its loop's thread only. */
enum http_phase {
	HTTP_SHAKING,
	HTTP_WAITING,   /* for a head's first octet */
	HTTP_IN_HEAD,
	HTTP_IN_BODY,
	HTTP_BUSY       /* a request is with us, or its answer on its way out */
};
struct http_slot {
	struct http_slot *next; /* of those that are new, or broken */
	struct http_loop *loop;
	struct bufferevent *bev;
	int fd;
	enum http_phase phase;
	bool tls, first, counted;
	unsigned newlines;      /* how many end the octets of the head so far */
	int broken;             /* the status that evhttp refuses the request with; 0: it does not */
	int64_t deadline;       /* 0: none */
	size_t held;            /* octets of a request that has not come whole */
	uint32_t addr;          /* which counter */
	struct lw_peer peer;
};

/* A request and its answer, from evhttp's callback to the reply. */
struct http_exchange {
	struct http_work work;
	struct http_exchange *next;
	struct http_loop *loop;
	struct evhttp_request *ev;  /* the loop's thread only */
	struct lw_arena *arena;
	struct http_request req;
	struct http_response res;
	struct lw_peer peer;
	unsigned allow;
	bool head, close;
	int64_t whole;              /* when */
};

struct http_listener {
	struct http_listener *next;
	struct evconnlistener *lev;
};
struct http_loop {
	struct http_server *srv;
	struct event_base *base;
	struct evhttp *plain, *tls;
	struct http_listener *listeners;
	pthread_t thread;
	_Atomic bool started;       /* thread is set; by whoever starts the server */
	_Atomic bool ended;
	_Atomic int64_t came_round;
	int wake_fd;
	struct event ev_wake, ev_tick, ev_fresh, ev_backoff;
	struct http_slot **slots;   /* by descriptor */
	size_t nslots;
	struct http_slot *fresh, *broken;
	size_t nbusy;               /* requests with us */
	pthread_mutex_t lock;       /* of done */
	struct http_exchange *done;
};
struct http_server {
	struct http_server_options opt;
	_Atomic size_t conns, max_conns, max_conns_per_addr;
	_Atomic uint64_t accepted;
	_Atomic size_t held;        /* by all slots */
	_Atomic int64_t drain_end;  /* 0: not draining */
	_Atomic bool cut;
	uint32_t seed;
	_Atomic uint32_t *addrs;
	struct http_loop *loops;
	struct http_counts *counts; /* nroutes + 1 */
};

/* server.c */
void http_take(struct evhttp_request *, void *loop); /* evhttp's callback */
void http_reply(struct http_exchange *);             /* on the loop; frees it */
/* conns.c */
struct bufferevent *http_new_plain(struct event_base *, void *loop); /* evhttp asks for them before there is a socket */
struct bufferevent *http_new_tls(struct event_base *, void *loop);
void http_on_fresh(evutil_socket_t, short, void *loop); /* in the same turn: caps, refusals */
void http_reap(struct http_loop *);                  /* what evhttp has dropped */
void http_cut(struct http_slot *);
struct http_slot *http_slot_of(struct http_loop *, struct bufferevent *); /* NULL: none */
void http_slot_free(struct http_slot *);
void http_hold(struct http_slot *, size_t n);        /* so much more has come; past the limit it is cut */
void http_let_go(struct http_slot *);                /* the request is whole, or gone */
/* loop.c */
static inline int64_t http_now(const struct http_loop *l)
{
	return lw_mono(l->srv->opt.clock);
}
void http_rest(struct http_loop *);                  /* accepts nothing for a moment */
static inline bool http_full(struct http_server *s)
{
	return atomic_load(&s->conns) >= atomic_load(&s->max_conns);
}
void http_sent(struct evhttp_request *, void *loop); /* evhttp's callback */
void http_return(struct http_exchange *);            /* any thread: reply soon */
/* metrics.c */
void http_count(struct http_server *, const struct http_route *, int status, int64_t took_us);
/* problem.c: the number of a status in the table of reasons; past the end: none. */
size_t http_status_index(int status);
int http_status_at(size_t index); /* 0: past the end */

#endif
