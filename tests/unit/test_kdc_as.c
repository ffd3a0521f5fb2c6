/* SPDX-License-Identifier: Apache-2.0 */
/* The AS exchange: every refusal by its code (RFC 4120 7.5.9, RFC 6806), and what a ticket says. */
#include "tests/unit/kdc_rig.h"

#define FAR KC_FAR

static const int32_t all[] = { 20, 19, 18, 17, 0 }, old[] = { 23, 16, 3, 1, 0 }, mixed[] = { 23, 18, 3, 0 },
                     sha2[] = { 20, 0 };

static int64_t now(void)
{
	return lw_wall(&fix.clock) / LW_SECOND;
}

static int ask(struct kc_as a)
{
	return kc_as(krig.server, ADDR, &a, NULL);
}

static void get(struct kc_as a, struct kc_reply *r)
{
	assert_int_equal(kc_as(krig.server, ADDR, &a, r), 0);
}

static void a_ticket(void **state)
{
	struct kc_as a = { 0 };
	struct krb_enc_ticket_part part;
	struct kc_reply r;
	struct kdc_ad ad;
	uint32_t kvno;

	get(a, &r);
	assert_int_equal(r.octets.p[0], 0x6b);
	assert_int_equal(r.part.tag, 25); /* impacket takes no other */
	assert_int_equal(r.part.nonce, 4711);
	assert_int_equal(r.part.flags, KRB_INITIAL | KRB_PRE_AUTHENT);
	assert_int_equal(r.part.authtime, now());
	assert_int_equal(r.part.starttime, now());
	assert_int_equal(r.part.endtime, now() + 10 * 3600);
	assert_true(r.part.renew_till == KRB_NO_TIME);
	assert_true(lw_eq(r.part.srealm, lw_str(ACME)));
	assert_true(krb_name_is(&r.part.sname, "krbtgt", lw_str(ACME)));
	assert_true(krb_name_is(&r.rep.cname, "alice", (struct lw_bytes){ NULL, 0 }));
	assert_int_equal(r.part.key.etype, 18); /* the client's first */
	assert_int_equal(r.rep.enc.etype, 18);

	struct krb_key key = krig_key(fix.acme, NULL, 0, 20, &kvno); /* the krbtgt's strongest */
	struct krb_ticket t;
	assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
	assert_int_equal(t.enc.etype, 20);
	assert_int_equal(t.enc.kvno, kvno);
	assert_true(kc_open_ticket(&key, r.rep.ticket, &part));
	assert_int_equal(part.flags, r.part.flags);
	assert_true(lw_eq(part.key.key, r.part.key.key));
	assert_true(krb_name_is(&part.cname, "alice", (struct lw_bytes){ NULL, 0 }));
	assert_true(lw_eq(part.crealm, lw_str(ACME)));
	assert_false(part.has_addrs);
	assert_int_equal(part.transited.type, 1);
	assert_int_equal(part.transited.value.n, 0);
	assert_int_equal(part.authz.n, 1);
	assert_int_equal(part.authz.v[0].type, 1); /* AD-IF-RELEVANT */
	assert_int_equal(kdc_ad_find(&part.authz, &ad), LW_OK);
	struct lw_uuid alice = fix_uuid("uid=alice," PEOPLE);
	assert_true(lw_uuid_eq(&ad.tenant, &fix.acme_uuid));
	assert_true(lw_uuid_eq(&ad.client, &alice));
}

static void no_cname(struct krb_kdc_req *r)
{
	r->has_cname = false;
}
static void no_etypes(struct krb_kdc_req *r)
{
	r->netypes = 0;
}
static void garbage_timestamp(struct krb_kdc_req *r)
{
	r->padata.v[0].value = LW_LIT("\x30\x03\x02\x01\x05");
}
static void other_padata(struct krb_kdc_req *r)
{
	r->padata.v[r->padata.n++] = (struct krb_typed){ 4242, LW_LIT("what is this") };
	r->padata.v[r->padata.n++] = (struct krb_typed){ 128, LW_LIT("\x30\x05\xa0\x03\x01\x01\xff") };
	r->padata.v[r->padata.n++] = (struct krb_typed){ 129, LW_LIT("\x30\x00") };
}
/* the timestamp was made with another enctype than it says */
static void lies(struct krb_kdc_req *r)
{
	struct krb_enc enc;
	struct lw_der_writer w;
	uint8_t *p = lw_alloc(kc_arena, 500);

	krb_get_enc(r->padata.v[0].value, &enc);
	enc.etype = 17;
	lw_der_writer_init(&w, p, 500);
	krb_put_enc(&w, &enc);
	r->padata.v[0].value = lw_der_written(&w);
}

