/* SPDX-License-Identifier: Apache-2.0 */
/* The Kerberos KDC (RFC 4120, 4121 acceptor, 6806, 8009) and kpasswd (RFC 3244) as machines behind
 * base/proto.h.
 *
 * Every tenant is a realm from the moment it exists. Long-term keys are read from the store and opened with
 * the tenant's key of class kerberos, which keyd hands to this role alone. A request that needs nobody else
 * is answered inline; one that does (a tenant's first, kpasswd) says so and is run again where it may wait.
 */
#ifndef KDC_KDC_H
#define KDC_KDC_H

#include "base/clock.h"
#include "base/proto.h"
#include "keys/guess.h"
#include "keys/keys.h"
#include "store/store.h"

/* A password that kpasswd changed: keyd has sealed it, the writer (in another role) puts it down. */
struct kdc_secret {
	struct lw_bytes token; /* of a capability minted for this role */
	uint32_t tenant;
	struct lw_uuid target;
	uint64_t expect_version;
	bool old_proved;       /* the ticket was got with the password itself (INITIAL) */
	struct store_sealed_item *items;
	size_t nitems;
};
struct kdc_options {
	/* comma-separated host names of this lwd: whose ldap/NAME and HTTP/NAME it accepts itself; copied */
	const char *names;
	void *replays;           /* region for kdc/replay.h; NULL: one of its own (tests) */
	size_t replays_size;
	/* the table shared with keyd; outlives the server. NULL: none is counted (tests) */
	struct keys_guesses *guesses;
	int64_t skew_us;         /* 0: five minutes */
	/* Gives the change to the writer: LW_OK when it is on the disk. Blocks. */
	int (*set_secret)(void *ctx, const struct kdc_secret *, char text[200]);
	void *ctx;
};
struct kdc_server;
int kdc_server_new(struct store *, struct keys *, const struct kdc_options *, const struct lw_clock *,
        struct kdc_server **ret);
void kdc_server_free(struct kdc_server *);
/* Of the calling thread. While it is on, what was answered counts as still in work: should the process be killed before the answers have left,
 * their clients ask again and get one. Off when they have. Servers live until then. */
void kdc_hold(bool on);

extern const struct lw_dgram_proto kdc_dgram, kpasswd_dgram; /* UDP 88 and 464 */
extern const struct lw_proto kdc_proto, kpasswd_proto;       /* TCP: u32 length in front of each message */

/* GSS-API (RFC 4121) accepted for another role: one token in, one out, and it must be established by that. */
struct kdc_accept {
	const char *service;      /* "ldap", "HTTP": which of lwd's own services */
	/* bindings: application data of the channel (RFC 5929 with its prefix), or empty */
	struct lw_bytes token, bindings;
	bool confidential;        /* is the channel? */
	struct lw_bytes tenant;   /* the ticket has to be of this one, by name in any spelling; empty: of any */
	enum lw_role_id role;     /* whom the capability is for */
};
struct kdc_accepted {
	struct lw_bytes token;    /* for the client, also with an error; arena */
	struct lw_bytes context;  /* gss_export_sec_context; arena, a wiped one */
	struct keys_token cap;
	struct lw_uuid subject;
	uint32_t tenant;
	bool bound;               /* the client sent bindings and they fit */
};
/* LW_EAUTH (bad or foreign ticket, replay, other bindings, disabled), LW_EUNAVAIL. Blocks for keyd. */
int kdc_accept(struct kdc_server *, const struct kdc_accept *, struct lw_arena *, struct kdc_accepted *ret);

#endif
