/* SPDX-License-Identifier: Apache-2.0 */
/* SASL GSSAPI (RFC 4752) against libgssapi as the client, with an acceptor in this process behind the hook that
 * lwd joins with its kdc. (Long: negotiation, layers and what breaks them share one client and one acceptor.) */
#include "tests/unit/ldap_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldap/sasl.h"
#include "tests/unit/gss_forge.h"
#include "tests/unit/ldap_asm.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_REPLAY_FLAG | GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG)

static const struct lw_bytes nothing = { (const uint8_t *)"", 0 }, no_bindings = { NULL, 0 };
static const uint8_t key32[32] = "thirty-two octets of long secret";
static struct forge_ticket ticket = { .realm = "ACME.EXAMPLE",
	.client = "alice",
	.service = "ldap",
	.host = "lwd.acme.example",
	.etype = 18,
	.kvno = 3,
	.from_now = -60,
	.life = 3600 };
static struct forge forge;

/* ---- the acceptor behind the hook ---- */

static struct acceptor {
	gss_cred_id_t cred;
	int fail;           /* answer with this */
	int64_t ticket_age; /* since the ticket's first login; 0: a password's capability, of now */
	unsigned calls;
	uint8_t bindings[128];
	size_t bindings_n;
	bool confidential;
} acceptor;

static struct lw_bytes keep(struct lw_arena *a, gss_buffer_t b)
{
	struct lw_bytes got = lw_dup(a, (struct lw_bytes){ b->value, b->length });
	OM_uint32 minor;

	if (!b->length)
		got = (struct lw_bytes){ NULL, 0 };
	gss_release_buffer(&minor, b);
	return got;
}

static int accept_it(void *ctx, const struct ldapd_accept *in, struct lw_arena *a, struct ldapd_accepted *ret)
{
	struct acceptor *my = ctx;
	struct gss_channel_bindings_struct cb = { .application_data = { in->bindings.n, (void *)in->bindings.p } };
	gss_buffer_desc token = { in->token.n, (void *)in->token.p }, out = GSS_C_EMPTY_BUFFER, exported;
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	struct keys_source from = { .addr = "127.0.0.1", .confidential = in->confidential };
	OM_uint32 major, minor;
	struct lw_session *role;
	struct store_txn *txn;
	struct store_principal p;
	struct store_dn *dn;
	struct lw_cap cap;

	my->calls++;
	my->confidential = in->confidential;
	my->bindings_n = in->bindings.n;
	memcpy(my->bindings, in->bindings.n ? in->bindings.p : (const uint8_t *)"", in->bindings.n);
	if (my->fail)
		return my->fail;
	major = gss_accept_sec_context(&minor, &context, my->cred, &token,
	        in->bindings.n ? &cb : GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &out, NULL, NULL, NULL);
	ret->token = keep(a, &out);
	if (major != GSS_S_COMPLETE)
		return LW_EAUTH;
	assert_int_equal(gss_export_sec_context(&minor, &context, &exported), GSS_S_COMPLETE);
	ret->context = keep(a, &exported);
	/* a capability for alice, by the way that there is */
	assert_int_equal(dn_parse(a, lw_str(ALICE), &dn), LW_OK);
	assert_int_equal(store_session_role(rig.store, 1, STORE_ROLE_AUTH, &role), LW_OK);
	assert_int_equal(store_begin(role, STORE_READ, &txn), LW_OK);
	assert_int_equal(store_principal_dn(txn, dn, &p), LW_OK);
	store_end(txn);
	store_session_free(role);
	if (my->ticket_age) {
		struct keys_kerberos who = { .tenant = 1,
			.subject = p.uuid,
			.auth_time = lw_wall(&rig.clock) - my->ticket_age,
			.confidential = in->confidential,
			.role = LW_ROLE_DIRECTORY };

		return keys_kerberos_cap(rig.kdc_keys, &who, &ret->cap, &cap);
	}
	return keys_verify(rig.keys, 1, &p.uuid, LW_LIT("alice's password"), &from, &ret->cap, &cap);
}

/* ---- the client ---- */

struct sasl {
	struct client c;
	gss_ctx_id_t ctx;
	int code;
	struct lw_bytes creds; /* of the last bind response; borrowed */
	bool has_creds;
	char offer[4]; /* layers, and octets that the server takes */
};

static void s_open(struct sasl *s, const char *addr)
{
	memset(s, 0, sizeof *s);
	client_open(&s->c, addr);
}

static void s_close(struct sasl *s)
{
	OM_uint32 minor;

	gss_delete_sec_context(&minor, &s->ctx, GSS_C_NO_BUFFER);
	client_close(&s->c);
}

