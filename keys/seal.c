/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/seal.h"

#include <string.h>
#include "base/err.h"

#define SEAL_VERSION 1
#define SEAL_AD      (8 + 16 + 16 + 2 + 1 + 8)

static void put_be(uint8_t *p, uint64_t v, size_t n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static void make_ad(const struct keys_place *at, uint8_t ad[SEAL_AD])
{
	memcpy(ad, "lwdseal", 7);
	ad[7] = SEAL_VERSION;
	memcpy(ad + 8, at->tenant.b, 16);
	memcpy(ad + 24, at->entry.b, 16);
	put_be(ad + 40, at->attr, 2);
	ad[42] = at->cls;
	put_be(ad + 43, at->generation, 8);
}

int keys_seal(const uint8_t key[LW_AEAD_KEY], const struct keys_place *at, struct lw_bytes in,
        struct lw_arena *a, struct lw_bytes *ret)
{
	uint8_t ad[SEAL_AD];
	uint8_t *out = lw_alloc(a, 1 + in.n + LW_AEAD_OVERHEAD);
	int err;

	if (!out)
		return LW_ENOMEM;
	make_ad(at, ad);
	out[0] = SEAL_VERSION;
	err = lw_seal(key, (struct lw_bytes){ ad, sizeof(ad) }, in, out + 1);
	if (err)
		return err;
	*ret = (struct lw_bytes){ out, 1 + in.n + LW_AEAD_OVERHEAD };
	return LW_OK;
}

int keys_open(const uint8_t key[LW_AEAD_KEY], const struct keys_place *at, struct lw_bytes sealed,
        struct lw_arena *a, struct lw_bytes *ret)
{
	uint8_t ad[SEAL_AD];
	uint8_t *out;
	size_t n;
	int err;

	if (sealed.n < 1 + LW_AEAD_OVERHEAD)
		return LW_EAUTH;
	if (sealed.p[0] != SEAL_VERSION)
		return LW_EVERSION;
	n = sealed.n - 1 - LW_AEAD_OVERHEAD;
	out = lw_alloc(a, n ? n : 1);
	if (!out)
		return LW_ENOMEM;
	make_ad(at, ad);
	err = lw_open(key, (struct lw_bytes){ ad, sizeof(ad) },
	        (struct lw_bytes){ sealed.p + 1, sealed.n - 1 }, out);
	if (err)
		return err;
	*ret = (struct lw_bytes){ out, n };
	return LW_OK;
}
