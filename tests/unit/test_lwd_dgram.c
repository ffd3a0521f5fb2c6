/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams through the loops, over real sockets on loopback with the echo protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/err.h"
#include "lwd/loop.h"
#include "lwd/system.h"
#include "lwd_echo.h"

#define PATIENCE_MS 20000

/* One loop and four workers, so that datagrams and connections share what there is. */
struct rig {
	struct lwd_net *net;
	unsigned port; /* UDP: echo; TCP: echo; port + 1, UDP: slow echo */
};

static const struct lwd_service_row rows[] = {
	{ "echo", LW_ROLE_KDC, 88, NULL, 0, false, &echo_proto, &echo_dgram },
	{ "slow", LW_ROLE_KDC, 89, NULL, 0, false, &echo_proto, &echo_slow_dgram },
};
static const struct lwd_program program = { .services = rows, .nservices = 2 };

/* Binds as the monitor does, on a port that happens to be free. */
static void bind_somewhere(const char *listen, struct lwd_bounds *ret, unsigned *ret_port)
{
	struct lwd_config conf = { .listen = strdup(listen), .kdc_loops = 1 };
	unsigned seed = (unsigned)getpid();
	char err[256];
	int r = LW_EIO;

	for (int i = 0; i < 200 && r != LW_OK; i++) {
		conf.port_offset = 20000 + (unsigned)rand_r(&seed) % 30000;
		r = lwd_bind(&program, &conf, "/nonexistent", ret, err);
	}
	assert_int_equal(r, LW_OK);
	*ret_port = 88 + (unsigned)conf.port_offset;
	free(conf.listen);
}

/* Whether a client had its answer when its request was asked, and when the loop said that all had left. */
static _Atomic int watched = -1, at_asked, at_sent;

static void batch(enum lwd_batch at)
{
	int fd = atomic_load(&watched), n;
	char octet;

	if (fd < 0 || at == LWD_BATCH_ASKS)
		return;
	n = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0 ? 1 : -1;
	atomic_store(at == LWD_BATCH_ASKED ? &at_asked : &at_sent, n);
}

static void rig_up(struct rig *rig, const char *listen)
{
	struct lwd_net_options opt = { .loops = 1, .workers = 4, .max_conns = 64, .max_conns_per_addr = 64, .batch = batch };
	struct lwd_bounds b = { 0 };

	atomic_store(&echo_doomed, 0);
	atomic_store(&echo_jobs, 0);
	atomic_store(&echo_batches, 0);
	bind_somewhere(listen, &b, &rig->port);
	assert_int_equal(lwd_net_new(&opt, NULL, &lw_clock_system, &rig->net), LW_OK);
	for (size_t i = 0; i < b.n; i++) {
		const struct lwd_service_row *row = &rows[b.v[i].service];
		struct lwd_service svc = { row->name, row->proto, NULL, row->tls, row->dgram };

		assert_int_equal(lwd_net_listen(rig->net, b.v[i].loop, b.v[i].fd, &svc), LW_OK);
	}
	free(b.v);
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig_up(rig, "127.0.0.1");
	assert_int_equal(lwd_net_start(rig->net), LW_OK);
	*state = rig;
	return 0;
}

/* The sockets are bound, and nobody serves them yet. */
static int set_up_later(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig_up(rig, "127.0.0.1");
	*state = rig;
	return 0;
}

static int set_up_wildcard(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig_up(rig, "*,::");
	assert_int_equal(lwd_net_start(rig->net), LW_OK);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	echo_release();
	if (rig->net != NULL) {
		lwd_net_drain(rig->net, 2 * LW_SECOND);
		lwd_net_free(rig->net);
	}
	free(rig);
	return 0;
}

/* ---- a client ---- */

