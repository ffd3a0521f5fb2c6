/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tables/client.h"

#include <lber.h>

#include "base/ber.h"

/* libldap's own, exported for its tools */
int ldap_pvt_put_filter(BerElement *, const char *);

struct ldap_client {
	struct lw_peer peer;
	void *conn;
	struct lw_writer in, out;
	size_t at;
	bool closed;
};

/* ---- requests ---- */

static const char *dn(const char *word)
{
	return strcmp(word, "\"\"") ? word : "";
}

static char *spaces(const char *s)
{
	char *copy = lw_strdup(world.arena, s);

	for (char *p = copy; p && *p; p++)
		if (*p == '_')
			*p = ' ';
	return copy;
}

static char *split(const char *pair, const char **ret_value)
{
	char *name = lw_strdup(world.arena, pair), *eq = strchr(name, '=');

	*ret_value = eq ? spaces(eq + 1) : NULL;
	if (eq)
		*eq = 0;
	return name;
}

static void put_search(BerElement *b, char **w, size_t n)
{
	static const char *const scopes[] = { "base", "one", "sub", "children" };
	int scope = 0;

	while (scope < 3 && strcmp(scopes[scope], w[1]))
		scope++;
	ber_printf(b, "t{seeiib", (ber_tag_t)0x63, dn(w[2]), scope, 0, 0, 0, 0);
	if (ldap_pvt_put_filter(b, w[3]))
		die("bad filter %s", w[3]);
	ber_printf(b, "{");
	for (size_t i = 4; i < n; i++)
		ber_printf(b, "s", w[i]);
	ber_printf(b, "}}");
}

static void put_compare(BerElement *b, char **w, size_t n)
{
	const char *value, *name = split(w[2], &value);

	ber_printf(b, "t{s{ss}}", (ber_tag_t)0x6e, dn(w[1]), name, value);
}

static void put_modify(BerElement *b, char **w, size_t n)
{
	static const char *const kinds[] = { "add:", "delete:", "replace:" };

	ber_printf(b, "t{s{", (ber_tag_t)0x66, dn(w[1]));
	for (size_t i = 2; i < n; i++) {
		const char *value, *name;
		int k = 0;

		while (k < 2 && strncmp(kinds[k], w[i], strlen(kinds[k])))
			k++;
		name = split(w[i] + strlen(kinds[k]), &value);
		ber_printf(b, "{e{s[", k, name);
		if (value)
			ber_printf(b, "s", value);
		ber_printf(b, "]}}");
	}
	ber_printf(b, "}}");
}

/* Values of one attribute stand side by side. */
static void put_add(BerElement *b, char **w, size_t n)
{
	const char *value, *open = "";

	ber_printf(b, "t{s{", (ber_tag_t)0x68, dn(w[1]));
	for (size_t i = 2; i < n; i++) {
		const char *name = split(w[i], &value);

		if (strcmp(open, name)) {
			if (*open)
				ber_printf(b, "]}");
			ber_printf(b, "{s[", name);
			open = name;
		}
		ber_printf(b, "s", value);
	}
	ber_printf(b, "]}}}");
}

static void put_delete(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "ts", (ber_tag_t)0x4a, dn(w[1]));
}

static void put_moddn(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ssb", (ber_tag_t)0x6c, dn(w[1]), w[2], 1);
	if (n > 3)
		ber_printf(b, "ts", (ber_tag_t)0x80, dn(w[3]));
	ber_printf(b, "}");
}

static void put_bind(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ists}", (ber_tag_t)0x60, 3, dn(w[1]), (ber_tag_t)0x80, n > 2 ? w[2] : "");
}

static void put_external(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ist{s", (ber_tag_t)0x60, 3, "", (ber_tag_t)0xa3, "EXTERNAL");
	if (n > 1)
		ber_printf(b, "s", dn(w[1]));
	ber_printf(b, "}}");
}

static void put_sasl(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ist{ss}}", (ber_tag_t)0x60, 3, "", (ber_tag_t)0xa3, w[1], w[2]);
}

static void put_unbind(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "tn", (ber_tag_t)0x42);
}

static void put_abandon(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "ti", (ber_tag_t)0x50, atoi(w[1]));
}

