/* SPDX-License-Identifier: Apache-2.0 */
/* No escalation: whoever hands out a right must hold it. All checks ask one question: is everything that rule
 * R says covered by permits of the author, and is nothing of it forbidden to him alone? They compare rules,
 * not objects, so they hold for every object there will ever be; what they can't show is refused. */
#include <string.h>
#include "base/err.h"
#include "store/access_rule.h"

/* Who would profit: a forbid that binds them all as well takes nothing from them that the author has lost
 * alone. */
struct gain {
	const struct access_rule *rule;
	const struct access_object *on;    /* the one object it is about; NULL: all that the rule is about */
	const struct access_object *after; /* … and what becomes of it */
	bool leaving;                      /* the profiteers leave the groups */
	const uint64_t *groups;
	size_t n; /* the profiteers are in these */
	const struct access_above *above;
	uint32_t without;      /* verbs that are no gain */
	bool made;             /* the author makes it: what he may put into it he may also see, change and take away */
};

static bool binds_all(const struct access_rule *forbid, const struct gain *g)
{
	const struct access_rule *r = g->rule;

	if (forbid == r || (g->after && !access_rule_scope(forbid, g->after)))
		return false; /* it goes away itself */
	if (g->leaving && forbid->subject == ACCESS_SUBJ_GROUP)
		return false;
	switch (forbid->subject) {
	case ACCESS_SUBJ_AUTHENTICATED:
		return r->subject != ACCESS_SUBJ_ANONYMOUS && r->subject != ACCESS_SUBJ_PARTNER;
	case ACCESS_SUBJ_GROUP:
		return (r->subject == ACCESS_SUBJ_GROUP && r->subject_id == forbid->subject_id) ||
		       access_ids_have(g->groups, g->n, forbid->subject_id);
	case ACCESS_SUBJ_CLASS:
		return r->subject == ACCESS_SUBJ_CLASS && r->who == forbid->who;
	default:
		return false;
	}
}

static bool below(const struct gain *g, uint64_t id, uint64_t base)
{
	if (id == base)
		return true;
	return id && g->above && g->above->under && g->above->under(g->above->ctx, id, base);
}

/* Is p's scope at least as wide as the gain's? */
static bool scope_covers(
        const struct access_rights *author, const struct access_rule *p, const struct gain *g)
{
	const struct access_rule *r = g->rule;

	if (g->on)
		return access_rule_matches(p, &author->subject, g->on);
	if (p->subject == ACCESS_SUBJ_MANAGER)
		return false;
	if (p->subject == ACCESS_SUBJ_SELF && (!r->named || r->named != author->subject.id))
		return false;
	return !(r->kinds & ~p->kinds) && (!p->under || (r->under && below(g, r->under, p->under))) &&
	       (!p->tag.n || lw_eq(p->tag, r->tag)) && (!p->named || p->named == r->named);
}

static bool implies(const struct access_cond *r, const struct access_cond *p)
{
	if (r->kind != p->kind)
		return false;
	return r->kind == ACCESS_COND_AGE ? r->age <= p->age : r->method == p->method && r->group == p->group;
}

/* Whenever r's conditions hold, p's do. */
static bool conditions_cover(const struct access_rule *p, const struct access_rule *r)
{
	/* a forbid has no life: without it others' permits count, and what they say of theirs */
	if (p->max_life < (r->forbid ? INT64_MAX : r->max_life) || (p->names_owned && !r->names_owned) ||
	        (p->names_theirs && !r->names_owned && !r->names_theirs))
		return false;
	if (p->profile.n && !lw_eq(p->profile, r->profile))
		return false;
	if (r->forbid && r->audience == ACCESS_AUD_UNSAID && r->verbs & ACCESS_V(TOKEN))
		return false; /* every one, and none: more than any permit gives */
	if (p->audience == ACCESS_AUD_UNSAID ? r->audience == ACCESS_AUD_NONE
	                                     : p->audience != r->audience || !lw_eq(p->url, r->url))
		return false;
	for (unsigned i = 0; i < p->nconds; i++) {
		unsigned k = 0;

		while (k < r->nconds && !implies(&r->conds[k], &p->conds[i]))
			k++;
		if (k == r->nconds)
			return false;
	}
	return true;
}