/* What came last is one bind response (in the clear, at p). */
static void response(struct sasl *s, struct lw_bytes all)
{
	struct lw_reader r, msg, op;

	lw_reader_init(&r, all);
	lw_reader_init(&msg, ldapd_ber_get(&r, LW_BER_SEQUENCE));
	ldapd_ber_int(&msg, LW_BER_INTEGER);
	lw_reader_init(&op, ldapd_ber_get(&msg, LDAPD_BIND_ANSWER));
	s->code = (int)ldapd_ber_int(&op, LW_BER_ENUM);
	ldapd_ber_get(&op, LW_BER_OCTETS);
	ldapd_ber_get(&op, LW_BER_OCTETS);
	s->has_creds = lw_reader_left(&op) > 0;
	s->creds = s->has_creds ? ldapd_ber_get(&op, 0x87) : nothing;
	assert_int_equal(r.err | msg.err | op.err, 0);
	assert_int_equal(lw_reader_left(&r) + lw_reader_left(&op), 0);
}

static struct lw_bytes long_bind(struct lw_bytes creds)
{
	size_t msg, op, sasl, n;
	struct lw_writer w;
	uint8_t *p;

	lw_writer_init(&w, 1 << 20);
	msg = lw_ber_start(&w, LW_BER_SEQUENCE);
	lw_ber_int(&w, LW_BER_INTEGER, 7);
	op = lw_ber_start(&w, LDAPD_BIND);
	lw_ber_int(&w, LW_BER_INTEGER, 3);
	lw_ber_put(&w, LW_BER_OCTETS, nothing);
	sasl = lw_ber_start(&w, LDAPD_SASL);
	lw_ber_put(&w, LW_BER_OCTETS, LW_LIT("GSSAPI"));
	lw_ber_put(&w, LW_BER_OCTETS, creds);
	lw_ber_end(&w, sasl);
	lw_ber_end(&w, op);
	lw_ber_end(&w, msg);
	p = lw_writer_take(&w, &n);
	return (struct lw_bytes){ p, n };
}

static struct lw_bytes bind_pdu(struct lw_bytes creds)
{
	if (creds.n > 60000)
		return long_bind(creds);
	if (!creds.p)
		return asm_("30( 020107 60( 020103 0400 a3( 04('GSSAPI') ) ) )");
	return asm_("30( 020107 60( 020103 0400 a3( 04('GSSAPI') 04( %b ) ) ) )", creds);
}

static int s_bind(struct sasl *s, struct lw_bytes creds)
{
	client_send(&s->c, bind_pdu(creds));
	response(s, (struct lw_bytes){ s->c.out.p + s->c.seen, s->c.out.n - s->c.seen });
	return s->code;
}

static gss_buffer_desc first_token(struct sasl *s, OM_uint32 flags, struct lw_bytes bindings)
{
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;

	assert_false(GSS_ERROR(forge_step(&forge, &s->ctx, flags, bindings, nothing, &token)));
	return token;
}

static struct lw_bytes wrap(struct sasl *s, struct lw_bytes clear, bool conf)
{
	gss_buffer_desc in = { clear.n, (void *)clear.p }, out;
	OM_uint32 minor;
	uint8_t *p;
	int on;

	assert_int_equal(gss_wrap(&minor, s->ctx, conf, GSS_C_QOP_DEFAULT, &in, &on, &out), GSS_S_COMPLETE);
	assert_int_equal(!on, !conf);
	p = malloc(out.length);
	memcpy(p, out.value, out.length);
	in.length = out.length;
	gss_release_buffer(&minor, &out);
	return (struct lw_bytes){ p, in.length };
}

static void unwrap(struct sasl *s, struct lw_bytes token, struct lw_writer *to, int *ret_conf)
{
	gss_buffer_desc in = { token.n, (void *)token.p }, out;
	OM_uint32 minor;

	assert_int_equal(gss_unwrap(&minor, s->ctx, &in, &out, ret_conf, NULL), GSS_S_COMPLETE);
	lw_put_raw(to, out.value, out.length);
	gss_release_buffer(&minor, &out);
}

/* Up to the server's offer; the code of the answer that ends it otherwise. */
static int s_start(struct sasl *s, OM_uint32 flags, struct lw_bytes bindings)
{
	gss_buffer_desc token = first_token(s, flags, bindings), more = GSS_C_EMPTY_BUFFER;
	struct lw_writer w;
	OM_uint32 minor;
	int conf, code = s_bind(s, (struct lw_bytes){ token.value, token.length });

	gss_release_buffer(&minor, &token);
	if (code != 14)
		return code;
	assert_true(s->creds.n > 0);
	if (flags & GSS_C_MUTUAL_FLAG) {
		assert_int_equal(forge_step(&forge, &s->ctx, flags, bindings, s->creds, &more), GSS_S_COMPLETE);
		assert_int_equal(more.length, 0);
		assert_int_equal(s_bind(s, nothing), 14);
	}
	lw_writer_init(&w, 4);
	unwrap(s, s->creds, &w, &conf);
	assert_int_equal(conf, 0);
	assert_int_equal(w.n, 4);
	memcpy(s->offer, w.p, 4);
	lw_writer_done(&w);
	return code;
}

