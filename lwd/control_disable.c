/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl user|service|host disable and enable. With `revoke` the certificates go as well, one by one as by `cert revoke`, once the entry is
 * disabled: from then on nothing is issued for it. Broken off between two of them, it is finished by saying it again. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "ca/ca.h"
#include "lwd/control_kind.h"
#include "store/issue.h"

#define PAGE 64

static int set_disabled(struct control_call *call, struct lw_bytes *value, size_t n, struct lw_uuid *ret)
{
	const struct control_kind *kind;
	struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("lwDisabled"), value, n } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res = { 0 };
	int rc = control_object(call, &kind, &op.dn);

	if (!rc)
		rc = control_write(call, &op, &res);
	if (!rc)
		*ret = res.uuid;
	return rc;
}

/* A page of what is left to revoke; the serials are copied. Asks for the right, too. */
static int page_of(struct control_call *call, const struct lw_uuid *subject, uint64_t *inout_after, struct store_cert *ret, size_t *ret_n)
{
	struct store_txn *txn;
	int rc = store_begin(call->session, STORE_READ, &txn);

	if (rc)
		return rc;
	rc = store_certs_of(txn, subject, lw_wall(call->clock), inout_after, ret, PAGE, ret_n);
	for (size_t i = 0; !rc && i < *ret_n; i++)
		if (!(ret[i].serial = lw_dup(call->arena, ret[i].serial)).p)
			rc = LW_ENOMEM;
	store_end(txn);
	return rc;
}

static int revoke_all(struct control_call *call, const struct lw_uuid *subject, int reason)
{
	struct store_cert page[PAGE];
	uint64_t after = 0;
	size_t n = PAGE;
	int rc = LW_OK;

	while (!rc && n == PAGE) {
		rc = page_of(call, subject, &after, page, &n);
		for (size_t i = 0; !rc && i < n; i++) {
			struct store_op op = { .kind = STORE_CERT_REVOKE, .record = { .serial = page[i].serial, .reason = reason } };
			struct store_result res = { 0 };

			rc = control_write(call, &op, &res);
			if (rc == LW_EEXIST || rc == LW_ENOTFOUND) /* somebody else's work, meanwhile */
				rc = LW_OK;
		}
	}
	return rc;
}

/* May his certificates be revoked? Before anything has changed. */
static int prepare(struct control_call *call, int *ret_reason)
{
	struct lw_bytes said = ctl_arg(call->req, "reason");
	const char *text = said.n ? (const char *)lw_dup(call->arena, said).p : "unspecified";
	int reason = text ? ca_reason(text) : -1;
	const struct control_kind *kind;
	struct store_principal who = { 0 };
	struct store_txn *txn;
	struct store_dn *dn;
	int rc;

	if (reason < 0) {
		snprintf(call->text, sizeof(call->text), "there is no reason %.60s", text ? text : "");
		return LW_EINVAL;
	}
	if ((rc = control_object(call, &kind, &dn)) != 0)
		return rc;
	if (!kind->principal)
		return LW_EUNWILLING;
	if ((rc = store_begin(call->session, STORE_READ, &txn)) != 0)
		return rc;
	rc = control_principal(call, txn, dn, &who);
	if (!rc)
		rc = store_may(txn, ACCESS_REVOKE, &who.uuid, NULL);
	store_end(txn);
	if (!rc && call->cap && lw_uuid_eq(&who.uuid, &call->cap->subject)) {
		snprintf(call->text, sizeof(call->text), "whoever is disabled can revoke nothing: somebody else has to do that");
		rc = LW_EUNWILLING;
	}
	if (!rc)
		*ret_reason = reason;
	return rc;
}

int control_object_disable(struct control_call *call)
{
	struct lw_bytes yes = LW_LIT("TRUE");
	bool revoke = ctl_arg(call->req, "revoke").n > 0;
	struct lw_uuid subject;
	int reason, rc = LW_OK;

	if (!revoke && ctl_arg(call->req, "reason").n) {
		snprintf(call->text, sizeof(call->text), "a reason is for revoking");
		return LW_EINVAL;
	}
	if (revoke)
		rc = prepare(call, &reason);
	if (!rc)
		rc = set_disabled(call, &yes, 1, &subject); /* that one, whatever is called so by now */
	if (rc || !revoke)
		return rc;
	rc = revoke_all(call, &subject, reason);
	if (rc) {
		const char *why = lw_strdup(call->arena, call->text);
		snprintf(call->text, sizeof(call->text), "disabled, but not all certificates are revoked: %.80s; say it again", why && *why ? why : lw_strerror(rc));
	}
	return rc;
}

int control_object_enable(struct control_call *call)
{
	struct lw_uuid who;

	return set_disabled(call, NULL, 0, &who);
}
