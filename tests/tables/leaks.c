/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody may learn:
 *  - that a hidden entry is there: every request about it is answered octet for octet like one about an
 * absent entry;
 *  - a secret attribute's value or presence, whoever asks, in whatever way;
 *  - anything of another tenant: random requests never bring up a string that stands only there. */
#include "tests/tables/client.h"

#include <unistd.h>

#include "base/log.h"
#include "store/schema.h"

static unsigned tests, failures;
static char prepared[64];

__attribute__((format(printf, 2, 3))) static void result(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", ok ? "" : "not ", ++tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	failures += !ok;
}

/* ---- hidden is not there ---- */

/* @ is the entry: one that is hidden from the subject, or one that is not there and has a name of the same
 * length. */
static const char *const about[] = {
	"search base @ (objectClass=*)",
	"search one @ (objectClass=*)",
	"search sub @ (cn=web1)",
	"search children @ (objectClass=*)",
	"search base @ (objectClass=*) !paged:5",
	"search base @ (objectClass=*) !assert:(objectClass=*)",
	"search sub $ (entryDN=@)",
	"search sub $ (member=@)",
	"search sub $ (memberOf=@)",
	"search sub $ (seeAlso=@)",
	"compare @ cn=web1",
	"compare @ userPassword=x",
	"compare @ noSuchThing=x",
	"compare @ description=of-beta !assert:(cn=web1)",
	"compare "
	"uid=carol,ou=people,$"
	" memberOf=@",
	"modify @ replace:description=x",
	"modify @ replace:userPassword=a-new-password",
	"modify @ replace:noSuchThing=x",
	"modify @ replace:entryUUID=x",
	"modify @ replace:description=x !pre:*",
	"modify @ delete:description=of-beta",
	"modify uid=bob,ou=people,$ replace:description=@",
	"modify uid=bob,ou=people,$ replace:seeAlso=@",
	"modify cn=open,ou=groups,$ add:member=@",
	"modify cn=open,ou=groups,$ delete:member=@",
	"modify cn=open,ou=groups,$ replace:member=@",
	"modify cn=open,ou=groups,$ add:member=@ !post:*",
	"add @ objectClass=lwHost",
	"add cn=below,@ objectClass=lwHost cn=below",
	"delete @",
	"moddn @ cn=web3",
	"moddn uid=carol,ou=people,$ uid=carol @",
	"passmod @ - a-new-password",
	"passmod dn:@ - a-new-password",
	"passmod @ an-old-password a-new-password",
	"bind @ wrong-password",
};
#define FROM(who) (1u << (who))
#define BETAS     (FROM(ANONYMOUS) | FROM(USER) | FROM(ADMIN) | FROM(OPERATOR))
static const struct {
	const char *hidden, *absent;
	unsigned from;
} pairs[] = {
	{ "cn=web1,ou=hosts,$", "cn=web2,ou=hosts,$",
	        FROM(ANONYMOUS) | FROM(USER) | FROM(OTHER) | FROM(INSTALLATION) },
	{ "uid=dave,ou=cellar,$", "uid=dave,ou=cellos,$",
	        FROM(ANONYMOUS) | FROM(USER) | FROM(OTHER) | FROM(INSTALLATION) },
	{ "cn=default,ou=policies,$", "cn=defects,ou=policies,$",
	        FROM(ANONYMOUS) | FROM(USER) | FROM(OTHER) | FROM(INSTALLATION) },
	{ "uid=alice,ou=people,%", "uid=alyce,ou=people,%", BETAS | FROM(OTHER) },
	{ "ou=people,dc=gamma,dc=example", "ou=people,dc=gamba,dc=example", BETAS | FROM(INSTALLATION) },
};
/* So that bob may do much, but not see what is hidden. */
static const char *const more[] = {
	"cn=open,ou=groups,$ objectClass=groupOfNames cn=open member=uid=carol,ou=people,$",
	"cn=g1,ou=grants,$ objectClass=lwGrant cn=g1 "
	"lwGrantText=permit_user_bob_may_write_group_named_open_attrs(member);",
	"cn=g2,ou=grants,$ objectClass=lwGrant cn=g2 lwGrantText=permit_user_bob_may_delete,move_any;",
	"cn=g3,ou=grants,$ objectClass=lwGrant cn=g3 "
	"lwGrantText=permit_user_bob_may_create_person_under_ou=people_attrs(*);",
	"cn=g4,ou=grants,$ objectClass=lwGrant cn=g4 "
	"lwGrantText=permit_user_bob_may_write_any_attrs(description,seeAlso);",
	"cn=g5,ou=grants,$ objectClass=lwGrant cn=g5 "
	"lwGrantText=permit_user_bob_may_set-secret_any_attrs(userPassword);",
	NULL,
};

