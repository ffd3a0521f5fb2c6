/* SPDX-License-Identifier: Apache-2.0 */
/* What keyd reads before it signs: the tenant's own keys, who asks and by which names, records of
 * certificates, relying parties. */
#include "base/text.h"
#include "store/guard.h"

#define MAX_PROFILE 64

int store_tenant_sealed(
        struct store_txn *t, const struct schema_attr *attr, struct lw_bytes *ret, uint64_t *ret_generation)
{
	enum store_secret_class cls = ops_tenant_key(attr);
	struct eng_entry e;
	int err;

	if (!ops_is_role(t) || !cls)
		return LW_EACCES;
	err = eng_entry(t->eng, t->tenant, OPS_SUFFIX_ID, &e);
	if (err)
		return err;
	if (!ops_decide(t, ACCESS_EXPORT, &e, attr))
		return LW_EACCES;
	return eng_sealed(t->eng, t->tenant, OPS_SUFFIX_ID, attr->id, (uint8_t)cls, ret, ret_generation);
}

/* ---- who asks ---- */

static size_t take_names(const struct eng_entry *e, const struct schema_attr *attr, enum store_name_kind kind,
        struct store_name *list)
{
	struct eng_attr a;
	struct lw_bytes v;
	size_t n = 0, pos = 0;

	if (!eng_attr_find(e, attr->id, &a))
		return 0;
	for (; eng_value_next(&a, &pos, &v); n++)
		if (list)
			list[n] = (struct store_name){ kind, v };
	return n;
}

/* list NULL: only counts. What a person is called (cn) is no name of his. */
static size_t take_all(const struct eng_entry *e, struct store_name *list)
{
	const struct ops_known *k = ops_known();
	const struct {
		const struct schema_attr *attr;
		enum store_name_kind kind;
		unsigned of;
	} rows[] = { { k->cn, STORE_NAME_CN, ACCESS_SERVICE | ACCESS_HOST },
		{ k->uid, STORE_NAME_CN, ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST },
		{ k->krbPrincipalName, STORE_NAME_KRB, ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST },
		{ k->mail, STORE_NAME_MAIL, ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST } };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (e->flags & rows[i].of)
			n += take_names(e, rows[i].attr, rows[i].kind, list ? list + n : NULL);
	return n;
}

static enum store_kind kind_of(uint32_t flags)
{
	return flags & ACCESS_PERSON ? STORE_PERSON : flags & ACCESS_SERVICE ? STORE_SERVICE : STORE_HOST;
}

int store_holder(struct store_txn *t, const struct lw_uuid *uuid, struct store_holder *ret)
{
	struct store_holder h = { 0 };
	struct eng_entry e;
	int err;

	if (!ops_is_role(t) || !access_any(t->session->rights, ACCESS_READ))
		return LW_EACCES;
	err = ops_by_uuid(t->eng, t->tenant, uuid, &e);
	if (!err &&
	        (!(e.flags & OPS_HOLDERS) || !ops_decide(t, ACCESS_READ, &e, ops_known()->krbPrincipalName)))
		err = LW_ENOTFOUND;
	if (!err)
		err = ops_principal(&e, &h.who);
	if (err)
		return err;
	h.kind = kind_of(e.flags);
	h.n_names = take_all(&e, NULL);
	h.names = lw_allocn(t->arena, h.n_names + 1, sizeof(*h.names));
	if (!h.names)
		return LW_ENOMEM;
	take_all(&e, h.names);
	*ret = h;
	return LW_OK;
}

/* A certificate that says who somebody is makes whoever asked for it him. One for a TLS server's name is good for no login. */
static int guard_enrol(struct store_txn *t, const struct eng_entry *e, struct lw_bytes profile)
{
	return e->id == t->session->subject_id || lw_eq(profile, LW_LIT("tls-server")) ? LW_OK : guard_secret(t, e);
}

