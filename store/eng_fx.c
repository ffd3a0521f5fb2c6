/* SPDX-License-Identifier: Apache-2.0 */
/* Effects and change records: putting them down, and reading them with nothing trusted.
 *
 *   record: u8 format, u64 seq, prev_seq, epoch, UUID origin, UUID id, i64 time, u32 operations,
 *           then for each u32 length and its effects
 *   effect: u8 kind, u32 tenant, u64 id, u32 length, body */
#include "store/eng_int.h"

#define BATCH_HEAD  (1 + 8 + 8 + 8 + 16 + 16 + 8)
#define VALUE_LIMIT ENG_ENTRY_MAX

void eng_batch_start(struct lw_writer *w, const struct eng_batch *b)
{
	lw_put_u8(w, ENG_FORMAT);
	lw_put_u64(w, b->seq);
	lw_put_u64(w, b->prev_seq);
	lw_put_u64(w, b->epoch);
	lw_put_raw(w, b->origin.b, sizeof(b->origin.b));
	lw_put_raw(w, b->id.b, sizeof(b->id.b));
	lw_put_u64(w, (uint64_t)b->time);
	lw_put_u32(w, 0);
}

static void patch_u32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

void eng_batch_finish(struct lw_writer *w, uint32_t nops)
{
	if (!w->err)
		patch_u32(w->p + BATCH_HEAD, nops);
}

/* ---- putting down ---- */

int eng_fx_err(const struct eng_fx *fx)
{
	return fx->err ? fx->err : fx->w->err;
}

uint64_t eng_fx_version(const struct eng_fx *fx)
{
	return fx->version;
}

bool eng_fx_empty(const struct eng_fx *fx)
{
	return fx->w->n == fx->start;
}

uint32_t eng_fx_tenant(const struct eng_fx *fx)
{
	struct lw_bytes effects = { fx->w->p + fx->start, fx->w->n - fx->start };
	struct eng_effect e = { 0 };
	size_t pos = 0;

	while (!fx->w->err && eng_op_next(effects, &pos, &e))
		if (e.kind == ENG_FX_TENANT_PUT)
			return e.tenant;
	return 0;
}

uint64_t eng_fx_new_id(struct eng_fx *fx, uint32_t tenant)
{
	struct eng_counters c;

	for (size_t i = 0; i < fx->nnext; i++)
		if (fx->next[i].tenant == tenant)
			return fx->next[i].next++;
	if (fx->nnext == sizeof(fx->next) / sizeof(*fx->next)) {
		fx->err = fx->err ? fx->err : LW_ELIMIT;
		return 0;
	}
	if (eng_counters_get(fx->txn, tenant, &c) && !c.next_id)
		c.next_id = 1;
	fx->next[fx->nnext].tenant = tenant;
	fx->next[fx->nnext++].next = c.next_id + 1;
	return c.next_id;
}

