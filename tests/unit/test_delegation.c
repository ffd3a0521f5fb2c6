/* SPDX-License-Identifier: Apache-2.0 */
/* Random administrative operations by random principals on a whole store. After each one that was accepted everybody's rights on everything are
 * compared with those before: whatever anybody gained must have been held by whoever did it, in the same circumstances; and whom he can act as
 * from now on (a secret, a certificate, a principal that was disabled) may hold nothing that he does not. LWD_DELEGATION_ROUNDS (attempts) and
 * LWD_DELEGATION_SEED turn it. */
#include "base/clock.h"
#include "store/access_rule.h"
#include "store/guard.h"
#include "tests/unit/ops_fix.h"

#define SUFFIX "dc=acme,dc=example"
#define MANY   2000 /* so many do something of every kind */
#ifdef LW_SANITIZERS
#define ROUNDS 500
#else
#define ROUNDS MANY
#endif
#define EPOCH  250 /* attempts until the operator brings order */
#define MAX    160 /* entries */
#define DAY    (INT64_C(24) * 3600 * LW_SECOND)

/* ---- chance ---- */

static uint64_t seed, dice;

static uint32_t below(uint32_t n)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((dice >> 33) % n);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

#define PICK(list) list[below(sizeof(list) / sizeof(list[0]))]

/* ---- everything, as it is ---- */

struct thing {
	struct eng_entry e;
	struct access_object o;
	const char *dn;
	struct ops_who who;          /* a principal's */
	struct access_rights *rights; /* NULL: none, or disabled */
};
struct snap {
	struct lw_session *s;
	struct store_txn *t;
	struct thing v[MAX + 1]; /* the last: anonymous */
	size_t n;
};

static void take(struct snap *p, uint64_t id)
{
	struct thing *x = &p->v[p->n];
	struct lw_bytes key = { 0 }, dn;
	uint64_t child;

	if (p->n == MAX)
		return; /* records, at the end of the tree */
	assert_int_equal(eng_entry(p->t->eng, p->t->tenant, id, &x->e), LW_OK);
	assert_int_equal(ops_object(p->t, &x->e, &x->o), LW_OK);
	assert_int_equal(ops_dn_text(p->t, id, &dn), LW_OK);
	x->dn = lw_printf(p->t->arena, "%.*s", (int)dn.n, (const char *)dn.p);
	x->rights = NULL;
	if (x->e.flags & OPS_PRINCIPALS) {
		assert_int_equal(ops_who(p->t->eng, p->t->tenant, &x->e.uuid, true, &x->who), LW_OK);
		if (!(x->e.flags & OPS_DISABLED))
			x->rights = access_bind(p->t->session->policy->access, &x->who.subject);
	}
	p->n++;
	while (eng_child_next(p->t->eng, p->t->tenant, id, p->t->arena, &key, &child) == LW_OK)
		take(p, child);
}

static void snap(struct snap *p)
{
	struct access_subject nobody = { .tenant = fix.acme, .who = ACCESS_WHO_ANONYMOUS };

	p->n = 0;
	assert_int_equal(store_session_role(fix.store, fix.acme, STORE_ROLE_OPERATOR, &p->s), LW_OK);
	assert_int_equal(store_begin(p->s, STORE_READ, &p->t), LW_OK);
	take(p, OPS_SUFFIX_ID);
	memset(&p->v[p->n], 0, sizeof(p->v[0]));
	p->v[p->n].rights = access_bind(p->t->session->policy->access, &nobody);
	p->v[p->n].dn = "anonymous";
}

static void snap_done(struct snap *p)
{
	for (size_t i = 0; i <= p->n; i++)
		access_rights_free(p->v[i].rights);
	store_end(p->t);
	store_session_free(p->s);
}

static struct thing *thing_of(struct snap *p, uint64_t id)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].e.id == id)
			return &p->v[i];
	return NULL;
}

/* One of these kinds; NULL: there is none. */
static struct thing *any(struct snap *p, unsigned kinds)
{
	for (unsigned i = 0; i < 200; i++) {
		struct thing *x = &p->v[below((uint32_t)p->n)];

		if (x->o.kind & kinds)
			return x;
	}
	return NULL;
}

