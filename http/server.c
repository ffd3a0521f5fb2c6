/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: heads and bodies in, answers out, one after the other. */
#include "http/int.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#define QUANTUM    32 /* requests in a row before others get the loop */
#define EMPTY_MAX  8  /* empty lines before a request line */
#define MAX_IN     (HTTP_HEAD_MAX + 4096)

enum state { HEAD, BODY, RUN, CLOSE };

struct conn {
	struct http_server *srv;
	const struct lw_peer *peer;
	struct lw_arena *arena;    /* of the request; NULL before the first */
	enum state state;
	unsigned empty;
	size_t scanned;            /* octets of the head that hold no end */
	bool begun;                /* the request has its first octet */
	int64_t deadline, whole;   /* 0: none; when the request was whole */
	struct http_head *head;    /* in the arena */
	const struct http_route *route;
	struct http_request req;
	struct http_chunks chunks;
	struct lw_writer body;
	bool close;
};

/* ---- what requests say ---- */

static struct lw_bytes find(const struct http_pair *v, size_t n, const char *name, bool nocase)
{
	for (size_t i = 0; i < n; i++)
		if (nocase ? lw_eq_nocase(v[i].name, lw_str(name)) : lw_eq(v[i].name, lw_str(name)))
			return v[i].value;
	return (struct lw_bytes){ NULL, 0 };
}

struct lw_bytes http_param(const struct http_request *q, const char *name)
{
	return find(q->params, q->nparams, name, false);
}

struct lw_bytes http_query(const struct http_request *q, const char *name)
{
	return find(q->query, q->nquery, name, false);
}

struct lw_bytes http_field(const struct http_request *q, const char *name)
{
	return find(q->fields, q->nfields, name, true);
}

bool http_type_is(const struct http_request *q, const char *type)
{
	struct lw_bytes v = http_field(q, "content-type");
	size_t n = 0;

	while (n < v.n && v.p[n] != ';' && v.p[n] != ' ' && v.p[n] != '\t')
		n++;
	return lw_eq_nocase((struct lw_bytes){ v.p, n }, lw_str(type));
}

/* ---- answers ---- */

void http_put_field(struct http_response *a, const char *name, struct lw_bytes value)
{
	if (a->nfields == HTTP_MORE_FIELDS)
		return;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] == 0x7f)
			return;
	a->fields[a->nfields++] = (struct http_pair){ lw_str(name), value };
}

static void put_text(struct lw_writer *w, const char *text)
{
	lw_put_raw(w, text, strlen(text));
}

static void put_field(struct lw_writer *w, const char *name, struct lw_bytes value)
{
	put_text(w, name);
	put_text(w, ": ");
	lw_put_bytes(w, value);
	put_text(w, "\r\n");
}

/* RFC 9110 5.6.7 */
static void put_date(struct lw_writer *w, int64_t wall)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)(wall / LW_SECOND);
	struct tm tm;
	char text[64];

	if (gmtime_r(&t, &tm) == NULL)
		return;
	snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	put_field(w, "Date", lw_str(text));
}

static void put_allow(struct lw_writer *w, unsigned allow)
{
	static const char *const names[] = { "GET, HEAD", NULL, "POST", "PUT", "PATCH", "DELETE" };
	const char *between = "Allow: ";

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] != NULL && (allow & 1u << i) != 0) {
			put_text(w, between);
			put_text(w, names[i]);
			between = ", ";
		}
	put_text(w, "\r\n");
}

static void put_challenges(struct lw_writer *w, unsigned auth)
{
	if (auth & HTTP_AUTH_NEGOTIATE)
		put_text(w, "WWW-Authenticate: Negotiate\r\n");
	if (auth & HTTP_AUTH_BEARER)
		put_text(w, "WWW-Authenticate: Bearer realm=\"lwd\"\r\n");
	if (auth & HTTP_AUTH_BASIC)
		put_text(w, "WWW-Authenticate: Basic realm=\"lwd\", charset=\"UTF-8\"\r\n");
}

