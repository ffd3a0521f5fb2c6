/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that change users, groups, services, hosts, grants and policies; and explain. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "lwd/control_kind.h"
#include "store/access.h"

#define RETRIES 4 /* of a password change whose entry changed meanwhile */

/* ---- writing ---- */

static int add_value(struct control_call *call, struct store_op *op, struct lw_bytes desc, struct lw_bytes value)
{
	for (size_t i = 0; i < op->nattrs; i++)
		if (lw_eq_nocase(op->attrs[i].desc, desc)) {
			op->attrs[i].values[op->attrs[i].n++] = value;
			return LW_OK;
		}
	struct store_attr_values *a = &op->attrs[op->nattrs++];
	a->desc = desc;
	a->values = lw_allocn(call->arena, call->req->npairs + 8, sizeof(*a->values));
	if (!a->values)
		return LW_ENOMEM;
	a->values[a->n++] = value;
	return LW_OK;
}

/* A name for a grant that nobody has yet. */
static struct lw_bytes grant_name(struct control_call *call)
{
	struct lw_uuid u = lw_uuid_new(call->clock);
	char text[LW_UUID_TEXT];

	lw_uuid_format(&u, text);
	return lw_str(lw_printf(call->arena, "grant-%s", text + 24));
}

static struct lw_bytes surname_of(struct lw_bytes cn)
{
	for (size_t i = cn.n; i > 0; i--)
		if (cn.p[i - 1] == ' ')
			return (struct lw_bytes){ cn.p + i, cn.n - i };
	return cn;
}

static int fill_user(struct control_call *call, struct store_op *op, struct lw_bytes name)
{
	struct lw_bytes given = ctl_arg(call->req, "given-name"), sur = ctl_arg(call->req, "surname"), mail = ctl_arg(call->req, "mail");
	struct lw_bytes cn = given.n || sur.n ? lw_str(lw_printf(call->arena, "%.*s%s%.*s", (int)given.n, (const char *)given.p,
		given.n && sur.n ? " " : "", (int)sur.n, (const char *)sur.p)) : name;
	int rc = add_value(call, op, LW_LIT("cn"), cn);

	if (!rc)
		rc = add_value(call, op, LW_LIT("sn"), sur.n ? sur : surname_of(cn));
	if (!rc && given.n)
		rc = add_value(call, op, LW_LIT("givenName"), given);
	if (!rc && mail.n)
		rc = add_value(call, op, LW_LIT("mail"), mail);
	return rc;
}

/* A uidNumber that nobody in the tenant has: random, so that two who ask at once do not get the same. */
static int free_number(struct control_call *call, struct lw_bytes *ret)
{
	for (int tries = 0; tries < 20; tries++) {
		struct store_search search = { .scope = STORE_SUB };
		struct store_cursor *cursor = NULL;
		const struct store_view *view;
		struct store_dn *base;
		struct store_txn *txn;
		struct filter *filter;
		uint32_t n;
		int rc;

		lw_random(&n, sizeof(n));
		const char *text = lw_printf(call->arena, "%u", 100000 + n % 2000000000u);
		filter = text ? filter_assert(call->arena, FILTER_EQ, LW_LIT("uidNumber"), lw_str(text)) : NULL;
		if (!filter)
			return LW_ENOMEM;
		if ((rc = dn_from_domain(call->arena, call->tenant.name, &base)) || (rc = store_begin(call->session, STORE_READ, &txn)))
			return rc;
		search.base = base;
		search.filter = filter;
		rc = store_search(txn, &search, &cursor);
		bool taken = !rc && store_next(cursor, &view);
		store_cursor_free(cursor);
		store_end(txn);
		if (rc)
			return rc;
		if (!taken) {
			*ret = lw_str(text);
			return LW_OK;
		}
	}
	return LW_EBUSY;
}

static int fill_posix(struct control_call *call, struct store_op *op, struct lw_bytes name)
{
	struct lw_bytes uid = ctl_arg(call->req, "uidNumber"), gid = ctl_arg(call->req, "gidNumber");
	struct lw_bytes home = ctl_arg(call->req, "homeDirectory"), shell = ctl_arg(call->req, "loginShell");
	int rc = add_value(call, op, LW_LIT("objectClass"), LW_LIT("posixAccount"));

	if (!rc && !uid.n)
		rc = free_number(call, &uid);
	if (!rc)
		rc = add_value(call, op, LW_LIT("uidNumber"), uid);
	if (!rc)
		rc = add_value(call, op, LW_LIT("gidNumber"), gid.n ? gid : uid);
	if (!rc)
		rc = add_value(call, op, LW_LIT("homeDirectory"),
			home.n ? home : lw_str(lw_printf(call->arena, "/home/%.*s", (int)name.n, (const char *)name.p)));
	return rc ? rc : add_value(call, op, LW_LIT("loginShell"), shell.n ? shell : LW_LIT("/bin/bash"));
}

