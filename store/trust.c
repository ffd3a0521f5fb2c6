/* SPDX-License-Identifier: Apache-2.0 */
/* Trust between tenants (docs/access.md): cn=PARTNER,ou=trusts of both. What a policy remembers of its tenant's side, who
 * may write one, and the sessions of a partner's people. */
#include <stdlib.h>
#include "store/guard.h"

/* ---- a tenant's side ---- */

static int take_groups(struct eng_txn *e, struct ops_policy *p, const struct eng_entry *entry, struct ops_trust *to)
{
	struct eng_attr a;
	int err = LW_OK;

	if (!eng_attr_find(entry, ops_known()->lwTrustGroup->id, &a) || !a.nrefs)
		return LW_OK;
	to->groups = malloc(a.nrefs * sizeof(*to->groups));
	if (!to->groups)
		return LW_ENOMEM;
	for (size_t i = 0; !err && i < a.nrefs; i++) {
		to->groups[to->ngroups++] = eng_ref_at(&a, i);
		err = access_policy_offer(p->access, eng_ref_at(&a, i));
	}
	return err;
}

/* One that says nobody opens nothing. */
static int take_trust(struct eng_txn *e, struct ops_policy *p, uint64_t id)
{
	struct ops_trust *more, to = { 0 };
	struct eng_entry entry;
	struct eng_attr a;
	struct lw_bytes v;
	int err = eng_entry(e, p->tenant, id, &entry);

	if (err || !(entry.flags & ACCESS_TRUST) || !eng_attr_find(&entry, ops_known()->lwTrustTenant->id, &a) ||
		!eng_value_first(&a, &v) || lw_uuid_parse(v, &to.tenant))
		return err;
	more = realloc(p->trusts, (p->ntrusts + 1) * sizeof(*more));
	if (!more)
		return LW_ENOMEM;
	p->trusts = more;
	to.disabled = entry.flags & OPS_DISABLED;
	err = take_groups(e, p, &entry, &to);
	p->trusts[p->ntrusts++] = to;
	return err;
}

static int container(struct eng_txn *e, uint32_t tenant, uint64_t *ret)
{
	struct dn_rdn rdn;
	int err = dn_make_rdn(eng_arena(e), ops_known()->ou, LW_LIT("trusts"), &rdn);

	return err ? err : eng_child(e, tenant, OPS_SUFFIX_ID, rdn.norm, ret);
}

int ops_trusts_load(struct eng_txn *e, struct ops_policy *p)
{
	struct lw_bytes key = { NULL, 0 };
	uint64_t in, id;
	int err = container(e, p->tenant, &in);

	while (!err && !(err = eng_child_next(e, p->tenant, in, eng_arena(e), &key, &id)))
		err = take_trust(e, p, id);
	return err == LW_ENOTFOUND ? LW_OK : err;
}

void ops_trusts_free(struct ops_policy *p)
{
	for (size_t i = 0; i < p->ntrusts; i++)
		free(p->trusts[i].groups);
	free(p->trusts);
}

const struct ops_trust *ops_trust_with(const struct ops_policy *p, const struct lw_uuid *tenant)
{
	for (size_t i = 0; i < p->ntrusts; i++)
		if (lw_uuid_eq(&p->trusts[i].tenant, tenant))
			return p->trusts[i].disabled ? NULL : &p->trusts[i];
	return NULL;
}

/* ---- sessions ---- */

/* A group's name is the cn that it is called by in its DN: no other value counts. LW_ENOTFOUND: it has none. */
static int group_name(struct eng_txn *e, uint32_t tenant, uint64_t id, struct lw_bytes *ret)
{
	const struct schema_attr *cn = ops_known()->cn;
	struct eng_entry entry;
	struct dn_rdn rdn;
	int err = eng_entry(e, tenant, id, &entry);

	if (!err && !(entry.flags & ACCESS_GROUP))
		err = LW_ENOTFOUND;
	if (!err)
		err = dn_parse_rdn(eng_arena(e), entry.rdn_text, &rdn);
	for (unsigned i = 0; !err && i < rdn.navas; i++)
		if (rdn.avas[i].attr == cn)
			return schema_norm(cn, NULL, eng_arena(e), rdn.avas[i].value, ret);
	return err ? err : LW_ENOTFOUND;
}

