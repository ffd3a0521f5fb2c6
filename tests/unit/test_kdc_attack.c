/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody tries who should not get it: oracles for what is hidden, names that are almost another's, guesses that are not
 * counted, datagrams that make the KDC talk to others. */
#include "tests/unit/kdc_rig.h"

#define WEBSERVER "HTTP/web1.acme.example"
#define FAR       KC_FAR

static int as(struct kc_as a)
{
	return kc_as(krig.server, ADDR, &a, NULL);
}

static void login(const char *client, const char *password, uint32_t options, struct kc_reply *r)
{
	struct kc_as a = { .client = client, .password = password, .options = options, .rtime = options & KRB_RENEWABLE ? FAR : 0 };

	assert_int_equal(kc_as(krig.server, ADDR, &a, r), 0);
}

/* ---- what is hidden, absent or disabled, whatever else is wrong with the request ---- */

static void hidden_servers(void **state)
{
	static const char *const names[] = { "hiddem", "hidden", "disabled" };
	static const struct {
		const char *what;
		uint32_t options;
		int64_t from, till;
		int as, tgs;
	} rows[] = {
		{ "nothing else", 0, 0, 0, 7, 7 },
		{ "from tomorrow", 0, FAR - 10, 0, 7, 7 },
		{ "until yesterday", 0, 0, 1795000000, 7, 7 },
		{ "renew", KRB_RENEW, 0, 0, 13, 26 },
		{ "renewable", KRB_RENEWABLE, 0, 0, 7, 7 },
		{ "proxy", KRB_PROXY, 0, 0, 13, 7 },
		{ "forwarded", KRB_FORWARDED, 0, 0, 13, 7 },
	};
	struct kc_reply tgt;

	assert_int_equal(fix_add(fix.op, "dn: cn=disabled," SERVICES "\nobjectClass: lwService\ncn: disabled\nlwDisabled: TRUE"), LW_OK);
	login(NULL, NULL, KRB_FORWARDABLE | KRB_PROXIABLE | KRB_RENEWABLE, &tgt);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int k = 0; k < 3; k++) {
			struct kc_as a = { .server = names[k], .options = rows[i].options, .from = rows[i].from, .till = rows[i].till };
			struct kc_tgs t = { .tgt = &tgt, .server = names[k], .options = rows[i].options, .from = rows[i].from, .till = rows[i].till };
			int code = as(a);

			if (code != rows[i].as)
				fail_msg("AS, %s, %s: %d, not %d", names[k], rows[i].what, code, rows[i].as);
			code = kc_tgs(krig.server, ADDR, &t, NULL);
			if (code != rows[i].tgs)
				fail_msg("TGS, %s, %s: %d, not %d", names[k], rows[i].what, code, rows[i].tgs);
		}
}

/* ---- unknown clients ---- */

static struct lw_bytes salt_of(struct kc_as a)
{
	static struct krb_etype_info2 info;
	struct krb_typed_list list;
	struct kc_reply r;

	a.bare = true;
	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 25);
	assert_int_equal(krb_get_padata(r.err.e_data, &list), LW_OK);
	assert_int_equal(krb_get_etype_info2(list.v[0].value, &info), LW_OK);
	return info.v[0].salt;
}

