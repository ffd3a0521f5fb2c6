/* SPDX-License-Identifier: Apache-2.0 */
/* The reference evaluator: straight from docs/access.md, slow, on names. It shares nothing with
 * store/access_decide.c but the tree that the parser makes. */
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "tests/unit/access_world.h"

static bool same(struct lw_bytes a, const char *b)
{
	return strlen(b) == a.n && !strncasecmp((const char *)a.p, b, a.n);
}

static int find(const struct world *w, enum access_name kind, struct lw_bytes name)
{
	char text[128];

	if (name.n >= sizeof(text))
		return -1;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	return world_find(w, kind, text);
}

static bool has_entry(int subject)
{
	return subject >= 0;
}

/* Only rules that name his tenant and one of the groups it offers are about a partner's man, and they are about nobody else. */
static bool partner_is(const struct access_ast *a, const struct world_act *x)
{
	if (a->subject != ACCESS_SUBJ_PARTNER || !same(a->partner, world_partners[x->partner - 1]))
		return false;
	for (int i = 0; i < 3; i++)
		if ((x->partner_groups >> i & 1) && same(a->subject_name, world_partner_groups[i]))
			return true;
	return false;
}

static bool subject_is(const struct world *w, const struct access_ast *a, const struct world_act *x, int subject)
{
	if (x->partner)
		return partner_is(a, x);
	switch (a->subject) {
	case ACCESS_SUBJ_ANONYMOUS:
		return !has_entry(subject);
	case ACCESS_SUBJ_AUTHENTICATED:
	case ACCESS_SUBJ_SELF:
	case ACCESS_SUBJ_MANAGER:
		return has_entry(subject);
	case ACCESS_SUBJ_CLASS:
		return has_entry(subject) && world_who(w, subject) == a->who;
	case ACCESS_SUBJ_GROUP:
		return has_entry(subject) &&
		       world_in_group(w, subject, find(w, ACCESS_NAME_GROUP, a->subject_name));
	case ACCESS_SUBJ_USER:
		return subject == find(w, ACCESS_NAME_USER, a->subject_name);
	case ACCESS_SUBJ_SERVICE:
		return subject == find(w, ACCESS_NAME_SERVICE, a->subject_name);
	case ACCESS_SUBJ_HOST:
		return subject == find(w, ACCESS_NAME_HOST, a->subject_name);
	case ACCESS_SUBJ_CLIENT:
		return subject == find(w, ACCESS_NAME_CLIENT, a->subject_name);
	default:
		return false;
	}
}

static bool is_manager(const struct world *w, int subject, int object)
{
	for (int m = 0; m < WORLD_NODES; m++)
		if ((w->node[object].managers >> m & 1) && (m == subject || world_in_group(w, subject, m)))
			return true;
	return false;
}

static bool is_manager_of_any(const struct world *w, int subject)
{
	bool yes = false;

	for (int o = 0; o < WORLD_NODES; o++)
		yes = yes || is_manager(w, subject, o);
	return yes;
}

static int named_node(const struct world *w, const struct access_ast *a)
{
	static const struct {
		unsigned kind;
		enum access_name name;
	} map[] = { { ACCESS_PERSON, ACCESS_NAME_USER }, { ACCESS_GROUP, ACCESS_NAME_GROUP },
		{ ACCESS_SERVICE, ACCESS_NAME_SERVICE }, { ACCESS_HOST, ACCESS_NAME_HOST },
		{ ACCESS_APPLICATION, ACCESS_NAME_CLIENT }, { ACCESS_GRANT, ACCESS_NAME_GRANT },
		{ ACCESS_POLICY, ACCESS_NAME_POLICY } };

	if (memchr(a->named.p, '=', a->named.n))
		return find(w, ACCESS_NAME_ENTRY, a->named);
	for (unsigned i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].kind == a->kinds)
			return find(w, map[i].name, a->named);
	return -1;
}