static const char *put_name(const char *request, const char *dn)
{
	char *out = lw_alloc(world.arena, strlen(request) + 4 * strlen(dn) + 1), *p = out;

	for (; *request; request++)
		if (*request == '@')
			p = stpcpy(p, dn);
		else
			*p++ = *request;
	*p = 0;
	return out;
}

/* The name that was asked for may come back: it is made one. */
static const char *plain(struct lw_bytes raw, const char *dn)
{
	const char *name = expand(dn);
	char *out = lw_alloc(world.arena, 3 * raw.n + 4);
	size_t n = strlen(name), at = 0;

	for (size_t i = 0; i < raw.n;) {
		bool here = i + n <= raw.n && !memcmp(raw.p + i, name, n);

		if (here)
			out[at++] = '@';
		else
			at += (size_t)snprintf(out + at, 4,
			        raw.p[i] > 32 && raw.p[i] < 127 && raw.p[i] != '@' ? "%c" : "%02x,",
			        raw.p[i]);
		i += here ? n : 1;
	}
	out[at] = 0;
	return out;
}

/* partner: a new world each time, so the first pair must do. */
static void hidden_is_absent(enum column who, bool partner)
{
	for (size_t k = 0; k < (partner ? 1 : sizeof(pairs) / sizeof(pairs[0])); k++) {
		bool all = true;

		if (!(pairs[k].from & FROM(who)))
			continue;
		for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
			struct ldap_answer a;
			const char *one, *other;

			world_fresh(prepared);
			if (partner)
				world_trusting("trusted ");
			one = plain(ldap_raw(who, put_name(about[i], pairs[k].hidden), &a), pairs[k].hidden);
			world.dirty |= a.code == 0 && strncmp(about[i], "search", 6);
			if (world.dirty) {
				char *kept = strdup(one);
				world_fresh(prepared);
				one = lw_strdup(world.arena, kept);
				free(kept);
				if (partner)
					world_trusting("trusted ");
			}
			other = plain(
			        ldap_raw(who, put_name(about[i], pairs[k].absent), &a), pairs[k].absent);
			world.dirty |= a.code == 0 && strncmp(about[i], "search", 6);
			if (strcmp(one, other)) {
				printf("# %s, as %s: hidden %s\n# absent %s\n", about[i], column_names[who],
				        one, other);
				all = false;
			}
		}
		result(all, "%s is not there for %s%s", pairs[k].hidden, column_names[who], partner ? ", a partner" : "");
	}
}

/* ---- secrets ---- */

static const char *const secrets[] = { "userPassword", "krbPrincipalKey", "krbPwdHistory", "krbMKey",
	"lwScram", "lwTotpSeed", "authPassword", "pwdHistory", "lwCaKey", "lwSamlKey", "lwJwtKey" };
#define NSECRETS (sizeof(secrets) / sizeof(secrets[0]))

/* The list above is all of them. */
static void every_secret(void)
{
	const struct schema_attr *a;
	size_t n = 0, known = 0;

	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++)
		n += (a->flags & SCHEMA_SECRET) != 0;
	for (size_t i = 0; i < NSECRETS; i++) {
		a = schema_attr(lw_str(secrets[i]));
		known += a && a->flags & SCHEMA_SECRET;
	}
	result(n == NSECRETS && known == NSECRETS, "%zu secret attributes", n);
}

static bool shows_secret(const struct ldap_answer *a)
{
	for (size_t i = 0; i < NSECRETS; i++)
		if (a->attrs && strcasestr(a->attrs, lw_printf(world.arena, " %s", secrets[i])))
			return true;
	return false;
}

/* The attribute's name for @. The last few answers keep their text and attributes. */
static struct ldap_answer about_secret(enum column who, const char *request, const char *attr)
{
	static struct {
		char text[256], attrs[4096];
	} kept[4];
	static unsigned next;
	struct ldap_answer a;

