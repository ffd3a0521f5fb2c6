/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API: the rows of base/api.h as routes. Each becomes a control request that directory runs with the caller's capability. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "http/api.h"
#include "lwd/relay.h"
#include "lwd/web.h"

/* ---- what is asked ---- */

static const struct api_row *row_of(const struct http_request *q)
{
	static const enum http_method methods[] = { [API_GET] = HTTP_GET, [API_POST] = HTTP_POST, [API_PUT] = HTTP_PUT,
		[API_PATCH] = HTTP_PATCH, [API_DELETE] = HTTP_DELETE };
	const struct api_row *row = api_rows;

	while (row->path != NULL && (methods[row->method] != q->route->method || strcmp(row->path, q->route->pattern) != 0))
		row++;
	return row->path != NULL ? row : NULL;
}

/* Members in the query: none twice, none unknown. */
static int take_query(const struct api_row *row, const struct http_request *q, struct ctl_request *c, char why[256])
{
	int r = LW_OK;

	for (size_t i = 0; i < q->nquery && r == LW_OK; i++) {
		const struct http_pair *p = &q->query[i];
		const struct api_member *m = row->members;

		while (m->name != NULL && !(lw_eq(p->name, lw_str(m->name)) && m->key[0] != '\0'))
			m++;
		if (m->name == NULL || q->route->max_body > 0 || ctl_arg(c, m->key).p != NULL || p->value.n == 0) {
			snprintf(why, 256, "a parameter of the query is not known here, empty, or said twice");
			return LW_EINVAL;
		}
		if (m->type == API_FLAG && !lw_eq(p->value, LW_LIT("true")) && !lw_eq(p->value, LW_LIT("false"))) {
			snprintf(why, 256, "%s must be true or false", m->name);
			return LW_EINVAL;
		}
		if (m->type != API_FLAG || lw_eq(p->value, LW_LIT("true")))
			r = http_api_add(q->arena, c, lw_str(m->key), p->value);
	}
	return r;
}

static bool wants_body(const struct api_row *row)
{
	for (const struct api_member *m = row->members; m->name != NULL; m++)
		if (m->needed)
			return true;
	return false;
}

static int request_of(const struct api_row *row, struct http_request *q, struct http_response *a, struct ctl_request *c)
{
	json_t *body = NULL;
	int r = LW_OK;

	*c = (struct ctl_request){ .verb = lw_str(row->verb), .tenant = http_param(q, "tenant") };
	if (row->kind != NULL)
		r = http_api_add(q->arena, c, LW_LIT("kind"), lw_str(row->kind));
	for (size_t i = 0; i < q->nparams && r == LW_OK; i++)
		if (!lw_eq(q->params[i].name, LW_LIT("tenant")))
			r = http_api_add(q->arena, c, q->params[i].name, q->params[i].value);
	if (r == LW_OK)
		r = take_query(row, q, c, a->detail);
	if (r == LW_OK && q->route->max_body > 0 && (q->body.n > 0 || wants_body(row)))
		r = http_json(q, a, &body);
	return r != LW_OK ? r : http_api_take(row, body, q->arena, c, a->detail);
}

static int ask(struct web *w, struct http_request *q, const struct ctl_request *c, struct lw_bytes *ret)
{
	char addr[RELAY_MAX_ADDR + 1];
	struct relay_control ask = { .token = web_token(q), .addr = addr };
	struct lw_writer out;
	int r;

	snprintf(addr, sizeof(addr), "%s", q->peer->addr);
	lw_writer_init(&out, RELAY_MAX_CONTROL);
	out.wipe = true;
	ctl_request_put(&out, c);
	if (out.err == LW_OK)
		ask.request = (struct lw_bytes){ out.p + 4, out.n - 4 };
	r = out.err != LW_OK ? out.err : relay_control(w->directory, &ask, q->arena, ret);
	lw_writer_done(&out);
	return r;
}

/* ---- what is answered ---- */

