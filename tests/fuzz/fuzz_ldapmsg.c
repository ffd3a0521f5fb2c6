/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as an LDAPMessage. What is accepted must lie inside the input, and liblber must read the same
 * out of it. */
#include <lber.h>
#include <stdlib.h>

#include "base/err.h"
#include "ldap/msg.h"

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		if (!(x))                                                                                    \
			abort();                                                                             \
	} while (0)

static struct lw_bytes input;

static void inside(struct lw_bytes v)
{
	CHECK(v.n == 0 || (v.p >= input.p && v.p + v.n <= input.p + input.n));
}

static void same(struct berval bv, struct lw_bytes v)
{
	inside(v);
	CHECK(lw_eq((struct lw_bytes){ (uint8_t *)bv.bv_val, bv.bv_len }, v));
}

static void body(BerElement *ber, const struct ldapd_msg *m)
{
	ber_int_t a, b, c, d, e;
	struct berval x, y;
	ber_tag_t tag;

	switch (m->tag) {
	case LDAPD_SEARCH:
		CHECK(ber_scanf(ber, "{meeiib", &x, &a, &b, &c, &d, &e) != LBER_ERROR);
		same(x, m->search.base);
		CHECK(a == (int)m->search.scope && c == (ber_int_t)m->search.size_limit &&
		        d == (ber_int_t)m->search.time_limit);
		CHECK(!e == !m->search.types_only);
		for (size_t i = 0; i < m->search.nattrs; i++)
			inside(m->search.attrs[i]);
		break;
	case LDAPD_BIND:
		CHECK(ber_scanf(ber, "{imt", &a, &x, &tag) != LBER_ERROR);
		CHECK(a == m->bind.version && tag == m->bind.method);
		same(x, m->bind.name);
		if (tag == LDAPD_SIMPLE) {
			CHECK(ber_scanf(ber, "m}", &x) != LBER_ERROR);
			same(x, m->bind.password);
		}
		break;
	case LDAPD_MODIFY:
		CHECK(ber_scanf(ber, "{m", &x) != LBER_ERROR);
		same(x, m->modify.dn);
		for (size_t i = 0; i < m->modify.n; i++)
			for (size_t k = 0; k < m->modify.mods[i].attr.n; k++)
				inside(m->modify.mods[i].attr.values[k]);
		break;
	case LDAPD_ADD:
		CHECK(ber_scanf(ber, "{m", &x) != LBER_ERROR);
		same(x, m->add.dn);
		for (size_t i = 0; i < m->add.n; i++)
			for (size_t k = 0; k < m->add.attrs[i].n; k++)
				inside(m->add.attrs[i].values[k]);
		break;
	case LDAPD_DELETE:
		CHECK(ber_scanf(ber, "m", &x) != LBER_ERROR);
		same(x, m->delete_dn);
		break;
	case LDAPD_MODDN:
		CHECK(ber_scanf(ber, "{mmb", &x, &y, &a) != LBER_ERROR);
		same(x, m->moddn.dn);
		same(y, m->moddn.new_rdn);
		inside(m->moddn.new_superior);
		break;
	case LDAPD_COMPARE:
		CHECK(ber_scanf(ber, "{m{mm", &x, &y, &x) != LBER_ERROR);
		same(y, m->compare.desc);
		same(x, m->compare.value);
		break;
	case LDAPD_ABANDON:
		CHECK(ber_scanf(ber, "i", &a) != LBER_ERROR);
		CHECK(a == m->abandon);
		break;
	case LDAPD_EXTENDED:
		CHECK(ber_scanf(ber, "{m", &x) != LBER_ERROR);
		same(x, m->extended.oid);
		inside(m->extended.value);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lw_arena *arena;
	struct ldapd_msg m;
	struct berval bv;
	BerElement *ber;
	ber_tag_t tag;
	ber_int_t id;
	struct lw_writer w;

	if (!arena) {
		schema_init();
		arena = lw_arena_new(64u << 20, false);
	}
	lw_arena_reset(arena);
	input = (struct lw_bytes){ data, size };
	if (ldapd_decode(arena, input, &m) || m.refuse)
		return 0;
	bv = (struct berval){ size, (char *)data };
	ber = ber_init(&bv);
	CHECK(ber);
	CHECK(ber_scanf(ber, "{it", &id, &tag) != LBER_ERROR);
	CHECK(id == m.id && tag == m.tag);
	body(ber, &m);
	ber_free(ber, 1);
	for (size_t i = 0; i < m.ncontrols; i++) {
		inside(m.controls[i].oid);
		inside(m.controls[i].value);
	}
	if (m.tag == LDAPD_SEARCH) {
		lw_writer_init(&w, 1 << 20);
		filter_put(&w, m.search.filter);
		lw_writer_done(&w);
	}
	return 0;
}
