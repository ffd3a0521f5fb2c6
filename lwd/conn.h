/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the loops: what loop.c, conn.c, dgram.c and worker.c share. Nobody else includes this.
 *
 * A connection is owned by its loop, or by the worker that runs its job: `owner` is the only field that both may
 * look at. The loop gives it away (LOOP -> WORKER), the worker gives it back (WORKER -> LOOP) without waking the loop
 * when nothing is left to do. When the loop needs it meanwhile (input, drain) it says so (WORKER -> WANTED), and then
 * the worker returns it through the loop's list. Events are touched by the loop's thread only. */
#ifndef LWD_CONN_H
#define LWD_CONN_H

#include <semaphore.h>
#include <stdatomic.h>
#include <pthread.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "lwd/loop.h"

#define CONN_OUT_HIGH      (256u << 10) /* unsent octets past which neither input nor the machine goes on */
#define CONN_OUT_MAX       (64u << 20)
#define CONN_IN_FIRST      8192u
#define CONN_IN_SLACK      16384u       /* the input buffer holds max_message and this */
#define CONN_HANDSHAKE_US  (10 * LW_SECOND)
#define CONN_STALLED_US    (30 * LW_SECOND) /* a reader that takes nothing for so long is closed */
#define CONN_LINGER_US     (2 * LW_SECOND)
#define CONN_LINGER_DRAIN_US (LW_SECOND / 4) /* when lwd stops */
#define CONN_KEEP_BUF_US   (10 * LW_SECOND)
#define LOOP_BURST_US      500          /* so long may answers wait for those of other connections */

enum conn_owner { OWNER_LOOP, OWNER_WORKER, OWNER_WANTED };
enum conn_phase {
	PHASE_HANDSHAKE,
	PHASE_OPEN,
	PHASE_STARTTLS, /* the answer is being sent, then HANDSHAKE */
	PHASE_CLOSING,  /* the last octets are being sent */
	PHASE_LINGER,   /* sent and shut down; reading on so that the peer gets it all */
};

struct addr_count;

/* Something for a worker to do, part of what it is about: queues need no memory. */
struct work {
	struct work *next;
	bool slow;                 /* waits for password hashing: at most half of the workers do that at once */
	void (*run)(struct work *);
};

struct conn {
	struct conn *prev, *next;  /* of the loop's connections */
	struct conn *link;         /* ready list or returned list */
	struct work work;
	struct loop *loop;
	const struct lwd_service *svc;
	void *machine;
	SSL *ssl;
	int fd;
	_Atomic int owner;
	enum conn_phase phase;
	enum lw_next job;          /* JOB or SLOW_JOB while a worker has it */
	bool again;                /* the machine wants its next turn */
	bool fresh;                /* octets that the machine has not seen */
	bool more_input;           /* TLS may hold octets that no event will announce */
	bool want_write;           /* TLS must send before it can read on */
	enum lw_next held;         /* a job that waits until the peer takes its answers; else READ */
	bool eof, dead;
	bool queued;               /* on the ready list */
	bool reading, writing;     /* events that are armed */
	uint8_t *in;
	size_t in_off, in_n, in_cap;
	struct lw_writer out;
	size_t out_off;
	int64_t last_active, phase_end, stalled_since;
	struct event ev_read, ev_write;
	struct addr_count *addr;
	struct lw_peer peer;
};

struct listener {
	struct listener *next;
	struct loop *loop;
	struct lwd_service svc;
	struct event ev;
	int fd;
};

/* A socket for datagrams. All of a loop's share one batch of buffers. */
struct dgram_batch;
struct dgram {
	struct dgram *next;
	struct loop *loop;
	struct lwd_service svc;
	struct event ev;
	int fd;
	_Atomic unsigned later;    /* put off and not yet answered */
};

struct loop {
	struct lwd_net *net;
	unsigned index;
	pthread_t thread;
	_Atomic bool started; /* thread is valid */
	bool draining;
	struct event_base *base;
	struct event ev_wake, ev_tick, ev_backoff;
	int wake_fd, reserve_fd;
	struct listener *listeners, *closed;
	struct dgram *dgrams;
	struct dgram_batch *batch;
	struct conn *conns, *ready, **ready_last;
	int64_t waiting_since;     /* when the first on the ready list had its input read */
	size_t nconns;
	int64_t refused_logged;
	_Atomic int64_t came_round;
	_Atomic bool ended;
	pthread_mutex_t lock;      /* of returned */
	struct conn *returned;
};

struct lwd_net {
	struct lwd_net_options opt;
	_Atomic size_t max_conns, max_conns_per_addr, nconns;
	struct lwd_tls *tls;
	const struct lw_clock *clock;
	struct loop *loops;
	struct addr_table *addrs;
	struct workers *workers;
	_Atomic int64_t drain_end; /* 0: not draining */
	sem_t ended;               /* posted by each loop as its last act */
	_Atomic bool cut;          /* the drain had to close something that was not done */
};

/* conn.c: all on the owning loop unless it says otherwise */
void conn_open(struct loop *, const struct lwd_service *, int fd, const struct sockaddr_storage *, struct addr_count *);
bool conn_ask(struct conn *);        /* from the ready list: takes what TLS holds, runs the machine. false: a worker has it now */
void conn_answer(struct conn *);     /* then: sends, arms events; may free the connection */
void conn_pump(struct conn *);       /* runs the machine over what is there, sends, arms events; may free the connection */
void conn_returned(struct conn *);   /* a worker has given it back */
void conn_tick(struct conn *, int64_t now);
void conn_farewell(struct conn *);   /* drain: once it is idle; may free it */
void conn_close(struct conn *);
bool conn_flush(struct conn *);      /* owner's thread: false when the connection is dead */
enum lw_next conn_step(struct conn *); /* owner's thread */
static inline size_t conn_backlog(const struct conn *c)
{
	return c->out.n - c->out_off;
}

/* loop.c */
void loop_ready(struct conn *);      /* is asked and answered soon */
void loop_run_ready(struct loop *);  /* all that are ready; frees what was closed meanwhile */
void loop_return(struct conn *);     /* any thread */
static inline void loop_batch(const struct loop *l, enum lwd_batch at)
{
	if (l->net->opt.batch != NULL)
		l->net->opt.batch(at);
}

/* worker.c */
struct workers *workers_new(unsigned n);            /* starts the threads */
void workers_submit(struct workers *, struct work *); /* any thread */
void workers_free(struct workers *);                /* what is queued is finished first */

/* dgram.c: on the owning loop */
int dgram_new(struct loop *, int fd, const struct lwd_service *); /* before the loop runs; takes the fd. LW_ENOMEM */
void dgram_watch(struct loop *);
void dgram_stop(struct loop *);      /* drain: answers what has come, then takes no more */
bool dgram_busy(const struct loop *); /* some are with the workers */
void dgram_free(struct loop *);      /* when neither the loop nor a worker runs */

/* limit.c: how many connections an address has. NULL: too many, or out of memory. */
struct addr_table *addr_table_new(void);
void addr_table_free(struct addr_table *);
struct addr_count *addr_take(struct addr_table *, const struct sockaddr_storage *, uid_t local, size_t max);
void addr_drop(struct addr_table *, struct addr_count *);
/* addr and loopback of an IPv4 or IPv6 peer; the rest stays. */
void addr_name(const struct sockaddr_storage *, struct lw_peer *);
void addr_here(const void *in_or_in6_addr, int family, struct lw_peer *); /* a mapped IPv4 address is one */

#endif
