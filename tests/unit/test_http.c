/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP as clients see it: requests as octets over TLS and in the clear on loopback, and what comes back. Statuses are those of RFC 9110 and
 * 9112. Time is the system's and what the test adds to it; every wait is for octets. (Long: tables of
 * requests and their statuses, all asked of one server through one client.) */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "http_rig.h"
#include "lwd/conn.h"
#include "lwd/tls.h"
#include "lwd_sign.h"

#define TEN      "0123456789"
#define THOUSAND TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define PATIENCE 20 /* seconds */
#define PER_ADDR 8

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
	struct workers *workers;
	struct lwd_tls *tls;
	SSL_CTX *client;
	struct http_server *srv;
	struct sockaddr_in plain, secure;
	int fd;
	SSL *ssl; /* NULL: in the clear */
	char out[1 << 20];
	size_t n;
	const char *asked;
};

/* ---- what lends the server its workers and its TLS ---- */

static void run_work(struct work *w)
{
	struct http_work *h = (struct http_work *)((char *)w - offsetof(struct http_work, room));

	h->run(h);
}

static void submit(void *host, struct http_work *h)
{
	struct rig *r = host;
	struct work *w = (struct work *)h->room;

	_Static_assert(sizeof(struct work) <= sizeof(h->room), "room");
	*w = (struct work){ .slow = h->slow, .run = run_work };
	workers_submit(r->workers, w);
}

static SSL *new_ssl(void *host)
{
	struct rig *r = host;

	return lwd_tls_ssl(r->tls);
}

static void tls_peer(void *host, SSL *ssl, struct lw_peer *peer)
{
	lwd_tls_peer(ssl, peer);
}

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

