/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: the gate before every handler, and the small handlers. */
#include "keys/keyd.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "base/log.h"
#include "keys/sign.h"

#define LANE_WAITING        (KEYD_THREADS - 32) /* the others are for what signs */
#define LANE_WAITING_TENANT (LANE_WAITING * 3 / 4)
static const struct lw_bytes NONE = { NULL, 0 };

int keyd_mint(struct keyd *k, struct keys_call *c, struct lw_cap *cap)
{
	return keyd_mint_for(k, c, c->from, cap);
}

int keyd_mint_for(struct keyd *k, struct keys_call *c, enum lw_role_id role, struct lw_cap *cap)
{
	struct keys_token t;
	int err;

	cap->role = (uint8_t)role;
	err = keys_cap_mint(&k->cap_key, cap, &t);
	if (err)
		return err;
	c->a.token = lw_dup(c->arena, (struct lw_bytes){ t.b, t.n });
	lw_wipe(&t, sizeof(t));
	return c->a.token.p ? LW_OK : LW_ENOMEM;
}

int keyd_session(struct keyd *k, struct keys_call *c, const struct lw_cap *cap, struct lw_session **ret)
{
	int err;

	if (!k->store)
		return LW_EUNAVAIL;
	err = store_session_cap(k->store, cap, ret);
	if (!err)
		/* without a source in the message: the channel it was minted on */
		store_session_channel(
		        *ret, c->q.addr.n ? c->q.confidential : (cap->flags & LW_CAP_CONFIDENTIAL) != 0);
	return err;
}

void keyd_log(struct keyd *k, const char *event, const struct keys_call *c, int err)
{
	char subject[LW_UUID_TEXT], target[LW_UUID_TEXT], tenant[16], addr[64];

	(void)k;
	lw_uuid_format(&c->cap.subject, subject);
	lw_uuid_format(&c->q.subject, target);
	snprintf(tenant, sizeof(tenant), "%u", c->q.tenant ? c->q.tenant : c->cap.tenant);
	snprintf(addr, sizeof(addr), "%.*s", (int)c->q.addr.n, c->q.addr.n ? (const char *)c->q.addr.p : "");
	lw_log(err ? LW_WARN : LW_INFO, event, "tenant", tenant, "subject", subject, "target", target, "from",
	        addr, "result", err ? lw_errname(err) : "OK", NULL);
}

/* ---- handlers that hash nothing ---- */

static int h_operator(struct keyd *k, struct keys_call *c)
{
	struct lw_cap cap = { .tenant = c->q.tenant,
		.methods = LW_CAP_PEERCRED,
		.flags = LW_CAP_OPERATOR | LW_CAP_CONFIDENTIAL };

	if (c->q.tenant) {
		struct store_tenant t;
		int err = k->store ? store_tenant_by_id(k->store, c->arena, c->q.tenant, &t) : LW_ENOTFOUND;

		if (err)
			return err;
		cap.tenant_uuid = t.uuid;
	}
	cap.auth_time = lw_wall(k->clock);
	cap.expiry = cap.auth_time + KEYS_CAP_LIFE;
	return keyd_mint(k, c, &cap);
}

static int h_check(struct keyd *k, struct keys_call *c)
{
	(void)k, (void)c; /* the gate did it */
	return LW_OK;
}

static bool may_renew(struct keyd *k, const struct lw_cap *cap)
{
	int64_t now = lw_mono(k->clock);
	bool found = false;

	pthread_mutex_lock(&k->lock);
	for (unsigned i = 0; i < KEYD_RENEWALS && !found; i++) {
		const struct keyd_renewal *r = &k->renewals[i];

		found = r->until > now && memcmp(r->cap_id, cap->id, sizeof(cap->id)) == 0 &&
		        r->tenant == cap->tenant && lw_uuid_eq(&r->subject, &cap->subject);
	}
	pthread_mutex_unlock(&k->lock);
	return found;
}

