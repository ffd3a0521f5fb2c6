/* SPDX-License-Identifier: Apache-2.0 */
/* Add (RFC 4511 4.7). */
#include "store/guard.h"

static int check_parent(struct store_txn *t, const struct store_dn *dn, struct eng_entry *ret)
{
	struct store_dn up = { .n = dn->n - 1, .rdn = dn->rdn + 1 };

	if (dn->n < 2 || dn->n <= t->session->nsuffix) {
		/* nothing is made above or beside the suffix; the suffix itself exists */
		uint64_t id;
		if (ops_locate(t, dn, &id) == LW_OK)
			return LW_EEXIST;
		return LW_ENOTFOUND;
	}
	return guard_target(t, &up, ret);
}

static int take_attrs(struct image *img, const struct store_op *op)
{
	struct store_txn *t = img->txn;
	const struct schema_attr *attr;
	struct lw_bytes options;
	int err;

	for (size_t i = 0; i < op->nattrs; i++) {
		const struct store_attr_values *a = &op->attrs[i];
		err = schema_desc(t->arena, a->desc, &attr, &options);
		if (err)
			return ops_say(t, LW_EUNDEFATTR, "%.*s: unknown attribute type", (int)a->desc.n, a->desc.p);
		err = guard_attr(t, attr);
		if (!err && !a->n)
			err = ops_say(t, LW_ESYNTAX, "%s: no values given", attr->names[0]);
		if (!err && image_find(img, attr, options))
			err = ops_say(t, LW_EVALEXISTS, "%s: given twice", attr->names[0]);
		if (!err)
			err = image_add(img, attr, options, a->values, a->n);
		if (err)
			return err;
	}
	return LW_OK;
}

static int take_rdn(struct image *img, const struct dn_rdn *rdn)
{
	struct lw_bytes none = { 0 };
	int err = guard_names(img->txn, rdn);

	if (err)
		return err;
	for (unsigned i = 0; i < rdn->navas; i++) {
		const struct dn_ava *ava = &rdn->avas[i];
		if (image_has_value(img, ava->attr, ava->value))
			continue;
		if (image_find(img, ava->attr, none))
			return ops_say(img->txn, LW_ENAMING, "%s: the name's value is not in the entry", ava->attr->names[0]);
		if ((err = image_add(img, ava->attr, none, &ava->value, 1)))
			return err;
	}
	return LW_OK;
}

/* Every given attribute must be in the create right; the classes come with the kind. */
static int check_create(struct image *img, const struct access_object *o)
{
	struct store_txn *t = img->txn;
	struct access_set set;

	access_attr_set(t->session->rights, ACCESS_CREATE, o, &t->ctx, &set);
	if (access_set_empty(&set))
		return LW_EACCES;
	for (size_t i = 0; i < img->n; i++)
		if (img->attrs[i].attr != ops_known()->objectClass && !access_set_has(&set, img->attrs[i].attr))
			return ops_say(t, LW_EACCES, "%s may not be given", img->attrs[i].attr->names[0]);
	return LW_OK;
}

static int take_uuid(struct store_txn *t, const struct store_op *op, struct lw_uuid *ret)
{
	uint64_t id;

	if (lw_uuid_zero(&op->uuid)) {
		*ret = lw_uuid_new(eng_clock(t->session->store));
		return LW_OK;
	}
	if (eng_is_tomb(t->eng, t->tenant, &op->uuid) || eng_by_uuid(t->eng, t->tenant, &op->uuid, &id) == LW_OK)
		return ops_say(t, LW_ECONSTRAINT, "entryUUID: was used before");
	*ret = op->uuid;
	return LW_OK;
}

/* alice@ACME.EXAMPLE for a principal that comes without a Kerberos name */
int write_default_names(struct image *img)
{
	const struct ops_known *k = ops_known();
	struct store_txn *t = img->txn;
	struct lw_bytes none = { 0 };
	unsigned kind = img->head.flags & OPS_KIND_MASK;
	const struct image_attr *name = NULL;
	struct eng_tenant tenant;
	char *full;

	if (!(kind & (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST)) ||
		image_present(image_find(img, k->krbPrincipalName, none)))
		return LW_OK;
	if (kind == ACCESS_PERSON)
		name = image_find(img, k->uid, none);
	else
		name = image_find(img, k->cn, none);
	if (!image_present(name) || eng_tenant(t->eng, t->tenant, &tenant))
		return LW_OK;
	for (size_t i = 0; i < name->values[0].n; i++)
		if (name->values[0].p[i] <= ' ' || name->values[0].p[i] >= 0x7f || name->values[0].p[i] == '@' ||
			name->values[0].p[i] == '\\')
			return LW_OK; /* no name that Kerberos could write */
	full = lw_printf(t->arena, "%s%.*s@%.*s", kind == ACCESS_HOST ? "host/" : "", (int)name->values[0].n,
		name->values[0].p, (int)tenant.realm.n, tenant.realm.p);
	return full ? image_set(img, k->krbPrincipalName, full) : LW_ENOMEM;
}

