/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends in one process. Who waits for whom is said by semaphores and sockets, never by time. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/chan.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/sock.h"

#define LONG (30 * LW_SECOND)

struct peer {
	pthread_t thread;
	int fds[2]; /* ours for the chan, the server's */
	unsigned nthreads, queue_max;
	int result;
	sem_t *entered, *go; /* a handler that got "hold" posts the first and waits for the second */
};

static atomic_uint handled;

/* "reverse": the answer is the request turned round, ten times over when it begins with 'x'. */
static void handler(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	struct peer *p = ctx;

	atomic_fetch_add(&handled, 1);
	if (lw_eq(request, LW_LIT("hold"))) {
		sem_post(p->entered);
		sem_wait(p->go);
	}
	for (int times = request.n && request.p[0] == 'x' ? 10 : 1; times; times--)
		for (size_t i = request.n; i-- > 0;)
			lw_put_u8(answer, request.p[i]);
	if (lw_eq(request, LW_LIT("huge")))
		lw_put_space(answer, LW_CHAN_MAX);
}

static void busy(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	lw_put_raw(answer, "busy", 4);
}

static void *serve(void *arg)
{
	struct peer *p = arg;

	p->result = lw_chan_serve(p->fds[1], p->nthreads, p->queue_max, handler, busy, p);
	close(p->fds[1]);
	return NULL;
}

static void peer_start(struct peer *p, unsigned nthreads, unsigned queue_max)
{
	p->nthreads = nthreads;
	p->queue_max = queue_max;
	assert_int_equal(lw_sock_pair(SOCK_STREAM, p->fds), LW_OK);
	assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void peer_end(struct peer *p)
{
	pthread_join(p->thread, NULL);
	assert_int_equal(p->result, LW_OK);
}

static int call(struct lw_chan *ch, const char *request, int64_t timeout, char ret[64])
{
	struct lw_arena *a = lw_arena_new(4096, true);
	struct lw_bytes answer = { NULL, 0 };
	int err = lw_chan_call(ch, lw_str(request), timeout, a, &answer);

	if (!err) {
		assert_true(answer.n < 64);
		if (answer.n)
			memcpy(ret, answer.p, answer.n);
		ret[answer.n] = 0;
	}
	lw_arena_free(a);
	return err;
}

/* A call on a thread of its own. */
struct caller {
	pthread_t thread;
	struct lw_chan *ch;
	const char *request;
	int64_t timeout;
	int err;
	char answer[64];
	sem_t *finished; /* posted in the end, when there is one */
};

static void *run_caller(void *arg)
{
	struct caller *c = arg;

	c->err = call(c->ch, c->request, c->timeout, c->answer);
	if (c->finished)
		sem_post(c->finished);
	return NULL;
}

static void caller_start(struct caller *c, struct lw_chan *ch, const char *request, int64_t timeout)
{
	c->ch = ch;
	c->request = request;
	c->timeout = timeout;
	assert_int_equal(pthread_create(&c->thread, NULL, run_caller, c), 0);
}

static void caller_end(struct caller *c, int err, const char *answer)
{
	pthread_join(c->thread, NULL);
	assert_int_equal(c->err, err);
	if (!err)
		assert_string_equal(c->answer, answer);
}

static void plain(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct peer p = { 0 };
	char answer[64];

	peer_start(&p, 1, 10);
	lw_chan_connect(ch, p.fds[0]);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(call(ch, "abc", LONG, answer), LW_OK);
		assert_string_equal(answer, "cba");
		assert_int_equal(call(ch, "", LONG, answer), LW_OK);
		assert_string_equal(answer, "");
	}
	assert_int_equal(call(ch, "huge", LONG, answer), LW_OK); /* sent empty */
	assert_string_equal(answer, "");
	lw_chan_free(ch);
	peer_end(&p);
	lw_chan_free(NULL);
}

