/* SPDX-License-Identifier: Apache-2.0 */
/* The region is a head and buckets of seven slots. A process may die between any two stores, so their order
 * is what keeps the promises: a bucket's floor rises before the entry it stands for goes, and a slot's word,
 * a single store, is zero while the rest of the slot changes. There is no lock in the region: threads exclude
 * each other by mutexes of their process. */
#include "kdc/replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define MAGIC   0x6c7764726570316eu
#define SLOTS   7
#define STRIPES 256
#define NO_SLOT SLOTS

/* A slot's word: epoch (24 bits), a number that changes with each use (38), state (2). */
enum { FREE, TAKEN, ANSWERED };
#define STATE(w)    ((w)&3)
#define EPOCH(w)    ((w) >> 40)
#define EPOCH_MAX   0xffffffu
#define NUMBER_MASK 0x3fffffffffu

struct slot {
	_Atomic uint64_t word;
	int64_t ctime;
	uint8_t mac[16];
};

struct bucket {
	_Atomic int64_t floor; /* what is not younger is refused; 0: none yet */
	uint64_t unused[3];
	struct slot slot[SLOTS];
};

struct head {
	_Atomic uint64_t magic; /* last to be written */
	uint64_t size;
	_Atomic uint64_t epoch; /* of the last opening */
	_Atomic int64_t begun;  /* every bucket's least floor */
	uint64_t unused[28];
};
_Static_assert(
        sizeof(struct slot) == 32 && sizeof(struct bucket) == 256 && sizeof(struct head) == 256, "layout");

struct stripe {
	pthread_mutex_t lock;
	uint64_t number;
};

struct kdc_replay {
	struct head *head;
	struct bucket *bucket;
	uint32_t buckets;
	int64_t far; /* ahead of now: the clock went back. Whoever checks the window may round */
	uint64_t epoch;
	struct stripe stripe[STRIPES];
};

/* What stands before this is in the region when what follows is, whenever the process dies: an order for the
 * compiler. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static bool all_zero(const struct head *h)
{
	static const struct head zero;

	return !memcmp((const void *)h, &zero, sizeof zero);
}

/* A new region's pages stay untouched until they are needed. */
static void begin_anew(struct head *h, size_t size, struct bucket *b, size_t buckets, int64_t now)
{
	if (!all_zero(h)) {
		h->size = 1; /* not new, until the end */
		in_order();
		atomic_store(&h->magic, 0);
		in_order();
		memset(b, 0, buckets * sizeof *b);
	}
	in_order();
	atomic_store(&h->epoch, 0);
	atomic_store(&h->begun, now);
	h->size = size;
	in_order();
	atomic_store(&h->magic, MAGIC);
}

struct kdc_replay *kdc_replay_open(void *region, size_t size, int64_t window_us, int64_t now)
{
	struct kdc_replay *r;
	struct head *h = region;
	size_t n;

	if (size < 65536 || (uintptr_t)region % sizeof(uint64_t) || window_us <= 0)
		return NULL;
	r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	size -= size % sizeof(struct bucket);
	n = size / sizeof(struct bucket) - 1;
	r->head = h;
	r->bucket = (struct bucket *)(h + 1);
	r->buckets = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	r->far = 2 * window_us;
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&r->stripe[i].lock, NULL);
	if (atomic_load(&h->magic) != MAGIC || h->size != size || atomic_load(&h->epoch) >= EPOCH_MAX)
		begin_anew(h, size, r->bucket, r->buckets, now);
	r->epoch = atomic_fetch_add(&h->epoch, 1) + 1;
	return r;
}

void kdc_replay_close(struct kdc_replay *r)
{
	if (!r)
		return;
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&r->stripe[i].lock);
	free(r);
}

/* Is the entry one that keeps a request from being taken? A taken one of a dead process is none: it was not
 * answered. */
static bool in_force(const struct kdc_replay *r, uint64_t word)
{
	return STATE(word) == ANSWERED || (STATE(word) == TAKEN && EPOCH(word) == r->epoch);
}

static void raise_floor(struct bucket *b, int64_t to)
{
	if (atomic_load_explicit(&b->floor, memory_order_relaxed) < to)
		atomic_store_explicit(&b->floor, to, memory_order_relaxed);
}

/* The slot for something of that time, whose former entry the floor stands for from now on; NO_SLOT: the
 * newcomer itself is the oldest, and so the one to forget. */
