/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ahead.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "store/ops.h"

#define SLOTS (1u << 18) /* a power of two */
#define HUGE  (2u << 20) /* they are one huge page, where there are some */
#define LINE  64
#define PAGE  4096
#define GRAIN 16 /* octets; places are counted in these, so that one is 32 bits and a slot one word: 32 GiB either way */
#define GRAINS (~(uintptr_t)(GRAIN - 1))

struct store_ahead_slot {
	_Atomic uint64_t places; /* 0, or 32 bits each: how far from the origin (signed); 0: no more */
};
struct store_ahead {
	struct store_ahead_slot slots[SLOTS];
	_Atomic uintptr_t origin; /* 0: nothing was kept yet */
};
static_assert(sizeof(struct store_ahead_slot[SLOTS]) == HUGE, "one huge page");
static_assert(ENG_TOUCHED * 32 == 64, "a slot's places are one word");

struct store_ahead *store_ahead_new(void)
{
	struct store_ahead *a = aligned_alloc(HUGE, 2 * HUGE); /* a multiple; the origin is in the second */

	if (!a)
		return NULL;
	(void)madvise(a, HUGE, MADV_HUGEPAGE);
	memset(a, 0, sizeof(*a));
	return a;
}

void store_ahead_free(struct store_ahead *a)
{
	free(a);
}

static uint64_t mix(uint64_t h, uint64_t w)
{
	h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

struct store_ahead_slot *store_ahead_slot(struct store_ahead *a, struct lw_bytes request)
{
	uint64_t h = request.n, w;
	size_t i = 0;
	struct store_ahead_slot *s;

	for (; i + sizeof(w) <= request.n; i += sizeof(w)) {
		memcpy(&w, request.p + i, sizeof(w));
		h = mix(h, w);
	}
	w = 0;
	if (i < request.n)
		memcpy(&w, request.p + i, request.n - i);
	s = &a->slots[mix(h, w) & (SLOTS - 1)];
	__builtin_prefetch(s);
	return s;
}

static void fetch(uintptr_t at)
{
	__builtin_prefetch((const void *)at);
}

unsigned store_ahead_fetch(const struct store_ahead *a, const struct store_ahead_slot *s)
{
	uint64_t places = atomic_load_explicit(&s->places, memory_order_relaxed);
	uintptr_t origin = atomic_load_explicit(&a->origin, memory_order_relaxed), at, page;
	unsigned n = 0;

	for (; places; places >>= 32, n++) {
		at = origin + (uintptr_t)((intptr_t)(int32_t)places * GRAIN);
		page = at & ~(uintptr_t)(PAGE - 1);
		fetch(page); /* its head, and where its keys are */
		fetch(page + LINE);
		fetch(at - LINE);
		fetch(at);
	}
	return n;
}

/* The first that is kept is close to all others: they are in one file. */
static uintptr_t origin_of(struct store_ahead *a, uintptr_t at)
{
	uintptr_t origin = 0, mine = (at & GRAINS) - GRAIN; /* nothing is 0 from it */

	return atomic_compare_exchange_strong(&a->origin, &origin, mine) ? mine : origin;
}

void store_ahead_keep(struct store_ahead *a, struct store_ahead_slot *s, const struct store_txn *t)
{
	uintptr_t at[ENG_TOUCHED], origin = atomic_load_explicit(&a->origin, memory_order_relaxed);
	uint64_t places = 0;

	eng_touched(t->eng, at);
	if (!origin && at[0])
		origin = origin_of(a, at[0]);
	for (unsigned i = 0; i < ENG_TOUCHED && at[i]; i++) {
		intptr_t far = (intptr_t)((at[i] & GRAINS) - origin) / GRAIN;

		if (far && far == (int32_t)far)
			places = places << 32 | (uint32_t)far;
	}
	if (atomic_load_explicit(&s->places, memory_order_relaxed) != places) /* other processors may have it in their caches */
		atomic_store_explicit(&s->places, places, memory_order_relaxed);
}
