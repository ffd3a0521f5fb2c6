/* SPDX-License-Identifier: Apache-2.0 */
/* Realms are tenants. A thread keeps a session for each that it meets; store_begin says every time whether
 * the tenant is still there, the same and enabled. Their keys of class kerberos come from keyd once and stay
 * with the server. */
#include "kdc/int.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4

static void slot_clear(struct kdc_thread *t, struct kdc_realm *r)
{
	if (t->open == r)
		kdc_thread_end(t);
	if (r->session)
		store_session_free(r->session);
	lw_wipe(r, sizeof *r);
}

void kdc_realms_free(struct kdc_thread *t)
{
	for (unsigned i = 0; t->realms && i < KDC_REALMS; i++)
		slot_clear(t, &t->realms[i]);
	free(t->realms);
	free(t->realm_hash);
	t->realms = NULL;
}

static uint32_t hash(struct lw_bytes name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ name.p[i]) * 16777619u;
	return h ^ h >> 15;
}

/* The first way of its set. */
static unsigned first_way(uint32_t h)
{
	return h % (KDC_REALMS / WAYS) * WAYS;
}

/* Its slot, or NULL; the ways behind the first are older. */
static struct kdc_realm *slot_find(struct kdc_thread *t, struct lw_bytes name)
{
	uint32_t h = hash(name);

	for (unsigned i = first_way(h), end = i + WAYS; i < end; i++)
		if (t->realm_hash[i] == h && t->realms[i].n &&
		        lw_eq((struct lw_bytes){ (const uint8_t *)t->realms[i].name, t->realms[i].n }, name))
			return &t->realms[i];
	return NULL;
}

static struct kdc_realm *slot_make(struct kdc_thread *t, struct lw_bytes name)
{
	uint32_t h = hash(name);
	struct kdc_realm *set = &t->realms[first_way(h)], *r = set;

	for (unsigned i = 0; i < WAYS && r->n; i++)
		r = &set[i];
	if (r->n) { /* none is free: the next in turn */
		r = &set[t->turn++ % WAYS];
		slot_clear(t, r);
	}
	t->realm_hash[r - t->realms] = h;
	return r;
}

static int tenant_of(struct kdc_thread *t, struct lw_bytes name, struct store_tenant *ret)
{
	int err = store_tenant_by_name(t->server->store, t->arena, name, ret);

	if (err == LW_EINVAL)
		return LW_ENOTFOUND;
	if (!err && (!ret->enabled || !lw_eq(lw_str(ret->realm), name)))
		return LW_ENOTFOUND;
	return err;
}

static int slot_open(struct kdc_thread *t, struct lw_bytes name, struct kdc_realm **ret)
{
	struct store_tenant *tenant = lw_alloc(t->arena, sizeof *tenant);
	struct kdc_realm *r;
	int err;

	if (!tenant)
		return LW_ENOMEM;
	if (!name.n || name.n >= sizeof r->name)
		return LW_ENOTFOUND;
	err = tenant_of(t, name, tenant);
	if (err)
		return err;
	r = slot_make(t, name);
	err = store_session_role(t->server->store, tenant->id, STORE_ROLE_KDC, &r->session);
	if (err) {
		r->session = NULL;
		return err;
	}
	memcpy(r->name, name.p, name.n);
	r->n = name.n;
	r->tenant = tenant->id;
	r->uuid = tenant->uuid;
	*ret = r;
	return LW_OK;
}

/* ---- class keys ---- */

static struct kdc_class_key *class_slot(struct kdc_server *s, const struct lw_uuid *tenant)
{
	uint32_t h;

	memcpy(&h, tenant->b + 12, 4); /* the random end */
	for (unsigned i = 0; i < 8; i++) {
		struct kdc_class_key *k = &s->class_keys[(h + i) % KDC_CLASS_KEYS];

		if (!k->used || lw_uuid_eq(&k->tenant, tenant))
			return k;
	}
	return &s->class_keys[h % KDC_CLASS_KEYS];
}

static bool class_known(struct kdc_server *s, struct kdc_realm *r)
{
	struct kdc_class_key *k;

	pthread_mutex_lock(&s->lock);
	k = class_slot(s, &r->uuid);
	if (k->used && lw_uuid_eq(&k->tenant, &r->uuid)) {
		memcpy(r->key, k->key, sizeof r->key);
		r->has_key = true;
	}
	pthread_mutex_unlock(&s->lock);
	return r->has_key;
}

/* Of a tenant that is shut or gone nothing is kept; one that is opened again asks again. */
static void class_forget(struct kdc_server *s, const struct lw_uuid *tenant)
{
	struct kdc_class_key *k;

	pthread_mutex_lock(&s->lock);
	k = class_slot(s, tenant);
	if (k->used && lw_uuid_eq(&k->tenant, tenant))
		lw_wipe(k->key, sizeof k->key);
	if (k->used && lw_uuid_eq(&k->tenant, tenant))
		memset(&k->tenant, 0, sizeof k->tenant); /* its place stays used: others may lie behind it */
	pthread_mutex_unlock(&s->lock);
}

/* Asks keyd: no transaction may be open. */
static int class_ask(struct kdc_server *s, struct kdc_realm *r)
{
	struct kdc_class_key *k;
	int err = keys_kerberos_key(s->keys, r->tenant, r->key);

	if (err)
		return err == LW_ENOTFOUND ? LW_EUNAVAIL : err;
	r->has_key = true;
	pthread_mutex_lock(&s->lock);
	k = class_slot(s, &r->uuid);
	k->tenant = r->uuid;
	k->used = true;
	memcpy(k->key, r->key, sizeof k->key);
	pthread_mutex_unlock(&s->lock);
	return LW_OK;
}

/* ---- the one way in ---- */

static int begin(struct kdc_thread *t, struct kdc_realm *r)
{
	int err;

	if (t->open == r)
		return LW_OK;
	kdc_thread_end(t);
	err = store_begin(r->session, STORE_READ, &t->txn);
	if (err)
		t->txn = NULL;
	t->open = err ? NULL : r;
	return err;
}

int kdc_realm_open(struct kdc_thread *t, struct lw_bytes name, bool may_block, struct kdc_realm **ret)
{
	struct kdc_realm *r = slot_find(t, name);
	int err = r ? begin(t, r) : LW_OK;

	if (err) { /* another tenant of that name by now, or none */
		if (err == LW_EREVOKED || err == LW_EDISABLED)
			class_forget(t->server, &r->uuid);
		slot_clear(t, r);
		r = NULL;
	}
	if (!r) {
		err = slot_open(t, name, &r);
		if (!err)
			err = begin(t, r);
	}
	if (!err && !r->has_key && !class_known(t->server, r)) {
		if (!may_block)
			return LW_EAGAIN;
		kdc_thread_end(t);
		err = class_ask(t->server, r);
		if (!err)
			err = begin(t, r);
	}
	if (err)
		return err == LW_EDISABLED || err == LW_EREVOKED ? LW_ENOTFOUND : err;
	*ret = r;
	return LW_OK;
}
