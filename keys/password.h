/* SPDX-License-Identifier: Apache-2.0 */
/* What is derived from a password, and the versioned form in which it is sealed: two items, one of class password (attribute
 * userPassword: argon2id, SCRAM verifiers, history), one of class kerberos (attribute krbPrincipalKey: keys with salt and kvno). */
#ifndef KEYS_PASSWORD_H
#define KEYS_PASSWORD_H

#include "base/arena.h"
#include "base/enctype.h"
#include "keys/policy.h"

#define KEYS_SCRAM_ITERATIONS 8192 /* RFC 7677 asks for 4096 at least */

struct keys_bundle {
	char phc[LW_PHC_MAX];
	struct lw_scram scram[2];       /* SHA-256, SHA-512 */
	int64_t set_time;
	unsigned nhistory;              /* newest first; the present one is not among them */
	char history[KEYS_HISTORY_MAX][LW_PHC_MAX];
};
void keys_bundle_put(struct lw_writer *, const struct keys_bundle *);
int keys_bundle_get(struct lw_bytes, struct keys_bundle *ret); /* LW_EINVAL, LW_ELIMIT, LW_EVERSION */

#define KEYS_KRB_SETS 4
#define KEYS_KRB_KEYS LW_ENCTYPES_MAX
struct keys_krb_key { int32_t etype; uint32_t iterations; uint8_t n, key[32]; };
struct keys_krb_set {
	uint32_t kvno;
	int64_t set_time;
	struct lw_bytes salt;           /* at most 1024 octets; arena or borrowed */
	unsigned nkeys;
	struct keys_krb_key keys[KEYS_KRB_KEYS]; /* strongest first */
};
struct keys_krb { unsigned nsets; struct keys_krb_set sets[KEYS_KRB_SETS]; }; /* newest first */
void keys_krb_put(struct lw_writer *, const struct keys_krb *);
int keys_krb_get(struct lw_bytes, struct keys_krb *ret);

/* SASLprep (RFC 4013); what that does not know (characters newer than Unicode 3.2), by OpaqueString (RFC 8265 4.2): NFC, other
 * spaces to U+0020, no control characters. LW_EINVAL: not UTF-8, or neither allows it. */
int keys_password_prep(struct lw_arena *, struct lw_bytes raw, struct lw_bytes *ret);
/* LW_OK or LW_EPWPOLICY with a sentence for the user. names: what it may not equal in any case (NULL-ended). */
int keys_password_quality(const struct keys_policy *, struct lw_bytes prepared, const char *const *names, char text[200]);
bool keys_password_used(const struct keys_bundle *old, const struct keys_policy *, struct lw_bytes prepared);

/* RFC 4120 default salt: realm, then the name's components, nothing between; backslashes escape. LW_EINVAL: no realm, no name. */
int keys_krb_salt(struct lw_arena *, struct lw_bytes krb_name, struct lw_bytes *ret);
/* old may be NULL. The history takes the old hash in. */
int keys_bundle_make(struct lw_bytes prepared, const struct keys_bundle *old, const struct keys_policy *, int64_t now,
	struct keys_bundle *ret);
/* Enctypes 20, 19, 18, 17 of the password as it was typed: that is what Kerberos clients use. */
int keys_krb_make(struct lw_arena *, struct lw_bytes raw, struct lw_bytes krb_name, uint32_t kvno, int64_t now, struct keys_krb *ret);

#endif
