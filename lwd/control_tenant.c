/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl tenant …, and explain. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "lwd/control.h"
#include "lwd/master.h"
#include "lwd/upkeep.h"

static void put_tenant(struct lw_writer *out, const struct store_tenant *t, bool dying)
{
	char id[LW_UUID_TEXT], created[LW_TIME_TEXT];
	size_t at = ctl_item_begin(out);

	lw_uuid_format(&t->uuid, id);
	lw_time_rfc3339(t->created, created);
	ctl_item_string(out, "id", id);
	ctl_item_string(out, "name", t->name);
	ctl_item_string(out, "realm", t->realm);
	ctl_item_bool(out, "enabled", t->enabled);
	ctl_item_string(out, "state", dying ? "deleting" : t->enabled ? "enabled" : "disabled");
	ctl_item_bool(out, "system", t->system);
	ctl_item_string(out, "created", created);
	ctl_item_end(out, at);
}

int control_tenant_create(struct control_call *call)
{
	struct keys_tenant kt = { 0 };
	struct store_op op = { .kind = STORE_TENANT_CREATE };
	struct store_sealed_item realm_keys;
	struct store_result res = { 0 };
	struct lw_bytes name, password, admin = ctl_arg(call->req, "admin");
	struct store_tenant made;
	char *canon, *realm;
	int rc;

	if ((rc = control_need(call, "name", &name)) || (rc = control_need(call, "password", &password)))
		return rc;
	if (call->tenant.id != call->system_tenant)
		return LW_EACCES;
	if ((rc = lw_domain_canon(call->arena, name, &canon)) != 0) {
		snprintf(call->text, sizeof(call->text), "not a domain name of two or more labels");
		return LW_EINVAL;
	}
	realm = lw_strdup(call->arena, canon);
	kt.admin_name = admin.n ? (const char *)lw_dup(call->arena, admin).p : "admin";
	if (!realm || !kt.admin_name)
		return LW_ENOMEM;
	for (char *p = realm; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
	kt.name = canon;
	kt.realm = realm;
	kt.ret_realm = &realm_keys;
	kt.uuid = lw_uuid_new(call->clock);
	kt.admin_uuid = lw_uuid_new(call->clock);
	op.realm_keys = &realm_keys;
	op.tenant_name = canon;
	op.tenant_uuid = kt.uuid;
	op.admin_name = kt.admin_name;
	op.admin_uuid = kt.admin_uuid;
	master_hold();
	rc = keys_tenant_new(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, &kt, password, call->arena, &op.tenant_keys,
		&op.secrets, &op.nsecrets, call->text);
	if (!rc && (rc = store_write(call->session, &op, &res)) != 0)
		snprintf(call->text, sizeof(call->text), "%s", res.text);
	master_release();
	if (rc)
		return rc;
	if ((rc = store_tenant_by_name(call->store, call->arena, lw_str(canon), &made)) == 0) {
		int64_t next;
		/* what fails here is made up for within a minute */
		if (keys_upkeep(call->keys, call->store, made.id, &next) != 0)
			lw_log(LW_WARN, "upkeep", "tenant", made.name, "note", "its signing keys come later", NULL);
		put_tenant(call->out, &made, false);
	}
	return rc;
}

int control_tenant_list(struct control_call *call)
{
	struct store_tenant *t;
	size_t n;
	int rc = store_tenant_list(call->store, call->arena, &t, &n);

	for (size_t i = 0; !rc && i < n; i++)
		put_tenant(call->out, &t[i], false);
	if (!rc)
		rc = store_tenant_dying(call->store, call->arena, &t, &n);
	for (size_t i = 0; !rc && i < n; i++)
		put_tenant(call->out, &t[i], true);
	return rc;
}

/* One that was deleted, while something of it is left. LW_ENOTFOUND. */
static int dying_tenant(struct control_call *call, struct lw_bytes name, struct store_tenant *ret)
{
	struct store_tenant *t;
	char *canon;
	size_t n;
	int rc = lw_domain_canon(call->arena, name, &canon);

	if (!rc)
		rc = store_tenant_dying(call->store, call->arena, &t, &n);
	for (size_t i = 0; !rc && i < n; i++)
		if (!strcmp(t[i].name, canon)) {
			*ret = t[i];
			return LW_OK;
		}
	return rc == LW_ENOMEM ? rc : LW_ENOTFOUND;
}

static int named_tenant(struct control_call *call, struct store_tenant *ret)
{
	struct lw_bytes name;
	int rc = control_need(call, "name", &name);

	if (rc)
		return rc;
	rc = store_tenant_by_name(call->store, call->arena, name, ret);
	if (rc == LW_EINVAL || rc == LW_ENOTFOUND) {
		struct store_tenant dead;

		rc = dying_tenant(call, name, &dead);
		snprintf(call->text, sizeof(call->text), rc ? "no such tenant" : "this tenant is being deleted");
		return LW_ENOTFOUND;
	}
	return rc;
}

int control_tenant_show(struct control_call *call)
{
	struct store_tenant t, dead;
	struct lw_bytes name;
	int rc = named_tenant(call, &t);

	if (!rc)
		put_tenant(call->out, &t, false);
	if (rc == LW_ENOTFOUND && !control_need(call, "name", &name) && !dying_tenant(call, name, &dead)) {
		call->text[0] = 0;
		put_tenant(call->out, &dead, true);
		rc = LW_OK;
	}
	return rc;
}

static int set_state(struct control_call *call, bool enabled)
{
	struct store_tenant t;
	struct store_op op = { .kind = STORE_TENANT_STATE, .tenant_enabled = enabled };
	struct store_result res = { 0 };
	int rc = named_tenant(call, &t);

	if (rc)
		return rc;
	op.tenant_uuid = t.uuid;
	if ((rc = store_write(call->session, &op, &res)) != 0)
		snprintf(call->text, sizeof(call->text), "%s", res.text);
	return rc;
}

int control_tenant_enable(struct control_call *call)
{
	return set_state(call, true);
}

int control_tenant_disable(struct control_call *call)
{
	return set_state(call, false);
}

#define DELETE_TRIES 4 /* its keys may be changed meanwhile */

int control_tenant_delete(struct control_call *call)
{
	const struct lw_bytes token = { call->token.b, call->token.n };
	struct store_op op = { .kind = STORE_TENANT_DELETE };
	struct store_result res = { 0 };
	struct store_revoked *revoked;
	struct store_tenant t;
	int rc = named_tenant(call, &t);

	if (!rc && t.system) {
		snprintf(call->text, sizeof(call->text), "the system tenant can't be deleted");
		return LW_EUNWILLING;
	}
	op.tenant_uuid = t.uuid;
	for (unsigned i = 0; i < DELETE_TRIES && (!i ? !rc : rc == LW_EAGAIN); i++) {
		rc = keys_tenant_end(call->keys, token, t.id, call->arena, &revoked, &op.nrevoked, &op.ca_generation);
		if (rc)
			break;
		op.revoked = revoked;
		rc = store_write(call->session, &op, &res);
		if (rc)
			snprintf(call->text, sizeof(call->text), "%s", res.text);
	}
	if (!rc && keys_forget(call->keys) != LW_OK)
		lw_log(LW_WARN, "tenant.delete", "tenant", t.name, "note", "keyd keeps what it had at hand until it starts anew", NULL);
	return rc;
}
