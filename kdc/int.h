/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the KDC: the server, what each thread keeps, realms, opened keys, and one request on its way. Only
 * kdc/ and its tests include this. docs/kdc.md says how a request flows. */
#ifndef KDC_INT_H
#define KDC_INT_H

#include <pthread.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/krbcrypt.h"
#include "kdc/ad.h"
#include "kdc/aside.h"
#include "kdc/kdc.h"
#include "kdc/msg.h"
#include "kdc/replay.h"
#include "keys/krbkeys.h"

#define KDC_UDP_IN        16384
#define KDC_UDP_OUT       4096 /* longer answers: KRB_ERR_RESPONSE_TOO_BIG */
#define KDC_BATCH         32   /* requests of one connection in a quantum */
#define KDC_BATCH_US      200
#define KDC_ARENA         (1u << 20)
#define KDC_REALMS        4096  /* a thread's sessions */
#define KDC_CLASS_KEYS    4096  /* tenants' keys that the server remembers */
#define KDC_KEYS          16384 /* principals whose keys a thread remembers */
#define KDC_PREPARED      8192  /* key objects that a thread keeps, some KB each */
#define KDC_ETYPES        LW_ENCTYPES_MAX
#define KDC_CHANGEPW_LIFE 600 /* seconds that a ticket for kadmin/changepw lives at most */
#define KDC_LOG_RATE      50  /* lines a second and thread about refused requests */

/* ---- flags of tickets and options of requests (RFC 4120 5.3, 5.4.1; RFC 6806) ---- */
#define KRB_FORWARDABLE     KRB_BIT(1)
#define KRB_FORWARDED       KRB_BIT(2)
#define KRB_PROXIABLE       KRB_BIT(3)
#define KRB_PROXY           KRB_BIT(4)
#define KRB_MAY_POSTDATE    KRB_BIT(5)
#define KRB_POSTDATED       KRB_BIT(6)
#define KRB_INVALID         KRB_BIT(7) /* ticket */
#define KRB_RENEWABLE       KRB_BIT(8)
#define KRB_INITIAL         KRB_BIT(9)  /* ticket */
#define KRB_PRE_AUTHENT     KRB_BIT(10) /* ticket */
#define KRB_HW_AUTHENT      KRB_BIT(11) /* ticket */
#define KRB_TRANSITED_OK    KRB_BIT(12) /* ticket: transited-policy-checked */
#define KRB_CNAME_IN_ADDL   KRB_BIT(14) /* option */
#define KRB_CANONICALIZE    KRB_BIT(15) /* option */
#define KRB_ENC_PA_REP      KRB_BIT(15) /* ticket */
#define KRB_ANONYMOUS       KRB_BIT(16)
#define KRB_NO_TRANSITED    KRB_BIT(26) /* option: disable-transited-check */
#define KRB_RENEWABLE_OK    KRB_BIT(27) /* option */
#define KRB_ENC_TKT_IN_SKEY KRB_BIT(28) /* option */
#define KRB_RENEW           KRB_BIT(30) /* option */
#define KRB_VALIDATE        KRB_BIT(31) /* option */

/* Key usages (RFC 4120 7.5.1, RFC 6806 section 11) */
enum kdc_usage {
	KRB_U_ENC_TS = 1,
	KRB_U_TICKET = 2,
	KRB_U_AS_REP = 3,
	KRB_U_AUTHZ_SESSION = 4,
	KRB_U_AUTHZ_SUBKEY = 5,
	KRB_U_TGS_CKSUM = 6,
	KRB_U_TGS_AUTH = 7,
	KRB_U_TGS_REP_SESSION = 8,
	KRB_U_TGS_REP_SUBKEY = 9,
	KRB_U_AP_AUTH = 11,
	KRB_U_AS_REQ = 56
};