static bool object_is(
        const struct world *w, const struct access_ast *a, const struct world_act *x, int subject)
{
	const struct world_node *o = &w->node[x->object];

	if (a->kinds && !(a->kinds & o->kind))
		return false;
	if (a->named.n && named_node(w, a) != x->object)
		return false;
	if (a->under.n) {
		int base = find(w, ACCESS_NAME_ENTRY, a->under), i = x->object;

		while (i >= 0 && i != base)
			i = w->node[i].parent;
		if (i < 0)
			return false;
	}
	if (a->tag.n) {
		bool tagged = false;

		for (int t = 0; t < WORLD_TAGS; t++)
			tagged = tagged || ((o->tags >> t & 1) && same(a->tag, world_tags[t]));
		if (!tagged)
			return false;
	}
	/* a certificate is its owner's own */
	if (a->subject == ACCESS_SUBJ_SELF && subject != x->object && !(o->owner && o->owner == subject))
		return false;
	return a->subject != ACCESS_SUBJ_MANAGER || is_manager(w, subject, x->object);
}

static bool condition(const struct world *w, const struct access_ast_cond *c, const struct world_act *x)
{
	bool in;

	switch (c->kind) {
	case ACCESS_COND_AGE:
		return x->auth_time && x->auth_time <= WORLD_NOW && WORLD_NOW < x->auth_time + c->age;
	case ACCESS_COND_MFA:
		return x->mfa;
	case ACCESS_COND_METHOD:
		return x->methods & c->method;
	case ACCESS_COND_CONFIDENTIAL:
		return x->confidential;
	default:
		if (x->delegated < 0)
			return false;
		in = c->is_protected ? world_is_protected(w, x->delegated)
		                     : world_in_group(w, x->delegated, find(w, ACCESS_NAME_GROUP, c->group));
		return in == (c->kind == ACCESS_COND_IN);
	}
}

static bool circumstances(const struct world *w, const struct access_ast *a, const struct world_act *x)
{
	if (x->verb == ACCESS_TOKEN) {
		if (a->audience == ACCESS_AUD_URL && (!x->audience || !same(a->url, x->audience)))
			return false;
		if (a->audience == ACCESS_AUD_NONE && x->audience)
			return false;
		if (a->audience == ACCESS_AUD_UNSAID && !a->forbid && !x->audience)
			return false;
	}
	if (x->verb == ACCESS_ENROL) {
		if (a->profile.n && (!x->profile || !same(a->profile, x->profile)))
			return false;
		if ((a->names_owned && !x->names_owned) || (a->names_theirs && !x->names_theirs))
			return false;
	}
	for (unsigned i = 0; i < a->nconds; i++)
		if (!condition(w, &a->conds[i], x))
			return false;
	return true;
}

/* Does the rule's attrs() name this attribute or claim? */
static bool names(const struct access_ast *a, const struct world_act *x, const char *what, bool claim)
{
	const struct schema_attr *attr = claim ? NULL : schema_attr(lw_str(what));

	if (!a->attrs_said) {
		if (x->verb == ACCESS_TOKEN && !a->forbid)
			return claim && !strcmp(what, "sub");
		return true;
	}
	if (a->star)
		return true;
	if (a->ordinary && (claim || ((attr->flags & SCHEMA_ORDINARY) && !(attr->flags & SCHEMA_SECRET))))
		return true;
	for (unsigned i = 0; i < a->nattrs; i++)
		if (same(a->attrs[i], what))
			return true;
	return false;
}

static bool by_attribute(enum access_verb v)
{
	return v == ACCESS_READ || v == ACCESS_SEARCH || v == ACCESS_COMPARE || v == ACCESS_WRITE ||
	       v == ACCESS_CREATE || v == ACCESS_SET_SECRET || v == ACCESS_EXPORT || v == ACCESS_TOKEN;
}

#define MAX_POLICY 64

/* One question to the rules that apply; *life grows to the longest permit's. */
static bool ask(struct access_ast *const *rule, size_t n, const bool *applies, const struct world_act *x,
        const char *what, bool claim, int64_t *life)
{
	bool permit = false;
	int64_t longest = 0;

	for (size_t i = 0; i < n; i++) {
		if (!applies[i] || (what && !names(rule[i], x, what, claim)))
			continue;
		if (rule[i]->forbid)
			return false;
		permit = true;
		if (!rule[i]->max_life)
			longest = INT64_MAX;
		else if (rule[i]->max_life > longest)
			longest = rule[i]->max_life;
	}
	if (permit && longest > *life)
		*life = longest;
	return permit;
}

