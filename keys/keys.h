/* SPDX-License-Identifier: Apache-2.0 */
/* keyd as its callers see it: typed requests over a channel (or, for lwctl init and restore, in the same process). keyd never signs
 * or seals bytes that someone else built; it reads the store, runs the same access check, and builds what it signs. */
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

#include "base/cap.h"
#include "base/chan.h"
#include "store/audit.h"
#include "store/store.h"

struct keys; /* a client */

struct keys *keys_over_chan(struct lw_chan *, enum lw_role_id me); /* chan outlives it */
/* Master key and handlers in this process: for tests. */
int keys_in_process(const char *dir, struct store *, const struct lw_clock *, struct keys **ret, char err[256]);
/* Around a keyd that the caller has (and that outlives it). */
struct keyd;
struct keys *keys_around(struct keyd *, enum lw_role_id me);
void keys_free(struct keys *);

struct keys_token { uint8_t b[LW_CAP_MAX]; size_t n; }; /* an encoded capability with its MAC */
struct keys_source { char addr[64]; bool confidential; }; /* where a guess comes from: the account's and the source's guesses are both counted */

/* Verify a password: reserves a guess first. LW_OK, LW_EAUTH (wrong, unknown, disabled: alike), LW_ELOCKED (log only: the peer sees
 * LW_EAUTH's answer), LW_EBUSY, LW_EUNAVAIL. uuid zero: an unknown name; takes as long as a known one and fails. */
int keys_verify(struct keys *, uint32_t tenant, const struct lw_uuid *subject, struct lw_bytes password, const struct keys_source *,
	struct keys_token *ret_token, struct lw_cap *ret_cap);
/* The owner of the data directory, on directory's word (peer credentials). */
int keys_operator(struct keys *, uint32_t tenant, struct keys_token *ret_token, struct lw_cap *ret_cap);
/* A token that came over a socket -> capability. LW_EAUTH, LW_EEXPIRED. */
int keys_check(struct keys *, struct lw_bytes token, struct lw_cap *ret);
/* Re-mint with the new credential version after its own password change: only right after keys_set_password by the same token. */
int keys_renew(struct keys *, struct lw_bytes token, struct keys_token *ret_token, struct lw_cap *ret_cap);

/* One sealed bundle for a new password: argon2id, Kerberos keys (20, 19, 18, 17) with salt and kvno, SCRAM-SHA-256/512 verifiers, history.
 * keyd checks set-secret on the target itself; old (may be empty) is verified in the same message, as a reserved guess. new_entry: the
 * entry does not exist yet (create is checked by the writer); names are then taken from the argument. LW_EPWPOLICY with text,
 * LW_EACCES, LW_EAUTH (old is wrong), LW_EAGAIN (entry version differs). Items live in the arena; give them to STORE_SET_SECRET. */
struct keys_new_entry { const char *name; const char *krb_name; bool user; };
int keys_set_password(struct keys *, struct lw_bytes token, uint32_t tenant, const struct lw_uuid *target, uint64_t expect_version,
	const struct keys_new_entry *new_entry, struct lw_bytes old, struct lw_bytes password, const struct keys_source *,
	struct lw_arena *, struct store_sealed_item **ret, size_t *ret_n, char text[200]);
/* Forget failed guesses of an account (needs set-secret on it). */
int keys_unlock(struct keys *, struct lw_bytes token, uint32_t tenant, const struct lw_uuid *target);

/* A new tenant: its data keys, one per class, wrapped by the master key, and its first administrator's password sealed under them, all
 * in one message, so that a refused password leaves nothing behind. Needs an operator's or an installation administrator's token.
 * The items go into STORE_TENANT_CREATE's secrets. LW_EPWPOLICY with text. */
struct keys_tenant {
	struct lw_uuid uuid;
	const char *name, *realm;
	struct lw_uuid admin_uuid;
	const char *admin_name;
	/* filled in: the krbtgt's first keys, for op.realm_keys. NULL: not wanted */
	struct store_sealed_item *ret_realm;
};
int keys_tenant_new(struct keys *, struct lw_bytes token, const struct keys_tenant *, struct lw_bytes password, struct lw_arena *,
	struct lw_bytes *ret_wrapped, struct store_sealed_item **ret, size_t *ret_n, char text[200]);

/* ---- Kerberos ---- */
/* For the kdc role alone: the tenant's key of class kerberos, which opens its principals' keys
 * (keys/krbkeys.h). */
