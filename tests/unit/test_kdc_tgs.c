/* SPDX-License-Identifier: Apache-2.0 */
/* The TGS exchange: every check of what is shown, every refusal by its code, what becomes of flags, lives,
 * addresses and authorization data; replays, key rotation, and principals that change under their tickets. (Long:
 * each test is short, and all make their requests with the same few words.) */
#include "tests/unit/kdc_rig.h"

#define WEBSERVER "HTTP/web1.acme.example"
#define FAR       KC_FAR

static struct kc_reply tgt; /* alice's, forwardable, proxiable, renewable */

static int64_t now(void)
{
	return lw_wall(&fix.clock) / LW_SECOND;
}

static void login(const char *client, const char *password, uint32_t options, struct kc_reply *r)
{
	struct kc_as a = { .client = client,
		.password = password,
		.options = options,
		.rtime = options & KRB_RENEWABLE ? FAR : 0 };

	assert_int_equal(kc_as(krig.server, ADDR, &a, r), 0);
}

static int each(void **state)
{
	krig_each(state);
	login(NULL, NULL, KRB_FORWARDABLE | KRB_PROXIABLE | KRB_RENEWABLE, &tgt);
	return 0;
}

static int ask(struct kc_tgs q)
{
	if (!q.tgt)
		q.tgt = &tgt;
	return kc_tgs(krig.server, ADDR, &q, NULL);
}

static void get(struct kc_tgs q, struct kc_reply *r)
{
	if (!q.tgt)
		q.tgt = &tgt;
	assert_int_equal(kc_tgs(krig.server, ADDR, &q, r), 0);
}

static void a_ticket(void **state)
{
	struct krb_key key;
	struct krb_enc_ticket_part part;
	struct krb_ticket t;
	struct kc_reply r;
	struct kdc_ad ad;
	uint32_t kvno;

	for (int subkey = 0; subkey <= 20; subkey = subkey ? subkey + 1 : 17) {
		krig_turn(100);
		get((struct kc_tgs){ .server = WEBSERVER, .subkey = subkey }, &r);
		assert_int_equal(r.octets.p[0], 0x6d);
		assert_int_equal(r.part.tag, 26);
		assert_int_equal(r.rep.enc.etype, subkey ? subkey : 18);
		assert_int_equal(r.part.nonce, 4712);
		assert_int_equal(r.part.flags, KRB_PRE_AUTHENT | KRB_TRANSITED_OK);
		assert_int_equal(r.part.authtime, tgt.part.authtime);
		assert_int_equal(r.part.starttime, now());
		assert_int_equal(r.part.endtime, tgt.part.endtime);
		assert_true(r.part.renew_till == KRB_NO_TIME);
		assert_true(krb_name_is(&r.part.sname, "HTTP", lw_str("web1.acme.example")));
		assert_true(krb_name_is(&r.rep.cname, "alice", (struct lw_bytes){ NULL, 0 }));
	}
	key = krig_key(fix.acme, WEB, 0, 20, &kvno);
	assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
	assert_int_equal(t.enc.kvno, kvno);
	assert_true(kc_open_ticket(&key, r.rep.ticket, &part));
	assert_true(lw_eq(part.key.key, r.part.key.key));
	assert_int_equal(part.authz.n, 1);
	assert_int_equal(kdc_ad_find(&part.authz, &ad), LW_OK);
	struct lw_uuid alice = fix_uuid("uid=alice," PEOPLE);
	assert_true(lw_uuid_eq(&ad.client, &alice) && lw_uuid_eq(&ad.tenant, &fix.acme_uuid));
}

/* ---- refusals ---- */

static void bad_pvno(struct krb_ap_req *ap)
{
	ap->authenticator.etype = 17;
}
static void cut(struct krb_ap_req *ap)
{
	ap->authenticator.cipher.n = 20;
}
static void no_ap(struct krb_kdc_req *r)
{
	r->padata.v[0] = (struct krb_typed){ 1, LW_LIT("\x6e\x03\x30\x01\x00") };
	r->padata.n = 1;
}
static const int32_t old[] = { 23, 3, 0 };
static const struct krb_typed_list elsewhere = { .n = 1,
	.v = { { 2, { (const uint8_t *)"\x0a\x00\x00\x01", 4 } } } };
static const struct krb_typed_list pac = { .n = 1, .v = { { 128, { (const uint8_t *)"x", 1 } } } };
static const struct krb_typed_list ours = { .n = 1, .v = { { -1279, { (const uint8_t *)"x", 1 } } } };
/* AD-IF-RELEVANT { -1279, "x" } */
static const struct krb_typed_list wrapped = {
	.n = 1,
	.v = { { 1, { (const uint8_t *)"\x30\x0d\x30\x0b\xa0\x04\x02\x02\xfb\x01\xa1\x03\x04\x01x", 15 } } }
};
/* … within another */
static const struct krb_typed_list wrapped_twice = { .n = 1,
	.v = { { 1, { (const uint8_t *)"\x30\x1a\x30\x18\xa0\x03\x02\x01\x01\xa1\x11\x04\x0f\x30\x0d\x30\x0b"
	                               "\xa0\x04\x02\x02\xfb\x01\xa1\x03\x04\x01x",
	                    28 } } } };
