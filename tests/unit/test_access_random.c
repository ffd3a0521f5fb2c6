/* SPDX-License-Identifier: Apache-2.0 */
/* Random policies, random acts: the compiled evaluator and the reference evaluator must agree, and nobody may
 * hand out more than he holds. LWD_ACCESS_TRIPLES (default a million; a tenth under sanitizers) and
 * LWD_ACCESS_SEED turn it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "base/err.h"
#include "tests/unit/access_world.h"

#define MAX_RULES 24
#ifdef LW_SANITIZERS
#define TRIPLES 100000
#else
#define TRIPLES 1000000
#endif

struct policy {
	struct lw_arena *arena;
	struct access_policy *compiled;
	struct access_ast *ast[MAX_RULES + 1];
	char text[MAX_RULES + 1][600];
	size_t n;
};

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static struct access_rule *add_rule(struct policy *p, struct world *w, const char *text)
{
	struct access_resolver resolver = { w, world_resolver_base.resolve, world_resolver_base.tenant };
	struct access_rule *rule;
	struct lw_writer out;
	char err[ACCESS_ERR];

	snprintf(p->text[p->n], sizeof(p->text[0]), "%s", text);
	assert_int_equal(access_parse(p->arena, lw_str(p->text[p->n]), &p->ast[p->n], err), LW_OK);
	assert_int_equal(access_compile(p->arena, p->ast[p->n], &resolver, &rule, err), LW_OK);
	lw_writer_init(&out, ACCESS_MAX_ENCODED);
	access_rule_encode(&out, rule);
	assert_int_equal(out.err, LW_OK);
	assert_int_equal(access_policy_add(p->compiled, 1000 + p->n, lw_written(&out)), LW_OK);
	lw_writer_done(&out);
	p->n++;
	return rule;
}

static void policy_init(struct policy *p, struct world *w, size_t n)
{
	char text[600];

	p->n = 0;
	p->arena = lw_arena_new(8 << 20, false);
	p->compiled = access_policy_new(1, w->node[WORLD_ADMINS].id);
	assert_non_null(p->compiled);
	while (p->n < n) {
		world_grant(w, text, sizeof(text));
		add_rule(p, w, text);
	}
}

static void policy_done(struct policy *p)
{
	access_policy_unref(p->compiled);
	lw_arena_free(p->arena);
}

static struct access_ctx context(
        const struct world_act *x, const struct access_subject *delegated, const struct access_rights *actor)
{
	return (struct access_ctx){ .now = WORLD_NOW,
		.auth_time = x->auth_time,
		.methods = x->methods,
		.mfa = x->mfa,
		.confidential = x->confidential,
		.asserted = x->asserted,
		.delegated = x->delegated >= 0 ? delegated : NULL,
		.actor = x->actor >= 0 ? actor : NULL };
}

static bool fast(const struct access_rights *rights, const struct world_act *x, const struct access_object *o,
        const struct access_ctx *c, struct access_why *why)
{
	if (x->claim)
		return access_decide_claim(rights, o, lw_str(x->what), c, why);
	return access_decide(rights, x->verb, o, x->what ? schema_attr(lw_str(x->what)) : NULL, c, why);
}

static void explain(const struct policy *p, const struct world *w, const struct world_act *x, bool is,
        const struct access_why *why)
{
	print_error("%s %s %s %s: compiled says %d (%s, rule %u, life %lld)\n",
	        x->subject < 0 ? "anonymous" : w->node[x->subject].name, access_verbs[x->verb].name,
	        w->node[x->object].name, x->what ? x->what : "-", is, access_reason_text(why->reason),
	        why->rule, (long long)why->max_life);
	for (size_t i = 0; i < p->n; i++)
		print_error("  %zu %s\n", i, p->text[i]);
}

/* The set at once against each attribute for itself, and `any`. */
static void check_sets(const struct policy *p, struct world *w, const struct world_act *x,
        const struct access_rights *rights, const struct access_object *o, const struct access_ctx *c)
{
	struct world_act y = *x;
	struct access_set set;

	access_attr_set(rights, x->verb, o, c, &set);
	y.claim = false;
	for (unsigned i = 0; world_attrs[i]; i++) {
		bool in = access_set_has(&set, schema_attr(lw_str(world_attrs[i])));
		bool by_attr = access_verbs[x->verb].attrs || x->verb == ACCESS_CREATE ||
		               x->verb == ACCESS_TOKEN || x->verb == ACCESS_EXPORT;

		y.what = world_attrs[i];
		assert_int_equal(in, by_attr && ref_decide(w, p->ast, p->n, &y).permit);
	}
	if ((x->subject_tenant == 1) == (x->partner == 0) && (!x->partner || x->subject >= 0))
		assert_int_equal(access_any(rights, x->verb), ref_any(w, p->ast, p->n, x));
	y = *x;
	y.what = NULL;
	y.claim = false;
	y.verb = ACCESS_READ;
	bool read = ref_decide(w, p->ast, p->n, &y).permit;
	y.verb = ACCESS_SEARCH;
	assert_int_equal(access_visible(rights, o, c), read || ref_decide(w, p->ast, p->n, &y).permit);
}

