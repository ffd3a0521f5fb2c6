/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that a new tenant starts with: suffix, containers, administrators, the first of them, grants and a policy. */
#include "store/guard.h"

enum { MAX_ATTRS = 24 };

struct tree {
	struct store_txn *t;
	struct eng_fx *fx;
	const struct eng_tenant *tenant;
	const struct store_dn *suffix;
	char now[LW_TIME_TEXT];
	uint64_t root, people, groups, grants, policies, admin, admins;
	int err;
};
/* One entry in the making: a fixed set of text values, and at most one reference. */
struct node {
	struct eng_entry head;
	struct lw_bytes values[MAX_ATTRS][4];
	struct eng_values attrs[MAX_ATTRS];
	size_t n;
	uint64_t ref;
	int err;
};

int tenant_make_tree(struct store_txn *, const struct store_op *, const struct eng_tenant *, struct eng_fx *);

static void node_put(struct node *n, const struct schema_attr *attr, const char *const *values)
{
	size_t count = 0;

	if (!attr || n->n == MAX_ATTRS) {
		n->err = LW_EINTERNAL;
		return;
	}
	for (; values[count] && count < 4; count++) {
		n->values[n->n][count] = lw_str(values[count]);
		if (schema_check_value(attr, n->values[n->n][count]))
			n->err = LW_EINVAL;
	}
	n->attrs[n->n] = (struct eng_values){ .attr = attr->id, .values = n->values[n->n], .n = count };
	n->n++;
}

static void node_put1(struct node *n, const struct schema_attr *attr, const char *value)
{
	const char *const one[] = { value, NULL };

	node_put(n, attr, one);
}

static void node_ref(struct node *n, const struct schema_attr *attr, uint64_t id)
{
	if (n->n == MAX_ATTRS) {
		n->err = LW_EINTERNAL;
		return;
	}
	n->ref = id;
	n->attrs[n->n++] = (struct eng_values){ .attr = attr->id, .refs = &n->ref, .n = 1 };
}

static void node_start(struct tree *tr, struct node *n, uint64_t parent, const struct schema_attr *naming,
	const char *name, const char *const *classes)
{
	const struct ops_known *k = ops_known();
	struct dn_rdn rdn;

	memset(n, 0, sizeof(*n));
	n->head.tenant = tr->tenant->id;
	n->head.parent = parent;
	n->head.uuid = lw_uuid_new(eng_clock(tr->t->session->store));
	n->head.flags = OPS_FIXED;
	n->err = dn_make_rdn(tr->t->arena, naming, lw_str(name), &rdn);
	if (!n->err) {
		n->head.rdn_text = rdn.text;
		n->head.rdn_norm = rdn.norm;
	}
	node_put(n, k->objectClass, classes);
	node_put1(n, naming, name);
	node_put1(n, k->createTimestamp, tr->now);
	node_put1(n, k->modifyTimestamp, tr->now);
	node_put1(n, k->creatorsName, "cn=lwd");
	node_put1(n, k->modifiersName, "cn=lwd");
}

/* Checked like any entry: a tenant must not be made with what could not be written again. */
static uint64_t node_end(struct tree *tr, struct node *n)
{
	const struct schema_attr *types[MAX_ATTRS];
	const struct schema_class *structural;
	char why[160] = "";
	bool user = false;

	for (size_t i = 0; i < n->n; i++)
		types[i] = schema_attr_id(n->attrs[i].attr);
	if (!n->err) {
		n->err = schema_check_entry(n->values[0], n->attrs[0].n, types, n->n, &structural, why);
		if (n->err)
			ops_say(tr->t, n->err, "%s", why);
	}
	if (n->err) {
		tr->err = tr->err ? tr->err : n->err;
		return 0;
	}
	n->head.structural = structural->id;
	n->head.flags |= ops_kind(n->values[0], n->attrs[0].n, &user) & OPS_KIND_MASK;
	n->head.flags |= user ? OPS_USER : 0;
	n->head.id = eng_fx_new_id(tr->fx, tr->tenant->id);
	eng_fx_entry_new(tr->fx, &n->head, n->attrs, n->n);
	return n->head.id;
}

