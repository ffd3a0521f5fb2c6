/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/relay.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "keys/issue.h"
#include "lwd/roles.h"

#define WAIT_PING   (1 * LW_SECOND)
#define WAIT_ACCEPT (3 * LW_SECOND)
#define WAIT_WRITE  (5 * LW_SECOND)
#define WAIT_WANT   (2 * LW_SECOND)
#define WAIT_CONTROL (10 * LW_SECOND)
#define ARENA       (1u << 20)
#define ARENA_CONTROL (2 * RELAY_MAX_ANSWER)

/* ---- who asks ---- */

/* The answer's octets live in the arena. */
static int ask(struct lw_chan *chan, const struct relay_request *q, int64_t timeout, struct lw_arena *arena,
	struct relay_answer *ret)
{
	struct lw_bytes answer;
	struct lw_writer w;
	int r;

	lw_writer_init(&w, q->op == RELAY_CONTROL ? RELAY_MAX_CONTROL : RELAY_MAX + q->audit.n);
	w.wipe = true;
	relay_request_put(&w, q);
	r = w.err != LW_OK ? w.err : lw_chan_call(chan, lw_written(&w), timeout, arena, &answer);
	lw_writer_done(&w);
	return r != LW_OK ? r : relay_answer_get(answer, q->op, ret);
}

/* For questions whose answer is an error and a text. */
static int ask_plain(struct lw_chan *chan, const struct relay_request *q, int64_t timeout, char text[200])
{
	struct lw_arena *arena = lw_arena_new(ARENA, true);
	struct relay_answer a = { 0 };
	int r = arena == NULL ? LW_ENOMEM : ask(chan, q, timeout, arena, &a);

	if (r == LW_OK) {
		r = a.err;
		snprintf(text, 200, "%s", a.text);
	}
	lw_arena_free(arena);
	return r;
}

int relay_ping(struct lw_chan *chan)
{
	char text[200];

	return ask_plain(chan, &(struct relay_request){ .op = RELAY_PING }, WAIT_PING, text);
}

int relay_beat(struct lw_chan *chan, const struct relay_beat *beat, uint32_t *ret_wanted)
{
	const struct relay_request q = { .op = RELAY_PING, .beat = *beat };
	struct lw_arena *arena = lw_arena_new(ARENA, true);
	struct relay_answer a = { 0 };
	int r = arena == NULL ? LW_ENOMEM : ask(chan, &q, WAIT_PING, arena, &a);

	if (r == LW_OK)
		r = a.err;
	if (r == LW_OK)
		*ret_wanted = a.wanted;
	lw_arena_free(arena);
	return r;
}

int relay_set_secret(struct lw_chan *chan, const struct kdc_secret *secret, char text[200])
{
	const struct relay_request q = { .op = RELAY_SET_SECRET, .secret = *secret };

	text[0] = '\0';
	return ask_plain(chan, &q, WAIT_WRITE, text);
}

int relay_accept(struct lw_chan *chan, const struct kdc_accept *accept, struct lw_arena *arena, struct kdc_accepted *ret)
{
	const struct relay_request q = { .op = RELAY_ACCEPT, .accept = *accept };
	struct relay_answer a;
	int r = ask(chan, &q, WAIT_ACCEPT, arena, &a);

	if (r != LW_OK)
		return r;
	*ret = a.accepted;
	return a.err;
}

int relay_control(struct lw_chan *chan, const struct relay_control *control, struct lw_arena *arena, struct lw_bytes *ret)
{
	const struct relay_request q = { .op = RELAY_CONTROL, .control = *control };
	struct relay_answer a;
	int r = ask(chan, &q, WAIT_CONTROL, arena, &a);

	if (r == LW_OK)
		r = a.err;
	if (r == LW_OK)
		*ret = a.control;
	return r;
}

int relay_want(struct lw_chan *chan, struct lw_bytes tenant, enum keys_kind kind)
{
	const struct relay_request q = { .op = RELAY_WANT, .want = { tenant, kind } };
	char text[200];

	return ask_plain(chan, &q, WAIT_WANT, text);
}

int relay_audit(struct lw_chan *chan, struct lw_bytes records)
{
	const struct relay_request q = { .op = RELAY_AUDIT, .audit = records };
	char text[200];

	return ask_plain(chan, &q, WAIT_WRITE, text);
}

/* ---- who answers ---- */

/* Readiness: whoever has the store's map reads in it. */
static void do_ping(const struct relay_server *s, struct lw_arena *arena, const struct relay_request *q, struct relay_answer *a)
{
	struct store_tenant first;

	a->err = s->store == NULL ? LW_OK : store_tenant_by_id(s->store, arena, 1, &first);
	if (a->err == LW_ENOTFOUND)
		a->err = LW_OK;
}

