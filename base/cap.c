/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cap.h"

#include <string.h>

#include "base/err.h"

#define CAP_VERSION 1
#define ALL_METHODS                                                                                          \
	(LW_CAP_PASSWORD | LW_CAP_KERBEROS | LW_CAP_CERT | LW_CAP_OTP | LW_CAP_TOKEN | LW_CAP_PEERCRED)
#define ALL_FLAGS (LW_CAP_MFA | LW_CAP_ASSERTED | LW_CAP_CONFIDENTIAL | LW_CAP_OPERATOR)

void lw_cap_put(struct lw_writer *w, const struct lw_cap *c)
{
	lw_put_u8(w, CAP_VERSION);
	lw_put_u32(w, c->tenant);
	lw_put_raw(w, c->tenant_uuid.b, sizeof c->tenant_uuid.b);
	lw_put_raw(w, c->subject.b, sizeof c->subject.b);
	lw_put_raw(w, c->actor.b, sizeof c->actor.b);
	lw_put_u32(w, c->methods);
	lw_put_u32(w, c->flags);
	lw_put_u64(w, (uint64_t)c->auth_time);
	lw_put_u64(w, (uint64_t)c->expiry);
	lw_put_u64(w, c->credential_version);
	lw_put_u8(w, c->role);
	lw_put_raw(w, c->id, sizeof c->id);
}

static void get_octets(struct lw_reader *r, uint8_t *ret, size_t n)
{
	struct lw_bytes b = lw_get_raw(r, n);

	if (b.n)
		memcpy(ret, b.p, b.n);
}

int lw_cap_get(struct lw_reader *r, struct lw_cap *ret)
{
	struct lw_cap c = { 0 };

	if (lw_get_u8(r) != CAP_VERSION && !r->err)
		r->err = LW_EVERSION;
	c.tenant = lw_get_u32(r);
	get_octets(r, c.tenant_uuid.b, sizeof c.tenant_uuid.b);
	get_octets(r, c.subject.b, sizeof c.subject.b);
	get_octets(r, c.actor.b, sizeof c.actor.b);
	c.methods = lw_get_u32(r);
	c.flags = lw_get_u32(r);
	c.auth_time = (int64_t)lw_get_u64(r);
	c.expiry = (int64_t)lw_get_u64(r);
	c.credential_version = lw_get_u64(r);
	c.role = lw_get_u8(r);
	get_octets(r, c.id, sizeof c.id);
	if (!r->err && (c.methods & ~(uint32_t)ALL_METHODS || c.flags & ~(uint32_t)ALL_FLAGS))
		r->err = LW_EINVAL;
	if (r->err)
		return r->err;
	*ret = c;
	return LW_OK;
}