/* The salt of nobody is as that of somebody would be, however the name is asked for. */
static void salts(void **state)
{
	static const struct { const char *known, *unknown, *known_salt, *unknown_salt; uint32_t options; int32_t type; } rows[] = {
		{ "alice", "mallo", ACME "alice", ACME "mallo", 0, 0 },
		{ "Alice", "Mallo", ACME "Alice", ACME "Mallo", 0, 0 }, /* both unknown */
		{ "Alice", "Mallo", ACME "alice", ACME "mallo", KRB_CANONICALIZE, 0 },
		{ "ALICE@acme.example", "MALLO@acme.example", ACME "alice", ACME "mallo", 0, KRB_NT_ENTERPRISE },
		{ WEBSERVER, "HTTP/web9.acme.example", ACME WEBSERVER, ACME "HTTP/web9.acme.example", 0, 0 },
		{ WEBSERVER, "HTTP/web9.acme.example", ACME WEBSERVER, ACME "HTTP/web9.acme.example", KRB_CANONICALIZE, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int k = 0; k < 2; k++) {
			const char *want = k ? rows[i].unknown_salt : rows[i].known_salt;
			struct lw_bytes salt = salt_of((struct kc_as){ .client = k ? rows[i].unknown : rows[i].known, .options = rows[i].options,
				.client_type = rows[i].type });
			char plain[100];
			size_t n = 0;

			for (const char *p = want; *p; p++) /* a salt has no slashes */
				if (*p != '/')
					plain[n++] = *p;
			if (!lw_eq(salt, (struct lw_bytes){ (const uint8_t *)plain, n }))
				fail_msg("%s: %.*s", k ? rows[i].unknown : rows[i].known, (int)salt.n, (const char *)salt.p);
		}
}

/* To renew a ticket any server's key is tried: that tells nobody which servers there are, and tries no passwords uncounted. */
static void renewing_as_an_oracle(void **state)
{
	static const char *const names[] = { "alice", "bob", "nobody", "hidden", "hiddem", "new", WEBSERVER, "HTTP/nowhere.acme.example" };
	struct krb_key tgs_key = krig_key(fix.acme, NULL, 0, 20, NULL), bobs = krig_key(fix.acme, "uid=bob," PEOPLE, 0, 20, NULL);
	struct krb_enc_ticket_part part;
	struct kc_reply tgt, shown;

	login(NULL, NULL, KRB_RENEWABLE, &tgt);
	assert_true(kc_open_ticket(&tgs_key, tgt.rep.ticket, &part));
	for (int options = 0; options < 2; options++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			for (uint32_t kvno = 1; kvno < 9; kvno += 7)
				for (int32_t etype = 20; etype > 16; etype -= 3) {
					uint8_t zero[32] = { 0 };
					struct krb_key key = { etype, { zero, etype == 17 ? 16 : 32 } };
					struct kc_tgs t = { .tgt = &shown, .server = names[i], .options = options ? KRB_VALIDATE : KRB_RENEW };
					int code;

					shown = tgt;
					shown.rep.ticket = kc_make_ticket(&key, kvno, ACME, names[i], &part);
					code = kc_tgs(krig.server, ADDR, &t, NULL);
					if (code != 31)
						fail_msg("%s %u %d: %d", names[i], kvno, etype, code);
				}
	/* not even with the right key */
	for (uint32_t kvno = 0; kvno < 4; kvno++) {
		struct kc_tgs t = { .tgt = &shown, .server = "bob", .options = KRB_RENEW };

		shown = tgt;
		shown.rep.ticket = kc_make_ticket(&bobs, kvno, ACME, "bob", &part);
		assert_int_equal(kc_tgs(krig.server, ADDR, &t, NULL), 31);
	}
}

/* ---- names that are almost somebody's ---- */

static void almost_a_name(void **state)
{
	static const char *const names[] = { " alice", "alice ", "\talice", "al\001ice", "alice\x7f", "\x1f" "alice", "al\xc2\xadice",
		"alice@ACME.EXAMPLE", "alice\\", "\\alice", "Alice", "alice\r" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct kc_as a = { .client = names[i], .salt = ACME "alice" };
		int code = as(a);

		if (code != 24)
			fail_msg("as client, %zu: %d", i, code);
	}
	static const char *const servers[] = { " HTTP/web1.acme.example", "HTTP/web1.acme.example ", "HTTP/\001web1.acme.example",
		"http/web1.acme.example", "HTTP/WEB1.acme.example", "HTTP/web1.acme.example@ACME.EXAMPLE", "krbtgt/acme.example",
		" krbtgt/ACME.EXAMPLE", "krbtgt\001/ACME.EXAMPLE", "KRBTGT/ACME.EXAMPLE", "krbtgt/ACME.EXAMPLE/x", "kadmin/changepw ",
		"kadmin/admin", "K/M", "ldap/lwd.acme.example ", "krbtgt/BETA.EXAMPLE" };
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		int code = as((struct kc_as){ .server = servers[i] });

		if (code != 7)
			fail_msg("%s: %d", servers[i], code);
	}
}

/* Nobody gets the names of lwd's own services, however they are written. */
static void reserved(void **state)
{
	static const char *const names[] = { "krbtgt/ACME.EXAMPLE", " krbtgt/BETA.EXAMPLE", "KRBTGT/x", "krb\\tgt/x", "krbtgt\\/x", "\\ krbtgt/x",
		"krb\001tgt/x", "\x7fkrbtgt/x", "kadmin/changepw", "  kadmin/admin", "\\kadmin/x",
		"WELLKNOWN/ANONYMOUS", "well\\known/x" };
	char ldif[400];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int err;

		snprintf(ldif, sizeof ldif, "dn: cn=s%zu," SERVICES "\nobjectClass: lwService\ncn: s%zu\nkrbPrincipalName: %s@ACME.EXAMPLE", i, i,
			names[i]);
		err = fix_add(fix.op, ldif);
		if (err != LW_ECONSTRAINT)
			fail_msg("%s: %d", names[i], err);
		snprintf(ldif, sizeof ldif, "dn: cn=hidden," SERVICES "\nadd krbPrincipalName\nkrbPrincipalName: %s@ACME.EXAMPLE", names[i]);
		err = fix_modify(fix.op, ldif);
		if (err != LW_ECONSTRAINT)
			fail_msg("%s: %d", names[i], err);
	}
}

