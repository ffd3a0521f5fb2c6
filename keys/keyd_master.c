/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: one master key follows another. In steps, each whole on the disk before the next, and each repeatable:
 *
 *   1. master.key.next is there. From here on everything is wrapped and sealed with it; both open.
 *   2. Each tenant's data keys are wrapped anew: keyd hands them out, directory writes them, in any number of requests.
 *   3. When the store has no others, the sealed files of DIR/keys are sealed anew.
 *   4. master.key.old becomes a second name of master.key, master.key.next takes its place, master.key.old is overwritten and removed.
 *
 * What is killed goes on after its restart: while there is a master.key.next directory asks, each minute and at its start. */
#include "keys/keyd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "base/log.h"

#define AWAY "the root's key is away, and sealed with the master key: bring it back (lwctl ca root import), rotate, and take it away again"
#define SOON "the former master key is still in use by requests under way; try again"

static const struct {
	const char *file, *seal;
} sealed[] = { { "root.key.sealed", KEYD_ROOT_SEAL }, { "installation.key.sealed", KEYD_CA_SEAL }, { KEYD_MAC_FILE, KEYD_MAC_SEAL } };

/* ---- requests under way: they may have in hand what only the former master key opens ---- */

unsigned keyd_enter(struct keyd *k)
{
	unsigned turn;

	pthread_mutex_lock(&k->lock);
	turn = k->turn & 1;
	k->under_way[turn]++;
	pthread_mutex_unlock(&k->lock);
	return turn;
}

void keyd_leave(struct keyd *k, unsigned turn)
{
	bool last;

	pthread_mutex_lock(&k->lock);
	last = --k->under_way[turn] == 0 && turn != (k->turn & 1);
	pthread_mutex_unlock(&k->lock);
	if (last)
		keys_master_forget(k->master);
}

/* ---- files ---- */

static int in_keys(struct keyd *k, const char *name, char ret[4096], char err[256])
{
	if ((size_t)snprintf(ret, 4096, "%s/keys/%s", k->dir, name) < 4096)
		return LW_OK;
	snprintf(err, 256, "the name of the data directory is too long");
	return LW_EINVAL;
}