/* Can there be an act that both rules speak about? */
static bool may_meet(const struct access_rights *author, const struct access_rule *f, const struct gain *g,
        enum access_verb verb, const struct access_set *set)
{
	const struct access_rule *r = g->rule;
	struct access_set s;

	if (g->on ? !access_rule_matches(f, &author->subject, g->on)
	          : !(f->kinds & r->kinds) || (f->named && r->named && f->named != r->named))
		return false;
	if (f->profile.n && r->profile.n && !lw_eq(f->profile, r->profile))
		return false;
	if (f->audience && r->audience && (f->audience != r->audience || !lw_eq(f->url, r->url)))
		return false;
	if (!(ACCESS_SET_VERBS >> verb & 1))
		return true;
	access_rule_set(f, verb, &s);
	return access_set_meets(&s, set);
}

static int lacks(enum access_reason reason, const struct access_rule *r, struct access_why *why)
{
	if (why) {
		memset(why, 0, sizeof(*why));
		why->reason = reason;
		why->rule = r ? r->index : 0;
		why->grant_id = r ? r->grant_id : 0;
	}
	return LW_EACCES;
}

/* What the contents of an entry are good for. */
#define CONTENT_VERBS                                                                                        \
	(ACCESS_V(READ) | ACCESS_V(SEARCH) | ACCESS_V(COMPARE) | ACCESS_V(WRITE) | ACCESS_V(DELETE) | ACCESS_V(MOVE))

static int covers_verb(const struct access_rights *author, const struct gain *g, enum access_verb verb,
        struct access_why *why)
{
	enum access_verb as = g->made && CONTENT_VERBS >> verb & 1 ? ACCESS_CREATE : verb;
	bool sets = ACCESS_SET_VERBS >> verb & 1, some = false;
	struct access_set left, s;

	access_rule_set(g->rule, verb, &left);
	if (sets && access_set_empty(&left))
		return LW_OK;
	for (uint32_t i = author->first[verb]; i < author->permit[verb]; i++) {
		const struct access_rule *f = author->rules[i];

		if (!binds_all(f, g) && may_meet(author, f, g, verb, &left))
			return lacks(ACCESS_BY_FORBID, g->rule, why);
	}
	for (uint32_t i = author->first[as]; as != verb && i < author->permit[as]; i++)
		if (may_meet(author, author->rules[i], g, as, &left)) /* others' or not: he may not put that in */
			return lacks(ACCESS_BY_FORBID, g->rule, why);
	for (uint32_t i = author->permit[as]; i < author->first[as + 1]; i++) {
		const struct access_rule *p = author->rules[i];

		if (!scope_covers(author, p, g) || !conditions_cover(p, g->rule))
			continue;
		some = true;
		access_rule_set(p, as, &s);
		access_set_minus(&left, &s);
	}
	return some && (!sets || access_set_empty(&left)) ? LW_OK : lacks(ACCESS_BY_DEFAULT, g->rule, why);
}

static int covers(const struct access_rights *author, const struct gain *g, struct access_why *why)
{
	if (author->hands_out)
		return LW_OK;
	if (author->fenced || !author->policy)
		return lacks(ACCESS_BY_FENCE, g->rule, why);
	for (unsigned v = 1; author->asserted && v < ACCESS_VERB_COUNT; v++)
		if ((g->rule->verbs & ~g->without) >> v & 1 && !access_verbs[v].asserted)
			return lacks(ACCESS_BY_ASSERTED, g->rule, why);
	if (g->rule->forbid && author->admin)
		return LW_OK;
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++) {
		int err = (g->rule->verbs & ~g->without) >> v & 1 ? covers_verb(author, g, (enum access_verb)v, why) : LW_OK;

		if (err)
			return err;
	}
	return LW_OK;
}

int access_covers(const struct access_rights *author, const struct access_rule *r,
        const struct access_above *above, struct access_why *why)
{
	struct gain g = { .rule = r, .above = above };

	return covers(author, &g, why);
}

