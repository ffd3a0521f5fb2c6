/* SPDX-License-Identifier: Apache-2.0 */
/* The decision. Rights are the rules of a policy that can concern one subject, sorted by verb, forbids first.
 */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "store/access_rule.h"

#define POLICY_MEMORY (64u << 20)

/* ---- policy ---- */

struct access_policy *access_policy_new(uint32_t tenant, uint64_t admin_group)
{
	struct access_policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	atomic_init(&p->refs, 1);
	p->tenant = tenant;
	p->admin_group = admin_group;
	p->arena = lw_arena_new(POLICY_MEMORY, false);
	if (!p->arena) {
		free(p);
		return NULL;
	}
	return p;
}

int access_policy_add(struct access_policy *p, uint64_t grant_id, struct lw_bytes encoded)
{
	struct access_rule *r = NULL;
	int err;

	if (p->n == ACCESS_MAX_RULES)
		return LW_ELIMIT;
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 32;
		struct access_rule **rules = realloc(p->rules, cap * sizeof(*rules));

		if (!rules)
			return LW_ENOMEM;
		p->rules = rules;
		p->cap = cap;
	}
	err = access_rule_decode(p->arena, encoded, &r);
	if (err)
		return err;
	r->grant_id = grant_id;
	r->index = (uint32_t)p->n;
	p->rules[p->n++] = r;
	return LW_OK;
}

struct access_policy *access_policy_ref(const struct access_policy *policy)
{
	struct access_policy *p = (struct access_policy *)(uintptr_t)policy;

	atomic_fetch_add(&p->refs, 1);
	return p;
}

void access_policy_unref(struct access_policy *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	lw_arena_free(p->arena);
	free(p->rules);
	free(p->offered);
	free(p);
}

size_t access_policy_count(const struct access_policy *p)
{
	return p->n;
}

int access_policy_offer(struct access_policy *p, uint64_t group)
{
	size_t at = p->noffered;
	uint64_t *more;

	if (access_policy_offers(p, group))
		return LW_OK;
	more = realloc(p->offered, (p->noffered + 1) * sizeof(*more));
	if (!more)
		return LW_ENOMEM;
	for (; at && more[at - 1] > group; at--)
		more[at] = more[at - 1];
	more[at] = group;
	p->offered = more;
	p->noffered++;
	return LW_OK;
}

bool access_policy_offers(const struct access_policy *p, uint64_t group)
{
	return access_ids_have_sorted(p->offered, p->noffered, group);
}

/* ---- matching ---- */

bool access_ids_have(const uint64_t *ids, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

bool access_ids_have_sorted(const uint64_t *ids, size_t n, uint64_t id)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ids[mid] < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && ids[lo] == id;
}

bool access_is_protected(const struct access_policy *p, uint64_t id, const uint64_t *groups, size_t n)
{
	return p->admin_group && (id == p->admin_group || access_ids_have(groups, n, p->admin_group));
}

static bool concerns_partner(const struct access_rule *r, const struct access_partner *p)
{
	if (r->subject != ACCESS_SUBJ_PARTNER || !lw_uuid_eq(&r->partner, &p->tenant))
		return false;
	for (size_t i = 0; i < p->ngroups; i++)
		if (lw_eq(r->partner_group, p->groups[i]))
			return true;
	return false;
}

bool access_rule_concerns(const struct access_rule *r, const struct access_subject *s)
{
	bool principal = s->who != ACCESS_WHO_ANONYMOUS && s->who != ACCESS_WHO_ROLE && s->id;

	if (s->partner)
		return concerns_partner(r, s->partner);
	switch (r->subject) {
	case ACCESS_SUBJ_GROUP:
		return principal && access_ids_have_sorted(s->groups, s->ngroups, r->subject_id);
	case ACCESS_SUBJ_USER:
		return s->who == ACCESS_WHO_PERSON && s->id == r->subject_id;
	case ACCESS_SUBJ_SERVICE:
		return s->who == ACCESS_WHO_SERVICE && s->id == r->subject_id;
	case ACCESS_SUBJ_HOST:
		return s->who == ACCESS_WHO_HOST && s->id == r->subject_id;
	case ACCESS_SUBJ_CLIENT:
		return s->who == ACCESS_WHO_CLIENT && s->id == r->subject_id;
	case ACCESS_SUBJ_CLASS:
		return principal && s->who == r->who;
	case ACCESS_SUBJ_MANAGER:
		return principal && s->manages;
	case ACCESS_SUBJ_SELF:
	case ACCESS_SUBJ_AUTHENTICATED:
		return principal;
	case ACCESS_SUBJ_ANONYMOUS:
		return s->who == ACCESS_WHO_ANONYMOUS;
	case ACCESS_SUBJ_ROLE:
		return s->who == ACCESS_WHO_ROLE;
	case ACCESS_SUBJ_PARTNER:
	case ACCESS_SUBJ_COUNT:
		break;
	}
	return false;
}

