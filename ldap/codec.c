/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding requests. Every function of one production reads it from a sticky reader; recursion is bounded by
 * FILTER_MAX_DEPTH. RFC 4511's module says EXTENSIBILITY IMPLIED: unknown elements at the end of a sequence
 * are skipped, but must be well-formed. */
#include "ldap/msg.h"

#include "base/err.h"

#include <string.h>

/* ---- BER ---- */

uint8_t ldapd_ber_tag(const struct lw_reader *r)
{
	return r->err == LW_OK && r->p < r->end ? *r->p : 0;
}

static struct lw_bytes fail(struct lw_reader *r)
{
	if (r->err == LW_OK)
		r->err = LW_EINVAL;
	return (struct lw_bytes){ NULL, 0 };
}

struct lw_bytes ldapd_ber_any(struct lw_reader *r, uint8_t *ret_tag)
{
	const uint8_t *p = r->p;
	size_t left = (size_t)(r->end - r->p), n, k;
	struct lw_bytes v;

	if (r->err != LW_OK || left < 2 || (p[0] & 0x1f) == 0x1f)
		return fail(r);
	n = p[1];
	k = 2;
	if (n & 0x80) {
		size_t octets = n & 0x7f;

		if (octets == 0 || octets > 4 || left < 2 + octets)
			return fail(r);
		for (n = 0; k < 2 + octets; k++)
			n = n << 8 | p[k];
	}
	if (n > left - k)
		return fail(r);
	v = (struct lw_bytes){ p + k, n };
	*ret_tag = p[0];
	r->p = p + k + n;
	return v;
}

struct lw_bytes ldapd_ber_get(struct lw_reader *r, uint8_t tag)
{
	uint8_t t;

	if (ldapd_ber_tag(r) != tag)
		return fail(r);
	return ldapd_ber_any(r, &t);
}

int64_t ldapd_ber_int(struct lw_reader *r, uint8_t tag)
{
	struct lw_bytes v = ldapd_ber_get(r, tag);
	uint64_t x;

	if (v.n == 0 || v.n > 4) { /* no INTEGER of LDAP needs more */
		fail(r);
		return 0;
	}
	x = v.p[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < v.n; i++)
		x = x << 8 | v.p[i];
	return (int64_t)x;
}

bool ldapd_ber_bool(struct lw_reader *r, uint8_t tag)
{
	struct lw_bytes v = ldapd_ber_get(r, tag);

	if (v.n != 1) {
		fail(r);
		return false;
	}
	return v.p[0] != 0;
}

static struct lw_reader inside(struct lw_bytes v)
{
	struct lw_reader r;

	lw_reader_init(&r, v);
	return r;
}

/* The end of a sequence: what we don't know is skipped. */
static int finish(struct lw_reader *r)
{
	uint8_t t;

	while (r->err == LW_OK && r->p < r->end)
		ldapd_ber_any(r, &t);
	return r->err;
}

/* How many elements there are; LW_EINVAL for one that is not of the tag (0: any). */
static size_t count(struct lw_bytes v, uint8_t tag, int *inout_err)
{
	struct lw_reader r = inside(v);
	size_t n = 0;
	uint8_t t;

	for (; r.err == LW_OK && r.p < r.end; n++) {
		ldapd_ber_any(&r, &t);
		if (tag && r.err == LW_OK && t != tag)
			fail(&r);
	}
	if (r.err != LW_OK)
		*inout_err = r.err;
	return n;
}

/* ---- pieces that several requests share ---- */

struct decoder {
	struct lw_arena *arena;
	struct ldapd_msg *msg;
	unsigned nodes, values;
};

static void refuse(struct decoder *d, uint8_t code, const char *why)
{
	if (!d->msg->refuse) {
		d->msg->refuse = code;
		d->msg->why = why;
	}
}

