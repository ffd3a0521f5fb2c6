/* SPDX-License-Identifier: Apache-2.0 */
/* Every LDAP operation, one row each. */
#include "ldap/conn.h"

const struct ldapd_op ldapd_ops[] = {
	{ LDAPD_SEARCH, LDAPD_SEARCH_DONE, "search", ACCESS_SEARCH, 0, LDAPD_ON_SEARCH, ldapd_dse_is,
	        ldapd_do_search },
	{ LDAPD_BIND, LDAPD_BIND_ANSWER, "bind", LDAPD_OWN_CONNECTION, LDAPD_MAY_BLOCK | LDAPD_SECRET,
	        LDAPD_ON_BIND, NULL, ldapd_bind },
	{ LDAPD_UNBIND, 0, "unbind", LDAPD_OWN_CONNECTION, 0, LDAPD_ON_UNBIND, NULL, ldapd_unbind },
	{ LDAPD_COMPARE, LDAPD_COMPARE_ANSWER, "compare", ACCESS_COMPARE, 0, LDAPD_ON_COMPARE, NULL,
	        ldapd_compare },
	{ LDAPD_MODIFY, LDAPD_MODIFY_ANSWER, "modify", ACCESS_WRITE, LDAPD_MAY_BLOCK | LDAPD_SECRET,
	        LDAPD_ON_MODIFY, NULL, ldapd_modify },
	{ LDAPD_ADD, LDAPD_ADD_ANSWER, "add", ACCESS_CREATE, LDAPD_MAY_BLOCK | LDAPD_SECRET, LDAPD_ON_ADD,
	        NULL, ldapd_add },
	{ LDAPD_DELETE, LDAPD_DELETE_ANSWER, "delete", ACCESS_DELETE, LDAPD_MAY_BLOCK, LDAPD_ON_DELETE, NULL,
	        ldapd_delete },
	{ LDAPD_MODDN, LDAPD_MODDN_ANSWER, "modifyDN", ACCESS_MOVE, LDAPD_MAY_BLOCK, LDAPD_ON_MODDN, NULL,
	        ldapd_moddn },
	{ LDAPD_ABANDON, 0, "abandon", LDAPD_OWN_CONNECTION, 0, LDAPD_ON_ABANDON, NULL, ldapd_abandon },
	/* the right of each extended operation stands in its own row: extops.c */
	{ LDAPD_EXTENDED, LDAPD_EXTENDED_ANSWER, "extended", LDAPD_OWN_CONNECTION,
	        LDAPD_MAY_BLOCK | LDAPD_SECRET, LDAPD_ON_EXTENDED, NULL, ldapd_extended },
};
const size_t ldapd_nops = sizeof ldapd_ops / sizeof *ldapd_ops;

const struct ldapd_op *ldapd_op_find(uint8_t tag)
{
	for (size_t i = 0; i < ldapd_nops; i++)
		if (ldapd_ops[i].tag == tag)
			return &ldapd_ops[i];
	return NULL;
}

/* An anonymous subject holds no verb on anything, so that is decided here; for others the store decides with
 * the same verb, by grants, on the object itself. A row without a right is refused to everyone. */
bool ldapd_has_right(const struct ldapd_conn *c, unsigned right)
{
	if (right == ACCESS_NONE || right > LDAPD_OWN_CONNECTION)
		return false;
	return right == LDAPD_OWN_CONNECTION || c->bound;
}

/* ---- answers ---- */

enum ldapd_outcome ldapd_answer_result(
        struct lw_writer *out, const struct ldapd_msg *m, const struct ldapd_result *res)
{
	const struct ldapd_op *op = ldapd_op_find(m->tag);

	if (op && op->answer)
		ldapd_put_result(out, m->id, op->answer, res);
	return LDAPD_DONE;
}

enum ldapd_outcome ldapd_answer(
        struct lw_writer *out, const struct ldapd_msg *m, uint8_t code, const char *text)
{
	struct ldapd_result res = { .code = code, .text = lw_str(text) };

	return ldapd_answer_result(out, m, &res);
}

enum ldapd_outcome ldapd_disconnect(
        struct ldapd_conn *c, struct lw_writer *out, uint8_t code, const char *text)
{
	ldapd_put_notice(out, code, text);
	c->closing = true;
	return LDAPD_CLOSE;
}

enum ldapd_outcome ldapd_answer_err(
        struct ldapd_conn *c, struct lw_writer *out, const struct ldapd_msg *m, int err)
{
	struct ldapd_result res = { .code = ldapd_code(err) };
	struct lw_writer dn;

	if (ldapd_session_over(err))
		return ldapd_disconnect(c, out, LDAPD_STRONGER_AUTH, "log in again");
	lw_writer_init(&dn, DN_MAX_TEXT);
	if (err == LW_ENOTFOUND && c->txn && store_matched(c->txn, &dn) && dn.err == LW_OK)
		res.matched = lw_written(&dn);
	ldapd_answer_result(out, m, &res);
	lw_writer_done(&dn);
	return LDAPD_DONE;
}
