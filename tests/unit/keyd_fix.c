/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/keyd_fix.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "ca/ca.h"
#include "tests/unit/tenant_fix.h"

char dir[64];
struct lw_clock clk;
struct store *store;
struct keys *keys;
struct lw_arena *arena;
struct lw_uuid acme_uuid, beta_uuid, acme_admin, beta_admin, alice, bob;
uint32_t acme, beta;
const struct keys_source HERE = { "127.0.0.1:4711", true };
const struct lw_uuid NOBODY = { { 0 } };
const struct lw_bytes NONE = { NULL, 0 };

struct lw_bytes tok(const struct keys_token *t)
{
	return (struct lw_bytes){ t->b, t->n };
}

static struct lw_uuid make_tenant(
        const char *name, const char *realm, const char *password, struct lw_uuid *ret_admin)
{
	struct tenant_fix t = { store, keys, arena, name, realm, password,
		.uuid = lw_uuid_new(&clk),
		.admin = lw_uuid_new(&clk) };

	assert_int_equal(tenant_fix(&t), LW_OK);
	*ret_admin = t.admin;
	return t.uuid;
}

int write_as(const struct lw_cap *cap, const struct store_op *op, struct store_result *res)
{
	struct lw_session *s;
	int err = store_session_cap(store, cap, &s);

	if (err)
		return err;
	store_session_channel(s, true);
	err = store_write(s, op, res);
	store_session_free(s);
	return err;
}

static struct lw_uuid make_user(const struct keys_token *t, const struct lw_cap *cap, uint32_t tenant,
        const char *uid, const char *suffix, const char *krb, const char *password)
{
	struct lw_uuid uuid = lw_uuid_new(&clk);
	struct keys_new_entry n = { uid, krb, true };
	struct lw_bytes classes[] = { LW_LIT("inetOrgPerson") }, name[] = { lw_str(uid) };
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 },
		{ LW_LIT("uid"), name, 1 }, { LW_LIT("cn"), name, 1 }, { LW_LIT("sn"), name, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 4, .uuid = uuid };
	struct store_result res = { 0 };
	char text[200];

	assert_int_equal(
	        dn_parse(arena, lw_str(lw_printf(arena, "uid=%s,ou=people,%s", uid, suffix)), &op.dn), LW_OK);
	assert_int_equal(keys_set_password(keys, tok(t), tenant, &uuid, 0, &n, NONE, lw_str(password), &HERE,
	                         arena, &op.secrets, &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(op.nsecrets, 2);
	assert_int_equal(write_as(cap, &op, &res), LW_OK);
	return uuid;
}

int verify(uint32_t tenant, const struct lw_uuid *who, const char *password, struct keys_token *t,
        struct lw_cap *cap)
{
	struct keys_token t2;
	struct lw_cap c2;

	return keys_verify(keys, tenant, who, lw_str(password), &HERE, t ? t : &t2, cap ? cap : &c2);
}

int setup(void **state)
{
	char err[256];
	struct store_tenant st;
	struct keys_token t;
	struct lw_cap cap;

	clk = lw_clock_test(NOW, 1000 * LW_SECOND);
	snprintf(dir, sizeof(dir), "/tmp/lwd-keyd-XXXXXX");
	arena = lw_arena_new(8u << 20, true);
	if (!arena || !mkdtemp(dir))
		return -1;
	keys_builders(&ca_builders);
	keys_ca_builders(&ca_issuing);
	if (keys_bootstrap(dir, "lwd.acme.example", &clk, err) ||
	        store_open(dir, STORE_OPEN_CREATE, &clk, &store, err) || store_writer_start(store) ||
	        keys_in_process(dir, store, &clk, &keys, err)) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	acme_uuid = make_tenant("acme.example", "ACME.EXAMPLE", "acme admin's password", &acme_admin);
	beta_uuid = make_tenant("beta.example", "BETA.EXAMPLE", "beta admin's password", &beta_admin);
	assert_int_equal(store_tenant_by_name(store, arena, LW_LIT("acme.example"), &st), LW_OK);
	acme = st.id;
	assert_true(lw_uuid_eq(&st.uuid, &acme_uuid));
	assert_int_equal(store_tenant_by_name(store, arena, LW_LIT("beta.example"), &st), LW_OK);
	beta = st.id;
	assert_int_equal(verify(acme, &acme_admin, "acme admin's password", &t, &cap), LW_OK);
	alice = make_user(
	        &t, &cap, acme, "alice", "dc=acme,dc=example", "alice@ACME.EXAMPLE", "alice's password");
	bob = make_user(&t, &cap, acme, "bob", "dc=acme,dc=example", "bob@ACME.EXAMPLE", "bob's password");
	return 0;
}

int setup_dear(void **state)
{
	hash_cheaply = false;
	return setup(state);
}

int teardown(void **state)
{
	hash_cheaply = true;
	keys_free(keys);
	store_writer_stop(store);
	store_close(store);
	lw_arena_free(arena);
	remove_tree(dir);
	return 0;
}

struct keyd *second(const char *boot)
{
	struct keyd *k;
	char err[256];

	assert_int_equal(keyd_new(dir, store, &clk, lw_str(boot), err, &k), LW_OK);
	return k;
}
