/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: the root's private key, taken away and brought back. It goes as it lies here, sealed with the master key. */
#include "keys/sign.h"

#include <string.h>
#include "base/err.h"
#include "base/log.h"

#define FILE_NAME "root.key.sealed"
#define TURNING   "the master key is being rotated, and the root's key with it: try again when that is done"
#define AWAY      "the root's key is away: bring it back with lwctl ca root import, and try again"

static int finish(struct keyd *k, struct keys_call *c, const char *event, int err, const char *why)
{
	if (err && err != LW_EACCES && why[0])
		keyd_say(c, why);
	keyd_log(k, event, c, err);
	return err;
}

/* First the file is given; when it comes back word for word, its owner has it, and it goes from here. Before that the root signs its
 * revocation list for as long as the installation CA lasts. */
static int export(struct keyd *k, struct keys_call *c)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	struct lw_bytes file, key;
	char why[256] = "";
	unsigned epoch;
	int err = c->cap.flags & LW_CAP_OPERATOR ? LW_OK : LW_EACCES;

	if (!err && !b)
		err = LW_EUNAVAIL;
	if (!err && keys_master_turning(k->master)) {
		memcpy(why, TURNING, sizeof(TURNING));
		err = LW_EAGAIN;
	}
	if (!err) {
		err = keyd_read_file(k->dir, FILE_NAME, c->arena, &file, why);
		if (err == LW_ENOTFOUND)
			memcpy(why, "the root's key is not here", sizeof("the root's key is not here"));
	}
	if (!err)
		err = keys_master_open(k->master, KEYD_ROOT_SEAL, file, c->arena, &key);
	if (!err && !c->q.file.n) {
		c->a.blob = file;
		return LW_OK;
	}
	if (!err && !lw_eq(file, c->q.file)) {
		memcpy(why, "this is not what was exported", sizeof("this is not what was exported"));
		err = LW_EINVAL;
	}
	if (!err)
		err = keyd_root_crl(k, c->arena, key, b->not_after(keyd_installation_pem(k, &epoch)), why);
	if (!err)
		err = keyd_remove_file(k->dir, FILE_NAME, why);
	return finish(k, c, "root key is taken away", err, why);
}

/* It is sealed with the master key of today. */
static int import(struct keyd *k, struct keys_call *c)
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	int64_t now = lw_wall(k->clock);
	struct ca_signer *signer;
	struct lw_bytes key, file;
	char why[256] = "";
	int err = c->cap.flags & LW_CAP_OPERATOR ? b ? LW_OK : LW_EUNAVAIL : LW_EACCES;

	if (!err && (keys_master_open(k->master, KEYD_ROOT_SEAL, c->q.file, c->arena, &key) ||
	                    b->load(key, keyd_root_pem(k), &signer, why))) {
		memcpy(why, "this is not the key of this installation's root", sizeof("this is not the key of this installation's root"));
		err = LW_EINVAL;
	} else if (!err) {
		b->unload(signer);
		err = keys_master_seal(k->master, KEYD_ROOT_SEAL, key, c->arena, &file);
		if (!err)
			err = keyd_replace_file(k->dir, FILE_NAME, 0600, file, why);
	}
	if (!err)
		err = keyd_root_crl(k, c->arena, key, now + KEYD_ROOT_CRL_LIFE, why);
	return finish(k, c, "root key is here again", err, why);
}

int keyd_root_export(struct keyd *k, struct keys_call *c)
{
	int err;

	pthread_mutex_lock(&k->turning);
	err = export(k, c);
	pthread_mutex_unlock(&k->turning);
	return err;
}

int keyd_root_import(struct keyd *k, struct keys_call *c)
{
	int err;

	pthread_mutex_lock(&k->turning);
	err = import(k, c);
	pthread_mutex_unlock(&k->turning);
	return err;
}

/* The installation CA's certificate anew, for the same key, before it is due: the one thing that waits while the root's key is away. */
int keyd_ca_renew(struct keyd *k, struct keys_call *c)
{
	struct lw_bytes key, pem, kept = { NULL, 0 };
	char why[256] = "";
	unsigned epoch;
	int err = c->cap.flags & LW_CAP_OPERATOR ? keyd_read_file(k->dir, FILE_NAME, c->arena, &key, why) : LW_EACCES;

	if (err == LW_ENOTFOUND) {
		memcpy(why, AWAY, sizeof(AWAY));
		err = LW_EAGAIN;
	}
	if (!err)
		err = keys_master_open(k->master, KEYD_ROOT_SEAL, key, c->arena, &key);
	if (!err)
		err = keyd_builders()->anew(key, keyd_root_pem(k), keyd_installation_pem(k, &epoch), lw_wall(k->clock), c->arena, &pem, why);
	if (!err)
		err = keyd_replace_file(k->dir, "installation.pem", 0644, pem, why);
	if (!err) {
		pthread_mutex_lock(&k->lock);
		kept = lw_dup(k->files, pem);
		if (kept.p) {
			k->ca_pem = kept;
			k->ca_epoch++;
		}
		pthread_mutex_unlock(&k->lock);
		err = kept.p ? LW_OK : LW_ENOMEM;
	}
	if (!err)
		c->a.time = keyd_ca_builders()->not_after(kept);
	return finish(k, c, "installation CA is renewed", err, why);
}