static int s_choose(struct sasl *s, const char *four, struct lw_bytes authzid)
{
	struct lw_bytes clear = asm_("%b %b", (struct lw_bytes){ (const uint8_t *)four, 4 }, authzid), sealed;
	int code;

	sealed = wrap(s, clear, false);
	code = s_bind(s, sealed);
	free((void *)clear.p);
	free((void *)sealed.p);
	return code;
}

#define NONE      "\001\000\000\000"
#define INTEGRITY "\002\001\000\000"
#define PRIVACY   "\004\001\000\000"

static int s_login(struct sasl *s, const char *four)
{
	assert_int_equal(s_start(s, FLAGS, no_bindings), 14);
	return s_choose(s, four, nothing);
}

/* A PDU in one buffer of the layer. */
static struct lw_bytes frame(struct sasl *s, struct lw_bytes pdu, bool conf)
{
	struct lw_bytes sealed = wrap(s, pdu, conf), all;
	uint8_t n[4] = { 0, (uint8_t)(sealed.n >> 16), (uint8_t)(sealed.n >> 8), (uint8_t)sealed.n };

	all = asm_("%b %b", (struct lw_bytes){ n, 4 }, sealed);
	free((void *)sealed.p);
	free((void *)pdu.p);
	return all;
}

/* Everything that came since `seen`, opened; the longest buffer. */
static struct lw_bytes opened(struct sasl *s, bool conf, struct lw_writer *to, size_t *ret_longest)
{
	struct lw_reader r;
	int on;

	lw_writer_init(to, 64u << 20);
	*ret_longest = 0;
	lw_reader_init(&r, (struct lw_bytes){ s->c.out.p + s->c.seen, s->c.out.n - s->c.seen });
	while (lw_reader_left(&r)) {
		struct lw_bytes token = lw_get_raw(&r, lw_get_u32(&r));

		assert_int_equal(r.err, 0);
		assert_true(token.n > 0);
		if (token.n > *ret_longest)
			*ret_longest = token.n;
		unwrap(s, token, to, &on);
		assert_int_equal(!on, !conf);
	}
	return lw_written(to);
}

static void layer_expect(struct sasl *s, bool conf, struct lw_bytes want)
{
	struct lw_writer w;
	size_t longest;

	assert_true(lw_eq(opened(s, conf, &w, &longest), want));
	lw_writer_done(&w);
	free((void *)want.p);
}

#define WHOAMI     "30( 020109 77( 80('1.3.6.1.4.1.4203.1.11.3') ) )"
#define WHO(name)  "30( 020109 78( 0a0100 0400 0400 8b('" name "') ) )"
#define WHO_ALICE  WHO("dn:uid=alice,ou=people,dc=acme,dc=example")
#define WHO_NOBODY WHO("")

/* ---- tests ---- */

static void offered_with_the_hook_alone(void **state)
{
	struct client c;

	client_open(&c, "203.0.113.9:1");
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	         "04('supportedSASLMechanisms') ) ) )");
	EXPECT(&c, "30( 020102 64( 0400 30( 30( 04('supportedSASLMechanisms') 31( 04('GSSAPI') ) ) ) ) ) "
	           "30( 020102 65( 0a0100 0400 0400 ) )");
	client_close(&c);
	rig_options.accept = NULL;
	rig_server();
	client_open(&c, "203.0.113.9:1");
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	         "04('supportedSASLMechanisms') ) ) )");
	EXPECT(&c, "30( 020102 64( 0400 30( ) ) ) 30( 020102 65( 0a0100 0400 0400 ) )");
	client_send(&c, bind_pdu(LW_LIT("`token")));
	assert_int_equal(client_code(&c), 7);
	client_close(&c);
	rig_options.accept = accept_it;
	rig_server();
}

static void no_layer(void **state)
{
	struct sasl s;

	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	assert_memory_equal(s.offer, "\007\001\000\000", 4); /* all three; 65536 octets */
	assert_int_equal(s_choose(&s, NONE, nothing), 0);
	assert_false(s.has_creds);
	SEND(&s.c, WHOAMI);
	EXPECT(&s.c, WHO_ALICE);
	s_close(&s);
}

static void layered(const char *four, bool conf)
{
	struct sasl s;

	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, four), 0); /* in the clear */
	for (int i = 0; i < 3; i++) {
		client_send(&s.c, frame(&s, asm_(WHOAMI), conf));
		layer_expect(&s, conf, asm_(WHO_ALICE));
	}
	/* two messages in one buffer, and one in two */
	client_send(&s.c, frame(&s, asm_(WHOAMI WHOAMI), conf));
	layer_expect(&s, conf, asm_(WHO_ALICE WHO_ALICE));
	client_send(&s.c, frame(&s, asm_("30 1e 020109 77"), conf));
	assert_int_equal(s.c.out.n, s.c.seen);
	client_send(&s.c, frame(&s, asm_("19 80('1.3.6.1.4.1.4203.1.11.3')"), conf));
	layer_expect(&s, conf, asm_(WHO_ALICE));
	s_close(&s);
}

