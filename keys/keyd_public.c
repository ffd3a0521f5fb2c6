/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: what is public of its keys. Certificates, revocation lists, OCSP answers. */
#include "keys/sign.h"

#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "keys/token.h"

#define MINUTE    (60 * LW_SECOND)
#define HOUR      (60 * MINUTE)
#define DAY       (24 * HOUR)
#define CRL_LIFE  DAY
#define OCSP_LIFE HOUR
#define CRL_MAX   (64u << 20)
#define PAGE      256

/* ---- revocation lists of the root and of the installation CA: on the latter stand the CA certificates of tenants that were deleted ---- */

static int keep_list(struct keyd_crl *keep, struct lw_bytes der, uint64_t generation, int64_t now, int64_t next)
{
	struct lw_arena *arena = lw_arena_new(CRL_MAX, false);
	struct lw_bytes copy = arena ? lw_dup(arena, der) : (struct lw_bytes){ NULL, 0 };

	if (!copy.p) {
		lw_arena_free(arena);
		return LW_ENOMEM;
	}
	lw_arena_free(keep->arena);
	*keep = (struct keyd_crl){ arena, copy, generation, now, next };
	return LW_OK;
}

static bool fresh(const struct keyd_crl *kept, uint64_t generation, int64_t now)
{
	return kept->der.p && kept->generation == generation && now >= kept->made && now < kept->made + (kept->next - kept->made) / 2;
}

static int give(struct keys_call *c, struct lw_bytes what, int64_t until)
{
	c->a.blob = lw_dup(c->arena, what);
	c->a.time = until;
	return c->a.blob.p ? LW_OK : LW_ENOMEM;
}

/* What the installation CA has revoked. */
static int dead(struct keyd *k, struct lw_arena *arena, struct keys_revocation **ret, size_t *ret_n, uint64_t *ret_generation)
{
	int64_t since = lw_wall(k->clock) - DAY;
	struct keys_revocation *v;
	struct store_revoked *r;
	size_t n, m = 0;
	int err = k->store ? store_revoked(k->store, arena, &r, &n, ret_generation) : LW_EUNAVAIL;

	if (err)
		return err;
	v = lw_allocn(arena, n + 1, sizeof(*v));
	if (!v)
		return LW_ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (r[i].not_after >= since)
			v[m++] = (struct keys_revocation){ { r[i].serial, r[i].n_serial }, r[i].when, r[i].reason };
	*ret = v;
	*ret_n = m;
	return LW_OK;
}

static void signed_list(uint32_t tenant)
{
	lw_audit(&(struct lw_audit){ .event = LW_AUDIT_KEY_USE, .protocol = LW_AUDIT_KEYD, .tenant = tenant, .detail = LW_LIT("revocation list") });
}

static int installation_crl(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	struct keyd_crl *kept = &k->crl[0];
	int64_t now = lw_wall(k->clock);
	struct ca_signer *signer = NULL;
	struct keys_revocation *revoked;
	struct lw_bytes der;
	char why[200] = "";
	uint64_t generation;
	size_t n;
	int err = dead(k, c->arena, &revoked, &n, &generation);

	(void)t, (void)r, (void)l;
	if (err)
		return err;
	pthread_mutex_lock(&k->lock);
	err = fresh(kept, generation, now) ? give(c, kept->der, now + MINUTE) : LW_EAGAIN;
	pthread_mutex_unlock(&k->lock);
	if (err != LW_EAGAIN)
		return err;
	err = keyd_installation(k, c->arena, &signer, why);
	if (!err)
		err = keyd_ca_builders()->crl(signer, (uint64_t)now, revoked, n, now, now + CRL_LIFE, c->arena, &der, why);
	if (!err)
		signed_list(0);
	if (signer)
		keyd_ca_builders()->unload(signer);
	if (err) {
		lw_log(LW_ERROR, "revocation list", "of", "installation", "why", why, NULL);
		return err;
	}
	pthread_mutex_lock(&k->lock);
	err = keep_list(kept, der, generation, now, now + CRL_LIFE);
	pthread_mutex_unlock(&k->lock);
	return err ? err : give(c, der, now + MINUTE);
}

