/* SPDX-License-Identifier: Apache-2.0 */
/* An entry as a whole: is it allowed to be so, and what changes in the tables. */
#include "store/image.h"

/* His own name, also where he is a partner's. */
static int author(const struct store_txn *t, struct lw_bytes *ret)
{
	const struct lw_session *s = t->session;
	struct store_txn at = *t;

	if (!s->home)
		return s->subject_id ? ops_dn_text(&at, s->subject_id, ret) : LW_ENOTFOUND;
	at.tenant = s->home;
	at.places = NULL;
	at.cache = NULL;
	return ops_dn_text(&at, s->home_id, ret);
}

int image_stamp(struct image *img, bool created)
{
	const struct ops_known *k = ops_known();
	struct store_txn *t = img->txn;
	char *when = lw_alloc(t->arena, LW_TIME_TEXT);
	const char *who = "cn=lwd";
	struct lw_bytes dn;
	int err = LW_OK;

	if (!when)
		return LW_ENOMEM;
	lw_time_generalized(eng_now(t->eng), false, when);
	if (t->session->role == OPS_NO_ROLE && author(t, &dn) == LW_OK)
		who = (const char *)lw_dup(t->arena, dn).p;
	if (created) {
		err = image_set(img, k->createTimestamp, when);
		if (!err)
			err = image_set(img, k->creatorsName, who);
	}
	if (!err)
		err = image_set(img, k->modifyTimestamp, when);
	if (!err)
		err = image_set(img, k->modifiersName, who);
	return err;
}

static struct lw_bytes first(const struct image *img, const struct schema_attr *attr)
{
	struct lw_bytes none = { 0 };
	const struct image_attr *a = image_find(img, attr, none);

	return image_present(a) && a->values ? a->values[0] : none;
}

static void set_flags(struct image *img)
{
	const struct ops_known *k = ops_known();
	struct lw_bytes none = { 0 };
	const struct image_attr *oc = image_find(img, k->objectClass, none);
	bool user = false;
	uint32_t f = img->head.flags & (OPS_FIXED | OPS_RECORDS);

	f |= ops_kind(oc ? oc->values : NULL, oc ? oc->n : 0, &user) & OPS_KIND_MASK;
	if (lw_eq(first(img, k->lwDisabled), LW_LIT("TRUE")))
		f |= OPS_DISABLED;
	for (size_t i = 0; i < img->n; i++) {
		if (img->attrs[i].attr == k->lwTag && image_present(&img->attrs[i]))
			f |= OPS_TAGS;
		if (img->attrs[i].attr == k->lwManagedBy && image_present(&img->attrs[i]))
			f |= OPS_MANAGERS;
	}
	img->head.flags = f | (user ? OPS_USER : 0);
}

static int check_classes(struct image *img)
{
	const struct schema_attr **attrs = lw_allocn(img->txn->arena, img->n + 1, sizeof(*attrs));
	struct lw_bytes none = { 0 };
	const struct image_attr *oc = image_find(img, ops_known()->objectClass, none);
	const struct schema_class *structural;
	char why[160] = "";
	size_t n = 0;
	int err;

	if (!attrs)
		return LW_ENOMEM;
	for (size_t i = 0; i < img->n; i++)
		if (image_present(&img->attrs[i]))
			attrs[n++] = img->attrs[i].attr;
	err = schema_check_entry(oc ? oc->values : NULL, oc ? oc->n : 0, attrs, n, &structural, why);
	if (err)
		return ops_say(img->txn, err, "%s", why);
	if (img->head.structural && img->head.structural != structural->id)
		return ops_say(img->txn, LW_EOBJCLASSMODS, "the structural object class can't be changed");
	img->head.structural = structural->id;
	return LW_OK;
}

static int check_rdn(struct image *img)
{
	struct dn_rdn rdn;
	struct store_txn *t = img->txn;

	if (!img->head.parent)
		return LW_OK; /* a suffix has its name for ever */
	if (dn_parse_rdn(t->arena, img->head.rdn_text, &rdn))
		return LW_EDNSYNTAX;
	for (unsigned i = 0; i < rdn.navas; i++)
		if (!image_has_value(img, rdn.avas[i].attr, rdn.avas[i].value))
			return ops_say(t, LW_ENOTONRDN, "%s is part of the name", rdn.avas[i].attr->names[0]);
	return LW_OK;
}

static int check_unique(struct image *img, const struct image_attr *a)
{
	struct store_txn *t = img->txn;
	struct lw_bytes norm;
	uint64_t id;
	int err;

	for (size_t i = 0; i < a->n; i++) {
		if (schema_norm(a->attr, NULL, t->arena, a->values[i], &norm))
			return LW_ESYNTAX;
		err = eng_by_name(t->eng, t->tenant, a->attr->id, norm, &id);
		if (err && err != LW_ENOTFOUND)
			return err;
		if (!err && id != img->head.id)
			return ops_say(t, LW_ECONSTRAINT, "%s: the name is taken", a->attr->names[0]);
	}
	return LW_OK;
}

/* lwd's own Kerberos principals have no entry, and nobody may take their names, nor those that mean something everywhere. Backslashes quote (RFC 1964 2.1.1);
 * spaces and control characters are what names are also found without. */
bool image_name_reserved(struct lw_bytes name)
{
	static const char *const own[] = { "krbtgt/", "kadmin/", "WELLKNOWN/" /* RFC 6111 */ };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t at = 0;
		for (size_t j = 0; j < name.n && own[i][at]; j++)
			if (name.p[j] == '\\' || name.p[j] <= ' ' || name.p[j] == 0x7f)
				continue;
			else if ((name.p[j] | 0x20) == (own[i][at] | 0x20))
				at++;
			else
				break;
		if (!own[i][at])
			return true;
	}
	return false;
}