static void integrity(void **state)
{
	layered(INTEGRITY, false);
}

static void privacy(void **state)
{
	layered(PRIVACY, true);
}

static void response_code(struct lw_bytes all, int want)
{
	struct lw_reader r, msg, op;

	lw_reader_init(&r, all);
	lw_reader_init(&msg, ldapd_ber_get(&r, LW_BER_SEQUENCE));
	ldapd_ber_int(&msg, LW_BER_INTEGER);
	lw_reader_init(&op, ldapd_ber_get(&msg, LDAPD_EXTENDED_ANSWER));
	assert_int_equal(ldapd_ber_int(&op, LW_BER_ENUM), want);
	assert_int_equal(r.err | msg.err | op.err, 0);
}

#define PASSMOD(value) "30( 020108 77( 80('1.3.6.1.4.1.4203.1.11.1') 81( 30( " value " ) ) ) )"
#define CHANGED(code)  "30( 020108 78( 0a01" code " 0400 0400 ) )"

/* Whoever stole a ticket hours ago can't make the account theirs; the owner, with the old password, may change it. */
static void a_stolen_ticket(void **state)
{
	struct lw_writer w;
	size_t longest;
	struct sasl s;

	acceptor.ticket_age = 3 * 3600 * LW_SECOND;
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, PRIVACY), 0);
	client_send(&s.c, frame(&s, asm_(PASSMOD("82('the thief, of course')")), true));
	response_code(opened(&s, true, &w, &longest), 50);
	lw_writer_done(&w);
	client_send(&s.c, frame(&s, asm_(PASSMOD("81('alice' 27 's password') 82('the owner is back')")), true));
	layer_expect(&s, true, asm_(CHANGED("00")));
	client_send(&s.c, frame(&s, asm_(PASSMOD("81('the owner is back') 82('another of alice')")), true));
	layer_expect(&s, true, asm_(CHANGED("00")));
	s_close(&s);
	/* fourteen minutes: still as one who is there */
	acceptor.ticket_age = 14 * 60 * LW_SECOND;
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, PRIVACY), 0);
	client_send(&s.c, frame(&s, asm_(PASSMOD("82('yet another of alice')")), true));
	layer_expect(&s, true, asm_(CHANGED("00")));
	s_close(&s);
	acceptor.ticket_age = 0;
}

static void octet_by_octet(void **state)
{
	struct lw_bytes all;
	struct sasl s;

	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, PRIVACY), 0);
	all = frame(&s, asm_(WHOAMI), true);
	s.c.seen = s.c.out.n;
	for (size_t i = 0; i < all.n; i++) {
		assert_int_equal(s.c.out.n, s.c.seen);
		client_queue(&s.c, asm_("%b", (struct lw_bytes){ all.p + i, 1 }));
		client_run(&s.c);
	}
	free((void *)all.p);
	layer_expect(&s, true, asm_(WHO_ALICE));
	s_close(&s);
}

/* More buffers than one step opens, with more requests than one step answers. */
static void many_at_once(void **state)
{
	struct lw_writer w;
	struct sasl s;
	size_t longest, n = 9000, one;
	struct lw_bytes all, want = asm_(WHO_ALICE);

	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	s.c.seen = s.c.out.n;
	for (size_t i = 0; i < n; i++)
		client_queue(&s.c, frame(&s, asm_(WHOAMI), false));
	client_run(&s.c);
	all = opened(&s, false, &w, &longest);
	one = want.n;
	assert_int_equal(all.n, n * one);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(all.p + i * one, want.p, one);
	free((void *)want.p);
	lw_writer_done(&w);
	s_close(&s);
}

/* The client takes no more than 512 octets at a time. */
static void pieces(const char *four, bool conf)
{
	struct lw_writer a, b;
	struct sasl s, t;
	size_t longest;
	const char *search = "30( 020102 63( 04('cn=Subschema') 0a0100 0a0100 020100 020100 010100 "
	                     "87('objectClass') 30( 04('attributeTypes') ) ) )";

	s_open(&s, "203.0.113.9:1");
	s_open(&t, "203.0.113.9:1");
	assert_int_equal(s_login(&s, four), 0);
	assert_int_equal(s_login(&t, NONE), 0);
	client_send(&s.c, frame(&s, asm_(search), conf));
	SEND(&t.c, search);
	opened(&s, conf, &a, &longest);
	lw_writer_init(&b, 1 << 20);
	lw_put_raw(&b, t.c.out.p + t.c.seen, t.c.out.n - t.c.seen);
	assert_true(b.n > 5000);
	assert_true(lw_eq(lw_written(&a), lw_written(&b)));
	assert_true(longest <= 512);
	assert_true(longest > 400);
	lw_writer_done(&a);
	lw_writer_done(&b);
	s_close(&s);
	s_close(&t);
}