/* 16 callers, each with bodies from nothing to beyond what the sockets hold at once. */
static void *many_calls(void *arg)
{
	struct lw_arena *a = lw_arena_new(32 << 20, true);
	uint8_t *data = malloc(300000);
	uintptr_t bad = 0;

	for (unsigned i = 0; i < 60; i++) {
		size_t n = i % 10 == 9 ? 200000 + i * 1000 : i * 37;
		struct lw_bytes out;

		for (size_t k = 0; k < n; k++)
			data[k] = (uint8_t)(k ? k * 31 + i : i % 20 == 19 ? 'x' : 'y');
		bad += lw_chan_call(arg, (struct lw_bytes){ data, n }, LONG, a, &out) != LW_OK;
		if (bad)
			break;
		bad += out.n != (i % 20 == 19 ? 10 * n : n);
		for (size_t k = 0; k < n && !bad; k++)
			bad += out.p[k] != data[n - 1 - k];
		lw_arena_reset(a);
	}
	free(data);
	lw_arena_free(a);
	return (void *)bad;
}

static void concurrent(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct peer p = { 0 };
	pthread_t t[16];
	void *bad;

	peer_start(&p, 4, 100);
	lw_chan_connect(ch, p.fds[0]);
	for (int i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&t[i], NULL, many_calls, ch), 0);
	for (int i = 0; i < 16; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	lw_chan_free(ch);
	peer_end(&p);
}

/* An answer overtakes one that is held up; the queue takes one more, then busy() answers. */
static void overtaking(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct caller held = { 0 }, held_too = { 0 }, more[2] = { 0 };
	struct peer p = { 0 };
	sem_t entered, go, finished;
	int busy_ones = 0;
	char answer[64];

	sem_init(&entered, 0, 0);
	sem_init(&go, 0, 0);
	p.entered = &entered;
	p.go = &go;
	peer_start(&p, 2, 1);
	lw_chan_connect(ch, p.fds[0]);
	caller_start(&held, ch, "hold", LONG);
	sem_wait(&entered);
	assert_int_equal(call(ch, "abc", LONG, answer), LW_OK);
	assert_string_equal(answer, "cba");
	caller_start(&held_too, ch, "hold", LONG);
	sem_wait(&entered);
	/* Of two more the queue takes one; whichever comes second is refused, and nothing else can be
	 * answered now. */
	sem_init(&finished, 0, 0);
	for (int i = 0; i < 2; i++) {
		more[i].finished = &finished;
		caller_start(&more[i], ch, "wait", LONG);
	}
	sem_wait(&finished);
	sem_post(&go);
	sem_post(&go);
	caller_end(&held, LW_OK, "dloh");
	caller_end(&held_too, LW_OK, "dloh");
	for (int i = 0; i < 2; i++) {
		pthread_join(more[i].thread, NULL);
		assert_int_equal(more[i].err, LW_OK);
		busy_ones += !strcmp(more[i].answer, "busy");
	}
	assert_int_equal(busy_ones, 1);
	assert_string_equal(more[!strcmp(more[0].answer, "busy")].answer, "tiaw");
	sem_destroy(&finished);
	lw_chan_free(ch);
	peer_end(&p);
	sem_destroy(&entered);
	sem_destroy(&go);
}

/* Reads one request from a socket of ours; its body. */
static size_t read_request(int fd, uint8_t head[12], char body[64])
{
	size_t n;

	assert_int_equal(lw_read_full(fd, head, 12), LW_OK);
	n = head[3];
	assert_int_equal(lw_read_full(fd, body, n), LW_OK);
	body[n] = 0;
	return n;
}

/* The peer dies with calls in flight, in the middle of an answer; the next socket's peer gets them all again.
 */
static void dying_peer(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct peer p = { 0 };
	struct caller c[8] = { 0 };
	uint8_t head[12];
	char body[64];
	int fds[2];

	assert_int_equal(lw_sock_pair(SOCK_STREAM, fds), LW_OK);
	lw_chan_connect(ch, fds[0]);
	for (int i = 0; i < 8; i++)
		caller_start(&c[i], ch, "abcdef", LONG);
	for (int i = 0; i < 8; i++) {
		read_request(fds[1], head, body);
		assert_string_equal(body, "abcdef");
	}
	assert_int_equal(lw_write_full(fds[1], head, 12), LW_OK); /* of six octets only two */
	assert_int_equal(lw_write_full(fds[1], "zz", 2), LW_OK);
	close(fds[1]);
	peer_start(&p, 2, 100);
	lw_chan_connect(ch, p.fds[0]);
	for (int i = 0; i < 8; i++)
		caller_end(&c[i], LW_OK, "fedcba");
	lw_chan_free(ch);
	peer_end(&p);
}

