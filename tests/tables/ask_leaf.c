/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that somebody shows. */
#include "tests/tables/tables.h"

#include <openssl/ec.h>

#include "tests/unit/cert_fix.h"

struct lw_bytes leaf_named(const char *name)
{
	struct cert_fix f = { world.store, world.keys, strcmp(name, "acme") ? world.beta : world.acme, world.arena };
	struct lw_uuid bob = world_uuid(f.tenant, strcmp(name, "acme") ? "uid=bob,ou=people,$" : "uid=bob,ou=people,%");
	EVP_PKEY *key;
	struct keys_cert cert;
	uint8_t serial[16];

	if (!strcmp(name, "none"))
		return LW_LIT("none");
	key = EVP_EC_gen("P-256");
	check(cert_fix_issue(&f, &bob, "user", NULL, key, &cert, serial), "certificate");
	if (!strcmp(name, "revoked"))
		check(cert_fix_revoke(&f, serial), "revoke");
	EVP_PKEY_free(key);
	world.dirty = true;
	return cert.der;
}