/* Nobody gets a Kerberos name of another realm, which might be another's here. */
static void foreign_name(void **state)
{
	assert_int_equal(fix_add(fix.op, "dn: uid=carol," PEOPLE "\nobjectClass: inetOrgPerson\nuid: carol\ncn: carol\nsn: carol\n"
		"krbPrincipalName: bob@BETA.EXAMPLE"), LW_ECONSTRAINT);
	assert_int_equal(fix_modify(fix.op, "dn: uid=alice," PEOPLE "\nadd krbPrincipalName\nkrbPrincipalName: bob@BETA.EXAMPLE"), LW_ECONSTRAINT);
	assert_int_equal(fix_modify(fix.op, "dn: uid=alice," PEOPLE "\nreplace krbPrincipalName\nkrbPrincipalName: bob"), LW_ECONSTRAINT);
}

/* A ticket that stands for the present password is no use for long, and is not renewed. */
static void changepw(void **state)
{
	struct kc_as a = { .server = "kadmin/changepw", .options = KRB_RENEWABLE | KRB_FORWARDABLE, .rtime = FAR };
	struct kc_reply r;

	assert_int_equal(kc_as(krig.server, ADDR, &a, &r), 0);
	assert_int_equal(r.part.endtime, r.part.starttime + 600);
	struct kc_tgs t = { .tgt = &r, .server = "kadmin/changepw", .options = KRB_RENEW };
	assert_int_equal(kc_tgs(krig.server, ADDR, &t, NULL), 13);
	t.options = 0;
	assert_int_equal(kc_tgs(krig.server, ADDR, &t, NULL), 35);
	t.options = KRB_VALIDATE;
	assert_int_equal(kc_tgs(krig.server, ADDR, &t, NULL), 13);
}

/* ---- guesses ---- */

/* Somebody else's old request is no proof: it doesn't forgive wrong guesses. */
static void an_old_request(void **state)
{
	struct kc_as right = { 0 }, wrong = { .password = "wrong" };
	unsigned n = keys_policy_default.account_guesses;
	struct lw_bytes overheard;
	struct kc_reply r;

	krig.counted = true;
	krig_server();
	krig_turn(700);
	overheard = kc_as_make(&right, lw_wall(&fix.clock));
	krig_turn(600);
	for (unsigned i = 0; i < n; i++) {
		wrong.nonce = 300 + i;
		assert_int_equal(as(wrong), 24);
		kc_as_open(&right, kc_udp(krig.server, ADDR, overheard), &r);
		assert_int_equal(r.code, i + 1 < n ? 37 : 24);
	}
	assert_int_equal(as(right), 24);
	krig.counted = false;
	krig_server();
	krig_turn(1200);
}

