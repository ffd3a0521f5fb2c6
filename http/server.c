/* SPDX-License-Identifier: Apache-2.0 */
/* One request: what evhttp made of it becomes a struct http_request, run.c runs it, the answer goes back through evhttp. */
#include "http/int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/err.h"
#include "base/log.h"

/* ---- answers ---- */

static void add_allow(struct evkeyvalq *h, unsigned allow)
{
	static const char *const names[] = { "GET, HEAD", NULL, "POST", "PUT", "PATCH", "DELETE" };
	char text[64] = "";

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] != NULL && (allow & 1u << i) != 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] != '\0' ? ", " : "", names[i]);
	evhttp_add_header(h, "Allow", text);
}

static void add_challenges(struct evkeyvalq *h, unsigned auth)
{
	if (auth & HTTP_AUTH_NEGOTIATE)
		evhttp_add_header(h, "WWW-Authenticate", "Negotiate");
	if (auth & HTTP_AUTH_BEARER)
		evhttp_add_header(h, "WWW-Authenticate", "Bearer realm=\"lwd\"");
	if (auth & HTTP_AUTH_BASIC)
		evhttp_add_header(h, "WWW-Authenticate", "Basic realm=\"lwd\", charset=\"UTF-8\"");
}

static void add_fields(struct http_exchange *x, struct evkeyvalq *h)
{
	const struct http_response *a = &x->res;
	unsigned challenges = a->status == 401 && x->req.route != NULL ? x->req.route->auth : 0;

	if (http_pair_find(a->fields, a->nfields, "Cache-Control").p == NULL)
		evhttp_add_header(h, "Cache-Control", "no-store");
	evhttp_add_header(h, "X-Content-Type-Options", "nosniff");
	for (size_t i = 0; i < a->nfields; i++) {
		char *name = lw_printf(x->arena, "%.*s", (int)a->fields[i].name.n, (const char *)a->fields[i].name.p);
		char *value = lw_printf(x->arena, "%.*s", (int)a->fields[i].value.n, (const char *)a->fields[i].value.p);

		if (name != NULL && value != NULL)
			evhttp_add_header(h, name, value);
		if (lw_eq_nocase(a->fields[i].name, LW_LIT("WWW-Authenticate")))
			challenges &= ~(unsigned)HTTP_AUTH_NEGOTIATE; /* it is there with a token */
	}
	add_challenges(h, challenges);
	if (x->allow != 0)
		add_allow(h, x->allow);
	if (x->close || atomic_load(&x->loop->srv->drain_end) != 0)
		evhttp_add_header(h, "Connection", "close");
	if (a->status != 204 && a->status != 304) {
		char length[24];

		evhttp_add_header(h, "Content-Type", a->type != NULL ? a->type : "text/plain");
		snprintf(length, sizeof(length), "%zu", a->body.n);
		evhttp_add_header(h, "Content-Length", length);
	}
}

static void free_body(const void *p, size_t n, void *arg)
{
	lw_wipe(arg, n); /* tokens */
	free(arg);
}

void http_reply(struct http_exchange *x)
{
	struct http_server *s = x->loop->srv;
	const struct http_route *route = x->req.route;
	struct evbuffer *body = evbuffer_new();
	char status[12];
	size_t n;
	uint8_t *p;

	http_count(s, route, x->res.status, lw_mono(s->opt.clock) - x->whole);
	snprintf(status, sizeof(status), "%d", x->res.status);
	lw_log(x->res.status >= 500 ? LW_WARN : LW_DEBUG, "http", "peer", x->peer.addr, "route", route == NULL ? "none" : route->pattern,
		"status", status, "detail", x->res.detail, NULL);
	add_fields(x, evhttp_request_get_output_headers(x->ev));
	p = lw_writer_take(&x->res.body, &n);
	if (body == NULL || p == NULL || n == 0 || evbuffer_add_reference(body, p, n, free_body, p) != 0)
		free(p);
	evhttp_request_set_on_complete_cb(x->ev, http_sent, x->loop);
	evhttp_send_reply(x->ev, x->res.status, http_reason(x->res.status), x->head ? NULL : body); /* frees ev when the client is gone */
	if (body != NULL)
		evbuffer_free(body);
	json_decref(x->req.json);
	lw_arena_free(x->arena);
	free(x);
}

