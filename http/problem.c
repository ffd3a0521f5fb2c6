/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as HTTP says them: statuses, problem documents (RFC 9457). */
#include "http/int.h"

#include <string.h>

#include "base/err.h"

const struct http_problem http_problems[] = {
	{ LW_EINVAL, 400, "usage", "malformed request" },
	{ LW_ELIMIT, 400, "usage", "too long or too many" },
	{ LW_EVERSION, 400, "usage", "unknown version" },
	{ LW_EDNSYNTAX, 400, "usage", "not a distinguished name" },
	{ LW_EAUTH, 401, "refused", "invalid credentials" },
	{ LW_ELOCKED, 401, "refused", "invalid credentials" },
	{ LW_EEXPIRED, 401, "refused", "the token has expired; log in again" },
	{ LW_EREVOKED, 401, "refused", "the token is no longer good; log in again" },
	{ LW_EACCES, 403, "refused", "refused by the access policy" },
	{ LW_EDISABLED, 403, "refused", "disabled" },
	{ LW_ECONFIDENTIAL, 403, "refused", "only over HTTPS" },
	{ LW_EPWPOLICY, 403, "refused", "the password does not meet the policy" },
	{ LW_EUNWILLING, 403, "refused", "not willing to do that" },
	{ LW_ENOTFOUND, 404, "not-found", "not there" },
	{ LW_ENOATTR, 404, "not-found", "no such attribute or value" },
	{ LW_EEXIST, 409, "exists", "exists already" },
	{ LW_EVALEXISTS, 409, "exists", "that value is there already" },
	{ LW_EAGAIN, 409, "try-again", "somebody else changed it meanwhile; try again" },
	{ LW_EUNDEFATTR, 422, "invalid", "no such attribute type" },
	{ LW_ESYNTAX, 422, "invalid", "the value does not fit the attribute's syntax" },
	{ LW_ECONSTRAINT, 422, "invalid", "constraint violation" },
	{ LW_EOBJCLASS, 422, "invalid", "the entry would not fit its object classes" },
	{ LW_EOBJCLASSMODS, 422, "invalid", "the structural object class cannot be changed" },
	{ LW_ENAMING, 422, "invalid", "naming violation" },
	{ LW_ENOTLEAF, 422, "invalid", "it has entries below it" },
	{ LW_ENOTONRDN, 422, "invalid", "the value is part of the entry's name" },
	{ LW_EMATCHING, 422, "invalid", "that attribute cannot be matched so" },
	{ LW_EUNSUPPORTED, 501, "unsupported", "not built yet" },
	{ LW_EBUSY, 503, "try-again", "busy; try again" },
	{ LW_EUNAVAIL, 503, "try-again", "a part of lwd is being restarted; try again" },
	{ LW_ETIMEOUT, 503, "try-again", "no answer in time; try again" },
	{ LW_EFULL, 507, "failed", "no space left; free some disk space and try again" },
	{ LW_EINTERNAL, 500, "failed", "internal failure; see the log" },
	{ 0, 0, NULL, NULL },
};

const struct http_problem *http_problem_of(int err)
{
	const struct http_problem *p = http_problems;

	while (p->status != 0 && p->err != err)
		p++;
	return p->status != 0 ? p : p - 1; /* the last one: internal */
}

static const struct {
	int status;
	const char *reason, *code;
} reasons[] = {
	{ 200, "OK", "" }, { 201, "Created", "" }, { 202, "Accepted", "" }, { 204, "No Content", "" }, { 302, "Found", "" },
	{ 303, "See Other", "" }, { 304, "Not Modified", "" }, { 400, "Bad Request", "usage" }, { 401, "Unauthorized", "refused" },
	{ 403, "Forbidden", "refused" }, { 404, "Not Found", "not-found" }, { 405, "Method Not Allowed", "usage" },
	{ 406, "Not Acceptable", "usage" }, { 408, "Request Timeout", "try-again" }, { 409, "Conflict", "exists" },
	{ 411, "Length Required", "usage" }, { 413, "Content Too Large", "usage" }, { 414, "URI Too Long", "usage" },
	{ 415, "Unsupported Media Type", "usage" }, { 417, "Expectation Failed", "usage" },
	{ 422, "Unprocessable Content", "invalid" }, { 429, "Too Many Requests", "try-again" },
	{ 431, "Request Header Fields Too Large", "usage" }, { 500, "Internal Server Error", "failed" },
	{ 501, "Not Implemented", "unsupported" }, { 503, "Service Unavailable", "try-again" },
	{ 505, "HTTP Version Not Supported", "usage" }, { 507, "Insufficient Storage", "failed" },
};

size_t http_status_index(int status)
{
	size_t i = 0;

	while (i < sizeof(reasons) / sizeof(*reasons) && reasons[i].status != status)
		i++;
	return i;
}

_Static_assert(sizeof(reasons) / sizeof(*reasons) < HTTP_STATUSES, "a counter for each");

const char *http_reason(int status)
{
	size_t i = http_status_index(status);

	return i < sizeof(reasons) / sizeof(*reasons) ? reasons[i].reason : "Other";
}

int http_status_at(size_t index)
{
	return index < sizeof(reasons) / sizeof(*reasons) ? reasons[index].status : 0;
}

static int to_writer(const char *p, size_t n, void *w)
{
	lw_put_raw(w, p, n);
	return ((struct lw_writer *)w)->err == LW_OK ? 0 : -1;
}

void http_problem_put(struct lw_writer *w, int status, const char *code, const char *detail)
{
	size_t i = http_status_index(status);
	json_t *o;

	if (code == NULL)
		code = i < sizeof(reasons) / sizeof(*reasons) ? reasons[i].code : "failed";
	o = json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title", http_reason(status), "status", status, "code", code);
	if (o != NULL && detail != NULL && detail[0] != '\0')
		json_object_set_new(o, "detail", json_string(detail)); /* not UTF-8: none */
	if (o == NULL || json_dump_callback(o, to_writer, w, JSON_COMPACT) != 0)
		w->err = w->err != LW_OK ? w->err : LW_ENOMEM;
	json_decref(o);
}

void http_put_json(struct http_response *r, json_t *o)
{
	r->type = "application/json";
	r->body.n = 0;
	if (o == NULL || json_dump_callback(o, to_writer, &r->body, JSON_COMPACT) != 0)
		r->body.err = r->body.err != LW_OK ? r->body.err : LW_ENOMEM;
	json_decref(o);
}
