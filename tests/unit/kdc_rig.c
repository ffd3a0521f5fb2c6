/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kdc_rig.h"

#include "base/log.h"
#include "ca/ca.h"
#include "keys/keys.h"
#include "store/issue.h"
#include "tests/unit/tenant_fix.h"

struct krig krig;

#define OK(x) assert_int_equal((x), LW_OK)

static struct lw_bytes octets(const struct keys_token *t)
{
	return (struct lw_bytes){ t->b, t->n };
}

static void operator_token(uint32_t tenant, struct keys_token *ret)
{
	struct lw_cap cap;

	OK(keys_operator(krig.dir, tenant, ret, &cap));
}

static struct lw_session *session(uint32_t tenant)
{
	return tenant == fix.beta ? krig.op_beta : fix.op;
}

static uint32_t make_tenant(const char *name, const char *realm, struct lw_uuid *ret_uuid)
{
	struct tenant_fix f = { fix.store, krig.dir, fix.arena, name, realm, "admin's password",
		.uuid = lw_uuid_new(&fix.clock),
		.admin = lw_uuid_new(&fix.clock) };
	struct store_tenant t;

	OK(tenant_fix(&f));
	OK(store_tenant_by_name(fix.store, fix.arena, lw_str(name), &t));
	*ret_uuid = t.uuid;
	return t.id;
}

static struct lw_uuid uuid_in(uint32_t tenant, const char *dn)
{
	const struct store_view *v;
	struct store_txn *t;
	struct lw_uuid u;

	OK(store_begin(session(tenant), STORE_READ, &t));
	OK(store_get(t, fix_dn(dn), &v));
	u = *store_view_uuid(v);
	store_end(t);
	return u;
}

static void set_secret(
        uint32_t tenant, const struct lw_uuid *target, struct store_sealed_item *items, size_t n)
{
	struct store_op op = { .kind = STORE_SET_SECRET, .uuid = *target, .secrets = items, .nsecrets = n };

	OK(store_write(session(tenant), &op, &fix.r));
}

void krig_password(uint32_t tenant, const char *dn, const char *password)
{
	static const struct keys_source here = { "127.0.0.1:1", true };
	struct lw_uuid target = uuid_in(tenant, dn);
	struct store_sealed_item *items;
	struct keys_token token;
	char text[200] = "";
	size_t n;

	operator_token(tenant, &token);
	OK(keys_set_password(krig.dir, octets(&token), tenant, &target, 0, NULL, (struct lw_bytes){ NULL, 0 },
	        lw_str(password), &here, fix.arena, &items, &n, text));
	set_secret(tenant, &target, items, n);
}

void krig_rotate(const char *dn)
{
	struct lw_uuid target = uuid_in(fix.acme, dn);
	struct store_sealed_item *items;
	struct keys_token token;
	struct lw_bytes keytab;
	size_t n;

	operator_token(fix.acme, &token);
	OK(keys_keytab(krig.dir, octets(&token), fix.acme, &target, true, fix.arena, &items, &n, &keytab));
	set_secret(fix.acme, &target, items, n);
}

void krig_rotate_realm(uint32_t tenant)
{
	struct store_sealed_item item;
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
	struct keys_token token;
	char text[200];

	operator_token(tenant, &token);
	OK(keys_realm_keys(krig.dir, octets(&token), tenant, true, fix.arena, &item, text));
	OK(store_write(session(tenant), &op, &fix.r));
}

void krig_seal(const char *dn, const struct keys_krb *krb)
{
	struct store_sealed_item item = { .attr = schema_attr(LW_LIT("krbPrincipalKey"))->id,
		.cls = STORE_SECRET_KERBEROS,
		.generation = 77 };
	struct keys_place at = { .tenant = fix.acme_uuid,
		.entry = uuid_in(fix.acme, dn),
		.attr = item.attr,
		.cls = STORE_SECRET_KERBEROS,
		.generation = 77 };
	struct lw_writer w;
	uint8_t key[32];

	OK(keys_kerberos_key(krig.kdc, fix.acme, key));
	lw_writer_init(&w, 1 << 16);
	keys_krb_put(&w, krb);
	OK(w.err);
	OK(keys_seal(key, &at, lw_written(&w), fix.arena, &item.sealed));
	lw_writer_done(&w);
	set_secret(fix.acme, &at.entry, &item, 1);
}

void krig_enable(const char *dn, bool on)
{
	char ldif[512];

	snprintf(ldif, sizeof ldif,
	        on ? "dn: %s\nreplace lwDisabled" : "dn: %s\nreplace lwDisabled\nlwDisabled: TRUE", dn);
	OK(fix_modify(fix.op, ldif));
}

void krig_tenant_enable(const struct lw_uuid *tenant, bool on)
{
	struct store_op op = { .kind = STORE_TENANT_STATE, .tenant_uuid = *tenant, .tenant_enabled = on };

	OK(store_write(fix.op, &op, &fix.r));
}

struct krb_key krig_key(uint32_t tenant, const char *dn, unsigned set, int32_t etype, uint32_t *ret_kvno)
{
	struct lw_uuid uuid = tenant == fix.beta ? fix.beta_uuid : fix.acme_uuid,
	               entry = dn ? uuid_in(tenant, dn) : uuid;
	const struct schema_attr *attr = schema_attr(LW_LIT("krbPrincipalKey"));
	struct lw_bytes sealed;
	struct lw_session *s;
	struct store_txn *t;
	struct keys_krb krb;
	uint64_t generation;
	uint8_t key[32];
	int at;

