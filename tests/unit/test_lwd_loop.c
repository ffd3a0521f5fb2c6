/* SPDX-License-Identifier: Apache-2.0 */
/* The loops, driven over real sockets on loopback with the echo protocol. Every wait is for an
 * octet, but for the one that lets the loop's tick come due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "lwd/loop.h"
#include "lwd/tls.h"
#include "lwd_echo.h"
#include "lwd_sign.h"

#define PATIENCE_MS 20000

struct rig {
	struct lwd_tls *tls;
	struct lwd_net *net;
	struct sockaddr_in plain, secure;
};

static int listener(struct sockaddr_in *ret)
{
	socklen_t n = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(*ret)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &n), 0);
	return fd;
}

static void new_cert(struct lwd_tls *tls)
{
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	struct lw_bytes csr, pem;
	EVP_PKEY *key, *other;

	assert_int_equal(lwd_tls_request(arena, &key, &csr), LW_OK);
	assert_int_equal(sign_request(csr, arena, &pem), LW_OK);
	assert_int_equal(lwd_tls_set(tls, pem, key), LW_OK);
	other = EVP_EC_gen("P-256");
	assert_int_equal(lwd_tls_set(tls, pem, other), LW_EINVAL); /* not that key's */
	assert_int_equal(lwd_tls_set(tls, LW_LIT("-----BEGIN NOTHING"), key), LW_EINVAL);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
	lw_arena_free(arena);
}

static _Atomic int last_batch;

static void batch(enum lwd_batch at)
{
	atomic_store(&last_batch, (int)at);
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct lwd_net_options opt = { .loops = 2, .workers = 4, .max_conns = 64, .max_conns_per_addr = 16, .batch = batch };
	struct lwd_service plain = { "echo", &echo_proto, NULL, false }, secure = { "echos", &echo_proto, NULL, true };

	atomic_store(&echo_doomed, 0);
	atomic_store(&echo_steps, 0);
	atomic_store(&echo_jobs, 0);
	atomic_store(&last_batch, -1);
	rig->tls = lwd_tls_new();
	assert_false(lwd_tls_ready(rig->tls));
	new_cert(rig->tls);
	assert_true(lwd_tls_ready(rig->tls));
	assert_int_equal(lwd_net_new(&opt, rig->tls, &lw_clock_system, &rig->net), LW_OK);
	assert_int_equal(lwd_net_listen(rig->net, 0, listener(&rig->plain), &plain), LW_OK);
	assert_int_equal(lwd_net_listen(rig->net, 1, listener(&rig->secure), &secure), LW_OK);
	assert_int_equal(lwd_net_start(rig->net), LW_OK);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (rig->net != NULL) {
		lwd_net_drain(rig->net, 2 * LW_SECOND);
		lwd_net_free(rig->net);
	}
	lwd_tls_free(rig->tls);
	assert_int_equal(atomic_load(&echo_conns), 0); /* each machine was freed */
	free(rig);
	return 0;
}

/* ---- a client ---- */

static int dial(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { PATIENCE_MS / 1000, 0 };

	assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads exactly what is expected. */
static void hear(int fd, const char *want)
{
	size_t n = strlen(want), got = 0;
	char buf[4096];

	assert_true(n < sizeof(buf));
	while (got < n) {
		ssize_t r = recv(fd, buf + got, n - got, 0);

		if (r <= 0)
			fail_msg("heard %zu octets of \"%s\", then %s", got, want, r == 0 ? "the end" : strerror(errno));
		got += (size_t)r;
	}
	buf[got] = '\0';
	assert_string_equal(buf, want);
}

static void hear_end(int fd)
{
	char c;

	assert_int_equal(recv(fd, &c, 1, 0), 0);
}

static SSL *dial_tls(int fd, const char *sni)
{
	static SSL_CTX *ctx;
	SSL *ssl;

	if (ctx == NULL)
		ctx = SSL_CTX_new(TLS_client_method());
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, sni);
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void say_tls(SSL *ssl, const char *text)
{
	assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), strlen(text));
}

static void hear_tls(SSL *ssl, const char *want)
{
	char buf[4096];
	int n = (int)strlen(want), got = 0;

	while (got < n) {
		int r = SSL_read(ssl, buf + got, n - got);

		assert_true(r > 0);
		got += r;
	}
	buf[got] = '\0';
	assert_string_equal(buf, want);
}

