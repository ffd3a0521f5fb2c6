/* SPDX-License-Identifier: Apache-2.0 */
/* Extended operations, one row each, and those that are too small for a file of their own. */
#include "ldap/conn.h"

#include <string.h>

const struct ldapd_extop ldapd_extops[] = {
	{ "1.3.6.1.4.1.1466.20037", "StartTLS", LDAPD_OWN_CONNECTION, LDAPD_DONE, ldapd_starttls },
	{ "1.3.6.1.4.1.4203.1.11.3", "WhoAmI", LDAPD_OWN_CONNECTION, LDAPD_DONE, ldapd_whoami },
	{ "1.3.6.1.4.1.4203.1.11.1", "PasswordModify", ACCESS_SET_SECRET, LDAPD_SLOW_JOB, ldapd_passmod },
	{ "1.3.6.1.1.8", "Cancel", LDAPD_OWN_CONNECTION, LDAPD_DONE, ldapd_cancel },
};
const size_t ldapd_nextops = sizeof ldapd_extops / sizeof *ldapd_extops;

const struct ldapd_extop *ldapd_extop_find(struct lw_bytes oid)
{
	for (size_t i = 0; i < ldapd_nextops; i++)
		if (lw_eq(oid, lw_str(ldapd_extops[i].oid)))
			return &ldapd_extops[i];
	return NULL;
}

bool ldapd_extop_offered(const struct ldapd_conn *c, const struct ldapd_extop *x)
{
	if (x->handler == ldapd_starttls)
		return c->server->options.starttls && !c->peer->tls && !c->peer->local;
	return true;
}

int ldapd_extended(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	const struct ldapd_extop *x = ldapd_extop_find(m->extended.oid);

	if (!x)
		return ldapd_answer(out, m, LDAPD_PROTOCOL_ERROR, "no such extended operation");
	if (!ldapd_has_right(c, x->right))
		return ldapd_answer(out, m, LDAPD_INSUFFICIENT_ACCESS, NULL);
	if (x->job != LDAPD_DONE && !in_job)
		return x->job;
	return x->handler(c, m, in_job, in, out);
}

int ldapd_starttls(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct ldapd_result res = { .oid = m->extended.oid };

	if (c->peer->tls || c->sasl_started || c->layer) {
		res.code = LDAPD_OPERATIONS_ERROR;
	} else if (!ldapd_extop_offered(c, ldapd_extop_find(m->extended.oid))) {
		res.code = LDAPD_UNAVAILABLE;
	} else if (m->extended.has_value) {
		res.code = LDAPD_PROTOCOL_ERROR;
	} else if (in->p != in->end) {
		/* RFC 4511 4.14.1: nothing may follow in the clear; what did may come from somebody in
		 * between */
		res.code = LDAPD_PROTOCOL_ERROR;
		res.text = LW_LIT("octets after StartTLS");
		ldapd_answer_result(out, m, &res);
		c->closing = true;
		return LDAPD_CLOSE;
	}
	ldapd_answer_result(out, m, &res);
	return res.code == LDAPD_SUCCESS ? LDAPD_STARTTLS : LDAPD_DONE;
}

int ldapd_whoami(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct ldapd_result res = { .code = LDAPD_SUCCESS };
	const struct store_view *v;
	struct store_txn *txn;
	struct lw_writer w;
	int err;

	if (m->extended.has_value)
		return ldapd_answer(out, m, LDAPD_PROTOCOL_ERROR, NULL);
	lw_writer_init(&w, DN_MAX_TEXT + 8);
	if (c->bound) {
		err = ldapd_read(c, &txn);
		if (err) {
			lw_writer_done(&w);
			return ldapd_answer_err(c, out, m, err);
		}
		if (!c->operator_ && store_get_uuid(txn, store_session_subject(c->session), &v) == LW_OK) {
			lw_put_raw(&w, "dn:", 3);
			store_view_dn(v, &w);
		} else {
			lw_put_raw(&w, "u:", 2);
			lw_put_raw(&w, c->user, strlen(c->user));
		}
	}
	res.value = w.n ? lw_written(&w) : LW_LIT("");
	if (w.err)
		res = (struct ldapd_result){ .code = ldapd_code(w.err) };
	ldapd_answer_result(out, m, &res);
	lw_writer_done(&w);
	return LDAPD_DONE;
}

/* RFC 3909. Requests of one connection are answered in turn, so what can be cancelled is only a search that
 * was running when this was seen further back in the input; ldapd_search_more has then ended it. */
int ldapd_cancel(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct lw_reader r, s;
	int64_t id;

	lw_reader_init(&r, m->extended.value);
	lw_reader_init(&s, ldapd_ber_get(&r, LW_BER_SEQUENCE));
	id = ldapd_ber_int(&s, LW_BER_INTEGER);
	if (lw_reader_end(&r) || lw_reader_end(&s) || id < 1 || id > INT32_MAX)
		return ldapd_answer(out, m, LDAPD_PROTOCOL_ERROR, NULL);
	if (c->cancelled != (int32_t)id)
		return ldapd_answer(out, m, LDAPD_NO_SUCH_OPERATION, NULL);
	c->cancelled = 0;
	return ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
}