/* The capability is the user's own, minted for the role that asks: the writer decides with it as for any other request. */
static void do_set_secret(
	const struct relay_server *s, struct lw_arena *arena, const struct relay_request *q, struct relay_answer *a)
{
	const struct kdc_secret *k = &q->secret;
	struct store_op op = { .kind = STORE_SET_SECRET,
		.uuid = k->target,
		.expect_version = k->expect_version,
		.secrets = k->items,
		.nsecrets = k->nitems,
		.old_password_proved = k->old_proved };
	struct lw_session *session = NULL;
	struct store_result result = { 0 };
	struct lw_cap cap;

	a->err = keys_check_forwarded(s->keys, k->token, q->from, &cap);
	if (a->err == LW_OK && cap.tenant != k->tenant)
		a->err = LW_EACCES;
	if (a->err == LW_OK)
		a->err = store_session_cap(s->store, &cap, &session);
	if (a->err == LW_OK) {
		store_session_channel(session, true); /* what kpasswd takes is encrypted */
		store_session_source(session, q->from == LW_ROLE_KDC ? LW_AUDIT_KRB : LW_AUDIT_HTTP, NULL);
		a->err = store_write(session, &op, &result);
		snprintf(a->text, sizeof(a->text), "%.199s", result.text);
	}
	store_session_free(session);
}

static void do_accept(
	const struct relay_server *s, struct lw_arena *arena, const struct relay_request *q, struct relay_answer *a)
{
	a->err = kdc_accept(s->kdc, &q->accept, arena, &a->accepted);
}

/* The capability is minted again for this role; what may be done with it is decided where it is done. */
static void do_control(
	const struct relay_server *s, struct lw_arena *arena, const struct relay_request *q, struct relay_answer *a)
{
	struct keys_token token;
	struct lw_cap cap;
	struct lw_writer out;

	a->err = keys_adopt(s->keys, q->control.token, q->from, &token, &cap);
	if (a->err != LW_OK)
		return;
	lw_writer_init(&out, RELAY_MAX_ANSWER);
	out.wipe = true;
	a->err = s->control(s->ctx, &token, &cap, &q->control, &out);
	a->control = lw_dup(arena, lw_written(&out));
	if (a->err == LW_OK && (out.err != LW_OK || a->control.p == NULL))
		a->err = LW_ENOMEM;
	lw_writer_done(&out);
	lw_wipe(&token, sizeof(token));
}

static void do_want(const struct relay_server *s, struct lw_arena *arena, const struct relay_request *q, struct relay_answer *a)
{
	a->err = s->want(s->ctx, arena, &q->want);
}

static void do_audit(const struct relay_server *s, struct lw_arena *arena, const struct relay_request *q, struct relay_answer *a)
{
	a->err = s->audit(s->ctx, arena, q->from, q->audit);
}

#define ROLE(r) (1u << (r))

const struct relay_row relay_rows[RELAY_OP_COUNT] = {
	[RELAY_PING] = { "ping", ROLE(LW_ROLE_DIRECTORY) | ROLE(LW_ROLE_KDC) | ROLE(LW_ROLE_WEB),
		ROLE(LW_ROLE_DIRECTORY) | ROLE(LW_ROLE_KDC), do_ping },
	[RELAY_SET_SECRET] = { "set-secret", ROLE(LW_ROLE_KDC) | ROLE(LW_ROLE_WEB), ROLE(LW_ROLE_DIRECTORY), do_set_secret },
	[RELAY_ACCEPT] = { "accept", ROLE(LW_ROLE_DIRECTORY) | ROLE(LW_ROLE_WEB), ROLE(LW_ROLE_KDC), do_accept },
	[RELAY_CONTROL] = { "control", ROLE(LW_ROLE_WEB), ROLE(LW_ROLE_DIRECTORY), do_control },
	[RELAY_AUDIT] = { "audit", ROLE(LW_ROLE_KDC) | ROLE(LW_ROLE_WEB), ROLE(LW_ROLE_DIRECTORY), do_audit },
	[RELAY_WANT] = { "want", ROLE(LW_ROLE_WEB), ROLE(LW_ROLE_DIRECTORY), do_want },
};

static int run(const struct relay_server *s, enum lw_role_id from, struct lw_arena *arena, const struct relay_request *q,
	struct relay_answer *a)
{
	const struct relay_row *row = &relay_rows[q->op];

	if (!(row->from & ROLE(from)) || !(row->at & ROLE(s->me)))
		return LW_EACCES;
	if (q->op == RELAY_ACCEPT && q->accept.role != from)
		return LW_EACCES; /* a capability for somebody else */
	if (q->op == RELAY_PING && s->heard != NULL)
		a->wanted = s->heard(s->ctx, from, &q->beat);
	row->run(s, arena, q, a);
	return a->err;
}

void relay_handle(const struct relay_server *s, enum lw_role_id from, struct lw_bytes request, struct lw_writer *answer)
{
	bool control = request.n > 1 && request.p[1] == RELAY_CONTROL;
	struct lw_arena *arena = lw_arena_new(control ? ARENA_CONTROL : ARENA, true);
	struct relay_request q = { .op = RELAY_PING };
	struct relay_answer a = { 0 };

	a.err = arena == NULL ? LW_ENOMEM : relay_request_get(request, arena, &q);
	if (a.err != LW_OK)
		lw_log(LW_ERROR, "relay-refused", "peer", lwd_roles[from].name, "why", lw_strerror(a.err), NULL);
	else {
		q.from = from;
		a.err = run(s, from, arena, &q, &a);
	}
	relay_answer_put(answer, q.op, &a);
	lw_wipe(&a, sizeof(a));
	lw_arena_free(arena);
}

void relay_busy(struct lw_bytes request, struct lw_writer *answer)
{
	enum relay_op op = request.n > 1 && request.p[1] < RELAY_OP_COUNT ? (enum relay_op)request.p[1] : RELAY_PING;

	relay_answer_put(answer, op, &(struct relay_answer){ .err = LW_EBUSY });
}