static void make_suffix(struct tree *tr, struct node *n, const struct store_sealed_item *realm_keys)
{
	static const char *const classes[] = { "top", "dcObject", "organization", NULL };
	const struct ops_known *k = ops_known();
	struct lw_writer text, norm;
	struct lw_bytes dc = tr->suffix->rdn[0].avas[0].value;
	const char *name = (const char *)lw_dup(tr->t->arena, dc).p;

	node_start(tr, n, 0, k->dc, name ? name : "", classes);
	node_put1(n, k->o, (const char *)lw_dup(tr->t->arena, tr->tenant->name).p);
	lw_writer_init(&text, DN_MAX_TEXT);
	lw_writer_init(&norm, DN_MAX_TEXT);
	dn_put(&text, tr->suffix);
	for (unsigned i = 0; i < tr->suffix->n; i++)
		lw_put_bytes(&norm, tr->suffix->rdn[i].norm);
	n->err = n->err ? n->err : text.err ? text.err : norm.err;
	n->head.rdn_text = lw_dup(tr->t->arena, lw_written(&text));
	n->head.rdn_norm = lw_dup(tr->t->arena, lw_written(&norm));
	lw_writer_done(&text);
	lw_writer_done(&norm);
	tr->root = node_end(tr, n);
	if (!tr->err && realm_keys)
		tr->err = write_put_tenant_key(tr->t, tr->tenant->id, realm_keys, 1, tr->fx);
}

static void make_containers(struct tree *tr, struct node *n)
{
	static const char *const classes[] = { "top", "organizationalUnit", NULL };
	const struct { const char *ou; uint64_t *id; uint32_t flags; } rows[] = { { "people", &tr->people, 0 },
		{ "groups", &tr->groups, 0 }, { "services", NULL, 0 }, { "hosts", NULL, 0 }, { "applications", NULL, 0 },
		{ "grants", &tr->grants, 0 }, { "policies", &tr->policies, 0 }, { "certificates", NULL, OPS_RECORDS },
		{ "tokens", NULL, OPS_RECORDS }, { "trusts", NULL, 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t id;
		node_start(tr, n, tr->root, ops_known()->ou, rows[i].ou, classes);
		n->head.flags |= rows[i].flags;
		id = node_end(tr, n);
		if (rows[i].id)
			*rows[i].id = id;
	}
}

static void make_admin(struct tree *tr, struct node *n, const struct store_op *op)
{
	static const char *const classes[] = { "top", "person", "organizationalPerson", "inetOrgPerson" };
	static const char *const group_classes[] = { "top", "groupOfNames", NULL };
	const char *const list[] = { classes[0], classes[1], classes[2], classes[3], NULL };
	const struct ops_known *k = ops_known();
	const char *name = op->admin_name ? op->admin_name : "admin", *krb;

	if (image_name_reserved(lw_str(name))) {
		tr->err = ops_say(tr->t, LW_ECONSTRAINT, "the administrator's name is reserved");
		return;
	}
	krb = lw_printf(tr->t->arena, "%s@%.*s", name, (int)tr->tenant->realm.n, tr->tenant->realm.p);
	node_start(tr, n, tr->people, k->uid, name, list);
	n->head.flags = 0;
	if (!lw_uuid_zero(&op->admin_uuid))
		n->head.uuid = op->admin_uuid;
	node_put1(n, k->cn, name);
	node_put1(n, k->sn, name);
	node_put1(n, k->krbPrincipalName, krb ? krb : "");
	if (op->nsecrets) {
		node_put1(n, k->lwCredentialVersion, "1");
		node_put1(n, k->pwdChangedTime, tr->now);
	}
	tr->admin = node_end(tr, n);
	if (!tr->err && op->nsecrets) {
		struct store_txn t = *tr->t;
		t.tenant = tr->tenant->id;
		tr->err = write_put_secrets(&t, tr->admin, op, tr->fx);
	}
	node_start(tr, n, tr->groups, k->cn, "administrators", group_classes);
	node_ref(n, k->member, tr->admin);
	tr->admins = node_end(tr, n);
}

/* The default rules name nothing but what was just made. */
static int resolve(void *ctx, enum access_name what, struct lw_bytes name, uint64_t *ret)
{
	const struct tree *tr = ctx;
	const struct { enum access_name what; const char *name; uint64_t id; } rows[] = {
		{ ACCESS_NAME_GROUP, "administrators", tr->admins }, { ACCESS_NAME_ENTRY, "ou=people", tr->people },
		{ ACCESS_NAME_ENTRY, "ou=groups", tr->groups } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].what == what && lw_eq_nocase(lw_str(rows[i].name), name)) {
			*ret = rows[i].id;
			return LW_OK;
		}
	return LW_ENOTFOUND;
}

