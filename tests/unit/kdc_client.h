/* SPDX-License-Identifier: Apache-2.0 */
/* A Kerberos client for tests: makes requests, hands them to the KDC's machines, opens what comes back. What
 * it makes is right unless a field says otherwise. Everything lives in kc_arena until kc_reset. */
#ifndef TESTS_UNIT_KDC_CLIENT_H
#define TESTS_UNIT_KDC_CLIENT_H

#include "kdc/int.h"

extern struct lw_arena *kc_arena;
void kc_reset(void);

struct kc_reply {
	int code; /* of the KRB-ERROR; 0: a ticket came; -1: no answer; -2: an answer that is neither, or does
	             not open */
	struct lw_bytes octets;
	struct krb_error err;
	struct krb_kdc_rep rep;
	struct krb_enc_kdc_rep_part part;
};
#define KC_FAR  INT64_C(2000000000)
#define KC_1970 (-1)
struct kc_as {                               /* realm, client and password NULL: those of kc_usual */
	const char *realm, *client, *server; /* "alice", "HTTP/web1"; server NULL: krbtgt/realm; "": none */
	int32_t client_type;                 /* 0: NT-PRINCIPAL */
	const char *password, *salt;         /* salt NULL: the default one */
	const struct krb_key *key;           /* instead of a password */
	const int32_t *etypes;               /* 0-ended; NULL: 18, 17 */
	uint32_t options, nonce;
	int64_t from, till, rtime; /* seconds; 0: absent (till: KC_FAR) */
	int64_t skew;              /* the client's clock, seconds */
	bool bare;                 /* no timestamp */
	bool want_rep;
	struct krb_typed_list addrs;  /* n 0: none */
	struct krb_typed_list padata; /* more of it, in front */
	void (*change)(struct krb_kdc_req *);
};
extern struct kc_as kc_usual;
enum kc_cksum { KC_GOOD, KC_NONE, KC_OTHER_BODY, KC_UNKEYED, KC_OTHER_TYPE };
struct kc_tgs {
	const struct kc_reply *tgt, *second; /* what is shown; for user to user */
	const char *realm, *server;          /* realm NULL: the ticket's */
	const int32_t *etypes;
	uint32_t options, nonce;
	int64_t from, till, rtime, skew;
	int subkey; /* its etype; 0: none */
	enum kc_cksum cksum;
	const char *cname;                  /* in the authenticator; NULL: the ticket's */
	uint32_t usage;                     /* of the authenticator; 0: 7 */
	struct krb_typed_list addrs, authz; /* authz is encrypted */
	bool bare;                          /* no PA-TGS-REQ */
	bool spoilt;                        /* the ticket is damaged */
	struct lw_bytes ticket;             /* another one than the reply's */
	int64_t cusec;                      /* so that two authenticators of a second differ */
	void (*change)(struct krb_kdc_req *);
	void (*change_ap)(struct krb_ap_req *);
};
void kc_name(const char *text, struct krb_name *ret); /* split at slashes */
struct lw_bytes kc_as_make(const struct kc_as *, int64_t now_us);
struct lw_bytes kc_tgs_make(const struct kc_tgs *, int64_t now_us);
void kc_as_open(const struct kc_as *, struct lw_bytes answer, struct kc_reply *ret);
void kc_tgs_open(const struct kc_tgs *, struct lw_bytes answer, struct kc_reply *ret);

/* Runs the job when one is asked for. Empty: no answer. */
struct lw_bytes kc_udp(struct kdc_server *, const char *addr, struct lw_bytes request);
/* One connection for these octets (with their lengths in front); what came out of it. closed may be NULL. */
struct lw_bytes kc_tcp(struct kdc_server *, const char *addr, struct lw_bytes octets, bool *ret_closed);
struct lw_bytes kc_framed(struct lw_bytes request);
extern unsigned kc_jobs; /* so many were put off */

/* Make, send, open. */
int kc_as(struct kdc_server *, const char *addr, const struct kc_as *, struct kc_reply *ret);
int kc_tgs(struct kdc_server *, const char *addr, const struct kc_tgs *, struct kc_reply *ret);

/* A ticket with this key: its part. false: it does not open. */
bool kc_open_ticket(const struct krb_key *, struct lw_bytes ticket, struct krb_enc_ticket_part *ret);
/* … and one made of a part, as the KDC would make it. */
struct lw_bytes kc_make_ticket(const struct krb_key *, uint32_t kvno, const char *realm, const char *server,
        const struct krb_enc_ticket_part *);

#endif