/* The whole answer. allow: methods, for 405. */
static void put_answer(struct conn *c, struct http_response *a, unsigned allow, struct lw_writer *out)
{
	bool challenge = a->status == 401 && c->route != NULL, bodiless = a->status == 204 || a->status == 304;
	char line[96];

	snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", a->status, http_reason(a->status));
	put_text(out, line);
	put_date(out, lw_wall(c->srv->opt.clock));
	if (find(a->fields, a->nfields, "Cache-Control", true).p == NULL)
		put_text(out, "Cache-Control: no-store\r\n");
	put_text(out, "X-Content-Type-Options: nosniff\r\n");
	for (size_t i = 0; i < a->nfields; i++) {
		lw_put_bytes(out, a->fields[i].name);
		put_text(out, ": ");
		lw_put_bytes(out, a->fields[i].value);
		put_text(out, "\r\n");
		challenge = challenge && !lw_eq_nocase(a->fields[i].name, LW_LIT("WWW-Authenticate"));
	}
	if (challenge)
		put_challenges(out, c->route->auth);
	if (allow != 0)
		put_allow(out, allow);
	if (c->close)
		put_text(out, "Connection: close\r\n");
	if (!bodiless) {
		if (a->type != NULL)
			put_field(out, "Content-Type", lw_str(a->type));
		snprintf(line, sizeof(line), "Content-Length: %zu\r\n", a->body.n);
		put_text(out, line);
	}
	put_text(out, "\r\n");
	if (!bodiless && (c->head == NULL || !c->head->head))
		lw_put_bytes(out, lw_written(&a->body));
}

static void answer_init(struct http_response *a)
{
	*a = (struct http_response){ .status = 200 };
	lw_writer_init(&a->body, HTTP_ANSWER_MAX);
	a->body.wipe = true; /* tokens */
}

static void make_problem(struct http_response *a)
{
	lw_writer_reset(&a->body);
	a->type = "application/problem+json";
	http_problem_put(&a->body, a->status, a->code, a->detail);
}

/* The request is over. */
static void finish(struct conn *c, struct http_response *a, unsigned allow, struct lw_writer *out)
{
	struct http_server *s = c->srv;
	int64_t now = lw_mono(s->opt.clock);
	char status[12];

	put_answer(c, a, allow, out);
	lw_writer_done(&a->body);
	http_count(s, c->route, a->status, c->whole == 0 ? 0 : now - c->whole);
	snprintf(status, sizeof(status), "%d", a->status);
	lw_log(a->status >= 500 ? LW_WARN : LW_DEBUG, "http", "peer", c->peer->addr, "route",
		c->route == NULL ? "none" : c->route->pattern, "status", status, "detail", a->detail, NULL);
	json_decref(c->req.json);
	c->req = (struct http_request){ 0 };
	lw_writer_done(&c->body);
	lw_writer_init(&c->body, 0);
	if (c->arena != NULL)
		lw_arena_reset(c->arena);
	c->head = NULL;
	c->route = NULL;
	c->begun = false;
	c->scanned = c->empty = 0;
	c->deadline = c->whole = 0;
	c->chunks = (struct http_chunks){ 0 };
	c->state = c->close ? CLOSE : HEAD;
}

static void refuse(struct conn *c, int status, unsigned allow, const char *detail, struct lw_writer *out)
{
	struct http_response a;

	answer_init(&a);
	a.status = status;
	snprintf(a.detail, sizeof(a.detail), "%s", detail);
	make_problem(&a);
	finish(c, &a, allow, out);
}

/* ---- running ---- */

static int authenticate(struct conn *c, struct http_response *a)
{
	const struct http_server_options *opt = &c->srv->opt;
	struct lw_bytes field = http_field(&c->req, "authorization"), reply = { NULL, 0 };
	struct http_credentials cred = { 0 };
	char *text;
	int r;

	c->req.how = HTTP_AUTH_NONE;
	if (field.p == NULL)
		return c->route->auth & HTTP_AUTH_NONE ? LW_OK : LW_EAUTH;
	if (c->route->auth == HTTP_AUTH_NONE)
		return LW_OK; /* it asks nobody */
	r = http_authorization_parse(field, c->req.arena, &cred);
	if (r == LW_EUNSUPPORTED || (r == LW_OK && !(c->route->auth & cred.how))) {
		snprintf(a->detail, sizeof(a->detail), "not with this way of authentication");
		return LW_EAUTH;
	}
	if (r != LW_OK || opt->authenticate == NULL)
		return r != LW_OK ? LW_EINVAL : LW_EAUTH;
	r = opt->authenticate(opt->ctx, &c->req, &cred, &c->req.who, &reply);
	if (r == LW_OK)
		c->req.how = cred.how;
	if (cred.how == HTTP_AUTH_NEGOTIATE && reply.n > 0 && (text = lw_base64(c->req.arena, reply)) != NULL &&
		(text = lw_printf(c->req.arena, "Negotiate %s", text)) != NULL)
		http_put_field(a, "WWW-Authenticate", lw_str(text));
	return r;
}

static void run(struct conn *c, struct lw_writer *out)
{
	struct http_response a;
	int r;

	answer_init(&a);
	c->req.body = lw_written(&c->body);
	r = authenticate(c, &a);
	if (r == LW_OK)
		r = c->route->run(c->srv->opt.ctx, &c->req, &a);
	if (r == LW_OK && a.body.err != LW_OK)
		r = a.body.err == LW_ELIMIT ? LW_EINTERNAL : a.body.err;
	if (r != LW_OK) {
		const struct http_problem *p = http_problem_of(r);

		a.status = p->status;
		a.code = p->code;
		if (a.detail[0] == '\0')
			snprintf(a.detail, sizeof(a.detail), "%s", p->text);
		if (p->status == 500)
			lw_log(LW_ERROR, "http-failed", "route", c->route->pattern, "why", lw_strerror(r), NULL);
		make_problem(&a);
	}
	finish(c, &a, 0, out);
}