static int h_renew(struct keyd *k, struct keys_call *c)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	struct store_principal p;
	struct lw_cap cap = c->cap;
	int err;

	if (!k->store || !may_renew(k, &cap))
		return LW_EAUTH;
	err = store_session_role(k->store, cap.tenant, STORE_ROLE_AUTH, &s);
	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_principal_uuid(txn, &cap.subject, &p);
	store_end(txn);
	store_session_free(s);
	if (err)
		return err == LW_ENOTFOUND ? LW_EREVOKED : err;
	/* One step ahead is its own change; two mean that somebody else's came after it. */
	if (p.disabled || p.credential_version > cap.credential_version + 1)
		return LW_EREVOKED;
	cap.credential_version = p.credential_version;
	return keyd_mint(k, c, &cap);
}

static int h_ca_pem(struct keyd *k, struct keys_call *c)
{
	unsigned epoch;

	c->a.blob = c->q.root ? keyd_root_pem(k) : keyd_installation_pem(k, &epoch);
	return LW_OK;
}

static int h_ping(struct keyd *k, struct keys_call *c)
{
	struct lw_bytes key;

	return keyd_ca_key(k, c->arena, &key);
}

/* ---- the rows' handlers ---- */

static int (*const handlers[])(struct keyd *, struct keys_call *) = {
	[KEYS_MSG_VERIFY] = keyd_verify,
	[KEYS_MSG_OPERATOR] = h_operator,
	[KEYS_MSG_CHECK] = h_check,
	[KEYS_MSG_RENEW] = h_renew,
	[KEYS_MSG_SET_PASSWORD] = keyd_set_password,
	[KEYS_MSG_UNLOCK] = keyd_unlock,
	[KEYS_MSG_TENANT_NEW] = keyd_tenant_new,
	[KEYS_MSG_TLS_CERT] = keyd_tls_cert,
	[KEYS_MSG_CA_PEM] = h_ca_pem,
	[KEYS_MSG_PING] = h_ping,
	[KEYS_MSG_KERBEROS_KEY] = keyd_kerberos_key,
	[KEYS_MSG_KERBEROS_CAP] = keyd_kerberos_cap,
	[KEYS_MSG_CHECK_FORWARDED] = h_check,
	[KEYS_MSG_KEYTAB] = keyd_keytab,
	[KEYS_MSG_REALM_KEYS] = keyd_realm_keys,
	[KEYS_MSG_REALM_LIST] = keyd_realm_list,
	[KEYS_MSG_LOGIN] = keyd_login,
	[KEYS_MSG_ADOPT] = keyd_adopt,
	[KEYS_MSG_DUE] = keyd_due,
	[KEYS_MSG_WANT] = keyd_want,
	[KEYS_MSG_ROTATE] = keyd_rotate,
	[KEYS_MSG_LIST] = keyd_list,
	[KEYS_MSG_CERT] = keyd_cert,
	[KEYS_MSG_CERT_CAP] = keyd_cert_cap,
	[KEYS_MSG_PUBLIC] = keyd_public,
	[KEYS_MSG_OCSP] = keyd_ocsp,
	[KEYS_MSG_ROOT_EXPORT] = keyd_root_export,
	[KEYS_MSG_ROOT_IMPORT] = keyd_root_import,
	[KEYS_MSG_CA_RENEW] = keyd_ca_renew,
	[KEYS_MSG_MASTER_ROTATE] = keyd_master_rotate,
	[KEYS_MSG_MASTER_REWRAP] = keyd_master_rewrap,
	[KEYS_MSG_TOKEN_ISSUE] = keyd_token_issue,
	[KEYS_MSG_ASSERTION_ACCEPT] = keyd_assertion_accept,
	[KEYS_MSG_TENANT_END] = keyd_tenant_end,
	[KEYS_MSG_FORGET] = keyd_forget,
	[KEYS_MSG_AUDIT_TAKE] = keyd_audit_take,
	[KEYS_MSG_AUDIT_MAC] = keyd_audit_mac,
};

/* ---- gates: what a row needs, shown before its handler runs ---- */

static int gate_nothing(struct keyd *k, struct keys_call *c)
{
	(void)k;
	lw_log(LW_ERROR, "message without a right", "message", c->row->name, NULL);
	return LW_EINTERNAL;
}

