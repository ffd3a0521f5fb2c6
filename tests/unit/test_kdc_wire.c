/* SPDX-License-Identifier: Apache-2.0 */
/* The KDC's machines and tables: what is no message, framing, batches, answers that are sent again, the
 * tables' rows. */
#include "tests/unit/kdc_rig.h"

#include "base/crypto.h"

static int code_of(struct lw_bytes answer)
{
	struct krb_error e;

	if (!answer.n)
		return -1;
	return krb_get_error(answer, &e) ? 0 : e.code;
}

static int udp(struct lw_bytes request)
{
	return code_of(kc_udp(krig.server, ADDR, request));
}

static struct lw_bytes changed(struct lw_bytes from, size_t at, uint8_t to)
{
	uint8_t *p = (uint8_t *)lw_dup(kc_arena, from).p;

	p[at] = to;
	return (struct lw_bytes){ p, from.n };
}

/* pvno and msg-type of an AS-REQ: 6a LL 30 LL a1 03 02 01 05 a2 03 02 01 0a */
static size_t pvno_at(struct lw_bytes r)
{
	for (size_t i = 0; i + 8 < r.n; i++)
		if (!memcmp(r.p + i, "\xa1\x03\x02\x01\x05\xa2\x03", 7))
			return i + 4;
	return 0;
}

