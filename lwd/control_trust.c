/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl trust: what is its own besides an entry's. */
#include <string.h>

#include "base/err.h"
#include "lwd/control_kind.h"

static int group_dn(struct control_call *call, struct lw_bytes name, struct lw_bytes *ret)
{
	struct store_dn *dn;
	struct lw_writer w;
	int rc = control_dn(call, control_kind_named("group"), name, &dn);

	if (rc)
		return rc;
	lw_writer_init(&w, DN_MAX_TEXT);
	dn_put(&w, dn);
	rc = w.err;
	*ret = lw_dup(call->arena, lw_written(&w));
	lw_writer_done(&w);
	return rc ? rc : ret->p ? LW_OK : LW_ENOMEM;
}

int control_trust_groups(struct control_call *call, struct store_attr_values *ret)
{
	int rc = LW_OK;

	*ret = (struct store_attr_values){ .desc = LW_LIT("lwTrustGroup"),
		.values = lw_allocn(call->arena, call->req->npairs + 1, sizeof(*ret->values)) };
	if (!ret->values)
		return LW_ENOMEM;
	for (size_t i = 0; !rc && i < call->req->npairs; i++)
		if (lw_eq(call->req->pairs[i].key, LW_LIT("group")))
			rc = group_dn(call, call->req->pairs[i].value, &ret->values[ret->n++]);
	return rc;
}

int control_trust_value(struct control_call *call, struct store_attr_values *v)
{
	int rc = LW_OK;

	if (!lw_eq_nocase(v->desc, LW_LIT("lwTrustGroup")))
		return LW_OK;
	for (size_t i = 0; !rc && i < v->n; i++)
		rc = group_dn(call, v->values[i], &v->values[i]);
	return rc;
}

static int add_container(struct control_call *call, const struct store_dn *trust)
{
	struct lw_bytes class = LW_LIT("organizationalUnit"), ou = LW_LIT("trusts");
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), &class, 1 }, { LW_LIT("ou"), &ou, 1 } };
	struct store_dn dn = { trust->n - 1, trust->rdn + 1 };
	struct store_op op = { .kind = STORE_ADD, .dn = &dn, .attrs = attrs, .nattrs = 2 };
	struct store_result res = { 0 };
	int rc = control_write(call, &op, &res);

	return rc == LW_EEXIST ? LW_OK : rc;
}

int control_trust_add(struct control_call *call, const struct store_op *op, struct store_result *res)
{
	int rc = control_write(call, op, res);

	if (rc == LW_ENOTFOUND && op->dn->n > 1 && !(rc = add_container(call, op->dn)))
		rc = control_write(call, op, res);
	return rc;
}