/* Datagrams that say they come from somebody else's address lock nobody out who is there. */
static void forged_sources(void **state)
{
	struct kc_as right = { 0 }, wrong = { .client = "nobody", .password = "wrong" };
	struct lw_uuid alice = fix_uuid("uid=alice," PEOPLE);
	struct keys_guess guess;
	struct lw_bytes out;
	struct kc_reply r;

	krig.counted = true;
	krig_server();
	krig_turn(700);
	for (unsigned i = 0; i < keys_policy_default.source_guesses; i++) {
		wrong.nonce = 400 + i;
		assert_int_equal(as(wrong), 24);
	}
	assert_int_equal(as(right), 52);
	assert_int_equal(as((struct kc_as){ .client = "nobody" }), 52);
	assert_int_equal(as((struct kc_as){ .bare = true }), 25);
	out = kc_tcp(krig.server, ADDR, kc_framed(kc_as_make(&right, lw_wall(&fix.clock))), NULL);
	assert_true(out.n > 4);
	kc_as_open(&right, (struct lw_bytes){ out.p + 4, out.n - 4 }, &r);
	assert_int_equal(r.code, 0);
	assert_int_equal(keys_guess_try(krig.guesses, fix.acme, &alice, lw_str(ADDR), &guess), LW_OK);
	keys_guess_settle(krig.guesses, &guess, KEYS_GUESS_VOID);
	assert_int_equal(kc_as(krig.server, "192.0.2.8:4711", &right, NULL), 0);
	krig_turn(keys_policy_default.lock_source / LW_SECOND + 1);
	assert_int_equal(as(right), 0);
	krig.counted = false;
	krig_server();
	krig_turn(1200);
}

/* ---- answers to somebody else ---- */

/* A datagram with a forged address makes the KDC no amplifier: what can't be read is answered by no more than it is long, and the
 * rest by little more. */
static void amplification(void **state)
{
	struct kc_as a = { .bare = true, .client = "x" };
	static const int32_t all[] = { 20, 19, 18, 17, 0 };
	struct lw_peer peer = { .addr = ADDR };
	struct lw_bytes good, out;
	uint8_t answer[4096];

	for (int n = 1; n < 400; n += n < 100 ? 1 : 50) {
		uint8_t junk[400] = { 0x6a };

		for (int i = 0; i < 3; i++) {
			struct lw_datagram d = { .peer = &peer, .in = { junk, (size_t)n }, .out = answer, .out_max = sizeof answer };

			junk[0] = (uint8_t[]){ 0x6a, 0x6c, 0x75 }[i];
			out = kc_udp(krig.server, ADDR, (struct lw_bytes){ junk, (size_t)n });
			assert_true(out.n <= (size_t)n);

			junk[0] = (uint8_t)(n >> 8);
			junk[1] = (uint8_t)n;
			junk[3] = i == 0 ? 9 : 1;
			junk[5] = i == 2 ? 1 : 200;
			kpasswd_dgram.answer(krig.server, &d, 1);
			assert_false(d.later);
			assert_true(d.out_n <= (size_t)n);
		}
	}
	a.etypes = all;
	for (int i = 0; i < 3; i++) {
		a.client = (const char *[]){ "x", "alice", "a-name-that-is-longer-than-those-that-people-have-in-any-company" }[i];
		good = kc_as_make(&a, lw_wall(&fix.clock));
		out = kc_udp(krig.server, ADDR, good);
		assert_true(out.n <= 3 * good.n);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, krig_each)
	const struct CMUnitTest tests[] = { T(hidden_servers), T(salts), T(renewing_as_an_oracle), T(almost_a_name), T(reserved), T(foreign_name), T(changepw), T(an_old_request),
		T(forged_sources), T(amplification) };

	return cmocka_run_group_tests(tests, krig_up, krig_down);
}
