/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/msg.h"

#include <string.h>
#include "base/err.h"

#define FROM_DIRECTORY (1u << LW_ROLE_DIRECTORY)
#define FROM_KDC       (1u << LW_ROLE_KDC)
#define FROM_WEB       (1u << LW_ROLE_WEB)
#define FROM_ANY       (1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_MONITOR | FROM_WEB)

const struct keys_row keys_rows[] = {
	{ KEYS_MSG_VERIFY, "verify", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_PASSWORD, ACCESS_NONE, KEYS_LANE_HASH,
	        { KEYS_F_TENANT, KEYS_F_SUBJECT, KEYS_F_PASSWORD, KEYS_F_SOURCE }, { KEYS_A_TOKEN } },
	{ KEYS_MSG_OPERATOR, "operator", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT }, { KEYS_A_TOKEN } },
	{ KEYS_MSG_CHECK, "check", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_TOKEN, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN }, { KEYS_A_END } },
	{ KEYS_MSG_RENEW, "renew", FROM_DIRECTORY, KEYS_NEED_TOKEN, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN }, { KEYS_A_TOKEN } },
	{ KEYS_MSG_SET_PASSWORD, "set-password", FROM_DIRECTORY | FROM_KDC | FROM_WEB, KEYS_NEED_VERB, ACCESS_SET_SECRET,
	        KEYS_LANE_HASH,
	        { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_SUBJECT, KEYS_F_VERSION, KEYS_F_NEW, KEYS_F_OLD,
	                KEYS_F_PASSWORD, KEYS_F_SOURCE },
	        { KEYS_A_ITEMS } },
	{ KEYS_MSG_UNLOCK, "unlock", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_VERB, ACCESS_SET_SECRET, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_SUBJECT }, { KEYS_A_END } },
	{ KEYS_MSG_TENANT_NEW, "tenant-new", FROM_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER,
	        KEYS_LANE_HASH, { KEYS_F_TOKEN, KEYS_F_NEW_TENANT, KEYS_F_PASSWORD },
	        { KEYS_A_BLOB, KEYS_A_ITEMS } },
	{ KEYS_MSG_TLS_CERT, "tls-cert", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_CSR }, { KEYS_A_BLOB, KEYS_A_TIME } },
	{ KEYS_MSG_CA_PEM, "ca-pem", FROM_ANY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN, { KEYS_F_ROOT },
	        { KEYS_A_BLOB } },
	{ KEYS_MSG_PING, "ping", FROM_ANY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN, { KEYS_F_END },
	        { KEYS_A_END } },
	{ KEYS_MSG_KERBEROS_KEY, "kerberos-key", FROM_KDC, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT }, { KEYS_A_BLOB } },
	{ KEYS_MSG_KERBEROS_CAP, "kerberos-cap", FROM_KDC, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT, KEYS_F_SUBJECT, KEYS_F_AUTH_TIME, KEYS_F_CONFIDENTIAL, KEYS_F_ROLE },
	        { KEYS_A_TOKEN } },
	{ KEYS_MSG_CHECK_FORWARDED, "check-forwarded", FROM_DIRECTORY, KEYS_NEED_FORWARDED, ACCESS_NONE,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_ROLE }, { KEYS_A_END } },
	{ KEYS_MSG_KEYTAB, "keytab", FROM_DIRECTORY, KEYS_NEED_VERB, ACCESS_EXPORT, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_SUBJECT, KEYS_F_ROTATE },
	        { KEYS_A_ITEMS, KEYS_A_BLOB } },
	{ KEYS_MSG_REALM_KEYS, "realm-keys", FROM_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_NOW }, { KEYS_A_ITEMS } },
	{ KEYS_MSG_REALM_LIST, "realm-list", FROM_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_TENANT }, { KEYS_A_BLOB } },
	{ KEYS_MSG_LOGIN, "login", FROM_WEB, KEYS_NEED_PASSWORD, ACCESS_NONE, KEYS_LANE_HASH,
	        { KEYS_F_LOGIN, KEYS_F_PASSWORD, KEYS_F_SOURCE }, { KEYS_A_TOKEN } },
	{ KEYS_MSG_ADOPT, "adopt", FROM_DIRECTORY, KEYS_NEED_FORWARDED, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN, KEYS_F_ROLE }, { KEYS_A_TOKEN } },
	{ KEYS_MSG_DUE, "tenant-keys-due", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT }, { KEYS_A_ITEMS, KEYS_A_TIME } },
	{ KEYS_MSG_WANT, "tenant-keys-wanted", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT, KEYS_F_KIND }, { KEYS_A_ITEMS } },
	{ KEYS_MSG_ROTATE, "tenant-keys-rotate", FROM_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_KIND, KEYS_F_ALG, KEYS_F_NOW }, { KEYS_A_ITEMS } },
	{ KEYS_MSG_LIST, "tenant-keys-list", FROM_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_TENANT }, { KEYS_A_BLOB } },
	{ KEYS_MSG_CERT, "cert", FROM_DIRECTORY, KEYS_NEED_VERB, ACCESS_ENROL, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_SUBJECT, KEYS_F_PROFILE, KEYS_F_SERIAL, KEYS_F_CSR },
	        { KEYS_A_BLOB, KEYS_A_PEM, KEYS_A_FROM, KEYS_A_TIME } },
	{ KEYS_MSG_CERT_CAP, "cert-cap", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT, KEYS_F_LEAF, KEYS_F_CONFIDENTIAL }, { KEYS_A_TOKEN } },
	{ KEYS_MSG_PUBLIC, "public", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_PUBLIC, KEYS_F_TENANT_NAME }, { KEYS_A_BLOB, KEYS_A_TIME } },
	{ KEYS_MSG_OCSP, "ocsp", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT_NAME, KEYS_F_OCSP }, { KEYS_A_BLOB } },
	{ KEYS_MSG_ROOT_EXPORT, "root-export", FROM_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_FILE }, { KEYS_A_BLOB } },
	{ KEYS_MSG_ROOT_IMPORT, "root-import", FROM_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN, KEYS_F_FILE }, { KEYS_A_END } },
	{ KEYS_MSG_CA_RENEW, "ca-renew", FROM_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN }, { KEYS_A_TIME } },
	{ KEYS_MSG_TOKEN_ISSUE, "token-issue", FROM_DIRECTORY | FROM_WEB, KEYS_NEED_VERB, ACCESS_TOKEN, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN, KEYS_F_TENANT, KEYS_F_SUBJECT, KEYS_F_ORDER, KEYS_F_ALG },
	        { KEYS_A_BLOB, KEYS_A_TOKEN_ID, KEYS_A_FROM, KEYS_A_TIME } },
	{ KEYS_MSG_ASSERTION_ACCEPT, "assertion-accept", FROM_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT_NAME, KEYS_F_ASSERTION }, { KEYS_A_TOKEN, KEYS_A_BLOB } },
	{ KEYS_MSG_TENANT_END, "tenant-end", FROM_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER, KEYS_LANE_SIGN,
	        { KEYS_F_TOKEN, KEYS_F_TENANT }, { KEYS_A_BLOB } },
	{ KEYS_MSG_FORGET, "forget", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN, { KEYS_F_END }, { KEYS_A_END } },
	{ KEYS_MSG_AUDIT_TAKE, "audit-take", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_VERSION }, { KEYS_A_BLOB, KEYS_A_TIME } },
	{ KEYS_MSG_AUDIT_MAC, "audit-mac", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_FILE }, { KEYS_A_BLOB } },
	{ KEYS_MSG_MASTER_ROTATE, "master-rotate", FROM_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER,
	        KEYS_LANE_SIGN, { KEYS_F_TOKEN }, { KEYS_A_END } },
	{ KEYS_MSG_MASTER_REWRAP, "master-rewrap", FROM_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN,
	        { KEYS_F_TENANT, KEYS_F_ROTATE }, { KEYS_A_BLOB } },
};
const size_t keys_nrows = sizeof(keys_rows) / sizeof(keys_rows[0]);