static void spoilt_authz(struct krb_kdc_req *r)
{
	r->authz.cipher.n--;
}
static void other_authz(struct krb_kdc_req *r)
{
	r->authz.etype = 17;
}
static const struct krb_typed_list harmless = { .n = 1,
	.v = { { 4711, { (const uint8_t *)"harmless", 8 } } } };

static const struct {
	const char *what;
	struct kc_tgs ask;
	int code;
} refusals[] = {
	{ "good", { .server = WEBSERVER }, 0 },
	{ "no ticket", { .server = WEBSERVER, .bare = true }, 16 },
	{ "malformed AP-REQ", { .server = WEBSERVER, .bare = true, .change = no_ap }, 60 },
	{ "a damaged ticket", { .server = WEBSERVER, .spoilt = true }, 31 },
	{ "an authenticator of another enctype", { .server = WEBSERVER, .change_ap = bad_pvno }, 31 },
	{ "a short authenticator", { .server = WEBSERVER, .change_ap = cut }, 31 },
	{ "an authenticator for a service", { .server = WEBSERVER, .usage = 11 }, 31 },
	{ "another name in the authenticator", { .server = WEBSERVER, .cname = "bob" }, 36 },
	{ "a clock six minutes fast", { .server = WEBSERVER, .skew = 360 }, 37 },
	{ "a clock six minutes slow", { .server = WEBSERVER, .skew = -360 }, 37 },
	{ "a clock four minutes slow", { .server = WEBSERVER, .skew = -240 }, 0 },
	{ "no checksum", { .server = WEBSERVER, .cksum = KC_NONE }, 50 },
	{ "an unkeyed checksum", { .server = WEBSERVER, .cksum = KC_UNKEYED }, 50 },
	{ "a checksum of another type", { .server = WEBSERVER, .cksum = KC_OTHER_TYPE }, 50 },
	{ "a checksum of another body", { .server = WEBSERVER, .cksum = KC_OTHER_BODY }, 41 },
	{ "another realm", { .server = WEBSERVER, .realm = BETA }, 35 },
	{ "no such realm", { .server = WEBSERVER, .realm = "GAMMA.EXAMPLE" }, 68 },
	{ "an unknown server", { .server = "HTTP/nowhere.acme.example" }, 7 },
	{ "a server that a rule hides", { .server = "hidden" }, 7 },
	{ "no server", { .server = "" }, 7 },
	{ "another realm's krbtgt", { .server = "krbtgt/BETA.EXAMPLE" }, 7 },
	{ "a server without keys", { .server = "new" }, 9 },
	{ "a person", { .server = "bob" }, 27 },
	{ "itself", { .server = "alice" }, 27 },
	{ "changepw", { .server = "kadmin/changepw" }, 12 },
	{ "lwd's own", { .server = "ldap/lwd.acme.example" }, 0 },
	{ "RC4 and DES only", { .server = WEBSERVER, .etypes = old }, 14 },
	{ "a subkey of RC4", { .server = WEBSERVER, .subkey = 23 }, 14 },
	{ "until yesterday", { .server = WEBSERVER, .till = 1795000000 }, 11 },
	{ "from tomorrow", { .server = WEBSERVER, .from = FAR - 10 }, 10 },
	{ "allow-postdate", { .server = WEBSERVER, .options = KRB_MAY_POSTDATE }, 10 },
	{ "postdated", { .server = WEBSERVER, .options = KRB_POSTDATED }, 10 },
	{ "anonymous", { .server = WEBSERVER, .options = KRB_ANONYMOUS }, 13 },
	{ "cname-in-addl-tkt", { .server = WEBSERVER, .options = KRB_CNAME_IN_ADDL }, 13 },
	{ "proxy of a TGT", { .server = "krbtgt/ACME.EXAMPLE", .options = KRB_PROXY }, 13 },
	{ "renew and validate", { .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW | KRB_VALIDATE },
	        13 },
	{ "renew and forward", { .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW | KRB_FORWARDED },
	        13 },
	{ "renew into another", { .server = WEBSERVER, .options = KRB_RENEW }, 26 },
	{ "validate what is valid", { .server = "krbtgt/ACME.EXAMPLE", .options = KRB_VALIDATE }, 13 },
	{ "user to user without a second ticket", { .server = "bob", .options = KRB_ENC_TKT_IN_SKEY }, 13 },
	{ "a PAC of its own", { .server = WEBSERVER, .authz = pac }, 12 },
	{ "private data of its own", { .server = WEBSERVER, .authz = ours }, 12 },
	{ "… in a container", { .server = WEBSERVER, .authz = wrapped }, 12 },
	{ "… in two", { .server = WEBSERVER, .authz = wrapped_twice }, 12 },
	{ "authorization data that does not decrypt",
	        { .server = WEBSERVER, .authz = harmless, .change = spoilt_authz }, 31 },
	{ "… of another enctype", { .server = WEBSERVER, .authz = harmless, .change = other_authz }, 31 },
	{ "harmless authorization data", { .server = WEBSERVER, .authz = harmless }, 0 },
	{ "… under a subkey", { .server = WEBSERVER, .authz = harmless, .subkey = 17 }, 0 },
	{ "addresses that nobody asked to be forwarded to", { .server = WEBSERVER, .addrs = elsewhere }, 0 },
};