int access_check_removal(
        const struct access_rights *author, uint64_t grant_id, const struct access_above *above, struct access_why *why)
{
	const struct access_policy *p = author->policy;
	int err = LW_OK;

	if (author->hands_out)
		return LW_OK;
	if (author->fenced || !p)
		return lacks(ACCESS_BY_FENCE, NULL, why);
	for (size_t i = 0; !err && i < p->n; i++)
		if (p->rules[i]->grant_id == grant_id && p->rules[i]->forbid)
			err = access_covers(author, p->rules[i], above, why);
	return err;
}

/* ---- membership ---- */

/* What an offered group gives stands in another tenant's grants, which nobody here sees. Administrators offer it, and who
 * is in it holds it. */
static bool holds_offered(const struct access_rights *author, const uint64_t *groups, size_t n)
{
	for (size_t i = 0; i < n && !author->admin; i++)
		if (access_policy_offers(author->policy, groups[i]) &&
		        !access_ids_have_sorted(author->subject.groups, author->subject.ngroups, groups[i]))
			return false;
	return true;
}

static bool speaks_of_member(const struct access_rule *r, const uint64_t *groups, size_t n, bool manages)
{
	return (r->subject == ACCESS_SUBJ_GROUP && access_ids_have_sorted(groups, n, r->subject_id)) ||
	       (r->subject == ACCESS_SUBJ_MANAGER && manages);
}

static bool delegation_of(const struct access_policy *p, const struct access_rule *r, const uint64_t *groups,
        size_t n, enum access_cond_kind kind)
{
	for (unsigned i = 0; i < r->nconds; i++) {
		uint64_t group = r->conds[i].group ? r->conds[i].group : p->admin_group;

		if (r->conds[i].kind == kind && access_ids_have_sorted(groups, n, group))
			return true;
	}
	return false;
}

int access_check_member(const struct access_rights *author, const uint64_t *groups, size_t n, bool manages,
        bool enters, const struct access_above *above, struct access_why *why)
{
	const struct access_policy *p = author->policy;

	if (author->hands_out)
		return LW_OK;
	if (author->fenced || !p)
		return lacks(ACCESS_BY_FENCE, NULL, why);
	if (!author->admin && access_is_protected(p, 0, groups, n))
		return lacks(ACCESS_BY_PROTECTED, NULL, why);
	if (!holds_offered(author, groups, n))
		return lacks(ACCESS_BY_DEFAULT, NULL, why);
	for (size_t i = 0; i < p->n; i++) {
		const struct access_rule *r = p->rules[i];
		struct gain g = { .rule = r, .groups = groups, .n = n, .above = above, .leaving = !enters };
		/* a permit gives to those in its group, a forbid to those who leave it; in delegations
		 * likewise */
		bool said = r->forbid != enters && speaks_of_member(r, groups, n, manages);
		bool in = r->forbid != enters && delegation_of(p, r, groups, n, ACCESS_COND_IN);
		bool out = r->forbid == enters && delegation_of(p, r, groups, n, ACCESS_COND_NOT_IN);
		int err;

		if (in || out)
			g.n = 0; /* it is others who gain */
		err = said || in || out ? covers(author, &g, why) : LW_OK;
		if (err)
			return err;
	}
	return LW_OK;
}

/* ---- an object that changes under the rules ---- */

static bool new_manager(const struct access_object *from, const struct access_object *to)
{
	for (size_t i = 0; i < to->nmanagers; i++)
		if (!access_ids_have(from->managers, from->nmanagers, to->managers[i]))
			return true;
	return false;
}

/* Does the rule speak of `to` for somebody for whom it did not speak of `from`? */
static bool enters_scope(
        const struct access_rule *r, const struct access_object *from, const struct access_object *to)
{
	if (!access_rule_scope(r, to))
		return false;
	if (r->subject == ACCESS_SUBJ_MANAGER)
		return to->nmanagers && (!access_rule_scope(r, from) || new_manager(from, to));
	return !access_rule_scope(r, from);
}

/* Of what he makes he may be the manager himself, and nobody else by his word. */
static bool own_making(const struct access_rights *author, const struct access_rule *r, const struct access_object *plain,
        const struct access_object *o)
{
	if (r->forbid || r->subject != ACCESS_SUBJ_MANAGER || !author->subject.id || !access_rule_scope(r, plain))
		return false;
	for (size_t i = 0; i < o->nmanagers; i++)
		if (o->managers[i] != author->subject.id)
			return false;
	return true;
}

