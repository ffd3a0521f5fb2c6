/* SPDX-License-Identifier: Apache-2.0 */
/* Inside ldap/: the server, a connection, and the tables that say what a connection may be asked. */
#ifndef LDAP_CONN_H
#define LDAP_CONN_H

#include "ldap/ldapd.h"
#include "base/err.h"
#include "ldap/msg.h"
#include "store/ahead.h"

#include <pthread.h>
#include <stdatomic.h>

/* The right of rows that concern nothing but the peer's own connection. Everyone has it; zero nobody has. */
#define LDAPD_OWN_CONNECTION ACCESS_VERB_COUNT

#define LDAPD_BATCH_OPS 32
#define LDAPD_BATCH_US  200
#define LDAPD_OUT_MAX   (256u << 10) /* octets appended by one step, about */
#define LDAPD_AHEAD_MAX 1024         /* longer requests are worth no look ahead */
#define LDAPD_TRIES     5            /* how often a write with a stale precondition is prepared again */

#define LDAPD_RESOLVERS 1024
struct ldapd_credcache;

struct ldapd_server {
	struct store *store;
	struct keys *keys;
	const struct lw_clock *clock;
	struct ldapd_options options; /* zeros replaced, strings owned */
	struct ldapd_credcache *cache;
	struct store_ahead *ahead; /* of searches, compares and binds; NULL: it does without */
	pthread_mutex_t resolvers_lock;
	struct lw_session *resolvers[LDAPD_RESOLVERS]; /* of the AUTH role, idle, by tenant; NULL: none */
};

/* What the controls of one request came to. */
struct ldapd_ctls {
	bool paged, pre_read, post_read, subentries, subentries_only, ppolicy;
	uint32_t page_size;
	struct lw_bytes cookie;
	struct filter *assertion;
	struct store_attrsel *pre, *post;
};

/* A search between quanta, or a paged one between pages. */
struct ldapd_search {
	int32_t id;
	struct store_cursor *cursor;
	struct store_search what; /* base and filter live in the arena that the request lay in */
	struct store_attrsel *sel;
	uint32_t limit, sent;     /* entries; limit 0: none */
	uint32_t page, page_sent; /* page 0: not paged */
	int64_t deadline;         /* mono; 0: none */
	struct lw_bytes body;     /* of the request: a page must ask for the same */
};

struct ldapd_gss;
struct ldapd_layer;

struct ldapd_conn {
	struct ldapd_server *server;
	const struct lw_peer *peer;
	struct lw_session *session; /* NULL: not made yet; then tenant's anonymous one */
	struct lw_session *partner; /* the same principal in another tenant, which trusts his; NULL: none was asked for */
	bool bound, operator_, closing;
	uint8_t cert_serial[20]; /* of the certificate that it was bound with; n 0: with something else */
	size_t cert_serial_n;
	int64_t cert_looked;     /* mono: when its record was */
	bool sasl_started;       /* a bind by sasl_mech got a challenge */
	unsigned sasl_mech;
	struct ldapd_gss *gss;     /* that of GSSAPI, once its token was accepted */
	struct ldapd_layer *layer; /* installed; NULL: none */
	struct ldapd_layer *next_layer; /* from behind this step's last answer on */
	bool tls;                /* peer->tls as it was */
	char user[320];          /* for WhoAmI where the entry can't be seen: u:user */
	struct keys_token token; /* shown with what keyd does for this connection */
	bool has_tenant;
	struct store_tenant tenant; /* by SNI, or the default; after a bind the user's */

	struct lw_arena *arena; /* requests that are answered inline, and a search between its quanta */
	struct lw_arena *held;  /* the request that waits for job(), and every password; wiped */
	struct ldapd_msg msg;   /* what job() or the running search is about */
	struct ldapd_ctls ctls;
	const struct ldapd_op *op; /* set: job() has something to do */
	struct store_txn *txn;     /* of this batch, in txn_of; never across step() */
	struct lw_session *txn_of;
	int64_t began;             /* mono, when this step() did */

