/* SPDX-License-Identifier: Apache-2.0 */
/* Searches: what the indexes yield is what a plain reading of RFC 4511 4.5.1.7 over the same values yields, in every scope, in
 * quanta, for subjects who may search little. The reference below knows nothing of the store: its values are lower-case
 * ASCII, so that matching is comparing. */
#include <pthread.h>
#include <stdatomic.h>
#include "tests/unit/ops_fix.h"

#define SUFFIX "dc=acme,dc=example"
#define OK(x) assert_int_equal((x), LW_OK)

enum { NENTRIES = 1200, NFILTERS = 3000, NATTRS = 6, NVALUES = 3 };
/* cn: EQ and SUB index; description: none; mail: EQ SUB UNIQUE; uidNumber: ordering; title: maybe absent; gn: SUP name */
static const char *const attr_names[NATTRS] = { "cn", "description", "mail", "uidNumber", "title", "givenName" };

struct ref_entry {
	char rdn[32];
	unsigned ou;
	char values[NATTRS][NVALUES][24];
	unsigned n[NATTRS];
};
static struct ref_entry entries[NENTRIES];
static unsigned long seed;

static unsigned rnd(unsigned below)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(seed >> 33) % below;
}

static void random_word(char *out, unsigned letters)
{
	unsigned n = 1 + rnd(5);

	for (unsigned i = 0; i < n; i++)
		out[i] = (char)('a' + rnd(letters));
	out[n] = 0;
}

static void make_entry(unsigned i)
{
	struct ref_entry *e = &entries[i];

	snprintf(e->rdn, sizeof(e->rdn), "uid=u%04u", i);
	e->ou = rnd(3);
	for (unsigned a = 0; a < NATTRS; a++) {
		e->n[a] = a == 0 ? 1 + rnd(2) : rnd(a == 3 ? 2 : 3);
		for (unsigned v = 0; v < e->n[a]; v++) {
			bool again;
			do {
				again = false;
				if (a == 3)
					snprintf(e->values[a][v], 24, "%u", rnd(50));
				else
					random_word(e->values[a][v], 3);
				if (a == 2)
					snprintf(e->values[a][v] + strlen(e->values[a][v]), 16, "%u@x.test", i * 4 + v);
				for (unsigned w = 0; w < v; w++)
					again |= !strcmp(e->values[a][w], e->values[a][v]);
			} while (again);
		}
	}
	if (!e->n[3]) {
		e->n[3] = 1;
		strcpy(e->values[3][0], "7");
	}
}

static const char *const ous[] = { "ou=one," SUFFIX, "ou=two," SUFFIX, "ou=three,ou=two," SUFFIX };

static void store_entry(unsigned i)
{
	const struct ref_entry *e = &entries[i];
	char ldif[2048];
	int n = snprintf(ldif, sizeof(ldif), "dn: %s,%s\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nsn: s\ngidNumber: 1\n"
		"homeDirectory: /h", e->rdn, ous[e->ou]);

	for (unsigned a = 0; a < NATTRS; a++)
		for (unsigned v = 0; v < e->n[a]; v++)
			n += snprintf(ldif + n, sizeof(ldif) - (size_t)n, "\n%s: %s", attr_names[a], e->values[a][v]);
	if (fix_add(fix.op, ldif))
		fail_msg("%s: %s", ldif, fix.r.text);
}

/* ---- filters: a tree that is printed for the store and evaluated here ---- */

enum kind { K_AND, K_OR, K_NOT, K_EQ, K_SUB, K_GE, K_LE, K_PRESENT, K_UNDEF, K_NAME_EQ };
struct ref_filter {
	enum kind kind;
	unsigned nchild;
	struct ref_filter *child[4];
	unsigned attr;
	char value[24], initial[8], any[8], final[8];
};

static struct ref_filter *random_filter(unsigned depth)
{
	struct ref_filter *f = lw_alloc(fix.arena, sizeof(*f));
	unsigned k = rnd(depth ? 14 : 9);

