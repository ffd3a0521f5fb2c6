/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, for the audit (docs/audit.md): every authentication, denial, administrative change, use of a key and issuance.
 * lw_audit() puts a record into this process's ring and never waits for anything; directory collects the rings of all roles at
 * least once a second and writes them into the chains of their tenants (store/audit.h). Changes of the store are recorded by the
 * writer itself, in the transaction of the change: nobody calls lw_audit() for an accepted store_write().
 *
 * Never a secret: no password, key, token, ticket, nor what somebody typed as a name that is nobody's (it may be a password).
 * Names are those of entries that are there. */
#ifndef BASE_AUDIT_H
#define BASE_AUDIT_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/role.h"
#include "base/uuid.h"

/* Numbers and names are kept for ever: they go over the wire and stand in records. */
#define LW_AUDIT_EVENTS(X)                                                                                              \
	X(LOST, "audit.lost")           /* records for which there was no room; detail says how many */                 \
	X(TRIM, "audit.trim")           /* old records were removed */                                                  \
	X(PASSWORD, "auth.password")    /* a password was verified, or not */                                           \
	X(KERBEROS, "auth.kerberos")    /* a ticket was accepted */                                                     \
	X(CERTIFICATE, "auth.certificate")                                                                              \
	X(PEER, "auth.peer")            /* the owner of the data directory, or root */                                  \
	X(TOKEN, "auth.token")          /* a token or an assertion was accepted */                                      \
	X(BIND, "ldap.bind")            /* a session began by LDAP's bind, also where nobody was asked again */         \
	X(AS, "kerberos.as")                                                                                            \
	X(TGS, "kerberos.tgs")                                                                                          \
	X(KPASSWD, "kerberos.kpasswd")                                                                                  \
	X(DENIED, "access.denied")      /* detail: the operation */                                                     \
	X(REQUEST, "admin.request")     /* a verb of lwctl or the admin API; detail: which */                           \
	X(UNLOCK, "account.unlock")                                                                                     \
	X(LOCKED, "account.locked")     /* a guess was not looked at any more */                                        \
	X(ADD, "entry.add")                                                                                             \
	X(MODIFY, "entry.modify")       /* detail: the attributes */                                                    \
	X(DELETE, "entry.delete")                                                                                       \
	X(MOVE, "entry.move")                                                                                           \
	X(SECRET, "secret.set")         /* a password or keys were written */                                           \
	X(TENANT_CREATE, "tenant.create")                                                                               \
	X(TENANT_STATE, "tenant.state")                                                                                 \
	X(TENANT_KEYS, "tenant.keys")   /* the next generation of what a tenant signs with was written */               \
	X(CERT_INTENT, "cert.intent")                                                                                   \
	X(CERT_ISSUED, "cert.issued")                                                                                   \
	X(CERT_DROP, "cert.drop")                                                                                       \
	X(CERT_REVOKE, "cert.revoke")                                                                                   \
	X(TOKEN_CANCEL, "token.cancel")                                                                                 \
	X(EXPIRE, "record.expire")                                                                                      \
	X(CHANGE, "store.change")       /* any other operation of the writer; detail: which */                          \
	X(KEY_MAKE, "key.make")         /* keyd made keys or sealed a password; detail: the message */                  \
	X(KEY_EXPORT, "key.export")     /* a keytab, a tenant's key for the KDC */                                      \
	X(KEY_USE, "key.use")           /* a signature that is no certificate or token; detail: the message */          \
	X(CERT_SIGN, "cert.sign")                                                                                       \
	X(TOKEN_ISSUE, "token.issue")                                                                                   \
	X(CAPABILITY, "capability.mint") /* a session was made out of another's word */                                \
	X(TENANT_DELETE, "tenant.delete")                                                                               \
	X(TENANT_RECLAIM, "tenant.reclaim") /* a piece of a deleted tenant was removed */                           \
	X(TENANT_REWRAP, "tenant.rewrap") /* its data keys were wrapped with another master key */

enum lw_audit_event {
	LW_AUDIT_NONE = 0,
#define X(id, name) LW_AUDIT_##id,
	LW_AUDIT_EVENTS(X)
#undef X
	LW_AUDIT_EVENT_COUNT
};
const char *lw_audit_event_name(enum lw_audit_event); /* NULL: none */
const char *lw_audit_role_name(enum lw_role_id);      /* NULL: no role */

