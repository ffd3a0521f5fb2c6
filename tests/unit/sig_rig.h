/* SPDX-License-Identifier: Apache-2.0 */
/* Signing keys for tests, each type made once. */
#ifndef TESTS_SIG_RIG_H
#define TESTS_SIG_RIG_H

#include "base/sigkey.h"
#include "saml/saml.h"

enum rig_key { RIG_RSA2048, RIG_RSA3072, RIG_P256, RIG_P384, RIG_P256_OTHER, RIG_KEYS };
struct rig_signer {
	struct lw_bytes pkcs8, cert;
	struct saml_signer *signer;
	struct lw_sigkey *key;
};
struct rig_signer *sig_rig(enum rig_key); /* aborts when it can't; freed by sig_rig_done */
void sig_rig_done(void);

#endif
