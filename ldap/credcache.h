/* SPDX-License-Identifier: Apache-2.0 */
/* Verified credentials: a bind whose password keyd has verified lately need not ask keyd again.
 *
 * A line is found by (tenant, entry UUID) and opens only to an HMAC, under a random key of this process, of
 * tenant, UUID, credential version, confidentiality and password: no password is kept, and a changed one (a
 * new credential version) never matches. The caller looks at the principal's record (disabled, credential
 * version) and the session at its generations every time.
 *
 * Lock-outs: every answer of keyd other than "verified" drops the account's lines and closes them to
 * verifications that began earlier; from then on each bind asks keyd, until keyd itself says yes again. The
 * wrong guesses of other protocols stand in the roles' table of guesses, which the caller looks at after a
 * hit. */
#ifndef LDAP_CREDCACHE_H
#define LDAP_CREDCACHE_H

#include "base/clock.h"
#include "keys/keys.h"

struct ldapd_credcache;

/* lines: rounded up to a multiple of the ways. NULL without memory. Thread-safe. */
struct ldapd_credcache *ldapd_credcache_new(uint32_t lines, int64_t life_us, const struct lw_clock *);
void ldapd_credcache_free(struct ldapd_credcache *);

struct ldapd_credkey {
	uint32_t tenant;
	struct lw_uuid subject;
	uint64_t credential_version;
	bool confidential;
	struct lw_bytes password;
};
bool ldapd_credcache_get(struct ldapd_credcache *, const struct ldapd_credkey *, struct keys_token *ret_token,
        struct lw_cap *ret_cap);
/* Before asking keyd; its value goes to put. */
uint64_t ldapd_credcache_begin(struct ldapd_credcache *, const struct ldapd_credkey *);
void ldapd_credcache_put(struct ldapd_credcache *, const struct ldapd_credkey *, uint64_t begun,
        const struct keys_token *, const struct lw_cap *);
void ldapd_credcache_drop(struct ldapd_credcache *, uint32_t tenant, const struct lw_uuid *subject);

#endif
