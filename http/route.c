/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <stdio.h>
#include <string.h>

/* The next segment of a pattern, without its slash. */
static bool next_segment(const char **pattern, struct lw_bytes *ret)
{
	const char *p = *pattern;
	size_t n;

	if (*p != '/')
		return false;
	n = strcspn(++p, "/");
	*ret = (struct lw_bytes){ (const uint8_t *)p, n };
	*pattern = p + n;
	return true;
}

static bool is_param(struct lw_bytes s)
{
	return s.n > 2 && s.p[0] == '{' && s.p[s.n - 1] == '}';
}

static bool is_rest(struct lw_bytes s)
{
	return is_param(s) && s.n > 5 && memcmp(s.p + s.n - 4, "...}", 4) == 0;
}

static struct lw_bytes param_name(struct lw_bytes s)
{
	return (struct lw_bytes){ s.p + 1, s.n - (is_rest(s) ? 5 : 2) };
}

static struct lw_bytes join(const struct http_target *t, size_t from, struct lw_arena *arena)
{
	size_t n = 0, at = 0;
	uint8_t *p;

	for (size_t i = from; i < t->nsegments; i++)
		n += t->segments[i].n + 1;
	p = lw_alloc(arena, n + 1);
	if (p == NULL)
		return (struct lw_bytes){ NULL, 0 };
	for (size_t i = from; i < t->nsegments; i++) {
		if (i > from)
			p[at++] = '/';
		memcpy(p + at, t->segments[i].p, t->segments[i].n);
		at += t->segments[i].n;
	}
	return (struct lw_bytes){ p, at };
}

static bool fits(const char *pattern, const struct http_target *t, struct lw_arena *arena, struct http_pair *params, size_t *ret_n)
{
	struct lw_bytes seg;
	size_t at = 0, n = 0;

	while (next_segment(&pattern, &seg)) {
		struct lw_bytes value;

		if (at == t->nsegments)
			return false;
		value = t->segments[at];
		if (!is_param(seg)) {
			if (!lw_eq(seg, value))
				return false;
			at++;
			continue;
		}
		if (is_rest(seg)) {
			value = join(t, at, arena);
			at = t->nsegments - 1;
		}
		if (value.n == 0 || n == HTTP_PARAMS_MAX)
			return false;
		params[n++] = (struct http_pair){ param_name(seg), value };
		at++;
	}
	*ret_n = n;
	return at == t->nsegments;
}

const struct http_route *http_route_find(const struct http_route *rows, size_t n, enum http_method method,
	const struct http_target *t, struct lw_arena *arena, struct http_pair params[HTTP_PARAMS_MAX], size_t *ret_nparams,
	unsigned *ret_allow)
{
	unsigned allow = 0;

	for (size_t i = 0; i < n; i++) {
		if (!fits(rows[i].pattern, t, arena, params, ret_nparams))
			continue;
		if (rows[i].method == method)
			return &rows[i];
		allow |= rows[i].method;
	}
	*ret_nparams = 0;
	*ret_allow = allow;
	return NULL;
}

/* ---- the table's test ---- */

static const char *pattern_wrong(const char *pattern)
{
	struct lw_bytes seg;
	size_t params = 0, segments = 0;
	bool rest = false;

	while (next_segment(&pattern, &seg)) {
		if (rest)
			return "something follows the rest";
		if (memchr(seg.p, '{', seg.n) != NULL && !is_param(seg))
			return "a parameter is a whole segment";
		rest = is_rest(seg);
		params += is_param(seg);
		segments++;
	}
	if (segments == 0 || *pattern != '\0')
		return "a pattern begins with a slash";
	return params > HTTP_PARAMS_MAX || segments > HTTP_SEGMENTS_MAX ? "too many parameters or segments" : NULL;
}

static const char *row_wrong(const struct http_route *r)
{
	if (r->method != HTTP_GET && r->method != HTTP_POST && r->method != HTTP_PUT && r->method != HTTP_PATCH &&
		r->method != HTTP_DELETE)
		return "not one method";
	if (r->right == 0)
		return "no right";
	if (r->auth == 0 || r->run == NULL)
		return "no authentication, or no handler";
	if (r->max_body > HTTP_BODY_MAX || (r->max_body > 0 && r->method == HTTP_GET))
		return "too large a body";
	if (r->quick && (r->auth != HTTP_AUTH_NONE || r->max_body > 0))
		return "who authenticates waits";
	if (r->plain && r->auth != HTTP_AUTH_NONE)
		return "credentials in the clear";
	return pattern_wrong(r->pattern);
}

/* Patterns that differ in the names of their parameters alone are the same. */
static bool same(const char *a, const char *b)
{
	struct lw_bytes x, y;

	while (next_segment(&a, &x)) {
		if (!next_segment(&b, &y))
			return false;
		if (is_param(x) ? !is_param(y) || is_rest(x) != is_rest(y) : !lw_eq(x, y))
			return false;
	}
	return *b == '\0';
}

const char *http_routes_wrong(const struct http_route *rows, size_t n)
{
	static _Thread_local char text[200];
	const char *why = n == 0 ? "no rows" : NULL;
	size_t i = 0;

	for (; why == NULL && i < n; i++) {
		why = row_wrong(&rows[i]);
		for (size_t k = 0; why == NULL && k < i; k++)
			if (rows[k].method == rows[i].method && same(rows[k].pattern, rows[i].pattern))
				why = "there is such a row already";
	}
	if (why == NULL)
		return NULL;
	snprintf(text, sizeof(text), "%.120s: %s", i > 0 ? rows[i - 1].pattern : "", why);
	return text;
}
