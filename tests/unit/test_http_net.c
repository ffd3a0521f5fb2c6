/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP over real sockets on loopback, in the clear and over TLS, through the loops; and with curl. Time is the system's and what the test
 * adds to it. Every wait is for octets. */
#include "unit.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "http_rig.h"
#include "lwd/loop.h"
#include "lwd/tls.h"
#include "lwd_sign.h"

#define PATIENCE   30 /* seconds */
#define PER_ADDR   4
#define H          "Host: localhost\r\n"

static _Atomic int64_t later;

static int64_t later_mono(const struct lw_clock *clock)
{
	return lw_mono(&lw_clock_system) + atomic_load(&later);
}

static int64_t now_wall(const struct lw_clock *clock)
{
	return lw_wall(&lw_clock_system);
}

static const struct lw_clock turned = { .wall = now_wall, .mono = later_mono };

struct rig {
	struct lwd_tls *tls;
	struct lwd_net *net;
	struct http_server *srv;
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
	EVP_PKEY *key;

	assert_int_equal(lwd_tls_request(arena, &key, &csr), LW_OK);
	assert_int_equal(sign_request(csr, arena, &pem), LW_OK);
	assert_int_equal(lwd_tls_set(tls, pem, key), LW_OK);
	EVP_PKEY_free(key);
	lw_arena_free(arena);
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct lwd_net_options opt = { .loops = 2, .workers = 4, .max_conns = 64, .max_conns_per_addr = PER_ADDR };
	struct http_server_options http = rig_options;
	struct lwd_service plain = { "http", &http_proto, NULL, false, NULL }, secure = { "https", &http_proto, NULL, true, NULL };

	http.clock = &turned;
	assert_int_equal(http_server_new(&http, &rig->srv), LW_OK);
	plain.server = secure.server = rig->srv;
	rig->tls = lwd_tls_new();
	new_cert(rig->tls);
	assert_int_equal(lwd_net_new(&opt, rig->tls, &turned, &rig->net), LW_OK);
	assert_int_equal(lwd_net_listen(rig->net, 0, listener(&rig->plain), &plain), LW_OK);
	assert_int_equal(lwd_net_listen(rig->net, 1, listener(&rig->secure), &secure), LW_OK);
	assert_int_equal(lwd_net_start(rig->net), LW_OK);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	assert_true(lwd_net_drain(rig->net, 5 * LW_SECOND));
	lwd_net_free(rig->net);
	lwd_tls_free(rig->tls);
	http_server_free(rig->srv);
	free(rig);
	return 0;
}

/* ---- a client ---- */

