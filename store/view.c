/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the store: an entry after the access filter, in RFC 4511's encoding. */
#include "base/ber.h"
#include "store/attrsel.h"

const struct lw_uuid *store_view_uuid(const struct store_view *v)
{
	return &v->e.uuid;
}

uint64_t store_view_version(const struct store_view *v)
{
	return v->e.version;
}

void store_view_dn(const struct store_view *v, struct lw_writer *w)
{
	const struct ops_place *up;

	if (v->e.parent && ops_place(v->txn, v->e.parent, &up)) {
		w->err = w->err ? w->err : LW_EIO;
		return;
	}
	lw_put_bytes(w, v->e.rdn_text);
	if (v->e.parent) {
		lw_put_u8(w, ',');
		lw_put_bytes(w, up->text);
	}
}

static bool set_has(const struct access_set *s, uint16_t id)
{
	const struct schema_attr *a;

	if (id < ACCESS_ATTR_BITS)
		return s->bits[id / 64] >> (id % 64) & 1;
	a = schema_attr_id(id);
	return a && access_set_has(s, a);
}

static void put_values(struct lw_writer *w, struct lw_bytes desc, const struct lw_bytes *v, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += lw_ber_size(v[i].n);
	lw_ber_head(w, LW_BER_SEQUENCE, lw_ber_size(desc.n) + lw_ber_size(total));
	lw_ber_put(w, LW_BER_OCTETS, desc);
	lw_ber_head(w, LW_BER_SET, total);
	for (size_t i = 0; i < n; i++)
		lw_ber_put(w, LW_BER_OCTETS, v[i]);
}

static void put_stored(const struct store_view *v, const struct eng_attr *a, bool types_only, struct lw_writer *w)
{
	struct ops_values values;
	int err;

	if (types_only) {
		put_values(w, a->desc, NULL, 0);
	} else if (!a->ref) {
		lw_put_bytes(w, a->ber);
	} else {
		err = ops_ref_values(v->txn, a, &values);
		if (!err)
			put_values(w, a->desc, values.v, values.n);
		else if (!w->err)
			w->err = err;
	}
}

void store_view_attrs(const struct store_view *v, const struct store_attrsel *sel, bool types_only, struct lw_writer *w)
{
	struct ops_values values;
	struct eng_attr a;
	size_t pos = 0, next;
	uint16_t id;

	for (; eng_attr_peek(&v->e, pos, &id, &next); pos = next) {
		if (!set_has(v->read, id) || !(sel->ndescs || attrsel_has_type(sel, id)))
			continue; /* most of them: not even looked into */
		if (!eng_attr_next(&v->e, &pos, &a))
			break;
		if (attrsel_has(sel, id, a.desc))
			put_stored(v, &a, types_only, w);
	}
	for (size_t i = 0; i < ops_ncomputed; i++) {
		const struct schema_attr *attr = ops_computed_at(i);
		if (!attrsel_has_type(sel, attr->id) || !set_has(v->read, attr->id))
			continue;
		if (ops_computed(v->txn, &v->e, attr, &values) == LW_OK)
			put_values(w, lw_str(attr->names[0]), values.v, types_only ? 0 : values.n);
	}
}

bool ops_options_match(struct lw_bytes desc, struct lw_bytes wanted)
{
	const uint8_t *semi = desc.n ? memchr(desc.p, ';', desc.n) : NULL;
	struct lw_bytes have = { semi, semi ? (size_t)(desc.p + desc.n - semi) : 0 };
	size_t i = 0;

	while (i < wanted.n) { /* both are ";a;b" */
		size_t end = i + 1, at = 0;
		bool found = false;
		while (end < wanted.n && wanted.p[end] != ';')
			end++;
		while (at < have.n && !found) {
			size_t e = at + 1;
			while (e < have.n && have.p[e] != ';')
				e++;
			found = e - at == end - i && memcmp(have.p + at, wanted.p + i, e - at) == 0;
			at = e;
		}
		if (!found)
			return false;
		i = end;
	}
	return true;
}

static int stored_values(const struct store_view *v, const struct eng_attr *a, const struct lw_bytes **ret, size_t *ret_n)
{
	struct ops_values values;
	struct lw_bytes one, *list;
	size_t n = 0, pos = 0;
	int err;

	if (a->ref) {
		err = ops_ref_values(v->txn, a, &values);
		if (err)
			return err;
		*ret = values.v;
		*ret_n = values.n;
		return values.n ? LW_OK : LW_ENOATTR;
	}
	while (eng_value_next(a, &pos, &one))
		n++;
	list = lw_allocn(v->txn->arena, n + 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	for (pos = 0, n = 0; eng_value_next(a, &pos, &one);)
		list[n++] = one;
	*ret = list;
	*ret_n = n;
	return LW_OK;
}

int store_view_values(const struct store_view *v, const struct schema_attr *attr, struct lw_bytes options,
	const struct lw_bytes **ret, size_t *ret_n)
{
	struct ops_values values;
	struct eng_attr a;
	size_t pos = 0;
	int err;

	if (!set_has(v->read, attr->id))
		return LW_ENOATTR;
	if (ops_is_computed(attr)) {
		err = options.n ? LW_ENOATTR : ops_computed(v->txn, &v->e, attr, &values);
		if (!err) {
			*ret = values.v;
			*ret_n = values.n;
		}
		return err;
	}
	while (eng_attr_next(&v->e, &pos, &a)) {
		const uint8_t *semi = a.options ? memchr(a.desc.p, ';', a.desc.n) : NULL;
		struct lw_bytes have = { semi, semi ? (size_t)(a.desc.p + a.desc.n - semi) : 0 };
		if (a.id == attr->id && lw_eq(have, options))
			return stored_values(v, &a, ret, ret_n);
	}
	return LW_ENOATTR;
}
