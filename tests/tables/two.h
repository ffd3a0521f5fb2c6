/* SPDX-License-Identifier: Apache-2.0 */
/* Two tenants with the same names on a real lwd: what one of them can learn of the other (two.c). Every value of beta's
 * and gamma's has a canary: a word that stands nowhere else; the entries' UUIDs and the certificates' serials are some, too. */
#ifndef TESTS_TABLES_TWO_H
#define TESTS_TABLES_TWO_H

#include "tests/tables/client.h"

enum side { BETA, GAMMA, NEITHER };
struct tenant {
	const char *name, *realm, *word; /* the word is its canary */
	char sign;                       /* its suffix in a request's text: expand() */
	char serials[4][33];             /* of certificates, hexadecimal */
	char ids[160][37];                /* entryUUIDs */
	unsigned nids;
};
extern struct tenant tenants[2];
#define PASSWORD "Quiet-Garden-31"

extern struct two {
	int offset;               /* of the ports */
	const char *data, *admin; /* its folder; the password of every administrator */
	uint64_t seed;
	char place[2][128];       /* of a list that goes on, by tenant */
} two;

/* ---- chance ---- */
uint64_t draw_state(uint64_t seed); /* sets it; what it was */
unsigned draw(unsigned n);
#define PICK(list) (list)[draw(sizeof(list) / sizeof((list)[0]))]
enum side other(enum side); /* of NEITHER: one of the two */

/* ---- canaries (two_find.c) ---- */
/* A word in the clear, in any case, hexadecimal, and in base64 wherever it begins; an id as text and as octets. */
void canary_word(enum side, const char *word);
void canary_id(enum side, const char *hex); /* dashes do not count */
void canary_done(void);                     /* no more come */
/* Of which tenants does something stand there? Bits 1 << side; ids that the request's text names do not count. *ret_what
 * is the last of a tenant other than mine. */
unsigned canary_heard(struct lw_bytes, const char *request, enum side mine, const char **ret_what);

/* ---- connections (two_wire.c): blocking, whole answers in their order ---- */
struct wire;
typedef size_t wire_whole(const uint8_t *, size_t); /* octets of the first whole answer; 0: not all of it */
wire_whole whole_ldap, whole_http, whole_krb, whole_control, whole_datagram;
struct wire *wire_new(int port, bool tls, wire_whole *); /* port 0: the control socket */
struct wire *wire_udp(int port);
void wire_send(struct wire *, struct lw_bytes);
struct lw_bytes wire_answer(struct wire *); /* until the next; n 0: it was closed */
void wire_free(struct wire *);

/* ---- who asks ---- */
struct asked {
	char text[1024]; /* the request, for people */
	enum side may;   /* whose canaries may come back */
	unsigned kind;   /* asker's own */
	struct lw_bytes answer;
};
struct asker {
	const char *name, *protocol;
	enum side home;
	const char *user;         /* NULL: anonymous */
	struct wire *wire;
	unsigned depth, share;    /* requests at once; of the protocol's rounds so many in 16 */
	char *token;              /* HTTP */
	void *own;
	struct wire *(*open)(struct asker *); /* and logs in */
	/* One request: its octets are appended, its text and may are set. */
	void (*make)(struct asker *, struct lw_writer *, struct asked *);
	/* What is sealed in the answer; empty: nothing. true in *ret_good: something was given, not refused. */
	struct lw_bytes (*open_answer)(struct asker *, const struct asked *, struct lw_bytes, bool *ret_good);
};
size_t ldap_askers(struct asker *, size_t max);
size_t krb_askers(struct asker *, size_t max);
void krb_round(void); /* before each round */
size_t http_askers(struct asker *, size_t max);
size_t control_askers(struct asker *, size_t max);

/* ---- the fixture (two_world.c) ---- */
void two_world(void);         /* makes it: the tenants are there */
void two_plant(void);         /* beta's canary among gamma's things: a leak that must be found */
/* A request of LDAP on a connection of its own, answered with 0 or it dies. */
struct wire *ldap_login(const char *dn, const char *password); /* dn NULL: anonymous */
struct lw_bytes ldap_one(struct wire *, const char *request);  /* the octets of the answer */
int ldap_code(struct lw_bytes);                                /* of the last message */
/* Status, and the whole answer in *ret. */
int http_one(struct wire *, const char *request, struct lw_bytes *ret);
char *http_text(const char *method, const char *path, const char *token, const char *body); /* in world.arena */
char *http_login(const char *tenant, const char *user, const char *password); /* a token; malloc */
char *http_basic(const char *user, const char *password); /* in world.arena */
void control_text(struct lw_writer *, const char *request); /* VERB @TENANT KEY=VALUE… */

void two_times(const char *only); /* two_time.c: the kinds whose request or name has the word; NULL: all */
void result(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
