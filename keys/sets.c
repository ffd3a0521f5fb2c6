/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed of a tenant's signing keys: u8 version, u8 count; of each set counted id and algorithm, u64 created, end and (version 2) when it is
 * used first, counted key, certificate and (version 2) cross certificate. Version 1 is read. Behind them, where there are any, u8 count and of each
 * former certificate of a CA the counted serial and u64 end. */
#include "keys/sign.h"

#include <string.h>
#include "base/err.h"

#define SETS_VERSION 2
#define SETS_BEFORE  1

void keyd_sets_put(struct lw_writer *w, const struct keyd_sets *s)
{
	lw_put_u8(w, SETS_VERSION);
	lw_put_u8(w, (uint8_t)s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct keyd_set *v = &s->v[i];

		lw_put_str(w, v->id);
		lw_put_str(w, v->alg);
		lw_put_u64(w, (uint64_t)v->created);
		lw_put_u64(w, (uint64_t)v->not_after);
		lw_put_u64(w, (uint64_t)v->use_from);
		lw_put_counted(w, v->key);
		lw_put_counted(w, v->cert);
		lw_put_counted(w, v->cross);
	}
	if (s->nformer)
		lw_put_u8(w, (uint8_t)s->nformer);
	for (size_t i = 0; i < s->nformer; i++) {
		lw_put_counted(w, (struct lw_bytes){ s->former[i].serial, s->former[i].n });
		lw_put_u64(w, (uint64_t)s->former[i].not_after);
	}
}

static void get_former(struct lw_reader *r, struct keyd_sets *s)
{
	s->nformer = lw_get_u8(r);
	if (!s->nformer || s->nformer > KEYD_FORMER)
		r->err = LW_EINVAL;
	for (size_t i = 0; !r->err && i < s->nformer; i++) {
		struct lw_bytes serial = lw_get_counted(r, KEYS_SERIAL_MAX);

		s->former[i].not_after = (int64_t)lw_get_u64(r);
		s->former[i].n = (uint8_t)serial.n;
		if (!r->err && serial.n)
			memcpy(s->former[i].serial, serial.p, serial.n);
	}
}

static const char *get_text(struct lw_reader *r, struct lw_arena *arena)
{
	struct lw_bytes b = lw_get_counted(r, KEYD_SET_TEXT);

	if (b.n && memchr(b.p, '\0', b.n) && !r->err)
		r->err = LW_EINVAL;
	return (const char *)lw_dup(arena, b).p;
}

int keyd_sets_get(struct lw_bytes in, struct lw_arena *arena, struct keyd_sets *ret)
{
	struct keyd_sets s = { .n = 0 };
	struct lw_reader r;
	uint8_t version;
	int err;

	lw_reader_init(&r, in);
	version = lw_get_u8(&r);
	if (version != SETS_VERSION && version != SETS_BEFORE)
		return r.err ? r.err : LW_EVERSION;
	s.n = lw_get_u8(&r);
	if (s.n > KEYD_SETS)
		return LW_EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		struct keyd_set *v = &s.v[i];

		v->id = get_text(&r, arena);
		v->alg = get_text(&r, arena);
		v->created = (int64_t)lw_get_u64(&r);
		v->not_after = (int64_t)lw_get_u64(&r);
		v->use_from = version == SETS_BEFORE ? v->created : (int64_t)lw_get_u64(&r);
		v->key = lw_dup(arena, lw_get_counted(&r, KEYD_SET_KEY));
		v->cert = lw_dup(arena, lw_get_counted(&r, KEYD_SET_CERT));
		if (version != SETS_BEFORE)
			v->cross = lw_dup(arena, lw_get_counted(&r, KEYD_SET_CERT));
	}
	if (!r.err && lw_reader_left(&r))
		get_former(&r, &s);
	err = lw_reader_end(&r);
	if (!err && lw_arena_failed(arena))
		err = LW_ENOMEM;
	if (!err)
		*ret = s;
	return err;
}

struct keyd_set *keyd_sets_front(struct keyd_sets *s)
{
	if (s->n < KEYD_SETS)
		s->n++;
	memmove(&s->v[1], &s->v[0], (s->n - 1) * sizeof(s->v[0]));
	s->v[0] = (struct keyd_set){ 0 };
	return &s->v[0];
}