int ops_may_enrol(struct store_txn *t, const struct eng_entry *e, struct lw_bytes profile, bool names_owned,
        int64_t *ret_max_life)
{
	struct access_object o;
	struct access_why why;
	int err = ops_object(t, e, &o);

	if (err)
		return err;
	o.profile = profile;
	o.names_theirs = names_owned;
	o.names_owned = names_owned && e->id == t->session->subject_id;
	if (!(e->flags & OPS_HOLDERS) || e->flags & OPS_DISABLED || !profile.n || profile.n > MAX_PROFILE ||
	        !access_decide(t->session->rights, ACCESS_ENROL, &o, NULL, &t->ctx, &why))
		return LW_EACCES;
	err = guard_enrol(t, e, profile);
	if (!err)
		*ret_max_life = why.max_life;
	return err;
}

int store_may_enrol(struct store_txn *t, const struct lw_uuid *subject, struct lw_bytes profile,
        bool names_owned, int64_t *ret_max_life)
{
	struct store_view v;
	int err;

	if (!access_any(t->session->rights, ACCESS_ENROL))
		return LW_EACCES;
	err = ops_by_uuid(t->eng, t->tenant, subject, &v.e);
	if (!err)
		err = ops_may_enrol(t, &v.e, profile, names_owned, ret_max_life);
	if (err == LW_EACCES && ops_view_in(t, v.e.id, &v) == LW_ENOTFOUND)
		err = LW_ENOTFOUND;
	return err;
}

/* ---- records of certificates ---- */

int ops_serial_name(struct lw_bytes serial, char ret[OPS_RECORD_NAME])
{
	while (serial.n && !serial.p[0]) /* as DER has it */
		serial.p++, serial.n--;
	if (!serial.n || serial.n > STORE_CERT_SERIAL_MAX)
		return LW_EINVAL;
	lw_hex(serial, ret);
	return LW_OK;
}

int ops_record(struct store_txn *t, const char *container, const char *name, struct eng_entry *ret)
{
	const struct ops_known *k = ops_known();
	uint64_t id;
	int err = ops_child(t, OPS_SUFFIX_ID, k->ou, container, &id);

	if (!err)
		err = ops_child(t, id, k->cn, name, &id);
	if (!err)
		err = eng_entry(t->eng, t->tenant, id, ret);
	return !err && !(ret->flags & ACCESS_CERTIFICATE) ? LW_ENOTFOUND : err;
}

static struct lw_bytes text_of(const struct eng_entry *e, const struct schema_attr *attr)
{
	struct eng_attr a;
	struct lw_bytes v = { NULL, 0 };
	size_t pos = 0;

	if (eng_attr_next_of(e, attr->id, &pos, &a)) /* with any option: certificates have ;binary */
		eng_value_first(&a, &v);
	return v;
}

static int64_t time_of(const struct eng_entry *e, const struct schema_attr *attr)
{
	int64_t us;

	return lw_time_parse_generalized(text_of(e, attr), &us) ? 0 : us;
}

int ops_cert(struct store_txn *t, const struct eng_entry *e, struct store_cert *ret)
{
	static const char *const states[] = { [STORE_CERT_IS_INTENT] = "intent",
		[STORE_CERT_IS_ISSUED] = "issued",
		[STORE_CERT_IS_REVOKED] = "revoked" };
	const struct ops_known *k = ops_known();
	struct store_cert c = { .not_before = time_of(e, k->lwNotBefore),
		.not_after = time_of(e, k->lwNotAfter),
		.revoked_at = time_of(e, k->lwRevokedAt),
		.profile = text_of(e, k->lwProfile),
		.der = text_of(e, k->userCertificate) };
	struct lw_bytes state = text_of(e, k->lwCertState);
	uint64_t reason = 0;

	for (unsigned i = STORE_CERT_IS_INTENT; i <= STORE_CERT_IS_REVOKED; i++)
		if (lw_eq(state, lw_str(states[i])))
			c.state = (enum store_cert_state)i;
	if (!c.state || lw_uuid_parse(text_of(e, k->lwSubject), &c.subject) ||
	        (c.revoked_at && lw_parse_u64(text_of(e, k->lwRevokeReason), 255, &reason)))
		return LW_EIO;
	c.reason = (int)reason;
	if (lw_unhex(t->arena, text_of(e, k->cn), &c.serial))
		return lw_arena_failed(t->arena) ? LW_ENOMEM : LW_EIO;
	*ret = c;
	return LW_OK;
}

