/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl user, group, service, host, grant, policy, rp and trust: which entries they are; show and list. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "lwd/control_kind.h"

#define PAGE        1000       /* items an answer */
#define PAGE_OCTETS (4u << 20) /* after so many a page ends */
#define PAGE_QUANTA 64         /* and after so many looks, though it be empty */

static const struct control_kind kinds[] = {
	{ "user", "people", "uid", "(|(objectClass=person)(objectClass=account))",
		{ "top", "person", "organizationalPerson", "inetOrgPerson" }, true, { "cn", "mail" } },
	{ "group", "groups", "cn", "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
		{ "top", "groupOfNames" }, false, { "description", "member" } },
	{ "service", "services", "cn", "(objectClass=lwService)", { "top", "lwService" }, true, { "description" } },
	{ "host", "hosts", "cn", "(objectClass=lwHost)", { "top", "lwHost" }, true, { "description" } },
	{ "grant", "grants", "cn", "(objectClass=lwGrant)", { "top", "lwGrant" }, false, { "lwGrantText" } },
	{ "cert", "certificates", "cn", "(objectClass=lwCertificate)", { "top", "lwCertificate" }, false,
		{ "lwCertState", "lwProfile", "lwSubject", "lwNotAfter" } },
	{ "policy", "policies", "cn", "(objectClass=lwPolicy)", { "top", "lwPolicy" }, false, { "description" } },
	{ "trust", "trusts", "cn", "(objectClass=lwTrust)", { "top", "lwTrust" }, false, { "description", "lwTrustGroup" } },
	{ "rp", "applications", "cn", "(&(objectClass=lwApplication)(lwEntityId=*))", { "top", "lwApplication" }, false, { "lwEntityId", "lwAcsUrl" } },
};
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct control_kind *find_kind(struct lw_bytes name)
{
	for (size_t i = 0; i < NKINDS; i++)
		if (lw_eq(lw_str(kinds[i].name), name))
			return &kinds[i];
	return NULL;
}

const struct control_kind *control_kind_named(const char *name)
{
	return find_kind(lw_str(name));
}

int control_kind(struct control_call *call, const struct control_kind **ret)
{
	struct lw_bytes name;
	int rc = control_need(call, "kind", &name);

	if (!rc && !(*ret = find_kind(name))) {
		snprintf(call->text, sizeof(call->text), "there is no such kind of object");
		rc = LW_EINVAL;
	}
	return rc;
}

int control_container(struct control_call *call, const struct control_kind *kind, struct store_dn **ret)
{
	char *text;
	struct lw_writer w;
	struct store_dn *suffix;
	int rc = dn_from_domain(call->arena, call->tenant.name, &suffix);

	if (rc)
		return rc;
	lw_writer_init(&w, DN_MAX_TEXT);
	dn_put(&w, suffix);
	text = lw_printf(call->arena, "ou=%s,%.*s", kind->container, (int)w.n, (const char *)w.p);
	lw_writer_done(&w);
	return text ? dn_parse(call->arena, lw_str(text), ret) : LW_ENOMEM;
}

/* NAME, KIND:NAME or a DN -> the entry's DN. */
int control_dn(struct control_call *call, const struct control_kind *kind, struct lw_bytes name, struct store_dn **ret)
{
	const char *colon = memchr(name.p, ':', name.n);
	struct store_dn *container, *dn;
	int rc;

	if (!kind)
		kind = &kinds[0];
	if (colon) {
		size_t n = (size_t)(colon - (const char *)name.p);
		const struct control_kind *other = find_kind((struct lw_bytes){ name.p, n });
		if (other) {
			kind = other;
			name.p += n + 1;
			name.n -= n + 1;
		}
	}
	if (memchr(name.p, '=', name.n) && memchr(name.p, ',', name.n))
		return dn_parse(call->arena, name, ret);
	if ((rc = control_container(call, kind, &container)) != 0)
		return rc;
	dn = lw_alloc(call->arena, sizeof(*dn));
	if (!dn)
		return LW_ENOMEM;
	dn->n = container->n + 1;
	dn->rdn = lw_allocn(call->arena, dn->n, sizeof(*dn->rdn));
	if (!dn->rdn)
		return LW_ENOMEM;
	memcpy(dn->rdn + 1, container->rdn, container->n * sizeof(*dn->rdn));
	if ((rc = dn_make_rdn(call->arena, schema_attr(lw_str(kind->naming)), name, &dn->rdn[0])) != 0)
		return rc;
	*ret = dn;
	return LW_OK;
}

int control_object(struct control_call *call, const struct control_kind **ret_kind, struct store_dn **ret)
{
	struct lw_bytes name;
	int rc = control_kind(call, ret_kind);

	if (!rc)
		rc = control_need(call, "name", &name);
	return rc ? rc : control_dn(call, *ret_kind, name, ret);
}

int control_write(struct control_call *call, const struct store_op *op, struct store_result *res)
{
	int rc = store_write(call->session, op, res);

	if (rc)
		snprintf(call->text, sizeof(call->text), "%s", res->text);
	return rc;
}