/* An application that comes without a manager is managed by who registers it, where he may say so himself. Administrators need not. */
static int default_manager(struct image *img)
{
	const struct schema_attr *attr = ops_known()->lwManagedBy;
	struct store_txn *t = img->txn;
	const struct access_rights *author = t->session->rights;
	struct lw_bytes none = { 0 }, dn;
	struct access_object o;
	struct access_set set;
	struct store_view self;
	int err;

	if (!(img->head.flags & ACCESS_APPLICATION) || !t->session->subject_id || access_is_admin(author) ||
		image_find(img, attr, none))
		return LW_OK;
	err = guard_object(img, &o);
	if (err)
		return err;
	o.managers = &t->session->subject_id;
	o.nmanagers = 1;
	access_attr_set(author, ACCESS_CREATE, &o, &t->ctx, &set);
	if (!access_set_has(&set, attr) || access_check_change(author, NULL, &o, NULL) ||
		ops_view_in(t, t->session->subject_id, &self))
		return LW_OK;
	err = ops_dn_text(t, t->session->subject_id, &dn);
	return err ? err : image_add(img, attr, none, &dn, 1);
}

static int check_new(struct image *img, const struct store_op *op)
{
	struct store_txn *t = img->txn;
	struct access_object o;
	uint64_t id;
	int err = guard_object(img, &o);

	if (!err)
		err = check_create(img, &o);
	if (!err)
		err = guard_change(NULL, img);
	if (!err && op->nsecrets)
		err = write_may_set(t, &img->head, &o, op);
	if (!err && eng_child(t->eng, t->tenant, img->head.parent, op->dn->rdn[0].norm, &id) == LW_OK)
		err = LW_EEXIST;
	return err;
}

static int early_kind(struct image *img)
{
	struct lw_bytes none = { 0 };
	const struct image_attr *oc = image_find(img, ops_known()->objectClass, none);
	bool user = false;

	img->head.flags = ops_kind(oc ? oc->values : NULL, oc ? oc->n : 0, &user);
	return LW_OK;
}

static int put_new(struct image *img, const struct store_op *op, struct eng_fx *fx)
{
	struct store_txn *t = img->txn;
	struct lw_bytes rule = { 0 };
	bool is_grant = img->head.flags & ACCESS_GRANT;
	int err = LW_OK;

	if (is_grant)
		err = guard_grant(img, &rule);
	if (!err)
		err = image_stamp(img, true);
	if (!err && op->nsecrets && !(img->head.flags & OPS_PRINCIPALS))
		err = ops_say(t, LW_EUNWILLING, "only principals have secrets");
	if (!err && op->nsecrets)
		err = write_stamp_secrets(img, op, 1);
	if (err)
		return err;
	img->head.id = eng_fx_new_id(fx, t->tenant);
	err = image_make(img, fx);
	if (!err && is_grant)
		eng_fx_grant_put(fx, t->tenant, img->head.id, rule);
	if (!err && op->nsecrets)
		err = write_put_secrets(t, img->head.id, op, fx);
	if (is_grant || img->head.flags & (OPS_MANAGERS | ACCESS_GROUP | ACCESS_TRUST))
		eng_fx_authgen(fx, t->tenant);
	t->result->uuid = img->head.uuid;
	t->result->version = eng_fx_version(fx);
	t->result->credential_version = op->nsecrets ? 1 : 0;
	return err;
}

int write_add(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct eng_entry parent;
	struct image img;
	int err;

	if (!op->dn || !op->dn->n)
		return LW_EUNWILLING;
	err = check_parent(t, op->dn, &parent);
	if (!err)
		err = guard_no_record(t, &parent);
	if (!err)
		err = image_new(t, &img);
	if (err)
		return err;
	img.head.parent = parent.id;
	img.head.rdn_text = op->dn->rdn[0].text;
	img.head.rdn_norm = op->dn->rdn[0].norm;
	err = take_attrs(&img, op);
	if (!err)
		err = take_rdn(&img, &op->dn->rdn[0]);
	if (!err)
		err = early_kind(&img);
	if (!err)
		err = guard_no_record(t, &img.head);
	if (!err)
		err = default_manager(&img);
	if (!err)
		err = check_new(&img, op);
	if (!err)
		err = write_default_names(&img);
	if (!err)
		err = guard_trust_new(&img, op->dn);
	if (!err)
		err = image_check(&img);
	if (!err)
		err = take_uuid(t, op, &img.head.uuid);
	return err ? err : put_new(&img, op, fx);
}
