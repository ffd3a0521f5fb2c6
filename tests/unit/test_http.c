/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP machine without sockets, its clock in our hands; and its parsers. Statuses are those of RFC 9110 and 9112. */
#include "unit.h"

#include <stdatomic.h>

#include "base/err.h"
#include "http_rig.h"

#define TEN    "0123456789"
#define THOUSAND TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

struct rig {
	struct lw_clock clock;
	struct http_server *srv;
	struct lw_peer peer;
	void *conn;
	struct lw_writer in, out;
	enum lw_next next;
	unsigned jobs;
};

static void open_conn(struct rig *r)
{
	lw_writer_init(&r->in, 1 << 20);
	lw_writer_init(&r->out, 1 << 20);
	r->next = LW_NEXT_READ;
	r->jobs = 0;
	r->conn = http_proto.conn_new(r->srv, &r->peer);
	assert_non_null(r->conn);
}

static void close_conn(struct rig *r)
{
	http_proto.conn_free(r->conn);
	lw_writer_done(&r->in);
	lw_writer_done(&r->out);
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct http_server_options opt = rig_options;

	r->clock = lw_clock_test(INT64_C(784111777) * LW_SECOND, 1000 * LW_SECOND);
	opt.clock = &r->clock;
	assert_int_equal(http_server_new(&opt, &r->srv), LW_OK);
	r->peer = (struct lw_peer){ .addr = "192.0.2.1:4711", .tls = true };
	open_conn(r);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	close_conn(r);
	http_server_free(r->srv);
	free(r);
	return 0;
}

/* What the loops do: octets in, the machine until it wants more. A copy of its exact size, so that reads behind the end show. */
static void give(struct rig *r, const void *p, size_t n)
{
	lw_put_raw(&r->in, p, n);
	for (;;) {
		struct lw_reader reader;
		uint8_t *copy = malloc(r->in.n > 0 ? r->in.n : 1);
		size_t used;

		if (r->in.n > 0)
			memcpy(copy, r->in.p, r->in.n);
		lw_reader_init(&reader, (struct lw_bytes){ copy, r->in.n });
		r->next = http_proto.step(r->conn, &reader, &r->out);
		used = (size_t)(reader.p - copy);
		memmove(r->in.p, r->in.p + used, r->in.n - used);
		r->in.n -= used;
		free(copy);
		assert_int_equal(r->out.err, LW_OK);
		if (r->next == LW_NEXT_JOB || r->next == LW_NEXT_SLOW_JOB) {
			http_proto.job(r->conn, &r->out);
			r->jobs++;
		} else if (r->next != LW_NEXT_MORE) {
			return;
		}
	}
}

static void say(struct rig *r, const char *text)
{
	give(r, text, strlen(text));
}

static const char *answer(struct rig *r)
{
	lw_put_u8(&r->out, 0);
	r->out.n--;
	return (const char *)r->out.p;
}

static int status(struct rig *r)
{
	const char *a = answer(r);

	return r->out.n < 12 || memcmp(a, "HTTP/1.1 ", 9) != 0 ? 0 : atoi(a + 9);
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
	int status;
	enum lw_next next;
};

static void one_by_one(struct rig *r, const struct request *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		close_conn(r);
		open_conn(r);
		say(r, v[i].text);
		if (status(r) != v[i].status || r->next != v[i].next)
			fail_msg("%s\ngave %d, next %d:\n%s", v[i].text, status(r), r->next, answer(r));
		if (v[i].status >= 400)
			assert_true(has(r, "Content-Type: application/problem+json\r\n"));
		assert_int_equal(has(r, "Connection: close\r\n"), v[i].next == LW_NEXT_CLOSE);
	}
}
#define EACH(r, rows) one_by_one(r, rows, sizeof(rows) / sizeof(*(rows)))
#define H "Host: a.example\r\n"