const struct keys_row *keys_row(uint16_t id)
{
	for (size_t i = 0; i < keys_nrows; i++) {
		if (keys_rows[i].id == id)
			return &keys_rows[i];
	}
	return NULL;
}

static void put_uuid(struct lw_writer *w, const struct lw_uuid *u)
{
	lw_put_raw(w, u->b, sizeof(u->b));
}

static void get_uuid(struct lw_reader *r, struct lw_uuid *u)
{
	struct lw_bytes b = lw_get_raw(r, sizeof(u->b));

	if (b.n == sizeof(u->b))
		memcpy(u->b, b.p, sizeof(u->b));
}

/* A boolean is 0 or 1, so that one message has one encoding. */
static bool get_bool(struct lw_reader *r)
{
	uint8_t v = lw_get_u8(r);

	if (v > 1 && !r->err)
		r->err = LW_EINVAL;
	return v == 1;
}

/* ---- request fields ---- */
static void put_token(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->token);
}
static void get_token(struct lw_reader *r, struct keys_request *q)
{
	q->token = lw_get_counted(r, LW_CAP_MAX);
}
static void put_tenant(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u32(w, q->tenant);
}
static void get_tenant(struct lw_reader *r, struct keys_request *q)
{
	q->tenant = lw_get_u32(r);
}
static void put_subject(struct lw_writer *w, const struct keys_request *q)
{
	put_uuid(w, &q->subject);
}
static void get_subject(struct lw_reader *r, struct keys_request *q)
{
	get_uuid(r, &q->subject);
}
static void put_password(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->password);
}
static void get_password(struct lw_reader *r, struct keys_request *q)
{
	q->password = lw_get_counted(r, KEYS_MAX_PASSWORD);
}
static void put_old(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->old);
}
static void get_old(struct lw_reader *r, struct keys_request *q)
{
	q->old = lw_get_counted(r, KEYS_MAX_PASSWORD);
}
static void put_source(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->addr);
	lw_put_u8(w, q->confidential);
}
static void get_source(struct lw_reader *r, struct keys_request *q)
{
	q->addr = lw_get_counted(r, sizeof(((struct keys_source *)0)->addr) - 1);
	q->confidential = get_bool(r);
}
static void put_version(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u64(w, q->version);
}
static void get_version(struct lw_reader *r, struct keys_request *q)
{
	q->version = lw_get_u64(r);
}
static void put_new(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->is_new);
	if (!q->is_new)
		return;
	lw_put_counted(w, q->name);
	lw_put_counted(w, q->krb_name);
	lw_put_u8(w, q->new_user);
}
static void get_new(struct lw_reader *r, struct keys_request *q)
{
	q->is_new = get_bool(r);
	if (!q->is_new)
		return;
	q->name = lw_get_counted(r, sizeof(((struct store_principal *)0)->name) - 1);
	q->krb_name = lw_get_counted(r, sizeof(((struct store_principal *)0)->krb_name) - 1);
	q->new_user = get_bool(r);
}
static void put_new_tenant(struct lw_writer *w, const struct keys_request *q)
{
	put_uuid(w, &q->tenant_uuid);
	lw_put_counted(w, q->name);
	lw_put_counted(w, q->realm);
	put_uuid(w, &q->admin_uuid);
	lw_put_counted(w, q->admin_name);
}
static void get_new_tenant(struct lw_reader *r, struct keys_request *q)
{
	get_uuid(r, &q->tenant_uuid);
	q->name = lw_get_counted(r, sizeof(((struct store_tenant *)0)->name) - 1);
	q->realm = lw_get_counted(r, sizeof(((struct store_tenant *)0)->realm) - 1);
	get_uuid(r, &q->admin_uuid);
	q->admin_name = lw_get_counted(r, sizeof(((struct store_principal *)0)->name) - 1);
}
static void put_csr(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->csr);
}
static void get_csr(struct lw_reader *r, struct keys_request *q)
{
	q->csr = lw_get_counted(r, KEYS_MAX_CSR);
}
static void put_root(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->root);
}
static void get_root(struct lw_reader *r, struct keys_request *q)
{
	q->root = get_bool(r);
}

