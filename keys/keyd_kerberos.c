/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: Kerberos. The KDC's key of a tenant, capabilities on the KDC's word, keytabs, the keys of a realm. */
#include "keys/keyd.h"

#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "keys/keytab.h"
#include "keys/sign.h"
#include "store/issue.h"

#define SKEW (300 * LW_SECOND) /* of clocks, as the KDC allows it */

static const struct lw_bytes NONE = { NULL, 0 };

int keyd_kerberos_key(struct keyd *k, struct keys_call *c)
{
	struct store_tenant t;
	uint8_t key[LW_AEAD_KEY];
	int err = k->store ? store_tenant_by_id(k->store, c->arena, c->q.tenant, &t) : LW_EUNAVAIL;

	if (!err)
		err = keys_master_unwrap(k->master, &t.uuid, t.keys, STORE_SECRET_KERBEROS, key);
	if (err)
		return err;
	c->a.blob = lw_dup(c->arena, (struct lw_bytes){ key, sizeof(key) });
	lw_wipe(key, sizeof(key));
	return c->a.blob.p ? LW_OK : LW_ENOMEM;
}

/* ---- capabilities ---- */

/* Who showed a ticket, as the store knows him now; and how long ago a ticket may have begun. */
static int ticket_holder(
        struct keyd *k, struct keys_call *c, struct store_principal *ret, int64_t *ret_oldest)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	int64_t life, renew;
	int err = store_session_role(k->store, c->q.tenant, STORE_ROLE_AUTH, &s);

	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_principal_uuid(txn, &c->q.subject, ret);
	if (!err)
		err = store_ticket_policy(txn, &life, &renew);
	store_end(txn);
	store_session_free(s);
	if (!err && ret->disabled)
		err = LW_EDISABLED;
	if (!err)
		*ret_oldest = lw_wall(k->clock) - (life > renew ? life : renew) * LW_SECOND - SKEW;
	return err == LW_ENOTFOUND || err == LW_EDISABLED || err == LW_EREVOKED ? LW_EAUTH : err;
}

/* The ticket's life ends by itself; a renewed one is as old as its first. */
int keyd_kerberos_cap(struct keyd *k, struct keys_call *c)
{
	int64_t now = lw_wall(k->clock), oldest = 0;
	struct store_principal who;
	struct store_tenant t;
	struct lw_cap cap;
	int err;

	if (c->q.role != LW_ROLE_KDC && c->q.role != LW_ROLE_DIRECTORY && c->q.role != LW_ROLE_WEB)
		return LW_EACCES;
	if (!k->store)
		return LW_EUNAVAIL;
	err = store_tenant_by_id(k->store, c->arena, c->q.tenant, &t);
	if (!err)
		err = ticket_holder(k, c, &who, &oldest);
	if (err == LW_ENOTFOUND || (!err && c->q.auth_time > now + SKEW))
		err = LW_EAUTH;
	if (!err && c->q.auth_time < oldest)
		err = LW_EEXPIRED;
	if (err) {
		keyd_log(k, "kerberos refused", c, err);
		return err;
	}
	cap = (struct lw_cap){ .tenant = t.id,
		.tenant_uuid = t.uuid,
		.subject = who.uuid,
		.actor = who.uuid,
		.methods = LW_CAP_KERBEROS,
		.flags = c->q.confidential ? LW_CAP_CONFIDENTIAL : 0,
		.auth_time = c->q.auth_time < now ? c->q.auth_time : now,
		.expiry = now + KEYS_CAP_LIFE,
		.credential_version = who.credential_version };
	return keyd_mint_for(k, c, (enum lw_role_id)c->q.role, &cap);
}

/* ---- keytabs ---- */

static int may_on(struct keyd *k, struct keys_call *c, enum access_verb verb, const struct lw_uuid *target)
{
	return keyd_may(k, c, verb, target, target ? k->krb_key : NULL);
}

int keyd_seal_krb(struct keyd *k, struct keys_call *c, const struct lw_uuid *tenant, struct lw_bytes wrapped,
        const struct lw_uuid *entry, uint64_t generation, const struct keys_krb *krb)
{
	struct lw_writer w;
	int err;

	lw_writer_init(&w, KEYS_MAX_SEALED - 64);
	w.wipe = true;
	keys_krb_put(&w, krb);
	err = w.err;
	if (!err)
		err = keyd_seal(k, c, tenant, wrapped, entry, k->krb_key, STORE_SECRET_KERBEROS, generation,
		        lw_written(&w));
	lw_writer_done(&w);
	return err;
}

/* Every name of the principal, for every set of keys that a ticket may still be under. */
static int put_names(struct keyd *k, struct keys_call *c, struct store_txn *txn, const struct keys_krb *krb,
        struct lw_writer *w)
{
	const struct schema_attr *attr = schema_attr(LW_LIT("krbPrincipalName"));
	const struct lw_bytes *names;
	const struct store_view *v;
	int64_t life, renew, now = lw_wall(k->clock);
	size_t n;
	int err = store_get_uuid(txn, &c->q.subject, &v);

