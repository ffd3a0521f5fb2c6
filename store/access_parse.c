/* SPDX-License-Identifier: Apache-2.0 */
/* The grants language: text to tree. One pass, one rule, no recursion. The words are in access_words.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "store/access_ast.h"

#define MAX_DURATION (3650 * 86400 * LW_SECOND)

struct parser {
	struct lw_arena *arena;
	const uint8_t *begin, *p, *end;
	const uint8_t *last; /* where the last word began: errors point there */
	int err;
	char *why;
	struct access_ast *ast;
	uint32_t said; /* clauses, to refuse repetitions */
};

static void fail(struct parser *p, int err, const uint8_t *at, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

static void fail(struct parser *p, int err, const uint8_t *at, const char *fmt, ...)
{
	char text[ACCESS_ERR - 24];
	va_list ap;

	if (p->err)
		return;
	p->err = err;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(p->why, ACCESS_ERR, "at %zu: %s", (size_t)(at - p->begin) + 1, text);
}

static void skip_space(struct parser *p)
{
	while (p->p < p->end && (*p->p == ' ' || *p->p == '\t' || *p->p == '\n' || *p->p == '\r'))
		p->p++;
	p->last = p->p;
}

/* The next run of such octets; empty when there is none. */
static struct lw_bytes peek_word(struct parser *p, const char *octets)
{
	const uint8_t *q;

	skip_space(p);
	for (q = p->p; q < p->end && access_word_octet(*q, octets); q++)
		;
	return (struct lw_bytes){ p->p, (size_t)(q - p->p) };
}

static struct lw_bytes take_word(struct parser *p, const char *octets)
{
	struct lw_bytes w = peek_word(p, octets);

	p->p += w.n;
	return w;
}

/* What stands here, cut short and made harmless, for messages. */
static const char *here(struct parser *p, char ret[28])
{
	size_t n = 0;

	for (const uint8_t *q = p->last; q < p->end && n < 24; q++) {
		if (n && (*q == ' ' || *q == ';' || *q == ')'))
			break;
		ret[n++] = *q >= 0x20 && *q < 0x7f && *q != '\'' ? (char)*q : '?';
	}
	ret[n] = 0;
	if (!n)
		memcpy(ret, "the end", sizeof("the end"));
	return ret;
}

static bool is_word(struct lw_bytes w, const char *text)
{
	return lw_eq_nocase(w, lw_str(text));
}

static bool accept_keyword(struct parser *p, const char *text)
{
	struct lw_bytes w = peek_word(p, ACCESS_KEYWORD_OCTETS);

	if (p->err || !is_word(w, text))
		return false;
	p->p += w.n;
	return true;
}

static void expect_keyword(struct parser *p, const char *text)
{
	char buf[28];

	if (!accept_keyword(p, text))
		fail(p, LW_EINVAL, p->last, "'%s' expected, not %s", text, here(p, buf));
}

static bool accept_mark(struct parser *p, const char *mark)
{
	size_t n = strlen(mark);

	skip_space(p);
	if (p->err || (size_t)(p->end - p->p) < n || memcmp(p->p, mark, n))
		return false;
	p->p += n;
	return true;
}

static void expect_mark(struct parser *p, const char *mark)
{
	char buf[28];

	if (!accept_mark(p, mark))
		fail(p, LW_EINVAL, p->last, "'%s' expected, not %s", mark, here(p, buf));
}

/* "..." with \" and \\ ; the opening quote is next. */
static struct lw_bytes quoted(struct parser *p)
{
	const uint8_t *at = p->p++;
	struct lw_bytes none = { NULL, 0 };
	uint8_t *out = lw_alloc(p->arena, (size_t)(p->end - p->p) + 1);
	size_t n = 0;

	if (!out) {
		fail(p, LW_ENOMEM, at, "out of memory");
		return none;
	}
	while (p->p < p->end && *p->p != '"') {
		uint8_t c = *p->p++;

		if (c == '\\' && p->p < p->end)
			c = *p->p++;
		if (c < 0x20 || c == 0x7f) {
			fail(p, LW_EINVAL, p->p - 1, "a control character in a name");
			return none;
		}
		out[n++] = c;
	}
	if (p->p == p->end) {
		fail(p, LW_EINVAL, at, "the quote is not closed");
		return none;
	}
	p->p++;
	return (struct lw_bytes){ out, n };
}

/* A name, bare or quoted. *ret_quoted may be NULL. */
static struct lw_bytes name(struct parser *p, const char *what, const char *octets, bool *ret_quoted)
{
	struct lw_bytes w = { NULL, 0 };
	bool q;
	char buf[28];

	skip_space(p);
	if (p->err)
		return w;
	q = p->p < p->end && *p->p == '"';
	if (ret_quoted)
		*ret_quoted = q;
	const uint8_t *at = p->p;
	w = q ? quoted(p) : take_word(p, octets);
	if (p->err)
		return w;
	if (!w.n)
		fail(p, LW_EINVAL, at, "%s expected, not %s", what, here(p, buf));
	else if (w.n > ACCESS_MAX_NAME)
		fail(p, LW_ELIMIT, at, "%s has more than %d octets", what, ACCESS_MAX_NAME);
	else if (!lw_utf8_valid(w))
		fail(p, LW_EINVAL, at, "%s is not UTF-8", what);
	return w;
}

static int64_t duration(struct parser *p)
{
	struct lw_bytes w = take_word(p, "");
	int64_t us = 0;
	char buf[28];

	if (p->err)
		return 0;
	if (lw_parse_duration(w, &us) || us <= 0)
		fail(p, LW_EINVAL, p->last, "a duration (5s 10m 1h 30d) expected, not %s", here(p, buf));
	else if (us > MAX_DURATION)
		fail(p, LW_ELIMIT, p->last, "longer than 3650d");
	return us;
}

static void parse_partner(struct parser *p)
{
	p->ast->partner = name(p, "a partner's domain", ACCESS_NAME_OCTETS, NULL);
	expect_keyword(p, "group");
	p->ast->subject_name = name(p, "a name", ACCESS_NAME_OCTETS, NULL);
}

static void parse_subject(struct parser *p)
{
	struct access_ast *a = p->ast;
	char buf[28];
	unsigned i;

	if (accept_keyword(p, "any")) { /* "any authenticated" */
		expect_keyword(p, "authenticated");
		a->subject = ACCESS_SUBJ_AUTHENTICATED;
		return;
	}
	for (i = 0; i < ACCESS_SUBJ_ROLE; i++)
		if (accept_keyword(p, access_subj_words[i]))
			break;
	if (i == ACCESS_SUBJ_ROLE) {
		fail(p, LW_EINVAL, p->last,
		        "a subject expected (group, user, service, host, client, self, manager, "
		        "class, authenticated, anonymous, partner), not %s",
		        here(p, buf));
		return;
	}
	a->subject = (enum access_subj)i;
	if (i <= ACCESS_SUBJ_CLIENT)
		a->subject_name = name(p, "a name", ACCESS_NAME_OCTETS, NULL);
	if (i == ACCESS_SUBJ_PARTNER)
		parse_partner(p);
	if (i != ACCESS_SUBJ_CLASS)
		return;
	for (i = 0; access_classes[i].word; i++)
		if (accept_keyword(p, access_classes[i].word)) {
			a->who = access_classes[i].who;
			return;
		}
	fail(p, LW_EINVAL, p->last, "person, service or host expected, not %s", here(p, buf));
}

static void parse_verbs(struct parser *p)
{
	char buf[28];

	if (accept_keyword(p, "all")) {
		p->ast->verbs = ACCESS_VERBS_ALL;
		return;
	}
	do {
		struct lw_bytes w = take_word(p, ACCESS_KEYWORD_OCTETS);
		enum access_verb v = access_verb_find(w);

		if (v == ACCESS_NONE)
			fail(p, LW_EINVAL, p->last, "a verb expected, not %s", here(p, buf));
		else if (p->ast->verbs >> v & 1)
			fail(p, LW_EINVAL, p->last, "'%s' is said twice", access_verbs[v].name);
		p->ast->verbs |= 1u << v;
	} while (accept_mark(p, ","));
}

static unsigned accept_kind(struct parser *p)
{
	if (accept_keyword(p, "any"))
		return ACCESS_ANY;
	for (unsigned i = 0; i < ACCESS_KIND_COUNT; i++)
		if (accept_keyword(p, access_kind_names[i]))
			return 1u << i;
	return 0;
}

static void parse_kinds(struct parser *p)
{
	char buf[28];
	unsigned k = accept_kind(p);

	p->ast->kinds = k;
	while (k && !p->err && accept_mark(p, ",")) {
		k = accept_kind(p);
		if (!k)
			fail(p, LW_EINVAL, p->last, "a kind of object expected, not %s", here(p, buf));
		else if (p->ast->kinds & k)
			fail(p, LW_EINVAL, p->last, "a kind of object is said twice");
		p->ast->kinds |= k;
	}
}

static bool attr_name_ok(struct lw_bytes w)
{
	for (size_t i = 0; i < w.n; i++)
		if (!access_word_octet(w.p[i], "-._"))
			return false;
	return w.n > 0 && w.n <= 128 && access_word_octet(w.p[0], "");
}

static void parse_attr(struct parser *p)
{
	struct access_ast *a = p->ast;
	struct lw_bytes w;
	char buf[28];

	if (accept_mark(p, "*")) {
		a->star = true;
		return;
	}
	w = take_word(p, ACCESS_KEYWORD_OCTETS);
	if (is_word(w, "ordinary")) {
		a->ordinary = true;
		return;
	}
	if (!attr_name_ok(w)) {
		fail(p, LW_EINVAL, p->last, "an attribute's name, 'ordinary' or '*' expected, not %s",
		        here(p, buf));
		return;
	}
	for (unsigned i = 0; i < a->nattrs; i++)
		if (lw_eq_nocase(a->attrs[i], w))
			fail(p, LW_EINVAL, w.p, "'%.*s' is said twice", (int)w.n, (const char *)w.p);
	if (a->nattrs == ACCESS_MAX_ATTRS) {
		fail(p, LW_ELIMIT, w.p, "more than %d attributes", ACCESS_MAX_ATTRS);
		return;
	}
	a->attrs[a->nattrs++] = w;
}

static void clause_attrs(struct parser *p)
{
	p->ast->attrs_said = true;
	p->ast->attrs = lw_allocn(p->arena, ACCESS_MAX_ATTRS, sizeof(*p->ast->attrs));
	if (!p->ast->attrs)
		fail(p, LW_ENOMEM, p->last, "out of memory");
	expect_mark(p, "(");
	while (!p->err) {
		parse_attr(p);
		if (!accept_mark(p, ","))
			break;
	}
	expect_mark(p, ")");
}

static void cond_value(struct parser *p, struct access_ast_cond *c)
{
	struct lw_bytes w;
	bool q = false;
	char buf[28];

	switch (c->kind) {
	case ACCESS_COND_AGE:
		c->age = duration(p);
		return;
	case ACCESS_COND_METHOD:
		w = take_word(p, ACCESS_KEYWORD_OCTETS);
		for (unsigned i = 0; access_methods[i].word; i++)
			if (is_word(w, access_methods[i].word))
				c->method = access_methods[i].method;
		if (!c->method)
			fail(p, LW_EINVAL, p->last,
			        "a method (password, kerberos, certificate, otp, token, peercred) "
			        "expected, not %s",
			        here(p, buf));
		return;
	default:
		c->group = name(p, "a group", ACCESS_NAME_OCTETS, &q);
		if (!q && is_word(c->group, "protected")) {
			c->is_protected = true;
			c->group = (struct lw_bytes){ NULL, 0 };
		}
	}
}

static void parse_cond(struct parser *p)
{
	struct access_ast *a = p->ast;
	struct access_ast_cond *c;
	struct lw_bytes w = take_word(p, ACCESS_KEYWORD_OCTETS);
	const uint8_t *at = p->last;
	bool known = false;
	char buf[28];

	here(p, buf);
	if (a->nconds == ACCESS_MAX_CONDS) {
		fail(p, LW_ELIMIT, at, "more than %d conditions", ACCESS_MAX_CONDS);
		return;
	}
	c = &a->conds[a->nconds];
	for (unsigned i = 0; i < ACCESS_COND_COUNT; i++) {
		if (!is_word(w, access_cond_rows[i].word))
			continue;
		known = true;
		if (access_cond_rows[i].op && !accept_mark(p, access_cond_rows[i].op))
			continue;
		c->kind = (enum access_cond_kind)i;
		a->nconds++;
		if (access_cond_rows[i].op)
			cond_value(p, c);
		return;
	}
	if (known)
		fail(p, LW_EINVAL, p->last, "'<', '=' or '!=' expected after %.*s", (int)w.n,
		        (const char *)w.p);
	else
		fail(p, LW_EINVAL, at, "a condition expected, not %s", buf);
}

static void clause_when(struct parser *p)
{
	do
		parse_cond(p);
	while (!p->err && accept_keyword(p, "and"));
}

static void clause_under(struct parser *p)
{
	p->ast->under = name(p, "a DN", ACCESS_DN_OCTETS, NULL);
}

static void clause_tagged(struct parser *p)
{
	p->ast->tag = name(p, "a tag", ACCESS_NAME_OCTETS, NULL);
}

static void clause_named(struct parser *p)
{
	p->ast->named = name(p, "a name", ACCESS_DN_OCTETS, NULL);
}

static void clause_profile(struct parser *p)
{
	p->ast->profile = name(p, "a profile", ACCESS_NAME_OCTETS, NULL);
}

static void clause_names(struct parser *p)
{
	p->ast->names_theirs = accept_keyword(p, "theirs");
	if (!p->ast->names_theirs) {
		expect_keyword(p, "owned");
		p->ast->names_owned = true;
	}
}

static void clause_audience(struct parser *p)
{
	bool q = false;
	struct lw_bytes w = name(p, "a quoted URL or none", ACCESS_NAME_OCTETS, &q);

	if (p->err)
		return;
	if (q) {
		p->ast->audience = ACCESS_AUD_URL;
		p->ast->url = w;
	} else if (is_word(w, "none")) {
		p->ast->audience = ACCESS_AUD_NONE;
	} else {
		fail(p, LW_EINVAL, w.p, "an audience stands in quotes, or is none");
	}
}

static void clause_max_life(struct parser *p)
{
	p->ast->max_life = duration(p);
}

/* In the order in which the canonical text has them; any order is read. */
static const struct {
	const char *word;
	void (*parse)(struct parser *);
} clauses[] = {
	{ "under", clause_under },
	{ "tagged", clause_tagged },
	{ "named", clause_named },
	{ "profile", clause_profile },
	{ "names", clause_names },
	{ "audience", clause_audience },
	{ "attrs", clause_attrs },
	{ "when", clause_when },
	{ "max-life", clause_max_life },
};
#define NCLAUSES (sizeof(clauses) / sizeof(clauses[0]))

static bool parse_clause(struct parser *p)
{
	for (unsigned i = 0; i < NCLAUSES; i++) {
		const uint8_t *at;

		if (!accept_keyword(p, clauses[i].word))
			continue;
		at = p->last;
		if (p->said >> i & 1)
			fail(p, LW_EINVAL, at, "'%s' is said twice", clauses[i].word);
		p->said |= 1u << i;
		if (!p->err)
			clauses[i].parse(p);
		return true;
	}
	return false;
}

/* What a permit may give to another tenant's people. */
static void check_partner(struct parser *p)
{
	const struct access_ast *a = p->ast;

	if (a->subject != ACCESS_SUBJ_PARTNER || a->forbid)
		return;
	if (a->verbs & ~ACCESS_PARTNER_VERBS)
		fail(p, LW_EINVAL, p->begin, "a partner may read, search, compare, write, create, delete and move, and nothing else");
	if ((a->verbs & ACCESS_PARTNER_CHANGES) && (a->kinds & ~ACCESS_PARTNER_CHANGES_KINDS))
		fail(p, LW_EINVAL, p->begin,
		        "a partner may change person, group, service, host, application and entry, and nothing else");
}

/* What each for itself is well said but makes no sense together. */
static void check(struct parser *p)
{
	const struct access_ast *a = p->ast;
	const uint8_t *at = p->begin;
	const uint32_t need_attrs = ACCESS_V(READ) | ACCESS_V(SEARCH) | ACCESS_V(COMPARE) | ACCESS_V(WRITE) |
	                            ACCESS_V(SET_SECRET);
	const uint32_t no_object = ACCESS_V(TOKEN) | ACCESS_V(ENROL);
	const uint32_t on_behalf =
	        ACCESS_V(TICKET) | ACCESS_V(DELEGATE) | ACCESS_V(IMPERSONATE) | ACCESS_V(TOKEN);
	bool one_kind =
	        a->kinds && !(a->kinds & (a->kinds - 1)) && !(a->kinds & (ACCESS_ENTRY | ACCESS_TENANT));

	if ((a->verbs & need_attrs) && !a->attrs_said)
		fail(p, LW_EINVAL, at,
		        "attrs() must be said for read, search, compare, write and set-secret");
	if (a->attrs_said &&
	        !(a->verbs & (need_attrs | ACCESS_V(CREATE) | ACCESS_V(TOKEN) | ACCESS_V(EXPORT))))
		fail(p, LW_EINVAL, at, "attrs() says nothing about these verbs");
	if (!a->kinds && (a->verbs & ~no_object))
		fail(p, LW_EINVAL, at, "a kind of object must be said (person, group, …, entry, any)");
	if (a->audience && a->verbs != ACCESS_V(TOKEN))
		fail(p, LW_EINVAL, at, "an audience goes with the verb token alone");
	if ((a->profile.n || a->names_owned || a->names_theirs) && a->verbs != ACCESS_V(ENROL))
		fail(p, LW_EINVAL, at, "profile and names go with the verb enrol alone");
	if (a->named.n && !one_kind && !memchr(a->named.p, '=', a->named.n))
		fail(p, LW_EINVAL, at, "'named' needs one kind of object with names, or a DN");
	for (unsigned i = 0; i < a->nconds; i++)
		if (a->conds[i].kind >= ACCESS_COND_IN && (a->verbs & ~on_behalf))
			fail(p, LW_EINVAL, at,
			        "delegated.group goes with ticket, delegate, impersonate and token alone");
}

int access_parse(struct lw_arena *arena, struct lw_bytes text, struct access_ast **ret, char err[ACCESS_ERR])
{
	struct parser p = { .arena = arena,
		.begin = text.p,
		.p = text.p,
		.end = text.p + text.n,
		.last = text.p,
		.why = err };
	char buf[28];

	err[0] = 0;
	p.ast = lw_alloc(arena, sizeof(*p.ast));
	if (!p.ast)
		fail(&p, LW_ENOMEM, text.p, "out of memory");
	else if (text.n > ACCESS_MAX_TEXT)
		fail(&p, LW_ELIMIT, text.p, "a grant has at most %d octets", ACCESS_MAX_TEXT);
	if (p.err)
		return p.err;
	if (accept_keyword(&p, "forbid"))
		p.ast->forbid = true;
	else if (!accept_keyword(&p, "permit"))
		fail(&p, LW_EINVAL, p.last, "permit or forbid expected, not %s", here(&p, buf));
	if (!p.err)
		parse_subject(&p);
	expect_keyword(&p, "may");
	if (!p.err)
		parse_verbs(&p);
	if (!p.err)
		parse_kinds(&p);
	while (!p.err && parse_clause(&p))
		;
	accept_mark(&p, ";");
	skip_space(&p);
	if (p.p < p.end)
		fail(&p, LW_EINVAL, p.p, "a clause or the end expected, not %s", here(&p, buf));
	check(&p);
	check_partner(&p);
	if (p.err)
		return p.err;
	*ret = p.ast;
	return LW_OK;
}