int access_check_change(const struct access_rights *author, const struct access_object *before,
        const struct access_object *after, struct access_why *why)
{
	const struct access_policy *p = author->policy;
	struct access_object plain;
	bool making = !before;

	if (making) {
		plain = *after;
		plain.ntags = plain.nmanagers = 0;
		before = &plain;
	}
	if (author->tenant != before->tenant || author->tenant != after->tenant || author->fenced)
		return lacks(ACCESS_BY_FENCE, NULL, why);
	if (author->hands_out)
		return LW_OK;
	if (!p)
		return lacks(ACCESS_BY_FENCE, NULL, why);
	if (!author->admin && (before->is_protected || after->is_protected))
		return lacks(ACCESS_BY_PROTECTED, NULL, why);
	for (size_t i = 0; i < p->n; i++) {
		const struct access_rule *r = p->rules[i];
		struct gain g = { .rule = r, .on = before, .after = after, .made = making && own_making(author, r, before, after) };
		bool gains = r->forbid ? enters_scope(r, after, before) : enters_scope(r, before, after);
		int err = gains ? covers(author, &g, why) : LW_OK;

		if (err)
			return err;
	}
	return LW_OK;
}

/* ---- names and secrets ---- */

bool access_is_identity(unsigned kind, const struct schema_attr *a)
{
	static const struct {
		const char *name;
		unsigned kinds;
	} identity[] = {
		{ "uid", ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST },
		{ "krbPrincipalName", ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST },
		{ "mail", ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST | ACCESS_GROUP },
		{ "lwEntityId", ACCESS_APPLICATION },
		{ "cn", ACCESS_SERVICE | ACCESS_HOST | ACCESS_GROUP | ACCESS_APPLICATION },
	};

	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++)
		if ((identity[i].kinds & kind) && schema_attr(lw_str(identity[i].name)) == a)
			return true;
	return false;
}

int access_check_name(const struct access_rights *author, const struct access_object *o,
        const struct access_ctx *x, struct access_why *why)
{
	struct access_object fresh = *o;
	struct access_why w;

	/* as if it were made anew: without what only this entry has earned */
	fresh.id = 0;
	fresh.ntags = fresh.nmanagers = 0;
	if (access_decide(author, ACCESS_CREATE, &fresh, NULL, x, &w))
		return LW_OK;
	if (why)
		*why = w;
	return LW_EACCES;
}

int access_check_secret(const struct access_rights *author, const struct access_subject *owner,
        bool owner_protected, const struct access_above *above, struct access_why *why)
{
	const struct access_policy *p = author->policy;

	if (author->tenant != owner->tenant || author->fenced)
		return lacks(ACCESS_BY_FENCE, NULL, why);
	if (author->hands_out)
		return LW_OK;
	if (!p)
		return lacks(ACCESS_BY_FENCE, NULL, why);
	if (author->subject.id && author->subject.id == owner->id)
		return LW_OK;
	if (!author->admin &&
	        (owner_protected || access_is_protected(p, owner->id, owner->groups, owner->ngroups)))
		return lacks(ACCESS_BY_PROTECTED, NULL, why);
	if (!holds_offered(author, owner->groups, owner->ngroups))
		return lacks(ACCESS_BY_DEFAULT, NULL, why);
	for (size_t i = 0; i < p->n; i++) {
		const struct access_rule *r = p->rules[i];
		/* tickets and tokens only say who he is: to whom they are good, he is whoever has his secret */
		struct gain g = { .rule = r, .groups = owner->groups, .n = owner->ngroups, .above = above,
			.without = ACCESS_V(TICKET) | ACCESS_V(TOKEN) };
		int err;

		/* what it may do with its own entry goes with set-secret on it, likewise */
		if (r->forbid || r->subject == ACCESS_SUBJ_SELF || !access_rule_concerns(r, owner))
			continue;
		if (r->subject == ACCESS_SUBJ_MANAGER && !owner->manages)
			continue;
		err = covers(author, &g, why);
		if (err)
			return err;
	}
	return LW_OK;
}