static void codes(void **state)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		int code = ask(refusals[i].ask);

		if (code != refusals[i].code)
			fail_msg("%s: %d, not %d", refusals[i].what, code, refusals[i].code);
	}
}

/* A refusal says nothing of the client, and the same for what is hidden and what is not there. */
static void hidden_is_not_there(void **state)
{
	struct kc_tgs q = { .tgt = &tgt, .server = "hidden" };
	struct kc_reply a, b;

	assert_int_equal(kc_tgs(krig.server, ADDR, &q, &a), 7);
	q.server = "hiddem";
	assert_int_equal(kc_tgs(krig.server, ADDR, &q, &b), 7);
	assert_int_equal(a.octets.n, b.octets.n);
	assert_null(a.err.e_text.p);
	assert_null(a.err.e_data.p);
	assert_false(a.err.has_cname);
	krig_enable(WEB, false); /* disabled looks so, too */
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 7);
	krig_enable(WEB, true);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 0);
}

/* A ticket that is no TGT shows nothing to the TGS, whatever name somebody writes on it. */
static void not_a_tgt(void **state)
{
	static const char *const servers[] = { "kadmin/changepw", WEBSERVER, "ldap/lwd.acme.example" };

	for (int i = 0; i < 3; i++) {
		struct kc_as a = { .server = servers[i] };
		struct krb_ticket t;
		struct kc_reply r;
		struct lw_der_writer w;

		assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 0);
		assert_int_equal(ask((struct kc_tgs){ .tgt = &r, .server = WEBSERVER }), 35);
		assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
		kc_name("krbtgt/ACME.EXAMPLE", &t.sname);
		lw_der_writer_init(&w, lw_alloc(kc_arena, 4000), 4000);
		krb_put_ticket(&w, &t);
		assert_int_equal(
		        ask((struct kc_tgs){ .tgt = &r, .ticket = lw_der_written(&w), .server = WEBSERVER }),
		        31);
		/* nor is it renewed: it wasn't renewable */
		assert_int_equal(
		        ask((struct kc_tgs){ .tgt = &r, .server = servers[i], .options = KRB_RENEW }), 13);
	}
}

static void other_tenants(void **state)
{
	struct kc_as a = { .realm = BETA, .password = "beta's password" };
	struct krb_ticket t;
	struct kc_reply r;
	struct lw_der_writer w;

	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 0);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &r, .realm = ACME, .server = WEBSERVER }), 35);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &r, .server = WEBSERVER }), 7);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &r, .server = "ldap/lwd.acme.example" }), 0);
	/* acme's name on it does not make it acme's */
	assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
	t.realm = lw_str(ACME);
	kc_name("krbtgt/ACME.EXAMPLE", &t.sname);
	lw_der_writer_init(&w, lw_alloc(kc_arena, 4000), 4000);
	krb_put_ticket(&w, &t);
	assert_int_equal(
	        ask((struct kc_tgs){
	                .tgt = &r, .realm = ACME, .ticket = lw_der_written(&w), .server = WEBSERVER }),
	        31);
}

/* ---- forged tickets: what only the KDC could make ---- */

static struct kc_reply forge(void (*change)(struct krb_enc_ticket_part *))
{
	uint32_t kvno;
	struct krb_key key = krig_key(fix.acme, NULL, 0, 20, &kvno);
	struct krb_enc_ticket_part part;
	struct kc_reply r = tgt;

	assert_true(kc_open_ticket(&key, tgt.rep.ticket, &part));
	change(&part);
	r.rep.ticket = kc_make_ticket(&key, kvno, ACME, "krbtgt/ACME.EXAMPLE", &part);
	return r;
}

static void no_authz(struct krb_enc_ticket_part *p)
{
	p->authz.n = 0;
}
static void other_realm(struct krb_enc_ticket_part *p)
{
	p->crealm = lw_str(BETA);
}
static void later(struct krb_enc_ticket_part *p)
{
	p->starttime = now() + 400;
}
static void soon(struct krb_enc_ticket_part *p)
{
	p->starttime = now() + 200;
}
static void over(struct krb_enc_ticket_part *p)
{
	p->endtime = now();
}
static void invalid(struct krb_enc_ticket_part *p)
{
	p->flags |= KRB_INVALID;
	p->starttime = now() - 10;
}
static void invalid_later(struct krb_enc_ticket_part *p)
{
	p->flags |= KRB_INVALID;
	p->starttime = now() + 10;
}
static void plain(struct krb_enc_ticket_part *p)
{
	p->flags = KRB_INITIAL | KRB_PRE_AUTHENT;
	p->renew_till = KRB_NO_TIME;
}
static void from_here(struct krb_enc_ticket_part *p)
{
	p->has_addrs = true;
	p->caddr = (struct krb_typed_list){ .n = 2,
		.v = { { 20, LW_LIT("NETBIOS         ") }, { 2, LW_LIT("\xc0\x00\x02\x07") } } };
}
static void from_elsewhere(struct krb_enc_ticket_part *p)
{
	p->has_addrs = true;
	p->caddr = elsewhere;
}