	struct lw_arena *base_arena;      /* the base of the last search, as text and parsed */
	struct lw_bytes base_text;
	struct store_dn *base;
	struct lw_arena *sel_arena;       /* what it asked for, the same way */
	struct lw_bytes selection;
	struct store_attrsel *sel;

	bool searching;
	struct ldapd_search search;
	bool paged_open;
	struct ldapd_search paged;
	struct lw_arena *paged_arena;
	uint8_t cookie[16];
	struct store_ahead_slot *slot; /* of the next request; NULL: it has none */
	size_t peeked;     /* octets of the input that were searched for its Abandon */
	size_t out_mark;   /* where this step's output began */
	int32_t cancelled; /* id of a search that a Cancel further back in the input has ended */
};

/* ---- tables ---- */

enum ldapd_outcome {
	LDAPD_DONE,     /* answered; go on with the next request */
	LDAPD_AGAIN,    /* a search has more quanta */
	LDAPD_JOB,      /* may block: call the handler again from job() */
	LDAPD_SLOW_JOB, /* the same, and a password is hashed in it */
	LDAPD_STARTTLS,
	LDAPD_CLOSE,
};

/* A handler answers by ldapd_answer and its kin, or not at all (unbind, abandon), and returns an enum
 * ldapd_outcome. in_job: it may wait. */
typedef int ldapd_handler(
        struct ldapd_conn *, struct ldapd_msg *, bool in_job, struct lw_reader *in, struct lw_writer *out);

enum ldapd_op_flag {
	LDAPD_MAY_BLOCK = 1,
	LDAPD_SECRET = 2 /* carries passwords: decoded into the wiped arena */
};
/* Bits for the controls table. */
enum ldapd_op_bit {
	LDAPD_ON_BIND = 1,
	LDAPD_ON_SEARCH = 2,
	LDAPD_ON_MODIFY = 4,
	LDAPD_ON_ADD = 8,
	LDAPD_ON_DELETE = 16,
	LDAPD_ON_MODDN = 32,
	LDAPD_ON_COMPARE = 64,
	LDAPD_ON_ABANDON = 128,
	LDAPD_ON_EXTENDED = 256,
	LDAPD_ON_UNBIND = 512
};

struct ldapd_op {
	uint8_t tag, answer; /* answer 0: none is sent */
	const char *name;
	unsigned right; /* enum access_verb or LDAPD_OWN_CONNECTION; never 0 */
	unsigned flags, bit;
	bool (*open_to_all)(const struct ldapd_msg *); /* requests that need no right; NULL: none */
	ldapd_handler *handler;
};
extern const struct ldapd_op ldapd_ops[];
extern const size_t ldapd_nops;
const struct ldapd_op *ldapd_op_find(uint8_t tag); /* NULL: no such request */

struct ldapd_extop {
	const char *oid, *name;
	unsigned right;
	enum ldapd_outcome job; /* LDAPD_JOB, LDAPD_SLOW_JOB; LDAPD_DONE: answered inline */
	ldapd_handler *handler;
};
extern const struct ldapd_extop ldapd_extops[];
extern const size_t ldapd_nextops;
const struct ldapd_extop *ldapd_extop_find(struct lw_bytes oid);
/* Is it offered on this connection (root DSE)? */
bool ldapd_extop_offered(const struct ldapd_conn *, const struct ldapd_extop *);

struct ldapd_control_row {
	const char *oid, *name;
	unsigned right;
	unsigned ops; /* enum ldapd_op_bit */
	int (*decode)(struct lw_arena *, const struct ldapd_control *,
	        struct ldapd_ctls *); /* LW_EINVAL, LW_ENOMEM */
};
extern const struct ldapd_control_row ldapd_control_rows[];
extern const size_t ldapd_ncontrol_rows;
const struct ldapd_control_row *ldapd_control_find(struct lw_bytes oid);
/* LDAPD_SUCCESS or the code to answer with. */
uint8_t ldapd_controls(
        struct lw_arena *, const struct ldapd_msg *, unsigned op_bit, bool anonymous, struct ldapd_ctls *ret);