/* ---- reading ---- */

/* Where the head ends, 0: not yet. A LF without its CR is told at once, not when the time is up. */
static size_t head_end(struct conn *c, struct lw_bytes in, bool *ret_bad)
{
	size_t i = c->scanned;

	for (; i < in.n; i++) {
		const uint8_t *p = memchr(in.p + i, '\n', in.n - i);

		if (p == NULL)
			break;
		i = (size_t)(p - in.p);
		if (i == 0 || p[-1] != '\r') {
			*ret_bad = true;
			return 0;
		}
		if (i >= 3 && p[-2] == '\n')
			return i + 1;
	}
	c->scanned = in.n;
	return 0;
}

static const char *detail_of(int status)
{
	return status == 400 ? "malformed request" : status == 414 ? "the request's target is too long" :
		status == 431 ? "too many header fields, or too long" : status == 501 ? "no such method or transfer coding" :
		status == 505 ? "HTTP/1.1 is spoken here" : "";
}

/* The head is whole and sound: who answers? true: go on with the body. */
static bool take_route(struct conn *c, struct lw_writer *out)
{
	const struct http_server_options *opt = &c->srv->opt;
	struct http_target *t = lw_alloc(c->arena, sizeof(*t));
	unsigned allow = 0;
	int status = t == NULL ? 500 : http_target_parse(c->head->target, c->arena, t);

	/* what is left of the connection cannot be told from the body that nobody reads */
	c->close = c->close || c->head->close;
	if (status == 0) {
		c->route = http_route_find(opt->routes, opt->nroutes, c->head->method, t, c->arena, c->req.params, &c->req.nparams, &allow);
		status = c->route != NULL ? 0 : allow != 0 ? 405 : 404;
	}
	if (status == 0 && !c->route->plain && !c->peer->tls) {
		c->close = true;
		refuse(c, 403, 0, "this is served over HTTPS only", out);
		return false;
	}
	if (status == 0 && !c->head->chunked && c->head->length > c->route->max_body)
		status = 413;
	if (status != 0) {
		c->close = c->close || c->head->chunked || c->head->length > 0;
		refuse(c, status, allow, detail_of(status), out);
		return false;
	}
	c->req.method = c->head->method;
	c->req.route = c->route;
	c->req.query = t->query;
	c->req.nquery = t->nquery;
	c->req.fields = c->head->fields;
	c->req.nfields = c->head->nfields;
	c->req.host = c->head->host;
	c->req.peer = c->peer;
	c->req.arena = c->arena;
	return true;
}

