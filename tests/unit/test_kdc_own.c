/* SPDX-License-Identifier: Apache-2.0 */
/* GSS-API accepted by the KDC for other roles: libgssapi is the client, and takes part in the context that comes out. */
#include "tests/unit/own_fix.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/ldap_asm.h"

#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_REPLAY_FLAG | GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG)

static struct lw_bytes token_of(struct forge *f, gss_ctx_id_t *ctx, OM_uint32 flags, struct lw_bytes bindings)
{
	gss_buffer_desc t = GSS_C_EMPTY_BUFFER;
	struct lw_bytes got;
	OM_uint32 minor;

	assert_false(GSS_ERROR(forge_step(f, ctx, flags, bindings, nothing, &t)));
	got = lw_dup(arena, (struct lw_bytes){ t.value, t.length });
	gss_release_buffer(&minor, &t);
	return got;
}

/* The code of the KRB-ERROR in a token; -1: there is none. */
static int error_of(struct lw_bytes token)
{
	static const uint8_t head[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x03, 0x00 };
	const uint8_t *p = token.n ? memmem(token.p, token.n, head, sizeof head) : NULL;
	struct krb_error e;

	if (!p || token.p[0] != 0x60)
		return -1;
	p += sizeof head;
	return krb_get_error((struct lw_bytes){ p, (size_t)(token.p + token.n - p) }, &e) ? -1 : e.code;
}

static int accept_token(struct lw_bytes token, struct lw_bytes bindings, struct kdc_accepted *ret)
{
	struct kdc_accept q = { .service = "ldap", .token = token, .bindings = bindings, .role = LW_ROLE_DIRECTORY };

	memset(ret, 0, sizeof *ret);
	return kdc_accept(kdc, &q, arena, ret);
}

/* Only a ticket of the tenant that was asked for, in any spelling. */
static void of_one_tenant(void **state)
{
	static const struct {
		const char *tenant;
		int err;
	} rows[] = { { "acme.example", LW_OK }, { "ACME.Example", LW_OK }, { "", LW_OK }, { "beta.example", LW_EAUTH }, { "example", LW_EAUTH },
		{ "acme.example.x", LW_EAUTH }, { "-", LW_EAUTH } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask ask = { 0 };
		gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
		struct kdc_accept q = { .service = "ldap", .tenant = lw_str(rows[i].tenant), .role = LW_ROLE_WEB };
		struct kdc_accepted got = { 0 };
		struct forge f;
		OM_uint32 minor;

		forge_ask(&ask, &f);
		q.token = token_of(&f, &ctx, FLAGS, none);
		assert_int_equal(kdc_accept(kdc, &q, arena, &got), rows[i].err);
		assert_int_equal(got.cap.n > 0, rows[i].err == LW_OK);
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
		forge_done(&f);
	}
}

/* RFC 4178: libgssapi negotiates; what comes back completes its context. A bare Kerberos token goes too, for HTTP as for LDAP; SPNEGO for HTTP alone. */
static void negotiated(void **state)
{
	static const struct {
		const char *service;
		bool spnego;
		int err;
	} rows[] = { { "HTTP", true, LW_OK }, { "HTTP", false, LW_OK }, { "ldap", true, LW_EAUTH } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask ask = { .service = rows[i].service };
		gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
		struct kdc_accept q = { .service = rows[i].service, .role = LW_ROLE_WEB };
		struct kdc_accepted got = { 0 };
		gss_buffer_desc more = GSS_C_EMPTY_BUFFER;
		struct forge f;
		OM_uint32 minor;

		forge_ask(&ask, &f);
		if (rows[i].spnego)
			forge_spnego(&f);
		q.token = token_of(&f, &ctx, FLAGS, none);
		assert_int_equal(kdc_accept(kdc, &q, arena, &got), rows[i].err);
		assert_int_equal(got.cap.n > 0, rows[i].err == LW_OK);
		if (rows[i].err == LW_OK) {
			assert_true(lw_uuid_eq(&got.subject, &acme.alice));
			assert_int_equal(forge_step(&f, &ctx, FLAGS, none, got.token, &more), GSS_S_COMPLETE);
			/* the same once more: a replay, said in the client's own words */
			assert_int_equal(kdc_accept(kdc, &q, arena, &got), LW_EAUTH);
			assert_int_equal(got.token.p[0], rows[i].spnego ? 0xa1 : 0x60);
		}
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
		forge_done(&f);
	}
}

