/* SPDX-License-Identifier: Apache-2.0 */
/* The KDC over a real store and a real keyd: acme.example (alice, bob, a service and a host with keys, a
 * service that a rule hides) and beta.example (alice). fix is the store's (tests/unit/ops_fix.h); the clock
 * stands still until a test turns it. */
#ifndef TESTS_UNIT_KDC_RIG_H
#define TESTS_UNIT_KDC_RIG_H

#include "tests/unit/ops_fix.h"
#include "tests/unit/kdc_client.h"

#define SUFFIX   "dc=acme,dc=example"
#define PEOPLE   "ou=people," SUFFIX
#define SERVICES "ou=services," SUFFIX
#define HOSTS    "ou=hosts," SUFFIX
#define GRANTS   "ou=grants," SUFFIX
#define WEB      "cn=HTTP/web1.acme.example," SERVICES
#define ACME     "ACME.EXAMPLE"
#define BETA     "BETA.EXAMPLE"
#define ADDR     "192.0.2.7:4711"
#define NAMES    "lwd.acme.example, other.example"

struct krig {
	struct keyd *keyd;
	struct keys *dir, *kdc; /* as directory, as kdc */
	struct kdc_server *server;
	struct keys_guesses *guesses;
	struct lw_session *op_beta;
	uint8_t *region;
	size_t region_size;
	bool counted; /* takes effect at krig_server */
};
extern struct krig krig;

int krig_up(void **state); /* group fixtures */
int krig_down(void **state);
int krig_each(void **state); /* before each test: the clock moves on, kc_reset */
void krig_server(void);      /* a new server on the same replays */

void krig_password(uint32_t tenant, const char *dn, const char *password);
void krig_rotate(const char *dn);                        /* new random keys of a service or host of acme */
void krig_rotate_realm(uint32_t tenant);                 /* new krbtgt keys */
void krig_seal(const char *dn, const struct keys_krb *); /* these keys, as keyd would seal them */
void krig_enable(const char *dn, bool);
void krig_tenant_enable(const struct lw_uuid *, bool);
/* Keys as the store has them: dn NULL: the tenant's krbtgt. The set-th set's key of that type; kvno may be
 * NULL. */
struct krb_key krig_key(uint32_t tenant, const char *dn, unsigned set, int32_t etype, uint32_t *ret_kvno);
void krig_turn(int64_t seconds);

#endif
