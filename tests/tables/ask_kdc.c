/* SPDX-License-Identifier: Apache-2.0 */
/* The KDC's tables: requests, pre-authentication, options. A request: as|tgs WORD…
 *   realm=REALM|own          whose realm is asked; BETA.EXAMPLE where nothing is said
 *   server=NAME|self         krbtgt/REALM where nothing is said
 *   options=NAME,…           of the request, by the names of their rows
 *   tgt=NAME,…               options that the ticket to be shown was got with; without it
 * forwardable,proxiable,renewable bare                     nothing is proved or shown wrong another password
 *   rep                      the client wants to know what arrived (RFC 6806 section 11)
 *   second                   the shown ticket is also the additional one
 *   disabled                 the subject is disabled first (tgs: once it has its ticket)
 * Anonymous proves and shows nothing; the operator is no principal, and tries a name like his. The outcome is
 * the error's code, 0 for a ticket, 0+rep for one that says what arrived. */
#include "tests/tables/tables.h"
#include "tests/unit/kdc_client.h"

#define ADDR "127.0.0.1:4711"

static const struct {
	const char *name, *realm, *password;
} principals[COLUMNS] = {
	[ANONYMOUS] = { "nobody", "BETA.EXAMPLE", "none" },
	[USER] = { "bob", "BETA.EXAMPLE", "bobs-password" },
	[ADMIN] = { "admin", "BETA.EXAMPLE", "beta-password" },
	[OTHER] = { "admin", "GAMMA.EXAMPLE", "gamma-password" },
	[INSTALLATION] = { "admin", "ACME.EXAMPLE", "acme-password" },
	[OPERATOR] = { "operator", "BETA.EXAMPLE", "operator-password" },
};

static bool granted(const struct line *l, const char *outcome)
{
	return outcome[0] == '0';
}

/* ---- rows ---- */

#define ROWS(what, list, count)                                                                              \
	static size_t what##_rows(void)                                                                      \
	{                                                                                                    \
		return count;                                                                                \
	}                                                                                                    \
	static const char *what##_row(size_t i)                                                              \
	{                                                                                                    \
		return list[i].name;                                                                         \
	}                                                                                                    \
	static unsigned what##_rights(size_t i, struct right ret[4])                                         \
	{                                                                                                    \
		ret[0] = (struct right){ "right", (void *)&list[i].right, sizeof(list[i].right),             \
			list[i].right };                                                                     \
		return 1;                                                                                    \
	}
ROWS(op, kdc_ops, kdc_nops)
ROWS(pa, kdc_pas, kdc_npas)
ROWS(option, kdc_option_rows, kdc_noptions)

/* ---- asking ---- */

struct ask {
	enum column who;
	bool tgs, bare, wrong, rep, second, disabled;
	const char *realm, *server;
	uint32_t options, tgt;
};

static uint32_t options(char *names)
{
	uint32_t bits = 0;
	char *save = NULL;

	for (char *n = strtok_r(names, ",", &save); n; n = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < kdc_noptions && strcmp(kdc_option_rows[i].name, n))
			i++;
		if (i == kdc_noptions)
			die("no option %s", n);
		bits |= kdc_option_rows[i].bit;
	}
	return bits;
}

static void parse(enum column who, const char *request, struct ask *ret)
{
	struct ask q = {
		.who = who, .realm = "BETA.EXAMPLE", .tgt = KRB_FORWARDABLE | KRB_PROXIABLE | KRB_RENEWABLE
	};
	const struct {
		const char *word;
		bool *flag;
	} flags[] = { { "bare", &q.bare }, { "wrong", &q.wrong }, { "rep", &q.rep }, { "second", &q.second },
		{ "disabled", &q.disabled } };
	char *w[16];
	size_t n = words(lw_strdup(world.arena, request), w, 16);

	q.tgs = n && !strcmp(w[0], "tgs");
	q.bare = who == ANONYMOUS;
	for (size_t i = 1; i < n; i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
			if (!strcmp(w[i], flags[k].word))
				known = *flags[k].flag = true;
		if (!strncmp(w[i], "realm=", 6))
			q.realm = strcmp(w[i] + 6, "own") ? w[i] + 6 : principals[who].realm;
		else if (!strncmp(w[i], "server=", 7))
			q.server = strcmp(w[i] + 7, "self") ? w[i] + 7 : principals[who].name;
		else if (!strncmp(w[i], "options=", 8))
			q.options = options(w[i] + 8);
		else if (!strncmp(w[i], "tgt=", 4))
			q.tgt = options(w[i] + 4);
		else if (!known)
			die("what is %s?", w[i]);
	}
	*ret = q;
}

