/* SPDX-License-Identifier: Apache-2.0 */
/* What keyd needs of a CA, and doesn't know how to do: lwd/services.c (and lwctl, tests) say keys_ca_builders(&ca_issuing) (ca/ca.h) once,
 * before keyd starts. Private keys are PKCS#8 DER and go into the caller's arena (a wiped one), certificates are PEM, times are microseconds;
 * `why` is one line; outputs are untouched on an error. */
#ifndef KEYS_BUILDERS_H
#define KEYS_BUILDERS_H

#include "base/uuid.h"
#include "keys/issue.h"
#include "store/issue.h"

struct ca_signer; /* an issuer's key and certificates, parsed. Any number of threads may use one at once. */
struct ca_csr;    /* a request whose signature and key have been checked */

/* Kinds of names in a certificate; canonical texts as in ca/ca.h. */
enum keys_san { KEYS_SAN_DNS = 1, KEYS_SAN_EMAIL = 2, KEYS_SAN_URI = 4, KEYS_SAN_UPN = 8, KEYS_SAN_REALM = 16 };
typedef bool keys_san_fn(void *ctx, enum keys_san, const char *text);

#define KEYS_SERIAL 16
#define KEYS_SERIAL_MAX 20
struct keys_ca_tenant { /* the certificate of a tenant's intermediate */
	const char *name;
	struct lw_uuid uuid;
	struct lw_bytes key;
	const char *url; /* public http URL of this lwd; NULL: no pointers */
	int64_t now;
};
struct keys_leaf {
	const char *tenant;
	struct lw_uuid tenant_uuid, subject;
	const char *name;   /* its common name */
	enum store_kind kind;
	const char *profile;
	struct lw_bytes serial;
	const char *url;    /* as above */
	const char *key;    /* id of the issuer's */
	int64_t now, life;  /* life: at most; 0: the profile's */
	const char *const *reserved; /* host names that nobody gets, ended by NULL */
	keys_san_fn *owns;
	void *ctx;
};
struct keys_revocation {
	struct lw_bytes serial;
	int64_t when;
	int reason;
};
enum keys_status { KEYS_STATUS_UNKNOWN, KEYS_STATUS_GOOD, KEYS_STATUS_REVOKED };
/* What became of a serial that `signer` (its number) may have issued. 0 or an error. */
typedef int keys_status_fn(void *ctx, size_t signer, struct lw_bytes serial, enum keys_status *ret, struct keys_revocation *ret_when);

struct keys_ca_builders {
	/* "p256", "p384", "rsa2048", "rsa3072". LW_EINVAL: no such kind. */
	int (*new_key)(const char *alg, struct lw_arena *, struct lw_bytes *ret_key, char why[200]);
	int (*tenant)(const struct ca_signer *installation, const struct keys_ca_tenant *, struct lw_arena *, struct lw_bytes *ret_pem,
		uint8_t ret_serial[KEYS_SERIAL], int64_t *ret_not_after, char why[200]);
	/* The same key and name once more, by the tenant's key before it, whose id that is: who trusts only its certificate goes on. LW_EEXPIRED: that
	 * has ended. */
	int (*cross)(const struct ca_signer *before, const char *id, const struct keys_ca_tenant *, struct lw_arena *, struct lw_bytes *ret_pem, char why[200]);
	int64_t (*renew_at)(struct lw_bytes pem); /* two thirds of its life; 0: not a certificate */
	int64_t (*not_after)(struct lw_bytes pem); /* 0: not a certificate */
	int64_t (*not_before)(struct lw_bytes pem);
	size_t (*serial)(struct lw_bytes pem, uint8_t ret[KEYS_SERIAL_MAX]); /* how many octets; 0: not a certificate */
	int (*der)(struct lw_bytes pem, struct lw_arena *, struct lw_bytes *ret_der); /* of the first */
	int64_t (*longest)(void); /* the life of the longest-lived leaf */
	/* pem: its own certificate first. LW_EINVAL: key and certificate don't belong together. */
	int (*load)(struct lw_bytes key, struct lw_bytes pem, struct ca_signer **ret, char why[200]);
	void (*unload)(struct ca_signer *);
	/* DER or PEM. LW_EINVAL, LW_EAUTH, LW_EUNSUPPORTED. */
	int (*csr)(struct lw_bytes, struct lw_arena *, const struct ca_csr **ret, char why[200]);
	bool (*each_name)(const struct ca_csr *, keys_san_fn *, void *ctx); /* did it say yes to all? */
	int (*canon)(enum keys_san, struct lw_bytes text, struct lw_arena *, const char **ret); /* LW_EINVAL: no such name */
	/* LW_EACCES: names; LW_EINVAL: no such profile. */
	int (*leaf)(const struct ca_signer *, const struct ca_csr *, const struct keys_leaf *, struct lw_arena *, struct keys_cert *ret, char why[200]);
	bool (*issued)(const struct ca_signer *, struct lw_bytes der); /* was it this one that issued the certificate? */
	int (*crl)(const struct ca_signer *, uint64_t number, const struct keys_revocation *, size_t n, int64_t now, int64_t next,
		struct lw_arena *, struct lw_bytes *ret_der, char why[200]);
	int64_t (*crl_next)(struct lw_bytes der); /* 0: not a revocation list */
	/* An answer in any case: refusals are OCSP's own. */
	int (*ocsp)(const struct ca_signer *const *, size_t n, struct lw_bytes request, keys_status_fn *, void *ctx, int64_t now, int64_t next,
		struct lw_arena *, struct lw_bytes *ret_der, char why[200]);
};
void keys_ca_builders(const struct keys_ca_builders *);

#endif
