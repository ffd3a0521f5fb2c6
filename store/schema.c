/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles the definitions into tables, once; look-up, attribute descriptions, and the check of an entry's
 * classes. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "store/schema_int.h"

#define ATTRS_MAX   512
#define CLASSES_MAX 192
#define HASH_SIZE   2048 /* a power of two, at least twice the names */
#define WORDS       ((ATTRS_MAX + 63) / 64)
#define MAX_OPTIONS 8
#define MAX_DESC    256

struct attr_set {
	uint64_t w[WORDS]; /* by place in attrs[] */
};
struct slot {
	const char *name;
	size_t n;
	const void *what;
};
struct names {
	struct slot slot[HASH_SIZE];
	unsigned used;
};

static struct {
	struct schema_attr attrs[ATTRS_MAX];
	struct schema_class classes[CLASSES_MAX];
	struct attr_set must[CLASSES_MAX], may[CLASSES_MAX]; /* with those of the superclasses */
	unsigned class_flags[CLASSES_MAX];
	size_t nattrs, nclasses;
	const struct schema_attr *by_id[SCHEMA_ID_MAX + 1];
	struct names attr_names, class_names, rule_names;
	struct lw_arena *arena;
} tab;
static pthread_once_t once = PTHREAD_ONCE_INIT;

const struct schema_source *const schema_sources[] = { &schema_src_core, &schema_src_pki, &schema_src_cosine,
	&schema_src_inet, &schema_src_nis, &schema_src_krb, &schema_src_ppolicy, &schema_src_misc,
	&schema_src_lwd, NULL };

static _Noreturn void broken(const char *what, const char *text)
{
	lw_log(LW_ERROR, "schema.broken", "problem", what, "definition", text, NULL);
	abort();
}

/* ---- names ---- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 32 : c;
}

/* Called for every attribute of every request: eight octets at a time, their case bits set. */
static uint32_t hash_name(struct lw_bytes s)
{
	const uint64_t nocase = 0x2020202020202020, mul = 0x9e3779b97f4a7c15;
	uint64_t h = s.n * mul, w = 0;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&w, s.p + i, 8);
		h = (h ^ (w | nocase)) * mul;
		h ^= h >> 29;
	}
	for (w = 0; i < s.n; i++)
		w = w << 8 | s.p[i];
	h = (h ^ (w | nocase)) * mul;
	return (uint32_t)(h >> 32);
}

static const void *names_find(const struct names *t, struct lw_bytes name)
{
	if (name.n == 0 || name.n > MAX_DESC)
		return NULL;
	for (uint32_t i = hash_name(name);; i++) {
		const struct slot *s = &t->slot[i & (HASH_SIZE - 1)];

		if (s->name == NULL)
			return NULL;
		if (s->n == name.n &&
		        (memcmp(s->name, name.p, name.n) == 0 ||
		                lw_eq_nocase((struct lw_bytes){ (const uint8_t *)s->name, s->n }, name)))
			return s->what;
	}
}

static void names_add(struct names *t, const char *name, const void *what, const char *text)
{
	uint32_t i;

	if (names_find(t, lw_str(name)) != NULL)
		broken("name or OID used twice", text);
	if (++t->used > HASH_SIZE / 2)
		broken("too many names", text);
	for (i = hash_name(lw_str(name)); t->slot[i & (HASH_SIZE - 1)].name != NULL; i++)
		continue;
	t->slot[i & (HASH_SIZE - 1)] = (struct slot){ name, strlen(name), what };
}

static const struct schema_attr *find_attr(struct lw_bytes name)
{
	return names_find(&tab.attr_names, name);
}

const struct schema_attr *schema_attr(struct lw_bytes name)
{
	schema_init();
	return find_attr(name);
}

const struct schema_attr *schema_attr_id(uint16_t id)
{
	schema_init();
	return id <= SCHEMA_ID_MAX ? tab.by_id[id] : NULL;
}

const struct schema_class *schema_class(struct lw_bytes name)
{
	schema_init();
	return names_find(&tab.class_names, name);
}

const struct schema_rule *schema_rule(struct lw_bytes name)
{
	schema_init();
	return names_find(&tab.rule_names, name);
}

