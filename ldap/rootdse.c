/* SPDX-License-Identifier: Apache-2.0 */
/* The two entries that are no entries of a tenant, and that everyone may read: the root DSE (RFC 4512 5.1)
 * and cn=Subschema (RFC 4512 4.2). They hold nothing but what this program can do, and the name of the tenant
 * that was addressed. */
#include "ldap/conn.h"

#include <string.h>

struct values {
	struct lw_arena *arena;
	struct lw_bytes *v;
	size_t n, cap;
	bool failed;
};

struct dse_attr {
	const char *name;
	bool operational;
	void (*fill)(struct ldapd_conn *, struct values *);
};

static void put(struct values *l, struct lw_bytes v)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct lw_bytes *more = lw_allocn(l->arena, cap, sizeof *more);

		if (!more) {
			l->failed = true;
			return;
		}
		if (l->n)
			memcpy(more, l->v, l->n * sizeof *more);
		l->v = more;
		l->cap = cap;
	}
	l->v[l->n++] = v;
}

static void put_all(struct values *l, const char *const *strings)
{
	for (; *strings; strings++)
		put(l, lw_str(*strings));
}

/* ---- root DSE ---- */

static void top(struct ldapd_conn *c, struct values *l)
{
	put(l, LW_LIT("top"));
}

static void naming_contexts(struct ldapd_conn *c, struct values *l)
{
	struct store_dn *dn;
	struct lw_writer w;

	if (ldapd_tenant(c) || dn_from_domain(l->arena, c->tenant.name, &dn))
		return;
	lw_writer_init(&w, DN_MAX_TEXT);
	dn_put(&w, dn);
	put(l, lw_dup(l->arena, lw_written(&w)));
	lw_writer_done(&w);
}

static void subschema_dn(struct ldapd_conn *c, struct values *l)
{
	put(l, LW_LIT(LDAPD_SUBSCHEMA_DN));
}

static void version(struct ldapd_conn *c, struct values *l)
{
	put(l, LW_LIT("3"));
}

static void extensions(struct ldapd_conn *c, struct values *l)
{
	for (size_t i = 0; i < ldapd_nextops; i++)
		if (ldapd_extop_offered(c, &ldapd_extops[i]))
			put(l, lw_str(ldapd_extops[i].oid));
}

static void controls(struct ldapd_conn *c, struct values *l)
{
	for (size_t i = 0; i < ldapd_ncontrol_rows; i++)
		put(l, lw_str(ldapd_control_rows[i].oid));
}

static void mechanisms(struct ldapd_conn *c, struct values *l)
{
	const char *m;

	for (size_t i = 0; (m = ldapd_sasl_mech(c, i)); i++)
		put(l, lw_str(m));
}

static void features(struct ldapd_conn *c, struct values *l)
{
	static const char *const oids[] = {
		"1.3.6.1.1.14",           /* modify-increment, RFC 4525 */
		"1.3.6.1.4.1.4203.1.5.1", /* all operational attributes, RFC 3673 */
		"1.3.6.1.4.1.4203.1.5.3", /* true and false filters, RFC 4526 */
		NULL,
	};

	put_all(l, oids);
}

static void vendor_name(struct ldapd_conn *c, struct values *l)
{
	put(l, LW_LIT("lwd"));
}

static void vendor_version(struct ldapd_conn *c, struct values *l)
{
	if (c->server->options.vendor_version)
		put(l, lw_str(c->server->options.vendor_version));
}

static const struct dse_attr root[] = {
	{ "objectClass", false, top },
	{ "namingContexts", true, naming_contexts },
	{ "subschemaSubentry", true, subschema_dn },
	{ "supportedLDAPVersion", true, version },
	{ "supportedExtension", true, extensions },
	{ "supportedControl", true, controls },
	{ "supportedFeatures", true, features },
	{ "supportedSASLMechanisms", true, mechanisms },
	{ "vendorName", true, vendor_name },
	{ "vendorVersion", true, vendor_version },
	{ NULL, false, NULL },
};

/* ---- subschema ---- */

static void sub_classes(struct ldapd_conn *c, struct values *l)
{
	static const char *const classes[] = { "top", "subentry", "subschema", NULL };

	put_all(l, classes);
}

static void sub_cn(struct ldapd_conn *c, struct values *l)
{
	put(l, LW_LIT("Subschema"));
}

static void sub_tree(struct ldapd_conn *c, struct values *l)
{
	put(l, LW_LIT("{}"));
}

static void sub_types(struct ldapd_conn *c, struct values *l)
{
	put_all(l, schema_list_attributes());
}

static void sub_objects(struct ldapd_conn *c, struct values *l)
{
	put_all(l, schema_list_classes());
}

static void sub_syntaxes(struct ldapd_conn *c, struct values *l)
{
	put_all(l, schema_list_syntaxes());
}

static void sub_rules(struct ldapd_conn *c, struct values *l)
{
	put_all(l, schema_list_rules());
}

static void sub_uses(struct ldapd_conn *c, struct values *l)
{
	put_all(l, schema_list_rule_uses());
}

static const struct dse_attr subschema[] = {
	{ "objectClass", false, sub_classes },
	{ "cn", false, sub_cn },
	{ "subtreeSpecification", true, sub_tree },
	{ "entryDN", true, subschema_dn },
	{ "subschemaSubentry", true, subschema_dn },
	{ "objectClasses", true, sub_objects },
	{ "attributeTypes", true, sub_types },
	{ "ldapSyntaxes", true, sub_syntaxes },
	{ "matchingRules", true, sub_rules },
	{ "matchingRuleUse", true, sub_uses },
	{ NULL, false, NULL },
};

