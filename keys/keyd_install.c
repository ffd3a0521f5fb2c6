/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: the installation's own certificates, the root's, the installation CA's and the listeners', each renewed in time. */
#include "keys/sign.h"

#include "base/err.h"
#include "base/log.h"

#define SAY_AGAIN (3600 * LW_SECOND)

static const struct lw_bytes NONE = { NULL, 0 };

struct lw_bytes keyd_root_pem(struct keyd *k)
{
	struct lw_bytes pem;

	pthread_mutex_lock(&k->lock);
	pem = k->root_pem;
	pthread_mutex_unlock(&k->lock);
	return pem;
}

int keyd_ca_key(struct keyd *k, struct lw_arena *arena, struct lw_bytes *ret)
{
	struct lw_bytes file;

	pthread_mutex_lock(&k->lock);
	file = k->ca_key_sealed;
	pthread_mutex_unlock(&k->lock);
	return keys_master_open(k->master, KEYD_CA_SEAL, file, arena, ret);
}

/* The certificate is in use from here on, stored or not. Under the lock. */
static int keep(struct keyd *k, struct lw_bytes pem, const char *file, const char *event, struct lw_bytes *ret)
{
	struct lw_bytes kept = lw_dup(k->files, pem); /* an older one stays where it is */
	char err[256] = "";
	int rc;

	if (!kept.p)
		return LW_ENOMEM;
	*ret = kept;
	k->ca_epoch++;
	rc = keyd_replace_file(k->dir, file, 0644, pem, err);
	lw_log(rc ? LW_WARN : LW_INFO, event, "stored", rc ? err : "yes", NULL);
	return LW_OK;
}

static void waits(struct keyd *k, const char *what, const char *why)
{
	int64_t now = lw_wall(k->clock);

	if (k->waits_said && now >= k->waits_said && now < k->waits_said + SAY_AGAIN)
		return;
	k->waits_said = now;
	lw_log(LW_ERROR, what, "why", why, "note", "it waits for the root's key: lwctl ca root import", NULL);
}

void keyd_installation_upkeep(struct keyd *k, struct lw_arena *arena)
{
	const struct keys_builders *b = keyd_builders();
	int64_t now = lw_wall(k->clock);
	struct lw_bytes key = NONE, pem;
	bool root, ca;
	char why[256] = "";
	int rc = LW_OK;

	pthread_mutex_lock(&k->lock);
	root = b->renew_root(NONE, k->root_pem, now, arena, &pem, why) != LW_EAGAIN;
	ca = b->renew(NONE, k->root_pem, k->ca_pem, now, arena, &pem, why) != LW_EAGAIN;
	if (root || ca) {
		rc = keyd_read_file(k->dir, "root.key.sealed", arena, &key, why);
		if (!rc)
			rc = keys_master_open(k->master, KEYD_ROOT_SEAL, key, arena, &key);
	}
	if (!rc && root) {
		rc = b->renew_root(key, k->root_pem, now, arena, &pem, why);
		if (!rc)
			rc = keep(k, pem, "root.pem", "root is renewed", &k->root_pem);
	}
	if (!rc && ca) {
		rc = b->renew(key, k->root_pem, k->ca_pem, now, arena, &pem, why);
		if (!rc)
			rc = keep(k, pem, "installation.pem", "installation CA is renewed", &k->ca_pem);
	}
	if (rc)
		waits(k, ca ? "installation CA is not renewed" : "root is not renewed", why[0] ? why : lw_errname(rc));
	pthread_mutex_unlock(&k->lock);
}

int keyd_tls_cert(struct keyd *k, struct keys_call *c)
{
	const struct keys_builders *b = keyd_builders();
	struct lw_bytes key, ca_pem;
	char why[200] = "", *names;
	unsigned epoch;
	int err;

	if (!b)
		return LW_EUNAVAIL;
	keyd_installation_upkeep(k, c->arena);
	ca_pem = keyd_installation_pem(k, &epoch);
	pthread_mutex_lock(&k->lock);
	names = k->names ? lw_strdup(c->arena, k->names) : NULL;
	pthread_mutex_unlock(&k->lock);
	if (!names)
		return LW_EUNAVAIL;
	err = keyd_ca_key(k, c->arena, &key);
	if (err)
		return err;
	err = b->listener(key, ca_pem, c->q.csr, names, lw_wall(k->clock), c->arena, &c->a.blob, &c->a.time, why);
	lw_log(err ? LW_WARN : LW_INFO, "certificate", "profile", "listener", "names", names, "result", err ? why : "OK", NULL);
	return err;
}