struct looper {
	struct lw_chan *ch;
	atomic_bool *stop;
	unsigned calls, failed;
};

static void *loop(void *arg)
{
	struct looper *l = arg;
	char answer[64];

	while (!atomic_load(l->stop)) {
		l->failed += call(l->ch, "abcdef", LONG, answer) != LW_OK || strcmp(answer, "fedcba") != 0;
		l->calls++;
	}
	return NULL;
}

/* 16 callers see nothing of 30 peers dying one after the other. Each peer lives for 64 requests, so that no
 * call meets the end of LW_CHAN_TRIES of them. */
static void restarts(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct looper l[16];
	struct peer p;
	pthread_t t[16];
	atomic_bool stop = false;

	for (int i = 0; i < 16; i++) {
		l[i] = (struct looper){ .ch = ch, .stop = &stop };
		assert_int_equal(pthread_create(&t[i], NULL, loop, &l[i]), 0);
	}
	for (int i = 0; i < 30; i++) {
		unsigned until = atomic_load(&handled) + 64;

		p = (struct peer){ 0 };
		peer_start(&p, 4, 100);
		lw_chan_connect(ch, p.fds[0]);
		while ((int)(until - atomic_load(&handled)) > 0)
			sched_yield();
		if (i < 29) {
			shutdown(p.fds[1], SHUT_RDWR);
			peer_end(&p);
		}
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 16; i++) {
		pthread_join(t[i], NULL);
		assert_true(l[i].calls > 0);
		assert_int_equal(l[i].failed, 0);
	}
	lw_chan_free(ch);
	peer_end(&p);
}

/* Calls that come before there is a peer wait for it; those of a peer replaced alive go to the new one. */
static void connecting_late(void **state)
{
	int fds[2], before = dup(0);
	struct lw_chan *ch = lw_chan_new("keyd");
	struct peer p = { 0 };
	struct caller c = { 0 };
	uint8_t head[12];
	char body[64], answer[64];

	caller_start(&c, ch, "abc", LONG);
	assert_int_equal(lw_sock_pair(SOCK_STREAM, fds), LW_OK);
	lw_chan_connect(ch, fds[0]);
	read_request(fds[1], head, body);
	peer_start(&p, 1, 10);
	lw_chan_connect(ch, p.fds[0]);
	caller_end(&c, LW_OK, "cba");
	assert_int_equal(recv(fds[1], body, 1, 0), 0); /* the replaced socket is closed */
	close(fds[1]);
	assert_int_equal(call(ch, "def", LONG, answer), LW_OK);
	lw_chan_free(ch);
	peer_end(&p);
	close(before);
	assert_int_equal(dup(0), before); /* no descriptor is left open */
	close(before);
}

/* A request that kills every peer is given up. */
static void poison(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct caller c = { 0 };

	caller_start(&c, ch, "abc", LONG);
	for (int i = 0; i < LW_CHAN_TRIES; i++) {
		uint8_t head[12];
		char body[64];
		int fds[2];

		assert_int_equal(lw_sock_pair(SOCK_STREAM, fds), LW_OK);
		lw_chan_connect(ch, fds[0]);
		read_request(fds[1], head, body);
		close(fds[1]);
	}
	{
		int fds[2];

		assert_int_equal(lw_sock_pair(SOCK_STREAM, fds), LW_OK);
		lw_chan_connect(ch, fds[0]);
		caller_end(&c, LW_EUNAVAIL, NULL);
		close(fds[1]);
	}
	lw_chan_free(ch);
}

static void timeouts(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	int64_t start = lw_mono(&lw_clock_system), took;
	struct peer p = { 0 };
	struct caller c = { 0 };
	sem_t entered, go;
	char answer[64];

	assert_int_equal(call(ch, "abc", 20000, answer), LW_EUNAVAIL); /* no peer */
	took = lw_mono(&lw_clock_system) - start;
	assert_true(took >= 20000);
	start = lw_mono(&lw_clock_system);
	assert_int_equal(call(ch, "abc", LONG, answer), LW_EUNAVAIL); /* gives up long before its own time */
	took = lw_mono(&lw_clock_system) - start;
	assert_true(took >= LW_CHAN_DEAD_US && took < 10 * LW_SECOND);

	sem_init(&entered, 0, 0);
	sem_init(&go, 0, 0);
	p.entered = &entered;
	p.go = &go;
	peer_start(&p, 1, 10);
	lw_chan_connect(ch, p.fds[0]);
	caller_start(&c, ch, "hold", 30000);
	sem_wait(&entered);
	caller_end(&c, LW_ETIMEOUT, NULL);
	sem_post(&go); /* the late answer is for nobody */
	assert_int_equal(call(ch, "abc", LONG, answer), LW_OK);
	assert_string_equal(answer, "cba");
	lw_chan_free(ch);
	peer_end(&p);
	sem_destroy(&entered);
	sem_destroy(&go);
}

