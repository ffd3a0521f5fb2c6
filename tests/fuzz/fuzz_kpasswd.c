/* SPDX-License-Identifier: Apache-2.0 */
/* What comes to lwd's own Kerberos services before anything is decrypted. First octet even: a kpasswd message (RFC 3244: frame, AP-REQ,
 * KRB-PRIV), odd: an initiator's first token (RFC 4121). What is found must lie inside the input and make it up without a gap. */
#include <stdlib.h>
#include <string.h>

#include "kdc/own.h"

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		if (!(x))                                                                                    \
			abort();                                                                             \
	} while (0)

static void ap_req(struct lw_bytes der)
{
	struct krb_ap_req req;

	if (krb_get_ap_req(der, &req))
		return;
	CHECK(req.ticket.enc.cipher.p > der.p && req.ticket.enc.cipher.p + req.ticket.enc.cipher.n <= der.p + der.n);
	CHECK(req.authenticator.cipher.p > der.p && req.authenticator.cipher.p + req.authenticator.cipher.n <= der.p + der.n);
}

static void kpasswd(struct lw_bytes in)
{
	struct kdc_chpw_frame f;
	struct krb_chpw_data d;
	struct krb_enc enc;

	if (kdc_chpw_unframe(in, &f) == LW_OK) {
		CHECK(f.version == KDC_CHPW_CHANGE || f.version == KDC_CHPW_SET);
		CHECK(f.ap_req.n && f.priv.n && f.ap_req.p == in.p + 6 && f.priv.p == f.ap_req.p + f.ap_req.n);
		CHECK(f.priv.p + f.priv.n == in.p + in.n);
		CHECK(((size_t)in.p[0] << 8 | in.p[1]) == in.n);
		ap_req(f.ap_req);
		krb_get_priv(f.priv, &enc);
	}
	if (krb_get_chpw_data(in, &d) == LW_OK)
		CHECK(d.password.p >= in.p && d.password.p + d.password.n <= in.p + in.n);
}

static void token(struct lw_bytes in, struct lw_arena *a)
{
	struct lw_bytes der, back;

	if (kdc_gss_unframe(in, &der))
		return;
	CHECK(der.n && der.p > in.p + 13 && der.p + der.n == in.p + in.n);
	ap_req(der);
	/* framed again as an error it has the same shape */
	CHECK(kdc_gss_error(a, der, &back) == LW_OK);
	CHECK(back.n == in.n && memcmp(back.p + (back.n - der.n), der.p, der.n) == 0);
	CHECK(memcmp(back.p, in.p, (size_t)(der.p - in.p) - 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lw_arena *arena;

	if (!arena)
		arena = lw_arena_new(16u << 20, false);
	lw_arena_reset(arena);
	if (size == 0)
		return 0;
	if (data[0] & 1)
		token((struct lw_bytes){ data + 1, size - 1 }, arena);
	else
		kpasswd((struct lw_bytes){ data + 1, size - 1 });
	return 0;
}