static void malformed(void **state)
{
	struct kc_as a = { .bare = true };
	struct lw_bytes good = kc_as_make(&a, lw_wall(&fix.clock));
	size_t pvno = pvno_at(good);
	struct lw_writer w;

	assert_int_equal(udp(good), 25);
	/* not Kerberos at all, and errors, which are never answered */
	assert_int_equal(udp(LW_LIT("")), -1);
	assert_int_equal(udp(LW_LIT("hello, is there anybody?")), -1);
	assert_int_equal(udp(LW_LIT("\x30\x03\x02\x01\x05")), -1);
	assert_int_equal(udp(changed(good, 0, 0x7e)), -1);
	assert_int_equal(udp(changed(good, 0, 0x7f)), -1);
	assert_int_equal(udp(changed(good, 0, 0x4a)), -1);
	/* messages that are not for a KDC */
	for (uint8_t tag = 0x6b; tag < 0x7e; tag++)
		if (tag != 0x6c)
			assert_int_equal(udp(changed(good, 0, tag)), 40);
	assert_true(pvno > 0);
	assert_int_equal(udp(changed(good, pvno, 4)), 3);
	assert_int_equal(udp(changed(good, pvno + 5, 12)), 3);
	assert_int_equal(udp(changed(good, pvno - 1, 2)), 60);
	/* cut anywhere, with something behind it; what is shorter than its answer gets none */
	for (size_t n = 1; n < good.n; n++)
		assert_int_equal(udp((struct lw_bytes){ good.p, n }), n < 68 ? -1 : 60);
	lw_writer_init(&w, 1 << 20);
	lw_put_bytes(&w, good);
	lw_put_u8(&w, 0);
	assert_int_equal(udp(lw_written(&w)), 60);
	lw_writer_done(&w);
	/* every octet another: an answer or none, nothing worse */
	for (size_t i = 1; i < good.n; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			assert_true(udp(changed(good, i, good.p[i] ^ (uint8_t)(1u << bit))) != 0);
}

static void many_etypes(struct krb_kdc_req *r)
{
	for (r->netypes = 0; r->netypes < KRB_MAX_ETYPES; r->netypes++)
		r->etypes[r->netypes] = 18;
}
static void long_name(struct krb_kdc_req *r)
{
	static uint8_t x[KRB_MAX_NAME];

	memset(x, 'x', sizeof x);
	r->cname.part[0] = (struct lw_bytes){ x, sizeof x };
}
static void odd_name(struct krb_kdc_req *r)
{
	r->cname.n = 3;
	r->cname.part[0] = LW_LIT("a/b@c\\d");
	r->cname.part[1] = LW_LIT("");
	r->cname.part[2] = LW_LIT("\n\xff\xfe");
}
static void nul_name(struct krb_kdc_req *r)
{
	r->cname.part[0] = LW_LIT("alice\0x");
}
static void empty_name(struct krb_kdc_req *r)
{
	r->cname.part[0] = LW_LIT("");
}
static void empty_realm(struct krb_kdc_req *r)
{
	r->realm = LW_LIT("");
}
static void odd_realm(struct krb_kdc_req *r)
{
	r->realm = LW_LIT("ACME.EXAMPLE\0");
}

static void at_the_bounds(void **state)
{
	static const struct {
		const char *what;
		void (*change)(struct krb_kdc_req *);
		int code;
	} rows[] = {
		{ "as many enctypes as may be", many_etypes, 25 },
		{ "as long a name as may be", long_name, 25 },
		{ "an odd name", odd_name, 25 },
		{ "a name with a NUL", nul_name, 60 },
		{ "an empty name", empty_name, 25 },
		{ "an empty realm", empty_realm, 68 },
		{ "a realm with a NUL", odd_realm, 60 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int type = 0; type <= KRB_NT_ENTERPRISE; type += KRB_NT_ENTERPRISE) {
			struct kc_as a = { .bare = true,
				.change = rows[i].change,
				.client_type = type,
				.options = type ? KRB_CANONICALIZE : 0 };
			int code = kc_as(krig.server, ADDR, &a, NULL);

			if (code != rows[i].code)
				fail_msg("%s: %d, not %d", rows[i].what, code, rows[i].code);
		}
}

/* ---- TCP ---- */

static unsigned frames(struct lw_bytes out)
{
	struct lw_reader r;
	unsigned n = 0;

	for (lw_reader_init(&r, out); lw_reader_left(&r); n++)
		lw_get_counted(&r, KRB_MAX_MESSAGE);
	return r.err ? 999 : n;
}

static void tcp(void **state)
{
	struct kc_as a = { .bare = true };
	struct lw_bytes one = kc_framed(kc_as_make(&a, lw_wall(&fix.clock))), out;
	struct lw_writer many;
	bool closed;

	out = kc_tcp(krig.server, ADDR, one, &closed);
	assert_int_equal(frames(out), 1);
	assert_int_equal(code_of((struct lw_bytes){ out.p + 4, out.n - 4 }), 25);
	assert_false(closed); /* kept open */
	lw_writer_init(&many, 1 << 20);
	for (unsigned i = 0; i < 3 * KDC_BATCH; i++)
		lw_put_bytes(&many, one);
	out = kc_tcp(krig.server, ADDR, lw_written(&many), &closed);
	assert_int_equal(frames(out), 3 * KDC_BATCH);
	assert_false(closed);
	for (size_t n = 0; n < one.n; n++) { /* what is not all there waits */
		out = kc_tcp(krig.server, ADDR, (struct lw_bytes){ one.p, n }, &closed);
		assert_int_equal(out.n, 0);
		assert_false(closed);
	}
	lw_writer_done(&many);
	/* no Kerberos: closed without a word; what follows is not looked at */
	lw_writer_init(&many, 1 << 20);
	lw_put_str(&many, "GET / HTTP/1.1");
	lw_put_bytes(&many, one);
	out = kc_tcp(krig.server, ADDR, lw_written(&many), &closed);
	assert_true(closed && !out.n);
	out = kc_tcp(krig.server, ADDR, LW_LIT("\0\0\0\0"), &closed);
	assert_true(closed && !out.n);
	lw_writer_done(&many);
	/* too long, and the reserved bit: said, then closed */
	static const char *const lengths[] = { "\0\x01\0\x01", "\x7f\xff\xff\xff", "\x80\0\0\x10",
		"\xff\xff\xff\xff" };
	for (int i = 0; i < 4; i++) {
		out = kc_tcp(krig.server, ADDR, (struct lw_bytes){ (const uint8_t *)lengths[i], 4 }, &closed);
		assert_true(closed);
		assert_int_equal(code_of((struct lw_bytes){ out.p + 4, out.n - 4 }), 61);
	}
}

/* Requests of several realms in one batch, good and bad. */
static void batch(void **state)
{
	static const struct kc_as asks[] = { { .bare = true }, { .realm = BETA, .bare = true },
		{ .realm = "NO.WHERE", .bare = true }, { 0 },
		{ .realm = BETA, .password = "beta's password" }, { .password = "wrong" } };
	static const int codes[] = { 25, 25, 68, 0, 0, 24 };
	struct lw_datagram d[60];
	struct lw_peer peer = { .addr = ADDR };

	assert_int_equal(kc_as(krig.server, ADDR, &asks[3], NULL), 0); /* both tenants' keys are known */
	assert_int_equal(kc_as(krig.server, ADDR, &asks[4], NULL), 0);
	for (int i = 0; i < 60; i++)
		d[i] = (struct lw_datagram){ .peer = &peer,
			.in = kc_as_make(&asks[i % 6], lw_wall(&fix.clock)),
			.out = lw_alloc(kc_arena, 4096),
			.out_max = 4096 };
	kdc_dgram.answer(krig.server, d, 60);
	for (int i = 0; i < 60; i++) {
		assert_false(d[i].later);
		assert_int_equal(code_of((struct lw_bytes){ d[i].out, d[i].out_n }), codes[i % 6]);
	}
}

/* The first of a tenant asks keyd, and is put off for that; then nobody is. */
static void first_of_a_tenant(void **state)
{
	struct kc_as a = { 0 };
	unsigned jobs;

	krig_server();
	krig_turn(601);
	jobs = kc_jobs;
	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 0);
	assert_int_equal(kc_jobs, jobs + 1);
	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 0);
	assert_int_equal(kc_jobs, jobs + 1);
	a.realm = "NO.WHERE";
	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 68);
	assert_int_equal(kc_jobs, jobs + 1);
	/* by TCP: what stands behind it waits its turn */
	krig_server();
	krig_turn(601);
	struct lw_bytes two[2], out;
	struct lw_reader r;
	struct lw_writer w;
	a.realm = NULL;
	two[0] = kc_framed(kc_as_make(&a, lw_wall(&fix.clock)));
	a.bare = true;
	two[1] = kc_framed(kc_as_make(&a, lw_wall(&fix.clock)));
	lw_writer_init(&w, 1 << 16);
	lw_put_bytes(&w, two[0]);
	lw_put_bytes(&w, two[1]);
	out = kc_tcp(krig.server, ADDR, lw_written(&w), NULL);
	lw_writer_done(&w);
	assert_int_equal(kc_jobs, jobs + 2);
	lw_reader_init(&r, out);
	assert_int_equal(code_of(lw_get_counted(&r, KRB_MAX_MESSAGE)), 0);
	assert_int_equal(code_of(lw_get_counted(&r, KRB_MAX_MESSAGE)), 25);
	assert_int_equal(lw_reader_end(&r), LW_OK);
}