int store_cert(struct store_txn *t, struct lw_bytes serial, struct store_cert *ret)
{
	char name[OPS_RECORD_NAME];
	struct eng_entry e;
	int err;

	if (!ops_is_role(t) || !access_any(t->session->rights, ACCESS_READ))
		return LW_EACCES;
	if (ops_serial_name(serial, name))
		return LW_ENOTFOUND;
	err = ops_record(t, "certificates", name, &e);
	if (!err && !ops_decide(t, ACCESS_READ, &e, ops_known()->lwCertState))
		err = LW_EACCES;
	return err ? err : ops_cert(t, &e, ret);
}

int store_cert_revoked(struct store_txn *t, int64_t since, uint64_t *inout_after, struct store_cert *ret,
        size_t max, size_t *ret_n)
{
	const struct schema_attr *state = ops_known()->lwCertState;
	struct lw_bytes norm;
	struct eng_ids *ids = NULL;
	struct store_cert c;
	struct eng_entry e;
	uint64_t id, from = *inout_after + 1;
	size_t n = 0;
	int err;

	if (!ops_is_role(t) || !access_any(t->session->rights, ACCESS_READ))
		return LW_EACCES;
	err = schema_norm(state, NULL, t->arena, LW_LIT("revoked"), &norm);
	if (!err)
		err = eng_ids_eq(t->eng, t->tenant, state->id, norm, &ids);
	for (; !err && ids && n < max && eng_ids_seek(ids, from, &id); from = id + 1) {
		err = eng_entry(t->eng, t->tenant, id, &e);
		if (err || !(e.flags & ACCESS_CERTIFICATE) || !lw_eq(text_of(&e, state), LW_LIT("revoked")))
			continue;
		if (!ops_decide(t, ACCESS_READ, &e, state))
			return LW_EACCES;
		err = ops_cert(t, &e, &c);
		if (err || (c.not_after && c.not_after < since))
			continue;
		c.der = (struct lw_bytes){ NULL, 0 };
		ret[n++] = c;
	}
	if (!err && ids)
		err = eng_ids_err(ids);
	if (err)
		return err;
	*inout_after = from - 1;
	*ret_n = n;
	return LW_OK;
}

int store_certs_of(struct store_txn *t, const struct lw_uuid *subject, int64_t since, uint64_t *inout_after,
        struct store_cert *ret, size_t max, size_t *ret_n)
{
	const struct schema_attr *attr = ops_known()->lwSubject;
	char text[LW_UUID_TEXT];
	struct lw_bytes norm;
	struct eng_ids *ids = NULL;
	struct store_cert c;
	struct eng_entry e;
	uint64_t id, from = *inout_after + 1;
	size_t n = 0;
	int err = store_may(t, ACCESS_REVOKE, subject, NULL);

	lw_uuid_format(subject, text);
	if (!err)
		err = schema_norm(attr, NULL, t->arena, lw_str(text), &norm);
	if (!err)
		err = eng_ids_eq(t->eng, t->tenant, attr->id, norm, &ids);
	for (; !err && ids && n < max && eng_ids_seek(ids, from, &id); from = id + 1) {
		err = eng_entry(t->eng, t->tenant, id, &e);
		if (err || !(e.flags & ACCESS_CERTIFICATE))
			continue;
		err = ops_cert(t, &e, &c);
		if (err || c.state == STORE_CERT_IS_REVOKED || (c.not_after && c.not_after < since) ||
		        !lw_uuid_eq(&c.subject, subject))
			continue;
		c.der = (struct lw_bytes){ NULL, 0 };
		ret[n++] = c;
	}
	if (!err && ids)
		err = eng_ids_err(ids);
	if (err)
		return err;
	*inout_after = from - 1;
	*ret_n = n;
	return LW_OK;
}

