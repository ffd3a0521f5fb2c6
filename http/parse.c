/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request (RFC 9112 2 to 6) and its target (RFC 3986 3.3). Strict: what two readers might read differently is refused. */
#include "http/http.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define CHUNK_LINE_MAX  256u  /* a size with its extensions, a trailer field */
#define CHUNK_OTHER_MAX 65536u /* all that is not the body's */

static bool is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_token(uint8_t c)
{
	return is_alpha(c) || is_digit(c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What a target may hold as it is: RFC 3986's characters, and "|", which libraries leave alone. */
static bool is_uri(uint8_t c)
{
	return is_alpha(c) || is_digit(c) || (c != 0 && strchr("-._~:/?@!$&'()*+,;=%[]|", c) != NULL);
}

static int hex_digit(uint8_t c)
{
	if (is_digit(c))
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

/* ---- the request line ---- */

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
	{ "GET", HTTP_GET }, { "HEAD", HTTP_HEAD }, { "POST", HTTP_POST }, { "PUT", HTTP_PUT }, { "PATCH", HTTP_PATCH },
	{ "DELETE", HTTP_DELETE }, { "OPTIONS", HTTP_OTHER }, { "TRACE", HTTP_OTHER }, { "CONNECT", HTTP_OTHER },
};

static enum http_method method_of(struct lw_bytes name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (lw_eq(lw_str(methods[i].name), name))
			return methods[i].method;
	return 0;
}

/* absolute-form: the authority is what counts, not Host (RFC 9112 3.2.2) */
static void take_authority(struct http_head *h, struct lw_bytes *authority)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);
		struct lw_bytes rest = h->target;

		if (rest.n < n || !lw_eq_nocase(cut(&rest, n), lw_str(schemes[i])))
			continue;
		*authority = cut(&rest, until(rest, '/'));
		h->target = rest.n > 0 ? rest : LW_LIT("/");
		return;
	}
}

static int request_line(struct lw_bytes line, struct http_head *h, struct lw_bytes *authority)
{
	size_t n = until(line, ' ');
	struct lw_bytes name = cut(&line, n), version;

	if (n == 0 || line.n < 2)
		return 400;
	for (size_t i = 0; i < name.n; i++)
		if (!is_token(name.p[i]))
			return 400;
	cut(&line, 1);
	n = until(line, ' ');
	if (n == 0 || n == line.n)
		return 400;
	h->target = cut(&line, n);
	cut(&line, 1);
	version = line;
	if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || !is_digit(version.p[5]) || version.p[6] != '.' ||
		!is_digit(version.p[7]))
		return 400;
	if (version.p[5] != '1' || version.p[7] > '1')
		return 505;
	h->minor = version.p[7] - '0';
	h->close = h->minor == 0;
	if (h->target.n > HTTP_TARGET_MAX)
		return 414;
	for (size_t i = 0; i < h->target.n; i++)
		if (!is_uri(h->target.p[i]))
			return 400;
	h->method = method_of(name);
	if (h->method == 0)
		return 501;
	h->head = h->method == HTTP_HEAD;
	if (h->head)
		h->method = HTTP_GET;
	take_authority(h, authority);
	return h->target.p[0] == '/' || h->method == HTTP_OTHER ? 0 : 400;
}

/* ---- fields ---- */

struct seen {
	unsigned host, length, coding, authorization, type;
	struct lw_bytes authority;
};

static bool host_sound(struct lw_bytes v)
{
	if (v.n == 0 || v.n > 300)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (!is_alpha(v.p[i]) && !is_digit(v.p[i]) && strchr("-._:[]", v.p[i]) == NULL)
			return false;
	return true;
}

static int on_host(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	h->host = v;
	return ++s->host > 1 || !host_sound(v) ? 400 : 0;
}

static int on_length(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	if (++s->length > 1 || v.n == 0 || v.n > 18)
		return 400;
	for (size_t i = 0; i < v.n; i++) {
		if (!is_digit(v.p[i]))
			return 400;
		h->length = h->length * 10 + (v.p[i] - '0');
	}
	return 0;
}

static int on_coding(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	if (++s->coding > 1 || h->minor == 0)
		return 400;
	h->chunked = true;
	return lw_eq_nocase(v, LW_LIT("chunked")) ? 0 : 501;
}

/* A list of tokens; "close" is all that matters with HTTP/1.1, "keep-alive" with 1.0 */
static int on_connection(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	while (v.n > 0) {
		struct lw_bytes word = cut(&v, until(v, ','));

		if (v.n > 0)
			cut(&v, 1);
		while (word.n > 0 && (word.p[0] == ' ' || word.p[0] == '\t'))
			cut(&word, 1);
		while (word.n > 0 && (word.p[word.n - 1] == ' ' || word.p[word.n - 1] == '\t'))
			word.n--;
		if (lw_eq_nocase(word, LW_LIT("close")))
			h->close = true;
	}
	return 0;
}

static int on_expect(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	h->expect = h->minor > 0;
	return lw_eq_nocase(v, LW_LIT("100-continue")) ? 0 : 417;
}

static int on_authorization(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	return ++s->authorization > 1 ? 400 : 0;
}

static int on_type(struct http_head *h, struct seen *s, struct lw_bytes v)
{
	return ++s->type > 1 ? 400 : 0;
}