/* Connected: it hears only what comes from the address that it asked. */
static int dial(const char *host, unsigned port, int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct timeval patience = { PATIENCE_MS / 1000, 0 };
	bool v4 = inet_pton(AF_INET, host, &in.sin_addr) == 1;
	int fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);

	if (!v4 && inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		fail();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6, v4 ? sizeof(in) : sizeof(in6)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void hear(int fd, const char *want)
{
	char buf[8192] = "";
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	assert_int_equal(n, strlen(want));
	assert_string_equal(buf, want);
}

/* Nothing more has come: whatever was asked before this has its answer or gets none. */
static void hear_nothing_before(int fd, const char *next)
{
	say(fd, next);
	hear(fd, next);
}

/* ---- tests ---- */

static void there_and_back(void **state)
{
	struct rig *rig = *state;
	int fd = dial("127.0.0.1", rig->port, SOCK_DGRAM), tcp = dial("127.0.0.1", rig->port, SOCK_STREAM);
	struct sockaddr_in me;
	socklen_t n = sizeof(me);
	char want[128];

	say(fd, "one");
	hear(fd, "one");
	say(fd, ""); /* an empty one is one */
	hear_nothing_before(fd, "two");
	assert_int_equal(getsockname(fd, (struct sockaddr *)&me, &n), 0);
	snprintf(want, sizeof(want), "127.0.0.1:%u loopback=1 local=0 out=4096", ntohs(me.sin_port));
	say(fd, "peer");
	hear(fd, want);
	say(fd, "silent");
	hear_nothing_before(fd, "three");
	say(tcp, "the same port\n");
	hear(tcp, "the same port\n");
	close(fd);
	close(tcp);
}

static void answers_have_left(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct rig *rig = *state;

	for (unsigned i = 0; i < 2; i++) {
		int fd = dial("127.0.0.1", rig->port, types[i]);

		atomic_store(&at_asked, 0);
		atomic_store(&at_sent, 0);
		atomic_store(&watched, fd);
		say(fd, "one\n");
		for (int ms = 0; atomic_load(&at_sent) == 0 && ms < PATIENCE_MS; ms++)
			usleep(1000);
		atomic_store(&watched, -1);
		assert_int_equal(atomic_load(&at_asked), -1);
		assert_int_equal(atomic_load(&at_sent), 1);
		hear(fd, "one\n");
		close(fd);
	}
}

/* What has come while nobody looked is answered in batches: each to whom it came from, a job among them. */
static void batches(void **state)
{
	struct rig *rig = *state;
	int fds[100];
	char text[32];

	for (int i = 0; i < 100; i++) {
		fds[i] = dial("127.0.0.1", rig->port, SOCK_DGRAM);
		snprintf(text, sizeof(text), i % 10 == 9 ? "job %d" : i % 10 == 8 ? "silent" : "number %d", i);
		say(fds[i], text);
	}
	assert_int_equal(lwd_net_start(rig->net), LW_OK);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), i % 10 == 9 ? "job %d" : "number %d", i);
		if (i % 10 != 8)
			hear(fds[i], text);
	}
	assert_int_equal(atomic_load(&echo_batches), 4); /* 32 at once */
	assert_int_equal(atomic_load(&echo_jobs), 10);
	for (int i = 0; i < 100; i++)
		close(fds[i]);
}

static void sizes(void **state)
{
	struct rig *rig = *state;
	int fd = dial("127.0.0.1", rig->port, SOCK_DGRAM);
	char most[2049], buf[8192];

	memset(most, 'm', sizeof(most));
	assert_int_equal(send(fd, most, 2049, 0), 2049); /* one octet too long: dropped, not cut */
	assert_int_equal(send(fd, most, 2048, 0), 2048);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 2048);
	say(fd, "big 4096");
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 4096);
	say(fd, "big 4097"); /* more than there is room for is no answer */
	hear_nothing_before(fd, "after");
	close(fd);
}

/* Jobs that do not come to an end: other datagrams and connections are served, no more than 64 wait, and all of those are
 * answered in the end. */
static void held(void **state)
{
	struct rig *rig = *state;
	int fd = dial("127.0.0.1", rig->port, SOCK_DGRAM), other = dial("127.0.0.1", rig->port, SOCK_DGRAM),
	    tcp = dial("127.0.0.1", rig->port, SOCK_STREAM), answers = 0;
	char buf[64];

	echo_hold();
	for (int i = 0; i < 100; i++)
		say(fd, "hold on");
	hear_nothing_before(other, "hello");
	say(tcp, "hello\n");
	hear(tcp, "hello\n");
	while (atomic_load(&echo_held) < 4) /* all workers have one */
		sched_yield();
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
	echo_release();
	for (; answers < 64; answers++)
		hear(fd, "hold on");
	hear_nothing_before(fd, "done");
	assert_int_equal(atomic_load(&echo_jobs), 64);
	/* the places are free again */
	say(fd, "job x");
	hear(fd, "job x");
	close(fd);
	close(other);
	close(tcp);
}

/* Slow jobs take at most half of the workers. */
static void lanes(void **state)
{
	struct rig *rig = *state;
	int slow = dial("127.0.0.1", rig->port + 1, SOCK_DGRAM), fd = dial("127.0.0.1", rig->port, SOCK_DGRAM);

	echo_hold();
	for (int i = 0; i < 10; i++)
		say(slow, "hold y");
	while (atomic_load(&echo_held) < 2)
		sched_yield();
	for (int i = 0; i < 20; i++) {
		say(fd, "job z");
		hear(fd, "job z");
		assert_int_equal(atomic_load(&echo_held), 2);
	}
	echo_release();
	for (int i = 0; i < 10; i++)
		hear(slow, "hold y");
	close(slow);
	close(fd);
}