/* ---- tests ---- */

static void pipelined(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain);

	say(fd, "one\ntwo\nthree\nfo");
	hear(fd, "one\ntwo\nthree\n");
	assert_int_equal(atomic_load(&echo_steps), 1); /* all that was buffered in one step */
	say(fd, "ur\n");
	hear(fd, "four\n");
	say(fd, "quit\n");
	hear(fd, "bye\n");
	hear_end(fd);
	close(fd);
}

/* All that have sent something are told so before the first of them is stepped. */
static void told_together(void **state)
{
	struct rig *rig = *state;
	int held = dial(&rig->plain), one = dial(&rig->plain), two = dial(&rig->plain);

	say(one, "hello\n"); /* they are accepted */
	say(two, "hello\n");
	hear(one, "hello\n");
	hear(two, "hello\n");
	echo_hold();
	say(held, "stay here\n");
	for (int ms = 0; atomic_load(&echo_steps) < 3 && ms < PATIENCE_MS; ms++)
		usleep(1000);
	assert_int_equal(atomic_load(&echo_steps), 3); /* the loop is held */
	say(one, "told\n"); /* both have arrived when the loop comes back */
	say(two, "told\n");
	echo_release();
	hear(held, "stay here\n");
	hear(one, "told 2\n");
	hear(two, "told 0\n");
	close(held);
	close(one);
	close(two);
}

static void octet_by_octet(void **state)
{
	struct rig *rig = *state;
	const char *text = "alpha\njob beta\ngamma\n";
	int fd = dial(&rig->plain);

	for (; *text != '\0'; text++)
		assert_int_equal(send(fd, text, 1, 0), 1);
	hear(fd, "alpha\njob beta\ngamma\n");
	shutdown(fd, SHUT_WR);
	hear_end(fd);
	close(fd);
}

static void half_closed(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain);

	say(fd, "job last words\nlost");
	shutdown(fd, SHUT_WR);
	hear(fd, "job last words\n"); /* what was asked before the end is answered */
	hear_end(fd);
	close(fd);
}

static void too_long(void **state)
{
	struct rig *rig = *state;
	char line[6000];
	int fd = dial(&rig->plain);

	memset(line, 'x', sizeof(line));
	assert_int_equal(send(fd, line, sizeof(line), MSG_NOSIGNAL), sizeof(line));
	hear(fd, "too long\n");
	hear_end(fd);
	close(fd);
}

static void jobs_in_order(void **state)
{
	struct rig *rig = *state;
	char ask[4096] = "", want[4096] = "";
	int fd = dial(&rig->plain);

	for (int i = 0; i < 100; i++) {
		char line[40];

		snprintf(line, sizeof(line), "%s %d\n", i % 3 == 0 ? "job" : i % 3 == 1 ? "slow" : "plain", i);
		memcpy(ask + strlen(ask), line, strlen(line) + 1);
		memcpy(want + strlen(want), line, strlen(line) + 1);
	}
	say(fd, ask);
	hear(fd, want);
	assert_int_equal(atomic_load(&echo_jobs), 67);
	close(fd);
}

/* Input that comes while a worker has the connection waits, and is then answered. */
static void input_during_job(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain), other = dial(&rig->plain);

	echo_hold();
	say(fd, "hold on\n");
	say(fd, "after\n");
	say(other, "hello\n"); /* the loop is free meanwhile */
	hear(other, "hello\n");
	assert_int_equal(recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	echo_release();
	hear(fd, "hold on\nafter\n");
	close(fd);
	close(other);
}

/* … also where the next request is another kind of job: it must not be forgotten that somebody waits. */
static void input_between_jobs(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain), other = dial(&rig->plain);

	echo_hold();
	say(fd, "hold on\nslow one\n");
	while (atomic_load(&echo_steps) < 1)
		sched_yield();
	say(fd, "after\n");
	say(other, "hello\n"); /* the loop has seen what came before */
	hear(other, "hello\n");
	echo_release();
	hear(fd, "hold on\nslow one\nafter\n");
	close(fd);
	close(other);
}

