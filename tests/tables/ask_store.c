/* SPDX-License-Identifier: Apache-2.0 */
/* The single writer's operations, given to it with a session of the subject's own. A request: OPERATION
 * WORD…, see below. The outcome is the store's error, with the deepest visible entry. */
#include "tests/tables/tables.h"

#include "base/text.h"
#include "store/guard.h"

static const char *const names[] = { [STORE_ADD] = "add",
	[STORE_MODIFY] = "modify",
	[STORE_DELETE] = "delete",
	[STORE_MODDN] = "moddn",
	[STORE_SET_SECRET] = "set-secret",
	[STORE_TENANT_CREATE] = "tenant-create",
	[STORE_TENANT_STATE] = "tenant-state",
	[STORE_TENANT_KEYS] = "tenant-keys",
	[STORE_CERT_INTENT] = "cert-intent",
	[STORE_CERT_ISSUED] = "cert-issued",
	[STORE_CERT_DROP] = "cert-drop",
	[STORE_CERT_REVOKE] = "cert-revoke",
	[STORE_TOKEN_CANCEL] = "token-cancel",
	[STORE_EXPIRE] = "expire",
	[STORE_TENANT_DELETE] = "tenant-delete",
	[STORE_TENANT_REWRAP] = "tenant-rewrap",
	[STORE_TENANT_RECLAIM] = "tenant-reclaim" };

static size_t rows(void)
{
	return write_row_count;
}

static const char *row(size_t i)
{
	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "a new operation";
}

static unsigned rights(size_t i, struct right ret[4])
{
	ret[0] = (struct right){ "verb", (void *)&write_rows[i].verb, sizeof(write_rows[i].verb),
		write_rows[i].verb };
	return 1;
}

static bool granted(const struct line *l, const char *outcome)
{
	return !strcmp(outcome, "OK");
}

static struct lw_session *session(enum column who)
{
	struct lw_session *s;
	struct lw_cap cap;

	if (who == ANONYMOUS) {
		check(store_session_anonymous(world.store, world.beta, &s), "anonymous session");
		return s;
	}
	world_cap(who, &cap);
	check(store_session_cap(world.store, &cap, &s), "session");
	return s;
}

/* A certificate's record as it has to be before: an intent, or issued. By the operator of the owner's tenant. */
static void record_before(const struct store_op *op, enum store_op_kind last)
{
	struct lw_uuid zero = { 0 };
	struct store_result res;
	struct lw_session *s;

	check(lw_uuid_eq(&op->record.subject, &zero) ? LW_ENOTFOUND : LW_OK, "the certificate's owner");
	check(store_session_role(world.store, world.beta, STORE_ROLE_OPERATOR, &s), "operator session");
	for (enum store_op_kind k = STORE_CERT_INTENT; k <= last; k++) {
		struct store_op before = { .kind = k, .record = op->record };

		check(store_write(s, &before, &res), "the certificate before");
	}
	store_session_free(s);
	world.dirty = true;
}

/* serial, owner's DN, profile */
static void fill_cert(struct store_op *op, char **w, size_t n)
{
	static const uint8_t der[] = { 0x30, 0x00 };
	struct lw_bytes serial;
	int64_t now = lw_wall(&world.clock);

	check(lw_unhex(world.arena, lw_str(w[1]), &serial), w[1]);
	op->record = (struct store_record){ .serial = serial, .profile = lw_str(n > 3 ? w[3] : "user"),
		.der = { der, sizeof(der) }, .not_before = now, .not_after = now + 3600 * LW_SECOND, .reason = 1,
		.subject = world_uuid(strstr(w[2], "dc=acme") ? world.acme : world.beta, w[2]) };
	if (op->kind == STORE_CERT_ISSUED || op->kind == STORE_CERT_DROP)
		record_before(op, STORE_CERT_INTENT);
	if (op->kind == STORE_CERT_REVOKE)
		record_before(op, STORE_CERT_ISSUED);
	if (n > 3 && op->kind != STORE_CERT_INTENT)
		op->record.serial = LW_LIT("\x77");
}

/* By its name; one that is not there is asked for by a UUID that nobody has. */
static void fill_delete(struct store_op *op, const char *name)
{
	static const struct store_revoked one = { .serial = { 1 }, .n_serial = 1, .not_after = INT64_MAX / 2, .reason = 5 };
	const struct schema_attr *attr = schema_attr(LW_LIT("lwCaKey"));
	struct store_tenant t = { .uuid = lw_uuid_new(&world.clock) };
	struct store_txn *txn;
	struct lw_session *s;
	struct lw_bytes v;

	if (store_tenant_by_name(world.store, world.arena, lw_str(name), &t) == LW_OK) {
		check(store_session_role(world.store, t.id, STORE_ROLE_UPKEEP, &s), "upkeep session");
		check(store_begin(s, STORE_READ, &txn), "begin");
		if (store_tenant_sealed(txn, attr, &v, &op->ca_generation) == LW_OK) {
			op->revoked = &one;
			op->nrevoked = 1;
		}
		store_end(txn);
		store_session_free(s);
	}
	op->tenant_uuid = t.uuid;
}