int keyd_root_crl(struct keyd *k, struct lw_arena *arena, struct lw_bytes key, int64_t next, char why[256])
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	int64_t now = lw_wall(k->clock);
	struct ca_signer *signer;
	struct lw_bytes der;
	int err = b->load(key, keyd_root_pem(k), &signer, why);

	if (err)
		return err;
	err = b->crl(signer, (uint64_t)now, NULL, 0, now, next, arena, &der, why);
	b->unload(signer);
	if (!err)
		err = keyd_replace_file(k->dir, "root.crl", 0644, der, why);
	if (err)
		return err;
	pthread_mutex_lock(&k->lock);
	err = keep_list(&k->crl[1], der, 0, now, next);
	pthread_mutex_unlock(&k->lock);
	return err;
}

/* Signed anew while the root's key is here; what was left behind when it went is good until the next installation CA. */
static int root_crl(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	int64_t now = lw_wall(k->clock);
	struct lw_bytes key, der;
	char why[256] = "";
	int err;

	(void)t, (void)r, (void)l;
	pthread_mutex_lock(&k->lock);
	err = fresh(&k->crl[1], 0, now) ? give(c, k->crl[1].der, now + HOUR) : LW_EAGAIN;
	pthread_mutex_unlock(&k->lock);
	if (err != LW_EAGAIN)
		return err;
	err = keyd_read_file(k->dir, "root.key.sealed", c->arena, &key, why);
	if (!err)
		err = keys_master_open(k->master, KEYD_ROOT_SEAL, key, c->arena, &key);
	if (!err)
		err = keyd_root_crl(k, c->arena, key, now + KEYD_ROOT_CRL_LIFE, why);
	if (err && err != LW_ENOTFOUND)
		lw_log(LW_ERROR, "revocation list", "of", "root", "why", why, NULL);
	/* with the file there is one in any case */
	err = keyd_read_file(k->dir, "root.crl", c->arena, &der, why);
	return err == LW_ENOTFOUND ? LW_EUNAVAIL : err ? err : give(c, der, now + HOUR);
}

/* ---- a tenant's ---- */

static int collect(struct keyd *k, struct store_txn *txn, struct lw_arena *arena, struct keys_revocation **ret, size_t *ret_n)
{
	int64_t since = lw_wall(k->clock) - DAY; /* each is listed once more after its end (RFC 5280 3.3) */
	struct keys_revocation *v = NULL, *more;
	struct store_cert page[PAGE];
	uint64_t after = 0;
	size_t n = 0, got = PAGE;
	int err = LW_OK;

	while (!err && got == PAGE) {
		err = store_cert_revoked(txn, since, &after, page, PAGE, &got);
		more = err || !got ? NULL : realloc(v, (n + got) * sizeof(*v));
		if (!err && got && !more)
			err = LW_ENOMEM;
		for (size_t i = 0; !err && i < got; i++) {
			v = more;
			v[n++] = (struct keys_revocation){ lw_dup(arena, page[i].serial), page[i].revoked_at, page[i].reason };
		}
	}
	if (!err && lw_arena_failed(arena))
		err = LW_ENOMEM;
	if (err) {
		free(v);
		return err;
	}
	*ret = v;
	*ret_n = n;
	return LW_OK;
}

/* Under the lists' lock: who asks meanwhile waits for the same one. */
static int sign_list(struct keyd *k, struct store_txn *txn, struct keyd_ca *ca, size_t i, uint64_t generation, char why[200])
{
	struct lw_arena *arena = lw_arena_new(CRL_MAX, false);
	int64_t now = lw_wall(k->clock);
	struct keys_revocation *v = NULL;
	struct lw_bytes der;
	size_t n = 0;
	int err = arena ? collect(k, txn, arena, &v, &n) : LW_ENOMEM;

	if (!err)
		err = keyd_ca_builders()->crl(ca->signer[i], (uint64_t)now, v, n, now, now + CRL_LIFE, arena, &der, why);
	free(v);
	if (err) {
		lw_arena_free(arena);
		return err;
	}
	lw_arena_free(ca->list[i].arena);
	ca->list[i] = (struct keyd_list){ arena, der, generation, now };
	return LW_OK;
}