/* A tenant of before there were keys. */
static void no_realm_keys(void **state)
{
	struct keys_tenant kt = { .uuid = lw_uuid_new(&fix.clock),
		.name = "old.example",
		.realm = "OLD.EXAMPLE",
		.admin_uuid = lw_uuid_new(&fix.clock),
		.admin_name = "admin" };
	struct store_op op = { .kind = STORE_TENANT_CREATE,
		.tenant_name = "old.example",
		.tenant_uuid = kt.uuid,
		.admin_name = "admin",
		.admin_uuid = kt.admin_uuid };
	struct kc_as a = { .realm = "OLD.EXAMPLE", .client = "admin", .bare = true };
	struct keys_token token;
	struct lw_session *s;
	struct store_tenant t;
	struct lw_cap cap;
	char text[200];

	assert_int_equal(keys_operator(krig.dir, 0, &token, &cap), LW_OK);
	assert_int_equal(keys_tenant_new(krig.dir, (struct lw_bytes){ token.b, token.n }, &kt,
	                         LW_LIT("admin's password"), fix.arena, &op.tenant_keys, &op.secrets,
	                         &op.nsecrets, text),
	        LW_OK);
	assert_int_equal(store_session_role(fix.store, 0, STORE_ROLE_INIT, &s), LW_OK);
	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 68);
	assert_int_equal(store_write(s, &op, &fix.r), LW_OK);
	store_session_free(s);
	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 29);
	assert_int_equal(store_tenant_by_name(fix.store, fix.arena, lw_str("old.example"), &t), LW_OK);
	a.client = "nobody";
	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 29);
}

/* ---- parts ---- */

