/* SPDX-License-Identifier: Apache-2.0 */
/* Inside keyd: its state and what a handler is given. Only keys/ includes this. */
#ifndef KEYS_KEYD_H
#define KEYS_KEYD_H

#include <pthread.h>
#include <sys/types.h>
#include "keys/cap.h"
#include "keys/guess.h"
#include "keys/krbkeys.h"
#include "keys/lane.h"
#include "keys/master.h"
#include "keys/msg.h"
#include "keys/password.h"
#include "keys/seal.h"

#define KEYD_RENEWALS   256
#define KEYD_RENEW_TIME (60 * LW_SECOND)
#define KEYD_ARENA      (32u << 20) /* of one request, at most: a revocation list */
#define KEYD_SERIALS    512

/* A password that the holder of this capability just changed: he may have it minted anew. */
struct keyd_renewal {
	uint8_t cap_id[16];
	uint32_t tenant;
	struct lw_uuid subject;
	int64_t until; /* monotonic */
};
struct keyd_crl {
	struct lw_arena *arena;
	struct lw_bytes der;
	uint64_t generation; /* of what is listed */
	int64_t made, next;
};
struct keyd_serial {
	uint8_t n, b[KEYS_MAX_SERIAL];
};
struct keyd {
	struct store *store; /* NULL: lwctl init before there is one */
	const struct lw_clock *clock;
	struct keys_master *master;
	uint8_t audit_key[32];           /* HKDF(mac_secret, "lwd audit 1") */
	uint8_t mac_secret[32];          /* what MACs are made with comes from it (HKDF), so that they outlive the master key */
	struct keys_cap_key cap_key;
	struct keys_policy policy;
	struct keys_guesses *guesses;
	struct keys_lane *lane;
	char dummy[LW_PHC_MAX];          /* a hash of nothing anybody knows */
	const struct schema_attr *password, *krb_key;
	char *dir;
	pthread_mutex_t turning;         /* who changes the master key, or takes the root's key away; before lock */
	pthread_mutex_t lock;            /* the rest */
	struct lw_arena *files;
	struct lw_bytes root_pem, ca_pem, ca_key_sealed;
	unsigned turn, under_way[2];     /* requests by the parity of the turn of the master key that they began in */
	int64_t waits_said;              /* when the log was told last that a renewal waits */
	struct keyd_crl crl[2];          /* the installation CA's, the root's */
	char *names;
	char *urls[2];                   /* https, http */
	struct keys_rotation rotation;
	char ca_alg[16];                 /* of new tenants; empty: the default */
	unsigned ca_epoch;               /* another one for each certificate of the installation CA */
	struct keyd_renewal renewals[KEYD_RENEWALS];
	unsigned next_renewal;
	struct keyd_mark { uint32_t tenant; uint8_t role; struct store_audit_mark at; } *marks; /* of the audit: MACed last, in this life; sorted */
	size_t nmarks;
	int64_t audit_keep;              /* us; 0: for ever */
	uint64_t audit_most;             /* records of a tenant; 0: any number */
	struct keyd_serial serials[KEYD_SERIALS]; /* signed last */
	unsigned next_serial;
	struct keyd_cache *cache;        /* keys/sign.h */
	struct keyd_spares *spares;      /* the same */
};

/* One request. The gate of its row filled cap (and session, for the operator and those with a token) before the handler runs. */
struct keys_call {
	const struct keys_row *row;
	struct keys_request q;
	struct keys_answer a;
	enum lw_role_id from;
	struct lw_arena *arena;          /* wiped */
	struct lw_cap cap;
	bool say;                        /* a.text is for whom it concerns; else it stays here */
};

/* An account as keyd reads it. */
struct keyd_account {
	struct store_tenant tenant;
	struct store_principal who;
	bool there, usable; /* usable: there, it and its tenant enabled */
	bool has_password, has_krb;
	uint64_t password_gen, krb_gen; /* generations; 0: none yet */
	struct keys_bundle bundle;
	struct keys_krb krb;
};
/* keys/keyd_account.c */
/* LW_OK also when there is no such account: ret->there says so. Wipe it. */
int keyd_account(
        struct keyd *, struct keys_call *, uint32_t tenant, const struct lw_uuid *, struct keyd_account *ret);
/* One more item in c->a. wrapped: the tenant's data keys. */
int keyd_seal(struct keyd *, struct keys_call *, const struct lw_uuid *tenant, struct lw_bytes wrapped,
        const struct lw_uuid *entry, const struct schema_attr *, enum store_secret_class, uint64_t generation,
        struct lw_bytes clear);
/* The same for Kerberos keys. */
int keyd_seal_krb(struct keyd *, struct keys_call *, const struct lw_uuid *tenant, struct lw_bytes wrapped,
	const struct lw_uuid *entry, uint64_t generation, const struct keys_krb *);