static void deleted_before(const char *name)
{
	struct store_op op = { .kind = STORE_TENANT_DELETE };
	struct store_result res;
	struct lw_session *s;

	fill_delete(&op, name);
	check(store_session_role(world.store, world.acme, STORE_ROLE_OPERATOR, &s), "operator session");
	check(store_write(s, &op, &res), "the tenant's end before");
	store_session_free(s);
	world.dirty = true;
}

/* DN, new RDN; for add a person of that name; for set-secret the owner; for tenants a name, on or off; for the
 * tenant's keys their generation; for a certificate see above; for a token its id */
static void fill(struct store_op *op, char **w, size_t n)
{
	static struct lw_bytes classes[] = { LW_LIT("inetOrgPerson") }, name[] = { LW_LIT("new") };
	static struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 },
		{ LW_LIT("cn"), name, 1 }, { LW_LIT("sn"), name, 1 } };
	static struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("description"), name, 1 } };
	static struct store_sealed_item secret = {
		.cls = STORE_SECRET_PASSWORD, .generation = 2, .sealed = LW_LIT("sealed")
	};
	static struct dn_rdn rdn;
	struct store_tenant t;

	secret.attr = schema_attr(LW_LIT("userPassword"))->id;
	if (op->kind == STORE_TENANT_CREATE || op->kind == STORE_SET_SECRET) {
		op->secrets = &secret;
		op->nsecrets = 1;
	}
	if (op->kind == STORE_TENANT_CREATE) {
		secret.cls = STORE_SECRET_PASSWORD;
		secret.generation = 1;
		op->tenant_name = w[1];
		op->tenant_uuid = lw_uuid_new(&world.clock);
		op->tenant_keys = LW_LIT("keys");
		op->admin_name = "admin";
		op->admin_uuid = lw_uuid_new(&world.clock);
		return;
	}
	if (op->kind == STORE_TENANT_STATE) {
		op->tenant_uuid = lw_uuid_new(&world.clock);
		if (store_tenant_by_name(world.store, world.arena, lw_str(w[1]), &t) == LW_OK)
			op->tenant_uuid = t.uuid;
		op->tenant_enabled = !strcmp(w[2], "on");
		return;
	}
	if (op->kind == STORE_TENANT_REWRAP) {
		op->tenant_uuid = lw_uuid_new(&world.clock);
		if (store_tenant_by_name(world.store, world.arena, lw_str(w[1]), &t) == LW_OK) {
			op->tenant_uuid = t.uuid;
			op->tenant_keys = op->old_tenant_keys = t.keys;
		}
		if (n > 2)
			op->old_tenant_keys = LW_LIT("others");
		return;
	}
	if (op->kind == STORE_TENANT_DELETE) {
		fill_delete(op, w[1]);
		return;
	}
	if (op->kind == STORE_TENANT_RECLAIM) {
		if (n > 1)
			deleted_before(w[1]);
		return;
	}
	if (op->kind == STORE_TENANT_KEYS) {
		secret.attr = schema_attr(LW_LIT("krbPrincipalKey"))->id;
		secret.cls = STORE_SECRET_KERBEROS;
		secret.generation = (uint64_t)atoi(w[1]);
		op->secrets = &secret;
		op->nsecrets = 1;
		return;
	}
	if (op->kind == STORE_TOKEN_CANCEL)
		op->record = (struct store_record){ .id = lw_str(w[1]), .until = lw_wall(&world.clock) + 60 * LW_SECOND };
	if (op->kind >= STORE_CERT_INTENT && op->kind <= STORE_CERT_REVOKE)
		fill_cert(op, w, n);
	if (op->kind > STORE_TENANT_KEYS)
		return;
	secret.cls = STORE_SECRET_PASSWORD;
	secret.generation = 2;
	check(dn_parse(world.arena, lw_str(w[1]), &op->dn), w[1]);
	op->attrs = attrs;
	op->nattrs = op->kind == STORE_ADD ? 3 : 0;
	op->mods = &mod;
	op->nmods = op->kind == STORE_MODIFY;
	if (op->kind == STORE_MODDN) {
		check(dn_parse_rdn(world.arena, lw_str(w[2]), &rdn), w[2]);
		op->new_rdn = &rdn;
	}
	if (op->kind == STORE_SET_SECRET)
		op->uuid = world_uuid(strstr(w[1], "dc=acme") ? world.acme : world.beta, w[1]);
}

static const char *ask(enum column who, const char *request)
{
	struct lw_session *s = session(who);
	struct store_op op = { 0 };
	struct store_result res;
	char *w[4];
	size_t n = words(expand(request), w, 4);
	int err;

	while (op.kind < STORE_OP_COUNT && strcmp(names[op.kind], w[0]))
		op.kind++;
	if (op.kind == STORE_OP_COUNT)
		die("bad request %s", request);
	fill(&op, w, n);
	err = store_write(s, &op, &res);
	store_session_free(s);
	world.dirty |= err == LW_OK;
	return lw_printf(world.arena, "%s%s%s", err ? lw_errname(err) : "OK",
	        err == LW_ENOTFOUND && res.matched[0] ? "@" : "", err == LW_ENOTFOUND ? res.matched : "");
}

const struct table table_writes = { "write", rows, row, rights, ask, granted, lines_writes };
