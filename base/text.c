/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idn-free.h>
#include <idna.h>
#include <stringprep.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "base/err.h"

/* One code point of s (n > 0 octets left) to *ret; its length in octets, or 0 when it is not UTF-8. */
static size_t decode(const uint8_t *s, size_t n, uint32_t *ret)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80   ? 1
	             : s[0] < 0xc2 ? 0
	             : s[0] < 0xe0 ? 2
	             : s[0] < 0xf0 ? 3
	             : s[0] < 0xf5 ? 4
	                           : 0;
	uint32_t c;

	if (!len || len > n)
		return 0;
	c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return len;
}

static bool ascii(struct lw_bytes in)
{
	uint8_t all = 0;

	for (size_t i = 0; i < in.n; i++)
		all |= in.p[i];
	return all < 0x80;
}

bool lw_utf8_valid(struct lw_bytes in)
{
	uint32_t c;

	if (ascii(in))
		return true;
	for (size_t i = 0, len; i < in.n; i += len) {
		len = decode(in.p + i, in.n - i, &c);
		if (!len)
			return false;
	}
	return true;
}

/* RFC 4518 2.2: code points that become SPACE or nothing, in order. */
static const struct {
	uint32_t first, last;
	bool space;
} mapped[] = {
	{ 0x0000, 0x0008, false },
	{ 0x0009, 0x000d, true },
	{ 0x000e, 0x001f, false },
	{ 0x007f, 0x0084, false },
	{ 0x0085, 0x0085, true },
	{ 0x0086, 0x009f, false },
	{ 0x00a0, 0x00a0, true },
	{ 0x00ad, 0x00ad, false },
	{ 0x034f, 0x034f, false },
	{ 0x06dd, 0x06dd, false },
	{ 0x070f, 0x070f, false },
	{ 0x1680, 0x1680, true },
	{ 0x1806, 0x1806, false },
	{ 0x180b, 0x180e, false },
	{ 0x2000, 0x200a, true },
	{ 0x200b, 0x200f, false },
	{ 0x2028, 0x2029, true },
	{ 0x202a, 0x202e, false },
	{ 0x202f, 0x202f, true },
	{ 0x205f, 0x205f, true },
	{ 0x2060, 0x2063, false },
	{ 0x206a, 0x206f, false },
	{ 0x3000, 0x3000, true },
	{ 0xfe00, 0xfe0f, false },
	{ 0xfeff, 0xfeff, false },
	{ 0xfff9, 0xfffc, false },
	{ 0x1d173, 0x1d17a, false },
	{ 0xe0001, 0xe0001, false },
	{ 0xe0020, 0xe007f, false },
};

/* c itself, 0x20, or 0 for nothing. */
static uint32_t map(uint32_t c)
{
	size_t low = 0, high = sizeof mapped / sizeof *mapped;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (c > mapped[mid].last)
			low = mid + 1;
		else if (c < mapped[mid].first)
			high = mid;
		else
			return mapped[mid].space ? 0x20 : 0;
	}
	return c;
}

static bool combining(utf8proc_category_t cat)
{
	return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_MC || cat == UTF8PROC_CATEGORY_ME;
}

static bool prohibited(uint32_t c)
{
	utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);

	/* unassigned and non-characters, private use, surrogates, and the replacement character */
	return cat == UTF8PROC_CATEGORY_CN || cat == UTF8PROC_CATEGORY_CO || cat == UTF8PROC_CATEGORY_CS ||
	       c == 0xfffd;
}

/* Map, normalise, prohibit: the code points of text that is not all ASCII. */
static int prepare(struct lw_arena *a, struct lw_bytes in, bool fold, utf8proc_int32_t **ret, size_t *ret_n)
{
	utf8proc_option_t options =
	        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | (fold ? UTF8PROC_CASEFOLD : 0);
	uint8_t *text = lw_alloc(a, in.n + 1);
	utf8proc_int32_t *cps;
	utf8proc_ssize_t n;
	size_t len, at = 0;
	uint32_t c;

	if (!text)
		return LW_ELIMIT;
	for (size_t i = 0; i < in.n; i += len) {
		len = decode(in.p + i, in.n - i, &c);
		if (!len || prohibited(c))
			return LW_EINVAL;
		c = map(c);
		if (c)
			at += (size_t)utf8proc_encode_char((utf8proc_int32_t)c, text + at);
	}
	n = utf8proc_decompose(text, (utf8proc_ssize_t)at, NULL, 0, options);
	if (n < 0)
		return LW_EINVAL;
	cps = lw_allocn(a, (size_t)n + 1, sizeof *cps);
	if (!cps)
		return LW_ELIMIT;
	n = utf8proc_decompose(text, (utf8proc_ssize_t)at, cps, n, options);
	if (n >= 0)
		n = utf8proc_normalize_utf32(cps, n, options);
	if (n < 0 || (n > 0 && combining(utf8proc_category(cps[0]))))
		return LW_EINVAL;
	*ret = cps;
	*ret_n = (size_t)n;
	return LW_OK;
}