static void put_role(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->role);
}
static void get_role(struct lw_reader *r, struct keys_request *q)
{
	q->role = lw_get_u8(r);
	if (q->role >= LW_ROLE_COUNT && !r->err)
		r->err = LW_EINVAL;
}
static void put_auth_time(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u64(w, (uint64_t)q->auth_time);
}
static void get_auth_time(struct lw_reader *r, struct keys_request *q)
{
	q->auth_time = (int64_t)lw_get_u64(r);
	if (q->auth_time < 0 && !r->err)
		r->err = LW_EINVAL;
}
static void put_confidential(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->confidential);
}
static void get_confidential(struct lw_reader *r, struct keys_request *q)
{
	q->confidential = get_bool(r);
}
static void put_rotate(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->rotate);
}
static void get_rotate(struct lw_reader *r, struct keys_request *q)
{
	q->rotate = get_bool(r);
}
static void put_now(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->at_once);
}
static void get_now(struct lw_reader *r, struct keys_request *q)
{
	q->at_once = get_bool(r);
}
static void put_login(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->name);
	lw_put_counted(w, q->user);
}
static void get_login(struct lw_reader *r, struct keys_request *q)
{
	q->name = lw_get_counted(r, KEYS_MAX_NAME);
	q->user = lw_get_counted(r, KEYS_MAX_NAME);
}
static void put_kind(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->kind);
}
static void get_kind(struct lw_reader *r, struct keys_request *q)
{
	q->kind = lw_get_u8(r);
	if ((q->kind == 0 || q->kind >= KEYS_KIND_COUNT) && !r->err)
		r->err = LW_EINVAL;
}
static void put_alg(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->alg);
}
static void get_alg(struct lw_reader *r, struct keys_request *q)
{
	q->alg = lw_get_counted(r, KEYS_MAX_ALG);
}
static void put_profile(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->profile);
}
static void get_profile(struct lw_reader *r, struct keys_request *q)
{
	q->profile = lw_get_counted(r, KEYS_MAX_PROFILE);
	if (q->profile.n && memchr(q->profile.p, 0, q->profile.n) && !r->err) /* to the rules it would be another one */
		r->err = LW_EINVAL;
}
static void put_serial(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->serial);
}
static void get_serial(struct lw_reader *r, struct keys_request *q)
{
	q->serial = lw_get_counted(r, KEYS_MAX_SERIAL);
}
static void put_tenant_name(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->name);
}
static void get_tenant_name(struct lw_reader *r, struct keys_request *q)
{
	q->name = lw_get_counted(r, KEYS_MAX_NAME);
}
static void put_public(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->what);
}
static void get_public(struct lw_reader *r, struct keys_request *q)
{
	q->what = lw_get_u8(r);
	if ((q->what == 0 || q->what >= KEYS_PUBLIC_COUNT) && !r->err)
		r->err = LW_EINVAL;
}
static void put_ocsp(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->ocsp);
}
static void get_ocsp(struct lw_reader *r, struct keys_request *q)
{
	q->ocsp = lw_get_counted(r, KEYS_MAX_OCSP);
}
static void put_file(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->file);
}
static void get_file(struct lw_reader *r, struct keys_request *q)
{
	q->file = lw_get_counted(r, KEYS_MAX_FILE);
}

