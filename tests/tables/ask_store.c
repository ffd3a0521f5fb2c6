/* SPDX-License-Identifier: Apache-2.0 */
/* The single writer's operations, given to it with a session of the subject's own. A request: OPERATION
 * WORD…, see below. The outcome is the store's error, with the deepest visible entry. */
#include "tests/tables/tables.h"

#include "store/guard.h"

static const char *const names[] = { [STORE_ADD] = "add",
	[STORE_MODIFY] = "modify",
	[STORE_DELETE] = "delete",
	[STORE_MODDN] = "moddn",
	[STORE_SET_SECRET] = "set-secret",
	[STORE_TENANT_CREATE] = "tenant-create",
	[STORE_TENANT_STATE] = "tenant-state",
	[STORE_REALM_KEYS] = "realm-keys" };

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

/* DN, new RDN; for add a person of that name; for set-secret the owner; for tenants a name, on or off; for the
 * realm's keys their generation */
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
	if (op->kind == STORE_REALM_KEYS) {
		secret.attr = schema_attr(LW_LIT("krbPrincipalKey"))->id;
		secret.cls = STORE_SECRET_KERBEROS;
		secret.generation = (uint64_t)atoi(w[1]);
		op->secrets = &secret;
		op->nsecrets = 1;
		return;
	}
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