bool access_rule_scope(const struct access_rule *r, const struct access_object *o)
{
	if (!(r->kinds & o->kind))
		return false;
	if (r->named && (!o->id || r->named != o->id))
		return false;
	if (r->under && !access_ids_have(o->above, o->nabove, r->under))
		return false;
	if (r->tag.n) {
		size_t i = 0;

		while (i < o->ntags && !lw_eq(o->tags[i], r->tag))
			i++;
		if (i == o->ntags)
			return false;
	}
	return true;
}

static bool manages(const struct access_subject *s, const struct access_object *o)
{
	for (size_t i = 0; i < o->nmanagers; i++)
		if (o->managers[i] == s->id || access_ids_have_sorted(s->groups, s->ngroups, o->managers[i]))
			return true;
	return false;
}

bool access_rule_matches(
        const struct access_rule *r, const struct access_subject *s, const struct access_object *o)
{
	if (!access_rule_scope(r, o))
		return false;
	if (r->subject == ACCESS_SUBJ_SELF)
		return (o->id && o->id == s->id) || (o->owner && o->owner == s->id);
	return r->subject != ACCESS_SUBJ_MANAGER || manages(s, o);
}

/* -1: nobody of this tenant is delegated, so neither in nor outside of the group */
static int delegated_in(const struct access_policy *p, const struct access_subject *d, uint64_t group)
{
	if (!d || !p || d->tenant != p->tenant)
		return -1;
	if (!group)
		return access_is_protected(p, d->id, d->groups, d->ngroups);
	return access_ids_have_sorted(d->groups, d->ngroups, group);
}

static bool condition(const struct access_cond *c, const struct access_policy *p, const struct access_ctx *x)
{
	switch (c->kind) {
	case ACCESS_COND_AGE:
		return x->auth_time > 0 && x->now >= x->auth_time && x->now - x->auth_time < c->age;
	case ACCESS_COND_MFA:
		return x->mfa;
	case ACCESS_COND_METHOD:
		return (x->methods & c->method) != 0;
	case ACCESS_COND_CONFIDENTIAL:
		return x->confidential;
	case ACCESS_COND_IN:
		return delegated_in(p, x->delegated, c->group) == 1;
	case ACCESS_COND_NOT_IN:
		return delegated_in(p, x->delegated, c->group) == 0;
	case ACCESS_COND_COUNT:
		break;
	}
	return false;
}

static bool audience(const struct access_rule *r, struct lw_bytes url)
{
	switch (r->audience) {
	case ACCESS_AUD_UNSAID: /* "none" must be said to be permitted; a forbid that says nothing means all
	                         */
		return url.n || r->forbid;
	case ACCESS_AUD_NONE:
		return !url.n;
	case ACCESS_AUD_URL:
		return lw_eq(r->url, url);
	}
	return false;
}

bool access_rule_conditions(const struct access_rule *r, const struct access_policy *p, enum access_verb verb,
        const struct access_object *o, const struct access_ctx *x)
{
	if (verb == ACCESS_TOKEN && !audience(r, o->audience))
		return false;
	if (verb == ACCESS_ENROL) {
		if ((r->names_owned && !o->names_owned) || (r->names_theirs && !o->names_theirs))
			return false;
		if (r->profile.n && !lw_eq(r->profile, o->profile))
			return false;
	}
	for (unsigned i = 0; i < r->nconds; i++)
		if (!condition(&r->conds[i], p, x))
			return false;
	return true;
}

/* ---- rights ---- */

