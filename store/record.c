/* SPDX-License-Identifier: Apache-2.0 */
/* Records of what was issued: entries below ou=certificates and ou=tokens that only these operations make,
 * change and take away. They change no right, so nobody's session has to be worked out again. */
#include <stdio.h>
#include "store/guard.h"

#define WEEK      (INT64_C(7) * 24 * 3600 * LW_SECOND)
#define TOKEN_MAX (INT64_C(400) * 24 * 3600 * LW_SECOND)
#define REVOKED_KEPT                                                                                         \
	(INT64_C(3650) * 24 * 3600 * LW_SECOND) /* an intent that was revoked: nobody knows what was signed  \
	                                         */
#define CESSATION 5 /* cessationOfOperation, RFC 5280 5.3.1 */
#define TIME_MAX (INT64_C(253402300799) * LW_SECOND) /* the last second of the year 9999 */

static char *time_text(struct store_txn *t, int64_t us)
{
	char *text = lw_alloc(t->arena, LW_TIME_TEXT);

	if (text)
		lw_time_generalized(us, false, text);
	return text;
}

static int set_time(struct image *img, const struct schema_attr *attr, int64_t us)
{
	return image_set(img, attr, time_text(img->txn, us)); /* NULL: LW_ENOMEM */
}

static int set_text(struct image *img, const struct schema_attr *attr, struct lw_bytes v)
{
	return image_set(img, attr, lw_printf(img->txn->arena, "%.*s", (int)v.n, (const char *)v.p));
}

/* ---- making ---- */

static int start(struct store_txn *t, uint64_t parent, const struct schema_attr *naming, const char *name,
        const char *class, struct image *img)
{
	const struct lw_bytes none = { 0 }, classes[] = { LW_LIT("top"), lw_str(class) };
	struct dn_rdn rdn;
	int err = image_new(t, img);

	if (!err)
		err = dn_make_rdn(t->arena, naming, lw_str(name), &rdn);
	if (err)
		return err;
	img->head.parent = parent;
	img->head.rdn_text = rdn.text;
	img->head.rdn_norm = rdn.norm;
	img->head.uuid = lw_uuid_new(eng_clock(t->session->store));
	err = image_add(img, ops_known()->objectClass, none, classes, 2);
	return err ? err : image_set(img, naming, lw_strdup(t->arena, name));
}

static int finish(struct image *img, struct eng_fx *fx)
{
	struct store_txn *t = img->txn;
	int err = image_check(img);

	if (!err)
		err = image_stamp(img, true);
	if (err)
		return err;
	img->head.id = eng_fx_new_id(fx, t->tenant);
	t->result->uuid = img->head.uuid;
	t->result->version = eng_fx_version(fx);
	return image_make(img, fx);
}

/* A new tenant has them; an older one gets them when they are needed first. One that somebody made becomes
 * ours. */
static int container(struct store_txn *t, const char *name, struct eng_fx *fx, uint64_t *ret)
{
	const struct ops_known *k = ops_known();
	struct eng_entry e;
	struct image img;
	int err = ops_child(t, OPS_SUFFIX_ID, k->ou, name, ret);

	if (!err)
		err = eng_entry(t->eng, t->tenant, *ret, &e);
	if (!err && !(e.flags & OPS_RECORDS))
		eng_fx_head(fx, t->tenant, e.id, e.structural, e.flags | OPS_FIXED | OPS_RECORDS);
	if (err != LW_ENOTFOUND)
		return err;
	err = start(t, OPS_SUFFIX_ID, k->ou, name, "organizationalUnit", &img);
	img.head.flags = OPS_FIXED | OPS_RECORDS;
	if (!err)
		err = finish(&img, fx);
	*ret = err ? 0 : img.head.id;
	return err;
}

/* The image of a new record; LW_EEXIST: there is one of the name. */
static int record_new(struct store_txn *t, const char *where, const char *name, const char *class,
        int64_t expires, struct eng_fx *fx, struct image *img)
{
	uint64_t parent, other;
	int err = container(t, where, fx, &parent);

	if (!err && ops_child(t, parent, ops_known()->cn, name, &other) == LW_OK)
		err = LW_EEXIST;
	if (!err)
		err = start(t, parent, ops_known()->cn, name, class, img);
	return err ? err : set_time(img, ops_known()->lwExpires, expires);
}