/* 0: accepted; else the code of the KRB-ERROR that came, or -1 when none did. */
static int accept_ask(const struct ask *a)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	struct kdc_accepted got;
	struct forge f;
	OM_uint32 minor;
	int err;

	forge_ask(a, &f);
	err = accept_token(token_of(&f, &ctx, FLAGS, none), none, &got);
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	forge_done(&f);
	if (err == LW_OK)
		return 0;
	assert_int_equal(err, LW_EAUTH);
	assert_int_equal(got.context.n + got.cap.n, 0);
	return error_of(got.token);
}

/* What came out is a context that the client can talk to, and a capability for who it is. */
static void accepted(void **state)
{
	static const int etypes[] = { 20, 19, 18, 17 };

	for (int i = 0; i < 4; i++) {
		gss_ctx_id_t ctx = GSS_C_NO_CONTEXT, mine = GSS_C_NO_CONTEXT;
		gss_buffer_desc more = GSS_C_EMPTY_BUFFER, in, out, clear;
		struct kdc_accepted got;
		struct lw_cap cap;
		struct forge f;
		OM_uint32 minor;
		int conf;

		forge_ask(&(struct ask){ .etype = etypes[i] }, &f);
		assert_int_equal(accept_token(token_of(&f, &ctx, FLAGS, none), none, &got), LW_OK);
		assert_int_equal(forge_step(&f, &ctx, FLAGS, none, got.token, &more), GSS_S_COMPLETE);
		in = (gss_buffer_desc){ got.context.n, (void *)got.context.p };
		assert_int_equal(gss_import_sec_context(&minor, &in, &mine), GSS_S_COMPLETE);
		in = (gss_buffer_desc){ 5, (void *)"hello" };
		assert_int_equal(gss_wrap(&minor, ctx, 1, GSS_C_QOP_DEFAULT, &in, &conf, &out), GSS_S_COMPLETE);
		assert_int_equal(gss_unwrap(&minor, mine, &out, &clear, &conf, NULL), GSS_S_COMPLETE);
		assert_int_equal(clear.length, 5);
		assert_memory_equal(clear.value, "hello", 5);
		gss_release_buffer(&minor, &out);
		gss_release_buffer(&minor, &clear);
		assert_int_equal(got.tenant, 1);
		assert_true(lw_uuid_eq(&got.subject, &acme.alice));
		assert_false(got.bound);
		assert_int_equal(keys_check(rig.keys, (struct lw_bytes){ got.cap.b, got.cap.n }, &cap), LW_OK);
		assert_true(lw_uuid_eq(&cap.subject, &acme.alice));
		assert_true(lw_uuid_eq(&cap.tenant_uuid, &acme.tenant));
		assert_int_equal(cap.methods, LW_CAP_KERBEROS);
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
		gss_delete_sec_context(&minor, &mine, GSS_C_NO_BUFFER);
		forge_done(&f);
	}
}