static void put_extended(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ts}", (ber_tag_t)0x77, (ber_tag_t)0x80, w[1]);
}

static void put_starttls(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ts}", (ber_tag_t)0x77, (ber_tag_t)0x80, "1.3.6.1.4.1.1466.20037");
}

static void put_whoami(BerElement *b, char **w, size_t n)
{
	ber_printf(b, "t{ts}", (ber_tag_t)0x77, (ber_tag_t)0x80, "1.3.6.1.4.1.4203.1.11.3");
}

static void put_value(BerElement *b, const char *oid, BerElement *value)
{
	struct berval v;

	ber_flatten2(value, &v, 0);
	ber_printf(b, "t{tstO}", (ber_tag_t)0x77, (ber_tag_t)0x80, oid, (ber_tag_t)0x81, &v);
	ber_free(value, 1);
}

static void put_cancel(BerElement *b, char **w, size_t n)
{
	BerElement *v = ber_alloc_t(LBER_USE_DER);

	ber_printf(v, "{i}", atoi(w[1]));
	put_value(b, "1.3.6.1.1.8", v);
}

static void put_passmod(BerElement *b, char **w, size_t n)
{
	BerElement *v = ber_alloc_t(LBER_USE_DER);

	ber_printf(v, "{");
	for (size_t i = 1; i < 4 && i < n; i++)
		if (strcmp(w[i], "-"))
			ber_printf(v, "ts", (ber_tag_t)(0x80 + i - 1), w[i]);
	ber_printf(v, "}");
	put_value(b, "1.3.6.1.4.1.4203.1.11.1", v);
}

static const struct {
	const char *word;
	size_t least;
	void (*put)(BerElement *, char **, size_t);
	bool changes;
} requests[] = {
	{ "search", 4, put_search, false },
	{ "compare", 3, put_compare, false },
	{ "modify", 3, put_modify, true },
	{ "add", 3, put_add, true },
	{ "delete", 2, put_delete, true },
	{ "moddn", 3, put_moddn, true },
	{ "bind", 2, put_bind, false },
	{ "external", 1, put_external, false },
	{ "sasl", 3, put_sasl, false },
	{ "unbind", 1, put_unbind, false },
	{ "abandon", 2, put_abandon, false },
	{ "extended", 2, put_extended, false },
	{ "starttls", 1, put_starttls, false },
	{ "whoami", 1, put_whoami, false },
	{ "cancel", 2, put_cancel, false },
	{ "passmod", 4, put_passmod, true },
};

/* ---- controls ---- */

static void selection(BerElement *v, char *list)
{
	char *save = NULL;

	ber_printf(v, "{");
	for (char *a = list ? strtok_r(list, ",", &save) : NULL; a; a = strtok_r(NULL, ",", &save))
		ber_printf(v, "s", a);
	ber_printf(v, "}");
}

static const struct {
	const char *word, *oid;
	bool value;
} controls[] = {
	{ "paged", "1.2.840.113556.1.4.319", true },
	{ "assert", "1.3.6.1.1.12", true },
	{ "pre", "1.3.6.1.1.13.1", true },
	{ "post", "1.3.6.1.1.13.2", true },
	{ "manage", "2.16.840.1.113730.3.4.2", false },
	{ "subentries", "1.3.6.1.4.1.4203.1.10.1", true },
	{ "nocopy", "1.3.6.1.1.22", false },
	{ "ppolicy", "1.3.6.1.4.1.42.2.27.8.5.1", false },
	{ "sort", "1.2.840.113556.1.4.473", true },
};
#define NCONTROLS (sizeof(controls) / sizeof(controls[0]))

static void control_value(BerElement *v, const char *word, char *arg)
{
	if (!strcmp(word, "paged"))
		ber_printf(v, "{is}", atoi(arg), "");
	else if (!strcmp(word, "assert") && ldap_pvt_put_filter(v, arg))
		die("bad filter %s", arg);
	else if (!strcmp(word, "pre") || !strcmp(word, "post"))
		selection(v, arg);
	else if (!strcmp(word, "subentries"))
		ber_printf(v, "b", 0);
	else if (!strcmp(word, "sort"))
		ber_printf(v, "{{s}}", arg);
}

