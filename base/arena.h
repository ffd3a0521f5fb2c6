/* SPDX-License-Identifier: Apache-2.0 */
/* A request's memory: allocate, never free one by one, drop all at once. Not thread-safe.
 * An arena is born with a maximum; past it (or when malloc fails) lw_alloc returns NULL and lw_arena_failed
 * stays true, so that a caller may make several calls and check once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include "base/bytes.h"

struct lw_arena;

/* wipe: the memory is zeroed on reset and free (for secrets). NULL when out of memory. */
struct lw_arena *lw_arena_new(size_t max_bytes, bool wipe);
/* Forget everything; keeps the first block for the next request. */
void lw_arena_reset(struct lw_arena *);
void lw_arena_free(struct lw_arena *); /* NULL is fine */
bool lw_arena_failed(const struct lw_arena *);

/* Zeroed, aligned for any type; NULL past the maximum. lw_allocn checks n * size for overflow. */
void *lw_alloc(struct lw_arena *, size_t size);
void *lw_allocn(struct lw_arena *, size_t n, size_t size);
char *lw_strdup(struct lw_arena *, const char *);
/* A copy followed by a NUL that is not counted. {NULL, 0} on failure. */
struct lw_bytes lw_dup(struct lw_arena *, struct lw_bytes);
char *lw_printf(struct lw_arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
