/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/own_fix.h"

#include <string.h>
#include <time.h>

#include "store/issue.h"
#include "tests/unit/ldap_asm.h"

struct kdc_server *kdc;
struct lw_arena *arena;
const struct lw_bytes nothing = { (const uint8_t *)"", 0 }, none = { NULL, 0 };
struct world acme, beta;

static void look_in(uint32_t tenant, struct world *w)
{
	struct store_tenant t;
	struct lw_session *s;
	struct store_txn *txn;
	struct store_principal p;
	struct lw_bytes sealed;
	uint64_t generation;
	uint8_t key[32];

	assert_int_equal(store_tenant_by_id(rig.store, arena, tenant, &t), LW_OK);
	w->tenant = t.uuid;
	assert_int_equal(keys_kerberos_key(rig.kdc_keys, tenant, key), LW_OK);
	assert_int_equal(store_session_role(rig.store, tenant, STORE_ROLE_KDC, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	assert_int_equal(store_tenant_sealed(txn, schema_attr(LW_LIT("krbPrincipalKey")), &sealed, &generation), LW_OK);
	assert_int_equal(keys_krb_open(key, &t.uuid, &t.uuid, generation, sealed, arena, &w->krbtgt), LW_OK);
	if (store_principal_name(txn, schema_attr(LW_LIT("uid")), LW_LIT("alice"), &p) == LW_OK)
		w->alice = p.uuid;
	if (store_principal_name(txn, schema_attr(LW_LIT("uid")), LW_LIT("bob"), &p) == LW_OK)
		w->bob = p.uuid;
	if (store_principal_name(txn, schema_attr(LW_LIT("uid")), LW_LIT("admin"), &p) == LW_OK)
		w->admin = p.uuid;
	store_end(txn);
	store_session_free(s);
}

void forge_ask(const struct ask *a, struct forge *f)
{
	const struct world *w = a->of ? a->of : &acme;
	const char *service = a->service ? a->service : "ldap";
	const struct keys_krb_set *set = &w->krbtgt.sets[0];
	struct kdc_ad ad = { .tenant = a->tenant ? *a->tenant : w->tenant, .client = a->uuid ? *a->uuid : w->alice };
	struct krb_typed_list list = { .n = 1 };
	struct keys_krb_key key = { 0 };
	struct lw_der_writer der;
	uint8_t authz[256];
	struct forge_ticket t = { .realm = a->realm ? a->realm : "ACME.EXAMPLE",
		.client = a->client ? a->client : "alice",
		.service = service,
		.host = a->host ? a->host : "lwd.acme.example",
		.etype = a->etype ? a->etype : 20,
		.kvno = a->kvno ? a->kvno : set->kvno,
		.flags = a->flags,
		.from_now = a->from_now ? a->from_now : -60,
		.life = a->life ? a->life : 3600 };
	const char *derive = a->derive ? a->derive : strcmp(service, "kadmin") == 0 ? "changepw" : service;

	for (unsigned i = 0; i < set->nkeys; i++)
		if (set->keys[i].etype == t.etype) {
			key = set->keys[i];
			if (!a->krbtgt)
				keys_krb_own(&set->keys[i], derive, &key);
		}
	assert_int_not_equal(key.n, 0);
	if (a->bad_key)
		key.key[5] ^= 1;
	t.key = (struct lw_bytes){ key.key, key.n };
	assert_int_equal(kdc_ad_make(arena, &ad, &list.v[0]), LW_OK);
	lw_der_writer_init(&der, authz, sizeof authz);
	krb_put_authz(&der, &list);
	if (!a->no_ad)
		t.authz = lw_der_written(&der);
	forge_init(f, &t);
}

void disable_bob(void)
{
	struct client admin;

	client_open(&admin, "127.0.0.1:1");
	assert_int_equal(client_bind(&admin, ADMIN, "admin's password"), 0);
	SEND(&admin, "30( 020105 66( 04( %b ) 30( 30( 0a0102 30( 04('lwDisabled') 31( 04('TRUE') ) ) ) ) ) )", lw_str(BOB));
	assert_int_equal(client_code(&admin), 0);
	client_close(&admin);
}

int own_setup(void **state, int (*set_secret)(void *, const struct kdc_secret *, char text[200]), void *ctx)
{
	struct kdc_options o = { .names = "other.example,lwd.acme.example", .set_secret = set_secret, .ctx = ctx };

	forge_environment();
	if (rig_setup(state))
		return -1;
	rig.clock.test_wall = (int64_t)time(NULL) * LW_SECOND; /* libgssapi looks at the system's */
	arena = lw_arena_new(64u << 20, false);
	look_in(1, &acme);
	look_in(2, &beta);
	return kdc_server_new(rig.store, rig.kdc_keys, &o, &rig.clock, &kdc);
}

int own_teardown(void **state)
{
	kdc_server_free(kdc);
	lw_arena_free(arena);
	return rig_teardown(state);
}