const struct schema_attr *schema_attr_at(size_t i)
{
	schema_init();
	return i < tab.nattrs ? &tab.attrs[i] : NULL;
}

const struct schema_class *schema_class_at(size_t i)
{
	schema_init();
	return i < tab.nclasses ? &tab.classes[i] : NULL;
}

/* ---- compiling ---- */

static void *room(size_t n, size_t size, const char *text)
{
	void *p = lw_allocn(tab.arena, n, size);

	if (p == NULL)
		broken("out of memory", text);
	return p;
}

static const char *keep(struct lw_bytes s, const char *text)
{
	struct lw_bytes copy = lw_dup(tab.arena, s);

	if (copy.p == NULL)
		broken("out of memory", text);
	return (const char *)copy.p;
}

static const char *const *keep_names(const struct schema_def *d, const char *text)
{
	const char **names = room(d->names.n + 1, sizeof(*names), text);

	if (d->names.n == 0)
		broken("without a name", text);
	for (unsigned i = 0; i < d->names.n; i++)
		names[i] = keep(d->names.v[i], text);
	return names;
}

static void declare_attr(const struct schema_row *row)
{
	static struct schema_def d; /* schema_init runs once */
	struct schema_attr *a = &tab.attrs[tab.nattrs];

	if (tab.nattrs == ATTRS_MAX || row->id == 0 || row->id > SCHEMA_ID_MAX || tab.by_id[row->id] != NULL)
		broken("id used twice, or the table is full", row->text);
	if (schema_def_attr(lw_str(row->text), &d) != 0)
		broken("not an attribute type description", row->text);
	tab.nattrs++;
	a->id = row->id;
	a->oid = keep(d.oid, row->text);
	a->names = keep_names(&d, row->text);
	a->flags = d.flags | row->flags;
	a->definition = row->text;
	tab.by_id[a->id] = a;
	names_add(&tab.attr_names, a->oid, a, row->text);
	for (size_t i = 0; a->names[i] != NULL; i++)
		names_add(&tab.attr_names, a->names[i], a, row->text);
}

static const struct schema_rule *rule_of(struct lw_bytes name, enum schema_rule_kind kind, const char *text)
{
	const struct schema_rule *r;

	if (name.n == 0)
		return NULL;
	r = names_find(&tab.rule_names, name);
	if (r == NULL || r->kind != kind)
		broken("unknown matching rule", text);
	return r;
}

/* Fills in what is said by reference; supertypes first. */
static void resolve_attr(struct schema_attr *a, unsigned depth)
{
	struct schema_def d;
	const char *t = a->definition;

	if (a->syntax != NULL)
		return;
	if (depth > 8 || schema_def_attr(lw_str(t), &d) != 0)
		broken("its supertypes form a circle", t);
	if (d.sups.n != 0) {
		a->sup = find_attr(d.sups.v[0]);
		if (a->sup == NULL)
			broken("unknown supertype", t);
		resolve_attr(&tab.attrs[a->sup - tab.attrs], depth + 1);
	}
	a->syntax = d.syntax.n != 0 ? schema_syntax(d.syntax) : a->sup->syntax;
	if (a->syntax == NULL)
		broken("unknown syntax", t);
	a->equality = rule_of(d.equality, RULE_EQUALITY, t);
	a->ordering = rule_of(d.ordering, RULE_ORDERING, t);
	a->substr = rule_of(d.substr, RULE_SUBSTR, t);
	if (a->sup != NULL) {
		a->equality = a->equality != NULL ? a->equality : a->sup->equality;
		a->ordering = a->ordering != NULL ? a->ordering : a->sup->ordering;
		a->substr = a->substr != NULL ? a->substr : a->sup->substr;
	}
	a->max_len = a->syntax->max_len;
	if (((a->flags & (SCHEMA_IX_EQ | SCHEMA_UNIQUE)) && a->equality == NULL) ||
	        ((a->flags & SCHEMA_IX_ORD) && a->ordering == NULL) ||
	        ((a->flags & SCHEMA_IX_SUB) && a->substr == NULL))
		broken("an index without its matching rule", t);
}