static const struct {
	const char *what;
	struct kc_as ask;
	int code;
} refusals[] = {
	{ "good", { 0 }, 0 },
	{ "no pre-authentication", { .bare = true }, 25 },
	{ "a wrong password", { .password = "another password" }, 24 },
	{ "no such realm", { .realm = "GAMMA.EXAMPLE" }, 68 },
	{ "the realm in lower case", { .realm = "acme.example", .salt = "ACME.EXAMPLEalice" }, 68 },
	{ "the realm in mixed case", { .realm = "ACME.example", .salt = "ACME.EXAMPLEalice" }, 68 },
	{ "another realm's client", { .realm = BETA }, 24 },
	{ "no client", { .change = no_cname }, 6 },
	{ "an unknown client", { .client = "nobody" }, 24 },
	{ "an unknown client without pre-authentication", { .client = "nobody", .bare = true }, 25 },
	{ "the name in another case", { .client = "Alice", .salt = "ACME.EXAMPLEalice" }, 24 },
	{ "a client without keys", { .client = "keyless", .bare = true }, 25 },
	{ "a client without keys, proving", { .client = "keyless" }, 24 },
	{ "a name of lwd's own as client", { .client = "krbtgt/ACME.EXAMPLE", .bare = true }, 25 },
	{ "RC4 and DES only", { .etypes = old, .bare = true }, 14 },
	{ "RC4 and DES only, of nobody", { .client = "nobody", .etypes = old, .bare = true }, 14 },
	{ "no enctypes", { .change = no_etypes }, 14 },
	{ "a clock six minutes fast", { .skew = 360 }, 37 },
	{ "a clock six minutes slow", { .skew = -360 }, 37 },
	{ "a clock four minutes fast", { .skew = 240 }, 0 },
	{ "a clock four minutes slow", { .skew = -240 }, 0 },
	{ "a wrong password and a wrong clock", { .password = "another password", .skew = 3600 }, 24 },
	{ "a malformed timestamp", { .change = garbage_timestamp }, 60 },
	{ "a timestamp of another enctype", { .change = lies }, 24 },
	{ "padata that nobody knows", { .change = other_padata }, 0 },
	{ "an unknown server", { .server = "HTTP/nowhere.acme.example" }, 7 },
	{ "an unknown server, unproved", { .server = "HTTP/nowhere.acme.example", .bare = true }, 25 },
	{ "no server", { .server = "" }, 7 },
	{ "another realm's krbtgt", { .server = "krbtgt/BETA.EXAMPLE" }, 7 },
	{ "a server that a rule hides", { .server = "hidden" }, 7 },
	{ "a person as server", { .server = "bob" }, 27 },
	{ "a server without keys", { .server = "new" }, 9 },
	{ "a service", { .server = "HTTP/web1.acme.example" }, 0 },
	{ "a host", { .server = "host/web1.acme.example" }, 0 },
	{ "changepw", { .server = "kadmin/changepw" }, 0 },
	{ "lwd's own LDAP", { .server = "ldap/lwd.acme.example" }, 0 },
	{ "… by its other name", { .server = "HTTP/Other.Example" }, 0 },
	{ "LDAP of another host", { .server = "ldap/web1.acme.example" }, 7 },
	{ "forwarded", { .options = KRB_FORWARDED }, 13 },
	{ "proxy", { .options = KRB_PROXY }, 13 },
	{ "allow-postdate", { .options = KRB_MAY_POSTDATE }, 10 },
	{ "postdated", { .options = KRB_POSTDATED, .from = FAR - 100 }, 10 },
	{ "anonymous", { .options = KRB_ANONYMOUS }, 13 },
	{ "cname-in-addl-tkt", { .options = KRB_CNAME_IN_ADDL }, 13 },
	{ "enc-tkt-in-skey", { .options = KRB_ENC_TKT_IN_SKEY }, 13 },
	{ "renew", { .options = KRB_RENEW }, 13 },
	{ "validate", { .options = KRB_VALIDATE }, 13 },
	{ "options that nobody knows", { .options = KRB_BIT(0) | KRB_BIT(7) | KRB_BIT(13) | KRB_BIT(20) },
	        0 },
	{ "from tomorrow", { .from = FAR - 100 }, 10 },
	{ "until yesterday", { .till = 1795000000 }, 11 },
	{ "until 1970: as long as may be", { .till = KC_1970 }, 0 },
};

