/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/master.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "store/store.h"

/* File: "LWMK", u8 version, 3 zero octets, 32 octets of key, the first 8 of SHA-256 over all before. */
#define MASTER_VERSION 1
#define WRAP_VERSION   1

/* What comes from one master key. In memory of its own. */
struct derived {
	uint8_t wrap[32], seal[32];
};
enum which { NEXT, NOW, BEFORE, WHICH }; /* the newest first: what is made is made with it */
struct keys_master {
	pthread_rwlock_t lock;
	struct derived *d[WHICH];
};

static const uint8_t classes[] = { STORE_SECRET_PASSWORD, STORE_SECRET_KERBEROS, STORE_SECRET_OTP,
	STORE_SECRET_SIGNING };
#define NCLASSES (sizeof(classes) / sizeof(classes[0]))

static void sub_key(const uint8_t key[32], const char *purpose, uint8_t ret[32])
{
	lw_hkdf((struct lw_bytes){ key, 32 }, (struct lw_bytes){ NULL, 0 }, lw_str(purpose), ret, 32);
}

static struct derived *derive(const uint8_t key[32])
{
	struct derived *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (d == MAP_FAILED)
		return NULL;
	(void)mlock(d, sizeof(*d)); /* may be refused: then it can be swapped out, no worse than the file */
	(void)madvise(d, sizeof(*d), MADV_DONTDUMP);
	sub_key(key, "lwd wrap 1", d->wrap);
	sub_key(key, "lwd installation 1", d->seal);
	(void)mprotect(d, sizeof(*d), PROT_READ);
	return d;
}

static void forget(struct derived *d)
{
	if (!d)
		return;
	if (mprotect(d, sizeof(*d), PROT_READ | PROT_WRITE) == 0)
		lw_wipe(d, sizeof(*d));
	munmap(d, sizeof(*d));
}

struct keys_master *keys_master_from(const uint8_t key[32])
{
	struct keys_master *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->d[NOW] = derive(key);
	if (!m->d[NOW]) {
		free(m);
		return NULL;
	}
	pthread_rwlock_init(&m->lock, NULL);
	return m;
}

void keys_master_free(struct keys_master *m)
{
	if (!m)
		return;
	for (int i = 0; i < WHICH; i++)
		forget(m->d[i]);
	pthread_rwlock_destroy(&m->lock);
	free(m);
}

int keys_master_next(struct keys_master *m, const uint8_t key[32])
{
	struct derived *d = derive(key);
	int err = d ? LW_OK : LW_ENOMEM;

	pthread_rwlock_wrlock(&m->lock);
	if (!err && (m->d[NEXT] || m->d[BEFORE]))
		err = LW_EAGAIN;
	if (!err) {
		m->d[NEXT] = d;
		d = NULL;
	}
	pthread_rwlock_unlock(&m->lock);
	forget(d);
	return err;
}

bool keys_master_turning(struct keys_master *m)
{
	bool ret;

	pthread_rwlock_rdlock(&m->lock);
	ret = m->d[NEXT] != NULL;
	pthread_rwlock_unlock(&m->lock);
	return ret;
}

bool keys_master_busy(struct keys_master *m)
{
	bool ret;

	pthread_rwlock_rdlock(&m->lock);
	ret = m->d[NEXT] || m->d[BEFORE];
	pthread_rwlock_unlock(&m->lock);
	return ret;
}

void keys_master_turn(struct keys_master *m)
{
	pthread_rwlock_wrlock(&m->lock);
	if (m->d[NEXT]) {
		forget(m->d[BEFORE]);
		m->d[BEFORE] = m->d[NOW];
		m->d[NOW] = m->d[NEXT];
		m->d[NEXT] = NULL;
	}
	pthread_rwlock_unlock(&m->lock);
}

void keys_master_forget(struct keys_master *m)
{
	pthread_rwlock_wrlock(&m->lock);
	forget(m->d[BEFORE]);
	m->d[BEFORE] = NULL;
	pthread_rwlock_unlock(&m->lock);
}

static const struct derived *newest(const struct keys_master *m)
{
	return m->d[m->d[NEXT] ? NEXT : NOW];
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

static int parse(const char *path, const uint8_t file[KEYS_MASTER_FILE], uint8_t ret[32], char err[256])
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
		memcpy(ret, file + 8, 32);
	}
	lw_wipe(want, sizeof(want));
	return rc;
}

