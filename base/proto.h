/* SPDX-License-Identifier: Apache-2.0 */
/* How a protocol meets the event loop: a pure machine that eats octets and appends octets. It does no socket I/O.
 * A connection is owned by one thread at a time (its loop, or the worker that runs its job), so it needs no locks. */
#ifndef BASE_PROTO_H
#define BASE_PROTO_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/bytes.h"

struct lw_peer {
	char addr[64];        /* "127.0.0.1:4711", "unix" */
	char sni[256];        /* canonical, or empty */
	bool tls;             /* now; changes after LW_NEXT_STARTTLS */
	bool loopback, local; /* loopback address; unix socket */
	bool owner;           /* unix socket, and the peer's uid is root's or the data directory's owner's */
	uid_t uid;
	uint8_t tls_endpoint[64]; /* RFC 5929 tls-server-end-point; size 0 without TLS */
	size_t tls_endpoint_n;
	struct lw_bytes cert; /* DER of the certificate whose key it has shown to hold, and that nobody has looked at; p NULL: none */
	uint8_t here[16]; /* the address of this machine that it speaks to; size 4 or 16, 0: unix socket */
	size_t here_n;
};

enum lw_next {
	LW_NEXT_READ,     /* all whole messages in `in` are answered: give more octets */
	LW_NEXT_MORE,     /* the quantum is used up: send what is there, let others run, call step again */
	LW_NEXT_JOB,      /* the next request may block: call job() on a worker, then step again */
	LW_NEXT_SLOW_JOB, /* the same, but it waits for password hashing: at most half of the workers do that at once */
	LW_NEXT_STARTTLS, /* send, then start TLS; in must be empty (else the protocol answers with an error) */
	LW_NEXT_CLOSE,    /* send, then close */
};

struct lw_proto {
	const char *name;
	size_t max_message;   /* a message longer than this is answered by the protocol with a clear error */
	int64_t idle_us;      /* close after so long without a message; 0: never */
	void *(*conn_new)(void *server, const struct lw_peer *peer); /* peer outlives the connection; NULL: refuse */
	/* Reads whole messages from in (advances in->p past what it consumed), appends answers to out. The octets stay
	 * where they are until the next step, so that a job may point into them. After MORE and after a job it is
	 * also called with nothing new in `in`. */
	enum lw_next (*step)(void *conn, struct lw_reader *in, struct lw_writer *out);
	void (*job)(void *conn, struct lw_writer *out); /* runs the request that step stopped at, start to finish */
	void (*conn_free)(void *conn);
	/* Called about twice a second for idle connections too (on the owning loop): true closes the connection after
	 * sending what it appended. For sessions that were revoked. May be NULL. */
	bool (*tick)(void *conn, struct lw_writer *out);
	/* SIGTERM: appends a farewell (notice of disconnection); the loop closes after sending. May be NULL. */
	void (*farewell)(void *conn, struct lw_writer *out);
	/* Both may be NULL, or neither; they change nothing that counts. seen: octets have come, `in` begins with the next message. ahead: the
	 * connections that have some are about to be stepped, one after the other; all are told before the first is, so that what they will
	 * need is on its way from memory together. */
	void (*seen)(void *conn, struct lw_bytes in);
	void (*ahead)(void *conn);
};

/* Datagrams: a protocol that answers each by one. A batch is answered in one call, on a loop; what may block
 * is put off. */
struct lw_datagram {
	const struct lw_peer *peer; /* addr, loopback; no TLS */
	struct lw_bytes in;
	uint8_t *out;               /* room for out_max octets */
	size_t out_max, out_n;      /* out_n 0: no answer */
	bool later;                 /* it may block: run it again by job() on a worker */
};
struct lw_dgram_proto {
	const char *name;
	size_t max_in, max_out;     /* longer ones in are dropped */
	bool slow;                  /* its jobs wait for password hashing */
	void (*answer)(void *server, struct lw_datagram *, size_t n);
	/* one that was put off: start to finish, may block */
	void (*job)(void *server, struct lw_datagram *);
};

#endif