	f->kind = k < 3 ? K_EQ : k < 5 ? K_SUB : k == 5 ? (rnd(2) ? K_GE : K_LE) : k == 6 ? K_PRESENT :
		k == 7 ? (rnd(3) ? K_EQ : K_UNDEF) : k == 8 ? K_NAME_EQ : k < 11 ? K_AND : k < 13 ? K_OR : K_NOT;
	if (f->kind <= K_NOT) {
		f->nchild = f->kind == K_NOT ? 1 : rnd(4);
		for (unsigned i = 0; i < f->nchild; i++)
			f->child[i] = random_filter(depth - 1);
		return f;
	}
	f->attr = f->kind == K_GE || f->kind == K_LE ? 3 : rnd(NATTRS);
	if (f->kind == K_SUB && f->attr == 3)
		f->attr = 0;
	if (rnd(2) && f->kind != K_SUB) {
		const struct ref_entry *e = &entries[rnd(NENTRIES)];
		if (e->n[f->attr])
			strcpy(f->value, e->values[f->attr][0]);
	}
	if (!f->value[0]) {
		if (f->attr == 3)
			snprintf(f->value, sizeof(f->value), "%u", rnd(60));
		else
			random_word(f->value, 3);
	}
	if (f->kind == K_NAME_EQ)
		random_word(f->value, 3);
	if (rnd(2))
		random_word(f->initial, 3);
	if (rnd(2))
		random_word(f->any, 3);
	if (rnd(2) || (!f->initial[0] && !f->any[0]))
		random_word(f->final, 3);
	return f;
}

static void print(const struct ref_filter *f, char *out, size_t size)
{
	static const char sets[] = "&|!";
	const char *a = attr_names[f->attr];
	char *end = out + size;

	switch (f->kind) {
	case K_AND:
	case K_OR:
	case K_NOT:
		out += snprintf(out, size, "(%c", sets[f->kind]);
		for (unsigned i = 0; i < f->nchild; i++) {
			print(f->child[i], out, (size_t)(end - out));
			out += strlen(out);
		}
		snprintf(out, (size_t)(end - out), ")");
		break;
	case K_EQ:
		snprintf(out, size, "(%s=%s)", a, f->value);
		break;
	case K_NAME_EQ:
		snprintf(out, size, "(name=%s)", f->value);
		break;
	case K_SUB:
		snprintf(out, size, "(%s=%s*%s%s%s)", a, f->initial, f->any, f->any[0] ? "*" : "", f->final);
		break;
	case K_GE:
		snprintf(out, size, "(%s>=%s)", a, f->value);
		break;
	case K_LE:
		snprintf(out, size, "(%s<=%s)", a, f->value);
		break;
	case K_PRESENT:
		snprintf(out, size, "(%s=*)", a);
		break;
	case K_UNDEF:
		snprintf(out, size, "(noSuchAttribute=x)");
		break;
	}
}

static bool sub_matches(const struct ref_filter *f, const char *v)
{
	size_t n = strlen(v), i = strlen(f->initial), e = strlen(f->final);
	const char *at;

	if (n < i + e || strncmp(v, f->initial, i) || strcmp(v + n - e, f->final))
		return false;
	at = strstr(v + i, f->any);
	return at && at + strlen(f->any) <= v + n - e;
}