static void declare_class(const struct schema_row *row)
{
	static struct schema_def d;
	struct schema_class *c = &tab.classes[tab.nclasses];

	if (tab.nclasses == CLASSES_MAX)
		broken("the table is full", row->text);
	if (schema_def_class(lw_str(row->text), &d) != 0)
		broken("not an object class description", row->text);
	tab.class_flags[tab.nclasses++] = row->flags;
	c->id = row->id;
	c->oid = keep(d.oid, row->text);
	c->names = keep_names(&d, row->text);
	c->kind = d.kind;
	c->definition = row->text;
	names_add(&tab.class_names, c->oid, c, row->text);
	for (size_t i = 0; c->names[i] != NULL; i++)
		names_add(&tab.class_names, c->names[i], c, row->text);
}

static const struct schema_attr *const *attr_list(
        const struct schema_list *l, struct attr_set *set, const char *text)
{
	const struct schema_attr **v = room(l->n + 1, sizeof(*v), text);

	for (unsigned i = 0; i < l->n; i++) {
		size_t at;

		v[i] = find_attr(l->v[i]);
		if (v[i] == NULL)
			broken("unknown attribute", text);
		at = (size_t)(v[i] - tab.attrs);
		set->w[at / 64] |= 1ull << at % 64;
	}
	return v;
}

static void resolve_class(struct schema_class *c, unsigned depth)
{
	struct schema_def d;
	const char *t = c->definition;
	size_t at = (size_t)(c - tab.classes);
	const struct schema_class **sups;

	if (c->sups != NULL)
		return;
	if (depth > 16 || schema_def_class(lw_str(t), &d) != 0)
		broken("its superclasses form a circle", t);
	c->must = attr_list(&d.must, &tab.must[at], t);
	c->may = attr_list(&d.may, &tab.may[at], t);
	sups = room(d.sups.n + 1, sizeof(*sups), t);
	for (unsigned i = 0; i < d.sups.n; i++) {
		size_t up;

		sups[i] = names_find(&tab.class_names, d.sups.v[i]);
		if (sups[i] == NULL)
			broken("unknown superclass", t);
		up = (size_t)(sups[i] - tab.classes);
		resolve_class(&tab.classes[up], depth + 1);
		for (size_t w = 0; w < WORDS; w++) {
			tab.must[at].w[w] |= tab.must[up].w[w];
			tab.may[at].w[w] |= tab.may[up].w[w];
		}
		/* RFC 4512 2.4: an abstract class is above the others, structural and auxiliary ones do not
		 * mix */
		if (sups[i]->kind != SCHEMA_ABSTRACT && sups[i]->kind != c->kind)
			broken("superclass of another kind", t);
	}
	c->sups = sups;
}

static void compile(void)
{
	tab.arena = lw_arena_new(4u << 20, false);
	if (tab.arena == NULL)
		broken("out of memory", "");
	for (const struct schema_rule *r = schema_rules; r->oid != NULL; r++) {
		names_add(&tab.rule_names, r->oid, r, r->name);
		names_add(&tab.rule_names, r->name, r, r->name);
	}
	for (size_t s = 0; schema_sources[s] != NULL; s++) {
		for (size_t i = 0; i < schema_sources[s]->nattrs; i++)
			declare_attr(&schema_sources[s]->attrs[i]);
		for (size_t i = 0; i < schema_sources[s]->nclasses; i++)
			declare_class(&schema_sources[s]->classes[i]);
	}
	for (size_t i = 0; i < tab.nattrs; i++)
		resolve_attr(&tab.attrs[i], 0);
	for (size_t i = 0; i < tab.nclasses; i++)
		resolve_class(&tab.classes[i], 0);
}

void schema_init(void)
{
	pthread_once(&once, compile);
}

bool schema_attr_isa(const struct schema_attr *a, const struct schema_attr *sup)
{
	for (; a != NULL; a = a->sup)
		if (a == sup)
			return true;
	return false;
}

bool schema_class_isa(const struct schema_class *c, const struct schema_class *sup)
{
	if (c == sup)
		return true;
	for (size_t i = 0; c->sups[i] != NULL; i++)
		if (schema_class_isa(c->sups[i], sup))
			return true;
	return false;
}