	world_fresh(prepared);
	ldap_raw(who, put_name(request, attr), &a);
	world.dirty |= a.code == 0 && strncmp(request, "search", 6) && strncmp(request, "compare", 7);
	next = (next + 1) % 4;
	snprintf(kept[next].text, sizeof(kept[next].text), "%.*s", (int)a.text.n,
	        a.text.n ? (const char *)a.text.p : "");
	if (snprintf(kept[next].attrs, sizeof(kept[next].attrs), "%s", a.attrs ? a.attrs : "") >=
	        (int)sizeof(kept[next].attrs))
		die("too many attributes");
	a.text = lw_str(kept[next].text);
	a.attrs = kept[next].attrs;
	return a;
}

static bool complain(const char *request, enum column who, const char *attr, const struct ldap_answer *a)
{
	printf("# %s, @ = %s, as %s: %d, %u entries,%s\n", request, attr, column_names[who], a->code,
	        a->entries, a->attrs ? a->attrs : "");
	return false;
}

static bool not_read(enum column who, const char *attr)
{
	static const char *const ways[] = { "search sub ou=people,$ (uid=bob) @",
		"search sub ou=people,$ (uid=carol) *", "search sub ou=people,$ (uid=carol) +",
		"search sub ou=people,$ (uid=carol) * + @", "search base $ (objectClass=*) * + @", "search sub ou=people,$ (uid=bob) @;x",
		"search sub ou=people,$ (uid=bob) @inetOrgPerson @krbPrincipalAux @person "
		"@simpleSecurityObject",
		"modify uid=bob,ou=people,$ replace:description=x !pre:@,*,+",
		"modify uid=bob,ou=people,$ replace:description=x !post:@,*,+",
		"modify uid=bob,ou=people,$ replace:userPassword=a-new-password !pre:*,+,@ !post:*,+,@",
		"add uid=new,ou=people,$ objectClass=inetOrgPerson uid=new cn=new sn=new "
		"userPassword=a-new-password !post:*,+,@",
		"moddn uid=carol,ou=people,$ uid=carol2 !pre:*,+,@ !post:*,+,@",
		"delete uid=carol,ou=people,$ !pre:*,+,@" };
	bool all = true;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct ldap_answer a = about_secret(who, ways[i], attr);
		if (shows_secret(&a))
			all = complain(ways[i], who, attr, &a);
	}
	return all;
}

/* Neither it nor its contrary is true of anybody. */
static bool not_found(enum column who, const char *attr)
{
	static const char *const filters[] = { "(@=*)", "(@=bobs-password)", "(@=b*)", "(@=*b*d)", "(@>=a)",
		"(@<=z)", "(@~=bobs-password)", "(@:octetStringMatch:=bobs-password)",
		"(@:caseExactMatch:=bobs-password)", "(@:dn:=bobs-password)", "(@;x=*)" };
	bool all = true;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		const char *ways[] = { "search sub ou=people,$ %s", "search base uid=bob,ou=people,$ (!%s)",
			"search sub ou=people,$ (&(uid=bob)%s)", "search sub ou=people,$ (&(uid=bob)(!%s))",
			"search base uid=bob,ou=people,$ (uid=bob) !assert:%s",
			"search base uid=bob,ou=people,$ (uid=bob) !assert:(!%s)" };
		for (size_t k = 0; k < 6; k++) {
			const char *at = strstr(ways[k], "%s"), *f = filters[i];
			char request[256];
			struct ldap_answer a;
			snprintf(request, sizeof(request), "%.*s%s%s", (int)(at - ways[k]), ways[k], f,
			        at + 2);
			a = about_secret(who, request, attr);
			if (a.entries ||
			        (k > 3 && (who == USER || who == ADMIN || who == OPERATOR) && a.code != 122))
				all = complain(request, who, attr, &a);
		}
	}
	return all;
}

/* The right value, a wrong one, and an entry without the attribute: the same answer, and no "true" or
 * "false". */
static bool not_compared(enum column who, const char *attr)
{
	struct ldap_answer a[] = { about_secret(who, "compare uid=bob,ou=people,$ @=bobs-password", attr),
		about_secret(who, "compare uid=bob,ou=people,$ @=wrong", attr),
		about_secret(who, "compare uid=tmp,ou=people,$ @=bobs-password", attr) };
	bool all = true;

	for (size_t i = 0; i < 3; i++)
		if (a[i].code == 5 || a[i].code == 6 || a[i].code != a[0].code ||
		        !lw_eq(a[i].text, a[0].text))
			all = complain("compare", who, attr, &a[i]);
	return all;
}

