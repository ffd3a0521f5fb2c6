/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: passwords. Order of things for every guess: a place in the lane, the guess reserved, a slot in the
 * lane, the account read as it is now, the evaluation, the guess settled. No transaction is open while
 * anything is hashed. */
#include "keys/keyd.h"

#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"

/* One evaluated guess, which takes as long whoever it is. The caller is in the lane's slot. */
static int evaluate(
        struct keyd *k, struct keys_call *c, const struct keyd_account *a, struct lw_bytes password)
{
	struct lw_bytes prepared;
	int err = keys_password_prep(c->arena, password, &prepared);

	if (err || !prepared.n || !a->usable || !a->has_password) {
		(void)lw_argon2_verify(k->dummy, err ? LW_LIT("-") : prepared);
		return LW_EAUTH;
	}
	err = lw_argon2_verify(a->bundle.phc, prepared);
	return err == LW_OK ? LW_OK : LW_EAUTH;
}

int keyd_verify(struct keyd *k, struct keys_call *c)
{
	static const struct lw_uuid nobody;
	struct keyd_account a = { 0 };
	struct keys_guess guess;
	struct lw_cap cap;
	bool locked;
	int err;

	err = keys_lane_admit(k->lane, c->q.tenant);
	if (err)
		return err;
	err = keys_guess_reserve(k->guesses, c->q.tenant, &c->q.subject, c->q.addr, &guess);
	locked = err == LW_ELOCKED;
	if (locked) /* only names that exist are locked: it must take as long as with one that doesn't */
		err = keys_guess_reserve(k->guesses, c->q.tenant, &nobody, c->q.addr, &guess);
	if (err) {
		keys_lane_leave(k->lane, c->q.tenant, false);
		keyd_log(k, "guess refused", c, err);
		return err;
	}
	keys_lane_run(k->lane, c->q.tenant);
	err = keyd_account(k, c, c->q.tenant, &c->q.subject, &a);
	a.usable = a.usable && !locked;
	if (!err)
		err = evaluate(k, c, &a, c->q.password);
	keys_guess_settle(k->guesses, &guess,
	        err == LW_OK      ? KEYS_GUESS_RIGHT
	        : err == LW_EAUTH ? KEYS_GUESS_WRONG
	                          : KEYS_GUESS_VOID);
	keys_lane_leave(k->lane, c->q.tenant, true);
	if (locked && err == LW_EAUTH) {
		err = LW_ELOCKED;
		keyd_log(k, "guess refused", c, err);
	}
	if (!err) {
		cap = (struct lw_cap){ .tenant = a.tenant.id,
			.tenant_uuid = a.tenant.uuid,
			.subject = a.who.uuid,
			.actor = a.who.uuid,
			.methods = LW_CAP_PASSWORD,
			.flags = c->q.confidential ? LW_CAP_CONFIDENTIAL : 0,
			.auth_time = lw_wall(k->clock),
			.credential_version = a.who.credential_version };
		cap.expiry = cap.auth_time + KEYS_CAP_LIFE;
		err = keyd_mint(k, c, &cap);
	}
	lw_wipe(&a, sizeof(a));
	return err;
}

/* ---- setting one ---- */

/* What a new password is made for. */
struct target {
	struct lw_uuid tenant_uuid, entry;
	struct lw_bytes wrapped;
	const char *name, *krb_name;
	const struct keyd_account *old; /* NULL: a new entry */
	bool history;              /* its own change: history counts */
};

