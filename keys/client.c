/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's callers: the same encoders over a channel and within one process. */
#include "keys/keys.h"

#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/err.h"
#include "keys/cap.h"
#include "keys/client.h"

#define WAIT_SIGN (2 * LW_SECOND) /* for a keyd that is being restarted */
#define WAIT_HASH (5 * LW_SECOND) /* and what may be queued before it */
#define WAIT_MAKE (20 * LW_SECOND) /* for new RSA keys */

struct keys {
	struct lw_chan *chan;
	struct keyd *keyd; /* in process */
	bool owns_keyd;
	enum lw_role_id me;
};

struct keys *keys_over_chan(struct lw_chan *chan, enum lw_role_id me)
{
	struct keys *k = calloc(1, sizeof(*k));

	if (k) {
		k->chan = chan;
		k->me = me;
	}
	return k;
}

struct keys *keys_around(struct keyd *keyd, enum lw_role_id me)
{
	struct keys *k = keys_over_chan(NULL, me);

	if (k)
		k->keyd = keyd;
	return k;
}

int keys_in_process(
        const char *dir, struct store *store, const struct lw_clock *clock, struct keys **ret, char err[256])
{
	struct keys *k = keys_over_chan(NULL, LW_ROLE_DIRECTORY);
	uint8_t boot[16];
	int rc;

	if (!k)
		return LW_ENOMEM;
	lw_random(boot, sizeof(boot));
	rc = keyd_new(dir, store, clock, (struct lw_bytes){ boot, sizeof(boot) }, err, &k->keyd);
	k->owns_keyd = true;
	if (rc)
		free(k);
	else
		*ret = k;
	return rc;
}

void keys_free(struct keys *k)
{
	if (!k)
		return;
	if (k->owns_keyd)
		keyd_free(k->keyd);
	free(k);
}

static int call_in_process(
        struct keys *k, struct lw_bytes request, struct lw_arena *arena, struct lw_bytes *ret)
{
	struct lw_writer w;
	int err;

	lw_writer_init(&w, LW_CHAN_MAX);
	w.wipe = true;
	keyd_handle(k->keyd, k->me, request, &w);
	err = w.err;
	if (!err) {
		*ret = lw_dup(arena, lw_written(&w));
		if (!ret->p)
			err = LW_ENOMEM;
	}
	lw_writer_done(&w);
	return err;
}

static int64_t wait_for(const struct keys_row *row)
{
	return row->id == KEYS_MSG_DUE || row->id == KEYS_MSG_WANT || row->id == KEYS_MSG_ROTATE || row->id == KEYS_MSG_MASTER_REWRAP ? WAIT_MAKE : row->lane == KEYS_LANE_HASH ? WAIT_HASH : WAIT_SIGN;
}

int keys_client_call(struct keys *k, const struct keys_request *q, struct lw_arena *arena, struct keys_answer *ret)
{
	const struct keys_row *row = keys_row(q->id);
	struct lw_bytes answer;
	struct lw_writer w;
	int err;

	lw_writer_init(&w, KEYS_MAX_REQUEST);
	w.wipe = true;
	keys_request_put(&w, row, q);
	err = w.err;
	if (!err && k->chan)
		err = lw_chan_call(k->chan, lw_written(&w), wait_for(row), arena, &answer);
	else if (!err)
		err = call_in_process(k, lw_written(&w), arena, &answer);
	lw_writer_done(&w);
	return err ? err : keys_answer_get(answer, row, ret);
}

int keys_client_token(
        struct keys *k, const struct keys_request *q, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_answer a;
	struct lw_cap cap;
	int err;

	if (!arena)
		return LW_ENOMEM;
	err = keys_client_call(k, q, arena, &a);
	if (!err && ret_token) {
		err = keys_cap_decode(a.token, &cap) ? LW_EINTERNAL : LW_OK;
		if (!err) {
			memcpy(ret_token->b, a.token.p, a.token.n);
			ret_token->n = a.token.n;
			if (ret_cap)
				*ret_cap = cap;
		}
	}
	lw_arena_free(arena);
	return err;
}

static void set_source(struct keys_request *q, const struct keys_source *from)
{
	if (!from)
		return;
	q->addr =
	        (struct lw_bytes){ (const uint8_t *)from->addr, strnlen(from->addr, sizeof(from->addr) - 1) };
	q->confidential = from->confidential;
}