static void disable(enum column who)
{
	struct lw_bytes yes = LW_LIT("TRUE");
	struct store_mod mod = { STORE_MOD_REPLACE, { LW_LIT("lwDisabled"), &yes, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res;
	struct lw_session *s;

	if (!subjects[who].dn)
		return;
	check(dn_parse(world.arena, lw_str(subjects[who].dn), &op.dn), "DN");
	check(store_session_role(world.store, world_tenant(who), STORE_ROLE_OPERATOR, &s),
	        "operator session");
	check(store_write(s, &op, &res), res.text);
	store_session_free(s);
	world.dirty = true;
}

static const char *as(struct kdc_server *s, const struct ask *q)
{
	struct kc_as a = { .realm = q->realm,
		.client = principals[q->who].name,
		.server = q->server,
		.options = q->options,
		.bare = q->bare,
		.password = q->wrong ? "another-password" : principals[q->who].password,
		.rtime = KC_FAR,
		.want_rep = q->rep };
	struct kc_reply r;

	if (q->disabled)
		disable(q->who);
	kc_as(s, ADDR, &a, &r);
	return lw_printf(world.arena, "%d%s", r.code, !r.code && r.part.flags & KRB_ENC_PA_REP ? "+rep" : "");
}

static const char *tgs(struct kdc_server *s, const struct ask *q)
{
	struct kc_as a = { .realm = principals[q->who].realm,
		.client = principals[q->who].name,
		.password = principals[q->who].password,
		.options = q->tgt,
		.rtime = KC_FAR };
	struct kc_reply shown = { 0 }, r;
	struct kc_tgs t = { .tgt = &shown,
		.realm = q->realm,
		.options = q->options,
		.rtime = KC_FAR,
		.bare = q->bare || q->who == OPERATOR };

	t.server = q->server ? q->server : lw_printf(world.arena, "krbtgt/%s", q->realm);
	t.second = q->second && !t.bare ? &shown : NULL;
	if (!t.bare && kc_as(s, ADDR, &a, &shown))
		return "no ticket to show"; /* a mutant of an AS row */
	if (q->disabled)
		disable(q->who);
	if (t.bare) /* to read an answer there must be a key */
		shown.part.key = (struct krb_key){ 17, LW_LIT("0123456789abcdef") };
	kc_tgs(s, ADDR, &t, &r);
	return lw_printf(world.arena, "%d", r.code);
}

static const char *ask(enum column who, const char *request)
{
	struct kdc_options o = { .names = "lwd.acme.example" };
	struct keys *keys = keys_around(world.keyd, LW_ROLE_KDC);
	struct kdc_server *s = NULL;
	const char *outcome;
	struct ask q;

	if (!keys)
		die("out of memory");
	kc_reset();
	parse(who, request, &q);
	check(kdc_server_new(world.store, keys, &o, &world.clock, &s), "KDC");
	outcome = q.tgs ? tgs(s, &q) : as(s, &q);
	kdc_server_free(s);
	keys_free(keys);
	return outcome;
}

const struct table table_kdc = { "kdc", op_rows, op_row, op_rights, ask, granted, lines_kdc };
const struct table table_padata = { "padata", pa_rows, pa_row, pa_rights, ask, granted, lines_padata };
const struct table table_options = { "option", option_rows, option_row, option_rights, ask, granted,
	lines_options };
