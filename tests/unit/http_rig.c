/* SPDX-License-Identifier: Apache-2.0 */
#include "http_rig.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define RIGHT 1

_Atomic int rig_ran;
static sem_t held, released;

__attribute__((constructor)) static void begin(void)
{
	sem_init(&held, 0, 0);
	sem_init(&released, 0, 0);
}

void rig_hold(void)
{
	sem_wait(&held);
}

void rig_release(void)
{
	sem_post(&released);
}

static void say(struct http_response *a, const char *text)
{
	atomic_fetch_add(&rig_ran, 1);
	a->type = "text/plain";
	lw_put_raw(&a->body, text, strlen(text));
}

static int live(void *ctx, struct http_request *q, struct http_response *a)
{
	say(a, "ok\n");
	return LW_OK;
}

/* Says what it was asked: parameters, the query's q, the body. */
static int echo(void *ctx, struct http_request *q, struct http_response *a)
{
	struct lw_bytes v = http_query(q, "q");

	say(a, "");
	for (size_t i = 0; i < q->nparams; i++) {
		lw_put_bytes(&a->body, q->params[i].name);
		lw_put_u8(&a->body, '=');
		lw_put_bytes(&a->body, q->params[i].value);
		lw_put_u8(&a->body, ';');
	}
	lw_put_u8(&a->body, '?');
	lw_put_bytes(&a->body, v);
	lw_put_u8(&a->body, '|');
	lw_put_bytes(&a->body, q->body);
	return LW_OK;
}

static int hold(void *ctx, struct http_request *q, struct http_response *a)
{
	sem_post(&held);
	sem_wait(&released);
	say(a, "released");
	return LW_OK;
}

static int gone(void *ctx, struct http_request *q, struct http_response *a)
{
	say(a, "");
	a->status = 204;
	return LW_OK;
}

static int fails(void *ctx, struct http_request *q, struct http_response *a)
{
	uint64_t err;
	static const int errors[] = { LW_ENOTFOUND, LW_EACCES, LW_EBUSY, LW_EINTERNAL, LW_EEXIST };

	say(a, "half an answer");
	err = http_param(q, "err").p[0] - '0';
	return errors[err % 5];
}

static int whoami(void *ctx, struct http_request *q, struct http_response *a)
{
	say(a, q->who == NULL ? "nobody" : (const char *)q->who);
	return LW_OK;
}

static int json(void *ctx, struct http_request *q, struct http_response *a)
{
	struct lw_bytes name;
	json_t *o;
	int r = http_json(q, a, &o);

	if (r == LW_OK)
		r = http_json_string(o, "name", &name);
	if (r == LW_OK) {
		atomic_fetch_add(&rig_ran, 1);
		http_put_json(a, json_pack("{s:s%}", "name", (const char *)name.p, name.n));
	}
	return r;
}

/* alice, with the password "secret"; a ticket "ticket", answered; a token "good-token" */
static int authenticate(void *ctx, struct http_request *q, const struct http_credentials *c, void **ret_who, struct lw_bytes *ret_reply)
{
	switch (c->how) {
	case HTTP_AUTH_BASIC:
		if (!lw_eq(c->user, LW_LIT("alice")) || !lw_eq(c->password, LW_LIT("secret:e\xc3\xa9")))
			return LW_EAUTH;
		*ret_who = (char *)"alice by password";
		return LW_OK;
	case HTTP_AUTH_NEGOTIATE:
		*ret_reply = LW_LIT("reply");
		if (!lw_eq(c->token, LW_LIT("ticket")))
			return LW_EAUTH;
		*ret_who = (char *)"alice by ticket";
		return LW_OK;
	case HTTP_AUTH_BEARER:
		if (lw_eq(c->token, LW_LIT("busy")))
			return LW_EBUSY;
		if (!lw_eq(c->token, LW_LIT("good-token")))
			return LW_EAUTH;
		*ret_who = (char *)"alice by token";
		return LW_OK;
	default:
		return LW_EINTERNAL;
	}
}

#define ALL_AUTH (HTTP_AUTH_BASIC | HTTP_AUTH_NEGOTIATE | HTTP_AUTH_BEARER)
const struct http_route rig_routes[] = {
	{ HTTP_GET, "/livez", RIGHT, HTTP_AUTH_NONE, 0, true, true, false, live },
	{ HTTP_GET, "/", RIGHT, HTTP_AUTH_NONE, 0, false, true, false, live },
	{ HTTP_GET, "/secure", RIGHT, HTTP_AUTH_NONE, 0, false, true, false, live },
	{ HTTP_GET, "/things/{name}", RIGHT, HTTP_AUTH_NONE, 0, true, false, false, echo },
	{ HTTP_POST, "/things/{name}", RIGHT, HTTP_AUTH_NONE, 1000, true, false, false, echo },
	{ HTTP_PUT, "/things/{name}/of/{other}", RIGHT, HTTP_AUTH_NONE, 100000, true, false, false, echo },
	{ HTTP_DELETE, "/things/{name}", RIGHT, HTTP_AUTH_NONE, 0, true, false, false, gone },
	{ HTTP_GET, "/rest/{all...}", RIGHT, HTTP_AUTH_NONE, 0, true, true, false, echo },
	{ HTTP_GET, "/hold", RIGHT, HTTP_AUTH_NONE, 0, true, false, false, hold },
	{ HTTP_GET, "/fails/{err}", RIGHT, HTTP_AUTH_NONE, 0, true, true, false, fails },
	{ HTTP_GET, "/whoami", RIGHT, ALL_AUTH, 0, false, false, false, whoami },
	{ HTTP_GET, "/maybe", RIGHT, HTTP_AUTH_NONE | HTTP_AUTH_BEARER, 0, false, false, false, whoami },
	{ HTTP_POST, "/json", RIGHT, HTTP_AUTH_NONE, 1000, true, false, false, json },
};
const size_t rig_nroutes = sizeof(rig_routes) / sizeof(*rig_routes);
const struct http_server_options rig_options = {
	.routes = rig_routes,
	.nroutes = sizeof(rig_routes) / sizeof(*rig_routes),
	.authenticate = authenticate,
	.clock = &lw_clock_system,
};