static void times_and_flags(void **state)
{
	static const struct {
		const char *what;
		void (*change)(struct krb_enc_ticket_part *);
		uint32_t options;
		int code;
	} rows[] = {
		{ "nothing private in it", no_authz, 0, 31 },
		{ "a client of another realm", other_realm, 0, 35 },
		{ "begins in seven minutes", later, 0, 33 },
		{ "begins in three minutes", soon, 0, 0 },
		{ "has ended", over, 0, 32 },
		{ "invalid", invalid, 0, 33 },
		{ "invalid, to be validated", invalid, KRB_VALIDATE, 0 },
		{ "invalid, to be validated too early", invalid_later, KRB_VALIDATE, 33 },
		{ "not forwardable: forwardable", plain, KRB_FORWARDABLE, 13 },
		{ "not forwardable: forwarded", plain, KRB_FORWARDED, 13 },
		{ "not proxiable: proxiable", plain, KRB_PROXIABLE, 13 },
		{ "not proxiable: proxy", plain, KRB_PROXY, 13 },
		{ "not renewable: renewable", plain, KRB_RENEWABLE, 13 },
		{ "not renewable: renew", plain, KRB_RENEW, 13 },
		{ "not renewable: renewable-ok", plain, KRB_RENEWABLE_OK, 0 },
		{ "for this address", from_here, 0, 0 },
		{ "for another address", from_elsewhere, 0, 38 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct kc_reply f = forge(rows[i].change), r;
		struct kc_tgs q = { .tgt = &f, .server = "krbtgt/ACME.EXAMPLE", .options = rows[i].options };
		int code = kc_tgs(krig.server, ADDR, &q, &r);

		if (code != rows[i].code)
			fail_msg("%s: %d, not %d", rows[i].what, code, rows[i].code);
		if (rows[i].options == KRB_VALIDATE && !code)
			assert_int_equal(r.part.flags & (KRB_INVALID | KRB_RENEWABLE), KRB_RENEWABLE);
		if (rows[i].change == plain && !code)
			assert_int_equal(
			        r.part.flags, KRB_PRE_AUTHENT | KRB_TRANSITED_OK); /* no flag gained */
		if (rows[i].change == from_here)
			assert_true(r.part.has_addrs && r.part.caddr.n == 2);
	}
}

static void not_renewable_any_more(struct krb_enc_ticket_part *p)
{
	p->renew_till = now();
}
static void of_rc4(struct krb_enc_ticket_part *p)
{
	p->key.etype = 23;
}
static void short_key(struct krb_enc_ticket_part *p)
{
	p->key.key.n = 16;
}

/* Its head says another key than there is. */
static struct lw_bytes under(uint32_t kvno, int32_t etype, const char *server)
{
	struct lw_der_writer w;
	struct krb_ticket t;

	assert_int_equal(krb_get_ticket(tgt.rep.ticket, &t), LW_OK);
	t.enc.kvno = kvno ? kvno : t.enc.kvno;
	t.enc.has_kvno = kvno != 0;
	t.enc.etype = etype;
	if (server)
		kc_name(server, &t.sname);
	lw_der_writer_init(&w, lw_alloc(kc_arena, 4000), 4000);
	krb_put_ticket(&w, &t);
	return lw_der_written(&w);
}

static void odd_tickets(void **state)
{
	struct kc_reply f = forge(not_renewable_any_more);
	struct kc_tgs renew = { .tgt = &f, .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW };
	struct krb_ticket t;

	assert_int_equal(ask(renew), 32);
	f = forge(of_rc4);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &f, .server = WEBSERVER }), 14);
	f = forge(short_key);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &f, .server = WEBSERVER }), 31);
	assert_int_equal(krb_get_ticket(tgt.rep.ticket, &t), LW_OK);
	assert_int_equal(ask((struct kc_tgs){ .ticket = under(0, 20, NULL), .server = WEBSERVER }),
	        0); /* the newest */
	assert_int_equal(
	        ask((struct kc_tgs){ .ticket = under(t.enc.kvno + 7, 20, NULL), .server = WEBSERVER }), 44);
	assert_int_equal(
	        ask((struct kc_tgs){ .ticket = under(t.enc.kvno, 19, NULL), .server = WEBSERVER }), 31);
	assert_int_equal(
	        ask((struct kc_tgs){ .ticket = under(t.enc.kvno, 23, NULL), .server = WEBSERVER }), 14);
	/* of a server that is not there, has no keys, is a person: to be renewed */
	static const char *const servers[] = { "HTTP/nowhere", "new", "bob", "hidden", WEBSERVER };
	static const int codes[] = { 31, 31, 31, 31, 31 };
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask((struct kc_tgs){ .ticket = under(0, 20, servers[i]),
		                         .server = servers[i],
		                         .options = KRB_RENEW }),
		        codes[i]);
}

