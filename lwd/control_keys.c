/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl keytab and key. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "keys/issue.h"
#include "keys/keytab.h"
#include "lwd/control_kind.h"

#define RETRIES 4 /* of a change whose entry changed meanwhile */

static struct lw_bytes token_of(const struct control_call *call)
{
	return (struct lw_bytes){ call->token.b, call->token.n };
}

/* ---- keytabs ---- */

static int by_dn(struct control_call *call, struct store_txn *txn, const char *kind, struct lw_bytes name, struct store_principal *ret)
{
	struct lw_bytes full = lw_str(lw_printf(call->arena, "%s%.*s", kind, (int)name.n, (const char *)name.p));
	struct store_dn *dn;
	int rc = full.n ? control_dn(call, NULL, full, &dn) : LW_ENOMEM;

	return rc ? rc : control_principal(call, txn, dn, ret);
}

/* KIND:NAME or a DN; else a service, a host, or whose Kerberos name it is. */
static int find(struct control_call *call, struct store_txn *txn, struct lw_bytes name, struct store_principal *ret)
{
	const struct schema_attr *attr = schema_attr(LW_LIT("krbPrincipalName"));
	bool said = memchr(name.p, ':', name.n) || memchr(name.p, '=', name.n);
	const char *full;
	int rc = by_dn(call, txn, said ? "" : "service:", name, ret);

	if (said || rc != LW_ENOTFOUND)
		return rc;
	rc = by_dn(call, txn, "host:", name, ret);
	if (rc != LW_ENOTFOUND)
		return rc;
	full = lw_printf(call->arena, "%.*s%s%s", (int)name.n, (const char *)name.p, memchr(name.p, '@', name.n) ? "" : "@",
		memchr(name.p, '@', name.n) ? "" : call->tenant.realm);
	return full ? control_principal_named(call, txn, attr, lw_str(full), ret) : LW_ENOMEM;
}

static int target(struct control_call *call, struct store_principal *ret)
{
	struct store_txn *txn;
	struct lw_bytes name;
	int rc = control_need(call, "name", &name);

	if (!rc)
		rc = store_begin(call->session, STORE_READ, &txn);
	if (rc)
		return rc;
	rc = find(call, txn, name, ret);
	store_end(txn);
	if (!rc && ret->user) {
		snprintf(call->text, sizeof(call->text), "keytabs are made for services and hosts, not for users");
		rc = LW_EUNWILLING;
	}
	return rc;
}

static void put_keytab(struct control_call *call, const struct store_principal *who, struct lw_bytes keytab)
{
	struct keys_keytab_reader r;
	struct keys_keytab_entry e = { 0 };
	char id[LW_UUID_TEXT];
	size_t at = ctl_item_begin(call->out);

	call->out->wipe = true;
	lw_uuid_format(&who->uuid, id);
	ctl_item_string(call->out, "id", id);
	ctl_item_string(call->out, "name", who->name);
	if (keys_keytab_open(keytab, &r) == LW_OK && keys_keytab_next(&r, &e) == LW_OK)
		ctl_item_int(call->out, "kvno", e.kvno);
	ctl_item_field(call->out, "keytab", CTL_STRING, false, &keytab, 1);
	ctl_item_end(call->out, at);
}

int control_keytab_get(struct control_call *call)
{
	bool rotate = ctl_arg(call->req, "rotate").n > 0;
	int rc = LW_EAGAIN;

	for (int i = 0; rc == LW_EAGAIN && i < RETRIES; i++) {
		struct store_principal who = { 0 };
		struct store_op op = { .kind = STORE_SET_SECRET };
		struct store_result res = { 0 };
		struct lw_bytes keytab;

		if ((rc = target(call, &who)) != 0)
			break;
		op.uuid = who.uuid;
		op.expect_version = who.version;
		rc = keys_keytab(call->keys, token_of(call), call->tenant.id, &who.uuid, rotate, call->arena, &op.secrets, &op.nsecrets,
			&keytab);
		/* new keys are on the disk before anybody has them */
		if (!rc && op.nsecrets)
			rc = control_write(call, &op, &res);
		if (!rc)
			put_keytab(call, &who, keytab);
	}
	return rc;
}

/* ---- keys ---- */

/* The kinds besides kerberos, by lwctl's words for them. */
static const struct {
	const char *name;
	enum keys_kind kind;
	const char *needed; /* what relies on a former one */
} kinds[] = { { "ca", KEYS_CA, "certificates" }, { "saml", KEYS_SAML, "assertions" }, { "jwt", KEYS_JWT, "JWTs" } };
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static void put_time(struct control_call *call, const char *name, int64_t time)
{
	char text[LW_TIME_TEXT];

	if (!time)
		return;
	lw_time_rfc3339(time, text);
	ctl_item_string(call->out, name, text);
}

