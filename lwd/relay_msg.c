/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/relay.h"

#include <string.h>

#include "base/err.h"

static void put_bool(struct lw_writer *w, bool b)
{
	lw_put_u8(w, b);
}

static bool get_bool(struct lw_reader *r)
{
	uint8_t b = lw_get_u8(r);

	if (b > 1)
		r->err = LW_EINVAL;
	return b == 1;
}

static void put_uuid(struct lw_writer *w, const struct lw_uuid *u)
{
	lw_put_raw(w, u->b, sizeof(u->b));
}

static void get_uuid(struct lw_reader *r, struct lw_uuid *ret)
{
	struct lw_bytes b = lw_get_raw(r, sizeof(ret->b));

	if (b.n == sizeof(ret->b))
		memcpy(ret->b, b.p, b.n);
}

/* ---- requests ---- */

static void put_secret(struct lw_writer *w, const struct relay_request *q)
{
	const struct kdc_secret *s = &q->secret;

	lw_put_counted(w, s->token);
	lw_put_u32(w, s->tenant);
	put_uuid(w, &s->target);
	lw_put_u64(w, s->expect_version);
	put_bool(w, s->old_proved);
	if (s->nitems > RELAY_MAX_ITEMS)
		w->err = LW_ELIMIT;
	lw_put_u8(w, (uint8_t)s->nitems);
	for (size_t i = 0; w->err == LW_OK && i < s->nitems; i++) {
		lw_put_u16(w, s->items[i].attr);
		lw_put_u8(w, (uint8_t)s->items[i].cls);
		lw_put_u64(w, s->items[i].generation);
		lw_put_counted(w, s->items[i].sealed);
	}
}

static void get_secret(struct lw_reader *r, struct lw_arena *arena, struct relay_request *q)
{
	struct kdc_secret *s = &q->secret;

	s->token = lw_get_counted(r, LW_CAP_MAX);
	s->tenant = lw_get_u32(r);
	get_uuid(r, &s->target);
	s->expect_version = lw_get_u64(r);
	s->old_proved = get_bool(r);
	s->nitems = lw_get_u8(r);
	if (r->err == LW_OK && s->nitems > RELAY_MAX_ITEMS)
		r->err = LW_ELIMIT;
	if (r->err != LW_OK)
		return;
	s->items = lw_allocn(arena, RELAY_MAX_ITEMS, sizeof(*s->items));
	if (s->items == NULL) {
		r->err = LW_ENOMEM;
		return;
	}
	for (size_t i = 0; i < s->nitems; i++) {
		s->items[i].attr = lw_get_u16(r);
		s->items[i].cls = (enum store_secret_class)lw_get_u8(r);
		s->items[i].generation = lw_get_u64(r);
		s->items[i].sealed = lw_get_counted(r, RELAY_MAX_SEALED);
		if (r->err == LW_OK && (s->items[i].cls < STORE_SECRET_PASSWORD || s->items[i].cls > STORE_SECRET_SIGNING))
			r->err = LW_EINVAL;
	}
}

static void put_accept(struct lw_writer *w, const struct relay_request *q)
{
	const struct kdc_accept *a = &q->accept;

	lw_put_str(w, a->service);
	lw_put_counted(w, a->token);
	lw_put_counted(w, a->bindings);
	put_bool(w, a->confidential);
	lw_put_u8(w, (uint8_t)a->role);
	lw_put_counted(w, a->tenant.n > RELAY_MAX_TENANT ? LW_LIT("-") /* none is called so */ : a->tenant);
}

static void get_accept(struct lw_reader *r, struct lw_arena *arena, struct relay_request *q)
{
	struct lw_bytes service = lw_get_counted(r, RELAY_MAX_SERVICE);
	struct kdc_accept *a = &q->accept;
	char *name;

	for (size_t i = 0; i < service.n; i++)
		if (!((service.p[i] >= 'a' && service.p[i] <= 'z') || (service.p[i] >= 'A' && service.p[i] <= 'Z')))
			r->err = LW_EINVAL;
	a->token = lw_get_counted(r, RELAY_MAX_GSS);
	a->bindings = lw_get_counted(r, RELAY_MAX_BINDINGS);
	a->confidential = get_bool(r);
	a->role = (enum lw_role_id)lw_get_u8(r);
	a->tenant = lw_get_counted(r, RELAY_MAX_TENANT);
	if (r->err == LW_OK && (service.n == 0 || a->role >= LW_ROLE_COUNT))
		r->err = LW_EINVAL;
	if (r->err != LW_OK)
		return;
	name = lw_alloc(arena, RELAY_MAX_SERVICE + 1);
	if (name == NULL) {
		r->err = LW_ENOMEM;
		return;
	}
	memcpy(name, service.p, service.n);
	name[service.n] = '\0';
	a->service = name;
}