uint32_t eng_fx_new_tenant(struct eng_fx *fx)
{
	struct lw_bytes v;
	uint32_t next = 1;

	if (eng_meta(fx->txn, "tenant.next", &v) == LW_OK && v.n == 4)
		next = (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
	return next + fx->new_tenants++;
}

size_t eng_effect_start(struct eng_fx *fx, enum eng_fx_kind kind, uint32_t tenant, uint64_t id)
{
	lw_put_u8(fx->w, (uint8_t)kind);
	lw_put_u32(fx->w, tenant);
	lw_put_u64(fx->w, id);
	lw_put_u32(fx->w, 0);
	return fx->w->n;
}

void eng_effect_end(struct eng_fx *fx, size_t start)
{
	if (!fx->w->err)
		patch_u32(fx->w->p + start - 4, (uint32_t)(fx->w->n - start));
}

static void put_values(struct lw_writer *w, const struct eng_values *v)
{
	bool ref = v->refs != NULL;
	const struct schema_attr *a = schema_attr_id(v->attr);

	if (!v->n && a) /* removes: nothing tells it but the schema */
		ref = a->flags & SCHEMA_REF;
	lw_put_u16(w, v->attr);
	lw_put_u8(w, ref);
	lw_put_counted(w, eng_values_desc(v));
	lw_put_u32(w, (uint32_t)v->n);
	for (size_t i = 0; i < v->n; i++)
		if (ref)
			lw_put_u64(w, v->refs[i]);
		else
			lw_put_counted(w, v->values[i]);
}

void eng_fx_entry_new(struct eng_fx *fx, const struct eng_entry *head, const struct eng_values *values, size_t n)
{
	size_t start = eng_effect_start(fx, ENG_FX_ENTRY_NEW, head->tenant, head->id);

	lw_put_u64(fx->w, head->parent);
	lw_put_raw(fx->w, head->uuid.b, sizeof(head->uuid.b));
	lw_put_u16(fx->w, head->structural);
	lw_put_u32(fx->w, head->flags);
	lw_put_counted(fx->w, head->rdn_text);
	lw_put_counted(fx->w, head->rdn_norm);
	lw_put_u32(fx->w, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_values(fx->w, &values[i]);
	eng_effect_end(fx, start);
}

void eng_fx_attr(struct eng_fx *fx, uint32_t tenant, uint64_t id, enum eng_change change, const struct eng_values *v)
{
	size_t start = eng_effect_start(fx, ENG_FX_ATTR, tenant, id);

	lw_put_u8(fx->w, (uint8_t)change);
	put_values(fx->w, v);
	eng_effect_end(fx, start);
}

void eng_fx_head(struct eng_fx *fx, uint32_t tenant, uint64_t id, uint16_t structural, uint32_t flags)
{
	size_t start = eng_effect_start(fx, ENG_FX_HEAD, tenant, id);

	lw_put_u16(fx->w, structural);
	lw_put_u32(fx->w, flags);
	eng_effect_end(fx, start);
}

void eng_fx_move(struct eng_fx *fx, uint32_t tenant, uint64_t id, uint64_t new_parent, struct lw_bytes rdn_text,
	struct lw_bytes rdn_norm)
{
	size_t start = eng_effect_start(fx, ENG_FX_MOVE, tenant, id);

	lw_put_u64(fx->w, new_parent);
	lw_put_counted(fx->w, rdn_text);
	lw_put_counted(fx->w, rdn_norm);
	eng_effect_end(fx, start);
}

void eng_fx_entry_del(struct eng_fx *fx, uint32_t tenant, uint64_t id)
{
	eng_effect_end(fx, eng_effect_start(fx, ENG_FX_ENTRY_DEL, tenant, id));
}

void eng_fx_sealed_put(struct eng_fx *fx, uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, uint64_t generation,
	struct lw_bytes sealed)
{
	size_t start = eng_effect_start(fx, ENG_FX_SEALED_PUT, tenant, id);

	lw_put_u16(fx->w, attr);
	lw_put_u8(fx->w, cls);
	lw_put_u64(fx->w, generation);
	lw_put_counted(fx->w, sealed);
	eng_effect_end(fx, start);
}

void eng_fx_sealed_del(struct eng_fx *fx, uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, uint64_t generation)
{
	size_t start = eng_effect_start(fx, ENG_FX_SEALED_DEL, tenant, id);

	lw_put_u16(fx->w, attr);
	lw_put_u8(fx->w, cls);
	lw_put_u64(fx->w, generation);
	eng_effect_end(fx, start);
}

void eng_tenant_encode(struct lw_writer *w, const struct eng_tenant *t)
{
	lw_put_raw(w, t->uuid.b, sizeof(t->uuid.b));
	lw_put_u32(w, t->flags);
	lw_put_u64(w, (uint64_t)t->created);
	lw_put_counted(w, t->name);
	lw_put_counted(w, t->realm);
	lw_put_counted(w, t->keys);
}

void eng_fx_tenant_put(struct eng_fx *fx, const struct eng_tenant *t)
{
	size_t start = eng_effect_start(fx, ENG_FX_TENANT_PUT, t->id, 0);

	eng_tenant_encode(fx->w, t);
	eng_effect_end(fx, start);
}

void eng_fx_authgen(struct eng_fx *fx, uint32_t tenant)
{
	eng_effect_end(fx, eng_effect_start(fx, ENG_FX_AUTHGEN, tenant, 0));
}

void eng_fx_grant_put(struct eng_fx *fx, uint32_t tenant, uint64_t id, struct lw_bytes compiled)
{
	size_t start = eng_effect_start(fx, ENG_FX_GRANT_PUT, tenant, id);

	lw_put_counted(fx->w, compiled);
	eng_effect_end(fx, start);
}

void eng_fx_grant_del(struct eng_fx *fx, uint32_t tenant, uint64_t id)
{
	eng_effect_end(fx, eng_effect_start(fx, ENG_FX_GRANT_DEL, tenant, id));
}

void eng_fx_meta_put(struct eng_fx *fx, const char *name, struct lw_bytes value)
{
	size_t start = eng_effect_start(fx, ENG_FX_META_PUT, 0, 0);

	lw_put_str(fx->w, name);
	lw_put_counted(fx->w, value);
	eng_effect_end(fx, start);
}

void eng_fx_note(struct eng_fx *fx, struct lw_bytes note)
{
	size_t start = eng_effect_start(fx, ENG_FX_NOTE, 0, 0);

	lw_put_counted(fx->w, note);
	eng_effect_end(fx, start);
}

void eng_fx_tenant_del(struct eng_fx *fx, uint32_t tenant)
{
	eng_effect_end(fx, eng_effect_start(fx, ENG_FX_TENANT_DEL, tenant, 0));
}

void eng_fx_reclaim(struct eng_fx *fx, uint32_t tenant, uint32_t max)
{
	size_t start = eng_effect_start(fx, ENG_FX_RECLAIM, tenant, 0);

	lw_put_u32(fx->w, max);
	eng_effect_end(fx, start);
}

/* ---- reading ---- */

/* With an arena the values are kept, without one only looked at. */
static void get_values(struct lw_reader *r, struct lw_arena *arena, struct eng_values *ret)
{
	uint64_t *refs = NULL;
	struct lw_bytes *values = NULL, v;
	uint8_t ref;
	uint32_t n;

	ret->attr = lw_get_u16(r);
	ref = lw_get_u8(r);
	ret->desc = lw_get_counted(r, 1024);
	n = lw_get_u32(r);
	if (r->err)
		return;
	if (ref > 1 || !ret->desc.n || (ref && ret->desc.n > UINT8_MAX) || n > lw_reader_left(r) / (ref ? 8 : 4)) {
		r->err = LW_EINVAL;
		return;
	}
	ret->n = n;
	if (arena && n) {
		if (ref)
			refs = lw_allocn(arena, n, sizeof(*refs));
		else
			values = lw_allocn(arena, n, sizeof(*values));
		if (!refs && !values) {
			r->err = LW_ENOMEM;
			return;
		}
	}
	for (uint32_t i = 0; i < n && !r->err; i++) {
		if (ref) {
			uint64_t id = lw_get_u64(r);

			if (refs)
				refs[i] = id;
		} else {
			v = lw_get_counted(r, VALUE_LIMIT);
			if (values)
				values[i] = v;
		}
	}
	ret->refs = refs;
	ret->values = values;
}

static void get_uuid(struct lw_reader *r, struct lw_uuid *ret)
{
	struct lw_bytes b = lw_get_raw(r, sizeof(ret->b));

	if (!r->err)
		memcpy(ret->b, b.p, sizeof(ret->b));
}

static void get_entry_new(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	struct eng_values one;
	uint32_t n;

	a->head.parent = lw_get_u64(r);
	get_uuid(r, &a->head.uuid);
	a->head.structural = lw_get_u16(r);
	a->head.flags = lw_get_u32(r);
	a->head.rdn_text = lw_get_counted(r, UINT16_MAX);
	a->head.rdn_norm = lw_get_counted(r, UINT16_MAX);
	n = lw_get_u32(r);
	if (r->err || n > lw_reader_left(r) / 11) {
		r->err = r->err ? r->err : LW_EINVAL;
		return;
	}
	a->nvalues = n;
	if (arena && n) {
		a->values = lw_allocn(arena, n, sizeof(*a->values));
		if (!a->values)
			r->err = LW_ENOMEM;
	}
	for (uint32_t i = 0; i < n && !r->err; i++)
		get_values(r, arena, a->values ? &a->values[i] : &one);
}

static void get_attr(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	struct eng_values one;

	a->change = lw_get_u8(r);
	if (a->change > ENG_REPLACE)
		r->err = LW_EINVAL;
	a->nvalues = 1;
	if (arena && !(a->values = lw_alloc(arena, sizeof(*a->values))))
		r->err = LW_ENOMEM;
	if (!r->err)
		get_values(r, arena, a->values ? a->values : &one);
}

static void get_head(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	a->head.structural = lw_get_u16(r);
	a->head.flags = lw_get_u32(r);
}

static void get_move(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	a->head.parent = lw_get_u64(r);
	a->head.rdn_text = lw_get_counted(r, UINT16_MAX);
	a->head.rdn_norm = lw_get_counted(r, UINT16_MAX);
}

static void get_sealed(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	a->attr = lw_get_u16(r);
	a->cls = lw_get_u8(r);
	a->number = lw_get_u64(r);
	if (a->e.kind == ENG_FX_SEALED_PUT)
		a->value = lw_get_counted(r, VALUE_LIMIT);
}

void eng_tenant_parse(struct lw_reader *r, struct eng_tenant *ret)
{
	get_uuid(r, &ret->uuid);
	ret->flags = lw_get_u32(r);
	ret->created = (int64_t)lw_get_u64(r);
	ret->name = lw_get_counted(r, 255);
	ret->realm = lw_get_counted(r, 255);
	ret->keys = lw_get_counted(r, 1u << 16);
}

static void get_tenant(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	eng_tenant_parse(r, &a->tenant);
	a->tenant.id = a->e.tenant;
	if (!a->e.tenant || (!r->err && !a->tenant.name.n))
		r->err = LW_EINVAL;
}

static void get_none(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
}

static void get_tenant_del(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	if (!a->e.tenant)
		r->err = LW_EINVAL;
}

static void get_reclaim(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	a->number = lw_get_u32(r);
	if (!a->e.tenant || !a->number)
		r->err = LW_EINVAL;
}

static void get_value(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	a->value = lw_get_counted(r, VALUE_LIMIT);
}

static void get_meta(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	a->name = lw_get_counted(r, 64);
	a->value = lw_get_counted(r, VALUE_LIMIT);
	if (!r->err && !a->name.n)
		r->err = LW_EINVAL;
}

static void get_audit(struct lw_reader *r, struct lw_arena *arena, struct eng_fx_args *a)
{
	eng_audit_parse(r, &a->audit);
	if (!a->e.tenant)
		r->err = LW_EINVAL;
}

static void (*const getters[ENG_FX_COUNT])(struct lw_reader *, struct lw_arena *, struct eng_fx_args *) = {
	[ENG_FX_ENTRY_NEW] = get_entry_new, [ENG_FX_ATTR] = get_attr,          [ENG_FX_HEAD] = get_head,
	[ENG_FX_MOVE] = get_move,           [ENG_FX_ENTRY_DEL] = get_none,     [ENG_FX_SEALED_PUT] = get_sealed,
	[ENG_FX_SEALED_DEL] = get_sealed,   [ENG_FX_TENANT_PUT] = get_tenant,  [ENG_FX_AUTHGEN] = get_none,
	[ENG_FX_GRANT_PUT] = get_value,     [ENG_FX_GRANT_DEL] = get_none,     [ENG_FX_META_PUT] = get_meta,
	[ENG_FX_NOTE] = get_value,          [ENG_FX_AUDIT] = get_audit,
	[ENG_FX_TENANT_DEL] = get_tenant_del, [ENG_FX_RECLAIM] = get_reclaim,
};

int eng_fx_decode(const struct eng_effect *e, struct lw_arena *arena, struct eng_fx_args *ret)
{
	struct eng_fx_args a = { .e = *e };
	struct lw_reader r;
	int err;

	if (e->kind < 1 || e->kind >= ENG_FX_COUNT || !getters[e->kind])
		return LW_EINVAL;
	lw_reader_init(&r, e->body);
	getters[e->kind](&r, arena, &a);
	a.head.tenant = e->tenant;
	a.head.id = e->id;
	err = lw_reader_end(&r);
	if (err)
		return err == LW_ENOMEM ? err : LW_EINVAL;
	*ret = a;
	return LW_OK;
}

static bool effect_get(struct lw_reader *r, struct eng_effect *ret)
{
	ret->kind = lw_get_u8(r);
	ret->tenant = lw_get_u32(r);
	ret->id = lw_get_u64(r);
	ret->body = lw_get_counted(r, ENG_BATCH_MAX);
	return !r->err && ret->kind >= 1 && ret->kind < ENG_FX_COUNT;
}

bool eng_op_next(struct lw_bytes effects, size_t *pos, struct eng_effect *ret)
{
	struct lw_reader r;
	struct eng_effect e = { .op = ret->op };

	if (*pos >= effects.n)
		return false;
	lw_reader_init(&r, (struct lw_bytes){ effects.p + *pos, effects.n - *pos });
	if (!effect_get(&r, &e))
		return false;
	*pos = effects.n - lw_reader_left(&r);
	*ret = e;
	return true;
}

int eng_batch_decode(struct lw_bytes record, struct eng_batch *ret)
{
	struct eng_batch b = { 0 };
	struct lw_reader r, ops;
	struct eng_fx_args args;

	lw_reader_init(&r, record);
	if (lw_get_u8(&r) != ENG_FORMAT)
		return r.err ? LW_EINVAL : LW_EVERSION;
	b.seq = lw_get_u64(&r);
	b.prev_seq = lw_get_u64(&r);
	b.epoch = lw_get_u64(&r);
	get_uuid(&r, &b.origin);
	get_uuid(&r, &b.id);
	b.time = (int64_t)lw_get_u64(&r);
	b.nops = lw_get_u32(&r);
	if (r.err || b.nops > UINT16_MAX)
		return LW_EINVAL;
	b.ops = (struct lw_bytes){ r.p, lw_reader_left(&r) };
	for (uint32_t i = 0; i < b.nops && !r.err; i++) {
		struct lw_bytes op = lw_get_counted(&r, ENG_BATCH_MAX);

		lw_reader_init(&ops, op);
		while (!r.err && lw_reader_left(&ops)) {
			struct eng_effect e = { .op = i };

			if (!effect_get(&ops, &e) || eng_fx_decode(&e, NULL, &args))
				r.err = LW_EINVAL;
		}
	}
	if (lw_reader_end(&r))
		return LW_EINVAL;
	*ret = b;
	return LW_OK;
}

bool eng_batch_op(const struct eng_batch *b, size_t *pos, struct lw_bytes *ret)
{
	struct lw_reader r;

	if (*pos >= b->ops.n)
		return false;
	lw_reader_init(&r, (struct lw_bytes){ b->ops.p + *pos, b->ops.n - *pos });
	*ret = lw_get_counted(&r, ENG_BATCH_MAX);
	if (r.err)
		return false;
	*pos = b->ops.n - lw_reader_left(&r);
	return true;
}

bool eng_batch_next(const struct eng_batch *b, size_t *pos, struct eng_effect *ret)
{
	size_t at = 0, next = 0;
	struct lw_bytes op;

	/* pos counts octets of ops; find the operation it lies in */
	for (uint32_t i = 0; eng_batch_op(b, &next, &op); i++, at = next) {
		size_t in = *pos <= at + 4 ? 0 : *pos - at - 4;

		if (*pos >= next)
			continue;
		ret->op = i;
		if (eng_op_next(op, &in, ret)) {
			*pos = at + 4 + in;
			return true;
		}
		*pos = next;
	}
	return false;
}