static struct keys_source source_of(const struct control_call *call)
{
	struct keys_source from = { .confidential = true };

	snprintf(from.addr, sizeof(from.addr), "%s", call->addr);
	return from;
}

static int seal_new(struct control_call *call, const struct control_kind *kind, struct store_op *op, struct lw_bytes name)
{
	struct lw_bytes password = ctl_arg(call->req, "password");
	struct keys_source from = source_of(call);
	struct keys_new_entry e = { .user = !strcmp(kind->name, "user") };

	if (!password.n)
		return LW_OK;
	if (!kind->principal)
		return LW_EUNWILLING;
	if (call->cap && call->cap->tenant != call->tenant.id)
		return LW_EACCES; /* a partner's people set no passwords */
	e.name = (const char *)lw_dup(call->arena, name).p;
	e.krb_name = lw_printf(call->arena, "%s%s@%s", strcmp(kind->name, "host") ? "" : "host/", e.name, call->tenant.realm);
	if (!e.name || !e.krb_name)
		return LW_ENOMEM;
	op->uuid = lw_uuid_new(call->clock);
	return keys_set_password(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, call->tenant.id, &op->uuid, 0, &e,
		(struct lw_bytes){ 0 }, password, &from, call->arena, &op->secrets, &op->nsecrets, call->text);
}

static int fill_rp(struct control_call *call, struct store_op *op)
{
	struct store_attr_values all[CONTROL_RP_ATTRS];
	int rc = control_rp_values(call, all);

	for (size_t i = 0; !rc && i < CONTROL_RP_ATTRS; i++)
		if (all[i].n)
			op->attrs[op->nattrs++] = all[i];
	return rc;
}

int control_object_create(struct control_call *call)
{
	const struct control_kind *kind;
	struct store_op op = { .kind = STORE_ADD };
	struct store_result res = { 0 };
	struct lw_bytes name = ctl_arg(call->req, "name");
	int rc = control_kind(call, &kind);

	if (rc)
		return rc;
	if (!strcmp(kind->name, "grant") && !name.n)
		name = grant_name(call);
	if (!name.n) {
		snprintf(call->text, sizeof(call->text), "name is missing");
		return LW_EINVAL;
	}
	if ((rc = control_dn(call, kind, name, &op.dn)) != 0)
		return rc;
	op.attrs = lw_allocn(call->arena, call->req->npairs + 16, sizeof(*op.attrs));
	if (!op.attrs)
		return LW_ENOMEM;
	for (size_t i = 0; !rc && i < 6 && kind->classes[i]; i++)
		rc = add_value(call, &op, LW_LIT("objectClass"), lw_str(kind->classes[i]));
	if (!rc)
		rc = add_value(call, &op, lw_str(kind->naming), name);
	if (!rc && !strcmp(kind->name, "user"))
		rc = fill_user(call, &op, name);
	if (!rc && ctl_arg(call->req, "posix").n)
		rc = fill_posix(call, &op, name);
	struct lw_bytes text = ctl_arg(call->req, "text"), description = ctl_arg(call->req, "description");
	if (!rc && text.n)
		rc = add_value(call, &op, LW_LIT("lwGrantText"), text);
	if (!rc && description.n)
		rc = add_value(call, &op, LW_LIT("description"), description);
	if (!rc && !strcmp(kind->name, "rp"))
		rc = fill_rp(call, &op);
	if (!rc && !strcmp(kind->name, "trust")) {
		rc = control_trust_groups(call, &op.attrs[op.nattrs]);
		op.nattrs += !rc && op.attrs[op.nattrs].n;
	}
	if (!rc)
		rc = seal_new(call, kind, &op, name);
	if (!rc && !strcmp(kind->name, "trust"))
		rc = control_trust_add(call, &op, &res);
	else if (!rc)
		rc = control_rp_taken(call, control_write(call, &op, &res));
	return rc ? rc : control_show_written(call, kind, op.dn, &res.uuid, name);
}

