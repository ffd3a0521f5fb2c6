/* SPDX-License-Identifier: Apache-2.0 */
/* Modify (RFC 4511 4.6, increment of RFC 4525). */
#include "store/guard.h"

typedef int change(struct image *, const struct schema_attr *, struct lw_bytes options, const struct lw_bytes *, size_t);
static change *const changes[] = {
	[STORE_MOD_ADD] = image_add, [STORE_MOD_DELETE] = image_delete, [STORE_MOD_REPLACE] = image_replace,
	[STORE_MOD_INCREMENT] = image_increment,
};

/* All rights first, so that what fails for lack of them says nothing about the values. */
static int check_rights(struct store_txn *t, const struct eng_entry *e, const struct store_op *op)
{
	const struct schema_attr *attr;
	struct lw_bytes options;
	struct access_object o;
	struct access_set set;
	int err = ops_object(t, e, &o);

	if (err)
		return err;
	access_attr_set(t->session->rights, ACCESS_WRITE, &o, &t->ctx, &set);
	if (op->nmods && access_set_empty(&set))
		return LW_EACCES;
	if (op->nsecrets && (err = write_may_set(t, e, &o, op)))
		return err;
	for (size_t i = 0; i < op->nmods; i++) {
		const struct store_attr_values *a = &op->mods[i].attr;
		if ((unsigned)op->mods[i].kind >= sizeof(changes) / sizeof(changes[0]))
			return LW_EINVAL;
		err = schema_desc(t->arena, a->desc, &attr, &options);
		if (err)
			return ops_say(t, LW_EUNDEFATTR, "%.*s: unknown attribute type", (int)a->desc.n, a->desc.p);
		err = guard_attr(t, attr);
		if (err)
			return err;
		if (!access_set_has(&set, attr))
			return ops_say(t, LW_EACCES, "%s may not be written", attr->names[0]);
	}
	return LW_OK;
}

static int apply(struct image *img, const struct store_op *op)
{
	const struct schema_attr *attr;
	struct lw_bytes options;
	int err = LW_OK;

	for (size_t i = 0; !err && i < op->nmods; i++) {
		const struct store_mod *m = &op->mods[i];
		err = schema_desc(img->txn->arena, m->attr.desc, &attr, &options);
		if (!err && !m->attr.n && m->kind == STORE_MOD_ADD)
			err = ops_say(img->txn, LW_ESYNTAX, "%s: no values given", attr->names[0]);
		if (!err)
			err = changes[m->kind](img, attr, options, m->attr.values, m->attr.n);
	}
	return err;
}

static int put_grant(const struct eng_entry *e, struct image *img, struct eng_fx *fx)
{
	struct lw_bytes none = { 0 }, rule;
	const struct image_attr *text = image_find(img, ops_known()->lwGrantText, none);
	int err;

	if (!(img->head.flags & ACCESS_GRANT) || !text || !text->changed)
		return LW_OK;
	err = guard_grant_removed(img->txn, e);
	if (!err)
		err = guard_grant(img, &rule);
	if (!err)
		eng_fx_grant_put(fx, img->head.tenant, img->head.id, rule);
	return err;
}

static int put_change(struct store_txn *t, const struct eng_entry *e, struct image *img, const struct store_op *op,
	struct eng_fx *fx)
{
	uint64_t version = ops_credential_version(e) + (op->nsecrets != 0);
	int err = put_grant(e, img, fx);

	if (!err && op->nsecrets)
		err = write_stamp_secrets(img, op, version);
	if (!err)
		err = image_stamp(img, false);
	if (!err)
		err = image_change(img, fx);
	if (!err && op->nsecrets)
		err = write_put_secrets(t, e->id, op, fx);
	if (!err && image_touches_rights(img))
		eng_fx_authgen(fx, t->tenant);
	t->result->uuid = e->uuid;
	t->result->version = eng_fx_version(fx);
	t->result->credential_version = version;
	return err;
}

int write_modify(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct eng_entry e;
	struct image img;
	int err = guard_target(t, op->dn, &e);

	if (!err && e.flags & ACCESS_CERTIFICATE)
		return write_cert_modify(t, op, &e, fx);
	if (!err)
		err = check_rights(t, &e, op);
	if (!err)
		err = guard_trust(t, &e);
	if (!err && op->expect_version && op->expect_version != e.version)
		err = LW_EAGAIN;
	if (!err)
		err = image_load(t, &e, &img);
	if (!err)
		err = apply(&img, op);
	if (!err)
		err = image_check(&img);
	if (!err && img.head.flags & ACCESS_CERTIFICATE)
		err = guard_no_record(t, &img.head);
	if (!err)
		err = guard_trust_groups(&img);
	if (!err)
		err = guard_change(&e, &img);
	return err ? err : put_change(t, &e, &img, op, fx);
}
