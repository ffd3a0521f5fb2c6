/* SPDX-License-Identifier: Apache-2.0 */
/* The grants language: its words, and a tree as text. */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "store/access_ast.h"

const struct access_verb_row access_verbs[ACCESS_VERB_COUNT] = {
	/*                      name          attrs  changes asserted */
	[ACCESS_READ] = { "read", true, false, true },
	[ACCESS_SEARCH] = { "search", true, false, true },
	[ACCESS_COMPARE] = { "compare", true, false, true },
	[ACCESS_WRITE] = { "write", true, true, true },
	[ACCESS_CREATE] = { "create", false, false, true },
	[ACCESS_DELETE] = { "delete", false, true, true },
	[ACCESS_MOVE] = { "move", false, true, true },
	[ACCESS_SET_SECRET] = { "set-secret", true, true, false },
	[ACCESS_TICKET] = { "ticket", false, false, true },
	[ACCESS_DELEGATE] = { "delegate", false, false, false },
	[ACCESS_IMPERSONATE] = { "impersonate", false, true, false },
	[ACCESS_TOKEN] = { "token", false, false, true },
	[ACCESS_ENROL] = { "enrol", false, true, true },
	[ACCESS_REVOKE] = { "revoke", false, true, true },
	[ACCESS_EXPORT] = { "export", false, true, true },
	[ACCESS_ADMINISTER] = { "administer", false, true, false },
};

const char *const access_kind_names[ACCESS_KIND_COUNT] = {
#define X(id, text) [ACCESS_NR_##id] = text,
	ACCESS_KINDS(X)
#undef X
};

const char *const access_subj_words[ACCESS_SUBJ_ROLE] = {
	[ACCESS_SUBJ_GROUP] = "group",
	[ACCESS_SUBJ_USER] = "user",
	[ACCESS_SUBJ_SERVICE] = "service",
	[ACCESS_SUBJ_HOST] = "host",
	[ACCESS_SUBJ_CLIENT] = "client",
	[ACCESS_SUBJ_SELF] = "self",
	[ACCESS_SUBJ_MANAGER] = "manager",
	[ACCESS_SUBJ_CLASS] = "class",
	[ACCESS_SUBJ_AUTHENTICATED] = "authenticated",
	[ACCESS_SUBJ_ANONYMOUS] = "anonymous",
	[ACCESS_SUBJ_PARTNER] = "partner",
};

const struct access_class_row access_classes[] = {
	{ "person", ACCESS_WHO_PERSON },
	{ "service", ACCESS_WHO_SERVICE },
	{ "host", ACCESS_WHO_HOST },
	{ NULL, ACCESS_WHO_ANONYMOUS },
};

const struct access_cond_row access_cond_rows[ACCESS_COND_COUNT] = {
	[ACCESS_COND_AGE] = { "auth.age", "<" },
	[ACCESS_COND_MFA] = { "auth.mfa", NULL },
	[ACCESS_COND_METHOD] = { "auth.method", "=" },
	[ACCESS_COND_CONFIDENTIAL] = { "channel.confidential", NULL },
	[ACCESS_COND_IN] = { "delegated.group", "=" },
	[ACCESS_COND_NOT_IN] = { "delegated.group", "!=" },
};

const struct access_method_row access_methods[] = {
	{ "password", LW_CAP_PASSWORD },
	{ "kerberos", LW_CAP_KERBEROS },
	{ "certificate", LW_CAP_CERT },
	{ "otp", LW_CAP_OTP },
	{ "token", LW_CAP_TOKEN },
	{ "peercred", LW_CAP_PEERCRED },
	{ NULL, 0 },
};

enum access_verb access_verb_find(struct lw_bytes name)
{
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
		if (lw_eq_nocase(name, lw_str(access_verbs[v].name)))
			return (enum access_verb)v;
	return ACCESS_NONE;
}

bool access_word_octet(uint8_t c, const char *more)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr(more, c));
}

static void put(struct lw_writer *w, const char *s)
{
	lw_put_raw(w, s, strlen(s));
}

static void put_quoted(struct lw_writer *w, struct lw_bytes s)
{
	put(w, "\"");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			put(w, "\\");
		lw_put_u8(w, s.p[i]);
	}
	put(w, "\"");
}

static void put_name(struct lw_writer *w, struct lw_bytes s, const char *octets)
{
	for (size_t i = 0; i < s.n; i++)
		if (!access_word_octet(s.p[i], octets)) {
			put_quoted(w, s);
			return;
		}
	lw_put_bytes(w, s);
}

