/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd_echo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "base/clock.h"

#define LINE_MAX_N 4096

void (*echo_ask)(const char *line, char ret[256]);
_Atomic int echo_steps, echo_jobs, echo_conns, echo_doomed, echo_batches, echo_held;
static _Atomic int told;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static bool held;

struct echo {
	const struct lw_peer *peer;
	bool seen; /* octets, since it was told */
	int told;
	size_t big;
	char line[LINE_MAX_N];
};

void echo_hold(void)
{
	pthread_mutex_lock(&lock);
	held = true;
	pthread_mutex_unlock(&lock);
}

void echo_release(void)
{
	pthread_mutex_lock(&lock);
	held = false;
	pthread_mutex_unlock(&lock);
	pthread_cond_broadcast(&released);
}

static void wait_released(void)
{
	pthread_mutex_lock(&lock);
	atomic_fetch_add(&echo_held, 1);
	while (held)
		pthread_cond_wait(&released, &lock);
	atomic_fetch_sub(&echo_held, 1);
	pthread_mutex_unlock(&lock);
}

static void *conn_new(void *server, const struct lw_peer *peer)
{
	struct echo *e = calloc(1, sizeof(*e));

	if (e != NULL) {
		e->peer = peer;
		atomic_fetch_add(&echo_conns, 1);
	}
	return e;
}

static void conn_free(void *conn)
{
	atomic_fetch_sub(&echo_conns, 1);
	free(conn);
}

static void put(struct lw_writer *out, const char *s)
{
	lw_put_raw(out, s, strlen(s));
}

static bool is(const struct echo *e, const char *word)
{
	return strncmp(e->line, word, strlen(word)) == 0;
}

static void put_big(struct echo *e, struct lw_writer *out)
{
	size_t n = e->big < 65536 ? e->big : 65536;
	uint8_t *p = lw_put_space(out, n);

	if (p != NULL)
		memset(p, 'x', n);
	e->big -= n;
	if (e->big == 0)
		put(out, "\n");
}

/* The address that was asked, as text. */
static void name_here(const struct lw_peer *peer, char ret[INET6_ADDRSTRLEN])
{
	if (!peer->here_n || !inet_ntop(peer->here_n == 4 ? AF_INET : AF_INET6, peer->here, ret, INET6_ADDRSTRLEN))
		snprintf(ret, INET6_ADDRSTRLEN, "nowhere");
}

static enum lw_next line(struct echo *e, struct lw_writer *out, bool last)
{
	char text[600];

	if (is(e, "job ") || is(e, "hold ") || is(e, "ask "))
		return LW_NEXT_JOB;
	if (is(e, "slow "))
		return LW_NEXT_SLOW_JOB;
	if (is(e, "big ")) {
		e->big = strtoul(e->line + 4, NULL, 10);
		return LW_NEXT_MORE;
	}
	if (is(e, "starttls")) {
		put(out, last ? "ok\n" : "no\n");
		return last ? LW_NEXT_STARTTLS : LW_NEXT_CLOSE;
	}
	if (is(e, "quit")) {
		put(out, "bye\n");
		return LW_NEXT_CLOSE;
	}
	if (is(e, "stay ")) {
		pthread_mutex_lock(&lock);
		while (held)
			pthread_cond_wait(&released, &lock);
		pthread_mutex_unlock(&lock);
	}
	if (is(e, "die"))
		abort();
	if (is(e, "told")) {
		snprintf(text, sizeof(text), "told %d\n", e->told);
		put(out, text);
		return LW_NEXT_READ;
	}
	if (is(e, "peer")) {
		snprintf(text, sizeof(text), "tls=%d sni=%s local=%d owner=%d binding=%zu\n", e->peer->tls, e->peer->sni,
			e->peer->local, e->peer->owner, e->peer->tls_endpoint_n);
		put(out, text);
		return LW_NEXT_READ;
	}
	if (is(e, "here")) {
		name_here(e->peer, text);
		put(out, text);
		return LW_NEXT_READ;
	}
	put(out, e->line);
	put(out, "\n");
	return LW_NEXT_READ;
}

static enum lw_next step(void *conn, struct lw_reader *in, struct lw_writer *out)
{
	struct echo *e = conn;

