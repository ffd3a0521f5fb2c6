/* SPDX-License-Identifier: Apache-2.0 */
/* No escalation: the access policy's questions, asked with what is in the tables. */
#include "store/guard.h"

#define POLICY_SURE 1024 /* so many rules fit, however large they are */

int guard_refuse(struct store_txn *t, const struct access_why *why, const char *what)
{
	return ops_say(t, LW_EACCES, "%s: %s", what, access_reason_text(why->reason));
}

static bool is_under(void *ctx, uint64_t id, uint64_t base)
{
	struct store_txn *t = ctx;

	return eng_entry_under(t->eng, t->tenant, id, base);
}

struct access_above guard_above(struct store_txn *t)
{
	return (struct access_above){ t, is_under };
}

int guard_target(struct store_txn *t, const struct store_dn *dn, struct eng_entry *ret)
{
	struct store_view *v;
	uint64_t id;
	int err;

	if (!dn)
		return LW_EINVAL;
	if (t->session->role == STORE_ROLE_INIT) {
		err = ops_locate(t, dn, &id);
		return err ? err : eng_entry(t->eng, t->tenant, id, ret);
	}
	err = ops_find(t, dn, &v);
	if (!err)
		*ret = v->e;
	return err;
}

int guard_attr(struct store_txn *t, const struct schema_attr *a)
{
	if (a->flags & SCHEMA_SECRET)
		return ops_say(t, LW_EUNWILLING, "%s is secret: it is set by password modify only", a->names[0]);
	if (a->flags & (SCHEMA_NO_USER_MOD | SCHEMA_COMPUTED) || ops_is_computed(a))
		return ops_say(t, LW_ECONSTRAINT, "%s: no user modification allowed", a->names[0]);
	return LW_OK;
}

int guard_names(struct store_txn *t, const struct dn_rdn *rdn)
{
	int err = LW_OK;

	for (unsigned i = 0; !err && i < rdn->navas; i++) {
		err = guard_attr(t, rdn->avas[i].attr);
		if (!err && rdn->avas[i].attr == ops_known()->lwGrantText)
			err = ops_say(t, LW_EUNWILLING, "lwGrantText can't be part of a name");
	}
	return err;
}

int guard_no_record(struct store_txn *t, const struct eng_entry *e)
{
	if (e->flags & (ACCESS_CERTIFICATE | OPS_RECORDS))
		return ops_say(t, LW_EUNWILLING, "records of certificates and tokens are not written so");
	return LW_OK;
}

int guard_removable(struct store_txn *t, const struct eng_entry *e)
{
	if (e->flags & OPS_FIXED || !e->parent)
		return ops_say(t, LW_EUNWILLING, "the tenant needs this entry");
	if (ops_policy_names(t->session->policy, e->id))
		return ops_say(t, LW_EUNWILLING, "a grant refers to this entry");
	return LW_OK;
}

/* ---- objects of entries in the making ---- */