int keys_kerberos_key(struct keys *, uint32_t tenant, uint8_t ret[32]);
/* On the kdc's word: who showed a ticket. role: whom the capability is for (the kdc itself, or the role it
 * accepted for). keyd looks the subject up itself. LW_EAUTH: not there, disabled. */
struct keys_kerberos {
	uint32_t tenant;
	struct lw_uuid subject;
	int64_t auth_time;
	bool confidential;
	enum lw_role_id role;
};
int keys_kerberos_cap(
        struct keys *, const struct keys_kerberos *, struct keys_token *ret_token, struct lw_cap *ret_cap);
/* directory: a token that the kdc got for itself and sends along with a write. LW_EAUTH, LW_EEXPIRED. */
int keys_check_forwarded(
        struct keys *, struct lw_bytes token, enum lw_role_id minted_for, struct lw_cap *ret);
/* A keytab (0x0502, every enctype and every kvno that is still accepted) of a service or host: needs `export`
 * on its krbPrincipalKey. rotate, or when it has no keys yet: new random ones under the next kvno (needs
 * `set-secret`), in items, to be written with STORE_SET_SECRET before the keytab is given out. LW_EUNWILLING:
 * a user's. The blob is secret. */
int keys_keytab(struct keys *, struct lw_bytes token, uint32_t tenant, const struct lw_uuid *target,
        bool rotate, struct lw_arena *, struct store_sealed_item **ret, size_t *ret_n,
        struct lw_bytes *ret_keytab);
/* New krbtgt keys under the next kvno, the older ones kept behind them: for STORE_TENANT_KEYS. Needs
 * `administer` on the tenant. */
int keys_realm_keys(struct keys *, struct lw_bytes token, uint32_t tenant, bool at_once, struct lw_arena *,
        struct store_sealed_item *ret, char why[200]);
/* Which sets of krbtgt keys there are, newest first; ret has KEYS_REALM_SETS. Needs `administer` on the
 * tenant. No realm keys yet: none. */
#define KEYS_REALM_SETS 4
struct keys_realm_set {
	uint32_t kvno;
	int64_t set_time;
	int64_t needed; /* tickets under it are good until then; 0: it is the newest */
	int64_t next;   /* another follows then by itself; 0: only by hand, or one has followed */
};
int keys_realm_list(
        struct keys *, struct lw_bytes token, uint32_t tenant, struct keys_realm_set *ret, size_t *ret_n);

/* A TLS certificate for a listener: P-256 SubjectPublicKeyInfo and proof of possession (a CSR, DER) in, PEM chain out (leaf, installation CA).
 * Names come from the configuration that keyd itself has read, not from the CSR. */
int keys_tls_cert(struct keys *, struct lw_bytes csr_der, struct lw_arena *, struct lw_bytes *ret_pem, int64_t *ret_not_after);
int keys_ca_pem(struct keys *, bool root, struct lw_arena *, struct lw_bytes *ret_pem); /* root or installation CA certificate */
/* ---- the audit (docs/audit.md): for directory ---- */
/* keyd's own records that are not on the disk yet (as lw_audit_peek gives them); those before `done` are. Records live in the arena. */
int keys_audit_take(struct keys *, uint64_t done, struct lw_arena *, struct lw_bytes *ret_records, uint64_t *ret_upto);
/* keyd looks at these chains itself: is what stands there as MACed its MAC, does every record since then link to it? Then it MACs the chain
 * on from there. At most KEYS_AUDIT_CHAINS. */
enum keys_audit_state {
	KEYS_AUDIT_OK, KEYS_AUDIT_BAD_MAC /* not keyd's */, KEYS_AUDIT_BROKEN /* a record since then was altered */,
	KEYS_AUDIT_BACK /* keyd has MACed more than this chain has */, KEYS_AUDIT_GONE /* no such chain, or it can't be read now */,
	KEYS_AUDIT_KEPT /* it isn't for keyd to remove so much */, KEYS_AUDIT_BAD_GONE /* the mark of what was removed is not keyd's */,
	KEYS_AUDIT_STATES
};
struct keys_audit_chain {
	uint32_t tenant;
	enum lw_role_id role;
	uint64_t trim;                  /* agree to remove up to this record; 0: MAC the end */
	enum keys_audit_state state;    /* the rest is the answer */
	struct store_audit_mark mark;   /* of the trimmed record, or of what is MACed now */
	int64_t time;
	uint8_t mac[32];
};
#define KEYS_AUDIT_CHAINS 1024
#define KEYS_AUDIT_TAKE   200000 /* octets of records in one answer */
int keys_audit_mac(struct keys *, struct keys_audit_chain *inout, size_t n);
int keys_ping(struct keys *); /* readiness: opens a sealed test record */