static int read_answer(const struct api_row *row, struct lw_arena *arena, struct lw_bytes raw, json_t *items, struct ctl_answer *ret_end)
{
	struct lw_reader r;
	int e = LW_OK;

	lw_reader_init(&r, raw);
	do {
		e = ctl_answer_get(arena, lw_get_counted(&r, CTL_MAX), ret_end);
		if (e == LW_OK && ret_end->kind == CTL_ITEM && json_array_append_new(items, http_api_object(row, ret_end)) != 0)
			e = LW_ENOMEM;
	} while (e == LW_OK && ret_end->kind != CTL_END);
	return e == LW_ENOMEM ? e : e != LW_OK || lw_reader_end(&r) != LW_OK ? LW_EINTERNAL : LW_OK;
}

static void put_problem(struct http_response *a, const struct ctl_answer *end)
{
	char code[32];

	snprintf(code, sizeof(code), "%.*s", (int)end->code.n, (const char *)end->code.p);
	snprintf(a->detail, sizeof(a->detail), "%.*s", (int)end->text.n, (const char *)end->text.p);
	a->status = api_status(end->code);
	a->type = "application/problem+json";
	http_problem_put(&a->body, a->status, code, a->detail);
	if (a->status == 503)
		http_put_field(a, "Retry-After", LW_LIT("1"));
}

/* Where what was made is to be found: by its name, below where it was made. */
static void put_location(const struct api_row *row, const struct ctl_request *c, struct http_request *q, struct http_response *a, json_t *made)
{
	const char *name = json_string_value(json_object_get(made, "name"));
	struct api_row at = { .method = API_GET, .path = lw_printf(q->arena, "%s/{made}", row->path), .members = row->members };
	struct ctl_pair pair = { LW_LIT("made"), lw_str(name) };
	struct ctl_request where = { .tenant = c->tenant, .pairs = &pair, .npairs = 1 };
	struct lw_writer w;
	struct lw_bytes text;

	if (name == NULL || at.path == NULL)
		return;
	lw_writer_init(&w, 8192);
	api_target(&w, &at, &where);
	text = w.err == LW_OK ? lw_dup(q->arena, lw_written(&w)) : (struct lw_bytes){ NULL, 0 };
	lw_writer_done(&w);
	if (text.p != NULL)
		http_put_field(a, "Location", text);
}

static int put_answer(const struct api_row *row, const struct ctl_answer *end, json_t *items, struct http_response *a)
{
	json_t *o;

	if (row->answer == API_NOTHING) {
		a->status = 204;
		return LW_OK;
	}
	if (row->answer == API_LIST) {
		o = json_pack("{s:O}", "items", items);
		if (o != NULL && end->more)
			json_object_set_new(o, "next", json_stringn((const char *)end->text.p, end->text.n));
	} else {
		o = json_incref(json_array_get(items, 0));
		if (o == NULL)
			return LW_EINTERNAL;
	}
	if (row->answer == API_MADE)
		a->status = 201;
	http_put_json(a, o);
	return LW_OK;
}

static int run(void *ctx, struct http_request *q, struct http_response *a)
{
	const struct api_row *row = row_of(q);
	json_t *items = json_array();
	struct ctl_request c;
	struct ctl_answer end;
	struct lw_bytes raw;
	int r = row == NULL ? LW_EINTERNAL : items == NULL ? LW_ENOMEM : request_of(row, q, a, &c);

	if (r == LW_OK)
		r = ask(ctx, q, &c, &raw);
	if (r == LW_OK)
		r = read_answer(row, q->arena, raw, items, &end);
	if (r == LW_OK && end.code.n > 0)
		put_problem(a, &end);
	else if (r == LW_OK)
		r = put_answer(row, &end, items, a);
	if (r == LW_OK && a->status == 201)
		put_location(row, &c, q, a, json_array_get(items, 0));
	json_decref(items);
	return r;
}

#define BODY(set, octets, hashes) enum { BODY_##set = octets, HASHES_##set = hashes };
API_SETS(BODY)
#define ROUTE(how, path, verb, control, kind, set, answer)                                                                            \
	{ .method = HTTP_##how,                                                                                                        \
		.pattern = path,                                                                                                       \
		.right = ACCESS_##verb,                                                                                                \
		.auth = HTTP_AUTH_BEARER,                                                                                              \
		.max_body = BODY_##set,                                                                                                \
		.slow = HASHES_##set,                                                                                                  \
		.run = run },
static const struct http_route api[] = { API_ROWS(ROUTE) };
const struct web_table web_api = WEB_TABLE(api);
