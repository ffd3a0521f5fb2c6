/* SPDX-License-Identifier: Apache-2.0 */
/* A GSS-API initiator out of nothing: a ticket made by hand under a key that the test knows, in a credential
 * cache in memory; libgssapi then is the client. No KDC, no files, no network. */
#ifndef TESTS_UNIT_GSS_FORGE_H
#define TESTS_UNIT_GSS_FORGE_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include "base/bytes.h"

struct forge_ticket {
	const char *realm;
	const char *client, *client2;   /* components of the name; client2 may be NULL */
	const char *service, *host;     /* of the server's: ldap, lwd.acme.example */
	krb5_enctype etype;             /* of key: 18 and so on */
	struct lw_bytes key;
	unsigned kvno;
	long from_now, life;            /* seconds: when it starts (auth and start time); how long it lives */
	uint32_t flags;                 /* TicketFlags, bit 0 highest */
	struct lw_bytes authz;          /* DER of AuthorizationData, or empty */
};
struct forge {
	krb5_context k;
	krb5_ccache cc;
	krb5_creds creds;
	gss_cred_id_t cred;
	gss_name_t target;
	bool spnego;
};

/* Environment for the whole process: no configuration of the machine, no replay cache. Before anything else. */
void forge_environment(void);
void forge_init(struct forge *, const struct forge_ticket *);
void forge_spnego(struct forge *); /* after forge_init: tokens of RFC 4178 */
void forge_done(struct forge *);
/* gss_init_sec_context's first or next token. Caller frees ret with gss_release_buffer. */
OM_uint32 forge_step(struct forge *, gss_ctx_id_t *, OM_uint32 flags, struct lw_bytes bindings,
        struct lw_bytes from_server, gss_buffer_t ret);
/* An acceptor's credentials: a keytab in memory with that key. */
gss_cred_id_t forge_acceptor(struct forge *, const struct forge_ticket *, const char *keytab);

#endif