/* Everything that is derived from a password, sealed into c->a.items. In the lane's slot. */
static int make_items(struct keyd *k, struct keys_call *c, const struct target *t, struct lw_bytes prepared)
{
	const struct keyd_account *old = t->old;
	const struct keys_bundle *before = old && old->has_password ? &old->bundle : NULL;
	struct keys_bundle bundle;
	struct keys_krb krb;
	struct lw_writer w;
	int64_t now = lw_wall(k->clock);
	uint32_t kvno = old && old->has_krb ? old->krb.sets[0].kvno + 1 : 1;
	int err;

	lw_writer_init(&w, KEYS_MAX_SEALED - 64);
	w.wipe = true;
	if (before && t->history && keys_password_used(before, &k->policy, prepared)) {
		snprintf(c->a.text, sizeof(c->a.text),
		        "the password is the present one or one of the last %u", k->policy.history);
		err = LW_EPWPOLICY;
		goto out;
	}
	err = keys_bundle_make(prepared, before, &k->policy, now, &bundle);
	if (err)
		goto out;
	keys_bundle_put(&w, &bundle);
	err = w.err;
	if (!err)
		err = keyd_seal(k, c, &t->tenant_uuid, t->wrapped, &t->entry, k->password,
		        STORE_SECRET_PASSWORD, old ? old->password_gen + 1 : 1, lw_written(&w));
	if (err || !t->krb_name[0])
		goto out;
	err = keys_krb_make(c->arena, c->q.password, lw_str(t->krb_name), kvno, now, &krb);
	if (err)
		goto out;
	if (old && old->has_krb && !old->who.user) /* tickets under a service's older keys live on */
		keys_krb_keep(&old->krb, &krb);
	err = keyd_seal_krb(k, c, &t->tenant_uuid, t->wrapped, &t->entry, old ? old->krb_gen + 1 : 1, &krb);
out:
	lw_writer_done(&w);
	lw_wipe(&bundle, sizeof(bundle));
	lw_wipe(&krb, sizeof(krb));
	return err;
}

/* The access check, by keyd itself. proves: its own old password comes along; when that is right (which is
 * evaluated next), the subject has authenticated just now. */
static int may_set(struct keyd *k, struct keys_call *c, bool proves)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	struct lw_cap cap = c->cap;
	int err;

	if (proves) {
		cap.auth_time = lw_wall(k->clock);
		cap.methods |= LW_CAP_PASSWORD;
	}
	err = keyd_session(k, c, &cap, &s);
	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_may(txn, c->row->verb, &c->q.subject, k->password);
	store_end(txn);
	store_session_free(s);
	return err;
}

/* A new entry: that it may be created is the writer's to check; here only that the session lives and the UUID
 * is free. */
static int may_make(struct keyd *k, struct keys_call *c, const struct keyd_account *a)
{
	struct lw_session *s = NULL;
	int err;

	if (a->there)
		return LW_EEXIST;
	err = keyd_session(k, c, &c->cap, &s);
	if (!err)
		err = store_session_check(s);
	store_session_free(s);
	return err;
}

static void remember_renewal(struct keyd *k, const struct lw_cap *cap)
{
	pthread_mutex_lock(&k->lock);
	struct keyd_renewal *r = &k->renewals[k->next_renewal++ % KEYD_RENEWALS];

	memcpy(r->cap_id, cap->id, sizeof(r->cap_id));
	r->tenant = cap->tenant;
	r->subject = cap->subject;
	r->until = lw_mono(k->clock) + KEYD_RENEW_TIME;
	pthread_mutex_unlock(&k->lock);
}

/* In the lane: old password, then everything new. */
static int prove_and_make(struct keyd *k, struct keys_call *c, struct target *t, struct keyd_account *a,
        struct lw_bytes prepared)
{
	struct keys_guess guess;
	bool proof = c->q.old.n > 0 && !c->q.is_new;
	int err;

	err = keys_lane_admit(k->lane, c->q.tenant);
	if (err)
		return err;
	if (proof) {
		err = keys_guess_reserve(k->guesses, c->q.tenant, &c->q.subject, c->q.addr, &guess);
		if (err) {
			keys_lane_leave(k->lane, c->q.tenant, false);
			return err;
		}
	}
	keys_lane_run(k->lane, c->q.tenant);
	if (proof) {
		err = keyd_account(k, c, c->q.tenant, &c->q.subject, a);
		if (!err && c->q.version && a->who.version != c->q.version)
			err = LW_EAGAIN;
		if (!err)
			err = evaluate(k, c, a, c->q.old);
		keys_guess_settle(k->guesses, &guess,
		        err == LW_OK      ? KEYS_GUESS_RIGHT
		        : err == LW_EAUTH ? KEYS_GUESS_WRONG
		                          : KEYS_GUESS_VOID);
	}
	if (!err)
		err = make_items(k, c, t, prepared);
	keys_lane_leave(k->lane, c->q.tenant, true);
	return err;
}

/* What can be said about a password without hashing. */
static int quality(struct keyd *k, struct keys_call *c, const struct target *t, struct lw_bytes *ret)
{
	const char *names[] = { t->name, t->krb_name,
		lw_printf(c->arena, "%.*s", (int)strcspn(t->krb_name, "@"), t->krb_name), NULL };
	int err = keys_password_prep(c->arena, c->q.password, ret);

	if (err == LW_EINVAL) {
		snprintf(c->a.text, sizeof(c->a.text),
		        "the password has characters that no password may have");
		return LW_EPWPOLICY;
	}
	return err ? err : keys_password_quality(&k->policy, *ret, names, c->a.text);
}