static int dial(const struct sockaddr_in *to)
{
	struct timeval patience = { PATIENCE, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void open_conn(struct rig *r)
{
	r->fd = dial(&r->secure);
	r->n = 0;
	r->out[0] = '\0';
	r->ssl = SSL_new(r->client);
	SSL_set_fd(r->ssl, r->fd);
	assert_int_equal(SSL_connect(r->ssl), 1);
}

static void close_conn(struct rig *r)
{
	SSL_free(r->ssl);
	r->ssl = NULL;
	close(r->fd);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct http_server_options opt = rig_options;

	lw_log_level(LW_ERROR);
	r->workers = workers_new(4);
	r->tls = lwd_tls_new();
	new_cert(r->tls);
	r->client = SSL_CTX_new(TLS_client_method());
	opt.clock = &turned;
	opt.loops = 2;
	opt.max_conns = 64;
	opt.max_conns_per_addr = PER_ADDR;
	opt.max_held = 400000;
	opt.host = r;
	opt.submit = submit;
	opt.tls = new_ssl;
	opt.tls_peer = tls_peer;
	assert_int_equal(http_server_new(&opt, &r->srv), LW_OK);
	assert_int_equal(http_server_listen(r->srv, 0, listener(&r->plain), false), LW_OK);
	assert_int_equal(http_server_listen(r->srv, 1, listener(&r->secure), true), LW_OK);
	assert_int_equal(http_server_start(r->srv), LW_OK);
	open_conn(r);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	if (r->fd >= 0) {
		close_conn(r);
		assert_true(http_server_drain(r->srv, 5 * LW_SECOND));
	}
	workers_free(r->workers);
	http_server_free(r->srv);
	SSL_CTX_free(r->client);
	lwd_tls_free(r->tls);
	free(r);
	return 0;
}

/* ---- a client ---- */

static void give(struct rig *r, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t k = r->ssl != NULL ? SSL_write(r->ssl, at, (int)n) : send(r->fd, at, n, MSG_NOSIGNAL);

		if (k <= 0)
			return; /* closed: what it had to say comes first */
		at += k;
		n -= (size_t)k;
	}
}

/* The octets of the answer that begins at p; 0: it is not whole. HEAD and 1xx: head alone. */
static size_t whole(const char *p, bool head)
{
	const char *end = strstr(p, "\r\n\r\n"), *length;
	size_t n;

	if (end == NULL)
		return 0;
	n = (size_t)(end - p) + 4;
	length = strstr(p, "Content-Length: ");
	if (!head && p[9] != '1' && length != NULL && length < end)
		n += (size_t)atoi(length + 16);
	return strlen(p) >= n ? n : 0;
}

/* Reads until so many answers are there, or it closes. */
static void hear(struct rig *r, unsigned answers, bool head)
{
	for (;;) {
		const char *p = r->out;
		unsigned seen = 0;
		size_t n;
		ssize_t k;

		for (; *p != '\0' && (n = whole(p, head)) > 0; p += n)
			seen++;
		if (answers > 0 && seen >= answers)
			return;
		assert_true(r->n + 1 < sizeof(r->out));
		errno = 0;
		k = r->ssl != NULL ? SSL_read(r->ssl, r->out + r->n, (int)(sizeof(r->out) - r->n - 1)) :
				     recv(r->fd, r->out + r->n, sizeof(r->out) - r->n - 1, 0);
		if (k <= 0 && errno == EAGAIN)
			print_error("no answer in time to %s; so far: %s", r->asked, r->out);
		if (k <= 0)
			return;
		r->n += (size_t)k;
		r->out[r->n] = '\0';
	}
}

static void send_text(struct rig *r, const char *text)
{
	give(r, text, strlen(text));
}

static void say(struct rig *r, const char *text)
{
	r->n = 0;
	r->out[0] = '\0';
	r->asked = text;
	send_text(r, text);
	hear(r, 1, strncmp(text, "HEAD", 4) == 0);
}

static const char *answer(struct rig *r)
{
	return r->out;
}

static int status(struct rig *r)
{
	return r->n < 12 || memcmp(r->out, "HTTP/1.", 7) != 0 ? 0 : atoi(r->out + 9);
}

static void body_is(struct rig *r, const char *want)
{
	const char *b = strstr(answer(r), "\r\n\r\n");

	assert_non_null(b);
	assert_string_equal(b + 4, want);
}

static bool has(struct rig *r, const char *text)
{
	return strstr(answer(r), text) != NULL;
}

/* ---- requests and their statuses ---- */

struct request {
	const char *text;
	int status; /* 0: refused, as evhttp likes */
	enum { STAYS, CLOSES } next;
};

static void one_by_one(struct rig *r, const struct request *v, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++) {
		close_conn(r);
		open_conn(r);
		say(r, v[i].text);
		if ((v[i].status == 0 ? status(r) < 400 : status(r) != v[i].status) || (v[i].next == CLOSES) != has(r, "Connection: close\r\n"))
			wrong++, print_error("%s\ngave %d, not %d:\n%s\n", v[i].text, status(r), v[i].status, answer(r));
		else if (status(r) >= 400)
			assert_true(has(r, "Content-Type: application/problem+json\r\n"));
	}
	assert_int_equal(wrong, 0);
}
#define EACH(r, rows) one_by_one(r, rows, sizeof(rows) / sizeof(*(rows)))
#define H "Host: a.example\r\n"

static void test_plain(void **state)
{
	struct rig *r = *state;

	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(status(r), 200);
	body_is(r, "ok\n");
	assert_true(has(r, "\r\nDate: "));
	assert_true(has(r, "Cache-Control: no-store\r\n"));
	assert_true(has(r, "X-Content-Type-Options: nosniff\r\n"));
	assert_true(has(r, "Content-Type: text/plain\r\n"));
	assert_true(has(r, "Content-Length: 3\r\n"));
}

static void test_statuses(void **state)
{
	static const struct request rows[] = {
		{ "GET / HTTP/1.1\r\n" H "\r\n", 200, STAYS },
		{ "GET /nowhere HTTP/1.1\r\n" H "\r\n", 404, STAYS },
		{ "GET /livez/ HTTP/1.1\r\n" H "\r\n", 404, STAYS },
		{ "GET /things/ HTTP/1.1\r\n" H "\r\n", 404, STAYS },
		{ "DELETE /things/a HTTP/1.1\r\n" H "\r\n", 204, STAYS },
		{ "PUT /things/a HTTP/1.1\r\n" H "\r\n", 405, STAYS },
		{ "OPTIONS /livez HTTP/1.1\r\n" H "\r\n", 405, STAYS },
		{ "TRACE /livez HTTP/1.1\r\n" H "\r\n", 405, STAYS },
		{ "BREW /livez HTTP/1.1\r\n" H "\r\n", 501, CLOSES },
		{ "get /livez HTTP/1.1\r\n" H "\r\n", 501, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "Connection: close\r\n\r\n", 200, CLOSES },
		{ "GET /livez HTTP/1.0\r\n" H "\r\n", 200, STAYS } /* it knows */,
		{ "GET /livez HTTP/2.0\r\n" H "\r\n", 0, CLOSES },
		{ "GET http://b.example/livez HTTP/1.1\r\n" H "\r\n", 200, STAYS },
		{ "GET https://b.example HTTP/1.1\r\n" H "\r\n", 200, STAYS },
		{ "GET /livez?a=b&%20c=+ HTTP/1.1\r\n" H "\r\n", 200, STAYS },
	};

	EACH((struct rig *)*state, rows);
}