/* ---- builders: keys/ includes no protocol. lwd/services.c, lwctl and tests say keys_builders(&ca_builders) (ca/ca.h) once, before
 * anything below and before keys_in_process ---- */
/* What a leaf says of itself. */
struct keys_shown {
	struct lw_uuid tenant, subject; /* serialNumber of its issuer, and its own */
	struct lw_bytes organization;   /* the tenant's name; where that is too long, its UUID as text */
	struct lw_bytes serial;
	const char *profile;
	bool client;                    /* the profile's purposes have clientAuth */
	int64_t not_before, not_after;
};
struct keys_builders {
	/* Private keys are PKCS#8 DER and go into the arena (a wiped one); certificates are PEM. why: one line. */
	int (*root)(const char *hostname, int64_t now, struct lw_arena *, struct lw_bytes *ret_key, struct lw_bytes *ret_pem, char why[200]);
	int (*installation)(struct lw_bytes root_key, struct lw_bytes root_pem, const char *hostname, int64_t now, struct lw_arena *,
		struct lw_bytes *ret_key, struct lw_bytes *ret_pem, char why[200]);
	/* names: comma-separated DNS names and IP addresses. PEM: leaf, then the issuer. */
	int (*listener)(struct lw_bytes ca_key, struct lw_bytes ca_pem, struct lw_bytes csr, const char *names, int64_t now,
		struct lw_arena *, struct lw_bytes *ret_pem, int64_t *ret_not_after, char why[200]);
	/* The installation CA's certificate anew, for the same key and name. LW_EAGAIN: it is not two thirds through its life. It is due as well
	 * when it has not begun, the clock having been turned back; not at the time 0. */
	int (*renew)(struct lw_bytes root_key, struct lw_bytes root_pem, struct lw_bytes ca_pem, int64_t now, struct lw_arena *,
		struct lw_bytes *ret_pem, char why[200]);
	/* The root's own certificate anew, for the same key and name; key empty: is it due? LW_EAGAIN: it is not. */
	int (*renew_root)(struct lw_bytes root_key, struct lw_bytes root_pem, int64_t now, struct lw_arena *, struct lw_bytes *ret_pem, char why[200]);
	/* The installation CA's before it is due. */
	int (*anew)(struct lw_bytes root_key, struct lw_bytes root_pem, struct lw_bytes ca_pem, int64_t now, struct lw_arena *,
		struct lw_bytes *ret_pem, char why[200]);
	/* ca_leaf_read, ca_leaf_verify */
	int (*leaf_read)(struct lw_bytes der, struct lw_arena *, struct keys_shown *ret, char why[200]);
	int (*leaf_verify)(struct lw_bytes der, struct lw_bytes issuers_pem, int64_t now, char why[200]);
};
void keys_builders(const struct keys_builders *);

/* ---- keyd's side: the role's main calls this with its end of each socket pair ---- */
#define KEYD_THREADS 160  /* threads for lw_chan_serve: most of them only wait for the hashing lane */
#define KEYD_QUEUE   256  /* its queue_max */
int keyd_new(const char *dir, struct store *, const struct lw_clock *, struct lw_bytes boot_id, char err[256], struct keyd **ret);
/* The names of this lwd's listeners, comma-separated and ended by a zero octet, appended to w: host name,
 * with addresses those of listen, and where it listens on loopback "localhost" and what the machine calls
 * itself. The host name comes first. */
int keys_listener_names(const char *hostname, const char *listen, bool addresses, struct lw_writer *w);
/* What the configuration says about the listeners, read by keyd's own main at start and on SIGHUP: host name and comma-separated listen
 * addresses ("127.0.0.1,::1"; a wildcard adds no name). Without it keys_tls_cert is LW_EUNAVAIL. */
int keyd_names(struct keyd *, const char *hostname, const char *listen);
/* Before the first request: count guesses in this table (keys/guess.h), which is keyd's from now on, instead
 * of one of its own. */
struct keys_guesses;
void keyd_guesses(struct keyd *, struct keys_guesses *);
void keyd_handle(struct keyd *, enum lw_role_id from, struct lw_bytes request, struct lw_writer *answer);
void keyd_busy(struct lw_writer *answer);
void keyd_free(struct keyd *);
/* lwctl init: master key (0600), root and installation CA into DIR. Everything is made before anything is renamed into place. */
int keys_bootstrap(const char *dir, const char *hostname, const struct lw_clock *, char err[256]); /* dir exists; dir/keys must not */

#endif