/* ---- why a request is refused: what functions here return besides LW_E… ---- */
#define KDC_REASONS(X)                                                                                       \
	X(BAD_PVNO, 3, "protocol version")                                                                   \
	X(CLIENT_UNKNOWN, 6, "no such client")                                                               \
	X(SERVER_UNKNOWN, 7, "no such server, or no right to a ticket for it")                               \
	X(NULL_KEY, 9, "the server has no key")                                                              \
	X(CANNOT_POSTDATE, 10, "postdating")                                                                 \
	X(NEVER_VALID, 11, "the ticket would never be valid")                                                \
	X(POLICY, 12, "policy")                                                                              \
	X(BADOPTION, 13, "an option that can't be granted")                                                  \
	X(ETYPE_NOSUPP, 14, "no common encryption type")                                                     \
	X(PADATA_NOSUPP, 16, "no ticket shown")                                                              \
	X(CLIENT_REVOKED, 18, "the client is disabled")                                                      \
	X(TGT_REVOKED, 20, "the ticket's client is not there any more")                                      \
	X(PREAUTH_FAILED, 24, "wrong password")                                                              \
	X(PREAUTH_REQUIRED, 25, "pre-authentication required")                                               \
	X(SERVER_NOMATCH, 26, "server and ticket don't match")                                               \
	X(MUST_USE_U2U, 27, "a user as server")                                                              \
	X(UNAVAILABLE, 29, "not available")                                                                  \
	X(BAD_INTEGRITY, 31, "does not decrypt")                                                             \
	X(TKT_EXPIRED, 32, "the ticket has expired")                                                         \
	X(TKT_NYV, 33, "the ticket is not yet valid")                                                        \
	X(REPEAT, 34, "a replay")                                                                            \
	X(NOT_US, 35, "a ticket for somebody else")                                                          \
	X(BADMATCH, 36, "ticket and authenticator don't match")                                              \
	X(SKEW, 37, "clock skew")                                                                            \
	X(BADADDR, 38, "another address")                                                                    \
	X(BADVERSION, 39, "version of an AP-REQ")                                                            \
	X(MSG_TYPE, 40, "message type")                                                                      \
	X(MODIFIED, 41, "the checksum is wrong")                                                             \
	X(BADKEYVER, 44, "key version")                                                                      \
	X(INAPP_CKSUM, 50, "no fit checksum")                                                                \
	X(TOO_BIG, 52, "too big for a datagram")                                                             \
	X(GENERIC, 60, "malformed, or an internal error")                                                    \
	X(TOOLONG, 61, "a field is too long")                                                                \
	X(WRONG_REALM, 68, "no such realm")
enum kdc_reason {
	KDC_OK = 0,
	KDC_R_BASE = 1000, /* above every LW_E… */
#define X(name, code, text) KDC_R_##name,
	KDC_REASONS(X)
#undef X
	        KDC_R_END
};
struct kdc_reason_row {
	const char *name;
	int32_t code;
	const char *text;
};
const struct kdc_reason_row *kdc_reason_row(int err); /* of LW_E… too */

/* ---- the server ---- */

struct kdc_thread;
struct kdc_class_key {
	struct lw_uuid tenant;
	bool used;
	uint8_t key[32];
};
struct kdc_server {
	struct store *store;
	struct keys *keys;
	const struct lw_clock *clock;
	struct kdc_options options; /* names is a copy */
	int64_t skew;               /* seconds */
	const struct schema_attr *krb_name, *krb_key, *uid;
	struct kdc_replay *replay;
	void *own_region;
	struct kdc_aside *aside;
	struct keys_krb_set dummy; /* keys of nobody: what unknown names are checked against */
	pthread_key_t key;         /* each thread's struct kdc_thread */
	pthread_mutex_t lock;      /* threads, class_keys */
	struct kdc_thread *threads;
	struct kdc_class_key *class_keys; /* KDC_CLASS_KEYS, an open hash */
};
bool kdc_own_host(const struct kdc_server *, struct lw_bytes host); /* in any case */

/* ---- what one thread keeps between requests; it alone touches it ---- */

struct kdc_realm {
	uint32_t tenant;
	bool has_key;
	struct lw_uuid uuid;
	struct lw_uuid somebody; /* the last client with keys; zero: none yet */
	uint8_t key[32];         /* class kerberos */
	struct lw_session *session;
	size_t n; /* 0: a free slot */
	char name[256];
};
struct kdc_keycache;
struct kdc_thread {
	struct kdc_server *server;
	struct kdc_thread *next, **prev;
	struct lw_arena *arena; /* of one request, wiped */
	struct lw_writer text;
	uint8_t *out;                    /* an answer over TCP */
	uint8_t *plain, *cipher, *reply; /* each KRB_MAX_MESSAGE: parts, cipher texts, the message */
	struct lw_krbkey *session, *subkey, *other;
	struct kdc_keycache *keys;
	const struct kdc_keys *dummy;
	struct kdc_realm *realms; /* KDC_REALMS */
	uint32_t *realm_hash;     /* of each: the others' names need not be looked at */
	struct kdc_realm *open;   /* whose transaction txn is */
	struct store_txn *txn;
	unsigned turn; /* which slot of a full set of realms goes next */
	int64_t log_second;
	unsigned logged;
};
struct kdc_thread *kdc_thread(struct kdc_server *); /* this thread's; NULL: no memory */
void kdc_thread_end(struct kdc_thread *);           /* the batch is over: no read transaction stays open */

/* ---- realms: kdc/realm.c ---- */
/* The realm of exactly this name with a read transaction open in t->txn and its key at hand. LW_ENOTFOUND:
 * none, or disabled; LW_EAGAIN: it may block. */