/* ---- what is permitted, in some circumstances ---- */

static const char *const audiences[] = { "", "https://a" };
static const char *const profiles[] = { "user", "tls-server", "tls-client" };
#define CONTEXTS 3

static struct access_ctx context(unsigned i)
{
	int64_t now = lw_wall(&fix.clock);
	const struct access_ctx all[CONTEXTS] = {
		{ .now = now, .auth_time = now - DAY, .methods = LW_CAP_KERBEROS },
		{ .now = now, .auth_time = now - LW_SECOND, .methods = LW_CAP_PASSWORD, .confidential = true, .mfa = true },
		{ .now = now, .auth_time = now - 600 * LW_SECOND, .methods = LW_CAP_PASSWORD, .confidential = true },
	};

	return all[i];
}

struct act {
	enum access_verb verb;
	unsigned variant; /* of token: the audience; of enrol: profile and names */
	struct access_ctx ctx;
};
struct power {
	bool has;
	struct access_set set;
	int64_t life;
};

static unsigned variants(enum access_verb verb)
{
	return verb == ACCESS_TOKEN ? 2 : verb == ACCESS_ENROL ? 6 : 1;
}

static struct power power_of(const struct access_rights *r, const struct act *x, const struct access_object *on)
{
	struct access_object o = *on;
	struct access_why why;
	struct power p = { 0 };

	if (!r)
		return p;
	o.audience = lw_str(x->verb == ACCESS_TOKEN ? audiences[x->variant] : "");
	if (x->verb == ACCESS_ENROL) {
		o.profile = lw_str(profiles[x->variant / 2]);
		o.names_theirs = x->variant % 2;
		o.names_owned = o.names_theirs && o.id == r->subject.id;
	}
	p.has = access_decide(r, x->verb, &o, NULL, &x->ctx, &why);
	p.life = why.max_life;
	if (p.has && ACCESS_SET_VERBS >> x->verb & 1)
		access_attr_set(r, x->verb, &o, &x->ctx, &p.set);
	return p;
}

/* Is there something in a that is not in b? */
static bool more(const struct power *a, const struct power *b)
{
	struct access_set s = a->set;

	if (!a->has)
		return false;
	access_set_minus(&s, &b->set);
	return !b->has || a->life > b->life || !access_set_empty(&s);
}

/* ---- the author, and what he did ---- */

struct deed {
	struct snap *before, *after;
	struct thing *author;
	bool asserted;
	const char *text;
	uint64_t becomes; /* whom he can act as from now on */
	uint64_t gains;
};

static void tell(const struct deed *d, const struct thing *who, const struct act *x, const struct thing *on, const char *how)
{
	const struct access_policy *p = d->before->t->session->policy->access;

	print_error("seed %llu: %s%s did: %s\n%s %s %s on %s (variant %u, circumstances %lld)\n", (unsigned long long)seed, d->author->dn,
		d->asserted ? " (asserted)" : "", d->text, who->dn, how, access_verbs[x->verb].name, on->dn, x->variant,
		(long long)(x->ctx.now - x->ctx.auth_time) / LW_SECOND);
	for (size_t i = 0; i < p->n; i++) {
		struct thing *g = thing_of(d->before, p->rules[i]->grant_id);
		struct eng_attr a;
		struct lw_bytes text;

		if (g && eng_attr_find(&g->e, ops_known()->lwGrantText->id, &a) && eng_value_first(&a, &text))
			print_error("  %s: %.*s\n", g->dn, (int)text.n, (const char *)text.p);
	}
	for (size_t i = 0; i < d->before->n; i++) {
		const struct thing *g = &d->before->v[i];

		if (g->e.flags & OPS_PRINCIPALS && g->who.subject.ngroups) {
			print_error("  %s is in", g->dn);
			for (size_t k = 0; k < g->who.subject.ngroups; k++)
				print_error(" %s", thing_of(d->before, g->who.subject.groups[k])->dn);
			print_error("\n");
		}
	}
	fail_msg("somebody gained what the author did not hold");
}

