/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, and Prometheus' text format 0.0.4. Routes are named by their patterns, so nothing of a tenant shows. */
#include "http/int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int64_t us;
	const char *le;
} buckets[HTTP_BUCKETS] = {
	{ 1000, "0.001" }, { 5000, "0.005" }, { 25000, "0.025" }, { 100000, "0.1" }, { 250000, "0.25" }, { 1000000, "1" },
	{ 5000000, "5" }, { 30000000, "30" },
};

static struct http_counts *counts_of(struct http_server *s, const struct http_route *route)
{
	return &s->counts[route == NULL ? s->opt.nroutes : (size_t)(route - s->opt.routes)];
}

void http_count(struct http_server *s, const struct http_route *route, int status, int64_t took_us)
{
	struct http_counts *c = counts_of(s, route);
	size_t at = http_status_index(status), b = 0;

	while (b < HTTP_BUCKETS && took_us > buckets[b].us)
		b++;
	atomic_fetch_add_explicit(&c->statuses[at < HTTP_STATUSES ? at : HTTP_STATUSES - 1], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->buckets[b], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->sum_us, (uint64_t)(took_us > 0 ? took_us : 0), memory_order_relaxed);
}

static void put(struct lw_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct lw_writer *w, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	lw_put_raw(w, line, n < 0 ? 0 : (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static const char *method_name(enum http_method m)
{
	return m == HTTP_GET ? "GET" : m == HTTP_POST ? "POST" : m == HTTP_PUT ? "PUT" : m == HTTP_PATCH ? "PATCH" : "DELETE";
}

static void put_labels(struct lw_writer *w, const struct http_route *route)
{
	if (route == NULL)
		put(w, "{route=\"none\",method=\"\"");
	else
		put(w, "{route=\"%s\",method=\"%s\"", route->pattern, method_name(route->method));
}

static void put_requests(struct http_server *s, const struct http_route *route, struct lw_writer *w)
{
	struct http_counts *c = counts_of(s, route);

	for (size_t i = 0; i < HTTP_STATUSES; i++) {
		uint64_t n = atomic_load_explicit(&c->statuses[i], memory_order_relaxed);

		if (n == 0)
			continue;
		put(w, "lwd_http_requests_total");
		put_labels(w, route);
		put(w, ",status=\"%d\"} %" PRIu64 "\n", http_status_at(i), n);
	}
}

static void put_latency(struct http_server *s, const struct http_route *route, struct lw_writer *w)
{
	struct http_counts *c = counts_of(s, route);
	uint64_t n = 0;

	for (size_t i = 0; i <= HTTP_BUCKETS; i++)
		n += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
	if (n == 0)
		return;
	n = 0;
	for (size_t i = 0; i <= HTTP_BUCKETS; i++) {
		n += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
		put(w, "lwd_http_request_seconds_bucket");
		put_labels(w, route);
		put(w, ",le=\"%s\"} %" PRIu64 "\n", i < HTTP_BUCKETS ? buckets[i].le : "+Inf", n);
	}
	put(w, "lwd_http_request_seconds_sum");
	put_labels(w, route);
	put(w, "} %.6f\n", (double)atomic_load_explicit(&c->sum_us, memory_order_relaxed) / 1e6);
	put(w, "lwd_http_request_seconds_count");
	put_labels(w, route);
	put(w, "} %" PRIu64 "\n", n);
}

void http_metrics(struct http_server *s, struct lw_writer *w)
{
	put(w, "# HELP lwd_http_requests_total Requests answered.\n# TYPE lwd_http_requests_total counter\n");
	for (size_t i = 0; i <= s->opt.nroutes; i++)
		put_requests(s, i < s->opt.nroutes ? &s->opt.routes[i] : NULL, w);
	put(w, "# HELP lwd_http_request_seconds From the whole request to its answer.\n"
	       "# TYPE lwd_http_request_seconds histogram\n");
	for (size_t i = 0; i <= s->opt.nroutes; i++)
		put_latency(s, i < s->opt.nroutes ? &s->opt.routes[i] : NULL, w);
	put(w, "# HELP lwd_http_connections Connections that are open.\n# TYPE lwd_http_connections gauge\n"
	       "lwd_http_connections %" PRIu64 "\n",
		(uint64_t)atomic_load_explicit(&s->conns, memory_order_relaxed));
	put(w, "# HELP lwd_http_connections_total Connections that were accepted.\n# TYPE lwd_http_connections_total counter\n"
	       "lwd_http_connections_total %" PRIu64 "\n",
		atomic_load_explicit(&s->accepted, memory_order_relaxed));
}
