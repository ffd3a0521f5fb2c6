/* SPDX-License-Identifier: Apache-2.0 */
/* Delete (RFC 4511 4.8) and modify DN (4.9). */
#include "store/guard.h"

#define MAX_MOVED 1000 /* entries below one that moves to another place */

/* An entry of any kind can have members, not groups alone. */
static bool has_members(const struct eng_entry *e)
{
	struct eng_attr a;

	return e->flags & ACCESS_GROUP || eng_attr_find(e, ops_known()->member->id, &a) ||
		eng_attr_find(e, ops_known()->uniqueMember->id, &a);
}

int write_delete(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct access_object o;
	struct access_why why;
	struct eng_entry e;
	int err = guard_target(t, op->dn, &e);

	if (!err)
		err = guard_no_record(t, &e);
	if (!err)
		err = ops_object(t, &e, &o);
	if (err)
		return err;
	if (!access_decide(t->session->rights, ACCESS_DELETE, &o, NULL, &t->ctx, &why))
		return guard_refuse(t, &why, "delete");
	if (op->expect_version && op->expect_version != e.version)
		return LW_EAGAIN;
	err = guard_trust(t, &e);
	if (!err)
		err = guard_removable(t, &e);
	if (!err && eng_has_children(t->eng, t->tenant, e.id))
		err = LW_ENOTLEAF;
	if (!err && e.flags & ACCESS_GRANT)
		err = guard_grant_removed(t, &e);
	if (!err && has_members(&e))
		err = guard_group_removed(t, &e);
	if (!err && e.flags & OPS_HOLDERS) /* another of its name may come */
		err = write_revoke_all(t, &e.uuid, fx);
	if (err)
		return err;
	t->result->uuid = e.uuid;
	t->result->version = eng_fx_version(fx);
	eng_fx_entry_del(fx, t->tenant, e.id);
	eng_fx_authgen(fx, t->tenant);
	return LW_OK;
}

/* ---- moving ---- */

struct move {
	struct store_txn *t;
	const uint64_t *above; /* of the moved entry at its new place, itself included */
	size_t nabove;
	uint64_t root;
	size_t seen;
};

/* What do rules give on this descendant at the new place that they didn't at the old one? */
static int check_moved(struct move *m, uint64_t id)
{
	struct store_txn *t = m->t;
	struct access_object before, after;
	struct access_why why;
	struct eng_entry e;
	uint64_t *above;
	size_t n = 0;
	int err = eng_entry(t->eng, t->tenant, id, &e);

	if (!err)
		err = ops_object(t, &e, &before);
	if (err)
		return err;
	above = lw_allocn(t->arena, before.nabove + m->nabove, sizeof(*above));
	if (!above)
		return LW_ENOMEM;
	while (n < before.nabove && before.above[n] != m->root) {
		above[n] = before.above[n];
		n++;
	}
	memcpy(above + n, m->above, m->nabove * sizeof(*above));
	after = before;
	after.above = above;
	after.nabove = n + m->nabove;
	if (access_check_change(t->session->rights, &before, &after, &why))
		return guard_refuse(t, &why, "place of an entry below");
	return LW_OK;
}

static int check_below(struct move *m, uint64_t id, unsigned depth)
{
	struct lw_bytes key = { 0 };
	uint64_t child;
	int err;

	if (depth > OPS_MAX_DEPTH)
		return LW_ELIMIT;
	while ((err = eng_child_next(m->t->eng, m->t->tenant, id, m->t->arena, &key, &child)) == LW_OK) {
		if (++m->seen > MAX_MOVED)
			return ops_say(m->t, LW_EADMINLIMIT, "too many entries below for anyone but an administrator");
		err = check_moved(m, child);
		if (!err)
			err = check_below(m, child, depth + 1);
		if (err)
			return err;
	}
	return err == LW_ENOTFOUND ? LW_OK : err;
}

static int check_subtree(struct store_txn *t, const struct eng_entry *e, uint64_t new_parent)
{
	struct move m = { .t = t, .root = e->id };
	const struct ops_place *up;
	uint64_t *above;
	int err;

	if (access_is_admin(t->session->rights) || !eng_has_children(t->eng, t->tenant, e->id))
		return LW_OK;
	err = ops_place(t, new_parent, &up);
	if (err)
		return err;
	above = lw_allocn(t->arena, up->nabove + 1, sizeof(*above));
	if (!above)
		return LW_ENOMEM;
	above[0] = e->id;
	memcpy(above + 1, up->above, up->nabove * sizeof(*above));
	m.above = above;
	m.nabove = up->nabove + 1;
	return check_below(&m, e->id, 0);
}

static int check_depth(struct store_txn *t, uint64_t new_parent, const struct dn_rdn *rdn)
{
	const struct ops_place *up;
	int err = ops_place(t, new_parent, &up);

	if (err)
		return err;
	return up->nabove + t->session->nsuffix > DN_MAX_RDNS || up->text.n + rdn->text.n + 1 > DN_MAX_TEXT ? LW_ELIMIT : LW_OK;
}

