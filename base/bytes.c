/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/err.h"

struct lw_bytes lw_str(const char *s)
{
	return (struct lw_bytes){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

bool lw_eq(struct lw_bytes a, struct lw_bytes b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

int lw_cmp(struct lw_bytes a, struct lw_bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool lw_eq_nocase(struct lw_bytes a, struct lw_bytes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool lw_eq_secret(struct lw_bytes a, struct lw_bytes b)
{
	return a.n == b.n && (!a.n || !CRYPTO_memcmp(a.p, b.p, a.n));
}

void lw_wipe(void *p, size_t n)
{
	if (n)
		OPENSSL_cleanse(p, n);
}

void lw_reader_init(struct lw_reader *r, struct lw_bytes b)
{
	r->p = b.p;
	r->end = b.n ? b.p + b.n : b.p;
	r->err = LW_OK;
}

size_t lw_reader_left(const struct lw_reader *r)
{
	return r->p ? (size_t)(r->end - r->p) : 0;
}

/* n octets, or NULL and a sticky error. */
static const uint8_t *eat(struct lw_reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->err)
		return NULL;
	if (lw_reader_left(r) < n) {
		r->err = LW_EINVAL;
		return NULL;
	}
	if (n)
		r->p += n;
	return p;
}

uint8_t lw_get_u8(struct lw_reader *r)
{
	const uint8_t *p = eat(r, 1);

	return p ? *p : 0;
}

uint16_t lw_get_u16(struct lw_reader *r)
{
	const uint8_t *p = eat(r, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return be16toh(v);
}

uint32_t lw_get_u32(struct lw_reader *r)
{
	const uint8_t *p = eat(r, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return be32toh(v);
}

uint64_t lw_get_u64(struct lw_reader *r)
{
	const uint8_t *p = eat(r, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return be64toh(v);
}

struct lw_bytes lw_get_raw(struct lw_reader *r, size_t n)
{
	const uint8_t *p = eat(r, n);

	return (struct lw_bytes){ p, p ? n : 0 };
}

struct lw_bytes lw_get_counted(struct lw_reader *r, size_t max)
{
	uint32_t n = lw_get_u32(r);

	if (!r->err && n > max)
		r->err = LW_ELIMIT;
	return lw_get_raw(r, n);
}

int lw_reader_end(struct lw_reader *r)
{
	if (!r->err && lw_reader_left(r))
		r->err = LW_EINVAL;
	return r->err;
}

void lw_writer_init(struct lw_writer *w, size_t max)
{
	*w = (struct lw_writer){ .max = max };
}

void lw_writer_done(struct lw_writer *w)
{
	if (w->wipe && w->p)
		lw_wipe(w->p, w->cap);
	free(w->p);
	w->p = NULL;
	w->n = w->cap = 0;
}

void lw_writer_reset(struct lw_writer *w)
{
	if (w->wipe && w->p)
		lw_wipe(w->p, w->cap);
	w->n = 0;
	w->err = LW_OK;
}

/* Room for n more octets behind w->n. */
static bool reserve(struct lw_writer *w, size_t n)
{
	size_t cap = w->cap ? w->cap : 256;
	uint8_t *p;

	if (w->err)
		return false;
	if (n <= w->cap - w->n)
		return true;
	if (w->n > w->max || n > w->max - w->n) {
		w->err = LW_ELIMIT;
		return false;
	}
	while (cap < w->n + n)
		cap = cap > SIZE_MAX / 2 ? w->n + n : cap * 2;
	if (cap > w->max)
		cap = w->max;
	if (w->wipe) {
		p = malloc(cap);
		if (p && w->p) {
			memcpy(p, w->p, w->n);
			lw_wipe(w->p, w->cap);
			free(w->p);
		}
	} else {
		p = realloc(w->p, cap);
	}
	if (!p) {
		w->err = LW_ENOMEM;
		return false;
	}
	w->p = p;
	w->cap = cap;
	return true;
}

uint8_t *lw_put_space(struct lw_writer *w, size_t n)
{
	uint8_t *p;

	if (!reserve(w, n || w->p ? n : 1))
		return NULL;
	p = w->p + w->n;
	w->n += n;
	return p;
}

void lw_put_raw(struct lw_writer *w, const void *data, size_t n)
{
	if (!n || !reserve(w, n))
		return;
	memcpy(w->p + w->n, data, n);
	w->n += n;
}

void lw_put_u8(struct lw_writer *w, uint8_t v)
{
	if (reserve(w, 1))
		w->p[w->n++] = v;
}

void lw_put_u16(struct lw_writer *w, uint16_t v)
{
	v = htobe16(v);
	lw_put_raw(w, &v, sizeof v);
}

void lw_put_u32(struct lw_writer *w, uint32_t v)
{
	v = htobe32(v);
	lw_put_raw(w, &v, sizeof v);
}

void lw_put_u64(struct lw_writer *w, uint64_t v)
{
	v = htobe64(v);
	lw_put_raw(w, &v, sizeof v);
}

void lw_put_bytes(struct lw_writer *w, struct lw_bytes b)
{
	lw_put_raw(w, b.p, b.n);
}

void lw_put_counted(struct lw_writer *w, struct lw_bytes b)
{
	if (b.n > UINT32_MAX && !w->err)
		w->err = LW_ELIMIT;
	lw_put_u32(w, (uint32_t)b.n);
	lw_put_raw(w, b.p, b.n);
}

void lw_put_str(struct lw_writer *w, const char *s)
{
	lw_put_counted(w, lw_str(s));
}

struct lw_bytes lw_written(const struct lw_writer *w)
{
	return (struct lw_bytes){ w->p, w->n };
}

uint8_t *lw_writer_take(struct lw_writer *w, size_t *ret_n)
{
	uint8_t *p = w->p;

	*ret_n = w->n;
	w->p = NULL;
	w->n = w->cap = 0;
	return p;
}