static void test_malformed(void **state)
{
	static const struct request rows[] = {
		/* Host */
		{ "GET /livez HTTP/1.1\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H H "\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "host: b.example\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, CLOSES },
		/* fields */
		{ "GET /livez HTTP/1.1\r\n" H "A : b\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "nocolon\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H ": b\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "A: \x01\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "A\xc3\xa9: b\r\n\r\n", 400, CLOSES },
		{ "GET /livez HTTP/1.1\r\n" H "Authorization: Basic a\r\nAuthorization: Basic b\r\n\r\n", 400, CLOSES },
		/* request line */
		{ "GET  /livez HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /livez  HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /livez\r\n" H "\r\n", 400, CLOSES },
		{ "GET /livez http/1.1\r\n" H "\r\n", 400, CLOSES },
		{ "GET livez HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /li\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /a#b HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "G(T /livez HTTP/1.1\r\n" H "\r\n", 0, CLOSES },
		{ " GET /livez HTTP/1.1\r\n" H "\r\n", 0, CLOSES },
		/* smuggling: RFC 9112 6.1, 6.3 */
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na", 400, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na", 400, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na", 400, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\na", 400, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\na", 0, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, CLOSES },
		/* evhttp reads no body with these, and would take it for the next request */
		{ "HEAD /livez HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 400, CLOSES },
		{ "HEAD /livez HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, CLOSES },
		{ "TRACE /livez HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 400, CLOSES },
		{ "CONNECT x:1 HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 400, CLOSES },
		{ "HEAD /livez HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200, STAYS },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, CLOSES },
		{ "POST /things/a HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, CLOSES },
	};

	EACH((struct rig *)*state, rows);
}

static void test_paths(void **state)
{
	static const struct request rows[] = {
		{ "GET /../etc/passwd HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/.. HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/%2e%2E HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /rest/a/./b HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /rest/..%2fa HTTP/1.1\r\n" H "\r\n", 200, STAYS }, /* one segment: a name, not a way up */
		{ "GET /things/%zz HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/%4 HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/% HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/a%00b HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/a%0ab HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/%ff HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/%c0%af HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/a?q=%zz HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/a?q=%00 HTTP/1.1\r\n" H "\r\n", 400, STAYS },
		{ "GET /things/a?%ff=1 HTTP/1.1\r\n" H "\r\n", 400, STAYS },
	};

	EACH((struct rig *)*state, rows);
}

static void test_params(void **state)
{
	struct rig *r = *state;

	say(r, "GET /things/a%20b%2Fc+?x=1&q=%C3%A9+%2B&q=2 HTTP/1.1\r\n" H "\r\n");
	body_is(r, "name=a b/c+;?\xc3\xa9 +|");
	close_conn(r);
	open_conn(r);
	say(r, "PUT /things/a/of/b HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nxyz");
	body_is(r, "name=a;other=b;?|xyz");
	close_conn(r);
	open_conn(r);
	say(r, "GET /rest/a//b%2F/c= HTTP/1.1\r\n" H "\r\n"); /* base64 in a path: RFC 6960 A.1 */
	body_is(r, "all=a//b//c=;?|");
}

static void test_allow(void **state)
{
	struct rig *r = *state;

	say(r, "PATCH /things/a HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(status(r), 405);
	assert_true(has(r, "Allow: GET, HEAD, POST, DELETE\r\n"));
}

static void test_head(void **state)
{
	struct rig *r = *state;

	say(r, "HEAD /livez HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(status(r), 200);
	assert_true(has(r, "Content-Length: 3\r\n"));
	body_is(r, "");
	say(r, "HEAD /nowhere HTTP/1.1\r\n" H "\r\n"); /* the octets after the first head were no body */
	assert_int_equal(status(r), 404);
	body_is(r, "");
}

static void test_problem(void **state)
{
	struct rig *r = *state;

	say(r, "GET /fails/0 HTTP/1.1\r\n" H "\r\n");
	body_is(r, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"code\":\"not-found\",\"detail\":\"not there\"}");
	assert_false(has(r, "half an answer"));
}

static void test_errors(void **state)
{
	static const struct request rows[] = {
		{ "GET /fails/0 HTTP/1.1\r\n" H "\r\n", 404, STAYS },
		{ "GET /fails/1 HTTP/1.1\r\n" H "\r\n", 403, STAYS },
		{ "GET /fails/2 HTTP/1.1\r\n" H "\r\n", 503, STAYS },
		{ "GET /fails/3 HTTP/1.1\r\n" H "\r\n", 500, STAYS },
		{ "GET /fails/4 HTTP/1.1\r\n" H "\r\n", 409, STAYS },
	};

	EACH((struct rig *)*state, rows);
	assert_int_equal(http_problem_of(LW_EFULL)->status, 507);
	assert_int_equal(http_problem_of(9999)->status, 500);
}

/* ---- limits and bodies ---- */

static void test_limits(void **state)
{
	struct rig *r = *state;
	char *big = malloc(HTTP_HEAD_MAX * 2);
	int n;

	assert_non_null(big);
	n = sprintf(big, "GET /livez HTTP/1.1\r\n" H "A: ");
	memset(big + n, 'a', HTTP_HEAD_MAX);
	give(r, big, (size_t)n + HTTP_HEAD_MAX);
	hear(r, 1, false);
	assert_true(status(r) == 400 || status(r) == 413 || status(r) == 431); /* evhttp's choice */
	assert_true(has(r, "application/problem+json"));
	assert_true(has(r, "Connection: close\r\n"));
	close_conn(r);
	open_conn(r);
	memset(big + 5, 'a', HTTP_HEAD_MAX);
	give(r, big, HTTP_HEAD_MAX + 5);
	hear(r, 1, false);
	assert_true(status(r) == 400 || status(r) == 413 || status(r) == 414);
	close_conn(r);
	open_conn(r);
	n = sprintf(big, "GET /livez HTTP/1.1\r\n" H);
	for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
		n += sprintf(big + n, "a: b\r\n");
	sprintf(big + n, "\r\n");
	say(r, big);
	assert_int_equal(status(r), 431);
	free(big);
}

static void test_bodies(void **state)
{
	static const struct request rows[] = {
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n" THOUSAND THOUSAND THOUSAND THOUSAND
			THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND "x", 413, STAYS },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n\r\n", 413, CLOSES },
		{ "GET /things/a HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na", 413, STAYS },
		{ "DELETE /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 413, STAYS },
		{ "GET /livez HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, STAYS },
		{ "GET /livez HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200, STAYS },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200, STAYS },
		{ "POST /nowhere HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 404, STAYS },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" THOUSAND THOUSAND THOUSAND THOUSAND
			THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND "x\r\n0\r\n\r\n", 413, STAYS },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\ng\r\n", 0, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 0, CLOSES },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n b: c\r\n\r\n", 0, CLOSES },
	};

	EACH((struct rig *)*state, rows);
}

/* The same requests in one piece and octet by octet. */
static void test_pieces(void **state)
{
	static const char requests[] = "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"
				       "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
				       "GET /livez HTTP/1.1\r\n" H "\r\n"
				       "POST /things/b HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nwxyz"
				       "GET /things/last HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
	struct rig *r = *state;

	for (int octets = 0; octets < 2; octets++) {
		r->n = 0;
		if (octets)
			for (const char *p = requests; *p != '\0'; p++)
				give(r, p, 1);
		else
			send_text(r, requests);
		hear(r, 0, false);
		assert_true(has(r, "name=a;?|abc0123456789"));
		assert_true(has(r, "name=b;?|wxyz"));
		assert_true(has(r, "name=last;?|"));
		close_conn(r);
		open_conn(r);
	}
}

static void test_continue(void **state)
{
	struct rig *r = *state;

	say(r, "POST /things/a HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	assert_string_equal(answer(r), "HTTP/1.1 100 Continue\r\n\r\n");
	say(r, "ab");
	assert_int_equal(status(r), 200);
	body_is(r, "name=a;?|ab");
}

static void test_pipelined(void **state)
{
	static const char one[] = "GET /livez HTTP/1.1\r\n" H "\r\n";
	struct rig *r = *state;
	int before = atomic_load(&rig_ran);
	unsigned n = 0;

	for (int i = 0; i < 100; i++)
		send_text(r, one);
	send_text(r, "GET /livez HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	send_text(r, one);
	hear(r, 0, false);
	for (const char *p = answer(r); (p = strstr(p, "HTTP/1.1 200 OK")) != NULL; p++)
		n++;
	assert_int_equal(n, 101); /* nothing after close */
	assert_int_equal(atomic_load(&rig_ran) - before, 101);
}

/* ---- time ---- */

/* Waits until the server has seen what was sent: so many connections. */
static void seen(struct rig *r, size_t conns)
{
	while (http_server_conns(r->srv) < conns)
		usleep(1000);
}

static void raw(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void closed(int fd, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t k;

	while ((k = recv(fd, buf + n, size - n - 1, 0)) > 0)
		n += (size_t)k;
	assert_true(k == 0 || errno == ECONNRESET); /* else: not in time */
	buf[n] = '\0';
	close(fd);
}

static void test_deadlines(void **state)
{
	struct rig *r = *state;
	int head = dial(&r->plain), silent = dial(&r->plain), hands = dial(&r->secure), body = dial(&r->plain);
	char said[4096];

	raw(head, "GET /livez HTTP/1.1\r\nHos");
	raw(body, "POST /things/a HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n");
	assert_true(recv(body, said, sizeof(said), 0) > 0); /* it has the head */
	raw(body, "abc");
	seen(r, 5);
	atomic_fetch_add(&later, HTTP_HEAD_US + 1);
	closed(head, said, sizeof(said));
	closed(silent, said, sizeof(said));
	assert_string_equal(said, "");
	closed(hands, said, sizeof(said));
	/* a body has its own time; octets now and then buy none */
	raw(body, "d");
	atomic_fetch_add(&later, HTTP_BODY_US);
	closed(body, said, sizeof(said));
	assert_null(strstr(said, "200 OK"));
}

/* Between two requests only the idle time counts. */
static void test_patience(void **state)
{
	struct rig *r = *state;

	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n");
	atomic_fetch_add(&later, 1000 * LW_SECOND);
	usleep(1200000); /* the loops look around once a second */
	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(status(r), 200);
}

static void test_per_address(void **state)
{
	struct rig *r = *state;
	int fds[PER_ADDR - 1];
	char said[16];

	for (int i = 0; i < PER_ADDR - 1; i++)
		fds[i] = dial(&r->plain);
	seen(r, PER_ADDR);
	closed(dial(&r->plain), said, sizeof(said));
	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n"); /* nobody who was there suffers */
	assert_int_equal(status(r), 200);
	for (int i = 0; i < PER_ADDR - 1; i++)
		close(fds[i]);
}

/* Bodies that do not come whole hold only so much in all: one of these three is cut. */
static void test_held(void **state)
{
	static const char head[] = "PUT /things/a/of/b HTTP/1.1\r\n" H "Content-Length: 900000\r\n\r\n";
	struct rig *r = *state;
	char *octets = malloc(150000), end;

	assert_non_null(octets);
	memset(octets, 'x', 150000);
	for (int round = 0; round < 2; round++) { /* what is gone is forgotten */
		struct pollfd p[3];
		int ended = 0;

		for (int i = 0; i < 3; i++) {
			p[i] = (struct pollfd){ .fd = dial(&r->plain), .events = POLLIN };
			raw(p[i].fd, head);
			for (ssize_t at = 0, n; at < 150000 && (n = send(p[i].fd, octets + at, (size_t)(150000 - at), MSG_NOSIGNAL)) > 0; at += n)
				;
		}
		assert_true(poll(p, 3, PATIENCE * 1000) > 0);
		for (int i = 0; i < 3; i++) {
			if (p[i].revents != 0) {
				assert_true(recv(p[i].fd, &end, 1, 0) <= 0);
				ended++;
			}
		}
		assert_int_equal(ended, 1);
		say(r, "GET /livez HTTP/1.1\r\n" H "\r\n"); /* others are served */
		assert_int_equal(status(r), 200);
		for (int i = 0; i < 3; i++)
			close(p[i].fd);
		while (http_server_conns(r->srv) > 1)
			usleep(1000);
	}
	free(octets);
}

/* ---- who, and over what ---- */

static void test_auth(void **state)
{
	static const struct {
		const char *field, *body;
		int status;
	} rows[] = {
		{ "", NULL, 401 },
		{ "Authorization: Basic YWxpY2U6c2VjcmV0OmXDqQ==\r\n", "alice by password", 200 },
		{ "authorization: bAsIc  YWxpY2U6c2VjcmV0OmXDqQ==\r\n", "alice by password", 200 },
		{ "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n", NULL, 401 },
		{ "Authorization: Basic !!!!\r\n", NULL, 400 },
		{ "Authorization: Basic YWxpY2U=\r\n", NULL, 400 },      /* no colon */
		{ "Authorization: Basic OnNlY3JldA==\r\n", NULL, 400 },  /* no name */
		{ "Authorization: Basic YWxpY2U6ZQD=\r\n", NULL, 400 },  /* loose bits, a zero octet */
		{ "Authorization: Basic\r\n", NULL, 400 },
		{ "Authorization: Negotiate dGlja2V0\r\n", "alice by ticket", 200 },
		{ "Authorization: Negotiate dGlja2Vx\r\n", NULL, 401 },
		{ "Authorization: Negotiate \r\n", NULL, 400 },
		{ "Authorization: Bearer good-token\r\n", "alice by token", 200 },
		{ "Authorization: Bearer good-token==\r\n", NULL, 401 },
		{ "Authorization: Bearer good token\r\n", NULL, 400 },
		{ "Authorization: Bearer =\r\n", NULL, 400 },
		{ "Authorization: Bearer busy\r\n", NULL, 503 },
		{ "Authorization: Digest x\r\n", NULL, 401 },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		close_conn(r);
		open_conn(r);
		send_text(r, "GET /whoami HTTP/1.1\r\n" H);
		send_text(r, rows[i].field);
		say(r, "\r\n");
		if (status(r) != rows[i].status)
			fail_msg("%s gave %d", rows[i].field, status(r));
		if (rows[i].body != NULL)
			body_is(r, rows[i].body);
		if (rows[i].status == 401 && strstr(rows[i].field, "Negotiate") == NULL) {
			assert_true(has(r, "WWW-Authenticate: Negotiate\r\n"));
			assert_true(has(r, "WWW-Authenticate: Basic realm=\"lwd\", charset=\"UTF-8\"\r\n"));
			assert_true(has(r, "WWW-Authenticate: Bearer realm=\"lwd\"\r\n"));
		}
		if (strstr(rows[i].field, "Negotiate dGlj") != NULL)
			assert_true(has(r, "WWW-Authenticate: Negotiate cmVwbHk=\r\n"));
	}
}

static void test_auth_optional(void **state)
{
	struct rig *r = *state;

	say(r, "GET /maybe HTTP/1.1\r\n" H "\r\n");
	body_is(r, "nobody");
	close_conn(r);
	open_conn(r);
	say(r, "GET /maybe HTTP/1.1\r\n" H "Authorization: Bearer good-token\r\n\r\n");
	body_is(r, "alice by token");
	close_conn(r);
	open_conn(r);
	/* who shows something must show something good */
	say(r, "GET /maybe HTTP/1.1\r\n" H "Authorization: Bearer bad\r\n\r\n");
	assert_int_equal(status(r), 401);
	close_conn(r);
	open_conn(r);
	say(r, "GET /maybe HTTP/1.1\r\n" H "Authorization: Basic YWxpY2U6c2VjcmV0OmXDqQ==\r\n\r\n");
	assert_int_equal(status(r), 401);
	assert_false(has(r, "WWW-Authenticate: Basic"));
}

static void test_in_the_clear(void **state)
{
	static const struct request rows[] = {
		{ "GET /livez HTTP/1.1\r\n" H "\r\n", 200, STAYS },
		{ "GET /secure HTTP/1.1\r\n" H "\r\n", 403, CLOSES },
		{ "GET /whoami HTTP/1.1\r\n" H "Authorization: Bearer good-token\r\n\r\n", 403, CLOSES },
		{ "GET /nowhere HTTP/1.1\r\n" H "\r\n", 404, STAYS },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		close_conn(r);
		r->fd = dial(&r->plain);
		say(r, rows[i].text);
		assert_int_equal(status(r), rows[i].status);
		assert_int_equal(has(r, "Connection: close\r\n"), rows[i].next == CLOSES);
	}
}

/* ---- curl ---- */

/* curl's arguments; PLAIN and SECURE stand for the addresses. Its exit status; what it printed is in r->out. */
static int curl(struct rig *r, const char *args)
{
	char cmd[2048], *to = cmd;
	FILE *f;
	size_t n;

	to += snprintf(to, sizeof(cmd), "curl -sS -k --max-time %d ", PATIENCE);
	for (const char *p = args; *p != '\0' && to < cmd + sizeof(cmd) - 64; p++) {
		if (strncmp(p, "PLAIN", 5) == 0)
			to += sprintf(to, "http://127.0.0.1:%u", ntohs(r->plain.sin_port)), p += 4;
		else if (strncmp(p, "SECURE", 6) == 0)
			to += sprintf(to, "https://127.0.0.1:%u", ntohs(r->secure.sin_port)), p += 5;
		else
			*to++ = *p;
	}
	snprintf(to, 8, " 2>&1");
	f = popen(cmd, "r");
	assert_non_null(f);
	n = fread(r->out, 1, sizeof(r->out) - 1, f);
	r->out[n] = '\0';
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
	struct rig *r = *state;

	if (access("/usr/bin/curl", X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int got = curl(r, rows[i].args);

		if (got != 0 || strcmp(r->out, rows[i].want) != 0)
			fail_msg("curl %s: %d %s", rows[i].args, got, r->out);
	}
}

/* ---- who goes away, and who is told to ---- */

static void test_gone(void **state)
{
	struct rig *r = *state;
	struct linger at_once = { 1, 0 };

	send_text(r, "GET /hold HTTP/1.1\r\n" H "\r\n");
	rig_hold();
	setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close_conn(r);
	open_conn(r);
	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n"); /* the same loop has seen the reset */
	rig_release();
	say(r, "GET /things/x HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(status(r), 200);
}

static void *drain(void *arg)
{
	struct rig *r = arg;

	return (void *)(intptr_t)http_server_drain(r->srv, 20 * LW_SECOND);
}

static void test_drain(void **state)
{
	struct rig *r = *state;
	pthread_t thread;
	char said[16];
	void *all;

	send_text(r, "GET /hold HTTP/1.1\r\n" H "\r\n");
	rig_hold();
	int idle = dial(&r->plain);
	seen(r, 2);
	pthread_create(&thread, NULL, drain, r);
	closed(idle, said, sizeof(said)); /* nothing is asked there */
	rig_release();
	hear(r, 1, false);
	body_is(r, "released");
	assert_true(has(r, "Connection: close\r\n"));
	close_conn(r);
	pthread_join(thread, &all);
	assert_true(all != NULL);
	r->fd = -1;
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	static const struct {
		const char *type, *body;
		int status;
	} rows[] = {
		{ "application/json", "{\"name\":\"\\u00e9\"}", 200 },
		{ "Application/JSON; charset=utf-8", " {\"name\":\"a\"} ", 200 },
		{ "text/plain", "{\"name\":\"a\"}", 400 },
		{ "application/json", "{\"name\":\"a\",\"name\":\"b\"}", 400 },
		{ "application/json", "{\"name\":1}", 400 },
		{ "application/json", "[\"name\"]", 400 },
		{ "application/json", "\"name\"", 400 },
		{ "application/json", "{\"name\":\"a\"} x", 400 },
		{ "application/json", "{\"name\":\"\\u0000\"}", 400 },
		{ "application/json", "{\"name\":\"\xff\"}", 400 },
		{ "application/json", "{", 400 },
		{ "application/json", "", 400 },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char head[200];

		close_conn(r);
		open_conn(r);
		snprintf(head, sizeof(head), "POST /json HTTP/1.1\r\n" H "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", rows[i].type,
			strlen(rows[i].body));
		send_text(r, head);
		say(r, rows[i].body);
		if (status(r) != rows[i].status)
			fail_msg("%s gave %d", rows[i].body, status(r));
	}
}

static void test_json_depth(void **state)
{
	char *deep = malloc(200001);
	json_t *o = NULL;

	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	assert_int_equal(http_json_parse((struct lw_bytes){ (uint8_t *)deep, 200000 }, &o), LW_ELIMIT);
	assert_int_equal(http_json_parse((struct lw_bytes){ (uint8_t *)deep + 100000 - HTTP_JSON_DEPTH, 2 * HTTP_JSON_DEPTH }, &o), LW_OK);
	json_decref(o);
	assert_int_equal(
		http_json_parse((struct lw_bytes){ (uint8_t *)deep + 99999 - HTTP_JSON_DEPTH, 2 * HTTP_JSON_DEPTH + 2 }, &o), LW_ELIMIT);
	free(deep);
	/* brackets in strings are no levels */
	assert_int_equal(http_json_parse(LW_LIT("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[\"]"), &o), LW_OK);
	json_decref(o);
}

/* ---- tables ---- */

static int nothing(void *ctx, struct http_request *q, struct http_response *a)
{
	return LW_OK;
}

static void test_routes(void **state)
{
	static const struct http_route good = { HTTP_POST, "/a/{b}", 1, HTTP_AUTH_BEARER, 10, false, false, false, nothing };
	struct http_route rows[2] = { good, good };

	assert_null(http_routes_wrong(rig_routes, rig_nroutes));
	assert_null(http_routes_wrong(&good, 1));
	rows[1].pattern = "/a/{c}";
	assert_non_null(strstr(http_routes_wrong(rows, 2), "already"));
	rows[1].pattern = "/a/c";
	assert_null(http_routes_wrong(rows, 2));
#define WRONG(change, why)                                                  \
	do {                                                                \
		rows[0] = good;                                             \
		rows[0].change;                                             \
		assert_non_null(http_routes_wrong(rows, 1));                \
		assert_non_null(strstr(http_routes_wrong(rows, 1), why));   \
	} while (0)
	WRONG(right = 0, "right");
	WRONG(auth = 0, "authentication");
	WRONG(method = HTTP_HEAD, "method");
	WRONG(method = HTTP_GET | HTTP_POST, "method");
	WRONG(method = HTTP_GET, "body");
	WRONG(max_body = HTTP_BODY_MAX + 1, "body");
	WRONG(plain = true, "clear");
	WRONG(quick = true, "waits");
	WRONG(pattern = "a", "slash");
	WRONG(pattern = "", "slash");
	WRONG(pattern = "/a{b}", "segment");
	WRONG(pattern = "/{b...}/c", "rest");
	WRONG(pattern = "/{a}/{b}/{c}/{d}/{e}", "many");
	WRONG(run = NULL, "handler");
}

static void test_metrics(void **state)
{
	struct rig *r = *state;
	struct lw_writer w;

	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n");
	say(r, "GET /things/secret HTTP/1.1\r\n" H "\r\n");
	say(r, "GET /secret HTTP/1.1\r\n" H "\r\n");
	lw_writer_init(&w, 1 << 20);
	http_metrics(r->srv, &w);
	lw_put_u8(&w, 0);
	assert_int_equal(w.err, LW_OK);
	assert_non_null(strstr((char *)w.p, "\nlwd_http_requests_total{route=\"/livez\",method=\"GET\",status=\"200\"} 1\n"));
	assert_non_null(strstr((char *)w.p, "{route=\"/things/{name}\",method=\"GET\",status=\"200\"} 1\n"));
	assert_non_null(strstr((char *)w.p, "{route=\"none\",method=\"\",status=\"404\"} 1\n"));
	assert_non_null(strstr((char *)w.p, "lwd_http_request_seconds_bucket{route=\"/livez\",method=\"GET\",le=\"+Inf\"} 1\n"));
	assert_non_null(strstr((char *)w.p, "\nlwd_http_connections 1\n"));
	assert_null(strstr((char *)w.p, "secret"));
	lw_writer_done(&w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_plain), T(test_statuses), T(test_malformed), T(test_paths), T(test_params), T(test_allow), T(test_head),
		T(test_problem), T(test_errors), T(test_limits), T(test_bodies), T(test_pieces), T(test_continue), T(test_pipelined),
		T(test_deadlines), T(test_patience), T(test_per_address), T(test_held), T(test_auth), T(test_auth_optional), T(test_in_the_clear), T(test_curl), T(test_gone), T(test_drain), T(test_json), T(test_json_depth),
		T(test_routes), T(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