static int load_file(const char *dir, const char *name, uint8_t ret[32], char err[256])
{
	char path[4096];
	struct stat st, dst;
	uint8_t file[KEYS_MASTER_FILE];
	int fd = -1, rc = LW_EIO;

	snprintf(err, 256, "out of memory");
	if ((size_t)snprintf(path, sizeof(path), "%s/keys", dir) >= sizeof(path) - 32) {
		snprintf(err, 256, "the name of the data directory is too long");
		return LW_EINVAL;
	}
	if (stat(path, &dst) < 0) {
		snprintf(err, 256, "%.180s: %s (lwctl init makes it)", path, strerror(errno));
		return errno == ENOENT ? LW_ENOTFOUND : errno == EACCES ? LW_EACCES : LW_EIO;
	}
	snprintf(path + strlen(path), 32, "/%.30s", name);
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
	rc = parse(path, file, ret, err);
	if (!rc)
		err[0] = '\0';
out:
	lw_wipe(file, sizeof(file));
	if (fd >= 0)
		close(fd);
	return rc;
}

int keys_master_load(const char *dir, struct keys_master **ret, char err[256])
{
	struct keys_master *m;
	uint8_t key[32];
	int rc = load_file(dir, KEYS_MASTER_NAME, key, err);

	if (rc)
		return rc;
	m = keys_master_from(key);
	rc = m ? load_file(dir, KEYS_MASTER_NEXT, key, err) : LW_ENOMEM;
	if (!rc)
		rc = keys_master_next(m, key);
	lw_wipe(key, sizeof(key));
	if (rc && rc != LW_ENOTFOUND) {
		keys_master_free(m);
		return rc;
	}
	err[0] = '\0';
	*ret = m;
	return LW_OK;
}

/* ---- data keys: u8 version, u8 count, then u8 class and the sealed key, count times ---- */
static void wrap_ad(const struct lw_uuid *tenant, uint8_t cls, uint8_t ad[25])
{
	memcpy(ad, "lwdwrap1", 8);
	memcpy(ad + 8, tenant->b, 16);
	ad[24] = cls;
}

static int put_wrapped(const struct derived *d, const struct lw_uuid *tenant, uint8_t cls, const uint8_t key[LW_AEAD_KEY], struct lw_writer *w)
{
	uint8_t ad[25], *p;

	lw_put_u8(w, cls);
	p = lw_put_space(w, LW_AEAD_KEY + LW_AEAD_OVERHEAD);
	if (!p)
		return w->err;
	wrap_ad(tenant, cls, ad);
	return w->err = lw_seal(d->wrap, (struct lw_bytes){ ad, sizeof(ad) }, (struct lw_bytes){ key, LW_AEAD_KEY }, p);
}

static int wrapped_done(struct lw_writer *w, struct lw_arena *a, struct lw_bytes *ret)
{
	struct lw_bytes b = w->err ? (struct lw_bytes){ NULL, 0 } : lw_dup(a, lw_written(w));
	int err = w->err ? w->err : b.p ? LW_OK : LW_ENOMEM;

	lw_writer_done(w);
	if (!err)
		*ret = b;
	return err;
}

int keys_master_wrap_new(struct keys_master *m, const struct lw_uuid *tenant, struct lw_arena *a, struct lw_bytes *ret)
{
	struct lw_writer w;
	uint8_t key[LW_AEAD_KEY];

	lw_writer_init(&w, 1024);
	lw_put_u8(&w, WRAP_VERSION);
	lw_put_u8(&w, NCLASSES);
	pthread_rwlock_rdlock(&m->lock);
	for (size_t i = 0; i < NCLASSES && !w.err; i++) {
		lw_random(key, sizeof(key));
		put_wrapped(newest(m), tenant, classes[i], key, &w);
	}
	pthread_rwlock_unlock(&m->lock);
	lw_wipe(key, sizeof(key));
	return wrapped_done(&w, a, ret);
}

#define WRAPPED_MAX 16 /* keys */
struct wrapped {
	size_t n;
	uint8_t cls[WRAPPED_MAX];
	struct lw_bytes sealed[WRAPPED_MAX];
};

static int get_wrapped(struct lw_bytes in, struct wrapped *ret)
{
	struct wrapped w = { 0 };
	struct lw_reader r;

	lw_reader_init(&r, in);
	if (lw_get_u8(&r) != WRAP_VERSION)
		return r.err ? LW_EAUTH : LW_EVERSION;
	w.n = lw_get_u8(&r);
	if (w.n > WRAPPED_MAX)
		return LW_EAUTH;
	for (size_t i = 0; i < w.n && !r.err; i++) {
		w.cls[i] = lw_get_u8(&r);
		w.sealed[i] = lw_get_raw(&r, LW_AEAD_KEY + LW_AEAD_OVERHEAD);
	}
	if (lw_reader_end(&r))
		return LW_EAUTH;
	*ret = w;
	return LW_OK;
}

