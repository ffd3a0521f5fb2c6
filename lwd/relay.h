/* SPDX-License-Identifier: Apache-2.0 */
/* What kdc and directory ask each other, and web both, over their channels (base/chan.h): the writer's role puts down a password that kpasswd
 * changed, the KDC accepts a client's GSS-API token. One table says who may ask what. Request: u8 version, u8 operation, its fields;
 * answer: u16 error, counted text, the fields when there is no error (a token also with one). Every field is bounded; what is left over is
 * an error. Which role asks is known from the channel, not from the message. */
#ifndef LWD_RELAY_H
#define LWD_RELAY_H

#include "kdc/kdc.h"

#define RELAY_VERSION      1
#define RELAY_MAX          (256u << 10) /* a request or an answer */
#define RELAY_MAX_ITEMS    8
#define RELAY_MAX_SEALED   8192
#define RELAY_MAX_GSS      65536        /* a token, an exported context */
#define RELAY_MAX_BINDINGS 512
#define RELAY_MAX_SERVICE  15           /* letters */
#define RELAY_MAX_TENANT   1024
#define RELAY_MAX_TEXT     199

enum relay_op { RELAY_PING = 1, RELAY_SET_SECRET, RELAY_ACCEPT, RELAY_OP_COUNT };

struct relay_request {
	enum relay_op op;
	enum lw_role_id from; /* not in the message */
	struct kdc_secret secret;
	struct kdc_accept accept;
};
struct relay_answer {
	int err;
	char text[RELAY_MAX_TEXT + 1];
	struct kdc_accepted accepted;
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
int relay_set_secret(struct lw_chan *, const struct kdc_secret *, char text[200]);
int relay_accept(struct lw_chan *, const struct kdc_accept *, struct lw_arena *, struct kdc_accepted *ret);

/* ---- who answers: directory with store and keys, the KDC with kdc ---- */
struct relay_server {
	enum lw_role_id me;
	struct store *store;
	struct keys *keys;
	struct kdc_server *kdc;
	void (*heard)(void *ctx, enum lw_role_id from); /* a ping came. May be NULL */
	void *ctx;
};
#define RELAY_THREADS 8
#define RELAY_QUEUE   256
void relay_handle(const struct relay_server *, enum lw_role_id from, struct lw_bytes request, struct lw_writer *answer);
void relay_busy(struct lw_bytes request, struct lw_writer *answer);

#endif
