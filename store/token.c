/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: may the session have one about this principal for that relying party, and what may stand in it? */
#include "store/ops.h"

#define MAX_VALUE 4096 /* octets: longer values are for no token */

/* The claims that are more than a name: an attribute's values. */
static const struct {
	const char *claim, *attr;
} claim_attrs[] = { { "name", "cn" }, { "given_name", "givenName" }, { "family_name", "sn" },
	{ "preferred_username", "uid" }, { "website", "labeledURI" }, { "email", "mail" },
	{ "locale", "preferredLanguage" }, { "phone_number", "telephoneNumber" },
	{ "upn", "krbPrincipalName" } };

struct claims {
	struct store_txn *t;
	struct ops_who *who;
	struct access_set set;
	struct store_claim *list;
	size_t n;
	int err;
};

static struct lw_bytes *room(struct claims *c, const char *name, size_t n)
{
	struct lw_bytes *values = c->err ? NULL : lw_allocn(c->t->arena, n + 1, sizeof(*values));

	if (!values) {
		c->err = c->err ? c->err : LW_ENOMEM;
		return NULL;
	}
	c->list[c->n++] = (struct store_claim){ name, values, n };
	return values;
}

static void put_one(struct claims *c, const char *name, struct lw_bytes value)
{
	struct lw_bytes *v = room(c, name, 1);

	if (v)
		v[0] = value;
}

static void put_values(struct claims *c, const char *name, const struct eng_attr *a)
{
	struct lw_bytes v, *list;
	size_t n = 0, pos = 0;

	while (eng_value_next(a, &pos, &v))
		n += v.n <= MAX_VALUE;
	list = n ? room(c, name, n) : NULL;
	for (pos = n = 0; list && eng_value_next(a, &pos, &v);)
		if (v.n <= MAX_VALUE)
			list[n++] = v;
}

/* What a group is called: the one value of its RDN where no two may be called alike (ou=groups), elsewhere its DN. Another cn is what whoever
 * made it likes. */
