/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's callers: what it issues, and its tenants' signing keys. */
#include "keys/client.h"

#include <string.h>
#include "base/err.h"

int keys_due(struct keys *k, uint32_t tenant, struct lw_arena *arena, struct store_sealed_item **ret, size_t *ret_n, int64_t *ret_next)
{
	struct keys_request q = { .id = KEYS_MSG_DUE, .tenant = tenant };
	struct keys_answer a;
	int err = keys_client_call(k, &q, arena, &a);

	if (!err)
		err = keys_client_items(arena, &a, ret, ret_n);
	if (!err)
		*ret_next = a.time;
	return err;
}

int keys_rotate(struct keys *k, struct lw_bytes token, uint32_t tenant, enum keys_kind kind, const char *alg, bool at_once,
        struct lw_arena *arena, struct store_sealed_item *ret, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_ROTATE, .token = token, .tenant = tenant, .kind = (uint8_t)kind, .alg = lw_str(alg), .at_once = at_once };
	struct keys_answer a = { 0 };
	int err = q.alg.n > KEYS_MAX_ALG ? LW_EINVAL : keys_client_call(k, &q, arena, &a);

	memcpy(why, a.text, sizeof(a.text));
	if (!err && a.nitems != 1)
		err = LW_EINTERNAL;
	if (!err)
		*ret = a.items[0];
	return err;
}

int keys_master_rotate(struct keys *k, struct lw_bytes token, char why[200])
{
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_request q = { .id = KEYS_MSG_MASTER_ROTATE, .token = token };
	struct keys_answer a = { 0 };
	int err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	memcpy(why, a.text, sizeof(a.text));
	lw_arena_free(arena);
	return err;
}

int keys_master_rewrap_tenant(struct keys *k, uint32_t tenant, struct lw_arena *arena, struct lw_bytes *ret)
{
	struct keys_request q = { .id = KEYS_MSG_MASTER_REWRAP, .tenant = tenant };
	struct keys_answer a;
	int err = tenant ? keys_client_call(k, &q, arena, &a) : LW_EINVAL;

	if (!err)
		*ret = a.blob;
	return err;
}

int keys_master_state(struct keys *k, bool finish, struct keys_master_state *ret, char why[200])
{
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_request q = { .id = KEYS_MSG_MASTER_REWRAP, .rotate = finish };
	struct keys_answer a = { 0 };
	struct keys_master_state s;
	struct lw_reader r;
	int err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	memcpy(why, a.text, sizeof(a.text));
	lw_reader_init(&r, a.blob);
	s.turning = lw_get_u8(&r) == 1;
	s.root_here = lw_get_u8(&r) == 1;
	s.since = (int64_t)lw_get_u64(&r);
	if (!err && lw_reader_end(&r))
		err = LW_EINTERNAL;
	if (!err)
		*ret = s;
	lw_arena_free(arena);
	return err;
}

#define SETS 32 /* at most, of all kinds */

static int read_set(struct lw_reader *r, struct lw_arena *arena, struct keys_set *s)
{
	s->kind = (enum keys_kind)lw_get_u8(r);
	s->id = (const char *)lw_dup(arena, lw_get_counted(r, 64)).p;
	s->alg = (const char *)lw_dup(arena, lw_get_counted(r, 64)).p;
	s->created = (int64_t)lw_get_u64(r);
	s->use_from = (int64_t)lw_get_u64(r);
	s->not_after = (int64_t)lw_get_u64(r);
	s->needed = (int64_t)lw_get_u64(r);
	s->next = (int64_t)lw_get_u64(r);
	s->state = (enum keys_state)lw_get_u8(r);
	return r->err || s->state < KEYS_STATE_NEXT || s->state >= KEYS_STATE_COUNT ? LW_EINTERNAL : s->id && s->alg ? LW_OK : LW_ENOMEM;
}

int keys_list(struct keys *k, struct lw_bytes token, uint32_t tenant, struct lw_arena *arena, struct keys_set **ret, size_t *ret_n)
{
	struct keys_request q = { .id = KEYS_MSG_LIST, .token = token, .tenant = tenant };
	struct keys_set *v = lw_allocn(arena, SETS, sizeof(*v));
	struct keys_answer a;
	struct lw_reader r;
	size_t n = 0;
	int err = v ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	if (err)
		return err;
	lw_reader_init(&r, a.blob);
	while (!err && n < SETS && lw_reader_left(&r))
		err = read_set(&r, arena, &v[n++]);
	if (!err && lw_reader_end(&r))
		err = LW_EINTERNAL;
	if (!err) {
		*ret = v;
		*ret_n = n;
	}
	return err;
}