/* ---- running, on a worker ---- */

static void run_work(struct http_work *work)
{
	struct http_exchange *x = (struct http_exchange *)((char *)work - offsetof(struct http_exchange, work));

	http_run(&x->loop->srv->opt, &x->req, &x->res);
	http_return(x);
}

/* ---- taking, on the loop ---- */

static void refuse(struct http_exchange *x, int status, const char *detail)
{
	x->res.status = status;
	snprintf(x->res.detail, sizeof(x->res.detail), "%s", detail);
	http_put_problem(&x->res);
}

static enum http_method method_of(enum evhttp_cmd_type type)
{
	static const struct {
		enum evhttp_cmd_type type;
		enum http_method method;
	} rows[] = { { EVHTTP_REQ_GET, HTTP_GET }, { EVHTTP_REQ_HEAD, HTTP_GET }, { EVHTTP_REQ_POST, HTTP_POST },
		{ EVHTTP_REQ_PUT, HTTP_PUT }, { EVHTTP_REQ_PATCH, HTTP_PATCH }, { EVHTTP_REQ_DELETE, HTTP_DELETE } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].type == type)
			return rows[i].method;
	return HTTP_OTHER;
}

static struct lw_bytes keep(struct lw_arena *arena, const char *text)
{
	return lw_dup(arena, lw_str(text));
}

static bool copy_fields(struct http_exchange *x)
{
	struct evkeyvalq *h = evhttp_request_get_input_headers(x->ev);
	struct http_pair *v = lw_allocn(x->arena, HTTP_FIELDS_MAX, sizeof(*v));
	struct evkeyval *kv;

	if (v == NULL)
		return false;
	for (kv = h->tqh_first; kv != NULL; kv = kv->next.tqe_next) {
		if (x->req.nfields == HTTP_FIELDS_MAX)
			return false;
		v[x->req.nfields++] = (struct http_pair){ keep(x->arena, kv->key), keep(x->arena, kv->value) };
	}
	x->req.fields = v;
	return true;
}

/* RFC 9110 5.1, 5.5: evhttp lets a name end in a space, and joins folded lines. */
static bool field_sound(const struct http_pair *f)
{
	for (size_t i = 0; i < f->name.n; i++)
		if (f->name.p[i] <= ' ' || f->name.p[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", f->name.p[i]) != NULL)
			return false;
	for (size_t i = 0; i < f->value.n; i++)
		if ((f->value.p[i] < 0x20 && f->value.p[i] != '\t') || f->value.p[i] == 0x7f)
			return false;
	return f->name.n > 0;
}

/* evhttp reads no body with these: what was sent as one would be the next request. */
static bool bodiless(struct evhttp_request *ev)
{
	return (evhttp_request_get_command(ev) & (EVHTTP_REQ_HEAD | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT)) != 0;
}

/* What two readers might read differently; evhttp takes the first of each. */
static int check_fields(struct http_exchange *x)
{
	static const char *const once[] = { "Host", "Content-Length", "Transfer-Encoding", "Authorization", "Content-Type" };
	unsigned seen[sizeof(once) / sizeof(*once)] = { 0 };
	struct lw_bytes coding = http_field(&x->req, "Transfer-Encoding"), length = http_field(&x->req, "Content-Length");

	for (size_t i = 0; i < x->req.nfields; i++)
		if (!field_sound(&x->req.fields[i]))
			return 400;
	for (size_t i = 0; i < x->req.nfields; i++)
		for (size_t k = 0; k < sizeof(once) / sizeof(*once); k++)
			if (lw_eq_nocase(x->req.fields[i].name, lw_str(once[k])) && ++seen[k] > 1)
				return 400;
	x->req.host = http_field(&x->req, "Host");
	if (x->req.host.n == 0 || (seen[1] > 0 && seen[2] > 0) || (seen[2] > 0 && x->ev->major == 1 && x->ev->minor == 0))
		return 400;
	for (size_t i = 0; i < length.n; i++)
		if (length.p[i] < '0' || length.p[i] > '9' || (bodiless(x->ev) && length.p[i] != '0'))
			return 400;
	if (coding.p != NULL && bodiless(x->ev))
		return 400;
	for (size_t i = 0; i < x->req.host.n; i++)
		if (x->req.host.p[i] <= ' ' || strchr("/?#@,\\", x->req.host.p[i]) != NULL)
			return 400;
	return coding.p != NULL && !lw_eq_nocase(coding, LW_LIT("chunked")) ? 501 : 0;
}

static int take_route(struct http_exchange *x)
{
	const struct http_server_options *opt = &x->loop->srv->opt;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(x->ev);
	const char *text = evhttp_request_get_uri(x->ev);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri), *query = uri == NULL ? NULL : evhttp_uri_get_query(uri);

	if (strlen(text) > HTTP_TARGET_MAX)
		return 414;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f)
			return 400;
	if (path != NULL && path[0] == '\0')
		path = "/"; /* http://host */
	if (path == NULL || evhttp_uri_get_fragment(uri) != NULL)
		return 400;
	return http_find(opt, &x->req, keep(x->arena, path), keep(x->arena, query == NULL ? "" : query), &x->allow);
}