static int gate_password(struct keyd *k, struct keys_call *c)
{
	(void)k;
	return c->row->lane == KEYS_LANE_HASH
	               ? LW_OK
	               : LW_EINTERNAL; /* the handler evaluates it, as a reserved guess */
}

static int gate_peer(struct keyd *k, struct keys_call *c)
{
	(void)k, (void)c; /* `from` is the socket pair's, and the table has admitted it */
	return LW_OK;
}

static int gate_token(struct keyd *k, struct keys_call *c)
{
	return keys_cap_check(&k->cap_key, c->q.token, c->from, lw_wall(k->clock), &c->cap);
}

/* The decision itself has a target, and is the handler's first step (with row->verb). */
static int gate_verb(struct keyd *k, struct keys_call *c)
{
	int err = gate_token(k, c);

	if (!err && (c->row->verb == ACCESS_NONE || !keys_cap_may(&c->cap, c->row->verb)))
		err = LW_EACCES;
	return err;
}

int keyd_may(struct keyd *k, struct keys_call *c, enum access_verb verb, const struct lw_uuid *target,
        const struct schema_attr *attr)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	int err = keyd_session(k, c, &c->cap, &s);

	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_may(txn, verb, target, attr);
	store_end(txn);
	store_session_free(s);
	return err;
}

static int gate_installation(struct keyd *k, struct keys_call *c)
{
	struct store_tenant t;
	int err = gate_verb(k, c);

	if (err || (c->cap.flags & LW_CAP_OPERATOR))
		return err;
	if (!k->store)
		return LW_EACCES;
	err = store_tenant_by_id(k->store, c->arena, c->cap.tenant, &t);
	if (err || !t.system || !lw_uuid_eq(&t.uuid, &c->cap.tenant_uuid))
		return LW_EACCES;
	return keyd_may(k, c, c->row->verb, NULL, NULL); /* on the tenants of the installation */
}

static int gate_forwarded(struct keyd *k, struct keys_call *c)
{
	if (c->q.role != LW_ROLE_KDC && c->q.role != LW_ROLE_WEB)
		return LW_EACCES;
	return keys_cap_check(
	        &k->cap_key, c->q.token, (enum lw_role_id)c->q.role, lw_wall(k->clock), &c->cap);
}

static int (*const gates[KEYS_NEED_COUNT])(struct keyd *, struct keys_call *) = {
	[KEYS_NEED_NOTHING_IS_AN_ERROR] = gate_nothing,
	[KEYS_NEED_PASSWORD] = gate_password,
	[KEYS_NEED_PEER] = gate_peer,
	[KEYS_NEED_TOKEN] = gate_token,
	[KEYS_NEED_VERB] = gate_verb,
	[KEYS_NEED_INSTALLATION] = gate_installation,
	[KEYS_NEED_FORWARDED] = gate_forwarded,
};

void keyd_say(struct keys_call *c, const char *text)
{
	snprintf(c->a.text, sizeof(c->a.text), "%s", text);
	c->say = true;
}

static int run(struct keyd *k, struct keys_call *c, struct lw_bytes request)
{
	int err = keys_request_get(request, &c->row, &c->q);

	if (err)
		return err;
	if (!(c->row->from & 1u << c->from))
		return LW_EACCES;
	err = gates[c->row->need](k, c);
	if (err)
		return err;
	if (c->row->id >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[c->row->id])
		return LW_EINTERNAL;
	return handlers[c->row->id](k, c);
}

void keyd_handle(struct keyd *k, enum lw_role_id from, struct lw_bytes request, struct lw_writer *answer)
{
	struct keys_call c = { .from = from };
	unsigned turn = keyd_enter(k);
	int err;

	c.arena = lw_arena_new(KEYD_ARENA, true);
	err = c.arena ? request.n <= KEYS_MAX_REQUEST ? run(k, &c, request) : LW_ELIMIT : LW_ENOMEM;
	keyd_audit(k, &c, err);
	if (err && err != LW_EPWPOLICY && !c.say)
		c.a.text[0] = '\0';
	keys_answer_put(answer, c.row, err, &c.a);
	if (answer->err) { /* does not fit: say so in what always fits */
		err = answer->err;
		lw_writer_reset(answer);
		keys_answer_put(answer, c.row, err, NULL);
	}
	lw_arena_free(c.arena);
	lw_wipe(&c, sizeof(c));
	keyd_leave(k, turn);
}

