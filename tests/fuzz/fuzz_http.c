/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's octets: in one piece or octet by octet, the answers are the same; and each is an answer. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "http_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lw_clock test_clock;
static struct http_server *srv;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void start(void)
{
	struct http_server_options opt = rig_options;

	if (srv != NULL)
		return;
	lw_log_level(LW_ERROR + 1);
	test_clock = lw_clock_test(INT64_C(784111777) * LW_SECOND, LW_SECOND);
	opt.clock = &test_clock;
	must(http_server_new(&opt, &srv) == LW_OK);
}

/* false: closed */
static bool give(void *conn, struct lw_writer *in, struct lw_writer *out)
{
	for (;;) {
		struct lw_reader r;
		enum lw_next next;
		size_t used;

		lw_reader_init(&r, lw_written(in));
		next = http_proto.step(conn, &r, out);
		used = in->n - lw_reader_left(&r);
		if (used > 0) {
			memmove(in->p, in->p + used, in->n - used);
			in->n -= used;
		}
		if (next == LW_NEXT_JOB || next == LW_NEXT_SLOW_JOB)
			http_proto.job(conn, out);
		else if (next != LW_NEXT_MORE)
			return next == LW_NEXT_READ;
	}
}

static void talk(const uint8_t *data, size_t size, size_t piece, bool tls, struct lw_writer *out)
{
	struct lw_peer peer = { .addr = "fuzz", .tls = tls };
	void *conn = http_proto.conn_new(srv, &peer);
	struct lw_writer in;
	bool open = true;

	must(conn != NULL);
	lw_writer_init(&in, 1 << 21);
	for (size_t i = 0; open && i < size; i += piece) {
		lw_put_raw(&in, data + i, size - i < piece ? size - i : piece);
		open = give(conn, &in, out);
		must(in.n <= http_proto.max_message || !open);
	}
	http_proto.conn_free(conn);
	lw_writer_done(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_writer a, b;

	start();
	if (size == 0 || size > 1 << 16)
		return 0;
	lw_writer_init(&a, 1 << 26);
	lw_writer_init(&b, 1 << 26);
	talk(data + 1, size - 1, 1 << 16, data[0] & 1, &a);
	talk(data + 1, size - 1, 1, data[0] & 1, &b);
	must(a.err == LW_OK && b.err == LW_OK && lw_eq(lw_written(&a), lw_written(&b)));
	must(a.n == 0 || (a.n > 17 && memcmp(a.p, "HTTP/1.1 ", 9) == 0));
	lw_writer_done(&a);
	lw_writer_done(&b);
	return 0;
}