static void put_leaf(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->leaf);
}
static void get_leaf(struct lw_reader *r, struct keys_request *q)
{
	q->leaf = lw_get_counted(r, KEYS_MAX_LEAF);
}
/* Time and life are never negative. */
static int64_t get_us(struct lw_reader *r)
{
	int64_t us = (int64_t)lw_get_u64(r);

	if (us < 0 && !r->err)
		r->err = LW_EINVAL;
	return us;
}
static uint8_t get_one_of(struct lw_reader *r, uint8_t last)
{
	uint8_t v = lw_get_u8(r);

	if ((v == 0 || v > last) && !r->err)
		r->err = LW_EINVAL;
	return v;
}
static void put_order(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_u8(w, q->token_type);
	lw_put_counted(w, q->user);
	lw_put_counted(w, q->audience);
	lw_put_counted(w, q->request_id);
	lw_put_u64(w, (uint64_t)q->life);
	lw_put_u64(w, (uint64_t)q->not_before);
}
static void get_order(struct lw_reader *r, struct keys_request *q)
{
	q->token_type = get_one_of(r, KEYS_JWT_TOKEN);
	q->user = lw_get_counted(r, KEYS_MAX_NAME);
	q->audience = lw_get_counted(r, KEYS_MAX_URI);
	q->request_id = lw_get_counted(r, KEYS_MAX_TOKEN_ID);
	q->life = get_us(r);
	q->not_before = get_us(r);
}
static void put_assertion(struct lw_writer *w, const struct keys_request *q)
{
	lw_put_counted(w, q->fields);
	lw_put_counted(w, q->signature);
	lw_put_u8(w, q->as);
	lw_put_u64(w, (uint64_t)q->renewable);
}
static void get_assertion(struct lw_reader *r, struct keys_request *q)
{
	q->fields = lw_get_counted(r, KEYS_MAX_FIELDS);
	q->signature = lw_get_counted(r, KEYS_MAX_SIGNATURE);
	q->as = get_one_of(r, KEYS_AS_TARGET);
	q->renewable = get_us(r);
}