/* A service with an entry of its own on one of lwd's host names: its keys, not those that follow from the krbtgt's. */
static void entry_on_our_host(void **state)
{
	const char *dn = "cn=HTTP/other.example," SERVICES;
	struct krb_enc_ticket_part part;
	struct kc_reply before, after;
	struct krb_key key;
	uint32_t kvno;

	get((struct kc_tgs){ .server = "HTTP/other.example" }, &before);
	assert_int_equal(fix_add(fix.op, "dn: cn=HTTP/other.example," SERVICES
	                                 "\nobjectClass: lwService\ncn: HTTP/other.example"),
	        LW_OK);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &tgt, .server = "HTTP/other.example" }), 9); /* no key yet */
	krig_rotate(dn);
	key = krig_key(fix.acme, dn, 0, 20, &kvno);
	get((struct kc_tgs){ .server = "HTTP/other.example" }, &after);
	assert_true(kc_open_ticket(&key, after.rep.ticket, &part));
	assert_false(kc_open_ticket(&key, before.rep.ticket, &part));
	assert_int_equal(ask((struct kc_tgs){ .tgt = &tgt, .server = "HTTP/lwd.acme.example" }), 0);
}

/* IPv6, an IPv4-mapped one, no port. */
static void peers(void **state)
{
	static const struct {
		const char *addr;
		int32_t type;
		const char *octets;
		int code;
	} rows[] = {
		{ "[2001:db8::7]:88", 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 0 },
		{ "[2001:db8::8]:88", 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 38 },
		{ "2001:db8::7", 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 0 },
		{ "[::ffff:192.0.2.7]:1", 2, "\xc0\x00\x02\x07", 0 },
		{ "192.0.2.7", 2, "\xc0\x00\x02\x07", 0 },
		{ "192.0.2.8:1", 2, "\xc0\x00\x02\x07", 38 },
		{ "unix", 2, "\xc0\x00\x02\x07", 38 },
	};
	uint32_t kvno;
	struct krb_key key = krig_key(fix.acme, NULL, 0, 20, &kvno);
	struct krb_enc_ticket_part part;

	assert_true(kc_open_ticket(&key, tgt.rep.ticket, &part));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct kc_reply f = tgt;
		struct kc_tgs q = { .tgt = &f, .server = WEBSERVER };

		part.has_addrs = true;
		part.caddr = (struct krb_typed_list){ .n = 1,
			.v = { { rows[i].type,
			        { (const uint8_t *)rows[i].octets, rows[i].type == 2 ? 4 : 16 } } } };
		f.rep.ticket = kc_make_ticket(&key, kvno, ACME, "krbtgt/ACME.EXAMPLE", &part);
		if (kc_tgs(krig.server, rows[i].addr, &q, NULL) != rows[i].code)
			fail_msg("%s", rows[i].addr);
	}
}

/* ---- what tickets become ---- */

static void forwarding(void **state)
{
	struct kc_reply fwd, r;

	get((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE", .options = KRB_FORWARDED | KRB_FORWARDABLE },
	        &fwd);
	assert_int_equal(
	        fwd.part.flags, KRB_FORWARDED | KRB_FORWARDABLE | KRB_PRE_AUTHENT | KRB_TRANSITED_OK);
	get((struct kc_tgs){ .tgt = &fwd, .server = WEBSERVER }, &r);
	assert_int_equal(r.part.flags, KRB_FORWARDED | KRB_PRE_AUTHENT | KRB_TRANSITED_OK);
	get((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE", .options = KRB_FORWARDED, .addrs = elsewhere },
	        &fwd);
	assert_true(fwd.part.has_addrs && fwd.part.caddr.n == 1);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &fwd, .server = WEBSERVER }), 38);
	assert_int_equal(ask((struct kc_tgs){
	                         .tgt = &fwd, .server = "krbtgt/ACME.EXAMPLE", .options = KRB_FORWARDED }),
	        38);
	struct kc_tgs q = { .tgt = &fwd, .server = WEBSERVER };
	assert_int_equal(kc_tgs(krig.server, "10.0.0.1:5", &q, &r), 0);
	assert_true(r.part.has_addrs);
	get((struct kc_tgs){ .server = WEBSERVER, .options = KRB_PROXY, .addrs = elsewhere }, &r);
	assert_int_equal(r.part.flags, KRB_PROXY | KRB_PRE_AUTHENT | KRB_TRANSITED_OK);
	assert_true(r.part.has_addrs && r.part.caddr.v[0].type == 2);
	get((struct kc_tgs){ .server = WEBSERVER, .options = KRB_NO_TRANSITED }, &r);
	assert_int_equal(r.part.flags, KRB_PRE_AUTHENT);
}

