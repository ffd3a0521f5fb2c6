/* SPDX-License-Identifier: Apache-2.0 */
/* What kdc and directory ask each other, and web both, over their channels (base/chan.h): the writer's role puts down a password that kpasswd
 * changed, the KDC accepts a client's GSS-API token, directory runs the admin API's requests. One table says who may ask what. Request: u8 version, u8 operation, its fields;
 * answer: u16 error, counted text, the fields when there is no error (a token also with one). Every field is bounded; what is left over is
 * an error. Which role asks is known from the channel, not from the message. */
#ifndef LWD_RELAY_H
#define LWD_RELAY_H

#include "kdc/kdc.h"
#include "keys/issue.h"

#define RELAY_VERSION      1
#define RELAY_MAX          (256u << 10) /* a request or an answer; but for CONTROL and AUDIT */
#define RELAY_MAX_CONTROL  (2u << 20)   /* a request of it */
#define RELAY_MAX_ANSWER   (8u << 20)   /* an answer of it */
#define RELAY_MAX_ADDR     63
#define RELAY_MAX_ITEMS    8
#define RELAY_MAX_SEALED   8192
#define RELAY_MAX_GSS      65536        /* a token, an exported context */
#define RELAY_MAX_BINDINGS 512
#define RELAY_MAX_SERVICE  15           /* letters */
#define RELAY_MAX_TENANT   1024
#define RELAY_MAX_TEXT     199

enum relay_op { RELAY_PING = 1, RELAY_SET_SECRET, RELAY_ACCEPT, RELAY_CONTROL, RELAY_AUDIT, RELAY_WANT = 7, RELAY_OP_COUNT };

/* The admin API: a verb of lwctl's (base/ctl.h) in the name of whoever logged in at web. */
struct relay_control {
	struct lw_bytes token;   /* minted for web */
	const char *addr;        /* of the client */
	struct lw_bytes request; /* without its length */
};

/* Keys that keyd says are not made yet (keys_want). */
struct relay_want {
	struct lw_bytes tenant; /* by name, in any spelling */
	enum keys_kind kind;
};

/* With web's pings, to and fro: how often lwctl key rotate tls was asked for, and done. Zero with the pings of others. */
struct relay_beat {
	uint32_t renewed;
	int64_t end; /* of web's certificate; 0: this is no beat */
};

struct relay_request {
	enum relay_op op;
	enum lw_role_id from; /* not in the message */
	struct kdc_secret secret;
	struct kdc_accept accept;
	struct relay_control control;
	struct relay_want want;
	struct lw_bytes audit;   /* records, as lw_audit_peek gives them */
	struct relay_beat beat;
};
struct relay_answer {
	int err;
	char text[RELAY_MAX_TEXT + 1];
	struct kdc_accepted accepted;
	struct lw_bytes control; /* items and one end, each with its length */
	uint32_t wanted;         /* PING */
};

/* ---- the messages (relay_msg.c) ---- */
void relay_request_put(struct lw_writer *, const struct relay_request *);
/* Octets are borrowed from in; items and names lie in the arena. LW_EINVAL, LW_ELIMIT, LW_EVERSION, LW_EUNSUPPORTED, LW_ENOMEM. */
int relay_request_get(struct lw_bytes in, struct lw_arena *, struct relay_request *ret);
void relay_answer_put(struct lw_writer *, enum relay_op, const struct relay_answer *);
/* LW_OK: ret->err is the answer. Octets are borrowed. Else LW_EINTERNAL. */
int relay_answer_get(struct lw_bytes in, enum relay_op, struct relay_answer *ret);

/* ---- who asks: LW_EUNAVAIL, LW_ETIMEOUT and LW_EBUSY from the channel, else what the other side says ---- */
int relay_ping(struct lw_chan *);
int relay_beat(struct lw_chan *, const struct relay_beat *, uint32_t *ret_wanted); /* a ping */
int relay_set_secret(struct lw_chan *, const struct kdc_secret *, char text[200]);
int relay_accept(struct lw_chan *, const struct kdc_accept *, struct lw_arena *, struct kdc_accepted *ret);
/* LW_OK: *ret lives in the arena. A request that was under way when directory died is sent again: what it makes may be there already.
 * LW_EAUTH, LW_EEXPIRED, LW_EREVOKED, LW_EDISABLED: of the token. */
int relay_control(struct lw_chan *, const struct relay_control *, struct lw_arena *, struct lw_bytes *ret);
/* Waits two seconds at most; what has begun goes on. LW_OK: they are there. LW_EBUSY, LW_ETIMEOUT: ask again later. */
int relay_want(struct lw_chan *, struct lw_bytes tenant, enum keys_kind);

/* LW_OK: they are on the disk. */
int relay_audit(struct lw_chan *, struct lw_bytes records);
#define RELAY_MAX_AUDIT (4u << 20)

/* ---- who answers: directory with store and keys, the KDC with kdc ---- */
struct relay_server {
	enum lw_role_id me;
	struct store *store;
	struct keys *keys;
	struct kdc_server *kdc;
	/* directory: runs the request with what keyd minted for it. LW_OK: an answer is in out. */
	int (*control)(void *ctx, const struct keys_token *, const struct lw_cap *, const struct relay_control *, struct lw_writer *out);
	int (*want)(void *ctx, struct lw_arena *, const struct relay_want *); /* directory */
	/* directory: whoever asks tells what happened there */
	int (*audit)(void *ctx, struct lw_arena *, enum lw_role_id from, struct lw_bytes records);
	uint32_t (*heard)(void *ctx, enum lw_role_id from, const struct relay_beat *); /* a ping came: what is wanted of a beat's sender. May be NULL */
	void *ctx;
};
/* The rows by operation; one without a name is none. */
struct relay_row {
	const char *name;
	unsigned from, at; /* 1 << enum lw_role_id: who may ask, who answers */
	void (*run)(const struct relay_server *, struct lw_arena *, const struct relay_request *, struct relay_answer *);
};
extern const struct relay_row relay_rows[RELAY_OP_COUNT];
#define RELAY_THREADS 16 /* most of them wait for a commit or for keyd */
#define RELAY_QUEUE   256
void relay_handle(const struct relay_server *, enum lw_role_id from, struct lw_bytes request, struct lw_writer *answer);
void relay_busy(struct lw_bytes request, struct lw_writer *answer);

#endif
