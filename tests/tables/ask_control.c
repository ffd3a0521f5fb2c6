/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket, and the same verbs in the session of a capability that web sends along (table "forwarded"). A request: VERB [@TENANT] KEY=VALUE… ("_" is a space in a value, CSR a certificate request; without @ the tenant
 * is beta). The outcome: the code and how many items came ("ok+1"). Only the last column owns the data
 * directory. Of forwarded ones, token=… makes it another token than the subject's, and an error without an answer is that error. */
#include "tests/tables/tables.h"

#include "keys/issue.h"
#include "keys/keyd.h"
#include "store/access_roles.h"

static size_t rows(void)
{
	size_t n = 0;

	while (control_verbs[n].name)
		n++;
	return n;
}

static const char *row(size_t i)
{
	return control_verbs[i].name;
}

static unsigned rights(size_t i, struct right ret[4])
{
	ret[0] = (struct right){ "right", (void *)&control_verbs[i].right, sizeof(control_verbs[i].right),
		control_verbs[i].right };
	return 1;
}

static bool granted(const struct line *l, const char *outcome)
{
	return !strncmp(outcome, "ok", 2);
}

static void put(struct lw_writer *w, const char *request)
{
	struct ctl_pair pairs[16];
	struct ctl_request q = { .tenant = LW_LIT("beta.example"), .pairs = pairs };
	char *word[16];
	size_t n = words(expand(request), word, 16);

	q.verb = lw_str(word[0]);
	for (size_t i = 1; i < n; i++) {
		char *eq = strchr(word[i], '=');

		if (*word[i] == '@') {
			q.tenant = lw_str(word[i] + 1);
			continue;
		}
		if (!eq)
			die("bad request %s", request);
		*eq = 0;
		if (!strcmp(eq + 1, "CSR")) {
			pairs[q.npairs++] = (struct ctl_pair){ lw_str(word[i]), table_csr() };
			continue;
		}
		for (char *p = eq + 1; *p; p++)
			*p = *p == '_' ? ' ' : *p;
		pairs[q.npairs++] = (struct ctl_pair){ lw_str(word[i]), lw_str(eq + 1) };
	}
	ctl_request_put(w, &q);
}

static const char *outcome(struct lw_bytes raw)
{
	struct ctl_answer a = { 0 };
	struct lw_reader r;
	unsigned items = 0;

	lw_reader_init(&r, raw);
	while (lw_reader_left(&r) && a.kind != CTL_END) {
		check(ctl_answer_get(world.arena, lw_get_counted(&r, CTL_MAX), &a), "answer");
		items += a.kind == CTL_ITEM;
	}
	if (lw_reader_end(&r) || a.kind != CTL_END)
		die("the answer has no end");
	if (a.code.n)
		return lw_printf(world.arena, "%.*s%s", (int)a.code.n, (const char *)a.code.p,
		        items ? " and items" : "");
	return lw_printf(world.arena, "ok+%u", items);
}

static bool only_reads(const char *request)
{
	static const char *const reads[] = { "status", "whoami", "ca.show", "ca.crl", "cert.show", "tenant.list", "tenant.show",
		"object.list", "object.show", "next", "explain", "key.list", "audit." };

	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		if (!strncmp(request, reads[i], strlen(reads[i])))
			return true;
	return false;
}

static const char *ask(enum column who, const char *request)
{
	struct lw_peer peer = { .addr = "unix",
		.local = true,
		.owner = who == OPERATOR,
		.uid = who == OPERATOR ? 0 : 1000 + who };
	void *conn = control_proto.conn_new(world.control, &peer);
	struct lw_writer in, out;
	struct lw_reader r;
	const char *got;

	lw_writer_init(&in, 65536);
	lw_writer_init(&out, 1u << 20);
	put(&in, request);
	lw_reader_init(&r, lw_written(&in));
	while (conn && control_proto.step(conn, &r, &out) == LW_NEXT_JOB)
		control_proto.job(conn, &out);
	got = outcome(lw_written(&out));
	world.dirty |= !strncmp(got, "ok", 2) && !only_reads(request);
	control_proto.conn_free(conn);
	lw_writer_done(&in);
	lw_writer_done(&out);
	return got;
}

const struct table table_verbs = { "verb", rows, row, rights, ask, granted, lines_verbs };

/* ---- forwarded ---- */

static unsigned forwarded_rights(size_t i, struct right ret[4])
{
	const struct control_verb *v = &control_verbs[i];

	if (v->needs & CONTROL_OPERATOR) {
		ret[0] = (struct right){ "needs", (void *)&v->needs, sizeof(v->needs), v->needs };
		return 0; /* its right does not matter here: mutants.c takes its mark away */
	}
	ret[0] = (struct right){ "right", (void *)&v->right, sizeof(v->right), v->right };
	ret[1] = (struct right){ "needs", (void *)&v->needs, sizeof(v->needs), v->needs };
	return 1;
}

/* What keyd gave the subject at web. */
static struct lw_bytes web_token(enum column who, const char *kind)
{
	struct keys_token token;
	struct lw_cap cap;
	struct lw_bytes b;

	if (who == ANONYMOUS)
		return (struct lw_bytes){ NULL, 0 };
	world_cap(who, &cap);
	cap.role = LW_ROLE_WEB;
	if (!strcmp(kind, "expired")) {
		cap.auth_time -= KEYS_CAP_LIFE;
		cap.expiry = lw_wall(&world.clock);
	}
	if (!strcmp(kind, "outdated"))
		cap.credential_version++;
	check(keys_cap_mint(&world.keyd->cap_key, &cap, &token), "mint");
	b = lw_dup(world.arena, (struct lw_bytes){ token.b, token.n });
	if (!strcmp(kind, "forged"))
		((uint8_t *)b.p)[b.n / 2] ^= 1;
	return b;
}

static const char *ask_forwarded(enum column who, const char *request)
{
	char kind[16] = "";
	const char *said = strstr(request, " token="), *got;
	struct control_from from = { .addr = "192.0.2.1" };
	struct keys_token token;
	struct lw_cap cap;
	struct lw_writer in, out;
	int err;

	request = world_trusting(request);
	if (said) {
		snprintf(kind, sizeof(kind), "%s", said + 7);
		request = lw_printf(world.arena, "%.*s", (int)(said - request), request);
	}
	err = keys_adopt(world.keys, web_token(who, kind), LW_ROLE_WEB, &token, &cap);
	if (err)
		return lw_errname(err);
	from.token = &token;
	from.cap = &cap;
	lw_writer_init(&in, 65536);
	lw_writer_init(&out, 1u << 20);
	put(&in, request);
	err = control_forwarded(world.control, &from, (struct lw_bytes){ in.p + 4, in.n - 4 }, &out);
	if (err && out.n)
		die("an error, and yet an answer");
	got = err ? lw_errname(err) : outcome(lw_written(&out));
	world.dirty |= !strncmp(got, "ok", 2) && !only_reads(request);
	lw_writer_done(&in);
	lw_writer_done(&out);
	return got;
}

const struct table table_forwarded = { "forwarded", rows, row, forwarded_rights, ask_forwarded, granted, lines_forwarded };