int keys_cert(struct keys *k, struct lw_bytes token, const struct keys_cert_order *o, struct lw_arena *arena, struct keys_cert *ret, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_CERT,
		.token = token,
		.tenant = o->tenant,
		.subject = o->subject,
		.profile = lw_str(o->profile),
		.serial = o->serial,
		.csr = o->csr };
	struct keys_answer a = { 0 };
	int err = q.profile.n > KEYS_MAX_PROFILE || q.serial.n > KEYS_MAX_SERIAL || q.csr.n > KEYS_MAX_CSR ? LW_EINVAL :
		keys_client_call(k, &q, arena, &a);

	memcpy(why, a.text, sizeof(a.text));
	if (!err)
		*ret = (struct keys_cert){ a.blob, a.pem, a.from, a.time };
	return err;
}

int keys_public(struct keys *k, enum keys_public what, struct lw_bytes tenant, struct lw_arena *arena, struct lw_bytes *ret, int64_t *ret_until)
{
	struct keys_request q = { .id = KEYS_MSG_PUBLIC, .what = (uint8_t)what, .name = tenant };
	struct keys_answer a;
	int err = tenant.n > KEYS_MAX_NAME ? LW_ENOTFOUND : keys_client_call(k, &q, arena, &a);

	if (!err) {
		*ret = a.blob;
		*ret_until = a.time;
	}
	return err;
}

int keys_ocsp(struct keys *k, struct lw_bytes tenant, struct lw_bytes request, struct lw_arena *arena, struct lw_bytes *ret)
{
	struct keys_request q = { .id = KEYS_MSG_OCSP, .name = tenant, .ocsp = request };
	struct keys_answer a;
	int err;

	if (tenant.n > KEYS_MAX_NAME)
		return LW_ENOTFOUND;
	if (request.n > KEYS_MAX_OCSP) /* what is too long is as malformed as nothing */
		q.ocsp = LW_LIT("");
	err = keys_client_call(k, &q, arena, &a);
	if (!err)
		*ret = a.blob;
	return err;
}

int keys_root_export(struct keys *k, struct lw_bytes token, struct lw_bytes file, struct lw_arena *arena, struct lw_bytes *ret, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_ROOT_EXPORT, .token = token, .file = file };
	struct keys_answer a = { 0 };
	int err = file.n > KEYS_MAX_FILE ? LW_EINVAL : keys_client_call(k, &q, arena, &a);

	memcpy(why, a.text, sizeof(a.text));
	if (!err && !file.n)
		*ret = a.blob;
	return err;
}

int keys_root_import(struct keys *k, struct lw_bytes token, struct lw_bytes file, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_ROOT_IMPORT, .token = token, .file = file };
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_answer a = { 0 };
	int err = !arena ? LW_ENOMEM : file.n > KEYS_MAX_FILE || !file.n ? LW_EINVAL : keys_client_call(k, &q, arena, &a);

	memcpy(why, a.text, sizeof(a.text));
	lw_arena_free(arena);
	return err;
}

int keys_cert_cap(struct keys *k, uint32_t tenant, struct lw_bytes leaf, bool confidential, struct keys_token *ret_token,
	struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_CERT_CAP, .tenant = tenant, .leaf = leaf, .confidential = confidential };

	return leaf.n > KEYS_MAX_LEAF ? LW_EAUTH : keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_token_issue(struct keys *k, struct lw_bytes token, uint32_t tenant, const struct keys_token_order *o, struct lw_arena *arena,
        struct keys_issued *ret, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_TOKEN_ISSUE,
		.token = token,
		.tenant = tenant,
		.subject = o->subject,
		.user = o->subject_name,
		.token_type = (uint8_t)o->type,
		.audience = o->audience,
		.alg = o->alg,
		.request_id = o->request_id,
		.life = o->life,
		.not_before = o->not_before };
	struct keys_answer a = { 0 };
	int err = LW_EINVAL;

	if (o->life >= 0 && o->not_before >= 0 && q.user.n <= KEYS_MAX_NAME && q.audience.n <= KEYS_MAX_URI && q.alg.n <= KEYS_MAX_ALG &&
	        q.request_id.n <= KEYS_MAX_TOKEN_ID)
		err = keys_client_call(k, &q, arena, &a);
	memcpy(why, a.text, sizeof(a.text));
	if (!err)
		*ret = (struct keys_issued){ a.blob, a.token_id, a.from, a.time };
	return err;
}