static bool is_in(const struct access_subject *s, uint64_t group)
{
	for (size_t i = 0; i < s->ngroups; i++)
		if (s->groups[i] == group)
			return true;
	return false;
}

static int offered_names(struct eng_txn *e, const struct ops_who *w, const struct ops_trust *from, struct access_partner *to)
{
	struct lw_bytes *names = lw_allocn(eng_arena(e), from->ngroups + 1, sizeof(*names));
	int err = names ? LW_OK : LW_ENOMEM;

	for (size_t i = 0; !err && i < from->ngroups; i++)
		if (is_in(&w->subject, from->groups[i])) {
			err = group_name(e, w->subject.tenant, from->groups[i], &names[to->ngroups]);
			to->ngroups += !err;
			err = err == LW_ENOTFOUND ? LW_OK : err;
		}
	to->groups = names;
	return err;
}

static int tenant_good(struct eng_txn *e, uint32_t tenant, const struct lw_uuid *uuid)
{
	struct eng_tenant t;
	int err = eng_tenant(e, tenant, &t);

	if (err || t.flags & ENG_TENANT_DELETED || !lw_uuid_eq(&t.uuid, uuid))
		return LW_EREVOKED;
	return t.flags & ENG_TENANT_DISABLED ? LW_EDISABLED : LW_OK;
}

static bool holds_something(const struct access_rights *rights)
{
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
		if (access_any(rights, (enum access_verb)v))
			return true;
	return false;
}

/* Nothing of the other tenant is looked at before the own one trusts it. */
static int bind_home(struct lw_session *s, struct eng_txn *e, const struct ops_policy *home)
{
	const struct ops_trust *theirs = ops_trust_with(home, &s->tenant_uuid);
	struct access_partner as = { .tenant = s->home_uuid };
	struct ops_who w;
	int err;

	if (!theirs || tenant_good(e, s->tenant, &s->tenant_uuid))
		return LW_ENOTFOUND;
	err = ops_policy_get(e, s->tenant, &s->policy);
	if (err)
		return err;
	s->nsuffix = s->policy->nsuffix;
	s->suffix = s->policy->suffix;
	s->suffix_text = s->policy->suffix_text;
	if (!ops_trust_with(s->policy, &s->home_uuid))
		return LW_ENOTFOUND;
	err = ops_who(e, s->home, &s->subject, false, &w);
	if (err)
		return err == LW_ENOTFOUND ? LW_EREVOKED : err;
	if (ops_credential_version(&w.e) != s->credential_version)
		return LW_EREVOKED;
	s->home_id = w.e.id;
	err = offered_names(e, &w, theirs, &as);
	if (err)
		return err;
	w.subject.partner = &as;
	s->rights = access_bind(s->policy->access, &w.subject);
	if (!s->rights)
		return LW_ENOMEM;
	if (s->flags & LW_CAP_ASSERTED)
		access_bind_asserted(s->rights);
	return holds_something(s->rights) ? LW_OK : LW_ENOTFOUND;
}

int ops_partner_bind(struct lw_session *s, struct eng_txn *e)
{
	struct ops_policy *home = NULL;
	int err = tenant_good(e, s->home, &s->home_uuid);

	if (!err)
		err = ops_policy_get(e, s->home, &home);
	if (err)
		return err;
	err = bind_home(s, e, home);
	ops_policy_put(s->store, home);
	return err;
}

/* ---- who may write one ---- */

static int only_admins(struct store_txn *t)
{
	if (!access_is_admin(t->session->rights) || t->session->home || t->ctx.asserted)
		return ops_say(t, LW_EACCES, "trusts are the administrators' to write");
	return LW_OK;
}

