/* SPDX-License-Identifier: Apache-2.0 */
/* keyd as it issues: a tenant's own signing keys, certificates, tokens, and what of them is public. keyd reads the store, runs the access
 * check itself and builds what it signs, with builders that lwd/services.c registers (keys/ includes no protocol). Errors as in keys.h. */
#ifndef KEYS_ISSUE_H
#define KEYS_ISSUE_H

#include "keys/keys.h"

/* ---- logins of the role web, by name ---- */
/* tenant: its name in any spelling; user: "alice", "alice@acme.example" (of that tenant), a Kerberos name. Unknown tenant, unknown user, locked,
 * disabled, wrong password: LW_EAUTH after the same work. */
int keys_login(struct keys *, struct lw_bytes tenant, struct lw_bytes user, struct lw_bytes password, const struct keys_source *,
	struct keys_token *ret_token, struct lw_cap *ret_cap);
/* directory: a token that another role (LW_ROLE_WEB; LW_EACCES for others) got for itself and sends along, minted again for the asker: same subject,
 * methods, times; never the operator's. LW_EAUTH, LW_EEXPIRED. */
int keys_adopt(struct keys *, struct lw_bytes token, enum lw_role_id minted_for, struct keys_token *ret_token, struct lw_cap *ret_cap);

/* ---- a tenant's signing keys ---- */
enum keys_kind { KEYS_CA = 1, KEYS_SAML, KEYS_JWT, KEYS_KIND_COUNT };
/* directory's upkeep, on its word: sealed items for the kinds that are missing or due (their first keys, a renewed certificate), one for each
 * STORE_TENANT_KEYS. What takes long to make (RSA) is among them only when it has been made ahead. *ret_n 0: nothing is due. ret_next: when to ask again (wall clock, us). */
int keys_due(struct keys *, uint32_t tenant, struct lw_arena *, struct store_sealed_item **ret, size_t *ret_n, int64_t *ret_next);
/* The same, and writes them: for who has the store open to write, directory and lwctl init. */
int keys_upkeep(struct keys *, struct store *, uint32_t tenant, int64_t *ret_next);
/* LW_EAGAIN from keys_public and keys_token_issue: a key of this kind takes long to make, and is made when somebody asks for it. This makes and
 * writes what is missing; then the same once more. LW_ENOTFOUND: no such tenant, disabled. */
int keys_want(struct keys *, struct store *, uint32_t tenant, enum keys_kind);
/* A new key in front of the old ones, published at once; the keys of tokens sign when the overlap is over, or at_once. alg NULL: the default of its
 * kind ("p256", "p384", "rsa2048", "rsa3072"). Needs `administer`. LW_EUNWILLING: there are as many as can be kept. */
int keys_rotate(struct keys *, struct lw_bytes token, uint32_t tenant, enum keys_kind, const char *alg, bool at_once, struct lw_arena *,
	struct store_sealed_item *ret, char why[200]);
enum keys_state { KEYS_STATE_NEXT = 1 /* published, not used yet */, KEYS_STATE_CURRENT, KEYS_STATE_FORMER /* others rely on it */, KEYS_STATE_COUNT };
struct keys_set {
	enum keys_kind kind;
	enum keys_state state;
	const char *id, *alg;
	int64_t created, use_from, not_after; /* not_after 0: no end */
	int64_t needed; /* what it signed is good until then; 0: it is not followed yet */
	int64_t next;   /* another follows then by itself; 0: only by hand, or one has followed */
};
int keys_list(struct keys *, struct lw_bytes token, uint32_t tenant, struct lw_arena *, struct keys_set **ret, size_t *ret_n); /* `administer` */

/* ---- a tenant's end ---- */
/* The certificates of its CA that are still good: what STORE_TENANT_DELETE is told. Also of a disabled tenant. For the operator and for who
 * administers the installation. LW_ENOTFOUND: no such tenant. */
int keys_tenant_end(struct keys *, struct lw_bytes token, uint32_t tenant, struct lw_arena *, struct store_revoked **ret, size_t *ret_n,
	uint64_t *ret_generation);