static void put_control(BerElement *b, char *word)
{
	bool critical = *word++ == '!';
	char *arg = strchr(word, ':');
	BerElement *v;
	struct berval value;
	size_t i = 0;

	if (arg)
		*arg++ = 0;
	while (i < NCONTROLS && strcmp(controls[i].word, word))
		i++;
	ber_printf(b, "{sb", i < NCONTROLS ? controls[i].oid : word, critical);
	if (i < NCONTROLS && controls[i].value) {
		v = ber_alloc_t(LBER_USE_DER);
		control_value(v, word, arg);
		ber_flatten2(v, &value, 0);
		ber_printf(b, "O", &value);
		ber_free(v, 1);
	}
	ber_printf(b, "}");
}

/* One message; *ret_changes when it is an update. */
static void put_message(struct lw_writer *out, int id, char *text, bool *ret_changes)
{
	BerElement *b = ber_alloc_t(LBER_USE_DER);
	char *w[64], *ctl[8];
	size_t n = words(text, w, 64), nctl = 0, kept = 0, i = 0;
	struct berval v;

	for (size_t k = 0; k < n; k++) {
		if (k && (*w[k] == '!' || *w[k] == '?') && nctl < 8)
			ctl[nctl++] = w[k];
		else
			w[kept++] = w[k];
	}
	while (i < sizeof(requests) / sizeof(requests[0]) && (!kept || strcmp(requests[i].word, w[0])))
		i++;
	if (i == sizeof(requests) / sizeof(requests[0]) || kept < requests[i].least)
		die("bad request %s", kept ? w[0] : "");
	ber_printf(b, "{i", id);
	requests[i].put(b, w, kept);
	if (nctl) {
		ber_printf(b, "t{", (ber_tag_t)0xa0);
		for (size_t k = 0; k < nctl; k++)
			put_control(b, ctl[k]);
		ber_printf(b, "}");
	}
	if (ber_printf(b, "}") < 0 || ber_flatten2(b, &v, 0))
		die("can't encode %s", w[0]);
	lw_put_raw(out, v.bv_val, v.bv_len);
	ber_free(b, 1);
	*ret_changes = requests[i].changes;
}

void ldap_encode(struct lw_writer *out, int id, const char *request)
{
	bool changes;

	put_message(out, id, expand(request), &changes);
}

/* ---- answers ---- */

static void note_attrs(struct ldap_answer *a, BerElement *b)
{
	struct berval name;
	ber_tag_t tag;
	ber_len_t len;
	char *last;

	for (tag = ber_first_element(b, &len, &last); tag != LBER_DEFAULT;
	        tag = ber_next_element(b, &len, last)) {
		if (ber_scanf(b, "{mx}", &name) == LBER_ERROR)
			die("bad entry");
		a->attrs = lw_printf(
		        world.arena, "%s %.*s", a->attrs ? a->attrs : "", (int)name.bv_len, name.bv_val);
	}
}

static void get_entry(struct ldap_answer *a, BerElement *b)
{
	struct berval name;

	a->entries++;
	if (ber_scanf(b, "{m", &name) == LBER_ERROR)
		die("bad entry");
	note_attrs(a, b);
}

static void get_control(struct ldap_answer *a, const char *oid, struct berval *value)
{
	BerElement *b;
	struct berval name;
	bool *flags[] = { &a->paged, NULL, &a->pre, &a->post };

	for (size_t i = 0; i < 4; i++)
		if (flags[i] && !strcmp(controls[i].oid, oid))
			*flags[i] = true;
	if (!strcmp(controls[2].oid, oid) || !strcmp(controls[3].oid, oid)) {
		b = ber_init(value);
		if (!b || ber_scanf(b, "{m", &name) == LBER_ERROR)
			die("bad control");
		note_attrs(a, b);
		ber_free(b, 1);
	}
}

