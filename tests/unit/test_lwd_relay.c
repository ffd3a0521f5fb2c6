/* SPDX-License-Identifier: Apache-2.0 */
/* What kdc and directory ask each other: the messages, who may ask what, and what the answering side does with it. keyd, store and
 * KDC are fakes that keep what they were told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/sock.h"
#include "keys/issue.h"
#include "lwd/relay.h"
#include "tests/unit/audit_run.h"

/* ---- the fakes ---- */

static struct {
	int check_err, write_err, accept_err, store_err;
	uint32_t cap_tenant;
	enum lw_role_id checked_for;
	char token[300];
	bool confidential, freed;
	struct store_op op;
	uint8_t sealed[3][16];
	struct kdc_accept accept;
	char service[16], bindings[64], tenant[64];
	unsigned writes, accepts, controls, wants, audits;
	enum keys_kind kind;
	int adopt_err, control_err;
	char addr[64], request[64];
} fake;
static char session_stub;

int keys_check_forwarded(struct keys *k, struct lw_bytes token, enum lw_role_id minted_for, struct lw_cap *ret)
{
	snprintf(fake.token, sizeof(fake.token), "%.*s", (int)token.n, (const char *)token.p);
	fake.checked_for = minted_for;
	memset(ret, 0, sizeof(*ret));
	ret->tenant = fake.cap_tenant;
	return fake.check_err;
}

int keys_adopt(struct keys *k, struct lw_bytes token, enum lw_role_id minted_for, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	snprintf(fake.token, sizeof(fake.token), "%.*s", (int)token.n, (const char *)token.p);
	fake.checked_for = minted_for;
	memset(ret_cap, 0, sizeof(*ret_cap));
	ret_cap->tenant = fake.cap_tenant;
	memcpy(ret_token->b, "adopted", 7);
	ret_token->n = 7;
	return fake.adopt_err;
}

static int control(void *ctx, const struct keys_token *token, const struct lw_cap *cap, const struct relay_control *q, struct lw_writer *out)
{
	fake.controls++;
	assert_int_equal(token->n, 7);
	assert_memory_equal(token->b, "adopted", 7);
	assert_int_equal(cap->tenant, fake.cap_tenant);
	snprintf(fake.addr, sizeof(fake.addr), "%s", q->addr);
	snprintf(fake.request, sizeof(fake.request), "%.*s", (int)q->request.n, (const char *)q->request.p);
	if (fake.control_err == LW_OK)
		lw_put_bytes(out, LW_LIT("items and an end"));
	return fake.control_err;
}

static int audit(void *ctx, struct lw_arena *arena, enum lw_role_id from, struct lw_bytes records)
{
	fake.audits++;
	fake.checked_for = from;
	snprintf(fake.request, sizeof(fake.request), "%zu", records.n);
	return fake.store_err;
}

static int want(void *ctx, struct lw_arena *arena, const struct relay_want *q)
{
	fake.wants++;
	fake.kind = q->kind;
	snprintf(fake.tenant, sizeof(fake.tenant), "%.*s", (int)q->tenant.n, (const char *)q->tenant.p);
	return fake.store_err;
}

int store_session_cap(struct store *s, const struct lw_cap *cap, struct lw_session **ret)
{
	*ret = (struct lw_session *)&session_stub;
	return LW_OK;
}

int store_tenant_by_id(struct store *s, struct lw_arena *arena, uint32_t id, struct store_tenant *ret)
{
	return fake.store_err;
}

void store_session_source(struct lw_session *s, enum lw_audit_protocol protocol, const char *addr)
{
}

void store_session_channel(struct lw_session *s, bool confidential)
{
	fake.confidential = confidential;
}

void store_session_free(struct lw_session *s)
{
	fake.freed = s == (struct lw_session *)&session_stub;
}

int store_write(struct lw_session *s, const struct store_op *op, struct store_result *ret)
{
	fake.writes++;
	fake.op = *op;
	for (size_t i = 0; i < op->nsecrets && i < 3; i++)
		memcpy(fake.sealed[i], op->secrets[i].sealed.p, op->secrets[i].sealed.n);
	snprintf(ret->text, sizeof(ret->text), "written");
	return fake.write_err;
}