struct access_rights *access_rights_new(const struct access_policy *policy,
        const struct access_subject *subject, struct access_rule *const *rules, size_t n)
{
	struct access_rights *a;
	const struct access_rule **list;
	uint64_t *groups;
	size_t total = 0, concerned = 0, at = 0;
	uint8_t *concerns = calloc(n ? n : 1, 1);

	if (!concerns)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		concerns[i] = access_rule_concerns(rules[i], subject);
		concerned += concerns[i];
		total += concerns[i] ? (size_t)__builtin_popcount(rules[i]->verbs) : 0;
	}
	a = calloc(1, sizeof(*a) + total * sizeof(*list) + subject->ngroups * sizeof(*groups));
	if (!a)
		goto out;
	groups = (uint64_t *)(a + 1);
	list = (const struct access_rule **)(groups + subject->ngroups);
	if (subject->ngroups)
		memcpy(groups, subject->groups, subject->ngroups * sizeof(*groups));
	a->tenant = subject->tenant;
	a->subject = *subject;
	a->subject.groups = groups;
	a->partner = subject->partner != NULL;
	a->subject.partner = NULL; /* it is the caller's */
	a->rules = list;
	for (unsigned v = 0; v < ACCESS_VERB_COUNT; v++) {
		a->first[v] = (uint32_t)at;
		for (int permits = 0; permits < 2; permits++) {
			if (permits)
				a->permit[v] = (uint32_t)at;
			for (size_t i = 0; i < n && concerned; i++) {
				const struct access_rule *r = rules[i];

				if (!concerns[i] || !(r->verbs >> v & 1) || r->forbid == permits)
					continue;
				list[at++] = r;
				a->needs[v] |=
				        (r->under ? ACCESS_NEED_ABOVE : 0) |
				        (r->subject == ACCESS_SUBJ_MANAGER ? ACCESS_NEED_MANAGERS : 0) |
				        (r->tag.n ? ACCESS_NEED_TAGS : 0) |
				        (r->subject == ACCESS_SUBJ_SELF && r->kinds & ACCESS_CERTIFICATE
				                        ? ACCESS_NEED_OWNER
				                        : 0);
			}
		}
	}
	a->first[ACCESS_VERB_COUNT] = (uint32_t)at;
	if (policy)
		a->policy = access_policy_ref(policy);
out:
	free(concerns);
	return a;
}

struct access_rights *access_bind(const struct access_policy *p, const struct access_subject *s)
{
	bool fenced = (s->tenant != p->tenant) != (s->partner != NULL) || s->who == ACCESS_WHO_ROLE ||
	              (s->partner && s->who == ACCESS_WHO_ANONYMOUS);
	struct access_subject guest = { .tenant = p->tenant, .who = s->who, .partner = s->partner };
	struct access_rights *a = access_rights_new(p, s->partner ? &guest : s, p->rules, fenced ? 0 : p->n);

	if (!a)
		return NULL;
	a->fenced = fenced;
	a->admin = !fenced && !a->partner && p->admin_group && s->who != ACCESS_WHO_ANONYMOUS &&
	           access_ids_have_sorted(s->groups, s->ngroups, p->admin_group);
	a->passes = a->admin;
	return a;
}

void access_bind_asserted(struct access_rights *a)
{
	a->asserted = true;
}

void access_rights_free(struct access_rights *a)
{
	if (!a)
		return;
	access_policy_unref(a->policy);
	free(a);
}

bool access_is_admin(const struct access_rights *a)
{
	return a->admin;
}

unsigned access_needs(const struct access_rights *a, enum access_verb verb)
{
	return a->needs[verb];
}

bool access_any(const struct access_rights *a, enum access_verb verb)
{
	return !a->fenced && a->permit[verb] < a->first[verb + 1];
}

bool access_any_attr(const struct access_rights *a, enum access_verb verb, const struct schema_attr *attr)
{
	for (uint32_t i = a->permit[verb]; !a->fenced && i < a->first[verb + 1]; i++) {
		struct access_set set;
		access_rule_set(a->rules[i], verb, &set);
		if (access_set_has(&set, attr))
			return true;
	}
	return false;
}

/* ---- deciding ---- */

static const char *const reasons[ACCESS_BY_COUNT] = {
	[ACCESS_BY_DEFAULT] = "no rule permits it",
	[ACCESS_BY_PERMIT] = "permitted by a rule",
	[ACCESS_BY_FORBID] = "forbidden by a rule",
	[ACCESS_BY_FENCE] = "it belongs to another tenant",
	[ACCESS_BY_PROTECTED] = "administrators are protected from everyone but administrators",
	[ACCESS_BY_SECRET] = "the attribute is secret, or the verb is for secrets only",
	[ACCESS_BY_ASSERTED] = "not with a client certificate alone",
	[ACCESS_BY_PARTNER] = "not to be had by a partner tenant's people",
};