static int sync_keys(struct keyd *k, char err[256])
{
	char path[4096];
	int rc = in_keys(k, "", path, err), fd = rc ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!rc && (fd < 0 || fsync(fd) != 0)) {
		snprintf(err, 256, "%.180s: %s", path, strerror(errno));
		rc = LW_EIO;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Overwritten where it lies, as far as the file system does that, and gone. */
static int destroy(struct keyd *k, const char *name, char err[256])
{
	uint8_t noise[KEYS_MASTER_FILE];
	char path[4096];
	int rc = in_keys(k, name, path, err), fd = rc ? -1 : open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (rc || (fd < 0 && errno == ENOENT))
		return rc;
	lw_random(noise, sizeof(noise));
	if (fd >= 0 && pwrite(fd, noise, sizeof(noise), 0) == (ssize_t)sizeof(noise) && fsync(fd) == 0 && unlink(path) == 0)
		rc = sync_keys(k, err);
	else {
		snprintf(err, 256, "%.180s: %s", path, strerror(errno));
		rc = LW_EIO;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* What an earlier attempt left behind. */
int keyd_master_tidy(struct keyd *k, char err[256])
{
	char path[4096];
	int rc;

	if (!keys_master_turning(k->master))
		return destroy(k, KEYS_MASTER_OLD, err);
	rc = in_keys(k, KEYS_MASTER_OLD, path, err); /* a second name of master.key, which is still needed */
	if (!rc && unlink(path) != 0 && errno != ENOENT) {
		snprintf(err, 256, "%.180s: %s", path, strerror(errno));
		rc = LW_EIO;
	}
	return rc;
}

static int turn_files(struct keyd *k, char err[256])
{
	char now[4096], next[4096], old[4096];
	int rc = in_keys(k, KEYS_MASTER_NAME, now, err);

	if (!rc)
		rc = in_keys(k, KEYS_MASTER_NEXT, next, err);
	if (!rc)
		rc = in_keys(k, KEYS_MASTER_OLD, old, err);
	if (!rc)
		rc = keyd_master_tidy(k, err);
	if (!rc && link(now, old) != 0) {
		snprintf(err, 256, "%.180s: %s", old, strerror(errno));
		rc = LW_EIO;
	}
	if (!rc)
		rc = sync_keys(k, err);
	if (!rc && rename(next, now) != 0) {
		snprintf(err, 256, "%.180s: %s", now, strerror(errno));
		rc = LW_EIO;
	}
	return rc ? rc : sync_keys(k, err);
}

static int reseal(struct keyd *k, struct lw_arena *arena, const char *file, const char *name, char err[256])
{
	struct lw_bytes old, clear, new, kept;
	int rc = keyd_read_file(k->dir, file, arena, &old, err);

	if (!rc && keys_master_open(k->master, name, old, arena, &clear)) {
		snprintf(err, 256, "%s does not open", file);
		rc = LW_EAUTH;
	}
	if (!rc)
		rc = keys_master_seal(k->master, name, clear, arena, &new);
	if (!rc)
		rc = keyd_replace_file(k->dir, file, 0600, new, err);
	if (rc || strcmp(name, KEYD_CA_SEAL) != 0)
		return rc;
	pthread_mutex_lock(&k->lock);
	kept = lw_dup(k->files, new);
	if (kept.p)
		k->ca_key_sealed = kept; /* an older one stays where it is */
	pthread_mutex_unlock(&k->lock);
	return kept.p ? LW_OK : LW_ENOMEM;
}

/* ---- the steps ---- */

static bool root_is_here(struct keyd *k)
{
	char path[4096], err[256];

	return in_keys(k, "root.key.sealed", path, err) == LW_OK && access(path, F_OK) == 0;
}

static int begin(struct keyd *k, char err[256])
{
	uint8_t key[32], file[KEYS_MASTER_FILE];
	int rc = LW_OK;

	if (keys_master_turning(k->master))
		return LW_OK; /* it goes on */
	if (keys_master_busy(k->master)) {
		memcpy(err, SOON, sizeof(SOON));
		return LW_EAGAIN;
	}
	if (!root_is_here(k)) {
		memcpy(err, AWAY, sizeof(AWAY));
		return LW_EAGAIN;
	}
	rc = keyd_master_tidy(k, err);
	lw_random(key, sizeof(key));
	keys_master_encode(key, file);
	if (!rc)
		rc = keyd_replace_file(k->dir, KEYS_MASTER_NEXT, 0600, (struct lw_bytes){ file, sizeof(file) }, err);
	if (!rc)
		rc = keys_master_next(k->master, key);
	lw_wipe(key, sizeof(key));
	lw_wipe(file, sizeof(file));
	return rc;
}

/* Needs the right of whoever makes tenants. */
int keyd_master_rotate(struct keyd *k, struct keys_call *c)
{
	char err[256] = "";
	int rc;

	pthread_mutex_lock(&k->turning);
	rc = begin(k, err);
	pthread_mutex_unlock(&k->turning);
	if (rc && err[0])
		keyd_say(c, err);
	keyd_log(k, "a new master key follows", c, rc);
	return rc;
}

/* LW_EAGAIN: one at least is still wrapped with the former. */
static int all_are_new(struct keyd *k, struct lw_arena *arena)
{
	struct store_tenant *v, one;
	size_t n;
	int rc = k->store ? store_tenant_list(k->store, arena, &v, &n) : LW_EUNAVAIL;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = store_tenant_by_id(k->store, arena, v[i].id, &one);
		if (rc == LW_ENOTFOUND)
			rc = LW_OK;
		else if (!rc && one.keys.n && !keys_master_is_newest(k->master, &one.uuid, one.keys))
			rc = LW_EAGAIN;
	}
	return rc;
}

static int finish(struct keyd *k, struct lw_arena *arena, char err[256])
{
	int rc = all_are_new(k, arena);

	if (!rc && !root_is_here(k)) { /* taken away by hand: what opens it is not destroyed */
		memcpy(err, AWAY, sizeof(AWAY));
		rc = LW_EUNWILLING;
	}
	for (size_t i = 0; !rc && i < sizeof(sealed) / sizeof(sealed[0]); i++)
		rc = reseal(k, arena, sealed[i].file, sealed[i].seal, err);
	if (!rc)
		rc = turn_files(k, err);
	if (rc)
		return rc;
	keys_master_turn(k->master);
	pthread_mutex_lock(&k->lock);
	k->turn++; /* this request is of the former: with it or a later one the former key goes */
	pthread_mutex_unlock(&k->lock);
	return destroy(k, KEYS_MASTER_OLD, err);
}

static int put_state(struct keyd *k, struct keys_call *c)
{
	char path[4096], err[256];
	struct lw_writer w;
	struct stat st;
	int rc = in_keys(k, KEYS_MASTER_NAME, path, err);

	if (!rc && stat(path, &st) != 0)
		rc = LW_EIO;
	lw_writer_init(&w, 64);
	lw_put_u8(&w, keys_master_turning(k->master));
	lw_put_u8(&w, root_is_here(k));
	lw_put_u64(&w, rc ? 0 : (uint64_t)st.st_mtim.tv_sec * LW_SECOND);
	if (!rc)
		rc = w.err;
	if (!rc) {
		c->a.blob = lw_dup(c->arena, lw_written(&w));
		rc = c->a.blob.p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	return rc;
}

/* A tenant's data keys, wrapped with the newest master key; nothing where they are already. Without a tenant: how it stands, having
 * finished, if that is wanted and nothing is left to be wrapped. */
int keyd_master_rewrap(struct keyd *k, struct keys_call *c)
{
	char err[256] = "";
	struct store_tenant t;
	int rc = LW_OK;

	if (c->q.tenant) {
		rc = k->store ? store_tenant_by_id(k->store, c->arena, c->q.tenant, &t) : LW_EUNAVAIL;
		if (rc == LW_ENOTFOUND || (!rc && (!t.keys.n || keys_master_is_newest(k->master, &t.uuid, t.keys))))
			return LW_OK;
		return rc ? rc : keys_master_rewrap(k->master, &t.uuid, t.keys, c->arena, &c->a.blob);
	}
	pthread_mutex_lock(&k->turning);
	if (c->q.rotate && keys_master_turning(k->master)) {
		rc = finish(k, c->arena, err);
		if (rc != LW_EAGAIN)
			lw_log(rc ? LW_ERROR : LW_INFO, "master key", "result", rc ? err[0] ? err : lw_errname(rc) : "rotated; the former one is destroyed", NULL);
	} else if (c->q.rotate) {
		rc = keyd_master_tidy(k, err);
	}
	if (!rc)
		rc = put_state(k, c);
	pthread_mutex_unlock(&k->turning);
	if (rc && err[0])
		keyd_say(c, err);
	return rc;
}