static void codes(void **state)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		int code = ask(refusals[i].ask);

		if (code != refusals[i].code)
			fail_msg("%s: %d, not %d", refusals[i].what, code, refusals[i].code);
	}
}

/* What a client hears of a name that is not there, is disabled, locked or has no keys is what it hears of any
 * other. */
static void alike(void **state)
{
	static const char *const names[] = { "alice", "nobody", "bobby", "keyless", "admin" };
	struct kc_reply r[5];
	struct kc_as a = { 0 };

	krig_enable("uid=bob," PEOPLE, false);
	for (int proving = 0; proving < 2; proving++)
		for (int i = 0; i < 5; i++) {
			struct krb_etype_info2 info;
			struct krb_typed_list list;

			a.client = names[i];
			a.etypes = all;
			a.bare = !proving;
			a.password = "wrong";
			assert_int_equal(kc_as(krig.server, ADDR, &a, &r[i]), proving ? 24 : 25);
			assert_false(r[i].err.has_cname);
			assert_null(r[i].err.crealm.p);
			assert_null(r[i].err.e_text.p);
			assert_true(lw_eq(r[i].err.realm, lw_str(ACME)));
			assert_true(krb_name_is(&r[i].err.sname, "krbtgt", lw_str(ACME)));
			assert_int_equal(krb_get_padata(r[i].err.e_data, &list), LW_OK);
			assert_int_equal(list.n, 2);
			assert_int_equal(list.v[0].type, 19);
			assert_int_equal(list.v[1].type, 2);
			assert_int_equal(list.v[1].value.n, 0);
			assert_int_equal(krb_get_etype_info2(list.v[0].value, &info), LW_OK);
			assert_int_equal(info.n, 4);
			for (unsigned k = 0; k < 4; k++) {
				char salt[64];

				snprintf(salt, sizeof salt, ACME "%s", names[i]);
				assert_int_equal(info.v[k].etype, all[k]);
				assert_true(info.v[k].has_salt && lw_eq(info.v[k].salt, lw_str(salt)));
				assert_null(info.v[k].s2kparams.p);
			}
			/* octet by octet, but for the name: five letters each */
			if (strlen(names[i]) == 5)
				assert_int_equal(r[i].octets.n, r[0].octets.n);
		}
	a.client = "bob";
	a.bare = true;
	assert_int_equal(ask(a), 25);
	a.bare = false;
	assert_int_equal(ask(a), 24);
	a.password = "bob's password"; /* who knows it may know */
	a.etypes = NULL;
	assert_int_equal(ask(a), 18);
	krig_enable("uid=bob," PEOPLE, true);
	assert_int_equal(ask(a), 0); /* at once */
}

