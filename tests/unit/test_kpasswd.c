/* SPDX-License-Identifier: Apache-2.0 */
/* kpasswd of the KDC: libkrb5 makes the requests and opens the answers. */
#include "tests/unit/own_fix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ldap_asm.h"

#define INITIAL KRB_INITIAL

static struct directory { /* what the other role does with a change */
	int fail, times;
	unsigned calls;
	bool old_proved;
} directory;

static int set_secret(void *ctx, const struct kdc_secret *k, char text[200])
{
	struct store_op op = { .kind = STORE_SET_SECRET,
		.uuid = k->target,
		.expect_version = k->expect_version,
		.secrets = k->items,
		.nsecrets = k->nitems,
		.old_password_proved = k->old_proved };
	struct directory *my = ctx;
	struct store_result res = { 0 };
	struct lw_session *s;
	struct lw_cap cap;
	int err;

	my->calls++;
	my->old_proved = k->old_proved;
	if (my->times > 0 && my->times-- > 0)
		return my->fail;
	assert_int_equal(keys_check_forwarded(rig.keys, k->token, LW_ROLE_KDC, &cap), LW_OK);
	assert_int_equal(cap.tenant, k->tenant);
	err = store_session_cap(rig.store, &cap, &s);
	if (err)
		return err;
	store_session_channel(s, true);
	err = store_write(s, &op, &res);
	store_session_free(s);
	return err;
}

struct change { /* a request, and what became of it */
	struct ask ask;
	const char *password;
	const char *target;      /* a name: version 0xff80 */
	int version;             /* 0: as target says */
	bool no_subkey, wrong_seq, udp, v6;
	/* in the frame */
	int add_length;
	size_t cut, bend;        /* the last so many octets are missing; that octet of the whole is changed */
	/* out */
	bool authentic;          /* the answer was sealed */
	int code;                /* else: of the KRB-ERROR */
	bool silent, later;
	char text[256];
	struct lw_bytes request, answer;
};

static const uint8_t here4[] = { 127, 0, 0, 1 }, here6[16] = { [15] = 1 };

/* One message to the machine, over UDP or TCP. */
static void deliver(struct change *c)
{
	static uint8_t out[KDC_UDP_OUT];
	struct lw_peer peer = { .addr = "127.0.0.1:4711", .loopback = true, .here_n = c->v6 ? 16 : 4 };
	struct lw_datagram d = { .peer = &peer, .in = c->request, .out = out, .out_max = sizeof out };
	struct lw_writer in, answer;
	struct lw_reader r;
	enum lw_next next;
	void *conn;

	memcpy(peer.here, c->v6 ? here6 : here4, peer.here_n);
	c->answer = nothing;
	if (c->udp) {
		kpasswd_dgram.answer(kdc, &d, 1);
		c->later = d.later;
		if (d.later)
			kpasswd_dgram.job(kdc, &d);
		c->answer = lw_dup(arena, (struct lw_bytes){ out, d.out_n });
		c->silent = d.out_n == 0;
		return;
	}
	lw_writer_init(&in, 1 << 20);
	lw_writer_init(&answer, 1 << 20);
	lw_put_u32(&in, (uint32_t)c->request.n);
	lw_put_bytes(&in, c->request);
	conn = kpasswd_proto.conn_new(kdc, &peer);
	lw_reader_init(&r, lw_written(&in));
	next = kpasswd_proto.step(conn, &r, &answer);
	c->later = next == LW_NEXT_SLOW_JOB;
	if (c->later) {
		kpasswd_proto.job(conn, &answer);
		next = kpasswd_proto.step(conn, &r, &answer);
	}
	c->silent = answer.n == 0;
	assert_int_equal(next, c->silent ? LW_NEXT_CLOSE : LW_NEXT_READ);
	if (answer.n) {
		lw_reader_init(&r, lw_written(&answer));
		c->answer = lw_dup(arena, lw_get_counted(&r, 65536));
		assert_int_equal(lw_reader_end(&r), LW_OK);
	}
	kpasswd_proto.conn_free(conn);
	lw_writer_done(&in);
	lw_writer_done(&answer);
}

static krb5_data data_of(struct lw_bytes b)
{
	return (krb5_data){ .data = (char *)b.p, .length = (unsigned)b.n };
}