static void test_agree(void **state)
{
	uint64_t triples = setting("LWD_ACCESS_TRIPLES", TRIPLES), permits = 0, forbids = 0, partners = 0, done = 0;
	struct world w;

	world_init(&w, setting("LWD_ACCESS_SEED", 1));
	while (done < triples) {
		struct policy p;

		world_shuffle(&w);
		policy_init(&p, &w, 1 + world_below(&w, MAX_RULES));
		for (unsigned i = 0; i < 1000 && done < triples; i++, done++) {
			struct world_act x;
			struct access_why why;

			lw_arena_reset(w.arena);
			world_act(&w, &x);
			struct access_subject s = world_act_subject(&w, &x);
			struct access_subject a = world_subject(&w, x.actor, 1),
			                      d = world_subject(&w, x.delegated, 1);
			struct access_object o = world_object(&w, x.object, x.object_tenant);
			struct access_rights *rights = access_bind(p.compiled, &s),
			                     *actor = access_bind(p.compiled, &a);
			struct access_ctx c = context(&x, &d, actor);

			o.audience = lw_str(x.audience);
			o.profile = lw_str(x.profile);
			o.names_owned = x.names_owned;
			o.names_theirs = x.names_theirs;
			bool is = fast(rights, &x, &o, &c, &why);
			struct ref_result ref = ref_decide(&w, p.ast, p.n, &x);

			if (is != ref.permit || why.max_life != ref.max_life)
				explain(&p, &w, &x, is, &why);
			assert_int_equal(is, ref.permit);
			assert_int_equal(why.max_life, ref.max_life);
			assert_int_equal(is, why.reason == ACCESS_BY_PERMIT);
			if (is || why.reason == ACCESS_BY_FORBID)
				assert_int_equal(why.grant_id, 1000 + why.rule);
			permits += is;
			partners += is && x.partner;
			forbids += why.reason == ACCESS_BY_FORBID;
			if (i % 64 == 0)
				check_sets(&p, &w, &x, rights, &o, &c);
			access_rights_free(rights);
			access_rights_free(actor);
		}
		policy_done(&p);
	}
	world_done(&w);
	print_message("# %llu acts agree: %llu permitted (%llu to partners), %llu forbidden by a rule\n",
	        (unsigned long long)triples, (unsigned long long)permits, (unsigned long long)partners, (unsigned long long)forbids);
	/* a test that never says yes, or never meets a forbid, shows nothing */
	assert_true(permits > triples / 50);
	assert_true(forbids > triples / 200);
	assert_true(partners > triples / 2000);
}

/* ---- escalation ---- */

