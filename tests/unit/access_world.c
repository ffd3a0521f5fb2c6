/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/err.h"
#include "tests/unit/access_world.h"

const char *const world_tags[WORLD_TAGS] = { "db", "Front End", "pci" };
/* the last three (an ordinary one, one that isn't, a secret) stand for all that no random grant names */
const char *const world_attrs[] = { "cn", "sn", "mail", "telephoneNumber", "description", "employeeNumber",
	"lwDisabled", "userPassword", "krbPrincipalKey", "title", "lwCredentialVersion", "lwScram", NULL };
#define NAMED_ATTRS 9
#define ALL_ATTRS   12
static const char *const claim_pool[] = { "sub", "groups", "preferred_username" };
static const char *const audiences[] = { "https://api.acme.example", "https://wiki.acme.example" };
static const char *const profiles[] = { "tls-server", "client" };

static const struct world_node nodes[WORLD_NODES] = {
	{ .name = "suffix", .dn = "dc=acme,dc=example", .kind = ACCESS_ENTRY, .parent = -1 },
	{ .name = "people", .dn = "ou=people", .kind = ACCESS_ENTRY },
	{ .name = "groups", .dn = "ou=groups", .kind = ACCESS_ENTRY },
	{ .name = "services", .dn = "ou=services", .kind = ACCESS_ENTRY },
	{ .name = "hosts", .dn = "ou=hosts", .kind = ACCESS_ENTRY },
	{ .name = "applications", .dn = "ou=applications", .kind = ACCESS_ENTRY },
	{ .name = "grants", .dn = "ou=grants", .kind = ACCESS_ENTRY },
	{ .name = "administrators", .dn = "cn=administrators,ou=groups", .kind = ACCESS_GROUP, .parent = 2 },
	{ .name = "ops", .dn = "cn=ops,ou=groups", .kind = ACCESS_GROUP, .parent = 2 },
	{ .name = "helpdesk", .dn = "cn=helpdesk,ou=groups", .kind = ACCESS_GROUP, .parent = 2 },
	{ .name = "web", .dn = "cn=web,ou=groups", .kind = ACCESS_GROUP, .parent = 2 },
	{ .name = "Dev Team", .dn = "cn=Dev Team,ou=groups", .kind = ACCESS_GROUP, .parent = 2 },
	{ .name = "protected", .dn = "cn=protected,ou=groups", .kind = ACCESS_GROUP, .parent = 2 },
	{ .name = "guests", .dn = "ou=guests,ou=people", .kind = ACCESS_ENTRY, .parent = 1 },
	{ .name = "alice", .dn = "uid=alice,ou=people", .kind = ACCESS_PERSON, .parent = 1 },
	{ .name = "bob", .dn = "uid=bob,ou=people", .kind = ACCESS_PERSON, .parent = 1 },
	{ .name = "carol", .dn = "uid=carol,ou=people", .kind = ACCESS_PERSON, .parent = 1 },
	{ .name = "dave", .dn = "uid=dave,ou=people", .kind = ACCESS_PERSON, .parent = 1 },
	{ .name = "erin", .dn = "uid=erin,ou=guests,ou=people", .kind = ACCESS_PERSON, .parent = 13 },
	{ .name = "frank", .dn = "uid=frank,ou=guests,ou=people", .kind = ACCESS_PERSON, .parent = 13 },
	{ .name = "web1", .dn = "cn=web1,ou=services", .kind = ACCESS_SERVICE, .parent = 3 },
	{ .name = "http/shop", .dn = "cn=http/shop,ou=services", .kind = ACCESS_SERVICE, .parent = 3 },
	{ .name = "sql", .dn = "cn=sql,ou=services", .kind = ACCESS_SERVICE, .parent = 3 },
	{ .name = "h1.acme.example", .dn = "cn=h1.acme.example,ou=hosts", .kind = ACCESS_HOST, .parent = 4 },
	{ .name = "h2.acme.example", .dn = "cn=h2.acme.example,ou=hosts", .kind = ACCESS_HOST, .parent = 4 },
	{ .name = "shop", .dn = "cn=shop,ou=applications", .kind = ACCESS_APPLICATION, .parent = 5 },
	{ .name = "wiki", .dn = "cn=wiki,ou=applications", .kind = ACCESS_APPLICATION, .parent = 5 },
	{ .name = "r1", .dn = "cn=r1,ou=grants", .kind = ACCESS_GRANT, .parent = 6 },
	{ .name = "r2", .dn = "cn=r2,ou=grants", .kind = ACCESS_GRANT, .parent = 6 },
	{ .name = "policies", .dn = "ou=policies", .kind = ACCESS_ENTRY },
	{ .name = "default", .dn = "cn=default,ou=policies", .kind = ACCESS_POLICY, .parent = 29 },
	{ .name = "old", .dn = "ou=old,ou=guests,ou=people", .kind = ACCESS_ENTRY, .parent = 13 },
	{ .name = "gina", .dn = "uid=gina,ou=old,ou=guests,ou=people", .kind = ACCESS_PERSON, .parent = 31 },
	{ .name = "tenant", .dn = "tenant", .kind = ACCESS_TENANT, .parent = -1 },
	{ .name = "certificates", .dn = "ou=certificates", .kind = ACCESS_ENTRY },
	{ .name = "cn=01,ou=certificates", .dn = "cn=01,ou=certificates", .kind = ACCESS_CERTIFICATE, .parent = 34, .owner = 14 },
	{ .name = "cn=02,ou=certificates", .dn = "cn=02,ou=certificates", .kind = ACCESS_CERTIFICATE, .parent = 34, .owner = 20 },
	{ .name = "cn=03,ou=certificates", .dn = "cn=03,ou=certificates", .kind = ACCESS_CERTIFICATE, .parent = 34 },
};

