/* SPDX-License-Identifier: Apache-2.0 */
/* Compare, and the questions of those who issue and seal. */
#include "store/access_rule.h"
#include "store/guard.h"
#include "store/ops.h"

int store_compare(struct store_txn *t, const struct store_dn *dn, struct lw_bytes desc, struct lw_bytes value)
{
	const struct schema_attr *attr;
	struct lw_bytes options, norm;
	struct store_view *v, probe;
	struct access_set seen;
	struct filter f = { .kind = FILTER_EQ };
	struct ops_query q;
	int err = ops_find(t, dn, &v);

	if (err)
		return err;
	err = schema_desc(t->arena, desc, &attr, &options);
	if (err)
		return err == LW_EINVAL ? LW_EUNDEFATTR : err;
	if (attr->flags & SCHEMA_SECRET || !ops_decide(t, ACCESS_COMPARE, &v->e, attr))
		return LW_EACCES;
	err = schema_norm(attr, NULL, t->arena, value, &norm);
	if (err)
		return err;
	f.attr = attr;
	f.options = options;
	f.norm = norm;
	f.value = value;
	/* decided: what compare gives is what evaluation may look at, and nothing else */
	memset(&seen, 0, sizeof(seen));
	if (attr->id < ACCESS_ATTR_BITS)
		seen.bits[attr->id / 64] = UINT64_C(1) << (attr->id % 64);
	else
		seen.rest = true;
	probe = *v;
	probe.search = &seen;
	if ((err = ops_query_bind(t, t->arena, &f, &q)))
		return err;
	switch (ops_eval(&probe, &q, t->arena)) {
	case FILTER_TRUE:
		return LW_OK;
	case FILTER_UNDEF:
		return LW_EMATCHING;
	default:
		f.kind = FILTER_PRESENT;
		return ops_eval(&probe, &q, t->arena) == FILTER_TRUE ? LW_ENOTFOUND : LW_ENOATTR;
	}
}

/* ---- principals, for roles ---- */

static void first_value(const struct eng_entry *e, const struct schema_attr *attr, char *ret, size_t size)
{
	struct eng_attr a;
	struct lw_bytes v;

	if (!ret[0] && eng_attr_find(e, attr->id, &a) && eng_value_first(&a, &v) && v.n < size) {
		memcpy(ret, v.p, v.n);
		ret[v.n] = 0;
	}
}

int ops_principal(const struct eng_entry *e, struct store_principal *ret)
{
	const struct ops_known *k = ops_known();
	struct store_principal p = { .id = e->id, .uuid = e->uuid, .version = e->version };

	if (!(e->flags & OPS_PRINCIPALS))
		return LW_ENOTFOUND;
	p.credential_version = ops_credential_version(e);
	p.disabled = (e->flags & OPS_DISABLED) != 0;
	p.user = (e->flags & OPS_KIND_MASK) == ACCESS_PERSON;
	if (p.user)
		first_value(e, k->uid, p.name, sizeof(p.name));
	first_value(e, k->cn, p.name, sizeof(p.name));
	first_value(e, k->krbPrincipalName, p.krb_name, sizeof(p.krb_name));
	*ret = p;
	return LW_OK;
}

static int principal(struct store_txn *t, int err, uint64_t id, struct store_principal *ret)
{
	struct eng_entry e;

	if (!ops_is_role(t))
		return LW_EACCES;
	if (!err)
		err = eng_entry(t->eng, t->tenant, id, &e);
	return err ? err : ops_principal(&e, ret);
}

int store_principal_dn(struct store_txn *t, const struct store_dn *dn, struct store_principal *ret)
{
	uint64_t id = 0;
	int err = ops_locate(t, dn, &id);

	return principal(t, err, id, ret);
}

int store_principal_uuid(struct store_txn *t, const struct lw_uuid *uuid, struct store_principal *ret)
{
	uint64_t id = 0;
	int err = eng_by_uuid(t->eng, t->tenant, uuid, &id);

	return principal(t, err, id, ret);
}

int store_principal_name(struct store_txn *t, const struct schema_attr *kind, struct lw_bytes value,
	struct store_principal *ret)
{
	struct lw_bytes norm;
	uint64_t id = 0;
	int err = kind->flags & SCHEMA_UNIQUE ? LW_OK : LW_EINVAL;

