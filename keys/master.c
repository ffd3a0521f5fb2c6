/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/master.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "store/store.h"

/* File: "LWMK", u8 version, 3 zero octets, 32 octets of key, the first 8 of SHA-256 over all before. */
#define MASTER_VERSION 1
#define WRAP_VERSION   1

struct keys_master {
	uint8_t key[32], wrap[32], seal[32];
};

static const uint8_t classes[] = { STORE_SECRET_PASSWORD, STORE_SECRET_KERBEROS, STORE_SECRET_OTP,
	STORE_SECRET_SIGNING };
#define NCLASSES (sizeof(classes) / sizeof(classes[0]))

static void sub_key(const uint8_t key[32], const char *purpose, struct lw_bytes salt, uint8_t ret[32])
{
	lw_hkdf((struct lw_bytes){ key, 32 }, salt, lw_str(purpose), ret, 32);
}

struct keys_master *keys_master_from(const uint8_t key[32])
{
	struct keys_master *m =
	        mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
	(void)mlock(m, sizeof(*m)); /* may be refused: then it can be swapped out, no worse than the file */
	(void)madvise(m, sizeof(*m), MADV_DONTDUMP);
	memcpy(m->key, key, 32);
	sub_key(key, "lwd wrap 1", (struct lw_bytes){ NULL, 0 }, m->wrap);
	sub_key(key, "lwd installation 1", (struct lw_bytes){ NULL, 0 }, m->seal);
	(void)mprotect(m, sizeof(*m), PROT_READ);
	return m;
}

void keys_master_free(struct keys_master *m)
{
	if (!m)
		return;
	if (mprotect(m, sizeof(*m), PROT_READ | PROT_WRITE) == 0)
		lw_wipe(m, sizeof(*m));
	munmap(m, sizeof(*m));
}

void keys_master_encode(const uint8_t key[32], uint8_t ret[KEYS_MASTER_FILE])
{
	uint8_t sum[32];

	memset(ret, 0, KEYS_MASTER_FILE);
	memcpy(ret, "LWMK", 4);
	ret[4] = MASTER_VERSION;
	memcpy(ret + 8, key, 32);
	lw_hash(LW_SHA256, (struct lw_bytes){ ret, 40 }, sum);
	memcpy(ret + 40, sum, 8);
}

static int check_file(const char *path, const struct stat *st, const struct stat *dir, char err[256])
{
	uid_t me = geteuid();

	if (!S_ISREG(st->st_mode)) {
		snprintf(err, 256, "%.170s is not a regular file", path);
		return LW_EACCES;
	}
	if (st->st_uid != dir->st_uid || (me != 0 && st->st_uid != me)) {
		snprintf(err, 256, "%.170s belongs to uid %u, not to uid %u: chown it", path,
		        (unsigned)st->st_uid, (unsigned)(me ? me : dir->st_uid));
		return LW_EACCES;
	}
	if (st->st_mode & 077) {
		snprintf(err, 256, "%.170s is open to others (mode %04o): chmod 600 it", path,
		        (unsigned)st->st_mode & 07777);
		return LW_EACCES;
	}
	if (dir->st_mode & 022) {
		snprintf(err, 256,
		        "the directory of %.150s can be written by others (mode %04o): chmod 700 it", path,
		        (unsigned)dir->st_mode & 07777);
		return LW_EACCES;
	}
	if (st->st_size != KEYS_MASTER_FILE) {
		snprintf(err, 256, "%.170s has %lld octets, not %d: restore it from a backup", path,
		        (long long)st->st_size, KEYS_MASTER_FILE);
		return LW_EINVAL;
	}
	return LW_OK;
}

static int parse(
        const char *path, const uint8_t file[KEYS_MASTER_FILE], struct keys_master **ret, char err[256])
{
	uint8_t want[KEYS_MASTER_FILE];
	int rc = LW_OK;

	if (memcmp(file, "LWMK", 4) != 0) {
		snprintf(err, 256, "%.170s is not a master key: restore it from a backup", path);
		return LW_EINVAL;
	}
	if (file[4] != MASTER_VERSION) {
		snprintf(err, 256, "%.170s has format %u, this program knows %d", path, file[4],
		        MASTER_VERSION);
		return LW_EVERSION;
	}
	keys_master_encode(file + 8, want);
	if (memcmp(want, file, sizeof(want)) != 0) {
		snprintf(err, 256, "%.170s is damaged (checksum): restore it from a backup", path);
		rc = LW_EINVAL;
	} else {
		*ret = keys_master_from(file + 8);
		rc = *ret ? LW_OK : LW_ENOMEM;
	}
	lw_wipe(want, sizeof(want));
	return rc;
}