static void aside(void **state)
{
	struct kdc_aside *a = kdc_aside_new(64 << 10);
	uint8_t out[4096], request[1000] = { 1 };
	struct lw_bytes r = { request, sizeof request };
	unsigned found = 0;

	assert_int_equal(kdc_aside_find(a, "1.2.3.4:5", r, 100, out, sizeof out), 0);
	kdc_aside_keep(a, "1.2.3.4:5", r, 100, LW_LIT("answer"));
	assert_int_equal(kdc_aside_find(a, "1.2.3.4:5", r, 100 + KDC_ASIDE_US, out, sizeof out), 6);
	assert_memory_equal(out, "answer", 6);
	assert_int_equal(kdc_aside_find(a, "1.2.3.4:5", r, 101 + KDC_ASIDE_US, out, sizeof out), 0);
	assert_int_equal(kdc_aside_find(a, "1.2.3.4:6", r, 200, out, sizeof out), 0);
	assert_int_equal(kdc_aside_find(a, "1.2.3.4:5", r, 200, out, 5), 0);
	request[0] = 2; /* not among the octets that are hashed */
	assert_int_equal(kdc_aside_find(a, "1.2.3.4:5", r, 200, out, sizeof out), 0);
	request[999] = 2;
	assert_int_equal(kdc_aside_find(a, "1.2.3.4:5", r, 200, out, sizeof out), 0);
	/* bounded */
	for (unsigned i = 0; i < 10000; i++) {
		memcpy(request + 990, &i, 4);
		kdc_aside_keep(a, "1.2.3.4:5", r, 300, (struct lw_bytes){ request, 500 });
	}
	for (unsigned i = 0; i < 10000; i++) {
		memcpy(request + 990, &i, 4);
		found += kdc_aside_find(a, "1.2.3.4:5", r, 300, out, sizeof out) == 500;
	}
	assert_in_range(found, 8, 64);
	/* what was kept of small ones long ago leaves room for large ones */
	for (unsigned i = found = 0; i < 8; i++) {
		struct lw_bytes large = { request, sizeof request };

		memcpy(request + 990, &i, 4);
		kdc_aside_keep(
		        a, "1.2.3.4:5", large, 301 + KDC_ASIDE_US, (struct lw_bytes){ out, sizeof out });
		found += kdc_aside_find(a, "1.2.3.4:5", large, 301 + KDC_ASIDE_US, out, sizeof out) ==
		         sizeof out;
	}
	assert_in_range(found, 4, 8);
	kdc_aside_free(a);
}

static void private_data(void **state)
{
	struct kdc_ad ad = { .tenant = { { 1, 2, 3 } }, .client = { { 4, 5, 6 } }, .flags = 0x01020304 }, got;
	struct krb_typed_list list = { .n = 2, .v = { { 4711, LW_LIT("x") } } };
	/* by hand: AD-IF-RELEVANT's contents: SEQUENCE { SEQUENCE { [0] -1279, [1] OCTET STRING } } */
	static const uint8_t want[] = { 0x30, 0x31, 0x30, 0x2f, 0xa0, 0x04, 0x02, 0x02, 0xfb, 0x01, 0xa1,
		0x27, 0x04, 0x25, 1, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4 };

	assert_int_equal(kdc_ad_find(&list, &got), LW_ENOTFOUND);
	assert_int_equal(kdc_ad_make(kc_arena, &ad, &list.v[1]), LW_OK);
	assert_int_equal(list.v[1].type, 1);
	assert_int_equal(list.v[1].value.n, sizeof want);
	assert_memory_equal(list.v[1].value.p, want, sizeof want);
	assert_int_equal(kdc_ad_find(&list, &got), LW_OK);
	assert_memory_equal(&got, &ad, sizeof ad);
	assert_true(kdc_ad_is_own(&list.v[1]));
	assert_false(kdc_ad_is_own(&list.v[0]));
	list.v[1].value = changed(list.v[1].value, 14, 2);
	assert_int_equal(kdc_ad_find(&list, &got), LW_EVERSION);
	assert_int_equal(kdc_ad_check(&list), LW_EACCES);
	list.v[1].type = 4712; /* what a type holds that nobody knows is nobody's business */
	assert_int_equal(kdc_ad_check(&list), LW_OK);
	list.v[1] = (struct krb_typed){ 1, LW_LIT("no DER") };
	assert_int_equal(kdc_ad_check(&list), LW_EINVAL);
	/* too deep */
	struct krb_typed inner = { 4711, LW_LIT("x") };
	for (unsigned depth = 0; depth <= KDC_AD_DEPTH + 1; depth++) {
		struct krb_typed_list one = { .n = 1, .v = { inner } };
		struct lw_der_writer w;

		assert_int_equal(kdc_ad_check(&one), depth <= KDC_AD_DEPTH ? LW_OK : LW_EINVAL);
		lw_der_writer_init(&w, lw_alloc(kc_arena, 200), 200);
		krb_put_authz(&w, &one);
		inner = (struct krb_typed){ depth % 2 ? 1 : 8, lw_der_written(&w) };
	}
}