/* ATTR=V, ATTR+=V, ATTR-=V; ATTR= takes the attribute away. */
static int parse_set(struct control_call *call, struct lw_bytes arg, struct store_mod *ret)
{
	const uint8_t *eq = memchr(arg.p, '=', arg.n);
	size_t n = eq ? (size_t)(eq - arg.p) : 0;

	if (!n) {
		snprintf(call->text, sizeof(call->text), "not of the form ATTR=VALUE, ATTR+=VALUE or ATTR-=VALUE");
		return LW_EINVAL;
	}
	ret->kind = arg.p[n - 1] == '+' ? STORE_MOD_ADD : arg.p[n - 1] == '-' ? STORE_MOD_DELETE : STORE_MOD_REPLACE;
	ret->attr.desc = (struct lw_bytes){ arg.p, ret->kind == STORE_MOD_REPLACE ? n : n - 1 };
	ret->attr.values = lw_alloc(call->arena, sizeof(*ret->attr.values));
	if (!ret->attr.values)
		return LW_ENOMEM;
	ret->attr.values[0] = (struct lw_bytes){ eq + 1, arg.n - n - 1 };
	ret->attr.n = ret->attr.values[0].n ? 1 : 0;
	return LW_OK;
}

/* New metadata: all that the old one said goes. */
static int replace_rp(struct control_call *call, struct store_op *op)
{
	struct store_attr_values all[CONTROL_RP_ATTRS];
	int rc = control_rp_values(call, all);

	for (size_t i = 0; !rc && i < CONTROL_RP_ATTRS; i++)
		op->mods[op->nmods++] = (struct store_mod){ STORE_MOD_REPLACE, all[i] };
	return rc;
}

int control_object_set(struct control_call *call)
{
	const struct control_kind *kind;
	struct store_op op = { .kind = STORE_MODIFY };
	struct store_result res = { 0 };
	int rc = control_object(call, &kind, &op.dn);

	if (rc)
		return rc;
	op.mods = lw_allocn(call->arena, call->req->npairs + CONTROL_RP_ATTRS, sizeof(*op.mods));
	if (!op.mods)
		return LW_ENOMEM;
	if (!strcmp(kind->name, "rp") && ctl_arg(call->req, "entity-id").n)
		rc = replace_rp(call, &op);
	for (size_t i = 0; !rc && i < call->req->npairs; i++)
		if (lw_eq(call->req->pairs[i].key, LW_LIT("set")))
			rc = parse_set(call, call->req->pairs[i].value, &op.mods[op.nmods++]);
	for (size_t i = 0; !rc && !strcmp(kind->name, "trust") && i < op.nmods; i++)
		rc = control_trust_value(call, &op.mods[i].attr);
	if (!rc && !op.nmods)
		rc = LW_EINVAL;
	if (!rc)
		rc = control_rp_taken(call, control_write(call, &op, &res));
	return rc ? rc : control_show_written(call, kind, op.dn, &res.uuid, ctl_arg(call->req, "name"));
}

int control_object_delete(struct control_call *call)
{
	const struct control_kind *kind;
	struct store_op op = { .kind = STORE_DELETE };
	struct store_result res = { 0 };
	int rc = control_object(call, &kind, &op.dn);

	return rc ? rc : control_write(call, &op, &res);
}