int kdc_realm_open(struct kdc_thread *, struct lw_bytes name, bool may_block, struct kdc_realm **ret);
void kdc_realms_free(struct kdc_thread *);

/* ---- opened keys: kdc/keys.c ---- */
/* lwd's own services; their keys follow from the krbtgt's. */
enum kdc_own { KDC_ENTRY, KDC_KRBTGT, KDC_CHANGEPW, KDC_LDAP, KDC_HTTP, KDC_OWN_COUNT };
struct kdc_keys { /* what is looked at first lies on one line of memory */
	struct lw_uuid entry;
	struct kdc_keys *chain;
	uint64_t serial;   /* never the same twice in a thread */
	uint64_t snapshot; /* in which generation and mark were compared last */
	uint64_t asked;    /* when it was moved to the young end */
	uint32_t tenant;
	uint8_t own; /* enum kdc_own */
	uint8_t nsets;
	uint64_t generation;
	uint8_t mark[16]; /* of the sealed octets */
	struct kdc_keys *newer, *older;
	struct keys_krb_set set[]; /* newest first, strongest key first */
};
/* The keys of an entry (own KDC_ENTRY) or of the realm's own service, as the store has them now.
 * LW_ENOTFOUND: none. They stay for this request. */
int kdc_keys_get(struct kdc_thread *, struct kdc_realm *, enum kdc_own, const struct lw_uuid *entry,
        const struct kdc_keys **ret);
/* A key object of one of them, with what it has derived. NULL: no memory. */
struct lw_krbkey *kdc_prepared(
        struct kdc_thread *, const struct kdc_keys *, const struct keys_krb_set *, unsigned key);
/* The key of that type in a set; -1: none. */
int kdc_key_of(const struct keys_krb_set *, int32_t etype);
struct kdc_keycache *kdc_keycache_new(size_t max); /* principals */
void kdc_keycache_free(struct kdc_keycache *);
const struct kdc_keys *kdc_keys_dummy(struct kdc_keycache *, const struct keys_krb_set *);

/* ---- principals: kdc/princ.c ---- */
struct kdc_princ {
	enum kdc_own own;
	bool known, user, disabled;
	struct lw_uuid uuid;         /* zero: one of lwd's own services */
	struct krb_name name;        /* as tickets carry it */
	const struct kdc_keys *keys; /* NULL: none */
};
/* All of: LW_ENOTFOUND; errors of the store. Names live in the arena or in the request. */
int kdc_find_entry(struct kdc_thread *, struct kdc_realm *, const struct krb_name *,
        struct kdc_princ *ret); /* exactly this name */
int kdc_find_login(struct kdc_thread *, struct kdc_realm *, struct lw_bytes uid,
        struct kdc_princ *ret); /* in any case; the canonical name */
int kdc_find_server(struct kdc_thread *, struct kdc_realm *, const struct krb_name *,
        struct kdc_princ *ret); /* own services, too */
int kdc_princ_keys(struct kdc_thread *, struct kdc_realm *,
        struct kdc_princ *); /* fills in keys; LW_OK also when there are none */
int kdc_default_salt(struct kdc_thread *, const struct kdc_realm *, const struct krb_name *, bool fold,
        struct lw_bytes *ret);

/* ---- one request ---- */

struct kdc_question {
	const struct lw_peer *peer;
	struct lw_bytes in;
	bool udp, may_block;
	uint8_t *out;
	size_t out_max, out_n; /* out_n 0: no answer */
};
/* LW_OK: answered, or not to be answered. LW_EAGAIN: it may block; ask again where it may (never when
 * may_block). */
int kdc_request(struct kdc_thread *, struct kdc_question *);
int kpasswd_request(struct kdc_thread *, struct kdc_question *); /* kdc/kpasswd.c */

enum kdc_where { KDC_IN_AS = 1, KDC_IN_TGS = 2 };
struct kdc_call;
struct kdc_op {
	uint8_t tag;
	const char *name;
	enum access_verb right;
	enum kdc_where where;
	int (*handler)(struct kdc_call *);
};
extern const struct kdc_op kdc_ops[];
extern const size_t kdc_nops;

/* An option of a request: where it may be asked for, what the shown ticket must have for it, what it makes of
 * the new one. Options without a row are ignored (RFC 4120 5.4.1). */
struct kdc_option {
	uint32_t bit;
	const char *name;
	enum access_verb right;
	unsigned where; /* enum kdc_where */
	int refused;    /* the answer elsewhere */
	uint32_t needs, gives;
};
extern const struct kdc_option kdc_option_rows[];
extern const size_t kdc_noptions;
/* LW_OK, with the flags that they give. flags: of the shown ticket (in an AS-REQ: all). */
int kdc_options_check(uint32_t options, enum kdc_where, uint32_t flags, uint32_t *ret_gives);

