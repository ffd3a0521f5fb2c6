/* SPDX-License-Identifier: Apache-2.0 */
/* Opened keys, bounded and per thread. What is kept is found again only by what the store holds now (tenant,
 * entry, generation and the sealed octets' nonce), so nothing stale is ever used; what gives way is wiped. */
#include "kdc/int.h"

#include <stdlib.h>
#include <string.h>
#include "store/issue.h"

#define BUCKETS 8192
#define SETS    (KDC_PREPARED / WAYS)
#define WAYS    4
#define LINE    64 /* octets of a line of memory */

struct prepared {
	uint64_t serial; /* 0: free */
	unsigned at;
	uint64_t used;
	struct lw_krbkey *key;
};
struct kdc_keycache {
	uint64_t serial, clock, asked;
	size_t n, max;
	struct kdc_keys *newest, *oldest, *nobody;
	struct kdc_keys *bucket[BUCKETS];
	struct prepared prepared[SETS][WAYS];
};

struct kdc_keycache *kdc_keycache_new(size_t max)
{
	struct kdc_keycache *c = calloc(1, sizeof *c);

	if (c)
		c->max = max;
	return c;
}

/* ---- key objects ---- */

static struct prepared *prepared_set(struct kdc_keycache *c, uint64_t serial, unsigned at)
{
	uint64_t h = (serial * 31 + at) * UINT64_C(0x9e3779b97f4a7c15);

	return c->prepared[(h >> 40) % SETS];
}

/* Its owner goes: the objects forget its keys. */
static void prepared_drop(struct kdc_keycache *c, const struct kdc_keys *k)
{
	for (unsigned at = 0; at < k->nsets * KEYS_KRB_KEYS; at++) {
		struct prepared *set = prepared_set(c, k->serial, at);

		for (unsigned i = 0; i < WAYS; i++)
			if (set[i].serial == k->serial && set[i].at == at) {
				lw_krbkey_free(set[i].key);
				memset(&set[i], 0, sizeof set[i]);
			}
	}
}

struct lw_krbkey *kdc_prepared(
        struct kdc_thread *t, const struct kdc_keys *k, const struct keys_krb_set *of, unsigned key)
{
	struct kdc_keycache *c = t->keys;
	unsigned at = (unsigned)(of - k->set) * KEYS_KRB_KEYS + key;
	struct prepared *set = prepared_set(c, k->serial, at), *p = set;
	const struct lw_enctype *e = lw_enctype_find(of->keys[key].etype);

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].serial == k->serial && set[i].at == at) {
			set[i].used = ++c->clock;
			return set[i].key;
		}
		if (set[i].used < p->used)
			p = &set[i];
	}
	p->serial = 0;
	if (!p->key)
		p->key = lw_krbkey_new();
	if (!p->key || !e || lw_krbkey_set(p->key, e, of->keys[key].key))
		return NULL;
	p->serial = k->serial;
	p->at = at;
	p->used = ++c->clock;
	return p->key;
}

int kdc_key_of(const struct keys_krb_set *set, int32_t etype)
{
	for (unsigned i = 0; i < set->nkeys; i++)
		if (set->keys[i].etype == etype)
			return (int)i;
	return -1;
}

/* ---- the cache ---- */

static size_t size_of(const struct kdc_keys *k)
{
	size_t n = sizeof *k + k->nsets * sizeof *k->set;

	for (unsigned i = 0; i < k->nsets; i++)
		n += k->set[i].salt.n;
	return n;
}

/* A copy whose salts lie behind it. */
static struct kdc_keys *copy(struct kdc_keycache *c, const struct keys_krb *krb)
{
	size_t n = sizeof(struct kdc_keys) + krb->nsets * sizeof *krb->sets;
	struct kdc_keys *k;
	uint8_t *salt;

	for (unsigned i = 0; i < krb->nsets; i++)
		n += krb->sets[i].salt.n;
	k = aligned_alloc(LINE, (n + LINE - 1) / LINE * LINE);
	if (!k)
		return NULL;
	memset(k, 0, n);
	k->serial = ++c->serial;
	k->nsets = (uint8_t)krb->nsets;
	salt = (uint8_t *)&k->set[krb->nsets];
	for (unsigned i = 0; i < krb->nsets; i++) {
		k->set[i] = krb->sets[i];
		if (!k->set[i].salt.n)
			continue;
		memcpy(salt, krb->sets[i].salt.p, krb->sets[i].salt.n);
		k->set[i].salt.p = salt;
		salt += krb->sets[i].salt.n;
	}
	return k;
}

static void release(struct kdc_keys *k)
{
	if (!k)
		return;
	lw_wipe(k, size_of(k));
	free(k);
}

static struct kdc_keys **bucket_of(
        struct kdc_keycache *c, uint32_t tenant, const struct lw_uuid *entry, uint8_t own)
{
	uint64_t h;

	memcpy(&h, entry->b + 8, 8);
	h = (h ^ tenant ^ (uint64_t)own << 32) * UINT64_C(0x9e3779b97f4a7c15);
	return &c->bucket[(h >> 32) % BUCKETS];
}

static void unlink_age(struct kdc_keycache *c, struct kdc_keys *k)
{
	*(k->newer ? &k->newer->older : &c->newest) = k->older;
	*(k->older ? &k->older->newer : &c->oldest) = k->newer;
}

