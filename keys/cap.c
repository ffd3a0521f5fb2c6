/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/cap.h"

#include <string.h>
#include "base/crypto.h"
#include "base/err.h"

#define CAP_VERSION 1
#define CAP_MAC     32

void keys_cap_key(const uint8_t secret[32], struct lw_bytes boot_id, struct keys_cap_key *ret)
{
	lw_hkdf((struct lw_bytes){ secret, 32 }, boot_id, LW_LIT("lwd capability 1"), ret->b, sizeof(ret->b));
}

static void mac(const struct keys_cap_key *k, struct lw_bytes body, uint8_t ret[CAP_MAC])
{
	lw_hmac(LW_SHA256, (struct lw_bytes){ k->b, sizeof(k->b) }, body, ret);
}

int keys_cap_mint(const struct keys_cap_key *k, struct lw_cap *cap, struct keys_token *ret)
{
	struct lw_writer w;
	struct lw_bytes body;
	uint8_t tag[CAP_MAC];
	int err;

	/* with a renewed ticket the authentication may be days ago; who mints for one looks at the clock */
	if (cap->expiry <= cap->auth_time ||
	        (cap->expiry > cap->auth_time + KEYS_CAP_LIFE && cap->methods != LW_CAP_KERBEROS))
		return LW_EINVAL;
	lw_random(cap->id, sizeof(cap->id));
	lw_writer_init(&w, LW_CAP_MAX);
	lw_put_u8(&w, CAP_VERSION);
	lw_cap_put(&w, cap);
	body = lw_written(&w);
	if (!w.err)
		mac(k, body, tag);
	lw_put_raw(&w, tag, sizeof(tag));
	err = w.err;
	if (!err) {
		body = lw_written(&w);
		memcpy(ret->b, body.p, body.n);
		ret->n = body.n;
	}
	lw_writer_done(&w);
	return err;
}

int keys_cap_decode(struct lw_bytes token, struct lw_cap *ret)
{
	struct lw_cap cap = { 0 };
	struct lw_reader r;
	int err;

	if (token.n > LW_CAP_MAX || token.n < 1 + CAP_MAC)
		return LW_EINVAL;
	lw_reader_init(&r, (struct lw_bytes){ token.p, token.n - CAP_MAC });
	if (lw_get_u8(&r) != CAP_VERSION)
		return LW_EINVAL;
	err = lw_cap_get(&r, &cap);
	if (err || lw_reader_end(&r))
		return LW_EINVAL;
	*ret = cap;
	return LW_OK;
}

int keys_cap_check(const struct keys_cap_key *k, struct lw_bytes token, enum lw_role_id role, int64_t now,
        struct lw_cap *ret)
{
	struct lw_cap cap;
	uint8_t tag[CAP_MAC];

	if (token.n > LW_CAP_MAX || token.n < 1 + CAP_MAC)
		return LW_EAUTH;
	mac(k, (struct lw_bytes){ token.p, token.n - CAP_MAC }, tag);
	if (!lw_eq_secret((struct lw_bytes){ tag, CAP_MAC },
	            (struct lw_bytes){ token.p + token.n - CAP_MAC, CAP_MAC }))
		return LW_EAUTH;
	if (keys_cap_decode(token, &cap) || cap.role != (uint8_t)role)
		return LW_EAUTH;
	if (now >= cap.expiry)
		return LW_EEXPIRED;
	*ret = cap;
	return LW_OK;
}

/* What an asserted capability may never ask for. */
static const enum access_verb not_asserted[] = { ACCESS_SET_SECRET, ACCESS_ADMINISTER, ACCESS_DELEGATE,
	ACCESS_IMPERSONATE };

bool keys_cap_may(const struct lw_cap *cap, enum access_verb verb)
{
	if (!(cap->flags & LW_CAP_ASSERTED))
		return true;
	for (size_t i = 0; i < sizeof(not_asserted) / sizeof(not_asserted[0]); i++) {
		if (not_asserted[i] == verb)
			return false;
	}
	return true;
}
