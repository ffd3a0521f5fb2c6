/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed Kerberos keys opened, for the role that holds the tenant's key of class kerberos: keyd and kdc. */
#ifndef KEYS_KRBKEYS_H
#define KEYS_KRBKEYS_H

#include "keys/password.h"
#include "keys/seal.h"

/* entry: the principal's UUID; the tenant's own for its krbtgt. The arena should be one that is wiped.
 * LW_EAUTH, LW_EINVAL, LW_EVERSION. */
int keys_krb_open(const uint8_t key[LW_AEAD_KEY], const struct lw_uuid *tenant, const struct lw_uuid *entry,
        uint64_t generation, struct lw_bytes sealed, struct lw_arena *, struct keys_krb *ret);
/* A new set of random keys of all enctypes, kvno one above the newest, put in front of old (NULL: none); the
 * oldest past KEYS_KRB_SETS is dropped. */
int keys_krb_random(struct lw_arena *, const struct keys_krb *old, int64_t now, struct keys_krb *ret);
/* The sets of old behind those of krb, as many as there is room for. */
void keys_krb_keep(const struct keys_krb *old, struct keys_krb *krb);
/* The key of lwd's own service ("changepw", "ldap", "HTTP") in the tenant, derived from its krbtgt's (same
 * enctype, kvno and age). */
void keys_krb_own(const struct keys_krb_key *krbtgt, const char *service, struct keys_krb_key *ret);

#endif