int keys_accept_assertion(struct keys *k, struct lw_bytes tenant, struct lw_bytes fields, struct lw_bytes signature, enum keys_accept as,
        int64_t renewable, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_ASSERTION_ACCEPT,
		.name = tenant,
		.fields = fields,
		.signature = signature,
		.as = (uint8_t)as,
		.renewable = renewable };
	struct lw_arena *arena;
	struct keys_answer a;
	struct lw_reader r;
	struct lw_cap cap;
	int err;

	if (tenant.n > KEYS_MAX_NAME || fields.n > KEYS_MAX_FIELDS || signature.n > KEYS_MAX_SIGNATURE || renewable < 0)
		return LW_EAUTH;
	if (as == KEYS_AS_CREDENTIAL)
		return keys_client_token(k, &q, ret_token, ret_cap);
	arena = lw_arena_new(65536, true);
	err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;
	if (!err) {
		lw_reader_init(&r, a.blob);
		if (lw_cap_get(&r, &cap) || lw_reader_end(&r))
			err = LW_EINTERNAL;
		else
			*ret_cap = cap;
	}
	lw_arena_free(arena);
	return err;
}

int keys_ca_renew(struct keys *k, struct lw_bytes token, int64_t *ret_not_after, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_CA_RENEW, .token = token };
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_answer a = { 0 };
	int err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	memcpy(why, a.text, sizeof(a.text));
	lw_arena_free(arena);
	if (!err)
		*ret_not_after = a.time;
	return err;
}

/* ---- a tenant's end ---- */
#define CESSATION 5 /* cessationOfOperation, RFC 5280 5.3.1 */
#define REVOKED   64

int keys_tenant_end(struct keys *k, struct lw_bytes token, uint32_t tenant, struct lw_arena *arena, struct store_revoked **ret, size_t *ret_n,
        uint64_t *ret_generation)
{
	struct keys_request q = { .id = KEYS_MSG_TENANT_END, .token = token, .tenant = tenant };
	struct store_revoked *v = lw_allocn(arena, REVOKED, sizeof(*v));
	struct keys_answer a;
	struct lw_reader r;
	uint64_t generation;
	size_t n = 0;
	int err = v ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	if (err)
		return err;
	lw_reader_init(&r, a.blob);
	generation = lw_get_u64(&r);
	for (; n < REVOKED && !r.err && lw_reader_left(&r); n++) {
		struct lw_bytes serial = lw_get_counted(&r, sizeof(v[n].serial));

		v[n] = (struct store_revoked){ .n_serial = (uint8_t)serial.n, .not_after = (int64_t)lw_get_u64(&r), .reason = CESSATION };
		if (!r.err && serial.n)
			memcpy(v[n].serial, serial.p, serial.n);
	}
	if (lw_reader_end(&r))
		return LW_EINTERNAL;
	*ret = v;
	*ret_n = n;
	*ret_generation = generation;
	return LW_OK;
}

int keys_forget(struct keys *k)
{
	struct keys_request q = { .id = KEYS_MSG_FORGET };

	return keys_client_token(k, &q, NULL, NULL);
}

/* ---- upkeep ---- */
#define UPKEEP_RETRIES 4 /* of what somebody else changed meanwhile */
#define UPKEEP_ARENA   (4u << 20)

static int write_keys(struct store *store, uint32_t tenant, struct store_sealed_item *item)
{
	const struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = item, .nsecrets = 1 };
	struct store_result res;
	struct lw_session *s;
	int err = store_session_role(store, tenant, STORE_ROLE_UPKEEP, &s);

	if (err)
		return err;
	err = store_write(s, &op, &res);
	store_session_free(s);
	return err;
}

/* kind 0: what is due; else what is wanted. */
static int upkeep(struct keys *k, struct store *store, uint32_t tenant, uint8_t kind, int64_t *ret_next)
{
	struct keys_request q = { .id = kind ? KEYS_MSG_WANT : KEYS_MSG_DUE, .tenant = tenant, .kind = kind };
	int err = LW_EAGAIN;

	for (int i = 0; err == LW_EAGAIN && i < UPKEEP_RETRIES; i++) {
		struct lw_arena *arena = lw_arena_new(UPKEEP_ARENA, true);
		struct keys_answer a = { 0 };

		err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;
		for (size_t j = 0; !err && j < a.nitems; j++)
			err = write_keys(store, tenant, &a.items[j]);
		lw_arena_free(arena);
		if (!err)
			*ret_next = a.time;
	}
	return err;
}

int keys_upkeep(struct keys *k, struct store *store, uint32_t tenant, int64_t *ret_next)
{
	return upkeep(k, store, tenant, 0, ret_next);
}

int keys_want(struct keys *k, struct store *store, uint32_t tenant, enum keys_kind kind)
{
	int64_t none;

	return upkeep(k, store, tenant, (uint8_t)kind, &none);
}
