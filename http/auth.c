/* SPDX-License-Identifier: Apache-2.0 */
/* The Authorization field: RFC 9110 11.4, RFC 7617, RFC 4559 4.2, RFC 6750 2.1. */
#include "http/http.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define TOKEN_MAX 65536u

static int take_basic(struct lw_bytes in, struct lw_arena *arena, struct http_credentials *c)
{
	struct lw_bytes text;
	const uint8_t *colon;
	int r = lw_unbase64(arena, in, &text);

	if (r != LW_OK)
		return r;
	colon = text.n > 0 ? memchr(text.p, ':', text.n) : NULL;
	if (colon == NULL || memchr(text.p, 0, text.n) != NULL || !lw_utf8_valid(text))
		return LW_EINVAL;
	c->user = (struct lw_bytes){ text.p, (size_t)(colon - text.p) };
	c->password = (struct lw_bytes){ colon + 1, text.n - c->user.n - 1 };
	return c->user.n > 0 ? LW_OK : LW_EINVAL;
}

static int take_negotiate(struct lw_bytes in, struct lw_arena *arena, struct http_credentials *c)
{
	int r = lw_unbase64(arena, in, &c->token);

	return r == LW_OK && c->token.n == 0 ? LW_EINVAL : r;
}

static int take_bearer(struct lw_bytes in, struct lw_arena *arena, struct http_credentials *c)
{
	size_t n = 0;

	while (n < in.n && ((in.p[n] >= 'a' && in.p[n] <= 'z') || (in.p[n] >= 'A' && in.p[n] <= 'Z') ||
				   (in.p[n] >= '0' && in.p[n] <= '9') || (in.p[n] != 0 && strchr("-._~+/", in.p[n]) != NULL)))
		n++;
	if (n == 0)
		return LW_EINVAL;
	while (n < in.n && in.p[n] == '=')
		n++;
	c->token = lw_dup(arena, in);
	return n == in.n ? LW_OK : LW_EINVAL;
}

static const struct {
	const char *name;
	enum http_auth how;
	int (*take)(struct lw_bytes, struct lw_arena *, struct http_credentials *);
} schemes[] = {
	{ "Basic", HTTP_AUTH_BASIC, take_basic },
	{ "Negotiate", HTTP_AUTH_NEGOTIATE, take_negotiate },
	{ "Bearer", HTTP_AUTH_BEARER, take_bearer },
};

int http_authorization_parse(struct lw_bytes in, struct lw_arena *arena, struct http_credentials *ret)
{
	const uint8_t *space = in.n > 0 ? memchr(in.p, ' ', in.n) : NULL;
	struct lw_bytes name = { in.p, space == NULL ? in.n : (size_t)(space - in.p) }, rest = { in.p + name.n, in.n - name.n };

	while (rest.n > 0 && rest.p[0] == ' ') {
		rest.p++;
		rest.n--;
	}
	if (rest.n > TOKEN_MAX)
		return LW_EINVAL;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		struct http_credentials c = { .how = schemes[i].how };
		int r;

		if (!lw_eq_nocase(name, lw_str(schemes[i].name)))
			continue;
		r = schemes[i].take(rest, arena, &c);
		if (r == LW_OK)
			*ret = c;
		return r;
	}
	return LW_EUNSUPPORTED;
}