int keyd_set_password(struct keyd *k, struct keys_call *c)
{
	struct keyd_account a;
	struct target t = { .entry = c->q.subject };
	bool self = !lw_uuid_zero(&c->cap.subject) && lw_uuid_eq(&c->cap.subject, &c->q.subject);
	struct lw_bytes prepared;
	int err;

	if (c->q.tenant != c->cap.tenant || lw_uuid_zero(&c->q.subject))
		return LW_EACCES;
	err = keyd_account(k, c, c->q.tenant, &c->q.subject, &a);
	if (err)
		goto out;
	if (!lw_uuid_eq(&a.tenant.uuid, &c->cap.tenant_uuid)) {
		err = LW_EACCES;
		goto out;
	}
	if (c->q.is_new) {
		err = may_make(k, c, &a);
		t.name = lw_printf(c->arena, "%.*s", (int)c->q.name.n, (const char *)c->q.name.p);
		t.krb_name = lw_printf(c->arena, "%.*s", (int)c->q.krb_name.n, (const char *)c->q.krb_name.p);
	} else {
		err = may_set(k, c, self && c->q.old.n);
		if (!err && !a.there)
			err = LW_EUNWILLING; /* the entry is there, and has no passwords */
		if (!err && c->q.version && a.who.version != c->q.version)
			err = LW_EAGAIN;
		t.name = a.who.name;
		t.krb_name = a.who.krb_name;
		t.old = &a;
		t.history = self;
	}
	if (!err && (!t.name || !t.krb_name))
		err = LW_ENOMEM;
	t.tenant_uuid = a.tenant.uuid;
	t.wrapped = a.tenant.keys;
	if (!err)
		err = quality(k, c, &t, &prepared);
	if (!err)
		err = prove_and_make(k, c, &t, &a, prepared);
	if (!err && self)
		remember_renewal(k, &c->cap);
out:
	keyd_log(k, "set password", c, err);
	lw_wipe(&a, sizeof(a));
	return err;
}

int keyd_unlock(struct keyd *k, struct keys_call *c)
{
	int err = c->q.tenant == c->cap.tenant ? may_set(k, c, false) : LW_EACCES;

	if (!err)
		keys_guess_forget(k->guesses, c->q.tenant, &c->q.subject);
	keyd_log(k, "unlock", c, err);
	return err;
}

int keyd_tenant_new(struct keyd *k, struct keys_call *c)
{
	struct target t = { .tenant_uuid = c->q.tenant_uuid, .entry = c->q.admin_uuid };
	struct keys_krb krb = { 0 };
	struct lw_bytes prepared;
	int err;

	if (lw_uuid_zero(&c->q.tenant_uuid) || lw_uuid_zero(&c->q.admin_uuid) || !c->q.admin_name.n ||
	        !c->q.realm.n)
		return LW_EINVAL;
	t.name = lw_printf(c->arena, "%.*s", (int)c->q.admin_name.n, (const char *)c->q.admin_name.p);
	t.krb_name = lw_printf(c->arena, "%.*s@%.*s", (int)c->q.admin_name.n, (const char *)c->q.admin_name.p,
	        (int)c->q.realm.n, (const char *)c->q.realm.p);
	if (!t.name || !t.krb_name)
		return LW_ENOMEM;
	err = quality(k, c, &t, &prepared);
	if (err)
		return err;
	err = keys_master_wrap_new(k->master, &t.tenant_uuid, c->arena, &c->a.blob);
	if (err)
		return err;
	t.wrapped = c->a.blob;
	err = keys_lane_admit(k->lane, 0);
	if (err)
		return err;
	keys_lane_run(k->lane, 0);
	err = make_items(k, c, &t, prepared);
	keys_lane_leave(k->lane, 0, true);
	/* last: the krbtgt's keys */
	if (!err)
		err = keys_krb_random(c->arena, NULL, lw_wall(k->clock), &krb);
	if (!err)
		err = keyd_seal_krb(k, c, &t.tenant_uuid, t.wrapped, &t.tenant_uuid, 1, &krb);
	lw_wipe(&krb, sizeof(krb));
	return err;
}
