/* SPDX-License-Identifier: Apache-2.0 */
/* Which attributes a search asks for. */
#include "store/attrsel.h"

#define MAX_DESCS 4096

static struct {
	uint64_t user[ACCESS_ATTR_BITS / 64], operational[ACCESS_ATTR_BITS / 64];
} all;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_bit(uint64_t *bits, uint16_t id)
{
	if (id < ACCESS_ATTR_BITS)
		bits[id / 64] |= UINT64_C(1) << (id % 64);
}

static void fill_all(void)
{
	const struct schema_attr *a;

	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++)
		set_bit(a->flags & SCHEMA_OPERATIONAL ? all.operational : all.user, a->id);
}

static void add_bits(struct store_attrsel *s, const uint64_t *bits)
{
	for (size_t i = 0; i < ACCESS_ATTR_BITS / 64; i++)
		s->bits[i] |= bits[i];
}

static void add_type(struct store_attrsel *s, const struct schema_attr *type)
{
	const struct schema_attr *a;

	set_bit(s->bits, type->id);
	if (!ops_has_subtypes(type))
		return;
	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++)
		if (schema_attr_isa(a, type))
			set_bit(s->bits, a->id);
}

static void add_class(struct store_attrsel *s, const struct schema_class *c, unsigned depth)
{
	if (!c || depth > 16)
		return;
	if (lw_eq_nocase(lw_str(c->names[0]), LW_LIT("extensibleObject")))
		add_bits(s, all.user);
	for (const struct schema_attr *const *a = c->must; a && *a; a++)
		add_type(s, *a);
	for (const struct schema_attr *const *a = c->may; a && *a; a++)
		add_type(s, *a);
	for (const struct schema_class *const *p = c->sups; p && *p; p++)
		add_class(s, *p, depth + 1);
}

static void add_desc(struct store_attrsel *s, struct lw_arena *arena, struct lw_bytes desc)
{
	const struct schema_attr *attr;
	struct lw_bytes options;

	if (schema_desc(arena, desc, &attr, &options) || !attr)
		return; /* unknown ones are ignored */
	if (options.n)
		s->descs[s->ndescs++] = (struct attrsel_desc){ attr, options };
	else
		add_type(s, attr);
}

int store_attrsel_new(struct lw_arena *arena, const struct lw_bytes *descs, size_t n, struct store_attrsel **ret)
{
	struct store_attrsel *s;

	if (n > MAX_DESCS)
		return LW_ELIMIT;
	pthread_once(&once, fill_all);
	s = lw_alloc(arena, sizeof(*s));
	if (!s || (n && !(s->descs = lw_allocn(arena, n, sizeof(*s->descs)))))
		return LW_ENOMEM;
	if (!n)
		add_bits(s, all.user);
	for (size_t i = 0; i < n; i++) {
		struct lw_bytes d = descs[i];
		if (lw_eq(d, LW_LIT("*")))
			add_bits(s, all.user);
		else if (lw_eq(d, LW_LIT("+")))
			add_bits(s, all.operational);
		else if (d.n && d.p[0] == '@')
			add_class(s, schema_class((struct lw_bytes){ d.p + 1, d.n - 1 }), 0);
		else if (!lw_eq(d, LW_LIT("1.1")))
			add_desc(s, arena, d);
	}
	*ret = s;
	return lw_arena_failed(arena) ? LW_ENOMEM : LW_OK;
}

bool attrsel_has(const struct store_attrsel *s, uint16_t id, struct lw_bytes desc)
{
	const struct schema_attr *attr;

	if (attrsel_has_type(s, id))
		return true;
	if (!s->ndescs || !(attr = schema_attr_id(id)))
		return false;
	for (size_t i = 0; i < s->ndescs; i++)
		if (schema_attr_isa(attr, s->descs[i].attr) && ops_options_match(desc, s->descs[i].options))
			return true;
	return false;
}