enum { F, T, U };
static int reference(const struct ref_filter *f, const struct ref_entry *e)
{
	int r;

	switch (f->kind) {
	case K_NOT:
		r = reference(f->child[0], e);
		return r == U ? U : !r;
	case K_AND:
		r = T;
		for (unsigned i = 0; i < f->nchild; i++) {
			int c = reference(f->child[i], e);
			r = c == F || r == F ? F : c == U || r == U ? U : T;
		}
		return r;
	case K_OR:
		r = F;
		for (unsigned i = 0; i < f->nchild; i++) {
			int c = reference(f->child[i], e);
			r = c == T || r == T ? T : c == U || r == U ? U : F;
		}
		return r;
	case K_UNDEF:
		return U;
	case K_NAME_EQ: /* cn, title, givenName and sn ("s") are names */
		for (unsigned a = 0; a < NATTRS; a++)
			for (unsigned v = 0; v < e->n[a]; v++)
				if ((a == 0 || a == 4 || a == 5) && !strcmp(e->values[a][v], f->value))
					return T;
		return !strcmp(f->value, "s") ? T : F;
	default:
		break;
	}
	if (f->kind == K_EQ && f->attr == 3)
		for (const char *c = f->value; *c; c++)
			if (*c < '0' || *c > '9')
				return U;
	for (unsigned v = 0; v < e->n[f->attr]; v++) {
		const char *have = e->values[f->attr][v];
		bool hit = f->kind == K_EQ ? !strcmp(have, f->value) : f->kind == K_SUB ? sub_matches(f, have) :
			f->kind == K_GE ? atol(have) >= atol(f->value) : f->kind == K_LE ? atol(have) <= atol(f->value) : true;
		if (hit)
			return T;
	}
	return F;
}

static const char *expected(const struct ref_filter *f, bool (*in)(const struct ref_entry *))
{
	char *out = lw_alloc(fix.arena, NENTRIES * 10 + 1), *p = out;

	for (unsigned i = 0; i < NENTRIES; i++)
		if ((!in || in(&entries[i])) && reference(f, &entries[i]) == T)
			p += sprintf(p, "%s%s", p > out ? " " : "", entries[i].rdn);
	return out;
}

static bool in_two(const struct ref_entry *e)
{
	return e->ou != 0;
}
static bool just_two(const struct ref_entry *e)
{
	return e->ou == 1;
}

static void load(void)
{
	OK(fix_add(fix.op, "dn: ou=one," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.op, "dn: ou=two," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.op, "dn: ou=three,ou=two," SUFFIX "\nobjectClass: organizationalUnit"));
	seed = 42;
	for (unsigned i = 0; i < NENTRIES; i++) {
		make_entry(i);
		store_entry(i);
	}
}

static void random_filters(void **state)
{
	unsigned hits = 0;

	load();
	for (unsigned i = 0; i < NFILTERS; i++) {
		struct ref_filter *f = random_filter(3), both = { .kind = K_AND, .nchild = 2 }, people = { .kind = K_PRESENT, .attr = 3 };
		char text[4096], whole[4200];
		const char *want, *got;

		print(f, text, sizeof(text));
		/* only the people: containers have no number */
		snprintf(whole, sizeof(whole), "(&(uidNumber=*)%s)", text);
		both.child[0] = &people;
		both.child[1] = f;
		want = expected(&both, i % 3 == 0 ? NULL : i % 3 == 1 ? in_two : just_two);
		got = i % 3 == 0 ? fix_search(fix.admin, SUFFIX, STORE_SUB, whole) :
			fix_search(fix.admin, "ou=two," SUFFIX, i % 3 == 1 ? (i % 2 ? STORE_CHILDREN : STORE_SUB) : STORE_ONE, whole);
		if (strcmp(want, got)) {
			size_t at = 0;
			while (want[at] && want[at] == got[at])
				at++;
			at = at > 20 ? at - 20 : 0;
			fail_msg("filter %u %s scope %u, at %zu:\nwant %.100s\ngot  %.100s", i, whole, i % 3, at, want + at, got + at);
		}
		hits += *want != 0;
		if (i % 16 == 15)
			lw_arena_reset(fix.arena);
	}
	assert_true(hits > NFILTERS / 10); /* the filters are not all empty */
}