static bool not_sorted(enum column who, const char *attr)
{
	struct ldap_answer a = about_secret(who, "search sub ou=people,$ (objectClass=*) !sort:@", attr);

	return (a.code == (who == ANONYMOUS ? 50 : 12) && !a.entries) || complain("sort", who, attr, &a);
}

/* Writes that would say something by their outcome; only a whole new userPassword is taken, and goes to keyd.
 */
static bool not_written(enum column who, const char *attr)
{
	static const char *const ways[] = { "modify uid=bob,ou=people,$ delete:@",
		"modify uid=bob,ou=people,$ delete:@=bobs-password",
		"modify uid=bob,ou=people,$ delete:@=wrong", "modify uid=tmp,ou=people,$ delete:@",
		"modify uid=bob,ou=people,$ replace:@", "moddn uid=carol,ou=people,$ @=x",
		"add @=x,ou=people,$ objectClass=account uid=y",
		"add cn=g9,ou=grants,$ objectClass=lwGrant cn=g9 "
		"lwGrantText=permit_user_bob_may_read_person_attrs(@);" };
	struct ldap_answer right, wrong;
	bool all = true, password = !strcmp(attr, "userPassword");

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct ldap_answer a = about_secret(who, ways[i], attr);
		if (a.code == 0)
			all = complain(ways[i], who, attr, &a);
	}
	right = about_secret(who, "modify uid=bob,ou=people,$ delete:@=bobs-password", attr);
	wrong = about_secret(who, "modify uid=bob,ou=people,$ delete:@=wrong", attr);
	if (right.code != wrong.code || !lw_eq(right.text, wrong.text))
		all = complain("delete right or wrong value", who, attr, &right);
	if (!password) {
		struct ldap_answer a = about_secret(who, "modify uid=bob,ou=people,$ add:@=x", attr);
		if (a.code == 0)
			all = complain("modify", who, attr, &a);
		a = about_secret(who,
		        "add uid=new,ou=people,$ objectClass=inetOrgPerson uid=new cn=new sn=new @=x", attr);
		if (a.code == 0)
			all = complain("add", who, attr, &a);
	}
	return all;
}

static void secret_is_secret(enum column who)
{
	for (size_t i = 0; i < NSECRETS; i++) {
		bool ok = not_read(who, secrets[i]);

		ok &= not_found(who, secrets[i]);
		ok &= not_compared(who, secrets[i]);
		ok &= not_sorted(who, secrets[i]);
		ok &= not_written(who, secrets[i]);
		result(ok, "%s is secret from %s", secrets[i], column_names[who]);
	}
}

/* ---- the canary ---- */

static uint64_t state;

static unsigned draw(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}
#define PICK(list) (list)[draw(sizeof(list) / sizeof((list)[0]))]

static const char *any_dn(bool may_break)
{
	static const char *const names[] = { "uid=carol,ou=people,", "uid=tmp,ou=people,",
		"uid=nobody,ou=people,", "uid=alice,ou=people,", "cn=web1,ou=hosts,", "cn=staff,ou=groups,",
		"uid=f001,ou=people,", "uid=new,ou=people,", "uid=bob,ou=people,", "ou=people,", "ou=hosts,",
		"cn=default,ou=policies,", "ou=groups,", "cn=self-read,ou=grants,", "" };

	return lw_printf(world.arena, "%s%c", names[draw(may_break ? 8 : 15)], draw(2) ? '$' : '%');
}

static const char *const attributes[] = { "cn", "uid", "description", "title", "mail", "member", "memberOf",
	"entryDN", "seeAlso", "objectClass", "givenName", "name", "entryUUID", "creatorsName",
	"modifiersName", "krbPrincipalName", "hasSubordinates", "ou" };

static const char *any_value(void)
{
	static const char *const values[] = { "bob", "carol", "alice", "of-beta", "q", "a", "web1", "TRUE",
		"bob@ACME.EXAMPLE", "inetOrgPerson", "new" };

	return draw(4) ? PICK(values) : any_dn(false);
}

