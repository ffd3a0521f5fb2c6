/* SPDX-License-Identifier: Apache-2.0 */
/* Random requests of LDAP, about one's own tenant, the other and the installation's: the same names in all. */
#include "tests/tables/two.h"

static const char suffixes[] = { '$', '^', '%' };

static char any_suffix(const struct asker *a)
{
	unsigned n = draw(20);

	if (a->home == NEITHER)
		return suffixes[n % 3];
	return n < 9 ? suffixes[a->home] : n < 18 ? suffixes[!a->home] : '%';
}

static const char *any_dn(const struct asker *a)
{
	static const char *const names[] = { "uid=carol,ou=people,", "uid=alice,ou=people,", "uid=bob,ou=people,", "uid=kim,ou=people,",
		"uid=dora,ou=people,", "uid=nobody,ou=people,", "uid=admin,ou=people,", "cn=web1,ou=hosts,", "cn=dark,ou=hosts,", "cn=staff,ou=groups,",
		"cn=administrators,ou=groups,", "cn=default,ou=policies,", "cn=g1,ou=grants,", "cn=shop,ou=applications,", "uid=erin,ou=cellar,",
		"ou=cellar,", "ou=cellos,", "ou=people,", "ou=hosts,", "ou=groups,", "ou=services,", "ou=grants,", "ou=certificates,", "" };

	return lw_printf(world.arena, "%s%c", PICK(names), any_suffix(a));
}

/* One that may come and go. */
static const char *any_temporary(const struct asker *a)
{
	return lw_printf(world.arena, "uid=tmp%u,ou=people,%c", draw(40), any_suffix(a));
}

static const char *any_id(void)
{
	const struct tenant *t = &tenants[draw(2)];

	return t->ids[draw(t->nids)];
}

static const char *const attributes[] = { "cn", "uid", "description", "title", "mail", "member", "memberOf", "entryDN", "seeAlso", "objectClass",
	"givenName", "name", "creatorsName", "modifiersName", "krbPrincipalName", "hasSubordinates", "ou", "sn", "lwManagedBy", "lwGrantText",
	"entryUUID", "lwEntityId", "employeeNumber", "homePhone", "userPassword", "createTimestamp", "structuralObjectClass", "owner", "pwdPolicySubentry" };

static const char *any_value(const struct asker *a)
{
	static const char *const values[] = { "bob", "carol", "alice", "kim", "k", "web1", "TRUE", "bob@BETA.EXAMPLE", "bob@GAMMA.EXAMPLE",
		"inetOrgPerson", "tmp1", "kestrel", "admin" };

	return draw(4) ? PICK(values) : draw(6) ? any_dn(a) : any_id();
}

static const char *any_filter(const struct asker *a, unsigned depth)
{
	static const char *const leaves[] = { "(%s=%s)", "(%s=%s*)", "(%s=*%s*)", "(%s>=%s)", "(%s<=%s)", "(%s~=%s)", "(%s:dn:=%s)",
		"(%s:caseExactMatch:=%s)" };
	const char *attr = PICK(attributes), *form, *one, *two_;

	if (depth < 3 && !draw(4)) {
		const char *x = any_filter(a, depth + 1), *y = any_filter(a, depth + 1);
		return lw_printf(world.arena, "(%c%s%s)", draw(2) ? '&' : '|', x, y);
	}
	if (depth < 3 && !draw(6))
		return lw_printf(world.arena, "(!%s)", any_filter(a, depth + 1));
	if (!draw(4))
		return lw_printf(world.arena, "(%s=*)", attr);
	form = leaves[draw(3) ? 0 : draw(8)];
	one = strstr(form, "%s");
	two_ = strstr(one + 2, "%s");
	return lw_printf(world.arena, "%.*s%s%.*s%s%s", (int)(one - form), form, attr, (int)(two_ - one - 2), one + 2, any_value(a), two_ + 2);
}

static const char *any_control(const struct asker *a)
{
	switch (draw(12)) {
	case 0:
		return lw_printf(world.arena, " !paged:%u", 1 + draw(5));
	case 1:
		return lw_printf(world.arena, " ?sort:%s", PICK(attributes));
	case 2:
		return lw_printf(world.arena, " !assert:%s", any_filter(a, 2));
	case 3:
		return " ?manage";
	default:
		return "";
	}
}