/* A flood of datagrams leaves connections their turns. */
static void flood(void **state)
{
	struct rig *rig = *state;
	int fd = dial("127.0.0.1", rig->port, SOCK_DGRAM), tcp = dial("127.0.0.1", rig->port, SOCK_STREAM), turns = 0, last;

	for (int i = 0; i < 20; i++) {
		for (int j = 0; j < 500; j++)
			send(fd, "flood", 5, MSG_DONTWAIT); /* nobody reads the answers: those are dropped */
		say(tcp, "hello\n");
		hear(tcp, "hello\n");
		last = turns;
		turns = atomic_load(&echo_batches);
		assert_true(turns > last);
	}
	close(fd);
	close(tcp);
}

/* Bound to no address in particular, the answer still leaves from the one that was asked: a connected client hears it. */
static void wildcard(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2", "127.1.2.3", "::1" };
	struct rig *rig = *state;
	int fds[4], n = 0;

	for (size_t i = 0; i < 4; i++) {
		int fd = dial(hosts[i], rig->port, SOCK_DGRAM), tcp = dial(hosts[i], rig->port, SOCK_STREAM);

		if (fd < 0)
			continue; /* no IPv6 here */
		say(fd, "hello");
		hear(fd, "hello");
		say(fd, "job hello");
		hear(fd, "job hello");
		say(fd, "here");
		hear(fd, hosts[i]);
		say(tcp, "here\n");
		hear(tcp, hosts[i]);
		close(tcp);
		fds[n++] = fd;
	}
	assert_true(n >= 3);
	for (int i = 0; i < n; i++)
		say(fds[i], hosts[i]); /* all in one batch, perhaps */
	for (int i = 0; i < n; i++)
		hear(fds[i], hosts[i]);
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

/* From port 0 there is no way back: it never gets to the protocol. Needs the right to make such a packet. */
static void port_zero(void **state)
{
	struct rig *rig = *state;
	struct {
		struct udphdr udp;
		char text[8];
	} packet = { .udp = { .len = htons(16), .dest = htons((uint16_t)rig->port) }, .text = "job zero" };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP), fd;

	if (raw < 0)
		skip();
	assert_int_equal(sendto(raw, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(packet));
	fd = dial("127.0.0.1", rig->port, SOCK_DGRAM);
	say(fd, "job one");
	hear(fd, "job one");
	assert_int_equal(atomic_load(&echo_jobs), 1);
	close(fd);
	close(raw);
}

/* What has come before the end is answered, jobs too. */
static void drained(void **state)
{
	struct rig *rig = *state;
	int fd = dial("127.0.0.1", rig->port, SOCK_DGRAM), busy = dial("127.0.0.1", rig->port, SOCK_DGRAM);

	for (int i = 0; i < 40; i++)
		say(fd, "last words");
	say(busy, "job last");
	assert_true(lwd_net_drain(rig->net, 10 * LW_SECOND));
	for (int i = 0; i < 40; i++)
		hear(fd, "last words");
	hear(busy, "job last");
	lwd_net_free(rig->net);
	rig->net = NULL;
	close(fd);
	close(busy);
}

/* A port that somebody has cannot be shared with him, UDP no more than TCP. */
static void taken(void **state)
{
	struct rig *rig = *state;
	struct lwd_config conf = { .listen = strdup("127.0.0.1"), .port_offset = rig->port - 88, .kdc_loops = 1 };
	struct lwd_bounds b = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	char err[256] = "";
	int udp;

	assert_int_equal(lwd_bind(&program, &conf, "/nonexistent", &b, err), LW_EIO);
	assert_non_null(strstr(err, "in use"));
	for (int i = 0; i < 100; i++) { /* free for TCP, but not for UDP */
		int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		in.sin_port = 0;
		assert_int_equal(bind(udp, (struct sockaddr *)&in, sizeof(in)), 0);
		getsockname(udp, (struct sockaddr *)&in, &n);
		if (ntohs(in.sin_port) > 10000 && ntohs(in.sin_port) < 60000 && bind(tcp, (struct sockaddr *)&in, sizeof(in)) == 0) {
			close(tcp);
			break;
		}
		close(tcp);
		close(udp);
	}
	conf.port_offset = ntohs(in.sin_port) - 88u;
	assert_int_equal(lwd_bind(&program, &conf, "/nonexistent", &b, err), LW_EIO);
	assert_non_null(strstr(err, "in use"));
	assert_int_equal(b.n, 0);
	close(udp);
	free(conf.listen);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG(there_and_back), RIG(answers_have_left), cmocka_unit_test_setup_teardown(batches, set_up_later, tear_down), RIG(sizes), RIG(held),
		RIG(lanes), RIG(flood), cmocka_unit_test_setup_teardown(wildcard, set_up_wildcard, tear_down), RIG(port_zero),
		RIG(drained), RIG(taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
