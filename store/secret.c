/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed secrets: the store never looks inside, but decides who may put them where. */
#include "store/guard.h"

#define MAX_SEALED 65536
#define MAX_ITEMS  64

bool write_has_password(const struct store_op *op)
{
	for (size_t i = 0; i < op->nsecrets; i++)
		if (op->secrets[i].attr == ops_known()->userPassword->id)
			return true;
	return false;
}

static int check_items(const struct store_op *op)
{
	if (!op->nsecrets || op->nsecrets > MAX_ITEMS)
		return LW_EINVAL;
	for (size_t i = 0; i < op->nsecrets; i++) {
		const struct store_sealed_item *s = &op->secrets[i];
		const struct schema_attr *a = schema_attr_id(s->attr);
		if (!a || !(a->flags & SCHEMA_SECRET) || s->cls < STORE_SECRET_PASSWORD || s->cls > STORE_SECRET_SIGNING ||
			!s->sealed.n || s->sealed.n > MAX_SEALED)
			return LW_EINVAL;
	}
	return LW_OK;
}

/* What a password brings along (Kerberos keys, SCRAM verifiers, history) goes with the right on userPassword. */
static int check_right(struct store_txn *t, const struct access_object *o, const struct store_op *op,
	const struct access_ctx *ctx)
{
	bool bundle = write_has_password(op);
	struct access_why why;

	for (size_t i = 0; i < op->nsecrets; i++) {
		const struct schema_attr *a = schema_attr_id(op->secrets[i].attr);
		if (bundle && a != ops_known()->userPassword &&
			(op->secrets[i].cls == STORE_SECRET_PASSWORD || op->secrets[i].cls == STORE_SECRET_KERBEROS))
			continue;
		if (!access_decide(t->session->rights, ACCESS_SET_SECRET, o, a, ctx, &why))
			return guard_refuse(t, &why, a->names[0]);
	}
	return LW_OK;
}

int write_put_secrets(struct store_txn *t, uint64_t id, const struct store_op *op, struct eng_fx *fx)
{
	int err = check_items(op);
	bool keep;

	if (err)
		return err;
	for (size_t i = 0; i < op->nsecrets; i++) {
		const struct store_sealed_item *s = &op->secrets[i];
		keep = false; /* what must live on stands in the new item: keys_krb has the older sets */
		for (size_t j = 0; j < i; j++)
			keep |= op->secrets[j].attr == s->attr && op->secrets[j].cls == s->cls;
		if (!keep)
			eng_fx_sealed_del(fx, t->tenant, id, s->attr, (uint8_t)s->cls, ENG_ALL_GENERATIONS);
		eng_fx_sealed_put(fx, t->tenant, id, s->attr, (uint8_t)s->cls, s->generation, s->sealed);
	}
	return eng_fx_err(fx);
}

int write_stamp_secrets(struct image *img, const struct store_op *op, uint64_t credential_version)
{
	struct store_txn *t = img->txn;
	char *when = lw_alloc(t->arena, LW_TIME_TEXT);
	char *version = lw_printf(t->arena, "%llu", (unsigned long long)credential_version);
	int err;

	if (!when || !version)
		return LW_ENOMEM;
	lw_time_generalized(eng_now(t->eng), false, when);
	err = image_set(img, ops_known()->lwCredentialVersion, version);
	if (!err && write_has_password(op))
		err = image_set(img, ops_known()->pwdChangedTime, when);
	return err;
}

int write_may_set(struct store_txn *t, const struct eng_entry *e, const struct access_object *o, const struct store_op *op)
{
	struct access_ctx ctx = t->ctx;
	bool self = e->id && e->id == t->session->subject_id && !t->session->actor_rights;
	int err = check_items(op);

	if (err)
		return err;
	if (self && op->old_password_proved)
		ctx.auth_time = ctx.now; /* that was an authentication */
	err = check_right(t, o, op, &ctx);
	return err || self ? err : guard_secret(t, e);
}