static void small_client(void **state)
{
	pieces("\002\000\002\000", false);
	pieces("\004\000\002\000", true);
}

static void disconnected(struct sasl *s, bool conf)
{
	struct lw_writer w;
	struct lw_bytes all;
	size_t longest;

	assert_int_equal(s->c.last, LW_NEXT_CLOSE);
	all = opened(s, conf, &w, &longest);
	assert_true(memmem(all.p, all.n, "1.3.6.1.4.1.1466.20036", 22));
	lw_writer_done(&w);
	s_close(s);
}

static void bad_frames(void **state)
{
	struct lw_bytes one, two;
	struct sasl s;

	/* not sealed at all */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	SEND(&s.c, WHOAMI);
	disconnected(&s, false);
	/* empty; too long, although not all there */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	SEND(&s.c, "00000000");
	disconnected(&s, false);
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	SEND(&s.c, "00010001");
	disconnected(&s, false);
	/* exactly as long as announced is waited for */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	SEND(&s.c, "00010000");
	assert_int_equal(s.c.last, LW_NEXT_READ);
	s_close(&s);
	/* every octet counts */
	for (size_t i = 4; i < 40; i += 5) {
		uint8_t *bent;

		s_open(&s, "203.0.113.9:1");
		assert_int_equal(s_login(&s, PRIVACY), 0);
		one = frame(&s, asm_(WHOAMI), true);
		bent = (uint8_t *)one.p;
		bent[i] ^= 4;
		client_send(&s.c, one);
		disconnected(&s, true);
	}
	/* the same again; and one left out */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	one = frame(&s, asm_(WHOAMI), false);
	two = asm_("%b", one);
	client_send(&s.c, one);
	layer_expect(&s, false, asm_(WHO_ALICE));
	client_send(&s.c, two);
	disconnected(&s, false);
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	one = frame(&s, asm_(WHOAMI), false);
	two = frame(&s, asm_(WHOAMI), false);
	client_send(&s.c, two);
	disconnected(&s, false);
	free((void *)one.p);
	/* signed alone where privacy was agreed */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, PRIVACY), 0);
	client_send(&s.c, frame(&s, asm_(WHOAMI), false));
	disconnected(&s, true);
}

static void authzids(void **state)
{
	static const struct {
		const char *id;
		int code;
	} rows[] = {
		{ "", 0 },
		{ "dn:uid=alice,ou=people,dc=acme,dc=example", 0 },
		{ "dn:UID=Alice, ou=People, dc=ACME,dc=example", 0 },
		{ "u:alice", 0 },
		{ "u:alice@acme.example", 0 },
		{ "u:alice@ACME.EXAMPLE", 0 },
		{ "dn:", 49 },
		{ "u:", 49 },
		{ "alice", 49 },
		{ "x:alice", 49 },
		{ "dn:alice", 49 },
		{ "dn:alice@acme.example", 49 },
		{ "u:uid=alice,ou=people,dc=acme,dc=example", 49 },
		{ "dn:uid=alice,ou=people,dc=acme,dc=example,", 49 },
		{ "u:bob", 49 },
		{ "u:bob@acme.example", 49 },
		{ "dn:uid=bob,ou=people,dc=acme,dc=example", 49 },
		{ "u:admin@beta.example", 49 },
		{ "u:alice@beta.example", 49 },
		{ "u:alice@nowhere.example", 49 },
		{ "u:nobody", 49 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sasl s;

		s_open(&s, "203.0.113.9:1");
		assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
		if (s_choose(&s, INTEGRITY, lw_str(rows[i].id)) != rows[i].code)
			fail_msg("%s: %d", rows[i].id, s.code);
		if (rows[i].code) { /* no layer, nobody */
			SEND(&s.c, WHOAMI);
			EXPECT(&s.c, WHO_NOBODY);
		}
		s_close(&s);
	}
	{ /* a name with something hidden behind a NUL */
		struct sasl s;

		s_open(&s, "203.0.113.9:1");
		assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
		assert_int_equal(s_choose(&s, NONE, LW_LIT("u:alice\0bob")), 49);
		s_close(&s);
	}
}

static void bad_choices(void **state)
{
	static const char *const bad[] = { "\000\000\000\000", "\003\001\000\000", "\006\001\000\000",
		"\010\001\000\000", "\007\001\000\000", "\002\000\000\000", "\004\000\000\020", "\002\000\000\377", "\377\377\377\377" };
	struct lw_bytes sealed;
	struct sasl s;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		s_open(&s, "203.0.113.9:1");
		assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
		if (s_choose(&s, bad[i], nothing) != 49)
			fail_msg("choice %zu: %d", i, s.code);
		SEND(&s.c, WHOAMI);
		EXPECT(&s.c, WHO_NOBODY);
		s_close(&s);
	}
	/* three octets; not wrapped; empty; the negotiation is over then */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	sealed = wrap(&s, LW_LIT("\001\000\000"), false);
	assert_int_equal(s_bind(&s, sealed), 49);
	free((void *)sealed.p);
	s_close(&s);
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	assert_int_equal(s_bind(&s, LW_LIT(NONE)), 49);
	assert_int_equal(s_bind(&s, nothing), 14); /* begins anew */
	assert_int_equal(s.creds.n, 0);
	s_close(&s);
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	assert_int_equal(s_bind(&s, nothing), 49);
	s_close(&s);
}

