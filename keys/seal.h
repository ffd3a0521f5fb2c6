/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing one secret to its place: AES-256-GCM under the tenant's key of the class; the place is the additional data, so that a
 * sealed item put anywhere else does not open. */
#ifndef KEYS_SEAL_H
#define KEYS_SEAL_H

#include "base/arena.h"
#include "base/crypto.h"
#include "base/uuid.h"

struct keys_place {
	struct lw_uuid tenant, entry;
	uint16_t attr;
	uint8_t cls; /* enum store_secret_class */
	uint64_t generation;
};

int keys_seal(const uint8_t key[LW_AEAD_KEY], const struct keys_place *, struct lw_bytes in, struct lw_arena *, struct lw_bytes *ret);
/* LW_EAUTH: another place, another key or damaged; LW_EVERSION. The arena should be one that is wiped. */
int keys_open(const uint8_t key[LW_AEAD_KEY], const struct keys_place *, struct lw_bytes sealed, struct lw_arena *, struct lw_bytes *ret);

#endif