static int compile(struct tree *tr, const char *text, struct lw_writer *w)
{
	struct access_resolver resolver = { tr, resolve };
	struct lw_arena *arena = tr->t->arena;
	char msg[ACCESS_ERR] = "";
	struct access_rule *rule;
	struct access_ast *ast;
	int err = access_parse(arena, lw_str(text), &ast, msg);

	if (!err)
		err = access_compile(arena, ast, &resolver, &rule, msg);
	if (err)
		return ops_say(tr->t, LW_EINTERNAL, "default grant: %s", msg);
	access_rule_encode(w, rule);
	return w->err;
}

static void make_grants(struct tree *tr, struct node *n)
{
	static const char *const classes[] = { "top", "lwGrant", NULL };
	struct lw_writer w;
	uint64_t id;

	for (const struct access_default *d = access_defaults; d->cn && !tr->err; d++) {
		node_start(tr, n, tr->grants, ops_known()->cn, d->cn, classes);
		n->head.flags = 0;
		node_put1(n, ops_known()->lwGrantText, d->text);
		id = node_end(tr, n);
		lw_writer_init(&w, ACCESS_MAX_ENCODED);
		if (!tr->err)
			tr->err = compile(tr, d->text, &w);
		if (!tr->err)
			eng_fx_grant_put(tr->fx, tr->tenant->id, id, lw_written(&w));
		lw_writer_done(&w);
	}
}

static void make_policy(struct tree *tr, struct node *n)
{
	static const char *const classes[] = { "top", "lwPolicy", NULL };
	static const struct { const char *attr, *value; } rows[] = { { "pwdAttribute", "userPassword" },
		{ "pwdMinLength", "8" }, { "pwdMaxLength", "1024" }, { "pwdInHistory", "0" }, { "pwdLockout", "TRUE" },
		{ "pwdMaxFailure", "10" }, { "pwdFailureCountInterval", "300" }, { "pwdLockoutDuration", "300" } };

	node_start(tr, n, tr->policies, ops_known()->cn, "default", classes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		node_put1(n, schema_attr(lw_str(rows[i].attr)), rows[i].value);
	node_end(tr, n);
}

int tenant_make_tree(struct store_txn *t, const struct store_op *op, const struct eng_tenant *tenant, struct eng_fx *fx)
{
	struct tree tr = { .t = t, .fx = fx, .tenant = tenant };
	struct node *n = lw_alloc(t->arena, sizeof(*n));
	struct store_dn *suffix;
	int err;

	if (!n)
		return LW_ENOMEM;
	err = dn_from_domain(t->arena, (const char *)tenant->name.p, &suffix);
	if (err)
		return err;
	tr.suffix = suffix;
	lw_time_generalized(eng_now(t->eng), false, tr.now);
	make_suffix(&tr, n, op->realm_keys);
	if (!tr.err)
		make_containers(&tr, n);
	if (!tr.err)
		make_admin(&tr, n, op);
	if (!tr.err)
		make_grants(&tr, n);
	if (!tr.err)
		make_policy(&tr, n);
	return tr.err ? tr.err : eng_fx_err(fx);
}
