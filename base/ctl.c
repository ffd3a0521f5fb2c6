/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ctl.h"
#include "base/err.h"

#define CTL_VERSION 1

static void put_length(struct lw_writer *w, size_t at)
{
	if (w->err)
		return;
	uint32_t n = (uint32_t)(w->n - at - 4);
	for (int i = 0; i < 4; i++)
		w->p[at + i] = (uint8_t)(n >> (24 - 8 * i));
}

int ctl_request_get(struct lw_arena *arena, struct lw_bytes body, struct ctl_request *ret)
{
	struct lw_reader r;
	struct ctl_request q = { 0 };

	lw_reader_init(&r, body);
	if (lw_get_u8(&r) != CTL_VERSION)
		return LW_EINVAL;
	q.verb = lw_get_counted(&r, 64);
	q.tenant = lw_get_counted(&r, 1024);
	q.npairs = lw_get_u32(&r);
	if (r.err)
		return r.err;
	if (q.npairs > CTL_MAX_PAIRS || q.npairs > lw_reader_left(&r) / 8)
		return LW_ELIMIT;
	q.pairs = lw_allocn(arena, q.npairs, sizeof(*q.pairs));
	if (q.npairs && !q.pairs)
		return LW_ENOMEM;
	for (size_t i = 0; i < q.npairs; i++) {
		q.pairs[i].key = lw_get_counted(&r, 256);
		q.pairs[i].value = lw_get_counted(&r, CTL_MAX);
	}
	int rc = lw_reader_end(&r);
	if (!rc)
		*ret = q;
	return rc;
}

void ctl_request_put(struct lw_writer *w, const struct ctl_request *q)
{
	size_t at = w->n;

	lw_put_u32(w, 0);
	lw_put_u8(w, CTL_VERSION);
	lw_put_counted(w, q->verb);
	lw_put_counted(w, q->tenant);
	lw_put_u32(w, (uint32_t)q->npairs);
	for (size_t i = 0; i < q->npairs; i++) {
		lw_put_counted(w, q->pairs[i].key);
		lw_put_counted(w, q->pairs[i].value);
	}
	put_length(w, at);
}

struct lw_bytes ctl_arg(const struct ctl_request *q, const char *key)
{
	for (size_t i = 0; i < q->npairs; i++)
		if (lw_eq(q->pairs[i].key, lw_str(key)))
			return q->pairs[i].value;
	return (struct lw_bytes){ 0 };
}

static int get_field(struct lw_arena *arena, struct lw_reader *r, struct ctl_field *f)
{
	f->name = lw_get_counted(r, 256);
	f->type = lw_get_u8(r);
	f->multi = lw_get_u8(r) != 0;
	f->n = lw_get_u32(r);
	if (r->err)
		return r->err;
	if (f->type != CTL_STRING && f->type != CTL_BOOL && f->type != CTL_INT)
		return LW_EINVAL;
	if (f->n > lw_reader_left(r) / 4)
		return LW_EINVAL;
	f->values = lw_allocn(arena, f->n, sizeof(*f->values));
	if (f->n && !f->values)
		return LW_ENOMEM;
	for (size_t i = 0; i < f->n; i++)
		f->values[i] = lw_get_counted(r, CTL_MAX);
	return r->err;
}

int ctl_answer_get(struct lw_arena *arena, struct lw_bytes body, struct ctl_answer *ret)
{
	struct lw_reader r;
	struct ctl_answer a = { 0 };
	int rc;

	lw_reader_init(&r, body);
	a.kind = lw_get_u8(&r);
	if (a.kind == CTL_END) {
		a.code = lw_get_counted(&r, 64);
		a.text = lw_get_counted(&r, 4096);
		a.more = lw_get_u8(&r) != 0;
	} else if (a.kind == CTL_ITEM) {
		while (!r.err && lw_reader_left(&r)) {
			if (a.nfields % 16 == 0) {
				struct ctl_field *f = lw_allocn(arena, a.nfields + 16, sizeof(*f));
				if (!f)
					return LW_ENOMEM;
				if (a.nfields)
					memcpy(f, a.fields, a.nfields * sizeof(*f));
				a.fields = f;
			}
			if ((rc = get_field(arena, &r, &a.fields[a.nfields])) != 0)
				return rc;
			a.nfields++;
		}
	} else {
		return LW_EINVAL;
	}
	rc = lw_reader_end(&r);
	if (!rc)
		*ret = a;
	return rc;
}

size_t ctl_item_begin(struct lw_writer *w)
{
	size_t at = w->n;

	lw_put_u32(w, 0);
	lw_put_u8(w, CTL_ITEM);
	return at;
}

void ctl_item_field(struct lw_writer *w, const char *name, enum ctl_type type, bool multi, const struct lw_bytes *values, size_t n)
{
	lw_put_str(w, name);
	lw_put_u8(w, (uint8_t)type);
	lw_put_u8(w, multi);
	lw_put_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		lw_put_counted(w, values[i]);
}

void ctl_item_string(struct lw_writer *w, const char *name, const char *value)
{
	struct lw_bytes v = lw_str(value);

	ctl_item_field(w, name, CTL_STRING, false, &v, 1);
}

void ctl_item_bool(struct lw_writer *w, const char *name, bool b)
{
	struct lw_bytes v = b ? LW_LIT("true") : LW_LIT("false");

	ctl_item_field(w, name, CTL_BOOL, false, &v, 1);
}

void ctl_item_int(struct lw_writer *w, const char *name, int64_t i)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, i);
	struct lw_bytes v = lw_str(text);
	ctl_item_field(w, name, CTL_INT, false, &v, 1);
}

void ctl_item_end(struct lw_writer *w, size_t begin)
{
	put_length(w, begin);
}

void ctl_end(struct lw_writer *w, const char *code, const char *text, bool more)
{
	size_t at = w->n;

	lw_put_u32(w, 0);
	lw_put_u8(w, CTL_END);
	lw_put_str(w, code);
	lw_put_str(w, text);
	lw_put_u8(w, more);
	put_length(w, at);
}