#define CONTENT                                                                                                      \
	(ACCESS_V(READ) | ACCESS_V(SEARCH) | ACCESS_V(COMPARE) | ACCESS_V(WRITE) | ACCESS_V(DELETE) | ACCESS_V(MOVE))

/* What the author held of it. Of what he makes he may be the manager, as far as he could put it in. */
static struct power held(const struct deed *d, const struct act *x, const struct access_object *on, const struct thing *made)
{
	struct act y = *x;
	struct power p, c;

	y.ctx.asserted = d->asserted;
	p = power_of(d->author->rights, &y, on);
	if (!made || !(CONTENT >> x->verb & 1) || made->o.nmanagers != 1 || made->o.managers[0] != d->author->e.id)
		return p;
	y.verb = ACCESS_CREATE;
	c = power_of(d->author->rights, &y, on);
	if (c.has) {
		access_set_or(&p.set, &c.set);
		p.life = !p.has || c.life > p.life ? c.life : p.life;
		p.has = true;
	}
	return p;
}

/* One subject, one object, in all that can be done. */
static void compare(struct deed *d, const struct thing *was, const struct thing *is, const struct thing *on)
{
	const struct thing *old = on->e.id ? thing_of(d->before, on->e.id) : NULL;
	struct access_object plain = on->o;
	const struct access_object *from = old ? &old->o : &plain;
	struct act x = { 0 };

	if (!old)
		plain.ntags = plain.nmanagers = 0; /* rules are about entries to come, too */
	/* what is protected is administrators' alone to use, whatever a rule says of it */
	if (on->o.is_protected && from->is_protected)
		return;
	for (unsigned k = 0; k < CONTEXTS; k++) {
		x.ctx = context(k);
		for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
			for (x.verb = (enum access_verb)v, x.variant = 0; x.variant < variants(x.verb); x.variant++) {
				struct power has = power_of(is->rights, &x, &on->o), had = power_of(was ? was->rights : NULL, &x, from), can;

				if (!more(&has, &had))
					continue;
				d->gains++;
				can = held(d, &x, from, old ? NULL : on);
				access_set_minus(&has.set, &had.set);
				if (more(&has, &can))
					tell(d, is, &x, on, "gained");
			}
	}
}

/* The author can act as him: nothing but himself, and who he is to others, may be more than he has. */
static void compare_becoming(struct deed *d, const struct thing *p)
{
	struct access_rights *as = access_bind(d->after->t->session->policy->access, &p->who.subject);
	struct act x = { 0 };

	if (access_is_admin(as) && !access_is_admin(d->author->rights))
		tell(d, p, &x, p, "is protected, and fell to the author, for whom he");
	for (size_t i = 0; i < d->after->n; i++) {
		const struct thing *on = &d->after->v[i], *old = thing_of(d->before, on->e.id);

		if (on->e.id == p->e.id || on->o.owner == p->e.id || !old)
			continue;
		for (unsigned k = 0; k < CONTEXTS; k++)
			for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++) {
				struct power has, can;

				x.ctx = context(k);
				x.verb = (enum access_verb)v;
				if (v == ACCESS_TICKET || v == ACCESS_TOKEN)
					continue;
				for (x.variant = 0; x.variant < variants(x.verb); x.variant++) {
					has = power_of(as, &x, &on->o);
					can = held(d, &x, &old->o, NULL);
					d->gains += has.has;
					if (more(&has, &can))
						tell(d, p, &x, on, "fell to the author, who has not what he holds:");
				}
			}
	}
	access_rights_free(as);
}