static bool under(void *ctx, uint64_t id, uint64_t base)
{
	const struct world *w = ctx;

	for (int i = 0; i < WORLD_NODES; i++)
		if (w->node[i].id == id)
			for (int k = i; k >= 0; k = w->node[k].parent)
				if (w->node[k].id == base)
					return true;
	return false;
}

static const struct policy *told; /* what was in force, when something is wrong */

/* Is this act new to x->subject: refused before, permitted after? Then the author must be permitted the same
 * on `o`. */
static void nothing_new(struct world *w, const struct access_policy *before,
        const struct access_policy *after, const struct access_rights *author,
        const struct access_subject *was, const struct access_subject *is, const struct world_act *x,
        const struct access_object *o_before, const struct access_object *o_after, const char *what,
        uint64_t *gains)
{
	struct access_subject d = world_subject(w, x->delegated, 1);
	struct access_ctx c = context(x, &d, NULL);
	struct access_rights *old = access_bind(before, was), *new = access_bind(after, is);
	struct access_why wo, wn, wa;
	bool had = fast(old, x, o_before, &c, &wo), has = fast(new, x, o_after, &c, &wn);

	/* who becomes an administrator is let through to the protected: that is the administrators' to give
	 */
	if (!had && wo.reason == ACCESS_BY_PROTECTED && access_is_admin(author))
		has = false;
	/* and they may take any forbid away */
	if (!had && wo.reason == ACCESS_BY_FORBID && access_is_admin(author))
		has = false;
	if (has && (!had || wn.max_life > wo.max_life)) {
		bool author_has = fast(author, x, o_before, &c, &wa);

		++*gains;
		if (!author_has || wa.max_life < wn.max_life)
			print_error("%s: %s gains %s on %s (%s)\n", what,
			        x->subject < 0 ? "anonymous" : w->node[x->subject].name,
			        access_verbs[x->verb].name, w->node[x->object].name, x->what ? x->what : "-");
		for (size_t i = 0; told && i < told->n && (!author_has || wa.max_life < wn.max_life); i++)
			print_error("  %s\n", told->text[i]);
		assert_true(author_has);
		assert_true(wa.max_life >= wn.max_life);
	}
	access_rights_free(old);
	access_rights_free(new);
}

static void act_for(struct world *w, struct world_act *x, struct access_object *o)
{
	world_act(w, x);
	x->actor = -1;
	x->object_tenant = 1;
	x->subject_tenant = x->partner ? 2 : 1;
	x->asserted = false;
	*o = world_object(w, x->object, 1);
	o->audience = lw_str(x->audience);
	o->profile = lw_str(x->profile);
	o->names_owned = x->names_owned;
	o->names_theirs = x->names_theirs;
}

/* Administrators' own entries stand behind `protected` for others: what a rule gives there, only they can
 * use. */
static bool fair(const struct world *w, const struct world_act *x, int author)
{
	return !world_is_protected(w, x->object) || world_in_group(w, author, WORLD_ADMINS);
}

static int an_author(struct world *w)
{
	for (;;) {
		int n = (int)world_below(w, WORLD_NODES);

		if (w->node[n].kind & (ACCESS_PERSON | ACCESS_SERVICE))
			return n;
	}
}

