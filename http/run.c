/* SPDX-License-Identifier: Apache-2.0 */
/* A request that has been read: which route it is for, who asks, and what its handler answers. No sockets. */
#include "http/http.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

/* ---- what requests say ---- */

static struct lw_bytes find(const struct http_pair *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (lw_eq(v[i].name, lw_str(name)))
			return v[i].value;
	return (struct lw_bytes){ NULL, 0 };
}

struct lw_bytes http_pair_find(const struct http_pair *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (lw_eq_nocase(v[i].name, lw_str(name)))
			return v[i].value;
	return (struct lw_bytes){ NULL, 0 };
}

struct lw_bytes http_param(const struct http_request *q, const char *name)
{
	return find(q->params, q->nparams, name);
}

struct lw_bytes http_query(const struct http_request *q, const char *name)
{
	return find(q->query, q->nquery, name);
}

struct lw_bytes http_field(const struct http_request *q, const char *name)
{
	return http_pair_find(q->fields, q->nfields, name);
}

bool http_type_is(const struct http_request *q, const char *type)
{
	struct lw_bytes v = http_field(q, "content-type");
	size_t n = 0;

	while (n < v.n && v.p[n] != ';' && v.p[n] != ' ' && v.p[n] != '\t')
		n++;
	return lw_eq_nocase((struct lw_bytes){ v.p, n }, lw_str(type));
}

void http_put_field(struct http_response *a, const char *name, struct lw_bytes value)
{
	if (a->nfields == HTTP_MORE_FIELDS)
		return;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] == 0x7f)
			return;
	if (value.n && a->arena)
		value = lw_dup(a->arena, value);
	if (value.n)
		a->fields[a->nfields++] = (struct http_pair){ lw_str(name), value };
}

void http_put_problem(struct http_response *a)
{
	lw_writer_reset(&a->body);
	a->type = "application/problem+json";
	http_problem_put(&a->body, a->status, a->code, a->detail);
}

/* ---- the route ---- */

int http_find(const struct http_server_options *opt, struct http_request *q, struct lw_bytes path, struct lw_bytes query, unsigned *ret_allow)
{
	struct http_target *t = lw_alloc(q->arena, sizeof(*t));
	int status = t == NULL ? 500 : http_target_parse(path, query, q->arena, t);

	if (status != 0)
		return status;
	q->query = t->query;
	q->nquery = t->nquery;
	q->route = http_route_find(opt->routes, opt->nroutes, q->method, t, q->arena, q->params, &q->nparams, ret_allow);
	if (q->route == NULL)
		return *ret_allow != 0 ? 405 : 404;
	return q->route->plain || q->peer->tls ? 0 : 403;
}

/* ---- who asks ---- */

static int authenticate(const struct http_server_options *opt, struct http_request *q, struct http_response *a)
{
	struct lw_bytes field = http_field(q, "authorization"), reply = { NULL, 0 };
	struct http_credentials cred = { 0 };
	char *text;
	int r;

	q->how = HTTP_AUTH_NONE;
	if (field.p == NULL)
		return q->route->auth & HTTP_AUTH_NONE ? LW_OK : LW_EAUTH;
	if (q->route->auth == HTTP_AUTH_NONE)
		return LW_OK; /* it asks nobody */
	r = http_authorization_parse(field, q->arena, &cred);
	if (r == LW_EUNSUPPORTED || (r == LW_OK && !(q->route->auth & cred.how))) {
		snprintf(a->detail, sizeof(a->detail), "not with this way of authentication");
		return LW_EAUTH;
	}
	if (r != LW_OK || opt->authenticate == NULL)
		return r != LW_OK ? LW_EINVAL : LW_EAUTH;
	r = opt->authenticate(opt->ctx, q, &cred, &q->who, &reply);
	if (r == LW_OK)
		q->how = cred.how;
	if (cred.how == HTTP_AUTH_NEGOTIATE && reply.n > 0 && (text = lw_base64(q->arena, reply)) != NULL &&
		(text = lw_printf(q->arena, "Negotiate %s", text)) != NULL)
		http_put_field(a, "WWW-Authenticate", lw_str(text));
	return r;
}

/* ---- running ---- */

static int run(const struct http_server_options *opt, struct http_request *q, struct http_response *a)
{
	int r;

	if (q->route->right == 0 || q->route->auth == 0) {
		lw_log(LW_ERROR, "route without a right", "route", q->route->pattern, NULL);
		return LW_EINTERNAL;
	}
	r = authenticate(opt, q, a);
	if (r == LW_OK)
		r = q->route->run(opt->ctx, q, a);
	if (r == LW_OK && a->body.err != LW_OK)
		r = a->body.err == LW_ELIMIT ? LW_EINTERNAL : a->body.err;
	return r;
}

void http_run(const struct http_server_options *opt, struct http_request *q, struct http_response *a)
{
	const struct http_problem *p;
	int r;

	a->arena = q->arena;
	r = run(opt, q, a);
	if (r == LW_OK)
		return;
	p = http_problem_of(r);
	a->status = p->status;
	a->code = p->code;
	if (p->status == 503)
		http_put_field(a, "Retry-After", LW_LIT("1"));
	if (a->detail[0] == '\0')
		snprintf(a->detail, sizeof(a->detail), "%s", p->text);
	if (p->status == 500)
		lw_log(LW_ERROR, "http-failed", "route", q->route->pattern, "why", lw_strerror(r), NULL);
	http_put_problem(a);
}
