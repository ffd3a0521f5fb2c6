/* SPDX-License-Identifier: Apache-2.0 */
/* Inside keyd: a tenant's own signing keys. A kind of key is a row of keyd_kinds; what it makes, loads and publishes stands in a file of its
 * own (keys/keyd_ca.c). Only keys/ includes this. */
#ifndef KEYS_SIGN_H
#define KEYS_SIGN_H

#include "keys/builders.h"
#include "keys/keyd.h"

/* ---- sealed sets: one item per kind on the tenant's suffix entry, newest set first ---- */
#define KEYD_SETS      6
#define KEYD_SET_TEXT  64
#define KEYD_SET_KEY   4096
#define KEYD_SET_CERT  8192
struct keyd_set {
	const char *id;  /* kid; of a CA the serial of its first certificate in lower-case hex */
	const char *alg; /* "p256", "rsa2048" … */
	int64_t created;
	int64_t not_after;     /* 0: no end */
	int64_t use_from;      /* published before, so that whoever verifies has it in time */
	struct lw_bytes key;   /* PKCS#8 DER */
	struct lw_bytes cert;  /* PEM; n 0: it has none */
	struct lw_bytes cross; /* PEM: of a CA, this key certified by the key before it; n 0: none */
};
#define KEYD_FORMER 16
/* A CA's certificate that another took the place of, and that has not ended yet: to be revoked with the tenant. */
struct keyd_former {
	uint8_t serial[KEYS_SERIAL_MAX];
	uint8_t n;
	int64_t not_after;
};
struct keyd_sets {
	struct keyd_set v[KEYD_SETS];
	size_t n;
	struct keyd_former former[KEYD_FORMER];
	size_t nformer;
};
void keyd_sets_put(struct lw_writer *, const struct keyd_sets *);
int keyd_sets_get(struct lw_bytes, struct lw_arena *, struct keyd_sets *ret); /* a wiped arena. LW_EVERSION, LW_EINVAL */
/* Of the certificate of this set, which is to go. */
void keyd_sets_retire(struct keyd_sets *, const struct keyd_set *, int64_t now);
/* Room for one more in front: the oldest goes when it is full. */
struct keyd_set *keyd_sets_front(struct keyd_sets *);

#define KEYD_TAG 16 /* at the end of what is sealed */

/* ---- kinds ---- */
struct keyd_making {
	struct keyd *k;
	struct keys_call *c; /* memory: c->arena */
	const struct store_tenant *tenant;
	const struct keyd_kind *kind;
	struct keyd_sets *sets;
	bool rotate;     /* a new one in front; else only what is missing or due */
	bool at_once;    /* in use at once, without time for others to learn of it */
	bool gently;     /* what takes long may be left for another time */
	const char *alg; /* of the new one; NULL: the kind's default */
	bool changed;    /* to be said by make */
	int64_t next;    /* when something will be due; KEYD_NEVER: never */
	char why[200];
};
#define KEYD_NEVER INT64_MAX
struct keyd_kind {
	enum keys_kind id;
	const char *name; /* lwctl's word for it */
	const char *attr; /* of class SIGNING */
	bool per_alg;     /* the first of each algorithm is in use; else the first alone */
	int (*make)(struct keyd_making *);
	bool (*whole)(const struct keyd_sets *); /* is there a key of each algorithm that somebody may ask for? */
	int64_t (*outlives)(void); /* so long after one was followed nothing that it signed is good any more */
	/* Sets as they are used, kept until they change; the sets live as long. NULL: as they are. */
	int (*load)(struct keyd *, const struct store_tenant *, const struct keyd_sets *, void **ret, char why[200]);
	void (*unload)(void *);
};
extern const struct keyd_kind keyd_kinds[];
extern const size_t keyd_nkinds;
const struct keyd_kind *keyd_kind(enum keys_kind); /* NULL: none */
/* The newest whose time has come signs: of each algorithm where the kind says so, else of all. A clock that was turned back leaves the oldest. */
bool keyd_set_current(const struct keyd_kind *, const struct keyd_sets *, size_t i, int64_t now);
int64_t keyd_set_followed(const struct keyd_kind *, const struct keyd_sets *, size_t i); /* when another takes its place; KEYD_NEVER */
int64_t keyd_set_needed(const struct keyd_kind *, const struct keyd_sets *, size_t i); /* until when others rely on it; KEYD_NEVER: not followed */
/* When the newest of set i's algorithm is to be followed by another, by its age; KEYD_NEVER: only by hand. */
int64_t keyd_set_next(struct keyd *, const struct keyd_kind *, const struct keyd_sets *, size_t i);
struct keys_rotation keyd_rotation_now(struct keyd *);