/* RFC 4518 2.6.1 over a stream of characters. A run of spaces is held back until what follows it is known. */
struct squeeze {
	uint8_t *p;
	size_t n;
	unsigned flags;
	bool any, space; /* a non-space was written; spaces are held back */
};

static void squeeze_char(struct squeeze *s, const uint8_t *c, size_t n)
{
	bool sub = s->flags & LW_PREP_SUBSTRING;

	if (!s->any) {
		if (!sub || (s->flags & LW_PREP_INITIAL) || s->space)
			s->p[s->n++] = ' ';
	} else if (s->space) {
		s->p[s->n++] = ' ';
		s->p[s->n++] = ' ';
	}
	s->any = true;
	s->space = false;
	for (size_t i = 0; i < n; i++)
		s->p[s->n++] = c[i];
}

static struct lw_bytes squeeze_end(struct squeeze *s)
{
	bool sub = s->flags & LW_PREP_SUBSTRING;

	if (!s->any) {
		s->p[s->n++] = ' ';
		if (!sub)
			s->p[s->n++] = ' ';
	} else if (!sub || (s->flags & LW_PREP_FINAL) || s->space) {
		s->p[s->n++] = ' ';
	}
	s->p[s->n] = 0;
	return (struct lw_bytes){ s->p, s->n };
}

static int prep_ascii(struct lw_arena *a, struct lw_bytes in, unsigned flags, struct lw_bytes *ret)
{
	uint8_t upper = flags & LW_PREP_FOLD ? 'A' : 0xff;
	struct squeeze s = { .flags = flags };

	if (in.n > SIZE_MAX / 2 - 4 || !(s.p = lw_alloc(a, 2 * in.n + 3)))
		return LW_ELIMIT;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c > ' ' && c < 0x7f) {
			if (c >= upper && c <= 'Z')
				c |= 0x20;
			if (s.any && !s.space)
				s.p[s.n++] = c;
			else
				squeeze_char(&s, &c, 1);
		} else if (c == ' ' || (c >= 9 && c <= 13)) {
			s.space = true;
		}
	}
	*ret = squeeze_end(&s);
	return LW_OK;
}

int lw_prep(struct lw_arena *a, struct lw_bytes in, unsigned flags, struct lw_bytes *ret)
{
	struct squeeze s = { .flags = flags };
	utf8proc_int32_t *cps;
	size_t n, size = 3;
	int err;

	if (ascii(in))
		return prep_ascii(a, in, flags, ret);
	err = prepare(a, in, flags & LW_PREP_FOLD, &cps, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		size += cps[i] < 0x80 ? 2 : 4;
	s.p = lw_alloc(a, size);
	if (!s.p)
		return LW_ELIMIT;
	for (size_t i = 0; i < n; i++) {
		uint8_t c[4];

		if (cps[i] == ' ' && !(i + 1 < n && combining(utf8proc_category(cps[i + 1]))))
			s.space = true;
		else if (prohibited((uint32_t)cps[i]))
			return LW_EINVAL;
		else
			squeeze_char(&s, c, (size_t)utf8proc_encode_char(cps[i], c));
	}
	*ret = squeeze_end(&s);
	return LW_OK;
}

const char *lw_unicode_version(void)
{
	return utf8proc_unicode_version();
}

#define SASLPREP_MAX 4096

int lw_saslprep(struct lw_arena *a, struct lw_bytes in, bool stored, struct lw_bytes *ret)
{
	size_t size = in.n * 12 + 16; /* the longest NFKC expansion is 3 octets to 33 */
	char *p;

	if (in.n > SASLPREP_MAX)
		return LW_ELIMIT;
	if (ascii(in)) {
		for (size_t i = 0; i < in.n; i++)
			if (in.p[i] < 0x20 || in.p[i] == 0x7f)
				return LW_EINVAL;
		*ret = lw_dup(a, in);
		return ret->p ? LW_OK : LW_ELIMIT;
	}
	if (!lw_utf8_valid(in) || memchr(in.p, 0, in.n))
		return LW_EINVAL;
	p = lw_alloc(a, size);
	if (!p)
		return LW_ELIMIT;
	memcpy(p, in.p, in.n);
	if (stringprep(p, size, stored ? STRINGPREP_NO_UNASSIGNED : 0, stringprep_saslprep) != STRINGPREP_OK)
		return LW_EINVAL;
	*ret = lw_str(p);
	return LW_OK;
}

#define DOMAIN_MAX 253
#define LABEL_MAX  63

/* Lower-case LDH labels in place; whether there is a punycode label. */
static int check_labels(char *s, bool *ret_punycode)
{
	size_t n = strlen(s), label = 0;
	bool digits = true;

	*ret_punycode = false;
	if (!n || n > DOMAIN_MAX)
		return LW_EINVAL;
	for (size_t i = 0; i <= n; i++) {
		char c = s[i];

		if (c == '.' || !c) {
			if (!label || label > LABEL_MAX || s[i - 1] == '-')
				return LW_EINVAL;
			if (!c)
				break;
			label = 0;
			digits = true;
			continue;
		}
		if (c >= 'A' && c <= 'Z')
			s[i] = c = (char)(c | 0x20);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && label)))
			return LW_EINVAL;
		if (!label && !strncasecmp(s + i, "xn--", 4))
			*ret_punycode = true;
		digits = digits && c >= '0' && c <= '9';
		label++;
	}
	return digits ? LW_EINVAL : LW_OK; /* a last label of digits would read as an address */
}