static int group_name(struct claims *c, const struct eng_entry *e, uint64_t groups, struct lw_bytes *ret)
{
	struct store_view v = { .txn = c->t, .e = *e };
	struct lw_arena *arena = c->t->arena;
	struct dn_rdn rdn;
	struct lw_writer w;
	int err = dn_parse_rdn(arena, e->rdn_text, &rdn);

	if (!err && e->parent == groups && rdn.navas == 1 && rdn.avas[0].attr == ops_known()->cn) {
		*ret = rdn.avas[0].value;
		return LW_OK;
	}
	lw_writer_init(&w, DN_MAX_TEXT);
	store_view_dn(&v, &w);
	if (!err)
		err = w.err;
	if (!err) {
		*ret = lw_dup(arena, lw_written(&w));
		err = ret->p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	return err;
}

/* The groups that the subject is in, also through groups. */
static void put_groups(struct claims *c)
{
	struct lw_bytes *list = room(c, "groups", c->who->subject.ngroups);
	struct eng_entry e;
	uint64_t groups = 0;
	size_t n = 0;

	if (ops_child(c->t, OPS_SUFFIX_ID, ops_known()->ou, "groups", &groups))
		groups = 0;
	for (size_t i = 0; list && !c->err && i < c->who->subject.ngroups; i++) {
		c->err = eng_entry(c->t->eng, c->t->tenant, c->who->subject.groups[i], &e);
		if (!c->err && e.flags & ACCESS_GROUP)
			c->err = group_name(c, &e, groups, &list[n++]);
	}
	if (list)
		c->list[c->n - 1].n = n;
}

static void put_claim(struct claims *c, const char *name)
{
	char *text = lw_alloc(c->t->arena, LW_UUID_TEXT);
	struct eng_tenant tenant;
	struct eng_attr a;

	if (!text) {
		c->err = LW_ENOMEM;
	} else if (!strcmp(name, "sub")) {
		lw_uuid_format(&c->who->e.uuid, text);
		put_one(c, name, lw_str(text));
	} else if (!strcmp(name, "groups")) {
		put_groups(c);
	} else if (!strcmp(name, "tenant")) {
		c->err = eng_tenant(c->t->eng, c->t->tenant, &tenant);
		if (!c->err)
			put_one(c, name, tenant.name);
	} else if (!strcmp(name, "acr") || !strcmp(name, "amr")) {
		room(c, name, 0); /* what it is stands in the capability */
	}
	for (size_t i = 0; i < sizeof(claim_attrs) / sizeof(claim_attrs[0]); i++)
		if (!strcmp(name, claim_attrs[i].claim) &&
		        eng_attr_find(&c->who->e, schema_attr(lw_str(claim_attrs[i].attr))->id, &a))
			put_values(c, name, &a);
}

/* Attributes as they are: no secret ones, none that only the directory reads, no references (they are
 * entries). */
static bool releasable(const struct schema_attr *a)
{
	return !(a->flags & (SCHEMA_SECRET | SCHEMA_REF | SCHEMA_NO_USER_MOD | SCHEMA_COMPUTED)) &&
	       (!(a->flags & SCHEMA_OPERATIONAL) || a->flags & SCHEMA_ORDINARY) &&
	       a != ops_known()->objectClass;
}

static int take_claims(struct claims *c, struct store_token *ret)
{
	size_t room_for = 0, pos = 0;
	struct eng_attr a;

	while (eng_attr_next(&c->who->e, &pos, &a))
		room_for++;
	for (size_t i = 0; access_claims[i]; i++)
		room_for++;
	c->list = lw_allocn(c->t->arena, room_for, sizeof(*c->list));
	if (!c->list)
		return LW_ENOMEM;
	for (size_t i = 0; !c->err && access_claims[i]; i++)
		if (c->set.claims >> i & 1)
			put_claim(c, access_claims[i]);
	for (pos = 0; !c->err && eng_attr_next(&c->who->e, &pos, &a);) {
		const struct schema_attr *attr = a.options ? NULL : schema_attr_id(a.id);
		if (attr && releasable(attr) && access_set_has(&c->set, attr))
			put_values(c, attr->names[0], &a);
	}
	ret->claims = c->list;
	ret->n_claims = c->n;
	return c->err;
}

/* What the decision is about: the relying party, an `application`; one that is not registered, and none, are
 * of the kind `entry`. */
static int object_of(
        struct store_txn *t, struct lw_bytes audience, const struct lw_uuid *app, struct access_object *ret)
{
	const struct schema_attr *entity = ops_known()->lwEntityId;
	struct lw_bytes norm, v;
	struct eng_entry e;
	struct eng_attr a;
	uint64_t id;
	int err = LW_ENOTFOUND;

	if (audience.n && schema_norm(entity, NULL, t->arena, audience, &norm) == LW_OK)
		err = eng_by_name(t->eng, t->tenant, entity->id, norm, &id);
	if (!err)
		err = eng_entry(t->eng, t->tenant, id, &e);
	if (!err && !(eng_attr_find(&e, entity->id, &a) && eng_value_first(&a, &v) && lw_eq(v, audience)))
		err = LW_ENOTFOUND;
	if (err && err != LW_ENOTFOUND)
		return err;
	if (err) {
		*ret = (struct access_object){ .tenant = t->tenant, .kind = ACCESS_ENTRY };
		err = lw_uuid_zero(app) ? LW_OK : LW_EACCES;
	} else if (e.flags & OPS_DISABLED || !(e.flags & ACCESS_APPLICATION) ||
	           (!lw_uuid_zero(app) && !lw_uuid_eq(app, &e.uuid))) {
		err = LW_EACCES;
	} else {
		err = ops_object(t, &e, ret);
	}
	ret->audience = audience;
	return err;
}

/* Another's name needs the right to speak as he. */
static int check_subject(struct store_txn *t, const struct ops_who *who)
{
	struct store_view v;

	if (who->e.id == t->session->subject_id || ops_decide(t, ACCESS_IMPERSONATE, &who->e, NULL))
		return LW_OK;
	return ops_view_in(t, who->e.id, &v) == LW_ENOTFOUND ? LW_ENOTFOUND : LW_EACCES;
}

int store_may_token(struct store_txn *t, const struct lw_uuid *subject, struct lw_bytes audience,
        const struct lw_uuid *app, struct store_token *ret)
{
	struct store_token token = { 0 };
	struct claims c = { .t = t };
	struct access_object o;
	struct access_why why;
	struct ops_who who;
	int err;

	if (!access_any(t->session->rights, ACCESS_TOKEN))
		return LW_EACCES;
	err = ops_who(t->eng, t->tenant, subject, false, &who);
	if (err == LW_EDISABLED || (!err && !(who.e.flags & OPS_HOLDERS)))
		err = LW_ENOTFOUND;
	if (!err)
		err = check_subject(t, &who);
	if (!err)
		err = object_of(t, audience, app, &o);
	if (err)
		return err;
	if (!access_decide(t->session->rights, ACCESS_TOKEN, &o, NULL, &t->ctx, &why))
		return LW_EACCES;
	access_attr_set(t->session->rights, ACCESS_TOKEN, &o, &t->ctx, &c.set);
	c.who = &who;
	token.max_life = why.max_life;
	err = ops_principal(&who.e, &token.subject);
	if (!err)
		err = take_claims(&c, &token);
	if (!err)
		*ret = token;
	return err;
}

bool store_token_cancelled(struct store_txn *t, struct lw_bytes id)
{
	char name[OPS_RECORD_NAME];
	struct eng_entry e;

	/* whoever can't be told, and an id that can't have been cancelled: as if it were */
	if (!ops_is_role(t) || ops_token_name(id, name))
		return true;
	switch (ops_record(t, "tokens", name, &e)) {
	case LW_OK:
		return true;
	case LW_ENOTFOUND:
		return false;
	default:
		return true;
	}
}