/* A run of OCTET STRINGs. */
static int octet_list(struct decoder *d, struct lw_bytes v, struct lw_bytes **ret, size_t *ret_n)
{
	int err = LW_OK;
	size_t n = count(v, LW_BER_OCTETS, &err);
	struct lw_reader r = inside(v);
	struct lw_bytes *list;

	if (err)
		return err;
	d->values += (unsigned)n;
	if (n > LDAPD_MAX_VALUES || d->values > LDAPD_MAX_VALUES)
		return LW_ELIMIT;
	list = lw_allocn(d->arena, n ? n : 1, sizeof *list);
	if (!list)
		return LW_ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = ldapd_ber_get(&r, LW_BER_OCTETS);
	*ret = list;
	*ret_n = n;
	return LW_OK;
}

/* Room for the elements of a SEQUENCE OF SEQUENCE with at most max of them; NULL and the error for any other. */
static void *room_for(
        struct decoder *d, struct lw_bytes list, size_t max, size_t size, size_t *ret_n, int *ret_err)
{
	int err = LW_OK;
	size_t n = count(list, LW_BER_SEQUENCE, &err);
	void *items = NULL;

	if (err == LW_OK && n > max)
		err = LW_ELIMIT;
	if (err == LW_OK && !(items = lw_allocn(d->arena, n ? n : 1, size)))
		err = LW_ENOMEM;
	if (err)
		*ret_err = err;
	else
		*ret_n = n;
	return items;
}

/* Contents of a PartialAttribute: type, SET OF value. */
static int attribute(struct decoder *d, struct lw_bytes v, struct store_attr_values *ret)
{
	struct lw_reader r = inside(v);
	struct lw_bytes desc = ldapd_ber_get(&r, LW_BER_OCTETS), vals = ldapd_ber_get(&r, LW_BER_SET);
	int err = finish(&r);

	if (err)
		return err;
	ret->desc = desc;
	return octet_list(d, vals, &ret->values, &ret->n);
}

/* ---- filters ---- */

static int filter(struct decoder *d, struct lw_reader *r, unsigned depth, struct filter **ret);

static int filter_children(
        struct decoder *d, enum filter_kind kind, struct lw_bytes v, unsigned depth, struct filter **ret)
{
	struct lw_reader r = inside(v);
	struct filter *first = NULL, **tail = &first;
	unsigned n = 0;
	int err;

	for (; r.p < r.end; n++) {
		err = filter(d, &r, depth + 1, tail);
		if (err)
			return err;
		tail = &(*tail)->next;
	}
	if (kind == FILTER_NOT && n != 1)
		return LW_EINVAL;
	*ret = filter_set(d->arena, kind, first);
	return *ret ? LW_OK : LW_ENOMEM;
}

static int filter_substrings(struct decoder *d, struct lw_bytes v, struct filter **ret)
{
	struct lw_reader r = inside(v), pr;
	struct lw_bytes desc = ldapd_ber_get(&r, LW_BER_OCTETS), list = ldapd_ber_get(&r, LW_BER_SEQUENCE);
	enum schema_piece *kinds;
	struct lw_bytes *values;
	int err = finish(&r);
	size_t n = 0;

	if (err == LW_OK)
		n = count(list, 0, &err);
	if (err || n == 0)
		return LW_EINVAL;
	d->nodes += (unsigned)n - 1;
	if (n > FILTER_MAX_NODES || d->nodes > FILTER_MAX_NODES)
		return LW_ELIMIT;
	kinds = lw_allocn(d->arena, n, sizeof *kinds);
	values = lw_allocn(d->arena, n, sizeof *values);
	if (!kinds || !values)
		return LW_ENOMEM;
	pr = inside(list);
	for (size_t i = 0; i < n; i++) {
		uint8_t t = 0;

		values[i] = ldapd_ber_any(&pr, &t);
		if (t == 0x80 && i == 0)
			kinds[i] = SCHEMA_INITIAL;
		else if (t == 0x81)
			kinds[i] = SCHEMA_ANY;
		else if (t == 0x82 && i == n - 1)
			kinds[i] = SCHEMA_FINAL;
		else
			return LW_EINVAL;
		if (values[i].n == 0)
			refuse(d, LDAPD_PROTOCOL_ERROR, "empty substring");
	}
	*ret = filter_substr(d->arena, desc, (unsigned)n, kinds, values);
	return *ret ? LW_OK : LW_ENOMEM;
}

