/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the subschema subentry. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "store/schema_int.h"

static struct {
	const char **attributes, **classes, **syntaxes, **rules, **uses;
} list;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *check(void *p)
{
	if (p == NULL) {
		lw_log(LW_ERROR, "schema.memory", NULL);
		abort();
	}
	return p;
}

static void put_lit(struct lw_writer *w, const char *s)
{
	lw_put_raw(w, s, strlen(s));
}

static const char *finish(struct lw_writer *w)
{
	size_t n;

	lw_put_u8(w, 0);
	return check(w->err ? NULL : lw_writer_take(w, &n));
}

static const char *syntax_text(const struct schema_syntax *s)
{
	struct lw_writer w;

	lw_writer_init(&w, 512);
	put_lit(&w, "( ");
	put_lit(&w, s->oid);
	put_lit(&w, " DESC '");
	put_lit(&w, s->desc);
	put_lit(&w, "'");
	if (s->flags & SYNTAX_BINARY_TRANSFER)
		put_lit(&w, " X-BINARY-TRANSFER-REQUIRED 'TRUE'");
	if (s->flags & SYNTAX_NOT_TEXT)
		put_lit(&w, " X-NOT-HUMAN-READABLE 'TRUE'");
	put_lit(&w, " )");
	return finish(&w);
}

static void put_rule_head(struct lw_writer *w, const struct schema_rule *r)
{
	put_lit(w, "( ");
	put_lit(w, r->oid);
	put_lit(w, " NAME '");
	put_lit(w, r->name);
	put_lit(w, "' ");
}

static const char *rule_text(const struct schema_rule *r)
{
	struct lw_writer w;

	lw_writer_init(&w, 512);
	put_rule_head(&w, r);
	put_lit(&w, "SYNTAX ");
	put_lit(&w, r->syntax);
	put_lit(&w, " )");
	return finish(&w);
}

/* The types a rule may be used with in an extensible match; NULL when there are none. */
static const char *use_text(const struct schema_rule *r)
{
	struct lw_writer w;
	const struct schema_attr *a;
	unsigned n = 0;

	lw_writer_init(&w, 64u << 10);
	put_rule_head(&w, r);
	put_lit(&w, "APPLIES ( ");
	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++) {
		if ((a->flags & SCHEMA_SECRET) || !schema_rule_applies(r, a))
			continue;
		if (n++ != 0)
			put_lit(&w, " $ ");
		put_lit(&w, a->names[0]);
	}
	put_lit(&w, " ) )");
	if (n != 0 && r->kind != RULE_SUBSTR)
		return finish(&w);
	lw_writer_done(&w);
	return NULL;
}

static void publish(void)
{
	size_t na = 0, nc = 0, ns = 0, nr = 0, nu = 0;

	while (schema_attr_at(na) != NULL)
		na++;
	while (schema_class_at(nc) != NULL)
		nc++;
	while (schema_syntaxes[ns].oid != NULL)
		ns++;
	while (schema_rules[nr].oid != NULL)
		nr++;
	list.attributes = check(calloc(na + 1, sizeof(char *)));
	list.classes = check(calloc(nc + 1, sizeof(char *)));
	list.syntaxes = check(calloc(ns + 1, sizeof(char *)));
	list.rules = check(calloc(nr + 1, sizeof(char *)));
	list.uses = check(calloc(nr + 1, sizeof(char *)));
	for (size_t i = 0; i < na; i++)
		list.attributes[i] = schema_attr_at(i)->definition;
	for (size_t i = 0; i < nc; i++)
		list.classes[i] = schema_class_at(i)->definition;
	for (size_t i = 0; i < ns; i++)
		list.syntaxes[i] = syntax_text(&schema_syntaxes[i]);
	for (size_t i = 0; i < nr; i++) {
		const char *use = use_text(&schema_rules[i]);

		list.rules[i] = rule_text(&schema_rules[i]);
		if (use != NULL)
			list.uses[nu++] = use;
	}
}

const char *const *schema_list_attributes(void)
{
	pthread_once(&once, publish);
	return list.attributes;
}

const char *const *schema_list_classes(void)
{
	pthread_once(&once, publish);
	return list.classes;
}

const char *const *schema_list_syntaxes(void)
{
	pthread_once(&once, publish);
	return list.syntaxes;
}

const char *const *schema_list_rules(void)
{
	pthread_once(&once, publish);
	return list.rules;
}

const char *const *schema_list_rule_uses(void)
{
	pthread_once(&once, publish);
	return list.uses;
}
