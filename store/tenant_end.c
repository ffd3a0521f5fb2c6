/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a tenant: one record and it is dead to everyone; what it leaves behind goes in steps. Its CA certificates, which the
 * installation CA signed, go onto that one's revocation list: a record of the whole installation, written along. */
#include "store/guard.h"

#define STEP    8192 /* rows; others' writes come in between */
#define DAY     (INT64_C(24) * 3600 * LW_SECOND)
#define LIST    "ca.revoked" /* u64 generation, then u8 n, serial, u64 when, u64 not after, u8 reason for each */
#define ONE_MIN (1 + 1 + 8 + 8 + 1)

static int get_list(struct lw_bytes v, struct lw_arena *arena, struct store_revoked **ret, size_t *ret_n, uint64_t *ret_generation)
{
	struct store_revoked *all = lw_allocn(arena, v.n / ONE_MIN + 1, sizeof(*all));
	struct lw_reader r;
	uint64_t generation;
	size_t n = 0;

	if (!all)
		return LW_ENOMEM;
	lw_reader_init(&r, v);
	generation = lw_get_u64(&r);
	for (; !r.err && lw_reader_left(&r); n++) {
		struct lw_bytes serial;

		all[n] = (struct store_revoked){ .n_serial = lw_get_u8(&r) };
		serial = lw_get_raw(&r, all[n].n_serial);
		all[n].when = (int64_t)lw_get_u64(&r);
		all[n].not_after = (int64_t)lw_get_u64(&r);
		all[n].reason = lw_get_u8(&r);
		if (r.err || !serial.n || serial.n > sizeof(all[n].serial))
			return LW_EIO;
		memcpy(all[n].serial, serial.p, serial.n);
	}
	if (r.err)
		return LW_EIO;
	*ret = all;
	*ret_n = n;
	*ret_generation = generation;
	return LW_OK;
}

int store_revoked(struct store *st, struct lw_arena *arena, struct store_revoked **ret, size_t *ret_n, uint64_t *ret_generation)
{
	struct lw_bytes v;
	int err = store_meta_get(st, arena, LIST, &v);

	if (!err)
		return get_list(v, arena, ret, ret_n, ret_generation);
	if (err != LW_ENOTFOUND)
		return err;
	*ret = NULL;
	*ret_n = 0;
	*ret_generation = 0;
	return LW_OK;
}

static void put_one(struct lw_writer *w, const struct store_revoked *r)
{
	lw_put_u8(w, r->n_serial);
	lw_put_raw(w, r->serial, r->n_serial);
	lw_put_u64(w, (uint64_t)r->when);
	lw_put_u64(w, (uint64_t)r->not_after);
	lw_put_u8(w, (uint8_t)r->reason);
}

/* What is past its end need not be listed any longer (RFC 5280 3.3: once more after it). */
static int revoke(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	int64_t now = eng_now(t->eng);
	struct store_revoked *old = NULL, one;
	uint64_t generation;
	struct lw_writer w;
	struct lw_bytes v;
	size_t n = 0;
	int err = eng_meta(t->eng, LIST, &v);

	if (!err)
		err = get_list(v, t->arena, &old, &n, &generation);
	if ((err && err != LW_ENOTFOUND) || !op->nrevoked)
		return err == LW_ENOTFOUND ? LW_OK : err;
	lw_writer_init(&w, ENG_BATCH_MAX);
	lw_put_u64(&w, eng_fx_version(fx));
	for (size_t i = 0; i < n; i++)
		if (old[i].not_after + DAY >= now)
			put_one(&w, &old[i]);
	for (size_t i = 0; i < op->nrevoked; i++) {
		one = op->revoked[i];
		one.when = now;
		put_one(&w, &one);
	}
	err = w.err;
	if (!err)
		eng_fx_meta_put(fx, LIST, lw_written(&w));
	lw_writer_done(&w);
	return err;
}

/* keyd has said which certificates these are; no other has come since. */
static int check_revoked(struct store_txn *t, const struct store_op *op, uint32_t tenant)
{
	const struct schema_attr *attr = ops_known()->lwCaKey;
	uint64_t generation = 0;
	struct lw_bytes v;
	int err = eng_sealed(t->eng, tenant, OPS_SUFFIX_ID, attr->id, STORE_SECRET_SIGNING, &v, &generation);

	if (err && err != LW_ENOTFOUND)
		return err;
	if ((err ? 0 : generation) != op->ca_generation || !generation != !op->nrevoked)
		return LW_EAGAIN;
	for (size_t i = 0; i < op->nrevoked; i++)
		if (!op->revoked[i].n_serial || op->revoked[i].n_serial > sizeof(op->revoked[i].serial))
			return LW_EINVAL;
	return LW_OK;
}

int write_tenant_delete(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct eng_tenant found;
	int err = guard_tenants(t);

	if (!err)
		err = guard_tenant(t, &op->tenant_uuid, &found);
	if (!err && found.flags & ENG_TENANT_SYSTEM)
		err = ops_say(t, LW_EUNWILLING, "the system tenant can't be deleted");
	if (!err)
		err = check_revoked(t, op, found.id);
	if (!err)
		err = revoke(t, op, fx);
	if (err)
		return err;
	eng_fx_tenant_del(fx, found.id);
	t->result->uuid = found.uuid;
	t->result->version = eng_fx_version(fx);
	return eng_fx_err(fx);
}

int write_tenant_reclaim(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct access_object o = { .tenant = t->tenant, .kind = ACCESS_TENANT };
	struct eng_reclaim left;
	int err;

	if (!ops_is_role(t) || !access_decide(t->session->rights, ACCESS_DELETE, &o, NULL, &t->ctx, NULL))
		return LW_EACCES;
	err = eng_reclaim_next(t->eng, 1, &left);
	if (!err)
		eng_fx_reclaim(fx, left.tenant, STEP);
	return err ? err : eng_fx_err(fx);
}