/* ---- showing ---- */

static void put_values(struct lw_arena *arena, struct lw_writer *out, const struct schema_attr *attr, const struct lw_bytes *values, size_t n)
{
	size_t len = strlen(attr->names[0]);
	bool boolean = !strcmp(attr->names[0], "lwDisabled");
	bool time = len > 4 && (!strcmp(attr->names[0] + len - 4, "Time") || !strcmp(attr->names[0] + len - 4, "tamp"));
	struct lw_bytes *copy = lw_allocn(arena, n, sizeof(*copy));

	if (!copy)
		return;
	for (size_t i = 0; i < n; i++) {
		int64_t us;
		copy[i] = values[i];
		if (boolean)
			copy[i] = lw_eq(values[i], LW_LIT("TRUE")) ? LW_LIT("true") : LW_LIT("false");
		if (time && lw_time_parse_generalized(values[i], &us) == LW_OK) {
			char *text = lw_alloc(arena, LW_TIME_TEXT);
			if (!text)
				return;
			lw_time_rfc3339(us, text);
			copy[i] = lw_str(text);
		}
	}
	ctl_item_field(out, boolean ? "disabled" : attr->names[0], boolean ? CTL_BOOL : CTL_STRING, !(attr->flags & SCHEMA_SINGLE), copy, n);
}

static void put_attr(const struct store_view *view, struct lw_arena *arena, struct lw_writer *out, const struct schema_attr *attr)
{
	const struct lw_bytes *values;
	size_t n;

	if (!(attr->flags & SCHEMA_SECRET) && store_view_values(view, attr, (struct lw_bytes){ 0 }, &values, &n) == LW_OK && n)
		put_values(arena, out, attr, values, n);
}

static size_t put_head(const struct store_view *view, struct lw_arena *arena, struct lw_writer *out, const struct control_kind *kind)
{
	char id[LW_UUID_TEXT];
	const struct lw_bytes *values;
	size_t n, at = ctl_item_begin(out);

	lw_uuid_format(store_view_uuid(view), id);
	ctl_item_string(out, "id", id);
	if (store_view_values(view, schema_attr(lw_str(kind->naming)), (struct lw_bytes){ 0 }, &values, &n) == LW_OK && n)
		ctl_item_field(out, "name", CTL_STRING, false, values, 1);
	return at;
}

int control_show(struct control_call *call, const struct control_kind *kind, const struct store_dn *dn)
{
	struct store_txn *txn;
	const struct store_view *view;
	int rc = store_begin(call->session, STORE_READ, &txn);

	if (rc)
		return rc;
	if ((rc = store_get(txn, dn, &view)) == LW_OK) {
		size_t at = put_head(view, store_arena(txn), call->out, kind);
		struct lw_writer w;
		const struct schema_attr *attr;
		lw_writer_init(&w, DN_MAX_TEXT);
		store_view_dn(view, &w);
		struct lw_bytes text = lw_written(&w);
		ctl_item_field(call->out, "dn", CTL_STRING, false, &text, 1);
		lw_writer_done(&w);
		for (size_t i = 0; (attr = schema_attr_at(i)) != NULL; i++)
			put_attr(view, store_arena(txn), call->out, attr);
		ctl_item_end(call->out, at);
	}
	store_end(txn);
	return rc;
}

int control_show_written(struct control_call *call, const struct control_kind *kind, const struct store_dn *dn, const struct lw_uuid *uuid,
	struct lw_bytes name)
{
	char id[LW_UUID_TEXT];
	int rc = control_show(call, kind, dn);

	if (!call->cap || (rc != LW_ENOTFOUND && rc != LW_EACCES))
		return rc;
	size_t at = ctl_item_begin(call->out);
	lw_uuid_format(uuid, id);
	ctl_item_string(call->out, "id", id);
	ctl_item_field(call->out, "name", CTL_STRING, false, &name, 1);
	ctl_item_end(call->out, at);
	return LW_OK;
}

/* ---- principals ---- */

static void of_view(const struct store_view *view, struct store_principal *ret)
{
	static const char *const names[] = { "uid", "cn" };
	const struct lw_bytes *values;
	size_t n;

	*ret = (struct store_principal){ .uuid = *store_view_uuid(view), .version = store_view_version(view) };
	for (size_t i = 0; i < 2 && !ret->name[0]; i++)
		if (store_view_values(view, schema_attr(lw_str(names[i])), (struct lw_bytes){ 0 }, &values, &n) == LW_OK && n) {
			ret->user = i == 0;
			snprintf(ret->name, sizeof(ret->name), "%.*s", (int)values[0].n, (const char *)values[0].p);
		}
}

int control_principal(struct control_call *call, struct store_txn *txn, const struct store_dn *dn, struct store_principal *ret)
{
	const struct store_view *view;
	int rc;

	if (!call->cap)
		return store_principal_dn(txn, dn, ret);
	if ((rc = store_get(txn, dn, &view)) == LW_OK)
		of_view(view, ret);
	return rc;
}