/* ---- certificates ---- */

static bool is_profile(struct lw_bytes p)
{
	bool ok = p.n && p.n <= 64;

	for (size_t i = 0; ok && i < p.n; i++)
		ok = (p.p[i] >= 'a' && p.p[i] <= 'z') || (p.p[i] >= '0' && p.p[i] <= '9') || p.p[i] == '-';
	return ok;
}

int write_cert_intent(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	const struct store_record *r = &op->record;
	const struct ops_known *k = ops_known();
	char name[OPS_RECORD_NAME], subject[LW_UUID_TEXT];
	struct image img;
	int64_t max_life;
	int err = ops_serial_name(r->serial, name);

	if (err || !is_profile(r->profile))
		return LW_EINVAL;
	/* the names are not known yet: keyd asks once more */
	err = store_may_enrol(t, &r->subject, r->profile, true, &max_life);
	if (!err)
		err = record_new(t, "certificates", name, "lwCertificate", eng_now(t->eng) + WEEK, fx, &img);
	if (err)
		return err;
	lw_uuid_format(&r->subject, subject);
	err = image_set(&img, k->lwSubject, lw_strdup(t->arena, subject));
	if (!err)
		err = set_text(&img, k->lwProfile, r->profile);
	if (!err)
		err = image_set(&img, k->lwCertState, "intent");
	return err ? err : finish(&img, fx);
}

struct record {
	struct eng_entry e;
	struct store_cert cert;
};

static int find_cert(struct store_txn *t, const struct store_op *op, struct record *ret)
{
	char name[OPS_RECORD_NAME];
	int err = ops_serial_name(op->record.serial, name) ? LW_ENOTFOUND
	                                                   : ops_record(t, "certificates", name, &ret->e);

	return err ? err : ops_cert(t, &ret->e, &ret->cert);
}

/* An intent that the session may go on with: its subject's, or one that it could have made itself. */
static int find_intent(struct store_txn *t, const struct store_op *op, struct record *ret)
{
	int64_t max_life;
	int err = find_cert(t, op, ret);

	if (!err && !lw_uuid_eq(&ret->cert.subject, &t->session->subject))
		err = store_may_enrol(t, &ret->cert.subject, ret->cert.profile, true, &max_life);
	if (!err && ret->cert.state != STORE_CERT_IS_INTENT)
		err = LW_EAGAIN;
	return err == LW_ENOTFOUND || err == LW_EACCES ? LW_EAGAIN : err;
}

static int change(struct store_txn *t, struct record *r, struct image *img, struct eng_fx *fx)
{
	int err = image_check(img);

	if (!err)
		err = image_stamp(img, false);
	t->result->uuid = r->e.uuid;
	t->result->version = eng_fx_version(fx);
	return err ? err : image_change(img, fx);
}

int write_cert_issued(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	const struct store_record *r = &op->record;
	const struct ops_known *k = ops_known();
	struct record found;
	struct image img;
	int err;

	if (!r->der.n || r->not_before <= 0 || r->not_after <= r->not_before ||
	        r->not_after > TIME_MAX - WEEK)
		return LW_EINVAL;
	err = find_intent(t, op, &found);
	if (!err)
		err = image_load(t, &found.e, &img);
	if (!err)
		err = image_add(&img, k->userCertificate, LW_LIT(";binary"), &r->der, 1);
	if (!err)
		err = set_time(&img, k->lwNotBefore, r->not_before);
	if (!err)
		err = set_time(&img, k->lwNotAfter, r->not_after);
	if (!err)
		err = set_time(&img, k->lwExpires, r->not_after + WEEK);
	if (!err)
		err = image_set(&img, k->lwCertState, "issued");
	return err ? err : change(t, &found, &img, fx);
}

int write_cert_drop(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct record found;
	int err = find_intent(t, op, &found);

	if (err)
		return err;
	eng_fx_entry_del(fx, t->tenant, found.e.id);
	t->result->uuid = found.e.uuid;
	return eng_fx_err(fx);
}

/* By the certificate, or by the one it is for. */
static int may_revoke(struct store_txn *t, const struct record *r)
{
	struct store_view v;

	if (ops_decide(t, ACCESS_REVOKE, &r->e, NULL))
		return LW_OK;
	if (ops_by_uuid(t->eng, t->tenant, &r->cert.subject, &v.e) == LW_OK &&
	        ops_decide(t, ACCESS_REVOKE, &v.e, NULL))
		return LW_OK;
	return ops_view_in(t, r->e.id, &v) == LW_ENOTFOUND ? LW_ENOTFOUND : LW_EACCES;
}

