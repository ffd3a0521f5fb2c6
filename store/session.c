/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: who acts. What a session may do is worked out again whenever its tenant's authgen has changed. */
#include <stdio.h>
#include <stdlib.h>
#include "store/ops.h"

static struct lw_session *session_new(struct store *st, uint32_t tenant)
{
	struct lw_session *s = calloc(1, sizeof(*s));

	if (s) {
		s->store = st;
		s->tenant = tenant;
		s->role = OPS_NO_ROLE;
	}
	return s;
}

void ops_session_drop(struct lw_session *s)
{
	access_rights_free(s->rights);
	access_rights_free(s->actor_rights);
	ops_policy_put(s->store, s->policy);
	s->rights = s->actor_rights = NULL;
	s->policy = NULL;
	s->nsuffix = 0;
	s->suffix = NULL;
	s->suffix_text = NULL;
	s->valid = false;
	if (s->cache)
		s->cache->valid = false;
}

void ops_session_fork(const struct lw_session *s, struct lw_session *ret)
{
	*ret = *s;
	ret->rights = ret->actor_rights = NULL;
	ret->policy = NULL;
	ret->cache = NULL;
	ret->valid = false;
}

/* What an entry that is looked at for the session means: gone, or with another credential, is revoked. */
static int same_one(struct lw_session *s, const struct eng_entry *e, int err, bool subject)
{
	if (err == LW_ENOTFOUND || (!err && subject && ops_credential_version(e) != s->credential_version))
		return LW_EREVOKED;
	if (!err && subject)
		s->subject_id = e->id;
	return err;
}

static int bind_one(struct lw_session *s, struct eng_txn *e, const struct lw_uuid *uuid, bool subject,
	struct access_rights **ret)
{
	struct ops_who w;
	int err = ops_who(e, s->tenant, uuid, false, &w);

	err = same_one(s, &w.e, err, subject);
	if (err)
		return err;
	*ret = access_bind(s->policy->access, &w.subject);
	if (!*ret)
		return LW_ENOMEM;
	if (s->flags & LW_CAP_ASSERTED)
		access_bind_asserted(*ret);
	return LW_OK;
}

static int admit_one(struct lw_session *s, struct eng_txn *e, const struct lw_uuid *uuid, bool subject)
{
	struct eng_entry entry;
	int err = ops_actor(e, s->tenant, uuid, false, &entry);

	return same_one(s, &entry, err, subject);
}

static int bind_to(struct lw_session *s, struct eng_txn *e, const struct eng_tenant *t)
{
	int err;

	if (t->flags & ENG_TENANT_DELETED || !lw_uuid_eq(&t->uuid, &s->tenant_uuid))
		return LW_EREVOKED;
	if (t->flags & ENG_TENANT_DISABLED && s->role != STORE_ROLE_OPERATOR && s->role != STORE_ROLE_INIT && s->role != STORE_ROLE_UPKEEP)
		return LW_EDISABLED;
	if ((err = ops_policy_get(e, s->tenant, &s->policy)))
		return err;
	s->nsuffix = s->policy->nsuffix;
	s->suffix = s->policy->suffix;
	s->suffix_text = s->policy->suffix_text;
	return LW_OK;
}

static int bind_tenant(struct lw_session *s, struct eng_txn *e)
{
	struct eng_tenant t;

	return eng_tenant(e, s->tenant, &t) ? LW_EREVOKED : bind_to(s, e, &t);
}

static int bind_all(struct lw_session *s, struct eng_txn *e)
{
	int err;

	if (s->home)
		return ops_partner_bind(s, e);
	if (s->tenant && (err = bind_tenant(s, e)))
		return err;
	if (s->role != OPS_NO_ROLE) {
		s->rights = access_bind_role((unsigned)s->role, s->tenant);
	} else if (lw_uuid_zero(&s->subject)) {
		struct access_subject nobody = { .tenant = s->tenant, .who = ACCESS_WHO_ANONYMOUS };
		s->rights = access_bind(s->policy->access, &nobody);
	} else {
		err = bind_one(s, e, &s->subject, true, &s->rights);
		if (!err && !lw_uuid_eq(&s->subject, &s->actor))
			err = bind_one(s, e, &s->actor, false, &s->actor_rights);
		if (err)
			return err;
	}
	return s->rights ? LW_OK : LW_ENOMEM;
}

static uint64_t gen_of(struct eng_txn *e, uint32_t tenant)
{
	return tenant ? eng_authgen(e, tenant) : 0;
}

bool ops_session_current(const struct lw_session *s, struct eng_txn *e)
{
	return s->valid && s->authgen == gen_of(e, s->tenant) && s->home_authgen == gen_of(e, s->home);
}

int ops_session_refresh(struct lw_session *s, struct eng_txn *e)
{
	uint64_t snapshot = eng_writing(e) ? 0 : eng_snapshot(e);

	if (s->expiry && eng_now(e) >= s->expiry)
		return LW_EEXPIRED;
	if (s->valid && snapshot && s->snapshot == snapshot)
		return s->status;
	s->snapshot = snapshot;
	if (ops_session_current(s, e))
		return s->status;
	ops_session_drop(s);
	s->status = bind_all(s, e);
	s->authgen = gen_of(e, s->tenant);
	s->home_authgen = gen_of(e, s->home);
	/* what lack of memory or a bad disk said is not kept */
	s->valid = s->status == LW_OK || s->status == LW_EREVOKED || s->status == LW_EDISABLED ||
		(s->home && s->status == LW_ENOTFOUND);
	return s->status;
}