static void enctypes(void **state)
{
	struct kc_as a = { .etypes = mixed, .bare = true };
	struct krb_etype_info2 info;
	struct krb_typed_list list;
	struct kc_reply r;

	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 25);
	assert_int_equal(krb_get_padata(r.err.e_data, &list), LW_OK);
	assert_int_equal(krb_get_etype_info2(list.v[0].value, &info), LW_OK);
	assert_int_equal(info.n, 1);
	assert_int_equal(info.v[0].etype, 18);
	for (int i = 0; i < 4; i++) { /* each alone */
		int32_t one[] = { all[i], 0 };

		get((struct kc_as){ .etypes = one }, &r);
		assert_int_equal(r.rep.enc.etype, all[i]);
		assert_int_equal(r.part.key.etype, all[i]);
		assert_int_equal(r.rep.padata.n, 1);
		assert_int_equal(krb_get_etype_info2(r.rep.padata.v[0].value, &info), LW_OK);
		assert_int_equal(info.v[0].etype, all[i]);
	}
	/* the session key is of a type that the service has, too; the ticket of its strongest */
	get((struct kc_as){ .server = "HTTP/web1.acme.example", .etypes = sha2 }, &r);
	struct krb_ticket t;
	assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
	assert_int_equal(t.enc.etype, 20);
}

static void names(void **state)
{
	struct kc_reply r;
	struct kc_as a = { .salt = "ACME.EXAMPLEalice" };

	/* RFC 6806: any case, and the canonical name comes back */
	a.client = "ALICE";
	assert_int_equal(ask(a), 24);
	a.options = KRB_CANONICALIZE;
	get(a, &r);
	assert_true(krb_name_is(&r.rep.cname, "alice", (struct lw_bytes){ NULL, 0 }));
	assert_int_equal(r.rep.cname.type, KRB_NT_PRINCIPAL);
	/* UPN */
	a.options = 0;
	a.client_type = KRB_NT_ENTERPRISE;
	a.client = "Alice@Acme.Example";
	get(a, &r);
	assert_true(krb_name_is(&r.rep.cname, "alice", (struct lw_bytes){ NULL, 0 }));
	assert_int_equal(r.rep.cname.type, KRB_NT_PRINCIPAL);
	a.client = "alice";
	get(a, &r);
	a.client = "alice@nowhere.example";
	assert_int_equal(ask(a), 24);
	a.bare = true;
	assert_int_equal(ask(a), 25);
	a.client = "nobody@acme.example";
	assert_int_equal(ask(a), 25);
	/* another tenant's: referred to its realm */
	a.client = "alice@beta.example";
	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 68);
	assert_true(lw_eq(r.err.crealm, lw_str(BETA)));
	assert_true(r.err.has_cname &&
	            krb_name_eq(&r.err.cname, &(struct krb_name){ .n = 1, .part = { lw_str(a.client) } }));
	a.realm = BETA;
	a.bare = false;
	a.password = "beta's password";
	a.salt = "BETA.EXAMPLEalice";
	get(a, &r);
	assert_true(lw_eq(r.rep.crealm, lw_str(BETA)));
}

/* RFC 6806 section 11: the client learns how its request arrived. */
static void enc_pa_rep(void **state)
{
	struct kc_as a = { .want_rep = true };
	struct lw_bytes request = kc_as_make(&a, lw_wall(&fix.clock));
	struct lw_krbkey *key = lw_krbkey_new();
	struct kc_reply r;
	struct lw_der d, s, f;
	uint8_t k[32];

	kc_as_open(&a, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.part.flags, KRB_INITIAL | KRB_PRE_AUTHENT | KRB_ENC_PA_REP);
	assert_int_equal(r.part.enc_padata.n, 1);
	assert_int_equal(r.part.enc_padata.v[0].type, 149);
	lw_der_init(&d, r.part.enc_padata.v[0].value);
	s = lw_der_enter(&d, LW_DER_SEQUENCE);
	f = lw_der_enter(&s, LW_DER_CONTEXT(0));
	assert_int_equal(lw_der_int(&f, 0, 100), 16); /* hmac-sha1-96-aes256 */
	f = lw_der_enter(&s, LW_DER_CONTEXT(1));
	struct lw_bytes sum = lw_der_get(&f, LW_DER_OCTET_STRING);
	assert_int_equal(lw_der_end(&d), LW_OK);
	assert_int_equal(lw_string_to_key(lw_enctype_find(18), lw_str("alice's password"),
	                         lw_str("ACME.EXAMPLEalice"), 0, k),
	        LW_OK);
	assert_int_equal(lw_krbkey_set(key, lw_enctype_find(18), k), LW_OK);
	assert_int_equal(lw_krb_cksum_verify(key, 16, 56, request, sum), LW_OK);
	lw_krbkey_free(key);
}

