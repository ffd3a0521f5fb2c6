/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket. A request: VERB [@TENANT] KEY=VALUE… ("_" is a space in a value; without @ the tenant
 * is beta). The outcome: the code and how many items came ("ok+1"). Only the last column owns the data
 * directory. */
#include "tests/tables/tables.h"

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

static const char *ask(enum column who, const char *request)
{
	static const char *const reads[] = { "status", "whoami", "ca.show", "tenant.list", "tenant.show",
		"object.list", "object.show", "next", "explain", "key.list" };
	struct lw_peer peer = { .addr = "unix",
		.local = true,
		.owner = who == OPERATOR,
		.uid = who == OPERATOR ? 0 : 1000 + who };
	void *conn = control_proto.conn_new(world.control, &peer);
	struct lw_writer in, out;
	struct lw_reader r;
	const char *got;
	bool read = false;

	lw_writer_init(&in, 65536);
	lw_writer_init(&out, 1u << 20);
	put(&in, request);
	lw_reader_init(&r, lw_written(&in));
	while (conn && control_proto.step(conn, &r, &out) == LW_NEXT_JOB)
		control_proto.job(conn, &out);
	got = outcome(lw_written(&out));
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		read |= !strncmp(request, reads[i], strlen(reads[i]));
	world.dirty |= !strncmp(got, "ok", 2) && !read;
	control_proto.conn_free(conn);
	lw_writer_done(&in);
	lw_writer_done(&out);
	return got;
}

const struct table table_verbs = { "verb", rows, row, rights, ask, granted, lines_verbs };