static int dial(const struct sockaddr_in *to)
{
	struct timeval patience = { PATIENCE, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What comes until the other side closes, or until n whole answers with bodies of `ok` are there (n 0: until it closes). */
static size_t hear(int fd, char *buf, size_t size, unsigned n)
{
	size_t got = 0;

	for (;;) {
		unsigned seen = 0;
		ssize_t r;

		buf[got] = '\0';
		for (const char *p = buf; (p = strstr(p, "\r\n\r\nok\n")) != NULL; p++)
			seen++;
		if (n > 0 && seen >= n)
			return got;
		assert_true(got + 1 < size);
		r = recv(fd, buf + got, size - got - 1, 0);
		if (r < 0 && errno == ECONNRESET)
			r = 0;
		assert_true(r >= 0); /* else: not in time */
		if (r == 0)
			return got;
		got += (size_t)r;
	}
}

static unsigned count(const char *buf, const char *what)
{
	unsigned n = 0;

	for (; (buf = strstr(buf, what)) != NULL; buf++)
		n++;
	return n;
}

static char heard[1 << 20];

static void test_keep_alive(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain);

	for (int i = 0; i < 3; i++) {
		say(fd, "GET /livez HTTP/1.1\r\n" H "\r\n");
		hear(fd, heard, sizeof(heard), 1);
	}
	for (int i = 0; i < 200; i++)
		say(fd, "GET /livez HTTP/1.1\r\n" H "\r\n");
	hear(fd, heard, sizeof(heard), 200);
	assert_int_equal(count(heard, "HTTP/1.1 200 OK"), 200);
	say(fd, "GET /things/x HTTP/1.1\r\n" H "\r\nGET /livez HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	hear(fd, heard, sizeof(heard), 0); /* it closes */
	assert_int_equal(count(heard, "HTTP/1.1 200 OK"), 2);
	assert_int_equal(count(heard, "name=x;"), 1);
	close(fd);
}

static void test_slow(void **state)
{
	struct rig *rig = *state;
	int head = dial(&rig->plain), body = dial(&rig->plain), silent = dial(&rig->plain), hands = dial(&rig->secure);

	say(head, "GET /livez HTTP/1.1\r\nHos");
	say(body, "POST /things/a HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n");
	assert_true(recv(body, heard, sizeof(heard), 0) > 0); /* it has the head */
	say(body, "abc");
	while (lwd_net_conns(rig->net) < 4)
		usleep(1000); /* all are accepted before the clock is turned */
	atomic_fetch_add(&later, HTTP_HEAD_US + 1);
	hear(head, heard, sizeof(heard), 0);
	/* it may have been closed before its octets were read: then nothing had begun */
	assert_true(heard[0] == '\0' || strncmp(heard, "HTTP/1.1 408 ", 13) == 0);
	assert_int_equal(hear(silent, heard, sizeof(heard), 0), 0);
	assert_int_equal(hear(hands, heard, sizeof(heard), 0), 0);
	atomic_fetch_add(&later, HTTP_BODY_US);
	hear(body, heard, sizeof(heard), 0);
	assert_non_null(strstr(heard, "HTTP/1.1 408 "));
	close(head);
	close(body);
	close(silent);
	close(hands);
}

static void test_per_address(void **state)
{
	struct rig *rig = *state;
	int fds[PER_ADDR], more;

	for (int i = 0; i < PER_ADDR; i++) {
		fds[i] = dial(&rig->plain);
		say(fds[i], "GET /livez HTTP/1.1\r\n" H "\r\n");
		hear(fds[i], heard, sizeof(heard), 1);
	}
	more = dial(&rig->plain);
	assert_int_equal(hear(more, heard, sizeof(heard), 0), 0);
	close(more);
	for (int i = 0; i < PER_ADDR; i++)
		close(fds[i]);
}

static void test_clear(void **state)
{
	struct rig *rig = *state;
	int fd = dial(&rig->plain);

	say(fd, "GET /whoami HTTP/1.1\r\n" H "Authorization: Bearer good-token\r\n\r\n");
	hear(fd, heard, sizeof(heard), 0);
	assert_int_equal(strncmp(heard, "HTTP/1.1 403 ", 13), 0);
	close(fd);
}

/* ---- curl ---- */

/* curl's arguments; PLAIN and SECURE stand for the addresses. Its exit status; what it printed is in heard. */
static int curl(struct rig *rig, const char *args)
{
	char cmd[2048], *to = cmd;
	FILE *f;
	size_t n;

	to += snprintf(to, sizeof(cmd), "curl -sS -k --max-time %d ", PATIENCE);
	for (const char *p = args; *p != '\0' && to < cmd + sizeof(cmd) - 64; p++) {
		if (strncmp(p, "PLAIN", 5) == 0)
			to += sprintf(to, "http://127.0.0.1:%u", ntohs(rig->plain.sin_port)), p += 4;
		else if (strncmp(p, "SECURE", 6) == 0)
			to += sprintf(to, "https://127.0.0.1:%u", ntohs(rig->secure.sin_port)), p += 5;
		else
			*to++ = *p;
	}
	snprintf(to, 8, " 2>&1");
	f = popen(cmd, "r");
	assert_non_null(f);
	n = fread(heard, 1, sizeof(heard) - 1, f);
	heard[n] = '\0';
	return pclose(f);
}

static void test_curl(void **state)
{
	static const struct {
		const char *args, *want;
	} rows[] = {
		{ "SECURE/livez", "ok\n" },
		{ "--http1.0 SECURE/livez", "ok\n" },
		{ "-o /dev/null -w '%{http_code} %{size_download}' -I SECURE/livez", "200 0" },
		{ "-w '%{num_connects} ' SECURE/livez SECURE/secure SECURE/things/x", "ok\n1 ok\n0 name=x;?|0 " },
		{ "-d hello SECURE/things/x", "name=x;?|hello" },
		{ "-H 'Transfer-Encoding: chunked' -d hello SECURE/things/x", "name=x;?|hello" },
		{ "-H 'Expect: 100-continue' -d hello SECURE/things/x", "name=x;?|hello" },
		{ "-X PUT --data-binary @/dev/null SECURE/things/x/of/y", "name=x;other=y;?|" },
		{ "-u 'alice:secret:e\xc3\xa9' SECURE/whoami", "alice by password" },
		{ "-o /dev/null -w '%{http_code}' -u alice:wrong SECURE/whoami", "401" },
		{ "-H 'Authorization: Bearer good-token' SECURE/whoami", "alice by token" },
		{ "-o /dev/null -w '%{http_code}' --path-as-is SECURE/things/../../x", "400" },
		{ "-o /dev/null -w '%{http_code}' -X DELETE SECURE/things/x", "204" },
		{ "PLAIN/livez", "ok\n" },
		{ "-H 'Content-Type: application/json' -d '{\"name\":\"b\"}' SECURE/json", "{\"name\":\"b\"}" },
	};
	struct rig *rig = *state;

	if (access("/usr/bin/curl", X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int r = curl(rig, rows[i].args);

		if (r != 0 || strcmp(heard, rows[i].want) != 0)
			fail_msg("curl %s: %d %s", rows[i].args, r, heard);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = { T(test_keep_alive), T(test_slow), T(test_per_address), T(test_clear), T(test_curl) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