void keyd_busy(struct lw_writer *answer)
{
	keys_answer_put(answer, NULL, LW_EBUSY, NULL);
}

/* ---- life ---- */

/* Whether the files of DIR/keys belong together: told now, in one line, not by each request later. */
static int check_files(struct keyd *k, char err[256])
{
	static const char *const names[] = { "root.pem", "installation.pem" };
	const struct lw_bytes pems[] = { k->root_pem, k->ca_pem };
	const struct keys_builders *b = keyd_builders();
	struct lw_bytes key, none;
	char why[256] = "";

	if (keyd_ca_key(k, k->files, &key)) {
		snprintf(err, 256, "%.80s/keys: master.key does not open installation.key.sealed: restore both from one backup",
		        k->dir);
		return LW_EINVAL;
	}
	lw_wipe((uint8_t *)(uintptr_t)key.p, key.n);
	for (int i = 0; b && i < 2; i++) {
		/* at the beginning of time nothing is due, but has been read */
		if (b->renew(NONE, k->root_pem, pems[i], 0, k->files, &none, why) == LW_EAGAIN)
			continue;
		snprintf(err, 256, "%.80s/keys/%s is not a certificate: restore it from a backup", k->dir, names[i]);
		return LW_EINVAL;
	}
	return LW_OK;
}

/* Data made before there was such a file get one: nothing was MACed then that is still good, for keyd's start was lwd's. */
static int mac_secret(struct keyd *k, char err[256])
{
	struct lw_bytes sealed, clear = { k->mac_secret, sizeof(k->mac_secret) };
	int rc = keyd_read_file(k->dir, KEYD_MAC_FILE, k->files, &sealed, err);

	if (rc == LW_ENOTFOUND) {
		lw_random(k->mac_secret, sizeof(k->mac_secret));
		rc = keys_master_seal(k->master, KEYD_MAC_SEAL, clear, k->files, &sealed);
		return rc ? rc : keyd_replace_file(k->dir, KEYD_MAC_FILE, 0600, sealed, err);
	}
	if (!rc && (keys_master_open(k->master, KEYD_MAC_SEAL, sealed, k->files, &clear) || clear.n != sizeof(k->mac_secret))) {
		snprintf(err, 256, "%.80s/keys: master.key does not open " KEYD_MAC_FILE ": restore both from one backup", k->dir);
		return LW_EINVAL;
	}
	if (!rc)
		memcpy(k->mac_secret, clear.p, clear.n);
	return rc;
}

