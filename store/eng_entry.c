/* SPDX-License-Identifier: Apache-2.0 */
/* The entry record. Stored octets are never trusted: every length is checked before it is followed.
 *
 *   u8 format, u8 0, u16 structural class, u32 flags, u64 version, u64 parent, UUID, u16 + rdn text, u16 + rdn norm,
 *   then attributes: u16 id, u8 flags, u32 length, body
 *
 * A body is the RFC 4511 PartialAttribute as it goes out, or, for references, u8 + description and packed ids. Small
 * attributes come first, by id and description, then large ones, then references: what grows is at the end, so that
 * a change rewrites few parts. */
#include "base/ber.h"
#include "store/eng_int.h"

#define HEAD_FIXED   (1 + 1 + 2 + 4 + 8 + 8 + 16)
#define RECORD_HEAD  (2 + 1 + 4)
#define RECORD_REF   1
#define RECORD_OPTS  2
#define LARGE        512

unsigned eng_attr_class(size_t body, bool ref)
{
	return ref ? 2 : body > LARGE;
}

/* One TLV of the given tag at *pos of b; moves past it. */
static bool tlv(struct lw_bytes b, size_t *pos, uint8_t tag, struct lw_bytes *ret)
{
	size_t at = *pos, len, octets;

	if (b.n < 2 || at > b.n - 2 || b.p[at] != tag)
		return false;
	len = b.p[at + 1];
	at += 2;
	if (len & 0x80) {
		octets = len & 0x7f;
		if (octets < 1 || octets > 4 || b.n - at < octets)
			return false;
		for (len = 0; octets; octets--)
			len = len << 8 | b.p[at++];
	}
	if (len > b.n - at)
		return false;
	*ret = (struct lw_bytes){ b.p + at, len };
	*pos = at + len;
	return true;
}

/* The record at *pos: its head checked, its body borrowed. */
static bool record_at(struct lw_bytes attrs, size_t pos, uint16_t *ret_id, uint8_t *ret_flags, struct lw_bytes *ret)
{
	const uint8_t *p = attrs.p + pos;
	size_t n;

	if (attrs.n < RECORD_HEAD || pos > attrs.n - RECORD_HEAD)
		return false;
	*ret_id = (uint16_t)(p[0] << 8 | p[1]);
	*ret_flags = p[2];
	n = (size_t)p[3] << 24 | (size_t)p[4] << 16 | (size_t)p[5] << 8 | p[6];
	if (n > attrs.n - pos - RECORD_HEAD)
		return false;
	*ret = (struct lw_bytes){ p + RECORD_HEAD, n };
	return true;
}

int eng_entry_decode(struct lw_bytes record, struct eng_entry *ret)
{
	struct lw_reader r;
	struct eng_entry e = { 0 };
	struct lw_bytes uuid, body;
	uint16_t id;
	uint8_t flags;

	lw_reader_init(&r, record);
	if (lw_get_u8(&r) != ENG_FORMAT || lw_get_u8(&r) != 0)
		return LW_EINVAL;
	e.structural = lw_get_u16(&r);
	e.flags = lw_get_u32(&r);
	e.version = lw_get_u64(&r);
	e.parent = lw_get_u64(&r);
	uuid = lw_get_raw(&r, sizeof(e.uuid.b));
	e.rdn_text = lw_get_raw(&r, lw_get_u16(&r));
	e.rdn_norm = lw_get_raw(&r, lw_get_u16(&r));
	if (r.err)
		return LW_EINVAL;
	memcpy(e.uuid.b, uuid.p, sizeof(e.uuid.b));
	e.attrs = (struct lw_bytes){ r.p, lw_reader_left(&r) };
	for (size_t pos = 0; pos < e.attrs.n; pos += RECORD_HEAD + body.n)
		if (!record_at(e.attrs, pos, &id, &flags, &body))
			return LW_EINVAL;
	*ret = e;
	return LW_OK;
}