	if (!err)
		err = store_view_values(v, attr, NONE, &names, &n);
	if (!err)
		err = store_ticket_policy(txn, &life, &renew);
	for (unsigned i = 0; !err && i < krb->nsets; i++) {
		/* set aside when the one before it came */
		if (i && krb->sets[i - 1].set_time + (life + renew) * LW_SECOND + SKEW < now)
			break;
		for (size_t j = 0; !err && j < n; j++)
			err = keys_keytab_put(w, names[j], &krb->sets[i]);
	}
	/* no name that Kerberos could write */
	return err == LW_ENOATTR || err == LW_EINVAL ? LW_EUNWILLING : err;
}

static int make_keytab(struct keyd *k, struct keys_call *c, const struct keys_krb *krb)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	struct lw_writer w;
	int err = store_session_role(k->store, c->q.tenant, STORE_ROLE_AUTH, &s);

	lw_writer_init(&w, KEYS_MAX_BLOB);
	w.wipe = true;
	keys_keytab_begin(&w);
	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = put_names(k, c, txn, krb, &w);
	if (!err)
		err = w.err;
	store_end(txn);
	store_session_free(s);
	if (!err) {
		c->a.blob = lw_dup(c->arena, lw_written(&w));
		err = c->a.blob.p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	return err;
}

int keyd_keytab(struct keyd *k, struct keys_call *c)
{
	struct keyd_account a = { 0 };
	struct keys_krb krb = { 0 };
	int err;

	if (c->q.tenant != c->cap.tenant || lw_uuid_zero(&c->q.subject))
		return LW_EACCES;
	err = may_on(k, c, c->row->verb, &c->q.subject);
	if (!err)
		err = keyd_account(k, c, c->q.tenant, &c->q.subject, &a);
	if (!err && (!a.there || a.who.user))
		err = LW_EUNWILLING;
	if (!err && (c->q.rotate || !a.has_krb))
		err = may_on(k, c, ACCESS_SET_SECRET, &c->q.subject);
	if (!err && (c->q.rotate || !a.has_krb)) {
		err = keys_krb_random(c->arena, a.has_krb ? &a.krb : NULL, lw_wall(k->clock), &krb);
		if (!err)
			err = keyd_seal_krb(
			        k, c, &a.tenant.uuid, a.tenant.keys, &a.who.uuid, a.krb_gen + 1, &krb);
	}
	if (!err)
		err = make_keytab(k, c, krb.nsets ? &krb : &a.krb);
	keyd_log(k, c->q.rotate ? "keytab with new keys" : "keytab", c, err);
	lw_wipe(&a, sizeof(a));
	lw_wipe(&krb, sizeof(krb));
	return err;
}

/* ---- the realm's keys ---- */

static int read_realm(struct keyd *k, struct keys_call *c, const struct store_tenant *t,
        uint64_t *ret_generation, struct keys_krb *ret)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	struct lw_bytes sealed;
	uint8_t key[LW_AEAD_KEY];
	int err = store_session_role(k->store, t->id, STORE_ROLE_AUTH, &s);

	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_tenant_sealed(txn, schema_attr(LW_LIT("krbPrincipalKey")), &sealed, ret_generation);
	if (!err)
		err = keys_master_unwrap(k->master, &t->uuid, t->keys, STORE_SECRET_KERBEROS, key);
	if (!err) {
		err = keys_krb_open(key, &t->uuid, &t->uuid, *ret_generation, sealed, c->arena, ret);
		lw_wipe(key, sizeof(key));
	}
	store_end(txn);
	store_session_free(s);
	return err;
}

/* The decision, then what there is: old->nsets 0 for none yet. */
static int administered(struct keyd *k, struct keys_call *c, struct store_tenant *ret_tenant,
        uint64_t *ret_generation, struct keys_krb *ret_old)
{
	int err = c->q.tenant == c->cap.tenant ? may_on(k, c, c->row->verb, NULL) : LW_EACCES;

	if (!err)
		err = store_tenant_by_id(k->store, c->arena, c->q.tenant, ret_tenant);
	if (!err && !lw_uuid_eq(&ret_tenant->uuid, &c->cap.tenant_uuid))
		err = LW_EACCES;
	if (err)
		return err;
	err = read_realm(k, c, ret_tenant, ret_generation, ret_old);
	return err == LW_ENOTFOUND ? LW_OK : err;
}

/* How long tickets under one of the realm's keys are good after another followed it: each renewal puts them under the newest. */
static int ticket_life(struct keyd *k, const struct store_tenant *t, int64_t *ret)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	int64_t life, renew;
	int err = store_session_role(k->store, t->id, STORE_ROLE_AUTH, &s);

	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_ticket_policy(txn, &life, &renew);
	store_end(txn);
	store_session_free(s);
	if (!err)
		*ret = life * LW_SECOND + SKEW;
	return err;
}

