/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers between two roles over the socket pair that the monitor made (SOCK_STREAM, u32 length,
 * u64 id, body). Client side: many threads may call at once. When the peer dies, calls in flight are sent
 * again on the next socket (a request must be safe to repeat); a call waits at most timeout_us in all. */
#ifndef BASE_CHAN_H
#define BASE_CHAN_H

#include "base/arena.h"
#include "base/bytes.h"

#define LW_CHAN_MAX     (16u << 20)      /* octets of one message */
#define LW_CHAN_DEAD_US INT64_C(2000000) /* a call waits at most so long for a peer that is away */
#define LW_CHAN_TRIES   3 /* a call is sent on at most so many sockets: it may be what kills the peer */

struct lw_chan;

struct lw_chan *lw_chan_new(const char *peer_name); /* not connected yet; calls wait for lw_chan_connect */
void lw_chan_connect(
        struct lw_chan *, int fd); /* takes the fd; replaces a dead one, sends what is pending again */
void lw_chan_free(struct lw_chan *);
/* LW_EUNAVAIL: no peer in time; LW_ETIMEOUT; LW_EBUSY: too many in flight; LW_ELIMIT: request or answer too
 * long. The answer lives in the arena (which nobody else may use meanwhile). Secret requests: pass an arena
 * made with wipe, and a writer with wipe. */
int lw_chan_call(struct lw_chan *, struct lw_bytes request, int64_t timeout_us, struct lw_arena *,
        struct lw_bytes *ret);

/* Server side: reads requests from fd until the peer is gone; each is handled on one of nthreads threads, so
 * answers may overtake each other. fd stays the caller's; shutdown(fd) from elsewhere stops the serving.
 * handler fills answer; buffers are wiped afterwards. queue_max: past it, LW_EBUSY is answered by writing a
 * body made by busy(). An answer that outgrew LW_CHAN_MAX is sent empty. Returns when the peer is gone and
 * the requests in work are done; what was still queued is dropped. */
typedef void lw_chan_handler(void *ctx, struct lw_bytes request, struct lw_writer *answer);
int lw_chan_serve(int fd, unsigned nthreads, unsigned queue_max, lw_chan_handler *handler,
        lw_chan_handler *busy, void *ctx);

#endif