const char *access_reason_text(enum access_reason r)
{
	return r < ACCESS_BY_COUNT ? reasons[r] : "?";
}

/* What stands before any rule. true: refused, *ret says why. */
static bool refused(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        const struct access_ctx *x, enum access_reason *ret)
{
	if (a->fenced || a->tenant != o->tenant) {
		*ret = ACCESS_BY_FENCE;
		return true;
	}
	if (a->partner && (!(ACCESS_PARTNER_VERBS >> verb & 1) ||
	                          ((ACCESS_PARTNER_CHANGES >> verb & 1) && (o->kind & ~ACCESS_PARTNER_CHANGES_KINDS)))) {
		*ret = ACCESS_BY_PARTNER;
		return true;
	}
	if (x->asserted && !access_verbs[verb].asserted) {
		*ret = ACCESS_BY_ASSERTED;
		return true;
	}
	if (o->is_protected && access_verbs[verb].changes && !a->passes) {
		*ret = ACCESS_BY_PROTECTED;
		return true;
	}
	return false;
}

static bool applies(const struct access_rights *a, const struct access_rule *r, enum access_verb verb,
        const struct access_object *o, const struct access_ctx *x)
{
	return access_rule_matches(r, &a->subject, o) && access_rule_conditions(r, a->policy, verb, o, x);
}

/* Everything that the applying permits (or forbids) of a verb speak about. */
static const struct access_rule *gather(const struct access_rights *a, enum access_verb verb,
        const struct access_object *o, const struct access_ctx *x, bool permits, struct access_set *ret)
{
	uint32_t i = permits ? a->permit[verb] : a->first[verb];
	uint32_t end = permits ? a->first[verb + 1] : a->permit[verb];
	const struct access_rule *first = NULL;
	struct access_set s;

	memset(ret, 0, sizeof(*ret));
	for (; i < end; i++) {
		if (!applies(a, a->rules[i], verb, o, x))
			continue;
		access_rule_set(a->rules[i], verb, &s);
		access_set_or(ret, &s);
		if (!first)
			first = a->rules[i];
	}
	return first;
}

static void own_set(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        const struct access_ctx *x, struct access_set *ret)
{
	struct access_set minus;
	enum access_reason why;

	memset(ret, 0, sizeof(*ret));
	if (refused(a, verb, o, x, &why) || !(ACCESS_SET_VERBS >> verb & 1))
		return;
	if (!gather(a, verb, o, x, true, ret))
		return;
	if (gather(a, verb, o, x, false, &minus))
		access_set_minus(ret, &minus);
}

void access_attr_set(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        const struct access_ctx *x, struct access_set *ret)
{
	own_set(a, verb, o, x, ret);
	if (x->actor) {
		struct access_ctx actor = *x;
		struct access_set s;

		actor.actor = NULL;
		own_set(x->actor, verb, o, &actor, &s);
		access_set_and(ret, &s);
	}
}

bool access_visible(const struct access_rights *a, const struct access_object *o, const struct access_ctx *x)
{
	return access_decide(a, ACCESS_READ, o, NULL, x, NULL) ||
	       access_decide(a, ACCESS_SEARCH, o, NULL, x, NULL);
}

/* What a decision is about, beside verb and object: one attribute, one claim, or the whole (neither). */
struct about {
	const struct schema_attr *attr;
	int claim; /* -1: none */
};

static bool speaks_of(const struct access_rule *r, enum access_verb verb, struct about what)
{
	const struct access_set *s =
	        verb == ACCESS_SET_SECRET || verb == ACCESS_EXPORT ? &r->secret : &r->open;

	if (verb == ACCESS_TOKEN && !r->attrs_said && !r->forbid)
		return what.claim == 0;
	if (what.claim >= 0)
		return s->claims >> what.claim & 1;
	return access_set_has(s, what.attr);
}

static bool better(const struct access_rule *r, const struct access_rule *than)
{
	return !than || r->max_life > than->max_life;
}