int keyd_new(const char *dir, struct store *store, const struct lw_clock *clock, struct lw_bytes boot_id,
        char err[256], struct keyd **ret)
{
	struct keyd *k = calloc(1, sizeof(*k));
	uint8_t nothing[32];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int rc = LW_ENOMEM;

	snprintf(err, 256, "out of memory");
	if (!k)
		return LW_ENOMEM;
	pthread_mutex_init(&k->lock, NULL);
	pthread_mutex_init(&k->turning, NULL);
	k->dir = strdup(dir);
	k->store = store;
	k->clock = clock;
	k->policy = keys_policy_default;
	k->rotation = keys_rotation_default;
	schema_init();
	k->password = schema_attr(LW_LIT("userPassword"));
	k->krb_key = schema_attr(LW_LIT("krbPrincipalKey"));
	if (!k->password || !k->krb_key) {
		snprintf(err, 256, "the schema lacks userPassword or krbPrincipalKey");
		rc = LW_EINTERNAL;
		goto out;
	}
	k->files = lw_arena_new(16 * KEYD_FILE_MAX, true);
	k->guesses = keys_guesses_new(clock, &k->policy);
	k->lane = keys_lane_new(cores > 0 ? (unsigned)cores : 1, LANE_WAITING, LANE_WAITING_TENANT);
	k->cache = keyd_cache_new();
	k->spares = keyd_spares_new();
	if (!k->dir || !k->files || !k->guesses || !k->lane || !k->cache || !k->spares)
		goto out;
	rc = keys_master_load(dir, &k->master, err);
	if (!rc)
		rc = keyd_read_file(dir, "root.pem", k->files, &k->root_pem, err);
	if (!rc)
		rc = keyd_read_file(dir, "installation.pem", k->files, &k->ca_pem, err);
	if (!rc)
		rc = keyd_read_file(dir, "installation.key.sealed", k->files, &k->ca_key_sealed, err);
	if (rc)
		goto out;
	rc = check_files(k, err);
	if (rc)
		goto out;
	rc = keyd_master_tidy(k, err);
	if (!rc)
		rc = mac_secret(k, err);
	if (rc)
		goto out;
	keys_cap_key(k->mac_secret, boot_id, &k->cap_key);
	lw_hkdf((struct lw_bytes){ k->mac_secret, sizeof(k->mac_secret) }, (struct lw_bytes){ 0 }, LW_LIT("lwd audit 1"), k->audit_key,
	        sizeof(k->audit_key));
	lw_random(nothing, sizeof(nothing));
	rc = lw_argon2_hash((struct lw_bytes){ nothing, sizeof(nothing) }, k->dummy);
	lw_wipe(nothing, sizeof(nothing));
	if (rc)
		snprintf(err, 256, "argon2: %s", lw_strerror(rc));
out:
	if (rc)
		keyd_free(k);
	else
		*ret = k;
	return rc;
}

void keyd_free(struct keyd *k)
{
	if (!k)
		return;
	keys_lane_free(k->lane);
	keys_guesses_free(k->guesses);
	keys_master_free(k->master);
	lw_arena_free(k->files);
	free(k->dir);
	free(k->names);
	for (int i = 0; i < 2; i++)
		free(k->urls[i]);
	for (int i = 0; i < 2; i++)
		lw_arena_free(k->crl[i].arena);
	keyd_cache_free(k->cache);
	keyd_spares_free(k->spares);
	free(k->marks);
	pthread_mutex_destroy(&k->lock);
	pthread_mutex_destroy(&k->turning);
	lw_wipe(k, sizeof(*k));
	free(k);
}

void keyd_guesses(struct keyd *k, struct keys_guesses *g)
{
	keys_guesses_free(k->guesses);
	k->guesses = g;
}

int keyd_names(struct keyd *k, const char *hostname, const char *listen)
{
	struct lw_writer w;
	char *text;
	int err;

	lw_writer_init(&w, 8192);
	err = keys_listener_names(hostname, listen, true, &w);
	text = err ? NULL : (char *)lw_writer_take(&w, &(size_t){ 0 });
	if (!err && !text)
		err = LW_ENOMEM;
	if (text) {
		pthread_mutex_lock(&k->lock);
		free(k->names);
		k->names = text;
		pthread_mutex_unlock(&k->lock);
	}
	lw_writer_done(&w);
	return err;
}

int keyd_urls(struct keyd *k, const char *https, const char *http)
{
	char *urls[2] = { strdup(https), strdup(http) };

	if (!urls[0] || !urls[1]) {
		free(urls[0]);
		free(urls[1]);
		return LW_ENOMEM;
	}
	pthread_mutex_lock(&k->lock);
	for (int i = 0; i < 2; i++) {
		free(k->urls[i]);
		k->urls[i] = urls[i];
	}
	pthread_mutex_unlock(&k->lock);
	return LW_OK;
}

static char *url(struct keyd *k, int which, struct lw_arena *arena)
{
	char *ret;

	pthread_mutex_lock(&k->lock);
	ret = k->urls[which] ? lw_strdup(arena, k->urls[which]) : NULL;
	pthread_mutex_unlock(&k->lock);
	return ret;
}

char *keyd_https_url(struct keyd *k, struct lw_arena *arena)
{
	return url(k, 0, arena);
}

char *keyd_http_url(struct keyd *k, struct lw_arena *arena)
{
	return url(k, 1, arena);
}