static void take_head(struct conn *c, struct lw_bytes head, struct lw_writer *out)
{
	int status = 500;

	if (c->arena == NULL)
		c->arena = lw_arena_new(HTTP_ARENA_MAX, true);
	if (c->arena != NULL && (head = lw_dup(c->arena, head)).p != NULL)
		c->head = lw_alloc(c->arena, sizeof(*c->head));
	if (c->head != NULL)
		status = http_head_parse(head, c->head);
	if (status != 0) {
		c->close = true;
		refuse(c, status, 0, detail_of(status), out);
		return;
	}
	if (!take_route(c, out))
		return;
	lw_writer_init(&c->body, c->route->max_body);
	c->body.wipe = true;
	c->deadline = lw_mono(c->srv->opt.clock) + HTTP_BODY_US;
	c->state = c->head->chunked || c->head->length > 0 ? BODY : RUN;
	if (c->state == BODY && c->head->expect)
		put_text(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* false: more octets are needed */
static bool read_head(struct conn *c, struct lw_reader *in, struct lw_writer *out)
{
	struct lw_bytes left;
	bool bad = false;
	size_t n;

	while (!c->begun && lw_reader_left(in) >= 2 && in->p[0] == '\r' && in->p[1] == '\n' && c->empty++ < EMPTY_MAX)
		in->p += 2;
	left = (struct lw_bytes){ in->p, lw_reader_left(in) };
	if (left.n == 0)
		return false;
	if (!c->begun && c->deadline == 0)
		c->deadline = lw_mono(c->srv->opt.clock) + HTTP_HEAD_US;
	if (left.n == 1 && left.p[0] == '\r')
		return false;
	if (left.n > HTTP_HEAD_MAX + 1)
		left.n = HTTP_HEAD_MAX + 1;
	c->begun = true;
	n = head_end(c, left, &bad);
	if (bad || n > HTTP_HEAD_MAX || (n == 0 && left.n > HTTP_HEAD_MAX)) {
		int status = bad ? 400 : memchr(left.p, '\n', left.n) == NULL ? 414 : 431;

		in->p = in->end;
		c->close = true;
		refuse(c, status, 0, detail_of(status), out);
		return true;
	}
	if (n == 0)
		return false;
	in->p += n;
	take_head(c, (struct lw_bytes){ left.p, n }, out);
	return true;
}

static bool read_body(struct conn *c, struct lw_reader *in, struct lw_writer *out)
{
	if (c->head->chunked) {
		enum http_chunk_next next = http_chunks_take(&c->chunks, in, &c->body);

		if (next == HTTP_CHUNK_BAD) {
			c->close = true;
			refuse(c, c->body.err == LW_ELIMIT ? 413 : 400, 0, "", out);
			return true;
		}
		if (next == HTTP_CHUNK_MORE)
			return false;
	} else {
		size_t n = lw_reader_left(in), want = (size_t)c->head->length - c->body.n;

		lw_put_bytes(&c->body, lw_get_raw(in, n < want ? n : want));
		if (c->body.err != LW_OK) {
			c->close = true;
			refuse(c, 500, 0, "", out);
			return true;
		}
		if (c->body.n < c->head->length)
			return false;
	}
	c->state = RUN;
	return true;
}

/* ---- the machine ---- */

static bool has_password(const struct conn *c)
{
	struct lw_bytes v = http_field(&c->req, "authorization");

	if (v.n > 5)
		v.n = 5;
	return c->route->slow || ((c->route->auth & HTTP_AUTH_BASIC) && lw_eq_nocase(v, LW_LIT("Basic")));
}

static enum lw_next http_step(void *ctx, struct lw_reader *in, struct lw_writer *out)
{
	struct conn *c = ctx;

	for (unsigned done = 0; done < QUANTUM;) {
		bool go = true;

		switch (c->state) {
		case HEAD:
			go = read_head(c, in, out);
			break;
		case BODY:
			go = read_body(c, in, out);
			break;
		case RUN:
			if (c->whole == 0)
				c->whole = lw_mono(c->srv->opt.clock);
			c->deadline = 0;
			if (!c->route->quick)
				return has_password(c) ? LW_NEXT_SLOW_JOB : LW_NEXT_JOB;
			run(c, out);
			done++;
			break;
		case CLOSE:
			in->p = in->end;
			return LW_NEXT_CLOSE;
		}
		if (!go)
			return LW_NEXT_READ;
	}
	return LW_NEXT_MORE;
}

static void http_job(void *ctx, struct lw_writer *out)
{
	run(ctx, out);
}

static bool http_tick(void *ctx, struct lw_writer *out)
{
	struct conn *c = ctx;

	if (c->deadline == 0 || lw_mono(c->srv->opt.clock) <= c->deadline)
		return false;
	if (c->begun) {
		c->close = true;
		refuse(c, 408, 0, "the request took too long", out);
	}
	return true;
}

static void *http_conn_new(void *server, const struct lw_peer *peer)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->srv = server;
	c->peer = peer;
	c->deadline = lw_mono(c->srv->opt.clock) + HTTP_HEAD_US;
	lw_writer_init(&c->body, 0);
	atomic_fetch_add(&c->srv->conns, 1);
	atomic_fetch_add(&c->srv->accepted, 1);
	return c;
}

static void http_conn_free(void *ctx)
{
	struct conn *c = ctx;

	json_decref(c->req.json);
	lw_writer_done(&c->body);
	lw_arena_free(c->arena);
	atomic_fetch_sub(&c->srv->conns, 1);
	free(c);
}

const struct lw_proto http_proto = {
	.name = "http",
	.max_message = MAX_IN,
	.idle_us = HTTP_IDLE_US,
	.conn_new = http_conn_new,
	.step = http_step,
	.job = http_job,
	.conn_free = http_conn_free,
	.tick = http_tick,
};

/* Passwords and tokens pass through jansson's strings. */
static void wiping_free(void *p)
{
	if (p != NULL)
		lw_wipe(p, malloc_usable_size(p));
	free(p);
}

int http_server_new(const struct http_server_options *opt, struct http_server **ret)
{
	struct http_server *s;

	if (http_routes_wrong(opt->routes, opt->nroutes) != NULL)
		return LW_EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->counts = calloc(opt->nroutes + 1, sizeof(*s->counts))) == NULL) {
		free(s);
		return LW_ENOMEM;
	}
	json_set_alloc_funcs(malloc, wiping_free);
	s->opt = *opt;
	*ret = s;
	return LW_OK;
}

void http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	free(s->counts);
	free(s);
}
