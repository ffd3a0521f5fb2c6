/* SPDX-License-Identifier: Apache-2.0 */
/* Event loops, their listeners and connections, and the workers for requests that may wait. A protocol sees none of
 * this: it is a machine behind base/proto.h. */
#ifndef LWD_LOOP_H
#define LWD_LOOP_H

#include "base/clock.h"
#include "base/proto.h"

struct lwd_tls;
struct lwd_net;

/* What a listener speaks: proto on a stream, dgram on UDP. tls: from the first octet. server goes to the protocol. */
struct lwd_service {
	const char *name;
	const struct lw_proto *proto;
	void *server;
	bool tls;
	const struct lw_dgram_proto *dgram;
};

/* How far a loop is with what it takes together. ASKS: what is handled from now on was received before (again: more has been). */
enum lwd_batch { LWD_BATCH_ASKS, LWD_BATCH_ASKED, LWD_BATCH_SENT };

struct lwd_net_options {
	unsigned loops, workers;            /* at least one of each */
	size_t max_conns, max_conns_per_addr;
	uid_t owner;                        /* of the data directory: lw_peer.owner */
	void (*batch)(enum lwd_batch);      /* on the loop's thread; may be NULL */
};

/* tls (may be NULL: none to be had) and clock outlive the net. LW_ENOMEM, LW_EIO. */
int lwd_net_new(const struct lwd_net_options *, struct lwd_tls *, const struct lw_clock *, struct lwd_net **ret);
unsigned lwd_net_loops(const struct lwd_net *);
/* Before lwd_net_start. Takes the fd, a listening or a UDP socket; the service is copied. */
int lwd_net_listen(struct lwd_net *, unsigned loop, int fd, const struct lwd_service *);
int lwd_net_start(struct lwd_net *); /* loops and workers run, on threads of their own */
void lwd_net_limits(struct lwd_net *, size_t max_conns, size_t max_conns_per_addr); /* for connections to come */
size_t lwd_net_conns(const struct lwd_net *);
/* Has every loop come round within the last `within_us`? */
bool lwd_net_alive(const struct lwd_net *, int64_t within_us);
/* Closes the listeners, lets every request (and datagram that has come) in flight finish, sends farewells, closes; after limit_us what is left is
 * cut. Returns when the loops have ended; false: something had to be cut. */
bool lwd_net_drain(struct lwd_net *, int64_t limit_us);
void lwd_net_free(struct lwd_net *); /* after lwd_net_drain, or never started */

#endif
