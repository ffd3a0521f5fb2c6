/* SPDX-License-Identifier: Apache-2.0 */
/* What keyd needs of SAML and JOSE, and doesn't know how to do: lwd/services.c and tests say keys_token_builders(&saml_issuing, &oidc_issuing)
 * once, before keyd starts. Times are microseconds; private keys PKCS#8 DER, certificates PEM; outputs are untouched on an error. */
#ifndef KEYS_TOKEN_H
#define KEYS_TOKEN_H

#include "keys/issue.h"
#include "store/issue.h"

/* What a token says; octets are borrowed. */
struct keys_facts {
	struct lw_bytes id, issuer;
	struct lw_uuid subject;
	struct lw_bytes audience, recipient, request_id; /* n 0: none */
	struct lw_bytes name_id_format;                  /* that the audience wants; n 0: no matter */
	int64_t issued, not_before, not_after;
	int64_t auth_time;    /* 0: not the subject's own authentication; methods are 0 then, too */
	uint64_t credential_version; /* of the subject, now */
	bool credential;      /* it is one here: the subject's own, without audience or for the issuer itself */
	uint32_t methods;     /* enum lw_cap_method */
	bool mfa, confidential;
	const struct store_claim *claims;
	size_t n_claims;
	struct lw_bytes alg;  /* n 0: the signer's default */
};
/* What keyd reads in one of its own that comes back. */
struct keys_shown_token {
	struct lw_bytes id, issuer, audience;
	struct lw_uuid subject;
	int64_t not_before, not_after, auth_time;
	uint64_t credential_version;
	bool credential, asserted; /* was issued as one; for whoever had shown a certificate */
};
struct keys_token_builder {
	/* pem n 0: it has none. LW_EINVAL, LW_EUNSUPPORTED. */
	int (*load)(struct lw_bytes key, struct lw_bytes pem, void **ret);
	void (*unload)(void *);
	bool (*fits)(const void *signer, struct lw_bytes alg); /* n 0: the default algorithm of the type */
	/* Appended. LW_EUNWILLING with why: the audience wants a NameID that was not released. LW_EINVAL, LW_ELIMIT. */
	int (*build)(const void *signer, const struct keys_facts *, struct lw_arena *, struct lw_writer *, char why[200]);
	/* A new key's id, and the certificate that goes with it (n 0: none). */
	int (*certify)(struct lw_bytes key, const char *tenant, int64_t now, int64_t life, struct lw_arena *, const char **ret_id, struct lw_bytes *ret_pem);
	/* All of them as relying parties read them. */
	int (*publish)(const void *const *signers, const struct lw_bytes *pems, size_t n, struct lw_writer *);
	/* NULL: none come back. LW_EAUTH: no signer signed this. */
	int (*read)(struct lw_bytes fields, struct lw_bytes signature, const void *const *signers, size_t n, struct lw_arena *,
		struct keys_shown_token *ret);
};
void keys_token_builders(const struct keys_token_builder *saml, const struct keys_token_builder *jwt);

#endif
