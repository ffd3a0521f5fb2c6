/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* jansson descends by recursion, deeper than a worker's stack is high: levels are counted before it begins. Whether it is JSON at all
 * is its business. */
static bool too_deep(struct lw_bytes in)
{
	unsigned depth = 0;
	bool string = false;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > HTTP_JSON_DEPTH)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

int http_json_parse(struct lw_bytes in, json_t **ret)
{
	json_error_t why;
	json_t *o;

	if (in.n == 0)
		return LW_EINVAL;
	if (in.n > HTTP_BODY_MAX || too_deep(in))
		return LW_ELIMIT;
	o = json_loadb((const char *)in.p, in.n, JSON_REJECT_DUPLICATES, &why);
	if (o == NULL)
		return json_error_code(&why) == json_error_out_of_memory ? LW_ENOMEM : LW_EINVAL;
	*ret = o;
	return LW_OK;
}

int http_json(struct http_request *q, struct http_response *a, json_t **ret)
{
	int r;

	if (!http_type_is(q, "application/json")) {
		snprintf(a->detail, sizeof(a->detail), "the body must be application/json");
		return LW_EINVAL;
	}
	r = http_json_parse(q->body, &q->json);
	if (r == LW_OK && !json_is_object(q->json))
		r = LW_EINVAL;
	if (r == LW_OK)
		*ret = q->json;
	else
		snprintf(a->detail, sizeof(a->detail), "the body is not one JSON object without repeated names");
	return r;
}

int http_json_string(json_t *object, const char *name, struct lw_bytes *ret)
{
	json_t *v = json_object_get(object, name);

	if (v == NULL) {
		*ret = (struct lw_bytes){ NULL, 0 };
		return LW_OK;
	}
	if (!json_is_string(v))
		return LW_EINVAL;
	*ret = (struct lw_bytes){ (const uint8_t *)json_string_value(v), json_string_length(v) };
	return LW_OK;
}