int kdc_accept(struct kdc_server *s, const struct kdc_accept *q, struct lw_arena *arena, struct kdc_accepted *ret)
{
	fake.accepts++;
	fake.accept = *q;
	snprintf(fake.service, sizeof(fake.service), "%s", q->service);
	snprintf(fake.bindings, sizeof(fake.bindings), "%.*s", (int)q->bindings.n, (const char *)q->bindings.p);
	snprintf(fake.tenant, sizeof(fake.tenant), "%.*s", (int)q->tenant.n, (const char *)q->tenant.p);
	ret->token = lw_dup(arena, fake.accept_err == LW_OK ? LW_LIT("for the client") : LW_LIT("what was wrong"));
	ret->context = lw_dup(arena, LW_LIT("exported"));
	memcpy(ret->cap.b, "capability", 10);
	ret->cap.n = 10;
	ret->subject = (struct lw_uuid){ { 1, 2, 3 } };
	ret->tenant = 77;
	ret->bound = q->bindings.n > 0;
	return fake.accept_err;
}

/* ---- the two roles, joined by a real channel ---- */

struct side {
	struct relay_server server;
	enum lw_role_id from;
	int fds[2];
	struct lw_chan *chan;
	pthread_t thread;
	bool busy;
};

static void handle(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	struct side *s = ctx;

	if (s->busy)
		relay_busy(request, answer);
	else
		relay_handle(&s->server, s->from, request, answer);
}

static void *serve(void *arg)
{
	struct side *s = arg;

	lw_chan_serve(s->fds[0], 2, 8, handle, handle, s);
	return NULL;
}

static void up(struct side *s, enum lw_role_id me, enum lw_role_id from)
{
	*s = (struct side){ .server = { .me = me, .control = control, .want = want, .audit = audit }, .from = from };
	memset(&fake, 0, sizeof(fake));
	fake.cap_tenant = 7;
	assert_int_equal(lw_sock_pair(SOCK_STREAM, s->fds), LW_OK);
	s->chan = lw_chan_new("the other");
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	lw_chan_connect(s->chan, s->fds[1]);
}

static void down(struct side *s)
{
	shutdown(s->fds[0], SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fds[0]);
	lw_chan_free(s->chan);
}

static struct store_sealed_item items[RELAY_MAX_ITEMS + 1] = {
	{ 400, STORE_SECRET_PASSWORD, 3, { (const uint8_t *)"first", 5 } },
	{ 401, STORE_SECRET_KERBEROS, 4, { (const uint8_t *)"second one", 10 } },
};

static struct kdc_secret secret(void)
{
	return (struct kdc_secret){ .token = LW_LIT("a token"),
		.tenant = 7,
		.target = { { 9, 8, 7 } },
		.expect_version = 41,
		.old_proved = true,
		.items = items,
		.nitems = 2 };
}

/* ---- tests ---- */

static void a_password_is_written(void **state)
{
	struct kdc_secret k = secret();
	struct side s;
	char text[200] = "";

	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_KDC);
	assert_int_equal(relay_set_secret(s.chan, &k, text), LW_OK);
	assert_string_equal(text, "written");
	assert_string_equal(fake.token, "a token");
	assert_int_equal(fake.checked_for, LW_ROLE_KDC);
	assert_true(fake.confidential && fake.freed);
	assert_int_equal(fake.op.kind, STORE_SET_SECRET);
	assert_memory_equal(fake.op.uuid.b, k.target.b, 16);
	assert_int_equal(fake.op.expect_version, 41);
	assert_true(fake.op.old_password_proved);
	assert_int_equal(fake.op.nsecrets, 2);
	assert_memory_equal(fake.sealed[0], "first", 5);
	assert_memory_equal(fake.sealed[1], "second one", 10);
	/* what the writer says comes back */
	fake.write_err = LW_EACCES;
	k.old_proved = false;
	assert_int_equal(relay_set_secret(s.chan, &k, text), LW_EACCES);
	assert_false(fake.op.old_password_proved);
	down(&s);
}

static void and_no_other(void **state)
{
	struct kdc_secret k = secret();
	struct side s;
	char text[200] = "";

	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_KDC);
	fake.check_err = LW_EEXPIRED; /* keyd does not know the token */
	assert_int_equal(relay_set_secret(s.chan, &k, text), LW_EEXPIRED);
	fake.check_err = LW_OK;
	fake.cap_tenant = 8; /* a capability in another tenant */
	assert_int_equal(relay_set_secret(s.chan, &k, text), LW_EACCES);
	k.nitems = RELAY_MAX_ITEMS + 1;
	assert_int_equal(relay_set_secret(s.chan, &k, text), LW_ELIMIT);
	assert_int_equal(fake.writes, 0);
	down(&s);
}