static void judge(struct deed *d)
{
	const struct thing *fallen = d->becomes ? thing_of(d->after, d->becomes) : NULL;

	/* administrators hold everything but what a forbid takes, and that they may take away */
	if (access_is_admin(d->author->rights))
		return;
	for (size_t i = 0; i <= d->after->n; i++) {
		const struct thing *is = &d->after->v[i], *was = i == d->after->n ? &d->before->v[d->before->n] : thing_of(d->before, is->e.id);

		/* a principal that is new can't act until somebody has its secret; who was disabled is compared below */
		if (!is->rights || !was || is == fallen || !was->rights)
			continue;
		for (size_t k = 0; k < d->after->n; k++)
			compare(d, was, is, &d->after->v[k]);
	}
	if (fallen && fallen->e.id != d->author->e.id)
		compare_becoming(d, fallen);
	for (size_t i = 0; i < d->after->n; i++) { /* who came back */
		const struct thing *is = &d->after->v[i], *was = thing_of(d->before, is->e.id);

		if (is->rights && was && !was->rights && is->e.id != d->author->e.id && is != fallen)
			compare_becoming(d, is);
	}
}

/* ---- random texts ---- */

static const char *const people[] = { "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7" };
static const char *const groups[] = { "helpdesk", "certificate-officers", "application-owners", "ops", "web", "staff", "inner" };
static const char *const places[] = { "ou=people", "ou=guests,ou=people", "ou=services", "ou=applications", "ou=groups" };
static const char *const tags[] = { "red", "blue" };

static const char *rule(struct lw_arena *a)
{
	static const char *const verbs[] = { "read", "search", "compare", "write", "create", "delete", "move", "set-secret", "ticket", "delegate",
		"impersonate", "token", "enrol", "revoke", "export", "administer", "all", "read,write", "create,delete", "write,set-secret" };
	static const char *const kinds[] = { "any", "person", "group", "service", "application", "grant", "certificate", "person,service", "entry",
		"person,group,application", "host" };
	static const char *const attrs[] = { "*", "*", "ordinary", "mail,description", "lwTag,lwManagedBy", "member", "lwDisabled", "userPassword" };
	static const char *const conditions[] = { "auth.age<5m", "auth.mfa", "channel.confidential", "auth.method=password" };
	const char *verb = PICK(verbs), *what = "", *subject;
	bool attr_verb = strstr(verb, "read") || strstr(verb, "search") || strstr(verb, "compare") || strstr(verb, "write") ||
		!strcmp(verb, "set-secret") || !strcmp(verb, "all");

	switch (below(8)) {
	case 0: subject = lw_printf(a, "user %s", PICK(people)); break;
	case 1: subject = PICK(((const char *const[]){ "self", "manager" })); break;
	case 2: subject = PICK(((const char *const[]){ "authenticated", "class person", "class service", "anonymous" })); break;
	default: subject = lw_printf(a, "group %s", PICK(groups));
	}
	what = lw_printf(a, " %s", PICK(kinds));
	if (!below(3))
		what = lw_printf(a, "%s under %s", what, PICK(places));
	if (!below(4))
		what = lw_printf(a, "%s tagged %s", what, PICK(tags));
	if (!strcmp(verb, "enrol") && below(2))
		what = lw_printf(a, "%s profile %s", what, PICK(profiles));
	if (!strcmp(verb, "enrol") && below(2))
		what = lw_printf(a, "%s names %s", what, below(2) ? "owned" : "theirs");
	if (!strcmp(verb, "token") && below(2))
		what = lw_printf(a, "%s audience %s", what, below(2) ? "none" : "\"https://a\"");
	if (attr_verb || (below(2) && (!strcmp(verb, "token") || strstr(verb, "create") || !strcmp(verb, "export"))))
		what = lw_printf(a, "%s attrs(%s)", what, PICK(attrs));
	if (!below(4))
		what = lw_printf(a, "%s when %s", what, PICK(conditions));
	if (!below(6))
		what = lw_printf(a, "%s max-life %s", what, below(2) ? "1h" : "5m");
	return lw_printf(a, "%s %s may %s%s;", below(4) ? "permit" : "forbid", subject, verb, what);
}

/* ---- a tenant for it ---- */

static void must(int err, const char *what)
{
	if (err && err != LW_EEXIST && err != LW_EVALEXISTS && err != LW_ENOATTR)
		fail_msg("%s: %s (%s)", what, lw_errname(err), fix.r.text);
}