static int set_one(struct control_call *call, enum store_mod_kind how, const char *attr, struct lw_bytes *values, size_t n)
{
	const struct control_kind *kind;
	struct store_mod mod = { how, { lw_str(attr), values, n } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res = { 0 };
	int rc = control_object(call, &kind, &op.dn);

	return rc ? rc : control_write(call, &op, &res);
}

static int members(struct control_call *call, enum store_mod_kind how)
{
	struct lw_bytes *values = lw_allocn(call->arena, call->req->npairs, sizeof(*values));
	struct store_dn *dn;
	size_t n = 0;
	int rc = values ? LW_OK : LW_ENOMEM;

	for (size_t i = 0; !rc && i < call->req->npairs; i++) {
		struct lw_writer w;
		if (!lw_eq(call->req->pairs[i].key, LW_LIT("member")))
			continue;
		if ((rc = control_dn(call, NULL, call->req->pairs[i].value, &dn)) != 0)
			break;
		lw_writer_init(&w, DN_MAX_TEXT);
		dn_put(&w, dn);
		values[n++] = lw_dup(call->arena, lw_written(&w));
		lw_writer_done(&w);
	}
	if (!rc && !n)
		rc = LW_EINVAL;
	return rc ? rc : set_one(call, how, "member", values, n);
}

int control_group_add(struct control_call *call)
{
	return members(call, STORE_MOD_ADD);
}

int control_group_remove(struct control_call *call)
{
	return members(call, STORE_MOD_DELETE);
}

/* ---- secrets ---- */

static int principal(struct control_call *call, struct store_principal *ret)
{
	const struct control_kind *kind;
	struct store_dn *dn;
	struct store_txn *txn;
	int rc = control_object(call, &kind, &dn);

	if (!rc && !kind->principal)
		rc = LW_EUNWILLING;
	if (!rc)
		rc = store_begin(call->session, STORE_READ, &txn);
	if (!rc) {
		rc = control_principal(call, txn, dn, ret);
		store_end(txn);
	}
	return rc;
}

int control_object_passwd(struct control_call *call)
{
	struct keys_source from = source_of(call);
	struct lw_bytes password, old = ctl_arg(call->req, "old");
	int rc = control_need(call, "password", &password);

	for (int i = 0; !rc && i < RETRIES; i++) {
		struct store_principal who = { 0 };
		struct store_op op = { .kind = STORE_SET_SECRET };
		struct store_result res = { 0 };
		if ((rc = principal(call, &who)) != 0)
			break;
		op.uuid = who.uuid;
		op.expect_version = who.version;
		op.old_password_proved = old.n > 0; /* or keyd refuses */
		rc = keys_set_password(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, call->tenant.id, &who.uuid, who.version,
			NULL, old, password, &from, call->arena, &op.secrets, &op.nsecrets, call->text);
		if (!rc)
			rc = control_write(call, &op, &res);
		if (rc != LW_EAGAIN)
			break;
		rc = i + 1 < RETRIES ? LW_OK : LW_EAGAIN;
	}
	return rc;
}

int control_object_unlock(struct control_call *call)
{
	struct store_principal who = { 0 };
	int rc = principal(call, &who);

	return rc ? rc : keys_unlock(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, call->tenant.id, &who.uuid);
}

/* ---- explain WHO VERB WHAT [ATTR] ---- */

/* WHO as partner:DOMAIN:GROUP */
static bool partner_named(struct lw_bytes who, struct lw_bytes *ret_domain, struct lw_bytes *ret_group)
{
	static const struct lw_bytes word = LW_LIT("partner:");
	struct lw_bytes rest = { who.p + word.n, who.n - word.n };
	const uint8_t *colon;

	if (who.n <= word.n || memcmp(who.p, word.p, word.n) || !(colon = memchr(rest.p, ':', rest.n)))
		return false;
	*ret_domain = (struct lw_bytes){ rest.p, (size_t)(colon - rest.p) };
	*ret_group = (struct lw_bytes){ colon + 1, rest.n - ret_domain->n - 1 };
	return true;
}

int control_explain(struct control_call *call)
{
	struct lw_bytes who, verb, what, domain, group, attr = ctl_arg(call->req, "attr");
	struct store_dn *who_dn, *what_dn;
	const struct schema_attr *a = NULL;
	struct store_principal p = { 0 };
	struct store_txn *txn;
	struct lw_writer text;
	bool permit = false;
	enum access_verb v;
	int rc;

	if ((rc = control_need(call, "who", &who)) || (rc = control_need(call, "verb", &verb)) || (rc = control_need(call, "what", &what)))
		return rc;
	if (!(v = access_verb_find(verb))) {
		snprintf(call->text, sizeof(call->text), "there is no verb %.*s", (int)verb.n, (const char *)verb.p);
		return LW_EINVAL;
	}
	if (attr.n && !(a = schema_attr(attr)))
		return LW_EUNDEFATTR;
	bool partner = partner_named(who, &domain, &group);
	if ((!partner && (rc = control_dn(call, NULL, who, &who_dn))) || (rc = control_dn(call, NULL, what, &what_dn)))
		return rc;
	if ((rc = store_begin(call->session, STORE_READ, &txn)) != 0)
		return rc;
	lw_writer_init(&text, 4096);
	rc = call->cap ? store_may(txn, ACCESS_ADMINISTER, NULL, NULL) : LW_OK;
	if (!rc && partner)
		rc = store_explain_partner(txn, domain, group, v, what_dn, a, &permit, &text);
	else if (!rc && !(rc = control_principal(call, txn, who_dn, &p)))
		rc = store_explain(txn, &p.uuid, v, what_dn, a, &permit, &text);
	store_end(txn);
	if (!rc) {
		size_t at = ctl_item_begin(call->out);
		struct lw_bytes why = lw_written(&text);
		ctl_item_bool(call->out, "permit", permit);
		ctl_item_field(call->out, "why", CTL_STRING, false, &why, 1);
		ctl_item_end(call->out, at);
	}
	lw_writer_done(&text);
	return rc;
}