/* What the client's context can't do is not offered, and not taken either. */
static void offers(void **state)
{
	static const struct {
		OM_uint32 flags;
		const char *offer;
	} rows[] = {
		{ FLAGS & ~GSS_C_CONF_FLAG, "\003\001\000\000" },
		{ FLAGS & ~GSS_C_SEQUENCE_FLAG, "\001\000\000\000" },
		{ FLAGS & ~GSS_C_MUTUAL_FLAG, "\007\001\000\000" }, /* no token comes back: the offer at once */
	};
	struct sasl s;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		s_open(&s, "203.0.113.9:1");
		assert_int_equal(s_start(&s, rows[i].flags, no_bindings), 14);
		assert_memory_equal(s.offer, rows[i].offer, 4);
		assert_int_equal(s_choose(&s, PRIVACY, nothing), i == 2 ? 0 : 49);
		s_close(&s);
	}
}

static void bindings(void **state)
{
	uint8_t wrong[21 + 32], right[21 + 32];
	struct sasl s;

	memcpy(right, "tls-server-end-point:", 21);
	memset(right + 21, 7, 32);
	memcpy(wrong, right, sizeof right);
	wrong[52] ^= 1;
	for (int i = 0; i < 3; i++) {
		struct lw_bytes cb[3] = { { right, sizeof right }, no_bindings, { wrong, sizeof wrong } };

		s_open(&s, "203.0.113.9:1");
		s.c.peer.tls = true;
		memset(s.c.peer.tls_endpoint, 7, 32);
		s.c.peer.tls_endpoint_n = 32;
		assert_int_equal(s_start(&s, FLAGS, cb[i]), i == 2 ? 49 : 14);
		assert_int_equal(acceptor.bindings_n, sizeof right);
		assert_memory_equal(acceptor.bindings, right, sizeof right);
		assert_true(acceptor.confidential);
		if (i == 2) {
			assert_int_equal(s_bind(&s, LW_LIT("x")), 49);
		} else {
			assert_int_equal(s_choose(&s, NONE, nothing), 0);
		}
		s_close(&s);
	}
	/* no TLS: nothing to bind to */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	assert_int_equal(acceptor.bindings_n, 0);
	assert_false(acceptor.confidential);
	s_close(&s);
}

static void refused(void **state)
{
	static const struct {
		int err, code;
	} rows[] = { { LW_EAUTH, 49 }, { LW_EUNAVAIL, 52 }, { LW_EBUSY, 51 }, { LW_ENOMEM, 51 } };
	uint8_t junk[200];
	struct sasl s;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		acceptor.fail = rows[i].err;
		s_open(&s, "203.0.113.9:1");
		if (s_start(&s, FLAGS, no_bindings) != rows[i].code)
			fail_msg("%d: %d", rows[i].err, s.code);
		assert_int_equal(s_bind(&s, LW_LIT("again")), rows[i].code);
		s_close(&s);
	}
	acceptor.fail = 0;
	for (size_t n = 1; n <= sizeof junk; n += 7) {
		s_open(&s, "203.0.113.9:1");
		memset(junk, (int)n, n);
		junk[0] = 0x60;
		assert_int_equal(s_bind(&s, (struct lw_bytes){ junk, n }), 49);
		SEND(&s.c, WHOAMI);
		EXPECT(&s.c, WHO_NOBODY);
		s_close(&s);
	}
	{ /* longer than any ticket: nobody is asked */
		uint8_t *huge = calloc(1, 65537);
		unsigned calls;

		s_open(&s, "127.0.0.1:1");
		assert_int_equal(client_bind(&s.c, ALICE, "alice's password"), 0); /* else the message is too long */
		calls = acceptor.calls;
		assert_int_equal(s_bind(&s, (struct lw_bytes){ huge, 65537 }), 49);
		assert_int_equal(acceptor.calls, calls);
		assert_int_equal(client_bind(&s.c, ALICE, "alice's password"), 0);
		assert_int_equal(s_bind(&s, (struct lw_bytes){ huge, 65536 }), 49);
		assert_int_equal(acceptor.calls, calls + 1);
		s_close(&s);
		free(huge);
	}
}

