/* SPDX-License-Identifier: Apache-2.0 */
/* DER (X.690) for protocols that are small enough to be read by hand: a cursor over borrowed octets, and a
 * writer that fills a fixed buffer from its end, so that every length is known when it is written. Both are
 * sticky: make the calls, check once. Strict: definite minimal lengths, minimal integers, low tag numbers
 * (0..30) only. */
#ifndef BASE_DER_H
#define BASE_DER_H

#include "base/bytes.h"
#include "base/err.h"

enum lw_der_tag {
	LW_DER_BOOLEAN = 0x01,
	LW_DER_INTEGER = 0x02,
	LW_DER_BIT_STRING = 0x03,
	LW_DER_OCTET_STRING = 0x04,
	LW_DER_OID = 0x06,
	LW_DER_ENUMERATED = 0x0a,
	LW_DER_GENERAL_STRING = 0x1b,
	LW_DER_GENERALIZED_TIME = 0x18,
	LW_DER_SEQUENCE = 0x30,
};
#define LW_DER_CONTEXT(n) (0xa0 | (n)) /* constructed */
#define LW_DER_APP(n)     (0x60 | (n))

/* ---- reading ---- */
struct lw_der {
	const uint8_t *p, *end;
	int err; /* LW_EINVAL, LW_ELIMIT; afterwards every get gives nothing */
};
void lw_der_init(struct lw_der *, struct lw_bytes);
static inline bool lw_der_more(const struct lw_der *);             /* is something left (and no error)? */
static inline bool lw_der_at(const struct lw_der *, uint8_t tag);  /* does the next element have this tag? */
/* Contents of the next element, which must have the tag; p NULL: error. */
static inline struct lw_bytes lw_der_get(struct lw_der *, uint8_t tag);
/* Into the contents of the next element; the outer cursor moves past it. */
static inline struct lw_der lw_der_enter(struct lw_der *, uint8_t tag);
/* The end of an inner cursor: it must be used up; its error becomes the outer one's. */
static inline void lw_der_leave(struct lw_der *outer, const struct lw_der *inner);
struct lw_bytes lw_der_whole(struct lw_der *, uint8_t tag);    /* the next element with tag and length */
int64_t lw_der_int(struct lw_der *, int64_t min, int64_t max); /* INTEGER; out of range: LW_EINVAL */
int64_t lw_der_time(struct lw_der *);   /* GeneralizedTime YYYYMMDDHHMMSSZ -> seconds since 1970 */
/* BIT STRING of at least 32 bits, the first 32 (bit 0 is the highest) */
uint32_t lw_der_flags(struct lw_der *);
int lw_der_end(const struct lw_der *);  /* the error; LW_EINVAL when octets are left over */

/* ---- writing, backwards: last field first ---- */
struct lw_der_writer {
	uint8_t *buf;
	size_t size, at; /* what is written lies in buf[at .. size) */
	/* LW_ELIMIT: the buffer is too small; LW_EINVAL: a time outside the years 0 to 9999 */
	int err;
};
void lw_der_writer_init(struct lw_der_writer *, uint8_t *buf, size_t size);
/* before the contents of something constructed … */
static inline size_t lw_der_mark(const struct lw_der_writer *);
static inline void lw_der_wrap(struct lw_der_writer *, uint8_t tag, size_t mark); /* … and after them */
void lw_der_put_raw(struct lw_der_writer *, struct lw_bytes);
void lw_der_put(struct lw_der_writer *, uint8_t tag, struct lw_bytes contents);
void lw_der_put_int(struct lw_der_writer *, int64_t);
void lw_der_put_time(struct lw_der_writer *, int64_t seconds);
void lw_der_put_flags(struct lw_der_writer *, uint32_t);
struct lw_bytes lw_der_written(const struct lw_der_writer *); /* nothing (p NULL) after an error */

/* ---- what is above and worth inlining: a message has some hundred elements ---- */
const uint8_t *lw_der_long(struct lw_der *, uint8_t tag, size_t *ret_n);
void lw_der_wrap_long(struct lw_der_writer *, uint8_t tag, size_t n);

/* The first octet behind identifier and length octets; the cursor moves past the contents. NULL: error. */
static inline const uint8_t *lw_der_element(struct lw_der *d, uint8_t tag, size_t *ret_n)
{
	const uint8_t *p = d->p;
	size_t left = (size_t)(d->end - p);

	if (d->err || left < 2 || p[0] != tag || p[1] > 0x7f || p[1] > left - 2)
		return lw_der_long(d, tag, ret_n);
	*ret_n = p[1];
	d->p = p + 2 + p[1];
	return p + 2;
}

static inline bool lw_der_more(const struct lw_der *d)
{
	return !d->err && d->p < d->end;
}

static inline bool lw_der_at(const struct lw_der *d, uint8_t tag)
{
	return !d->err && d->p < d->end && *d->p == tag;
}

static inline struct lw_bytes lw_der_get(struct lw_der *d, uint8_t tag)
{
	size_t n;
	const uint8_t *p = lw_der_element(d, tag, &n);

	return (struct lw_bytes){ p, p ? n : 0 };
}

static inline struct lw_der lw_der_enter(struct lw_der *d, uint8_t tag)
{
	size_t n;
	const uint8_t *p = lw_der_element(d, tag, &n);

	return p ? (struct lw_der){ p, p + n, 0 } : (struct lw_der){ NULL, NULL, d->err };
}

static inline void lw_der_leave(struct lw_der *outer, const struct lw_der *in)
{
	if (!outer->err)
		outer->err = in->err ? in->err : in->p == in->end ? LW_OK : LW_EINVAL;
}

static inline size_t lw_der_mark(const struct lw_der_writer *w)
{
	return w->at;
}

static inline void lw_der_wrap(struct lw_der_writer *w, uint8_t tag, size_t mark)
{
	size_t n = mark - w->at;

	if (w->err || n > 0x7f || w->at < 2) {
		lw_der_wrap_long(w, tag, n);
		return;
	}
	w->at -= 2;
	w->buf[w->at] = tag;
	w->buf[w->at + 1] = (uint8_t)n;
}

#endif
