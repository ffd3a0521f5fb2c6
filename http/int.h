/* SPDX-License-Identifier: Apache-2.0 */
/* Between server.c and metrics.c. */
#ifndef HTTP_INT_H
#define HTTP_INT_H

#include <stdatomic.h>

#include "http/http.h"

#define HTTP_STATUSES 40 /* room in the table of counters; all others are counted as the last */
#define HTTP_BUCKETS  8

struct http_counts { /* of a route; of what had none */
	_Atomic uint64_t statuses[HTTP_STATUSES];
	_Atomic uint64_t buckets[HTTP_BUCKETS + 1];
	_Atomic uint64_t sum_us;
};
struct http_server {
	struct http_server_options opt;
	_Atomic uint64_t conns, accepted;
	struct http_counts *counts; /* nroutes + 1 */
};

/* metrics.c */
void http_count(struct http_server *, const struct http_route *, int status, int64_t took_us);
/* problem.c: the number of a status in the table of reasons; past the end: none. */
size_t http_status_index(int status);
int http_status_at(size_t index); /* 0: past the end */

#endif