/* RFC 4511 4.2.1: what breaks a negotiation off. */
static void broken_off(void **state)
{
	gss_buffer_desc token;
	unsigned calls;
	OM_uint32 minor;
	struct sasl s;

	/* no initial response: an empty challenge; none again is no answer to it */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_bind(&s, no_bindings), 14);
	assert_true(s.has_creds);
	assert_int_equal(s.creds.n, 0);
	assert_int_equal(s_login(&s, NONE), 0);
	s_close(&s);
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_bind(&s, no_bindings), 14);
	assert_int_equal(s_bind(&s, no_bindings), 49);
	/* the second step carries something */
	token = first_token(&s, FLAGS, no_bindings);
	assert_int_equal(s_bind(&s, (struct lw_bytes){ token.value, token.length }), 14);
	assert_int_equal(s_bind(&s, LW_LIT("x")), 49);
	gss_release_buffer(&minor, &token);
	s_close(&s);
	/* another request, another mechanism, a simple bind */
	for (int i = 0; i < 4; i++) {
		s_open(&s, "127.0.0.1:1");
		assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
		calls = acceptor.calls;
		if (i == 0) {
			SEND(&s.c, WHOAMI);
			EXPECT(&s.c, WHO_NOBODY);
		} else if (i == 1) {
			SEND(&s.c, "30( 020107 60( 020103 0400 a3( 0400 ) ) )");
			assert_int_equal(client_code(&s.c), 7);
		} else if (i == 2) {
			SEND(&s.c, "30( 020107 60( 020103 0400 a3( 04('EXTERNAL') ) ) )");
			assert_int_equal(client_code(&s.c), 7);
		} else {
			assert_int_equal(client_bind(&s.c, ALICE, "wrong"), 49);
		}
		assert_int_equal(s_choose(&s, NONE, nothing), 49); /* taken for a first token */
		assert_int_equal(acceptor.calls, calls + 1);
		s_close(&s);
	}
}

static void bind_inside(void **state)
{
	struct sasl s, t;
	struct lw_bytes pdu;
	struct lw_writer w;
	size_t longest;

	/* a simple bind: answered under the layer, which stays */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, PRIVACY), 0);
	client_send(&s.c, frame(&s,
	                          asm_("30( 020101 60( 020103 04( %b ) 80('bob' 27 's password') ) )",
	                                  lw_str(BOB)),
	                          true));
	layer_expect(&s, true, asm_("30( 020101 61( 0a0100 0400 0400 ) )"));
	client_send(&s.c, frame(&s, asm_(WHOAMI), true));
	layer_expect(&s, true, asm_(WHO("dn:uid=bob,ou=people,dc=acme,dc=example")));
	s_close(&s);
	/* no password may travel far where one could read along */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, INTEGRITY), 0);
	client_send(&s.c, frame(&s,
	                          asm_("30( 020101 60( 020103 04( %b ) 80('bob' 27 's password') ) )",
	                                  lw_str(BOB)),
	                          false));
	response(&s, opened(&s, false, &w, &longest));
	lw_writer_done(&w);
	assert_int_equal(s.code, 13);
	/* StartTLS under a layer */
	client_send(&s.c, frame(&s, asm_("30( 020103 77( 80('1.3.6.1.4.1.1466.20037') ) )"), false));
	layer_expect(&s, false, asm_("30( 020103 78( 0a0101 0400 0400 8a('1.3.6.1.4.1.1466.20037') ) )"));
	s_close(&s);
	/* GSSAPI again: its answer comes under the old layer, what follows under the new */
	for (int i = 0; i < 2; i++) {
		gss_buffer_desc token, more;
		struct lw_bytes clear, got;
		OM_uint32 minor;
		struct sasl *now = i ? &s : &t;
		struct lw_writer offer;
		int conf;

		s_open(&s, "203.0.113.9:1");
		memset(&t, 0, sizeof t);
		assert_int_equal(s_login(&s, INTEGRITY), 0);
		token = first_token(&t, FLAGS, no_bindings);
		client_send(&s.c, frame(&s, bind_pdu((struct lw_bytes){ token.value, token.length }), false));
		gss_release_buffer(&minor, &token);
		got = opened(&s, false, &w, &longest);
		response(&t, got);
		assert_int_equal(t.code, 14);
		assert_int_equal(forge_step(&forge, &t.ctx, FLAGS, no_bindings, t.creds, &more), GSS_S_COMPLETE);
		lw_writer_done(&w);
		client_send(&s.c, frame(&s, bind_pdu(nothing), false));
		response(&t, opened(&s, false, &w, &longest));
		assert_int_equal(t.code, 14);
		lw_writer_init(&offer, 4);
		unwrap(&t, t.creds, &offer, &conf);
		lw_writer_done(&offer);
		lw_writer_done(&w);
		clear = i ? LW_LIT(NONE) : LW_LIT(PRIVACY);
		pdu = wrap(&t, clear, false);
		client_send(&s.c, frame(&s, bind_pdu(pdu), false));
		free((void *)pdu.p);
		response(&t, opened(&s, false, &w, &longest));
		assert_int_equal(t.code, 0);
		lw_writer_done(&w);
		/* no new layer chosen: the old one stays (RFC 4422 3.7) */
		client_send(&s.c, frame(now, asm_(WHOAMI), !i));
		t.c = s.c;
		layer_expect(now, !i, asm_(WHO_ALICE));
		s_close(&s);
		gss_delete_sec_context(&minor, &t.ctx, GSS_C_NO_BUFFER);
	}
}