/* What is not there takes as long as what is hidden: one's own entry in its place, twice. */
static void revoke_nothing(struct store_txn *t)
{
	struct record r = { 0 };

	if (eng_entry(t->eng, t->tenant, t->session->subject_id, &r.e))
		return;
	r.cert.subject = r.e.uuid;
	(void)may_revoke(t, &r);
}

static bool is_reason(int reason) /* 7 is not used, 8 is for deltas (RFC 5280 5.3.1) */
{
	return reason >= 0 && reason <= 10 && reason != 7 && reason != 8;
}

/* So that store_cert_generation says another number. */
static int touch_container(struct store_txn *t, const struct eng_entry *cert, struct eng_fx *fx)
{
	struct eng_entry e;
	struct image img;
	int err = eng_entry(t->eng, t->tenant, cert->parent, &e);

	if (!err)
		err = image_load(t, &e, &img);
	if (!err)
		err = image_stamp(&img, false);
	return err ? err : image_change(&img, fx);
}

static int mark_revoked(struct store_txn *t, struct record *found, int reason, struct eng_fx *fx)
{
	const struct ops_known *k = ops_known();
	struct image img;
	int err = image_load(t, &found->e, &img);

	if (!err)
		err = set_time(&img, k->lwRevokedAt, eng_now(t->eng));
	if (!err)
		err = image_set(&img, k->lwRevokeReason, lw_printf(t->arena, "%d", reason));
	if (!err && found->cert.state == STORE_CERT_IS_INTENT)
		err = set_time(&img, k->lwExpires, eng_now(t->eng) + REVOKED_KEPT);
	if (!err)
		err = image_set(&img, k->lwCertState, "revoked");
	return err ? err : change(t, found, &img, fx);
}

static int revoke(struct store_txn *t, struct record *found, int reason, struct eng_fx *fx)
{
	int err = may_revoke(t, found);

	if (!err && found->cert.state == STORE_CERT_IS_REVOKED)
		err = LW_EEXIST;
	if (!err)
		err = mark_revoked(t, found, reason, fx);
	return err ? err : touch_container(t, &found->e, fx);
}

int write_cert_revoke(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	struct record found;
	int err = is_reason(op->record.reason) ? find_cert(t, op, &found) : LW_EINVAL;

	if (err == LW_ENOTFOUND)
		revoke_nothing(t);
	return err ? err : revoke(t, &found, op->record.reason, fx);
}

#define AT_ONCE 1000 /* what one write revokes: others wait meanwhile, and the principal says how many he has */

int write_revoke_all(struct store_txn *t, const struct lw_uuid *subject, struct eng_fx *fx)
{
	const struct schema_attr *attr = ops_known()->lwSubject;
	char text[LW_UUID_TEXT];
	struct eng_ids *ids = NULL;
	struct lw_bytes norm;
	struct record last = { 0 }, r;
	uint64_t id, from = 0;
	size_t n = 0;
	int err;

	lw_uuid_format(subject, text);
	err = schema_norm(attr, NULL, t->arena, lw_str(text), &norm);
	if (!err)
		err = eng_ids_eq(t->eng, t->tenant, attr->id, norm, &ids);
	for (; !err && ids && eng_ids_seek(ids, from, &id); from = id + 1) {
		err = eng_entry(t->eng, t->tenant, id, &r.e);
		if (err || !(r.e.flags & ACCESS_CERTIFICATE))
			continue;
		err = ops_cert(t, &r.e, &r.cert);
		if (err || r.cert.state == STORE_CERT_IS_REVOKED || !lw_uuid_eq(&r.cert.subject, subject) ||
		        (r.cert.not_after && r.cert.not_after < eng_now(t->eng)))
			continue;
		if (n++ == AT_ONCE)
			return ops_say(t, LW_EUNWILLING, "it has more than %d certificates: disable and revoke them first (lwctl … disable --revoke)",
				AT_ONCE);
		err = mark_revoked(t, &r, CESSATION, fx);
		last = r;
	}
	if (!err && ids)
		err = eng_ids_err(ids);
	return err || !n ? err : touch_container(t, &last.e, fx);
}