bool eng_attr_next(const struct eng_entry *e, size_t *pos, struct eng_attr *ret)
{
	struct eng_attr a = { 0 };
	struct lw_bytes body, seq;
	uint8_t flags;
	size_t at = 0, in = 0;

	if (*pos >= e->attrs.n || !record_at(e->attrs, *pos, &a.id, &flags, &body))
		return false;
	a.ref = flags & RECORD_REF;
	a.options = flags & RECORD_OPTS;
	if (a.ref) {
		if (!body.n || body.p[0] > body.n - 1 || (body.n - 1 - body.p[0]) % 8)
			return false;
		a.desc = (struct lw_bytes){ body.p + 1, body.p[0] };
		a.values = (struct lw_bytes){ body.p + 1 + a.desc.n, body.n - 1 - a.desc.n };
		a.nrefs = a.values.n / 8;
	} else {
		if (!tlv(body, &at, LW_BER_SEQUENCE, &seq) || at != body.n)
			return false;
		if (!tlv(seq, &in, LW_BER_OCTETS, &a.desc) || !tlv(seq, &in, LW_BER_SET, &a.values) || in != seq.n)
			return false;
		a.ber = body;
	}
	*pos += RECORD_HEAD + body.n;
	*ret = a;
	return true;
}

bool eng_attr_peek(const struct eng_entry *e, size_t pos, uint16_t *ret_id, size_t *ret_next)
{
	struct lw_bytes body;
	uint8_t flags;

	if (pos >= e->attrs.n || !record_at(e->attrs, pos, ret_id, &flags, &body))
		return false;
	*ret_next = pos + RECORD_HEAD + body.n;
	return true;
}

bool eng_attr_find(const struct eng_entry *e, uint16_t id, struct eng_attr *ret)
{
	struct lw_bytes body;
	uint16_t at_id;
	uint8_t flags;

	for (size_t pos = 0; pos < e->attrs.n && record_at(e->attrs, pos, &at_id, &flags, &body);
		pos += RECORD_HEAD + body.n)
		if (at_id == id && !(flags & RECORD_OPTS))
			return eng_attr_next(e, &pos, ret);
	return false;
}

bool eng_attr_next_of(const struct eng_entry *e, uint16_t id, size_t *pos, struct eng_attr *ret)
{
	struct lw_bytes body;
	uint16_t at_id;
	uint8_t flags;

	for (; *pos < e->attrs.n && record_at(e->attrs, *pos, &at_id, &flags, &body); *pos += RECORD_HEAD + body.n)
		if (at_id == id)
			return eng_attr_next(e, pos, ret);
	return false;
}

bool eng_value_next(const struct eng_attr *a, size_t *pos, struct lw_bytes *ret)
{
	return !a->ref && tlv(a->values, pos, LW_BER_OCTETS, ret);
}

bool eng_value_first(const struct eng_attr *a, struct lw_bytes *ret)
{
	size_t pos = 0;

	return eng_value_next(a, &pos, ret);
}

uint64_t eng_ref_at(const struct eng_attr *a, size_t i)
{
	return i < a->nrefs ? eng_load64(a->values.p + 8 * i) : 0;
}

int eng_entry_verify(const struct eng_entry *e)
{
	struct eng_attr a;
	struct lw_bytes v;
	size_t pos = 0;

	if (e->attrs.n && !e->attrs.p)
		return LW_EINVAL;
	while (pos < e->attrs.n) {
		size_t at = 0;

		if (!eng_attr_next(e, &pos, &a))
			return LW_EINVAL;
		if (a.ref ? !a.nrefs : !a.values.n)
			return LW_EINVAL;
		if (!a.ref)
			while (at < a.values.n)
				if (!eng_value_next(&a, &at, &v))
					return LW_EINVAL;
	}
	return LW_OK;
}

/* ---- encoding ---- */

static size_t tlv_size(size_t n)
{
	return lw_ber_size(n);
}

