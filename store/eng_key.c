/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: big-endian numbers, so that memcmp's order is theirs; the tenant comes first. */
#include "base/crypto.h"
#include "store/eng_int.h"

void eng_key_raw(struct eng_key *k, struct lw_bytes b)
{
	size_t n = b.n < (size_t)(ENG_KEY_MAX - k->n) ? b.n : (size_t)(ENG_KEY_MAX - k->n);

	if (n)
		memcpy(k->b + k->n, b.p, n);
	k->n += (uint16_t)n;
}

void eng_key_u8(struct eng_key *k, uint8_t v)
{
	eng_key_raw(k, (struct lw_bytes){ &v, 1 });
}

void eng_key_u16(struct eng_key *k, uint16_t v)
{
	v = __builtin_bswap16(v);
	eng_key_raw(k, (struct lw_bytes){ (const uint8_t *)&v, sizeof(v) });
}

void eng_key_u64(struct eng_key *k, uint64_t v)
{
	v = __builtin_bswap64(v);
	eng_key_raw(k, (struct lw_bytes){ (const uint8_t *)&v, sizeof(v) });
}

void eng_key_start(struct eng_key *k, uint32_t tenant)
{
	tenant = __builtin_bswap32(tenant);
	memcpy(k->b, &tenant, sizeof(tenant));
	k->n = sizeof(tenant);
}

/* Values longer than a key may be keep a prefix, and the hash tells them apart. */
struct lw_bytes eng_shorten(struct lw_bytes norm, uint8_t buf[ENG_NORM_MAX])
{
	if (norm.n < ENG_NORM_MAX)
		return norm;
	memcpy(buf, norm.p, ENG_NORM_MAX - 32);
	lw_hash(LW_SHA256, norm, buf + ENG_NORM_MAX - 32);
	return (struct lw_bytes){ buf, ENG_NORM_MAX };
}

void eng_key_norm(struct eng_key *k, struct lw_bytes norm)
{
	uint8_t buf[ENG_NORM_MAX];

	eng_key_raw(k, eng_shorten(norm, buf));
}

struct eng_key eng_key_entry(uint32_t tenant, uint64_t id)
{
	struct eng_key k;

	eng_key_start(&k, tenant);
	eng_key_u64(&k, id);
	return k;
}

struct eng_key eng_key_dn(uint32_t tenant, uint64_t parent, struct lw_bytes norm)
{
	struct eng_key k = eng_key_entry(tenant, parent);

	eng_key_norm(&k, norm);
	return k;
}

struct eng_key eng_key_uuid(uint32_t tenant, const struct lw_uuid *uuid)
{
	struct eng_key k;

	eng_key_start(&k, tenant);
	eng_key_raw(&k, (struct lw_bytes){ uuid->b, sizeof(uuid->b) });
	return k;
}

struct eng_key eng_key_name(uint32_t tenant, uint16_t kind, struct lw_bytes norm)
{
	struct eng_key k;

	eng_key_start(&k, tenant);
	eng_key_u16(&k, kind);
	eng_key_norm(&k, norm);
	return k;
}

/* Ordering keys are cut, not hashed: a range over cut keys still holds every candidate. */
struct eng_key eng_key_ord(uint32_t tenant, uint16_t attr, struct lw_bytes key)
{
	struct eng_key k;

	if (key.n > ENG_NORM_MAX)
		key.n = ENG_NORM_MAX;
	eng_key_start(&k, tenant);
	eng_key_u16(&k, attr);
	eng_key_raw(&k, key);
	return k;
}

struct eng_key eng_key_ref(uint32_t tenant, uint64_t target, uint16_t attr, uint64_t holder)
{
	struct eng_key k = eng_key_entry(tenant, target);

	eng_key_u16(&k, attr);
	eng_key_u64(&k, holder);
	return k;
}

struct eng_key eng_key_sealed(uint32_t tenant, uint64_t id, uint16_t attr, uint8_t cls, uint64_t generation)
{
	struct eng_key k = eng_key_entry(tenant, id);

	eng_key_u16(&k, attr);
	eng_key_u8(&k, cls);
	eng_key_u64(&k, generation);
	return k;
}

struct eng_key eng_key_tenant(uint32_t tenant, uint8_t kind)
{
	struct eng_key k;

	eng_key_start(&k, tenant);
	eng_key_u8(&k, kind);
	return k;
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int eng_key_compare(const MDB_val *x, const MDB_val *y)
{
	size_t n = x->mv_size < y->mv_size ? x->mv_size : y->mv_size, i = 0;
	const uint8_t *a = x->mv_data, *b = y->mv_data;
	uint64_t va, vb;
	int d;

	if (n < sizeof(va)) {
		d = memcmp(a, b, n);
		return d ? d : order(x->mv_size, y->mv_size);
	}
	for (;;) { /* the last eight octets may overlap those before them */
		va = eng_load64(a + i);
		vb = eng_load64(b + i);
		if (va != vb)
			return order(va, vb);
		if (i == n - sizeof(va))
			return order(x->mv_size, y->mv_size);
		i = i + sizeof(va) < n - sizeof(va) ? i + sizeof(va) : n - sizeof(va);
	}
}