/* The two attributes of a record that a plain modify may set, and what they are set to. */
static int take_revocation(const struct store_mod *m, bool *inout_revoked, uint64_t *inout_reason)
{
	const struct ops_known *k = ops_known();
	const struct schema_attr *attr = schema_attr(m->attr.desc);

	if (!attr || m->attr.n != 1 || (m->kind != STORE_MOD_REPLACE && m->kind != STORE_MOD_ADD))
		return LW_EUNWILLING;
	if (attr == k->lwRevokeReason)
		return lw_parse_u64(m->attr.values[0], 10, inout_reason) ? LW_ECONSTRAINT : LW_OK;
	if (attr != k->lwCertState || m->kind != STORE_MOD_REPLACE || !lw_eq(m->attr.values[0], LW_LIT("revoked")))
		return LW_EUNWILLING;
	*inout_revoked = true;
	return LW_OK;
}

int write_cert_modify(struct store_txn *t, const struct store_op *op, const struct eng_entry *e, struct eng_fx *fx)
{
	struct record found = { .e = *e };
	uint64_t reason = 0;
	bool revoked = false;
	int err = op->nmods && !op->nsecrets ? LW_OK : LW_EUNWILLING;

	for (size_t i = 0; !err && i < op->nmods; i++)
		err = take_revocation(&op->mods[i], &revoked, &reason);
	if (!err && (!revoked || !is_reason((int)reason)))
		err = revoked ? LW_ECONSTRAINT : LW_EUNWILLING;
	if (!err && op->expect_version && op->expect_version != e->version)
		err = LW_EAGAIN;
	if (!err && ops_cert(t, e, &found.cert))
		err = LW_EUNWILLING; /* a token's */
	if (err == LW_EUNWILLING)
		return guard_no_record(t, e);
	if (!err)
		err = revoke(t, &found, (int)reason, fx);
	return err == LW_EEXIST ? ops_say(t, LW_EVALEXISTS, "it is revoked already") : err;
}

/* ---- tokens ---- */

int ops_token_name(struct lw_bytes id, char ret[OPS_RECORD_NAME])
{
	if (!id.n || id.n >= OPS_RECORD_NAME)
		return LW_EINVAL;
	for (size_t i = 0; i < id.n; i++) {
		uint8_t c = id.p[i], low = c | 0x20;
		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.' &&
		        c != '-')
			return LW_EINVAL;
	}
	memcpy(ret, id.p, id.n);
	ret[id.n] = 0;
	return LW_OK;
}

int write_token_cancel(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	const int64_t now = eng_now(t->eng), until = op->record.until;
	char name[OPS_RECORD_NAME];
	struct image img;
	int err;

	if (store_session_is_anonymous(t->session))
		return LW_EACCES;
	if (ops_token_name(op->record.id, name) || until <= now || until > now + TOKEN_MAX)
		return LW_EINVAL;
	err = record_new(t, "tokens", name, "lwToken", until + LW_SECOND - 1, fx, &img);
	return err ? err : finish(&img, fx);
}

/* ---- upkeep ---- */

int write_expire(struct store_txn *t, const struct store_op *op, struct eng_fx *fx)
{
	const struct schema_attr *expires = ops_known()->lwExpires;
	const char *now = time_text(t, eng_now(t->eng));
	struct lw_bytes key;
	struct eng_ids *ids = NULL;
	struct eng_entry e;
	uint64_t id, from = 0;
	uint64_t n = 0;
	int err = now ? schema_ordkey(expires, NULL, t->arena, lw_str(now), &key) : LW_ENOMEM;

	if (!err)
		err = eng_ids_ord_first(t->eng, t->tenant, expires->id, key, STORE_EXPIRE_AT_ONCE, &ids);
	for (; !err && ids && eng_ids_seek(ids, from, &id); from = id + 1) {
		err = eng_entry(t->eng, t->tenant, id, &e);
		if (err || !(e.flags & ACCESS_CERTIFICATE) || ops_policy_names(t->session->policy, id) ||
		        !ops_decide(t, ACCESS_DELETE, &e, NULL))
			continue;
		eng_fx_entry_del(fx, t->tenant, id);
		n++;
	}
	if (!err && ids)
		err = eng_ids_err(ids);
	t->result->version = n;
	return err ? err : eng_fx_err(fx);
}