int control_principal_named(struct control_call *call, struct store_txn *txn, const struct schema_attr *attr, struct lw_bytes value,
	struct store_principal *ret)
{
	const struct store_view *view;
	int rc;

	if (!call->cap)
		return store_principal_name(txn, attr, value, ret);
	if ((rc = store_get_name(txn, attr, value, &view)) == LW_OK)
		of_view(view, ret);
	return rc;
}

/* ---- lists ---- */

int control_object_show(struct control_call *call)
{
	const struct control_kind *kind;
	struct store_dn *dn;
	int rc = control_object(call, &kind, &dn);

	return rc ? rc : control_show(call, kind, dn);
}

struct control_list {
	struct lw_arena *arena;
	struct lw_session *session;
	struct store_cursor *cursor;
	struct store_search search;
	const struct control_kind *kind;
};

void control_list_free(struct control_list *l)
{
	if (!l)
		return;
	store_cursor_free(l->cursor);
	store_session_free(l->session);
	lw_arena_free(l->arena);
	free(l);
}

/* Every row has every column: an absent boolean is false, anything else is empty. */
static void put_column(const struct store_view *view, struct lw_arena *arena, struct lw_writer *out, const char *name)
{
	const struct schema_attr *attr = schema_attr(lw_str(name));
	const struct lw_bytes *values;
	size_t n;

	if (store_view_values(view, attr, (struct lw_bytes){ 0 }, &values, &n) == LW_OK && n)
		put_values(arena, out, attr, values, n);
	else if (!strcmp(name, "lwDisabled"))
		ctl_item_bool(out, "disabled", false);
	else
		ctl_item_field(out, attr->names[0], CTL_STRING, !(attr->flags & SCHEMA_SINGLE), NULL, 0);
}

static void put_row(struct control_list *l, struct store_txn *txn, const struct store_view *view, struct lw_writer *out)
{
	size_t at = put_head(view, store_arena(txn), out, l->kind);

	for (size_t i = 0; l->kind->columns[i]; i++)
		put_column(view, store_arena(txn), out, l->kind->columns[i]);
	if (l->kind->principal)
		put_column(view, store_arena(txn), out, "lwDisabled");
	ctl_item_end(out, at);
}

static int list_page(struct control_call *call, struct control_list *l, size_t limit, unsigned quanta)
{
	struct store_txn *txn;
	const struct store_view *view;
	size_t n = 0, begin = call->out->n;
	int rc;

	do {
		if ((rc = store_begin(l->session, STORE_READ, &txn)) != 0)
			return rc;
		rc = l->cursor ? store_resume(txn, l->cursor) : store_search(txn, &l->search, &l->cursor);
		while (!rc && n < limit && store_next(l->cursor, &view)) {
			put_row(l, txn, view, call->out);
			if (++n < limit && call->out->n - begin > PAGE_OCTETS)
				limit = n;
		}
		if (!rc && n < limit)
			rc = store_cursor_status(l->cursor);
		store_end(txn);
	} while (rc == LW_EQUANTUM && --quanta);
	call->more = rc == LW_EQUANTUM || (!rc && n == limit);
	return rc == LW_EQUANTUM ? LW_OK : rc;
}

/* A list that nobody keeps: the next request says where it goes on. */
static int one_page(struct control_call *call, struct control_list *l)
{
	size_t limit;
	int rc = control_page_limit(call, &limit);

	l->search.by_id = true;
	if (!rc)
		rc = control_place_get(call, l->kind->name, &l->search.after);
	if (!rc)
		rc = list_page(call, l, limit, PAGE_QUANTA);
	if (!rc && call->more)
		control_place_put(call, l->kind->name, store_cursor_place(l->cursor));
	return rc;
}

int control_object_list(struct control_call *call)
{
	struct control_list *l = calloc(1, sizeof(*l));
	struct filter *filter;
	struct store_dn *base;
	int rc = LW_ENOMEM;

	if (call->list) {
		control_list_free(*call->list);
		*call->list = NULL;
	}
	if (!l || !(l->arena = lw_arena_new(1u << 20, false)))
		goto out;
	struct lw_arena *request = call->arena;
	call->arena = l->arena; /* base and filter live as long as the cursor */
	rc = control_kind(call, &l->kind);
	if (!rc)
		rc = control_container(call, l->kind, &base);
	if (!rc)
		rc = filter_parse(l->arena, lw_str(l->kind->filter), &filter);
	call->arena = request;
	if (rc)
		goto out;
	l->search = (struct store_search){ .base = base, .scope = STORE_CHILDREN, .filter = filter };
	l->session = call->session;
	call->session = NULL;
	rc = call->list ? list_page(call, l, PAGE, UINT_MAX) : one_page(call, l);
	if (!rc && call->more && call->list) {
		*call->list = l;
		return LW_OK;
	}
out:
	control_list_free(l);
	return rc;
}

int control_object_next(struct control_call *call)
{
	int rc = call->list && *call->list ? list_page(call, *call->list, PAGE, UINT_MAX) : LW_EINVAL;

	if (call->list && (rc || !call->more)) {
		control_list_free(*call->list);
		*call->list = NULL;
	}
	return rc;
}