/* With any of them that opens it. Under the lock. */
static int open_any(const struct keys_master *m, bool wraps, struct lw_bytes ad, struct lw_bytes sealed, uint8_t *ret)
{
	int err = LW_EAUTH;

	for (int i = 0; i < WHICH && err == LW_EAUTH; i++)
		if (m->d[i])
			err = lw_open(wraps ? m->d[i]->wrap : m->d[i]->seal, ad, sealed, ret);
	return err;
}

int keys_master_unwrap(struct keys_master *m, const struct lw_uuid *tenant, struct lw_bytes wrapped, uint8_t cls, uint8_t ret[LW_AEAD_KEY])
{
	struct wrapped w;
	uint8_t ad[25];
	size_t i = 0;
	int err = get_wrapped(wrapped, &w);

	if (err)
		return err;
	while (i < w.n && w.cls[i] != cls)
		i++;
	if (i == w.n)
		return LW_ENOTFOUND;
	wrap_ad(tenant, cls, ad);
	pthread_rwlock_rdlock(&m->lock);
	err = open_any(m, true, (struct lw_bytes){ ad, sizeof(ad) }, w.sealed[i], ret);
	pthread_rwlock_unlock(&m->lock);
	return err;
}

bool keys_master_is_newest(struct keys_master *m, const struct lw_uuid *tenant, struct lw_bytes wrapped)
{
	uint8_t ad[25], key[LW_AEAD_KEY];
	struct wrapped w;
	bool ok = get_wrapped(wrapped, &w) == LW_OK;

	pthread_rwlock_rdlock(&m->lock);
	for (size_t i = 0; ok && i < w.n; i++) {
		wrap_ad(tenant, w.cls[i], ad);
		ok = lw_open(newest(m)->wrap, (struct lw_bytes){ ad, sizeof(ad) }, w.sealed[i], key) == LW_OK;
	}
	pthread_rwlock_unlock(&m->lock);
	lw_wipe(key, sizeof(key));
	return ok;
}

int keys_master_rewrap(struct keys_master *m, const struct lw_uuid *tenant, struct lw_bytes wrapped, struct lw_arena *a, struct lw_bytes *ret)
{
	uint8_t ad[25], key[LW_AEAD_KEY];
	struct wrapped old;
	struct lw_writer w;
	int err = get_wrapped(wrapped, &old);

	if (err)
		return err;
	lw_writer_init(&w, 1024);
	lw_put_u8(&w, WRAP_VERSION);
	lw_put_u8(&w, (uint8_t)old.n);
	pthread_rwlock_rdlock(&m->lock);
	for (size_t i = 0; i < old.n && !w.err; i++) {
		wrap_ad(tenant, old.cls[i], ad);
		w.err = open_any(m, true, (struct lw_bytes){ ad, sizeof(ad) }, old.sealed[i], key);
		if (!w.err)
			put_wrapped(newest(m), tenant, old.cls[i], key, &w);
	}
	pthread_rwlock_unlock(&m->lock);
	lw_wipe(key, sizeof(key));
	return wrapped_done(&w, a, ret);
}

int keys_master_seal(struct keys_master *m, const char *name, struct lw_bytes in, struct lw_arena *a, struct lw_bytes *ret)
{
	uint8_t *p = lw_alloc(a, in.n + LW_AEAD_OVERHEAD);
	int err;

	if (!p)
		return LW_ENOMEM;
	pthread_rwlock_rdlock(&m->lock);
	err = lw_seal(newest(m)->seal, lw_str(name), in, p);
	pthread_rwlock_unlock(&m->lock);
	if (!err)
		*ret = (struct lw_bytes){ p, in.n + LW_AEAD_OVERHEAD };
	return err;
}

int keys_master_open(struct keys_master *m, const char *name, struct lw_bytes in, struct lw_arena *a, struct lw_bytes *ret)
{
	uint8_t *p;
	int err;

	if (in.n < LW_AEAD_OVERHEAD)
		return LW_EAUTH;
	p = lw_alloc(a, in.n);
	if (!p)
		return LW_ENOMEM;
	pthread_rwlock_rdlock(&m->lock);
	err = open_any(m, false, lw_str(name), in, p);
	pthread_rwlock_unlock(&m->lock);
	if (!err)
		*ret = (struct lw_bytes){ p, in.n - LW_AEAD_OVERHEAD };
	return err;
}