static const char *a_search(const struct asker *a)
{
	static const char *const scopes[] = { "base", "base", "base", "one", "sub", "children" };
	static const char *const selections[] = { "", " *", " +", " * +", " member description", " memberOf entryDN", " 1.1", " entryUUID title" };

	if (!draw(30))
		return draw(2) ? "search base \"\" (objectClass=*) * +" : "search base cn=subschema (objectClass=*) cn";
	return lw_printf(world.arena, "search %s %s %s%s%s", PICK(scopes), any_dn(a), draw(2) ? "(objectClass=*)" : any_filter(a, 0), PICK(selections),
	        any_control(a));
}

/* Values that are written stay with whoever wrote them: no id among them. */
static const char *a_write(const struct asker *a)
{
	static const char *const kinds[] = { "add", "delete", "replace" };
	static const char *const plain[] = { "description", "seeAlso", "title", "mail", "businessCategory" };
	static const char *const values[] = { "new", "bob", "x@x.example" };
	const char *tail = draw(2) ? " !pre:*,+ !post:*,+" : "";

	switch (draw(8)) {
	case 0:
		return lw_printf(world.arena, "modify cn=staff,ou=groups,%c %s:member=%s%s", any_suffix(a), PICK(kinds), any_dn(a), tail);
	case 1:
		return lw_printf(world.arena, "add %s objectClass=inetOrgPerson cn=new sn=new seeAlso=%s%s", any_temporary(a), any_dn(a),
		        *tail ? " !post:*,+" : "");
	case 2:
		return lw_printf(world.arena, "delete %s%s", any_temporary(a), *tail ? " !pre:*,+" : "");
	case 3:
		return lw_printf(world.arena, "moddn %s uid=tmp%u ou=people,%c%s", any_temporary(a), draw(40), any_suffix(a), tail);
	case 4:
		return lw_printf(world.arena, "add cn=n%u,ou=grants,%c objectClass=lwGrant cn=n%u lwGrantText=permit_user_nobody%u_may_read_any_attrs(*);",
		        draw(9), any_suffix(a), draw(9), draw(9));
	case 5: /* of nobody here */
		return lw_printf(world.arena, "passmod uid=%s,ou=people,%c - another-password", draw(2) ? "bob" : "nobody",
		        suffixes[a->home == BETA ? GAMMA : BETA]);
	default:
		return lw_printf(world.arena, "modify %s %s:%s=%s%s", any_dn(a), PICK(kinds), PICK(plain), draw(3) ? PICK(values) : any_dn(a), tail);
	}
}

static const char *own_dn(const struct asker *a)
{
	return lw_printf(world.arena, "uid=%s,ou=people,%c", a->user, suffixes[a->home]);
}

static void make(struct asker *a, struct lw_writer *out, struct asked *q)
{
	unsigned kind = draw(100);
	const char *text = kind < 70 ? a_search(a)
	                   : kind < 92 ? lw_printf(world.arena, "compare %s %s=%s%s", any_dn(a), PICK(attributes), any_value(a), any_control(a))
	                   : kind < 97 && a->user ? a_write(a)
	                   : kind < 99 || !a->user ? "whoami"
	                                       : lw_printf(world.arena, "bind %s %s", own_dn(a), (char *)a->own);

	snprintf(q->text, sizeof(q->text), "%s", text);
	q->may = a->home;
	ldap_encode(out, (int)draw(1u << 30) + 1, text);
}

static struct lw_bytes open_answer(struct asker *a, const struct asked *q, struct lw_bytes answer, bool *ret_good)
{
	int code = ldap_code(answer);

	*ret_good = code == 0 || code == 5 || code == 6;
	return (struct lw_bytes){ NULL, 0 };
}

static struct wire *open_wire(struct asker *a)
{
	return ldap_login(a->user ? own_dn(a) : NULL, a->own);
}

size_t ldap_askers(struct asker *ret, size_t max)
{
	const struct {
		const char *user;
		enum side home;
	} who[] = { { "admin", BETA }, { "alice", BETA }, { "bob", BETA }, { "alice", BETA }, { "admin", GAMMA }, { "alice", GAMMA }, { "bob", GAMMA },
		{ "alice", GAMMA }, { "admin", NEITHER }, { NULL, NEITHER }, { "admin", BETA }, { "admin", GAMMA } };
	size_t n = 0;

	for (; n < sizeof(who) / sizeof(*who) && n < max; n++)
		ret[n] = (struct asker){ .name = who[n].user ? who[n].user : "nobody", .protocol = "ldap", .home = who[n].home, .user = who[n].user,
			.depth = 24, .share = 16, .own = (void *)(who[n].user && !strcmp(who[n].user, "admin") ? two.admin : PASSWORD),
			.open = open_wire, .make = make, .open_answer = open_answer };
	return n;
}
