/* SPDX-License-Identifier: Apache-2.0 */
/* The master key: DIR/keys/master.key, 0600 in a 0700 directory. It encrypts nothing itself: from it come (HKDF) the key that wraps the
 * tenants' data keys and the one that seals the installation's own secrets. */
#ifndef KEYS_MASTER_H
#define KEYS_MASTER_H

#include "base/arena.h"
#include "base/crypto.h"
#include "base/uuid.h"

#define KEYS_MASTER_FILE 48 /* magic, version, key, checksum */

#define KEYS_MASTER_NAME "master.key"
#define KEYS_MASTER_NEXT "master.key.next" /* while the one is followed by the other (keys/keyd_master.c) */
#define KEYS_MASTER_OLD  "master.key.old"  /* until it is destroyed */

struct keys_master; /* what comes from it lies in memory of its own: locked where the system lets us, never in a core. Any thread. */

/* With the next one, where there is one. LW_ENOTFOUND, LW_EACCES (mode or owner), LW_EINVAL, LW_EVERSION, LW_EIO; err says in a line what is
 * wrong and how to mend it. */
int keys_master_load(const char *dir, struct keys_master **ret, char err[256]);
struct keys_master *keys_master_from(const uint8_t key[32]); /* bootstrap and tests */
void keys_master_free(struct keys_master *);
void keys_master_encode(const uint8_t key[32], uint8_t ret[KEYS_MASTER_FILE]);

/* One follows another: from `next` on things are wrapped and sealed with the new one, and opened with either; from `turn` on the old one
 * opens what requests under way have in hand, until it is forgotten. LW_EAGAIN: not again before that. */
int keys_master_next(struct keys_master *, const uint8_t key[32]);
bool keys_master_turning(struct keys_master *);
bool keys_master_busy(struct keys_master *); /* with a next or a former one */
void keys_master_turn(struct keys_master *);
void keys_master_forget(struct keys_master *);

/* Fresh data keys for a tenant, one per class, wrapped; bound to the tenant's UUID. */
int keys_master_wrap_new(struct keys_master *, const struct lw_uuid *tenant, struct lw_arena *, struct lw_bytes *ret);
/* LW_EAUTH: of another tenant or master key, or damaged; LW_ENOTFOUND: no key of that class. */
int keys_master_unwrap(struct keys_master *, const struct lw_uuid *tenant, struct lw_bytes wrapped, uint8_t cls, uint8_t ret[LW_AEAD_KEY]);
/* Are they all wrapped with the newest? The same ones, so that they are. */
bool keys_master_is_newest(struct keys_master *, const struct lw_uuid *tenant, struct lw_bytes wrapped);
int keys_master_rewrap(struct keys_master *, const struct lw_uuid *tenant, struct lw_bytes wrapped, struct lw_arena *, struct lw_bytes *ret);
/* The installation's own secrets; name is part of the additional data. */
int keys_master_seal(struct keys_master *, const char *name, struct lw_bytes in, struct lw_arena *, struct lw_bytes *ret);
int keys_master_open(struct keys_master *, const char *name, struct lw_bytes in, struct lw_arena *, struct lw_bytes *ret);

#endif
