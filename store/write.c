/* SPDX-License-Identifier: Apache-2.0 */
/* Writes: a typed operation goes to the one writer, which asks everything again in its own transaction. */
#include "base/audit.h"
#include "store/guard.h"

const struct write_row write_rows[] = {
	[STORE_ADD] = { STORE_ADD, ACCESS_CREATE, write_add, LW_AUDIT_ADD },
	[STORE_MODIFY] = { STORE_MODIFY, ACCESS_WRITE, write_modify, LW_AUDIT_MODIFY },
	[STORE_DELETE] = { STORE_DELETE, ACCESS_DELETE, write_delete, LW_AUDIT_DELETE },
	[STORE_MODDN] = { STORE_MODDN, ACCESS_MOVE, write_moddn, LW_AUDIT_MOVE },
	[STORE_SET_SECRET] = { STORE_SET_SECRET, ACCESS_SET_SECRET, write_secret, LW_AUDIT_SECRET },
	[STORE_TENANT_CREATE] = { STORE_TENANT_CREATE, ACCESS_ADMINISTER, write_tenant_create, LW_AUDIT_TENANT_CREATE },
	[STORE_TENANT_STATE] = { STORE_TENANT_STATE, ACCESS_ADMINISTER, write_tenant_state, LW_AUDIT_TENANT_STATE },
	[STORE_TENANT_KEYS] = { STORE_TENANT_KEYS, ACCESS_SET_SECRET, write_tenant_keys, LW_AUDIT_TENANT_KEYS },
	[STORE_CERT_INTENT] = { STORE_CERT_INTENT, ACCESS_ENROL, write_cert_intent, LW_AUDIT_CERT_INTENT },
	[STORE_CERT_ISSUED] = { STORE_CERT_ISSUED, ACCESS_ENROL, write_cert_issued, LW_AUDIT_CERT_ISSUED },
	[STORE_CERT_DROP] = { STORE_CERT_DROP, ACCESS_ENROL, write_cert_drop, LW_AUDIT_CERT_DROP },
	[STORE_CERT_REVOKE] = { STORE_CERT_REVOKE, ACCESS_REVOKE, write_cert_revoke, LW_AUDIT_CERT_REVOKE },
	[STORE_TOKEN_CANCEL] = { STORE_TOKEN_CANCEL, ACCESS_READ, write_token_cancel, LW_AUDIT_TOKEN_CANCEL },
	[STORE_EXPIRE] = { STORE_EXPIRE, ACCESS_DELETE, write_expire, LW_AUDIT_EXPIRE },
	[STORE_TENANT_DELETE] = { STORE_TENANT_DELETE, ACCESS_ADMINISTER, write_tenant_delete, LW_AUDIT_TENANT_DELETE },
	[STORE_TENANT_RECLAIM] = { STORE_TENANT_RECLAIM, ACCESS_DELETE, write_tenant_reclaim, LW_AUDIT_TENANT_RECLAIM },
	[STORE_TENANT_REWRAP] = { STORE_TENANT_REWRAP, ACCESS_MOVE, write_tenant_rewrap, LW_AUDIT_TENANT_REWRAP },
};
const size_t write_row_count = sizeof(write_rows) / sizeof(write_rows[0]);

struct intent {
	struct lw_session *session;
	const struct store_op *op;
	struct store_result *result;
	uint8_t refused[LW_AUDIT_WIRE_MAX]; /* for the audit */
	size_t nrefused;
};

static void say_matched(struct store_txn *t, struct store_result *r)
{
	struct lw_bytes text;

	if (t->matched && ops_dn_text(t, t->matched, &text) == LW_OK && text.n < sizeof(r->matched)) {
		memcpy(r->matched, text.p, text.n);
		r->matched[text.n] = 0;
	}
}

static int allowed(struct store_txn *t, struct lw_session *s, struct intent *in, struct eng_fx *fx)
{
	const struct write_row *row = &write_rows[in->op->kind];
	int err;

	if (row->verb == ACCESS_NONE || !access_any(s->rights, row->verb))
		return LW_EACCES;
	if (s->home && in->op->kind > STORE_MODDN)
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

static void note_refusal(struct store_txn *t, struct intent *in, int err)
{
	struct lw_writer w = { .p = in->refused, .cap = sizeof(in->refused), .max = sizeof(in->refused) };

	if (!lw_audit_is_denial(err))
		return;
	audit_refused(t, in->session, in->op, err, &w);
	in->nrefused = w.n;
}

static int resolve_in(struct lw_session *s, struct intent *in, struct eng_txn *e, struct eng_fx *fx)
{
	struct store_txn *t;
	int err = ops_txn_start(s, e, &t);

	if (err)
		return err;
	t->result = in->result;
	err = allowed(t, s, in, fx);
	if (!err && !eng_fx_empty(fx)) {
		audit_accepted(t, in->op, fx);
		err = eng_fx_err(fx);
	} else if (err) {
		note_refusal(t, in, err);
	}
	return err;
}

static int no_session(struct intent *in, int err)
{
	note_refusal(NULL, in, err);
	return err;
}

static int resolve(void *ctx, struct eng_txn *e, struct eng_fx *fx)
{
	struct intent *in = ctx;
	struct lw_session *s = in->session, fork;
	int err;

	/* a batch may be tried again: start from nothing */
	memset(in->result, 0, sizeof(*in->result));
	in->nrefused = 0;
	if (ops_session_current(s, e) && !(s->expiry && eng_now(e) >= s->expiry))
		return s->status ? no_session(in, s->status) : resolve_in(s, in, e, fx);
	ops_session_fork(s, &fork);
	err = ops_session_refresh(&fork, e);
	err = err ? no_session(in, err) : resolve_in(&fork, in, e, fx);
	ops_session_drop(&fork);
	return err;
}

int store_write(struct lw_session *s, const struct store_op *op, struct store_result *ret)
{
	struct intent in = { .session = s, .op = op, .result = ret };
	struct lw_reader r;
	struct lw_audit a;
	int err;

	memset(ret, 0, sizeof(*ret));
	if ((unsigned)op->kind >= STORE_OP_COUNT)
		return ret->err = LW_EINVAL;
	err = eng_submit(s->store, resolve, &in);
	ret->err = err;
	lw_reader_init(&r, (struct lw_bytes){ in.refused, in.nrefused });
	if (err && in.nrefused && lw_audit_get(&r, &a) == LW_OK) {
		a.err = err;
		lw_audit(&a);
	}
	return err;
}
