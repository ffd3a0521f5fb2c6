/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer what is not given out is poisoned, with a gap behind each piece. */
#if defined(__SANITIZE_ADDRESS__)
#define GUARDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARDED 1
#endif
#endif
#ifdef GUARDED
#include <sanitizer/asan_interface.h>
#define GAP ALIGN
#else
#define ASAN_POISON_MEMORY_REGION(p, n)
#define ASAN_UNPOISON_MEMORY_REGION(p, n)
#define GAP 0
#endif

#define ALIGN     alignof(max_align_t)
#define BLOCK_MIN ((size_t)4096)
#define BLOCK_TOP ((size_t)256 << 10) /* blocks double up to here */

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) uint8_t data[];
};

struct lw_arena {
	struct block *first, *cur; /* blocks behind cur are never kept: only the last one is allocated from */
	size_t max, total;         /* octets in all blocks */
	bool wipe, failed;
};

static struct block *block_new(size_t size)
{
	struct block *b = malloc(sizeof *b + size);

	if (!b)
		return NULL;
	b->next = NULL;
	b->size = size;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->data, size);
	return b;
}

struct lw_arena *lw_arena_new(size_t max_bytes, bool wipe)
{
	struct lw_arena *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->max = max_bytes;
	a->wipe = wipe;
	return a;
}

/* Nothing of the block is given out any more. */
static void block_clear(struct block *b, bool wipe)
{
	if (wipe) {
		ASAN_UNPOISON_MEMORY_REGION(b->data, b->used);
		lw_wipe(b->data, b->used);
	}
	ASAN_POISON_MEMORY_REGION(b->data, b->used);
	b->used = 0;
}

/* Frees every block but the first. */
static void drop_rest(struct lw_arena *a)
{
	struct block *b = a->first ? a->first->next : NULL;

	while (b) {
		struct block *next = b->next;

		block_clear(b, a->wipe);
		a->total -= b->size;
		free(b);
		b = next;
	}
	if (a->first) {
		a->first->next = NULL;
		block_clear(a->first, a->wipe);
	}
	a->cur = a->first;
}

void lw_arena_reset(struct lw_arena *a)
{
	drop_rest(a);
	a->failed = false;
}

void lw_arena_free(struct lw_arena *a)
{
	if (!a)
		return;
	drop_rest(a);
	free(a->first);
	free(a);
}

bool lw_arena_failed(const struct lw_arena *a)
{
	return a->failed;
}

/* A block that has room for size octets, or NULL. */
static struct block *grow(struct lw_arena *a, size_t size)
{
	size_t want = a->cur ? a->cur->size * 2 : BLOCK_MIN;
	struct block *b;

	if (want > BLOCK_TOP)
		want = BLOCK_TOP;
	if (want < size)
		want = size;
	if (want > a->max - a->total)
		want = a->max - a->total;
	if (want < size || !(b = block_new(want)))
		return NULL;
	if (a->cur)
		a->cur->next = b;
	else
		a->first = b;
	a->cur = b;
	a->total += b->size;
	return b;
}

static void *take(struct lw_arena *a, size_t size)
{
	struct block *b = a->cur;
	__attribute__((unused)) size_t asked = size;
	void *p;

	if (a->failed || size > SIZE_MAX - 2 * ALIGN)
		goto fail;
	size = (size + (size ? ALIGN - 1 : ALIGN) + GAP) & ~(ALIGN - 1);
	if (!b || b->size - b->used < size) {
		b = grow(a, size);
		if (!b)
			goto fail;
	}
	p = b->data + b->used;
	b->used += size;
	ASAN_UNPOISON_MEMORY_REGION(p, asked);
	return p;
fail:
	a->failed = true;
	return NULL;
}

void *lw_alloc(struct lw_arena *a, size_t size)
{
	void *p = take(a, size);

	return p ? memset(p, 0, size) : NULL;
}

void *lw_allocn(struct lw_arena *a, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		a->failed = true;
		return NULL;
	}
	return lw_alloc(a, all);
}

struct lw_bytes lw_dup(struct lw_arena *a, struct lw_bytes b)
{
	uint8_t *p = b.n < SIZE_MAX ? take(a, b.n + 1) : NULL;

	if (!p) {
		a->failed = true;
		return (struct lw_bytes){ NULL, 0 };
	}
	if (b.n)
		memcpy(p, b.p, b.n);
	p[b.n] = 0;
	return (struct lw_bytes){ p, b.n };
}

char *lw_strdup(struct lw_arena *a, const char *s)
{
	return (char *)lw_dup(a, lw_str(s)).p;
}

char *lw_printf(struct lw_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		p = take(a, (size_t)n + 1);
	if (!p) {
		a->failed = true;
		return NULL;
	}
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