static void lives(void **state)
{
	struct kc_reply r;
	int64_t t = now();

	get((struct kc_as){ .till = t + 3600 }, &r);
	assert_int_equal(r.part.endtime, t + 3600);
	get((struct kc_as){ .options = KRB_RENEWABLE, .rtime = t + 2 * 86400 }, &r);
	assert_int_equal(r.part.endtime, t + 36000);
	assert_int_equal(r.part.renew_till, t + 2 * 86400);
	assert_true(r.part.flags & KRB_RENEWABLE);
	get((struct kc_as){ .options = KRB_RENEWABLE, .rtime = FAR }, &r);
	assert_int_equal(r.part.renew_till, t + 7 * 86400);
	get((struct kc_as){ .options = KRB_RENEWABLE_OK, .till = t + 86400 }, &r);
	assert_int_equal(r.part.endtime, t + 36000);
	assert_int_equal(r.part.renew_till, t + 86400);
	get((struct kc_as){ .options = KRB_RENEWABLE_OK, .till = t + 60 }, &r); /* not needed */
	assert_true(r.part.renew_till == KRB_NO_TIME && !(r.part.flags & KRB_RENEWABLE));
	get((struct kc_as){ .options = KRB_FORWARDABLE | KRB_PROXIABLE }, &r);
	assert_int_equal(r.part.flags, KRB_FORWARDABLE | KRB_PROXIABLE | KRB_INITIAL | KRB_PRE_AUTHENT);
	/* a ticket to change the password with is brief */
	get((struct kc_as){ .server = "kadmin/changepw", .options = KRB_RENEWABLE, .rtime = FAR }, &r);
	assert_int_equal(r.part.endtime, t + 600);
	assert_true(r.part.renew_till == KRB_NO_TIME && !(r.part.flags & KRB_RENEWABLE));
	/* the policy's */
	assert_int_equal(fix_modify(fix.op, "dn: cn=default,ou=policies," SUFFIX
	                                    "\nreplace krbMaxTicketLife\nkrbMaxTicketLife: 7200\n"
	                                    "replace krbMaxRenewableAge\nkrbMaxRenewableAge: 10000"),
	        LW_OK);
	get((struct kc_as){ .options = KRB_RENEWABLE, .rtime = FAR }, &r);
	assert_int_equal(r.part.endtime, t + 7200);
	assert_int_equal(r.part.renew_till, t + 10000);
	assert_int_equal(fix_modify(fix.op, "dn: cn=default,ou=policies," SUFFIX
	                                    "\nreplace krbMaxTicketLife\nreplace krbMaxRenewableAge"),
	        LW_OK);
	get((struct kc_as){ .options = KRB_RENEWABLE, .rtime = FAR }, &r);
	assert_int_equal(r.part.endtime, t + 36000);
}

static void addresses(void **state)
{
	struct kc_as a = { .addrs = { .n = 1, .v = { { 2, LW_LIT("\xc0\x00\x02\x07") } } } };
	struct krb_key key = krig_key(fix.acme, NULL, 0, 20, NULL);
	struct krb_enc_ticket_part part;
	struct kc_reply r;

	get(a, &r);
	assert_true(r.part.has_addrs && r.part.caddr.n == 1);
	assert_true(kc_open_ticket(&key, r.rep.ticket, &part));
	assert_true(part.has_addrs && part.caddr.n == 1 && part.caddr.v[0].type == 2);
}

/* Keys of a service's keytab do, too; after a new password only the new one. */
static void other_keys(void **state)
{
	struct krb_key key = krig_key(fix.acme, WEB, 0, 18, NULL);
	struct kc_as a = { .realm = ACME, .client = "HTTP/web1.acme.example", .key = &key, .till = FAR };

	assert_int_equal(ask(a), 0);
	krig_rotate(WEB);
	assert_int_equal(ask(a), 24);
	key = krig_key(fix.acme, WEB, 0, 18, NULL);
	assert_int_equal(ask(a), 0);
	assert_int_equal(ask((struct kc_as){ .client = "bob", .password = "bob's password" }), 0);
	krig_password(fix.acme, "uid=bob," PEOPLE, "a new password");
	assert_int_equal(ask((struct kc_as){ .client = "bob", .password = "bob's password" }), 24);
	assert_int_equal(ask((struct kc_as){ .client = "bob", .password = "a new password" }), 0);
	krig_password(fix.acme, "uid=bob," PEOPLE, "bob's password");
}