/* Answers that wait for others' are no stalled ones, when the loop's tick comes between. */
static void tick_between(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain), other = dial(&rig->plain);

	say(other, "hello\n");
	hear(other, "hello\n");
	echo_hold();
	say(fd, "stay here\n");
	while (atomic_load(&echo_steps) < 2)
		sched_yield();
	say(other, "again\n");
	nanosleep(&(struct timespec){ 1, 200000000 }, NULL); /* the tick is due then, in the same round as the input */
	echo_release();
	hear(fd, "stay here\n");
	hear(other, "again\n");
	close(fd);
	close(other);
}

/* Slow jobs take at most half of the workers. */
static void lanes(void **state)
{
	struct rig *rig = *state;
	int slow[6], fd = dial(&rig->plain);

	echo_hold();
	for (int i = 0; i < 3; i++) { /* of four workers three are taken */
		slow[i] = dial(&rig->plain);
		say(slow[i], "hold x\n");
	}
	for (int i = 3; i < 6; i++) {
		slow[i] = dial(&rig->plain);
		say(slow[i], "slow y\n");
	}
	for (int i = 3; i < 6; i++) /* the fourth does the slow ones, one after the other */
		hear(slow[i], "slow y\n");
	say(fd, "job z\n");
	hear(fd, "job z\n");
	echo_release();
	for (int i = 0; i < 3; i++)
		hear(slow[i], "hold x\n");
	for (int i = 0; i < 6; i++)
		close(slow[i]);
	close(fd);
}

/* Fifty megabytes for somebody who does not read at first: others are served, and no more is buffered than the mark. */
static void slow_reader(void **state)
{
	struct rig *rig = *state;
	const size_t size = 50u << 20;
	size_t got = 0;
	int fd = dial(&rig->plain), other = dial(&rig->plain), steps;
	char *buf = malloc(1 << 20);

	say(fd, "big 52428800\nnext\n");
	for (int i = 0; i < 50; i++) {
		say(other, "hello\n");
		hear(other, "hello\n");
	}
	steps = atomic_load(&echo_steps);
	assert_true(steps < 50 + 800); /* not all of the 800 quanta: the kernel's buffers are smaller */
	while (got < size + 1) {
		ssize_t n = recv(fd, buf, 1 << 20, 0);

		assert_true(n > 0);
		got += (size_t)n;
	}
	if (got == size + 1) /* and the next request is answered after it */
		hear(fd, "next\n");
	free(buf);
	close(fd);
	close(other);
}

static void tls(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->secure);
	SSL *ssl = dial_tls(fd, "Host.Acme.EXAMPLE");

	for (int ms = 0; atomic_load(&last_batch) != LWD_BATCH_SENT && ms < PATIENCE_MS; ms++)
		usleep(1000);
	assert_int_equal(atomic_load(&last_batch), LWD_BATCH_SENT); /* what came along with the handshake leaves no batch open */
	say_tls(ssl, "peer\njob x\n");
	hear_tls(ssl, "tls=1 sni=host.acme.example local=0 owner=0 binding=32\njob x\n");
	say_tls(ssl, "big 300000\n");
	for (int left = 300001; left > 0;) {
		char buf[4096];
		int n = SSL_read(ssl, buf, sizeof(buf));

		assert_true(n > 0);
		left -= n;
	}
	assert_int_equal(SSL_version(ssl), TLS1_3_VERSION);
	say_tls(ssl, "quit\n");
	hear_tls(ssl, "bye\n");
	assert_int_equal(SSL_read(ssl, &(char){ 0 }, 1), 0);
	assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN); /* an orderly end */
	SSL_free(ssl);
	close(fd);
}

static void starttls(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain);
	SSL *ssl;

	say(fd, "peer\n");
	hear(fd, "tls=0 sni= local=0 owner=0 binding=0\n");
	say(fd, "starttls\n");
	hear(fd, "ok\n");
	ssl = dial_tls(fd, "a.example");
	say_tls(ssl, "peer\n");
	hear_tls(ssl, "tls=1 sni=a.example local=0 owner=0 binding=32\n");
	SSL_free(ssl);
	close(fd);
	/* octets behind the request came in the clear */
	fd = dial(&rig->plain);
	say(fd, "starttls\ninjected\n");
	hear(fd, "no\n");
	hear_end(fd);
	close(fd);
}