static void get_result(struct ldap_answer *a, BerElement *b)
{
	struct berval matched, text, v;
	ber_tag_t tag;
	ber_len_t len;
	ber_int_t code;
	char *last, oid[64];

	if (ber_scanf(b, "{emm", &code, &matched, &text) == LBER_ERROR)
		die("bad result");
	a->code = code;
	a->matched = lw_dup(world.arena, (struct lw_bytes){ (uint8_t *)matched.bv_val, matched.bv_len });
	a->text = lw_dup(world.arena, (struct lw_bytes){ (uint8_t *)text.bv_val, text.bv_len });
	while ((tag = ber_peek_tag(b, &len)) == 0x87 || tag == 0x8a || tag == 0x8b) {
		ber_scanf(b, "m", &v);
		if (tag == 0x8b)
			a->value = lw_dup(world.arena, (struct lw_bytes){ (uint8_t *)v.bv_val, v.bv_len });
	}
	ber_scanf(b, "}");
	if (ber_peek_tag(b, &len) != 0xa0)
		return;
	for (tag = ber_first_element(b, &len, &last); tag != LBER_DEFAULT;
	        tag = ber_next_element(b, &len, last)) {
		struct berval o;
		if (ber_scanf(b, "{m", &o) == LBER_ERROR || o.bv_len >= sizeof(oid))
			die("bad control");
		memcpy(oid, o.bv_val, o.bv_len);
		oid[o.bv_len] = 0;
		v = (struct berval){ 0 };
		if (ber_peek_tag(b, &len) == LBER_OCTETSTRING)
			ber_scanf(b, "m", &v);
		ber_scanf(b, "}");
		get_control(a, oid, &v);
	}
}

/* Every message of the octets to the answer of its id. */
static void get_answers(struct lw_bytes raw, struct ldap_answer *list, size_t n)
{
	size_t total;

	for (; raw.n; raw = (struct lw_bytes){ raw.p + total, raw.n - total }) {
		struct berval v;
		BerElement *b;
		ber_int_t id;
		ber_len_t len;

		if (lw_ber_frame(raw, SIZE_MAX / 2, &total) || total > raw.n)
			die("half an answer");
		v = (struct berval){ total, (char *)raw.p };
		b = ber_init(&v); /* a copy, with a NUL behind it */
		if (!b || ber_scanf(b, "{i", &id) == LBER_ERROR)
			die("bad answer");
		if (id >= 2 && (size_t)id < n + 2) {
			if (ber_peek_tag(b, &len) == 0x64)
				get_entry(&list[id - 2], b);
			else
				get_result(&list[id - 2], b);
		}
		ber_free(b, 1);
	}
}

/* ---- a connection ---- */

static void run(struct ldap_client *c)
{
	enum lw_next next = LW_NEXT_MORE;
	struct lw_reader r;

	for (unsigned i = 0;
	        !c->closed && (next == LW_NEXT_MORE || next == LW_NEXT_JOB || next == LW_NEXT_SLOW_JOB);
	        i++) {
		lw_reader_init(&r, (struct lw_bytes){ c->in.p + c->at, c->in.n - c->at });
		next = ldapd_proto.step(c->conn, &r, &c->out);
		c->at = (size_t)(r.p - c->in.p);
		if (next == LW_NEXT_JOB || next == LW_NEXT_SLOW_JOB)
			ldapd_proto.job(c->conn, &c->out);
		c->closed = next == LW_NEXT_CLOSE;
		if (i > 100000)
			die("the machine does not come to rest");
	}
	if (c->out.err)
		die("too much came out");
}

static struct ldap_client *client_new(enum column who)
{
	struct ldap_client *c = calloc(1, sizeof(*c));

	if (!c)
		die("out of memory");
	snprintf(c->peer.addr, sizeof(c->peer.addr), "%s", who == OPERATOR ? "unix" : "127.0.0.1:4711");
	c->peer.local = c->peer.owner = who == OPERATOR;
	c->peer.loopback = who != OPERATOR;
	lw_writer_init(&c->in, 1u << 20);
	lw_writer_init(&c->out, 64u << 20);
	c->conn = ldapd_proto.conn_new(world.ldap, &c->peer);
	if (!c->conn)
		die("out of memory");
	return c;
}

void ldap_close(struct ldap_client *c)
{
	if (!c)
		return;
	ldapd_proto.conn_free(c->conn);
	lw_writer_done(&c->in);
	lw_writer_done(&c->out);
	free(c);
}