static void a_token_is_accepted(void **state)
{
	struct lw_arena *arena = lw_arena_new(1 << 20, true);
	struct kdc_accept q = { .service = "ldap",
		.token = LW_LIT("AP-REQ"),
		.bindings = LW_LIT("tls-server-end-point:x"),
		.confidential = true,
		.tenant = LW_LIT("acme.example"),
		.role = LW_ROLE_DIRECTORY };
	struct kdc_accepted got;
	struct side s;

	up(&s, LW_ROLE_KDC, LW_ROLE_DIRECTORY);
	assert_int_equal(relay_ping(s.chan), LW_OK);
	assert_int_equal(relay_accept(s.chan, &q, arena, &got), LW_OK);
	assert_string_equal(fake.service, "ldap");
	assert_string_equal(fake.bindings, "tls-server-end-point:x");
	assert_string_equal(fake.tenant, "acme.example");
	assert_true(fake.accept.confidential);
	assert_int_equal(fake.accept.role, LW_ROLE_DIRECTORY);
	assert_true(lw_eq(got.token, LW_LIT("for the client")));
	assert_true(lw_eq(got.context, LW_LIT("exported")));
	assert_int_equal(got.cap.n, 10);
	assert_memory_equal(got.cap.b, "capability", 10);
	assert_int_equal(got.subject.b[2], 3);
	assert_int_equal(got.tenant, 77);
	assert_true(got.bound);
	/* refused: a token for the client, and nothing else */
	fake.accept_err = LW_EAUTH;
	assert_int_equal(relay_accept(s.chan, &q, arena, &got), LW_EAUTH);
	assert_true(lw_eq(got.token, LW_LIT("what was wrong")));
	assert_int_equal(got.context.n, 0);
	assert_int_equal(got.cap.n, 0);
	assert_true(lw_uuid_zero(&got.subject));
	/* too busy */
	s.busy = true;
	assert_int_equal(relay_accept(s.chan, &q, arena, &got), LW_EBUSY);
	assert_int_equal(relay_ping(s.chan), LW_EBUSY);
	down(&s);
	lw_arena_free(arena);
}

static void a_verb_is_run(void **state)
{
	struct relay_control q = { .token = LW_LIT("web's token"), .addr = "192.0.2.7", .request = LW_LIT("a request") };
	struct lw_arena *arena = lw_arena_new(1 << 20, true);
	struct lw_bytes got = { 0 };
	struct side s;

	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_WEB);
	assert_int_equal(relay_control(s.chan, &q, arena, &got), LW_OK);
	assert_true(lw_eq(got, LW_LIT("items and an end")));
	assert_string_equal(fake.token, "web's token");
	assert_int_equal(fake.checked_for, LW_ROLE_WEB);
	assert_string_equal(fake.addr, "192.0.2.7");
	assert_string_equal(fake.request, "a request");
	/* the session is refused */
	fake.control_err = LW_EREVOKED;
	assert_int_equal(relay_control(s.chan, &q, arena, &got), LW_EREVOKED);
	assert_int_equal(fake.controls, 2);
	/* keyd does not know the token: nothing runs */
	fake.adopt_err = LW_EAUTH;
	assert_int_equal(relay_control(s.chan, &q, arena, &got), LW_EAUTH);
	fake.adopt_err = LW_EEXPIRED;
	assert_int_equal(relay_control(s.chan, &q, arena, &got), LW_EEXPIRED);
	assert_int_equal(fake.controls, 2);
	/* an address is one word */
	fake.adopt_err = fake.control_err = LW_OK;
	q.addr = "192.0.2.7\n";
	assert_int_equal(relay_control(s.chan, &q, arena, &got), LW_EINVAL);
	assert_int_equal(fake.controls, 2);
	s.busy = true;
	assert_int_equal(relay_control(s.chan, &q, arena, &got), LW_EBUSY);
	down(&s);
	lw_arena_free(arena);
}

static void keys_are_wanted(void **state)
{
	static char long_name[RELAY_MAX_TENANT + 2];
	struct side s;

	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_WEB);
	assert_int_equal(relay_want(s.chan, LW_LIT("acme.example"), KEYS_JWT), LW_OK);
	assert_string_equal(fake.tenant, "acme.example");
	assert_int_equal(fake.kind, KEYS_JWT);
	fake.store_err = LW_EBUSY;
	assert_int_equal(relay_want(s.chan, LW_LIT("acme.example"), KEYS_SAML), LW_EBUSY);
	assert_int_equal(fake.wants, 2);
	assert_int_equal(relay_want(s.chan, LW_LIT("acme.example"), KEYS_KIND_COUNT), LW_EINVAL);
	memset(long_name, 'a', sizeof(long_name) - 1);
	fake.store_err = LW_ENOTFOUND;
	assert_int_equal(relay_want(s.chan, lw_str(long_name), KEYS_SAML), LW_ENOTFOUND);
	assert_string_equal(fake.tenant, "-");
	assert_int_equal(fake.wants, 3);
	down(&s);
}