static void own_hosts(void **state)
{
	static const char *const yes[] = { "lwd.acme.example", "LWD.acme.example", "other.example" },
	                         *const no[] = { "", "lwd", "acme.example", "lwd.acme.example,",
		                         " other.example", "lwd.acme.example, other.example",
		                         "other.exampl" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		assert_true(kdc_own_host(krig.server, lw_str(yes[i])));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_false(kdc_own_host(krig.server, lw_str(no[i])));
}

static void tables(void **state)
{
	uint32_t bits = 0, gives;

	for (size_t i = 0; i < kdc_nops; i++) {
		assert_true(kdc_ops[i].name && kdc_ops[i].handler && kdc_ops[i].where);
		assert_int_equal(kdc_ops[i].right, ACCESS_TICKET);
	}
	for (size_t i = 0; i < kdc_npas; i++) {
		assert_true(kdc_pas[i].name && kdc_pas[i].handler && kdc_pas[i].where);
		assert_int_equal(kdc_pas[i].right, ACCESS_TICKET);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(kdc_pas[i].type, kdc_pas[k].type);
	}
	for (size_t i = 0; i < kdc_noptions; i++) {
		const struct kdc_option *o = &kdc_option_rows[i];

		assert_true(o->name && o->bit && !(o->bit & (o->bit - 1)) && !(bits & o->bit));
		bits |= o->bit;
		assert_int_equal(o->right, ACCESS_TICKET);
		assert_true(o->where == 3 || o->refused > KDC_R_BASE);
		assert_int_equal(kdc_options_check(o->bit, KDC_IN_AS, ~UINT32_C(0), &gives),
		        o->where & KDC_IN_AS ? LW_OK : o->refused);
		assert_int_equal(kdc_options_check(o->bit, KDC_IN_TGS, ~UINT32_C(0), &gives),
		        o->where & KDC_IN_TGS ? LW_OK : o->refused);
		if (o->where & KDC_IN_TGS) /* a ticket without a flag gets nothing that needs it */
			assert_int_equal(kdc_options_check(o->bit, KDC_IN_TGS, 0, &gives),
			        o->needs ? KDC_R_BADOPTION : LW_OK);
	}
	/* every error has a code, and those that tell something are meant */
	for (int err = 1; err < LW_ERR_COUNT; err++) {
		const struct kdc_reason_row *r = kdc_reason_row(err);

		assert_true(r->name && r->text && r->code > 0);
	}
	assert_int_equal(kdc_reason_row(LW_EIO)->code, 29);
	assert_int_equal(kdc_reason_row(LW_EINTERNAL)->code, 60);
	assert_int_equal(kdc_reason_row(LW_ERR_COUNT)->code, 60);
	assert_int_equal(kdc_reason_row(-1)->code, 60);
	assert_int_equal(kdc_reason_row(KDC_R_WRONG_REALM)->code, 68);
	assert_int_equal(kdc_reason_row(KDC_R_BAD_PVNO)->code, 3);
	assert_int_equal(kdc_reason_row(KDC_R_END)->code, 60);
}

/* More principals than the cache holds, and what has given way is found again. */
static void keys_come_and_go(void **state)
{
	struct kc_as a = { 0 };
	struct kdc_thread *t = kdc_thread(krig.server);
	const struct kdc_keys *k, *again;
	struct kdc_realm *r;
	uint64_t first;

	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 0);
	assert_int_equal(kdc_realm_open(t, lw_str(ACME), false, &r), LW_OK);
	assert_int_equal(kdc_keys_get(t, r, KDC_KRBTGT, NULL, &k), LW_OK);
	first = k->serial;
	assert_int_equal(kdc_keys_get(t, r, KDC_KRBTGT, NULL, &again), LW_OK);
	assert_ptr_equal(k, again);
	assert_non_null(kdc_prepared(t, k, &k->set[0], 0));
	assert_ptr_equal(kdc_prepared(t, k, &k->set[0], 0), kdc_prepared(t, k, &k->set[0], 0));
	assert_ptr_not_equal(kdc_prepared(t, k, &k->set[0], 0), kdc_prepared(t, k, &k->set[0], 1));
	/* own services' keys are others, of the same kvno */
	for (enum kdc_own own = KDC_CHANGEPW; own < KDC_OWN_COUNT; own++) {
		assert_int_equal(kdc_keys_get(t, r, own, NULL, &again), LW_OK);
		assert_int_equal(again->set[0].kvno, k->set[0].kvno);
		assert_memory_not_equal(again->set[0].keys[0].key, k->set[0].keys[0].key, 32);
	}
	kdc_thread_end(t);
	krig_rotate_realm(fix.acme);
	assert_int_equal(kdc_realm_open(t, lw_str(ACME), false, &r), LW_OK);
	assert_int_equal(kdc_keys_get(t, r, KDC_KRBTGT, NULL, &k), LW_OK);
	assert_true(k->serial > first);
	assert_int_equal(k->nsets, 2);
	kdc_thread_end(t);
	lw_arena_reset(t->arena);
}

