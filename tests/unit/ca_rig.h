/* SPDX-License-Identifier: Apache-2.0 */
/* Two tenants below one installation, and requests as clients write them. */
#ifndef TESTS_CA_RIG_H
#define TESTS_CA_RIG_H

#include "tests/unit/unit.h"

#include <openssl/x509v3.h>
#include "base/err.h"
#include "base/text.h"
#include "ca/ca.h"
#include "ca/x509.h"

#define NOW    (INT64_C(1795392000) * LW_SECOND) /* 2026-11-23 00:00 UTC */
#define DAY    (INT64_C(86400) * LW_SECOND)
#define HOST   "ldap.acme.example" /* the installation's */
#define TENANT "acme.example"
#define UUID_T "0193576e-1111-7000-8000-000000000001"
#define UUID_E "0193576e-2222-7000-8000-000000000002"
#define BASE   "http://ca.acme.example"

struct ca_rig {
	struct lw_arena *a;
	struct lw_bytes root_key, root_pem, ca_key, ca_pem;
	struct ca_tenant tenant, other;
	struct ca_issuer installation, issuer, others; /* of tenants: with the whole chain */
	struct ca_pointers up, down;                   /* in the intermediates; in the tenant's leaves */
	EVP_PKEY *key;                                 /* a client's, P-256 */
	char why[200];
};
void rig_new(struct ca_rig *, const char *kind, int64_t now);
void rig_done(struct ca_rig *);

/* san: as in an OpenSSL configuration; @krbtgt stands for that of ACME.EXAMPLE. NULL: none. */
struct lw_bytes rig_csr(struct ca_rig *, EVP_PKEY *, const char *san);
struct lw_bytes rig_serial(struct ca_rig *);
/* A tls-server order for a host; every name is its own. */
struct ca_order rig_order(struct ca_rig *, const char *profile);
extern const struct ca_owner rig_owner;
struct lw_bytes rig_join(struct ca_rig *, struct lw_bytes, struct lw_bytes);
/* X509_V_OK or what OpenSSL says, strictly, with the root as the only trust. */
int rig_verify(struct ca_rig *, struct lw_bytes chain_pem, int64_t at);
X509 *rig_x509(struct lw_bytes der);

#endif