static void put_age(struct control_call *call, int64_t created)
{
	put_time(call, "created", created);
	ctl_item_int(call->out, "ageDays", (lw_wall(call->clock) - created) / (86400 * LW_SECOND));
}

static void put_state(struct control_call *call, enum keys_state state, int64_t next, int64_t needed, const char *by)
{
	static const char *const words[KEYS_STATE_COUNT] = { NULL, "next", "current", "former" };

	ctl_item_bool(call->out, "current", state == KEYS_STATE_CURRENT);
	ctl_item_string(call->out, "state", words[state]);
	put_time(call, "nextRotation", next);
	put_time(call, "neededUntil", needed);
	if (needed)
		ctl_item_string(call->out, "neededBy", by);
}

static void put_set(struct control_call *call, const struct keys_set *s)
{
	size_t at = ctl_item_begin(call->out);
	const char *by = "";

	for (size_t i = 0; i < NKINDS; i++) {
		if (kinds[i].kind == s->kind) {
			ctl_item_string(call->out, "name", kinds[i].name);
			by = kinds[i].needed;
		}
	}
	ctl_item_string(call->out, "keyId", s->id);
	ctl_item_string(call->out, "algorithm", s->alg);
	put_age(call, s->created);
	put_time(call, "usedFrom", s->use_from);
	put_time(call, "notAfter", s->not_after);
	put_state(call, s->state, s->next, s->needed, by);
	ctl_item_end(call->out, at);
}

int control_key_list(struct control_call *call)
{
	struct keys_realm_set realm[KEYS_REALM_SETS];
	struct keys_set *sets;
	size_t n = 0;
	int rc = keys_realm_list(call->keys, token_of(call), call->tenant.id, realm, &n);

	for (size_t i = 0; !rc && i < n; i++) {
		size_t at = ctl_item_begin(call->out);
		ctl_item_string(call->out, "name", "kerberos");
		ctl_item_int(call->out, "kvno", realm[i].kvno);
		put_age(call, realm[i].set_time);
		put_time(call, "usedFrom", realm[i].set_time);
		put_state(call, i == 0 ? KEYS_STATE_CURRENT : KEYS_STATE_FORMER, realm[i].next, realm[i].needed, "tickets");
		ctl_item_end(call->out, at);
	}
	if (!rc)
		rc = keys_list(call->keys, token_of(call), call->tenant.id, call->arena, &sets, &n);
	for (size_t i = 0; !rc && i < n; i++)
		put_set(call, &sets[i]);
	return rc ? rc : control_installation_list(call);
}

static int new_keys(struct control_call *call, struct lw_bytes kind, struct store_sealed_item *ret)
{
	struct lw_bytes alg = ctl_arg(call->req, "alg");
	const char *text = alg.n ? (const char *)lw_dup(call->arena, alg).p : NULL;
	bool at_once = ctl_arg(call->req, "now").n > 0;

	if (lw_eq(kind, LW_LIT("kerberos")))
		return keys_realm_keys(call->keys, token_of(call), call->tenant.id, at_once, call->arena, ret, call->text);
	for (size_t i = 0; i < NKINDS; i++)
		if (lw_eq(kind, lw_str(kinds[i].name)))
			return keys_rotate(call->keys, token_of(call), call->tenant.id, kinds[i].kind, text, at_once, call->arena, ret, call->text);
	snprintf(call->text, sizeof(call->text), "there are no keys of kind %.*s", (int)(kind.n < 40 ? kind.n : 40), (const char *)kind.p);
	return LW_EINVAL;
}

int control_key_rotate(struct control_call *call)
{
	struct lw_bytes kind;
	int rc = control_need(call, "kind", &kind);

	if (rc)
		return rc;
	if (lw_eq(kind, LW_LIT("master")))
		return control_master_rotate(call);
	if (lw_eq(kind, LW_LIT("tls")))
		return control_tls_rotate(call);
	rc = LW_EAGAIN;
	for (int i = 0; rc == LW_EAGAIN && i < RETRIES; i++) {
		struct store_sealed_item item = { 0 };
		struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
		struct store_result res = { 0 };

		rc = new_keys(call, kind, &item);
		if (!rc)
			rc = control_write(call, &op, &res);
	}
	return rc ? rc : control_key_list(call);
}
