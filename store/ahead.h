/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request found what it asked for is remembered, by a hash of its octets. When the same octets come again, those places can be fetched into
 * the processor's caches before the request's turn: each look-up in a large directory waits for memory several times, and so the waits of
 * all requests that a loop takes together pass at once.
 *
 * Only addresses are kept, and nothing is ever read or written through them, so one that is out of date, or of another request with the same
 * hash, costs time and nothing else. Any number of threads may use a table and its slots. */
#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

#include "store/store.h"

struct store_ahead;
struct store_ahead_slot;

struct store_ahead *store_ahead_new(void); /* NULL: no memory */
void store_ahead_free(struct store_ahead *);
/* The slot of a request, which begins to be fetched itself. request: what differs each time (a message id) and what is secret left out. */
struct store_ahead_slot *store_ahead_slot(struct store_ahead *, struct lw_bytes request);
/* Begins to fetch what the slot says; returns at once. How many places that were. */
unsigned store_ahead_fetch(const struct store_ahead *, const struct store_ahead_slot *);
/* What the transaction has found (its last few look-ups) is for next time. */
void store_ahead_keep(struct store_ahead *, struct store_ahead_slot *, const struct store_txn *);

#endif