/* Realms appear and vanish while it runs. */
static void realms(void **state)
{
	struct kc_as a = { .realm = BETA, .password = "beta's password" };

	assert_int_equal(ask(a), 0);
	krig_tenant_enable(&fix.beta_uuid, false);
	assert_int_equal(ask(a), 68);
	a.bare = true;
	assert_int_equal(ask(a), 68);
	krig_tenant_enable(&fix.beta_uuid, true);
	assert_int_equal(ask(a), 25);
}

/* ---- guesses ---- */

static void guesses(void **state)
{
	struct kc_as right = { 0 }, wrong = { .password = "wrong" };
	unsigned n = keys_policy_default.account_guesses;
	struct kc_reply r;

	krig.counted = true;
	krig_server();
	krig_turn(700);
	for (unsigned i = 0; i < n - 1; i++) {
		wrong.nonce = 100 + i;
		assert_int_equal(ask(wrong), 24);
	}
	assert_int_equal(ask(right), 0); /* forgives */
	for (unsigned i = 0; i < n; i++) {
		/* an old proof, seen on the wire and sent again, doesn't */
		assert_int_equal(ask((struct kc_as){ .skew = -3600, .nonce = 300 + i }), 37);
		wrong.nonce = 200 + i;
		assert_int_equal(kc_as(krig.server, ADDR, &wrong, &r), 24);
	}
	struct kc_reply locked;
	assert_int_equal(kc_as(krig.server, ADDR, &right, &locked),
	        24); /* the right one, and nobody hears that it was */
	assert_true(lw_eq(locked.err.e_data, r.err.e_data));
	assert_int_equal(ask((struct kc_as){ .bare = true }), 25);
	krig_turn(keys_policy_default.lock_account / LW_SECOND + 1);
	assert_int_equal(ask(right), 0);
	krig.counted = false;
	krig_server();
	krig_turn(601);
}

/* The same datagram again is no second guess, and gets the same answer. */
static void the_same_again(void **state)
{
	struct kc_as wrong = { .password = "wrong" };
	unsigned n = keys_policy_default.account_guesses;
	struct lw_bytes request, first, again;

	krig.counted = true;
	krig_server();
	krig_turn(700);
	request = kc_as_make(&wrong, lw_wall(&fix.clock));
	first = kc_udp(krig.server, ADDR, request);
	for (unsigned i = 0; i < 3 * n; i++) {
		again = kc_udp(krig.server, ADDR, request);
		assert_true(lw_eq(first, again));
	}
	assert_int_equal(ask((struct kc_as){ 0 }), 0);
	krig.counted = false;
	krig_server();
	krig_turn(601);
}

/* Others' guesses are under evaluation: put off, answered by the job, which waits. */
static void *run_job(void *d)
{
	kdc_dgram.job(krig.server, d);
	return NULL;
}

static void put_off_once(const char *password, bool disable, int code)
{
	unsigned n = keys_policy_default.account_guesses;
	struct keys_guess held[64];
	struct lw_uuid alice = fix_uuid("uid=alice," PEOPLE);
	struct kc_as a = { .password = password };
	struct lw_peer peer = { .addr = ADDR };
	uint8_t out[4096];
	struct lw_datagram d = { .peer = &peer, .out = out, .out_max = sizeof out };
	pthread_t thread;
	struct kc_reply r;

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(
		        keys_guess_reserve(krig.guesses, fix.acme, &alice, lw_str("127.0.0.1"), &held[i]),
		        LW_OK);
	d.in = kc_as_make(&a, lw_wall(&fix.clock));
	kdc_dgram.answer(krig.server, &d, 1);
	assert_true(d.later);
	assert_int_equal(d.out_n, 0);
	assert_int_equal(pthread_create(&thread, NULL, run_job, &d), 0);
	for (int i = 0; i < 200; i++)
		sched_yield();
	if (disable)
		krig_enable("uid=alice," PEOPLE, false);
	for (unsigned i = 0; i < n; i++)
		keys_guess_settle(krig.guesses, &held[i], KEYS_GUESS_VOID);
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (disable)
		krig_enable("uid=alice," PEOPLE, true);
	kc_as_open(&a, (struct lw_bytes){ d.out, d.out_n }, &r);
	assert_int_equal(r.code, code);
}

