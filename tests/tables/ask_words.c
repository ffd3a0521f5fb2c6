/* SPDX-License-Identifier: Apache-2.0 */
/* Tables whose rows are words that other requests carry, and what roles ask each other:
 *   relay       OP from=ROLE [at=kdc]: of directory, or of the KDC; the token of the subject is one for the role that asks
 *   mechanism   SASL's, by ldap_ask
 *   token-type, profile   by a verb that is forwarded
 *   ws-trust    a request over HTTPS; Renew, Validate and Cancel show an assertion that nobody made */
#include "tests/tables/client.h"
#include "tests/tables/tables.h"

#include "ca/profiles.h"
#include "kdc/kdc.h"
#include "keys/keyd.h"
#include "ldap/conn.h"
#include "lwd/control_kind.h"
#include "lwd/relay.h"
#include "lwd/roles.h"
#include "saml/sts.h"

static unsigned no_rights(size_t i, struct right ret[4])
{
	return 0;
}

/* ---- relay ---- */

static size_t relay_rows_n(void)
{
	size_t n = 0;

	for (size_t i = 0; i < RELAY_OP_COUNT; i++)
		n += relay_rows[i].name != NULL;
	return n;
}

static const struct relay_row *relay_at(size_t i)
{
	for (size_t op = 0; op < RELAY_OP_COUNT; op++)
		if (relay_rows[op].name && i-- == 0)
			return &relay_rows[op];
	die("no such row");
}

static const char *relay_row_name(size_t i)
{
	return relay_at(i)->name;
}

static unsigned relay_rights(size_t i, struct right ret[4])
{
	const struct relay_row *r = relay_at(i);

	ret[0] = (struct right){ "from", (void *)&r->from, sizeof(r->from), r->from };
	ret[1] = (struct right){ "at", (void *)&r->at, sizeof(r->at), r->at };
	return 2;
}

static bool relay_granted(const struct line *l, const char *outcome)
{
	return !strcmp(outcome, "OK");
}

static int control(void *ctx, const struct keys_token *token, const struct lw_cap *cap, const struct relay_control *q, struct lw_writer *out)
{
	const struct control_from from = { token, cap, q->addr };

	return control_forwarded(world.control, &from, q->request, out);
}

static int audit(void *ctx, struct lw_arena *arena, enum lw_role_id from, struct lw_bytes records)
{
	return LW_OK;
}

static int want(void *ctx, struct lw_arena *arena, const struct relay_want *what)
{
	return LW_OK;
}

static struct lw_bytes token_for(enum column who, enum lw_role_id role)
{
	struct keys_token token;
	struct lw_cap cap;

	if (who == ANONYMOUS)
		return (struct lw_bytes){ NULL, 0 };
	world_cap(who, &cap);
	cap.role = role;
	check(keys_cap_mint(&world.keyd->cap_key, &cap, &token), "mint");
	return lw_dup(world.arena, (struct lw_bytes){ token.b, token.n });
}

static struct lw_bytes whoami(void)
{
	struct ctl_request q = { .verb = LW_LIT("whoami"), .tenant = LW_LIT("beta.example") };
	struct lw_bytes b;
	struct lw_writer w;

	lw_writer_init(&w, 4096);
	ctl_request_put(&w, &q);
	b = lw_dup(world.arena, (struct lw_bytes){ w.p + 4, w.n - 4 });
	lw_writer_done(&w);
	return b;
}

static enum lw_role_id role_of(const char *word)
{
	for (enum lw_role_id r = 0; r < LW_ROLE_COUNT; r++)
		if (lwd_roles[r].name && !strcmp(lwd_roles[r].name, word))
			return r;
	die("no role %s", word);
}

