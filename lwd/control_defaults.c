/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl grant defaults: the roles and grants of store/access_defaults.c that a tenant does not have. Each group and grant is an
 * ordinary write in the session of whoever asks; what is there stays as it is, so that asking again goes on where it was interrupted. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "lwd/control_kind.h"
#include "store/access.h"

/* Is it among the names that were asked for? None: all are. */
static bool wanted(const struct control_call *call, const char *name)
{
	bool any = false;

	for (size_t i = 0; i < call->req->npairs; i++) {
		if (!lw_eq(call->req->pairs[i].key, LW_LIT("name")))
			continue;
		any = true;
		if (lw_eq(call->req->pairs[i].value, lw_str(name)))
			return true;
	}
	return !any;
}

static const struct access_default *const lists[] = { access_default_groups, access_defaults, access_delegated };

/* A name that is none of ours would be passed over in silence. */
static int check_names(struct control_call *call)
{
	for (size_t i = 0; i < call->req->npairs; i++) {
		bool found = false;

		if (!lw_eq(call->req->pairs[i].key, LW_LIT("name")))
			continue;
		for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
			for (const struct access_default *d = lists[k]; d->cn; d++)
				found = found || lw_eq(call->req->pairs[i].value, lw_str(d->cn));
		if (!found) {
			snprintf(call->text, sizeof(call->text), "%.*s is no group or grant that new tenants start with",
				(int)(call->req->pairs[i].value.n < 64 ? call->req->pairs[i].value.n : 64),
				(const char *)call->req->pairs[i].value.p);
			return LW_EINVAL;
		}
	}
	return LW_OK;
}

static void put(struct control_call *call, const char *kind, const struct access_default *d, const struct lw_uuid *uuid)
{
	char id[LW_UUID_TEXT];
	size_t at = ctl_item_begin(call->out);

	lw_uuid_format(uuid, id);
	ctl_item_string(call->out, "id", id);
	ctl_item_string(call->out, "name", d->cn);
	ctl_item_string(call->out, "kind", kind);
	ctl_item_string(call->out, !strcmp(kind, "grant") ? "lwGrantText" : "description", d->text);
	ctl_item_end(call->out, at);
}

static int make(struct control_call *call, const char *kind, const char *class, const char *attr, const struct access_default *d)
{
	struct lw_bytes classes[] = { LW_LIT("top"), lw_str(class) }, name = lw_str(d->cn), text = lw_str(d->text);
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 2 }, { LW_LIT("cn"), &name, 1 }, { lw_str(attr), &text, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 3 };
	struct store_result res = { 0 };
	int rc = control_dn(call, control_kind_named(kind), name, &op.dn);

	if (!rc)
		rc = control_write(call, &op, &res);
	if (!rc)
		put(call, kind, d, &res.uuid);
	else if (rc == LW_EEXIST)
		call->text[0] = 0;
	return rc == LW_EEXIST ? LW_OK : rc;
}

int control_grant_defaults(struct control_call *call)
{
	int rc = check_names(call);

	for (const struct access_default *d = access_default_groups; !rc && d->cn; d++)
		if (wanted(call, d->cn))
			rc = make(call, "group", "groupOfNames", "description", d);
	for (size_t k = 1; k < sizeof(lists) / sizeof(lists[0]); k++)
		for (const struct access_default *d = lists[k]; !rc && d->cn; d++)
			if (wanted(call, d->cn))
				rc = make(call, "grant", "lwGrant", "lwGrantText", d);
	return rc;
}