static bool fits_verb(const char *what, bool claim, enum access_verb v)
{
	bool secret = !claim && (schema_attr(lw_str(what))->flags & SCHEMA_SECRET);

	if (claim)
		return v == ACCESS_TOKEN;
	return secret == (v == ACCESS_SET_SECRET || v == ACCESS_EXPORT);
}

/* read, search, compare of anything; write, create, delete, move of what is no rule, record, trust or tenant */
static bool partner_may(const struct world *w, const struct world_act *x)
{
	switch (x->verb) {
	case ACCESS_READ:
	case ACCESS_SEARCH:
	case ACCESS_COMPARE:
		return true;
	case ACCESS_WRITE:
	case ACCESS_CREATE:
	case ACCESS_DELETE:
	case ACCESS_MOVE:
		return !(w->node[x->object].kind & (ACCESS_GRANT | ACCESS_POLICY | ACCESS_TRUST | ACCESS_TENANT | ACCESS_CERTIFICATE));
	default:
		return false;
	}
}

static bool decide_one(const struct world *w, struct access_ast *const *rule, size_t n,
        const struct world_act *x, int subject, uint32_t tenant, int64_t *life)
{
	bool applies[MAX_POLICY], some = false;
	bool touches = x->verb == ACCESS_WRITE || x->verb == ACCESS_DELETE || x->verb == ACCESS_MOVE ||
	               x->verb == ACCESS_SET_SECRET || x->verb == ACCESS_IMPERSONATE ||
	               x->verb == ACCESS_ENROL || x->verb == ACCESS_REVOKE || x->verb == ACCESS_EXPORT ||
	               x->verb == ACCESS_ADMINISTER;

	if ((tenant != 1) != (x->partner != 0) || x->object_tenant != 1)
		return false;
	if (x->partner && (!has_entry(subject) || !partner_may(w, x)))
		return false;
	if (x->asserted && (x->verb == ACCESS_SET_SECRET || x->verb == ACCESS_ADMINISTER ||
	                           x->verb == ACCESS_DELEGATE || x->verb == ACCESS_IMPERSONATE))
		return false;
	if (touches && world_is_protected(w, x->object) &&
	        !(has_entry(subject) && !x->partner && world_in_group(w, subject, WORLD_ADMINS)))
		return false;
	for (size_t i = 0; i < n; i++)
		applies[i] = (rule[i]->verbs >> x->verb & 1) && subject_is(w, rule[i], x, subject) &&
		             object_is(w, rule[i], x, subject) && circumstances(w, rule[i], x);
	if (!by_attribute(x->verb))
		return ask(rule, n, applies, x, NULL, false, life);
	if (x->what)
		return fits_verb(x->what, x->claim, x->verb) &&
		       ask(rule, n, applies, x, x->what, x->claim, life);
	for (unsigned i = 0; world_attrs[i]; i++)
		if (fits_verb(world_attrs[i], false, x->verb))
			some |= ask(rule, n, applies, x, world_attrs[i], false, life);
	for (unsigned i = 0; x->verb == ACCESS_TOKEN && access_claims[i]; i++)
		some |= ask(rule, n, applies, x, access_claims[i], true, life);
	return some;
}

struct ref_result ref_decide(
        const struct world *w, struct access_ast *const *rule, size_t n, const struct world_act *x)
{
	struct ref_result r = { false, 0 };
	int64_t life = 0;

	r.permit = decide_one(w, rule, n, x, x->subject, x->subject_tenant, &r.max_life);
	if (r.permit && x->actor >= 0) {
		r.permit = decide_one(w, rule, n, x, x->actor, 1, &life);
		if (life < r.max_life)
			r.max_life = life;
	}
	if (!r.permit)
		r.max_life = 0;
	return r;
}

bool ref_any(const struct world *w, struct access_ast *const *rule, size_t n, const struct world_act *x)
{
	for (size_t i = 0; i < n; i++)
		if (!rule[i]->forbid && (rule[i]->verbs >> x->verb & 1) && subject_is(w, rule[i], x, x->subject) &&
		        (rule[i]->subject != ACCESS_SUBJ_MANAGER || is_manager_of_any(w, x->subject)))
			return true;
	return false;
}