static const char *ask_relay(enum column who, const char *request)
{
	static struct store_sealed_item item = { .cls = STORE_SECRET_PASSWORD, .generation = 2, .sealed = { (const uint8_t *)"sealed", 6 } };
	struct kdc_options ko = { .names = "lwd.acme.example" };
	struct relay_server s = { .me = LW_ROLE_DIRECTORY, .store = world.store, .keys = world.keys, .control = control, .audit = audit, .want = want };
	struct relay_request q = { 0 };
	struct relay_answer a = { 0 };
	struct keys *keys = NULL;
	struct lw_writer in, out;
	enum lw_role_id from;
	char *w[4];
	size_t n = words(lw_strdup(world.arena, request), w, 4);

	while (q.op < RELAY_OP_COUNT && (!relay_rows[q.op].name || strcmp(relay_rows[q.op].name, w[0])))
		q.op++;
	if (q.op == RELAY_OP_COUNT || n < 2)
		die("bad request %s", request);
	from = role_of(w[1] + strlen("from="));
	if (n > 2) {
		s.me = LW_ROLE_KDC;
		keys = keys_around(world.keyd, LW_ROLE_KDC);
		check(kdc_server_new(world.store, keys, &ko, &world.clock, &s.kdc), "KDC");
	}
	item.attr = schema_attr(LW_LIT("userPassword"))->id;
	q.secret = (struct kdc_secret){ .token = token_for(who, from), .tenant = world.beta, .target = world_uuid(world.beta, subjects[USER].dn),
		.items = &item, .nitems = 1 };
	q.accept = (struct kdc_accept){ .service = "HTTP", .token = LW_LIT("junk"), .role = from };
	q.control = (struct relay_control){ .token = token_for(who, from), .addr = "192.0.2.1", .request = whoami() };
	q.want = (struct relay_want){ LW_LIT("beta.example"), KEYS_SAML };
	lw_writer_init(&in, RELAY_MAX);
	lw_writer_init(&out, RELAY_MAX_ANSWER);
	relay_request_put(&in, &q);
	check(in.err, "request");
	relay_handle(&s, from, lw_written(&in), &out);
	if (relay_answer_get(lw_written(&out), q.op, &a))
		die("no answer to %s", request);
	world.dirty |= q.op == RELAY_SET_SECRET && !a.err;
	lw_writer_done(&in);
	lw_writer_done(&out);
	kdc_server_free(s.kdc);
	keys_free(keys);
	return a.err ? lw_errname(a.err) : "OK";
}

const struct table table_relay = { "relay", relay_rows_n, relay_row_name, relay_rights, ask_relay, relay_granted, lines_relay };

/* ---- words ---- */

#define WORDS(what, name_at, ask_it, granted, lines)                                                                 \
	static size_t what##_rows(void)                                                                              \
	{                                                                                                            \
		size_t n = 0;                                                                                        \
                                                                                                                     \
		while (name_at(n))                                                                                   \
			n++;                                                                                         \
		return n;                                                                                            \
	}                                                                                                            \
	static const char *what##_row(size_t i)                                                                      \
	{                                                                                                            \
		return name_at(i);                                                                                   \
	}                                                                                                            \
	static const char *what##_ask(enum column who, const char *request)                                          \
	{                                                                                                            \
		return ask_it(who, request);                                                                         \
	}                                                                                                            \
	const struct table table_##what = { #what, what##_rows, what##_row, no_rights, what##_ask, granted, lines };

static const char *profile_name(size_t i)
{
	return i < (size_t)ca_nprofiles ? ca_profiles[i].name : NULL;
}

static const char *ws_trust_name(size_t i)
{
	return i + 1 < STS_OP_COUNT ? sts_op_name((enum sts_op)(i + 1)) : NULL;
}

WORDS(mechanism, ldapd_mech_name, ldap_ask, NULL, lines_mechanism)
WORDS(token_type, control_token_type, table_forwarded.ask, NULL, lines_token_type)
WORDS(profile, profile_name, table_forwarded.ask, NULL, lines_profile)
WORDS(ws_trust, ws_trust_name, table_routes.ask, NULL, lines_ws_trust)
