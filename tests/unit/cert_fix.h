/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant's CA and certificates of its principals, as directory has them made, over a real store and keyd. */
#ifndef TESTS_UNIT_CERT_FIX_H
#define TESTS_UNIT_CERT_FIX_H

#include <openssl/evp.h>

#include "keys/issue.h"

struct cert_fix {
	struct store *store;
	struct keys *keys; /* as directory reaches keyd */
	uint32_t tenant;
	struct lw_arena *arena;
};
/* The tenant's first keys. An LW_E. */
int cert_fix_keys(const struct cert_fix *);
/* By the operator: an intent alone, or all of it. */
int cert_fix_intent(const struct cert_fix *, const struct lw_uuid *subject, const char *profile, uint8_t ret_serial[16]);
int cert_fix_issued(const struct cert_fix *, const uint8_t serial[16], struct lw_bytes der); /* whoever has signed it */
int cert_fix_issue(const struct cert_fix *, const struct lw_uuid *subject, const char *profile, const char *dns, EVP_PKEY *key,
        struct keys_cert *ret, uint8_t ret_serial[16]);
int cert_fix_revoke(const struct cert_fix *, const uint8_t serial[16]);
/* A request (DER) for a DNS name; NULL: for none. */
struct lw_bytes cert_fix_csr(EVP_PKEY *key, const char *dns, struct lw_arena *);

#endif
