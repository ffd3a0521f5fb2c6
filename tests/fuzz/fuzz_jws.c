/* SPDX-License-Identifier: Apache-2.0 */
/* A compact JWS from anybody. What verifies must be the one token of RFC 7515 A.3 that this key signed. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "oidc/oidc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char payload[] = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lw_sigkey *key;
	struct lw_arena *a = lw_arena_new(1u << 20, false);
	struct lw_bytes in = { data, size }, x, y, out = { NULL, 0 };
	struct oidc_key k[2] = { { .alg = OIDC_ES256, .kid = LW_LIT("1") }, { .alg = OIDC_ES256, .kid = LW_LIT("2") } };
	char why[200] = "";
	int err;

	if (!a)
		abort();
	if (!key && (lw_unbase64url(a, LW_LIT("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), &x) ||
	                    lw_unbase64url(a, LW_LIT("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), &y) || lw_sigkey_numbers(LW_KEY_P256, x, y, &key)))
		abort();
	k[0].key = k[1].key = key;
	err = oidc_jws_verify(in, k, 2, a, &out, why);
	if (err == LW_OK ? !lw_eq(out, (struct lw_bytes){ (const uint8_t *)payload, sizeof(payload) - 1 }) : out.p || !why[0])
		abort();
	if (oidc_token_verify(in, k, 2, LW_LIT("joe"), LW_LIT("a"), 0, a, &out, why) == LW_OK)
		abort(); /* it has no audience */
	lw_arena_free(a);
	return 0;
}