/* ---- loaded ones: a bounded cache, by tenant and generation ---- */
struct keyd_loaded {
	const struct keyd_kind *kind;
	uint32_t tenant;
	uint64_t generation;
	uint8_t tag[KEYD_TAG]; /* of the sealed item: after a restore another one may have the same generation */
	unsigned epoch;         /* of the installation CA's certificate */
	struct keyd_sets sets;
	void *it;               /* what load made */
	struct lw_arena *arena;
	unsigned refs;
	uint64_t used;
};
/* The tenant's keys of a kind, as the transaction (STORE_ROLE_AUTH, of that tenant) finds them. LW_ENOTFOUND: none yet. */
int keyd_load(struct keyd *, const struct store_tenant *, struct store_txn *, enum keys_kind, struct keyd_loaded **ret);
void keyd_unload(struct keyd *, struct keyd_loaded *); /* NULL is fine */
struct keyd_cache;
struct keyd_cache *keyd_cache_new(void);
void keyd_cache_free(struct keyd_cache *);
void keyd_cache_forget(struct keyd *, bool (*gone)(void *ctx, uint32_t tenant), void *ctx); /* of those tenants */
/* A role session's transaction; both are ended by keyd_end. */
struct keyd_reading {
	struct lw_session *session;
	struct store_txn *txn;
};
/* A CA's sets for a transaction of another role than AUTH; *ret_generation 0: none. */
int keyd_ca_sets(struct keyd *, const struct store_tenant *, struct store_txn *, struct lw_arena *, struct keyd_sets *ret, uint64_t *ret_generation);
int keyd_begin(struct keyd *, uint32_t tenant, struct keyd_reading *ret);
void keyd_end(struct keyd_reading *);
/* Enabled, by id or by name (any spelling). LW_ENOTFOUND: not there, disabled. */
int keyd_tenant(struct keyd *, struct lw_arena *, uint32_t id, struct store_tenant *ret);
int keyd_tenant_named(struct keyd *, struct lw_arena *, struct lw_bytes name, struct store_tenant *ret);

const struct keys_ca_builders *keyd_ca_builders(void); /* NULL: none */

/* ---- kinds' own files ---- */
/* keys/keyd_tokenkeys.c: the signers of assertions and JWTs, one for each set */
struct keys_token_builder;
const struct keys_token_builder *keyd_token_builder(enum keys_kind); /* NULL: none is registered */
struct keyd_signers {
	const struct keys_token_builder *builder;
	const void *v[KEYD_SETS];
	struct lw_bytes pem[KEYD_SETS];
	size_t n;
};
int64_t keyd_token_outlives(void);
int64_t keyd_ca_outlives(void);
bool keyd_any_whole(const struct keyd_sets *);
bool keyd_jwt_whole(const struct keyd_sets *);
int keyd_saml_make(struct keyd_making *);
int keyd_jwt_make(struct keyd_making *);
int keyd_saml_load(struct keyd *, const struct store_tenant *, const struct keyd_sets *, void **ret, char why[200]);
int keyd_jwt_load(struct keyd *, const struct store_tenant *, const struct keyd_sets *, void **ret, char why[200]);
void keyd_signers_unload(void *);
struct keyd_spares *keyd_spares_new(void); /* RSA keys made ahead */
void keyd_spares_free(struct keyd_spares *);

int keyd_ca_make(struct keyd_making *);
int keyd_ca_load(struct keyd *, const struct store_tenant *, const struct keyd_sets *, void **ret, char why[200]);
void keyd_ca_unload(void *);
struct keyd_ca {
	struct ca_signer *signer[KEYD_SETS]; /* NULL: does not load */
	size_t n;
	pthread_mutex_t lock; /* the rest */
	struct keyd_list {
		struct lw_arena *arena;
		struct lw_bytes der;
		uint64_t generation;
		int64_t made;
	} list[KEYD_SETS]; /* of what is revoked, by each key */
};
/* The installation CA: loaded for one use. unload it. */
int keyd_installation(struct keyd *, struct lw_arena *, struct ca_signer **ret, char why[200]);
/* The root's revocation list, signed with its key and kept: until next. */
#define KEYD_ROOT_CRL_LIFE (30 * 86400 * LW_SECOND) /* while its key is here */
int keyd_root_crl(struct keyd *, struct lw_arena *, struct lw_bytes key, int64_t next, char why[256]);
struct lw_bytes keyd_installation_pem(struct keyd *, unsigned *ret_epoch); /* lives as long as keyd */

#endif