/* The right said before anything is looked up. */
bool ldapd_has_right(const struct ldapd_conn *, unsigned right);

/* ---- answers ---- */

struct ldapd_map {
	uint8_t code;
	bool tell; /* store_result.text is harmless */
};
extern const struct ldapd_map ldapd_errmap[LW_ERR_COUNT];
uint8_t ldapd_code(int err);

/* The answer that belongs to the request. text may be NULL. */
enum ldapd_outcome ldapd_answer(struct lw_writer *, const struct ldapd_msg *, uint8_t code, const char *text);
enum ldapd_outcome ldapd_answer_result(
        struct lw_writer *, const struct ldapd_msg *, const struct ldapd_result *);
/* The same for an error; with the deepest visible ancestor for LW_ENOTFOUND. A session that is no longer good
 * ends the connection. */
enum ldapd_outcome ldapd_answer_err(
        struct ldapd_conn *, struct lw_writer *, const struct ldapd_msg *, int err);
enum ldapd_outcome ldapd_disconnect(struct ldapd_conn *, struct lw_writer *, uint8_t code, const char *text);
void ldapd_denied(struct ldapd_conn *, const char *what); /* for the audit */
bool ldapd_session_over(int err); /* LW_EREVOKED, LW_EDISABLED, LW_EEXPIRED */

/* ---- a connection's things ---- */

/* The tenant for names without one: the SNI's, or the default. */
int ldapd_tenant(struct ldapd_conn *);
int ldapd_session(struct ldapd_conn *); /* makes the anonymous one where there is none */
/* The batch's read transaction; ended by step(), or by ldapd_read_end before anything that waits. */
int ldapd_read(struct ldapd_conn *, struct store_txn **ret);
/* What is about this name is done in this session: the connection's own; for the name of a partner's entry, while the
 * partner lets this principal in, the one there. Who is not let in gets what his own session says of the name. */
int ldapd_session_for(struct ldapd_conn *, const struct store_dn *, struct lw_session **ret);
void ldapd_partner_end(struct ldapd_conn *);
int ldapd_read_for(struct ldapd_conn *, const struct store_dn *, struct store_txn **ret);
void ldapd_read_end(struct ldapd_conn *);
bool ldapd_confidential(const struct ldapd_conn *); /* TLS, or octets that don't leave the machine */
bool ldapd_password_allowed(const struct ldapd_conn *);
struct keys_source ldapd_source(const struct ldapd_conn *);
void ldapd_anonymous(struct ldapd_conn *); /* forget who it was (RFC 4513 4) */
void ldapd_search_end(struct ldapd_search *);
void ldapd_paged_end(struct ldapd_conn *);
/* SearchResultDone for c->msg, with the paged results control where it was asked for. */
void ldapd_search_done(
        struct ldapd_conn *, struct lw_writer *, struct ldapd_result *, struct lw_bytes cookie);
/* Does the entry match (RFC 4528 assertions)? LW_ENOTFOUND: no such entry. */
int ldapd_matches(struct store_txn *, const struct store_dn *, const struct filter *, bool *ret);
/* SASL mechanisms that would work on this connection; NULL after the last. */
const char *ldapd_sasl_mech(const struct ldapd_conn *, size_t i);
const char *ldapd_mech_name(size_t i); /* all that there are; NULL after the last */

/* ---- binds (bind.c) ---- */

struct ldapd_who {
	struct store_tenant tenant;
	struct store_principal p;
	bool known;
};
/* A name as binds take it: a DN, name@domain or a name in the connection's tenant. LW_OK also for an unknown
 * one; LW_EDNSYNTAX; LW_EIO and its like. Memory comes from c->held. */
int ldapd_resolve(struct ldapd_conn *, struct lw_bytes name, struct ldapd_who *ret);
int ldapd_resolve_uuid(struct ldapd_conn *, uint32_t tenant, const struct lw_uuid *, struct ldapd_who *ret);
/* A session of the AUTH role in the tenant; given back after use, freed when its transaction could not begin.
 * Like any, it is checked again whenever the tenant's authgen changed. */
