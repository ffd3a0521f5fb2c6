/* SPDX-License-Identifier: Apache-2.0 */
/* Changing passwords (RFC 3244): nothing is answered yet. */
#include "kdc/int.h"

#include <stdlib.h>

static void dgram_answer(void *server, struct lw_datagram *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		d[i].out_n = 0;
		d[i].later = false;
	}
}

static void dgram_job(void *server, struct lw_datagram *d)
{
	d->out_n = 0;
	d->later = false;
}

const struct lw_dgram_proto kpasswd_dgram = {
	.name = "kpasswd",
	.max_in = KDC_UDP_IN,
	.max_out = KDC_UDP_OUT,
	.answer = dgram_answer,
	.job = dgram_job,
};

static void *conn_new(void *server, const struct lw_peer *peer)
{
	return malloc(1);
}

static enum lw_next step(void *conn, struct lw_reader *in, struct lw_writer *out)
{
	return LW_NEXT_CLOSE;
}

static void job(void *conn, struct lw_writer *out)
{
}

static void conn_free(void *conn)
{
	free(conn);
}

const struct lw_proto kpasswd_proto = {
	.name = "kpasswd",
	.max_message = KRB_MAX_MESSAGE + 4,
	.idle_us = 60 * LW_SECOND,
	.conn_new = conn_new,
	.step = step,
	.job = job,
	.conn_free = conn_free,
};
