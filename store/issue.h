/* SPDX-License-Identifier: Apache-2.0 */
/* What those who issue ask the store (keyd, in a session of the capability's own or in STORE_ROLE_AUTH), and the records
 * of what was issued. Same rules as store.h: a transaction first, the session decides. Everything returned lives in the
 * transaction's arena. */
#ifndef STORE_ISSUE_H
#define STORE_ISSUE_H

#include "store/store.h"

/* ---- a tenant's own keys: one sealed item per kind on the suffix entry, sealed with the tenant's UUID as their entry ----
 * attr: krbPrincipalKey (class KERBEROS), lwCaKey, lwSamlKey, lwJwtKey (class SIGNING). Written by STORE_TENANT_KEYS (needs
 * `administer`; STORE_ROLE_UPKEEP). For STORE_ROLE_AUTH; krbPrincipalKey for STORE_ROLE_KDC as well. LW_ENOTFOUND: none yet. */
int store_tenant_sealed(struct store_txn *, const struct schema_attr *attr, struct lw_bytes *ret, uint64_t *ret_generation);

/* ---- who is asking for a certificate, and which names are his ---- */
enum store_kind { STORE_PERSON = 1, STORE_SERVICE, STORE_HOST };
enum store_name_kind { STORE_NAME_CN = 1 /* uid or cn */, STORE_NAME_KRB, STORE_NAME_MAIL };
struct store_name { enum store_name_kind kind; struct lw_bytes text; };
struct store_holder {
	struct store_principal who;
	enum store_kind kind;
	struct store_name *names; /* a person's uid, a service's or host's cn and uid; every krbPrincipalName and mail */
	size_t n_names;
};
/* STORE_ROLE_AUTH, OPERATOR. LW_ENOTFOUND: no person, service or host. Disabled ones as well: see who.disabled. */
int store_holder(struct store_txn *, const struct lw_uuid *, struct store_holder *ret);

/* May the session have a certificate of this profile made for the subject? names_owned: every name asked for is the subject's own
 * (a rule that says `names owned` lets nobody enrol another all the same). Disabled subjects: LW_EACCES.
 * LW_OK, LW_EACCES, LW_ENOTFOUND (not visible). max_life: us, INT64_MAX: the rules say none. */
int store_may_enrol(struct store_txn *, const struct lw_uuid *subject, struct lw_bytes profile, bool names_owned, int64_t *ret_max_life);

/* ---- records of certificates: entries cn=<serial, lower-case hex>,ou=certificates,SUFFIX; class lwCertificate, access kind
 * `certificate`; changed only by the STORE_CERT_* operations. Readable by the rules (administrators all; `self` its own). ---- */
enum store_cert_state { STORE_CERT_IS_INTENT = 1, STORE_CERT_IS_ISSUED, STORE_CERT_IS_REVOKED };
#define STORE_CERT_SERIAL_MAX 20
struct store_cert {
	struct lw_bytes serial;      /* octets */
	struct lw_uuid subject;      /* entryUUID of whom it is for */
	struct lw_bytes profile;
	enum store_cert_state state;
	int64_t not_before, not_after; /* us; 0 while an intent */
	int64_t revoked_at; int reason; /* RFC 5280 5.3.1 */
	struct lw_bytes der;         /* p NULL while an intent */
};
/* LW_ENOTFOUND: nobody has such a serial. STORE_ROLE_AUTH. */
int store_cert(struct store_txn *, struct lw_bytes serial, struct store_cert *ret);
/* Revoked ones (intents too: nobody knows what was signed) that have not expired before `since`, at most max, after the entry id *inout_after (0: from the beginning). Without der. */
int store_cert_revoked(struct store_txn *, int64_t since, uint64_t *inout_after, struct store_cert *ret, size_t max, size_t *ret_n);
/* Those for one subject that are not revoked (intents too) and have not expired before `since`; pages and der as above. For whoever may
 * `revoke` the subject's entry, whatever he may see else. LW_EACCES, LW_ENOTFOUND (not visible). */