static int filter_ext(struct decoder *d, struct lw_bytes v, struct filter **ret)
{
	struct lw_reader r = inside(v);
	struct lw_bytes rule = { NULL, 0 }, desc = { NULL, 0 }, value;
	bool dn_attrs = false;
	int err;

	if (ldapd_ber_tag(&r) == 0x81)
		rule = ldapd_ber_get(&r, 0x81);
	if (ldapd_ber_tag(&r) == 0x82)
		desc = ldapd_ber_get(&r, 0x82);
	value = ldapd_ber_get(&r, 0x83);
	if (ldapd_ber_tag(&r) == 0x84)
		dn_attrs = ldapd_ber_bool(&r, 0x84);
	err = finish(&r);
	if (err)
		return err;
	if (!rule.n && !desc.n)
		refuse(d, LDAPD_PROTOCOL_ERROR, "extensible match without rule and type");
	*ret = filter_extensible(d->arena, rule, desc, value, dn_attrs);
	return *ret ? LW_OK : LW_ENOMEM;
}

static int filter_ava(struct decoder *d, enum filter_kind kind, struct lw_bytes v, struct filter **ret)
{
	struct lw_reader r = inside(v);
	struct lw_bytes desc = ldapd_ber_get(&r, LW_BER_OCTETS), value = ldapd_ber_get(&r, LW_BER_OCTETS);
	int err = finish(&r);

	if (err)
		return err;
	*ret = filter_assert(d->arena, kind, desc, value);
	return *ret ? LW_OK : LW_ENOMEM;
}

static int filter(struct decoder *d, struct lw_reader *r, unsigned depth, struct filter **ret)
{
	uint8_t t = 0;
	struct lw_bytes v = ldapd_ber_any(r, &t);

	if (r->err)
		return r->err;
	if (depth > FILTER_MAX_DEPTH || ++d->nodes > FILTER_MAX_NODES)
		return LW_ELIMIT;
	switch (t) {
	case 0xa0:
		return filter_children(d, FILTER_AND, v, depth, ret);
	case 0xa1:
		return filter_children(d, FILTER_OR, v, depth, ret);
	case 0xa2:
		return filter_children(d, FILTER_NOT, v, depth, ret);
	case 0xa3:
		return filter_ava(d, FILTER_EQ, v, ret);
	case 0xa4:
		return filter_substrings(d, v, ret);
	case 0xa5:
		return filter_ava(d, FILTER_GE, v, ret);
	case 0xa6:
		return filter_ava(d, FILTER_LE, v, ret);
	case 0x87:
		*ret = filter_assert(d->arena, FILTER_PRESENT, v, (struct lw_bytes){ NULL, 0 });
		return *ret ? LW_OK : LW_ENOMEM;
	case 0xa8:
		return filter_ava(d, FILTER_APPROX, v, ret);
	case 0xa9:
		return filter_ext(d, v, ret);
	}
	/* RFC 4511 4.5.1.7: an unrecognised choice is Undefined; liblber and the peers call it an error, and
	 * so do we. */
	return LW_EINVAL;
}

int ldapd_decode_filter(struct lw_arena *arena, struct lw_bytes ber, struct filter **ret)
{
	struct ldapd_msg scratch = { 0 };
	struct decoder d = { arena, &scratch, 0, 0 };
	struct lw_reader r = inside(ber);
	struct filter *f;
	int err = filter(&d, &r, 1, &f);

	if (err == LW_OK)
		err = lw_reader_end(&r);
	if (err == LW_OK && scratch.refuse)
		err = LW_EINVAL;
	if (err == LW_OK)
		*ret = f;
	return err;
}

