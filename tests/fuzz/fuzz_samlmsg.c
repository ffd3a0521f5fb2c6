/* SPDX-License-Identifier: Apache-2.0 */
/* An assertion's fields as they come to keyd, and the octets that it makes of them. */
#include <stdlib.h>
#include "base/err.h"
#include "base/sigkey.h"
#include "saml/saml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct saml_signer *signer(void)
{
	static struct saml_signer *s;
	struct lw_arena *a;
	struct lw_bytes key, cert;

	if (s)
		return s;
	a = lw_arena_new(65536, true);
	if (!a || lw_sigkey_generate(LW_KEY_P256, 0, a, &key) || saml_certificate(key, "x", 1, 1000000, a, &cert) || saml_signer_new(key, cert, &s))
		abort();
	lw_arena_free(a);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nothing[64];
	struct lw_arena *arena = lw_arena_new(1u << 20, false);
	struct saml_assertion a;
	struct lw_writer w;
	int err;

	if (!arena)
		abort();
	lw_writer_init(&w, 4 * SAML_MAX);
	if (saml_assertion_get((struct lw_bytes){ data, size }, arena, &a) == LW_OK) {
		saml_assertion_put(&w, &a);
		if (w.err || !lw_eq(lw_written(&w), (struct lw_bytes){ data, size }))
			abort();
		lw_writer_reset(&w);
		a.alg = a.alg % 2 ? SAML_ECDSA_SHA256 : SAML_ECDSA_SHA384;
		err = saml_assertion_build(&a, signer(), &w);
		if ((err && (w.n || w.err)) || (!err && !w.n) || err == LW_EINTERNAL)
			abort();
		if (saml_assertion_check(&a, (struct lw_bytes){ nothing, sizeof(nothing) }, signer()) != LW_EAUTH)
			abort();
	}
	lw_writer_done(&w);
	lw_arena_free(arena);
	return 0;
}
