/* SPDX-License-Identifier: Apache-2.0 */
/* The master key: DIR/keys/master.key, 0600 in a 0700 directory. It encrypts nothing itself: from it come (HKDF) the key that wraps the
 * tenants' data keys and the one that seals the installation's own secrets. */
#ifndef KEYS_MASTER_H
#define KEYS_MASTER_H

#include "base/arena.h"
#include "base/crypto.h"
#include "base/uuid.h"

#define KEYS_MASTER_FILE 48 /* magic, version, key, checksum */

struct keys_master; /* in memory of its own: locked where the system lets us, never in a core */

/* LW_ENOTFOUND, LW_EACCES (mode or owner), LW_EINVAL, LW_EVERSION, LW_EIO; err says in a line what is wrong and how to mend it. */
int keys_master_load(const char *dir, struct keys_master **ret, char err[256]);
struct keys_master *keys_master_from(const uint8_t key[32]); /* bootstrap and tests */
void keys_master_free(struct keys_master *);
void keys_master_encode(const uint8_t key[32], uint8_t ret[KEYS_MASTER_FILE]);

/* Fresh data keys for a tenant, one per class, wrapped; bound to the tenant's UUID. */
int keys_master_wrap_new(const struct keys_master *, const struct lw_uuid *tenant, struct lw_arena *, struct lw_bytes *ret);
/* LW_EAUTH: of another tenant or master key, or damaged; LW_ENOTFOUND: no key of that class. */
int keys_master_unwrap(const struct keys_master *, const struct lw_uuid *tenant, struct lw_bytes wrapped, uint8_t cls,
	uint8_t ret[LW_AEAD_KEY]);
/* The installation's own secrets; name is part of the additional data. */
int keys_master_seal(const struct keys_master *, const char *name, struct lw_bytes in, struct lw_arena *, struct lw_bytes *ret);
int keys_master_open(const struct keys_master *, const char *name, struct lw_bytes in, struct lw_arena *, struct lw_bytes *ret);

#endif