/* After the first @ that is not quoted: the tenant's realm, octet by octet. */
static bool in_realm(struct lw_bytes name, struct lw_bytes realm)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '\\')
			i++;
		else if (name.p[i] == '@')
			return lw_eq((struct lw_bytes){ name.p + i + 1, name.n - i - 1 }, realm);
	return false;
}

static int check_realm(struct image *img, const struct image_attr *a)
{
	struct eng_tenant tenant;
	int err;

	if (a->attr != ops_known()->krbPrincipalName)
		return LW_OK;
	err = eng_tenant(img->txn->eng, img->txn->tenant, &tenant);
	for (size_t i = 0; !err && i < a->n; i++)
		if (!in_realm(a->values[i], tenant.realm))
			err = ops_say(img->txn, LW_ECONSTRAINT, "krbPrincipalName: the realm is %.*s", (int)tenant.realm.n,
				(const char *)tenant.realm.p);
	return err;
}

static int check_reserved(struct image *img, const struct image_attr *a)
{
	const struct ops_known *k = ops_known();

	if (a->attr != k->krbPrincipalName && !(a->attr == k->cn && img->head.flags & (ACCESS_SERVICE | ACCESS_HOST)))
		return LW_OK;
	for (size_t i = 0; i < a->n; i++)
		if (image_name_reserved(a->values[i]))
			return ops_say(img->txn, LW_ECONSTRAINT, "%s: the name is reserved", a->attr->names[0]);
	return LW_OK;
}

/* Whoever reads a name as a C string would take it for the one before the NUL: somebody else's. */
static int check_nul(const struct image *img, const struct image_attr *a)
{
	if (!access_is_identity(img->head.flags & OPS_KIND_MASK, a->attr))
		return LW_OK;
	for (size_t i = 0; i < a->n; i++)
		if (a->values[i].n && memchr(a->values[i].p, 0, a->values[i].n))
			return ops_say(img->txn, LW_ECONSTRAINT, "%s: a NUL in a name", a->attr->names[0]);
	return LW_OK;
}

int image_check(struct image *img)
{
	int err = check_classes(img);

	set_flags(img);

	for (size_t i = 0; !err && i < img->n; i++) {
		const struct image_attr *a = &img->attrs[i];
		if (a->changed && a->attr->flags & SCHEMA_SINGLE && image_count(a) > 1)
			err = ops_say(img->txn, LW_ECONSTRAINT, "%s takes a single value", a->attr->names[0]);
		if (!err && a->changed && a->attr->flags & SCHEMA_UNIQUE)
			err = check_unique(img, a);
		if (!err && a->changed)
			err = check_nul(img, a);
		if (!err && a->changed)
			err = check_reserved(img, a);
		if (!err && a->changed)
			err = check_realm(img, a);
	}
	return err ? err : check_rdn(img);
}

bool image_touches_rights(const struct image *img)
{
	const struct ops_known *k = ops_known();
	const struct schema_attr *const list[] = { k->member, k->uniqueMember, k->lwTag, k->lwManagedBy, k->lwDisabled,
		k->lwGrantText, k->objectClass, k->lwCredentialVersion, k->lwTrustGroup };

	for (size_t i = 0; i < img->n; i++)
		for (size_t j = 0; img->attrs[i].changed && j < sizeof(list) / sizeof(list[0]); j++)
			if (img->attrs[i].attr == list[j])
				return true;
	return false;
}

/* ---- effects ---- */

static struct eng_values values_of(const struct image_attr *a)
{
	bool ref = a->attr->flags & SCHEMA_REF;

	return (struct eng_values){ .attr = a->attr->id, .desc = a->desc, .values = ref ? NULL : a->values,
		.refs = ref ? a->added : NULL, .n = ref ? a->nadded : a->n };
}

int image_make(struct image *img, struct eng_fx *fx)
{
	struct eng_values *list = lw_allocn(img->txn->arena, img->n + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return LW_ENOMEM;
	for (size_t i = 0; i < img->n; i++)
		if (image_present(&img->attrs[i]))
			list[n++] = values_of(&img->attrs[i]);
	eng_fx_entry_new(fx, &img->head, list, n);
	return eng_fx_err(fx);
}

static void change_ref(const struct image *img, const struct image_attr *a, struct eng_fx *fx)
{
	struct eng_values v = values_of(a);

	if (a->nremoved) {
		v.refs = a->removed;
		v.n = a->nremoved;
		eng_fx_attr(fx, img->head.tenant, img->head.id, ENG_DELETE_VALUES, &v);
	}
	if (a->nadded) {
		v.refs = a->added;
		v.n = a->nadded;
		eng_fx_attr(fx, img->head.tenant, img->head.id, ENG_ADD_VALUES, &v);
	}
}

int image_change(struct image *img, struct eng_fx *fx)
{
	struct eng_entry was;
	int err = eng_entry(img->txn->eng, img->head.tenant, img->head.id, &was);

	if (err)
		return err;
	for (size_t i = 0; i < img->n; i++) {
		const struct image_attr *a = &img->attrs[i];
		struct eng_values v = values_of(a);
		if (!a->changed)
			continue;
		if (a->attr->flags & SCHEMA_REF)
			change_ref(img, a, fx);
		else if (a->n || a->stored.values.n)
			eng_fx_attr(fx, img->head.tenant, img->head.id, ENG_REPLACE, &v);
	}
	if (was.flags != img->head.flags || was.structural != img->head.structural)
		eng_fx_head(fx, img->head.tenant, img->head.id, img->head.structural, img->head.flags);
	return eng_fx_err(fx);
}
