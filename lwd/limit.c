/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#define NBUCKETS 1024

struct addr_count {
	struct addr_count *next;
	uint8_t key[17]; /* family, address (IPv4 in the first four) */
	size_t n;
};

struct addr_table {
	pthread_mutex_t lock;
	uint64_t seed;
	struct addr_count *buckets[NBUCKETS];
};

struct addr_table *addr_table_new(void)
{
	struct addr_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	t->seed = (uint64_t)(uintptr_t)t * UINT64_C(0x9e3779b97f4a7c15);
	return t;
}

void addr_table_free(struct addr_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < NBUCKETS; i++) {
		while (t->buckets[i] != NULL) {
			struct addr_count *a = t->buckets[i];

			t->buckets[i] = a->next;
			free(a);
		}
	}
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* An IPv6 host owns its /64; on a Unix socket a user is an address. */
static void make_key(const struct sockaddr_storage *sa, uid_t local, uint8_t key[17])
{
	memset(key, 0, 17);
	if (sa->ss_family == AF_UNIX) {
		key[0] = 1;
		memcpy(key + 1, &local, sizeof(local));
	} else if (sa->ss_family == AF_INET) {
		key[0] = 4;
		memcpy(key + 1, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	} else if (sa->ss_family == AF_INET6) {
		key[0] = 6;
		memcpy(key + 1, &((const struct sockaddr_in6 *)sa)->sin6_addr, 8);
	}
}

static struct addr_count **bucket(struct addr_table *t, const uint8_t key[17])
{
	uint64_t h = t->seed;

	for (int i = 0; i < 17; i++)
		h = (h ^ key[i]) * UINT64_C(0x100000001b3);
	return &t->buckets[(h >> 32) % NBUCKETS];
}

struct addr_count *addr_take(struct addr_table *t, const struct sockaddr_storage *sa, uid_t local, size_t max)
{
	struct addr_count *a, **b;
	uint8_t key[17];

	make_key(sa, local, key);
	pthread_mutex_lock(&t->lock);
	b = bucket(t, key);
	for (a = *b; a != NULL && memcmp(a->key, key, 17) != 0; a = a->next)
		;
	if (a == NULL && (a = calloc(1, sizeof(*a))) != NULL) {
		memcpy(a->key, key, 17);
		a->next = *b;
		*b = a;
	}
	if (a != NULL && a->n >= max)
		a = NULL;
	else if (a != NULL)
		a->n++;
	pthread_mutex_unlock(&t->lock);
	return a;
}

void addr_drop(struct addr_table *t, struct addr_count *a)
{
	struct addr_count **p;

	pthread_mutex_lock(&t->lock);
	if (--a->n == 0) {
		for (p = bucket(t, a->key); *p != a; p = &(*p)->next)
			;
		*p = a->next;
		free(a);
	}
	pthread_mutex_unlock(&t->lock);
}

static char *put_number(char *p, unsigned n)
{
	char digits[10];
	size_t i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (i > 0)
		*p++ = digits[--i];
	return p;
}

void addr_here(const void *addr, int family, struct lw_peer *ret)
{
	bool mapped = family == AF_INET6 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr);

	ret->here_n = family == AF_INET || mapped ? 4 : 16;
	memcpy(ret->here, (const uint8_t *)addr + (mapped ? 12 : 0), ret->here_n);
}

void addr_name(const struct sockaddr_storage *sa, struct lw_peer *ret)
{
	if (sa->ss_family == AF_INET) { /* by hand: it is done for each datagram */
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
		const uint8_t *a = (const uint8_t *)&in->sin_addr;
		char *p = ret->addr;

		for (int i = 0; i < 4; i++) {
			p = put_number(p, a[i]);
			*p++ = i < 3 ? '.' : ':';
		}
		*put_number(p, ntohs(in->sin_port)) = '\0';
		ret->loopback = a[0] == 127;
	} else {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
		char host[INET6_ADDRSTRLEN] = "?";

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(ret->addr, sizeof(ret->addr), "[%s]:%u", host, ntohs(in6->sin6_port));
		ret->loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	}
}