uint64_t world_random(struct world *w)
{
	uint64_t z = w->seed += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned world_below(struct world *w, unsigned n)
{
	return (unsigned)(world_random(w) % n);
}

static bool one_in(struct world *w, unsigned n)
{
	return world_below(w, n) == 0;
}

static bool is_group(int node)
{
	return nodes[node].kind == ACCESS_GROUP;
}

static bool is_principal(int node)
{
	return nodes[node].kind & (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST | ACCESS_APPLICATION);
}

void world_init(struct world *w, uint64_t seed)
{
	const struct schema_attr *tag;

	schema_init();
	tag = schema_attr(LW_LIT("lwTag"));
	if (!(schema_attr(LW_LIT("title"))->flags & SCHEMA_ORDINARY) ||
	        (schema_attr(LW_LIT("lwCredentialVersion"))->flags & (SCHEMA_ORDINARY | SCHEMA_SECRET)) ||
	        !(schema_attr(LW_LIT("lwScram"))->flags & SCHEMA_SECRET))
		abort();
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->arena = lw_arena_new(64 << 20, false);
	memcpy(w->node, nodes, sizeof(nodes));
	for (int i = 0; i < WORLD_NODES; i++) {
		w->node[i].id = 3 + 7 * (uint64_t)i;
		w->node[i].tenant = 1;
	}
	for (int t = 0; t < WORLD_TAGS; t++) {
		struct lw_bytes norm;

		if (schema_norm(tag, NULL, w->arena, lw_str(world_tags[t]), &norm))
			abort();
		w->tag_norm[t].p = memcpy(malloc(norm.n), norm.p, norm.n);
		w->tag_norm[t].n = norm.n;
	}
	world_shuffle(w);
}

void world_done(struct world *w)
{
	for (int t = 0; t < WORLD_TAGS; t++)
		free((void *)(uintptr_t)w->tag_norm[t].p);
	lw_arena_free(w->arena);
}

/* Groups may be in groups (also in circles). */
void world_shuffle(struct world *w)
{
	for (int i = 0; i < WORLD_NODES; i++) {
		struct world_node *n = &w->node[i];

		n->in = n->managers = 0;
		n->tags = one_in(w, 3) ? world_below(w, 1 << WORLD_TAGS) : 0;
		for (int g = 0; g < WORLD_NODES; g++) {
			if (!is_group(g) && !is_principal(g))
				continue;
			if (is_group(g) && (is_principal(i) || is_group(i)) && g != i &&
			        one_in(w, is_group(i) ? 9 : 4))
				n->in |= UINT64_C(1) << g;
			if (one_in(w, 20))
				n->managers |= UINT64_C(1) << g;
		}
	}
}

static uint64_t closure(const struct world *w, int node)
{
	uint64_t in = w->node[node].in, before;

	do {
		before = in;
		for (int g = 0; g < WORLD_NODES; g++)
			if (in >> g & 1)
				in |= w->node[g].in;
	} while (in != before);
	return in;
}

bool world_in_group(const struct world *w, int node, int group)
{
	return group >= 0 && (closure(w, node) >> group & 1);
}

bool world_is_protected(const struct world *w, int node)
{
	if (w->node[node].owner) /* what somebody has is as he is */
		node = w->node[node].owner;
	return node == WORLD_ADMINS || world_in_group(w, node, WORLD_ADMINS);
}

bool world_manages_any(const struct world *w, int node)
{
	uint64_t as = closure(w, node) | UINT64_C(1) << node;

	for (int i = 0; i < WORLD_NODES; i++)
		if (w->node[i].managers & as)
			return true;
	return false;
}

enum access_who world_who(const struct world *w, int node)
{
	switch (w->node[node].kind) {
	case ACCESS_PERSON:
		return ACCESS_WHO_PERSON;
	case ACCESS_SERVICE:
		return ACCESS_WHO_SERVICE;
	case ACCESS_HOST:
		return ACCESS_WHO_HOST;
	default:
		return ACCESS_WHO_CLIENT;
	}
}

int world_find(const struct world *w, enum access_name kind, const char *name)
{
	static const unsigned kinds[] = { [ACCESS_NAME_GROUP] = ACCESS_GROUP,
		[ACCESS_NAME_USER] = ACCESS_PERSON,
		[ACCESS_NAME_SERVICE] = ACCESS_SERVICE,
		[ACCESS_NAME_HOST] = ACCESS_HOST,
		[ACCESS_NAME_CLIENT] = ACCESS_APPLICATION,
		[ACCESS_NAME_GRANT] = ACCESS_GRANT,
		[ACCESS_NAME_POLICY] = ACCESS_POLICY };

	for (int i = 0; i < WORLD_NODES; i++) {
		if (kind == ACCESS_NAME_ENTRY
		                ? !strcasecmp(w->node[i].dn, name)
		                : w->node[i].kind == kinds[kind] && !strcasecmp(w->node[i].name, name))
			return i;
	}
	return -1;
}

static int resolve(void *ctx, enum access_name kind, struct lw_bytes name, uint64_t *ret_id)
{
	const struct world *w = ctx;
	char text[ACCESS_MAX_NAME + 1];
	int node;

	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	node = world_find(w, kind, text);
	if (node < 0)
		return LW_ENOTFOUND;
	*ret_id = w->node[node].id;
	return LW_OK;
}

const char *const world_partners[2] = { "beta.example", "gamma.example" };
/* named like groups of the world: that means nothing */
const char *const world_partner_groups[3] = { "helpdesk", "Dev Team", "administrators" };

static struct lw_uuid partner_uuid(int partner)
{
	return (struct lw_uuid){ { 0xbe, 0x7a, (uint8_t)partner } };
}

static int resolve_tenant(void *ctx, struct lw_bytes domain, struct lw_uuid *ret)
{
	for (int i = 0; i < 2; i++)
		if (lw_eq_nocase(domain, lw_str(world_partners[i]))) {
			*ret = partner_uuid(i + 1);
			return LW_OK;
		}
	return lw_eq_nocase(domain, LW_LIT("acme.example")) ? LW_EINVAL : LW_ENOTFOUND;
}

const struct access_resolver world_resolver_base = { NULL, resolve, resolve_tenant };

static size_t ids_of(struct world *w, uint64_t mask, const uint64_t **ret)
{
	uint64_t *ids = lw_allocn(w->arena, WORLD_NODES, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		abort();
	for (int i = 0; i < WORLD_NODES; i++)
		if (mask >> i & 1)
			ids[n++] = w->node[i].id;
	*ret = ids;
	return n;
}

struct access_subject world_subject(struct world *w, int node, uint32_t tenant)
{
	struct access_subject s = { .tenant = tenant };

	if (node < 0)
		return s;
	s.who = world_who(w, node);
	s.id = w->node[node].id;
	s.ngroups = ids_of(w, closure(w, node), &s.groups);
	s.manages = world_manages_any(w, node);
	return s;
}

struct access_subject world_act_subject(struct world *w, const struct world_act *x)
{
	struct access_subject s = world_subject(w, x->subject, x->subject_tenant);
	struct access_partner *p = lw_alloc(w->arena, sizeof(*p));
	struct lw_bytes *names = lw_allocn(w->arena, 3, sizeof(*names));

	if (!p || !names)
		abort();
	if (!x->partner)
		return s;
	p->tenant = partner_uuid(x->partner);
	p->groups = names;
	for (unsigned i = 0; i < 3; i++)
		if (x->partner_groups >> i & 1 &&
		        schema_norm(schema_attr(LW_LIT("cn")), NULL, w->arena, lw_str(world_partner_groups[i]), &names[p->ngroups++]))
			abort();
	s.partner = p;
	return s;
}

struct access_object world_object(struct world *w, int node, uint32_t tenant)
{
	const struct world_node *n = &w->node[node];
	struct access_object o = { .tenant = tenant, .id = n->id, .kind = n->kind };
	struct lw_bytes *tags = lw_allocn(w->arena, WORLD_TAGS, sizeof(*tags));
	uint64_t above = 0;

	if (!tags)
		abort();
	for (int i = node; i >= 0; i = w->node[i].parent)
		above |= UINT64_C(1) << i;
	o.nabove = ids_of(w, above, &o.above);
	o.nmanagers = ids_of(w, n->managers, &o.managers);
	for (int t = 0; t < WORLD_TAGS; t++)
		if (n->tags >> t & 1)
			tags[o.ntags++] = w->tag_norm[t];
	o.tags = tags;
	o.owner = n->owner ? w->node[n->owner].id : 0;
	o.is_protected = world_is_protected(w, node);
	return o;
}

static int any_of(struct world *w, unsigned kinds)
{
	int n;

	do
		n = (int)world_below(w, WORLD_NODES);
	while (!(w->node[n].kind & kinds));
	return n;
}

#define PRINCIPALS (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST | ACCESS_APPLICATION)

void world_act(struct world *w, struct world_act *x)
{
	static const int64_t ages[] = { 0, 10, 200, 1000, 4000, 90000, -50 };
	unsigned what = world_below(w, 4);

	memset(x, 0, sizeof(*x));
	x->subject = one_in(w, 12) ? -1 : any_of(w, PRINCIPALS);
	x->actor = one_in(w, 8) ? any_of(w, PRINCIPALS) : -1;
	x->delegated = one_in(w, 2) ? any_of(w, PRINCIPALS) : -1;
	x->object = one_in(w, 8) && x->subject >= 0 ? x->subject : any_of(w, ACCESS_ANY);
	if (one_in(w, 10)) {
		x->object = any_of(w, ACCESS_CERTIFICATE);
		if (w->node[x->object].owner && one_in(w, 2))
			x->subject = w->node[x->object].owner;
	}
	x->subject_tenant = one_in(w, 100) ? 2 : 1;
	x->object_tenant = one_in(w, 100) ? 2 : 1;
	x->verb = (enum access_verb)(
	        1 + (one_in(w, 2) ? world_below(w, 4) : world_below(w, ACCESS_VERB_COUNT - 1)));
	if (what && x->verb == ACCESS_TOKEN && one_in(w, 2)) {
		x->claim = true;
		x->what = claim_pool[world_below(w, 3)];
	} else if (what) {
		x->what = world_attrs[world_below(w, ALL_ATTRS)];
	}
	x->audience = one_in(w, 3) ? NULL : audiences[world_below(w, 2)];
	x->profile = profiles[world_below(w, 2)];
	x->names_owned = one_in(w, 2);
	x->names_theirs = x->names_owned || one_in(w, 2);
	x->auth_time = ages[world_below(w, 7)];
	x->auth_time = x->auth_time ? WORLD_NOW - x->auth_time * LW_SECOND : 0;
	x->methods = 1u << world_below(w, 5);
	x->mfa = one_in(w, 2);
	x->confidential = !one_in(w, 3);
	x->asserted = one_in(w, 8);
	if (one_in(w, 6)) {
		x->partner = 1 + (int)world_below(w, 2);
		x->partner_groups = one_in(w, 3) ? world_below(w, 8) : 7;
		if (!one_in(w, 4)) {
			x->verb = (enum access_verb)(1 + world_below(w, 7));
			x->claim = false;
			x->what = x->what && x->verb < ACCESS_DELETE ? world_attrs[world_below(w, ALL_ATTRS)] : NULL;
		}
		x->subject_tenant = one_in(w, 50) ? 1 : 2;
		x->actor = -1;
	}
}

/* ---- random grants ---- */

struct text {
	char *p;
	size_t n, size;
};

static void add(struct text *t, const char *a, const char *b)
{
	int n = snprintf(t->p + t->n, t->size - t->n, "%s%s", a, b);

	if (n < 0 || t->n + (size_t)n >= t->size)
		abort();
	t->n += (size_t)n;
}

static void add_name(struct world *w, struct text *t, const char *word, unsigned kind)
{
	const char *name = w->node[any_of(w, kind)].name;

	add(t, word, strchr(name, ' ') || !strcmp(name, "protected") ? " \"" : " ");
	add(t, name, strchr(name, ' ') || !strcmp(name, "protected") ? "\"" : "");
}

static void add_partner(struct world *w, struct text *t)
{
	static const char *const names[] = { "helpdesk", "\"dev team\"", "Administrators", "nobody" };

	add(t, "partner ", one_in(w, 4) ? "GAMMA.example" : world_partners[world_below(w, 2)]);
	add(t, " group ", names[world_below(w, 4)]);
}

static void add_subject(struct world *w, struct text *t)
{
	switch (world_below(w, 14)) {
	case 12:
	case 13:
		add_partner(w, t);
		break;
	case 0:
	case 1:
	case 2:
	case 3:
		add_name(w, t, "group", ACCESS_GROUP);
		break;
	case 4:
		add_name(w, t, "user", ACCESS_PERSON);
		break;
	case 5:
		add_name(w, t, "service", ACCESS_SERVICE);
		break;
	case 6:
		add_name(w, t, one_in(w, 2) ? "host" : "host", ACCESS_HOST);
		break;
	case 7:
		add_name(w, t, "client", ACCESS_APPLICATION);
		break;
	case 8:
		add(t, one_in(w, 2) ? "self" : "manager", "");
		break;
	case 9:
		add(t, "class ", ((const char *[]){ "person", "service", "host" })[world_below(w, 3)]);
		break;
	case 10:
		add(t, "authenticated", "");
		break;
	default:
		add(t, one_in(w, 3) ? "anonymous" : "manager", "");
	}
}

/* guest: mostly what can be given to one */
static uint32_t add_verbs(struct world *w, struct text *t, bool guest)
{
	uint32_t verbs = 0, more;
	const char *sep = " ";

	guest = guest && !one_in(w, 6);
	if (!guest && one_in(w, 15)) {
		add(t, " all", "");
		return ACCESS_VERBS_ALL;
	}
	more = 1 + world_below(w, 3);
	for (uint32_t i = 0; i < more; i++)
		verbs |= 1u << (1 +
		                 (guest ? world_below(w, 7) : one_in(w, 2) ? world_below(w, 4) : world_below(w, ACCESS_VERB_COUNT - 1)));
	if (!guest && one_in(w, 4))
		verbs = 1u << (one_in(w, 2) ? ACCESS_TOKEN : ACCESS_ENROL);
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++)
		if (verbs >> v & 1) {
			add(t, sep, access_verbs[v].name);
			sep = ",";
		}
	return verbs;
}

static void add_object(struct world *w, struct text *t)
{
	unsigned kinds = 0;
	const char *sep = " ";

	if (one_in(w, strstr(t->p, " partner ") ? 6 : 3)) {
		add(t, " any", "");
	} else {
		for (unsigned i = 0; i <= world_below(w, 3); i++)
			kinds |= w->node[any_of(w, ACCESS_ANY)].kind;
		for (unsigned k = 0; k < ACCESS_KIND_COUNT; k++)
			if (kinds >> k & 1) {
				add(t, sep, access_kind_names[k]);
				sep = ",";
			}
	}
	if (one_in(w, 4))
		add(t, " under ",
		        ((const char *[]){ "ou=people", "ou=guests,ou=people", "ou=services",
		                "\"ou=old,ou=guests,ou=people\"", "ou=GROUPS" })[world_below(w, 5)]);
	if (one_in(w, 6))
		add(t, " tagged ", ((const char *[]){ "db", "\"front end\"", "PCI" })[world_below(w, 3)]);
	if (one_in(w, 10)) {
		if (kinds && !(kinds & (kinds - 1)) && one_in(w, 2))
			add_name(w, t, " named", kinds);
		else
			add(t, " named ",
			        ((const char *[]){ "uid=erin,ou=guests,ou=people", "cn=ops,ou=groups",
			                "\"cn=http/shop,ou=services\"" })[world_below(w, 3)]);
	}
}

static void add_attrs(struct world *w, struct text *t, uint32_t verbs)
{
	unsigned n = 1 + world_below(w, 4), taken = 0;
	const char *sep = "";

	add(t, " attrs(", "");
	if (one_in(w, 5)) {
		add(t, "*", "");
		sep = ",";
	}
	if (one_in(w, 6)) {
		add(t, sep, "ordinary");
		sep = ",";
	}
	while (n--) {
		unsigned i = world_below(w, NAMED_ATTRS);

		if (taken >> i & 1)
			continue;
		taken |= 1u << i;
		add(t, sep, (verbs & ACCESS_V(TOKEN)) && i < 3 ? claim_pool[i] : world_attrs[i]);
		sep = ",";
	}
	add(t, ")", "");
}

static void add_when(struct world *w, struct text *t)
{
	const char *sep = " when ";

	for (unsigned n = 1 + world_below(w, 2); n; n--, sep = " and ") {
		add(t, sep, "");
		switch (world_below(w, 7)) {
		case 0:
			add(t, "auth.age<", one_in(w, 2) ? "5m" : "1h");
			break;
		case 1:
			add(t, "auth.mfa", "");
			break;
		case 2:
			add(t, "auth.method=", one_in(w, 2) ? "password" : "kerberos");
			break;
		case 3:
			add(t, "delegated.group!=", one_in(w, 2) ? "protected" : "\"protected\"");
			break;
		case 4:
			add(t, "delegated.group=", one_in(w, 2) ? "protected" : "web");
			break;
		default:
			add(t, "channel.confidential", "");
		}
	}
}

static void draft(struct world *w, struct text *t)
{
	uint32_t verbs;

	t->n = 0;
	add(t, one_in(w, 5) ? "forbid " : "permit ", "");
	add_subject(w, t);
	add(t, " may", "");
	verbs = add_verbs(w, t, strstr(t->p, " partner ") != NULL);
	if ((verbs & ~(ACCESS_V(TOKEN) | ACCESS_V(ENROL))) || one_in(w, 3))
		add_object(w, t);
	if (verbs == ACCESS_V(ENROL) && one_in(w, 2))
		add(t, " profile ", profiles[world_below(w, 2)]);
	if (verbs == ACCESS_V(ENROL) && one_in(w, 2))
		add(t, one_in(w, 2) ? " names owned" : " names theirs", "");
	if (verbs == ACCESS_V(TOKEN) && one_in(w, 3)) {
		add(t, " audience none", "");
	} else if (verbs == ACCESS_V(TOKEN) && one_in(w, 2)) {
		add(t, " audience \"", audiences[world_below(w, 2)]);
		add(t, "\"", "");
	}
	if (!one_in(w, 8))
		add_attrs(w, t, verbs);
	if (one_in(w, 3))
		add_when(w, t);
	if (one_in(w, 4))
		add(t, " max-life ", ((const char *[]){ "5m", "1h", "2d" })[world_below(w, 3)]);
	add(t, ";", "");
}

/* Some drafts make no sense (attrs where no verb wants them …): thrown away. */
void world_grant(struct world *w, char *ret, size_t size)
{
	struct text t = { .p = ret, .size = size };
	struct access_resolver resolver = { w, resolve, resolve_tenant };
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	struct access_ast *ast;
	struct access_rule *rule;
	char err[ACCESS_ERR];
	bool ok;

	do {
		draft(w, &t);
		lw_arena_reset(a);
		ok = !access_parse(a, (struct lw_bytes){ (uint8_t *)ret, t.n }, &ast, err) &&
		     !access_compile(a, ast, &resolver, &rule, err);
	} while (!ok);
	lw_arena_free(a);
}