/* Which key is asked about: TENANT/KEY, else the current one. */
static int set_of(const struct keys_call *c, const struct keyd_loaded *l, size_t *ret)
{
	const uint8_t *slash = memchr(c->q.name.p, '/', c->q.name.n);
	struct lw_bytes key;

	*ret = 0;
	if (!slash)
		return LW_OK;
	key = (struct lw_bytes){ slash + 1, (size_t)(c->q.name.p + c->q.name.n - slash - 1) };
	for (size_t i = 0; i < l->sets.n; i++) {
		if (lw_eq(lw_str(l->sets.v[i].id), key)) {
			*ret = i;
			return LW_OK;
		}
	}
	return LW_ENOTFOUND;
}

static int ca_crl(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	struct keyd_ca *ca = l->it;
	int64_t now = lw_wall(k->clock);
	const struct keyd_list *list;
	char why[200] = "";
	uint64_t generation;
	size_t i;
	int err = set_of(c, l, &i);

	if (err)
		return err;
	err = store_cert_generation(r->txn, &generation);
	if (err)
		return err;
	pthread_mutex_lock(&ca->lock);
	list = &ca->list[i];
	if (!list->der.p || list->generation != generation || now < list->made || now >= list->made + CRL_LIFE / 2) {
		err = sign_list(k, r->txn, ca, i, generation, why);
		if (!err)
			signed_list(t->id);
	}
	if (!err)
		err = give(c, list->der, now + MINUTE);
	pthread_mutex_unlock(&ca->lock);
	if (err)
		lw_log(LW_ERROR, "revocation list", "tenant", t->name, "error", lw_errname(err), "why", why, NULL);
	return err;
}

/* ---- certificates ---- */

static int root_pem(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	(void)t, (void)r, (void)l;
	return give(c, keyd_root_pem(k), lw_wall(k->clock) + HOUR);
}

static int installation_der(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	unsigned epoch;
	int err = keyd_ca_builders()->der(keyd_installation_pem(k, &epoch), c->arena, &c->a.blob);

	(void)t, (void)r, (void)l;
	c->a.time = lw_wall(k->clock) + HOUR;
	return err;
}

static int ca_pem(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	struct lw_writer w;
	unsigned epoch;
	int err;

	(void)t, (void)r;
	lw_writer_init(&w, KEYS_MAX_BLOB);
	for (size_t i = 0; i < l->sets.n; i++)
		lw_put_bytes(&w, l->sets.v[i].cert);
	lw_put_bytes(&w, keyd_installation_pem(k, &epoch));
	for (size_t i = 0; i < l->sets.n; i++) /* last: for who trusts a former one and not the root */
		lw_put_bytes(&w, l->sets.v[i].cross);
	err = w.err ? w.err : give(c, lw_written(&w), lw_wall(k->clock) + MINUTE);
	lw_writer_done(&w);
	return err;
}

static int ca_der(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	size_t i;
	int err = set_of(c, l, &i);

	(void)t, (void)r;
	c->a.time = lw_wall(k->clock) + MINUTE;
	return err ? err : keyd_ca_builders()->der(l->sets.v[i].cert, c->arena, &c->a.blob);
}

/* ---- what verifies tokens ---- */
static int signers(struct keyd *k, struct keys_call *c, const struct store_tenant *t, struct keyd_reading *r, struct keyd_loaded *l)
{
	const struct keyd_signers *s = l->it;
	int64_t keep = keyd_rotation_now(k).overlap / 2; /* whoever keeps them has the next one before it signs */
	struct lw_writer w;
	int err;

	(void)t, (void)r;
	lw_writer_init(&w, KEYS_MAX_BLOB);
	err = s->builder->publish(s->v, s->pem, s->n, &w);
	if (!err)
		err = give(c, lw_written(&w), lw_wall(k->clock) + (keep < MINUTE ? keep : MINUTE));
	lw_writer_done(&w);
	return err;
}

/* kind 0: of the installation. */
static const struct {
	enum keys_kind kind;
	int (*make)(struct keyd *, struct keys_call *, const struct store_tenant *, struct keyd_reading *, struct keyd_loaded *);
} forms[KEYS_PUBLIC_COUNT] = {
	[KEYS_ROOT_PEM] = { 0, root_pem },
	[KEYS_ROOT_CRL] = { 0, root_crl },
	[KEYS_INSTALLATION_DER] = { 0, installation_der },
	[KEYS_INSTALLATION_CRL] = { 0, installation_crl },
	[KEYS_CA_PEM] = { KEYS_CA, ca_pem },
	[KEYS_CA_DER] = { KEYS_CA, ca_der },
	[KEYS_CA_CRL] = { KEYS_CA, ca_crl },
	[KEYS_JWKS] = { KEYS_JWT, signers },
	[KEYS_SAML_CERTS] = { KEYS_SAML, signers },
};