static void renewing(void **state)
{
	int64_t born = now();
	struct kc_reply r, again;

	krig_turn(3600);
	get((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }, &r);
	assert_int_equal(r.part.flags, KRB_FORWARDABLE | KRB_PROXIABLE | KRB_RENEWABLE | KRB_PRE_AUTHENT);
	assert_int_equal(r.part.authtime, born);
	assert_int_equal(r.part.starttime, born + 3600);
	assert_int_equal(r.part.endtime, born + 3600 + 36000);
	assert_int_equal(r.part.renew_till, tgt.part.renew_till);
	krig_turn(36000 - 1);
	get((struct kc_tgs){ .tgt = &r, .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }, &again);
	krig_turn(2);
	assert_int_equal(
	        ask((struct kc_tgs){ .tgt = &r, .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }), 32);
	/* a service's */
	get((struct kc_tgs){ .tgt = &again, .server = WEBSERVER, .options = KRB_RENEWABLE, .rtime = FAR },
	        &r);
	assert_int_equal(r.part.renew_till, again.part.renew_till);
	krig_turn(60);
	get((struct kc_tgs){ .tgt = &r, .realm = ACME, .server = WEBSERVER, .options = KRB_RENEW }, &again);
	assert_int_equal(again.part.starttime, now());
	assert_int_equal(
	        ask((struct kc_tgs){
	                .tgt = &r, .realm = ACME, .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }),
	        26);
}

/* The end of renewal ends it. */
static void renewed_to_the_end(void **state)
{
	struct kc_as a = { .options = KRB_RENEWABLE, .rtime = now() + 36000 + 100 };
	struct kc_reply r, s;

	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 0);
	krig_turn(35000);
	get((struct kc_tgs){ .tgt = &r, .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }, &s);
	assert_int_equal(s.part.endtime, r.part.renew_till);
}

static void user_to_user(void **state)
{
	struct krb_enc_ticket_part part;
	struct krb_ticket t;
	struct kc_reply bob, r;
	struct kc_as service = { .server = WEBSERVER, .client = "bob", .password = "bob's password" };

	login("bob", "bob's password", 0, &bob);
	get((struct kc_tgs){ .server = "bob", .second = &bob, .options = KRB_ENC_TKT_IN_SKEY }, &r);
	assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
	assert_false(t.enc.has_kvno);
	assert_true(kc_open_ticket(&bob.part.key, r.rep.ticket, &part));
	assert_true(krb_name_is(&part.cname, "alice", (struct lw_bytes){ NULL, 0 }));
	/* the server may be said by the ticket alone */
	get((struct kc_tgs){ .server = "", .second = &bob, .options = KRB_ENC_TKT_IN_SKEY }, &r);
	assert_true(krb_name_is(&r.part.sname, "bob", (struct lw_bytes){ NULL, 0 }));
	/* the client does not know the type of bob's key */
	static const int32_t sha2[] = { 20, 19, 0 };
	assert_int_equal(
	        ask((struct kc_tgs){
	                .server = "bob", .second = &bob, .options = KRB_ENC_TKT_IN_SKEY, .etypes = sha2 }),
	        14);
	/* somebody else's, not a TGT, over, without the option */
	assert_int_equal(
	        ask((struct kc_tgs){ .server = "bob", .second = &tgt, .options = KRB_ENC_TKT_IN_SKEY }), 26);
	assert_int_equal(
	        ask((struct kc_tgs){ .server = WEBSERVER, .second = &bob, .options = KRB_ENC_TKT_IN_SKEY }),
	        26);
	assert_int_equal(
	        ask((struct kc_tgs){
	                .server = "krbtgt/ACME.EXAMPLE", .second = &bob, .options = KRB_ENC_TKT_IN_SKEY }),
	        26);
	assert_int_equal(ask((struct kc_tgs){ .server = "bob", .second = &bob }), 27);
	assert_int_equal(kc_as(krig.server, ADDR, &service, &r), 0);
	assert_int_equal(
	        ask((struct kc_tgs){ .server = "bob", .second = &r, .options = KRB_ENC_TKT_IN_SKEY }), 35);
	krig_enable("uid=bob," PEOPLE, false);
	assert_int_equal(
	        ask((struct kc_tgs){ .server = "bob", .second = &bob, .options = KRB_ENC_TKT_IN_SKEY }), 7);
	krig_enable("uid=bob," PEOPLE, true);
	struct kc_as brief = { .client = "bob", .password = "bob's password", .till = now() + 100 };
	assert_int_equal(kc_as(krig.server, ADDR, &brief, &bob), 0);
	krig_turn(101);
	assert_int_equal(
	        ask((struct kc_tgs){ .server = "bob", .second = &bob, .options = KRB_ENC_TKT_IN_SKEY }), 32);
}

static void authorization_data(void **state)
{
	struct krb_enc_ticket_part part;
	struct krb_key key = krig_key(fix.acme, WEB, 0, 20, NULL),
	               tgs = krig_key(fix.acme, NULL, 0, 20, NULL);
	struct kc_reply r, second;

	get((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE", .authz = harmless }, &r);
	assert_true(kc_open_ticket(&tgs, r.rep.ticket, &part));
	assert_int_equal(part.authz.n, 2);
	assert_int_equal(part.authz.v[0].type, 1);
	assert_int_equal(part.authz.v[1].type, 4711);
	/* it stays with its offspring, ours is in it once */
	get((struct kc_tgs){ .tgt = &r, .server = WEBSERVER, .authz = harmless }, &second);
	assert_true(kc_open_ticket(&key, second.rep.ticket, &part));
	assert_int_equal(part.authz.n, 3);
	assert_int_equal(part.authz.v[0].type, 1);
	assert_int_equal(part.authz.v[1].type, 4711);
	assert_int_equal(part.authz.v[2].type, 4711);
	/* bounded */
	struct krb_typed_list many = { .n = KRB_MAX_AD };
	for (unsigned i = 0; i < many.n; i++)
		many.v[i] = harmless.v[0];
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER, .authz = many }), 12);
}