/* A new certificate is for new connections; who is connected goes on. */
static void swap(void **state)
{
	struct rig *rig = *state;
	int a = dial(&rig->secure), b;
	SSL *sa = dial_tls(a, "a.example"), *sb;
	X509 *ca, *cb;

	say_tls(sa, "x\n");
	hear_tls(sa, "x\n");
	new_cert(rig->tls);
	say_tls(sa, "y\n");
	hear_tls(sa, "y\n");
	b = dial(&rig->secure);
	sb = dial_tls(b, "a.example");
	say_tls(sb, "z\n");
	hear_tls(sb, "z\n");
	ca = SSL_get1_peer_certificate(sa);
	cb = SSL_get1_peer_certificate(sb);
	assert_int_not_equal(X509_cmp(ca, cb), 0);
	X509_free(ca);
	X509_free(cb);
	SSL_free(sa);
	SSL_free(sb);
	close(a);
	close(b);
}

static void not_tls(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->secure);
	char c;

	say(fd, "this is no handshake\n");
	while (recv(fd, &c, 1, 0) > 0) /* an alert, perhaps */
		;
	close(fd);
	fd = dial(&rig->secure);
	SSL_free(dial_tls(fd, "a.example")); /* others get in */
	close(fd);
}

static void limits(void **state)
{
	struct rig *rig = *state;
	int fds[16], extra;

	for (int i = 0; i < 16; i++) {
		fds[i] = dial(&rig->plain);
		say(fds[i], "in\n");
		hear(fds[i], "in\n");
	}
	extra = dial(&rig->plain);
	hear_end(extra); /* the seventeenth of one address */
	close(extra);
	close(fds[0]);
	say(fds[1], "still\n");
	hear(fds[1], "still\n");
	lwd_net_limits(rig->net, 64, 17);
	extra = dial(&rig->plain);
	say(extra, "in\n");
	hear(extra, "in\n");
	close(extra);
	for (int i = 1; i < 16; i++)
		close(fds[i]);
}

static void revoked(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain);

	say(fd, "x\n");
	hear(fd, "x\n");
	atomic_store(&echo_doomed, 1);
	hear(fd, "revoked\n"); /* the tick comes by itself */
	hear_end(fd);
	close(fd);
}

static void drained(void **state)
{
	struct rig *rig = *state;
	int idle = dial(&rig->plain), secure = dial(&rig->secure), busy[12];
	SSL *ssl = dial_tls(secure, "a.example");

	for (unsigned i = 0; i < 12; i++)
		busy[i] = dial(&rig->plain);
	say(idle, "x\n");
	hear(idle, "x\n");
	say_tls(ssl, "x\n");
	hear_tls(ssl, "x\n");
	for (unsigned i = 0; i < 12; i++) /* some are read, some not when it begins */
		say(busy[i], "job in flight\n");
	assert_true(lwd_net_drain(rig->net, 10 * LW_SECOND));
	hear(idle, "farewell\n");
	hear_end(idle);
	for (unsigned i = 0; i < 12; i++) {
		hear(busy[i], "job in flight\nfarewell\n");
		hear_end(busy[i]);
		close(busy[i]);
	}
	hear_tls(ssl, "farewell\n");
	lwd_net_free(rig->net);
	rig->net = NULL;
	SSL_free(ssl);
	close(idle);
	close(secure);
}

/* A drain does not wait longer than it was told for somebody who takes no answers. */
static void drain_cut(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain), other = dial(&rig->plain);

	say(fd, "big 52428800\n");
	say(other, "x\n");
	hear(other, "x\n");
	assert_false(lwd_net_drain(rig->net, LW_SECOND / 10));
	lwd_net_free(rig->net);
	rig->net = NULL;
	close(fd);
	close(other);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(pipelined), RIG(told_together), RIG(octet_by_octet), RIG(half_closed), RIG(too_long), RIG(jobs_in_order), RIG(input_during_job), RIG(input_between_jobs),
		RIG(tick_between), RIG(lanes), RIG(slow_reader), RIG(tls), RIG(starttls), RIG(swap), RIG(not_tls), RIG(limits),
		RIG(revoked), RIG(drained), RIG(drain_cut),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