/* ---- requests: each gets the contents of its operation ---- */

static int get_bind(struct decoder *d, struct lw_bytes v)
{
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v);

	m->bind.version = ldapd_ber_int(&r, LW_BER_INTEGER);
	m->bind.name = ldapd_ber_get(&r, LW_BER_OCTETS);
	m->bind.password = ldapd_ber_any(&r, &m->bind.method);
	if (r.err)
		return r.err;
	if (m->bind.method == LDAPD_SASL) {
		struct lw_reader s = inside(m->bind.password);

		m->bind.mech = ldapd_ber_get(&s, LW_BER_OCTETS);
		m->bind.has_creds = ldapd_ber_tag(&s) == LW_BER_OCTETS;
		if (m->bind.has_creds)
			m->bind.creds = ldapd_ber_get(&s, LW_BER_OCTETS);
		if (finish(&s))
			return s.err;
	} else if (m->bind.method != LDAPD_SIMPLE && (m->bind.method & 0xc0) != 0x80) {
		return LW_EINVAL;
	}
	return finish(&r);
}

static int get_unbind(struct decoder *d, struct lw_bytes v)
{
	return v.n ? LW_EINVAL : LW_OK;
}

static int get_search(struct decoder *d, struct lw_bytes v)
{
	static const enum store_scope scopes[] = { STORE_BASE, STORE_ONE, STORE_SUB, STORE_CHILDREN };
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v);
	int64_t scope, deref, size, seconds;
	struct lw_bytes list;
	int err;

	m->search.base = ldapd_ber_get(&r, LW_BER_OCTETS);
	scope = ldapd_ber_int(&r, LW_BER_ENUM);
	deref = ldapd_ber_int(&r, LW_BER_ENUM);
	size = ldapd_ber_int(&r, LW_BER_INTEGER);
	seconds = ldapd_ber_int(&r, LW_BER_INTEGER);
	m->search.types_only = ldapd_ber_bool(&r, LW_BER_BOOLEAN);
	if (r.err)
		return r.err;
	err = filter(d, &r, 1, &m->search.filter);
	if (err)
		return err;
	list = ldapd_ber_get(&r, LW_BER_SEQUENCE);
	if (finish(&r))
		return r.err;
	m->search.selection = list;
	err = octet_list(d, list, &m->search.attrs, &m->search.nattrs);
	if (err)
		return err;
	if (scope < 0 || scope > 3 || deref < 0 || deref > 3 || size < 0 || size > INT32_MAX || seconds < 0 ||
	        seconds > INT32_MAX) {
		refuse(d, LDAPD_PROTOCOL_ERROR, "scope, derefAliases or limit out of range");
		return LW_OK;
	}
	m->search.scope = scopes[scope];
	m->search.size_limit = (uint32_t)size;
	m->search.time_limit = (uint32_t)seconds;
	return LW_OK;
}

static int get_modify(struct decoder *d, struct lw_bytes v)
{
	static const enum store_mod_kind kinds[] = { STORE_MOD_ADD, STORE_MOD_DELETE, STORE_MOD_REPLACE,
		STORE_MOD_INCREMENT };
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v), lr;
	struct lw_bytes list;
	int err = LW_OK;

	m->modify.dn = ldapd_ber_get(&r, LW_BER_OCTETS);
	list = ldapd_ber_get(&r, LW_BER_SEQUENCE);
	if (finish(&r))
		return r.err;
	m->modify.mods = room_for(d, list, LDAPD_MAX_ITEMS, sizeof *m->modify.mods, &m->modify.n, &err);
	if (!m->modify.mods)
		return err;
	lr = inside(list);
	for (size_t i = 0; i < m->modify.n; i++) {
		struct lw_reader c = inside(ldapd_ber_get(&lr, LW_BER_SEQUENCE));
		int64_t kind = ldapd_ber_int(&c, LW_BER_ENUM);
		struct lw_bytes attr = ldapd_ber_get(&c, LW_BER_SEQUENCE);

		err = finish(&c);
		if (err == LW_OK)
			err = attribute(d, attr, &m->modify.mods[i].attr);
		if (err)
			return err;
		if (kind < 0 || kind > 3)
			refuse(d, LDAPD_PROTOCOL_ERROR, "unknown kind of modification");
		else
			m->modify.mods[i].kind = kinds[kind];
	}
	return LW_OK;
}

