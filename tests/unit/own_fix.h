/* SPDX-License-Identifier: Apache-2.0 */
/* lwd's own services in the KDC on the rig of LDAP: its server, and tickets forged with the real keys. */
#ifndef TESTS_UNIT_OWN_FIX_H
#define TESTS_UNIT_OWN_FIX_H

#include "tests/unit/ldap_rig.h"

#include "kdc/own.h"
#include "tests/unit/gss_forge.h"

extern struct kdc_server *kdc;
extern struct lw_arena *arena;
extern const struct lw_bytes nothing, none; /* no octets, and none given */

struct world { /* what a tenant is, for the forger */
	struct lw_uuid tenant, alice, bob, admin;
	struct keys_krb krbtgt;
};
extern struct world acme, beta;

struct ask { /* a ticket: zeros are alice's good one of acme */
	const struct world *of;                /* whose keys */
	const char *realm, *client, *service, *host;
	const char *derive;                    /* key of which service; NULL: service */
	const struct lw_uuid *uuid, *tenant;   /* in the private data */
	int etype;
	bool no_ad, bad_key, krbtgt;
	unsigned kvno;
	uint32_t flags;
	long from_now, life;
};

/* forge_init with that ticket. */
void forge_ask(const struct ask *, struct forge *);
/* The administrator disables bob of acme. */
void disable_bob(void);
/* set_secret as in struct kdc_options, which may be NULL. */
int own_setup(void **state, int (*set_secret)(void *, const struct kdc_secret *, char text[200]), void *ctx);
int own_teardown(void **state);

#endif