/* s in A-labels by the library; the caller's copy in the arena. */
static int to_alabels(struct lw_arena *a, const char *s, char **ret)
{
	char *out = NULL, *copy;

	if (idna_to_ascii_8z(s, &out, IDNA_USE_STD3_ASCII_RULES) != IDNA_SUCCESS)
		return LW_EINVAL;
	copy = lw_strdup(a, out);
	idn_free(out);
	if (!copy)
		return LW_ELIMIT;
	*ret = copy;
	return LW_OK;
}

/* Punycode is canonical only when decoding and encoding it gives the same again. */
static int check_punycode(struct lw_arena *a, const char *s)
{
	char *wide = NULL, *again;
	int err;

	if (idna_to_unicode_8z8z(s, &wide, IDNA_USE_STD3_ASCII_RULES) != IDNA_SUCCESS)
		return LW_EINVAL;
	/* what does not decode stays as it is */
	err = !strncmp(wide, "xn--", 4) || strstr(wide, ".xn--") ? LW_EINVAL : to_alabels(a, wide, &again);
	idn_free(wide);
	if (err)
		return err;
	for (char *p = again; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	return strcmp(again, s) ? LW_EINVAL : LW_OK;
}

int lw_domain_canon(struct lw_arena *a, struct lw_bytes in, char **ret)
{
	bool punycode;
	char *s;
	int err;

	if (in.n > 4 * DOMAIN_MAX || (in.n && memchr(in.p, 0, in.n)) || !lw_utf8_valid(in))
		return LW_EINVAL;
	s = (char *)lw_dup(a, in).p;
	if (!s)
		return LW_ELIMIT;
	if (!ascii(in)) {
		err = to_alabels(a, s, &s);
		if (err)
			return err;
	}
	err = check_labels(s, &punycode);
	if (!err && punycode)
		err = check_punycode(a, s);
	if (!err)
		*ret = s;
	return err;
}

void lw_hex(struct lw_bytes in, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < in.n; i++) {
		*ret++ = digits[in.p[i] >> 4];
		*ret++ = digits[in.p[i] & 15];
	}
	*ret = 0;
}

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int lw_unhex(struct lw_arena *a, struct lw_bytes in, struct lw_bytes *ret)
{
	uint8_t *p;

	if (in.n % 2)
		return LW_EINVAL;
	p = lw_alloc(a, in.n / 2 + 1);
	if (!p)
		return LW_ELIMIT;
	for (size_t i = 0; i < in.n; i += 2) {
		int hi = nibble(in.p[i]), lo = nibble(in.p[i + 1]);

		if (hi < 0 || lo < 0)
			return LW_EINVAL;
		p[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	*ret = (struct lw_bytes){ p, in.n / 2 };
	return LW_OK;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The end of what was written. */
static char *base64_text(const char *digit, bool pad, struct lw_bytes in, char *p)
{
	size_t i = 0;

	for (; in.n - i >= 3; i += 3) {
		uint32_t v = (uint32_t)in.p[i] << 16 | (uint32_t)in.p[i + 1] << 8 | in.p[i + 2];

		*p++ = digit[v >> 18];
		*p++ = digit[v >> 12 & 63];
		*p++ = digit[v >> 6 & 63];
		*p++ = digit[v & 63];
	}
	if (i < in.n) {
		uint32_t v = (uint32_t)in.p[i] << 16 | (i + 1 < in.n ? (uint32_t)in.p[i + 1] << 8 : 0);

		*p++ = digit[v >> 18];
		*p++ = digit[v >> 12 & 63];
		if (i + 1 < in.n)
			*p++ = digit[v >> 6 & 63];
		for (size_t n = in.n - i; pad && n < 3; n++)
			*p++ = '=';
	}
	return p;
}

char *lw_base64(struct lw_arena *a, struct lw_bytes in)
{
	char *s = in.n < SIZE_MAX / 2 ? lw_alloc(a, (in.n + 2) / 3 * 4 + 1) : NULL;

	if (s)
		base64_text(base64_digits, true, in, s);
	return s;
}

char *lw_base64url(struct lw_arena *a, struct lw_bytes in)
{
	char *s = in.n < SIZE_MAX / 2 ? lw_alloc(a, (in.n * 4 + 2) / 3 + 1) : NULL;

	if (s)
		base64_text(base64url_digits, false, in, s);
	return s;
}

void lw_base64_put(struct lw_writer *w, struct lw_bytes in)
{
	uint8_t *p = in.n < SIZE_MAX / 2 ? lw_put_space(w, (in.n + 2) / 3 * 4) : NULL;

	if (p)
		base64_text(base64_digits, true, in, (char *)p);
}

#define PEM_LINE 48 /* octets, 64 digits */

void lw_pem_put(struct lw_writer *w, const char *label, struct lw_bytes der)
{
	lw_put_bytes(w, LW_LIT("-----BEGIN "));
	lw_put_bytes(w, lw_str(label));
	lw_put_bytes(w, LW_LIT("-----\n"));
	for (size_t at = 0; at < der.n; at += PEM_LINE) {
		lw_base64_put(w, (struct lw_bytes){ der.p + at, der.n - at < PEM_LINE ? der.n - at : PEM_LINE });
		lw_put_u8(w, '\n');
	}
	lw_put_bytes(w, LW_LIT("-----END "));
	lw_put_bytes(w, lw_str(label));
	lw_put_bytes(w, LW_LIT("-----\n"));
}

void lw_base64url_put(struct lw_writer *w, struct lw_bytes in)
{
	uint8_t *p = in.n < SIZE_MAX / 2 ? lw_put_space(w, (in.n * 4 + 2) / 3) : NULL;

	if (p)
		base64_text(base64url_digits, false, in, (char *)p);
}

static int base64_value(uint8_t c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+'             ? 62
	       : c == '/'             ? 63
	                              : -1;
}

static int unbase64(struct lw_arena *a, struct lw_bytes in, bool url, struct lw_bytes *ret)
{
	size_t at = 0, bits = 0;
	uint32_t v = 0;
	uint8_t *p = lw_alloc(a, in.n / 4 * 3 + 4);

	if (!p)
		return LW_ELIMIT;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		int d = url ? base64_value(c == '-' ? '+' : c == '_' ? '/' : c == '+' || c == '/' ? '=' : c) : base64_value(c);

		if (d < 0)
			return LW_EINVAL;
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		p[at++] = (uint8_t)(v >> bits);
		v &= (1u << bits) - 1;
	}
	if (bits == 6 || v) /* a digit too many, or bits under the padding */
		return LW_EINVAL;
	*ret = (struct lw_bytes){ p, at };
	return LW_OK;
}

int lw_unbase64(struct lw_arena *a, struct lw_bytes in, struct lw_bytes *ret)
{
	size_t pad = 0;

	if (in.n % 4)
		return LW_EINVAL;
	while (pad < 2 && pad < in.n && in.p[in.n - 1 - pad] == '=')
		pad++;
	return unbase64(a, (struct lw_bytes){ in.p, in.n - pad }, false, ret);
}

int lw_unbase64url(struct lw_arena *a, struct lw_bytes in, struct lw_bytes *ret)
{
	return unbase64(a, in, true, ret);
}

int lw_parse_u64(struct lw_bytes in, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!in.n)
		return LW_EINVAL;
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] < '0' || in.p[i] > '9')
			return LW_EINVAL;
	for (size_t i = 0; i < in.n; i++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		        __builtin_add_overflow(v, (uint64_t)(in.p[i] - '0'), &v) || v > max)
			return LW_ELIMIT;
	*ret = v;
	return LW_OK;
}

int lw_parse_duration(struct lw_bytes in, int64_t *ret_us)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = { { 's', LW_SECOND }, { 'm', 60 * LW_SECOND }, { 'h', 3600 * LW_SECOND },
		{ 'd', 86400 * LW_SECOND } };
	uint64_t n;

	if (in.n < 2)
		return LW_EINVAL;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (in.p[in.n - 1] != (uint8_t)units[i].unit)
			continue;
		in.n--;
		if (lw_parse_u64(in, (uint64_t)(INT64_MAX / units[i].us), &n))
			return LW_EINVAL;
		*ret_us = (int64_t)n * units[i].us;
		return LW_OK;
	}
	return LW_EINVAL;
}