int ldapd_resolver_take(struct ldapd_server *, uint32_t tenant, struct lw_session **ret);
void ldapd_resolver_give(struct ldapd_server *, struct lw_session *);
/* An authorization identity (RFC 4513 5.2.1.8): LW_OK for none, or a name of who it is anyway; LW_EAUTH. */
int ldapd_may_act_as(struct ldapd_conn *, const struct ldapd_who *me, struct lw_bytes authzid);
/* The connection is theirs from now on. */
int ldapd_established(struct ldapd_conn *, const struct store_tenant *, const char *user,
        const struct keys_token *, const struct lw_cap *);
void ldapd_bind_note(const struct ldapd_conn *, const struct ldapd_who *, const char *how, int err);
enum ldapd_outcome ldapd_bind_failed(struct lw_writer *, const struct ldapd_msg *, int err);

/* GSSAPI (sasl_gssapi.c) */
enum ldapd_outcome ldapd_gssapi(
        struct ldapd_conn *, struct ldapd_msg *, bool in_job, struct lw_writer *out);
void ldapd_gss_end(struct ldapd_conn *); /* forget a negotiation that has not come to its end */

/* EXTERNAL (sasl_external.c) */
bool ldapd_external_usable(const struct ldapd_conn *);
bool ldapd_external_possible(const struct ldapd_conn *);
enum ldapd_outcome ldapd_external(
        struct ldapd_conn *, struct ldapd_msg *, bool in_job, struct lw_writer *out);
/* Is the certificate that the connection was bound with still issued, and not revoked? It is looked up at most twice a second. */
bool ldapd_cert_good(struct ldapd_conn *);

/* handlers */
ldapd_handler ldapd_bind, ldapd_unbind, ldapd_do_search, ldapd_compare, ldapd_modify, ldapd_add, ldapd_delete,
        ldapd_moddn, ldapd_abandon, ldapd_extended;
ldapd_handler ldapd_starttls, ldapd_whoami, ldapd_passmod, ldapd_cancel;
/* One more quantum of the running search. */
enum ldapd_outcome ldapd_search_more(struct ldapd_conn *, struct lw_reader *in, struct lw_writer *out);

/* root DSE and cn=Subschema (rootdse.c) */
bool ldapd_dse_is(const struct ldapd_msg *); /* a search that they answer */
enum ldapd_outcome ldapd_dse_search(struct ldapd_conn *, struct ldapd_msg *, struct lw_writer *out);
#define LDAPD_SUBSCHEMA_DN "cn=Subschema"

/* userPassword (passwd.c) */
struct ldapd_secret {
	bool set, has_old;
	struct lw_bytes old, password;
};
/* Take userPassword out of mods or attributes. LW_OK; LW_EUNWILLING, LW_ECONSTRAINT with *ret_why for forms
 * that we don't do. */
int ldapd_secret_of_mods(
        struct store_mod *mods, size_t *inout_n, struct ldapd_secret *inout, const char **ret_why);
int ldapd_secret_of_attrs(
        struct store_attr_values *attrs, size_t *inout_n, struct ldapd_secret *inout, const char **ret_why);
bool ldapd_secret_is(struct lw_bytes desc);          /* userPassword, with any options */
bool ldapd_secret_is_hash(struct lw_bytes password); /* "{SSHA}…" */
/* Has keyd seal it for target, and fills in what an operation carries. No transaction is open. */
int ldapd_secret_seal(struct ldapd_conn *, const struct ldapd_secret *, const struct lw_uuid *target,
        uint64_t expect_version, const struct keys_new_entry *new_entry, struct store_op *op, char text[200]);
/* After this connection changed the password of its own subject: the session lives on. */
void ldapd_renew(struct ldapd_conn *, const struct lw_uuid *target, uint64_t credential_version);

#endif