static const struct {
	void (*put)(struct lw_writer *, const struct keys_request *);
	void (*get)(struct lw_reader *, struct keys_request *);
} fields[KEYS_F_COUNT] = {
	[KEYS_F_TOKEN] = { put_token, get_token },
	[KEYS_F_TENANT] = { put_tenant, get_tenant },
	[KEYS_F_SUBJECT] = { put_subject, get_subject },
	[KEYS_F_PASSWORD] = { put_password, get_password },
	[KEYS_F_OLD] = { put_old, get_old },
	[KEYS_F_SOURCE] = { put_source, get_source },
	[KEYS_F_VERSION] = { put_version, get_version },
	[KEYS_F_NEW] = { put_new, get_new },
	[KEYS_F_NEW_TENANT] = { put_new_tenant, get_new_tenant },
	[KEYS_F_CSR] = { put_csr, get_csr },
	[KEYS_F_ROOT] = { put_root, get_root },
	[KEYS_F_ROLE] = { put_role, get_role },
	[KEYS_F_AUTH_TIME] = { put_auth_time, get_auth_time },
	[KEYS_F_CONFIDENTIAL] = { put_confidential, get_confidential },
	[KEYS_F_ROTATE] = { put_rotate, get_rotate },
	[KEYS_F_LOGIN] = { put_login, get_login },
	[KEYS_F_KIND] = { put_kind, get_kind },
	[KEYS_F_ALG] = { put_alg, get_alg },
	[KEYS_F_PROFILE] = { put_profile, get_profile },
	[KEYS_F_SERIAL] = { put_serial, get_serial },
	[KEYS_F_TENANT_NAME] = { put_tenant_name, get_tenant_name },
	[KEYS_F_PUBLIC] = { put_public, get_public },
	[KEYS_F_OCSP] = { put_ocsp, get_ocsp },
	[KEYS_F_LEAF] = { put_leaf, get_leaf },
	[KEYS_F_FILE] = { put_file, get_file },
	[KEYS_F_ORDER] = { put_order, get_order },
	[KEYS_F_ASSERTION] = { put_assertion, get_assertion },
	[KEYS_F_NOW] = { put_now, get_now },
};

void keys_request_put(struct lw_writer *w, const struct keys_row *row, const struct keys_request *q)
{
	lw_put_u8(w, KEYS_MSG_VERSION);
	lw_put_u16(w, row->id);
	for (const uint8_t *f = row->fields; *f; f++)
		fields[*f].put(w, q);
}

int keys_request_get(struct lw_bytes in, const struct keys_row **ret_row, struct keys_request *ret)
{
	struct keys_request q = { 0 };
	const struct keys_row *row;
	struct lw_reader r;
	uint8_t version;
	int err;

	lw_reader_init(&r, in);
	version = lw_get_u8(&r);
	q.id = lw_get_u16(&r);
	if (r.err)
		return r.err;
	if (version != KEYS_MSG_VERSION)
		return LW_EVERSION;
	row = keys_row(q.id);
	if (!row)
		return LW_EUNSUPPORTED;
	for (const uint8_t *f = row->fields; *f; f++)
		fields[*f].get(&r, &q);
	err = lw_reader_end(&r);
	if (err)
		return err;
	*ret_row = row;
	*ret = q;
	return LW_OK;
}