enum lw_audit_protocol {
	LW_AUDIT_INTERNAL, LW_AUDIT_LDAP, LW_AUDIT_KRB, LW_AUDIT_HTTP, LW_AUDIT_CONTROL, LW_AUDIT_KEYD, LW_AUDIT_PROTOCOL_COUNT
};
const char *lw_audit_protocol_name(enum lw_audit_protocol);

#define LW_AUDIT_NAME_MAX   120 /* octets; longer ones are cut */
#define LW_AUDIT_SOURCE_MAX 63
#define LW_AUDIT_DETAIL_MAX 200
#define LW_AUDIT_WIRE_MAX   640  /* octets of a record as roles exchange it */
#define LW_AUDIT_WIRE_MIN   22   /* … and of the shortest, with its length */
#define LW_AUDIT_TIME       28
#define LW_AUDIT_TEXT_MAX   1700 /* octets of its JSON without what the chain adds */

struct lw_audit {
	enum lw_audit_event event;
	enum lw_audit_protocol protocol;
	int err;                          /* LW_OK: it was done; else LW_E… */
	int64_t time;                     /* 0: now */
	uint32_t tenant;                  /* 0: nobody's: stands with the system tenant's */
	struct lw_uuid actor, target;     /* zero: a role, nobody, or nobody's */
	struct lw_bytes actor_name, target_name, source, detail; /* borrowed */
	enum lw_role_id role;             /* whose ring it was in; lw_audit() says it */
};

/* Is this a denial, or something that another attempt may cure, which nobody has to answer for? */
bool lw_audit_is_denial(int err);

/* ---- the ring of this process ---- */
/* Before that, and in programs that never call it, lw_audit() does nothing. Once, before threads. */
int lw_audit_start(enum lw_role_id, const struct lw_clock *); /* LW_ENOMEM */
void lw_audit_stop(void); /* tests */
void lw_audit(const struct lw_audit *);
#define LW_AUDIT_RING  (8u << 20) /* octets; refusals may use three quarters */
#define LW_AUDIT_BURST 2048       /* refusals, and what anybody may have keyd sign, that a tenant may have at once, */
#define LW_AUDIT_RATE  256        /* and so many a second after that; the rest are counted, and one record says how many */
size_t lw_audit_waiting(void);    /* octets in the ring */
/* Whole records, each as u16 length and wire form, the oldest first, at most max octets; *ret_upto is for lw_audit_done. What was lost
 * before comes first. One thread at a time. */
void lw_audit_peek(struct lw_writer *, size_t max, uint64_t *ret_upto);
void lw_audit_done(uint64_t upto); /* they are on the disk */

/* ---- as octets, and as JSON ---- */
/* u32 tenant, and the kept form, which is what stands in a chain and is hashed (docs/audit.md says its octets). Cuts what is too long; what
 * is no text becomes '?', so that nothing of it is lost in JSON. */
void lw_audit_put(struct lw_writer *, const struct lw_audit *);
void lw_audit_keep(struct lw_writer *, const struct lw_audit *); /* the kept form behind its u16 length */
/* Everything borrowed. LW_EINVAL. */
int lw_audit_get(struct lw_reader *, struct lw_audit *ret);
int lw_audit_kept(struct lw_bytes, struct lw_audit *ret); /* without tenant and role: the chain says them */
/* The next of a run of records, each behind its u16 length. *ret_kept: its kept form. false: the end, or r->err (LW_EINVAL). */
bool lw_audit_next(struct lw_reader *records, struct lw_audit *ret, struct lw_bytes *ret_kept);
void lw_audit_time(int64_t time, char ret[LW_AUDIT_TIME]); /* 2026-11-23T10:53:50.495664Z */
/* The members from "time" to the end, without braces: "time":"2026-…","role":"kdc",…  At most LW_AUDIT_TEXT_MAX octets. */
void lw_audit_text(const struct lw_audit *, struct lw_bytes tenant_name, const char *role, struct lw_writer *);

#endif