static void scopes(void **state)
{
	OK(fix_add(fix.op, "dn: ou=two," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.op, "dn: ou=three,ou=two," SUFFIX "\nobjectClass: organizationalUnit"));
	OK(fix_add(fix.op, "dn: ou=four,ou=three,ou=two," SUFFIX "\nobjectClass: organizationalUnit"));
	static const char *const filters[] = { "(objectClass=*)", "(objectClass=organizationalUnit)", "(!(ou=nothing))", "(&)" };
	for (unsigned i = 0; i < 4; i++) {
		assert_string_equal(fix_search(fix.admin, "ou=two," SUFFIX, STORE_BASE, filters[i]), "ou=two");
		assert_string_equal(fix_search(fix.admin, "ou=two," SUFFIX, STORE_ONE, filters[i]), "ou=three");
		assert_string_equal(fix_search(fix.admin, "ou=two," SUFFIX, STORE_SUB, filters[i]), "ou=four ou=three ou=two");
		assert_string_equal(fix_search(fix.admin, "ou=two," SUFFIX, STORE_CHILDREN, filters[i]), "ou=four ou=three");
	}
	assert_string_equal(fix_search(fix.admin, "ou=two," SUFFIX, STORE_SUB, "(|)"), "");
	assert_string_equal(fix_search(fix.admin, "ou=two," SUFFIX, STORE_SUB, "(&(ou=four)(!(ou=three)))"), "ou=four");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(entryDN=OU=Three,ou=two," SUFFIX ")"), "ou=three");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(&(ou:dn:=two)(!(ou=two)))"), "ou=four ou=three");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(&(hasSubordinates=TRUE)(ou=t*))"), "ou=three ou=two");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(objectClass=domain)"), "");
	assert_string_equal(fix_search(fix.admin, SUFFIX, STORE_SUB, "(objectClass=person)"), "uid=admin"); /* a superclass */
}

/* Between two quanta others write; the search goes on behind the last key, and a session that lost its rights ends. */
static void quanta_with_writes(void **state)
{
	struct store_search what = { .scope = STORE_SUB };
	const char *const filters[] = { "(!(description=nothing))", "(objectClass=person)" };
	struct filter *f;

	OK(fix_add(fix.op, "dn: ou=many," SUFFIX "\nobjectClass: organizationalUnit"));
	for (int i = 0; i < 700; i++) {
		char ldif[200];
		snprintf(ldif, sizeof(ldif), "dn: cn=p%03d,ou=many," SUFFIX "\nobjectClass: person\nsn: x", i);
		OK(fix_add(fix.op, ldif));
	}
	for (unsigned k = 0; k < 2; k++) {
		unsigned found = 0, quanta = 0;
		struct store_cursor *c;
		const struct store_view *v;
		struct store_txn *t;
		int status;

		what.base = fix_dn("ou=many," SUFFIX);
		OK(filter_parse(fix.arena, lw_str(filters[k]), &f));
		what.filter = f;
		OK(store_begin(fix.admin, STORE_READ, &t));
		OK(store_search(t, &what, &c));
		for (;;) {
			while (store_next(c, &v))
				found++;
			status = store_cursor_status(c);
			store_end(t);
			if (status != LW_EQUANTUM)
				break;
			quanta++;
			char ldif[200], dn[100];
			/* one far behind that is seen no more, one before that was seen */
			snprintf(dn, sizeof(dn), "cn=p%03u,ou=many," SUFFIX, 699 - quanta - 10 * k);
			OK(fix_delete(fix.op, dn));
			snprintf(ldif, sizeof(ldif), "dn: cn=a%u%u,ou=many," SUFFIX "\nobjectClass: person\nsn: x", quanta, k);
			if (k == 0)
				OK(fix_add(fix.op, ldif)); /* sorts before: the walk is past it */
			OK(store_begin(fix.admin, STORE_READ, &t));
			OK(store_resume(t, c));
		}
		assert_int_equal(status, LW_OK);
		assert_int_equal(quanta, 2);
		/* first round: the container too, 700 less 2; second: 698 and the 2 new, less 2 */
		assert_int_equal(found, k == 0 ? 1 + 700 - 2 : 700 - 2);
		store_cursor_free(c);
	}
}