/* ---- grants ---- */

static void grants(void **state)
{
	struct kc_reply r;

	assert_int_equal(fix_delete(fix.op, "cn=authenticated-ticket," GRANTS), LW_OK);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 7);
	assert_int_equal(ask((struct kc_tgs){ .server = "bob" }), 7);
	assert_int_equal(ask((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE" }), 0);
	assert_int_equal(fix_add(fix.op, "dn: cn=brief," GRANTS "\nobjectClass: lwGrant\ncn: brief\n"
	                                 "lwGrantText: permit user alice may ticket service max-life 10m;"),
	        LW_OK);
	get((struct kc_tgs){ .server = WEBSERVER }, &r);
	assert_int_equal(r.part.endtime, now() + 600);
	assert_int_equal(ask((struct kc_tgs){ .server = "host/web1.acme.example" }), 7);
	/* also by AS, and of nobody else */
	struct kc_as a = { .server = WEBSERVER };
	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 0);
	assert_int_equal(r.part.endtime, now() + 600);
	a.client = "bob";
	a.password = "bob's password";
	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 7);
	assert_int_equal(fix_delete(fix.op, "cn=brief," GRANTS), LW_OK);
	assert_int_equal(fix_add(fix.op, "dn: cn=authenticated-ticket," GRANTS
	                                 "\nobjectClass: lwGrant\ncn: authenticated-ticket\n"
	                                 "lwGrantText: permit authenticated may ticket person,service,host;"),
	        LW_OK);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 0);
}

/* ---- principals that change under their tickets ---- */

static void disabled(void **state)
{
	krig_enable("uid=alice," PEOPLE, false);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 18); /* not a second later */
	assert_int_equal(ask((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }), 18);
	krig_enable("uid=alice," PEOPLE, true);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 0);
	struct kc_as a = { .realm = BETA, .password = "beta's password" };
	struct kc_reply r;
	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 0);
	krig_tenant_enable(&fix.beta_uuid, false);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &r, .server = "ldap/lwd.acme.example" }), 68);
	krig_tenant_enable(&fix.beta_uuid, true);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &r, .server = "ldap/lwd.acme.example" }), 0);
}

/* Deleted and made again under the same name: nothing is inherited. */
static void made_again(void **state)
{
	struct kc_reply carol, again;

	assert_int_equal(fix_person(fix.op, "carol", ""), LW_OK);
	krig_password(fix.acme, "uid=carol," PEOPLE, "carol's password");
	login("carol", "carol's password", 0, &carol);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &carol, .server = WEBSERVER }), 0);
	assert_int_equal(fix_delete(fix.op, "uid=carol," PEOPLE), LW_OK);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &carol, .server = WEBSERVER }), 20);
	assert_int_equal(fix_person(fix.op, "carol", ""), LW_OK);
	krig_password(fix.acme, "uid=carol," PEOPLE, "carol's password");
	assert_int_equal(ask((struct kc_tgs){ .tgt = &carol, .server = WEBSERVER }), 20);
	login("carol", "carol's password", 0, &again);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &again, .server = WEBSERVER }), 0);
	/* as a user's server, too */
	assert_int_equal(
	        ask((struct kc_tgs){ .server = "carol", .second = &carol, .options = KRB_ENC_TKT_IN_SKEY }),
	        26);
	assert_int_equal(
	        ask((struct kc_tgs){ .server = "carol", .second = &again, .options = KRB_ENC_TKT_IN_SKEY }),
	        0);
	/* a name that went to somebody else */
	assert_int_equal(fix_moddn(fix.op, "uid=carol," PEOPLE, "uid=caroline", true, NULL), LW_OK);
	assert_int_equal(fix_modify(fix.op, "dn: uid=caroline," PEOPLE
	                                    "\nreplace krbPrincipalName\nkrbPrincipalName: caroline@" ACME),
	        LW_OK);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &again, .server = WEBSERVER }), 20);
	assert_int_equal(fix_delete(fix.op, "uid=caroline," PEOPLE), LW_OK);
}

/* ---- keys that change under tickets ---- */