/* A revocation touches the container. */
int store_cert_generation(struct store_txn *t, uint64_t *ret)
{
	struct eng_entry e;
	uint64_t id;
	int err;

	if (!ops_is_role(t))
		return LW_EACCES;
	err = ops_child(t, OPS_SUFFIX_ID, ops_known()->ou, "certificates", &id);
	if (!err)
		err = eng_entry(t->eng, t->tenant, id, &e);
	if (err && err != LW_ENOTFOUND)
		return err;
	*ret = err ? 0 : e.version;
	return LW_OK;
}

/* ---- relying parties ---- */

static int take_list(struct store_txn *t, const struct eng_entry *e, const struct schema_attr *attr,
        struct lw_bytes **ret, size_t *ret_n)
{
	struct eng_attr a;
	size_t n = 0, pos = 0, at = 0;
	struct lw_bytes v, *list;

	while (eng_attr_next_of(e, attr->id, &at, &a))
		for (pos = 0; eng_value_next(&a, &pos, &v);)
			n++;
	list = lw_allocn(t->arena, n + 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	for (at = n = 0; eng_attr_next_of(e, attr->id, &at, &a);)
		for (pos = 0; eng_value_next(&a, &pos, &v);)
			list[n++] = v;
	*ret = list;
	*ret_n = n;
	return LW_OK;
}

static bool has(const struct lw_bytes *list, size_t n, struct lw_bytes v)
{
	for (size_t i = 0; i < n; i++)
		if (lw_eq(list[i], v))
			return true;
	return false;
}

static int application(struct store_txn *t, uint64_t id, struct store_application *ret)
{
	const struct ops_known *k = ops_known();
	struct store_application a = { 0 };
	struct eng_entry e;
	int err = eng_entry(t->eng, t->tenant, id, &e);

	if (!err && (!(e.flags & ACCESS_APPLICATION) || !ops_decide(t, ACCESS_READ, &e, k->lwEntityId)))
		err = LW_ENOTFOUND;
	if (err)
		return err;
	a.uuid = e.uuid;
	a.name = text_of(&e, k->cn);
	a.entity_id = text_of(&e, k->lwEntityId);
	a.name_id_format = text_of(&e, k->lwNameIdFormat);
	a.disabled = (e.flags & OPS_DISABLED) != 0;
	err = take_list(t, &e, k->lwAcsUrl, &a.acs, &a.n_acs);
	if (!err)
		err = take_list(t, &e, k->userCertificate, &a.certs, &a.n_certs);
	if (!err)
		*ret = a;
	return err;
}

/* Two with the same address: neither. */
static int by_acs(
        struct store_txn *t, struct lw_bytes norm, struct lw_bytes url, struct store_application *ret)
{
	struct store_application a;
	struct eng_ids *ids = NULL;
	uint64_t id, from = 0;
	size_t n = 0;
	int err = eng_ids_eq(t->eng, t->tenant, ops_known()->lwAcsUrl->id, norm, &ids);

	for (; !err && ids && eng_ids_seek(ids, from, &id); from = id + 1) {
		err = application(t, id, &a);
		if (!err && has(a.acs, a.n_acs, url) && !n++)
			*ret = a;
		err = err == LW_ENOTFOUND ? LW_OK : err;
	}
	if (!err && ids)
		err = eng_ids_err(ids);
	return err ? err : n == 1 ? LW_OK : LW_ENOTFOUND;
}

int store_application(struct store_txn *t, struct lw_bytes name, struct store_application *ret)
{
	const struct ops_known *k = ops_known();
	struct store_application a;
	struct lw_bytes norm;
	uint64_t id;
	int err;

	if (!ops_is_role(t) || !access_any(t->session->rights, ACCESS_READ))
		return LW_EACCES;
	if (!name.n || schema_norm(k->lwEntityId, NULL, t->arena, name, &norm))
		return LW_ENOTFOUND;
	err = eng_by_name(t->eng, t->tenant, k->lwEntityId->id, norm, &id);
	if (!err)
		err = application(t, id, &a);
	if (!err && !lw_eq(a.entity_id, name))
		err = LW_ENOTFOUND;
	if (err == LW_ENOTFOUND)
		err = by_acs(t, norm, name, &a);
	if (!err)
		*ret = a;
	return err;
}