/* Somebody's session begins: whether he may act is looked at now, what he may when he does. Many only log in. */
static int admit(struct lw_session *s, struct eng_txn *e, const struct eng_tenant *t)
{
	int err = s->expiry && eng_now(e) >= s->expiry ? LW_EEXPIRED : bind_to(s, e, t);

	if (!err)
		err = admit_one(s, e, &s->subject, true);
	if (!err && !lw_uuid_eq(&s->subject, &s->actor))
		err = admit_one(s, e, &s->actor, false);
	return err;
}

static int session_start(struct lw_session *s, const struct lw_uuid *expect, struct lw_session **ret)
{
	struct eng_txn *e = NULL;
	struct eng_tenant t;
	int err = ops_search_prepare(s->store);

	if (!err)
		err = eng_begin(s->store, &e);
	if (!err && s->tenant) {
		err = eng_tenant(e, s->tenant, &t);
		if (!err && expect && !lw_uuid_eq(expect, &t.uuid))
			err = LW_EREVOKED;
		if (!err)
			s->tenant_uuid = t.uuid;
	}
	if (!err && s->role == OPS_NO_ROLE && !s->home && !lw_uuid_zero(&s->subject))
		err = admit(s, e, &t);
	else if (!err)
		err = ops_session_refresh(s, e);
	eng_end(e);
	if (err) {
		store_session_free(s);
		return err;
	}
	*ret = s;
	return LW_OK;
}

int store_session_cap(struct store *st, const struct lw_cap *cap, struct lw_session **ret)
{
	struct lw_session *s;

	if (cap->flags & LW_CAP_OPERATOR) {
		if (!lw_uuid_zero(&cap->subject))
			return LW_EINVAL;
	} else if (lw_uuid_zero(&cap->subject) || lw_uuid_zero(&cap->actor) || !cap->tenant) {
		return LW_EINVAL;
	}
	s = session_new(st, cap->tenant);
	if (!s)
		return LW_ENOMEM;
	if (cap->flags & LW_CAP_OPERATOR)
		s->role = STORE_ROLE_OPERATOR;
	s->subject = cap->subject;
	s->actor = cap->actor;
	s->methods = cap->methods;
	s->flags = cap->flags;
	s->auth_time = cap->auth_time;
	s->expiry = cap->expiry;
	s->credential_version = cap->credential_version;
	s->confidential = (cap->flags & LW_CAP_CONFIDENTIAL) != 0;
	return session_start(s, &cap->tenant_uuid, ret);
}

int store_session_anonymous(struct store *st, uint32_t tenant, struct lw_session **ret)
{
	struct lw_session *s = tenant ? session_new(st, tenant) : NULL;

	if (!s)
		return tenant ? LW_ENOMEM : LW_ENOTFOUND;
	return session_start(s, NULL, ret);
}

int store_session_role(struct store *st, uint32_t tenant, enum store_role role, struct lw_session **ret)
{
	struct lw_session *s = session_new(st, tenant);

	if (!s)
		return LW_ENOMEM;
	if (role == STORE_ROLE_KDC && ops_ticket_prepare(st)) {
		free(s);
		return LW_ENOMEM;
	}
	s->role = role;
	s->confidential = true;
	s->methods = LW_CAP_PEERCRED;
	s->auth_time = lw_wall(eng_clock(st));
	return session_start(s, NULL, ret);
}

int store_session_partner(const struct lw_session *own, uint32_t tenant, struct lw_session **ret)
{
	struct lw_session *s;

	if (own->role != OPS_NO_ROLE || own->home || lw_uuid_zero(&own->subject) || !lw_uuid_eq(&own->subject, &own->actor) ||
		!tenant || tenant == own->tenant)
		return LW_ENOTFOUND;
	s = session_new(own->store, tenant);
	if (!s)
		return LW_ENOMEM;
	s->home = own->tenant;
	s->home_uuid = own->tenant_uuid;
	s->subject = own->subject;
	s->actor = own->actor;
	s->methods = own->methods;
	s->flags = own->flags;
	s->auth_time = own->auth_time;
	s->expiry = own->expiry;
	s->credential_version = own->credential_version;
	s->confidential = own->confidential;
	s->protocol = own->protocol;
	memcpy(s->source, own->source, sizeof(s->source));
	return session_start(s, NULL, ret);
}

void store_session_free(struct lw_session *s)
{
	if (!s)
		return;
	ops_session_drop(s);
	free(s->cache);
	free(s);
}

void store_session_channel(struct lw_session *s, bool confidential)
{
	s->confidential = confidential;
}

void store_session_source(struct lw_session *s, enum lw_audit_protocol protocol, const char *addr)
{
	s->protocol = (uint8_t)protocol;
	snprintf(s->source, sizeof(s->source), "%s", addr ? addr : "");
}

void store_session_renew(struct lw_session *s, uint64_t credential_version)
{
	s->credential_version = credential_version;
	s->valid = false;
}

const struct lw_uuid *store_session_subject(const struct lw_session *s)
{
	return &s->subject;
}

uint32_t store_session_tenant(const struct lw_session *s)
{
	return s->tenant;
}

uint32_t store_session_home(const struct lw_session *s)
{
	return s->home ? s->home : s->tenant;
}

bool store_session_holds(const struct lw_session *s, const struct store_dn *dn)
{
	if (!s->nsuffix || dn->n < s->nsuffix)
		return false;
	for (size_t i = 0; i < s->nsuffix; i++)
		if (!lw_eq(dn->rdn[dn->n - s->nsuffix + i].norm, s->suffix[i]))
			return false;
	return true;
}

bool store_session_is_anonymous(const struct lw_session *s)
{
	return s->role == OPS_NO_ROLE && lw_uuid_zero(&s->subject);
}

int store_session_check(struct lw_session *s)
{
	struct eng_txn *e;
	int err = eng_begin(s->store, &e);

	if (err)
		return err;
	err = ops_session_refresh(s, e);
	eng_end(e);
	return err;
}