static const char *any_filter(unsigned depth)
{
	static const char *const leaves[] = { "(%s=%s)", "(%s=%s*)", "(%s=*%s*)", "(%s>=%s)", "(%s<=%s)",
		"(%s~=%s)", "(%s:dn:=%s)" };
	const char *attr = PICK(attributes);

	if (depth < 3 && !draw(3)) {
		const char *a = any_filter(depth + 1), *b = any_filter(depth + 1);
		return lw_printf(world.arena, "(%c%s%s)", draw(2) ? '&' : '|', a, b);
	}
	if (depth < 3 && !draw(5))
		return lw_printf(world.arena, "(!%s)", any_filter(depth + 1));
	if (!draw(4))
		return lw_printf(world.arena, "(%s=*)", attr);
	const char *form = PICK(leaves), *one = strstr(form, "%s"), *two = strstr(one + 2, "%s");
	return lw_printf(world.arena, "%.*s%s%.*s%s%s", (int)(one - form), form, attr, (int)(two - one - 2),
	        one + 2, any_value(), two + 2);
}

static const char *any_request(bool writes)
{
	static const char *const scopes[] = { "base", "one", "sub", "children" };
	static const char *const selections[] = { "", " *", " +", " * +", " member description",
		" memberOf entryDN" };
	static const char *const kinds[] = { "add", "delete", "replace" };
	static const char *const plain_attrs[] = { "description", "seeAlso", "title", "mail" };

	switch (draw(writes ? 10 : 5)) {
	default:
		return lw_printf(world.arena, "search %s %s %s%s", PICK(scopes), any_dn(false), any_filter(0),
		        PICK(selections));
	case 4:
		return lw_printf(
		        world.arena, "compare %s %s=%s", any_dn(false), PICK(attributes), any_value());
	case 5:
		return lw_printf(world.arena, "modify %s %s:%s=%s !pre:*,+ !post:*,+", any_dn(false),
		        PICK(kinds), PICK(plain_attrs), any_value());
	case 6:
		return lw_printf(world.arena, "modify cn=staff,ou=groups,$ %s:member=%s !post:*,+",
		        PICK(kinds), any_dn(false));
	case 7:
		return lw_printf(world.arena,
		        "add %s objectClass=inetOrgPerson uid=new cn=new sn=new seeAlso=%s !post:*,+",
		        any_dn(false), any_dn(false));
	case 8:
		return lw_printf(world.arena, "delete %s !pre:*,+", any_dn(true));
	case 9:
		return lw_printf(world.arena, "moddn %s uid=%s %s !pre:*,+ !post:*,+", any_dn(true),
		        draw(2) ? "new" : "tmp", any_dn(false));
	}
}

static bool sings(struct lw_bytes raw)
{
	static const char canary[] = "qxcanaryqx";

	for (size_t i = 0; i + sizeof(canary) - 1 <= raw.n; i++)
		if (!strncasecmp((const char *)raw.p + i, canary, sizeof(canary) - 1))
			return true;
	return false;
}

static void canary(enum column who, unsigned n, bool heard)
{
	struct ldap_client *c;
	unsigned found = 0, quiet = 0;

	world.dirty = true;
	world_fresh(prepared);
	state = UINT64_C(0x9e3779b97f4a7c15) + who;
	c = ldap_open(who);
	for (unsigned i = 0; c && i < n; i++) {
		const char *request = any_request(!heard);
		struct lw_bytes raw = ldap_send(c, request);
		if (sings(raw)) {
			if (!heard)
				printf("# as %s: %s\n", column_names[who], request);
			found++;
		} else {
			quiet++;
		}
		lw_arena_reset(world.arena);
	}
	ldap_close(c);
	world.dirty = true;
	if (heard)
		result(found, "%u requests by %s bring up the canary %u times: it can be heard", n,
		        column_names[who], found);
	else
		result(quiet == n, "%u requests by %s never bring up the other tenant's canary", n,
		        column_names[who]);
}

int main(void)
{
	printf("TAP version 13\n");
	fflush(stdout);
	world_more = more;
	world_prepare_apart(prepared);
	world_open(prepared);
	every_secret();
	for (int who = 0; who < COLUMNS; who++)
		hidden_is_absent((enum column)who, false);
	hidden_is_absent(OTHER, true);
	for (int who = 0; who < COLUMNS; who++)
		secret_is_secret((enum column)who);
	canary(INSTALLATION, 500, true);
	for (int who = 0; who < COLUMNS; who++)
		if (who != INSTALLATION)
			canary((enum column)who, 1500, false);
	world_close();
	world_remove(prepared);
	printf("1..%u\n", tests);
	return failures != 0;
}