static void records_are_taken(void **state)
{
	uint8_t bad[] = { 0, 1, 77 };
	struct lw_audit a = { .event = LW_AUDIT_AS, .time = 1, .tenant = 2 };
	struct lw_writer w;
	struct side s;

	lw_writer_init(&w, RELAY_MAX_AUDIT);
	for (int i = 0; i < 30000; i++) /* more than other requests may have */
		audit_run(&w, &a);
	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_KDC);
	assert_int_equal(relay_audit(s.chan, lw_written(&w)), LW_OK);
	assert_int_equal(fake.checked_for, LW_ROLE_KDC);
	assert_int_equal(atoi(fake.request), w.n);
	fake.store_err = LW_EFULL; /* not on the disk: they are sent again */
	assert_int_equal(relay_audit(s.chan, lw_written(&w)), LW_EFULL);
	assert_int_equal(fake.audits, 2);
	assert_int_equal(relay_audit(s.chan, (struct lw_bytes){ bad, sizeof(bad) }), LW_EINVAL);
	assert_int_equal(fake.audits, 2);
	down(&s);
	lw_writer_done(&w);
}

/* Ready is who can read the store, even an empty one. */
static void a_ping_reads(void **state)
{
	static const struct {
		int store, want;
	} rows[] = { { LW_OK, LW_OK }, { LW_ENOTFOUND, LW_OK }, { LW_EIO, LW_EIO }, { LW_EVERSION, LW_EVERSION } };
	struct side s;

	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_WEB);
	s.server.store = (struct store *)&session_stub;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.store_err = rows[i].store;
		assert_int_equal(relay_ping(s.chan), rows[i].want);
	}
	down(&s);
}

static uint32_t beats(void *ctx, enum lw_role_id from, const struct relay_beat *beat)
{
	struct relay_beat *last = ctx;

	assert_int_equal(from, LW_ROLE_WEB);
	*last = *beat;
	return 0xfedcba98;
}

static void a_beat_says_what_is_wanted(void **state)
{
	struct relay_beat last = { 9, 9 };
	uint32_t wanted = 0;
	struct side s;

	up(&s, LW_ROLE_DIRECTORY, LW_ROLE_WEB);
	s.server.heard = beats;
	s.server.ctx = &last;
	assert_int_equal(relay_beat(s.chan, &(struct relay_beat){ 0x12345678, INT64_C(0x1122334455667788) }, &wanted), LW_OK);
	assert_true(last.renewed == 0x12345678 && last.end == INT64_C(0x1122334455667788) && wanted == 0xfedcba98);
	assert_int_equal(relay_ping(s.chan), LW_OK);
	assert_true(last.renewed == 0 && last.end == 0);
	down(&s);
}

static void each_asks_only_what_it_may(void **state)
{
	static const enum lw_role_id roles[] = { LW_ROLE_KEYD, LW_ROLE_DIRECTORY, LW_ROLE_KDC, LW_ROLE_WEB };
	struct lw_arena *arena = lw_arena_new(1 << 20, true);
	struct kdc_accept q = { .service = "ldap", .token = LW_LIT("x"), .role = LW_ROLE_DIRECTORY };
	struct relay_control v = { .token = LW_LIT("x"), .addr = "", .request = LW_LIT("x") };
	struct kdc_secret k = secret();
	struct kdc_accepted got;
	struct lw_bytes answer;
	char text[200];

	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 4; j++) {
			bool writes = roles[i] == LW_ROLE_DIRECTORY && (roles[j] == LW_ROLE_KDC || roles[j] == LW_ROLE_WEB);
			bool accepts = roles[i] == LW_ROLE_KDC && (roles[j] == LW_ROLE_DIRECTORY || roles[j] == LW_ROLE_WEB);
			struct side s;

			up(&s, roles[i], roles[j]);
			q.role = roles[j] == LW_ROLE_WEB ? LW_ROLE_WEB : LW_ROLE_DIRECTORY;
			assert_int_equal(relay_set_secret(s.chan, &k, text), writes ? LW_OK : LW_EACCES);
			if (writes) /* the token must be the asking role's own */
				assert_int_equal(fake.checked_for, roles[j]);
			assert_int_equal(relay_accept(s.chan, &q, arena, &got), accepts ? LW_OK : LW_EACCES);
			assert_int_equal(fake.writes, writes);
			/* a verb: web asks directory, and nobody else anybody */
			bool runs = roles[i] == LW_ROLE_DIRECTORY && roles[j] == LW_ROLE_WEB;
			assert_int_equal(relay_control(s.chan, &v, arena, &answer), runs ? LW_OK : LW_EACCES);
			assert_int_equal(fake.controls, runs);
			assert_int_equal(relay_want(s.chan, LW_LIT("x"), KEYS_SAML), runs ? LW_OK : LW_EACCES);
			assert_int_equal(fake.wants, runs);
			assert_int_equal(fake.accepts, accepts);
			assert_int_equal(relay_audit(s.chan, LW_LIT("")), writes ? LW_OK : LW_EACCES);
			assert_int_equal(fake.audits, writes);
			if (accepts) { /* no capability for a third one */
				q.role = LW_ROLE_KDC;
				assert_int_equal(relay_accept(s.chan, &q, arena, &got), LW_EACCES);
				assert_int_equal(fake.accepts, 1);
			}
			down(&s);
		}
	}
	lw_arena_free(arena);
}

