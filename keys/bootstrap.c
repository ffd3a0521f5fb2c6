/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/keys: made as a whole beside its place and renamed; read by keyd at start.
 *
 *   master.key                0600  the master key (keys/master.c)
 *   root.key.sealed           0600  the root's private key, sealed; may be taken away and kept off-line
 *   root.pem                  0644
 *   installation.key.sealed   0600
 *   installation.pem          0644
 *   mac.secret.sealed         0600  what the keys of MACs come from; keyd makes it where older data have none */
#include "keys/keyd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"

static const struct keys_builders *builders;

void keys_builders(const struct keys_builders *b)
{
	builders = b;
}

const struct keys_builders *keyd_builders(void)
{
	return builders;
}

int keyd_read_file(
        const char *dir, const char *name, struct lw_arena *arena, struct lw_bytes *ret, char err[256])
{
	char path[4096];
	struct stat st;
	uint8_t *p;
	int fd, rc = LW_EIO;

	if ((size_t)snprintf(path, sizeof(path), "%s/keys/%s", dir, name) >= sizeof(path)) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(err, 256, "%.200s: %s%s", path, strerror(errno),
		        errno == ENOENT ? ": restore it from a backup" : "");
		rc = errno == ENOENT ? LW_ENOTFOUND : errno == EACCES ? LW_EACCES : LW_EIO;
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > KEYD_FILE_MAX) {
		snprintf(err, 256, "%.180s is not a file of 1 to %d octets: restore it from a backup", path,
		        KEYD_FILE_MAX);
		rc = LW_EINVAL;
		goto out;
	}
	p = lw_alloc(arena, (size_t)st.st_size);
	if (!p || read(fd, p, (size_t)st.st_size) != st.st_size) {
		snprintf(err, 256, "%.200s: can't be read", path);
		goto out;
	}
	*ret = (struct lw_bytes){ p, (size_t)st.st_size };
	rc = LW_OK;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

static int write_file(const char *dir, const char *name, mode_t mode, struct lw_bytes what, char err[256])
{
	char path[4096];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path)) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0 && fchmod(fd, mode) == 0 && write(fd, what.p, what.n) == (ssize_t)what.n &&
	        fsync(fd) == 0 && close(fd) == 0)
		return LW_OK;
	snprintf(err, 256, "%.200s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return LW_EIO;
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && fsync(fd) == 0 ? LW_OK : LW_EIO;

	if (fd >= 0)
		close(fd);
	return rc;
}

int keyd_replace_file(const char *dir, const char *name, mode_t mode, struct lw_bytes what, char err[256])
{
	char sub[4000], from[4096], to[4096], tmp[64];
	int rc;

	snprintf(tmp, sizeof(tmp), "%.50s.new", name);
	if ((size_t)snprintf(sub, sizeof(sub), "%s/keys", dir) >= sizeof(sub) ||
	        (size_t)snprintf(from, sizeof(from), "%s/%s", sub, tmp) >= sizeof(from) ||
	        (size_t)snprintf(to, sizeof(to), "%s/%s", sub, name) >= sizeof(to)) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	unlink(from); /* of an attempt that was cut short */
	rc = write_file(sub, tmp, mode, what, err);
	if (!rc && (rename(from, to) < 0 || sync_dir(sub))) {
		snprintf(err, 256, "%.200s: %s", to, strerror(errno));
		rc = LW_EIO;
	}
	return rc;
}

int keyd_remove_file(const char *dir, const char *name, char err[256])
{
	char sub[4000], path[4096];

	if ((size_t)snprintf(sub, sizeof(sub), "%s/keys", dir) >= sizeof(sub) ||
	        (size_t)snprintf(path, sizeof(path), "%s/%s", sub, name) >= sizeof(path)) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	if (unlink(path) == 0 && sync_dir(sub) == LW_OK)
		return LW_OK;
	snprintf(err, 256, "%.200s: %s", path, strerror(errno));
	return LW_EIO;
}

#define FILES 6
struct file {
	const char *name;
	mode_t mode;
	struct lw_bytes what;
};

