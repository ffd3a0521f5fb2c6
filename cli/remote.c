/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of lwctl's commands over the admin API: the table of base/api.h, read the other way round. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/remote.h"
#include "http/api.h"

#define PAGE "1000"

bool remote_is(struct lwctl *c, const struct ctl_request *req)
{
	const char *tenant;

	if (!c->server)
		return false;
	if (c->server_for == SERVER_ALL)
		return true;
	if (!api_row_for(req))
		return false;
	if (c->server_for == SERVER_OFFERED)
		return true;
	tenant = login_tenant(c);
	return tenant && login_token(c, tenant);
}

static int items_of(struct lwctl *c, const struct api_row *row, json_t *answer, void (*item)(struct lwctl *, const struct ctl_answer *))
{
	json_t *items = row->answer == API_LIST ? json_object_get(answer, "items") : NULL, *one;
	struct ctl_answer a;
	size_t i;

	if (row->answer != API_LIST) {
		if (http_api_item(row, answer, c->arena, &a))
			goto bad;
		item(c, &a);
		return 0;
	}
	if (!json_is_array(items))
		goto bad;
	json_array_foreach(items, i, one) {
		if (http_api_item(row, one, c->arena, &a))
			goto bad;
		item(c, &a);
	}
	return 0;
bad:
	return fail(c, EX_FAILED, "failed", "%s gave an answer that lwctl does not understand", c->server);
}

static int ask_once(struct lwctl *c, const struct api_row *row, const struct ctl_request *req, const char *token, struct web_reply *ret)
{
	static const char *const methods[] = { [API_GET] = "GET", [API_POST] = "POST", [API_PUT] = "PUT", [API_PATCH] = "PATCH",
		[API_DELETE] = "DELETE" };
	struct web_ask ask = { .method = methods[row->method], .token = token };
	struct lw_writer w;
	int status;

	lw_writer_init(&w, 65536);
	api_target(&w, row, req);
	ask.path = w.err ? NULL : (const char *)lw_dup(c->arena, lw_written(&w)).p;
	lw_writer_done(&w);
	if (!ask.path || http_api_body(row, req, &ask.body))
		return fail(c, EX_USAGE_, "usage", "an argument is too long, or not UTF-8");
	status = web_ask(c, &ask, ret);
	json_decref(ask.body);
	if (!status && ret->status >= 300) {
		status = web_problem(c, ret);
		json_decref(ret->json);
	}
	return status;
}

static json_t *answers; /* what is printed at the end points into them */

int remote_call(struct lwctl *c, struct ctl_request *req, void (*item)(struct lwctl *, const struct ctl_answer *))
{
	const char *tenant = login_tenant(c), *token = tenant ? login_token_for(c, tenant) : NULL, *next;
	const struct api_row *row = api_row_for(req);
	struct web_reply r;
	int status;

	if (!row)
		return fail(c, EX_CONF, "unsupported", "that is not offered over --server; use --data on the server itself");
	if (!token)
		return fail(c, EX_REFUSED, "refused", "not logged in at %s%s%s; say lwctl login", c->server, tenant ? " to " : "", tenant ? tenant : "");
	req->tenant = lw_str(tenant);
	if (api_member(row, "limit"))
		add_pair(c, req, "limit", LW_LIT(PAGE));
	size_t base = req->npairs;
	if (!answers)
		answers = json_array();
	do {
		if ((status = ask_once(c, row, req, token, &r)) != 0)
			return status;
		json_array_append_new(answers, r.json); /* NULL: nothing */
		if (row->answer != API_NOTHING && (status = items_of(c, row, r.json, item)) != 0)
			return status;
		next = row->answer == API_LIST ? json_string_value(json_object_get(r.json, "next")) : NULL;
		req->npairs = base;
		if (next)
			add_pair(c, req, "after", lw_str(next));
	} while (next);
	return 0;
}