void eng_attr_encode(struct lw_writer *w, uint16_t id, bool ref, struct lw_bytes desc, const struct lw_bytes *values,
	const uint64_t *refs, size_t n)
{
	size_t set = 0, seq, body;
	uint8_t flags = ref ? RECORD_REF : 0;

	if (desc.n && memchr(desc.p, ';', desc.n))
		flags |= RECORD_OPTS;
	for (size_t i = 0; !ref && i < n; i++)
		set += tlv_size(values[i].n);
	seq = tlv_size(desc.n) + tlv_size(set);
	body = ref ? 1 + desc.n + 8 * n : tlv_size(seq);
	if ((ref && desc.n > UINT8_MAX) || body > ENG_ENTRY_MAX) {
		w->err = w->err ? w->err : LW_ELIMIT;
		return;
	}
	lw_put_u16(w, id);
	lw_put_u8(w, flags);
	lw_put_u32(w, (uint32_t)body);
	if (ref) {
		lw_put_u8(w, (uint8_t)desc.n);
		lw_put_bytes(w, desc);
		for (size_t i = 0; i < n; i++)
			lw_put_u64(w, refs[i]);
		return;
	}
	lw_ber_head(w, LW_BER_SEQUENCE, seq);
	lw_ber_put(w, LW_BER_OCTETS, desc);
	lw_ber_head(w, LW_BER_SET, set);
	for (size_t i = 0; i < n; i++)
		lw_ber_put(w, LW_BER_OCTETS, values[i]);
}

void eng_head_encode(struct lw_writer *w, const struct eng_entry *head)
{
	if (head->rdn_text.n > UINT16_MAX || head->rdn_norm.n > UINT16_MAX) {
		w->err = w->err ? w->err : LW_ELIMIT;
		return;
	}
	lw_put_u8(w, ENG_FORMAT);
	lw_put_u8(w, 0);
	lw_put_u16(w, head->structural);
	lw_put_u32(w, head->flags);
	lw_put_u64(w, head->version);
	lw_put_u64(w, head->parent);
	lw_put_raw(w, head->uuid.b, sizeof(head->uuid.b));
	lw_put_u16(w, (uint16_t)head->rdn_text.n);
	lw_put_bytes(w, head->rdn_text);
	lw_put_u16(w, (uint16_t)head->rdn_norm.n);
	lw_put_bytes(w, head->rdn_norm);
}

struct lw_bytes eng_values_desc(const struct eng_values *v)
{
	const struct schema_attr *a;

	if (v->desc.n)
		return v->desc;
	a = schema_attr_id(v->attr);
	return a ? lw_str(a->names[0]) : v->desc;
}

static bool before(const struct eng_values *a, unsigned ca, const struct eng_values *b, unsigned cb)
{
	if (ca != cb)
		return ca < cb;
	if (a->attr != b->attr)
		return a->attr < b->attr;
	return lw_cmp(eng_values_desc(a), eng_values_desc(b)) < 0;
}

static unsigned values_class(const struct eng_values *v)
{
	size_t set = 0;

	for (size_t i = 0; v->values && i < v->n; i++)
		set += tlv_size(v->values[i].n);
	return eng_attr_class(tlv_size(tlv_size(eng_values_desc(v).n) + tlv_size(set)), v->refs != NULL);
}

void eng_entry_encode(struct lw_writer *w, const struct eng_entry *head, const struct eng_values *values, size_t n)
{
	const struct eng_values *last = NULL, *next;
	unsigned last_class = 0, next_class = 0, c;

	eng_head_encode(w, head);
	for (size_t done = 0; done < n; done++) { /* few attributes: pick the next smallest */
		next = NULL;
		for (size_t i = 0; i < n; i++) {
			if (!values[i].n)
				continue;
			c = values_class(&values[i]);
			if (last && !before(last, last_class, &values[i], c))
				continue;
			if (!next || before(&values[i], c, next, next_class)) {
				next = &values[i];
				next_class = c;
			}
		}
		if (!next)
			break;
		eng_attr_encode(w, next->attr, next->refs != NULL, eng_values_desc(next), next->values, next->refs, next->n);
		last = next;
		last_class = next_class;
	}
}