static void link_newest(struct kdc_keycache *c, struct kdc_keys *k)
{
	k->newer = NULL;
	k->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = k;
	c->newest = k;
}

static void drop(struct kdc_keycache *c, struct kdc_keys *k)
{
	struct kdc_keys **at = bucket_of(c, k->tenant, &k->entry, k->own);

	while (*at != k)
		at = &(*at)->chain;
	*at = k->chain;
	unlink_age(c, k);
	prepared_drop(c, k);
	release(k);
	c->n--;
}

void kdc_keycache_free(struct kdc_keycache *c)
{
	if (!c)
		return;
	while (c->oldest)
		drop(c, c->oldest);
	release(c->nobody);
	for (unsigned i = 0; i < KDC_PREPARED; i++)
		lw_krbkey_free(c->prepared[i / WAYS][i % WAYS].key);
	free(c);
}

const struct kdc_keys *kdc_keys_dummy(struct kdc_keycache *c, const struct keys_krb_set *set)
{
	struct keys_krb krb = { .nsets = 1 };

	krb.sets[0] = *set;
	c->nobody = copy(c, &krb);
	lw_wipe(&krb, sizeof krb);
	return c->nobody;
}

/* ---- from the store ---- */

struct sealed {
	struct lw_bytes octets;
	uint64_t generation;
	uint8_t mark[16];
};

static int read_sealed(struct kdc_thread *t, enum kdc_own own, const struct lw_uuid *entry, struct sealed *s)
{
	int err;

	if (own == KDC_ENTRY)
		err = store_sealed(t->txn, entry, t->server->krb_key->id, STORE_SECRET_KERBEROS, &s->octets,
		        &s->generation);
	else
		err = store_tenant_sealed(t->txn, t->server->krb_key, &s->octets, &s->generation);
	memset(s->mark, 0, sizeof s->mark);
	if (!err) /* version and nonce */
		memcpy(s->mark, s->octets.p, s->octets.n < sizeof s->mark ? s->octets.n : sizeof s->mark);
	return err;
}

static void derive_own(struct keys_krb *krb, enum kdc_own own)
{
	static const char *const names[KDC_OWN_COUNT] = {
		[KDC_CHANGEPW] = "changepw", [KDC_LDAP] = "ldap", [KDC_HTTP] = "HTTP"
	};
	struct keys_krb_key key;

	for (unsigned i = 0; names[own] && i < krb->nsets; i++)
		for (unsigned j = 0; j < krb->sets[i].nkeys; j++) {
			keys_krb_own(&krb->sets[i].keys[j], names[own], &key);
			krb->sets[i].keys[j] = key;
		}
	lw_wipe(&key, sizeof key);
}

static int open_keys(struct kdc_thread *t, const struct kdc_realm *r, enum kdc_own own,
        const struct lw_uuid *entry, const struct sealed *s, struct kdc_keys **ret)
{
	struct keys_krb *krb = lw_alloc(t->arena, sizeof *krb);
	struct kdc_keys *k;
	int err;

	if (!krb)
		return LW_ENOMEM;
	err = keys_krb_open(r->key, &r->uuid, own == KDC_ENTRY ? entry : &r->uuid, s->generation, s->octets,
	        t->arena, krb);
	if (err)
		return err == LW_ENOMEM ? err : LW_EINTERNAL;
	derive_own(krb, own);
	k = copy(t->keys, krb);
	if (!k)
		return LW_ENOMEM;
	k->tenant = r->tenant;
	k->own = (uint8_t)own;
	k->entry = *entry;
	k->generation = s->generation;
	memcpy(k->mark, s->mark, sizeof k->mark);
	*ret = k;
	return LW_OK;
}

/* What was asked for lately is at the young end already, and its neighbours need not be touched. */
static void is_asked(struct kdc_keycache *c, struct kdc_keys *k)
{
	if (++c->asked - k->asked <= c->max / 2)
		return;
	k->asked = c->asked;
	unlink_age(c, k);
	link_newest(c, k);
}

int kdc_keys_get(struct kdc_thread *t, struct kdc_realm *r, enum kdc_own own, const struct lw_uuid *entry,
        const struct kdc_keys **ret)
{
	const struct lw_uuid *id = own == KDC_ENTRY ? entry : &r->uuid;
	struct kdc_keycache *c = t->keys;
	struct kdc_keys **bucket = bucket_of(c, r->tenant, id, (uint8_t)own), *k = *bucket;
	uint64_t snapshot = store_snapshot(t->txn);
	struct sealed s;
	int err;

	while (k && !(k->tenant == r->tenant && k->own == own && lw_uuid_eq(&k->entry, id)))
		k = k->chain;
	if (!k || k->snapshot != snapshot) { /* else nothing has changed since it was compared */
		err = read_sealed(t, own, id, &s);
		if (err)
			return err;
		if (k && (k->generation != s.generation || memcmp(k->mark, s.mark, sizeof s.mark) != 0)) {
			drop(c, k);
			k = NULL;
		}
	}
	if (!k) {
		err = open_keys(t, r, own, id, &s, &k);
		if (err)
			return err;
		if (c->n == c->max)
			drop(c, c->oldest);
		k->chain = *bucket;
		*bucket = k;
		k->asked = c->asked;
		link_newest(c, k);
		c->n++;
	}
	is_asked(c, k);
	k->snapshot = snapshot;
	*ret = k;
	return LW_OK;
}