/* A call that gives up with half its frame on the wire does not garble the calls behind it. */
static void half_sent(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct lw_arena *a = lw_arena_new(4096, false);
	uint8_t *big = malloc(8 << 20);
	struct lw_bytes out;
	struct peer p = { 0 };
	char answer[64];

	memset(big, 'y', 8 << 20);
	p.nthreads = 1;
	p.queue_max = 10;
	assert_int_equal(lw_sock_pair(SOCK_STREAM, p.fds), LW_OK);
	lw_chan_connect(ch, p.fds[0]);
	assert_int_equal(lw_chan_call(ch, (struct lw_bytes){ big, 8 << 20 }, 20000, a, &out), LW_ETIMEOUT);
	free(big);
	assert_int_equal(pthread_create(&p.thread, NULL, serve, &p), 0); /* only now does the peer read */
	assert_int_equal(call(ch, "abc", LONG, answer), LW_OK);
	assert_string_equal(answer, "cba");
	lw_arena_free(a);
	lw_chan_free(ch);
	peer_end(&p);
}

/* An answer longer than its caller's arena allows, and one that says it is longer than any may be. */
static void too_long(void **state)
{
	struct lw_chan *ch = lw_chan_new("keyd");
	struct lw_arena *a = lw_arena_new(100, false);
	uint8_t request[90], head[12];
	struct lw_bytes out;
	struct caller c = { 0 };
	struct peer p = { 0 };
	char answer[64], body[64];
	int fds[2];

	memset(request, 'x', sizeof request);
	peer_start(&p, 1, 10);
	lw_chan_connect(ch, p.fds[0]);
	assert_int_equal(
	        lw_chan_call(ch, (struct lw_bytes){ request, sizeof request }, LONG, a, &out), LW_ELIMIT);
	assert_int_equal(call(ch, "abc", LONG, answer), LW_OK);
	assert_int_equal(
	        lw_chan_call(ch, (struct lw_bytes){ request, LW_CHAN_MAX + 1 }, LONG, a, &out), LW_ELIMIT);

	assert_int_equal(lw_sock_pair(SOCK_STREAM, fds), LW_OK);
	lw_chan_connect(ch, fds[0]);
	peer_end(&p);
	caller_start(&c, ch, "abc", LONG);
	read_request(fds[1], head, body);
	head[0] = 0xff;
	assert_int_equal(lw_write_full(fds[1], head, 12), LW_OK);
	assert_int_equal(recv(fds[1], body, 1, 0), 0); /* such a peer is dropped */
	close(fds[1]);
	p = (struct peer){ 0 };
	peer_start(&p, 1, 10);
	lw_chan_connect(ch, p.fds[0]);
	caller_end(&c, LW_OK, "cba");
	lw_chan_free(ch);
	peer_end(&p);
	lw_arena_free(a);
}

/* The server refuses frames longer than any may be by hanging up. */
static void server_limit(void **state)
{
	static const uint8_t head[12] = { 0x7f };
	struct peer p = { 0 };
	uint8_t b;

	peer_start(&p, 1, 10);
	assert_int_equal(lw_write_full(p.fds[0], head, 12), LW_OK);
	assert_int_equal(recv(p.fds[0], &b, 1, 0), 0);
	peer_end(&p);
	close(p.fds[0]);
	assert_int_equal(lw_chan_serve(0, 0, 1, handler, busy, NULL), LW_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(concurrent),
		cmocka_unit_test(overtaking),
		cmocka_unit_test(dying_peer),
		cmocka_unit_test(restarts),
		cmocka_unit_test(connecting_late),
		cmocka_unit_test(poison),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(half_sent),
		cmocka_unit_test(too_long),
		cmocka_unit_test(server_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