/* May it go there? */
static int check_place(struct store_txn *t, const struct store_op *op, const struct eng_entry *e, uint64_t *ret_parent)
{
	struct access_object o;
	struct access_why why;
	struct eng_entry parent;
	int err;

	*ret_parent = e->parent;
	if (!op->new_superior)
		return LW_OK;
	err = guard_target(t, op->new_superior, &parent);
	if (!err)
		err = guard_no_record(t, &parent);
	if (err || parent.id == e->parent)
		return err;
	if (eng_entry_under(t->eng, t->tenant, parent.id, e->id))
		return ops_say(t, LW_EUNWILLING, "an entry can't be moved below itself");
	*ret_parent = parent.id;
	struct eng_entry there = *e;
	there.id = 0;
	there.parent = parent.id;
	there.flags &= ~(uint32_t)(OPS_TAGS | OPS_MANAGERS);
	err = ops_object(t, &there, &o);
	if (err)
		return err;
	if (!access_decide(t->session->rights, ACCESS_CREATE, &o, NULL, &t->ctx, &why))
		return guard_refuse(t, &why, "create at the new place");
	return check_subtree(t, e, parent.id);
}

static bool rdn_has(const struct dn_rdn *rdn, const struct dn_ava *ava, struct lw_arena *arena)
{
	struct lw_bytes a, b;

	for (unsigned i = 0; i < rdn->navas; i++)
		if (rdn->avas[i].attr == ava->attr &&
			(lw_eq(rdn->avas[i].value, ava->value) ||
			(!schema_norm(ava->attr, NULL, arena, ava->value, &a) &&
			!schema_norm(ava->attr, NULL, arena, rdn->avas[i].value, &b) && lw_eq(a, b))))
			return true;
	return false;
}

static int check_write(struct store_txn *t, const struct access_set *writable, const struct schema_attr *attr)
{
	return access_set_has(writable, attr) ? LW_OK :
		ops_say(t, LW_EACCES, "%s may not be written", attr->names[0]);
}

/* Values that a new name brings, or takes along, are written like others: that is not what `move` gives. */
static int rename_values(struct image *img, const struct store_op *op, const struct access_object *o)
{
	struct lw_bytes none = { 0 };
	struct store_txn *t = img->txn;
	struct access_set writable;
	struct dn_rdn old;
	int err = dn_parse_rdn(t->arena, img->head.rdn_text, &old);

	access_attr_set(t->session->rights, ACCESS_WRITE, o, &t->ctx, &writable);
	for (unsigned i = 0; !err && op->delete_old && i < old.navas; i++) {
		if (rdn_has(op->new_rdn, &old.avas[i], t->arena))
			continue;
		err = check_write(t, &writable, old.avas[i].attr);
		if (!err)
			err = image_delete(img, old.avas[i].attr, none, &old.avas[i].value, 1);
	}
	for (unsigned i = 0; !err && i < op->new_rdn->navas; i++) {
		const struct dn_ava *ava = &op->new_rdn->avas[i];
		if (image_has_value(img, ava->attr, ava->value))
			continue;
		err = check_write(t, &writable, ava->attr);
		if (!err)
			err = image_add(img, ava->attr, none, &ava->value, 1);
	}
	return err;
}

int write_moddn(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct access_object o;
	struct access_why why;
	struct eng_entry e;
	struct image img;
	uint64_t parent, other;
	int err = op->new_rdn ? guard_target(t, op->dn, &e) : LW_EINVAL;

	if (!err)
		err = guard_no_record(t, &e);
	if (!err)
		err = ops_object(t, &e, &o);
	if (err)
		return err;
	if (!access_decide(t->session->rights, ACCESS_MOVE, &o, NULL, &t->ctx, &why))
		return guard_refuse(t, &why, "move");
	if (op->expect_version && op->expect_version != e.version)
		return LW_EAGAIN;
	if (e.flags & OPS_FIXED || !e.parent)
		return ops_say(t, LW_EUNWILLING, "the tenant needs this entry");
	err = guard_trust_fixed(t, &e);
	if (!err)
		err = guard_names(t, op->new_rdn);
	if (!err)
		err = check_place(t, op, &e, &parent);
	if (!err)
		err = check_depth(t, parent, op->new_rdn);
	if (!err && eng_child(t->eng, t->tenant, parent, op->new_rdn->norm, &other) == LW_OK && other != e.id)
		err = LW_EEXIST;
	if (!err)
		err = image_load(t, &e, &img);
	if (!err)
		err = rename_values(&img, op, &o);
	if (err)
		return err;
	img.head.parent = parent;
	img.head.rdn_text = op->new_rdn->text;
	img.head.rdn_norm = op->new_rdn->norm;
	err = image_check(&img);
	if (!err)
		err = guard_change(&e, &img);
	if (!err)
		err = image_stamp(&img, false);
	if (!err)
		err = image_change(&img, fx);
	if (err)
		return err;
	eng_fx_move(fx, t->tenant, e.id, parent, op->new_rdn->text, op->new_rdn->norm);
	eng_fx_authgen(fx, t->tenant);
	t->result->uuid = e.uuid;
	t->result->version = eng_fx_version(fx);
	return eng_fx_err(fx);
}
