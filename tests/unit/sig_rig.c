/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sig_rig.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/err.h"

static struct lw_arena *arena;
static struct rig_signer keys[RIG_KEYS];

struct rig_signer *sig_rig(enum rig_key which)
{
	static const struct {
		enum lw_sigkey_type type;
		unsigned bits;
	} how[RIG_KEYS] = { { LW_KEY_RSA, 2048 }, { LW_KEY_RSA, 3072 }, { LW_KEY_P256, 0 }, { LW_KEY_P384, 0 }, { LW_KEY_P256, 0 } };
	struct rig_signer *k = &keys[which];

	if (!arena)
		arena = lw_arena_new(1u << 20, true);
	if (k->signer)
		return k;
	if (!arena || lw_sigkey_generate(how[which].type, how[which].bits, arena, &k->pkcs8) ||
	        saml_certificate(k->pkcs8, "acme.example", INT64_C(1795392000) * LW_SECOND, INT64_C(86400) * 365 * LW_SECOND, arena, &k->cert) ||
	        saml_signer_new(k->pkcs8, k->cert, &k->signer) || lw_sigkey_private(k->pkcs8, &k->key))
		abort();
	return k;
}

void sig_rig_done(void)
{
	for (unsigned i = 0; i < RIG_KEYS; i++) {
		saml_signer_free(keys[i].signer);
		lw_sigkey_free(keys[i].key);
		keys[i] = (struct rig_signer){ .signer = NULL };
	}
	lw_arena_free(arena);
	arena = NULL;
}
