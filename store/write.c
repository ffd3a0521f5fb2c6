/* SPDX-License-Identifier: Apache-2.0 */
/* Writes: a typed operation goes to the one writer, which asks everything again in its own transaction. */
#include <stdio.h>
#include "store/guard.h"

const struct write_row write_rows[] = {
	[STORE_ADD] = { STORE_ADD, ACCESS_CREATE, write_add },
	[STORE_MODIFY] = { STORE_MODIFY, ACCESS_WRITE, write_modify },
	[STORE_DELETE] = { STORE_DELETE, ACCESS_DELETE, write_delete },
	[STORE_MODDN] = { STORE_MODDN, ACCESS_MOVE, write_moddn },
	[STORE_SET_SECRET] = { STORE_SET_SECRET, ACCESS_SET_SECRET, write_secret },
	[STORE_TENANT_CREATE] = { STORE_TENANT_CREATE, ACCESS_ADMINISTER, write_tenant_create },
	[STORE_TENANT_STATE] = { STORE_TENANT_STATE, ACCESS_ADMINISTER, write_tenant_state },
	[STORE_TENANT_KEYS] = { STORE_TENANT_KEYS, ACCESS_SET_SECRET, write_tenant_keys },
	[STORE_CERT_INTENT] = { STORE_CERT_INTENT, ACCESS_ENROL, write_cert_intent },
	[STORE_CERT_ISSUED] = { STORE_CERT_ISSUED, ACCESS_ENROL, write_cert_issued },
	[STORE_CERT_DROP] = { STORE_CERT_DROP, ACCESS_ENROL, write_cert_drop },
	[STORE_CERT_REVOKE] = { STORE_CERT_REVOKE, ACCESS_REVOKE, write_cert_revoke },
	[STORE_TOKEN_CANCEL] = { STORE_TOKEN_CANCEL, ACCESS_READ, write_token_cancel },
	[STORE_EXPIRE] = { STORE_EXPIRE, ACCESS_DELETE, write_expire },
	[STORE_TENANT_DELETE] = { STORE_TENANT_DELETE, ACCESS_ADMINISTER, write_tenant_delete },
	[STORE_TENANT_RECLAIM] = { STORE_TENANT_RECLAIM, ACCESS_DELETE, write_tenant_reclaim },
};
const size_t write_row_count = sizeof(write_rows) / sizeof(write_rows[0]);

struct intent {
	struct lw_session *session;
	const struct store_op *op;
	struct store_result *result;
};

static void say_matched(struct store_txn *t, struct store_result *r)
{
	struct lw_bytes text;

	if (t->matched && ops_dn_text(t, t->matched, &text) == LW_OK && text.n < sizeof(r->matched)) {
		memcpy(r->matched, text.p, text.n);
		r->matched[text.n] = 0;
	}
}

static int resolve_in(struct lw_session *s, struct intent *in, struct eng_txn *e, struct eng_fx *fx)
{
	const struct write_row *row = &write_rows[in->op->kind];
	struct store_txn *t;
	int err = ops_txn_start(s, e, &t);

	if (err)
		return err;
	t->result = in->result;
	if (row->verb == ACCESS_NONE || !access_any(s->rights, row->verb))
		return LW_EACCES;
	if (s->actor_rights)
		return ops_say(t, LW_EACCES, "a delegated session does not write");
	err = row->resolve(t, in->op, fx);
	if (!err)
		err = eng_fx_err(fx);
	if (err == LW_ENOTFOUND)
		say_matched(t, in->result);
	return err;
}

static int resolve(void *ctx, struct eng_txn *e, struct eng_fx *fx)
{
	struct intent *in = ctx;
	struct lw_session *s = in->session, fork;
	int err;

	/* a batch may be tried again: start from nothing */
	memset(in->result, 0, sizeof(*in->result));
	if (s->valid && (!s->tenant || s->authgen == eng_authgen(e, s->tenant)) &&
		!(s->expiry && eng_now(e) >= s->expiry))
		return s->status ? s->status : resolve_in(s, in, e, fx);
	ops_session_fork(s, &fork);
	err = ops_session_refresh(&fork, e);
	if (!err)
		err = resolve_in(&fork, in, e, fx);
	ops_session_drop(&fork);
	return err;
}

int store_write(struct lw_session *s, const struct store_op *op, struct store_result *ret)
{
	struct intent in = { s, op, ret };
	int err;

	memset(ret, 0, sizeof(*ret));
	if ((unsigned)op->kind >= STORE_OP_COUNT)
		return ret->err = LW_EINVAL;
	err = eng_submit(s->store, resolve, &in);
	ret->err = err;
	return err;
}
