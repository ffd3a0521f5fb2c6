/* SPDX-License-Identifier: Apache-2.0 */
/* An assertion's fields between web and keyd. */
#include "saml/saml.h"

#include "base/err.h"

#define FORMAT 1

/* The texts, and the times, in the order of the message. */
#define TEXTS(X) X(id) X(issuer) X(name_id_format) X(name_id) X(audience) X(recipient) X(in_response_to) X(authn_context) X(session_index)
#define TIMES(X) X(issue_instant) X(not_before) X(not_on_or_after) X(authn_instant)

void saml_assertion_put(struct lw_writer *w, const struct saml_assertion *a)
{
	lw_put_u8(w, FORMAT);
	lw_put_u8(w, (uint8_t)a->alg);
#define X(field) lw_put_counted(w, a->field);
	TEXTS(X)
#undef X
#define X(field) lw_put_u64(w, (uint64_t)a->field);
	TIMES(X)
#undef X
	lw_put_u32(w, (uint32_t)a->n_attrs);
	for (size_t i = 0; i < a->n_attrs; i++) {
		const struct saml_attr *t = &a->attrs[i];

		lw_put_counted(w, t->name);
		lw_put_counted(w, t->name_format);
		lw_put_u32(w, (uint32_t)t->n);
		for (size_t v = 0; v < t->n; v++)
			lw_put_counted(w, t->values[v]);
	}
}

/* A count of at most max, with at least `each` octets behind it for each. */
static size_t count(struct lw_reader *r, size_t max, size_t each)
{
	size_t n = lw_get_u32(r);

	if (!r->err && n > max)
		r->err = LW_ELIMIT;
	else if (!r->err && n * each > lw_reader_left(r))
		r->err = LW_EINVAL;
	return r->err ? 0 : n;
}

int saml_assertion_get(struct lw_bytes in, struct lw_arena *arena, struct saml_assertion *ret)
{
	struct saml_assertion a = { .n_attrs = 0 };
	struct lw_reader r;
	size_t left = SAML_MAX_VALUES;
	int err;

	lw_reader_init(&r, in);
	if (lw_get_u8(&r) != FORMAT && !r.err)
		return LW_EVERSION;
	a.alg = (enum saml_alg)lw_get_u8(&r);
	if (!r.err && !saml_alg_uri(a.alg))
		return LW_EINVAL;
#define X(field) a.field = lw_get_counted(&r, SAML_MAX_TEXT);
	TEXTS(X)
#undef X
#define X(field) a.field = (int64_t)lw_get_u64(&r);
	TIMES(X)
#undef X
	a.n_attrs = count(&r, SAML_MAX_ATTRS, 12);
	a.attrs = lw_allocn(arena, a.n_attrs, sizeof(*a.attrs));
	for (size_t i = 0; a.attrs && i < a.n_attrs && !r.err; i++) {
		struct saml_attr *t = &a.attrs[i];

		t->name = lw_get_counted(&r, SAML_MAX_TEXT);
		t->name_format = lw_get_counted(&r, SAML_MAX_TEXT);
		t->n = count(&r, left, 4);
		left -= t->n;
		t->values = lw_allocn(arena, t->n, sizeof(*t->values));
		for (size_t v = 0; t->values && v < t->n; v++)
			t->values[v] = lw_get_counted(&r, SAML_MAX_TEXT);
	}
	err = lw_reader_end(&r);
	if (!err && lw_arena_failed(arena))
		err = LW_ELIMIT;
	if (!err)
		*ret = a;
	return err;
}