int store_certs_of(struct store_txn *, const struct lw_uuid *subject, int64_t since, uint64_t *inout_after, struct store_cert *ret,
	size_t max, size_t *ret_n);
/* Changes whenever a record of the tenant is revoked; the CRL's cache looks at it. */
int store_cert_generation(struct store_txn *, uint64_t *ret);

/* ---- relying parties and clients: entries cn=NAME,ou=applications, class lwApplication ---- */
struct store_application {
	struct lw_uuid uuid;
	struct lw_bytes name;
	struct lw_bytes entity_id;            /* lwEntityId: entityID or audience URI; unique in the tenant */
	struct lw_bytes name_id_format;       /* p NULL: the default (persistent: entryUUID) */
	struct lw_bytes *acs; size_t n_acs;   /* lwAcsUrl */
	struct lw_bytes *certs; size_t n_certs; /* userCertificate, DER */
	bool disabled;
};
/* By entityID, or by one of its ACS URLs, exactly. STORE_ROLE_AUTH. LW_ENOTFOUND. */
int store_application(struct store_txn *, struct lw_bytes entity_id_or_acs, struct store_application *ret);

/* ---- tokens ---- */
/* May the session get a token about the subject (itself, or another for whom it holds `impersonate`) for this audience (n 0: none, which needs
 * its own grant), and what may stand in it? audience: the entityID of `app`, octet by octet; app zero: looked up here. The decision is about
 * that entry, an `application`; about an audience that is not registered, and about none, it is of the kind `entry`.
 * LW_OK, LW_EACCES (a disabled application, too), LW_ENOTFOUND (subject not there or disabled: alike). */
/* Of access_claims: "sub" (entryUUID), "groups" (names, also through groups), "tenant", "email" and others that an attribute says; "acr" and
 * "amr" without values: may be said. Then attribute types, text or octets as stored. No value is longer than 4096 octets. */
struct store_claim { const char *name; struct lw_bytes *values; size_t n; };
struct store_token {
	struct store_principal subject;
	struct store_claim *claims; /* what the rules release; never a secret attribute */
	size_t n_claims;
	int64_t max_life; /* us; INT64_MAX */
};
int store_may_token(struct store_txn *, const struct lw_uuid *subject, struct lw_bytes audience, const struct lw_uuid *app, struct store_token *ret);
/* Was this assertion cancelled (STORE_TOKEN_CANCEL)? Records go when they have expired. STORE_ROLE_AUTH. */
bool store_token_cancelled(struct store_txn *, struct lw_bytes id);

/* ---- the typed operations (struct store_op.record; kinds in store.h) ----
 * STORE_TENANT_KEYS   secrets: one item of one of the four attributes above, generation one more than what is there (LW_EAGAIN else).
 * Serials: 1 to 20 octets, zeros in front don't count. Profiles: [a-z0-9-]. LW_EINVAL for what is not so.
 * STORE_CERT_INTENT   serial, subject, profile. Needs `enrol` on the subject for the profile. LW_EEXIST: the serial is taken.
 * STORE_CERT_ISSUED   serial, der, not_before, not_after. The intent's own session (its subject or `enrol` again). LW_EAGAIN: no such intent.
 * STORE_CERT_DROP     serial: an intent for which nothing was signed.
 * STORE_CERT_REVOKE   serial, reason (not 7, 8); when is the writer's time. Needs `revoke` on the certificate or its subject. LW_EEXIST: is revoked already.
 * STORE_TOKEN_CANCEL  id (at most 64 octets of [A-Za-z0-9_.-]), until. By any session of the tenant whose token keyd has accepted.
 *                     LW_EEXIST: was cancelled before. until: at most 400 days from now.
 * STORE_EXPIRE        upkeep: removes token records past `until` and intents and certificates a week past their end, at most
 *                     STORE_EXPIRE_AT_ONCE; the result's version says how many. STORE_ROLE_UPKEEP (and who may `delete certificate`). */
#define STORE_EXPIRE_AT_ONCE 256

#endif
