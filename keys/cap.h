/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: u8 version, the capability, HMAC-SHA-256. The MAC key is HKDF(master key, boot id): a restart of keyd kills no session, a
 * restart of the monitor kills all. */
#ifndef KEYS_CAP_H
#define KEYS_CAP_H

#include "keys/keys.h"

#define KEYS_CAP_LIFE (12 * 3600 * LW_SECOND)

struct keys_cap_key { uint8_t b[32]; };
/* secret: the installation's, 32 octets, which no change of the master key changes. */
void keys_cap_key(const uint8_t secret[32], struct lw_bytes boot_id, struct keys_cap_key *ret);

/* expiry is filled in by the caller, at most KEYS_CAP_LIFE after auth_time (Kerberos: after now); id is drawn
 * here. */
int keys_cap_mint(const struct keys_cap_key *, struct lw_cap *inout, struct keys_token *ret);
/* role: who shows it must be whom it was minted for. LW_EAUTH (any difference), LW_EEXPIRED. Constant time in the MAC. */
int keys_cap_check(const struct keys_cap_key *, struct lw_bytes token, enum lw_role_id role, int64_t now, struct lw_cap *ret);
/* Without its MAC: only for the client, of a token that keyd just vouched for. LW_EINVAL. */
int keys_cap_decode(struct lw_bytes token, struct lw_cap *ret);
/* May a capability of this kind ask for the verb at all? Asserted ones set no secrets, administer nothing, delegate nothing. */
bool keys_cap_may(const struct lw_cap *, enum access_verb);

#endif
