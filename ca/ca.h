/* SPDX-License-Identifier: Apache-2.0 */
/* The installation's certificates: root (ECDSA P-256, 20 years) -> installation CA (5 years, pathLen 1: tenants' intermediates come
 * below it) -> listeners (30 days). From a CSR only the proven key is taken; every name comes from the caller. */
#ifndef CA_CA_H
#define CA_CA_H

#include "keys/keys.h"

extern const struct keys_builders ca_builders; /* for keys_builders() */

#define CA_ROOT_DAYS         7300
#define CA_INSTALLATION_DAYS 1826
#define CA_LISTENER_DAYS     30
#define CA_BACKDATE_SECONDS  300 /* clocks differ */
#define CA_MAX_CSR           8192
#define CA_MAX_NAMES         64

/* The key that a CSR proves possession of, as SubjectPublicKeyInfo DER. LW_EINVAL (not a CSR, trailing octets), LW_EAUTH (signature),
 * LW_EUNSUPPORTED (not P-256/384/521, not RSA of 2048..8192 bits); why: one line. */
int ca_csr_key(struct lw_bytes csr, struct lw_arena *, struct lw_bytes *ret_spki, char why[200]);

#endif