/* Everything in memory first. */
static int make_all(const char *hostname, const struct lw_clock *clock, struct lw_arena *a,
        struct file files[FILES], char err[256])
{
	uint8_t key[32], mac[32], master_file[KEYS_MASTER_FILE];
	struct lw_bytes root_key, root_pem, ca_key, ca_pem, root_sealed, ca_sealed, master, mac_sealed;
	struct keys_master *m = NULL;
	char why[200] = "out of memory";
	int rc = LW_ENOMEM;

	lw_random(key, sizeof(key));
	lw_random(mac, sizeof(mac));
	keys_master_encode(key, master_file);
	master = lw_dup(a, (struct lw_bytes){ master_file, sizeof(master_file) });
	m = keys_master_from(key);
	if (!m || !master.p)
		goto out;
	rc = builders->root(hostname, lw_wall(clock), a, &root_key, &root_pem, why);
	if (!rc)
		rc = builders->installation(
		        root_key, root_pem, hostname, lw_wall(clock), a, &ca_key, &ca_pem, why);
	if (!rc)
		rc = keys_master_seal(m, KEYD_ROOT_SEAL, root_key, a, &root_sealed);
	if (!rc)
		rc = keys_master_seal(m, KEYD_CA_SEAL, ca_key, a, &ca_sealed);
	if (!rc)
		rc = keys_master_seal(m, KEYD_MAC_SEAL, (struct lw_bytes){ mac, sizeof(mac) }, a, &mac_sealed);
	if (rc)
		goto out;
	files[0] = (struct file){ "master.key", 0600, master };
	files[1] = (struct file){ "root.key.sealed", 0600, root_sealed };
	files[2] = (struct file){ "root.pem", 0644, root_pem };
	files[3] = (struct file){ "installation.key.sealed", 0600, ca_sealed };
	files[4] = (struct file){ "installation.pem", 0644, ca_pem };
	files[5] = (struct file){ KEYD_MAC_FILE, 0600, mac_sealed };
out:
	if (rc)
		snprintf(err, 256, "keys and certificates: %s", why);
	keys_master_free(m);
	lw_wipe(key, sizeof(key));
	lw_wipe(mac, sizeof(mac));
	lw_wipe(master_file, sizeof(master_file));
	return rc;
}

int keys_bootstrap(const char *dir, const char *hostname, const struct lw_clock *clock, char err[256])
{
	struct file files[FILES] = { 0 };
	char tmp[4000], final[4000], path[4096];
	struct lw_arena *a;
	bool made = false;
	int rc;

	if (!builders) {
		snprintf(err, 256, "no certificate builders are registered");
		return LW_EINTERNAL;
	}
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s/keys.new.XXXXXX", dir) >= sizeof(tmp)) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	snprintf(final, sizeof(final), "%s/keys", dir);
	if (access(final, F_OK) == 0) {
		snprintf(err, 256, "%.200s is there already", final);
		return LW_EEXIST;
	}
	a = lw_arena_new(1u << 20, true);
	rc = a ? make_all(hostname, clock, a, files, err) : LW_ENOMEM;
	if (rc)
		goto out;
	if (!mkdtemp(tmp)) { /* 0700 */
		snprintf(err, 256, "%.200s: %s", tmp, strerror(errno));
		rc = LW_EIO;
		goto out;
	}
	made = true;
	for (int i = 0; i < FILES && !rc; i++)
		rc = write_file(tmp, files[i].name, files[i].mode, files[i].what, err);
	if (rc)
		goto out;
	/* rename() takes an empty directory's place, but not that of one with keys in it */
	if (sync_dir(tmp) || rename(tmp, final) < 0) {
		snprintf(err, 256, "%.200s: %s", final, strerror(errno));
		rc = errno == ENOTEMPTY || errno == EEXIST ? LW_EEXIST : LW_EIO;
		goto out;
	}
	made = false;
	rc = sync_dir(dir);
	if (rc)
		snprintf(err, 256, "%.200s: can't be synced to disk", dir);
out:
	if (made) {
		for (int i = 0; i < FILES; i++) {
			if (files[i].name && (size_t)snprintf(path, sizeof(path), "%s/%s", tmp,
			                             files[i].name) < sizeof(path))
				unlink(path);
		}
		rmdir(tmp);
	}
	lw_arena_free(a);
	return rc;
}