static int get_add(struct decoder *d, struct lw_bytes v)
{
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v), lr;
	struct lw_bytes list;
	int err = LW_OK;

	m->add.dn = ldapd_ber_get(&r, LW_BER_OCTETS);
	list = ldapd_ber_get(&r, LW_BER_SEQUENCE);
	if (finish(&r))
		return r.err;
	m->add.attrs = room_for(d, list, LDAPD_MAX_ITEMS, sizeof *m->add.attrs, &m->add.n, &err);
	if (!m->add.attrs)
		return err;
	lr = inside(list);
	for (size_t i = 0; i < m->add.n; i++) {
		err = attribute(d, ldapd_ber_get(&lr, LW_BER_SEQUENCE), &m->add.attrs[i]);
		if (err)
			return err;
		if (m->add.attrs[i].n == 0)
			refuse(d, LDAPD_PROTOCOL_ERROR, "attribute without values");
	}
	return LW_OK;
}

static int get_delete(struct decoder *d, struct lw_bytes v)
{
	d->msg->delete_dn = v;
	return LW_OK;
}

static int get_moddn(struct decoder *d, struct lw_bytes v)
{
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v);

	m->moddn.dn = ldapd_ber_get(&r, LW_BER_OCTETS);
	m->moddn.new_rdn = ldapd_ber_get(&r, LW_BER_OCTETS);
	m->moddn.delete_old = ldapd_ber_bool(&r, LW_BER_BOOLEAN);
	m->moddn.has_superior = ldapd_ber_tag(&r) == 0x80;
	if (m->moddn.has_superior)
		m->moddn.new_superior = ldapd_ber_get(&r, 0x80);
	return finish(&r);
}

static int get_compare(struct decoder *d, struct lw_bytes v)
{
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v), a;

	m->compare.dn = ldapd_ber_get(&r, LW_BER_OCTETS);
	a = inside(ldapd_ber_get(&r, LW_BER_SEQUENCE));
	if (finish(&r))
		return r.err;
	m->compare.desc = ldapd_ber_get(&a, LW_BER_OCTETS);
	m->compare.value = ldapd_ber_get(&a, LW_BER_OCTETS);
	return finish(&a);
}

/* MessageID contents: 0 .. 2^31-1 */
static int message_id(struct lw_bytes v, int32_t *ret)
{
	uint64_t x = 0;

	if (v.n == 0 || v.n > 4 || v.p[0] & 0x80)
		return LW_EINVAL;
	for (size_t i = 0; i < v.n; i++)
		x = x << 8 | v.p[i];
	*ret = (int32_t)x;
	return LW_OK;
}

static int get_abandon(struct decoder *d, struct lw_bytes v)
{
	return message_id(v, &d->msg->abandon);
}

static int get_extended(struct decoder *d, struct lw_bytes v)
{
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v);

	m->extended.oid = ldapd_ber_get(&r, 0x80);
	m->extended.has_value = ldapd_ber_tag(&r) == 0x81;
	if (m->extended.has_value)
		m->extended.value = ldapd_ber_get(&r, 0x81);
	return finish(&r);
}

