/* SPDX-License-Identifier: Apache-2.0 */
#include "kdc/aside.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define SHARDS 8
#define SETS   128 /* of a shard */
#define WAYS   4
#define ADDR   64

struct kept {
	uint64_t tag; /* 0: free */
	int64_t at;
	char addr[ADDR];
	size_t nrequest, nanswer, cap;
	uint8_t *octets; /* request, answer */
};
struct shard {
	pthread_mutex_t lock;
	size_t bytes;
	struct kept kept[SETS][WAYS];
};
struct kdc_aside {
	size_t max; /* octets of a shard */
	uint64_t secret;
	struct shard shard[SHARDS];
};

struct kdc_aside *kdc_aside_new(size_t max_bytes)
{
	struct kdc_aside *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->max = max_bytes / SHARDS;
	lw_random(&a->secret, sizeof a->secret);
	for (int i = 0; i < SHARDS; i++)
		pthread_mutex_init(&a->shard[i].lock, NULL);
	return a;
}

void kdc_aside_free(struct kdc_aside *a)
{
	if (!a)
		return;
	for (int i = 0; i < SHARDS; i++) {
		for (int k = 0; k < SETS * WAYS; k++)
			free(a->shard[i].kept[k / WAYS][k % WAYS].octets);
		pthread_mutex_destroy(&a->shard[i].lock);
	}
	free(a);
}

/* Address, length and the end of the request, where its nonce is. What is found is compared octet by octet.
 */
static uint64_t tag_of(const struct kdc_aside *a, const char *addr, struct lw_bytes request)
{
	uint64_t h = a->secret ^ request.n * UINT64_C(0x9e3779b97f4a7c15);
	size_t from = request.n > 96 ? request.n - 96 : 0;

	for (; *addr; addr++)
		h = (h ^ (uint8_t)*addr) * UINT64_C(0x100000001b3);
	for (; from + 8 <= request.n; from += 8) {
		uint64_t v;

		memcpy(&v, request.p + from, 8);
		h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	h ^= h >> 32;
	return h ? h : 1;
}

static bool is_it(const struct kept *k, uint64_t tag, const char *addr, struct lw_bytes request, int64_t now)
{
	return k->tag == tag && now - k->at <= KDC_ASIDE_US && k->nrequest == request.n &&
	       strcmp(k->addr, addr) == 0 && memcmp(k->octets, request.p, request.n) == 0;
}

size_t kdc_aside_find(struct kdc_aside *a, const char *addr, struct lw_bytes request, int64_t now,
        uint8_t *out, size_t out_max)
{
	uint64_t tag = tag_of(a, addr, request);
	struct shard *s = &a->shard[tag % SHARDS];
	struct kept *set = s->kept[tag / SHARDS % SETS];
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < WAYS && !n; i++)
		if (is_it(&set[i], tag, addr, request, now) && set[i].nanswer <= out_max) {
			n = set[i].nanswer;
			memcpy(out, set[i].octets + set[i].nrequest, n);
		}
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* Gives back what is of no use any more. */
static void forget_old(struct shard *s, int64_t now)
{
	for (int i = 0; i < SETS * WAYS; i++) {
		struct kept *k = &s->kept[i / WAYS][i % WAYS];

		if (k->tag && now - k->at <= KDC_ASIDE_US)
			continue;
		s->bytes -= k->cap;
		free(k->octets);
		memset(k, 0, sizeof *k);
	}
}

/* Room for need octets in k, which is emptied; false: none. */
static bool make_room(struct kdc_aside *a, struct shard *s, struct kept *k, size_t need, int64_t now)
{
	uint8_t *p;

	k->tag = 0;
	if (need <= k->cap)
		return true;
	if (s->bytes - k->cap + need > a->max)
		forget_old(s, now);
	if (s->bytes - k->cap + need > a->max)
		return false;
	p = realloc(k->octets, need);
	if (!p)
		return false;
	s->bytes += need - k->cap;
	k->octets = p;
	k->cap = need;
	return true;
}

void kdc_aside_keep(
        struct kdc_aside *a, const char *addr, struct lw_bytes request, int64_t now, struct lw_bytes answer)
{
	uint64_t tag = tag_of(a, addr, request);
	struct shard *s = &a->shard[tag % SHARDS];
	struct kept *set = s->kept[tag / SHARDS % SETS], *k = &set[0];

	if (strlen(addr) >= ADDR)
		return;
	pthread_mutex_lock(&s->lock);
	for (int i = 1; i < WAYS && k->tag; i++)
		if (!set[i].tag || set[i].at < k->at)
			k = &set[i];
	if (make_room(a, s, k, request.n + answer.n, now)) {
		memcpy(k->octets, request.p, request.n);
		memcpy(k->octets + request.n, answer.p, answer.n);
		memcpy(k->addr, addr, strlen(addr) + 1);
		k->nrequest = request.n;
		k->nanswer = answer.n;
		k->at = now;
		k->tag = tag;
	}
	pthread_mutex_unlock(&s->lock);
}
