/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer did, or refused, as a record: who, what, to whom; never a value. */
#include <stdio.h>
#include "store/access_roles.h"
#include "store/guard.h"

/* Names of attributes, as the schema has them: what somebody invented is not repeated. */
static void say_attr(struct lw_writer *w, struct lw_bytes desc)
{
	const uint8_t *semicolon = desc.n ? memchr(desc.p, ';', desc.n) : NULL;
	const struct schema_attr *a = schema_attr(semicolon ? (struct lw_bytes){ desc.p, (size_t)(semicolon - desc.p) } : desc);

	if (w->n)
		lw_put_raw(w, " ", 1);
	lw_put_bytes(w, a ? lw_str(a->names[0]) : LW_LIT("?"));
}

static void say_detail(const struct store_op *op, struct lw_writer *w)
{
	char serial[2 * 32 + 1];

	for (size_t i = 0; op->kind == STORE_MODIFY && i < op->nmods; i++)
		say_attr(w, op->mods[i].attr.desc);
	for (size_t i = 0; op->kind != STORE_TENANT_CREATE && i < op->nsecrets; i++) {
		const struct schema_attr *a = schema_attr_id(op->secrets[i].attr);

		if (a)
			say_attr(w, lw_str(a->names[0]));
	}
	if (op->record.profile.n && op->record.profile.n < 64)
		lw_put_bytes(w, op->record.profile);
	if (op->record.serial.n && op->record.serial.n <= 32) {
		lw_hex(op->record.serial, serial);
		if (w->n)
			lw_put_raw(w, " ", 1);
		lw_put_bytes(w, lw_str(serial));
	}
	if (op->kind == STORE_TENANT_CREATE && op->tenant_name)
		lw_put_bytes(w, lw_str(op->tenant_name));
	if (op->kind == STORE_TENANT_STATE)
		lw_put_bytes(w, op->tenant_enabled ? LW_LIT("enabled") : LW_LIT("disabled"));
}

/* A partner's with his domain. */
static struct lw_bytes actor_name(struct store_txn *t, const struct lw_session *s, const char *name)
{
	struct eng_tenant home;

	if (!s->home || eng_tenant(t->eng, s->home, &home))
		return lw_str(lw_strdup(t->arena, name));
	return lw_str(lw_printf(t->arena, "%s@%.*s", name, (int)home.name.n, (const char *)home.name.p));
}

/* t NULL: the session is no good; what it says of itself is all there is. */
static void describe(struct store_txn *t, const struct lw_session *s, const struct store_op *op, int err,
	void (*put)(struct lw_writer *, const struct lw_audit *), struct lw_writer *ret)
{
	uint8_t detail[LW_AUDIT_DETAIL_MAX], name[512];
	struct lw_writer d = { .p = detail, .cap = sizeof(detail), .max = sizeof(detail) };
	struct lw_writer n = { .p = name, .cap = sizeof(name), .max = sizeof(name) };
	struct store_principal who = { 0 };
	struct eng_entry e;
	struct lw_audit a = { .event = write_rows[op->kind].event, .protocol = s->protocol, .err = err, .tenant = s->tenant,
		.actor = s->actor, .source = lw_str(s->source) };

	if (lw_uuid_zero(&a.actor))
		a.actor_name = s->role == OPS_NO_ROLE ? LW_LIT("anonymous") : (unsigned)s->role < access_role_count ? lw_str(access_role_table[s->role].name) : LW_LIT("?");
	else if (t && ops_by_uuid(t->eng, s->home ? s->home : t->tenant, &a.actor, &e) == LW_OK && ops_principal(&e, &who) == LW_OK)
		a.actor_name = actor_name(t, s, who.name);
	a.time = t ? eng_now(t->eng) : 0;
	a.target = t && !lw_uuid_zero(&t->result->uuid) ? t->result->uuid : op->kind == STORE_TENANT_STATE ? op->tenant_uuid : op->uuid;
	if (op->dn)
		dn_put(&n, op->dn);
	else if (t && !lw_uuid_zero(&a.target) && ops_by_uuid(t->eng, t->tenant, &a.target, &e) == LW_OK &&
		ops_dn_of(t, &e, &a.target_name) != LW_OK)
		a.target_name = (struct lw_bytes){ 0 };
	if (op->dn && !n.err)
		a.target_name = lw_written(&n);
	say_detail(op, &d);
	a.detail = lw_written(&d);
	put(ret, &a);
}

void audit_refused(struct store_txn *t, const struct lw_session *s, const struct store_op *op, int err, struct lw_writer *w)
{
	describe(t, s, op, err, lw_audit_put, w);
}

void audit_accepted(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	uint8_t room[2 + LW_AUDIT_WIRE_MAX];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	uint32_t own = t->tenant, other = eng_fx_tenant(fx);

	describe(t, t->session, op, LW_OK, lw_audit_keep, &w);
	if (own)
		eng_fx_audit(fx, own, LW_ROLE_DIRECTORY, lw_written(&w));
	if (other && other != own)
		eng_fx_audit(fx, other, LW_ROLE_DIRECTORY, lw_written(&w));
}
