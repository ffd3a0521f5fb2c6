/* SPDX-License-Identifier: Apache-2.0 */
#include "kdc/spnego.h"

#include "base/der.h"

/* OIDs, contents alone. */
static const uint8_t spnego[] = { 0x2b, 6, 1, 5, 5, 2 }; /* 1.3.6.1.5.5.2 */
static const uint8_t krb5[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2 }; /* 1.2.840.113554.1.2.2 */
static const uint8_t windows[] = { 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2 }; /* 1.2.840.48018.1.2.2 */

static bool is(struct lw_bytes oid, const uint8_t *p, size_t n)
{
	return lw_eq(oid, (struct lw_bytes){ p, n });
}

static struct lw_bytes preferred(struct lw_der *in)
{
	struct lw_der field = lw_der_enter(in, LW_DER_CONTEXT(0)), list = lw_der_enter(&field, LW_DER_SEQUENCE);
	struct lw_bytes first = lw_der_get(&list, LW_DER_OID);

	for (unsigned n = 1; lw_der_more(&list); n++) {
		lw_der_get(&list, LW_DER_OID);
		if (n >= KDC_SPNEGO_MECHS && !list.err)
			list.err = LW_ELIMIT;
	}
	lw_der_leave(&field, &list);
	lw_der_leave(in, &field);
	return first;
}

/* [tag] of one primitive, when it is there. */
static struct lw_bytes optional(struct lw_der *in, unsigned n, uint8_t tag)
{
	struct lw_bytes got = { NULL, 0 };
	struct lw_der field;

	if (!lw_der_at(in, LW_DER_CONTEXT(n)))
		return got;
	field = lw_der_enter(in, LW_DER_CONTEXT(n));
	got = lw_der_get(&field, tag);
	lw_der_leave(in, &field);
	return got;
}

/* NegTokenInit ::= SEQUENCE { mechTypes [0], reqFlags [1] OPTIONAL, mechToken [2] OPTIONAL, mechListMIC [3] OPTIONAL } */
static int get_init(struct lw_der *in, struct kdc_spnego *ret)
{
	struct lw_der choice = lw_der_enter(in, LW_DER_CONTEXT(0)), seq = lw_der_enter(&choice, LW_DER_SEQUENCE);

	ret->mech = preferred(&seq);
	optional(&seq, 1, LW_DER_BIT_STRING);
	ret->token = optional(&seq, 2, LW_DER_OCTET_STRING);
	optional(&seq, 3, LW_DER_OCTET_STRING);
	lw_der_leave(&choice, &seq);
	lw_der_leave(in, &choice);
	return lw_der_end(in) ? LW_EINVAL : LW_OK;
}

int kdc_spnego_get(struct lw_bytes in, struct kdc_spnego *ret)
{
	struct kdc_spnego got = { 0 };
	struct lw_der d, frame;
	struct lw_bytes oid;

	lw_der_init(&d, in);
	frame = lw_der_enter(&d, LW_DER_APP(0));
	oid = lw_der_get(&frame, LW_DER_OID);
	if (frame.err || !is(oid, spnego, sizeof spnego))
		return LW_ENOTFOUND;
	if (lw_der_end(&d) || get_init(&frame, &got))
		return LW_EINVAL;
	if (!got.token.n || (!is(got.mech, krb5, sizeof krb5) && !is(got.mech, windows, sizeof windows)))
		return LW_EUNSUPPORTED;
	*ret = got;
	return LW_OK;
}

/* NegTokenResp ::= SEQUENCE { negState [0] OPTIONAL, supportedMech [1] OPTIONAL, responseToken [2] OPTIONAL, mechListMIC [3] OPTIONAL } */
int kdc_spnego_put(struct lw_arena *a, enum kdc_spnego_state state, struct lw_bytes mech, struct lw_bytes token, struct lw_bytes *ret)
{
	const uint8_t number = (uint8_t)state;
	size_t room = token.n + mech.n + 64, whole, seq, field;
	uint8_t *buf = lw_alloc(a, room);
	struct lw_der_writer w;

	if (!buf)
		return LW_ENOMEM;
	lw_der_writer_init(&w, buf, room);
	whole = seq = lw_der_mark(&w);
	if (token.n) {
		field = lw_der_mark(&w);
		lw_der_put(&w, LW_DER_OCTET_STRING, token);
		lw_der_wrap(&w, LW_DER_CONTEXT(2), field);
	}
	if (mech.n) {
		field = lw_der_mark(&w);
		lw_der_put(&w, LW_DER_OID, mech);
		lw_der_wrap(&w, LW_DER_CONTEXT(1), field);
	}
	field = lw_der_mark(&w);
	lw_der_put(&w, LW_DER_ENUMERATED, (struct lw_bytes){ &number, 1 });
	lw_der_wrap(&w, LW_DER_CONTEXT(0), field);
	lw_der_wrap(&w, LW_DER_SEQUENCE, seq);
	lw_der_wrap(&w, LW_DER_CONTEXT(1), whole);
	if (w.err)
		return LW_ENOMEM;
	*ret = lw_der_written(&w);
	return LW_OK;
}
