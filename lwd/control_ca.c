/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl ca: what is public of the certificate authorities, and the root's key away and back. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "keys/issue.h"
#include "lwd/control_kind.h"

/* Whose: argument "of" (root, installation, tenant); "root" is as good as of=root. */
static const struct whose {
	const char *name;
	enum keys_public pem, crl, more; /* more: another list behind it */
	bool tenant;
} whose[] = {
	{ "installation", 0, KEYS_INSTALLATION_CRL, 0, false },
	{ "root", KEYS_ROOT_PEM, KEYS_ROOT_CRL, KEYS_INSTALLATION_CRL, false },
	{ "tenant", KEYS_CA_PEM, KEYS_CA_CRL, 0, true },
};

static int asked_for(struct control_call *call, const char *otherwise, const struct whose **ret)
{
	struct lw_bytes of = ctl_arg(call->req, "of");

	if (!of.n)
		of = ctl_arg(call->req, "root").n ? LW_LIT("root") : lw_str(otherwise);
	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++)
		if (lw_eq(of, lw_str(whose[i].name))) {
			*ret = &whose[i];
			return LW_OK;
		}
	snprintf(call->text, sizeof(call->text), "a CA is the root's, the installation's or the tenant's");
	return LW_EINVAL;
}

static void put_one(struct control_call *call, const struct whose *w, struct lw_bytes pem)
{
	size_t at = ctl_item_begin(call->out);

	ctl_item_string(call->out, "name", w->tenant ? call->tenant.name : w->name);
	ctl_item_field(call->out, "pem", CTL_STRING, false, &pem, 1);
	ctl_item_end(call->out, at);
}

int control_ca_show(struct control_call *call)
{
	const struct whose *w;
	struct lw_bytes pem;
	int64_t until;
	int rc = asked_for(call, "installation", &w);

	if (!rc && !w->tenant)
		rc = keys_ca_pem(call->keys, w->pem == KEYS_ROOT_PEM, call->arena, &pem);
	else if (!rc)
		rc = keys_public(call->keys, w->pem, lw_str(call->tenant.name), call->arena, &pem, &until);
	if (!rc)
		put_one(call, w, pem);
	return rc;
}

static int put_list(struct control_call *call, enum keys_public list, struct lw_bytes tenant, struct lw_writer *w)
{
	struct lw_bytes der;
	int64_t until;
	int rc = keys_public(call->keys, list, tenant, call->arena, &der, &until);

	if (!rc)
		lw_pem_put(w, "X509 CRL", der);
	return rc ? rc : w->err;
}

/* Of the root: also that of the installation CA, where the CA certificates of deleted tenants stand; everything above a tenant's own. */
int control_ca_crl(struct control_call *call)
{
	struct lw_bytes tenant = LW_LIT("");
	const struct whose *w;
	struct lw_writer pem;
	int rc = asked_for(call, "tenant", &w);

	if (rc)
		return rc;
	if (w->tenant)
		tenant = lw_str(call->tenant.name);
	lw_writer_init(&pem, CTL_MAX);
	rc = put_list(call, w->crl, tenant, &pem);
	if (!rc && w->more)
		rc = put_list(call, w->more, tenant, &pem);
	if (!rc)
		put_one(call, w, lw_written(&pem));
	lw_writer_done(&pem);
	return rc;
}

/* Without the argument "file" it is given; with it, it goes. */
int control_ca_root_export(struct control_call *call)
{
	struct lw_bytes file = ctl_arg(call->req, "file"), out;
	int rc = keys_root_export(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, file, call->arena, &out, call->text);

	if (rc || file.n)
		return rc;
	size_t at = ctl_item_begin(call->out);
	call->out->wipe = true;
	ctl_item_string(call->out, "name", "root");
	ctl_item_field(call->out, "file", CTL_STRING, false, &out, 1);
	ctl_item_end(call->out, at);
	return LW_OK;
}

int control_ca_root_import(struct control_call *call)
{
	struct lw_bytes file;
	int rc = control_need(call, "file", &file);

	return rc ? rc : keys_root_import(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, file, call->text);
}

int control_ca_renew(struct control_call *call)
{
	char end[LW_TIME_TEXT];
	int64_t not_after;
	int rc = keys_ca_renew(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, &not_after, call->text);

	if (rc)
		return rc;
	size_t at = ctl_item_begin(call->out);
	lw_time_rfc3339(not_after, end);
	ctl_item_string(call->out, "name", "installation");
	ctl_item_string(call->out, "notAfter", end);
	ctl_item_end(call->out, at);
	return LW_OK;
}