static void put_control(struct lw_writer *w, const struct relay_request *q)
{
	lw_put_counted(w, q->control.token);
	lw_put_str(w, q->control.addr);
	lw_put_counted(w, q->control.request);
}

static void get_control(struct lw_reader *r, struct lw_arena *arena, struct relay_request *q)
{
	struct lw_bytes addr;

	q->control.token = lw_get_counted(r, LW_CAP_MAX);
	addr = lw_get_counted(r, RELAY_MAX_ADDR);
	q->control.request = lw_get_counted(r, RELAY_MAX_CONTROL);
	for (size_t i = 0; i < addr.n; i++)
		if (addr.p[i] <= ' ' || addr.p[i] > '~')
			r->err = LW_EINVAL;
	if (r->err != LW_OK)
		return;
	q->control.addr = (const char *)lw_dup(arena, addr).p;
	if (q->control.addr == NULL)
		r->err = LW_ENOMEM;
}

static void put_want(struct lw_writer *w, const struct relay_request *q)
{
	lw_put_counted(w, q->want.tenant.n > RELAY_MAX_TENANT ? LW_LIT("-") /* none is called so */ : q->want.tenant);
	lw_put_u8(w, (uint8_t)q->want.kind);
}

static void get_want(struct lw_reader *r, struct lw_arena *arena, struct relay_request *q)
{
	q->want.tenant = lw_get_counted(r, RELAY_MAX_TENANT);
	q->want.kind = (enum keys_kind)lw_get_u8(r);
	if (q->want.kind < KEYS_CA || q->want.kind >= KEYS_KIND_COUNT)
		r->err = LW_EINVAL;
}

static void put_audit(struct lw_writer *w, const struct relay_request *q)
{
	lw_put_counted(w, q->audit);
}

static void get_audit(struct lw_reader *r, struct lw_arena *arena, struct relay_request *q)
{
	struct lw_reader records;
	struct lw_audit a;
	struct lw_bytes kept;

	q->audit = lw_get_counted(r, RELAY_MAX_AUDIT);
	if (r->err != LW_OK)
		return;
	lw_reader_init(&records, q->audit);
	while (lw_audit_next(&records, &a, &kept))
		;
	r->err = records.err;
}

static void put_beat(struct lw_writer *w, const struct relay_request *q)
{
	lw_put_u32(w, q->beat.renewed);
	lw_put_u64(w, (uint64_t)q->beat.end);
}

static void get_beat(struct lw_reader *r, struct lw_arena *arena, struct relay_request *q)
{
	q->beat.renewed = lw_get_u32(r);
	q->beat.end = (int64_t)lw_get_u64(r);
}

/* ---- answers ---- */

static void put_wanted(struct lw_writer *w, const struct relay_answer *a)
{
	if (a->err == LW_OK)
		lw_put_u32(w, a->wanted);
}

static void get_wanted(struct lw_reader *r, struct relay_answer *a)
{
	if (a->err == LW_OK)
		a->wanted = lw_get_u32(r);
}

static void put_accepted(struct lw_writer *w, const struct relay_answer *a)
{
	const struct kdc_accepted *k = &a->accepted;

	lw_put_counted(w, k->token);
	if (a->err != LW_OK)
		return;
	lw_put_counted(w, k->context);
	lw_put_counted(w, (struct lw_bytes){ k->cap.b, k->cap.n });
	put_uuid(w, &k->subject);
	lw_put_u32(w, k->tenant);
	put_bool(w, k->bound);
}