static void test_plain(void **state)
{
	struct rig *r = *state;

	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n");
	assert_string_equal(answer(r),
		"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nCache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n");
	assert_int_equal(r->next, LW_NEXT_READ);
	assert_int_equal(r->jobs, 0);
}

static void test_statuses(void **state)
{
	static const struct request rows[] = {
		{ "GET / HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ },
		{ "GET /nowhere HTTP/1.1\r\n" H "\r\n", 404, LW_NEXT_READ },
		{ "GET /livez/ HTTP/1.1\r\n" H "\r\n", 404, LW_NEXT_READ },
		{ "GET //livez HTTP/1.1\r\n" H "\r\n", 404, LW_NEXT_READ },
		{ "GET /things/ HTTP/1.1\r\n" H "\r\n", 404, LW_NEXT_READ },
		{ "DELETE /things/a HTTP/1.1\r\n" H "\r\n", 204, LW_NEXT_READ },
		{ "PUT /things/a HTTP/1.1\r\n" H "\r\n", 405, LW_NEXT_READ },
		{ "OPTIONS /livez HTTP/1.1\r\n" H "\r\n", 405, LW_NEXT_READ },
		{ "TRACE /livez HTTP/1.1\r\n" H "\r\n", 405, LW_NEXT_READ },
		{ "BREW /livez HTTP/1.1\r\n" H "\r\n", 501, LW_NEXT_CLOSE },
		{ "get /livez HTTP/1.1\r\n" H "\r\n", 501, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "Connection: close\r\n\r\n", 200, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "Connection: te , CLOSE\r\n\r\n", 200, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.0\r\n" H "\r\n", 200, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/2.0\r\n" H "\r\n", 505, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.2\r\n" H "\r\n", 505, LW_NEXT_CLOSE },
		{ "GET http://b.example/livez HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ },
		{ "GET https://b.example HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ },
		{ "\r\n\r\nGET /livez HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ },
		{ "GET /livez?a=b&%20c=+ HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ },
		{ "GET /livez HTTP/1.1\r\n" H "Expect: 200-maybe\r\n\r\n", 417, LW_NEXT_CLOSE },
	};

	EACH((struct rig *)*state, rows);
}

static void test_malformed(void **state)
{
	static const struct request rows[] = {
		/* Host */
		{ "GET /livez HTTP/1.1\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "host: b.example\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, LW_NEXT_CLOSE },
		/* fields */
		{ "GET /livez HTTP/1.1\r\n" H "A : b\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "nocolon\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H ": b\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "A: \x01\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "A\xc3\xa9: b\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "A: b\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "Authorization: Basic a\r\nAuthorization: Basic b\r\n\r\n", 400, LW_NEXT_CLOSE },
		/* request line */
		{ "GET  /livez HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez  HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1 \r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /livez http/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET livez HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /li\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /a#b HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "GET /a\\b HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ "G(T /livez HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		{ " GET /livez HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_CLOSE },
		/* smuggling: RFC 9112 6.1, 6.3 */
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 501, LW_NEXT_CLOSE },
	};

	EACH((struct rig *)*state, rows);
}

static void test_paths(void **state)
{
	static const struct request rows[] = {
		{ "GET /../etc/passwd HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/.. HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/%2e%2E HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /rest/a/./b HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /rest/..%2fa HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ }, /* one segment: a name, not a way up */
		{ "GET /things/%zz HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/%4 HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/% HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/a%00b HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/a%0ab HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/%ff HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/%c0%af HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/a?q=%zz HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/a?q=%00 HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
		{ "GET /things/a?%ff=1 HTTP/1.1\r\n" H "\r\n", 400, LW_NEXT_READ },
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

	say(r, "HEAD /livez HTTP/1.1\r\n" H "\r\nHEAD /nowhere HTTP/1.1\r\n" H "\r\n");
	assert_true(has(r, "HTTP/1.1 200 OK"));
	assert_true(has(r, "Content-Length: 3\r\n\r\nHTTP/1.1 404 Not Found"));
	assert_int_equal(memcmp(r->out.p + r->out.n - 4, "\r\n\r\n", 4), 0);
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
		{ "GET /fails/0 HTTP/1.1\r\n" H "\r\n", 404, LW_NEXT_READ },
		{ "GET /fails/1 HTTP/1.1\r\n" H "\r\n", 403, LW_NEXT_READ },
		{ "GET /fails/2 HTTP/1.1\r\n" H "\r\n", 503, LW_NEXT_READ },
		{ "GET /fails/3 HTTP/1.1\r\n" H "\r\n", 500, LW_NEXT_READ },
		{ "GET /fails/4 HTTP/1.1\r\n" H "\r\n", 409, LW_NEXT_READ },
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
	assert_int_equal(status(r), 431);
	assert_int_equal(r->next, LW_NEXT_CLOSE);
	close_conn(r);
	open_conn(r);
	memset(big + 5, 'a', HTTP_HEAD_MAX);
	give(r, big, HTTP_HEAD_MAX + 1);
	assert_int_equal(status(r), 414);
	close_conn(r);
	open_conn(r);
	n = sprintf(big, "GET /%0*d HTTP/1.1\r\n" H "\r\n", (int)HTTP_TARGET_MAX, 7);
	give(r, big, (size_t)n);
	assert_int_equal(status(r), 414);
	close_conn(r);
	open_conn(r);
	n = sprintf(big, "GET /livez HTTP/1.1\r\n" H);
	for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
		n += sprintf(big + n, "a:\r\n");
	n += sprintf(big + n, "\r\n");
	give(r, big, (size_t)n);
	assert_int_equal(status(r), 431);
	free(big);
}

static void test_bodies(void **state)
{
	static const struct request rows[] = {
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n", 413, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n\r\n", 413, LW_NEXT_CLOSE },
		{ "GET /things/a HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n", 413, LW_NEXT_CLOSE },
		{ "DELETE /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 413, LW_NEXT_CLOSE },
		{ "GET /livez HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, LW_NEXT_READ },
		{ "GET /livez HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200, LW_NEXT_READ },
		{ "POST /things/a HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200, LW_NEXT_READ },
		{ "POST /nowhere HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 404, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" THOUSAND THOUSAND THOUSAND THOUSAND
			THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND THOUSAND "x\r\n", 413, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\ng\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n000000001\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\na", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400, LW_NEXT_CLOSE },
		{ "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n b: c\r\n\r\n", 400, LW_NEXT_CLOSE },
	};

	EACH((struct rig *)*state, rows);
}

/* The same requests in one piece and octet by octet give the same octets back. */
static void test_pieces(void **state)
{
	static const char requests[] = "POST /things/a HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"
				       "3;x=\"y\"\r\nabc\r\n00A \r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
				       "GET /livez HTTP/1.1\r\n" H "\r\n"
				       "POST /things/b HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nwxyz"
				       "GET /things/last HTTP/1.1\r\n" H "\r\n";
	struct rig *r = *state;
	struct lw_bytes whole;
	char *kept;

	say(r, requests);
	assert_true(has(r, "name=a;?|abc0123456789"));
	assert_true(has(r, "name=b;?|wxyz"));
	assert_true(has(r, "name=last;?|"));
	kept = strdup(answer(r));
	whole = lw_str(kept);
	close_conn(r);
	open_conn(r);
	for (const char *p = requests; *p != '\0'; p++)
		give(r, p, 1);
	assert_int_equal(r->out.n, whole.n);
	assert_memory_equal(r->out.p, whole.p, whole.n);
	free(kept);
}

static void test_continue(void **state)
{
	struct rig *r = *state;

	say(r, "POST /things/a HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	assert_string_equal(answer(r), "HTTP/1.1 100 Continue\r\n\r\n");
	say(r, "ab");
	assert_true(has(r, "HTTP/1.1 200 OK"));
	close_conn(r);
	open_conn(r);
	say(r, "POST /things/a HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
	assert_int_equal(status(r), 413);
}

static void test_pipelined(void **state)
{
	struct rig *r = *state;
	int before = atomic_load(&rig_ran);
	const char *p;
	unsigned n = 0;

	for (int i = 0; i < 100; i++)
		lw_put_raw(&r->in, "GET /livez HTTP/1.1\r\n" H "\r\n", strlen("GET /livez HTTP/1.1\r\n" H "\r\n"));
	say(r, "GET /livez HTTP/1.1\r\n" H "Connection: close\r\n\r\nGET /livez HTTP/1.1\r\n" H "\r\n");
	for (p = answer(r); (p = strstr(p, "HTTP/1.1 200 OK")) != NULL; p++)
		n++;
	assert_int_equal(n, 101); /* nothing after close */
	assert_int_equal(atomic_load(&rig_ran) - before, 101);
	assert_int_equal(r->next, LW_NEXT_CLOSE);
}

/* ---- time ---- */

static void test_deadlines(void **state)
{
	struct rig *r = *state;

	/* nothing said: closed without a word */
	r->clock.test_mono += HTTP_HEAD_US;
	assert_false(http_proto.tick(r->conn, &r->out));
	r->clock.test_mono += 1;
	assert_true(http_proto.tick(r->conn, &r->out));
	assert_int_equal(r->out.n, 0);
	close_conn(r);
	/* an octet each second does not help */
	open_conn(r);
	for (int i = 0; i < 10; i++) {
		say(r, "G");
		r->clock.test_mono += LW_SECOND;
		assert_false(http_proto.tick(r->conn, &r->out));
	}
	r->clock.test_mono += 1;
	assert_true(http_proto.tick(r->conn, &r->out));
	assert_int_equal(status(r), 408);
	assert_true(has(r, "Connection: close\r\n"));
	close_conn(r);
	/* nor with a body; and between requests nobody counts but the loop */
	open_conn(r);
	say(r, "GET /livez HTTP/1.1\r\n" H "\r\n");
	r->clock.test_mono += 1000 * LW_SECOND;
	assert_false(http_proto.tick(r->conn, &r->out));
	say(r, "POST /things/a HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\n");
	r->out.n = 0;
	for (int i = 0; i < 30; i++) {
		say(r, "a");
		r->clock.test_mono += LW_SECOND;
		assert_false(http_proto.tick(r->conn, &r->out));
	}
	r->clock.test_mono += 1;
	assert_true(http_proto.tick(r->conn, &r->out));
	assert_int_equal(status(r), 408);
	assert_true(http_proto.idle_us > 0);
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
		say(r, "GET /whoami HTTP/1.1\r\n" H);
		say(r, rows[i].field);
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
		{ "GET /livez HTTP/1.1\r\n" H "\r\n", 200, LW_NEXT_READ },
		{ "GET /secure HTTP/1.1\r\n" H "\r\n", 403, LW_NEXT_CLOSE },
		{ "GET /whoami HTTP/1.1\r\n" H "Authorization: Bearer good-token\r\n\r\n", 403, LW_NEXT_CLOSE },
		{ "GET /nowhere HTTP/1.1\r\n" H "\r\n", 404, LW_NEXT_READ },
	};
	struct rig *r = *state;

	r->peer.tls = false;
	EACH(r, rows);
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
		say(r, head);
		if (rows[i].body[0] != '\0')
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

	say(r, "GET /livez HTTP/1.1\r\n" H "\r\nGET /things/secret HTTP/1.1\r\n" H "\r\nGET /secret HTTP/1.1\r\n" H "\r\n");
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
		T(test_deadlines), T(test_auth), T(test_auth_optional), T(test_in_the_clear), T(test_json), T(test_json_depth),
		T(test_routes), T(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