static int take_body(struct http_exchange *x)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(x->ev);
	size_t n = evbuffer_get_length(in);
	uint8_t *p;

	if (n > x->req.route->max_body)
		return 413;
	p = lw_alloc(x->arena, n + 1);
	if (p == NULL)
		return 500;
	evbuffer_remove(in, p, n);
	x->req.body = (struct lw_bytes){ p, n };
	return 0;
}

/* 0, or the status to refuse it with. */
static int take(struct http_exchange *x, const char **ret_detail)
{
	int status;

	x->req.method = method_of(evhttp_request_get_command(x->ev));
	x->head = evhttp_request_get_command(x->ev) == EVHTTP_REQ_HEAD;
	if (!copy_fields(x))
		return 431;
	status = check_fields(x);
	if (status != 0) {
		x->close = true; /* where the next request begins is anybody's guess */
		*ret_detail = "malformed request";
		return status;
	}
	status = take_route(x);
	if (status == 403) {
		*ret_detail = "this is served over HTTPS only";
		x->close = true;
	}
	return status == 0 ? take_body(x) : status;
}

void http_take(struct evhttp_request *ev, void *arg)
{
	struct http_loop *l = arg;
	struct http_slot *slot = http_slot_of(l, evhttp_connection_get_bufferevent(evhttp_request_get_connection(ev)));
	struct http_exchange *x = slot == NULL ? NULL : calloc(1, sizeof(*x));
	const char *detail = "";
	int status;

	if (x == NULL || (x->arena = lw_arena_new(HTTP_ARENA_MAX, true)) == NULL) {
		free(x);
		evhttp_send_error(ev, 503, NULL);
		return;
	}
	slot->phase = HTTP_BUSY;
	slot->deadline = 0;
	http_let_go(slot);
	if (slot->tls && !slot->peer.tls)
		l->srv->opt.tls_peer(l->srv->opt.host, bufferevent_openssl_get_ssl(slot->bev), &slot->peer);
	x->loop = l;
	x->ev = ev;
	x->whole = lw_mono(l->srv->opt.clock);
	x->peer = slot->peer;
	x->res.status = 200;
	lw_writer_init(&x->res.body, HTTP_ANSWER_MAX);
	x->res.body.wipe = true;
	x->req.arena = x->arena;
	x->req.peer = &x->peer;
	status = take(x, &detail);
	if (status == 0 && !x->req.route->quick) {
		struct lw_bytes v = http_field(&x->req, "authorization");

		v.n = v.n > 5 ? 5 : v.n;
		x->work = (struct http_work){ .run = run_work,
			.slow = x->req.route->slow || ((x->req.route->auth & HTTP_AUTH_BASIC) && lw_eq_nocase(v, LW_LIT("Basic"))) };
		l->nbusy++;
		l->srv->opt.submit(l->srv->opt.host, &x->work);
		return;
	}
	if (status == 0)
		http_run(&l->srv->opt, &x->req, &x->res);
	else
		refuse(x, status, detail);
	http_reply(x);
}