/* ---- answer fields ---- */
static void put_a_token(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_counted(w, a->token);
}
static void get_a_token(struct lw_reader *r, struct keys_answer *a)
{
	a->token = lw_get_counted(r, LW_CAP_MAX);
}
static void put_a_items(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_u8(w, (uint8_t)a->nitems);
	for (size_t i = 0; i < a->nitems; i++) {
		lw_put_u16(w, a->items[i].attr);
		lw_put_u8(w, (uint8_t)a->items[i].cls);
		lw_put_u64(w, a->items[i].generation);
		lw_put_counted(w, a->items[i].sealed);
	}
}
static void get_a_items(struct lw_reader *r, struct keys_answer *a)
{
	size_t n = lw_get_u8(r);

	if (n > KEYS_MAX_ITEMS && !r->err)
		r->err = LW_ELIMIT;
	for (size_t i = 0; i < n && !r->err; i++) {
		a->items[i].attr = lw_get_u16(r);
		a->items[i].cls = lw_get_u8(r);
		a->items[i].generation = lw_get_u64(r);
		a->items[i].sealed = lw_get_counted(r, KEYS_MAX_SEALED);
	}
	a->nitems = r->err ? 0 : n;
}
static void put_a_blob(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_counted(w, a->blob);
}
static void get_a_blob(struct lw_reader *r, struct keys_answer *a)
{
	a->blob = lw_get_counted(r, KEYS_MAX_BLOB);
}
static void put_a_time(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_u64(w, (uint64_t)a->time);
}
static void get_a_time(struct lw_reader *r, struct keys_answer *a)
{
	a->time = (int64_t)lw_get_u64(r);
}
static void put_a_pem(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_counted(w, a->pem);
}
static void get_a_pem(struct lw_reader *r, struct keys_answer *a)
{
	a->pem = lw_get_counted(r, KEYS_MAX_PEM);
}
static void put_a_from(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_u64(w, (uint64_t)a->from);
}
static void get_a_from(struct lw_reader *r, struct keys_answer *a)
{
	a->from = (int64_t)lw_get_u64(r);
}
static void put_a_token_id(struct lw_writer *w, const struct keys_answer *a)
{
	lw_put_counted(w, a->token_id);
}
static void get_a_token_id(struct lw_reader *r, struct keys_answer *a)
{
	a->token_id = lw_get_counted(r, KEYS_MAX_TOKEN_ID);
}

static const struct {
	void (*put)(struct lw_writer *, const struct keys_answer *);
	void (*get)(struct lw_reader *, struct keys_answer *);
} answers[KEYS_A_COUNT] = {
	[KEYS_A_TOKEN] = { put_a_token, get_a_token },
	[KEYS_A_ITEMS] = { put_a_items, get_a_items },
	[KEYS_A_BLOB] = { put_a_blob, get_a_blob },
	[KEYS_A_TIME] = { put_a_time, get_a_time },
	[KEYS_A_PEM] = { put_a_pem, get_a_pem },
	[KEYS_A_FROM] = { put_a_from, get_a_from },
	[KEYS_A_TOKEN_ID] = { put_a_token_id, get_a_token_id },
};

void keys_answer_put(struct lw_writer *w, const struct keys_row *row, int err, const struct keys_answer *a)
{
	lw_put_u16(w, (uint16_t)err);
	if (err) {
		lw_put_str(w, a ? a->text : "");
		return;
	}
	for (const uint8_t *f = row->answer; *f; f++)
		answers[*f].put(w, a);
}

int keys_answer_get(struct lw_bytes in, const struct keys_row *row, struct keys_answer *ret)
{
	struct keys_answer a = { 0 };
	struct lw_reader r;
	int err;

	lw_reader_init(&r, in);
	err = lw_get_u16(&r);
	if (err) {
		struct lw_bytes text = lw_get_counted(&r, sizeof(a.text) - 1);

		if (lw_reader_end(&r) || err >= LW_ERR_COUNT)
			return LW_EINTERNAL;
		memset(ret, 0, sizeof(*ret));
		if (text.n)
			memcpy(ret->text, text.p, text.n);
		return err;
	}
	for (const uint8_t *f = row->answer; *f; f++)
		answers[*f].get(&r, &a);
	if (lw_reader_end(&r))
		return LW_EINTERNAL;
	*ret = a;
	return LW_OK;
}
