/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the KDC: the server, what each thread keeps, realms, opened keys, and one request on its way. Only kdc/ and its tests include
 * this. docs/kdc.md says how a request flows. */
#ifndef KDC_INT_H
#define KDC_INT_H

#include <pthread.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/krbcrypt.h"
#include "kdc/kdc.h"
#include "kdc/msg.h"
#include "kdc/replay.h"
#include "keys/krbkeys.h"

#define KDC_UDP_IN     16384
#define KDC_UDP_OUT    4096 /* longer answers: KRB_ERR_RESPONSE_TOO_BIG */
#define KDC_BATCH      32   /* requests of one connection in a quantum */
#define KDC_BATCH_US   200
#define KDC_ARENA      (512u << 10)

/* ---- the server ---- */

struct kdc_thread;
struct kdc_server {
	struct store *store;
	struct keys *keys;
	const struct lw_clock *clock;
	struct kdc_options options; /* names is a copy */
	pthread_key_t key;          /* each thread's struct kdc_thread */
	pthread_mutex_t lock;       /* threads */
	struct kdc_thread *threads;
};

/* What one thread keeps between requests; it alone touches it. */
struct kdc_thread {
	struct kdc_server *server;
	struct kdc_thread *next, **prev;
	struct lw_arena *arena; /* of one request, wiped */
	uint8_t *out;           /* KRB_MAX_MESSAGE octets: an answer over TCP */
};
struct kdc_thread *kdc_thread(struct kdc_server *); /* this thread's; NULL: no memory */
void kdc_thread_end(struct kdc_thread *);           /* the batch is over: no read transaction stays open */

/* ---- one request ---- */

struct kdc_question {
	const struct lw_peer *peer;
	struct lw_bytes in;
	bool udp, may_block;
	uint8_t *out;
	size_t out_max, out_n; /* out_n 0: no answer */
};
/* LW_OK: answered, or not to be answered. LW_EAGAIN: it may block; ask again where it may (never when may_block). */
int kdc_request(struct kdc_thread *, struct kdc_question *);
/* A KRB-ERROR about a message that was not read. */
void kdc_refuse_unread(struct kdc_server *, struct kdc_question *, int32_t code);

#endif