static int add_grant(struct lw_session *s, const char *cn, const char *text)
{
	return fix_add(s, lw_printf(fix.arena, "dn: cn=%s,ou=grants," SUFFIX "\nobjectClass: lwGrant\ncn: %s\nlwGrantText: %s", cn, cn, text));
}

/* Everybody and everything that was there at the beginning is there again, and grants are others. */
static void order(struct snap *p)
{
	static const char *const wide[] = { "permit group ops may all any attrs(*);", "permit group web may all any under ou=people attrs(*);",
		"permit group staff may read,search,compare,write,create,set-secret,enrol any attrs(*);",
		"permit group inner may create,delete,write,read grant,group,person attrs(*);",
		"permit group helpdesk may ticket,delegate,token,enrol,delete,move any max-life 1h;",
		"permit group web may all group,grant,application attrs(*) when channel.confidential;" };
	unsigned nth = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].o.kind == ACCESS_GRANT)
			must(fix_delete(fix.op, p->v[i].dn), p->v[i].dn);
	for (size_t i = p->n; i-- > 0;) { /* what is below comes first */
		const struct thing *x = &p->v[i];

		if (!(x->e.flags & OPS_FIXED) && x->o.kind & (OPS_PRINCIPALS | ACCESS_GROUP | ACCESS_ENTRY))
			must(fix_delete(fix.op, x->dn), x->dn);
	}
	must(fix_add(fix.op, "dn: ou=guests,ou=people," SUFFIX "\nobjectClass: organizationalUnit\nou: guests"), "guests");
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		must(fix_person(fix.op, people[i], ""), people[i]);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		must(fix_add(fix.op, lw_printf(fix.arena, "dn: cn=%s,ou=groups," SUFFIX "\nobjectClass: groupOfNames\ncn: %s", groups[i], groups[i])), groups[i]);
	for (unsigned i = 0; i < 2; i++) {
		must(fix_add(fix.op, lw_printf(fix.arena, "dn: cn=s%u,ou=services," SUFFIX "\nobjectClass: lwService\ncn: s%u", i, i)), "service");
		must(fix_add(fix.op, lw_printf(fix.arena, "dn: cn=a%u,ou=applications," SUFFIX "\nobjectClass: lwApplication\ncn: a%u", i, i)), "application");
	}
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
			must(fix_modify(fix.op, lw_printf(fix.arena, "dn: cn=%s,ou=groups," SUFFIX "\n%s member\nmember: uid=%s,ou=people," SUFFIX, groups[g],
				below(4) ? "delete" : "add", people[i])), groups[g]);
	must(fix_modify(fix.op, "dn: cn=administrators,ou=groups," SUFFIX "\nadd member\nmember: uid=p0,ou=people," SUFFIX), "administrators");
	for (const struct access_default *x = access_defaults; x->cn; x++)
		must(add_grant(fix.op, x->cn, x->text), x->cn);
	for (const struct access_default *x = access_delegated; x->cn; x++)
		must(add_grant(fix.op, x->cn, x->text), x->cn);
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (below(2))
			must(add_grant(fix.op, lw_printf(fix.arena, "gw%zu", i), wide[i]), wide[i]);
	for (unsigned i = 0; i < 6; i++) { /* what does not parse is no grant */
		int err = add_grant(fix.op, lw_printf(fix.arena, "gr%u", nth++), rule(fix.arena));
		assert_true(err == LW_OK || err == LW_ECONSTRAINT);
	}
}

/* ---- random operations: whoever has the text has all that is needed to tell what was done ---- */

static int put(struct lw_session *s, struct deed *d, const char *ldif)
{
	d->text = ldif;
	return fix_modify(s, ldif);
}

static struct store_sealed_item secret;