/* Pages that nobody keeps a cursor for: each begins behind the place of the one before, whatever was made or deleted meanwhile. */
static void places(void **state)
{
	static const char *const filters[] = { "(objectClass=person)", "(!(description=nothing))" };

	OK(fix_add(fix.op, "dn: ou=many," SUFFIX "\nobjectClass: organizationalUnit"));
	for (int i = 0; i < 300; i++) {
		char ldif[200];
		snprintf(ldif, sizeof(ldif), "dn: cn=p%03d,ou=many," SUFFIX "\nobjectClass: person\nsn: x", i);
		OK(fix_add(fix.op, ldif));
	}
	for (unsigned k = 0; k < 2; k++) { /* with an index, and without */
		struct store_search what = { .base = fix_dn("ou=many," SUFFIX), .scope = STORE_CHILDREN, .by_id = true };
		unsigned found = 0, pages = 0;
		struct filter *f;

		OK(filter_parse(fix.arena, lw_str(filters[k]), &f));
		what.filter = f;
		for (bool more = true; more; pages++) {
			struct store_cursor *c = NULL;
			const struct store_view *v;
			struct store_txn *t;
			char dn[100];
			unsigned n = 0;

			OK(store_begin(fix.admin, STORE_READ, &t));
			OK(store_search(t, &what, &c));
			while (n < 100 && store_next(c, &v))
				n++;
			more = n == 100 || store_cursor_status(c) == LW_EQUANTUM;
			assert_true(store_cursor_place(c) > what.after);
			what.after = store_cursor_place(c);
			store_cursor_free(c);
			store_end(t);
			found += n;
			if (pages == 0) { /* one that was seen and one that was not */
				snprintf(dn, sizeof(dn), "cn=p%03u,ou=many," SUFFIX, 10 + k);
				OK(fix_delete(fix.op, dn));
				snprintf(dn, sizeof(dn), "cn=p%03u,ou=many," SUFFIX, 290 + k);
				OK(fix_delete(fix.op, dn));
			}
		}
		assert_int_equal(found, k == 0 ? 299 : 297);
		/* at the end there is nothing more */
		assert_int_equal(pages, 3);
	}
}

static void rights_end_between_quanta(void **state)
{
	struct store_search what = { .scope = STORE_SUB };
	struct lw_session *alice;
	struct lw_uuid u;
	struct store_cursor *c;
	const struct store_view *v;
	struct store_txn *t;
	struct filter *f;

	for (int i = 0; i < 300; i++) {
		char uid[10];
		snprintf(uid, sizeof(uid), "p%d", i);
		OK(fix_person(fix.op, uid, ""));
	}
	OK(fix_person(fix.op, "alice", ""));
	u = fix.r.uuid;
	alice = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	OK(filter_parse(fix.arena, LW_LIT("(!(cn=x))"), &f));
	what.filter = f;
	what.base = fix_dn(SUFFIX);
	OK(store_begin(alice, STORE_READ, &t));
	OK(store_search(t, &what, &c));
	while (store_next(c, &v))
		;
	assert_int_equal(store_cursor_status(c), LW_EQUANTUM);
	store_end(t);
	OK(fix_delete(fix.op, "cn=authenticated-browse,ou=grants," SUFFIX));
	OK(store_begin(alice, STORE_READ, &t));
	assert_int_equal(store_resume(t, c), LW_ENOTFOUND); /* the base is no longer visible */
	assert_false(store_next(c, &v));
	store_end(t);
	store_cursor_free(c);
	store_session_free(alice);
}