/* A sound random author holds something: give him a few wide rules besides. */
static void wide_rules(struct policy *p, struct world *w)
{
	static const char *const wide[] = {
		"permit group helpdesk may all any attrs(*);",
		"permit group ops may read,search,compare,write,create,set-secret any attrs(*);",
		"permit group web may all any under ou=people attrs(*);",
		"permit group ops may ticket,delegate,token,enrol,delete,move any max-life 1h;",
		"permit group \"Dev Team\" may all person,service,group attrs(*) when channel.confidential;",
	};

	for (unsigned i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (world_below(w, 2))
			add_rule(p, w, wide[i]);
}

static void test_no_wider_grant(void **state)
{
	uint64_t rounds = setting("LWD_ACCESS_TRIPLES", TRIPLES) / 100, allowed = 0, gains = 0;
	struct world w;

	world_init(&w, setting("LWD_ACCESS_SEED", 1) + 1);
	for (uint64_t i = 0; i < rounds; i++) {
		struct policy p;
		char text[600];

		told = &p;
		struct access_above above = { &w, under };

		lw_arena_reset(w.arena);
		world_shuffle(&w);
		policy_init(&p, &w, world_below(&w, 6));
		wide_rules(&p, &w);
		int author_node = an_author(&w);
		struct access_subject who = world_subject(&w, author_node, 1);
		struct access_rights *author = access_bind(p.compiled, &who);
		struct policy q = { .n = 0 };

		/* the same policy with one rule more */
		q.arena = lw_arena_new(8 << 20, false);
		q.compiled = access_policy_new(1, w.node[WORLD_ADMINS].id);
		for (size_t k = 0; k < p.n; k++)
			add_rule(&q, &w, p.text[k]);
		world_grant(&w, text, sizeof(text));
		struct access_rule *extra = add_rule(&q, &w, text);
		bool forbid = access_rule_forbids(extra);
		struct access_why why;

		if (forbid) { /* it binds whoever takes it away as well */
			access_rights_free(author);
			author = access_bind(q.compiled, &who);
		}
		int err = forbid ? access_check_removal(author, 1000 + q.n - 1, &above, &why)
		                 : access_covers(author, extra, &above, &why);

		if (err == LW_OK &&
		        !(forbid && access_is_admin(author))) {
			allowed++;
			for (unsigned k = 0; k < 400; k++) {
				struct world_act x;
				struct access_object o;

				act_for(&w, &x, &o);
				struct access_subject s = world_act_subject(&w, &x);

				if (!fair(&w, &x, author_node))
					continue;
				/* writing a permit gives; taking a forbid away gives */
				if (forbid)
					nothing_new(&w, q.compiled, p.compiled, author, &s, &s, &x, &o, &o,
					        text, &gains);
				else
					nothing_new(&w, p.compiled, q.compiled, author, &s, &s, &x, &o, &o,
					        text, &gains);
				if (k % 16 == 15)
					lw_arena_reset(w.arena);
			}
		} else {
			assert_true(forbid || why.reason != ACCESS_BY_PERMIT);
		}
		access_rights_free(author);
		policy_done(&q);
		policy_done(&p);
	}
	world_done(&w);
	print_message("# %llu of %llu random grants were covered by their authors; %llu gains, all held\n",
	        (unsigned long long)allowed, (unsigned long long)rounds, (unsigned long long)gains);
	if (rounds >= 5000)
		assert_true(allowed > rounds / 100 && gains > 100);
}

static uint64_t closure_ids(struct world *w, int group, uint64_t *ids)
{
	size_t n = 0;

	for (int g = 0; g < WORLD_NODES; g++)
		if (g == group || world_in_group(w, group, g))
			ids[n++] = w->node[g].id;
	return n;
}

/* One membership, tag or manager more or less, or another place, in a copy of the world. */
static void test_no_wider_change(void **state)
{
	uint64_t rounds = setting("LWD_ACCESS_TRIPLES", TRIPLES) / 100, allowed[5] = { 0 }, gains = 0;
	struct world w, v;

	world_init(&w, setting("LWD_ACCESS_SEED", 1) + 2);
	for (uint64_t i = 0; i < rounds; i++) {
		struct policy p;
		struct access_above above = { &w, under };

		told = &p;
		uint64_t ids[WORLD_NODES];
		int what = (int)world_below(&w, 5), node = (int)world_below(&w, WORLD_NODES);
		int other = 7 + (int)world_below(&w, 6), err; /* a group */
		char label[80];

		lw_arena_reset(w.arena);
		world_shuffle(&w);
		policy_init(&p, &w, world_below(&w, 6));
		wide_rules(&p, &w);
		int author_node = an_author(&w);
		struct access_subject who = world_subject(&w, author_node, 1);
		struct access_rights *author = access_bind(p.compiled, &who);

		v = w; /* shares the arena */
		if (what < 2 && (!(w.node[node].kind & (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST)) ||
		                        !!(w.node[node].in >> other & 1) != what))
			goto next;
		if (what < 2) { /* 0 enters, 1 leaves */
			size_t n = closure_ids(&w, other, ids);

			v.node[node].in ^= UINT64_C(1) << other;
			err = access_check_member(
			        author, ids, n, world_manages_any(&w, other), what == 0, &above, NULL);
		} else {
			struct access_object before = world_object(&w, node, 1), after;

			if (what == 2)
				v.node[node].tags ^= 1u << world_below(&w, WORLD_TAGS);
			else if (what == 3)
				v.node[node].managers ^= UINT64_C(1) << (7 + world_below(&w, 17));
			else if (w.node[node].kind == ACCESS_PERSON)
				v.node[node].parent = world_below(&w, 2) ? 13 : 31;
			after = world_object(&v, node, 1);
			err = access_check_change(author, &before, &after, NULL);
		}
		if (err)
			goto next;
		allowed[what]++;
		snprintf(label, sizeof(label), "change %d of %s, %s, by %s", what, w.node[node].name,
		        w.node[other].name, w.node[author_node].name);
		for (unsigned k = 0; k < 400; k++) {
			struct world_act x;
			struct access_object o, o2;

			act_for(&w, &x, &o);
			if (what < 2 && world_below(&w, 2)) {
				x.subject = node;
				x.partner = 0;
				x.subject_tenant = 1;
			}
			if (what >= 2 && world_below(&w, 2)) {
				x.object = node;
				o = world_object(&w, node, 1);
				o.audience = lw_str(x.audience);
				o.profile = lw_str(x.profile);
				o.names_owned = x.names_owned;
				o.names_theirs = x.names_theirs;
			}
			o2 = world_object(&v, x.object, 1);
			o2.audience = o.audience;
			o2.profile = o.profile;
			o2.names_owned = o.names_owned;
			o2.names_theirs = o.names_theirs;
			struct access_subject was = world_act_subject(&w, &x), is = world_act_subject(&v, &x);

			/* delegations of the one who moves are other people's gain, checked with the new
			 * memberships */
			if (fair(&w, &x, author_node) && fair(&v, &x, author_node) &&
			        !(what < 2 && x.delegated == node))
				nothing_new(&w, p.compiled, p.compiled, author, &was, &is, &x, &o, &o2, label,
				        &gains);
			if (k % 16 == 15) {
				lw_arena_reset(w.arena);
			}
		}
	next:
		access_rights_free(author);
		policy_done(&p);
	}
	world_done(&w);
	print_message("# allowed: %llu entered, %llu left, %llu tags, %llu managers, %llu moves; %llu gains, "
	              "all held\n",
	        (unsigned long long)allowed[0], (unsigned long long)allowed[1],
	        (unsigned long long)allowed[2], (unsigned long long)allowed[3],
	        (unsigned long long)allowed[4], (unsigned long long)gains);
	if (rounds >= 5000)
		for (unsigned k = 0; k < 5; k++)
			assert_true(allowed[k] > 20);
}

/* Whoever may set somebody's secret can become him. */
static void test_no_wider_secret(void **state)
{
	uint64_t rounds = setting("LWD_ACCESS_TRIPLES", TRIPLES) / 100, allowed = 0;
	struct world w;

	world_init(&w, setting("LWD_ACCESS_SEED", 1) + 3);
	for (uint64_t i = 0; i < rounds; i++) {
		struct policy p;
		struct access_above above = { &w, under };
		int author_node = an_author(&w), owner_node = an_author(&w);

		lw_arena_reset(w.arena);
		world_shuffle(&w);
		policy_init(&p, &w, world_below(&w, 6));
		wide_rules(&p, &w);
		struct access_subject who = world_subject(&w, author_node, 1),
		                      owner = world_subject(&w, owner_node, 1);
		struct access_rights *author = access_bind(p.compiled, &who),
		                     *as = access_bind(p.compiled, &owner);

		if (author_node != owner_node &&
		        access_check_secret(
		                author, &owner, world_is_protected(&w, owner_node), &above, NULL) == LW_OK) {
			allowed++;
			assert_true(access_is_admin(author) || !world_is_protected(&w, owner_node));
			for (unsigned k = 0; k < 200; k++) {
				struct world_act x;
				struct access_object o;
				struct access_why wo, wa;

				act_for(&w, &x, &o);
				struct access_subject d = world_subject(&w, x.delegated, 1);
				struct access_ctx c = context(&x, &d, NULL);

				/* who he is to others goes with his secret */
				if (x.verb == ACCESS_TICKET || x.verb == ACCESS_TOKEN || x.object == owner_node || w.node[x.object].owner == owner_node || !fair(&w, &x, author_node) ||
				        !fast(as, &x, &o, &c, &wo))
					continue;
				assert_true(fast(author, &x, &o, &c, &wa));
				assert_true(wa.max_life >= wo.max_life);
			}
		}
		access_rights_free(author);
		access_rights_free(as);
		policy_done(&p);
	}
	world_done(&w);
	print_message("# %llu of %llu authors may set the other's secret\n", (unsigned long long)allowed,
	        (unsigned long long)rounds);
	if (rounds >= 5000)
		assert_true(allowed > rounds / 200);
}

/* ---- how fast: printed, not asserted ---- */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void test_speed(void **state)
{
	static const char *const extra[] = {
		"permit group helpdesk may read,search person under ou=people "
		"attrs(cn,mail,telephoneNumber);",
		"permit group ops may read,search,compare,write person under ou=people "
		"attrs(mail,description);",
		"permit class host may enrol profile tls-server names owned max-life 24h;",
		"forbid class service may read person attrs(mail);",
		"permit manager may write person,service attrs(description);",
	};
	struct policy p;
	struct world w;
	struct access_set set;
	const struct schema_attr *mail;
	double t;
	unsigned yes = 0;

	world_init(&w, 5);
	mail = schema_attr(LW_LIT("mail"));
	policy_init(&p, &w, 9);
	for (unsigned i = 0; access_defaults[i].cn; i++)
		add_rule(&p, &w, access_defaults[i].text);
	for (unsigned i = 0; i < 5; i++)
		add_rule(&p, &w, extra[i]);
	w.node[14].in = UINT64_C(1) << 9 | UINT64_C(1) << 8;
	struct access_subject s = world_subject(&w, 14, 1);
	struct access_object o = world_object(&w, 16, 1);
	struct access_rights *r = access_bind(p.compiled, &s);
	struct access_ctx c = { .now = WORLD_NOW, .auth_time = WORLD_NOW - 1, .confidential = true };
	const unsigned n = 200000;

	t = now_ns();
	for (unsigned i = 0; i < n; i++)
		yes += access_decide(r, ACCESS_READ, &o, mail, &c, NULL);
	print_message("# one decision, %zu rules: %.0f ns\n", p.n, (now_ns() - t) / n);
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		access_attr_set(r, ACCESS_READ, &o, &c, &set);
		yes += (unsigned)set.bits[0] & 1;
	}
	print_message("# the readable set: %.0f ns\n", (now_ns() - t) / n);
	t = now_ns();
	for (unsigned i = 0; i < n / 10; i++) {
		struct access_rights *b = access_bind(p.compiled, &s);

		yes += access_any(b, ACCESS_READ);
		access_rights_free(b);
	}
	print_message("# binding: %.0f ns\n", (now_ns() - t) / (n / 10));
	assert_true(yes > 0);
	access_rights_free(r);
	policy_done(&p);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_no_wider_grant),
		cmocka_unit_test(test_no_wider_change),
		cmocka_unit_test(test_no_wider_secret),
		cmocka_unit_test(test_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