static size_t queue(struct ldap_client *c, const char *request, bool *ret_changes)
{
	char *text = expand(request), *next;
	size_t n = 0;
	bool changes;

	c->at = 0;
	lw_writer_reset(&c->in);
	lw_writer_reset(&c->out);
	*ret_changes = false;
	for (; text; text = next) {
		next = strstr(text, " ; ");
		if (next) {
			*next = 0;
			next += 3;
		}
		put_message(&c->in, (int)n++ + 2, text, &changes);
		*ret_changes |= changes;
	}
	return n;
}

struct lw_bytes ldap_send(struct ldap_client *c, const char *request)
{
	bool changes;

	queue(c, request, &changes);
	run(c);
	return lw_written(&c->out);
}

static int log_in(struct ldap_client *c, enum column who)
{
	struct ldap_answer a = { .code = -1 };
	const char *request = who == OPERATOR ? "external \"\""
	                                      : lw_printf(world.arena, "bind %s %s", subjects[who].dn,
	                                                subjects[who].password);

	if (who == ANONYMOUS)
		return 0;
	get_answers(ldap_send(c, request), &a, 1);
	return a.code;
}

struct ldap_client *ldap_open(enum column who)
{
	struct ldap_client *c = client_new(who);

	if (!log_in(c, who))
		return c;
	ldap_close(c);
	return NULL;
}

struct lw_bytes ldap_raw(enum column who, const char *request, struct ldap_answer *ret)
{
	struct ldap_client *c = ldap_open(who);
	struct lw_bytes raw;

	*ret = (struct ldap_answer){ .code = -1 };
	if (!c)
		die("%s can't log in", column_names[who]);
	raw = lw_dup(world.arena, ldap_send(c, request));
	get_answers(raw, ret, 1);
	ret->closed = c->closed;
	ldap_close(c);
	return raw;
}

static char *suffix_sign(struct lw_bytes dn_text)
{
	static const char *const suffixes[] = { "dc=beta,dc=example", "dc=acme,dc=example" };
	char *s = lw_printf(world.arena, "%.*s", (int)dn_text.n, (const char *)dn_text.p), *at;

	for (size_t i = 0; i < 2; i++)
		if ((at = strstr(s, suffixes[i]))) {
			at[0] = i ? '%' : '$';
			at[1] = 0;
		}
	return s;
}

static const char *describe(const struct ldap_answer *a, bool search)
{
	const char *s;

	if (a->code < 0)
		return "-";
	s = lw_printf(world.arena, "%d", a->code);
	if (search && !a->code)
		s = lw_printf(world.arena, "%s+%u", s, a->entries);
	else if (a->entries)
		s = lw_printf(world.arena, "%s and %u entries", s, a->entries);
	if (a->matched.n)
		s = lw_printf(world.arena, "%s@%s", s, suffix_sign(a->matched));
	return lw_printf(world.arena, "%s%s%s%s", s, a->paged ? "[paged]" : "", a->pre ? "[pre]" : "",
	        a->post ? "[post]" : "");
}

const char *ldap_ask(enum column who, const char *request)
{
	struct ldap_client *c = client_new(who);
	struct ldap_answer list[8];
	const char *out = "", *at = request = world_trusting(request);
	bool changes;
	int code = log_in(c, who);
	size_t n;

	if (code) {
		ldap_close(c);
		return lw_printf(world.arena, "login %d", code);
	}
	for (size_t i = 0; i < 8; i++)
		list[i] = (struct ldap_answer){ .code = -1 };
	n = queue(c, request, &changes);
	if (n > 8)
		die("too many requests");
	run(c);
	get_answers(lw_written(&c->out), list, n);
	for (size_t i = 0; i < n; i++) {
		out = lw_printf(world.arena, "%s%s%s", out, i ? " ; " : "",
		        describe(&list[i], !strncmp(at, "search", 6)));
		world.dirty |= changes && list[i].code == 0;
		at = i + 1 < n ? strstr(at, " ; ") + 3 : at;
	}
	if (c->closed)
		out = lw_printf(world.arena, "%s closed", out);
	ldap_close(c);
	return out;
}