/* What may not be searched is Undefined: neither it nor its negation matches, by index or by scan. */
static void unsearchable_is_undefined(void **state)
{
	struct lw_session *alice;
	struct lw_uuid u;

	OK(fix_person(fix.op, "alice", "employeeNumber: 1\ntitle: boss"));
	u = fix.r.uuid;
	OK(fix_person(fix.op, "bob", "employeeNumber: 2\ntitle: boss"));
	OK(fix_delete(fix.op, "cn=authenticated-browse,ou=grants," SUFFIX));
	OK(fix_add(fix.op, "dn: cn=some,ou=grants," SUFFIX "\nobjectClass: lwGrant\n"
		"lwGrantText: permit authenticated may search any attrs(uid,objectClass)"));
	OK(fix_add(fix.op, "dn: cn=more,ou=grants," SUFFIX "\nobjectClass: lwGrant\n"
		"lwGrantText: permit authenticated may read person attrs(title)"));
	OK(fix_delete(fix.op, "cn=self-read,ou=grants," SUFFIX));
	alice = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	assert_non_null(alice);
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(uid=bob)"), "uid=bob");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(title=boss)"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(!(title=boss))"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(!(title=nobody))"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(cn=bob)"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(|(cn=bob)(uid=alice))"), "uid=alice");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(name=bob)"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(:caseIgnoreMatch:=boss)"), "");
	assert_string_equal(fix_search(alice, SUFFIX, STORE_SUB, "(:caseIgnoreMatch:=bob)"), "uid=bob");
	assert_string_equal(fix_attrs(alice, "uid=bob,ou=people," SUFFIX, NULL, false), "title=boss");
	assert_string_equal(fix_attrs(alice, "ou=people," SUFFIX, NULL, false), "");
	store_session_free(alice);
}

/* Readers with sessions of their own while others write: each search sees one of the states that were committed. */
static atomic_bool stop;

static void *read_on(void *arg)
{
	struct lw_session *s = arg;
	struct lw_arena *a = lw_arena_new(1 << 20, false);
	size_t bad = 0;

	while (!stop) {
		struct store_search what = { .scope = STORE_SUB };
		const struct store_view *v;
		const struct lw_bytes *values;
		struct store_cursor *c;
		struct store_txn *t;
		struct store_dn *base;
		struct filter *f;
		size_t n, found = 0;

		lw_arena_reset(a);
		if (dn_parse(a, LW_LIT(SUFFIX), &base) || filter_parse(a, LW_LIT("(|(uid=alice)(title=t*))"), &f) ||
			store_begin(s, STORE_READ, &t)) {
			bad++;
			continue;
		}
		what.base = base;
		what.filter = f;
		if (store_search(t, &what, &c) == LW_OK) {
			while (store_next(c, &v)) {
				found++;
				/* both attributes are always written together */
				if (store_view_values(v, schema_attr(LW_LIT("title")), (struct lw_bytes){ 0 }, &values, &n) || n != 1)
					bad++;
			}
			store_cursor_free(c);
		}
		bad += found != 1;
		store_end(t);
	}
	lw_arena_free(a);
	return (void *)bad;
}

static void readers_and_a_writer(void **state)
{
	struct lw_session *s[3];
	pthread_t thread[3];
	struct lw_uuid u;
	void *bad;

	OK(fix_person(fix.op, "alice", "title: t0\ndescription: d0"));
	u = fix.r.uuid;
	stop = false;
	s[0] = fix_login(fix.acme, &fix.acme_uuid, &u, 0);
	s[1] = fix_login(fix.acme, &fix.acme_uuid, &fix.acme_admin, 1);
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_OPERATOR, &s[2]));
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_on, s[i]), 0);
	OK(fix_add(fix.op, "dn: cn=g,ou=groups," SUFFIX "\nobjectClass: groupOfNames"));
	for (int i = 0; i < 60; i++) {
		char ldif[300];
		snprintf(ldif, sizeof(ldif), "dn: uid=alice,ou=people," SUFFIX "\nreplace title\ntitle: t%d\nreplace description\n"
			"description: d%d", i, i);
		OK(fix_modify(fix.op, ldif));
		snprintf(ldif, sizeof(ldif), "dn: cn=g,ou=groups," SUFFIX "\n%s member\nmember: uid=alice,ou=people," SUFFIX,
			i % 2 ? "delete" : "add");
		OK(fix_modify(fix.op, ldif)); /* changes authgen: sessions and policies are made anew */
	}
	stop = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(thread[i], &bad), 0);
		assert_null(bad);
		store_session_free(s[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_up, fix_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_filters), TEST(scopes), TEST(quanta_with_writes), TEST(places), TEST(rights_end_between_quanta),
		TEST(unsearchable_is_undefined), TEST(readers_and_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