int write_secret(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct store_view v;
	struct access_object o;
	struct eng_entry e;
	struct image img;
	uint64_t version;
	int err = ops_by_uuid(t->eng, t->tenant, &op->uuid, &e);

	if (!err)
		err = ops_object(t, &e, &o);
	if (err)
		return err;
	err = write_may_set(t, &e, &o, op);
	if (err == LW_EACCES && ops_view_in(t, e.id, &v) == LW_ENOTFOUND) {
		t->result->text[0] = 0; /* hidden is as if it were not there */
		return LW_ENOTFOUND;
	}
	if (!err && op->expect_version && op->expect_version != e.version)
		err = LW_EAGAIN;
	if (err)
		return err;
	version = ops_credential_version(&e) + 1;
	err = image_load(t, &e, &img);
	if (!err)
		err = write_stamp_secrets(&img, op, version);
	if (!err)
		err = image_stamp(&img, false);
	if (!err)
		err = image_change(&img, fx);
	if (!err)
		err = write_put_secrets(t, e.id, op, fx);
	if (err)
		return err;
	eng_fx_authgen(fx, t->tenant);
	t->result->uuid = e.uuid;
	t->result->version = eng_fx_version(fx);
	t->result->credential_version = version;
	return LW_OK;
}

/* ---- a tenant's own keys, on its suffix entry ---- */

enum store_secret_class ops_tenant_key(const struct schema_attr *a)
{
	const struct ops_known *k = ops_known();

	if (a && a == k->krbPrincipalKey)
		return STORE_SECRET_KERBEROS;
	return a && (a == k->lwCaKey || a == k->lwSamlKey || a == k->lwJwtKey) ? STORE_SECRET_SIGNING : 0;
}

int write_put_tenant_key(struct store_txn *t, uint32_t tenant, const struct store_sealed_item *s,
	uint64_t generation, struct eng_fx *fx)
{
	enum store_secret_class cls = ops_tenant_key(schema_attr_id(s->attr));

	if (!cls || s->cls != cls || !s->sealed.n || s->sealed.n > MAX_SEALED)
		return LW_EINVAL;
	if (s->generation != generation)
		return ops_say(t, LW_EAGAIN, "somebody else changed the tenant's keys");
	if (generation > 1)
		eng_fx_sealed_del(fx, tenant, OPS_SUFFIX_ID, s->attr, (uint8_t)cls, ENG_ALL_GENERATIONS);
	eng_fx_sealed_put(fx, tenant, OPS_SUFFIX_ID, s->attr, (uint8_t)cls, generation, s->sealed);
	return eng_fx_err(fx);
}

static bool may_put_keys(struct store_txn *t, const struct schema_attr *a)
{
	struct eng_entry suffix;

	if (t->session->role != STORE_ROLE_UPKEEP)
		return ops_may_administer(t);
	return a && eng_entry(t->eng, t->tenant, OPS_SUFFIX_ID, &suffix) == LW_OK &&
		ops_decide(t, ACCESS_SET_SECRET, &suffix, a);
}

int write_tenant_keys(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	const struct schema_attr *a = op->nsecrets == 1 ? schema_attr_id(op->secrets[0].attr) : NULL;
	uint64_t generation = 0;
	struct lw_bytes old;
	int err;

	if (!t->tenant || !may_put_keys(t, a))
		return LW_EACCES;
	if (!ops_tenant_key(a))
		return LW_EINVAL;
	err = eng_sealed(t->eng, t->tenant, OPS_SUFFIX_ID, a->id, (uint8_t)ops_tenant_key(a), &old,
		&generation);
	if (!err || err == LW_ENOTFOUND)
		err = write_put_tenant_key(t, t->tenant, &op->secrets[0], generation + 1, fx);
	if (err)
		return err;
	eng_fx_authgen(fx, t->tenant);
	t->result->uuid = t->session->tenant_uuid;
	return LW_OK;
}