static void put_duration(struct lw_writer *w, int64_t us)
{
	static const struct {
		int64_t s;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	char buf[32];

	for (unsigned i = 0; i < 4; i++)
		if (us % (units[i].s * LW_SECOND) == 0) {
			int n = snprintf(buf, sizeof(buf), "%lld%c",
			        (long long)(us / (units[i].s * LW_SECOND)), units[i].unit);
			lw_put_raw(w, buf, (size_t)n);
			return;
		}
}

static void put_words(struct lw_writer *w, const struct access_ast *a)
{
	const char *sep = " ";

	if (a->verbs == ACCESS_VERBS_ALL)
		put(w, " all");
	for (unsigned v = 1; v < ACCESS_VERB_COUNT && a->verbs != ACCESS_VERBS_ALL; v++)
		if (a->verbs >> v & 1) {
			put(w, sep);
			put(w, access_verbs[v].name);
			sep = ",";
		}
	sep = " ";
	if (a->kinds == ACCESS_ANY)
		put(w, " any");
	for (unsigned k = 0; k < ACCESS_KIND_COUNT && a->kinds != ACCESS_ANY; k++)
		if (a->kinds >> k & 1) {
			put(w, sep);
			put(w, access_kind_names[k]);
			sep = ",";
		}
}

static void put_clause(struct lw_writer *w, const char *word, struct lw_bytes value, const char *octets)
{
	if (!value.n)
		return;
	put(w, word);
	put_name(w, value, octets);
}

static void put_attrs(struct lw_writer *w, const struct access_ast *a)
{
	const char *sep = "";

	put(w, " attrs(");
	if (a->star) {
		put(w, "*");
		sep = ",";
	}
	if (a->ordinary) {
		put(w, sep);
		put(w, "ordinary");
		sep = ",";
	}
	for (unsigned i = 0; i < a->nattrs; i++) {
		put(w, sep);
		lw_put_bytes(w, a->attrs[i]);
		sep = ",";
	}
	put(w, ")");
}

static void put_cond(struct lw_writer *w, const struct access_ast_cond *c)
{
	put(w, access_cond_rows[c->kind].word);
	if (access_cond_rows[c->kind].op)
		put(w, access_cond_rows[c->kind].op);
	if (c->kind == ACCESS_COND_AGE)
		put_duration(w, c->age);
	for (unsigned i = 0; c->kind == ACCESS_COND_METHOD && access_methods[i].word; i++)
		if (access_methods[i].method == c->method)
			put(w, access_methods[i].word);
	if (c->is_protected)
		put(w, "protected");
	else if (lw_eq_nocase(c->group, LW_LIT("protected")))
		put_quoted(w, c->group);
	else
		put_name(w, c->group, ACCESS_NAME_OCTETS);
}

void access_format(struct lw_writer *w, const struct access_ast *a)
{
	put(w, a->forbid ? "forbid " : "permit ");
	put(w, access_subj_words[a->subject]);
	put_clause(w, " ", a->partner, ACCESS_NAME_OCTETS);
	put_clause(w, a->partner.n ? " group " : " ", a->subject_name, ACCESS_NAME_OCTETS);
	for (unsigned i = 0; a->subject == ACCESS_SUBJ_CLASS && access_classes[i].word; i++)
		if (access_classes[i].who == a->who) {
			put(w, " ");
			put(w, access_classes[i].word);
		}
	put(w, " may");
	put_words(w, a);
	put_clause(w, " under ", a->under, ACCESS_DN_OCTETS);
	put_clause(w, " tagged ", a->tag, ACCESS_NAME_OCTETS);
	put_clause(w, " named ", a->named, ACCESS_DN_OCTETS);
	put_clause(w, " profile ", a->profile, ACCESS_NAME_OCTETS);
	if (a->names_owned || a->names_theirs)
		put(w, a->names_owned ? " names owned" : " names theirs");
	if (a->audience == ACCESS_AUD_NONE)
		put(w, " audience none");
	if (a->audience == ACCESS_AUD_URL) {
		put(w, " audience ");
		put_quoted(w, a->url);
	}
	if (a->attrs_said)
		put_attrs(w, a);
	for (unsigned i = 0; i < a->nconds; i++) {
		put(w, i ? " and " : " when ");
		put_cond(w, &a->conds[i]);
	}
	if (a->max_life) {
		put(w, " max-life ");
		put_duration(w, a->max_life);
	}
	put(w, ";");
}