static int do_add(struct lw_session *s, struct deed *d)
{
	static const struct { const char *naming, *class, *place; } rows[] = { { "uid", "inetOrgPerson", "ou=people" },
		{ "uid", "inetOrgPerson", "ou=guests,ou=people" }, { "cn", "groupOfNames", "ou=groups" }, { "cn", "lwService", "ou=services" },
		{ "cn", "lwApplication", "ou=applications" }, { "cn", "lwHost", "ou=hosts" }, { "cn", "lwApplication", "ou=people" } };
	size_t i = below(sizeof(rows) / sizeof(rows[0]));
	const char *name = lw_printf(fix.arena, "n%u", below(12)), *more_lines = "";
	struct thing *m = any(d->before, ACCESS_PERSON | ACCESS_GROUP);
	struct store_attr_values attrs[8] = { 0 };
	struct lw_bytes values[8], class[] = { lw_str(rows[i].class) };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs };

	d->text = lw_printf(fix.arena, "add %s=%s,%s class %s", rows[i].naming, name, rows[i].place, rows[i].class);
	op.dn = fix_dn(lw_printf(fix.arena, "%s=%s,%s," SUFFIX, rows[i].naming, name, rows[i].place));
	attrs[op.nattrs++] = (struct store_attr_values){ LW_LIT("objectClass"), class, 1 };
#define ATTR(desc, value)                                                                                             \
	(values[op.nattrs] = lw_str(value), attrs[op.nattrs] = (struct store_attr_values){ LW_LIT(desc), &values[op.nattrs], 1 }, op.nattrs++,  \
		more_lines = lw_printf(fix.arena, "%s " desc ": %s", more_lines, value))
	if (i < 2) {
		ATTR("cn", name);
		ATTR("sn", name);
	}
	const char *tag = PICK(tags), *manager = below(2) || !m ? d->author->dn : m->dn;
	if (!below(4))
		ATTR("lwTag", tag);
	if (!below(3))
		ATTR("lwManagedBy", manager);
	if (i == 2 && below(2) && m)
		ATTR("member", m->dn);
	if (!below(3)) {
		op.secrets = &secret;
		op.nsecrets = 1;
	}
	d->text = lw_printf(fix.arena, "%s%s%s", d->text, more_lines, op.nsecrets ? " and a secret" : "");
	int err = store_write(s, &op, &fix.r);
	if (!err && op.nsecrets)
		d->becomes = UINT64_MAX;
	return err;
}

static int do_delete(struct lw_session *s, struct deed *d)
{
	struct thing *x = &d->before->v[below((uint32_t)d->before->n)];

	d->text = lw_printf(fix.arena, "delete %s", x->dn);
	return fix_delete(s, x->dn);
}

static int do_member(struct lw_session *s, struct deed *d)
{
	struct thing *g = any(d->before, ACCESS_GROUP), *m = any(d->before, ACCESS_PERSON | ACCESS_SERVICE | ACCESS_GROUP);

	return !g || !m ? LW_EINVAL : put(s, d, lw_printf(fix.arena, "dn: %s\n%s member\nmember: %s", g->dn, below(2) ? "add" : "delete",
		below(5) ? m->dn : d->author->dn));
}

static int do_tag(struct lw_session *s, struct deed *d)
{
	struct thing *x = &d->before->v[below((uint32_t)d->before->n)];

	return put(s, d, lw_printf(fix.arena, "dn: %s\n%s lwTag\nlwTag: %s", x->dn, below(2) ? "add" : "delete", PICK(tags)));
}

static int do_manager(struct lw_session *s, struct deed *d)
{
	struct thing *x = &d->before->v[below((uint32_t)d->before->n)], *m = any(d->before, ACCESS_PERSON | ACCESS_SERVICE | ACCESS_GROUP);

	return !m ? LW_EINVAL : put(s, d, lw_printf(fix.arena, "dn: %s\n%s lwManagedBy\nlwManagedBy: %s", x->dn, below(2) ? "add" : "delete",
		below(3) ? m->dn : d->author->dn));
}

static int do_disabled(struct lw_session *s, struct deed *d)
{
	struct thing *x = any(d->before, OPS_PRINCIPALS);

	if (!x)
		return LW_EINVAL;
	return put(s, d, x->e.flags & OPS_DISABLED || !below(4)
			? lw_printf(fix.arena, "dn: %s\nreplace lwDisabled", x->dn)
			: lw_printf(fix.arena, "dn: %s\nreplace lwDisabled\nlwDisabled: TRUE", x->dn));
}

