/* SPDX-License-Identifier: Apache-2.0 */
/* LDAPv3 (RFC 4511) as a machine behind base/proto.h: octets in, octets out, no socket.
 *
 * step() answers what can be answered without waiting (search, compare, a warm bind, who-am-I) and stops with
 * LW_NEXT_JOB at what may wait for keyd or for a commit (a cold bind, every update). The request it stopped
 * at is kept by the connection, so `in` may move before job() runs. After LW_NEXT_MORE the loop should give
 * what has arrived meanwhile, so that an Abandon or Unbind stops a long search; a connection that only waits
 * for more octets holds no transaction. After LW_NEXT_STARTTLS the loop sets peer->tls (and tls_endpoint)
 * before it calls step() again. */
#ifndef LDAP_LDAPD_H
#define LDAP_LDAPD_H

#include "base/clock.h"
#include "base/proto.h"
#include "keys/guess.h"
#include "keys/keys.h"
#include "store/store.h"

/* Where a password may travel without TLS. ldapi counts as loopback. */
enum ldapd_cleartext { LDAPD_CLEARTEXT_LOOPBACK, LDAPD_CLEARTEXT_ALWAYS, LDAPD_CLEARTEXT_NEVER };

/* SASL GSSAPI (RFC 4752): whoever holds the Kerberos keys accepts the client's token. */
struct ldapd_accept {
	struct lw_bytes token, bindings; /* bindings: application data of the channel (RFC 5929 with its
	                                    prefix), or empty */
	bool confidential;               /* is the channel? */
};
struct ldapd_accepted {
	struct lw_bytes token;   /* for the client, also with an error; arena */
	struct lw_bytes context; /* an exported security context; arena, a wiped one */
	struct keys_token cap;   /* a capability for the directory */
};

struct ldapd_options {
	const char *vendor_version; /* root DSE; NULL: not shown */
	const char *default_tenant; /* domain for plain names and the anonymous root DSE; NULL: the system
	                               tenant */
	enum ldapd_cleartext cleartext;
	bool starttls;       /* TLS can be had: offered, advertised */
	uint32_t size_limit; /* entries of one search; 0: none. A request may ask for less, never for more */
	uint32_t time_limit; /* seconds of one search; 0: none */
	size_t max_message;  /* octets of one message after a bind; 0: 16 MiB */
	size_t max_message_anonymous; /* before it; 0: 64 KiB */
	uint32_t cache_size;          /* verified credentials kept; 0: 16384 */
	int64_t cache_us;             /* for how long; 0: five minutes */
	struct keys_guesses *guesses; /* the roles' table: a locked account is let in by no cache. NULL: there is none */
	/* Accepts a token in one step; called from job() alone, may block. LW_EAUTH: refused; LW_EUNAVAIL,
	 * LW_EBUSY. NULL: GSSAPI is not offered. */
	int (*accept)(void *ctx, const struct ldapd_accept *, struct lw_arena *, struct ldapd_accepted *ret);
	void *accept_ctx;
};

struct ldapd_server;

/* store, keys and clock outlive the server; the strings of options are copied. Any number of loops and
 * workers may use one server, each connection by one thread at a time. LW_ENOMEM, LW_EINVAL (default_tenant
 * is not a name). */
int ldapd_server_new(struct store *, struct keys *, const struct ldapd_options *, const struct lw_clock *,
        struct ldapd_server **ret);
void ldapd_server_free(struct ldapd_server *); /* after its last connection */

extern const struct lw_proto ldapd_proto; /* conn_new's server is a struct ldapd_server */

#endif