/* What was sent right behind the last bind request was sent too early: it must not count as sealed. */
static void pipelined(void **state)
{
	struct lw_bytes sealed;
	struct sasl s;

	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	sealed = wrap(&s, LW_LIT(PRIVACY), false);
	s.c.seen = s.c.out.n;
	client_queue(&s.c, bind_pdu(sealed));
	client_queue(&s.c, asm_(WHOAMI));
	client_run(&s.c);
	free((void *)sealed.p);
	assert_int_equal(s.c.last, LW_NEXT_CLOSE);
	assert_false(client_saw(&s.c, "alice"));
	s_close(&s);
	/* one that was sealed well is taken */
	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_start(&s, FLAGS, no_bindings), 14);
	sealed = wrap(&s, LW_LIT(PRIVACY), false);
	s.c.seen = s.c.out.n;
	client_queue(&s.c, bind_pdu(sealed));
	client_queue(&s.c, frame(&s, asm_(WHOAMI), true));
	free((void *)sealed.p);
	client_run(&s.c);
	{
		struct lw_bytes bound = asm_("30( 020107 61( 0a0100 0400 0400 ) )");

		assert_memory_equal(s.c.out.p + s.c.seen, bound.p, bound.n);
		s.c.seen += bound.n;
		free((void *)bound.p);
	}
	layer_expect(&s, true, asm_(WHO_ALICE));
	s_close(&s);
}

static void farewell(void **state)
{
	struct sasl s;

	s_open(&s, "203.0.113.9:1");
	assert_int_equal(s_login(&s, PRIVACY), 0);
	s.c.seen = s.c.out.n;
	s.c.last = LW_NEXT_CLOSE;
	ldapd_proto.farewell(s.c.conn, &s.c.out);
	disconnected(&s, true);
}

/* Octets as they come on the wire. */
static void frames(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		int err;
		size_t eaten;
	} rows[] = {
		{ "", 0, LW_EAGAIN, 0 },
		{ "\0\0\0", 3, LW_EAGAIN, 0 },
		{ "\0\0\0\0", 4, LW_EINVAL, 0 },
		{ "\0\0\0\1", 4, LW_EAGAIN, 0 },
		{ "\0\0\0\1x", 5, LW_OK, 5 },
		{ "\0\0\0\2xyz", 7, LW_OK, 6 },
		{ "\0\1\0\0x", 5, LW_EAGAIN, 0 },
		{ "\0\1\0\1x", 5, LW_ELIMIT, 0 },
		{ "\377\377\377\377", 4, LW_ELIMIT, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lw_bytes got = { NULL, 0 };
		struct lw_reader r;

		lw_reader_init(&r, (struct lw_bytes){ (const uint8_t *)rows[i].in, rows[i].n });
		assert_int_equal(ldapd_layer_frame(&r, &got), rows[i].err);
		assert_int_equal(r.p - (const uint8_t *)rows[i].in, rows[i].eaten);
		assert_int_equal(got.n, rows[i].err ? 0 : rows[i].eaten - 4);
	}
}

static int setup(void **state)
{
	int r;

	forge_environment();
	ticket.key = (struct lw_bytes){ key32, 32 };
	rig_options.accept = accept_it;
	rig_options.accept_ctx = &acceptor;
	r = rig_setup(state);
	forge_init(&forge, &ticket);
	acceptor.cred = forge_acceptor(&forge, &ticket, "MEMORY:ldap");
	return r;
}

static int teardown(void **state)
{
	OM_uint32 minor;

	gss_release_cred(&minor, &acceptor.cred);
	forge_done(&forge);
	return rig_teardown(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(offered_with_the_hook_alone),
		cmocka_unit_test(no_layer),
		cmocka_unit_test(integrity),
		cmocka_unit_test(privacy),
		cmocka_unit_test(octet_by_octet),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(small_client),
		cmocka_unit_test(bad_frames),
		cmocka_unit_test(authzids),
		cmocka_unit_test(bad_choices),
		cmocka_unit_test(offers),
		cmocka_unit_test(bindings),
		cmocka_unit_test(refused),
		cmocka_unit_test(broken_off),
		cmocka_unit_test(bind_inside),
		cmocka_unit_test(pipelined),
		cmocka_unit_test(farewell),
		cmocka_unit_test(a_stolen_ticket), /* last: alice has another password then */
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