static int64_t needed(const struct keys_krb *krb, unsigned i, int64_t life)
{
	return i ? krb->sets[i - 1].set_time + life : KEYD_NEVER;
}

/* Newest first: what comes behind one that is not needed is older. */
static bool drop_old(struct keys_krb *krb, int64_t life, int64_t now)
{
	unsigned n = krb->nsets;

	while (krb->nsets > 1 && needed(krb, krb->nsets - 1, life) < now)
		lw_wipe(&krb->sets[--krb->nsets], sizeof(krb->sets[0]));
	return krb->nsets < n;
}

static int64_t next_set(struct keyd *k, const struct keys_krb *krb)
{
	int64_t age = keyd_rotation_now(k).age[0];

	return age && krb->nsets ? krb->sets[0].set_time + age : KEYD_NEVER;
}

int keyd_realm_keys(struct keyd *k, struct keys_call *c)
{
	struct keys_krb old = { 0 }, krb = { 0 };
	uint64_t generation = 0;
	struct store_tenant t;
	int64_t life = 0;
	int err = administered(k, c, &t, &generation, &old);

	if (!err)
		err = ticket_life(k, &t, &life);
	if (!err)
		drop_old(&old, life, lw_wall(k->clock));
	if (!err && old.nsets == KEYS_KRB_SETS && !c->q.at_once) {
		keyd_say(c, "there are as many keys as can be kept, and tickets under the oldest are still good; --now gives that one up");
		err = LW_EUNWILLING;
	}
	if (!err)
		err = keys_krb_random(c->arena, &old, lw_wall(k->clock), &krb);
	if (!err)
		err = keyd_seal_krb(k, c, &t.uuid, t.keys, &t.uuid, generation + 1, &krb);
	keyd_log(k, "new keys of the realm", c, err);
	lw_wipe(&old, sizeof(old));
	lw_wipe(&krb, sizeof(krb));
	return err;
}

/* New ones by age; old ones go. A realm that never had any has them from an administrator. */
int keyd_realm_due(struct keyd *k, struct keys_call *c, const struct store_tenant *t, int64_t *ret_next)
{
	struct keys_krb krb = { 0 }, more = { 0 };
	uint64_t generation = 0;
	int64_t now = lw_wall(k->clock), life = 0, next;
	bool changed = false, follow = false;
	int err = read_realm(k, c, t, &generation, &krb);

	if (err == LW_ENOTFOUND)
		return LW_OK;
	if (!err)
		err = ticket_life(k, t, &life);
	if (!err) {
		changed = drop_old(&krb, life, now);
		follow = next_set(k, &krb) <= now && krb.nsets < KEYS_KRB_SETS;
	}
	if (follow)
		err = keys_krb_random(c->arena, &krb, now, &more);
	if (!err && (changed || follow))
		err = c->a.nitems == KEYS_MAX_ITEMS ? LW_ELIMIT :
			keyd_seal_krb(k, c, &t->uuid, t->keys, &t->uuid, generation + 1, follow ? &more : &krb);
	if (!err && (changed || follow))
		lw_log(LW_INFO, "keys of the realm", "tenant", t->name, "result", follow ? "rotated" : "old ones dropped", NULL);
	else if (err)
		lw_log(LW_ERROR, "keys of the realm", "tenant", t->name, "result", lw_errname(err), NULL);
	next = krb.nsets > 1 ? needed(&krb, krb.nsets - 1, life) : KEYD_NEVER;
	if (next_set(k, &krb) < next)
		next = next_set(k, &krb);
	if (!err && next > now && next < *ret_next)
		*ret_next = next;
	lw_wipe(&krb, sizeof(krb));
	lw_wipe(&more, sizeof(more));
	return err;
}

int keyd_realm_list(struct keyd *k, struct keys_call *c)
{
	struct keys_krb krb = { 0 };
	uint64_t generation = 0;
	struct store_tenant t;
	struct lw_writer w;
	int64_t life = 0;
	int err = administered(k, c, &t, &generation, &krb);

	if (!err)
		err = ticket_life(k, &t, &life);
	lw_writer_init(&w, 1024);
	for (unsigned i = 0; !err && i < krb.nsets; i++) {
		lw_put_u32(&w, krb.sets[i].kvno);
		lw_put_u64(&w, (uint64_t)krb.sets[i].set_time);
		lw_put_u64(&w, i ? (uint64_t)needed(&krb, i, life) : 0);
		lw_put_u64(&w, i || next_set(k, &krb) == KEYD_NEVER ? 0 : (uint64_t)next_set(k, &krb));
	}
	if (!err)
		err = w.err;
	if (!err && w.n) {
		c->a.blob = lw_dup(c->arena, lw_written(&w));
		err = c->a.blob.p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	lw_wipe(&krb, sizeof(krb));
	return err;
}