static const struct {
	uint8_t tag;
	int (*get)(struct decoder *, struct lw_bytes);
} requests[] = {
	{ LDAPD_SEARCH, get_search },
	{ LDAPD_BIND, get_bind },
	{ LDAPD_UNBIND, get_unbind },
	{ LDAPD_MODIFY, get_modify },
	{ LDAPD_ADD, get_add },
	{ LDAPD_DELETE, get_delete },
	{ LDAPD_MODDN, get_moddn },
	{ LDAPD_COMPARE, get_compare },
	{ LDAPD_ABANDON, get_abandon },
	{ LDAPD_EXTENDED, get_extended },
};

/* ---- the envelope ---- */

static int get_controls(struct decoder *d, struct lw_bytes v)
{
	struct ldapd_msg *m = d->msg;
	struct lw_reader r = inside(v);
	int err = LW_OK;

	m->controls = room_for(d, v, LDAPD_MAX_CONTROLS, sizeof *m->controls, &m->ncontrols, &err);
	if (!m->controls)
		return err;
	for (size_t i = 0; i < m->ncontrols; i++) {
		struct ldapd_control *c = &m->controls[i];
		struct lw_reader cr = inside(ldapd_ber_get(&r, LW_BER_SEQUENCE));

		c->oid = ldapd_ber_get(&cr, LW_BER_OCTETS);
		if (ldapd_ber_tag(&cr) == LW_BER_BOOLEAN)
			c->critical = ldapd_ber_bool(&cr, LW_BER_BOOLEAN);
		c->has_value = ldapd_ber_tag(&cr) == LW_BER_OCTETS;
		if (c->has_value)
			c->value = ldapd_ber_get(&cr, LW_BER_OCTETS);
		if (finish(&cr))
			return cr.err;
	}
	return LW_OK;
}

int ldapd_peek(struct lw_bytes pdu, int32_t *ret_id, uint8_t *ret_tag, struct lw_bytes *ret_body)
{
	struct lw_reader r = inside(pdu), in;
	struct lw_bytes id, body;
	int32_t number;
	uint8_t tag = 0;

	in = inside(ldapd_ber_get(&r, LW_BER_SEQUENCE));
	if (r.err)
		return r.err;
	id = ldapd_ber_get(&in, LW_BER_INTEGER);
	body = ldapd_ber_any(&in, &tag);
	if (in.err || message_id(id, &number))
		return LW_EINVAL;
	*ret_id = number;
	*ret_tag = tag;
	*ret_body = body;
	return LW_OK;
}

int ldapd_decode(struct lw_arena *arena, struct lw_bytes pdu, struct ldapd_msg *ret)
{
	struct ldapd_msg m = { 0 };
	struct decoder d = { arena, &m, 0, 0 };
	struct lw_reader r = inside(pdu), in;
	int err = ldapd_peek(pdu, &m.id, &m.tag, &m.body);
	uint8_t t = 0;
	size_t i;

	if (err)
		return err;
	if (m.id == 0)
		return LW_EINVAL; /* reserved for unsolicited notifications */
	in = inside(ldapd_ber_get(&r, LW_BER_SEQUENCE));
	if (lw_reader_end(&r))
		return LW_EINVAL;
	ldapd_ber_any(&in, &t);
	ldapd_ber_any(&in, &t);
	for (i = 0; i < sizeof requests / sizeof *requests && requests[i].tag != m.tag; i++)
		;
	if (i == sizeof requests / sizeof *requests)
		return LW_EINVAL;
	err = requests[i].get(&d, m.body);
	if (err == LW_OK && ldapd_ber_tag(&in) == 0xa0)
		err = get_controls(&d, ldapd_ber_get(&in, 0xa0));
	if (err == LW_OK)
		err = finish(&in);
	if (err == LW_ELIMIT) {
		refuse(&d, LDAPD_ADMIN_LIMIT, "too deep or too many");
		err = LW_OK;
	}
	if (err == LW_OK)
		*ret = m;
	return err;
}