int keys_verify(struct keys *k, uint32_t tenant, const struct lw_uuid *subject, struct lw_bytes password,
        const struct keys_source *from, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct keys_request q = {
		.id = KEYS_MSG_VERIFY, .tenant = tenant, .subject = *subject, .password = password
	};

	if (password.n >
	        KEYS_MAX_PASSWORD) { /* no such password was ever set; a guess is counted all the same */
		q.password = LW_LIT("");
	}
	set_source(&q, from);
	return keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_login(struct keys *k, struct lw_bytes tenant, struct lw_bytes user, struct lw_bytes password,
        const struct keys_source *from, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_LOGIN, .name = tenant, .user = user, .password = password };

	/* nobody's: counted all the same */
	if (tenant.n > KEYS_MAX_NAME)
		q.name = LW_LIT("");
	if (user.n > KEYS_MAX_NAME)
		q.user = LW_LIT("");
	if (password.n > KEYS_MAX_PASSWORD)
		q.password = LW_LIT("");
	set_source(&q, from);
	return keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_adopt(struct keys *k, struct lw_bytes token, enum lw_role_id minted_for, struct keys_token *ret_token,
        struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_ADOPT, .token = token, .role = (uint8_t)minted_for };

	return token.n > LW_CAP_MAX ? LW_EAUTH : keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_operator(struct keys *k, uint32_t tenant, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_OPERATOR, .tenant = tenant };

	return keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_check(struct keys *k, struct lw_bytes token, struct lw_cap *ret)
{
	struct keys_request q = { .id = KEYS_MSG_CHECK, .token = token };
	int err;

	if (token.n > LW_CAP_MAX)
		return LW_EAUTH;
	err = keys_client_token(k, &q, NULL, NULL);
	return err ? err : keys_cap_decode(token, ret);
}

int keys_renew(struct keys *k, struct lw_bytes token, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_RENEW, .token = token };

	return keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_client_items(
        struct lw_arena *arena, const struct keys_answer *a, struct store_sealed_item **ret, size_t *ret_n)
{
	struct store_sealed_item *items = lw_allocn(arena, a->nitems ? a->nitems : 1, sizeof(*items));

	if (!items)
		return LW_ENOMEM;
	memcpy(items, a->items, a->nitems * sizeof(*items));
	*ret = items;
	*ret_n = a->nitems;
	return LW_OK;
}

int keys_set_password(struct keys *k, struct lw_bytes token, uint32_t tenant, const struct lw_uuid *target,
        uint64_t expect_version, const struct keys_new_entry *entry, struct lw_bytes old,
        struct lw_bytes password, const struct keys_source *from, struct lw_arena *arena,
        struct store_sealed_item **ret, size_t *ret_n, char text[200])
{
	struct keys_request q = { .id = KEYS_MSG_SET_PASSWORD,
		.token = token,
		.tenant = tenant,
		.subject = *target,
		.version = expect_version,
		.old = old,
		.password = password };
	struct keys_answer a = { 0 };
	int err;

	text[0] = '\0';
	if (password.n > KEYS_MAX_PASSWORD) {
		memcpy(text, "the password is too long", sizeof("the password is too long"));
		return LW_EPWPOLICY;
	}
	if (old.n > KEYS_MAX_PASSWORD)
		return LW_EAUTH;
	if (entry) {
		q.is_new = true;
		q.name = lw_str(entry->name);
		q.krb_name = lw_str(entry->krb_name);
		q.new_user = entry->user;
	}
	set_source(&q, from);
	err = keys_client_call(k, &q, arena, &a);
	memcpy(text, a.text, sizeof(a.text));
	return err ? err : keys_client_items(arena, &a, ret, ret_n);
}

int keys_unlock(struct keys *k, struct lw_bytes token, uint32_t tenant, const struct lw_uuid *target)
{
	struct keys_request q = {
		.id = KEYS_MSG_UNLOCK, .token = token, .tenant = tenant, .subject = *target
	};

	return keys_client_token(k, &q, NULL, NULL);
}

int keys_tenant_new(struct keys *k, struct lw_bytes token, const struct keys_tenant *t,
        struct lw_bytes password, struct lw_arena *arena, struct lw_bytes *ret_wrapped,
        struct store_sealed_item **ret, size_t *ret_n, char text[200])
{
	struct keys_request q = { .id = KEYS_MSG_TENANT_NEW,
		.token = token,
		.tenant_uuid = t->uuid,
		.name = lw_str(t->name),
		.realm = lw_str(t->realm),
		.admin_uuid = t->admin_uuid,
		.admin_name = lw_str(t->admin_name),
		.password = password };
	struct keys_answer a = { 0 };
	int err;

	text[0] = '\0';
	if (password.n > KEYS_MAX_PASSWORD) {
		memcpy(text, "the password is too long", sizeof("the password is too long"));
		return LW_EPWPOLICY;
	}
	err = keys_client_call(k, &q, arena, &a);
	memcpy(text, a.text, sizeof(a.text));
	if (!err && !a.nitems)
		err = LW_EINTERNAL;
	if (!err) {
		a.nitems--; /* the last are the krbtgt's */
		err = keys_client_items(arena, &a, ret, ret_n);
	}
	if (!err && t->ret_realm)
		*t->ret_realm = a.items[a.nitems];
	if (!err)
		*ret_wrapped = a.blob;
	return err;
}

int keys_kerberos_key(struct keys *k, uint32_t tenant, uint8_t ret[32])
{
	struct keys_request q = { .id = KEYS_MSG_KERBEROS_KEY, .tenant = tenant };
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_answer a;
	int err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	if (!err && a.blob.n != 32)
		err = LW_EINTERNAL;
	if (!err)
		memcpy(ret, a.blob.p, 32);
	lw_arena_free(arena);
	return err;
}

int keys_kerberos_cap(
        struct keys *k, const struct keys_kerberos *who, struct keys_token *ret_token, struct lw_cap *ret_cap)
{
	struct keys_request q = { .id = KEYS_MSG_KERBEROS_CAP,
		.tenant = who->tenant,
		.subject = who->subject,
		.auth_time = who->auth_time,
		.confidential = who->confidential,
		.role = (uint8_t)who->role };

	return keys_client_token(k, &q, ret_token, ret_cap);
}

int keys_check_forwarded(
        struct keys *k, struct lw_bytes token, enum lw_role_id minted_for, struct lw_cap *ret)
{
	struct keys_request q = {
		.id = KEYS_MSG_CHECK_FORWARDED, .token = token, .role = (uint8_t)minted_for
	};
	int err;

	if (token.n > LW_CAP_MAX)
		return LW_EAUTH;
	err = keys_client_token(k, &q, NULL, NULL);
	return err ? err : keys_cap_decode(token, ret);
}

int keys_keytab(struct keys *k, struct lw_bytes token, uint32_t tenant, const struct lw_uuid *target,
        bool rotate, struct lw_arena *arena, struct store_sealed_item **ret, size_t *ret_n,
        struct lw_bytes *ret_keytab)
{
	struct keys_request q = {
		.id = KEYS_MSG_KEYTAB, .token = token, .tenant = tenant, .subject = *target, .rotate = rotate
	};
	struct keys_answer a;
	int err = keys_client_call(k, &q, arena, &a);

	if (!err)
		err = keys_client_items(arena, &a, ret, ret_n);
	if (!err)
		*ret_keytab = a.blob;
	return err;
}

int keys_realm_keys(struct keys *k, struct lw_bytes token, uint32_t tenant, bool at_once, struct lw_arena *arena,
        struct store_sealed_item *ret, char why[200])
{
	struct keys_request q = { .id = KEYS_MSG_REALM_KEYS, .token = token, .tenant = tenant, .at_once = at_once };
	struct keys_answer a = { 0 };
	int err = keys_client_call(k, &q, arena, &a);

	memcpy(why, a.text, sizeof(a.text));
	if (!err && a.nitems != 1)
		err = LW_EINTERNAL;
	if (!err)
		*ret = a.items[0];
	return err;
}

int keys_realm_list(
        struct keys *k, struct lw_bytes token, uint32_t tenant, struct keys_realm_set *ret, size_t *ret_n)
{
	struct keys_request q = { .id = KEYS_MSG_REALM_LIST, .token = token, .tenant = tenant };
	struct lw_arena *arena = lw_arena_new(65536, true);
	struct keys_answer a;
	struct lw_reader r;
	size_t n = 0;
	int err = arena ? keys_client_call(k, &q, arena, &a) : LW_ENOMEM;

	if (!err) {
		lw_reader_init(&r, a.blob);
		for (; n < KEYS_REALM_SETS && lw_reader_left(&r); n++) {
			ret[n].kvno = lw_get_u32(&r);
			ret[n].set_time = (int64_t)lw_get_u64(&r);
			ret[n].needed = (int64_t)lw_get_u64(&r);
			ret[n].next = (int64_t)lw_get_u64(&r);
		}
		if (lw_reader_end(&r))
			err = LW_EINTERNAL;
		else
			*ret_n = n;
	}
	lw_arena_free(arena);
	return err;
}

int keys_tls_cert(struct keys *k, struct lw_bytes csr, struct lw_arena *arena, struct lw_bytes *ret_pem,
        int64_t *ret_not_after)
{
	struct keys_request q = { .id = KEYS_MSG_TLS_CERT, .csr = csr };
	struct keys_answer a;
	int err = keys_client_call(k, &q, arena, &a);

	if (!err) {
		*ret_pem = a.blob;
		*ret_not_after = a.time;
	}
	return err;
}

int keys_ca_pem(struct keys *k, bool root, struct lw_arena *arena, struct lw_bytes *ret_pem)
{
	struct keys_request q = { .id = KEYS_MSG_CA_PEM, .root = root };
	struct keys_answer a;
	int err = keys_client_call(k, &q, arena, &a);

	if (!err)
		*ret_pem = a.blob;
	return err;
}

int keys_ping(struct keys *k)
{
	struct keys_request q = { .id = KEYS_MSG_PING };

	return keys_client_token(k, &q, NULL, NULL);
}