static bool say(const struct access_rights *a, enum access_reason reason, const struct access_rule *r,
        struct access_why *why)
{
	why->reason = reason;
	why->of_actor = false;
	why->of_role = !a->policy;
	why->rule = r ? r->index : 0;
	why->grant_id = r ? r->grant_id : 0;
	why->max_life = reason == ACCESS_BY_PERMIT ? r->max_life : 0;
	return reason == ACCESS_BY_PERMIT;
}

/* The whole entry under a verb that is decided by attributes: is anything left of it? */
static bool decide_some(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        const struct access_ctx *x, struct access_why *why)
{
	const struct access_rule *forbid, *best = NULL;
	struct access_set minus, s;
	bool emptied = false;

	forbid = gather(a, verb, o, x, false, &minus);
	for (uint32_t i = a->permit[verb]; i < a->first[verb + 1]; i++) {
		if (!better(a->rules[i], best) || !applies(a, a->rules[i], verb, o, x))
			continue;
		access_rule_set(a->rules[i], verb, &s);
		emptied = emptied || (forbid && !access_set_empty(&s));
		if (forbid)
			access_set_minus(&s, &minus);
		if (access_set_empty(&s))
			continue;
		best = a->rules[i];
		if (best->max_life == INT64_MAX)
			break;
	}
	if (best)
		return say(a, ACCESS_BY_PERMIT, best, why);
	return emptied ? say(a, ACCESS_BY_FORBID, forbid, why) : say(a, ACCESS_BY_DEFAULT, NULL, why);
}

static bool decide_own(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        struct about what, const struct access_ctx *x, struct access_why *why)
{
	const struct access_rule *best = NULL;
	bool sets = ACCESS_SET_VERBS >> verb & 1, whole = !what.attr && what.claim < 0;
	bool secret_verb = verb == ACCESS_SET_SECRET || verb == ACCESS_EXPORT;
	enum access_reason reason;

	if (verb <= ACCESS_NONE || verb >= ACCESS_VERB_COUNT)
		return say(a, ACCESS_BY_DEFAULT, NULL, why);
	if (refused(a, verb, o, x, &reason))
		return say(a, reason, NULL, why);
	if (sets && what.attr && !!(what.attr->flags & SCHEMA_SECRET) != secret_verb)
		return say(a, ACCESS_BY_SECRET, NULL, why);
	if (sets && whole)
		return decide_some(a, verb, o, x, why);
	for (uint32_t i = a->first[verb]; i < a->permit[verb]; i++)
		if ((!sets || speaks_of(a->rules[i], verb, what)) && applies(a, a->rules[i], verb, o, x))
			return say(a, ACCESS_BY_FORBID, a->rules[i], why);
	for (uint32_t i = a->permit[verb]; i < a->first[verb + 1]; i++) {
		const struct access_rule *r = a->rules[i];

		if (!better(r, best) || (sets && !speaks_of(r, verb, what)) || !applies(a, r, verb, o, x))
			continue;
		best = r;
		if (r->max_life == INT64_MAX)
			break;
	}
	return best ? say(a, ACCESS_BY_PERMIT, best, why) : say(a, ACCESS_BY_DEFAULT, NULL, why);
}

static bool decide(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        struct about what, const struct access_ctx *x, struct access_why *ret)
{
	struct access_why why, of_actor;
	bool ok = decide_own(a, verb, o, what, x, &why);

	if (ok && x->actor) {
		struct access_ctx actor = *x;

		actor.actor = NULL;
		ok = decide_own(x->actor, verb, o, what, &actor, &of_actor);
		of_actor.of_actor = true;
		if (!ok)
			why = of_actor;
		else if (of_actor.max_life < why.max_life)
			why.max_life = of_actor.max_life;
	}
	if (ret)
		*ret = why;
	return ok;
}

bool access_decide(const struct access_rights *a, enum access_verb verb, const struct access_object *o,
        const struct schema_attr *attr, const struct access_ctx *x, struct access_why *why)
{
	return decide(a, verb, o, (struct about){ attr, -1 }, x, why);
}

bool access_decide_claim(const struct access_rights *a, const struct access_object *o, struct lw_bytes claim,
        const struct access_ctx *x, struct access_why *why)
{
	struct access_why unused;
	struct about what = { NULL, access_claim_find(claim) };

	if (what.claim < 0)
		what.attr = schema_attr(claim);
	if (what.claim < 0 && !what.attr)
		return say(a, ACCESS_BY_DEFAULT, NULL, why ? why : &unused);
	return decide(a, ACCESS_TOKEN, o, what, x, why);
}