/* By name, enabled, with its keys at hand. All are the caller's to end, also after an error. */
static int open_tenant(struct keyd *k, struct keys_call *c, enum keys_kind kind, bool keyed, struct store_tenant *t, struct keyd_reading *r,
        struct keyd_loaded **ret)
{
	const uint8_t *slash = memchr(c->q.name.p, '/', c->q.name.n);
	struct lw_bytes name = { c->q.name.p, slash ? (size_t)(slash - c->q.name.p) : c->q.name.n };
	int err = slash && !keyed ? LW_ENOTFOUND : keyd_tenant_named(k, c->arena, name, t);

	if (!err)
		err = keyd_begin(k, t->id, r);
	if (err)
		return err;
	err = keyd_load(k, t, r->txn, kind, ret);
	if (kind != KEYS_CA && (err == LW_ENOTFOUND || (!err && !keyd_kind(kind)->whole(&(*ret)->sets))))
		err = LW_EAGAIN;
	return err;
}

int keyd_public(struct keyd *k, struct keys_call *c)
{
	struct keyd_reading r = { NULL, NULL };
	struct keyd_loaded *l = NULL;
	struct store_tenant t;
	enum keys_kind kind = forms[c->q.what].kind;
	int err = LW_OK;

	if (!forms[c->q.what].make)
		return LW_EUNSUPPORTED;
	if (!keyd_ca_builders())
		return LW_EUNAVAIL;
	if (!kind && c->q.name.n)
		return LW_EINVAL;
	if (kind)
		err = open_tenant(k, c, kind, c->q.what == KEYS_CA_DER || c->q.what == KEYS_CA_CRL, &t, &r, &l);
	if (!err)
		err = forms[c->q.what].make(k, c, &t, &r, l);
	keyd_unload(k, l);
	keyd_end(&r);
	return err;
}

/* ---- OCSP ---- */

struct asked {
	struct store_txn *txn;
	const struct keyd_ca *ca;
};

/* Of an intent nobody knows a certificate: what was signed for it has never been given out. */
static int status(void *ctx, size_t signer, struct lw_bytes serial, enum keys_status *ret, struct keys_revocation *ret_when)
{
	const struct asked *a = ctx;
	struct store_cert cert;
	int err = serial.n <= STORE_CERT_SERIAL_MAX ? store_cert(a->txn, serial, &cert) : LW_ENOTFOUND;

	*ret = KEYS_STATUS_UNKNOWN;
	if (err)
		return err == LW_ENOTFOUND ? LW_OK : err;
	if (cert.state == STORE_CERT_IS_INTENT || (a->ca->n > 1 && !keyd_ca_builders()->issued(a->ca->signer[signer], cert.der)))
		return LW_OK;
	*ret = cert.state == STORE_CERT_IS_REVOKED ? KEYS_STATUS_REVOKED : KEYS_STATUS_GOOD;
	*ret_when = (struct keys_revocation){ serial, cert.revoked_at, cert.reason };
	return LW_OK;
}

int keyd_ocsp(struct keyd *k, struct keys_call *c)
{
	struct keyd_reading r = { NULL, NULL };
	struct keyd_loaded *l = NULL;
	struct store_tenant t;
	struct asked a;
	int64_t now = lw_wall(k->clock);
	char why[200] = "";
	int err = keyd_ca_builders() ? open_tenant(k, c, KEYS_CA, false, &t, &r, &l) : LW_EUNAVAIL;

	if (!err) {
		a = (struct asked){ r.txn, l->it };
		err = keyd_ca_builders()->ocsp((const struct ca_signer *const *)a.ca->signer, a.ca->n, c->q.ocsp, status, &a, now,
		        now + OCSP_LIFE, c->arena, &c->a.blob, why);
	}
	keyd_unload(k, l);
	keyd_end(&r);
	return err;
}