int keys_master_load(const char *dir, struct keys_master **ret, char err[256])
{
	char path[4096];
	struct stat st, dst;
	uint8_t file[KEYS_MASTER_FILE];
	struct keys_master *m = NULL;
	int fd = -1, rc = LW_EIO;

	snprintf(err, 256, "out of memory");
	if ((size_t)snprintf(path, sizeof(path), "%s/keys", dir) >= sizeof(path) - 16) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	if (stat(path, &dst) < 0) {
		snprintf(err, 256, "%.180s: %s (lwctl init makes it)", path, strerror(errno));
		return errno == ENOENT ? LW_ENOTFOUND : errno == EACCES ? LW_EACCES : LW_EIO;
	}
	snprintf(path + strlen(path), 16, "/master.key");
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(err, 256, "%.180s: %s%s", path, strerror(errno),
		        errno == ENOENT ? ": restore it from a backup" : "");
		rc = errno == ENOENT ? LW_ENOTFOUND : errno == EACCES || errno == ELOOP ? LW_EACCES : LW_EIO;
		goto out;
	}
	rc = check_file(path, &st, &dst, err);
	if (rc)
		goto out;
	if (read(fd, file, sizeof(file)) != (ssize_t)sizeof(file)) {
		snprintf(err, 256, "%.180s: can't be read", path);
		rc = LW_EIO;
		goto out;
	}
	rc = parse(path, file, &m, err);
	if (!rc) {
		*ret = m;
		err[0] = '\0';
	}
out:
	lw_wipe(file, sizeof(file));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- data keys: u8 version, u8 count, then u8 class and the sealed key, count times ---- */
static void wrap_ad(const struct lw_uuid *tenant, uint8_t cls, uint8_t ad[25])
{
	memcpy(ad, "lwdwrap1", 8);
	memcpy(ad + 8, tenant->b, 16);
	ad[24] = cls;
}

int keys_master_wrap_new(
        const struct keys_master *m, const struct lw_uuid *tenant, struct lw_arena *a, struct lw_bytes *ret)
{
	struct lw_writer w;
	uint8_t key[LW_AEAD_KEY], ad[25];
	int err;

	lw_writer_init(&w, 1024);
	lw_put_u8(&w, WRAP_VERSION);
	lw_put_u8(&w, NCLASSES);
	for (size_t i = 0; i < NCLASSES && !w.err; i++) {
		uint8_t *p;

		lw_put_u8(&w, classes[i]);
		p = lw_put_space(&w, LW_AEAD_KEY + LW_AEAD_OVERHEAD);
		if (!p)
			break;
		lw_random(key, sizeof(key));
		wrap_ad(tenant, classes[i], ad);
		w.err = lw_seal(m->wrap, (struct lw_bytes){ ad, sizeof(ad) },
		        (struct lw_bytes){ key, sizeof(key) }, p);
	}
	lw_wipe(key, sizeof(key));
	err = w.err;
	if (!err) {
		*ret = lw_dup(a, lw_written(&w));
		if (!ret->p)
			err = LW_ENOMEM;
	}
	lw_writer_done(&w);
	return err;
}

int keys_master_unwrap(const struct keys_master *m, const struct lw_uuid *tenant, struct lw_bytes wrapped,
        uint8_t cls, uint8_t ret[LW_AEAD_KEY])
{
	struct lw_bytes sealed = { NULL, 0 };
	struct lw_reader r;
	uint8_t ad[25];
	unsigned n;

	lw_reader_init(&r, wrapped);
	if (lw_get_u8(&r) != WRAP_VERSION)
		return r.err ? LW_EAUTH : LW_EVERSION;
	n = lw_get_u8(&r);
	for (unsigned i = 0; i < n && !r.err; i++) {
		uint8_t c = lw_get_u8(&r);
		struct lw_bytes b = lw_get_raw(&r, LW_AEAD_KEY + LW_AEAD_OVERHEAD);

		if (c == cls && !sealed.p)
			sealed = b;
	}
	if (lw_reader_end(&r))
		return LW_EAUTH;
	if (!sealed.p)
		return LW_ENOTFOUND;
	wrap_ad(tenant, cls, ad);
	return lw_open(m->wrap, (struct lw_bytes){ ad, sizeof(ad) }, sealed, ret);
}

int keys_master_seal(const struct keys_master *m, const char *name, struct lw_bytes in, struct lw_arena *a,
        struct lw_bytes *ret)
{
	uint8_t *p = lw_alloc(a, in.n + LW_AEAD_OVERHEAD);
	int err;

	if (!p)
		return LW_ENOMEM;
	err = lw_seal(m->seal, lw_str(name), in, p);
	if (!err)
		*ret = (struct lw_bytes){ p, in.n + LW_AEAD_OVERHEAD };
	return err;
}

int keys_master_open(const struct keys_master *m, const char *name, struct lw_bytes in, struct lw_arena *a,
        struct lw_bytes *ret)
{
	uint8_t *p;
	int err;

	if (in.n < LW_AEAD_OVERHEAD)
		return LW_EAUTH;
	p = lw_alloc(a, in.n);
	if (!p)
		return LW_ENOMEM;
	err = lw_open(m->seal, lw_str(name), in, p);
	if (!err)
		*ret = (struct lw_bytes){ p, in.n - LW_AEAD_OVERHEAD };
	return err;
}