/* ---- filter and selection, on these alone ---- */

static enum filter_truth not_(enum filter_truth t)
{
	return t == FILTER_UNDEF ? t : t == FILTER_TRUE ? FILTER_FALSE : FILTER_TRUE;
}

static enum filter_truth leaf(struct ldapd_conn *c, const struct dse_attr *rows, const struct filter *f)
{
	enum filter_truth best = FILTER_FALSE, t;

	for (; rows->name; rows++) {
		const struct schema_attr *a = schema_attr(lw_str(rows->name));
		struct values l = { .arena = c->arena };

		if (!a || f->options.n || (f->attr && !schema_attr_isa(a, f->attr)))
			continue;
		rows->fill(c, &l);
		if (f->kind == FILTER_PRESENT) {
			if (l.n)
				return FILTER_TRUE;
			continue;
		}
		for (size_t i = 0; i < l.n; i++) {
			t = filter_value_match(f, a, c->arena, l.v[i]);
			if (t == FILTER_TRUE)
				return t;
			if (t == FILTER_UNDEF && f->attr)
				best = t;
		}
	}
	return best;
}

/* Depth and size of the filter were bounded when it was decoded. */
static enum filter_truth evaluate(struct ldapd_conn *c, const struct dse_attr *rows, const struct filter *f)
{
	enum filter_truth t, all;

	switch (f->kind) {
	case FILTER_AND:
	case FILTER_OR:
		all = f->kind == FILTER_AND ? FILTER_TRUE : FILTER_FALSE;
		for (const struct filter *k = f->child; k; k = k->next) {
			t = evaluate(c, rows, k);
			if (t == not_(f->kind == FILTER_AND ? FILTER_TRUE : FILTER_FALSE))
				return t;
			if (t == FILTER_UNDEF)
				all = t;
		}
		return all;
	case FILTER_NOT:
		return not_(evaluate(c, rows, f->child));
	case FILTER_UNDEFINED:
		return FILTER_UNDEF;
	default:
		return leaf(c, rows, f);
	}
}

static bool selected(const struct dse_attr *row, const struct lw_bytes *descs, size_t n)
{
	const struct schema_attr *own = NULL, *a;

	if (n == 0)
		return !row->operational;
	for (size_t i = 0; i < n; i++) {
		if (lw_eq(descs[i], LW_LIT("*")) && !row->operational)
			return true;
		if (lw_eq(descs[i], LW_LIT("+")) && row->operational)
			return true;
		if (lw_eq_nocase(descs[i], lw_str(row->name)))
			return true;
		a = schema_attr(descs[i]);
		if (a && !own)
			own = schema_attr(lw_str(row->name));
		if (a && own && schema_attr_isa(own, a))
			return true;
	}
	return false;
}

static void put_attr(struct ldapd_conn *c, const struct dse_attr *row, bool types_only, struct lw_writer *out)
{
	struct values l = { .arena = c->arena };
	size_t attr, set;

	row->fill(c, &l);
	if (!l.n || l.failed)
		return;
	attr = lw_ber_start(out, LW_BER_SEQUENCE);
	lw_ber_put(out, LW_BER_OCTETS, lw_str(row->name));
	set = lw_ber_start(out, LW_BER_SET);
	for (size_t i = 0; i < l.n && !types_only; i++)
		lw_ber_put(out, LW_BER_OCTETS, l.v[i]);
	lw_ber_end(out, set);
	lw_ber_end(out, attr);
}

static bool is_subschema(struct lw_bytes base)
{
	return lw_eq_nocase(base, LW_LIT(LDAPD_SUBSCHEMA_DN));
}

bool ldapd_dse_is(const struct ldapd_msg *m)
{
	if (m->tag != LDAPD_SEARCH)
		return false;
	return (m->search.base.n == 0 && m->search.scope == STORE_BASE) || is_subschema(m->search.base);
}

enum ldapd_outcome ldapd_dse_search(struct ldapd_conn *c, struct ldapd_msg *m, struct lw_writer *out)
{
	bool sub = is_subschema(m->search.base);
	const struct dse_attr *rows = sub ? subschema : root;
	bool here = m->search.scope == STORE_BASE || m->search.scope == STORE_SUB;
	struct ldapd_result res = { .code = LDAPD_SUCCESS };
	size_t msg, entry, list;

	if (c->ctls.assertion && evaluate(c, rows, c->ctls.assertion) != FILTER_TRUE)
		return ldapd_answer(out, m, LDAPD_ASSERTION_FAILED, NULL);
	if (here && (!c->ctls.subentries_only || sub) && evaluate(c, rows, m->search.filter) == FILTER_TRUE) {
		msg = lw_ber_start(out, LW_BER_SEQUENCE);
		lw_ber_int(out, LW_BER_INTEGER, m->id);
		entry = lw_ber_start(out, LDAPD_ENTRY);
		lw_ber_put(out, LW_BER_OCTETS, sub ? LW_LIT(LDAPD_SUBSCHEMA_DN) : LW_LIT(""));
		list = lw_ber_start(out, LW_BER_SEQUENCE);
		for (; rows->name; rows++)
			if (selected(rows, m->search.attrs, m->search.nattrs))
				put_attr(c, rows, m->search.types_only, out);
		lw_ber_end(out, list);
		lw_ber_end(out, entry);
		lw_ber_end(out, msg);
	}
	ldapd_search_done(c, out, &res, (struct lw_bytes){ NULL, 0 });
	return LDAPD_DONE;
}