static const struct {
	const char *name;
	int (*take)(struct http_head *, struct seen *, struct lw_bytes value);
} known[] = {
	{ "host", on_host }, { "content-length", on_length }, { "transfer-encoding", on_coding }, { "connection", on_connection },
	{ "expect", on_expect }, { "authorization", on_authorization }, { "content-type", on_type },
};

static int field(struct lw_bytes line, struct http_head *h, struct seen *s)
{
	size_t n = until(line, ':');
	struct lw_bytes name = { line.p, n }, value = { line.p + n + 1, line.n - n - 1 };

	if (n == 0 || n == line.n)
		return 400;
	for (size_t i = 0; i < name.n; i++)
		if (!is_token(name.p[i])) /* space before the colon and folded lines too */
			return 400;
	while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		cut(&value, 1);
	while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value.n--;
	for (size_t i = 0; i < value.n; i++)
		if ((value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
			return 400;
	if (h->nfields == HTTP_FIELDS_MAX)
		return 431;
	h->fields[h->nfields++] = (struct http_pair){ name, value };
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (lw_eq_nocase(name, lw_str(known[i].name)))
			return known[i].take(h, s, value);
	return 0;
}

/* A line without its CRLF. false: there is none, or a bare CR or LF before it. */
static bool next_line(struct lw_bytes *in, struct lw_bytes *ret)
{
	size_t n = until(*in, '\r');

	if (n + 1 >= in->n || in->p[n + 1] != '\n' || until((struct lw_bytes){ in->p, n }, '\n') != n)
		return false;
	*ret = cut(in, n);
	cut(in, 2);
	return true;
}

int http_head_parse(struct lw_bytes in, struct http_head *ret)
{
	struct seen seen = { 0 };
	struct lw_bytes line;
	int status;

	memset(ret, 0, sizeof(*ret));
	if (!next_line(&in, &line))
		return 400;
	status = request_line(line, ret, &seen.authority);
	while (status == 0) {
		if (!next_line(&in, &line))
			return 400;
		if (line.n == 0)
			break;
		status = field(line, ret, &seen);
	}
	if (status != 0)
		return status;
	if (in.n != 0 || seen.host != 1 || (ret->chunked && seen.length > 0))
		return 400;
	if (seen.authority.n > 0) {
		ret->host = seen.authority;
		return host_sound(ret->host) ? 0 : 400;
	}
	return 0;
}

/* ---- the target ---- */

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

int http_target_parse(struct lw_bytes target, struct lw_arena *arena, struct http_target *ret)
{
	struct lw_bytes path;
	int status;

	ret->nsegments = ret->nquery = 0;
	if (target.n == 0 || target.p[0] != '/')
		return 400;
	path = cut(&target, until(target, '?'));
	if (target.n > 0)
		cut(&target, 1);
	status = parse_path(path, arena, ret);
	return status != 0 ? status : parse_query(target, arena, ret);
}

/* ---- chunks ---- */

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LINE, TRAILER_LF, LAST_LF };

/* One octet that is not the body's. false: it may not stand here. */
static bool chunk_octet(struct http_chunks *c, uint8_t b)
{
	int digit;

	if (++c->total > CHUNK_OTHER_MAX || ++c->line > CHUNK_LINE_MAX)
		return false;
	switch (c->state) {
	case SIZE:
		digit = hex_digit(b);
		if (digit >= 0 && c->line <= 8) {
			c->left = c->left << 4 | (unsigned)digit;
			return true;
		}
		c->state = b == '\r' ? SIZE_LF : EXTENSION;
		return c->line > 1 && (b == '\r' || b == ';' || b == ' ' || b == '\t');
	case EXTENSION:
	case TRAILER_LINE:
		if (b == '\r')
			c->state = c->state == EXTENSION ? SIZE_LF : TRAILER_LF;
		return b == '\r' || b == '\t' || (b >= 0x20 && b != 0x7f);
	case SIZE_LF:
		c->state = c->left > 0 ? DATA : TRAILER;
		break;
	case DATA_CR:
		c->state = DATA_LF;
		return b == '\r';
	case DATA_LF:
		c->state = SIZE;
		break;
	case TRAILER:
		c->state = b == '\r' ? LAST_LF : TRAILER_LINE;
		return b == '\r' || is_token(b);
	case TRAILER_LF:
		c->state = TRAILER;
		break;
	}
	c->line = 0;
	return b == '\n';
}

enum http_chunk_next http_chunks_take(struct http_chunks *c, struct lw_reader *in, struct lw_writer *body)
{
	while (in->p < in->end) {
		bool last;

		if (c->state == DATA) {
			size_t n = (size_t)(in->end - in->p);

			if (n > c->left)
				n = (size_t)c->left;
			lw_put_raw(body, in->p, n);
			in->p += n;
			c->left -= n;
			if (body->err != LW_OK)
				return HTTP_CHUNK_BAD;
			if (c->left == 0)
				c->state = DATA_CR;
			continue;
		}
		last = c->state == LAST_LF;
		if (!chunk_octet(c, *in->p++))
			return HTTP_CHUNK_BAD;
		if (last)
			return HTTP_CHUNK_END;
	}
	return HTTP_CHUNK_MORE;
}