static void refused(void **state)
{
	const struct {
		const char *what;
		struct ask ask;
		int code;
	} rows[] = {
		{ "good", { 0 }, 0 },
		{ "another spelling of the host", { .host = "LWD.acme.EXAMPLE" }, 0 },
		{ "another host", { .host = "elsewhere.acme.example" }, 35 },
		{ "for HTTP", { .service = "HTTP" }, 35 },
		{ "for HTTP with the key of ldap", { .service = "HTTP", .derive = "ldap" }, 35 },
		{ "with the key of HTTP", { .derive = "HTTP" }, 31 },
		{ "with the krbtgt's key itself", { .krbtgt = true }, 31 },
		{ "for kpasswd", { .service = "kadmin", .host = "changepw" }, 35 },
		{ "a TGT", { .service = "krbtgt", .host = "ACME.EXAMPLE", .krbtgt = true }, 35 },
		{ "for alice", { .service = "alice", .host = NULL, .derive = "ldap" }, 35 },
		{ "another key", { .bad_key = true }, 31 },
		{ "a key version that is not", { .kvno = 77 }, 44 },
		{ "expired", { .from_now = -7200 }, 32 },
		{ "not yet", { .from_now = 1200 }, 33 },
		{ "within the skew", { .from_now = 200 }, 0 },
		{ "invalid", { .flags = KRB_INVALID }, 33 },
		{ "without private data", { .no_ad = true }, 31 },
		{ "bob's UUID under alice's name", { .uuid = &acme.bob }, 20 },
		{ "nobody's name", { .client = "carol" }, 20 },
		{ "another tenant in it", { .tenant = &beta.tenant }, 35 },
		{ "beta's", { .of = &beta, .realm = "BETA.EXAMPLE", .client = "admin", .uuid = &beta.admin }, 0 },
		{ "beta's key in acme's realm", { .of = &beta, .client = "alice", .uuid = &acme.alice, .tenant = &acme.tenant }, 31 },
		{ "acme's client in beta's realm", { .of = &beta, .realm = "BETA.EXAMPLE", .client = "alice", .uuid = &acme.alice }, 20 },
		{ "a realm that is not", { .realm = "GAMMA.EXAMPLE" }, 35 },
		{ "a realm in lower case", { .realm = "acme.example" }, 35 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int code = accept_ask(&rows[i].ask);

		if (code != rows[i].code)
			fail_msg("%s: %d, not %d", rows[i].what, code, rows[i].code);
	}
}

static void replayed(void **state)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	struct kdc_accepted got;
	struct lw_bytes token;
	struct forge f;
	OM_uint32 minor;

	forge_ask(&(struct ask){ 0 }, &f);
	token = token_of(&f, &ctx, FLAGS, none);
	assert_int_equal(accept_token(token, none, &got), LW_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(accept_token(token, none, &got), LW_EAUTH);
		assert_int_equal(error_of(got.token), 34);
	}
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	forge_done(&f);
}

/* Eight threads show the same forty tokens at once: each token is accepted once. */
#define THREADS 8
#define TOKENS  40
static struct lw_bytes shared[TOKENS];
static _Atomic unsigned won[TOKENS], lost;

static void *show_all(void *arg)
{
	struct lw_arena *a = lw_arena_new(8u << 20, true);
	size_t from = (size_t)arg * TOKENS / THREADS;

	for (size_t i = 0; i < TOKENS; i++) {
		size_t k = (from + i) % TOKENS;
		struct kdc_accept q = { .service = "ldap", .token = shared[k], .role = LW_ROLE_DIRECTORY };
		struct kdc_accepted got = { 0 };

		if (kdc_accept(kdc, &q, a, &got) == LW_OK && lw_uuid_eq(&got.subject, &acme.alice))
			atomic_fetch_add(&won[k], 1);
		else if (error_of(got.token) == 34)
			atomic_fetch_add(&lost, 1);
	}
	lw_arena_free(a);
	return NULL;
}

static void at_once(void **state)
{
	gss_ctx_id_t ctx[TOKENS] = { GSS_C_NO_CONTEXT };
	pthread_t t[THREADS];
	struct forge f;
	OM_uint32 minor;

	forge_ask(&(struct ask){ 0 }, &f);
	for (size_t i = 0; i < TOKENS; i++)
		shared[i] = token_of(&f, &ctx[i], FLAGS, none);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, show_all, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (size_t i = 0; i < TOKENS; i++) {
		assert_int_equal(atomic_load(&won[i]), 1);
		gss_delete_sec_context(&minor, &ctx[i], GSS_C_NO_BUFFER);
	}
	assert_int_equal(atomic_load(&lost), (THREADS - 1) * TOKENS);
	forge_done(&f);
}