static int do_text(struct lw_session *s, struct deed *d)
{
	static const char *const attrs[] = { "description", "mail", "uid", "cn", "objectClass", "krbPrincipalName" };
	static const char *const values[] = { "x", "y@acme.example", "u1", "c1", "posixGroup", "z@ACME.EXAMPLE" };
	struct thing *x = &d->before->v[below((uint32_t)d->before->n)];
	size_t i = below(6);

	return put(s, d, lw_printf(fix.arena, "dn: %s\nadd %s\n%s: %s", x->dn, attrs[i], attrs[i], values[i]));
}

static int do_move(struct lw_session *s, struct deed *d)
{
	struct thing *x = &d->before->v[below((uint32_t)d->before->n)];
	const char *place = below(4) ? lw_printf(fix.arena, "%s," SUFFIX, PICK(places)) : NULL;
	const char *rdn = lw_strdup(fix.arena, x->dn);

	*strchr(rdn, ',') = 0;
	if (!place)
		rdn = lw_printf(fix.arena, "%.*s=m%u", (int)strcspn(rdn, "="), rdn, below(9));
	d->text = lw_printf(fix.arena, "moddn %s to %s,%s", x->dn, rdn, place ? place : "its place");
	return x->e.id == OPS_SUFFIX_ID ? LW_EINVAL : fix_moddn(s, x->dn, rdn, below(2), place);
}

static int do_grant(struct lw_session *s, struct deed *d)
{
	const char *text = rule(fix.arena);
	struct thing *x = any(d->before, ACCESS_GRANT);

	if (below(2) || !x) {
		d->text = lw_printf(fix.arena, "add %s", text);
		return add_grant(s, lw_printf(fix.arena, "g%u", below(40)), text);
	}
	if (below(3))
		return put(s, d, lw_printf(fix.arena, "dn: %s\nreplace lwGrantText\nlwGrantText: %s", x->dn, text));
	d->text = lw_printf(fix.arena, "delete %s", x->dn);
	return fix_delete(s, x->dn);
}

static int do_secret(struct lw_session *s, struct deed *d)
{
	struct thing *x = any(d->before, OPS_PRINCIPALS);
	int err;

	if (!x)
		return LW_EINVAL;
	d->text = lw_printf(fix.arena, "secret of %s", x->dn);
	err = fix_secret(s, &x->e.uuid, "blob");
	if (!err && !(x->e.flags & OPS_DISABLED))
		d->becomes = x->e.id;
	return err;
}

static int do_record(struct lw_session *s, struct deed *d)
{
	static const uint8_t der[] = { 0x30, 3, 2, 1, 7 };
	uint8_t octet = (uint8_t)(1 + below(8));
	struct thing *x = any(d->before, OPS_HOLDERS);
	struct store_op op = { .kind = PICK(((const enum store_op_kind[]){ STORE_CERT_INTENT, STORE_CERT_INTENT, STORE_CERT_ISSUED, STORE_CERT_DROP,
		STORE_CERT_REVOKE, STORE_TOKEN_CANCEL })) };
	int64_t now = lw_wall(&fix.clock);
	int err;

	if (!x)
		return LW_EINVAL;
	op.record = (struct store_record){ .serial = { &octet, 1 }, .profile = lw_str(PICK(profiles)), .subject = x->e.uuid, .reason = 0,
		.der = { der, sizeof(der) }, .not_before = now, .not_after = now + DAY, .id = lw_str(lw_printf(fix.arena, "t%u", below(6))),
		.until = now + DAY };
	d->text = lw_printf(fix.arena, "record operation %d, serial %u, %.*s of %s", op.kind, octet, (int)op.record.profile.n,
		(const char *)op.record.profile.p, x->dn);
	err = store_write(s, &op, &fix.r);
	if (!err && op.kind == STORE_CERT_INTENT && !lw_eq(op.record.profile, LW_LIT("tls-server")))
		d->becomes = x->e.id;
	return err;
}