/* Every octet string shorter than the message, and what is longer than it may be. */
static void malformed(void **state)
{
	struct relay_request q = { .op = RELAY_SET_SECRET, .secret = secret() }, got;
	struct relay_answer a = { .control = LW_LIT("x"), .accepted = { .token = LW_LIT("t"), .context = LW_LIT("c"), .cap = { .n = 3 } } }, b;
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	struct lw_writer w;
	uint8_t *copy;
	size_t n;

	for (int op = RELAY_PING; op < RELAY_OP_COUNT; op++) {
		q.op = (enum relay_op)op;
		if (op > RELAY_AUDIT && op < RELAY_WANT)
			continue;
		q.want = (struct relay_want){ LW_LIT("acme.example"), KEYS_CA };
		q.accept = (struct kdc_accept){ .service = "HTTP", .token = LW_LIT("t"), .role = LW_ROLE_KDC };
		q.control = (struct relay_control){ LW_LIT("t"), "::1", LW_LIT("r") };
		lw_writer_init(&w, RELAY_MAX);
		relay_request_put(&w, &q);
		assert_int_equal(relay_request_get(lw_written(&w), arena, &got), LW_OK);
		assert_int_equal(got.op, op);
		lw_put_u8(&w, 0);
		assert_int_equal(relay_request_get(lw_written(&w), arena, &got), LW_EINVAL);
		copy = lw_writer_take(&w, &n);
		for (size_t i = 0; i < n - 1; i++)
			assert_int_not_equal(relay_request_get((struct lw_bytes){ copy, i }, arena, &got), LW_OK);
		copy[0] = 2;
		assert_int_equal(relay_request_get((struct lw_bytes){ copy, n - 1 }, arena, &got), LW_EVERSION);
		copy[0] = 1;
		copy[1] = RELAY_OP_COUNT;
		assert_int_equal(relay_request_get((struct lw_bytes){ copy, n - 1 }, arena, &got), LW_EUNSUPPORTED);
		free(copy);

		lw_writer_init(&w, RELAY_MAX);
		relay_answer_put(&w, q.op, &a);
		assert_int_equal(relay_answer_get(lw_written(&w), q.op, &b), LW_OK);
		lw_put_u8(&w, 0);
		assert_int_equal(relay_answer_get(lw_written(&w), q.op, &b), LW_EINTERNAL);
		copy = lw_writer_take(&w, &n);
		for (size_t i = 0; i < n - 1; i++)
			assert_int_equal(relay_answer_get((struct lw_bytes){ copy, i }, q.op, &b), LW_EINTERNAL);
		copy[0] = 0x7f; /* no such error */
		assert_int_equal(relay_answer_get((struct lw_bytes){ copy, n - 1 }, q.op, &b), LW_EINTERNAL);
		free(copy);
	}
	lw_arena_free(arena);
}

/* A role that is away: the question does not wait for ever. */
static void nobody_there(void **state)
{
	struct kdc_secret k = secret();
	struct lw_chan *chan = lw_chan_new("the other");
	char text[200] = "x";

	assert_int_equal(relay_set_secret(chan, &k, text), LW_EUNAVAIL);
	assert_string_equal(text, "");
	lw_chan_free(chan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_written),
		cmocka_unit_test(and_no_other),
		cmocka_unit_test(a_token_is_accepted),
		cmocka_unit_test(a_verb_is_run),
		cmocka_unit_test(keys_are_wanted),
		cmocka_unit_test(records_are_taken),
		cmocka_unit_test(a_ping_reads),
		cmocka_unit_test(a_beat_says_what_is_wanted),
		cmocka_unit_test(each_asks_only_what_it_may),
		cmocka_unit_test(malformed),
		cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