static void bindings(void **state)
{
	const struct {
		struct lw_bytes client, here;
		int err;
		bool bound;
	} rows[] = {
		{ LW_LIT("tls-server-end-point:one"), LW_LIT("tls-server-end-point:one"), LW_OK, true },
		{ LW_LIT("tls-server-end-point:one"), LW_LIT("tls-server-end-point:two"), LW_EAUTH, false },
		{ { NULL, 0 }, LW_LIT("tls-server-end-point:two"), LW_OK, false },
		{ { NULL, 0 }, { NULL, 0 }, LW_OK, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
		struct kdc_accepted got;
		struct forge f;
		OM_uint32 minor;

		forge_ask(&(struct ask){ 0 }, &f);
		assert_int_equal(accept_token(token_of(&f, &ctx, FLAGS, rows[i].client), rows[i].here, &got), rows[i].err);
		assert_int_equal(got.bound, rows[i].bound);
		if (rows[i].err)
			assert_int_equal(got.context.n + got.cap.n, 0);
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
		forge_done(&f);
	}
}

/* Every prefix, and every octet changed: refused, or (where the change means nothing) accepted as the one it is. */
static void damaged(void **state)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	struct kdc_accepted got;
	struct lw_bytes token;
	uint8_t *bent;
	struct forge f;
	OM_uint32 minor;

	forge_ask(&(struct ask){ 0 }, &f);
	token = token_of(&f, &ctx, FLAGS, none);
	for (size_t n = 0; n < token.n; n++) {
		struct lw_bytes part = { malloc(n + 1), n };

		memcpy((void *)part.p, token.p, n);
		assert_int_equal(accept_token(part, none, &got), LW_EAUTH);
		free((void *)part.p);
	}
	bent = malloc(token.n);
	for (size_t i = 0; i < token.n; i += i < 120 ? 1 : 7) {
		memcpy(bent, token.p, token.n);
		bent[i] ^= 0x10;
		if (accept_token((struct lw_bytes){ bent, token.n }, none, &got) == LW_OK)
			assert_true(lw_uuid_eq(&got.subject, &acme.alice));
	}
	free(bent);
	/* two tokens' worth of talk is not for us */
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	token = token_of(&f, &ctx, FLAGS | GSS_C_DCE_STYLE, none);
	assert_int_equal(accept_token(token, none, &got), LW_EAUTH);
	assert_int_equal(got.context.n + got.cap.n, 0);
	gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	forge_done(&f);
}

/* Lines in the log about n tokens that are none. */
static unsigned lines_about(unsigned n)
{
	FILE *log = tmpfile();
	int was = dup(STDERR_FILENO), c;
	struct kdc_accepted got;
	unsigned lines = 0;

	assert_non_null(log);
	fflush(stderr);
	assert_true(was >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
	lw_log_level(LW_INFO);
	while (n--)
		accept_token(LW_LIT("no token"), none, &got);
	lw_log_level(LW_ERROR);
	dup2(was, STDERR_FILENO);
	close(was);
	rewind(log);
	while ((c = getc(log)) != EOF)
		lines += c == '\n';
	fclose(log);
	return lines;
}

/* Whoever has no ticket can't fill the log: fifty lines a second. */
static void log_flood(void **state)
{
	rig.clock.test_wall += LW_SECOND;
	assert_int_equal(lines_about(1), 1);
	assert_int_equal(lines_about(200), 49);
	assert_int_equal(lines_about(10), 0);
	rig.clock.test_wall += LW_SECOND;
	assert_int_equal(lines_about(2), 2);
}

static void unframed(void **state)
{
	static const struct {
		const char *hex;
		int n;
	} rows[] = {
		{ "60( 0609 2a864886f712010202 0100 6e00 )", 2 },
		{ "60( 0609 2a864886f712010202 0100 )", -1 },
		{ "60( 0609 2a864886f712010202 0200 6e00 )", -1 },
		{ "60( 0609 2a864886f712010203 0100 6e00 )", -1 },
		{ "60( 0606 2b0601050502 0100 6e00 )", -1 },
		{ "60( 0609 2a864886f712010202 0100 6e00 ) 00", -1 },
		{ "6e00", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lw_bytes in = asm_(rows[i].hex), got = none;

		assert_int_equal(kdc_gss_unframe(in, &got), rows[i].n < 0 ? LW_EINVAL : LW_OK);
		assert_int_equal((int)got.n, rows[i].n < 0 ? 0 : rows[i].n);
		free((void *)in.p);
	}
}

/* Whoever is disabled gets nothing, from the next request on. */
static void disabled(void **state)
{
	assert_int_equal(accept_ask(&(struct ask){ .client = "bob", .uuid = &acme.bob }), 0);
	disable_bob();
	assert_int_equal(accept_ask(&(struct ask){ .client = "bob", .uuid = &acme.bob }), 18);
}

static int setup(void **state)
{
	return own_setup(state, NULL, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unframed),
		cmocka_unit_test(accepted),
		cmocka_unit_test(of_one_tenant),
		cmocka_unit_test(negotiated),
		cmocka_unit_test(refused),
		cmocka_unit_test(replayed),
		cmocka_unit_test(at_once),
		cmocka_unit_test(bindings),
		cmocka_unit_test(damaged),
		cmocka_unit_test(log_flood),
		cmocka_unit_test(disabled),
	};

	return cmocka_run_group_tests(tests, setup, own_teardown);
}