/* Pre-authentication data. Types without a row are ignored; of several of a type the first counts. */
struct kdc_pa {
	int32_t type;
	const char *name;
	enum access_verb right;
	unsigned where;
	int (*handler)(struct kdc_call *, struct lw_bytes value);
};
extern const struct kdc_pa kdc_pas[];
extern const size_t kdc_npas;
int kdc_pa_tgs_req(struct kdc_call *, struct lw_bytes);
int kdc_pa_enc_timestamp(struct kdc_call *, struct lw_bytes);
int kdc_pa_req_enc_pa_rep(struct kdc_call *, struct lw_bytes);
int kdc_padata(struct kdc_call *);

/* A ticket that was shown and opened. */
struct kdc_shown {
	bool there;
	struct kdc_princ server;
	struct krb_enc_ticket_part part;
	struct kdc_ad ad;
};
/* The ticket to be made, and where it goes. */
struct kdc_grant {
	uint32_t flags;
	int64_t authtime, starttime, endtime, renew_till;
	const struct lw_enctype *session;
	const struct krb_typed_list *caddr; /* NULL: none */
	struct krb_typed_list authz;        /* without the KDC's own */
	struct krb_typed transited;
	struct lw_krbkey *server_key;
	bool has_kvno;
	uint32_t kvno;
	struct lw_krbkey *reply_key;
	uint32_t reply_usage;
	bool reply_has_kvno;
	uint32_t reply_kvno;
	struct krb_typed_list padata, enc_padata;
};
struct kdc_call {
	struct kdc_thread *t;
	struct kdc_server *s;
	struct kdc_question *q;
	const struct kdc_op *op;
	int64_t now_us, now; /* now: seconds */
	struct krb_kdc_req req;
	struct kdc_realm *realm;
	struct kdc_princ client, server;
	/* AS */
	unsigned netypes;
	int32_t etypes[KDC_ETYPES]; /* the client's and ours, in its order */
	struct lw_bytes salt;
	bool proven, want_rep;
	int32_t proof_etype;
	/* TGS */
	struct kdc_shown tgt, second;
	bool has_subkey, taken, in_work; /* in_work: its twin is being answered */
	struct kdc_seen seen;
	/* the answer */
	uint32_t gives;
	struct kdc_grant g;
	struct lw_bytes e_data, crealm; /* of an error */
	bool remember;                  /* the same datagram gets the same answer */
};
int kdc_as(struct kdc_call *);
int kdc_tgs(struct kdc_call *);

/* ---- kdc/apreq.c: tickets and authenticators that are shown, to the TGS and to lwd's own services ---- */
enum kdc_open_flags { KDC_OPEN_ANY = 1 /* not only a TGT: for renewal */ };
/* Decrypts a ticket of the realm (issued to the krbtgt, to own, or by flags to anything) and reads its
 * private data. Times are not looked at. */
int kdc_open_ticket(struct kdc_thread *, struct kdc_realm *, const struct krb_ticket *, enum kdc_own,
        unsigned flags, int64_t now, struct kdc_shown *ret);
int kdc_ticket_times(const struct kdc_shown *, int64_t now, int64_t skew, bool validate);
/* Does one of the addresses stand for the peer? No address: yes. */
bool kdc_address_fits(const struct krb_enc_ticket_part *, const struct lw_peer *);
/* Decrypts the authenticator with the ticket's session key (which goes to t->session; its subkey, when there
 * is one, to t->subkey), and checks names and time. mac is for kdc_replay_take. */
int kdc_open_authenticator(struct kdc_thread *, const struct kdc_shown *, const struct krb_enc *,
        uint32_t usage, int64_t now, int64_t skew, struct krb_authenticator *ret, uint8_t mac[16]);
/* The shown ticket's client: still under its name, the same UUID, enabled. */
int kdc_shown_client(
        struct kdc_thread *, struct kdc_realm *, const struct kdc_shown *, struct kdc_princ *ret);

/* ---- kdc/ticket.c ---- */
/* May the client have a ticket for the server, and how long does it live? tgt NULL: an AS-REQ. */
int kdc_lives(struct kdc_call *, const struct krb_enc_ticket_part *tgt);
/* The first of the client's types that the server can; LW_OK with g.session and the server's key in g. */
int kdc_server_key(struct kdc_call *);
int kdc_reply(struct kdc_call *);

/* ---- kdc/error.c ---- */
void kdc_put_error(struct kdc_call *, int err); /* the KRB-ERROR goes out, and a line to the log */
/* A line about something refused: at most KDC_LOG_RATE in a second. now: seconds */
bool kdc_may_log(struct kdc_thread *, int64_t now);
/* A KRB-ERROR about a message that was not read. */
void kdc_refuse_unread(struct kdc_thread *, struct kdc_question *, int err);

#endif