/* A tenant is gone: keyd drops what it has of keys of tenants that are not there any more. */
int keys_forget(struct keys *);
/* ---- the master key: docs/keys.md ---- */
/* Another follows it. LW_EAGAIN with why: the root's key is away, or one was followed just now. LW_OK too when one is being followed already. */
int keys_master_rotate(struct keys *, struct lw_bytes token, char why[200]);
/* For directory, for every tenant that there is, while one is being followed: its data keys as they are to be written (STORE_TENANT_REWRAP). n 0:
 * nothing to be done. */
int keys_master_rewrap_tenant(struct keys *, uint32_t tenant, struct lw_arena *, struct lw_bytes *ret);
struct keys_master_state { bool turning, root_here; int64_t since; /* when the master key came */ };
/* finish: when all tenants' are written, and while nobody makes a tenant. LW_EAGAIN: not all are. */
int keys_master_state(struct keys *, bool finish, struct keys_master_state *ret, char why[200]);

/* ---- certificates ---- */
struct keys_cert_order {
	uint32_t tenant;
	struct lw_uuid subject;
	const char *profile;
	struct lw_bytes serial; /* the intent's; it has to be in the store */
	struct lw_bytes csr;    /* DER or PEM */
};
struct keys_cert {
	struct lw_bytes der, pem; /* pem: the leaf and its issuers without the root */
	int64_t not_before, not_after;
};
/* LW_EACCES with why (enrol, a name that is not the subject's), LW_EINVAL (CSR), LW_EUNSUPPORTED (its key), LW_ENOTFOUND, LW_EAGAIN (no intent). */
int keys_cert(struct keys *, struct lw_bytes token, const struct keys_cert_order *, struct lw_arena *, struct keys_cert *ret, char why[200]);
/* The role that ended TLS saw the proof for this leaf (DER): a capability marked LW_CAP_ASSERTED, method LW_CAP_CERT. tenant 0: the one that
 * the certificate is of. LW_EAUTH: not ours, another tenant's, revoked, expired, not for clients, subject gone or disabled; the log knows which. */
int keys_cert_cap(struct keys *, uint32_t tenant, struct lw_bytes leaf, bool confidential, struct keys_token *ret_token, struct lw_cap *ret_cap);
/* The root's private key, sealed under the installation's master key, to keep elsewhere. Only the operator. export, first: file empty, *ret is the
 * file. When it is stored safely, the same again with its contents: then it is not here any more (ret untouched). LW_ENOTFOUND: it is away already.
 * import: LW_EINVAL: not this installation's. */
int keys_root_export(struct keys *, struct lw_bytes token, struct lw_bytes file, struct lw_arena *, struct lw_bytes *ret, char why[200]);
int keys_root_import(struct keys *, struct lw_bytes token, struct lw_bytes file, char why[200]);
/* The installation CA's certificate anew, for the same key, before it is due. Only the operator. LW_EAGAIN: the root's key is away. */
int keys_ca_renew(struct keys *, struct lw_bytes token, int64_t *ret_not_after, char why[200]);

/* ---- what is public ---- */
enum keys_public {
	KEYS_ROOT_PEM = 1, KEYS_ROOT_CRL /* DER */, KEYS_INSTALLATION_DER, KEYS_INSTALLATION_CRL, /* tenant is empty for these */
	KEYS_CA_PEM /* current intermediate, those that still matter, installation CA, cross certificates */, KEYS_CA_DER, KEYS_CA_CRL,
	KEYS_JWKS /* JSON */, KEYS_SAML_CERTS /* PEM, current first */, KEYS_PUBLIC_COUNT
};
#define KEYS_PUBLIC_MAX (8u << 20) /* octets of any of them */
/* tenant by name in any spelling; of KEYS_CA_DER and KEYS_CA_CRL also TENANT/KEY: of one key of the CA, current or former, by its id.
 * LW_ENOTFOUND: no such tenant, disabled, no such key, or no CA yet. LW_EAGAIN: of tokens: keys_want. ret_until: it may be kept so long (us). */