	if (!err)
		err = schema_norm(kind, NULL, t->arena, value, &norm) ? LW_ENOTFOUND :
			eng_by_name(t->eng, t->tenant, kind->id, norm, &id);
	return principal(t, err, id, ret);
}

int store_sealed(struct store_txn *t, const struct lw_uuid *uuid, uint16_t attr, enum store_secret_class cls,
	struct lw_bytes *ret, uint64_t *ret_generation)
{
	const struct schema_attr *a = schema_attr_id(attr);
	struct eng_entry e;
	int err;

	if (!ops_is_role(t) || !a || !(a->flags & SCHEMA_SECRET))
		return LW_EACCES;
	err = ops_by_uuid(t->eng, t->tenant, uuid, &e);
	if (err)
		return err;
	if (!ops_decide(t, ACCESS_EXPORT, &e, a))
		return LW_EACCES;
	return eng_sealed(t->eng, t->tenant, e.id, attr, (uint8_t)cls, ret, ret_generation);
}

/* ---- decisions ---- */

int store_may(struct store_txn *t, enum access_verb verb, const struct lw_uuid *target, const struct schema_attr *attr)
{
	struct store_view v;
	int err;

	if (!access_any(t->session->rights, verb))
		return LW_EACCES;
	if (!target)
		return verb == ACCESS_ADMINISTER && ops_may_administer(t) ? LW_OK : LW_EACCES;
	err = ops_by_uuid(t->eng, t->tenant, target, &v.e);
	if (err)
		return err;
	if (ops_decide(t, verb, &v.e, attr)) {
		/* who has somebody's keys is him: no less is needed than to set them */
		bool becomes = verb == ACCESS_EXPORT || (verb == ACCESS_SET_SECRET && v.e.flags & OPS_PRINCIPALS);
		err = becomes && v.e.id != t->session->subject_id ? guard_secret(t, &v.e) : LW_OK;
		if (err != LW_EACCES)
			return err;
	}
	err = ops_view_in(t, v.e.id, &v);
	return err ? err : LW_EACCES;
}

static void explain_rule(struct store_txn *t, const struct access_why *why, struct lw_writer *w)
{
	struct eng_attr a;
	struct eng_entry e;
	struct lw_bytes v, dn;

	lw_put_bytes(w, lw_str(access_reason_text(why->reason)));
	if ((why->reason != ACCESS_BY_PERMIT && why->reason != ACCESS_BY_FORBID) || why->of_role)
		return;
	if (eng_entry(t->eng, t->tenant, why->grant_id, &e) || ops_dn_of(t, &e, &dn))
		return;
	lw_put_bytes(w, LW_LIT(": "));
	lw_put_bytes(w, dn);
	if (eng_attr_find(&e, ops_known()->lwGrantText->id, &a) && eng_value_first(&a, &v)) {
		lw_put_bytes(w, LW_LIT(": "));
		lw_put_bytes(w, v);
	}
}

/* The best case of what the question leaves open: for a certificate one's own names and a profile that some
 * rule speaks of, for a token the relying party's own name. */
static bool decide_open(const struct access_rights *rights, enum access_verb verb, struct access_object *o,
	const struct eng_entry *e, const struct schema_attr *attr, const struct access_ctx *ctx,
	struct access_why *why)
{
	uint32_t i = rights->permit[ACCESS_ENROL], end = rights->first[ACCESS_ENROL + 1];
	struct eng_attr a;
	bool yes;

	o->names_theirs = true;
	o->names_owned = e->id == rights->subject.id;
	if (eng_attr_find(e, ops_known()->lwEntityId->id, &a))
		eng_value_first(&a, &o->audience);
	yes = access_decide(rights, verb, o, attr, ctx, why);
	for (; verb == ACCESS_ENROL && !yes && i < end; i++) {
		o->profile = rights->rules[i]->profile;
		yes = access_decide(rights, verb, o, attr, ctx, why);
	}
	return yes;
}

/* What is done to somebody that makes whoever did it him. */
static bool becomes(enum access_verb verb, const struct access_subject *who, const struct eng_entry *e, const struct access_object *o)
{
	if (!who->id || who->id == e->id || !(e->flags & OPS_PRINCIPALS))
		return false;
	return verb == ACCESS_SET_SECRET || verb == ACCESS_EXPORT ||
		(verb == ACCESS_ENROL && !lw_eq(o->profile, LW_LIT("tls-server")));
}