static uint32_t make_room(const struct kdc_replay *r, struct bucket *b, int64_t ctime, int64_t now)
{
	int64_t oldest = ctime;
	uint32_t at = NO_SLOT;

	for (uint32_t i = 0; i < SLOTS; i++)
		if (!in_force(r, atomic_load_explicit(&b->slot[i].word, memory_order_relaxed)))
			return i;
	for (uint32_t i = 0; i < SLOTS; i++) {
		const struct slot *s = &b->slot[i];

		if (s->ctime > now + r->far) /* the clock went back; now nobody gets in with such a time */
			return i;
		if (s->ctime < oldest) {
			oldest = s->ctime;
			at = i;
		}
	}
	raise_floor(b, oldest);
	return at;
}

static int64_t floor_of(const struct kdc_replay *r, _Atomic int64_t *floor, int64_t now)
{
	int64_t least = atomic_load_explicit(floor, memory_order_relaxed);

	if (least <= now + r->far)
		return least;
	atomic_store_explicit(floor, now, memory_order_relaxed); /* the clock went back: as in a new region */
	return now;
}

static int take(struct kdc_replay *r, struct bucket *b, struct stripe *st, const uint8_t mac[16],
        int64_t ctime, int64_t now, uint32_t *ret_slot, uint64_t *ret_stamp)
{
	uint64_t word = r->epoch << 40 | (++st->number & NUMBER_MASK) << 2 | TAKEN;
	struct slot *s;
	uint32_t at;

	for (uint32_t i = 0; i < SLOTS; i++) {
		s = &b->slot[i];
		if (!memcmp(s->mac, mac, sizeof s->mac) &&
		        in_force(r, atomic_load_explicit(&s->word, memory_order_relaxed)))
			return LW_EEXIST;
	}
	if (ctime <= floor_of(r, &b->floor, now) || ctime <= floor_of(r, &r->head->begun, now))
		return LW_EEXIST;
	at = make_room(r, b, ctime, now);
	if (at != NO_SLOT) {
		s = &b->slot[at];
		in_order();
		atomic_store_explicit(&s->word, FREE, memory_order_relaxed);
		in_order();
		s->ctime = ctime;
		memcpy(s->mac, mac, sizeof s->mac);
		in_order();
		atomic_store_explicit(&s->word, word, memory_order_release);
	}
	*ret_slot = at;
	*ret_stamp = word;
	return LW_OK;
}

static uint32_t bucket_of(const struct kdc_replay *r, const uint8_t mac[16])
{
	uint32_t hash;

	memcpy(&hash, mac, sizeof hash);
	return (uint32_t)((uint64_t)hash * r->buckets >> 32);
}

bool kdc_replay_in_work(struct kdc_replay *r, const uint8_t mac[16])
{
	uint32_t bucket = bucket_of(r, mac);
	struct bucket *b = &r->bucket[bucket];
	struct stripe *st = &r->stripe[bucket % STRIPES];
	bool ret = false;

	pthread_mutex_lock(&st->lock);
	for (uint32_t i = 0; i < SLOTS && !ret; i++) {
		uint64_t word = atomic_load_explicit(&b->slot[i].word, memory_order_relaxed);
		ret = STATE(word) == TAKEN && EPOCH(word) == r->epoch &&
		      !memcmp(b->slot[i].mac, mac, sizeof b->slot[i].mac);
	}
	pthread_mutex_unlock(&st->lock);
	return ret;
}

int kdc_replay_take(
        struct kdc_replay *r, const uint8_t mac[16], int64_t ctime_us, int64_t now, struct kdc_seen *ret)
{
	struct stripe *st;
	uint32_t slot = 0, bucket = bucket_of(r, mac);
	uint64_t stamp = 0;
	int err;

	st = &r->stripe[bucket % STRIPES];
	pthread_mutex_lock(&st->lock);
	err = take(r, &r->bucket[bucket], st, mac, ctime_us, now, &slot, &stamp);
	pthread_mutex_unlock(&st->lock);
	if (!err)
		*ret = (struct kdc_seen){ .bucket = bucket, .slot = slot, .stamp = stamp };
	return err;
}

/* An entry that has been pushed out meanwhile stays so: the floor refuses it. */
static void settle(struct kdc_replay *r, const struct kdc_seen *seen, uint64_t state)
{
	uint64_t word = seen->stamp;

	if (seen->slot < SLOTS)
		atomic_compare_exchange_strong(&r->bucket[seen->bucket].slot[seen->slot].word, &word,
		        state == FREE ? 0 : (word & ~(uint64_t)3) | state);
}

void kdc_replay_answered(struct kdc_replay *r, const struct kdc_seen *seen)
{
	settle(r, seen, ANSWERED);
}

void kdc_replay_forget(struct kdc_replay *r, const struct kdc_seen *seen)
{
	settle(r, seen, FREE);
}