int keys_public(struct keys *, enum keys_public, struct lw_bytes tenant, struct lw_arena *, struct lw_bytes *ret, int64_t *ret_until);
/* RFC 6960; answers with an unsigned error response too. LW_ENOTFOUND: no such tenant. */
int keys_ocsp(struct keys *, struct lw_bytes tenant, struct lw_bytes request, struct lw_arena *, struct lw_bytes *ret);

/* ---- tokens ---- */
enum keys_token_type { KEYS_SAML2 = 1, KEYS_JWT_TOKEN };
struct keys_token_order {
	enum keys_token_type type;
	struct lw_uuid subject;  /* zero: whose capability it is */
	struct lw_bytes subject_name; /* instead of subject: uid, cn or user@domain */
	struct lw_bytes audience; /* entityID, ACS URL or audience URI; n 0: none, which needs its grant */
	struct lw_bytes alg;     /* "" default (rsa-sha256; ES256), "rsa-sha384", "rsa-sha512", "ecdsa-sha256", "RS256", "ES256" */
	int64_t life, not_before; /* us; 0: an hour, now. Longer than the rules or the kind permit: cut */
	struct lw_bytes request_id; /* InResponseTo; n 0: none */
};
struct keys_issued { struct lw_bytes token; /* the Assertion element, or a compact JWS */ struct lw_bytes id; int64_t not_before, not_after; };
int keys_token_issue(struct keys *, struct lw_bytes token, uint32_t tenant, const struct keys_token_order *, struct lw_arena *, struct keys_issued *ret, char why[200]);
/* One of our own assertions shown again: its fields (saml_assertion_put) and signature; keyd rebuilds the octets and checks. tenant by name
 * (of the URL). renewable: LW_EEXPIRED is let by when it expired at most that long ago (us; Renew).
 * KEYS_AS_CREDENTIAL: the capability is minted for the asker, method LW_CAP_TOKEN, auth time the assertion's; without an audience, or with the
 * issuer as audience. KEYS_AS_TARGET (of Renew, Validate, Cancel): of any audience, and nothing is minted: ret_token stays untouched, ret_cap says
 * only whose it is (tenant, subject, auth time). LW_EAUTH: not ours, for another audience, cancelled, expired, subject gone, or with another
 * password since. What began with a certificate stays asserted. */
enum keys_accept { KEYS_AS_CREDENTIAL = 1, KEYS_AS_TARGET };
int keys_accept_assertion(struct keys *, struct lw_bytes tenant, struct lw_bytes fields, struct lw_bytes signature, enum keys_accept as,
	int64_t renewable, struct keys_token *ret_token, struct lw_cap *ret_cap);

/* ---- keyd's own reading of the configuration: public URLs without a slash at the end ("https://idp.acme.example", "http://idp.acme.example:10080") ---- */
struct keyd;
int keyd_urls(struct keyd *, const char *https, const char *http);
/* Of the CA keys of new tenants: "p256" (the default), "p384", "rsa2048", "rsa3072"; longer texts are cut. */
void keyd_ca_algorithm(struct keyd *, const char *alg);
/* When keys follow each other by themselves, us. */
struct keys_rotation {
	int64_t overlap;              /* keys of tokens are published so long before they sign */
	int64_t age[KEYS_KIND_COUNT]; /* by kind, [0] the realm's: so old a key is followed by another; 0: never by itself */
};
extern const struct keys_rotation keys_rotation_default;
void keyd_rotation(struct keyd *, const struct keys_rotation *);
/* What of the audit may be removed: what is older than keep (us; 0: nothing is too old), and of a tenant's records those above most (0: none). */
void keyd_audit_bounds(struct keyd *, int64_t keep, uint64_t most);
/* The role has begun: keys that take long to make are made ahead, on a thread of their own. */
void keyd_ahead(struct keyd *);

#endif