static int explain_becoming(struct store_txn *t, const struct access_rights *rights, const struct eng_entry *e, bool *inout_permit,
	struct lw_writer *text)
{
	struct access_above above = guard_above(t);
	struct access_why why;
	struct ops_who w;
	int err = ops_who(t->eng, t->tenant, &e->uuid, true, &w);

	if (err || !access_check_secret(rights, &w.subject, ops_protected(t, e->id), &above, &why))
		return err;
	*inout_permit = false;
	lw_put_bytes(text, LW_LIT("whoever may be him must hold what he holds: "));
	why.reason = why.grant_id ? ACCESS_BY_PERMIT : why.reason;
	explain_rule(t, &why, text);
	return LW_OK;
}

struct question {
	enum access_verb verb;
	struct eng_entry e;
	struct access_object o;
	const struct schema_attr *attr;
};

static int question(struct store_txn *t, enum access_verb verb, const struct store_dn *what, const struct schema_attr *attr,
	struct question *ret)
{
	uint64_t id;
	int err = ops_locate(t, what, &id);

	ret->verb = verb;
	ret->attr = attr;
	if (!err)
		err = eng_entry(t->eng, t->tenant, id, &ret->e);
	return err ? err : ops_object(t, &ret->e, &ret->o);
}

static int answer(struct store_txn *t, struct question *q, const struct access_subject *who, bool *ret_permit,
	struct lw_writer *text)
{
	struct access_rights *rights = t->session->policy ? access_bind(t->session->policy->access, who) : NULL;
	struct access_ctx ctx = t->ctx;
	struct access_why why;
	int err = LW_OK;

	if (!rights)
		return LW_ENOMEM;
	/* as if just authenticated by password over a protected channel */
	ctx.auth_time = ctx.now;
	ctx.methods = LW_CAP_PASSWORD;
	ctx.mfa = ctx.asserted = false;
	ctx.confidential = true;
	ctx.actor = NULL;
	*ret_permit = decide_open(rights, q->verb, &q->o, &q->e, q->attr, &ctx, &why);
	if (*ret_permit && becomes(q->verb, who, &q->e, &q->o))
		err = explain_becoming(t, rights, &q->e, ret_permit, text);
	if (!err && !text->n)
		explain_rule(t, &why, text);
	access_rights_free(rights);
	return err;
}

int store_explain_partner(struct store_txn *t, struct lw_bytes domain, struct lw_bytes group, enum access_verb verb,
	const struct store_dn *what, const struct schema_attr *attr, bool *ret_permit, struct lw_writer *text)
{
	struct lw_bytes name;
	struct access_partner as = { .groups = &name, .ngroups = 1 };
	struct access_subject who = { .who = ACCESS_WHO_PERSON, .partner = &as };
	struct question q;
	int err = ops_may_administer(t) ? guard_partner_domain(t, domain, &as.tenant) : LW_EACCES;

	if (!err && schema_norm(ops_known()->cn, NULL, t->arena, group, &name))
		err = LW_ENOTFOUND;
	if (!err)
		err = question(t, verb, what, attr, &q);
	if (err)
		return err;
	if (!t->session->policy || !ops_trust_with(t->session->policy, &as.tenant)) {
		*ret_permit = false;
		lw_put_bytes(text, LW_LIT("there is no trust with this tenant here"));
		return LW_OK;
	}
	err = answer(t, &q, &who, ret_permit, text);
	if (!err && *ret_permit)
		lw_put_bytes(text, LW_LIT(" (if the partner holds a trust with this tenant too, and offers the group)"));
	return err;
}

int store_explain(struct store_txn *t, const struct lw_uuid *who, enum access_verb verb, const struct store_dn *what,
	const struct schema_attr *attr, bool *ret_permit, struct lw_writer *text)
{
	struct question q;
	struct ops_who w;
	int err;

	if (!ops_may_administer(t))
		return LW_EACCES;
	if (lw_uuid_zero(who))
		w.subject = (struct access_subject){ .tenant = t->tenant, .who = ACCESS_WHO_ANONYMOUS };
	else if ((err = ops_who(t->eng, t->tenant, who, true, &w)))
		return err;
	err = question(t, verb, what, attr, &q);
	if (err)
		return err;
	if (!lw_uuid_zero(who) && w.e.flags & OPS_DISABLED) {
		*ret_permit = false;
		lw_put_bytes(text, LW_LIT("the principal is disabled"));
		return LW_OK;
	}
	return answer(t, &q, &w.subject, ret_permit, text);
}
