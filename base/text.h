/* SPDX-License-Identifier: Apache-2.0 */
/* Text: UTF-8, RFC 4518 string preparation, names of tenants, hex and base64. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include "base/arena.h"

bool lw_utf8_valid(struct lw_bytes); /* RFC 3629: no surrogates, no overlong forms, at most U+10FFFF */

enum lw_prep_flags {
	LW_PREP_FOLD = 1,      /* case folding: the *IgnoreMatch rules */
	LW_PREP_SUBSTRING = 2, /* a substring piece: see the position flags, RFC 4518 2.6.1 */
	LW_PREP_INITIAL = 4,
	LW_PREP_FINAL = 8,
};
/* RFC 4518: transcode, map, normalise (NFKC), prohibit, insignificant spaces. An ASCII fast path.
 * LW_EINVAL: not UTF-8 or a prohibited character; LW_ELIMIT: arena. The result lives in the arena. */
int lw_prep(struct lw_arena *, struct lw_bytes in, unsigned flags, struct lw_bytes *ret);
/* The Unicode version that lw_prep uses, e.g. "15.0.0": stored with every index. */
const char *lw_unicode_version(void);
/* RFC 4013 SASLprep for passwords (stored string rules when stored, else query). LW_EINVAL; LW_ELIMIT: over
 * 4096 octets or arena. */
int lw_saslprep(struct lw_arena *, struct lw_bytes in, bool stored, struct lw_bytes *ret);
/* RFC 8265 4.2 OpaqueString: NFC, other spaces to U+0020; no control, unassigned or private characters.
 * LW_EINVAL. */
int lw_opaque_string(struct lw_arena *, struct lw_bytes in, struct lw_bytes *ret);

/* A tenant's or host's canonical name: lower-case A-labels (IDNA2003, what libidn does), no trailing dot,
 * each label 1..63 LDH, at most 253 octets in all, the last label not all digits (an address). One label is
 * accepted: whoever makes a tenant asks for a dot as well. LW_EINVAL; LW_ELIMIT: arena. */
int lw_domain_canon(struct lw_arena *, struct lw_bytes in, char **ret);

void lw_hex(struct lw_bytes, char *ret);                                   /* 2n + 1 octets, lower case */
int lw_unhex(struct lw_arena *, struct lw_bytes, struct lw_bytes *ret);    /* LW_EINVAL */
char *lw_base64(struct lw_arena *, struct lw_bytes);                       /* standard alphabet, padded */
int lw_unbase64(struct lw_arena *, struct lw_bytes, struct lw_bytes *ret); /* strict; LW_EINVAL */
char *lw_base64url(struct lw_arena *, struct lw_bytes);                    /* RFC 4648 5, no padding */
int lw_unbase64url(struct lw_arena *, struct lw_bytes, struct lw_bytes *ret); /* strict, padding refused; LW_EINVAL */
void lw_base64_put(struct lw_writer *, struct lw_bytes);    /* as lw_base64 */
void lw_pem_put(struct lw_writer *, const char *label, struct lw_bytes der); /* RFC 7468, lines of 64 */
void lw_base64url_put(struct lw_writer *, struct lw_bytes); /* as lw_base64url */
int lw_parse_u64(struct lw_bytes, uint64_t max, uint64_t *ret); /* decimal, no sign; LW_EINVAL, LW_ELIMIT */
int lw_parse_duration(struct lw_bytes, int64_t *ret_us);        /* 5s 10m 1h 30d; LW_EINVAL */

#endif