static int image_tags(const struct image *img, struct access_object *o)
{
	const struct schema_attr *tag = ops_known()->lwTag;
	struct lw_arena *arena = img->txn->arena;
	struct lw_bytes *list;
	size_t total = 0;

	for (size_t i = 0; i < img->n; i++)
		if (img->attrs[i].attr == tag)
			total += img->attrs[i].n;
	list = lw_allocn(arena, total + 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	o->tags = list;
	o->ntags = 0;
	for (size_t i = 0; i < img->n; i++)
		for (size_t j = 0; img->attrs[i].attr == tag && j < img->attrs[i].n; j++)
			if (schema_norm(tag, NULL, arena, img->attrs[i].values[j], &list[o->ntags]) == LW_OK)
				o->ntags++;
	return LW_OK;
}

static int image_managers(const struct image *img, struct access_object *o)
{
	struct lw_bytes none = { 0 };
	const struct image_attr *a = image_find(img, ops_known()->lwManagedBy, none);
	uint64_t *list;
	size_t n = 0;

	o->managers = NULL;
	o->nmanagers = 0;
	if (!image_present(a))
		return LW_OK;
	list = lw_allocn(img->txn->arena, image_count(a) + 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	for (size_t i = 0; !a->cleared && i < a->stored.nrefs; i++) {
		bool gone = false;
		for (size_t j = 0; j < a->nremoved; j++)
			gone |= a->removed[j] == eng_ref_at(&a->stored, i);
		if (!gone)
			list[n++] = eng_ref_at(&a->stored, i);
	}
	for (size_t i = 0; i < a->nadded; i++)
		list[n++] = a->added[i];
	o->managers = list;
	o->nmanagers = n;
	return LW_OK;
}

int guard_object(const struct image *img, struct access_object *ret)
{
	struct eng_entry head = img->head;
	int err;

	head.flags &= ~(uint32_t)(OPS_TAGS | OPS_MANAGERS);
	err = ops_object(img->txn, &head, ret);
	if (!err)
		err = image_tags(img, ret);
	if (!err)
		err = image_managers(img, ret);
	return err;
}

/* ---- memberships ---- */

static int check_members(const struct image *img, bool enters)
{
	struct store_txn *t = img->txn;
	struct access_above above = guard_above(t);
	struct access_why why;
	const uint64_t *groups;
	size_t n;
	int err = ops_groups(t->eng, t->tenant, img->head.id, true, &groups, &n);

	if (err)
		return err;
	err = access_check_member(t->session->rights, groups, n, ops_manages(t->eng, t->tenant, 0, groups, n), enters,
		&above, &why);
	return err ? guard_refuse(t, &why, "membership") : LW_OK;
}

static int guard_members(const struct image *img)
{
	const struct ops_known *k = ops_known();
	int err = LW_OK;

	if (!img->head.id)
		return LW_OK; /* a new group is named by no rule and is in no other */
	for (size_t i = 0; !err && i < img->n; i++) {
		const struct image_attr *a = &img->attrs[i];
		if (!a->changed || (a->attr != k->member && a->attr != k->uniqueMember))
			continue;
		if (a->nadded)
			err = check_members(img, true);
		if (!err && a->nremoved)
			err = check_members(img, false);
	}
	return err;
}

int guard_group_removed(struct store_txn *t, const struct eng_entry *group)
{
	struct image img = { .txn = t, .head = *group };

	return check_members(&img, false);
}

/* ---- tags, managers, place, kind, names ---- */

static bool names_changed(const struct image *img, unsigned kind)
{
	for (size_t i = 0; i < img->n; i++)
		if (img->attrs[i].changed && access_is_identity(kind, img->attrs[i].attr))
			return true;
	return false;
}

static bool object_changed(const struct eng_entry *before, const struct image *img)
{
	const struct ops_known *k = ops_known();

	if (before->parent != img->head.parent || ((before->flags ^ img->head.flags) & OPS_KIND_MASK))
		return true;
	for (size_t i = 0; i < img->n; i++)
		if (img->attrs[i].changed && (img->attrs[i].attr == k->lwTag || img->attrs[i].attr == k->lwManagedBy))
			return true;
	return false;
}

/* Who comes back gets back what he held: as with a new password for him. */
static int guard_enabled(const struct eng_entry *before, const struct image *after)
{
	if (!before || !(before->flags & OPS_DISABLED) || after->head.flags & OPS_DISABLED || !(before->flags & OPS_PRINCIPALS))
		return LW_OK;
	return guard_secret(after->txn, before);
}

int guard_change(const struct eng_entry *before, const struct image *after)
{
	struct store_txn *t = after->txn;
	const struct access_rights *author = t->session->rights;
	struct access_object old, new;
	struct access_why why;
	bool changed = !before || object_changed(before, after);
	int err = guard_enabled(before, after);

	if (err)
		return err;
	if (!changed && !names_changed(after, after->head.flags & OPS_KIND_MASK))
		return guard_members(after);
	err = guard_object(after, &new);
	if (!err && before)
		err = ops_object(t, before, &old);
	if (err)
		return err;
	if (changed && access_check_change(author, before ? &old : NULL, &new, &why))
		return guard_refuse(t, &why, "tags, managers, place or kind");
	if (before && names_changed(after, new.kind) && access_check_name(author, &new, &t->ctx, &why))
		return guard_refuse(t, &why, "identity name");
	return guard_members(after);
}

int guard_secret(struct store_txn *t, const struct eng_entry *owner)
{
	struct access_above above = guard_above(t);
	struct access_why why;
	struct ops_who who;
	int err = LW_OK;

	if (owner->id)
		err = ops_who(t->eng, t->tenant, &owner->uuid, true, &who);
	else /* what everybody of its kind will hold; an id that nothing has */
		who.subject = (struct access_subject){ .tenant = t->tenant, .id = UINT64_MAX, .who = ops_who_kind(owner->flags) };
	if (err)
		return err == LW_ENOTFOUND ? ops_say(t, LW_EUNWILLING, "only principals have secrets") : err;
	err = access_check_secret(t->session->rights, &who.subject, owner->id && ops_protected(t, owner->id),
		&above, &why);
	return err ? guard_refuse(t, &why, "whoever may be him must hold what he holds") : LW_OK;
}

/* ---- grants ---- */

/* A name in a rule: which class of attribute, under any place of the tenant. */
static int resolve_dn(struct store_txn *t, struct lw_bytes name, uint64_t *ret)
{
	struct lw_bytes text = name;
	struct store_dn *dn;
	char *full;
	int err = dn_parse(t->arena, text, &dn);

	if (!err && ops_locate(t, dn, ret) == LW_OK)
		return LW_OK;
	full = lw_printf(t->arena, "%.*s,%s", (int)name.n, name.p, t->session->suffix_text);
	if (!full)
		return LW_ENOMEM;
	err = dn_parse(t->arena, lw_str(full), &dn);
	return err || ops_locate(t, dn, ret) ? LW_ENOTFOUND : LW_OK;
}

static int only_kind(struct store_txn *t, unsigned kind, uint64_t *inout)
{
	struct eng_entry e;
	int err = eng_entry(t->eng, t->tenant, *inout, &e);

	return err ? err : e.flags & kind ? LW_OK : LW_ENOTFOUND;
}

static int resolve_name(void *ctx, enum access_name what, struct lw_bytes name, uint64_t *ret)
{
	static const unsigned kinds[] = { [ACCESS_NAME_GROUP] = ACCESS_GROUP, [ACCESS_NAME_USER] = ACCESS_PERSON,
		[ACCESS_NAME_SERVICE] = ACCESS_SERVICE, [ACCESS_NAME_HOST] = ACCESS_HOST,
		[ACCESS_NAME_CLIENT] = ACCESS_APPLICATION, [ACCESS_NAME_GRANT] = ACCESS_GRANT,
		[ACCESS_NAME_POLICY] = ACCESS_POLICY };
	struct store_txn *t = ctx;
	const struct ops_known *k = ops_known();
	struct lw_bytes norm;
	struct eng_ids *ids = NULL;
	uint64_t id, from = 0;

	if (what == ACCESS_NAME_ENTRY || (name.n && memchr(name.p, '=', name.n))) {
		if (resolve_dn(t, name, &id))
			return LW_ENOTFOUND;
		if (what != ACCESS_NAME_ENTRY && only_kind(t, kinds[what], &id))
			return LW_ENOTFOUND;
		*ret = id;
		return LW_OK;
	}
	if (what == ACCESS_NAME_USER) {
		if (schema_norm(k->uid, NULL, t->arena, name, &norm) ||
			eng_by_name(t->eng, t->tenant, k->uid->id, norm, &id) || only_kind(t, ACCESS_PERSON, &id))
			return LW_ENOTFOUND;
		*ret = id;
		return LW_OK;
	}
	if (schema_norm(k->cn, NULL, t->arena, name, &norm) ||
		eng_ids_eq(t->eng, t->tenant, k->cn->id, norm, &ids) || !ids)
		return LW_ENOTFOUND;
	*ret = 0;
	for (; eng_ids_seek(ids, from, &id); from = id + 1) {
		struct eng_entry e;
		struct eng_attr a;
		struct lw_bytes v, n;
		size_t pos = 0;
		bool same = false;
		if (eng_entry(t->eng, t->tenant, id, &e) || !(e.flags & kinds[what]) || !eng_attr_find(&e, k->cn->id, &a))
			continue;
		while (!same && eng_value_next(&a, &pos, &v))
			same = !schema_norm(k->cn, NULL, t->arena, v, &n) && lw_eq(n, norm);
		if (same && *ret)
			return LW_ENOTFOUND; /* two of the name: say which by its DN */
		if (same)
			*ret = id;
	}
	return *ret ? LW_OK : LW_ENOTFOUND;
}

/* With it, can the tenant's policy still be loaded? One that can't would lock everybody out, also from mending it. */
static int policy_holds(struct store_txn *t, uint64_t grant, struct lw_bytes encoded)
{
	size_t n = t->session->policy ? access_policy_count(t->session->policy->access) : 0;
	struct access_policy *p;
	struct lw_bytes enc;
	uint64_t id, from = 1;
	int err;

	if (n + 1 < POLICY_SURE)
		return LW_OK;
	p = access_policy_new(t->tenant, 0);
	if (!p)
		return LW_ENOMEM;
	err = access_policy_add(p, grant, encoded);
	while (!err && (err = eng_grant_next(t->eng, t->tenant, from, &id, &enc)) == LW_OK) {
		err = id == grant ? LW_OK : access_policy_add(p, id, enc);
		from = id + 1;
	}
	access_policy_unref(p);
	return err == LW_ENOTFOUND ? LW_OK : err == LW_ENOMEM ? LW_ENOMEM :
		ops_say(t, LW_EADMINLIMIT, "the tenant has as many grants as it may have");
}

int guard_grant(const struct image *img, struct lw_bytes *ret_encoded)
{
	struct store_txn *t = img->txn;
	struct lw_bytes none = { 0 };
	const struct image_attr *a = image_find(img, ops_known()->lwGrantText, none);
	struct access_resolver resolver = { t, resolve_name, guard_partner_domain };
	struct access_above above = guard_above(t);
	struct access_rule *rule;
	struct access_ast *ast;
	struct access_why why;
	struct lw_writer w;
	char msg[ACCESS_ERR] = "";
	int err;

	if (!image_present(a))
		return LW_EOBJCLASS;
	err = access_parse(t->arena, a->values[0], &ast, msg);
	if (!err)
		err = access_compile(t->arena, ast, &resolver, &rule, msg);
	if (err)
		return ops_say(t, err == LW_ENOMEM ? err : LW_ECONSTRAINT, "lwGrantText %s", msg);
	if (access_covers(t->session->rights, rule, &above, &why))
		return guard_refuse(t, &why, "the grant gives what its author does not hold");
	lw_writer_init(&w, ACCESS_MAX_ENCODED);
	access_rule_encode(&w, rule);
	err = w.err;
	*ret_encoded = lw_dup(t->arena, lw_written(&w));
	lw_writer_done(&w);
	if (!err && !ret_encoded->p)
		err = LW_ENOMEM;
	return err ? err : policy_holds(t, img->head.id, *ret_encoded);
}

int guard_grant_removed(struct store_txn *t, const struct eng_entry *grant)
{
	struct access_above above = guard_above(t);
	struct access_why why;
	int err = access_check_removal(t->session->rights, grant->id, &above, &why);

	return err ? guard_refuse(t, &why, "removing the grant gives what its remover does not hold") : LW_OK;
}