static void put_off(void **state)
{
	krig.counted = true;
	krig_server();
	krig_turn(700);
	assert_int_equal(ask((struct kc_as){ 0 }), 0); /* the tenant's key is known */
	put_off_once(NULL, false, 0);
	put_off_once(NULL, true, 18); /* what happened meanwhile counts */
	put_off_once("wrong", false, 24);
	krig.counted = false;
	krig_server();
	krig_turn(601);
}

/* Keys that were brought along, with parameters of their own: the client is told. */
static void parameters(void **state)
{
	struct keys_krb krb = { .nsets = 1 };
	struct keys_krb_set *set = &krb.sets[0];
	struct kc_as a = { .client = "old" };
	struct krb_etype_info2 info;
	struct krb_typed_list list;
	struct krb_key key;
	struct kc_reply r;

	assert_int_equal(fix_person(fix.op, "old", ""), LW_OK);
	set->kvno = 3;
	set->set_time = lw_wall(&fix.clock);
	set->salt = LW_LIT("an old salt");
	set->nkeys = 1;
	set->keys[0] = (struct keys_krb_key){ .etype = 17, .iterations = 0x1234, .n = 16 };
	assert_int_equal(
	        lw_string_to_key(lw_enctype_find(17), lw_str("old"), set->salt, 0x1234, set->keys[0].key),
	        LW_OK);
	krig_seal("uid=old," PEOPLE, &krb);
	a.bare = true;
	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 25);
	assert_int_equal(krb_get_padata(r.err.e_data, &list), LW_OK);
	assert_int_equal(krb_get_etype_info2(list.v[0].value, &info), LW_OK);
	assert_int_equal(info.n, 1); /* it has no other */
	assert_int_equal(info.v[0].etype, 17);
	assert_true(lw_eq(info.v[0].salt, LW_LIT("an old salt")));
	assert_true(lw_eq(info.v[0].s2kparams, LW_LIT("\0\0\x12\x34")));
	a.bare = false;
	key = (struct krb_key){ 17, { set->keys[0].key, 16 } };
	a.key = &key;
	get(a, &r);
	assert_int_equal(r.rep.enc.kvno, 3);
	assert_int_equal(r.part.key.etype, 18);
	assert_int_equal(fix_delete(fix.op, "uid=old," PEOPLE), LW_OK);
}

/* A slash in a part of a name, not between parts. */
static void escaped(void **state)
{
	struct kc_as a = {
		.client = "ODD", .options = KRB_CANONICALIZE, .password = "odd's password", .salt = ACME "o/d"
	};
	struct kc_reply r;

	assert_int_equal(fix_person(fix.op, "odd", "krbPrincipalName: o\\/d@" ACME), LW_OK);
	krig_password(fix.acme, "uid=odd," PEOPLE, "odd's password");
	a.bare = true;
	assert_int_equal(ask(a), 25);
	a.bare = false;
	get(a, &r);
	assert_int_equal(r.rep.cname.n, 1);
	assert_true(lw_eq(r.rep.cname.part[0], LW_LIT("o/d")));
	assert_int_equal(fix_delete(fix.op, "uid=odd," PEOPLE), LW_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, krig_each)
	const struct CMUnitTest tests[] = { T(a_ticket), T(codes), T(alike), T(enctypes), T(names),
		T(enc_pa_rep), T(lives), T(addresses), T(other_keys), T(realms), T(guesses),
		T(the_same_again), T(put_off), T(parameters), T(escaped) };

	return cmocka_run_group_tests(tests, krig_up, krig_down);
}