int guard_trust(struct store_txn *t, const struct eng_entry *e)
{
	return e->flags & ACCESS_TRUST ? only_admins(t) : LW_OK;
}

int guard_trust_fixed(struct store_txn *t, const struct eng_entry *e)
{
	if (e->flags & ACCESS_TRUST)
		return ops_say(t, LW_EUNWILLING, "a trust is with the tenant it was made for: it has no other name or place");
	if (t->session->policy && access_policy_offers(t->session->policy->access, e->id) &&
		!access_is_admin(t->session->rights))
		return ops_say(t, LW_EACCES, "a partner's grants call this group by its name: administrators alone rename it");
	return LW_OK;
}

int guard_trust_groups(const struct image *img)
{
	struct lw_bytes none = { 0 };
	const struct image_attr *a = image_find(img, ops_known()->lwTrustGroup, none);
	struct store_txn *t = img->txn;
	struct eng_entry g;

	for (size_t i = 0; a && i < a->nadded; i++)
		if (eng_entry(t->eng, t->tenant, a->added[i], &g) || !(g.flags & ACCESS_GROUP))
			return ops_say(t, LW_ECONSTRAINT, "lwTrustGroup: it is groups that are offered");
	return LW_OK;
}

static int living(struct store_txn *t, const char *name, uint32_t *ret_id, struct eng_tenant *ret)
{
	int err = eng_tenant_find(t->eng, lw_str(name), ret_id);

	if (!err)
		err = eng_tenant(t->eng, *ret_id, ret);
	return err ? err : ret->flags & ENG_TENANT_DELETED ? LW_ENOTFOUND : LW_OK;
}

/* cn=PARTNER,ou=trusts,SUFFIX: for the tenant that has the name now, and for no later one. */
int guard_trust_new(struct image *img, const struct store_dn *dn)
{
	const struct ops_known *k = ops_known();
	struct store_txn *t = img->txn;
	const struct dn_rdn *rdn = &dn->rdn[0];
	struct eng_tenant partner;
	char uuid[LW_UUID_TEXT], *name;
	struct dn_rdn canonical;
	uint64_t in;
	uint32_t id;
	int err;

	if (!(img->head.flags & ACCESS_TRUST))
		return LW_OK;
	if ((err = only_admins(t)))
		return err;
	if (container(t->eng, t->tenant, &in) || img->head.parent != in)
		return ops_say(t, LW_ENAMING, "a trust stands in ou=trusts");
	if (rdn->navas != 1 || rdn->avas[0].attr != k->cn || lw_domain_canon(t->arena, rdn->avas[0].value, &name) ||
		dn_make_rdn(t->arena, k->cn, lw_str(name), &canonical))
		return ops_say(t, LW_ENAMING, "a trust is called by its partner's domain");
	if (!lw_eq(canonical.norm, rdn->norm))
		return ops_say(t, LW_ENAMING, "this partner's domain is written %s", name);
	if (living(t, name, &id, &partner))
		return ops_say(t, LW_ECONSTRAINT, "there is no tenant %s", name);
	if (id == t->tenant)
		return ops_say(t, LW_ECONSTRAINT, "a tenant is no partner of itself");
	lw_uuid_format(&partner.uuid, uuid);
	err = image_set(img, k->lwTrustTenant, lw_strdup(t->arena, uuid));
	return err ? err : guard_trust_groups(img);
}

int guard_partner_domain(void *ctx, struct lw_bytes domain, struct lw_uuid *ret)
{
	struct store_txn *t = ctx;
	struct eng_tenant partner;
	uint32_t id;
	char *name;
	int err = lw_domain_canon(t->arena, domain, &name);

	if (err)
		return err == LW_ENOMEM ? err : LW_ENOTFOUND;
	err = living(t, name, &id, &partner);
	if (err)
		return err;
	if (id == t->tenant)
		return LW_EINVAL;
	*ret = partner.uuid;
	return LW_OK;
}