static const struct { const char *name; int (*run)(struct lw_session *, struct deed *); unsigned weight; } operations[] = {
	{ "add", do_add, 4 }, { "delete", do_delete, 1 }, { "member", do_member, 5 }, { "tag", do_tag, 3 }, { "manager", do_manager, 4 },
	{ "disabled", do_disabled, 2 }, { "text", do_text, 2 }, { "move", do_move, 2 }, { "grant", do_grant, 8 }, { "secret", do_secret, 4 },
	{ "record", do_record, 3 } };
#define NOPS (sizeof(operations) / sizeof(operations[0]))

static size_t an_operation(void)
{
	unsigned total = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < NOPS; k++)
		total += operations[k].weight;
	for (at = below(total); at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

static struct lw_session *log_in(struct deed *d)
{
	struct lw_cap cap = { .tenant = fix.acme, .tenant_uuid = fix.acme_uuid, .subject = d->author->e.uuid, .actor = d->author->e.uuid,
		.methods = LW_CAP_PASSWORD, .flags = LW_CAP_CONFIDENTIAL | LW_CAP_MFA | (d->asserted ? LW_CAP_ASSERTED : 0),
		.auth_time = lw_wall(&fix.clock) - LW_SECOND, .expiry = lw_wall(&fix.clock) + DAY,
		.credential_version = ops_credential_version(&d->author->e) };
	struct lw_session *s = NULL;

	assert_int_equal(store_session_cap(fix.store, &cap, &s), LW_OK);
	return s;
}

static void nobody_gains_more(void **state)
{
	uint64_t rounds = setting("LWD_DELEGATION_ROUNDS", ROUNDS), done[NOPS] = { 0 }, all = 0;
	struct snap *before = calloc(1, sizeof(*before)), *after = calloc(1, sizeof(*after)), *swap;
	struct deed d = { 0 };

	seed = dice = setting("LWD_DELEGATION_SEED", 1);
	below(2);
	secret = (struct store_sealed_item){ .attr = schema_attr(LW_LIT("userPassword"))->id, .cls = STORE_SECRET_PASSWORD, .generation = 1,
		.sealed = LW_LIT("sealed") };
	assert_true(before && after);
	snap(before);
	for (uint64_t i = 0; i < rounds; i++) {
		size_t op = an_operation();
		struct lw_session *s;

		if (i % EPOCH == 0) {
			order(before);
			snap_done(before);
			snap(before);
		}
		do
			d.author = any(before, OPS_HOLDERS);
		while (!d.author || !d.author->rights || (access_is_admin(d.author->rights) && below(8)));
		d.before = before;
		d.asserted = !below(8);
		d.becomes = 0;
		s = log_in(&d);
		if (operations[op].run(s, &d) == LW_OK) {
			snap(after);
			if (d.becomes == UINT64_MAX)
				for (size_t k = 0; k < after->n; k++)
					if (lw_uuid_eq(&after->v[k].e.uuid, &fix.r.uuid))
						d.becomes = after->v[k].e.id;
			d.after = after;
			judge(&d);
			snap_done(before);
			swap = before;
			before = after;
			after = swap;
			done[op]++;
			all++;
			lw_arena_reset(fix.arena);
		}
		store_session_free(s);
	}
	snap_done(before);
	free(before);
	free(after);
	print_message("# seed %llu: %llu of %llu operations were accepted; %llu times somebody gained something, all held\n# ",
		(unsigned long long)seed, (unsigned long long)all, (unsigned long long)rounds, (unsigned long long)d.gains);
	for (size_t k = 0; k < NOPS; k++)
		print_message(" %llu %s", (unsigned long long)done[k], operations[k].name);
	print_message("\n");
	/* a test that accepts nothing, or where nobody gains, shows nothing */
	for (size_t k = 0; k < NOPS && rounds >= MANY; k++)
		assert_true(done[k] > 0);
	assert_true(rounds < MANY || d.gains > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(nobody_gains_more, fix_up, fix_down) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