static void rotation(void **state)
{
	struct kc_reply fresh, r;
	struct krb_ticket t;
	uint32_t first, second;

	krig_key(fix.acme, NULL, 0, 20, &first);
	krig_rotate_realm(fix.acme);
	krig_key(fix.acme, NULL, 0, 20, &second);
	assert_int_equal(second, first + 1);
	get((struct kc_tgs){ .server = WEBSERVER }, &r); /* shown under the old */
	login(NULL, NULL, 0, &fresh);
	assert_int_equal(krb_get_ticket(fresh.rep.ticket, &t), LW_OK);
	assert_int_equal(t.enc.kvno, second);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &fresh, .server = WEBSERVER }), 0);
	/* one life of a ticket after the rotation the old key is dead, though this ticket could be renewed
	 * till then */
	krig_turn(35990);
	struct kc_reply renewed;
	get((struct kc_tgs){ .server = "krbtgt/ACME.EXAMPLE", .options = KRB_RENEW }, &renewed);
	krig_turn(11);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 44);
	assert_int_equal(ask((struct kc_tgs){ .tgt = &renewed, .server = WEBSERVER }), 0);
	/* a service's kvno goes up with its keys */
	krig_key(fix.acme, WEB, 0, 20, &first);
	krig_rotate(WEB);
	get((struct kc_tgs){ .tgt = &renewed, .server = WEBSERVER }, &r);
	assert_int_equal(krb_get_ticket(r.rep.ticket, &t), LW_OK);
	assert_int_equal(t.enc.kvno, first + 1);
}

/* ---- replays ---- */

static void replays(void **state)
{
	struct kc_tgs q = { .tgt = &tgt, .server = WEBSERVER };
	struct lw_bytes request = kc_tgs_make(&q, lw_wall(&fix.clock)), first, again;
	struct kc_reply r;
	bool closed;

	first = kc_udp(krig.server, ADDR, request);
	kc_tgs_open(&q, first, &r);
	assert_int_equal(r.code, 0);
	again = kc_udp(krig.server, ADDR, request); /* the client heard nothing */
	assert_true(lw_eq(first, again));
	kc_tgs_open(&q, kc_udp(krig.server, "192.0.2.7:4712", request), &r);
	assert_int_equal(r.code, 34);
	again = kc_tcp(krig.server, ADDR, kc_framed(request), &closed);
	kc_tgs_open(&q, (struct lw_bytes){ again.p + 4, again.n - 4 }, &r);
	assert_int_equal(r.code, 34);
	assert_false(closed);
	krig_turn(6);
	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 34);
	krig_server(); /* killed and started again, with the same memory */
	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 34);
	krig_turn(301);
	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 37);
}

static void *answered_and_held(void *request)
{
	kdc_hold(true);
	assert_true(kc_udp(krig.server, ADDR, *(struct lw_bytes *)request).n > 0);
	return NULL; /* its thread ends as if killed: the answer never left */
}

static void answers_that_never_left(void **state)
{
	struct kc_tgs q = { .tgt = &tgt, .server = WEBSERVER };
	struct lw_bytes request = kc_tgs_make(&q, lw_wall(&fix.clock));
	struct kc_reply r;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, answered_and_held, &request), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(kc_udp(krig.server, "192.0.2.7:4712", request).n, 0); /* in work */
	krig_server();
	kdc_hold(true);
	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 0);
	kdc_hold(true); /* more has come */
	assert_int_equal(kc_udp(krig.server, "192.0.2.7:4712", request).n, 0);
	kdc_hold(false);
	kc_tgs_open(&q, kc_udp(krig.server, "192.0.2.7:4712", request), &r);
	assert_int_equal(r.code, 34);
	krig_server();
	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 34);
}

/* Memory that is new refuses what is older than itself. */
static void replays_forgotten(void **state)
{
	struct kc_tgs q = { .tgt = &tgt, .server = WEBSERVER };
	struct lw_bytes request = kc_tgs_make(&q, lw_wall(&fix.clock));
	struct kc_reply r;

	memset(krig.region, 0, krig.region_size);
	krig_turn(1);
	krig_server();
	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 34);
	krig_turn(700);
	assert_int_equal(ask((struct kc_tgs){ .server = WEBSERVER }), 0);
}

/* What was refused may be asked once more: here because its answer was too long for a datagram. */
static void too_big(void **state)
{
	static uint8_t big[5000];
	struct krb_typed_list much = { .n = 1, .v = { { 4711, { big, sizeof big } } } };
	struct kc_tgs q = { .tgt = &tgt, .server = WEBSERVER, .authz = much };
	struct lw_bytes request = kc_tgs_make(&q, lw_wall(&fix.clock)), out;
	struct kc_reply r;

	kc_tgs_open(&q, kc_udp(krig.server, ADDR, request), &r);
	assert_int_equal(r.code, 52);
	out = kc_tcp(krig.server, ADDR, kc_framed(request), NULL);
	kc_tgs_open(&q, (struct lw_bytes){ out.p + 4, out.n - 4 }, &r);
	assert_int_equal(r.code, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, each)
	const struct CMUnitTest tests[] = { T(a_ticket), T(codes), T(hidden_is_not_there), T(not_a_tgt),
		T(other_tenants), T(times_and_flags), T(odd_tickets), T(entry_on_our_host), T(peers),
		T(forwarding), T(renewing),
		T(renewed_to_the_end), T(user_to_user), T(authorization_data), T(grants), T(disabled),
		T(made_again), T(rotation), T(replays), T(answers_that_never_left), T(replays_forgotten), T(too_big) };

	return cmocka_run_group_tests(tests, krig_up, krig_down);
}