bool schema_attr_is_dn(const struct schema_attr *a)
{
	return strcmp(a->syntax->oid, "1.3.6.1.4.1.1466.115.121.1.12") == 0;
}

/* ---- attribute descriptions ---- */

static bool is_option(struct lw_bytes o)
{
	for (size_t i = 0; i < o.n; i++) {
		uint8_t c = lower(o.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return o.n != 0;
}

/* Tagging options that make a subtype: language tags and private ones. Types that the server itself reads
 * have none. */
static bool known_option(const struct schema_attr *a, struct lw_bytes o)
{
	const unsigned plain =
	        SCHEMA_OPERATIONAL | SCHEMA_SECRET | SCHEMA_REF | SCHEMA_UNIQUE | SCHEMA_COMPUTED;

	if (lw_eq(o, LW_LIT("binary")))
		return (a->syntax->flags & SYNTAX_BINARY_TRANSFER) != 0;
	if ((a->flags & plain) || a->id == SCHEMA_ID_CLASS)
		return false;
	return (o.n > 5 && memcmp(o.p, "lang-", 5) == 0) || (o.n > 2 && memcmp(o.p, "x-", 2) == 0);
}

/* Splits text (";A;b", lower-cased in place in buf) into a sorted set; -1 when it is malformed. */
static int split_options(uint8_t *buf, size_t n, struct lw_bytes opt[MAX_OPTIONS + 1])
{
	int count = 0;

	for (size_t i = 0; i < n; i++)
		buf[i] = lower(buf[i]);
	for (size_t i = 1; i <= n;) {
		struct lw_bytes o = { buf + i, 0 };
		int at = 0, cmp = 1;

		while (i < n && buf[i] != ';')
			i++;
		o.n = (size_t)(buf + i++ - o.p);
		if (!is_option(o))
			return -1;
		while (at < count && (cmp = lw_cmp(opt[at], o)) < 0)
			at++;
		if (at < count && cmp == 0)
			continue;
		if (count == MAX_OPTIONS)
			return -1;
		memmove(&opt[at + 1], &opt[at], (size_t)(count - at) * sizeof(opt[0]));
		opt[at] = o;
		count++;
	}
	return count;
}

static int slow_desc(
        struct lw_arena *arena, const struct schema_attr *a, struct lw_bytes options, struct lw_bytes *ret)
{
	struct lw_bytes copy = lw_dup(arena, options), opt[MAX_OPTIONS + 1];
	uint8_t *out = lw_alloc(arena, options.n + sizeof(";binary"));
	int n;
	size_t len = 0;

	if (copy.p == NULL || out == NULL)
		return LW_ENOMEM;
	n = split_options((uint8_t *)copy.p, copy.n, opt);
	if (n < 0)
		return LW_EINVAL;
	if (a == NULL)
		return LW_EUNDEFATTR;
	for (int i = 0; i < n; i++) {
		if (!known_option(a, opt[i]))
			return LW_EUNDEFATTR;
		out[len++] = ';';
		memcpy(out + len, opt[i].p, opt[i].n);
		len += opt[i].n;
	}
	*ret = (struct lw_bytes){ out, len };
	return 0;
}

int schema_desc(struct lw_arena *arena, struct lw_bytes desc, const struct schema_attr **ret_attr,
        struct lw_bytes *ret_options)
{
	const uint8_t *semi = desc.n != 0 ? memchr(desc.p, ';', desc.n) : NULL;
	struct lw_bytes type = { desc.p, semi != NULL ? (size_t)(semi - desc.p) : desc.n };
	struct lw_bytes options = { 0 };
	const struct schema_attr *a = schema_attr(type);
	int err = 0;

	if (a == NULL && (desc.n > MAX_DESC || (!schema_is_descr(type) && !schema_is_oid(type))))
		return LW_EINVAL;
	if (desc.n > MAX_DESC)
		return LW_EINVAL;
	if (semi != NULL)
		err = slow_desc(arena, a, (struct lw_bytes){ semi, desc.n - type.n }, &options);
	else if (a == NULL)
		err = LW_EUNDEFATTR;
	if (err == LW_EUNDEFATTR)
		*ret_attr = NULL;
	if (err)
		return err;
	/* certificates are transferred as ;binary whether or not it is said */
	if ((a->syntax->flags & SYNTAX_BINARY_TRANSFER) && options.n == 0)
		options = LW_LIT(";binary");
	*ret_attr = a;
	*ret_options = options;
	return 0;
}

/* ---- an entry's classes ---- */

__attribute__((format(printf, 2, 3))) static int class_error(char err[160], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, 160, fmt, ap);
	va_end(ap);
	return LW_EOBJCLASS;
}

static int unknown_class(struct lw_bytes name, char err[160])
{
	char text[65];
	size_t n = name.n < 64 ? name.n : 64;

	for (size_t i = 0; i < n; i++)
		text[i] = name.p[i] >= 32 && name.p[i] < 127 ? (char)name.p[i] : '?';
	text[n] = 0;
	return class_error(err, "object class %s is not known", text);
}

/* The end of the one chain of structural classes, in *cur. */
static int structural(const struct schema_class *c, const struct schema_class **cur, char err[160])
{
	if (*cur == NULL || schema_class_isa(c, *cur))
		*cur = c;
	else if (!schema_class_isa(*cur, c))
		return class_error(err, "object classes %s and %s are structural and unrelated",
		        (*cur)->names[0], c->names[0]);
	return 0;
}

static const char *missing(const struct attr_set *must, const struct attr_set *have)
{
	for (size_t w = 0; w < WORDS; w++) {
		uint64_t lack = must->w[w] & ~have->w[w];

		if (lack)
			return tab.attrs[w * 64 + (size_t)__builtin_ctzll(lack)].names[0];
	}
	return NULL;
}

int schema_check_entry(const struct lw_bytes *classes, size_t nclasses,
        const struct schema_attr *const *attrs, size_t nattrs, const struct schema_class **ret_structural,
        char err[160])
{
	struct attr_set must = { { 0 } }, allowed = { { 0 } }, have = { { 0 } };
	const struct schema_class *cur = NULL, *alone = NULL;
	unsigned flags = 0;
	const char *name;

	schema_init();
	for (size_t i = 0; i < nclasses; i++) {
		const struct schema_class *c = schema_class(classes[i]);
		size_t at;

		if (c == NULL)
			return unknown_class(classes[i], err);
		if (c->kind == SCHEMA_STRUCTURAL && structural(c, &cur, err) != 0)
			return LW_EOBJCLASS;
		at = (size_t)(c - tab.classes);
		flags |= tab.class_flags[at];
		if (tab.class_flags[at] & CLASS_ALONE)
			alone = c;
		for (size_t w = 0; w < WORDS; w++) {
			must.w[w] |= tab.must[at].w[w];
			allowed.w[w] |= tab.must[at].w[w] | tab.may[at].w[w];
		}
	}
	if (cur == NULL)
		cur = alone;
	if (cur == NULL)
		return class_error(err, "no structural object class");
	for (size_t i = 0; i < nclasses; i++) {
		const struct schema_class *c = schema_class(classes[i]);
		bool above = c->kind != SCHEMA_ABSTRACT;

		for (size_t k = 0; !above && k < nclasses; k++) {
			const struct schema_class *o = schema_class(classes[k]);

			above = o->kind != SCHEMA_ABSTRACT && schema_class_isa(o, c);
		}
		if (!above)
			return class_error(err, "object class %s is abstract", c->names[0]);
	}
	for (size_t i = 0; i < nattrs; i++) {
		size_t at = (size_t)(attrs[i] - tab.attrs);

		have.w[at / 64] |= 1ull << at % 64;
		if (!(allowed.w[at / 64] & 1ull << at % 64) && !(attrs[i]->flags & SCHEMA_OPERATIONAL) &&
		        attrs[i]->id != SCHEMA_ID_CLASS && !(flags & CLASS_EXTENSIBLE))
			return class_error(
			        err, "attribute %s is not allowed by the object classes", attrs[i]->names[0]);
	}
	name = missing(&must, &have);
	if (name != NULL)
		return class_error(err, "attribute %s is required by the object classes", name);
	*ret_structural = cur;
	return 0;
}