/* More principals than the cache holds: the one that was asked for longest ago gives way, and comes back as
 * another. */
static void keys_give_way(void **state)
{
	static const enum kdc_own order[] = { KDC_CHANGEPW, KDC_LDAP, KDC_HTTP, KDC_LDAP, KDC_CHANGEPW,
		KDC_HTTP };
	static const uint64_t serials[] = { 1, 2, 3, 2, 4,
		5 }; /* two of them: LDAP stays, HTTP goes for changepw */
	struct kdc_thread *t = kdc_thread(krig.server);
	struct kdc_keycache *whole = t->keys;
	const struct kdc_keys *k;
	struct kdc_realm *r;
	struct kc_as a = { .bare = true };

	assert_int_equal(kc_as(krig.server, ADDR, &a, NULL), 25);
	t->keys = kdc_keycache_new(2);
	assert_non_null(t->keys);
	assert_int_equal(kdc_realm_open(t, lw_str(ACME), false, &r), LW_OK);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(kdc_keys_get(t, r, order[i], NULL, &k), LW_OK);
		assert_int_equal(k->serial, serials[i]);
		assert_int_equal(k->own, order[i]);
		assert_non_null(kdc_prepared(t, k, &k->set[0], 0));
	}
	kdc_thread_end(t);
	kdc_keycache_free(t->keys);
	t->keys = whole;
	lw_arena_reset(t->arena);
}

/* ---- threads ---- */

#define THREADS  4
#define REQUESTS 300
static struct lw_bytes asked[REQUESTS];
static int answers[THREADS][REQUESTS]; /* 0 a ticket, -1 none, else the code */

static void *one_thread(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	static uint8_t out[THREADS][8][4096];
	struct lw_peer peer = { .loopback = false };

	snprintf(peer.addr, sizeof peer.addr, "192.0.2.%u:7", me + 1);
	for (unsigned i = 0; i < REQUESTS; i += 8) {
		struct lw_datagram d[8];
		unsigned n = REQUESTS - i < 8 ? REQUESTS - i : 8;

		for (unsigned k = 0; k < n; k++)
			d[k] = (struct lw_datagram){
				.peer = &peer, .in = asked[i + k], .out = out[me][k], .out_max = 4096
			};
		kdc_dgram.answer(krig.server, d, n);
		for (unsigned k = 0; k < n; k++) {
			if (d[k].later)
				kdc_dgram.job(krig.server, &d[k]);
			answers[me][i + k] = code_of((struct lw_bytes){ d[k].out, d[k].out_n });
		}
	}
	return NULL;
}

/* Several threads are asked the same: every password is right for each, every authenticator for one. */
static void threads(void **state)
{
	struct kc_as a = { 0 };
	struct kc_reply tgt;
	pthread_t thread[THREADS];

	assert_int_equal(kc_as(krig.server, ADDR, &a, &tgt), 0);
	krig_server();
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct kc_tgs q = { .tgt = &tgt, .server = "HTTP/web1.acme.example" };

		if (i % 2) {
			asked[i] = kc_tgs_make(&q, lw_wall(&fix.clock));
		} else {
			a.nonce = i + 1;
			asked[i] = kc_as_make(&a, lw_wall(&fix.clock));
		}
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_thread, (void *)(uintptr_t)i), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (unsigned i = 0; i < REQUESTS; i++) {
		unsigned tickets = 0;

		for (unsigned k = 0; k < THREADS; k++) {
			tickets += answers[k][i] == 0;
			assert_true(answers[k][i] == 0 ||
			            (i % 2 && (answers[k][i] == 34 || answers[k][i] == -1)));
		}
		assert_int_equal(tickets, i % 2 ? 1 : THREADS);
	}
	assert_null(krig.server->threads ? krig.server->threads->next : NULL); /* theirs went with them */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, krig_each)
	const struct CMUnitTest tests[] = { T(malformed), T(at_the_bounds), T(tcp), T(batch),
		T(first_of_a_tenant), T(no_realm_keys), T(aside), T(private_data), T(own_hosts), T(tables),
		T(threads), T(keys_come_and_go), T(keys_give_way) };

	return cmocka_run_group_tests(tests, krig_up, krig_down);
}