	e->told = atomic_exchange(&told, 0);
	atomic_fetch_add(&echo_steps, 1);
	if (e->big > 0) {
		put_big(e, out);
		if (e->big > 0)
			return LW_NEXT_MORE;
	}
	while (in->p < in->end) {
		const uint8_t *nl = memchr(in->p, '\n', (size_t)(in->end - in->p));
		size_t n = (size_t)((nl != NULL ? nl : in->end) - in->p);
		enum lw_next next;

		if (n >= LINE_MAX_N) {
			put(out, "too long\n");
			return LW_NEXT_CLOSE;
		}
		if (nl == NULL)
			break;
		memcpy(e->line, in->p, n);
		e->line[n] = '\0';
		in->p = nl + 1;
		next = line(e, out, in->p == in->end);
		if (next != LW_NEXT_READ)
			return next;
	}
	return LW_NEXT_READ;
}

static void job(void *conn, struct lw_writer *out)
{
	struct echo *e = conn;
	char answer[256] = "nobody to ask";

	if (is(e, "hold "))
		wait_released();
	if (is(e, "ask ") && echo_ask != NULL)
		echo_ask(e->line + 4, answer);
	put(out, is(e, "ask ") ? answer : e->line);
	put(out, "\n");
	atomic_fetch_add(&echo_jobs, 1);
}

static bool tick(void *conn, struct lw_writer *out)
{
	if (!atomic_load(&echo_doomed))
		return false;
	put(out, "revoked\n");
	return true;
}

static void farewell(void *conn, struct lw_writer *out)
{
	put(out, "farewell\n");
}

static void seen(void *conn, struct lw_bytes in)
{
	struct echo *e = conn;

	e->seen = in.n > 0;
}

static void ahead(void *conn)
{
	struct echo *e = conn;

	if (e->seen)
		atomic_fetch_add(&told, 1);
	e->seen = false;
}

const struct lw_proto echo_proto = {
	.name = "echo",
	.max_message = LINE_MAX_N,
	.idle_us = 300 * LW_SECOND,
	.conn_new = conn_new,
	.step = step,
	.job = job,
	.conn_free = conn_free,
	.tick = tick,
	.farewell = farewell,
	.seen = seen,
	.ahead = ahead,
};

/* ---- datagrams ---- */

static bool begins(const struct lw_datagram *d, const char *word)
{
	return d->in.n >= strlen(word) && memcmp(d->in.p, word, strlen(word)) == 0;
}

static void echo_back(struct lw_datagram *d)
{
	memcpy(d->out, d->in.p, d->in.n);
	d->out_n = d->in.n;
}

static void dgram_answer(void *server, struct lw_datagram *v, size_t n)
{
	atomic_fetch_add(&echo_batches, 1);
	for (size_t i = 0; i < n; i++) {
		struct lw_datagram *d = &v[i];

		if (begins(d, "job ") || begins(d, "slow ") || begins(d, "hold ") || begins(d, "ask ")) {
			d->later = true;
		} else if (begins(d, "peer")) {
			d->out_n = (size_t)snprintf((char *)d->out, d->out_max, "%s loopback=%d local=%d out=%zu", d->peer->addr,
				d->peer->loopback, d->peer->local, d->out_max);
		} else if (begins(d, "here")) {
			name_here(d->peer, (char *)d->out);
			d->out_n = strlen((const char *)d->out);
		} else if (begins(d, "big ")) {
			d->out_n = strtoul((const char *)d->in.p + 4, NULL, 10);
			memset(d->out, 'x', d->out_n < d->out_max ? d->out_n : d->out_max);
		} else if (!begins(d, "silent")) {
			echo_back(d);
		}
	}
}

static void dgram_job(void *server, struct lw_datagram *d)
{
	char line[64], answer[256] = "nobody to ask";

	if (begins(d, "hold "))
		wait_released();
	if (begins(d, "ask ")) {
		snprintf(line, sizeof(line), "%.*s", (int)d->in.n - 4, (const char *)d->in.p + 4);
		if (echo_ask != NULL)
			echo_ask(line, answer);
		d->out_n = (size_t)snprintf((char *)d->out, d->out_max, "%s", answer);
	} else {
		echo_back(d);
	}
	atomic_fetch_add(&echo_jobs, 1);
}

const struct lw_dgram_proto echo_dgram = { "echo", 2048, 4096, false, dgram_answer, dgram_job };
const struct lw_dgram_proto echo_slow_dgram = { "slow echo", 2048, 4096, true, dgram_answer, dgram_job };