static struct lw_bytes chpw_data(const struct change *c)
{
	struct krb_chpw_data d = { .password = lw_str(c->password), .has_target = true, .target = { .type = 1, .n = 1 },
		.realm = LW_LIT("ACME.EXAMPLE") };
	uint8_t *buf = lw_alloc(arena, 1024);
	struct lw_der_writer w;
	const char *at = strchr(c->target, '@');

	d.target.part[0] = at ? (struct lw_bytes){ (const uint8_t *)c->target, (size_t)(at - c->target) } : lw_str(c->target);
	if (at)
		d.realm = lw_str(at + 1);
	d.has_target = c->target[0] != 0;
	if (!d.has_target)
		d.realm = none;
	lw_der_writer_init(&w, buf, 1024);
	krb_put_chpw_data(&w, &d);
	return lw_der_written(&w);
}

/* The request as a client of libkrb5 makes it. */
static void compose(struct change *c, struct forge *f, krb5_auth_context *ac)
{
	krb5_address me = { .addrtype = ADDRTYPE_INET, .length = 4, .contents = (krb5_octet *)here4 };
	int version = c->version ? c->version : c->target ? 0xff80 : 1;
	krb5_data ap, priv, user = data_of(c->target ? chpw_data(c) : lw_str(c->password));
	krb5_replay_data replay;
	uint8_t head[6];
	size_t total;

	assert_int_equal(krb5_auth_con_init(f->k, ac), 0);
	assert_int_equal(krb5_auth_con_setflags(f->k, *ac, KRB5_AUTH_CONTEXT_DO_SEQUENCE), 0);
	assert_int_equal(krb5_mk_req_extended(f->k, ac, c->no_subkey ? 0 : AP_OPTS_USE_SUBKEY, NULL, &f->creds, &ap), 0);
	assert_int_equal(krb5_auth_con_setaddrs(f->k, *ac, &me, NULL), 0);
	if (c->wrong_seq) {
		assert_int_equal(krb5_mk_priv(f->k, *ac, &user, &priv, &replay), 0);
		krb5_free_data_contents(f->k, &priv); /* the next has the next number */
	}
	assert_int_equal(krb5_mk_priv(f->k, *ac, &user, &priv, &replay), 0);
	total = 6 + ap.length + priv.length + (size_t)c->add_length;
	head[0] = (uint8_t)(total >> 8);
	head[1] = (uint8_t)total;
	head[2] = (uint8_t)(version >> 8);
	head[3] = (uint8_t)version;
	head[4] = (uint8_t)(ap.length >> 8);
	head[5] = (uint8_t)ap.length;
	{
		struct lw_bytes all = asm_("%b %b %b", (struct lw_bytes){ head, 6 }, (struct lw_bytes){ (uint8_t *)ap.data, ap.length },
			(struct lw_bytes){ (uint8_t *)priv.data, priv.length });

		c->request = lw_dup(arena, all);
		free((void *)all.p);
	}
	c->request.n -= c->cut;
	if (c->bend)
		((uint8_t *)c->request.p)[c->bend == SIZE_MAX ? c->request.n - 1 : c->bend] ^= 1;
	krb5_free_data_contents(f->k, &ap);
	krb5_free_data_contents(f->k, &priv);
}