	OK(keys_kerberos_key(krig.kdc, tenant, key));
	OK(store_session_role(fix.store, tenant, STORE_ROLE_KDC, &s));
	OK(store_begin(s, STORE_READ, &t));
	if (dn)
		OK(store_sealed(t, &entry, attr->id, STORE_SECRET_KERBEROS, &sealed, &generation));
	else
		OK(store_tenant_sealed(t, schema_attr(LW_LIT("krbPrincipalKey")), &sealed, &generation));
	OK(keys_krb_open(key, &uuid, &entry, generation, sealed, kc_arena, &krb));
	store_end(t);
	store_session_free(s);
	assert_true(set < krb.nsets);
	at = kdc_key_of(&krb.sets[set], etype);
	assert_true(at >= 0);
	if (ret_kvno)
		*ret_kvno = krb.sets[set].kvno;
	return (struct krb_key){ etype,
		lw_dup(kc_arena, (struct lw_bytes){ krb.sets[set].keys[at].key, krb.sets[set].keys[at].n }) };
}

void krig_turn(int64_t seconds)
{
	fix.clock.test_wall += seconds * LW_SECOND;
	fix.clock.test_mono += (seconds > 0 ? seconds : 1) * LW_SECOND;
}

/* ---- up and down ---- */

void krig_server(void)
{
	struct kdc_options o = { .names = NAMES,
		.replays = krig.region,
		.replays_size = krig.region_size,
		.guesses = krig.counted ? krig.guesses : NULL };

	kdc_server_free(krig.server);
	krig.server = NULL;
	OK(kdc_server_new(fix.store, krig.kdc, &o, &fix.clock, &krig.server));
}

static void people(void)
{
	char *beta = lw_strdup(fix.arena, "dn: uid=alice,ou=people,dc=beta,dc=example\nobjectClass: "
	                                  "inetOrgPerson\nuid: alice\ncn: alice\nsn: alice");

	OK(fix_person(fix.op, "alice", ""));
	OK(fix_person(fix.op, "bob", ""));
	OK(fix_add(krig.op_beta, beta));
	krig_password(fix.acme, "uid=alice," PEOPLE, "alice's password");
	krig_password(fix.acme, "uid=bob," PEOPLE, "bob's password");
	krig_password(fix.beta, "uid=alice,ou=people,dc=beta,dc=example", "beta's password");
	OK(fix_person(fix.op, "keyless", ""));
	OK(fix_add(fix.op, "dn: " WEB "\nobjectClass: lwService\ncn: HTTP/web1.acme.example"));
	OK(fix_add(fix.op, "dn: cn=web1.acme.example," HOSTS "\nobjectClass: lwHost\ncn: web1.acme.example"));
	OK(fix_add(fix.op, "dn: cn=hidden," SERVICES "\nobjectClass: lwService\ncn: hidden\nlwTag: secret"));
	OK(fix_add(fix.op, "dn: cn=new," SERVICES "\nobjectClass: lwService\ncn: new"));
	OK(fix_add(fix.op, "dn: cn=secret," GRANTS "\nobjectClass: lwGrant\ncn: secret\n"
	                   "lwGrantText: forbid authenticated may ticket service tagged secret;"));
	krig_rotate(WEB);
	krig_rotate("cn=web1.acme.example," HOSTS);
	krig_rotate("cn=hidden," SERVICES);
}

int krig_up(void **state)
{
	char err[256] = "";

	lw_log_level(LW_ERROR + 1);
	kc_reset();
	snprintf(fix.dir, sizeof fix.dir, "/tmp/lwd-kdc-XXXXXX");
	assert_non_null(mkdtemp(fix.dir));
	fix.clock = lw_clock_test(INT64_C(1795392000) * LW_SECOND, 1000 * LW_SECOND);
	fix.arena = lw_arena_new(256u << 20, false);
	keys_builders(&ca_builders);
	if (keys_bootstrap(fix.dir, "lwd.acme.example", &fix.clock, err) ||
	        store_open(fix.dir, STORE_OPEN_CREATE, &fix.clock, &fix.store, err) ||
	        store_writer_start(fix.store) ||
	        keyd_new(fix.dir, fix.store, &fix.clock, LW_LIT("boot"), err, &krig.keyd))
		fail_msg("%s", err);
	krig.dir = keys_around(krig.keyd, LW_ROLE_DIRECTORY);
	krig.kdc = keys_around(krig.keyd, LW_ROLE_KDC);
	fix.acme = make_tenant("acme.example", ACME, &fix.acme_uuid);
	fix.beta = make_tenant("beta.example", BETA, &fix.beta_uuid);
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_OPERATOR, &fix.op));
	OK(store_session_role(fix.store, fix.beta, STORE_ROLE_OPERATOR, &krig.op_beta));
	krig.guesses = keys_guesses_new(&fix.clock, &keys_policy_default);
	krig.region_size = 1u << 20;
	krig.region = calloc(1, krig.region_size);
	people();
	krig_turn(600);
	krig_server();
	krig_turn(601); /* past what a new replay table refuses */
	return 0;
}

int krig_down(void **state)
{
	kdc_server_free(krig.server);
	keys_free(krig.dir);
	keys_free(krig.kdc);
	keyd_free(krig.keyd);
	keys_guesses_free(krig.guesses);
	free(krig.region);
	store_session_free(fix.op);
	store_session_free(krig.op_beta);
	store_writer_stop(fix.store);
	store_close(fix.store);
	lw_arena_free(fix.arena);
	lw_arena_free(kc_arena);
	kc_arena = NULL;
	remove_tree(fix.dir);
	return 0;
}

int krig_each(void **state)
{
	kc_reset();
	krig_turn(10);
	return 0;
}