static void get_accepted(struct lw_reader *r, struct relay_answer *a)
{
	struct kdc_accepted *k = &a->accepted;
	struct lw_bytes cap;

	k->token = lw_get_counted(r, RELAY_MAX_GSS);
	if (a->err != LW_OK)
		return;
	k->context = lw_get_counted(r, RELAY_MAX_GSS);
	cap = lw_get_counted(r, LW_CAP_MAX);
	if (cap.n > 0)
		memcpy(k->cap.b, cap.p, cap.n);
	k->cap.n = cap.n;
	get_uuid(r, &k->subject);
	k->tenant = lw_get_u32(r);
	k->bound = get_bool(r);
}

static void put_controlled(struct lw_writer *w, const struct relay_answer *a)
{
	if (a->err == LW_OK)
		lw_put_counted(w, a->control);
}

static void get_controlled(struct lw_reader *r, struct relay_answer *a)
{
	if (a->err == LW_OK)
		a->control = lw_get_counted(r, RELAY_MAX_ANSWER);
}

static const struct {
	void (*put)(struct lw_writer *, const struct relay_request *);
	void (*get)(struct lw_reader *, struct lw_arena *, struct relay_request *);
	void (*answer_put)(struct lw_writer *, const struct relay_answer *);
	void (*answer_get)(struct lw_reader *, struct relay_answer *);
} codecs[RELAY_OP_COUNT] = {
	[RELAY_PING] = { put_beat, get_beat, put_wanted, get_wanted },
	[RELAY_SET_SECRET] = { put_secret, get_secret, NULL, NULL },
	[RELAY_ACCEPT] = { put_accept, get_accept, put_accepted, get_accepted },
	[RELAY_CONTROL] = { put_control, get_control, put_controlled, get_controlled },
	[RELAY_AUDIT] = { put_audit, get_audit, NULL, NULL },
	[RELAY_WANT] = { put_want, get_want, NULL, NULL },
};

/* ---- both ---- */

void relay_request_put(struct lw_writer *w, const struct relay_request *q)
{
	lw_put_u8(w, RELAY_VERSION);
	lw_put_u8(w, (uint8_t)q->op);
	if (codecs[q->op].put != NULL)
		codecs[q->op].put(w, q);
}

int relay_request_get(struct lw_bytes in, struct lw_arena *arena, struct relay_request *ret)
{
	struct relay_request q = { 0 };
	struct lw_reader r;
	uint8_t version, op;

	lw_reader_init(&r, in);
	version = lw_get_u8(&r);
	op = lw_get_u8(&r);
	if (r.err != LW_OK)
		return r.err;
	if (version != RELAY_VERSION)
		return LW_EVERSION;
	if (op < RELAY_PING || op >= RELAY_OP_COUNT || codecs[op].put == NULL)
		return LW_EUNSUPPORTED;
	q.op = (enum relay_op)op;
	if (codecs[op].get != NULL)
		codecs[op].get(&r, arena, &q);
	if (lw_reader_end(&r) != LW_OK)
		return r.err != LW_OK ? r.err : LW_EINVAL;
	*ret = q;
	return LW_OK;
}

void relay_answer_put(struct lw_writer *w, enum relay_op op, const struct relay_answer *a)
{
	lw_put_u16(w, (uint16_t)a->err);
	lw_put_counted(w, (struct lw_bytes){ (const uint8_t *)a->text, strnlen(a->text, RELAY_MAX_TEXT) });
	if (codecs[op].answer_put != NULL)
		codecs[op].answer_put(w, a);
}

int relay_answer_get(struct lw_bytes in, enum relay_op op, struct relay_answer *ret)
{
	struct relay_answer a = { 0 };
	struct lw_bytes text;
	struct lw_reader r;

	lw_reader_init(&r, in);
	a.err = lw_get_u16(&r);
	text = lw_get_counted(&r, RELAY_MAX_TEXT);
	if (text.n > 0)
		memcpy(a.text, text.p, text.n);
	if (r.err == LW_OK && codecs[op].answer_get != NULL)
		codecs[op].answer_get(&r, &a);
	if (lw_reader_end(&r) != LW_OK || a.err >= LW_ERR_COUNT || strlen(a.text) != text.n)
		return LW_EINTERNAL;
	*ret = a;
	return LW_OK;
}
