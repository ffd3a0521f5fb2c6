/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of a path and parameters of a query (RFC 3986 3.3), which evhttp has found. */
#include "http/http.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct lw_bytes cut(struct lw_bytes *in, size_t n)
{
	struct lw_bytes b = { in->p, n };

	in->p += n;
	in->n -= n;
	return b;
}

static size_t until(struct lw_bytes in, uint8_t c)
{
	const uint8_t *p = in.n > 0 ? memchr(in.p, c, in.n) : NULL;

	return p == NULL ? in.n : (size_t)(p - in.p);
}

/* Percent-decoding into the arena. *ret.p is never NULL when it returns 0. */
static int decode(struct lw_bytes in, bool plus, struct lw_arena *arena, struct lw_bytes *ret)
{
	uint8_t *p = lw_alloc(arena, in.n + 1);
	size_t n = 0;

	if (p == NULL)
		return 500;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '%') {
			int hi = in.n - i > 2 ? hex_digit(in.p[i + 1]) : -1, lo = in.n - i > 2 ? hex_digit(in.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return 400;
			c = (uint8_t)(hi << 4 | lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		p[n++] = c;
	}
	*ret = (struct lw_bytes){ p, n };
	if (memchr(p, 0, n) != NULL || !lw_utf8_valid(*ret))
		return 400;
	return 0;
}

static bool dots(struct lw_bytes b)
{
	return lw_eq(b, LW_LIT(".")) || lw_eq(b, LW_LIT(".."));
}

static int parse_path(struct lw_bytes path, struct lw_arena *arena, struct http_target *t)
{
	do {
		struct lw_bytes raw;
		int status;

		cut(&path, 1); /* the slash */
		raw = cut(&path, until(path, '/'));
		if (t->nsegments == HTTP_SEGMENTS_MAX)
			return 404;
		status = decode(raw, false, arena, &t->segments[t->nsegments]);
		if (status != 0)
			return status;
		for (size_t i = 0; i < t->segments[t->nsegments].n; i++)
			if (t->segments[t->nsegments].p[i] < 0x20)
				return 400;
		if (dots(t->segments[t->nsegments++]))
			return 400;
	} while (path.n > 0);
	return 0;
}

static int parse_query(struct lw_bytes query, struct lw_arena *arena, struct http_target *t)
{
	while (query.n > 0) {
		struct lw_bytes one = cut(&query, until(query, '&')), name;
		struct http_pair *q = &t->query[t->nquery];
		int status;

		if (query.n > 0)
			cut(&query, 1);
		if (one.n == 0)
			continue;
		if (t->nquery == HTTP_QUERY_MAX)
			return 400;
		name = cut(&one, until(one, '='));
		if (one.n > 0)
			cut(&one, 1);
		status = decode(name, true, arena, &q->name);
		if (status == 0)
			status = decode(one, true, arena, &q->value);
		if (status != 0)
			return status;
		t->nquery++;
	}
	return 0;
}

int http_target_parse(struct lw_bytes path, struct lw_bytes query, struct lw_arena *arena, struct http_target *ret)
{
	int status;

	ret->nsegments = ret->nquery = 0;
	if (path.n == 0 || path.p[0] != '/')
		return 400;
	status = parse_path(path, arena, ret);
	return status != 0 ? status : parse_query(query, arena, ret);
}