/* keys/keyd_kerberos.c */
int keyd_kerberos_key(struct keyd *, struct keys_call *);
int keyd_kerberos_cap(struct keyd *, struct keys_call *);
int keyd_keytab(struct keyd *, struct keys_call *);
int keyd_realm_keys(struct keyd *, struct keys_call *);
int keyd_realm_list(struct keyd *, struct keys_call *); /* blob: u32 kvno, u64 time, needed until (0: no end), next (0: none) of each set */
/* One more item in c->a where the realm's keys are due. ret_next: when they are. */
int keyd_realm_due(struct keyd *, struct keys_call *, const struct store_tenant *, int64_t *ret_next);
/* keys/keyd_sign.c */
int keyd_due(struct keyd *, struct keys_call *);
int keyd_want(struct keyd *, struct keys_call *);
int keyd_rotate(struct keyd *, struct keys_call *);
/* blob: u8 kind, counted id and alg, u64 created, used from, end, needed until (0: no end), next (0: none), u8 enum keys_state */
int keyd_list(struct keyd *, struct keys_call *);
/* keys/keyd_end.c */
int keyd_tenant_end(struct keyd *, struct keys_call *); /* blob: u64 generation of lwCaKey; counted serial and u64 end of each certificate */
int keyd_forget(struct keyd *, struct keys_call *);
/* keys/keyd_cert.c */
int keyd_cert(struct keyd *, struct keys_call *);
/* keys/keyd_public.c */
int keyd_public(struct keyd *, struct keys_call *);
int keyd_ocsp(struct keyd *, struct keys_call *);
/* keys/keyd_install.c */
struct lw_bytes keyd_root_pem(struct keyd *); /* lives as long as keyd; a renewed one of the same key may follow */
/* The certificates of root and installation CA, as far as they are due, for the same keys. While the root's key is away that waits: the log says so. */
void keyd_installation_upkeep(struct keyd *, struct lw_arena *);
int keyd_tls_cert(struct keyd *, struct keys_call *);
int keyd_ca_key(struct keyd *, struct lw_arena *, struct lw_bytes *ret); /* the installation CA's, PKCS#8 */
/* keys/keyd_master.c */
unsigned keyd_enter(struct keyd *);
void keyd_leave(struct keyd *, unsigned);
int keyd_master_tidy(struct keyd *, char err[256]);
int keyd_master_rotate(struct keyd *, struct keys_call *);
int keyd_master_rewrap(struct keyd *, struct keys_call *); /* blob: with a tenant its keys; else u8 is it under way, u8 is the root's key here, u64 since when */
/* keys/keyd_root.c */
int keyd_root_export(struct keyd *, struct keys_call *);
int keyd_root_import(struct keyd *, struct keys_call *);
int keyd_ca_renew(struct keyd *, struct keys_call *);
/* keys/keyd_cert_cap.c */
int keyd_cert_cap(struct keyd *, struct keys_call *);
/* keys/keyd_login.c */
int keyd_login(struct keyd *, struct keys_call *);
int keyd_adopt(struct keyd *, struct keys_call *);
/* keys/keyd_token.c */
int keyd_token_issue(struct keyd *, struct keys_call *);
int keyd_assertion_accept(struct keyd *, struct keys_call *); /* blob: with KEYS_AS_TARGET, a capability without MAC */
/* keys/keyd_audit.c */
int keyd_audit_take(struct keyd *, struct keys_call *); /* blob: records, time: up to where */
int keyd_audit_mac(struct keyd *, struct keys_call *);
void keyd_audit(struct keyd *, struct keys_call *, int err); /* after the handler: what this message is in the audit */
/* What a message is in the audit when it is done; NONE: nothing, and why_not says why. NULL: no row. */
struct keyd_audit_row { uint16_t id; enum lw_audit_event event; const char *why_not; };
const struct keyd_audit_row *keyd_audit_row(uint16_t id);
/* keys/keyd_password.c */
int keyd_verify(struct keyd *, struct keys_call *);
int keyd_set_password(struct keyd *, struct keys_call *);
int keyd_unlock(struct keyd *, struct keys_call *);
int keyd_tenant_new(struct keyd *, struct keys_call *);
/* keys/keyd.c */
int keyd_mint(struct keyd *, struct keys_call *, struct lw_cap *); /* for the role that asks */
int keyd_mint_for(struct keyd *, struct keys_call *, enum lw_role_id, struct lw_cap *);
/* One line for the asker, along with an error. */
void keyd_say(struct keys_call *, const char *text);
/* The public URLs; NULL: not known. */
char *keyd_https_url(struct keyd *, struct lw_arena *);
char *keyd_http_url(struct keyd *, struct lw_arena *);
/* A session of the capability's own, on the channel it came by. */
int keyd_session(struct keyd *, struct keys_call *, const struct lw_cap *, struct lw_session **ret);
/* store_may in such a session; target and attr as there, NULL too. */
int keyd_may(struct keyd *, struct keys_call *, enum access_verb, const struct lw_uuid *target,
        const struct schema_attr *attr);
void keyd_log(struct keyd *, const char *event, const struct keys_call *, int err);
/* keys/bootstrap.c */
#define KEYD_FILE_MAX 65536
int keyd_read_file(const char *dir, const char *name, struct lw_arena *, struct lw_bytes *ret, char err[256]);
int keyd_replace_file(const char *dir, const char *name, mode_t, struct lw_bytes what, char err[256]);
int keyd_remove_file(const char *dir, const char *name, char err[256]);
const struct keys_builders *keyd_builders(void); /* NULL: none registered */
#define KEYD_CA_SEAL   "installation ca"
#define KEYD_ROOT_SEAL "root ca"
#define KEYD_MAC_SEAL  "mac secret"
#define KEYD_MAC_FILE  "mac.secret.sealed"

#endif