/* The result of the answer, opened as libkrb5's client does. */
static int result(struct change *c, struct forge *f, krb5_auth_context ac)
{
	krb5_address server = { .addrtype = c->v6 ? ADDRTYPE_INET6 : ADDRTYPE_INET,
		.length = c->v6 ? 16 : 4,
		.contents = (krb5_octet *)(c->v6 ? here6 : here4) };
	struct lw_bytes say;
	struct krb_error e;
	struct lw_reader r;
	struct lw_bytes ap;
	krb5_data data, clear = { 0 };
	krb5_ap_rep_enc_part *part;
	krb5_replay_data replay;
	krb5_keyblock *key;
	int n;

	lw_reader_init(&r, c->answer);
	assert_int_equal(lw_get_u16(&r), c->answer.n);
	assert_int_equal(lw_get_u16(&r), 1);
	ap = lw_get_raw(&r, lw_get_u16(&r));
	assert_int_equal(r.err, 0);
	c->authentic = ap.n > 0;
	if (!ap.n) {
		assert_int_equal(krb_get_error((struct lw_bytes){ r.p, lw_reader_left(&r) }, &e), LW_OK);
		c->code = e.code;
		say = e.e_data;
	} else {
		data = data_of(ap);
		assert_int_equal(krb5_rd_rep(f->k, ac, &data, &part), 0);
		krb5_free_ap_rep_enc_part(f->k, part);
		assert_int_equal(krb5_auth_con_getsendsubkey(f->k, ac, &key), 0);
		assert_int_equal(krb5_auth_con_setrecvsubkey(f->k, ac, key), 0);
		krb5_free_keyblock(f->k, key);
		assert_int_equal(krb5_auth_con_setaddrs(f->k, ac, NULL, &server), 0);
		data = data_of((struct lw_bytes){ r.p, lw_reader_left(&r) });
		assert_int_equal(krb5_rd_priv(f->k, ac, &data, &clear, &replay), 0);
		say = (struct lw_bytes){ (uint8_t *)clear.data, clear.length };
	}
	assert_true(say.n >= 2 && say.n < sizeof c->text);
	memcpy(c->text, say.p + 2, say.n - 2);
	c->text[say.n - 2] = 0;
	n = say.p[0] << 8 | say.p[1];
	krb5_free_data_contents(f->k, &clear);
	return n;
}

static int change(struct change *c)
{
	krb5_auth_context ac = NULL;
	struct forge f;
	int n = -1;

	c->ask.service = c->ask.service ? c->ask.service : "kadmin";
	c->ask.host = c->ask.host ? c->ask.host : "changepw";
	forge_ask(&c->ask, &f);
	compose(c, &f, &ac);
	deliver(c);
	if (!c->silent)
		n = result(c, &f, ac);
	krb5_auth_con_free(f.k, ac);
	forge_done(&f);
	return n;
}

static int verify(const struct lw_uuid *who, const char *password)
{
	struct keys_source from = { .addr = "127.0.0.1", .confidential = true };
	struct keys_token token;
	struct lw_cap cap;

	return keys_verify(rig.keys, 1, who, lw_str(password), &from, &token, &cap);
}

static void changed(void **state)
{
	struct change c = { .ask = { .flags = INITIAL }, .password = "correct horse battery" };

	assert_int_equal(change(&c), 0);
	assert_true(c.authentic && c.later);
	assert_true(directory.old_proved);
	assert_int_equal(verify(&acme.alice, "correct horse battery"), LW_OK);
	assert_int_equal(verify(&acme.alice, "alice's password"), LW_EAUTH);
	c = (struct change){ .ask = { .flags = INITIAL, .etype = 17 }, .password = "staple, correct", .udp = true };
	assert_int_equal(change(&c), 0);
	assert_true(c.authentic && c.later);
	assert_int_equal(verify(&acme.alice, "staple, correct"), LW_OK);
	/* 0xff80 without a target is one's own; and with oneself as the target; the server asked by IPv6 */
	c = (struct change){ .ask = { .flags = INITIAL, .etype = 18 }, .password = "horse battery staple", .target = "", .v6 = true };
	assert_int_equal(change(&c), 0);
	assert_int_equal(verify(&acme.alice, "horse battery staple"), LW_OK);
	c = (struct change){ .ask = { .flags = INITIAL, .etype = 19 }, .password = "alice's password", .target = "alice" };
	assert_int_equal(change(&c), 4); /* it was hers, before */
	assert_non_null(strstr(c.text, "last"));
	c.password = "quite another one";
	assert_int_equal(change(&c), 0);
	assert_int_equal(verify(&acme.alice, "quite another one"), LW_OK);
}

static void policy(void **state)
{
	struct change c = { .ask = { .flags = INITIAL }, .password = "short" };

	assert_int_equal(change(&c), 4);
	assert_true(c.authentic);
	assert_true(strlen(c.text) > 10);
	assert_string_not_equal(c.text, "The password was refused"); /* keyd says why */
	assert_int_equal(verify(&acme.alice, "short"), LW_EAUTH);
}

