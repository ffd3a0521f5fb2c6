/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTPS request. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/remote.h"

#define REPLY_MAX   (32u << 20)
#define WAIT_MS     60000L
#define CONNECT_MS  10000L

struct exchange {
	CURL *curl;
	struct curl_slist *fields;
	struct lw_writer body;
	char *sent; /* JSON, json_dumps's */
	char why[CURL_ERROR_SIZE];
};

static size_t take(char *p, size_t size, size_t n, void *arg)
{
	struct lw_writer *w = arg;

	lw_put_raw(w, p, size * n);
	return w->err ? 0 : size * n;
}

static void field(struct lwctl *c, struct exchange *x, const char *name, const char *value)
{
	const char *line = lw_printf(c->arena, "%s: %s", name, value);
	struct curl_slist *more = line ? curl_slist_append(x->fields, line) : NULL;

	if (more)
		x->fields = more;
}

static void verify(struct lwctl *c, struct exchange *x, const struct web_ask *ask)
{
	const char *ca = getenv("LWD_CACERT");

	if (ask->unverified) {
		curl_easy_setopt(x->curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(x->curl, CURLOPT_SSL_VERIFYHOST, 0L);
		return;
	}
	if ((!ca || !*ca) && state_read(c, c->server, "root.pem").p)
		ca = state_path(c, c->server, "root.pem");
	if (ca && *ca)
		curl_easy_setopt(x->curl, CURLOPT_CAINFO, ca);
}

static void prepare(struct lwctl *c, struct exchange *x, const struct web_ask *ask)
{
	curl_easy_setopt(x->curl, CURLOPT_URL, lw_printf(c->arena, "%s%s", c->server, ask->path));
	curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, ask->method);
	curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(x->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS, WAIT_MS);
	curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(x->curl, CURLOPT_USERAGENT, "lwctl/" PACKAGE_VERSION);
	curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->why);
	curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, &x->body);
	verify(c, x, ask);
	if (ask->body && (x->sent = json_dumps(ask->body, JSON_COMPACT)) != NULL) {
		curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(x->sent));
		curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, x->sent);
		field(c, x, "Content-Type", "application/json");
	}
	field(c, x, "Accept", "application/json");
	field(c, x, "Expect", "");
	if (ask->token)
		field(c, x, "Authorization", lw_printf(c->arena, "Bearer %s", ask->token));
	if (ask->login && ask->password) {
		curl_easy_setopt(x->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(x->curl, CURLOPT_USERNAME, ask->user);
		curl_easy_setopt(x->curl, CURLOPT_PASSWORD, ask->password);
	} else if (ask->login) {
		curl_easy_setopt(x->curl, CURLOPT_HTTPAUTH, CURLAUTH_NEGOTIATE);
		curl_easy_setopt(x->curl, CURLOPT_USERPWD, ":");
	}
	curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->fields);
}

static int failed(struct lwctl *c, struct exchange *x, CURLcode rc)
{
	const char *why = x->why[0] ? x->why : curl_easy_strerror(rc);

	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return fail(c, EX_CONF, "configuration", "the certificate of %s is not trusted (%s); say lwctl login --server %s --fingerprint SHA256", c->server,
			why, c->server);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return fail(c, EX_TRYAGAIN, "try-again", "cannot reach %s: %s", c->server, why);
	default:
		return fail(c, EX_FAILED, "failed", "%s: %s", c->server, why);
	}
}

static int read_reply(struct lwctl *c, struct exchange *x, struct web_reply *ret)
{
	char *type = NULL;

	*ret = (struct web_reply){ 0 };
	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
	ret->body = lw_dup(c->arena, lw_written(&x->body));
	if (ret->body.n && !ret->body.p)
		return fail(c, EX_FAILED, "failed", "out of memory");
	if (type && (!strncmp(type, "application/json", 16) || !strncmp(type, "application/problem+json", 24)))
		ret->json = json_loadb((const char *)ret->body.p, ret->body.n, JSON_REJECT_DUPLICATES, NULL);
	return 0;
}

int web_ask(struct lwctl *c, const struct web_ask *ask, struct web_reply *ret)
{
	struct exchange x = { .curl = curl_easy_init() };
	CURLcode rc;
	int status;

	if (!x.curl)
		return fail(c, EX_FAILED, "failed", "out of memory");
	lw_writer_init(&x.body, REPLY_MAX);
	x.body.wipe = true;
	prepare(c, &x, ask);
	rc = curl_easy_perform(x.curl);
	status = rc == CURLE_OK ? read_reply(c, &x, ret) : failed(c, &x, rc);
	curl_easy_cleanup(x.curl);
	curl_slist_free_all(x.fields);
	if (x.sent)
		lw_wipe(x.sent, strlen(x.sent));
	free(x.sent);
	lw_writer_done(&x.body);
	return status;
}

int web_problem(struct lwctl *c, const struct web_reply *r)
{
	const char *code = json_string_value(json_object_get(r->json, "code")), *detail = json_string_value(json_object_get(r->json, "detail"));

	if (r->status == 401)
		return fail(c, EX_REFUSED, "refused", "the login at %s has expired or is no longer good; log in again with lwctl login", c->server);
	if (!code)
		return fail(c, r->status == 503 ? EX_TRYAGAIN : EX_FAILED, r->status == 503 ? "try-again" : "failed",
			"%s answered with HTTP status %ld", c->server, r->status);
	if (!detail)
		detail = json_string_value(json_object_get(r->json, "title"));
	return fail(c, status_of_code(lw_str(code)), code, "%s", detail ? detail : code);
}
