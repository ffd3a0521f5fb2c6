/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet chooses a message of kdc/msg.h. What is accepted of the rest is written again as it was, but for what the
 * decoder is known to be lenient about, and that again as it is. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kdc/msg.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

#define MESSAGES(X) \
	X(kdc_req, struct krb_kdc_req) \
	X(kdc_rep, struct krb_kdc_rep) \
	X(enc_kdc_rep_part, struct krb_enc_kdc_rep_part) \
	X(ticket, struct krb_ticket) \
	X(enc_ticket_part, struct krb_enc_ticket_part) \
	X(ap_req, struct krb_ap_req) \
	X(authenticator, struct krb_authenticator) \
	X(ap_rep, struct krb_enc) \
	X(enc_ap_rep_part, struct krb_enc_ap_rep_part) \
	X(error, struct krb_error) \
	X(priv, struct krb_enc) \
	X(enc_priv_part, struct krb_enc_priv_part) \
	X(enc, struct krb_enc) \
	X(pa_enc_ts, struct krb_pa_enc_ts) \
	X(padata, struct krb_typed_list) \
	X(authz, struct krb_typed_list) \
	X(etype_info2, struct krb_etype_info2) \
	X(chpw_data, struct krb_chpw_data)

/* Decodes in and writes it again to buf. */
#define X(name, type) \
	static int recode_##name(struct lw_bytes in, struct lw_der_writer *w) \
	{ \
		type m; \
		int err; \
		memset(&m, 0xa5, sizeof m); \
		err = krb_get_##name(in, &m); \
		if (!err) \
			krb_put_##name(w, &m); \
		return err; \
	}
MESSAGES(X)
#undef X

#define X(name, type) recode_##name,
static int (*const recode[])(struct lw_bytes, struct lw_der_writer *) = { MESSAGES(X) };
#undef X

static uint32_t be(const uint8_t *p, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Is there anything in what was accepted that need not come out as it came in? UInt32 as a negative number; one more octet or
 * a sign in a kvno; a BIT STRING longer than its 32 bits; an empty list that is written as an absent one. */
static bool lenient(struct lw_bytes in)
{
	while (in.n) {
		size_t head = 2, n = in.p[1];
		struct lw_bytes content;

		if (n & 0x80) {
			head += n & 0x7f;
			n = be(in.p + 2, n & 0x7f);
		}
		content = (struct lw_bytes){ in.p + head, n };
		if (*in.p == LW_DER_INTEGER && n && (n > 4 || *content.p & 0x80))
			return true;
		if (*in.p == LW_DER_BIT_STRING && n > 5)
			return true;
		if (*in.p == LW_DER_SEQUENCE && !n)
			return true;
		if (*in.p & 0x20 && lenient(content))
			return true;
		in = (struct lw_bytes){ content.p + n, in.n - head - n };
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[2 * KRB_MAX_MESSAGE], second[2 * KRB_MAX_MESSAGE];
	struct lw_der_writer w, again;
	struct lw_bytes in;
	unsigned which;
	int err;

	if (!size)
		return 0;
	which = data[0] % (sizeof recode / sizeof *recode);
	in = (struct lw_bytes){ data + 1, size - 1 };
	lw_der_writer_init(&w, first, sizeof first);
	err = recode[which](in, &w);
	CHECK(err == LW_OK || err == LW_EINVAL || err == LW_ELIMIT || err == LW_EVERSION);
	if (err)
		return 0;
	CHECK(!w.err);
	CHECK(lw_eq(lw_der_written(&w), in) || lenient(in));
	if (w.size - w.at > KRB_MAX_MESSAGE) /* a sign made it longer */
		return 0;
	lw_der_writer_init(&again, second, sizeof second);
	CHECK(recode[which](lw_der_written(&w), &again) == LW_OK);
	CHECK(lw_eq(lw_der_written(&w), lw_der_written(&again)));
	return 0;
}