static void others(void **state)
{
	const struct {
		const char *what;
		struct change c;
		int result;
	} rows[] = {
		{ "the administrator sets bob's", { .ask = { .client = "admin", .uuid = &acme.admin, .flags = INITIAL }, .target = "bob" }, 0 },
		{ "bob his own", { .ask = { .client = "bob", .uuid = &acme.bob, .flags = INITIAL, .from_now = -14 * 60 } }, 0 },
		{ "bob his own, with an old ticket", { .ask = { .client = "bob", .uuid = &acme.bob, .flags = INITIAL, .from_now = -16 * 60 } }, 5 },
		{ "alice bob's", { .ask = { .flags = INITIAL }, .target = "bob" }, 5 },
		{ "alice the administrator's", { .ask = { .flags = INITIAL }, .target = "admin" }, 5 },
		{ "alice nobody's", { .ask = { .flags = INITIAL }, .target = "nobody" }, 5 },
		{ "alice another realm's", { .ask = { .flags = INITIAL }, .target = "alice@BETA.EXAMPLE" }, 5 },
		{ "alice the krbtgt's", { .ask = { .flags = INITIAL }, .target = "krbtgt" }, 5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct change c = rows[i].c;
		char password[40];
		int n;

		snprintf(password, sizeof password, "row %zu of the table", i);
		c.password = password;
		directory.old_proved = false;
		n = change(&c);
		if (n != rows[i].result || !c.authentic)
			fail_msg("%s: %d", rows[i].what, n);
		assert_int_equal(verify(&acme.bob, password), i < 2 ? LW_OK : LW_EAUTH);
		assert_int_equal(directory.old_proved, i == 1);
	}
}

static void refused(void **state)
{
	const struct {
		const char *what;
		struct change c;
		int result, code; /* code 0: sealed */
		bool later;
	} rows[] = {
		{ "not INITIAL", { .ask = { .flags = 0 } }, 7, 0, false },
		{ "no subkey", { .ask = { .flags = INITIAL }, .no_subkey = true }, 1, 0, false },
		{ "another number", { .ask = { .flags = INITIAL }, .wrong_seq = true }, 3, 0, true },
		{ "bent data", { .ask = { .flags = INITIAL }, .bend = SIZE_MAX }, 3, 0, true },
		{ "version 2", { .ask = { .flags = INITIAL }, .version = 2 }, 6, 60, false },
		{ "no ChangePasswdData", { .ask = { .flags = INITIAL }, .version = 0xff80 }, 1, 0, true },
		{ "a longer length", { .ask = { .flags = INITIAL }, .add_length = 1 }, 1, 60, false },
		{ "cut", { .ask = { .flags = INITIAL }, .cut = 1 }, 1, 60, false },
		{ "bent AP-REQ", { .ask = { .flags = INITIAL }, .bend = 6 }, 1, 60, false },
		{ "bent ticket", { .ask = { .flags = INITIAL }, .bend = 200 }, 3, 31, false },
		{ "a ticket for ldap", { .ask = { .flags = INITIAL, .service = "ldap", .host = "lwd.acme.example" } }, 3, 35, false },
		{ "a TGT", { .ask = { .flags = INITIAL, .service = "krbtgt", .host = "ACME.EXAMPLE", .krbtgt = true } }, 3, 35, false },
		{ "expired", { .ask = { .flags = INITIAL, .from_now = -7200 } }, 3, 32, false },
		{ "invalid", { .ask = { .flags = INITIAL | KRB_INVALID } }, 3, 33, false },
		{ "another key", { .ask = { .flags = INITIAL, .bad_key = true } }, 3, 31, false },
		{ "bob as alice", { .ask = { .flags = INITIAL, .uuid = &acme.bob } }, 3, 20, false },
		{ "no private data", { .ask = { .flags = INITIAL, .no_ad = true } }, 3, 31, false },
	};
	unsigned calls = directory.calls;

	for (int udp = 0; udp < 2; udp++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct change c = rows[i].c;
			int n;

			c.password = "never to be one";
			c.udp = udp;
			n = change(&c);
			if (n != rows[i].result || c.code != rows[i].code || c.authentic != !rows[i].code || c.later != rows[i].later)
				fail_msg("%s: result %d, code %d, later %d", rows[i].what, n, c.code, c.later);
			assert_true(c.text[0] != 0);
		}
	assert_int_equal(directory.calls, calls);
	assert_int_equal(verify(&acme.alice, "never to be one"), LW_EAUTH);
}

static void shown_again(void **state)
{
	struct change c = { .ask = { .flags = INITIAL }, .password = "said twice by UDP", .udp = true }, again;
	unsigned calls;
	struct krb_error e;

	/* the same datagram: the same answer, once done */
	assert_int_equal(change(&c), 0);
	calls = directory.calls;
	again = c;
	deliver(&again);
	assert_false(again.later);
	assert_true(lw_eq(again.answer, c.answer));
	assert_int_equal(directory.calls, calls);
	/* the same octets in another way: a replay */
	again.udp = false;
	deliver(&again);
	assert_true(again.later);
	assert_int_equal(again.answer.p[4] | again.answer.p[5], 0);
	assert_int_equal(krb_get_error((struct lw_bytes){ again.answer.p + 6, again.answer.n - 6 }, &e), LW_OK);
	assert_int_equal(e.code, 34);
	assert_int_equal(directory.calls, calls);
	c = (struct change){ .ask = { .flags = INITIAL }, .password = "said twice by TCP" };
	assert_int_equal(change(&c), 0);
	again = c;
	deliver(&again);
	assert_int_equal(krb_get_error((struct lw_bytes){ again.answer.p + 6, again.answer.n - 6 }, &e), LW_OK);
	assert_int_equal(e.code, 34);
	/* over UDP there is an answer on its way: nothing is said */
	again.udp = true;
	deliver(&again);
	assert_true(again.silent);
}

static void writer(void **state)
{
	static const struct {
		int fail, times, result;
		unsigned calls;
	} rows[] = {
		{ LW_EAGAIN, 2, 0, 3 },
		{ LW_EAGAIN, 100, 2, 5 },
		{ LW_EUNAVAIL, 1, 2, 1 },
		{ LW_EFULL, 1, 2, 1 },
		{ LW_EACCES, 1, 5, 1 },
		{ LW_EPWPOLICY, 1, 4, 1 },
		{ LW_EREVOKED, 1, 3, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct change c = { .ask = { .flags = INITIAL } };
		unsigned calls = directory.calls;
		char password[40];

		snprintf(password, sizeof password, "for writer number %zu", i);
		c.password = password;
		directory.fail = rows[i].fail;
		directory.times = rows[i].times;
		if (change(&c) != rows[i].result)
			fail_msg("row %zu", i);
		assert_true(c.authentic);
		assert_int_equal(directory.calls - calls, rows[i].calls);
		directory.times = 0;
		assert_int_equal(verify(&acme.alice, password), rows[i].result ? LW_EAUTH : LW_OK);
	}
}

/* Nothing is said to what may be an answer itself, or to nothing at all. */
static void silent(void **state)
{
	struct change c = { .udp = true };
	static const char *const hex[] = { "", "00", "0006 0001 00", "0006 0001 0000", "0008 0001 0000 7e00", "7e06 000100 000000" };

	for (size_t i = 0; i < sizeof hex / sizeof *hex; i++)
		for (int udp = 0; udp < 2; udp++) {
			struct lw_bytes in = asm_(hex[i]);

			c.udp = udp;
			c.request = in;
			deliver(&c);
			assert_true(c.silent);
			assert_false(c.later);
			free((void *)in.p);
		}
	for (size_t n = 6; n < 300; n += 3) {
		uint8_t junk[300];

		for (size_t i = 0; i < n; i++)
			junk[i] = (uint8_t)(n * 7 + i * 13);
		c.request = (struct lw_bytes){ junk, n };
		c.udp = true;
		deliver(&c);
		assert_false(c.later);
	}
}

/* Whoever is disabled gets nothing, from the next request on. */
static void disabled(void **state)
{
	struct change c = { .ask = { .flags = INITIAL, .client = "bob", .uuid = &acme.bob }, .password = "by bob himself" };

	assert_int_equal(change(&c), 0);
	disable_bob();
	c.password = "from the other side";
	assert_int_equal(change(&c), 3);
	assert_int_equal(c.code, 18);
}

static int setup(void **state)
{
	return own_setup(state, set_secret, &directory);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed),
		cmocka_unit_test(policy),
		cmocka_unit_test(others),
		cmocka_unit_test(refused),
		cmocka_unit_test(shown_again),
		cmocka_unit_test(writer),
		cmocka_unit_test(silent),
		cmocka_unit_test(disabled),
	};

	return cmocka_run_group_tests(tests, setup, own_teardown);
}
